//! Every mistake in `diagnostics/`, each a test of its own name: what the compiler says, all of it and nothing more,
//! and that a program repaired by the suggestions compiles.
//!
//! `<name>.mog` is a program as people and models write it, `<name>.out` what is said about it:
//!
//! ```text
//! 3:10 error no-ternary: there is no `?:`
//!   help: …
//!   fix: a ? b : c ~> if a { b } else { c }
//! ```
//!
//! Where anything has a fix, applying all of them, three times at most, must leave no error and no other fix; a case
//! whose repair takes an author says so in its first line, `//! unfixed: why`. `BLESS_DIAGNOSTICS=1` writes the `.out`
//! files: read what it changed.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use mog_compiler::diagnostic::{Diagnostics, Fix, SourceFile};
use mog_compiler::{Options, compile};
use mog_tests::case;
use serde_json::Value;

/// How often the fixes of a file may give rise to others.
const ROUNDS: usize = 3;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("diagnostics");
    let bless = env::var_os("BLESS_DIAGNOSTICS").is_some();
    let (programs, orphans) = match (case::programs(&root), case::orphans(&root)) {
        (Ok(programs), Ok(orphans)) => (programs, orphans),
        (Err(error), _) | (_, Err(error)) => {
            eprintln!("{}: {error}", root.display());
            return ExitCode::FAILURE;
        }
    };
    let mut trials = vec![Trial::test("every_file_belongs_to_a_case", move || {
        if orphans.is_empty() { Ok(()) } else { Err(format!("without a program: {orphans:?}").into()) }
    })];
    trials.extend(programs.into_iter().map(|path| {
        let name = path.strip_prefix(&root).unwrap_or(&path).with_extension("");
        Trial::test(name.to_string_lossy(), move || check(&path, bless))
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn check(path: &Path, bless: bool) -> Result<(), Failed> {
    let program = Program { source: fs::read_to_string(path)?, folder: path.with_file_name("") };
    let expected = path.with_extension("out");
    let said = program.said()?;
    if bless {
        fs::write(&expected, &said)?;
    } else if fs::read_to_string(&expected).unwrap_or_default() != said {
        let due = fs::read_to_string(&expected).unwrap_or_default();
        return Err(format!("expected\n{due}\ncame\n{said}\n(BLESS_DIAGNOSTICS=1 to accept)").into());
    }
    if said.is_empty() {
        return Err("nothing is said about this program".into());
    }
    let unfixed = program.source.starts_with("//! unfixed: ");
    let diagnostics = program.diagnostics();
    if diagnostics.iter().all(|d| d.fix.is_none()) {
        return if unfixed { Err("`unfixed`, but there is no fix anyway".into()) } else { Ok(()) };
    }
    let fixed = program.fixed()?;
    let diagnostics = fixed.diagnostics();
    match (unfixed, diagnostics.has_errors()) {
        (true, true) | (false, false) => Ok(()),
        (true, false) => Err(format!("`unfixed`, but the fixes repair it:\n{}", fixed.source).into()),
        (false, true) => Err(format!("the fixes leave\n{}in\n{}", fixed.said()?, fixed.source).into()),
    }
}

/// A source and where it stands.
struct Program {
    source: String,
    folder: PathBuf,
}

impl Program {
    fn diagnostics(&self) -> Diagnostics {
        let imports = |name: &str| fs::read_to_string(self.folder.join(format!("{name}.mog"))).ok();
        let options = Options { imports: &imports, ..Options::new("case.mog") };
        match compile(&self.source, &options) {
            Ok(compiled) => compiled.warnings,
            Err(rejected) => rejected.diagnostics,
        }
    }

    fn file(&self) -> SourceFile<'_> {
        SourceFile::new("case.mog", &self.source)
    }

    /// What a tool gets to read, with each fix checked to say the same as the edit that it stands for.
    fn said(&self) -> Result<String, Failed> {
        let mut text = String::new();
        let (diagnostics, file) = (self.diagnostics(), self.file());
        let json = diagnostics.to_json_lines(&[file]);
        if json.lines().count() != diagnostics.len() {
            return Err("a diagnostic of another file: each case is about its own".into());
        }
        for (line, diagnostic) in json.lines().zip(&diagnostics) {
            let json: Value = serde_json::from_str(line)?;
            let part = |key: &str| json[key].as_str().unwrap_or_default();
            let (at, column) = (&json["line"], &json["column"]);
            writeln!(text, "{at}:{column} {} {}: {}", part("severity"), part("code"), part("message"))?;
            if let Some(help) = json["help"].as_str() {
                writeln!(text, "  help: {help}")?;
            }
            if let Some(fix) = &diagnostic.fix {
                let part = |key: &str| json["fix"][key].as_str().unwrap_or_default();
                let (replace, with) = (part("replace"), part("with"));
                writeln!(text, "  fix: {} ~> {}", replace.replace('\n', "\\n"), with.replace('\n', "\\n"))?;
                let line = usize::try_from(at.as_u64().unwrap_or(1))?;
                if replaced_from_line(&self.source, line, replace, with) != Some(self.edited(&[fix])) {
                    return Err(format!("`{replace}` by `{with}` on line {at} is not the edit meant").into());
                }
            }
        }
        Ok(text)
    }

    /// The program with fixes applied until there are none.
    fn fixed(&self) -> Result<Self, Failed> {
        let mut source = self.source.clone();
        for _ in 0..=ROUNDS {
            let program = Self { source, folder: self.folder.clone() };
            let diagnostics = program.diagnostics();
            let fixes: Vec<&Fix> = diagnostics.iter().filter_map(|d| d.fix.as_ref()).collect();
            if fixes.is_empty() {
                return Ok(program);
            }
            source = program.edited(&fixes);
        }
        Err(format!("fixes after {ROUNDS} rounds, still:\n{source}").into())
    }

    /// The source after these edits; of two that overlap, the first.
    fn edited(&self, fixes: &[&Fix]) -> String {
        let mut fixes = fixes.to_vec();
        fixes.sort_by_key(|fix| (fix.span.start, fix.span.end));
        let (mut text, mut at) = (String::new(), 0);
        for fix in fixes {
            let (start, end) = (fix.span.start as usize, fix.span.end as usize);
            if let Some(before) = self.source.get(at..start) {
                text += before;
                text += &fix.replacement;
                at = end;
            }
        }
        text + self.source.get(at..).unwrap_or_default()
    }
}

/// What a tool does that has only the line of the message: it takes the first such text from there on, or else the
/// first of the file.
fn replaced_from_line(source: &str, line: usize, replace: &str, with: &str) -> Option<String> {
    let start: usize = source.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let at = source.get(start..)?.find(replace).map(|at| start + at).or_else(|| source.find(replace))?;
    Some([source.get(..at)?, with, source.get(at + replace.len()..)?].concat())
}

//! The formatter: over every stored program, over damaged ones, against expected texts; and the command.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mog_compiler::{Options, compile, format, parser};
use mog_tests::case;
use mog_tests::clock::cpu_time;
use mog_tests::process::{Exit, Scratch};
use mog_tests::runner::CommandRunner;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

type Test = Result<(), Box<dyn std::error::Error>>;

/// A stored program: its folder, its name, its text.
type Program = (PathBuf, String, String);

/// Every program in the repository.
fn programs() -> Result<Vec<Program>, Box<dyn std::error::Error>> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut programs = Vec::new();
    for root in [tests.join("conformance"), tests.join("attacks"), tests.join("../examples")] {
        for path in case::files_below(&root)? {
            if path.extension().is_some_and(|extension| extension == "mog")
                && let Ok(text) = fs::read_to_string(&path)
            {
                let folder = path.parent().unwrap_or(tests).to_path_buf();
                programs.push((folder, path.display().to_string(), text));
            }
        }
    }
    programs.sort();
    Ok(programs)
}

fn comments(source: &str) -> Vec<String> {
    let parsed = parser::parse(source);
    parsed.ast.comments.iter().map(|comment| comment.span.text(source).trim_end().to_owned()).collect()
}

/// The module without lines and names, if the program compiles.
fn module(source: &str, folder: &Path) -> Option<Vec<u32>> {
    let imports = |name: &str| fs::read_to_string(folder.join(format!("{name}.mog"))).ok();
    let options = Options { imports: &imports, strip: true, ..Options::new("p.mog") };
    compile(source, &options).ok().map(|compiled| compiled.module)
}

/// What must hold for every source; the formatted text, if it has one.
fn check(source: &str, folder: &Path) -> Result<Option<String>, String> {
    if parser::parse(source).diagnostics.has_errors() {
        return format(source)
            .err()
            .map(|_| None)
            .ok_or_else(|| "a source with errors was formatted".to_owned());
    }
    let once = format(source).map_err(|e| format!("not formatted: {}", e.render(&[], false)))?;
    let twice = format(&once).map_err(|_| format!("does not parse any more:\n{once}"))?;
    if once != twice {
        return Err(format!("formatting again changes it:\n{once}\n--- again:\n{twice}"));
    }
    if comments(source) != comments(&once) {
        return Err(format!("comments: {:?}\n--- were: {:?}\n{once}", comments(&once), comments(source)));
    }
    if module(source, folder) != module(&once, folder) {
        return Err(format!("another module:\n{once}"));
    }
    Ok(Some(once))
}

#[test]
fn every_program_keeps_its_comments_and_its_module() -> Test {
    let mut wrong = Vec::new();
    for (folder, name, source) in programs()? {
        match check(&source, &folder) {
            Err(report) => wrong.push(format!("{name}: {report}")),
            Ok(Some(text)) => {
                let ragged = text.lines().any(|line| line.ends_with([' ', '\t']));
                if ragged || !text.ends_with('\n') || text.ends_with("\n\n") {
                    wrong.push(format!("{name}: space at the end of a line or of the file:\n{text}"));
                }
            }
            Ok(None) => {}
        }
    }
    if let Some(first) = wrong.first() {
        return Err(format!("{} programs, the first:\n{first}", wrong.len()).into());
    }
    Ok(())
}

/// What may stand between two tokens.
const INSERTS: &[&str] = &[
    "// line\n",
    " // line\n",
    "\n// own\n",
    "/* block */",
    " /* block */ ",
    "\n/* own */\n",
    "/* two\n  lines */",
    "/* a /* nested */ one */",
    "\n",
    "\n\n\n",
    "\t",
    " ",
    "\r\n",
    ";",
    ",",
    "(",
    ")",
    "// a\n\n// b\n",
];

/// Programs with comments, line ends and now and then a token too many at random places: some no longer parse, and in
/// strings the inserted text is not a comment, but what must hold, holds.
#[test]
fn comments_and_line_ends_may_stand_anywhere() -> Test {
    let programs = programs()?;
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(3000);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    });
    let inserts = proptest::collection::vec((any::<Index>(), proptest::sample::select(INSERTS)), 1..6);
    let long_word = (any::<Index>(), 0_usize..60);
    runner.run(&(any::<Index>(), long_word, inserts), |(program, (word, more), inserts)| {
        let (folder, name, source) = program.get(&programs);
        let mut text = lengthen(source, word, more);
        for (place, insert) in inserts {
            let places: Vec<usize> = boundaries(&text).collect();
            text.insert_str(*place.get(&places), insert);
        }
        check(&text, folder).map_err(|e| TestCaseError::fail(format!("{name}: {e}\n--- from:\n{text}")))?;
        Ok(())
    })?;
    Ok(())
}

/// Places where a token may begin.
fn boundaries(text: &str) -> impl Iterator<Item = usize> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let before = std::iter::once(' ').chain(text.chars());
    let inside = move |before: char, after: char| is_word(before) && is_word(after);
    text.char_indices()
        .zip(before)
        .filter(move |&((_, after), before)| !inside(before, after))
        .map(|((at, _), _)| at)
}

/// The text with one of its words longer everywhere, so that lines break elsewhere.
fn lengthen(text: &str, which: Index, more: usize) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: Vec<&str> = text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).collect();
    let Some(&chosen) = words.get(which.index(words.len().max(1))) else {
        return text.to_owned();
    };
    let parts = text.split_inclusive(|c| !is_word(c)).map(|part| match part.strip_prefix(chosen) {
        Some(rest) if !rest.starts_with(is_word) => format!("{chosen}{}{rest}", "_".repeat(more)),
        _ => part.to_owned(),
    });
    parts.collect()
}

/// Sources in `tests/format` against the text that is due, which is its own canonical form.
#[test]
fn expected_texts() -> Test {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("format");
    let mut count = 0;
    for path in case::files_below(&folder)? {
        if path.extension().is_some_and(|extension| extension == "mog") {
            let source = fs::read_to_string(&path)?;
            let expected = fs::read_to_string(path.with_extension("out"))?;
            let name = path.display();
            let formatted = check(&source, &folder).map_err(|e| format!("{name}: {e}"))?;
            assert_eq!(formatted.as_deref(), Some(expected.as_str()), "{name}");
            count += 1;
        }
    }
    assert!(count >= 4);
    Ok(())
}

/// One program in other lines: the canonical form is the same.
#[test]
fn the_form_does_not_depend_on_the_layout() -> Test {
    let spread = "fn main ( )\n{\n x\n:=\nf(\n1\n,\n2 ) ; if\n( x > 1 )\n{ g ( ) } else\n{ h(x) ; }\n\n}";
    let dense = "fn main(){x:=f(1,2);if x>1{g()}else{h(x)}}";
    let form = "fn main() {\n  let x := f(1, 2)\n  if x > 1 {\n    g()\n  } else {\n    h(x)\n  }\n}\n";
    for source in [dense, spread, form] {
        assert_eq!(format(source).map_err(|e| e.render(&[], false))?, form);
    }
    assert_eq!(format("").map_err(|e| e.render(&[], false))?, "");
    assert_eq!(format("\u{feff}\r\n ;;\n").map_err(|e| e.render(&[], false))?, "");
    Ok(())
}

/// The time is linear: ten times the program takes about ten times as long, far from a hundred times.
#[test]
fn large_programs_take_linear_time() -> Test {
    let function = |i: usize| {
        format!(
            "fn f{i}(a: int) -> int {{ // {i}\n  b := a*2;\n\n  if (b > 3) {{ return [b, 1].map(|x| x + {i}).sum() }}\n  b\n}}\n"
        )
    };
    let functions = |count: usize| (0..count).map(function).collect::<String>();
    let sum = |count: usize| format!("x := 0{}\n", " + 1".repeat(count));
    let array = |count: usize| format!("x := [{}]\n", "[1, 2], ".repeat(count));
    let comments = |count: usize| format!("x := [{}]\n", "1, // one\n".repeat(count));
    let else_ifs =
        |count: usize| format!("fn f(a: int) {{ {} {{}} }}\n", "if a > 1 { f(a) } else ".repeat(count));
    let calls = |count: usize| format!("x := f({})\n", "g(1), ".repeat(count));
    let blank = |count: usize| format!("x := 1{}y := 2\n", "\n".repeat(count));
    type Maker<'a> = &'a dyn Fn(usize) -> String;
    let makers: [(&str, Maker<'_>, usize); 7] = [
        ("functions", &functions, 2_000),
        ("sum", &sum, 200_000),
        ("array", &array, 50_000),
        ("comments", &comments, 50_000),
        ("else ifs", &else_ifs, 20_000),
        ("calls", &calls, 50_000),
        ("empty lines", &blank, 1_000_000),
    ];
    for (name, make, count) in makers {
        let time = |count: usize| -> Result<Duration, String> {
            let source = make(count);
            let start = cpu_time();
            let once = format(&source).map_err(|e| format!("{name}: {}", e.render(&[], false)))?;
            let elapsed = cpu_time() - start;
            let twice = format(&once).map_err(|e| format!("{name}: {}", e.render(&[], false)))?;
            assert!(once == twice, "{name}: formatting again changes it");
            Ok(elapsed)
        };
        let (small, large) = (time(count / 10)?, time(count)?);
        assert!(large < small * 50 + Duration::from_millis(100), "{name}: {small:?}, then {large:?}");
    }
    Ok(())
}

#[test]
fn deep_programs_are_formatted_or_refused() {
    let shapes = [("(", ")"), ("[", "]"), ("-", ""), ("f(", ")"), ("|a| ", ""), ("fn() { ", " }"), ("!", "")];
    for (open, close) in shapes {
        for depth in
            [1, 20, 35, 38, 40, 45, 50, 52, 53, 75, 78, 79, 80, 150, 155, 157, 158, 159, 160, 1000, 100_000]
        {
            let source = format!("fn main() {{ x := {}1{} }}\n", open.repeat(depth), close.repeat(depth));
            if let Err(report) = check(&source, Path::new(".")) {
                panic!("{open} {depth} deep: {report}");
            }
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// The command

const UGLY: &str = "fn main(){println( 1 );}";
const NICE: &str = "fn main() {\n  println(1)\n}\n";

fn runner() -> Result<(CommandRunner, Scratch), Box<dyn std::error::Error>> {
    Ok((CommandRunner::find(Duration::from_secs(10))?, Scratch::new()?))
}

#[test]
fn files_are_rewritten_in_place() -> Test {
    let (runner, scratch) = runner()?;
    let (ugly, nice) = (scratch.write("ugly.mog", UGLY)?, scratch.write("nice.mog", NICE)?);
    let written = fs::metadata(&nice)?.modified()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&fs::metadata(&nice)?);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        fs::set_permissions(&ugly, fs::Permissions::from_mode(0o754))?;
        symlink("ugly.mog", scratch.path().join("link.mog"))?;
        let run = runner.mog(["fmt", "link.mog", "nice.mog"], &[], scratch.path())?;
        assert_eq!((run.exit, run.stdout, run.stderr), (Exit::Code(0), Vec::new(), String::new()));
        assert!(fs::symlink_metadata(scratch.path().join("link.mog"))?.is_symlink());
        assert_eq!(fs::metadata(&ugly)?.permissions().mode() & 0o777, 0o754);
        assert_eq!(std::os::unix::fs::MetadataExt::ino(&fs::metadata(&nice)?), inode, "not touched");
    }
    #[cfg(not(unix))]
    runner.mog(["fmt", "ugly.mog", "nice.mog"], &[], scratch.path())?;
    assert_eq!(fs::read_to_string(&ugly)?, NICE);
    assert_eq!(fs::read_to_string(&nice)?, NICE);
    assert_eq!(fs::metadata(&nice)?.modified()?, written);
    // Nothing is left over.
    let expected = if cfg!(unix) { 3 } else { 2 };
    assert_eq!(fs::read_dir(scratch.path())?.count(), expected);
    Ok(())
}

#[test]
fn standard_input_goes_to_standard_output() -> Test {
    let (runner, scratch) = runner()?;
    let run = runner.mog(["fmt", "-"], UGLY.as_bytes(), scratch.path())?;
    assert_eq!((run.exit, run.stdout, run.stderr), (Exit::Code(0), NICE.as_bytes().to_vec(), String::new()));
    let run = runner.mog(["fmt", "--check", "-"], UGLY.as_bytes(), scratch.path())?;
    assert_eq!((run.exit, run.stdout), (Exit::Code(1), Vec::new()));
    let run = runner.mog(["fmt", "--check", "-"], NICE.as_bytes(), scratch.path())?;
    assert_eq!((run.exit, run.stdout, run.stderr), (Exit::Code(0), Vec::new(), String::new()));
    Ok(())
}

#[test]
fn check_names_what_would_change_and_writes_nothing() -> Test {
    let (runner, scratch) = runner()?;
    let ugly = scratch.write("ugly.mog", UGLY)?;
    scratch.write("nice.mog", NICE)?;
    let run = runner.mog(["fmt", "--check", "nice.mog", "ugly.mog"], &[], scratch.path())?;
    assert_eq!((run.exit, run.stdout), (Exit::Code(1), Vec::new()));
    assert!(run.stderr.contains("ugly.mog") && !run.stderr.contains("nice.mog"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(&ugly)?, UGLY);
    let run = runner.mog(["fmt", "nice.mog", "--check"], &[], scratch.path())?;
    assert_eq!((run.exit, run.stderr), (Exit::Code(0), String::new()));
    Ok(())
}

#[test]
fn what_cannot_be_formatted_is_left_alone() -> Test {
    let (runner, scratch) = runner()?;
    let broken = scratch.write("broken.mog", "fn main( {\n")?;
    let ugly = scratch.write("ugly.mog", UGLY)?;
    scratch.write("bytes.mog", [0xff, 0xfe])?;
    let run = runner.mog(["fmt", "broken.mog", "ugly.mog"], &[], scratch.path())?;
    assert_eq!(run.exit, Exit::Code(65));
    assert!(run.stderr.contains("error") && run.stderr.contains("broken.mog:1:"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(&broken)?, "fn main( {\n");
    assert_eq!(fs::read_to_string(&ugly)?, NICE, "one bad file does not keep the others");
    assert_eq!(runner.mog(["fmt", "bytes.mog"], &[], scratch.path())?.exit, Exit::Code(65));
    assert_eq!(runner.mog(["fmt", "missing.mog"], &[], scratch.path())?.exit, Exit::Code(66));
    assert_eq!(runner.mog(["fmt"], &[], scratch.path())?.exit, Exit::Code(64));
    // Types and names do not matter for the layout.
    let run = runner.mog(["fmt", "-"], b"x:int=\"a\"+unknown", scratch.path())?;
    assert_eq!((run.exit, run.stdout), (Exit::Code(0), b"let x: int = \"a\" + unknown\n".to_vec()));
    Ok(())
}

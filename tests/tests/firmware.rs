//! The stored programs, attacks too, on emulated boards: each must write what the host writes that runs the same modules with the same
//! code, to the byte: output, ending, steps, collections, words in use. What the host writes is compared with what the
//! programs should print and with the recorded steps first.
//!
//! `MOG_FIRMWARE` names the folder of the boards' images, which `tests/run.sh firmware` builds. Without it only
//! the host's part runs.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};
use mog::Compiler;
use mog_core::features;
use mog_firmware::{Summary, arena_words, run};
use mog_tests::board::{BOARDS, Board, Written, append};
use mog_tests::case::{self, Case};

/// What `mog run` gives a program that is not told otherwise.
const MEMORY: u32 = 1 << 20;
/// The most steps that a board takes for an attack.
const PATIENCE: u64 = 2_000_000;
/// How a run ends that had too few.
const OUT_OF_STEPS: u8 = 124;
/// What the names of attacks begin with here.
const ATTACKS: &str = "attacks/";

/// What a stored program asks `mog run` for, with its module.
struct Program {
    case: Case,
    memory: u32,
    steps: u64,
    grant: String,
    deny: String,
    entry: String,
    /// Parts of the machine that the module needs.
    parts: u16,
    module: Vec<u8>,
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    match trials(root) {
        Ok(trials) => libtest_mimic::run(&Arguments::from_args(), trials).exit_code(),
        Err(message) => {
            eprintln!("firmware: {message}");
            ExitCode::FAILURE
        }
    }
}

fn trials(root: &Path) -> Result<Vec<Trial>, String> {
    let images = env::var_os("MOG_FIRMWARE").map(PathBuf::from);
    let steps = recorded(&root.join("conformance/steps.txt"))?;
    let mut cases = case::read_all(&root.join("conformance"))?;
    let attacks = case::read_all(&root.join("attacks"))?;
    cases.extend(attacks.into_iter().map(|case| Case { name: format!("{ATTACKS}{}", case.name), ..case }));
    let cases = Arc::new(cases);
    let expectations = Arc::new(Expectations { cases: cases.clone(), known: Mutex::default() });
    let mut trials = vec![Trial::test("host", move || on_the_host(&cases, &steps))];
    for board in BOARDS {
        let image = images.as_ref().map(|folder| folder.join(board.name));
        let (missing, expectations) = (image.is_none(), expectations.clone());
        let test = move || on_a_board(&board, &image.unwrap_or_default(), &expectations);
        trials.push(Trial::test(board.name, test).with_ignored_flag(missing));
    }
    Ok(trials)
}

/// The runner that all boards share does what `mog run` does.
fn on_the_host(cases: &[Case], recorded: &BTreeMap<String, u64>) -> Result<(), Failed> {
    let mut wrong = String::new();
    for program in programs(cases, 256, u32::MAX)? {
        let (written, summary) = run_here(&program);
        let due = recorded.get(&program.case.name).copied();
        let steps = Some(summary.counters.steps).filter(|_| due.is_some());
        if program.is_attack() && program.steps == PATIENCE && summary.exit == OUT_OF_STEPS {
            continue; // it may take more
        }
        if !is_as_due(&program.case, &written, summary) || steps != due {
            // Writing to a string cannot fail.
            let _ = writeln!(
                wrong,
                "{}: {steps:?} steps, due {due:?}; it wrote:\n{}",
                program.case.name, written.all
            );
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.into()) }
}

/// A board writes what the host writes.
fn on_a_board(board: &Board, image: &Path, expectations: &Expectations) -> Result<(), Failed> {
    let all = expectations.of(board.window, board.memory)?;
    let refused = all.iter().find(|(program, _)| program.parts & !board.parts != 0);
    let fitting: Vec<_> = all
        .iter()
        .filter(|(program, _)| program.parts & !board.parts == 0 && program.module.len() < board.pack / 2)
        // What does not start says how much its window needs, which is not the host's.
        .filter(|(_, due)| board.window == mog_core::WINDOW || !due.contains("ArenaTooSmall"))
        .collect();
    let attacks = fitting.iter().filter(|(program, _)| program.is_attack()).count();
    let count = fitting.len() - attacks;
    eprintln!("{}: {count} programs and {attacks} attacks with a window of {}", board.name, board.window);
    let left_out = expectations.cases.iter().map(|case| case.name.as_str()).filter(|name| {
        name.starts_with(ATTACKS) && !fitting.iter().any(|(program, _)| program.case.name == *name)
    });
    eprintln!("{}: left out:{}", board.name, left_out.map(|name| format!(" {name}")).collect::<String>());
    if count < board.at_least || attacks < board.attacks {
        return Err(format!("{} programs and {} attacks should fit", board.at_least, board.attacks).into());
    }
    let mut rest = fitting.as_slice();
    while !rest.is_empty() {
        let mut pack = Vec::new();
        let count =
            rest.iter().take_while(|(program, _)| append(&program.head(), &mut pack, board.pack)).count();
        let (now, later) = rest.split_at_checked(count).filter(|_| count > 0).ok_or("an empty pack")?;
        rest = later;
        let due: String =
            now.iter().map(|(program, due)| format!("=== {}\n{due}", program.case.name)).collect();
        let came = board.run(image, pack)?;
        if came != format!("{due}=== end\n") {
            return Err(difference(&due, &came).into());
        }
    }
    // What needs a part that the firmware leaves out is refused, by the part's name.
    if let Some((refused, _)) = refused {
        let mut pack = Vec::new();
        append(&refused.head(), &mut pack, board.pack);
        let came = board.run(image, pack)?;
        let missing: String =
            features::names(refused.parts & !board.parts).map(|name| format!(" {name}")).collect();
        let due = format!("rejected: the module needs parts that this build leaves out:{missing};");
        if !came.contains(&due) {
            return Err(format!("{}: due {due}, came {came}", refused.case.name).into());
        }
    }
    Ok(())
}

fn run_here(program: &Program) -> (Written, Summary) {
    let mut written = Written::default();
    let mut arena = vec![0; arena_words(program.memory as usize)];
    let summary = run(&program.head(), &mut arena, &mut written);
    (written, summary)
}

/// Whether output and ending are what the stored case says.
fn is_as_due(case: &Case, written: &Written, summary: Summary) -> bool {
    case.exits.contains(&i32::from(summary.exit))
        && case.stdout.as_ref().is_none_or(|due| *due == written.output.as_bytes())
}

/// Programs, each with all that it writes on the host.
type Expected = Vec<(Program, String)>;

/// What programs write on the host, by window and memory: many boards have the same.
struct Expectations {
    cases: Arc<Vec<Case>>,
    known: Mutex<BTreeMap<(usize, u32), Arc<Expected>>>,
}

impl Expectations {
    /// The programs that do on the host, in so much memory, what the stored case says. One that ends early for want of memory
    /// is another program than the one that is stored.
    fn of(&self, window: usize, memory: u32) -> Result<Arc<Expected>, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(expected) = known.get(&(window, memory)) {
            return Ok(expected.clone());
        }
        let mut expected = Vec::new();
        for program in programs(&self.cases, window, memory)? {
            let (written, summary) = run_here(&program);
            if is_as_due(&program.case, &written, summary) {
                expected.push((program, written.all));
            }
        }
        let expected = Arc::new(expected);
        known.insert((window, memory), expected.clone());
        Ok(expected)
    }
}

/// All cases that compile and that a host can run without arguments for the entry, with no more memory than this.
fn programs(cases: &[Case], window: usize, memory: u32) -> Result<Vec<Program>, String> {
    let mut programs = Vec::new();
    for case in cases {
        if let Some(program) = Program::new(case, window)? {
            programs.push(Program { memory: program.memory.min(memory), ..program });
        }
    }
    Ok(programs)
}

impl Program {
    fn new(case: &Case, window: usize) -> Result<Option<Self>, String> {
        let mut program = Self {
            case: case.clone(),
            memory: MEMORY,
            steps: u64::MAX,
            grant: String::new(),
            deny: String::new(),
            entry: "main".to_owned(),
            parts: 0,
            module: Vec::new(),
        };
        let mut args = case.args.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{}: {arg} without a value", case.name));
            match arg {
                "--memory" => program.memory = size(value()?)?,
                "--steps" => program.steps = value()?.parse().map_err(|e| format!("{}: {e}", case.name))?,
                "--grant" => value()?.clone_into(&mut program.grant),
                "--deny" => value()?.clone_into(&mut program.deny),
                "--entry" => value()?.clone_into(&mut program.entry),
                "--deny-warnings" => {}
                // Arguments for the entry come from a command line, and what ends a run by time is a host's clock.
                "--arg" | "--timeout" => return Ok(None),
                other => return Err(format!("{}: what does {other} mean to a board?", case.name)),
            }
        }
        if program.is_attack() {
            program.steps = program.steps.min(PATIENCE);
        }
        let source = fs::read_to_string(&case.path).map_err(|e| format!("{}: {e}", case.name))?;
        let folder = case.path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let imported = move |name: &str| fs::read_to_string(folder.join(format!("{name}.mog"))).ok();
        let file = case.path.to_string_lossy().into_owned();
        let compiler = Compiler::new().file(&file).imports(imported).window(window);
        // What must not compile has no module; what needs larger frames does not fit the board.
        let Ok(compiled) = compiler.compile(&source) else { return Ok(None) };
        if case.is_rejected() {
            return Ok(None);
        }
        program.parts = compiled.module().map_err(|e| format!("{}: {e}", case.name))?.header.features;
        program.module = compiled.to_bytes();
        Ok(Some(program))
    }

    fn is_attack(&self) -> bool {
        self.case.name.starts_with(ATTACKS)
    }

    fn head(&self) -> mog_firmware::Case<'_> {
        mog_firmware::Case {
            name: &self.case.name,
            memory: self.memory,
            steps: self.steps,
            grant: &self.grant,
            deny: &self.deny,
            entry: &self.entry,
            module: &self.module,
            ..mog_firmware::Case::default()
        }
    }
}

/// The bytes that `64K` or `4M` means.
fn size(text: &str) -> Result<u32, String> {
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'K') => (text.trim_end_matches('K'), 1 << 10),
        Some(b'M') => (text.trim_end_matches('M'), 1 << 20),
        _ => (text, 1),
    };
    digits.parse::<u32>().map(|number| number * unit).map_err(|e| format!("{text}: {e}"))
}

fn recorded(path: &Path) -> Result<BTreeMap<String, u64>, String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let entry = |line: &str| {
        let (name, steps) = line.split_once(' ')?;
        Some((name.to_owned(), steps.parse().ok()?))
    };
    text.lines().map(|line| entry(line).ok_or_else(|| format!("{}: {line}", path.display()))).collect()
}

/// The first line that is not as it should be, and the case that it belongs to.
fn difference(due: &str, came: &str) -> String {
    let mut case = "";
    let (mut due, mut came) = (due.lines(), came.lines());
    loop {
        match (due.next(), came.next()) {
            (None, None) => return "only the line ends differ".to_owned(),
            (due, came) if due == came => {
                case = due.and_then(|line| line.strip_prefix("=== ")).unwrap_or(case);
            }
            (due, came) => return format!("in {case}: the host writes {due:?}, the board {came:?}"),
        }
    }
}

//! Snapshots across processors: at every charge point of a few programs a board's snapshot is the host's to the byte, and
//! from every one of the host's snapshots the board goes on to the same output, ending and steps.
//!
//! `MOG_FIRMWARE` names the folder of the boards' images, as for the stored programs. Without it only the host's part runs.

use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use mog::Compiler;
use mog_firmware::{Case, arena_words, run};
use mog_tests::board::{BOARDS, Board, Written, append};

/// What each is about, and its source. None has an initialiser: a snapshot stands in `main`.
const PROGRAMS: [(&str, &str); 4] = [
    (
        "text and maps",
        r#"fn main() -> int {
            counts := {"a": 0}
            for word in ["one", "two", "one", "drei", "two", "one"] {
                counts[word] = counts.get(word).unwrap_or(0) + 1
                println(f"{word} {counts.len}")
            }
            counts["one"]
        }"#,
    ),
    (
        "calls and failures",
        r#"fn fib(n: int) -> int { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }
        fn fails(n: int) -> int { if n > 2 { return int("x")? }; n }
        fn main() -> int {
            total := fib(4)
            for n in 0..5 { try { total += fails(n) } catch e { total += 10 } }
            println(total)
            total
        }"#,
    ),
    (
        "closures and floats",
        r#"fn main() -> int {
            sum := 0.5
            add := fn(x: float) { sum = sum * 1.25 + x }
            for i in 0..8 { add(i as float) }
            println(sum > 10.0)
            [3, 1, 2].sort(|x, y| x - y)[0]
        }"#,
    ),
    (
        "tasks",
        r#"async fn part(n: int) -> int {
            total := 0
            for i in 0..n { total += i }
            total
        }
        async fn main() -> int {
            parts := await all([part(3), part(5)])
            println(parts[0], parts[1])
            parts.sum()
        }"#,
    ),
];

/// Bytes of the programs' memory: what is left of the smallest board's arena takes a snapshot.
const MEMORY: u32 = 3 << 10;

fn main() -> ExitCode {
    let images = env::var_os("MOG_FIRMWARE").map(PathBuf::from);
    let mut trials = vec![Trial::test("host", on_the_host)];
    for board in BOARDS {
        let image = images.as_ref().map(|folder| folder.join(board.name));
        let missing = image.is_none();
        let test = move || on_a_board(&board, &image.unwrap_or_default());
        trials.push(Trial::test(board.name, test).with_ignored_flag(missing));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A case with what the host writes for it, and what of that the program printed.
struct Expected {
    name: String,
    snapshot: Vec<u8>,
    written: Written,
}

/// A program with its runs: first the whole one, which writes its snapshots, then one from each of them.
struct Program {
    /// Parts of the machine that it needs.
    parts: u16,
    module: Vec<u8>,
    runs: Vec<Expected>,
}

impl Program {
    fn case<'c>(&'c self, run: &'c Expected) -> Case<'c> {
        case(&run.name, &self.module, &run.snapshot)
    }
}

fn case<'c>(name: &'c str, module: &'c [u8], snapshot: &'c [u8]) -> Case<'c> {
    let (memory, saves) = (MEMORY, snapshot.is_empty());
    Case { name, memory, steps: u64::MAX, grant: "", deny: "", entry: "main", saves, snapshot, module }
}

fn programs(window: usize) -> Result<Vec<Program>, Failed> {
    PROGRAMS.iter().map(|&(name, source)| program(name, source, window)).collect()
}

fn program(name: &str, source: &str, window: usize) -> Result<Program, Failed> {
    let compiled = Compiler::new().window(window).compile(source)?;
    let (parts, module) = (compiled.module()?.header.features, compiled.to_bytes());
    let whole = run_here(&case(name, &module, &[]));
    let snapshots = whole.all.lines().filter_map(|line| line.strip_prefix("*** ")).map(bytes);
    let snapshots = snapshots.collect::<Option<Vec<_>>>().ok_or_else(|| whole.all.clone())?;
    let first = Expected { name: name.to_owned(), snapshot: Vec::new(), written: whole };
    let from_each = snapshots.into_iter().enumerate().map(|(n, snapshot)| {
        let name = format!("{name}, from snapshot {n}");
        let written = run_here(&case(&name, &module, &snapshot));
        Expected { name, snapshot, written }
    });
    let runs = std::iter::once(first).chain(from_each).collect();
    Ok(Program { parts, module, runs })
}

/// What comes after each snapshot is what came after it in the whole run.
fn on_the_host() -> Result<(), Failed> {
    for program in programs(256)? {
        let Some((whole, rest)) = program.runs.split_first() else { continue };
        let count = rest.len();
        eprintln!("{}: {count} snapshots", whole.name);
        if count < 10 {
            return Err(format!("{} has only {count} snapshots", whole.name).into());
        }
        for (n, run) in rest.iter().enumerate() {
            // Each snapshot is a remark, and the ending is the last one.
            let start = whole.written.remarks.get(n).copied().unwrap_or(0);
            let left = whole.written.output.get(start..).unwrap_or_default();
            if run.written.output != left || run.written.ending() != whole.written.ending() {
                return Err(format!(
                    "{}: due {left:?} and {}, came {}",
                    run.name,
                    whole.written.ending(),
                    run.written.all
                )
                .into());
            }
        }
    }
    Ok(())
}

/// A board writes what the host writes, snapshots among it.
fn on_a_board(board: &Board, image: &Path) -> Result<(), Failed> {
    let mut pack = Vec::new();
    let mut due = String::new();
    let compare = |pack: &mut Vec<u8>, due: &mut String| {
        let came = board.run(image, std::mem::take(pack))?;
        let due = std::mem::take(due) + "=== end\n";
        let differs = due.lines().zip(came.lines()).find(|(due, came)| due != came);
        match differs {
            _ if due == came => Ok(()),
            Some((due, came)) => Err(Failed::from(format!("due {due}\ncame {came}"))),
            None => {
                Err(Failed::from(format!("due {} lines, came {}", due.lines().count(), came.lines().count())))
            }
        }
    };
    let programs = programs(board.window)?;
    let fitting = || programs.iter().filter(|program| program.parts & !board.parts == 0);
    if fitting().count() < 3 {
        return Err("fewer than three programs fit".into());
    }
    for program in fitting() {
        for run in &program.runs {
            if !append(&program.case(run), &mut pack, board.pack) {
                compare(&mut pack, &mut due)?;
                if !append(&program.case(run), &mut pack, board.pack) {
                    return Err(format!("no room for {}", run.name).into());
                }
            }
            writeln!(due, "=== {}\n{}", run.name, run.written.all.trim_end())
                .map_err(|error| error.to_string())?;
        }
    }
    compare(&mut pack, &mut due)
}

fn run_here(case: &Case<'_>) -> Written {
    let mut written = Written::default();
    let mut arena = vec![0; arena_words(8 << 10)];
    run(case, &mut arena, &mut written);
    written
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if digits.len().is_multiple_of(2) { digits.chunks(2).map(byte).collect() } else { None }
}

//! The second command: instructions that `mog` takes for each program, counted by callgrind, so that a change is seen
//! that times would hide. What starting up takes, with an empty program, is counted once and left out.
//!
//! ```text
//! instructions [MOG…]                the counts of each of these commands; of the one built now if there is none
//! instructions --write FILE          records the counts, with the compiler that built it
//! instructions --against FILE        compares; an error if a program takes 3 % more than recorded
//! ```
//! Other compilers make other code: figures of another one than recorded are printed and not compared.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::engines::{MEMORY, STEPS};
use crate::peers::mog_command;
use crate::{Outcome, PROGRAMS, Program, folder};

/// By how much a program may get slower.
const ALLOWED: f64 = 1.03;

type Counts = BTreeMap<&'static str, u64>;

/// Carries out the command.
pub(crate) fn compare(arguments: &[&str]) -> Outcome<()> {
    match arguments {
        ["--write", path] => {
            let mut text = format!("compiler {}\n", compiler()?);
            for (name, count) in count_all(&mog_command()?)? {
                writeln!(text, "{name} {count}")?;
            }
            Ok(fs::write(path, text)?)
        }
        ["--against", path] => check(&fs::read_to_string(path)?),
        commands => {
            let mut commands: Vec<PathBuf> = commands.iter().map(PathBuf::from).collect();
            if commands.is_empty() {
                commands.push(mog_command()?);
            }
            let counts: Vec<Counts> = commands.iter().map(|mog| count_all(mog)).collect::<Outcome<_>>()?;
            print_all(&commands, &counts);
            Ok(())
        }
    }
}

fn print_all(commands: &[PathBuf], counts: &[Counts]) {
    let names: String = commands.iter().map(|command| format!(" {} |", command.display())).collect();
    println!("| program |{names}\n|---|{}", "---:|".repeat(commands.len()));
    for program in PROGRAMS.iter().filter(|program| is_counted(program)) {
        let first = counts.first().and_then(|counts| counts.get(program.name));
        let row = counts.iter().filter_map(|counts| counts.get(program.name)).map(|count| {
            let ratio = first.map_or(1.0, |first| *count as f64 / *first as f64);
            format!(" {count} ({ratio:.3}) |")
        });
        println!("| {} |{}", program.name, row.collect::<String>());
    }
}

fn check(recorded: &str) -> Outcome<()> {
    let recorded: BTreeMap<&str, &str> = recorded.lines().filter_map(|line| line.split_once(' ')).collect();
    let compiler = compiler()?;
    let same = recorded.get("compiler") == Some(&compiler.as_str());
    if !same {
        println!("not compared: the figures are of {}", recorded.get("compiler").unwrap_or(&"nothing"));
    }
    let mut slower = Vec::new();
    for (name, count) in count_all(&mog_command()?)? {
        let before: u64 = recorded.get(name).map_or(Ok(0), |count| count.parse())?;
        let ratio = count as f64 / before as f64;
        println!("{name} {count} ({ratio:.3} × {before})");
        if ratio > ALLOWED || before == 0 {
            slower.push(name);
        }
    }
    if same && !slower.is_empty() {
        return Err(format!("more than 3 % over the recorded figures: {}", slower.join(", ")).into());
    }
    Ok(())
}

/// The compiler, and the target that it compiles for.
fn compiler() -> Outcome<String> {
    let told = Command::new("rustc").arg("-vV").output()?;
    let told = String::from_utf8(told.stdout)?;
    let field =
        |name: &str| told.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("?").trim().to_owned();
    Ok(format!("{} {}", field("release:"), field("host:")))
}

/// Whether the command can run it by itself.
fn is_counted(program: &Program) -> bool {
    program.name != "host"
}

fn count_all(mog: &Path) -> Outcome<Counts> {
    let empty = count(mog, "fn main() {}\n")?;
    let programs = PROGRAMS.iter().filter(|program| is_counted(program));
    programs
        .map(|program| {
            let source = fs::read_to_string(folder().join(format!("mog/{}.mog", program.name)))?;
            let resized = |line: &str| match line.starts_with("const N = ") {
                true => format!("const N = {}\n", program.small),
                false => format!("{line}\n"),
            };
            let source: String = source.lines().map(resized).collect();
            Ok((program.name, count(mog, &source)?.saturating_sub(empty)))
        })
        .collect()
}

/// Instructions of one run.
fn count(mog: &Path, source: &str) -> Outcome<u64> {
    let folder = tempfile::tempdir()?;
    let (program, counts) = (folder.path().join("program.mog"), folder.path().join("counts"));
    fs::write(&program, source)?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", &format!("--callgrind-out-file={}", counts.display())])
        .arg(mog)
        .args(["run", "--seed", "1", "--steps", &STEPS.to_string(), "--memory", &MEMORY.to_string()])
        .arg(&program)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .output()
        .map_err(|error| format!("valgrind (Debian: valgrind): {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let text = fs::read_to_string(&counts)?;
    let total =
        text.lines().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
    Ok(total.ok_or("callgrind counted nothing")?.trim().parse()?)
}

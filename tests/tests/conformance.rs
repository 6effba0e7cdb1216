//! Every program below `conformance/`, each a test of its own name.
//!
//! `cargo build -p mog` first, or set `MOG_BIN`. `BLESS_STEPS=1` writes the step counts of the cases that ran and
//! passed to `conformance/steps.txt`; expected output is never written by a machine.
//!
//! With `MOG_MACHINE_BIN`, a command with another register window, the modules are run by that one. What counts then is
//! that both take the same steps: a smaller window makes other code of the same program, so nothing is recorded.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use mog_tests::case::{self, Case};
use mog_tests::runner::{CommandRunner, Variant};
use mog_tests::suite;

/// The longest that one run of a case may take.
const LIMIT: Duration = Duration::from_secs(30);

type Steps = BTreeMap<String, u64>;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    match run(&root) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("conformance: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path) -> Result<ExitCode, String> {
    let arguments = Arguments::from_args();
    let cases = case::read_all(root)?;
    let steps_file = root.join("steps.txt");
    let other_window = env::var_os("MOG_MACHINE_BIN").is_some();
    let recorded = Arc::new(if other_window { Steps::new() } else { read_steps(&steps_file)? });
    let bless = !other_window && env::var_os("BLESS_STEPS").is_some();
    let measured = Arc::new(Mutex::new(Steps::new()));
    let runner = Arc::new(CommandRunner::find(LIMIT)?);

    let names: Vec<String> = cases.iter().map(|case| case.name.clone()).collect();
    let mut trials = vec![tidiness(root, &cases, &recorded, bless)];
    for case in cases {
        let (runner, recorded, measured) = (runner.clone(), recorded.clone(), measured.clone());
        trials.push(Trial::test(case.name.clone(), move || {
            let steps = match suite::check(&case, runner.as_ref(), &Variant::ALL) {
                Err(report) if other_window && report.contains("error[too-many-variables]") => {
                    eprintln!("{} has a function that does not fit this window", case.name);
                    None
                }
                other => other?,
            };
            let due = recorded.get(&case.name).copied();
            if let Some(steps) = steps {
                measured.lock().unwrap_or_else(PoisonError::into_inner).insert(case.name.clone(), steps);
            }
            if !bless && due.is_some() && due != steps {
                return Err(Failed::from(format!(
                    "steps: {steps:?}, recorded {due:?} (BLESS_STEPS=1 to accept)"
                )));
            }
            Ok(())
        }));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if bless {
        let mut steps = recorded.as_ref().clone();
        steps.append(&mut measured.lock().unwrap_or_else(PoisonError::into_inner));
        steps.retain(|name, _| names.contains(name));
        write_steps(&steps_file, &steps).map_err(|e| format!("{}: {e}", steps_file.display()))?;
    }
    Ok(conclusion.exit_code())
}

/// Outputs without a program, and steps recorded for a case that is gone, are mistakes of ours.
fn tidiness(root: &Path, cases: &[Case], recorded: &Steps, bless: bool) -> Trial {
    let orphans = case::orphans(root);
    let gone: Vec<String> = recorded
        .keys()
        .filter(|name| !bless && cases.iter().all(|case| case.name != **name))
        .cloned()
        .collect();
    let vague: Vec<String> = cases
        .iter()
        .filter(|case| case.is_rejected() && case.stderr.is_empty())
        .map(|case| case.name.clone())
        .collect();
    Trial::test("every_file_belongs_to_a_case", move || {
        let orphans: Vec<PathBuf> = orphans?;
        if !orphans.is_empty() {
            return Err(format!("expected outputs without a program: {orphans:?}").into());
        }
        if !gone.is_empty() {
            return Err(format!("steps.txt names cases that are gone: {gone:?}").into());
        }
        if !vague.is_empty() {
            return Err(format!("rejected, but nothing says what stderr must name: {vague:?}").into());
        }
        Ok(())
    })
}

fn read_steps(path: &Path) -> Result<Steps, String> {
    let text = match fs::read_to_string(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
        other => other.map_err(|e| format!("{}: {e}", path.display()))?,
    };
    text.lines()
        .map(|line| {
            let (name, count) = line.split_once(' ').ok_or_else(|| format!("steps.txt: {line}"))?;
            Ok((name.to_owned(), count.parse().map_err(|e| format!("steps.txt: {line}: {e}"))?))
        })
        .collect()
}

fn write_steps(path: &Path, steps: &Steps) -> io::Result<()> {
    let mut text = String::new();
    for (name, count) in steps {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name} {count}");
    }
    fs::write(path, text)
}

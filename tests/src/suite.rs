//! What every run of a case must come to, and what must be the same in all its variants.

use std::fmt::Write as _;

use crate::case::Case;
use crate::process::Exit;
use crate::runner::{Dispatch, Outcome, Runner, Variant};

/// Longest part of a stream that a report shows.
const SHOWN: usize = 2000;

/// Runs a case in these variants, of which [`Variant::Source`] is the first, and gives the steps that it took, if
/// the machine ran.
///
/// # Errors
///
/// A report of everything that is not as it should be.
pub fn check(case: &Case, runner: &dyn Runner, variants: &[Variant]) -> Result<Option<u64>, String> {
    let mut steps = None;
    let mut report = String::new();
    for &variant in variants {
        if case.without.iter().any(|name| name == variant.name()) || skips(case, variant) {
            continue;
        }
        let outcome = runner.run(case, variant).map_err(|e| format!("{variant}: {e}"))?;
        let mut wrong = faults(case, &outcome);
        if variant == Variant::Source {
            steps = outcome.steps;
        } else if variant != Variant::GcStress && outcome.steps != steps {
            wrong.push(format!("steps: {:?}, from source {steps:?}", outcome.steps));
        }
        if !wrong.is_empty() {
            describe(&mut report, variant, &wrong, &outcome);
            // The other variants would most likely repeat it.
            break;
        }
    }
    if report.is_empty() { Ok(steps) } else { Err(report) }
}

/// A rejected program has nothing to run: the two interpreters and the collector see none of it.
fn skips(case: &Case, variant: Variant) -> bool {
    case.is_rejected() && matches!(variant, Variant::Bytecode(Dispatch::Tail) | Variant::GcStress)
}

/// What is wrong with one outcome of a case.
#[must_use]
pub fn faults(case: &Case, outcome: &Outcome) -> Vec<String> {
    let mut wrong = Vec::new();
    if outcome.exit != Exit::Code(case.exit) {
        wrong.push(format!("exit: {:?}, expected {}", outcome.exit, case.exit));
    }
    if let Some(expected) = &case.stdout
        && *expected != outcome.stdout
    {
        wrong.push(format!("stdout: {}", first_difference(expected, &outcome.stdout)));
    }
    for text in case.stderr.iter().filter(|text| !outcome.stderr.contains(text.as_str())) {
        wrong.push(format!("stderr lacks: {text}"));
    }
    for text in case.not_stderr.iter().filter(|text| outcome.stderr.contains(text.as_str())) {
        wrong.push(format!("stderr has: {text}"));
    }
    // Refused before it starts (64 to 66, 77 for `requires`): no machine, no steps.
    if outcome.steps.is_none() && matches!(outcome.exit, Exit::Code(0..=63 | 70 | 71 | 124)) {
        wrong.push("no line of statistics at the end of stderr".to_owned());
    }
    wrong
}

fn first_difference(expected: &[u8], actual: &[u8]) -> String {
    let (expected, actual) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(actual));
    let mut lines = (expected.lines(), actual.lines());
    for number in 1.. {
        match (lines.0.next(), lines.1.next()) {
            (Some(due), Some(came)) if due == came => {}
            (None, None) => break,
            (due, came) => {
                let [due, came] =
                    [due, came].map(|line| line.map_or("the end".to_owned(), |l| format!("{l:?}")));
                return format!("line {number}: expected {due}, came {came}");
            }
        }
    }
    "only the line ends differ".to_owned()
}

fn describe(report: &mut String, variant: Variant, wrong: &[String], outcome: &Outcome) {
    // Writing to a string cannot fail.
    let _ = writeln!(report, "variant {variant}:");
    for fault in wrong {
        let _ = writeln!(report, "  - {fault}");
    }
    for (name, text) in
        [("stdout", String::from_utf8_lossy(&outcome.stdout).as_ref()), ("stderr", outcome.stderr.as_str())]
    {
        if !text.is_empty() {
            let shown: String = text.chars().take(SHOWN).collect();
            let _ = writeln!(report, "  {name}:\n{shown}");
        }
    }
}

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
    let mut source: Option<Outcome> = None;
    for &variant in variants {
        if case.without.iter().any(|name| name == variant.name()) || skips(case, variant) {
            continue;
        }
        let outcome = runner.run(case, variant).map_err(|e| format!("{variant}: {e}"))?;
        let mut wrong = faults(case, &outcome);
        if let Some(source) = &source {
            wrong.extend(differences(source, &outcome, variant));
        }
        if !wrong.is_empty() {
            // The other variants would most likely repeat it.
            return Err(description(variant, &wrong, &outcome));
        }
        source.get_or_insert(outcome);
    }
    Ok(source.and_then(|outcome| outcome.steps))
}

/// What differs from the first variant. Only forced collection and other code may change the steps.
fn differences(source: &Outcome, outcome: &Outcome, variant: Variant) -> Vec<String> {
    let mut wrong = Vec::new();
    if outcome.exit != source.exit {
        wrong.push(format!("exit: {:?}, from source {:?}", outcome.exit, source.exit));
    }
    if outcome.stdout != source.stdout {
        wrong.push(format!("stdout, against source: {}", first_difference(&source.stdout, &outcome.stdout)));
    }
    let same_steps = !matches!(variant, Variant::GcStress | Variant::Without(_));
    if same_steps && outcome.steps != source.steps {
        wrong.push(format!("steps: {:?}, from source {:?}", outcome.steps, source.steps));
    }
    wrong
}

/// A rejected program has nothing to run: the two interpreters and the collector see none of it.
fn skips(case: &Case, variant: Variant) -> bool {
    case.is_rejected() && !matches!(variant, Variant::Source | Variant::Bytecode(Dispatch::Match))
}

/// What is wrong with one outcome of a case.
#[must_use]
pub fn faults(case: &Case, outcome: &Outcome) -> Vec<String> {
    let mut wrong = Vec::new();
    if !matches!(outcome.exit, Exit::Code(code) if case.exits.contains(&code)) {
        wrong.push(format!("exit: {:?}, expected {:?}", outcome.exit, case.exits));
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

fn description(variant: Variant, wrong: &[String], outcome: &Outcome) -> String {
    let mut report = format!("variant {variant}:\n");
    for fault in wrong {
        // Writing to a string cannot fail.
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
    report
}

//! Every program below `conformance/` that the evaluator can run prints and ends as stored: the evaluator says the
//! same as those who wrote the expectations, before anything is compared with it.

use std::fs;
use std::path::Path;

use mog_tests::case::{self, Case};
use mog_tests::evaluator::{Outcome, Run, evaluate};

/// So many cases at least are compared: what the evaluator leaves out must not grow unseen.
const FLOOR: usize = 400;

#[test]
fn the_evaluator_agrees_with_the_stored_cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    let cases = case::read_all(&root).expect("cases");
    let mut compared = 0;
    let mut left_out = Vec::new();
    let mut wrong = Vec::new();
    let without = |case: &Case| case.without.iter().any(|variant| variant == "evaluator");
    for case in cases.iter().filter(|case| !case.is_rejected() && !without(case)) {
        let source = fs::read_to_string(&case.path).expect("a program");
        let run = evaluate(&source);
        match &run.outcome {
            Outcome::Unsupported(what) => left_out.push(format!("{}: {what}", case.name)),
            _ => {
                compared += 1;
                wrong.extend(disagreement(case, &run));
            }
        }
    }
    for line in &left_out {
        eprintln!("left out: {line}");
    }
    eprintln!("{compared} programs compared, {} left out", left_out.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared >= FLOOR, "only {compared} programs compared");
}

fn disagreement(case: &Case, run: &Run) -> Option<String> {
    let exit = match run.outcome {
        Outcome::Ended(code) => i32::from(code),
        _ => 70,
    };
    // Of traps and failures, the stored case may name the message.
    let as_due =
        case.exits.contains(&exit) && case.stdout.as_deref().is_none_or(|due| due == run.output.as_bytes());
    let text = format!("{}: {:?}\n{}", case.name, run.outcome, run.output);
    if as_due { None } else { Some(text) }
}

//! One program, run in every way there is: what the evaluator says, the machine does, on both dispatchers and with a
//! collection at every allocation; and the dispatchers take the same steps.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use mog::{CapabilitySet, Compiler, Dispatch, Error, Program, Runtime, Value};

use crate::evaluator::{Outcome, evaluate_within};

/// Expressions that the evaluator evaluates before a program counts as too long.
const FUEL: u64 = 60_000;
/// Steps for a program that the evaluator could run.
const STEPS: u64 = 20_000_000;
/// Bytes of the machine's memory.
const MEMORY: usize = 4 << 20;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All that can be seen of a run.
#[derive(PartialEq, Debug)]
struct Seen {
    ended: Ended,
    output: String,
}

#[derive(PartialEq, Debug)]
enum Ended {
    Code(u8),
    Trap(String),
    Failed(String),
    /// Out of steps or memory, or something that must not be.
    Other(String),
}

/// What came of a run, and its steps.
fn run(program: &Program, dispatch: Dispatch, collect_always: bool) -> Result<(Seen, u64), String> {
    let sink = Sink::default();
    let runtime = Runtime::builder()
        .memory(MEMORY)
        .steps(if collect_always { STEPS * 50 } else { STEPS })
        .dispatch(dispatch)
        .collect_always(collect_always)
        .output(sink.clone())
        .build(program.clone(), CapabilitySet::new());
    let mut runtime = runtime.map_err(|error| error.to_string())?;
    let ended = match runtime.execute() {
        Ok(Value::Int(code)) => Ended::Code(code.rem_euclid(64) as u8),
        Ok(_) => Ended::Code(0),
        Err(Error::Trap { message, .. }) => Ended::Trap(message),
        Err(Error::Failed { message, .. }) => Ended::Failed(message),
        Err(error) => Ended::Other(error.to_string()),
    };
    let steps = runtime.counters().steps;
    drop(runtime);
    let output = String::from_utf8(sink.0.lock().unwrap_or_else(PoisonError::into_inner).clone());
    Ok((Seen { ended, output: output.map_err(|error| error.to_string())? }, steps))
}

/// How many programs came how far.
#[derive(Default, Debug)]
pub struct Counts {
    /// Run by the evaluator too.
    pub compared: u32,
    /// Of these, ended by a trap.
    pub trapped: u32,
    /// Of these, ended by a failure.
    pub failed: u32,
    /// What the evaluator does not know, with how many programs.
    pub unsupported: BTreeMap<String, u32>,
}

/// Runs a program in all ways.
///
/// # Errors
///
/// What differs, or why the compiler rejects the program.
pub fn check(source: &str, counts: &mut Counts) -> Result<(), String> {
    let program = Compiler::new().compile(source).map_err(|error| format!("rejected:\n{error}"))?;
    let expected = evaluate_within(source, FUEL);
    let (seen, steps) = run(&program, Dispatch::Match, false)?;
    let (other, other_steps) = run(&program, Dispatch::Tail, false)?;
    if seen != other || steps != other_steps {
        return Err(format!("the dispatchers differ:\n{seen:#?} in {steps}\n{other:#?} in {other_steps}"));
    }
    if let Outcome::Unsupported(what) = expected.outcome {
        *counts.unsupported.entry(what).or_default() += 1;
        return Ok(());
    }
    let agrees = match (&expected.outcome, &seen.ended) {
        (Outcome::Ended(due), Ended::Code(code)) => due == code,
        (Outcome::Trap(due), Ended::Trap(message)) => message.contains(due.as_str()),
        (Outcome::Failed(due), Ended::Failed(message)) => {
            due.as_ref().is_none_or(|due| message.contains(due))
        }
        _ => false,
    };
    if !agrees || expected.output != seen.output {
        return Err(format!(
            "{:?} expected, came {:?}; {}",
            expected.outcome,
            seen.ended,
            first_difference(&expected.output, &seen.output)
        ));
    }
    let (forced, _) = run(&program, Dispatch::Tail, true)?;
    if forced != seen {
        return Err(format!(
            "collection made a difference: {:?}; {}",
            forced.ended,
            first_difference(&seen.output, &forced.output)
        ));
    }
    counts.compared += 1;
    counts.trapped += u32::from(matches!(seen.ended, Ended::Trap(_)));
    counts.failed += u32::from(matches!(seen.ended, Ended::Failed(_)));
    Ok(())
}

fn first_difference(expected: &str, came: &str) -> String {
    let mut lines = expected.lines().zip(came.lines());
    match lines.find(|(due, came)| due != came) {
        Some((due, came)) => format!("expected {due:?}\n    came {came:?}"),
        None => format!("{} lines expected, {} came", expected.lines().count(), came.lines().count()),
    }
}

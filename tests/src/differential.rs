//! One program, run in every way there is: what the evaluator says, the machine does, on both dispatchers, with a
//! collection at every allocation, without each optimization, and saved and restored on the way. The dispatchers take
//! the same steps, and so does what was saved. Its code is what the disassembler says it is.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use mog::{
    CapabilitySet, Compiler, Dispatch, Error, Optimization, Optimizations, Program, Runtime, RuntimeBuilder,
    Value,
};
use mog_core::isa::Disassembly;

use crate::assemble::assemble;
use crate::evaluator::{Outcome, evaluate_within};

/// Expressions that the evaluator evaluates before a program counts as too long.
const FUEL: u64 = 60_000;
/// Steps for a program that the evaluator could run.
const STEPS: u64 = 20_000_000;
/// Bytes of the machine's memory.
const MEMORY: usize = 4 << 20;
/// How often a run is saved and restored.
const SAVES: u32 = 5;

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
    OutOfSteps(String),
    /// Out of memory, or something that must not be.
    Other(String),
}

fn builder(sink: &Sink) -> RuntimeBuilder {
    Runtime::builder().memory(MEMORY).steps(STEPS).output(sink.clone())
}

/// What came of a run, and its steps.
fn run(program: &Program, dispatch: Dispatch, collect_always: bool) -> Result<(Seen, u64), String> {
    let sink = Sink::default();
    let runtime = builder(&sink)
        .steps(if collect_always { STEPS * 50 } else { STEPS })
        .dispatch(dispatch)
        .collect_always(collect_always)
        .build(program.clone(), CapabilitySet::new());
    let mut runtime = runtime.map_err(|error| error.to_string())?;
    let result = runtime.execute();
    seen(result, &runtime, &sink)
}

/// The same for a run that is saved some times, after so many steps each, and goes on in another runtime.
fn run_in_parts(program: &Program, mut parts: impl Iterator<Item = u64>) -> Result<(Seen, u64), String> {
    let sink = Sink::default();
    let next = parts.next().unwrap_or(STEPS);
    let runtime = builder(&sink).steps(next).build(program.clone(), CapabilitySet::new());
    let mut runtime = runtime.map_err(|error| error.to_string())?;
    let mut result = runtime.execute();
    while let Err(Error::OutOfSteps { .. }) = result {
        let Some(next) = parts.next() else { break };
        let saved = runtime.snapshot().map_err(|error| error.to_string())?;
        let restored = builder(&sink).steps(next).restore(program.clone(), CapabilitySet::new(), &saved);
        runtime = restored.map_err(|error| error.to_string())?;
        result = runtime.resume();
    }
    seen(result, &runtime, &sink)
}

fn seen(result: Result<Value, Error>, runtime: &Runtime, sink: &Sink) -> Result<(Seen, u64), String> {
    let ended = match result {
        Ok(Value::Int(code)) => Ended::Code(code.rem_euclid(64) as u8),
        Ok(_) => Ended::Code(0),
        Err(Error::Trap { message, .. }) => Ended::Trap(message),
        Err(Error::Failed { message, .. }) => Ended::Failed(message),
        Err(error @ Error::OutOfSteps { .. }) => Ended::OutOfSteps(error.to_string()),
        Err(error) => Ended::Other(error.to_string()),
    };
    let output = String::from_utf8(sink.0.lock().unwrap_or_else(PoisonError::into_inner).clone());
    Ok((Seen { ended, output: output.map_err(|error| error.to_string())? }, runtime.counters().steps))
}

/// Lengths of parts that this source is run in, the last one long enough: by chance, but always the same.
fn parts(source: &str, steps: u64) -> impl Iterator<Item = u64> {
    let mut state = source
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let some = (0..SAVES).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % (steps / 3 + 1)
    });
    some.chain([STEPS])
}

/// That assembling what the disassembler prints gives the same code.
///
/// # Errors
/// The first word that differs.
pub fn disassembles(program: &Program) -> Result<(), String> {
    let module = program.module().map_err(|error| error.to_string())?;
    let listing = Disassembly { code: module.code, start: 0 }.to_string();
    let again = assemble(&listing)?;
    let differs = again.iter().zip(module.code).zip(listing.lines()).find(|((one, other), _)| one != other);
    match differs {
        Some(((one, other), line)) => Err(format!("{line}: {other:#010x}, assembled {one:#010x}")),
        None if again.len() != module.code.len() => Err("not as many lines as words".to_owned()),
        None => Ok(()),
    }
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
    let (saved, saved_steps) = run_in_parts(&program, parts(source, steps))?;
    // What took all that it was given, for collections too, goes on where it is given more.
    let spent = matches!(seen.ended, Ended::OutOfSteps(_));
    if !spent && (seen != saved || steps != saved_steps) {
        return Err(format!("saving made a difference:\n{seen:#?} in {steps}\n{saved:#?} in {saved_steps}"));
    }
    disassembles(&program)?;
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
    let each = Optimization::ALL.map(|left_out| Optimizations::ALL.without(left_out));
    for optimizations in each.into_iter().chain([Optimizations::NONE]) {
        let program = Compiler::new().optimizations(optimizations).compile(source);
        let program = program.map_err(|error| format!("rejected with {optimizations:?}:\n{error}"))?;
        let (other, _) = run(&program, Dispatch::Tail, false)?;
        if other != seen {
            return Err(format!(
                "with {optimizations:?}: {:?}; {}",
                other.ended,
                first_difference(&seen.output, &other.output)
            ));
        }
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

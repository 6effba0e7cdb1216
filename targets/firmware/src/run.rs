//! Runs cases.

use core::fmt;
use core::iter;

use mog_core::heap::Data;
use mog_core::{
    Config, Counters, Failure, Instance, LoadError, Module, Outcome, SnapshotError, StartError, TrapCode,
    WINDOW,
};

use crate::host::Board;
use crate::{Case, Cases, Console};

/// What came of a case.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    /// The exit code that `mog run` gives for it.
    pub exit: u8,
    /// What the machine did.
    pub counters: Counters,
}

/// How a case ended.
#[derive(Clone, Copy)]
enum Ending<'a> {
    Rejected(LoadError),
    NotStarted(StartError),
    NotRestored(SnapshotError),
    OutOfSteps,
    Returned(i64),
    Failed(Failure, &'a str),
    Trap(TrapCode, [i64; 2], &'a str),
    Other(Outcome),
}

impl Ending<'_> {
    const fn exit(&self) -> u8 {
        match self {
            Self::Rejected(_) | Self::NotStarted(StartError::SignatureMismatch { .. }) => 65,
            Self::NotStarted(StartError::MissingCapability { .. }) | Self::Failed(Failure::Denied, _) => 77,
            Self::NotStarted(StartError::ArenaTooSmall { .. } | StartError::OutOfMemory)
            | Self::Other(Outcome::OutOfMemory | Outcome::OutOfStack) => 71,
            Self::OutOfSteps => 124,
            Self::Returned(value) => value.rem_euclid(64) as u8,
            Self::NotStarted(_)
            | Self::NotRestored(_)
            | Self::Failed(..)
            | Self::Trap(..)
            | Self::Other(_) => 70,
        }
    }
}

impl fmt::Display for Ending<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(error) => write!(f, "rejected: {error}"),
            Self::NotStarted(error) => write!(f, "not started: {error:?}"),
            Self::NotRestored(error) => write!(f, "not restored: {error}"),
            Self::OutOfSteps => f.write_str("out of steps"),
            Self::Returned(value) => write!(f, "returned {value}"),
            Self::Failed(kind, message) => write!(f, "failed: {kind:?}: {message}"),
            Self::Trap(code, [a, b], message) => write!(f, "trap: {} [{a}, {b}] {message}", code.describe()),
            Self::Other(outcome) => write!(f, "{outcome:?}"),
        }
    }
}

/// Runs all cases of a pack, one after the other in the same arena. Each begins with a line `=== name` and ends with a
/// line `--- ending`; the last line is `=== end`.
pub fn run_pack(pack: &[u8], arena: &mut [u64], console: &mut dyn Console) {
    for case in Cases::new(pack) {
        console.remark(format_args!("=== {}", case.name));
        run(&case, arena, console);
    }
    console.remark(format_args!("=== end"));
}

/// Runs a case: verifies and links the module, runs its initialiser and its entry, and says how it ended.
///
/// Of the arena, which should have [`arena_words`], only what the case may use is used.
pub fn run(case: &Case<'_>, arena: &mut [u64], console: &mut dyn Console) -> Summary {
    let mut board = Board::new(*case, console);
    let module = match Module::load(case.module) {
        Ok(module) => module,
        Err(error) => return finish(&mut board, &Ending::Rejected(error), Counters::default()),
    };
    // As much as the same module has in a machine with another window.
    let words = (case.memory as usize / 8).saturating_add(module.slack());
    let Some((arena, spare)) = arena.split_at_mut_checked(words) else {
        let error = StartError::ArenaTooSmall { needs: words };
        return finish(&mut board, &Ending::NotStarted(error), Counters::default());
    };
    if !case.snapshot.is_empty() {
        let restored = Instance::restore(module, arena, &mut board, Config::default(), case.snapshot);
        return match restored {
            Ok(mut instance) => go_on(&mut instance, &mut board, iter::once(None), spare),
            Err(error) => finish(&mut board, &Ending::NotRestored(error), Counters::default()),
        };
    }
    if case.saves {
        // What was never written is in a snapshot too.
        arena.fill(0);
    }
    let mut instance = match Instance::new(module, arena, &mut board, Config::default()) {
        Ok(instance) => instance,
        Err(error) => return finish(&mut board, &Ending::NotStarted(error), Counters::default()),
    };
    let main = module.metadata().export(case.entry);
    let functions = [module.metadata().init(), main];
    go_on(&mut instance, &mut board, functions.into_iter().flatten().map(Some), spare)
}

/// Runs functions one after the other, or what was entered already where there is none; says how that ended.
fn go_on(
    instance: &mut Instance<'_>,
    board: &mut Board<'_>,
    functions: impl Iterator<Item = Option<u16>>,
    spare: &mut [u64],
) -> Summary {
    let mut budget = board.case().steps;
    for function in functions {
        if let Some(function) = function
            && let Err(error) = instance.enter(function, 0, |_, _| Some(()))
        {
            return finish(board, &Ending::NotStarted(error), instance.counters());
        }
        match drive(instance, board, &mut budget, spare) {
            Some(Outcome::Returned) => {}
            Some(outcome) => {
                let ending = describe(instance, outcome);
                return finish(board, &ending, instance.counters());
            }
            None => return finish(board, &Ending::OutOfSteps, instance.counters()),
        }
    }
    let ending = match instance.result().map(|result| result.data()) {
        Some(Data::Int(value)) => Ending::Returned(value),
        Some(Data::Uint(value)) => Ending::Returned(value.cast_signed()),
        Some(Data::Ok(value)) => match value.data() {
            Data::Int(value) => Ending::Returned(value),
            _ => Ending::Returned(0),
        },
        Some(Data::Err(kind, message)) => Ending::Failed(kind, message),
        _ => Ending::Returned(0),
    };
    finish(board, &ending, instance.counters())
}

/// Runs what was entered until it ends, or the budget does.
fn drive(
    instance: &mut Instance<'_>,
    board: &mut Board<'_>,
    budget: &mut u64,
    spare: &mut [u64],
) -> Option<Outcome> {
    let saves = board.case().saves;
    let taken = |counters: Counters| counters.steps + counters.collector_steps;
    while *budget > 0 {
        let before = taken(instance.counters());
        let outcome = instance.run(board, if saves { 1 } else { *budget });
        *budget = budget.saturating_sub(taken(instance.counters()) - before);
        match outcome {
            Outcome::Paused if saves => write_snapshot(instance, board, bytemuck::cast_slice_mut(spare)),
            Outcome::Paused => {}
            Outcome::Pending(token) => {
                board.pass_time(Some(token));
            }
            Outcome::Waiting => match board.pass_time(None) {
                Some(token) => _ = instance.complete(token),
                None => return Some(outcome),
            },
            ended => return Some(ended),
        }
    }
    None
}

/// Writes a snapshot as a line `*** bytes`, in hexadecimal. As nothing of an instance is lost by that, it is enough to know
/// that a board writes what the host writes.
fn write_snapshot(instance: &Instance<'_>, board: &mut Board<'_>, spare: &mut [u8]) {
    match instance.snapshot(spare) {
        Ok(len) => board.remark(format_args!("*** {}", Hex(spare.get(..len).unwrap_or(&[])))),
        Err(error) => board.remark(format_args!("*** {error}")),
    }
}

struct Hex<'b>(&'b [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn describe<'i>(instance: &'i Instance<'_>, outcome: Outcome) -> Ending<'i> {
    match outcome {
        Outcome::Trap { code, detail } => Ending::Trap(code, detail, instance.failure().1),
        Outcome::Failed(kind) => Ending::Failed(kind, instance.failure().1),
        other => Ending::Other(other),
    }
}

fn finish(board: &mut Board<'_>, ending: &Ending<'_>, counters: Counters) -> Summary {
    let Counters { steps, collector_steps, collections, host_calls, peak_words } = counters;
    board.remark(format_args!(
        "--- {ending}; {steps} steps, {collector_steps} of the collector in {collections} collections, \
         {host_calls} host calls, {peak_words} words"
    ));
    Summary { exit: ending.exit(), counters }
}

/// Words that an arena for cases of so many bytes of memory must have.
#[must_use]
pub const fn arena_words(memory: usize) -> usize {
    memory / 8 + WINDOW
}

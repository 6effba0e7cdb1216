//! One run: slices of steps until the program ends or a limit does, and what came of it.

use std::task::Poll;

use mog_core::heap::Data;
use mog_core::{Counters, Instance, Outcome, TrapCode, TrapMessage, TypeId};

use crate::drive::Patience;
use crate::error::CallStack;
use crate::gate::{Gate, Stop};
use crate::handle::Handles;
use crate::profile::Profiler;
use crate::read::{MAX_BYTES, Reader};
use crate::source_map::SourceMap;
use crate::{Error, Value};

/// Steps between two looks at the clock: a few milliseconds.
const SLICE: u64 = 1_000_000;
/// Steps after which others have their turn on an executor: less than a tenth of that.
const TURN: u64 = 50_000;
/// Functions of a call stack that are reported.
const MAX_FRAMES: usize = 20;

/// The steps that a run may still take, and the host calls that it may still make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    limit: u64,
    left: u64,
    /// What the machine overdrew, which it takes from the steps of its next run.
    pub(crate) debt: u64,
    call_limit: u64,
    calls_left: u64,
}

impl Budget {
    /// All that a run may have.
    pub(crate) const fn new(steps: u64, calls: u64) -> Self {
        Self { limit: steps, left: steps, debt: 0, call_limit: calls, calls_left: calls }
    }

    /// Gives a run all that it may have.
    pub(crate) const fn renew(&mut self) {
        self.left = self.limit;
        self.calls_left = self.call_limit;
    }

    /// Notes that a run was allowed a slice of steps and took so many.
    const fn spend(&mut self, slice: u64, used: u64) {
        let covered = self.debt.saturating_add(used);
        self.debt = covered.saturating_sub(slice);
        self.left = self.left.saturating_sub(if covered < slice { covered } else { slice });
    }
}

/// How a run ended.
pub(crate) enum End {
    Returned,
    Idle,
    OutOfSteps,
    Stopped(Stop),
    Machine(Outcome),
}

/// Runs in slices while there is a clock to look at or others want their turn, and waits when the program waits.
pub(crate) fn run(
    instance: &mut Instance<'_>,
    gate: &mut Gate,
    budget: &mut Budget,
    mut profiler: Option<&mut Profiler>,
    patience: &mut Patience<'_, '_>,
) -> Poll<End> {
    let mut taken = 0;
    gate.begin();
    let total = |counters: Counters| counters.steps + counters.collector_steps;
    loop {
        if budget.left == 0 {
            return Poll::Ready(End::OutOfSteps);
        }
        let slice = if let Patience::Polls(_) = patience {
            budget.left.min(TURN)
        } else if gate.is_sliced() {
            budget.left.min(SLICE)
        } else {
            budget.left
        };
        let before = instance.counters();
        instance.limit_host_calls(budget.calls_left);
        let outcome = match &mut profiler {
            None => instance.run(gate, slice),
            Some(profiler) => {
                let place = instance.call_stack().next();
                let outcome = instance.step(gate, slice);
                let steps = instance.counters().steps - before.steps;
                profiler.add(place.map_or(0, |(_, pc)| pc), steps);
                outcome
            }
        };
        let after = instance.counters();
        budget.spend(slice, total(after) - total(before));
        budget.calls_left -= after.host_calls - before.host_calls;
        if let Some(stop) = gate.stop.take() {
            return Poll::Ready(End::Stopped(stop));
        }
        taken += total(after) - total(before);
        match outcome {
            Outcome::Returned => return Poll::Ready(End::Returned),
            Outcome::Idle => return Poll::Ready(End::Idle),
            Outcome::Paused if gate.is_late(after.steps) => {
                return Poll::Ready(End::Stopped(Stop::Timeout));
            }
            Outcome::Paused if taken >= TURN && budget.left > 0 && patience.gives_way(gate) => {
                return Poll::Pending;
            }
            Outcome::Paused => {}
            Outcome::Pending(_) | Outcome::Waiting => {
                let asked = if let Outcome::Pending(token) = outcome { Some(token) } else { None };
                // Somebody may be watching while nothing happens.
                let _ = gate.state.output.flush();
                let Poll::Ready(token) = patience.wait(gate, asked, after.steps) else {
                    return Poll::Pending;
                };
                let goes_on = token.is_some_and(|token| instance.complete(token)) || asked.is_some();
                // A snapshot may say what it likes; nobody waits for this one.
                token.filter(|_| !goes_on).into_iter().for_each(|token| gate.pending.cancel(token));
                if let Some(stop) = gate.stop.take() {
                    return Poll::Ready(End::Stopped(stop));
                }
                if gate.is_late(after.steps) {
                    return Poll::Ready(End::Stopped(Stop::Timeout));
                }
                if !goes_on && gate.pending.is_empty() {
                    // Nobody is going to complete what it waits for.
                    let deadlock = Outcome::Trap { code: TrapCode::Deadlock, detail: [0; 2] };
                    return Poll::Ready(End::Machine(deadlock));
                }
            }
            other => return Poll::Ready(End::Machine(other)),
        }
    }
}

impl End {
    pub(crate) fn into_error(self, instance: &Instance<'_>, budget: &Budget, memory: usize) -> Error {
        let stack = call_stack(instance);
        match self {
            Self::OutOfSteps => Error::OutOfSteps { limit: budget.limit, stack },
            Self::Stopped(Stop::Timeout) => Error::TimedOut { stack },
            Self::Stopped(Stop::OutputLimit) => Error::OutputLimit { stack },
            Self::Stopped(Stop::Observer(message)) => Error::Audit { message },
            Self::Stopped(Stop::Diverged(divergence)) => Error::Diverged { divergence, stack },
            Self::Machine(Outcome::Trap { code, detail }) => {
                let message = TrapMessage { code, detail, text: instance.failure().1 }.to_string();
                Error::Trap { code, message, stack }
            }
            Self::Machine(Outcome::OutOfMemory) => Error::OutOfMemory { memory, stack },
            Self::Machine(Outcome::OutOfStack) => Error::OutOfStack { stack },
            Self::Machine(Outcome::OutOfHostCalls) => {
                Error::OutOfHostCalls { limit: budget.call_limit, stack }
            }
            Self::Machine(Outcome::Failed(kind)) => {
                Error::failed(kind, instance.failure().1.to_owned(), stack)
            }
            Self::Returned | Self::Idle | Self::Machine(_) => Error::Idle,
        }
    }
}

/// What the function returned; an `err` is an error.
pub(crate) fn result_of(instance: &Instance<'_>, handles: &Handles) -> Result<Value, Error> {
    match instance.result_slots() {
        Some((TypeId::UNIT, _)) => return Ok(Value::Null),
        Some((TypeId::INT, &[slot])) => return Ok(Value::Int(slot.cast_signed())),
        Some((TypeId::FLOAT, &[slot])) => return Ok(Value::Float(f64::from_bits(slot))),
        Some((TypeId::BOOL, &[slot])) => return Ok(Value::Bool(slot != 0)),
        _ => {}
    }
    let Some(result) = instance.result() else { return Ok(Value::Null) };
    let read = |value| {
        Reader::new(MAX_BYTES, handles.clone()).read(value).map_err(|mismatch| Error::Failed {
            message: format!("the result cannot be given to the host: {mismatch}"),
            stack: CallStack::default(),
        })
    };
    match result.data() {
        Data::Ok(value) => read(&value),
        Data::Err(kind, message) => Err(Error::failed(kind, message.to_owned(), CallStack::default())),
        _ => read(&result),
    }
}

/// Where the program is, with names and positions as far as the module has them.
fn call_stack(instance: &Instance<'_>) -> CallStack {
    let source_map = SourceMap::new(instance.module());
    let frame = |(number, pc): (u16, usize)| source_map.frame(number, pc);
    let mut stack = CallStack::default();
    let mut last = None;
    for place in instance.call_stack() {
        if stack.frames.len() < MAX_FRAMES {
            stack.frames.push(frame(place));
        } else if last.replace(place).is_some() {
            stack.omitted += 1;
        }
    }
    stack.frames.extend(last.map(frame));
    stack
}

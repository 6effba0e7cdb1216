//! One run: slices of steps until the program ends or a limit does, and what came of it.

use std::num::NonZeroU64;
use std::task::Poll;

use mog_core::heap::Data;
use mog_core::{Instance, Outcome, State, TrapCode, TrapMessage, TypeId};

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
/// The most that the machine can be allowed at once.
const UNSLICED: u64 = i64::MAX as u64;
/// Functions of a call stack that are reported.
const MAX_FRAMES: usize = 20;

/// An instance that works on the state of a runtime, where that keeps it.
pub(crate) type Running<'a> = Instance<'a, &'a mut State>;

/// The steps that a run may still take, and the host calls that it may still make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    limit: u64,
    left: u64,
    call_limit: u64,
    calls_left: u64,
}

impl Budget {
    /// All that a run may have.
    pub(crate) const fn new(steps: u64, calls: u64) -> Self {
        Self { limit: steps, left: steps, call_limit: calls, calls_left: calls }
    }

    /// Gives a run all that it may have.
    #[inline]
    pub(crate) const fn renew(&mut self) {
        self.left = self.limit;
        self.calls_left = self.call_limit;
    }

    /// The host calls that a run may make.
    #[inline]
    pub(crate) const fn calls(&self) -> u64 {
        self.call_limit
    }

    /// The steps of a whole run's first slice, if it has any.
    pub(crate) fn first_slice(&self, gate: &Gate) -> Option<NonZeroU64> {
        NonZeroU64::new(self.limit.min(most(gate, &Patience::Blocks)))
    }
}

/// The most steps that a slice has.
fn most(gate: &Gate, patience: &Patience<'_, '_>) -> u64 {
    match patience {
        Patience::Polls(_) => TURN,
        Patience::Blocks if gate.is_sliced() => SLICE,
        Patience::Blocks => UNSLICED,
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

/// Runs in slices while there is a clock to look at or others want their turn, and waits when the program waits. The first
/// slice may be over, with this outcome.
pub(crate) fn run(
    instance: &mut Running<'_>,
    gate: &mut Gate,
    budget: &mut Budget,
    mut profiler: Option<&mut Profiler>,
    patience: &mut Patience<'_, '_>,
    mut first: Option<(u64, Outcome)>,
) -> Poll<End> {
    let mut taken = 0;
    loop {
        if budget.left == 0 {
            return Poll::Ready(End::OutOfSteps);
        }
        let (slice, outcome) = first.take().unwrap_or_else(|| {
            let slice = budget.left.min(most(gate, patience));
            instance.limit_host_calls(budget.calls_left);
            let outcome = match &mut profiler {
                None => instance.run(gate, slice),
                Some(profiler) => profiler.step(instance, gate, slice),
            };
            (slice, outcome)
        });
        let used = slice - instance.steps_left().min(slice);
        budget.left -= used;
        budget.calls_left = instance.host_calls_left();
        taken += used;
        if outcome == Outcome::Returned && gate.stop.is_none() {
            return Poll::Ready(End::Returned);
        }
        let gives_way = taken >= TURN && budget.left > 0;
        if let Some(end) = react(outcome, gives_way, instance, gate, patience) {
            return end;
        }
    }
}

/// What is due after a slice that did not end well. None if the run goes on.
#[cold]
fn react(
    outcome: Outcome,
    gives_way: bool,
    instance: &mut Running<'_>,
    gate: &mut Gate,
    patience: &mut Patience<'_, '_>,
) -> Option<Poll<End>> {
    let ended = |end| Some(Poll::Ready(end));
    if let Some(stop) = gate.stop.take() {
        return ended(End::Stopped(stop));
    }
    let step = instance.counters().steps;
    match outcome {
        Outcome::Returned => ended(End::Returned),
        Outcome::Idle => ended(End::Idle),
        Outcome::Paused if gate.is_late(step) => ended(End::Stopped(Stop::Timeout)),
        Outcome::Paused if gives_way && patience.gives_way(gate) => Some(Poll::Pending),
        Outcome::Paused => None,
        Outcome::Pending(_) | Outcome::Waiting => {
            let asked = if let Outcome::Pending(token) = outcome { Some(token) } else { None };
            // Somebody may be watching while nothing happens.
            let _ = gate.state.output.flush();
            let Poll::Ready(token) = patience.wait(gate, asked, step) else {
                return Some(Poll::Pending);
            };
            let goes_on = token.is_some_and(|token| instance.complete(token)) || asked.is_some();
            // A snapshot may say what it likes; nobody waits for this one.
            token.filter(|_| !goes_on).into_iter().for_each(|token| gate.pending.cancel(token));
            if let Some(stop) = gate.stop.take() {
                return ended(End::Stopped(stop));
            }
            if gate.is_late(step) {
                return ended(End::Stopped(Stop::Timeout));
            }
            if !goes_on && gate.pending.is_empty() {
                // Nobody is going to complete what it waits for.
                let deadlock = Outcome::Trap { code: TrapCode::Deadlock, detail: [0; 2] };
                return ended(End::Machine(deadlock));
            }
            None
        }
        other => ended(End::Machine(other)),
    }
}

impl End {
    pub(crate) fn into_error(self, instance: &Running<'_>, budget: &Budget, memory: usize) -> Error {
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
pub(crate) fn result_of(instance: &Running<'_>, handles: &Handles) -> Result<Value, Error> {
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
fn call_stack(instance: &Running<'_>) -> CallStack {
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

//! What one instance is: the state that lasts between runs, and the view of arena and module through which
//! everything outside the fast dispatch loop works.

use super::run::Outcome;
use super::tasks::Tasks;
use crate::error::{Failure, TrapCode};
use crate::heap::NULL;
use crate::module::Module;

/// Why the machine does not go on. Two bytes, for it goes through every result: what more there is to say is in the state
/// (of a trap the numbers, which [`Vm::trap`] notes; of a failure its kind; of a pending call its token).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    /// Out of steps: the same instruction is executed again when there are more.
    Pause,
    /// Ends the program.
    Trap(TrapCode),
    /// What the program can reach and what it asks for do not fit the arena.
    OutOfMemory,
    /// Its calls nest deeper than the stack may grow.
    OutOfStack,
    /// The outermost function returned.
    Returned,
    /// A failure that nobody caught.
    Failed,
    /// A host call of the entry is pending.
    Pending,
    /// Only tasks go on, when their host calls complete.
    Waiting,
    /// The host said so.
    Halted,
    /// Another host call is not allowed.
    OutOfHostCalls,
    /// Something must be collected first; see [`Collection::Apart`]. Never how a run ends.
    Room,
}

/// When what needs memory and finds none collects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Collection {
    /// Then and there.
    Here,
    /// Not before the instruction has been left, as if it had not been met. It is met again at once.
    Apart,
    /// It did, and so many words are in use since. Unless they have become more, another collection frees nothing.
    Done(usize),
}

impl From<TrapCode> for Stop {
    fn from(code: TrapCode) -> Self {
        Self::Trap(code)
    }
}

/// A trap with the numbers that its code's description explains, where there is no machine to note them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) stop: Stop,
    pub(crate) detail: [i64; 2],
}

impl From<Stop> for Fault {
    fn from(stop: Stop) -> Self {
        Self { stop, detail: [0; 2] }
    }
}

/// Of a trap that has none. All zeros.
pub(super) const NO_DETAIL: (Stop, [i64; 2]) = (Stop::Trap(TrapCode::DivisionByZero), [0; 2]);

/// What a machine has done so far.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counters {
    /// Steps of the program; the same on every target.
    pub steps: u64,
    /// Steps spent on collection; they count against the same budget.
    pub collector_steps: u64,
    /// Collections.
    pub collections: u64,
    /// Calls of host functions, denied ones included.
    pub host_calls: u64,
    /// Most words of stack and heap that were in use at once, without [`Module::slack`].
    pub peak_words: usize,
}

/// The state of an instance apart from its arena. Plain numbers: no reference, no pointer.
#[derive(Clone, Debug)]
pub struct State {
    /// Words of the arena that belong to the stack; the heap begins here.
    pub(crate) split: usize,
    /// Words of the heap in use.
    pub(crate) top: usize,
    /// Word of the running frame's register 0.
    pub(crate) base: usize,
    /// The next instruction.
    pub(crate) pc: usize,
    /// The latest integer result.
    pub(crate) acc: u64,
    /// The latest float result.
    pub(crate) facc: f64,
    /// Steps left of those that the host allowed; below 0 after an overdraft, which the next run pays first.
    pub(crate) fuel: i64,
    /// Steps already paid for the instruction at `pc`, which was too expensive for what was left.
    pub(crate) paid: u64,
    /// Mixed into the hashes of map keys.
    pub(crate) seed: u64,
    /// Collect before every allocation: for tests.
    pub(crate) collect_always: bool,
    /// When the running instruction collects.
    pub(crate) collection: Collection,
    /// Words at the start of the arena that hold the bindings of imports; the stack begins after them.
    pub(crate) bindings: usize,
    /// The most words of stack below the running frame; see [`Config`](super::Config).
    pub(crate) max_stack: Option<usize>,
    /// Host calls that it may still make.
    pub(crate) host_calls_left: u64,
    /// What the running host call said that it waits for.
    pub(crate) waiting: Option<u32>,
    /// Kind and message of the failure that ended the program.
    pub(crate) failure: (u64, u64),
    /// The numbers of the latest trap that has any.
    pub(crate) detail: (Stop, [i64; 2]),
    /// The function that was entered from outside, while one runs or has just ended.
    pub(crate) entry: Option<u16>,
    /// Whether it has ended, so that there is nothing to go on with.
    pub(crate) ended: bool,
    /// Whether no more is left of any run than that, and the next call can be a quick one.
    pub(crate) quick: bool,
    pub(crate) tasks: Tasks,
    pub(crate) dispatch: Dispatch,
    /// The word of the arena up to which the counters know of its use.
    pub(crate) noted: usize,
    pub(crate) counters: Counters,
}

impl Counters {
    /// Of what has done nothing.
    pub(super) const NONE: Self =
        Self { steps: 0, collector_steps: 0, collections: 0, host_calls: 0, peak_words: 0 };
}

impl State {
    /// What the machine has done so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Steps that it took beyond those that it was allowed. The next run pays for them first.
    #[must_use]
    pub const fn overdraft(&self) -> u64 {
        if self.fuel < 0 { self.fuel.unsigned_abs() } else { 0 }
    }

    /// Drops what runs or has ended, but not the module's state.
    #[inline]
    pub(super) fn clear_stack(&mut self) {
        self.entry = None;
        self.ended = false;
        self.tasks = Tasks::NONE;
        self.waiting = None;
        self.paid = 0;
        self.failure = (0, NULL);
        self.base = self.bindings + 1;
        (self.pc, self.acc, self.facc) = (0, 0, 0.0);
        self.quick = false;
    }

    /// Takes steps, whether or not they are left.
    #[inline(always)]
    pub(super) const fn charge(&mut self, cost: u64) {
        self.fuel = self.fuel.saturating_sub_unsigned(cost);
        // A snapshot may have come with any count.
        self.counters.steps = self.counters.steps.saturating_add(cost);
    }
}

/// Which of the two dispatchers runs. Both give the same results and steps.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Dispatch {
    /// Tail calls between handlers in optimised builds for 64-bit targets, otherwise the loop.
    #[default]
    Fastest,
    /// A loop around one `match`.
    Match,
    /// Tail calls between handlers, also in builds that do not optimise them; on targets of fewer than 64 bits, the loop.
    Tail,
}

/// A state with its arena and module.
pub(crate) struct Vm<'a> {
    pub(crate) module: &'a Module<'a>,
    pub(crate) arena: &'a mut [u64],
    pub(crate) state: &'a mut State,
}

impl Vm<'_> {
    /// A trap with the numbers that its code's description explains.
    #[cold]
    pub(crate) fn trap(&mut self, code: TrapCode, detail: [i64; 2]) -> Stop {
        self.fault(Fault { stop: Stop::Trap(code), detail })
    }

    /// Notes the numbers of a fault.
    #[cold]
    pub(crate) fn fault(&mut self, fault: Fault) -> Stop {
        self.state.detail = (fault.stop, fault.detail);
        fault.stop
    }

    /// How a run ends that was stopped.
    #[cold]
    #[inline(never)]
    pub(crate) fn outcome(&mut self, stop: Stop) -> Outcome {
        let (noted, detail) = core::mem::replace(&mut self.state.detail, NO_DETAIL);
        match stop {
            Stop::Pause => Outcome::Paused,
            Stop::OutOfMemory | Stop::Room => Outcome::OutOfMemory,
            Stop::OutOfStack => Outcome::OutOfStack,
            Stop::Returned => Outcome::Returned,
            Stop::Failed => Outcome::Failed(Failure::from_kind(self.state.failure.0)),
            Stop::Pending => Outcome::Pending(self.state.waiting.unwrap_or(0)),
            Stop::Waiting => Outcome::Waiting,
            Stop::Halted => Outcome::Halted,
            Stop::OutOfHostCalls => Outcome::OutOfHostCalls,
            Stop::Trap(code) => Outcome::Trap { code, detail: if noted == stop { detail } else { [0; 2] } },
        }
    }

    /// A register of the running frame; 0 outside the arena.
    #[cfg_attr(not(target_pointer_width = "32"), inline)]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn reg(&self, register: u8) -> u64 {
        self.arena.get(self.state.base + usize::from(register)).copied().unwrap_or(0)
    }

    /// Writes a register of the running frame.
    #[cfg_attr(not(target_pointer_width = "32"), inline)]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn set_reg(&mut self, register: u8, value: u64) {
        if let Some(slot) = self.arena.get_mut(self.state.base + usize::from(register)) {
            *slot = value;
        }
    }

    /// The heap: objects up to `state.top`, then free words.
    #[cfg_attr(not(target_pointer_width = "32"), inline)]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn heap(&self) -> &[u64] {
        self.arena.get(self.state.split..).unwrap_or(&[])
    }

    /// The heap, to write.
    #[cfg_attr(not(target_pointer_width = "32"), inline)]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn heap_mut(&mut self) -> &mut [u64] {
        self.arena.get_mut(self.state.split..).unwrap_or(&mut [])
    }

    /// Pays for an operation whose cost is known beforehand, before it does anything. If the steps do not
    /// suffice they are taken all the same and remembered, and the instruction is executed again later: so no
    /// work is ever done that was not paid for. Only the first payment of an instruction may use this.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn pay(&mut self, cost: u64) -> Result<(), Stop> {
        let due = cost.saturating_sub(self.state.paid);
        let available = u64::try_from(self.state.fuel).unwrap_or(0);
        let taken = due.min(available);
        self.state.fuel -= taken.cast_signed();
        self.state.counters.steps += taken;
        if taken < due {
            self.state.paid += taken;
            return Err(Stop::Pause);
        }
        self.state.paid = 0;
        Ok(())
    }

    /// Charges for work that was just done, when its cost could not be known beforehand. May overdraw, by no
    /// more than work in proportion to the arena's size; the overdraft is paid first by the next run.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn charge(&mut self, cost: u64) {
        self.state.charge(cost);
    }
}

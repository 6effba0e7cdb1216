//! The trampoline: re-derives the register window at calls and returns, and hands out steps in slices.

use core::cell::Cell;

use super::arguments::ArgumentSlots;
use super::frames::make_outermost;
use super::instance::StartError;
use super::ops::call::enter;
use super::ops::element::element_trap;
use super::ops::{Context, Exit, METERED, Machine, Regs, Step, store_result};
use super::run::Outcome;
use super::vm::{Dispatch, State, Stop, Vm};
use super::window::WINDOW;
use super::{dispatch_match, dispatch_tail};
use crate::error::TrapCode;
use crate::host::Host;
use crate::isa::Insn;
use crate::module::Callee;

/// Steps that the dispatcher runs at most before it comes back. Bounds the native stack where tail calls are
/// not made into jumps.
const SLICE: i64 = match (METERED, cfg!(debug_assertions)) {
    (false, _) => i64::MAX / 4,
    (true, true) => 256,
    (true, false) => 4096,
};

/// Whether the target has the registers that tail calls hand their arguments on in. Where it has not, the dispatcher that
/// makes them would only take up flash.
pub(super) const TAIL: bool = cfg!(target_pointer_width = "64");

/// Why the trampoline came back.
pub(super) enum Fast {
    /// A slice of steps is over.
    Quick,
    /// The instruction at `state.pc` needs the whole machine.
    Slow,
    /// The program does not go on here: [`Stop::Returned`] is that of the running task or of the entry.
    Stopped(Stop),
}

/// Runs instructions in one window.
trait Dispatcher {
    /// Whether it runs one instruction only.
    const ONE: bool = false;

    fn run(window: &mut Regs, context: &mut Context<'_>);
}

struct Tail;

impl Dispatcher for Tail {
    #[inline(always)]
    fn run(window: &mut Regs, context: &mut Context<'_>) {
        dispatch_tail::run(window, context);
    }
}

struct Match;

impl Dispatcher for Match {
    #[inline(always)]
    fn run(window: &mut Regs, context: &mut Context<'_>) {
        dispatch_match::run::<false>(window, context);
    }
}

/// For profiles.
struct Single;

impl Dispatcher for Single {
    const ONE: bool = true;

    #[inline(always)]
    fn run(window: &mut Regs, context: &mut Context<'_>) {
        dispatch_match::run::<true>(window, context);
    }
}

impl Dispatch {
    /// Whether tail calls are what runs.
    const fn is_tail(self) -> bool {
        match self {
            Self::Fastest => TAIL && !cfg!(debug_assertions),
            Self::Match => false,
            Self::Tail => TAIL,
        }
    }
}

impl State {
    /// Makes sure that the next call can be a quick one, if this machine has them.
    #[cold]
    #[inline(never)]
    fn become_quick(&mut self) -> bool {
        self.clear_stack();
        self.quick = self.dispatch.is_tail() && !self.collect_always;
        self.quick
    }
}

impl Vm<'_> {
    /// Runs instructions until something else than arithmetic, access, calls and returns is due.
    pub(super) fn run_fast(&mut self, host: &mut dyn Host) -> Fast {
        let tail = self.state.dispatch.is_tail();
        if self.is_half_done() {
            return if self.state.fuel < 1 { Fast::Stopped(Stop::Pause) } else { Fast::Slow };
        }
        loop {
            if self.state.fuel < 1 {
                return Fast::Stopped(Stop::Pause);
            }
            match if tail { self.run_slice::<Tail>(host) } else { self.run_slice::<Match>(host) } {
                Fast::Quick => {}
                end => return end,
            }
        }
    }

    /// Runs one instruction.
    pub(super) fn run_single(&mut self, host: &mut dyn Host) -> Fast {
        if self.state.fuel < 1 {
            Fast::Stopped(Stop::Pause)
        } else if self.is_half_done() {
            Fast::Slow
        } else {
            self.run_slice::<Single>(host)
        }
    }

    /// Whether the instruction is met again, because a part of it was paid or because it waits for the host: the one that did
    /// so knows of it.
    const fn is_half_done(&self) -> bool {
        self.state.paid != 0 || self.state.waiting.is_some()
    }

    /// Enters a function from outside and runs it. Most that hosts call often leave the fast loop only to return: then
    /// nothing has been noted of where they stand, which is what entering and running by themselves do most of. In line,
    /// for it is a good part of a short call.
    #[inline(always)]
    pub(super) fn run_call(
        mut self,
        callee: Callee,
        arguments: &ArgumentSlots,
        host: &mut dyn Host,
        steps: u64,
    ) -> Result<Result<u64, Outcome>, StartError> {
        let fuel = steps.cast_signed();
        let slice = if METERED { fuel.min(SLICE) } else { SLICE };
        // None to begin with, or an overdraft to pay.
        let no_steps = fuel < 1 || self.state.fuel < 0;
        // The first is known when it is built, so that machines without tail calls do not have their dispatcher.
        if !TAIL
            || no_steps
            || callee.params != arguments.count
            || !(self.state.quick || self.state.become_quick())
        {
            return self.enter_and_run(callee, arguments, host, steps);
        }
        let (pc, acc, facc) = (callee.start as usize, 0, 0.0);
        let step = Step { pc, fuel: slice as isize + pc.cast_signed(), acc, facc };
        let Some((stack, mut context)) = self.context(host, 1, step, slice) else {
            return self.enter_and_run(callee, arguments, host, steps);
        };
        let Some(window) = stack.first_chunk_mut::<{ WINDOW + 1 }>() else {
            return self.enter_and_run(callee, arguments, host, steps);
        };
        make_outermost(window, callee, &arguments.slots);
        Tail::run(window, &mut context);
        let exit = match context.exit {
            Exit::Finished => Exit::Finished,
            _ => run_other_windows(stack, &mut context),
        };
        if exit == Exit::Finished {
            context.note(fuel);
            let result = stack.get(1).copied().unwrap_or(0);
            self.state.entry = Some(callee.number);
            self.ended(Outcome::Returned);
            return Ok(Ok(result));
        }
        let end = context.leave::<Tail>(stack, exit, fuel);
        self.state.entry = Some(callee.number);
        Ok(self.run_rest(end, host))
    }

    /// The stack, and what the dispatcher works with, in the frame at this word of the stack.
    #[inline(always)]
    fn context<'m>(
        &'m mut self,
        host: &'m mut dyn Host,
        base: usize,
        step: Step,
        slice: i64,
    ) -> Option<(&'m mut [u64], Context<'m>)> {
        let (stack, heap) = self.arena.split_at_mut_checked(self.state.split)?;
        let (bindings, stack) = stack.split_at_mut_checked(self.state.bindings)?;
        let machine = Machine {
            code: self.module.code,
            module: self.module,
            bindings: bytemuck::cast_slice(bindings),
            top: self.state.top,
            limit: heap.len(),
            heap,
            base,
            max_base: stack.len().saturating_sub(WINDOW),
            host_calls: here(self.state.host_calls_left),
            state: self.state,
            slice,
            returned: 0,
            returned_to: 0,
            step,
            insn: Insn(0),
            charged: Cell::new(0),
            exit: Exit::Slow,
        };
        Some((stack, Context { host, machine }))
    }

    /// Runs at most one slice of steps. Monomorphic in the dispatcher, so that calls and returns do not ask.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn run_slice<D: Dispatcher>(&mut self, host: &mut dyn Host) -> Fast {
        let fuel = self.state.fuel;
        let slice = if METERED { fuel.min(SLICE) } else { SLICE };
        let State { base, bindings, pc, acc, facc, collect_always, .. } = *self.state;
        let step = Step { pc, fuel: slice as isize + pc.cast_signed(), acc, facc };
        let Some((stack, mut context)) = self.context(host, base.wrapping_sub(bindings), step, slice) else {
            return Fast::Stopped(Stop::from(TrapCode::Corrupt));
        };
        if collect_always {
            context.limit = 0;
        }
        let exit = run_windows::<D>(stack, &mut context);
        context.leave::<D>(stack, exit, fuel)
    }
}

/// As many of these host calls as a register counts.
#[inline(always)]
fn here(host_calls: u64) -> usize {
    usize::try_from(host_calls).unwrap_or(usize::MAX)
}

impl Context<'_> {
    /// Notes what was done. So many steps there were.
    #[inline(always)]
    fn note(&mut self, fuel: i64) {
        let Machine { state, step, slice, top, host_calls, .. } = &mut self.machine;
        let used = if METERED { *slice - (step.fuel - step.pc.cast_signed()) as i64 } else { 0 };
        state.top = *top;
        let made = (here(state.host_calls_left) - *host_calls) as u64;
        state.counters.host_calls += made;
        state.host_calls_left -= made;
        state.fuel = fuel;
        state.charge(used.max(0).cast_unsigned());
    }

    /// Notes what was done and where it stands, and says why the trampoline goes back.
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn leave<D: Dispatcher>(&mut self, stack: &[u64], mut exit: Exit, fuel: i64) -> Fast {
        if exit == Exit::Element {
            exit = element_trap(stack, self);
        }
        // It stands at the instruction that was met, but for the last return. One that traps is paid.
        if matches!(exit, Exit::Fuel | Exit::Slow | Exit::Host) {
            self.step.pc -= 1;
        }
        self.note(fuel);
        if matches!(exit, Exit::Trap | Exit::Corrupt) {
            self.step.pc = self.step.pc.saturating_sub(1);
        }
        let Machine { state, base, step, .. } = &mut self.machine;
        state.base = state.bindings.wrapping_add(*base);
        state.pc = step.pc;
        state.acc = step.acc;
        state.facc = step.facc;
        match exit {
            Exit::Fuel | Exit::Done | Exit::Noted => Fast::Quick,
            Exit::Enter | Exit::Return if D::ONE => Fast::Quick,
            Exit::Slow | Exit::Host => Fast::Slow,
            Exit::Trap => Fast::Stopped(state.detail.0),
            Exit::Corrupt | Exit::Element => Fast::Stopped(Stop::from(TrapCode::Corrupt)),
            Exit::Finished | Exit::Enter | Exit::Frame | Exit::Return => Fast::Stopped(Stop::Returned),
        }
    }
}

/// Runs until something else than deriving a window is due.
#[inline(never)]
fn run_windows<D: Dispatcher>(stack: &mut [u64], context: &mut Context<'_>) -> Exit {
    loop {
        // The window begins with the frame's link.
        let window = stack.get_mut(context.base.wrapping_sub(1)..).and_then(<[u64]>::first_chunk_mut);
        let Some(window) = window else { return Exit::Corrupt };
        if context.exit == Exit::Return {
            store_result(window, context.returned_to, context.returned);
        }
        if D::ONE && matches!(context.exit, Exit::Enter | Exit::Return) {
            return context.exit;
        }
        D::run(window, context);
        if context.exit == Exit::Frame {
            context.exit = enter(window, context);
        }
        if !matches!(context.exit, Exit::Enter | Exit::Return) {
            return context.exit;
        }
    }
}

/// Goes on where the first window was left.
#[inline(never)]
fn run_other_windows(stack: &mut [u64], context: &mut Context<'_>) -> Exit {
    match context.exit {
        Exit::Enter | Exit::Return => run_windows::<Tail>(stack, context),
        Exit::Frame => {
            // The call is met again, where there is more to it.
            context.step.pc -= 1;
            run_windows::<Tail>(stack, context)
        }
        exit => exit,
    }
}

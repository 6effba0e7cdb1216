//! The trampoline: re-derives the register window at calls and returns, and hands out steps in slices.

use core::cell::Cell;

use super::ops::call::enter;
use super::ops::object::element_trap;
use super::ops::{Context, Exit, METERED, Machine, Regs, Step, store_result};
use super::vm::{Dispatch, Vm};
use super::window::WINDOW;
use super::{dispatch_match, dispatch_tail};
use crate::error::TrapCode;
use crate::host::Host;
use crate::isa::Insn;

/// Steps that the dispatcher runs at most before it comes back. Bounds the native stack where tail calls are
/// not made into jumps.
const SLICE: i64 = match (METERED, cfg!(debug_assertions)) {
    (false, _) => i64::MAX / 4,
    (true, true) => 256,
    (true, false) => 4096,
};

/// What a machine has for a trap before there is one.
const NO_TRAP: (TrapCode, [i64; 2]) = (TrapCode::Corrupt, [0; 2]);

/// Whether the target has the registers that tail calls hand their arguments on in. Where it has not, the dispatcher that
/// makes them would only take up flash.
pub(super) const TAIL: bool = cfg!(target_pointer_width = "64");

/// Why the trampoline came back. The instruction at `state.pc` was not carried out, except for `Returned`.
pub(super) enum Fast {
    /// Out of steps.
    Paused,
    /// The instruction at `state.pc` needs the whole machine.
    Slow(Insn),
    /// The outermost function returned; its result is in its frame's first registers.
    Returned,
    /// The instruction before `state.pc` ends the program.
    Trap(TrapCode, [i64; 2]),
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

impl Vm<'_> {
    /// Runs instructions until something else than arithmetic, access, calls and returns is due.
    pub(super) fn run_fast(&mut self, host: &mut dyn Host) -> Fast {
        let tail = match self.state.dispatch {
            Dispatch::Fastest => TAIL && !cfg!(debug_assertions),
            Dispatch::Match => false,
            Dispatch::Tail => TAIL,
        };
        if let Some(due) = self.half_paid() {
            return due;
        }
        loop {
            if self.state.fuel < 1 {
                return Fast::Paused;
            }
            let end = if tail { self.run_slice::<Tail>(host) } else { self.run_slice::<Match>(host) };
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Runs one instruction; none if it was carried out.
    pub(super) fn run_single(&mut self, host: &mut dyn Host) -> Option<Fast> {
        if self.state.fuel < 1 {
            return Some(Fast::Paused);
        }
        self.half_paid().or_else(|| self.run_slice::<Single>(host))
    }

    /// The instruction that is met again, and of which a part was paid: the one that took the payment knows of it.
    fn half_paid(&self) -> Option<Fast> {
        if self.state.paid == 0 {
            None
        } else if self.state.fuel < 1 {
            Some(Fast::Paused)
        } else {
            Some(Fast::Slow(Insn(self.module.code.get(self.state.pc).copied().unwrap_or(0))))
        }
    }

    /// Runs at most one slice of steps. Monomorphic in the dispatcher, so that calls and returns do not ask.
    fn run_slice<D: Dispatcher>(&mut self, host: &mut dyn Host) -> Option<Fast> {
        let slice = if METERED { self.state.fuel.min(SLICE) } else { SLICE };
        let (stack, heap) = self.arena.split_at_mut_checked(self.state.split)?;
        let (bindings, stack) = stack.split_at_mut_checked(self.state.bindings)?;
        let limit = if self.state.collect_always { 0 } else { heap.len() };
        let start = self.state.pc.cast_signed();
        // A call that was pending asks the host differently.
        let host_calls = if self.state.waiting.is_some() { 0 } else { self.state.host_calls_left };
        let machine = Machine {
            code: self.module.code,
            heap,
            module: self.module,
            bindings,
            top: self.state.top,
            limit,
            base: self.state.base.checked_sub(self.state.bindings)?,
            max_base: stack.len().saturating_sub(WINDOW),
            seed: self.state.seed,
            host_calls,
            steps: self.state.counters.steps.wrapping_add_signed(slice),
            returned: (0, 0),
            step: Step {
                pc: self.state.pc,
                fuel: slice as isize + start,
                acc: self.state.acc,
                facc: self.state.facc,
            },
            insn: Insn(0),
            charged: Cell::new(0),
            exit: Exit::Slow,
            trap: NO_TRAP,
        };
        let mut context = Context { host, machine };
        let exit = run_windows::<D>(stack, &mut context);
        // The instruction that was met is met again, but for traps and the last return.
        if matches!(exit, Exit::Fuel | Exit::Slow | Exit::Host) {
            context.step.pc -= 1;
        }
        if exit == Exit::Element {
            context.trap = element_trap(stack, &context);
        }
        let Machine { top, base, step, trap, host_calls: left, .. } = context.machine;
        let used = if METERED { slice - (step.fuel - step.pc.cast_signed()) as i64 } else { 0 };
        self.state.top = top;
        self.state.base = self.state.bindings + base;
        self.state.pc = step.pc;
        self.state.acc = step.acc;
        self.state.facc = step.facc;
        self.state.host_calls_left -= host_calls - left;
        self.state.counters.host_calls += host_calls - left;
        self.charge(used.max(0).cast_unsigned());
        match exit {
            Exit::Fuel | Exit::Done => None,
            Exit::Enter | Exit::Return if D::ONE => None,
            Exit::Slow | Exit::Host => {
                Some(Fast::Slow(Insn(self.module.code.get(step.pc).copied().unwrap_or(0))))
            }
            Exit::Trap | Exit::Element => Some(Fast::Trap(trap.0, trap.1)),
            Exit::Finished | Exit::Enter | Exit::Frame | Exit::Return => Some(Fast::Returned),
        }
    }
}

/// Runs until something else than deriving a window is due.
#[inline(never)]
fn run_windows<D: Dispatcher>(stack: &mut [u64], context: &mut Context<'_>) -> Exit {
    loop {
        // The window begins with the frame's link.
        let window = stack.get_mut(context.base.wrapping_sub(1)..).and_then(<[u64]>::first_chunk_mut);
        let Some(window) = window else { return Exit::Trap };
        if context.exit == Exit::Return {
            let (register, value) = context.returned;
            store_result(window, register, value);
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

//! The trampoline: re-derives the register window at calls and returns, makes direct host calls, and hands out steps
//! in slices.

use super::direct::host_call;
use super::ops::call::enter;
use super::ops::object::element_trap;
use super::ops::{Context, Exit, Regs, Step, store_result};
use super::vm::{Dispatch, Vm};
use super::window::WINDOW;
use super::{dispatch_match, dispatch_tail};
use crate::error::TrapCode;
use crate::host::Host;
use crate::isa::Insn;

/// Steps that the dispatcher runs at most before it comes back. Bounds the native stack where tail calls are
/// not made into jumps.
const SLICE: i64 = if cfg!(debug_assertions) { 256 } else { 4096 };

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
        if self.state.fuel < 1 { Some(Fast::Paused) } else { self.run_slice::<Single>(host) }
    }

    /// Runs at most one slice of steps. Monomorphic in the dispatcher, so that calls and returns do not ask.
    fn run_slice<D: Dispatcher>(&mut self, host: &mut dyn Host) -> Option<Fast> {
        let slice = self.state.fuel.min(SLICE);
        let (stack, heap) = self.arena.split_at_mut_checked(self.state.split)?;
        let limit = if self.state.collect_always { 0 } else { heap.len() };
        let start = self.state.pc.cast_signed();
        // A call that was pending asks the host differently.
        let host_calls = if self.state.waiting.is_some() { 0 } else { self.state.host_calls_left };
        let mut context = Context {
            code: self.module.code,
            heap,
            module: self.module,
            top: self.state.top,
            limit,
            base: self.state.base,
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
            exit: Exit::Slow,
            trap: (TrapCode::Corrupt, [0; 2]),
        };
        let exit = run_windows::<D>(stack, &mut context, host);
        // The instruction that was met is met again, but for traps and the last return.
        if matches!(exit, Exit::Fuel | Exit::Slow) {
            context.step.pc -= 1;
        }
        if exit == Exit::Element {
            context.trap = element_trap(stack, &context);
        }
        let Context { top, base, step, trap, host_calls: left, .. } = context;
        let used = slice - (step.fuel - step.pc.cast_signed()) as i64;
        self.state.top = top;
        self.state.base = base;
        self.state.pc = step.pc;
        self.state.acc = step.acc;
        self.state.facc = step.facc;
        self.state.host_calls_left -= host_calls - left;
        self.state.counters.host_calls += host_calls - left;
        self.charge(used.max(0).cast_unsigned());
        match exit {
            Exit::Fuel | Exit::Done => None,
            Exit::Enter | Exit::Return if D::ONE => None,
            Exit::Slow => Some(Fast::Slow(Insn(self.module.code.get(step.pc).copied().unwrap_or(0)))),
            Exit::Trap | Exit::Element => Some(Fast::Trap(trap.0, trap.1)),
            Exit::Finished | Exit::Enter | Exit::Frame | Exit::Return => Some(Fast::Returned),
        }
    }
}

/// Runs until something else than deriving a window is due.
#[inline(never)]
fn run_windows<D: Dispatcher>(stack: &mut [u64], context: &mut Context<'_>, host: &mut dyn Host) -> Exit {
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
        if matches!(context.exit, Exit::Enter | Exit::Return) {
            continue;
        }
        if D::ONE || context.exit != Exit::Slow || host_call(stack, context, host).is_none() {
            return context.exit;
        }
        // As after any other host call, it pauses here if it must.
        if context.step.fuel <= context.step.pc.cast_signed() {
            return Exit::Done;
        }
    }
}

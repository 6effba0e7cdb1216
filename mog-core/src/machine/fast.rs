//! The trampoline: re-derives the register window at calls and returns, and hands out steps in slices.

use super::frames::{Link, OUTERMOST};
use super::ops::{Context, Exit, Step};
use super::vm::{Dispatch, Vm};
use super::window::WINDOW;
use super::{dispatch_match, dispatch_tail};
use crate::error::TrapCode;
use crate::heap::NULL;
use crate::isa::{Insn, ext_words};
use crate::module::Module;

/// Steps that the dispatcher runs at most before it comes back. Bounds the native stack where tail calls are
/// not made into jumps.
const SLICE: i64 = if cfg!(debug_assertions) { 256 } else { 4096 };

/// Steps of a call beyond its instruction, besides one for every four registers set to null.
const CALL_STEPS: isize = 4;
/// Steps of a return beyond its instruction.
const RETURN_STEPS: isize = 3;

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

impl Vm<'_> {
    /// Runs instructions until something else than arithmetic, access, calls and returns is due.
    pub(super) fn run_fast(&mut self) -> Fast {
        loop {
            if self.state.fuel < 1 {
                return Fast::Paused;
            }
            if let Some(end) = self.run_slice() {
                return end;
            }
        }
    }

    fn run_slice(&mut self) -> Option<Fast> {
        let slice = self.state.fuel.min(SLICE);
        let tail = match self.state.dispatch {
            Dispatch::Fastest => !cfg!(debug_assertions),
            Dispatch::Match => false,
            Dispatch::Tail => true,
        };
        let (stack, heap) = self.arena.split_at_mut_checked(self.state.split)?;
        let limit = if self.state.collect_always { 0 } else { heap.len() };
        let start = self.state.pc.cast_signed();
        let mut context = Context {
            code: self.module.code,
            heap,
            module: &self.module,
            top: self.state.top,
            limit,
            step: Step {
                pc: self.state.pc,
                fuel: slice as isize + start,
                acc: self.state.acc,
                facc: self.state.facc,
            },
            exit: Exit::Slow,
            trap: (TrapCode::Corrupt, [0; 2]),
        };
        let mut base = self.state.base;
        let end = loop {
            let Some(window) = stack.get_mut(base..).and_then(<[u64]>::first_chunk_mut::<WINDOW>) else {
                break Some(Fast::Trap(TrapCode::Corrupt, [0; 2]));
            };
            if tail { dispatch_tail::run(window, &mut context) } else { dispatch_match::run(window, &mut context) }
            let done = match context.exit {
                Exit::Call => call(&mut context, stack, &mut base),
                Exit::Return => return_(&mut context, stack, &mut base),
                Exit::Fuel => Done::NotYet,
                Exit::Slow => Done::Slow,
                Exit::Trap => Done::Ends(Fast::Trap(context.trap.0, context.trap.1)),
            };
            match done {
                Done::GoOn => {}
                Done::Ends(end) => break Some(end),
                Done::NotYet => {
                    context.step.pc -= 1;
                    break None;
                }
                Done::Slow => {
                    context.step.pc -= 1;
                    let word = context.code.get(context.step.pc).copied().unwrap_or(0);
                    break Some(Fast::Slow(Insn(word)));
                }
            }
        };
        let Context { top, step, .. } = context;
        let used = slice - (step.fuel - step.pc.cast_signed()) as i64;
        self.state.top = top;
        self.state.base = base;
        self.state.pc = step.pc;
        self.state.acc = step.acc;
        self.state.facc = step.facc;
        self.charge(used.max(0).cast_unsigned());
        end
    }
}

/// What a call or return came to.
enum Done {
    GoOn,
    /// Out of steps: the instruction is met again.
    NotYet,
    /// The instruction needs the whole machine.
    Slow,
    Ends(Fast),
}

/// Moves on to an instruction elsewhere, at a price.
#[inline(always)]
fn go_to(step: &mut Step, pc: usize, cost: isize) {
    step.fuel += pc.cast_signed() - step.pc.cast_signed() - cost;
    step.pc = pc;
}

#[inline(always)]
fn call(context: &mut Context<'_>, stack: &mut [u64], base: &mut usize) -> Done {
    let step = &mut context.step;
    if step.fuel < step.pc.cast_signed() {
        return Done::NotYet;
    }
    let insn = Insn(context.code.get(step.pc - 1).copied().unwrap_or(0));
    let first = Insn(context.code.get(step.pc).copied().unwrap_or(0));
    let module: &Module<'_> = context.module;
    let Some(function) = module.function(insn.b16()) else { return Done::Slow };
    let delta = first.a();
    let callee = *base + usize::from(delta);
    if callee + WINDOW > stack.len() {
        return Done::Slow;
    }
    let words = ext_words(1 + usize::from(function.params));
    let link = Link { pc: step.pc + words, delta, dst: insn.a() };
    let Some((frame, above)) = stack.get_mut(*base..).and_then(|s| s.split_at_mut_checked(usize::from(delta)))
    else {
        return Done::Slow;
    };
    let Some(window) = above.first_chunk_mut::<WINDOW>() else { return Done::Slow };
    if let Some(slot) = frame.last_mut() {
        *slot = link.to_word();
    }
    let argument = |register: u8| frame.get(usize::from(register)).copied().unwrap_or(0);
    window[0] = argument(first.b());
    window[1] = argument(first.c());
    if function.params > 2 {
        let rest = context.code.get(step.pc + 1..step.pc + words).unwrap_or(&[]);
        for (slots, &word) in window[2..].chunks_mut(3).zip(rest) {
            let word = Insn(word);
            for (slot, register) in slots.iter_mut().zip([word.a(), word.b(), word.c()]) {
                *slot = argument(register);
            }
        }
    }
    let mut cost = CALL_STEPS;
    if function.first_ref < function.frame {
        let references = usize::from(function.first_ref)..usize::from(function.frame);
        cost += (references.len() / 4).cast_signed();
        if let Some(references) = window.get_mut(references) {
            references.fill(NULL);
        }
    }
    *base = callee;
    go_to(step, function.start as usize, cost);
    Done::GoOn
}

#[inline(always)]
fn return_(context: &mut Context<'_>, stack: &mut [u64], base: &mut usize) -> Done {
    let step = &mut context.step;
    if step.fuel < step.pc.cast_signed() {
        return Done::NotYet;
    }
    let insn = Insn(context.code.get(step.pc - 1).copied().unwrap_or(0));
    let has_value = insn.op_byte() == crate::isa::Op::Ret1 as u8;
    let value = stack.get(*base + usize::from(insn.a())).copied().unwrap_or(0);
    let word = base.checked_sub(1).and_then(|at| stack.get(at)).copied().unwrap_or(OUTERMOST);
    let Some(link) = Link::from_word(word) else {
        if has_value && let Some(slot) = stack.get_mut(*base) {
            *slot = value;
        }
        return Done::Ends(Fast::Returned);
    };
    *base = base.saturating_sub(usize::from(link.delta));
    if has_value && let Some(slot) = stack.get_mut(*base + usize::from(link.dst)) {
        *slot = value;
    }
    go_to(step, link.pc, RETURN_STEPS);
    Done::GoOn
}

//! The fast dispatcher: every instruction is a small function that ends by calling the next one's. Optimised
//! builds turn that call into a jump, so the processor predicts each instruction's successor separately, and
//! what instructions hand on stays in machine registers.
//!
//! Stable Rust does not promise the jump. What LLVM needs for it: handlers return `()` (a larger result loses all
//! of the jumps), take at most six integer arguments, and nothing whose address escaped lives at the call. Where
//! it is lost all the same, the native stack is bounded: the trampoline hands out steps in slices.

use super::loops;
use super::ops::{Context, Exit, Flow, Regs, Step, table};
use crate::isa::{Insn, Op};

type Handler = fn(Insn, usize, &mut Regs, &mut Context<'_>, isize, u64, f64);

/// Runs from the context's step until something has to be done outside; leaves step and exit there.
pub(super) fn run(regs: &mut Regs, context: &mut Context<'_>) {
    let Step { pc, fuel, acc, facc } = context.step;
    next(Step { pc, fuel, acc, facc }, regs, context);
}

#[inline(always)]
fn next(s: Step, regs: &mut Regs, context: &mut Context<'_>) {
    match context.code.get(s.pc) {
        Some(&word) => {
            HANDLERS[usize::from(word as u8)](Insn(word), s.pc + 1, regs, context, s.fuel, s.acc, s.facc);
        }
        None => no_code(Insn(0), s.pc, regs, context, s.fuel, s.acc, s.facc),
    }
}

/// Leaves with the step as it came in.
#[cold]
#[inline(never)]
fn leave_fuel(_: Insn, pc: usize, _: &mut Regs, context: &mut Context<'_>, fuel: isize, acc: u64, facc: f64) {
    context.exit = Exit::Fuel;
    context.step = Step { pc, fuel, acc, facc };
}

#[cold]
#[inline(never)]
fn leave_trap(_: Insn, pc: usize, _: &mut Regs, context: &mut Context<'_>, fuel: isize, acc: u64, facc: f64) {
    context.exit = Exit::Trap;
    context.step = Step { pc, fuel, acc, facc };
}

#[cold]
#[inline(never)]
fn leave_element(
    _: Insn,
    pc: usize,
    _: &mut Regs,
    context: &mut Context<'_>,
    fuel: isize,
    acc: u64,
    facc: f64,
) {
    context.exit = Exit::Element;
    context.step = Step { pc, fuel, acc, facc };
}

#[cold]
#[inline(never)]
fn no_code(_: Insn, pc: usize, _: &mut Regs, context: &mut Context<'_>, fuel: isize, acc: u64, facc: f64) {
    context.exit = Exit::Corrupt;
    context.step = Step { pc, fuel, acc, facc };
}

/// What follows an instruction that was met in this step.
#[inline(always)]
fn go_on(flow: Flow, insn: Insn, met: Step, regs: &mut Regs, context: &mut Context<'_>) {
    let Step { pc, fuel, acc, facc } = met;
    match flow {
        Ok(step) => next(step, regs, context),
        Err(Exit::Fuel) => leave_fuel(insn, pc, regs, context, fuel, acc, facc),
        Err(Exit::Trap) => leave_trap(insn, pc, regs, context, fuel, acc, facc),
        Err(Exit::Element) => leave_element(insn, pc, regs, context, fuel, acc, facc),
        Err(Exit::Noted) => {}
        Err(exit @ (Exit::Enter | Exit::Return)) => context.exit = exit,
        Err(exit) => {
            context.exit = exit;
            context.step = met;
        }
    }
}

macro_rules! define_handlers {
    ($(
        $op:ident = $func:ident [$($operand:ident $(($kind:ident))?),*] {$($flag:ident)*} $meaning:literal
        $(then { $($opcode:literal $sequence:ident = $($step:ident $step_func:ident),*;)* })?
        $(loop { $($loop_opcode:literal $loop:ident = $($loop_step:ident $loop_func:ident),*;)* })?;
    )*) => {
        mod handlers {
            use super::*;
            $(
                #[inline(never)]
                pub(super) fn $func(
                    insn: Insn, pc: usize, regs: &mut Regs, context: &mut Context<'_>, fuel: isize, acc: u64, facc: f64,
                ) {
                    let met = Step { pc, fuel, acc, facc };
                    go_on(table::$func(insn, met, regs, context), insn, met, regs, context);
                }
            )*
            $($($(
                #[inline(never)]
                pub(super) fn $sequence(
                    insn: Insn, pc: usize, regs: &mut Regs, context: &mut Context<'_>, fuel: isize, acc: u64, facc: f64,
                ) {
                    let (mut insn, mut met) = (insn, Step { pc, fuel, acc, facc });
                    let mut flow = table::$func(insn, met, regs, context);
                    $(
                        let Ok(step) = flow else { return go_on(flow, insn, met, regs, context) };
                        // It jumped, if it did not come to the next one.
                        let Some(&word) = context.code.get(step.pc).filter(|_| step.pc == met.pc) else {
                            return next(step, regs, context);
                        };
                        (insn, met) = (Insn(word), Step { pc: step.pc + 1, ..step });
                        flow = table::$step_func(insn, met, regs, context);
                    )*
                    go_on(flow, insn, met, regs, context);
                }
            )*)?)*
            $($($(
                #[inline(never)]
                pub(super) fn $loop(
                    insn: Insn, pc: usize, regs: &mut Regs, context: &mut Context<'_>, fuel: isize, acc: u64, facc: f64,
                ) {
                    let (met, flow) = loops::$loop(insn, Step { pc, fuel, acc, facc }, regs, context);
                    go_on(flow, insn, met, regs, context);
                }
            )*)?)*
        }

        static HANDLERS: [Handler; 256] = {
            let mut table: [Handler; 256] = [no_code; 256];
            $(table[Op::$op as usize] = handlers::$func;)*
            $($($(table[$opcode] = handlers::$sequence;)*)?)*
            $($($(table[$loop_opcode] = handlers::$loop;)*)?)*
            table
        };
    };
}

crate::instructions!(define_handlers);

//! The fast dispatcher: every instruction is a small function that ends by calling the next one's. Optimised
//! builds turn that call into a jump, so the processor predicts each instruction's successor separately, and
//! what instructions hand on stays in machine registers.
//!
//! Stable Rust does not promise the jump. What LLVM needs for it: handlers return `()` (a larger result loses all
//! of the jumps), take at most six integer arguments, and nothing whose address escaped lives at the call. Where
//! it is lost all the same, the native stack is bounded: the trampoline hands out steps in slices.

use super::ops::{Context, Exit, Regs, Step, table};
use crate::error::TrapCode;
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
    context.exit = context.trap(TrapCode::Corrupt, 0, 0);
    context.step = Step { pc, fuel, acc, facc };
}

macro_rules! define_handlers {
    ($($op:ident = $func:ident [$($operand:ident $(($kind:ident))?),*] {$($flag:ident)*} $meaning:literal;)*) => {
        mod handlers {
            use super::*;
            $(
                #[inline(never)]
                pub(super) fn $func(
                    insn: Insn, pc: usize, regs: &mut Regs, context: &mut Context<'_>, fuel: isize, acc: u64, facc: f64,
                ) {
                    match table::$func(insn, Step { pc, fuel, acc, facc }, regs, context) {
                        Ok(step) => next(step, regs, context),
                        Err(Exit::Fuel) => leave_fuel(insn, pc, regs, context, fuel, acc, facc),
                        Err(Exit::Trap) => leave_trap(insn, pc, regs, context, fuel, acc, facc),
                        Err(Exit::Element) => leave_element(insn, pc, regs, context, fuel, acc, facc),
                        Err(exit @ (Exit::Enter | Exit::Return | Exit::Done | Exit::Host)) => context.exit = exit,
                        Err(exit) => {
                            context.exit = exit;
                            context.step = Step { pc, fuel, acc, facc };
                        }
                    }
                }
            )*
        }

        static HANDLERS: [Handler; 256] = {
            let mut table: [Handler; 256] = [no_code; 256];
            $(table[Op::$op as usize] = handlers::$func;)*
            table
        };
    };
}

crate::instructions!(define_handlers);

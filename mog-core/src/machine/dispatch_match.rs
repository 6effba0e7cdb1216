//! The portable dispatcher: a loop around one `match`. Small and unlisted targets and debug builds run this.

use super::ops::{Context, Exit, Regs, table};
use crate::error::TrapCode;
use crate::features::lacks;
use crate::isa::{Insn, Op};
use crate::verify::of_row;

macro_rules! define_loop {
    ($($op:ident = $func:ident [$($operand:ident $(($kind:ident))?),*] {$($flag:ident)*} $meaning:literal;)*) => {
        /// Runs from the context's step until something has to be done outside, or for one instruction only; leaves step
        /// and exit there.
        pub(super) fn run<const ONE: bool>(regs: &mut Regs, context: &mut Context<'_>) {
            let mut step = context.step;
            loop {
                let Some(&word) = context.code.get(step.pc) else {
                    context.exit = context.trap(TrapCode::Corrupt, 0, 0);
                    break;
                };
                step.pc += 1;
                let insn = Insn(word);
                let flow = match insn.op_byte() {
                    $(x if x == Op::$op as u8 => {
                        if const { lacks(of_row(Op::$op)) } {
                            Err(context.trap(TrapCode::Corrupt, 0, 0))
                        } else {
                            table::$func(insn, step, regs, context)
                        }
                    })*
                    _ => Err(context.trap(TrapCode::Corrupt, 0, 0)),
                };
                match flow {
                    Ok(next) => {
                        step = next;
                        if ONE {
                            context.exit = Exit::Done;
                            break;
                        }
                    }
                    Err(exit @ (Exit::Enter | Exit::Return | Exit::Done | Exit::Host)) => {
                        context.exit = exit;
                        return;
                    }
                    Err(exit) => {
                        context.exit = exit;
                        break;
                    }
                }
            }
            context.step = step;
        }
    };
}

crate::instructions!(define_loop);

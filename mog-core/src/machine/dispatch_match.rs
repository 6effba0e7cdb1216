//! The portable dispatcher: a loop around one `match`. Small and unlisted targets and debug builds run this.

use super::fast::TAIL;
use super::loops;
use super::ops::{Context, Exit, Regs, Step, table};
use crate::features::lacks;
use crate::isa::{Insn, Op, Sequence};
use crate::verify::features_of_op;

/// Leaves by a function of its own: else the loop would have this exit's number at hand before each instruction. Only where
/// registers are few: where the latest result has one, it would lose it.
#[cold]
#[inline(never)]
fn leave_slow(context: &mut Context<'_>, pc: usize, fuel: isize, acc: u64, facc: f64) {
    context.exit = Exit::Slow;
    context.step = Step { pc, fuel, acc, facc };
}

/// The same for what ends the program: an element that is not there, or code that was not verified.
#[cold]
#[inline(never)]
fn leave_trapped<const ELEMENT: bool>(context: &mut Context<'_>, pc: usize, fuel: isize) {
    context.exit = if ELEMENT { Exit::Element } else { Exit::Corrupt };
    (context.step.pc, context.step.fuel) = (pc, fuel);
}

const _: () = assert!(
    Op::ALL.len() == 169 && Sequence::ALL.len() == 86,
    "opcodes of new instructions and sequences go from the list of those without one, below, and these numbers go up"
);

/// One instruction of a row.
macro_rules! single {
    ($op:ident, $func:ident($insn:ident, $step:ident, $regs:ident, $context:ident)) => {
        if const { lacks(features_of_op(Op::$op)) } {
            Err(Exit::Corrupt)
        } else {
            table::$func($insn, $step, $regs, $context)
        }
    };
}

macro_rules! define_loop {
    ($(
        $op:ident = $func:ident [$($operand:ident $(($kind:ident))?),*] {$($flag:ident)*} $meaning:literal
        $(then { $($opcode:literal $sequence:ident = $($step:ident $step_func:ident),*;)* })?
        $(loop { $($loop_opcode:literal $loop:ident = $($loop_step:ident $loop_func:ident),*;)* })?;
    )*) => {
        /// The opcodes as constants: patterns of one `match` become one table of jumps, comparisons several.
        #[allow(non_upper_case_globals, reason = "they are the variants' names")]
        mod numbers {
            use super::Op;
            $(pub(super) const $op: u8 = Op::$op as u8;)*
        }

        /// Runs from the context's step until something has to be done outside, or for one instruction only; leaves step
        /// and exit there.
        pub(super) fn run<const ONE: bool>(regs: &mut Regs, context: &mut Context<'_>) {
            let mut step = context.step;
            loop {
                let Some(&word) = context.code.get(step.pc) else {
                    context.exit = Exit::Corrupt;
                    break;
                };
                step.pc += 1;
                let insn = Insn(word);
                let flow = match insn.op_byte() {
                    $(
                        #[cfg(target_pointer_width = "64")]
                        numbers::$op => single!($op, $func(insn, step, regs, context)),
                        $($(
                            #[cfg(target_pointer_width = "64")]
                            $opcode => {
                                if const { lacks(features_of_op(Op::$op) $(| features_of_op(Op::$step))*) } || ONE {
                                    single!($op, $func(insn, step, regs, context))
                                } else {
                                    let mut flow = table::$func(insn, step, regs, context);
                                    $(
                                        // Unless it jumped.
                                        if let Ok(done) = flow
                                            && done.pc == step.pc
                                            && let Some(&word) = context.code.get(done.pc)
                                        {
                                            step = Step { pc: done.pc + 1, ..done };
                                            flow = table::$step_func(Insn(word), step, regs, context);
                                        }
                                    )*
                                    flow
                                }
                            }
                        )*)?
                        // It takes code for each, and registers from all others.
                        #[cfg(not(target_pointer_width = "64"))]
                        numbers::$op $($(| $opcode)*)? => single!($op, $func(insn, step, regs, context)),
                    )*
                    #[expect(clippy::manual_range_patterns, reason = "a range is compared with")]
                    $($($(| $loop_opcode)*)?)* => {
                        context.step = step;
                        if let Some(exit) = loops::run::<ONE>(insn, regs, context) {
                            context.exit = exit;
                            return;
                        }
                        Ok(context.step)
                    }
                    // The opcodes without an instruction, each: with all named nothing is compared before the jump.
                    169 => Err(Exit::Corrupt),
                };
                match flow {
                    Ok(next) => {
                        step = next;
                        if ONE {
                            context.exit = Exit::Done;
                            break;
                        }
                    }
                    Err(Exit::Slow) if !TAIL => {
                        return leave_slow(context, step.pc, step.fuel, step.acc, step.facc);
                    }
                    Err(Exit::Corrupt) if !TAIL => return leave_trapped::<false>(context, step.pc, step.fuel),
                    Err(Exit::Element) if !TAIL => return leave_trapped::<true>(context, step.pc, step.fuel),
                    Err(Exit::Noted) => return,
                    Err(exit @ (Exit::Enter | Exit::Return)) => {
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

//! Sequences that are whole loops. What their words say is looked at once, and then each round is carried out without a way
//! back to the dispatcher. All else is as if the instructions were met one by one: each jump back is a charge point, and what
//! ends the loop is the instruction that was met last.

use super::fast::TAIL;
use super::ops::{Context, Exit, Flow, Regs, Step};
use crate::error::TrapCode;
use crate::features::lacks;
use crate::isa::{Insn, Op, Sequence};
use crate::verify::of_row;

/// What instructions do, in a function that has registers of its own.
mod table {
    pub(super) use crate::machine::ops::host::host_call_in_line as host_call;
    pub(super) use crate::machine::ops::table::*;
}

/// Words of the longest loop that the portable dispatcher stays in: where flash is scarce, not in those that take much of it.
const LONGEST: usize = if TAIL { usize::MAX } else { 4 };

macro_rules! define_loops {
    ($(
        $op:ident = $func:ident $operands:tt $flags:tt $meaning:literal
        $(then $sequences:tt)?
        $(loop { $($opcode:literal $loop:ident = $($step:ident $step_func:ident),*;)* })?;
    )*) => {
    $($($(
        /// Gives the step in which the last instruction was met, and what came of it.
        #[inline(always)]
        pub(super) fn $loop(first: Insn, first_met: Step, r: &mut Regs, c: &mut Context<'_>) -> (Step, Flow) {
            const LOOP: &Sequence = &Sequence::ALL[255 - $opcode];
            const OTHERS: usize = LOOP.ops().len() - 1;
            let others = c.code.get(first_met.pc..).and_then(<[u32]>::first_chunk::<OTHERS>).copied();
            // The verifier saw that the last one jumps to the first. Here it is seen how far that is, so that where it jumps
            // need not be looked at.
            let Some(others) = others.filter(|words| Insn(words[OTHERS - 1]).c_signed() == LOOP.back()) else {
                return (first_met, Err(c.trap(TrapCode::Corrupt, 0, 0)));
            };
            let mut start = first_met;
            loop {
                let (mut met, mut next) = (start, first_met.pc);
                let mut flow = table::$func(first, met, r, c);
                let mut others = others.iter();
                $(
                    let word = others.next().copied().unwrap_or(0);
                    // Operand words are the one before's.
                    if !matches!(Op::$step, Op::Ext) {
                        match flow {
                            Ok(done) if done.pc == next => met = Step { pc: next + 1, ..done },
                            _ => return (met, flow),
                        }
                        flow = table::$step_func(Insn(word), met, r, c);
                    }
                    next += 1;
                )*
                match flow {
                    Ok(done) if done.pc != next => start = Step { pc: first_met.pc, ..done },
                    _ => return (met, flow),
                }
            }
        }
    )*)?)*

    /// Runs a loop from the context's step on and leaves there where it ended; says why, unless it is to be gone on with. Out
    /// of line and unlikely, for the loop around a `match`, which would lose registers of all other instructions.
    #[cold]
    #[inline(never)]
    pub(super) fn run<const ONE: bool>(insn: Insn, r: &mut Regs, c: &mut Context<'_>) -> Option<Exit> {
        let step = c.step;
        let (met, flow) = match insn.op_byte() {
            $($($(
                $opcode if const { lacks(of_row(Op::$op) $(| of_row(Op::$step))*) } => (step, Err(c.trap(TrapCode::Corrupt, 0, 0))),
                $opcode if ONE || const { LONGEST < Sequence::ALL[255 - $opcode].ops().len() } => (step, table::$func(insn, step, r, c)),
                $opcode => $loop(insn, step, r, c),
            )*)?)*
            _ => (step, Err(c.trap(TrapCode::Corrupt, 0, 0))),
        };
        match flow {
            Ok(step) => {
                c.step = step;
                None
            }
            // The step is noted already.
            Err(Exit::Noted) => Some(c.exit),
            Err(exit) => {
                c.step = met;
                Some(exit)
            }
        }
    }
    };
}

crate::instructions!(define_loops);

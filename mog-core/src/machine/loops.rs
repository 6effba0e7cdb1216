//! Sequences that are whole loops. What their words say is looked at once, and then each round is carried out without a way
//! back to the dispatcher. All else is as if the instructions were met one by one: each jump back is a charge point, and what
//! ends the loop is the instruction that was met last. How often a counted loop jumps back, and for how much of that there are
//! steps, is known before: so many rounds are paid for and made without asking.
//!
//! Arrays are looked up once: no instruction of a loop makes or resizes one, and a loop that gets another into a register of
//! whose array it accesses elements is none. Where flash is scarce, they are looked up in each round.

use super::fast::TAIL;
use super::ops::element::{Elements, access, array_of};
use super::ops::host::host_rounds;
use super::ops::{Context, Exit, Flow, METERED, Regs, Step, at, table};
use crate::features::lacks;
use crate::isa::{Flags, Insn, Op, Operand, Sequence, gets_reference};
use crate::verify::features_of_op;

/// Whether the dispatcher stays in a loop. Where flash is scarce, not in those that take much of it, nor in those that look for
/// an element.
const fn is_stayed_in(of: &Sequence) -> bool {
    let (ops, mut n) = (of.ops(), 0);
    while n < ops.len() {
        if !TAIL && matches!(ops[n], Op::AGetNext | Op::AGetPrev) {
            return false;
        }
        n += 1;
    }
    TAIL || ops.len() <= 4
}

/// Whether an instruction counts up to a limit and jumps.
const fn is_count(op: Op) -> bool {
    matches!(op, Op::ForLt | Op::ForLe)
}

/// Whether the rounds of a loop can be counted before they are made: what it does costs its words only, and writes no
/// registers but its operands. Where flash is scarce, rounds are not counted.
const fn is_counted(of: &Sequence) -> bool {
    let (ops, mut n) = (of.ops(), 0);
    while n < ops.len() - 1 {
        if ops[n].info().flags.has(Flags::CHARGES) || writes_several(ops[n]) {
            return false;
        }
        n += 1;
    }
    TAIL && is_count(ops[n])
}

/// Whether an instruction writes more registers than those that it names.
const fn writes_several(op: Op) -> bool {
    let (operands, mut n) = (op.info().operands.as_slice(), 0);
    while n < operands.len() {
        if matches!(operands[n], Operand::DefN | Operand::ElemN | Operand::Result) {
            return true;
        }
        n += 1;
    }
    false
}

/// Whether the array of an instruction is looked up before the loop, if it has one.
const fn is_found(array: Option<u8>) -> bool {
    TAIL && array.is_some()
}

/// The register into which an instruction with this opcode may get an array.
#[inline(always)]
const fn gets<const OP: u8>(insn: Insn) -> Option<u8> {
    if gets_reference(Op::ALL[OP as usize]) { Some(insn.a()) } else { None }
}

/// Whether a register is one of these.
#[inline(always)]
const fn is_among<const N: usize>(register: u8, all: &[Option<u8>; N]) -> bool {
    let (mut n, mut among) = (0, false);
    while n < N {
        among |= matches!(all[n], Some(other) if at(other) == at(register));
        n += 1;
    }
    among
}

/// Which of its operands an instruction writes.
const fn defs(op: Op) -> u8 {
    let (operands, mut n, mut defs) = (op.info().operands.as_slice(), 0, 0);
    while n < operands.len() {
        if matches!(operands[n], Operand::Def(_) | Operand::Mod(_)) {
            defs |= 1 << n;
        }
        n += 1;
    }
    defs
}

/// Whether an instruction that writes these of its operands writes the counter or the limit of a loop.
#[inline(always)]
fn writes<const DEFS: u8>(insn: Insn, count: Insn) -> bool {
    DEFS & 1 != 0 && is_counted_by(count, insn.a())
        || DEFS & 2 != 0 && is_counted_by(count, insn.b())
        || DEFS & 4 != 0 && is_counted_by(count, insn.c())
}

/// Whether a register is the counter of a loop, or its limit.
#[inline(always)]
pub(super) const fn is_counted_by(count: Insn, register: u8) -> bool {
    at(register) == at(count.a()) || at(register) == at(count.b())
}

/// How many rounds of a counted loop are sure to be followed by another, each of which costs so many steps: at the end of the
/// first so many are left, and none or more let it go on.
#[inline(always)]
pub(super) fn sure_rounds(count: Insn, is_lt: bool, left: isize, cost: usize, r: &Regs) -> usize {
    let (counter, limit) = (r[at(count.a())].cast_signed(), r[at(count.b())].cast_signed());
    let next = if is_lt { counter.wrapping_add(1) } else { counter };
    let rounds = if next < limit { limit.wrapping_sub(next).cast_unsigned() } else { 0 };
    let rounds = usize::try_from(rounds).unwrap_or(usize::MAX);
    let paid_for = if left < 0 { 0 } else { left.cast_unsigned() / cost + 1 };
    if METERED { rounds.min(paid_for) } else { rounds }
}

/// Charges for so many rounds.
#[inline(always)]
fn pay(of: &Sequence, step: Step, rounds: usize) -> Step {
    Step { fuel: step.fuel.wrapping_sub(cost(of, rounds)), ..step }
}

/// Gives back what was charged for so many rounds that were not made.
#[inline(always)]
fn refund(of: &Sequence, step: Step, rounds: usize) -> Step {
    Step { fuel: step.fuel.wrapping_add(cost(of, rounds)), ..step }
}

#[inline(always)]
fn cost(of: &Sequence, rounds: usize) -> isize {
    if METERED { (rounds * of.ops().len()).cast_signed() } else { 0 }
}

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
                return (first_met, Err(Exit::Corrupt));
            };
            if const { matches!(LOOP.ops(), [Op::HostCall, Op::Ext, Op::Add, Op::ForLt]) } {
                return host_rounds(first, &others, first_met, r, c);
            }
            let mut got = [None; OTHERS + 1];
            let mut found = [Elements::NONE; OTHERS + 1];
            let mut number = 0;
            got[number] = gets::<{ Op::$op as u8 }>(first);
            $(
                number += 1;
                got[number] = gets::<{ Op::$step as u8 }>(Insn(others[number - 1]));
            )*
            number = 0;
            let mut replaced = false;
            if let Some(array) = array_of::<{ Op::$op as u8 }>(first) {
                replaced |= is_among(array, &got);
                found[number] = Elements::of(c, r[at(array)]).unwrap_or(Elements::NONE);
            }
            $(
                number += 1;
                if let Some(array) = array_of::<{ Op::$step as u8 }>(Insn(others[number - 1])) {
                    replaced |= is_among(array, &got);
                    found[number] = Elements::of(c, r[at(array)]).unwrap_or(Elements::NONE);
                }
            )*
            if TAIL && replaced {
                return (first_met, table::$func(first, first_met, r, c));
            }
            let mut start = first_met;
            let count = Insn(others[OTHERS - 1]);
            // Rounds that are sure to be followed by another ask neither for the end nor for steps.
            let mut sure = 0;
            if const { is_counted(LOOP) } {
                let mut words = others.iter();
                let mut keeps = at(count.a()) != at(count.b()) && !writes::<{ defs(Op::$op) }>(first, count);
                $(
                    let word = Insn(words.next().copied().unwrap_or(0));
                    keeps &= is_count(Op::$step) || !writes::<{ defs(Op::$step) }>(word, count);
                )*
                if keeps {
                    let is_lt = matches!(LOOP.ops().last(), Some(Op::ForLt));
                    let left = first_met.fuel - first_met.pc.cast_signed() - OTHERS.cast_signed();
                    sure = sure_rounds(count, is_lt, left, LOOP.ops().len(), r);
                }
            }
            // Paid for before, so that nothing of it need be at hand meanwhile.
            start = pay(LOOP, start, sure);
            let mut left = sure;
            loop {
                let (mut met, mut next) = (start, first_met.pc);
                let mut number = 0;
                let mut flow = if const { is_found(array_of::<{ Op::$op as u8 }>(Insn(0))) } {
                    access::<{ Op::$op as u8 }>(first, met, r, c, found[number])
                } else {
                    table::$func(first, met, r, c)
                };
                let mut others = others.iter();
                $(
                    let word = others.next().copied().unwrap_or(0);
                    number += 1;
                    // Operand words are the one before's.
                    if !matches!(Op::$step, Op::Ext) {
                        match flow {
                            Ok(done) if done.pc == next => met = Step { pc: next + 1, ..done },
                            _ => return (refund(LOOP, met, left), flow.map(|step| refund(LOOP, step, left))),
                        }
                        if const { is_counted(LOOP) && is_count(Op::$step) } {
                            if left > 0 {
                                left -= 1;
                                start = Step { pc: first_met.pc, ..met };
                                let counter = &mut r[at(count.a())];
                                *counter = counter.wrapping_add(1);
                                continue;
                            }
                        }
                        flow = if const { is_found(array_of::<{ Op::$step as u8 }>(Insn(0))) } {
                            access::<{ Op::$step as u8 }>(Insn(word), met, r, c, found[number])
                        } else {
                            table::$step_func(Insn(word), met, r, c)
                        };
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
                $opcode if const { lacks(features_of_op(Op::$op) $(| features_of_op(Op::$step))*) } => (step, Err(Exit::Corrupt)),
                $opcode if ONE || const { !is_stayed_in(&Sequence::ALL[255 - $opcode]) } => (step, table::$func(insn, step, r, c)),
                $opcode => $loop(insn, step, r, c),
            )*)?)*
            _ => (step, Err(Exit::Corrupt)),
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

//! Computations whose operands a loop does not change, moved in front of it: out of as many loops as can be. Only what
//! cannot fail and costs one step is moved, so it may as well be computed where the loop would not have come to it.

use mog_core::isa::{Flags, Op, Operand};

use super::tidy::Uses;
use super::{ACCESS, Arg, Body, Code, Inst, Slot, V, visit_writes};

/// Most computations that are moved in front of one loop: each keeps a register for as long as the loop runs.
const MOST: usize = 8;

/// No position.
const NONE: u32 = u32::MAX;

/// What is known of a register's writes while the code is walked through.
#[derive(Clone, Copy)]
struct Written {
    count: u32,
    /// The latest in a loop before the running instruction, or the beginning of the loop that it was moved in front of.
    before: u32,
    /// The next one in a loop; while the code is walked through backwards.
    next: u32,
}

/// Where loops end, and where in loops registers are written: positions of instructions.
#[derive(Default)]
struct Writes {
    /// By register.
    written: Vec<Written>,
    /// By computation, the last one first: where its operands are written next.
    next: Vec<[u32; 3]>,
    /// By loop, the last one first: where it ends.
    ends: Vec<u32>,
    /// Ends of the loops around a position.
    open: Vec<u32>,
    /// How many registers there were in the beginning.
    old: u32,
}

impl Writes {
    /// Finds them; how often registers are written is known.
    fn find(&mut self, body: &Body, uses: &[Uses]) {
        let Self { written, next, ends, open, old } = self;
        *old = body.classes.len() as u32;
        written.clear();
        written.extend(uses.iter().map(|uses| Written { count: uses.writes, before: NONE, next: NONE }));
        next.clear();
        ends.clear();
        open.clear();
        for (at, inst) in body.insts.iter().enumerate().rev() {
            match inst.code {
                // Outside loops nothing is moved.
                Code::Op(_) if open.is_empty() => {}
                Code::LoopEnd => open.push(at as u32),
                Code::LoopStart => ends.push(open.pop().unwrap_or(NONE)),
                code => {
                    visit_writes(inst, &body.ext, |v| {
                        if let Some(written) = written.get_mut(v.0 as usize) {
                            written.next = at as u32;
                        }
                    });
                    if is_computation(code) {
                        next.push(inst.args.map(|arg| match arg {
                            Arg::Reg(slot) => {
                                written.get(slot.v.0 as usize).map_or(NONE, |written| written.next)
                            }
                            _ => NONE,
                        }));
                    }
                }
            }
        }
    }

    /// Whether the operand of a computation is written within a loop around it; where it is written next is known.
    fn within(&self, v: V, next: u32, around: &Loop) -> bool {
        let before = self.written.get(v.0 as usize).map_or(NONE, |written| written.before);
        before != NONE && before > around.start || next < around.end
    }
}

/// A loop around the running instruction.
#[derive(Clone, Copy)]
struct Loop {
    start: u32,
    end: u32,
    /// How many computations were moved in front of it.
    moved: usize,
}

/// Moves computations out of loops, in one function after the other; keeps its tables in between.
#[derive(Default)]
pub(super) struct Hoister {
    writes: Writes,
    /// The beginning of a loop, and the instruction that is moved in front of it.
    moves: Vec<(u32, u32)>,
    loops: Vec<Loop>,
    placed: Vec<Inst>,
}

impl Hoister {
    /// Moves what can be moved, given how often each register is written.
    pub(super) fn hoist(&mut self, body: &mut Body, uses: &[Uses]) {
        if body.loops.is_empty() {
            return; // no loops
        }
        self.writes.find(body, uses);
        self.find_moves(body);
        if self.moves.is_empty() {
            return;
        }
        let moved: Vec<u32> = {
            let mut moved: Vec<u32> = self.moves.iter().map(|&(_, from)| from).collect();
            moved.sort_unstable();
            moved
        };
        // In the order of the code, so that what needs another comes after it.
        self.moves.sort_by_key(|&(to, _)| to);
        let (mut moves, mut moved) = (self.moves.iter().peekable(), moved.iter().peekable());
        self.placed.clear();
        for (at, inst) in (0..).zip(&body.insts) {
            while let Some(&(_, from)) = moves.next_if(|&&(to, _)| to == at) {
                self.placed.extend(body.insts.get(from as usize));
            }
            if moved.next_if_eq(&&at).is_none() {
                self.placed.push(*inst);
            }
        }
        core::mem::swap(&mut body.insts, &mut self.placed);
    }

    fn find_moves(&mut self, body: &mut Body) {
        self.moves.clear();
        self.loops.clear();
        for at in 0..body.insts.len() {
            let position = at as u32;
            match body.insts[at].code {
                Code::Op(_) if self.loops.is_empty() => {}
                Code::LoopStart => {
                    let end = self.writes.ends.pop().unwrap_or(position);
                    self.loops.push(Loop { start: position, end, moved: 0 });
                }
                Code::LoopEnd => drop(self.loops.pop()),
                code => {
                    if is_computation(code) {
                        let next = self.writes.next.pop().unwrap_or([NONE; 3]);
                        if self.try_move(body, at, next) {
                            continue;
                        }
                    }
                    visit_writes(&body.insts[at], &body.ext, |v| {
                        if let Some(written) = self.writes.written.get_mut(v.0 as usize) {
                            written.before = position;
                        }
                    });
                }
            }
        }
    }

    /// Moves a computation if its operands, which are written next at these positions, stay the same. Whether they do.
    fn try_move(&mut self, body: &mut Body, at: usize, next: [u32; 3]) -> bool {
        let inst = body.insts[at];
        let Code::Op(op) = inst.code else { return false };
        let reads = ACCESS[op as usize].reads;
        let writes = &self.writes;
        let varies = |around: &Loop| {
            (0..3).any(|n| match inst.args[n] {
                // A register made here is written once, before.
                Arg::Reg(slot) if reads >> n & 1 != 0 => {
                    let next = if slot.v.0 >= writes.old { NONE } else { next[n] };
                    writes.within(slot.v, next, around)
                }
                _ => false,
            })
        };
        // The loops around this one where that is so; all within them too.
        let inner = self.loops.iter().rposition(varies).map_or(0, |varying| varying + 1);
        let Some(&out_of) = self.loops.get(inner).filter(|out_of| out_of.moved < MOST) else { return false };
        let Arg::Reg(Slot { v, .. }) = inst.args[0] else { return false };
        let result = match self.writes.written.get(v.0 as usize) {
            Some(Written { count: 1, .. }) => Some(v),
            _ => self.own_result(body, at),
        };
        let Some(result) = result else { return false };
        self.moves.push((out_of.start, at as u32));
        if let Some(written) = self.writes.written.get_mut(result.0 as usize) {
            written.before = out_of.start;
        }
        if let Some(out_of) = self.loops.get_mut(inner) {
            out_of.moved += 1;
        }
        true
    }

    /// Gives a result a register of its own if the next instruction takes it and overwrites it: one step of a longer
    /// computation in the same register.
    fn own_result(&mut self, body: &mut Body, at: usize) -> Option<V> {
        let result = body.insts.get(at)?.args[0];
        let next = body.insts.get(at + 1)?;
        let Code::Op(op) = next.code else { return None };
        let overwrites =
            matches!(op.info().operands.first(), Some(Operand::Def(_))) && next.args[0] == result;
        let Arg::Reg(Slot { v, sub: 0 }) = result else { return None };
        if !overwrites || !next.args[1..].contains(&result) {
            return None;
        }
        let own = body.fresh(*body.classes.get(v.0 as usize)?);
        self.writes.written.push(Written { count: 1, before: at as u32, next: NONE });
        let own_result = Arg::Reg(Slot { v: own, sub: 0 });
        body.insts.get_mut(at)?.args[0] = own_result;
        for arg in body.insts.get_mut(at + 1)?.args.iter_mut().skip(1).filter(|arg| **arg == result) {
            *arg = own_result;
        }
        Some(own)
    }
}

/// Whether an instruction only computes a number from registers, on one step.
const fn is_computation(code: Code) -> bool {
    matches!(code, Code::Op(op) if COMPUTES[op as usize])
}

/// By opcode: whether it only computes a number from registers, on one step.
const COMPUTES: [bool; Op::ALL.len()] = {
    let mut all = [false; Op::ALL.len()];
    let mut number = 0;
    while number < all.len() {
        let op = Op::ALL[number];
        let info = op.info();
        let is_number = info.flags.has(Flags::INT) || info.flags.has(Flags::FLOAT);
        let charges_more = matches!(op, Op::FRem | Op::FMath | Op::FPow | Op::FAtan2);
        if is_number && info.flags.has(Flags::PURE) && !charges_more {
            let (operands, mut n) = (info.operands.as_slice(), 0);
            while n < operands.len() {
                all[number] |= matches!(operands[n], Operand::Use(_));
                n += 1;
            }
        }
        number += 1;
    }
    all
};

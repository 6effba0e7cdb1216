//! Computations whose operands a loop does not change, moved in front of it: out of as many loops as can be. Only what
//! cannot fail and costs one step is moved, so it may as well be computed where the loop would not have come to it.

use mog_core::isa::{Flags, Op, Operand};

use super::{Arg, Body, Code, Inst, Slot, V, visit};

/// Most computations that are moved in front of one loop: each keeps a register for as long as the loop runs.
const MOST: usize = 8;

/// Where registers are written: positions of instructions, in order for each register. What is moved counts as written at
/// the loop's beginning.
#[derive(Default)]
struct Writes {
    /// By register: the first of its positions; then where the last one's end.
    starts: Vec<usize>,
    positions: Vec<usize>,
}

impl Writes {
    /// Finds them all.
    fn find(&mut self, body: &Body) {
        let Self { starts, positions } = self;
        starts.clear();
        starts.resize(body.classes.len() + 1, 0);
        let each = |f: &mut dyn FnMut(V, usize)| {
            body.params.iter().for_each(|&param| f(param, 0));
            for (at, inst) in body.insts.iter().enumerate() {
                visit(inst, &body.ext, |slot, writes, _| {
                    if writes {
                        f(slot.v, at);
                    }
                });
            }
        };
        each(&mut |v, _| {
            if let Some(count) = starts.get_mut(v.0 as usize) {
                *count += 1;
            }
        });
        let mut total = 0;
        for start in starts.iter_mut() {
            // For now, where they end.
            total += *start;
            *start = total;
        }
        positions.clear();
        positions.resize(total, 0);
        each(&mut |v, at| {
            // Filled from the end, so the order is turned around below.
            if let Some(end) = starts.get_mut(v.0 as usize) {
                *end -= 1;
                if let Some(position) = positions.get_mut(*end) {
                    *position = at;
                }
            }
        });
    }

    /// Those of a register, the last one first.
    fn of(&self, v: V) -> &[usize] {
        let (start, end) = (self.starts.get(v.0 as usize), self.starts.get(v.0 as usize + 1));
        start.zip(end).and_then(|(&start, &end)| self.positions.get(start..end)).unwrap_or(&[])
    }

    /// Whether a register is written within a loop.
    fn within(&self, v: V, around: &Loop) -> bool {
        let positions = self.of(v);
        let later = positions.partition_point(|&at| at >= around.end);
        positions.get(later).is_some_and(|&at| at > around.start)
    }

    /// Notes that the one write of a register is elsewhere.
    fn moved(&mut self, v: V, to: usize) {
        if let Some(position) = self.starts.get(v.0 as usize).and_then(|&at| self.positions.get_mut(at)) {
            *position = to;
        }
    }

    /// Adds a register that is written once.
    fn add(&mut self, at: usize) {
        self.positions.push(at);
        self.starts.push(self.positions.len());
    }
}

/// A loop around the running instruction.
struct Loop {
    start: usize,
    end: usize,
    /// How many computations were moved in front of it.
    moved: usize,
}

/// Moves computations out of loops, in one function after the other; keeps its tables in between.
#[derive(Default)]
pub(super) struct Hoister {
    writes: Writes,
    /// Ends of the loops, in the order of their beginnings.
    ends: Vec<usize>,
    /// The beginning of a loop, and the instruction that is moved in front of it.
    moves: Vec<(usize, usize)>,
    loops: Vec<Loop>,
    placed: Vec<Inst>,
}

impl Hoister {
    /// Moves what can be moved.
    pub(super) fn hoist(&mut self, body: &mut Body) {
        if !self.find_loops(body) {
            return;
        }
        self.writes.find(body);
        self.find_moves(body);
        if self.moves.is_empty() {
            return;
        }
        let moved: Vec<usize> = {
            let mut moved: Vec<usize> = self.moves.iter().map(|&(_, from)| from).collect();
            moved.sort_unstable();
            moved
        };
        // In the order of the code, so that what needs another comes after it.
        self.moves.sort_by_key(|&(to, _)| to);
        let (mut moves, mut moved) = (self.moves.iter().peekable(), moved.iter().peekable());
        self.placed.clear();
        for (at, inst) in body.insts.iter().enumerate() {
            while let Some((_, from)) = moves.next_if(|&&(to, _)| to == at) {
                self.placed.extend(body.insts.get(*from));
            }
            if moved.next_if_eq(&&at).is_none() {
                self.placed.push(*inst);
            }
        }
        core::mem::swap(&mut body.insts, &mut self.placed);
    }

    /// Finds where the loops end; false if there are none.
    fn find_loops(&mut self, body: &Body) -> bool {
        self.ends.clear();
        let mut open = Vec::new();
        for (at, inst) in body.insts.iter().enumerate() {
            match inst.code {
                Code::LoopStart => {
                    open.push(self.ends.len());
                    self.ends.push(body.insts.len());
                }
                Code::LoopEnd => {
                    if let Some(end) = open.pop().and_then(|number| self.ends.get_mut(number)) {
                        *end = at;
                    }
                }
                _ => {}
            }
        }
        !self.ends.is_empty()
    }

    fn find_moves(&mut self, body: &mut Body) {
        self.moves.clear();
        self.loops.clear();
        let mut number = 0;
        for at in 0..body.insts.len() {
            match body.insts.get(at).map(|inst| inst.code) {
                Some(Code::LoopStart) => {
                    let end = self.ends.get(number).copied().unwrap_or(at);
                    self.loops.push(Loop { start: at, end, moved: 0 });
                    number += 1;
                }
                Some(Code::LoopEnd) => drop(self.loops.pop()),
                Some(Code::Op(op)) if !self.loops.is_empty() && is_computation(op) => self.try_move(body, at),
                _ => {}
            }
        }
    }

    fn try_move(&mut self, body: &mut Body, at: usize) {
        let Some(&inst) = body.insts.get(at) else { return };
        let writes = &self.writes;
        let varies = |around: &Loop| {
            let mut varies = false;
            visit(&inst, &body.ext, |slot, _, reads| varies |= reads && writes.within(slot.v, around));
            varies
        };
        // The loops around this one where that is so; all within them too.
        let inner = self.loops.iter().rposition(varies).map_or(0, |varying| varying + 1);
        let full = self.loops.get(inner).is_none_or(|out_of| out_of.moved >= MOST);
        let Arg::Reg(Slot { v, .. }) = inst.args[0] else { return };
        let result = match self.writes.of(v) {
            _ if full => None,
            [_] => Some(v),
            _ => self.own_result(body, at),
        };
        if let (Some(result), Some(out_of)) = (result, self.loops.get_mut(inner)) {
            out_of.moved += 1;
            self.moves.push((out_of.start, at));
            self.writes.moved(result, out_of.start);
        }
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
        self.writes.add(at);
        let own_result = Arg::Reg(Slot { v: own, sub: 0 });
        body.insts.get_mut(at)?.args[0] = own_result;
        for arg in body.insts.get_mut(at + 1)?.args.iter_mut().skip(1).filter(|arg| **arg == result) {
            *arg = own_result;
        }
        Some(own)
    }
}

/// Whether an instruction only computes a number from registers, on one step.
fn is_computation(op: Op) -> bool {
    let info = op.info();
    let number = info.flags.has(Flags::INT) || info.flags.has(Flags::FLOAT);
    let charges_more = matches!(op, Op::FRem | Op::FMath | Op::FPow | Op::FAtan2);
    number
        && info.flags.has(Flags::PURE)
        && !charges_more
        && info.operands.iter().any(|operand| matches!(operand, Operand::Use(_)))
}

//! Computations whose operands a loop does not change, moved in front of it: out of as many loops as can be. Only what
//! cannot fail and costs one step is moved, so it may as well be computed where the loop would not have come to it.
//!
//! Reads of fields, lengths and module variables are moved only if the first round is sure to come to them. So nothing is read
//! that would not have been: a variable that is absent there, because a branch or an earlier round makes sure that it is not
//! read, or one of the module that gets its value only later.

use mog_core::isa::{Flags, Op, Operand};

use crate::optimizations::{Optimization, Optimizations};

use super::loads::{Changes, is_load};
use super::tidy::Uses;
use super::{ACCESS, Arg, Body, Code, Ext, Inst, Slot, V, visit, visit_writes};

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
    /// The register that holds the same, if this one is no longer made.
    is: Option<V>,
}

impl Written {
    const fn times(count: u32) -> Self {
        Self { count, before: NONE, next: NONE, is: None }
    }
}

/// Where loops end, and where in loops registers are written: positions of instructions.
#[derive(Default)]
struct Writes {
    /// By register.
    written: Vec<Written>,
    /// By computation, the last one first: where its operands are written next.
    next: Vec<[u32; 3]>,
    /// By loop, the last one first: where it ends, and what it changes.
    loops: Vec<(u32, Changes)>,
    /// The same of the loops around a position, as far as they were seen.
    open: Vec<(u32, Changes)>,
    /// Where labels are.
    labels: Vec<u32>,
    /// How many registers there were in the beginning.
    old: u32,
    movable: Movable,
}

impl Writes {
    /// Finds them; how often registers are written is known.
    fn find(&mut self, body: &Body, uses: &[Uses]) {
        let Self { written, next, loops, open, labels, old, .. } = self;
        *old = body.classes.len() as u32;
        written.clear();
        written.extend(uses.iter().map(|uses| Written::times(uses.writes)));
        next.clear();
        loops.clear();
        open.clear();
        labels.clear();
        labels.resize(body.labels.len(), NONE);
        for (at, inst) in body.insts.iter().enumerate().rev() {
            match inst.code {
                // Outside loops nothing is moved.
                Code::Op(_) if open.is_empty() => {}
                Code::Label => {
                    if let Arg::To(label) = inst.args[0]
                        && let Some(place) = labels.get_mut(label.0 as usize)
                    {
                        *place = at as u32;
                    }
                }
                Code::LoopEnd => open.push((at as u32, Changes::default())),
                Code::LoopStart => {
                    let closed = open.pop().unwrap_or((NONE, Changes::default()));
                    if let Some((_, changes)) = open.last_mut() {
                        *changes = changes.and(closed.1);
                    }
                    loops.push(closed);
                }
                code => {
                    if let Some((_, changes)) = open.last_mut() {
                        *changes = changes.and(Changes::of(inst));
                    }
                    visit_writes(inst, &body.ext, |v| {
                        if let Some(written) = written.get_mut(v.0 as usize) {
                            written.next = at as u32;
                        }
                    });
                    if self.movable.has(code) {
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
    /// Where it is entered.
    start: u32,
    end: u32,
    changes: Changes,
    /// Up to where a round may have been left, or gone on elsewhere.
    skipped: u32,
    /// How many computations were moved in front of it, and which.
    moved: usize,
    made: [u32; MOST],
}

/// Moves computations out of loops, in one function after the other; keeps its tables in between.
#[derive(Default)]
pub(super) struct Hoister {
    writes: Writes,
    /// The beginning of a loop, and the instruction that is moved in front of it.
    moves: Vec<(u32, u32)>,
    /// The instructions that are moved, in order.
    moved: Vec<u32>,
    loops: Vec<Loop>,
    placed: Vec<Inst>,
    /// Whether there are registers that hold the same as others.
    renames: bool,
}

impl Hoister {
    /// One that moves computations if these are made, and likewise reads.
    pub(super) fn new(optimizations: Optimizations) -> Self {
        let movable = Movable {
            computations: optimizations.has(Optimization::Hoist),
            loads: optimizations.has(Optimization::Loads),
        };
        Self { writes: Writes { movable, ..Writes::default() }, ..Self::default() }
    }

    /// Moves what can be moved, given how often each register is written.
    pub(super) fn hoist(&mut self, body: &mut Body, uses: &mut [Uses]) {
        if body.loops.is_empty() {
            return; // no loops
        }
        self.writes.find(body, uses);
        self.find_moves(body, uses);
        if self.moves.is_empty() {
            return;
        }
        if self.renames {
            self.rename(body);
        }
        self.moved.clear();
        self.moved.extend(self.moves.iter().map(|&(_, from)| from));
        self.moved.sort_unstable();
        // In the order of the code, so that what needs another comes after it.
        self.moves.sort_by_key(|&(to, _)| to);
        let (mut moves, mut moved) = (self.moves.iter().peekable(), self.moved.iter().peekable());
        self.placed.clear();
        for (at, inst) in (0..).zip(&body.insts) {
            while let Some(&(_, from)) = moves.next_if(|&&(to, _)| to == at) {
                self.placed.extend(body.insts.get(from as usize));
            }
            if moved.next_if_eq(&&at).is_none() && inst.code != Code::Nothing {
                self.placed.push(*inst);
            }
        }
        core::mem::swap(&mut body.insts, &mut self.placed);
    }

    fn find_moves(&mut self, body: &mut Body, uses: &mut [Uses]) {
        self.renames = false;
        self.moves.clear();
        self.loops.clear();
        for at in 0..body.insts.len() {
            let position = at as u32;
            match body.insts[at].code {
                Code::Op(_) if self.loops.is_empty() => {}
                Code::LoopStart => {
                    let (end, changes) = self.writes.loops.pop().unwrap_or((position, Changes::default()));
                    self.loops.push(Loop {
                        start: position,
                        end,
                        changes,
                        skipped: 0,
                        moved: 0,
                        made: [NONE; MOST],
                    });
                }
                Code::LoopEntry => {
                    if let Some(entered) = self.loops.last_mut() {
                        (entered.start, entered.skipped) = (position, 0);
                    }
                }
                Code::LoopEnd => drop(self.loops.pop()),
                code => {
                    if self.writes.movable.has(code) {
                        let next = self.writes.next.pop().unwrap_or([NONE; 3]);
                        if self.try_move(body, uses, at, next) {
                            continue;
                        }
                    }
                    self.note_jump(&body.insts[at], position);
                    visit_writes(&body.insts[at], &body.ext, |v| {
                        if let Some(written) = self.writes.written.get_mut(v.0 as usize) {
                            written.before = position;
                        }
                    });
                }
            }
        }
    }

    /// Notes how far an instruction may skip what follows it, or that it may leave the loops.
    fn note_jump(&mut self, inst: &Inst, position: u32) {
        let Code::Op(op) = inst.code else { return };
        let to = inst.args.iter().find_map(|&arg| match arg {
            Arg::To(label) => self.writes.labels.get(label.0 as usize).copied(),
            _ => None,
        });
        let to = match to {
            Some(to) if to < position => return,
            Some(to) => to,
            None if op.info().flags.has(Flags::ENDS) => NONE,
            None => return,
        };
        for around in &mut self.loops {
            around.skipped = around.skipped.max(to);
        }
    }

    /// Moves a computation if its operands, which are written next at these positions, stay the same. Whether they do.
    fn try_move(&mut self, body: &mut Body, uses: &mut [Uses], at: usize, next: [u32; 3]) -> bool {
        let inst = body.insts[at];
        let Code::Op(op) = inst.code else { return false };
        let is_load = is_load(op);
        let reads = ACCESS[op as usize].reads;
        let writes = &self.writes;
        let varies = |around: &Loop| {
            around.changes.reach(op, &inst.args)
                || (0..3).any(|n| match inst.args[n] {
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
        let is_made = (inner..self.loops.len()).any(|outer| self.is_made(body, uses, at, outer));
        if is_made {
            return true;
        }
        let skips = |around: &Loop| (at as u32) < around.skipped;
        let sure = self.loops.iter().rposition(skips).filter(|_| is_load).map_or(0, |skipping| skipping + 1);
        let inner = inner.max(sure);
        let Some(&Loop { start, moved, .. }) = self.loops.get(inner) else { return false };
        if moved == MOST {
            return false;
        }
        let Arg::Reg(Slot { v, .. }) = inst.args[0] else { return false };
        let result = match self.writes.written.get(v.0 as usize) {
            Some(Written { count: 1, .. }) => Some(v),
            _ => self.own_result(body, at),
        };
        let Some(result) = result else { return false };
        self.moves.push((start, at as u32));
        if let Some(written) = self.writes.written.get_mut(result.0 as usize) {
            written.before = start;
        }
        if let Some(out_of) = self.loops.get_mut(inner) {
            if let Some(made) = out_of.made.get_mut(out_of.moved) {
                *made = at as u32;
            }
            out_of.moved += 1;
        }
        true
    }

    /// Makes nothing of a computation whose result another register holds that is made in front of the same loop. Whether
    /// there is one.
    fn is_made(&mut self, body: &mut Body, uses: &mut [Uses], at: usize, outer: usize) -> bool {
        let Some(&out_of) = self.loops.get(outer) else { return false };
        let args = body.insts[at].args.map(|arg| self.renamed(arg));
        let code = body.insts[at].code;
        let [Arg::Reg(Slot { v, .. }), ..] = args else { return false };
        let is_alike = |v: V, other: V| {
            let once = |v: V| self.writes.written.get(v.0 as usize).is_some_and(|written| written.count == 1);
            once(v) && once(other) && body.classes.get(v.0 as usize) == body.classes.get(other.0 as usize)
        };
        let same = out_of.made.iter().take(out_of.moved).find_map(|&made| {
            let made = body.insts.get(made as usize)?;
            let Arg::Reg(Slot { v: other, .. }) = made.args[0] else { return None };
            let is_same = made.code == code
                && made.args[1..].iter().zip(&args[1..]).all(|(&a, &b)| self.renamed(a) == b);
            (is_same && is_alike(v, other)).then_some(other)
        });
        let Some(same) = same else { return false };
        visit(&body.insts[at], &body.ext, |slot, _, read| {
            if let Some(uses) = uses.get_mut(self.renamed_slot(slot).v.0 as usize) {
                uses.reads -= u32::from(read);
            }
        });
        let reads = uses.get_mut(v.0 as usize).map_or(0, |uses| core::mem::take(uses).reads);
        if let Some(uses) = uses.get_mut(same.0 as usize) {
            uses.reads += reads;
        }
        if let Some(written) = self.writes.written.get_mut(v.0 as usize) {
            *written = Written { is: Some(same), before: out_of.start, ..*written };
        }
        body.insts[at].code = Code::Nothing;
        self.renames = true;
        true
    }

    /// An operand, or the register that holds the same.
    fn renamed(&self, arg: Arg) -> Arg {
        match arg {
            Arg::Reg(slot) => Arg::Reg(self.renamed_slot(slot)),
            other => other,
        }
    }

    fn renamed_slot(&self, slot: Slot) -> Slot {
        let is = self.writes.written.get(slot.v.0 as usize).and_then(|written| written.is);
        is.map_or(slot, |v| Slot { v, ..slot })
    }

    fn rename(&self, body: &mut Body) {
        for inst in &mut body.insts {
            inst.args = inst.args.map(|arg| self.renamed(arg));
        }
        for ext in &mut body.ext {
            if let Ext::Reg(slot) | Ext::Mod(slot) = ext {
                *slot = self.renamed_slot(*slot);
            }
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
        self.writes.written.push(Written { before: at as u32, ..Written::times(1) });
        let own_result = Arg::Reg(Slot { v: own, sub: 0 });
        body.insts.get_mut(at)?.args[0] = own_result;
        for arg in body.insts.get_mut(at + 1)?.args.iter_mut().skip(1).filter(|arg| **arg == result) {
            *arg = own_result;
        }
        Some(own)
    }
}

/// What is moved.
#[derive(Clone, Copy, Default)]
struct Movable {
    computations: bool,
    loads: bool,
}

impl Movable {
    const fn has(self, code: Code) -> bool {
        let Code::Op(op) = code else { return false };
        self.computations && COMPUTES[op as usize] || self.loads && is_load(op)
    }
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

//! Small improvements of a function's code, each local and linear: constants of loops in their place, moves that
//! can go, results that nobody reads.

use mog_core::features::FLOATS;
use mog_core::isa::{Flags, Op, Operand};
use mog_core::verify::features_of_op;

use super::fuse::{Fuser, fuse_counting, fuse_updates};
use super::hoist::Hoister;
use super::{Arg, Body, Classes, Code, Inst, Slot, V, visit};
use crate::optimizations::{Optimization, Optimizations};

/// How often a register is written and read.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Uses {
    pub(super) writes: u32,
    pub(super) reads: u32,
}

impl Uses {
    pub(super) const ONCE: Self = Self { writes: 1, reads: 1 };
}

/// Tidies functions, one after the other; keeps its tables in between.
#[derive(Default)]
pub struct Tidier {
    optimizations: Optimizations,
    /// By register.
    uses: Vec<Uses>,
    placed: Vec<Inst>,
    hoister: Hoister,
}

impl Tidier {
    /// One that makes these improvements.
    pub fn new(optimizations: Optimizations) -> Self {
        Self {
            optimizations,
            hoister: Hoister::new(optimizations),
            uses: Vec::with_capacity(64),
            placed: Vec::with_capacity(64),
        }
    }

    /// Whether a function could come to need more registers than these by what is read before its loops.
    pub fn may_need_more(&self, body: &Body, classes: &Classes, limit: usize) -> bool {
        let slots = || body.classes.iter().map(|&class| classes.slots(class).len()).sum::<usize>();
        self.optimizations.has(Optimization::Loads) && !body.loops.is_empty() && slots() > limit
    }

    /// Tidies a function's code.
    pub fn tidy(&mut self, body: &mut Body) {
        let made = self.optimizations;
        self.place_preheaders(body);
        self.count(body);
        let merged = made.has(Optimization::Moves) && self.merge_moves(body);
        let dropped = made.has(Optimization::Unread) && self.drop_unread(body);
        if merged || dropped {
            drop_nothing(&mut body.insts);
        }
        if made.has(Optimization::Exchanges) {
            self.fuse_exchanges(body);
        }
        if made.has(Optimization::Hoist) || made.has(Optimization::Loads) {
            self.hoister.hoist(body, &mut self.uses);
        }
        let mut fused = false;
        if made.has(Optimization::Fusion) {
            fused |= fuse_updates(body, &self.uses);
            fused |= fuse_counting(body);
        }
        if made.has(Optimization::Accumulators) {
            let uses = made.has(Optimization::Fusion).then_some(&*self.uses);
            fused |= Fuser::new(uses).run(body);
        }
        if fused {
            drop_nothing(&mut body.insts);
        }
        pass_floats_on(body);
    }

    /// Places the constants of loops before them, and drops labels that nothing refers to: beginnings of loops are placed
    /// before that is known.
    fn place_preheaders(&mut self, body: &mut Body) {
        if body.loops.is_empty() {
            return; // no loops
        }
        self.placed.clear();
        self.placed.reserve(body.insts.len() + body.preheaders.len());
        // Copied in runs.
        let mut from = 0;
        for (at, inst) in body.insts.iter().enumerate() {
            if matches!(inst.code, Code::Op(_)) {
                continue;
            }
            match (inst.code, inst.args[0]) {
                (Code::LoopStart, Arg::Num(number)) => {
                    self.placed.extend_from_slice(body.insts.get(from..at).unwrap_or(&[]));
                    self.placed.extend_from_slice(body.preheader(number as usize));
                    from = at;
                }
                (Code::Label, Arg::To(label)) if !body.is_wanted(label) => {
                    self.placed.extend_from_slice(body.insts.get(from..at).unwrap_or(&[]));
                    from = at + 1;
                }
                _ => {}
            }
        }
        self.placed.extend_from_slice(body.insts.get(from..).unwrap_or(&[]));
        core::mem::swap(&mut body.insts, &mut self.placed);
    }

    fn count(&mut self, body: &Body) {
        self.uses.clear();
        self.uses.resize(body.classes.len(), Uses::default());
        for inst in &body.insts {
            visit(inst, &body.ext, |slot, written, read| {
                if let Some(uses) = self.uses.get_mut(slot.v.0 as usize) {
                    uses.writes += u32::from(written);
                    uses.reads += u32::from(read);
                }
            });
        }
        for param in &body.params {
            if let Some(uses) = self.uses.get_mut(param.0 as usize) {
                uses.writes += 1;
            }
        }
    }

    fn is_used_once(&self, v: V) -> bool {
        self.uses.get(v.0 as usize) == Some(&Uses::ONCE)
    }

    /// `t = …; x = t` becomes `x = …; nothing` when nobody else reads t. Whether there were any.
    fn merge_moves(&self, body: &mut Body) -> bool {
        let mut merged = false;
        let mut before = 0;
        for at in 1..body.insts.len() {
            let inst = &body.insts[at];
            if inst.code == Code::Op(Op::Move)
                && let [Arg::Reg(to), Arg::Reg(from), _] = inst.args
                && from.sub == 0
                && self.is_used_once(from.v)
                && defines(&body.insts[before]) == Some(from)
                && body.classes.get(from.v.0 as usize) == body.classes.get(to.v.0 as usize)
            {
                body.insts[before].args[0] = Arg::Reg(to);
                body.insts[at].code = Code::Nothing;
                merged = true;
            } else {
                before = at;
            }
        }
        merged
    }

    /// `t = a[i]; u = a[j]; a[i] = u; a[j] = t` becomes one instruction when nobody else reads t and u.
    fn fuse_exchanges(&self, body: &mut Body) {
        let is_store = |inst: &Inst| inst.code == Code::Op(Op::ASet);
        let mut fused = false;
        let mut from = 0;
        while let Some(next) = body.insts.get(from..).and_then(|rest| rest.iter().position(is_store)) {
            let at = from + next;
            from = at + 1;
            let Some(four) = at.checked_sub(3).and_then(|first| body.insts.get_mut(first..=at)) else {
                continue;
            };
            let [first, second, third, fourth] = four else { continue };
            let ops = [first.code, second.code, third.code, fourth.code];
            let get = ops[0];
            if matches!(get, Code::Op(Op::AGet | Op::AGetF))
                && let ([Arg::Reg(t), array, i], [Arg::Reg(u), _, j]) = (first.args, second.args)
                && ops == [get, get, Code::Op(Op::ASet), Code::Op(Op::ASet)]
                && second.args == [Arg::Reg(u), array, j]
                && third.args == [array, i, Arg::Reg(u)]
                && fourth.args == [array, j, Arg::Reg(t)]
                && self.is_used_once(t.v)
                && self.is_used_once(u.v)
            {
                // Where the second is, which names both elements in the source.
                second.code = Code::Op(Op::ASwap);
                second.args = [array, i, j];
                for gone in [first, third, fourth] {
                    gone.code = Code::Nothing;
                }
                fused = true;
            }
        }
        if fused {
            drop_nothing(&mut body.insts);
        }
    }

    /// Makes nothing of instructions that only compute what nobody reads, and of what was computed only for them.
    /// Whether there were any.
    fn drop_unread(&mut self, body: &mut Body) -> bool {
        if !self.uses.iter().any(|uses| uses.reads == 0 && uses.writes > 0) {
            return false;
        }
        let mut dropped = false;
        for inst in body.insts.iter_mut().rev() {
            if let Code::Op(op) = inst.code
                && op.info().flags.has(Flags::PURE)
                && let Arg::Reg(slot) = inst.args[0]
                && self.uses.get(slot.v.0 as usize).is_some_and(|uses| uses.reads == 0)
            {
                visit(inst, &body.ext, |slot, written, read| {
                    if let Some(uses) = self.uses.get_mut(slot.v.0 as usize) {
                        uses.writes -= u32::from(written);
                        uses.reads -= u32::from(read);
                    }
                });
                inst.code = Code::Nothing;
                dropped = true;
            }
        }
        dropped
    }
}

/// Reads floats like any other word if nothing is computed with them, so that machines without floats can do it.
fn pass_floats_on(body: &mut Body) {
    let is_read = |op| matches!(op, Op::LoadFieldF | Op::AGetF);
    let mut reads = false;
    for inst in &body.insts {
        if let Code::Op(op) = inst.code {
            if is_read(op) {
                reads = true;
            } else if features_of_op(op) & FLOATS != 0 {
                return;
            }
        }
    }
    if !reads {
        return;
    }
    for inst in &mut body.insts {
        match inst.code {
            Code::Op(Op::LoadFieldF) => inst.code = Code::Op(Op::LoadField),
            Code::Op(Op::AGetF) => inst.code = Code::Op(Op::AGet),
            _ => {}
        }
    }
}

/// Closes the gaps that dropped instructions left: few, so what stands between them moves in one piece.
fn drop_nothing(insts: &mut Vec<Inst>) {
    let is_nothing = |inst: &Inst| inst.code == Code::Nothing;
    let Some(mut to) = insts.iter().position(is_nothing) else { return };
    let mut from = to + 1;
    while let Some(rest) = insts.get(from..).filter(|rest| !rest.is_empty()) {
        let len = rest.iter().position(is_nothing).unwrap_or(rest.len());
        insts.copy_within(from..from + len, to);
        to += len;
        from += len + 1;
    }
    insts.truncate(to);
}

fn defines(inst: &Inst) -> Option<Slot> {
    let Code::Op(op) = inst.code else { return None };
    match (op.info().operands.first(), inst.args[0]) {
        (Some(Operand::Def(_) | Operand::Result), Arg::Reg(slot)) => Some(slot),
        _ => None,
    }
}

//! Small improvements of a function's code, each local and linear: constants of loops in their place, moves that
//! can go, results that nobody reads, operands that come from the instruction before.

use mog_core::isa::{Flags, Kind, Op, Operand};

use super::hoist::Hoister;
use super::{Arg, Body, Code, Inst, Slot, V, visit};
use crate::optimizations::{Optimization, Optimizations};

/// How often a register is written and read.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Uses {
    writes: u32,
    reads: u32,
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
            uses: Vec::with_capacity(64),
            placed: Vec::with_capacity(64),
            ..Self::default()
        }
    }

    /// Tidies a function's code.
    pub fn tidy(&mut self, body: &mut Body) {
        let made = self.optimizations;
        self.place_preheaders(body);
        self.count(body);
        if made.has(Optimization::Moves) {
            self.merge_moves(body);
        }
        if made.has(Optimization::Unread) {
            self.drop_unread(body);
        }
        if made.has(Optimization::Exchanges) {
            self.fuse_exchanges(body);
        }
        if made.has(Optimization::Hoist) {
            self.hoister.hoist(body);
        }
        if made.has(Optimization::Accumulators) {
            use_accumulators(body);
        }
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

    /// `t = …; x = t` becomes `x = …` when nobody else reads t.
    fn merge_moves(&self, body: &mut Body) {
        const ONCE: Uses = Uses { writes: 1, reads: 1 };
        let single = |v: V| self.uses.get(v.0 as usize) == Some(&ONCE);
        body.insts.dedup_by(|inst, before| {
            if inst.code == Code::Op(Op::Move)
                && let [Arg::Reg(to), Arg::Reg(from), _] = inst.args
                && from.sub == 0
                && single(from.v)
                && defines(before) == Some(from)
                && body.classes.get(from.v.0 as usize) == body.classes.get(to.v.0 as usize)
            {
                before.args[0] = Arg::Reg(to);
                true
            } else {
                false
            }
        });
    }

    /// `t = a[i]; u = a[j]; a[i] = u; a[j] = t` becomes one instruction when nobody else reads t and u.
    fn fuse_exchanges(&self, body: &mut Body) {
        let once = |v: V| self.uses.get(v.0 as usize) == Some(&Uses { writes: 1, reads: 1 });
        let mut fused = false;
        for n in 3..body.insts.len() {
            if body.insts[n].code != Code::Op(Op::ASet) {
                continue;
            }
            let Some([first, second, third, fourth]) = body.insts.get_mut(n - 3..=n) else { break };
            let ops = [first.code, second.code, third.code, fourth.code];
            let get = ops[0];
            if !matches!(get, Code::Op(Op::AGet | Op::AGetF)) {
                continue;
            }
            if let ([Arg::Reg(t), array, i], [Arg::Reg(u), _, j]) = (first.args, second.args)
                && ops == [get, get, Code::Op(Op::ASet), Code::Op(Op::ASet)]
                && second.args == [Arg::Reg(u), array, j]
                && third.args == [array, i, Arg::Reg(u)]
                && fourth.args == [array, j, Arg::Reg(t)]
                && once(t.v)
                && once(u.v)
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
            body.insts.retain(|inst| inst.code != Code::Nothing);
        }
    }

    /// Drops instructions that only compute what nobody reads, and what was computed only for them.
    fn drop_unread(&mut self, body: &mut Body) {
        let mut dropped = false;
        for inst in body.insts.iter_mut().rev() {
            if let Code::Op(op) = inst.code
                && op.info().flags.has(Flags::PURE)
                && let Arg::Reg(slot) = inst.args[0]
                && self.uses.get(slot.v.0 as usize).is_some_and(|uses| uses.reads == 0)
            {
                visit(inst, &body.ext, |slot, _, read| {
                    if read && let Some(uses) = self.uses.get_mut(slot.v.0 as usize) {
                        uses.reads -= 1;
                    }
                });
                inst.code = Code::Nothing;
                dropped = true;
            }
        }
        if dropped {
            body.insts.retain(|inst| inst.code != Code::Nothing);
        }
    }
}

fn defines(inst: &Inst) -> Option<Slot> {
    let Code::Op(op) = inst.code else { return None };
    match (op.info().operands.first(), inst.args[0]) {
        (Some(Operand::Def(_) | Operand::Result), Arg::Reg(slot)) => Some(slot),
        _ => None,
    }
}

/// The form of an instruction that takes its first operand from the latest result; for operations that allow
/// it, also the form for the second operand.
const fn accumulator_forms(op: Op) -> Option<(Option<Op>, Option<Op>)> {
    Some(match op {
        Op::Add => (Some(Op::AddA), Some(Op::AddA)),
        Op::Sub => (Some(Op::SubA), Some(Op::RsubA)),
        Op::Mul => (Some(Op::MulA), Some(Op::MulA)),
        Op::And => (Some(Op::AndA), Some(Op::AndA)),
        Op::Or => (Some(Op::OrA), Some(Op::OrA)),
        Op::Xor => (Some(Op::XorA), Some(Op::XorA)),
        Op::AddI => (Some(Op::AddIA), None),
        Op::MulI => (Some(Op::MulIA), None),
        Op::AndI => (Some(Op::AndIA), None),
        Op::ShlI => (Some(Op::ShlIA), None),
        Op::ShrI => (Some(Op::ShrIA), None),
        Op::ShrUI => (Some(Op::ShrUIA), None),
        Op::Narrow => (Some(Op::NarrowA), None),
        Op::FAdd => (Some(Op::FAddA), Some(Op::FAddA)),
        Op::FSub => (Some(Op::FSubA), Some(Op::FRsubA)),
        Op::FMul => (Some(Op::FMulA), Some(Op::FMulA)),
        Op::FDiv => (Some(Op::FDivA), None),
        _ => return None,
    })
}

/// By opcode: whether its result is handed on, as an int's (false) or a float's (true).
const HANDED_ON: [Option<bool>; Op::ALL.len()] = {
    let mut all = [None; Op::ALL.len()];
    let mut number = 0;
    while number < all.len() {
        let op = Op::ALL[number];
        let info = op.info();
        let defines =
            !info.operands.is_empty() && matches!(info.operands[0], Operand::Def(_) | Operand::Result);
        // `load_k` hands on the bits as an int, whatever they are.
        if defines && info.flags.has(Flags::FLOAT) {
            all[number] = Some(true);
        } else if defines && info.flags.has(Flags::INT) && !matches!(op, Op::LoadK) {
            all[number] = Some(false);
        }
        number += 1;
    }
    all
};

/// Which register an instruction's result is handed on from: an int's or a float's.
fn handed_on(inst: &Inst) -> Option<(Slot, bool)> {
    // Straight on, and moves touch neither accumulator.
    match (inst.code, inst.args[0]) {
        (Code::Op(op), Arg::Reg(slot)) => HANDED_ON[op as usize].map(|is_float| (slot, is_float)),
        _ => None,
    }
}

fn use_accumulators(body: &mut Body) {
    let mut latest: Option<(Slot, bool)> = None;
    for inst in &mut body.insts {
        if let Code::Op(op) = inst.code
            && let Some((slot, is_float)) = latest
            && let Some((first, second)) = accumulator_forms(op)
            && matches!(op.info().operands.first(), Some(Operand::Def(Kind::Float))) == is_float
        {
            let [_, b, c] = inst.args;
            if b == Arg::Reg(slot)
                && let Some(form) = first
            {
                inst.code = Code::Op(form);
                inst.args[1] = Arg::None;
            } else if c == Arg::Reg(slot)
                && let Some(form) = second
            {
                inst.code = Code::Op(form);
                inst.args[1] = Arg::None;
                inst.args[2] = b;
            }
        }
        latest = handed_on(inst);
    }
}

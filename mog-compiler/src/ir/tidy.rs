//! Small improvements of a function's code, each local and linear: constants of loops in their place, moves that
//! can go, results that nobody reads, operands that come from the instruction before.

use mog_core::isa::{Flags, Kind, Op, Operand};

use super::hoist::Hoister;
use super::{Arg, Body, Code, Inst, Label, Slot, V, visit};

/// How often a register is written and read.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Uses {
    writes: u32,
    reads: u32,
}

/// Tidies functions, one after the other; keeps its tables in between.
#[derive(Default)]
pub struct Tidier {
    /// By label: where it is.
    places: Vec<Option<usize>>,
    /// By label: whether anything refers to it.
    wanted: Vec<bool>,
    /// By instruction: whether control can reach it.
    live: Vec<bool>,
    /// Instructions that control reaches and that were not followed yet.
    pending: Vec<usize>,
    /// By register.
    uses: Vec<Uses>,
    placed: Vec<Inst>,
    hoister: Hoister,
}

impl Tidier {
    /// Tidies a function's code.
    pub fn tidy(&mut self, body: &mut Body) {
        self.place_preheaders(body);
        self.drop_unreachable(body);
        self.count(body);
        self.merge_moves(body);
        self.drop_unread(body);
        self.fuse_exchanges(body);
        self.hoister.hoist(body);
        use_accumulators(body);
    }

    fn place_preheaders(&mut self, body: &mut Body) {
        if body.preheaders.iter().all(Vec::is_empty) {
            return;
        }
        self.placed.clear();
        for inst in &body.insts {
            if inst.code == Code::LoopStart
                && let Arg::Num(list) = inst.args[0]
                && let Some(list) = usize::try_from(list).ok().and_then(|list| body.preheaders.get(list))
            {
                self.placed.extend_from_slice(list);
            }
            self.placed.push(*inst);
        }
        core::mem::swap(&mut body.insts, &mut self.placed);
    }

    /// Finds which instructions control can reach, and which labels it jumps to.
    fn reach(&mut self, body: &Body) {
        self.places.clear();
        self.places.resize(body.labels as usize, None);
        self.pending.clear();
        self.pending.push(0);
        for (position, inst) in body.insts.iter().enumerate() {
            match (inst.code, inst.args[0]) {
                (Code::Label, Arg::To(label)) => {
                    if let Some(place) = self.places.get_mut(label.0 as usize) {
                        *place = Some(position);
                    }
                }
                (Code::Handler, _) => self.pending.push(position),
                _ => {}
            }
        }
        self.live.clear();
        self.live.resize(body.insts.len(), false);
        self.wanted.clear();
        self.wanted.resize(body.labels as usize, false);
        while let Some(start) = self.pending.pop() {
            let (insts, live) = (body.insts.get(start..), self.live.get_mut(start..));
            for (inst, live) in insts.unwrap_or(&[]).iter().zip(live.unwrap_or(&mut [])) {
                if core::mem::replace(live, true) {
                    break;
                }
                let Code::Op(op) = inst.code else { continue };
                for arg in inst.args {
                    if let Arg::To(label) = arg
                        && let Some(wanted) = self.wanted.get_mut(label.0 as usize)
                        && !core::mem::replace(wanted, true)
                    {
                        self.pending.extend(self.places.get(label.0 as usize).copied().flatten());
                    }
                }
                if op.info().flags.has(Flags::ENDS) {
                    break;
                }
            }
        }
    }

    /// Drops code that control cannot reach, labels that nothing jumps to, and jumps to the next instruction.
    fn drop_unreachable(&mut self, body: &mut Body) {
        self.reach(body);
        for range in &body.protected {
            for label in [range.start, range.end] {
                if let Some(wanted) = self.wanted.get_mut(label.0 as usize) {
                    *wanted = true;
                }
            }
        }
        let insts = &mut body.insts;
        let mut kept = 0;
        for n in 0..insts.len() {
            let inst = insts[n];
            match inst.code {
                Code::Op(_) if !self.live[n] => continue,
                Code::Label => {
                    let Arg::To(label) = inst.args[0] else { continue };
                    if !self.wanted.get(label.0 as usize).copied().unwrap_or(false) {
                        continue;
                    }
                    while let Some(jump) = jump_before(&insts[..kept], label) {
                        insts.copy_within(jump + 1..kept, jump);
                        kept -= 1;
                    }
                }
                _ => {}
            }
            if kept < n {
                insts[kept] = inst;
            }
            kept += 1;
        }
        insts.truncate(kept);
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

/// The jump to a label that stands just before it, apart from other labels.
fn jump_before(insts: &[Inst], label: Label) -> Option<usize> {
    let last = insts.iter().rposition(|inst| inst.code != Code::Label)?;
    (insts[last].code == Code::Op(Op::Jump) && insts[last].args[0] == Arg::To(label)).then_some(last)
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

/// Which register an instruction's result is handed on from: an int's or a float's.
fn hands_on(inst: &Inst) -> Option<(Slot, bool)> {
    let Code::Op(op) = inst.code else { return None };
    let flags = op.info().flags;
    let slot = defines(inst)?;
    // `load_k` hands on the bits as an int, whatever they are.
    if flags.has(Flags::FLOAT) {
        Some((slot, true))
    } else if flags.has(Flags::INT) && op != Op::LoadK {
        Some((slot, false))
    } else {
        None
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
        latest = match inst.code {
            // Straight on, and moves touch neither accumulator.
            Code::Op(_) => hands_on(inst),
            _ => None,
        };
    }
}

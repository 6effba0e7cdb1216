//! Small improvements of a function's code, each local and linear: constants of loops in their place, moves that
//! can go, results that nobody reads, operands that come from the instruction before.

use mog_core::isa::{Flags, Kind, Op, Operand};

use super::{Arg, Body, Code, Inst, Slot, V, visit};

/// Tidies a function's code.
pub fn tidy(body: &mut Body) {
    place_preheaders(body);
    drop_unreachable(body);
    merge_moves(body);
    drop_unread(body);
    use_accumulators(body);
}

fn place_preheaders(body: &mut Body) {
    if body.preheaders.iter().all(Vec::is_empty) {
        return;
    }
    let mut placed = Vec::with_capacity(body.insts.len() + 8);
    for inst in &body.insts {
        if inst.code == Code::LoopStart
            && let Arg::Num(list) = inst.args[0]
            && let Some(list) = usize::try_from(list).ok().and_then(|list| body.preheaders.get(list))
        {
            placed.extend_from_slice(list);
        }
        placed.push(*inst);
    }
    body.insts = placed;
}

/// Which instructions control can reach, and which labels it jumps to.
fn reach(body: &Body) -> (Vec<bool>, Vec<bool>) {
    let mut places = vec![None; body.labels as usize];
    let mut pending = vec![0];
    for (position, inst) in body.insts.iter().enumerate() {
        match (inst.code, inst.args[0]) {
            (Code::Label, Arg::To(label)) => {
                if let Some(place) = places.get_mut(label.0 as usize) {
                    *place = Some(position);
                }
            }
            (Code::Handler, _) => pending.push(position),
            _ => {}
        }
    }
    let mut live = vec![false; body.insts.len()];
    let mut wanted = vec![false; body.labels as usize];
    while let Some(start) = pending.pop() {
        for (inst, live) in body.insts.iter().zip(&mut live).skip(start) {
            if core::mem::replace(live, true) {
                break;
            }
            let Code::Op(op) = inst.code else { continue };
            for arg in inst.args {
                if let Arg::To(label) = arg
                    && let Some(wanted) = wanted.get_mut(label.0 as usize)
                    && !core::mem::replace(wanted, true)
                {
                    pending.extend(places.get(label.0 as usize).copied().flatten());
                }
            }
            if op.info().flags.has(Flags::ENDS) {
                break;
            }
        }
    }
    (live, wanted)
}

/// Drops code that control cannot reach, labels that nothing jumps to, and jumps to the next instruction.
fn drop_unreachable(body: &mut Body) {
    let (live, mut wanted) = reach(body);
    for range in &body.protected {
        for label in [range.start, range.end] {
            if let Some(wanted) = wanted.get_mut(label.0 as usize) {
                *wanted = true;
            }
        }
    }
    let mut kept: Vec<Inst> = Vec::with_capacity(body.insts.len());
    for (inst, live) in body.insts.iter().zip(live) {
        match inst.code {
            Code::Op(_) if !live => continue,
            Code::Label => {
                let Arg::To(label) = inst.args[0] else { continue };
                if !wanted.get(label.0 as usize).copied().unwrap_or(false) {
                    continue;
                }
                // A jump to here that is the instruction before, apart from other labels.
                while let Some(last) = kept.iter().rposition(|inst| inst.code != Code::Label)
                    && let Some(Inst { code: Code::Op(Op::Jump), args: [Arg::To(target), ..], .. }) =
                        kept.get(last)
                    && *target == label
                {
                    kept.remove(last);
                }
            }
            _ => {}
        }
        kept.push(*inst);
    }
    body.insts = kept;
}

/// How often each register is written and read.
fn count(body: &Body) -> Vec<(u32, u32)> {
    let mut counts = vec![(0u32, 0u32); body.classes.len()];
    for inst in &body.insts {
        visit(inst, &body.ext, |slot, written, read| {
            if let Some(count) = counts.get_mut(slot.v.0 as usize) {
                count.0 += u32::from(written);
                count.1 += u32::from(read);
            }
        });
    }
    for param in &body.params {
        if let Some(count) = counts.get_mut(param.0 as usize) {
            count.0 += 1;
        }
    }
    counts
}

fn defines(inst: &Inst) -> Option<Slot> {
    let Code::Op(op) = inst.code else { return None };
    match (op.info().operands.first(), inst.args[0]) {
        (Some(Operand::Def(_) | Operand::Result), Arg::Reg(slot)) => Some(slot),
        _ => None,
    }
}

/// `t = …; x = t` becomes `x = …` when nobody else reads t.
fn merge_moves(body: &mut Body) {
    let counts = count(body);
    let single = |v: V| counts.get(v.0 as usize) == Some(&(1, 1));
    let mut kept: Vec<Inst> = Vec::with_capacity(body.insts.len());
    for inst in &body.insts {
        let mut merged = false;
        if inst.code == Code::Op(Op::Move)
            && let [Arg::Reg(to), Arg::Reg(from), _] = inst.args
            && from.sub == 0
            && single(from.v)
            && let Some(before) = kept.last_mut()
            && defines(before) == Some(from)
            && body.classes.get(from.v.0 as usize) == body.classes.get(to.v.0 as usize)
        {
            before.args[0] = Arg::Reg(to);
            merged = true;
        }
        if !merged {
            kept.push(*inst);
        }
    }
    body.insts = kept;
}

/// Drops instructions that only compute what nobody reads, and what was computed only for them.
fn drop_unread(body: &mut Body) {
    let mut counts = count(body);
    let ext = core::mem::take(&mut body.ext);
    let mut kept: Vec<Inst> = Vec::with_capacity(body.insts.len());
    for inst in body.insts.iter().rev() {
        let removable = match inst.code {
            Code::Op(op) => op.info().flags.has(Flags::PURE),
            _ => false,
        };
        let written = match (removable, inst.args[0]) {
            (true, Arg::Reg(slot)) => counts.get(slot.v.0 as usize).map(|count| count.1),
            _ => None,
        };
        if written == Some(0) {
            visit(inst, &ext, |slot, _, read| {
                if read && let Some(count) = counts.get_mut(slot.v.0 as usize) {
                    count.1 -= 1;
                }
            });
        } else {
            kept.push(*inst);
        }
    }
    kept.reverse();
    body.ext = ext;
    body.insts = kept;
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

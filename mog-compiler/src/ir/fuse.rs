//! Instructions over the latest results, which the machine hands on in registers of the processor, and instructions that
//! do what two or three others do. Each saves the way to the next instruction, and results the way through memory.

use mog_core::isa::{Flags, Kind, Op, Operand};

use super::tidy::Uses;
use super::{Arg, Body, Code, Inst, Slot, visit_writes};

/// So many instructions before an update of a field its value may have been read.
const REACH: usize = 16;

/// The operation if there is one.
const fn op(inst: &Inst) -> Option<Op> {
    if let Code::Op(op) = inst.code { Some(op) } else { None }
}

fn is_used_once(uses: &[Uses], arg: Arg) -> bool {
    matches!(arg, Arg::Reg(Slot { v, sub: 0 }) if uses.get(v.0 as usize) == Some(&Uses::ONCE))
}

/// `t = s.f; u = t + x; s.f = u` becomes `s.f += x` when nobody else reads t and u. Whether there were any.
pub(super) fn fuse_updates(body: &mut Body, uses: &[Uses]) -> bool {
    let is_store = |inst: &Inst| inst.code == Code::Op(Op::StoreField);
    let (mut fused, mut from) = (false, 0);
    while let Some(next) = body.insts.get(from..).and_then(|rest| rest.iter().position(is_store)) {
        let at = from + next;
        from = at + 1;
        let Some((load, update, args)) = update(body, uses, at) else { continue };
        body.insts[load].code = Code::Nothing;
        body.insts[at - 1].code = Code::Nothing;
        body.insts[at].code = Code::Op(update);
        body.insts[at].args = args;
        fused = true;
    }
    fused
}

/// Where the field that is stored here was read, if it is updated, and the instruction in place of reading, computing and
/// storing.
fn update(body: &Body, uses: &[Uses], store: usize) -> Option<(usize, Op, [Arg; 3])> {
    let [object, field, new] = body.insts.get(store)?.args;
    let computing = store.checked_sub(1)?;
    let [result, x, y] = body.insts[computing].args;
    if result != new || !is_used_once(uses, new) {
        return None;
    }
    let (update, commutes) = match op(&body.insts[computing])? {
        Op::Add => (Op::FieldAdd, true),
        Op::AddI => (Op::FieldAddI, false),
        Op::Sub => (Op::FieldSub, false),
        Op::FAdd => (Op::FieldFAdd, true),
        Op::FSub => (Op::FieldFSub, false),
        _ => return None,
    };
    let orders = [(x, y), (y, x)];
    let (load, other) = orders.iter().take(if commutes { 2 } else { 1 }).find_map(|&(old, other)| {
        if !is_used_once(uses, old) {
            return None;
        }
        Some((find_load(body, computing, [old, object, field])?, other))
    })?;
    Some((load, update, [object, field, other]))
}

/// Where straight on before an instruction a field was read so, if it and the object's register are the same since.
fn find_load(body: &Body, before: usize, args: [Arg; 3]) -> Option<usize> {
    let [_, Arg::Reg(object), _] = args else { return None };
    for at in (before.saturating_sub(REACH)..before).rev() {
        let inst = &body.insts[at];
        let op = match inst.code {
            Code::Op(op) => op,
            Code::Declare | Code::Nothing => continue,
            _ => return None,
        };
        if matches!(op, Op::LoadField | Op::LoadFieldF) && inst.args == args {
            return Some(at);
        }
        let mut is_written = false;
        visit_writes(inst, &body.ext, |v| is_written |= v == object.v);
        if is_written || !leaves_objects(op) {
            return None;
        }
    }
    None
}

/// Whether an operation writes into no object, and nothing else can meanwhile.
const fn leaves_objects(op: Op) -> bool {
    let flags = op.info().flags;
    let computes = flags.has(Flags::PURE) || flags.has(Flags::INT) || flags.has(Flags::FLOAT);
    (computes || matches!(op, Op::LoadField | Op::AGet)) && !flags.has(Flags::CHARGES)
}

/// `i = i + 1; if i < n jump`, the same with `n = n - 1`, and `i = i + 1; x = a[i]` become one instruction. Whether there
/// were any.
pub(super) fn fuse_counting(body: &mut Body) -> bool {
    let mut fused = false;
    for at in 1..body.insts.len() {
        let Code::Op(op @ (Op::JLtI | Op::JLt | Op::AGet)) = body.insts[at].code else { continue };
        let [a, b, c] = body.insts[at].args;
        let moves = |back: usize, register: Arg, way: i32| {
            let inst = at.checked_sub(back).and_then(|at| body.insts.get(at));
            inst.is_some_and(|inst| {
                inst.code == Code::Op(Op::AddI) && inst.args == [register, register, Arg::Num(way)]
            })
        };
        let (counted, gone) = match op {
            Op::JLt if a == b => continue,
            Op::JLt if moves(1, a, 1) && moves(2, b, -1) || moves(1, b, -1) && moves(2, a, 1) => {
                (Op::ForMeet, 2)
            }
            Op::JLt if moves(1, a, 1) => (Op::ForLt, 1),
            Op::JLtI if moves(1, a, 1) => (Op::ForLtI, 1),
            Op::AGet if moves(1, c, 1) => (Op::AGetNext, 1),
            Op::AGet if moves(1, c, -1) => (Op::AGetPrev, 1),
            _ => continue,
        };
        for inst in &mut body.insts[at - gone..at] {
            inst.code = Code::Nothing;
        }
        body.insts[at].code = Code::Op(counted);
        fused = true;
    }
    fused
}

/// The instructions in place of one that counts, if that is one: in these every register is either read or written, so that
/// it can be moved elsewhere in between.
pub(super) fn take_apart(inst: &Inst) -> Option<[Inst; 3]> {
    let [a, b, c] = inst.args;
    let with = |code, args| Inst { code, args, ..*inst };
    let add = |register, way| with(Code::Op(Op::AddI), [register, register, Arg::Num(way)]);
    let none = with(Code::Nothing, [Arg::None; 3]);
    Some(match op(inst)? {
        Op::ForLt => [add(a, 1), with(Code::Op(Op::JLt), inst.args), none],
        Op::ForLtI => [add(a, 1), with(Code::Op(Op::JLtI), inst.args), none],
        Op::ForMeet => [add(a, 1), add(b, -1), with(Code::Op(Op::JLt), inst.args)],
        Op::AGetNext => [add(c, 1), with(Code::Op(Op::AGet), inst.args), none],
        Op::AGetPrev => [add(c, -1), with(Code::Op(Op::AGet), inst.args), none],
        _ => return None,
    })
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

/// What an operation does to the results that are handed on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Nothing: a move, a jump that is not taken, an access to an object.
    None,
    /// Its result is the latest int.
    Int,
    /// Its result is the latest float.
    Float,
    /// The latest int is lost: a counting jump's long form adds by itself, and so does what is taken apart for want of
    /// registers.
    LosesInt,
    /// Both are lost: other code may run, or there are operands that this does not look at.
    LosesBoth,
}

/// By opcode.
const EFFECTS: [Effect; Op::ALL.len()] = {
    let mut all = [Effect::None; Op::ALL.len()];
    let mut number = 0;
    while number < all.len() {
        let op = Op::ALL[number];
        let info = op.info();
        let operands = info.operands.as_slice();
        let defines = matches!(operands, [Operand::Def(_) | Operand::Result, ..]);
        let (is_int, is_float) = (info.flags.has(Flags::INT), info.flags.has(Flags::FLOAT));
        let mut counts = false;
        let mut n = 0;
        while n < operands.len() {
            counts |= matches!(operands[n], Operand::Mod(_));
            n += 1;
        }
        all[number] = if info.flags.has(Flags::CHARGES) || info.flags.has(Flags::EXT) {
            Effect::LosesBoth
        } else if defines && is_float {
            Effect::Float
        } else if defines && is_int && !matches!(op, Op::LoadK) {
            Effect::Int
        } else if is_int || is_float {
            // `load_k` hands on the bits as an int, whatever they are.
            Effect::LosesBoth
        } else if counts {
            Effect::LosesInt
        } else {
            Effect::None
        };
        number += 1;
    }
    all
};

/// The registers of which the machine still hands on the value.
#[derive(Clone, Copy, Default)]
struct Latest {
    int: Option<Slot>,
    float: Option<Slot>,
}

impl Latest {
    /// What is handed on after an instruction, straight on.
    fn after(mut self, op: Op, inst: &Inst, body: &Body) -> Self {
        let effect = EFFECTS[op as usize];
        if effect == Effect::LosesBoth {
            return Self::default();
        }
        if self.int.is_some() || self.float.is_some() {
            visit_writes(inst, &body.ext, |v| {
                for latest in [&mut self.int, &mut self.float] {
                    latest.take_if(|slot| slot.v == v);
                }
            });
        }
        let result = if let Arg::Reg(slot) = inst.args[0] { Some(slot) } else { None };
        match effect {
            Effect::Float => self.float = result,
            Effect::Int => self.int = result,
            Effect::LosesInt => self.int = None,
            Effect::None | Effect::LosesBoth => {}
        }
        self
    }
}

/// Puts instructions over the latest results in place of others.
pub(super) struct Fuser<'u> {
    /// If two instructions may become one: how often registers are used.
    uses: Option<&'u [Uses]>,
    latest: Latest,
    /// The operation before this one, if nothing can jump in between, and the latest results before it.
    before: Option<(usize, Latest)>,
    fused: bool,
}

impl<'u> Fuser<'u> {
    /// One that makes one of two instructions only if it is told how often registers are used.
    pub(super) fn new(uses: Option<&'u [Uses]>) -> Self {
        Self { uses, latest: Latest::default(), before: None, fused: false }
    }

    /// Goes over a function's code. Whether there is nothing any more in some places.
    pub(super) fn run(mut self, body: &mut Body) -> bool {
        for at in 0..body.insts.len() {
            let mut op = match body.insts[at].code {
                Code::Op(op) => op,
                Code::Declare | Code::Nothing => continue,
                _ => {
                    self.latest = Latest::default();
                    self.before = None;
                    continue;
                }
            };
            if let Some((fused, args)) = self.fuse(op, body, at) {
                op = fused;
                body.insts[at].args = args;
                if let Some((gone, latest)) = self.before {
                    body.insts[gone].code = Code::Nothing;
                    self.latest = latest;
                }
                self.fused = true;
            } else {
                op = self.accumulate(op, &mut body.insts[at].args);
            }
            body.insts[at].code = Code::Op(op);
            self.before = Some((at, self.latest));
            self.latest = self.latest.after(op, &body.insts[at], body);
        }
        self.fused
    }

    /// An operation's form for the latest result, and its operands, if one of them is that.
    fn accumulate(&self, op: Op, args: &mut [Arg; 3]) -> Op {
        let Some((first, second)) = accumulator_forms(op) else { return op };
        let is_float = matches!(op.info().operands.first(), Some(Operand::Def(Kind::Float)));
        let Some(latest) = (if is_float { self.latest.float } else { self.latest.int }) else { return op };
        let [_, b, c] = *args;
        match (first, second) {
            (Some(form), _) if b == Arg::Reg(latest) => {
                args[1] = Arg::None;
                form
            }
            (_, Some(form)) if c == Arg::Reg(latest) => {
                (args[1], args[2]) = (Arg::None, b);
                form
            }
            _ => op,
        }
    }

    /// One operation for the one before and this one, if only this one needs the other's result.
    fn fuse(&self, op_: Op, body: &Body, at: usize) -> Option<(Op, [Arg; 3])> {
        if !matches!(op_, Op::FAdd | Op::FSub | Op::FMul | Op::Add | Op::Mul | Op::And) {
            return None;
        }
        let (before, latest) = self.before?;
        let ([d, b, c], [t, x, y]) = (body.insts[at].args, body.insts[before].args);
        if !is_used_once(self.uses?, t) {
            return None;
        }
        let other = match op_ {
            _ if c == t => b,
            _ if b == t && op_ != Op::FSub => c,
            _ => return None,
        };
        let is_latest = latest.float.is_some_and(|latest| other == Arg::Reg(latest));
        match (op(&body.insts[before])?, op_) {
            (Op::MulA, Op::Add) => Some((Op::MulAddA, [d, y, other])),
            (Op::AddA, Op::And) => Some((Op::AddAndA, [d, y, other])),
            (Op::XorA, Op::Add) => Some((Op::XorAddA, [d, y, other])),
            (Op::XorA, Op::Mul) => Some((Op::XorMulA, [d, y, other])),
            (Op::FMulA, Op::FAdd) => Some((Op::FMulAddA, [d, y, other])),
            (Op::FMul, Op::FAdd) if is_latest => Some((Op::FAddMulA, [d, x, y])),
            (Op::FMul, Op::FSub) if is_latest => Some((Op::FSubMulA, [d, x, y])),
            (Op::LoadFieldF, Op::FAdd) if is_latest => Some((Op::FAddFieldA, [d, x, y])),
            (Op::LoadFieldF, Op::FSub) if is_latest => Some((Op::FSubFieldA, [d, x, y])),
            (Op::LoadFieldF, Op::FMul) if is_latest => Some((Op::FMulFieldA, [d, x, y])),
            _ => None,
        }
    }
}

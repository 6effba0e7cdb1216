//! Arithmetic, conversions between numeric types, and the numeric built-ins.

use mog_core::TrapCode;
use mog_core::isa::{IntCode, Lib, MathFn, Op};

use super::{Arg, Lowering, Val};
use crate::hir::{ArithOp, Builtin, ExprId, ExprKind, UnaryOp};
use crate::ir::Ext;
use crate::optimizations::Optimization;
use crate::types::{IntKind, Ty, TyKind, Types};

pub(super) const fn int_code(kind: IntKind) -> IntCode {
    match kind {
        IntKind::I8 => IntCode::I8,
        IntKind::I16 => IntCode::I16,
        IntKind::I32 => IntCode::I32,
        IntKind::I64 => IntCode::I64,
        IntKind::U8 => IntCode::U8,
        IntKind::U16 => IntCode::U16,
        IntKind::U32 => IntCode::U32,
        IntKind::U64 => IntCode::U64,
    }
}

/// The kind of the unsigned integers of the same width.
const fn unsigned(kind: IntKind) -> IntKind {
    match kind {
        IntKind::I8 | IntKind::U8 => IntKind::U8,
        IntKind::I16 | IntKind::U16 => IntKind::U16,
        IntKind::I32 | IntKind::U32 => IntKind::U32,
        IntKind::I64 | IntKind::U64 => IntKind::U64,
    }
}

impl Lowering<'_, '_> {
    /// The kind of an integer type.
    pub(super) fn int_kind(&self, ty: Ty) -> Option<IntKind> {
        match self.hir().types.kind(ty) {
            TyKind::Int(kind) => Some(*kind),
            _ => None,
        }
    }

    pub(super) fn is_float(&self, ty: Ty) -> bool {
        matches!(self.hir().types.kind(ty), TyKind::Float | TyKind::F32)
    }

    /// An integer constant that an 8-bit operand can hold.
    pub(super) fn small_int(&self, id: ExprId) -> Option<i32> {
        if !self.makes(Optimization::Immediates) {
            return None;
        }
        match self.hir().expr(id).kind {
            ExprKind::Int(value) => i8::try_from(value).ok().map(i32::from),
            ExprKind::Bool(value) => Some(i32::from(value)),
            _ => None,
        }
    }

    pub(super) fn arith(
        &mut self,
        first: ExprId,
        rest: &[(ArithOp, ExprId)],
        ty: Ty,
        dst: Option<Val>,
    ) -> Val {
        let mut left = self.operand(first, rest.iter().map(|&(_, operand)| operand));
        for (n, &(op, operand)) in rest.iter().enumerate() {
            let last = n + 1 == rest.len();
            let target = if last { self.target(dst, ty) } else { self.fresh(ty) };
            if self.is_float(ty) {
                let right = self.expr(operand, None);
                self.float_op(op, target, left, right, ty);
            } else {
                let dividend = (n == 0).then_some(first);
                if !self.divide_by_power(op, target, left, dividend, operand) {
                    self.int_op(op, target, left, operand, ty);
                }
            }
            left = target;
        }
        left
    }

    fn float_op(&mut self, op: ArithOp, dst: Val, left: Val, right: Val, ty: Ty) {
        let op = match op {
            ArithOp::Sub => Op::FSub,
            ArithOp::Mul => Op::FMul,
            ArithOp::Div => Op::FDiv,
            ArithOp::Rem => Op::FRem,
            _ => Op::FAdd,
        };
        self.op(op, &[dst.arg(), left.arg(), right.arg()]);
        self.round(dst, ty);
    }

    /// Rounds an `f32` result.
    fn round(&mut self, val: Val, ty: Ty) {
        if matches!(self.hir().types.kind(ty), TyKind::F32) {
            self.op(Op::FRound32, &[val.arg(), val.arg()]);
        }
    }

    /// Wraps a result to its type's width.
    fn wrap(&mut self, val: Val, kind: IntKind) {
        if kind.bits() < 64 {
            self.op(Op::Narrow, &[val.arg(), val.arg(), Arg::Num(int_code(kind) as i32)]);
        }
    }

    fn int_op(&mut self, op: ArithOp, dst: Val, left: Val, operand: ExprId, ty: Ty) {
        let kind = self.int_kind(ty).unwrap_or(IntKind::I64);
        let small = self.small_int(operand);
        let is_u64 = kind == IntKind::U64;
        let immediate = match (op, small) {
            (ArithOp::Add, Some(n)) => Some((Op::AddI, n)),
            (ArithOp::Sub, Some(n)) if n > -128 => Some((Op::AddI, -n)),
            (ArithOp::Mul, Some(n)) => Some((Op::MulI, n)),
            (ArithOp::Div, Some(n)) if n != 0 && !is_u64 => Some((Op::DivI, n)),
            (ArithOp::Rem, Some(n)) if n != 0 && !is_u64 => Some((Op::RemI, n)),
            (ArithOp::And, Some(n)) => Some((Op::AndI, n)),
            (ArithOp::Or, Some(n)) => Some((Op::OrI, n)),
            (ArithOp::Xor, Some(n)) => Some((Op::XorI, n)),
            (ArithOp::Shl, Some(n)) if (0..kind.bits() as i32).contains(&n) => Some((Op::ShlI, n)),
            (ArithOp::Shr, Some(n)) if (0..kind.bits() as i32).contains(&n) => {
                Some((if is_u64 { Op::ShrUI } else { Op::ShrI }, n))
            }
            _ => None,
        };
        if let Some((op, number)) = immediate {
            self.op(op, &[dst.arg(), left.arg(), Arg::Num(number)]);
        } else {
            let right = self.expr(operand, None);
            if matches!(op, ArithOp::Shl | ArithOp::Shr) && kind.bits() < 64 {
                self.op(Op::ShiftCheck, &[right.arg(), Arg::Num(kind.bits() as i32)]);
            }
            let op = match op {
                ArithOp::Add => Op::Add,
                ArithOp::Sub => Op::Sub,
                ArithOp::Mul => Op::Mul,
                ArithOp::Div if is_u64 => Op::DivU,
                ArithOp::Rem if is_u64 => Op::RemU,
                ArithOp::Div => Op::Div,
                ArithOp::Rem => Op::Rem,
                ArithOp::And => Op::And,
                ArithOp::Or => Op::Or,
                ArithOp::Xor => Op::Xor,
                ArithOp::Shl => Op::Shl,
                ArithOp::Shr if is_u64 => Op::ShrU,
                ArithOp::Shr => Op::Shr,
            };
            self.op(op, &[dst.arg(), left.arg(), right.arg()]);
        }
        let stays = matches!(op, ArithOp::And | ArithOp::Or | ArithOp::Xor | ArithOp::Shr | ArithOp::Rem);
        if !stays {
            self.wrap(dst, kind);
        }
    }

    pub(super) fn unary(&mut self, op: UnaryOp, operand: ExprId, ty: Ty, dst: Option<Val>) -> Val {
        let value = self.expr(operand, None);
        let dst = self.target(dst, ty);
        match op {
            UnaryOp::Neg if self.is_float(ty) => self.op(Op::FNeg, &[dst.arg(), value.arg()]),
            UnaryOp::Neg => {
                self.op(Op::Neg, &[dst.arg(), value.arg()]);
                self.wrap(dst, self.int_kind(ty).unwrap_or(IntKind::I64));
            }
            UnaryOp::Not => self.op(Op::Not, &[dst.arg(), value.arg()]),
            UnaryOp::BitNot => {
                self.op(Op::BitNot, &[dst.arg(), value.arg()]);
                self.wrap(dst, self.int_kind(ty).unwrap_or(IntKind::I64));
            }
        }
        dst
    }

    pub(super) fn cast(&mut self, operand: ExprId, to: Ty, dst: Option<Val>) -> Val {
        let from = self.ty(operand);
        let value = self.expr(operand, None);
        if from == to {
            return match dst {
                Some(dst) => {
                    self.copy(dst, value);
                    dst
                }
                None => value,
            };
        }
        let dst = self.target(dst, to);
        match (self.int_kind(from), self.int_kind(to)) {
            (Some(from), Some(to)) => {
                // Widening within the same signedness, and unsigned to wider signed, keep the bits.
                let fits =
                    to.bits() == 64 || from.range().0 >= to.range().0 && from.range().1 <= to.range().1;
                if fits {
                    self.copy_slot(dst, value);
                } else {
                    self.op(Op::Narrow, &[dst.arg(), value.arg(), Arg::Num(int_code(to) as i32)]);
                }
            }
            (Some(from), None) => {
                self.op(Op::IntToFloat, &[dst.arg(), value.arg(), Arg::Num(int_code(from) as i32)]);
                self.round(dst, to);
            }
            (None, Some(to)) if self.is_float(from) => {
                self.op(Op::FloatToInt, &[dst.arg(), value.arg(), Arg::Num(int_code(to) as i32)]);
            }
            (None, Some(_)) => self.copy_slot(dst, value),
            (None, None) => {
                self.copy_slot(dst, value);
                self.round(dst, to);
            }
        }
        dst
    }

    /// The numeric built-ins; `None` for all others.
    pub(super) fn numeric(
        &mut self,
        builtin: Builtin,
        args: &[ExprId],
        ty: Ty,
        dst: Option<Val>,
    ) -> Option<Val> {
        if let Some(function) = math_function(builtin) {
            return Some(self.math(function, args, ty, dst));
        }
        let values = match builtin {
            Builtin::Abs
            | Builtin::Sign
            | Builtin::Min
            | Builtin::Max
            | Builtin::Clamp
            | Builtin::PowInt
            | Builtin::Pow
            | Builtin::Sqrt
            | Builtin::Atan2
            | Builtin::IsNan
            | Builtin::CountOnes
            | Builtin::LeadingZeros
            | Builtin::CheckedAdd
            | Builtin::CheckedSub
            | Builtin::CheckedMul
            | Builtin::CheckedDiv => self.operands(args),
            _ => return None,
        };
        let &x = values.first()?;
        let float = self.is_float(x.ty);
        let kind = self.int_kind(x.ty).unwrap_or(IntKind::I64);
        let code = Arg::Num(int_code(kind) as i32);
        let dst = self.target(dst, ty);
        match builtin {
            Builtin::Abs if float => {
                self.op(Op::FMath, &[dst.arg(), x.arg(), Arg::Num(MathFn::Abs as i32)]);
            }
            Builtin::Sign if float => {
                self.op(Op::FMath, &[dst.arg(), x.arg(), Arg::Num(MathFn::Sign as i32)]);
            }
            Builtin::Abs if kind == IntKind::U64 => self.copy_slot(dst, x),
            Builtin::Abs => {
                self.op(Op::IntFn, &[dst.arg(), x.arg(), Arg::Num(0)]);
                self.wrap(dst, kind);
            }
            Builtin::Sign if kind == IntKind::U64 => {
                self.op(Op::NeI, &[dst.arg(), x.arg(), Arg::Num(0)]);
            }
            Builtin::Sign => self.op(Op::IntFn, &[dst.arg(), x.arg(), Arg::Num(1)]),
            Builtin::Min | Builtin::Max => {
                let &y = values.get(1)?;
                self.pick(builtin == Builtin::Min, dst, x, y, kind, float);
            }
            Builtin::Clamp => {
                let (&low, &high) = (values.get(1)?, values.get(2)?);
                let middle = self.fresh(ty);
                self.pick(false, middle, x, low, kind, float);
                self.pick(true, dst, middle, high, kind, float);
            }
            Builtin::PowInt => {
                let &y = values.get(1)?;
                self.lib(Lib::PowInt, dst, &[Ext::Reg(x.slot), Ext::Reg(y.slot)]);
            }
            Builtin::Pow | Builtin::Atan2 => {
                let &y = values.get(1)?;
                let op = if builtin == Builtin::Pow { Op::FPow } else { Op::FAtan2 };
                self.op(op, &[dst.arg(), x.arg(), y.arg()]);
                self.round(dst, ty);
            }
            Builtin::Sqrt => {
                self.op(Op::FSqrt, &[dst.arg(), x.arg()]);
                self.round(dst, ty);
            }
            Builtin::IsNan => self.op(Op::FNe, &[dst.arg(), x.arg(), x.arg()]),
            Builtin::CountOnes | Builtin::LeadingZeros => {
                let mut bits = x;
                if kind.bits() < 64 && unsigned(kind) != kind {
                    bits = self.fresh(Types::INT);
                    let code = Arg::Num(int_code(unsigned(kind)) as i32);
                    self.op(Op::Narrow, &[bits.arg(), x.arg(), code]);
                }
                let function = if builtin == Builtin::CountOnes { 2 } else { 3 };
                self.op(Op::IntFn, &[dst.arg(), bits.arg(), Arg::Num(function)]);
                if builtin == Builtin::LeadingZeros && kind.bits() < 64 {
                    let extra = kind.bits() as i32 - 64;
                    self.op(Op::AddI, &[dst.arg(), dst.arg(), Arg::Num(extra)]);
                }
            }
            _ => {
                let &y = values.get(1)?;
                let lib = match builtin {
                    Builtin::CheckedSub => Lib::CheckedSub,
                    Builtin::CheckedMul => Lib::CheckedMul,
                    Builtin::CheckedDiv => Lib::CheckedDiv,
                    _ => Lib::CheckedAdd,
                };
                let Arg::Num(code) = code else { return None };
                let code = self.int(i64::from(code), None);
                self.lib(lib, dst, &[Ext::Reg(code.slot), Ext::Reg(x.slot), Ext::Reg(y.slot)]);
            }
        }
        Some(dst)
    }

    /// The smaller or larger of two numbers.
    fn pick(&mut self, smaller: bool, dst: Val, x: Val, y: Val, kind: IntKind, float: bool) {
        if float {
            let op = if smaller { Op::FMin } else { Op::FMax };
            self.op(op, &[dst.arg(), x.arg(), y.arg()]);
            return;
        }
        let less = if kind == IntKind::U64 { Op::JLeU } else { Op::JLe };
        let (low, high) = if smaller { (x, y) } else { (y, x) };
        // Into a register of its own first: the destination may be one of the operands.
        let result = self.fresh(dst.ty);
        let done = self.label();
        self.copy_slot(result, x);
        self.op(less, &[low.arg(), high.arg(), Arg::To(done)]);
        self.copy_slot(result, y);
        self.place(done);
        self.copy_slot(dst, result);
    }

    fn math(&mut self, function: MathFn, args: &[ExprId], ty: Ty, dst: Option<Val>) -> Val {
        let Some(&arg) = args.first() else { return self.target(dst, ty) };
        let value = self.expr(arg, None);
        let dst = self.target(dst, ty);
        self.op(Op::FMath, &[dst.arg(), value.arg(), Arg::Num(function as i32)]);
        self.round(dst, ty);
        dst
    }

    /// A trap with this code unless the tag register is not 0.
    pub(super) fn require(&mut self, tag: Val, code: TrapCode) {
        let fine = self.label();
        self.op(Op::JNeI, &[tag.arg(), Arg::Num(0), Arg::To(fine)]);
        self.trap(code);
        self.place(fine);
    }
}

const fn math_function(builtin: Builtin) -> Option<MathFn> {
    Some(match builtin {
        Builtin::Sin => MathFn::Sin,
        Builtin::Cos => MathFn::Cos,
        Builtin::Tan => MathFn::Tan,
        Builtin::Asin => MathFn::Asin,
        Builtin::Acos => MathFn::Acos,
        Builtin::Atan => MathFn::Atan,
        Builtin::Exp => MathFn::Exp,
        Builtin::Log => MathFn::Log,
        Builtin::Log2 => MathFn::Log2,
        Builtin::Log10 => MathFn::Log10,
        Builtin::Floor => MathFn::Floor,
        Builtin::Ceil => MathFn::Ceil,
        Builtin::Round => MathFn::Round,
        Builtin::Trunc => MathFn::Trunc,
        _ => return None,
    })
}

//! Numbers that are never negative. Such a number divided by a power of two is a shift, and the remainder a mask: to divide
//! takes processors long, and small ones a subroutine. Of any number it is so where only the remainder zero is asked for.

use mog_core::isa::Op;

use super::{Arg, Lowering, Val};
use crate::hir::{ArithOp, Builtin, CompareOp, ExprId, ExprKind, LocalId};
use crate::optimizations::Optimization;
use crate::types::IntKind;

impl Lowering<'_, '_> {
    /// Notes of a variable that is never assigned whether the value that it begins with, or counts up from, is ever negative.
    pub(super) fn note_sign(&mut self, local: LocalId, begins: ExprId) {
        if !self.is_assigned(local) && self.is_never_negative(begins) {
            let at = local.0 as usize;
            if self.scope.never_negative.len() <= at {
                self.scope.never_negative.resize(at + 1, false);
            }
            if let Some(slot) = self.scope.never_negative.get_mut(at) {
                *slot = true;
            }
        }
    }

    /// Whether it is known to be an integer that is never negative.
    fn is_never_negative(&self, id: ExprId) -> bool {
        // Half of the numbers of `u64` would be, as 64 bits with a sign.
        match self.int_kind(self.ty(id)) {
            _ if !self.makes(Optimization::Divisions) => return false,
            Some(IntKind::U8 | IntKind::U16 | IntKind::U32) => return true,
            Some(IntKind::U64) => return false,
            _ => {}
        }
        match &self.hir().expr(id).kind {
            ExprKind::Int(value) => *value >= 0,
            ExprKind::Local(local) => {
                self.scope.never_negative.get(local.0 as usize).copied().unwrap_or(false)
            }
            ExprKind::Cast(operand) => {
                // Nothing is cut off.
                self.int_kind(self.ty(id)) == Some(IntKind::I64) && self.is_never_negative(*operand)
            }
            ExprKind::Builtin(Builtin::StrLen | Builtin::ArrayLen | Builtin::MapLen, ..) => true,
            ExprKind::Arith(first, rest) => match rest[..] {
                [(ArithOp::And, operand)] => {
                    self.is_never_negative(*first) || self.is_never_negative(operand)
                }
                [(ArithOp::Div | ArithOp::Or | ArithOp::Xor, operand)] => {
                    self.is_never_negative(*first) && self.is_never_negative(operand)
                }
                [(ArithOp::Rem | ArithOp::Shr, _)] => self.is_never_negative(*first),
                _ => false,
            },
            _ => false,
        }
    }

    /// Divides a number, which is this expression's if it has one, by a power of two, or takes the remainder. Whether it could,
    /// and what was asked for is that.
    pub(super) fn divide_by_power(
        &mut self,
        op: ArithOp,
        dst: Val,
        left: Val,
        dividend: Option<ExprId>,
        operand: ExprId,
    ) -> bool {
        if !matches!(op, ArithOp::Div | ArithOp::Rem) {
            return false;
        }
        let Some(divisor) = self.power_of_two(operand) else { return false };
        let is_u64 = self.int_kind(self.ty(operand)) == Some(IntKind::U64);
        if !is_u64 && !dividend.is_some_and(|dividend| self.is_never_negative(dividend)) {
            return false;
        }
        if op == ArithOp::Div {
            let shift = if is_u64 { Op::ShrUI } else { Op::ShrI };
            self.op(shift, &[dst.arg(), left.arg(), Arg::Num(divisor.trailing_zeros() as i32)]);
        } else {
            self.mask(dst, left, divisor - 1);
        }
        true
    }

    /// A constant that is a power of two, of the positive numbers of its type.
    fn power_of_two(&self, id: ExprId) -> Option<i64> {
        match self.hir().expr(id).kind {
            ExprKind::Int(value)
                if value > 0 && value.count_ones() == 1 && self.makes(Optimization::Divisions) =>
            {
                Some(value)
            }
            _ => None,
        }
    }

    /// A number that is zero where the left side of this comparison with zero is, if that is the remainder of a division by a
    /// power of two.
    pub(super) fn zero_like(&mut self, op: CompareOp, left: ExprId, right: ExprId) -> Option<Val> {
        let compares = matches!(op, CompareOp::Eq | CompareOp::Ne);
        let ExprKind::Int(0) = self.hir().expr(right).kind else { return None };
        let ExprKind::Arith(first, rest) = &self.hir().expr(left).kind else { return None };
        let [(ArithOp::Rem, operand)] = rest[..] else { return None };
        let mask = self.power_of_two(operand).filter(|_| compares)? - 1;
        let value = self.expr(*first, None);
        let dst = self.fresh(self.ty(left));
        self.mask(dst, value, mask);
        Some(dst)
    }

    /// The bits of a number that are set in a mask, which is not negative.
    fn mask(&mut self, dst: Val, value: Val, mask: i64) {
        match i8::try_from(mask) {
            Ok(mask) if self.makes(Optimization::Immediates) => {
                self.op(Op::AndI, &[dst.arg(), value.arg(), Arg::Num(mask.into())]);
            }
            _ => {
                let mask = self.int(mask, None);
                self.op(Op::And, &[dst.arg(), value.arg(), mask.arg()]);
            }
        }
    }
}

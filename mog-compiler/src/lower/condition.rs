//! Conditions as jumps, and comparisons as values.

use mog_core::isa::{Lib, Op};

use super::{Arg, Lowering, Val};
use crate::hir::{CompareOp, ExprId, ExprKind, LogicOp, UnaryOp};
use crate::ir::{Ext, Label};
use crate::types::{IntKind, Ty, TyKind, Types};

impl CompareOp {
    /// The operator that gives the opposite answer (but for NaN).
    const fn negated(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Ge,
            Self::Le => Self::Gt,
            Self::Gt => Self::Le,
            Self::Ge => Self::Lt,
        }
    }

    /// The operator with its operands exchanged.
    const fn swapped(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            other => other,
        }
    }
}

impl Lowering<'_, '_> {
    /// Jumps if a condition has the wanted value, otherwise goes on.
    pub(super) fn branch(&mut self, id: ExprId, wanted: bool, target: Label) {
        self.at = self.hir().expr(id).span.start;
        match &self.hir().expr(id).kind {
            ExprKind::Bool(value) => {
                if *value == wanted {
                    self.jump(target);
                }
            }
            ExprKind::Unary(UnaryOp::Not, operand) => self.branch(*operand, !wanted, target),
            ExprKind::Logic(first, rest) => self.branch_logic(*first, rest, wanted, target),
            ExprKind::Compare(op, left, right) => self.branch_compare(*op, *left, *right, wanted, target),
            ExprKind::Is(value, pattern) => {
                let value = self.expr(*value, None);
                if wanted {
                    let fails = self.label();
                    self.pattern(*pattern, value, fails);
                    self.jump(target);
                    self.place(fails);
                } else {
                    self.pattern(*pattern, value, target);
                }
            }
            _ => {
                let value = self.expr(id, None);
                let op = if wanted { Op::JumpIf } else { Op::JumpIfNot };
                self.op(op, &[value.arg(), Arg::To(target)]);
            }
        }
    }

    /// Operands joined strictly left to right: what is known after each operand decides where it jumps.
    fn branch_logic(&mut self, first: ExprId, rest: &[(LogicOp, ExprId)], wanted: bool, target: Label) {
        let end = self.label();
        // For each position, where a result that is already decided goes on: the next operand that could still
        // change it, or the end of the chain.
        let (on_true, on_false) = if wanted { (target, end) } else { (end, target) };
        let mut labels = vec![None; rest.len()];
        let (mut next_and, mut next_or) = (None, None);
        let mut targets = Vec::with_capacity(rest.len());
        for (n, &(op, _)) in rest.iter().enumerate().rev() {
            // After the operand before this one: false skips an `and`, true skips an `or`.
            targets.push((op, next_and, next_or));
            match op {
                LogicOp::And => next_and = Some(n),
                LogicOp::Or => next_or = Some(n),
            }
        }
        targets.reverse();
        let mut operand = first;
        for (n, &(op, next)) in rest.iter().enumerate() {
            if let Some(Some(label)) = n.checked_sub(1).and_then(|before| labels.get(before).copied()) {
                self.place(label);
            }
            let (jump_if, skip_to) = match (op, targets.get(n)) {
                (LogicOp::And, Some(&(_, _, or))) => (false, or),
                (LogicOp::Or, Some(&(_, and, _))) => (true, and),
                (_, None) => (false, None),
            };
            let to = match skip_to {
                None if jump_if => on_true,
                None => on_false,
                Some(at) => match labels.get(at).copied().flatten() {
                    Some(label) => label,
                    None => {
                        let label = self.label();
                        if let Some(slot) = labels.get_mut(at) {
                            *slot = Some(label);
                        }
                        label
                    }
                },
            };
            self.branch(operand, jump_if, to);
            operand = next;
        }
        if let Some(Some(label)) = rest.len().checked_sub(1).and_then(|last| labels.get(last).copied()) {
            self.place(label);
        }
        self.branch(operand, wanted, target);
        self.place(end);
    }

    fn branch_compare(&mut self, op: CompareOp, left: ExprId, right: ExprId, wanted: bool, target: Label) {
        let ty = self.ty(left);
        if self.is_float(ty) {
            let [x, y] = self.two(left, right);
            let (op, x, y) = match op {
                CompareOp::Gt => (CompareOp::Lt, y, x),
                CompareOp::Ge => (CompareOp::Le, y, x),
                other => (other, x, y),
            };
            let op = match (op, wanted) {
                (CompareOp::Eq, true) | (CompareOp::Ne, false) => Op::JFEq,
                (CompareOp::Ne, true) | (CompareOp::Eq, false) => Op::JFNe,
                (CompareOp::Lt, true) => Op::JFLt,
                (CompareOp::Lt, false) => Op::JFNlt,
                (_, true) => Op::JFLe,
                (_, false) => Op::JFNle,
            };
            self.op(op, &[x.arg(), y.arg(), Arg::To(target)]);
            return;
        }
        let op = if wanted { op } else { op.negated() };
        match self.hir().types.kind(ty) {
            TyKind::Bool | TyKind::Int(_) => self.branch_int(op, left, right, ty, target),
            TyKind::Str if !matches!(op, CompareOp::Eq | CompareOp::Ne) => {
                let order = self.order_of_strings(left, right);
                self.jump_on_zero(op, order, target);
            }
            _ => {
                let equal = self.equality(left, right, ty);
                let op = if op == CompareOp::Eq { Op::JumpIf } else { Op::JumpIfNot };
                self.op(op, &[equal.arg(), Arg::To(target)]);
            }
        }
    }

    fn branch_int(&mut self, op: CompareOp, left: ExprId, right: ExprId, ty: Ty, target: Label) {
        let unsigned = self.int_kind(ty) == Some(IntKind::U64);
        let orders = !matches!(op, CompareOp::Eq | CompareOp::Ne);
        if !(unsigned && orders) {
            if let Some(number) = self.small_int(right) {
                let x = self.zero_like(op, left, right);
                let x = x.unwrap_or_else(|| self.expr(left, None));
                self.jump_on_number(op, x, number, target);
                return;
            }
            if let Some(number) = self.small_int(left) {
                let y = self.expr(right, None);
                self.jump_on_number(op.swapped(), y, number, target);
                return;
            }
        }
        let [x, y] = self.two(left, right);
        let (op, x, y) = match op {
            CompareOp::Gt => (CompareOp::Lt, y, x),
            CompareOp::Ge => (CompareOp::Le, y, x),
            other => (other, x, y),
        };
        let op = match op {
            CompareOp::Eq => Op::JEq,
            CompareOp::Ne => Op::JNe,
            CompareOp::Lt if unsigned => Op::JLtU,
            CompareOp::Lt => Op::JLt,
            _ if unsigned => Op::JLeU,
            _ => Op::JLe,
        };
        self.op(op, &[x.arg(), y.arg(), Arg::To(target)]);
    }

    fn jump_on_zero(&mut self, op: CompareOp, value: Val, target: Label) {
        self.jump_on_number(op, value, 0, target);
    }

    /// Jumps on a comparison of an int with a number of 8 bits.
    pub(super) fn jump_on_number(&mut self, op: CompareOp, value: Val, number: i32, target: Label) {
        let op = match op {
            CompareOp::Eq => Op::JEqI,
            CompareOp::Ne => Op::JNeI,
            CompareOp::Lt => Op::JLtI,
            CompareOp::Le => Op::JLeI,
            CompareOp::Gt => Op::JGtI,
            CompareOp::Ge => Op::JGeI,
        };
        self.op(op, &[value.arg(), Arg::Num(number), Arg::To(target)]);
    }

    fn order_of_strings(&mut self, left: ExprId, right: ExprId) -> Val {
        let [x, y] = self.two(left, right);
        let order = self.fresh(Types::INT);
        self.lib(Lib::StrCmp, order, &[Ext::Reg(x.slot), Ext::Reg(y.slot)]);
        order
    }

    /// Whether two values of a type other than a float or an int are equal, as an int.
    fn equality(&mut self, left: ExprId, right: ExprId, ty: Ty) -> Val {
        let [x, y] = self.two(left, right);
        self.equal(x, y, ty)
    }

    /// Whether two values are equal, as an int.
    pub(super) fn equal(&mut self, x: Val, y: Val, ty: Ty) -> Val {
        let dst = self.fresh(Types::BOOL);
        match self.hir().types.kind(ty) {
            TyKind::Bool | TyKind::Int(_) => self.op(Op::Eq, &[dst.arg(), x.arg(), y.arg()]),
            TyKind::Float | TyKind::F32 => self.op(Op::FEq, &[dst.arg(), x.arg(), y.arg()]),
            TyKind::Str => self.lib(Lib::StrEq, dst, &[Ext::Reg(x.slot), Ext::Reg(y.slot)]),
            TyKind::Unit => {
                self.int(1, Some(dst));
            }
            _ => {
                let operands = self.typed(ty, &[x, y]);
                self.lib(Lib::Equal, dst, &operands);
            }
        }
        dst
    }

    /// A type and values of it, as ext operands.
    pub(super) fn typed(&mut self, ty: Ty, values: &[Val]) -> super::List<Ext> {
        let [low, high] = self.type_id(ty).0.to_le_bytes();
        let mut operands = smallvec::smallvec![Ext::Byte(low), Ext::Byte(high)];
        operands.extend(values.iter().map(|value| Ext::Reg(value.slot)));
        operands
    }

    /// A condition as a value.
    pub(super) fn boolean(&mut self, id: ExprId, dst: Option<Val>) -> Val {
        if let ExprKind::Compare(op, left, right) = self.hir().expr(id).kind
            && let Some(value) = self.compare_value(op, left, right, dst)
        {
            return value;
        }
        let dst = self.target(dst, Types::BOOL);
        let (no, end) = (self.label(), self.label());
        self.branch(id, false, no);
        self.int(1, Some(dst));
        self.jump(end);
        self.place(no);
        self.int(0, Some(dst));
        self.place(end);
        dst
    }

    /// Comparisons that one instruction can do.
    fn compare_value(&mut self, op: CompareOp, left: ExprId, right: ExprId, dst: Option<Val>) -> Option<Val> {
        let ty = self.ty(left);
        let float = self.is_float(ty);
        let int = matches!(self.hir().types.kind(ty), TyKind::Bool | TyKind::Int(_));
        if !float && !int {
            if op == CompareOp::Eq {
                let equal = self.equality(left, right, ty);
                if let Some(dst) = dst {
                    self.copy_slot(dst, equal);
                    return Some(dst);
                }
                return Some(equal);
            }
            return None;
        }
        let [x, y] = match self.zero_like(op, left, right) {
            Some(x) => [x, self.expr(right, None)],
            None => self.two(left, right),
        };
        let (op, x, y) = match op {
            CompareOp::Gt => (CompareOp::Lt, y, x),
            CompareOp::Ge => (CompareOp::Le, y, x),
            other => (other, x, y),
        };
        let unsigned = self.int_kind(ty) == Some(IntKind::U64);
        let op = match op {
            CompareOp::Eq if float => Op::FEq,
            CompareOp::Ne if float => Op::FNe,
            CompareOp::Lt if float => Op::FLt,
            _ if float => Op::FLe,
            CompareOp::Eq => Op::Eq,
            CompareOp::Ne => Op::Ne,
            CompareOp::Lt if unsigned => Op::LtU,
            CompareOp::Lt => Op::Lt,
            _ if unsigned => Op::LeU,
            _ => Op::Le,
        };
        let dst = self.target(dst, Types::BOOL);
        self.op(op, &[dst.arg(), x.arg(), y.arg()]);
        Some(dst)
    }
}

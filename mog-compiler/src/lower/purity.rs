//! What evaluating an expression can do to others: found once for each expression.

use smallvec::{SmallVec, smallvec};

use crate::hir::{ArithOp, Builtin, ExprId, ExprKind, FuncId, Hir};
use crate::types::{Ty, TyKind};

/// Effects that matter to the order of evaluation.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Effects {
    /// It assigns a local variable or leaves the expression early.
    pub(super) assigns: bool,
    /// It may change an array or map: it calls something, or a method that does.
    pub(super) mutates: bool,
}

/// Effects of all expressions, as far as they were asked for.
#[derive(Debug, Default)]
pub(super) struct Purity {
    known: Vec<Option<Effects>>,
}

impl Purity {
    /// What evaluating an expression can do.
    #[inline]
    pub(super) fn of(&mut self, hir: &Hir, id: ExprId) -> Effects {
        let kind = &hir.expr(id).kind;
        if matches!(kind, ExprKind::Local(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str(_)) {
            return Effects::default(); // the commonest
        }
        self.of_compound(hir, id, kind)
    }

    fn of_compound(&mut self, hir: &Hir, id: ExprId, kind: &ExprKind) -> Effects {
        let index = id.0 as usize;
        if self.known.len() < hir.exprs.len() {
            self.known.resize(hir.exprs.len(), None);
        }
        if let Some(Some(effects)) = self.known.get(index) {
            return *effects;
        }
        let mut effects = own(kind);
        kind.children(&mut |child| {
            let inner = self.of(hir, child);
            effects.assigns |= inner.assigns;
            effects.mutates |= inner.mutates;
        });
        if let Some(slot) = self.known.get_mut(index) {
            *slot = Some(effects);
        }
        effects
    }
}

fn own(kind: &ExprKind) -> Effects {
    let assigns = matches!(
        kind,
        ExprKind::SetLocal(..)
            | ExprKind::Let(..)
            | ExprKind::Return(_)
            | ExprKind::Break
            | ExprKind::Continue
            | ExprKind::Try(..)
            | ExprKind::Match(..)
            | ExprKind::Is(..)
            | ExprKind::ForRange(..)
            | ExprKind::ForArray(..)
            | ExprKind::ForMap(..)
            | ExprKind::ForStr(..)
            | ExprKind::ForAny(..)
            | ExprKind::TryCatch(..)
    );
    let mutates = match kind {
        ExprKind::Call(..)
        | ExprKind::CallValue(..)
        | ExprKind::CallImport(..)
        | ExprKind::Await(_)
        | ExprKind::SetIndex(..) => true,
        // Closures that are handed to a method run within the expression.
        ExprKind::Closure(_) => true,
        ExprKind::Builtin(builtin, ..) => matches!(
            builtin,
            Builtin::ArrayPush
                | Builtin::TensorSet
                | Builtin::ArrayPop
                | Builtin::ArrayInsert
                | Builtin::ArrayRemove
                | Builtin::ArrayClear
                | Builtin::MapDelete
                | Builtin::MapClear
        ),
        _ => false,
    };
    Effects { assigns: assigns || matches!(kind, ExprKind::Closure(_)), mutates }
}

/// Expressions of a function that is worth inlining at most.
const SMALL: usize = 32;

/// Expressions that a function which calls itself may come to, with its own calls replaced: one or two kilobytes of code.
const UNROLLED: usize = 600;

/// Variables that those bodies may have, which all need registers at once: fewer than the smallest window has.
const UNROLLED_LOCALS: usize = 16;

/// Calls within each other that are replaced by bodies at most. A fifth level takes 2 to 7 % off the time of `fib` and makes its
/// code twice as long.
const MAX_LEVELS: u32 = 4;

/// How many calls of this function within each other may be replaced by its body; 0 if none may. It has to be small, have no
/// loop and no closure, and nothing in it can trap or fail, so that no call stack ever misses it. It may call itself: each
/// level leaves fewer of its calls.
pub(super) fn inline_levels(hir: &Hir, id: FuncId) -> u32 {
    let Some(function) = hir.funcs.get(id.0 as usize) else { return 0 };
    if function.future.is_some()
        || !function.captures.is_empty()
        || function.locals.iter().any(|local| local.boxed)
    {
        return 0;
    }
    let mut left: SmallVec<[ExprId; 16]> = smallvec![function.body];
    let (mut count, mut calls) = (0, 0);
    while let Some(next) = left.pop() {
        count += 1;
        let kind = &hir.expr(next).kind;
        if count > SMALL || !cannot_fail(hir, kind, id) {
            return 0;
        }
        calls += usize::from(matches!(kind, ExprKind::Call(..)));
        kind.children(&mut |child| left.push(child));
    }
    // Values of several slots, and references, which each frame begins with as null, make many bodies slower than their calls.
    let locals = &function.locals;
    let most = match locals.iter().map(|local| local.ty).chain([function.ret]).all(|ty| is_scalar(hir, ty)) {
        true => MAX_LEVELS.min((UNROLLED_LOCALS / locals.len().max(1)).saturating_sub(1) as u32),
        false => 1,
    };
    let (mut levels, mut bodies, mut unrolled) = (1, calls, count + count * calls);
    while levels < most && bodies > 0 {
        bodies *= calls;
        unrolled += count * bodies;
        if unrolled > UNROLLED {
            break;
        }
        levels += 1;
    }
    levels
}

/// Whether values of this type are numbers or booleans.
fn is_scalar(hir: &Hir, ty: Ty) -> bool {
    matches!(hir.types.kind(ty), TyKind::Bool | TyKind::Int(_) | TyKind::Float | TyKind::F32)
}

fn cannot_fail(hir: &Hir, kind: &ExprKind, within: FuncId) -> bool {
    let scalar = |id: ExprId| is_scalar(hir, hir.expr(id).ty);
    match kind {
        ExprKind::Unit
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Str(_)
        | ExprKind::Local(_)
        | ExprKind::Global(_)
        | ExprKind::Block(..)
        | ExprKind::Let(..)
        | ExprKind::SetLocal(..)
        | ExprKind::Unary(..)
        | ExprKind::Logic(..)
        | ExprKind::If(..)
        | ExprKind::Return(_)
        | ExprKind::Cast(_)
        | ExprKind::Field(..) => true,
        ExprKind::Arith(first, rest) => {
            let total =
                |op: ArithOp| !matches!(op, ArithOp::Div | ArithOp::Rem | ArithOp::Shl | ArithOp::Shr);
            scalar(*first) && rest.iter().all(|&(op, operand)| total(op) && scalar(operand))
        }
        ExprKind::Compare(_, left, right) => scalar(*left) && scalar(*right),
        ExprKind::Call(callee, _) => *callee == within,
        _ => false,
    }
}

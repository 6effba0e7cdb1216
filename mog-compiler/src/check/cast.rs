//! Conversions: `as`.

use super::Checker;
use super::infer::Want;
use crate::ast::{self, Span, TypeExprId};
use crate::hir::{Asked, ExprId, ExprKind};
use crate::types::{Ty, TyKind, Types};

impl Checker<'_> {
    /// `value as T`.
    #[inline(never)]
    pub(super) fn cast(&mut self, value: ast::ExprId, ty: TypeExprId, span: Span, asked: Asked) -> ExprId {
        let to = self.resolve_type(ty);
        let node = self.cast_operand(value, to);
        let from = self.ty_of(node);
        if to == Types::ERROR || from == Types::ERROR {
            return self.emit(ExprKind::Unit, to, span);
        }
        if from == to || from == Types::NEVER {
            return node;
        }
        let numeric =
            |checker: &Self, ty| matches!(checker.kind(ty), TyKind::Int(_) | TyKind::Float | TyKind::F32);
        match (self.kind(from), self.kind(to)) {
            _ if numeric(self, from) && numeric(self, to) => self.emit(ExprKind::Cast(node), to, span),
            (_, TyKind::Any) => self.copied_to_any(node),
            (TyKind::Any, _) => self.copied_from_any(node, to, span, asked),
            (TyKind::Var(_), _) => {
                self.unify(from, to);
                node
            }
            (TyKind::Bool, TyKind::Int(_)) => {
                let (one, zero) =
                    (self.emit(ExprKind::Int(1), to, span), self.emit(ExprKind::Int(0), to, span));
                self.emit(ExprKind::If(node, one, Some(zero)), to, span)
            }
            (TyKind::Array(_) | TyKind::Map(..), _) if from == Types::ARRAY_ANY || from == Types::MAP_ANY => {
                let copy = self.copied_to_any(node);
                self.copied_from_any(copy, to, span, asked)
            }
            (_, TyKind::Option(_)) => self.coerce(node, to),
            _ => {
                if !self.unify(from, to) {
                    return self.bad_cast(node, from, to, span);
                }
                node
            }
        }
    }

    /// What is converted. Literals take the target type where they fit it.
    fn cast_operand(&mut self, value: ast::ExprId, to: Ty) -> ExprId {
        use ast::ExprKind as K;
        match self.ast[self.ast.without_parens(value)].kind {
            K::Int(n) if i64::try_from(n).is_err() => self.infer(value, Want::Type(to)),
            K::Int(_) if matches!(self.kind(to), TyKind::Float | TyKind::F32) => {
                self.infer(value, Want::Type(to))
            }
            K::Array(_) | K::Map(_) | K::None | K::Closure(_) | K::Repeat { .. } => {
                self.infer(value, Want::Type(to))
            }
            _ => self.infer(value, Want::Any),
        }
    }

    /// A copy out of `any`.
    fn copied_from_any(&mut self, node: ExprId, to: Ty, span: Span, asked: Asked) -> ExprId {
        if !self.holds_in_any(to) {
            let name = self.show(to);
            self.error(span, "not-any", format!("`any` never holds a value of type `{name}`"));
        }
        let ty = if asked == Asked::Yes { self.result_of(to, span) } else { to };
        self.emit(ExprKind::FromAny(node), ty, span)
    }

    #[cold]
    #[inline(never)]
    fn bad_cast(&mut self, node: ExprId, from: Ty, to: Ty, span: Span) -> ExprId {
        let text = self.operand_text(node);
        let (from_name, to_name) = (self.show(from), self.show(to));
        let (help, fix) = match (self.kind(from), self.kind(to)) {
            (_, TyKind::Str) => ("str(x) makes a string of any value", Some(format!("str({text})"))),
            (TyKind::Str, TyKind::Int(_)) => {
                ("parse_int(s) reads an int from a string", Some(format!("parse_int({text})")))
            }
            (TyKind::Str, TyKind::Float | TyKind::F32) => {
                ("parse_float(s) reads a float from a string", Some(format!("parse_float({text})")))
            }
            (TyKind::Int(_) | TyKind::Float, TyKind::Bool) => {
                ("compare instead", Some(format!("{text} != 0")))
            }
            (TyKind::Option(_) | TyKind::Result(_), _) => {
                ("unwrap it first, with `?` or `.unwrap_or(default)`", None)
            }
            _ => ("`as` converts between numbers, and to and from `any`", None),
        };
        self.error(span, "bad-cast", format!("`{from_name}` cannot become `{to_name}` with `as`"))
            .help(help)
            .fix_with(span, fix);
        self.emit(ExprKind::Unit, to, span)
    }
}

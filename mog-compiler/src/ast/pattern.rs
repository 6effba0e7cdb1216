//! Patterns.

use super::{ExprId, List, Name, PatId, Span, Symbol};

/// A pattern.
#[derive(Clone, Copy, Debug)]
pub struct Pat {
    /// What it is.
    pub kind: PatKind,
    /// Where.
    pub span: Span,
}

/// The kinds of pattern.
#[derive(Clone, Copy, Debug)]
pub enum PatKind {
    /// Unreadable; already reported.
    Error,
    /// `_`.
    Wildcard,
    /// A bare name: a variant or a constant if one is in scope, else a binding.
    Name(Symbol),
    /// A literal: [`ExprKind::Int`](super::ExprKind::Int), `Float`, `Bool`, `Str`, or a [`UnaryOp::Neg`](super::UnaryOp::Neg) around a number.
    Literal(ExprId),
    /// `3..10`, `3..=10`. The ends are literals as above, or names of constants, possibly qualified.
    Range {
        /// The first.
        start: ExprId,
        /// The bound.
        end: ExprId,
        /// Whether the bound belongs to it.
        inclusive: bool,
    },
    /// `1 | 2`: at least two, none of them an `Or` itself.
    Or(List<PatId>),
    /// `none`.
    None,
    /// `some(p)`.
    Some(PatId),
    /// `ok(p)`; `ok()` has a wildcard.
    Ok(PatId),
    /// `err(p)`.
    Err(PatId),
    /// `Shape.Circle(r)`, `Circle(r)`, `Shape.Empty`, `module.Shape.Empty`, `module.LIMIT`. One name alone without
    /// arguments is a [`PatKind::Name`].
    Variant {
        /// The names between dots, at least one.
        path: List<Name>,
        /// The patterns in parentheses.
        args: List<PatId>,
        /// Whether parentheses were written.
        parens: bool,
    },
    /// `Point { x, y: 0.0, .. }`.
    Struct {
        /// The type's name.
        path: List<Name>,
        /// The fields.
        fields: List<FieldPat>,
        /// Whether `..` leaves the other fields open.
        open: bool,
    },
}

/// `name` or `name: pattern` in a struct pattern.
#[derive(Clone, Copy, Debug)]
pub struct FieldPat {
    /// The field.
    pub name: Name,
    /// Its pattern; for the short form a [`PatKind::Name`] that always binds.
    pub pattern: PatId,
    /// Whether it was written in the short form.
    pub short: bool,
}

//! The syntax tree, as flat arenas.
//!
//! Nodes refer to each other by `u32` ids into the vectors of one [`Ast`]; nothing is boxed, so building a tree is a
//! handful of growing vectors and dropping it never recurses. Lists of children are [`List`]s: ranges into side
//! vectors, read with [`Ast::list`].
//!
//! The tree keeps what the author wrote where tools need it (parentheses, literal spans, comments) and is
//! normalised where the language only has synonyms: `x := 1` and `let x = 1`, `[T]` and `T[]`, `and` and `&&`,
//! `for c {}` and `while c {}` give the same nodes.
//!
//! After a syntax error the tree is still whole: [`ExprKind::Error`], [`PatKind::Error`], [`TypeKind::Error`] and
//! [`StmtKind::Error`] stand where something could not be read. A diagnostic has been reported for each of them, so
//! later passes treat them as "anything" and say nothing.

mod arena;
mod expr;
mod item;
mod pattern;
mod stmt;
mod type_expr;

pub use arena::*;
pub use expr::*;
pub use item::*;
pub use pattern::*;
pub use stmt::*;
pub use type_expr::*;

pub use crate::symbol::{Interner, Symbol, sym};

/// A half-open range of byte offsets in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset just after the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` up to, not including, `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty span at this one's end.
    pub const fn after(self) -> Self {
        Self { start: self.end, end: self.end }
    }

    /// The empty span at this one's start.
    pub const fn before(self) -> Self {
        Self { start: self.start, end: self.start }
    }

    /// The text it covers; empty when it does not fit the source.
    pub fn text(self, source: &str) -> &str {
        source.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// An identifier where it was written. The name `_` has [`sym::UNDERSCORE`] and binds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// What it says.
    pub symbol: Symbol,
    /// Where.
    pub span: Span,
}

/// A comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Where, with its delimiters, without the line end.
    pub span: Span,
    /// `/* */` rather than `//`.
    pub block: bool,
    /// Nothing but space stands before it on its line.
    pub own_line: bool,
}

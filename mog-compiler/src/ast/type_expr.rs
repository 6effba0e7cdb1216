//! Types as written.

use super::{List, Name, Span, TypeExprId};

/// A type as written.
#[derive(Clone, Copy, Debug)]
pub struct TypeExpr {
    /// What it is.
    pub kind: TypeKind,
    /// Where.
    pub span: Span,
}

/// The kinds of type expression. Synonyms (`str`, `i64`, `f64`) are resolved to the first form's [`Symbol`](super::Symbol).
#[derive(Clone, Copy, Debug)]
pub enum TypeKind {
    /// Unreadable; already reported.
    Error,
    /// `int`, `Point`, `any`, `Map`, `module.Point`: one or two names.
    Named(List<Name>),
    /// `[T]`, `T[]`.
    Array(TypeExprId),
    /// `{K: V}`, `map[K]V`.
    Map {
        /// The key type.
        key: TypeExprId,
        /// The value type.
        value: TypeExprId,
    },
    /// `?T`.
    Optional(TypeExprId),
    /// `Result<T>`.
    Result(TypeExprId),
    /// `Future<T>`.
    Future(TypeExprId),
    /// `tensor<T>`.
    Tensor(TypeExprId),
    /// `soa S`.
    Soa(List<Name>),
    /// `fn(A, B) -> R`; no result is `()`.
    Fn {
        /// The parameter types.
        params: List<TypeExprId>,
        /// The result.
        result: Option<TypeExprId>,
    },
    /// `()`.
    Unit,
}

//! Items: declarations.

use super::{BlockId, ExprId, FnId, ItemId, List, Name, Span, StmtId, TypeExprId};

/// A top-level declaration or statement, or a declaration inside a block or capability.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// `pub`.
    pub public: bool,
    /// Where, with `pub`.
    pub span: Span,
}

/// The kinds of item.
#[derive(Clone, Copy, Debug)]
pub enum ItemKind {
    /// `fn f() {}`.
    Fn(FnId),
    /// `struct S { x: int }`.
    Struct {
        /// The type's name.
        name: Name,
        /// The fields in order.
        fields: List<FieldDecl>,
    },
    /// `enum E { A, B(int) }`.
    Enum {
        /// The type's name.
        name: Name,
        /// The variants in order.
        variants: List<VariantDecl>,
    },
    /// `package name`: accepted for programs written for other implementations; means nothing.
    Package(Name),
    /// `type Name = T`.
    Type {
        /// The new name.
        name: Name,
        /// What it stands for.
        ty: TypeExprId,
    },
    /// `type Name`: a type whose values only the host makes and looks into; only in declaration files.
    Handle(Name),
    /// `import a`, `import "lib/a"`, `import (a, b)`.
    Import(List<Import>),
    /// `requires fs, http`.
    Requires(List<Name>),
    /// `optional log`.
    Optional(List<Name>),
    /// `capability http { … }`; only in declaration files.
    Capability {
        /// The group's name.
        name: Name,
        /// [`ItemKind::Fn`] without body, and types.
        members: List<ItemId>,
    },
    /// A top-level statement: module state (`:=`), a constant, or code of a file without `main`.
    Stmt(StmtId),
}

/// A function.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name; closures have none.
    pub name: Option<Name>,
    /// The parameters.
    pub params: List<Param>,
    /// The result type; not written means nothing for a named function and a signature, inferred for a closure.
    pub result: Option<TypeExprId>,
    /// The body; none in a capability declaration.
    pub body: Option<BlockId>,
    /// `async fn`.
    pub is_async: bool,
    /// A closure written `|x| …`.
    pub bars: bool,
    /// From `async` or `fn` to the end of the body.
    pub span: Span,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its type; may be left out in closures only (reported otherwise).
    pub ty: Option<TypeExprId>,
    /// The default value.
    pub default: Option<ExprId>,
}

/// A field of a struct.
#[derive(Clone, Copy, Debug)]
pub struct FieldDecl {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExprId,
}

/// A variant of an enum.
#[derive(Clone, Copy, Debug)]
pub struct VariantDecl {
    /// Its name.
    pub name: Name,
    /// The types of its payload.
    pub payload: List<TypeExprId>,
}

/// One imported module.
#[derive(Clone, Copy, Debug)]
pub struct Import {
    /// What to look for, as written: `geometry`, `lib/geometry`; no `.mog`. The span covers the name or string.
    pub path: Name,
    /// What the program calls it: the path's last part, or the name after `as`.
    pub name: Name,
}

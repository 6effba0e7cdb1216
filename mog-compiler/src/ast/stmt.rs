//! Blocks and statements.

use super::{BinaryOp, BlockId, ExprId, ItemId, List, Name, Span, StmtId, TypeExprId};

/// A block: statements and possibly a value.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// The statements, without the tail.
    pub stmts: List<StmtId>,
    /// The last expression, when no `;` follows it: the block's value.
    pub tail: Option<ExprId>,
    /// Where, with its braces.
    pub span: Span,
    /// Whether it was written in braces; `|x| x + 1` and `0 => x = 1` have blocks that were not.
    pub braced: bool,
}

/// A statement.
#[derive(Clone, Copy, Debug)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// Where, without a final `;`.
    pub span: Span,
}

/// The kinds of statement.
#[derive(Clone, Copy, Debug)]
pub enum StmtKind {
    /// Unreadable; already reported.
    Error,
    /// `x := 1`, `let x = 1`, `let x: int = 1`, `x: int = 1`; also `_ = f()`.
    Let {
        /// The variable.
        name: Name,
        /// Its type, if written.
        ty: Option<TypeExprId>,
        /// Its value.
        value: ExprId,
    },
    /// `const N = 10`.
    Const {
        /// The constant.
        name: Name,
        /// Its type, if written.
        ty: Option<TypeExprId>,
        /// Its value.
        value: ExprId,
    },
    /// `place = value`, `place += value`.
    Assign {
        /// The place: a name, field or index, possibly in parentheses; other expressions were reported, the
        /// checker need not say it again.
        target: ExprId,
        /// The operator before `=`, if any.
        op: Option<BinaryOp>,
        /// The value.
        value: ExprId,
    },
    /// An expression that is not its block's value.
    Expr(ExprId),
    /// `while c {}`, `for c {}`.
    While {
        /// The condition.
        condition: ExprId,
        /// The body.
        body: BlockId,
    },
    /// `loop {}`, `for {}`.
    Loop(BlockId),
    /// `for v in xs {}`, `for i, v in xs {}`; `for i := a to b {}` iterates over the range `a..=b`.
    For {
        /// The only variable, or the index or key.
        first: Name,
        /// The value, when two are named.
        second: Option<Name>,
        /// What is iterated: a range or a collection.
        iterable: ExprId,
        /// The body.
        body: BlockId,
    },
    /// A function, struct, enum or type alias inside a block.
    Item(ItemId),
}

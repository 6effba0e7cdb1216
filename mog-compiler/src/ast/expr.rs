//! Expressions.

use super::{BlockId, ExprId, FnId, List, Name, PatId, Span, Symbol, TypeExprId};

/// An expression.
#[derive(Clone, Copy, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Clone, Copy, Debug)]
pub enum ExprKind {
    /// Unreadable; already reported.
    Error,
    /// `()`.
    Unit,
    /// `none`.
    None,
    /// `true`, `false`.
    Bool(bool),
    /// An integer literal, unsigned: `-128` is [`ExprKind::Unary`] around 128. The type's range is the checker's.
    Int(u64),
    /// A float literal.
    Float(f64),
    /// A string literal, escapes resolved.
    Str(Symbol),
    /// An f-string.
    FString(List<FPart>),
    /// A name: variable, function, type, module, capability; `ok`, `err`, `some` are ordinary names here.
    Name(Symbol),
    /// An expression in parentheses.
    Paren(ExprId),
    /// `[a, b]`.
    Array(List<ExprId>),
    /// `[value; count]`.
    Repeat {
        /// The element.
        value: ExprId,
        /// How many.
        count: ExprId,
    },
    /// `{k: v}`, also `{}`. Keys are expressions: `{a: 1}` has the variable `a` as its key.
    Map(List<MapEntry>),
    /// `Point { x: 1.0 }`, `module.Point { … }`.
    Struct {
        /// The type's name.
        path: List<Name>,
        /// The fields.
        fields: List<FieldInit>,
    },
    /// `first op operand op operand …`: all operators are of one level and apply strictly left to right. At
    /// [`Level::Comparison`] there is exactly one term.
    Chain {
        /// The level of all its operators.
        level: Level,
        /// The leftmost operand.
        first: ExprId,
        /// The operators with their right operands, at least one.
        rest: List<Term>,
    },
    /// A unary operator.
    Unary {
        /// Which.
        op: UnaryOp,
        /// Its operand.
        operand: ExprId,
    },
    /// `value as T`.
    Cast {
        /// What is converted.
        value: ExprId,
        /// The type to convert to.
        ty: TypeExprId,
    },
    /// `value is pattern`.
    Is {
        /// What is tested.
        value: ExprId,
        /// The pattern.
        pattern: PatId,
    },
    /// `a..b`, `a..=b`.
    Range {
        /// The first element.
        start: ExprId,
        /// The bound.
        end: ExprId,
        /// Whether the bound belongs to it.
        inclusive: bool,
    },
    /// `f(x, name: y)`; a method call has a [`ExprKind::Field`] as its callee, so has a call into a module, a
    /// capability or an enum's constructor. `ok(x)` and friends are calls of a [`ExprKind::Name`].
    Call {
        /// What is called.
        callee: ExprId,
        /// The arguments.
        args: List<Arg>,
    },
    /// `base.name`; any keyword may be the name.
    Field {
        /// The left side.
        base: ExprId,
        /// The right side.
        name: Name,
    },
    /// `base[i]`, for tensors `base[i, j]`; at least one index.
    Index {
        /// What is indexed.
        base: ExprId,
        /// The indices.
        indices: List<ExprId>,
    },
    /// `base[a:b]`, `base[a..b]`, `base[a..=b]`; either end may be left out.
    Slice {
        /// What is sliced.
        base: ExprId,
        /// The first element; the beginning when left out.
        start: Option<ExprId>,
        /// The bound; the end when left out.
        end: Option<ExprId>,
        /// Whether the bound belongs to it (`..=`).
        inclusive: bool,
    },
    /// `value?`.
    Question(ExprId),
    /// `await future`. `await f()?` is `Question(Await(Call f))`.
    Await(ExprId),
    /// `spawn call`.
    Spawn(ExprId),
    /// `if a {} else if b {} else {}`: a flat list of arms.
    If {
        /// Conditions with their blocks, at least one.
        arms: List<IfArm>,
        /// The last `else`.
        otherwise: Option<BlockId>,
    },
    /// `match value { … }`.
    Match {
        /// What is matched.
        value: ExprId,
        /// The arms in order.
        arms: List<MatchArm>,
    },
    /// A block as an expression.
    Block(BlockId),
    /// `try { } catch(e) { }`.
    Try {
        /// What is tried.
        body: BlockId,
        /// What the message is called in the handler; none for `catch { }`.
        name: Option<Name>,
        /// The handler; its span is empty and it has nothing in it when `catch` was missing (an error).
        handler: BlockId,
    },
    /// `fn(x: int) -> int { … }`, `|x| x + 1`.
    Closure(FnId),
    /// `tensor<f32>` before `(` or `.`; the element type. `tensor(…)` without `<>` is a [`ExprKind::Name`].
    TensorType(TypeExprId),
    /// `soa S[n]`.
    Soa {
        /// The struct.
        path: List<Name>,
        /// How many.
        count: ExprId,
    },
    /// `return`, `return value`. Control flow stands where an expression may, so that match arms can leave.
    Return(Option<ExprId>),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
}

/// The three levels of binary operators, from the innermost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Numbers and bits.
    Arithmetic,
    /// Comparisons, and `is`.
    Comparison,
    /// `and`, `or`.
    Logic,
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `&`
    BitAnd,
    /// `|`
    BitOr,
    /// `^`
    BitXor,
    /// `<<`
    Shl,
    /// `>>`
    Shr,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `and`
    And,
    /// `or`
    Or,
}

impl BinaryOp {
    /// The operator as the formatter writes it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::BitAnd => "&",
            Self::BitOr => "|",
            Self::BitXor => "^",
            Self::Shl => "<<",
            Self::Shr => ">>",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::And => "and",
            Self::Or => "or",
        }
    }

    /// The level it belongs to.
    pub const fn level(self) -> Level {
        match self {
            Self::Eq | Self::Ne | Self::Lt | Self::Le | Self::Gt | Self::Ge => Level::Comparison,
            Self::And | Self::Or => Level::Logic,
            _ => Level::Arithmetic,
        }
    }
}

/// A unary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `not`, `!`
    Not,
    /// `~`
    BitNot,
}

/// An operator of a chain with its right operand.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// The operator.
    pub op: BinaryOp,
    /// Where the operator stands.
    pub op_span: Span,
    /// Its right operand.
    pub operand: ExprId,
}

/// A part of an f-string.
#[derive(Clone, Copy, Debug)]
pub enum FPart {
    /// Literal text, escapes and doubled braces resolved.
    Text(Symbol),
    /// `{value}` or `{value:.N}`.
    Value {
        /// The expression.
        value: ExprId,
        /// The number of decimals.
        decimals: Option<u8>,
    },
}

/// `key: value` in a map literal.
#[derive(Clone, Copy, Debug)]
pub struct MapEntry {
    /// The key.
    pub key: ExprId,
    /// The value.
    pub value: ExprId,
}

/// `name: value` in a struct literal.
#[derive(Clone, Copy, Debug)]
pub struct FieldInit {
    /// The field.
    pub name: Name,
    /// Its value; for the short form `{ x }` the variable of that name.
    pub value: ExprId,
    /// Whether it was written in the short form.
    pub short: bool,
}

/// An argument of a call.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    /// The parameter's name in `name: value`.
    pub name: Option<Name>,
    /// The value.
    pub value: ExprId,
}

/// A condition with its block.
#[derive(Clone, Copy, Debug)]
pub struct IfArm {
    /// The condition.
    pub condition: ExprId,
    /// What runs when it holds.
    pub body: BlockId,
}

/// An arm of a match.
#[derive(Clone, Copy, Debug)]
pub struct MatchArm {
    /// The pattern.
    pub pattern: PatId,
    /// The guard after `if`.
    pub guard: Option<ExprId>,
    /// The value. An assignment written as an arm's body is an unbraced [`ExprKind::Block`].
    pub body: ExprId,
    /// From the pattern to the body.
    pub span: Span,
}

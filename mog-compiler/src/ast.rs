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

use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::ops::Index;

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

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident: $field:ident => $node:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $id(NonZeroU32);

        impl $id {
            /// The position in the arena, from 0; useful for side tables.
            pub const fn index(self) -> usize {
                self.0.get() as usize - 1
            }
        }

        impl Index<$id> for Ast {
            type Output = $node;

            fn index(&self, id: $id) -> &$node {
                &self.$field[id.index()]
            }
        }

        impl Node for $node {
            type Id = $id;

            fn add(self, ast: &mut Ast) -> $id {
                ast.$field.push(self);
                // A tree has fewer nodes than its source has bytes, and a source has fewer than `u32::MAX`.
                $id(NonZeroU32::new(ast.$field.len() as u32).unwrap_or(NonZeroU32::MIN))
            }
        }
    )*};
}

/// Something that lives in an arena of the [`Ast`].
pub trait Node {
    /// Its id type.
    type Id: Copy;

    /// Stores it and returns its id.
    fn add(self, ast: &mut Ast) -> Self::Id;
}

ids! {
    /// An expression.
    ExprId: exprs => Expr;
    /// A statement.
    StmtId: stmts => Stmt;
    /// A type as written.
    TypeExprId: types => TypeExpr;
    /// A pattern.
    PatId: pats => Pat;
    /// A block.
    BlockId: blocks => Block;
    /// A function: an item, a closure or a capability's signature.
    FnId: functions => Function;
    /// An item.
    ItemId: items => Item;
}

/// A list of `T` stored in a side vector of the [`Ast`]; read it with [`Ast::list`].
pub struct List<T> {
    start: u32,
    len: u32,
    of: PhantomData<fn() -> T>,
}

impl<T> List<T> {
    /// The empty list.
    pub const EMPTY: Self = Self { start: 0, len: 0, of: PhantomData };

    /// How many there are.
    pub const fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<T> {}

impl<T> std::fmt::Debug for List<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "List({}..{})", self.start, self.start + self.len)
    }
}

macro_rules! pools {
    ($($field:ident: $element:ty),* $(,)?) => {
        /// The side vectors that hold lists.
        #[derive(Clone, Debug, Default)]
        pub struct Pools {
            $(pub(crate) $field: Vec<$element>,)*
        }

        impl Pools {
            /// Room for so many elements of each kind, but only where it is usually needed.
            pub(crate) fn with_room(elements: usize) -> Self {
                let mut pools = Self::default();
                pools.exprs.reserve_exact(elements);
                pools.stmts.reserve_exact(elements);
                pools.names.reserve_exact(elements);
                pools.args.reserve_exact(elements);
                pools.params.reserve_exact(elements);
                pools.terms.reserve_exact(elements);
                pools
            }
        }

        $(impl Listed for $element {
            fn pool(pools: &Pools) -> &Vec<Self> {
                &pools.$field
            }

            fn pool_mut(pools: &mut Pools) -> &mut Vec<Self> {
                &mut pools.$field
            }
        })*
    };
}

/// What can stand in a [`List`].
pub trait Listed: Copy {
    /// The side vector of this type.
    fn pool(pools: &Pools) -> &Vec<Self>;

    /// The same, to append to.
    fn pool_mut(pools: &mut Pools) -> &mut Vec<Self>;
}

pools! {
    exprs: ExprId,
    stmts: StmtId,
    types: TypeExprId,
    pats: PatId,
    items: ItemId,
    names: Name,
    args: Arg,
    params: Param,
    terms: Term,
    f_parts: FPart,
    map_entries: MapEntry,
    field_inits: FieldInit,
    if_arms: IfArm,
    match_arms: MatchArm,
    field_pats: FieldPat,
    field_decls: FieldDecl,
    variants: VariantDecl,
    imports: Import,
}

/// One parsed source: every node, its names and its comments.
#[derive(Clone, Debug)]
pub struct Ast {
    /// Expressions.
    pub exprs: Vec<Expr>,
    /// Statements.
    pub stmts: Vec<Stmt>,
    /// Types as written.
    pub types: Vec<TypeExpr>,
    /// Patterns.
    pub pats: Vec<Pat>,
    /// Blocks.
    pub blocks: Vec<Block>,
    /// Functions: items, closures, signatures in capability declarations.
    pub functions: Vec<Function>,
    /// Items, local and nested ones included; [`Ast::root`] lists those of the file.
    pub items: Vec<Item>,
    /// The file's own items and statements, in source order.
    pub root: List<ItemId>,
    /// The lists.
    pub pools: Pools,
    /// Names and string contents.
    pub names: Interner,
    /// Comments in source order, for the formatter.
    pub comments: Vec<Comment>,
    /// Names that statements would have made which could not be read.
    pub lost: Vec<Symbol>,
}

impl Ast {
    /// A tree with nothing in it.
    pub fn new() -> Self {
        Self::with_capacity(0, Interner::new())
    }

    /// A tree with nothing in it, with room for what a source of so many bytes usually needs.
    pub fn with_capacity(bytes: usize, names: Interner) -> Self {
        let bytes = bytes.min(1 << 16);
        Self {
            exprs: Vec::with_capacity(bytes / 6),
            stmts: Vec::with_capacity(bytes / 25),
            types: Vec::with_capacity(bytes / 50),
            pats: Vec::new(),
            blocks: Vec::with_capacity(bytes / 80),
            functions: Vec::with_capacity(bytes / 200),
            items: Vec::with_capacity(bytes / 100),
            root: List::EMPTY,
            pools: Pools::with_room(bytes / 40),
            names,
            comments: Vec::new(),
            lost: Vec::new(),
        }
    }

    /// The elements of a list.
    pub fn list<T: Listed>(&self, list: List<T>) -> &[T] {
        let start = list.start as usize;
        T::pool(&self.pools).get(start..start + list.len as usize).unwrap_or(&[])
    }

    /// The text of a name or string.
    pub fn text(&self, symbol: Symbol) -> &str {
        self.names.text(symbol)
    }

    /// Stores a node.
    pub fn add<N: Node>(&mut self, node: N) -> N::Id {
        node.add(self)
    }

    /// Stores an expression.
    pub fn expr(&mut self, kind: ExprKind, span: Span) -> ExprId {
        self.add(Expr { kind, span })
    }

    /// Stores a list.
    pub fn add_list<T: Listed>(&mut self, elements: &[T]) -> List<T> {
        let pool = T::pool_mut(&mut self.pools);
        let start = pool.len() as u32;
        pool.extend_from_slice(elements);
        List { start, len: elements.len() as u32, of: PhantomData }
    }

    /// Follows parentheses to what they enclose.
    pub fn without_parens(&self, mut id: ExprId) -> ExprId {
        while let ExprKind::Paren(inner) = self[id].kind {
            id = inner;
        }
        id
    }
}

impl Default for Ast {
    fn default() -> Self {
        Self::new()
    }
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

// ---------------------------------------------------------------------------------------------------------------------
// Expressions

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

// ---------------------------------------------------------------------------------------------------------------------
// Statements

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

// ---------------------------------------------------------------------------------------------------------------------
// Patterns

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
    /// A literal: [`ExprKind::Int`], `Float`, `Bool`, `Str`, or a [`UnaryOp::Neg`] around a number.
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

// ---------------------------------------------------------------------------------------------------------------------
// Types

/// A type as written.
#[derive(Clone, Copy, Debug)]
pub struct TypeExpr {
    /// What it is.
    pub kind: TypeKind,
    /// Where.
    pub span: Span,
}

/// The kinds of type expression. Synonyms (`str`, `i64`, `f64`) are resolved to the first form's [`Symbol`].
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

// ---------------------------------------------------------------------------------------------------------------------
// Items

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

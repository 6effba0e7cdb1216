//! Where nodes and lists live: the arenas of a tree.

use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::ops::Index;

use super::{
    Arg, Block, Comment, Expr, ExprKind, FPart, FieldDecl, FieldInit, FieldPat, Function, IfArm, Import,
    Interner, Item, MapEntry, MatchArm, Name, Param, Pat, Span, Stmt, Symbol, Term, TypeExpr, VariantDecl,
};

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
                Self {
                    exprs: Vec::with_capacity(elements),
                    stmts: Vec::with_capacity(elements),
                    names: Vec::with_capacity(elements),
                    args: Vec::with_capacity(elements),
                    params: Vec::with_capacity(elements),
                    terms: Vec::with_capacity(elements),
                    ..Self::default()
                }
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
    /// Where each line of the source begins, if it was read without errors.
    pub lines: Vec<u32>,
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
            lines: Vec::new(),
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

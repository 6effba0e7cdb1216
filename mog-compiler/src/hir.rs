//! The checked program: every name resolved, every type known, every piece of sugar gone. The checker makes it,
//! lowering reads it. Nodes live in flat arenas, so that nothing recurses over the source's length.

mod children;

use smallvec::SmallVec;

use crate::ast::Span;
use crate::types::{EnumId, StructId, Ty, Types};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])* #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)] pub struct $name(pub u32);)*
    };
}

ids! {
    /// An expression's number in [`Hir::exprs`].
    ExprId;
    /// A pattern's number in [`Hir::pats`].
    PatId;
    /// A function's number in [`Hir::funcs`].
    FuncId;
    /// A local variable's number in its function's [`Func::locals`].
    LocalId;
    /// A module variable's number in [`Hir::globals`].
    GlobalId;
    /// A capability function's number in [`Hir::imports`].
    ImportId;
    /// A string constant's number in [`Hir::strings`].
    StrId;
}

/// The variables of a function: mostly few.
pub type Locals = SmallVec<[Local; 8]>;
/// A list of expressions: mostly few.
pub type Exprs = SmallVec<[ExprId; 4]>;
/// The parameters of a function: mostly few.
pub type Params = SmallVec<[LocalId; 4]>;
/// Operands after the first, each with the operator before it.
pub type Terms<Op> = SmallVec<[(Op, ExprId); 2]>;

/// A checked program.
#[derive(Debug, Default)]
pub struct Hir {
    /// All types; those of the nodes are fully resolved.
    pub types: Types,
    /// All expressions.
    pub exprs: Vec<Expr>,
    /// All patterns.
    pub pats: Vec<Pat>,
    /// All functions: declared ones, closures, and the initialiser.
    pub funcs: Vec<Func>,
    /// Module state: top-level `:=` bindings that a function can see.
    pub globals: Vec<Global>,
    /// The capability functions that the program calls, each once.
    pub imports: Vec<Import>,
    /// String constants, each once.
    pub strings: Vec<String>,
    /// Capabilities named by `requires`.
    pub requires: Vec<String>,
    /// Capabilities named by `optional`.
    pub optional: Vec<String>,
    /// Runs before the first entry: top-level bindings and statements in order. `None` if there are none.
    pub init: Option<FuncId>,
    /// `main` and every `pub fn`: name and function.
    pub exports: Vec<(String, FuncId)>,
    /// The imported modules: the files after the program itself, which is file 0, and what came before it.
    pub modules: Vec<Module>,
    /// For each function the file that its spans refer to. The initialiser counts as the program's.
    pub func_files: Vec<u32>,
}

/// An imported module.
#[derive(Debug)]
pub struct Module {
    /// The name that it is imported by.
    pub name: String,
    /// Its source.
    pub text: String,
    /// Where each line of it begins.
    pub lines: Vec<u32>,
}

/// A function. A closure's captures are locals too; they are bound when the closure is made.
#[derive(Debug)]
pub struct Func {
    /// The name for call stacks; a closure's is that of the enclosing function with `{closure}`.
    pub name: String,
    /// The parameters, in order.
    pub params: Params,
    /// The type of the result.
    pub ret: Ty,
    /// For an `async fn`, the type of what a call gives: the future of the result.
    pub future: Option<Ty>,
    /// All local variables, parameters and captures among them.
    pub locals: Locals,
    /// For a closure: which local of the enclosing function becomes which local here.
    pub captures: Vec<Capture>,
    /// The body. Its value is returned (when `ret` is not unit); its type is `ret` or never.
    pub body: ExprId,
    /// Where the function was declared.
    pub span: Span,
}

/// One captured variable of a closure.
#[derive(Clone, Copy, Debug)]
pub struct Capture {
    /// The variable in the function that makes the closure.
    pub outer: LocalId,
    /// The variable in the closure.
    pub inner: LocalId,
}

/// A local variable.
#[derive(Clone, Copy, Debug)]
pub struct Local {
    /// The type.
    pub ty: Ty,
    /// Lives in a heap cell: captured by a closure and assigned after its first initialisation. A variable that
    /// is captured but never assigned again is captured by value, which nobody can tell apart.
    pub boxed: bool,
    /// Assigned after its initialisation, here or in a closure.
    pub assigned: bool,
}

/// A module variable.
#[derive(Clone, Debug)]
pub struct Global {
    /// The name as written.
    pub name: String,
    /// The type.
    pub ty: Ty,
}

/// A capability function that the program calls.
#[derive(Clone, Debug)]
pub struct Import {
    /// The capability, such as `log`.
    pub capability: String,
    /// The function, such as `write`.
    pub function: String,
    /// Parameter names where a declaration gives them (empty otherwise) and types. For an undeclared function
    /// the parameters are `any`, one per argument of this call shape.
    pub params: Vec<(String, Ty)>,
    /// The type of the result.
    pub ret: Ty,
    /// Whether a declaration gave the types. An undeclared function adapts to whatever the host granted.
    pub declared: bool,
    /// Declared as `async fn`.
    pub is_async: bool,
}

/// An expression with its type and its place in the source.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The type of its value.
    pub ty: Ty,
    /// Where it stands.
    pub span: Span,
}

/// Arithmetic and bit operators: both sides and the result have one type (strings use [`ExprKind::Concat`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the variants are the operators' names")]
pub enum ArithOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
}

/// Comparison operators. `Eq` and `Ne` are deep for composite types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the variants are the operators' names")]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// Short-circuit operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the variants are the operators' names")]
pub enum LogicOp {
    And,
    Or,
}

/// Operators with one operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnaryOp {
    /// `-x` on integers and floats.
    Neg,
    /// `!x` on booleans.
    Not,
    /// `~x` on integers.
    BitNot,
}

/// Where the failure of `e?` goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailTo {
    /// Returned from the function as its `Result` or `?T`.
    Return,
    /// Raised: to the nearest enclosing `try` here or in a caller, or it ends the program.
    Raise,
}

/// What an expression is. "Asked" operations give `?T` or `Result<T>` as the expression's type says; bare ones
/// give the plain value and trap or raise.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// `()`; also a statement that was dropped after an error.
    Unit,
    /// A boolean constant.
    Bool(bool),
    /// An integer constant of any width, in its 64-bit register form.
    Int(i64),
    /// A float constant.
    Float(f64),
    /// A string constant.
    Str(StrId),
    /// `none`; the type is `?T` or `any`.
    None,
    /// A local variable's value.
    Local(LocalId),
    /// A module variable's value.
    Global(GlobalId),
    /// A named function as a value.
    FuncValue(FuncId),
    /// A closure; its captures are in the function.
    Closure(FuncId),
    /// Statements, whose values are dropped, then the value (unit if absent).
    Block(Exprs, Option<ExprId>),
    /// A binding comes into being. Each execution makes a fresh variable. Without a value it is assigned later.
    Let(LocalId, Option<ExprId>),
    /// Assignment to a local variable.
    SetLocal(LocalId, ExprId),
    /// Assignment to a module variable.
    SetGlobal(GlobalId, ExprId),
    /// `object.field = value`: object, slot number of the field in declaration order, value.
    SetField(ExprId, u32, ExprId),
    /// `base[index] = value` on an array or a map.
    SetIndex(ExprId, ExprId, ExprId),
    /// An operator with one operand.
    Unary(UnaryOp, ExprId),
    /// Operands joined left to right by arithmetic operators of one type.
    Arith(ExprId, Terms<ArithOp>),
    /// Strings joined.
    Concat(Exprs),
    /// A comparison of two values of one type.
    Compare(CompareOp, ExprId, ExprId),
    /// Booleans joined left to right with short circuit: `((a or b) and c)`.
    Logic(ExprId, Terms<LogicOp>),
    /// A conversion between numeric types (`as`); the operand's type and this type tell which.
    Cast(ExprId),
    /// A copy of a value as `any`. Also wraps scalars where a capability or `Map` asks for `any`.
    ToAny(ExprId),
    /// A copy out of `any`: `Result<T>` when asked, otherwise `T`, raising on failure.
    FromAny(ExprId),
    /// Condition, value if true, value if false (absent: unit).
    If(ExprId, ExprId, Option<ExprId>),
    /// The first arm that matches. The checker proved that one does.
    Match(ExprId, Vec<Arm>),
    /// Whether a value matches a pattern; binds the pattern's variables if so.
    Is(ExprId, PatId),
    /// Condition and body. `loop` is a `While` whose condition is `Bool(true)`.
    While(ExprId, ExprId),
    /// A counted loop: variable (fresh each time), from, to, whether the end is included, body.
    ForRange(LocalId, ExprId, ExprId, bool, ExprId),
    /// Over an array: index variable, element variable, array, body.
    ForArray(Option<LocalId>, LocalId, ExprId, ExprId),
    /// Over a map: key variable, value variable, map, body.
    ForMap(LocalId, Option<LocalId>, ExprId, ExprId),
    /// Over a string's characters: byte position variable, character variable, string, body.
    ForStr(Option<LocalId>, LocalId, ExprId, ExprId),
    /// Over `any`: key variable (an int or a string, as `any`), element variable (`any`), value, body.
    ForAny(Option<LocalId>, LocalId, ExprId, ExprId),
    /// Leaves the innermost loop.
    Break,
    /// Next round of the innermost loop.
    Continue,
    /// Returns from the function.
    Return(Option<ExprId>),
    /// A declared function with all its arguments in order, defaults filled in. Of an `async fn` it makes a future.
    Call(FuncId, Exprs),
    /// A function value with its arguments.
    CallValue(ExprId, Exprs),
    /// A capability function. Type `T`: a failure is raised; type `Result<T>` with `asked`: it is given.
    CallImport(ImportId, Exprs, Asked),
    /// The future of a call of a capability function.
    StartImport(ImportId, Exprs),
    /// Waits for a future; its failure is raised.
    Await(ExprId),
    /// Starts a future, for which nobody has to wait; the future.
    Spawn(ExprId),
    /// A future of an array of futures.
    Group(Group, ExprId),
    /// Whether the host granted anything of a capability: `log.available`.
    Available(StrId),
    /// A built-in function or method; the receiver is the first argument.
    Builtin(Builtin, Exprs, Asked),
    /// `base[index]` on an array, string, map or any. Bare: traps (`any`: raises).
    Index(ExprId, ExprId, Asked),
    /// `base[from:to]` on an array or string; a missing bound is the end. Bare: traps.
    Slice(ExprId, Option<ExprId>, Option<ExprId>, Asked),
    /// A struct's field, by its number in order of declaration.
    Field(ExprId, u32),
    /// `x.k` on any. Bare: raises. Asked: `Result<any>`.
    AnyField(ExprId, StrId, Asked),
    /// `some(e)`, also where a plain value stands for `?T`.
    Some(ExprId),
    /// `ok(e)`.
    Ok(ExprId),
    /// `err(message)`: the operand is a string; the type is `Result<T>`.
    Err(ExprId),
    /// `e?` on `?T` or `Result<T>`.
    Try(ExprId, FailTo),
    /// `e.unwrap_or(d)` on `?T` or `Result<T>`.
    UnwrapOr(ExprId, ExprId),
    /// Whether `?T` is some or `Result<T>` is ok.
    IsPresent(ExprId),
    /// Body, variable for the message (string), variable for the kind (string `"denied"` or `"failed"`), handler.
    TryCatch(ExprId, LocalId, LocalId, ExprId),
    /// A new struct, fields in order of declaration.
    StructLit(StructId, Exprs),
    /// A new enum value: enum, number of the variant, payload.
    EnumLit(EnumId, u32, Exprs),
    /// `[a, b]`.
    ArrayLit(Exprs),
    /// `[value; count]`.
    ArrayFill(ExprId, ExprId),
    /// `{k: v}`.
    MapLit(Vec<(ExprId, ExprId)>),
    /// The text of a value of any type, as `str(x)` and printing give it.
    Display(ExprId),
    /// `{x:.2}`: a number's text with that many decimals.
    Fixed(ExprId, u8),
    /// `panic(message)`: a trap.
    Panic(ExprId),
}

/// Whether a partial operation was asked; see "Partial operations" in the language reference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// Gives the plain value; fails if there is none.
    No,
    /// Gives `?T` or `Result<T>`.
    Yes,
}

/// What a future of an array of futures waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Group {
    /// All of them; it gives their values in order.
    All,
    /// The first to end, whose value it gives.
    Race,
}

/// One arm of a match.
#[derive(Clone, Copy, Debug)]
pub struct Arm {
    /// What it matches.
    pub pat: PatId,
    /// `if` after the pattern.
    pub guard: Option<ExprId>,
    /// The arm's value.
    pub body: ExprId,
}

/// A pattern with the type of what it is matched against.
#[derive(Clone, Debug)]
pub struct Pat {
    /// What it is.
    pub kind: PatKind,
    /// The type of the value that it is matched against.
    pub ty: Ty,
    /// Where it stands.
    pub span: Span,
}

/// What a pattern is.
#[derive(Clone, Debug)]
pub enum PatKind {
    /// Matches everything.
    Wild,
    /// Matches everything and binds it.
    Bind(LocalId),
    /// A boolean.
    Bool(bool),
    /// An integer of any width.
    Int(i64),
    /// A float, by `==`.
    Float(f64),
    /// A string.
    Str(StrId),
    /// An integer range: first, last (both included; an empty range has first > last). Unsigned 64-bit types
    /// compare as unsigned.
    Range(i64, i64),
    /// The first alternative that matches; each binds the same variables.
    Or(Vec<PatId>),
    /// `some(p)`.
    Some(PatId),
    /// `none`.
    None,
    /// `ok(p)`.
    Ok(PatId),
    /// `err(p)`: matched against the message.
    Err(PatId),
    /// An enum's variant, by number, with patterns for its payload.
    Variant(EnumId, u32, Vec<PatId>),
    /// A struct, with patterns for some of its fields by number.
    Struct(StructId, Vec<(u32, PatId)>),
}

/// Built-in functions and methods. The comment gives receiver and arguments, then the result; `?` marks a
/// partial one, whose result is `?T` when asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the comment beside each variant gives its signature")]
pub enum Builtin {
    // Strings.
    StrLen,        // (string) -> int, bytes
    StrUpper,      // (string) -> string
    StrLower,      // (string) -> string
    StrTrim,       // (string) -> string
    StrSplit,      // (string, string) -> [string]
    StrContains,   // (string, string) -> bool
    StrStartsWith, // (string, string) -> bool
    StrEndsWith,   // (string, string) -> bool
    StrReplace,    // (string, string, string) -> string
    StrIndexOf,    // (string, string) -> int
    StrRepeat,     // (string, int) -> string; traps on a negative count
    StrChars,      // (string) -> [string]
    StrLines,      // (string) -> [string]
    StrBytes,      // (string) -> [u8]
    StrPadLeft,    // (string, int, string) -> string
    StrPadRight,   // (string, int, string) -> string
    ParseInt,      // (string) -> int, raising; asked: Result<int>
    ParseFloat,    // (string) -> float, raising; asked: Result<float>
    JsonParse,     // (string) -> any, raising; asked: Result<any>
    JsonStr,       // (T) -> string
    // Arrays. E is the element type.
    ArrayLen,      // ([E]) -> int
    ArrayPush,     // ([E], E) -> ()
    ArrayPop,      // ([E]) -> E ?
    ArrayFirst,    // ([E]) -> E ?
    ArrayLast,     // ([E]) -> E ?
    ArrayInsert,   // ([E], int, E) -> (); traps when out of range
    ArrayRemove,   // ([E], int) -> E ?
    ArrayContains, // ([E], E) -> bool
    ArrayIndexOf,  // ([E], E) -> int
    ArrayReverse,  // ([E]) -> [E], the same array
    ArrayJoin,     // ([E], string) -> string
    ArraySort,     // ([E]) -> [E], the same array; E is a number, string or bool
    ArraySortBy,   // ([E], fn(E, E) -> int or bool) -> [E], the same array
    ArrayMap,      // ([E], fn(E) -> R) -> [R]
    ArrayFilter,   // ([E], fn(E) -> bool) -> [E]
    ArrayReduce,   // ([E], R, fn(R, E) -> R) -> R
    ArrayFind,     // ([E], fn(E) -> bool) -> ?E
    ArrayAny,      // ([E], fn(E) -> bool) -> bool
    ArrayAll,      // ([E], fn(E) -> bool) -> bool
    ArrayForEach,  // ([E], fn(E)) -> ()
    ArrayClear,    // ([E]) -> ()
    ArrayConcat,   // ([E], [E]) -> [E], new
    ArraySum,      // ([E]) -> E, a number; 0 when empty
    ArrayMin,      // ([E]) -> E ?
    ArrayMax,      // ([E]) -> E ?
    // Maps.
    MapLen,    // ({K: V}) -> int
    MapGet,    // ({K: V}, K) -> ?V
    MapHas,    // ({K: V}, K) -> bool
    MapKeys,   // ({K: V}) -> [K]
    MapValues, // ({K: V}) -> [V]
    MapDelete, // ({K: V}, K) -> bool, whether it was there
    MapClear,  // ({K: V}) -> ()
    // Tensors. T is the tensor's type, E the type in which its elements are read.
    TensorNew,       // ([int], [E or the like]) -> T; traps if the shape does not fit
    TensorFill,      // ([int], int) -> T, all elements that number
    TensorRandn,     // ([int], int) -> T: shape, seed
    TensorReshape,   // (T, [int]) -> T, new
    TensorTranspose, // (T) -> T, new
    TensorShape,     // (T) -> [int], new
    TensorDtype,     // (T) -> string
    TensorNdim,      // (T) -> int
    TensorSize,      // (T) -> int
    TensorGet,       // (T, int, …) -> E ?
    TensorSet,       // (T, int, …, E) -> (); traps when out of range
    // any
    AnyLen, // (any) -> int, raising
    // Numbers. N is the common numeric type of arguments and result.
    Abs,    // (N) -> N
    Sign,   // (N) -> N
    Min,    // (N, N) -> N
    Max,    // (N, N) -> N
    Clamp,  // (N, N, N) -> N
    PowInt, // (int, int) -> int, wrapping; traps on a negative exponent
    Pow,    // (float, float) -> float
    Sqrt,   // (float) -> float, as are the following
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Atan2, // (float, float) -> float
    Exp,
    Log,
    Log2,
    Log10,
    Floor,
    Ceil,
    Round, // half away from zero
    Trunc,
    IsNan,        // (float) -> bool
    CountOnes,    // (N) -> int, at the type's width
    LeadingZeros, // (N) -> int, at the type's width
    CheckedAdd,   // (N, N) -> ?N, as are the following, at the type's width
    CheckedSub,
    CheckedMul,
    CheckedDiv,
}

impl Hir {
    /// The expression with this number.
    #[must_use]
    pub fn expr(&self, id: ExprId) -> &Expr {
        static MISSING: Expr =
            Expr { kind: ExprKind::Unit, ty: Types::UNIT, span: Span { start: 0, end: 0 } };
        self.exprs.get(id.0 as usize).unwrap_or(&MISSING)
    }

    /// The pattern with this number.
    #[must_use]
    pub fn pat(&self, id: PatId) -> &Pat {
        static MISSING: Pat = Pat { kind: PatKind::Wild, ty: Types::UNIT, span: Span { start: 0, end: 0 } };
        self.pats.get(id.0 as usize).unwrap_or(&MISSING)
    }
}

//! The built-in methods and numeric functions: one table, and how a row of it is applied.

use super::Checker;
use super::infer::Want;
use crate::ast::{self, Arg, Name, Span};
use crate::hir::{Asked, Builtin, ExprId, ExprKind, Exprs};
use crate::types::{Ty, TyKind, Types};

/// A type in a signature, relative to the receiver's.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sig {
    Unit,
    Int,
    Float,
    Bool,
    Str,
    /// The receiver's own type.
    This,
    /// The element type of an array.
    Elem,
    /// The key type of a map.
    Key,
    /// The value type of a map.
    Value,
    /// `[u8]`.
    Bytes,
    /// A type of the call's own, found from its arguments.
    Own,
    Array(&'static Sig),
    Option(&'static Sig),
    Fn(&'static [Sig], &'static Sig),
}

/// What a row asks of the types beyond its signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Limit {
    None,
    /// The elements are numbers.
    Numbers,
    /// The elements have an order.
    Sortable,
    /// The row's own type is an int or a bool.
    Comparison,
    /// The receiver is an integer.
    Integer,
}

/// A built-in method. Rows of [`NUMBER`] and [`FLOAT`] are functions too, with the receiver as first argument.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) builtin: Builtin,
    pub(super) params: &'static [Sig],
    pub(super) result: Sig,
    /// Whether it may have no result: `?T` when asked.
    partial: bool,
    pub(super) limit: Limit,
}

const fn row(name: &'static str, builtin: Builtin, params: &'static [Sig], result: Sig) -> Row {
    Row { name, builtin, params, result, partial: false, limit: Limit::None }
}

const fn partial(name: &'static str, builtin: Builtin, params: &'static [Sig], result: Sig) -> Row {
    Row { partial: true, ..row(name, builtin, params, result) }
}

const fn limited(limit: Limit, row: Row) -> Row {
    Row { limit, ..row }
}

use Builtin as B;
use Sig::{Bool, Elem, Float, Fn, Int, Key, Own, Str, This, Unit, Value};

const TEST: Sig = Fn(&[Elem], &Bool);

/// Methods of strings.
pub(super) const STRING: &[Row] = &[
    row("len", B::StrLen, &[], Int),
    row("upper", B::StrUpper, &[], Str),
    row("lower", B::StrLower, &[], Str),
    row("trim", B::StrTrim, &[], Str),
    row("split", B::StrSplit, &[Str], Sig::Array(&Str)),
    row("contains", B::StrContains, &[Str], Bool),
    row("starts_with", B::StrStartsWith, &[Str], Bool),
    row("ends_with", B::StrEndsWith, &[Str], Bool),
    row("replace", B::StrReplace, &[Str, Str], Str),
    row("index_of", B::StrIndexOf, &[Str], Int),
    row("repeat", B::StrRepeat, &[Int], Str),
    row("chars", B::StrChars, &[], Sig::Array(&Str)),
    row("lines", B::StrLines, &[], Sig::Array(&Str)),
    row("bytes", B::StrBytes, &[], Sig::Bytes),
    row("pad_left", B::StrPadLeft, &[Int, Str], Str),
    row("pad_right", B::StrPadRight, &[Int, Str], Str),
];

/// Methods of arrays.
pub(super) const ARRAY: &[Row] = &[
    row("len", B::ArrayLen, &[], Int),
    row("push", B::ArrayPush, &[Elem], Unit),
    partial("pop", B::ArrayPop, &[], Elem),
    partial("first", B::ArrayFirst, &[], Elem),
    partial("last", B::ArrayLast, &[], Elem),
    row("insert", B::ArrayInsert, &[Int, Elem], Unit),
    partial("remove", B::ArrayRemove, &[Int], Elem),
    row("contains", B::ArrayContains, &[Elem], Bool),
    row("index_of", B::ArrayIndexOf, &[Elem], Int),
    row("reverse", B::ArrayReverse, &[], This),
    row("join", B::ArrayJoin, &[Str], Str),
    limited(Limit::Sortable, row("sort", B::ArraySort, &[], This)),
    row("map", B::ArrayMap, &[Fn(&[Elem], &Own)], Sig::Array(&Own)),
    row("filter", B::ArrayFilter, &[TEST], This),
    row("reduce", B::ArrayReduce, &[Own, Fn(&[Own, Elem], &Own)], Own),
    row("find", B::ArrayFind, &[TEST], Sig::Option(&Elem)),
    row("any", B::ArrayAny, &[TEST], Bool),
    row("all", B::ArrayAll, &[TEST], Bool),
    row("for_each", B::ArrayForEach, &[Fn(&[Elem], &Unit)], Unit),
    row("clear", B::ArrayClear, &[], Unit),
    row("concat", B::ArrayConcat, &[This], This),
    limited(Limit::Numbers, row("sum", B::ArraySum, &[], Elem)),
    limited(Limit::Sortable, partial("min", B::ArrayMin, &[], Elem)),
    limited(Limit::Sortable, partial("max", B::ArrayMax, &[], Elem)),
];

/// `sort` with a comparison.
const SORT_BY: Row =
    limited(Limit::Comparison, row("sort", B::ArraySortBy, &[Fn(&[Elem, Elem], &Own)], This));

/// Methods of maps.
pub(super) const MAP: &[Row] = &[
    row("len", B::MapLen, &[], Int),
    row("get", B::MapGet, &[Key], Sig::Option(&Value)),
    row("has", B::MapHas, &[Key], Bool),
    row("keys", B::MapKeys, &[], Sig::Array(&Key)),
    row("values", B::MapValues, &[], Sig::Array(&Value)),
    row("delete", B::MapDelete, &[Key], Bool),
    row("remove", B::MapDelete, &[Key], Bool),
    row("clear", B::MapClear, &[], Unit),
];

/// Methods of tensors. Those without arguments are also fields.
pub(super) const TENSOR: &[Row] = &[
    row("shape", B::TensorShape, &[], Sig::Array(&Int)),
    row("dtype", B::TensorDtype, &[], Str),
    row("ndim", B::TensorNdim, &[], Int),
    row("size", B::TensorSize, &[], Int),
    row("reshape", B::TensorReshape, &[Sig::Array(&Int)], This),
    row("transpose", B::TensorTranspose, &[], This),
];

/// Methods of `any`.
pub(super) const ANY: &[Row] = &[row("len", B::AnyLen, &[], Int)];

/// Methods and functions of numbers of every type.
pub(super) const NUMBER: &[Row] = &[
    row("abs", B::Abs, &[], This),
    row("sign", B::Sign, &[], This),
    row("min", B::Min, &[This], This),
    row("max", B::Max, &[This], This),
    row("clamp", B::Clamp, &[This, This], This),
    row("pow", B::Pow, &[This], This), // `PowInt` for integers
    limited(Limit::Integer, row("count_ones", B::CountOnes, &[], Int)),
    limited(Limit::Integer, row("leading_zeros", B::LeadingZeros, &[], Int)),
    limited(Limit::Integer, row("checked_add", B::CheckedAdd, &[This], Sig::Option(&This))),
    limited(Limit::Integer, row("checked_sub", B::CheckedSub, &[This], Sig::Option(&This))),
    limited(Limit::Integer, row("checked_mul", B::CheckedMul, &[This], Sig::Option(&This))),
    limited(Limit::Integer, row("checked_div", B::CheckedDiv, &[This], Sig::Option(&This))),
];

/// Methods and functions of `float`.
pub(super) const FLOAT: &[Row] = &[
    row("sqrt", B::Sqrt, &[], Float),
    row("sin", B::Sin, &[], Float),
    row("cos", B::Cos, &[], Float),
    row("tan", B::Tan, &[], Float),
    row("asin", B::Asin, &[], Float),
    row("acos", B::Acos, &[], Float),
    row("atan", B::Atan, &[], Float),
    row("atan2", B::Atan2, &[Float], Float),
    row("exp", B::Exp, &[], Float),
    row("log", B::Log, &[], Float),
    row("log2", B::Log2, &[], Float),
    row("log10", B::Log10, &[], Float),
    row("floor", B::Floor, &[], Float),
    row("ceil", B::Ceil, &[], Float),
    row("round", B::Round, &[], Float),
    row("trunc", B::Trunc, &[], Float),
    row("is_nan", B::IsNan, &[], Bool),
];

/// Methods of `?T` and `Result<T>`; they are not rows, because they ask.
pub(super) const ASKING: &[&str] = &["unwrap_or", "is_some", "is_none", "is_ok", "is_err"];

fn find(rows: &'static [Row], name: &str) -> Option<&'static Row> {
    rows.iter().find(|row| row.name == name)
}

/// A numeric function by its name, and whether it is one of [`FLOAT`].
pub(super) fn numeric_function(name: &str) -> Option<(&'static Row, bool)> {
    find(NUMBER, name).map(|row| (row, false)).or_else(|| find(FLOAT, name).map(|row| (row, true)))
}

/// The tables of the methods that a type has.
pub(super) fn tables(kind: &TyKind) -> &'static [&'static [Row]] {
    match kind {
        TyKind::Str => &[STRING],
        TyKind::Array(_) => &[ARRAY],
        TyKind::Map(..) => &[MAP],
        TyKind::Any => &[ANY],
        TyKind::Tensor(_) => &[TENSOR],
        TyKind::Int(_) | TyKind::F32 => &[NUMBER],
        TyKind::Float => &[NUMBER, FLOAT],
        _ => &[],
    }
}

/// The method of a type with this name.
pub(super) fn method_of(kind: &TyKind, name: &str) -> Option<&'static Row> {
    tables(kind).iter().find_map(|rows| find(rows, name))
}

/// A call of a built-in being checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Applied {
    row: &'static Row,
    receiver: Ty,
    own: Ty,
    span: Span,
}

impl Checker<'_> {
    /// `receiver.name(args)` where the receiver's type has a table of methods.
    #[inline(never)]
    pub(super) fn apply_method(
        &mut self,
        row: &'static Row,
        receiver: ExprId,
        name: Name,
        args: &[Arg],
        asked: Asked,
        span: Span,
    ) -> ExprId {
        let row = if row.builtin == B::ArraySort && !args.is_empty() { &SORT_BY } else { row };
        let applied = self.applied(row, self.ty_of(receiver), span);
        let mut nodes = Exprs::with_capacity(1 + args.len());
        nodes.push(receiver);
        self.row_arguments(applied, args, name, &mut nodes);
        if row.builtin == B::StrPadLeft || row.builtin == B::StrPadRight {
            self.default_padding(&mut nodes, span);
        }
        self.finish_row(applied, nodes, asked)
    }

    /// A numeric function called by name; the receiver is the first argument.
    #[inline(never)]
    pub(super) fn apply_numeric(
        &mut self,
        row: &'static Row,
        float: bool,
        name: Name,
        args: &[Arg],
        span: Span,
    ) -> ExprId {
        let wanted = 1 + row.params.len();
        if args.len() != wanted {
            if let ("min" | "max", [all]) = (row.name, args) {
                let write = format!("{}.{}()", self.source(self.ast[all.value].span), row.name);
                self.error(
                    name.span,
                    "wrong-argument-count",
                    format!("`{}` takes 2 arguments, not 1", row.name),
                )
                .help("of an array it is a method")
                .fix(span, write);
            } else {
                self.wrong_count(name.span, row.name, wanted, args.len());
            }
            return self.broken(span);
        }
        let mut nodes = Exprs::with_capacity(args.len());
        if float {
            for arg in args {
                nodes.push(self.expr(arg.value, Want::Type(Types::FLOAT)));
            }
        } else {
            self.common_operands(args, row.name, &mut nodes);
        }
        let receiver = nodes.first().map_or(Types::ERROR, |&id| self.ty_of(id));
        let applied = self.applied(row, receiver, span);
        self.finish_row(applied, nodes, Asked::No)
    }

    /// Arguments of one numeric type; literals take the type of the others.
    fn common_operands(&mut self, args: &[Arg], name: &'static str, nodes: &mut Exprs) {
        let lead = args.iter().find(|arg| !self.is_literal(arg.value)).or(args.first());
        let Some(lead) = lead.map(|arg| arg.value) else { return };
        let lead_node = self.expr(lead, Want::Any);
        let ty = self.ty_of(lead_node);
        self.require_number(lead_node, name);
        for arg in args {
            let node = if arg.value == lead { lead_node } else { self.expr(arg.value, Want::Type(ty)) };
            nodes.push(node);
        }
    }

    fn applied(&mut self, row: &'static Row, receiver: Ty, span: Span) -> Applied {
        let uses_own = row.params.iter().any(|sig| matches!(sig, Own | Fn(_, Own)));
        let own = if uses_own { self.hir.types.fresh() } else { Types::UNIT };
        Applied { row, receiver, own, span }
    }

    fn row_arguments(&mut self, applied: Applied, args: &[Arg], name: Name, nodes: &mut Exprs) {
        let params = applied.row.params;
        let optional = usize::from(matches!(applied.row.builtin, B::StrPadLeft | B::StrPadRight));
        if args.len() > params.len() || args.len() + optional < params.len() {
            match (applied.row.name, args, nodes.first()) {
                ("get", [key, default], Some(&map)) => {
                    let [key, default] = [key, default].map(|arg| self.source(self.ast[arg.value].span));
                    let write = format!("{}.get({key}).unwrap_or({default})", self.operand_text(map));
                    self.error(name.span, "wrong-argument-count", "`get` takes 1 argument, not 2")
                        .help("a default follows with .unwrap_or(…)")
                        .fix(applied.span, write);
                }
                ("reduce", [function], Some(&array)) => {
                    let function = self.source(self.ast[function.value].span);
                    let element = match self.kind(self.ty_of(array)) {
                        TyKind::Array(element) => self.shallow(*element),
                        _ => Types::ERROR,
                    };
                    let first = match element {
                        Types::FLOAT | Types::F32 => "0.0",
                        Types::STR => "\"\"",
                        _ => "0",
                    };
                    let write = format!("{}.reduce({first}, {function})", self.operand_text(array));
                    self.error(name.span, "wrong-argument-count", "`reduce` takes 2 arguments, not 1")
                        .help(format!("what it begins with comes first, as {first} does in {write}"));
                }
                _ => self.wrong_count(name.span, applied.row.name, params.len(), args.len()),
            }
            for arg in args {
                self.expr(arg.value, Want::Any);
            }
            return;
        }
        if applied.row.builtin == B::ArrayReduce
            && let Some(first) = args.first()
            && matches!(self.ast[first.value].kind, ast::ExprKind::Closure(_))
        {
            let span = self.ast[first.value].span;
            self.error(span, "argument-order", "`reduce` takes the initial value first, then the function")
                .help("write xs.reduce(0, fn(acc, x) { acc + x })");
            self.unify(applied.own, Types::ERROR);
            return;
        }
        for (arg, &param) in args.iter().zip(params) {
            self.no_name(arg);
            let want = self.instantiate(applied, param);
            let node = self.expr(arg.value, Want::Type(want));
            nodes.push(node);
        }
    }

    fn default_padding(&mut self, nodes: &mut Exprs, span: Span) {
        if nodes.len() == 2 {
            let space = self.string(" ");
            nodes.push(self.emit(ExprKind::Str(space), Types::STR, span));
        }
    }

    fn finish_row(&mut self, applied: Applied, nodes: Exprs, asked: Asked) -> ExprId {
        let Applied { row, span, .. } = applied;
        self.check_limit(applied, &nodes);
        let plain = self.instantiate(applied, row.result);
        let asked = if row.partial { asked } else { Asked::No };
        let (ty, asked) = self.asked_option(plain, asked, span);
        let builtin = match (row.builtin, self.kind(applied.receiver)) {
            (B::Pow, TyKind::Int(_)) => B::PowInt,
            (builtin, _) => builtin,
        };
        self.emit(ExprKind::Builtin(builtin, nodes, asked), ty, span)
    }

    fn check_limit(&mut self, applied: Applied, nodes: &[ExprId]) {
        let Applied { row, receiver, own, span } = applied;
        let element = match *self.kind(receiver) {
            TyKind::Array(element) => self.shallow(element),
            _ => receiver,
        };
        let (own, name) = (self.shallow(own), row.name);
        match row.limit {
            Limit::Numbers if !self.is_number(element) && !self.is_open(element) => {
                let found = self.show(element);
                self.error(
                    span,
                    "not-a-number",
                    format!("`{name}` needs an array of numbers; these elements are `{found}`"),
                );
            }
            Limit::Sortable if !self.is_sortable(element) && !self.is_open(element) => {
                let found = self.show(element);
                self.error(
                    span,
                    "not-sortable",
                    format!("`{name}()` cannot order elements of type `{found}`"),
                )
                .help("give a comparison: xs.sort(fn(a, b) { a.key - b.key })");
            }
            Limit::Comparison if own != Types::INT && own != Types::BOOL && own != Types::ERROR => {
                self.comparison_result(own, span);
            }
            Limit::Integer
                if !matches!(self.kind(receiver), TyKind::Int(_) | TyKind::Error | TyKind::Never) =>
            {
                let found = self.show(receiver);
                self.error(span, "not-an-integer", format!("`{name}` works on integers; this is `{found}`"));
            }
            _ => {}
        }
        if row.builtin == B::ArrayMap && own == Types::UNIT {
            let at = nodes.get(1).map_or(span, |&id| self.hir.expr(id).span);
            self.error(at, "no-value", "this function returns nothing, so there is nothing to map to")
                .help("use `for_each` to run something for every element");
        }
        if matches!(row.builtin, B::Abs | B::Min | B::Max | B::Clamp | B::Sign | B::Pow) {
            self.number_or_report(receiver, span, name);
        }
    }

    fn comparison_result(&mut self, own: Ty, span: Span) {
        if self.is_open(own) {
            self.unify(own, Types::INT);
            return;
        }
        let found = self.show(own);
        let help = match self.kind(own) {
            TyKind::Float => "compare instead of subtracting: xs.sort(fn(a, b) { a < b })",
            _ => "return a negative number, zero or a positive one, or whether a comes before b",
        };
        self.error(
            span,
            "type-mismatch",
            format!("the comparison of `sort` gives an int or a bool, not `{found}`"),
        )
        .help(help);
    }

    /// The type that a signature stands for in this call.
    fn instantiate(&mut self, applied: Applied, sig: Sig) -> Ty {
        let (first, second) = match *self.kind(applied.receiver) {
            TyKind::Array(element) => (element, element),
            TyKind::Map(key, value) => (key, value),
            _ => (applied.receiver, applied.receiver),
        };
        match sig {
            Unit => Types::UNIT,
            Int => Types::INT,
            Float => Types::FLOAT,
            Bool => Types::BOOL,
            Str => Types::STR,
            Sig::Bytes => Types::ARRAY_U8,
            This => applied.receiver,
            Elem | Key => first,
            Value => second,
            Own => applied.own,
            Sig::Array(inner) => {
                let inner = self.instantiate(applied, *inner);
                self.array_of(inner, applied.span)
            }
            Sig::Option(inner) => {
                let inner = self.instantiate(applied, *inner);
                self.option_of(inner, applied.span)
            }
            Fn(params, result) => {
                let params = params.iter().map(|&param| self.instantiate(applied, param)).collect();
                let result = self.instantiate(applied, *result);
                self.make(TyKind::Fn(params, result), applied.span)
            }
        }
    }
}

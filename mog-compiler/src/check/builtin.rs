//! Built-in functions called by name: `ok(v)`, `parse_int(s)`, `println(…)`, `abs(x)`.

use smallvec::smallvec;

use super::infer::Want;
use super::method::{self, ASKING};
use super::scope::Def;
use super::{Checker, foreign, foreign_format, tensor};
use crate::ast::{self, Arg, Name, Span};
use crate::hir::{Asked, Builtin, ExprId, ExprKind, Exprs, Group, UnaryOp};
use crate::types::{TyKind, Types};

/// A built-in function that is not a row of [`method`]'s tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Function {
    Ok,
    Err,
    Some,
    /// Without and with a line end.
    Print,
    Println,
    Str,
    ToInt,
    ToFloat,
    ParseInt,
    ParseFloat,
    JsonParse,
    JsonStr,
    Assert,
    Panic,
    Sleep,
    All,
    Race,
    /// `tensor(shape, data)`, of the element type that the data or the place of the expression say.
    Tensor,
    /// `tensor_zeros(shape)` and its like, likewise.
    TensorOf(tensor::Maker),
}

const NAMES: &[&str] = &[
    "ok",
    "err",
    "some",
    "print",
    "println",
    "str",
    "int",
    "float",
    "parse_int",
    "parse_float",
    "json_parse",
    "json_str",
    "assert",
    "panic",
    "sleep",
    "all",
    "race",
    "tensor",
    "tensor_zeros",
    "tensor_ones",
    "tensor_randn",
];

fn function(name: &str) -> Option<Function> {
    Some(match name {
        "ok" => Function::Ok,
        "err" => Function::Err,
        "some" => Function::Some,
        "print" => Function::Print,
        "println" => Function::Println,
        "str" => Function::Str,
        "int" => Function::ToInt,
        "float" => Function::ToFloat,
        "parse_int" | "int_from_string" | "i64_from_string" => Function::ParseInt,
        "parse_float" | "float_from_string" | "f64_from_string" => Function::ParseFloat,
        "json_parse" => Function::JsonParse,
        "json_str" => Function::JsonStr,
        "assert" => Function::Assert,
        "panic" => Function::Panic,
        "sleep" => Function::Sleep,
        "all" => Function::All,
        "race" => Function::Race,
        "tensor" => Function::Tensor,
        "tensor_zeros" => Function::TensorOf(tensor::Maker::Zeros),
        "tensor_ones" => Function::TensorOf(tensor::Maker::Ones),
        "tensor_randn" => Function::TensorOf(tensor::Maker::Randn),
        _ => return typed_print(name),
    })
}

/// `print_i64`, `println_string` and their like.
fn typed_print(name: &str) -> Option<Function> {
    let is_type = |suffix: &str| super::typename::built_in(suffix).is_some() || suffix == "buffer";
    if let Some(suffix) = name.strip_prefix("println_") {
        return is_type(suffix).then_some(Function::Println);
    }
    name.strip_prefix("print_").filter(|suffix| is_type(suffix)).map(|_| Function::Print)
}

/// The value of a built-in constant.
pub(super) fn constant(name: &str) -> Option<f64> {
    match name {
        "PI" => Some(std::f64::consts::PI),
        "E" => Some(std::f64::consts::E),
        _ => None,
    }
}

/// Whether a name is a built-in function.
pub(super) fn is_function(name: &str) -> bool {
    function(name).is_some() || method::numeric_function(name).is_some()
}

/// Whether a name is a method of `?T` and `Result<T>`.
pub(super) fn is_method(name: &str) -> bool {
    ASKING.contains(&name)
}

/// The names of the functions that the language has.
pub fn built_in_functions() -> impl Iterator<Item = &'static str> {
    names()
}

/// All names of built-in functions, for suggestions.
pub(super) fn names<'n>() -> impl Iterator<Item = &'n str> {
    let rows = method::NUMBER.iter().chain(method::FLOAT).map(|row| row.name);
    NAMES.iter().copied().chain(rows).map(|name| -> &'n str { name })
}

impl<'a> Checker<'a> {
    /// A call of a name that the program does not declare.
    #[inline(never)]
    pub(super) fn call_builtin(
        &mut self,
        name: Name,
        args: &'a [Arg],
        span: Span,
        asked: Asked,
        want: Want,
    ) -> ExprId {
        let text = self.text(name.symbol);
        if let Some(function) = function(text) {
            for arg in args {
                self.no_name(arg);
            }
            return self.apply_function(function, name, args, span, asked, want);
        }
        if let Some((row, float)) = method::numeric_function(text) {
            return self.apply_numeric(row, float, name, args, span);
        }
        self.unknown_function(name, args, span)
    }

    fn apply_function(
        &mut self,
        function: Function,
        name: Name,
        args: &'a [Arg],
        span: Span,
        asked: Asked,
        want: Want,
    ) -> ExprId {
        match (function, args) {
            (Function::Print, _) => self.print("print", args, span),
            (Function::Println, _) => self.print("println", args, span),
            (Function::Tensor, args) => self.tensor(None, args, name.span, span, want),
            (Function::TensorOf(maker), args) => self.made_tensor(None, maker, args, name.span, span, want),
            (Function::Assert, [condition]) => self.assert(condition, None, span),
            (Function::Assert, [condition, message]) => self.assert(condition, Some(message), span),
            (Function::Ok, []) => {
                let unit = self.emit(ExprKind::Unit, Types::UNIT, span);
                let ty = self.result_of(Types::UNIT, span);
                self.emit(ExprKind::Ok(unit), ty, span)
            }
            (Function::Panic, []) => {
                let message = self.string_expr("panic", span);
                self.emit(ExprKind::Panic(message), Types::NEVER, span)
            }
            (function, [arg]) => self.apply_to_one(function, name, arg, span, asked, want),
            _ => {
                let wanted = if function == Function::Assert { 2 } else { 1 };
                self.wrong_count(name.span, self.text(name.symbol), wanted, args.len());
                self.arguments_of_broken(args, span)
            }
        }
    }

    /// A built-in function of one argument.
    fn apply_to_one(
        &mut self,
        function: Function,
        name: Name,
        arg: &'a Arg,
        span: Span,
        asked: Asked,
        want: Want,
    ) -> ExprId {
        match function {
            Function::Ok | Function::Some => self.wrapped(function, arg, span, want),
            Function::Err => {
                let node = self.message(arg);
                let ty = match want.ty().map(|ty| self.strip_options(ty)) {
                    Some(ty) if matches!(self.kind(ty), TyKind::Result(_)) => ty,
                    _ => {
                        let inner = self.hir.types.fresh();
                        self.result_of(inner, span)
                    }
                };
                self.emit(ExprKind::Err(node), ty, span)
            }
            Function::Str => {
                let node = self.displayed(arg.value);
                self.span_of_display(node, span);
                node
            }
            Function::ToInt => self.converted(arg, Builtin::ParseInt, span, asked),
            Function::ToFloat => self.converted(arg, Builtin::ParseFloat, span, asked),
            Function::ParseInt => self.parsed(arg, Builtin::ParseInt, span, asked),
            Function::ParseFloat => self.parsed(arg, Builtin::ParseFloat, span, asked),
            Function::JsonParse => self.parsed(arg, Builtin::JsonParse, span, asked),
            Function::JsonStr => self.json_str(arg, span),
            Function::Panic => {
                let message = self.message(arg);
                self.emit(ExprKind::Panic(message), Types::NEVER, span)
            }
            Function::All => self.group(Group::All, arg, span),
            Function::Race => self.group(Group::Race, arg, span),
            Function::Sleep => self.sleep(name, std::slice::from_ref(arg), span, asked),
            _ => self.broken(span),
        }
    }

    /// `str(x)` is what messages point at, rather than `x`.
    fn span_of_display(&mut self, node: ExprId, span: Span) {
        if let Some(expr) = self.hir.exprs.get_mut(node.0 as usize)
            && matches!(expr.kind, ExprKind::Display(_))
        {
            expr.span = span;
        }
    }

    /// `ok(v)`, `some(v)`.
    fn wrapped(&mut self, function: Function, arg: &Arg, span: Span, want: Want) -> ExprId {
        let wanted = want.ty().map(|ty| self.shallow(ty));
        let inner = match (function, wanted.map(|ty| self.kind(ty))) {
            (Function::Ok, Some(&TyKind::Result(inner))) | (Function::Some, Some(&TyKind::Option(inner))) => {
                Some(inner)
            }
            _ => None,
        };
        let node = self.expr(arg.value, inner.map_or(Want::Any, Want::Type));
        let inner = inner.unwrap_or(self.ty_of(node));
        let inner = if inner == Types::NEVER { Types::UNIT } else { inner };
        if function == Function::Ok {
            let ty = self.result_of(inner, span);
            return self.emit(ExprKind::Ok(node), ty, span);
        }
        if inner == Types::UNIT {
            self.nothing_to_use(node, "wrap");
        }
        let ty = self.option_of(inner, span);
        self.emit(ExprKind::Some(node), ty, span)
    }

    /// The message of `err`, `panic` and `assert`: a string.
    fn message(&mut self, arg: &Arg) -> ExprId {
        self.expr(arg.value, Want::Type(Types::STR))
    }

    fn parsed(&mut self, arg: &Arg, builtin: Builtin, span: Span, asked: Asked) -> ExprId {
        let node = self.expr(arg.value, Want::Type(Types::STR));
        let plain = match builtin {
            Builtin::ParseInt => Types::INT,
            Builtin::ParseFloat => Types::FLOAT,
            _ => Types::ANY,
        };
        let (ty, asked) = self.asked_result(plain, asked, span);
        self.emit(ExprKind::Builtin(builtin, smallvec![node], asked), ty, span)
    }

    /// `int(x)`, `float(x)`: reads a string, converts a number.
    fn converted(&mut self, arg: &Arg, builtin: Builtin, span: Span, asked: Asked) -> ExprId {
        let node = self.expr(arg.value, Want::Any);
        let plain = if builtin == Builtin::ParseInt { Types::INT } else { Types::FLOAT };
        match self.kind(self.ty_of(node)) {
            TyKind::Int(_) | TyKind::Float | TyKind::F32 => self.emit(ExprKind::Cast(node), plain, span),
            _ => {
                let node = self.coerce(node, Types::STR);
                let (ty, asked) = self.asked_result(plain, asked, span);
                self.emit(ExprKind::Builtin(builtin, smallvec![node], asked), ty, span)
            }
        }
    }

    fn json_str(&mut self, arg: &Arg, span: Span) -> ExprId {
        let node = self.expr(arg.value, Want::Any);
        let ty = self.ty_of(node);
        if !self.holds_in_any(ty) {
            let name = self.show(ty);
            self.error(span, "not-any", format!("a value of type `{name}` has no JSON form"))
                .help("JSON has booleans, numbers, strings, arrays, maps with string keys, structs and none");
        }
        self.emit(ExprKind::Builtin(Builtin::JsonStr, smallvec![node], Asked::No), Types::STR, span)
    }

    /// `assert(condition, message)`.
    fn assert(&mut self, condition: &Arg, message: Option<&Arg>, span: Span) -> ExprId {
        let mark = self.mark();
        let condition = self.condition(condition.value);
        self.leave(mark);
        let message = match message {
            Some(message) => self.message(message),
            None => self.string_expr("assertion failed", span),
        };
        let failed = self.emit(ExprKind::Unary(UnaryOp::Not, condition), Types::BOOL, span);
        let panic = self.emit(ExprKind::Panic(message), Types::NEVER, span);
        self.emit(ExprKind::If(failed, panic, None), Types::UNIT, span)
    }

    /// A call of `printf`, `sprintf` and the like, written with an f-string.
    pub(super) fn formatted(&self, function: &str, args: &[&str]) -> Option<String> {
        let (format, values) = args.split_first()?;
        let plain = values.is_empty().then(|| (*format).to_owned());
        let text = plain.or_else(|| foreign_format::interpolated(format, values))?;
        match function {
            "printf" | "Printf" => Some(format!("print({text})")),
            "sprintf" | "Sprintf" | "format" => Some(text),
            _ => None,
        }
    }

    /// Warns of a plain string that is printed as if it were a format or an f-string.
    fn suspect_format(&mut self, args: &[Arg]) {
        let Some((first, values)) = args.split_first() else { return };
        let span = self.ast[first.value].span;
        if !matches!(self.ast[first.value].kind, ast::ExprKind::Str(_)) {
            return;
        }
        let literal = self.source(span);
        if !literal.starts_with('"') {
            return;
        }
        if let Some(last) = values.last() {
            let values: Vec<&str> = values.iter().map(|arg| self.source(self.ast[arg.value].span)).collect();
            let whole = span.to(self.ast[last.value].span);
            if let Some(text) = foreign_format::interpolated(literal, &values) {
                self.warning(span, "format", "this string is printed as it is: there are no formats")
                    .help("values are put into an f-string")
                    .fix(whole, text);
            }
        } else if let Some(names) = foreign_format::names_in_braces(literal) {
            let is_known = |name: &&str| self.ast.names.find(name).and_then(|name| self.peek(name)).is_some();
            if names.iter().all(is_known) {
                self.warning(span, "format", "a plain string shows braces as they are")
                    .help("an f-string puts values in their place")
                    .fix(span.before(), "f");
            }
        }
    }

    /// The print family: one string for the host's `out` capability.
    #[inline(never)]
    fn print(&mut self, function: &'static str, args: &[Arg], span: Span) -> ExprId {
        self.suspect_format(args);
        let mut parts = Exprs::with_capacity(2 * args.len());
        for (at, arg) in args.iter().enumerate() {
            if at > 0 {
                parts.push(self.string_expr(" ", span));
            }
            let node = self.displayed(arg.value);
            parts.push(node);
        }
        let text = self.joined(parts, span);
        self.out(function, text, span)
    }

    #[cold]
    #[inline(never)]
    fn unknown_function(&mut self, name: Name, args: &[Arg], span: Span) -> ExprId {
        let text = self.text(name.symbol);
        let inside: Vec<&str> = args.iter().map(|arg| self.source(self.ast[arg.value].span)).collect();
        let message = format!("there is no function `{text}`");
        if self.is_lost(name.symbol) {
            // Whatever should have made it was reported.
        } else if let Some(write) = self.formatted(text, &inside) {
            self.error(name.span, "unknown-function", message)
                .help("values are put into an f-string")
                .fix(span, write);
        } else if self.is_out_of_reach(name.symbol) {
            self.error(
                name.span,
                "out-of-reach",
                format!("`{text}` belongs to the enclosing function; a nested `fn` cannot use it"),
            )
            .help("a closure can: name := fn(…) { … }; or pass it as a parameter");
        } else if let Some(ours) = foreign::function(text) {
            let report = self.error(name.span, "unknown-function", message).help(ours.help);
            if let Some(write) = ours.rewrite(&inside) {
                report.fix(span, write);
            } else if let Some(write) = ours.write {
                report.fix(name.span, write);
            }
        } else if let Some(owner) = self.owner_of_variant(text) {
            self.error(name.span, "unknown-function", message)
                .help(format!("a variant is written with its enum: {owner}.{text}"))
                .fix(name.span, format!("{owner}.{text}"));
        } else {
            let callable =
                |def: &Def| !matches!(def, Def::Struct(_) | Def::Enum(_) | Def::Alias(_) | Def::Module(_));
            let ours = self.visible().filter(|(_, def)| callable(def)).map(|(name, _)| name);
            let near = self.nearest(text, ours.chain(names()));
            let method = [method::STRING, method::ARRAY, method::MAP]
                .iter()
                .any(|rows| rows.iter().any(|row| row.name == text));
            let report = self.error(name.span, "unknown-function", message);
            match (inside.split_first(), near) {
                (Some((first, rest)), _) if method => {
                    report
                        .help(format!("`{text}` is a method"))
                        .fix(span, format!("{first}.{text}({})", rest.join(", ")));
                }
                (_, Some(near)) => {
                    report.help(format!("did you mean `{near}`?")).fix(name.span, near);
                }
                _ => {
                    report.help(
                        "functions are declared with fn; the host's are called as capability.function(…)",
                    );
                }
            }
        }
        self.arguments_of_broken(args, span)
    }

    pub(super) fn owner_of_variant(&self, variant: &str) -> Option<String> {
        if self.diagnostics.is_full() {
            return None;
        }
        let owner = self.hir.types.enums.iter().find(|def| def.variants.find(variant).is_some());
        owner.map(|def| def.name.clone())
    }
}

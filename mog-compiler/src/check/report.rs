//! Saying what is wrong: the checker's own way to diagnostics, and the messages that several parts share.

use super::Checker;
use crate::ast::{self, Span};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hir::{ArithOp, ExprId, ExprKind};
use crate::types::{IntKind, Ty, TyKind, Types};

/// A diagnostic being built; it is filed when it goes out of scope.
pub(super) struct Report<'c> {
    to: &'c mut Diagnostics,
    diagnostic: Option<Diagnostic>,
}

impl Report<'_> {
    /// Says what to do.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        self.map(|diagnostic| diagnostic.help(help))
    }

    /// Says something of another place.
    pub(super) fn note(self, span: Span, message: impl Into<String>) -> Self {
        self.map(|diagnostic| diagnostic.note(span, message))
    }

    /// Says what to write instead of what `span` covers.
    pub(super) fn fix(self, span: Span, replacement: impl Into<String>) -> Self {
        self.map(|diagnostic| diagnostic.fix(span, replacement))
    }

    /// The same, where there is something to write.
    pub(super) fn fix_with(self, span: Span, replacement: Option<impl Into<String>>) -> Self {
        match replacement {
            Some(replacement) => self.fix(span, replacement),
            None => self,
        }
    }

    /// Suggests a name that is near the one written.
    pub(super) fn suggest(self, span: Span, near: Option<&str>) -> Self {
        match near {
            Some(near) => self.help(format!("did you mean `{near}`?")).fix(span, near),
            None => self,
        }
    }

    fn map(mut self, change: impl FnOnce(Diagnostic) -> Diagnostic) -> Self {
        self.diagnostic = self.diagnostic.take().map(change);
        self
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if let Some(diagnostic) = self.diagnostic.take() {
            self.to.push(diagnostic);
        }
    }
}

impl<'a> Checker<'a> {
    /// Reports an error.
    pub(super) fn error(&mut self, span: Span, code: &'static str, message: impl Into<String>) -> Report<'_> {
        Report { to: &mut self.diagnostics, diagnostic: Some(Diagnostic::error(code, span, message)) }
    }

    /// Reports a warning.
    pub(super) fn warning(
        &mut self,
        span: Span,
        code: &'static str,
        message: impl Into<String>,
    ) -> Report<'_> {
        Report { to: &mut self.diagnostics, diagnostic: Some(Diagnostic::warning(code, span, message)) }
    }

    /// The source text that a span covers.
    pub(super) fn source(&self, span: Span) -> &'a str {
        span.text(self.source)
    }

    /// The source text of an expression, in parentheses where a suffix would bind to a part of it only.
    pub(super) fn operand_text(&self, id: ExprId) -> String {
        let expr = self.hir.expr(id);
        let text = self.source(expr.span);
        let loose = matches!(
            expr.kind,
            ExprKind::Arith(..)
                | ExprKind::Concat(_)
                | ExprKind::Logic(..)
                | ExprKind::Compare(..)
                | ExprKind::Is(..)
        );
        let joined = loose && !text.starts_with('(') && !text.starts_with("f\"");
        if joined { format!("({text})") } else { text.to_owned() }
    }

    /// A type as the language writes it, shortened if it is huge.
    pub(super) fn show(&self, ty: Ty) -> String {
        self.hir.types.display(ty)
    }

    /// A value of one type where another is wanted.
    #[cold]
    #[inline(never)]
    pub(super) fn mismatch(&mut self, id: ExprId, found: Ty, want: Ty) {
        if !matches!(self.kind(want), TyKind::Future(_)) && self.missing_await(id, false) {
            return;
        }
        let span = self.hir.expr(id).span;
        let (found_name, want_name) = (self.show(found), self.show(want));
        let fix = self.conversion(id, found, want);
        let help = self.conversion_help(found, want);
        let message = match found {
            Types::UNIT => format!("expected `{want_name}`, but this returns nothing"),
            _ if found_name == "?_" => format!("expected `{want_name}`, found none"),
            _ => format!("expected `{want_name}`, found `{found_name}`"),
        };
        // Whatever holds this expression should not say it again.
        if let Some(expr) = self.hir.exprs.get_mut(id.0 as usize) {
            expr.ty = Types::ERROR;
        }
        let mut report = self.error(span, "type-mismatch", message);
        if let Some(help) = help {
            report = report.help(help);
        }
        if let Some(fix) = fix {
            report.fix(span, fix);
        }
    }

    /// What to write to turn a value of one type into another.
    fn conversion(&self, id: ExprId, found: Ty, want: Ty) -> Option<String> {
        let text = self.operand_text(id);
        let plain = self.source(self.hir.expr(id).span);
        let target = self.show(want);
        if text.is_empty() || text.contains('\n') {
            return None;
        }
        Some(match (self.kind(found), self.kind(want)) {
            (TyKind::Int(_), TyKind::Float | TyKind::F32)
                if matches!(self.hir.expr(id).kind, ExprKind::Int(_)) =>
            {
                self.as_float_literal(&text)?
            }
            (TyKind::Int(_), TyKind::Float | TyKind::F32) if let Some((left, right)) = self.quotient(id) => {
                format!("{left} as {target} / {right} as {target}")
            }
            (TyKind::Int(_) | TyKind::Float | TyKind::F32, TyKind::Int(_) | TyKind::Float | TyKind::F32)
            | (TyKind::Any, _) => format!("{text} as {target}"),
            (TyKind::Int(_) | TyKind::Float | TyKind::F32 | TyKind::Bool, TyKind::Str) => {
                format!("str({plain})")
            }
            (TyKind::Str, TyKind::Int(IntKind::I64)) => format!("parse_int({plain})"),
            (TyKind::Str, TyKind::Float) => format!("parse_float({plain})"),
            (TyKind::Result(inner), _) if self.shallow(*inner) == want => {
                match text.strip_prefix("ok(").and_then(|rest| rest.strip_suffix(')')) {
                    Some(value) => value.to_owned(),
                    None => format!("{text}?"),
                }
            }
            (TyKind::Unit, _) => return None,
            (_, TyKind::Result(inner)) if self.shallow(*inner) == found => format!("ok({plain})"),
            (TyKind::Int(_), TyKind::Bool) => format!("{text} != 0"),
            (TyKind::Fn(params, ret), _) if params.is_empty() && self.shallow(*ret) == want => {
                format!("{text}()")
            }
            _ => return None,
        })
    }

    /// The sides of `a / b`: converted afterwards, what is behind the point would be lost already.
    fn quotient(&self, id: ExprId) -> Option<(String, String)> {
        match &self.hir.expr(id).kind {
            ExprKind::Arith(left, rest) => match rest.as_slice() {
                [(ArithOp::Div, right)] => Some((self.operand_text(*left), self.operand_text(*right))),
                _ => None,
            },
            _ => None,
        }
    }

    /// `1` as `1.0`; `None` for a literal that has no such form.
    pub(super) fn as_float_literal(&self, text: &str) -> Option<String> {
        let digits = text.trim_start_matches('-');
        digits.bytes().all(|b| b.is_ascii_digit() || b == b'_').then(|| format!("{text}.0"))
    }

    fn conversion_help(&self, found: Ty, want: Ty) -> Option<String> {
        Some(match (self.kind(found), self.kind(want)) {
            (TyKind::Unit, TyKind::Result(inner)) if self.shallow(*inner) == Types::UNIT => {
                "add ok(()) after it".into()
            }
            (TyKind::Unit, _) => return None,
            (TyKind::Option(inner), _) if self.is_open(*inner) => {
                format!("only `?{}` can be none", self.show(want))
            }
            (TyKind::Option(_), _) => {
                "it may be none: use `.unwrap_or(default)`, `?`, or match it with some(v) and none".into()
            }
            (TyKind::Result(_), _) => {
                "it may have failed: use `?`, `.unwrap_or(default)`, or match it with ok(v) and err(e)".into()
            }
            (_, TyKind::Result(_)) => "wrap a success in ok(…), a failure in err(message)".into(),
            (TyKind::Str, TyKind::Int(_)) => "parse_int(s) reads an int from a string".into(),
            (TyKind::Str, TyKind::Float) => "parse_float(s) reads a float from a string".into(),
            (_, TyKind::Str) => "str(x) or f\"{x}\" makes a string of any value".into(),
            (TyKind::Any, _) => "convert what comes from outside with `as`".into(),
            (TyKind::Int(_) | TyKind::Float | TyKind::F32, TyKind::Int(_) | TyKind::Float | TyKind::F32) => {
                "numbers are never converted silently; use `as`".into()
            }
            (TyKind::Int(_), TyKind::Bool) => "compare with 0".into(),
            (&TyKind::Array(found), &TyKind::Array(want))
                if self.is_number(found) && self.is_number(want) =>
            {
                format!("convert each element: xs.map(fn(x) {{ x as {} }})", self.show(want))
            }
            (TyKind::Map(..), TyKind::Struct(_)) => format!("write {} {{ field: value }}", self.show(want)),
            (TyKind::Fn(..), _) => "call the function to get its result".into(),
            _ => return None,
        })
    }

    /// The wrong number of arguments for a built-in.
    #[cold]
    #[inline(never)]
    pub(super) fn wrong_count(&mut self, span: Span, name: &str, wanted: usize, found: usize) {
        let s = if wanted == 1 { "" } else { "s" };
        let message = format!("`{name}` takes {wanted} argument{s}, not {found}");
        self.error(span, "wrong-argument-count", message);
    }

    /// Named arguments are for declared functions.
    pub(super) fn no_name(&mut self, arg: &ast::Arg) {
        if let Some(name) = arg.name {
            let text = self.text(name.symbol);
            let help = match text {
                "end" => "`print` ends no line, `println` does",
                "sep" => "values are separated by a space; `xs.join(sep)` takes another",
                "key" => "`sort` compares two elements: xs.sort(|a, b| a.key < b.key)",
                "reverse" => "`xs.reverse()` turns an array round",
                _ => "only functions declared with `fn` take arguments by name",
            };
            self.error(name.span, "unknown-argument", format!("there is no parameter named `{text}` here"))
                .help(help);
        }
    }

    /// Whether a statement that could not be read would have made this name.
    pub(super) fn is_lost(&self, symbol: ast::Symbol) -> bool {
        self.ast.lost.contains(&symbol)
    }

    /// An expression that stands for any value, after an error.
    #[cold]
    #[inline(never)]
    pub(super) fn broken(&mut self, span: Span) -> ExprId {
        self.emit(ExprKind::Unit, Types::ERROR, span)
    }
}

//! Other languages' expressions: each is reported with what Mog has instead, and read so far that nothing else fails
//! because of it.

use crate::ast::{BlockId, ExprId, ExprKind, List, Name, Param, Span, UnaryOp};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::exprs::starts_operand;
use super::{Context, Parser};

/// Longer texts are not repeated in messages and fixes.
const MAX_TEXT: usize = 200;

impl Parser<'_> {
    /// The source text of something, unless it is long.
    pub(super) fn short_text(&self, span: Span) -> Option<&str> {
        Some(self.text(span)).filter(|text| text.len() <= MAX_TEXT && !text.contains('\n'))
    }

    pub(super) fn error_from(&mut self, start: u32) -> ExprId {
        let span = self.span_from(start);
        self.expr_at(ExprKind::Error, span)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // After an operand

    /// `a ? b : c`; the `?` is the current token.
    pub(super) fn foreign_ternary(&mut self, condition: ExprId) -> ExprId {
        let (start, question) = (self.ast[condition].span.start, self.tok.span());
        let outer = self.enter(1);
        self.bump();
        let yes = self.expr();
        let mut no = None;
        if !self.panicking && self.eat(T::Colon) {
            let other = self.expr();
            no = Some(self.ast[other].span);
        } else if !self.panicking && self.at(T::FSpec) {
            no = Some(Span::new(self.tok.start + 1, self.tok.end));
            self.bump();
        }
        self.leave(1, outer);
        let error = Diagnostic::error("no-ternary", question, "there is no `? :`");
        let parts = [Some(self.ast[condition].span), Some(self.ast[yes].span), no];
        let parts = parts.map(|span| span.and_then(|span| self.short_text(span)));
        let error = match parts {
            [Some(condition), Some(yes), Some(no)] => {
                let fixed = format!("if {condition} {{ {yes} }} else {{ {} }}", no.trim());
                error.help("`if` is an expression").fix(self.span_from(start), fixed)
            }
            [_, _, None] if no.is_none() => Diagnostic::error(
                "syntax",
                self.ast[yes].span,
                "an operator or a line end is missing after `?`",
            )
            .help("`e?` hands a failure on; a choice is written `if c { a } else { b }`"),
            _ => error.help("`if` is an expression: `if c { a } else { b }`"),
        };
        self.report(error);
        self.error_from(start)
    }

    /// `a if c else b`; the `if` is the current token.
    pub(super) fn foreign_conditional(&mut self, value: ExprId) -> ExprId {
        let (start, word) = (self.ast[value].span.start, self.tok.span());
        let outer = self.enter(1);
        self.bump();
        let condition = self.expr_without_range();
        let mut other = None;
        if !self.panicking && self.eat(T::Else) {
            let value = self.expr();
            other = Some(self.ast[value].span);
        }
        self.leave(1, outer);
        let error = Diagnostic::error("if-after-value", word, "an `if` stands before what it decides");
        let parts = [Some(self.ast[value].span), Some(self.ast[condition].span), other];
        let parts = parts.map(|span| span.and_then(|span| self.short_text(span)));
        let span = self.span_from(start);
        self.report(match parts {
            [Some(yes), Some(condition), Some(no)] => {
                error.fix(span, format!("if {condition} {{ {yes} }} else {{ {no} }}"))
            }
            [_, Some(condition), None] if other.is_none() => {
                error.help(format!("write `if {condition} {{ … }}`"))
            }
            _ => error.help("write `if c { a } else { b }`"),
        });
        self.error_from(start)
    }

    /// At `??`.
    pub(super) fn at_coalescing(&self) -> bool {
        let (second, third) = (self.peek(1), self.peek(2));
        second.kind == T::Question
            && second.start == self.tok.end
            && starts_operand(third.kind)
            && !third.line
    }

    /// `a ?? b`.
    pub(super) fn foreign_coalescing(&mut self, value: ExprId) -> ExprId {
        let start = self.ast[value].span.start;
        let span = Span::new(self.tok.start, self.peek(1).end);
        self.bump();
        self.bump();
        let outer = self.enter(1);
        let other = self.apart(Self::unary);
        self.leave(1, outer);
        let error = Diagnostic::error("no-coalescing", span, "there is no `??`");
        let parts = [value, other].map(|part| self.short_text(self.ast[part].span));
        self.report(match parts {
            [Some(value), Some(other)] => {
                error.fix(self.span_from(start), format!("{value}.unwrap_or({other})"))
            }
            _ => error.help("write `.unwrap_or(…)`"),
        });
        self.error_from(start)
    }

    /// At `in` or `not in` after a value.
    pub(super) fn at_membership(&self) -> bool {
        self.at(T::In) || self.at(T::Not) && self.peek(1).kind == T::In && !self.line_break()
    }

    /// `x in xs`.
    pub(super) fn foreign_membership(&mut self, left: ExprId) -> ExprId {
        let (start, op_start) = (self.ast[left].span.start, self.tok.start);
        let negated = self.eat(T::Not);
        self.bump();
        let op = self.span_from(op_start);
        let right = self.apart(Self::unary);
        let error = Diagnostic::error("no-in-operator", op, "`in` stands only in `for`")
            .help("an array or string has `contains`, a map has `has`");
        let parts = [left, right].map(|part| self.short_text(self.ast[part].span));
        self.report(match parts {
            [Some(left), Some(right)] => {
                let not = if negated { "not " } else { "" };
                error.fix(self.span_from(start), format!("{not}{right}.contains({left})"))
            }
            _ => error,
        });
        self.error_from(start)
    }

    /// At `::` before a name or type argument.
    pub(super) fn at_double_colon(&self) -> bool {
        let (second, third) = (self.peek(1), self.peek(2));
        self.at(T::Colon)
            && second.kind == T::Colon
            && second.start == self.tok.end
            && (third.kind.is_word() || third.kind == T::Lt)
            && third.start == second.end
    }

    /// `::`; what follows it is the current token afterwards.
    pub(super) fn foreign_double_colon(&mut self) {
        let span = Span::new(self.tok.start, self.peek(1).end);
        self.bump();
        self.bump();
        if self.at(T::Lt) {
            return self.fail(
                Diagnostic::error("no-generics", span, "calls have no type arguments")
                    .help("leave out `::<…>`; where a type cannot be inferred, declare it: `x: int = …`"),
            );
        }
        self.report(
            Diagnostic::error("double-colon", span, "parts of a name are joined by `.`").fix(span, "."),
        );
    }

    /// `name!(…)`, `value!`.
    pub(super) fn foreign_bang(&mut self, vec: Option<u32>) {
        let (span, next) = (self.tok.span(), self.peek(1));
        if let Some(start) = vec {
            let span = Span::new(start, span.end);
            self.report(
                Diagnostic::error("no-macros", span, "there are no macros")
                    .fix(span, "")
                    .help("an array is written `[a, b]`"),
            );
            return self.bump();
        }
        let opens = matches!(next.kind, T::LParen | T::LBracket | T::LBrace) && next.start == span.end;
        self.report(if opens {
            Diagnostic::error("no-macros", span, "there are no macros")
                .fix(span, "")
                .help("call it without `!`")
        } else {
            Diagnostic::error("postfix-bang", span, "`!` does not follow a value")
                .help("`value?` hands a failure on, `value.unwrap_or(d)` has a default")
        });
        self.bump();
    }

    /// `value.await`.
    pub(super) fn foreign_dot_await(&mut self, base: ExprId, start: u32, word: Span) {
        let error = Diagnostic::error("dot-await", word, "`await` stands before the future");
        let fix = self.short_text(self.ast[base].span).map(|text| format!("await {text}"));
        self.report(match fix {
            Some(fixed) => error.fix(self.span_from(start), fixed),
            None => error.help("write `await f(…)`"),
        });
    }

    // -----------------------------------------------------------------------------------------------------------------
    // `x => …`

    /// The parameters, if what stands before the `=>`, which is the current token, can be some.
    pub(super) fn arrow_params(&mut self, value: ExprId) -> Option<List<Param>> {
        let span = self.ast[value].span;
        match self.ast[value].kind {
            ExprKind::Unit => Some(List::EMPTY),
            ExprKind::Name(symbol) => {
                Some(self.ast.add_list(&[Param { name: Name { symbol, span }, ty: None, default: None }]))
            }
            _ => None,
        }
    }

    /// The same for a list in parentheses, which are still to be parsed.
    pub(super) fn arrow_params_in_parens(&mut self) -> Option<List<Param>> {
        const REACH: usize = 40;
        let (first, second) = (self.peek(1), self.peek(2));
        let begins = first.kind == T::Ident && matches!(second.kind, T::Comma | T::Colon | T::RParen);
        if self.context.guard || !begins {
            return None;
        }
        for ahead in 2..REACH {
            let token = self.peek(ahead);
            match token.kind {
                T::RParen if self.peek(ahead + 1).kind != T::FatArrow => return None,
                T::RParen => return Some(self.params(false)),
                T::Ident | T::Comma | T::Colon | T::LBracket | T::RBracket | T::Question | T::Lt | T::Gt => {}
                _ => return None,
            }
        }
        None
    }

    /// The `=>` and what follows.
    pub(super) fn foreign_arrow(&mut self, params: List<Param>, start: u32) -> ExprId {
        if self.panicking {
            return self.error_from(start);
        }
        let arrow = self.tok.span();
        let written = self.text(Span::new(start, arrow.start)).trim();
        let names = written.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(written);
        let fixed = format!("|{names}|");
        self.report(
            Diagnostic::error("arrow-closure", arrow, "a closure is not written with `=>`")
                .fix(Span::new(start, arrow.end), fixed),
        );
        let outer = self.enter(3);
        self.bump();
        let body: BlockId =
            if self.at(T::LBrace) && !self.looks_like_map() { self.block() } else { self.expr_body() };
        self.leave(3, outer);
        self.closure(params, None, body, false, start)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Inside brackets

    /// `… for x in xs if c` after the only element of what begins at `start`. True if there is one.
    #[inline]
    pub(super) fn foreign_comprehension(&mut self, value: ExprId, start: u32) -> bool {
        let found = self.at(T::For) && !self.panicking;
        if found {
            self.no_comprehension(value, start);
        }
        found
    }

    #[cold]
    fn no_comprehension(&mut self, value: ExprId, start: u32) {
        let word = self.tok.span();
        self.bump();
        let names = self.tok.start;
        while matches!(self.tok.kind, T::Ident | T::Comma) {
            self.bump();
        }
        let names = Span::new(names, self.prev_end);
        if !self.eat(T::In) {
            self.fail(self.unexpected("`in`"));
            return;
        }
        let source = self.expr_without_range();
        let mut condition = None;
        if !self.panicking && self.eat(T::If) {
            let tested = self.expr_without_range();
            condition = Some(self.ast[tested].span);
        }
        let error = Diagnostic::error("no-comprehension", word, "there are no comprehensions");
        let parts = [Some(self.ast[value].span), Some(self.ast[source].span), Some(names), condition];
        let parts = parts.map(|span| span.and_then(|span| self.short_text(span)));
        let written = match parts {
            [Some(value), Some(source), Some(name), None] if condition.is_none() => {
                Some(format!("{source}.map(|{name}| {value})"))
            }
            [Some(value), Some(source), Some(name), Some(condition)] if value == name => {
                Some(format!("{source}.filter(|{name}| {condition})"))
            }
            [Some(value), Some(source), Some(name), Some(condition)] => {
                Some(format!("{source}.filter(|{name}| {condition}).map(|{name}| {value})"))
            }
            _ => None,
        };
        // A map is built in a loop, a range is no receiver, and of several `for` one is inside the other.
        let array = self.text(Span::new(start, start + 1)) == "[" && self.at(T::RBracket);
        let receiver = matches!(
            self.ast[source].kind,
            ExprKind::Name(_) | ExprKind::Field { .. } | ExprKind::Index { .. } | ExprKind::Array(_)
        );
        let end = self.tok.end;
        self.fail(match written {
            Some(written) if array && receiver => error.fix(Span::new(start, end), written),
            Some(written) if self.text(Span::new(start, start + 1)) != "{" => {
                error.help(format!("write `{written}`"))
            }
            Some(_) => error.help("fill a map in a loop: `m := {}`, then `for x in xs { m[key] = value }`"),
            None => error.help("write `xs.filter(|x| …).map(|x| …)`"),
        });
    }

    /// An assignment where a value is meant. True if there was one.
    #[inline]
    pub(super) fn no_assignment(&mut self, what: &str) -> bool {
        let assigns = matches!(self.tok.kind, T::Assign | T::ColonEq) || self.at_assign_op();
        assigns && !self.panicking && self.assignment_as_value(what)
    }

    #[inline(never)]
    fn assignment_as_value(&mut self, what: &str) -> bool {
        if self.line_break() && !self.at(T::Assign) {
            return false;
        }
        if self.at(T::ColonEq) && self.next_line_is_new() {
            return false;
        }
        let span = self.tok.span();
        let op = self.text(span);
        let error =
            Diagnostic::error("assignment-as-value", span, format!("`{op}` makes a statement, not {what}"));
        self.report(match (self.tok.kind, what) {
            (T::Assign, "a condition" | "an expression") => error.help("`==` compares").fix(span, "=="),
            _ => error.help("write the assignment as a statement of its own, before this one"),
        });
        // The right side is parsed only for what follows.
        while matches!(self.tok.kind, T::Assign | T::ColonEq) || self.at_assign_op() {
            self.bump();
            self.in_context(Context { ..self.context }, Self::expr);
            if self.panicking {
                break;
            }
        }
        true
    }

    /// At the `:=` of a line whose name was taken for the end of the line before it: reports that line, and goes back
    /// to the name.
    pub(super) fn next_line_is_new(&mut self) -> bool {
        let Some(name) = self.pos.checked_sub(1).and_then(|at| self.tokens.get(at)).copied() else {
            return false;
        };
        if !name.line || name.kind != T::Ident || self.pos < 2 {
            return false;
        }
        self.seek(self.pos - 1);
        let end = Span::new(self.prev_end, self.prev_end);
        self.fail(
            Diagnostic::error("missing-value", end, "something is missing at the end of this line")
                .label("expected a value")
                .note(name.span(), "this line makes a variable of its own"),
        );
        true
    }

    /// Whether an expression is `not …` spelled as a word; for messages.
    pub(super) fn is_not(&self, value: ExprId) -> bool {
        matches!(self.ast[value].kind, ExprKind::Unary { op: UnaryOp::Not, .. })
            && self.text(self.ast[value].span).starts_with("not")
    }
}

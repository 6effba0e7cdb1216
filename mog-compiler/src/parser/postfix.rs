//! What follows an operand: `.name`, `(…)`, `[…]`, `{…}` of a struct, `?`.

use crate::ast::{Arg, ExprId, ExprKind, FieldInit, List, Name, Span, sym};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::exprs::starts_operand;
use super::{Context, Parser};

impl Parser<'_> {
    #[inline]
    pub(super) fn postfix(&mut self) -> ExprId {
        let start = self.tok.start;
        let value = self.primary();
        if self.after_operand() { self.postfix_loop(value, start, true) } else { value }
    }

    /// The operand of `await`, whose `?` comes after the `await`.
    pub(super) fn postfix_without_question(&mut self) -> ExprId {
        let start = self.tok.start;
        let value = self.primary();
        self.postfix_loop(value, start, false)
    }

    /// What follows an operand that is parsed already.
    pub(super) fn postfix_of(&mut self, value: ExprId, start: u32) -> ExprId {
        self.postfix_loop(value, start, true)
    }

    /// Whether something may follow; a quick no for most operands.
    #[inline]
    fn after_operand(&self) -> bool {
        matches!(
            self.tok.kind,
            T::Dot
                | T::LParen
                | T::LBracket
                | T::LBrace
                | T::Question
                | T::Colon
                | T::Bang
                | T::FatArrow
                | T::Arrow
        )
    }

    fn postfix_loop(&mut self, mut value: ExprId, start: u32, question: bool) -> ExprId {
        loop {
            let same_line = !self.line_break();
            value = match self.tok.kind {
                T::Dot => {
                    self.bump();
                    self.member(value, start)
                }
                T::LParen if same_line && !self.is_block_like(value) => {
                    let args = self.args();
                    self.grow();
                    let span = self.span_from(start);
                    self.expr_at(ExprKind::Call { callee: value, args }, span)
                }
                T::LBracket if same_line && !self.is_block_like(value) => self.index(value, start),
                T::LBrace if same_line => match self.struct_path(value) {
                    Some(path) => self.struct_literal(path, start),
                    None => return value,
                },
                T::Question if self.at_coalescing() => return self.foreign_coalescing(value),
                T::Question if self.at_ternary() => return value,
                T::Question if question => {
                    self.bump();
                    self.grow();
                    let span = self.span_from(start);
                    self.expr_at(ExprKind::Question(value), span)
                }
                T::Arrow if self.adjacent() && self.peek(1).kind == T::Ident && !self.peek(1).line => {
                    let span = self.tok.span();
                    self.report(
                        Diagnostic::error("arrow-member", span, "a field is read with `.`").fix(span, "."),
                    );
                    self.bump();
                    self.member(value, start)
                }
                T::Colon if self.at_double_colon() => {
                    self.foreign_double_colon();
                    self.member(value, start)
                }
                T::Bang if self.adjacent() && same_line => {
                    let vec = self.text(self.ast[value].span) == "vec" && self.peek(1).kind == T::LBracket;
                    self.foreign_bang(vec.then_some(start));
                    if vec { self.primary() } else { value }
                }
                T::FatArrow if !self.context.guard && same_line => match self.arrow_params(value) {
                    Some(params) => return self.foreign_arrow(params, start),
                    None => return value,
                },
                _ => return value,
            };
            if self.panicking {
                return value;
            }
        }
    }

    /// Whether an expression ends in `}` like a statement does, so that a bracket after it begins something new.
    pub(super) fn is_block_like(&self, value: ExprId) -> bool {
        matches!(
            self.ast[value].kind,
            ExprKind::If { .. } | ExprKind::Match { .. } | ExprKind::Block(_) | ExprKind::Try { .. }
        )
    }

    /// After the dot.
    fn member(&mut self, base: ExprId, start: u32) -> ExprId {
        self.grow();
        if self.tok.kind.is_word() && !(self.line_break() && self.at_keyword()) {
            let name = self.name_here();
            self.bump();
            if name.symbol == sym::AWAIT {
                self.foreign_dot_await(base, start, name.span);
                let span = self.span_from(start);
                return self.expr_at(ExprKind::Await(base), span);
            }
            let span = self.span_from(start);
            return self.expr_at(ExprKind::Field { base, name }, span);
        }
        self.bad_member(base);
        let span = self.span_from(start);
        self.expr_at(ExprKind::Error, span)
    }

    fn at_keyword(&self) -> bool {
        self.tok.kind.is_word() && !self.at(T::Ident)
    }

    fn bad_member(&mut self, base: ExprId) {
        let span = self.tok.span();
        match self.tok.kind {
            T::Int | T::Float if self.adjacent() => {
                let index = self.text(span).to_owned();
                let base = self.text(self.ast[base].span).to_owned();
                self.report(
                    Diagnostic::error("tuple-index", span, "there are no tuples to index with `.`").help(
                        format!(
                            "an array's element is `{}[{index}]`",
                            if base.len() < 60 { &base } else { "…" }
                        ),
                    ),
                );
                self.bump();
            }
            T::Error => self.panicking = true,
            _ if matches!(self.ast[base].kind, ExprKind::Int(_)) => {
                let base = self.ast[base].span;
                let number = self.text(base);
                self.fail(
                    Diagnostic::error(
                        "number",
                        base.to(Span::new(self.prev_end, self.prev_end)),
                        "a float needs a digit after the point",
                    )
                    .fix(Span::new(base.start, self.prev_end), format!("{number}.0")),
                );
            }
            _ => self.fail(self.unexpected("a name after `.`")),
        }
    }

    /// `(…)` of a call.
    pub(super) fn args(&mut self) -> List<Arg> {
        let outer = self.enter(1);
        let args = self.bracketed(T::RParen, "arguments", Self::arg);
        // The call itself is counted by `grow`.
        self.depth -= 1;
        self.height = self.height.max(outer);
        args
    }

    fn arg(&mut self) {
        let next = self.peek(1);
        let named = self.tok.kind.is_word()
            && next.kind == T::Colon
            && !(self.peek(2).kind == T::Colon && self.peek(2).start == next.end);
        let name = if named {
            let name = self.name_here();
            self.bump();
            self.bump();
            Some(name)
        } else if self.at(T::Ident) && next.kind == T::Assign {
            let name = self.name_here();
            self.report(
                Diagnostic::error("named-argument", next.span(), "a named argument is written with `:`")
                    .fix(Span::new(name.span.end, next.end), ":"),
            );
            self.bump();
            self.bump();
            Some(name)
        } else {
            self.foreign_spread();
            None
        };
        let start = self.tok.start;
        let mut value = self.expr();
        self.no_assignment("an argument");
        if self.foreign_comprehension(value, start) {
            value = self.error_from(start);
        }
        self.put(Arg { name, value });
    }

    /// `[…]` after an operand.
    fn index(&mut self, base: ExprId, start: u32) -> ExprId {
        let outer = self.enter(1);
        let open = self.pos;
        let kind = self.in_context(Context::BRACKET, |p| {
            p.bump();
            let kind = p.index_inside(base);
            if p.panicking && !p.leave_bracket(open) {
                return kind;
            }
            if p.at(T::RBracket) {
                p.bump();
            } else if p.at(T::Colon) || p.at(T::Question) {
                p.fail(
                    Diagnostic::error("slice-step", p.tok.span(), "a slice has a beginning and an end")
                        .label("expected `]`")
                        .help("there are no steps"),
                );
                if p.leave_bracket(open) {
                    p.eat(T::RBracket);
                }
            } else {
                p.wrong_end(open, T::RBracket);
            }
            kind
        });
        self.depth -= 1;
        self.height = self.height.max(outer);
        self.grow();
        let span = self.span_from(start);
        self.expr_at(kind, span)
    }

    fn index_inside(&mut self, base: ExprId) -> ExprKind {
        let first = match self.tok.kind {
            T::Colon | T::DotDot | T::DotDotEq => None,
            T::RBracket => {
                self.fail(
                    Diagnostic::error("syntax", self.tok.span(), "expected an index, found `]`")
                        .label("expected an index")
                        .help("an empty array of a known type is written `name: [T] = []`"),
                );
                return ExprKind::Error;
            }
            _ => Some(self.expr_without_range()),
        };
        let inclusive = self.at(T::DotDotEq);
        if matches!(self.tok.kind, T::Colon | T::DotDot | T::DotDotEq) {
            self.bump();
            let end = if self.at(T::RBracket) || self.at(T::Colon) {
                None
            } else {
                Some(self.expr_without_range())
            };
            return ExprKind::Slice { base, start: first, end, inclusive };
        }
        let mark = self.mark::<ExprId>();
        if let Some(first) = first {
            self.put(first);
        }
        while !self.panicking && self.eat(T::Comma) && !self.at(T::RBracket) {
            let index = self.expr_without_range();
            self.put(index);
        }
        ExprKind::Index { base, indices: self.list_since(mark) }
    }

    /// The name of a type before the `{` that is the current token, if it can be a struct literal.
    fn struct_path(&mut self, value: ExprId) -> Option<List<Name>> {
        let names = match self.ast[value].kind {
            ExprKind::Name(symbol) => [None, Some(Name { symbol, span: self.ast[value].span })],
            ExprKind::Field { base, name } => match self.ast[base].kind {
                ExprKind::Name(symbol) => [Some(Name { symbol, span: self.ast[base].span }), Some(name)],
                _ => return None,
            },
            _ => return None,
        };
        let fields = self.looks_like_fields();
        if self.context.head {
            if !fields || !self.is_literal_in_head() {
                return None;
            }
            let span = names[0].or(names[1]).map_or(self.tok.span(), |name| name.span);
            self.report(
                Diagnostic::error("struct-in-head", span, "a struct literal here wants parentheses")
                    .label("here a `{` opens the body")
                    .help("put the literal in parentheses"),
            );
        } else if !fields {
            return None;
        }
        let mark = self.mark::<Name>();
        for name in names.into_iter().flatten() {
            self.put(name);
        }
        Some(self.list_since(mark))
    }

    /// Whether `{`, the current token, begins like the fields of a struct.
    fn looks_like_fields(&self) -> bool {
        let (first, second) = (self.peek(1), self.peek(2));
        match first.kind {
            T::RBrace => !self.context.head,
            T::DotDot => true,
            kind if kind.is_word() => matches!(second.kind, T::Colon | T::Comma | T::RBrace | T::Assign),
            _ => false,
        }
    }

    /// Whether the braces in a head, which begin like fields, are followed by the real body.
    fn is_literal_in_head(&mut self) -> bool {
        self.peek(2).kind == T::Colon
            && self.partner(self.pos).and_then(|close| self.tokens.get(close + 1)).is_some_and(|next| {
                !next.line && (next.kind == T::LBrace || super::exprs::is_operator(next.kind))
            })
    }

    fn struct_literal(&mut self, path: List<Name>, start: u32) -> ExprId {
        let outer = self.enter(1);
        let fields = self.bracketed(T::RBrace, "fields", Self::field_init);
        self.depth -= 1;
        self.height = self.height.max(outer);
        self.grow();
        let span = self.span_from(start);
        self.expr_at(ExprKind::Struct { path, fields }, span)
    }

    fn field_init(&mut self) {
        if self.at(T::DotDot) {
            return self.fail(
                Diagnostic::error("struct-update", self.tok.span(), "a struct literal names every field")
                    .help("there is no `..other`: copy the fields one by one"),
            );
        }
        if !self.tok.kind.is_word() {
            return self.fail(self.unexpected("a field's name"));
        }
        let name = self.name_here();
        self.bump();
        if self.at(T::Assign) {
            self.report(
                Diagnostic::error("field-colon", self.tok.span(), "a field's value follows `:`")
                    .fix(Span::new(name.span.end, self.tok.end), ":"),
            );
        }
        let short = !self.eat(T::Colon) && !self.eat(T::Assign);
        let value = if short { self.expr_at(ExprKind::Name(name.symbol), name.span) } else { self.expr() };
        self.put(FieldInit { name, value, short });
    }

    /// At a `?` that begins `? b : c`.
    pub(super) fn at_ternary(&self) -> bool {
        let (question, next) = (self.tok, self.peek(1));
        if next.line || !starts_operand(next.kind) {
            return false;
        }
        match next.kind {
            T::Ident if next.symbol == sym::IS || next.symbol == sym::TO => self.peek(2).kind == T::Colon,
            T::Ident => true,
            T::Int | T::Float | T::Str | T::FStart | T::True | T::False | T::None | T::Fn => true,
            T::LParen | T::LBracket | T::Minus | T::Bang | T::Not | T::LBrace => {
                question.start > self.prev_end && next.start > question.end && !self.context.head
            }
            _ => false,
        }
    }
}

//! Patterns of `match` and `is`.

use crate::ast::{ExprId, ExprKind, FieldPat, List, Name, Pat, PatId, PatKind, Span, UnaryOp, sym};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::Parser;

impl Parser<'_> {
    /// A pattern, with alternatives.
    pub(super) fn pattern(&mut self) -> PatId {
        self.apart(Self::alternatives)
    }

    fn pat_at(&mut self, kind: PatKind, span: Span) -> PatId {
        self.ast.add(Pat { kind, span })
    }

    fn alternatives(&mut self) -> PatId {
        let start = self.tok.start;
        self.eat(T::Pipe);
        let first = self.apart(Self::single);
        if !self.at(T::Pipe) {
            return first;
        }
        let mark = self.mark::<PatId>();
        self.put_alternative(first);
        while !self.panicking && self.eat(T::Pipe) {
            let next = self.apart(Self::single);
            self.put_alternative(next);
        }
        self.grow();
        let alternatives = self.list_since(mark);
        let span = self.span_from(start);
        self.pat_at(PatKind::Or(alternatives), span)
    }

    /// Alternatives in parentheses join those around them.
    fn put_alternative(&mut self, pattern: PatId) {
        if let PatKind::Or(inner) = self.ast[pattern].kind {
            let stack = &mut self.scratch.pats;
            stack.extend_from_slice(self.ast.list(inner));
        } else {
            self.put(pattern);
        }
    }

    fn single(&mut self) -> PatId {
        self.height = self.height.max(1);
        let start = self.tok.start;
        let kind = match self.tok.kind {
            T::Ident => return self.named_pattern(),
            T::Int | T::Float | T::Minus | T::Str | T::True | T::False => {
                let literal = self.pattern_literal();
                return self.literal_or_range(literal, start);
            }
            T::None => {
                self.bump();
                PatKind::None
            }
            T::LParen => return self.paren_pattern(),
            T::FStart => {
                self.fail(
                    Diagnostic::error("pattern", self.tok.span(), "an f-string is not a pattern")
                        .help("match a name and compare in a guard: `s if s == f\"…\" => …`"),
                );
                PatKind::Error
            }
            T::LBracket | T::LBrace => {
                self.fail(
                    Diagnostic::error(
                        "pattern",
                        self.tok.span(),
                        "arrays and maps cannot be matched by their parts",
                    )
                    .help("match a name and test it in a guard: `xs if xs.len == 2 => …`"),
                );
                PatKind::Error
            }
            T::DotDot | T::DotDotEq => {
                self.fail(
                    Diagnostic::error("pattern", self.tok.span(), "a range in a pattern has both ends")
                        .help("use a guard: `n if n < 10 => …`"),
                );
                PatKind::Error
            }
            T::Amp => {
                let span = self.tok.span();
                self.report(
                    Diagnostic::error("no-references", span, "there is no `&` in a pattern").fix(span, ""),
                );
                self.bump();
                let outer = self.enter(1);
                let inner = self.single();
                self.leave(1, outer);
                return inner;
            }
            T::Else => {
                self.report(
                    Diagnostic::error("pattern", self.tok.span(), "the arm for everything else is `_`")
                        .fix(self.tok.span(), "_"),
                );
                self.bump();
                PatKind::Wildcard
            }
            _ => {
                if self.at(T::Error) {
                    self.panicking = true;
                }
                self.fail(self.unexpected("a pattern"));
                PatKind::Error
            }
        };
        let span = self.span_from(start);
        self.pat_at(kind, span)
    }

    fn paren_pattern(&mut self) -> PatId {
        let open = self.pos;
        let outer = self.enter(1);
        self.bump();
        let inner = self.pattern();
        if !self.panicking && self.at(T::Comma) {
            self.fail(
                Diagnostic::error("no-tuples", self.tok.span(), "there are no tuples")
                    .help("match one value, and the other in a guard or a second `match`"),
            );
        }
        if (!self.panicking || self.leave_bracket(open)) && !self.eat(T::RParen) {
            self.wrong_end(open, T::RParen);
        }
        self.leave(1, outer);
        inner
    }

    /// A number, string or boolean as an expression; the caller has seen that there is one.
    fn pattern_literal(&mut self) -> ExprId {
        let start = self.tok.start;
        if !self.eat(T::Minus) {
            return self.primary();
        }
        if !matches!(self.tok.kind, T::Int | T::Float) {
            self.fail(self.unexpected("a number after `-`"));
            return self.error_expr();
        }
        let operand = self.primary();
        self.grow();
        let span = self.span_from(start);
        self.expr_at(ExprKind::Unary { op: UnaryOp::Neg, operand }, span)
    }

    fn literal_or_range(&mut self, first: ExprId, start: u32) -> PatId {
        self.grow();
        if !matches!(self.tok.kind, T::DotDot | T::DotDotEq) {
            let span = self.span_from(start);
            return self.pat_at(PatKind::Literal(first), span);
        }
        let inclusive = self.at(T::DotDotEq);
        self.bump();
        if self.at(T::Dot) && self.adjacent() {
            let span = Span::new(self.prev_end - 2, self.tok.end);
            self.report(Diagnostic::error("range", span, "a range is written with two dots").fix(span, ".."));
            self.bump();
        }
        let end = match self.tok.kind {
            T::Int | T::Float | T::Minus | T::Str => self.pattern_literal(),
            T::Ident => self.constant(),
            _ => {
                self.fail(
                    self.unexpected("the end of the range")
                        .help("for an open range use a guard: `n if n >= 3 => …`"),
                );
                self.error_expr()
            }
        };
        let span = self.span_from(start);
        self.pat_at(PatKind::Range { start: first, end, inclusive }, span)
    }

    /// The name of a constant, which is the end of a range, as an expression.
    fn constant(&mut self) -> ExprId {
        let path = self.pattern_path();
        self.constant_at(path)
    }

    fn constant_at(&mut self, path: List<Name>) -> ExprId {
        let mut value: Option<ExprId> = None;
        for at in 0..path.len() {
            let Some(&name) = self.ast.list(path).get(at) else { break };
            self.grow();
            value = Some(match value {
                None => self.expr_at(ExprKind::Name(name.symbol), name.span),
                Some(base) => {
                    let span = self.ast[base].span.to(name.span);
                    self.expr_at(ExprKind::Field { base, name }, span)
                }
            });
        }
        value.unwrap_or_else(|| self.error_expr())
    }

    fn named_pattern(&mut self) -> PatId {
        let (start, symbol, span) = (self.tok.start, self.tok.symbol, self.tok.span());
        if symbol == sym::UNDERSCORE {
            self.bump();
            return self.pat_at(PatKind::Wildcard, span);
        }
        if let Some(pattern) = self.foreign_pattern() {
            return pattern;
        }
        let wraps = self.peek(1).kind == T::LParen && matches!(symbol, sym::SOME | sym::OK | sym::ERR);
        if wraps {
            self.bump();
            return self.wrapped(symbol, start);
        }
        let path = self.pattern_path();
        if matches!(self.tok.kind, T::DotDot | T::DotDotEq) && !self.panicking {
            let first = self.constant_at(path);
            return self.literal_or_range(first, start);
        }
        let kind = match self.tok.kind {
            T::LParen if !self.line_break() => {
                let args = self.pattern_args();
                PatKind::Variant { path, args, parens: true }
            }
            T::LBrace if !self.line_break() && !self.context.head => {
                let (fields, open) = self.field_patterns();
                PatKind::Struct { path, fields, open }
            }
            _ if path.len() > 1 => PatKind::Variant { path, args: List::EMPTY, parens: false },
            _ => PatKind::Name(symbol),
        };
        let span = self.span_from(start);
        self.pat_at(kind, span)
    }

    /// `Shape.Circle`, also written `Shape::Circle`.
    fn pattern_path(&mut self) -> List<Name> {
        let mark = self.mark::<Name>();
        self.put(self.name_here());
        self.bump();
        while !self.panicking {
            if self.at_double_colon() {
                self.foreign_double_colon();
            } else if !self.eat(T::Dot) {
                break;
            }
            if self.tok.kind.is_word() {
                self.put(self.name_here());
                self.bump();
            } else {
                self.fail(self.unexpected("a name after `.`"));
            }
        }
        self.list_since(mark)
    }

    fn pattern_args(&mut self) -> List<PatId> {
        let outer = self.enter(1);
        let args = self.bracketed(T::RParen, "patterns", |p| {
            let pattern = p.pattern();
            p.put(pattern);
        });
        self.leave(1, outer);
        args
    }

    /// The part in parentheses of `some(p)`, `ok(p)`, `err(p)`.
    pub(super) fn wrapped(&mut self, symbol: crate::ast::Symbol, start: u32) -> PatId {
        let args = self.pattern_args();
        let span = self.span_from(start);
        let inner = match *self.ast.list(args) {
            [inner] => inner,
            [] => self
                .pat_at(PatKind::Wildcard, Span::new(span.end.saturating_sub(1), span.end.saturating_sub(1))),
            [inner, ..] => {
                self.report(
                    Diagnostic::error("pattern", span, "this pattern holds exactly one value")
                        .help("for instance `ok(value)`"),
                );
                inner
            }
        };
        let kind = match symbol {
            sym::SOME => PatKind::Some(inner),
            sym::OK => PatKind::Ok(inner),
            _ => PatKind::Err(inner),
        };
        self.pat_at(kind, span)
    }

    fn field_patterns(&mut self) -> (List<FieldPat>, bool) {
        let outer = self.enter(1);
        let mut open = false;
        let fields = self.bracketed(T::RBrace, "fields", |p| {
            if p.eat(T::DotDot) {
                open = true;
                return;
            }
            if !p.tok.kind.is_word() {
                return p.fail(p.unexpected("a field's name"));
            }
            let name = p.name_here();
            p.bump();
            let short = !p.eat(T::Colon);
            let pattern = if short { p.pat_at(PatKind::Name(name.symbol), name.span) } else { p.pattern() };
            p.put(FieldPat { name, pattern, short });
        });
        self.leave(1, outer);
        (fields, open)
    }
}

//! What functions with and without a name share: parameters, result, body.

use crate::ast::{BlockId, List, Param, Span, TypeExprId, TypeKind, sym};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::Parser;

impl Parser<'_> {
    /// `(a: int, b: int = 1)`; types are required of named functions.
    pub(super) fn params(&mut self, typed: bool) -> List<Param> {
        let outer = self.enter(1);
        let params = self.bracketed(T::RParen, "parameters", |p| p.param(!typed));
        self.leave(1, outer);
        params
    }

    /// One parameter.
    pub(super) fn param(&mut self, untyped: bool) {
        if self.at_word(sym::MUT) && self.peek(1).kind == T::Ident {
            let span = Span::new(self.tok.start, self.peek(1).start);
            self.report(
                Diagnostic::error("no-mut", self.tok.span(), "every variable can be assigned to")
                    .fix(span, "")
                    .help("leave out `mut`"),
            );
            self.bump();
        }
        if self.at(T::Amp) {
            self.foreign_prefix();
        }
        if matches!(self.tok.kind, T::Star | T::DotDot) {
            return self.fail(
                Diagnostic::error("variadic", self.tok.span(), "a function has a fixed number of parameters")
                    .help("take an array: `values: [int]`"),
            );
        }
        if self.at(T::LParen) || self.at(T::LBrace) || self.at(T::LBracket) {
            return self.fail(
                Diagnostic::error("destructuring", self.tok.span(), "a parameter is one name")
                    .help("take the value apart inside the function"),
            );
        }
        let Some(name) = self.name("a parameter's name") else { return };
        let ty = if self.eat(T::Colon) {
            Some(self.type_expr())
        } else if self.type_without_colon(name) {
            Some(self.type_after_name(name))
        } else if untyped {
            None
        } else {
            Some(self.missing_param_type(name))
        };
        let default = if self.at(T::Assign) {
            self.bump();
            Some(self.expr())
        } else {
            None
        };
        self.put(Param { name, ty, default });
    }

    /// `x int`, as Go writes it.
    pub(super) fn type_after_name(&mut self, name: crate::ast::Name) -> TypeExprId {
        let ty = self.type_expr();
        let text = format!("{}: {}", self.text(name.span), self.text(self.ast[ty].span));
        let span = name.span.to(self.ast[ty].span);
        self.report(
            Diagnostic::error("missing-colon", span, "a type follows its name and `:`").fix(span, text),
        );
        ty
    }

    /// Whether that is what comes.
    pub(super) fn type_without_colon(&self, name: crate::ast::Name) -> bool {
        let type_follows = matches!(self.tok.kind, T::Ident | T::LBracket | T::Question)
            || (self.at(T::Fn) && self.peek(1).kind == T::LParen);
        type_follows && !self.tok.line && name.symbol != sym::SELF
    }

    fn missing_param_type(&mut self, name: crate::ast::Name) -> TypeExprId {
        let text = self.text(name.span).to_owned();
        if self.foreign_function && name.symbol == sym::SELF {
            // What is wrong with the function has been said.
        } else if name.symbol == sym::SELF || name.symbol == sym::THIS {
            self.report(Diagnostic::error("no-methods", name.span, "there are no methods").help(format!(
                "write an ordinary function and give `{text}` a type: `fn area(shape: Shape) -> float`"
            )));
        } else {
            self.report(
                Diagnostic::error("missing-type", name.span, format!("the parameter `{text}` needs a type"))
                    .label("expected `:` and a type")
                    .help(format!("for instance `{text}: int`; only closures may leave types out")),
            );
        }
        self.type_at(TypeKind::Error, name.span.after())
    }

    /// `-> T`.
    pub(super) fn result_type(&mut self) -> Option<TypeExprId> {
        match self.tok.kind {
            T::Arrow => self.bump(),
            T::Colon if !self.tok.line && self.peek(1).kind != T::Eof && !self.peek(1).line => {
                let span = self.tok.span();
                if !self.foreign_function {
                    self.report(
                        Diagnostic::error("result-arrow", span, "the result's type follows `->`")
                            .fix(span, " ->"),
                    );
                }
                self.bump();
            }
            T::Ident | T::LBracket if !self.tok.line && !self.panicking && self.type_before_body() => {
                let here = Span::new(self.prev_end, self.prev_end);
                self.report(
                    Diagnostic::error("result-arrow", self.tok.span(), "the result's type follows `->`")
                        .fix(here, " ->"),
                );
            }
            _ => return None,
        }
        if self.at(T::LParen) && self.peek(1).kind != T::RParen {
            self.foreign_tuple_type();
        }
        Some(self.type_expr())
    }

    /// `int {`, as Go writes a result.
    fn type_before_body(&self) -> bool {
        if self.at_word(sym::DO) || self.at_word(sym::THEN) {
            return false;
        }
        (1..8)
            .map(|ahead| self.peek(ahead))
            .take_while(|token| !token.line)
            .any(|token| token.kind == T::LBrace)
    }

    /// `{ … }` of a function, or what other languages write there.
    pub(super) fn fn_body(&mut self, owner: &'static str) -> BlockId {
        if !self.panicking && matches!(self.tok.kind, T::FatArrow | T::Assign) && !self.line_break() {
            let arrow = self.tok.span();
            self.bump();
            if self.at(T::LBrace) {
                self.report(
                    Diagnostic::error("function-body", arrow, "a function's body follows directly")
                        .label("expected `{`")
                        .fix(arrow, ""),
                );
                return self.body(owner);
            }
            let body = self.expr_body();
            let text = self.text(self.ast[body].span);
            let error = Diagnostic::error("function-body", arrow, "a function's body is a block")
                .label("expected `{`");
            self.report(match text.len() {
                ..400 => error.fix(arrow.to(self.ast[body].span), format!("{{ {text} }}")),
                _ => error.help("write the expression in braces"),
            });
            return body;
        }
        self.body(owner)
    }
}

//! Functions without a name.

use crate::ast::{ExprId, ExprKind, Function, List, Param, Span};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::{Context, Parser};

impl Parser<'_> {
    /// `fn(x: int) -> int { … }`, `async fn() { … }`, and `async |x| …`.
    pub(super) fn fn_closure(&mut self) -> ExprId {
        let start = self.tok.start;
        let outer = self.enter(2);
        let is_async = self.eat(T::Async);
        if is_async && matches!(self.tok.kind, T::Pipe | T::PipePipe) {
            let closure = self.bars(start, true);
            self.leave(2, outer);
            return closure;
        }
        if !self.eat(T::Fn) {
            self.fail(self.unexpected("`fn` after `async`"));
            self.leave(2, outer);
            return self.error_expr();
        }
        if self.at(T::Ident) {
            let span = self.tok.span();
            self.report(
                Diagnostic::error("named-closure", span, "a function inside an expression has no name")
                    .fix(Span::new(self.prev_end, span.end), ""),
            );
            self.bump();
        }
        let params = if self.at(T::LParen) {
            self.params(false)
        } else {
            self.fail(self.unexpected("`(` and the parameters"));
            List::EMPTY
        };
        if self.at(T::Ident) && self.peek(1).kind == T::LParen && !self.tok.line && !self.panicking {
            self.fail(
                Diagnostic::error("no-methods", self.tok.span(), "there are no methods")
                    .help("write the receiver as the first parameter: `fn name(p: Point) { … }`"),
            );
        }
        let result = if self.panicking { None } else { self.result_type() };
        let body = self.fn_body("a closure");
        let function = Function {
            name: None,
            params,
            result,
            body: Some(body),
            is_async,
            bars: false,
            span: self.span_from(start),
        };
        let function = self.ast.add(function);
        self.leave(2, outer);
        let span = self.span_from(start);
        self.expr_at(ExprKind::Closure(function), span)
    }

    /// `|x| x + 1`, `|| 0`.
    pub(super) fn bar_closure(&mut self) -> ExprId {
        let outer = self.enter(1);
        let closure = self.bars(self.tok.start, false);
        self.leave(1, outer);
        closure
    }

    fn bars(&mut self, start: u32, is_async: bool) -> ExprId {
        let mut params = List::EMPTY;
        if !self.eat(T::PipePipe) {
            params = self.bar_params();
        }
        let result = if self.at(T::Arrow) { self.result_type() } else { None };
        if self.at(T::FatArrow) {
            self.report(
                Diagnostic::error("arrow-closure", self.tok.span(), "no `=>` stands after the bars")
                    .fix(self.tok.span(), "")
                    .help("write `|x| x + 1`"),
            );
            self.bump();
        }
        let outer = self.enter(2);
        let body = if self.at(T::LBrace) && !self.looks_like_map() { self.block() } else { self.expr_body() };
        self.leave(2, outer);
        self.closure(params, result, body, is_async, start)
    }

    /// A closure in bars, or one that should have been written so.
    pub(super) fn closure(
        &mut self,
        params: List<Param>,
        result: Option<crate::ast::TypeExprId>,
        body: crate::ast::BlockId,
        is_async: bool,
        start: u32,
    ) -> ExprId {
        let span = self.span_from(start);
        let function = self.ast.add(Function {
            name: None,
            params,
            result,
            body: Some(body),
            is_async,
            bars: true,
            span,
        });
        self.expr_at(ExprKind::Closure(function), span)
    }

    fn bar_params(&mut self) -> List<Param> {
        let open = self.pos;
        self.bump();
        let mark = self.mark::<Param>();
        self.in_context(Context { bars: true, ..Context::BRACKET }, |p| {
            while !p.panicking && !p.at(T::Pipe) {
                p.param(true);
                if !p.panicking && !p.eat(T::Comma) && !p.at(T::Pipe) {
                    let opened = p.tokens.get(open).map_or(p.tok.span(), |bar| bar.span());
                    p.fail(
                        p.unexpected("`,` or `|` after a parameter")
                            .note(opened, "the parameters begin here"),
                    );
                }
            }
        });
        if !self.panicking {
            self.bump();
        }
        self.list_since(mark)
    }
}

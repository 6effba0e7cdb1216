//! Blocks, and what has blocks: `if`, `match`, `try`.

use crate::ast::{
    Block, BlockId, ExprId, ExprKind, IfArm, List, MatchArm, Name, Span, Stmt, StmtId, StmtKind, sym,
};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::{Context, Parser};

/// How a body was delimited: the last two are other languages' ways, reported once per construct.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiters {
    Braces,
    /// A single statement.
    Nothing,
    /// `:` and indentation.
    Indentation,
    /// `then` or `do`, and `end`.
    Words,
}

impl Parser<'_> {
    /// `{ … }`; the brace is the current token.
    pub(super) fn block(&mut self) -> BlockId {
        let (start, open) = (self.tok.start, self.pos);
        let outer = self.enter(2);
        let (stmts, tail) = self.in_context(Context::BLOCK, |p| {
            p.bump();
            p.statements(|p| {
                matches!(p.tok.kind, T::RBrace | T::Eof | T::FClose | T::FEnd) || p.is_cut_short(open)
            })
        });
        if self.closes(open) {
            self.bump();
        } else if matches!(self.tok.kind, T::FClose | T::FEnd) {
            self.panicking = true; // the end of an f-string that is not closed, see the lexer
        } else if !self.panicking {
            self.unclosed_block(open);
        }
        self.leave(2, outer);
        let span = self.span_from(start);
        self.ast.add(Block { stmts, tail, span, braced: true })
    }

    /// The block that is due here.
    pub(super) fn body(&mut self, owner: &'static str) -> BlockId {
        self.body_like(owner, Delimiters::Braces).0
    }

    /// The same, of a construct whose earlier part had such delimiters.
    pub(super) fn body_like(&mut self, owner: &'static str, earlier: Delimiters) -> (BlockId, Delimiters) {
        if self.at(T::LBrace) && !self.panicking {
            return (self.block(), Delimiters::Braces);
        }
        if self.at(T::Error) {
            self.panicking = true;
        }
        if self.panicking {
            if self.skip_to_body() {
                return (self.block(), Delimiters::Braces);
            }
            return (self.no_block(), earlier);
        }
        let outer = self.enter(2);
        let found = self.in_context(Context::BLOCK, |p| p.foreign_body(owner, earlier));
        self.leave(2, outer);
        found
    }

    /// A single expression as a block; a call in its place, such as an assignment, as well.
    pub(super) fn expr_body(&mut self) -> BlockId {
        let start = self.tok.start;
        let value = self.expr();
        let assigns = matches!(self.tok.kind, T::Assign | T::ColonEq) || self.at_assign_op();
        if assigns && !self.panicking && !self.line_break() {
            let stmt = self.assignment(value, start);
            return self.block_of(stmt, start);
        }
        let span = self.ast[value].span;
        self.ast.add(Block { stmts: List::EMPTY, tail: Some(value), span, braced: false })
    }

    /// A single statement as a block.
    pub(super) fn block_of(&mut self, stmt: StmtId, start: u32) -> BlockId {
        let stmts = self.ast.add_list(&[stmt]);
        let span = self.span_from(start);
        self.ast.add(Block { stmts, tail: None, span, braced: false })
    }

    /// Statements up to where `ends` says so, and the value.
    pub(super) fn statements(
        &mut self,
        mut ends: impl FnMut(&mut Self) -> bool,
    ) -> (List<StmtId>, Option<ExprId>) {
        let mark = self.mark::<StmtId>();
        let mut tail = None;
        loop {
            while self.eat(T::Semi) {}
            if self.at(T::Eof) || ends(self) {
                break;
            }
            let start = self.pos;
            let stmt = self.apart(Self::statement);
            self.finish_respelling();
            let failed = self.panicking || matches!(self.ast[stmt].kind, StmtKind::Error);
            if self.panicking {
                self.recover(start);
            } else if let StmtKind::Expr(value) = self.ast[stmt].kind
                && ends(self)
            {
                tail = Some(value);
                break;
            } else {
                self.statement_end(start);
            }
            if failed {
                self.lose_names(start);
            }
            self.put(stmt);
            if self.pos == start && !self.at(T::Eof) {
                self.bump();
            }
        }
        (self.list_since(mark), tail)
    }

    /// After a statement: a line end, `;` or a closing brace.
    #[inline]
    pub(super) fn statement_end(&mut self, start: usize) {
        let ends = self.tok.line
            || self.eat(T::Semi)
            || matches!(self.tok.kind, T::RBrace | T::Eof | T::FClose | T::FEnd);
        if !ends {
            self.statement_goes_on(start);
        }
    }

    #[inline(never)]
    fn statement_goes_on(&mut self, start: usize) {
        // Nothing more is needed after a statement that ends in a block.
        let brace = self.pos.checked_sub(1).and_then(|before| self.tokens.get(before));
        let closed = brace.is_some_and(|token| token.kind == T::RBrace);
        if closed && self.begins_like_block(start) && !self.at(T::Error) {
            return;
        }
        self.no_statement_end(start);
        self.recover(start);
    }

    fn begins_like_block(&self, start: usize) -> bool {
        self.tokens.get(start).is_some_and(|token| {
            matches!(
                token.kind,
                T::If
                    | T::Match
                    | T::LBrace
                    | T::Try
                    | T::While
                    | T::For
                    | T::Loop
                    | T::Fn
                    | T::Async
                    | T::Struct
                    | T::Enum
                    | T::Pub
            ) || token.kind == T::Ident && token.symbol == sym::CAPABILITY
        })
    }

    /// The condition of `if` or `while`, or what `match` matches: `{` after it opens the body.
    pub(super) fn head(&mut self, owner: &'static str) -> ExprId {
        if self.at(T::LBrace) && !self.at_map() {
            self.fail(
                Diagnostic::error(
                    "missing-condition",
                    self.tok.span(),
                    format!("`{owner}` needs something before its body"),
                )
                .label(if owner == "match" {
                    "expected a value"
                } else {
                    "expected a condition"
                }),
            );
            return self.error_expr();
        }
        if self.at(T::Let) {
            return self.foreign_if_let(owner);
        }
        let context = Context { head: true, lines: self.context.lines, ..Context::BLOCK };
        let start = self.tok.start;
        let condition = self.in_context(context, Self::expr);
        if self.no_assignment("a condition") { self.error_from(start) } else { condition }
    }

    /// `if`, with all its `else if`.
    pub(super) fn if_expr(&mut self) -> ExprId {
        let start = self.tok.start;
        let outer = self.enter(1);
        let mark = self.mark::<IfArm>();
        let mut otherwise = None;
        let mut delimiters = Delimiters::Braces;
        loop {
            self.bump();
            let condition = self.head("if");
            let (body, found) = self.apart(|p| p.body_like("if", delimiters));
            delimiters = found;
            self.put(IfArm { condition, body });
            if self.panicking {
                break;
            }
            if self.foreign_else_if(delimiters) {
                continue;
            }
            if !self.at_else(found) {
                break;
            }
            self.bump();
            if self.at(T::If) {
                continue;
            }
            let (body, found) = self.apart(|p| p.body_like("else", delimiters));
            delimiters = found;
            otherwise = Some(body);
            break;
        }
        if delimiters == Delimiters::Words {
            self.foreign_end();
        }
        let arms = self.list_since(mark);
        self.leave(1, outer);
        let span = self.span_from(start);
        self.expr_at(ExprKind::If { arms, otherwise }, span)
    }

    fn at_else(&mut self, delimiters: Delimiters) -> bool {
        if delimiters == Delimiters::Nothing && self.at(T::Semi) && self.peek(1).kind == T::Else {
            self.bump();
        }
        self.at(T::Else) && self.peek(1).kind != T::FatArrow
    }

    /// `match`.
    pub(super) fn match_expr(&mut self) -> ExprId {
        let start = self.tok.start;
        let outer = self.enter(1);
        self.bump();
        let value = self.head("match");
        let arms = if !self.panicking && self.at(T::LBrace) || self.panicking && self.skip_to_body() {
            self.in_context(Context::BLOCK, Self::match_arms)
        } else {
            self.fail(self.unexpected("`{` and the arms").help("match value { 0 => …, _ => … }"));
            List::EMPTY
        };
        self.leave(1, outer);
        let span = self.span_from(start);
        self.expr_at(ExprKind::Match { value, arms }, span)
    }

    fn match_arms(&mut self) -> List<MatchArm> {
        let open = self.pos;
        let mark = self.mark::<MatchArm>();
        self.bump();
        loop {
            while self.eat(T::Comma) || self.eat(T::Semi) {}
            if self.closes(open) {
                self.bump();
                break;
            }
            if matches!(self.tok.kind, T::Eof | T::RBrace) || self.is_cut_short(open) || self.is_no_arm(open)
            {
                self.unclosed_block(open);
                break;
            }
            if matches!(self.tok.kind, T::FClose | T::FEnd) {
                self.panicking = true;
                break;
            }
            let start = self.pos;
            self.apart(Self::match_arm);
            if !self.panicking {
                self.arm_end();
            }
            if self.panicking {
                self.recover_entry(start);
            }
            if self.pos == start && !self.at(T::Eof) {
                self.bump();
            }
        }
        self.list_since(mark)
    }

    fn arm_end(&mut self) {
        let ended = self.tok.line || matches!(self.tok.kind, T::Comma | T::RBrace | T::Semi | T::Eof);
        let after_block =
            self.pos.checked_sub(1).and_then(|at| self.tokens.get(at)).is_some_and(|t| t.kind == T::RBrace);
        if !ended && !after_block {
            if self.at(T::Error) {
                self.panicking = true;
            }
            if !self.starts_operand() {
                return self.fail(self.unexpected("`,` or a line end after the arm"));
            }
            let here = Span::new(self.prev_end, self.prev_end);
            self.report(
                Diagnostic::error("missing-comma", self.tok.span(), "a comma is missing between two arms")
                    .label("expected `,` or a line end before this")
                    .fix(here, ","),
            );
        }
    }

    fn match_arm(&mut self) {
        let start = self.tok.start;
        let case = self.foreign_case();
        let pattern = self.pattern();
        let mut guard = None;
        if !self.panicking && self.eat(T::If) {
            guard = Some(self.in_context(Context { guard: true, ..Context::BLOCK }, Self::expr));
        }
        if !self.panicking && !self.eat(T::FatArrow) {
            self.foreign_arm_arrow(case);
        }
        if self.panicking {
            return;
        }
        let body = self.arm_body();
        let span = self.span_from(start);
        self.put(MatchArm { pattern, guard, body, span });
    }

    /// An expression, or a single statement as an unbraced block.
    fn arm_body(&mut self) -> ExprId {
        let start = self.tok.start;
        if self.at(T::LBrace) && !self.looks_like_map() {
            let block = self.block();
            self.grow();
            self.block_expr(block)
        } else {
            let stmt = self.statement();
            if let StmtKind::Expr(value) = self.ast[stmt].kind {
                value
            } else {
                let block = self.block_of(stmt, start);
                self.grow();
                self.grow();
                self.grow();
                self.block_expr(block)
            }
        }
    }

    /// `try { … } catch(e) { … }`.
    pub(super) fn try_expr(&mut self) -> ExprId {
        let start = self.tok.start;
        let outer = self.enter(1);
        self.bump();
        if !self.at(T::LBrace) && !self.at(T::Colon) {
            self.foreign_try(start);
            self.leave(1, outer);
            return self.error_expr();
        }
        let (body, delimiters) = self.body_like("try", Delimiters::Braces);
        let mut name = None;
        let foreign = if self.panicking { None } else { self.foreign_except(delimiters) };
        let handler = if foreign.is_some() || !self.panicking && self.eat(T::Catch) {
            name = foreign.unwrap_or_else(|| self.caught());
            let (handler, _) = self.body_like("catch", delimiters);
            self.foreign_finally(delimiters);
            handler
        } else {
            let span = Span::new(start, start + 3);
            if !self.panicking {
                self.report(
                    Diagnostic::error("missing-catch", span, "this `try` has no `catch`")
                        .label("expected `catch(e) { … }` after its block")
                        .help("to hand a failure on to the caller, write `?` after the call instead"),
                );
            }
            self.no_block()
        };
        self.leave(1, outer);
        let span = self.span_from(start);
        self.expr_at(ExprKind::Try { body, name, handler }, span)
    }

    /// `(e)`, `e`, or nothing.
    pub(super) fn caught(&mut self) -> Option<Name> {
        if self.at(T::LParen) {
            let open = self.pos;
            self.bump();
            if self.eat(T::RParen) {
                return None;
            }
            let name = self.caught_name();
            if !self.panicking && !self.eat(T::RParen) {
                self.fail(self.unexpected("`)` after the name"));
            }
            if self.panicking && self.leave_bracket(open) {
                self.bump();
            }
            return name;
        }
        if self.at(T::Ident) { self.caught_name() } else { None }
    }

    fn caught_name(&mut self) -> Option<Name> {
        let first = self.name("the name of the message")?;
        if self.at(T::Colon) && self.peek(1).kind == T::Ident || self.at(T::Ident) {
            let start = self.prev_end;
            let java = self.at(T::Ident);
            while matches!(self.tok.kind, T::Ident | T::Colon | T::Dot | T::Pipe | T::As) && !self.tok.line {
                self.bump();
            }
            let span = Span::new(first.span.start, self.prev_end);
            let last = self.text(span).rsplit([' ', ':']).next().unwrap_or("e").to_owned();
            let keep = if java { last } else { self.text(first.span).to_owned() };
            let extra = Span::new(start, self.prev_end);
            self.report(
                Diagnostic::error("catch-type", extra, "what is caught has no type: it is the message")
                    .fix(span, keep),
            );
        }
        Some(first)
    }

    /// Adds a statement that could not be read.
    pub(super) fn error_stmt(&mut self, start: u32) -> StmtId {
        let span = self.span_from(start);
        self.ast.add(Stmt { kind: StmtKind::Error, span })
    }
}

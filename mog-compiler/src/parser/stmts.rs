//! Statements.

use crate::ast::{BinaryOp, BlockId, ExprId, ExprKind, Name, Span, Stmt, StmtId, StmtKind, TypeExprId, sym};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::{Context, Parser};

impl Parser<'_> {
    /// A statement without its end.
    pub(super) fn statement(&mut self) -> StmtId {
        let start = self.tok.start;
        match self.tok.kind {
            T::Ident => self.statement_from_name(start),
            T::Let => self.let_statement(start),
            T::Const => self.const_statement(start),
            T::While => self.while_statement(start),
            T::Loop => self.loop_statement(start),
            T::For => self.for_statement(start),
            T::Fn if self.peek(1).kind != T::LParen => self.item_statement(start),
            T::Async if self.peek(1).kind == T::Fn && self.peek(2).kind != T::LParen => {
                self.item_statement(start)
            }
            T::Async if self.at_foreign_function() => self.item_statement(start),
            T::Struct | T::Enum | T::Pub | T::Import => self.item_statement(start),
            T::LBrace if self.peek(1).kind == T::RBrace || !self.looks_like_map() => {
                let block = self.block();
                self.grow();
                let value = self.block_expr(block);
                let value = self.postfix_of(value, start);
                self.expr_statement(value, start)
            }
            T::Else | T::Catch => self.foreign_orphan(start),
            T::Plus | T::Minus if self.begins_increment() => self.foreign_increment(start),
            T::Minus if self.at_dash_comment() => self.foreign_comment(start),
            T::If if self.peek(1).symbol == sym::PYTHON_NAME => self.main_guard(start),
            _ => {
                let value = self.expr();
                self.after_expr(value, start)
            }
        }
    }

    pub(super) fn stmt_at(&mut self, kind: StmtKind, start: u32) -> StmtId {
        // Its node is counted by the block or file around it.
        let span = self.span_from(start);
        self.ast.add(Stmt { kind, span })
    }

    pub(super) fn expr_statement(&mut self, value: ExprId, start: u32) -> StmtId {
        self.stmt_at(StmtKind::Expr(value), start)
    }

    fn statement_from_name(&mut self, start: u32) -> StmtId {
        let next = self.peek(1);
        match next.kind {
            T::ColonEq => {
                let name = self.name_here();
                self.bump();
                self.bump();
                let value = self.value();
                return self.stmt_at(StmtKind::Let { name, ty: None, value }, start);
            }
            T::Colon if !(next.line || self.peek(2).kind == T::Colon && self.peek(2).start == next.end) => {
                if let Some(statement) = self.foreign_label(start) {
                    return statement;
                }
                let name = self.name_here();
                self.bump();
                return self.typed_let(name, start);
            }
            T::Assign if self.tok.symbol == sym::UNDERSCORE => {
                let name = self.name_here();
                self.bump();
                self.bump();
                let value = self.value();
                return self.stmt_at(StmtKind::Let { name, ty: None, value }, start);
            }
            T::Assign if !next.line => {}
            T::Comma => {
                if let Some(statement) = self.foreign_multiple(start) {
                    return statement;
                }
            }
            _ if next.line && self.tok.symbol == sym::REPEAT => return self.foreign_repeat(start),
            _ if !next.line => {
                if self.at_item_word() {
                    return self.item_statement(start);
                }
                if let Some(statement) = self.foreign_statement(start) {
                    return statement;
                }
            }
            _ => {}
        }
        let value = self.expr();
        self.after_expr(value, start)
    }

    /// The value of a binding or assignment, which must be no assignment itself.
    fn value(&mut self) -> ExprId {
        let value = self.expr();
        self.no_assignment("a value");
        value
    }

    /// After an expression that begins a statement: it may be an assignment's target.
    fn after_expr(&mut self, value: ExprId, start: u32) -> StmtId {
        let assigns = matches!(self.tok.kind, T::Assign | T::ColonEq) || self.at_assign_op();
        if assigns && !self.panicking {
            return self.assignment(value, start);
        }
        self.expr_statement(value, start)
    }

    pub(super) fn at_assign_op(&self) -> bool {
        assign_op(self.tok.kind).is_some()
    }

    /// The rest of an assignment; its operator is the current token.
    pub(super) fn assignment(&mut self, target: ExprId, start: u32) -> StmtId {
        let op_span = self.tok.span();
        let op = assign_op(self.tok.kind);
        let place = self.ast.without_parens(target);
        let target_span = self.ast[target].span;
        match self.ast[place].kind {
            ExprKind::Name(_) | ExprKind::Field { .. } | ExprKind::Index { .. } | ExprKind::Error => {
                if self.at(T::ColonEq) {
                    self.report(
                        Diagnostic::warning(
                            "assign",
                            op_span,
                            "`:=` makes a new variable; this place exists already",
                        )
                        .fix(op_span, "="),
                    );
                }
            }
            ExprKind::Array(_) | ExprKind::Unit => {
                self.report(
                    Diagnostic::error(
                        "destructuring",
                        target_span,
                        "an assignment has one place on its left",
                    )
                    .help("assign the parts one by one"),
                );
            }
            _ => {
                self.report(
                    Diagnostic::error("assign", target_span, "this cannot be assigned to")
                        .label("expected a variable, a field or an element")
                        .help("to compare, write `==`"),
                );
            }
        }
        self.bump();
        let value = self.apart(Self::value);
        self.stmt_at(StmtKind::Assign { target, op, value }, start)
    }

    /// `let x = 1`, `let x: int = 1`, `let x := 1`.
    fn let_statement(&mut self, start: u32) -> StmtId {
        self.bump();
        if self.at_word(sym::MUT) && matches!(self.peek(1).kind, T::Ident) && !self.peek(1).line {
            let span = Span::new(self.tok.start, self.peek(1).start);
            self.report(
                Diagnostic::error("no-mut", self.tok.span(), "every variable can be assigned to")
                    .fix(span, "")
                    .help("leave out `mut`; `const` makes a constant"),
            );
            self.bump();
        }
        if matches!(self.tok.kind, T::LParen | T::LBracket | T::LBrace) {
            self.fail(
                Diagnostic::error("destructuring", self.tok.span(), "a binding has one name")
                    .help("bind the whole value, then its parts one by one: `x := p.x`"),
            );
            return self.error_stmt(start);
        }
        let Some(name) = self.name("a variable's name") else { return self.error_stmt(start) };
        if self.at(T::Colon) {
            return self.typed_let(name, start);
        }
        if self.at(T::Comma) {
            self.fail(
                Diagnostic::error("multiple-names", self.tok.span(), "a statement binds one name")
                    .help("write one binding a line"),
            );
            return self.error_stmt(start);
        }
        if self.type_without_colon(name) {
            let ty = self.type_after_name(name);
            return self.rest_of_typed_let(name, ty, start);
        }
        if !self.eat(T::Assign) && !self.eat(T::ColonEq) {
            self.no_value(name);
            return self.error_stmt(start);
        }
        let value = self.value();
        self.stmt_at(StmtKind::Let { name, ty: None, value }, start)
    }

    fn no_value(&mut self, name: Name) {
        let text = self.text(name.span).to_owned();
        if !self.line_break() && !matches!(self.tok.kind, T::Semi | T::RBrace | T::Eof) {
            let error = self.unexpected("`=` and a value");
            return self.fail(error.help(format!("write `{text} := value` or `{text}: T = value`")));
        }
        self.fail(
            Diagnostic::error("missing-value", name.span, format!("the variable `{text}` needs a value"))
                .label("expected `=` and a value after this")
                .help(format!(
                    "give it one that fits, such as `{text} := 0`; `?T` with `none` stands for nothing yet"
                )),
        );
    }

    /// The rest of `x: T = value`; the colon is the current token.
    fn typed_let(&mut self, name: Name, start: u32) -> StmtId {
        self.bump();
        let ty = self.type_expr();
        self.rest_of_typed_let(name, ty, start)
    }

    fn rest_of_typed_let(&mut self, name: Name, ty: TypeExprId, start: u32) -> StmtId {
        let outer = std::mem::take(&mut self.height);
        if self.panicking {
            return self.error_stmt(start);
        }
        if !self.eat(T::Assign) && !self.eat(T::ColonEq) {
            self.no_value(name);
            return self.error_stmt(start);
        }
        let value = self.value();
        self.height = self.height.max(outer);
        self.stmt_at(StmtKind::Let { name, ty: Some(ty), value }, start)
    }

    /// `const N = 1`, `const N: int = 1`, `const N := 1`.
    pub(super) fn const_statement(&mut self, start: u32) -> StmtId {
        self.bump();
        if self.at(T::Fn) {
            self.fail(
                Diagnostic::error("no-const-fn", self.tok.span(), "functions are not marked `const`")
                    .help("leave out `const`"),
            );
            return self.error_stmt(start);
        }
        let Some(name) = self.name("a constant's name") else { return self.error_stmt(start) };
        let ty: Option<TypeExprId> = if self.eat(T::Colon) { Some(self.type_expr()) } else { None };
        if self.panicking {
            return self.error_stmt(start);
        }
        if !self.eat(T::Assign) && !self.eat(T::ColonEq) {
            self.fail(self.unexpected("`=` and the constant's value"));
            return self.error_stmt(start);
        }
        let value = self.apart(Self::value);
        self.stmt_at(StmtKind::Const { name, ty, value }, start)
    }

    fn while_statement(&mut self, start: u32) -> StmtId {
        self.bump();
        let condition = self.head("while");
        let body = self.loop_body("while");
        self.stmt_at(StmtKind::While { condition, body }, start)
    }

    fn loop_statement(&mut self, start: u32) -> StmtId {
        self.bump();
        let body = self.loop_body("loop");
        self.stmt_at(StmtKind::Loop(body), start)
    }

    fn loop_body(&mut self, owner: &'static str) -> BlockId {
        let (body, delimiters) = self.apart(|p| p.body_like(owner, super::bodies::Delimiters::Braces));
        if delimiters == super::bodies::Delimiters::Words {
            self.foreign_end();
        }
        body
    }

    /// The many forms of `for`.
    fn for_statement(&mut self, start: u32) -> StmtId {
        self.bump();
        if self.at(T::LBrace) {
            let body = self.loop_body("for");
            return self.stmt_at(StmtKind::Loop(body), start);
        }
        if let Some(statement) = self.foreign_for(start) {
            return statement;
        }
        // `for (v in xs) {}`.
        let parens = self.at(T::LParen) && self.names_and_in(1);
        let open = self.pos;
        if parens {
            self.bump();
        }
        if parens || self.names_and_in(0) {
            let context = Context { head: true, lines: self.context.lines, ..Context::BLOCK };
            return self.in_context(context, |p| p.for_in(start, parens.then_some(open)));
        }
        if self.at(T::Ident) && matches!(self.peek(1).kind, T::ColonEq | T::Assign) {
            return self.for_to(start);
        }
        let condition = self.head("for");
        let body = self.loop_body("for");
        self.stmt_at(StmtKind::While { condition, body }, start)
    }

    /// Whether `v in` or `i, v in` stands so far ahead.
    fn names_and_in(&self, ahead: usize) -> bool {
        let name = |ahead: usize| self.peek(ahead).kind == T::Ident;
        let ahead = ahead + usize::from(self.at_for_word(ahead));
        let after = match self.peek(ahead + 1).kind {
            T::Comma if name(ahead + 2) => ahead + 3,
            _ => ahead + 1,
        };
        let after = self.peek(after);
        name(ahead) && (after.kind == T::In || after.kind == T::Ident && after.symbol == sym::OF)
    }

    /// `let`, `const` or `var` before a loop's variable.
    fn at_for_word(&self, ahead: usize) -> bool {
        let (word, next) = (self.peek(ahead), self.peek(ahead + 1));
        let known =
            matches!(word.kind, T::Let | T::Const) || word.kind == T::Ident && word.symbol == sym::VAR;
        known && next.kind == T::Ident && next.symbol != sym::OF
    }

    fn for_in(&mut self, start: u32, paren: Option<usize>) -> StmtId {
        if self.at_for_word(0) {
            self.no_word_in_for();
        }
        let first = self.name_or_missing("a name");
        let second = if self.eat(T::Comma) { Some(self.name_or_missing("a name")) } else { None };
        if self.at_word(sym::OF) {
            let span = self.tok.span();
            self.report(
                Diagnostic::error("for-of", span, "a loop over a collection is written with `in`")
                    .fix(span, "in"),
            );
        }
        self.bump();
        let iterable = self.for_in_value(paren);
        if let Some(open) = paren
            && (!self.panicking || self.leave_bracket(open))
            && !self.eat(T::RParen)
        {
            self.wrong_end(open, T::RParen);
        }
        self.finish_for(first, second, iterable, start)
    }

    /// What is iterated; `1 to 10` is accepted here too.
    fn for_in_value(&mut self, paren: Option<usize>) -> ExprId {
        let value = match paren {
            Some(_) => self.in_context(Context::BRACKET, Self::expr),
            None => self.expr(),
        };
        if self.at_word(sym::TO) && !self.line_break() { self.up_to(value) } else { value }
    }

    /// `to b` after the first value.
    fn up_to(&mut self, first: ExprId) -> ExprId {
        self.bump();
        let last = self.expr();
        self.grow();
        let span = self.ast[first].span.to(self.ast[last].span);
        self.expr_at(ExprKind::Range { start: first, end: last, inclusive: true }, span)
    }

    /// `i := 1 to 10`, also with a range.
    fn for_to(&mut self, start: u32) -> StmtId {
        let first = self.name_here();
        self.bump();
        let assign = self.at(T::Assign).then(|| self.tok.span());
        self.bump();
        let context = Context { head: true, lines: self.context.lines, ..Context::BLOCK };
        let iterable = self.in_context(context, |p| {
            if let Some(value) = p.foreign_go_range() {
                return value;
            }
            let value = p.expr();
            if let Some(assign) = assign {
                let error =
                    Diagnostic::error("for-to", assign, "the loop's variable is new").label("expected `:=`");
                if p.at(T::Comma) {
                    // `for i = 1, 3 do`.
                    let comma = Span::new(p.prev_end, p.tok.end);
                    p.report(error.fix(assign, ":="));
                    p.report(
                        Diagnostic::error("for-to", comma, "the last value follows `to`").fix(comma, " to"),
                    );
                    return p.up_to(value);
                }
                p.report(error.fix(assign, ":="));
            }
            if p.panicking || matches!(p.ast[value].kind, ExprKind::Range { .. }) {
                return value;
            }
            if p.at_word(sym::TO) {
                return p.up_to(value);
            }
            p.foreign_for_end(first);
            value
        });
        self.finish_for(first, None, iterable, start)
    }

    pub(super) fn finish_for(
        &mut self,
        first: Name,
        second: Option<Name>,
        iterable: ExprId,
        start: u32,
    ) -> StmtId {
        self.foreign_step();
        let body = self.loop_body("for");
        self.stmt_at(StmtKind::For { first, second, iterable, body }, start)
    }
}

const fn assign_op(kind: T) -> Option<BinaryOp> {
    Some(match kind {
        T::PlusEq => BinaryOp::Add,
        T::MinusEq => BinaryOp::Sub,
        T::StarEq => BinaryOp::Mul,
        T::SlashEq => BinaryOp::Div,
        T::PercentEq => BinaryOp::Rem,
        T::AmpEq => BinaryOp::BitAnd,
        T::PipeEq => BinaryOp::BitOr,
        T::CaretEq => BinaryOp::BitXor,
        T::ShlEq => BinaryOp::Shl,
        T::ShrEq => BinaryOp::Shr,
        _ => return None,
    })
}

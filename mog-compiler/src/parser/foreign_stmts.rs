//! Other languages' statements and bodies.

use crate::ast::{Block, BlockId, ExprId, ExprKind, Name, Span, StmtId, StmtKind, sym};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::bodies::Delimiters;
use super::exprs::starts_operand;
use super::{Context, Parser};

impl Parser<'_> {
    // -----------------------------------------------------------------------------------------------------------------
    // Bodies

    /// A body that does not begin with `{`.
    pub(super) fn foreign_body(&mut self, owner: &'static str, earlier: Delimiters) -> (BlockId, Delimiters) {
        let start = self.tok.start;
        let span = self.tok.span();
        if self.at(T::Colon) {
            if earlier != Delimiters::Indentation && !self.foreign_function {
                self.report_respelled(
                    Diagnostic::error("missing-brace", span, "a body stands in braces")
                        .label("expected `{`")
                        .help("write `{` here and `}` after the body"),
                );
            }
            self.respell(span, " {");
            let indentation = self.indentation(span.start);
            self.bump();
            let one_line = !self.tok.line;
            let body = self.without_braces(|p| p.indented_body(indentation, start));
            let end = Span::new(self.prev_end, self.prev_end);
            let margin = " ".repeat(indentation);
            self.respell(end, if one_line { " }".to_owned() } else { format!("\n{margin}}}") });
            return (body, Delimiters::Indentation);
        }
        if (self.at_word(sym::THEN) || self.at_word(sym::DO)) && !self.tok.line {
            let word = self.text(span);
            if earlier != Delimiters::Words {
                self.report_respelled(
                    Diagnostic::error(
                        "missing-brace",
                        span,
                        format!("a body stands in braces, without `{word}`"),
                    )
                    .label("expected `{`"),
                );
            }
            self.bump();
            if self.at(T::LBrace) {
                self.respell(span, "");
                return (self.block(), Delimiters::Braces);
            }
            self.respell(span, "{");
            return (self.worded_body(start), Delimiters::Words);
        }
        if self.foreign_function && owner == "fn" && self.tok.line {
            self.respell(Span::new(self.prev_end, self.prev_end), " {");
            let body = self.worded_body(start);
            self.foreign_end();
            return (body, Delimiters::Words);
        }
        if earlier == Delimiters::Words && owner == "else" {
            self.respell(Span::new(self.prev_end, self.prev_end), " {");
            return (self.worded_body(start), Delimiters::Words);
        }
        let nothing = matches!(
            self.tok.kind,
            T::Eof | T::Semi | T::RBrace | T::RParen | T::RBracket | T::Comma | T::Else | T::FClose | T::FEnd
        );
        if nothing || self.tok.line || !self.starts_statement() {
            let error = self.unexpected(&format!("`{{` and the body of `{owner}`"));
            self.fail(error);
            if self.skip_to_body() {
                return (self.block(), Delimiters::Braces);
            }
            return (self.no_block(), Delimiters::Nothing);
        }
        self.report_respelled(
            Diagnostic::error("missing-brace", span, format!("the body of `{owner}` stands in braces"))
                .label("expected `{`")
                .help("write `{` here and `}` after the statement"),
        );
        self.respell(Span::new(start, start), "{ ");
        let stmt = self.without_braces(Self::statement);
        let end = if self.at(T::Semi) { self.tok.end } else { self.prev_end };
        self.respell(Span::new(end, end), " }");
        (self.block_of(stmt, start), Delimiters::Nothing)
    }

    /// Statements up to `end` or another branch.
    fn worded_body(&mut self, start: u32) -> BlockId {
        let at_word = |p: &Self| {
            p.at(T::Ident) && matches!(p.tok.symbol, sym::END | sym::ELSEIF | sym::ELSIF | sym::ELIF)
        };
        let (stmts, tail) = self.without_braces(|p| {
            p.statements(|p| {
                matches!(p.tok.kind, T::RBrace | T::Eof | T::FClose | T::FEnd | T::Else) || at_word(p)
            })
        });
        if !self.at_word(sym::END) {
            let next = self.tok.start;
            self.respell(Span::new(next, next), "} ");
        }
        let span = self.span_from(start);
        self.ast.add(Block { stmts, tail, span, braced: false })
    }

    fn starts_statement(&self) -> bool {
        self.starts_operand()
            || matches!(
                self.tok.kind,
                T::Return | T::Break | T::Continue | T::For | T::While | T::Loop | T::Let | T::Const
            )
    }

    /// After `:`: a statement on the same line, or lines that are indented further.
    fn indented_body(&mut self, indentation: usize, start: u32) -> BlockId {
        if !self.tok.line {
            let stmt = self.statement();
            return self.block_of(stmt, start);
        }
        let (stmts, tail) = self.statements(|p| {
            while p.at_word(sym::PASS) && p.tok.line && p.peek(1).line {
                p.bump();
            }
            matches!(p.tok.kind, T::RBrace | T::Eof | T::FClose | T::FEnd)
                || p.tok.line && p.indentation(p.tok.start) <= indentation
        });
        let span = self.span_from(start);
        self.ast.add(Block { stmts, tail, span, braced: false })
    }

    /// `end` after a body that `then` or `do` began.
    pub(super) fn foreign_end(&mut self) {
        if self.at_word(sym::END) {
            self.respell(self.tok.span(), "}");
            self.bump();
        }
    }

    /// `elif`, `elsif`, `elseif`; the caller takes the word.
    pub(super) fn foreign_else_if(&mut self, earlier: Delimiters) -> bool {
        let word = self.at(T::Ident) && matches!(self.tok.symbol, sym::ELIF | sym::ELSIF | sym::ELSEIF);
        let other = matches!(
            self.peek(1).kind,
            T::ColonEq | T::Assign | T::Dot | T::Comma | T::Colon | T::RBrace | T::Semi | T::LBracket
        );
        if !word || other || self.peek(1).line {
            return false;
        }
        let span = self.tok.span();
        let text = self.text(span);
        if earlier == Delimiters::Braces || earlier == Delimiters::Nothing || text != "elseif" {
            self.report(
                Diagnostic::error("elif", span, format!("there is no `{text}`")).fix(span, "else if"),
            );
        }
        if matches!(earlier, Delimiters::Indentation | Delimiters::Words) {
            self.respell(span, "else if");
        }
        true
    }

    /// `if let Some(v) = e`.
    pub(super) fn foreign_if_let(&mut self, owner: &str) -> ExprId {
        let start = self.tok.start;
        self.bump();
        let quiet = std::mem::replace(&mut self.quiet_words, true);
        let pattern = self.pattern();
        self.quiet_words = quiet;
        if self.panicking {
            return self.error_expr();
        }
        if !self.eat(T::Assign) {
            self.fail(self.unexpected("`=`"));
            return self.error_expr();
        }
        let context = Context { head: true, lines: self.context.lines, ..Context::BLOCK };
        let value = self.in_context(context, Self::expr);
        self.grow();
        let span = self.span_from(start);
        let error =
            Diagnostic::error("if-let", Span::new(start, start + 3), format!("there is no `{owner} let`"));
        let parts = [self.ast[pattern].span, self.ast[value].span].map(|span| self.short_text(span));
        self.report(match parts {
            [Some(pattern), Some(value)] => {
                let mut pattern = pattern.to_owned();
                for (wrong, right) in [("Some(", "some("), ("Ok(", "ok("), ("Err(", "err("), ("None", "none")]
                {
                    pattern = pattern.replace(wrong, right);
                }
                error.fix(span, format!("{value} is {pattern}"))
            }
            _ => error.help("write `value is some(v)`"),
        });
        self.expr_at(ExprKind::Is { value, pattern }, span)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Match and try

    /// `case` before a pattern.
    pub(super) fn foreign_case(&mut self) -> bool {
        let next = self.peek(1);
        let pattern =
            starts_operand(next.kind) && !matches!(next.kind, T::LParen | T::Pipe | T::If) && !next.line;
        if !self.at_word(sym::CASE) || !pattern {
            return false;
        }
        let span = Span::new(self.tok.start, next.start);
        self.report(
            Diagnostic::error("no-case", self.tok.span(), "an arm has no `case`")
                .fix(span, "")
                .help("an arm is written `pattern => value`"),
        );
        self.bump();
        true
    }

    /// What stands instead of `=>`.
    pub(super) fn foreign_arm_arrow(&mut self, reported: bool) {
        let span = self.tok.span();
        match self.tok.kind {
            T::Arrow | T::Colon | T::Assign if !self.tok.line => {
                if !reported {
                    self.report(
                        Diagnostic::error("arm-arrow", span, "a pattern and its value are separated by `=>`")
                            .fix(span, if self.at(T::Colon) { " =>" } else { "=>" }),
                    );
                }
                self.bump();
            }
            T::Error => self.panicking = true,
            _ => self
                .fail(self.unexpected("`=>` after the pattern").help("an arm is written `pattern => value`")),
        }
    }

    /// `try f()`.
    pub(super) fn foreign_try(&mut self, start: u32) {
        let word = Span::new(start, start + 3);
        self.eat(T::Bang);
        self.eat(T::Question);
        if !self.starts_operand() {
            return self.fail(self.unexpected("`{` after `try`"));
        }
        let value = self.apart(Self::postfix);
        let error = Diagnostic::error("try-expression", word, "`try` has a block and a `catch`")
            .label("expected `{`");
        let fix = self.short_text(self.ast[value].span).map(|text| format!("{text}?"));
        self.report(match fix {
            Some(fixed) => {
                error.fix(self.span_from(start), fixed).help("`?` after a call hands its failure on")
            }
            None => error.help("`?` after a call hands its failure on"),
        });
    }

    /// `except E as name` for `catch(name)`; the name.
    pub(super) fn foreign_except(&mut self, earlier: Delimiters) -> Option<Option<Name>> {
        if !self.at_word(sym::EXCEPT) {
            return None;
        }
        let start = self.tok.start;
        while !matches!(self.tok.kind, T::Colon | T::LBrace | T::Eof | T::Semi) {
            self.bump();
            if self.tok.line {
                break;
            }
        }
        let span = self.span_from(start);
        let name = match self.tokens.get(self.pos.saturating_sub(2)..self.pos) {
            Some([word, name]) if word.kind == T::As && name.kind == T::Ident => {
                Some(Name { symbol: name.symbol, span: name.span() })
            }
            _ => None,
        };
        let written = format!("catch({})", name.map_or("e", |name| self.text(name.span)));
        if matches!(earlier, Delimiters::Indentation) {
            self.respell(span, written.clone());
        }
        self.report(Diagnostic::error("catch", span, "a failure is caught by `catch`").fix(span, written));
        Some(name)
    }

    /// `finally { … }` after a handler.
    pub(super) fn foreign_finally(&mut self, delimiters: Delimiters) {
        if self.panicking || !self.at_word(sym::FINALLY) || !matches!(self.peek(1).kind, T::LBrace | T::Colon)
        {
            return;
        }
        self.report(
            Diagnostic::error("no-finally", self.tok.span(), "there is no `finally`")
                .help("write what it does after the `try`, whose `catch` comes to the same place"),
        );
        self.bump();
        self.apart(|p| p.body_like("finally", delimiters));
    }

    /// `else` or `catch` that belongs to nothing.
    pub(super) fn foreign_orphan(&mut self, start: u32) -> StmtId {
        let span = self.tok.span();
        let (text, owner) = if self.at(T::Else) { ("else", "if") } else { ("catch", "try") };
        self.report(
            Diagnostic::error("orphan", span, format!("this `{text}` belongs to no `{owner}`"))
                .help(format!("`{text}` stands directly after the block of its `{owner}`")),
        );
        let is_else = self.at(T::Else);
        self.bump();
        if is_else && self.at(T::If) {
            self.if_expr();
        } else {
            if !is_else {
                self.caught();
            }
            self.body(text);
        }
        self.error_stmt(start)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Loops

    /// What other languages write after `for`. None if it is no such thing, or was only a word too many.
    pub(super) fn foreign_for(&mut self, start: u32) -> Option<StmtId> {
        if let Some(end) = self.three_part_head() {
            return Some(self.three_part_for(start, end));
        }
        let (next, second) = (self.peek(1), self.peek(2));
        match self.tok.kind {
            T::LParen
                if next.kind == T::Ident
                    && second.kind == T::Comma
                    && self.peek(4).kind == T::RParen
                    && self.peek(5).kind == T::In =>
            {
                let span = Span::new(self.tok.start, self.peek(4).end);
                let inside = self.text(Span::new(next.start, self.peek(3).end)).to_owned();
                self.report(
                    Diagnostic::error("for-parens", span, "the two names of a loop have no parentheses")
                        .fix(span, inside),
                );
                self.bump();
                let first = self.name_here();
                self.bump();
                self.bump();
                let second = self.name_or_missing("a name");
                self.bump();
                self.bump();
                return Some(self.rest_of_for(first, Some(second), start));
            }
            T::Ident if next.kind == T::Comma && self.peek(3).kind == T::ColonEq => {
                let (first, op) = (self.name_here(), self.peek(3).span());
                let range = self.peek(4);
                let span = if range.symbol == sym::RANGE { Span::new(op.start, range.end) } else { op };
                self.report(
                    Diagnostic::error("for-range", span, "a loop over a collection is written with `in`")
                        .fix(span, "in"),
                );
                self.bump();
                self.bump();
                let second = self.name_or_missing("a name");
                self.bump();
                if self.at_word(sym::RANGE) {
                    self.bump();
                }
                return Some(self.rest_of_for(first, Some(second), start));
            }
            _ => {}
        }
        None
    }

    fn rest_of_for(&mut self, first: Name, second: Option<Name>, start: u32) -> StmtId {
        let context = Context { head: true, lines: self.context.lines, ..Context::BLOCK };
        let iterable = self.in_context(context, Self::expr);
        self.finish_for(first, second, iterable, start)
    }

    /// `let`, `const` or `var` before a loop's variable.
    pub(super) fn no_word_in_for(&mut self) {
        let span = Span::new(self.tok.start, self.peek(1).start);
        let word = self.text(self.tok.span());
        self.report(
            Diagnostic::error("for-let", self.tok.span(), format!("a loop's variable has no `{word}`"))
                .fix(span, "")
                .help("it is new in each round"),
        );
        self.bump();
    }

    /// How far ahead a head `…; …; …` ends: at its `)`, or before the `{`.
    fn three_part_head(&self) -> Option<usize> {
        const REACH: usize = 60;
        let parens = self.at(T::LParen);
        let mut depth = 0_u32;
        let mut semicolons = 0;
        for ahead in usize::from(parens)..REACH {
            let token = self.peek(ahead);
            match token.kind {
                T::LParen | T::LBracket => depth += 1,
                T::RParen if depth == 0 => return (semicolons > 0 && parens).then_some(ahead),
                T::RParen | T::RBracket => depth = depth.checked_sub(1)?,
                T::LBrace if depth == 0 => return (semicolons > 0 && !parens).then_some(ahead),
                T::Semi if depth == 0 => semicolons += 1,
                T::Eof | T::RBrace => return None,
                _ if token.line && !parens => return None,
                _ => {}
            }
        }
        None
    }

    /// `for (let i = 0; i < n; i++) {`, with or without the parentheses.
    fn three_part_for(&mut self, start: u32, end: usize) -> StmtId {
        let parens = self.at(T::LParen);
        let head = Span::new(self.tok.start, self.peek(if parens { end } else { end - 1 }).end);
        let error = Diagnostic::error("c-style-for", head, "there is no `for` with three parts");
        let simple = self.counting_loop(usize::from(parens));
        let error = match simple {
            Some(range) => error.fix(head, range),
            None => error.help("count with `for i in 0..n { … }`; everything else is a `while`"),
        };
        self.report(error);
        let missing = Name { symbol: sym::UNDERSCORE, span: self.tok.span() };
        let names = (0..4).map(|ahead| self.peek(ahead)).take_while(|token| token.kind != T::Semi);
        let first = names.filter(|token| token.kind == T::Ident).last();
        let first = first.map_or(missing, |token| Name { symbol: token.symbol, span: token.span() });
        self.seek(self.pos + end + usize::from(parens));
        let iterable = self.error_expr();
        self.finish_for(first, None, iterable, start)
    }

    /// `i in a..b`, if the head counts up by one.
    fn counting_loop(&self, from: usize) -> Option<String> {
        let mut at = from;
        while matches!(self.peek(at).kind, T::Let | T::Const)
            || (self.peek(at).kind == T::Ident && self.peek(at + 1).kind == T::Ident)
        {
            at += 1;
        }
        let name = self.peek(at);
        let mut first = at + 2;
        if self.peek(at + 1).kind == T::Colon {
            first += 2;
        }
        if name.kind != T::Ident || !matches!(self.peek(first - 1).kind, T::Assign | T::ColonEq) {
            return None;
        }
        let until_semicolon = |from: usize| (from..from + 16).find(|&at| self.peek(at).kind == T::Semi);
        let first_end = until_semicolon(first)?;
        let test = first_end + 1;
        let op = match self.peek(test + 1).kind {
            T::Lt | T::NotEq => "..",
            T::Le => "..=",
            _ => return None,
        };
        let test_end = until_semicolon(test)?;
        let step = test_end + 1;
        let kinds = [0, 1, 2].map(|ahead| self.peek(step + ahead).kind);
        let by_one = matches!(kinds, [T::Ident, T::Plus, T::Plus] | [T::Plus, T::Plus, T::Ident])
            || matches!(kinds, [T::Ident, T::PlusEq, T::Int]) && self.text(self.peek(step + 2).span()) == "1";
        if !by_one || self.peek(test).symbol != name.symbol || first >= first_end || test + 2 >= test_end {
            return None;
        }
        let text =
            |from: usize, to: usize| self.short_text(self.peek(from).span().to(self.peek(to - 1).span()));
        let (low, high) = (text(first, first_end)?, text(test + 2, test_end)?);
        Some(format!("{} in {low}{op}{high}", self.text(name.span())))
    }

    /// `range xs` after `i :=`.
    pub(super) fn foreign_go_range(&mut self) -> Option<ExprId> {
        let next = self.peek(1);
        if !self.at_word(sym::RANGE) || next.line || !matches!(next.kind, T::Ident | T::Int) {
            return None;
        }
        let span = self.tok.span();
        self.report(
            Diagnostic::error("for-range", span, "a loop over a collection is written with `in`")
                .help("write `for v in xs { … }` or `for i, v in xs { … }`"),
        );
        self.bump();
        Some(self.expr())
    }

    /// After `for i := a`, when no `to` follows.
    pub(super) fn foreign_for_end(&mut self, name: Name) {
        let text = self.text(name.span).to_owned();
        if self.at_word(sym::DOWNTO) {
            return;
        }
        if self.at(T::Error) {
            self.panicking = true;
        }
        self.fail(
            self.unexpected("`to` and the last value")
                .help(format!("write `for {text} := 1 to 10 {{ … }}` or `for {text} in 0..10 {{ … }}`")),
        );
    }

    /// `step 2`, `by 2`, `downto 0` before a loop's body.
    pub(super) fn foreign_step(&mut self) {
        let word = self.at_word(sym::STEP) || self.at_word(sym::BY) || self.at_word(sym::DOWNTO);
        if self.panicking || !word || self.tok.line {
            return;
        }
        let span = self.tok.span();
        self.report(
            Diagnostic::error("for-step", span, "a `for` counts up by one")
                .help("use `while` with a variable of your own, or compute the value from the counter"),
        );
        self.bump();
        let context = Context { head: true, lines: self.context.lines, ..Context::BLOCK };
        self.in_context(context, Self::expr);
    }

    /// `name: for …`.
    pub(super) fn foreign_label(&mut self, start: u32) -> Option<StmtId> {
        if !matches!(self.peek(2).kind, T::For | T::While | T::Loop) {
            return None;
        }
        let span = Span::new(start, self.peek(1).end);
        self.report(
            Diagnostic::error("no-labels", span, "loops have no labels")
                .fix(Span::new(start, self.peek(2).start), "")
                .help("to leave two loops at once, put them into a function and `return`"),
        );
        self.bump();
        self.bump();
        Some(self.statement())
    }

    /// `a, b := …`.
    pub(super) fn foreign_multiple(&mut self, start: u32) -> Option<StmtId> {
        let mut ahead = 1;
        while self.peek(ahead).kind == T::Comma && self.peek(ahead + 1).kind == T::Ident && ahead < 32 {
            ahead += 2;
        }
        let op = self.peek(ahead);
        if !matches!(op.kind, T::ColonEq | T::Assign) || op.line {
            return None;
        }
        let span = Span::new(start, self.peek(ahead - 1).end);
        let error = Diagnostic::error("multiple-names", span, "a statement sets one variable");
        self.fail(if op.kind == T::Assign {
            error.help("to swap two variables use a third: `t := a; a = b; b = t`")
        } else {
            error.help("write one binding a line; a function that gives several values returns a struct")
        });
        Some(self.error_stmt(start))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The end of a statement

    /// Something follows a statement on its line.
    pub(super) fn no_statement_end(&mut self, start: usize) {
        let span = self.tok.span();
        let first = self.tokens.get(start).copied().unwrap_or(self.tok);
        let word = first.kind == T::Ident && self.pos == start + 1;
        let error = match self.tok.kind {
            T::Error => {
                self.panicking = true;
                return;
            }
            T::RParen | T::RBracket => {
                let text = self.tok.kind.text();
                Diagnostic::error("stray-bracket", span, format!("this `{text}` closes nothing"))
                    .help("remove it, or open it before")
                    .fix(span, "")
            }
            T::Comma => Diagnostic::error("syntax", span, "a `,` cannot follow a statement")
                .label("expected a line end or `;`")
                .help("several values together are an array `[a, b]` or a struct; map entries are `{key: value}`"),
            T::FatArrow => Diagnostic::error("syntax", span, "`=>` stands only between a pattern and its value")
                .help("a closure is written `|x| …`"),
            T::Colon => Diagnostic::error("syntax", span, "a `:` cannot stand here")
                .label("expected a line end or `;`")
                .help("a declaration is `name: type = value`, a body stands in braces"),
            T::LBrace => Diagnostic::error("syntax", span, "a `{` cannot follow a value")
                .label("expected a line end or `;`")
                .help("a struct literal is `Name { field: value }`, a closure `|x| { … }`"),
            kind if word && starts_operand(kind) => {
                let name = self.text(first.span());
                let message = format!("`{name}` cannot be followed by {}", self.found());
                Diagnostic::error("syntax", span, message)
                    .label("expected an operator, `(`, a line end or `;`")
                    .help(format!("to call it, write `{name}(…)`"))
            }
            kind if starts_operand(kind) || kind.is_word() => self
                .unexpected("an operator, a line end or `;`")
                .help("two statements on one line are separated by `;`")
                .fix(Span::new(self.prev_end, self.prev_end), ";"),
            _ => self.unexpected("an operator, a line end or `;`"),
        };
        self.fail(error);
    }

    /// A declaration in the order of C: `int x = 5`; the type is the current token.
    pub(super) fn c_declaration(&mut self, start: u32) -> StmtId {
        let ty = self.text(self.tok.span()).to_owned();
        self.bump();
        let name = self.name_here();
        let text = self.text(name.span).to_owned();
        let span = Span::new(start, name.span.end);
        self.report(
            Diagnostic::error("missing-colon", span, "a variable's type follows its name and `:`")
                .fix(span, format!("{text}: {ty}")),
        );
        self.bump();
        self.bump();
        let value = self.apart(Self::expr);
        self.stmt_at(StmtKind::Let { name, ty: None, value }, start)
    }
}

//! Statements and declarations that begin with another language's keyword.

use crate::ast::{ExprKind, ItemKind, Span, StmtId, Symbol, sym};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::bodies::Delimiters;
use super::exprs::starts_operand;
use super::{Context, Parser};

impl Parser<'_> {
    /// A statement that begins with a name and something that cannot follow a name. None if it is an expression.
    pub(super) fn foreign_statement(&mut self, start: u32) -> Option<StmtId> {
        let next = self.peek(1);
        let joined = match next.kind {
            T::Ident => next.symbol != sym::IS && self.tok.symbol != sym::SOA,
            T::LBrace | T::LParen => true,
            T::Not => self.peek(2).kind != T::In,
            T::Minus | T::LBracket | T::Pipe | T::Bang | T::Assign => false,
            T::As | T::And | T::Or | T::In => false,
            kind => starts_operand(kind) || kind.is_word(),
        };
        if !joined {
            return None;
        }
        if matches!(next.kind, T::LBrace | T::LParen) && !self.block_follows() {
            return None;
        }
        if self.foreign_modifier() {
            return Some(self.statement());
        }
        let word = self.tok.symbol;
        let operand = !matches!(next.kind, T::LBrace | T::LParen);
        match word {
            sym::VAR | sym::VAL | sym::MY | sym::AUTO | sym::LOCAL if next.kind == T::Ident => {
                let span = self.tok.span();
                let text = self.text(span);
                self.report(
                    Diagnostic::error("var", span, format!("a variable is not declared by `{text}`"))
                        .fix(span, "let")
                        .help("write `x := 1`, or `let x = 1`"),
                );
                // Read on as if `let` stood here.
                self.tok.kind = T::Let;
                Some(self.statement())
            }
            _ if self.at_foreign_function() => Some(self.item_statement(start)),
            sym::CLASS
            | sym::INTERFACE
            | sym::TRAIT
            | sym::IMPL
            | sym::NAMESPACE
            | sym::MODULE
            | sym::MOD
                if operand =>
            {
                Some(self.no_class(start))
            }
            sym::SWITCH => Some(self.no_switch(start)),
            sym::UNLESS | sym::UNTIL => Some(self.no_unless(start)),
            sym::FOREACH => {
                let span = self.tok.span();
                self.report(Diagnostic::error("foreach", span, "there is no `foreach`").fix(span, "for"));
                self.tok.kind = T::For;
                Some(self.statement())
            }
            sym::DO if next.kind == T::LBrace => Some(self.no_do(start)),
            sym::WITH | sym::UNSAFE if next.kind != T::LParen || word == sym::WITH => {
                Some(self.no_with(start))
            }
            sym::GLOBAL | sym::NONLOCAL if operand => Some(
                self.no_line(start, "variables outside a function are visible in it, and assigned to by `=`"),
            ),
            sym::PACKAGE if operand => Some(self.no_line(start, "a file is a module, of the file's name")),
            sym::WHEN if !operand => Some(self.no_switch(start)),
            sym::GUARD if next.kind == T::Let || operand => Some(self.no_word(
                start,
                "write `if x is none { return }`, or match it with some(v) and none",
                true,
            )),
            sym::THROW | sym::RAISE if operand => Some(self.no_throw(start)),
            sym::YIELD if operand => {
                Some(self.no_word(start, "there are no generators: collect the values in an array", true))
            }
            sym::DEL | sym::DELETE if operand => Some(self.no_delete(start)),
            sym::GO if operand => {
                let span = self.tok.span();
                self.report(Diagnostic::error("go", span, "a task is started by `spawn`").fix(span, "spawn"));
                self.bump();
                let value = self.expr();
                Some(self.expr_statement(value, start))
            }
            sym::DEFER if operand => {
                Some(self.no_word(start, "there is no `defer`: write it where it should happen", true))
            }
            sym::GOTO if operand => Some(self.no_word(start, "there is no `goto`", true)),
            sym::FROM if next.kind == T::Ident => {
                let name = self.text(next.span()).to_owned();
                let span = self.tok.span();
                self.skip_rest_of_line();
                self.report(
                    Diagnostic::error("import-from", span, "a module is imported as a whole")
                        .help(format!("what it holds is written `{name}.part`"))
                        .fix(self.span_from(start), format!("import {name}")),
                );
                Some(self.error_stmt(start))
            }
            sym::USING | sym::USE | sym::INCLUDE if operand => Some(self.no_line(
                start,
                "modules are imported by `import name`; what they hold is written `name.part`",
            )),
            sym::ASSERT | sym::PRINT | sym::PRINTLN | sym::PUTS | sym::ECHO if operand => {
                Some(self.call_without_parens(start))
            }
            _ if next.kind == T::Ident && self.peek(2).kind == T::Assign => Some(self.c_declaration(start)),
            _ if next.kind == T::Ident && self.peek(2).kind == T::LParen && self.block_follows() => {
                let span = self.tok.span();
                self.fail(
                    Diagnostic::error("function-keyword", span, "a function begins with `fn`")
                        .help("fn name(a: int, b: int) -> int { … }"),
                );
                Some(self.error_stmt(start))
            }
            _ => None,
        }
    }

    /// Whether a `{` comes on this line, after what begins at the current token.
    fn block_follows(&self) -> bool {
        const REACH: usize = 40;
        let mut depth = 0_u32;
        for ahead in 1..REACH {
            let token = self.peek(ahead);
            if token.line && depth == 0 {
                return false;
            }
            match token.kind {
                T::LBrace if depth == 0 => return true,
                T::LParen | T::LBracket | T::LBrace => depth += 1,
                T::RParen | T::RBracket | T::RBrace => match depth.checked_sub(1) {
                    Some(less) => depth = less,
                    None => return false,
                },
                T::Eof | T::Semi => return false,
                // `name(…).f {`, `name(…) + …`: no control structure.
                T::ColonEq | T::Assign | T::FatArrow if depth == 0 => return false,
                _ => {}
            }
        }
        false
    }

    /// `public`, `static` and the like before a declaration: taken, with a report.
    fn foreign_modifier(&mut self) -> bool {
        let mut found = false;
        while let Some(word) = self.modifier() {
            let span = self.tok.span();
            let text = self.text(span).to_owned();
            let gap = Span::new(span.start, self.peek(1).start);
            let error = Diagnostic::error("modifier", span, format!("there is no `{text}`"));
            self.report(match word {
                sym::PUBLIC | sym::EXPORT => error.fix(span, "pub"),
                sym::FINAL => error.fix(gap, "").help("`const NAME = value` makes a constant"),
                _ => error
                    .fix(gap, "")
                    .help("`pub` marks what the host can call, other functions are marked by nothing"),
            });
            self.bump();
            found = true;
        }
        found
    }

    fn modifier(&self) -> Option<Symbol> {
        let (word, next) = (self.tok.symbol, self.peek(1));
        let known = matches!(
            word,
            sym::PUBLIC
                | sym::PRIVATE
                | sym::PROTECTED
                | sym::STATIC
                | sym::EXPORT
                | sym::EXTERN
                | sym::FINAL
        );
        let declares = matches!(
            next.kind,
            T::Fn | T::Async | T::Struct | T::Enum | T::Const | T::Let | T::Ident | T::Import
        );
        (self.at(T::Ident) && known && declares && !next.line).then_some(word)
    }

    /// Reports the word, and skips the line without further words.
    fn no_word(&mut self, start: u32, help: &str, skip: bool) -> StmtId {
        let span = self.tok.span();
        let text = self.text(span);
        let error = Diagnostic::error("foreign-word", span, format!("there is no `{text}`")).help(help);
        if skip {
            self.fail(error);
        } else {
            self.report(error);
        }
        self.error_stmt(start)
    }

    /// Past the name, and what stands in parentheses behind it.
    fn skip_rest_of_line_to_colon(&mut self) {
        self.bump();
        while !self.tok.line && matches!(self.tok.kind, T::Ident | T::LParen | T::RParen | T::Comma | T::Dot)
        {
            self.bump();
        }
    }

    fn skip_rest_of_line(&mut self) {
        self.bump();
        let open = |kind| matches!(kind, T::Semi | T::Eof);
        while !self.tok.line && !open(self.tok.kind) {
            self.bump();
        }
    }

    /// Reports a line that is simply too much.
    fn no_line(&mut self, start: u32, help: &str) -> StmtId {
        let span = self.tok.span();
        let error = Diagnostic::error("foreign-word", span, format!("there is no `{}`", self.text(span)));
        self.skip_rest_of_line();
        self.report(error.help(help).fix(self.span_from(start), ""));
        self.error_stmt(start)
    }

    /// `class Foo { … }`, `impl Foo { … }`.
    fn no_class(&mut self, start: u32) -> StmtId {
        let span = self.tok.span();
        let text = self.text(span);
        let help = match self.tok.symbol {
            sym::INTERFACE | sym::TRAIT => "take closures as parameters, or an `enum` of the kinds there are",
            sym::NAMESPACE | sym::MODULE | sym::MOD => "each file is a module: `import name`",
            _ => "declare a `struct`, and functions that take it: `fn area(s: Shape) -> float { … }`",
        };
        self.report(Diagnostic::error("no-classes", span, format!("there is no `{text}`")).help(help));
        let indentation = self.indentation(start);
        self.skip_rest_of_line_to_colon();
        if self.at(T::Colon) && self.peek(1).line {
            self.bump();
            while !self.at(T::Eof) && (!self.tok.line || self.indentation(self.tok.start) > indentation) {
                self.bump();
            }
            return self.error_stmt(start);
        }
        self.skip_body();
        self.error_stmt(start)
    }

    /// At `-- …`, a comment of Lua or SQL.
    pub(super) fn at_dash_comment(&self) -> bool {
        let (one, two, word) = (self.tok, self.peek(1), self.peek(2));
        one.line && two.kind == T::Minus && two.start == one.end && word.start > two.end && !word.line
    }

    pub(super) fn foreign_comment(&mut self, start: u32) -> StmtId {
        let span = Span::new(start, start + 2);
        self.skip_rest_of_line();
        self.report(
            Diagnostic::error("comment", span, "`--` begins no comment")
                .help("comments begin with `//`")
                .fix(span, "//"),
        );
        self.error_stmt(start)
    }

    /// `if __name__ == "__main__":`.
    pub(super) fn main_guard(&mut self, start: u32) -> StmtId {
        let word = self.peek(1).span();
        let quiet = self.diagnostics.len();
        let value = self.expr();
        self.diagnostics.truncate(quiet);
        self.drop_respelling();
        self.report(
            Diagnostic::error("main-guard", word, "there is no `__name__`")
                .help("`fn main()` is where a program begins; nothing calls it")
                .fix(self.ast[value].span, ""),
        );
        self.error_stmt(start)
    }

    /// `repeat … until c`.
    pub(super) fn foreign_repeat(&mut self, start: u32) -> StmtId {
        self.report(
            Diagnostic::error("no-do", self.tok.span(), "there is no `repeat`")
                .help("write `loop { …; if c { break } }`"),
        );
        self.bump();
        self.without_braces(|p| {
            p.statements(|p| matches!(p.tok.kind, T::RBrace | T::Eof) || p.at_word(sym::UNTIL))
        });
        if self.at_word(sym::UNTIL) {
            self.bump();
            self.expr();
        }
        self.error_stmt(start)
    }

    /// Goes behind the block that comes on this line, or to the line's end.
    fn skip_body(&mut self) {
        self.panicking = true;
        if self.skip_to_body() {
            match self.partner(self.pos) {
                Some(close) => self.seek(close + 1),
                None => self.panicking = true,
            }
        }
    }

    fn no_switch(&mut self, start: u32) -> StmtId {
        let span = self.tok.span();
        let text = self.text(span);
        self.report(Diagnostic::error("no-switch", span, format!("there is no `{text}`")).help(
            "write `match value { 1 | 2 => …, _ => … }`; arms do not fall through, and need no `break`",
        ));
        self.bump();
        self.skip_body();
        self.error_stmt(start)
    }

    /// `unless c { … }`, `until c { … }`.
    fn no_unless(&mut self, start: u32) -> StmtId {
        let span = self.tok.span();
        let (text, fixed) = match self.tok.symbol {
            sym::UNLESS => ("unless", "if not"),
            _ => ("until", "while not"),
        };
        self.bump();
        let condition = self.head(text);
        let place = self.ast[condition].span;
        let error = Diagnostic::error("foreign-word", span, format!("there is no `{text}`"));
        let written = self.short_text(place).map(|condition| format!("{fixed} ({condition})"));
        self.report(match written {
            Some(written) => error.fix(span.to(place), written),
            None => error.help(format!("write `{fixed} (condition)`")),
        });
        self.body(text);
        self.error_stmt(start)
    }

    /// `do { … } while (c)`.
    fn no_do(&mut self, start: u32) -> StmtId {
        self.report(
            Diagnostic::error("no-do", self.tok.span(), "there is no `do`")
                .help("write `loop { …; if c { break } }`; a block alone needs no word"),
        );
        self.bump();
        self.block();
        if self.at(T::While) {
            self.bump();
            self.expr();
        }
        self.error_stmt(start)
    }

    /// `with x { … }`, `unsafe { … }`.
    fn no_with(&mut self, start: u32) -> StmtId {
        let span = self.tok.span();
        let text = self.text(span);
        self.report(
            Diagnostic::error("foreign-word", span, format!("there is no `{text}`"))
                .help("write the statements of the block without it"),
        );
        self.bump();
        if !self.at(T::LBrace) {
            self.in_context(Context { head: true, ..Context::BLOCK }, Self::expr);
            while self.at(T::As) || self.at(T::Ident) {
                self.bump();
            }
        }
        self.body_like("with", Delimiters::Indentation);
        self.error_stmt(start)
    }

    /// `del m["key"]`.
    fn no_delete(&mut self, start: u32) -> StmtId {
        let span = self.tok.span();
        let error = Diagnostic::error("foreign-word", span, format!("there is no `{}`", self.text(span)))
            .help("`m.delete(key)` removes from a map, `xs.remove(index)` from an array");
        self.bump();
        let target = self.postfix();
        let place = self.ast[target].span;
        let element = match self.ast[target].kind {
            ExprKind::Index { base, .. } => {
                let base = self.ast[base].span;
                let index = self.text(Span::new(base.end, place.end));
                let index = index.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
                index.map(|index| format!("{}.remove({index})", self.text(base)))
            }
            _ => None,
        };
        self.report(match element {
            Some(write) => error.fix(Span::new(start, place.end), write),
            None => error,
        });
        self.error_stmt(start)
    }

    fn no_throw(&mut self, start: u32) -> StmtId {
        let span = self.tok.span();
        let text = self.text(span);
        let error = Diagnostic::error("no-throw", span, format!("there is no `{text}`"))
            .help("a function that may fail returns `Result<T>`: `return err(\"message\")`");
        self.bump();
        // `throw new Error("…")`, `raise ValueError("…")`: the message alone counts.
        let called = usize::from(self.at_word(sym::NEW));
        let (name, open, close) = (self.peek(called), self.peek(called + 1), self.peek(called + 3));
        if name.kind == T::Ident && open.kind == T::LParen && close.kind == T::RParen {
            let message = self.peek(called + 2);
            if message.kind == T::Str {
                let whole = Span::new(start, close.end);
                self.fail(error.fix(whole, format!("return err({})", self.text(message.span()))));
                return self.error_stmt(start);
            }
        }
        let message = self.tok;
        let simple = matches!(message.kind, T::Str | T::Ident) && self.peek(1).line;
        self.fail(match simple {
            true => {
                let whole = Span::new(start, message.end);
                error.fix(whole, format!("return err({})", self.text(message.span())))
            }
            false => error,
        });
        self.error_stmt(start)
    }

    /// `print "x"`.
    fn call_without_parens(&mut self, start: u32) -> StmtId {
        let span = self.tok.span();
        let name = match self.tok.symbol {
            sym::PUTS | sym::ECHO => "println".to_owned(),
            _ => self.text(span).to_owned(),
        };
        self.bump();
        let value = self.expr();
        let error = Diagnostic::error(
            "call-parens",
            span,
            format!("`{name}` is a function: it is called with parentheses"),
        );
        let text = self.short_text(self.ast[value].span);
        let more = if name == "assert" { ", \"why\"" } else { "" };
        self.report(match text {
            Some(text) if !self.at(T::Comma) => {
                error.fix(self.span_from(start), format!("{name}({text}{more})"))
            }
            _ => error.help(format!("write `{name}(…)`")),
        });
        while self.eat(T::Comma) {
            self.expr();
        }
        self.error_stmt(start)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Declarations

    /// At `def name`, `async function name` and the like.
    pub(super) fn at_foreign_function(&self) -> bool {
        let is_async = usize::from(self.at(T::Async));
        let (word, name) = (self.peek(is_async), self.peek(is_async + 1));
        word.kind == T::Ident
            && matches!(word.symbol, sym::DEF | sym::FUNC | sym::FUNCTION | sym::FUN | sym::PROC)
            && name.kind == T::Ident
            && !name.line
    }

    /// A function that another language's keyword begins.
    pub(super) fn foreign_item(&mut self) -> Option<ItemKind> {
        if !self.at_foreign_function() {
            return None;
        }
        let start = self.tok.start;
        let is_async = self.at(T::Async);
        let word = if is_async { self.peek(1) } else { self.tok };
        let span = word.span();
        let text = self.text(span);
        self.report_respelled(
            Diagnostic::error("function-keyword", span, format!("a function begins with `fn`, not `{text}`"))
                .help("fn name(a: int, b: int) -> int { … }"),
        );
        self.respell(span, "fn");
        if is_async {
            self.bump();
        }
        self.bump();
        let outer = std::mem::replace(&mut self.foreign_function, true);
        let function = self.function_from_name(start, is_async, true);
        self.foreign_function = outer;
        Some(ItemKind::Fn(function))
    }

    /// `(crate)` after `pub`.
    pub(super) fn foreign_pub_scope(&mut self) {
        if self.at(T::LParen) && self.peek(1).kind == T::Ident && self.peek(2).kind == T::RParen {
            let span = Span::new(self.tok.start, self.peek(2).end);
            self.report(
                Diagnostic::error("pub-scope", span, "`pub` has no scope")
                    .fix(span, "")
                    .help("a `pub fn` can be called by the host"),
            );
            self.bump();
            self.bump();
            self.bump();
        }
    }

    /// A function among the fields of a struct or the variants of an enum.
    pub(super) fn foreign_method(&mut self) -> bool {
        let start = self.tok.start;
        let word = self.at(T::Fn)
            || self.at(T::Ident)
                && matches!(self.tok.symbol, sym::DEF | sym::FUNC | sym::FUNCTION | sym::FUN)
                && self.peek(1).kind == T::Ident;
        if !word || self.peek(1).kind == T::Colon {
            return false;
        }
        self.report(
            Diagnostic::error("no-methods", self.tok.span(), "there are no methods")
                .help("write a function beside the type: `fn area(shape: Shape) -> float { … }`"),
        );
        self.bump();
        let outer = std::mem::replace(&mut self.foreign_function, true);
        self.function_from_name(start, false, true);
        self.foreign_function = outer;
        true
    }

    /// `import x from "y"`, after the `x`.
    pub(super) fn foreign_import_from(&mut self) {
        if !self.at_word(sym::FROM) || self.tok.line {
            return;
        }
        let span = Span::new(self.tok.start, self.peek(1).end);
        let error = Diagnostic::error("import-from", span, "an import has no `from`");
        let path = self.peek(1);
        self.report(match path.kind {
            T::Str => error.help(format!("write `import {}`", self.text(path.span()))),
            _ => error.help("write `import name`, and `name.part` where it is used"),
        });
        self.bump();
        if !self.tok.line {
            self.bump();
        }
    }

    /// `import { a } from "y"`, `import * as x from "y"`.
    pub(super) fn foreign_import(&mut self) {
        let error = match self.tok.kind {
            T::LBrace | T::Star => {
                Diagnostic::error("import-from", self.tok.span(), "a module is imported as a whole")
                    .help("write `import name`, and `name.part` where it is used")
            }
            T::Error => {
                self.panicking = true;
                return;
            }
            _ => self.unexpected("a module's name").help("`import geometry`, or `import \"lib/geometry\"`"),
        };
        self.fail(error);
    }
}

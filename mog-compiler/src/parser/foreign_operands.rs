//! Other languages' operands: words, prefixes, literals.

use crate::ast::{Expr, ExprId, ExprKind, Param, Pat, PatId, PatKind, Span, Symbol, sym};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::Parser;
use super::exprs::starts_operand;

impl Parser<'_> {
    // -----------------------------------------------------------------------------------------------------------------
    // Words: `null`, `None`, `True`, `Some(x)`, …

    /// Finds which of the words this file declares: those are its own then.
    pub(super) fn find_declared_foreign(&mut self) {
        let mut in_enum = None;
        let mut depth = 0_u32;
        for (at, token) in self.tokens.iter().enumerate() {
            let kind = |at: usize| self.tokens.get(at).map_or(T::Eof, |token| token.kind);
            match token.kind {
                T::LBrace | T::LParen => depth += 1,
                T::RBrace | T::RParen => {
                    depth = depth.saturating_sub(1);
                    in_enum = in_enum.filter(|&outside| depth > outside);
                }
                T::Enum => in_enum = Some(depth),
                T::Ident if sym::is_foreign(token.symbol) => {
                    let before = at.checked_sub(1).map_or(T::Eof, kind);
                    let declared = matches!(kind(at + 1), T::ColonEq | T::Colon)
                        || matches!(before, T::Let | T::Const | T::Fn | T::Struct | T::Enum | T::For)
                        || in_enum.is_some_and(|outside| depth == outside + 1);
                    // `if let Some(x) = …` declares nothing of that name.
                    let declared = declared && !(before == T::Let && kind(at + 1) == T::LParen);
                    if declared && !self.declared_foreign.contains(&token.symbol) {
                        self.declared_foreign.push(token.symbol);
                    }
                }
                _ => {}
            }
        }
    }

    /// What Mog calls the foreign word that is the current token, unless the file declares it.
    fn foreign_word(&self) -> Option<(&'static str, Symbol)> {
        let symbol = self.tok.symbol;
        if self.declared_foreign.contains(&symbol) {
            return None;
        }
        let call = self.peek(1).kind == T::LParen;
        Some(match symbol {
            sym::NULL | sym::NIL | sym::UNDEFINED | sym::NONE_PYTHON => ("none", sym::NONE),
            sym::TRUE_PYTHON => ("true", sym::TRUE),
            sym::FALSE_PYTHON => ("false", sym::FALSE),
            sym::SOME_RUST if call => ("some", sym::SOME),
            sym::OK_RUST if call => ("ok", sym::OK),
            sym::ERR_RUST if call => ("err", sym::ERR),
            _ => return None,
        })
    }

    fn report_word(&mut self, right: &'static str) {
        let span = self.tok.span();
        let word = self.text(span);
        if !self.quiet_words {
            self.report(
                Diagnostic::error("foreign-word", span, format!("`{word}` is called `{right}` here"))
                    .fix(span, right),
            );
        }
    }

    /// An operand that is such a word.
    pub(super) fn foreign_value(&mut self) -> ExprId {
        let span = self.tok.span();
        let mut kind = ExprKind::Name(self.tok.symbol);
        if let Some((right, symbol)) = self.foreign_word() {
            self.report_word(right);
            kind = match symbol {
                sym::NONE => ExprKind::None,
                sym::TRUE => ExprKind::Bool(true),
                sym::FALSE => ExprKind::Bool(false),
                symbol => ExprKind::Name(symbol),
            };
        }
        self.bump();
        self.expr_at(kind, span)
    }

    /// A pattern that is such a word.
    pub(super) fn foreign_pattern(&mut self) -> Option<PatId> {
        if !sym::is_foreign(self.tok.symbol) {
            return None;
        }
        let (start, span) = (self.tok.start, self.tok.span());
        let (right, symbol) = self.foreign_word()?;
        self.report_word(right);
        self.bump();
        let kind = match symbol {
            sym::NONE => PatKind::None,
            sym::TRUE | sym::FALSE => {
                let value = self.ast.add(Expr { kind: ExprKind::Bool(symbol == sym::TRUE), span });
                PatKind::Literal(value)
            }
            _ => return Some(self.wrapped(symbol, start)),
        };
        Some(self.ast.add(Pat { kind, span }))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Before an operand

    /// `+x`, `++x`, `&x`, `&mut x`, `*x`; the operand follows.
    pub(super) fn foreign_prefix(&mut self) {
        let (span, next) = (self.tok.span(), self.peek(1));
        match self.tok.kind {
            T::Plus if next.kind == T::Plus && next.start == span.end => {
                let span = span.to(next.span());
                self.report(
                    Diagnostic::error("no-increment", span, "there is no `++`")
                        .help("write `x += 1` as a statement of its own"),
                );
                self.bump();
            }
            T::Plus => {
                let diagnostic = Diagnostic::error("unary-plus", span, "a value has no sign `+`");
                // `x =+ 1`: the sign belongs to the operator before it.
                let before = self.tokens.get(self.pos.wrapping_sub(1)).filter(|before| {
                    before.kind == T::Assign && before.end == span.start && next.start > span.end
                });
                self.report(match before {
                    Some(before) => diagnostic.fix(before.span().to(span), "+="),
                    None => diagnostic.fix(span, ""),
                });
            }
            T::Amp => {
                let mutable = next.kind == T::Ident && next.symbol == sym::MUT;
                let span = if mutable { Span::new(span.start, self.peek(2).start) } else { span };
                self.report(
                    Diagnostic::error("no-references", span, "there is no `&` before a value")
                        .help("structs, arrays, maps and closures are references already")
                        .fix(span, ""),
                );
                if mutable {
                    self.bump();
                }
            }
            _ => self.report(
                Diagnostic::error("no-references", span, "there is no `*` before a value")
                    .help("nothing needs to be dereferenced")
                    .fix(span, ""),
            ),
        }
        self.bump();
    }

    /// `...xs`, `*xs`, `**options` before an element or argument.
    #[inline]
    pub(super) fn foreign_spread(&mut self) -> bool {
        let found = matches!(self.tok.kind, T::DotDot | T::Star);
        if found {
            self.no_spread();
        }
        found
    }

    #[cold]
    fn no_spread(&mut self) {
        let start = self.tok.start;
        self.bump();
        while matches!(self.tok.kind, T::Dot | T::Star) && self.adjacent() {
            self.bump();
        }
        let span = self.span_from(start);
        self.report(
            Diagnostic::error("no-spread", span, "a collection is not spread into single values")
                .help("`xs.concat(ys)` joins two arrays; pass an array as one argument"),
        );
    }

    /// `new Foo(…)`, `lambda x: …`, `function (x) { … }`.
    pub(super) fn foreign_operand(&mut self) -> Option<ExprId> {
        let (start, span, next) = (self.tok.start, self.tok.span(), self.peek(1));
        if next.line {
            return None;
        }
        match self.tok.symbol {
            sym::NEW if next.kind == T::Ident && next.symbol != sym::IS => {
                let name = self.text(next.span()).to_owned();
                let error = Diagnostic::error("no-new", span, "there is no `new`");
                let empty = self.peek(2).kind == T::LParen && self.peek(3).kind == T::RParen;
                let whole = Span::new(start, self.peek(3).end);
                self.report(match name.as_str() {
                    "Map" | "HashMap" | "Object" | "Dictionary" if empty => {
                        error.fix(whole, "{}").help("an empty map is `{}`")
                    }
                    "Array" | "ArrayList" | "List" | "Vector" if empty => {
                        error.fix(whole, "[]").help("an empty array is `[]`")
                    }
                    _ => error.help(format!("a struct is made by a literal: `{name} {{ field: value }}`")),
                });
                let outer = self.enter(1);
                self.bump();
                self.postfix();
                self.leave(1, outer);
                Some(self.error_from(start))
            }
            sym::TYPEOF | sym::SIZEOF if starts_operand(next.kind) && next.kind != T::LParen => {
                let word = self.text(span);
                self.report(
                    Diagnostic::error("foreign-word", span, format!("there is no `{word}`"))
                        .help("types are known when the program is compiled"),
                );
                let outer = self.enter(1);
                self.bump();
                self.unary();
                self.leave(1, outer);
                Some(self.error_from(start))
            }
            sym::LAMBDA if next.kind == T::Ident && matches!(self.peek(2).kind, T::Colon | T::Comma) => {
                self.bump();
                let mark = self.mark::<Param>();
                while matches!(self.tok.kind, T::Ident | T::Comma) {
                    if self.at(T::Ident) {
                        let name = self.name_here();
                        self.put(Param { name, ty: None, default: None });
                    }
                    self.bump();
                }
                let params = self.list_since(mark);
                let names = self.text(Span::new(span.end, self.prev_end)).trim();
                let head = Span::new(start, self.tok.end);
                self.report(
                    Diagnostic::error("arrow-closure", span, "there is no `lambda`")
                        .fix(head, format!("|{names}|")),
                );
                let outer = self.enter(3);
                self.bump();
                let body = self.expr_body();
                self.leave(3, outer);
                Some(self.closure(params, None, body, false, start))
            }
            sym::MAP if self.at_typed_map() => {
                self.fail(Diagnostic::error("map-literal", span, "a map literal has no type in front").help(
                    "write `{key: value}`; an empty one where its type is known: `name: {string: int} = {}`",
                ));
                Some(self.error_from(start))
            }
            sym::FUNCTION | sym::FUNC | sym::FUN | sym::DEF if next.kind == T::LParen => {
                let close = self.partner(self.pos + 1)?;
                let after = self.tokens.get(close + 1).copied()?;
                if after.line || !matches!(after.kind, T::LBrace | T::Arrow) {
                    return None;
                }
                self.report(
                    Diagnostic::error("function-keyword", span, "a function without a name begins with `fn`")
                        .fix(span, "fn"),
                );
                // Read on as if `fn` stood here.
                self.tok.kind = T::Fn;
                Some(self.fn_closure())
            }
            _ => None,
        }
    }

    /// `(int)x`.
    pub(super) fn foreign_cast(&mut self, start: u32) -> Option<ExprId> {
        let (name, close) = (self.peek(1), self.peek(2));
        if close.kind != T::RParen {
            return None;
        }
        let next = self.peek(3);
        let ty = matches!(name.symbol, sym::INT | sym::FLOAT | sym::STRING | sym::STR | sym::BOOL);
        let value = matches!(next.kind, T::Ident | T::Int | T::Float) && !next.line;
        if !ty || name.kind != T::Ident || !value {
            return None;
        }
        let text = self.text(name.span()).to_owned();
        let outer = self.enter(1);
        self.bump();
        self.bump();
        self.bump();
        let operand = self.postfix();
        self.leave(1, outer);
        let span = Span::new(start, close.end);
        let error = Diagnostic::error("cast", span, "a conversion stands behind the value");
        let written = self.short_text(self.ast[operand].span).map(|operand| format!("{operand} as {text}"));
        self.report(match written {
            Some(written) => error.fix(self.span_from(start), written),
            None => error.help(format!("write `x as {text}`")),
        });
        Some(self.error_from(start))
    }

    /// `map<K, V>{`, `map[K]V{`.
    fn at_typed_map(&self) -> bool {
        let kinds = [1, 2, 3, 4].map(|ahead| self.peek(ahead).kind);
        match kinds {
            [T::Lt, T::Ident, T::Comma, _] => true,
            [T::LBracket, T::Ident, T::RBracket, T::Ident | T::LBracket] => {
                self.peek(4).start == self.peek(3).end
            }
            _ => false,
        }
    }

    /// `[]int{}`.
    pub(super) fn foreign_typed_array(&mut self) -> bool {
        let (close, name) = (self.peek(1), self.peek(2));
        if close.kind != T::RBracket || name.kind != T::Ident || name.start != close.end {
            return false;
        }
        let span = Span::new(self.tok.start, name.end);
        let element = self.text(name.span()).to_owned();
        self.report(
            Diagnostic::error("array-literal", span, "an array literal has no type in front").help(format!(
                "write `[a, b]`; an empty one where its type is known: `name: [{element}] = []`"
            )),
        );
        self.bump();
        self.bump();
        self.bump();
        if self.at(T::LBrace)
            && let Some(close) = self.partner(self.pos)
        {
            self.seek(close + 1);
        }
        true
    }

    /// What cannot begin an operand.
    pub(super) fn foreign_no_operand(&mut self) {
        let span = self.tok.span();
        let error = match self.tok.kind {
            T::For | T::While | T::Loop => Diagnostic::error("loop-value", span, "a loop has no value")
                .label("expected an expression")
                .help(
                    "let the loop fill a variable that is declared before it; `xs.map(|x| …)` makes an array",
                ),
            T::DotDot | T::DotDotEq => Diagnostic::error("range", span, "a range needs a beginning")
                .label("expected a number before this")
                .help("for instance `0..n`"),
            T::Colon if self.adjacent() && self.peek(1).kind == T::Colon => {
                self.unexpected("an expression").help("modules, enums and values all use `.`")
            }
            T::Gt if self.adjacent() => match self
                .text(Span::new(self.prev_end.saturating_sub(1), self.prev_end))
            {
                "|" => Diagnostic::error("no-pipe", Span::new(span.start - 1, span.end), "there is no `|>`")
                    .help("call the function, `f(value)`, or a method, `value.f()`"),
                "<" => {
                    let span = Span::new(span.start - 1, span.end);
                    Diagnostic::error("not-equal", span, "there is no `<>`").fix(span, "!=")
                }
                _ => self.unexpected("an expression"),
            },
            T::FatArrow | T::Arrow => {
                self.unexpected("an expression").help("a closure is written `|x| …` or `fn(x) { … }`")
            }
            T::Else => {
                self.unexpected("an expression").help("both branches need a block: `if c { a } else { b }`")
            }
            kind if kind.is_word() && !self.line_break() => {
                let word = self.text(span);
                self.unexpected("an expression").help(format!("`{word}` is a keyword"))
            }
            _ => self.unexpected("an expression"),
        };
        self.fail(error);
    }
}

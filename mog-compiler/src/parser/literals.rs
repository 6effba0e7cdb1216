//! Operands: literals, names, brackets.

use crate::ast::{BlockId, ExprId, ExprKind, FPart, MapEntry, Name, Span, Symbol, sym};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::{Context, Parser};

impl Parser<'_> {
    /// An operand without what follows it.
    #[inline]
    pub(super) fn primary(&mut self) -> ExprId {
        if self.panicking {
            return self.error_expr();
        }
        // One node at least.
        self.height = self.height.max(1);
        if self.at(T::Ident) { self.name_expr() } else { self.literal() }
    }

    /// An operand that is no name.
    fn literal(&mut self) -> ExprId {
        let span = self.tok.span();
        let kind = match self.tok.kind {
            T::Int => self.int(),
            T::Float => self.float(span),
            T::Str => ExprKind::Str(self.tok.symbol),
            T::True => ExprKind::Bool(true),
            T::False => ExprKind::Bool(false),
            T::None => ExprKind::None,
            T::Break => ExprKind::Break,
            T::Continue => ExprKind::Continue,
            _ => return self.compound(),
        };
        self.bump();
        self.expr_at(kind, span)
    }

    /// An operand of several tokens, or none.
    #[inline(never)]
    fn compound(&mut self) -> ExprId {
        match self.tok.kind {
            T::Dot if self.at_bare_fraction() => self.bare_fraction(),
            T::LParen => self.paren(),
            T::LBracket => self.array(),
            T::LBrace if !self.context.head => self.brace(),
            T::LBrace if self.at_map() => self.map(),
            T::FStart => self.f_string(),
            T::If => self.if_expr(),
            T::Match => self.match_expr(),
            T::Try => self.try_expr(),
            T::Fn | T::Async => self.fn_closure(),
            T::Pipe | T::PipePipe => self.bar_closure(),
            T::Return => self.return_expr(),
            _ => self.no_operand(),
        }
    }

    fn name_expr(&mut self) -> ExprId {
        let (symbol, span) = (self.tok.symbol, self.tok.span());
        // Most names are the program's own, and so behind all predefined ones.
        if symbol.index() < sym::NAMES.len()
            && let Some(expr) = self.special_name(symbol)
        {
            return expr;
        }
        self.bump();
        self.expr_at(ExprKind::Name(symbol), span)
    }

    /// A name that begins something else, or that only other languages have.
    #[inline(never)]
    fn special_name(&mut self, symbol: Symbol) -> Option<ExprId> {
        if symbol == sym::SOA || symbol == sym::TENSOR {
            self.storage()
        } else if sym::is_foreign(symbol) {
            Some(self.foreign_value())
        } else if matches!(
            symbol,
            sym::NEW
                | sym::LAMBDA
                | sym::MAP
                | sym::FUNCTION
                | sym::FUNC
                | sym::FUN
                | sym::DEF
                | sym::TYPEOF
                | sym::SIZEOF
        ) {
            self.foreign_operand()
        } else {
            None
        }
    }

    fn return_expr(&mut self) -> ExprId {
        let start = self.tok.start;
        let outer = self.enter(1);
        self.bump();
        let ends = matches!(
            self.tok.kind,
            T::Semi | T::Comma | T::RBrace | T::RParen | T::RBracket | T::Eof | T::FClose | T::FEnd
        );
        let value = if ends || self.tok.line && self.context.lines { None } else { Some(self.expr()) };
        self.leave(1, outer);
        let span = self.span_from(start);
        self.expr_at(ExprKind::Return(value), span)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // F-strings

    fn f_string(&mut self) -> ExprId {
        let start = self.tok.start;
        let outer = self.enter(1);
        let mark = self.mark::<FPart>();
        self.bump();
        loop {
            match self.tok.kind {
                T::FText => {
                    self.put(FPart::Text(self.tok.symbol));
                    self.bump();
                }
                T::FOpen => self.interpolation(),
                T::FEnd => {
                    self.bump();
                    break;
                }
                // Not closed; the lexer said so.
                _ => {
                    self.panicking = true;
                    if !self.at(T::Error) {
                        break;
                    }
                    self.bump();
                }
            }
        }
        let parts = self.list_since(mark);
        self.leave(1, outer);
        let span = self.span_from(start);
        self.expr_at(ExprKind::FString(parts), span)
    }

    fn interpolation(&mut self) {
        let open = self.pos;
        self.bump();
        if self.at(T::FClose) {
            let span = Span::new(self.prev_end - 1, self.tok.end);
            self.report(
                Diagnostic::error("f-string", span, "nothing stands between these braces")
                    .fix(span, "{{}}")
                    .help("write a value, or `{{}}` for a pair of braces"),
            );
            return self.bump();
        }
        let cut_off = self.cut_off(open);
        self.panicking |= cut_off;
        let value = self.in_context(Context::BRACKET, Self::expr);
        let mut decimals = None;
        if !self.panicking && self.at(T::FSpec) {
            decimals = self.decimals(value);
        }
        if !self.panicking && !self.at(T::FClose) {
            if self.at(T::Error) {
                self.panicking = true;
            }
            self.fail(self.unexpected("`}` after the value").note(
                self.tokens.get(open).map_or(self.tok.span(), |open| open.span()),
                "the interpolation begins here",
            ));
        }
        if self.panicking && !self.leave_bracket(open) {
            return;
        }
        self.eat(T::FClose);
        self.panicking |= cut_off;
        self.put(FPart::Value { value, decimals });
    }

    /// Whether the interpolation ended at the line's end; the lexer said so.
    fn cut_off(&self, open: usize) -> bool {
        if !self.diagnostics.has_errors() {
            return false;
        }
        let mut line = self.tokens.get(open..).unwrap_or(&[]).iter().take(64);
        line.any(|token| token.kind == T::Error && token.start == token.end)
            && line.next().is_some_and(|token| token.kind == T::FClose && token.start == token.end)
    }

    /// `:.2` after a value.
    fn decimals(&mut self, value: ExprId) -> Option<u8> {
        let span = self.tok.span();
        let text = self.text(span);
        let digits = text.strip_prefix(":.").map(|rest| rest.trim_end());
        self.bump();
        if let Some(count) = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
            && let Ok(count) = count.parse()
        {
            return Some(count);
        }
        let error = Diagnostic::error("format", span, "the only format is `:.N`, a number of decimals");
        let error = match digits.and_then(|digits| digits.strip_suffix(['f', 'F'])) {
            Some(count) if !count.is_empty() && count.bytes().all(|digit| digit.is_ascii_digit()) => {
                error.fix(span, format!(":.{count}"))
            }
            _ if let Some(write) = padded(text, self.text(self.ast[value].span)) => {
                error.fix(Span::new(self.ast[value].span.start, span.end), write)
            }
            _ if text.contains(['<', '>', '^']) => {
                error.help("`s.pad_left(n, \" \")` and `pad_right` align text")
            }
            _ => error.help("for instance `{x:.2}`"),
        };
        self.report(error);
        None
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Brackets

    fn paren(&mut self) -> ExprId {
        let start = self.tok.start;
        if let Some(params) = self.arrow_params_in_parens() {
            return self.foreign_arrow(params, start);
        }
        if let Some(value) = self.foreign_cast(start) {
            return value;
        }
        let open = self.pos;
        let outer = self.enter(1);
        let kind = self.in_context(Context::BRACKET, |p| {
            p.bump();
            if p.eat(T::RParen) {
                return ExprKind::Unit;
            }
            let mut kind = ExprKind::Paren(p.expr());
            p.no_assignment("an expression");
            if !p.panicking && p.at(T::Comma) {
                p.report(
                    Diagnostic::error("no-tuples", p.tok.span(), "there are no tuples")
                        .label("expected `)`")
                        .help("return a struct or an array instead; a struct is declared as `struct Name { x: int, y: int }`"),
                );
                kind = ExprKind::Error;
                while !p.panicking && p.eat(T::Comma) && !p.at(T::RParen) {
                    p.expr();
                }
            }
            if (!p.panicking || p.leave_bracket(open)) && !p.eat(T::RParen) {
                p.unclosed_paren(open);
            }
            kind
        });
        self.leave(1, outer);
        let span = self.span_from(start);
        self.expr_at(kind, span)
    }

    fn unclosed_paren(&mut self, open: usize) {
        if self.at(T::Error) {
            self.panicking = true;
        }
        self.wrong_end(open, T::RParen);
    }

    fn array(&mut self) -> ExprId {
        let start = self.tok.start;
        let open = self.pos;
        if self.foreign_typed_array() {
            let span = self.span_from(start);
            return self.expr_at(ExprKind::Error, span);
        }
        let outer = self.enter(1);
        // `[value; count]` is seen after the first element.
        let (mut repeat, mut foreign, mut pairs) = (None, false, false);
        let elements = self.bracketed(T::RBracket, "elements", |p| {
            foreign |= p.foreign_spread();
            let value = p.expr();
            if !p.panicking && p.at(T::Colon) {
                p.bump();
                p.expr();
                pairs = true;
                return;
            }
            if p.at(T::Semi) && p.pos > open {
                p.bump();
                let count = p.expr();
                repeat = Some((value, count));
                if !p.panicking && !p.at(T::RBracket) {
                    p.fail(p.unexpected("`]` after the count"));
                }
                return;
            }
            foreign |= p.foreign_comprehension(value, start);
            p.put(value);
        });
        self.leave(1, outer);
        let span = self.span_from(start);
        let kind = match repeat {
            _ if foreign => ExprKind::Error,
            _ if pairs => {
                let wrong = Diagnostic::error("map-braces", span, "a map is written in braces");
                let text = span.text(self.source);
                let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
                self.report(match inside {
                    Some(inside) => wrong.fix(span, format!("{{{inside}}}")),
                    // It is not closed, or not by this.
                    None => wrong.help("for instance `{\"a\": 1}`"),
                });
                ExprKind::Error
            }
            Some(_) if !elements.is_empty() => {
                self.report(
                    Diagnostic::error(
                        "array-repeat",
                        span,
                        "`;` in an array stands between one value and a count",
                    )
                    .help("for instance `[0; 10]`"),
                );
                ExprKind::Error
            }
            Some((value, count)) => ExprKind::Repeat { value, count },
            None => ExprKind::Array(elements),
        };
        self.expr_at(kind, span)
    }

    /// `{` where a value is expected: a map or a block.
    /// Whether a map begins here for certain: no block begins like this.
    pub(super) fn at_map(&self) -> bool {
        self.at(T::LBrace) && matches!(self.peek(1).kind, T::Str | T::Int) && self.peek(2).kind == T::Colon
    }

    fn brace(&mut self) -> ExprId {
        if self.peek(1).kind == T::RBrace || self.looks_like_map() {
            return self.map();
        }
        let start = self.tok.start;
        let outer = self.enter(1);
        let block = self.block();
        self.leave(1, outer);
        let span = self.span_from(start);
        self.expr_at(ExprKind::Block(block), span)
    }

    pub(super) fn block_expr(&mut self, block: BlockId) -> ExprId {
        let span = self.ast[block].span;
        self.expr_at(ExprKind::Block(block), span)
    }

    fn map(&mut self) -> ExprId {
        let start = self.tok.start;
        let outer = self.enter(1);
        let mut foreign = false;
        let entries = self.bracketed(T::RBrace, "entries", |p| {
            let spread = p.foreign_spread();
            foreign |= spread;
            let key = p.expr();
            if spread {
                return;
            }
            if !p.panicking && (p.at(T::FatArrow) || p.at(T::Assign)) {
                p.report(
                    Diagnostic::error("map-colon", p.tok.span(), "a key and its value are separated by `:`")
                        .fix(Span::new(p.prev_end, p.tok.end), ":"),
                );
                p.bump();
            } else if !p.panicking {
                p.expect(T::Colon, "between a key and its value");
            }
            if p.panicking {
                return;
            }
            let value = p.expr();
            foreign |= p.foreign_comprehension(value, start);
            p.put(MapEntry { key, value });
        });
        self.leave(1, outer);
        let span = self.span_from(start);
        self.expr_at(if foreign { ExprKind::Error } else { ExprKind::Map(entries) }, span)
    }

    /// Whether `{`, the current token, opens a map: a colon stands after the first expression, on its line. (With a
    /// type and `=` after the colon it is a block that begins with a declaration.)
    pub(super) fn looks_like_map(&self) -> bool {
        const REACH: usize = 48;
        let mut depth = 0_u32;
        for ahead in 1..REACH {
            let token = self.peek(ahead);
            if token.line && ahead > 1 && depth == 0 && token.kind != T::Colon {
                return false;
            }
            match token.kind {
                T::LParen | T::LBracket | T::FOpen => depth += 1,
                T::RParen | T::RBracket | T::FClose => match depth.checked_sub(1) {
                    Some(less) => depth = less,
                    None => return false,
                },
                T::Eof => return false,
                _ if depth > 0 => {}
                T::Colon if ahead == 1 => return false,
                T::DotDot if ahead == 1 => return true,
                T::FatArrow if ahead == 2 => return !matches!(self.peek(1).kind, T::Ident),
                T::Colon => {
                    return !(ahead == 2 && self.peek(1).kind == T::Ident && self.declares(ahead + 1));
                }
                T::Semi | T::ColonEq | T::Assign | T::Comma | T::LBrace | T::RBrace => return false,
                T::Let
                | T::Const
                | T::If
                | T::While
                | T::For
                | T::Loop
                | T::Match
                | T::Return
                | T::Fn
                | T::Try => {
                    return false;
                }
                _ => {}
            }
        }
        false
    }

    /// Whether a type and `=` stand so far ahead.
    fn declares(&self, from: usize) -> bool {
        const REACH: usize = 24;
        let mut depth = 0_u32;
        for ahead in from..from + REACH {
            let token = self.peek(ahead);
            match token.kind {
                T::Assign => return depth == 0,
                T::LParen | T::LBracket | T::LBrace => depth += 1,
                T::RParen | T::RBracket | T::RBrace if depth > 0 => depth -= 1,
                T::Comma if depth > 0 => {}
                T::Ident | T::Question | T::Dot | T::Lt | T::Gt | T::Shr | T::Fn | T::Arrow => {}
                T::Colon if depth > 0 => {}
                _ => return false,
            }
            if token.line && depth == 0 {
                return false;
            }
        }
        false
    }

    /// `soa S[n]`, or `tensor<T>` before `(` or `.`.
    fn storage(&mut self) -> Option<ExprId> {
        let start = self.tok.start;
        let next = self.peek(1);
        if self.tok.symbol == sym::SOA {
            if next.kind != T::Ident || next.line {
                return None;
            }
            let outer = self.enter(1);
            self.bump();
            let path = self.path();
            let mut count = None;
            if self.at(T::LBracket) {
                let open = self.pos;
                self.in_context(Context::BRACKET, |p| {
                    p.bump();
                    count = Some(p.expr());
                    if (!p.panicking || p.leave_bracket(open)) && !p.eat(T::RBracket) {
                        p.wrong_end(open, T::RBracket);
                    }
                });
            } else {
                self.fail(
                    self.unexpected("`[` and the number of elements").help("for instance `soa Point[100]`"),
                );
            }
            let count = count.unwrap_or_else(|| self.error_expr());
            self.leave(1, outer);
            let span = self.span_from(start);
            return Some(self.expr_at(ExprKind::Soa { path, count }, span));
        }
        let generic = next.kind == T::Lt
            && self.peek(2).kind == T::Ident
            && self.peek(3).kind == T::Gt
            && matches!(self.peek(4).kind, T::LParen | T::Dot);
        if !generic {
            return None;
        }
        self.bump();
        self.bump();
        let element = self.type_expr();
        self.eat(T::Gt);
        self.grow();
        let span = self.span_from(start);
        Some(self.expr_at(ExprKind::TensorType(element), span))
    }

    /// `Name` or `module.Name`.
    pub(super) fn path(&mut self) -> crate::ast::List<Name> {
        let mark = self.mark::<Name>();
        let first = self.name_or_missing("a type's name");
        self.put(first);
        while !self.panicking && self.at(T::Dot) && self.peek(1).kind == T::Ident && !self.peek(1).line {
            self.bump();
            self.put(self.name_here());
            self.bump();
        }
        self.list_since(mark)
    }

    fn no_operand(&mut self) -> ExprId {
        if self.at(T::Error) {
            self.panicking = true;
        }
        if !self.panicking {
            self.foreign_no_operand();
        }
        self.error_expr()
    }
}

/// What pads a value as a format of Python or Rust does: `:>8`, `:<8.2f`, `:03`.
fn padded(spec: &str, value: &str) -> Option<String> {
    let spec = spec.trim_end().strip_prefix(':')?;
    let (side, fill, rest) = match spec.as_bytes() {
        [b'<', ..] => ("pad_right", ' ', spec.get(1..)?),
        [b'>', ..] => ("pad_left", ' ', spec.get(1..)?),
        [b'0', _, ..] => ("pad_left", '0', spec.get(1..)?),
        _ => return None,
    };
    let rest = rest.strip_suffix(['d', 's', 'f']).unwrap_or(rest);
    let (width, decimals) = rest.split_once('.').map_or((rest, None), |(width, count)| (width, Some(count)));
    let is_number =
        |text: &str| !text.is_empty() && text.len() < 4 && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(width) || !decimals.is_none_or(is_number) {
        return None;
    }
    let text = match decimals {
        Some(count) => format!("f\"{{{value}:.{count}}}\""),
        None => format!("str({value})"),
    };
    Some(format!("{text}.{side}({width}, \"{fill}\")"))
}

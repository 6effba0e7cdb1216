//! Types as written.

use crate::ast::{ExprId, List, Name, Span, Symbol, TypeExpr, TypeExprId, TypeKind, sym};
use crate::diagnostic::Diagnostic;
use crate::lexer::{T, Token};

use super::{Context, Parser};

impl Parser<'_> {
    /// A type.
    pub(super) fn type_expr(&mut self) -> TypeExprId {
        self.apart(|p| p.type_with_suffix(true))
    }

    /// The type after `as`, where a `?` belongs to the whole cast.
    pub(super) fn cast_type(&mut self) -> TypeExprId {
        self.apart(|p| p.type_with_suffix(false))
    }

    pub(super) fn type_at(&mut self, kind: TypeKind, span: Span) -> TypeExprId {
        self.ast.add(TypeExpr { kind, span })
    }

    fn type_with_suffix(&mut self, question: bool) -> TypeExprId {
        let start = self.tok.start;
        let mut ty = self.type_prefix();
        while !self.panicking && !self.line_break() {
            match self.tok.kind {
                T::LBracket if self.peek(1).kind == T::RBracket => {
                    self.bump();
                    self.bump();
                    self.grow();
                    let span = self.span_from(start);
                    ty = self.type_at(TypeKind::Array(ty), span);
                }
                T::LBracket if matches!(self.peek(1).kind, T::Int) && self.peek(2).kind == T::RBracket => {
                    let span = Span::new(self.tok.start, self.peek(2).end);
                    let element = self.text(self.ast[ty].span).to_owned();
                    self.report(
                        Diagnostic::error("array-length", span, "an array's length is not part of its type")
                            .fix(Span::new(start, span.end), format!("[{element}]")),
                    );
                    self.bump();
                    self.bump();
                    self.bump();
                    self.grow();
                    let span = self.span_from(start);
                    ty = self.type_at(TypeKind::Array(ty), span);
                }
                T::Question if question => {
                    let inner = self.text(self.ast[ty].span).to_owned();
                    let span = Span::new(start, self.tok.end);
                    self.report(
                        Diagnostic::error(
                            "optional-type",
                            self.tok.span(),
                            "the `?` of an optional type stands first",
                        )
                        .fix(span, format!("?{inner}")),
                    );
                    self.bump();
                    self.grow();
                    ty = self.type_at(TypeKind::Optional(ty), span);
                }
                T::Pipe if question && !self.context.bars => {
                    self.fail(
                        Diagnostic::error("union-type", self.tok.span(), "there are no union types")
                            .help("`?T` may be missing, `Result<T>` may fail, an `enum` is one of several"),
                    );
                }
                _ => return ty,
            }
        }
        ty
    }

    fn type_prefix(&mut self) -> TypeExprId {
        self.height = self.height.max(1);
        let start = self.tok.start;
        let kind = match self.tok.kind {
            T::Ident if self.tok.symbol == sym::INTERFACE && self.peek(1).kind == T::LBrace => {
                let span = Span::new(start, self.peek(2).end);
                self.report(
                    Diagnostic::error("foreign-type", span, "there is no `interface{}`").fix(span, "any"),
                );
                self.bump();
                self.bump();
                self.eat(T::RBrace);
                TypeKind::Error
            }
            T::Ident => return self.named_type(),
            T::Question => {
                let outer = self.enter(1);
                self.bump();
                let inner = self.type_with_suffix(true);
                self.leave(1, outer);
                TypeKind::Optional(inner)
            }
            T::LBracket => self.array_type(),
            T::LBrace => self.map_type(),
            T::LParen => return self.paren_type(),
            T::Fn if self.peek(1).kind == T::LParen => self.fn_type(),
            T::Async => {
                self.bump();
                if !self.at(T::Fn) {
                    self.fail(self.unexpected("`fn` after `async`"));
                    TypeKind::Error
                } else {
                    self.async_fn_type(start)
                }
            }
            T::None => {
                let span = self.tok.span();
                self.report(
                    Diagnostic::error("type", span, "`none` is a value, not a type")
                        .help("`?T` is a type that includes `none`; a function without a result has no `->`"),
                );
                self.bump();
                TypeKind::Error
            }
            T::Amp | T::Star | T::And => {
                let span = self.tok.span();
                self.report(
                    Diagnostic::error("no-references", span, "there are no reference or pointer types")
                        .fix(span, "")
                        .help("structs, arrays, maps and closures are references already"),
                );
                self.bump();
                let outer = self.enter(1);
                let inner = self.type_with_suffix(true);
                self.leave(1, outer);
                return inner;
            }
            _ => {
                if self.at(T::Error) {
                    self.panicking = true;
                }
                self.fail(self.unexpected("a type"));
                TypeKind::Error
            }
        };
        let span = self.span_from(start);
        self.type_at(kind, span)
    }

    fn array_type(&mut self) -> TypeKind {
        let open = self.pos;
        if self.peek(1).kind == T::RBracket {
            // `[]T`, as Go writes it.
            let start = self.tok.start;
            self.bump();
            self.bump();
            let outer = self.enter(1);
            let element = self.type_with_suffix(true);
            self.leave(1, outer);
            let span = self.span_from(start);
            let text = self.text(self.ast[element].span).to_owned();
            self.report(
                Diagnostic::error("array-type", span, "an array type is written `[T]`")
                    .fix(span, format!("[{text}]")),
            );
            return TypeKind::Array(element);
        }
        let outer = self.enter(1);
        let element = self.in_context(Context::BRACKET, |p| {
            p.bump();
            let element = p.type_expr();
            if !p.panicking && p.at(T::Semi) {
                let semi = p.tok.span();
                p.fail(
                    Diagnostic::error("array-length", semi, "an array's length is not part of its type")
                        .label("expected `]`")
                        .help("`[T]` is an array of any length; `[value; count]` makes one"),
                );
            }
            p.close_type(open, T::RBracket);
            element
        });
        self.leave(1, outer);
        TypeKind::Array(element)
    }

    fn close_type(&mut self, open: usize, close: T) {
        if self.panicking && !self.leave_bracket(open) {
            return;
        }
        if !self.eat(close) {
            self.wrong_end(open, close);
        }
    }

    fn map_type(&mut self) -> TypeKind {
        let open = self.pos;
        let outer = self.enter(1);
        let (key, value) = self.in_context(Context::BRACKET, |p| {
            p.bump();
            let key = p.type_expr();
            let value = if !p.panicking && p.expect(T::Colon, "between the types of key and value") {
                p.type_expr()
            } else {
                p.type_at(TypeKind::Error, p.tok.span().before())
            };
            if !p.panicking && p.at(T::Comma) {
                p.fail(
                    Diagnostic::error(
                        "anonymous-struct",
                        p.tok.span(),
                        "a type in braces is a map: one key type, one value type",
                    )
                    .label("expected `}`")
                    .help("declare a struct with these fields and use its name"),
                );
            }
            p.close_type(open, T::RBrace);
            (key, value)
        });
        self.leave(1, outer);
        TypeKind::Map { key, value }
    }

    /// `()`, or a type in parentheses.
    fn paren_type(&mut self) -> TypeExprId {
        let (start, open) = (self.tok.start, self.pos);
        if self.peek(1).kind == T::RParen {
            self.bump();
            self.bump();
            let span = self.span_from(start);
            return self.type_at(TypeKind::Unit, span);
        }
        let outer = self.enter(1);
        let inner = self.in_context(Context::BRACKET, |p| {
            p.bump();
            let inner = p.type_expr();
            if !p.panicking && p.at(T::Comma) {
                p.fail(
                    Diagnostic::error("no-tuples", p.tok.span(), "there are no tuples")
                        .help("declare a struct with a field for each part"),
                );
            }
            p.close_type(open, T::RParen);
            inner
        });
        self.leave(1, outer);
        inner
    }

    fn fn_type(&mut self) -> TypeKind {
        let outer = self.enter(1);
        self.bump();
        if !self.at(T::LParen) {
            self.fail(self.unexpected("`(` and the parameters' types"));
            self.leave(1, outer);
            return TypeKind::Error;
        }
        let params = self.bracketed(T::RParen, "parameter types", |p| {
            if p.at(T::Ident) && p.peek(1).kind == T::Colon {
                p.bump();
                p.bump();
            }
            let ty = p.type_expr();
            p.put(ty);
        });
        let result = if !self.panicking && self.eat(T::Arrow) { Some(self.type_expr()) } else { None };
        self.leave(1, outer);
        TypeKind::Fn { params, result }
    }

    /// `async fn(A) -> R` is `fn(A) -> Future<R>`.
    fn async_fn_type(&mut self, start: u32) -> TypeKind {
        match self.fn_type() {
            TypeKind::Fn { params, result } => {
                let span = self.span_from(start);
                let result = result.unwrap_or_else(|| self.type_at(TypeKind::Unit, span));
                self.grow();
                TypeKind::Fn { params, result: Some(self.type_at(TypeKind::Future(result), span)) }
            }
            other => other,
        }
    }

    fn named_type(&mut self) -> TypeExprId {
        let start = self.tok.start;
        let (symbol, next) = (self.tok.symbol, self.peek(1));
        let follows = |kind: T| next.kind == kind && !next.line;
        let kind = match symbol {
            sym::MAP if follows(T::LBracket) => self.go_map_type(),
            sym::SOA if follows(T::Ident) => {
                self.bump();
                let path = self.path();
                self.soa_count();
                TypeKind::Soa(path)
            }
            // After `x as int` a `<` compares.
            _ if follows(T::Lt) && !is_scalar(symbol) => self.generic_type(symbol),
            sym::LIST_PYTHON | sym::LIST | sym::DICT | sym::DICT_TYPE | sym::OPTIONAL_TYPE
                if follows(T::LBracket) && self.peek(2).kind != T::RBracket =>
            {
                self.python_type(symbol)
            }
            sym::RESULT | sym::FUTURE => {
                let span = self.tok.span();
                let text = self.text(span);
                self.report(
                    Diagnostic::error("type-argument", span, format!("`{text}` needs a type argument"))
                        .label(format!("for instance `{text}<int>`")),
                );
                self.bump();
                TypeKind::Error
            }
            _ => TypeKind::Named(self.type_path()),
        };
        let span = self.span_from(start);
        self.type_at(kind, span)
    }

    /// `int`, `module.Point`; synonyms get the first form's symbol.
    fn type_path(&mut self) -> List<Name> {
        if self.peek(1).kind == T::Dot {
            return self.path();
        }
        let mut name = self.name_here();
        name.symbol = match name.symbol {
            sym::I64 => sym::INT,
            sym::F64 => sym::FLOAT,
            sym::STR => sym::STRING,
            other => other,
        };
        self.bump();
        self.ast.add_list(&[name])
    }

    /// `map[K]V`.
    fn go_map_type(&mut self) -> TypeKind {
        self.bump();
        let open = self.pos;
        let outer = self.enter(1);
        let key = self.in_context(Context::BRACKET, |p| {
            p.bump();
            let key = p.type_expr();
            p.close_type(open, T::RBracket);
            key
        });
        let value = self.type_with_suffix(true);
        self.leave(1, outer);
        TypeKind::Map { key, value }
    }

    /// `[n]` after `soa S` in a type: other implementations write the length there; it means nothing.
    fn soa_count(&mut self) {
        if self.at(T::LBracket) && !self.line_break() {
            let _: List<ExprId> = self.bracketed(T::RBracket, "numbers", |p| {
                p.expr();
            });
        }
    }

    /// `Name<…>`.
    fn generic_type(&mut self, symbol: Symbol) -> TypeKind {
        let start = self.tok.start;
        let name = self.text(self.tok.span());
        let outer = self.enter(1);
        self.bump();
        self.bump();
        let mark = self.mark::<TypeExprId>();
        self.in_context(Context::BRACKET, |p| {
            while !p.panicking && !p.at_angle() {
                let argument = p.type_expr();
                p.put(argument);
                if !p.panicking && !p.eat(T::Comma) && !p.at_angle() {
                    p.fail(p.unexpected("`>` after the type argument"));
                }
            }
        });
        if !self.panicking {
            self.close_angle();
        }
        let args = self.list_since::<TypeExprId>(mark);
        self.leave(1, outer);
        let missing = TypeExpr { kind: TypeKind::Error, span: self.span_from(start) };
        let (first, second) = match *self.ast.list(args) {
            [first] => (first, None),
            [first, second] => (first, Some(second)),
            [first, ..] => (first, None),
            [] => (self.ast.add(missing), None),
        };
        let count = args.len();
        let known = match symbol {
            sym::RESULT => TypeKind::Result(first),
            sym::FUTURE => TypeKind::Future(first),
            sym::TENSOR => TypeKind::Tensor(first),
            _ => return self.foreign_generic(symbol, name, first, second, start),
        };
        if count != 1 && !self.panicking {
            let span = self.span_from(start);
            let error = Diagnostic::error("type-argument", span, format!("`{name}` has one type argument"));
            let fixed = format!("{name}<{}>", self.text(self.ast[first].span));
            self.report(match (count, symbol) {
                (0, _) => error,
                (_, sym::RESULT) => error.fix(span, fixed).help("an error is always a message, a string"),
                _ => error.fix(span, fixed),
            });
        }
        known
    }

    /// At `>`, or at an operator that begins with it.
    fn at_angle(&self) -> bool {
        matches!(self.tok.kind, T::Gt | T::Shr | T::Ge | T::ShrEq)
    }

    /// Takes one `>`, if need be from `>>`, `>=` or `>>=`.
    pub(super) fn close_angle(&mut self) {
        let rest = match self.tok.kind {
            T::Shr => T::Gt,
            T::Ge => T::Assign,
            T::ShrEq => T::Ge,
            _ => return self.bump(),
        };
        self.prev_end = self.tok.start + 1;
        self.tok = Token { kind: rest, start: self.tok.start + 1, line: false, ..self.tok };
        if let Some(slot) = self.tokens.get_mut(self.pos) {
            *slot = self.tok;
        }
    }
}

/// Whether it names a type whose values compare by order, which has no type arguments in any language.
const fn is_scalar(symbol: Symbol) -> bool {
    matches!(
        symbol,
        sym::INT
            | sym::FLOAT
            | sym::STRING
            | sym::STR
            | sym::I8
            | sym::I16
            | sym::I32
            | sym::I64
            | sym::U8
            | sym::U16
            | sym::U32
            | sym::U64
            | sym::F32
            | sym::F64
    )
}

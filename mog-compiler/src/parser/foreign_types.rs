//! Other languages' types.

use crate::ast::{Span, Symbol, TypeExprId, TypeKind, sym};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::{Context, Parser};

impl Parser<'_> {
    /// `Option<T>`, `Vec<T>`, `HashMap<K, V>` and user generics, after they were parsed.
    pub(super) fn foreign_generic(
        &mut self,
        symbol: Symbol,
        name: &str,
        first: TypeExprId,
        second: Option<TypeExprId>,
        start: u32,
    ) -> TypeKind {
        let span = self.span_from(start);
        let one = self.text(self.ast[first].span).to_owned();
        let two = second.map(|second| self.text(self.ast[second].span).to_owned());
        let (kind, written) = match (symbol, second) {
            (sym::OPTION | sym::OPTIONAL_TYPE, None) => (TypeKind::Optional(first), format!("?{one}")),
            (sym::VEC | sym::VEC_LOWER | sym::LIST | sym::LIST_PYTHON | sym::ARRAY, None) => {
                (TypeKind::Array(first), format!("[{one}]"))
            }
            (
                sym::HASH_MAP | sym::MAP | sym::MAP_TYPE | sym::DICT | sym::DICT_TYPE | sym::RECORD,
                Some(second),
            ) => (
                TypeKind::Map { key: first, value: second },
                format!("{{{one}: {}}}", two.unwrap_or_default()),
            ),
            (sym::PROMISE, None) => (TypeKind::Future(first), format!("Future<{one}>")),
            (sym::BOX, None) => (self.ast[first].kind, one),
            (sym::SET | sym::HASH_SET, None) => {
                self.report(
                    Diagnostic::error("foreign-type", span, "there is no set type")
                        .help(format!("a map serves as one: `{{{one}: bool}}`")),
                );
                return TypeKind::Error;
            }
            _ => {
                self.report(
                    Diagnostic::error("no-generics", span, format!("`{name}` has no type arguments"))
                        .help("there are no generic types but `Result`, `Future` and `tensor`")
                        .fix(span, name),
                );
                return TypeKind::Error;
            }
        };
        self.report(
            Diagnostic::error("foreign-type", span, format!("`{name}<…>` is written differently here"))
                .fix(span, written),
        );
        kind
    }

    /// `list[int]`, `dict[str, int]`, `Optional[int]`.
    pub(super) fn python_type(&mut self, symbol: Symbol) -> TypeKind {
        let start = self.tok.start;
        let name = self.text(self.tok.span());
        self.bump();
        let outer = self.enter(1);
        let args = self.bracketed::<TypeExprId>(T::RBracket, "types", |p| {
            let ty = p.type_expr();
            p.put(ty);
        });
        self.leave(1, outer);
        match *self.ast.list(args) {
            [first] => self.foreign_generic(symbol, name, first, None, start),
            [first, second] => self.foreign_generic(symbol, name, first, Some(second), start),
            _ => TypeKind::Error,
        }
    }

    /// `(A, B)` as a result.
    pub(super) fn foreign_tuple_type(&mut self) {
        if self.peek(1).kind == T::RParen || !self.has_top_level_comma() {
            return;
        }
        let span = self.tok.span();
        self.fail(
            Diagnostic::error("no-tuples", span, "a function has one result; there are no tuples")
                .help("declare a struct with a field for each part and return that"),
        );
    }

    fn has_top_level_comma(&self) -> bool {
        const REACH: usize = 24;
        let mut depth = 0_u32;
        for ahead in 1..REACH {
            match self.peek(ahead).kind {
                T::LParen | T::LBracket | T::LBrace => depth += 1,
                T::RParen | T::RBracket | T::RBrace => match depth.checked_sub(1) {
                    Some(less) => depth = less,
                    None => return false,
                },
                T::Comma if depth == 0 => return true,
                _ => {}
            }
        }
        false
    }

    /// `<T>` after the name of a function or type.
    pub(super) fn foreign_type_params(&mut self) {
        if self.panicking || !self.at(T::Lt) || self.tok.line {
            return;
        }
        let start = self.tok.start;
        self.in_context(Context::BRACKET, |p| {
            while !matches!(p.tok.kind, T::Gt | T::Eof | T::LParen | T::LBrace | T::Assign) && !p.tok.line {
                if p.at(T::Ident) {
                    p.ast.lost.push(p.tok.symbol);
                }
                p.bump();
            }
        });
        self.eat(T::Gt);
        let span = Span::new(start, self.prev_end);
        self.report(
            Diagnostic::error("no-generics", span, "there are no type parameters")
                .fix(span, "")
                .help("write it for the types that the program needs; `any` holds plain data of any type"),
        );
    }
}

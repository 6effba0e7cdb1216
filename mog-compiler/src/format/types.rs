//! Types as written, each by the first of its names.

use crate::ast::{List, Name, Span, TypeExprId, TypeKind};
use crate::lexer::T;

use super::Printer;

impl<'a> Printer<'a> {
    pub(super) fn ty(&mut self, id: TypeExprId) {
        let ty = self.ast[id];
        // Parentheses around a type are not in the tree.
        let mut parens = 0;
        while self.next().start < ty.span.start && self.skip_if(T::LParen) {
            parens += 1;
        }
        match ty.kind {
            TypeKind::Error => self.lost = true,
            TypeKind::Unit => {
                self.token(T::LParen);
                self.token(T::RParen);
            }
            TypeKind::Named(names) => match self.ast.list(names) {
                [name] => self.instead(self.ast.text(name.symbol)),
                _ => self.path(names),
            },
            TypeKind::Array(element) => self.array_type(element, ty.span),
            TypeKind::Map { key, value } => self.map_type(key, value),
            TypeKind::Optional(inner) => {
                self.token(T::Question);
                self.ty(inner);
            }
            TypeKind::Result(inner) | TypeKind::Future(inner) | TypeKind::Tensor(inner) => {
                self.token(T::Ident);
                self.token(T::Lt);
                self.ty(inner);
                self.skip_if(T::Comma);
                self.angle();
            }
            TypeKind::Soa(path) => {
                self.token(T::Ident);
                self.space();
                self.path(path);
                if self.next().start < ty.span.end {
                    self.verbatim(ty.span); // the length that other implementations write there
                }
            }
            TypeKind::Fn { params, result } => self.fn_type(params, result),
        }
        for _ in 0..parens {
            self.skip(T::RParen);
        }
    }

    /// `a.b`.
    pub(super) fn path(&mut self, names: List<Name>) {
        for at in 0..names.len() {
            if at > 0 {
                self.token(T::Dot);
            }
            self.any();
        }
    }

    fn array_type(&mut self, element: TypeExprId, span: Span) {
        let prefix = self.at(T::LBracket) && self.ast[element].span.start != span.start;
        if prefix {
            self.token(T::LBracket);
            self.ty(element);
            self.token(T::RBracket);
        } else {
            self.insert("[");
            self.ty(element);
            self.instead("]");
            self.skip(T::RBracket);
        }
    }

    fn map_type(&mut self, key: TypeExprId, value: TypeExprId) {
        let braces = self.at(T::LBrace);
        if braces {
            self.token(T::LBrace);
        } else {
            self.skip(T::Ident);
            self.instead("{");
        }
        self.ty(key);
        if braces {
            self.token(T::Colon);
        } else {
            self.instead(":");
        }
        self.space();
        self.ty(value);
        if braces {
            self.token(T::RBrace);
        } else {
            self.insert("}");
        }
    }

    /// `async fn(A) -> R` has a future as its result in the tree.
    fn fn_type(&mut self, params: List<TypeExprId>, result: Option<TypeExprId>) {
        let is_async = self.optional(T::Async);
        if is_async {
            self.space();
        }
        self.token(T::Fn);
        let list = self.ast.list(params);
        self.bracketed(T::LParen, T::RParen, list.len(), |p, at| {
            p.name_of_type();
            if let Some(&param) = list.get(at) {
                p.ty(param);
            }
        });
        let result = match result.map(|result| self.ast[result].kind) {
            Some(TypeKind::Future(inner)) if is_async => Some(inner),
            _ => result,
        };
        if self.at(T::Arrow)
            && let Some(result) = result
        {
            self.result(result);
        }
    }

    /// `name: ` before a type where the name means nothing.
    pub(super) fn name_of_type(&mut self) {
        if self.at(T::Ident) && self.ahead(1).kind == T::Colon {
            self.token(T::Ident);
            self.token(T::Colon);
            self.space();
        }
    }

    /// `-> T`, with the space before it.
    pub(super) fn result(&mut self, ty: TypeExprId) {
        self.space();
        self.token(T::Arrow);
        self.space();
        self.ty(ty);
    }
}

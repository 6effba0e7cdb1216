//! Declarations, and the file as a whole.

use crate::ast::{FieldDecl, FnId, ItemId, ItemKind, List, Param, VariantDecl};
use crate::lexer::T;

use super::Printer;
use super::layout::Piece;

impl Printer<'_> {
    /// Everything.
    pub(super) fn file(&mut self) {
        let items = self.ast.list(self.ast.root);
        self.semicolons();
        for (at, &item) in items.iter().enumerate() {
            self.separate(if at == 0 { Piece::Hard } else { Piece::Blank });
            self.item(item);
            self.statement_end(false);
        }
        self.separate_closer(if items.is_empty() { Piece::Hard } else { Piece::Blank }, items.is_empty());
        self.lost |= !self.at(T::Eof);
    }

    pub(super) fn item(&mut self, id: ItemId) {
        if self.optional(T::Pub) {
            self.space();
        }
        match self.ast[id].kind {
            ItemKind::Fn(function) => self.function(function),
            ItemKind::Struct { fields, .. } => self.struct_item(fields),
            ItemKind::Enum { variants, .. } => self.enum_item(variants),
            ItemKind::Package(_) => {
                self.any();
                self.space();
                self.any();
            }
            ItemKind::Type { ty, .. } => {
                self.any();
                self.space();
                self.any();
                self.space();
                self.token(T::Assign);
                self.space();
                self.ty(ty);
            }
            ItemKind::Import(imports) => self.import(imports.len()),
            ItemKind::Requires(names) | ItemKind::Optional(names) => {
                self.any();
                self.space();
                self.names(names.len(), |p, _| p.any());
                self.skip_if(T::Comma);
            }
            ItemKind::Handle(_) | ItemKind::Capability { .. } => self.lost = true, // only in declaration files
            ItemKind::Stmt(stmt) => self.statement(stmt),
        }
    }

    /// Names after a word, with commas between them.
    fn names(&mut self, count: usize, mut name: impl FnMut(&mut Self, usize)) {
        self.open();
        self.indent();
        for at in 0..count {
            if at > 0 {
                self.separate(Piece::Fill);
            }
            name(self, at);
            if at + 1 < count {
                self.comma(false);
            }
        }
        self.dedent();
        self.close();
    }

    /// `import a, b`, also in parentheses.
    fn import(&mut self, count: usize) {
        self.token(T::Import);
        self.space();
        let parens = self.skip_if(T::LParen);
        self.names(count, |p, _| {
            p.any();
            if p.at(T::As) {
                p.space();
                p.any();
                p.space();
                p.any();
            }
        });
        if parens {
            self.separators();
            self.skip(T::RParen);
        }
    }

    fn struct_item(&mut self, fields: List<FieldDecl>) {
        self.token(T::Struct);
        self.space();
        self.any();
        self.space();
        let fields = self.ast.list(fields);
        self.bracketed(T::LBrace, T::RBrace, fields.len(), |p, at| {
            let Some(field) = fields.get(at) else { return };
            if p.ahead(1).kind != T::Colon {
                p.skip_if(T::Pub);
            }
            p.any();
            p.token(T::Colon);
            p.space();
            p.ty(field.ty);
        });
    }

    fn enum_item(&mut self, variants: List<VariantDecl>) {
        self.token(T::Enum);
        self.space();
        self.any();
        self.space();
        let variants = self.ast.list(variants);
        self.bracketed(T::LBrace, T::RBrace, variants.len(), |p, at| {
            let Some(variant) = variants.get(at) else { return };
            p.any();
            if p.at(T::LParen) {
                let payload = p.ast.list(variant.payload);
                p.bracketed(T::LParen, T::RParen, payload.len(), |p, at| {
                    p.name_of_type();
                    if let Some(&ty) = payload.get(at) {
                        p.ty(ty);
                    }
                });
            }
        });
    }

    fn function(&mut self, id: FnId) {
        let function = self.ast[id];
        let Some(body) = function.body else { return self.lost = true };
        if self.optional(T::Async) {
            self.space();
        }
        self.token(T::Fn);
        self.space();
        self.any();
        self.params(self.ast.list(function.params));
        if let Some(result) = function.result {
            self.result(result);
        }
        self.space();
        if function.result.is_some() && self.is_value(body) {
            self.short_block(body);
        } else {
            self.block(body, function.result.is_none());
        }
    }

    /// `(a: int, b: int = 1)`.
    pub(super) fn params(&mut self, params: &[Param]) {
        self.bracketed(T::LParen, T::RParen, params.len(), |p, at| p.param(params, at));
    }

    pub(super) fn param(&mut self, params: &[Param], at: usize) {
        let Some(param) = params.get(at) else { return };
        self.any();
        if let Some(ty) = param.ty {
            self.token(T::Colon);
            self.space();
            self.ty(ty);
        }
        if let Some(default) = param.default {
            self.space();
            self.token(T::Assign);
            self.space();
            self.expr(default);
        }
    }
}

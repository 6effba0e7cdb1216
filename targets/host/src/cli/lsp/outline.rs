//! The declarations of a source, as editors list them.

use lsp_types::{DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse, SymbolKind};
use mog_compiler::ast::{Ast, ItemId, ItemKind, Name, Span, StmtKind};
use mog_compiler::parser::parse;

use super::Server;
use super::document::Lines;

impl Server {
    pub(super) fn symbols(&self, params: &DocumentSymbolParams) -> Option<DocumentSymbolResponse> {
        let document = self.document(&params.text_document.uri)?;
        let ast = parse(&document.text).ast;
        let outline = Outline { ast: &ast, lines: Lines::new(&document.text) };
        Some(DocumentSymbolResponse::Nested(
            ast.list(ast.root).iter().filter_map(|&item| outline.item(item)).collect(),
        ))
    }
}

struct Outline<'a> {
    ast: &'a Ast,
    lines: Lines<'a>,
}

impl Outline<'_> {
    fn item(&self, id: ItemId) -> Option<DocumentSymbol> {
        let item = self.ast[id];
        Some(match item.kind {
            ItemKind::Fn(function) => {
                self.symbol(self.ast[function].name?, SymbolKind::FUNCTION, item.span, Vec::new())
            }
            ItemKind::Struct { name, fields } => {
                let fields = self.ast.list(fields).iter();
                let fields = fields.map(|field| self.leaf(field.name, SymbolKind::FIELD)).collect();
                self.symbol(name, SymbolKind::STRUCT, item.span, fields)
            }
            ItemKind::Enum { name, variants } => {
                let variants = self.ast.list(variants).iter();
                let variants =
                    variants.map(|variant| self.leaf(variant.name, SymbolKind::ENUM_MEMBER)).collect();
                self.symbol(name, SymbolKind::ENUM, item.span, variants)
            }
            ItemKind::Type { name, .. } => self.symbol(name, SymbolKind::CLASS, item.span, Vec::new()),
            ItemKind::Stmt(stmt) => match self.ast[stmt].kind {
                StmtKind::Let { name, .. } => self.symbol(name, SymbolKind::VARIABLE, item.span, Vec::new()),
                StmtKind::Const { name, .. } => {
                    self.symbol(name, SymbolKind::CONSTANT, item.span, Vec::new())
                }
                _ => return None,
            },
            _ => return None,
        })
    }

    fn leaf(&self, name: Name, kind: SymbolKind) -> DocumentSymbol {
        self.symbol(name, kind, name.span, Vec::new())
    }

    #[expect(deprecated, reason = "the protocol's type still has the field")]
    fn symbol(
        &self,
        name: Name,
        kind: SymbolKind,
        span: Span,
        children: Vec<DocumentSymbol>,
    ) -> DocumentSymbol {
        DocumentSymbol {
            name: self.ast.text(name.symbol).to_owned(),
            detail: None,
            kind,
            tags: None,
            deprecated: None,
            range: self.lines.range(span.to(name.span)),
            selection_range: self.lines.range(name.span),
            children: Some(children),
        }
    }
}

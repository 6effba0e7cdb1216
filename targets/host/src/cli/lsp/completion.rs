//! What could be written at a place: names of the source, and functions of capabilities.

use std::collections::BTreeMap;

use lsp_types::{CompletionItem, CompletionItemKind, CompletionParams, CompletionResponse};
use mog_compiler::ast::{ItemId, ItemKind};
use mog_compiler::parser::parse_declarations;
use mog_compiler::standard_declarations;

use super::Server;
use super::answers::ITSELF;

impl Server {
    pub(super) fn completion(&self, params: &CompletionParams) -> Option<CompletionResponse> {
        let (document, offset) = self.place(&params.text_document_position)?;
        let before = document.text.get(..offset as usize)?;
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let before = before.trim_end_matches(is_word);
        let items = match before.strip_suffix('.') {
            Some(before) => {
                let start = before.trim_end_matches(is_word).len();
                self.functions_of(before.get(start..)?)
            }
            None => self.names(document),
        };
        Some(CompletionResponse::Array(items))
    }

    /// The names that a document declares, and the capabilities that are known.
    fn names(&self, document: &super::Document) -> Vec<CompletionItem> {
        let mut items = BTreeMap::new();
        for (capability, _) in self.capabilities() {
            let kind = CompletionItemKind::INTERFACE;
            items.insert(capability.clone(), item(capability, kind, "capability".to_owned()));
        }
        for name in self.index(document).names() {
            let is_declaration = name.place.file == ITSELF && name.declared == Some(name.place);
            let Some(label) = Some(name.place.span.text(&document.text)).filter(|_| is_declaration) else {
                continue;
            };
            let kind = match name.text.split([' ', ':']).next() {
                Some("fn" | "async") => CompletionItemKind::FUNCTION,
                Some("struct") => CompletionItemKind::STRUCT,
                Some("enum") => CompletionItemKind::ENUM,
                Some("type") => CompletionItemKind::CLASS,
                Some("const") => CompletionItemKind::CONSTANT,
                Some("import") => CompletionItemKind::MODULE,
                _ => CompletionItemKind::VARIABLE,
            };
            items.insert(label.to_owned(), item(label.to_owned(), kind, name.text.clone()));
        }
        items.into_values().collect()
    }

    /// The functions of a capability.
    fn functions_of(&self, name: &str) -> Vec<CompletionItem> {
        let functions = self.capabilities().remove(name).unwrap_or_default();
        let function = |(name, declaration)| item(name, CompletionItemKind::FUNCTION, declaration);
        functions.into_iter().map(function).collect()
    }

    /// The functions of the known capabilities, each with its declaration. What the host declares wins.
    fn capabilities(&self) -> BTreeMap<String, Vec<(String, String)>> {
        let mut found = BTreeMap::new();
        let supplied = self.declarations.iter().map(|(_, text)| text.as_str());
        for text in standard_declarations().map(|(_, text)| text).chain(supplied) {
            let ast = parse_declarations(text).ast;
            for &id in ast.list(ast.root) {
                let ItemKind::Capability { name, members } = ast[id].kind else { continue };
                let function = |&member: &ItemId| match ast[member].kind {
                    ItemKind::Fn(function) => {
                        let declaration = ast[member].span.text(text).to_owned();
                        Some((ast.text(ast[function].name?.symbol).to_owned(), declaration))
                    }
                    _ => None,
                };
                let functions = ast.list(members).iter().filter_map(function).collect();
                found.insert(ast.text(name.symbol).to_owned(), functions);
            }
        }
        found
    }
}

fn item(label: String, kind: CompletionItemKind, detail: String) -> CompletionItem {
    CompletionItem { label, kind: Some(kind), detail: Some(detail), ..CompletionItem::default() }
}

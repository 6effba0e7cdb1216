//! What could be written at a place: names, words of the language, and after a dot what its left side has.

use std::collections::BTreeMap;

use lsp_types::{CompletionItem, CompletionItemKind, CompletionParams, CompletionResponse};
use mog_compiler::ast::{ItemId, ItemKind};
use mog_compiler::parser::parse_declarations;
use mog_compiler::{Member, NameKind, built_in_functions, index, keywords, standard_declarations};

use super::Server;
use super::answers::ITSELF;
use super::document::Document;

impl Server {
    pub(super) fn completion(&self, params: &CompletionParams) -> Option<CompletionResponse> {
        let (document, offset) = self.place(&params.text_document_position)?;
        let before = document.text.get(..offset as usize)?;
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let before = before.trim_end_matches(is_word);
        let blank = before.trim_end_matches([' ', '\t']);
        let before = if blank.ends_with('.') { blank } else { before };
        let items = match before.strip_suffix('.') {
            Some(before) => {
                let (outside, word) = before.split_at(before.trim_end_matches(is_word).len());
                let members = self.members(document, before);
                let is_part = outside.ends_with('.');
                if members.is_empty() && !is_part { self.functions_of(word) } else { members }
            }
            None => self.names(document),
        };
        Some(CompletionResponse::Array(items))
    }

    /// What can follow the dot after this text, which a document begins with.
    fn members(&self, document: &Document, before: &str) -> Vec<CompletionItem> {
        let after = document.text.get(before.len() + 1..).unwrap_or("");
        let after = after.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        let with = |name: &str| {
            let text = format!("{before}.{name}{after}");
            self.with_options(document, |options| index(&text, options).members_after(before))
        };
        // A dot that no name follows would be an error of syntax, behind which little is known; and so may be what is not
        // finished around it: an arm, a string.
        let mut members = Vec::new();
        for name in ["x", "x => 0", "x}\""] {
            if members.is_empty() {
                members = with(name);
            }
        }
        // What may have no value has other methods when it is asked.
        let mut asked = with("unwrap_or(0)");
        asked.retain(|member| member.kind == NameKind::Method && !members.contains(member));
        if asked.iter().any(|member| member.name == "unwrap_or") {
            members.extend(asked);
        }
        let shown = |Member { name, kind, text, .. }| item(name, kind_of(kind), text);
        members.into_iter().map(shown).collect()
    }

    /// The names that a document declares, those that the language has, and the capabilities that are known.
    fn names(&self, document: &Document) -> Vec<CompletionItem> {
        let mut items = BTreeMap::new();
        for word in keywords() {
            items.insert(word.to_owned(), item(word.to_owned(), CompletionItemKind::KEYWORD, String::new()));
        }
        for name in built_in_functions() {
            let kind = CompletionItemKind::FUNCTION;
            items.insert(name.to_owned(), item(name.to_owned(), kind, "built in".to_owned()));
        }
        for (capability, _) in self.capabilities() {
            let kind = CompletionItemKind::INTERFACE;
            items.insert(capability.clone(), item(capability, kind, "capability".to_owned()));
        }
        for name in self.index(document).names() {
            let is_declaration = name.place.file == ITSELF && name.declared == Some(name.place);
            let Some(label) = Some(name.place.span.text(&document.text)).filter(|_| is_declaration) else {
                continue;
            };
            items.insert(label.to_owned(), item(label.to_owned(), kind_of(name.kind), name.text.to_string()));
        }
        items.into_values().collect()
    }

    /// The functions of a capability.
    fn functions_of(&self, name: &str) -> Vec<CompletionItem> {
        let functions = self.capabilities().remove(name).unwrap_or_default();
        let function = |(name, declaration)| item(name, CompletionItemKind::FUNCTION, declaration);
        let available = item("available".to_owned(), CompletionItemKind::FIELD, "available: bool".to_owned());
        let is_known = !functions.is_empty();
        functions.into_iter().map(function).chain(is_known.then_some(available)).collect()
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

fn kind_of(kind: NameKind) -> CompletionItemKind {
    match kind {
        NameKind::Function => CompletionItemKind::FUNCTION,
        NameKind::Method => CompletionItemKind::METHOD,
        NameKind::Field => CompletionItemKind::FIELD,
        NameKind::Variant => CompletionItemKind::ENUM_MEMBER,
        NameKind::Struct => CompletionItemKind::STRUCT,
        NameKind::Enum => CompletionItemKind::ENUM,
        NameKind::Type => CompletionItemKind::CLASS,
        NameKind::Constant => CompletionItemKind::CONSTANT,
        NameKind::Module => CompletionItemKind::MODULE,
        _ => CompletionItemKind::VARIABLE,
    }
}

fn item(label: String, kind: CompletionItemKind, detail: String) -> CompletionItem {
    let detail = Some(detail).filter(|detail| !detail.is_empty());
    CompletionItem { label, kind: Some(kind), detail, ..CompletionItem::default() }
}

//! What there is to say of a program: the compiler's messages, what names stand for, and where they are.

use std::collections::HashMap;
use std::path::Path;

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionResponse, Diagnostic,
    DiagnosticRelatedInformation, DiagnosticSeverity, DocumentFormattingParams, DocumentHighlight,
    DocumentHighlightParams, GotoDefinitionParams, GotoDefinitionResponse, Hover, HoverContents, HoverParams,
    Location, MarkupContent, MarkupKind, NumberOrString, ReferenceParams, TextDocumentPositionParams,
    TextEdit, Uri, WorkspaceEdit,
};
use mog_compiler::ast::Span;
use mog_compiler::diagnostic::{self, Diagnostics, FileId, Severity};
use mog_compiler::{Index, Options, Place, compile, format, index};

use super::Server;
use super::document::{Document, Lines, uri_of};
use crate::cli::files;

/// The file itself, and not one that it imports.
pub(super) const ITSELF: FileId = FileId(0);

impl Server {
    /// Compiles a document as `mog check` does, but for open modules, which are as the editor has them.
    pub(super) fn with_options<R>(&self, document: &Document, work: impl FnOnce(&Options<'_>) -> R) -> R {
        let name = document.name();
        let declarations: Vec<_> =
            self.declarations.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let folder = document.path.as_deref().and_then(Path::parent);
        let imports = |module: &str| {
            let folder = folder?;
            let path = folder.join(format!("{module}.mog"));
            let open = self.documents.values().find(|open| open.path.as_ref() == Some(&path));
            // Editors do not count a byte order mark.
            let stored = || {
                let text = files::imported(folder, module)?;
                Some(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
            };
            open.map(|open| open.text.clone()).or_else(stored)
        };
        work(&Options { declarations: &declarations, imports: &imports, ..Options::new(&name) })
    }

    /// What the compiler says, and the sources that it says it of.
    pub(super) fn compiled(&self, document: &Document) -> (Diagnostics, Vec<(String, String)>) {
        self.with_options(document, |options| match compile(&document.text, options) {
            Ok(compiled) => (compiled.warnings, compiled.sources),
            Err(rejected) => (rejected.diagnostics, rejected.sources),
        })
    }

    pub(super) fn index(&self, document: &Document) -> Index {
        self.with_options(document, |options| index(&document.text, options))
    }

    /// The compiler's errors and warnings. The first of an imported module stands where that is imported.
    pub(super) fn diagnostics(&self, document: &Document) -> Vec<Diagnostic> {
        let (found, sources) = self.compiled(document);
        let lines = Lines::new(&document.text);
        let mut shown: Vec<_> = found
            .iter()
            .filter(|diagnostic| diagnostic.file == ITSELF)
            .map(|diagnostic| shown(diagnostic, document, &lines))
            .collect();
        if found.iter().any(|diagnostic| diagnostic.file != ITSELF) {
            let index = self.index(document);
            for (number, (module, text)) in sources.iter().enumerate().skip(1) {
                let file = FileId(number as u32);
                let is_error = |d: &&diagnostic::Diagnostic| d.file == file && d.severity == Severity::Error;
                let Some(first) = found.iter().find(is_error) else { continue };
                let of_module = |place: Option<Place>| place.is_some_and(|place| place.file == file);
                let import =
                    index.names().iter().find(|name| name.place.file == ITSELF && of_module(name.declared));
                let there = place_in(document, module.trim_end_matches(".mog"));
                shown.push(Diagnostic {
                    range: lines.range(import.map_or(Span::default(), |import| import.place.span)),
                    severity: Some(DiagnosticSeverity::ERROR),
                    source: Some("mog".to_owned()),
                    message: format!("{module} has an error: {}", first.message),
                    related_information: there.map(|uri| {
                        let location = Location::new(uri, Lines::new(text).range(first.span));
                        vec![DiagnosticRelatedInformation { location, message: first.message.clone() }]
                    }),
                    ..Diagnostic::default()
                });
            }
        }
        shown
    }

    /// The edits that the compiler proposes in a range.
    pub(super) fn code_actions(&self, params: &CodeActionParams) -> Option<CodeActionResponse> {
        let document = self.document(&params.text_document.uri)?;
        let lines = Lines::new(&document.text);
        let (found, _) = self.compiled(document);
        let actions = found.iter().filter(|diagnostic| diagnostic.file == ITSELF).filter_map(|diagnostic| {
            let fix = diagnostic.fix.as_ref()?;
            let range = lines.range(diagnostic.span);
            if range.end < params.range.start || params.range.end < range.start {
                return None;
            }
            let title = match (&diagnostic.help, fix.replacement.trim()) {
                (Some(help), _) => help.clone(),
                (None, "") => format!("remove `{}`", fix.span.text(&document.text)),
                (None, replacement) => format!("write `{replacement}`"),
            };
            let edit = TextEdit::new(lines.range(fix.span), fix.replacement.clone());
            Some(CodeActionOrCommand::CodeAction(CodeAction {
                title,
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![shown(diagnostic, document, &lines)]),
                edit: Some(WorkspaceEdit::new(HashMap::from([(document.uri.clone(), vec![edit])]))),
                is_preferred: Some(true),
                ..CodeAction::default()
            }))
        });
        Some(actions.collect())
    }

    /// The canonical form, unless the source has errors of syntax.
    pub(super) fn formatting(&self, params: &DocumentFormattingParams) -> Option<Vec<TextEdit>> {
        let document = self.document(&params.text_document.uri)?;
        let formatted = format(&document.text).ok()?;
        if formatted == document.text {
            return Some(Vec::new());
        }
        Some(vec![TextEdit::new(Lines::new(&document.text).all(), formatted)])
    }

    /// What a name stands for, or the type of an expression.
    pub(super) fn hover(&self, params: &HoverParams) -> Option<Hover> {
        let (document, offset) = self.place(&params.text_document_position_params)?;
        let index = self.index(document);
        let (span, text) = match index.name_at(ITSELF, offset) {
            Some(name) => (name.place.span, name.text.to_string()),
            None => index.type_at(offset)?,
        };
        Some(Hover {
            contents: HoverContents::Markup(MarkupContent {
                kind: MarkupKind::Markdown,
                value: format!("```mog\n{text}\n```"),
            }),
            range: Some(Lines::new(&document.text).range(span)),
        })
    }

    pub(super) fn definition(&self, params: &GotoDefinitionParams) -> Option<GotoDefinitionResponse> {
        let (document, offset) = self.place(&params.text_document_position_params)?;
        let index = self.index(document);
        let declared = index.name_at(ITSELF, offset)?.declared?;
        Some(GotoDefinitionResponse::Scalar(location(document, &index, declared)?))
    }

    pub(super) fn references(&self, params: &ReferenceParams) -> Option<Vec<Location>> {
        let (document, offset) = self.place(&params.text_document_position)?;
        let index = self.index(document);
        let declared = index.name_at(ITSELF, offset)?.declared?;
        let wanted = |place: &Place| params.context.include_declaration || *place != declared;
        let mut places: Vec<_> = index.places_of(declared).filter(wanted).collect();
        places.sort_by_key(|place| place.file);
        let mut found = Vec::with_capacity(places.len());
        for of_source in places.chunk_by(|one, other| one.file == other.file) {
            let Some(&first) = of_source.first() else { continue };
            let Some((uri, text)) = source(document, &index, first.file) else { continue };
            let lines = Lines::new(text);
            found.extend(of_source.iter().map(|place| Location::new(uri.clone(), lines.range(place.span))));
        }
        Some(found)
    }

    pub(super) fn highlights(&self, params: &DocumentHighlightParams) -> Option<Vec<DocumentHighlight>> {
        let (document, offset) = self.place(&params.text_document_position_params)?;
        let index = self.index(document);
        let declared = index.name_at(ITSELF, offset)?.declared?;
        let lines = Lines::new(&document.text);
        let here = index.places_of(declared).filter(|place| place.file == ITSELF);
        Some(here.map(|place| DocumentHighlight { range: lines.range(place.span), kind: None }).collect())
    }

    /// The document and the byte that a request is about.
    pub(super) fn place(&self, params: &TextDocumentPositionParams) -> Option<(&Document, u32)> {
        let document = self.document(&params.text_document.uri)?;
        Some((document, Lines::new(&document.text).offset(params.position)))
    }
}

/// A message as editors show it.
fn shown(diagnostic: &diagnostic::Diagnostic, document: &Document, lines: &Lines<'_>) -> Diagnostic {
    let parts = [Some(&diagnostic.message), diagnostic.label.as_ref(), diagnostic.help.as_ref()];
    let message: Vec<_> = parts.into_iter().flatten().map(String::as_str).collect();
    let related = diagnostic.notes.iter().map(|note| DiagnosticRelatedInformation {
        location: Location::new(document.uri.clone(), lines.range(note.span)),
        message: note.message.clone(),
    });
    Diagnostic {
        range: lines.range(diagnostic.span),
        severity: Some(match diagnostic.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(diagnostic.code.to_owned())),
        source: Some("mog".to_owned()),
        message: message.join("\n"),
        related_information: (!diagnostic.notes.is_empty()).then(|| related.collect()),
        ..Diagnostic::default()
    }
}

/// A place in a document or in a module that it imports.
fn location(document: &Document, index: &Index, place: Place) -> Option<Location> {
    let (uri, text) = source(document, index, place.file)?;
    Some(Location::new(uri, Lines::new(text).range(place.span)))
}

/// The address and the text of a document or of a module that it imports.
fn source<'a>(document: &'a Document, index: &'a Index, file: FileId) -> Option<(Uri, &'a str)> {
    if file == ITSELF {
        return Some((document.uri.clone(), &document.text));
    }
    let module = index.modules().get((file.0 as usize).checked_sub(1)?)?;
    Some((place_in(document, &module.name)?, &module.text))
}

/// The address of a module that a document imports.
fn place_in(document: &Document, module: &str) -> Option<Uri> {
    uri_of(&document.path.as_deref()?.parent()?.join(format!("{module}.mog")))
}

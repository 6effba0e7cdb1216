//! A name by another name, in all open programs that it stands in. It is tried before it is proposed: every name must stand
//! for what it stood for.

use std::collections::{BTreeMap, HashMap};

use lsp_types::{PrepareRenameResponse, RenameParams, TextDocumentPositionParams, TextEdit, WorkspaceEdit};
use mog_compiler::ast::Span;
use mog_compiler::diagnostic::{FileId, Severity};
use mog_compiler::{Index, NameUse, Place};

use super::Server;
use super::answers::ITSELF;
use super::document::{Document, Lines, uri_of};

/// The sources in which a name stands, and where.
type Places = BTreeMap<String, (Document, Vec<Span>)>;

impl Server {
    /// What would be renamed.
    pub(super) fn prepare_rename(
        &self,
        params: &TextDocumentPositionParams,
    ) -> Result<Option<PrepareRenameResponse>, String> {
        let Some((document, offset)) = self.place(params) else { return Ok(None) };
        let index = self.index(document);
        let (name, _) = renamed(&index, offset)?;
        let span = name.place.span;
        let placeholder = span.text(&document.text).to_owned();
        let range = Lines::new(&document.text).range(span);
        Ok(Some(PrepareRenameResponse::RangeWithPlaceholder { range, placeholder }))
    }

    pub(super) fn rename(&self, params: &RenameParams) -> Result<Option<WorkspaceEdit>, String> {
        let Some((document, offset)) = self.place(&params.text_document_position) else { return Ok(None) };
        let index = self.index(document);
        let (name, declared) = renamed(&index, offset)?;
        let (old, new) = (name.place.span.text(&document.text), params.new_name.as_str());
        let source =
            self.source_of(document, &index, declared.file).ok_or("its declaration is in no file")?;

        let programs: Vec<_> = self.documents.values().map(|program| Program::new(self, program)).collect();
        let mut places = Places::new();
        for program in &programs {
            let file = program.sources.iter().position(|known| known == source.uri.as_str());
            let Some(file) = file.map(|file| FileId(file as u32)) else { continue };
            self.note_places(program, Place { file, ..declared }, &mut places);
        }
        let is_old =
            |source: &Document, spans: &[Span]| spans.iter().all(|span| span.text(&source.text) == old);
        if !places.values().all(|(source, spans)| is_old(source, spans)) {
            return Err(format!("what is called `{old}` here has another name elsewhere"));
        }

        let mut after = Self { documents: self.documents.clone(), declarations: self.declarations.clone() };
        for (key, (source, spans)) in &places {
            let text = replaced(&source.text, spans, new);
            after.documents.insert(key.clone(), Document { text, ..source.clone() });
        }
        let growth = new.len() as i64 - old.len() as i64;
        for program in &programs {
            let Some(now) = after.document(&program.document.uri) else { continue };
            let moved = |place| program.moved(&places, place, growth);
            let names = program.index.names();
            let expected = names.iter().map(|name| (moved(name.place), name.declared.map(moved)));
            let index = after.index(now);
            let found = index.names().iter().map(|name| (name.place, name.declared));
            if !expected.eq(found) || after.errors(now) > self.errors(program.document) {
                let name = program.document.name();
                return Err(format!("`{new}` is no name, or something would have another meaning in {name}"));
            }
        }

        #[expect(clippy::mutable_key_type, reason = "the protocol's own type")]
        let changes: HashMap<_, _> = places
            .into_values()
            .map(|(source, spans)| {
                let lines = Lines::new(&source.text);
                let edit = |span: Span| TextEdit::new(lines.range(span), new.to_owned());
                (source.uri.clone(), spans.into_iter().map(edit).collect())
            })
            .collect();
        Ok(Some(WorkspaceEdit::new(changes)))
    }

    fn errors(&self, document: &Document) -> usize {
        let (found, _) = self.compiled(document);
        found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
    }

    /// One of the sources of a program, by the address that the editor has it under.
    fn source_of(&self, program: &Document, index: &Index, file: FileId) -> Option<Document> {
        if file == ITSELF {
            return Some(program.clone());
        }
        let module = index.modules().get((file.0 as usize).checked_sub(1)?)?;
        let path = program.path.as_deref()?.parent()?.join(format!("{}.mog", module.name));
        let open = self.documents.values().find(|open| open.path.as_ref() == Some(&path));
        let uri = open.map_or_else(|| uri_of(&path), |open| Some(open.uri.clone()));
        Some(Document { path: Some(path), text: module.text.clone(), uri: uri?, version: 0 })
    }

    /// Adds where, in the sources of a program, the name stands that was declared here.
    fn note_places(&self, program: &Program<'_>, declared: Place, places: &mut Places) {
        for place in program.index.places_of(declared) {
            let Some(key) = program.sources.get(place.file.0 as usize) else { continue };
            if !places.contains_key(key) {
                let Some(source) = self.source_of(program.document, &program.index, place.file) else {
                    continue;
                };
                places.insert(key.clone(), (source, Vec::new()));
            }
            let Some((_, spans)) = places.get_mut(key) else { continue };
            if let Err(at) = spans.binary_search_by_key(&place.span.start, |span| span.start) {
                spans.insert(at, place.span);
            }
        }
    }
}

/// An open document as a program.
struct Program<'d> {
    document: &'d Document,
    index: Index,
    /// The addresses of its sources, by their numbers; empty where there is none.
    sources: Vec<String>,
}

impl<'d> Program<'d> {
    fn new(server: &Server, document: &'d Document) -> Self {
        let index = server.index(document);
        let files = 0..=index.modules().len() as u32;
        let address = |file| server.source_of(document, &index, FileId(file)).map(|source| source.uri);
        let sources = files.map(|file| address(file).map_or_else(String::new, |uri| uri.as_str().to_owned()));
        Self { document, sources: sources.collect(), index }
    }

    /// Where a place is after all replacements, by each of which the text grows by so many bytes.
    fn moved(&self, places: &Places, place: Place, growth: i64) -> Place {
        let key = self.sources.get(place.file.0 as usize);
        let Some((_, spans)) = key.and_then(|key| places.get(key)) else { return place };
        let at = |offset: u32| {
            let before = spans.partition_point(|span| span.end <= offset);
            (i64::from(offset) + before as i64 * growth) as u32
        };
        Place { span: Span::new(at(place.span.start), at(place.span.end)), ..place }
    }
}

/// The name at an offset, and where it was declared.
fn renamed(index: &Index, offset: u32) -> Result<(&NameUse, Place), String> {
    let name = index
        .name_at(ITSELF, offset)
        .ok_or("functions, types, constants and variables can be renamed; here is none that is known")?;
    match name.declared {
        Some(declared) if declared.span != Span::default() => Ok((name, declared)),
        Some(_) => Err("a module is called as its file is".to_owned()),
        None => Err("this name is not the program's own".to_owned()),
    }
}

fn replaced(text: &str, spans: &[Span], new: &str) -> String {
    let (mut done, mut out) = (0, String::with_capacity(text.len()));
    for span in spans {
        out.push_str(text.get(done..span.start as usize).unwrap_or(""));
        out.push_str(new);
        done = span.end as usize;
    }
    out + text.get(done..).unwrap_or("")
}

//! A name by another name, in all open programs that it stands in. It is tried before it is proposed: in programs without
//! errors there still are none, and every name that is noted stands for what it stood for.

use std::collections::{BTreeMap, HashMap};

use lsp_types::{PrepareRenameResponse, RenameParams, TextDocumentPositionParams, TextEdit, WorkspaceEdit};
use mog_compiler::ast::Span;
use mog_compiler::diagnostic::{FileId, Severity};
use mog_compiler::{Index, NameKind, NameUse, Place, keywords};

use super::Server;
use super::answers::ITSELF;
use super::document::{Document, Lines, uri_of};

/// The sources in which a name stands, by their addresses.
type Sources = BTreeMap<String, Source>;

/// Functions that hosts call by these names.
const ENTRIES: [&str; 3] = ["main", "save_state", "load_state"];

impl Server {
    /// What would be renamed.
    pub(super) fn prepare_rename(
        &self,
        params: &TextDocumentPositionParams,
    ) -> Result<Option<PrepareRenameResponse>, String> {
        let Some((document, offset)) = self.place(params) else { return Ok(None) };
        let index = self.index(document);
        let (name, _) = renamed(&index, offset, &document.text)?;
        let span = name.place.span;
        let placeholder = span.text(&document.text).to_owned();
        let range = Lines::new(&document.text).range(span);
        Ok(Some(PrepareRenameResponse::RangeWithPlaceholder { range, placeholder }))
    }

    pub(super) fn rename(&self, params: &RenameParams) -> Result<Option<WorkspaceEdit>, String> {
        let Some((document, offset)) = self.place(&params.text_document_position) else { return Ok(None) };
        let index = self.index(document);
        let (name, declared) = renamed(&index, offset, &document.text)?;
        let change = Change { old: name.place.span.text(&document.text), new: params.new_name.as_str() };
        if !is_name(change.new) {
            return Err(format!("`{}` is no name", change.new));
        }
        if name.kind == NameKind::Function && ENTRIES.contains(&change.new) {
            return Err(format!("hosts call a function `{}` by that name", change.new));
        }
        let source =
            self.source_of(document, &index, declared.file).ok_or("its declaration is in no file")?;

        let (mut sources, mut programs) = (Sources::new(), Vec::new());
        for program in self.documents.values() {
            let program = Program::new(self, program);
            let file = program.sources.iter().position(|known| known == source.uri.as_str());
            let Some(file) = file.map(|file| FileId(file as u32)) else { continue };
            // What is not understood there cannot be renamed with the rest.
            if self.has_errors(program.document) {
                let name = program.document.name();
                return Err(format!("{name} has errors; names can be renamed where there are none"));
            }
            self.note_places(&program, Place { file, ..declared }, &mut sources);
            programs.push(program);
        }
        let mut after = Self { documents: self.documents.clone(), declarations: self.declarations.clone() };
        for (key, source) in &mut sources {
            if !source.spots.iter().all(|spot| spot.span.text(&source.document.text) == change.old) {
                return Err(format!("what is called `{}` here has another name elsewhere", change.old));
            }
            let text = source.apply(&change);
            after.documents.insert(key.clone(), Document { text, ..source.document.clone() });
        }
        for program in &programs {
            let Some(now) = after.document(&program.document.uri) else { continue };
            let moved = |place| program.moved(&sources, place, &change);
            let names = program.index.names();
            let expected = names.iter().map(|name| (moved(name.place), name.declared.map(moved)));
            let index = after.index(now);
            let found = index.names().iter().map(|name| (name.place, name.declared));
            if !expected.eq(found) || after.has_errors(now) {
                let name = program.document.name();
                return Err(format!("with `{}` something would have another meaning in {name}", change.new));
            }
        }

        #[expect(clippy::mutable_key_type, reason = "the protocol's own type")]
        let changes: HashMap<_, _> = sources
            .into_values()
            .map(|Source { document, spots, .. }| {
                let lines = Lines::new(&document.text);
                let edit = |spot: &Spot| TextEdit::new(lines.range(spot.span), change.at(spot));
                (document.uri.clone(), spots.iter().map(edit).collect())
            })
            .collect();
        Ok(Some(WorkspaceEdit::new(changes)))
    }

    fn has_errors(&self, document: &Document) -> bool {
        let (found, _) = self.compiled(document);
        found.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
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
    fn note_places(&self, program: &Program<'_>, declared: Place, sources: &mut Sources) {
        for name in program.index.names().iter().filter(|name| name.declared == Some(declared)) {
            let file = name.place.file;
            let Some(key) = program.sources.get(file.0 as usize) else { continue };
            if !sources.contains_key(key) {
                let Some(document) = self.source_of(program.document, &program.index, file) else { continue };
                sources.insert(key.clone(), Source { document, spots: Vec::new() });
            }
            let Some(Source { spots, .. }) = sources.get_mut(key) else { continue };
            let spot = Spot { span: name.place.span, is_field: name.is_field, grown: 0 };
            if let Err(at) = spots.binary_search_by_key(&spot.span.start, |spot| spot.span.start) {
                spots.insert(at, spot);
            }
        }
    }
}

/// A name by another.
struct Change<'n> {
    old: &'n str,
    new: &'n str,
}

impl Change<'_> {
    /// What stands in a spot afterwards. A field keeps its name.
    fn at(&self, spot: &Spot) -> String {
        let Self { old, new } = self;
        if spot.is_field { format!("{old}: {new}") } else { (*new).to_owned() }
    }
}

/// A source in which the name stands.
struct Source {
    document: Document,
    /// In the order of the text.
    spots: Vec<Spot>,
}

/// Where the name stands.
struct Spot {
    span: Span,
    is_field: bool,
    /// By how many bytes the text has grown behind it.
    grown: i64,
}

impl Source {
    /// The text afterwards.
    fn apply(&mut self, change: &Change<'_>) -> String {
        let text = &self.document.text;
        let (mut done, mut out) = (0, String::with_capacity(text.len()));
        for spot in &mut self.spots {
            out.push_str(text.get(done..spot.span.start as usize).unwrap_or(""));
            out.push_str(&change.at(spot));
            done = spot.span.end as usize;
            spot.grown = out.len() as i64 - done as i64;
        }
        out + text.get(done..).unwrap_or("")
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

    /// Where a place is afterwards.
    fn moved(&self, sources: &Sources, place: Place, change: &Change<'_>) -> Place {
        let key = self.sources.get(place.file.0 as usize);
        let Some(Source { spots, .. }) = key.and_then(|key| sources.get(key)) else { return place };
        let at = |offset: u32| {
            let before = spots.partition_point(|spot| spot.span.end <= offset);
            let last = before.checked_sub(1).and_then(|last| spots.get(last));
            (i64::from(offset) + last.map_or(0, |spot| spot.grown)) as u32
        };
        let (mut start, end) = (at(place.span.start), at(place.span.end));
        if let Ok(spot) = spots.binary_search_by_key(&place.span.start, |spot| spot.span.start) {
            // Behind the name of the field, if there is one.
            let is_whole = spots.get(spot).is_some_and(|spot| spot.span == place.span);
            start = if is_whole { end - change.new.len() as u32 } else { start };
        }
        Place { span: Span::new(start, end), ..place }
    }
}

/// The name at an offset, and where it was declared.
fn renamed<'i>(index: &'i Index, offset: u32, text: &str) -> Result<(&'i NameUse, Place), String> {
    let name = index
        .name_at(ITSELF, offset)
        .ok_or("functions, types, constants and variables can be renamed; here is none that is known")?;
    let written = name.place.span.text(text);
    if name.kind == NameKind::Function && ENTRIES.contains(&written) {
        return Err(format!("hosts call `{written}` by its name"));
    }
    match name.declared {
        Some(declared) if declared.span != Span::default() => Ok((name, declared)),
        Some(_) => Err("a module is called as its file is".to_owned()),
        None => Err("this name is not the program's own".to_owned()),
    }
}

/// Whether a text can be a name.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !keywords().any(|word| word == text)
}

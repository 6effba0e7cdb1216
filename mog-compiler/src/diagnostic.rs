//! What the compiler has to say about a source: the one path of every error and warning, whichever pass found it.
//!
//! A message is written for the model that wrote the program: what is wrong, where, what was expected, and what to
//! write instead. [`Diagnostic`] is built with the `error`/`warning` constructors and the methods that follow them,
//! collected in [`Diagnostics`], and shown as text for a terminal or as JSON lines.

use std::cell::OnceCell;

use annotate_snippets::{AnnotationKind, Level, Patch, Renderer, Snippet};
use serde::Serialize;

use crate::ast::Span;

/// Errors beyond this many, and likewise warnings, are dropped: nobody reads them.
pub const MAX_DIAGNOSTICS: usize = 100;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The program is not accepted.
    Error,
    /// The program is accepted, unless warnings are denied.
    Warning,
}

/// A source file of a compilation: its position among the [`SourceFile`]s that are rendered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// One error or warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable name for the kind of problem, such as `unclosed-bracket`.
    pub code: &'static str,
    /// What is wrong, on one line.
    pub message: String,
    /// The file; set by [`Diagnostics::push`].
    pub file: FileId,
    /// Where.
    pub span: Span,
    /// What to say at the marked place: usually what was expected.
    pub label: Option<String>,
    /// What to do about it, in words.
    pub help: Option<String>,
    /// What to do about it, as an edit.
    pub fix: Option<Fix>,
    /// Other places that belong to it.
    pub notes: Vec<Note>,
}

/// An edit that would repair the problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What is replaced; empty for an insertion.
    pub span: Span,
    /// By what.
    pub replacement: String,
}

/// A further place in the same file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub span: Span,
    /// What to say there.
    pub message: String,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, span, message.into())
    }

    /// A warning.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, span, message.into())
    }

    #[cold] // so all ways to reports are: what is correct does not pay for them
    #[inline(never)]
    fn new(severity: Severity, code: &'static str, span: Span, message: String) -> Self {
        Self {
            severity,
            code,
            message,
            file: FileId::default(),
            span,
            label: None,
            help: None,
            fix: None,
            notes: Vec::new(),
        }
    }

    /// Says something at the marked place.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Says what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to write instead of what `span` covers.
    pub fn fix(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, replacement: replacement.into() });
        self
    }

    /// Points at another place.
    pub fn note(mut self, span: Span, message: impl Into<String>) -> Self {
        self.notes.push(Note { span, message: message.into() });
        self
    }

    /// The text for a terminal: message, source line with the place marked, help, fix. Ends with a line end.
    pub fn render(&self, file: &SourceFile<'_>, color: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(printable(&self.message)).id(self.code);
        let excerpt = Excerpt::new(file, self.area(file));
        let mut snippet = excerpt.snippet(file).annotation(
            AnnotationKind::Primary
                .span(excerpt.range(file, self.span))
                .label(self.label.as_deref().map(printable)),
        );
        let mut elsewhere = Vec::new();
        for note in &self.notes {
            let place = Excerpt::new(file, note.span);
            let mark = |at: &Excerpt| {
                AnnotationKind::Context.span(at.range(file, note.span)).label(printable(&note.message))
            };
            if excerpt.covers(note.span) {
                snippet = snippet.annotation(mark(&excerpt));
            } else {
                elsewhere.push(place.snippet(file).annotation(mark(&place)));
            }
        }
        let mut group = title.element(snippet).elements(elsewhere);
        let mut groups = Vec::new();
        match &self.fix {
            Some(fix) => {
                let help = self.help.as_deref().map_or_else(|| self.fix_in_words(), printable);
                let place = Excerpt::new(file, fix.span);
                let patch = Patch::new(place.range(file, fix.span), printable(&fix.replacement));
                groups.push(Level::HELP.secondary_title(help).element(place.snippet(file).patch(patch)));
            }
            None => {
                if let Some(help) = &self.help {
                    group = group.element(Level::HELP.message(printable(help)));
                }
            }
        }
        groups.insert(0, group);
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut text = renderer.render(&groups);
        text.push('\n');
        let (line, column) = file.position(self.span.start);
        let seeming = excerpt.seeming_column(file, self.span.start);
        if seeming != column as usize {
            let place = |column: usize| format!("{}:{line}:{column}", file.name);
            text = text.replacen(&place(seeming), &place(column as usize), 1);
        }
        text
    }

    /// The place with those of the notes that are near.
    fn area(&self, file: &SourceFile<'_>) -> Span {
        let near = |area: &Span| {
            area.end - area.start < Excerpt::MAX_WIDTH / 2
                && file.line(area.end) - file.line(area.start) < Excerpt::MAX_LINES
        };
        let whole = Span::new(self.span.start, self.span.end.max(self.span.start));
        self.notes.iter().fold(whole, |area, note| Some(area.to(note.span)).filter(near).unwrap_or(area))
    }

    fn fix_in_words(&self) -> String {
        match &self.fix {
            Some(fix) if fix.replacement.is_empty() => "remove this".to_owned(),
            _ => "write this".to_owned(),
        }
    }

    /// Label, help and notes in one line, for those who get no picture.
    fn all_help(&self, file: &SourceFile<'_>) -> Option<String> {
        let mut parts: Vec<String> = self.label.iter().chain(&self.help).cloned().collect();
        for note in &self.notes {
            let (line, column) = file.position(note.span.start);
            parts.push(format!("line {line}, column {column}: {}", note.message));
        }
        if parts.is_empty() { None } else { Some(parts.join("; ")) }
    }

    fn to_json(&self, file: &SourceFile<'_>) -> String {
        #[derive(Serialize)]
        struct Json<'a> {
            severity: &'static str,
            code: &'static str,
            message: &'a str,
            file: &'a str,
            line: u32,
            column: u32,
            end_line: u32,
            end_column: u32,
            help: Option<String>,
            fix: Option<JsonFix<'a>>,
        }
        #[derive(Serialize)]
        struct JsonFix<'a> {
            replace: &'a str,
            with: String,
        }
        let (line, column) = file.position(self.span.start);
        let (end_line, end_column) = file.position(self.span.end.max(self.span.start));
        let json = Json {
            severity: match self.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            code: self.code,
            message: &self.message,
            file: file.name,
            line,
            column,
            end_line,
            end_column,
            help: self.all_help(file),
            fix: self.fix.as_ref().and_then(|fix| {
                let wide = file.unambiguous(fix.span)?;
                let before = Span::new(wide.start, fix.span.start).text(file.text);
                let after = Span::new(fix.span.end, wide.end).text(file.text);
                let with = format!("{before}{}{after}", fix.replacement);
                Some(JsonFix { replace: wide.text(file.text), with })
            }),
        };
        serde_json::to_string(&json).unwrap_or_default()
    }
}

/// Control characters made visible, so that a source cannot drive the terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// All diagnostics of a compilation, or of one file of it.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    file: FileId,
    errors: usize,
}

impl Diagnostics {
    /// An empty collection for a file.
    pub fn new(file: FileId) -> Self {
        Self { list: Vec::new(), file, errors: 0 }
    }

    /// Sets the file that further diagnostics belong to.
    pub fn set_file(&mut self, file: FileId) {
        self.file = file;
    }

    /// The file that further diagnostics belong to.
    pub(crate) const fn file(&self) -> FileId {
        self.file
    }

    /// Adds one, as of the current file. Beyond [`MAX_DIAGNOSTICS`] of its severity it is dropped, as is a second one of
    /// the same kind at the same place.
    pub fn push(&mut self, mut diagnostic: Diagnostic) {
        diagnostic.file = self.file;
        self.admit(diagnostic);
    }

    fn admit(&mut self, diagnostic: Diagnostic) {
        let error = diagnostic.severity == Severity::Error;
        let alike = if error { self.errors } else { self.list.len() - self.errors };
        let same = |d: &Diagnostic| {
            (d.code, d.file, d.span, &d.message)
                == (diagnostic.code, diagnostic.file, diagnostic.span, &diagnostic.message)
        };
        if alike >= MAX_DIAGNOSTICS || self.list.iter().any(same) {
            return;
        }
        self.errors += usize::from(error);
        self.list.push(diagnostic);
    }

    /// Forgets all but so many of the first.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.list.truncate(len);
        self.count();
    }

    /// Forgets those of a kind within a place of the current file, where something better can be said.
    pub(crate) fn forget(&mut self, code: &str, within: Span) {
        let (file, inside) = (self.file, |span: Span| within.start <= span.start && span.end <= within.end);
        self.list.retain(|d| d.code != code || d.file != file || !inside(d.span));
        self.count();
    }

    /// Forgets the warnings of files other than the program itself: they were given before.
    pub(crate) fn forget_older_warnings(&mut self) {
        self.list.retain(|d| d.severity == Severity::Error || d.file == FileId::default());
        self.count();
    }

    fn count(&mut self) {
        self.errors = self.list.iter().filter(|d| d.severity == Severity::Error).count();
    }

    /// Says what to write instead in the diagnostic at this position.
    pub(crate) fn set_fix(&mut self, at: usize, fix: Fix) {
        if let Some(diagnostic) = self.list.get_mut(at) {
            diagnostic.fix = Some(fix);
        }
    }

    /// Adds those of another collection, which keep their files.
    pub fn append(&mut self, other: Self) {
        for diagnostic in other.list {
            self.admit(diagnostic);
        }
    }

    /// Whether further errors would be dropped.
    pub fn is_full(&self) -> bool {
        self.errors >= MAX_DIAGNOSTICS
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// Whether there are errors.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Puts them in source order.
    pub fn sort(&mut self) {
        self.list.sort_by_key(|d| (d.file, d.span.start, d.span.end));
    }

    /// Makes every warning an error.
    pub fn deny_warnings(&mut self) {
        for diagnostic in &mut self.list {
            diagnostic.severity = Severity::Error;
        }
        self.errors = self.list.len();
    }

    /// The text for a terminal, an empty line between two. `files` is indexed by [`FileId`].
    pub fn render(&self, files: &[SourceFile<'_>], color: bool) -> String {
        let texts: Vec<_> =
            self.list.iter().filter_map(|d| Some(d.render(files.get(d.file.0 as usize)?, color))).collect();
        texts.join("\n")
    }

    /// One JSON object a line. `files` is indexed by [`FileId`].
    ///
    /// `line` and `column` count from 1, columns in characters; the end is exclusive. The text of `fix.replace` occurs
    /// exactly once in the line or lines that it touches; a fix in a line of thousands of characters is left out.
    pub fn to_json_lines(&self, files: &[SourceFile<'_>]) -> String {
        let mut lines = String::new();
        for diagnostic in &self.list {
            if let Some(file) = files.get(diagnostic.file.0 as usize) {
                lines.push_str(&diagnostic.to_json(file));
                lines.push('\n');
            }
        }
        lines
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A source with its name, for showing places in it.
#[derive(Clone, Debug)]
pub struct SourceFile<'a> {
    /// What the user calls it.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    line_starts: OnceCell<Vec<u32>>,
}

impl<'a> SourceFile<'a> {
    /// A source; nothing is computed yet.
    pub fn new(name: &'a str, text: &'a str) -> Self {
        Self { name, text, line_starts: OnceCell::new() }
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let ends = self.text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
            std::iter::once(0).chain(ends.map(|(at, _)| at as u32 + 1)).collect()
        })
    }

    /// The line, from 0, that holds an offset.
    fn line(&self, offset: u32) -> usize {
        self.line_starts().partition_point(|&start| start <= offset).saturating_sub(1)
    }

    /// Where a line begins, and where its text ends.
    fn line_span(&self, line: usize) -> Span {
        let starts = self.line_starts();
        let start = starts.get(line).copied().unwrap_or(self.text.len() as u32);
        let next = starts.get(line + 1).copied().unwrap_or(self.text.len() as u32);
        let text = Span::new(start, next).text(self.text);
        Span::new(start, start + text.trim_end_matches(['\n', '\r']).len() as u32)
    }

    /// The line and column of an offset, both from 1; columns count characters.
    pub fn position(&self, offset: u32) -> (u32, u32) {
        let line = self.line(offset);
        let start = self.line_starts().get(line).copied().unwrap_or(0);
        let before = self.text.as_bytes().get(start as usize..offset as usize).unwrap_or(b"");
        let column = before.iter().filter(|&&byte| (byte & 0xc0) != 0x80).count();
        (line as u32 + 1, column as u32 + 1)
    }

    /// The span, or one around it whose text is not empty and occurs once in its lines. Of very long lines none.
    fn unambiguous(&self, span: Span) -> Option<Span> {
        let lines =
            Span::new(self.line_span(self.line(span.start)).start, self.line_span(self.line(span.end)).end);
        let around = lines.text(self.text);
        if around.len() > Excerpt::MAX_WIDTH as usize {
            return None;
        }
        let once = |span: Span| {
            let text = span.text(self.text);
            !text.is_empty() && around.find(text) == around.rfind(text)
        };
        if once(span) {
            return Some(span);
        }
        let from = Span::new(lines.start, span.start).text(self.text);
        let to = Span::new(span.end, lines.end).text(self.text);
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let back = from.len() - from.trim_end().trim_end_matches(word).len();
        let on = to.len() - to.trim_start().trim_start_matches(word).len();
        let wider = Span::new(span.start - back as u32, span.end + on as u32);
        Some(if once(wider) { wider } else { lines })
    }
}

/// The few lines of a file that a message shows; of a very long line, only the part around the place.
struct Excerpt {
    shown: Span,
    first_line: usize,
}

impl Excerpt {
    const MAX_LINES: usize = 6;
    const MAX_WIDTH: u32 = 2000;

    fn new(file: &SourceFile<'_>, span: Span) -> Self {
        let first_line = file.line(span.start);
        let last_line = file.line(span.end.max(span.start)).min(first_line + Self::MAX_LINES - 1);
        let mut shown = Span::new(file.line_span(first_line).start, file.line_span(last_line).end);
        // The beginning is kept as far as possible: columns are counted from it.
        if shown.end - shown.start > Self::MAX_WIDTH {
            if span.start - shown.start > Self::MAX_WIDTH / 2 {
                shown.start = boundary(file.text, span.start - Self::MAX_WIDTH / 2);
            }
            shown.end = boundary(file.text, shown.end.min(shown.start + Self::MAX_WIDTH));
        }
        Self { shown, first_line }
    }

    fn snippet<'a, T: Clone>(&self, file: &SourceFile<'a>) -> Snippet<'a, T> {
        let text = self.shown.text(file.text);
        Snippet::source(text).line_start(self.first_line + 1).path(file.name)
    }

    fn covers(&self, span: Span) -> bool {
        self.shown.start <= span.start && span.end <= self.shown.end
    }

    fn range(&self, file: &SourceFile<'_>, span: Span) -> std::ops::Range<usize> {
        let len = self.shown.end - self.shown.start;
        let start = span.start.saturating_sub(self.shown.start).min(len);
        let end = span.end.saturating_sub(self.shown.start).clamp(start, len);
        let at = |offset| (boundary(file.text, self.shown.start + offset) - self.shown.start) as usize;
        at(start)..at(end)
    }

    /// The column that the renderer takes an offset to have, because it does not see the whole line.
    fn seeming_column(&self, file: &SourceFile<'_>, offset: u32) -> usize {
        let before = Span::new(self.shown.start, boundary(file.text, offset)).text(file.text);
        before.rsplit('\n').next().unwrap_or("").chars().count() + 1
    }
}

/// The nearest character boundary at or before an offset.
fn boundary(text: &str, mut offset: u32) -> u32 {
    while offset > 0 && !text.is_char_boundary(offset as usize) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Diagnostic {
        Diagnostic::error("missing-comma", Span::new(11, 12), "a comma is missing here")
            .label("expected `,`")
            .fix(Span::new(10, 10), ",")
    }

    #[test]
    fn a_rendering_shows_place_and_fix() {
        let file = SourceFile::new("a.mog", "x := 1\nf(1 2)\n");
        let text = sample().render(&file, false);
        for part in [
            "error[missing-comma]: a comma is missing here",
            "a.mog:2:5",
            "f(1 2)",
            "expected `,`",
            "f(1, 2)",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(!text.contains('\u{1b}'));
        assert!(sample().render(&file, true).contains('\u{1b}'));
    }

    #[test]
    fn json_has_the_agreed_keys_and_a_locatable_fix() {
        let mut all = Diagnostics::new(FileId(0));
        all.push(sample());
        let json = all.to_json_lines(&[SourceFile::new("a.mog", "x := 1\nf(1 2)\n")]);
        assert_eq!(
            json,
            "{\"severity\":\"error\",\"code\":\"missing-comma\",\"message\":\"a comma is missing here\",\
             \"file\":\"a.mog\",\"line\":2,\"column\":5,\"end_line\":2,\"end_column\":6,\"help\":\"expected `,`\",\
             \"fix\":{\"replace\":\"1 2\",\"with\":\"1, 2\"}}\n"
        );
    }

    #[test]
    fn columns_count_characters() {
        let file = SourceFile::new("a.mog", "é := 1\r\nb");
        assert_eq!(file.position(3), (1, 3));
        assert_eq!(file.position(9), (2, 1));
        assert_eq!(file.position(99), (2, 1));
    }

    #[test]
    fn spans_outside_the_source_and_control_characters_are_harmless() {
        let file = SourceFile::new("a.mog", "\u{1b}[31mred\u{202e}");
        let bad = Diagnostic::error("x", Span::new(90, 99), "\u{1b}[2J")
            .note(Span::new(70, 3), "n")
            .fix(Span::new(50, 60), "\u{7}");
        let text = bad.render(&file, false);
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
    }

    #[test]
    fn a_huge_line_is_shown_in_part() {
        let source = "x".repeat(10_000_000);
        let file = SourceFile::new("a.mog", &source);
        let text = Diagnostic::error("x", Span::new(9_000_000, 9_000_001), "here").render(&file, false);
        assert!(text.len() < 10_000);
        assert!(text.contains("a.mog:1:9000001"), "{text}");
    }

    #[test]
    fn the_collection_is_bounded_and_drops_repetitions() {
        let mut all = Diagnostics::new(FileId(0));
        for at in 0..1000 {
            all.push(Diagnostic::error("x", Span::new(at / 2, at / 2), "m"));
            all.push(Diagnostic::warning("x", Span::new(at, at), "m"));
        }
        assert_eq!((all.errors(), all.len()), (MAX_DIAGNOSTICS, 2 * MAX_DIAGNOSTICS));
        all.deny_warnings();
        assert_eq!(all.errors(), all.len());
    }
}

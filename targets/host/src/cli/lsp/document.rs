//! Sources as an editor has them: places count lines from 0 and, within a line, units of UTF-16.

use std::path::PathBuf;

use lsp_types::{Position, Range, Uri};
use mog_compiler::ast::Span;
use url::Url;

/// A source that is open in the editor.
#[derive(Clone)]
pub(super) struct Document {
    pub(super) uri: Uri,
    /// Where it is, if it is a file.
    pub(super) path: Option<PathBuf>,
    pub(super) text: String,
    pub(super) version: i32,
}

impl Document {
    pub(super) fn new(uri: Uri, text: String, version: i32) -> Self {
        let path = path_of(&uri);
        Self { uri, path, text, version }
    }

    /// What messages call it.
    pub(super) fn name(&self) -> String {
        self.path.as_ref().map_or_else(|| self.uri.as_str().to_owned(), |path| path.display().to_string())
    }
}

/// The file that an address names.
pub(super) fn path_of(uri: &Uri) -> Option<PathBuf> {
    Url::parse(uri.as_str()).ok()?.to_file_path().ok()
}

/// The address of a file.
pub(super) fn uri_of(path: &std::path::Path) -> Option<Uri> {
    Url::from_file_path(path).ok()?.as_str().parse().ok()
}

/// The lines of a text.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// Units of UTF-16 before every [`STRIDE`]th byte, or the character that it belongs to: lines can be long.
    units: Vec<u32>,
}

const STRIDE: usize = 256;

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let ends = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        let (mut units, mut before) = (Vec::with_capacity(text.len() / STRIDE + 1), 0);
        for (at, character) in text.char_indices() {
            while units.len() * STRIDE < at + character.len_utf8() {
                units.push(before);
            }
            before += character.len_utf16() as u32;
        }
        Self { text, starts, units }
    }

    /// Units of UTF-16 before a byte, where a character begins.
    fn units_before(&self, offset: usize) -> u32 {
        let Some(&known) = self.units.get(offset / STRIDE) else {
            return self.text.encode_utf16().count() as u32;
        };
        let from = boundary(self.text, offset / STRIDE * STRIDE);
        known + self.text.get(from..offset).unwrap_or("").encode_utf16().count() as u32
    }

    /// The place of a byte, or of the character that it belongs to.
    pub(super) fn position(&self, offset: u32) -> Position {
        let offset = boundary(self.text, (offset as usize).min(self.text.len()));
        let line = self.starts.partition_point(|&start| start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0);
        Position::new(line as u32, self.units_before(offset) - self.units_before(start))
    }

    pub(super) fn range(&self, span: Span) -> Range {
        Range::new(self.position(span.start), self.position(span.end.max(span.start)))
    }

    /// The byte at a place; the line's end if it is shorter, the text's if it has fewer lines.
    pub(super) fn offset(&self, position: Position) -> u32 {
        let line = position.line as usize;
        let Some(&start) = self.starts.get(line) else { return self.text.len() as u32 };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let text = self.text.get(start..end).unwrap_or("").trim_end_matches(['\n', '\r']);
        let mut units = 0;
        for (at, character) in text.char_indices() {
            if units >= position.character {
                return (start + at) as u32;
            }
            units += character.len_utf16() as u32;
        }
        (start + text.len()) as u32
    }

    /// The whole text.
    pub(super) fn all(&self) -> Range {
        self.range(Span::new(0, self.text.len() as u32))
    }
}

/// Where the character begins that a byte belongs to.
fn boundary(text: &str, mut offset: usize) -> usize {
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_long_lines_are_found() {
        let text = format!("{}\n{}", "é😀x".repeat(500), "abc😀".repeat(300));
        let lines = Lines::new(&text);
        let starts = [0, text.find('\n').map_or(0, |at| at + 1)];
        for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let line = usize::from(at >= starts[1]);
            let units = text[starts[line]..at].encode_utf16().count();
            let position = Position::new(line as u32, units as u32);
            assert_eq!(lines.position(at as u32), position, "{at}");
            assert_eq!(lines.offset(position), at as u32, "{at}");
        }
    }

    #[test]
    fn places_count_utf16_and_stay_in_the_text() {
        let lines = Lines::new("é😀x\r\ny");
        for (offset, line, character) in [(0, 0, 0), (2, 0, 1), (6, 0, 3), (7, 0, 4), (9, 1, 0), (10, 1, 1)] {
            let position = Position::new(line, character);
            assert_eq!(lines.position(offset), position, "{offset}");
            assert_eq!(lines.offset(position), offset, "{position:?}");
        }
        assert_eq!(lines.position(4), Position::new(0, 1), "within a character");
        assert_eq!(lines.position(99), Position::new(1, 1));
        assert_eq!(lines.offset(Position::new(0, 99)), 7, "before the line's end");
        assert_eq!(lines.offset(Position::new(99, 0)), 10);
    }
}

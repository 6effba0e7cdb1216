//! Sources as an editor has them: places count lines from 0 and, within a line, units of UTF-16.

use std::path::PathBuf;

use lsp_types::{Position, Range, Uri};
use mog_compiler::ast::Span;
use url::Url;

/// A source that is open in the editor.
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
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let ends = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        Self { text, starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect() }
    }

    /// The place of a byte, or of the character that it belongs to.
    pub(super) fn position(&self, offset: u32) -> Position {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|&start| start <= offset).saturating_sub(1);
        let before = self.starts.get(line).and_then(|&start| self.text.get(start..offset)).unwrap_or("");
        Position::new(line as u32, before.encode_utf16().count() as u32)
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

#[cfg(test)]
mod tests {
    use super::*;

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

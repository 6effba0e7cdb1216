//! Where lines break: a stream of pieces, and its text.
//!
//! The pieces are those of Wadler's and Oppen's printers: texts, possible line breaks, and groups of them. A group
//! stands in one line if it fits, or else all its [`Piece::Line`]s and [`Piece::Soft`]s break. The stream is flat, so
//! layout takes linear time and no recursion, however deep the groups are.

/// Columns of a line.
const WIDTH: u64 = 100;
/// Columns of a level of indentation.
const INDENT: usize = 2;
/// The width of what cannot stand in one line.
const NEVER: u64 = 1 << 32;

/// An element of the stream.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece<'a> {
    /// Text that stays as it is; line ends in it are part of it.
    Text(&'a str),
    /// A comment; after one that begins with `//` the line ends.
    Comment(&'a str),
    /// A space.
    Space,
    /// A space, or a line end in a broken group.
    Line,
    /// Nothing, or a line end in a broken group.
    Soft,
    /// In a broken group a space or, where what follows up to the next one does not fit, a line end.
    Fill,
    /// A line end.
    Hard,
    /// A line end and an empty line.
    Blank,
    /// In a broken group, text.
    IfBroken(&'a str),
    /// The beginning of a group.
    Open,
    /// The beginning of a group that does not break, however long it is.
    OpenFlat,
    /// The end of a group.
    Close,
    /// Lines that begin from here on are indented one level more.
    Indent,
    /// One level less.
    Dedent,
    /// Nothing: a place kept for another piece.
    Nothing,
}

impl Piece<'_> {
    /// Whether a group with it cannot stand in one line.
    pub(super) fn breaks(self) -> bool {
        match self {
            Self::Hard | Self::Blank => true,
            Self::Text(text) => text.contains('\n'),
            Self::Comment(text) => text.starts_with("//") || text.contains('\n'),
            _ => false,
        }
    }

    /// The width in one line.
    fn width(self) -> u64 {
        let own = match self {
            Self::Text(text) | Self::Comment(text) => columns(text),
            Self::Space | Self::Line | Self::Fill => 1,
            _ => 0,
        };
        if self.breaks() { own + NEVER } else { own }
    }

    /// Whether a line may end here, so that what follows does not count for what comes before.
    const fn may_end_line(self) -> bool {
        matches!(self, Self::Line | Self::Soft | Self::Fill | Self::Hard | Self::Blank | Self::Comment(_))
    }
}

fn columns(text: &str) -> u64 {
    if text.is_ascii() { text.len() as u64 } else { text.chars().count() as u64 }
}

/// For every piece that begins something the width of it in one line, with what must follow in the same line.
fn widths(pieces: &[Piece<'_>]) -> Vec<u64> {
    // Where the next possible line end is, as the width of everything before it.
    let mut sum: u64 = pieces.iter().map(|piece| piece.width()).sum();
    let mut line_end = sum;
    let mut widths = vec![0; pieces.len()];
    // From the back: for every open group where the line may end after it, and where the next place in it is.
    let mut open: Vec<(u64, u64)> = Vec::new();
    for (piece, width) in pieces.iter().zip(&mut widths).rev() {
        let after = sum;
        sum = sum.saturating_sub(piece.width());
        match piece {
            Piece::Close => open.push((line_end, line_end)),
            Piece::Open | Piece::OpenFlat => {
                let (end, _) = open.pop().unwrap_or((line_end, line_end));
                *width = end.saturating_sub(sum);
            }
            _ => {}
        }
        if piece.may_end_line() {
            line_end = sum;
            if let Some((_, next)) = open.last_mut() {
                if matches!(piece, Piece::Fill) {
                    *width = next.saturating_sub(after);
                }
                *next = sum;
            }
        }
    }
    widths
}

/// What stands between the last text and the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    Nothing,
    Space,
    Line,
    Blank,
}

struct Layout {
    text: String,
    column: u64,
    indent: usize,
    gap: Gap,
}

impl Layout {
    fn put(&mut self, text: &str) {
        match self.gap {
            _ if self.text.is_empty() => {}
            Gap::Nothing => {}
            Gap::Space => {
                self.text.push(' ');
                self.column += 1;
            }
            Gap::Line | Gap::Blank => {
                self.text.push_str(if self.gap == Gap::Blank { "\n\n" } else { "\n" });
                self.text.extend(std::iter::repeat_n(' ', self.indent * INDENT));
                self.column = (self.indent * INDENT) as u64;
            }
        }
        self.gap = Gap::Nothing;
        self.text.push_str(text);
        match text.rfind('\n') {
            Some(end) => self.column = columns(text.get(end + 1..).unwrap_or("")),
            None => self.column += columns(text),
        }
    }

    fn ask(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    /// Whether so much fits after the gap.
    fn fits(&self, width: u64) -> bool {
        let column = match self.gap {
            Gap::Nothing => self.column,
            Gap::Space => self.column + 1,
            Gap::Line | Gap::Blank => (self.indent * INDENT) as u64,
        };
        column + width <= WIDTH
    }
}

/// The text of a stream, with a line end at its end unless it is empty.
pub(super) fn layout(pieces: &[Piece<'_>]) -> String {
    let widths = widths(pieces);
    let mut out = Layout { text: String::new(), column: 0, indent: 0, gap: Gap::Nothing };
    // Whether each open group is broken.
    let mut broken: Vec<bool> = Vec::new();
    for (&piece, &width) in pieces.iter().zip(&widths) {
        let breaks = broken.last().copied().unwrap_or(true);
        match piece {
            Piece::Text(text) => out.put(text),
            Piece::Comment(text) => {
                out.put(text);
                if text.starts_with("//") || text.starts_with('#') {
                    out.ask(Gap::Line);
                }
            }
            Piece::Space => out.ask(Gap::Space),
            Piece::Line => out.ask(if breaks { Gap::Line } else { Gap::Space }),
            Piece::Soft if breaks => out.ask(Gap::Line),
            Piece::Fill => {
                out.ask(Gap::Space);
                if breaks && !out.fits(width) {
                    out.ask(Gap::Line);
                }
            }
            Piece::Hard => out.ask(Gap::Line),
            Piece::Blank => out.ask(Gap::Blank),
            Piece::IfBroken(text) if breaks => out.put(text),
            Piece::Open => broken.push(breaks && !out.fits(width)),
            Piece::OpenFlat => broken.push(false),
            Piece::Close => {
                broken.pop();
            }
            Piece::Indent => out.indent += 1,
            Piece::Dedent => out.indent = out.indent.saturating_sub(1),
            Piece::Soft | Piece::IfBroken(_) | Piece::Nothing => {}
        }
    }
    if !out.text.is_empty() {
        out.text.push('\n');
    }
    out.text
}

//! The way along the source's tokens: each is printed or left out in its turn, and the comments between two of them
//! come out between the same two. So nothing is lost or out of order, whatever the printing of a construct forgets.

use crate::ast::{Comment, Span};
use crate::lexer::{T, Token};

use super::Printer;
use super::layout::Piece;

/// Comments between two tokens, by what they belong to.
struct Run {
    /// Behind the token before, in its line.
    behind: std::ops::Range<usize>,
    /// In lines of their own.
    own: std::ops::Range<usize>,
    /// Before the token after, in its line.
    before: std::ops::Range<usize>,
}

impl<'a> Printer<'a> {
    pub(super) fn push(&mut self, piece: Piece<'a>) {
        self.breaks += u32::from(piece.breaks());
        self.pieces.push(piece);
    }

    pub(super) fn space(&mut self) {
        self.push(Piece::Space);
    }

    pub(super) fn open(&mut self) {
        self.push(Piece::Open);
    }

    pub(super) fn close(&mut self) {
        self.push(Piece::Close);
    }

    pub(super) fn indent(&mut self) {
        self.push(Piece::Indent);
    }

    pub(super) fn dedent(&mut self) {
        self.push(Piece::Dedent);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Tokens

    /// The next token; the last one at the end.
    pub(super) fn next(&self) -> Token {
        self.ahead(0)
    }

    /// The token so far ahead.
    pub(super) fn ahead(&self, count: usize) -> Token {
        self.token_at(self.at + count)
    }

    /// The first token that begins at an offset or later.
    pub(super) fn token_after(&self, offset: u32) -> Token {
        self.token_at(self.tokens.partition_point(|token| token.start < offset))
    }

    fn token_at(&self, position: usize) -> Token {
        let end = Token {
            start: self.end,
            end: self.end,
            symbol: crate::ast::sym::EMPTY,
            kind: T::Eof,
            line: true,
        };
        self.tokens.get(position).copied().unwrap_or(end)
    }

    pub(super) fn at(&self, kind: T) -> bool {
        self.next().kind == kind
    }

    /// Prints the next token, which is of this kind.
    pub(super) fn token(&mut self, kind: T) {
        self.lost |= !self.at(kind);
        self.any();
    }

    /// Prints the next token.
    pub(super) fn any(&mut self) {
        let text = self.next().span().text(self.source);
        self.instead(text);
    }

    /// Prints the next token if it is of this kind.
    pub(super) fn optional(&mut self, kind: T) -> bool {
        let there = self.at(kind);
        if there {
            self.any();
        }
        there
    }

    /// Prints a text in place of the next token.
    pub(super) fn instead(&mut self, text: &'a str) {
        self.comments();
        self.push(Piece::Text(text));
        self.step();
    }

    /// Prints a text that is not in the source, before the next token.
    pub(super) fn insert(&mut self, text: &'a str) {
        self.comments();
        self.push(Piece::Text(text));
    }

    /// Leaves out the next token, which is of this kind. Its comments come before the token after it.
    pub(super) fn skip(&mut self, kind: T) {
        self.lost |= !self.at(kind);
        self.step();
    }

    /// Leaves out the next token if it is of this kind.
    pub(super) fn skip_if(&mut self, kind: T) -> bool {
        let there = self.at(kind);
        if there {
            self.step();
        }
        there
    }

    fn step(&mut self) {
        self.lost |= self.at(T::Eof);
        self.at += 1;
    }

    /// Prints what is left of a node as it stands in the source.
    pub(super) fn verbatim(&mut self, span: Span) {
        self.comments();
        let start = self.next().start;
        while !self.at(T::Eof) && self.next().start < span.end {
            self.step();
        }
        self.passed_comments = self.comments_before(span.end);
        self.push(Piece::Text(Span::new(start, span.end).text(self.source)));
    }

    /// Prints `>`, which may be the first half of a longer token.
    pub(super) fn angle(&mut self) {
        let rest = match self.next().kind {
            T::Shr => T::Gt,
            T::Ge => T::Assign,
            T::ShrEq => T::Ge,
            _ => return self.token(T::Gt),
        };
        self.comments();
        self.push(Piece::Text(">"));
        if let Some(token) = self.tokens.get_mut(self.at) {
            token.kind = rest;
            token.start += 1;
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Comments

    /// How many comments begin before an offset.
    fn comments_before(&self, offset: u32) -> usize {
        let after = self.ast.comments.get(self.passed_comments..).unwrap_or(&[]);
        self.passed_comments + after.partition_point(|comment| comment.span.start < offset)
    }

    /// Whether a comment begins inside.
    pub(super) fn has_comment_in(&self, span: Span) -> bool {
        let first = self.ast.comments.partition_point(|comment| comment.span.start < span.start);
        self.ast.comments.get(first).is_some_and(|comment| comment.span.start < span.end)
    }

    /// Whether comments wait to be printed before the next token.
    pub(super) fn at_comment(&self) -> bool {
        self.comments_before(self.next().start) > self.passed_comments
    }

    fn comment(&self, at: usize) -> Span {
        self.ast.comments.get(at).map_or_else(Span::default, |comment: &Comment| comment.span)
    }

    /// Line ends right before an offset: none, one, or more. The file begins with a line.
    fn lines_before(&self, offset: u32) -> usize {
        const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
        let before = self.source.as_bytes().get(..offset as usize).unwrap_or(b"");
        let space = before.iter().rev().take_while(|byte| is_space(**byte)).count();
        let (text, space) = before.split_at(before.len() - space);
        let lines = space.iter().filter(|byte| **byte == b'\n').take(2).count();
        if text.is_empty() || text == BYTE_ORDER_MARK { lines.max(1) } else { lines }
    }

    fn line_ends_after(&self, offset: u32) -> bool {
        let after = self.source.as_bytes().get(offset as usize..).unwrap_or(b"");
        after.iter().find(|byte| !is_space(**byte) || **byte == b'\n').is_none_or(|byte| *byte == b'\n')
    }

    fn take_run(&mut self) -> Run {
        let (start, end) = (self.passed_comments, self.comments_before(self.next().start));
        self.passed_comments = end;
        let mut before = end;
        while before > start && !self.line_ends_after(self.comment(before - 1).end) {
            before -= 1;
        }
        let mut behind = start;
        while behind < before && self.lines_before(self.comment(behind).start) == 0 {
            behind += 1;
            if self.line_ends_after(self.comment(behind - 1).end) {
                break;
            }
        }
        Run { behind: start..behind, own: behind..before, before: before..end }
    }

    fn push_comment(&mut self, at: usize) {
        self.push(Piece::Comment(self.comment(at).text(self.source).trim_end()));
    }

    /// Comments where no line end is foreseen.
    fn comments(&mut self) {
        if self.at_comment() {
            self.run(None);
        }
    }

    /// A place for a line end between two parts, and the comments there.
    pub(super) fn separate(&mut self, place: Piece<'a>) {
        self.run(Some(place));
    }

    /// What stands before a statement or a comment in a line of its own; `place` says whether an empty line may.
    fn line_before(&self, offset: u32, place: Option<Piece<'a>>) -> Piece<'a> {
        let keeps_blank = matches!(place, Some(Piece::Blank));
        if keeps_blank && self.lines_before(offset) > 1 { Piece::Blank } else { Piece::Hard }
    }

    /// The same before a comment, which may also follow another one in its line.
    fn gap_before(&self, comment: usize, place: Option<Piece<'a>>) -> Piece<'a> {
        let start = self.comment(comment).start;
        if self.lines_before(start) == 0 { Piece::Space } else { self.line_before(start, place) }
    }

    fn run(&mut self, mut place: Option<Piece<'a>>) {
        let Run { behind, own, before } = self.take_run();
        let forced = !(behind.is_empty() && own.is_empty());
        for at in behind {
            self.space();
            self.push_comment(at);
            place = after_comment(place);
        }
        for at in own {
            self.push(self.gap_before(at, place));
            self.push_comment(at);
            place = after_comment(place);
        }
        let next = if before.is_empty() { self.next().start } else { self.comment(before.start).start };
        match place {
            Some(Piece::Hard | Piece::Blank) => self.push(self.line_before(next, place)),
            _ if forced => self.push(Piece::Hard),
            Some(place) => self.push(place),
            None => self.space(),
        }
        for at in before {
            self.push_comment(at);
            self.space();
        }
    }

    /// A place for a line end before a closing bracket, which ends an indentation, and the comments there. `first`
    /// says that nothing else is in the brackets.
    pub(super) fn separate_closer(&mut self, mut place: Piece<'a>, first: bool) {
        let Run { mut behind, own, before } = self.take_run();
        let mut own = own.start..before.end;
        let mut forced = !own.is_empty() || !behind.is_empty();
        if behind.is_empty()
            && own == before
            && !own.is_empty()
            && self.lines_before(self.comment(own.start).start) == 0
        {
            // All in one line with the bracket.
            behind = own.clone();
            own.start = own.end;
            forced = false;
        }
        for at in behind {
            self.push(if first && !forced { place } else { Piece::Space });
            self.push_comment(at);
            place = after_comment(Some(place)).unwrap_or(place);
        }
        for at in own {
            self.push(self.gap_before(at, Some(place)));
            self.push_comment(at);
            place = after_comment(Some(place)).unwrap_or(place);
        }
        self.dedent();
        self.push(if forced || matches!(place, Piece::Blank) { Piece::Hard } else { place });
    }

    /// Comments directly behind what was printed, before the comma or semicolon that follows it.
    pub(super) fn comments_behind(&mut self) {
        let (start, end) = (self.passed_comments, self.comments_before(self.next().start));
        let inline = (start..end).all(|at| {
            let span = self.comment(at);
            self.lines_before(span.start) == 0 && !self.line_ends_after(span.end)
        });
        if inline {
            for at in start..end {
                self.space();
                self.push_comment(at);
            }
            self.passed_comments = end;
        }
    }
}

/// Where nothing but a line end may be at first, an empty line may be after a comment.
const fn after_comment(place: Option<Piece<'_>>) -> Option<Piece<'_>> {
    match place {
        Some(Piece::Hard) => Some(Piece::Blank),
        place => place,
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c)
}

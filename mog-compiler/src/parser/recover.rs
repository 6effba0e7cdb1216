//! Going on after an error.

use crate::ast::{List, Listed, Span, sym};
use crate::diagnostic::Diagnostic;
use crate::lexer::{T, Token};

use super::{Context, Parser};

const UNCLOSED: u32 = u32::MAX;
/// How far up the stack a closing bracket looks for its partner.
const MAX_SKEW: usize = 32;

/// For every opening bracket the position of the token that closes it. A `}` closes the nearest `{`, whatever is open
/// inside; the other brackets do not reach beyond a `{`.
fn match_brackets(tokens: &[Token]) -> Vec<u32> {
    let mut partners = vec![UNCLOSED; tokens.len()];
    let mut open: Vec<(usize, T)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let opening = match token.kind {
            kind @ (T::LParen | T::LBracket | T::LBrace | T::FOpen) => {
                open.push((at, kind));
                continue;
            }
            T::RParen => T::LParen,
            T::RBracket => T::LBracket,
            T::RBrace => T::LBrace,
            T::FClose => T::FOpen,
            _ => continue,
        };
        let barrier = |kind: T| kind == T::FOpen || (kind == T::LBrace && opening != T::FOpen);
        let mut candidates = open.iter().rev().take(MAX_SKEW);
        let found = candidates.position(|&(_, kind)| kind == opening || barrier(kind));
        if let Some(skew) = found
            && let Some(&(partner, kind)) = open.get(open.len() - 1 - skew)
            && kind == opening
        {
            open.truncate(open.len() - 1 - skew);
            if let Some(slot) = partners.get_mut(partner) {
                *slot = at as u32;
            }
        }
    }
    partners
}

/// The same by indentation: a `}` at the beginning of a line does not close what a line further right opened, and a
/// declaration ends what a line at its place or further right opened.
pub(super) fn match_by_indentation(tokens: &[Token], indentation: impl Fn(u32) -> usize) -> Vec<u32> {
    let mut partners = vec![UNCLOSED; tokens.len()];
    // Position, kind, and how far the line is indented.
    let mut open: Vec<(usize, T, usize)> = Vec::new();
    let mut column = 0;
    for (at, token) in tokens.iter().enumerate() {
        if token.line {
            column = indentation(token.start);
            if declares(tokens, at) {
                while open.last().is_some_and(|&(_, _, outer)| outer >= column) {
                    open.pop();
                }
            }
        }
        let opening = match token.kind {
            kind @ (T::LParen | T::LBracket | T::LBrace | T::FOpen) => {
                open.push((at, kind, column));
                continue;
            }
            T::RParen => T::LParen,
            T::RBracket => T::LBracket,
            T::RBrace => T::LBrace,
            T::FClose => T::FOpen,
            _ => continue,
        };
        if token.line && opening == T::LBrace {
            while open.last().is_some_and(|&(_, _, outer)| outer > column) {
                open.pop();
            }
        }
        while let Some(&(partner, kind, _)) = open.last() {
            let barrier = kind == T::FOpen || (kind == T::LBrace && opening != T::FOpen);
            if kind != opening && barrier {
                break;
            }
            open.pop();
            if kind == opening {
                if let Some(slot) = partners.get_mut(partner) {
                    *slot = at as u32;
                }
                break;
            }
        }
    }
    partners
}

/// Whether a declaration begins at a token.
fn declares(tokens: &[Token], at: usize) -> bool {
    let kind = |at: usize| tokens.get(at).map_or(T::Eof, |token| token.kind);
    match kind(at) {
        T::Fn => kind(at + 1) == T::Ident,
        T::Async => kind(at + 1) == T::Fn && kind(at + 2) == T::Ident,
        T::Pub | T::Struct | T::Enum | T::Import => true,
        _ => false,
    }
}

impl Parser<'_> {
    /// The token that closes the bracket at a position.
    pub(super) fn partner(&mut self, open: usize) -> Option<usize> {
        let tokens = &self.tokens;
        let partners = self.brackets.get_or_insert_with(|| match_brackets(tokens));
        partners.get(open).copied().filter(|&close| close != UNCLOSED).map(|close| close as usize)
    }

    /// While panicking in a bracket: goes to where it closes, and no longer panics. False if it never closes.
    pub(super) fn leave_bracket(&mut self, open: usize) -> bool {
        match self.partner(open) {
            Some(close) if close >= self.pos && !self.too_deep && !self.diagnostics.is_full() => {
                self.seek(close);
                self.panicking = false;
                true
            }
            _ => false,
        }
    }

    /// After an error in the statement that began at `start`: goes to the next one.
    pub(super) fn recover(&mut self, start: usize) {
        if self.resume(start) {
            self.skip_line(start);
        }
    }

    /// After an error in the arm, field or variant that began at `start`: goes to what separates it from the next.
    pub(super) fn recover_entry(&mut self, start: usize) {
        if !self.resume(start) {
            return;
        }
        while !matches!(self.tok.kind, T::Eof | T::RBrace | T::Comma | T::Semi | T::FClose | T::FEnd) {
            if self.tok.line && self.pos > start && !self.continues_line() {
                return;
            }
            match self.partner(self.pos) {
                Some(close) => self.seek(close + 1),
                None => self.bump(),
            }
        }
    }

    /// Notes the names that the statement which began at `start` and could not be read would have made: the use of one
    /// is no further error.
    pub(super) fn lose_names(&mut self, start: usize) {
        const REACH: usize = 60;
        let line = self.tokens.get(start..self.pos.min(start + REACH)).unwrap_or(&[]);
        let ends = |&(at, token): &(usize, &Token)| at == 0 || !token.line;
        let line: Vec<Token> = line.iter().enumerate().take_while(ends).map(|(_, token)| *token).collect();
        let kind = |at: usize| line.get(at).map_or(T::Eof, |token| token.kind);
        let imports = line.first().is_some_and(|first| {
            first.kind == T::Import
                || matches!(first.symbol, sym::FROM | sym::USE | sym::USING | sym::INCLUDE)
        });
        let assigns = line.iter().position(|token| matches!(token.kind, T::Assign | T::ColonEq));
        // `int add(`, `class Foo`: the second word.
        let declared = kind(0).is_word() && kind(1) == T::Ident && !matches!(kind(2), T::Dot);
        let names = match assigns {
            _ if imports => line.as_slice(),
            Some(end) => line.get(..end).unwrap_or(&[]),
            None if declared => line.get(1..2).unwrap_or(&[]),
            None => &[],
        };
        let names = names.iter().filter(|token| token.kind == T::Ident);
        self.ast.lost.extend(names.map(|token| token.symbol));
    }

    /// Stops panicking, unless this is the end, and leaves the brackets that were opened since `start`.
    fn resume(&mut self, start: usize) -> bool {
        // What the end of the file cut off is reported once.
        let end = self.at(T::Eof) || self.too_deep || self.diagnostics.is_full();
        self.panicking = end;
        let mut at = start;
        while at < self.pos && !end {
            at = match self.partner(at) {
                Some(close) if close >= self.pos => {
                    self.seek(close + 1);
                    break;
                }
                Some(close) => close + 1,
                None => at + 1,
            };
        }
        !end
    }

    /// Goes to the end of the line or statement, over brackets as a whole.
    fn skip_line(&mut self, start: usize) {
        loop {
            match self.tok.kind {
                T::Eof | T::RBrace | T::FClose | T::FEnd => return,
                _ if self.tok.line && self.pos > start && !self.continues_line() => return,
                T::Semi => return self.bump(),
                T::LParen | T::LBracket | T::LBrace | T::FOpen => match self.partner(self.pos) {
                    Some(close) => self.seek(close + 1),
                    None => self.bump(),
                },
                _ => self.bump(),
            }
        }
    }

    /// Whether the current token goes on with a statement when it begins a line.
    fn continues_line(&self) -> bool {
        matches!(
            self.tok.kind,
            T::Else
                | T::Catch
                | T::Dot
                | T::Question
                | T::RParen
                | T::RBracket
                | T::Comma
                | T::And
                | T::Or
                | T::Plus
        )
    }

    /// After an error in the head of a construct: goes to the `{` of its body, if it stands on the same line.
    pub(super) fn skip_to_body(&mut self) -> bool {
        let mut at = self.pos;
        while let Some(&token) = self.tokens.get(at) {
            match token.kind {
                T::LBrace => {
                    if self.too_deep || self.diagnostics.is_full() {
                        return false;
                    }
                    self.seek(at);
                    self.panicking = false;
                    return true;
                }
                T::Eof | T::Semi | T::RBrace | T::FClose | T::FEnd => return false,
                _ if token.line && at > self.pos => return false,
                T::LParen | T::LBracket => at = self.partner(at).map_or(at, |close| close) + 1,
                _ => at += 1,
            }
        }
        false
    }

    /// Parses what stands between two brackets, separated by commas; the opening one is the current token. `element`
    /// puts one element on the stack of its type. Line ends mean nothing, and a trailing comma is fine.
    pub(super) fn bracketed<X: Listed>(
        &mut self,
        close: T,
        what: &str,
        mut element: impl FnMut(&mut Self),
    ) -> List<X> {
        let open = self.pos;
        let mark = self.mark::<X>();
        if self.panicking {
            return List::EMPTY;
        }
        self.in_context(Context::BRACKET, |p| {
            p.bump();
            loop {
                if p.eat(close) {
                    break;
                }
                if p.ends_bracket() {
                    p.wrong_end(open, close);
                    break;
                }
                let before = p.pos;
                element(p);
                if p.panicking {
                    if p.leave_bracket(open) {
                        p.close_or_stop(close);
                    }
                    break;
                }
                if !p.eat(T::Comma) && !p.at(close) && !p.missing_comma(open, close, what, before) {
                    break;
                }
            }
        });
        self.list_since(mark)
    }

    /// At a bracket that closes something else, or at the end.
    fn ends_bracket(&self) -> bool {
        matches!(self.tok.kind, T::RParen | T::RBracket | T::RBrace | T::Eof | T::FClose | T::FEnd)
    }

    /// The partner found by matching need not be of the right kind after errors.
    fn close_or_stop(&mut self, close: T) {
        if !self.eat(close) {
            self.panicking = true;
        }
    }

    /// Between two elements without a comma. True if the list goes on.
    fn missing_comma(&mut self, open: usize, close: T, what: &str, before: usize) -> bool {
        if self.at(T::Error) {
            self.panicking = true;
        } else if self.ends_bracket() || self.partner(open).is_none() {
            self.wrong_end(open, close);
            return false;
        } else if self.starts_operand() && self.pos > before {
            let here = Span::new(self.prev_end, self.prev_end);
            self.report(
                Diagnostic::error(
                    "missing-comma",
                    self.tok.span(),
                    format!("a comma is missing between {what}"),
                )
                .label(format!("expected `,` or `{}` before this", close.text()))
                .fix(here, ","),
            );
            return !self.panicking;
        } else {
            self.fail(self.unexpected(&format!("`,` or `{}`", close.text())));
        }
        if self.leave_bracket(open) {
            self.close_or_stop(close);
        }
        false
    }

    /// A bracket that does not close, or is closed by one of another kind.
    pub(super) fn wrong_end(&mut self, open: usize, close: T) {
        let opening = self.tokens.get(open).copied().unwrap_or(self.tok);
        if self.at(T::Error) {
            self.panicking = true;
            return;
        }
        let other = matches!(self.tok.kind, T::RParen | T::RBracket | T::RBrace);
        if other && self.partner(open).is_none() && self.tok.kind != T::RBrace {
            let span = self.tok.span();
            self.report(
                Diagnostic::error(
                    "wrong-bracket",
                    span,
                    format!("`{}` is closed by `{}`", opening.kind.text(), self.tok.kind.text()),
                )
                .label(format!("expected `{}`", close.text()))
                .note(opening.span(), "opened here")
                .fix(span, close.text()),
            );
            return self.bump();
        }
        if self.partner(open).is_some() {
            // Something stray inside; what closes it comes later.
            self.fail(self.unexpected(&format!("`{}`", close.text())).note(opening.span(), "opened here"));
            if self.leave_bracket(open) {
                self.close_or_stop(close);
            }
            return;
        }
        let error = Diagnostic::error(
            "unclosed-bracket",
            opening.span(),
            format!("this `{}` is never closed", opening.kind.text()),
        )
        .label(format!("expected a matching `{}`", close.text()))
        .note(self.found_span(), format!("`{}` is missing at the latest here", close.text()));
        let line = self.source.get(opening.end as usize..).and_then(|rest| rest.lines().next()).unwrap_or("");
        self.fail(match line.split_once("//") {
            Some((before, rest)) if rest.trim_start().starts_with(|c: char| c.is_ascii_alphanumeric()) => {
                let at = opening.end + before.len() as u32;
                let error = error.help("`//` begins a comment; `/` divides integers without a remainder");
                if rest.contains(close.text()) { error.fix(Span::new(at, at + 2), "/") } else { error }
            }
            _ => error,
        });
    }

    /// At the `}` of a `{`.
    pub(super) fn closes(&mut self, open: usize) -> bool {
        self.at(T::RBrace) && !self.is_unclosed(open)
    }

    /// When indentation guides: whether a `{` has no partner.
    fn is_unclosed(&mut self, open: usize) -> bool {
        self.guided && self.partner(open).is_none()
    }

    /// When indentation guides: at a declaration that cannot belong to an unclosed block.
    pub(super) fn is_cut_short(&mut self, open: usize) -> bool {
        self.guided
            && self.tok.line
            && declares(&self.tokens, self.pos)
            && self.is_unclosed(open)
            && self.is_left_of(open)
    }

    /// When indentation guides: at a line that is no arm of an unclosed `match`.
    pub(super) fn is_no_arm(&mut self, open: usize) -> bool {
        const REACH: usize = 60;
        if !self.guided || !self.tok.line || !self.is_unclosed(open) || !self.is_left_of(open) {
            return false;
        }
        let line = (0..REACH).map(|ahead| self.peek(ahead)).enumerate();
        !line.take_while(|&(at, token)| at == 0 || !token.line).any(|(_, token)| token.kind == T::FatArrow)
    }

    /// Whether the current line is indented no further than the one with a `{`.
    fn is_left_of(&self, open: usize) -> bool {
        let opening = self.tokens.get(open).map_or(0, |token| token.start);
        self.indentation(self.tok.start) <= self.indentation(opening)
    }

    /// A block that does not end before the file, or before what cannot belong to it.
    pub(super) fn unclosed_block(&mut self, open: usize) {
        if self.panicking {
            return;
        }
        let opening = self.tokens.get(open).copied().unwrap_or(self.tok);
        let error = Diagnostic::error("unclosed-bracket", opening.span(), "this `{` is never closed");
        if !self.at(T::Eof) {
            let error = error.label("expected a matching `}`");
            return self.report(error.note(self.tok.span(), "`}` is missing at the latest before this"));
        }
        self.misbraced = true;
        let mut error = error.label("expected a matching `}` before the end of the file");
        if let Some((open, close)) = self.misaligned_braces() {
            error = error
                .note(open, "or is it this one that is not closed?")
                .note(close, "its `}` stands further left than the line that opens it");
        }
        self.fail(error);
    }

    /// The first pair of braces whose indentation says that it is no pair.
    fn misaligned_braces(&mut self) -> Option<(Span, Span)> {
        for at in 0..self.tokens.len() {
            let token = self.tokens.get(at).copied()?;
            if token.kind != T::LBrace {
                continue;
            }
            let Some(close) = self.partner(at).and_then(|close| self.tokens.get(close)).copied() else {
                continue;
            };
            if close.line && self.indentation(close.start) < self.indentation(token.start) {
                return Some((token.span(), close.span()));
            }
        }
        None
    }

    /// How far the line that holds an offset is indented. Of a line longer than a few hundred bytes, 0.
    pub(super) fn indentation(&self, offset: u32) -> usize {
        let bytes = self.source.as_bytes().get(..offset as usize).unwrap_or(b"");
        let window = bytes.get(bytes.len().saturating_sub(400)..).unwrap_or(b"");
        let line = match window.iter().rposition(|&byte| byte == b'\n') {
            Some(at) => window.get(at + 1..).unwrap_or(b""),
            None if window.len() < 400 => window,
            None => return 0,
        };
        line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }
}

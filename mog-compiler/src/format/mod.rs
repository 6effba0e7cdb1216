//! The canonical form of a source: one layout for each program, whatever the layout it came in.
//!
//! - The tree says what belongs together, so where lines may break and what is indented ([`layout`]).
//! - The source says what is printed: the printer follows its tokens ([`cursor`]), leaves some out, replaces some by
//!   the first of several synonyms, and never changes their order. Comments come along between the tokens where they
//!   were written; strings are copied.
//! - A line ends only where a line end means nothing or ends the statement, as in the source. The module that the
//!   program compiles to is the same before and after, line numbers aside.
//!
//! What depends on the author's layout: empty lines between statements (at most one is kept), and whether a comment
//! stands in a line of its own.

mod blocks;
mod cursor;
mod exprs;
mod items;
mod layout;
mod literals;
mod patterns;
mod stmts;
mod types;

use crate::ast::{Ast, Interner};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId};
use crate::lexer::{Token, lex};
use crate::parser::parse;
use layout::{Piece, layout};

/// The canonical form of a program or module. Formatting it again changes nothing.
///
/// # Errors
/// The source has syntax errors: what they are, and where. Other errors, such as an unknown name, do not matter here.
pub fn format(source: &str) -> Result<String, Diagnostics> {
    let parsed = parse(source);
    if parsed.diagnostics.has_errors() {
        return Err(parsed.diagnostics);
    }
    let readable = |text: &String| !parse(text).diagnostics.has_errors();
    // A closure in words is one level deeper than one in bars, which near the limit of nesting is one too many.
    let text = print(source, &parsed.ast, Bars::Replaced).filter(readable);
    text.or_else(|| print(source, &parsed.ast, Bars::Kept).filter(readable)).ok_or_else(|| {
        let mut diagnostics = Diagnostics::new(FileId::default());
        let start = crate::ast::Span::default();
        let message = "this source cannot be formatted; that is a defect of the formatter";
        diagnostics
            .push(Diagnostic::error("format", start, message).help("the program itself is not at fault"));
        diagnostics
    })
}

/// What becomes of `|x| x + 1`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bars {
    /// `fn(x) { x + 1 }`.
    Replaced,
    Kept,
}

/// None if the printer did not meet the tokens that the tree promises.
fn print(source: &str, ast: &Ast, bars: Bars) -> Option<String> {
    let mut diagnostics = Diagnostics::new(FileId::default());
    let lexed = lex(source, &mut Interner::new(), &mut diagnostics);
    let mut printer = Printer {
        source,
        ast,
        end: source.len() as u32,
        pieces: Vec::with_capacity(lexed.tokens.len() * 2),
        tokens: lexed.tokens,
        at: 0,
        passed_comments: 0,
        breaks: 0,
        unended: None,
        lost: false,
        bars,
    };
    printer.file();
    (!printer.lost).then(|| layout(&printer.pieces))
}

struct Printer<'a> {
    source: &'a str,
    ast: &'a Ast,
    tokens: Vec<Token>,
    /// The position of the next token.
    at: usize,
    /// The length of the source.
    end: u32,
    /// How many comments are printed.
    passed_comments: usize,
    pieces: Vec<Piece<'a>>,
    /// How many of the pieces break the groups around them.
    breaks: u32,
    /// The place of a semicolon that is needed if the token at this position is printed as it is.
    unended: Option<(usize, usize)>,
    /// The tokens are not those that the tree promised.
    lost: bool,
    bars: Bars,
}

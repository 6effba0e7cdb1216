//! Source text to tokens, in one pass over the bytes.
//!
//! Every token knows whether a line end stands before it; what a line end means is the parser's business, because the
//! innermost bracket decides. The tokens of f-strings are nested in the stream: `T::FStart`, then texts and
//! interpolations between `T::FOpen` and `T::FClose`, then `T::FEnd`; the lexer keeps a stack for that and does
//! not recurse.

mod literals;
mod words;

use crate::ast::{Comment, Interner, Span, Symbol, sym};
use crate::diagnostic::{Diagnostic, Diagnostics, MAX_DIAGNOSTICS};

pub use words::keywords;
use words::{ShortWords, is_word};

macro_rules! token_kinds {
    ($($kind:ident $text:literal,)*) => {
        /// The kinds of token.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum T { $($kind,)* }

        impl T {
            /// How messages name it.
            pub(crate) const fn text(self) -> &'static str {
                match self { $(Self::$kind => $text,)* }
            }
        }
    };
}

token_kinds! {
    Eof "the end of the file",
    // Unreadable bytes; already reported.
    Error "this",
    Ident "a name", Int "a number", Float "a number", Str "a string",
    FStart "an f-string", FText "text", FOpen "{", FSpec ":", FClose "}", FEnd "the end of the f-string",
    // In the order of `sym`.
    Fn "fn", Let "let", Const "const", If "if", Else "else", While "while", For "for", In "in", Loop "loop",
    Match "match", Return "return", Break "break", Continue "continue", Struct "struct", Enum "enum",
    Import "import", Pub "pub", Async "async", Await "await", Spawn "spawn", Try "try", Catch "catch",
    True "true", False "false", None "none", And "and", Or "or", Not "not", As "as",
    LParen "(", RParen ")", LBracket "[", RBracket "]", LBrace "{", RBrace "}",
    Comma ",", Semi ";", Colon ":", ColonEq ":=", Dot ".", DotDot "..", DotDotEq "..=", Question "?", Arrow "->",
    FatArrow "=>", Assign "=",
    PlusEq "+=", MinusEq "-=", StarEq "*=", SlashEq "/=", PercentEq "%=", AmpEq "&=", PipeEq "|=", CaretEq "^=",
    ShlEq "<<=", ShrEq ">>=",
    Plus "+", Minus "-", Star "*", Slash "/", Percent "%", Amp "&", Pipe "|", Caret "^", Shl "<<", Shr ">>",
    Tilde "~", Bang "!", EqEq "==", NotEq "!=", Lt "<", Le "<=", Gt ">", Ge ">=", PipePipe "||",
}

const KEYWORDS: [T; 29] = [
    T::Fn,
    T::Let,
    T::Const,
    T::If,
    T::Else,
    T::While,
    T::For,
    T::In,
    T::Loop,
    T::Match,
    T::Return,
    T::Break,
    T::Continue,
    T::Struct,
    T::Enum,
    T::Import,
    T::Pub,
    T::Async,
    T::Await,
    T::Spawn,
    T::Try,
    T::Catch,
    T::True,
    T::False,
    T::None,
    T::And,
    T::Or,
    T::Not,
    T::As,
];

impl T {
    /// Whether it is a word: as a field's name, any word will do.
    pub(crate) const fn is_word(self) -> bool {
        matches!(self as u8, kind if kind == T::Ident as u8 || (kind >= T::Fn as u8 && kind <= T::As as u8))
    }
}

/// A token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The word or the string's contents.
    pub(crate) symbol: Symbol,
    pub(crate) kind: T,
    /// A line end stands before it.
    pub(crate) line: bool,
}

impl Token {
    pub(crate) const fn span(self) -> Span {
        Span::new(self.start, self.end)
    }
}

/// What lexing gives.
pub(crate) struct Lexed {
    /// The tokens, at least the final [`T::Eof`].
    pub(crate) tokens: Vec<Token>,
    pub(crate) comments: Vec<Comment>,
    /// Where each line begins, if there are no errors.
    pub(crate) lines: Vec<u32>,
    /// Words occur that other languages use for a literal of Mog's: see [`sym::is_foreign`].
    pub(crate) foreign: bool,
}

/// Cuts a source into tokens. Its length must fit a `u32`.
pub(crate) fn lex(source: &str, names: &mut Interner, diagnostics: &mut Diagnostics) -> Lexed {
    let mut lexer = Lexer {
        source,
        bytes: source.as_bytes(),
        pos: 0,
        tokens: Vec::with_capacity(source.len().min(1 << 16) / 3 + 8),
        comments: Vec::new(),
        lines: Vec::with_capacity(source.len().min(1 << 16) / 24 + 1),
        names,
        diagnostics,
        line: true,
        foreign: false,
        strings: Vec::new(),
        depth: 0,
        buffer: String::new(),
        short_words: ShortWords::PREDEFINED,
    };
    lexer.lines.push(0);
    if source.starts_with('\u{feff}') {
        lexer.pos = 3;
    }
    if lexer.bytes.get(lexer.pos..lexer.pos + 2) == Some(b"#!") {
        lexer.line_comment(lexer.pos);
    }
    if !source.is_ascii() {
        lexer.reversals();
    }
    lexer.run();
    let Lexer { tokens, comments, lines, foreign, .. } = lexer;
    Lexed { tokens, comments, lines, foreign }
}

/// An f-string whose interpolation is being read.
struct OpenString {
    start: u32,
    quote: u8,
    /// Open brackets in the interpolation around it.
    outer_depth: u32,
}

struct Lexer<'a> {
    source: &'a str,
    bytes: &'a [u8],
    pos: usize,
    tokens: Vec<Token>,
    comments: Vec<Comment>,
    lines: Vec<u32>,
    names: &'a mut Interner,
    diagnostics: &'a mut Diagnostics,
    line: bool,
    foreign: bool,
    strings: Vec<OpenString>,
    /// Open brackets in the innermost interpolation.
    depth: u32,
    buffer: String,
    short_words: ShortWords,
}

impl Lexer<'_> {
    fn run(&mut self) {
        let bytes = self.bytes;
        loop {
            // Between tokens there is one space or none; a line's first ones are gone already.
            self.pos += usize::from(bytes.get(self.pos) == Some(&b' '));
            let start = self.pos;
            let Some(&byte) = bytes.get(start) else { break };
            match byte {
                b' ' => self.skip_while(|byte| byte == b' '),
                b'\t' | b'\r' | 0x0b | 0x0c => self.pos += 1,
                b'\n' => self.line_end(),
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
                b'0'..=b'9' => self.number(),
                b'"' => self.string(b'"', start),
                b'/' if self.at(1) == b'/' => self.line_comment(start),
                b'/' if self.at(1) == b'*' => self.block_comment(),
                b'{' | b'(' | b'[' => {
                    self.depth += 1;
                    let kind = match byte {
                        b'{' => T::LBrace,
                        b'(' => T::LParen,
                        _ => T::LBracket,
                    };
                    self.token(kind, 1);
                }
                b'}' if self.depth == 0 && !self.strings.is_empty() => {
                    self.token(T::FClose, 1);
                    if let Some(string) = self.strings.pop() {
                        self.depth = string.outer_depth;
                        self.f_text(string.start, string.quote);
                    }
                }
                b'}' | b')' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    let kind = match byte {
                        b'}' => T::RBrace,
                        b')' => T::RParen,
                        _ => T::RBracket,
                    };
                    self.token(kind, 1);
                }
                b':' if self.depth == 0 && !self.strings.is_empty() && self.at(1) != b':' => self.f_spec(),
                _ => match self.operator(byte) {
                    Some((kind, len)) => self.token(kind, len),
                    None => self.stray(byte),
                },
            }
        }
        if !self.strings.is_empty() {
            self.unclosed_interpolation();
        }
        self.line = true;
        self.pos = self.bytes.len();
        self.token(T::Eof, 0);
    }

    /// Goes on over bytes of a kind.
    #[inline]
    fn skip_while(&mut self, of_kind: impl Fn(u8) -> bool) {
        let rest = self.bytes.get(self.pos..).unwrap_or(b"");
        self.pos += run_length(rest, of_kind);
    }

    /// Warns of characters that make an editor show the text in another order than the compiler reads it.
    fn reversals(&mut self) {
        let reverses = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        for (at, char) in self.source.char_indices().filter(|&(_, char)| reverses(char)).take(MAX_DIAGNOSTICS)
        {
            let code = format!("\\u{{{:X}}}", u32::from(char));
            let span = Span::new(at as u32, (at + char.len_utf8()) as u32);
            self.diagnostics.push(
                Diagnostic::warning(
                    "text-direction",
                    span,
                    "an invisible character changes the order of the text shown",
                )
                .help(format!("leave it out; in a string it can be written as `{code}`")),
            );
        }
    }

    /// The byte so far ahead, 0 beyond the end.
    #[inline]
    fn at(&self, ahead: usize) -> u8 {
        self.bytes.get(self.pos + ahead).copied().unwrap_or(0)
    }

    #[inline]
    fn token(&mut self, kind: T, len: usize) {
        let start = self.pos;
        self.pos += len;
        self.push(kind, start, sym::EMPTY);
    }

    /// A token from `start` to here.
    #[inline]
    fn push(&mut self, kind: T, start: usize, symbol: Symbol) {
        self.tokens.push(Token { start: start as u32, end: self.pos as u32, symbol, kind, line: self.line });
        self.line = false;
    }

    fn span(&self, start: usize) -> Span {
        Span::new(start as u32, self.pos as u32)
    }

    fn report(&mut self, diagnostic: impl FnOnce() -> Diagnostic) {
        if self.diagnostics.is_full() {
            self.pos = self.bytes.len(); // nobody reads further
        } else {
            self.diagnostics.push(diagnostic());
        }
    }

    fn line_end(&mut self) {
        if !self.strings.is_empty() && self.depth == 0 {
            self.unclosed_interpolation();
        }
        self.line = true;
        self.pos += 1;
        self.lines.push(self.pos as u32);
        self.skip_while(|byte| byte == b' ');
    }

    #[inline]
    fn operator(&self, byte: u8) -> Option<(T, usize)> {
        let next = self.at(1);
        Some(match (byte, next) {
            (b',', _) => (T::Comma, 1),
            (b';', _) => (T::Semi, 1),
            (b':', b'=') => (T::ColonEq, 2),
            (b':', _) => (T::Colon, 1),
            (b'.', b'.') if self.at(2) == b'=' => (T::DotDotEq, 3),
            (b'.', b'.') => (T::DotDot, 2),
            (b'.', _) => (T::Dot, 1),
            (b'?', _) => (T::Question, 1),
            (b'=', b'=') => (T::EqEq, 2),
            (b'=', b'>') => (T::FatArrow, 2),
            (b'=', _) => (T::Assign, 1),
            (b'-', b'>') => (T::Arrow, 2),
            (b'-', b'=') => (T::MinusEq, 2),
            (b'-', _) => (T::Minus, 1),
            (b'+', b'=') => (T::PlusEq, 2),
            (b'+', _) => (T::Plus, 1),
            (b'*', b'=') => (T::StarEq, 2),
            (b'*', _) => (T::Star, 1),
            (b'/', b'=') => (T::SlashEq, 2),
            (b'/', _) => (T::Slash, 1),
            (b'%', b'=') => (T::PercentEq, 2),
            (b'%', _) => (T::Percent, 1),
            (b'&', b'&') => (T::And, 2),
            (b'&', b'=') => (T::AmpEq, 2),
            (b'&', _) => (T::Amp, 1),
            (b'|', b'|') => (T::PipePipe, 2),
            (b'|', b'=') => (T::PipeEq, 2),
            (b'|', _) => (T::Pipe, 1),
            (b'^', b'=') => (T::CaretEq, 2),
            (b'^', _) => (T::Caret, 1),
            (b'<', b'<') if self.at(2) == b'=' => (T::ShlEq, 3),
            (b'<', b'<') => (T::Shl, 2),
            (b'<', b'=') => (T::Le, 2),
            (b'<', _) => (T::Lt, 1),
            (b'>', b'>') if self.at(2) == b'=' => (T::ShrEq, 3),
            (b'>', b'>') => (T::Shr, 2),
            (b'>', b'=') => (T::Ge, 2),
            (b'>', _) => (T::Gt, 1),
            (b'!', b'=') => (T::NotEq, 2),
            (b'!', _) => (T::Bang, 1),
            (b'~', _) => (T::Tilde, 1),
            _ => return None,
        })
    }

    fn line_comment(&mut self, start: usize) {
        self.skip_while(|byte| byte != b'\n');
        let mut end = self.pos;
        if end > start && self.bytes.get(end - 1) == Some(&b'\r') {
            end -= 1;
        }
        let span = Span::new(start as u32, end as u32);
        self.comments.push(Comment { span, block: false, own_line: self.line });
    }

    fn block_comment(&mut self) {
        let start = self.pos;
        let own_line = self.line;
        let mut open = 0_u32;
        let mut lines = false;
        loop {
            match (self.at(0), self.at(1)) {
                (b'/', b'*') => {
                    open += 1;
                    self.pos += 2;
                }
                (b'*', b'/') => {
                    open -= 1;
                    self.pos += 2;
                    if open == 0 {
                        break;
                    }
                }
                (0, _) if self.pos >= self.bytes.len() => {
                    let span = Span::new(start as u32, start as u32 + 2);
                    self.report(|| {
                        Diagnostic::error("unclosed-comment", span, "this comment is never closed")
                            .label("expected a matching `*/` before the end of the file")
                            .help("block comments nest: every `/*` needs its own `*/`")
                    });
                    break;
                }
                (byte, _) => {
                    self.pos += 1;
                    if byte == b'\n' {
                        lines = true;
                        self.lines.push(self.pos as u32);
                    }
                }
            }
        }
        self.comments.push(Comment { span: self.span(start), block: true, own_line });
        if lines {
            if !self.strings.is_empty() && self.depth == 0 {
                self.unclosed_interpolation();
            }
            self.line = true;
        }
    }

    /// A byte that begins no token.
    fn stray(&mut self, byte: u8) {
        let start = self.pos;
        let Some(char) = self.source.get(start..).and_then(|rest| rest.chars().next()) else {
            self.pos += 1;
            return;
        };
        match byte {
            b'\'' => return self.quoted(start),
            b'`' => return self.template(),
            b'#' => return self.hash(),
            _ => {}
        }
        if char.is_alphabetic() {
            return self.foreign_word(start);
        }
        self.pos += char.len_utf8();
        let span = self.span(start);
        if let Some(last) = self.tokens.last_mut()
            && last.kind == T::Error
            && last.end == span.start
        {
            last.end = span.end;
            return;
        }
        if byte == b'$' && self.at(0) == b'"' {
            self.report(|| {
                Diagnostic::error("f-string-prefix", span, "strings with interpolation begin with `f`")
                    .fix(span, "f")
                    .help("write f\"… {value} …\"")
            });
            self.pos += 1;
            return self.f_string(start, b'"');
        }
        self.report(|| stray_character(char, span));
        if !char.is_whitespace() && char != '\u{feff}' && !('\u{200b}'..='\u{200d}').contains(&char) {
            self.push(T::Error, start, sym::EMPTY);
        }
    }

    /// A word with letters beyond ASCII, possibly after an ASCII part that is a token already.
    fn foreign_word(&mut self, start: usize) {
        let rest = self.source.get(start..).unwrap_or("");
        self.pos += rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let mut span = self.span(start);
        match self.tokens.last_mut() {
            Some(last) if last.end == span.start && last.kind == T::Ident => {
                last.end = span.end;
                span.start = last.start;
            }
            _ => self.push(T::Ident, start, sym::EMPTY),
        }
        self.report(|| {
            Diagnostic::error("name-not-ascii", span, "names consist of ASCII letters, digits and `_`")
                .help("other letters are fine in strings and comments")
        });
    }

    /// `#`: a comment of Python or the shell, or an attribute of Rust.
    fn hash(&mut self) {
        let start = self.pos;
        let attribute = matches!(self.at(1), b'[' | b'!');
        self.line_comment(start);
        let span = Span::new(start as u32, start as u32 + 1);
        let line = Span::new(span.start, self.pos as u32);
        let error = Diagnostic::error("hash", span, "`#` means nothing in Mog");
        self.report(|| match attribute {
            true => error.fix(line, "").help("there are no attributes or directives: leave the line out"),
            false => error.fix(span, "//").help("comments begin with `//`"),
        });
    }
}

/// How many bytes in the beginning are of a kind. Most runs are short, so eight bytes are looked at without a loop.
#[inline]
fn run_length(bytes: &[u8], of_kind: impl Fn(u8) -> bool) -> usize {
    let (eights, rest) = bytes.as_chunks::<8>();
    let mut len = 0;
    for eight in eights {
        match eight.iter().position(|&byte| !of_kind(byte)) {
            Some(end) => return len + end,
            None => len += 8,
        }
    }
    len + rest.iter().take_while(|&&byte| of_kind(byte)).count()
}

/// What to say about a character that begins no token.
fn stray_character(char: char, span: Span) -> Diagnostic {
    let error = |message: String| Diagnostic::error("unexpected-character", span, message);
    let instead = match char {
        '\0' => {
            return error("a NUL byte stands here".to_owned()).help("the source must be plain UTF-8 text");
        }
        '@' => {
            return error("`@` means nothing in Mog".to_owned())
                .help("there are no decorators: leave it out");
        }
        '$' => {
            return error("`$` means nothing in Mog".to_owned())
                .help("names have no sigil; f\"… {value} …\" interpolates");
        }
        '\\' => {
            return error("a `\\` outside a string".to_owned())
                .help("a line that ends in an operator, a comma or an open bracket goes on by itself")
                .fix(span, "");
        }
        '“' | '”' | '„' | '«' | '»' | '‘' | '’' => "\"",
        '–' | '—' | '−' => "-",
        '×' | '·' => "*",
        '÷' => "/",
        '≤' => "<=",
        '≥' => ">=",
        '≠' => "!=",
        '→' => "->",
        '⇒' => "=>",
        '…' => "..",
        '；' => ";",
        '，' => ",",
        '：' => ":",
        '（' => "(",
        '）' => ")",
        c if c.is_whitespace() || c == '\u{feff}' || ('\u{200b}'..='\u{200d}').contains(&c) => " ",
        c if c.is_control() => {
            return error(format!("a control character, U+{:04X}, stands here", u32::from(c)));
        }
        c => return error(format!("the character `{c}` means nothing outside strings and comments")),
    };
    match instead {
        " " => error(format!("an invisible character, U+{:04X}, stands here", u32::from(char)))
            .fix(span, " ")
            .help("write an ordinary space"),
        _ => error(format!("`{char}` looks like `{instead}` but is another character")).fix(span, instead),
    }
}

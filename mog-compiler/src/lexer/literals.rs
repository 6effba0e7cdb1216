//! Numbers, strings and f-strings.

use crate::ast::{Span, Symbol, sym};
use crate::diagnostic::Diagnostic;

use super::{Lexer, OpenString, T, is_word};

impl Lexer<'_> {
    // -----------------------------------------------------------------------------------------------------------------
    // Numbers. The value is computed by the parser, from the token's text.

    #[inline]
    pub(super) fn number(&mut self) {
        let start = self.pos;
        if self.at(0) == b'0' && matches!(self.at(1), b'x' | b'X' | b'b' | b'B' | b'o' | b'O') {
            return self.prefixed_number();
        }
        let mut kind = T::Int;
        self.digits();
        if self.at(0) == b'.' && self.at(1).is_ascii_digit() {
            kind = T::Float;
            self.pos += 1;
            self.digits();
        }
        if matches!(self.at(0), b'e' | b'E') {
            let sign = usize::from(matches!(self.at(1), b'+' | b'-'));
            if self.at(1 + sign).is_ascii_digit() {
                kind = T::Float;
                self.pos += 1 + sign;
                self.digits();
            }
        }
        self.push(kind, start, sym::EMPTY);
        if is_word(self.at(0)) {
            self.number_suffix(start);
        }
    }

    fn digits(&mut self) {
        while matches!(self.at(0), b'0'..=b'9' | b'_') {
            self.pos += 1;
        }
    }

    fn prefixed_number(&mut self) {
        let start = self.pos;
        let prefix = self.at(1).to_ascii_lowercase();
        self.pos += 2;
        while is_word(self.at(0)) {
            self.pos += 1;
        }
        let span = self.span(start);
        let digits = self.source.get(start + 2..self.pos).unwrap_or("");
        let radix = if prefix == b'x' { 16 } else { 2 };
        let any = digits.bytes().any(|digit| digit != b'_');
        if prefix == b'o' {
            let value = u64::from_str_radix(&digits.replace('_', ""), 8).ok();
            self.report(|| {
                let error = Diagnostic::error("number", span, "there are no octal numbers");
                match value {
                    Some(value) => error.fix(span, value.to_string()),
                    None => error.help("write the number in decimal, or in hexadecimal with `0x`"),
                }
            });
            return self.push(T::Error, start, sym::EMPTY);
        }
        if !any || !digits.chars().all(|digit| digit == '_' || digit.is_digit(radix)) {
            let what = if radix == 16 { "0 to 9 and a to f" } else { "0 and 1" };
            self.report(|| {
                Diagnostic::error("number", span, format!("`{}` is not a number", span_text(digits, prefix)))
                    .label(format!("expected digits {what}"))
            });
            return self.push(T::Error, start, sym::EMPTY);
        }
        self.push(T::Int, start, sym::EMPTY);
    }

    fn number_suffix(&mut self, start: usize) {
        let suffix_start = self.pos;
        while is_word(self.at(0)) {
            self.pos += 1;
        }
        let suffix = self.source.get(suffix_start..self.pos).unwrap_or("");
        let number = self.source.get(start..suffix_start).unwrap_or("");
        let (span, whole) = (self.span(suffix_start), self.span(start));
        let error =
            Diagnostic::error("number-suffix", span, format!("a number cannot be followed by `{suffix}`"));
        let known = match suffix {
            "i8" | "i16" | "i32" | "u8" | "u16" | "u32" | "u64" | "f32" => {
                Some(format!("({number} as {suffix})"))
            }
            "i64" | "n" | "L" | "l" | "isize" | "usize" | "u" => Some(number.to_owned()),
            "f64" | "f" | "d" if number.contains(['.', 'e', 'E']) => Some(number.to_owned()),
            "f64" | "f" | "d" => Some(format!("{number}.0")),
            _ => None,
        };
        self.report(|| match known {
            Some(fixed) => {
                error.help("a literal takes the type expected of it; `as` converts").fix(whole, fixed)
            }
            None if suffix.starts_with(['e', 'E']) => error.help("an exponent needs digits: `1e9`"),
            None => error.help("names cannot begin with a digit"),
        });
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Strings

    /// A string that opens here; `start` is where its token begins.
    pub(super) fn string(&mut self, quote: u8, start: usize) {
        if quote == b'"' && self.at(1) == b'"' && self.at(2) == b'"' {
            return self.triple_quoted(start);
        }
        self.pos += 1;
        let from = self.pos;
        loop {
            match self.at(0) {
                byte if byte == quote => {
                    let symbol = self.symbol(from);
                    self.pos += 1;
                    return self.push(T::Str, start, symbol);
                }
                b'\\' => break,
                0 | b'\n' => return self.unterminated(start),
                _ => self.pos += 1,
            }
        }
        self.buffer.clear();
        self.buffer.push_str(self.source.get(from..self.pos).unwrap_or(""));
        loop {
            let from = self.pos;
            while !matches!(self.at(0), b'\\' | 0 | b'\n') && self.at(0) != quote {
                self.pos += 1;
            }
            self.buffer.push_str(self.source.get(from..self.pos).unwrap_or(""));
            match self.at(0) {
                b'\\' => self.escape(false),
                0 | b'\n' => return self.unterminated(start),
                _ => {
                    let symbol = self.buffered();
                    self.pos += 1;
                    return self.push(T::Str, start, symbol);
                }
            }
        }
    }

    fn buffered(&mut self) -> Symbol {
        self.names.intern(&self.buffer)
    }

    /// At the line end or the file's, or at a NUL byte.
    fn unterminated(&mut self, start: usize) {
        if self.at(0) == 0 && self.pos < self.bytes.len() {
            let span = Span::new(self.pos as u32, self.pos as u32 + 1);
            self.report(|| {
                Diagnostic::error("unexpected-character", span, "a NUL byte in a string").help("write `\\0`")
            });
            self.rest_of_line();
            return self.push(T::Error, start, sym::EMPTY);
        }
        if !self.strings.is_empty() {
            // `f"{x"`: what closes the f-string looked like the opening of another string.
            return self.unclosed_interpolation();
        }
        let span = self.span(start);
        self.report(|| {
            Diagnostic::error("unclosed-string", span, "this string is not closed")
                .label("expected `\"` before the end of the line")
                .help("for a line break inside a string write `\\n`; for a quote, `\\\"`")
        });
        self.push(T::Error, start, sym::EMPTY);
    }

    fn rest_of_line(&mut self) {
        while self.pos < self.bytes.len() && self.at(0) != b'\n' {
            self.pos += 1;
        }
    }

    /// An escape sequence into the buffer.
    fn escape(&mut self, in_f_string: bool) {
        let start = self.pos;
        let byte = self.at(1);
        let plain = match byte {
            b'n' => Some('\n'),
            b't' => Some('\t'),
            b'r' => Some('\r'),
            b'0' => Some('\0'),
            b'\\' => Some('\\'),
            b'"' => Some('"'),
            _ => None,
        };
        if let Some(char) = plain {
            self.buffer.push(char);
            self.pos += 2;
            return;
        }
        match byte {
            b'u' if self.at(2) == b'{' => {
                let from = start + 3;
                let len = self.bytes.iter().skip(from).take(9).position(|&byte| byte == b'}');
                let digits = len.and_then(|len| self.source.get(from..from + len)).unwrap_or("");
                let value = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                match (value, digits.starts_with('+')) {
                    (Some(char), false) => {
                        self.buffer.push(char);
                        self.pos = from + digits.len() + 1;
                    }
                    _ => {
                        self.pos += 3;
                        let span = self.span(start);
                        self.report(|| {
                            Diagnostic::error("escape", span, "`\\u{…}` does not hold a character")
                                .label("expected 1 to 6 hexadecimal digits, a Unicode scalar value, and `}`")
                                .help("for instance `\\u{1F600}`")
                        });
                    }
                }
            }
            b'x' => {
                let digits = self.source.get(start + 2..start + 4).unwrap_or("");
                let value = u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'));
                match value {
                    Some(value) if value < 0x80 => {
                        self.buffer.push(char::from(value));
                        self.pos += 4;
                    }
                    Some(value) => {
                        self.pos += 4;
                        let span = self.span(start);
                        self.report(|| {
                            Diagnostic::error("escape", span, "`\\x` goes up to 7F: strings are UTF-8 text")
                                .fix(span, format!("\\u{{{value:X}}}"))
                        });
                    }
                    None => {
                        self.pos += 2;
                        let span = self.span(start);
                        self.report(|| {
                            Diagnostic::error("escape", span, "`\\x` needs two hexadecimal digits")
                                .help("for instance `\\x41`, or `\\u{41}`")
                        });
                    }
                }
            }
            _ => self.unknown_escape(in_f_string),
        }
    }

    fn unknown_escape(&mut self, in_f_string: bool) {
        let start = self.pos;
        self.pos += 1;
        let Some(char) = self.source.get(self.pos..).and_then(|rest| rest.chars().next()) else {
            return;
        };
        if char == '\n' || char == '\r' {
            let span = self.span(start);
            return self.report(|| {
                Diagnostic::error("escape", span, "a string cannot go on in the next line")
                    .help("close it and join the parts with `+`; `\\n` is a line break")
            });
        }
        self.pos += char.len_utf8();
        let span = self.span(start);
        let error =
            Diagnostic::error("escape", span, format!("`\\{}` is no escape sequence", char.escape_debug()));
        let code = self.source.get(self.pos..self.pos + 4).filter(|_| char == 'u');
        let code = code.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let help = "there are `\\n \\t \\r \\0 \\\\ \\\" \\u{1F600} \\x41`";
        let error = match (char, code) {
            ('\'' | '`' | '$' | '/', _) => error.fix(span, char.to_string()),
            ('{' | '}', _) if in_f_string => {
                error.fix(span, format!("{char}{char}")).help("in an f-string, `{{` and `}}` are braces")
            }
            ('{' | '}', _) => {
                error.fix(span, char.to_string()).help("a plain string takes braces as they are")
            }
            ('u', Some(code)) => {
                let wide = Span::new(span.start, span.end + 4);
                error.fix(wide, format!("\\u{{{code:X}}}"))
            }
            _ => error.fix(span, format!("\\\\{char}")).help(help),
        };
        self.report(|| error);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // F-strings

    /// After the opening quote.
    pub(super) fn f_string(&mut self, start: usize, quote: u8) {
        self.push(T::FStart, start, sym::EMPTY);
        self.f_text(start as u32, quote);
    }

    /// Text up to an interpolation or the end of the string.
    pub(super) fn f_text(&mut self, string: u32, quote: u8) {
        let start = self.pos;
        self.buffer.clear();
        loop {
            let from = self.pos;
            while !matches!(self.at(0), b'\\' | b'{' | b'}' | 0 | b'\n') && self.at(0) != quote {
                self.pos += 1;
            }
            self.buffer.push_str(self.source.get(from..self.pos).unwrap_or(""));
            match self.at(0) {
                b'\\' => self.escape(true),
                byte @ (b'{' | b'}') if self.at(1) == byte => {
                    self.buffer.push(char::from(byte));
                    self.pos += 2;
                }
                b'{' => {
                    self.finish_text(start);
                    self.token(T::FOpen, 1);
                    self.strings.push(OpenString { start: string, quote, outer_depth: self.depth });
                    self.depth = 0;
                    return;
                }
                b'}' => {
                    self.pos += 1;
                    let span = self.span(self.pos - 1);
                    self.report(|| {
                        Diagnostic::error("f-string-brace", span, "a `}` without `{` in an f-string")
                            .fix(span, "}}")
                            .help("`{{` and `}}` are braces")
                    });
                }
                0 | b'\n' => {
                    self.finish_text(start);
                    let span = Span::new(string, self.pos as u32);
                    self.report(|| {
                        Diagnostic::error("unclosed-string", span, "this f-string is not closed")
                            .label("expected `\"` before the end of the line")
                            .help("for a line break inside a string write `\\n`; for a quote, `\\\"`")
                    });
                    if self.at(0) == 0 && self.pos < self.bytes.len() {
                        self.rest_of_line();
                    }
                    self.token(T::Error, 0);
                    self.token(T::FEnd, 0);
                    return;
                }
                _ => {
                    self.finish_text(start);
                    self.token(T::FEnd, 1);
                    return;
                }
            }
        }
    }

    fn finish_text(&mut self, start: usize) {
        if self.pos > start {
            let symbol = self.buffered();
            self.push(T::FText, start, symbol);
        }
    }

    /// `:.2`, up to the brace that closes the interpolation. What else it may be, the parser reports.
    pub(super) fn f_spec(&mut self) {
        let start = self.pos;
        while self.pos < self.bytes.len() && !matches!(self.at(0), b'}' | b'"' | b'\n') {
            self.pos += 1;
        }
        self.push(T::FSpec, start, sym::EMPTY);
    }

    /// A line or the file ends inside an interpolation: closes all open f-strings.
    pub(super) fn unclosed_interpolation(&mut self) {
        let (Some(first), Some(last)) = (self.strings.first(), self.strings.last()) else {
            return;
        };
        let (span, outer_depth) = (Span::new(last.start, self.pos as u32), first.outer_depth);
        let comment =
            self.comments.last().map(|comment| comment.span).filter(|comment| comment.start > span.start);
        self.report(|| {
            let error =
                Diagnostic::error("unclosed-string", span, "an interpolation in this f-string is not closed")
                    .label("expected `}` and `\"` before the end of the line");
            match comment {
                Some(comment) => error.note(comment, "this is a comment; division is `/`"),
                None => error.help("write f\"… {value} …\"; `{{` is a brace"),
            }
        });
        self.token(T::Error, 0);
        while self.strings.pop().is_some() {
            self.token(T::FClose, 0);
            self.token(T::FEnd, 0);
        }
        self.depth = outer_depth;
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Other languages' strings: reported, then read as if they were written right.

    /// A quote directly after a word of one or two letters.
    pub(super) fn prefixed_string(&mut self, start: usize, quote: u8) {
        let prefix = self.source.get(start..self.pos).unwrap_or("");
        let span = self.span(start);
        match (prefix, quote) {
            ("f", b'"') => {
                self.pos += 1;
                return self.f_string(start, quote);
            }
            ("f" | "F" | "rf" | "fr", _) => {
                let span = Span::new(span.start, span.end + 1);
                self.report(|| {
                    Diagnostic::error("f-string-prefix", span, "f-strings are written f\"…\"")
                        .fix(span, "f\"")
                });
                self.pos += 1;
                return self.f_string(start, quote);
            }
            ("r" | "R" | "br" | "rb", _) => return self.raw_string(start, quote),
            ("b" | "u" | "B" | "L", _) => {
                let error =
                    Diagnostic::error("string-prefix", span, format!("strings have no prefix `{prefix}`"));
                self.report(|| match prefix {
                    "u" | "L" => error.fix(span, ""),
                    _ => error.help("`s.bytes()` gives a string's bytes"),
                });
            }
            _ => {
                // A name or keyword and a string beside each other: for the parser.
                let symbol = self.names.intern(prefix);
                let kind = super::KEYWORDS.get(symbol.index()).copied().unwrap_or(T::Ident);
                return self.push(kind, start, symbol);
            }
        }
        if quote == b'"' { self.string(quote, start) } else { self.quoted(start) }
    }

    /// `r"…"`, the quote stands here.
    fn raw_string(&mut self, start: usize, quote: u8) {
        const REACH: usize = 1000;
        let from = self.pos + 1;
        let len = self.bytes.iter().skip(from).take(REACH).position(|&byte| byte == quote || byte == b'\n');
        let inside = len.and_then(|len| self.source.get(from..from + len)).unwrap_or("");
        self.pos = from + inside.len() + usize::from(self.bytes.get(from + inside.len()) == Some(&quote));
        let span = self.span(start);
        self.report(|| {
            let text = inside.replace('\\', "\\\\").replace('"', "\\\"");
            Diagnostic::error("string-prefix", span, "there are no raw strings")
                .help("write `\\\\` for a backslash, `\\\"` for a quote")
                .fix(span, format!("\"{text}\""))
        });
        let symbol = self.names.intern(inside);
        self.push(T::Str, start, symbol);
    }

    /// `'…'`; `start` is where the token begins, the quote stands here.
    pub(super) fn quoted(&mut self, start: usize) {
        let open = self.pos;
        let mut end = open + 1;
        while end - open < 1000 && !matches!(self.bytes.get(end), None | Some(b'\n' | b'\'')) {
            end += if self.bytes.get(end) == Some(&b'\\') { 2 } else { 1 };
        }
        let inside = self.source.get(open + 1..end);
        match (inside, self.bytes.get(end)) {
            (Some(inside), Some(b'\'')) => {
                let span = Span::new(open as u32, end as u32 + 1);
                self.report(|| {
                    let text = inside.replace("\\'", "'").replace("\\\"", "\"").replace('"', "\\\"");
                    Diagnostic::error("single-quotes", span, "strings are written in double quotes")
                        .fix(span, format!("\"{text}\""))
                });
                self.pos = end + 1;
                let symbol = self.names.intern(inside);
                self.push(T::Str, start, symbol);
            }
            _ => {
                self.pos = open + 1;
                while is_word(self.at(0)) {
                    self.pos += 1;
                }
                let span = self.span(open);
                self.report(|| {
                    Diagnostic::error("single-quotes", span, "a single quote means nothing in Mog")
                        .help("strings are written in double quotes; loops have no labels")
                });
                self.push(T::Error, start, sym::EMPTY);
            }
        }
    }

    /// `` `…${x}…` ``, over several lines if need be.
    pub(super) fn template(&mut self) {
        let start = self.pos;
        let close = self.source.get(start + 1..).and_then(|rest| rest.find('`'));
        let Some(inside) = close.and_then(|len| self.source.get(start + 1..start + 1 + len)) else {
            self.rest_of_line();
            let span = Span::new(start as u32, start as u32 + 1);
            self.report(|| {
                Diagnostic::error("backtick", span, "a backtick means nothing in Mog")
                    .help("write f\"… {value} …\"")
            });
            return self.push(T::Error, start, sym::EMPTY);
        };
        self.pos = start + 2 + inside.len();
        let span = self.span(start);
        self.report(|| {
            let error = Diagnostic::error("backtick", span, "strings are written in double quotes");
            let text = inside.replace('"', "\\\"").replace('\n', "\\n").replace('\r', "");
            match inside.len() {
                200.. => error.help("write f\"… {value} …\", and `\\n` for a line break"),
                _ if inside.contains("${") => error.fix(span, format!("f\"{}\"", text.replace("${", "{"))),
                _ => error.fix(span, format!("\"{text}\"")),
            }
        });
        let symbol = self.names.intern(inside);
        self.push(T::Str, start, symbol);
    }

    /// `"""…"""`.
    fn triple_quoted(&mut self, start: usize) {
        let from = self.pos + 3;
        let close = self.source.get(from..).and_then(|rest| rest.find("\"\"\""));
        let Some(inside) = close.and_then(|len| self.source.get(from..from + len)) else {
            self.pos = from;
            let span = self.span(start);
            self.report(|| {
                Diagnostic::error("triple-quotes", span, "there are no triple-quoted strings")
                    .help("write `\\n` for a line break inside an ordinary string")
            });
            return self.push(T::Error, start, sym::EMPTY);
        };
        self.pos = from + inside.len() + 3;
        let span = self.span(start);
        self.report(|| {
            let error = Diagnostic::error("triple-quotes", span, "there are no triple-quoted strings");
            let text = inside.replace('"', "\\\"").replace('\n', "\\n").replace('\r', "");
            match inside.len() {
                400.. => error.help("write `\\n` for a line break inside an ordinary string"),
                _ => error.fix(span, format!("\"{text}\"")),
            }
        });
        let symbol = self.names.intern(inside);
        self.push(T::Str, start, symbol);
    }
}

fn span_text(digits: &str, prefix: u8) -> String {
    format!("0{}{digits}", char::from(prefix))
}

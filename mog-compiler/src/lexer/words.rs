//! Words: names and keywords.

use crate::ast::{Symbol, sym};

use super::{KEYWORDS, Lexer, T, run_length};

/// Slots for short words.
const SLOTS: usize = 256;

/// Words of at most eight bytes seen lately, each in its slot. The last byte of none is 0, so the word can be told
/// from the number that its bytes make.
#[derive(Clone, Copy)]
pub(super) struct ShortWords([(u64, Symbol); SLOTS]);

impl ShortWords {
    /// The predefined names, of those in one slot the first.
    pub(super) const PREDEFINED: Self = {
        let mut slots = [(0, sym::EMPTY); SLOTS];
        let mut id = 0;
        while id < sym::NAMES.len() {
            let name = sym::NAMES[id].as_bytes();
            if !name.is_empty() && name.len() <= 8 {
                let (mut word, mut n) = (0, name.len());
                while n > 0 {
                    n -= 1;
                    word = word << 8 | name[n] as u64;
                }
                let slot = Self::slot(word);
                if slots[slot].0 == 0 {
                    slots[slot] = (word, Symbol(id as u32));
                }
            }
            id += 1;
        }
        Self(slots)
    };

    const fn slot(word: u64) -> usize {
        (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize % SLOTS
    }
}

/// The words that cannot be names.
pub fn keywords() -> impl Iterator<Item = &'static str> {
    sym::NAMES.iter().copied().take(KEYWORDS.len())
}

impl Lexer<'_> {
    #[inline]
    pub(super) fn word(&mut self) {
        let start = self.pos;
        let rest = self.bytes.get(start..).unwrap_or(b"");
        // Most words are shorter than eight bytes: those are looked at together, and are the key of the small table.
        let symbol = match rest.first_chunk() {
            Some(eight) if let Some(len) = eight.iter().position(|&byte| !is_word(byte)) => {
                self.pos = start + len;
                let next = eight.get(len).copied().unwrap_or(0);
                if len <= 2 && self.is_prefix(start, next) {
                    return self.prefixed_string(start, next);
                }
                self.short_word(start, u64::from_le_bytes(*eight) & !(u64::MAX << (8 * len as u32)))
            }
            _ => {
                self.pos = start + run_length(rest, is_word);
                let next = self.at(0);
                if self.pos - start <= 2 && self.is_prefix(start, next) {
                    return self.prefixed_string(start, next);
                }
                self.symbol(start)
            }
        };
        let kind = KEYWORDS.get(symbol.index()).copied().unwrap_or(T::Ident);
        self.foreign |= sym::is_foreign(symbol);
        self.push(kind, start, symbol);
    }

    /// Whether the short word from `start` to here belongs to a string, of which `next` may be the quote.
    #[inline]
    fn is_prefix(&self, start: usize, next: u8) -> bool {
        // In an interpolation a quote rather ends the string, because a brace is missing.
        matches!(next, b'"' | b'\'')
            && (self.strings.is_empty() || matches!(self.bytes.get(start), Some(b'f' | b'F')))
    }

    /// The symbol of the text from `start` to here.
    #[inline]
    pub(super) fn symbol(&mut self, start: usize) -> Symbol {
        let len = self.pos - start;
        match self.bytes.get(start..).and_then(|rest| rest.first_chunk()) {
            Some(&eight) if len.wrapping_sub(1) < 8 && eight[len - 1] != 0 => {
                self.short_word(start, u64::from_le_bytes(eight) & (u64::MAX >> (64 - 8 * len as u32)))
            }
            _ => self.intern(start),
        }
    }

    /// The symbol of a short text from `start` to here. Most are found in the small table.
    #[inline]
    fn short_word(&mut self, start: usize, word: u64) -> Symbol {
        let slot = ShortWords::slot(word);
        let (known, symbol) = self.short_words.0[slot];
        if known == word {
            return symbol;
        }
        let symbol = self.intern(start);
        self.short_words.0[slot] = (word, symbol);
        symbol
    }

    /// The symbol of the text from `start` to here.
    #[inline(never)]
    fn intern(&mut self, start: usize) -> Symbol {
        self.names.intern(self.source.get(start..self.pos).unwrap_or(""))
    }
}

const WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

#[inline]
pub(super) const fn is_word(byte: u8) -> bool {
    WORD[byte as usize]
}

//! The operand bytes behind an instruction.

use super::{Insn, Op, ext_words};

/// Operand bytes in the ext words behind an instruction, read where they lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operands<'a> {
    words: &'a [u32],
    /// The first of the bytes, and one past the last: three to a word.
    start: usize,
    end: usize,
}

impl<'a> Operands<'a> {
    /// None.
    pub(crate) const NONE: Self = Self { words: &[], start: 0, end: 0 };

    /// Those in the ext words that these words begin with: so many, or all that there are.
    pub(crate) fn new(words: &'a [u32], limit: usize) -> Self {
        let count = words
            .iter()
            .take(ext_words(limit))
            .take_while(|&&word| Insn(word).op_byte() == Op::Ext as u8)
            .count();
        Self { words, start: 0, end: (3 * count).min(limit) }
    }

    /// How many there are.
    pub(crate) const fn len(self) -> usize {
        self.end - self.start
    }

    /// One of them.
    #[cfg_attr(not(target_pointer_width = "32"), inline)]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn get(self, index: usize) -> Option<u8> {
        let at = self.start.saturating_add(index);
        let word = self.words.get(at / 3).filter(|_| at < self.end)?;
        // The operation's number, then three operands.
        Some((word >> (8 * (1 + at % 3))) as u8)
    }

    /// The first ones, and the rest, if there are so many.
    pub(crate) fn split_at(self, count: usize) -> Option<(Self, Self)> {
        let middle = self.start.checked_add(count).filter(|&middle| middle <= self.end)?;
        Some((Self { end: middle, ..self }, Self { start: middle, ..self }))
    }

    /// Those after the first ones.
    pub(crate) fn skip(self, count: usize) -> Self {
        self.split_at(count).map_or(Self::NONE, |(_, rest)| rest)
    }

    /// All of them.
    pub(crate) fn iter(self) -> impl Iterator<Item = u8> + 'a {
        (0..self.len()).map_while(move |index| self.get(index))
    }
}

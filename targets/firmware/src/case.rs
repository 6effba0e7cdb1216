//! Cases in a pack, where they lie.
//!
//! ```text
//! case    [ words of head, u32 | words of module, u32 | head, postcard | module ] …      the head has the snapshot in it
//! end     [ 0, u32 ]
//! ```
//! Head and module begin on a multiple of four bytes, so that a module is used where it is.

use serde::{Deserialize, Serialize};

/// Bytes before a case's head.
const SIZES: usize = 8;

/// A stored program, and what `mog run` is told about it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Case<'a> {
    /// Its name, for reports.
    pub name: &'a str,
    /// Bytes of its arena: `--memory`.
    pub memory: u32,
    /// The most steps that it may take: `--steps`.
    pub steps: u64,
    /// What is granted beside `out`, by group or function, with commas between: `--grant`.
    pub grant: &'a str,
    /// What is denied, likewise: `--deny`.
    pub deny: &'a str,
    /// The function to call: `--entry`.
    pub entry: &'a str,
    /// Whether a snapshot is taken, and written, at every charge point.
    pub saves: bool,
    /// Where the case goes on, instead of calling the function; empty if it begins anew.
    #[serde(borrow)]
    pub snapshot: &'a [u8],
    /// The module's bytes.
    #[serde(skip)]
    pub module: &'a [u8],
}

/// Writes a case to the beginning of `into`; gives its bytes, or none if there is no room.
#[must_use]
pub fn encode(case: &Case<'_>, into: &mut [u8]) -> Option<usize> {
    let (sizes, rest) = into.split_at_mut_checked(SIZES)?;
    let head = postcard::to_slice(case, rest).ok()?.len().next_multiple_of(4);
    let words = [head, case.module.len()].map(|bytes| u32::try_from(bytes / 4).unwrap_or(u32::MAX));
    for (place, word) in sizes.chunks_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    rest.get_mut(head..)?.get_mut(..case.module.len())?.copy_from_slice(case.module);
    Some(SIZES + head + case.module.len())
}

/// The cases of a pack, in order. Ends at the pack's end, or where there is no case.
#[derive(Clone, Debug)]
pub struct Cases<'a> {
    rest: &'a [u8],
}

impl<'a> Cases<'a> {
    /// The cases in these bytes, which should begin on a multiple of four.
    #[must_use]
    pub const fn new(pack: &'a [u8]) -> Self {
        Self { rest: pack }
    }

    fn words(&mut self, words: u32) -> Option<&'a [u8]> {
        let bytes = usize::try_from(words).ok()?.checked_mul(4)?;
        let (taken, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(taken)
    }

    fn size(&mut self) -> Option<u32> {
        self.words(1)?.first_chunk().map(|&bytes| u32::from_le_bytes(bytes)).filter(|&words| words > 0)
    }
}

impl<'a> Iterator for Cases<'a> {
    type Item = Case<'a>;

    fn next(&mut self) -> Option<Case<'a>> {
        let (head, module) = (self.size()?, self.size()?);
        let (head, module) = (self.words(head)?, self.words(module)?);
        let case = postcard::from_bytes(head).ok()?;
        Some(Case { module, ..case })
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_pack_gives_back_what_was_put_into_it() {
        let case = Case {
            name: "arrays/push",
            memory: 1 << 20,
            steps: u64::MAX,
            grant: "log,kv.get",
            deny: "",
            entry: "main",
            saves: true,
            snapshot: &[1, 2, 3],
            module: &[1, 2, 3, 4, 5, 6, 7, 8],
        };
        let other = Case { name: "b", module: &[9; 4], ..case };
        let mut pack = [0; 160];
        let first = encode(&case, &mut pack).expect("room for the first");
        encode(&other, pack.get_mut(first..).expect("room")).expect("room for the second");
        assert!(Cases::new(&pack).eq([case, other]));
    }

    #[test]
    fn a_pack_that_is_cut_off_ends() {
        assert_eq!(Cases::new(&[]).count(), 0);
        assert_eq!(Cases::new(&[1, 0, 0, 0, 9, 0, 0, 0, 0]).count(), 0);
        assert_eq!(encode(&Case { module: &[0; 64], ..Case::default() }, &mut [0; 32]), None);
    }
}

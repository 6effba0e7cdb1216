//! What imports were linked to: half a word of the arena each, in front of the stack.
//!
//! ```text
//! bits 0..16 the host's number for the function, or ABSENT, or REFUSED; 16..24 slots of its parameters; 255: no direct call
//! ```

/// The number of an import that was not granted.
pub(super) const REFUSED: u16 = u16::MAX;
/// The number of an import of an optional capability of which nothing was granted.
pub(super) const ABSENT: u16 = u16::MAX - 1;

/// What an import was linked to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ImportBinding {
    /// The host's number for the function, [`ABSENT`] or [`REFUSED`].
    pub(super) number: u16,
    /// Slots of its parameters; 255 where a call cannot be made directly, because there are more or it takes functions.
    pub(super) params: u8,
}

impl ImportBinding {
    /// Words of the arena that so many imports take.
    pub(super) const fn words(imports: u16) -> usize {
        (imports as usize).div_ceil(2)
    }

    const fn place(import: u16) -> (usize, u32) {
        (import as usize / 2, 32 * (import as u32 % 2))
    }

    /// What an import was linked to.
    #[inline(always)]
    pub(super) fn load(arena: &[u64], import: u16) -> Option<Self> {
        let (at, shift) = Self::place(import);
        let bits = arena.get(at)? >> shift;
        Some(Self { number: bits as u16, params: (bits >> 16) as u8 })
    }

    /// Notes what an import was linked to.
    pub(super) fn store(self, arena: &mut [u64], import: u16) {
        let (at, shift) = Self::place(import);
        if let Some(word) = arena.get_mut(at) {
            let bits = u64::from(self.number) | u64::from(self.params) << 16;
            *word = *word & !(0xffff_ffff << shift) | bits << shift;
        }
    }
}

//! What imports were linked to: half a word of the arena each, in front of the stack.
//!
//! ```text
//! bits 0..16 the host's number for the function, or ABSENT, or REFUSED; 16..24 slots of its parameters, 255: no direct call;
//! 24..31 instruction words that name them; 31 whether there is a result
//! ```

use crate::isa::ext_words;

/// The number of an import that was not granted.
pub(super) const REFUSED: u16 = u16::MAX;
/// The number of an import of an optional capability of which nothing was granted.
pub(super) const ABSENT: u16 = u16::MAX - 1;

/// What an import was linked to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ImportBinding(u32);

impl ImportBinding {
    /// The host's number for a function, [`ABSENT`] or [`REFUSED`].
    pub(super) const fn new(number: u16) -> Self {
        Self(number as u32 | 0xff << 16)
    }

    /// That of a function which can be called directly: it has so many slots of parameters, and a slot as its result or none.
    #[must_use]
    pub(super) fn direct(self, params: u8, result: bool) -> Self {
        let words = ext_words(usize::from(params)) as u32;
        Self(self.0 & 0xffff | u32::from(params) << 16 | words << 24 | u32::from(result) << 31)
    }

    /// The host's number for the function, [`ABSENT`] or [`REFUSED`].
    #[inline(always)]
    pub(super) const fn number(self) -> u16 {
        self.0 as u16
    }

    /// Whether a call can be made directly: not if it is not granted, has more parameters than fit here, or takes functions.
    #[inline(always)]
    pub(super) const fn is_direct(self) -> bool {
        self.params() != u8::MAX
    }

    /// Slots of the parameters of a direct call.
    #[inline(always)]
    pub(super) const fn params(self) -> u8 {
        (self.0 >> 16) as u8
    }

    /// Words behind the instruction that name the arguments of a direct call.
    #[inline(always)]
    pub(super) const fn operand_words(self) -> u8 {
        (self.0 >> 24) as u8 & 0x7f
    }

    /// Whether a direct call gives something.
    #[inline(always)]
    pub(super) const fn has_result(self) -> bool {
        self.0 >> 31 != 0
    }

    /// Words of the arena that so many imports take.
    pub(super) const fn words(imports: u16) -> usize {
        (imports as usize).div_ceil(2)
    }

    /// What an import was linked to.
    #[inline(always)]
    pub(super) fn load(bindings: &[u32], import: u16) -> Option<Self> {
        bindings.get(usize::from(import)).copied().map(Self)
    }

    /// Notes what an import was linked to.
    pub(super) fn store(self, arena: &mut [u64], import: u16) {
        let bindings: &mut [u32] = bytemuck::cast_slice_mut(arena);
        if let Some(binding) = bindings.get_mut(usize::from(import)) {
            *binding = self.0;
        }
    }
}

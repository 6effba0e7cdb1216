//! Objects in the arena: layout, allocation, access. Collection is in `collect.rs`.
//!
//! The arena is `[stack | heap]`, split at a word that moves up when the stack needs room. A reference is the
//! number of a word *from the start of the heap*, so moving the split changes no reference. Word 0 of the heap
//! is the object with the module state, always.
//!
//! ```text
//! reference      bits 0..31: word of the object's header. Bit 31 set: string constant, number in bits 0..31.
//!                NULL (all 32 bits set) is no object: every access through it is out of bounds, so it traps.
//! header         bits 0..16 type, 16..24 flags, 24..32 of a map how often its entries were renumbered, 32..64
//!                zero (the collector's link or new place; sets of equal objects during a comparison)
//!
//! struct, captures, variant     header, slots
//! string         header, length in bytes | hash << 32 (0: not computed), bytes padded to words
//!   view         one with flag VIEW has instead of bytes: reference to its text buffer's first word << 32
//!   text buffer  a buffer with flag RAW: bytes in use, bytes padded to words
//! array          header, length | reference to the buffer's first element << 32
//! buffer         header (the array's or map's type, flag BUFFER), size in words after this one, elements
//! map            header, live entries | used entries << 32, reference to entries' first | index's first << 32
//!   entries      a buffer with flag ENTRIES: for each entry hash | LIVE | next << 33, key slot, value slots
//!   index        a buffer with flag RAW, above 8 entries: u32 buckets, two to a word, each its newest entry's
//!                number + 1, 0 empty; `next` is the same for the entry of the bucket before
//! ```
//! References inside array and map words point two words past the header of the buffer, so that an element is
//! one addition away. A length is below 2^31, as is every reference to an object.
//!
//! Objects that hold references are exact: the collector knows every slot's type from the header's type.

pub(crate) mod access;
mod collect;
mod fresh;
#[cfg(test)]
mod tests;
pub(crate) mod text;
mod view;

pub use view::{
    Array, Data, Fields, MAX_VALUE_SLOTS, Map, Memory, SlotValues, Tensor, Value, Variant, Variants,
};

pub(crate) use collect::object_size;
pub(crate) use fresh::Fresh;

use crate::module::TypeId;

/// No object.
pub const NULL: u64 = 0xffff_ffff;
/// Set in a reference to a string constant of the module.
pub const CONSTANT: u64 = 0x8000_0000;
/// Set in the first word of a map's entry beside its hash, until the entry is deleted.
pub const LIVE: u64 = 1 << 32;
/// Largest arena, in words, that a machine uses; of a larger one, the rest is left alone.
pub const MAX_WORDS: usize = 0x4000_0000;

/// The word so far into an object, for references that may be null. Where a word has 32 bits, null and an offset would come
/// round to the first words: null loses the bit that no other reference has, and stays beyond any heap.
#[inline(always)]
pub(crate) const fn place(reference: u64, offset: usize) -> usize {
    if cfg!(target_pointer_width = "64") {
        (reference as usize).wrapping_add(offset)
    } else {
        (reference as usize & !MAX_WORDS).wrapping_add(offset)
    }
}

/// The tag slot of an `any`; the payload slot holds the value or a reference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
#[allow(missing_docs, reason = "the variants are the kinds of value that `any` holds")]
pub enum AnyTag {
    None = 0,
    Bool = 1,
    Int = 2,
    Float = 3,
    /// A string; this and the tags above hold a reference.
    Str = 4,
    /// `[any]`.
    Array = 5,
    /// `{string: any}`.
    Map = 6,
}

impl AnyTag {
    /// The tag with this number.
    #[must_use]
    pub const fn from_slot(slot: u64) -> Option<Self> {
        Some(match slot {
            0 => Self::None,
            1 => Self::Bool,
            2 => Self::Int,
            3 => Self::Float,
            4 => Self::Str,
            5 => Self::Array,
            6 => Self::Map,
            _ => return None,
        })
    }

    /// Whether the payload slot beside this tag slot holds a reference.
    #[must_use]
    pub const fn slot_is_reference(tag: u64) -> bool {
        tag >= Self::Str as u64
    }
}

/// An object's header word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ObjectHeader(pub u64);

impl ObjectHeader {
    /// A buffer of the type's elements.
    pub const BUFFER: u64 = 1 << 16;
    /// A buffer of the map type's entries.
    pub const ENTRIES: u64 = 1 << 17;
    /// A buffer without references.
    pub const RAW: u64 = 1 << 18;
    /// Of a string whose text is in a buffer.
    pub const VIEW: u64 = 1 << 19;
    /// Reached in this collection.
    pub const MARK: u64 = 1 << 23;

    /// The header of an object of a type, with flags.
    #[must_use]
    pub const fn new(ty: TypeId, flags: u64) -> Self {
        Self(ty.0 as u64 | flags)
    }

    /// The type.
    #[must_use]
    pub const fn ty(self) -> TypeId {
        TypeId(self.0 as u16)
    }

    /// Whether it is a buffer of any kind.
    pub(crate) const fn has_any_buffer(self) -> bool {
        self.0 & (Self::BUFFER | Self::ENTRIES | Self::RAW) != 0
    }

    /// Whether these flags are set.
    #[must_use]
    pub const fn has(self, flags: u64) -> bool {
        self.0 & flags == flags
    }
}

/// Splits a word into its low and high half.
#[must_use]
#[inline(always)]
pub const fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

/// Joins a low and a high half to a word.
#[must_use]
#[inline(always)]
pub const fn join(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}

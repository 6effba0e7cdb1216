//! Arguments of a function that is entered from outside.

use crate::heap::NULL;

/// The most slots of arguments that need no room.
pub(super) const MAX_SLOTS: usize = 8;

/// Arguments that need no room in the arena: the slots of all parameters in order, at most eight.
#[derive(Clone, Copy, Debug)]
pub struct ArgumentSlots {
    /// Those beyond the last are null, so that all can be a frame's first registers as they are.
    pub(super) slots: [u64; MAX_SLOTS],
    pub(super) count: u8,
}

impl ArgumentSlots {
    /// No arguments.
    pub const NONE: Self = Self { slots: [NULL; MAX_SLOTS], count: 0 };

    /// The slots of some arguments.
    #[must_use]
    #[inline]
    pub fn new<const N: usize>(values: [u64; N]) -> Self {
        const { assert!(N <= MAX_SLOTS) };
        let mut slots = [NULL; MAX_SLOTS];
        for (slot, value) in slots.iter_mut().zip(values) {
            *slot = value;
        }
        Self { slots, count: N as u8 }
    }
}

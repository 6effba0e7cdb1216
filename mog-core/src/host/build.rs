//! New objects for results and arguments, made in room that was reserved before.

use crate::heap::{AnyTag, Memory, SlotValues};
use crate::machine::Vm;
use crate::module::{Module, TypeId};

/// Makes objects without collecting: references stay valid until the builder is dropped. Everything fails softly
/// (`None`) when the reserved room is exceeded or a type does not fit.
pub struct Builder<'v, 'a> {
    vm: &'v mut Vm<'a>,
}

impl<'v, 'a> Builder<'v, 'a> {
    pub(crate) const fn new(vm: &'v mut Vm<'a>) -> Self {
        Self { vm }
    }

    /// The module whose types the values have.
    #[must_use]
    pub const fn module(&self) -> &Module<'a> {
        self.vm.module
    }

    /// Heap and module, with what was made so far.
    #[must_use]
    pub fn memory(&self) -> Memory<'_> {
        self.vm.memory()
    }

    /// Words that a string of so many bytes needs.
    #[must_use]
    pub const fn string_words(bytes: usize) -> usize {
        2 + bytes.div_ceil(8)
    }

    /// Words that an array of so many elements of so many slots needs at most.
    #[must_use]
    pub const fn array_words(elements: usize, slots: usize) -> usize {
        4 + elements * slots
    }

    /// Words that a map of so many entries needs at most, the growth on the way to that size included.
    #[must_use]
    pub const fn map_words(entries: usize, value_slots: usize) -> usize {
        16 + (entries + 8) * (2 + value_slots + 2) * 4
    }

    /// Words that a map with room for so many entries needs at most.
    #[must_use]
    pub const fn sized_map_words(entries: usize, value_slots: usize) -> usize {
        7 + entries * (4 + value_slots)
    }

    /// A new string.
    pub fn string(&mut self, text: &str) -> Option<u64> {
        self.vm.alloc_string(text.as_bytes()).ok()
    }

    /// A new string with a copy of text that lies in the heap, given by its address and its bytes: it cannot be borrowed
    /// while something is made. `None` also if no text is there.
    pub fn copy_text(&mut self, address: usize, len: usize) -> Option<u64> {
        self.vm.copy_text(address, len).ok()
    }

    /// A new struct (or object of an enum's variant) whose slots are zero, to be filled by [`Builder::set_slots`]: for those
    /// who have nowhere to keep all of them.
    pub fn blank(&mut self, ty: TypeId) -> Option<u64> {
        self.vm.alloc_blank(ty).ok()
    }

    /// Stores slots of a new object, from this one on.
    pub fn set_slots(&mut self, object: u64, first: usize, slots: &[u64]) -> Option<()> {
        self.vm.object_set(object, first, slots).ok()
    }

    /// A new struct (or object of an enum's variant) from all of its slots.
    pub fn object(&mut self, ty: TypeId, slots: &[u64]) -> Option<u64> {
        self.vm.alloc_object(ty, slots).ok()
    }

    /// A new array of so many elements, to be filled by [`Builder::set_element`].
    pub fn array(&mut self, ty: TypeId, len: usize) -> Option<u64> {
        self.vm.alloc_array(ty, len).ok()
    }

    /// Stores an array's element.
    pub fn set_element(&mut self, array: u64, index: usize, slots: &[u64]) -> Option<()> {
        self.vm.array_set(array, index, slots).ok()
    }

    /// A new empty map.
    pub fn map(&mut self, ty: TypeId) -> Option<u64> {
        self.vm.alloc_map(ty).ok()
    }

    /// A new empty map with room for so many entries, which need no more then.
    pub fn sized_map(&mut self, ty: TypeId, entries: usize) -> Option<u64> {
        self.vm.alloc_sized_map(ty, entries).ok()
    }

    /// Stores a map's entry.
    pub fn insert(&mut self, map: u64, key: u64, value: &[u64]) -> Option<()> {
        self.vm.map_insert(map, key, value).ok()
    }

    /// The slots of an `any`.
    #[must_use]
    pub fn any(tag: AnyTag, payload: u64) -> SlotValues {
        let mut slots = SlotValues::new();
        // Two always fit.
        let _ = slots.push(tag as u64);
        let _ = slots.push(payload);
        slots
    }
}

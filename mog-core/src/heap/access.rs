//! Reading objects, and making them.
//!
//! Making follows one discipline: compute the size, [`Vm::reserve`] it (which may move every object), and only then
//! read references from registers, which are the roots, and allocate. Most code gets it for free from
//! [`Vm::fresh`]: a view of everything that exists beside the free words, where new objects grow.

use bytemuck::cast_slice;

use super::fresh::Fresh;
use super::{CONSTANT, MAX_WORDS, NULL, ObjectHeader, halves, join};
use crate::error::TrapCode;
use crate::machine::{Collection, Stop, Vm, load_packed, store_packed};
use crate::module::{Module, Packing, TypeId, TypeKind};

/// An access that only code not made by the compiler can attempt.
pub(crate) const CORRUPT: Stop = Stop::Trap(TrapCode::Corrupt);
/// A text or array that no arena can hold.
pub(crate) const TOO_LARGE: Stop = Stop::Trap(TrapCode::TooLarge);
/// Largest length of a string or array.
pub(crate) const MAX_LEN: usize = 0x7fff_ffff;
/// Flags of every kind of buffer.
pub(super) const ANY_BUFFER: u64 = ObjectHeader::BUFFER | ObjectHeader::ENTRIES | ObjectHeader::RAW;
/// The header of a buffer without references, which has no type.
pub(crate) const RAW_HEADER: u64 = ObjectHeader::RAW;

/// The word of the heap where a reference points; out of every range for constants and null.
#[inline(always)]
pub(crate) const fn index(reference: u64) -> usize {
    if reference < CONSTANT { reference as usize } else { usize::MAX }
}

/// Words of a string of this many bytes.
pub(crate) const fn string_words(bytes: usize) -> Result<usize, Stop> {
    if bytes > MAX_LEN { Err(TOO_LARGE) } else { Ok(2 + bytes.div_ceil(8)) }
}

/// A float's bits with every NaN made the same.
#[inline]
pub(crate) const fn float_bits(value: f64) -> u64 {
    if value.is_nan() { 0x7ff8_0000_0000_0000 } else { value.to_bits() }
}

/// Words that elements take in a buffer.
pub(crate) fn element_words(packing: Packing, slots: usize, count: usize) -> Result<usize, Stop> {
    let bytes = match packing {
        Packing::Words => slots.checked_mul(8),
        packed => Some(packed.bytes()),
    };
    let bytes = bytes.and_then(|bytes| bytes.checked_mul(count)).ok_or(TOO_LARGE)?;
    let words = bytes.div_ceil(8);
    if words > MAX_WORDS || count > MAX_LEN { Err(TOO_LARGE) } else { Ok(words) }
}

/// What exists: module, stack and objects, to read. Stays valid while new objects are made behind it.
#[derive(Clone, Copy)]
pub(crate) struct View<'v> {
    /// The module.
    pub(crate) module: &'v Module<'v>,
    words: &'v [u64],
    split: usize,
    base: usize,
}

/// An array, seen through a [`View`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Array {
    /// Its type.
    pub(crate) ty: TypeId,
    /// The type of its elements.
    pub(crate) element: TypeId,
    /// How it stores them.
    pub(crate) packing: Packing,
    /// Slots of an element.
    pub(crate) slots: usize,
    /// How many there are.
    pub(crate) len: usize,
    /// Word of the heap of the array's header.
    pub(crate) at: usize,
    /// Word of the heap of its first element; out of range if it has no buffer.
    pub(crate) data: usize,
}

impl Array {
    /// The word of the heap of an element that is not packed.
    #[inline]
    pub(crate) const fn element_at(&self, index: usize) -> usize {
        self.data.saturating_add(index.saturating_mul(self.slots))
    }

    /// Words that this many elements take.
    pub(crate) fn words(&self, count: usize) -> Result<usize, Stop> {
        element_words(self.packing, self.slots, count)
    }
}

impl<'v> View<'v> {
    /// A register of the running frame, by number from its first; 0 outside the arena.
    #[cfg_attr(not(target_pointer_width = "32"), inline)]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn reg(&self, register: usize) -> u64 {
        self.place(self.base.saturating_add(register))
    }

    /// A word of the arena; 0 outside of what is in use.
    #[inline]
    pub(crate) fn place(&self, place: usize) -> u64 {
        self.words.get(place).copied().unwrap_or(0)
    }

    /// The arena's word of a register.
    pub(crate) const fn reg_place(&self, register: usize) -> usize {
        self.base.saturating_add(register)
    }

    /// The arena's word of a word of the heap.
    #[inline]
    pub(crate) const fn heap_place(&self, at: usize) -> usize {
        self.split.saturating_add(at)
    }

    /// All objects.
    #[inline]
    pub(crate) fn heap(&self) -> &'v [u64] {
        self.words.get(self.split..).unwrap_or(&[])
    }

    /// Consecutive words of the heap.
    #[inline]
    pub(crate) fn range(&self, at: usize, count: usize) -> Result<&'v [u64], Stop> {
        at.checked_add(count).and_then(|end| self.heap().get(at..end)).ok_or(CORRUPT)
    }

    /// An object's header and the words after it, up to the end of all objects.
    #[inline]
    pub(crate) fn object(&self, reference: u64) -> Result<(ObjectHeader, &'v [u64]), Stop> {
        let (&header, rest) =
            self.heap().get(index(reference)..).and_then(<[u64]>::split_first).ok_or(CORRUPT)?;
        Ok((ObjectHeader(header), rest))
    }

    /// The bytes of a string, constant or object.
    #[cfg_attr(not(target_pointer_width = "32"), inline)]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn string(&self, reference: u64) -> Result<&'v [u8], Stop> {
        if reference >= CONSTANT {
            if reference >= NULL {
                return Err(CORRUPT);
            }
            let number = usize::try_from(reference ^ CONSTANT).map_err(|_| CORRUPT)?;
            return self.module.string_bytes(number).ok_or(CORRUPT);
        }
        super::text::bytes(self.heap(), index(reference)).ok_or(CORRUPT)
    }

    /// The text of a string.
    pub(crate) fn text(&self, reference: u64) -> Result<&'v str, Stop> {
        core::str::from_utf8(self.string(reference)?).map_err(|_| CORRUPT)
    }

    /// The array behind a reference. Its elements are all inside the heap.
    #[inline]
    pub(crate) fn array(&self, reference: u64) -> Result<Array, Stop> {
        let (header, rest) = self.object(reference)?;
        let record = self.module.types.record(header.ty()).ok_or(CORRUPT)?;
        let &element = record.components.first().ok_or(CORRUPT)?;
        if record.kind != TypeKind::Array || header.0 & ANY_BUFFER != 0 {
            return Err(CORRUPT);
        }
        let (len, data) = halves(*rest.first().ok_or(CORRUPT)?);
        let element = TypeId(element);
        let array = Array {
            ty: header.ty(),
            element,
            packing: Packing::of(element),
            slots: record.slots.len(),
            len: len as usize,
            at: index(reference),
            data: index(u64::from(data)),
        };
        if array.len != 0 && array.slots != 0 {
            self.range(array.data, array.words(array.len)?)?;
        }
        Ok(array)
    }

    /// Words of an array's buffer.
    pub(crate) fn capacity(&self, array: &Array) -> usize {
        let size = array.data.checked_sub(1).and_then(|at| self.heap().get(at)).copied().unwrap_or(0);
        usize::try_from(size).unwrap_or(0)
    }

    /// The words of an array's elements.
    pub(crate) fn elements(&self, array: &Array) -> Result<&'v [u64], Stop> {
        let words = array.words(array.len)?;
        if words == 0 { Ok(&[]) } else { self.range(array.data, words) }
    }

    /// The bytes of an array's elements.
    pub(crate) fn element_bytes(&self, array: &Array) -> Result<&'v [u8], Stop> {
        self.elements(array).map(cast_slice)
    }

    /// A slot of an element, whatever the packing.
    #[inline]
    pub(crate) fn element(&self, array: &Array, index: usize, slot: usize) -> Result<u64, Stop> {
        if index >= array.len {
            return Err(CORRUPT);
        }
        if array.packing == Packing::Words {
            return self.heap().get(array.element_at(index).saturating_add(slot)).copied().ok_or(CORRUPT);
        }
        load_packed(self.heap(), array.data, index, array.packing).ok_or(CORRUPT)
    }
}

impl Vm<'_> {
    /// What exists, to read.
    #[cfg_attr(not(target_pointer_width = "32"), inline)]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn view(&self) -> View<'_> {
        let (split, base) = (self.state.split, self.state.base);
        let words = split.checked_add(self.state.top).and_then(|end| self.arena.get(..end)).unwrap_or(&[]);
        View { module: self.module, words, split, base }
    }

    /// Words of the arena that this machine uses.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn limit(&self) -> usize {
        self.arena.len().min(self.state.split.saturating_add(MAX_WORDS))
    }

    /// Free words.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn free(&self) -> usize {
        self.limit().saturating_sub(self.state.split.saturating_add(self.state.top))
    }

    /// Whether this many words could be had at all: to ask before paying for the work on them.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn check_size(&self, words: usize) -> Result<(), Stop> {
        if words > self.limit().saturating_sub(self.module.slack()) { Err(Stop::OutOfMemory) } else { Ok(()) }
    }

    /// Notes that this many words are in use beside the objects that exist.
    #[cfg_attr(not(target_pointer_width = "32"), inline)]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn note_use(&mut self, words: usize) {
        let end = (self.state.split + self.state.top).saturating_add(words);
        if end > self.state.noted {
            self.note_more(end);
        }
    }

    #[cold]
    fn note_more(&mut self, end: usize) {
        self.state.noted = end;
        let used = end.min(self.limit()).saturating_sub(self.module.slack());
        self.state.counters.peak_words = self.state.counters.peak_words.max(used);
    }

    /// Makes sure that this many words can be allocated without collecting. May move every object.
    #[cfg_attr(not(target_pointer_width = "32"), inline)]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn reserve(&mut self, words: usize) -> Result<(), Stop> {
        if self.state.collect_always || self.free() < words {
            self.reserve_slow(words)?;
        }
        self.note_use(words);
        Ok(())
    }

    #[cold]
    fn reserve_slow(&mut self, words: usize) -> Result<(), Stop> {
        self.check_size(words)?;
        self.free_garbage()?;
        if self.free() < words {
            self.shrink_stack();
        }
        if self.free() < words { Err(Stop::OutOfMemory) } else { Ok(()) }
    }

    /// Collects, here or, if that is when the running instruction does it, when that has been left.
    #[cold]
    pub(crate) fn free_garbage(&mut self) -> Result<(), Stop> {
        match self.state.collection {
            Collection::Here => self.collect(),
            Collection::Apart => Err(Stop::Room),
            Collection::Done(top) if top == self.state.top => Ok(()),
            Collection::Done(_) => self.collect(),
        }
    }

    /// Makes objects in the free words, next to a view of all that exist. They count once `make` succeeded.
    /// Collects nothing: so references stay what they are, and memory may run out.
    pub(crate) fn fresh<R>(
        &mut self,
        make: impl FnOnce(View<'_>, &mut Fresh<'_>) -> Result<R, Stop>,
    ) -> Result<R, Stop> {
        let (split, base, top, limit) = (self.state.split, self.state.base, self.state.top, self.limit());
        let used = split.checked_add(top).ok_or(CORRUPT)?;
        let (words, free) =
            self.arena.get_mut(..limit).and_then(|arena| arena.split_at_mut_checked(used)).ok_or(CORRUPT)?;
        let mut fresh = Fresh::new(free, top);
        let result = make(View { module: self.module, words, split, base }, &mut fresh);
        let (made, cost) = (fresh.made(), fresh.cost);
        self.keep(if result.is_ok() { made } else { 0 }, cost);
        result
    }

    /// Counts so many words of new objects, and charges for them. Apart where flash is scarce: there are many callers.
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn keep(&mut self, made: usize, cost: u64) {
        self.charge(cost);
        self.note_use(made);
        self.state.top = self.state.top.saturating_add(made);
    }

    /// The same for what is not known to fit: collects and tries once more if it did not.
    pub(crate) fn attempt<R>(
        &mut self,
        mut make: impl FnMut(View<'_>, &mut Fresh<'_>) -> Result<R, Stop>,
    ) -> Result<R, Stop> {
        if self.state.collect_always {
            self.free_garbage()?;
        }
        match self.fresh(&mut make) {
            Err(Stop::OutOfMemory) => {
                self.free_garbage()?;
                self.shrink_stack();
                self.fresh(make)
            }
            other => other,
        }
    }

    /// Allocates an object of these slots, after it was reserved; gives its reference.
    pub(crate) fn alloc_object(&mut self, ty: TypeId, slots: &[u64]) -> Result<u64, Stop> {
        let at = self.alloc(1 + slots.len())?;
        let words = self.heap_mut().get_mut(at..=at + slots.len()).ok_or(CORRUPT)?;
        if let Some((header, rest)) = words.split_first_mut() {
            *header = ObjectHeader::new(ty, 0).0;
            rest.copy_from_slice(slots);
        }
        Ok(at as u64)
    }

    /// Allocates an object of a type, its slots zero, after it was reserved; gives its reference.
    pub(crate) fn alloc_blank(&mut self, ty: TypeId) -> Result<u64, Stop> {
        let slots = self.module.types.record(ty).ok_or(CORRUPT)?.slots.len();
        self.fresh(|_, fresh| {
            let at = fresh.alloc(1 + slots)?;
            fresh.range_mut(at, 1 + slots)?.fill(0);
            fresh.set(at, ObjectHeader::new(ty, 0).0)?;
            Ok(at as u64)
        })
    }

    /// Stores slots of an object, from one on.
    pub(crate) fn object_set(&mut self, reference: u64, first: usize, slots: &[u64]) -> Result<(), Stop> {
        let start = index(reference).checked_add(1).and_then(|at| at.checked_add(first)).ok_or(CORRUPT)?;
        let place = self.heap_mut().get_mut(start..).and_then(|rest| rest.get_mut(..slots.len()));
        place.ok_or(CORRUPT)?.copy_from_slice(slots);
        Ok(())
    }

    /// Allocates a string with a copy of text in the heap, given by its address, after it was reserved; gives its reference.
    pub(crate) fn copy_text(&mut self, address: usize, len: usize) -> Result<u64, Stop> {
        self.fresh(|view, fresh| {
            let bytes = cast_slice::<u64, u8>(view.heap());
            let start = address.checked_sub(bytes.as_ptr().addr()).ok_or(CORRUPT)?;
            let part = bytes.get(start..).and_then(|rest| rest.get(..len)).ok_or(CORRUPT)?;
            fresh.string(core::str::from_utf8(part).map_err(|_| CORRUPT)?.as_bytes())
        })
    }

    /// Allocates a string of these bytes, after it was reserved; gives its reference.
    pub(crate) fn alloc_string(&mut self, bytes: &[u8]) -> Result<u64, Stop> {
        self.fresh(|_, fresh| fresh.string(bytes))
    }

    /// Stores an element of an array from its slots.
    pub(crate) fn array_set(&mut self, reference: u64, index: usize, slots: &[u64]) -> Result<(), Stop> {
        let array = self.view().array(reference)?;
        if index >= array.len || slots.len() != array.slots {
            return Err(CORRUPT);
        }
        if array.packing == Packing::Words {
            let start = array.element_at(index);
            let place = self.heap_mut().get_mut(start..).and_then(|rest| rest.get_mut(..slots.len()));
            place.ok_or(CORRUPT)?.copy_from_slice(slots);
            return Ok(());
        }
        let &value = slots.first().ok_or(CORRUPT)?;
        store_packed(self.heap_mut(), array.data, index, array.packing, value).ok_or(CORRUPT)
    }

    /// Allocates words without setting them, after they were reserved; gives where.
    pub(crate) fn alloc(&mut self, words: usize) -> Result<usize, Stop> {
        if self.free() < words {
            return Err(Stop::OutOfMemory);
        }
        let at = self.state.top;
        self.state.top += words;
        Ok(at)
    }

    /// Allocates an array of that many zero elements, after [`View::array_words`] were reserved; gives its
    /// reference.
    pub(crate) fn alloc_array(&mut self, ty: TypeId, len: usize) -> Result<u64, Stop> {
        self.fresh(|view, fresh| fresh.array(&view, ty, len)).map(|(reference, _)| reference)
    }

    /// Reserves and makes a string of that many bytes, which `fill` sets. It sees registers after the
    /// reservation.
    pub(crate) fn build_string(
        &mut self,
        len: usize,
        fill: impl FnOnce(View<'_>, &mut [u8]) -> Result<(), Stop>,
    ) -> Result<u64, Stop> {
        self.reserve(string_words(len)?)?;
        self.fresh(|view, fresh| {
            let at = fresh.blank_string(len)?;
            fill(view, fresh.string_bytes_mut(at, len)?)?;
            Ok(at)
        })
    }

    /// Makes room for `extra` more elements in the array that a register holds. May move every object.
    /// Charges for what it copies.
    pub(crate) fn grow_array(&mut self, register: usize, extra: usize) -> Result<(), Stop> {
        let mut collected = false;
        loop {
            let view = self.view();
            let array = view.array(view.reg(register))?;
            let needed = array.words(array.len.checked_add(extra).ok_or(TOO_LARGE)?)?;
            let capacity = view.capacity(&array);
            if needed <= capacity {
                return Ok(());
            }
            let wanted = needed.max(capacity.saturating_mul(2)).max(4);
            let free = self.free();
            if !collected && (self.state.collect_always || free < 2 + wanted) {
                self.reserve_slow(needed - capacity)?;
                collected = true;
                continue;
            }
            let at_end = capacity > 0 && array.data.checked_add(capacity) == Some(self.state.top);
            if at_end && free >= needed - capacity {
                // The buffer is the last object: it grows where it is.
                let size = (capacity + free / 2).min(wanted).max(needed);
                let start = self.alloc(size - capacity)?;
                let new = self.heap_mut().get_mut(start..).and_then(|rest| rest.get_mut(..size - capacity));
                new.ok_or(CORRUPT)?.fill(0);
                *self.heap_mut().get_mut(array.data - 1).ok_or(CORRUPT)? = size as u64;
                self.note_use(0);
                self.charge((size - capacity) as u64 / 16);
                return Ok(());
            }
            let size = wanted.min(free / 2).max(needed);
            if free < 2 + size {
                self.shrink_stack();
            }
            return self.move_array(&array, size);
        }
    }

    /// Gives an array a new buffer.
    fn move_array(&mut self, array: &Array, size: usize) -> Result<(), Stop> {
        let used = array.words(array.len)?;
        let buffer = self.alloc(2 + size)?;
        let heap = self.heap_mut();
        let words = heap.get_mut(buffer..).and_then(|rest| rest.get_mut(..2 + size)).ok_or(CORRUPT)?;
        words.get_mut(2 + used..).ok_or(CORRUPT)?.fill(0);
        if let [header, length, ..] = words {
            (*header, *length) = (ObjectHeader::new(array.ty, ObjectHeader::BUFFER).0, size as u64);
        }
        if used > 0 {
            heap.copy_within(array.data..array.data + used, buffer + 2);
        }
        *heap.get_mut(array.at + 1).ok_or(CORRUPT)? = join(array.len as u32, (buffer + 2) as u32);
        self.note_use(0);
        self.charge(size as u64 / 16);
        Ok(())
    }

    /// Appends the element in consecutive registers to the array that a register holds.
    pub(crate) fn push_element(&mut self, array: usize, element: usize) -> Result<(), Stop> {
        self.grow_array(array, 1)?;
        let view = self.view();
        let array = view.array(view.reg(array))?;
        self.set_len(&array, array.len + 1)?;
        self.store_element(&Array { len: array.len + 1, ..array }, array.len, element)
    }

    /// Sets an array's length, within its capacity.
    pub(crate) fn set_len(&mut self, array: &Array, len: usize) -> Result<(), Stop> {
        let word = self.heap_mut().get_mut(array.at.saturating_add(1)).ok_or(CORRUPT)?;
        *word = join(u32::try_from(len).map_err(|_| TOO_LARGE)?, halves(*word).1);
        Ok(())
    }

    /// Copies an element from consecutive registers into an array.
    pub(crate) fn store_element(&mut self, array: &Array, index: usize, register: usize) -> Result<(), Stop> {
        if index >= array.len {
            return Err(CORRUPT);
        }
        let from = self.state.base.saturating_add(register);
        if array.packing == Packing::Words {
            let to = self.state.split.saturating_add(array.element_at(index));
            return self.move_words(from, to, array.slots);
        }
        let value = self.arena.get(from).copied().unwrap_or(0);
        store_packed(self.heap_mut(), array.data, index, array.packing, value).ok_or(CORRUPT)
    }

    /// Copies an element of an array to consecutive registers.
    pub(crate) fn load_element(&mut self, array: &Array, index: usize, register: usize) -> Result<(), Stop> {
        if array.packing == Packing::Words {
            if index >= array.len {
                return Err(CORRUPT);
            }
            let from = self.state.split.saturating_add(array.element_at(index));
            return self.move_words(from, self.state.base.saturating_add(register), array.slots);
        }
        let value = self.view().element(array, index, 0)?;
        self.set_place(self.state.base.saturating_add(register), value);
        Ok(())
    }

    /// Writes a word of the arena.
    pub(crate) fn set_place(&mut self, place: usize, value: u64) {
        if let Some(word) = self.arena.get_mut(place) {
            *word = value;
        }
    }

    /// Copies words within the arena.
    pub(crate) fn move_words(&mut self, from: usize, to: usize, count: usize) -> Result<(), Stop> {
        if count == 1 {
            // Most elements have one slot.
            let value = *self.arena.get(from).ok_or(CORRUPT)?;
            *self.arena.get_mut(to).ok_or(CORRUPT)? = value;
            return Ok(());
        }
        if count == 0 {
            return Ok(());
        }
        let ends = from.checked_add(count).zip(to.checked_add(count)).ok_or(CORRUPT)?;
        if ends.0.max(ends.1) > self.arena.len() {
            return Err(CORRUPT);
        }
        self.arena.copy_within(from..ends.0, to);
        Ok(())
    }
}

impl View<'_> {
    /// Element type, packing and slots of an array type.
    pub(crate) fn array_shape(&self, ty: TypeId) -> Result<(TypeId, Packing, usize), Stop> {
        let record = self.module.types.record(ty).ok_or(CORRUPT)?;
        let &element = record.components.first().ok_or(CORRUPT)?;
        if record.kind != TypeKind::Array {
            return Err(CORRUPT);
        }
        Ok((TypeId(element), Packing::of(TypeId(element)), record.slots.len()))
    }

    /// Words that an array of that many elements takes, buffer included.
    pub(crate) fn array_words(&self, ty: TypeId, len: usize) -> Result<usize, Stop> {
        let (_, packing, slots) = self.array_shape(ty)?;
        let words = element_words(packing, slots, len)?;
        Ok(if words == 0 { 2 } else { 4 + words })
    }
}

//! The text of strings, and strings that grow.
//!
//! `s = s + piece` in a loop would copy all of `s` each time. So what is appended to a long string makes a *view* of a *text
//! buffer*. When something is appended to that, the buffer is copied to one with room at its end; from then on appending
//! writes into the room and makes a longer view of the same buffer, unless that was done before: then there is other
//! text behind this view, and it is copied. A view never changes, so strings stay values, wherever they are held.
//!
//! A collection takes the room away, and the text that is in no view. So whether an append to a view has to copy depends on the
//! arena. Its steps do not: such copies are counted with the collector's. Only where memory is so short that a view has no
//! place, which takes four words more, a string stays as it is, and an append to it costs its whole length.

use bytemuck::{cast_slice, cast_slice_mut};

use super::access::{ANY_BUFFER, CORRUPT, index, string_words};
use super::{CONSTANT, Fresh, ObjectHeader, halves, join};
use crate::machine::{Stop, Vm};
use crate::module::TypeId;

/// The header of a text buffer.
pub(crate) const TEXT_BUFFER: ObjectHeader = ObjectHeader::new(TypeId::STR, ObjectHeader::RAW);
/// Words of a view.
pub(super) const VIEW_WORDS: usize = 3;
/// Bytes from which on a string grows where it lies. A view takes four words more, and what is short is copied soon.
const LONG: usize = 256;
/// The bits of a header that tell a string with its own text, and a view, from anything else.
const KEY: u64 = 0xffff | ANY_BUFFER | ObjectHeader::VIEW;
const OWNER: u64 = ObjectHeader::new(TypeId::STR, 0).0;
const VIEW: u64 = ObjectHeader::new(TypeId::STR, ObjectHeader::VIEW).0;

/// A word of the heap; 0 outside of it.
fn word(heap: &[u64], at: usize) -> u64 {
    heap.get(at).copied().unwrap_or(0)
}

/// A word of the heap that is a size or place; 0 if it is neither.
fn number(heap: &[u64], at: usize) -> usize {
    usize::try_from(word(heap, at)).unwrap_or(0)
}

/// The first word of the text of the string at a place, and its bytes.
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn extent(heap: &[u64], at: usize) -> Option<(usize, usize)> {
    let start = match buffer_of(heap, at) {
        Some(data) => data.wrapping_add(1),
        None if word(heap, at) & KEY == OWNER => at.wrapping_add(2),
        None => return None,
    };
    Some((start, halves(word(heap, at.wrapping_add(1))).0 as usize))
}

/// The bytes of the string object at a place.
pub(crate) fn bytes(heap: &[u64], at: usize) -> Option<&[u8]> {
    let (start, len) = extent(heap, at)?;
    let words = heap.get(start..)?.get(..len.div_ceil(8))?;
    cast_slice::<u64, u8>(words).get(..len)
}

/// Whether no character goes through this position.
pub(crate) fn is_boundary(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).map_or(at == bytes.len(), |byte| byte.cast_signed() >= -0x40)
}

/// The word after the header and size of the buffer that a view at a place is of.
pub(crate) fn buffer_of(heap: &[u64], at: usize) -> Option<usize> {
    (word(heap, at) & KEY == VIEW).then(|| halves(word(heap, at.wrapping_add(2))).1 as usize)
}

/// How many bytes of text the buffer with its first word here holds, and how many it could.
pub(crate) fn used_of(heap: &[u64], data: usize) -> (usize, usize) {
    let words = number(heap, data.wrapping_sub(1)).saturating_sub(1);
    (number(heap, data), words.saturating_mul(8))
}

/// Whether a string of so many bytes is to grow where it lies, when its length becomes this.
const fn grows(first: usize, len: usize) -> bool {
    first >= LONG && len.saturating_sub(first) <= first
}

/// Where the text of a new string goes.
#[derive(Clone, Copy)]
pub(crate) enum TextPlace {
    /// Behind that of its first part, in the text buffer whose first word this is.
    Behind(usize),
    /// Into a new text buffer, with so many words of room.
    Buffer(usize),
    /// Into the string itself.
    Own,
}

impl Fresh<'_> {
    /// A string of so many bytes, and the byte of the heap where they begin. Only those of its first part are set, if it is
    /// behind that.
    pub(crate) fn place_string(&mut self, place: TextPlace, len: usize) -> Result<(u64, usize), Stop> {
        let data = match place {
            TextPlace::Behind(data) => data,
            TextPlace::Buffer(room) => {
                let data = self.buffer(TEXT_BUFFER.0, 1 + len.div_ceil(8) + room)?;
                self.set(data, len as u64)?;
                data
            }
            TextPlace::Own => {
                let string = self.blank_string(len)?;
                return Ok((string, index(string).saturating_add(2).wrapping_mul(8)));
            }
        };
        let at = self.alloc(VIEW_WORDS)?;
        self.range_mut(at, VIEW_WORDS)?.copy_from_slice(&[VIEW, len as u64, join(0, data as u32)]);
        Ok((at as u64, data.saturating_add(1).wrapping_mul(8)))
    }
}

impl Vm<'_> {
    /// Whether a string of so many bytes, which is to become so long, has grown before.
    pub(crate) fn has_grown(&self, first: u64, old: usize, len: usize) -> bool {
        grows(old, len) && buffer_of(self.view().heap(), index(first)).is_some()
    }

    /// Reserves a string of so many bytes, the first of which are those of a string of that many; says where they go. Only
    /// what is appended to the second time gets room for more, as far as there is any. The collector pays for that, and for
    /// copying what has grown before.
    pub(crate) fn reserve_text(&mut self, first: u64, old: usize, len: usize) -> Result<TextPlace, Stop> {
        let words = string_words(len)?;
        if !grows(old, len) {
            self.reserve(words)?;
            return Ok(TextPlace::Own);
        }
        let heap = self.view().heap();
        let (mut is_last, mut copied) = (false, 0);
        if let Some(data) = buffer_of(heap, index(first)).filter(|&data| data < heap.len()) {
            let (used, room) = used_of(heap, data);
            // Else there is other text behind it.
            (is_last, copied) = (old == used, words);
            let fits = is_last && len <= room && self.free() >= VIEW_WORDS;
            if fits && !self.state.collect_always {
                return Ok(TextPlace::Behind(data));
            }
        }
        let needs = words + VIEW_WORDS + 1;
        let place = match self.reserve(needs) {
            Ok(()) if is_last => TextPlace::Buffer((words / 2).min((self.free() - needs) / 2)),
            Ok(()) => TextPlace::Buffer(0),
            Err(Stop::OutOfMemory) => {
                self.reserve(words)?;
                TextPlace::Own
            }
            Err(stop) => return Err(stop),
        };
        let room = if let TextPlace::Buffer(room) = place { room } else { 0 };
        self.charge_collector((copied / 4 + room / 16) as u64);
        Ok(place)
    }

    /// Sets how much of a text buffer is in use.
    pub(crate) fn set_used(&mut self, data: usize, used: usize) -> Result<(), Stop> {
        *self.heap_mut().get_mut(data).ok_or(CORRUPT)? = used as u64;
        Ok(())
    }

    /// Copies a string's text to a byte of the heap; gives its length.
    pub(crate) fn write_text(&mut self, to: usize, string: u64) -> Result<usize, Stop> {
        if string >= CONSTANT {
            let module = self.module;
            let text = usize::try_from(string ^ CONSTANT).ok().and_then(|number| module.string_bytes(number));
            let text = text.ok_or(CORRUPT)?;
            let place = cast_slice_mut::<u64, u8>(self.heap_mut()).get_mut(to..);
            place.and_then(|place| place.get_mut(..text.len())).ok_or(CORRUPT)?.copy_from_slice(text);
            return Ok(text.len());
        }
        let heap = self.heap_mut();
        let (start, len) = extent(heap, index(string)).ok_or(CORRUPT)?;
        let bytes = cast_slice_mut::<u64, u8>(heap);
        let from = start.checked_mul(8).ok_or(CORRUPT)?;
        let ends = from.checked_add(len).zip(to.checked_add(len)).ok_or(CORRUPT)?;
        if ends.0.max(ends.1) > bytes.len() {
            return Err(CORRUPT);
        }
        bytes.copy_within(from..ends.0, to);
        Ok(len)
    }
}

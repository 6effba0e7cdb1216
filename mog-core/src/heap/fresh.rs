//! Making objects in the free words behind a view of those that exist.

use core::fmt;

use bytemuck::{cast_slice, cast_slice_mut};

use super::access::{CORRUPT, MAX_LEN, TOO_LARGE, View, element_words, string_words};
use super::{NULL, ObjectHeader, join};
use crate::machine::Stop;
use crate::module::TypeId;

/// The free words. Objects and text grow from the front, a stack of frames from the back.
pub(crate) struct Fresh<'f> {
    words: &'f mut [u64],
    /// The word of the heap that the first of the words is.
    start: usize,
    /// Words of finished objects.
    used: usize,
    /// Words of the stack.
    stacked: usize,
    /// Bytes of the text that is being written behind the finished objects.
    text: usize,
    /// What to charge in the end.
    pub(crate) cost: u64,
}

impl<'f> Fresh<'f> {
    pub(super) const fn new(words: &'f mut [u64], start: usize) -> Self {
        Self { words, start, used: 0, stacked: 0, text: 0, cost: 0 }
    }

    /// Words of the objects made so far.
    pub(crate) const fn made(&self) -> usize {
        self.used
    }

    /// Words between the objects and the stack.
    fn between(&self) -> usize {
        self.words.len().saturating_sub(self.stacked).saturating_sub(self.used)
    }

    /// Words for an object, not set; gives their place in the heap.
    pub(crate) fn alloc(&mut self, words: usize) -> Result<usize, Stop> {
        if words > self.between() {
            return Err(Stop::OutOfMemory);
        }
        let at = self.start + self.used;
        self.used += words;
        Ok(at)
    }

    /// Consecutive words of objects made here.
    pub(crate) fn range_mut(&mut self, at: usize, count: usize) -> Result<&mut [u64], Stop> {
        let from = at.checked_sub(self.start).ok_or(CORRUPT)?;
        let end = from.checked_add(count).ok_or(CORRUPT)?;
        self.words.get_mut(from..end).ok_or(CORRUPT)
    }

    /// A word of an object made here.
    pub(crate) fn get(&self, at: usize) -> Result<u64, Stop> {
        at.checked_sub(self.start).and_then(|at| self.words.get(at)).copied().ok_or(CORRUPT)
    }

    /// Writes a word of an object made here.
    pub(crate) fn set(&mut self, at: usize, value: u64) -> Result<(), Stop> {
        *at.checked_sub(self.start).and_then(|at| self.words.get_mut(at)).ok_or(CORRUPT)? = value;
        Ok(())
    }

    /// Drops all objects made so far, which may not be complete.
    pub(crate) const fn forget(&mut self) {
        (self.used, self.stacked, self.text) = (0, 0, 0);
    }

    /// A zeroed buffer; gives the place of its first word after header and size.
    pub(crate) fn buffer(&mut self, header: u64, words: usize) -> Result<usize, Stop> {
        let at = self.alloc(words.checked_add(2).ok_or(TOO_LARGE)?)?;
        let place = self.range_mut(at, words + 2)?;
        place.fill(0);
        if let [first, second, ..] = place {
            (*first, *second) = (header, words as u64);
        }
        Ok(at + 2)
    }

    /// An array of that many zero elements; gives its reference and the place of the first.
    pub(crate) fn array(&mut self, view: &View<'_>, ty: TypeId, len: usize) -> Result<(u64, usize), Stop> {
        let (_, packing, slots) = view.array_shape(ty)?;
        let words = element_words(packing, slots, len)?;
        let at = self.alloc(2)?;
        let data = if words == 0 {
            NULL as usize
        } else {
            self.buffer(ObjectHeader::new(ty, ObjectHeader::BUFFER).0, words)?
        };
        self.set(at, ObjectHeader::new(ty, 0).0)?;
        self.set(at + 1, join(len as u32, data as u32))?;
        Ok((at as u64, data))
    }

    /// A string of that many bytes, which are still to be set.
    pub(crate) fn blank_string(&mut self, len: usize) -> Result<u64, Stop> {
        let words = string_words(len)?;
        let at = self.alloc(words)?;
        let place = self.range_mut(at, words)?;
        if let Some(last) = place.last_mut() {
            *last = 0;
        }
        if let [first, second, ..] = place {
            (*first, *second) = (ObjectHeader::new(TypeId::STR, 0).0, len as u64);
        }
        Ok(at as u64)
    }

    /// The bytes of a string made here.
    pub(crate) fn string_bytes_mut(&mut self, reference: u64, len: usize) -> Result<&mut [u8], Stop> {
        let at = usize::try_from(reference).map_err(|_| CORRUPT)?;
        self.bytes_mut(at.checked_add(2).ok_or(CORRUPT)?, len)
    }

    /// The bytes of the words from a place on.
    pub(crate) fn bytes_mut(&mut self, at: usize, len: usize) -> Result<&mut [u8], Stop> {
        let words = self.range_mut(at, len.div_ceil(8))?;
        cast_slice_mut::<u64, u8>(words).get_mut(..len).ok_or(CORRUPT)
    }

    /// A string.
    pub(crate) fn string(&mut self, bytes: &[u8]) -> Result<u64, Stop> {
        let at = self.blank_string(bytes.len())?;
        self.string_bytes_mut(at, bytes.len())?.copy_from_slice(bytes);
        Ok(at)
    }

    /// Writes behind the text.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let at = (self.used + 2) * 8 + self.text;
        let end = at + bytes.len();
        if end > (self.words.len() - self.stacked) * 8 {
            return Err(Stop::OutOfMemory);
        }
        if self.text + bytes.len() > MAX_LEN {
            return Err(TOO_LARGE);
        }
        cast_slice_mut::<u64, u8>(self.words).get_mut(at..end).ok_or(CORRUPT)?.copy_from_slice(bytes);
        self.text += bytes.len();
        Ok(())
    }

    /// Bytes of the text so far.
    pub(crate) const fn text_len(&self) -> usize {
        self.text
    }

    /// Forgets the text.
    pub(crate) const fn drop_text(&mut self) {
        self.text = 0;
    }

    /// Makes a string of the text.
    pub(crate) fn finish_text(&mut self) -> Result<u64, Stop> {
        let len = core::mem::take(&mut self.text);
        let words = string_words(len)?;
        let at = self.alloc(words)?;
        let place = self.range_mut(at, words)?;
        if let [first, second, ..] = place {
            (*first, *second) = (ObjectHeader::new(TypeId::STR, 0).0, len as u64);
        }
        cast_slice_mut::<u64, u8>(place).get_mut(16 + len..).unwrap_or_default().fill(0);
        Ok(at as u64)
    }

    /// Pushes a frame.
    pub(crate) fn push<const N: usize>(&mut self, frame: [u64; N]) -> Result<(), Stop> {
        let text = if self.text == 0 { 0 } else { 2 + self.text.div_ceil(8) };
        if self.between() < N + text {
            return Err(Stop::OutOfMemory);
        }
        self.stacked += N;
        self.set_top(frame);
        Ok(())
    }

    /// The topmost frame.
    pub(crate) fn top<const N: usize>(&self) -> Option<[u64; N]> {
        self.nth(0)
    }

    /// The frame below that many others.
    pub(crate) fn nth<const N: usize>(&self, below: usize) -> Option<[u64; N]> {
        let from_end = self.stacked.checked_sub(below.checked_mul(N)?)?;
        let at = self.words.len().checked_sub(from_end)?;
        self.words.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    /// Changes the topmost frame.
    pub(crate) fn set_top<const N: usize>(&mut self, frame: [u64; N]) {
        let at = self.words.len().saturating_sub(self.stacked);
        if let Some(place) = self.words.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
            *place = frame;
        }
    }

    /// Drops the topmost frame.
    pub(crate) fn pop<const N: usize>(&mut self) -> Option<[u64; N]> {
        let frame = self.top()?;
        self.stacked = self.stacked.saturating_sub(N);
        Some(frame)
    }

    /// Drops this many words of the stack.
    pub(crate) const fn unstack(&mut self, words: usize) {
        self.stacked = self.stacked.saturating_sub(words);
    }

    /// The bytes of a string made here.
    pub(crate) fn string_at(&self, reference: u64) -> Result<&[u8], Stop> {
        let at = usize::try_from(reference).ok().and_then(|at| at.checked_sub(self.start)).ok_or(CORRUPT)?;
        let (&[_, len], words) = self.words.get(at..).and_then(<[u64]>::split_first_chunk).ok_or(CORRUPT)?;
        cast_slice::<u64, u8>(words).get(..len as u32 as usize).ok_or(CORRUPT)
    }

    /// Words of the stack.
    pub(crate) const fn stacked(&self) -> usize {
        self.stacked
    }

    /// Takes this many words between objects and stack for work, not set; they are not kept.
    pub(crate) fn scratch(&mut self, words: usize) -> Result<&mut [u64], Stop> {
        let end = self.used.checked_add(words).ok_or(TOO_LARGE)?;
        if words > self.between() {
            return Err(Stop::OutOfMemory);
        }
        self.words.get_mut(self.used..end).ok_or(CORRUPT)
    }
}

impl fmt::Write for Fresh<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes()).map_err(|_| fmt::Error)
    }
}

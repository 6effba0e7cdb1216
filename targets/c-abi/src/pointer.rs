//! Pointers from C: what can be checked of them is checked here, before they are followed.

use core::ffi::{CStr, c_char};
use core::slice;

use crate::status::{MOG_MISALIGNED, MOG_NOT_UTF8, MOG_NULL, MOG_OVERLAP, MOG_TOO_SMALL, Status};

/// No such pointer to so much memory is null or misaligned.
pub(crate) fn check<T>(pointer: *const T) -> Result<(), Status> {
    if pointer.is_null() {
        Err(MOG_NULL)
    } else if !pointer.is_aligned() {
        Err(MOG_MISALIGNED)
    } else {
        Ok(())
    }
}

/// Bytes of the caller's; none, at whatever address, if the size is 0.
///
/// # Safety
/// So many bytes are there, and nobody writes to them during `'b`.
pub(crate) unsafe fn bytes<'b>(data: *const u8, size: usize) -> Result<&'b [u8], Status> {
    if size == 0 {
        return Ok(&[]);
    }
    check(data)?;
    if isize::try_from(size).is_err() {
        return Err(MOG_TOO_SMALL);
    }
    // SAFETY: neither null nor larger than any object; the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts(data, size) })
}

/// The same to write to.
///
/// # Safety
/// So many bytes are there, and nobody else uses them during `'b`.
pub(crate) unsafe fn bytes_mut<'b>(data: *mut u8, size: usize) -> Result<&'b mut [u8], Status> {
    if size == 0 {
        return Ok(&mut []);
    }
    check(data)?;
    if isize::try_from(size).is_err() {
        return Err(MOG_TOO_SMALL);
    }
    // SAFETY: neither null nor larger than any object; the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts_mut(data, size) })
}

/// A text that a zero closes.
///
/// # Safety
/// There is a zero, and nobody writes to what is before it during `'t`.
pub(crate) unsafe fn text<'t>(data: *const c_char) -> Result<&'t str, Status> {
    check(data)?;
    // SAFETY: not null; the rest is the caller's promise.
    let text = unsafe { CStr::from_ptr(data) };
    text.to_str().map_err(|_| MOG_NOT_UTF8)
}

/// Writes a value where the caller wants it.
///
/// # Safety
/// If the pointer is neither null nor misaligned, there is room for the value.
pub(crate) unsafe fn give<T>(place: *mut T, value: T) -> Status {
    match check(place) {
        Ok(()) => {
            // SAFETY: neither null nor misaligned; the rest is the caller's promise.
            unsafe { place.write(value) };
            crate::status::MOG_OK
        }
        Err(status) => status,
    }
}

/// A range of addresses.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    start: usize,
    size: usize,
}

impl Span {
    pub(crate) fn new<T>(start: *const T, size: usize) -> Self {
        Self { start: start.addr(), size }
    }

    /// How many bytes.
    pub(crate) const fn len(self) -> usize {
        self.size
    }

    pub(crate) const fn overlaps(self, other: Self) -> bool {
        self.size > 0
            && other.size > 0
            && self.start < other.start.saturating_add(other.size)
            && other.start < self.start.saturating_add(self.size)
    }

    /// Where the other begins in this one, if it lies in it whole.
    pub(crate) fn offset_of(self, other: Self) -> Option<usize> {
        let offset = other.start.checked_sub(self.start)?;
        (offset.checked_add(other.size)? <= self.size).then_some(offset)
    }

    /// That none of these overlap this one.
    pub(crate) fn is_apart(self, others: &[Self]) -> Result<(), Status> {
        if others.iter().any(|other| self.overlaps(*other)) { Err(MOG_OVERLAP) } else { Ok(()) }
    }
}

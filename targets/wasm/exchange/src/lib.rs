//! Bytes that a WebAssembly module and its host hand each other: the host asks for room, writes there, calls, and reads what
//! came out. Both lie in the module's memory until the next call.
#![forbid(unsafe_code)]

use std::cell::RefCell;

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Room for so many bytes, which the next call takes as its input.
#[must_use]
pub fn input(len: u32) -> *mut u8 {
    INPUT.with_borrow_mut(|input| {
        *input = vec![0; len as usize];
        input.as_mut_ptr()
    })
}

/// What the host wrote there.
#[must_use]
pub fn take() -> Vec<u8> {
    INPUT.take()
}

/// What the host wrote there, as text.
///
/// # Errors
/// If it is not UTF-8.
pub fn take_text() -> Result<String, String> {
    String::from_utf8(take()).map_err(|_| "the input is not UTF-8".to_owned())
}

/// Leaves bytes for the host.
pub fn give(bytes: impl Into<Vec<u8>>) {
    OUTPUT.set(bytes.into());
}

/// What was left for the host.
#[must_use]
pub fn output() -> *const u8 {
    OUTPUT.with_borrow(Vec::as_ptr)
}

/// How many bytes that are.
#[must_use]
pub fn output_len() -> u32 {
    OUTPUT.with_borrow(|output| u32::try_from(output.len()).unwrap_or(u32::MAX))
}

//! The Mog machine for C: the functions of `mog.h`, which is made from this crate.
//!
//! A thin layer over `mog-core`, and the only crate of the project with unsafe code. What makes it sound:
//!
//! - Pointers from C are checked for null and alignment before they are followed, and are followed in `pointer.rs` or
//!   beside a `SAFETY` comment. What cannot be checked, such as that a pointer points to as many bytes as the caller
//!   says, is the caller's promise, stated in `mog.h`.
//! - An instance lives in storage of the caller's. While it runs, its state is moved out of there, and the storage is
//!   touched through raw pointers alone: so a callback may do anything with it, and is told that it is busy.
//! - No reference into the arena lives while C code runs.
//!
//! Nothing here allocates, and nothing is global. Nothing panics that we know of; should something, it aborts.
#![no_std]
#![cfg_attr(test, allow(dead_code, reason = "what C code uses"))]

#[cfg(test)]
extern crate std;

// In the order of mog.h.
mod status;

mod value;

mod module;

mod signed;

mod host;

mod read;

mod give;

mod make;

mod instance;

mod report;

mod snapshot;

#[cfg(test)]
mod header;
mod pointer;
mod signature;
mod types;

pub use give::*;
pub use host::*;
pub use instance::*;
pub use make::*;
pub use module::*;
pub use read::*;
pub use report::*;
pub use signed::*;
pub use snapshot::*;
pub use status::*;
pub use value::*;

/// Whether this build knows of values that have parts. A firmware without them has no code for them.
const PARTS: bool = cfg!(feature = "parts");

/// Stops the process: to unwind into C would be undefined.
#[cfg(not(any(test, feature = "hosted")))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn abort() -> !;
    }
    abort()
}

/// The compiled core library asks for a way to unwind, unless the optimiser sees that nobody needs one.
#[cfg(all(not(any(test, feature = "hosted")), debug_assertions))]
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

//! Stored programs on a board: a [`Case`] is a module with what `mog run` would be told about it, a pack is any number
//! of them in flash, and [`run`] runs one as `mog run` would.
//!
//! Nothing here knows a board. A board gives a [`Console`], an arena and the pack, and calls [`run_pack`]. The host does
//! the same with the same code, so what the two write must be equal to the byte.
#![no_std]
#![forbid(unsafe_code)]

mod case;
mod host;
mod run;
#[cfg(feature = "semihosting")]
mod terminal;

pub use case::{Case, Cases, encode};
pub use host::Console;
pub use run::{Summary, arena_words, run, run_pack};
#[cfg(feature = "semihosting")]
pub use terminal::Terminal;

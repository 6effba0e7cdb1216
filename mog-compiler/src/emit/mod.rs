//! From virtual registers to module bytes.

mod code;
mod module;

pub use module::{EmitError, EmitOptions, Lines, emit};

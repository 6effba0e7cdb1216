//! The machine: runs the code of one module in an arena.

mod vm;

pub(crate) use vm::{Stop, Vm};
pub use vm::{Counters, State};

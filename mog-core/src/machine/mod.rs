//! The machine: runs the code of one module in an arena.

mod arguments;
mod binding;
mod direct;
mod dispatch_match;
mod dispatch_tail;
mod fast;
pub(crate) mod frames;
mod future;
mod instance;
mod loops;
mod ops;
mod restore;
mod run;
mod slow;
mod snapshot;
pub(crate) mod tasks;
#[cfg(test)]
mod tests;
mod vm;
mod window;

pub use arguments::ArgumentSlots;
pub use direct::DirectCall;
pub use future::{AsyncHost, Running};
pub use instance::{Config, Instance, StartError};
pub use run::Outcome;
pub(crate) use slow::{load_packed, store_packed};
pub use snapshot::SnapshotError;
pub(crate) use vm::{Collection, Fault, Stop, Vm};
pub use vm::{Counters, Dispatch, State};
pub use window::WINDOW;

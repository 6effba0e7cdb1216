//! The Mog virtual machine: decodes and verifies module bytes where they lie, and runs them in an arena that
//! the host hands over, with the capabilities that the host grants.
//!
//! `no_std`, no allocator, no unsafe code: a bug in here can give a wrong answer, never a corrupt host.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
#[macro_use]
extern crate std;

pub mod error;
pub mod features;
pub mod half;
pub mod heap;
pub mod host;
pub mod isa;
pub(crate) mod library;
pub mod machine;
pub mod module;
#[cfg(test)]
mod testing;
pub mod verify;

pub use error::{Failure, Invalid, LoadError, TrapCode, TrapMessage};
pub use host::{Binding, Builder, Call, Capability, DirectCall, Host, Reply, StaticHost};
pub use machine::{
    ArgumentSlots, AsyncHost, Config, Counters, Dispatch, Instance, Outcome, Running, SnapshotError,
    StartError, State, WINDOW,
};
pub use module::{Callee, Module, TypeId};

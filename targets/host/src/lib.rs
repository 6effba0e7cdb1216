//! Runs programs in Mog, a small language for code that others wrote, inside a Rust host: with exactly the
//! functions that the host grants, in the memory and for the steps that it allows.
//!
//! ```
//! use mog::{CapabilitySet, Runtime, compile_mog_source};
//!
//! # fn main() -> Result<(), mog::Error> {
//! let mut capabilities = CapabilitySet::new();
//! capabilities.grant("log.write", |msg: String| println!("[LOG] {msg}"));
//!
//! let program = compile_mog_source("fn main() { log.write(\"Hello\") }")?;
//! let mut runtime = Runtime::new(program, capabilities)?;
//! runtime.execute()?;
//! # Ok(())
//! # }
//! ```
//!
//! - [`CapabilitySet`] says what is granted: closures, async ones, a [group](Capability) of functions; [`FromMog`] and [`ToMog`] convert and can be derived,
//!   [`Serde`] takes the types of serde, [`Handle`] holds what a program must not see, [`Value`] anything.
//! - [`Compiler`] compiles, [`Program`] is the result, to be shared; an [`Engine`] keeps those that threads have in common.
//! - [`Runtime`] runs, by itself or on an async executor; after a trap, a limit or a panic in a host function it can be
//!   used again.
//! - `policy` narrows a grant: to a workspace, to names, to quotas; `Policy` reads that from TOML.
//! - [`Observer`] and [`AuditLog`] see every call; [`Replay`] repeats a run from its log.
//!
//! The machine itself is in `mog-core`; this crate implements its [`Host`](mog_core::Host) once, in `gate.rs`.

mod asking;
mod audit;
mod builder;
mod callback;
mod capabilities;
mod convert;
#[doc(hidden)]
pub mod derived;
mod direct;
mod drive;
mod engine;
mod error;
mod function;
mod gate;
mod handle;
mod interrupt;
mod json;
mod make;
mod notes;
mod output;
mod pending;
#[cfg(feature = "policy")]
pub mod policy;
mod profile;
mod program;
mod pub_fn;
mod read;
mod reload;
mod replay;
mod run;
mod runtime;
mod serde_value;
mod session;
#[cfg(feature = "sign")]
pub mod signed;
mod snapshot;
mod source_map;
mod tensor;
mod types;
mod value;

pub use audit::{AuditLog, Entry, Event, Observer, Outcome, Setup, Tampered, verify as verify_audit};
pub use builder::RuntimeBuilder;
pub use callback::{AnyCallback, Callback};
pub use capabilities::{Capability, CapabilitySet, UnknownCapability};
pub use convert::{Arguments, FromMog, Mismatch, ToMog};
pub use engine::Engine;
pub use error::{CallStack, Error, Frame};
pub use function::{Args, CallError, Function, IntoAsyncFunction, IntoFunction, Text};
pub use handle::{AnyHandle, Handle};
pub use interrupt::Interrupt;
pub use mog_compiler::{Optimization, Optimizations};
pub use mog_core::{Counters, Dispatch, Failure, LoadError, TrapCode};
#[cfg(feature = "derive")]
pub use mog_derive::{FromMog, ToMog, capability};
pub use notes::Notes;
pub use profile::{LineSteps, Profile};
pub use program::{CompileError, Compiler, Program, Report, compile_mog_source};
pub use pub_fn::PubFn;
pub use replay::{Divergence, LogError, Replay};
pub use runtime::Runtime;
pub use serde_value::{Serde, SerializeError, from_value, to_value};
pub use session::Session;
pub use tensor::{AnyTensor, Bf16, Dtype, Element, F16, Tensor};
pub use types::{Type, TypeText, function_text};
pub use value::Value;

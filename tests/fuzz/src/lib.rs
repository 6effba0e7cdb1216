//! What each fuzz target does with its bytes. `fuzz/` runs these functions under libFuzzer, which needs the nightly
//! compiler; `tests/replay.rs` runs them with the stored inputs and with bytes by chance, in every `cargo test`.
//!
//! A target panics if it found something, and otherwise does nothing.

#![allow(clippy::expect_used, clippy::panic, reason = "a finding is a panic")]

use arbitrary::{Arbitrary, Unstructured};

mod agree;
mod data;
mod module;
mod text;

/// A function that looks for a mistake with these bytes, and panics if there is one.
pub type Target = fn(&[u8]);

/// All targets with their names, but for that of the C interface, which is in `targets/c-abi`.
pub const TARGETS: [(&str, Target); 10] = [
    ("declarations", text::declarations),
    ("json", text::json),
    ("module", module::module),
    ("mutated_module", module::mutated_module),
    ("policy", text::policy),
    ("programs", text::programs),
    ("signed", data::signed),
    ("snapshot", module::damaged_snapshot),
    ("source", text::source),
    ("values", data::values),
];

/// Runs the target of this name.
///
/// # Panics
/// If it found something, or if there is no such target.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(target, _)| *target == name);
    let (_, target) = target.unwrap_or_else(|| panic!("no target {name}"));
    target(bytes);
}

/// The input that these bytes stand for; nothing if they are too few.
fn input<'b, T: Arbitrary<'b>>(bytes: &'b [u8]) -> Option<T> {
    T::arbitrary_take_rest(Unstructured::new(bytes)).ok()
}

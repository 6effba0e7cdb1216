//! The benchmark programs in Rust: what native code and, as WebAssembly, other machines need for them. The same
//! computations as in `tests/bench/mog`, with bounds checks, in the style of a good author.

#[cfg(target_arch = "wasm32")]
mod exports;
mod numbers;
mod objects;

pub use numbers::{fannkuch, fib, mandel, matmul, mix, nbody, qsort, sieve};
pub use objects::{append, bintrees, host, map, strs};

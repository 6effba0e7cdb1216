//! Mog against other interpreters and native code, and against an earlier Mog.
//!
//! ```text
//! cargo run --release --manifest-path tests/peers/Cargo.toml -- [PROGRAM…] [--csv FILE] [--svg FILE]
//! cargo run --release --manifest-path tests/peers/Cargo.toml -- instructions [MOG…] [--write FILE | --against FILE]
//! ```
//! The first runs the programs in `tests/bench`: whole process, user and system CPU time, limits on, one pinned CPU, the
//! peers' runs interleaved, the median of `RUNS` (5). It is an error if their results differ. A peer that is not
//! installed is left out and named. The second counts instructions under callgrind, see `instructions.rs`.

mod engines;
mod instructions;
mod peers;
mod plot;
mod table;

use std::env;
use std::error::Error;
use std::path::PathBuf;

/// What a program of a peer, or of ours, came to.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// A benchmark program.
pub(crate) struct Program {
    name: &'static str,
    /// A constant at the top of the Mog source, the argument of all others.
    size: u64,
    /// For instruction counts, where each instruction takes a hundred times as long.
    small: u64,
    /// Whether it is one of those whose mean is compared: computation only.
    computes: bool,
}

const fn program(name: &'static str, size: u64, small: u64, computes: bool) -> Program {
    Program { name, size, small, computes }
}

pub(crate) const PROGRAMS: [Program; 13] = [
    program("fib", 35, 24, true),
    program("mix", 100_000_000, 500_000, true),
    program("sieve", 5_000_000, 200_000, true),
    program("nbody", 500_000, 2_000, true),
    program("mandel", 400, 80, true),
    program("fannkuch", 9, 8, true),
    program("matmul", 200, 50, true),
    program("qsort", 500_000, 20_000, true),
    program("host", 10_000_000, 100_000, false),
    program("bintrees", 14, 9, false),
    program("strs", 1_000_000, 20_000, false),
    program("map", 1_000_000, 30_000, false),
    program("append", 100_000, 20_000, false),
];

/// The folder with the programs of all languages.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../bench")
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--run", engine, name, size] => engines::run(engine, name, size.parse()?),
        ["instructions", rest @ ..] => instructions::compare(rest),
        rest => peers::measure(rest),
    }
}

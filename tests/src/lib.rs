//! Shared parts of the test programs: stored cases, ways to run them, and what must agree between the ways.
//!
//! - [`assemble`] reads what the disassembler prints,
//! - [`board`] runs packs of programs on emulated boards,
//! - [`case`] reads a `.mog` file with its directives and its expected output,
//! - [`clock`] measures,
//! - [`process`] runs one command with a deadline, [`place`] runs `mog` in a folder of its own,
//! - [`runner`] runs a case in one of several variants; the runner can be swapped,
//! - [`suite`] compares what came out with what was due,
//! - [`evaluator`] is a second implementation of the language, to compare with,
//! - [`generate`] makes programs to compare on, [`differential`] compares,
//! - [`shapes`] makes sources of any size, to see what the compiler takes for them.

pub mod assemble;
pub mod board;
pub mod case;
pub mod clock;
pub mod differential;
pub mod evaluator;
pub mod generate;
pub mod place;
pub mod process;
pub mod runner;
pub mod shapes;
pub mod suite;

//! Every function against what it is meant to do; collection before every allocation where it matters.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod array;
mod cost;
mod json;
mod large;
mod map;
mod number;
mod string;
mod value;

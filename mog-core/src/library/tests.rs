//! Every function against what it is meant to do; collection before every allocation where it matters.
#![allow(clippy::unwrap_used, reason = "tests")]

mod array;
mod map;
mod string;
mod value;

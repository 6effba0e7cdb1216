//! Snapshots of paused programs with a few bytes changed.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mog_fuzz_harness::run("snapshot", bytes));

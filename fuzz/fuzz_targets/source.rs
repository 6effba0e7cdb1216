//! Any text given to the compiler; what compiles is run.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mog_fuzz_harness::run("source", bytes));

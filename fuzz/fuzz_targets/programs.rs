//! Well-typed programs, run in all ways there are.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mog_fuzz_harness::run("programs", bytes));

//! Valid modules with a few words changed.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mog_fuzz_harness::run("mutated_module", bytes));

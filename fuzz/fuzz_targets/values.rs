//! Any data of the host's given to a program and back.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mog_fuzz_harness::run("values", bytes));

//! Any bytes given to the loader; what it accepts is run.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mog_fuzz_harness::run("module", bytes));

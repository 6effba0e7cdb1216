//! Any text as a policy.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mog_fuzz_harness::run("policy", bytes));

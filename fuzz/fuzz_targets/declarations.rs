//! Any text as declarations of capabilities, and a program that uses them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mog_fuzz_harness::run("declarations", bytes));

//! Any bytes given to the loader; what it accepts must run alike in every way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mog_core::Module;
use mog_fuzz::{agree, words};

fuzz_target!(|input: (u16, u16, &[u8])| {
    let (arena, slice, bytes) = input;
    let words = words(bytes);
    if let Ok(module) = Module::load_words(&words) {
        for function in 0..module.header.functions {
            agree(module, function, arena.into(), slice.into());
        }
    }
});

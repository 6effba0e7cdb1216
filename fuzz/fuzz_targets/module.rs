//! Any bytes given to the loader; what it accepts must run alike in every way. The input is the number of a function,
//! the arena's words and the steps of a slice, 16 bits each, then the module.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mog_core::Module;
use mog_fuzz::{agree, words};

fuzz_target!(|input: (u16, u16, u16, &[u8])| {
    let (function, arena, slice, bytes) = input;
    let words = words(bytes);
    if let Ok(module) = Module::load_words(&words) {
        agree(module, function, arena.into(), slice.into());
    }
});

//! Valid modules with a few words changed: many still verify, and must then run alike in every way.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use mog_core::Module;
use mog_fuzz::{CORPUS, agree};

#[derive(Arbitrary, Debug)]
enum Change {
    /// One byte of a word, so that single operands and opcodes change.
    Byte(u16, u8, u8),
    Word(u16, u32),
    /// A word copied from elsewhere: an instruction that is right in another place.
    Copy(u16, u16),
    Cut(u16),
}

fuzz_target!(|input: (u8, u16, u16, u16, Vec<Change>)| {
    let (program, function, arena, slice, changes) = input;
    let mut words = CORPUS[usize::from(program) % CORPUS.len()].clone();
    for change in changes {
        let len = words.len();
        let at = |place: u16| usize::from(place) % len;
        match change {
            _ if len == 0 => {}
            Change::Byte(place, byte, value) => {
                let shift = u32::from(byte % 4) * 8;
                words[at(place)] = words[at(place)] & !(0xff << shift) | u32::from(value) << shift;
            }
            Change::Word(place, value) => words[at(place)] = value,
            Change::Copy(from, to) => words[at(to)] = words[at(from)],
            Change::Cut(place) => words.truncate(at(place)),
        }
    }
    if let Ok(module) = Module::load_words(&words) {
        agree(module, function, arena.into(), slice.into());
    }
});

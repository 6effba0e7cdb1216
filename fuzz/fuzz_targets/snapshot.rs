//! Snapshots of paused programs with a few bytes changed: refused, or run on without harm; unchanged ones are restored.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use mog_core::Module;
use mog_fuzz::{CORPUS, restore, snapshot};

#[derive(Arbitrary, Debug)]
enum Change {
    Byte(u16, u8),
    Copy(u16, u16),
    Insert(u16, u8),
    Cut(u16),
}

fuzz_target!(|input: (u8, u16, u16, u16, Vec<Change>)| {
    let (program, function, arena, steps, changes) = input;
    let Ok(module) = Module::load_words(&CORPUS[usize::from(program) % CORPUS.len()]) else { return };
    let arena = usize::from(arena);
    let mut bytes = snapshot(module, function, arena, steps.into());
    let whole = changes.is_empty() && !bytes.is_empty();
    for change in changes {
        let len = bytes.len();
        let at = |place: u16| usize::from(place) % len;
        match change {
            _ if len == 0 => {}
            Change::Byte(place, value) => bytes[at(place)] = value,
            Change::Copy(from, to) => bytes[at(to)] = bytes[at(from)],
            Change::Insert(place, value) => bytes.insert(at(place), value),
            Change::Cut(place) => bytes.truncate(at(place)),
        }
    }
    let restored = restore(module, arena, &bytes);
    assert!(restored || !whole, "what was saved is restored");
});

//! Targets whose input is a module or a snapshot, or what to change in one.

use arbitrary::Arbitrary;
use mog_core::Module;

use crate::agree::{CORPUS, agree, restore, snapshot, words};
use crate::input;

/// Any bytes given to the loader; what it accepts must run alike in every way. The input is the number of a function,
/// the arena's words and the steps of a slice, 16 bits each, then the module.
pub(crate) fn module(bytes: &[u8]) {
    let Some((function, arena, slice, bytes)) = input::<(u16, u16, u16, &[u8])>(bytes) else { return };
    let words = words(bytes);
    if let Ok(module) = Module::load_words(&words) {
        agree(module, function, arena.into(), slice.into());
    }
}

/// One change of a module.
#[derive(Arbitrary, Debug)]
enum Change {
    /// One byte of a word, so that single operands and opcodes change.
    Byte(u16, u8, u8),
    Word(u16, u32),
    /// A word copied from elsewhere: an instruction that is right in another place.
    Copy(u16, u16),
    Cut(u16),
}

/// Valid modules with a few words changed: many still verify, and must then run alike in every way.
pub(crate) fn mutated_module(bytes: &[u8]) {
    let Some(input) = input::<(u8, u16, u16, u16, Vec<Change>)>(bytes) else { return };
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
}

/// One change of a snapshot.
#[derive(Arbitrary, Debug)]
enum Damage {
    Byte(u16, u8),
    Copy(u16, u16),
    Insert(u16, u8),
    Cut(u16),
}

/// Snapshots of paused programs with a few bytes changed: refused, or run on without harm; unchanged ones are restored.
pub(crate) fn damaged_snapshot(bytes: &[u8]) {
    let Some(input) = input::<(u8, u16, u16, u16, Vec<Damage>)>(bytes) else { return };
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
            Damage::Byte(place, value) => bytes[at(place)] = value,
            Damage::Copy(from, to) => bytes[at(to)] = bytes[at(from)],
            Damage::Insert(place, value) => bytes.insert(at(place), value),
            Damage::Cut(place) => bytes.truncate(at(place)),
        }
    }
    let restored = restore(module, arena, &bytes);
    assert!(restored || !whole, "what was saved is restored");
}

//! Parts of the machine that a build for a small target can leave out, each by the Cargo feature of its name. A module
//! says which it needs, and is refused where one of them is missing.
//!
//! What a part consists of is said once, in `verify/features.rs`, by instruction and library function. Both dispatchers
//! and the library ask it when they are compiled: what needs a missing part has no code.

/// Floats printed and parsed.
pub const FLOAT_TEXT: u16 = 1;
/// Trigonometry, exponentials, powers.
pub const MATH: u16 = 2;
/// Maps.
pub const MAPS: u16 = 4;
/// String functions beyond length, concatenation, comparison and slices; integers parsed.
pub const STRINGS: u16 = 8;
/// `any`, and values printed or compared by their type.
pub const VALUES: u16 = 16;
/// JSON.
pub const JSON: u16 = 32;
/// Floating point at all.
pub const FLOATS: u16 = 64;
/// Tensors.
pub const TENSORS: u16 = 128;
/// Tasks: `async`, `await`, `spawn`.
pub const TASKS: u16 = 256;
/// Arrays sorted, searched, summed, sliced, joined and changed in the middle.
pub const ARRAYS: u16 = 512;

const NAMES: [(u16, &str); 10] = [
    (FLOAT_TEXT, "float-text"),
    (MATH, "math"),
    (MAPS, "maps"),
    (STRINGS, "strings"),
    (VALUES, "values"),
    (JSON, "json"),
    (FLOATS, "floats"),
    (TENSORS, "tensors"),
    (TASKS, "tasks"),
    (ARRAYS, "arrays"),
];

/// The parts that this build has.
pub const PRESENT: u16 = part(cfg!(feature = "float-text"), FLOAT_TEXT)
    | part(cfg!(feature = "math"), MATH)
    | part(cfg!(feature = "maps"), MAPS)
    | part(cfg!(feature = "strings"), STRINGS)
    | part(cfg!(feature = "values"), VALUES)
    | part(cfg!(feature = "json"), JSON)
    | part(cfg!(feature = "floats"), FLOATS)
    | part(cfg!(feature = "tensors"), TENSORS)
    | part(cfg!(feature = "tasks"), TASKS)
    | part(cfg!(feature = "arrays"), ARRAYS);

const fn part(present: bool, bit: u16) -> u16 {
    if present { bit } else { 0 }
}

/// Whether this build lacks one of these parts.
pub(crate) const fn lacks(bits: u16) -> bool {
    bits & !PRESENT != 0
}

/// Whether anything in this build can make maps: those of the part itself, or those that `any` and JSON have.
pub(crate) const HAS_MAPS: bool = PRESENT & (MAPS | VALUES | JSON) != 0;

/// The names of a set of parts.
pub fn names(bits: u16) -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().filter(move |(bit, _)| bits & bit != 0).map(|(_, name)| name)
}

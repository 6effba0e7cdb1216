//! Parts of the machine that a build for a small target can leave out. A module names those that it needs.

/// Floats printed and parsed.
pub const FLOAT_TEXT: u16 = 1;
/// Trigonometry, exponentials, powers.
pub const MATH: u16 = 2;
/// Maps.
pub const MAPS: u16 = 4;
/// String functions beyond length, join, comparison and slices.
pub const STRINGS: u16 = 8;
/// `any`, and values printed or compared by their type.
pub const VALUES: u16 = 16;
/// JSON.
pub const JSON: u16 = 32;
/// Floating point at all.
pub const FLOATS: u16 = 64;
/// Tensors.
pub const TENSORS: u16 = 128;

const NAMES: [(u16, &str); 8] = [
    (FLOAT_TEXT, "float-text"),
    (MATH, "math"),
    (MAPS, "maps"),
    (STRINGS, "strings"),
    (VALUES, "values"),
    (JSON, "json"),
    (FLOATS, "floats"),
    (TENSORS, "tensors"),
];

/// The parts that this build has.
pub const PRESENT: u16 = FLOAT_TEXT | MATH | MAPS | STRINGS | VALUES | JSON | FLOATS | TENSORS;

/// The names of a set of parts.
pub fn names(bits: u16) -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().filter(move |(bit, _)| bits & bit != 0).map(|(_, name)| name)
}

//! Postcard records of a module, borrowed from its bytes and read one after the other.

use core::marker::PhantomData;

use serde::{Deserialize, Serialize};

/// A capability function that the module calls. Its types are in the pool, see
/// [`Module::import_type`](crate::module::Module::import_type).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Import<'a> {
    /// The capability, such as `log`.
    pub capability: &'a str,
    /// The function, such as `write`.
    pub function: &'a str,
    /// Whether a declaration gave the types. If not, all are `any`, and the host converts.
    pub declared: bool,
    /// Parameter names, separated by commas; empty if unknown.
    pub params: &'a str,
}

/// A function that the host can call.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Export<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its number.
    pub function: u16,
}

/// A capability that the program named.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Requirement<'a> {
    /// The capability.
    pub capability: &'a str,
    /// `requires`: the host refuses to start the program without it. Otherwise `optional`.
    pub required: bool,
}

/// Name and lines of a function.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct FunctionDebug<'a> {
    /// Its name in call stacks.
    pub name: &'a str,
    /// The source file's name; empty where it is the same as the one before.
    pub file: &'a str,
    /// Line table, see [`Lines`].
    #[serde(borrow)]
    pub lines: &'a [u8],
}

impl<'a> FunctionDebug<'a> {
    /// The line table.
    #[must_use]
    pub const fn lines(&self) -> Lines<'a> {
        Lines { bytes: self.lines, pc: 0, line: 0, column: 0 }
    }

    /// Line and column, from 1, of the instruction that is this many words from the function's start.
    #[must_use]
    pub fn position(&self, offset: u32) -> Option<(u32, u32)> {
        self.lines().take_while(|entry| entry.0 <= offset).last().map(|(_, line, column)| (line, column))
    }
}

/// A line table: entries of word offset from the function's start, line and column, each from 1. Encoded as
/// varint differences: offset unsigned, line zigzag, column absolute.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    bytes: &'a [u8],
    pc: u32,
    line: u32,
    column: u32,
}

impl Lines<'_> {
    fn varint(&mut self) -> Option<u32> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

impl Iterator for Lines<'_> {
    type Item = (u32, u32, u32);

    fn next(&mut self) -> Option<Self::Item> {
        self.pc = self.pc.wrapping_add(self.varint()?);
        let zigzag = self.varint()?;
        self.line = self.line.wrapping_add((zigzag >> 1) ^ (zigzag & 1).wrapping_neg());
        self.column = self.varint()?;
        Some((self.pc, self.line, self.column))
    }
}

/// Records of one kind, decoded as they are asked for. Ends early at a malformed one.
#[derive(Clone, Debug)]
pub struct Records<'a, T> {
    bytes: &'a [u8],
    left: usize,
    kind: PhantomData<T>,
}

impl<'a, T> Records<'a, T> {
    pub(crate) const fn new(bytes: &'a [u8], count: usize) -> Self {
        Self { bytes, left: count, kind: PhantomData }
    }
}

impl<'a, T: Deserialize<'a>> Records<'a, T> {
    /// What follows these records.
    pub(crate) fn rest(mut self) -> &'a [u8] {
        while self.next().is_some() {}
        self.bytes
    }
}

impl<'a, T: Deserialize<'a>> Iterator for Records<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        let (record, rest) = postcard::take_from_bytes(self.bytes).ok()?;
        self.bytes = rest;
        Some(record)
    }
}

/// The first record of the metadata; imports, exports and requirements follow.
#[derive(Clone, Copy, Default, Serialize, Deserialize, Debug)]
pub struct Counts {
    /// How many exports there are.
    pub exports: u16,
    /// How many requirements there are.
    pub requirements: u16,
    /// The function that runs before the first entry.
    pub init: Option<u16>,
}

/// What a module wants from its host and offers to it.
#[derive(Clone, Copy, Debug)]
pub struct Metadata<'a> {
    counts: Counts,
    imports: usize,
    records: &'a [u8],
    well_formed: bool,
}

impl<'a> Metadata<'a> {
    pub(crate) fn new(bytes: &'a [u8], imports: usize) -> Self {
        match postcard::take_from_bytes(bytes) {
            Ok((counts, records)) => Self { counts, imports, records, well_formed: true },
            Err(_) => Self { counts: Counts::default(), imports, records: &[], well_formed: false },
        }
    }

    /// The capability functions that it calls, in the order of their numbers.
    #[must_use]
    pub fn imports(&self) -> Records<'a, Import<'a>> {
        Records::new(self.records, self.imports)
    }

    /// The functions that the host can call.
    #[must_use]
    pub fn exports(&self) -> Records<'a, Export<'a>> {
        Records::new(self.imports().rest(), usize::from(self.counts.exports))
    }

    /// The function that is exported by this name.
    #[must_use]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn export(&self, name: &str) -> Option<u16> {
        self.exports().find(|export| export.name == name).map(|export| export.function)
    }

    /// The capabilities that it named by `requires` or `optional`.
    #[must_use]
    pub fn requirements(&self) -> Records<'a, Requirement<'a>> {
        // Each new instance asks, and most programs have none: for that nothing has to be read.
        let records = if self.counts.requirements == 0 { &[] } else { self.exports().rest() };
        Records::new(records, usize::from(self.counts.requirements))
    }

    /// The function that runs before the first entry.
    #[must_use]
    pub const fn init(&self) -> Option<u16> {
        self.counts.init
    }

    /// Whether all records could be read and nothing follows them.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        self.well_formed
            && self.imports().count() == self.imports
            && self.exports().count() == usize::from(self.counts.exports)
            && self.requirements().count() == usize::from(self.counts.requirements)
            && Records::<Requirement<'_>>::new(self.exports().rest(), usize::from(self.counts.requirements))
                .rest()
                .is_empty()
    }
}

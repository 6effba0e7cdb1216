//! The module format: a raw header and fixed-stride tables, used where they lie, and postcard records for what
//! is read only when a module is linked or a trap reported.
//!
//! ```text
//! header      10 words, see `Header`
//! code        u32 each, one instruction or its operand bytes
//! constants   u64 each, as two words, low first
//! types       3 words each, see `types`
//! functions   4 words each, see `Function`
//! handlers    3 words each, see `Handler`
//! strings     2 words each: start and length in the bytes section
//! pool        u16 each, padded to a word; starts with the function type of each import
//! bytes       the string constants, UTF-8, padded to a word
//! metadata    postcard: imports, exports, requirements; padded to a word
//! debug       postcard: names and line tables of functions; may be absent (stripped)
//! ```
//! All numbers are little-endian, and so must the processor be.

mod metadata;
mod sections;
mod types;

use bytemuck::try_cast_slice;

pub use metadata::{Counts, Export, FunctionDebug, Import, Lines, Metadata, Records, Requirement};
pub use sections::Sections;
pub use types::{Packing, Slots, TASK_SLOTS, TYPE_WORDS, TypeId, TypeKind, TypeRecord, TypeTable};

use crate::error::LoadError;

/// First word of a module: `MOG` and the version of the format.
pub const MAGIC: u32 = u32::from_le_bytes(*b"MOG\x01");

/// Words of the header.
pub const HEADER_WORDS: usize = 10;
/// Words of a function record.
pub const FUNCTION_WORDS: usize = 4;
/// Words of a handler record.
pub const HANDLER_WORDS: usize = 3;

/// The header of a module, as its ten words say.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Header {
    /// Word 1, low half: features that the module needs, see [`features`](crate::features).
    pub features: u16,
    /// Word 1, high half: registers of the largest frame.
    pub max_frame: u16,
    /// Word 2, low half: the struct type of the module state.
    pub state_type: u16,
    /// Word 2, high half: number of imports.
    pub imports: u16,
    /// Word 3: code words.
    pub code: u32,
    /// Word 4: bytes of the string constants.
    pub bytes: u32,
    /// Word 5: bytes of metadata.
    pub metadata: u32,
    /// Word 6: bytes of debug records.
    pub debug: u32,
    /// Word 7, low half: constants.
    pub constants: u16,
    /// Word 7, high half: own types.
    pub types: u16,
    /// Word 8, low half: functions.
    pub functions: u16,
    /// Word 8, high half: handlers.
    pub handlers: u16,
    /// Word 9, low half: string constants.
    pub strings: u16,
    /// Word 9, high half: numbers in the pool.
    pub pool: u16,
}

const fn halves(word: u32) -> (u16, u16) {
    (word as u16, (word >> 16) as u16)
}

const fn join(low: u16, high: u16) -> u32 {
    low as u32 | (high as u32) << 16
}

impl Header {
    /// The header's words.
    #[must_use]
    pub const fn to_words(&self) -> [u32; HEADER_WORDS] {
        [
            MAGIC,
            join(self.features, self.max_frame),
            join(self.state_type, self.imports),
            self.code,
            self.bytes,
            self.metadata,
            self.debug,
            join(self.constants, self.types),
            join(self.functions, self.handlers),
            join(self.strings, self.pool),
        ]
    }

    fn from_words(words: &[u32; HEADER_WORDS]) -> Self {
        let [_, w1, w2, code, bytes, metadata, debug, w7, w8, w9] = *words;
        let ((features, max_frame), (state_type, imports)) = (halves(w1), halves(w2));
        let ((constants, types), (functions, handlers), (strings, pool)) =
            (halves(w7), halves(w8), halves(w9));
        Self {
            features,
            max_frame,
            state_type,
            imports,
            code,
            bytes,
            metadata,
            debug,
            constants,
            types,
            functions,
            handlers,
            strings,
            pool,
        }
    }
}

/// The shape of a function that there is not: no frame is as large.
pub(crate) const NO_FUNCTION: u32 = u32::MAX;

/// A function of a module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Function {
    /// Word 0: number of its first instruction. Its code ends where the next function's begins.
    pub start: u32,
    /// Word 1: registers of the parameters, which come first.
    pub params: u8,
    /// Word 1: registers of the result.
    pub results: u8,
    /// Word 1: registers in all.
    pub frame: u8,
    /// Word 1: first of the registers that are set to null on entry; all that hold references, other than
    /// parameters, are from here on.
    pub first_ref: u8,
    /// Word 2: its function type.
    pub signature: TypeId,
    /// Word 2: the captures type of a closure, which parameter 0 then has; `UNIT` for other functions.
    pub captures: TypeId,
    /// Word 3: start in the pool of its register types: number of runs, then slot type and length of each.
    pub registers: u32,
}

impl Function {
    /// The record's words.
    #[must_use]
    pub const fn to_words(&self) -> [u32; FUNCTION_WORDS] {
        [
            self.start,
            u32::from_le_bytes([self.params, self.results, self.frame, self.first_ref]),
            join(self.signature.0, self.captures.0),
            self.registers,
        ]
    }
}

/// A function of a module as it is called from outside, looked up once: see [`Module::callee`]. With another module it
/// is as if that had not been verified: what runs may be nonsense, within its arena.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Callee {
    pub(crate) start: u32,
    pub(crate) number: u16,
    pub(crate) params: u8,
    pub(crate) frame: u8,
}

impl Callee {
    /// The function's number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.number
    }
}

/// A range of code with a place where failures raised in it go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handler {
    /// First instruction of the range.
    pub start: u32,
    /// The instruction after the range; 24 bits.
    pub end: u32,
    /// Where to go on, with kind and message in two registers from `register` on.
    pub target: u32,
    /// See `target`; the high 8 bits of the record's second word.
    pub register: u8,
}

impl Handler {
    /// The record's words.
    #[must_use]
    pub const fn to_words(&self) -> [u32; HANDLER_WORDS] {
        [self.start, self.end & 0xff_ffff | (self.register as u32) << 24, self.target]
    }
}

/// A decoded module: views into its bytes. Made by [`Module::load`], which verifies everything that the machine
/// relies on.
#[derive(Clone, Copy, Debug)]
pub struct Module<'a> {
    /// The header.
    pub header: Header,
    /// The code of all functions.
    pub code: &'a [u32],
    /// The type table.
    pub types: TypeTable<'a>,
    constants: &'a [u32],
    functions: &'a [u32],
    handlers: &'a [u32],
    strings: &'a [u32],
    bytes: &'a [u8],
    metadata: &'a [u8],
    debug: &'a [u8],
}

struct Cut<'a> {
    rest: &'a [u32],
}

impl<'a> Cut<'a> {
    fn words(&mut self, count: usize) -> Result<&'a [u32], LoadError> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(LoadError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    fn bytes(&mut self, count: u32) -> Result<&'a [u8], LoadError> {
        let count = usize::try_from(count).map_err(|_| LoadError::Truncated)?;
        let words = self.words(count.div_ceil(4))?;
        bytemuck::cast_slice::<u32, u8>(words).get(..count).ok_or(LoadError::Truncated)
    }
}

impl<'a> Module<'a> {
    /// Takes a module apart without verifying what is in it. Safe on any bytes: code that was not verified can
    /// at worst trap or compute nonsense.
    ///
    /// # Errors
    /// If the bytes are misaligned for 32-bit words, do not begin as a module does, or are shorter or longer
    /// than the header says.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, LoadError> {
        if bytes.as_ptr().align_offset(4) != 0 {
            return Err(LoadError::Misaligned);
        }
        let whole = bytes.get(..bytes.len() & !3).ok_or(LoadError::Truncated)?;
        let words: &[u32] = try_cast_slice(whole).map_err(|_| LoadError::Misaligned)?;
        Self::decode_words(words, whole.len() == bytes.len())
    }

    /// Words of an arena that lie between this module's stack and heap, unused: what the register window of this build
    /// has beyond the largest frame. An arena of so many words more gives the module the same room, and so the same
    /// steps and the same end, whatever the window.
    #[must_use]
    pub const fn slack(&self) -> usize {
        crate::machine::WINDOW.saturating_sub(self.header.max_frame as usize)
    }

    /// The same for words, which are never misaligned.
    ///
    /// # Errors
    /// As for [`Module::decode`].
    pub fn from_words(words: &'a [u32]) -> Result<Self, LoadError> {
        Self::decode_words(words, true)
    }

    fn decode_words(words: &'a [u32], whole: bool) -> Result<Self, LoadError> {
        match words.first() {
            Some(&MAGIC) => {}
            Some(&other) if other & 0xff_ffff == MAGIC & 0xff_ffff => {
                return Err(LoadError::Version { found: (other >> 24) as u8 });
            }
            _ => return Err(LoadError::NotAModule),
        }
        let head: &[u32; HEADER_WORDS] = words.first_chunk().ok_or(LoadError::Truncated)?;
        let header = Header::from_words(head);
        let mut cut = Cut { rest: words.get(HEADER_WORDS..).unwrap_or(&[]) };
        let module = Self {
            header,
            code: cut.words(usize::try_from(header.code).map_err(|_| LoadError::Truncated)?)?,
            constants: cut.words(usize::from(header.constants) * 2)?,
            types: TypeTable { records: cut.words(usize::from(header.types) * TYPE_WORDS)?, pool: &[] },
            functions: cut.words(usize::from(header.functions) * FUNCTION_WORDS)?,
            handlers: cut.words(usize::from(header.handlers) * HANDLER_WORDS)?,
            strings: cut.words(usize::from(header.strings) * 2)?,
            bytes: &[],
            metadata: &[],
            debug: &[],
        };
        let pool = cut.words(usize::from(header.pool).div_ceil(2))?;
        let pool: &[u16] = bytemuck::cast_slice(pool);
        let pool = pool.get(..usize::from(header.pool)).ok_or(LoadError::Truncated)?;
        let module = Self {
            types: TypeTable { pool, ..module.types },
            bytes: cut.bytes(header.bytes)?,
            metadata: cut.bytes(header.metadata)?,
            debug: cut.bytes(header.debug)?,
            ..module
        };
        if !cut.rest.is_empty() || !whole {
            return Err(LoadError::TrailingBytes);
        }
        Ok(module)
    }

    /// The 64 bits of a constant.
    #[must_use]
    #[inline]
    pub fn constant(&self, index: u16) -> Option<u64> {
        let at = usize::from(index) * 2;
        let &[low, high] = self.constants.get(at..at + 2)? else { return None };
        Some(u64::from(low) | u64::from(high) << 32)
    }

    /// The bytes of a string constant; valid UTF-8 in a verified module.
    #[must_use]
    #[cfg_attr(not(target_pointer_width = "32"), inline)]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn string_bytes(&self, index: usize) -> Option<&'a [u8]> {
        let at = index.checked_mul(2)?;
        let &[start, len] = self.strings.get(at..at.checked_add(2)?)? else { return None };
        let start = usize::try_from(start).ok()?;
        self.bytes.get(start..start.checked_add(usize::try_from(len).ok()?)?)
    }

    /// The string constants' starts and lengths, and the bytes that they lie in.
    pub(crate) const fn string_section(&self) -> (&'a [u32], &'a [u8]) {
        (self.strings, self.bytes)
    }

    /// A string constant; empty if there is no such one.
    #[must_use]
    pub fn string(&self, index: u16) -> &'a str {
        self.string_bytes(usize::from(index)).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or("")
    }

    /// A function.
    #[must_use]
    #[inline]
    pub fn function(&self, index: u16) -> Option<Function> {
        let at = usize::from(index) * FUNCTION_WORDS;
        let &[start, shape, types, registers] = self.functions.get(at..at + FUNCTION_WORDS)? else {
            return None;
        };
        let [params, results, frame, first_ref] = shape.to_le_bytes();
        let (signature, captures) = halves(types);
        Some(Function {
            start,
            params,
            results,
            frame,
            first_ref,
            signature: TypeId(signature),
            captures: TypeId(captures),
            registers,
        })
    }

    /// A function to be called from outside; none if there is no such one, or if it is a closure.
    #[must_use]
    pub fn callee(&self, index: u16) -> Option<Callee> {
        let Function { start, params, frame, .. } =
            self.function(index).filter(|function| function.captures == TypeId::UNIT)?;
        Some(Callee { start, number: index, params, frame })
    }

    /// What a call needs of a function: its first instruction, and its registers of parameters, results, the
    /// frame, and the first that is set to null.
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn entry(&self, index: u16) -> (u32, u32) {
        let at = usize::from(index) * FUNCTION_WORDS;
        match (self.functions.get(at + 1), self.functions.get(at)) {
            (Some(&shape), Some(&start)) => (start, shape),
            _ => (0, NO_FUNCTION),
        }
    }

    /// The captures type of a function.
    #[inline(always)]
    pub(crate) fn captures(&self, index: u16) -> TypeId {
        let at = usize::from(index) * FUNCTION_WORDS + 2;
        self.functions.get(at).map_or(TypeId::UNIT, |&types| TypeId((types >> 16) as u16))
    }

    /// Where a function's code ends.
    #[must_use]
    pub fn function_end(&self, index: u16) -> u32 {
        index.checked_add(1).and_then(|next| self.function(next)).map_or(self.header.code, |next| next.start)
    }

    /// The number of the function whose code holds this instruction.
    #[must_use]
    pub fn function_at(&self, pc: usize) -> Option<u16> {
        let (mut low, mut high) = (0, self.header.functions);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.function(middle)?.start as usize <= pc { low = middle + 1 } else { high = middle }
        }
        low.checked_sub(1)
    }

    /// The runs of a function's register types: slot type and how many registers.
    #[must_use]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn register_runs(&self, function: &Function) -> &'a [u16] {
        let start = function.registers as usize;
        let count = self.types.pool.get(start).map_or(0, |&runs| usize::from(runs) * 2);
        self.types.pool.get(start + 1..).and_then(|rest| rest.get(..count)).unwrap_or(&[])
    }

    /// The handler of a failure raised at this instruction in the function that holds it: inner ones first.
    #[must_use]
    pub fn handler_at(&self, pc: usize) -> Option<Handler> {
        (0..usize::from(self.header.handlers))
            .filter_map(|index| self.handler(index))
            .find(|handler| (handler.start as usize..handler.end as usize).contains(&pc))
    }

    /// A handler, by number.
    #[must_use]
    pub fn handler(&self, index: usize) -> Option<Handler> {
        let at = index * HANDLER_WORDS;
        let &[start, end, target] = self.handlers.get(at..at + HANDLER_WORDS)? else { return None };
        Some(Handler { start, end: end & 0xff_ffff, target, register: (end >> 24) as u8 })
    }

    /// The function type of an import.
    #[must_use]
    #[cfg_attr(not(target_pointer_width = "32"), inline)]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub fn import_type(&self, index: u16) -> Option<TypeId> {
        if index >= self.header.imports {
            return None;
        }
        self.types.pool.get(usize::from(index)).map(|&ty| TypeId(ty))
    }

    /// Imports, exports and requirements.
    #[must_use]
    pub fn metadata(&self) -> Metadata<'a> {
        Metadata::new(self.metadata, usize::from(self.header.imports))
    }

    /// Names and lines of the functions in order; none if the module was stripped.
    #[must_use]
    pub fn debug(&self) -> Records<'a, FunctionDebug<'a>> {
        Records::new(self.debug, usize::from(self.header.functions))
    }

    /// Bytes of each section in order, for reports: code, constants, types, functions, handlers, strings (with
    /// their bytes), pool, metadata, debug.
    #[must_use]
    pub fn section_sizes(&self) -> [(&'static str, usize); 9] {
        [
            ("code", self.code.len() * 4),
            ("constants", self.constants.len() * 4),
            ("types", self.types.records.len() * 4),
            ("functions", self.functions.len() * 4),
            ("handlers", self.handlers.len() * 4),
            ("strings", self.strings.len() * 4 + self.bytes.len()),
            ("pool", self.types.pool.len() * 2),
            ("metadata", self.metadata.len()),
            ("debug", self.debug.len()),
        ]
    }
}

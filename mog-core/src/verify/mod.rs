//! The verifier: decides once, before a module runs, whether the machine can rely on it.
//!
//! One pass, linear in the module's size, without allocation and without recursion. There is no data flow: every
//! register has one type for its whole function, so each instruction is right or wrong by itself. The largest
//! thing on the stack are the register types of the function at hand.
//!
//! # What holds of a verified module
//!
//! Header (here)
//! - Every part that the code uses is named in the header's features, and this build has all of those.
//! - No frame is larger than the header says, nor than this build's window less the link word.
//!
//! String constants (here)
//! - The bytes are UTF-8 as a whole; each constant lies inside and begins and ends between characters. Constants
//!   may share bytes.
//!
//! Types (`types.rs`)
//! - Records lie inside the pool. Names are string constants. Components are types that a value can have: not
//!   captures, variants or half an `any`.
//! - Slots are what the components make them, so the first half of an `any` is always followed by the second,
//!   and a key has one slot of an integer type, boolean or string.
//! - Flat types (`?T`, `Result<T>`, enums) are finite, since each has more slots than what it contains; they
//!   have at most [`MAX_VALUE_SLOTS`](crate::heap::MAX_VALUE_SLOTS), and so are nested no deeper. Components may
//!   be later types. An element may have no slots.
//! - A boxed enum is followed by its variants, numbered, with the payloads that it names; variants stand nowhere
//!   else. Its slots are the one of its values.
//! - A function type's `extra` is the number of its parameters' slots. The `extra` of arrays, maps, captures,
//!   `?T` and `Result<T>` means nothing.
//! - The state is a struct, or there is none. Imports have function types.
//! - Records together list at most eight times the pool, so that work stays linear when they share entries.
//!
//! Functions (`functions.rs`)
//! - They cover the code in order; none is empty.
//! - The signature is a function type. The first registers are the parameters: for a closure, its captures first.
//! - Register types are slot types, runs are not empty and sum up to the frame, halves of an `any` are neighbours.
//! - `params <= first_ref <= frame`; what is null on entry, references and halves of `any`, comes at `first_ref`
//!   or later, parameters apart.
//!
//! Code (`code.rs`, `library.rs`)
//! - Every word is an instruction or one of the ext words due to the instruction before, which hold at most
//!   [`MAX_OPERAND_BYTES`].
//! - Register operands are inside the frame and have the type that the instruction, field, element, callee or
//!   library function asks for. Both halves of an `any` are read and written together, and passed from two
//!   neighbouring registers.
//! - A call of an import that takes functions has registers for their arguments and results, as
//!   `host/callback.rs` lists them.
//! - Slot 0 of captures, the function's number, is out of reach. So a closure's function has the signature of
//!   every register that the closure is ever in.
//! - Jumps stay in the function and land on instructions. The last instruction never goes on to the next.
//! - At most [`MAX_SEGMENT`] words lie between two instructions that charge always or never go on.
//!
//! Handlers (`functions.rs`)
//! - Range and target lie in one function, the target is an instruction, the two registers hold int and string.
//!
//! Metadata and debug records (here)
//! - All can be read and nothing follows. Exports and the init function exist and are no closures; init takes and
//!   gives nothing. Debug records are one a function, or none. Line tables are not looked at.
//!
//! Each of these is tested by modules that break it and nothing else, in `mog-core/tests/verify_*.rs`. That no check can be
//! taken out or turned around without a test that fails is what `tests/run.sh mutants` shows.
//!
//! # What does not hold
//!
//! Types say nothing about *values*. An int may be out of range for the `u8`, boolean or tag that it stands for;
//! a reference may be null; an int register may hold what an earlier frame left there; a float constant may be
//! any NaN; a handle is a plain int that code can make up. The machine checks those where it uses them.

mod code;
mod features;
mod functions;
mod library;
mod types;

pub use features::{features_of_code, features_of_lib, features_of_math, features_of_op, features_of_type};

use crate::error::{Invalid, LoadError};
use crate::features::{PRESENT, TASKS, lacks};
use crate::machine::WINDOW;
use crate::module::{Module, TypeId, TypeKind};

/// Most words between two charge points.
pub const MAX_SEGMENT: usize = 256;
/// Most operand bytes in the ext words of an instruction.
pub const MAX_OPERAND_BYTES: usize = 256;

impl<'a> Module<'a> {
    /// Takes a module apart and verifies everything that the machine relies on; see [`verify`](crate::verify).
    ///
    /// # Errors
    /// If the bytes are misaligned, are not a module or need what this build does not have, or if anything in
    /// them is wrong.
    pub fn load(bytes: &'a [u8]) -> Result<Self, LoadError> {
        let module = Self::decode(bytes)?;
        verify(&module)?;
        Ok(module)
    }

    /// The same into a place that the caller keeps, which stays empty if the module is refused. On a microcontroller this
    /// takes the least stack.
    ///
    /// # Errors
    /// As for [`Module::load`].
    pub fn load_into(place: &mut Option<Self>, bytes: &'a [u8]) -> Result<(), LoadError> {
        *place = None;
        let verified = verify(Self::decode_into(place, bytes)?);
        if verified.is_err() {
            *place = None;
        }
        verified
    }

    /// Apart, so that what it takes of the stack is free again while the module is verified.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn decode_into<'p>(place: &'p mut Option<Self>, bytes: &'a [u8]) -> Result<&'p Self, LoadError> {
        Ok(place.insert(Self::decode(bytes)?))
    }

    /// The same for words, which are never misaligned.
    ///
    /// # Errors
    /// As for [`Module::load`].
    pub fn load_words(words: &'a [u32]) -> Result<Self, LoadError> {
        let module = Self::from_words(words)?;
        verify(&module)?;
        Ok(module)
    }
}

/// Verifies a decoded module.
///
/// # Errors
/// As for [`Module::load`].
pub fn verify(module: &Module<'_>) -> Result<(), LoadError> {
    header(module)?;
    strings(module)?;
    types::check(module)?;
    imports(module)?;
    functions::check(module)?;
    functions::check_handlers(module)?;
    if !lacks(TASKS) {
        functions::check_tasks(module)?;
    }
    metadata(module)?;
    debug(module)
}

const fn invalid(what: Invalid, at: usize) -> LoadError {
    LoadError::Invalid { what, at: at as u32 }
}

fn header(module: &Module<'_>) -> Result<(), LoadError> {
    let header = &module.header;
    let missing = header.features & !PRESENT;
    if missing != 0 {
        return Err(LoadError::MissingFeatures(missing));
    }
    if usize::from(header.max_frame) >= WINDOW {
        return Err(LoadError::FrameTooLarge { needs: header.max_frame, window: WINDOW as u16 });
    }
    Ok(())
}

/// Looks at the bytes once, however much the constants share.
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn strings(module: &Module<'_>) -> Result<(), LoadError> {
    let (table, bytes) = module.string_section();
    let text = core::str::from_utf8(bytes).map_err(|_| invalid(Invalid::String, 0))?;
    let (constants, _) = table.as_chunks();
    constants.iter().enumerate().try_for_each(|(index, &[start, len])| {
        let range = usize::try_from(start).ok().zip(usize::try_from(len).ok());
        let constant = range.and_then(|(start, len)| text.get(start..start.checked_add(len)?));
        constant.map(|_| ()).ok_or(invalid(Invalid::String, index))
    })
}

#[cfg_attr(target_pointer_width = "32", inline(never))]
fn imports(module: &Module<'_>) -> Result<(), LoadError> {
    (0..module.header.imports).try_for_each(|index| {
        let record = module.import_type(index).and_then(|ty| module.types.record(ty));
        match record {
            Some(record) if record.kind == TypeKind::Fn => Ok(()),
            _ => Err(invalid(Invalid::Import, usize::from(index))),
        }
    })
}

#[cfg_attr(target_pointer_width = "32", inline(never))]
fn metadata(module: &Module<'_>) -> Result<(), LoadError> {
    let wrong = invalid(Invalid::Metadata, 0);
    let metadata = module.metadata();
    if !metadata.is_well_formed() {
        return Err(wrong);
    }
    for export in metadata.exports() {
        let function = module.function(export.function).ok_or(wrong)?;
        if function.captures != TypeId::UNIT {
            return Err(wrong);
        }
    }
    if let Some(init) = metadata.init() {
        let function = module.function(init).ok_or(wrong)?;
        if function.captures != TypeId::UNIT || function.params != 0 || function.results != 0 {
            return Err(wrong);
        }
    }
    Ok(())
}

#[cfg_attr(target_pointer_width = "32", inline(never))]
fn debug(module: &Module<'_>) -> Result<(), LoadError> {
    if module.header.debug == 0 {
        return Ok(());
    }
    let count = module.debug().count();
    if count != usize::from(module.header.functions) || !module.debug().rest().is_empty() {
        return Err(invalid(Invalid::Debug, count));
    }
    Ok(())
}

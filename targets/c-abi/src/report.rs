//! What went wrong, and where: for people, and for hosts that decide by it.

use core::ffi::c_char;
use core::fmt::{self, Write};

use mog_core::{Instance as Machine, TrapMessage};

use crate::host::{IN_TYPES, Table};
use crate::instance::{Instance, Storage, storage_of};
use crate::module::prepared;
use crate::pointer;
use crate::signature::SignatureText;
use crate::status::{
    MOG_BAD_CAPABILITY, MOG_DENIED, MOG_END, MOG_FAILED, MOG_IDLE, MOG_MISSING_CAPABILITY, MOG_NULL, MOG_OK,
    MOG_SIGNATURE_MISMATCH, MOG_TOO_SMALL, MOG_TRAP, Status, describe,
};
use crate::value::Text;

/// How a program faulted; one of the numbers that begin with `MOG_TRAP_`.
pub type Trap = u32;

/// Division or remainder by zero.
pub const MOG_TRAP_DIVISION_BY_ZERO: Trap = 0;
/// An array index out of range.
pub const MOG_TRAP_INDEX_OUT_OF_RANGE: Trap = 1;
/// A slice out of range or through a character.
pub const MOG_TRAP_SLICE_OUT_OF_RANGE: Trap = 2;
/// A map has no such key.
pub const MOG_TRAP_MISSING_KEY: Trap = 3;
/// A shift by a negative number, or by the type's width or more.
pub const MOG_TRAP_SHIFT_OUT_OF_RANGE: Trap = 4;
/// The first, last, least or greatest element of an empty array.
pub const MOG_TRAP_EMPTY_ARRAY: Trap = 5;
/// A collection changed inside its own loop or callback.
pub const MOG_TRAP_CHANGED_DURING_ITERATION: Trap = 6;
/// `panic`, or an `assert` that failed.
pub const MOG_TRAP_PANIC: Trap = 7;
/// A negative count or exponent.
pub const MOG_TRAP_NEGATIVE_COUNT: Trap = 8;
/// A value that contains itself cannot be copied.
pub const MOG_TRAP_CYCLIC_VALUE: Trap = 9;
/// A text or an array would be larger than any arena.
pub const MOG_TRAP_TOO_LARGE: Trap = 10;
/// An operation that the value's type does not have.
pub const MOG_TRAP_UNSUPPORTED: Trap = 11;
/// Nesting deeper than the machine follows.
pub const MOG_TRAP_TOO_DEEP: Trap = 12;
/// A match without a matching arm.
pub const MOG_TRAP_NO_MATCH: Trap = 13;
/// What only code that the compiler did not make can attempt.
pub const MOG_TRAP_CORRUPT: Trap = 14;
/// Every task waits for another one.
pub const MOG_TRAP_DEADLOCK: Trap = 15;
/// More or fewer indices than a tensor has dimensions.
pub const MOG_TRAP_WRONG_INDEX_COUNT: Trap = 16;
/// A tensor's shape has more or fewer elements than there are.
pub const MOG_TRAP_SHAPE_MISMATCH: Trap = 17;
/// A shape with a size below 0.
pub const MOG_TRAP_NEGATIVE_DIMENSION: Trap = 18;
/// A shape with more dimensions than a tensor can have.
pub const MOG_TRAP_TOO_MANY_DIMENSIONS: Trap = 19;

/// A place in a program. Of a module that was stripped the texts are empty and the numbers 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Place {
    /// The function's name.
    pub function: Text,
    /// The source file.
    pub file: Text,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// How the program faulted, after `MOG_TRAP`.
///
/// # Safety
/// There is a `mog_instance` at `vm`, and room for a `mog_trap_code` at `trap`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_trap(vm: *const Instance, trap: *mut Trap) -> Status {
    // SAFETY: the caller's promise.
    match unsafe { storage_of(vm) } {
        // SAFETY: the caller's promise.
        Ok(storage) if storage.last == MOG_TRAP => unsafe { pointer::give(trap, storage.trap.0 as Trap) },
        Ok(_) => MOG_IDLE,
        Err(status) => status,
    }
}

/// Where the program stands or faulted: at depth 0 the function that runs, at 1 the one that called it, and so on; `MOG_END`
/// comes after the outermost. The texts lie in the module.
///
/// # Safety
/// There is a `mog_instance` at `vm`, and room for a `mog_place` at `place`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_place_at(vm: *const Instance, depth: usize, place: *mut Place) -> Status {
    // SAFETY: the caller's promise.
    let found =
        unsafe { storage_of(vm) }.and_then(|storage| storage.with(|machine| find_place(machine, depth)));
    match found {
        // SAFETY: the caller's promise.
        Ok(Some(found)) => unsafe { pointer::give(place, found) },
        Ok(None) => MOG_END,
        Err(status) => status,
    }
}

fn find_place(machine: &Machine<'_>, depth: usize) -> Option<Place> {
    let (number, pc) = machine.call_stack().nth(depth)?;
    let module = machine.module();
    let start = module.function(number).map_or(0, |function| function.start);
    let mut place = Place { function: Text::new(""), file: Text::new(""), line: 0, column: 0 };
    for (index, function) in (0..=number).zip(module.debug()) {
        if !function.file.is_empty() {
            place.file = Text::new(function.file);
        }
        if index == number {
            place.function = Text::new(function.name);
            let offset = u32::try_from(pc).unwrap_or(u32::MAX).saturating_sub(start);
            (place.line, place.column) = function.position(offset).unwrap_or((0, 0));
        }
    }
    Some(place)
}

/// How the last run ended, or why `mog_new` or `mog_restore` failed, in words: closed by a zero, and `MOG_TOO_SMALL` if it
/// had to be cut.
///
/// # Safety
/// There is a `mog_instance` at `vm`, and room for `size` bytes at `text`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_message(vm: *const Instance, text: *mut c_char, size: usize) -> Status {
    // SAFETY: the caller's promise.
    let storage = match unsafe { storage_of(vm) } {
        Ok(storage) => storage,
        Err(status) => return status,
    };
    if text.is_null() {
        return MOG_NULL;
    }
    // SAFETY: the caller's promise; what we read is in the storage, the arena and the module.
    let Ok([rest @ .., _]) = (unsafe { pointer::bytes_mut(text.cast(), size) }) else { return MOG_TOO_SMALL };
    let mut out = Out { rest, used: 0 };
    let status = match explain(storage, &mut out) {
        Ok(()) => MOG_OK,
        Err(_) => MOG_TOO_SMALL,
    };
    let used = out.used;
    // SAFETY: there is one byte more than the text could use.
    unsafe { text.add(used).write(0) };
    status
}

/// Writes into bytes that may run out, whole characters only.
struct Out<'o> {
    rest: &'o mut [u8],
    used: usize,
}

impl Write for Out<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.rest.get_mut(self.used..).ok_or(fmt::Error)?;
        let fits = text.floor_char_boundary(room.len());
        for (place, byte) in room.iter_mut().zip(text.bytes().take(fits)) {
            *place = byte;
        }
        self.used += fits;
        if fits < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

fn explain(storage: &mut Storage, out: &mut Out<'_>) -> fmt::Result {
    let (last, detail, trap) = (storage.last, storage.detail, storage.trap);
    match last {
        MOG_TRAP => {
            let (code, detail) = trap;
            let written = storage.with(|machine| {
                let text = machine.failure().1;
                write!(out, "trap: {}", TrapMessage { code, detail, text })
            });
            written.unwrap_or(Ok(()))
        }
        MOG_FAILED | MOG_DENIED => storage.with(|machine| failure(machine, out)).unwrap_or(Ok(())),
        MOG_TOO_SMALL => write!(out, "the arena is too small: the program needs at least {detail} bytes"),
        MOG_BAD_CAPABILITY if detail == IN_TYPES => {
            out.write_str("the types of the configuration cannot be read")
        }
        MOG_BAD_CAPABILITY => {
            let table = Table::new(core::ptr::null_mut(), storage.config);
            write!(out, "{}: entry {detail}, {}", describe(last), table.name(detail))
        }
        MOG_SIGNATURE_MISMATCH | MOG_MISSING_CAPABILITY => {
            // SAFETY: C promises that the module stays.
            match unsafe { prepared(storage.module) } {
                Ok(module) => link_problem(last, detail, &module, out),
                Err(_) => out.write_str(describe(last)),
            }
        }
        _ => out.write_str(describe(last)),
    }
}

/// The message of a failure: the one that nobody caught, or that of the `err` that was returned.
fn failure(machine: &Machine<'_>, out: &mut Out<'_>) -> fmt::Result {
    let message = match machine.result().map(|value| value.data()) {
        Some(mog_core::heap::Data::Err(_, message)) if machine.failure().1.is_empty() => message,
        _ => machine.failure().1,
    };
    out.write_str(message)
}

fn link_problem(
    status: Status,
    index: usize,
    module: &mog_core::Module<'_>,
    out: &mut Out<'_>,
) -> fmt::Result {
    let metadata = module.metadata();
    if status == MOG_MISSING_CAPABILITY {
        let name = metadata.requirements().nth(index).map_or("?", |requirement| requirement.capability);
        return write!(out, "the program requires `{name}`, of which nothing is granted");
    }
    let Some(import) = metadata.imports().nth(index) else { return out.write_str(describe(status)) };
    write!(
        out,
        "{}.{} is granted with other types than the program was compiled for",
        import.capability, import.function
    )?;
    let signature = u16::try_from(index).ok().and_then(|index| module.import_type(index));
    match signature.and_then(|ty| module.types.record(ty)) {
        Some(record) => write!(out, ", which are: {}", SignatureText(module, record)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use mog_core::TrapCode;

    use super::*;

    #[test]
    fn the_numbers_of_traps_are_the_machines() {
        let known = [
            (MOG_TRAP_DIVISION_BY_ZERO, TrapCode::DivisionByZero),
            (MOG_TRAP_INDEX_OUT_OF_RANGE, TrapCode::IndexOutOfRange),
            (MOG_TRAP_SLICE_OUT_OF_RANGE, TrapCode::SliceOutOfRange),
            (MOG_TRAP_MISSING_KEY, TrapCode::MissingKey),
            (MOG_TRAP_SHIFT_OUT_OF_RANGE, TrapCode::ShiftOutOfRange),
            (MOG_TRAP_EMPTY_ARRAY, TrapCode::EmptyArray),
            (MOG_TRAP_CHANGED_DURING_ITERATION, TrapCode::ChangedDuringIteration),
            (MOG_TRAP_PANIC, TrapCode::Panic),
            (MOG_TRAP_NEGATIVE_COUNT, TrapCode::NegativeCount),
            (MOG_TRAP_CYCLIC_VALUE, TrapCode::CyclicValue),
            (MOG_TRAP_TOO_LARGE, TrapCode::TooLarge),
            (MOG_TRAP_UNSUPPORTED, TrapCode::Unsupported),
            (MOG_TRAP_TOO_DEEP, TrapCode::TooDeep),
            (MOG_TRAP_NO_MATCH, TrapCode::NoMatch),
            (MOG_TRAP_CORRUPT, TrapCode::Corrupt),
            (MOG_TRAP_DEADLOCK, TrapCode::Deadlock),
            (MOG_TRAP_WRONG_INDEX_COUNT, TrapCode::WrongIndexCount),
            (MOG_TRAP_SHAPE_MISMATCH, TrapCode::ShapeMismatch),
            (MOG_TRAP_NEGATIVE_DIMENSION, TrapCode::NegativeDimension),
            (MOG_TRAP_TOO_MANY_DIMENSIONS, TrapCode::TooManyDimensions),
        ];
        for (number, (named, code)) in (0..).zip(known) {
            assert_eq!((number, number), (named, code as Trap));
        }
        // A code beyond those would not be its own number.
        assert_eq!(TrapCode::from_byte(20), TrapCode::Corrupt);
    }
}

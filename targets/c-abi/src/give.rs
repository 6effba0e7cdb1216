//! What a host function gives a program, besides its result: room for values, and calls of the program's own functions.

use mog_core::TypeId;

use crate::PARTS;
use crate::host::{Calling, Frame, MOG_MAX_ARGS, Table, frame_of};
use crate::instance::{Instance, arena_of, outdate, stamp_of};
use crate::make::{Room, empty, make, values_at, wrapped};
use crate::read::{Location, Roots};
use crate::status::{
    MOG_CALLING, MOG_NO_ROOM, MOG_OK, MOG_OUT_OF_MEMORY, MOG_STALE, MOG_WRONG_ARGUMENTS, MOG_WRONG_TYPE,
    Status, replied,
};
use crate::value::Value;

/// Most slots of a result, or of the arguments of a function that is called back.
pub(crate) const MAX_SLOTS: usize = 32;

/// In a host function: makes room for so many bytes of new values, without which those cannot have values of the program's
/// as parts, such as an argument's name in a new struct. Values that were read before are stale then, and those in `args`
/// are read anew. A text takes 16 bytes and its own, in multiples of 8; a struct 8, and 8 to 16 for each field; an array 32, and
/// its elements; a map 56, and for each entry 32 and its value.
///
/// # Safety
/// There is a `mog_instance` at `vm`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_reserve(vm: *mut Instance, size: usize) -> Status {
    // SAFETY: the caller's promise; the frame is not used after this function.
    let frame = match unsafe { frame_of(vm) } {
        Ok(frame) => frame,
        Err(status) => return status,
    };
    // SAFETY: `perform` holds the call, and does not use it before the C function returns.
    let call = unsafe { &mut *frame.call };
    if frame.returned {
        return MOG_STALE;
    }
    let words = size.div_ceil(8);
    // SAFETY: `frame_of` saw that it was prepared.
    unsafe { outdate(vm) };
    (frame.reserved, frame.calling) = (0, None);
    let made = call.build(words).map(|_| ()).map_err(replied);
    // SAFETY: as above.
    let table = unsafe { Table::of(vm) };
    // SAFETY: as above.
    let stamp = unsafe { stamp_of(vm) };
    if let Ok((args, _)) = table.arguments(frame.function, call, stamp) {
        // SAFETY: `perform` holds so many arguments, and C code does not run.
        unsafe { frame.args.cast::<[Value; MOG_MAX_ARGS]>().write(args) };
    }
    match made {
        Ok(()) => {
            frame.reserved = words;
            MOG_OK
        }
        Err(status) => status,
    }
}

/// In a host function: has the program call the function that is this argument, which count from 0, with these values. Then
/// the host function is called again, with the same arguments; `mog_resumed` tells the token, and `mog_answer` what the
/// function gave. If that fails, the host function is not called again. Gives `MOG_CALLING`, for it to answer.
///
/// The token has to say all that the host wants to know. It is kept by the program: look whether it is one that you gave.
///
/// # Safety
/// There is a `mog_instance` at `vm`, and `count` values at `args`, whose texts, numbers and items are there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_call_back(
    vm: *mut Instance,
    argument: usize,
    token: u32,
    args: *const Value,
    count: usize,
) -> Status {
    // SAFETY: the caller's promise; the frame is not used after this function.
    let frame = match unsafe { frame_of(vm) } {
        Ok(frame) => frame,
        Err(status) => return status,
    };
    frame.calling = None;
    if frame.returned {
        return MOG_STALE;
    }
    // SAFETY: `perform` holds the call, and does not use it before the C function returns.
    let types = unsafe { &*frame.call }.callback_types(argument).and_then(|types| types.split_last());
    let Some((_, params)) = types else { return MOG_WRONG_TYPE };
    if params.len() != count {
        return MOG_WRONG_ARGUMENTS;
    }
    // SAFETY: the caller's promise.
    let made = unsafe { values_at(args, count, arena_of(vm)) }.and_then(|args| {
        // SAFETY: the caller's promise.
        unsafe { make_all(vm, frame, args, params) }
    });
    match made {
        Ok(slots) => {
            frame.calling = Some(Calling { argument, token, slots });
            MOG_CALLING
        }
        Err(status) => status,
    }
}

/// Makes values of these types in a call's arena.
///
/// # Safety
/// The instance is carrying out the call of this frame. The texts, numbers and items of the values are there.
pub(crate) unsafe fn make_all(
    vm: *const Instance,
    frame: &mut Frame,
    values: &[Value],
    types: &[u16],
) -> Result<heapless::Vec<u64, MAX_SLOTS>, Status> {
    // SAFETY: `perform` holds the call, and does not use it before the C function returns.
    let call = unsafe { &mut *frame.call };
    // SAFETY: it carries out a call, so it was prepared.
    let (arena, stamp) = unsafe { (arena_of(vm), stamp_of(vm)) };
    let module = *call.module();
    let mut made = heapless::Vec::new();
    let (words, cost, owns) = {
        let reachable = (!frame.returned).then_some(&*call);
        let roots = Roots { memory: call.memory(), stamp, call: reachable, result: None };
        let mut room = Room::new(arena, module.types, Some(&roots));
        for (value, &ty) in values.iter().zip(types) {
            // SAFETY: the caller's promise.
            unsafe { room.add(value, TypeId(ty), 0)? };
            // What lies in registers can be read now, and not while something is made.
            let ready = roots.in_registers(value).and_then(|slots| wrapped(&slots, TypeId(ty), module.types));
            let blank = || empty(TypeId(ty), module.types);
            let slots = ready.or_else(blank).ok_or(MOG_WRONG_ARGUMENTS)?;
            made.extend_from_slice(&slots).map_err(|_| MOG_WRONG_ARGUMENTS)?;
        }
        (room.words, room.cost, room.owns)
    };
    if owns && words > frame.reserved {
        return Err(MOG_NO_ROOM);
    }
    call.charge(cost);
    if words > frame.reserved {
        // To make room may move everything.
        // SAFETY: as above.
        unsafe { outdate(vm) };
    }
    frame.reserved = frame.reserved.saturating_sub(words);
    let mut builder = call.build(words).map_err(replied)?;
    let mut rest = made.as_mut_slice();
    for (value, &ty) in values.iter().zip(types) {
        let size = module.types.value_size(TypeId(ty));
        let (place, behind) = rest.split_at_mut_checked(size).ok_or(MOG_WRONG_ARGUMENTS)?;
        rest = behind;
        if PARTS && Location::of_value(value).is_some_and(Location::is_in_registers) {
            continue;
        }
        // SAFETY: the caller's promise.
        let slots = unsafe { make(value, TypeId(ty), &mut builder, arena) }.ok_or(MOG_OUT_OF_MEMORY)?;
        place.iter_mut().zip(&slots).for_each(|(place, &slot)| *place = slot);
    }
    Ok(made)
}

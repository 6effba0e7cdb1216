//! The program's values, read by C where they lie: structs, arrays, maps and enums by handle, everything else as it is.
//!
//! A handle says where a value lies. It is followed with the care that anything from C is: it may be made up. What it leads to
//! may then be nonsense, but it lies in the arena, and all that is read there is checked.

use core::ffi::c_char;

use mog_core::heap::{self, Data as Held, Memory, SlotValues, Variants};
use mog_core::module::{TypeRecord, TypeTable};
use mog_core::{Call, TypeId};

use crate::PARTS;
use crate::host::frame_of;
use crate::instance::{Instance, stamp_of, storage_of};
use crate::pointer;
use crate::status::{MOG_BUSY, MOG_END, MOG_OK, MOG_STALE, MOG_WRONG_TYPE, Status};
use crate::value::{
    Bytes, Data, Handle, MOG_ARRAY, MOG_BOOL, MOG_ENUM, MOG_FLOAT, MOG_FUNCTION, MOG_INT, MOG_LIST, MOG_MAP,
    MOG_OTHER, MOG_STRING, MOG_STRUCT, Text, Type, Value,
};

/// How many parts a value has: fields of a struct, elements of a `MOG_LIST`, entries of a map, values that an enum's variant
/// carries. (The numbers of a `MOG_ARRAY` lie in `as.bytes`.)
///
/// # Safety
/// There is a `mog_instance` at `vm`, and room for a `size_t` at `length`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_length(vm: *const Instance, value: Value, length: *mut usize) -> Status {
    let count = |roots: &Roots<'_>| {
        let (value, _) = roots.resolve(&value)?;
        Ok(match value.data() {
            Held::Struct(fields) => fields.iter().count(),
            Held::Array(array) => array.len(),
            Held::Map(map) => map.len(),
            Held::Enum(variant) => variant.payload().count(),
            _ => return Err(MOG_STALE),
        })
    };
    // SAFETY: the caller's promise.
    match unsafe { look(vm, count) } {
        // SAFETY: the caller's promise.
        Ok(count) => unsafe { pointer::give(length, count) },
        Err(status) => status,
    }
}

/// A field of a struct, an element of a `MOG_LIST`, or a value that an enum's variant carries: they count from 0, and `MOG_END`
/// comes after the last.
///
/// # Safety
/// There is a `mog_instance` at `vm`, and room for a `mog_value` at `item`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_item(
    vm: *const Instance,
    value: Value,
    index: usize,
    item: *mut Value,
) -> Status {
    let find = |roots: &Roots<'_>| {
        let (value, place) = roots.resolve(&value)?;
        if matches!(value.data(), Held::Map(_)) {
            return Err(MOG_WRONG_TYPE);
        }
        let (found, place) = part(&value, place, index, &roots.memory.module().types).ok_or(MOG_END)?;
        Ok(place.show(&found, roots.stamp))
    };
    // SAFETY: the caller's promise.
    unsafe { look_at_one(vm, item, find) }
}

/// The field of a struct that has this name; `MOG_END` if none has.
///
/// # Safety
/// There is a `mog_instance` at `vm`, a text closed by a zero at `name`, and room for a `mog_value` at `field`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_field(
    vm: *const Instance,
    value: Value,
    name: *const c_char,
    field: *mut Value,
) -> Status {
    // SAFETY: the caller's promise; nothing writes before the end of this function.
    let name = match unsafe { pointer::text(name) } {
        Ok(name) => name,
        Err(status) => return status,
    };
    let find = |roots: &Roots<'_>| {
        let (value, place) = roots.resolve(&value)?;
        let Held::Struct(fields) = value.data() else { return Err(MOG_WRONG_TYPE) };
        let index = fields.iter().position(|(known, _)| known == name).ok_or(MOG_END)?;
        let (found, place) = part(&value, place, index, &roots.memory.module().types).ok_or(MOG_END)?;
        Ok(place.show(&found, roots.stamp))
    };
    // SAFETY: the caller's promise.
    unsafe { look_at_one(vm, field, find) }
}

/// The next entry of a map, in the order in which they were added: begin with a `position` of 0, which this moves on;
/// `MOG_END` comes after the last.
///
/// # Safety
/// There is a `mog_instance` at `vm`, a `size_t` at `position`, and room for a `mog_value` each at `key` and `value`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_entry(
    vm: *const Instance,
    map: Value,
    position: *mut usize,
    key: *mut Value,
    value: *mut Value,
) -> Status {
    let checked = pointer::check(position).and(pointer::check(key)).and(pointer::check(value));
    if let Err(status) = checked {
        return status;
    }
    // SAFETY: neither null nor misaligned; the rest is the caller's promise.
    let start = unsafe { position.read() };
    let find = |roots: &Roots<'_>| {
        let (map, place) = roots.resolve(&map)?;
        let Held::Map(map) = map.data() else { return Err(MOG_WRONG_TYPE) };
        let (at, key, value) = map.entry_from(start).ok_or(MOG_END)?;
        let place = place.child(at).ok_or(MOG_END)?;
        Ok((at, place.show(&key, roots.stamp), place.show(&value, roots.stamp)))
    };
    // SAFETY: the caller's promise.
    match unsafe { look(vm, find) } {
        Ok((at, found_key, found_value)) => {
            // SAFETY: neither null nor misaligned; the rest is the caller's promise.
            unsafe {
                position.write(at.saturating_add(1));
                key.write(found_key);
                value.write(found_value);
            }
            // SAFETY: the caller's promise.
            unsafe { pay(vm, &[found_key, found_value]) };
            MOG_OK
        }
        Err(status) => status,
    }
}

/// Which variant an enum's value is: its number, which counts from 0 in the order of the declaration, and its name. Either
/// may be null. The name lies in the module.
///
/// # Safety
/// There is a `mog_instance` at `vm`. If they are not null, there is room for a `uint32_t` at `number`, and for a `mog_text` at
/// `name`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_variant(
    vm: *const Instance,
    value: Value,
    number: *mut u32,
    name: *mut Text,
) -> Status {
    let find = |roots: &Roots<'_>| match roots.resolve(&value)?.0.data() {
        Held::Enum(variant) => {
            Ok((u32::try_from(variant.number()).unwrap_or(u32::MAX), Text::new(variant.name())))
        }
        _ => Err(MOG_WRONG_TYPE),
    };
    // SAFETY: the caller's promise.
    let (found, text) = match unsafe { look(vm, find) } {
        Ok(found) => found,
        Err(status) => return status,
    };
    if !number.is_null() {
        // SAFETY: the caller's promise.
        let status = unsafe { pointer::give(number, found) };
        if status != MOG_OK {
            return status;
        }
    }
    // SAFETY: the caller's promise.
    if name.is_null() { MOG_OK } else { unsafe { pointer::give(name, text) } }
}

/// In a host function that was called again after `mog_call_back`: what the program's function gave. `MOG_END` if this is
/// another call.
///
/// # Safety
/// There is a `mog_instance` at `vm`, and room for a `mog_value` at `answer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_answer(vm: *const Instance, answer: *mut Value) -> Status {
    // SAFETY: the caller's promise; the frame is not used after this.
    if let Err(status) = unsafe { frame_of(vm) } {
        return status;
    }
    let find = |roots: &Roots<'_>| {
        let place = Location::of(Root::Answer);
        let value = roots.root(place).ok_or(MOG_END)?;
        Ok(place.show(&value, roots.stamp))
    };
    // SAFETY: the caller's promise.
    unsafe { look_at_one(vm, answer, find) }
}

/// Reads one value for C, which pays for it.
///
/// # Safety
/// There is a `mog_instance` at `vm`, and room for a `mog_value` at `to`.
unsafe fn look_at_one(
    vm: *const Instance,
    to: *mut Value,
    find: impl FnOnce(&Roots<'_>) -> Result<Value, Status>,
) -> Status {
    // SAFETY: the caller's promise.
    match unsafe { look(vm, find) } {
        Ok(found) => {
            // SAFETY: the caller's promise.
            unsafe { pay(vm, &[found]) };
            // SAFETY: the caller's promise.
            unsafe { pointer::give(to, found) }
        }
        Err(status) => status,
    }
}

/// Lets something be read: in a host function what the call can reach, otherwise what the last result can.
///
/// # Safety
/// If the pointer is neither null nor misaligned, there is a `mog_instance`, and only this thread uses it.
unsafe fn look<R>(
    vm: *const Instance,
    work: impl FnOnce(&Roots<'_>) -> Result<R, Status>,
) -> Result<R, Status> {
    // SAFETY: the caller's promise.
    match unsafe { storage_of(vm) } {
        Ok(storage) => {
            let stamp = storage.stamp;
            storage.with(|machine| {
                let roots = Roots { memory: machine.memory(), stamp, call: None, result: machine.result() };
                work(&roots)
            })?
        }
        Err(MOG_BUSY) => {
            // SAFETY: the caller's promise; the frame is not used after this function.
            let frame = unsafe { frame_of(vm)? };
            // SAFETY: `perform` holds the call, and does not use it before the C function returns.
            let call = unsafe { &*frame.call };
            // SAFETY: `frame_of` saw that it was prepared.
            let stamp = unsafe { stamp_of(vm) };
            let reachable = (!frame.returned).then_some(call);
            work(&Roots { memory: call.memory(), stamp, call: reachable, result: None })
        }
        Err(status) => Err(status),
    }
}

/// Charges the program for checking texts that its host looks at.
///
/// # Safety
/// As for [`look`].
unsafe fn pay(vm: *const Instance, values: &[Value]) {
    let cost = |value: &Value| if value.r#type == MOG_STRING { value.memory().1 as u64 / 8 } else { 0 };
    // SAFETY: the caller's promise; the frame is not used after this function.
    if let Ok(frame) = unsafe { frame_of(vm) } {
        // SAFETY: `perform` holds the call, and does not use it before the C function returns.
        unsafe { &mut *frame.call }.charge(values.iter().map(cost).sum());
    }
}

/// What handles lead to.
pub(crate) struct Roots<'r> {
    pub(crate) memory: Memory<'r>,
    pub(crate) stamp: u32,
    pub(crate) call: Option<&'r Call<'static, 'static>>,
    pub(crate) result: Option<heap::Value<'r>>,
}

/// What a value is reached from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Root {
    /// It is an object.
    Object,
    /// It is a part of an object.
    Part,
    /// It is in registers: an argument, the answer of a function that was called back, the result of a run.
    Argument,
    Answer,
    Result,
}

/// Where a value lies that C has a handle for. An enum can lie in slots of something else; everything else is an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Location {
    pub(crate) root: Root,
    /// The object, and its type.
    pub(crate) reference: u32,
    pub(crate) ty: TypeId,
    /// Which part of it; which argument.
    index: u32,
    /// How many slots of the root come before the enum's own.
    offset: u32,
}

impl Location {
    pub(crate) const fn of(root: Root) -> Self {
        Self { root, reference: 0, ty: TypeId::UNIT, index: 0, offset: 0 }
    }

    /// Of an argument.
    pub(crate) fn argument(index: usize) -> Self {
        Self { index: u32::try_from(index).unwrap_or(u32::MAX), ..Self::of(Root::Argument) }
    }

    /// Behind so many slots more.
    pub(crate) const fn behind(self, slots: u32) -> Self {
        Self { offset: self.offset.saturating_add(slots), ..self }
    }

    /// A part of this object.
    fn child(self, index: usize) -> Option<Self> {
        let index = u32::try_from(index).ok()?;
        (self.root == Root::Object).then_some(Self { root: Root::Part, index, ..self })
    }

    /// As C keeps it.
    const fn handle(self, stamp: u32) -> Handle {
        let shape = (self.root as u32) << 28 | (self.offset & 0xff) << 16 | self.ty.0 as u32;
        Handle { opaque: [stamp, self.reference, self.index, shape] }
    }

    /// Where a value lies that C brought; `None` if it has no handle, or one that cannot be.
    pub(crate) const fn of_value(value: &Value) -> Option<Self> {
        match value.handle() {
            Some(handle) => Self::from_handle(handle),
            None => None,
        }
    }

    /// Whether it cannot be read while something is made.
    pub(crate) const fn is_in_registers(self) -> bool {
        matches!(self.root, Root::Argument | Root::Answer | Root::Result)
    }

    /// As C brought it.
    const fn from_handle([_, reference, index, shape]: [u32; 4]) -> Option<Self> {
        let root = match shape >> 28 {
            0 => Root::Object,
            1 => Root::Part,
            2 => Root::Argument,
            3 => Root::Answer,
            4 => Root::Result,
            _ => return None,
        };
        Some(Self { root, reference, ty: TypeId(shape as u16), index, offset: shape >> 16 & 0xff })
    }

    /// A value that lies here, for C. Its text or numbers stay where they are.
    pub(crate) fn show(mut self, value: &heap::Value<'_>, stamp: u32) -> Value {
        let mut data = value.data();
        let mut inner = None;
        // Of `??T`, C sees the inside of both.
        while let Held::Some(payload) = data {
            self.offset = self.offset.saturating_add(1);
            data = payload.data();
            inner = Some(payload);
        }
        let value = inner.as_ref().unwrap_or(value);
        let object = |kind: Type, ty: TypeId| {
            let reference = value.slots().last().map_or(u32::MAX, |&reference| reference as u32);
            let place = Self { reference, ty, ..Self::of(Root::Object) };
            Value { r#type: kind, r#as: Data { handle: place.handle(stamp) } }
        };
        let is_any = value.ty() == TypeId::ANY;
        match data {
            Held::Unit | Held::None => Value::NONE,
            Held::Bool(value) => Value::int(MOG_BOOL, i64::from(value)),
            Held::Int(value) => Value::int(MOG_INT, value),
            Held::Uint(value) => Value::int(MOG_INT, value.cast_signed()),
            Held::Float(number) => Value { r#type: MOG_FLOAT, r#as: Data { number } },
            Held::Str(text) => Value { r#type: MOG_STRING, r#as: Data { text: Text::new(text) } },
            Held::Array(array) => match array.packed_bytes() {
                Some(bytes) => {
                    let bytes = Bytes { data: bytes.as_ptr().cast(), size: bytes.len() };
                    Value { r#type: MOG_ARRAY, r#as: Data { bytes } }
                }
                None if !PARTS => Value::empty(MOG_OTHER),
                None => object(MOG_LIST, if is_any { TypeId::ARRAY_ANY } else { value.ty() }),
            },
            _ if !PARTS => Value::empty(MOG_OTHER),
            Held::Map(_) => object(MOG_MAP, if is_any { TypeId::MAP_ANY } else { value.ty() }),
            Held::Struct(_) => object(MOG_STRUCT, value.ty()),
            Held::Enum(variant) if variant.is_boxed() => object(MOG_ENUM, value.ty()),
            Held::Enum(_) => Value { r#type: MOG_ENUM, r#as: Data { handle: self.handle(stamp) } },
            Held::Function => Value::empty(MOG_FUNCTION),
            _ => Value::empty(MOG_OTHER),
        }
    }
}

impl<'r> Roots<'r> {
    /// The value that C has a handle for, and where it lies.
    pub(crate) fn resolve(&self, value: &Value) -> Result<(heap::Value<'r>, Location), Status> {
        let handle = value.handle().ok_or(MOG_WRONG_TYPE)?;
        let place = Location::from_handle(handle).filter(|_| handle.first() == Some(&self.stamp));
        let place = place.ok_or(MOG_STALE)?;
        let root = self.root(place).ok_or(MOG_STALE)?;
        let found = match place.root {
            Root::Object => root,
            _ => inside(root, place.offset, &self.memory.module().types).ok_or(MOG_STALE)?,
        };
        let kind = match found.data() {
            Held::Struct(_) => MOG_STRUCT,
            Held::Array(_) => MOG_LIST,
            Held::Map(_) => MOG_MAP,
            Held::Enum(_) => MOG_ENUM,
            _ => MOG_OTHER,
        };
        // Otherwise somebody made it up.
        if kind == value.r#type { Ok((found, place)) } else { Err(MOG_STALE) }
    }

    /// The slots of a value in registers.
    pub(crate) fn in_registers(&self, value: &Value) -> Option<SlotValues> {
        if !PARTS {
            return None;
        }
        let (found, place) = self.resolve(value).ok()?;
        if place.is_in_registers() { SlotValues::from_slice(found.slots()).ok() } else { None }
    }

    /// The value that a place begins with.
    fn root(&self, place: Location) -> Option<heap::Value<'r>> {
        let object = || {
            let record = self.memory.module().types.record(place.ty)?;
            record.kind.is_reference().then(|| self.memory.value(place.ty, &[u64::from(place.reference)]))
        };
        match place.root {
            Root::Object => object(),
            Root::Part => {
                let index = usize::try_from(place.index).ok()?;
                let place = Location { root: Root::Object, ..place };
                part(&object()?, place, index, &self.memory.module().types).map(|(part, _)| part)
            }
            Root::Argument => self.call?.arg(usize::try_from(place.index).ok()?),
            Root::Answer => self.call?.answer().map(|(_, value)| value),
            Root::Result => self.result.clone(),
        }
    }
}

/// A part of a value, and where it lies.
fn part<'a>(
    value: &heap::Value<'a>,
    place: Location,
    index: usize,
    types: &TypeTable<'_>,
) -> Option<(heap::Value<'a>, Location)> {
    let found = match value.data() {
        Held::Struct(fields) => fields.iter().nth(index)?.1,
        Held::Array(array) => array.get(index)?,
        Held::Map(map) => map.entry_from(index).filter(|(at, ..)| *at == index)?.2,
        Held::Enum(variant) => {
            let found = variant.payload().nth(index)?;
            if !variant.is_boxed() {
                let start = payload_start(types.record(value.ty())?, variant.number(), index, types)?;
                return Some((found, place.behind(u32::try_from(start).ok()?)));
            }
            found
        }
        _ => return None,
    };
    Some((found, place.child(index)?))
}

/// The enum whose slots begin behind so many of this value's.
fn inside<'a>(mut value: heap::Value<'a>, offset: u32, types: &TypeTable<'_>) -> Option<heap::Value<'a>> {
    let mut rest = usize::try_from(offset).ok()?;
    // Each turn is one slot further in.
    loop {
        value = match value.data() {
            Held::Some(payload) | Held::Ok(payload) => {
                rest = rest.checked_sub(1)?;
                payload
            }
            Held::Enum(_) if rest == 0 => return Some(value),
            Held::Enum(variant) if !variant.is_boxed() => {
                let record = types.record(value.ty())?;
                let starts = (0..variant.payload().count()).filter_map(|index| {
                    Some((index, payload_start(record, variant.number(), index, types)?))
                });
                let (index, start) = starts.take_while(|(_, start)| *start <= rest).last()?;
                rest -= start;
                variant.payload().nth(index)?
            }
            _ => return None,
        };
    }
}

/// How many slots of an enum's value, which is no object, come before this value of a variant's payload.
pub(crate) fn payload_start(
    record: TypeRecord<'_>,
    variant: usize,
    index: usize,
    types: &TypeTable<'_>,
) -> Option<usize> {
    let size = |all: &[u16]| all.iter().map(|&ty| types.value_size(TypeId(ty))).sum::<usize>();
    let before: usize = Variants::of(record).take(variant).map(|(_, all)| size(all)).sum();
    let (_, payload) = Variants::of(record).nth(variant)?;
    Some(1 + before + size(payload.get(..index)?))
}

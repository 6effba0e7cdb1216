//! Values of C's on their way into a program's memory: first the room that they need, in one walk, then the values, in
//! another. Both go no deeper than [`MOG_MAX_DEPTH`].

use core::slice;

use mog_core::heap::{self, AnyTag, SlotValues, Variants};
use mog_core::module::{Packing, TypeKind, TypeRecord, TypeTable};
use mog_core::{Builder, TypeId, features};

use crate::PARTS;
use crate::pointer::{self, Span};
use crate::read::{Location, Root, Roots, payload_start};
use crate::status::{
    MOG_MISSING_FEATURE, MOG_NOT_UTF8, MOG_OUT_OF_MEMORY, MOG_OVERLAP, MOG_TOO_DEEP, MOG_WRONG_TYPE, Status,
};
use crate::value::{
    MOG_ARRAY, MOG_BOOL, MOG_ENTRIES, MOG_FLOAT, MOG_INT, MOG_ITEMS, MOG_NONE, MOG_STRING, Value,
};

/// How deep values of the host's can nest. Each level takes native stack, on 64-bit machines two to three kilobytes.
pub const MOG_MAX_DEPTH: u32 = 16;

/// Values of C's, one behind the other, and none of them in the arena, which is written to while they are read.
///
/// # Safety
/// So many are there, and nobody writes to them during `'v`.
pub(crate) unsafe fn values_at<'v>(
    data: *const Value,
    count: usize,
    arena: Span,
) -> Result<&'v [Value], Status> {
    if count == 0 {
        return Ok(&[]);
    }
    pointer::check(data)?;
    if count > isize::MAX.unsigned_abs() / size_of::<Value>() {
        return Err(MOG_OUT_OF_MEMORY);
    }
    if arena.overlaps(Span::new(data, count * size_of::<Value>())) {
        return Err(MOG_OVERLAP);
    }
    // SAFETY: neither null nor misaligned, nor larger than any object; the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts(data, count) })
}

/// A value of C's that can be read.
enum Given<'v> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'v str),
    /// A text in the arena: where, and how many bytes.
    OwnText(*const u8, usize),
    Numbers(&'v [u8]),
    Items(&'v [Value], u32),
    Entries(&'v [Value]),
    /// What there is a handle for.
    Own,
}

impl<'v> Given<'v> {
    /// Looks at a value of C's.
    ///
    /// # Safety
    /// The text, the numbers or the items of the value are there, and change nowhere as long as this is used.
    unsafe fn new(value: &'v Value, arena: Span) -> Result<Self, Status> {
        let (data, size) = value.memory();
        let bytes = || {
            if arena.overlaps(Span::new(data, size)) {
                return Err(MOG_OVERLAP);
            }
            // SAFETY: the caller's promise.
            unsafe { pointer::bytes(data, size) }
        };
        let items = || {
            let items = value.items();
            let count = items.count as usize;
            // No arena has room for so many: that they are there is not believed.
            if count > arena.len() / 8 {
                return Err(MOG_OUT_OF_MEMORY);
            }
            // SAFETY: the caller's promise.
            Ok((unsafe { values_at(items.data, count, arena)? }, items.variant))
        };
        Ok(match value.r#type {
            MOG_NONE => Self::None,
            MOG_BOOL => Self::Bool(value.integer() != 0),
            MOG_INT => Self::Int(value.integer()),
            MOG_FLOAT => Self::Float(value.number()),
            MOG_STRING if PARTS && arena.offset_of(Span::new(data, size)).is_some() && size > 0 => {
                Self::OwnText(data, size)
            }
            MOG_STRING => Self::Text(core::str::from_utf8(bytes()?).map_err(|_| MOG_NOT_UTF8)?),
            MOG_ARRAY => Self::Numbers(bytes()?),
            _ if !PARTS => return Err(MOG_MISSING_FEATURE),
            MOG_ITEMS => items().map(|(items, variant)| Self::Items(items, variant))?,
            MOG_ENTRIES => match items()? {
                (entries, 0) if entries.len().is_multiple_of(2) => Self::Entries(entries),
                _ => return Err(MOG_WRONG_TYPE),
            },
            _ if value.handle().is_some() => Self::Own,
            _ => return Err(MOG_WRONG_TYPE),
        })
    }
}

/// The room that values need, if they fit their types.
pub(crate) struct Room<'r> {
    arena: Span,
    types: TypeTable<'r>,
    /// What their handles lead to; without it, they can have none.
    roots: Option<&'r Roots<'r>>,
    /// Words of heap.
    pub(crate) words: usize,
    /// Steps for making them.
    pub(crate) cost: u64,
    /// Whether some of them, or parts of some, lie in the arena.
    pub(crate) owns: bool,
}

impl<'r> Room<'r> {
    pub(crate) const fn new(arena: Span, types: TypeTable<'r>, roots: Option<&'r Roots<'r>>) -> Self {
        Self { arena, types, roots, words: 0, cost: 0, owns: false }
    }

    /// Adds what a value needs as a value of this type.
    ///
    /// # Safety
    /// The text, the numbers and the items of the value are there.
    pub(crate) unsafe fn add(&mut self, value: &Value, ty: TypeId, depth: u32) -> Result<(), Status> {
        let record = self.types.record(ty);
        let component = |index: usize| {
            let found = record.and_then(|record| record.components.get(index));
            found.map(|&ty| TypeId(ty)).ok_or(MOG_WRONG_TYPE)
        };
        let kind = record.map(|record| record.kind);
        // SAFETY: the caller's promise.
        let given = unsafe { Given::new(value, self.arena)? };
        if kind == Some(TypeKind::Option) {
            let payload = component(0)?;
            return match given {
                Given::None => Ok(()),
                // `?T` in `?T` has no form in C.
                _ if is_option(payload, self.types) => Err(MOG_WRONG_TYPE),
                // SAFETY: the caller's promise.
                _ => unsafe { self.add(value, payload, depth) },
            };
        }
        let is_any = ty == TypeId::ANY;
        self.cost += u64::from(depth > 0);
        match (given, kind) {
            (Given::None, _) if is_any || ty == TypeId::UNIT => Ok(()),
            (Given::Bool(_), _) if is_any || ty == TypeId::BOOL => Ok(()),
            (Given::Int(_), _) if is_any => Ok(()),
            (Given::Int(value), _)
                if (TypeId::INT.0..=TypeId::U64.0).contains(&ty.0) && in_range(value, ty) =>
            {
                Ok(())
            }
            (Given::Float(_), _) if is_any || matches!(ty, TypeId::FLOAT | TypeId::F32) => Ok(()),
            (Given::Text(text), _) if is_any || ty == TypeId::STR => self.text(text.len()),
            (Given::OwnText(text, len), _) if is_any || ty == TypeId::STR => {
                self.roots.ok_or(MOG_OVERLAP)?;
                // SAFETY: the caller's promise; nothing is made before the end of this block.
                let bytes = unsafe { pointer::bytes(text, len)? };
                core::str::from_utf8(bytes).map_err(|_| MOG_NOT_UTF8)?;
                self.owns = true;
                self.text(len)
            }
            (Given::Numbers(bytes), Some(TypeKind::Array)) if is_packed(component(0)?) => {
                let size = Packing::of(component(0)?).bytes();
                let whole = bytes.len().is_multiple_of(size);
                self.cost += bytes.len() as u64 / 8;
                if whole { self.take(bytes.len() / size, 1, 4) } else { Err(MOG_WRONG_TYPE) }
            }
            _ if !PARTS => Err(MOG_WRONG_TYPE),
            (Given::Own, _) => self.own(value, ty, depth),
            // SAFETY: the caller's promise.
            (Given::Items(items, variant), _) => unsafe { self.items(items, variant, ty, depth) },
            // SAFETY: the caller's promise.
            (Given::Entries(entries), _) => unsafe { self.entries(entries, ty, depth) },
            _ => Err(MOG_WRONG_TYPE),
        }
    }

    /// Adds a number of parts of so many words, and some words more; no more than any arena has.
    fn take(&mut self, count: usize, words: usize, more: usize) -> Result<(), Status> {
        let all = count.saturating_mul(words).saturating_add(more).saturating_add(self.words);
        if all > self.arena.len() / 8 {
            return Err(MOG_OUT_OF_MEMORY);
        }
        self.words = all;
        Ok(())
    }

    fn text(&mut self, len: usize) -> Result<(), Status> {
        self.cost += len as u64 / 8;
        self.take(Builder::string_words(len), 1, 0)
    }

    /// A value of the program's where a value of this type is due.
    fn own(&mut self, value: &Value, ty: TypeId, depth: u32) -> Result<(), Status> {
        let (found, place) = self.roots.ok_or(MOG_OVERLAP)?.resolve(value)?;
        // What is in registers cannot be read while something is made around it.
        if depth > 0 && place.is_in_registers() {
            return Err(MOG_OVERLAP);
        }
        self.owns = true;
        let due = if place.root == Root::Object { place.ty } else { found.ty() };
        let fits = due == ty || (ty == TypeId::ANY && any_tag(due).is_some());
        if fits { Ok(()) } else { Err(MOG_WRONG_TYPE) }
    }

    /// # Safety
    /// As for [`Room::add`].
    unsafe fn items(&mut self, items: &[Value], variant: u32, ty: TypeId, depth: u32) -> Result<(), Status> {
        let ty = if ty == TypeId::ANY { TypeId::ARRAY_ANY } else { ty };
        let record = self.types.record(ty).ok_or(MOG_WRONG_TYPE)?;
        let shell = Shell::of(ty, record, variant, items.len()).ok_or(MOG_WRONG_TYPE)?;
        match shell {
            Shell::Array(_) => self.take(items.len(), record.slots.len(), 4)?,
            Shell::Struct(_) => self.take(1, record.slots.len(), 1)?,
            Shell::Object(object, _) => {
                let slots = self.types.record(object).ok_or(MOG_WRONG_TYPE)?.slots.len();
                self.take(1, slots, 1)?;
            }
            Shell::Flat(..) => {}
        }
        if depth >= MOG_MAX_DEPTH {
            return Err(MOG_TOO_DEEP);
        }
        for (index, item) in items.iter().enumerate() {
            let ty = shell.part(index).ok_or(MOG_WRONG_TYPE)?;
            // SAFETY: the caller's promise.
            unsafe { self.add(item, ty, depth + 1)? };
        }
        Ok(())
    }

    /// # Safety
    /// As for [`Room::add`].
    unsafe fn entries(&mut self, entries: &[Value], ty: TypeId, depth: u32) -> Result<(), Status> {
        let ty = if ty == TypeId::ANY { TypeId::MAP_ANY } else { ty };
        let (key, value) = map_parts(ty, self.types).ok_or(MOG_WRONG_TYPE)?;
        if features::PRESENT & features::MAPS == 0 {
            return Err(MOG_MISSING_FEATURE);
        }
        if depth >= MOG_MAX_DEPTH {
            return Err(MOG_TOO_DEEP);
        }
        let slots = self.types.value_size(value);
        let count = entries.len() / 2;
        // As `Builder::sized_map_words`, which could be too large a number.
        let words = |count| Builder::sized_map_words(count, slots);
        self.take(count, words(1) - words(0), words(0))?;
        self.cost += 8 * count as u64;
        for (index, part) in entries.iter().enumerate() {
            let due = if index.is_multiple_of(2) { key } else { value };
            // SAFETY: the caller's promise.
            unsafe { self.add(part, due, depth + 1)? };
        }
        Ok(())
    }
}

/// What items are put into.
#[derive(Clone, Copy)]
enum Shell<'r> {
    /// An array of such elements.
    Array(TypeId),
    /// A struct: names and types of its fields.
    Struct(&'r [u16]),
    /// An object of an enum's variant: its type, and those of the payload.
    Object(TypeId, &'r [u16]),
    /// Slots of an enum's value: the variant's number, and the types of the payload.
    Flat(usize, &'r [u16]),
}

impl<'r> Shell<'r> {
    /// `None` if the type, or this variant of it, is not made of so many items.
    fn of(ty: TypeId, record: TypeRecord<'r>, variant: u32, count: usize) -> Option<Self> {
        let number = usize::try_from(variant).ok()?;
        let shell = match record.kind {
            TypeKind::Array if number == 0 => return Some(Self::Array(TypeId(*record.components.first()?))),
            TypeKind::Struct if number == 0 => Self::Struct(record.components),
            TypeKind::Enum => Self::Flat(number, Variants::of(record).nth(number)?.1),
            TypeKind::BoxedEnum => {
                let object = ty.0.checked_add(1)?.checked_add(u16::try_from(variant).ok()?)?;
                Self::Object(TypeId(object), Variants::of(record).nth(number)?.1)
            }
            _ => return None,
        };
        let due = match shell {
            Self::Struct(fields) => fields.len() / 2,
            Self::Object(_, payload) | Self::Flat(_, payload) => payload.len(),
            Self::Array(_) => count,
        };
        (due == count).then_some(shell)
    }

    /// The type of an item.
    fn part(self, index: usize) -> Option<TypeId> {
        let found = match self {
            Self::Array(element) => return Some(element),
            Self::Struct(fields) => fields.get(2 * index + 1),
            Self::Object(_, payload) | Self::Flat(_, payload) => payload.get(index),
        };
        found.map(|&ty| TypeId(ty))
    }
}

/// Makes a value in room that [`Room`] counted; gives its slots.
///
/// # Safety
/// As for [`Room::add`].
pub(crate) unsafe fn make(
    value: &Value,
    ty: TypeId,
    builder: &mut Builder<'_, '_>,
    arena: Span,
) -> Option<SlotValues> {
    let types = builder.module().types;
    // SAFETY: the caller's promise; what is written to is the arena, in which nothing lies that this borrows.
    let given = unsafe { Given::new(value, arena) }.ok()?;
    if let Some(option) = types.record(ty).filter(|record| record.kind == TypeKind::Option) {
        let payload = TypeId(*option.components.first()?);
        if matches!(given, Given::None) {
            return empty(ty, types);
        }
        // SAFETY: the caller's promise.
        return wrapped(&unsafe { make(value, payload, builder, arena)? }, ty, types);
    }
    let is_any = ty == TypeId::ANY;
    let (tag, slot) = match given {
        Given::None if ty == TypeId::UNIT => return Some(SlotValues::new()),
        Given::None => (AnyTag::None, 0),
        Given::Bool(value) => (AnyTag::Bool, u64::from(value)),
        Given::Int(value) => (AnyTag::Int, value.cast_unsigned()),
        Given::Float(value) if ty == TypeId::F32 => (AnyTag::Float, f64::from(value as f32).to_bits()),
        Given::Float(value) => (AnyTag::Float, value.to_bits()),
        Given::Text(text) => (AnyTag::Str, builder.string(text)?),
        Given::OwnText(text, len) => (AnyTag::Str, builder.copy_text(text.addr(), len)?),
        Given::Numbers(bytes) => (AnyTag::Array, numbers(bytes, ty, builder)?),
        _ if !PARTS => return None,
        Given::Own => {
            let place = Location::of_value(value)?;
            if place.root != Root::Object {
                // Nothing has moved since it was looked at.
                let stamp = *value.handle()?.first()?;
                let roots = Roots { memory: builder.memory(), stamp, call: None, result: None };
                return SlotValues::from_slice(roots.resolve(value).ok()?.0.slots()).ok();
            }
            (any_tag(place.ty).unwrap_or(AnyTag::None), u64::from(place.reference))
        }
        Given::Items(items, variant) => {
            let due = if is_any { TypeId::ARRAY_ANY } else { ty };
            // SAFETY: the caller's promise.
            let made = unsafe { make_items(items, variant, due, builder, arena)? };
            if !is_any {
                return Some(made);
            }
            (AnyTag::Array, *made.first()?)
        }
        Given::Entries(entries) => {
            let due = if is_any { TypeId::MAP_ANY } else { ty };
            // SAFETY: the caller's promise.
            (AnyTag::Map, unsafe { make_map(entries, due, builder, arena)? })
        }
    };
    if is_any {
        return Some(Builder::any(tag, slot));
    }
    SlotValues::from_slice(&[slot]).ok()
}

/// # Safety
/// As for [`Room::add`].
unsafe fn make_items(
    items: &[Value],
    variant: u32,
    ty: TypeId,
    builder: &mut Builder<'_, '_>,
    arena: Span,
) -> Option<SlotValues> {
    let types = builder.module().types;
    let record = types.record(ty)?;
    let shell = Shell::of(ty, record, variant, items.len())?;
    let mut flat = SlotValues::new();
    let object = match shell {
        Shell::Array(_) => builder.array(ty, items.len())?,
        Shell::Struct(_) => builder.blank(ty)?,
        Shell::Object(object, _) => builder.blank(object)?,
        Shell::Flat(..) => {
            flat = empty(ty, types)?;
            *flat.first_mut()? = u64::from(variant);
            0
        }
    };
    let mut next = 0;
    for (index, item) in items.iter().enumerate() {
        // SAFETY: the caller's promise.
        let slots = unsafe { make(item, shell.part(index)?, builder, arena)? };
        match shell {
            Shell::Array(_) => builder.set_element(object, index, &slots)?,
            Shell::Flat(number, _) => {
                let start = payload_start(record, number, index, &types)?;
                flat.get_mut(start..start.checked_add(slots.len())?)?.copy_from_slice(&slots);
            }
            Shell::Struct(_) | Shell::Object(..) => {
                builder.set_slots(object, next, &slots)?;
                next += slots.len();
            }
        }
    }
    match shell {
        Shell::Flat(..) => Some(flat),
        _ => SlotValues::from_slice(&[object]).ok(),
    }
}

/// # Safety
/// As for [`Room::add`].
unsafe fn make_map(entries: &[Value], ty: TypeId, builder: &mut Builder<'_, '_>, arena: Span) -> Option<u64> {
    // Without maps, there is no code for them here either.
    if features::PRESENT & features::MAPS == 0 {
        return None;
    }
    let (key_type, value_type) = map_parts(ty, builder.module().types)?;
    let map = builder.sized_map(ty, entries.len() / 2)?;
    for entry in entries.chunks_exact(2) {
        let [key, value] = entry else { return None };
        // SAFETY: the caller's promise.
        let key = *unsafe { make(key, key_type, builder, arena)? }.first()?;
        // SAFETY: the caller's promise.
        let value = unsafe { make(value, value_type, builder, arena)? };
        builder.insert(map, key, &value)?;
    }
    Some(map)
}

/// The types of a map's keys and values.
fn map_parts(ty: TypeId, types: TypeTable<'_>) -> Option<(TypeId, TypeId)> {
    match types.record(ty).filter(|record| record.kind == TypeKind::Map)?.components {
        &[key, value] => Some((TypeId(key), TypeId(value))),
        _ => None,
    }
}

/// The tag of an object that `any` can hold.
const fn any_tag(ty: TypeId) -> Option<AnyTag> {
    match ty {
        TypeId::ARRAY_ANY => Some(AnyTag::Array),
        TypeId::MAP_ANY => Some(AnyTag::Map),
        _ => None,
    }
}

/// The slots of a value in which nothing is stored.
pub(crate) fn empty(ty: TypeId, types: TypeTable<'_>) -> Option<SlotValues> {
    let mut slots = SlotValues::new();
    for slot in types.value_slots(ty)?.iter() {
        slots.push(if slot.is_reference() { heap::NULL } else { 0 }).ok()?;
    }
    Some(slots)
}

/// The slots of a value that may be optional here.
pub(crate) fn wrapped(slots: &[u64], ty: TypeId, types: TypeTable<'_>) -> Option<SlotValues> {
    let mut all = SlotValues::new();
    if is_option(ty, types) {
        all.push(1).ok()?;
    }
    all.extend_from_slice(slots).ok()?;
    Some(all)
}

/// A new array of numbers.
fn numbers(bytes: &[u8], ty: TypeId, builder: &mut Builder<'_, '_>) -> Option<u64> {
    let element = TypeId(*builder.module().types.record(ty)?.components.first()?);
    let packing = Packing::of(element);
    let size = packing.bytes();
    let array = builder.array(ty, bytes.len() / size)?;
    for (index, bytes) in bytes.chunks_exact(size).enumerate() {
        let mut word = [0; 8];
        word.get_mut(..size)?.copy_from_slice(bytes);
        let bits = u64::from_le_bytes(word);
        // As a register holds it: signed ones extended, floats as 64 bits.
        let slot = match packing {
            Packing::I8 => i64::from(bits as i8).cast_unsigned(),
            Packing::I16 => i64::from(bits as i16).cast_unsigned(),
            Packing::I32 => i64::from(bits as i32).cast_unsigned(),
            Packing::F32 => f64::from(f32::from_bits(bits as u32)).to_bits(),
            Packing::U8 if element == TypeId::BOOL => u64::from(bits != 0),
            _ => bits,
        };
        builder.set_element(array, index, &[slot])?;
    }
    Some(array)
}

/// Whether C sees an array of such elements as numbers.
pub(crate) fn is_packed(element: TypeId) -> bool {
    element == TypeId::BOOL || (element.dtype().is_some() && !matches!(element, TypeId::F16 | TypeId::BF16))
}

fn is_option(ty: TypeId, types: TypeTable<'_>) -> bool {
    types.record(ty).is_some_and(|record| record.kind == TypeKind::Option)
}

/// Whether an integer type has this value. Of a `u64`, any 64 bits are one.
pub(crate) fn in_range(value: i64, ty: TypeId) -> bool {
    match ty {
        TypeId::I8 => i8::try_from(value).is_ok(),
        TypeId::I16 => i16::try_from(value).is_ok(),
        TypeId::I32 => i32::try_from(value).is_ok(),
        TypeId::U8 => u8::try_from(value).is_ok(),
        TypeId::U16 => u16::try_from(value).is_ok(),
        TypeId::U32 => u32::try_from(value).is_ok(),
        _ => true,
    }
}

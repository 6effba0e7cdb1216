//! From a [`Value`] to a program's memory: first the room that it needs, then the value, bottom up.

use mog_core::heap::Variants;
use mog_core::heap::{AnyTag, NULL, SlotValues};
use mog_core::module::{Slots, TypeKind, TypeRecord, TypeTable};
use mog_core::{Builder, Module, TypeId};

use crate::read::MAX_DEPTH;
use crate::types::TypeText;
use crate::{Mismatch, Value};

/// The heap words that a value needs at most as a value of this type.
///
/// # Errors
/// If it does not fit the type.
pub(crate) fn words(value: &Value, ty: TypeId, module: &Module<'_>) -> Result<usize, Mismatch> {
    Sizer { module, depth: MAX_DEPTH }.value(value, ty)
}

/// Makes a value in room that was reserved for it; appends its slots.
///
/// `None` if the room does not suffice, which means that [`words`] was not asked before.
pub(crate) fn make(
    value: &Value,
    ty: TypeId,
    builder: &mut Builder<'_, '_>,
    slots: &mut SlotValues,
) -> Option<()> {
    let types = builder.module().types;
    let start = slots.len();
    match ty {
        TypeId::UNIT => {}
        TypeId::ANY => {
            let (tag, payload) = make_any(value, builder)?;
            slots.push(tag as u64).ok()?;
            slots.push(payload).ok()?;
        }
        TypeId::STR => slots.push(builder.string(value.as_str()?)?).ok()?,
        TypeId::FLOAT => slots.push(float(value)?.to_bits()).ok()?,
        TypeId::F32 => slots.push(f64::from(float(value)? as f32).to_bits()).ok()?,
        TypeId::BOOL => match value {
            Value::Bool(value) => slots.push(u64::from(*value)).ok()?,
            _ => return None,
        },
        _ if ty.0 <= TypeId::U64.0 => slots.push(integer(value, ty)?).ok()?,
        _ => {
            let record = types.record(ty)?;
            match record.kind {
                TypeKind::Array => slots.push(make_array(value, ty, record, builder)?).ok()?,
                TypeKind::Map => slots.push(make_map(value, ty, record, builder)?).ok()?,
                TypeKind::Struct => {
                    let object = make_slots(value, record, builder)?;
                    slots.push(builder.object(ty, &object)?).ok()?;
                }
                TypeKind::Option => match value {
                    Value::Null => slots.push(0).ok()?,
                    _ => {
                        slots.push(1).ok()?;
                        make(value, TypeId(*record.components.first()?), builder, slots)?;
                    }
                },
                TypeKind::Result => make_result(value, record, builder, slots)?,
                TypeKind::Enum | TypeKind::BoxedEnum => make_enum(value, ty, record, builder, slots)?,
                _ => return None,
            }
        }
    }
    fill(types, ty, start, slots)
}

/// Slots that nothing was stored in are null where a reference is due, and zero elsewhere.
fn fill(types: TypeTable<'_>, ty: TypeId, start: usize, slots: &mut SlotValues) -> Option<()> {
    let all = types.value_slots(ty)?;
    while let Some(slot) = all.get(slots.len() - start) {
        slots.push(if slot.is_reference() { NULL } else { 0 }).ok()?;
    }
    Some(())
}

const fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(value) => Some(*value),
        Value::Int(value) => Some(*value as f64),
        Value::Uint(value) => Some(*value as f64),
        _ => None,
    }
}

/// The register form of an integer that is in the type's range.
fn integer(value: &Value, ty: TypeId) -> Option<u64> {
    let value = match value {
        Value::Int(value) => i128::from(*value),
        Value::Uint(value) => i128::from(*value),
        _ => return None,
    };
    let range = match ty {
        TypeId::INT => i128::from(i64::MIN)..=i128::from(i64::MAX),
        TypeId::I8 => i128::from(i8::MIN)..=i128::from(i8::MAX),
        TypeId::I16 => i128::from(i16::MIN)..=i128::from(i16::MAX),
        TypeId::I32 => i128::from(i32::MIN)..=i128::from(i32::MAX),
        TypeId::U8 => 0..=i128::from(u8::MAX),
        TypeId::U16 => 0..=i128::from(u16::MAX),
        TypeId::U32 => 0..=i128::from(u32::MAX),
        TypeId::U64 => 0..=i128::from(u64::MAX),
        _ => return None,
    };
    range.contains(&value).then_some(value as u64)
}

fn make_any(value: &Value, builder: &mut Builder<'_, '_>) -> Option<(AnyTag, u64)> {
    Some(match value {
        Value::Null => (AnyTag::None, 0),
        Value::Bool(value) => (AnyTag::Bool, u64::from(*value)),
        Value::Int(value) => (AnyTag::Int, value.cast_unsigned()),
        Value::Uint(value) => (AnyTag::Int, *value),
        Value::Float(value) => (AnyTag::Float, value.to_bits()),
        Value::Str(text) => (AnyTag::Str, builder.string(text)?),
        Value::Bytes(_) | Value::Array(_) => {
            let mut slots = SlotValues::new();
            make(value, TypeId::ARRAY_ANY, builder, &mut slots)?;
            (AnyTag::Array, *slots.first()?)
        }
        Value::Map(_) | Value::Struct { .. } => {
            let mut slots = SlotValues::new();
            make(value, TypeId::MAP_ANY, builder, &mut slots)?;
            (AnyTag::Map, *slots.first()?)
        }
        Value::Enum { variant, payload, .. } if payload.is_empty() => (AnyTag::Str, builder.string(variant)?),
        Value::Enum { .. } | Value::Ok(_) | Value::Err(..) => return None,
    })
}

fn make_array(
    value: &Value,
    ty: TypeId,
    record: TypeRecord<'_>,
    builder: &mut Builder<'_, '_>,
) -> Option<u64> {
    let element = TypeId(*record.components.first()?);
    let len = match value {
        Value::Array(elements) => elements.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => return None,
    };
    let array = builder.array(ty, len)?;
    let mut set = |n: usize, value: &Value| {
        let mut slots = SlotValues::new();
        make(value, element, builder, &mut slots)?;
        builder.set_element(array, n, &slots)
    };
    match value {
        Value::Array(elements) => elements.iter().enumerate().try_for_each(|(n, value)| set(n, value))?,
        Value::Bytes(bytes) => bytes.iter().enumerate().try_for_each(|(n, &byte)| set(n, &byte.into()))?,
        _ => {}
    }
    Some(array)
}

fn make_map(value: &Value, ty: TypeId, record: TypeRecord<'_>, builder: &mut Builder<'_, '_>) -> Option<u64> {
    let &[key_type, value_type] = record.components else { return None };
    let map = builder.map(ty)?;
    let insert = |key: u64, value: &Value, builder: &mut Builder<'_, '_>| {
        let mut slots = SlotValues::new();
        make(value, TypeId(value_type), builder, &mut slots)?;
        builder.insert(map, key, &slots)
    };
    match value {
        Value::Map(entries) => {
            for (key, value) in entries {
                let mut slots = SlotValues::new();
                make(key, TypeId(key_type), builder, &mut slots)?;
                insert(*slots.first()?, value, builder)?;
            }
        }
        Value::Struct { fields, .. } => {
            for (name, value) in fields {
                let key = builder.string(name)?;
                insert(key, value, builder)?;
            }
        }
        _ => return None,
    }
    Some(map)
}

/// The slots of a struct's object.
fn make_slots(value: &Value, record: TypeRecord<'_>, builder: &mut Builder<'_, '_>) -> Option<Vec<u64>> {
    let mut object = Vec::with_capacity(record.slots.len());
    for &[name, ty] in record.components.as_chunks::<2>().0 {
        let field = value.get(builder.module().string(name)).unwrap_or(&Value::Null);
        let mut slots = SlotValues::new();
        make(field, TypeId(ty), builder, &mut slots)?;
        object.extend_from_slice(&slots);
    }
    Some(object)
}

fn make_result(
    value: &Value,
    record: TypeRecord<'_>,
    builder: &mut Builder<'_, '_>,
    slots: &mut SlotValues,
) -> Option<()> {
    let payload = TypeId(*record.components.first()?);
    match value {
        Value::Err(kind, message) => {
            let message = builder.string(message)?;
            let start = slots.len() + 1;
            slots.push(*kind as u64).ok()?;
            fill(builder.module().types, payload, start, slots)?;
            slots.push(message).ok()
        }
        Value::Ok(inner) => {
            slots.push(0).ok()?;
            make(inner, payload, builder, slots)
        }
        // A plain value where a `Result` is due has worked.
        plain => {
            slots.push(0).ok()?;
            make(plain, payload, builder, slots)
        }
    }
}

fn make_enum(
    value: &Value,
    ty: TypeId,
    record: TypeRecord<'_>,
    builder: &mut Builder<'_, '_>,
    slots: &mut SlotValues,
) -> Option<()> {
    let (number, types) = variant(value, record, builder.module())?;
    if record.kind == TypeKind::BoxedEnum {
        let mut object = Vec::new();
        for (payload, &ty) in payload(value).iter().zip(types) {
            let mut slots = SlotValues::new();
            make(payload, TypeId(ty), builder, &mut slots)?;
            object.extend_from_slice(&slots);
        }
        let object_type = TypeId(ty.0.checked_add(1)?.checked_add(u16::try_from(number).ok()?)?);
        return slots.push(builder.object(object_type, &object)?).ok();
    }
    let types_before = Variants::of(record).take(number).flat_map(|(_, types)| types.iter().copied());
    let start = slots.len();
    slots.push(number as u64).ok()?;
    let table = builder.module().types;
    let before: usize = types_before.map(|ty| table.value_size(TypeId(ty))).sum();
    let all = table.value_slots(ty)?;
    for at in 1..=before {
        slots.push(empty_slot(&all, at)).ok()?;
    }
    for (payload, &ty) in payload(value).iter().zip(types) {
        make(payload, TypeId(ty), builder, slots)?;
    }
    while slots.len() - start < all.len() {
        slots.push(empty_slot(&all, slots.len() - start)).ok()?;
    }
    Some(())
}

fn empty_slot(slots: &Slots<'_>, at: usize) -> u64 {
    if slots.get(at).is_some_and(TypeId::is_reference) { NULL } else { 0 }
}

/// The number and the payload types of the variant that a value names.
fn variant<'a>(value: &Value, record: TypeRecord<'a>, module: &Module<'a>) -> Option<(usize, &'a [u16])> {
    let wanted = match value {
        Value::Enum { variant, .. } => variant.as_ref(),
        // As JSON writes a variant without a payload.
        Value::Str(text) => text,
        _ => return None,
    };
    Variants::of(record)
        .enumerate()
        .find(|(_, (name, _))| module.string(*name) == wanted)
        .map(|(number, (_, types))| (number, types))
}

fn payload(value: &Value) -> &[Value] {
    match value {
        Value::Enum { payload, .. } => payload,
        _ => &[],
    }
}

/// Measures and checks in one pass, so that making cannot fail half way.
#[derive(Clone, Copy)]
struct Sizer<'m, 'a> {
    module: &'m Module<'a>,
    depth: usize,
}

impl Sizer<'_, '_> {
    fn value(self, value: &Value, ty: TypeId) -> Result<usize, Mismatch> {
        let wrong = || Mismatch::new(TypeText::new(self.module, ty).to_string(), value);
        let fits = |fits: bool| if fits { Ok(0) } else { Err(wrong()) };
        let below = self.depth.checked_sub(1).ok_or_else(|| Mismatch {
            at: String::new(),
            expected: format!("at most {MAX_DEPTH} levels of nesting"),
            found: "more".to_owned(),
        })?;
        let inner = Self { depth: below, ..self };
        match ty {
            TypeId::UNIT => return fits(value.is_null()),
            TypeId::ANY => return self.any(value),
            TypeId::STR => {
                return value.as_str().map(|text| Builder::string_words(text.len())).ok_or_else(wrong);
            }
            TypeId::FLOAT | TypeId::F32 => return fits(float(value).is_some()),
            TypeId::BOOL => return fits(matches!(value, Value::Bool(_))),
            TypeId::HANDLE => return Err(wrong()),
            _ if ty.0 <= TypeId::U64.0 => return fits(integer(value, ty).is_some()),
            _ => {}
        }
        let record = self.module.types.record(ty).ok_or_else(wrong)?;
        match (record.kind, record.components, value) {
            (TypeKind::Array, &[element], _) => inner.array(value, TypeId(element), record.slots.len(), ty),
            (TypeKind::Map, &[key, _], Value::Map(entries)) => {
                let keys = entries.iter().map(|(key, _)| key);
                let keys = keys.map(|k| inner.value(k, TypeId(key))).sum::<Result<usize, _>>()?;
                let values = entries.iter().map(|(key, value)| (key.to_string(), value));
                Ok(keys + inner.values(values, entries.len(), record)?)
            }
            (TypeKind::Map, &[key, _], Value::Struct { fields, .. }) if TypeId(key) == TypeId::STR => {
                let keys: usize = fields.iter().map(|(name, _)| Builder::string_words(name.len())).sum();
                let values = fields.iter().map(|(name, value)| (name.to_string(), value));
                Ok(keys + inner.values(values, fields.len(), record)?)
            }
            (TypeKind::Struct, fields, Value::Struct { .. } | Value::Map(_)) => {
                let fields =
                    fields.as_chunks::<2>().0.iter().map(|&[name, ty]| inner.field(value, name, TypeId(ty)));
                Ok(1 + record.slots.len() + fields.sum::<Result<usize, _>>()?)
            }
            (TypeKind::Option, _, Value::Null) => Ok(0),
            (TypeKind::Option, &[payload], _) => inner.value(value, TypeId(payload)),
            (TypeKind::Result, _, Value::Err(_, message)) => Ok(Builder::string_words(message.len())),
            (TypeKind::Result, &[payload], Value::Ok(value)) => inner.value(value, TypeId(payload)),
            (TypeKind::Result, &[payload], _) => inner.value(value, TypeId(payload)),
            (TypeKind::Enum | TypeKind::BoxedEnum, ..) => {
                let (_, types) = variant(value, record, self.module).ok_or_else(wrong)?;
                if types.len() != payload(value).len() {
                    return Err(wrong());
                }
                let payload =
                    payload(value).iter().zip(types).map(|(value, &ty)| inner.value(value, TypeId(ty)));
                // Its own object, if it has one, is no larger than all the slots of the variant's payload.
                let slots: usize = types.iter().map(|&ty| self.module.types.value_size(TypeId(ty))).sum();
                Ok(1 + slots + payload.sum::<Result<usize, _>>()?)
            }
            _ => Err(wrong()),
        }
    }

    fn any(self, value: &Value) -> Result<usize, Mismatch> {
        match value {
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => Ok(0),
            Value::Uint(number) if i64::try_from(*number).is_ok() => Ok(0),
            Value::Str(text) => Ok(Builder::string_words(text.len())),
            Value::Bytes(_) | Value::Array(_) => self.value(value, TypeId::ARRAY_ANY),
            Value::Map(_) | Value::Struct { .. } => self.value(value, TypeId::MAP_ANY),
            Value::Enum { variant, payload, .. } if payload.is_empty() => {
                Ok(Builder::string_words(variant.len()))
            }
            _ => Err(Mismatch::new("any", value)),
        }
    }

    fn array(self, value: &Value, element: TypeId, slots: usize, ty: TypeId) -> Result<usize, Mismatch> {
        match value {
            Value::Array(elements) => {
                let inner = elements.iter().enumerate().map(|(n, value)| {
                    self.value(value, element).map_err(|e| e.inside(format_args!("[{n}]")))
                });
                Ok(Builder::array_words(elements.len(), slots) + inner.sum::<Result<usize, _>>()?)
            }
            Value::Bytes(bytes) => {
                if let Some(&byte) = bytes.iter().max() {
                    self.value(&byte.into(), element).map_err(|e| e.inside("[…]"))?;
                }
                Ok(Builder::array_words(bytes.len(), slots))
            }
            other => Err(Mismatch::new(TypeText::new(self.module, ty).to_string(), other)),
        }
    }

    fn values<'v>(
        self,
        entries: impl Iterator<Item = (String, &'v Value)>,
        count: usize,
        record: TypeRecord<'_>,
    ) -> Result<usize, Mismatch> {
        let ty = record.components.get(1).map_or(TypeId::UNIT, |&ty| TypeId(ty));
        let words = Builder::map_words(count, record.slots.len().saturating_sub(1));
        let inner =
            entries.map(|(key, value)| self.value(value, ty).map_err(|e| e.inside(format_args!("[{key}]"))));
        Ok(words + inner.sum::<Result<usize, _>>()?)
    }

    fn field(self, value: &Value, name: u16, ty: TypeId) -> Result<usize, Mismatch> {
        let name = self.module.string(name);
        match value.get(name) {
            Some(field) => self.value(field, ty).map_err(|e| e.inside(format_args!(".{name}"))),
            None => self.value(&Value::Null, ty).map_err(|e| {
                let missing = Mismatch { found: "no such field".to_owned(), ..e };
                missing.inside(format_args!(".{name}"))
            }),
        }
    }
}

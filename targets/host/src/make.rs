//! From a [`Value`] to a program's memory: first the room that it needs, then the value, bottom up. Both walk the
//! value with a list of what is open instead of recursion, and both ask [`node`] what a part of it is.

use std::borrow::Cow;

use mog_core::heap::{AnyTag, NULL, SlotValues, Variants};
use mog_core::module::{TypeKind, TypeRecord, TypeTable};
use mog_core::{Builder, Module, TypeId};

use crate::read::MAX_DEPTH;
use crate::types::TypeText;
use crate::{AnyTensor, Dtype, Mismatch, Value};

/// Dimensions that a program's tensors may have.
const MAX_DIMS: usize = 8;

/// The heap words that a value needs at most as a value of this type.
///
/// # Errors
/// If it does not fit the type.
pub(crate) fn words(value: &Value, ty: TypeId, module: &Module<'_>) -> Result<usize, Mismatch> {
    let mut open: Vec<(Parts<'_>, Step<'_>)> = Vec::new();
    let (mut part, mut part_type) = (Part::Value(value), ty);
    let mut total = 0;
    loop {
        let node = node(part, part_type, module).map_err(|mismatch| located(mismatch, &open))?;
        total += node.words;
        if let Kind::Open(_, parts) = node.kind {
            if open.len() >= MAX_DEPTH {
                let expected = format!("at most {MAX_DEPTH} levels of nesting");
                return Err(Mismatch { at: String::new(), expected, found: "more".to_owned() });
            }
            open.push((parts, Step::Inside));
        }
        loop {
            let Some((parts, step)) = open.last_mut() else { return Ok(total) };
            if let Some(next) = parts.next() {
                (*step, part, part_type) = next;
                break;
            }
            open.pop();
        }
    }
}

fn located(mut mismatch: Mismatch, open: &[(Parts<'_>, Step<'_>)]) -> Mismatch {
    mismatch.at = open
        .iter()
        .map(|(_, step)| match step {
            Step::Inside => String::new(),
            Step::Index(index) => format!("[{index}]"),
            Step::Key(key) => format!("[{key}]"),
            Step::Entry(name) => format!("[{name:?}]"),
            Step::Field(name) => format!(".{name}"),
        })
        .collect();
    mismatch
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
    let module = *builder.module();
    let mut open: Vec<(Making, Parts<'_>)> = Vec::new();
    let (mut part, mut part_type) = (Part::Value(value), ty);
    loop {
        let mut done = match node(part, part_type, &module).ok()?.kind {
            Kind::Slots(slots) => Some(slots),
            Kind::Text(text, any) => Some(reference(builder.string(&text)?, any.then_some(AnyTag::Str))),
            Kind::Bytes(bytes, ty, element, any) => {
                let array = builder.array(ty, bytes.len())?;
                for (n, &byte) in bytes.iter().enumerate() {
                    builder.set_element(array, n, &byte_slots(byte, element)?)?;
                }
                Some(reference(array, any.then_some(AnyTag::Array)))
            }
            Kind::Tensor(tensor, record) => {
                Some(reference(make_tensor(tensor, record, part_type, builder)?, None))
            }
            Kind::Open(shell, parts) => {
                open.push((Making::start(shell, builder)?, parts));
                None
            }
        };
        loop {
            if let Some(done) = done.take() {
                match open.last_mut() {
                    Some((around, _)) => around.put(&done, builder)?,
                    None => return slots.extend_from_slice(&done).ok(),
                }
            }
            if let Some((_, next, next_type)) = open.last_mut()?.1.next() {
                (part, part_type) = (next, next_type);
                break;
            }
            let (complete, _) = open.pop()?;
            done = Some(complete.finish(builder, module.types)?);
        }
    }
}

/// A part of a value.
#[derive(Clone, Copy)]
enum Part<'v> {
    Value(&'v Value),
    /// A text that is no value of its own, such as a field's name as a key.
    Text(&'v str),
    /// A key of a map whose keys are strings, whatever it is.
    Key(&'v Value),
    /// The shape or the elements of a tensor that is made as a map, for `any`.
    Sizes(&'v AnyTensor),
    Elements(&'v AnyTensor),
    /// One number of those, as `any`.
    Number(AnyTag, u64),
}

/// The way from a value to a part of it.
#[derive(Clone, Copy)]
enum Step<'v> {
    Inside,
    Index(usize),
    Key(&'v Value),
    Entry(&'v str),
    Field(&'v str),
}

type Parts<'v> = Box<dyn Iterator<Item = (Step<'v>, Part<'v>, TypeId)> + 'v>;

/// What a part of a value is as a value of its type.
struct Node<'v> {
    /// Words of heap, without those of its parts.
    words: usize,
    kind: Kind<'v>,
}

enum Kind<'v> {
    /// Slots, all of them.
    Slots(SlotValues),
    /// A string; whether as `any`.
    Text(Cow<'v, str>, bool),
    /// An array of bytes, its type, its elements' type; whether as `any`.
    Bytes(&'v [u8], TypeId, TypeId, bool),
    /// A tensor as its type, whose record this is.
    Tensor(&'v AnyTensor, TypeRecord<'v>),
    /// Something that is filled with parts.
    Open(Shell, Parts<'v>),
}

/// What the parts are put into.
enum Shell {
    /// An array of this type and length; whether as `any`.
    Array(TypeId, usize, bool),
    /// A map of this type, of keys and values in turn; whether as `any`.
    Map(TypeId, bool),
    /// An object of this type.
    Object(TypeId),
    /// Slots of a value of this type, of which these are the first.
    Flat(TypeId, SlotValues),
}

/// What a part of a value is, checked against its type.
fn node<'v>(part: Part<'v>, ty: TypeId, module: &Module<'v>) -> Result<Node<'v>, Mismatch> {
    let value = match part {
        Part::Value(value) => value,
        Part::Text(text) if ty == TypeId::STR => return Ok(text_node(text, false)),
        Part::Text(text) if ty == TypeId::ANY => return Ok(text_node(text, true)),
        Part::Key(key) => match key {
            Value::Int(_) | Value::Uint(_) | Value::Bool(_) => return Ok(text_node(key.to_string(), false)),
            other => other,
        },
        Part::Number(tag, payload) => return Ok(slots_node(&[tag as u64, payload])),
        Part::Sizes(tensor) => {
            let sizes = tensor.shape().iter().map(|&size| Part::Number(AnyTag::Int, size as u64));
            return Ok(numbers_node(tensor.shape().len(), Box::new(sizes)));
        }
        Part::Elements(tensor) => {
            let tag = if tensor.dtype().is_float() { AnyTag::Float } else { AnyTag::Int };
            let elements = tensor.registers().map(move |bits| Part::Number(tag, bits));
            return Ok(numbers_node(tensor.len(), Box::new(elements)));
        }
        Part::Text(text) => {
            return Err(Mismatch::new(TypeText::new(module, ty).to_string(), &Value::from(text)));
        }
    };
    let found = match ty {
        TypeId::ANY => any_node(value, module),
        TypeId::UNIT => value.is_null().then(|| slots_node(&[])),
        TypeId::STR => value.as_str().map(|text| text_node(text, false)),
        TypeId::BOOL => match value {
            Value::Bool(value) => Some(slots_node(&[u64::from(*value)])),
            _ => None,
        },
        TypeId::FLOAT | TypeId::F16 | TypeId::BF16 => {
            float(value).map(|value| slots_node(&[value.to_bits()]))
        }
        TypeId::F32 => float(value).map(|value| slots_node(&[f64::from(value as f32).to_bits()])),
        TypeId::HANDLE => match value {
            Value::Handle(handle) => Some(slots_node(&[handle.id()])),
            Value::Function(_) => None,
            _ => None,
        },
        _ if ty.0 <= TypeId::U64.0 => integer(value, ty).map(|value| slots_node(&[value])),
        _ => match module.types.record(ty) {
            Some(record) if record.kind == TypeKind::Tensor => return tensor_node(value, ty, record, module),
            Some(record) if record.kind == TypeKind::Struct => return object_node(value, ty, record, module),
            Some(record) => own_node(value, ty, record, module),
            None => None,
        },
    };
    found.ok_or_else(|| Mismatch::new(TypeText::new(module, ty).to_string(), value))
}

fn slots_node<'v>(slots: &[u64]) -> Node<'v> {
    Node { words: 0, kind: Kind::Slots(SlotValues::from_slice(slots).unwrap_or_default()) }
}

fn text_node<'v>(text: impl Into<Cow<'v, str>>, any: bool) -> Node<'v> {
    let text = text.into();
    Node { words: Builder::string_words(text.len()), kind: Kind::Text(text, any) }
}

fn any_node<'v>(value: &'v Value, module: &Module<'v>) -> Option<Node<'v>> {
    let scalar = |tag: AnyTag, payload: u64| Some(slots_node(&[tag as u64, payload]));
    match value {
        Value::Null => scalar(AnyTag::None, 0),
        Value::Bool(value) => scalar(AnyTag::Bool, u64::from(*value)),
        Value::Int(value) => scalar(AnyTag::Int, value.cast_unsigned()),
        Value::Uint(value) => i64::try_from(*value).ok().and_then(|_| scalar(AnyTag::Int, *value)),
        Value::Float(value) => scalar(AnyTag::Float, value.to_bits()),
        Value::Str(text) => Some(text_node(text, true)),
        Value::Bytes(_) | Value::Array(_) => array_node(value, TypeId::ARRAY_ANY, true, module),
        Value::Map(_) | Value::Struct { .. } => map_node(value, TypeId::MAP_ANY, true, module),
        Value::Tensor(tensor) => Some(tensor_map_node(tensor)),
        Value::Enum { variant, payload, .. } if payload.is_empty() => Some(text_node(&**variant, true)),
        Value::Handle(_) | Value::Function(_) | Value::Enum { .. } | Value::Ok(_) | Value::Err(..) => None,
    }
}

/// A value of one of the module's own types, other than a struct.
fn own_node<'v>(
    value: &'v Value,
    ty: TypeId,
    record: TypeRecord<'v>,
    module: &Module<'v>,
) -> Option<Node<'v>> {
    let payload = || record.components.first().map(|&ty| TypeId(ty));
    let flat = |first: u64, part: Part<'v>, part_type: TypeId| {
        let slots = SlotValues::from_slice(&[first]).ok()?;
        let parts = std::iter::once((Step::Inside, part, part_type));
        Some(Node { words: 0, kind: Kind::Open(Shell::Flat(ty, slots), Box::new(parts)) })
    };
    match (record.kind, value) {
        (TypeKind::Array, _) => array_node(value, ty, false, module),
        (TypeKind::Map, _) => map_node(value, ty, false, module),
        (TypeKind::Option, Value::Null) => {
            let mut slots = SlotValues::new();
            slots.push(0).ok()?;
            fill(module.types, ty, &mut slots)?;
            Some(slots_node(&slots))
        }
        (TypeKind::Option, _) => flat(1, Part::Value(value), payload()?),
        (TypeKind::Result, Value::Err(kind, message)) => {
            let mut slots = SlotValues::from_slice(&[*kind as u64]).ok()?;
            extend_empty(module.types, payload()?, &mut slots)?;
            let parts = std::iter::once((Step::Inside, Part::Text(message), TypeId::STR));
            Some(Node { words: 0, kind: Kind::Open(Shell::Flat(ty, slots), Box::new(parts)) })
        }
        (TypeKind::Result, Value::Ok(inner)) => flat(0, Part::Value(inner), payload()?),
        // A plain value where a `Result` is due has worked.
        (TypeKind::Result, _) => flat(0, Part::Value(value), payload()?),
        (TypeKind::Enum | TypeKind::BoxedEnum, _) => enum_node(value, ty, record, module),
        _ => None,
    }
}

fn array_node<'v>(value: &'v Value, ty: TypeId, any: bool, module: &Module<'v>) -> Option<Node<'v>> {
    let record = module.types.record(ty)?;
    let element = TypeId(*record.components.first()?);
    let size = |len| Builder::array_words(len, record.slots.len());
    match value {
        Value::Array(elements) => {
            let parts = elements.iter().enumerate();
            let parts = parts.map(move |(n, value)| (Step::Index(n), Part::Value(value), element));
            let shell = Shell::Array(ty, elements.len(), any);
            Some(Node { words: size(elements.len()), kind: Kind::Open(shell, Box::new(parts)) })
        }
        Value::Bytes(bytes) => {
            byte_slots(bytes.iter().copied().max().unwrap_or(0), element)?;
            Some(Node { words: size(bytes.len()), kind: Kind::Bytes(bytes, ty, element, any) })
        }
        _ => None,
    }
}

fn map_node<'v>(value: &'v Value, ty: TypeId, any: bool, module: &Module<'v>) -> Option<Node<'v>> {
    let record = module.types.record(ty)?;
    let &[key_type, value_type] = record.components else { return None };
    let (key_type, value_type) = (TypeId(key_type), TypeId(value_type));
    let (count, parts): (usize, Parts<'v>) = match value {
        Value::Map(entries) => {
            let parts = entries.iter().flat_map(move |(key, value)| {
                let key_part = if any { Part::Key(key) } else { Part::Value(key) };
                [(Step::Inside, key_part, key_type), (Step::Key(key), Part::Value(value), value_type)]
            });
            (entries.len(), Box::new(parts))
        }
        Value::Struct { fields, .. } if key_type == TypeId::STR => {
            let parts = fields.iter().flat_map(move |(name, value)| {
                [
                    (Step::Inside, Part::Text(name), key_type),
                    (Step::Entry(name), Part::Value(value), value_type),
                ]
            });
            (fields.len(), Box::new(parts))
        }
        _ => return None,
    };
    let words = Builder::map_words(count, record.slots.len().saturating_sub(1));
    Some(Node { words, kind: Kind::Open(Shell::Map(ty, any), parts) })
}

/// A struct: from one, or from a map with its fields. Fields that it does not have are left out, those that are
/// missing are none.
fn object_node<'v>(
    value: &'v Value,
    ty: TypeId,
    record: TypeRecord<'v>,
    module: &Module<'v>,
) -> Result<Node<'v>, Mismatch> {
    if !matches!(value, Value::Struct { .. } | Value::Map(_)) {
        return Err(Mismatch::new(TypeText::new(module, ty).to_string(), value));
    }
    let module = *module;
    let fields = record.components.as_chunks::<2>().0.iter();
    let fields = fields.map(move |&[name, ty]| (module.string(name), TypeId(ty)));
    for (name, ty) in fields.clone() {
        let optional = |ty| module.types.record(ty).is_some_and(|record| record.kind == TypeKind::Option);
        if value.get(name).is_none() && ty != TypeId::ANY && !optional(ty) {
            let expected = format!("a field `{name}`: {}", TypeText::new(&module, ty));
            return Err(Mismatch { expected, ..Mismatch::new("", value) });
        }
    }
    let parts = fields
        .map(move |(name, ty)| (Step::Field(name), Part::Value(value.get(name).unwrap_or(&Value::Null)), ty));
    let words = 1 + record.slots.len();
    Ok(Node { words, kind: Kind::Open(Shell::Object(ty), Box::new(parts)) })
}

/// A tensor: from one of the same element type, or from a map with `shape` and `data`.
fn tensor_node<'v>(
    value: &'v Value,
    ty: TypeId,
    record: TypeRecord<'v>,
    module: &Module<'v>,
) -> Result<Node<'v>, Mismatch> {
    let wrong = || Mismatch::new(TypeText::new(module, ty).to_string(), value);
    let &[shape, data] = record.components else { return Err(wrong()) };
    match value {
        Value::Tensor(tensor)
            if module.types.tensor_element(ty).and_then(Dtype::of) == Some(tensor.dtype()) =>
        {
            let arrays = Builder::array_words(tensor.shape().len(), 1) + Builder::array_words(0, 0);
            let words = 3 + arrays + tensor.bytes().len().div_ceil(8);
            let fits = tensor.shape().len() <= MAX_DIMS;
            fits.then_some(Node { words, kind: Kind::Tensor(tensor, record) }).ok_or_else(wrong)
        }
        Value::Map(_) | Value::Struct { .. } => {
            let part = |name| value.get(name).ok_or_else(wrong);
            let (sizes, elements) = (part("shape")?, part("data")?);
            if !shape_fits(sizes, elements) {
                return Err(wrong());
            }
            let parts = [
                (Step::Field("shape"), Part::Value(sizes), TypeId(shape)),
                (Step::Field("data"), Part::Value(elements), TypeId(data)),
            ];
            Ok(Node { words: 3, kind: Kind::Open(Shell::Object(ty), Box::new(parts.into_iter())) })
        }
        _ => Err(wrong()),
    }
}

/// Whether there are as many elements as a shape says.
fn shape_fits(shape: &Value, elements: &Value) -> bool {
    let count = match elements {
        Value::Array(elements) => elements.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => return false,
    };
    let Value::Array(shape) = shape else { return false };
    let sizes = shape.iter().map(|size| match size {
        Value::Int(size) => u32::try_from(*size).ok(),
        _ => None,
    });
    let Some(sizes) = sizes.collect::<Option<Vec<u32>>>() else { return false };
    let product = sizes.iter().try_fold(1u64, |product, &size| product.checked_mul(u64::from(size)));
    sizes.len() <= MAX_DIMS && (product == Some(count as u64) || (sizes.contains(&0) && count == 0))
}

fn make_tensor(
    tensor: &AnyTensor,
    record: TypeRecord<'_>,
    ty: TypeId,
    builder: &mut Builder<'_, '_>,
) -> Option<u64> {
    let &[shape_type, data_type] = record.components else { return None };
    let shape = builder.array(TypeId(shape_type), tensor.shape().len())?;
    for (n, &size) in tensor.shape().iter().enumerate() {
        builder.set_element(shape, n, &[size as u64])?;
    }
    let data = builder.array(TypeId(data_type), tensor.len())?;
    for (n, element) in tensor.registers().enumerate() {
        builder.set_element(data, n, &[element])?;
    }
    builder.object(ty, &[shape, data])
}

/// A tensor where `any` is due: the map that a program gets when it makes an `any` of one.
fn tensor_map_node(tensor: &AnyTensor) -> Node<'_> {
    let entry =
        |name, part| [(Step::Inside, Part::Text(name), TypeId::STR), (Step::Entry(name), part, TypeId::ANY)];
    let parts = [
        entry("dtype", Part::Text(tensor.dtype().name())),
        entry("shape", Part::Sizes(tensor)),
        entry("data", Part::Elements(tensor)),
    ];
    let kind = Kind::Open(Shell::Map(TypeId::MAP_ANY, true), Box::new(parts.into_iter().flatten()));
    Node { words: Builder::map_words(3, 2), kind }
}

/// An array of numbers, as `any`.
fn numbers_node<'v>(len: usize, numbers: Box<dyn Iterator<Item = Part<'v>> + 'v>) -> Node<'v> {
    let parts = numbers.enumerate().map(|(n, part)| (Step::Index(n), part, TypeId::ANY));
    let shell = Shell::Array(TypeId::ARRAY_ANY, len, true);
    Node { words: Builder::array_words(len, 2), kind: Kind::Open(shell, Box::new(parts)) }
}

fn enum_node<'v>(
    value: &'v Value,
    ty: TypeId,
    record: TypeRecord<'v>,
    module: &Module<'v>,
) -> Option<Node<'v>> {
    let (wanted, payload): (&str, &[Value]) = match value {
        Value::Enum { variant, payload, .. } => (variant, payload),
        // As JSON writes a variant without a payload.
        Value::Str(text) => (text, &[]),
        _ => return None,
    };
    let mut variants = Variants::of(record).enumerate();
    let (number, (_, types)) = variants.find(|(_, (name, _))| module.string(*name) == wanted)?;
    if types.len() != payload.len() {
        return None;
    }
    let parts = payload.iter().zip(types).enumerate();
    let parts = parts.map(|(n, (value, &ty))| (Step::Index(n), Part::Value(value), TypeId(ty)));
    let size = |types: &[u16]| -> usize { types.iter().map(|&ty| module.types.value_size(TypeId(ty))).sum() };
    let (words, shell) = if record.kind == TypeKind::BoxedEnum {
        let object = ty.0.checked_add(1)?.checked_add(u16::try_from(number).ok()?)?;
        (1 + size(types), Shell::Object(TypeId(object)))
    } else {
        let mut slots = SlotValues::from_slice(&[number as u64]).ok()?;
        for (_, types) in Variants::of(record).take(number) {
            types.iter().try_for_each(|&ty| extend_empty(module.types, TypeId(ty), &mut slots))?;
        }
        (0, Shell::Flat(ty, slots))
    };
    Some(Node { words, kind: Kind::Open(shell, Box::new(parts)) })
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

/// The slots of a byte as an element of an array of numbers.
fn byte_slots(byte: u8, element: TypeId) -> Option<SlotValues> {
    let value = u64::from(byte);
    match element {
        TypeId::ANY => SlotValues::from_slice(&[AnyTag::Int as u64, value]).ok(),
        TypeId::FLOAT | TypeId::F32 => SlotValues::from_slice(&[f64::from(byte).to_bits()]).ok(),
        _ => SlotValues::from_slice(&[integer(&Value::Int(i64::from(byte)), element)?]).ok(),
    }
}

/// The slots of a reference, by itself or as `any`.
fn reference(reference: u64, any: Option<AnyTag>) -> SlotValues {
    match any {
        Some(tag) => Builder::any(tag, reference),
        None => SlotValues::from_slice(&[reference]).unwrap_or_default(),
    }
}

/// Appends the slots of a value of this type in which nothing is stored: null where a reference is due, zero
/// elsewhere.
fn extend_empty(types: TypeTable<'_>, ty: TypeId, slots: &mut SlotValues) -> Option<()> {
    types.value_slots(ty)?.iter().try_for_each(|slot| slots.push(empty(slot)).ok())
}

/// The same for the slots that are missing from a value of this type.
fn fill(types: TypeTable<'_>, ty: TypeId, slots: &mut SlotValues) -> Option<()> {
    types.value_slots(ty)?.iter().skip(slots.len()).try_for_each(|slot| slots.push(empty(slot)).ok())
}

const fn empty(slot: TypeId) -> u64 {
    if slot.is_reference() { NULL } else { 0 }
}

/// A shell that is being filled.
enum Making {
    Array { array: u64, next: usize, any: bool },
    Map { map: u64, key: Option<u64>, any: bool },
    Object { ty: TypeId, slots: Vec<u64> },
    Flat { ty: TypeId, slots: SlotValues },
}

impl Making {
    fn start(shell: Shell, builder: &mut Builder<'_, '_>) -> Option<Self> {
        Some(match shell {
            Shell::Array(ty, len, any) => Self::Array { array: builder.array(ty, len)?, next: 0, any },
            Shell::Map(ty, any) => Self::Map { map: builder.map(ty)?, key: None, any },
            Shell::Object(ty) => Self::Object { ty, slots: Vec::new() },
            Shell::Flat(ty, slots) => Self::Flat { ty, slots },
        })
    }

    /// Puts in the next part.
    fn put(&mut self, part: &SlotValues, builder: &mut Builder<'_, '_>) -> Option<()> {
        match self {
            Self::Array { array, next, .. } => {
                builder.set_element(*array, *next, part)?;
                *next += 1;
            }
            Self::Map { map, key, .. } => match key.take() {
                None => *key = Some(*part.first()?),
                Some(key) => builder.insert(*map, key, part)?,
            },
            Self::Object { slots, .. } => slots.extend_from_slice(part),
            Self::Flat { slots, .. } => slots.extend_from_slice(part).ok()?,
        }
        Some(())
    }

    /// The slots of the whole.
    fn finish(self, builder: &mut Builder<'_, '_>, types: TypeTable<'_>) -> Option<SlotValues> {
        Some(match self {
            Self::Array { array, any, .. } => reference(array, any.then_some(AnyTag::Array)),
            Self::Map { map, any, .. } => reference(map, any.then_some(AnyTag::Map)),
            Self::Object { ty, slots } => reference(builder.object(ty, &slots)?, None),
            Self::Flat { ty, mut slots } => {
                fill(types, ty, &mut slots)?;
                slots
            }
        })
    }
}

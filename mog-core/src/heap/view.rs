//! Values as a host reads them: typed views into the heap and the module, without copies.

use super::{AnyTag, CONSTANT, ObjectHeader, halves};
use crate::machine::load_packed;
use crate::module::{Module, Packing, TypeId, TypeKind, TypeRecord};

/// Most slots of one value; the compiler puts larger ones in objects.
pub const MAX_VALUE_SLOTS: usize = 16;

/// Slots of a value.
pub type SlotValues = heapless::Vec<u64, MAX_VALUE_SLOTS>;

/// Heap and module, to read.
#[derive(Clone, Copy, Debug)]
pub struct Memory<'a> {
    pub(crate) module: &'a Module<'a>,
    pub(crate) heap: &'a [u64],
}

impl<'a> Memory<'a> {
    /// The module.
    #[must_use]
    pub const fn module(&self) -> &'a Module<'a> {
        self.module
    }

    fn word(&self, reference: u64, offset: usize) -> Option<u64> {
        self.heap.get((reference as u32 as usize).checked_add(offset)?).copied()
    }

    fn header(&self, reference: u64) -> Option<ObjectHeader> {
        if reference & CONSTANT != 0 {
            return None;
        }
        self.word(reference, 0).map(ObjectHeader)
    }

    /// The string that a reference is to.
    #[must_use]
    pub fn string(&self, reference: u64) -> Option<&'a str> {
        if reference & CONSTANT != 0 {
            let bytes = self.module.string_bytes((reference & !CONSTANT) as u32 as usize)?;
            return core::str::from_utf8(bytes).ok();
        }
        core::str::from_utf8(super::text::bytes(self.heap, reference as u32 as usize)?).ok()
    }

    /// A value of a type, from its slots.
    #[must_use]
    pub fn value(self, ty: TypeId, slots: &[u64]) -> Value<'a> {
        Value { memory: self, ty, slots: SlotValues::from_slice(slots).unwrap_or_default() }
    }
}

/// A value of a program, as its host sees it.
#[derive(Clone, Debug)]
pub struct Value<'a> {
    memory: Memory<'a>,
    ty: TypeId,
    slots: SlotValues,
}

/// What a value is. `any` is seen through: it gives what it holds.
#[derive(Clone, Debug)]
pub enum Data<'a> {
    /// `()`.
    Unit,
    /// A boolean.
    Bool(bool),
    /// An integer of any type but `u64`.
    Int(i64),
    /// A `u64`.
    Uint(u64),
    /// A float.
    Float(f64),
    /// A string.
    Str(&'a str),
    /// `none`, of `?T` or `any`.
    None,
    /// `some`.
    Some(Value<'a>),
    /// `ok`.
    Ok(Value<'a>),
    /// `err`: its kind and message.
    Err(crate::error::Failure, &'a str),
    /// An array.
    Array(Array<'a>),
    /// A map.
    Map(Map<'a>),
    /// A struct.
    Struct(Fields<'a>),
    /// A tensor.
    Tensor(Tensor<'a>),
    /// An enum's value.
    Enum(Variant<'a>),
    /// A function.
    Function,
    /// A handle of the host's.
    Handle(u64),
    /// Nothing that a verified program can have made.
    Invalid,
}

impl<'a> Value<'a> {
    /// Its static type.
    #[must_use]
    pub const fn ty(&self) -> TypeId {
        self.ty
    }

    /// Its slots.
    #[must_use]
    pub fn slots(&self) -> &[u64] {
        &self.slots
    }

    /// What it is.
    #[must_use]
    pub fn data(&self) -> Data<'a> {
        self.try_data().unwrap_or(Data::Invalid)
    }

    fn slot(&self, index: usize) -> Option<u64> {
        self.slots.get(index).copied()
    }

    fn try_data(&self) -> Option<Data<'a>> {
        let memory = self.memory;
        Some(match self.ty {
            TypeId::UNIT => Data::Unit,
            TypeId::BOOL => Data::Bool(self.slot(0)? != 0),
            TypeId::U64 => Data::Uint(self.slot(0)?),
            TypeId::INT | TypeId::I8 | TypeId::I16 | TypeId::I32 | TypeId::U8 | TypeId::U16 | TypeId::U32 => {
                Data::Int(self.slot(0)?.cast_signed())
            }
            ty if ty.is_float() => Data::Float(f64::from_bits(self.slot(0)?)),
            TypeId::STR => Data::Str(memory.string(self.slot(0)?)?),
            TypeId::HANDLE => Data::Handle(self.slot(0)?),
            TypeId::ANY => {
                let payload = self.slot(1)?;
                match AnyTag::from_slot(self.slot(0)?)? {
                    AnyTag::None => Data::None,
                    AnyTag::Bool => Data::Bool(payload != 0),
                    AnyTag::Int => Data::Int(payload.cast_signed()),
                    AnyTag::Float => Data::Float(f64::from_bits(payload)),
                    AnyTag::Str => Data::Str(memory.string(payload)?),
                    AnyTag::Array => return memory.value(TypeId::ARRAY_ANY, &[payload]).try_data(),
                    AnyTag::Map => return memory.value(TypeId::MAP_ANY, &[payload]).try_data(),
                }
            }
            ty => return self.own_type(memory.module.types.record(ty)?),
        })
    }

    fn own_type(&self, record: TypeRecord<'a>) -> Option<Data<'a>> {
        let memory = self.memory;
        let component = |index: usize| record.components.get(index).map(|&ty| TypeId(ty));
        let first = self.slot(0)?;
        Some(match record.kind {
            TypeKind::Struct => Data::Struct(Fields { memory, object: first, record }),
            TypeKind::Tensor => {
                let part = |at: usize| -> Option<Array<'a>> {
                    match memory.value(component(at)?, &[memory.word(first, 1 + at)?]).data() {
                        Data::Array(array) => Some(array),
                        _ => None,
                    }
                };
                Data::Tensor(Tensor { shape: part(0)?, elements: part(1)? })
            }
            TypeKind::Array => {
                let (len, buffer) = halves(memory.word(first, 1)?);
                let (element, slots) = (component(0)?, record.slots.len());
                Data::Array(Array { memory, element, slots, len: len as usize, buffer: buffer as usize })
            }
            TypeKind::Map => {
                let (live, used) = halves(memory.word(first, 1)?);
                let (entries, _) = halves(memory.word(first, 2)?);
                Data::Map(Map {
                    memory,
                    key: component(0)?,
                    value: component(1)?,
                    stride: 1 + record.slots.len(),
                    live: live as usize,
                    used: used as usize,
                    entries: entries as usize,
                })
            }
            TypeKind::Fn | TypeKind::Captures | TypeKind::Future | TypeKind::Task => Data::Function,
            TypeKind::Option => match first {
                0 => Data::None,
                _ => Data::Some(memory.value(component(0)?, self.slots.get(1..)?)),
            },
            TypeKind::Result => match first {
                0 => Data::Ok(memory.value(component(0)?, self.slots.get(1..self.slots.len() - 1)?)),
                kind => {
                    let message = self.slots.last().and_then(|&message| memory.string(message)).unwrap_or("");
                    Data::Err(crate::error::Failure::from_kind(kind), message)
                }
            },
            TypeKind::Enum => {
                let mut slots = self.slots.get(1..)?;
                let number = usize::try_from(first).ok()?;
                for (_, types) in Variants::of(record).take(number) {
                    let size: usize =
                        types.iter().map(|&ty| memory.module.types.value_size(TypeId(ty))).sum();
                    slots = slots.get(size..)?;
                }
                let (name, types) = Variants::of(record).nth(number)?;
                let slots = SlotValues::from_slice(slots).ok()?;
                Data::Enum(Variant { memory, record, number, name, types, slots: Payload::Slots(slots) })
            }
            TypeKind::BoxedEnum => {
                let object = memory.header(first)?.ty();
                let number = usize::from(object.0.checked_sub(self.ty.0 + 1)?);
                let (name, types) = Variants::of(record).nth(number)?;
                Data::Enum(Variant { memory, record, number, name, types, slots: Payload::Object(first) })
            }
            TypeKind::Variant => return None,
        })
    }
}

/// The variants of an enum's record: name's number and payload types.
#[derive(Clone, Debug)]
pub struct Variants<'a>(&'a [u16]);

impl<'a> Variants<'a> {
    /// Those of an enum type.
    #[must_use]
    pub const fn of(record: TypeRecord<'a>) -> Self {
        Self(record.components)
    }
}

impl<'a> Iterator for Variants<'a> {
    type Item = (u16, &'a [u16]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[name, count], rest) = self.0.split_first_chunk()?;
        let (types, rest) = rest.split_at_checked(usize::from(count))?;
        self.0 = rest;
        Some((name, types))
    }
}

/// An array.
#[derive(Clone, Copy, Debug)]
pub struct Array<'a> {
    memory: Memory<'a>,
    element: TypeId,
    slots: usize,
    len: usize,
    buffer: usize,
}

impl<'a> Array<'a> {
    /// How many elements.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// An element.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        if index >= self.len {
            return None;
        }
        let packing = Packing::of(self.element);
        if packing != Packing::Words {
            let value = load_packed(self.memory.heap, self.buffer, index, packing)?;
            return Some(self.memory.value(self.element, &[value]));
        }
        let start = self.buffer.checked_add(index.checked_mul(self.slots)?)?;
        Some(self.memory.value(self.element, self.memory.heap.get(start..start.checked_add(self.slots)?)?))
    }

    /// All elements in order.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let array = *self;
        (0..array.len).map_while(move |index| array.get(index))
    }

    /// The elements of an array of numbers or booleans as the bytes that they are packed in, without a copy. Of
    /// each the least significant byte comes first (elements of eight bytes: on little-endian machines).
    #[must_use]
    pub fn packed_bytes(&self) -> Option<&'a [u8]> {
        if self.element != TypeId::BOOL && self.element.dtype().is_none() {
            return None;
        }
        let words = self.memory.heap.get(self.buffer.min(self.memory.heap.len())..)?;
        let size = self.len.checked_mul(Packing::of(self.element).bytes())?;
        bytemuck::cast_slice::<u64, u8>(words).get(..size)
    }

    /// The elements of a `[u8]` or `[bool]` as bytes, without a copy.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        if Packing::of(self.element) != Packing::U8 {
            return None;
        }
        let words = self.memory.heap.get(self.buffer.min(self.memory.heap.len())..)?;
        bytemuck::cast_slice::<u64, u8>(words).get(..self.len)
    }
}

/// A tensor.
#[derive(Clone, Copy, Debug)]
pub struct Tensor<'a> {
    shape: Array<'a>,
    elements: Array<'a>,
}

impl<'a> Tensor<'a> {
    /// The type of the elements; see [`TypeId::dtype`] for its name.
    #[must_use]
    pub const fn element(&self) -> TypeId {
        self.elements.element
    }

    /// The sizes of the dimensions. They make as many elements as there are, unless the program was not made by
    /// the compiler.
    pub fn shape(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.shape.iter().map(|size| size.slot(0).and_then(|size| usize::try_from(size).ok()).unwrap_or(0))
    }

    /// The elements, the last index changing fastest.
    #[must_use]
    pub const fn elements(&self) -> Array<'a> {
        self.elements
    }
}

/// A map.
#[derive(Clone, Copy, Debug)]
pub struct Map<'a> {
    memory: Memory<'a>,
    key: TypeId,
    value: TypeId,
    stride: usize,
    live: usize,
    used: usize,
    entries: usize,
}

impl<'a> Map<'a> {
    /// How many entries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.live
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Keys and values in order of insertion.
    pub fn iter(&self) -> impl Iterator<Item = (Value<'a>, Value<'a>)> + use<'a> {
        let map = *self;
        let mut position = 0;
        core::iter::from_fn(move || {
            let (at, key, value) = map.entry_from(position)?;
            position = at + 1;
            Some((key, value))
        })
    }

    /// The first entry that is at this position or behind it, and its position. Positions count from 0, and some are empty.
    #[must_use]
    pub fn entry_from(&self, position: usize) -> Option<(usize, Value<'a>, Value<'a>)> {
        for at in position..self.used {
            let start = self.entries.checked_add(at.checked_mul(self.stride)?)?;
            let entry = self.memory.heap.get(start..start.checked_add(self.stride)?)?;
            let (&state, slots) = entry.split_first()?;
            if state & super::LIVE != 0 {
                let (key, value) = slots.split_first()?;
                return Some((
                    at,
                    self.memory.value(self.key, &[*key]),
                    self.memory.value(self.value, value),
                ));
            }
        }
        None
    }
}

/// A struct's fields.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    memory: Memory<'a>,
    object: u64,
    record: TypeRecord<'a>,
}

impl<'a> Fields<'a> {
    /// The struct's name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.memory.module.string(self.record.extra)
    }

    /// Names and values in order of declaration.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        let fields = *self;
        let mut at = 1;
        fields.record.components.as_chunks().0.iter().map_while(move |&[name, ty]| {
            let size = fields.memory.module.types.value_size(TypeId(ty));
            let start = (fields.object as u32 as usize).checked_add(at)?;
            let slots = fields.memory.heap.get(start..start.checked_add(size)?)?;
            at += size;
            Some((fields.memory.module.string(name), fields.memory.value(TypeId(ty), slots)))
        })
    }
}

#[derive(Clone, Debug)]
enum Payload {
    Slots(SlotValues),
    Object(u64),
}

/// An enum's value.
#[derive(Clone, Debug)]
pub struct Variant<'a> {
    memory: Memory<'a>,
    record: TypeRecord<'a>,
    number: usize,
    name: u16,
    types: &'a [u16],
    slots: Payload,
}

impl<'a> Variant<'a> {
    /// The enum's name.
    #[must_use]
    pub fn enum_name(&self) -> &'a str {
        self.memory.module.string(self.record.extra)
    }

    /// The variant's name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.memory.module.string(self.name)
    }

    /// The variant's number.
    #[must_use]
    pub const fn number(&self) -> usize {
        self.number
    }

    /// Whether the value is one reference to an object, which has the payload.
    #[must_use]
    pub const fn is_boxed(&self) -> bool {
        matches!(self.slots, Payload::Object(_))
    }

    /// The payload.
    pub fn payload(&self) -> impl Iterator<Item = Value<'a>> + '_ {
        let mut at = 0;
        self.types.iter().map_while(move |&ty| {
            let size = self.memory.module.types.value_size(TypeId(ty));
            let slots = match &self.slots {
                Payload::Slots(slots) => slots.get(at..at + size)?,
                Payload::Object(object) => {
                    let start = (*object as u32 as usize).checked_add(1 + at)?;
                    self.memory.heap.get(start..start.checked_add(size)?)?
                }
            };
            at += size;
            Some(self.memory.value(TypeId(ty), slots))
        })
    }
}

//! Values as C sees them, and the way between them and the program's.

use core::ffi::{c_char, c_void};

use mog_core::heap::{self, AnyTag, SlotValues};
use mog_core::module::{Packing, TypeKind};
use mog_core::{Builder, TypeId};

use crate::pointer;
use crate::status::{MOG_NOT_UTF8, MOG_WRONG_TYPE, Status};

/// What a value is.
pub type Type = u32;

/// Nothing: `()`, or `none` of a `?T` or of `any`.
pub const MOG_NONE: Type = 0;
/// A boolean; `as.integer` is 0 or 1.
pub const MOG_BOOL: Type = 1;
/// An integer of any width, in `as.integer`; of a `u64`, the same 64 bits.
pub const MOG_INT: Type = 2;
/// A float, in `as.number`.
pub const MOG_FLOAT: Type = 3;
/// A string, in `as.text`.
pub const MOG_STRING: Type = 4;
/// An array of numbers or booleans, in `as.bytes`, as C lays it out: a `[f32]` is a `float[]`, a `[bool]` a `uint8_t[]`.
pub const MOG_ARRAY: Type = 5;
/// A value that C does not see into: a struct, a map, an array of those.
pub const MOG_OTHER: Type = 6;

/// Text in UTF-8. Not closed by a zero: print it by `"%.*s", (int)text.size, text.data`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    /// Its first byte.
    pub data: *const c_char,
    /// How many bytes.
    pub size: usize,
}

/// Numbers, one behind the other.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    /// The first.
    pub data: *const c_void,
    /// How many bytes; not how many numbers.
    pub size: usize,
}

/// What a value holds.
#[repr(C)]
#[derive(Clone, Copy)]
pub union Data {
    /// Of `MOG_BOOL` and `MOG_INT`.
    pub integer: i64,
    /// Of `MOG_FLOAT`.
    pub number: f64,
    /// Of `MOG_STRING`.
    pub text: Text,
    /// Of `MOG_ARRAY`.
    pub bytes: Bytes,
}

/// A value. `mog_int` and its siblings make one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value {
    /// Which member of `as` it is.
    pub r#type: Type,
    /// The value itself.
    pub r#as: Data,
}

impl Text {
    /// A text that lies in a module or an arena.
    pub(crate) const fn new(text: &str) -> Self {
        Self { data: text.as_ptr().cast(), size: text.len() }
    }
}

impl Value {
    /// Nothing.
    pub(crate) const NONE: Self = Self::empty(MOG_NONE);

    /// A value that holds nothing to look at; who looks all the same finds an empty text.
    const fn empty(ty: Type) -> Self {
        Self { r#type: ty, r#as: Data { text: Text { data: core::ptr::null(), size: 0 } } }
    }

    const fn int(ty: Type, integer: i64) -> Self {
        Self { r#type: ty, r#as: Data { integer } }
    }

    /// A value of a program. Its text or numbers stay where they are.
    pub(crate) fn read(value: &heap::Value<'_>) -> Self {
        let mut data = value.data();
        if let heap::Data::Some(inner) = &data {
            data = inner.data();
        }
        match data {
            heap::Data::Unit | heap::Data::None => Self::NONE,
            heap::Data::Bool(value) => Self::int(MOG_BOOL, i64::from(value)),
            heap::Data::Int(value) => Self::int(MOG_INT, value),
            heap::Data::Uint(value) => Self::int(MOG_INT, value.cast_signed()),
            heap::Data::Float(number) => Self { r#type: MOG_FLOAT, r#as: Data { number } },
            heap::Data::Str(text) => Self { r#type: MOG_STRING, r#as: Data { text: Text::new(text) } },
            heap::Data::Array(array) => match array.packed_bytes() {
                Some(bytes) => {
                    let bytes = Bytes { data: bytes.as_ptr().cast(), size: bytes.len() };
                    Self { r#type: MOG_ARRAY, r#as: Data { bytes } }
                }
                None => Self::empty(MOG_OTHER),
            },
            _ => Self::empty(MOG_OTHER),
        }
    }

    /// An integer or boolean.
    pub(crate) const fn integer(&self) -> i64 {
        // SAFETY: any bits are an integer, and C initialises the member that `type` names.
        unsafe { self.r#as.integer }
    }

    const fn number(&self) -> f64 {
        // SAFETY: as above, any bits are a float.
        unsafe { self.r#as.number }
    }

    /// Where its text or its numbers lie, and how many bytes; nothing for other values.
    pub(crate) const fn memory(&self) -> (*const u8, usize) {
        match self.r#type {
            MOG_STRING => {
                // SAFETY: `type` names this member, which any bits fit.
                let text = unsafe { self.r#as.text };
                (text.data.cast(), text.size)
            }
            MOG_ARRAY => {
                // SAFETY: `type` names this member, which any bits fit.
                let bytes = unsafe { self.r#as.bytes };
                (bytes.data.cast(), bytes.size)
            }
            _ => (core::ptr::null(), 0),
        }
    }
}

/// A value of C's whose text or numbers can be read.
#[derive(Clone, Copy)]
pub(crate) enum Given<'v> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'v str),
    Numbers(&'v [u8]),
}

impl<'v> Given<'v> {
    /// Looks at a value of C's.
    ///
    /// # Safety
    /// The text or the numbers of the value are there, and change nowhere as long as this is used.
    pub(crate) unsafe fn new(value: &'v Value) -> Result<Self, Status> {
        let bytes = || {
            let (data, size) = value.memory();
            // SAFETY: the caller's promise.
            unsafe { pointer::bytes(data, size) }
        };
        Ok(match value.r#type {
            MOG_NONE => Self::None,
            MOG_BOOL => Self::Bool(value.integer() != 0),
            MOG_INT => Self::Int(value.integer()),
            MOG_FLOAT => Self::Float(value.number()),
            MOG_STRING => Self::Text(core::str::from_utf8(bytes()?).map_err(|_| MOG_NOT_UTF8)?),
            MOG_ARRAY => Self::Numbers(bytes()?),
            _ => return Err(MOG_WRONG_TYPE),
        })
    }

    /// Words of heap that it needs as a value of this type, if it fits it.
    pub(crate) fn words(self, ty: TypeId, module: &mog_core::Module<'_>) -> Result<usize, Status> {
        let fits = match (self, ty) {
            (Self::None, TypeId::UNIT | TypeId::ANY) | (Self::Bool(_), TypeId::BOOL) => true,
            (Self::Bool(_) | Self::Int(_) | Self::Float(_), TypeId::ANY) => true,
            (Self::Int(value), _) if (TypeId::INT.0..=TypeId::U64.0).contains(&ty.0) => in_range(value, ty),
            (Self::Float(_), TypeId::FLOAT | TypeId::F32) => true,
            (Self::Text(text), TypeId::STR | TypeId::ANY) => return Ok(Builder::string_words(text.len())),
            _ => return self.own_words(ty, module),
        };
        if fits { Ok(0) } else { Err(MOG_WRONG_TYPE) }
    }

    fn own_words(self, ty: TypeId, module: &mog_core::Module<'_>) -> Result<usize, Status> {
        let record = module.types.record(ty).ok_or(MOG_WRONG_TYPE)?;
        let component = record.components.first().map(|&ty| TypeId(ty)).ok_or(MOG_WRONG_TYPE)?;
        match (self, record.kind) {
            (Self::None, TypeKind::Option) => Ok(0),
            // `?T` in `?T` has no form in C.
            (_, TypeKind::Option) if !is_option(component, module) => self.words(component, module),
            (Self::Numbers(bytes), TypeKind::Array) if is_packed(component) => {
                let size = Packing::of(component).bytes();
                let whole = bytes.len().is_multiple_of(size);
                if whole { Ok(Builder::array_words(bytes.len() / size, 1)) } else { Err(MOG_WRONG_TYPE) }
            }
            _ => Err(MOG_WRONG_TYPE),
        }
    }

    /// Steps for copying it.
    pub(crate) const fn cost(self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64 / 8,
            Self::Numbers(bytes) => bytes.len() as u64 / 8,
            _ => 0,
        }
    }

    /// Makes the slots of the value in room that [`Given::words`] asked for.
    pub(crate) fn make(self, ty: TypeId, builder: &mut Builder<'_, '_>) -> Option<SlotValues> {
        let module = *builder.module();
        let record = module.types.record(ty);
        if let Some(option) = record.filter(|record| record.kind == TypeKind::Option) {
            let component = TypeId(*option.components.first()?);
            let mut slots = SlotValues::new();
            let payload = match self {
                Self::None => (0..module.types.value_size(component)).map(|_| heap::NULL).collect(),
                _ => self.make(component, builder)?,
            };
            slots.push(u64::from(!matches!(self, Self::None))).ok()?;
            slots.extend_from_slice(&payload).ok()?;
            return Some(slots);
        }
        let (tag, slot) = match self {
            Self::None if ty == TypeId::UNIT => return Some(SlotValues::new()),
            Self::None => (AnyTag::None, 0),
            Self::Bool(value) => (AnyTag::Bool, u64::from(value)),
            Self::Int(value) => (AnyTag::Int, value.cast_unsigned()),
            Self::Float(value) if ty == TypeId::F32 => (AnyTag::Float, f64::from(value as f32).to_bits()),
            Self::Float(value) => (AnyTag::Float, value.to_bits()),
            Self::Text(text) => (AnyTag::Str, builder.string(text)?),
            Self::Numbers(bytes) => (AnyTag::Array, numbers(bytes, ty, builder)?),
        };
        if ty == TypeId::ANY {
            return Some(Builder::any(tag, slot));
        }
        SlotValues::from_slice(&[slot]).ok()
    }
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

pub(crate) fn is_option(ty: TypeId, module: &mog_core::Module<'_>) -> bool {
    module.types.record(ty).is_some_and(|record| record.kind == TypeKind::Option)
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

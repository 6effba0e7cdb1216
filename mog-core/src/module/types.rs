//! The type table of a module: fixed-stride records over a pool of 16-bit numbers, read where they lie.
//!
//! A type says two things: what a value *is* (for printing, `any`, JSON, host functions), by its components, and
//! which *slots* it occupies. A slot is 64 bits: a register, a word of an object. Scalars, strings and
//! references take one slot; `any` two; `?T`, `Result<T>` and small enums a tag slot and the payload's slots.
//! So making or testing an optional never allocates.

/// Number of a type. Small numbers are built in, the module's own follow from [`TypeId::FIRST_OWN`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TypeId(pub u16);

#[allow(missing_docs, reason = "the constants are the language's names for the types")]
impl TypeId {
    /// No value, no slot.
    pub const UNIT: Self = Self(0);
    pub const BOOL: Self = Self(1);
    /// 64-bit signed; also the slot type of every integer, boolean and tag.
    pub const INT: Self = Self(2);
    pub const I8: Self = Self(3);
    pub const I16: Self = Self(4);
    pub const I32: Self = Self(5);
    pub const U8: Self = Self(6);
    pub const U16: Self = Self(7);
    pub const U32: Self = Self(8);
    pub const U64: Self = Self(9);
    /// 64-bit; also the slot type of all float types.
    pub const FLOAT: Self = Self(10);
    pub const F32: Self = Self(11);
    pub const STR: Self = Self(12);
    /// Two slots; as a slot type, the first: the tag, see [`AnyTag`](crate::heap::AnyTag).
    pub const ANY: Self = Self(13);
    /// Only a slot type: the second slot of an `any`, right after its tag.
    pub const ANY_PAYLOAD: Self = Self(14);
    pub const ARRAY_ANY: Self = Self(15);
    pub const MAP_ANY: Self = Self(16);
    pub const ARRAY_STR: Self = Self(17);
    pub const ARRAY_U8: Self = Self(18);
    /// A value that only the host can make and read; one slot, no reference.
    pub const HANDLE: Self = Self(19);
    /// Only a slot type of futures: a reference to any object, for the machine's own use.
    pub const OBJECT: Self = Self(20);
    /// Only the element of a tensor's data; read and written as a float.
    pub const F16: Self = Self(21);
    /// The same.
    pub const BF16: Self = Self(22);
    /// The first number of a module's own types.
    pub const FIRST_OWN: Self = Self(32);

    /// Whether this is one of the module's own types.
    #[must_use]
    pub const fn is_own(self) -> bool {
        self.0 >= Self::FIRST_OWN.0
    }

    /// Whether a value is a float, of whatever width.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::FLOAT | Self::F32 | Self::F16 | Self::BF16)
    }

    /// The name of a tensor's element type; `None` if a tensor has no elements of this type.
    #[must_use]
    pub const fn dtype(self) -> Option<&'static str> {
        Some(match self {
            Self::INT => "i64",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::FLOAT => "f64",
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            _ => return None,
        })
    }

    /// Whether a slot of this type holds a reference to an object (or a string constant).
    #[must_use]
    pub const fn is_reference(self) -> bool {
        matches!(self.0, 12 | 15..=18 | 20) || self.is_own()
    }
}

/// What a module's own type is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum TypeKind {
    /// Components: name and type of each field. Slots: the object's. A value is one reference.
    Struct = 0,
    /// Components: the element. Slots: one element's. A value is one reference.
    Array = 1,
    /// Components: key and value. Slots: the key's, then the value's. A value is one reference.
    Map = 2,
    /// Components: parameters, then the result. Slots: the parameters', then the result's; `extra` says how many
    /// belong to the parameters. A value is one reference to a closure.
    Fn = 3,
    /// Components: types of the captures. Slots: the function's number (an int), then the captures'.
    /// Object layout of a closure; a register of this type is the closure seen by its own function.
    Captures = 4,
    /// Components: the payload. Slots of a value: tag (1 some, 0 none), payload.
    Option = 5,
    /// Components: the payload. Slots of a value: kind (0 ok, else see [`Failure`](crate::error::Failure)),
    /// payload, message.
    Result = 6,
    /// Components: for each variant its name, the number of its payloads, their types. Slots of a value: the
    /// variant's number, then the payload slots of all variants one after the other.
    Enum = 7,
    /// The same, but a value is one reference to an object of one of the types right after this one, which are
    /// its variants in order.
    BoxedEnum = 8,
    /// Components: types of the payload. Slots: the object's. One variant of the boxed enum before; `extra` is
    /// its number.
    Variant = 9,
    /// Components: the value. Slots: [`TASK_SLOTS`], the value's, a failure's message. A value is one reference to a
    /// task whose function gives such a value.
    Future = 12,
    /// Components: the future. Slots: the future's. Object layout of a task: behind these slots come the registers of
    /// its function, whose number is `extra`.
    Task = 13,
    /// Components: the array types `[int]` of the shape and of the data, whose elements have a
    /// [`dtype`](TypeId::dtype). Slots: one reference of each. A value is one reference. That the data has as many
    /// elements as the shape says is for the library to check wherever it relies on it.
    Tensor = 10,
}

impl TypeKind {
    /// The kind with this number.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::Struct,
            1 => Self::Array,
            2 => Self::Map,
            3 => Self::Fn,
            4 => Self::Captures,
            5 => Self::Option,
            6 => Self::Result,
            7 => Self::Enum,
            8 => Self::BoxedEnum,
            9 => Self::Variant,
            12 => Self::Future,
            13 => Self::Task,
            10 => Self::Tensor,
            _ => return None,
        })
    }

    /// Whether a value is one reference to an object.
    #[must_use]
    pub const fn is_reference(self) -> bool {
        !matches!(self, Self::Option | Self::Result | Self::Enum)
    }
}

/// The first slots of a future: what the machine notes of its task.
pub const TASK_SLOTS: [u16; 6] =
    [TypeId::INT.0, TypeId::INT.0, TypeId::OBJECT.0, TypeId::OBJECT.0, TypeId::OBJECT.0, TypeId::OBJECT.0];

/// How an array stores an element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packing {
    /// As many words as it has slots.
    Words,
    /// One signed byte.
    I8,
    /// One unsigned byte; also booleans.
    U8,
    /// Two signed bytes.
    I16,
    /// Two unsigned bytes.
    U16,
    /// Four signed bytes.
    I32,
    /// Four unsigned bytes.
    U32,
    /// Four bytes, a single-precision float.
    F32,
    /// Two bytes, a half-precision float.
    F16,
    /// Two bytes, the upper half of a single-precision float.
    BF16,
}

impl Packing {
    /// How elements of this type are stored.
    #[must_use]
    pub const fn of(element: TypeId) -> Self {
        match element {
            TypeId::BOOL | TypeId::U8 => Self::U8,
            TypeId::I8 => Self::I8,
            TypeId::I16 => Self::I16,
            TypeId::U16 => Self::U16,
            TypeId::I32 => Self::I32,
            TypeId::U32 => Self::U32,
            TypeId::F32 => Self::F32,
            TypeId::F16 => Self::F16,
            TypeId::BF16 => Self::BF16,
            _ => Self::Words,
        }
    }

    /// Bytes of one element; for `Words`, of one of its slots.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Words => 8,
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 | Self::F16 | Self::BF16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
        }
    }
}

/// A record of the type table.
#[derive(Clone, Copy, Debug)]
pub struct TypeRecord<'a> {
    /// What it is.
    pub kind: TypeKind,
    /// For a struct or an enum: number of the string constant with its name. For a function: slots of parameters. For a
    /// variant: its number.
    pub extra: u16,
    /// Components, as the kind says.
    pub components: &'a [u16],
    /// Slots, as the kind says: each the number of a slot type.
    pub slots: &'a [u16],
}

/// Words of a record.
pub const TYPE_WORDS: usize = 3;

/// The type table of a module.
#[derive(Clone, Copy, Debug)]
pub struct TypeTable<'a> {
    pub(crate) records: &'a [u32],
    pub(crate) pool: &'a [u16],
}

const INT_SLOT: &[u16] = &[TypeId::INT.0];
const FLOAT_SLOT: &[u16] = &[TypeId::FLOAT.0];
const ANY_SLOTS: &[u16] = &[TypeId::ANY.0, TypeId::ANY_PAYLOAD.0];
const STR_SLOT: &[u16] = &[TypeId::STR.0];

impl<'a> TypeTable<'a> {
    /// How many types the module has of its own.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len() / TYPE_WORDS
    }

    /// Whether the module has no types of its own.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record of a type. Built-in collections have records too; for other built-in types there is none.
    #[must_use]
    pub fn record(&self, ty: TypeId) -> Option<TypeRecord<'a>> {
        if ty.is_own() { self.own_record(ty) } else { Self::built_in(ty) }
    }

    /// What [`TypeRecord::extra`] of a type says.
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn extra(&self, ty: TypeId) -> Option<u16> {
        self.record(ty).map(|record| record.extra)
    }

    /// The record of one of the module's own types.
    #[inline(always)]
    pub(crate) fn own_record(&self, ty: TypeId) -> Option<TypeRecord<'a>> {
        let at = usize::from(ty.0.wrapping_sub(TypeId::FIRST_OWN.0)) * TYPE_WORDS;
        let &[head, counts, start] = self.records.get(at..)?.first_chunk::<TYPE_WORDS>()?;
        let [kind, _, name_lo, name_hi] = head.to_le_bytes();
        let (components, slots) = ((counts & 0xffff) as usize, (counts >> 16) as usize);
        let start = usize::try_from(start).ok()?;
        let split = start.checked_add(components)?;
        Some(TypeRecord {
            kind: TypeKind::from_byte(kind)?,
            extra: u16::from_le_bytes([name_lo, name_hi]),
            components: self.pool.get(start..split)?,
            slots: self.pool.get(split..split.checked_add(slots)?)?,
        })
    }

    fn built_in(ty: TypeId) -> Option<TypeRecord<'static>> {
        let (kind, components, slots): (_, &'static [u16], &'static [u16]) = match ty {
            TypeId::ARRAY_ANY => (TypeKind::Array, &[TypeId::ANY.0], ANY_SLOTS),
            TypeId::ARRAY_STR => (TypeKind::Array, &[TypeId::STR.0], STR_SLOT),
            TypeId::ARRAY_U8 => (TypeKind::Array, &[TypeId::U8.0], INT_SLOT),
            TypeId::MAP_ANY => (
                TypeKind::Map,
                &[TypeId::STR.0, TypeId::ANY.0],
                &[TypeId::STR.0, TypeId::ANY.0, TypeId::ANY_PAYLOAD.0],
            ),
            _ => return None,
        };
        Some(TypeRecord { kind, extra: u16::MAX, components, slots })
    }

    /// The type of a tensor's elements; `None` if this is no tensor.
    #[must_use]
    pub fn tensor_element(&self, ty: TypeId) -> Option<TypeId> {
        let record = self.record(ty).filter(|record| record.kind == TypeKind::Tensor)?;
        let data = self.record(TypeId(*record.components.get(1)?))?;
        data.components.first().map(|&element| TypeId(element))
    }

    /// The slots that a value of this type occupies in registers, fields and elements; `None` if there is no
    /// such type.
    #[must_use]
    pub fn value_slots(&self, ty: TypeId) -> Option<Slots<'a>> {
        Some(match ty.0 {
            0 => Slots::Many(&[]),
            1..=9 | 19 => Slots::Many(INT_SLOT),
            10 | 11 | 21 | 22 => Slots::Many(FLOAT_SLOT),
            12 => Slots::Many(STR_SLOT),
            13 => Slots::Many(ANY_SLOTS),
            15..=18 => Slots::One(ty),
            _ => {
                let record = self.record(ty)?;
                if record.kind.is_reference() { Slots::One(ty) } else { Slots::Many(record.slots) }
            }
        })
    }

    /// How many slots a value of this type occupies; 0 if there is no such type.
    #[must_use]
    pub fn value_size(&self, ty: TypeId) -> usize {
        self.value_slots(ty).map_or(0, |slots| slots.len())
    }
}

/// The slots of a value: one reference, or a list of slot types.
#[derive(Clone, Copy, Debug)]
pub enum Slots<'a> {
    /// One reference of this type.
    One(TypeId),
    /// These slot types.
    Many(&'a [u16]),
}

impl Slots<'_> {
    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(list) => list.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of one of them.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<TypeId> {
        match self {
            Self::One(ty) => (index == 0).then_some(*ty),
            Self::Many(list) => list.get(index).map(|&slot| TypeId(slot)),
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = TypeId> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

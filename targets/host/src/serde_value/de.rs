//! [`Value`] as serde's data, for any type to be made from. What does not fit says where.

use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};

use crate::{Mismatch, Value};

impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        wrong("a valid value", format!("one that is not: {message}"))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        wrong(expected, found)
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        wrong(expected, found)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        wrong(expected, length)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        wrong(expected.join(" or "), format_args!("{variant:?}"))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        wrong(format_args!("fields {}", expected.join(", ")), format_args!("`{field}`"))
    }

    fn missing_field(field: &'static str) -> Self {
        wrong(format_args!("a field `{field}`"), "none")
    }

    fn duplicate_field(field: &'static str) -> Self {
        wrong(format_args!("one field `{field}`"), "two")
    }
}

fn wrong(expected: impl fmt::Display, found: impl fmt::Display) -> Mismatch {
    Mismatch { at: String::new(), expected: expected.to_string(), found: found.to_string() }
}

impl IntoDeserializer<'_, Mismatch> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Int(value) => visitor.visit_i64(value),
            Self::Uint(value) => visitor.visit_u64(value),
            Self::Float(value) => visitor.visit_f64(value),
            Self::Str(text) => visitor.visit_string(text),
            Self::Bytes(bytes) => sequence(bytes.into_iter().map(Self::from), visitor),
            Self::Array(elements) => sequence(elements.into_iter(), visitor),
            map @ (Self::Map(_) | Self::Struct { .. }) => entries(map, false, visitor),
            Self::Tensor(tensor) => {
                let shape = tensor.shape().iter().map(|&size| Self::Int(size as i64)).collect();
                let data = tensor.values().collect();
                let (shape, data) = (Self::Array(shape), Self::Array(data));
                let dtype = Self::from(tensor.dtype().name());
                entries(Self::map([("dtype", dtype), ("shape", shape), ("data", data)]), false, visitor)
            }
            Self::Handle(_) | Self::Function(_) => Err(Mismatch::new("a value that serde knows", &self)),
            Self::Enum { variant, payload, .. } if payload.is_empty() => {
                visitor.visit_string(variant.into_owned())
            }
            Self::Enum { variant, payload, .. } => {
                entries(Self::map([(variant, Self::Array(payload))]), false, visitor)
            }
            Self::Ok(value) => value.deserialize_any(visitor),
            Self::Err(_, message) => entries(Self::map([("err", Self::Str(message))]), false, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self {
            Self::Bytes(bytes) => visitor.visit_byte_buf(bytes),
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self {
            map @ (Self::Map(_) | Self::Struct { .. }) => entries(map, true, visitor),
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let (variant, payload) = match self {
            Self::Str(variant) => (variant, Payload::List(Vec::new())),
            Self::Enum { variant, payload, .. } => (variant.into_owned(), Payload::List(payload)),
            Self::Map(mut entries) if entries.len() == 1 => match entries.pop() {
                Some((Self::Str(variant), value)) => (variant, Payload::One(value)),
                _ => return Err(wrong(name, "a map whose key is no string")),
            },
            other => return Err(Mismatch::new(name, &other)),
        };
        visitor.visit_enum(Variant { variant, payload })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string unit unit_struct seq tuple tuple_struct
        map identifier
    }
}

fn sequence<'de, V: Visitor<'de>>(
    elements: impl ExactSizeIterator<Item = Value>,
    visitor: V,
) -> Result<V::Value, Mismatch> {
    let (length, mut elements) = (elements.len(), Elements { rest: elements, index: 0 });
    let value = visitor.visit_seq(&mut elements)?;
    match elements.rest.len() {
        0 => Ok(value),
        left => Err(wrong(
            format_args!("an array of length {}", length - left),
            format_args!("one of length {length}"),
        )),
    }
}

struct Elements<I> {
    rest: I,
    index: usize,
}

impl<'de, I: ExactSizeIterator<Item = Value>> SeqAccess<'de> for Elements<I> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        let Some(element) = self.rest.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(element).map(Some).map_err(|mismatch| mismatch.inside(format_args!("[{index}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The entries of a map, or a struct's fields. `fields` says that they are fields of the type that is made.
fn entries<'de, V: Visitor<'de>>(map: Value, fields: bool, visitor: V) -> Result<V::Value, Mismatch> {
    let list = match map {
        Value::Map(list) => list,
        Value::Struct { fields, .. } => {
            fields.into_iter().map(|(name, value)| (Value::Str(name.into_owned()), value)).collect()
        }
        _ => Vec::new(),
    };
    visitor.visit_map(Entries { rest: list.into_iter(), step: String::new(), value: Value::Null, fields })
}

struct Entries {
    rest: std::vec::IntoIter<(Value, Value)>,
    /// The way to the value, which comes next.
    step: String,
    value: Value,
    fields: bool,
}

impl<'de> MapAccess<'de> for Entries {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.step = match &key {
            Value::Str(name) if self.fields => format!(".{name}"),
            key => format!("[{key}]"),
        };
        self.value = value;
        seed.deserialize(Key(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        let value = std::mem::take(&mut self.value);
        seed.deserialize(value).map_err(|mismatch| mismatch.inside(&self.step))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A map's key. A string stands for a number or boolean where one is due, as in JSON.
struct Key(Value);

macro_rules! parsed {
    ($($method:ident $type:ty),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            match self.0.as_str().map(str::parse::<$type>) {
                Some(Ok(value)) => Value::from(value).deserialize_any(visitor),
                _ => self.0.deserialize_any(visitor),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Key {
    type Error = Mismatch;

    parsed! {
        deserialize_bool bool, deserialize_i8 i64, deserialize_i16 i64, deserialize_i32 i64, deserialize_i64 i64,
        deserialize_u8 u64, deserialize_u16 u64, deserialize_u32 u64, deserialize_u64 u64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

/// A variant, and what it carries.
struct Variant {
    variant: String,
    payload: Payload,
}

enum Payload {
    /// The values of a variant.
    List(Vec<Value>),
    /// What stands beside the variant's name in a map.
    One(Value),
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Mismatch;
    type Variant = Carried;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Carried), Mismatch> {
        let Self { variant, payload } = self;
        let name = seed.deserialize(Value::Str(variant.clone()))?;
        Ok((name, Carried { variant, payload }))
    }
}

struct Carried {
    variant: String,
    payload: Payload,
}

impl Carried {
    /// What is carried as one value: of several, the array.
    fn one(self) -> (String, Value) {
        let value = match self.payload {
            Payload::One(value) => value,
            Payload::List(mut list) if list.len() == 1 => list.pop().unwrap_or_default(),
            Payload::List(list) => Value::Array(list),
        };
        (format!(".{}", self.variant), value)
    }
}

impl<'de> VariantAccess<'de> for Carried {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        match self.payload {
            Payload::List(list) if list.is_empty() => Ok(()),
            Payload::One(Value::Null) => Ok(()),
            _ => Err(wrong(format_args!("{} alone", self.variant), "a value with it")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mismatch> {
        let (step, value) = self.one();
        seed.deserialize(value).map_err(|mismatch| mismatch.inside(step))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mismatch> {
        let step = format!(".{}", self.variant);
        let value = match self.payload {
            Payload::List(list) => Value::Array(list),
            Payload::One(value) => value,
        };
        value.deserialize_any(visitor).map_err(|mismatch| mismatch.inside(step))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let (step, value) = self.one();
        value.deserialize_struct("", fields, visitor).map_err(|mismatch| mismatch.inside(step))
    }
}

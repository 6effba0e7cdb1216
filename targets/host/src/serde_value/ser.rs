//! A serializer that makes [`Value`]s.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{self, Serialize};

use crate::Value;

/// Why a value cannot be given to a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SerializeError(String);

impl fmt::Display for SerializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SerializeError {}

impl ser::Error for SerializeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

type Result<T> = std::result::Result<T, SerializeError>;

pub(super) struct Serializer;

macro_rules! scalars {
    ($($name:ident $type:ty),*) => {
        $(fn $name(self, value: $type) -> Result<Value> {
            Ok(value.into())
        })*
    };
}

impl ser::Serializer for Serializer {
    type Ok = Value;
    type Error = SerializeError;
    type SerializeSeq = Elements;
    type SerializeTuple = Elements;
    type SerializeTupleStruct = Elements;
    type SerializeTupleVariant = Elements;
    type SerializeMap = Entries;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Fields;

    scalars! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_f32 f32, serialize_f64 f64, serialize_str &str
    }

    fn serialize_u64(self, value: u64) -> Result<Value> {
        Ok(i64::try_from(value).map_or(Value::Uint(value), Value::Int))
    }

    fn serialize_i128(self, value: i128) -> Result<Value> {
        i64::try_from(value).map(Value::Int).map_err(|_| too_large(value))
    }

    fn serialize_u128(self, value: u128) -> Result<Value> {
        u64::try_from(value).map_err(|_| too_large(value)).and_then(|value| self.serialize_u64(value))
    }

    fn serialize_char(self, value: char) -> Result<Value> {
        Ok(Value::Str(value.into()))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Value> {
        Ok(Value::Bytes(value.to_vec()))
    }

    fn serialize_none(self) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, name: &'static str, _: u32, variant: &'static str) -> Result<Value> {
        Ok(Value::Enum { name: name.into(), variant: variant.into(), payload: Vec::new() })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Value> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value> {
        Ok(Value::map([(variant, value.serialize(self)?)]))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements> {
        Ok(Elements { variant: None, list: Vec::new() })
    }

    fn serialize_tuple(self, len: usize) -> Result<Elements> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Elements> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Elements> {
        Ok(Elements { variant: Some(variant), list: Vec::new() })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries> {
        Ok(Entries { key: Value::Null, list: Vec::new() })
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields> {
        Ok(Fields { name, variant: None, list: Vec::new() })
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields> {
        Ok(Fields { name, variant: Some(variant), list: Vec::new() })
    }
}

fn too_large(number: impl fmt::Display) -> SerializeError {
    SerializeError(format!("{number} is beyond 64 bits"))
}

/// The value of a variant that carries something.
fn tagged(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(variant) => Value::map([(variant, value)]),
        None => value,
    }
}

/// An array in the making.
pub(super) struct Elements {
    variant: Option<&'static str>,
    list: Vec<Value>,
}

macro_rules! elements {
    ($($trait:ident $method:ident),*) => {
        $(impl ser::$trait for Elements {
            type Ok = Value;
            type Error = SerializeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                self.list.push(value.serialize(Serializer)?);
                Ok(())
            }

            fn end(self) -> Result<Value> {
                Ok(tagged(self.variant, Value::Array(self.list)))
            }
        })*
    };
}

elements! {
    SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
}

/// A map in the making, with the key whose value comes next.
pub(super) struct Entries {
    key: Value,
    list: Vec<(Value, Value)>,
}

impl ser::SerializeMap for Entries {
    type Ok = Value;
    type Error = SerializeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.key = match key.serialize(Serializer)? {
            Value::Enum { variant, .. } => Value::Str(variant.into_owned()),
            key @ (Value::Str(_) | Value::Int(_) | Value::Uint(_) | Value::Bool(_)) => key,
            other => {
                let found = other.describe();
                return Err(SerializeError(format!(
                    "the key of a map is a string, an integer or a boolean, found {found}"
                )));
            }
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.list.push((std::mem::take(&mut self.key), value.serialize(Serializer)?));
        Ok(())
    }

    fn end(self) -> Result<Value> {
        Ok(Value::Map(self.list))
    }
}

/// A struct in the making.
pub(super) struct Fields {
    name: &'static str,
    variant: Option<&'static str>,
    list: Vec<(Cow<'static, str>, Value)>,
}

macro_rules! fields {
    ($($trait:ident),*) => {
        $(impl ser::$trait for Fields {
            type Ok = Value;
            type Error = SerializeError;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
                self.list.push((name.into(), value.serialize(Serializer)?));
                Ok(())
            }

            fn end(self) -> Result<Value> {
                Ok(tagged(self.variant, Value::Struct { name: self.name.into(), fields: self.list }))
            }
        })*
    };
}

fields!(SerializeStruct, SerializeStructVariant);

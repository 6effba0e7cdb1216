//! [`Value`] as JSON, through serde.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::Value;

/// A struct is an object, a tensor one with `dtype`, `shape` and `data`, a variant with a payload is `{"Circle": [1.0]}`, one without is its name; keys that are
/// no strings are written as such; NaN and infinities, which JSON lacks, are the strings `NaN`, `inf` and `-inf`.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Uint(value) => serializer.serialize_u64(*value),
            Self::Float(value) if !value.is_finite() => serializer.collect_str(value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Str(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => {
                let mut sequence = serializer.serialize_seq(Some(bytes.len()))?;
                bytes.iter().try_for_each(|byte| sequence.serialize_element(byte))?;
                sequence.end()
            }
            Self::Array(elements) => elements.serialize(serializer),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    match key {
                        Self::Str(text) => map.serialize_entry(text, value)?,
                        other => map.serialize_entry(&other.to_string(), value)?,
                    }
                }
                map.end()
            }
            Self::Struct { fields, .. } => {
                serializer.collect_map(fields.iter().map(|(key, value)| (key, value)))
            }
            Self::Tensor(tensor) => {
                let mut map = serializer.serialize_map(Some(3))?;
                map.serialize_entry("dtype", tensor.dtype().name())?;
                map.serialize_entry("shape", tensor.shape())?;
                map.serialize_entry("data", &tensor.values().collect::<Vec<_>>())?;
                map.end()
            }
            Self::Handle(handle) => serializer.collect_str(handle),
            Self::Function(_) => serializer.serialize_str("a function"),
            Self::Enum { variant, payload, .. } if payload.is_empty() => serializer.serialize_str(variant),
            Self::Enum { variant, payload, .. } => serializer.collect_map([(variant, payload)]),
            Self::Ok(value) => serializer.collect_map([("ok", value)]),
            Self::Err(_, message) => serializer.collect_map([("err", message)]),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Uint(value), Value::Int))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Str(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::Str(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element()? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            entries.push((Value::Str(key), value));
        }
        Ok(Value::Map(entries))
    }
}

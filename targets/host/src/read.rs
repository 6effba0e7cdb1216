//! From a program's memory to a [`Value`]. What a program passes may be deep, contain itself, or share parts so
//! often that a copy would be huge, so reading is bounded in depth and in size.

use std::borrow::Cow;
use std::cell::Cell;

use mog_core::TypeId;
use mog_core::heap::{self, Data};

use crate::{Mismatch, Value};

/// How deep values may nest on their way between program and host.
pub(crate) const MAX_DEPTH: u32 = 200;

/// What one value takes up when it is counted against the limit of a copy, in bytes.
const VALUE_BYTES: usize = 32;

/// The most bytes that one call may copy out of a program.
pub(crate) const MAX_BYTES: usize = 64 << 20;

/// Copies values out of a program's memory, and counts what it copied.
#[derive(Debug)]
pub(crate) struct Reader {
    left: Cell<usize>,
    limit: usize,
}

impl Reader {
    pub(crate) const fn new(limit: usize) -> Self {
        Self { left: Cell::new(limit), limit }
    }

    /// Steps that the work so far is worth: one for eight bytes of text, four for an element of a collection.
    pub(crate) const fn steps(&self) -> u64 {
        ((self.limit - self.left.get()) / 8) as u64
    }

    /// Notes that so many bytes are copied.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), Mismatch> {
        let left = self.left.get().checked_sub(bytes).ok_or_else(|| Mismatch {
            at: String::new(),
            expected: format!("at most {} MiB to copy", self.limit >> 20),
            found: "more".to_owned(),
        })?;
        self.left.set(left);
        Ok(())
    }

    /// Copies a value. A scalar by itself costs nothing.
    pub(crate) fn read(&self, value: &heap::Value<'_>) -> Result<Value, Mismatch> {
        self.value(value, MAX_DEPTH)
    }

    fn text(&self, text: &str) -> Result<String, Mismatch> {
        self.take(text.len())?;
        Ok(text.to_owned())
    }

    fn element(&self, value: &heap::Value<'_>, depth: u32) -> Result<Value, Mismatch> {
        self.take(VALUE_BYTES)?;
        self.value(value, depth)
    }

    fn value(&self, value: &heap::Value<'_>, depth: u32) -> Result<Value, Mismatch> {
        let below = depth.checked_sub(1).ok_or_else(|| Mismatch {
            at: String::new(),
            expected: format!("at most {MAX_DEPTH} levels of nesting"),
            found: "more (or a value that contains itself)".to_owned(),
        })?;
        Ok(match value.data() {
            Data::Unit | Data::None => Value::Null,
            Data::Bool(value) => Value::Bool(value),
            Data::Int(value) => Value::Int(value),
            Data::Uint(value) => Value::Uint(value),
            Data::Float(value) => Value::Float(value),
            Data::Str(text) => Value::Str(self.text(text)?),
            Data::Some(payload) => self.value(&payload, below)?,
            Data::Ok(payload) => Value::Ok(Box::new(self.value(&payload, below)?)),
            Data::Err(kind, message) => Value::Err(kind, self.text(message)?),
            Data::Array(array) => match array.as_bytes() {
                Some(bytes) if array.get(0).is_none_or(|first| first.ty() == TypeId::U8) => {
                    self.take(bytes.len())?;
                    Value::Bytes(bytes.to_vec())
                }
                _ => {
                    let elements = array.iter().map(|element| self.element(&element, below));
                    Value::Array(elements.collect::<Result<_, _>>()?)
                }
            },
            Data::Map(map) => {
                let entries = map
                    .iter()
                    .map(|(key, value)| Ok((self.element(&key, below)?, self.element(&value, below)?)));
                Value::Map(entries.collect::<Result<_, _>>()?)
            }
            Data::Struct(fields) => {
                let name = self.text(fields.name())?.into();
                let fields = fields
                    .iter()
                    .map(|(name, value)| Ok((Cow::from(self.text(name)?), self.element(&value, below)?)));
                Value::Struct { name, fields: fields.collect::<Result<_, _>>()? }
            }
            Data::Enum(variant) => {
                let payload = variant.payload().map(|value| self.element(&value, below));
                Value::Enum {
                    payload: payload.collect::<Result<_, _>>()?,
                    name: self.text(variant.enum_name())?.into(),
                    variant: self.text(variant.name())?.into(),
                }
            }
            Data::Function | Data::Handle(_) | Data::Invalid => {
                return Err(Mismatch {
                    at: String::new(),
                    expected: "a value that can be copied".to_owned(),
                    found: match value.data() {
                        Data::Function => "a function",
                        Data::Handle(_) => "a handle",
                        _ => "a broken value",
                    }
                    .to_owned(),
                });
            }
        })
    }
}

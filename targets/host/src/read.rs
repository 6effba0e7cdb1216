//! From a program's memory to a [`Value`]. What a program passes may be deep, contain itself, or share parts so
//! often that a copy would be huge, so reading is bounded in depth and in size.

use std::borrow::Cow;
use std::cell::Cell;
use std::iter;

use mog_core::TypeId;
use mog_core::heap::{self, Data};

use crate::handle::Handles;
use crate::{AnyTensor, Dtype, Mismatch, Value};

/// How deep values may nest on their way between program and host.
pub(crate) const MAX_DEPTH: usize = 200;

/// What one value takes up when it is counted against the limit of a copy, in bytes.
const VALUE_BYTES: usize = 32;

/// The most bytes that one call may copy out of a program.
pub(crate) const MAX_BYTES: usize = 64 << 20;

/// Copies values out of a program's memory, and counts what it copied.
#[derive(Debug)]
pub(crate) struct Reader {
    handles: Handles,
    left: Cell<usize>,
    limit: usize,
}

impl Reader {
    pub(crate) const fn new(limit: usize, handles: Handles) -> Self {
        Self { handles, left: Cell::new(limit), limit }
    }

    /// Steps that the work so far is worth: one for eight bytes of text, four for an element of a collection.
    pub(crate) const fn steps(&self) -> u64 {
        ((self.limit - self.left.get()) / 8) as u64
    }

    /// Notes that so many bytes are copied.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), Mismatch> {
        let left = self
            .left
            .get()
            .checked_sub(bytes)
            .ok_or_else(|| mismatch(format!("at most {} MiB to copy", self.limit >> 20), "more"))?;
        self.left.set(left);
        Ok(())
    }

    /// Copies a value. A scalar by itself costs nothing.
    pub(crate) fn read(&self, value: &heap::Value<'_>) -> Result<Value, Mismatch> {
        let mut open: Vec<Open<'_>> = Vec::new();
        let mut step = self.step(value)?;
        loop {
            match step {
                Step::Leaf(value) => match open.last_mut() {
                    Some(around) => around.done.push(value),
                    None => return Ok(value),
                },
                Step::Open(_) if open.len() >= MAX_DEPTH => {
                    return Err(mismatch(
                        format!("at most {MAX_DEPTH} levels of nesting"),
                        "more (or a value that contains itself)",
                    ));
                }
                Step::Open(inner) => open.push(inner),
            }
            step = match open.last_mut().and_then(|around| around.children.next()) {
                Some(child) => {
                    self.take(VALUE_BYTES)?;
                    self.step(&child)?
                }
                None => Step::Leaf(open.pop().map_or(Value::Null, Open::close)),
            };
        }
    }

    fn text(&self, text: &str) -> Result<String, Mismatch> {
        self.take(text.len())?;
        Ok(text.to_owned())
    }

    /// A value without others in it, or one that has to be filled.
    fn step<'a>(&self, value: &heap::Value<'a>) -> Result<Step<'a>, Mismatch> {
        Ok(Step::Leaf(match value.data() {
            Data::Unit | Data::None => Value::Null,
            Data::Bool(value) => Value::Bool(value),
            Data::Int(value) => Value::Int(value),
            Data::Uint(value) => Value::Uint(value),
            Data::Float(value) => Value::Float(value),
            Data::Str(text) => Value::Str(self.text(text)?),
            Data::Err(kind, message) => Value::Err(kind, self.text(message)?),
            Data::Some(payload) => return Ok(Open::of(Shell::Some, iter::once(payload))),
            Data::Ok(payload) => return Ok(Open::of(Shell::Ok, iter::once(payload))),
            Data::Array(array) => match array.as_bytes() {
                Some(bytes) if array.get(0).is_none_or(|first| first.ty() == TypeId::U8) => {
                    self.take(bytes.len())?;
                    Value::Bytes(bytes.to_vec())
                }
                _ => return Ok(Open::of(Shell::Array, array.iter())),
            },
            Data::Tensor(tensor) => {
                let dtype = Dtype::of(tensor.element());
                let bytes = tensor.elements().packed_bytes().unwrap_or_default();
                self.take(bytes.len())?;
                let shape = tensor.shape().collect();
                let tensor = dtype.and_then(|dtype| AnyTensor::new(dtype, shape, bytes.to_vec()));
                let broken = || mismatch("a value that can be copied".to_owned(), "a broken tensor");
                Value::Tensor(tensor.ok_or_else(broken)?)
            }
            Data::Map(map) => {
                return Ok(Open::of(Shell::Map, map.iter().flat_map(|(key, value)| [key, value])));
            }
            Data::Struct(fields) => {
                let names = fields.iter().map(|(name, _)| self.text(name)).collect::<Result<_, _>>()?;
                let shell = Shell::Struct(self.text(fields.name())?, names);
                return Ok(Open::of(shell, fields.iter().map(|(_, value)| value)));
            }
            Data::Enum(variant) => {
                let shell = Shell::Enum(self.text(variant.enum_name())?, self.text(variant.name())?);
                let payload: Vec<_> = variant.payload().collect();
                return Ok(Open::of(shell, payload.into_iter()));
            }
            Data::Function => return Err(mismatch("a value that can be copied".to_owned(), "a function")),
            Data::Handle(id) => Value::Handle(self.handles.find(id)),
            Data::Invalid => return Err(mismatch("a value that can be copied".to_owned(), "a broken one")),
        }))
    }
}

fn mismatch(expected: String, found: &str) -> Mismatch {
    Mismatch { at: String::new(), expected, found: found.to_owned() }
}

enum Step<'a> {
    Leaf(Value),
    Open(Open<'a>),
}

/// A value whose parts are being copied.
struct Open<'a> {
    shell: Shell,
    children: Box<dyn Iterator<Item = heap::Value<'a>> + 'a>,
    done: Vec<Value>,
}

enum Shell {
    Some,
    Ok,
    Array,
    Map,
    Struct(String, Vec<String>),
    Enum(String, String),
}

impl<'a> Open<'a> {
    fn of(shell: Shell, children: impl Iterator<Item = heap::Value<'a>> + 'a) -> Step<'a> {
        Step::Open(Self { shell, children: Box::new(children), done: Vec::new() })
    }

    /// The value, all parts of which are there.
    fn close(self) -> Value {
        let mut done = self.done.into_iter();
        match self.shell {
            Shell::Some => done.next().unwrap_or_default(),
            Shell::Ok => Value::Ok(Box::new(done.next().unwrap_or_default())),
            Shell::Array => Value::Array(done.collect()),
            Shell::Map => Value::Map(iter::from_fn(|| done.next().zip(done.next())).collect()),
            Shell::Struct(name, names) => {
                let fields = names.into_iter().map(Cow::from).zip(done).collect();
                Value::Struct { name: name.into(), fields }
            }
            Shell::Enum(name, variant) => {
                Value::Enum { name: name.into(), variant: variant.into(), payload: done.collect() }
            }
        }
    }
}

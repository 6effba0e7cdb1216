//! Values outside a program: what crosses the border between host and program, whatever its type.

use std::borrow::Cow;
use std::fmt;

use mog_core::Failure;

use crate::{AnyCallback, AnyHandle, AnyTensor};

/// A value of a program as the host holds it: a copy, of any type.
///
/// Which variant stands for which type: `none` is [`Null`](Self::Null) and `some(v)` is `v` itself; every integer
/// but `u64` is an [`Int`](Self::Int); `[u8]` is [`Bytes`](Self::Bytes). On the way into a program a value takes
/// the type that is due there: an int also fits a float, a map with string keys also fits a struct.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Value {
    /// `none`, or nothing at all: what a function without a result gives.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An integer of type `u64`.
    Uint(u64),
    /// A float.
    Float(f64),
    /// A string.
    Str(String),
    /// An array of bytes.
    Bytes(Vec<u8>),
    /// An array.
    Array(Vec<Value>),
    /// A map: keys and values in order of insertion. Keys are strings, integers or booleans.
    Map(Vec<(Value, Value)>),
    /// A struct.
    Struct {
        /// The type's name.
        name: Cow<'static, str>,
        /// Names and values of the fields, in any order.
        fields: Vec<(Cow<'static, str>, Value)>,
    },
    /// A tensor.
    Tensor(AnyTensor),
    /// A value of the host's, which the program cannot look into.
    Handle(AnyHandle),
    /// A function of the program's, as an argument of a host function that may call it.
    Function(AnyCallback),
    /// An enum's value.
    Enum {
        /// The type's name.
        name: Cow<'static, str>,
        /// The variant's name.
        variant: Cow<'static, str>,
        /// What it carries.
        payload: Vec<Value>,
    },
    /// `ok(v)`.
    Ok(Box<Value>),
    /// `err(message)`, and whether it failed or was denied.
    Err(Failure, String),
}

impl Value {
    /// A struct, field by field.
    ///
    /// ```
    /// # use mog::Value;
    /// let product = Value::record("Product", [("name", "Chair".into()), ("price", 49.5.into())]);
    /// assert_eq!(product.get("price"), Some(&Value::Float(49.5)));
    /// ```
    pub fn record<K: Into<Cow<'static, str>>>(
        name: impl Into<Cow<'static, str>>,
        fields: impl IntoIterator<Item = (K, Value)>,
    ) -> Self {
        let fields = fields.into_iter().map(|(key, value)| (key.into(), value)).collect();
        Self::Struct { name: name.into(), fields }
    }

    /// A map with string keys.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (Self::Str(key.into()), value)).collect())
    }

    /// An array.
    pub fn array(elements: impl IntoIterator<Item = Value>) -> Self {
        Self::Array(elements.into_iter().collect())
    }

    /// The field of a struct or the entry of a map with that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Struct { fields, .. } => fields.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            Self::Map(entries) => {
                entries.iter().find(|(key, _)| key.as_str() == Some(name)).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The same, taken out; `Null` if there is none.
    #[must_use]
    pub fn take(&mut self, name: &str) -> Value {
        let found = match self {
            Self::Struct { fields, .. } => {
                fields.iter_mut().find(|(key, _)| key == name).map(|entry| &mut entry.1)
            }
            Self::Map(entries) => {
                entries.iter_mut().find(|(key, _)| key.as_str() == Some(name)).map(|entry| &mut entry.1)
            }
            _ => None,
        };
        found.map(std::mem::take).unwrap_or_default()
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Whether this is nothing.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// This value as a type of the host's.
    ///
    /// # Errors
    /// If it is of another type, or out of that type's range.
    pub fn to<T: crate::FromMog>(self) -> Result<T, crate::Mismatch> {
        T::from_mog(self)
    }

    /// What it is, for messages: the type, and a short value.
    pub(crate) fn describe(&self) -> String {
        const SHOWN: usize = 40;
        match self {
            Self::Null => "none".to_owned(),
            Self::Bool(value) => format!("bool {value}"),
            Self::Int(value) => format!("int {value}"),
            Self::Uint(value) => format!("u64 {value}"),
            Self::Float(value) => format!("float {value:?}"),
            Self::Str(text) if text.len() <= SHOWN => format!("string {text:?}"),
            Self::Str(text) => format!("a string of {} bytes", text.len()),
            Self::Bytes(bytes) => format!("[u8] of length {}", bytes.len()),
            Self::Array(elements) => format!("an array of length {}", elements.len()),
            Self::Map(entries) => format!("a map of length {}", entries.len()),
            Self::Struct { name, .. } => format!("struct {name}"),
            Self::Tensor(tensor) => format!("tensor<{}> of shape {:?}", tensor.dtype(), tensor.shape()),
            Self::Handle(handle) => handle.describe().to_owned(),
            Self::Function(_) => "a function".to_owned(),
            Self::Enum { name, variant, .. } => format!("{name}.{variant}"),
            Self::Ok(_) => "ok".to_owned(),
            Self::Err(..) => "err".to_owned(),
        }
    }
}

/// As JSON, except that numbers which JSON lacks print as Mog prints them.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(value) if !value.is_finite() => write!(f, "{value}"),
            _ => f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?),
        }
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident),* $(,)?) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

from! {
    bool => Bool, i8 => Int, i16 => Int, i32 => Int, i64 => Int, u8 => Int, u16 => Int, u32 => Int, u64 => Uint,
    f32 => Float, f64 => Float, &str => Str, String => Str, Vec<u8> => Bytes, Vec<Value> => Array,
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Self::Null
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

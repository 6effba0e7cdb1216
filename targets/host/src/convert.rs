//! Rust types that stand for Mog types: [`FromMog`] for what a host takes, [`ToMog`] for what it gives.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasher, Hash};

use mog_core::{ArgumentSlots, TypeId};

use crate::{Type, Value};

/// A value that is not what was due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mismatch {
    /// Where in the value: fields and indices, such as `[2].price`; empty for the value itself.
    pub at: String,
    /// What was due.
    pub expected: String,
    /// What was there.
    pub found: String,
}

impl Mismatch {
    /// A mismatch at the value itself.
    pub fn new(expected: impl Into<String>, found: &Value) -> Self {
        Self { at: String::new(), expected: expected.into(), found: found.describe() }
    }

    /// The same as seen from the value around it: `step` is a field such as `.price` or an index such as `[2]`.
    #[must_use]
    pub fn inside(mut self, step: impl fmt::Display) -> Self {
        self.at = format!("{step}{}", self.at);
        self
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)?;
        if self.at.is_empty() { Ok(()) } else { write!(f, " at {}", self.at) }
    }
}

impl std::error::Error for Mismatch {}

/// Made from a value of a program: an argument of a host function, or what a program's function gave.
///
/// `#[derive(FromMog)]` makes it for structs and enums of the host's, whose names and fields the program then sees; by
/// hand it looks so:
///
/// ```
/// # use mog::{FromMog, Mismatch, Value};
/// struct Point { x: f64, y: f64 }
/// impl FromMog for Point {
///     fn from_mog(mut value: Value) -> Result<Self, Mismatch> {
///         Ok(Self { x: value.take("x").to()?, y: value.take("y").to()? })
///     }
/// }
/// ```
pub trait FromMog: Sized {
    /// The type in the language, for declarations and for the check when a program is linked. [`Type::Any`] puts that
    /// check off to each call.
    #[must_use]
    fn mog_type() -> Type {
        Type::Any
    }

    /// Takes the value apart.
    ///
    /// # Errors
    /// If it is of another type, or out of this type's range.
    fn from_mog(value: Value) -> Result<Self, Mismatch>;

    /// Made from the register of an argument or a result whose type was found to agree when the program was linked or
    /// the function looked up; a type that has no such short way gives `None`, and so does a value out of its range.
    #[doc(hidden)]
    fn from_register(_: i64) -> Option<Self> {
        None
    }

    /// The same from a string argument, for the type that is one.
    #[doc(hidden)]
    fn from_text() -> Option<fn(&str) -> Self> {
        None
    }

    /// An array of these. A type that has a denser form of arrays overrides it.
    ///
    /// # Errors
    /// If it is no array, or an element is of another type.
    fn array_from_mog(value: Value) -> Result<Vec<Self>, Mismatch> {
        one_by_one(value)
    }
}

/// Turned into a value of a program: a result of a host function, or an argument of a program's function.
///
/// `#[derive(ToMog)]` makes it for structs and enums of the host's; by hand it looks so:
///
/// ```
/// # use mog::{ToMog, Type, Value};
/// struct Product { name: String, price: f64 }
/// impl ToMog for Product {
///     fn mog_type() -> Type {
///         Type::record("Product", [("name", Type::Str), ("price", Type::Float)])
///     }
///
///     fn to_mog(self) -> Value {
///         Value::record("Product", [("name", self.name.into()), ("price", self.price.into())])
///     }
/// }
/// ```
pub trait ToMog: Sized {
    /// The type in the language, as for [`FromMog::mog_type`].
    #[must_use]
    fn mog_type() -> Type {
        Type::Any
    }

    /// The value.
    fn to_mog(self) -> Value;

    /// An array of these. A type that has a denser form of arrays overrides it.
    fn array_to_mog(elements: Vec<Self>) -> Value {
        Value::Array(elements.into_iter().map(Self::to_mog).collect())
    }

    /// The value as a function's result: an `Err` makes the call fail with its text.
    ///
    /// # Errors
    /// The text of the `Err`.
    fn into_result(self) -> Result<Value, String> {
        Ok(self.to_mog())
    }

    /// The slot of an argument of this type, if it is one that needs no room in the arena.
    #[doc(hidden)]
    fn slot(&self, ty: TypeId) -> Option<u64> {
        let _ = ty;
        None
    }

    /// The result's slot, for a function whose result is an int, a float or a bool; none for `()`.
    #[doc(hidden)]
    fn into_slot(self) -> Result<Option<u64>, String> {
        match (self.into_result()?, Self::mog_type().delivered()) {
            (Value::Int(value), Type::Int) => Ok(Some(value.cast_unsigned())),
            (Value::Uint(value), Type::Int) if i64::try_from(value).is_ok() => Ok(Some(value)),
            (Value::Int(value), Type::Float) => Ok(Some((value as f64).to_bits())),
            (Value::Float(value), Type::Float) => Ok(Some(value.to_bits())),
            (Value::Bool(value), Type::Bool) => Ok(Some(u64::from(value))),
            (Value::Null, Type::Unit) => Ok(None),
            (value, ty) => {
                Err(format!("the host gave a wrong result: {}", Mismatch::new(ty.to_string(), &value)))
            }
        }
    }
}

impl FromMog for Value {
    fn from_mog(value: Value) -> Result<Self, Mismatch> {
        Ok(value)
    }
}

impl ToMog for Value {
    fn to_mog(self) -> Value {
        self
    }
}

macro_rules! plain {
    ($($rust:ty, $mog:ident $type:ident, $expected:literal, [$($short:expr)?], [$slot:expr], $($found:pat => $give:expr),+;)*) => {
        $(
            impl FromMog for $rust {
                fn mog_type() -> Type {
                    Type::$mog
                }

                fn from_mog(value: Value) -> Result<Self, Mismatch> {
                    match value {
                        $($found => Ok($give),)+
                        other => Err(Mismatch::new($expected, &other)),
                    }
                }
                $(
                    fn from_register(register: i64) -> Option<Self> {
                        let short: fn(i64) -> Self = $short;
                        Some(short(register))
                    }
                )?
            }

            impl ToMog for $rust {
                fn mog_type() -> Type {
                    Type::$mog
                }

                fn to_mog(self) -> Value {
                    self.into()
                }

                fn slot(&self, ty: TypeId) -> Option<u64> {
                    let slot: fn(Self) -> Option<u64> = $slot;
                    if ty == TypeId::$type { slot(*self) } else { None }
                }

                fn into_slot(self) -> Result<Option<u64>, String> {
                    let slot: fn(Self) -> Option<u64> = $slot;
                    Ok(slot(self))
                }
            }
        )*
    };
}

plain! {
    (), Unit UNIT, "()", [|_| ()], [|()| None], Value::Null => ();
    bool, Bool BOOL, "bool", [|bits| bits != 0], [|bit| Some(u64::from(bit))], Value::Bool(value) => value;
    f64, Float FLOAT, "float", [|bits| f64::from_bits(bits.cast_unsigned())], [|float| Some(float.to_bits())],
        Value::Float(value) => value, Value::Int(value) => value as f64;
    f32, F32 F32, "f32", [|bits| f64::from_bits(bits.cast_unsigned()) as f32], [|float| Some(f64::from(float).to_bits())],
        Value::Float(value) => value as f32, Value::Int(value) => value as f32;
}

impl FromMog for String {
    fn mog_type() -> Type {
        Type::Str
    }

    fn from_mog(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Str(text) => Ok(text),
            other => Err(Mismatch::new("string", &other)),
        }
    }

    fn from_text() -> Option<fn(&str) -> Self> {
        Some(str::to_owned)
    }
}

impl ToMog for String {
    fn mog_type() -> Type {
        Type::Str
    }

    fn to_mog(self) -> Value {
        Value::Str(self)
    }
}

macro_rules! integers {
    ($($rust:ty, $mog:ident, $expected:literal $(, $bytes:ident)?;)*) => {
        $(
            impl FromMog for $rust {
                fn mog_type() -> Type {
                    Type::$mog
                }

                fn from_mog(value: Value) -> Result<Self, Mismatch> {
                    let converted = match value {
                        Value::Int(int) => int.try_into().ok(),
                        Value::Uint(int) => int.try_into().ok(),
                        _ => None,
                    };
                    converted.ok_or_else(|| Mismatch::new($expected, &value))
                }

                fn from_register(register: i64) -> Option<Self> {
                    register.try_into().ok()
                }
                $(
                    fn array_from_mog(value: Value) -> Result<Vec<Self>, Mismatch> {
                        match value {
                            Value::$bytes(bytes) => Ok(bytes),
                            other => one_by_one(other),
                        }
                    }
                )?
            }

            impl ToMog for $rust {
                fn mog_type() -> Type {
                    Type::$mog
                }

                fn to_mog(self) -> Value {
                    self.into()
                }

                fn slot(&self, ty: TypeId) -> Option<u64> {
                    i64::try_from(*self).ok().filter(|_| ty == TypeId::INT).map(i64::cast_unsigned)
                }

                fn into_slot(self) -> Result<Option<u64>, String> {
                    Ok(Some(self as u64))
                }
                $(
                    fn array_to_mog(elements: Vec<Self>) -> Value {
                        Value::$bytes(elements)
                    }
                )?
            }
        )*
    };
}

integers! {
    u8, U8, "u8", Bytes;
    i8, I8, "i8";
    i16, I16, "i16";
    i32, I32, "i32";
    i64, Int, "int";
    u16, U16, "u16";
    u32, U32, "u32";
    u64, U64, "u64";
}

/// A length or an index: an `int` that is not negative.
impl FromMog for usize {
    fn mog_type() -> Type {
        Type::Int
    }

    fn from_mog(value: Value) -> Result<Self, Mismatch> {
        let converted = match value {
            Value::Int(int) => int.try_into().ok(),
            Value::Uint(int) => int.try_into().ok(),
            _ => None,
        };
        converted.ok_or_else(|| Mismatch::new("int from 0 up", &value))
    }
}

impl ToMog for usize {
    fn mog_type() -> Type {
        Type::Int
    }

    fn to_mog(self) -> Value {
        i64::try_from(self).map_or(Value::Uint(self as u64), Value::Int)
    }
}

fn one_by_one<T: FromMog>(value: Value) -> Result<Vec<T>, Mismatch> {
    let element = |(n, element)| T::from_mog(element).map_err(|e| e.inside(format_args!("[{n}]")));
    match value {
        Value::Array(elements) => elements.into_iter().enumerate().map(element).collect(),
        Value::Bytes(bytes) => bytes.into_iter().map(Value::from).enumerate().map(element).collect(),
        other => Err(Mismatch::new(Type::array(T::mog_type()).to_string(), &other)),
    }
}

impl ToMog for &str {
    fn mog_type() -> Type {
        Type::Str
    }

    fn to_mog(self) -> Value {
        self.into()
    }
}

impl ToMog for Cow<'_, str> {
    fn mog_type() -> Type {
        Type::Str
    }

    fn to_mog(self) -> Value {
        Value::Str(self.into_owned())
    }
}

impl<T: FromMog> FromMog for Vec<T> {
    fn mog_type() -> Type {
        Type::array(T::mog_type())
    }

    fn from_mog(value: Value) -> Result<Self, Mismatch> {
        T::array_from_mog(value)
    }
}

impl<T: ToMog> ToMog for Vec<T> {
    fn mog_type() -> Type {
        Type::array(T::mog_type())
    }

    fn to_mog(self) -> Value {
        T::array_to_mog(self)
    }
}

impl<T: FromMog> FromMog for Option<T> {
    fn mog_type() -> Type {
        Type::option(T::mog_type())
    }

    fn from_mog(value: Value) -> Result<Self, Mismatch> {
        if value.is_null() { Ok(None) } else { T::from_mog(value).map(Some) }
    }
}

impl<T: ToMog> ToMog for Option<T> {
    fn mog_type() -> Type {
        Type::option(T::mog_type())
    }

    fn to_mog(self) -> Value {
        self.map_or(Value::Null, T::to_mog)
    }
}

impl<T: FromMog> FromMog for Box<T> {
    fn mog_type() -> Type {
        T::mog_type()
    }

    fn from_mog(value: Value) -> Result<Self, Mismatch> {
        T::from_mog(value).map(Self::new)
    }
}

impl<T: ToMog> ToMog for Box<T> {
    fn mog_type() -> Type {
        T::mog_type()
    }

    fn to_mog(self) -> Value {
        (*self).to_mog()
    }
}

impl<T: ToMog, E: fmt::Display> ToMog for Result<T, E> {
    fn mog_type() -> Type {
        Type::Result(Box::new(T::mog_type()))
    }

    fn to_mog(self) -> Value {
        match self {
            Ok(value) => Value::Ok(Box::new(value.to_mog())),
            Err(error) => Value::Err(mog_core::Failure::Failed, error.to_string()),
        }
    }

    fn into_result(self) -> Result<Value, String> {
        self.map(T::to_mog).map_err(|error| error.to_string())
    }

    fn into_slot(self) -> Result<Option<u64>, String> {
        self.map_err(|error| error.to_string())?.into_slot()
    }
}

macro_rules! maps {
    ($($map:ident [$($more:ident)?] [$($key:tt)*];)*) => {
        $(
            impl<K: FromMog + $($key)*, V: FromMog $(, $more: BuildHasher + Default)?> FromMog
                for $map<K, V $(, $more)?>
            {
                fn mog_type() -> Type {
                    Type::map(K::mog_type(), V::mog_type())
                }

                fn from_mog(value: Value) -> Result<Self, Mismatch> {
                    entries(value)?.collect()
                }
            }

            impl<K: ToMog, V: ToMog $(, $more)?> ToMog for $map<K, V $(, $more)?> {
                fn mog_type() -> Type {
                    Type::map(K::mog_type(), V::mog_type())
                }

                fn to_mog(self) -> Value {
                    Value::Map(self.into_iter().map(|(key, value)| (key.to_mog(), value.to_mog())).collect())
                }
            }
        )*
    };
}

// The order of a HashMap differs from run to run, and programs see it: a BTreeMap is the better result.
maps! {
    HashMap [S] [Eq + Hash];
    BTreeMap [] [Ord];
}

type Entries<K, V> = std::vec::IntoIter<Result<(K, V), Mismatch>>;

fn entries<K: FromMog, V: FromMog>(value: Value) -> Result<Entries<K, V>, Mismatch> {
    let entry = |key: Value, value: Value| {
        let name = key.to_string();
        Ok((K::from_mog(key)?, V::from_mog(value).map_err(|e| e.inside(format_args!("[{name}]")))?))
    };
    let list: Vec<_> = match value {
        Value::Map(list) => list.into_iter().map(|(key, value)| entry(key, value)).collect(),
        Value::Struct { fields, .. } => {
            fields.into_iter().map(|(name, value)| entry(Value::Str(name.into_owned()), value)).collect()
        }
        other => return Err(Mismatch::new(Type::map(K::mog_type(), V::mog_type()).to_string(), &other)),
    };
    Ok(list.into_iter())
}

/// Types of a function's first parameters, in a place of fixed size so that a call compares them at once.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct ParamTypes([TypeId; MAX_TUPLE + 1]);

impl ParamTypes {
    /// Where there is no parameter.
    const NONE: TypeId = TypeId(u16::MAX);

    pub(crate) fn new(params: &[u16]) -> Self {
        let mut types = [Self::NONE; MAX_TUPLE + 1];
        types.iter_mut().zip(params).for_each(|(ty, &param)| *ty = TypeId(param));
        Self(types)
    }
}

/// The most values of a tuple of arguments.
const MAX_TUPLE: usize = 6;

/// Arguments for a function of a program: a tuple of up to six values, or a list of them.
pub trait Arguments {
    /// The values in order.
    fn into_values(self) -> Vec<Value>;

    /// Their types, where they are known.
    #[doc(hidden)]
    fn mog_types() -> Vec<Type> {
        Vec::new()
    }

    /// The slots of arguments for parameters of these types; none if they are others, or not of one slot each that
    /// needs no room in the arena.
    #[doc(hidden)]
    fn slots(&self, types: &ParamTypes) -> Option<ArgumentSlots> {
        let _ = types;
        None
    }
}

impl Arguments for Vec<Value> {
    fn into_values(self) -> Vec<Value> {
        self
    }
}

macro_rules! tuples {
    ($(($($name:ident)*))*) => {
        $(
            #[allow(non_snake_case, reason = "the type parameters' names serve as the values' names")]
            impl<$($name: ToMog),*> Arguments for ($($name,)*) {
                fn into_values(self) -> Vec<Value> {
                    let ($($name,)*) = self;
                    vec![$($name.to_mog()),*]
                }

                fn mog_types() -> Vec<Type> {
                    vec![$($name::mog_type()),*]
                }

                #[inline]
                fn slots(&self, types: &ParamTypes) -> Option<ArgumentSlots> {
                    let ($($name,)*) = self;
                    let mut types = types.0.iter().copied();
                    let slots = [$($name.slot(types.next()?)?),*];
                    (types.next()? == ParamTypes::NONE).then(|| ArgumentSlots::new(slots))
                }
            }
        )*
    };
}

tuples! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) }

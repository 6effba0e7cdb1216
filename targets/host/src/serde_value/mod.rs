//! Values of any type that serde knows: what JSON would make of them, without the way over text.

mod de;
mod ser;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use ser::SerializeError;

use crate::{FromMog, Mismatch, ToMog, Value};

/// A value of a type that has serde's traits but not [`FromMog`] and [`ToMog`], as an argument or a result. Programs see it
/// as `any`, or as the type that a [declaration](crate::CapabilitySet::declare) gives it.
///
/// ```
/// # use mog::{CapabilitySet, Compiler, Runtime, Serde};
/// # fn main() -> Result<(), mog::Error> {
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Order { item: String, count: u32 }
///
/// let mut capabilities = CapabilitySet::new();
/// capabilities.grant("shop.double", |Serde(order): Serde<Order>| Serde(Order { count: order.count * 2, ..order }));
/// let program = Compiler::with(&capabilities).compile(r#"
///     fn main() -> int {
///         order := shop.double({"item": "desk", "count": 3})
///         order.count as int
///     }"#)?;
/// assert_eq!(Runtime::new(program, capabilities)?.execute()?, 6i64.into());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Serde<T>(pub T);

impl<T: DeserializeOwned> FromMog for Serde<T> {
    fn from_mog(value: Value) -> Result<Self, Mismatch> {
        from_value(value).map(Self)
    }
}

impl<T: Serialize> ToMog for Serde<T> {
    /// What cannot be serialized is an `err`.
    fn to_mog(self) -> Value {
        self.into_result().unwrap_or_else(|message| Value::Err(mog_core::Failure::Failed, message))
    }

    fn into_result(self) -> Result<Value, String> {
        to_value(&self.0).map_err(|error| error.to_string())
    }
}

/// What serde makes of a value: structs are structs, an enum's variant that carries something is a map
/// `{"Circle": 1.0}`, one that does not is an enum's value.
///
/// # Errors
/// If the type's own code fails, a number is beyond 64 bits, or a map's key is no string, number or boolean.
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, SerializeError> {
    value.serialize(ser::Serializer)
}

/// The other way round. A map's entries may stand for a struct's fields, a string for a variant that carries nothing.
///
/// # Errors
/// If it is no such value; says where and why.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Mismatch> {
    T::deserialize(value)
}

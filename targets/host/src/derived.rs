//! What the code of the macros calls: it is public for their sake alone.

use std::any::type_name;
use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{FromMog, Mismatch, Type, Value};

thread_local! {
    /// The types that are being described, outermost first.
    static OPEN: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// A type with a name; within its own description the name alone, so that a type may contain itself.
pub fn named<T>(name: &'static str, describe: impl FnOnce() -> Type) -> Type {
    struct Close;
    impl Drop for Close {
        fn drop(&mut self) {
            OPEN.with_borrow_mut(Vec::pop);
        }
    }
    let own = type_name::<T>();
    if OPEN.with_borrow(|open| open.contains(&own)) {
        return Type::Named(name.into());
    }
    OPEN.with_borrow_mut(|open| open.push(own));
    let _close = Close;
    describe()
}

/// The value that the functions of a group share. A panic in one of them ended that call, not the others.
pub fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A struct that is taken apart.
#[derive(Debug)]
pub struct Fields(Value);

impl Fields {
    /// The fields of a struct, or the entries of a map that stands for one.
    ///
    /// # Errors
    /// If it is neither.
    pub fn of(value: Value, name: &str) -> Result<Self, Mismatch> {
        match value {
            Value::Struct { .. } | Value::Map(_) => Ok(Self(value)),
            other => Err(Mismatch::new(name, &other)),
        }
    }

    /// The field of that name. One that is not there is none.
    ///
    /// # Errors
    /// If it is of another type.
    pub fn take<T: FromMog>(&mut self, name: &str) -> Result<T, Mismatch> {
        let missing = self.0.get(name).is_none();
        T::from_mog(self.0.take(name)).map_err(|mismatch| {
            if missing {
                let expected = format!("a field `{name}`: {}", T::mog_type());
                return Mismatch::new(expected, &self.0);
            }
            mismatch.inside(format_args!(".{name}"))
        })
    }
}

/// An enum's value that is taken apart.
#[derive(Debug)]
pub struct Variant {
    number: usize,
    name: &'static str,
    payload: std::vec::IntoIter<Value>,
    taken: usize,
}

impl Variant {
    /// One of an enum's variants, which are given with the number of the values that each carries. A string stands for
    /// one that carries nothing.
    ///
    /// # Errors
    /// If it is neither.
    pub fn of(
        value: Value,
        enum_name: &str,
        variants: &'static [(&'static str, usize)],
    ) -> Result<Self, Mismatch> {
        let (name, payload) = match &value {
            Value::Enum { variant, payload, .. } => (&**variant, payload.len()),
            Value::Str(name) => (name.as_str(), 0),
            _ => return Err(Mismatch::new(enum_name, &value)),
        };
        let Some(number) = variants.iter().position(|(known, _)| *known == name) else {
            return Err(Mismatch::new(enum_name, &value));
        };
        let (name, count) = variants.get(number).copied().unwrap_or_default();
        if payload != count {
            let plural = if count == 1 { "" } else { "s" };
            let expected = format!("{enum_name}.{name} with {count} value{plural}");
            return Err(Mismatch { at: String::new(), expected, found: payload.to_string() });
        }
        let payload = match value {
            Value::Enum { payload, .. } => payload,
            _ => Vec::new(),
        };
        Ok(Self { number, name, payload: payload.into_iter(), taken: 0 })
    }

    /// Which one of those that were given.
    #[must_use]
    pub const fn number(&self) -> usize {
        self.number
    }

    /// The next value that it carries.
    ///
    /// # Errors
    /// If it is of another type.
    pub fn take<T: FromMog>(&mut self) -> Result<T, Mismatch> {
        let (name, index) = (self.name, self.taken);
        self.taken += 1;
        let value = self.payload.next().unwrap_or_default();
        T::from_mog(value).map_err(|mismatch| mismatch.inside(format_args!(".{name}[{index}]")))
    }
}

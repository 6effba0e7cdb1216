//! Values, and what collections, structs and closures are made of.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use mog_compiler::ast::{FnId, Symbol};

use super::number::{self, FloatKind, IntKind};
use super::types::Type;
use super::{Env, Res, Stop};

/// A failure on its way, or in a result: its message, where the definition says what it is.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Failure(pub(super) Option<Rc<str>>);

/// A value; collections, structs and closures are references.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Unit,
    Bool(bool),
    Int(IntKind, i128),
    Float(FloatKind, f64),
    Str(Rc<str>),
    Array(Rc<Array>),
    Map(Rc<Map>),
    Struct(Rc<Struct>),
    Enum(Rc<Enum>),
    /// With the type of what it would hold.
    Optional(Type, Option<Rc<Value>>),
    Result(Type, Result<Rc<Value>, Failure>),
    Closure(Rc<Closure>),
    /// What `catch` binds: the message, of which the kind can be asked.
    Failure(Failure),
    /// Booleans, numbers, strings, `none`, arrays of `any`, maps of `any` by string.
    Any(Rc<Value>),
}

#[derive(Debug)]
pub(super) struct Array {
    pub(super) element: RefCell<Type>,
    pub(super) items: RefCell<Vec<Value>>,
    pub(super) uses: Uses,
}

#[derive(Debug)]
pub(super) struct Map {
    pub(super) types: RefCell<(Type, Type)>,
    pub(super) entries: RefCell<Vec<(Value, Value)>>,
    pub(super) uses: Uses,
}

/// Loops and callbacks under way, in which a collection must not change, and whether it did.
///
/// A change is a trap. The definition does not say when: taken is that the loop notices when it goes on, by the length.
/// Where that would make a difference the evaluator does not know.
#[derive(Default, Debug)]
pub(super) struct Uses {
    active: Cell<u32>,
    changed: Cell<bool>,
}

impl Uses {
    /// Counts a loop or callback until the guard is dropped.
    pub(super) fn enter(&self) -> InUse<'_> {
        self.active.set(self.active.get() + 1);
        InUse(self)
    }

    /// Notes a change.
    pub(super) fn change(&self) {
        self.changed.set(self.changed.get() || self.is_active());
    }

    /// Whether a loop or callback is under way.
    pub(super) fn is_active(&self) -> bool {
        self.active.get() > 0
    }
}

/// See [`Uses::enter`].
pub(super) struct InUse<'a>(&'a Uses);

impl InUse<'_> {
    /// After one turn, which the loop `left` or not, with the length before and now.
    pub(super) fn turned(&self, left: bool, before: usize, now: usize) -> Res<()> {
        match (self.0.changed.get(), left || before == now) {
            (false, _) => Ok(()),
            (true, false) => Err(Stop::trap("changed during iteration")),
            (true, true) => Err(Stop::unsupported("a change inside a loop that does not notice")),
        }
    }
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.0.active.set(self.0.active.get() - 1);
    }
}

#[derive(Debug)]
pub(super) struct Struct {
    pub(super) name: Symbol,
    pub(super) fields: RefCell<Vec<Value>>,
}

#[derive(Debug)]
pub(super) struct Enum {
    pub(super) name: Symbol,
    pub(super) variant: Symbol,
    pub(super) payload: Vec<Value>,
}

pub(super) struct Closure {
    pub(super) function: FnId,
    pub(super) env: Env,
    /// Parameter types and the result's, as far as known.
    pub(super) signature: RefCell<Rc<(Vec<Type>, Type)>>,
    /// Whether it stands for a named function.
    pub(super) named: bool,
}

impl std::fmt::Debug for Closure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Closure({:?})", self.function)
    }
}

impl Value {
    pub(super) fn str(text: impl Into<Rc<str>>) -> Self {
        Self::Str(text.into())
    }

    pub(super) const fn int(value: i128) -> Self {
        Self::Int(IntKind::I64, value)
    }

    pub(super) const fn float(value: f64) -> Self {
        Self::Float(FloatKind::F64, value)
    }

    pub(super) fn array(element: Type, items: Vec<Self>) -> Self {
        Self::Array(Rc::new(Array {
            element: RefCell::new(element),
            items: RefCell::new(items),
            uses: Uses::default(),
        }))
    }

    pub(super) fn map(types: (Type, Type), entries: Vec<(Self, Self)>) -> Self {
        Self::Map(Rc::new(Map {
            types: RefCell::new(types),
            entries: RefCell::new(entries),
            uses: Uses::default(),
        }))
    }

    pub(super) fn some(ty: Type, value: Self) -> Self {
        Self::Optional(ty, Some(Rc::new(value)))
    }

    /// The text of a string.
    pub(super) fn text(&self) -> Option<Rc<str>> {
        match self {
            Self::Str(text) | Self::Failure(Failure(Some(text))) => Some(text.clone()),
            _ => None,
        }
    }

    pub(super) fn truth(&self) -> Res<bool> {
        match self {
            Self::Bool(value) => Ok(*value),
            _ => Err(Stop::unsupported("a condition that is no boolean")),
        }
    }

    pub(super) fn index(&self) -> Res<i128> {
        match self {
            Self::Int(_, value) => Ok(*value),
            _ => Err(Stop::unsupported("an index that is no integer")),
        }
    }
}

/// The copy of a value as `any`.
pub(super) fn any_of(value: &Value) -> Res<Value> {
    let inner = match value {
        Value::Any(_) => return Ok(value.clone()),
        Value::Bool(_) | Value::Str(_) => value.clone(),
        Value::Int(kind, number) => {
            Value::Int(if *kind == IntKind::Literal { IntKind::I64 } else { *kind }, *number)
        }
        Value::Float(_, number) => Value::float(*number),
        Value::Failure(Failure(Some(text))) => Value::Str(text.clone()),
        Value::Optional(_, None) => value.clone(),
        Value::Optional(_, Some(value)) => return any_of(value),
        Value::Array(array) => {
            let items = array.items.borrow().iter().map(any_of).collect::<Res<Vec<_>>>()?;
            Value::array(Type::Any, items)
        }
        Value::Map(map) if map.entries.borrow().iter().all(|(key, _)| key.text().is_some()) => {
            let entries = map.entries.borrow();
            let entries = entries.iter().map(|(key, value)| Ok((key.clone(), any_of(value)?)));
            Value::map((Type::Str, Type::Any), entries.collect::<Res<Vec<_>>>()?)
        }
        _ => return Err(Stop::unsupported("`any` of this value")),
    };
    Ok(Value::Any(Rc::new(inner)))
}

/// Deep equality; closures by identity.
pub(super) fn equal(left: &Value, right: &Value, depth: u32) -> Res<bool> {
    if depth > 200 {
        return Err(Stop::unsupported("equality of very deep or cyclic values"));
    }
    let all = |left: &[Value], right: &[Value]| -> Res<bool> {
        if left.len() != right.len() {
            return Ok(false);
        }
        for (left, right) in left.iter().zip(right) {
            if !equal(left, right, depth + 1)? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    Ok(match (left, right) {
        (Value::Any(left), Value::Any(right)) => return any_equal(left, right, depth),
        (Value::Any(_), other) => return equal(left, &any_of(other)?, depth + 1),
        (other, Value::Any(_)) => return equal(&any_of(other)?, right, depth + 1),
        (Value::Unit, Value::Unit) => true,
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Int(..), Value::Int(..)) | (Value::Float(..), Value::Float(..)) => {
            number::compare(left, right) == Some(std::cmp::Ordering::Equal)
        }
        (Value::Array(x), Value::Array(y)) => return all(&x.items.borrow(), &y.items.borrow()),
        (Value::Map(x), Value::Map(y)) => return maps_equal(x, y, depth),
        (Value::Struct(x), Value::Struct(y)) => return all(&x.fields.borrow(), &y.fields.borrow()),
        (Value::Enum(x), Value::Enum(y)) => x.variant == y.variant && all(&x.payload, &y.payload)?,
        (Value::Optional(_, x), Value::Optional(_, y)) => match (x, y) {
            (Some(x), Some(y)) => return equal(x, y, depth + 1),
            (x, y) => x.is_none() && y.is_none(),
        },
        (Value::Result(_, x), Value::Result(_, y)) => match (x, y) {
            (Ok(x), Ok(y)) => return equal(x, y, depth + 1),
            (Err(Failure(Some(x))), Err(Failure(Some(y)))) => x == y,
            (Err(_), Err(_)) => return Err(Stop::unsupported("the message of a built-in function")),
            _ => false,
        },
        (Value::Closure(x), Value::Closure(y)) => {
            if x.named || y.named {
                return Err(Stop::unsupported("identity of named functions"));
            }
            Rc::ptr_eq(x, y)
        }
        _ => match (left.text(), right.text()) {
            (Some(x), Some(y)) => x == y,
            _ => return Err(Stop::unsupported("equality of values of two types")),
        },
    })
}

/// What `any` values hold may differ in type, and then they are not equal.
fn any_equal(left: &Value, right: &Value, depth: u32) -> Res<bool> {
    match (left, right) {
        (Value::Int(..), Value::Float(..)) | (Value::Float(..), Value::Int(..)) => {
            Err(Stop::unsupported("an integer against a float in `any`"))
        }
        _ if std::mem::discriminant(left) == std::mem::discriminant(right) => equal(left, right, depth + 1),
        _ => Ok(false),
    }
}

fn maps_equal(left: &Map, right: &Map, depth: u32) -> Res<bool> {
    let (left, right) = (left.entries.borrow(), right.entries.borrow());
    if left.len() != right.len() {
        return Ok(false);
    }
    for (key, value) in left.iter() {
        let Some((_, other)) = right.iter().find(|(other, _)| same_key(key, other)) else { return Ok(false) };
        if !equal(value, other, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether two keys are the same.
pub(super) fn same_key(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Int(_, x), Value::Int(_, y)) => x == y,
        _ => match (left.text(), right.text()) {
            (Some(x), Some(y)) => x == y,
            _ => false,
        },
    }
}

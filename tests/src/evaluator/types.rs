//! Types as far as the meaning of a program depends on them, and values that take the type expected of them.
//!
//! The evaluator has no checker: a type is known where the program writes it, and learnt from values elsewhere.

use std::rc::Rc;

use mog_compiler::ast::{Symbol, TypeExprId, TypeKind};

use super::number::{self, FloatKind, IntKind};
use super::value::{Value, any_of};
use super::{Interpreter, Res, Stop};

/// A type; `Unknown` where nothing says so far what it is.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Type {
    Unknown,
    Unit,
    Bool,
    Int(IntKind),
    Float(FloatKind),
    Str,
    Array(Rc<Type>),
    Map(Rc<(Type, Type)>),
    Optional(Rc<Type>),
    Result(Rc<Type>),
    Fn(Rc<(Vec<Type>, Type)>),
    Struct(Symbol),
    Enum(Symbol),
    Any,
}

impl Type {
    /// Whether the operations of optionals and results apply to the value itself.
    pub(super) const fn is_wrapper(&self) -> bool {
        matches!(self, Self::Optional(_) | Self::Result(_))
    }

    /// The element of an array type.
    pub(super) fn element(&self) -> Self {
        match self {
            Self::Array(element) => element.as_ref().clone(),
            _ => Self::Unknown,
        }
    }

    /// What an optional or a result holds.
    pub(super) fn inner(&self) -> Self {
        match self {
            Self::Optional(inner) | Self::Result(inner) => inner.as_ref().clone(),
            _ => Self::Unknown,
        }
    }

    fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Array(inner) | Self::Optional(inner) | Self::Result(inner) => inner.has_unknown(),
            Self::Map(pair) => pair.0.has_unknown() || pair.1.has_unknown(),
            _ => false,
        }
    }

    /// The one of two types of the same value that says more.
    pub(super) fn or(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Unknown, other) => other.clone(),
            (Self::Array(a), Self::Array(b)) => Self::Array(Rc::new(a.as_ref().clone().or(b))),
            (Self::Optional(a), Self::Optional(b)) => Self::Optional(Rc::new(a.as_ref().clone().or(b))),
            (Self::Result(a), Self::Result(b)) => Self::Result(Rc::new(a.as_ref().clone().or(b))),
            (Self::Map(a), Self::Map(b)) => Self::Map(Rc::new((a.0.clone().or(&b.0), a.1.clone().or(&b.1)))),
            (Self::Int(IntKind::Literal), Self::Int(kind)) => Self::Int(*kind),
            (Self::Float(FloatKind::Literal), Self::Float(kind)) => Self::Float(*kind),
            (this, _) => this,
        }
    }

    /// The same with `int` and `float` for literals of which nothing else was expected.
    pub(super) fn settled(self) -> Self {
        match self {
            Self::Int(IntKind::Literal) => Self::Int(IntKind::I64),
            Self::Float(FloatKind::Literal) => Self::Float(FloatKind::F64),
            Self::Optional(inner) => Self::Optional(Rc::new(inner.as_ref().clone().settled())),
            Self::Result(inner) => Self::Result(Rc::new(inner.as_ref().clone().settled())),
            other => other,
        }
    }
}

/// The type of a value, as far as the value knows.
pub(super) fn type_of(value: &Value) -> Type {
    match value {
        Value::Unit => Type::Unit,
        Value::Bool(_) => Type::Bool,
        Value::Int(kind, _) => Type::Int(*kind),
        Value::Float(kind, _) => Type::Float(*kind),
        Value::Str(_) | Value::Failure(_) => Type::Str,
        Value::Array(array) => Type::Array(Rc::new(array.element.borrow().clone())),
        Value::Map(map) => Type::Map(Rc::new(map.types.borrow().clone())),
        Value::Struct(object) => Type::Struct(object.name),
        Value::Enum(object) => Type::Enum(object.name),
        Value::Optional(ty, None) => Type::Optional(Rc::new(ty.clone())),
        Value::Optional(ty, Some(value)) => Type::Optional(Rc::new(type_of(value).or(ty))),
        Value::Result(ty, Err(_)) => Type::Result(Rc::new(ty.clone())),
        Value::Result(ty, Ok(value)) => Type::Result(Rc::new(type_of(value).or(ty))),
        Value::Closure(closure) => Type::Fn(closure.signature.borrow().clone()),
        Value::Any(_) => Type::Any,
    }
}

/// The value as what is expected: literals take the type, what had no type of its own learns it.
pub(super) fn coerce(value: Value, ty: &Type) -> Res<Value> {
    Ok(match (value, ty) {
        (value @ Value::Any(_), Type::Any) => value,
        (value, Type::Any) => any_of(&value)?,
        (Value::Int(IntKind::Literal, value), Type::Int(kind)) => {
            if kind.wrap(value) != value {
                return Err(Stop::unsupported("a literal beyond its type"));
            }
            Value::Int(*kind, value)
        }
        (Value::Int(IntKind::Literal, value), Type::Float(kind)) => {
            number::to_float(&Value::Int(IntKind::Literal, value), *kind)?
        }
        (Value::Float(FloatKind::Literal, value), Type::Float(kind)) => {
            Value::Float(*kind, kind.round(value))
        }
        (Value::Optional(known, None), Type::Optional(inner)) => {
            Value::Optional(known.or(inner).settled(), None)
        }
        (Value::Optional(known, Some(value)), Type::Optional(inner)) => {
            Value::Optional(known.or(inner), Some(Rc::new(coerce(value.as_ref().clone(), inner)?)))
        }
        // A plain value may stand where an optional is due.
        (value, Type::Optional(inner)) => Value::some(inner.as_ref().clone(), coerce(value, inner)?),
        (Value::Result(known, Err(failure)), Type::Result(inner)) => {
            Value::Result(known.or(inner).settled(), Err(failure))
        }
        (Value::Result(known, Ok(value)), Type::Result(inner)) => {
            Value::Result(known.or(inner), Ok(Rc::new(coerce(value.as_ref().clone(), inner)?)))
        }
        (Value::Array(array), Type::Array(element)) => {
            if array.element.borrow().has_unknown() {
                let learnt = array.element.borrow().clone().or(element);
                array.element.replace(learnt.clone());
                let items = array.items.borrow().clone();
                let items = items.into_iter().map(|item| coerce(item, &learnt)).collect::<Res<Vec<_>>>()?;
                array.items.replace(items);
            }
            Value::Array(array)
        }
        (Value::Map(map), Type::Map(types)) => {
            let known = map.types.borrow().clone();
            if known.0.has_unknown() || known.1.has_unknown() {
                let learnt = (known.0.or(&types.0), known.1.or(&types.1));
                map.types.replace(learnt.clone());
                let entries = map.entries.borrow().clone();
                let entries = entries
                    .into_iter()
                    .map(|(k, v)| Ok((coerce(k, &learnt.0)?, coerce(v, &learnt.1)?)))
                    .collect::<Res<Vec<_>>>()?;
                map.entries.replace(entries);
            }
            Value::Map(map)
        }
        (Value::Closure(closure), Type::Fn(signature)) => {
            let known = closure.signature.borrow().clone();
            let params =
                known.0.iter().zip(&signature.0).map(|(known, learnt)| known.clone().or(learnt)).collect();
            closure.signature.replace(Rc::new((params, known.1.clone().or(&signature.1))));
            Value::Closure(closure)
        }
        (value, _) => value,
    })
}

/// The value with the type that it has when nothing more is expected of it.
pub(super) fn settle(value: Value) -> Res<Value> {
    match &value {
        Value::Int(IntKind::Literal, _)
        | Value::Float(FloatKind::Literal, _)
        | Value::Optional(..)
        | Value::Result(..) => {
            let ty = type_of(&value).settled();
            coerce(value, &ty)
        }
        _ => Ok(value),
    }
}

impl Interpreter<'_> {
    /// The type that a type expression names.
    pub(super) fn resolve(&self, id: TypeExprId) -> Res<Type> {
        Ok(match self.ast[id].kind {
            TypeKind::Named(path) => match self.ast.list(path) {
                [name] => self.named_type(name.symbol)?,
                _ => return Err(Stop::unsupported("types of modules")),
            },
            TypeKind::Array(element) => Type::Array(Rc::new(self.resolve(element)?)),
            TypeKind::Map { key, value } => Type::Map(Rc::new((self.resolve(key)?, self.resolve(value)?))),
            TypeKind::Optional(inner) => Type::Optional(Rc::new(self.resolve(inner)?)),
            TypeKind::Result(inner) => Type::Result(Rc::new(self.resolve(inner)?)),
            TypeKind::Fn { params, result } => {
                let params =
                    self.ast.list(params).iter().map(|&ty| self.resolve(ty)).collect::<Res<Vec<_>>>()?;
                let result = result.map_or(Ok(Type::Unit), |ty| self.resolve(ty))?;
                Type::Fn(Rc::new((params, result)))
            }
            TypeKind::Unit => Type::Unit,
            TypeKind::Error | TypeKind::Future(_) | TypeKind::Tensor(_) | TypeKind::Soa(_) => {
                return Err(Stop::unsupported("futures, tensors, columns"));
            }
        })
    }

    fn named_type(&self, name: Symbol) -> Res<Type> {
        if self.structs.contains_key(&name) {
            return Ok(Type::Struct(name));
        }
        if self.enums.contains_key(&name) {
            return Ok(Type::Enum(name));
        }
        if let Some(&alias) = self.aliases.get(&name) {
            return self.resolve(alias);
        }
        let text = self.ast.text(name);
        Ok(match text {
            "bool" => Type::Bool,
            "string" | "str" => Type::Str,
            "any" => Type::Any,
            "Map" => Type::Map(Rc::new((Type::Str, Type::Any))),
            _ => match (IntKind::named(text), FloatKind::named(text)) {
                (Some(kind), _) => Type::Int(kind),
                (_, Some(kind)) => Type::Float(kind),
                _ => return Err(Stop::unsupported("an unknown type")),
            },
        })
    }
}

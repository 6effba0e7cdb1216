//! Partial operations: what may have no value. Written bare they fail; asked, they give an optional or a result.

use std::rc::Rc;

use mog_compiler::ast::{BlockId, ExprId, ExprKind, Name};

use super::number::{FloatKind, IntKind};
use super::types::{Type, coerce, type_of};
use super::value::{Failure, Value, any_of, same_key};
use super::{Env, Interpreter, Res, Stop, bind};

/// The value of an expression, or of a partial operation of which it is still open whether it is asked.
pub(super) enum Open {
    Plain(Value),
    Partial(Partial),
}

/// What a partial operation came to.
pub(super) struct Partial {
    /// The type of the value that it gives.
    plain: Type,
    outcome: Result<Value, Absence>,
    /// With what it is asked.
    kind: Kind,
}

/// Why there is no value.
pub(super) enum Absence {
    /// Bare a trap, asked `none`.
    Trap(&'static str),
    /// Bare a failure, asked `err`.
    Fails,
}

impl Partial {
    /// An operation that is asked with an optional.
    pub(super) fn optional(plain: Type, value: Option<Value>, trap: &'static str) -> Open {
        let plain = value.as_ref().map_or(plain.clone(), |value| plain.or(&type_of(value)));
        Open::Partial(Self { plain, outcome: value.ok_or(Absence::Trap(trap)), kind: Kind::Optional })
    }

    /// An operation that is asked with a result.
    pub(super) fn result(plain: Type, value: Option<Value>) -> Open {
        Open::Partial(Self { plain, outcome: value.ok_or(Absence::Fails), kind: Kind::Result })
    }

    pub(super) fn bare(self) -> Res<Value> {
        self.outcome.map_err(|absence| match absence {
            Absence::Trap(message) => Stop::trap(message),
            Absence::Fails => Stop::Failed(Failure(None)),
        })
    }

    /// The optional or result; that of the value itself if it is one.
    pub(super) fn asked(self) -> Res<Value> {
        if self.plain.is_wrapper() {
            return self.bare();
        }
        Ok(match self.outcome {
            Ok(value) if matches!(self.kind, Kind::Optional) => Value::some(self.plain, value),
            Ok(value) => Value::Result(self.plain, Ok(Rc::new(value))),
            Err(Absence::Trap(_)) => Value::Optional(self.plain, None),
            Err(Absence::Fails) => Value::Result(self.plain, Err(Failure(None))),
        })
    }

    /// The optional, also of a value that is an optional or a result itself.
    pub(super) fn present(self) -> Value {
        match self.outcome {
            Ok(value) => Value::some(self.plain, value),
            Err(_) => Value::Optional(self.plain, None),
        }
    }

    /// The value standing where this type is expected, which asks if it is an optional or a result.
    pub(super) fn expected(self, want: &Type) -> Res<Value> {
        match (want, self.kind) {
            _ if self.plain.is_wrapper() => self.bare(),
            (Type::Optional(_), Kind::Optional) | (Type::Result(_), Kind::Result) => self.asked(),
            (Type::Result(_), Kind::Optional) => Ok(match self.outcome {
                Ok(value) => Value::Result(self.plain, Ok(Rc::new(value))),
                Err(_) => Value::Result(self.plain, Err(Failure(Some("none".into())))),
            }),
            (Type::Optional(_), Kind::Result) => Err(Stop::unsupported("a result where an optional is due")),
            _ => self.bare(),
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Optional,
    Result,
}

impl Interpreter<'_> {
    /// The optional or result of an expression that is asked.
    pub(super) fn asked(&mut self, env: &Env, id: ExprId) -> Res<Value> {
        self.spend()?;
        match self.open(env, id, &Type::Unknown)? {
            Open::Plain(value) => Ok(value),
            Open::Partial(partial) => partial.asked(),
        }
    }

    /// Evaluates an expression up to the point where it matters whether it is asked.
    pub(super) fn open(&mut self, env: &Env, id: ExprId, want: &Type) -> Res<Open> {
        match self.ast[id].kind {
            ExprKind::Paren(inner) => self.open(env, inner, want),
            ExprKind::Index { base, indices } => {
                let &[index] = self.ast.list(indices) else {
                    return Err(Stop::unsupported("several indices"));
                };
                let base = self.eval(env, base, &Type::Unknown)?;
                self.index(env, &base, index)
            }
            ExprKind::Slice { base, start, end, inclusive } => {
                let base = self.eval(env, base, &Type::Unknown)?;
                let start = start.map(|id| self.eval(env, id, &Type::Unknown)?.index()).transpose()?;
                let end = end.map(|id| self.eval(env, id, &Type::Unknown)?.index()).transpose()?;
                if inclusive && end.is_none() {
                    return Err(Stop::unsupported("an inclusive slice without an end"));
                }
                let end = end.map(|end| end + i128::from(inclusive));
                slice(&base, start, end)
            }
            ExprKind::Field { base, name } => self.field(env, base, name),
            ExprKind::Call { callee, args } => self.call(env, callee, self.ast.list(args), want),
            ExprKind::Cast { value, ty } => {
                let ty = self.resolve(ty)?;
                let value = self.eval(env, value, &Type::Unknown)?;
                match value {
                    Value::Any(inner) if ty != Type::Any => {
                        let converted = self.out_of_any(&inner, &ty)?;
                        Ok(Partial::result(ty, converted))
                    }
                    value => self.convert(value, &ty).map(Open::Plain),
                }
            }
            _ => self.plain(env, id, want).map(Open::Plain),
        }
    }

    fn index(&mut self, env: &Env, base: &Value, index: ExprId) -> Res<Open> {
        match base {
            Value::Array(array) => {
                let index = self.eval(env, index, &Type::Unknown)?.index()?;
                let item = usize::try_from(index).ok().and_then(|at| array.items.borrow().get(at).cloned());
                Ok(Partial::optional(array.element.borrow().clone(), item, "out of range"))
            }
            Value::Map(map) => {
                let key_type = map.types.borrow().0.clone();
                let key = self.eval(env, index, &key_type)?;
                Ok(look_up(map, &key))
            }
            Value::Any(inner) => self.index(env, inner, index),
            _ => match base.text() {
                Some(text) => {
                    let index = self.eval(env, index, &Type::Unknown)?.index()?;
                    let rest = usize::try_from(index).ok().and_then(|at| text.get(at..));
                    let c = rest.and_then(|rest| rest.chars().next());
                    Ok(Partial::optional(Type::Str, c.map(|c| Value::str(c.to_string())), "range"))
                }
                None => Err(Stop::unsupported("an index into another value")),
            },
        }
    }

    fn field(&mut self, env: &Env, base: ExprId, name: Name) -> Res<Open> {
        let text = self.ast.text(name.symbol);
        if let ExprKind::Name(owner) = self.ast[base].kind
            && self.variable(env, owner).is_none()
        {
            if self.enums.contains_key(&owner) {
                return self.variant_value(env, owner, name.symbol, &[]).map(Open::Plain);
            }
            if let Some(kind) = IntKind::named(self.ast.text(owner)) {
                let (least, greatest) = kind.range();
                return match text {
                    "MIN" => Ok(Open::Plain(Value::Int(kind, least))),
                    "MAX" => Ok(Open::Plain(Value::Int(kind, greatest))),
                    _ => Err(Stop::unsupported("a constant of a type")),
                };
            }
        }
        let base = self.eval(env, base, &Type::Unknown)?;
        self.field_of(&base, name)
    }

    fn field_of(&mut self, base: &Value, name: Name) -> Res<Open> {
        let text = self.ast.text(name.symbol);
        match base {
            Value::Struct(object) => {
                let index = self.field_index(object.name, name.symbol)?;
                let value = object.fields.borrow().get(index).cloned();
                value.map(Open::Plain).ok_or_else(|| Stop::unsupported("an unknown field"))
            }
            Value::Failure(_) if text == "kind" => Ok(Open::Plain(Value::str("failed"))),
            Value::Array(array) if text == "len" => {
                Ok(Open::Plain(Value::int(array.items.borrow().len() as i128)))
            }
            Value::Map(map) if text == "len" => {
                Ok(Open::Plain(Value::int(map.entries.borrow().len() as i128)))
            }
            Value::Map(map) => match text {
                "has" | "keys" | "values" | "delete" | "remove" | "clear" | "get" => {
                    Err(Stop::unsupported("a method without a call"))
                }
                _ => Ok(look_up(map, &Value::str(text))),
            },
            Value::Any(inner) if matches!(inner.as_ref(), Value::Map(_)) => self.field_of(inner, name),
            _ => match (base.text(), text) {
                (Some(text), "len") => Ok(Open::Plain(Value::int(text.len() as i128))),
                _ => Err(Stop::unsupported("a field of another value")),
            },
        }
    }

    /// What an `any` holds as a type; nothing if it does not fit.
    fn out_of_any(&self, value: &Value, ty: &Type) -> Res<Option<Value>> {
        let open = |value: &Value| match value {
            Value::Any(inner) => inner.as_ref().clone(),
            other => other.clone(),
        };
        Ok(match (open(value), ty) {
            (value, Type::Any) => Some(any_of(&value)?),
            (value @ Value::Bool(_), Type::Bool) | (value @ Value::Str(_), Type::Str) => Some(value),
            (Value::Int(IntKind::I64, number), Type::Int(IntKind::I64)) => Some(Value::int(number)),
            (Value::Float(_, number), Type::Float(FloatKind::F64)) => Some(Value::float(number)),
            (Value::Int(..) | Value::Float(..), Type::Int(_) | Type::Float(_)) => {
                return Err(Stop::unsupported("a number of another type in `any`"));
            }
            (Value::Array(array), Type::Array(element)) => {
                let mut items = Vec::new();
                for item in array.items.borrow().iter() {
                    match self.out_of_any(item, element)? {
                        Some(item) => items.push(item),
                        None => return Ok(None),
                    }
                }
                Some(Value::array(element.as_ref().clone(), items))
            }
            (Value::Map(map), Type::Map(types)) if types.0 == Type::Str => {
                let mut entries = Vec::new();
                for (key, value) in map.entries.borrow().iter() {
                    match self.out_of_any(value, &types.1)? {
                        Some(value) => entries.push((key.clone(), value)),
                        None => return Ok(None),
                    }
                }
                Some(Value::map(types.as_ref().clone(), entries))
            }
            (_, Type::Bool | Type::Str | Type::Int(_) | Type::Float(_) | Type::Array(_)) => None,
            _ => return Err(Stop::unsupported("a conversion from `any` to another type")),
        })
    }

    /// `value?`: what it holds, or the failure to the nearest `try` of the function, or out of the function.
    pub(super) fn question(&mut self, env: &Env, value: ExprId) -> Res<Value> {
        let value = self.asked(env, value)?;
        let failure = match value {
            Value::Optional(_, Some(value)) | Value::Result(_, Ok(value)) => {
                return Ok(value.as_ref().clone());
            }
            Value::Optional(_, None) => None,
            Value::Result(_, Err(failure)) => Some(failure),
            _ => return Err(Stop::unsupported("`?` on another value")),
        };
        let frame = self.frames.last().map(|frame| (frame.tries, frame.result.clone()));
        let (tries, result) = frame.unwrap_or((0, Type::Unknown));
        let message = failure.clone().unwrap_or_else(|| Failure(Some("none".into())));
        match result {
            _ if tries > 0 => Err(Stop::Failed(message)),
            Type::Result(inner) => Err(Stop::Return(Value::Result(inner.as_ref().clone(), Err(message)))),
            Type::Optional(inner) if failure.is_none() => {
                Err(Stop::Return(Value::Optional(inner.as_ref().clone(), None)))
            }
            Type::Optional(_) => Err(Stop::unsupported("a failed result in a function with an optional")),
            Type::Unknown => Err(Stop::unsupported("`?` where the result's type is not written")),
            _ => Err(Stop::Failed(message)),
        }
    }

    pub(super) fn try_catch(
        &mut self,
        env: &Env,
        body: BlockId,
        name: Option<Name>,
        handler: BlockId,
        want: &Type,
    ) -> Res<Value> {
        let depth = self.frames.len();
        if let Some(frame) = self.frames.last_mut() {
            frame.tries += 1;
        }
        let outcome = self.block(env, body, want);
        self.frames.truncate(depth);
        if let Some(frame) = self.frames.last_mut() {
            frame.tries -= 1;
        }
        match outcome {
            Err(Stop::Failed(failure)) => {
                let mut env = env.clone();
                if let Some(name) = name {
                    bind(&mut env, name.symbol, Value::Failure(failure), Type::Unknown);
                }
                self.block(&env, handler, want)
            }
            other => other,
        }
    }
}

/// A key of a map.
pub(super) fn look_up(map: &super::value::Map, key: &Value) -> Open {
    let entries = map.entries.borrow();
    let value = entries.iter().find(|(other, _)| same_key(other, key)).map(|(_, value)| value.clone());
    Partial::optional(map.types.borrow().1.clone(), value, "key")
}

/// A slice of an array, as a copy, or of a string.
pub(super) fn slice(base: &Value, start: Option<i128>, end: Option<i128>) -> Res<Open> {
    let start = usize::try_from(start.unwrap_or(0));
    match (base, base.text()) {
        (Value::Array(array), _) => {
            let items = array.items.borrow();
            let end = end.map_or(Ok(items.len()), usize::try_from);
            let part = start.ok().zip(end.ok()).and_then(|(start, end)| items.get(start..end));
            let element = array.element.borrow().clone();
            let part = part.map(|part| Value::array(element.clone(), part.to_vec()));
            Ok(Partial::optional(Type::Array(Rc::new(element)), part, "range"))
        }
        (_, Some(text)) => {
            let end = end.map_or(Ok(text.len()), usize::try_from);
            let part = start.ok().zip(end.ok()).and_then(|(start, end)| text.get(start..end));
            Ok(Partial::optional(Type::Str, part.map(Value::str), "range"))
        }
        _ => Err(Stop::unsupported("a slice of another value")),
    }
}

/// `unwrap_or` and its kind; the receiver was asked.
pub(super) fn holds(value: &Value) -> Res<bool> {
    match value {
        Value::Optional(_, held) => Ok(held.is_some()),
        Value::Result(_, held) => Ok(held.is_ok()),
        _ => Err(Stop::unsupported("a question to another value")),
    }
}

/// What is held, or else the default.
pub(super) fn unwrap_or(value: Value, default: Value) -> Res<Value> {
    match value {
        Value::Optional(_, Some(value)) | Value::Result(_, Ok(value)) => Ok(value.as_ref().clone()),
        Value::Optional(ty, None) | Value::Result(ty, Err(_)) => coerce(default, &ty),
        _ => Err(Stop::unsupported("`unwrap_or` of another value")),
    }
}

//! Methods of arrays and maps.

use std::cmp::Ordering;
use std::rc::Rc;

use mog_compiler::ast::{BinaryOp, ExprId};

use super::builtins::extreme;
use super::expr::order;
use super::number::arithmetic;
use super::partial::{Open, Partial, look_up, slice};
use super::types::{Type, coerce, settle, type_of};
use super::value::{Array, Map, Value, equal, same_key};
use super::{Env, Interpreter, Res, Stop};

/// Larger collections are the machine's matter of memory.
const LARGEST: usize = 1 << 20;

impl Interpreter<'_> {
    /// A method of an array.
    pub(super) fn array_method(
        &mut self,
        env: &Env,
        array: &Rc<Array>,
        name: &str,
        args: &[ExprId],
    ) -> Res<Open> {
        let element = array.element.borrow().clone();
        let value = match (name, args) {
            ("len", []) => Value::int(array.items.borrow().len() as i128),
            ("push", &[item]) => {
                let item = settle(self.eval(env, item, &element)?)?;
                array.uses.change();
                let position = array.items.borrow().len();
                self.insert(array, position, item)?
            }
            ("insert", &[position, item]) => {
                let position = self.eval(env, position, &Type::Unknown)?.index()?;
                let item = settle(self.eval(env, item, &element)?)?;
                let position = usize::try_from(position).ok();
                let position = position.filter(|&position| position <= array.items.borrow().len());
                let position = position.ok_or_else(|| Stop::trap("out of range"))?;
                array.uses.change();
                self.insert(array, position, item)?
            }
            ("remove", &[position]) => {
                let position = self.eval(env, position, &Type::Unknown)?.index()?;
                let position = usize::try_from(position).ok();
                let position = position.filter(|&position| position < array.items.borrow().len());
                let position = position.ok_or_else(|| Stop::trap("out of range"))?;
                array.uses.change();
                array.items.borrow_mut().remove(position)
            }
            ("clear", []) => {
                array.uses.change();
                array.items.borrow_mut().clear();
                Value::Unit
            }
            ("pop", []) => {
                array.uses.change();
                let item = array.items.borrow_mut().pop();
                return Ok(Partial::optional(element, item, "empty"));
            }
            ("first", []) => {
                return Ok(Partial::optional(element, array.items.borrow().first().cloned(), "empty"));
            }
            ("last", []) => {
                return Ok(Partial::optional(element, array.items.borrow().last().cloned(), "empty"));
            }
            ("slice", &[start, end]) => {
                let start = self.eval(env, start, &Type::Unknown)?.index()?;
                let end = self.eval(env, end, &Type::Unknown)?.index()?;
                return slice(&Value::Array(array.clone()), Some(start), Some(end));
            }
            ("contains" | "index_of", &[item]) => {
                let item = self.eval(env, item, &element)?;
                let mut found = None;
                for (position, other) in array.items.borrow().iter().enumerate() {
                    if found.is_none() && equal(other, &item, 0)? {
                        found = Some(position);
                    }
                }
                match name {
                    "contains" => Value::Bool(found.is_some()),
                    _ => Value::int(found.map_or(-1, |position| position as i128)),
                }
            }
            ("reverse", []) => {
                Self::reordered(array)?;
                array.items.borrow_mut().reverse();
                Value::Array(array.clone())
            }
            ("join", &[separator]) => {
                let separator = self.text_of(env, separator)?;
                let items = array.items.borrow();
                let texts = items.iter().map(|item| self.display(item)).collect::<Res<Vec<_>>>()?;
                Value::str(texts.join(&separator))
            }
            ("concat", &[other]) => {
                let other = self.eval(env, other, &Type::Array(Rc::new(element.clone())))?;
                let Value::Array(other) = other else {
                    return Err(Stop::unsupported("`concat` with another value"));
                };
                let element = element.or(&other.element.borrow());
                let items = [array.items.borrow().as_slice(), other.items.borrow().as_slice()].concat();
                Value::array(element, items)
            }
            ("sum" | "min" | "max", []) => return self.fold(array, name),
            ("sort", _) => self.sort(env, array, args)?,
            _ => return self.callback_method(env, array, name, args),
        };
        if array.items.borrow().len() > LARGEST {
            return Err(Stop::unsupported("a large array"));
        }
        Ok(Open::Plain(value))
    }

    /// Whether an order inside its own loop counts as a change is left open.
    fn reordered(array: &Array) -> Res<()> {
        if array.uses.is_active() {
            return Err(Stop::unsupported("a new order inside its own loop"));
        }
        Ok(())
    }

    fn insert(&self, array: &Array, position: usize, item: Value) -> Res<Value> {
        let learnt = array.element.borrow().clone().or(&type_of(&item).settled());
        let item = coerce(item, &learnt)?;
        array.element.replace(learnt);
        array.items.borrow_mut().insert(position, item);
        Ok(Value::Unit)
    }

    fn fold(&self, array: &Array, name: &str) -> Res<Open> {
        let element = array.element.borrow().clone();
        let items = array.items.borrow();
        let Some(first) = items.first() else {
            return match element {
                Type::Int(kind) if name == "sum" => Ok(Open::Plain(Value::Int(kind, 0))),
                Type::Float(kind) if name == "sum" => Ok(Open::Plain(Value::Float(kind, 0.0))),
                _ => Err(Stop::unsupported("the least of nothing")),
            };
        };
        let mut result = first.clone();
        if let ("sum", Value::Float(kind, value)) = (name, first) {
            // The sum starts at zero, which matters for -0.0 only.
            result = Value::Float(*kind, 0.0 + value);
        }
        for item in items.iter().skip(1) {
            result = match name {
                "sum" => arithmetic(BinaryOp::Add, &result, item)?,
                _ => extreme(&result, item, name == "min")?,
            };
        }
        Ok(Open::Plain(result))
    }

    /// Stable, in place. A comparator gives a number, or whether the first comes before the second.
    fn sort(&mut self, env: &Env, array: &Rc<Array>, args: &[ExprId]) -> Res<Value> {
        let comparator = match args {
            [] => None,
            &[comparator] => Some(self.eval(env, comparator, &Type::Unknown)?),
            _ => return Err(Stop::unsupported("arguments of `sort`")),
        };
        Self::reordered(array)?;
        let mut items = array.items.borrow().clone();
        let guard = array.uses.enter();
        let length = items.len();
        // By insertion: no order of calls is promised, and none is relied on by a sensible comparator.
        for end in 1..items.len() {
            let mut at = end;
            while let Some([before, item]) = at.checked_sub(1).and_then(|start| items.get(start..=at)) {
                let earlier = self.comes_before(comparator.as_ref(), item.clone(), before.clone());
                guard.turned(earlier.is_err(), length, array.items.borrow().len())?;
                if !earlier? {
                    break;
                }
                items.swap(at - 1, at);
                at -= 1;
            }
        }
        drop(guard);
        array.items.replace(items);
        Ok(Value::Array(array.clone()))
    }

    fn comes_before(&mut self, comparator: Option<&Value>, a: Value, b: Value) -> Res<bool> {
        let Some(comparator) = comparator else {
            let order = order(&a, &b)?;
            return order.map(Ordering::is_lt).ok_or_else(|| Stop::unsupported("the order of NaN"));
        };
        match self.apply(comparator, vec![a, b])? {
            Value::Bool(before) => Ok(before),
            Value::Int(_, order) => Ok(order < 0),
            _ => Err(Stop::unsupported("a comparator of another type")),
        }
    }

    fn callback_method(&mut self, env: &Env, array: &Rc<Array>, name: &str, args: &[ExprId]) -> Res<Open> {
        let element = array.element.borrow().clone();
        let (init, callback) = match (name, args) {
            ("reduce", &[init, callback]) => (Some(self.eval(env, init, &Type::Unknown)?), callback),
            ("map" | "filter" | "find" | "any" | "all" | "for_each", &[callback]) => (None, callback),
            _ => return Err(Stop::unsupported(format!("the method {name} of an array"))),
        };
        let callback = self.eval(env, callback, &Type::Unknown)?;
        let guard = array.uses.enter();
        let items = array.items.borrow().clone();
        let mut results = Vec::new();
        let mut result_type = match &callback {
            Value::Closure(closure) => closure.signature.borrow().1.clone(),
            _ => Type::Unknown,
        };
        let mut held = init;
        for (position, item) in items.iter().enumerate() {
            // Elements may be replaced on the way.
            let item = array.items.borrow().get(position).cloned().unwrap_or_else(|| item.clone());
            let arguments = match &held {
                Some(held) => vec![held.clone(), item.clone()],
                None => vec![item.clone()],
            };
            let result = self.apply(&callback, arguments);
            let left = match (&result, name) {
                (Ok(Value::Bool(stops)), "any" | "find") => *stops,
                (Ok(Value::Bool(goes_on)), "all") => !goes_on,
                (result, _) => result.is_err(),
            };
            guard.turned(left, items.len(), array.items.borrow().len())?;
            let result = result?;
            match name {
                "reduce" => held = Some(result),
                "map" => {
                    let result = settle(result)?;
                    result_type = result_type.or(&type_of(&result));
                    results.push(result);
                }
                "filter" if result.truth()? => results.push(item),
                "find" if result.truth()? => return Ok(Open::Plain(Value::some(element, item))),
                "any" if result.truth()? => return Ok(Open::Plain(Value::Bool(true))),
                "all" if !result.truth()? => return Ok(Open::Plain(Value::Bool(false))),
                _ => {}
            }
        }
        Ok(Open::Plain(match name {
            "reduce" => held.unwrap_or(Value::Unit),
            "map" => {
                let results =
                    results.into_iter().map(|item| coerce(item, &result_type)).collect::<Res<_>>()?;
                Value::array(result_type, results)
            }
            "filter" => Value::array(element, results),
            "find" => Value::Optional(element, None),
            "any" => Value::Bool(false),
            "all" => Value::Bool(true),
            _ => Value::Unit,
        }))
    }

    /// A method of a map.
    pub(super) fn map_method(&mut self, env: &Env, map: &Rc<Map>, name: &str, args: &[ExprId]) -> Res<Open> {
        let types = map.types.borrow().clone();
        let value = match (name, args) {
            ("len", []) => Value::int(map.entries.borrow().len() as i128),
            ("has", &[key]) => {
                let key = self.eval(env, key, &types.0)?;
                Value::Bool(map.entries.borrow().iter().any(|(other, _)| same_key(other, &key)))
            }
            ("get", &[key]) => {
                let key = self.eval(env, key, &types.0)?;
                let Open::Partial(found) = look_up(map, &key) else {
                    return Err(Stop::unsupported("`get`"));
                };
                found.present()
            }
            ("keys", []) => {
                Value::array(types.0, map.entries.borrow().iter().map(|(key, _)| key.clone()).collect())
            }
            ("values", []) => {
                Value::array(types.1, map.entries.borrow().iter().map(|(_, value)| value.clone()).collect())
            }
            ("delete" | "remove", &[key]) => {
                let key = self.eval(env, key, &types.0)?;
                let position = map.entries.borrow().iter().position(|(other, _)| same_key(other, &key));
                if let Some(position) = position {
                    map.uses.change();
                    map.entries.borrow_mut().remove(position);
                }
                Value::Bool(position.is_some())
            }
            ("clear", []) => {
                map.uses.change();
                map.entries.borrow_mut().clear();
                Value::Unit
            }
            _ => {
                // A key that holds a function.
                return Err(Stop::unsupported(format!("the method {name} of a map")));
            }
        };
        Ok(Open::Plain(value))
    }
}

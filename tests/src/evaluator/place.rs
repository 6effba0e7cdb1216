//! Assignment.

use mog_compiler::ast::{BinaryOp, ExprId, ExprKind};

use super::number::arithmetic;
use super::types::{Type, coerce, type_of};
use super::value::{Value, any_of, same_key};
use super::{Env, Interpreter, Res, Stop};

impl Interpreter<'_> {
    /// `target = value`, `target op= value`. The place is evaluated first and once, then with an operator its old
    /// value is read, then the value is computed.
    pub(super) fn assign(
        &mut self,
        env: &Env,
        target: ExprId,
        op: Option<BinaryOp>,
        value: ExprId,
    ) -> Res<()> {
        self.spend()?;
        match self.ast[self.ast.without_parens(target)].kind {
            ExprKind::Name(name) => {
                let variable =
                    self.variable(env, name).ok_or_else(|| Stop::unsupported("an unknown variable"))?;
                let old = variable.value.borrow().clone();
                let ty = variable.ty.clone().or(&type_of(&old));
                let new = self.new_value(env, op, || Ok(old), value, &ty)?;
                variable.value.replace(new);
                Ok(())
            }
            ExprKind::Field { base, name } => match self.eval(env, base, &Type::Unknown)? {
                Value::Struct(object) => {
                    let index = self.field_index(object.name, name.symbol)?;
                    let field = self.struct_fields(object.name)?.get(index).copied();
                    let ty = field.map_or(Ok(Type::Unknown), |field| self.resolve(field.ty))?;
                    let old = || {
                        let old = object.fields.borrow().get(index).cloned();
                        old.ok_or_else(|| Stop::unsupported("an unknown field"))
                    };
                    let new = self.new_value(env, op, old, value, &ty)?;
                    if let Some(field) = object.fields.borrow_mut().get_mut(index) {
                        *field = new;
                    }
                    Ok(())
                }
                _ => Err(Stop::unsupported("assignment to a field of another value")),
            },
            ExprKind::Index { base, indices } => {
                let &[index] = self.ast.list(indices) else {
                    return Err(Stop::unsupported("several indices"));
                };
                match self.eval(env, base, &Type::Unknown)? {
                    Value::Array(array) => {
                        let index = self.eval(env, index, &Type::Unknown)?.index()?;
                        let ty = array.element.borrow().clone();
                        let at = |array: &super::value::Array| {
                            let position = usize::try_from(index).ok();
                            let position = position.filter(|&at| at < array.items.borrow().len());
                            position.ok_or_else(|| Stop::trap("out of range"))
                        };
                        let old = || {
                            let at = at(&array)?;
                            array.items.borrow().get(at).cloned().ok_or_else(|| Stop::trap("out of range"))
                        };
                        let new = self.new_value(env, op, old, value, &ty)?;
                        let at = at(&array)?;
                        if let Some(item) = array.items.borrow_mut().get_mut(at) {
                            *item = new;
                        }
                        Ok(())
                    }
                    Value::Map(map) => {
                        let (key_type, ty) = map.types.borrow().clone();
                        let key = self.eval(env, index, &key_type)?;
                        let old = || {
                            let entries = map.entries.borrow();
                            let found = entries.iter().find(|(other, _)| same_key(other, &key));
                            found.map(|(_, value)| value.clone()).ok_or_else(|| Stop::trap("no such key"))
                        };
                        let new = self.new_value(env, op, old, value, &ty)?;
                        self.put(&map, key, new)
                    }
                    _ => Err(Stop::unsupported("assignment to an element of another value")),
                }
            }
            _ => Err(Stop::unsupported("assignment to another place")),
        }
    }

    fn new_value(
        &mut self,
        env: &Env,
        op: Option<BinaryOp>,
        old: impl FnOnce() -> Res<Value>,
        value: ExprId,
        ty: &Type,
    ) -> Res<Value> {
        match op {
            None => self.eval(env, value, ty),
            Some(op) => {
                let old = old()?;
                let value = self.eval(env, value, ty)?;
                arithmetic(op, &old, &value)
            }
        }
    }

    /// Sets a key of a map.
    pub(super) fn put(&mut self, map: &super::value::Map, key: Value, value: Value) -> Res<()> {
        let (key_type, value_type) = map.types.borrow().clone();
        let value = if value_type == Type::Any { any_of(&value)? } else { value };
        let learnt = (key_type.or(&type_of(&key).settled()), value_type.or(&type_of(&value).settled()));
        let (key, value) = (coerce(key, &learnt.0)?, coerce(value, &learnt.1)?);
        map.types.replace(learnt);
        let position = map.entries.borrow().iter().position(|(other, _)| same_key(other, &key));
        match position {
            Some(position) => {
                if let Some(entry) = map.entries.borrow_mut().get_mut(position) {
                    entry.1 = value;
                }
            }
            None => {
                map.uses.change();
                map.entries.borrow_mut().push((key, value));
            }
        }
        Ok(())
    }
}

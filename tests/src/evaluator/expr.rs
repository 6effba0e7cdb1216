//! Expressions.

use std::cmp::Ordering;
use std::rc::Rc;

use mog_compiler::ast::{
    BinaryOp, ExprId, ExprKind, FPart, FieldInit, Level, List, MapEntry, Name, Symbol, Term, UnaryOp,
};

use super::number::{self, FloatKind, IntKind, arithmetic};
use super::partial::Open;
use super::types::{Type, coerce, settle, type_of};
use super::value::{Enum, Struct, Value, any_of, equal};
use super::{Env, Interpreter, Res, Stop};

impl Interpreter<'_> {
    /// The value of an expression where this type is expected.
    pub(super) fn eval(&mut self, env: &Env, id: ExprId, want: &Type) -> Res<Value> {
        self.spend()?;
        let value = match self.open(env, id, want)? {
            Open::Plain(value) => value,
            Open::Partial(partial) => partial.expected(want)?,
        };
        if *want == Type::Unknown { Ok(value) } else { coerce(value, want) }
    }

    /// The value of an expression that is no partial operation; see [`Self::open`].
    pub(super) fn plain(&mut self, env: &Env, id: ExprId, want: &Type) -> Res<Value> {
        match self.ast[id].kind {
            ExprKind::Unit => Ok(Value::Unit),
            ExprKind::None => Ok(Value::Optional(want.inner(), None)),
            ExprKind::Bool(value) => Ok(Value::Bool(value)),
            ExprKind::Int(value) => Ok(Value::Int(IntKind::Literal, i128::from(value))),
            ExprKind::Float(value) => Ok(Value::Float(FloatKind::Literal, value)),
            ExprKind::Str(text) => Ok(Value::str(self.ast.text(text))),
            ExprKind::FString(parts) => self.f_string(env, parts),
            ExprKind::Name(name) => self.name(env, name),
            ExprKind::Array(items) => self.array(env, items, want),
            ExprKind::Repeat { value, count } => self.repeat(env, value, count, want),
            ExprKind::Map(entries) => self.map(env, entries, want),
            ExprKind::Struct { path, fields } => self.structure(env, path, fields),
            ExprKind::Chain { level, first, rest } => self.chain(env, level, first, rest, want),
            ExprKind::Unary { op, operand } => self.unary(env, op, operand, want),
            ExprKind::Is { .. } => Ok(Value::Bool(self.condition(&mut env.clone(), id)?)),
            ExprKind::Question(value) => self.question(env, value),
            ExprKind::If { arms, otherwise } => self.if_arms(env, self.ast.list(arms), otherwise, want),
            ExprKind::Match { value, arms } => self.match_arms(env, value, self.ast.list(arms), want),
            ExprKind::Block(block) => self.block(env, block, want),
            ExprKind::Try { body, name, handler } => self.try_catch(env, body, name, handler, want),
            ExprKind::Closure(function) => self.closure(env, function),
            ExprKind::Return(value) => {
                let want = self.frames.last().map_or(Type::Unknown, |frame| frame.result.clone());
                let value = value.map_or(Ok(Value::Unit), |value| self.eval(env, value, &want))?;
                Err(Stop::Return(value))
            }
            ExprKind::Break => Err(Stop::Break),
            ExprKind::Continue => Err(Stop::Continue),
            _ => Err(Stop::unsupported("this kind of expression")),
        }
    }

    fn name(&mut self, env: &Env, name: Symbol) -> Res<Value> {
        if let Some(variable) = self.variable(env, name) {
            return Ok(variable.value.borrow().clone());
        }
        if let Some(value) = self.constant(name) {
            return value;
        }
        if let Some(&function) = self.functions.get(&name) {
            return self.function_value(function);
        }
        match self.ast.text(name) {
            "PI" => Ok(Value::float(std::f64::consts::PI)),
            "E" => Ok(Value::float(std::f64::consts::E)),
            text => Err(Stop::unsupported(format!("the name {text}"))),
        }
    }

    fn f_string(&mut self, env: &Env, parts: List<FPart>) -> Res<Value> {
        let mut text = String::new();
        for part in self.ast.list(parts) {
            match *part {
                FPart::Text(symbol) => text.push_str(self.ast.text(symbol)),
                FPart::Value { value, decimals: None } => {
                    let value = self.eval(env, value, &Type::Unknown)?;
                    text.push_str(&self.display(&value)?);
                }
                FPart::Value { value, decimals: Some(decimals) } => {
                    match self.eval(env, value, &Type::Unknown)? {
                        Value::Float(_, value) if value.is_finite() => {
                            text.push_str(&format!("{value:.*}", usize::from(decimals)));
                        }
                        _ => return Err(Stop::unsupported("decimals of another value")),
                    }
                }
            }
        }
        Ok(Value::str(text))
    }

    fn array(&mut self, env: &Env, items: List<ExprId>, want: &Type) -> Res<Value> {
        let mut element = want.element();
        let mut values = Vec::new();
        for &item in self.ast.list(items) {
            let value = settle(self.eval(env, item, &element)?)?;
            element = element.or(&type_of(&value));
            values.push(value);
        }
        // What came first may learn from what came later.
        let values = values.into_iter().map(|value| coerce(value, &element)).collect::<Res<Vec<_>>>()?;
        Ok(Value::array(element, values))
    }

    /// `[value; count]`. A literal that makes an object makes one for each element, and then the count comes first.
    fn repeat(&mut self, env: &Env, value: ExprId, count: ExprId, want: &Type) -> Res<Value> {
        let makes_object = matches!(
            self.ast[self.ast.without_parens(value)].kind,
            ExprKind::Array(_) | ExprKind::Repeat { .. } | ExprKind::Map(_) | ExprKind::Struct { .. }
        );
        let one = |this: &mut Self| settle(this.eval(env, value, &want.element())?);
        let first = if makes_object { None } else { Some(one(self)?) };
        let count = self.eval(env, count, &Type::Unknown)?.index()?;
        let count = usize::try_from(count).map_err(|_| Stop::trap("negative"))?;
        if count > 100_000 {
            return Err(Stop::unsupported("a large array"));
        }
        let items = match first {
            Some(first) => vec![first; count],
            None => (0..count).map(|_| one(self)).collect::<Res<_>>()?,
        };
        let element = items.first().map_or(want.element(), |item| want.element().or(&type_of(item)));
        Ok(Value::array(element, items))
    }

    fn map(&mut self, env: &Env, entries: List<MapEntry>, want: &Type) -> Res<Value> {
        let types = match want {
            Type::Map(types) => types.as_ref().clone(),
            _ => (Type::Unknown, Type::Unknown),
        };
        let Value::Map(map) = Value::map(types, Vec::new()) else {
            return Err(Stop::unsupported("a map"));
        };
        for entry in self.ast.list(entries) {
            let types = map.types.borrow().clone();
            let key = settle(self.eval(env, entry.key, &types.0)?)?;
            let value = settle(self.eval(env, entry.value, &types.1)?)?;
            self.put(&map, key, value)?;
        }
        let learnt = Type::Map(Rc::new(map.types.borrow().clone()));
        coerce(Value::Map(map), &learnt)
    }

    fn structure(&mut self, env: &Env, path: List<Name>, fields: List<FieldInit>) -> Res<Value> {
        let &[name] = self.ast.list(path) else {
            return Err(Stop::unsupported("types of modules"));
        };
        let name = match self.aliases.get(&name.symbol) {
            Some(&alias) => match self.resolve(alias)? {
                Type::Struct(name) => name,
                _ => return Err(Stop::unsupported("an alias of another type")),
            },
            None => name.symbol,
        };
        let declared = self.struct_fields(name)?;
        let mut values = vec![None; declared.len()];
        for field in self.ast.list(fields) {
            let index = self.field_index(name, field.name.symbol)?;
            let ty = declared.get(index).map_or(Ok(Type::Unknown), |field| self.resolve(field.ty))?;
            let value = self.eval(env, field.value, &ty)?;
            if let Some(slot) = values.get_mut(index) {
                *slot = Some(value);
            }
        }
        let values: Option<Vec<Value>> = values.into_iter().collect();
        let fields = values.ok_or_else(|| Stop::unsupported("a struct with a field left out"))?;
        Ok(Value::Struct(Rc::new(Struct { name, fields: fields.into() })))
    }

    /// `Enum.Variant` with its payload.
    pub(super) fn variant_value(
        &mut self,
        env: &Env,
        name: Symbol,
        variant: Symbol,
        args: &[ExprId],
    ) -> Res<Value> {
        let declared = self.variant(name, variant).ok_or_else(|| Stop::unsupported("an unknown variant"))?;
        let types = self.ast.list(declared.payload);
        if types.len() != args.len() {
            return Err(Stop::unsupported("a variant with another payload"));
        }
        let mut payload = Vec::new();
        for (&arg, &ty) in args.iter().zip(types) {
            let ty = self.resolve(ty)?;
            payload.push(self.eval(env, arg, &ty)?);
        }
        Ok(Value::Enum(Rc::new(Enum { name, variant, payload })))
    }

    fn chain(&mut self, env: &Env, level: Level, first: ExprId, rest: List<Term>, want: &Type) -> Res<Value> {
        match level {
            Level::Arithmetic => {
                let want = if matches!(want, Type::Int(_) | Type::Float(_)) { want } else { &Type::Unknown };
                let mut left = self.eval(env, first, want)?;
                for term in self.ast.list(rest) {
                    let shift = matches!(term.op, BinaryOp::Shl | BinaryOp::Shr);
                    let right = self.eval(env, term.operand, if shift { &Type::Unknown } else { want })?;
                    left = arithmetic(term.op, &left, &right)?;
                }
                Ok(left)
            }
            Level::Comparison => {
                let left = self.eval(env, first, &Type::Unknown)?;
                let &[term] = self.ast.list(rest) else {
                    return Err(Stop::unsupported("comparisons that chain"));
                };
                let right = self.eval(env, term.operand, &Type::Unknown)?;
                compare(term.op, &left, &right).map(Value::Bool)
            }
            Level::Logic => {
                let mut left = self.eval(env, first, &Type::Bool)?.truth()?;
                for term in self.ast.list(rest) {
                    let decided = if term.op == BinaryOp::And { !left } else { left };
                    if !decided {
                        left = self.eval(env, term.operand, &Type::Bool)?.truth()?;
                    }
                }
                Ok(Value::Bool(left))
            }
        }
    }

    fn unary(&mut self, env: &Env, op: UnaryOp, operand: ExprId, want: &Type) -> Res<Value> {
        // The literal of `-128` is 128 only in the syntax tree.
        let is_literal = matches!(self.ast[operand].kind, ExprKind::Int(_));
        let value = self.eval(env, operand, if is_literal { &Type::Unknown } else { want })?;
        match (op, value) {
            (UnaryOp::Not, value) => Ok(Value::Bool(!value.truth()?)),
            (UnaryOp::Neg, Value::Int(kind, value)) => Ok(Value::Int(kind, kind.wrap(-value))),
            (UnaryOp::Neg, Value::Float(kind, value)) => Ok(Value::Float(kind, -value)),
            (UnaryOp::BitNot, Value::Int(kind, value)) => {
                if let Type::Int(wanted) = want {
                    return Ok(Value::Int(*wanted, wanted.wrap(!value)));
                }
                Ok(Value::Int(kind, kind.wrap(!value)))
            }
            _ => Err(Stop::unsupported("an operator on another value")),
        }
    }

    /// `value as T`, where `value` is no `any`.
    pub(super) fn convert(&self, value: Value, ty: &Type) -> Res<Value> {
        match ty {
            Type::Any => any_of(&value),
            Type::Int(kind) => number::to_int(&value, *kind),
            Type::Float(kind) => number::to_float(&value, *kind),
            _ if type_of(&value) == *ty => Ok(value),
            _ => Err(Stop::unsupported("a conversion to another type")),
        }
    }
}

fn compare(op: BinaryOp, left: &Value, right: &Value) -> Res<bool> {
    let order = match op {
        BinaryOp::Eq => return equal(left, right, 0),
        BinaryOp::Ne => return equal(left, right, 0).map(|equal| !equal),
        _ => order(left, right)?,
    };
    Ok(match op {
        BinaryOp::Lt => order.is_some_and(Ordering::is_lt),
        BinaryOp::Le => order.is_some_and(Ordering::is_le),
        BinaryOp::Gt => order.is_some_and(Ordering::is_gt),
        _ => order.is_some_and(Ordering::is_ge),
    })
}

/// How two numbers or strings compare; nothing for NaN.
pub(super) fn order(left: &Value, right: &Value) -> Res<Option<Ordering>> {
    match (left.text(), right.text()) {
        (Some(x), Some(y)) => Ok(Some(x.as_bytes().cmp(y.as_bytes()))),
        _ => match (left, right) {
            (Value::Int(..), Value::Int(..)) | (Value::Float(..), Value::Float(..)) => {
                Ok(number::compare(left, right))
            }
            _ => Err(Stop::unsupported("the order of other values")),
        },
    }
}

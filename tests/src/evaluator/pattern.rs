//! Patterns and `match`.

use std::cmp::Ordering;

use mog_compiler::ast::{ExprId, ExprKind, MatchArm, PatId, PatKind, Symbol, UnaryOp, sym};

use super::types::{Type, settle, type_of};
use super::value::{Value, equal};
use super::{Env, Interpreter, Res, Stop, bind, number};

impl Interpreter<'_> {
    /// The value that patterns look at: asked where they ask.
    pub(super) fn subject(&mut self, env: &Env, value: ExprId, patterns: &[PatId]) -> Res<Value> {
        let asks = patterns.iter().any(|&pattern| self.asks(pattern));
        settle(if asks { self.asked(env, value)? } else { self.eval(env, value, &Type::Unknown)? })
    }

    fn asks(&self, pattern: PatId) -> bool {
        match self.ast[pattern].kind {
            PatKind::None | PatKind::Some(_) | PatKind::Ok(_) | PatKind::Err(_) => true,
            PatKind::Or(list) => self.ast.list(list).iter().any(|&pattern| self.asks(pattern)),
            _ => false,
        }
    }

    pub(super) fn match_arms(
        &mut self,
        env: &Env,
        value: ExprId,
        arms: &[MatchArm],
        want: &Type,
    ) -> Res<Value> {
        let patterns: Vec<PatId> = arms.iter().map(|arm| arm.pattern).collect();
        let subject = self.subject(env, value, &patterns)?;
        for arm in arms {
            let mut inner = env.clone();
            if self.matches(&mut inner, arm.pattern, &subject)?
                && arm.guard.map_or(Ok(true), |guard| self.condition(&mut inner, guard))?
            {
                return self.eval(&inner, arm.body, want);
            }
        }
        Err(Stop::unsupported("a match that is not exhaustive"))
    }

    /// Whether a value matches; binds names on the way, also where it does not match in the end.
    pub(super) fn matches(&mut self, env: &mut Env, pattern: PatId, value: &Value) -> Res<bool> {
        match self.ast[pattern].kind {
            PatKind::Error => Err(Stop::unsupported("a syntax error")),
            PatKind::Wildcard => Ok(true),
            PatKind::Name(name) => self.matches_name(env, name, value),
            PatKind::Literal(literal) => {
                let literal = self.eval(env, literal, &Type::Unknown)?;
                equal(value, &literal, 0)
            }
            PatKind::Range { start, end, inclusive } => {
                let (start, end) = (self.range_end(env, start)?, self.range_end(env, end)?);
                let after = number::compare(&start, value).is_some_and(Ordering::is_le);
                let before = number::compare(value, &end);
                Ok(after && before.is_some_and(|order| order.is_lt() || (inclusive && order.is_eq())))
            }
            PatKind::Or(list) => {
                for &alternative in self.ast.list(list) {
                    let mut inner = env.clone();
                    if self.matches(&mut inner, alternative, value)? {
                        *env = inner;
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            PatKind::None => match value {
                Value::Optional(_, held) => Ok(held.is_none()),
                _ => Err(Stop::unsupported("`none` against another value")),
            },
            PatKind::Some(inner) => match value {
                Value::Optional(_, Some(held)) => self.matches(env, inner, held),
                Value::Optional(_, None) => Ok(false),
                _ => Err(Stop::unsupported("`some` against another value")),
            },
            PatKind::Ok(inner) => match value {
                Value::Result(_, Ok(held)) => self.matches(env, inner, held),
                Value::Result(_, Err(_)) => Ok(false),
                _ => Err(Stop::unsupported("`ok` against another value")),
            },
            PatKind::Err(inner) => match value {
                Value::Result(_, Err(failure)) => self.matches(env, inner, &Value::Failure(failure.clone())),
                Value::Result(_, Ok(_)) => Ok(false),
                _ => Err(Stop::unsupported("`err` against another value")),
            },
            PatKind::Variant { path, args, .. } => {
                let Value::Enum(object) = value else {
                    return Err(Stop::unsupported("a variant against another value"));
                };
                let variant = self.ast.list(path).last().map(|name| name.symbol);
                if variant != Some(object.variant) {
                    return Ok(false);
                }
                let args = self.ast.list(args);
                if args.len() != object.payload.len() {
                    return Err(Stop::unsupported("a variant with another payload"));
                }
                for (&arg, held) in args.iter().zip(&object.payload) {
                    if !self.matches(env, arg, held)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            PatKind::Struct { fields, .. } => {
                let Value::Struct(object) = value else {
                    return Err(Stop::unsupported("a struct pattern against another value"));
                };
                for field in self.ast.list(fields) {
                    let index = self.field_index(object.name, field.name.symbol)?;
                    let Some(held) = object.fields.borrow().get(index).cloned() else { return Ok(false) };
                    if !self.matches(env, field.pattern, &held)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }

    /// A name alone: a variant, a constant, or a binding.
    fn matches_name(&mut self, env: &mut Env, name: Symbol, value: &Value) -> Res<bool> {
        if name == sym::UNDERSCORE {
            return Ok(true);
        }
        if let Value::Enum(object) = value
            && self.variant(object.name, name).is_some()
        {
            return Ok(object.variant == name);
        }
        let constant = match self.variable(env, name).filter(|variable| variable.constant) {
            Some(variable) => Some(variable.value.borrow().clone()),
            None => self.constant(name).transpose()?,
        };
        match constant {
            Some(constant) => equal(value, &constant, 0),
            None => {
                bind(env, name, value.clone(), type_of(value));
                Ok(true)
            }
        }
    }

    fn range_end(&mut self, env: &Env, end: ExprId) -> Res<Value> {
        match self.ast[end].kind {
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Name(_)
            | ExprKind::Unary { op: UnaryOp::Neg, .. } => self.eval(env, end, &Type::Unknown),
            _ => Err(Stop::unsupported("another end of a range")),
        }
    }
}

//! Built-in functions.

use std::rc::Rc;

use mog_compiler::ast::{Arg, ExprId};

use super::call::positional;
use super::expr::order;
use super::number::{FloatKind, IntKind, arithmetic};
use super::partial::{Open, Partial};
use super::types::{Type, settle, type_of};
use super::value::{Failure, Value};
use super::{Env, Interpreter, Res, Stop};
use mog_compiler::ast::BinaryOp;

impl Interpreter<'_> {
    /// A call of a built-in function.
    pub(super) fn builtin(&mut self, env: &Env, name: &str, args: &[Arg], want: &Type) -> Res<Open> {
        let args = positional(args)?;
        if name == "print" || name == "println" || name.starts_with("print_") || name.starts_with("println_")
        {
            return self.print(env, name, &args).map(Open::Plain);
        }
        let value = match (name, args.as_slice()) {
            ("ok", []) => Value::Result(Type::Unit, Ok(Rc::new(Value::Unit))),
            ("ok", &[value]) => {
                let value = self.eval(env, value, &want.inner())?;
                Value::Result(want.inner().or(&type_of(&value)), Ok(Rc::new(value)))
            }
            ("some", &[value]) => {
                let value = self.eval(env, value, &want.inner())?;
                Value::some(want.inner().or(&type_of(&value)), value)
            }
            ("err", &[message]) => {
                let message = self.text_of(env, message)?;
                Value::Result(want.inner(), Err(Failure(Some(message))))
            }
            ("str", &[value]) => {
                let value = self.eval(env, value, &Type::Unknown)?;
                Value::str(self.display(&value)?)
            }
            ("assert", &[condition, ..]) => {
                let holds = self.eval(env, condition, &Type::Bool)?.truth()?;
                let message = match args.get(1) {
                    Some(&message) => self.text_of(env, message)?,
                    None => "assertion failed".into(),
                };
                if !holds {
                    return Err(Stop::trap(message.as_ref()));
                }
                Value::Unit
            }
            ("panic", &[message]) => return Err(Stop::trap(self.text_of(env, message)?.as_ref())),
            (
                "int" | "parse_int" | "int_from_string" | "float" | "parse_float" | "float_from_string",
                &[text],
            ) => return self.parse(env, name, text),
            _ => return self.mathematics(env, name, &args).map(Open::Plain),
        };
        Ok(Open::Plain(value))
    }

    fn print(&mut self, env: &Env, name: &str, args: &[ExprId]) -> Res<Value> {
        let mut texts = Vec::new();
        for &arg in args {
            let value = self.eval(env, arg, &Type::Unknown)?;
            texts.push(self.display(&value)?);
        }
        self.output.push_str(&texts.join(" "));
        if name.starts_with("println") {
            self.output.push('\n');
        }
        Ok(Value::Unit)
    }

    pub(super) fn text_of(&mut self, env: &Env, id: ExprId) -> Res<Rc<str>> {
        let value = self.eval(env, id, &Type::Str)?;
        value.text().ok_or_else(|| Stop::unsupported("another value than a string"))
    }

    fn parse(&mut self, env: &Env, name: &str, text: ExprId) -> Res<Open> {
        let text = self.text_of(env, text)?;
        if name.contains("int") {
            let digits = text.strip_prefix('-').unwrap_or(&text);
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            if !plain && may_be_a_number(digits) {
                return Err(Stop::unsupported("a number in another form"));
            }
            let number = if plain { text.parse::<i64>().ok() } else { None };
            let number = number.map(|number| Value::int(number.into()));
            return Ok(Partial::result(Type::Int(IntKind::I64), number));
        }
        let digit_at = |at: Option<u8>| at.is_some_and(|byte| byte.is_ascii_digit());
        let known = text.bytes().all(|byte| byte.is_ascii_digit() || b"-.e".contains(&byte))
            && digit_at(text.trim_start_matches('-').bytes().next())
            && digit_at(text.bytes().last())
            && !text.contains(".e");
        let number = if known { text.parse::<f64>().ok() } else { None };
        let lower = text.to_lowercase();
        if !known && (may_be_a_number(&text) || lower.contains("inf") || lower.contains("nan")) {
            return Err(Stop::unsupported("a number in another form"));
        }
        Ok(Partial::result(Type::Float(FloatKind::F64), number.map(Value::float)))
    }

    fn mathematics(&mut self, env: &Env, name: &str, args: &[ExprId]) -> Res<Value> {
        let mut values = Vec::new();
        let mut ty = Type::Unknown;
        for &arg in args {
            let value = self.eval(env, arg, &Type::Unknown)?;
            ty = ty.or(&type_of(&value));
            values.push(value);
        }
        let values =
            values.into_iter().map(|value| super::types::coerce(value, &ty)).collect::<Res<Vec<_>>>()?;
        match (name, values.as_slice()) {
            ("min", [a, b]) => extreme(a, b, true),
            ("max", [a, b]) => extreme(a, b, false),
            ("clamp", [x, low, high]) => {
                if order(low, high)?.is_none_or(std::cmp::Ordering::is_gt) {
                    return Err(Stop::unsupported("an empty range to clamp to"));
                }
                extreme(&extreme(x, low, false)?, high, true)
            }
            ("checked_add", [a, b]) => checked(BinaryOp::Add, a, b),
            ("checked_sub", [a, b]) => checked(BinaryOp::Sub, a, b),
            ("checked_mul", [a, b]) => checked(BinaryOp::Mul, a, b),
            (_, [Value::Int(kind, value)]) => integer_function(name, *kind, *value),
            (_, [Value::Float(kind, value)]) => float_function(name, *kind, *value),
            (_, [Value::Float(FloatKind::F64 | FloatKind::Literal, a), Value::Float(_, b)]) => match name {
                "pow" => Ok(Value::float(libm::pow(*a, *b))),
                "atan2" => Ok(Value::float(libm::atan2(*a, *b))),
                _ => Err(Stop::unsupported(format!("the function {name}"))),
            },
            _ => Err(Stop::unsupported(format!("the function {name}"))),
        }
    }
}

/// Whether some other notation of numbers has this form: what is accepted beyond decimal digits is left open.
fn may_be_a_number(digits: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_whitespace() || b"_+-.e".contains(&byte);
    ["0x", "0X", "0b", "0o"].iter().any(|prefix| digits.starts_with(prefix))
        || (digits.bytes().any(|byte| byte.is_ascii_digit()) && digits.bytes().all(known))
}

/// The lesser or the greater.
pub(super) fn extreme(a: &Value, b: &Value, least: bool) -> Res<Value> {
    let Some(order) = order(a, b)? else {
        return Err(Stop::unsupported("the least of NaN"));
    };
    if let (Value::Float(_, x), Value::Float(_, y)) = (a, b)
        && *x == 0.0
        && *y == 0.0
    {
        return Err(Stop::unsupported("the least of two zeros"));
    }
    Ok(if (order.is_le() && least) || (order.is_ge() && !least) { a.clone() } else { b.clone() })
}

fn checked(op: BinaryOp, a: &Value, b: &Value) -> Res<Value> {
    let (a, b) = (settle(a.clone())?, settle(b.clone())?);
    let (Value::Int(kind, x), Value::Int(_, y)) = (&a, &b) else {
        return Err(Stop::unsupported("checked arithmetic on another value"));
    };
    let exact = match op {
        BinaryOp::Add => x + y,
        BinaryOp::Sub => x - y,
        _ => x.checked_mul(*y).ok_or_else(|| Stop::unsupported("a large product"))?,
    };
    let fits = kind.wrap(exact) == exact;
    let ty = Type::Int(*kind);
    Ok(if fits { Value::some(ty, arithmetic(op, &a, &b)?) } else { Value::Optional(ty, None) })
}

fn integer_function(name: &str, kind: IntKind, value: i128) -> Res<Value> {
    let (bits, _) = kind.width();
    let pattern = value as u128 & ((1 << bits) - 1);
    match name {
        "abs" => Ok(Value::Int(kind, kind.wrap(value.abs()))),
        "sign" => Ok(Value::Int(kind, value.signum())),
        "count_ones" => Ok(Value::int(pattern.count_ones().into())),
        "leading_zeros" => Ok(Value::int(i128::from(pattern.leading_zeros()) + i128::from(bits) - 128)),
        _ => Err(Stop::unsupported(format!("the function {name} of an integer"))),
    }
}

fn float_function(name: &str, kind: FloatKind, value: f64) -> Res<Value> {
    let result = match name {
        "is_nan" => return Ok(Value::Bool(value.is_nan())),
        "abs" => value.abs(),
        "sqrt" => value.sqrt(),
        "floor" => value.floor(),
        "ceil" => value.ceil(),
        "trunc" => value.trunc(),
        "round" => libm::round(value),
        _ if kind == FloatKind::F32 => return Err(Stop::unsupported("mathematics of f32")),
        "sin" => libm::sin(value),
        "cos" => libm::cos(value),
        "tan" => libm::tan(value),
        "asin" => libm::asin(value),
        "acos" => libm::acos(value),
        "atan" => libm::atan(value),
        "exp" => libm::exp(value),
        "log" => libm::log(value),
        "log2" => libm::log2(value),
        "log10" => libm::log10(value),
        _ => return Err(Stop::unsupported(format!("the function {name} of a float"))),
    };
    Ok(Value::Float(kind, kind.round(result)))
}

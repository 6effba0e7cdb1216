//! Numbers: arithmetic that wraps at the type's width, conversions, and how they print.

use std::cmp::Ordering;

use mog_compiler::ast::BinaryOp;

use super::value::Value;
use super::{Res, Stop};

/// Longer strings are the machine's matter of memory.
pub(super) const LONGEST: usize = 1 << 20;

/// An integer type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum IntKind {
    /// A literal of which nothing is expected yet.
    Literal,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
}

impl IntKind {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "int" | "i64" => Self::I64,
            "i8" => Self::I8,
            "i16" => Self::I16,
            "i32" => Self::I32,
            "u8" => Self::U8,
            "u16" => Self::U16,
            "u32" => Self::U32,
            "u64" => Self::U64,
            _ => return None,
        })
    }

    /// Bits of the type, and whether it has a sign.
    pub(super) const fn width(self) -> (u32, bool) {
        match self {
            Self::I8 => (8, true),
            Self::I16 => (16, true),
            Self::I32 => (32, true),
            Self::I64 | Self::Literal => (64, true),
            Self::U8 => (8, false),
            Self::U16 => (16, false),
            Self::U32 => (32, false),
            Self::U64 => (64, false),
        }
    }

    /// The two's complement value at this width.
    pub(super) const fn wrap(self, value: i128) -> i128 {
        let (bits, signed) = self.width();
        let low = value & ((1 << bits) - 1);
        if signed && low >> (bits - 1) == 1 { low - (1 << bits) } else { low }
    }

    /// The least and greatest value.
    pub(super) const fn range(self) -> (i128, i128) {
        match self.width() {
            (bits, true) => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
            (bits, false) => (0, (1 << bits) - 1),
        }
    }
}

/// A type of floats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FloatKind {
    /// A literal of which nothing is expected yet.
    Literal,
    F32,
    F64,
}

impl FloatKind {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "float" | "f64" => Some(Self::F64),
            "f32" => Some(Self::F32),
            _ => None,
        }
    }

    pub(super) fn round(self, value: f64) -> f64 {
        if self == Self::F32 { f64::from(value as f32) } else { value }
    }
}

/// The type of an operation between two integers.
fn common_int(a: IntKind, b: IntKind) -> Res<IntKind> {
    match (a, b) {
        (IntKind::Literal, kind) | (kind, IntKind::Literal) => Ok(kind),
        (a, b) if a == b => Ok(a),
        _ => Err(Stop::unsupported("integers of two types")),
    }
}

fn common_float(a: FloatKind, b: FloatKind) -> Res<FloatKind> {
    match (a, b) {
        (FloatKind::Literal, kind) | (kind, FloatKind::Literal) => Ok(kind),
        (a, b) if a == b => Ok(a),
        _ => Err(Stop::unsupported("floats of two types")),
    }
}

/// Arithmetic and bits.
pub(super) fn arithmetic(op: BinaryOp, left: &Value, right: &Value) -> Res<Value> {
    match (left, right) {
        (Value::Int(a, x), Value::Int(b, y)) => {
            let kind = common_int(*a, *b)?;
            for (from, value) in [(a, x), (b, y)] {
                // Of a literal that still could be `u64` nothing is known if its type stays open.
                if *from == IntKind::Literal && kind.wrap(*value) != *value {
                    return Err(Stop::unsupported("a literal beyond its type"));
                }
            }
            Ok(Value::Int(kind, integers(op, kind, *x, *y)?))
        }
        (Value::Float(a, x), Value::Float(b, y)) => {
            let kind = common_float(*a, *b)?;
            let (x, y) = (kind.round(*x), kind.round(*y));
            let result = match op {
                BinaryOp::Add => x + y,
                BinaryOp::Sub => x - y,
                BinaryOp::Mul => x * y,
                BinaryOp::Div => x / y,
                BinaryOp::Rem => libm::fmod(x, y),
                _ => return Err(Stop::unsupported("bits of a float")),
            };
            Ok(Value::Float(kind, kind.round(result)))
        }
        _ => match (op, left.text(), right.text()) {
            (BinaryOp::Add, Some(x), Some(y)) if x.len() + y.len() > LONGEST => {
                Err(Stop::unsupported("a large string"))
            }
            (BinaryOp::Add, Some(x), Some(y)) => Ok(Value::str(format!("{x}{y}"))),
            _ => Err(Stop::unsupported("arithmetic on other values")),
        },
    }
}

fn integers(op: BinaryOp, kind: IntKind, x: i128, y: i128) -> Res<i128> {
    let (bits, _) = kind.width();
    let result = match op {
        BinaryOp::Add => x + y,
        BinaryOp::Sub => x - y,
        // Two 64-bit factors fit 128 bits, but for `u64` the sign is needed for something else.
        BinaryOp::Mul => x.wrapping_mul(y),
        BinaryOp::Div | BinaryOp::Rem if y == 0 => return Err(Stop::trap("division by zero")),
        BinaryOp::Div => x / y,
        BinaryOp::Rem => x % y,
        BinaryOp::BitAnd => x & y,
        BinaryOp::BitOr => x | y,
        BinaryOp::BitXor => x ^ y,
        BinaryOp::Shl | BinaryOp::Shr if y < 0 || y >= i128::from(bits) => return Err(Stop::trap("shift")),
        BinaryOp::Shl => x << y,
        BinaryOp::Shr => x >> y,
        _ => return Err(Stop::unsupported("an operator of another level")),
    };
    Ok(kind.wrap(result))
}

/// How two numbers compare; nothing for NaN.
pub(super) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(_, x), Value::Int(_, y)) => Some(x.cmp(y)),
        (Value::Float(a, x), Value::Float(b, y)) => {
            // Of two types only where a literal in a literal array took the usual one for want of another.
            let other = if *a == FloatKind::F64 { *b } else { *a };
            let kind = common_float(*a, *b).unwrap_or(other);
            kind.round(*x).partial_cmp(&kind.round(*y))
        }
        _ => None,
    }
}

/// `value as` an integer type.
pub(super) fn to_int(value: &Value, kind: IntKind) -> Res<Value> {
    let (low, high) = kind.range();
    let number = match value {
        Value::Int(_, value) => kind.wrap(*value),
        Value::Float(_, value) if value.is_nan() => 0,
        Value::Float(_, value) => (value.trunc() as i128).clamp(low, high),
        _ => return Err(Stop::unsupported("a conversion of another value")),
    };
    Ok(Value::Int(kind, number))
}

/// `value as` a float type: the nearest.
pub(super) fn to_float(value: &Value, kind: FloatKind) -> Res<Value> {
    let number = match (value, kind) {
        (Value::Int(_, value), FloatKind::F32) => f64::from(*value as f32),
        (Value::Int(_, value), _) => *value as f64,
        (Value::Float(_, value), kind) => kind.round(*value),
        _ => return Err(Stop::unsupported("a conversion of another value")),
    };
    Ok(Value::Float(kind, number))
}

/// The shortest text that reads back equal, with at least one decimal.
pub(super) fn float_text(kind: FloatKind, value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".to_owned() } else { "-inf".to_owned() };
    }
    let size = value.abs();
    let exponent = size != 0.0 && !(1e-5..1e16).contains(&size);
    let text = match (kind, exponent) {
        (FloatKind::F32, true) => format!("{:e}", value as f32),
        (FloatKind::F32, false) => format!("{}", value as f32),
        (_, true) => format!("{value:e}"),
        (_, false) => format!("{value}"),
    };
    if exponent || text.contains('.') { text } else { text + ".0" }
}

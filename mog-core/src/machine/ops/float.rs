//! Float arithmetic. Everything beyond the five IEEE operations comes from `libm` on every target, never from
//! the platform, so that results are the same everywhere.

use super::{Context, Flow, Regs, Step, at, float, int, set_float};
use crate::features::{MATH, lacks};
use crate::isa::{Insn, IntCode, MathFn};
use crate::verify::features_of_math;

macro_rules! float_ops {
    ($($name:ident = |$i:ident, $s:ident, $r:ident| $value:expr;)*) => {$(
        #[inline(always)]
        pub(in super::super) fn $name($i: Insn, $s: Step, $r: &mut Regs, _: &mut Context<'_>) -> Flow {
            let value = $value;
            set_float($i, $s, $r, value)
        }
    )*};
}

float_ops! {
    f_add = |i, s, r| float(r, i.b()) + float(r, i.c());
    f_sub = |i, s, r| float(r, i.b()) - float(r, i.c());
    f_mul = |i, s, r| float(r, i.b()) * float(r, i.c());
    f_div = |i, s, r| float(r, i.b()) / float(r, i.c());
    f_neg = |i, s, r| -float(r, i.b());
    f_sqrt = |i, s, r| libm::sqrt(float(r, i.b()));
    f_round32 = |i, s, r| f64::from(float(r, i.b()) as f32);
    f_min = |i, s, r| minimum(float(r, i.b()), float(r, i.c()));
    f_max = |i, s, r| -minimum(-float(r, i.b()), -float(r, i.c()));
    int_to_float = |i, s, r| if i.c() == IntCode::U64 as u8 { r[at(i.b())] as f64 } else { int(r, i.b()) as f64 };
    f_add_a = |i, s, r| s.facc + float(r, i.c());
    f_sub_a = |i, s, r| s.facc - float(r, i.c());
    f_rsub_a = |i, s, r| float(r, i.c()) - s.facc;
    f_mul_a = |i, s, r| s.facc * float(r, i.c());
    f_div_a = |i, s, r| s.facc / float(r, i.c());
    f_mul_add_a = |i, s, r| s.facc * float(r, i.b()) + float(r, i.c());
    f_add_mul_a = |i, s, r| s.facc + float(r, i.b()) * float(r, i.c());
    f_sub_mul_a = |i, s, r| s.facc - float(r, i.b()) * float(r, i.c());
}

/// The smaller; NaN if either is; -0 is smaller than 0.
#[inline(always)]
fn minimum(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x < y || (x == y && x.is_sign_negative()) {
        x
    } else {
        y
    }
}

/// Steps that a call into the mathematics library costs beyond its own.
const MATH_STEPS: isize = 8;

#[inline(always)]
pub(in super::super) fn f_math(i: Insn, s: Step, r: &mut Regs, _: &mut Context<'_>) -> Flow {
    let value = math(i.c(), float(r, i.b()));
    set_float(i, Step { fuel: s.fuel - MATH_STEPS, ..s }, r, value)
}

#[inline(always)]
pub(in super::super) fn f_pow(i: Insn, s: Step, r: &mut Regs, _: &mut Context<'_>) -> Flow {
    let value = power(float(r, i.b()), float(r, i.c()));
    set_float(i, Step { fuel: s.fuel - MATH_STEPS, ..s }, r, value)
}

#[inline(always)]
pub(in super::super) fn f_atan2(i: Insn, s: Step, r: &mut Regs, _: &mut Context<'_>) -> Flow {
    let value = arc_tangent(float(r, i.b()), float(r, i.c()));
    set_float(i, Step { fuel: s.fuel - MATH_STEPS, ..s }, r, value)
}

/// The remainder is computed bit by bit over the distance of the exponents, which is charged.
#[inline(always)]
pub(in super::super) fn f_rem(i: Insn, s: Step, r: &mut Regs, _: &mut Context<'_>) -> Flow {
    let (x, y) = (float(r, i.b()), float(r, i.c()));
    let exponent = |v: f64| (v.to_bits() >> 52 & 0x7ff) as isize;
    let distance = (exponent(x) - exponent(y)).max(0);
    let value = remainder(x, y);
    set_float(i, Step { fuel: s.fuel - distance / 8, ..s }, r, value)
}

#[inline(never)]
fn remainder(x: f64, y: f64) -> f64 {
    libm::fmod(x, y)
}

#[inline(never)]
fn power(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

#[inline(never)]
fn arc_tangent(y: f64, x: f64) -> f64 {
    libm::atan2(y, x)
}

#[inline(never)]
fn math(function: u8, x: f64) -> f64 {
    match MathFn::ALL.get(usize::from(function)) {
        Some(&known) if const { lacks(MATH) } && features_of_math(known as u8) != 0 => f64::NAN,
        Some(MathFn::Abs) => libm::fabs(x),
        Some(MathFn::Sign) => {
            if x.is_nan() || x == 0.0 {
                x
            } else {
                libm::copysign(1.0, x)
            }
        }
        Some(MathFn::Floor) => libm::floor(x),
        Some(MathFn::Ceil) => libm::ceil(x),
        Some(MathFn::Round) => libm::round(x),
        Some(MathFn::Trunc) => libm::trunc(x),
        Some(MathFn::Sin) => libm::sin(x),
        Some(MathFn::Cos) => libm::cos(x),
        Some(MathFn::Tan) => libm::tan(x),
        Some(MathFn::Asin) => libm::asin(x),
        Some(MathFn::Acos) => libm::acos(x),
        Some(MathFn::Atan) => libm::atan(x),
        Some(MathFn::Exp) => libm::exp(x),
        Some(MathFn::Log) => libm::log(x),
        Some(MathFn::Log2) => libm::log2(x),
        Some(MathFn::Log10) => libm::log10(x),
        None => f64::NAN,
    }
}

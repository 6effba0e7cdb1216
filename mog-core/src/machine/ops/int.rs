//! Integer arithmetic.

use super::{Context, Flow, Regs, Step, at, float, int, set_int};
use crate::error::TrapCode;
use crate::isa::{Insn, IntCode};

macro_rules! int_ops {
    ($($name:ident = |$i:ident, $s:ident, $r:ident| $value:expr;)*) => {$(
        #[inline(always)]
        pub(in super::super) fn $name($i: Insn, $s: Step, $r: &mut Regs, _: &mut Context<'_>) -> Flow {
            let value = $value;
            set_int($i, $s, $r, value)
        }
    )*};
}

int_ops! {
    add = |i, s, r| int(r, i.b()).wrapping_add(int(r, i.c()));
    sub = |i, s, r| int(r, i.b()).wrapping_sub(int(r, i.c()));
    mul = |i, s, r| int(r, i.b()).wrapping_mul(int(r, i.c()));
    and = |i, s, r| int(r, i.b()) & int(r, i.c());
    or = |i, s, r| int(r, i.b()) | int(r, i.c());
    xor = |i, s, r| int(r, i.b()) ^ int(r, i.c());
    add_i = |i, s, r| int(r, i.b()).wrapping_add(i.c_signed());
    mul_i = |i, s, r| int(r, i.b()).wrapping_mul(i.c_signed());
    and_i = |i, s, r| int(r, i.b()) & i.c_signed();
    or_i = |i, s, r| int(r, i.b()) | i.c_signed();
    xor_i = |i, s, r| int(r, i.b()) ^ i.c_signed();
    shl_i = |i, s, r| left(int(r, i.b()), u32::from(i.c()));
    shr_i = |i, s, r| right(int(r, i.b()), u32::from(i.c()));
    shr_u_i = |i, s, r| right_unsigned(int(r, i.b()), u32::from(i.c()));
    neg = |i, s, r| int(r, i.b()).wrapping_neg();
    bit_not = |i, s, r| !int(r, i.b());
    not = |i, s, r| i64::from(int(r, i.b()) == 0);
    narrow = |i, s, r| wrap(int(r, i.b()), i.c());
    eq = |i, s, r| i64::from(int(r, i.b()) == int(r, i.c()));
    ne = |i, s, r| i64::from(int(r, i.b()) != int(r, i.c()));
    lt = |i, s, r| i64::from(int(r, i.b()) < int(r, i.c()));
    le = |i, s, r| i64::from(int(r, i.b()) <= int(r, i.c()));
    lt_u = |i, s, r| i64::from(r[at(i.b())] < r[at(i.c())]);
    le_u = |i, s, r| i64::from(r[at(i.b())] <= r[at(i.c())]);
    eq_i = |i, s, r| i64::from(int(r, i.b()) == i.c_signed());
    ne_i = |i, s, r| i64::from(int(r, i.b()) != i.c_signed());
    add_a = |i, s, r| s.acc.cast_signed().wrapping_add(int(r, i.c()));
    sub_a = |i, s, r| s.acc.cast_signed().wrapping_sub(int(r, i.c()));
    rsub_a = |i, s, r| int(r, i.c()).wrapping_sub(s.acc.cast_signed());
    mul_a = |i, s, r| s.acc.cast_signed().wrapping_mul(int(r, i.c()));
    and_a = |i, s, r| s.acc.cast_signed() & int(r, i.c());
    or_a = |i, s, r| s.acc.cast_signed() | int(r, i.c());
    xor_a = |i, s, r| s.acc.cast_signed() ^ int(r, i.c());
    add_i_a = |i, s, r| s.acc.cast_signed().wrapping_add(i.c_signed());
    mul_i_a = |i, s, r| s.acc.cast_signed().wrapping_mul(i.c_signed());
    and_i_a = |i, s, r| s.acc.cast_signed() & i.c_signed();
    shl_i_a = |i, s, r| left(s.acc.cast_signed(), u32::from(i.c()));
    shr_i_a = |i, s, r| right(s.acc.cast_signed(), u32::from(i.c()));
    shr_u_i_a = |i, s, r| right_unsigned(s.acc.cast_signed(), u32::from(i.c()));
    mul_add_a = |i, s, r| s.acc.cast_signed().wrapping_mul(int(r, i.b())).wrapping_add(int(r, i.c()));
    add_and_a = |i, s, r| s.acc.cast_signed().wrapping_add(int(r, i.b())) & int(r, i.c());
    xor_add_a = |i, s, r| (s.acc.cast_signed() ^ int(r, i.b())).wrapping_add(int(r, i.c()));
    xor_mul_a = |i, s, r| (s.acc.cast_signed() ^ int(r, i.b())).wrapping_mul(int(r, i.c()));
    narrow_a = |i, s, r| wrap(s.acc.cast_signed(), i.c());
    int_fn = |i, s, r| function(i.c(), int(r, i.b()));
    f_eq = |i, s, r| i64::from(float(r, i.b()) == float(r, i.c()));
    f_ne = |i, s, r| i64::from(float(r, i.b()) != float(r, i.c()));
    f_lt = |i, s, r| i64::from(float(r, i.b()) < float(r, i.c()));
    f_le = |i, s, r| i64::from(float(r, i.b()) <= float(r, i.c()));
    float_to_int = |i, s, r| truncate(float(r, i.b()), i.c());
}

/// One of the functions of a number. Where flash is scarce, the loop has these out of line.
#[cfg_attr(not(target_pointer_width = "32"), inline(always))]
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn function(code: u8, value: i64) -> i64 {
    match code {
        0 => value.wrapping_abs(),
        1 => value.signum(),
        2 => i64::from(value.count_ones()),
        _ => i64::from(value.leading_zeros()),
    }
}

#[cfg_attr(not(target_pointer_width = "32"), inline(always))]
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn quotient(x: i64, y: i64) -> i64 {
    x.wrapping_div(y)
}

#[cfg_attr(not(target_pointer_width = "32"), inline(always))]
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn remainder(x: i64, y: i64) -> i64 {
    x.wrapping_rem(y)
}

#[inline(always)]
fn left(x: i64, by: u32) -> i64 {
    x.wrapping_shl(by)
}

#[cfg_attr(not(target_pointer_width = "32"), inline(always))]
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn right(x: i64, by: u32) -> i64 {
    x.wrapping_shr(by)
}

#[cfg_attr(not(target_pointer_width = "32"), inline(always))]
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn right_unsigned(x: i64, by: u32) -> i64 {
    x.cast_unsigned().wrapping_shr(by).cast_signed()
}

/// An integer wrapped to a kind's width; unknown kinds leave it as it is.
#[cfg_attr(not(target_pointer_width = "32"), inline(always))]
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn wrap(value: i64, kind: u8) -> i64 {
    match IntCode::from_byte(kind) {
        Some(IntCode::I8) => i64::from(value as i8),
        Some(IntCode::I16) => i64::from(value as i16),
        Some(IntCode::I32) => i64::from(value as i32),
        Some(IntCode::U8) => i64::from(value as u8),
        Some(IntCode::U16) => i64::from(value as u16),
        Some(IntCode::U32) => i64::from(value as u32),
        _ => value,
    }
}

/// A float truncated toward zero and saturated to a kind's range, NaN to 0: what Rust's `as` does.
#[inline(always)]
fn truncate(value: f64, kind: u8) -> i64 {
    match IntCode::from_byte(kind) {
        Some(IntCode::I8) => i64::from(value as i8),
        Some(IntCode::I16) => i64::from(value as i16),
        Some(IntCode::I32) => i64::from(value as i32),
        Some(IntCode::U8) => i64::from(value as u8),
        Some(IntCode::U16) => i64::from(value as u16),
        Some(IntCode::U32) => i64::from(value as u32),
        Some(IntCode::U64) => (value as u64).cast_signed(),
        _ => value as i64,
    }
}

macro_rules! divisions {
    ($($name:ident = |$x:ident, $y:ident| $value:expr, $divisor:expr;)*) => {$(
        #[inline(always)]
        pub(in super::super) fn $name(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
            let $x = int(r, i.b());
            let $y = { let divisor: fn(&Regs, Insn) -> i64 = $divisor; divisor(r, i) };
            if $y == 0 {
                return Err(c.trap(TrapCode::DivisionByZero, 0, 0));
            }
            set_int(i, s, r, $value)
        }
    )*};
}

divisions! {
    div = |x, y| quotient(x, y), |r, i| int(r, i.c());
    rem = |x, y| remainder(x, y), |r, i| int(r, i.c());
    div_i = |x, y| quotient(x, y), |_, i| i.c_signed();
    rem_i = |x, y| remainder(x, y), |_, i| i.c_signed();
    div_u = |x, y| x.cast_unsigned().wrapping_div(y.cast_unsigned()).cast_signed(), |r, i| int(r, i.c());
    rem_u = |x, y| x.cast_unsigned().wrapping_rem(y.cast_unsigned()).cast_signed(), |r, i| int(r, i.c());
}

macro_rules! shifts {
    ($($name:ident = |$x:ident, $y:ident| $value:expr;)*) => {$(
        #[inline(always)]
        pub(in super::super) fn $name(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
            let ($x, shift) = (int(r, i.b()), int(r, i.c()));
            if !(0..64).contains(&shift) {
                return Err(c.trap(TrapCode::ShiftOutOfRange, shift, 64));
            }
            let $y = shift as u32;
            set_int(i, s, r, $value)
        }
    )*};
}

shifts! {
    shl = |x, y| left(x, y);
    shr = |x, y| right(x, y);
    shr_u = |x, y| right_unsigned(x, y);
}

#[inline(always)]
pub(in super::super) fn shift_check(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let (shift, width) = (int(r, i.a()), i64::from(i.b()));
    if (0..width).contains(&shift) { Ok(s) } else { Err(c.trap(TrapCode::ShiftOutOfRange, shift, width)) }
}

//! Checked arithmetic, powers.

use crate::error::TrapCode;
use crate::heap::access::CORRUPT;
use crate::isa::IntCode;
use crate::machine::{Stop, Vm};

type Done = Result<(), Stop>;

/// A result of 64-bit arithmetic if the kind can hold it.
fn fitting(kind: IntCode, value: i64) -> Option<i64> {
    let range = match kind {
        IntCode::I8 => i64::from(i8::MIN)..=i64::from(i8::MAX),
        IntCode::I16 => i64::from(i16::MIN)..=i64::from(i16::MAX),
        IntCode::I32 => i64::from(i32::MIN)..=i64::from(i32::MAX),
        IntCode::I64 | IntCode::U64 => return Some(value),
        IntCode::U8 => 0..=i64::from(u8::MAX),
        IntCode::U16 => 0..=i64::from(u16::MAX),
        IntCode::U32 => 0..=i64::from(u32::MAX),
    };
    range.contains(&value).then_some(value)
}

fn checked(
    vm: &mut Vm<'_>,
    dst: usize,
    [kind, a, b]: [usize; 3],
    signed: fn(i64, i64) -> Option<i64>,
    unsigned: fn(u64, u64) -> Option<u64>,
) -> Done {
    vm.pay(1)?;
    let kind = u8::try_from(vm.get(kind)).ok().and_then(IntCode::from_byte).ok_or(CORRUPT)?;
    let result = if kind == IntCode::U64 {
        unsigned(vm.get(a), vm.get(b))
    } else {
        signed(vm.int(a), vm.int(b)).and_then(|value| fitting(kind, value)).map(i64::cast_unsigned)
    };
    vm.give(dst, result.map_or([0, 0], |value| [1, value]))
}

pub(super) fn checked_add(vm: &mut Vm<'_>, dst: usize, kind: usize, a: usize, b: usize) -> Done {
    checked(vm, dst, [kind, a, b], i64::checked_add, u64::checked_add)
}

pub(super) fn checked_sub(vm: &mut Vm<'_>, dst: usize, kind: usize, a: usize, b: usize) -> Done {
    checked(vm, dst, [kind, a, b], i64::checked_sub, u64::checked_sub)
}

pub(super) fn checked_mul(vm: &mut Vm<'_>, dst: usize, kind: usize, a: usize, b: usize) -> Done {
    checked(vm, dst, [kind, a, b], i64::checked_mul, u64::checked_mul)
}

pub(super) fn checked_div(vm: &mut Vm<'_>, dst: usize, kind: usize, a: usize, b: usize) -> Done {
    checked(vm, dst, [kind, a, b], i64::checked_div, u64::checked_div)
}

pub(super) fn pow_int(vm: &mut Vm<'_>, dst: usize, base: usize, exponent: usize) -> Done {
    vm.pay(8)?;
    let (mut base, mut exponent) = (vm.int(base), vm.int(exponent));
    if exponent < 0 {
        return Err(vm.trap(TrapCode::NegativeCount, [exponent, 0]));
    }
    let mut result = 1i64;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        exponent >>= 1;
    }
    vm.give(dst, [result.cast_unsigned()])
}

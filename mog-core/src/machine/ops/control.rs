//! Jumps, calls, moves and constants.

use core::cmp::Ordering;

use super::{Context, Exit, Flow, Regs, Step, at, float, int, jump};
use crate::error::TrapCode;
use crate::heap::{CONSTANT, NULL};
use crate::isa::Insn;

#[inline(always)]
pub(in super::super) fn charge(_: Insn, s: Step, _: &mut Regs, _: &mut Context<'_>) -> Flow {
    jump(s, true, 0)
}

#[inline(always)]
pub(in super::super) fn jump_(i: Insn, s: Step, _: &mut Regs, _: &mut Context<'_>) -> Flow {
    jump(s, true, i.a24_signed())
}

macro_rules! jumps {
    ($($name:ident = |$i:ident, $r:ident| $condition:expr, $offset:ident;)*) => {$(
        #[inline(always)]
        pub(in super::super) fn $name($i: Insn, s: Step, $r: &mut Regs, _: &mut Context<'_>) -> Flow {
            jump(s, $condition, $i.$offset())
        }
    )*};
}

jumps! {
    jump_if = |i, r| int(r, i.a()) != 0, b16_signed;
    jump_if_not = |i, r| int(r, i.a()) == 0, b16_signed;
    j_eq = |i, r| int(r, i.a()) == int(r, i.b()), c_signed;
    j_ne = |i, r| int(r, i.a()) != int(r, i.b()), c_signed;
    j_lt = |i, r| int(r, i.a()) < int(r, i.b()), c_signed;
    j_le = |i, r| int(r, i.a()) <= int(r, i.b()), c_signed;
    j_lt_u = |i, r| r[at(i.a())] < r[at(i.b())], c_signed;
    j_le_u = |i, r| r[at(i.a())] <= r[at(i.b())], c_signed;
    j_eq_i = |i, r| int(r, i.a()) == i.b_signed(), c_signed;
    j_ne_i = |i, r| int(r, i.a()) != i.b_signed(), c_signed;
    j_lt_i = |i, r| int(r, i.a()) < i.b_signed(), c_signed;
    j_le_i = |i, r| int(r, i.a()) <= i.b_signed(), c_signed;
    j_gt_i = |i, r| int(r, i.a()) > i.b_signed(), c_signed;
    j_ge_i = |i, r| int(r, i.a()) >= i.b_signed(), c_signed;
    jf_eq = |i, r| float(r, i.a()) == float(r, i.b()), c_signed;
    jf_ne = |i, r| float(r, i.a()) != float(r, i.b()), c_signed;
    jf_lt = |i, r| float(r, i.a()) < float(r, i.b()), c_signed;
    jf_le = |i, r| float(r, i.a()) <= float(r, i.b()), c_signed;
    jf_nlt = |i, r| float(r, i.a()).partial_cmp(&float(r, i.b())) != Some(Ordering::Less), c_signed;
    jf_nle = |i, r| !matches!(float(r, i.a()).partial_cmp(&float(r, i.b())), Some(Ordering::Less | Ordering::Equal)), c_signed;
}

macro_rules! counted {
    ($($name:ident = |$next:ident, $old:ident, $end:ident| $again:expr;)*) => {$(
        #[inline(always)]
        pub(in super::super) fn $name(i: Insn, s: Step, r: &mut Regs, _: &mut Context<'_>) -> Flow {
            let $old = int(r, i.a());
            let $next = $old.wrapping_add(1);
            let $end = int(r, i.b());
            let step = jump(s, $again, i.c_signed())?;
            r[at(i.a())] = $next.cast_unsigned();
            Ok(step)
        }
    )*};
}

counted! {
    for_lt = |next, _old, end| next < end;
    for_le = |next, old, end| old < end;
}

#[inline(always)]
pub(in super::super) fn for_lt_i(i: Insn, s: Step, r: &mut Regs, _: &mut Context<'_>) -> Flow {
    let next = int(r, i.a()).wrapping_add(1);
    let step = jump(s, next < i.b_signed(), i.c_signed())?;
    r[at(i.a())] = next.cast_unsigned();
    Ok(step)
}

#[inline(always)]
pub(in super::super) fn for_meet(i: Insn, s: Step, r: &mut Regs, _: &mut Context<'_>) -> Flow {
    let (low, high) = (int(r, i.a()).wrapping_add(1), int(r, i.b()).wrapping_sub(1));
    let step = jump(s, low < high, i.c_signed())?;
    r[at(i.a())] = low.cast_unsigned();
    r[at(i.b())] = high.cast_unsigned();
    Ok(step)
}

macro_rules! leave {
    ($($name:ident => $exit:ident;)*) => {$(
        #[inline(always)]
        pub(in super::super) fn $name(_: Insn, _: Step, _: &mut Regs, _: &mut Context<'_>) -> Flow {
            Err(Exit::$exit)
        }
    )*};
}

leave! {
    host_try => Slow;
    new_task => Slow;
    spawn => Slow;
    await_future => Slow;
    gather => Slow;
    race => Slow;
    drain => Slow;
    ret_n => Slow;
    raise => Slow;
    panic => Slow;
    new_closure => Slow;
    new_array => Slow;
    a_get_n => Slow;
    a_set_n => Slow;
    a_get_p => Slow;
    a_set_p => Slow;
}

#[inline(always)]
pub(in super::super) fn trap(i: Insn, _: Step, _: &mut Regs, c: &mut Context<'_>) -> Flow {
    Err(c.trap(TrapCode::from_byte(i.a()), 0, 0))
}

#[inline(always)]
pub(in super::super) fn ext(_: Insn, _: Step, _: &mut Regs, _: &mut Context<'_>) -> Flow {
    Err(Exit::Corrupt)
}

#[inline(always)]
pub(in super::super) fn move_(i: Insn, s: Step, r: &mut Regs, _: &mut Context<'_>) -> Flow {
    r[at(i.a())] = r[at(i.b())];
    Ok(s)
}

#[inline(always)]
pub(in super::super) fn move_n(i: Insn, s: Step, r: &mut Regs, _: &mut Context<'_>) -> Flow {
    let (to, from) = (i.a(), i.b());
    if to <= from {
        for n in 0..i.c() {
            r[at(to.wrapping_add(n))] = r[at(from.wrapping_add(n))];
        }
    } else {
        for n in (0..i.c()).rev() {
            r[at(to.wrapping_add(n))] = r[at(from.wrapping_add(n))];
        }
    }
    Ok(s)
}

#[inline(always)]
pub(in super::super) fn load_int(i: Insn, s: Step, r: &mut Regs, _: &mut Context<'_>) -> Flow {
    super::set_int(i, s, r, i.b16_signed())
}

#[inline(always)]
pub(in super::super) fn load_k(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let value = c.module.constant(i.b16()).unwrap_or(0);
    super::set_int(i, s, r, value.cast_signed())
}

#[inline(always)]
pub(in super::super) fn load_str(i: Insn, s: Step, r: &mut Regs, _: &mut Context<'_>) -> Flow {
    r[at(i.a())] = CONSTANT | u64::from(i.b16());
    Ok(s)
}

#[inline(always)]
pub(in super::super) fn clear(i: Insn, s: Step, r: &mut Regs, _: &mut Context<'_>) -> Flow {
    r[at(i.a())] = NULL;
    Ok(s)
}

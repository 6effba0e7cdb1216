//! Elements of arrays, one at a time.

use super::object::word;
use super::{Context, Exit, Flow, Regs, Step, at, set_float, set_int};
use crate::error::TrapCode;
use crate::heap::halves;
use crate::isa::{Insn, Op};

/// Where the elements of an array are.
#[derive(Clone, Copy)]
pub(in super::super) struct Elements {
    /// The first word of the buffer.
    first: u32,
    len: u32,
}

impl Elements {
    /// Those of no array: there are none.
    pub(in super::super) const NONE: Self = Self { first: 0, len: 0 };

    /// Looks an array up.
    #[inline(always)]
    pub(in super::super) fn of(c: &Context<'_>, array: u64) -> Option<Self> {
        let (len, first) = halves(word(c, array, 1)?);
        Some(Self { first, len })
    }

    /// The first word of the buffer, and an index that is below the length.
    #[inline(always)]
    fn at(self, index: u64) -> Result<(usize, usize), Exit> {
        if index < u64::from(self.len) {
            Ok((self.first as usize, index as usize))
        } else {
            Err(Exit::Element)
        }
    }
}

/// Why the instruction before the context's step could not access an element. Found out afterwards, so that those that
/// can keep nothing in registers for it.
#[cold]
#[inline(never)]
pub(in super::super) fn element_trap(stack: &[u64], c: &mut Context<'_>) -> Exit {
    let insn = Insn(c.step.pc.checked_sub(1).and_then(|at| c.code.get(at)).copied().unwrap_or(0));
    let register = |number: u8| stack.get(c.base + usize::from(number)).copied().unwrap_or(0);
    let (a, b, c_) = (register(insn.a()), register(insn.b()), register(insn.c()));
    let (array, indices) = match insn.op() {
        Some(Op::ASet | Op::ASetU8) => (a, [b, b]),
        Some(Op::ASwap) => (a, [b, c_]),
        _ => (b, [c_, c_]),
    };
    let len = word(c, array, 1).map_or(0, |head| u64::from(halves(head).0));
    match indices.into_iter().find(|&index| index >= len) {
        Some(index) => c.trap(TrapCode::IndexOutOfRange, index.cast_signed(), len.cast_signed()),
        None => Exit::Corrupt,
    }
}

/// The place of an array's element.
#[inline(always)]
fn find(c: &Context<'_>, array: u64, index: u64) -> Result<(usize, usize), Exit> {
    Elements::of(c, array).ok_or(Exit::Element)?.at(index)
}

/// Row: `Op = function(the operand that is the array) |instruction, step, registers, context, what finds an element| access`.
macro_rules! accesses {
    ($($op:ident = $name:ident($array:ident) |$i:ident, $s:ident, $r:ident, $c:ident, $find:ident| $access:block)*) => {
        $(
            #[inline(always)]
            pub(in super::super) fn $name($i: Insn, $s: Step, $r: &mut Regs, $c: &mut Context<'_>) -> Flow {
                let array = $r[at($i.$array())];
                let $find = |context: &Context<'_>, index| find(context, array, index);
                $access
            }
        )*

        /// The register of the array that an instruction with this opcode accesses.
        #[inline(always)]
        pub(in super::super) const fn array_of<const OP: u8>(insn: Insn) -> Option<u8> {
            $(if OP == Op::$op as u8 {
                return Some(insn.$array());
            })*
            None
        }

        /// Carries out an instruction with this opcode on an array that was looked up before.
        #[inline(always)]
        pub(in super::super) fn access<const OP: u8>(
            insn: Insn, step: Step, regs: &mut Regs, context: &mut Context<'_>, elements: Elements,
        ) -> Flow {
            $(if OP == Op::$op as u8 {
                let ($i, $s, $r, $c) = (insn, step, regs, context);
                let $find = |_: &Context<'_>, index| elements.at(index);
                return $access;
            })*
            Err(Exit::Corrupt)
        }
    };
}

accesses! {
    AGet = a_get(b) |i, s, r, c, find| {
        let (buffer, index) = find(c, r[at(i.c())])?;
        r[at(i.a())] = c.heap.get(buffer.wrapping_add(index)).copied().ok_or(Exit::Element)?;
        Ok(s)
    }
    AGetF = a_get_f(b) |i, s, r, c, find| {
        let (buffer, index) = find(c, r[at(i.c())])?;
        let bits = c.heap.get(buffer.wrapping_add(index)).copied().ok_or(Exit::Element)?;
        set_float(i, s, r, f64::from_bits(bits))
    }
    // The index is stored first: what says why there is no such element looks for it there.
    AGetNext = a_get_next(b) |i, s, r, c, find| {
        r[at(i.c())] = r[at(i.c())].wrapping_add(1);
        let (buffer, index) = find(c, r[at(i.c())])?;
        r[at(i.a())] = c.heap.get(buffer.wrapping_add(index)).copied().ok_or(Exit::Element)?;
        Ok(s)
    }
    AGetPrev = a_get_prev(b) |i, s, r, c, find| {
        r[at(i.c())] = r[at(i.c())].wrapping_sub(1);
        let (buffer, index) = find(c, r[at(i.c())])?;
        r[at(i.a())] = c.heap.get(buffer.wrapping_add(index)).copied().ok_or(Exit::Element)?;
        Ok(s)
    }
    AGetU8 = a_get_u8(b) |i, s, r, c, find| {
        let (buffer, index) = find(c, r[at(i.c())])?;
        let bytes: &[u8] = bytemuck::cast_slice(&*c.heap);
        let &byte = bytes.get(buffer * 8 + index).ok_or(Exit::Element)?;
        set_int(i, s, r, i64::from(byte))
    }
    ASet = a_set(a) |i, s, r, c, find| {
        let (buffer, index) = find(c, r[at(i.b())])?;
        *c.heap.get_mut(buffer + index).ok_or(Exit::Element)? = r[at(i.c())];
        Ok(s)
    }
    ASetU8 = a_set_u8(a) |i, s, r, c, find| {
        let (buffer, index) = find(c, r[at(i.b())])?;
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(c.heap);
        *bytes.get_mut(buffer * 8 + index).ok_or(Exit::Element)? = r[at(i.c())] as u8;
        Ok(s)
    }
    ASwap = a_swap(a) |i, s, r, c, find| {
        let (buffer, first) = find(c, r[at(i.b())])?;
        let (_, second) = find(c, r[at(i.c())])?;
        let (first, second) = (buffer + first, buffer + second);
        let value = *c.heap.get(first).ok_or(Exit::Element)?;
        let other = core::mem::replace(c.heap.get_mut(second).ok_or(Exit::Element)?, value);
        *c.heap.get_mut(first).ok_or(Exit::Element)? = other;
        Ok(s)
    }
}

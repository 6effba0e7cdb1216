//! Objects, arrays and strings: the accesses that allocate nothing, and `new` while there is room.

use super::{Context, Exit, Flow, Regs, Step, at, set_float, set_int};
use crate::error::TrapCode;
use crate::heap::{CONSTANT, ObjectHeader, halves, join, place};
use crate::isa::{Insn, Op, ext_words};
use crate::module::TypeId;

/// The word of an object that is so many words past its header.
#[inline(always)]
fn word(c: &Context<'_>, reference: u64, offset: usize) -> Option<u64> {
    c.heap.get(place(reference, offset)).copied()
}

#[inline(always)]
fn load(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>, reference: u64, offset: usize) -> Flow {
    match word(c, reference, offset) {
        Some(value) => {
            r[at(i.a())] = value;
            Ok(s)
        }
        None => Err(c.trap(TrapCode::Corrupt, 0, 0)),
    }
}

#[inline(always)]
fn store(s: Step, c: &mut Context<'_>, reference: u64, offset: usize, value: u64) -> Flow {
    match c.heap.get_mut(place(reference, offset)) {
        Some(slot) => {
            *slot = value;
            Ok(s)
        }
        None => Err(c.trap(TrapCode::Corrupt, 0, 0)),
    }
}

#[inline(always)]
pub(in super::super) fn load_global(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    load(i, s, r, c, 0, 1 + usize::from(i.b16()))
}

#[inline(always)]
pub(in super::super) fn store_global(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    store(s, c, 0, 1 + usize::from(i.b16()), r[at(i.a())])
}

#[inline(always)]
pub(in super::super) fn load_field(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let object = r[at(i.b())];
    load(i, s, r, c, object, 1 + usize::from(i.c()))
}

#[inline(always)]
pub(in super::super) fn store_field(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    store(s, c, r[at(i.a())], 1 + usize::from(i.b()), r[at(i.c())])
}

macro_rules! float_fields {
    ($($name:ident = |$facc:ident, $field:ident| $value:expr;)*) => {$(
        #[inline(always)]
        pub(in super::super) fn $name(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
            match word(c, r[at(i.b())], 1 + usize::from(i.c())) {
                Some(bits) => {
                    let ($facc, $field) = (s.facc, f64::from_bits(bits));
                    set_float(i, s, r, $value)
                }
                None => Err(c.trap(TrapCode::Corrupt, 0, 0)),
            }
        }
    )*};
}

float_fields! {
    load_field_f = |_facc, field| field;
    f_add_field_a = |facc, field| facc + field;
    f_sub_field_a = |facc, field| facc - field;
    f_mul_field_a = |facc, field| facc * field;
}

macro_rules! field_updates {
    ($($name:ident = |$i:ident, $r:ident, $field:ident| $value:expr;)*) => {$(
        #[inline(always)]
        pub(in super::super) fn $name($i: Insn, s: Step, $r: &mut Regs, c: &mut Context<'_>) -> Flow {
            let object = $r[at($i.a())];
            match c.heap.get_mut(place(object, 1 + usize::from($i.b()))) {
                Some(slot) => {
                    let $field = *slot;
                    *slot = $value;
                    Ok(s)
                }
                None => Err(c.trap(TrapCode::Corrupt, 0, 0)),
            }
        }
    )*};
}

field_updates! {
    field_add = |i, r, field| field.wrapping_add(r[at(i.c())]);
    field_add_i = |i, r, field| field.wrapping_add(i.c_signed().cast_unsigned());
    field_sub = |i, r, field| field.wrapping_sub(r[at(i.c())]);
    field_f_add = |i, r, field| (f64::from_bits(field) + f64::from_bits(r[at(i.c())])).to_bits();
    field_f_sub = |i, r, field| (f64::from_bits(field) - f64::from_bits(r[at(i.c())])).to_bits();
}

/// Several slots at once; how many, the operand word says. What cannot be done is left to the trampoline.
#[cfg_attr(not(target_pointer_width = "32"), inline(always))]
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn load_n(first: u8, s: Step, r: &mut Regs, c: &Context<'_>, reference: u64, offset: usize) -> Option<Step> {
    let count = Insn(*c.code.get(s.pc)?).a();
    let slots = c.heap.get(place(reference, offset)..)?.get(..usize::from(count))?;
    for (n, &slot) in slots.iter().enumerate() {
        r[at(first.wrapping_add(n as u8))] = slot;
    }
    Some(Step { pc: s.pc + 1, ..s })
}

#[inline(always)]
fn store_n(first: u8, s: Step, r: &Regs, c: &mut Context<'_>, reference: u64, offset: usize) -> Option<Step> {
    let count = Insn(*c.code.get(s.pc)?).a();
    let slots = c.heap.get_mut(place(reference, offset)..)?.get_mut(..usize::from(count))?;
    for (n, slot) in slots.iter_mut().enumerate() {
        *slot = r[at(first.wrapping_add(n as u8))];
    }
    Some(Step { pc: s.pc + 1, ..s })
}

#[inline(always)]
pub(in super::super) fn load_global_n(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    load_n(i.a(), s, r, c, 0, 1 + usize::from(i.b16())).ok_or(Exit::Slow)
}

#[inline(always)]
pub(in super::super) fn store_global_n(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    store_n(i.a(), s, r, c, 0, 1 + usize::from(i.b16())).ok_or(Exit::Slow)
}

#[inline(always)]
pub(in super::super) fn load_field_n(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let object = r[at(i.b())];
    load_n(i.a(), s, r, c, object, 1 + usize::from(i.c())).ok_or(Exit::Slow)
}

#[inline(always)]
pub(in super::super) fn store_field_n(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let object = r[at(i.a())];
    store_n(i.c(), s, r, c, object, 1 + usize::from(i.b())).ok_or(Exit::Slow)
}

/// The place of an array's element: its buffer's first word and the index, which is below the length.
#[inline(always)]
fn element(c: &Context<'_>, array: u64, index: u64) -> Result<(usize, usize), Exit> {
    let (len, buffer) = halves(word(c, array, 1).ok_or(Exit::Element)?);
    if index < u64::from(len) { Ok((buffer as usize, index as usize)) } else { Err(Exit::Element) }
}

/// Why the instruction before the context's step could not access an element. Found out afterwards, so that those that
/// can keep nothing in registers for it.
#[cold]
pub(in super::super) fn element_trap(stack: &[u64], c: &Context<'_>) -> (TrapCode, [i64; 2]) {
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
        Some(index) => (TrapCode::IndexOutOfRange, [index.cast_signed(), len.cast_signed()]),
        None => (TrapCode::Corrupt, [0; 2]),
    }
}

#[inline(always)]
pub(in super::super) fn a_len(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    match word(c, r[at(i.b())], 1) {
        Some(head) => set_int(i, s, r, i64::from(head as u32)),
        None => Err(c.trap(TrapCode::Corrupt, 0, 0)),
    }
}

#[inline(always)]
pub(in super::super) fn a_get(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let (buffer, index) = element(c, r[at(i.b())], r[at(i.c())])?;
    r[at(i.a())] = c.heap.get(buffer.wrapping_add(index)).copied().ok_or(Exit::Element)?;
    Ok(s)
}

/// The index is stored first: what says why there is no such element looks for it there.
macro_rules! get_moving {
    ($($name:ident = $moved:ident;)*) => {$(
        #[inline(always)]
        pub(in super::super) fn $name(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
            r[at(i.c())] = r[at(i.c())].$moved(1);
            a_get(i, s, r, c)
        }
    )*};
}

get_moving! {
    a_get_next = wrapping_add;
    a_get_prev = wrapping_sub;
}

#[inline(always)]
pub(in super::super) fn a_get_f(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let (buffer, index) = element(c, r[at(i.b())], r[at(i.c())])?;
    let bits = c.heap.get(buffer.wrapping_add(index)).copied().ok_or(Exit::Element)?;
    set_float(i, s, r, f64::from_bits(bits))
}

#[inline(always)]
pub(in super::super) fn a_set(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let (buffer, index) = element(c, r[at(i.a())], r[at(i.b())])?;
    *c.heap.get_mut(buffer + index).ok_or(Exit::Element)? = r[at(i.c())];
    Ok(s)
}

#[inline(always)]
pub(in super::super) fn a_get_u8(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let (buffer, index) = element(c, r[at(i.b())], r[at(i.c())])?;
    let bytes: &[u8] = bytemuck::cast_slice(&*c.heap);
    let &byte = bytes.get(buffer * 8 + index).ok_or(Exit::Element)?;
    set_int(i, s, r, i64::from(byte))
}

#[inline(always)]
pub(in super::super) fn a_set_u8(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let (buffer, index) = element(c, r[at(i.a())], r[at(i.b())])?;
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(c.heap);
    *bytes.get_mut(buffer * 8 + index).ok_or(Exit::Element)? = r[at(i.c())] as u8;
    Ok(s)
}

#[inline(always)]
pub(in super::super) fn a_swap(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let array = r[at(i.a())];
    let (buffer, first) = element(c, array, r[at(i.b())])?;
    let (_, second) = element(c, array, r[at(i.c())])?;
    let (first, second) = (buffer + first, buffer + second);
    let value = *c.heap.get(first).ok_or(Exit::Element)?;
    let other = core::mem::replace(c.heap.get_mut(second).ok_or(Exit::Element)?, value);
    *c.heap.get_mut(first).ok_or(Exit::Element)? = other;
    Ok(s)
}

/// Appends while the buffer has room; growing is the trampoline's.
#[inline(always)]
pub(in super::super) fn a_push(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let array = r[at(i.a())] as usize;
    let Some(&head) = c.heap.get(array.wrapping_add(1)) else { return Err(Exit::Slow) };
    let (len, buffer) = halves(head);
    let (len_words, first) = (len as usize, buffer as usize);
    match c.heap.get(first.wrapping_sub(1)) {
        Some(&room) if len_words < room as usize => {}
        _ => return Err(Exit::Slow),
    }
    match c.heap.get_mut(first + len_words) {
        Some(slot) => *slot = r[at(i.b())],
        None => return Err(Exit::Slow),
    }
    match c.heap.get_mut(array + 1) {
        Some(head) => *head = join(len + 1, buffer),
        None => return Err(Exit::Slow),
    }
    Ok(s)
}

#[inline(always)]
pub(in super::super) fn s_len(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let reference = r[at(i.b())];
    let len = if reference & CONSTANT == 0 {
        word(c, reference, 1).map(|head| i64::from(head as u32))
    } else {
        c.module.string_bytes((reference ^ CONSTANT) as usize).map(|bytes| bytes.len() as i64)
    };
    match len {
        Some(len) => set_int(i, s, r, len),
        None => Err(c.trap(TrapCode::Corrupt, 0, 0)),
    }
}

/// Makes a struct while there is room; collecting is the trampoline's.
#[inline(always)]
pub(in super::super) fn new(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    // The ext words count as the charge for the slots.
    make(i, s.pc, r, c).map_or(Err(Exit::Slow), |words| Ok(Step { pc: s.pc + words, ..s }))
}

/// Makes a struct; gives the operand words of its instruction.
#[cfg_attr(target_pointer_width = "64", inline(always))]
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn make(i: Insn, pc: usize, r: &mut Regs, c: &mut Context<'_>) -> Option<usize> {
    let ty = TypeId(i.b16());
    let slots = c.module.types.record(ty)?.slots.len();
    let (start, end) = (c.top, c.top + slots + 1);
    if end > c.limit {
        return None;
    }
    let words = ext_words(slots);
    let operands = c.code.get(pc..pc + words)?;
    let (header, fields) = c.heap.get_mut(start..end)?.split_first_mut()?;
    *header = ObjectHeader::new(ty, 0).0;
    for (fields, &operand) in fields.chunks_mut(3).zip(operands) {
        let operand = Insn(operand);
        for (field, register) in fields.iter_mut().zip([operand.a(), operand.b(), operand.c()]) {
            *field = r[at(register)];
        }
    }
    r[at(i.a())] = start as u64;
    c.top = end;
    Some(words)
}

#[inline(always)]
pub(in super::super) fn enum_tag(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let header = word(c, r[at(i.b())], 0).map(ObjectHeader);
    match header.and_then(|header| c.module.types.record(header.ty())) {
        Some(variant) => set_int(i, s, r, i64::from(variant.extra)),
        None => Err(c.trap(TrapCode::Corrupt, 0, 0)),
    }
}

#[inline(always)]
pub(in super::super) fn as_variant(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let object = r[at(i.b())];
    let wanted = Insn(c.code.get(s.pc).copied().unwrap_or(0));
    let wanted = TypeId(u16::from_le_bytes([wanted.a(), wanted.b()]));
    match word(c, object, 0).map(|header| ObjectHeader(header).ty()) {
        Some(ty) if ty == wanted => {
            r[at(i.a())] = object;
            Ok(Step { pc: s.pc + 1, ..s })
        }
        _ => Err(c.trap(TrapCode::NoMatch, 0, 0)),
    }
}

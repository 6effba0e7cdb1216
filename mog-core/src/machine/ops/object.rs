//! Objects, arrays and strings: the accesses that allocate nothing, and `new` while there is room.

use super::{Context, Exit, Flow, Regs, Step, at, set_float, set_int};
use crate::error::TrapCode;
use crate::heap::{CONSTANT, ObjectHeader, halves, join, place};
use crate::isa::{Insn, ext_words};
use crate::module::TypeId;

/// The word of an object that is so many words past its header.
#[inline(always)]
pub(super) fn word(c: &Context<'_>, reference: u64, offset: usize) -> Option<u64> {
    c.heap.get(place(reference, offset)).copied()
}

#[inline(always)]
fn load(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>, reference: u64, offset: usize) -> Flow {
    match word(c, reference, offset) {
        Some(value) => {
            r[at(i.a())] = value;
            Ok(s)
        }
        None => Err(Exit::Corrupt),
    }
}

#[inline(always)]
fn store(s: Step, c: &mut Context<'_>, reference: u64, offset: usize, value: u64) -> Flow {
    match c.heap.get_mut(place(reference, offset)) {
        Some(slot) => {
            *slot = value;
            Ok(s)
        }
        None => Err(Exit::Corrupt),
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
                None => Err(Exit::Corrupt),
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
                None => Err(Exit::Corrupt),
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

/// Goes on behind the operand word of what was done, or leaves it to the trampoline.
#[inline(always)]
fn behind(done: Option<()>, s: Step) -> Flow {
    match done {
        Some(()) => Ok(Step { pc: s.pc + 1, ..s }),
        None => Err(Exit::Slow),
    }
}

/// Several slots at once; how many, the operand word says. What cannot be done is left to the trampoline.
#[cfg_attr(not(target_pointer_width = "32"), inline(always))]
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn load_n(first: u8, pc: usize, r: &mut Regs, c: &Context<'_>, reference: u64, offset: usize) -> Option<()> {
    let count = Insn(*c.code.get(pc)?).a();
    let slots = c.heap.get(place(reference, offset)..)?.get(..usize::from(count))?;
    for (n, &slot) in slots.iter().enumerate() {
        r[at(first.wrapping_add(n as u8))] = slot;
    }
    Some(())
}

#[cfg_attr(not(target_pointer_width = "32"), inline(always))]
#[cfg_attr(target_pointer_width = "32", inline(never))]
fn store_n(first: u8, pc: usize, r: &Regs, c: &mut Context<'_>, reference: u64, offset: usize) -> Option<()> {
    let count = Insn(*c.code.get(pc)?).a();
    let slots = c.heap.get_mut(place(reference, offset)..)?.get_mut(..usize::from(count))?;
    for (n, slot) in slots.iter_mut().enumerate() {
        *slot = r[at(first.wrapping_add(n as u8))];
    }
    Some(())
}

#[inline(always)]
pub(in super::super) fn load_global_n(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    behind(load_n(i.a(), s.pc, r, c, 0, 1 + usize::from(i.b16())), s)
}

#[inline(always)]
pub(in super::super) fn store_global_n(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    behind(store_n(i.a(), s.pc, r, c, 0, 1 + usize::from(i.b16())), s)
}

#[inline(always)]
pub(in super::super) fn load_field_n(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let object = r[at(i.b())];
    behind(load_n(i.a(), s.pc, r, c, object, 1 + usize::from(i.c())), s)
}

#[inline(always)]
pub(in super::super) fn store_field_n(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let object = r[at(i.a())];
    behind(store_n(i.c(), s.pc, r, c, object, 1 + usize::from(i.b())), s)
}

#[inline(always)]
pub(in super::super) fn a_len(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    match word(c, r[at(i.b())], 1) {
        Some(head) => set_int(i, s, r, i64::from(head as u32)),
        None => Err(Exit::Corrupt),
    }
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
        None => Err(Exit::Corrupt),
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
    match header.and_then(|header| c.module.types.extra(header.ty())) {
        Some(variant) => set_int(i, s, r, i64::from(variant)),
        None => Err(Exit::Corrupt),
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

//! Objects, arrays and strings: the accesses that allocate nothing, and `new` while there is room.

use super::{Context, Exit, Flow, Regs, Step, at, set_float, set_int};
use crate::error::TrapCode;
use crate::heap::{CONSTANT, ObjectHeader, halves, join};
use crate::isa::{Insn, ext_words};
use crate::module::TypeId;

/// The word of an object that is so many words past its header.
#[inline(always)]
fn word(c: &Context<'_>, reference: u64, offset: usize) -> Option<u64> {
    c.heap.get(reference as usize + offset).copied()
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
    match c.heap.get_mut(reference as usize + offset) {
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

/// The place of an array's element: its buffer's first word and the index, which is below the length.
#[inline(always)]
fn element(c: &mut Context<'_>, array: u64, index: u64) -> Result<(usize, usize), Exit> {
    let Some(head) = word(c, array, 1) else { return Err(c.trap(TrapCode::Corrupt, 0, 0)) };
    let (len, buffer) = halves(head);
    if index < u64::from(len) {
        Ok((buffer as usize, index as usize))
    } else {
        Err(c.trap(TrapCode::IndexOutOfRange, index.cast_signed(), i64::from(len)))
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
    load(i, s, r, c, buffer as u64, index)
}

#[inline(always)]
pub(in super::super) fn a_get_f(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let (buffer, index) = element(c, r[at(i.b())], r[at(i.c())])?;
    match word(c, buffer as u64, index) {
        Some(bits) => set_float(i, s, r, f64::from_bits(bits)),
        None => Err(c.trap(TrapCode::Corrupt, 0, 0)),
    }
}

#[inline(always)]
pub(in super::super) fn a_set(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let (buffer, index) = element(c, r[at(i.a())], r[at(i.b())])?;
    store(s, c, buffer as u64, index, r[at(i.c())])
}

#[inline(always)]
pub(in super::super) fn a_get_u8(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let (buffer, index) = element(c, r[at(i.b())], r[at(i.c())])?;
    let bytes: &[u8] = bytemuck::cast_slice(&*c.heap);
    match bytes.get(buffer * 8 + index) {
        Some(&byte) => set_int(i, s, r, i64::from(byte)),
        None => Err(c.trap(TrapCode::Corrupt, 0, 0)),
    }
}

#[inline(always)]
pub(in super::super) fn a_set_u8(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let (buffer, index) = element(c, r[at(i.a())], r[at(i.b())])?;
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(c.heap);
    match bytes.get_mut(buffer * 8 + index) {
        Some(byte) => {
            *byte = r[at(i.c())] as u8;
            Ok(s)
        }
        None => Err(c.trap(TrapCode::Corrupt, 0, 0)),
    }
}

/// Appends while the buffer has room; growing is the trampoline's.
#[inline(always)]
pub(in super::super) fn a_push(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let array = r[at(i.a())] as usize;
    let Some(&head) = c.heap.get(array + 1) else { return Err(Exit::Slow) };
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
    let ty = TypeId(i.b16());
    let Some(record) = c.module.types.record(ty) else { return Err(c.trap(TrapCode::Corrupt, 0, 0)) };
    let slots = record.slots.len();
    let (start, end) = (c.top, c.top + slots + 1);
    if end > c.limit {
        return Err(Exit::Slow);
    }
    let Some((header, fields)) = c.heap.get_mut(start..end).and_then(<[u64]>::split_first_mut) else {
        return Err(Exit::Slow);
    };
    let words = ext_words(slots);
    let Some(operands) = c.code.get(s.pc..s.pc + words) else { return Err(Exit::Slow) };
    *header = ObjectHeader::new(ty, 0).0;
    for (fields, &operand) in fields.chunks_mut(3).zip(operands) {
        let operand = Insn(operand);
        for (field, register) in fields.iter_mut().zip([operand.a(), operand.b(), operand.c()]) {
            *field = r[at(register)];
        }
    }
    r[at(i.a())] = start as u64;
    c.top = end;
    // The ext words count as the charge for the slots.
    Ok(Step { pc: s.pc + words, ..s })
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

//! Library functions that programs call in their inner loops, carried out on the spot in their common case: maps whose
//! keys are no strings, arrays of one-slot elements. All else (a map that must grow, steps that run out) is left to the
//! trampoline before anything was changed, which does the same at the same price.

use super::{Context, Exit, Flow, Regs, Step, at};
use crate::heap::{NULL, ObjectHeader, halves, join};
use crate::isa::{Insn, Lib};
use crate::library::{APPEND_STEPS, LOOKUP_STEPS, Map, POP_STEPS, hash_word};
use crate::machine::fast::TAIL;
use crate::module::{Packing, TypeId, TypeKind};

#[inline(always)]
pub(in super::super) fn lib(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    // Small targets would rather have the flash.
    if !TAIL {
        return Err(Exit::Slow);
    }
    // All of these have one word of operands, which costs a step like any other.
    let left = s.fuel.wrapping_sub(s.pc.cast_signed()).wrapping_sub(2).max(0).cast_unsigned();
    match carry_out(i, s.pc, left as u64, r, c) {
        Some(cost) => Ok(Step { pc: s.pc + 1, fuel: s.fuel.wrapping_sub(cost as isize), ..s }),
        None => Err(Exit::Slow),
    }
}

/// Gives what it costs beside the instruction's words, which is not more than what is left; none if nothing was done.
#[inline(always)]
fn carry_out(i: Insn, pc: usize, left: u64, r: &mut Regs, c: &mut Context<'_>) -> Option<u64> {
    let operands = Insn(*c.code.get(pc)?);
    match i.b16() {
        x if x == Lib::MapGet as u16 => map_get(i.a(), operands, left, r, c),
        x if x == Lib::MapSet as u16 => map_set(operands, left, r, c),
        x if x == Lib::MapHas as u16 => {
            let (_, found, cost) = look_up(operands, left, r, c)?;
            r[at(i.a())] = u64::from(found.is_ok());
            Some(cost)
        }
        x if x == Lib::ArrayPop as u16 => array_pop(i.a(), operands, left, r, c),
        _ => None,
    }
}

/// A map, the number of the entry with a key or else the key's hash, and what that costs.
#[inline(always)]
fn look_up(operands: Insn, left: u64, r: &Regs, c: &Context<'_>) -> Option<(Map, Result<usize, u32>, u64)> {
    let map = Map::read(&c.module.types, c.heap, r[at(operands.a())])?;
    if map.key == TypeId::STR {
        return None;
    }
    let key = r[at(operands.b())];
    let hash = hash_word(c.state.seed, key);
    let (found, probes) = map.probe(c.heap, hash, |other| other == key)?;
    let cost = LOOKUP_STEPS + probes;
    (cost <= left).then_some((map, found.ok_or(hash), cost))
}

#[inline(always)]
fn map_get(dst: u8, operands: Insn, left: u64, r: &mut Regs, c: &Context<'_>) -> Option<u64> {
    let (map, found, cost) = look_up(operands, left, r, c)?;
    let value = match found {
        Ok(number) => Some(c.heap.get(map.value_at(number)..)?.get(..map.value_slots())?),
        Err(_) => None,
    };
    r[at(dst)] = u64::from(value.is_some());
    for n in 0..map.value_slots() {
        let word = value.map_or(Some(NULL), |value| value.get(n).copied());
        r[at(dst.wrapping_add(1 + n as u8))] = word?;
    }
    Some(cost)
}

#[inline(always)]
fn map_set(operands: Insn, left: u64, r: &Regs, c: &mut Context<'_>) -> Option<u64> {
    let (map, found, mut cost) = look_up(operands, left, r, c)?;
    let place = match found {
        Ok(number) => map.value_at(number),
        Err(hash) => {
            cost += APPEND_STEPS;
            if map.is_full() || cost > left {
                return None;
            }
            map.append(c.heap, hash, r[at(operands.b())])?
        }
    };
    let value = c.heap.get_mut(place..)?.get_mut(..map.value_slots())?;
    for (n, word) in value.iter_mut().enumerate() {
        *word = r[at(operands.c().wrapping_add(n as u8))];
    }
    Some(cost)
}

#[inline(always)]
fn array_pop(dst: u8, operands: Insn, left: u64, r: &mut Regs, c: &mut Context<'_>) -> Option<u64> {
    let array = r[at(operands.a())] as usize;
    let &[header, head] = c.heap.get(array..)?.first_chunk()?;
    let ty = ObjectHeader(header).ty();
    let record = ty.is_own().then(|| c.module.types.own_record(ty)).flatten()?;
    let &[element] = record.components else { return None };
    let one_word = record.slots.len() == 1 && Packing::of(TypeId(element)) == Packing::Words;
    if record.kind != TypeKind::Array || !one_word || left < POP_STEPS {
        return None;
    }
    let (len, data) = halves(head);
    let (tag, value) = match len.checked_sub(1) {
        Some(last) => {
            let value = core::mem::take(c.heap.get_mut(data as usize + last as usize)?);
            *c.heap.get_mut(array + 1)? = join(last, data);
            (1, value)
        }
        None => (0, NULL),
    };
    r[at(dst)] = tag;
    r[at(dst.wrapping_add(1))] = value;
    Some(POP_STEPS)
}

//! Functions that need more registers than the window has: the values that live longest move to an object, the
//! function's own, and are loaded and stored around each use.

use mog_core::TypeId;
use mog_core::isa::{Op, Operand};

use super::fuse::take_apart;
use super::{Arg, Body, ClassId, Code, Ext, Inst, Layouts, Slot, V, visit};

/// Slots of the object at most; a field's number is a byte.
const MOST: usize = 250;
/// Registers that loads and stores take themselves.
const SPARE: usize = 8;

/// Moves at least so many values to an object, if there are so many that can. Whether any were moved.
pub fn spill(body: &mut Body, layouts: &mut Layouts, excess: usize) -> bool {
    take_counting_apart(body);
    let chosen = choose(body, layouts, excess + SPARE);
    if chosen.is_empty() {
        return false;
    }
    let slots: Vec<u16> = chosen.iter().map(|&(_, slot)| slot).collect();
    let object_type = layouts.spilled(&slots);
    let class = layouts.classes.intern(&[object_type.0]);
    let object = Slot { v: body.fresh(class), sub: 0 };
    let mut fields: Vec<Option<u8>> = vec![None; body.classes.len()];
    for (field, &(V(v), _)) in (0..=u8::MAX).zip(&chosen) {
        if let Some(slot) = fields.get_mut(v as usize) {
            *slot = Some(field);
        }
    }
    let at = body.insts.first().map_or(0, |inst| inst.at);
    let old = core::mem::take(&mut body.insts);
    make_object(body, layouts, &slots, object, object_type, at);
    for inst in old {
        rewrite(body, inst, object, &fields);
    }
    true
}

/// Instructions that count read and write one register, and some jump: a value elsewhere could not be stored behind that.
fn take_counting_apart(body: &mut Body) {
    let mut insts = Vec::with_capacity(body.insts.len() + 16);
    for inst in &body.insts {
        match take_apart(inst) {
            Some(parts) => insts.extend(parts.into_iter().filter(|part| part.code != Code::Nothing)),
            None => insts.push(*inst),
        }
    }
    body.insts = insts;
}

/// The values with the longest ranges, with their slot types.
fn choose(body: &Body, layouts: &Layouts, count: usize) -> Vec<(V, u16)> {
    let mut ranges: Vec<Option<(usize, usize)>> = vec![None; body.classes.len()];
    let mut fixed = vec![false; body.classes.len()];
    let mut fix = |v: V| {
        if let Some(slot) = fixed.get_mut(v.0 as usize) {
            *slot = true;
        }
    };
    body.params.iter().for_each(|&v| fix(v));
    body.protected.iter().for_each(|range| fix(range.error));
    for (at, inst) in body.insts.iter().enumerate() {
        if let Code::Op(op) = inst.code {
            // A counter is written by the jump that leaves.
            let counts = op.info().operands.iter().any(|operand| matches!(operand, Operand::Mod(_)));
            if let (true, Arg::Reg(slot)) = (counts, inst.args[0]) {
                fix(slot.v);
            }
        }
        visit(inst, &body.ext, |slot, _, _| {
            if let Some(range) = ranges.get_mut(slot.v.0 as usize) {
                *range = Some((range.map_or(at, |(first, _)| first), at));
            }
        });
    }
    let mut found: Vec<(usize, V, u16)> = Vec::new();
    for ((v, range), fixed) in (0..).zip(&ranges).zip(&fixed) {
        let class = body.classes.get(v as usize).copied().unwrap_or(ClassId(0));
        if let (Some((first, last)), false, &[slot]) = (range, fixed, layouts.classes.slots(class))
            && last - first > 2
            && layouts.is_value_slot(slot)
        {
            found.push((last - first, V(v), slot));
        }
    }
    found.sort_by_key(|&(length, v, _)| (core::cmp::Reverse(length), v.0));
    found.into_iter().take(count.min(MOST)).map(|(_, v, slot)| (v, slot)).collect()
}

fn push(body: &mut Body, op: Op, args: [Arg; 3], ext: &[Ext], at: u32) {
    let start = body.ext.len() as u32;
    body.ext.extend_from_slice(ext);
    body.insts.push(Inst { code: Code::Op(op), args, ext: (start, body.ext.len() as u32), at });
}

/// The object, with zeros and null references in it.
fn make_object(body: &mut Body, layouts: &mut Layouts, slots: &[u16], object: Slot, ty: TypeId, at: u32) {
    let mut empty: Vec<(u16, Slot)> = Vec::new();
    for &slot in slots {
        if empty.iter().any(|&(known, _)| known == slot) {
            continue;
        }
        let class = layouts.classes.intern(&[slot]);
        let value = Slot { v: body.fresh(class), sub: 0 };
        if slot == TypeId::INT.0 {
            push(body, Op::LoadInt, [Arg::Reg(value), Arg::Num(0), Arg::None], &[], at);
        } else if slot == TypeId::FLOAT.0 {
            let class = layouts.classes.intern(&[TypeId::INT.0]);
            let zero = Slot { v: body.fresh(class), sub: 0 };
            push(body, Op::LoadInt, [Arg::Reg(zero), Arg::Num(0), Arg::None], &[], at);
            push(body, Op::IntToFloat, [Arg::Reg(value), Arg::Reg(zero), Arg::Num(3)], &[], at);
        } else {
            push(body, Op::Clear, [Arg::Reg(value), Arg::None, Arg::None], &[], at);
        }
        empty.push((slot, value));
    }
    let value =
        |slot: u16| empty.iter().find(|&&(known, _)| known == slot).map(|&(_, value)| Ext::Reg(value));
    let operands: Vec<Ext> = slots.iter().filter_map(|&slot| value(slot)).collect();
    push(body, Op::New, [Arg::Reg(object), Arg::Num(i32::from(ty.0)), Arg::None], &operands, at);
}

/// An instruction with its spilled operands in registers for just this moment.
fn rewrite(body: &mut Body, mut inst: Inst, object: Slot, fields: &[Option<u8>]) {
    let field = |slot: Slot| fields.get(slot.v.0 as usize).copied().flatten();
    if inst.code == Code::Declare
        && let Arg::Reg(slot) = inst.args[0]
        && field(slot).is_some()
    {
        return;
    }
    let mut uses: Vec<(Slot, bool, bool)> = Vec::new();
    visit(&inst, &body.ext, |slot, written, read| {
        if field(slot).is_some() {
            match uses.iter_mut().find(|(known, ..)| *known == slot) {
                Some((_, is_written, is_read)) => {
                    *is_written |= written;
                    *is_read |= read;
                }
                None => uses.push((slot, written, read)),
            }
        }
    });
    let mut stores = Vec::new();
    for (slot, written, read) in uses {
        let Some(number) = field(slot) else { continue };
        let class = body.classes.get(slot.v.0 as usize).copied().unwrap_or(ClassId(0));
        let moment = Slot { v: body.fresh(class), sub: 0 };
        let number = Arg::Num(i32::from(number));
        if read {
            push(body, Op::LoadField, [Arg::Reg(moment), Arg::Reg(object), number], &[], inst.at);
        }
        if written {
            stores.push([Arg::Reg(object), number, Arg::Reg(moment)]);
        }
        for arg in &mut inst.args {
            if *arg == Arg::Reg(slot) {
                *arg = Arg::Reg(moment);
            }
        }
        let range = inst.ext.0 as usize..inst.ext.1 as usize;
        for ext in body.ext.get_mut(range).unwrap_or(&mut []) {
            match ext {
                Ext::Reg(used) | Ext::Mod(used) if *used == slot => *used = moment,
                _ => {}
            }
        }
    }
    let at = inst.at;
    body.insts.push(inst);
    for args in stores {
        push(body, Op::StoreField, args, &[], at);
    }
}

//! Arrays.

use bytemuck::{cast_slice, cast_slice_mut};

use crate::error::TrapCode;
use crate::heap::access::{Array, CORRUPT, TOO_LARGE, View, float_bits};
use crate::heap::{Fresh, NULL, join};
use crate::library::unsigned;
use crate::machine::{Stop, Vm, store_packed};
use crate::module::{Packing, TypeId};

type Done = Result<(), Stop>;

/// Steps for copying or setting so many words.
pub(super) const fn word_steps(words: usize) -> u64 {
    words as u64 / 8
}

impl Vm<'_> {
    /// The array in a register.
    pub(super) fn array(&self, register: usize) -> Result<Array, Stop> {
        let view = self.view();
        view.array(view.reg(register))
    }

    /// Moves a run of an array's elements to another index of it; both lie within its capacity.
    fn move_elements(&mut self, array: &Array, from: usize, to: usize, count: usize) -> Done {
        if count == 0 || array.slots == 0 {
            return Ok(());
        }
        let size = if array.packing == Packing::Words { 8 * array.slots } else { array.packing.bytes() };
        let bytes: &mut [u8] = cast_slice_mut(self.heap_mut().get_mut(array.data..).ok_or(CORRUPT)?);
        let end = (from.max(to) + count).checked_mul(size).ok_or(CORRUPT)?;
        if end > bytes.len() {
            return Err(CORRUPT);
        }
        bytes.copy_within(from * size..(from + count) * size, to * size);
        Ok(())
    }

    /// Shortens an array by its last element, whose place is cleared.
    fn drop_last(&mut self, array: &Array) -> Done {
        let last = array.len.checked_sub(1).ok_or(CORRUPT)?;
        if array.packing == Packing::Words && array.slots > 0 {
            let at = array.element_at(last);
            self.heap_mut()
                .get_mut(at..)
                .and_then(|rest| rest.get_mut(..array.slots))
                .ok_or(CORRUPT)?
                .fill(0);
        }
        self.set_len(array, last)
    }
}

/// Copies elements of an array that exists to one that is being made.
pub(super) fn copy_elements(
    view: &View<'_>,
    fresh: &mut Fresh<'_>,
    array: &Array,
    [from, count, data, to]: [usize; 4],
) -> Done {
    if count == 0 || array.slots == 0 {
        return Ok(());
    }
    let size = if array.packing == Packing::Words { 8 * array.slots } else { array.packing.bytes() };
    let source: &[u8] = cast_slice(view.elements(array)?);
    let source = source.get(from * size..(from + count) * size).ok_or(CORRUPT)?;
    let target = fresh.bytes_mut(data, (to + count) * size)?;
    target.get_mut(to * size..).ok_or(CORRUPT)?.copy_from_slice(source);
    Ok(())
}

pub(super) fn array_new(vm: &mut Vm<'_>, dst: usize, ty: TypeId, room: usize) -> Done {
    let room = unsigned(vm.int(room)).unwrap_or(0);
    let words = vm.view().array_words(ty, room)?;
    vm.check_size(words)?;
    vm.pay(10 + word_steps(words))?;
    vm.reserve(words)?;
    let array = vm.fresh(|view, fresh| {
        let (array, data) = fresh.array(&view, ty, room)?;
        fresh.set(array as usize + 1, join(0, data as u32))?;
        Ok(array)
    })?;
    vm.give(dst, [array])
}

pub(super) fn array_fill(vm: &mut Vm<'_>, dst: usize, ty: TypeId, count: usize, element: usize) -> Done {
    let len = vm.count(count)?;
    let words = vm.view().array_words(ty, len)?;
    vm.check_size(words)?;
    vm.pay(10 + word_steps(words))?;
    vm.reserve(words)?;
    let array = vm.fresh(|view, fresh| {
        let (_, packing, slots) = view.array_shape(ty)?;
        let (array, data) = fresh.array(&view, ty, len)?;
        if len == 0 || slots == 0 {
            return Ok(array);
        }
        let first = view.reg(element);
        if packing != Packing::Words {
            let size = packing.bytes();
            store_packed(fresh.range_mut(data, 1)?, 0, 0, packing, first).ok_or(CORRUPT)?;
            let bytes = fresh.bytes_mut(data, len * size)?;
            let mut done = size;
            while done < bytes.len() {
                let more = done.min(bytes.len() - done);
                bytes.copy_within(..more, done);
                done += more;
            }
        } else if slots == 1 {
            fresh.range_mut(data, len)?.fill(first);
        } else {
            for (at, word) in fresh.range_mut(data, len * slots)?.iter_mut().enumerate() {
                *word = view.reg(element + at % slots);
            }
        }
        Ok(array)
    })?;
    vm.give(dst, [array])
}

pub(crate) fn array_push(vm: &mut Vm<'_>, _: usize, array: usize, element: usize) -> Done {
    vm.pay(2)?;
    vm.push_element(array, element)
}

/// Steps of taking the last element.
pub(crate) const POP_STEPS: u64 = 4;

pub(super) fn array_pop(vm: &mut Vm<'_>, dst: usize, array: usize) -> Done {
    vm.pay(POP_STEPS)?;
    let array = vm.array(array)?;
    let Some(last) = array.len.checked_sub(1) else { return vm.give_none(dst, array.slots) };
    vm.load_element(&array, last, dst + 1)?;
    vm.give(dst, [1])?;
    vm.drop_last(&array)
}

pub(super) fn array_insert(vm: &mut Vm<'_>, _: usize, array: usize, at: usize, element: usize) -> Done {
    let (old, at) = (vm.array(array)?, vm.int(at));
    let Some(index) = unsigned(at).filter(|&index| index <= old.len) else {
        return Err(vm.trap(TrapCode::IndexOutOfRange, [at, old.len as i64]));
    };
    vm.pay(6 + word_steps(old.words(old.len - index)?))?;
    vm.grow_array(array, 1)?;
    let array = vm.array(array)?;
    vm.set_len(&array, array.len + 1)?;
    vm.move_elements(&array, index, index + 1, array.len - index)?;
    vm.store_element(&Array { len: array.len + 1, ..array }, index, element)
}

pub(super) fn array_remove(vm: &mut Vm<'_>, dst: usize, array: usize, at: usize) -> Done {
    let array = vm.array(array)?;
    let Some(index) = unsigned(vm.int(at)).filter(|&index| index < array.len) else {
        vm.pay(1)?;
        return vm.give_none(dst, array.slots);
    };
    vm.pay(6 + word_steps(array.words(array.len - index)?))?;
    vm.load_element(&array, index, dst + 1)?;
    vm.give(dst, [1])?;
    vm.move_elements(&array, index + 1, index, array.len - index - 1)?;
    vm.drop_last(&array)
}

pub(super) fn array_slice(vm: &mut Vm<'_>, dst: usize, register: usize, from: usize, to: usize) -> Done {
    let array = vm.array(register)?;
    let range = unsigned(vm.int(from)).zip(unsigned(vm.int(to)));
    let Some((from, to)) = range.filter(|&(from, to)| from <= to && to <= array.len) else {
        vm.pay(1)?;
        return vm.give(dst, [0, NULL]);
    };
    let words = vm.view().array_words(array.ty, to - from)?;
    vm.pay(10 + word_steps(words))?;
    vm.reserve(words)?;
    let slice = vm.fresh(|view, fresh| {
        let array = view.array(view.reg(register))?;
        let (slice, data) = fresh.array(&view, array.ty, to - from)?;
        copy_elements(&view, fresh, &array, [from, to - from, data, 0])?;
        Ok(slice)
    })?;
    vm.give(dst, [1, slice])
}

pub(super) fn array_concat(vm: &mut Vm<'_>, dst: usize, first: usize, second: usize) -> Done {
    let (a, b) = (vm.array(first)?, vm.array(second)?);
    if a.ty != b.ty {
        return Err(CORRUPT);
    }
    let len = a.len.checked_add(b.len).ok_or(TOO_LARGE)?;
    let words = vm.view().array_words(a.ty, len)?;
    vm.check_size(words)?;
    vm.pay(10 + word_steps(words))?;
    vm.reserve(words)?;
    let joined = vm.fresh(|view, fresh| {
        let (a, b) = (view.array(view.reg(first))?, view.array(view.reg(second))?);
        let (joined, data) = fresh.array(&view, a.ty, a.len + b.len)?;
        copy_elements(&view, fresh, &a, [0, a.len, data, 0])?;
        copy_elements(&view, fresh, &b, [0, b.len, data, a.len])?;
        Ok(joined)
    })?;
    vm.give(dst, [joined])
}

fn reverse_packed<const N: usize>(bytes: &mut [u8], len: usize) {
    let (chunks, _) = bytes.as_chunks_mut::<N>();
    chunks.get_mut(..len).unwrap_or_default().reverse();
}

pub(super) fn array_reverse(vm: &mut Vm<'_>, _: usize, array: usize) -> Done {
    let array = vm.array(array)?;
    let words = array.words(array.len)?;
    vm.pay(2 + word_steps(words) * if array.packing == Packing::Words { 1 } else { 2 })?;
    if words == 0 {
        return Ok(());
    }
    let place = vm.heap_mut().get_mut(array.data..array.data + words).ok_or(CORRUPT)?;
    match array.packing.bytes() {
        1 => reverse_packed::<1>(cast_slice_mut(place), array.len),
        2 => reverse_packed::<2>(cast_slice_mut(place), array.len),
        4 => reverse_packed::<4>(cast_slice_mut(place), array.len),
        _ => {
            // All words backwards, then each element's own words back into order.
            place.reverse();
            if array.slots > 1 {
                place.chunks_exact_mut(array.slots).for_each(<[u64]>::reverse);
            }
        }
    }
    Ok(())
}

pub(super) fn array_clear(vm: &mut Vm<'_>, _: usize, array: usize) -> Done {
    vm.pay(2)?;
    let array = vm.array(array)?;
    *vm.heap_mut().get_mut(array.at + 1).ok_or(CORRUPT)? = join(0, NULL as u32);
    Ok(())
}

pub(super) fn array_assign(vm: &mut Vm<'_>, _: usize, to: usize, from: usize) -> Done {
    let (to, from) = (vm.array(to)?, vm.array(from)?);
    if to.len != from.len || to.ty != from.ty {
        return Err(Stop::from(TrapCode::ChangedDuringIteration));
    }
    let words = from.words(from.len)?;
    vm.pay(2 + word_steps(words))?;
    if words == 0 {
        return Ok(());
    }
    let split = vm.state.split;
    vm.move_words(split.saturating_add(from.data), split.saturating_add(to.data), words)
}

/// An integer sum wrapped to its type.
const fn wrapped(value: u64, ty: TypeId) -> u64 {
    match ty {
        TypeId::I8 => (value as i8 as i64).cast_unsigned(),
        TypeId::I16 => (value as i16 as i64).cast_unsigned(),
        TypeId::I32 => (value as i32 as i64).cast_unsigned(),
        TypeId::U8 => value as u8 as u64,
        TypeId::U16 => value as u16 as u64,
        TypeId::U32 => value as u32 as u64,
        _ => value,
    }
}

/// Whether this is one of the integer types.
pub(super) const fn is_int(ty: TypeId) -> bool {
    ty.0 >= TypeId::INT.0 && ty.0 <= TypeId::U64.0
}

pub(super) fn array_sum(vm: &mut Vm<'_>, dst: usize, array: usize) -> Done {
    let array = vm.array(array)?;
    vm.pay(2 + array.len as u64 / 2)?;
    let view = vm.view();
    let numbers = (0..array.len).map(|index| view.element(&array, index, 0));
    let sum = match array.element {
        ty if is_int(ty) => {
            let mut sum = 0u64;
            for value in numbers {
                sum = sum.wrapping_add(value?);
            }
            wrapped(sum, ty)
        }
        TypeId::FLOAT => {
            let words = view.elements(&array)?;
            float_bits(words.iter().fold(0.0, |sum, &value| sum + f64::from_bits(value)))
        }
        TypeId::F32 => {
            let mut sum = 0f32;
            for value in numbers {
                sum += f64::from_bits(value?) as f32;
            }
            float_bits(f64::from(sum))
        }
        _ => return Err(Stop::from(TrapCode::Unsupported)),
    };
    vm.give(dst, [sum])
}

fn extreme(vm: &mut Vm<'_>, dst: usize, register: usize, largest: bool) -> Done {
    let array = vm.array(register)?;
    if array.len == 0 {
        vm.pay(1)?;
        return vm.give_none(dst, array.slots);
    }
    if array.element == TypeId::STR {
        return super::sort::extreme_string(vm, dst, register, largest);
    }
    vm.pay(2 + array.len as u64)?;
    let view = vm.view();
    let mut best = view.element(&array, 0, 0)?;
    for index in 1..array.len {
        let value = view.element(&array, index, 0)?;
        let better = match array.element {
            ty if ty.is_float() => {
                let (value, best) = (f64::from_bits(value), f64::from_bits(best));
                // Not a number wins, and nothing wins against it.
                value.is_nan() || if largest { value > best } else { value < best }
            }
            TypeId::U64 if largest => value > best,
            TypeId::U64 => value < best,
            ty if is_int(ty) && largest => value.cast_signed() > best.cast_signed(),
            ty if is_int(ty) => value.cast_signed() < best.cast_signed(),
            _ => return Err(Stop::from(TrapCode::Unsupported)),
        };
        if better {
            best = value;
        }
    }
    vm.give(dst, [1, best])
}

pub(super) fn array_min(vm: &mut Vm<'_>, dst: usize, array: usize) -> Done {
    extreme(vm, dst, array, false)
}

pub(super) fn array_max(vm: &mut Vm<'_>, dst: usize, array: usize) -> Done {
    extreme(vm, dst, array, true)
}

//! Sorting of numbers, booleans and strings.
//!
//! Numbers are sorted where they are: values that compare equal are the same, so any sort is stable. Strings are
//! sorted in the free words, by seven bytes at a time: the work is then in proportion to the bytes that are looked
//! at, each string's at most once, however long prefixes agree and however often the same string occurs.

use core::cmp::Ordering;

use bytemuck::cast_slice_mut;

use crate::error::TrapCode;
use crate::heap::access::{CORRUPT, View};
use crate::library::array::is_int;
use crate::machine::{Stop, Vm};
use crate::module::{Packing, TypeId};

type Done = Result<(), Stop>;

/// Steps for sorting so many numbers.
fn sort_steps(len: usize) -> u64 {
    let len = len as u64;
    2 + len * (1 + u64::from(len.checked_ilog2().unwrap_or(0))) / 4
}

pub(super) fn array_sort(vm: &mut Vm<'_>, _: usize, register: usize) -> Done {
    let array = vm.array(register)?;
    if array.element == TypeId::STR {
        return sort_strings(vm, register);
    }
    if !is_int(array.element) && !matches!(array.element, TypeId::BOOL | TypeId::FLOAT | TypeId::F32) {
        return Err(Stop::from(TrapCode::Unsupported));
    }
    vm.pay(sort_steps(array.len))?;
    let words = array.words(array.len)?;
    if words == 0 {
        return Ok(());
    }
    let end = array.data.saturating_add(words);
    let place = vm.heap_mut().get_mut(array.data..end).ok_or(CORRUPT)?;
    match (array.packing, array.element) {
        (Packing::Words, TypeId::FLOAT) => sort(cast_slice_mut::<u64, f64>(place), in_order),
        (Packing::Words, TypeId::U64) => sort(place, Ord::cmp),
        (Packing::Words, _) => sort(cast_slice_mut::<u64, i64>(place), Ord::cmp),
        (Packing::F32, _) => {
            let singles = cast_slice_mut::<u64, f32>(place).get_mut(..array.len);
            sort(singles.ok_or(CORRUPT)?, |&a, &b| in_order(&f64::from(a), &f64::from(b)));
        }
        (Packing::I8, _) => sort_packed::<i8>(place, array.len),
        (Packing::U8, _) => sort_packed::<u8>(place, array.len),
        (Packing::I16, _) => sort_packed::<i16>(place, array.len),
        (Packing::U16, _) => sort_packed::<u16>(place, array.len),
        (Packing::I32, _) => sort_packed::<i32>(place, array.len),
        (Packing::U32, _) => sort_packed::<u32>(place, array.len),
        (Packing::F16 | Packing::BF16, _) => return Err(Stop::from(TrapCode::Unsupported)),
    }
    Ok(())
}

/// IEEE 754's total order, but of numbers that are none there is only one, after all others: which sign such a one has is up to
/// the processor.
fn in_order(a: &f64, b: &f64) -> Ordering {
    let one = |x: f64| if x.is_nan() { f64::NAN } else { x };
    one(*a).total_cmp(&one(*b))
}

fn sort_packed<T: bytemuck::Pod + Ord>(place: &mut [u64], len: usize) {
    if let Some(elements) = cast_slice_mut::<u64, T>(place).get_mut(..len) {
        sort(elements, Ord::cmp);
    }
}

/// Sorts; what compares equal, in any order. The standard library's way is the quickest, but each type that it sorts takes
/// up kilobytes, of which a small target has few.
fn sort<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    if cfg!(target_pointer_width = "64") {
        items.sort_unstable_by(compare);
    } else {
        heap_sort(items, |a, b| compare(a, b).is_lt());
    }
}

fn heap_sort<T>(items: &mut [T], less: impl Fn(&T, &T) -> bool) {
    let sift = |heap: &mut [T], mut at: usize| {
        loop {
            let mut child = 2 * at + 1;
            if let Some([left, right]) = heap.get(child..).and_then(<[T]>::first_chunk)
                && less(left, right)
            {
                child += 1;
            }
            match (heap.get(at), heap.get(child)) {
                (Some(parent), Some(child)) if less(parent, child) => {}
                _ => return,
            }
            heap.swap(at, child);
            at = child;
        }
    };
    for at in (0..items.len() / 2).rev() {
        sift(items, at);
    }
    let mut heap = items;
    while let Some(last) = heap.len().checked_sub(1) {
        heap.swap(0, last);
        heap = heap.get_mut(..last).unwrap_or_default();
        sift(heap, 0);
    }
}

/// Bytes that a key holds.
const KEY_BYTES: usize = 7;
/// In a key's low byte: the string goes on.
const MORE: u64 = 8;

/// A string of the array: its next bytes, and which string it is with how often it occurs.
type Item = [u64; 2];

/// The next bytes of a string, so that keys compare as the strings do: seven bytes, and how many there were.
fn key(bytes: &[u8], from: usize) -> u64 {
    let rest = bytes.get(from..).unwrap_or(&[]);
    let key = (0..KEY_BYTES).fold(0, |key, at| key << 8 | rest.get(at).map_or(0, |&byte| u64::from(byte)));
    key << 8 | if rest.len() > KEY_BYTES { MORE } else { rest.len() as u64 }
}

/// The string of an item: its reference, and how often it occurs.
const fn split_item(&[_, string]: &Item) -> (u64, usize) {
    (string & 0xffff_ffff, (string >> 32) as usize)
}

/// Sorts items of different strings. The stack takes the runs that are still to be sorted, of two items or more
/// each. Gives the steps that it took.
fn sort_items(view: &View<'_>, items: &mut [Item], stack: &mut [Item]) -> Result<u64, Stop> {
    let (mut depth, mut steps) = (0, 0);
    let (mut start, mut end, mut from) = (0, items.len(), 0);
    loop {
        let run = items.get_mut(start..end).ok_or(CORRUPT)?;
        for item in run.iter_mut() {
            let bytes = view.string(split_item(item).0)?;
            *item = [key(bytes, from), item[1]];
        }
        sort(run, |[this, _], [other, _]| this.cmp(other));
        let mut groups = 1u64;
        // Those that are equal so far, and go on, are sorted by what follows.
        let mut first = 0;
        while let Some(rest) = run.get(first..)
            && let Some(&[this, _]) = rest.first()
        {
            let same = rest.iter().take_while(|&&[key, _]| key == this).count();
            if same > 1 && this & 0xff == MORE {
                let begin = start + first;
                let frame = [begin as u64 | ((begin + same) as u64) << 32, (from + KEY_BYTES) as u64];
                *stack.get_mut(depth).ok_or(CORRUPT)? = frame;
                depth += 1;
            }
            first += same;
            groups += 1;
        }
        steps += run.len() as u64 * (4 + u64::from(groups.ilog2())) / 2;
        let Some(below) = depth.checked_sub(1) else { return Ok(steps) };
        let &[range, next] = stack.get(below).ok_or(CORRUPT)?;
        (start, end, from) = (range as u32 as usize, (range >> 32) as usize, next as usize);
        depth = below;
    }
}

/// Lists the different strings of the array in a register in the free words, and lets `work` have them with as
/// many words more. Gives what it gives, and how many they are.
fn with_strings<R>(
    vm: &mut Vm<'_>,
    register: usize,
    work: impl Fn(&View<'_>, &mut [Item], &mut [Item]) -> Result<(R, u64), Stop>,
) -> Result<(R, usize), Stop> {
    vm.attempt(|view, fresh| {
        let array = view.array(view.reg(register))?;
        let strings = view.elements(&array)?;
        let references = fresh.scratch(strings.len())?;
        references.copy_from_slice(strings);
        sort(references, Ord::cmp);
        // The same string several times becomes one item.
        let mut different = 0;
        let mut at = 0;
        while let Some(rest) = references.get(at..)
            && let Some(&this) = rest.first()
        {
            let same = rest.iter().take_while(|&&other| other == this).count();
            *references.get_mut(different).ok_or(CORRUPT)? = this & 0xffff_ffff | (same as u64) << 32;
            different += 1;
            at += same;
        }
        let words = fresh.scratch(3 * different + 2)?;
        for at in (0..different).rev() {
            let item = words.get(at).copied().ok_or(CORRUPT)?;
            *words.get_mut(2 * at + 1).ok_or(CORRUPT)? = item;
        }
        let (items, stack) = words.split_at_mut_checked(2 * different).ok_or(CORRUPT)?;
        let (result, steps) = work(&view, pairs(items), pairs(stack))?;
        fresh.cost += steps;
        Ok((result, different))
    })
}

fn pairs(words: &mut [u64]) -> &mut [Item] {
    words.as_chunks_mut().0
}

fn sort_strings(vm: &mut Vm<'_>, register: usize) -> Done {
    let len = vm.array(register)?.len;
    vm.pay(sort_steps(len) + len as u64)?;
    let ((), different) =
        with_strings(vm, register, |view, items, stack| Ok(((), sort_items(view, items, stack)?)))?;
    // The items lie in the free words still.
    let array = vm.array(register)?;
    let items = vm.state.top;
    let mut to = array.data;
    for at in 0..different {
        let item = vm.heap().get(items + 2 * at + 1).copied().ok_or(CORRUPT)?;
        let (string, count) = split_item(&[0, item]);
        let place = vm.heap_mut().get_mut(to..).and_then(|rest| rest.get_mut(..count));
        place.ok_or(CORRUPT)?.fill(string);
        to += count;
    }
    Ok(())
}

/// The smallest or largest string of the array in a register, which is not empty.
pub(super) fn extreme_string(vm: &mut Vm<'_>, dst: usize, register: usize, largest: bool) -> Done {
    let len = vm.array(register)?.len;
    vm.pay(sort_steps(len) + len as u64)?;
    let (string, _) = with_strings(vm, register, |view, items, _| {
        let (mut best, mut steps) = (None::<(u64, &[u8])>, 0);
        for item in items.iter() {
            let (string, _) = split_item(item);
            let bytes = view.string(string)?;
            // No string is compared more often than once with a better one, so this is at most all bytes.
            steps += 1 + bytes.len() as u64 / 32;
            if best.is_none_or(|(_, best)| if largest { bytes > best } else { bytes < best }) {
                best = Some((string, bytes));
            }
        }
        best.map(|(string, _)| (string, steps)).ok_or(CORRUPT)
    })?;
    vm.give(dst, [1, string])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn small_targets_sort_as_others_do(mut items: std::vec::Vec<i8>) {
            let mut due = items.clone();
            due.sort_unstable();
            heap_sort(&mut items, |a, b| a < b);
            prop_assert_eq!(items, due);
        }
    }
}

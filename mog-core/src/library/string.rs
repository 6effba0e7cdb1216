//! Strings.

use crate::heap::NULL;
use crate::heap::access::{CORRUPT, MAX_LEN, TOO_LARGE, View, string_words};
use crate::heap::text::{TextPlace, is_boundary};
use crate::isa::Operands;
use crate::library::{byte_steps, unsigned};
use crate::machine::{Stop, Vm};
use crate::module::TypeId;

type Done = Result<(), Stop>;

/// Steps for looking for one text in another.
const fn search_steps(text: usize, pattern: usize) -> u64 {
    4 + (text as u64 + pattern as u64) / 3
}

/// Bytes of the character that starts at a byte.
fn char_len(bytes: &[u8], at: usize) -> Option<usize> {
    let len = match bytes.get(at)? {
        0..0x80 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
        0x80..0xc0 => return None,
    };
    (at + len <= bytes.len()).then_some(len)
}

/// A part of the string in a register, as a new string unless it is all of it.
fn part(vm: &mut Vm<'_>, register: usize, from: usize, to: usize) -> Result<u64, Stop> {
    if from == 0 && to == vm.bytes(register)?.len() {
        return Ok(vm.get(register));
    }
    vm.build_string(to.saturating_sub(from), |view, place| {
        place.copy_from_slice(view.string(view.reg(register))?.get(from..to).ok_or(CORRUPT)?);
        Ok(())
    })
}

/// Makes an array of the strings that `each` hands to its closure; it is called twice.
fn strings(
    vm: &mut Vm<'_>,
    dst: usize,
    each: impl Fn(View<'_>, &mut dyn FnMut(&str) -> Done) -> Done,
) -> Done {
    let (mut count, mut words) = (0, 0);
    each(vm.view(), &mut |text| {
        count += 1;
        words += string_words(text.len())?;
        Ok(())
    })?;
    vm.charge(5 + count as u64 * 3 + words as u64 / 4);
    vm.reserve(words + vm.view().array_words(TypeId::ARRAY_STR, count)?)?;
    let array = vm.fresh(|view, fresh| {
        let (array, mut next) = fresh.array(&view, TypeId::ARRAY_STR, count)?;
        each(view, &mut |text| {
            let string = fresh.string(text.as_bytes())?;
            fresh.set(next, string)?;
            next += 1;
            Ok(())
        })?;
        Ok(array)
    })?;
    vm.give(dst, [array])
}

pub(super) fn str_concat(vm: &mut Vm<'_>, dst: usize, list: Operands<'_>) -> Done {
    let mut total = 0usize;
    for register in list.iter() {
        total = total.checked_add(vm.bytes(usize::from(register))?.len()).ok_or(TOO_LARGE)?;
    }
    vm.check_size(string_words(total)?)?;
    let first = list.get(0).map_or(usize::MAX, usize::from);
    let len = vm.bytes(first).map_or(0, <[u8]>::len).min(total);
    // Whether there is room behind what has grown depends on the arena. The steps do not: copies are the collector's.
    let paid = if vm.has_grown(vm.get(first), len, total) { total - len } else { total };
    vm.pay(2 + list.len() as u64 / 2 + byte_steps(paid))?;
    let place = vm.reserve_text(vm.get(first), len, total)?;
    let (kept, rest) = if let TextPlace::Behind(_) = place { (len, list.skip(1)) } else { (0, list) };
    let (string, mut at) = vm.fresh(|_, fresh| fresh.place_string(place, total))?;
    at += kept;
    for register in rest.iter() {
        at += vm.write_text(at, vm.get(usize::from(register)))?;
    }
    if let TextPlace::Behind(buffer) = place {
        vm.set_used(buffer, total)?;
    }
    vm.give(dst, [string])
}

pub(super) fn str_eq(vm: &mut Vm<'_>, dst: usize, a: usize, b: usize) -> Done {
    let (len, other) = (vm.bytes(a)?.len(), vm.bytes(b)?.len());
    vm.pay(if len == other { 1 + byte_steps(len) } else { 1 })?;
    let equal = vm.get(a) == vm.get(b) || len == other && vm.bytes(a)? == vm.bytes(b)?;
    vm.give(dst, [u64::from(equal)])
}

pub(super) fn str_cmp(vm: &mut Vm<'_>, dst: usize, a: usize, b: usize) -> Done {
    let shorter = vm.bytes(a)?.len().min(vm.bytes(b)?.len());
    vm.pay(1 + byte_steps(shorter))?;
    let order = vm.bytes(a)?.cmp(vm.bytes(b)?);
    vm.give(dst, [(order as i64).cast_unsigned()])
}

/// One character for one: where Unicode has several, the character stays.
fn change_case(c: char, upper: bool) -> char {
    if upper {
        let mut mapped = c.to_uppercase();
        mapped.next().filter(|_| mapped.next().is_none()).unwrap_or(c)
    } else {
        let mut mapped = c.to_lowercase();
        mapped.next().filter(|_| mapped.next().is_none()).unwrap_or(c)
    }
}

fn with_case(vm: &mut Vm<'_>, dst: usize, text: usize, upper: bool) -> Done {
    let len = vm.bytes(text)?.len();
    vm.pay(3 + len as u64 / 2)?;
    let total = if vm.bytes(text)?.is_ascii() {
        len
    } else {
        vm.charge(len as u64 * 3);
        vm.str(text)?.chars().map(|c| change_case(c, upper).len_utf8()).sum()
    };
    let string = vm.build_string(total, |view, place| {
        let bytes = view.string(view.reg(text))?;
        if bytes.is_ascii() {
            place.copy_from_slice(bytes);
            if upper {
                place.make_ascii_uppercase()
            } else {
                place.make_ascii_lowercase()
            }
            return Ok(());
        }
        let mut at = 0;
        for c in view.text(view.reg(text))?.chars() {
            let mut buffer = [0; 4];
            let mapped = change_case(c, upper).encode_utf8(&mut buffer).as_bytes();
            place.get_mut(at..at + mapped.len()).ok_or(CORRUPT)?.copy_from_slice(mapped);
            at += mapped.len();
        }
        Ok(())
    })?;
    vm.give(dst, [string])
}

pub(super) fn str_upper(vm: &mut Vm<'_>, dst: usize, text: usize) -> Done {
    with_case(vm, dst, text, true)
}

pub(super) fn str_lower(vm: &mut Vm<'_>, dst: usize, text: usize) -> Done {
    with_case(vm, dst, text, false)
}

pub(super) fn str_trim(vm: &mut Vm<'_>, dst: usize, text: usize) -> Done {
    vm.pay(4 + vm.bytes(text)?.len() as u64 / 16)?;
    let all = vm.str(text)?;
    let start = all.len() - all.trim_start().len();
    let end = all.trim_end().len().max(start);
    vm.charge((start + vm.bytes(text)?.len() - end) as u64 / 2);
    let string = part(vm, text, start, end)?;
    vm.give(dst, [string])
}

pub(super) fn str_split(vm: &mut Vm<'_>, dst: usize, text: usize, separator: usize) -> Done {
    if vm.bytes(separator)?.is_empty() {
        return str_chars(vm, dst, text);
    }
    vm.pay(2 * search_steps(vm.bytes(text)?.len(), vm.bytes(separator)?.len()))?;
    strings(vm, dst, |view, give| {
        view.text(view.reg(text))?.split(view.text(view.reg(separator))?).try_for_each(give)
    })
}

/// The position of the first occurrence, after paying.
fn find(vm: &mut Vm<'_>, text: usize, pattern: usize) -> Result<Option<usize>, Stop> {
    vm.pay(search_steps(vm.bytes(text)?.len(), vm.bytes(pattern)?.len()))?;
    Ok(vm.str(text)?.find(vm.str(pattern)?))
}

pub(super) fn str_contains(vm: &mut Vm<'_>, dst: usize, text: usize, pattern: usize) -> Done {
    let found = find(vm, text, pattern)?.is_some();
    vm.give(dst, [u64::from(found)])
}

pub(super) fn str_index_of(vm: &mut Vm<'_>, dst: usize, text: usize, pattern: usize) -> Done {
    let found = find(vm, text, pattern)?.map_or(-1, |at| at as i64);
    vm.give(dst, [found.cast_unsigned()])
}

pub(super) fn str_starts_with(vm: &mut Vm<'_>, dst: usize, text: usize, pattern: usize) -> Done {
    vm.pay(1 + byte_steps(vm.bytes(pattern)?.len()))?;
    let yes = vm.bytes(text)?.starts_with(vm.bytes(pattern)?);
    vm.give(dst, [u64::from(yes)])
}

pub(super) fn str_ends_with(vm: &mut Vm<'_>, dst: usize, text: usize, pattern: usize) -> Done {
    vm.pay(1 + byte_steps(vm.bytes(pattern)?.len()))?;
    let yes = vm.bytes(text)?.ends_with(vm.bytes(pattern)?);
    vm.give(dst, [u64::from(yes)])
}

pub(super) fn str_replace(vm: &mut Vm<'_>, dst: usize, text: usize, from: usize, to: usize) -> Done {
    let (len, old, new) = (vm.bytes(text)?.len(), vm.bytes(from)?.len(), vm.bytes(to)?.len());
    vm.pay(2 * search_steps(len, old))?;
    let count = vm.str(text)?.matches(vm.str(from)?).count();
    if count == 0 {
        let same = vm.get(text);
        return vm.give(dst, [same]);
    }
    let total =
        count.checked_mul(new).and_then(|new| (len - count * old).checked_add(new)).ok_or(TOO_LARGE)?;
    vm.check_size(string_words(total)?)?;
    vm.charge(count as u64 * 3 + total as u64 / 32);
    let string = vm.build_string(total, |view, place| {
        let text = view.text(view.reg(text))?;
        let (from, to) = (view.text(view.reg(from))?, view.string(view.reg(to))?);
        let (mut read, mut write) = (0, 0);
        let mut put = |bytes: &[u8]| {
            place.get_mut(write..write + bytes.len()).ok_or(CORRUPT)?.copy_from_slice(bytes);
            write += bytes.len();
            Ok(())
        };
        for (at, found) in text.match_indices(from) {
            put(text.as_bytes().get(read..at).ok_or(CORRUPT)?)?;
            put(to)?;
            read = at + found.len();
        }
        put(text.as_bytes().get(read..).ok_or(CORRUPT)?)
    })?;
    vm.give(dst, [string])
}

/// Repeats the first bytes of a place until it is full.
fn fill_with_first(place: &mut [u8], first: usize) {
    let mut done = first;
    while done < place.len() && done > 0 {
        let more = done.min(place.len() - done);
        place.copy_within(..more, done);
        done += more;
    }
}

pub(super) fn str_repeat(vm: &mut Vm<'_>, dst: usize, text: usize, count: usize) -> Done {
    let times = vm.count(count)?;
    let len = vm.bytes(text)?.len();
    let total = len.checked_mul(times).ok_or(TOO_LARGE)?;
    vm.check_size(string_words(total)?)?;
    vm.pay(2 + byte_steps(total))?;
    let string = vm.build_string(total, |view, place| {
        if let Some(first) = place.get_mut(..len) {
            first.copy_from_slice(view.string(view.reg(text))?);
            fill_with_first(place, len);
        }
        Ok(())
    })?;
    vm.give(dst, [string])
}

pub(super) fn str_slice(vm: &mut Vm<'_>, dst: usize, text: usize, from: usize, to: usize) -> Done {
    let bytes = vm.bytes(text)?;
    let range = unsigned(vm.int(from)).zip(unsigned(vm.int(to)));
    let range = range.filter(|&(from, to)| from <= to && is_boundary(bytes, from) && is_boundary(bytes, to));
    let Some((from, to)) = range else {
        vm.pay(1)?;
        return vm.give(dst, [0, NULL]);
    };
    vm.pay(2 + byte_steps(to - from))?;
    let string = part(vm, text, from, to)?;
    vm.give(dst, [1, string])
}

pub(super) fn str_at(vm: &mut Vm<'_>, dst: usize, text: usize, at: usize) -> Done {
    vm.pay(3)?;
    let at = unsigned(vm.int(at));
    let bytes = vm.bytes(text)?;
    match at.and_then(|at| Some((at, char_len(bytes, at)?))) {
        Some((at, len)) => {
            let string = part(vm, text, at, at + len)?;
            vm.give(dst, [1, string])
        }
        None => vm.give(dst, [0, NULL]),
    }
}

pub(super) fn str_next(vm: &mut Vm<'_>, dst: usize, text: usize, at: usize) -> Done {
    vm.pay(3)?;
    let at = unsigned(vm.int(at));
    let bytes = vm.bytes(text)?;
    match at.and_then(|at| Some((at, char_len(bytes, at)?))) {
        Some((at, len)) => {
            let string = part(vm, text, at, at + len)?;
            vm.give(dst, [(at + len) as u64, string])
        }
        None => vm.give(dst, [u64::MAX, NULL]),
    }
}

pub(super) fn str_chars(vm: &mut Vm<'_>, dst: usize, text: usize) -> Done {
    vm.pay(3 + vm.bytes(text)?.len() as u64 / 2)?;
    strings(vm, dst, |view, give| {
        view.text(view.reg(text))?.chars().try_for_each(|c| give(c.encode_utf8(&mut [0; 4])))
    })
}

pub(super) fn str_lines(vm: &mut Vm<'_>, dst: usize, text: usize) -> Done {
    vm.pay(3 + vm.bytes(text)?.len() as u64 / 4)?;
    strings(vm, dst, |view, give| view.text(view.reg(text))?.lines().try_for_each(give))
}

pub(super) fn str_bytes(vm: &mut Vm<'_>, dst: usize, text: usize) -> Done {
    let len = vm.bytes(text)?.len();
    vm.pay(2 + byte_steps(len))?;
    vm.reserve(vm.view().array_words(TypeId::ARRAY_U8, len)?)?;
    let array = vm.fresh(|view, fresh| {
        let (array, data) = fresh.array(&view, TypeId::ARRAY_U8, len)?;
        if len > 0 {
            fresh.bytes_mut(data, len)?.copy_from_slice(view.string(view.reg(text))?);
        }
        Ok(array)
    })?;
    vm.give(dst, [array])
}

fn pad(vm: &mut Vm<'_>, dst: usize, operands: [usize; 3], left: bool) -> Done {
    let [text, count, filler] = operands;
    let (len, unit) = (vm.bytes(text)?.len(), vm.bytes(filler)?.len());
    vm.pay(8 + (len as u64 + unit as u64) / 8)?;
    let (has, per) = (vm.str(text)?.chars().count(), vm.str(filler)?.chars().count());
    let missing = unsigned(vm.int(count)).unwrap_or(0).saturating_sub(has);
    if missing == 0 || per == 0 {
        let same = vm.get(text);
        return vm.give(dst, [same]);
    }
    // The filler as often as it fits whole, then its first characters.
    let rest = vm.str(filler)?.chars().take(missing % per).map(char::len_utf8).sum::<usize>();
    let padding =
        (missing / per).checked_mul(unit).and_then(|whole| whole.checked_add(rest)).ok_or(TOO_LARGE)?;
    let total = padding.checked_add(len).filter(|&total| total <= MAX_LEN).ok_or(TOO_LARGE)?;
    vm.check_size(string_words(total)?)?;
    vm.charge(byte_steps(total));
    let string = vm.build_string(total, |view, place| {
        let middle = if left { padding } else { len };
        let (head, tail) = place.split_at_mut_checked(middle).ok_or(CORRUPT)?;
        let (padded, kept) = if left { (head, tail) } else { (tail, head) };
        kept.copy_from_slice(view.string(view.reg(text))?);
        let filler = view.string(view.reg(filler))?;
        let first = unit.min(padded.len());
        padded.get_mut(..first).ok_or(CORRUPT)?.copy_from_slice(filler.get(..first).ok_or(CORRUPT)?);
        fill_with_first(padded, first);
        Ok(())
    })?;
    vm.give(dst, [string])
}

pub(super) fn str_pad_left(vm: &mut Vm<'_>, dst: usize, text: usize, count: usize, filler: usize) -> Done {
    pad(vm, dst, [text, count, filler], true)
}

pub(super) fn str_pad_right(vm: &mut Vm<'_>, dst: usize, text: usize, count: usize, filler: usize) -> Done {
    pad(vm, dst, [text, count, filler], false)
}

pub(super) fn str_join(vm: &mut Vm<'_>, dst: usize, array: usize, separator: usize) -> Done {
    let view = vm.view();
    let strings = view.array(view.reg(array))?;
    let separator_len = view.string(view.reg(separator))?.len();
    let count = strings.len;
    vm.pay(4 + 2 * count as u64)?;
    let view = vm.view();
    let mut total = separator_len.checked_mul(count.saturating_sub(1)).ok_or(TOO_LARGE)?;
    for index in 0..count {
        let bytes = view.string(view.element(&strings, index, 0)?)?;
        total = total.checked_add(bytes.len()).ok_or(TOO_LARGE)?;
    }
    vm.check_size(string_words(total)?)?;
    vm.charge(total as u64 / 32);
    let string = vm.build_string(total, |view, mut place| {
        let separator = view.string(view.reg(separator))?;
        let strings = view.array(view.reg(array))?;
        for index in 0..strings.len {
            let bytes = view.string(view.element(&strings, index, 0)?)?;
            for bytes in [if index == 0 { &[][..] } else { separator }, bytes] {
                let (head, rest) = place.split_at_mut_checked(bytes.len()).ok_or(CORRUPT)?;
                head.copy_from_slice(bytes);
                place = rest;
            }
        }
        Ok(())
    })?;
    vm.give(dst, [string])
}

//! Parts of `any` values.

use crate::error::TrapCode;
use crate::heap::access::{CORRUPT, View};
use crate::heap::{AnyTag, Fresh, LIVE, NULL};
use crate::library::entries::Map;
use crate::library::from_any::kind_name;
use crate::library::parse::{put_fmt, write_excerpt};
use crate::library::unsigned;
use crate::machine::{Stop, Vm};

type Done = Result<(), Stop>;

impl Vm<'_> {
    /// The kind of the `any` in two registers.
    fn tag(&self, register: usize) -> Result<AnyTag, Stop> {
        AnyTag::from_slot(self.get(register)).ok_or(CORRUPT)
    }
}

/// Writes that something is of the wrong kind.
fn write_wrong(out: &mut Fresh<'_>, wanted: &str, found: AnyTag) -> Done {
    put_fmt(out, format_args!("expected {wanted}, found "))?;
    out.put(kind_name(found))
}

fn write_no_key(view: &View<'_>, out: &mut Fresh<'_>, key: usize) -> Done {
    out.put(b"no key ")?;
    write_excerpt(out, view.text(view.reg(key))?)
}

/// The value under a string key of the map in an `any`.
fn under_key(vm: &mut Vm<'_>, dst: usize, any: usize, key: usize) -> Done {
    let map = vm.map(any + 1)?;
    let key_value = vm.get(key);
    match vm.find_key(&map, key_value)?.1 {
        Some(number) => {
            let from = vm.state.split.saturating_add(map.entry_at(number) + 2);
            vm.move_words(from, vm.state.base.saturating_add(dst + 1), 2)?;
            vm.give(dst, [0])?;
            vm.give(dst + 3, [NULL])
        }
        None => vm.give_failure(dst, 2, |view, out| write_no_key(&view, out, key)),
    }
}

pub(super) fn any_field(vm: &mut Vm<'_>, dst: usize, any: usize, key: usize) -> Done {
    let found = vm.tag(any)?;
    if found == AnyTag::Map {
        return under_key(vm, dst, any, key);
    }
    vm.pay(6)?;
    vm.give_failure(dst, 2, |_, out| write_wrong(out, "map", found))
}

pub(super) fn any_index(vm: &mut Vm<'_>, dst: usize, any: usize, key: usize) -> Done {
    let (found, kind) = (vm.tag(any)?, vm.tag(key)?);
    match (found, kind) {
        (AnyTag::Map, AnyTag::Str) => return under_key(vm, dst, any, key + 1),
        (AnyTag::Array, AnyTag::Int) => {}
        _ => {
            vm.pay(6)?;
            return wrong_index(vm, dst, 2, found, kind);
        }
    }
    vm.pay(6)?;
    let (array, at) = (vm.array(any + 1)?, vm.int(key + 1));
    match unsigned(at).filter(|&at| at < array.len) {
        Some(at) => {
            vm.load_element(&array, at, dst + 1)?;
            vm.give(dst, [0])?;
            vm.give(dst + 3, [NULL])
        }
        None => out_of_range(vm, dst, 2, at, array.len),
    }
}

fn wrong_index(vm: &mut Vm<'_>, dst: usize, slots: usize, found: AnyTag, key: AnyTag) -> Done {
    vm.give_failure(dst, slots, |_, out| match found {
        AnyTag::Map => {
            out.put(b"key: ")?;
            write_wrong(out, "string", key)
        }
        AnyTag::Array => {
            out.put(b"index: ")?;
            write_wrong(out, "int", key)
        }
        _ => write_wrong(out, "array or map", found),
    })
}

fn out_of_range(vm: &mut Vm<'_>, dst: usize, slots: usize, at: i64, len: usize) -> Done {
    vm.give_failure(dst, slots, |_, out| put_fmt(out, format_args!("index {at} out of range, length {len}")))
}

pub(super) fn any_set_index(vm: &mut Vm<'_>, dst: usize, any: usize, key: usize, value: usize) -> Done {
    let (found, kind) = (vm.tag(any)?, vm.tag(key)?);
    match (found, kind) {
        (AnyTag::Map, AnyTag::Str) => vm.store_entry(any + 1, key + 1, value)?,
        (AnyTag::Array, AnyTag::Int) => {
            vm.pay(6)?;
            let (array, at) = (vm.array(any + 1)?, vm.int(key + 1));
            let Some(at) = unsigned(at).filter(|&at| at < array.len) else {
                return out_of_range(vm, dst, 0, at, array.len);
            };
            vm.store_element(&array, at, value)?;
        }
        _ => {
            vm.pay(6)?;
            return wrong_index(vm, dst, 0, found, kind);
        }
    }
    vm.give(dst, [0, NULL])
}

pub(super) fn any_len(vm: &mut Vm<'_>, dst: usize, any: usize) -> Done {
    vm.pay(2)?;
    let len = match vm.tag(any)? {
        AnyTag::Str => vm.bytes(any + 1)?.len(),
        AnyTag::Array => vm.array(any + 1)?.len,
        AnyTag::Map => vm.map(any + 1)?.live,
        found => {
            return vm.give_failure(dst, 1, |_, out| write_wrong(out, "string, array or map", found));
        }
    };
    vm.give(dst, [0, len as u64, NULL])
}

pub(super) fn any_next(vm: &mut Vm<'_>, dst: usize, any: usize, position: usize) -> Done {
    vm.pay(6)?;
    let position = unsigned(vm.int(position)).unwrap_or(usize::MAX);
    let end = [u64::MAX, AnyTag::None as u64, 0, AnyTag::None as u64, 0];
    match vm.tag(any)? {
        AnyTag::Array => {
            let array = vm.array(any + 1)?;
            if position >= array.len {
                return vm.give(dst, end);
            }
            vm.load_element(&array, position, dst + 3)?;
            vm.give(dst, [position as u64 + 1, AnyTag::Int as u64, position as u64])
        }
        AnyTag::Map => {
            let map: Map = vm.map(any + 1)?;
            let mut number = position;
            while number < map.used && map.entry_word(&vm.view(), number)? & LIVE == 0 {
                number += 1;
            }
            vm.charge(number.saturating_sub(position) as u64 / 2);
            if number >= map.used {
                return vm.give(dst, end);
            }
            let from = vm.state.split.saturating_add(map.entry_at(number) + 1);
            vm.move_words(from, vm.state.base.saturating_add(dst + 2), 3)?;
            vm.give(dst, [number as u64 + 1, AnyTag::Str as u64])
        }
        _ => Err(Stop::from(TrapCode::Unsupported)),
    }
}

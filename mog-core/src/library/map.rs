//! Maps: what programs do with them. What they are is in `entries.rs`.

use crate::error::TrapCode;
use crate::features::HAS_MAPS;
use crate::heap::access::{CORRUPT, RAW_HEADER, element_words, index};
use crate::heap::{CONSTANT, LIVE, NULL, ObjectHeader, halves, join};
use crate::library::entries::{
    APPEND_STEPS, Bucket, LOOKUP_STEPS, Map, NEXT_SHIFT, SMALL, buffer_words, capacity_for, hash_bytes,
    hash_word, index_words,
};
use crate::library::unsigned;
use crate::machine::{Stop, Vm, store_packed};
use crate::module::{Packing, TypeId};

type Done = Result<(), Stop>;

/// Bits of a map's header that count how often its entries were renumbered, or dropped at the end.
const GENERATION_SHIFT: u32 = 24;

impl Vm<'_> {
    /// The map in a register.
    pub(super) fn map(&self, register: usize) -> Result<Map, Stop> {
        let view = self.view();
        Map::of(&view, view.reg(register))
    }

    /// The hash of a key. A string object remembers it.
    fn hash_key(&mut self, ty: TypeId, key: u64) -> Result<u32, Stop> {
        let seed = self.state.seed;
        if ty != TypeId::STR {
            return Ok(hash_word(seed, key));
        }
        let known =
            if key >= CONSTANT { 0 } else { halves(*self.heap().get(index(key) + 1).ok_or(CORRUPT)?).1 };
        if known != 0 {
            return Ok(known);
        }
        let hash = hash_bytes(seed, self.view().string(key)?);
        if key < CONSTANT
            && let Some(word) = self.heap_mut().get_mut(index(key) + 1)
        {
            *word = join(halves(*word).0, hash);
        }
        Ok(hash)
    }

    /// Pays for looking up a key and looks it up: its hash, and its entry.
    pub(super) fn find_key(&mut self, map: &Map, key: u64) -> Result<(u32, Option<usize>), Stop> {
        let steps = if map.key == TypeId::STR { self.view().string(key)?.len() as u64 / 8 } else { 0 };
        self.pay(LOOKUP_STEPS + steps)?;
        let hash = self.hash_key(map.key, key)?;
        let (entry, probes) = map.find(&self.view(), hash, key)?;
        self.charge(probes);
        Ok((hash, entry))
    }

    fn set_word(&mut self, at: usize, value: u64) -> Done {
        *self.heap_mut().get_mut(at).ok_or(CORRUPT)? = value;
        Ok(())
    }

    fn set_map(&mut self, map: &Map) -> Done {
        let null = |place: usize| if place == usize::MAX { NULL as u32 } else { place as u32 };
        self.set_word(map.at + 1, join(map.live as u32, map.used as u32))?;
        self.set_word(map.at + 2, join(null(map.entries), null(map.index)))
    }

    /// Notes that entries have other numbers now, or that the last ones are gone.
    fn next_generation(&mut self, map: &Map) {
        if let Some(header) = self.heap_mut().get_mut(map.at) {
            let byte = ((*header >> GENERATION_SHIFT) as u8).wrapping_add(1);
            *header = *header & !(0xff << GENERATION_SHIFT) | u64::from(byte) << GENERATION_SHIFT;
        }
    }

    /// Writes the live entries of a map one after the other into `to`, whose index is empty.
    fn move_entries(&mut self, from: &Map, mut to: Map) -> Result<Map, Stop> {
        to.used = 0;
        for number in 0..from.used {
            let word = from.entry_word(&self.view(), number)?;
            if word & LIVE != 0 {
                let place = self.state.split;
                self.move_words(place + from.entry_at(number), place + to.entry_at(to.used), from.stride)?;
                to.link(self.heap_mut(), to.used, word as u32).ok_or(CORRUPT)?;
                to.used += 1;
            }
        }
        to.live = to.used;
        self.set_map(&to)?;
        self.next_generation(&to);
        self.charge((from.used * from.stride) as u64 / 8 + 3 * to.used as u64 + to.buckets as u64 / 32);
        Ok(to)
    }

    /// Drops deleted entries where a map lies.
    fn compact_map(&mut self, map: Map) -> Result<Map, Stop> {
        if map.buckets > 0 {
            let table = self.heap_mut().get_mut(map.index..).and_then(|rest| rest.get_mut(..map.buckets / 2));
            table.ok_or(CORRUPT)?.fill(0);
        }
        let old_used = map.used;
        let map = self.move_entries(&map, map)?;
        let (from, to) = (map.entry_at(map.used), map.entry_at(old_used));
        self.heap_mut().get_mut(from..to).ok_or(CORRUPT)?.fill(0);
        Ok(map)
    }

    /// Gives a map buffers for so many entries, after they were reserved.
    fn enlarge_map(&mut self, map: Map, capacity: usize) -> Result<Map, Stop> {
        let (entries, table) = self.fresh(|_, fresh| {
            let header = ObjectHeader::new(map.ty, ObjectHeader::ENTRIES).0;
            let entries = fresh.buffer(header, capacity * map.stride)?;
            let table =
                if capacity > SMALL { fresh.buffer(RAW_HEADER, index_words(capacity))? } else { usize::MAX };
            Ok((entries, table))
        })?;
        let (room, buckets) = (capacity * map.stride, index_words(capacity) * 2);
        self.move_entries(&map, Map { entries, room, index: table, buckets, ..map })
    }

    /// Makes room for one more entry in the map in a register. May move every object.
    fn map_room(&mut self, register: usize) -> Result<Map, Stop> {
        let map = self.map(register)?;
        if !map.is_full() {
            return Ok(map);
        }
        if map.live < map.used - map.used / 4 {
            return self.compact_map(map);
        }
        let capacity = capacity_for(map.live + 1);
        match self.reserve(buffer_words(map.stride, capacity)?) {
            Ok(()) => {
                let map = self.map(register)?;
                self.enlarge_map(map, capacity)
            }
            // When memory is short, whatever there is.
            Err(Stop::OutOfMemory) => {
                let map = self.map(register)?;
                if map.live < map.used {
                    return self.compact_map(map);
                }
                let capacity = map.capacity() + map.capacity() / 8 + 1;
                if self.free() < buffer_words(map.stride, capacity)? {
                    return Err(Stop::OutOfMemory);
                }
                self.enlarge_map(map, capacity)
            }
            Err(other) => Err(other),
        }
    }

    /// Stores the value in consecutive registers under the key in a register, in the map in a register.
    pub(super) fn store_entry(&mut self, register: usize, key: usize, value: usize) -> Done {
        let map = self.map(register)?;
        let (hash, found) = self.find_key(&map, self.get(key))?;
        let (map, place) = match found {
            Some(number) => (map, map.value_at(number)),
            None => {
                self.charge(APPEND_STEPS);
                let map = self.map_room(register)?;
                let key = self.get(key);
                (map, map.append(self.heap_mut(), hash, key).ok_or(CORRUPT)?)
            }
        };
        let from = self.state.base.saturating_add(value);
        self.move_words(from, self.state.split.saturating_add(place), map.value_slots())
    }

    /// Allocates an empty map, after three words were reserved.
    pub(crate) fn alloc_map(&mut self, ty: TypeId) -> Result<u64, Stop> {
        self.alloc_sized_map(ty, 0)
    }

    /// Allocates an empty map with room for so many entries, after that was reserved.
    pub(crate) fn alloc_sized_map(&mut self, ty: TypeId, entries: usize) -> Result<u64, Stop> {
        if !HAS_MAPS {
            return Err(CORRUPT);
        }
        self.fresh(|view, fresh| fresh.map(&view, ty, entries))
    }

    /// Stores an entry in a map in words that were reserved.
    pub(crate) fn map_insert(&mut self, reference: u64, key: u64, value: &[u64]) -> Done {
        let mut map = Map::of(&self.view(), reference)?;
        if value.len() != map.value_slots() {
            return Err(CORRUPT);
        }
        let hash = self.hash_key(map.key, key)?;
        let (found, probes) = map.find(&self.view(), hash, key)?;
        // Whose keys they are, the host does not know.
        self.charge(probes);
        let place = match found {
            Some(number) => map.value_at(number),
            None => {
                if map.is_full() {
                    map = self.enlarge_map(map, capacity_for(map.live + 1))?;
                }
                map.append(self.heap_mut(), hash, key).ok_or(CORRUPT)?
            }
        };
        let words = self.heap_mut().get_mut(place..).and_then(|rest| rest.get_mut(..value.len()));
        words.ok_or(CORRUPT)?.copy_from_slice(value);
        Ok(())
    }
}

pub(super) fn map_new(vm: &mut Vm<'_>, dst: usize, ty: TypeId) -> Done {
    vm.pay(3)?;
    vm.reserve(3)?;
    let map = vm.alloc_map(ty)?;
    vm.give(dst, [map])
}

pub(super) fn map_len(vm: &mut Vm<'_>, dst: usize, map: usize) -> Done {
    vm.pay(1)?;
    let len = vm.map(map)?.live;
    vm.give(dst, [len as u64])
}

pub(super) fn map_get(vm: &mut Vm<'_>, dst: usize, map: usize, key: usize) -> Done {
    let map = vm.map(map)?;
    match vm.find_key(&map, vm.get(key))?.1 {
        Some(number) => {
            let from = vm.state.split.saturating_add(map.value_at(number));
            vm.move_words(from, vm.state.base.saturating_add(dst + 1), map.value_slots())?;
            vm.give(dst, [1])
        }
        None => vm.give_none(dst, map.value_slots()),
    }
}

pub(super) fn map_set(vm: &mut Vm<'_>, _: usize, map: usize, key: usize, value: usize) -> Done {
    vm.store_entry(map, key, value)
}

pub(super) fn map_has(vm: &mut Vm<'_>, dst: usize, map: usize, key: usize) -> Done {
    let map = vm.map(map)?;
    let found = vm.find_key(&map, vm.get(key))?.1;
    vm.give(dst, [u64::from(found.is_some())])
}

pub(super) fn map_delete(vm: &mut Vm<'_>, dst: usize, map: usize, key: usize) -> Done {
    let mut map = vm.map(map)?;
    let Some(number) = vm.find_key(&map, vm.get(key))?.1 else { return vm.give(dst, [0]) };
    let word = map.entry_word(&vm.view(), number)?;
    vm.set_word(map.entry_at(number), word & !LIVE)?;
    map.live = map.live.saturating_sub(1);
    let used = map.used;
    // Deleted entries at the end go at once: each is the first of its chain.
    while let Some(last) = map.used.checked_sub(1) {
        let word = map.entry_word(&vm.view(), last)?;
        if word & LIVE != 0 {
            break;
        }
        if map.buckets > 0 {
            let bucket = Bucket::of(word as u32, map.buckets);
            let next = (word >> NEXT_SHIFT) as u32;
            let place = vm.heap_mut().get_mut(map.index.saturating_add(bucket.word())).ok_or(CORRUPT)?;
            *place = bucket.unlinked(*place, next);
        }
        let start = map.entry_at(last);
        vm.heap_mut().get_mut(start..).and_then(|rest| rest.get_mut(..map.stride)).ok_or(CORRUPT)?.fill(0);
        map.used = last;
    }
    vm.charge(4 + 3 * (used - map.used) as u64);
    if map.used < used {
        vm.next_generation(&map);
    }
    vm.set_map(&map)?;
    // Never more deleted entries than others: what walks over a map is in proportion to what it holds.
    if map.used > SMALL && map.live < map.used / 2 {
        vm.compact_map(map)?;
    }
    vm.give(dst, [1])
}

pub(super) fn map_clear(vm: &mut Vm<'_>, _: usize, map: usize) -> Done {
    vm.pay(2)?;
    let map = vm.map(map)?;
    vm.next_generation(&map);
    vm.set_map(&Map { live: 0, used: 0, entries: usize::MAX, index: usize::MAX, ..map })
}

/// Makes an array of a part of each entry: its key, or its value.
fn entries_array(vm: &mut Vm<'_>, dst: usize, ty: TypeId, register: usize, skip: usize) -> Done {
    let map = vm.map(register)?;
    vm.pay(12 + map.used as u64 / 2 + map.live as u64)?;
    vm.reserve(vm.view().array_words(ty, map.live)?)?;
    let array = vm.fresh(|view, fresh| {
        let map = Map::of(&view, view.reg(register))?;
        let (_, packing, slots) = view.array_shape(ty)?;
        let (array, data) = fresh.array(&view, ty, map.live)?;
        let mut index = 0;
        for number in 0..map.used {
            if map.entry_word(&view, number)? & LIVE == 0 {
                continue;
            }
            let source = view.range(map.entry_at(number) + skip, slots)?;
            if slots == 0 {
                break;
            } else if packing == Packing::Words {
                fresh.range_mut(data + index * slots, slots)?.copy_from_slice(source);
            } else if let Some(&value) = source.first() {
                let words = fresh.range_mut(data, element_words(packing, slots, map.live)?)?;
                store_packed(words, 0, index, packing, value).ok_or(CORRUPT)?;
            }
            index += 1;
            if index == map.live {
                break;
            }
        }
        Ok(array)
    })?;
    vm.give(dst, [array])
}

pub(super) fn map_keys(vm: &mut Vm<'_>, dst: usize, ty: TypeId, map: usize) -> Done {
    entries_array(vm, dst, ty, map, 1)
}

pub(super) fn map_values(vm: &mut Vm<'_>, dst: usize, ty: TypeId, map: usize) -> Done {
    entries_array(vm, dst, ty, map, 2)
}

/// A number that differs whenever entries have come or gone.
fn state_of(vm: &Vm<'_>, map: &Map) -> Result<u64, Stop> {
    let generation = vm.heap().get(map.at).copied().ok_or(CORRUPT)? >> GENERATION_SHIFT;
    // Both counts leave three bits of their half free.
    Ok(join(map.live as u32, map.used as u32) ^ (generation & 7) << 29 ^ (generation >> 3 & 7) << 61)
}

pub(super) fn map_state(vm: &mut Vm<'_>, dst: usize, map: usize) -> Done {
    vm.pay(1)?;
    let state = state_of(vm, &vm.map(map)?)?;
    vm.give(dst, [state])
}

pub(super) fn map_next(vm: &mut Vm<'_>, dst: usize, map: usize, position: usize, state: usize) -> Done {
    vm.pay(5)?;
    let map = vm.map(map)?;
    if state_of(vm, &map)? != vm.get(state) {
        return Err(Stop::from(TrapCode::ChangedDuringIteration));
    }
    let start = unsigned(vm.int(position)).unwrap_or(map.used);
    let mut number = start;
    while number < map.used && map.entry_word(&vm.view(), number)? & LIVE == 0 {
        number += 1;
    }
    vm.charge((number.saturating_sub(start)) as u64 / 2);
    if number >= map.used {
        vm.give(dst, [u64::MAX])?;
        return vm.give_blank(dst + 1, map.stride - 1);
    }
    let from = vm.state.split.saturating_add(map.entry_at(number) + 1);
    vm.move_words(from, vm.state.base.saturating_add(dst + 1), map.stride - 1)?;
    vm.give(dst, [number as u64 + 1])
}

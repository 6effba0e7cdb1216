use std::string::{String, ToString};
use std::vec::Vec;

use proptest::prelude::*;

use crate::TrapCode;
use crate::heap::{Data, NULL};
use crate::isa::Lib;
use crate::library::entries::{hash_bytes, hash_word};
use crate::machine::Stop;
use crate::module::TypeId;
use crate::testing::{Machine, Types, typed};

/// Registers: the map 0, a key 1, a value of two slots 2 and 3, ints 4 to 6, tag and value 7 to 9, arrays of keys
/// and values 10 and 11, position with key and value 12 to 15.
struct Maps {
    m: Machine,
    ty: TypeId,
    keys: TypeId,
    values: TypeId,
    key: TypeId,
}

fn machine(key: TypeId, value: TypeId, words: usize) -> Maps {
    let mut types = Types::default();
    let ty = types.map(key, value);
    let (keys, values) = (types.array(key), types.array(value));
    let key_slot = if key == TypeId::STR { TypeId::STR } else { TypeId::INT };
    let value_slots = match value {
        TypeId::ANY => [TypeId::ANY, TypeId::ANY_PAYLOAD],
        _ => [TypeId::INT, TypeId::INT],
    };
    let mut registers = vec![ty, key_slot];
    registers.extend(value_slots);
    registers.extend([TypeId::INT; 4]);
    registers.extend(value_slots);
    registers.extend([keys, values, TypeId::INT, key_slot]);
    registers.extend(value_slots);
    registers.push(TypeId::STR);
    let mut m = types.machine(words, &registers);
    m.call(Lib::MapNew, &typed(ty, &[]), 0).unwrap();
    Maps { m, ty, keys, values, key }
}

impl Maps {
    fn set_key(&mut self, number: u64) {
        match self.key {
            TypeId::STR => self.m.set_str(1, &text(number)),
            _ => self.m.set(1, number),
        }
    }

    fn key_in(&self, register: u8) -> u64 {
        match self.key {
            TypeId::STR => self.m.str(register).trim_start_matches("key ").parse().unwrap(),
            _ => self.m.get(register),
        }
    }

    fn entries(&self) -> Vec<(u64, u64)> {
        let Data::Map(map) = self.m.value(self.ty, 0).data() else { panic!("no map") };
        map.iter()
            .map(|(key, value)| {
                let key = match key.data() {
                    Data::Str(text) => text.trim_start_matches("key ").parse().unwrap(),
                    _ => key.slots()[0],
                };
                (key, *value.slots().last().unwrap())
            })
            .collect()
    }

    /// By the program's own means: position by position.
    fn iterate(&mut self) -> Result<Vec<(u64, u64)>, Stop> {
        self.m.call(Lib::MapState, &[0], 5).unwrap();
        self.m.set_int(4, 0);
        let mut found = Vec::new();
        loop {
            self.m.call(Lib::MapNext, &[0, 4, 5], 12)?;
            let next = self.m.get(12);
            if next == u64::MAX {
                return Ok(found);
            }
            let value = if self.values_are_any() { self.m.get(15) } else { self.m.get(14) };
            found.push((self.key_in(13), value));
            self.m.set(4, next);
        }
    }

    fn values_are_any(&self) -> bool {
        self.m.module.types.record(self.ty).unwrap().components[1] == TypeId::ANY.0
    }

    fn store(&mut self, key: u64, value: u64) {
        self.set_key(key);
        if self.values_are_any() {
            self.m.set(2, 2);
            self.m.set(3, value);
        } else {
            self.m.set(2, value);
        }
        self.m.call(Lib::MapSet, &[0, 1, 2], 0).unwrap();
    }

    fn delete(&mut self, key: u64) -> bool {
        self.set_key(key);
        self.m.call(Lib::MapDelete, &[0, 1], 6).unwrap();
        self.m.get(6) == 1
    }

    fn load(&mut self, key: u64) -> Option<u64> {
        self.set_key(key);
        self.m.call(Lib::MapHas, &[0, 1], 6).unwrap();
        self.m.call(Lib::MapGet, &[0, 1], 7).unwrap();
        assert_eq!(self.m.get(6), self.m.get(7));
        let last = if self.values_are_any() { 9 } else { 8 };
        if self.m.get(7) == 0 {
            assert_eq!(self.m.get(last), NULL);
            return None;
        }
        Some(self.m.get(last))
    }
}

fn text(number: u64) -> String {
    format!("key {number}")
}

#[derive(Clone, Debug)]
enum Change {
    Store(u64, u64),
    Delete(u64),
    Load(u64),
    Clear,
    Iterate,
}

fn change(keys: u64) -> impl Strategy<Value = Change> {
    prop_oneof![
        8 => (0..keys, 0..1000u64).prop_map(|(key, value)| Change::Store(key, value)),
        4 => (0..keys).prop_map(Change::Delete),
        4 => (0..keys).prop_map(Change::Load),
        1 => (0..40u64).prop_map(|key| if key == 0 { Change::Clear } else { Change::Load(key) }),
        1 => Just(Change::Iterate),
    ]
}

proptest! {
    #[test]
    fn like_a_list_of_pairs(
        key in prop::sample::select(vec![TypeId::INT, TypeId::STR, TypeId::U8]),
        value in prop::sample::select(vec![TypeId::INT, TypeId::ANY, TypeId::U16]),
        always in any::<bool>(),
        seed in any::<u64>(),
        changes in prop_oneof![prop::collection::vec(change(12), 0..60), prop::collection::vec(change(60), 0..300)],
    ) {
        let mut maps = machine(key, value, 20_000);
        maps.m.state.collect_always = always;
        maps.m.state.seed = seed;
        let mut model: Vec<(u64, u64)> = Vec::new();
        for change in changes {
            match change {
                Change::Store(key, value) => {
                    maps.store(key, value);
                    match model.iter_mut().find(|entry| entry.0 == key) {
                        Some(entry) => entry.1 = value,
                        None => model.push((key, value)),
                    }
                }
                Change::Delete(key) => {
                    let before = model.len();
                    model.retain(|entry| entry.0 != key);
                    prop_assert_eq!(maps.delete(key), model.len() < before);
                }
                Change::Load(key) => {
                    let expected = model.iter().find(|entry| entry.0 == key).map(|entry| entry.1);
                    prop_assert_eq!(maps.load(key), expected);
                }
                Change::Clear => {
                    maps.m.call(Lib::MapClear, &[0], 0).unwrap();
                    model.clear();
                }
                Change::Iterate => prop_assert_eq!(maps.iterate().unwrap(), model.clone()),
            }
            maps.m.call(Lib::MapLen, &[0], 6).unwrap();
            prop_assert_eq!(maps.m.get(6), model.len() as u64);
        }
        prop_assert_eq!(maps.entries(), model.clone());
        let (keys, values) = (maps.keys, maps.values);
        maps.m.call(Lib::MapKeys, &typed(keys, &[0]), 10).unwrap();
        maps.m.call(Lib::MapValues, &typed(values, &[0]), 11).unwrap();
        let Data::Array(keys) = maps.m.value(keys, 10).data() else { panic!("no array") };
        let Data::Array(values) = maps.m.value(values, 11).data() else { panic!("no array") };
        prop_assert_eq!(keys.len(), model.len());
        let keys: Vec<String> = keys.iter().map(|key| match key.data() {
            Data::Str(text) => text.to_string(),
            _ => text(key.slots()[0]),
        }).collect();
        prop_assert_eq!(keys, model.iter().map(|entry| text(entry.0)).collect::<Vec<_>>());
        let values: Vec<u64> = values.iter().map(|value| *value.slots().last().unwrap()).collect();
        prop_assert_eq!(values, model.iter().map(|entry| entry.1).collect::<Vec<_>>());
    }

    #[test]
    fn equal_whatever_the_order(
        mut entries in prop::collection::btree_map(0..200u64, 0..5u64, 0..60),
        order in any::<u64>(),
        change in 0..4u64,
    ) {
        let mut maps = machine(TypeId::STR, TypeId::INT, 20_000);
        for (&key, &value) in &entries {
            maps.store(key, value);
        }
        let first = maps.m.get(0);
        let ty = maps.ty;
        maps.m.call(Lib::MapNew, &typed(ty, &[]), 0).unwrap();
        let mut shuffled: Vec<(u64, u64)> = entries.iter().map(|(&key, &value)| (key, value)).collect();
        shuffled.sort_by_key(|entry| entry.0.wrapping_mul(order | 1));
        for (key, value) in shuffled {
            maps.store(key, value);
        }
        // Nothing collects here, so the first map may be held by a register of another type.
        maps.m.set(4, first);
        let same = change == 0 || entries.is_empty();
        if let (false, Some((&key, value))) = (same, entries.iter_mut().next()) {
            match change {
                1 => maps.store(key, *value + 1),
                2 => { maps.delete(key); }
                _ => {
                    maps.delete(key);
                    maps.store(1000, *value);
                }
            }
        }
        maps.m.call(Lib::Equal, &typed(ty, &[0, 4]), 6).unwrap();
        prop_assert_eq!(maps.m.get(6), u64::from(same));
        maps.m.call(Lib::Equal, &typed(ty, &[4, 0]), 6).unwrap();
        prop_assert_eq!(maps.m.get(6), u64::from(same));
    }
}

#[test]
fn changes_during_iteration() {
    let changed = Err(Stop::from(TrapCode::ChangedDuringIteration));
    for change in 0..5 {
        let mut maps = machine(TypeId::INT, TypeId::INT, 10_000);
        for key in 0..20 {
            maps.store(key, key);
        }
        maps.m.call(Lib::MapState, &[0], 5).unwrap();
        maps.m.set_int(4, 3);
        match change {
            0 => maps.store(7, 70),
            1 => maps.store(21, 1),
            2 => assert!(maps.delete(7)),
            3 => maps.m.call(Lib::MapClear, &[0], 0).unwrap(),
            _ => {
                // Out and in again at the end: as many entries as before.
                assert!(maps.delete(19));
                maps.store(50, 1);
            }
        }
        let next = maps.m.call(Lib::MapNext, &[0, 4, 5], 12);
        assert_eq!(next, if change == 0 { Ok(()) } else { changed }, "{change}");
    }
}

/// Keys whose hashes agree in all bits of the index.
fn colliding(count: usize) -> Vec<u64> {
    (0..).filter(|&key| hash_word(0, key) & 0xfff == 0x123).take(count).collect()
}

#[test]
fn colliding_keys_are_paid_for() {
    let mut maps = machine(TypeId::INT, TypeId::INT, 60_000);
    let keys = colliding(2000);
    let mut dearest = 0;
    for &key in &keys {
        let before = maps.m.state.counters.steps;
        maps.store(key, key);
        dearest = dearest.max(maps.m.state.counters.steps - before);
    }
    // A search looks at every key, but growth is linear all the same.
    assert!(dearest < 10_000, "{dearest}");
    let before = maps.m.state.counters.steps;
    assert_eq!(maps.load(keys[0]), Some(keys[0]));
    assert!(maps.m.state.counters.steps - before > 3000);
    assert_eq!(maps.iterate().unwrap().len(), 2000);
}

/// Whoever puts them there: a host may have them from the program.
#[test]
fn colliding_keys_are_paid_for_when_the_host_inserts() {
    let steps = |keys: &[u64]| {
        let mut maps = machine(TypeId::INT, TypeId::INT, 60_000);
        let map = maps.m.vm().alloc_sized_map(maps.ty, keys.len()).unwrap();
        let before = maps.m.state.counters.steps;
        keys.iter().for_each(|&key| maps.m.vm().map_insert(map, key, &[key]).unwrap());
        maps.m.state.counters.steps - before
    };
    let ordinary: Vec<u64> = (0..1000).collect();
    assert!(steps(&ordinary) < 2000, "{}", steps(&ordinary));
    assert!(steps(&colliding(1000)) > 400_000);
}

#[test]
fn deleting_from_the_end_and_the_front() {
    let mut maps = machine(TypeId::INT, TypeId::INT, 20_000);
    for round in 0..5 {
        for key in 0..500 {
            maps.store(key, round);
        }
        for key in 0..500 {
            assert!(maps.delete(if round % 2 == 0 { key } else { 499 - key }));
        }
        assert_eq!(maps.entries(), []);
        assert_eq!(maps.load(3), None);
    }
    // A queue: in at the end, out at the front, and no more memory than it needs.
    for key in 0..20_000 {
        maps.store(key, key);
        if key >= 50 {
            assert!(maps.delete(key - 50));
        }
    }
    assert_eq!(maps.entries().first(), Some(&(19_950, 19_950)));
}

#[test]
fn fills_the_arena() {
    let mut maps = machine(TypeId::INT, TypeId::INT, 20_000);
    let mut count = 0;
    let stop = loop {
        maps.m.set(1, count);
        maps.m.set(2, count);
        match maps.m.call(Lib::MapSet, &[0, 1, 2], 0) {
            Ok(()) => count += 1,
            Err(stop) => break stop,
        }
    };
    assert_eq!(stop, Stop::OutOfMemory);
    assert!(count >= 2048, "{count}");
    assert_eq!(maps.load(count - 1), Some(count - 1));
    assert_eq!(maps.load(count), None);
}

#[test]
fn hashes_depend_on_the_seed_and_all_bytes() {
    assert_ne!(hash_bytes(1, b"abc"), hash_bytes(2, b"abc"));
    assert_ne!(hash_bytes(1, b"abc"), hash_bytes(1, b"abc\0"));
    assert_ne!(hash_bytes(1, b"abcdefgh1"), hash_bytes(1, b"abcdefgh2"));
    assert_ne!(hash_word(1, 7), hash_word(2, 7));
    let mut buckets = [0; 64];
    for key in 0..6400 {
        buckets[hash_word(5, key << 6) as usize % 64] += 1;
        buckets[hash_bytes(5, format!("k{key}").as_bytes()) as usize % 64] += 1;
    }
    assert!(buckets.iter().all(|&count| (100..320).contains(&count)), "{buckets:?}");
}

//! What each kind of object keeps and does not keep, to the word.

use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use crate::heap::{AnyTag, NULL, object_size};
use crate::isa::Lib;
use crate::module::TypeId;
use crate::testing::{Machine, Types, typed};

/// Leaves a text that nothing refers to, so that what comes after it moves.
fn garbage(m: &mut Machine) {
    m.vm().new_string("garbage").unwrap();
}

/// A text behind garbage.
fn text(m: &mut Machine, text: &str) -> u64 {
    garbage(m);
    m.vm().new_string(text).unwrap()
}

fn read(m: &mut Machine, reference: u64) -> String {
    m.vm().view().text(reference).unwrap().to_string()
}

/// Words of a text of up to eight bytes.
const TEXT: usize = 3;

#[test]
fn references_keep_what_they_refer_to() {
    let mut types = Types::default();
    let option = types.option(TypeId::STR);
    let result = types.result(TypeId::STR);
    let boxed = types.boxed("Boxed", &[("Leaf", &[]), ("Node", &[TypeId::INT, TypeId::STR])]);
    let all = [
        types.array(TypeId::STR),
        types.array(option),
        types.array(result),
        types.array(TypeId::ANY),
        types.array_of_later(boxed),
        types.map(TypeId::STR, TypeId::STR),
        types.map(TypeId::INT, TypeId::ANY),
        types.structure("Plain", &[("a", TypeId::INT), ("b", TypeId::STR), ("c", TypeId::ANY)]),
    ];
    let [texts, options, results, anys, nodes, by_text, by_int, plain] = all;
    let element = 8;
    let mut registers = all.to_vec();
    registers.extend([TypeId::STR, TypeId::INT, TypeId::STR, TypeId::ANY, TypeId::ANY_PAYLOAD]);
    let mut m = types.machine(5000, &registers);
    let start = m.state.top;
    // Elements by hand, with a new text where a slot is this. A number in an `any` may be like a reference.
    const A_TEXT: u64 = u64::MAX;
    let arrays: [(u8, TypeId, &[&[u64]]); 5] = [
        (0, texts, &[&[A_TEXT], &[A_TEXT]]),
        (1, options, &[&[0, NULL], &[1, A_TEXT], &[1, A_TEXT]]),
        (2, results, &[&[0, A_TEXT, A_TEXT], &[1, A_TEXT, A_TEXT]]),
        (3, anys, &[&[AnyTag::Str as u64, A_TEXT], &[AnyTag::Int as u64, 30], &[AnyTag::Str as u64, A_TEXT]]),
        (4, nodes, &[&[A_TEXT], &[A_TEXT]]),
    ];
    for (register, ty, elements) in arrays {
        garbage(&mut m);
        let array = m.vm().alloc_array(ty, elements.len()).unwrap();
        m.set(register, array);
        for (at, &slots) in elements.iter().enumerate() {
            let mut slots = slots.to_vec();
            for (place, slot) in slots.iter_mut().enumerate().filter(|(_, slot)| **slot == A_TEXT) {
                *slot = text(&mut m, &format!("{register} {at} {place}"));
                if ty == nodes {
                    *slot = m.vm().alloc_object(TypeId(boxed.0 + 2), &[7, *slot]).unwrap();
                }
            }
            m.vm().array_set(array, at, &slots).unwrap();
        }
    }
    m.call(Lib::MapNew, &typed(by_text, &[]), 5).unwrap();
    m.call(Lib::MapNew, &typed(by_int, &[]), 6).unwrap();
    for number in 0..20 {
        for register in [element, element + 2] {
            let text = text(&mut m, &format!("{number}"));
            m.set(register, text);
        }
        m.call(Lib::MapSet, &[5, element, element + 2], 0).unwrap();
        let text = text(&mut m, &format!("{number}"));
        let value = if number % 2 == 0 { [AnyTag::Str as u64, text] } else { [AnyTag::Int as u64, number] };
        m.set(element + 1, number);
        m.set(element + 3, value[0]);
        m.set(element + 4, value[1]);
        m.call(Lib::MapSet, &[6, element + 1, element + 3], 0).unwrap();
    }
    let (one, other) = (text(&mut m, "one"), text(&mut m, "other"));
    let object = m.vm().alloc_object(plain, &[30, one, AnyTag::Str as u64, other]).unwrap();
    m.set(7, object);
    for register in [element, element + 2, element + 4] {
        m.set(register, NULL);
    }
    m.set(element + 3, 0);
    let shown = |m: &mut Machine| {
        let text: Vec<String> =
            all.iter().zip(0..).map(|(&ty, register)| m.display(ty, register, element)).collect();
        m.set(element, NULL);
        text
    };
    let before = shown(&mut m);
    m.vm().collect().unwrap();
    assert_eq!(shown(&mut m), before);
    m.vm().collect().unwrap();
    assert_eq!(shown(&mut m), before);
    for register in 0..8 {
        m.set(register, NULL);
    }
    m.vm().collect().unwrap();
    assert_eq!(m.state.top, start);
}

#[test]
fn numbers_are_no_references() {
    let mut types = Types::default();
    let ints = types.array(TypeId::INT);
    let floats = types.array(TypeId::FLOAT);
    let option = types.option(TypeId::INT);
    let options = types.array(option);
    let map = types.map(TypeId::INT, TypeId::INT);
    let plain = types.structure("Plain", &[("a", TypeId::INT), ("b", TypeId::FLOAT)]);
    let registers = [ints, floats, options, map, plain, TypeId::STR, TypeId::INT, TypeId::INT];
    let (kept, number) = (5, 6);
    let mut m = types.machine(5000, &registers);
    // Numbers like the place of this text, and those around it.
    let first = m.state.top as u64;
    m.set_str(kept, "a text");
    let numbers: Vec<u64> = (first..first + 40).chain([0, NULL]).collect();
    for (register, ty, slots) in [(0, ints, 1), (1, floats, 1), (2, options, 2)] {
        let array = m.vm().alloc_array(ty, numbers.len() / slots).unwrap();
        for (at, element) in numbers.chunks(slots).enumerate() {
            m.vm().array_set(array, at, element).unwrap();
        }
        m.set(register, array);
    }
    m.call(Lib::MapNew, &typed(map, &[]), 3).unwrap();
    for &each in &numbers {
        m.set(number, each);
        m.set(number + 1, each);
        m.call(Lib::MapSet, &[3, number, number + 1], 0).unwrap();
    }
    let object = m.vm().alloc_object(plain, &[first, first]).unwrap();
    m.set(4, object);
    m.set(number, first);
    let check = |m: &mut Machine| {
        for register in 0..3 {
            let data = m.state.split + m.array_data(register);
            assert_eq!(m.arena[data..data + numbers.len()], numbers);
        }
        for &each in &numbers {
            m.set(number, each);
            m.call(Lib::MapGet, &[3, number], number).unwrap();
            assert_eq!((m.get(number), m.get(number + 1)), (1, each));
        }
        m.set(number, first);
        let object = m.state.split + m.get(4) as usize;
        assert_eq!(m.arena[object + 1..object + 3], [first, first]);
    };
    // What the map grew out of goes.
    m.vm().collect().unwrap();
    check(&mut m);
    let all = m.state.top;
    m.set(kept, NULL);
    m.vm().collect().unwrap();
    assert_eq!(m.state.top, all - TEXT);
    check(&mut m);
}

#[test]
fn tasks_keep_what_they_wait_for_and_what_is_in_their_registers() {
    let mut types = Types::default();
    let task = types.task(TypeId::ANY);
    let registers = [task, TypeId::STR, TypeId::STR, TypeId::INT, TypeId::ANY, TypeId::ANY_PAYLOAD];
    let mut m = types.machine(2000, &registers);
    let start = m.state.top;
    // Four tasks or arrays, a value's payload, a message; then registers, of which one has a number.
    let places = [3, 4, 5, 6, 8, 9, 10, 11, 12, 15];
    let mut words = [start as u64; 16];
    for at in places {
        words[at] = text(&mut m, &format!("text {at}"));
    }
    words[7] = AnyTag::Str as u64;
    words[14] = AnyTag::Map as u64;
    garbage(&mut m);
    let object = m.vm().alloc_object(task, &words[1..]).unwrap();
    garbage(&mut m);
    m.set(0, object);
    m.set(4, 0);
    m.vm().collect().unwrap();
    assert_eq!(m.state.top, start + places.len() * TEXT + words.len());
    let here = |m: &Machine| m.state.split + m.get(0) as usize;
    for (at, &word) in words.iter().enumerate().skip(1) {
        let found = m.arena[here(&m) + at];
        if places.contains(&at) {
            assert_eq!(read(&mut m, found), format!("text {at}"));
        } else {
            assert_eq!(found, word);
        }
    }
    // What the tags before them say are numbers.
    for (place, tag) in [(8, AnyTag::Int), (15, AnyTag::Float)] {
        let at = here(&m) + place;
        m.arena[at - 1] = tag as u64;
        let number = m.arena[at];
        let top = m.state.top;
        m.vm().collect().unwrap();
        assert_eq!((m.arena[here(&m) + place], m.state.top), (number, top - TEXT));
    }
    m.set(0, NULL);
    m.vm().collect().unwrap();
    assert_eq!(m.state.top, start);
}

#[test]
fn objects_follow_each_other_to_the_end() {
    let mut types = Types::default();
    let list = types.array(TypeId::ANY);
    let map = types.map(TypeId::STR, TypeId::INT);
    let plain = types.structure("Plain", &[("a", TypeId::INT), ("b", TypeId::ANY)]);
    let captures = types.captures();
    let boxed = types.boxed("Boxed", &[("Leaf", &[]), ("Node", &[TypeId::INT, TypeId::INT])]);
    let task = types.task(TypeId::INT);
    let mut m = types.machine(2000, &[TypeId::INT, TypeId::FLOAT, TypeId::STR]);
    let mut due = vec![(0, 1)];
    // A map's entries and index are objects of their own, as are an array's elements.
    for (ty, slots) in [(plain, 3), (captures, 1), (TypeId(boxed.0 + 1), 0), (TypeId(boxed.0 + 2), 2)] {
        let object = m.vm().alloc_object(ty, &[0, 0, 0][..slots]).unwrap();
        due.push((object as usize, 1 + slots));
    }
    let object = m.vm().alloc_object(task, &[0; 8 + 3]).unwrap();
    due.push((object as usize, 1 + 8 + 3));
    for text in ["", "a", "12345678", "123456789"] {
        let object = m.vm().new_string(text).unwrap();
        due.push((object as usize, 2 + text.len().div_ceil(8)));
    }
    let array = m.vm().alloc_array(list, 5).unwrap() as usize;
    due.extend([(array, 2), (array + 2, 2 + 2 * 5)]);
    let table = m.vm().alloc_map(map).unwrap() as usize;
    due.push((table, 3));
    let heap = m.arena[m.state.split..m.state.split + m.state.top].to_vec();
    let mut at = 0;
    for (place, size) in due {
        assert_eq!((at, object_size(&m.module, &heap, at)), (place, Some(size)));
        at += size;
        assert_eq!(object_size(&m.module, &heap[..at], place), Some(size));
        assert_eq!(object_size(&m.module, &heap[..at - 1], place), None, "it ends behind the heap");
    }
    assert_eq!((at, object_size(&m.module, &heap, at)), (m.state.top, None));
    // Types whose values are no objects, and none at all.
    for ty in [TypeId::INT, TypeId::ANY, boxed, TypeId(u16::MAX)] {
        assert_eq!(object_size(&m.module, &[u64::from(ty.0); 50], 0), None, "{ty:?}");
    }
}

/// Steps of a collection.
fn cost(m: &mut Machine) -> usize {
    let before = m.state.counters.collector_steps;
    m.vm().collect().unwrap();
    (m.state.counters.collector_steps - before) as usize
}

/// 32 steps, and half a one for each word of the heap, of what is looked into, and of the frames.
#[test]
fn collections_cost_what_they_look_at() {
    let mut types = Types::default();
    let list = types.array(TypeId::INT);
    let mut m = types.machine(5000, &[TypeId::STR, list, list, TypeId::INT]);
    // The module's state is one word, which is looked into.
    let (frame, state) = (4, 1);
    let least = cost(&mut m);
    assert_eq!(least, 32 + (frame + 2 * state) / 2);
    // A text has nothing to look into.
    m.set_str(0, &"t".repeat(98 * 8));
    assert_eq!(cost(&mut m), least + 100 / 2);
    let array = m.vm().alloc_array(list, 96).unwrap();
    m.set(1, array);
    assert_eq!(cost(&mut m), least + 100 / 2 + 100);
    // Once, however many hold it.
    m.set(2, array);
    assert_eq!(cost(&mut m), least + 100 / 2 + 100);
    m.set(1, NULL);
    m.set(2, NULL);
    assert_eq!(cost(&mut m), least + 100);
    assert_eq!(cost(&mut m), least + 100 / 2);
    // A second frame costs its registers, too.
    let base = m.state.base + frame + 1;
    m.vm().grow_stack(frame + 1).unwrap();
    m.arena[base - 1] = (frame as u64 + 1) << 32;
    m.arena[base..base + frame].fill(NULL);
    m.state.base = base;
    assert_eq!(cost(&mut m), least + 100 / 2 + frame / 2);
}

/// Eight steps, and one for every sixteen words.
#[test]
fn moving_the_heap_costs_its_words() {
    let mut m = Types::default().machine(5000, &[TypeId::STR]);
    m.set_str(0, &"t".repeat(157 * 8));
    assert_eq!(m.state.top, 160);
    let (fuel, steps) = (m.state.fuel, m.state.counters.collector_steps);
    m.vm().grow_stack(100).unwrap();
    assert_eq!(m.state.counters.collector_steps - steps, 8 + 160 / 16);
    m.vm().shrink_stack();
    assert_eq!(m.state.counters.collector_steps - steps, 2 * (8 + 160 / 16));
    assert_eq!(fuel - m.state.fuel, 2 * (8 + 160 / 16));
    // Nothing is above the window any more.
    m.vm().shrink_stack();
    assert_eq!(m.state.counters.collector_steps - steps, 2 * (8 + 160 / 16));
}

#[test]
fn a_link_to_no_frame_is_the_last() {
    let mut m = Types::default().machine(2000, &[TypeId::STR]);
    let start = m.state.top;
    m.set_str(0, "kept");
    for link in [0, 1 << 31, 255 << 32, u64::MAX] {
        garbage(&mut m);
        let base = m.state.base;
        m.arena[base - 1] = link;
        m.vm().collect().unwrap();
        assert_eq!((m.state.top, m.str(0)), (start + TEXT, "kept".to_string()), "{link:x}");
    }
}

#[test]
fn room_for_a_part_of_an_element_is_not_looked_at() {
    let mut types = Types::default();
    let result = types.result(TypeId::STR);
    let results = types.array(result);
    let registers = [results, TypeId::STR, TypeId::INT, TypeId::STR, TypeId::STR, TypeId::STR];
    let mut m = types.machine(2000, &registers);
    // Any small number is the place of a word of this.
    let long = "t".repeat(800);
    m.set_str(1, &long);
    m.set(2, 0);
    m.call(Lib::ArrayNew, &typed(results, &[2]), 0).unwrap();
    m.set_str(3, "some");
    m.set_str(4, "other");
    m.call(Lib::ArrayPush, &[0, 2], 0).unwrap();
    let data = m.state.split + m.array_data(0);
    assert_eq!(m.arena[data - 1], 4, "words for an element of three");
    m.set_str(5, "behind");
    for register in [3, 4] {
        m.set(register, NULL);
    }
    for _ in 0..2 {
        let before = m.arena[m.state.split..m.state.split + m.state.top].to_vec();
        m.vm().collect().unwrap();
        assert_eq!(m.arena[m.state.split..m.state.split + m.state.top], before);
    }
    assert_eq!((m.str(1), m.str(5)), (long, "behind".to_string()));
}

#[test]
fn entries_are_looked_at_while_they_live() {
    let mut types = Types::default();
    let result = types.result(TypeId::STR);
    let map = types.map(TypeId::INT, result);
    let registers = [map, TypeId::INT, TypeId::INT, TypeId::STR, TypeId::STR, TypeId::STR];
    let mut m = types.machine(5000, &registers);
    m.call(Lib::MapNew, &typed(map, &[]), 0).unwrap();
    // Numbers that have every bit which the first word of a live entry has.
    let key = |number: u64| u64::MAX << 32 | number;
    for number in 0..6 {
        m.set(1, key(number));
        m.set(2, key(number));
        for register in [3, 4] {
            let text = text(&mut m, &format!("{number} {register}"));
            m.set(register, text);
        }
        m.call(Lib::MapSet, &[0, 1, 2], 0).unwrap();
    }
    m.vm().collect().unwrap();
    for register in [3, 4] {
        m.set(register, NULL);
    }
    for number in 0..6 {
        m.set(1, key(number));
        m.call(Lib::MapGet, &[0, 1], 1).unwrap();
        // The tag of whether there is one, and then the value.
        assert_eq!((m.get(1), m.get(2)), (1, key(number)));
        assert_eq!((m.str(3), m.str(4)), (format!("{number} 3"), format!("{number} 4")));
    }
    for register in [3, 4] {
        m.set(register, NULL);
    }
    // What one held that is taken out goes.
    let top = m.state.top;
    for number in [1, 4] {
        m.set(1, key(number));
        m.call(Lib::MapDelete, &[0, 1], 1).unwrap();
    }
    m.vm().collect().unwrap();
    assert_eq!(m.state.top, top - 4 * TEXT);
}

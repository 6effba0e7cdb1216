use std::vec::Vec;

use proptest::prelude::*;

use crate::heap::Data;
use crate::isa::Lib;
use crate::machine::Stop;
use crate::module::TypeId;
use crate::testing::{Machine, Types, typed};
use crate::{TrapCode, heap::NULL};

/// Registers: arrays 0 to 2, ints 3 and 4, an element of two slots 5 and 6, its tag with it at 7 to 9.
fn machine(element: TypeId) -> (Machine, TypeId) {
    let mut types = Types::default();
    let array = types.array(element);
    let slots: Vec<TypeId> = match element {
        TypeId::ANY => vec![TypeId::ANY, TypeId::ANY_PAYLOAD],
        TypeId::FLOAT | TypeId::F32 => vec![TypeId::FLOAT],
        TypeId::STR => vec![TypeId::STR],
        _ => vec![TypeId::INT],
    };
    let mut registers = vec![array, array, array, TypeId::INT, TypeId::INT];
    registers.extend(&slots);
    registers.extend(core::iter::repeat_n(TypeId::INT, 8 - registers.len()));
    registers.extend(&slots);
    registers.extend(core::iter::repeat_n(TypeId::INT, 10 - registers.len()));
    registers.push(TypeId::STR);
    let mut machine = types.machine(20_000, &registers);
    machine.state.collect_always = true;
    machine.set_int(3, 0);
    machine.call(Lib::ArrayNew, &typed(array, &[3]), 0).unwrap();
    (machine, array)
}

/// The slot values of the elements of a one-slot array.
fn elements(machine: &Machine, ty: TypeId, register: u8) -> Vec<u64> {
    let Data::Array(array) = machine.value(ty, register).data() else { panic!("no array") };
    array.iter().map(|value| value.slots()[0]).collect()
}

fn push(machine: &mut Machine, value: u64) {
    machine.set(5, value);
    machine.call(Lib::ArrayPush, &[0, 5], 0).unwrap();
}

/// A value as its type keeps it.
fn kept(element: TypeId, value: i64) -> u64 {
    let value = match element {
        TypeId::BOOL => value & 1,
        TypeId::I8 => i64::from(value as i8),
        TypeId::U8 => i64::from(value as u8),
        TypeId::I16 => i64::from(value as i16),
        TypeId::U16 => i64::from(value as u16),
        TypeId::I32 => i64::from(value as i32),
        TypeId::U32 => i64::from(value as u32),
        TypeId::F32 => f64::from((value as f64 / 3.0) as f32).to_bits().cast_signed(),
        TypeId::FLOAT => (value as f64 / 3.0).to_bits().cast_signed(),
        _ => value,
    };
    value.cast_unsigned()
}

const NUMBERS: [TypeId; 11] = [
    TypeId::BOOL,
    TypeId::INT,
    TypeId::I8,
    TypeId::I16,
    TypeId::I32,
    TypeId::U8,
    TypeId::U16,
    TypeId::U32,
    TypeId::U64,
    TypeId::FLOAT,
    TypeId::F32,
];

fn order(element: TypeId, a: u64, b: u64) -> core::cmp::Ordering {
    match element {
        TypeId::U64 => a.cmp(&b),
        TypeId::FLOAT | TypeId::F32 => {
            let [a, b] = [a, b].map(f64::from_bits);
            a.is_nan().cmp(&b.is_nan()).then(if a.is_nan() {
                core::cmp::Ordering::Equal
            } else {
                a.total_cmp(&b)
            })
        }
        _ => a.cast_signed().cmp(&b.cast_signed()),
    }
}

#[derive(Clone, Debug)]
enum Change {
    Push(i64),
    Pop,
    Insert(i64, i64),
    Remove(i64),
    Reverse,
    Clear,
    Slice(i64, i64),
    Double,
    Sort,
    Fill(i64, i64),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        8 => any::<i64>().prop_map(Change::Push),
        2 => Just(Change::Pop),
        4 => (-1i64..20, any::<i64>()).prop_map(|(at, value)| Change::Insert(at, value)),
        2 => (-1i64..20).prop_map(Change::Remove),
        1 => Just(Change::Reverse),
        1 => (0..8i64).prop_map(|at| if at == 0 { Change::Clear } else { Change::Pop }),
        2 => (-1i64..20, -1i64..20).prop_map(|(from, to)| Change::Slice(from, to)),
        1 => Just(Change::Double),
        1 => Just(Change::Sort),
        1 => (-1i64..6, any::<i64>()).prop_map(|(count, value)| Change::Fill(count, value)),
    ]
}

proptest! {
    #[test]
    fn arrays_of_numbers(element in prop::sample::select(&NUMBERS[..]), changes in prop::collection::vec(change(), 0..40)) {
        let (mut m, ty) = machine(element);
        let mut model: Vec<u64> = Vec::new();
        for change in changes {
            match change {
                Change::Push(value) => {
                    model.push(kept(element, value));
                    push(&mut m, kept(element, value));
                }
                Change::Pop => {
                    m.call(Lib::ArrayPop, &[0], 7).unwrap();
                    let expected = model.pop();
                    prop_assert_eq!(m.get(7), u64::from(expected.is_some()));
                    prop_assert_eq!(m.get(8), expected.unwrap_or(NULL));
                }
                Change::Insert(at, value) => {
                    m.set_int(3, at);
                    m.set(5, kept(element, value));
                    let done = m.call(Lib::ArrayInsert, &[0, 3, 5], 0);
                    if (0..=model.len() as i64).contains(&at) {
                        model.insert(at as usize, kept(element, value));
                        prop_assert_eq!(done, Ok(()));
                    } else {
                        prop_assert_eq!(m.trap(done), Some((TrapCode::IndexOutOfRange, [at, model.len() as i64])));
                    }
                }
                Change::Remove(at) => {
                    m.set_int(3, at);
                    m.call(Lib::ArrayRemove, &[0, 3], 7).unwrap();
                    let there = (0..model.len() as i64).contains(&at);
                    prop_assert_eq!(m.get(7), u64::from(there));
                    if there {
                        prop_assert_eq!(m.get(8), model.remove(at as usize));
                    }
                }
                Change::Reverse => {
                    m.call(Lib::ArrayReverse, &[0], 0).unwrap();
                    model.reverse();
                }
                Change::Clear => {
                    m.call(Lib::ArrayClear, &[0], 0).unwrap();
                    model.clear();
                }
                Change::Slice(from, to) => {
                    m.set_int(3, from);
                    m.set_int(4, to);
                    m.set(1, NULL);
                    m.call(Lib::ArraySlice, &[0, 3, 4], 7).unwrap();
                    let there = from >= 0 && from <= to && to <= model.len() as i64;
                    prop_assert_eq!(m.get(7), u64::from(there));
                    if there {
                        let slice = m.get(8);
                        m.set(1, slice);
                        prop_assert_eq!(elements(&m, ty, 1), &model[from as usize..to as usize]);
                    }
                }
                Change::Double => {
                    m.call(Lib::ArrayConcat, &[0, 0], 0).unwrap();
                    model.extend_from_within(..);
                    if model.len() > 100 {
                        m.call(Lib::ArrayClear, &[0], 0).unwrap();
                        model.clear();
                    }
                }
                Change::Sort => {
                    m.call(Lib::ArraySort, &[0], 0).unwrap();
                    model.sort_by(|&a, &b| order(element, a, b));
                }
                Change::Fill(count, value) => {
                    m.set_int(3, count);
                    m.set(5, kept(element, value));
                    let filled = m.call(Lib::ArrayFill, &typed(ty, &[3, 5]), 0);
                    if count < 0 {
                        prop_assert_eq!(m.trap(filled), Some((TrapCode::NegativeCount, [count, 0])));
                    } else {
                        model = vec![kept(element, value); count as usize];
                    }
                }
            }
            prop_assert_eq!(elements(&m, ty, 0), &model[..]);
        }
        // What looks at all elements.
        if let Some(&needle) = model.last() {
            m.set(5, needle);
            m.call(Lib::ArrayIndexOf, &[0, 5], 3).unwrap();
            let at = model.iter().position(|&value| order(element, value, needle).is_eq()).unwrap();
            prop_assert!(m.get(3) as usize <= at);
        }
        if element != TypeId::BOOL {
            for (lib, largest) in [(Lib::ArrayMin, false), (Lib::ArrayMax, true)] {
                m.call(lib, &[0], 7).unwrap();
                let best = model.iter().copied().reduce(|a, b| if order(element, a, b).is_lt() == largest { b } else { a });
                prop_assert_eq!(m.get(7), u64::from(best.is_some()));
                if let Some(best) = best {
                    prop_assert!(order(element, m.get(8), best).is_eq());
                }
            }
            m.call(Lib::ArraySum, &[0], 8).unwrap();
            if !matches!(element, TypeId::FLOAT | TypeId::F32) {
                let sum = model.iter().fold(0i64, |sum, &value| sum.wrapping_add(value.cast_signed()));
                prop_assert_eq!(m.get(8), kept(element, sum));
            }
        }
    }

    #[test]
    fn sorted_strings(mut texts in prop::collection::vec(
        prop_oneof!["[ab]{0,3}", "prefix-prefix-[ab]{0,9}", "(\0|a){0,18}", any::<std::string::String>()], 0..40)) {
        let (mut m, ty) = machine(TypeId::STR);
        for text in &texts {
            m.set_str(5, text);
            m.call(Lib::ArrayPush, &[0, 5], 0).unwrap();
            if text.len() % 3 == 0 {
                // The same string a second time, as the same object.
                m.call(Lib::ArrayPush, &[0, 5], 0).unwrap();
            }
        }
        texts = texts.into_iter().flat_map(|text| {
            let twice = text.len() % 3 == 0;
            core::iter::repeat_n(text, 1 + usize::from(twice))
        }).collect();
        for (lib, best) in [(Lib::ArrayMin, texts.iter().min()), (Lib::ArrayMax, texts.iter().max())] {
            m.call(lib, &[0], 7).unwrap();
            prop_assert_eq!(m.get(7), u64::from(best.is_some()));
            if let Some(best) = best {
                prop_assert_eq!(&m.str(8), best);
            }
        }
        m.call(Lib::ArraySort, &[0], 0).unwrap();
        texts.sort();
        let Data::Array(array) = m.value(ty, 0).data() else { panic!("no array") };
        let sorted: Vec<_> = array.iter().map(|value| match value.data() {
            Data::Str(text) => text.into(),
            _ => std::string::String::new(),
        }).collect();
        prop_assert_eq!(&sorted, &texts);
        if let Some(last) = texts.last() {
            m.set_str(5, last);
            m.call(Lib::ArrayIndexOf, &[0, 5], 3).unwrap();
            prop_assert_eq!(m.get(3) as usize, texts.iter().position(|text| text == last).unwrap());
        }
    }
}

#[test]
fn sorting_of_nothing_else() {
    let (mut m, _) = machine(TypeId::ANY);
    assert_eq!(m.call(Lib::ArraySort, &[0], 0), Err(Stop::from(TrapCode::Unsupported)));
    assert_eq!(m.call(Lib::ArraySum, &[0], 8), Err(Stop::from(TrapCode::Unsupported)));
}

#[test]
fn floats_in_total_order() {
    let (mut m, ty) = machine(TypeId::FLOAT);
    for value in [f64::NAN, 1.0, -0.0, f64::NEG_INFINITY, 0.0, -1.0] {
        push(&mut m, value.to_bits());
    }
    m.call(Lib::ArrayMin, &[0], 7).unwrap();
    assert!(f64::from_bits(m.get(8)).is_nan());
    m.call(Lib::ArraySort, &[0], 0).unwrap();
    let sorted: Vec<f64> = elements(&m, ty, 0).into_iter().map(f64::from_bits).collect();
    assert_eq!(sorted[..5], [f64::NEG_INFINITY, -1.0, -0.0, 0.0, 1.0]);
    assert!(sorted[2].is_sign_negative() && sorted[5].is_nan());
}

#[test]
fn elements_of_two_slots() {
    let (mut m, ty) = machine(TypeId::ANY);
    for number in 0..10 {
        m.set(5, 2);
        m.set(6, number);
        m.call(Lib::ArrayPush, &[0, 5], 0).unwrap();
    }
    m.call(Lib::ArrayReverse, &[0], 0).unwrap();
    m.set_int(3, 0);
    m.call(Lib::ArrayRemove, &[0, 3], 7).unwrap();
    assert_eq!((m.get(7), m.get(8), m.get(9)), (1, 2, 9));
    assert_eq!(m.display(ty, 0, 10), "[8, 7, 6, 5, 4, 3, 2, 1, 0]");
    m.set(6, 4);
    m.call(Lib::ArrayIndexOf, &[0, 5], 3).unwrap();
    assert_eq!(m.get(3), 4);
    m.set_int(3, 3);
    m.call(Lib::ArrayFill, &typed(ty, &[3, 5]), 0).unwrap();
    assert_eq!(m.display(ty, 0, 10), "[4, 4, 4]");
    m.call(Lib::ArrayAssign, &[0, 0], 0).unwrap();
    m.set_int(3, 0);
    m.call(Lib::ArrayNew, &typed(ty, &[3]), 1).unwrap();
    assert_eq!(m.call(Lib::ArrayAssign, &[0, 1], 0), Err(Stop::from(TrapCode::ChangedDuringIteration)));
}

#[test]
fn arrays_that_cannot_be() {
    let (mut m, ty) = machine(TypeId::INT);
    for count in [i64::MAX, 1 << 61, 1 << 31, 1 << 30, 1 << 20] {
        m.set_int(3, count);
        for lib in [Lib::ArrayFill, Lib::ArrayNew] {
            let before = m.state.counters.steps;
            let stop = m.call(lib, &typed(ty, &[3, 3]), 0).unwrap_err();
            assert!(matches!(stop, Stop::OutOfMemory | Stop::Trap(TrapCode::TooLarge)), "{stop:?}");
            assert!(m.state.counters.steps - before < 100);
        }
    }
}

#[test]
fn grows_until_the_arena_is_full() {
    for element in [TypeId::INT, TypeId::U8, TypeId::ANY] {
        let (mut m, _) = machine(element);
        m.state.collect_always = false;
        let mut count = 0u64;
        loop {
            m.set(5, 2);
            match m.call(Lib::ArrayPush, &[0, 5], 0) {
                Ok(()) => count += 1,
                Err(stop) => {
                    assert_eq!(stop, Stop::OutOfMemory);
                    break;
                }
            }
        }
        let words = match element {
            TypeId::U8 => count / 8,
            TypeId::ANY => count * 2,
            _ => count,
        };
        // It moves while it grows, but in the end it slides to the start and takes all there is.
        assert!(words > 19_000, "{words}");
        assert!(m.state.counters.collections < 60, "{}", m.state.counters.collections);
    }
}

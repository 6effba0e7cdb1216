//! Values that are long, deep, or shared more often than they could be written out.

use super::value::{any_machine, parse};
use crate::TrapCode;
use crate::heap::{AnyTag, NULL};
use crate::isa::Lib;
use crate::machine::Stop;
use crate::module::TypeId;
use crate::testing::{Machine, Types, typed};

/// A machine with two lists of so many nodes; the second differs in its last node if asked to.
fn lists(length: u64, words: usize, same: bool) -> (Machine, TypeId) {
    let mut types = Types::default();
    let node = types.next();
    let node = types.structure("Node", &[("next", node), ("value", TypeId::INT)]);
    let nodes = types.array(node);
    let registers = [
        node,
        node,
        TypeId::INT,
        TypeId::ANY,
        TypeId::ANY_PAYLOAD,
        TypeId::STR,
        TypeId::STR,
        nodes,
        TypeId::INT,
    ];
    let mut m = types.machine(words, &registers);
    let mut vm = m.vm();
    for register in 0..2 {
        vm.reserve(length as usize * 3).unwrap();
        let last = vm.alloc_object(node, &[NULL, if same { 0 } else { u64::from(register) }]).unwrap();
        // The last refers to itself, as there are no empty references.
        vm.heap_mut()[last as usize + 1] = last;
        let first = (1..length).fold(last, |next, value| vm.alloc_object(node, &[next, value]).unwrap());
        vm.set_reg(register, first);
    }
    (m, node)
}

#[test]
fn long_lists() {
    for same in [false, true] {
        let (mut m, node) = lists(200_000, 1_600_000, same);
        m.call(Lib::Equal, &typed(node, &[0, 1]), 2).unwrap();
        assert_eq!(m.get(2), u64::from(same));
        m.vm().collect().unwrap();
        let shown = m.display(node, 0, 5);
        assert_eq!(shown.matches("Node").count(), 64);
        m.call(Lib::JsonText, &typed(node, &[0]), 2).unwrap();
        assert_eq!(m.get(2), 1);
        assert_eq!(m.call(Lib::ToAny, &typed(node, &[0]), 3), Err(Stop::OutOfMemory));
    }
    let (mut m, node) = lists(20_000, 1_600_000, true);
    assert_eq!(m.call(Lib::ToAny, &typed(node, &[0]), 3), Err(Stop::from(TrapCode::CyclicValue)));
}

#[test]
fn values_shared_more_often_than_there_is_memory() {
    // Each level holds the one below twice: printing it all would take 2^60 lines.
    let mut m = any_machine(20_000);
    parse(&mut m, "[1]").unwrap();
    for _ in 0..60 {
        let [tag, payload] = [m.get(0), m.get(1)];
        parse(&mut m, "[0, 0]").unwrap();
        m.set(10, tag);
        m.set(11, payload);
        m.set(2, AnyTag::Int as u64);
        for index in 0..2 {
            m.set_int(3, index);
            m.call(Lib::AnySetIndex, &[0, 2, 10], 5).unwrap();
        }
    }
    let before = m.state.counters.steps;
    assert_eq!(m.call(Lib::Display, &typed(TypeId::ANY, &[0]), 4), Err(Stop::OutOfMemory));
    assert_eq!(m.call(Lib::JsonText, &typed(TypeId::ANY, &[0]), 4), Err(Stop::OutOfMemory));
    assert_eq!(m.call(Lib::ToAny, &typed(TypeId::ANY, &[0]), 4), Err(Stop::OutOfMemory));
    assert!(m.state.counters.steps - before < 8_000_000, "{}", m.state.counters.steps - before);
    // But comparing it with a copy of the same shape is linear.
    let [tag, payload] = [m.get(0), m.get(1)];
    m.set(10, tag);
    m.set(11, payload);
    parse(&mut m, "[1]").unwrap();
    for _ in 0..60 {
        let [tag, payload] = [m.get(0), m.get(1)];
        parse(&mut m, "[0, 0]").unwrap();
        m.set(13, tag);
        m.set(14, payload);
        for index in 0..2 {
            m.set_int(3, index);
            m.call(Lib::AnySetIndex, &[0, 2, 13], 5).unwrap();
        }
    }
    m.call(Lib::Equal, &typed(TypeId::ANY, &[0, 10]), 9).unwrap();
    assert_eq!(m.get(9), 1);
}

#[test]
fn index_of_among_large_values() {
    // Each comparison walks a whole list: paid for one by one, in as many runs as it takes.
    let (mut m, node) = lists(1000, 60_000, false);
    let nodes = TypeId(node.0 + 1);
    m.set_int(2, 20);
    m.call(Lib::ArrayFill, &typed(nodes, &[2, 0]), 7).unwrap();
    m.state.fuel = 100;
    let steps = m.state.counters.steps;
    m.call(Lib::ArrayIndexOf, &[7, 1], 8).unwrap();
    assert_eq!(m.get(8), u64::MAX);
    assert!(m.state.counters.steps - steps > 20 * 1000);
    assert!(m.pauses > 20, "{}", m.pauses);
    assert_eq!(m.state.paid, 0);
}

#[test]
fn a_long_string_compared_often() {
    // Two equal strings of 80,000 bytes, paired 2,000 times: compared once.
    let mut m = any_machine(60_000);
    for register in [4, 17] {
        m.set_str(register, &"x".repeat(80_000));
    }
    m.set(2, AnyTag::Array as u64);
    m.set(10, AnyTag::Array as u64);
    for (array, text) in [(3u8, 4u8), (11, 17)] {
        let text = m.get(text);
        let mut vm = m.vm();
        vm.reserve(5000).unwrap();
        let list = vm.alloc_array(TypeId::ARRAY_ANY, 2000).unwrap();
        (0..2000).for_each(|at| vm.array_set(list, at, &[AnyTag::Str as u64, text]).unwrap());
        m.set(array, list);
    }
    let steps = m.state.counters.steps;
    m.call(Lib::Equal, &typed(TypeId::ANY, &[2, 10]), 9).unwrap();
    assert_eq!(m.get(9), 1);
    assert!(m.state.counters.steps - steps < 30_000);
}

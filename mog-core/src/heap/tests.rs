//! The collector against a model of the heap, and against heaps that are none.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod exact;
mod text;

use std::string::{String, ToString};
use std::vec::Vec;

use proptest::prelude::*;

use crate::heap::{AnyTag, Data, NULL, ObjectHeader, Value};
use crate::isa::Lib;
use crate::machine::{Stop, Vm};
use crate::module::TypeId;
use crate::testing::{Machine, Types, typed};

/// Registers that hold nodes; then a text, an int, a list, a map, an `any`, an optional node and one more text.
const NODES: u8 = 8;
const TEXT: u8 = NODES;
const INT: u8 = NODES + 1;
const LIST: u8 = NODES + 2;
const MAP: u8 = NODES + 3;
const ANY: u8 = NODES + 4;
const OPTION: u8 = NODES + 6;
const MORE: u8 = NODES + 8;
const REGISTERS: u8 = NODES + 9;

/// The types: a node has a number, two nodes, a text, a list of optional nodes, a map of nodes and an `any`.
struct Kinds {
    node: TypeId,
    list: TypeId,
    map: TypeId,
}

fn machine(words: usize) -> (Machine, Kinds) {
    let mut types = Types::default();
    // The first types refer to the node's, whose number is known.
    let node = TypeId(types.next().0 + 3);
    let list = {
        let option = types.option_of_later(node);
        types.array(option)
    };
    let map = types.map_to_later(TypeId::STR, node);
    let fields = [
        ("number", TypeId::INT),
        ("left", node),
        ("right", node),
        ("text", TypeId::STR),
        ("list", list),
        ("map", map),
        ("any", TypeId::ANY),
    ];
    assert_eq!(types.structure("Node", &fields), node);
    let mut registers = vec![node; usize::from(NODES)];
    registers.extend([
        TypeId::STR,
        TypeId::INT,
        list,
        map,
        TypeId::ANY,
        TypeId::ANY_PAYLOAD,
        TypeId::INT,
        node,
        TypeId::STR,
    ]);
    (types.machine(words, &registers), Kinds { node, list, map })
}

/// The model's node.
#[derive(Clone, Default, Debug)]
struct Node {
    number: u64,
    left: Option<usize>,
    right: Option<usize>,
    text: String,
    list: Vec<Option<usize>>,
    map: Vec<(String, usize)>,
    any: Vec<i64>,
}

#[derive(Clone, Debug)]
enum Change {
    New { register: u8, left: u8, right: u8, number: u64 },
    Move(u8, u8),
    Drop(u8),
    Left(u8, u8),
    Push(u8, Option<u8>),
    Insert(u8, u8, u8),
    Delete(u8, u8),
    Any(u8, Vec<i64>),
    Append { to: u8, from: u8, characters: u8 },
    Collect,
    Garbage(u8),
}

fn change() -> impl Strategy<Value = Change> {
    let register = || 0..NODES;
    prop_oneof![
        6 => (register(), register(), register(), any::<u64>())
            .prop_map(|(register, left, right, number)| Change::New { register, left, right, number }),
        2 => (register(), register()).prop_map(|(to, from)| Change::Move(to, from)),
        3 => register().prop_map(Change::Drop),
        2 => (register(), register()).prop_map(|(to, from)| Change::Left(to, from)),
        3 => (register(), prop::option::of(register())).prop_map(|(to, from)| Change::Push(to, from)),
        3 => (register(), 0..20u8, register()).prop_map(|(to, key, from)| Change::Insert(to, key, from)),
        1 => (register(), 0..20u8).prop_map(|(to, key)| Change::Delete(to, key)),
        1 => (register(), prop::collection::vec(any::<i64>(), 0..5)).prop_map(|(to, list)| Change::Any(to, list)),
        4 => (register(), register(), 0..80u8)
            .prop_map(|(to, from, characters)| Change::Append { to, from, characters }),
        1 => Just(Change::Collect),
        2 => (0..40u8).prop_map(Change::Garbage),
    ]
}

fn slot(m: &Machine, register: u8, field: usize) -> u64 {
    m.arena[m.state.split + m.get(register) as usize + 1 + field]
}

fn set_slot(m: &mut Machine, register: u8, field: usize, value: u64) {
    let at = m.state.split + m.get(register) as usize + 1 + field;
    m.arena[at] = value;
}

fn apply(m: &mut Machine, kinds: &Kinds, nodes: &mut Vec<Node>, held: &mut [Option<usize>], change: Change) {
    match change {
        Change::New { register, left, right, number } => {
            m.set_str(TEXT, &format!("node {number}"));
            m.set_int(INT, 0);
            m.call(Lib::ArrayNew, &typed(kinds.list, &[INT]), LIST).unwrap();
            m.call(Lib::MapNew, &typed(kinds.map, &[]), MAP).unwrap();
            m.vm().reserve(9).unwrap();
            let slots = [number, m.get(left), m.get(right), m.get(TEXT), m.get(LIST), m.get(MAP), 0, 0];
            let node = m.vm().alloc_object(kinds.node, &slots).unwrap();
            m.set(register, node);
            let text = format!("node {number}");
            let (left, right) = (held[usize::from(left)], held[usize::from(right)]);
            nodes.push(Node { number, left, right, text, ..Node::default() });
            held[usize::from(register)] = Some(nodes.len() - 1);
        }
        Change::Move(to, from) => {
            let node = m.get(from);
            m.set(to, node);
            held[usize::from(to)] = held[usize::from(from)];
        }
        Change::Drop(register) => {
            m.set(register, NULL);
            held[usize::from(register)] = None;
        }
        Change::Left(to, from) => {
            let Some(node) = held[usize::from(to)] else { return };
            let left = m.get(from);
            set_slot(m, to, 1, left);
            nodes[node].left = held[usize::from(from)];
        }
        Change::Push(to, from) => {
            let Some(node) = held[usize::from(to)] else { return };
            let list = slot(m, to, 4);
            m.set(LIST, list);
            let pushed = from.and_then(|from| held[usize::from(from)]);
            let element = from.filter(|_| pushed.is_some()).map_or(NULL, |from| m.get(from));
            m.set(OPTION, u64::from(pushed.is_some()));
            m.set(OPTION + 1, element);
            m.call(Lib::ArrayPush, &[LIST, OPTION], 0).unwrap();
            nodes[node].list.push(pushed);
        }
        Change::Insert(to, key, from) => {
            let (Some(node), Some(value)) = (held[usize::from(to)], held[usize::from(from)]) else { return };
            let key = format!("{key}");
            m.set_str(TEXT, &key);
            let map = slot(m, to, 5);
            m.set(MAP, map);
            m.call(Lib::MapSet, &[MAP, TEXT, from], 0).unwrap();
            match nodes[node].map.iter_mut().find(|entry| entry.0 == key) {
                Some(entry) => entry.1 = value,
                None => nodes[node].map.push((key, value)),
            }
        }
        Change::Delete(to, key) => {
            let Some(node) = held[usize::from(to)] else { return };
            let key = format!("{key}");
            m.set_str(TEXT, &key);
            let map = slot(m, to, 5);
            m.set(MAP, map);
            m.call(Lib::MapDelete, &[MAP, TEXT], INT).unwrap();
            nodes[node].map.retain(|entry| entry.0 != key);
        }
        Change::Any(to, list) => {
            let Some(node) = held[usize::from(to)] else { return };
            m.vm().reserve(20).unwrap();
            let array = m.vm().alloc_array(TypeId::ARRAY_ANY, list.len()).unwrap();
            for (at, &value) in list.iter().enumerate() {
                m.vm().array_set(array, at, &[AnyTag::Int as u64, value.cast_unsigned()]).unwrap();
            }
            m.set(ANY, AnyTag::Array as u64);
            m.set(ANY + 1, array);
            set_slot(m, to, 6, AnyTag::Array as u64);
            set_slot(m, to, 7, array);
            nodes[node].any = list;
        }
        Change::Append { to, from, characters } => {
            let (Some(node), Some(other)) = (held[usize::from(to)], held[usize::from(from)]) else { return };
            let more = "é".repeat(usize::from(characters)) + ".";
            m.set_str(TEXT, &more);
            let text = slot(m, from, 3);
            m.set(MORE, text);
            m.call(Lib::StrConcat, &[2, MORE, TEXT], MORE).unwrap();
            let text = m.get(MORE);
            set_slot(m, to, 3, text);
            nodes[node].text = nodes[other].text.clone() + &more;
        }
        Change::Collect => m.vm().collect().unwrap(),
        Change::Garbage(size) => m.set_str(TEXT, &"g".repeat(usize::from(size))),
    }
}

fn number(value: &Value<'_>) -> i64 {
    match value.data() {
        Data::Int(value) => value,
        other => panic!("{other:?}"),
    }
}

/// Compares everything that the registers reach with the model. Gives how many nodes there are.
fn check(m: &Machine, kinds: &Kinds, nodes: &[Node], held: &[Option<usize>]) -> usize {
    let mut places: Vec<Option<u64>> = vec![None; nodes.len()];
    let mut work: Vec<(u64, Option<usize>)> =
        held.iter().enumerate().map(|(register, &node)| (m.get(register as u8), node)).collect();
    let memory =
        crate::heap::Memory { module: &m.module, heap: &m.arena[m.state.split..m.state.split + m.state.top] };
    while let Some((reference, node)) = work.pop() {
        let Some(node) = node else {
            assert_eq!(reference, NULL);
            continue;
        };
        if let Some(known) = places[node] {
            assert_eq!(known, reference);
            continue;
        }
        places[node] = Some(reference);
        let model = &nodes[node];
        let Data::Struct(fields) = memory.value(kinds.node, &[reference]).data() else { panic!("no node") };
        let fields: Vec<Value<'_>> = fields.iter().map(|field| field.1).collect();
        assert_eq!(fields[0].slots(), [model.number]);
        work.push((fields[1].slots()[0], model.left));
        work.push((fields[2].slots()[0], model.right));
        let Data::Str(text) = fields[3].data() else { panic!("no text") };
        assert_eq!(text, model.text);
        let Data::Array(list) = fields[4].data() else { panic!("no list") };
        assert_eq!(list.len(), model.list.len());
        for (value, &element) in list.iter().zip(&model.list) {
            assert_eq!(value.slots()[0], u64::from(element.is_some()));
            work.push((value.slots()[1], element));
        }
        let Data::Map(map) = fields[5].data() else { panic!("no map") };
        assert_eq!(map.len(), model.map.len());
        for ((key, value), entry) in map.iter().zip(&model.map) {
            let Data::Str(key) = key.data() else { panic!("no key") };
            assert_eq!(key.to_string(), entry.0);
            work.push((value.slots()[0], Some(entry.1)));
        }
        match fields[6].data() {
            Data::None => assert!(model.any.is_empty()),
            Data::Array(list) => {
                assert_eq!(list.iter().map(|value| number(&value)).collect::<Vec<_>>(), model.any)
            }
            other => panic!("{other:?}"),
        }
    }
    places.iter().flatten().count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_is_reachable_stays(changes in prop::collection::vec(change(), 0..120), always in any::<bool>()) {
        let (mut m, kinds) = machine(60_000);
        let mut nodes = Vec::new();
        let mut held = vec![None; usize::from(NODES)];
        for change in changes {
            m.state.collect_always = always;
            apply(&mut m, &kinds, &mut nodes, &mut held, change);
        }
        let live = check(&m, &kinds, &nodes, &held);
        m.vm().collect().unwrap();
        prop_assert_eq!(check(&m, &kinds, &nodes, &held), live);
        // A second collection finds nothing more, and moves nothing.
        let before = m.arena[m.state.split..m.state.split + m.state.top].to_vec();
        m.vm().collect().unwrap();
        prop_assert_eq!(&m.arena[m.state.split..m.state.split + m.state.top], &before);
        // The stack grows and shrinks: the same heap elsewhere.
        m.vm().grow_stack(100).unwrap();
        prop_assert_eq!(check(&m, &kinds, &nodes, &held), live);
        m.vm().shrink_stack();
        prop_assert_eq!(check(&m, &kinds, &nodes, &held), live);
        // With nothing held, nothing is left but the module's state.
        for register in 0..REGISTERS {
            m.set(register, NULL);
        }
        m.vm().collect().unwrap();
        prop_assert_eq!(m.state.top, 1);
    }
}

proptest! {
    #[test]
    fn no_bytes_do_harm(
        words in prop::collection::vec(prop_oneof![
            any::<u64>(),
            0..200u64,
            (0..40u64, 0..8u64, 0..300u64).prop_map(|(ty, flags, high)| ty | flags << 16 | high << 32),
            (0..300u64, 0..300u64).prop_map(|(low, high)| low | high << 32),
            Just(NULL),
            Just(u64::from(TypeId::STR.0) | ObjectHeader::VIEW),
            Just(u64::from(TypeId::STR.0) | ObjectHeader::RAW),
        ], 1..300),
        registers in prop::collection::vec(prop_oneof![0..300u64, any::<u64>(), Just(NULL)], usize::from(REGISTERS)),
        libs in prop::collection::vec((0..Lib::ALL.len(), prop::collection::vec(0..40u8, 8), 0..10u8), 0..20),
    ) {
        let (mut m, _) = machine(1200);
        m.state.fuel = 1_000_000;
        let split = m.state.split;
        m.arena[split + 1..split + 1 + words.len()].copy_from_slice(&words);
        m.state.top = 1 + words.len();
        for (register, &value) in registers.iter().enumerate() {
            m.set(register as u8, value);
        }
        let steps = m.state.counters.collector_steps;
        let _ = m.vm().collect();
        prop_assert!(m.state.counters.collector_steps - steps < 2000);
        for (lib, operands, dst) in libs {
            // Whatever it says, it comes back.
            let _ = m.call(Lib::ALL[lib], &operands, dst);
            m.state.fuel = 1_000_000;
            m.state.paid = 0;
        }
    }
}

#[test]
fn collection_is_linear_and_paid_for() {
    let (mut m, kinds) = machine(200_000);
    let cost = |m: &mut Machine| {
        let before = m.state.counters.collector_steps;
        m.vm().collect().unwrap();
        m.state.counters.collector_steps - before
    };
    let least = cost(&mut m);
    for number in 0..20_000 {
        m.vm().reserve(9).unwrap();
        let left = m.get(0);
        let node = m.vm().alloc_object(kinds.node, &[number, left, NULL, NULL, NULL, NULL, 0, 0]).unwrap();
        m.set(0, node);
    }
    // 180,000 words in one list, 20,000 deep.
    let live = cost(&mut m);
    m.set(0, NULL);
    let dead = cost(&mut m);
    assert!(live > dead && dead > least && live < 200_000, "{least} {dead} {live}");
    assert_eq!(m.state.top, 1);
}

#[test]
fn memory_runs_out_only_when_it_is_full() {
    let (mut m, kinds) = machine(10_000);
    let room = m.vm().free();
    let mut count = 0;
    let stop = loop {
        if let Err(stop) = m.vm().reserve(9) {
            break stop;
        }
        let left = m.get(0);
        let node = m.vm().alloc_object(kinds.node, &[0, left, NULL, NULL, NULL, NULL, 0, 0]).unwrap();
        m.set(0, node);
        count += 1;
    };
    assert_eq!(stop, Stop::OutOfMemory);
    assert_eq!(count, room / 9);
    // And then it can be freed.
    m.set(0, NULL);
    m.vm().reserve(room).unwrap();
    assert!(m.state.counters.peak_words + m.vm().module.slack() >= 9990);
    assert_eq!(m.vm().reserve(room + 1), Err(Stop::OutOfMemory));
    assert_eq!(m.vm().reserve(usize::MAX), Err(Stop::OutOfMemory));
}

#[test]
fn stack_words_go_back_to_the_heap() {
    let (mut m, _) = machine(10_000);
    let free = m.vm().free();
    m.vm().grow_stack(free - 10).unwrap();
    assert_eq!(m.vm().grow_stack(100), Err(Stop::OutOfMemory));
    m.vm().reserve(free - 10).unwrap();
    assert!(m.vm().free() >= free - 10);
}

#[test]
fn frames_below_are_roots() {
    let (mut m, kinds) = machine(5000);
    m.vm().reserve(9).unwrap();
    let node = m.vm().alloc_object(kinds.node, &[7, NULL, NULL, NULL, NULL, NULL, 0, 0]).unwrap();
    let garbage = |vm: &mut Vm<'_>| {
        vm.reserve(9).unwrap();
        vm.alloc_object(kinds.node, &[1, NULL, NULL, NULL, NULL, NULL, 0, 0]).unwrap()
    };
    garbage(&mut m.vm());
    m.set(3, node);
    garbage(&mut m.vm());
    // A second frame of the same function above the first, as a call would make it.
    let delta = usize::from(REGISTERS) + 1;
    m.vm().grow_stack(delta).unwrap();
    let base = m.state.base + delta;
    m.arena[base - 1] = (delta as u64) << 32;
    m.arena[base..base + usize::from(REGISTERS)].fill(NULL);
    m.state.base = base;
    let kept = garbage(&mut m.vm());
    m.set(0, kept);
    m.vm().collect().unwrap();
    assert_eq!(m.state.top, 1 + 2 * 9);
    assert_eq!(m.get(0), 10);
    assert_eq!(m.arena[base - delta + 3], 1);
    assert_eq!(m.arena[m.state.split + 2], 7);
}

#[test]
fn views_say_how_much_there_is() {
    let mut types = Types::default();
    let ints = types.array(TypeId::INT);
    let map = types.map(TypeId::STR, TypeId::INT);
    let texts = types.array(TypeId::STR);
    let flat = types.enumeration("Flat", &[("A", &[]), ("B", &[TypeId::INT, TypeId::BOOL])]);
    let boxed = types.boxed("Boxed", &[("Leaf", &[]), ("Node", &[TypeId::INT])]);
    let mut m = types.machine(2000, &[ints, map, texts, TypeId::INT, TypeId::INT, TypeId::INT, boxed]);
    m.vm().reserve(100).unwrap();
    for (register, ty) in [(0, ints), (2, texts)] {
        let array = m.vm().alloc_array(ty, 0).unwrap();
        m.set(register, array);
    }
    let empty = m.vm().alloc_map(map).unwrap();
    m.set(1, empty);
    let full = m.vm().alloc_array(ints, 2).unwrap();
    let Data::Array(none) = m.value(ints, 0).data() else { panic!("no array") };
    assert!(none.is_empty() && none.get(0).is_none() && none.packed_bytes() == Some(&[]));
    let Data::Array(none) = m.value(texts, 2).data() else { panic!("no array") };
    assert!(none.is_empty() && none.packed_bytes().is_none() && none.as_bytes().is_none());
    let Data::Map(none) = m.value(map, 1).data() else { panic!("no map") };
    assert!(none.is_empty() && none.iter().next().is_none());
    m.set(0, full);
    let Data::Array(two) = m.value(ints, 0).data() else { panic!("no array") };
    assert_eq!((two.is_empty(), two.len(), two.packed_bytes()), (false, 2, Some(&[0; 16][..])));

    for (register, slot) in [(3, 1), (4, 40), (5, 1)] {
        m.set(register, slot);
    }
    let Data::Enum(variant) = m.value(flat, 3).data() else { panic!("no enum") };
    assert_eq!((variant.enum_name(), variant.name(), variant.number()), ("Flat", "B", 1));
    let payload: Vec<Value<'_>> = variant.payload().collect();
    assert!(matches!((payload[0].data(), payload[1].data()), (Data::Int(40), Data::Bool(true))));
    let node = m.vm().alloc_object(TypeId(boxed.0 + 2), &[9]).unwrap();
    m.set(6, node);
    let Data::Enum(variant) = m.value(boxed, 6).data() else { panic!("no enum") };
    assert_eq!((variant.name(), variant.number(), variant.payload().count()), ("Node", 1, 1));
    // Nothing that a program can have made: a reference to a constant, to no object, a tag of no variant.
    for (ty, register, slot) in [(boxed, 6, 1 << 31), (boxed, 6, NULL), (ints, 0, 5000), (flat, 3, 2)] {
        m.set(register, slot);
        assert!(matches!(m.value(ty, register).data(), Data::Invalid), "{ty:?} {slot}");
    }
}

use std::format;
use std::string::String;
use std::vec::Vec;

use crate::TrapCode;
use crate::heap::{AnyTag, NULL};
use crate::isa::Lib;
use crate::machine::Stop;
use crate::module::TypeId;
use crate::testing::{Machine, Types, typed};

const ANY: [TypeId; 2] = [TypeId::ANY, TypeId::ANY_PAYLOAD];

/// Registers of the machine for `any`: any 0 and 1, any 2 and 3, text 4, a Result of `any` 5 to 8, an int 9, any
/// 10 and 11, two anys after a position 12 to 16, strings 17 and 18.
pub(super) fn any_machine(words: usize) -> Machine {
    let mut registers = Vec::new();
    registers.extend(ANY);
    registers.extend(ANY);
    registers.extend([TypeId::STR, TypeId::INT]);
    registers.extend(ANY);
    registers.extend([TypeId::STR, TypeId::INT]);
    registers.extend(ANY);
    registers.push(TypeId::INT);
    registers.extend(ANY);
    registers.extend(ANY);
    registers.extend([TypeId::STR; 2]);
    Types::default().machine(words, &registers)
}

/// Reads JSON to registers 0 and 1.
pub(super) fn parse(m: &mut Machine, text: &str) -> Result<(), String> {
    m.set_str(4, text);
    m.call(Lib::JsonParse, &[4], 5).unwrap();
    if m.get(5) != 0 {
        return Err(m.str(8));
    }
    let [tag, payload] = [m.get(6), m.get(7)];
    m.set(0, tag);
    m.set(1, payload);
    Ok(())
}

pub(super) fn json(m: &mut Machine, ty: TypeId, register: u8) -> Result<String, String> {
    m.call(Lib::JsonText, &typed(ty, &[register]), 5).unwrap();
    // The Result's text is where an `any` tag is otherwise; nothing collects in between.
    if m.get(5) == 0 { Ok(m.str(6)) } else { Err(m.str(7)) }
}

/// A type with every kind of part.
struct Everything {
    m: Machine,
    ty: TypeId,
    size: u8,
}

fn everything() -> Everything {
    let mut types = Types::default();
    let option = types.option(TypeId::INT);
    let nested = types.option(option);
    let result = types.result(TypeId::FLOAT);
    let shape = types.enumeration(
        "Shape",
        &[("Circle", &[TypeId::FLOAT]), ("Rect", &[TypeId::FLOAT, option]), ("Empty", &[])],
    );
    let tree = types.next();
    let tree = types.boxed("Tree", &[("Leaf", &[TypeId::INT]), ("Node", &[tree, tree]), ("None", &[])]);
    let point = types.structure("Point", &[("x", TypeId::FLOAT), ("y", TypeId::F32)]);
    let bytes = types.array(TypeId::U8);
    let singles = types.array(TypeId::F32);
    let shapes = types.array(shape);
    let map = types.map(TypeId::INT, point);
    let flags = types.map(TypeId::BOOL, result);
    let ty = types.structure(
        "All",
        &[
            ("point", point),
            ("bytes", bytes),
            ("singles", singles),
            ("shapes", shapes),
            ("tree", tree),
            ("map", map),
            ("flags", flags),
            ("some", nested),
            ("none", nested),
            ("ok", result),
            ("err", result),
            ("any", TypeId::ANY),
            ("big", TypeId::U64),
            ("small", TypeId::I8),
            ("yes", TypeId::BOOL),
            ("text", TypeId::STR),
        ],
    );
    let registers =
        [ty, ty, TypeId::INT, ty, TypeId::STR, TypeId::INT, TypeId::ANY, TypeId::ANY_PAYLOAD, TypeId::STR];
    let mut m = types.machine(20_000, &registers);
    let size = m.module.types.record(ty).unwrap().slots.len() as u8;
    let float = |value: f64| value.to_bits();
    let mut vm = m.vm();
    vm.reserve(1000).unwrap();
    let point_of = |vm: &mut crate::machine::Vm<'_>, x: f64, y: f64| {
        vm.alloc_object(point, &[float(x), float(f64::from(y as f32))]).unwrap()
    };
    let origin = point_of(&mut vm, 0.0, 0.1);
    let bytes_of = vm.alloc_array(bytes, 3).unwrap();
    (0..3).for_each(|at| vm.array_set(bytes_of, at, &[250 + at as u64]).unwrap());
    let singles_of = vm.alloc_array(singles, 2).unwrap();
    vm.array_set(singles_of, 1, &[float(f64::from(0.1f32))]).unwrap();
    let shapes_of = vm.alloc_array(shapes, 3).unwrap();
    vm.array_set(shapes_of, 0, &[0, float(1.5), 99, 99, 99]).unwrap();
    vm.array_set(shapes_of, 1, &[1, 99, float(2.0), 1, 5]).unwrap();
    vm.array_set(shapes_of, 2, &[2, 99, 99, 99, 99]).unwrap();
    let leaf = vm.alloc_object(TypeId(tree.0 + 1), &[7]).unwrap();
    let none = vm.alloc_object(TypeId(tree.0 + 3), &[]).unwrap();
    let node = vm.alloc_object(TypeId(tree.0 + 2), &[leaf, none]).unwrap();
    let map_of = vm.alloc_map(map).unwrap();
    let there = point_of(&mut vm, -1.0, 1e20);
    vm.map_insert(map_of, 5, &[there]).unwrap();
    vm.map_insert(map_of, (-3i64).cast_unsigned(), &[origin]).unwrap();
    let flags_of = vm.alloc_map(flags).unwrap();
    let message = vm.alloc_string(b"no \"luck\"").unwrap();
    vm.map_insert(flags_of, 1, &[1, 99, message]).unwrap();
    vm.map_insert(flags_of, 0, &[0, float(f64::NAN), NULL]).unwrap();
    let text = vm.alloc_string("tab\there".as_bytes()).unwrap();
    let list = vm.alloc_array(TypeId::ARRAY_ANY, 1).unwrap();
    vm.array_set(list, 0, &[3, float(0.5)]).unwrap();
    let mut slots = vec![origin, bytes_of, singles_of, shapes_of, node, map_of, flags_of];
    slots.extend([1, 1, 42]);
    slots.extend([0, 99, 99]);
    slots.extend([0, float(2.5), NULL]);
    slots.extend([1, 99, message]);
    slots.extend([AnyTag::Array as u64, list]);
    slots.extend([u64::MAX, (-5i64).cast_unsigned(), 1, text]);
    let all = vm.alloc_object(ty, &slots).unwrap();
    m.set(0, all);
    Everything { m, ty, size }
}

const SHOWN: &str = "All { point: Point { x: 0.0, y: 0.1 }, bytes: [250, 251, 252], singles: [0.0, 0.1], \
    shapes: [Shape.Circle(1.5), Shape.Rect(2.0, some(5)), Shape.Empty], tree: Tree.Node(Tree.Leaf(7), Tree.None), \
    map: {5: Point { x: -1.0, y: 1e20 }, -3: Point { x: 0.0, y: 0.1 }}, \
    flags: {true: err(\"no \\\"luck\\\"\"), false: ok(NaN)}, some: some(some(42)), none: none, ok: ok(2.5), \
    err: err(\"no \\\"luck\\\"\"), any: [0.5], big: 18446744073709551615, small: -5, yes: true, text: \"tab\\there\" }";

#[test]
fn everything_displayed() {
    for always in [false, true] {
        let mut all = everything();
        all.m.state.collect_always = always;
        assert_eq!(all.m.display(all.ty, 0, 4), SHOWN);
        let written = json(&mut all.m, all.ty, 0).unwrap();
        assert_eq!(
            written,
            "{\"point\":{\"x\":0.0,\"y\":0.1},\"bytes\":[250,251,252],\"singles\":[0.0,0.1],\
             \"shapes\":[{\"Circle\":1.5},{\"Rect\":[2.0,5]},\"Empty\"],\"tree\":{\"Node\":[{\"Leaf\":7},\"None\"]},\
             \"map\":{\"5\":{\"x\":-1.0,\"y\":1e20},\"-3\":{\"x\":0.0,\"y\":0.1}},\
             \"flags\":{\"true\":{\"err\":\"no \\\"luck\\\"\"},\"false\":{\"ok\":null}},\"some\":42,\"none\":null,\
             \"ok\":{\"ok\":2.5},\"err\":{\"err\":\"no \\\"luck\\\"\"},\"any\":[0.5],\"big\":18446744073709551615,\
             \"small\":-5,\"yes\":true,\"text\":\"tab\\there\"}"
        );
    }
}

#[test]
fn everything_equal_to_its_copy() {
    let mut all = everything();
    let (a, ty) = (all.m.get(0), all.ty);
    // A second one in the same machine: by reading the first one's words again behind it.
    let other = {
        let heap = all.m.state.top;
        let copy: Vec<u64> = all.m.arena[all.m.state.split..all.m.state.split + heap].to_vec();
        let slots = copy[a as usize + 1..].to_vec();
        all.m.vm().reserve(100).unwrap();
        all.m.vm().alloc_object(ty, &slots[..usize::from(all.size)]).unwrap()
    };
    all.m.set(1, other);
    all.m.call(Lib::Equal, &typed(ty, &[0, 1]), 2).unwrap();
    // A map in it holds NaN, but it is the same map.
    assert_eq!(all.m.get(2), 1);
    // What an absent payload holds does not count: the slots of `none` and of the error's payload.
    for (slot, equal) in [(11, 1), (12, 1), (17, 1), (9, 0), (10, 0), (14, 0), (22, 0)] {
        let at = all.m.state.split + other as usize + 1 + slot;
        let old = all.m.arena[at];
        all.m.arena[at] = 77;
        all.m.call(Lib::Equal, &typed(ty, &[0, 1]), 2).unwrap();
        assert_eq!(all.m.get(2), equal, "slot {slot}");
        all.m.arena[at] = old;
    }
}

#[test]
fn everything_to_any_and_back() {
    for always in [false, true] {
        let mut all = everything();
        all.m.state.collect_always = always;
        let ty = all.ty;
        all.m.call(Lib::ToAny, &typed(ty, &[0]), 6).unwrap();
        let shown = all.m.display(TypeId::ANY, 6, 4);
        assert!(
            shown.starts_with(
                "{\"point\": {\"x\": 0.0, \"y\": 0.10000000149011612}, \"bytes\": [250, 251, 252]"
            ),
            "{shown}"
        );
        assert!(
            shown.contains("\"shapes\": [{\"Circle\": 1.5}, {\"Rect\": [2.0, 5]}, \"Empty\"]"),
            "{shown}"
        );
        assert!(shown.contains("\"map\": {\"5\": {"), "{shown}");
        // There is no way back for a Result; the rest comes back equal.
        all.m.call(Lib::FromAny, &typed(ty, &[6]), 2).unwrap();
        assert_eq!(all.m.get(2), 1);
        assert_eq!(all.m.str(4), "field flags: expected float, found map");
    }
}

#[test]
fn structs_and_any() {
    let mut types = Types::default();
    let option = types.option(TypeId::INT);
    let node = types.next();
    let list = types.array_of_later(TypeId(node.0 + 2));
    let by_id = types.map_to_later(TypeId::INT, TypeId(node.0 + 2));
    let node = types.structure(
        "Node",
        &[
            ("name", TypeId::STR),
            ("age", TypeId::U8),
            ("more", option),
            ("items", list),
            ("by_id", by_id),
            ("x", TypeId::ANY),
        ],
    );
    let shape = types.enumeration(
        "Shape",
        &[("Circle", &[TypeId::FLOAT]), ("Rect", &[TypeId::FLOAT, TypeId::INT]), ("Empty", &[])],
    );
    let shapes = types.array(shape);
    let registers = [
        TypeId::ANY,
        TypeId::ANY_PAYLOAD,
        TypeId::INT,
        TypeId::ANY,
        TypeId::STR,
        TypeId::INT,
        TypeId::ANY,
        TypeId::ANY_PAYLOAD,
        TypeId::STR,
        TypeId::INT,
        node,
        TypeId::STR,
        TypeId::INT,
        shapes,
        TypeId::STR,
    ];
    for always in [false, true] {
        // The machine is made anew: types are gone into it.
        let mut types = Types::default();
        let option = types.option(TypeId::INT);
        let list = types.array_of_later(node);
        let by_id = types.map_to_later(TypeId::INT, node);
        types.structure(
            "Node",
            &[
                ("name", TypeId::STR),
                ("age", TypeId::U8),
                ("more", option),
                ("items", list),
                ("by_id", by_id),
                ("x", TypeId::ANY),
            ],
        );
        let shape = types.enumeration(
            "Shape",
            &[("Circle", &[TypeId::FLOAT]), ("Rect", &[TypeId::FLOAT, TypeId::INT]), ("Empty", &[])],
        );
        types.array(shape);
        let mut m = types.machine(20_000, &registers);
        m.state.collect_always = always;
        parse(&mut m, r#"{"name": "a", "age": 7.0, "extra": 1, "items": [{"name":"b","age":255,"items":[],"by_id":{},"more":3}],
            "by_id": {"-12": {"name":"c","age":0,"items":[],"by_id":{},"x":[1,{"y":2}]}}}"#).unwrap();
        m.call(Lib::FromAny, &typed(node, &[0]), 9).unwrap();
        assert_eq!(m.get(9), 0);
        assert_eq!(
            m.display(node, 10, 14),
            "Node { name: \"a\", age: 7, more: none, items: [Node { name: \"b\", age: 255, more: some(3), items: [], \
             by_id: {}, x: none }], by_id: {-12: Node { name: \"c\", age: 0, more: none, items: [], by_id: {}, \
             x: [1, {\"y\": 2}] }}, x: none }"
        );
        parse(&mut m, r#"["Empty", {"Circle": 1}, {"Rect": [2.5, 3]}]"#).unwrap();
        m.call(Lib::FromAny, &typed(shapes, &[0]), 12).unwrap();
        assert_eq!(m.get(12), 0);
        assert_eq!(m.display(shapes, 13, 14), "[Shape.Empty, Shape.Circle(1.0), Shape.Rect(2.5, 3)]");
        m.call(Lib::ToAny, &typed(shapes, &[13]), 0).unwrap();
        assert_eq!(m.display(TypeId::ANY, 0, 14), "[\"Empty\", {\"Circle\": 1.0}, {\"Rect\": [2.5, 3]}]");
        for (text, message) in [
            (r#"{"name": 5}"#, "field name: expected string, found int"),
            (r#"{"name": "a"}"#, "missing field age"),
            (r#"{"name": "a", "age": 256}"#, "field age: number out of range of u8"),
            (r#"{"name": "a", "age": 1.5}"#, "field age: number out of range of u8"),
            (r#"{"name": "a", "age": 1, "items": []}"#, "missing field by_id"),
            (
                r#"{"name": "a", "age": 1, "items": [3], "by_id": {}}"#,
                "field items: expected Node, found int",
            ),
            (r#"{"name": "a", "age": 1, "items": [], "by_id": {"q": null}}"#, "field by_id: key is no int"),
            ("[]", "expected Node, found array"),
        ] {
            parse(&mut m, text).unwrap();
            m.call(Lib::FromAny, &typed(node, &[0]), 9).unwrap();
            assert_eq!((m.get(9), m.get(10), m.str(11)), (1, NULL, String::from(message)));
        }
        for text in
            [r#"["Square"]"#, r#"[{"Circle": 1, "Rect": 2}]"#, r#"[{"Rect": [1]}]"#, r#"["Circle"]"#, "[1]"]
        {
            parse(&mut m, text).unwrap();
            m.call(Lib::FromAny, &typed(shapes, &[0]), 12).unwrap();
            assert_eq!((m.get(12), m.str(14)), (1, String::from("no variant of Shape")));
        }
    }
}

#[test]
fn values_that_contain_themselves() {
    let mut m = any_machine(5000);
    parse(&mut m, r#"{"self": 0, "list": [1, 2]}"#).unwrap();
    m.set_str(4, "self");
    m.set(2, AnyTag::Str as u64);
    let key = m.get(4);
    m.set(3, key);
    m.call(Lib::AnySetIndex, &[0, 2, 0], 5).unwrap();
    assert_eq!(m.get(5), 0);
    assert_eq!(m.display(TypeId::ANY, 0, 4), "{\"self\": …, \"list\": [1, 2]}");
    assert_eq!(json(&mut m, TypeId::ANY, 0), Err("a value that contains itself has no JSON form".into()));
    assert_eq!(m.call(Lib::ToAny, &typed(TypeId::ANY, &[0]), 5), Err(Stop::from(TrapCode::CyclicValue)));
    assert_eq!(m.call(Lib::FromAny, &typed(TypeId::ANY, &[0]), 5), Err(Stop::from(TrapCode::CyclicValue)));
    // A second one that looks the same, and one whose cycle is twice as long.
    for text in [r#"{"list": [1, 2], "self": 0}"#, r#"{"list": [1, 2], "self": {"self": 0, "list": [1, 2]}}"#]
    {
        let [tag, payload] = [m.get(0), m.get(1)];
        m.set(10, tag);
        m.set(11, payload);
        parse(&mut m, text).unwrap();
        m.set_str(4, "self");
        let key = m.get(4);
        m.set(3, key);
        m.call(Lib::AnyIndex, &[0, 2], 5).unwrap();
        let inner = if m.get(6) == AnyTag::Map as u64 { [m.get(6), m.get(7)] } else { [m.get(0), m.get(1)] };
        m.set(13, inner[0]);
        m.set(14, inner[1]);
        m.call(Lib::AnySetIndex, &[13, 2, 0], 5).unwrap();
        m.call(Lib::Equal, &typed(TypeId::ANY, &[0, 10]), 9).unwrap();
        assert_eq!(m.get(9), 1);
        m.set_str(17, "list");
        m.set(2, AnyTag::Str as u64);
        let list = m.get(17);
        m.set(3, list);
        m.call(Lib::AnySetIndex, &[13, 2, 2], 5).unwrap();
        m.call(Lib::Equal, &typed(TypeId::ANY, &[0, 10]), 9).unwrap();
        assert_eq!(m.get(9), 0);
        m.set(0, tag);
        m.set(1, payload);
        // Headers are as they were: a collection would not survive anything else.
        m.vm().collect().unwrap();
    }
}

#[test]
fn parts_of_any() {
    let mut m = any_machine(5000);
    parse(&mut m, r#"{"a": [10, "x"], "b": null}"#).unwrap();
    let mut seen = Vec::new();
    m.set_int(9, 0);
    loop {
        m.call(Lib::AnyNext, &[0, 9], 12).unwrap();
        if m.get(12) == u64::MAX {
            break;
        }
        let next = m.get(12);
        m.set(9, next);
        seen.push((m.display(TypeId::ANY, 13, 17), m.display(TypeId::ANY, 15, 17)));
    }
    assert_eq!(seen, [("a".into(), "[10, \"x\"]".into()), (String::from("b"), String::from("none"))]);
    m.set_str(4, "a");
    m.call(Lib::AnyField, &[0, 4], 5).unwrap();
    let list = [m.get(6), m.get(7)];
    m.set(0, list[0]);
    m.set(1, list[1]);
    m.set(2, AnyTag::Int as u64);
    for (index, found) in [
        (0, Ok("10")),
        (1, Ok("x")),
        (2, Err("index 2 out of range, length 2")),
        (-1, Err("index -1 out of range, length 2")),
    ] {
        m.set_int(3, index);
        m.call(Lib::AnyIndex, &[0, 2], 5).unwrap();
        let element = if m.get(5) == 0 { Ok(m.display(TypeId::ANY, 6, 17)) } else { Err(m.str(8)) };
        assert_eq!(element.as_deref().map_err(|message| message.as_str()), found);
    }
    m.call(Lib::AnyField, &[0, 4], 5).unwrap();
    assert_eq!(m.str(8), "expected map, found array");
    m.call(Lib::AnyField, &[2, 4], 5).unwrap();
    assert_eq!(m.str(8), "expected map, found int");
    m.call(Lib::AnyIndex, &[0, 0], 5).unwrap();
    assert_eq!(m.str(8), "index: expected int, found array");
    m.call(Lib::AnyLen, &[2], 5).unwrap();
    assert_eq!((m.get(5), m.str(7).as_str()), (1, "expected string, array or map, found int"));
    m.set_int(3, 1);
    m.call(Lib::AnySetIndex, &[0, 2, 2], 5).unwrap();
    assert_eq!(m.display(TypeId::ANY, 0, 17), "[10, 1]");
    assert_eq!(m.call(Lib::AnyNext, &[2, 9], 12), Err(Stop::from(TrapCode::Unsupported)));
}

#[test]
fn numbers_in_any_are_equal_by_value() {
    let mut m = any_machine(5000);
    for (a, b, equal) in [
        ("1", "1.0", true),
        ("1.5", "1", false),
        ("9007199254740993", "9007199254740992.0", false),
        ("9223372036854775807", "9223372036854775808", false),
        ("[1, 2]", "[1.0, 2]", true),
        ("\"1\"", "1", false),
        ("null", "false", false),
        ("{\"a\": 1}", "{\"b\": 1}", false),
        ("\"abc\"", "\"abc\"", true),
    ] {
        parse(&mut m, a).unwrap();
        let first = [m.get(0), m.get(1)];
        m.set(10, first[0]);
        m.set(11, first[1]);
        parse(&mut m, b).unwrap();
        m.call(Lib::Equal, &typed(TypeId::ANY, &[0, 10]), 9).unwrap();
        assert_eq!(m.get(9), u64::from(equal), "{a} {b}");
    }
}

#[test]
fn functions() {
    let mut types = Types::default();
    let captures = types.captures();
    let mut m = types.machine(2000, &[captures, captures, TypeId::INT, TypeId::STR, TypeId::STR, captures]);
    for (register, function) in [(0, 0), (1, 1), (5, 0)] {
        m.vm().reserve(2).unwrap();
        let closure = m.vm().alloc_object(captures, &[function]).unwrap();
        m.set(register, closure);
    }
    assert_eq!(m.display(captures, 0, 3), "fn");
    m.call(Lib::JsonText, &typed(captures, &[0]), 2).unwrap();
    assert_eq!(m.str(4), "a function has no JSON form");
    for (other, equal) in [(0, 1), (1, 0), (5, 1)] {
        m.call(Lib::Equal, &typed(captures, &[0, other]), 2).unwrap();
        assert_eq!(m.get(2), equal);
    }
    assert_eq!(m.call(Lib::ToAny, &typed(captures, &[0]), 2), Err(Stop::from(TrapCode::Unsupported)));
}

#[test]
fn elements_without_slots() {
    let mut types = Types::default();
    let units = types.array(TypeId::UNIT);
    let map = types.map(TypeId::INT, TypeId::UNIT);
    let mut m = types.machine(
        4000,
        &[units, units, map, TypeId::INT, TypeId::INT, TypeId::STR, TypeId::ANY, TypeId::ANY_PAYLOAD],
    );
    m.set_int(3, 3);
    m.call(Lib::ArrayFill, &typed(units, &[3, 0]), 0).unwrap();
    m.call(Lib::MapNew, &typed(map, &[]), 2).unwrap();
    for key in 0..10 {
        m.set_int(4, key);
        m.call(Lib::MapSet, &[2, 4, 0], 0).unwrap();
    }
    m.call(Lib::MapValues, &typed(units, &[2]), 1).unwrap();
    assert_eq!(m.display(units, 0, 5), "[(), (), ()]");
    m.call(Lib::ArrayConcat, &[0, 1], 0).unwrap();
    m.call(Lib::ArrayPush, &[0, 0], 0).unwrap();
    m.call(Lib::ArrayReverse, &[0], 0).unwrap();
    m.call(Lib::ArrayIndexOf, &[0, 0], 4).unwrap();
    assert_eq!(m.get(4), 0);
    m.call(Lib::Equal, &typed(units, &[0, 1]), 4).unwrap();
    assert_eq!(m.get(4), 0);
    m.call(Lib::ToAny, &typed(units, &[0]), 6).unwrap();
    m.call(Lib::FromAny, &typed(units, &[6]), 3).unwrap();
    assert_eq!(m.get(3), 0);
    assert_eq!(m.display(map, 2, 5).matches("()").count(), 10);
    // As many as there can be take no memory, but printing them does.
    m.set_int(3, 0x7fff_ffff);
    m.call(Lib::ArrayFill, &typed(units, &[3, 0]), 0).unwrap();
    m.call(Lib::Equal, &typed(units, &[0, 0]), 4).unwrap();
    assert_eq!(m.call(Lib::Display, &typed(units, &[0]), 5), Err(Stop::OutOfMemory));
    assert!(m.call(Lib::ArrayPush, &[0, 0], 0).is_err());
}

#[test]
fn any_is_stored_into_where_it_has_places() {
    let mut m = any_machine(4000);
    let mut store = |json: &str, (tag, key): (AnyTag, u64)| {
        parse(&mut m, json).unwrap();
        m.set(2, tag as u64);
        m.set(3, key);
        if tag == AnyTag::Str {
            m.set_str(3, "key");
        }
        m.set(10, AnyTag::Int as u64);
        m.set_int(11, 7);
        m.call(Lib::AnySetIndex, &[0, 2, 10], 12).unwrap();
        let answer = if m.get(12) == 0 { String::new() } else { m.str(13) };
        (answer, self::json(&mut m, TypeId::ANY, 0).unwrap())
    };
    let int = |value: i64| (AnyTag::Int, value.cast_unsigned());
    let text = (AnyTag::Str, 0);
    for (json, key, answer, after) in [
        ("[1,2]", int(1), "", "[1,7]"),
        ("{\"key\":1}", text, "", "{\"key\":7}"),
        ("{}", text, "", "{\"key\":7}"),
        ("[1,2]", int(2), "index 2 out of range, length 2", "[1,2]"),
        ("[1,2]", int(-1), "index -1 out of range, length 2", "[1,2]"),
        ("[1,2]", text, "index: expected int, found string", "[1,2]"),
        ("{}", int(0), "key: expected string, found int", "{}"),
        ("5", int(0), "expected array or map, found int", "5"),
    ] {
        assert_eq!(store(json, key), (String::from(answer), String::from(after)), "{json}");
    }
}

#[test]
fn any_has_a_length_where_it_has_parts() {
    let mut m = any_machine(4000);
    for (json, len) in
        [("\"für\"", Ok(4)), ("[1,2]", Ok(2)), ("{}", Ok(0)), ("true", Err("bool")), ("5", Err("int"))]
    {
        parse(&mut m, json).unwrap();
        m.call(Lib::AnyLen, &[0], 5).unwrap();
        match len {
            Ok(len) => assert_eq!([m.get(5), m.get(6)], [0, len]),
            Err(found) => assert_eq!(m.str(7), format!("expected string, array or map, found {found}")),
        }
    }
}

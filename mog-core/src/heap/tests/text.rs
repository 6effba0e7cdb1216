//! Strings that grow: what is copied, what is shared, and what a collection leaves.

use std::string::String;

use crate::heap::ObjectHeader;
use crate::heap::text::{buffer_of, used_of};
use crate::isa::Lib;
use crate::module::TypeId;
use crate::testing::{Machine, Types};

const REGISTERS: usize = 6;

fn machine(words: usize) -> Machine {
    Types::default().machine(words, &[TypeId::STR; REGISTERS])
}

fn concat(m: &mut Machine, dst: u8, first: u8, second: u8) {
    m.call(Lib::StrConcat, &[2, first, second], dst).unwrap();
}

/// The buffer that the string in a register is a view of.
fn buffer(m: &Machine, register: u8) -> Option<usize> {
    buffer_of(&m.arena[m.state.split..], m.get(register) as usize)
}

/// How many bytes of it are in use, and how many can be.
fn used(m: &Machine, register: u8) -> (usize, usize) {
    used_of(&m.arena[m.state.split..], buffer(m, register).unwrap())
}

fn steps(m: &Machine, before: i64) -> i64 {
    before - m.state.fuel
}

#[test]
fn appending_costs_what_is_appended() {
    let mut m = machine(60_000);
    m.set_str(0, "");
    m.set_str(1, "piece");
    let (before, collections) = (m.state.fuel, m.state.counters.collections);
    for _ in 0..10_000 {
        concat(&mut m, 0, 0, 1);
    }
    assert_eq!(m.str(0), "piece".repeat(10_000));
    assert!(steps(&m, before) < 60_000, "{}", steps(&m, before));
    assert_eq!(m.state.counters.collections, collections);
}

#[test]
fn a_string_keeps_its_text_whatever_is_appended() {
    let mut m = machine(4000);
    let long = "x".repeat(300);
    m.set_str(0, &long);
    m.set_str(1, "é");
    m.set_str(2, "2");
    concat(&mut m, 3, 0, 1);
    assert_eq!((buffer(&m, 0), used(&m, 3)), (None, (302, 304)));
    // The first to append shares the text, the second copies it; so does each of what they made.
    concat(&mut m, 4, 3, 2);
    concat(&mut m, 5, 3, 1);
    assert!(buffer(&m, 4) == buffer(&m, 3) && buffer(&m, 5) != buffer(&m, 3));
    concat(&mut m, 5, 5, 5);
    for (register, text) in [(3, "é"), (4, "é2")] {
        assert_eq!(m.str(register), String::from(&long) + text);
    }
    assert_eq!(m.str(5), (String::from(&long) + "éé").repeat(2));
    // To itself, where there is room for it.
    m.set_str(0, &"y".repeat(512));
    concat(&mut m, 0, 0, 1);
    m.set_str(0, "");
    concat(&mut m, 0, 5, 0);
    assert_eq!(m.str(0), m.str(5));
}

#[test]
fn what_is_short_is_copied_and_so_is_what_gets_longer_at_once() {
    let mut m = machine(4000);
    for (first, second, shares) in [(255, 1, false), (256, 1, true), (256, 256, true), (256, 257, false)] {
        m.set_str(0, &"a".repeat(first));
        m.set_str(1, &"b".repeat(second));
        concat(&mut m, 2, 0, 1);
        assert_eq!(buffer(&m, 2).is_some(), shares, "{first} {second}");
        assert_eq!(m.str(2), "a".repeat(first) + &"b".repeat(second));
    }
}

#[test]
fn a_collection_leaves_what_views_need() {
    let mut m = machine(4000);
    m.vm().collect().unwrap();
    let empty = m.state.top;
    m.set_str(0, &"é".repeat(150));
    m.set_str(1, "1");
    // The second time it gets room.
    concat(&mut m, 2, 0, 1);
    assert_eq!(used(&m, 2), (301, 304));
    m.set_str(5, "23456");
    concat(&mut m, 2, 2, 5);
    assert_eq!(used(&m, 2), (306, 472));
    concat(&mut m, 3, 2, 1);
    m.set_str(0, &"z".repeat(100));
    concat(&mut m, 4, 3, 0);
    for register in [0, 5] {
        m.set(register, crate::heap::NULL);
    }
    assert_eq!(used(&m, 2).0, 407);
    // One view after the other goes. Beside them there are "1", and the buffer: header, size, used, text.
    for (dropped, needed) in [(4u8, 307), (3, 306)] {
        m.set(dropped, crate::heap::NULL);
        m.vm().collect().unwrap();
        let views = usize::from(dropped) - 2;
        assert_eq!(m.state.top, empty + 3 + 3 * views + 3 + usize::div_ceil(needed, 8));
        assert_eq!(used(&m, 2), (needed, 312));
        assert_eq!(m.str(2), "é".repeat(150) + "123456");
    }
    // There is room for six bytes again.
    let buffer_before = buffer(&m, 2);
    for _ in 0..6 {
        concat(&mut m, 2, 2, 1);
    }
    assert_eq!((buffer(&m, 2), used(&m, 2)), (buffer_before, (312, 312)));
    concat(&mut m, 2, 2, 1);
    assert_ne!(buffer(&m, 2), buffer_before);
    assert_eq!(m.str(2), "é".repeat(150) + "1234561111111");
}

/// Each number of bytes, so that each number of words is left over: none, one, which is too small for a buffer, more.
#[test]
fn any_rest_of_a_buffer_goes() {
    for rest in 0..60 {
        let mut m = machine(4000);
        m.set_str(0, &"k".repeat(402));
        m.set_str(1, &"m".repeat(1 + rest));
        m.set_str(2, "n");
        concat(&mut m, 3, 0, 2);
        m.set_str(2, "nnnnnn");
        concat(&mut m, 3, 3, 2);
        concat(&mut m, 4, 3, 1);
        assert_eq!(used(&m, 4), (410 + rest, 632));
        m.set_str(5, "behind");
        for register in [0, 1, 4] {
            m.set(register, crate::heap::NULL);
        }
        m.vm().collect().unwrap();
        assert_eq!(used(&m, 3), (409, 416), "{rest}");
        assert_eq!((m.str(3), m.str(5)), ("k".repeat(402) + "nnnnnnn", "behind".into()));
        let top = m.state.top;
        m.vm().collect().unwrap();
        assert_eq!(m.state.top, top);
    }
}

#[test]
fn where_memory_is_short_a_string_gets_little_room_or_none() {
    let (mut with_room, mut own) = (0, 0);
    for beside in 0..400 {
        let mut m = machine(4000);
        m.vm().collect().unwrap();
        // Words that both strings and what is appended first take, and few beside.
        let bytes = (m.vm().free() - 8 - beside) / 2 * 8;
        m.set_str(0, &"w".repeat(bytes));
        m.set_str(1, "1");
        concat(&mut m, 2, 0, 1);
        own += usize::from(buffer(&m, 2).is_none());
        m.set(0, crate::heap::NULL);
        assert_eq!(m.str(2), "w".repeat(bytes) + "1");
        m.set_str(1, "23456789");
        // As a view it takes four words more.
        if beside > 8 {
            concat(&mut m, 2, 2, 1);
            assert_eq!(m.str(2), "w".repeat(bytes) + "123456789");
            let (used, room) = used(&m, 2);
            with_room += usize::from(room - used > 8);
            assert!(room - used < beside * 8 + 16, "{beside} {used} {room}");
        }
    }
    assert!(own > 0 && with_room > 0, "{own} {with_room}");
}

/// As code that was never verified can.
#[test]
fn nothing_is_joined_to_nothing() {
    let mut m = machine(1000);
    m.call(Lib::StrConcat, &[0], 0).unwrap();
    assert_eq!(m.str(0), "");
    // Where the module's state is seems to be a string, and what seems to be a view is of nothing.
    let split = m.state.split;
    (m.arena[split], m.arena[split + 1]) = (u64::from(TypeId::STR.0), 300);
    m.call(Lib::StrConcat, &[0], 1).unwrap();
    assert_eq!(m.str(1), "");
    let view = u64::from(TypeId::STR.0) | ObjectHeader::VIEW;
    for (len, data) in [(0, u64::from(u32::MAX)), (300, 1), (300, 0), (300, 900)] {
        let at = m.vm().alloc(3).unwrap();
        m.arena[split + at..split + at + 3].copy_from_slice(&[view, len, data << 32]);
        m.set(2, at as u64);
        m.set_str(0, "more");
        let _ = m.call(Lib::StrConcat, &[2, 2, 0], 1);
        let _ = m.call(Lib::StrConcat, &[2, 2, 2], 1);
    }
}

//! Heaps that no program can have made.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::check;
use crate::heap::text::{TEXT_BUFFER, buffer_of};
use crate::heap::{NULL, ObjectHeader};
use crate::isa::Lib;
use crate::machine::SnapshotError;
use crate::module::TypeId;
use crate::testing::{Machine, Types};

/// A machine whose first register holds a view of the first 400 bytes of a text buffer, of which 412 are in use.
fn machine() -> Machine {
    let mut m = Types::default().machine(2000, &[TypeId::STR; 3]);
    m.set_str(0, &"é".repeat(195));
    m.set_str(1, "01");
    m.call(Lib::StrConcat, &[2, 0, 1], 0).unwrap();
    m.set_str(1, "23456789");
    m.call(Lib::StrConcat, &[2, 0, 1], 0).unwrap();
    m.set_str(1, "behind it é");
    m.call(Lib::StrConcat, &[2, 0, 1], 2).unwrap();
    m
}

fn checked(m: &mut Machine) -> Result<(), SnapshotError> {
    let stack = m.state.base;
    check(&m.module, &mut m.arena, &m.state, stack)
}

#[test]
fn a_view_is_of_text_up_to_the_end_of_a_character() {
    let mut m = machine();
    assert_eq!(checked(&mut m), Ok(()));
    let split = m.state.split;
    let view = split + m.get(0) as usize;
    let data = split + buffer_of(&m.arena[split..], m.get(0) as usize).unwrap();
    assert_eq!((m.arena[view + 1], m.arena[data]), (400, 412));
    let of_text = Err(SnapshotError::Invalid("the text of a string"));
    let of_view = Err(SnapshotError::Invalid("a reference to the text of a string"));
    let size = m.arena[data - 1];
    let another = (data - split - 1) as u64;
    let cases = [
        // Views: within a character, to the end, beyond it; of something else, of nothing.
        (view + 1, 389, &of_view),
        (view + 1, 412, &Ok(())),
        (view + 1, 413, &of_view),
        (view + 1, 0xffff_ffff, &of_view),
        (view + 2, another << 32, &of_view),
        (view + 2, (m.get(1) + 2) << 32, &of_view),
        (view + 2, NULL << 32, &of_view),
        (view + 2, 0, &of_view),
        // Buffers: part of a character in use, more than there is room for, no text.
        (data, 411, &of_text),
        (data, (size - 1) * 8 + 1, &of_text),
        (data, u64::MAX, &of_text),
        (data + 1, u64::MAX, &of_text),
        // A shorter one leaves the longer view without text.
        (data, 400, &of_view),
    ];
    for (place, value, expected) in cases {
        let before = std::mem::replace(&mut m.arena[place], value);
        assert_eq!(&checked(&mut m), expected, "{value:#x} at {}", place - split);
        m.arena[place] = before;
    }
    // Only strings have views.
    let before = std::mem::replace(&mut m.arena[data - 2], ObjectHeader::RAW);
    assert_eq!(checked(&mut m), of_view);
    m.arena[data - 2] = before;
    assert_eq!(checked(&mut m), Ok(()));
}

/// What stands behind it would say how much is in use.
#[test]
fn a_text_buffer_has_room_to_say_how_much_is_in_use() {
    for size in [0, 1] {
        let mut m = machine();
        let at = m.vm().alloc(6).unwrap() as u64;
        let view = u64::from(TypeId::STR.0) | ObjectHeader::VIEW;
        let start = m.state.split + at as usize;
        m.arena[start..start + 6].copy_from_slice(&[view, 0, (at + 5) << 32, TEXT_BUFFER.0, size, 0]);
        assert_eq!(checked(&mut m).is_ok(), size > 0);
    }
}

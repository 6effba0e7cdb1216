use std::string::{String, ToString};
use std::vec::Vec;

use proptest::prelude::*;

use crate::TrapCode;
use crate::heap::{Data, NULL};
use crate::isa::Lib;
use crate::machine::Stop;
use crate::module::TypeId;
use crate::testing::{Machine, Types};

const REGISTERS: [TypeId; 10] = [
    TypeId::STR,
    TypeId::STR,
    TypeId::STR,
    TypeId::INT,
    TypeId::INT,
    TypeId::INT,
    TypeId::STR,
    TypeId::STR,
    TypeId::ARRAY_STR,
    TypeId::FLOAT,
];

pub(super) fn machine() -> Machine {
    let mut machine = Types::default().machine(60_000, &REGISTERS);
    machine.state.collect_always = true;
    machine
}

fn strings(machine: &Machine, ty: TypeId, register: u8) -> Vec<String> {
    let Data::Array(array) = machine.value(ty, register).data() else { panic!("no array") };
    let text = |value: crate::heap::Value<'_>| match value.data() {
        Data::Str(text) => text.to_string(),
        other => panic!("{other:?}"),
    };
    array.iter().map(text).collect()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]{0,24}", "[ \tabß€😀ŉİ]{0,12}", any::<String>(), "[a-c]{60,80}",]
}

fn boundary(text: &str, at: i64) -> bool {
    usize::try_from(at).is_ok_and(|at| text.is_char_boundary(at))
}

proptest! {
    #[test]
    fn two_strings(a in text(), b in text(), c in text()) {
        let mut m = machine();
        m.set_str(0, &a);
        m.set_str(1, &b);
        m.set_str(2, &c);
        m.call(Lib::StrConcat, &[3, 0, 1, 0], 6).unwrap();
        prop_assert_eq!(m.str(6), [&a[..], &b, &a].concat());
        m.call(Lib::StrEq, &[0, 1], 3).unwrap();
        prop_assert_eq!(m.get(3), u64::from(a == b));
        m.call(Lib::StrCmp, &[0, 1], 3).unwrap();
        prop_assert_eq!(m.get(3).cast_signed(), a.cmp(&b) as i64);
        m.call(Lib::StrTrim, &[0], 6).unwrap();
        prop_assert_eq!(m.str(6), a.trim());
        m.call(Lib::StrContains, &[0, 1], 3).unwrap();
        prop_assert_eq!(m.get(3), u64::from(a.contains(&b)));
        m.call(Lib::StrStartsWith, &[0, 1], 3).unwrap();
        prop_assert_eq!(m.get(3), u64::from(a.starts_with(&b)));
        m.call(Lib::StrEndsWith, &[0, 1], 3).unwrap();
        prop_assert_eq!(m.get(3), u64::from(a.ends_with(&b)));
        m.call(Lib::StrIndexOf, &[0, 1], 3).unwrap();
        prop_assert_eq!(m.get(3).cast_signed(), a.find(&b).map_or(-1, |at| at as i64));
        m.call(Lib::StrReplace, &[0, 1, 2], 6).unwrap();
        prop_assert_eq!(m.str(6), a.replace(&b, &c));
        m.call(Lib::StrSplit, &[0, 1], 8).unwrap();
        let parts: Vec<String> = if b.is_empty() {
            a.chars().map(String::from).collect()
        } else {
            a.split(&b).map(String::from).collect()
        };
        prop_assert_eq!(strings(&m, TypeId::ARRAY_STR, 8), parts.clone());
        m.call(Lib::StrJoin, &[8, 2], 6).unwrap();
        prop_assert_eq!(m.str(6), parts.join(&c));
        m.call(Lib::StrLines, &[0], 8).unwrap();
        prop_assert_eq!(strings(&m, TypeId::ARRAY_STR, 8), a.lines().map(String::from).collect::<Vec<_>>());
        m.call(Lib::StrChars, &[0], 8).unwrap();
        prop_assert_eq!(strings(&m, TypeId::ARRAY_STR, 8), a.chars().map(String::from).collect::<Vec<_>>());
    }

    #[test]
    fn overlapping_pieces(parts in prop::collection::vec("[ab]{0,3}", 0..6), separator in "[ab]{1,3}") {
        let text = parts.join(&separator);
        let mut m = machine();
        m.set_str(0, &text);
        m.set_str(1, &separator);
        m.call(Lib::StrSplit, &[0, 1], 8).unwrap();
        prop_assert_eq!(strings(&m, TypeId::ARRAY_STR, 8), text.split(&separator).collect::<Vec<_>>());
        m.set_str(2, "xyz");
        m.call(Lib::StrReplace, &[0, 1, 2], 6).unwrap();
        prop_assert_eq!(m.str(6), text.replace(&separator, "xyz"));
    }

    #[test]
    fn case(a in text()) {
        let mut m = machine();
        m.set_str(0, &a);
        // Characters with several mappings stay, so only where there are none the results are those of std.
        let simple = |c: &char| c.to_uppercase().count() == 1 && c.to_lowercase().count() == 1;
        m.call(Lib::StrUpper, &[0], 6).unwrap();
        let upper: String = a.chars().map(|c| if simple(&c) { c.to_uppercase().next().unwrap() } else { c }).collect();
        if a.chars().all(|c| simple(&c)) {
            prop_assert_eq!(m.str(6), upper);
        } else {
            prop_assert_eq!(m.str(6).chars().count(), a.chars().count());
        }
        m.call(Lib::StrLower, &[0], 6).unwrap();
        prop_assert_eq!(m.str(6).chars().count(), a.chars().count());
    }

    #[test]
    fn slices(a in text(), from in -2i64..30, to in -2i64..30) {
        let mut m = machine();
        m.set_str(0, &a);
        m.set_int(3, from);
        m.set_int(4, to);
        m.call(Lib::StrSlice, &[0, 3, 4], 5).unwrap();
        if from <= to && boundary(&a, from) && boundary(&a, to) {
            prop_assert_eq!(m.get(5), 1);
            prop_assert_eq!(m.str(6), &a[from as usize..to as usize]);
        } else {
            prop_assert_eq!((m.get(5), m.get(6)), (0, NULL));
        }
        m.call(Lib::StrAt, &[0, 3], 5).unwrap();
        let c = if boundary(&a, from) { a[from as usize..].chars().next() } else { None };
        prop_assert_eq!(m.get(5), u64::from(c.is_some()));
        if let Some(c) = c {
            prop_assert_eq!(m.str(6), c.to_string());
        }
        m.call(Lib::StrNext, &[0, 3], 5).unwrap();
        match c {
            Some(c) => {
                prop_assert_eq!(m.get(5), from as u64 + c.len_utf8() as u64);
                prop_assert_eq!(m.str(6), c.to_string());
            }
            None => prop_assert_eq!(m.get(5), u64::MAX),
        }
    }

    #[test]
    fn repeats_and_padding(a in text(), filler in text(), count in -1i64..40) {
        let mut m = machine();
        m.set_str(0, &a);
        m.set_str(1, &filler);
        m.set_int(3, count);
        let repeated = m.call(Lib::StrRepeat, &[0, 3], 6);
        if count < 0 {
            prop_assert_eq!(m.trap(repeated), Some((TrapCode::NegativeCount, [count, 0])));
        } else {
            prop_assert_eq!(m.str(6), a.repeat(count as usize));
        }
        let missing = (count.max(0) as usize).saturating_sub(a.chars().count());
        let padding: String = filler.chars().cycle().take(missing).collect();
        m.call(Lib::StrPadLeft, &[0, 3, 1], 6).unwrap();
        prop_assert_eq!(m.str(6), padding.clone() + &a);
        m.call(Lib::StrPadRight, &[0, 3, 1], 6).unwrap();
        prop_assert_eq!(m.str(6), a.clone() + &padding);
    }

    #[test]
    fn bytes(a in text()) {
        let mut m = machine();
        m.set_str(0, &a);
        m.call(Lib::StrBytes, &[0], 8).unwrap();
        let Data::Array(array) = m.value(TypeId::ARRAY_U8, 8).data() else { panic!("no array") };
        prop_assert_eq!(array.as_bytes().unwrap_or(&[]), a.as_bytes());
    }

    #[test]
    fn ints(value in any::<i64>()) {
        let mut m = machine();
        m.set_int(3, value);
        m.call(Lib::IntText, &[3], 6).unwrap();
        prop_assert_eq!(m.str(6), value.to_string());
        m.call(Lib::ParseInt, &[6], 4).unwrap();
        prop_assert_eq!((m.get(4), m.get(5), m.get(6)), (0, value.cast_unsigned(), NULL));
        m.call(Lib::UintText, &[3], 6).unwrap();
        prop_assert_eq!(m.str(6), value.cast_unsigned().to_string());
        let hex = format!(" {}0x{:x}\n", if value < 0 { "-" } else { "" }, value.unsigned_abs());
        m.set_str(0, &hex);
        m.call(Lib::ParseInt, &[0], 4).unwrap();
        prop_assert_eq!((m.get(4), m.get(5)), (0, value.cast_unsigned()));
    }

    #[test]
    fn floats(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        let mut m = machine();
        m.set(9, bits);
        m.call(Lib::FloatText, &[9], 6).unwrap();
        let text = m.str(6);
        prop_assert!(value.is_nan() || text.parse::<f64>().unwrap().to_bits() == bits);
        prop_assert!(value.is_nan() || value.is_infinite() || text.contains('.') || text.contains('e'));
        prop_assert!(text.len() <= 25);
        let single = f64::from(value as f32);
        m.set(9, single.to_bits());
        m.call(Lib::F32Text, &[9], 6).unwrap();
        prop_assert!(value.is_nan() || f64::from(m.str(6).parse::<f32>().unwrap()).to_bits() == single.to_bits());
    }
}

#[test]
fn too_large() {
    let mut m = machine();
    m.set_str(0, "abcd");
    for count in [1 << 62, 1 << 61, i64::MAX, 1 << 30, 1 << 29, 1_000_000] {
        m.set_int(3, count);
        let before = m.state.counters.steps;
        let stop = m.call(Lib::StrRepeat, &[0, 3], 6).unwrap_err();
        assert!(matches!(stop, Stop::OutOfMemory | Stop::Trap(TrapCode::TooLarge)), "{stop:?}");
        let stop = m.call(Lib::StrPadLeft, &[0, 3, 0], 6).unwrap_err();
        assert!(matches!(stop, Stop::OutOfMemory | Stop::Trap(TrapCode::TooLarge)), "{stop:?}");
        assert!(m.state.counters.steps - before < 100);
    }
    // Every character of a text by a long one.
    m.set_str(0, &"a".repeat(10_000));
    m.set_str(1, "a");
    assert_eq!(m.call(Lib::StrReplace, &[0, 1, 0], 6), Err(Stop::OutOfMemory));
}

#[test]
fn pays_before_it_works() {
    let mut m = machine();
    m.state.collect_always = false;
    m.set_str(0, &"ab".repeat(100));
    m.set_int(3, 1000);
    m.state.fuel = 0;
    let steps = m.state.counters.steps;
    let top = m.state.top;
    // 200,000 bytes are some 6,250 steps, which come by the hundred.
    assert_eq!(m.call_once(Lib::StrRepeat, &[0, 3], 6), Err(Stop::Pause));
    assert_eq!(m.state.top, top);
    m.call(Lib::StrRepeat, &[0, 3], 6).unwrap();
    assert!(m.pauses > 60);
    assert_eq!(m.str(6).len(), 200_000);
    let paid = m.state.counters.steps - steps;
    assert!((6250..6300).contains(&paid), "{paid}");
}

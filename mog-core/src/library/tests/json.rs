use std::string::String;
use std::vec::Vec;

use super::value::{any_machine, json, parse};
use crate::isa::Lib;
use crate::module::TypeId;

#[test]
fn json_both_ways() {
    for always in [false, true] {
        let mut m = any_machine(10_000);
        m.state.collect_always = always;
        for (text, shown, written) in [
            ("null", "none", "null"),
            (" true ", "true", "true"),
            ("-0", "0", "0"),
            ("12.50", "12.5", "12.5"),
            ("1e3", "1000.0", "1000.0"),
            ("9223372036854775808", "9.223372036854776e18", "9.223372036854776e18"),
            ("[]", "[]", "[]"),
            ("[ ]", "[]", "[]"),
            ("{}", "{}", "{}"),
            ("[1,[2,[3,{}]],\"x\"]", "[1, [2, [3, {}]], \"x\"]", "[1,[2,[3,{}]],\"x\"]"),
            (
                "{\"a\" : 1, \"b\":{\"c\":[null]}}",
                "{\"a\": 1, \"b\": {\"c\": [none]}}",
                "{\"a\":1,\"b\":{\"c\":[null]}}",
            ),
            ("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\": 3, \"b\": 2}", "{\"a\":3,\"b\":2}"),
            (
                "[\"\\n\\u0041\\ud83d\\ude00\\\\\\\"\\/\\u0001\\u0000é\"]",
                "[\"\\nA😀\\\\\\\"/\\u{1}\\0é\"]",
                "[\"\\nA😀\\\\\\\"/\\u0001\\u0000é\"]",
            ),
            ("[\"\\ud83dx\"]", "[\"\u{fffd}x\"]", "[\"\u{fffd}x\"]"),
        ] {
            parse(&mut m, text).unwrap();
            assert_eq!(m.display(TypeId::ANY, 0, 4), shown);
            assert_eq!(json(&mut m, TypeId::ANY, 0).unwrap(), written);
        }
    }
}

#[test]
fn json_with_many_keys() {
    let mut m = any_machine(30_000);
    let pairs: Vec<String> = (0..300).map(|key| format!("\"k{}\":{key}", key % 250)).collect();
    parse(&mut m, &format!("{{{}}}", pairs.join(","))).unwrap();
    m.call(Lib::AnyLen, &[0], 5).unwrap();
    assert_eq!((m.get(5), m.get(6)), (0, 250));
    for key in [0, 49, 50, 249] {
        m.set_str(4, &format!("k{key}"));
        m.call(Lib::AnyField, &[0, 4], 5).unwrap();
        assert_eq!((m.get(5), m.get(6), m.get(7)), (0, 2, if key < 50 { key + 250 } else { key }));
    }
    m.set_str(4, "k250");
    m.call(Lib::AnyField, &[0, 4], 5).unwrap();
    assert_eq!((m.get(5), m.str(8).as_str()), (1, "no key \"k250\""));
}

#[test]
fn json_that_is_not() {
    let mut m = any_machine(10_000);
    for (text, message) in [
        ("", "invalid JSON at byte 0: expected a value"),
        ("[1,]", "invalid JSON at byte 3: expected a value"),
        ("[1 2]", "invalid JSON at byte 3: expected ',' or ']'"),
        ("{\"a\"}", "invalid JSON at byte 4: expected ':'"),
        ("{\"a\":1,}", "invalid JSON at byte 7: expected a key in quotes"),
        ("{\"a\":1]", "invalid JSON at byte 6: expected ',' or '}'"),
        ("nul", "invalid JSON at byte 0: expected a value"),
        ("1 1", "invalid JSON at byte 2: expected the end"),
        ("01", "invalid JSON at byte 1: expected the end"),
        ("1.", "invalid JSON at byte 2: expected a digit"),
        ("-", "invalid JSON at byte 1: expected a digit"),
        ("1e+", "invalid JSON at byte 3: expected a digit"),
        ("[1e999]", "invalid JSON at byte 1: number out of range"),
        ("\"a", "invalid JSON at byte 2: expected the end of the string"),
        ("\"\n\"", "invalid JSON at byte 1: expected the end of the string"),
        ("\"\\x\"", "invalid JSON at byte 2: expected an escape"),
        ("\"\\u12g4\"", "invalid JSON at byte 3: expected four hexadecimal digits"),
        ("\"\\u12", "invalid JSON at byte 3: expected four hexadecimal digits"),
        ("\"\\u12é\"", "invalid JSON at byte 3: expected four hexadecimal digits"),
    ] {
        assert_eq!(parse(&mut m, text), Err(message.into()), "{text}");
    }
}

#[test]
fn json_nested_deeply() {
    let mut m = any_machine(1_000_000);
    for unit in ["[", "{\"a\":", "[{\"b\":"] {
        let fault = parse(&mut m, &unit.repeat(300_000)).unwrap_err();
        assert!(fault.ends_with("nested too deeply"), "{fault}");
    }
    let deep = format!("{}{}", "[".repeat(512), "]".repeat(512));
    parse(&mut m, &deep).unwrap();
    assert_eq!(json(&mut m, TypeId::ANY, 0).unwrap(), deep);
    assert_eq!(m.display(TypeId::ANY, 0, 4), format!("{}…{}", "[".repeat(64), "]".repeat(64)));
}

#[test]
fn json_keys_made_to_collide() {
    // The hash of eight bytes that are one key's difference to another's: found by search, for the seed 0.
    let mut m = any_machine(600_000);
    let keys: Vec<String> = (0u32..)
        .map(|number| format!("\"{number}\":0"))
        .filter(|key| {
            let inner = key.trim_end_matches(":0").trim_matches('"');
            crate::library::entries::hash_bytes(0, inner.as_bytes()).is_multiple_of(2048)
        })
        .take(700)
        .collect();
    let fault = parse(&mut m, &format!("{{{}}}", keys.join(","))).unwrap_err();
    assert!(fault.ends_with("too many similar keys"), "{fault}");
    m.state.seed = 1;
    parse(&mut m, &format!("{{{}}}", keys.join(","))).unwrap();
}

use super::string::machine;
use crate::TrapCode;
use crate::isa::Lib;
use crate::module::TypeId;
use crate::testing::Types;

#[test]
fn text_of_floats() {
    let mut m = machine();
    for (value, text) in [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (10.0, "10.0"),
        (1.5, "1.5"),
        (0.1, "0.1"),
        (123_456.789, "123456.789"),
        (0.00001, "0.00001"),
        (0.000_012_5, "0.0000125"),
        (0.000_001_5, "1.5e-6"),
        (1.5e-7, "1.5e-7"),
        (9_007_199_254_740_993.0, "9007199254740992.0"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e16"),
        (-1.25e16, "-1.25e16"),
        (1e300, "1e300"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        m.set(9, value.to_bits());
        m.call(Lib::FloatText, &[9], 6).unwrap();
        assert_eq!(m.str(6), text);
    }
    for (value, decimals, text) in [
        (1.005, 2, "1.00"),
        (2.5, 0, "2"),
        (-0.001, 2, "-0.00"),
        (1e20, 1, "100000000000000000000.0"),
        (3.0, -5, "3"),
    ] {
        m.set(9, f64::to_bits(value));
        m.set_int(3, decimals);
        m.call(Lib::FloatFixed, &[9, 3], 6).unwrap();
        assert_eq!(m.str(6), text);
    }
    m.set(9, 1e308f64.to_bits());
    m.set_int(3, i64::MAX);
    m.call(Lib::FloatFixed, &[9, 3], 6).unwrap();
    assert_eq!(m.str(6).len(), 309 + 1 + 1100);
}

#[test]
fn numbers_that_are_not() {
    let mut m = machine();
    for (text, message) in [
        ("", "not an int: \"\""),
        ("-", "not an int: \"-\""),
        ("1_000", "not an int: \"1_000\""),
        ("0x", "not an int: \"0x\""),
        ("--5", "not an int: \"--5\""),
        ("0x-5", "not an int: \"0x-5\""),
        ("12a\n", "not an int: \"12a\\n\""),
        ("9223372036854775808", "int out of range: \"9223372036854775808\""),
    ] {
        m.set_str(0, text);
        m.call(Lib::ParseInt, &[0], 4).unwrap();
        assert_eq!((m.get(4), m.str(6).as_str()), (1, message));
    }
    m.set_str(0, " -9223372036854775808");
    m.call(Lib::ParseInt, &[0], 4).unwrap();
    assert_eq!((m.get(4), m.get(5).cast_signed()), (0, i64::MIN));
    m.set_str(0, "+0b101");
    m.call(Lib::ParseInt, &[0], 4).unwrap();
    assert_eq!((m.get(4), m.get(5)), (0, 5));
    for (text, value) in [("1.5", 1.5), (" -2e3 ", -2000.0), ("inf", f64::INFINITY), (".5", 0.5), ("7", 7.0)]
    {
        m.set_str(0, text);
        m.call(Lib::ParseFloat, &[0], 4).unwrap();
        assert_eq!((m.get(4), f64::from_bits(m.get(5))), (0, value));
    }
    m.set_str(0, "1.5x");
    m.call(Lib::ParseFloat, &[0], 4).unwrap();
    assert_eq!((m.get(4), m.str(6).as_str()), (1, "not a float: \"1.5x\""));
}

#[test]
fn checked_arithmetic() {
    let mut m = Types::default().machine(1000, &[TypeId::INT; 8]);
    let mut check = |lib, kind: u64, a: i64, b: i64| {
        m.set(0, kind);
        m.set_int(1, a);
        m.set_int(2, b);
        m.call(lib, &[0, 1, 2], 3).unwrap();
        (m.get(3) == 1).then_some(m.get(4).cast_signed())
    };
    assert_eq!(check(Lib::CheckedAdd, 3, i64::MAX, 1), None);
    assert_eq!(check(Lib::CheckedAdd, 3, i64::MAX, 0), Some(i64::MAX));
    assert_eq!(check(Lib::CheckedAdd, 4, 200, 56), None);
    assert_eq!(check(Lib::CheckedSub, 4, 1, 2), None);
    assert_eq!(check(Lib::CheckedSub, 0, -100, 28), Some(-128));
    assert_eq!(check(Lib::CheckedMul, 7, -1, 1), Some(-1));
    assert_eq!(check(Lib::CheckedMul, 7, -1, 2), None);
    assert_eq!(check(Lib::CheckedMul, 3, i64::MIN, -1), None);
    assert_eq!(check(Lib::CheckedDiv, 3, i64::MIN, -1), None);
    assert_eq!(check(Lib::CheckedDiv, 2, 7, 0), None);
    assert_eq!(check(Lib::CheckedDiv, 0, -128, -1), None);
    assert_eq!(check(Lib::CheckedDiv, 5, 7, 2), Some(3));
    for (base, exponent, power) in
        [(2, 10, 1024), (3, 0, 1), (-2, 63, i64::MIN), (10, 20, 10i64.wrapping_pow(20))]
    {
        m.set_int(1, base);
        m.set_int(2, exponent);
        m.call(Lib::PowInt, &[1, 2], 3).unwrap();
        assert_eq!(m.get(3).cast_signed(), power);
    }
    m.set_int(2, -1);
    let done = m.call(Lib::PowInt, &[1, 2], 3);
    assert_eq!(m.trap(done), Some((TrapCode::NegativeCount, [-1, 0])));
}

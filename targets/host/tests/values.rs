//! Values on their way between host and program: every type, both ways, and what does not fit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::{BTreeMap, HashMap};

use common::{Test, output_of, runtime};
use mog::{CapabilitySet, Compiler, Error, FromMog, Mismatch, Runtime, ToMog, Type, Value};

const ECHO: &str = r#"
struct Point { x: int, label: ?string, path: [float], tags: {string: int} }
enum Shape { Circle(float, string), Empty, Many([int]), At(Point) }
pub fn any_(v: any) -> any { v }
pub fn point(v: Point) -> Point { v }
pub fn shape(v: Shape) -> Shape { v }
pub fn maybe(v: ?Point) -> ?Point { v }
pub fn text(v: string) -> string { v }
pub fn flag(v: bool) -> bool { v }
pub fn int_(v: int) -> int { v }
pub fn small(v: u8) -> u8 { v }
pub fn signed(v: i16) -> i16 { v }
pub fn big(v: u64) -> u64 { v }
pub fn real(v: float) -> float { v }
pub fn single(v: f32) -> f32 { v }
pub fn bytes(v: [u8]) -> [u8] { v }
pub fn halves(v: [i16]) -> [i16] { v }
pub fn flags(v: [bool]) -> [bool] { v }
pub fn texts(v: [string]) -> [string] { v }
pub fn grid(v: [[int]]) -> [[int]] { v }
pub fn options(v: [?int]) -> [?int] { v }
pub fn anys(v: [any]) -> [any] { v }
pub fn by_number(v: {int: string}) -> {int: string} { v }
pub fn by_flag(v: {bool: [int]}) -> {bool: [int]} { v }
pub fn object(v: Map) -> Map { v }
pub fn nothing() { }
pub fn checked(n: int) -> Result<int> { if n > 0 { ok(n) } else { err("not positive") } }
pub fn add(a: int, b: float, c: string) -> string { f"{a} {b} {c}" }
"#;

fn echo(function: &str, value: &Value) -> Result<Value, Error> {
    runtime(ECHO, CapabilitySet::new())?.call(function, vec![value.clone()])
}

fn point() -> Value {
    Value::record(
        "Point",
        [
            ("x", Value::Int(-5)),
            ("label", "corner".into()),
            ("path", Value::array([0.5.into(), (-1.0).into()])),
            ("tags", Value::map([("a", Value::Int(1)), ("b", Value::Int(2))])),
        ],
    )
}

fn variant(name: &'static str, payload: Vec<Value>) -> Value {
    Value::Enum { name: "Shape".into(), variant: name.into(), payload }
}

#[test]
fn every_type_comes_back_as_it_went() -> Test {
    let ints = |list: &[i64]| Value::array(list.iter().map(|&n| Value::Int(n)));
    for (function, value) in [
        ("any_", Value::Null),
        ("any_", true.into()),
        ("any_", i64::MIN.into()),
        ("any_", 1.5.into()),
        ("any_", "é\0x".into()),
        ("any_", Value::array([Value::Null, Value::map([("k", Value::array([]))])])),
        ("point", point()),
        ("shape", variant("Circle", vec![2.0.into(), "red".into()])),
        ("shape", variant("Empty", vec![])),
        ("shape", variant("Many", vec![ints(&[1, 2, 3])])),
        ("shape", variant("At", vec![point()])),
        ("maybe", Value::Null),
        ("maybe", point()),
        ("text", "".into()),
        ("text", "a long text, in words of eight bytes, and some more".into()),
        ("flag", true.into()),
        ("int_", i64::MAX.into()),
        ("small", 255.into()),
        ("signed", (-32768).into()),
        ("big", u64::MAX.into()),
        ("real", f64::MIN_POSITIVE.into()),
        ("single", 0.5.into()),
        ("bytes", vec![0u8, 1, 255].into()),
        ("bytes", Vec::<u8>::new().into()),
        ("halves", ints(&[-1, 32767, 0])),
        ("flags", Value::array([true.into(), false.into(), true.into()])),
        ("texts", Value::array(["a".into(), "".into()])),
        ("grid", Value::array([ints(&[1, 2]), ints(&[]), ints(&[3])])),
        ("options", Value::array([1.into(), Value::Null, 3.into()])),
        ("anys", Value::array([1.into(), "a".into(), Value::Null])),
        ("by_number", Value::Map(vec![(7.into(), "seven".into()), ((-1).into(), "minus".into())])),
        ("by_flag", Value::Map(vec![(true.into(), ints(&[1])), (false.into(), ints(&[]))])),
        ("object", Value::map([("z", 1.into()), ("a", "last".into()), ("m", Value::Null)])),
    ] {
        assert_eq!(echo(function, &value)?, value, "{function}");
    }
    Ok(())
}

#[test]
fn nan_and_signs_of_zero_survive() -> Test {
    let Value::Float(nan) = echo("real", &f64::NAN.into())? else { return Err("no float".into()) };
    assert!(nan.is_nan());
    let Value::Float(zero) = echo("real", &(-0.0).into())? else { return Err("no float".into()) };
    assert!(zero.is_sign_negative());
    Ok(())
}

#[test]
fn large_collections_survive() -> Test {
    let texts = Value::array((0..2000).map(|n| format!("number {n}").into()));
    let numbers = Value::Map((0..2000i64).map(|n| (n.into(), format!("{n}").into())).collect());
    for (function, value) in [("texts", texts), ("by_number", numbers), ("bytes", vec![7u8; 100_000].into())]
    {
        let program = mog::compile_mog_source(ECHO)?;
        let mut runtime = Runtime::builder().memory(8 << 20).build(program, CapabilitySet::new())?;
        assert_eq!(runtime.call(function, vec![value.clone()])?, value);
    }
    Ok(())
}

#[test]
fn values_take_the_type_that_is_due() -> Test {
    assert_eq!(echo("real", &3.into())?, 3.0.into());
    assert_eq!(echo("big", &3.into())?, 3u64.into());
    assert_eq!(echo("int_", &3u64.into())?, 3.into());
    assert_eq!(echo("bytes", &Value::array([1.into(), 2.into()]))?, vec![1u8, 2].into());
    assert_eq!(echo("any_", &vec![1u8, 2].into())?, Value::array([1.into(), 2.into()]));
    assert_eq!(echo("shape", &"Empty".into())?, variant("Empty", vec![]));
    // As JSON has it: a map for a struct, fields in any order, extra ones, and none for the optional ones.
    let json: Value = serde_json::from_str(r#"{"tags": {}, "path": [], "more": 1, "x": 9}"#)?;
    let point = echo("point", &json)?;
    assert_eq!(point.get("x"), Some(&Value::Int(9)));
    assert_eq!(point.get("label"), Some(&Value::Null));
    assert_eq!(point.to_string(), r#"{"x":9,"label":null,"path":[],"tags":{}}"#);
    Ok(())
}

#[test]
fn what_does_not_fit_is_named() -> Test {
    for (function, value, expected) in [
        ("int_", Value::from("5"), "argument 1: expected int, found string \"5\""),
        ("int_", 1.5.into(), "expected int, found float 1.5"),
        ("small", 256.into(), "expected u8, found int 256"),
        ("small", (-1).into(), "expected u8, found int -1"),
        ("int_", u64::MAX.into(), "expected int, found u64"),
        ("text", Value::Null, "expected string, found none"),
        ("flag", 1.into(), "expected bool, found int 1"),
        ("texts", Value::array(["a".into(), 2.into()]), "expected string, found int 2 at [1]"),
        ("texts", Value::map([("a", 1.into())]), "expected [string], found a map"),
        ("grid", Value::array([Value::array([true.into()])]), "expected int, found bool true at [0][0]"),
        ("point", Value::map([("x", 1.into())]), "expected a field `path`: [float], found a map"),
        ("point", 1.into(), "expected Point, found int 1"),
        ("shape", variant("Square", vec![]), "expected Shape, found Shape.Square"),
        ("shape", variant("Circle", vec![1.0.into()]), "expected Shape"),
        ("by_number", Value::map([("a", "b".into())]), "expected int, found string"),
        ("any_", Value::Ok(Box::new(Value::Null)), "expected any, found ok"),
    ] {
        let error = echo(function, &value).expect_err(function);
        assert!(matches!(error, Error::Arguments { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}\nlacks {expected}");
        assert_eq!(error.exit_code(), 64);
    }
    Ok(())
}

#[test]
fn the_number_of_arguments_counts() -> Test {
    let mut runtime = runtime(ECHO, CapabilitySet::new())?;
    assert_eq!(runtime.call("add", (1i64, 2.5, "x"))?, "1 2.5 x".into());
    let error = runtime.call("add", (1i64, 2.5)).expect_err("one is missing");
    assert!(error.to_string().contains("takes 3 arguments, 2 given"), "{error}");
    let error = runtime.call("nothing", (1i64,)).expect_err("one too many");
    assert!(error.to_string().contains("takes 0 arguments, 1 given"), "{error}");
    assert_eq!(runtime.call("nothing", ())?, Value::Null);
    Ok(())
}

#[test]
fn an_err_that_is_returned_is_an_error() -> Test {
    let mut runtime = runtime(ECHO, CapabilitySet::new())?;
    assert_eq!(runtime.call("checked", (3i64,))?, 3.into());
    let error = runtime.call("checked", (-3i64,)).expect_err("it returns err");
    assert!(matches!(&error, Error::Failed { message, .. } if message == "not positive"), "{error:?}");
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------------
// Host functions

#[derive(Debug, PartialEq)]
struct Product {
    name: String,
    price: f64,
    in_stock: bool,
}

impl ToMog for Product {
    fn mog_type() -> Type {
        Type::record("Product", [("name", Type::Str), ("price", Type::Float), ("in_stock", Type::Bool)])
    }

    fn to_mog(self) -> Value {
        let Self { name, price, in_stock } = self;
        let fields = [("name", name.into()), ("price", price.into()), ("in_stock", in_stock.into())];
        Value::record("Product", fields)
    }
}

impl FromMog for Product {
    fn mog_type() -> Type {
        <Self as ToMog>::mog_type()
    }

    fn from_mog(mut value: Value) -> Result<Self, Mismatch> {
        let mut field = |name: &str| value.take(name);
        Ok(Self {
            name: field("name").to()?,
            price: field("price").to()?,
            in_stock: field("in_stock").to().map_err(|e| e.inside(".in_stock"))?,
        })
    }
}

fn product(name: &str, price: f64) -> Product {
    Product { name: name.to_owned(), price, in_stock: true }
}

#[test]
fn closures_of_every_shape() -> Test {
    let mut set = CapabilitySet::new();
    set.grant("t.zero", || 7i64);
    set.grant("t.unit", |_: i64| {});
    set.grant("t.own", |text: String, n: i64| format!("{text}{n}"));
    set.grant("t.text", |text: &str| text.len() as i64);
    set.grant("t.texts", |a: &str, b: &str, n: u8| format!("{a}{b}{n}"));
    set.grant("t.mixed", |n: f64, text: &str| format!("{text}{n}"));
    set.grant("t.six", |a: i64, b: i64, c: i64, d: i64, e: i64, f: i64| a + b + c + d + e + f);
    set.grant("t.list", |list: Vec<i64>| list.into_iter().rev().collect::<Vec<_>>());
    set.grant("t.bytes", |list: Vec<u8>| list.len() as i64);
    set.grant("t.map", |map: BTreeMap<String, i64>| {
        map.into_iter().map(|(k, v)| (k, v * 2)).collect::<HashMap<_, _>>()
    });
    set.grant("t.maybe", |n: Option<i64>| n.map(|n| n + 1));
    set.grant("t.product", |p: Product| Product { price: p.price * 2.0, ..p });
    set.grant("t.products", || vec![product("a", 1.0), product("b", 2.0)]);
    set.grant("t.fails", |n: i64| if n > 0 { Ok(n) } else { Err("not positive") });
    set.grant("t.dynamic", mog::Function::dynamic(|args| Ok(Value::Int(args.len() as i64))));
    fn plain(n: i32) -> i32 {
        n * 3
    }
    set.grant("t.plain", plain);
    let source = r#"
fn main() {
    t.unit(1)
    println(t.zero(), t.own("a", 1), t.text("four"), t.texts("a", "b", 3), t.mixed(1.5, "x"))
    println(t.six(1, 2, 3, 4, 5, 6), t.list([1, 2, 3]), t.bytes([1, 2]), t.map({"k": 4}), t.plain(5))
    println(t.maybe(some(1)).unwrap_or(0), t.maybe(none).unwrap_or(9))
    println(t.product(Product { name: "p", price: 2.5, in_stock: false }))
    for p in t.products() { println(p.name, p.price) }
    match t.fails(0 - 1) { ok(n) => println("never", n), err(e) => println("failed:", e) }
    println(t.fails(1), t.dynamic(1, "a", none))
}
"#;
    let expected = "7 a1 4 ab3 x1.5\n21 [3, 2, 1] 2 {\"k\": 8} 15\n2 9\n\
                    Product { name: \"p\", price: 5.0, in_stock: false }\na 1.0\nb 2.0\nfailed: not positive\n1 3\n";
    assert_eq!(output_of(source, set)?, expected);
    Ok(())
}

#[test]
fn undeclared_calls_convert_all_the_same() -> Test {
    let mut set = CapabilitySet::new();
    set.grant("t.total", |prices: Vec<f64>| prices.iter().sum::<f64>());
    set.grant("t.product", || product("a", 1.5));
    set.grant("t.name", |p: Product| p.name);
    let source = r#"
fn main() {
    println(t.total([1, 2.5]))
    p := t.product()
    println(p.name, p.price as float + 1.0, t.name(p))
    match t.total("x") { ok(v) => println("never", v), err(e) => println(e) }
    match t.total() { ok(v) => println("never", v), err(e) => println(e) }
}
"#;
    let (buffer, sink) = common::buffer();
    let program = mog::compile_mog_source(source)?;
    Runtime::builder().output(sink).build(program, set)?.execute()?;
    let expected =
        "3.5\na 2.5 a\nargument 1: expected [float], found string \"x\"\nexpected 1 argument, found 0\n";
    assert_eq!(buffer.text(), expected);
    Ok(())
}

#[test]
fn a_result_that_does_not_fit_is_a_failure_that_says_why() -> Test {
    let mut set = CapabilitySet::new();
    set.declare(
        "capability t { struct P { a: int }  fn number() -> int  fn list() -> [P]  fn text() -> string }",
    );
    set.grant("t.number", || Value::from("five"));
    set.grant("t.list", || {
        Value::array([Value::map([("a", Value::Int(1))]), Value::map([("b", Value::Int(1))])])
    });
    set.grant("t.text", || Value::Int(1));
    let source = r#"
fn main() {
    match t.number() { ok(n) => println("never", n), err(e) => println(e) }
    match t.list() { ok(n) => println("never", n), err(e) => println(e) }
    println(t.text())
}
"#;
    let (buffer, sink) = common::buffer();
    let program = Compiler::with(&set).compile(source)?;
    let error =
        Runtime::builder().output(sink).build(program, set)?.execute().expect_err("the last is not caught");
    assert_eq!(
        buffer.text(),
        "t.number gave a wrong result: expected int, found string \"five\"\n\
         t.list gave a wrong result: expected a field `a`: int, found a map of length 1 at [1]\n"
    );
    assert!(
        error.to_string().contains("t.text gave a wrong result: expected string, found int 1"),
        "{error}"
    );
    assert_eq!(error.exit_code(), 70);
    Ok(())
}

#[test]
fn types_that_disagree_are_refused_before_the_program_runs() -> Test {
    let mut declared = CapabilitySet::new();
    declared.grant("t.f", |n: i64, text: String| format!("{n}{text}"));
    let program = Compiler::with(&declared).compile("fn main() { println(t.f(1, \"a\")) }")?;
    let refuses = |set: CapabilitySet| match Runtime::new(program.clone(), set) {
        Err(error @ Error::Signature { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let mut set = CapabilitySet::new();
    set.grant("t.f", |n: i64| n);
    let message = refuses(set);
    assert!(message.contains("fn t.f(a: int, b: string) -> string"), "{message}");
    let mut set = CapabilitySet::new();
    set.grant("t.f", |_: bool, text: String| text);
    refuses(set);
    let mut set = CapabilitySet::new();
    set.grant("t.f", |n: i64, _: String| n);
    refuses(set);
    // Another width of integer is checked at each call; a value that is always there fits an optional one.
    let mut set = CapabilitySet::new();
    set.grant("t.f", |n: u8, text: String| format!("{n}{text}"));
    Runtime::new(program.clone(), set)?.execute()?;
    Ok(())
}

#[test]
fn values_that_cannot_be_copied_fail_the_call() -> Test {
    let mut set = CapabilitySet::new();
    set.declare(
        "capability t { struct Node { next: [Node] }  fn take(node: Node)  fn wide(list: [[string]]) }",
    );
    set.grant("t.take", |_: Value| {});
    set.grant("t.wide", |_: Value| {});
    let source = r#"
fn main() {
    a := Node { next: [] }
    a.next.push(a)
    match t.take(a) { ok(_) => println("never"), err(e) => println(e) }
    deep := Node { next: [] }
    for _ in 0..1000 { deep = Node { next: [deep] } }
    match t.take(deep) { ok(_) => println("never"), err(e) => println(e) }
    inner: [string] = []
    line := "x".repeat(1000)
    for _ in 0..1000 { inner.push(line) }
    outer: [[string]] = []
    for _ in 0..1000 { outer.push(inner) }
    match t.wide(outer) { ok(_) => println("never"), err(e) => println(e) }
}
"#;
    let printed = output_of(source, set)?;
    let nesting =
        "argument 1: expected at most 200 levels of nesting, found more (or a value that contains itself)\n";
    assert_eq!(
        printed,
        format!("{nesting}{nesting}argument 1: expected at most 64 MiB to copy, found more\n")
    );
    Ok(())
}

#[test]
fn nesting_within_the_limit_works_both_ways() -> Test {
    let mut deep = Value::from("bottom");
    for _ in 0..199 {
        deep = Value::array([deep]);
    }
    assert_eq!(echo("any_", &deep)?, deep);
    Ok(())
}

#[test]
fn a_deep_value_of_the_hosts_is_refused_too() -> Test {
    let mut deep = Value::Null;
    for _ in 0..1000 {
        deep = Value::array([deep]);
    }
    let error = echo("any_", &deep).expect_err("too deep");
    assert!(error.to_string().contains("200 levels"), "{error}");
    Ok(())
}

#[test]
fn a_result_that_is_not_what_its_type_says_is_a_failure() -> Test {
    struct Liar(Value);
    impl ToMog for Liar {
        fn mog_type() -> Type {
            Type::Int
        }

        fn to_mog(self) -> Value {
            self.0
        }
    }
    let mut set = CapabilitySet::new();
    set.grant("t.text", || Liar("text".into())).grant("t.nothing", |_: usize| Liar(Value::Null));
    set.grant("t.large", || usize::MAX).grant("t.len", |n: usize| n);
    let source = "fn main() {
        for n in 0..2 {
            try { println(t.text()) } catch(e) { println(e) }
            try { println(t.nothing(n)) } catch(e) { println(e) }
            try { println(t.large()) } catch(e) { println(e) }
            try { println(t.len(n - 1)) } catch(e) { println(e) }
        }
    }";
    let printed = output_of(source, set)?;
    let lines: Vec<&str> = printed.lines().collect();
    for (n, says) in
        ["string", "none", "u64 18446744073709551615", "int from 0 up, found int -1"].iter().enumerate()
    {
        assert!(lines.get(n).is_some_and(|line| line.contains(says)), "{printed}");
    }
    assert_eq!(lines.last(), Some(&"0"));
    Ok(())
}

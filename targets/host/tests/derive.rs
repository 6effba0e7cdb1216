//! The host's own structs and enums as types of programs.
#![cfg(feature = "derive")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::BTreeMap;

use common::{Test, output_of, runtime};
use mog::{CapabilitySet, Compiler, Error, FromMog, Runtime, ToMog, Value, compile_mog_source};

#[derive(FromMog, ToMog, Clone, Debug, PartialEq)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(FromMog, ToMog, Clone, Debug, PartialEq)]
enum Shape {
    Circle(Point, f64),
    Path(Vec<Point>),
    #[mog(rename = "Nothing")]
    Empty,
}

#[derive(FromMog, ToMog, Clone, Copy, Debug, PartialEq)]
enum Color {
    Red,
    Green,
}

#[derive(FromMog, ToMog, Clone, Copy, Debug, PartialEq)]
struct Celsius(f32);

#[derive(FromMog, ToMog, Clone, Debug, PartialEq)]
#[mog(rename = "Drawing")]
struct Scene {
    name: String,
    r#type: u8,
    #[mog(rename = "colour")]
    color: Color,
    at: Option<Point>,
    shapes: Vec<Shape>,
    named: BTreeMap<String, Point>,
    warmth: Celsius,
    bytes: Vec<u8>,
}

#[derive(FromMog, ToMog, Clone, Debug, PartialEq)]
struct Tree {
    value: i64,
    left: Option<Box<Tree>>,
    children: Vec<Tree>,
}

#[derive(ToMog)]
struct Borrowed<'a> {
    text: &'a str,
}

#[derive(FromMog, ToMog)]
struct Nothing {}

fn scene() -> Scene {
    Scene {
        name: "scene".to_owned(),
        r#type: 7,
        color: Color::Green,
        at: Some(Point { x: 1.0, y: 2.0 }),
        shapes: vec![
            Shape::Circle(Point { x: 0.5, y: -0.5 }, 3.0),
            Shape::Empty,
            Shape::Path(vec![Point { x: 9.0, y: 8.0 }]),
        ],
        named: BTreeMap::from([("origin".to_owned(), Point { x: 0.0, y: 0.0 })]),
        warmth: Celsius(21.5),
        bytes: vec![1, 2],
    }
}

#[test]
fn structs_and_enums_go_there_and_back() -> Test {
    let mut set = CapabilitySet::new();
    set.grant("scene.load", scene);
    set.grant("scene.same", |given: Scene| given == scene());
    set.grant("scene.tree", |tree: Tree| Tree {
        value: tree.value + 1,
        left: Some(Box::new(tree)),
        children: vec![],
    });
    set.grant("scene.borrowed", || Borrowed { text: "static" });
    set.grant("scene.nothing", |_: Nothing| Nothing {});
    set.grant("scene.warm", |Celsius(t): Celsius| Celsius(t + 1.0));
    let source = r#"
fn main() {
    s := scene.load()
    println(s)
    println(scene.same(s))
    s.shapes.pop()
    println(scene.same(s), s.colour == Color.Green)
    match s.shapes[0] { Circle(p, r) => println(p.x, r), Path(_) | Nothing => println("?") }
    t: Tree = Tree { value: 1, left: none, children: [Tree { value: 5, left: none, children: [] }] }
    println(scene.tree(t))
    println(scene.borrowed().text, scene.nothing(Nothing {}), scene.warm(1.0))
}"#;
    let printed = output_of(source, set)?;
    let expected = "\
Drawing { name: \"scene\", type: 7, colour: Color.Green, at: some(Point { x: 1.0, y: 2.0 }), shapes: [\
Shape.Circle(Point { x: 0.5, y: -0.5 }, 3.0), Shape.Nothing, Shape.Path([Point { x: 9.0, y: 8.0 }])], \
named: {\"origin\": Point { x: 0.0, y: 0.0 }}, warmth: 21.5, bytes: [1, 2] }
true
false true
0.5 3.0
Tree { value: 2, left: some(Tree { value: 1, left: none, children: [Tree { value: 5, left: none, children: [] }] }), children: [] }
static Nothing {} 2.0
";
    assert_eq!(printed, expected);
    Ok(())
}

#[test]
fn programs_are_checked_against_the_types() -> Test {
    let mut set = CapabilitySet::new();
    set.grant("scene.move", |point: Point, _: Color| point);
    let compiler = Compiler::with(&set);
    compiler.compile(
        "fn main() { p := scene.move(Point { x: 1.0, y: 2.0 }, Color.Red)\nq: float = p.x\nprintln(q) }",
    )?;
    for (wrong, says) in [
        ("scene.move(Point { x: 1.0 }, Color.Red)", "y: float"),
        ("scene.move(Point { x: true, y: 2.0 }, Color.Red)", "float"),
        ("scene.move(Point { x: 1.0, y: 2.0 }, Color.Blue)", "Blue"),
        ("scene.move(Point { x: 1.0, y: 2.0 }, Color.Red).z", "z"),
    ] {
        let error = compiler.compile(&format!("fn main() {{ x := {wrong} }}")).expect_err(wrong).to_string();
        assert!(error.contains(says), "{wrong}: {error}");
    }
    Ok(())
}

#[test]
fn a_wrong_value_says_where_and_what() -> Test {
    let fails = |source: &str| -> Result<String, Box<dyn std::error::Error>> {
        let mut set = CapabilitySet::new();
        set.grant("scene.take", |_: Vec<Scene>| {});
        set.grant("scene.shape", |_: Shape| {});
        let program = compile_mog_source(source)?;
        match Runtime::new(program, set)?.execute() {
            Err(Error::Failed { message, .. }) => Ok(message),
            other => panic!("{source}: {other:?}"),
        }
    };
    // Without the host's types everything is `any`, and each call finds out.
    let good = r#"{"name": "a", "type": 1, "colour": "Red", "shapes": ["Nothing"], "named": {"k": {"x": 1, "y": 2.5}}, "warmth": 1, "bytes": [1]}"#;
    let given = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        format!("fn main() {{ scene.take([{good} as any, {} as any]) }}", good.replace(from, to))
    };
    for (from, to, says) in [
        ("\"name\": \"a\"", "\"name\": 3", "argument 1: expected string, found int 3 at [1].name"),
        ("\"type\": 1, ", "", "argument 1: expected a field `type`: u8, found a map of length 6 at [1]"),
        ("\"type\": 1", "\"type\": 256", "argument 1: expected u8, found int 256 at [1].type"),
        ("\"Red\"", "\"Blue\"", "argument 1: expected Color, found string \"Blue\" at [1].colour"),
        (
            "\"y\": 2.5",
            "\"y\": \"b\"",
            "argument 1: expected float, found string \"b\" at [1].named[\"k\"].y",
        ),
        (
            "[\"Nothing\"]",
            "[\"Circle\"]",
            "argument 1: expected Shape.Circle with 2 values, found 0 at [1].shapes[0]",
        ),
        ("[\"Nothing\"]", "[4]", "argument 1: expected Shape, found int 4 at [1].shapes[0]"),
        ("[1]", "[1, 256]", "argument 1: expected u8, found int 256 at [1].bytes[1]"),
    ] {
        assert_eq!(fails(&given(from, to))?, says);
    }
    assert_eq!(fails("fn main() { scene.take([1]) }")?, "argument 1: expected Drawing, found int 1 at [0]");
    assert_eq!(fails("fn main() { scene.shape(none) }")?, "argument 1: expected Shape, found none");
    Ok(())
}

#[test]
fn what_an_enum_carries_has_a_place() {
    let value = |payload: Vec<Value>| Value::Enum { name: "Shape".into(), variant: "Circle".into(), payload };
    let point = || Point { x: 1.0, y: 2.0 }.to_mog();
    let error = Shape::from_mog(value(vec![point(), "r".into()])).unwrap_err();
    assert_eq!(error.to_string(), "expected float, found string \"r\" at .Circle[1]");
    let error = Shape::from_mog(value(vec![point()])).unwrap_err();
    assert_eq!(error.to_string(), "expected Shape.Circle with 2 values, found 1");
    let broken = Value::record("Point", [("x", 1.0.into()), ("y", true.into())]);
    let error = Shape::from_mog(value(vec![broken, 1.0.into()])).unwrap_err();
    assert_eq!(error.to_string(), "expected float, found bool true at .Circle[0].y");
}

#[test]
fn other_types_than_the_program_was_compiled_for_are_refused_at_the_start() -> Test {
    mod other {
        #[derive(mog::FromMog, mog::ToMog)]
        pub(super) struct Point {
            x: f64,
            z: f64,
        }
        #[derive(mog::FromMog, mog::ToMog)]
        pub(super) enum Color {
            Red,
            Green,
            Blue,
        }
    }
    let mut first = CapabilitySet::new();
    first.grant("scene.move", |point: Point| point).grant("scene.color", || Color::Red);
    first.grant("scene.paint", |_: Color| {});
    let point = Compiler::with(&first).compile("fn main() { scene.move(Point { x: 1.0, y: 2.0 }) }")?;
    let color = Compiler::with(&first)
        .compile("fn main() { c := scene.color()\nassert(c == Color.Red, \"red\") }")?;
    let paint = Compiler::with(&first).compile("fn main() { scene.paint(Color.Red) }")?;
    let mut second = CapabilitySet::new();
    second.grant("scene.move", |point: other::Point| point).grant("scene.color", || other::Color::Blue);
    second.grant("scene.paint", |_: other::Color| {});
    for program in [&point, &color, &paint] {
        Runtime::new(program.clone(), first.clone())?.execute()?;
    }
    for program in [point, color] {
        let error = Runtime::new(program, second.clone()).expect_err("other types");
        assert!(matches!(error, Error::Signature { .. }), "{error}");
    }
    // A host that knows more colours takes those of the program.
    Runtime::new(paint, second)?.execute()?;
    Ok(())
}

#[test]
fn two_types_of_one_name_are_an_error_of_the_host() {
    mod other {
        #[derive(mog::FromMog)]
        #[allow(dead_code, reason = "only its shape matters")]
        pub(super) struct Point {
            pub(super) z: f64,
        }
    }
    let mut set = CapabilitySet::new();
    set.grant("a.one", |_: Point| {}).grant("a.two", |_: other::Point| {});
    let error = Compiler::with(&set)
        .compile("fn main() { a.one(Point { x: 1.0, y: 2.0 }) }")
        .expect_err("two Points");
    assert!(error.to_string().contains("`Point` is declared twice"), "{error}");
}

#[test]
fn the_host_calls_with_its_own_types() -> Test {
    let mut set = CapabilitySet::new();
    set.declare_type(<Point as ToMog>::mog_type());
    let source = "pub fn flip(p: Point) -> Point { Point { x: p.y, y: p.x } }
                  pub fn first(ps: [Point]) -> ?Point { ps.first() }";
    let mut runtime = runtime(source, set)?;
    let flipped: Point = runtime.call("flip", (Point { x: 1.0, y: 2.0 },))?.to()?;
    assert_eq!(flipped, Point { x: 2.0, y: 1.0 });
    let first: Option<Point> = runtime.call("first", (vec![flipped.clone()],))?.to()?;
    assert_eq!(first, Some(flipped));
    let error = runtime.call("flip", (Color::Red,)).expect_err("a colour is no point");
    assert!(error.to_string().contains("argument 1: expected Point, found Color.Red"), "{error}");
    Ok(())
}

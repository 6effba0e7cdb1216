//! Operators, literals and what follows them.

mod tree;

use tree::{codes, tree};

/// The value of `x := …`.
fn expr(source: &str) -> String {
    tree(&format!("x := {source}")).trim_start_matches("let x = ").to_owned()
}

#[test]
fn operators_of_a_level_make_one_flat_chain() {
    assert_eq!(expr("a - b - c"), "(a - b - c)");
    assert_eq!(expr("a + (b * c)"), "(a + (paren (b * c)))");
    assert_eq!(expr("balance < threshold * 2.0 and !done"), "((balance < (threshold * 2.0)) and (not done))");
    assert_eq!(expr("a == b or c != d && e"), "((a == b) or (c != d) and e)");
    assert_eq!(expr("a & b == c"), "((a & b) == c)");
    assert_eq!(expr("a || b"), "(a or b)");
}

#[test]
fn unary_binds_tighter_than_as_and_as_tighter_than_binary() {
    assert_eq!(expr("-x as u8 + 1"), "(((- x) as u8) + 1)");
    assert_eq!(expr("-a.b[0]"), "(- (at a.b 0))");
    assert_eq!(expr("not not ~x"), "(not (not (~ x)))");
    assert_eq!(expr("x as int as float"), "((x as int) as float)");
    assert_eq!(expr("x as int?"), "(? (x as int))");
    assert_eq!(expr("a - -1"), "(a - (- 1))");
    assert_eq!(expr("a--1"), "(a - (- 1))");
}

#[test]
fn await_takes_all_but_the_question_mark() {
    assert_eq!(expr("await f()?"), "(? (await (call f)))");
    assert_eq!(expr("await http.get(u)?.body.len"), "(? (await (call http.get u))).body.len");
    assert_eq!(expr("-await f()? + 1"), "((- (? (await (call f)))) + 1)");
    assert_eq!(expr("await (f()?)"), "(await (paren (? (call f))))");
    assert_eq!(expr("spawn f(1)"), "(spawn (call f 1))");
    assert_eq!(expr("await spawn f()"), "(await (spawn (call f)))");
}

#[test]
fn postfix_chains() {
    assert_eq!(expr("a.b(1)[2]?.c"), "(? (at (call a.b 1) 2)).c");
    assert_eq!(expr("f(1, b: 2)(3)"), "(call (call f 1 b: 2) 3)");
    assert_eq!(expr("f(type: 1, in: 2,)"), "(call f type: 1 in: 2)");
    assert_eq!(expr("t[i, j]"), "(at t i j)");
    assert_eq!(expr("s[a:b]"), "(slice s a .. b)");
    assert_eq!(expr("s[a..b + 1]"), "(slice s a .. (b + 1))");
    assert_eq!(expr("s[..=b]"), "(slice s _ ..= b)");
    assert_eq!(expr("s[1:]"), "(slice s 1 .. _)");
    assert_eq!(expr("s[:]"), "(slice s _ .. _)");
    assert_eq!(expr("e.kind.match.type.if"), "e.kind.match.type.if");
    assert_eq!(expr("a??"), "(? (? a))");
}

#[test]
fn ranges_are_weaker_than_everything() {
    assert_eq!(expr("a + 1..b or c"), "((a + 1) .. (b or c))");
    assert_eq!(expr("0..=n"), "(0 ..= n)");
    assert_eq!(expr("(0..3).len"), "(paren (0 .. 3)).len");
}

#[test]
fn numbers() {
    assert_eq!(expr("1_000 + 0xff + 0b1010"), "(1000 + 255 + 10)");
    assert_eq!(expr("1.5 + 1e9 + 2.5e-3 + 1_0.0_1"), "(1.5 + 1000000000.0 + 0.0025 + 10.01)");
    assert_eq!(expr("0xffff_ffff_ffff_ffff"), "18446744073709551615");
    assert_eq!(expr(".5"), "0.5");
    assert_eq!(expr("1.max(2)"), "(call 1.max 2)");
    assert_eq!(codes("x := 18446744073709551616"), ["1:6 number"]);
    assert_eq!(codes("x := 1e999"), ["1:6 number"]);
    assert_eq!(codes("x := 0x"), ["1:6 number"]);
}

#[test]
fn strings() {
    assert_eq!(expr(r#""a\n\t\\\"\u{1F600}\x41{b}""#), r#""a\n\t\\\"😀A{b}""#);
    assert_eq!(expr(r#"f"a{b}c{{d}}{x:.2}""#), r#"(f "a" b "c{d}" x:.2)"#);
    assert_eq!(expr(r#"f"{xs.join(", ")}""#), r#"(f (call xs.join ", "))"#);
    assert_eq!(
        expr(r#"f"{f"{a}"}{ {"k": 1}["k"] }{s[1:2]}""#),
        r#"(f (f a) (at {"k": 1} "k") (slice s 1 .. 2))"#
    );
    assert_eq!(expr(r#"f"""#), "(f)");
    for bad in [r#""\q""#, r#""\u{110000}""#, r#""\u{}""#, r#""\x80""#, r#""\xg0""#] {
        assert_eq!(codes(&format!("x := {bad}")).len(), 1, "{bad}");
    }
}

#[test]
fn brackets() {
    assert_eq!(expr("()"), "()");
    assert_eq!(expr("ok(())"), "(call ok ())");
    assert_eq!(expr("[1, 2,]"), "[1 2]");
    assert_eq!(expr("[0; n]"), "[0; n]");
    assert_eq!(expr("{}"), "{}");
    assert_eq!(expr("{\"a\": 1, b.c: 2, -3: 4,}"), "{\"a\": 1, b.c: 2, (- 3): 4}");
    assert_eq!(expr("{a := 1; a}"), "{let a = 1; a}");
    assert_eq!(expr("{a: int = 1; a}"), "{let a: int = 1; a}");
    assert_eq!(expr("{f(1)}"), "{(call f 1)}");
    assert_eq!(expr("Point { x: 1.0, y }"), "(Point {x: 1.0, y})");
    assert_eq!(expr("geometry.Point { x: 1.0 }"), "(geometry.Point {x: 1.0})");
    assert_eq!(expr("Empty {}"), "(Empty {})");
    assert_eq!(expr("soa Point[n + 1]"), "(soa Point (n + 1))");
    assert_eq!(expr("tensor<f32>([2], [1.0])"), "(call tensor<f32> [2] [1.0])");
    assert_eq!(expr("tensor<f32>.zeros([2])"), "(call tensor<f32>.zeros [2])");
    assert_eq!(expr("tensor([1.0])"), "(call tensor [1.0])");
    assert_eq!(expr("tensor < f32"), "(tensor < f32)");
}

#[test]
fn closures() {
    assert_eq!(expr("fn(x: int, y) -> int { x }"), "(fn(x: int, y) -> int {x})");
    assert_eq!(expr("|x| x + 1"), "(fn(x) <(x + 1)>)");
    assert_eq!(expr("|x: int, y| -> int { y }"), "(fn(x: int, y) -> int {y})");
    assert_eq!(expr("|| 0"), "(fn() <0>)");
    assert_eq!(expr("|x| {}"), "(fn(x) {})");
    assert_eq!(expr("|x| {\"k\": x}"), "(fn(x) <{\"k\": x}>)");
    assert_eq!(expr("|x| total = x"), "(fn(x) <total = x;>)");
    assert_eq!(expr("async fn() { f() }"), "(async fn() {(call f)})");
    assert_eq!(
        expr("xs.filter(|x| x > 2).map(fn(x) { x })"),
        "(call (call xs.filter (fn(x) <(x > 2)>)).map (fn(x) {x}))"
    );
    assert_eq!(expr("fn(x: int) -> int { x }(3)"), "(call (fn(x: int) -> int {x}) 3)");
}

#[test]
fn control_flow_has_values() {
    assert_eq!(expr("if a { 1 } else if b { 2 } else { 3 }"), "(if a {1} else if b {2} else {3})");
    assert_eq!(expr("match a { 0 => 1, _ => { 2 } }"), "(match a, 0 => 1, _ => {2})");
    assert_eq!(expr("try { f()? } catch(e) { 0 }"), "(try {(? (call f))} catch e {0})");
    assert_eq!(expr("try { f() } catch e { 0 }"), "(try {(call f)} catch e {0})");
    assert_eq!(expr("try { f() } catch { 0 }"), "(try {(call f)} catch _ {0})");
    assert_eq!(expr("(if a { 1 } else { 2 }) + 1"), "((paren (if a {1} else {2})) + 1)");
    assert_eq!(expr("if a { 1 } else { 2 } + 1"), "((if a {1} else {2}) + 1)");
}

#[test]
fn is_is_a_comparison() {
    assert_eq!(expr("r is some(v) and v > 0"), "((r is some!(v)) and (v > 0))");
    assert_eq!(expr("a + 1 is 2"), "((a + 1) is 2)");
    assert_eq!(expr("r is none"), "(r is none!)");
    assert_eq!(expr("r is 1 | 2"), "(r is (1 | 2))");
    assert_eq!(expr("p is Point { x, y: 0, .. }"), "(p is Point {x, y: 0, ..})");
}

#[test]
fn patterns() {
    let arms = "0, 1 | 2, 3..10, -1..=1, \"a\", ok(v), ok(), err(_), some(some(x)), none, Shape.Circle(r), Shape.Empty, \
                Circle(r), Point { x, y: 1 }, n, _, true, LOW..HIGH, m.LOW..m.HIGH, 1.5, (1 | 2) | 3, some(1 | 2)";
    let source = arms.split(", ").collect::<Vec<_>>().join(" => 0\n").replace("{ x =>", "{ x,");
    let source = source.replace("{ x, 0\ny: 1 }", "{ x, y: 1 }");
    let tree = expr(&format!("match e {{ {source} => 0 }}"));
    let expected = "(match e, 0 => 0, (1 | 2) => 0, (3 .. 10) => 0, ((- 1) ..= 1) => 0, \"a\" => 0, ok!(v) => 0, \
                    ok!(_) => 0, err!(_) => 0, some!(some!(x)) => 0, none! => 0, Shape.Circle(r) => 0, Shape.Empty => 0, \
                    Circle(r) => 0, Point {x, y: 1} => 0, n => 0, _ => 0, true => 0, (LOW .. HIGH) => 0, \
                    (m.LOW .. m.HIGH) => 0, 1.5 => 0, (1 | 2 | 3) => 0, some!((1 | 2)) => 0)";
    assert_eq!(tree, expected);
}

#[test]
fn guards_and_arm_bodies() {
    assert_eq!(
        expr("match e { x if x > 0 => return x, y if flag => y = 1, _ => break }"),
        "(match e, x if (x > 0) => (return x), y if flag => <y = 1;>, _ => break)"
    );
    assert_eq!(
        expr("match e { 0 => {}, 1 => {\"k\": 1}, 2 => { f() } 3 => while c { } }"),
        "(match e, 0 => {}, 1 => {\"k\": 1}, 2 => {(call f)}, 3 => <while c {};>)"
    );
}

#[test]
fn conventional_precedence_is_warned_about_with_the_grouping_that_holds() {
    let cases = [
        ("a + b * c", "(a + b) * c"),
        ("a or b and c", "(a or b) and c"),
        ("a * b + c * d", "(a * b + c) * d"),
        ("a + b * c + d * e", "((a + b) * c + d) * e"),
        ("1 << n - 1", "(1 << n) - 1"),
        ("a | b & c", "(a | b) & c"),
    ];
    for (source, grouped) in cases {
        let source = format!("x := {source}");
        let parsed = mog_compiler::parser::parse(&source);
        let fixes: Vec<_> = parsed.diagnostics.iter().map(|d| (d.code, d.fix.as_ref())).collect();
        assert!(
            matches!(fixes[..], [("precedence", Some(fix))] if fix.replacement == grouped),
            "{source}: {fixes:?}"
        );
        assert!(!parsed.diagnostics.has_errors());
    }
    for quiet in
        ["a * b + c", "a - b + c", "a and b or c", "a + b == c * d", "!a == b", "(a + b) * c", "-a * b"]
    {
        assert_eq!(codes(&format!("x := {quiet}")), [""; 0], "{quiet}");
    }
    assert_eq!(codes("x := not a == b"), ["1:6 precedence"]);
    assert_eq!(codes("x := not r is none"), ["1:6 precedence"]);
}

#[test]
fn comparisons_do_not_chain() {
    for source in ["a < b < c", "a == b == c", "a < b is c", "a is b == c"] {
        let codes = codes(&format!("x := {source}"));
        assert!(matches!(&codes[..], [one] if one.ends_with("comparison-chain")), "{source}: {codes:?}");
    }
}

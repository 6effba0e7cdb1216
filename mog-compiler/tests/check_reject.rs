//! Programs that the checker rejects: one error each, at its place, with the fix where one is known.

mod check_support;

use check_support::{fixed, fixed_main, rejected, rejected_main};

#[test]
fn numbers_are_never_converted_silently() {
    fixed_main("println(⟦1⟧ + 2.0)", "type-mismatch", "`int` and `float`", "1.0 + 2.0");
    fixed_main("x := 2.5\nprintln(x * ⟦2⟧)", "type-mismatch", "`float` and `int`", "x * 2.0");
    fixed_main("n := 2\nprintln(1.5 * ⟦n⟧)", "type-mismatch", "`float` and `int`", "n as float");
    fixed_main(
        "n := 2\nx: float = ⟦n⟧\nprintln(x)",
        "type-mismatch",
        "expected `float`, found `int`",
        "n as float",
    );
    fixed_main("a: u8 = 1\nn := 2\nprintln(a + ⟦n⟧)", "type-mismatch", "`u8` and `int`", "n as u8");
    fixed_main("n := 2\nprintln(sqrt(⟦n⟧))", "type-mismatch", "expected `float`", "sqrt(n as float)");
}

#[test]
fn literals_must_fit() {
    rejected_main("x: u8 = ⟦256⟧\nprintln(x)", "literal-out-of-range", "256 does not fit `u8`");
    rejected_main("x: i8 = ⟦-129⟧\nprintln(x)", "literal-out-of-range", "-129 does not fit `i8`");
    rejected_main("x := ⟦9223372036854775808⟧\nprintln(x)", "literal-out-of-range", "does not fit `int`");
    rejected_main("println([1 as u8, ⟦300⟧])", "literal-out-of-range", "300");
}

#[test]
fn mixed_array() {
    fixed_main("println([⟦1⟧, 2.5])", "type-mismatch", "ints and floats", "[1.0, 2.5]");
}

#[test]
fn strings_join_with_strings() {
    fixed_main("println(\"a\" + ⟦1⟧)", "type-mismatch", "cannot be joined", "\"a\" + str(1)");
    fixed_main("n := 3\nprintln(⟦n⟧ + \"a\")", "type-mismatch", "cannot be joined", "str(n) + \"a\"");
    let d = rejected_main("println(\"a\" ⟦*⟧ \"b\")", "no-such-operator", "no `*` for `string`");
    assert!(d.help.is_some_and(|help| help.contains("repeat")));
}

#[test]
fn wrong_types() {
    fixed_main(
        "x: int = ⟦\"5\"⟧\nprintln(x)",
        "type-mismatch",
        "expected `int`, found `string`",
        "parse_int(\"5\")",
    );
    fixed_main("s: string = ⟦5⟧\nprintln(s)", "type-mismatch", "expected `string`", "str(5)");
    fixed(
        "fn f(s: string) { println(s) }\nfn main() { f(⟦1⟧) }",
        "type-mismatch",
        "expected `string`",
        "f(str(1))",
    );
    fixed(
        "fn f() -> Result<int> { ⟦1⟧ }\nfn main() { println(f()) }",
        "type-mismatch",
        "Result<int>",
        "ok(1)",
    );
    fixed(
        "fn g() -> Result<int> { ok(1) }\nfn main() { x: int = ⟦g()⟧\nprintln(x) }",
        "type-mismatch",
        "found `Result<int>`",
        "g()?",
    );
    fixed(
        "fn f(m: Map) -> int { ⟦m.a⟧ }\nfn main() { println(f({})) }",
        "type-mismatch",
        "found `any`",
        "m.a as int",
    );
    rejected_main("x := 1\nx = ⟦\"a\"⟧", "type-mismatch", "expected `int`");
}

#[test]
fn conditions_are_booleans() {
    fixed_main("n := 1\nif ⟦n⟧ { println(n) }", "type-mismatch", "expected `bool`", "if n != 0 {");
    rejected_main("xs := [1]\nif ⟦xs⟧ { println(1) }", "type-mismatch", "expected `bool`, found `[int]`");
    rejected_main("x: ?int = 1\nif ⟦x⟧ { println(1) }", "type-mismatch", "expected `bool`, found `?int`");
    rejected_main("a := true\nprintln(a ⟦+⟧ a)", "no-such-operator", "no `+` for `bool`");
}

#[test]
fn unknown_names_suggest_the_nearest() {
    fixed_main("total := 1\nprintln(⟦totl⟧)", "unknown-name", "no variable `totl`", "println(total)");
    fixed_main("⟦pritnln⟧(1)", "unknown-function", "no function `pritnln`", "println(1)");
    fixed("fn area() -> int { 1 }\nfn main() { println(⟦aera⟧()) }", "unknown-function", "aera", "area()");
    fixed_main("⟦x⟧ = 5\nprintln(x)", "unknown-name", "no variable `x`", "x := 5");
    fixed_main("count := 1\n⟦cuont⟧ = 5\nprintln(count)", "unknown-name", "`cuont`", "count = 5");
    fixed(
        "struct Point { x: int }\nfn f(p: ⟦Piont⟧) -> int { p.x }\nfn main() {}",
        "unknown-type",
        "Piont",
        "p: Point",
    );
    fixed(
        "struct P { width: int }\nfn f(p: P) -> int { p.⟦widht⟧ }\nfn main() {}",
        "unknown-field",
        "no field `widht`",
        "p.width",
    );
    fixed(
        "enum E { Alpha, Beta }\nfn main() { e := E.⟦Alhpa⟧\nprintln(e) }",
        "unknown-variant",
        "no variant `Alhpa`",
        "E.Alpha",
    );
    fixed(
        "enum E { Alpha(int) }\nfn main() { println(⟦Alpha⟧(1)) }",
        "unknown-function",
        "Alpha",
        "E.Alpha(1)",
    );
    fixed_main("println({⟦a⟧: 1})", "unknown-name", "no variable `a`", "{\"a\": 1}");
}

#[test]
fn other_languages() {
    for (theirs, ours) in [
        ("xs := [1]\nprintln(⟦len⟧(xs))", "println(xs.len)"),
        ("xs := [1]\nprintln(xs.⟦length⟧)", "xs.len"),
        ("xs := [1]\nprintln(xs.⟦size⟧())", "xs.len()"),
        ("xs := [1]\n⟦append⟧(xs, 2)", "xs.push(2)"),
        ("xs := [1]\nxs.⟦push_back⟧(2)", "xs.push(2)"),
        ("xs := [1]\nprintln(xs.⟦includes⟧(2))", "xs.contains(2)"),
        ("xs := [1]\nprintln(xs.⟦indexOf⟧(2))", "xs.index_of(2)"),
        ("xs := [1]\nxs.⟦forEach⟧(fn(x) { println(x) })", "xs.for_each("),
        ("⟦console.log(1)⟧", "println(1)"),
        ("println(⟦Math.floor(1.5)⟧)", "println(floor(1.5))"),
        ("println(⟦Math.PI⟧)", "println(PI)"),
        ("println(⟦math.sqrt(2.0)⟧)", "println(sqrt(2.0))"),
        ("println(⟦JSON.stringify([1])⟧)", "json_str([1])"),
        ("s := \"a\"\nprintln(s.⟦toUpperCase⟧())", "s.upper()"),
        ("s := \"a\"\nprintln(s.⟦substring⟧(0, 1))", "s.slice(0, 1)"),
        ("s := \"a\"\nprintln(⟦strlen⟧(s))", "s.len"),
        ("println(⟦5.toString()⟧)", "str(5)"),
        ("println(⟦parseInt⟧(\"5\"))", "parse_int(\"5\")"),
        ("for i in ⟦range⟧(3) { println(i) }", "in 0..3"),
        ("for i in ⟦3⟧ { println(i) }", "in 0..3"),
        ("m := {\"a\": 1}\nprintln(m.⟦contains_key⟧(\"a\"))", "m.has(\"a\")"),
        ("x := [3].first().⟦unwrap_or_default⟧\nprintln(x)", ""),
    ] {
        if ours.is_empty() {
            continue;
        }
        let marked = format!("fn main() {{\n{theirs}\n}}");
        let code = if theirs.contains("in ⟦3⟧") {
            "not-iterable"
        } else if theirs.contains(".⟦length⟧)") {
            "unknown-field"
        } else if theirs.contains("Math.PI") {
            "unknown-name"
        } else if theirs.contains(".⟦") || theirs.contains("toString") {
            "unknown-method"
        } else {
            "unknown-function"
        };
        fixed(&marked, code, "", ours);
    }
}

#[test]
fn functions_are_not_methods() {
    fixed(
        "struct P { x: int }\nfn area(p: P, k: int) -> int { p.x * k }\nfn main() { p := P { x: 1 }\nprintln(⟦p.area(2)⟧) }",
        "unknown-method",
        "`P` has no method `area`",
        "area(p, 2)",
    );
    fixed_main(
        "s := \"a\"\nprintln(⟦upper(s)⟧)".replace("⟦upper(s)⟧", "⟦upper⟧(s)").as_str(),
        "unknown-function",
        "upper",
        "s.upper()",
    );
    fixed_main("xs := [1]\nprintln(xs.⟦first⟧)", "unknown-field", "is a method", "xs.first()");
    fixed_main("println([1.5].map(⟦abs⟧))", "not-a-value", "`abs`", "fn(x) { abs(x) }");
}

#[test]
fn results_are_not_dropped() {
    fixed(
        "fn f() -> Result<int> { ok(1) }\nfn main() -> Result<()> {\n⟦f()⟧\nok(()) }",
        "unused-result",
        "dropped",
        "f()?",
    );
}

#[test]
fn values_are_not_dropped() {
    rejected_main("x := 1\n⟦x + 1⟧\nprintln(x)", "unused-value", "computed and dropped");
    rejected_main("x := 1\ny := x\n⟦-1⟧\nprintln(y)", "unused-value", "computed and dropped");
    let d = rejected_main("x := 1\n⟦x == 2⟧;\nprintln(x)", "unused-value", "dropped");
    assert!(d.help.is_some_and(|help| help.contains("single `=`")));
    fixed("fn f() { println(1) }\nfn main() {\n⟦f⟧\n}", "unused-value", "not called", "f()");
}

#[test]
fn every_path_returns() {
    rejected("fn f(a: bool) -> int { ⟦if a { return 1 }⟧ }\nfn main() {}", "missing-else", "no `else`");
    rejected("fn f() -> int { ⟦x := 1⟧ }\nfn main() {}", "missing-value", "`int` is due");
    rejected(
        "fn f(a: bool) -> int { ⟦while a { return 1 }⟧ }\nfn main() {}",
        "missing-value",
        "`int` is due",
    );
    rejected("fn f() -> int ⟦{ }⟧\nfn main() {}", "missing-value", "`int` is due");
    fixed("fn f() -> int { ⟦1 + 2⟧; }\nfn main() {}", "missing-value", "`int` is due", "{ 1 + 2 }");
    let d = rejected("fn main() -> Result<()> { ⟦println(1)⟧ }", "type-mismatch", "returns nothing");
    assert!(d.help.is_some_and(|help| help.contains("ok(())")));
    rejected("fn f() -> int { ⟦return⟧ }\nfn main() {}", "missing-value", "needs a value");
    rejected("fn f() { return ⟦1⟧ }\nfn main() {}", "type-mismatch", "returns nothing");
}

#[test]
fn calls() {
    let f = "fn f(a: int, b: int = 2) -> int { a + b }\nfn main() { println(";
    rejected(&format!("{f}⟦f⟧()) }}"), "missing-argument", "`a: int`");
    rejected(&format!("{f}⟦f⟧(1, 2, 3)) }}"), "wrong-argument-count", "takes 2 arguments, not 3");
    rejected(&format!("{f}f(1, ⟦c⟧: 2)) }}"), "unknown-argument", "no parameter `c`");
    rejected(&format!("{f}f(1, ⟦a⟧: 2)) }}"), "unknown-argument", "given twice");
    rejected(&format!("{f}f(b: 1, ⟦2⟧)) }}"), "argument-order", "before those with one");
    rejected_main("x := 1\n⟦x⟧(2)", "not-a-function", "`int`, not a function");
    rejected("struct P { x: int }\nfn main() { println(⟦P⟧(1)) }", "not-a-function", "is a type");
    rejected_main("println([1].reduce(⟦fn(a, b) { a + b }⟧, 0))", "argument-order", "initial value first");
}

#[test]
fn structs() {
    let p = "struct P { x: int, y: int }\nfn main() { println(";
    rejected(&format!("{p}⟦P {{ x: 1 }}⟧) }}"), "missing-field", "y: int");
    rejected(&format!("{p}P {{ x: 1, y: 2, ⟦z⟧: 3 }}) }}"), "unknown-field", "no field `z`");
    rejected(&format!("{p}P {{ x: 1, y: 2, ⟦x⟧: 3 }}) }}"), "given-twice", "`x`");
    rejected("struct P { x: int, ⟦x⟧: int }\nfn main() {}", "declared-twice", "`x`");
    rejected("fn f() {}\nfn ⟦f⟧() {}\nfn main() {}", "declared-twice", "`f`");
    rejected("struct ⟦int⟧ { x: bool }\nfn main() {}", "declared-twice", "built-in");
}

#[test]
fn matches_cover_everything() {
    let e = "enum S { A(int), B, C }\nfn f(s: S) -> int {\n";
    rejected(
        &format!("{e}⟦match⟧ s {{ S.A(n) => n, S.B => 1 }}\n}}\nfn main() {{}}"),
        "not-exhaustive",
        "`S.C`",
    );
    rejected(
        &format!("{e}⟦match⟧ s {{ S.A(1) => 1, B => 1, C => 2 }}\n}}\nfn main() {{}}"),
        "not-exhaustive",
        "`S.A(_)`",
    );
    rejected(
        &format!("{e}⟦match⟧ s {{ S.A(n) if n > 0 => 1, B | C => 2 }}\n}}\nfn main() {{}}"),
        "not-exhaustive",
        "S.A",
    );
    rejected_main(
        "x: ?bool = true\n⟦match⟧ x { some(true) => {}, none => {} }",
        "not-exhaustive",
        "some(false)",
    );
    rejected_main("⟦match⟧ 3 { 1 => {}, 2 => {} }", "not-exhaustive", "all values");
    rejected_main("x: u8 = 3\n⟦match⟧ x { 0..=254 => {} }", "not-exhaustive", "255");
    rejected_main("⟦match⟧ parse_int(\"1\") { ok(n) => println(n) }", "not-exhaustive", "err(_)");
    rejected(
        "struct P { a: bool, b: ?int }\nfn f(p: P) {\n⟦match⟧ p { P { a: true, b } => {}, P { a: false, b: none } => {} } }\nfn main() {}",
        "not-exhaustive",
        "P { a: false, b: some(_) }",
    );
}

#[test]
fn patterns() {
    rejected_main("match 1 { ⟦\"a\"⟧ => {}, _ => {} }", "type-mismatch", "this pattern is `string`");
    rejected_main("match 1 { ⟦some(x)⟧ => {}, _ => {} }", "bad-pattern", "`?T`");
    rejected_main("x: ?int = 1\nmatch x { ⟦5⟧ => {}, _ => {} }", "type-mismatch", "`?int`");
    rejected_main("x: ?int = 1\nmatch x { ⟦ok(n)⟧ => {}, _ => {} }", "bad-pattern", "`Result<T>`");
    rejected(
        "enum S { A(int), B }\nfn f(s: S) { match s { ⟦A⟧ => {}, B => {} } }\nfn main() {}",
        "wrong-argument-count",
        "carries",
    );
    rejected(
        "enum S { A(int), B }\nfn f(s: S) { match s { S.⟦A⟧(x, y) => {}, B => {} } }\nfn main() {}",
        "wrong-argument-count",
        "not 2",
    );
    rejected(
        "enum S { A(int), B(int) }\nfn f(s: S) { match s { A(x) | ⟦B(y)⟧ => {} } }\nfn main() {}"
            .replace("⟦B(y)⟧", "B(⟦y⟧)")
            .as_str(),
        "uneven-alternatives",
        "`y`",
    );
}

#[test]
fn inference_must_find_types() {
    rejected_main("xs := ⟦[]⟧\nprintln(xs.len)", "unknown-inference", "elements of this array");
    rejected_main("m := ⟦{}⟧\nprintln(m.len)", "unknown-inference", "map");
    rejected_main("x := ⟦none⟧\nprintln(x.is_some())", "unknown-inference", "`none`");
    rejected_main("f := ⟦fn(x) { 1 }⟧\nprintln(1)", "unknown-inference", "not known");
    rejected_main("xs := []\nxs.push(1)\nxs.push(⟦\"a\"⟧)", "type-mismatch", "expected `int`");
    rejected_main("f := fn(x) { x.⟦foo⟧() }\nprintln(1)", "unknown-method", "not known here");
}

#[test]
fn variables_and_constants() {
    rejected_main("const K = 1\n⟦K⟧ = 2", "not-assignable", "a constant");
    rejected("fn f() {}\nfn main() { ⟦f⟧ = 1 }", "not-assignable", "a function");
    rejected("const A = B\nconst B = ⟦A⟧\nfn main() { println(A) }", "constant-cycle", "itself");
    rejected(
        "fn f() -> int { 1 }\nconst A = ⟦f()⟧\nfn main() { println(A) }",
        "not-constant",
        "compile time",
    );
    rejected("const A = ⟦1 / 0⟧\nfn main() { println(A) }", "constant-trap", "divides by zero");
    rejected("type A = [B]\ntype B = ⟦A⟧\nfn main() {}", "type-cycle", "itself");
    rejected_main("s := \"abc\"\n⟦s⟧[0] = \"x\"", "not-assignable", "`string`");
    rejected_main("x := ⟦println(1)⟧", "no-value", "returns nothing");
    rejected_main("⟦break⟧", "not-in-a-loop", "`break`");
    rejected_main("xs := [1]\nfor x in xs { xs.for_each(fn(y) { ⟦break⟧ }) }", "not-in-a-loop", "`break`");
}

#[test]
fn nested_functions_do_not_capture() {
    rejected(
        "fn main() { x := 1\nfn g() -> int { ⟦x⟧ }\nprintln(g()) }",
        "out-of-reach",
        "enclosing function",
    );
}

#[test]
fn closures() {
    rejected_main("println([1].map(⟦fn(a, b) { a }⟧))", "wrong-argument-count", "1 parameter");
    rejected_main("println([1].map(⟦fn(x) { println(x) }⟧))", "no-value", "returns nothing");
    rejected_main("println(⟦[[1]].sort()⟧)", "not-sortable", "`[int]`");
    rejected_main(
        "println([1.5].sort(fn(a, b) { a - b }))"
            .replace("println(", "println(⟦")
            .replace("b }))", "b })⟧)")
            .as_str(),
        "type-mismatch",
        "not `float`",
    );
}

#[test]
fn any_is_converted_explicitly() {
    rejected_main("f := fn(x: int) { println(x) }\n⟦json_str(f)⟧", "not-any", "JSON");
    rejected_main("x := json_parse(\"1\")\nprintln(x ⟦+⟧ x)", "no-such-operator", "`any`");
    rejected_main("x := json_parse(\"1\")\nmatch x { ⟦\"a\"⟧ => {}, _ => {} }", "type-mismatch", "`any`");
    rejected_main("s := \"1\"\nprintln(⟦s as int⟧)", "bad-cast", "cannot become");
}

#[test]
fn main_has_a_signature() {
    rejected("fn ⟦main⟧(a: int) {}", "bad-main", "no parameters");
    rejected("fn ⟦main⟧() -> string { \"\" }", "bad-main", "cannot return `string`");
}

#[test]
fn all_errors_in_one_go_and_no_cascade() {
    let source = "fn main() {\n    a := undefined1\n    b := a + 1\n    c := b.foo(a)\n    for x in c { println(x.y) }\n    println(undefined2)\n}";
    let (_, found) = check_support::run(source, &mog_compiler::check::CheckOptions::default());
    let lines: Vec<&str> =
        found.iter().map(|d| &source[d.span.start as usize..d.span.end as usize]).collect();
    assert_eq!(lines, ["undefined1", "undefined2"], "{found:#?}");
}

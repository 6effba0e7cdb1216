//! Statements and declarations.

mod tree;

use tree::{codes, declarations, tree};

#[test]
fn bindings_and_their_synonyms() {
    let expected = "let x = 42";
    for source in ["let x := 42", "x := 42", "let x = 42"] {
        assert_eq!(tree(source), expected);
    }
    for source in ["let x: int = 42", "x: int = 42", "let x: int := 42", "x: i64 = 42"] {
        assert_eq!(tree(source), "let x: int = 42");
    }
    assert_eq!(tree("const N = 1\nconst M: u8 = 2"), "const N = 1\nconst M: u8 = 2");
}

#[test]
fn assignments() {
    assert_eq!(
        tree("a = 1; a.b[0] += 2; a -= 1; a *= 2; a /= 2; a %= 2; (a) = 1; a &= 1; a <<= 2"),
        "a = 1\n(at a.b 0) += 2\na -= 1\na *= 2\na /= 2\na %= 2\n(paren a) = 1\na &= 1\na <<= 2"
    );
    assert_eq!(tree("a.b := 1"), "a.b = 1", "with a warning");
    assert_eq!(codes("a.b := 1"), ["1:5 assign"]);
    assert_eq!(codes("f() = 1"), ["1:1 assign"]);
    assert_eq!(codes("a + b = 1"), ["1:1 assign"]);
}

#[test]
fn loops_and_their_synonyms() {
    assert_eq!(tree("while c { }"), "while c {}");
    assert_eq!(tree("for c { }"), "while c {}");
    assert_eq!(tree("loop { break; continue }"), "loop {break; continue}");
    assert_eq!(tree("for { break }"), "loop {break}");
    assert_eq!(tree("for i in 0..10 { }"), "for i in (0 .. 10) {}");
    assert_eq!(tree("for i := 1 to 10 { }"), "for i in (1 ..= 10) {}");
    assert_eq!(tree("for i := 0 to n - 1 { }"), "for i in (0 ..= (n - 1)) {}");
    assert_eq!(tree("for i, v in xs { }"), "for i, v in xs {}");
    assert_eq!(tree("for (v in xs) { }"), "for v in xs {}");
    assert_eq!(tree("for (c) { }"), "while (paren c) {}");
    assert_eq!(tree("for (a) && (b) { }"), "while ((paren a) and (paren b)) {}");
}

#[test]
fn in_a_head_a_brace_opens_the_body() {
    assert_eq!(tree("if x { y }"), "(if x {y})");
    assert_eq!(tree("if (a) && (b) { }"), "(if ((paren a) and (paren b)) {})");
    assert_eq!(tree("match x { x => y }"), "(match x, x => y)");
    assert_eq!(tree("for v in xs { x: int = 1 }"), "for v in xs {let x: int = 1;}");
    assert_eq!(tree("if a == (P { x: 1 }) { }"), "(if (a == (paren (P {x: 1}))) {})");
    assert_eq!(tree("if f(P { x: 1 }) { }"), "(if (call f (P {x: 1})) {})");
    assert_eq!(tree("if xs.any(fn(x) { x }) { }"), "(if (call xs.any (fn(x) {x})) {})");
    assert_eq!(tree("if r is some(v) { v }"), "(if (r is some!(v)) {v})");
    assert_eq!(tree("if p is Point { x }"), "(if (p is Point) {x})");
    assert_eq!(codes("if a == P { x: 1 } { }"), ["1:9 struct-in-head"]);
}

#[test]
fn braces_where_a_body_is_due_are_blocks() {
    assert_eq!(tree("fn f() {}"), "(fn f() {})");
    assert_eq!(tree("if a {} else {}"), "(if a {} else {})");
    assert_eq!(tree("fn f() { {} }"), "(fn f() {{}})");
    assert_eq!(tree("fn f() { {\"a\": 1} }"), "(fn f() {{\"a\": 1}})");
    assert_eq!(tree("fn f() { { a } }"), "(fn f() {{a}})");
}

#[test]
fn functions() {
    assert_eq!(
        tree("fn add(a: int, b: int = 1) -> int { a + b }"),
        "(fn add(a: int, b: int = 1) -> int {(a + b)})"
    );
    assert_eq!(
        tree("pub async fn f(e: Event,) -> Result<()> { }"),
        "pub (async fn f(e: Event) -> Result<()> {})"
    );
    assert_eq!(tree("fn f() { fn g() { } }"), "(fn f() {(fn g() {});})");
    assert_eq!(codes("fn f(x) { }"), ["1:6 missing-type"]);
}

#[test]
fn types() {
    let cases = [
        ("[[int]]", "[[int]]"),
        ("int[][]", "[[int]]"),
        ("{string: [int]}", "{string: [int]}"),
        ("map[string]int", "{string: int}"),
        ("map[string][]", "{string: ERROR}"),
        ("?[?int]", "?[?int]"),
        ("Result<Result<int>>", "Result<Result<int>>"),
        ("Future<tensor<f32>>", "Future<tensor<f32>>"),
        ("fn(int, x: str) -> fn()", "fn(int, string) -> fn()"),
        ("async fn(int) -> int", "fn(int) -> Future<int>"),
        ("fn(A) -> B[]", "fn(A) -> [B]"),
        ("(fn(A) -> B)[]", "[fn(A) -> B]"),
        ("soa Point", "soa Point"),
        ("soa Point[10]", "soa Point"),
        ("geometry.Point", "geometry.Point"),
        ("Map", "Map"),
        ("()", "()"),
        ("str", "string"),
        ("i64", "int"),
        ("f64", "float"),
    ];
    for (written, meant) in cases.into_iter().filter(|(_, meant)| !meant.contains("ERROR")) {
        assert_eq!(tree(&format!("type T = {written}")), format!("type T = {meant}"));
    }
    assert_eq!(tree("x: Result<[int]>= f()"), "let x: Result<[int]> = (call f)");
    assert_eq!(tree("x: Result<Result<int>>= f()"), "let x: Result<Result<int>> = (call f)");
    assert_eq!(tree("x: int\n= 1"), "let x: int = 1");
}

#[test]
fn structs_and_enums() {
    let expected = "struct P {x: float, type: [int]}";
    for source in [
        "struct P { x: float, type: [int] }",
        "struct P {\n x: float\n type: [int];\n}",
        "struct P { x: float, type: [int], }",
    ] {
        assert_eq!(tree(source), expected);
    }
    assert_eq!(
        tree("enum Shape { Circle(float), Rect(w: float, h: float), Empty }"),
        "enum Shape {Circle(float), Rect(float, float), Empty}"
    );
}

#[test]
fn imports_and_capabilities() {
    assert_eq!(tree("import a"), "import \"a\" as a");
    assert_eq!(tree("import \"lib/a.mog\""), "import \"lib/a\" as a");
    assert_eq!(tree("import (a, \"b\"\n c)"), "import \"a\" as a, \"b\" as b, \"c\" as c");
    assert_eq!(tree("import \"x-y\" as y, b"), "import \"x-y\" as y, \"b\" as b");
    assert_eq!(tree("requires fs, http\noptional log;"), "requires fs, http\noptional log");
    assert_eq!(tree("package main\nfn main() { }"), "package main\n(fn main() {})");
    assert_eq!(codes("import \"x-y\""), ["1:8 import-path"]);
    assert_eq!(codes("capability x { fn f() }"), ["1:1 capability-in-program"]);
}

#[test]
fn declaration_files() {
    assert_eq!(
        declarations(
            "capability http { async fn get(url: string) -> Response  struct Response { status: int } fn f()\nfn g(); type T = int }"
        ),
        "capability http {(async fn get(url: string) -> Response); struct Response {status: int}; (fn f()); (fn g()); type T = int}"
    );
    assert_eq!(
        declarations("struct S { x: int }\ncapability a { }\ncapability b { enum E { A } }"),
        "struct S {x: int}\ncapability a {}\ncapability b {enum E {A}}"
    );
    // Only the host has handles, so only declarations have types without a definition.
    assert_eq!(
        declarations("type A\nstruct S { a: A }\ncapability a { type B fn f() -> B; type C }"),
        "type A\nstruct S {a: A}\ncapability a {type B; (fn f() -> B); type C}"
    );
    assert!(!codes("type A").is_empty() && !codes("type A\nfn f() {}").is_empty());
    let parsed = mog_compiler::parser::parse_declarations("capability a { } x := 1");
    assert!(parsed.diagnostics.has_errors());
}

#[test]
fn comments_are_kept() {
    let parsed = mog_compiler::parser::parse("// a\nx := 1 // b\n/* c /* d */ */ y := 2\n");
    let comments: Vec<_> =
        parsed.ast.comments.iter().map(|c| (c.span.start, c.span.end, c.block, c.own_line)).collect();
    assert_eq!(comments, [(0, 4, false, true), (12, 16, false, false), (17, 32, true, true)]);
    assert_eq!(tree("#!/usr/bin/env mog\nf()"), "(call f)");
    assert_eq!(tree("\u{feff}f()"), "(call f)");
}

#[test]
fn spans_cover_what_they_stand_for() {
    let source = "fn f() { total := a.b(1) + c }";
    let parsed = mog_compiler::parser::parse(source);
    let texts: Vec<_> = parsed.ast.exprs.iter().map(|expr| expr.span.text(source)).collect();
    assert_eq!(texts, ["a", "a.b", "1", "a.b(1)", "c", "a.b(1) + c"]);
    let texts: Vec<_> = parsed.ast.stmts.iter().map(|stmt| stmt.span.text(source)).collect();
    assert_eq!(texts, ["total := a.b(1) + c"]);
    let texts: Vec<_> = parsed.ast.items.iter().map(|item| item.span.text(source)).collect();
    assert_eq!(texts, [source]);
}

//! What authors who think in other languages write: each case has its own message, only that one, and where a fix is
//! offered, applying the fixes gives a program without errors.

mod tree;

use mog_compiler::diagnostic::Severity;
use mog_compiler::parser::parse;
use tree::{codes, rendered};

/// Applies fixes until there are none.
fn repair(source: &str) -> String {
    let mut text = source.to_owned();
    for _ in 0..20 {
        let parsed = parse(&text);
        let errors = parsed.diagnostics.iter().filter(|d| d.severity == Severity::Error);
        let Some(fix) = errors.filter_map(|d| d.fix.as_ref()).next() else { break };
        let (start, end) = (fix.span.start as usize, fix.span.end as usize);
        text.replace_range(start..end, &fix.replacement);
    }
    text
}

/// The errors are just these, and fixing them gives a program without errors.
fn fixed(source: &str, expected: &[&str], repaired: &str) {
    assert_eq!(codes(source), expected, "{source}");
    let result = repair(source);
    assert_eq!(result, repaired);
    let parsed = parse(&result);
    assert!(!parsed.diagnostics.has_errors(), "{result}\n{}", rendered(&result, &parsed.diagnostics));
}

/// There is one error, and it says what to write instead.
fn explained(source: &str, expected: &str, part: &str) {
    assert_eq!(codes(source), [expected], "{source}");
    let text = rendered(source, &parse(source).diagnostics);
    assert!(text.contains(part), "{part} in\n{text}");
}

#[test]
fn operators() {
    fixed("i++", &["1:2 no-increment"], "i += 1");
    fixed("a[0]--;", &["1:5 no-increment"], "a[0] -= 1;");
    fixed("x := a ? b : c", &["1:8 no-ternary"], "x := if a { b } else { c }");
    fixed("x := (a > 0) ? f(b) : -c", &["1:14 no-ternary"], "x := if (a > 0) { f(b) } else { -c }");
    fixed("p(f\"{a ? b : c}\")", &["1:8 no-ternary"], "p(f\"{if a { b } else { c }}\")");
    fixed("x := a if c else b", &["1:8 if-after-value"], "x := if c { a } else { b }");
    fixed(
        "if a === b && c !== d { }",
        &["1:6 strict-equality", "1:17 strict-equality"],
        "if a == b && c != d { }",
    );
    fixed("x := a <> b", &["1:8 not-equal"], "x := a != b");
    fixed("x := a ?? b", &["1:8 no-coalescing"], "x := a.unwrap_or(b)");
    fixed("x := a < b < c", &["1:12 comparison-chain"], "x := a < b and b < c");
    fixed("x := a not in xs", &["1:8 no-in-operator"], "x := not xs.contains(a)");
    fixed("x := +1", &["1:6 unary-plus"], "x := 1");
    fixed("x := f(&mut y)", &["1:8 no-references"], "x := f(y)");
    fixed("x := a ** 2", &["1:8 no-power-operator"], "x := pow(a, 2)");
    explained("x := a |> f", "1:8 no-pipe", "f(value)");
    explained("x := r is not none", "1:11 is-not", "!=");
}

#[test]
fn words() {
    fixed("x := null", &["1:6 foreign-word"], "x := none");
    fixed("x := [True, None]", &["1:7 foreign-word", "1:13 foreign-word"], "x := [true, none]");
    fixed(
        "match r { Ok(v) => v, Err(e) => 0 }",
        &["1:11 foreign-word", "1:23 foreign-word"],
        "match r { ok(v) => v, err(e) => 0 }",
    );
    for own in [
        "nil := 1\nx := nil",
        "enum E { None, Some(int) }\nmatch e { None => 0, Some(x) => x }",
        "fn f(null: int) { null }",
    ] {
        assert_eq!(codes(own), [""; 0], "{own}");
    }
}

#[test]
fn functions_and_closures() {
    fixed("fn f(x: int) => x", &["1:14 function-body"], "fn f(x: int) { x }");
    fixed("fn f() -> int = 1", &["1:15 function-body"], "fn f() -> int { 1 }");
    fixed("xs.map(x => x + 1)", &["1:10 arrow-closure"], "xs.map(|x| x + 1)");
    fixed("xs.map((x, y) => { x })", &["1:15 arrow-closure"], "xs.map(|x, y| { x })");
    fixed("f := () => 1", &["1:9 arrow-closure"], "f := || 1");
    fixed("xs.map(lambda x, y: x + y)", &["1:8 arrow-closure"], "xs.map(|x, y| x + y)");
    fixed("f := function(x) { return x }", &["1:6 function-keyword"], "f := fn(x) { return x }");
    fixed("function f(x: int): int { x }", &["1:1 function-keyword"], "fn f(x: int) -> int { x }");
    fixed(
        "func f(x int) int { return x }",
        &["1:1 function-keyword", "1:8 missing-colon", "1:15 result-arrow"],
        "fn f(x: int) -> int { return x }",
    );
    fixed("fn f<T>(x: int) { }", &["1:5 no-generics"], "fn f(x: int) { }");
    fixed("pub(crate) fn f() { }", &["1:4 pub-scope"], "pub fn f() { }");
    fixed("export fn f() { }", &["1:1 modifier"], "pub fn f() { }");
    fixed("println!(\"a\")", &["1:8 no-macros"], "println(\"a\")");
    fixed("f(a = 1)", &["1:5 named-argument"], "f(a: 1)");
    fixed("f(a b)", &["1:5 missing-comma"], "f(a, b)");
    fixed("print \"a\"", &["1:1 call-parens"], "print(\"a\")");
    fixed("x := f.await", &["1:8 dot-await"], "x := await f");
    explained("fn f(self) { }", "1:6 no-methods", "no methods");
    explained("fn f(*args) { }", "1:6 variadic", "[int]");
    explained("x := new Foo(1)", "1:6 no-new", "Foo { field: value }");
}

#[test]
fn bindings() {
    fixed("var x = 5", &["1:1 var"], "let x = 5");
    fixed("let mut x = 5", &["1:5 no-mut"], "let x = 5");
    fixed("int x = 5;", &["1:1 missing-colon"], "x: int = 5;");
    fixed("let x int = 5", &["1:5 missing-colon"], "let x: int = 5");
    explained("let x", "1:5 missing-value", "needs a value");
    explained("x: int", "1:1 missing-value", "needs a value");
    explained("x :=\ny := 1", "1:5 missing-value", "expected a value");
    explained("a, b = b, a", "1:1 multiple-names", "t := a");
    explained("let (a, b) = f()", "1:5 destructuring", "one by one");
    explained("x = y = 1", "1:7 assignment-as-value", "statement of its own");
    fixed("if x = 5 { }", &["1:6 assignment-as-value"], "if x == 5 { }");
    assert_eq!(codes("const x = 5"), [""; 0]);
}

#[test]
fn branches() {
    fixed("if a { } elif b { } else { }", &["1:10 elif"], "if a { } else if b { } else { }");
    fixed("if let Some(v) = opt { }", &["1:4 if-let"], "if opt is some(v) { }");
    fixed("while let Some(v) = f() { }", &["1:7 if-let"], "while f() is some(v) { }");
    fixed(
        "match x { case 1 => a, else => b }",
        &["1:11 no-case", "1:24 pattern"],
        "match x { 1 => a, _ => b }",
    );
    fixed("match x { 1: a, 2 -> b }", &["1:12 arm-arrow", "1:19 arm-arrow"], "match x { 1 => a, 2 => b }");
    fixed("match x { A::B(y) => y }", &["1:12 double-colon"], "match x { A.B(y) => y }");
    fixed("match x { 1 => a 2 => b }", &["1:18 missing-comma"], "match x { 1 => a, 2 => b }");
    explained("switch (x) { case 1: f(); break; default: g() }", "1:1 no-switch", "match value");
    explained("if (x) return 1", "1:8 missing-brace", "{ return");
    explained("else { }", "1:1 orphan", "belongs to no `if`");
    explained("if x:\n  f()\nelif_ := 1", "1:5 missing-brace", "{");
    explained("if a > b then\n f()\nelse\n g()\nend\nh()", "1:10 missing-brace", "without `then`");
}

#[test]
fn loops() {
    fixed("for (let i = 0; i < n; i++) { }", &["1:5 c-style-for"], "for i in 0..n { }");
    fixed("for i := 0; i <= n; i += 1 { }", &["1:5 c-style-for"], "for i in 0..=n { }");
    fixed("for x of xs { }", &["1:7 for-of"], "for x in xs { }");
    fixed("for (const x of xs) { }", &["1:6 for-let", "1:14 for-of"], "for (x in xs) { }");
    fixed("for (k, v) in m { }", &["1:5 for-parens"], "for k, v in m { }");
    fixed("for i, v := range xs { }", &["1:10 for-range"], "for i, v in xs { }");
    fixed("outer: for x in xs { }", &["1:1 no-labels"], "for x in xs { }");
    explained("for (i = 9; i > 0; i--) { }", "1:5 c-style-for", "while");
    explained("for i in 0..10 step 2 { }", "1:16 for-step", "while");
    explained("while (x) do\n f()\nend\ng()", "1:11 missing-brace", "without `do`");
    explained("do { } while (x)", "1:1 no-do", "loop {");
    explained(
        "xs := [x * 2 for x in ys if x > 1]",
        "1:14 no-comprehension",
        "ys.filter(|x| x > 1).map(|x| x * 2)",
    );
}

#[test]
fn python_blocks_are_read_by_indentation() {
    let source = "def f(x):\n    if x > 1:\n        return 2\n    elif x:\n        pass\n    else:\n        return 3\n    return 4\n\ng()\n";
    assert_eq!(codes(source), ["1:1 function-keyword", "1:7 missing-type", "4:5 elif"]);
}

#[test]
fn text() {
    fixed("s := 'it'", &["1:6 single-quotes"], "s := \"it\"");
    fixed("s := `a ${b}`", &["1:6 backtick"], "s := f\"a {b}\"");
    fixed("s := f\"{x:.2f}\"", &["1:10 format"], "s := f\"{x:.2}\"");
    fixed("s := r\"a\\b\"", &["1:6 string-prefix"], "s := \"a\\\\b\"");
    fixed("s := \"\\u00e9\"", &["1:7 escape"], "s := \"\\u{E9}\"");
    fixed("s := \"\"\"a\nb\"\"\"", &["1:6 triple-quotes"], "s := \"a\\nb\"");
    fixed("x := 42u8 + 1.0f64", &["1:8 number-suffix", "1:16 number-suffix"], "x := (42 as u8) + 1.0");
    fixed("# note\nx := 1", &["1:1 hash"], "// note\nx := 1");
    fixed("x := 0o17", &["1:6 number"], "x := 15");
    explained("s := \"a", "1:6 unclosed-string", "\\n");
    explained("s := f\"a {b\"\nx := 1", "1:6 unclosed-string", "`}`");
    explained("/* a /* b */", "1:1 unclosed-comment", "*/");
    explained("x := a @ b", "1:8 unexpected-character", "decorators");
    explained("x := \"a\0b\"", "1:8 unexpected-character", "NUL");
    explained("caf\u{e9} := 1", "1:1 name-not-ascii", "ASCII");
    fixed("x := a \u{2212} b", &["1:8 unexpected-character"], "x := a - b");
}

#[test]
fn text_that_is_shown_in_another_order_than_it_is_read() {
    assert_eq!(codes("s := \"a\u{202e}b\" // \u{2066}"), ["1:8 text-direction", "1:15 text-direction"]);
    assert_eq!(codes("s := \"שלום\" // 日本"), [""; 0]);
}

#[test]
fn types() {
    fixed("x: Option<int> = none", &["1:4 foreign-type"], "x: ?int = none");
    fixed("x: Vec<string> = []", &["1:4 foreign-type"], "x: [string] = []");
    fixed("x: HashMap<string, int> = {}", &["1:4 foreign-type"], "x: {string: int} = {}");
    fixed("x: list[int] = []", &["1:4 foreign-type"], "x: [int] = []");
    fixed("x: Result<int, string> = f()", &["1:4 type-argument"], "x: Result<int> = f()");
    fixed("x: int? = none", &["1:7 optional-type"], "x: ?int = none");
    fixed("x: []int = []", &["1:4 array-type"], "x: [int] = []");
    fixed("x: &str = s", &["1:4 no-references"], "x: str = s");
    fixed("type Foo { x: int }", &["1:1 type-struct"], "struct Foo { x: int }");
    fixed("p := P { x = 1 }", &["1:12 field-colon"], "p := P { x: 1 }");
    fixed("m := {\"a\" => 1}", &["1:11 map-colon"], "m := {\"a\": 1}");
    explained("x: int | string = 1", "1:8 union-type", "enum");
    explained("x: [int; 3] = y", "1:8 array-length", "[T]");
    explained("class Foo { x: int  fn f() { } }", "1:1 no-classes", "struct");
    explained("struct P { x: int = 3 }", "1:19 field-default", "no default");
    explained("struct P { x: int, fn f(self) { } }", "1:20 no-methods", "beside the type");
    explained("enum E { A = 1 }", "1:12 enum-value", "no numbers");
    explained("fn f() -> (int, int) { }", "1:11 no-tuples", "struct");
    explained("return (a, b)", "1:10 no-tuples", "struct");
}

#[test]
fn failures_and_modules() {
    fixed("x := try f()", &["1:6 try-expression"], "x := f()?");
    fixed("try { } catch (e: Error) { }", &["1:17 catch-type"], "try { } catch (e) { }");
    fixed("raise \"x\"", &["1:1 no-throw"], "return err(\"x\")");
    explained("throw new Error(\"x\")", "1:1 no-throw", "return err");
    explained("try { f() }", "1:1 missing-catch", "catch(e)");
    explained("try { } catch(e) { } finally { }", "1:22 no-finally", "after the `try`");
    explained("import x from \"y\"", "1:10 import-from", "import \"y\"");
    explained("import { a } from \"y\"", "1:8 import-from", "import name");
    explained("from x import y", "1:1 import-from", "import x");
    fixed("import a::b", &["1:8 import-path"], "import \"a/b\"");
    fixed("x := Shape::Circle(1.0)", &["1:11 double-colon"], "x := Shape.Circle(1.0)");
}

#[test]
fn repeat_before_a_line_of_any_kind() {
    for rest in ["x = 1\nuntil x > 2", "= 2", "(f)()"] {
        let codes = codes(&format!("repeat\n{rest}\n"));
        assert!(codes.first().is_some_and(|code| code.ends_with("no-do")), "{rest}: {codes:?}");
    }
}

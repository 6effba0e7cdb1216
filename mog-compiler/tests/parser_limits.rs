//! Depth, length, and bytes that are no program.

mod tree;

use std::time::{Duration, Instant};

use mog_compiler::ast::Ast;
use mog_compiler::parser::{MAX_NESTING, Parsed, parse, parse_declarations};
use proptest::prelude::*;
use tree::{codes, dump, height, rendered};

/// Opening, innermost and closing part of everything that nests.
const NESTED: &[(&str, &str, &str)] = &[
    ("(", "1", ")"),
    ("[", "1", "]"),
    ("{", "1", "}"),
    ("{\"a\": ", "1", "}"),
    ("P { x: ", "1", "}"),
    ("f(", "1", ")"),
    ("a[", "1", "]"),
    ("f\"{", "1", "}\""),
    ("fn() {", "1", "}"),
    ("|x| ", "1", ""),
    ("if x {", "1", "}"),
    ("if ", "x", " { }"),
    ("if x { } else {", "1", "}"),
    ("match x { _ => ", "1", "}"),
    ("match ", "x", " { _ => 1 }"),
    ("try {", "1", "} catch(e) { }"),
    ("try { } catch(e) {", "1", "}"),
    ("- ", "1", ""),
    ("!", "x", ""),
    ("not ", "x", ""),
    ("~", "x", ""),
    ("await ", "x", ""),
    ("spawn ", "x", ""),
    ("return ", "x", ""),
    ("soa S[", "1", "]"),
    ("", "a", ".b"),
    ("", "a", ".b()"),
    ("", "a", "()"),
    ("", "a", "[1]"),
    ("", "a", "?"),
    ("", "a", " as int"),
    ("(", "a", " + 1)"),
    ("1 + (", "a", ")"),
    ("not (a and ", "b", ")"),
    ("x is (", "y", ")"),
    ("x is some(", "y", ")"),
    ("x is P { x: ", "y", "}"),
    ("1 as ?", "int", ""),
    ("1 as [", "int", "]"),
    ("1 as fn(", "int", ")"),
    ("1 as fn() -> ", "int", ""),
    ("1 as Result<", "int", ">"),
    ("1 as ", "int", "[]"),
    ("1 as {int: ", "int", "}"),
    // Other languages' constructs go down too.
    ("x ? ", "1", " : 2"),
    ("a if b else ", "c", ""),
    ("a ?? ", "b", ""),
    ("x => ", "1", ""),
    ("new ", "x", ""),
    ("lambda x: ", "1", ""),
    ("&", "x", ""),
];

const NESTED_STATEMENTS: &[(&str, &str, &str)] = &[
    ("while x {", "", "}"),
    ("for x in y {", "", "}"),
    ("loop {", "", "}"),
    ("fn f() {", "", "}"),
    ("if x ", "f()", ""),
    ("while x ", "f()", ""),
    ("while x do ", "f()", " end"),
    ("if x: ", "f()", ""),
    ("do {", "", "} while x"),
    ("struct S { fn f() {", "", "} }"),
    ("x: ", "int", " = 1"),
    ("unless x {", "", "}"),
    ("foreach ", "x in y { }", ""),
    ("pub ", "x", ""),
    ("match x { _ => y = ", "1", "}"),
];

fn nest((open, inner, close): (&str, &str, &str), times: usize) -> String {
    // A type, a pattern: only the part that is itself nested is repeated.
    let (head, open) = match open.split_once("as ").or(open.split_once("is ")) {
        Some((_, rest)) => (open.strip_suffix(rest).unwrap_or(""), rest),
        None => ("", open),
    };
    format!("{head}{}{inner}{}", open.repeat(times), close.repeat(times))
}

/// Runs on a small stack; the unoptimised parser needs less than half of it.
fn on_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run);
    let result = thread.map(|thread| thread.join());
    assert!(matches!(result, Ok(Ok(()))));
}

fn all_nested(times: usize) -> Vec<String> {
    let mut sources = Vec::new();
    for &parts in NESTED {
        sources.push(format!("x := {}", nest(parts, times)));
        sources.push(format!("fn f() {{ {} }}", nest(parts, times)));
    }
    for &parts in NESTED_STATEMENTS {
        sources.push(nest(parts, times));
        sources.push(format!("fn f() {{ {} }}", nest(parts, times)));
    }
    sources
}

#[test]
fn twenty_thousand_levels_are_an_error() {
    on_small_stack(|| {
        for source in all_nested(20_000) {
            let parsed = parse(&source);
            let shown: String = source.chars().take(60).collect();
            assert!(parsed.diagnostics.has_errors(), "{shown}");
            // Cut off or unclosed, it is no different.
            let half = &source[..source.len() / 2];
            parse(half);
            parse(&half.replace(' ', "\n"));
            assert!(height(&parsed.ast) <= MAX_NESTING as usize, "{shown}");
        }
    });
}

#[test]
fn too_deep_means_no_tree() {
    let parsed = parse(&format!("x := {}1{}", "(".repeat(20_000), ")".repeat(20_000)));
    assert_eq!(
        codes(&format!("x := 1 1\ny := {}", "(".repeat(20_000))),
        ["1:8 syntax", "2:164 nested-too-deeply"]
    );
    assert_eq!(dump(&parsed.ast), "");
}

/// The bound is on the tree that comes out, whatever it is made of: no construct escapes the count, and a reasonable
/// depth is always accepted.
#[test]
fn no_tree_is_higher_than_the_bound() {
    on_small_stack(|| {
        for times in [10, 20, 30] {
            for source in all_nested(times) {
                let parsed = parse(&source);
                assert!(
                    parsed.diagnostics.iter().all(|d| d.code != "nested-too-deeply"),
                    "{times}: {source}"
                );
            }
        }
        for times in (40..180).step_by(7) {
            for source in all_nested(times) {
                let parsed = parse(&source);
                let height = height(&parsed.ast);
                assert!(height <= MAX_NESTING as usize, "{height}: {source}");
            }
        }
    });
}

#[test]
fn mixed_nesting_is_counted_too() {
    on_small_stack(|| {
        let all = NESTED.to_vec();
        for (at, &(open, _, close)) in all.iter().enumerate() {
            for &(other, inner, other_close) in &all[at..] {
                let times = 90;
                let source = format!(
                    "x := {}{inner}{}",
                    format!("({open}{other}").repeat(times),
                    format!("{other_close}{close})").repeat(times)
                );
                assert!(height(&parse(&source).ast) <= MAX_NESTING as usize, "{open} {other}");
            }
        }
    });
}

fn clean(source: &str) -> Parsed {
    let parsed = parse(source);
    let start: String = source.chars().take(60).collect();
    assert!(!parsed.diagnostics.has_errors(), "{start}");
    parsed
}

#[test]
fn long_is_not_deep() {
    let n = 200_000;
    let flat = |ast: &Ast| assert!(height(ast) < 20);
    flat(&clean(&format!("x := 1{}", " + 1".repeat(n))).ast);
    flat(&clean(&format!("x := a{}", "\n and b == c".repeat(n))).ast);
    flat(&clean(&format!("x := [{}]", "a * b, ".repeat(n))).ast);
    flat(&clean(&format!("f({})", "a.b, ".repeat(n))).ast);
    flat(&clean(&format!("if a {{ }} {}", "else if b { } ".repeat(n))).ast);
    flat(&clean(&format!("x := f\"{}\"", "{a}b".repeat(n))).ast);
    flat(&clean(&format!("match x {{ {} }}", "1 => 2, ".repeat(n))).ast);
    flat(&clean(&format!("match x {{ 0{} => 2 }}", " | 1".repeat(n))).ast);
    flat(&clean(&"f();".repeat(n)).ast);
    flat(&clean(&format!("struct S {{ {} }}", "x: int, ".repeat(n))).ast);
}

#[test]
fn megabytes_on_one_line() {
    let size = if cfg!(debug_assertions) { 1_000_000 } else { 10_000_000 };
    for source in [
        format!("x := \"{}\"", "y".repeat(size)),
        "a;".repeat(size / 2),
        "@".repeat(size),
        "([".repeat(size / 2),
        format!("{}{}", "[".repeat(size / 2), ")".repeat(size / 2)),
        "f\"{".repeat(size / 3),
        "a<".repeat(size / 2),
        "'\\".repeat(size / 2),
        "/*".repeat(size / 2),
        "x := a + b * c;".repeat(size / 15),
        "1".repeat(size),
        "é".repeat(size / 2),
    ] {
        let begun = Instant::now();
        let parsed = parse(&source);
        rendered(&source, &parsed.diagnostics);
        // Linear: a second or so even unoptimised. What is not linear would take hours.
        assert!(begun.elapsed() < Duration::from_secs(60), "{:.20}", source);
    }
}

#[test]
fn reports_are_bounded() {
    let parsed = parse(&"x := 1 1\n".repeat(10_000));
    assert_eq!(parsed.diagnostics.errors(), 100);
    let parsed = parse(&"x := a + b * c\n".repeat(10_000));
    assert_eq!((parsed.diagnostics.errors(), parsed.diagnostics.len()), (0, 100));
}

/// Fragments of programs: random strings of these get further into the parser than random bytes.
const FRAGMENTS: &[&str] = &[
    "fn ",
    "f",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "|",
    "||",
    "x",
    ": ",
    "int",
    " = ",
    " := ",
    ",",
    ";",
    "\n",
    "if ",
    "else ",
    "match ",
    "=> ",
    "for ",
    "in ",
    "to ",
    "while ",
    "loop ",
    "try ",
    "catch",
    "await ",
    "spawn ",
    "async ",
    "return ",
    "break",
    "struct ",
    "enum ",
    "type ",
    "import ",
    "requires ",
    "capability ",
    "pub ",
    "let ",
    "const ",
    "is ",
    "as ",
    "some(",
    "ok(",
    "none",
    "tensor<",
    "soa ",
    "?",
    "!",
    "-",
    "+",
    "*",
    "/",
    "<",
    ">",
    ">>",
    "==",
    "and ",
    "or ",
    "not ",
    "..",
    "..=",
    ".",
    "::",
    "->",
    "&",
    "1",
    "1.5",
    "0x",
    "\"a\"",
    "\"",
    "f\"",
    "f\"{",
    ":.2",
    "'",
    "`",
    "//",
    "/*",
    "*/",
    "\\",
    "#",
    "@",
    "$",
    "é",
    "\0",
    "\t",
    "  ",
    "Result<",
    "Option<",
    "?.",
    "??",
    "++",
    "null",
    "None",
    "lambda ",
    "new ",
    "function ",
    "def ",
    "class ",
    "switch ",
    "elif ",
    "then ",
    "do ",
    "end",
    "var ",
    "mut ",
    "throw ",
    "case ",
    "step ",
];

/// Parses, and shows what was found: nothing may panic, and the tree must be readable.
fn survives(source: &str) -> Result<(), TestCaseError> {
    for parsed in [parse(source), parse_declarations(source)] {
        let len = source.len() as u32;
        prop_assert!(parsed.ast.exprs.iter().all(|e| e.span.start <= e.span.end && e.span.end <= len));
        prop_assert!(parsed.diagnostics.iter().all(|d| d.span.start <= d.span.end && d.span.end <= len));
        prop_assert!(height(&parsed.ast) <= MAX_NESTING as usize);
        rendered(source, &parsed.diagnostics);
        parsed.diagnostics.to_json_lines(&[mog_compiler::diagnostic::SourceFile::new("x", source)]);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_fragments_never_panic(picks in prop::collection::vec(0..FRAGMENTS.len(), 0..60)) {
        let source: String = picks.iter().map(|&pick| FRAGMENTS[pick]).collect();
        survives(&source)?;
    }

    #[test]
    fn random_text_never_panics(source in any::<String>()) {
        survives(&source)?;
    }

    #[test]
    fn random_ascii_never_panics(source in "[ -~\n]{0,120}") {
        survives(&source)?;
    }

    /// A program with pieces cut out, doubled and swapped.
    #[test]
    fn broken_programs_never_panic(cuts in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64, 0..3u8), 1..6)) {
        let mut source = PROGRAM.to_owned();
        for (from, len, what) in cuts {
            let from = (from * source.len() as f64) as usize;
            let to = (from + (len * 40.0) as usize).min(source.len());
            match what {
                0 => source.replace_range(from..to, ""),
                1 => {
                    let copied = source[from..to].to_owned();
                    source.insert_str(from, &copied);
                }
                _ => source = format!("{}{}", &source[from..], &source[..from]),
            }
        }
        survives(&source)?;
    }
}

const PROGRAM: &str = r#"
requires fs, http
optional log
import (geometry, "lib/shapes")
struct Point { x: float, y: [?int] }
enum Shape { Circle(float), Rect(float, float), Empty }
type Handler = fn(int, {string: any}) -> Result<()>
const LIMIT = 10
pub async fn hook(e: Event, n: int = 1) -> Result<int> {
  total := 0
  for i, v in xs.filter(|x| x > 2) { total += v * (i + 1) }
  for i := 1 to LIMIT { while c { break } loop { continue } }
  m: {string: int} = {"a": 1, "b": -2}
  s := f"{total:.2} of {m["a"]}: {xs.join(", ")}"
  r := try { await fetch(url, body: s)? } catch(e) { e.kind }
  if r is some(Point { x, .. }) and not done { return ok(x as int) } else if a == b { } else { f() }
  match r { 0 | 1 => a[1:2], 3..10 => { b }, Shape.Circle(q) if q > 0.0 => tensor<f32>.zeros([2]), _ => soa P[3] }
}
"#;

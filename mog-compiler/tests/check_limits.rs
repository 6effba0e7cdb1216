//! The checker on large, deep and broken programs: bounded stack, linear time, no panic.

mod check_support;

use mog_compiler::check::{CheckOptions, check};
use mog_compiler::parser::parse;

fn checks(source: &str) -> (usize, bool) {
    let parsed = parse(source);
    let (hir, diagnostics) = check(source, &parsed.ast, &CheckOptions::default());
    if !parsed.diagnostics.has_errors() && !diagnostics.has_errors() {
        let problems = check_support::hir_verify::problems(&hir);
        assert!(problems.is_empty(), "{problems:?}\n{source}");
    }
    (parsed.diagnostics.errors(), diagnostics.has_errors())
}

/// Nesting as deep as the parser admits, on a thread as small as tests get.
#[test]
fn deep_programs_fit_a_small_stack() {
    let shapes = [
        ("x := ", "(", "1", ")", ""),
        ("x := ", "[", "1", "]", "; println(x)"),
        ("x := ", "f(", "1", ")", ""),
        ("x := 1", ".abs()", "", "", ""),
        ("x := ", "if true { ", "1", " } else { 2 }", ""),
        ("", "if true { ", "println(1)", " }", ""),
        ("x := ", "match 3 { 1 => ", "1", ", _ => 2 }", ""),
        ("y := 1; x := ", "fn() { ", "y", " }", ""),
        ("", "while true { ", "println(1)", " }", ""),
        ("", "try { ", "println(1)", " } catch(e) { }", ""),
        ("x := ", "f\"{", "1", "}\"", ""),
        ("x := ", "{\"a\": ", "1", "}", ""),
        ("x: ", "[", "int", "]", " = []"),
        ("y := 1; x := ", "(y + ", "1", ")", ""),
        ("y := true; x := ", "not (y and ", "true", ")", ""),
        ("y := [1]; x := ", "y[", "0", "]", ""),
        ("x := ", "kv.get(", "\"a\"", ").unwrap_or(\"\")", ""),
        ("xs := [1]; x := ", "xs.map(fn(a) { ", "1", " })", ""),
        ("xs := [1]; x := ", "xs[0].unwrap_or(", "1", ")", ""),
        ("", "fn g() { ", "println(1)", " }", ""),
        ("match t { ", "T.N(", "z", ")", " => {}, _ => {} }"),
    ];
    let run = move || {
        for (before, open, middle, close, after) in shapes {
            let mut deepest = 0;
            for depth in (10..160).step_by(5) {
                let (opened, closed) = (open.repeat(depth), close.repeat(depth));
                let body = format!("{before}{opened}{middle}{closed}{after}");
                let source = format!(
                    "enum T {{ N(T), L }}\nfn f(x: int) -> int {{ x }}\nfn g(t: T) {{ println(t) }}\nfn h(t: T) {{ {body} }}\nfn main() {{}}"
                );
                if checks(&source).0 == 0 {
                    deepest = depth;
                }
            }
            assert!(deepest >= 25, "{before}{open} only {deepest}");
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run);
    assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
}

/// Types that would be exponentially large, or infinite.
#[test]
fn monstrous_types() {
    let doubling: String =
        (1..200).map(|i| format!("type T{i} = fn(T{}, T{}) -> T{}\n", i - 1, i - 1, i - 1)).collect();
    assert!(
        checks(&format!("type T0 = int\n{doubling}fn f(x: T199, y: T198) {{ x = y }}\nfn main() {{}}")).1
    );
    let forty: String =
        (1..40).map(|i| format!("type T{i} = fn(T{}, T{}) -> T{}\n", i - 1, i - 1, i - 1)).collect();
    assert!(checks(&format!("type T0 = int\n{forty}fn f(x: T39, y: T38) {{ x = y }}\nfn main() {{}}")).1);
    checks(&format!(
        "type T0 = int\n{forty}fn f(x: T39, y: T39) {{ x = y\nz := [x]\nprintln(z.len) }}\nfn main() {{}}"
    ));
    assert!(checks("fn main() { xs := []\nxs.push(xs) }").1, "an array that contains itself");
    assert!(checks("fn main() { f := fn(x) { x(x) }\nf(f) }").1);
    let pairs: String = (1..60).map(|i| format!("p{i} := fn() {{ f(p{}, p{}) }}\n", i - 1, i - 1)).collect();
    checks(&format!("fn main() {{ f := |a, b| a\np0 := fn() {{ 1 }}\n{pairs} }}"));
    let aliases: String = (0..5_000).map(|i| format!("type A{i} = [A{}]\n", i + 1)).collect();
    assert!(checks(&format!("{aliases}type A5000 = int\nfn main() {{}}")).1);
    let consts: String = (0..5_000).map(|i| format!("const A{i} = A{}\n", i + 1)).collect();
    checks(&format!("{consts}const A5000 = 1\nfn main() {{}}"));
}

/// Matches whose exact analysis would take exponential time.
#[test]
fn monstrous_matches() {
    let fields: String = (0..24).map(|i| format!("f{i}: bool, ")).collect();
    let arms: String =
        (0..24).map(|i| format!("P {{ f{i}: true, f{}: false, .. }} => 1, ", (i + 7) % 24)).collect();
    checks(&format!(
        "struct P {{ {fields} }}\nfn f(p: P) -> int {{ match p {{ {arms} _ => 2 }} }}\nfn main() {{}}"
    ));
    checks(&format!("struct P {{ {fields} }}\nfn f(p: P) -> int {{ match p {{ {arms} }} }}\nfn main() {{}}"));
    let many: String = (0..3_000).map(|i| format!("f{i}: int, ")).collect();
    let all: String = (0..3_000).map(|i| format!("f{i}: 1, ")).collect();
    checks(&format!(
        "struct P {{ {many} }}\nfn f(p: P) -> int {{ match p {{ P {{ {all} }} => 1, _ => 2 }} }}\nfn main() {{}}"
    ));
}

/// Mutations of real programs: errors or a checked program that verifies, never a panic.
#[test]
fn mutated_programs() {
    let seeds = [
        include_str!("check_support/tour.mog"),
        "xs := [1, 2]\nfor i, x in xs { println(i, x) }\npub fn f(a: int, b: ?string = none) -> Result<int> { ok(a + b.unwrap_or(\"\").len) }",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound as u64) as usize
    };
    for round in 0..3_000 {
        let words: Vec<&str> = split(seeds[round % seeds.len()]);
        let mut words = words;
        for _ in 0..=random(3) {
            let (a, b) = (random(words.len()), random(words.len()));
            match random(4) {
                0 => drop(words.remove(a)),
                1 => words.swap(a, b),
                2 => words[a] = words[b],
                _ => words.insert(a, words[b]),
            }
        }
        checks(&words.concat());
    }
}

/// A source in pieces: words, strings, single characters.
fn split(source: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let length =
            if word(first) { rest.find(|c| !word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (piece, after) = rest.split_at(length);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

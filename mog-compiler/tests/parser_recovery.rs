//! All syntax errors of a file at once, and none that only follows from another.

mod tree;

use tree::{codes, dump};

#[test]
fn every_broken_statement_is_reported_once() {
    let source = "fn f() {\n  x := 1 +\n  y := 2 2\n  z := @\n  f(1, 2\n  a := [1, 2\n  b := 3\n}\nfn g(x) { y := ) }\nx: = 3\n";
    assert_eq!(
        codes(source),
        [
            "2:11 missing-value",
            "3:10 syntax",
            "4:8 unexpected-character",
            "5:4 unclosed-bracket",
            "6:8 unclosed-bracket",
            "9:6 missing-type",
            "9:16 syntax",
            "10:4 syntax",
        ]
    );
}

#[test]
fn what_is_right_is_kept() {
    let parsed = mog_compiler::parser::parse("a := 1\nb := $\nfn f() { c := (\n d := 2 }\ne := 3");
    assert_eq!(parsed.diagnostics.errors(), 2);
    let tree = dump(&parsed.ast);
    for part in ["let a = 1", "let d = 2", "let e = 3"] {
        assert!(tree.contains(part), "{tree}");
    }
}

#[test]
fn an_error_inside_brackets_stays_there() {
    assert_eq!(
        codes("f(1, 2 $ 3,\n 4)\ng(5 6,\n 7)\nh()"),
        ["1:8 unexpected-character", "3:5 missing-comma"]
    );
    assert_eq!(
        codes("x := [1, , 2]\ny := {\"a\": }\nz := f(a, |)"),
        ["1:10 syntax", "2:12 syntax", "3:12 syntax"]
    );
    assert_eq!(codes("f(fn() {\n x := := 1\n y := 2\n}, 3 4)"), ["2:7 syntax", "4:6 missing-comma"]);
}

#[test]
fn a_broken_head_does_not_hide_its_body() {
    assert_eq!(
        codes(
            "for i in in xs {\n x := ]\n}\nif a + { y := 1 1 }\nfn f(a: ) -> int { z := ) }\nmatch { 1 => ) }"
        ),
        [
            "1:10 syntax",
            "2:7 syntax",
            "4:8 syntax",
            "4:17 syntax",
            "5:9 syntax",
            "5:25 syntax",
            "6:7 missing-condition",
            "6:14 syntax"
        ]
    );
}

#[test]
fn brackets_that_do_not_match() {
    assert_eq!(codes("fn f() {\n  if a {\n    b()\n}\nfn g() { }\n"), ["2:8 unclosed-bracket"]);
    assert_eq!(codes("fn f() { }\n}\nfn g() { }"), ["2:1 stray-bracket"]);
    assert_eq!(codes("x := (1 + 2]\ny := 3 3"), ["1:12 wrong-bracket", "2:8 syntax"]);
    assert_eq!(codes("x := f(1\n}\ny := 2 2"), ["1:7 unclosed-bracket", "2:1 stray-bracket", "3:8 syntax"]);
    assert_eq!(codes("f(a)) + 1\ng()"), ["1:5 stray-bracket"]);
}

/// Where indentation says which brace is missing, the rest of the file is read as it was meant.
#[test]
fn indentation_tells_which_brace_is_missing() {
    let rest = "fn g() {\n  x := 1 1\n}\n";
    for (source, place) in [
        ("fn f() {\n  if a {\n    b()\n}\n", "2:8"),
        ("fn f() {\n  if a {\n    b()\n  }\n", "1:8"),
        ("fn f() {\n  m := match v {\n    1 => 2,\n  x: int = 3\n  f(\"a\")\n}\n", "2:16"),
        ("struct S {\n  a: int,\n\n", "1:10"),
        ("enum E {\n  A,\n", "1:8"),
    ] {
        let line = source.lines().count() + 2;
        let expected = [format!("{place} unclosed-bracket"), format!("{line}:10 syntax")];
        let found = codes(&format!("{source}{rest}"));
        assert_eq!(found, expected, "{source}");
    }
    // It is never asked about a program whose braces match.
    assert_eq!(codes("fn f() {\nif a {\nb()\n}\nfn g() {\nmatch x {\n_ => 1\n}\n}\n}\n"), [""; 0]);
}

#[test]
fn strings_that_do_not_end() {
    assert_eq!(codes("f(\"abc)\ng()\nh(\"d\""), ["1:3 unclosed-string", "3:2 unclosed-bracket"]);
    assert_eq!(
        codes("f(f\"a{b)\ng()\nx := f\"{y\" + 1\nz := 1 1"),
        ["1:3 unclosed-string", "3:6 unclosed-string", "4:8 syntax"]
    );
    assert_eq!(
        codes("x := f\"{a b}\"\ny := f\"{}\"\nz := f\"}\""),
        ["1:11 syntax", "2:8 f-string", "3:8 f-string-brace"]
    );
}

#[test]
fn declarations_go_on_after_an_error() {
    assert_eq!(
        codes("struct S { a int, b: int, : int }\nenum E { A, 1, B }\ntype T =\nfn f() { }"),
        ["1:12 missing-colon", "1:27 syntax", "2:13 syntax", "3:9 syntax"]
    );
    assert_eq!(codes("requires\nimport\nfn f() { }\nx := 1 1"), ["2:7 syntax", "4:8 syntax"]);
}

#[test]
fn the_end_may_come_anywhere() {
    let source = "import (a, b)\npub fn f(a: [int] = [1], b: {string: ?int}) -> Result<int> {\n  if a is some(x) and x > 0 { x?.y[1:2] } else { f\"{a:.2}b\" }\n  \
                  for i in 0..10 { match i { P { x, .. } if y => |z| z, _ => {\"k\": 1} } }\n  try { g(h: 1)? } catch(e) { return }\n}\n";
    for end in 0..source.len() {
        let codes = codes(&source[..end]);
        assert!(codes.len() <= 2, "{}\n{codes:?}", &source[..end]);
    }
}

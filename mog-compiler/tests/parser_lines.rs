//! Where a statement ends, and what may be a name.

mod tree;

use tree::{codes, tree};

#[test]
fn a_line_end_or_a_semicolon_ends_a_statement() {
    assert_eq!(tree("a := 1\nb := 2; c := 3;;\n"), "let a = 1\nlet b = 2\nlet c = 3");
    assert_eq!(tree("f()\n(a).b()\n[1].len()\n"), "(call f)\n(call (paren a).b)\n(call [1].len)");
    assert_eq!(tree("f()\r\ng()\r\n"), "(call f)\n(call g)");
    assert_eq!(tree("f() /* two\nlines */ g()"), "(call f)\n(call g)");
}

#[test]
fn a_line_goes_on_after_an_operator_a_comma_or_a_bracket() {
    assert_eq!(tree("x := 1 +\n 2 -\n 3"), "let x = (1 + 2 - 3)");
    assert_eq!(tree("x :=\n 1"), "let x = 1");
    assert_eq!(tree("x = not\n y"), "x = (not y)");
    assert_eq!(tree("requires a,\n b"), "requires a, b");
    assert_eq!(tree("x := f(\n 1\n , 2\n)"), "let x = (call f 1 2)");
    assert_eq!(tree("x := a.\n b"), "let x = a.b");
}

#[test]
fn a_line_goes_on_before_a_line_that_begins_with_an_operator() {
    assert_eq!(tree("x := a\n .b()\n ?\n .c"), "let x = (? (call a.b)).c");
    assert_eq!(tree("x := a\n + b\n and c\n == d"), "let x = ((a + b) and (c == d))");
    assert_eq!(tree("x := a\n as int\n || b"), "let x = ((a as int) or b)");
    assert_eq!(tree("x := a\n is some(v)"), "let x = (a is some!(v))");
    assert_eq!(tree("if a { }\nelse if b { }\nelse { }"), "(if a {} else if b {} else {})");
    assert_eq!(tree("try { }\ncatch(e)\n{ }"), "(try {} catch e {})");
    assert_eq!(tree("x := 0\n..3"), "let x = (0 .. 3)");
}

#[test]
fn minus_and_bar_begin_a_statement() {
    assert_eq!(tree("x := a\n-b"), "let x = a\n(- b)");
    assert_eq!(tree("x := a\n|b| b"), "let x = a\n(fn(b) <b>)");
}

#[test]
fn the_innermost_bracket_decides() {
    assert_eq!(tree("x := (a\n-b)"), "let x = (paren (a - b))");
    assert_eq!(tree("x := [a\n-b,\nc]"), "let x = [(a - b) c]");
    assert_eq!(tree("x := {\"a\"\n:\nb\n-c}"), "let x = {\"a\": (b - c)}");
    assert_eq!(tree("x := P {\na: b\n-c }"), "let x = (P {a: (b - c)})");
    assert_eq!(tree("x := a[b\n-c]"), "let x = (at a (b - c))");
    assert_eq!(tree("f(fn() {\n a := b\n -c\n d\n})"), "(call f (fn() {let a = b; (- c); d}))");
    assert_eq!(tree("f(|x| {\n g(x)\n (h)(x)\n})"), "(call f (fn(x) {(call g x); (call (paren h) x)}))");
    assert_eq!(tree("f({ g(\na\n-b\n)\n-c })"), "(call f {(call g (a - b)); (- c)})");
    assert_eq!(tree("x := (if a\n{ b }\nelse { c })"), "let x = (paren (if a {b} else {c}))");
}

#[test]
fn arms_end_at_commas_and_line_ends() {
    assert_eq!(
        tree("match x {\n 0 => a\n -1 => b\n 1 | 2\n | 3 => c,\n 4 => d, 5 => e\n}"),
        "(match x, 0 => a, (- 1) => b, (1 | 2 | 3) => c, 4 => d, 5 => e)"
    );
    assert_eq!(tree("match x {\n 0 => a\n + b\n _ =>\n c\n}"), "(match x, 0 => (a + b), _ => c)");
}

#[test]
fn a_brace_may_stand_on_the_next_line() {
    assert_eq!(tree("fn f()\n{ }\nif a\n{ }\nwhile b\n{ }"), "(fn f() {})\n(if a {})\nwhile b {}");
    assert_eq!(tree("struct S\n{ a: int }\nenum E\n{ A }"), "struct S {a: int}\nenum E {A}");
}

#[test]
fn blocks_need_nothing_after_them() {
    assert_eq!(tree("fn f() { if a { b() } c() }"), "(fn f() {(if a {(call b)}); (call c)})");
    assert_eq!(tree("fn f() { } fn g() { }"), "(fn f() {})\n(fn g() {})");
    assert_eq!(tree("fn f() { while a { } for i in b { } c }"), "(fn f() {while a {}; for i in b {}; c})");
}

#[test]
fn the_last_expression_without_semicolon_is_the_value() {
    assert_eq!(tree("fn f() { a; b }"), "(fn f() {a; b})");
    assert_eq!(tree("fn f() { a; b; }"), "(fn f() {a; b;})");
    assert_eq!(tree("fn f() {\n a\n b\n}"), "(fn f() {a; b})");
    assert_eq!(tree("fn f() { x = 1 }"), "(fn f() {x = 1;})");
    assert_eq!(tree("fn f() { return\n a }"), "(fn f() {return; a})");
}

#[test]
fn words_are_keywords_only_where_the_grammar_expects_them() {
    let words = [
        "ok",
        "err",
        "some",
        "to",
        "is",
        "all",
        "race",
        "soa",
        "tensor",
        "available",
        "type",
        "requires",
        "optional",
        "capability",
        "package",
        "map",
        "of",
        "step",
        "switch",
        "case",
        "default",
        "def",
        "function",
        "class",
        "new",
        "lambda",
        "var",
        "do",
        "then",
        "end",
        "print",
        "from",
        "with",
        "range",
        "f",
        "r",
        "b",
    ];
    for word in words {
        let source = format!(
            "{word} := 1\n{word} = {word} + 1\n{word}.x = {word}[0]\n{word}(1)\nfn g({word}: int) {{ {word} }}\n\
             x := ({word})\nfor {word} in {word} {{ {word} }}\ny: {word} = S {{ {word}: {word} }}\nlet {word} = |{word}| {word}\n\
             match x {{ {word} => {word}, _ => 0 }}\n{word} += 1\nz := f({word}: {word}) is {word}\n"
        );
        assert_eq!(codes(&source), [""; 0], "{word}");
    }
    for word in words {
        assert_eq!(
            tree(&format!("fn {word}({word}: {word}) {{ }}")),
            format!("(fn {word}({word}: {word}) {{}})")
        );
    }
}

#[test]
fn contextual_keywords_where_they_count() {
    assert_eq!(tree("for i := 1 to to { }"), "for i in (1 ..= to) {}");
    assert_eq!(tree("x := is is is"), "let x = (is is is)");
    assert_eq!(tree("type type = type"), "type type = type");
    assert_eq!(tree("requires requires"), "requires requires");
    assert_eq!(tree("is := 1\nis = 2"), "let is = 1\nis = 2");
}

#[test]
fn underscore_is_a_binding_that_binds_nothing() {
    assert_eq!(
        tree("_ := f()\n_ = f()\nfor _ in xs { }\nfor _, v in xs { }\ng := |_| 0\nfn h(_: int) { }"),
        "let _ = (call f)\nlet _ = (call f)\nfor _ in xs {}\nfor _, v in xs {}\nlet g = (fn(_) <0>)\n(fn h(_: int) {})"
    );
}

#[test]
fn keywords_are_no_names() {
    assert_eq!(codes("let match = 1"), ["1:5 keyword-as-name"]);
    assert_eq!(codes("fn if() { }"), ["1:4 keyword-as-name"]);
}

#[test]
fn beginnings_of_lines_are_noted() {
    for source in [
        "",
        "\n",
        "a := 1\n\n  b := 2\r\nc := 3",
        "#!/usr/bin/env mog\n// one\nf() /* two\n /* three\n */ lines */ g()\n",
        "s := f\"{a\n  + b} and\"\nt := \"x\\\ny\"\n",
        "xs := [\n  1,\n  2,\n]\n",
    ] {
        let parsed = mog_compiler::parser::parse(source);
        let ends = source.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let lines: Vec<u32> = std::iter::once(0).chain(ends.map(|(at, _)| at as u32 + 1)).collect();
        if !parsed.diagnostics.has_errors() {
            assert_eq!(parsed.ast.lines, lines, "{source:?}");
        }
    }
}

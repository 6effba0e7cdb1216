//! Sources of many shapes, each of any size: what a compiler may take more than linear time for.

use std::fmt::{Display, Write as _};

/// A source that has `n` of something.
pub type Shape = fn(n: usize) -> String;

/// The shapes with their names. Where a module cannot hold so many, compiling ends with an error that says so.
pub const SHAPES: &[(&str, Shape)] = &[
    ("statements in a function", |n| main(&lines(n, |i| format!("s = s * 3 + {i}")))),
    ("calls in a function", |n| {
        format!("fn f(x: int) -> int {{ x + 1 }}\n{}", main(&lines(n, |i| format!("s = f(s + {i})"))))
    }),
    ("terms of a sum", |n| main(&format!("s = 1{}", joined(n, "", |i| format!(" + s * {i}"))))),
    ("strings joined", |n| main(&format!("t := \"\"{}", joined(n, "", |i| format!(" + \"b{i}\""))))),
    ("conditions of an `or`", |n| {
        main(&format!("if s == 0{} {{ s = 1 }}", joined(n, "", |i| format!(" or s == {i}"))))
    }),
    ("functions", |n| {
        let functions = lines(n, |i| format!("fn f{i}(x: int) -> int {{ x + {i} }}"));
        functions + &main(&lines(n, |i| format!("s = f{i}(s)")))
    }),
    ("functions exported", |n| lines(n, |i| format!("pub fn f{i}(x: int) -> [int] {{ [x + {i}] }}"))),
    ("parameters of a function", |n| {
        let parameters = joined(n, ", ", |i| format!("p{i}: int"));
        format!(
            "fn f({parameters}) -> int {{ p1 }}\n{}",
            main(&format!("s = f({})", joined(n, ", ", |_| "s")))
        )
    }),
    ("fields of a struct", |n| {
        let fields = lines(n, |i| format!("    f{i}: int"));
        let values = joined(n, ", ", |i| format!("f{}: 1", n - 1 - i));
        let used = lines(n, |i| format!("s = v.f{i}"));
        format!("struct S {{\n{fields}}}\n{}", main(&format!("v := S {{ {values} }}\n{used}")))
    }),
    ("structs", |n| {
        let structs = lines(n, |i| format!("struct S{i} {{ a: int, b: string }}"));
        structs + &main(&lines(n, |i| format!("s = S{i} {{ a: 1, b: \"\" }}.a")))
    }),
    ("structs in columns", |n| {
        let structs = lines(n, |i| format!("struct S{i} {{ a: int }}"));
        structs + &lines(n, |i| format!("fn f{i}(x: soa S{i}) -> int {{ x[0].a }}")) + &main("")
    }),
    ("variants of an enum", |n| enum_of(n, "", "E.V1", "")),
    ("variants of an enum with payloads", |n| enum_of(n, "(int)", "E.V1(3)", "(_)")),
    ("arms of a match over ints", |n| {
        main(&format!("s = match s {{\n{}_ => 0\n}}", lines(n, |i| format!("{i} => {i}"))))
    }),
    ("arms of a match over strings", |n| {
        main(&format!("t := \"\"\ns = match t {{\n{}_ => 0\n}}", lines(n, |i| format!("\"k{i}\" => {i}"))))
    }),
    ("arms of a match with ranges", |n| {
        let arms = lines(n, |i| format!("{}..{} => {i}", 3 * i, 3 * i + 2));
        main(&format!("s = match s {{\n{arms}_ => 0\n}}"))
    }),
    ("alternatives of a pattern", |n| {
        main(&format!("s = match s {{\n{} => 1\n_ => 0\n}}", joined(n, " | ", |i| i)))
    }),
    ("elements of an array", |n| main(&format!("a := [{}]\ns = a.len", joined(n, ", ", |i| i)))),
    ("variables in an array", |n| main(&format!("a := [{}]\ns = a.len", joined(n, ", ", |_| "s")))),
    ("entries of a map", |n| {
        main(&format!("m := {{{}}}\ns = m.len", joined(n, ", ", |i| format!("\"k{i}\": {i}"))))
    }),
    ("links of an `else if` chain", |n| {
        main(&format!("if s < 0 {{ s = 1 }}{}", joined(n, "", |i| format!(" else if s == {i} {{ s = 2 }}"))))
    }),
    ("`if` after `if`", |n| main(&lines(n, |i| format!("if s < {i} {{ s += {i} }}")))),
    ("strings printed with names in braces", |n| {
        main(&(lines(n, |i| format!("v{i} := s")) + &lines(n, |i| format!("println(\"{{v{}}}\")", i / 2))))
    }),
    ("values printed", |n| main(&lines(n, |_| "println(1, 2.5, \"x\", s)".to_owned()))),
    ("capabilities", |n| main(&lines(n, |i| format!("c{i}.f({i})")))),
    ("arrays of a type found later", |n| main(&lines(n, |_| "x := []\nx.push(1)".to_owned()))),
    ("arrays of a type found by way of all of them", |n| {
        main(&format!("v0 := []\n{}v{n}.push(1)", lines(n, |i| format!("v{} := [v{i}[0]]", i + 1))))
    }),
    ("pieces of an f-string", |n| main(&format!("t := f\"{}\"", joined(n, "", |i| format!("a{i}{{s}}"))))),
    ("variables at once", |n| {
        main(&(lines(n, |i| format!("v{i} := s + {i}")) + &lines(n, |i| format!("s += v{i}"))))
    }),
    ("variables one after the other", |n| main(&lines(n, |i| format!("v{i} := s + {i}\ns = v{i}")))),
    ("variables that hide one another", |n| main(&lines(n, |_| "s := s + 1"))),
    ("variables of the module", |n| {
        lines(n, |i| format!("g{i} := {i}")) + &main(&lines(n, |i| format!("g{i} += 1")))
    }),
    ("constants", |n| {
        let constants = lines(n, |i| format!("const C{} = C{i} + 1", i + 1));
        format!("const C0 = 0\n{constants}{}", main(&lines(n, |i| format!("s = C{i}"))))
    }),
    ("type aliases", |n| "type T0 = int\n".to_owned() + &lines(n, |i| format!("type T{} = T{i}", i + 1))),
    ("loops", |n| main(&lines(n, |i| format!("for i in 0..{i} {{ s += i }}")))),
    ("constants of a loop", |n| {
        main(&format!("x := 0.0\nwhile x < 10.0 {{\n{}}}", lines(n, |i| format!("x = x * {i}.5"))))
    }),
    ("`try` blocks", |n| main(&lines(n, |i| format!("try {{ s += int(\"{i}\") }} catch {{ s = 0 }}")))),
    ("closures", |n| main(&lines(n, |i| format!("f{i} := fn(a: int) -> int {{ a + s }}\nf{i}({i})")))),
    ("variables of a closure", |n| {
        let captured = joined(n, " + ", |i| format!("v{i}"));
        main(&format!("{}f := fn() -> int {{ {captured} }}\ns = f()", lines(n, |i| format!("v{i} := {i}"))))
    }),
    ("types to infer", |n| main(&lines(n, |i| format!("a{i} := []\na{i}.push({i})")))),
    ("comments", |n| lines(n, |i| format!("// {i}"))),
    ("warnings", |n| main(&lines(n, |i| format!("w{i} := 1")))),
    ("names that nobody declared", |n| main(&lines(n, |i| format!("u{i}.x = q{i}")))),
    ("names that are nearly declared", |n| {
        let declared = lines(n, |i| format!("declared{i} := {i}"));
        main(&(declared + &lines(n, |i| format!("s += declare{i}"))))
    }),
    ("functions of one name", |n| lines(n, |_| "fn f() {}")),
    ("types that do not fit", |n| main(&lines(n, |i| format!("s = \"{i}\"")))),
    ("mistakes of syntax", |n| main(&lines(n, |_| "s = = 3 )"))),
    ("brackets nested", |n| main(&format!("s = {}1{}", "(".repeat(n), ")".repeat(n)))),
    ("brackets opened", |n| "(".repeat(n)),
    ("braces opened", |n| main(&lines(n, |_| "if s < 3 {"))),
    ("braces closed", |n| lines(n, |_| "}")),
    ("f-strings opened", |n| main(&format!("t := {}", "f\"{".repeat(n)))),
    ("comments opened", |n| "/*".repeat(n)),
    ("methods called on results", |n| main(&format!("t := \"\"{}", ".trim()".repeat(n)))),
];

/// About so many lines: functions of ten lines each, as a program has them, called in turn from `main`.
#[must_use]
pub fn program_of(lines: usize) -> String {
    let mut source = String::new();
    let count = lines / 10;
    for i in 0..count {
        // Writing to a string cannot fail.
        let _ = write!(
            source,
            "fn rate_{i}(amount: float, days: int, name: string) -> float {{
    total := amount
    for day in 0..days {{
        if total > 1000.0 {{ total = total * 0.99 }} else {{ total = total + (day as float) }}
    }}
    if name.starts_with(\"vip\") {{
        total = total / 2.0
    }}
    return total
}}
"
        );
    }
    source.push_str("pub fn first(n: int) -> int { n + 1 }\nfn main() {\n    sum := 0.0\n");
    for i in 0..count {
        let _ = writeln!(source, "    sum += rate_{i}(10.0, 3, \"vip\")");
    }
    source.push_str("    println(sum)\n}\n");
    source
}

/// A `main` with these statements after a variable `s`.
fn main(statements: &str) -> String {
    format!("fn main() {{\ns := 0\n{statements}\nprintln(s)\n}}\n")
}

/// An enum of so many variants, and a match over them all.
fn enum_of(n: usize, payload: &str, value: &str, pattern: &str) -> String {
    let variants = lines(n, |i| format!("    V{i}{payload}"));
    let arms = lines(n, |i| format!("V{i}{pattern} => {i}"));
    format!("enum E {{\n{variants}}}\n{}", main(&format!("v := {value}\ns = match v {{\n{arms}}}")))
}

fn joined<T: Display>(n: usize, separator: &str, piece: impl Fn(usize) -> T) -> String {
    let mut text = String::new();
    for i in 0..n {
        let separator = if i == 0 { "" } else { separator };
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}{}", piece(i));
    }
    text
}

fn lines<T: Display>(n: usize, line: impl Fn(usize) -> T) -> String {
    joined(n, "", |i| format!("{}\n", line(i)))
}

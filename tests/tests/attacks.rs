//! Programs that break sandboxes, each a test of its own name: the answer must be a typed exit, in time, without a
//! crash, and within the limits.
//!
//! Programs that can be read are in `attacks/`, with the directives of the conformance cases. Sources that no person
//! would write are made here: they compile and print what they should, or they are rejected; nothing in between.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use mog_tests::case::{self, Case};
use mog_tests::process::{Exit, Scratch};
use mog_tests::runner::{CommandRunner, Outcome, Runner, Variant};
use mog_tests::suite;

/// The longest that one run may take, in a debug build too.
const LIMIT: Duration = Duration::from_secs(10);

/// What the whole process may map, so that a limit checked after the allocation shows.
const ADDRESS_SPACE: u32 = 2048;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    match trials() {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err(message) => {
            eprintln!("attacks: {message}");
            ExitCode::FAILURE
        }
    }
}

fn trials() -> Result<Vec<Trial>, String> {
    let runner = Arc::new(CommandRunner::find(LIMIT)?.with_address_space(ADDRESS_SPACE));
    let mut trials = Vec::new();
    for case in case::read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("attacks"))? {
        let runner = runner.clone();
        trials.push(Trial::test(format!("stored/{}", case.name), move || {
            suite::check(&case, runner.as_ref(), &Variant::PLAIN)?;
            Ok(())
        }));
    }
    for made in valid_sources().into_iter().chain(broken_sources()) {
        let runner = runner.clone();
        trials.push(Trial::test(format!("made/{}", made.name), move || made.check(runner.as_ref())));
    }
    for work in WORK {
        let runner = runner.clone();
        trials.push(Trial::test(format!("charged/{}", work.name), move || work.check(runner.as_ref())));
    }
    trials.push(Trial::test("output_is_charged", move || output_is_charged(runner.as_ref())));

    let all: Vec<String> = trials.iter().map(|trial| trial.name().to_owned()).collect();
    trials.push(Trial::test("table", move || table_is_complete(&all)));
    let names: BTreeSet<&str> = trials.iter().map(Trial::name).collect();
    if names.len() < trials.len() { Err("two tests have one name".to_owned()) } else { Ok(trials) }
}

/// The README's table of attacks names every test, and no test that there is not.
fn table_is_complete(tests: &[String]) -> Result<(), Failed> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(&readme)?;
    let (_, section) = text.split_once("\n## Attacks\n").ok_or("the README has no section on attacks")?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let patterns: Vec<&str> = section
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|text| ["stored/", "made/", "charged/", "output_"].iter().any(|kind| text.starts_with(kind)))
        .collect();
    let matches = |pattern: &str, test: &str| match pattern.strip_suffix('*') {
        Some(start) => test.starts_with(start),
        None => test == pattern,
    };
    let unnamed = tests.iter().find(|test| !patterns.iter().any(|pattern| matches(pattern, test)));
    let stale = patterns.iter().find(|pattern| !tests.iter().any(|test| matches(pattern, test)));
    match (unnamed, stale) {
        (Some(test), _) => Err(format!("the README's table of attacks lacks {test}").into()),
        (None, Some(pattern)) => {
            Err(format!("the README's table of attacks names {pattern}, which is no test").into())
        }
        (None, None) => Ok(()),
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Sources made here

/// What is due of a made source.
enum Due {
    /// It is ordinary, only large: it must run and print this.
    Prints(String),
    /// A limit of the compiler's may refuse it; if it runs, it prints this.
    PrintsOrRejected(String),
    /// It is no program.
    Rejected,
}

struct Made {
    name: &'static str,
    source: Vec<u8>,
    due: Due,
}

impl Made {
    fn new(name: &'static str, source: impl Into<Vec<u8>>, due: Due) -> Self {
        Self { name, source: source.into(), due }
    }

    fn check(&self, runner: &dyn Runner) -> Result<(), Failed> {
        let outcome = run_source(runner, &self.source, &["--memory", "64M", "--steps", "100000000"])?;
        let (may_run, may_reject) = match &self.due {
            Due::Prints(text) => (Some(text), false),
            Due::PrintsOrRejected(text) => (Some(text), true),
            Due::Rejected => (None, true),
        };
        match outcome.exit {
            Exit::Code(65) if may_reject && !outcome.stderr.is_empty() => Ok(()),
            Exit::Code(0) if may_run.is_some_and(|text| text.as_bytes() == outcome.stdout) => Ok(()),
            _ => Err(unexpected(&outcome)),
        }
    }
}

fn run_source(runner: &dyn Runner, source: &[u8], args: &[&str]) -> Result<Outcome, Failed> {
    let scratch = Scratch::new()?;
    let path = scratch.write("case.mog", source)?;
    let args = args.iter().map(|&arg| arg.to_owned()).collect();
    Ok(runner.run(&Case { path, args, ..Case::default() }, Variant::Source)?)
}

fn unexpected(outcome: &Outcome) -> Failed {
    let head = |text: &str| text.chars().take(600).collect::<String>();
    let stdout = head(&String::from_utf8_lossy(&outcome.stdout));
    format!("exit {:?}\nstdout: {stdout}\nstderr: {}", outcome.exit, head(&outcome.stderr)).into()
}

/// `open` and `close` around `middle`, `depth` times.
fn nested(open: &str, depth: usize, middle: &str, close: &str) -> String {
    [&open.repeat(depth), middle, &close.repeat(depth)].concat()
}

fn in_main(body: &str) -> String {
    format!("fn main() {{\n{body}\n}}\n")
}

fn list(count: usize, separator: &str, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(separator)
}

/// Deep or long, but right.
fn valid_sources() -> Vec<Made> {
    use Due::{Prints, PrintsOrRejected};
    const DEEP: usize = 20_000;
    let prints = |text: &str| Prints(format!("{text}\n"));
    let perhaps = |text: &str| PrintsOrRejected(format!("{text}\n"));
    let x = |expression: String| in_main(&format!("x := 1\nt := true\nprintln({expression})"));
    vec![
        // Depth.
        Made::new("deep_parentheses", x(nested("(", DEEP, "x", ")")), perhaps("1")),
        Made::new("deep_blocks", in_main(&nested("{", DEEP, "println(1)", "}")), perhaps("1")),
        Made::new("deep_sums", x(nested("(x + ", DEEP, "x", ")")), perhaps("20001")),
        Made::new("deep_negation", x(nested("- ", DEEP, "x", "")), perhaps("1")),
        Made::new("deep_not", x(nested("!", DEEP, "t", "")), perhaps("true")),
        Made::new("deep_not_words", x(nested("not ", DEEP, "t", "")), perhaps("true")),
        Made::new("deep_casts", x(format!("x{}", " as int".repeat(DEEP))), perhaps("1")),
        Made::new(
            "deep_calls",
            format!("fn f(n: int) -> int {{ n }}\n{}", x(nested("f(", DEEP, "x", ")"))),
            perhaps("1"),
        ),
        Made::new("deep_indices", x(nested("[1, 1][", 5000, "x", "]")), perhaps("1")),
        Made::new("deep_ifs", in_main(&nested("if true {", DEEP, "println(1)", "}")), perhaps("1")),
        Made::new("deep_if_values", x(nested("if t { ", DEEP, "x", " } else { 2 }")), perhaps("1")),
        Made::new("deep_loops", in_main(&nested("for _ in 0..1 {", 5000, "println(1)", "}")), perhaps("1")),
        Made::new("deep_matches", x(nested("match x { 1 => ", 5000, "x", ", _ => 0 }")), perhaps("1")),
        Made::new(
            "deep_tries",
            in_main(&nested("try {", 5000, "println(1)", "} catch(e) { }")),
            perhaps("1"),
        ),
        Made::new("deep_closures", x(nested("(fn() -> int { ", 2000, "x", " })()")), perhaps("1")),
        Made::new("deep_f_strings", x(nested("f\"{", 5000, "x", "}\"")), perhaps("1")),
        Made::new("deep_arrays", x(format!("({}).len", nested("[", DEEP, "x", "]"))), perhaps("1")),
        Made::new(
            "deep_array_types",
            format!("fn f(x: {}) {{ }}\n{}", nested("[", DEEP, "int", "]"), x("x".into())),
            perhaps("1"),
        ),
        Made::new("deep_bars", x(nested("(|| ", DEEP, "x", ")()")), perhaps("1")),
        Made::new("deep_complements", x(nested("~", DEEP, "x", "")), perhaps("1")),
        Made::new("deep_maps", x(format!("({}).len", nested("{\"a\": ", DEEP, "x", "}"))), perhaps("1")),
        Made::new(
            "deep_options",
            in_main(&format!("x: {}int = none\nprintln(x == none)", "?".repeat(DEEP))),
            perhaps("true"),
        ),
        Made::new(
            "deep_else_blocks",
            in_main(&nested("if false { } else {", DEEP, "println(1)", "}")),
            perhaps("1"),
        ),
        Made::new(
            "deep_whiles",
            in_main(&nested("while true {", DEEP, "println(1)", " break }")),
            perhaps("1"),
        ),
        Made::new(
            "deep_map_types",
            format!("fn f(x: {}) {{ }}\n{}", nested("{int: ", DEEP, "int", "}"), x("x".into())),
            perhaps("1"),
        ),
        Made::new(
            "deep_future_types",
            format!("fn f(x: {}) {{ }}\n{}", nested("Future<", DEEP, "int", ">"), x("x".into())),
            perhaps("1"),
        ),
        Made::new("deep_functions", nested("fn f() {", DEEP, "", "}"), perhaps("")),
        Made::new(
            "deep_patterns",
            in_main(&format!(
                "match none {{ {} => {{}}, _ => println(1) }}",
                nested("some(", DEEP, "x", ")")
            )),
            perhaps("1"),
        ),
        Made::new(
            "deep_awaits",
            format!("async fn f(n: int) -> int {{ n }}\nasync {}", x(nested("await f(", DEEP, "x", ")"))),
            perhaps("1"),
        ),
        Made::new(
            "deep_array_suffixes",
            format!("fn f(x: int{}) {{ }}\n{}", "[]".repeat(DEEP), x("x".into())),
            perhaps("1"),
        ),
        Made::new(
            "deep_function_types",
            format!("fn f(x: {}) {{ }}\n{}", nested("fn(", DEEP, "int", ")"), x("x".into())),
            perhaps("1"),
        ),
        Made::new(
            "deep_result_types",
            format!("fn f(x: {}) {{ }}\n{}", nested("Result<", DEEP, "int", ">"), x("x".into())),
            perhaps("1"),
        ),
        Made::new(
            "deep_comments",
            format!("{}\n{}", nested("/*", DEEP, " ", "*/"), x("x".into())),
            perhaps("1"),
        ),
        // Length.
        Made::new("long_sum", x(list(200_000, " + ", |_| "x".to_owned())), perhaps("200000")),
        Made::new("long_constant_sum", x(list(200_000, " + ", |_| "1".to_owned())), perhaps("200000")),
        Made::new(
            "long_concatenation",
            x(format!("({}).len", list(20_000, " + ", |_| "\"ab\"".to_owned()))),
            perhaps("40000"),
        ),
        Made::new("long_logic", x(list(50_000, " and ", |_| "t".to_owned())), perhaps("true")),
        Made::new(
            "long_else_if",
            x(format!("{} {{ 7 }}", list(5000, " ", |i| format!("if x == {} {{ {i} }} else", i + 2)))),
            perhaps("7"),
        ),
        Made::new(
            "long_method_chain",
            in_main(&format!("println([1]{})", ".map(|x| x + 1)".repeat(2000))),
            perhaps("[2001]"),
        ),
        Made::new(
            "long_line",
            in_main(&format!("x := 0\n{}println(x)", "x += 1; ".repeat(100_000))),
            perhaps("100000"),
        ),
        Made::new(
            "ten_megabytes_of_spaces",
            in_main(&format!("{}println(1)", " ".repeat(10 << 20))),
            perhaps("1"),
        ),
        Made::new(
            "ten_megabytes_of_comment",
            in_main(&format!("/* {} */ println(1)", "x".repeat(10 << 20))),
            perhaps("1"),
        ),
        Made::new(
            "ten_megabyte_string",
            in_main(&format!("println(\"{}\".len)", "x".repeat(10 << 20))),
            perhaps("10485760"),
        ),
        Made::new(
            "ten_megabyte_name",
            in_main(&format!("{0} := 1\nprintln({0})", "x".repeat(5 << 20))),
            perhaps("1"),
        ),
        Made::new("ten_megabyte_line", format!("{} println(1)", "f(1); ".repeat(1_700_000)), Due::Rejected),
        Made::new(
            "ten_megabyte_sum",
            in_main(&format!("println({}1)", "1 + ".repeat(2_600_000))),
            perhaps("2600001"),
        ),
        Made::new(
            "many_closures",
            in_main(&format!("a := 1\n{}println(f())", "f := fn() { a }\n".repeat(20_000))),
            perhaps("1"),
        ),
        Made::new(
            "many_else_ifs",
            x(format!("{} {{ 7 }}", list(20_000, " ", |i| format!("if x == {} {{ {i} }} else", i + 2)))),
            perhaps("7"),
        ),
        Made::new(
            "many_functions",
            format!(
                "{}\nfn main() {{ println(f9999(1)) }}",
                list(10_000, "\n", |i| format!("fn f{i}(n: int) -> int {{ n + {i} }}"))
            ),
            perhaps("10000"),
        ),
        // Width: what a larger ordinary program may have.
        Made::new(
            "array_of_300",
            in_main(&format!(
                "x := 1\nxs := [{}]\nprintln(xs.len, xs.sum())",
                list(300, ", ", |i| format!("x * {i}"))
            )),
            prints("300 44850"),
        ),
        Made::new(
            "array_of_5000_constants",
            in_main(&format!("xs := [{}]\nprintln(xs.len, xs.sum())", list(5000, ", ", |i| i.to_string()))),
            prints("5000 12497500"),
        ),
        Made::new(
            "map_of_300",
            in_main(&format!(
                "m := {{{}}}\nprintln(m.len, m[\"k299\"])",
                list(300, ", ", |i| format!("\"k{i}\": {i}"))
            )),
            prints("300 299"),
        ),
        Made::new(
            "locals_300",
            in_main(&format!(
                "{}\nprintln({})",
                list(300, "\n", |i| format!("v{i} := [{i}].len + {i}")),
                list(300, " + ", |i| format!("v{i}"))
            )),
            prints("45150"),
        ),
        Made::new(
            "match_of_1000_arms",
            in_main(&format!(
                "x := [7].len + 776\nprintln(match x {{ {}, _ => -1 }})",
                list(1000, ", ", |i| format!("{i} => {}", i * 2))
            )),
            prints("1554"),
        ),
        Made::new(
            "calls_with_30_arguments",
            format!(
                "fn f({}) -> int {{ {} }}\nfn main() {{ println(f({})) }}",
                list(30, ", ", |i| format!("a{i}: int")),
                list(30, " + ", |i| format!("a{i}")),
                list(30, ", ", |i| i.to_string())
            ),
            prints("435"),
        ),
        Made::new(
            "calls_with_255_arguments",
            format!(
                "fn f({}) -> int {{ {} }}\nfn main() {{ println(f({})) }}",
                list(255, ", ", |i| format!("a{i}: int")),
                list(255, " + ", |i| format!("a{i}")),
                list(255, ", ", |i| i.to_string())
            ),
            perhaps("32385"),
        ),
        Made::new(
            "calls_with_1000_arguments",
            format!(
                "fn f({}) -> int {{ {} }}\nfn main() {{ println(f({})) }}",
                list(1000, ", ", |i| format!("a{i}: int")),
                list(1000, " + ", |i| format!("a{i}")),
                list(1000, ", ", |i| i.to_string())
            ),
            perhaps("499500"),
        ),
        Made::new(
            "println_of_300",
            in_main(&format!("println({})", list(300, ", ", |_| "1".to_owned()))),
            perhaps(&list(300, " ", |_| "1".to_owned())),
        ),
        Made::new(
            "struct_of_300_fields",
            format!(
                "struct S {{ {} }}\nfn main() {{ s := S {{ {} }}\nprintln(s.f0 + s.f299) }}",
                list(300, ", ", |i| format!("f{i}: int")),
                list(300, ", ", |i| format!("f{i}: {i}"))
            ),
            perhaps("299"),
        ),
        Made::new(
            "enum_of_300_variants",
            format!(
                "enum E {{ {} }}\nfn main() {{ e := E.V299(5)\nprintln(e == E.V299(5)) }}",
                list(300, ", ", |i| format!("V{i}(int)"))
            ),
            perhaps("true"),
        ),
        Made::new(
            "payload_of_300",
            format!(
                "enum E {{ V({}) }}\nfn main() {{ e := E.V({})\nprintln(e == e) }}",
                list(300, ", ", |_| "int".to_owned()),
                list(300, ", ", |i| i.to_string())
            ),
            perhaps("true"),
        ),
        Made::new(
            "captures_300",
            in_main(&format!(
                "{}\nf := fn() -> int {{ {} }}\nv0 = 1000\nprintln(f())",
                list(300, "\n", |i| format!("v{i} := [{i}].len")),
                list(300, " + ", |i| format!("v{i}"))
            )),
            perhaps("1299"),
        ),
        Made::new(
            "f_string_of_1000_parts",
            in_main(&format!("x := 1\nprintln(f\"{}\")", "{x}".repeat(1000))),
            perhaps(&"1".repeat(1000)),
        ),
        Made::new("no_line_end_at_the_end", "fn main() { println(1) }", prints("1")),
        Made::new("windows_line_ends", "fn main() {\r\n    x := 1\r\n    println(x)\r\n}\r\n", prints("1")),
        Made::new("byte_order_mark", "\u{feff}fn main() { println(1) }", perhaps("1")),
    ]
}

/// No programs at all.
fn broken_sources() -> Vec<Made> {
    use Due::Rejected;
    let mut made = vec![
        Made::new("invalid_utf8", b"fn main() { println(\"\xff\xfe\") }".to_vec(), Rejected),
        Made::new("invalid_utf8_in_a_comment", b"// \xc3\x28\nfn main() { }".to_vec(), Rejected),
        Made::new("utf8_cut_off", b"fn main() { println(\"\xe2\x82".to_vec(), Rejected),
        Made::new("surrogate_escape", "fn main() { println(\"\\u{D800}\") }", Rejected),
        Made::new("escape_beyond_unicode", "fn main() { println(\"\\u{110000}\") }", Rejected),
        Made::new(
            "endless_escape",
            format!("fn main() {{ println(\"\\u{{{}\") }}", "0".repeat(100_000)),
            Rejected,
        ),
        Made::new("nul_bytes", "\0".repeat(1000), Rejected),
        Made::new("nul_byte_between", "fn main() { x := 1\0println(x) }", Rejected),
        Made::new("nothing_but_operators", "+ ".repeat(100_000), Rejected),
        Made::new("nothing_but_quotes", "\"".repeat(100_001), Rejected),
        Made::new("nothing_but_backslashes", "\\".repeat(100_000), Rejected),
        Made::new("digits", format!("fn main() {{ println({}) }}", "9".repeat(1_000_000)), Rejected),
        Made::new("many_errors", in_main(&list(20_000, "\n", |i| format!("x{i} = y{i}"))), Rejected),
        Made::new(
            "struct_that_contains_itself",
            "struct S { s: S }\nfn f(s: S) -> int { 1 }\nfn main() { f(1) }",
            Rejected,
        ),
        Made::new("alias_of_itself", "type A = B\ntype B = [A]\nfn f(a: A) { }\nfn main() { }", Rejected),
    ];
    for (name, open) in [
        ("open_parentheses", "("),
        ("open_brackets", "["),
        ("open_braces", "{"),
        ("open_calls", "f("),
        ("open_f_strings", "f\"{"),
        ("open_comments", "/*"),
        ("open_functions", "fn f() {"),
        ("open_ifs", "if x {"),
        ("open_matches", "match x { 1 => "),
        ("open_types", "fn f(x: [["),
        ("open_closures", "|x| "),
        ("open_mixture", "([{"),
    ] {
        made.push(Made::new(name, format!("fn main() {{ x := {}", open.repeat(20_000)), Rejected));
    }
    made
}

// ---------------------------------------------------------------------------------------------------------------------
// Work costs steps in proportion

/// An operation on something of [`SIZE`] elements or bytes.
struct Work {
    name: &'static str,
    /// Runs once, before.
    setup: &'static str,
    /// An `int` expression that touches all of it.
    work: &'static str,
}

/// How much each operation touches, at least.
const SIZE: u64 = 100_000;

/// The most elements or bytes that one step may touch.
const PER_STEP: u64 = 256;

const TEXT: &str = "s := \"ab\".repeat(50000)\nt := \"ab\".repeat(50000)";
const INTS: &str = "xs := [7; 100000]\nys := [7; 100000]";
const FLOATS: &str = "xs := [0.5; 100000]";
const TENSORS: &str = "t := tensor<f16>.ones([100, 1000])\nu := tensor<f16>.ones([100, 1000])";
const ROW: &str = "struct P { x: int, y: float }";
const WORDS: &str = "ws := \"ab\".repeat(50000).chars()";
const MAP: &str = "m := {}\nfor i in 0..100000 { m[i] = i }";

const WORK: &[Work] = &[
    Work { name: "repeat", setup: "", work: "\"ab\".repeat(50000).len" },
    Work { name: "concatenation", setup: TEXT, work: "(s + t).len" },
    Work { name: "f_string", setup: TEXT, work: "f\"{s}.\".len" },
    Work { name: "contains", setup: TEXT, work: "if s.contains(\"zz\") { 1 } else { 2 }" },
    Work { name: "index_of", setup: TEXT, work: "s.index_of(\"bb\")" },
    Work { name: "ends_with", setup: TEXT, work: "if s.ends_with(t) { 1 } else { 2 }" },
    Work { name: "replace", setup: TEXT, work: "s.replace(\"ab\", \"c\").len" },
    Work { name: "replace_nothing", setup: TEXT, work: "s.replace(\"zz\", \"c\").len" },
    Work { name: "split", setup: TEXT, work: "s.split(\"b\").len" },
    Work { name: "lines", setup: "s := \"a\\n\".repeat(50000)", work: "s.lines().len" },
    Work { name: "chars", setup: TEXT, work: "s.chars().len" },
    Work { name: "bytes", setup: TEXT, work: "s.bytes().len" },
    Work { name: "upper", setup: TEXT, work: "s.upper().len" },
    Work { name: "trim", setup: "s := \" \".repeat(100000)", work: "s.trim().len" },
    Work { name: "pad", setup: "", work: "\"x\".pad_left(100000, \"-\").len" },
    Work { name: "string_equality", setup: TEXT, work: "if s == t { 1 } else { 2 }" },
    Work { name: "string_order", setup: TEXT, work: "if s < t { 1 } else { 2 }" },
    Work { name: "string_match", setup: TEXT, work: "match s { \"a\" => 1, r if r == t => 2, _ => 3 }" },
    Work { name: "string_as_a_key", setup: TEXT, work: "({s: 1})[t]" },
    Work { name: "fill", setup: "", work: "[0; 100000].len" },
    Work { name: "slice", setup: INTS, work: "xs[0:99999].len" },
    Work { name: "array_concat", setup: INTS, work: "xs.concat(ys).len" },
    Work { name: "array_equality", setup: INTS, work: "if xs == ys { 1 } else { 2 }" },
    Work { name: "array_contains", setup: INTS, work: "if xs.contains(8) { 1 } else { 2 }" },
    Work { name: "array_index_of", setup: INTS, work: "xs.index_of(8)" },
    Work { name: "reverse", setup: INTS, work: "xs.reverse().len" },
    Work { name: "sort", setup: INTS, work: "xs.sort().len" },
    Work { name: "sum", setup: INTS, work: "xs.sum()" },
    Work { name: "min", setup: INTS, work: "xs.min()" },
    Work { name: "insert_in_front", setup: INTS, work: "{ xs.insert(0, 1); xs.pop() }" },
    Work { name: "remove_from_the_front", setup: INTS, work: "{ xs.push(1); xs.remove(0) }" },
    Work { name: "join", setup: WORDS, work: "ws.join(\"\").len" },
    Work { name: "sort_strings", setup: WORDS, work: "ws.sort().len" },
    Work { name: "tensor", setup: FLOATS, work: "tensor<f16>([100, 1000], xs).size" },
    Work { name: "tensor_zeros", setup: "", work: "tensor<u8>.zeros([100, 1000]).size" },
    Work { name: "tensor_randn", setup: "", work: "tensor<f32>.randn([100, 1000], 1).size" },
    Work { name: "tensor_reshape", setup: TENSORS, work: "t.reshape([100000]).size" },
    Work { name: "tensor_transpose", setup: TENSORS, work: "t.transpose().size" },
    Work { name: "tensor_equality", setup: TENSORS, work: "if t == u { 1 } else { 2 }" },
    Work { name: "print_a_tensor", setup: TENSORS, work: "str(t).len" },
    Work { name: "tensor_to_any", setup: TENSORS, work: "(t as any).data.len" },
    Work { name: "soa", setup: "", work: "(soa P[100000]).len" },
    Work { name: "print_an_array", setup: INTS, work: "str(xs).len" },
    Work { name: "array_to_json", setup: INTS, work: "json_str(xs).len" },
    Work {
        name: "json_parse",
        setup: "s := \"[\" + \"1,\".repeat(50000) + \"1]\"",
        work: "if json_parse(s).is_ok() { 1 } else { 2 }",
    },
    Work { name: "array_to_any", setup: INTS, work: "if (xs as any) == (ys as any) { 1 } else { 2 }" },
    Work { name: "map_keys", setup: MAP, work: "m.keys().len" },
    Work { name: "map_values", setup: MAP, work: "m.values().len" },
    Work { name: "print_a_map", setup: MAP, work: "str(m).len" },
    Work { name: "parse_int", setup: "s := \"0\".repeat(100000) + \"1\"", work: "parse_int(s).unwrap_or(2)" },
    Work {
        name: "parse_float",
        setup: "s := \"0.\" + \"0\".repeat(100000) + \"1\"",
        work: "parse_float(s).unwrap_or(2.0) as int",
    },
];

impl Work {
    fn check(&self, runner: &dyn Runner) -> Result<(), Failed> {
        let (few, many) = (self.steps(runner, 1)?, self.steps(runner, 9)?);
        let each = many.saturating_sub(few) / 8;
        if each < SIZE / PER_STEP {
            return Err(format!("{each} steps for something of size {SIZE}").into());
        }
        Ok(())
    }

    fn steps(&self, runner: &dyn Runner, rounds: u32) -> Result<u64, Failed> {
        let Self { setup, work, .. } = self;
        let body = format!("{setup}\ntotal := 0\nfor _ in 0..{rounds} {{ total += {work} }}\nprintln(total)");
        let source = format!("{ROW}\n{}", in_main(&body));
        let outcome = run_source(runner, source.as_bytes(), &["--memory", "64M", "--steps", "1000000000"])?;
        match outcome.steps {
            Some(steps) if outcome.exit == Exit::Code(0) => Ok(steps),
            _ => Err(unexpected(&outcome)),
        }
    }
}

/// A million steps must not print without end.
fn output_is_charged(runner: &dyn Runner) -> Result<(), Failed> {
    let source = in_main("s := \"x\".repeat(100000)\nloop { print(s) }");
    let outcome = run_source(runner, source.as_bytes(), &["--memory", "1M", "--steps", "1000000"])?;
    if outcome.exit != Exit::Code(124) {
        return Err(unexpected(&outcome));
    }
    let most = 16 << 20;
    if outcome.stdout.len() > most {
        return Err(format!("{} bytes for a million steps", outcome.stdout.len()).into());
    }
    Ok(())
}

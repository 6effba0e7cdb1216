//! Programs that the checker accepts without a word, their checked form verified.

mod check_support;

use check_support::{accepted, accepted_main};
use mog_compiler::hir::{ExprKind, FailTo, Hir};

fn count(hir: &Hir, matches: impl Fn(&ExprKind) -> bool) -> usize {
    hir.exprs.iter().filter(|expr| matches(&expr.kind)).count()
}

#[test]
fn literals_take_the_expected_type() {
    accepted_main(
        "a: u8 = 255\nb: i8 = -128\nc: float = 3\nd: f32 = 1.5\ne: u64 = 18446744073709551615\nf: ?u8 = 7\nprintln(a, b, c, d, e, f)",
    );
    accepted_main("x: u8 = 1\nprintln(x + 1, 2 * x, x < 200, 255 == x)");
    accepted_main("xs: [float] = [1, 2.5]\nprintln(sqrt(2), max(1, xs[0]), pow(2.0, 3))");
    accepted_main(
        "println(-128 as i8, 300 as u8, -1 as u8, 18446744073709551615 as u64, 1 as float, true as int)",
    );
}

#[test]
fn types_found_from_later_use() {
    accepted_main("xs := []\nfor i in 0..3 { xs.push(i) }\nprintln(xs.sum())");
    accepted_main("m := {}\nfor w in [\"a\", \"b\"] { m[w] = m.get(w).unwrap_or(0) + 1 }\nprintln(m)");
    accepted_main("m := {}\nm.a = 1.5\nfor k, v in m { println(k + \"!\", v / 2.0) }");
    accepted_main("best := none\nfor x in [1, 2] { best = some(x) }\nprintln(best)");
    accepted_main("grid := []\nrow := []\ngrid.push(row)\nrow.push(1)\nprintln(grid)");
    accepted("xs := []\nfn add(x: int) { xs.push(x) }\npub fn run() { add(1) }");
}

#[test]
fn closures_take_their_types_from_the_call() {
    accepted_main(
        "xs := [1, 2, 3]\nprintln(xs.filter(fn(x) { x > 2 }), xs.filter(|x| x > 2), xs.map(|x| f\"{x}\").join(\",\"))",
    );
    accepted_main(
        "println([3, 1].sort(fn(a, b) { a - b }), [3, 1].sort(|a, b| a < b), [1, 2].reduce(\"\", |s, x| s + str(x)))",
    );
    accepted_main("add := |a, b| a + b\nprintln(add(\"x\", \"y\"))");
    accepted_main("add := |a, b| a + b\nprintln(add(1, 2))");
    accepted_main("n := 0\n[1, 2].for_each(|x| n += x)\nprintln(n)");
    accepted_main("m := {\"a\": 1}\n[\"a\"].for_each(|k| m.delete(k))");
    accepted(
        "fn apply(f: fn(int) -> int, x: int) -> int { f(x) }\nfn double(x: int) -> int { x * 2 }\nfn main() { println(apply(double, 2), apply(|x| x + 1, 2)) }",
    );
}

#[test]
fn captured_variables_are_boxed_when_assigned() {
    let boxed = |source| {
        let hir = accepted_main(source);
        hir.funcs.iter().flat_map(|f| &f.locals).filter(|l| l.boxed).count()
    };
    let only_c = "a := 1\nb := 2\nb = 3\nc := 0\nf := fn() { c += a }\nf()\nprintln(a, b, c)";
    assert_eq!(boxed(only_c), 2, "in main and in the closure");
    assert_eq!(boxed("a := 1\nf := fn() { g := fn() { a }\ng() }\na = 2\nprintln(f())"), 3);
}

#[test]
fn closures_can_call_themselves() {
    accepted_main("fact := fn(n: int) -> int { if n < 2 { 1 } else { n * fact(n - 1) } }\nprintln(fact(5))");
    accepted("fact := fn(n: int) -> int { if n < 2 { 1 } else { n * fact(n - 1) } }\nprintln(fact(5))");
}

#[test]
fn partial_operations_are_asked_by_their_place() {
    let asked = |hir: &Hir| {
        use mog_compiler::hir::Asked::Yes;
        count(hir, |kind| {
            matches!(
                kind,
                ExprKind::Index(_, _, Yes)
                    | ExprKind::Slice(_, _, _, Yes)
                    | ExprKind::Builtin(_, _, Yes)
                    | ExprKind::AnyField(_, _, Yes)
                    | ExprKind::CallImport(_, _, Yes)
            )
        })
    };
    assert_eq!(asked(&accepted_main("xs := [1]\nprintln(xs[0], xs.pop(), xs[0:1], parse_int(\"1\"))")), 0);
    assert_eq!(
        asked(&accepted_main(
            "xs := [1]\nprintln(xs[0].unwrap_or(1), (xs.pop()).unwrap_or(2), xs[0:1].unwrap_or([]))"
        )),
        3
    );
    assert_eq!(
        asked(&accepted_main(
            "xs := [1]\nif xs[0] is some(v) { println(v) }\nmatch parse_int(\"1\") { ok(n) => println(n), err(e) => println(e) }"
        )),
        2
    );
    assert_eq!(
        asked(&accepted_main(
            "m := {\"a\": 1}\na: ?int = m.a\nb: Result<int> = parse_int(\"1\")\nprintln(a, b, m[\"b\"] == none)"
        )),
        3
    );
    assert_eq!(
        asked(&accepted(
            "fn f(s: string) -> Result<int> { ok(parse_int(s)? + fs.read(s)?.len) }\nfn main() { println(f(\"1\")) }"
        )),
        2
    );
    // A plain value that is optional itself is not asked again.
    assert_eq!(
        asked(&accepted_main(
            "xs: [?int] = [1, none]\nprintln(xs[0].unwrap_or(3))\nif xs[1] is none { println(kv.get(\"a\").unwrap_or(\"\")) }"
        )),
        0
    );
    // Either form can be asked of either kind.
    assert_eq!(
        asked(&accepted_main(
            "a: ?int = parse_int(\"1\")\nb: Result<int> = [1][0]\nmatch parse_int(\"x\") { some(n) => println(n), none => println(a, b) }"
        )),
        3
    );
}

#[test]
fn question_returns_or_raises() {
    let to = |hir: &Hir, to| count(hir, |kind| matches!(kind, ExprKind::Try(_, t) if *t == to));
    let hir = accepted(
        "fn f() -> Result<int> { ok(parse_int(\"1\")?) }\nfn g() -> ?int { [1].first()? }\nfn main() { println(f(), g()) }",
    );
    assert_eq!((to(&hir, FailTo::Return), to(&hir, FailTo::Raise)), (2, 0));
    let hir = accepted(
        "fn f() -> Result<int> { ok(try { parse_int(\"1\")? } catch(e) { 0 }) }\nfn main() { println(f()?) }",
    );
    assert_eq!((to(&hir, FailTo::Return), to(&hir, FailTo::Raise)), (0, 2));
    let hir = accepted_main(
        "f := fn(s) { ok(parse_int(s)?) }\ng := fn(s: string) { parse_int(s)? }\nprintln(f(\"1\"), g(\"2\"))",
    );
    assert_eq!((to(&hir, FailTo::Return), to(&hir, FailTo::Raise)), (1, 1));
    accepted("fn f(s: string) -> ?int { some(parse_int(s)? + 1) }\nfn main() { println(f(\"1\")) }");
}

#[test]
fn failures_have_a_message_and_a_kind() {
    accepted_main("x := try { http.get(\"u\") } catch(e) { f\"{e} {e.kind} {e.len}\" }\nprintln(x)");
    accepted_main("try { println(parse_int(\"x\")) } catch(e) { f := fn() { e + e.kind }\nprintln(f()) }");
}

#[test]
fn is_binds_where_it_holds() {
    accepted_main(
        "x: ?int = 1\ny: ?int = 2\nif x is some(a) and y is some(b) and a < b { println(a, b) }\nwhile x is some(v) { println(v)\nx = none }",
    );
    accepted_main("x: ?int = 1\nprintln(x is some(a) and a > 0)\na := 3\nprintln(a)");
    accepted(
        "enum S { A(int), B }\nfn main() { s := S.A(1)\nif s is S.A(n) { println(n) }\nmatch s { A(n) if n > 1 => println(n), _ => {} } }",
    );
}

#[test]
fn matches() {
    accepted(
        "enum S { A(int), B, C(bool, ?int) }\nfn f(s: S) -> int { match s { S.A(n) => n, B => 1, C(true, some(x)) => x, C(false, _) | C(_, none) => 0 } }\nfn main() { println(f(S.B)) }",
    );
    accepted_main("x: u8 = 3\nmatch x { 0 => {}, 1..10 => {}, 10..=254 => {}, 255 => {} }");
    accepted_main("match (\"a\", 1)[0] { _ => {} }".replace("(\"a\", 1)[0]", "\"a\"").as_str());
    accepted(
        "const LIMIT = 10\nfn main() { match 3 { LIMIT => println(1), 0..LIMIT => println(2), _ => println(3) } }",
    );
    accepted(
        "struct P { x: int, y: int }\nfn main() { match (P { x: 1, y: 2 }) { P { x: 0, y } => println(y), P { x, .. } => println(x) } }",
    );
    accepted_main(
        "x: Result<?int> = ok(none)\nmatch x { ok(some(n)) => println(n), ok(none) => {}, err(\"none\") => {}, err(e) => println(e) }",
    );
    accepted_main("b := match 3 { 1 | 2 => \"a\", n if n > 5 => \"b\", n => str(n) }\nprintln(b)");
}

#[test]
fn unreachable_arms_are_warned_about() {
    for (source, dead) in [
        ("match 3 { 1 => {}, _ => {}, 2 => {} }", "2"),
        ("match 3 { 1..10 => {}, 5 => {}, _ => {} }", "5"),
        ("match true { true => {}, false => {}, _ => {} }", "_"),
        ("match some(3) { some(1) => {}, some(1) => {}, some(_) => {}, none => {} }", "some(1)"),
    ] {
        let source = format!("fn main() {{ {source} }}");
        let found = check_support::only(&source);
        assert_eq!(found.code, "unreachable-arm");
        assert_eq!(&source[found.span.start as usize..found.span.end as usize], dead, "{source}");
    }
}

#[test]
fn shadowing_in_a_loop_is_warned_about() {
    let source = "fn main() {\ntotal := 0\nfor x in [1] { total := total + x }\nprintln(total) }";
    let found = check_support::only(source);
    assert_eq!(found.code, "shadowed-in-loop");
    let fix = found.fix.as_ref().map(|fix| fix.replacement.as_str());
    assert_eq!(fix, Some("total = "));
    accepted_main("total := 0\ntotal := total + 1\nfor x in [1] { y := x + 1\nprintln(y) }\nprintln(total)");
}

#[test]
fn functions() {
    accepted(
        "fn f(a: int, b: int = 1, c: ?string = none, d: [int] = [1], e: float = 1) -> int { a + b + d.len }\nfn main() { println(f(1), f(1, 2), f(b: 1, a: 2), f(1, c: \"x\", e: 2.0)) }",
    );
    accepted(
        "fn even(n: int) -> bool { if n == 0 { true } else { odd(n - 1) } }\nfn odd(n: int) -> bool { if n == 0 { false } else { even(n - 1) } }\nfn main() { println(even(4)) }",
    );
    accepted("fn main() -> int { 3 }");
    accepted("fn main() -> Result<()> { if true { return err(\"x\") }\nok(()) }");
    accepted("fn main() -> Result<()> { ok() }");
    accepted("fn f() { return println(1) }\nfn main() { f() }");
    accepted(
        "fn f(x: int) -> int { loop { if x > 3 { return x }\nx += 1 } }\nfn g(x: int) -> int { match x { 0 => return 1, _ => panic(\"no\") } }\nfn main() { println(f(1), g(0)) }",
    );
    accepted(
        "fn main() { fn inner(x: int) -> int { x + 1 }\nstruct P { x: int }\nprintln(inner(2), P { x: 1 }) }",
    );
}

#[test]
fn named_arguments_run_in_the_order_written() {
    let hir = accepted(
        "fn f(a: int, b: int) -> int { a - b }\nfn g(x: int) -> int { println(x)\nx }\nfn main() { println(f(b: g(1), a: g(2))) }",
    );
    assert!(count(&hir, |kind| matches!(kind, ExprKind::Let(..))) >= 2);
}

#[test]
fn compound_assignment_computes_its_place_once() {
    let hir = accepted("fn i() -> int { 0 }\nfn xs() -> [int] { [1] }\nfn main() { xs()[i()] += 1 }");
    assert_eq!(count(&hir, |kind| matches!(kind, ExprKind::Call(..))), 2);
    accepted(
        "struct P { xs: [int], s: string }\nfn main() { p := P { xs: [1], s: \"\" }\np.xs[0] *= 2\np.s += \"x\"\nm := {\"a\": 1}\nm.a += 1\nm[\"a\"] -= 1\nprintln(p, m) }",
    );
}

#[test]
fn constants_are_folded() {
    let hir = accepted(
        "const A = B * 2 + 1\nconst B = 10\nconst S = \"a\" + \"b\"\nconst N: u8 = 200\nconst X = [1, B]\nfn main() { println(A, S, N, X) }",
    );
    assert_eq!(count(&hir, |kind| matches!(kind, ExprKind::Int(21))), 1);
    assert!(hir.strings.iter().any(|s| s == "ab"));
    assert_eq!(hir.globals.len(), 1, "only the array");
}

#[test]
fn module_state() {
    let hir = accepted(
        "count := 0\nseen := {}\nscratch := 5\npub fn hit(name: string) -> int { count += 1\nseen[name] = count\ncount }\nprintln(scratch)",
    );
    let names: Vec<&str> = hir.globals.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(names, ["count", "seen"], "what no function sees is local to the initialiser");
    let exports: Vec<&str> = hir.exports.iter().map(|e| e.0.as_str()).collect();
    assert_eq!(exports, ["hit", "main"]);
    let hir = accepted("println(1)");
    assert_eq!(hir.exports.len(), 1);
    assert!(hir.init.is_some());
    let hir = accepted("pub fn f() {}");
    assert_eq!(hir.exports.len(), 1);
}

#[test]
fn output_is_one_string() {
    let hir = accepted_main("print(1, \"a\", [2])\nprintln()\nprint_i64(3)\nprintln_string(\"x\")");
    let names: Vec<&str> = hir.imports.iter().map(|i| i.function.as_str()).collect();
    assert_eq!(names, ["print", "println"]);
    assert!(hir.imports.iter().all(|i| i.capability == "out" && i.params.len() == 1));
}

#[test]
fn compared_with_none() {
    accepted_main(
        "m: Map = {\"a\": none}\nx: ?int = 1\nk := kv.get(\"a\") == none\nprintln(m.a == none, m.a.b != none, none == x, [1].first() == none, m[\"q\"] == none, k, bot.go() == none)",
    );
    check_support::rejected_main("println(⟦parse_int(\"1\") == none⟧)", "never-none", "`int` is never none");
}

#[test]
fn any_and_maps() {
    accepted_main(
        "m: Map = {\"a\": 1, \"b\": [1, 2], \"c\": {\"d\": none}}\nm.x = \"y\"\nprintln(m.a == 1, none != m.a, m[\"b\"][0], m.c.d)",
    );
    accepted_main(
        "x := json_parse(\"[1]\")\nfor v in x { println(v) }\nfor k, v in x { println(k, v) }\nprintln(x as [int], (x[0] as int).unwrap_or(0), x.len, x.k.unwrap_or(3))",
    );
    accepted(
        "struct P { x: int }\nfn main() { p := json_parse(\"{}\") as P\nprintln(p.x, p as any, json_str(p)) }",
    );
    accepted_main("a := 5 as any\nb: any = \"x\"\nprintln(a, b, [1, 2] as any)");
}

#[test]
fn long_else_if_chains_stay_flat() {
    let arms: String = (0..500).map(|i| format!("else if x == {i} {{ {i} }} ")).collect();
    let hir = accepted(&format!(
        "fn f(x: int) -> int {{ if x < 0 {{ 0 }} {arms} else {{ 1 }} }}\nfn main() {{ println(f(1)) }}"
    ));
    assert_eq!(count(&hir, |kind| matches!(kind, ExprKind::If(..))), 0);
}

#[test]
fn arrays_of_new_objects_are_not_shared() {
    let hir = accepted_main("grid := [[0; 3]; 2]\ngrid[0][1] = 5\nprintln(grid, [0; 4])");
    assert_eq!(count(&hir, |kind| matches!(kind, ExprKind::ArrayFill(..))), 2, "rows and plain numbers");
    assert_eq!(count(&hir, |kind| matches!(kind, ExprKind::ForRange(..))), 1);
}

//! Capabilities and imported modules.

mod check_support;

use check_support::{accepted, accepted_with, only, only_with, rejected_main};
use mog_compiler::check::CheckOptions;
use mog_compiler::diagnostic::Severity;
use mog_compiler::hir::{ExprKind, Hir};
use mog_compiler::types::Types;

fn import<'h>(hir: &'h Hir, name: &str) -> &'h mog_compiler::hir::Import {
    let found = hir.imports.iter().find(|i| format!("{}.{}", i.capability, i.function) == name);
    assert!(found.is_some(), "no import {name}");
    found.unwrap_or(&hir.imports[0])
}

#[test]
fn standard_capabilities_have_types() {
    let hir = accepted(
        "fn main() { log.write(\"hi\")\nt := time.now() + 1\nv := kv.get(\"a\").unwrap_or(\"\")\nks := kv.list()\nn := random.int(1, hi: 6)\ntrace.event(\"x\", {\"a\": 1, \"b\": \"two\"})\nhttp.get(\"https://evil.com\")\nprintln(t, v, ks.len, n) }",
    );
    assert_eq!(import(&hir, "time.now").ret, Types::INT);
    assert_eq!(import(&hir, "http.get").ret, Types::STR);
    assert!(import(&hir, "http.get").is_async);
    assert_eq!(import(&hir, "kv.list").params.len(), 1, "the default is filled in");
    assert!(hir.imports.iter().all(|i| i.declared));
}

#[test]
fn undeclared_capabilities_take_and_give_any() {
    let hir = accepted(
        "fn main() { x := robot.turn(90, \"left\")\nrobot.turn(1)\nprintln(x.state, robot.speed() as float) }",
    );
    assert_eq!(
        import(&hir, "robot.turn").params.iter().map(|p| p.1).collect::<Vec<_>>(),
        [Types::ANY, Types::ANY]
    );
    assert_eq!(hir.imports.iter().filter(|i| i.function == "turn").count(), 2, "one for each shape");
    assert!(
        hir.imports.iter().filter(|i| i.capability == "robot").all(|i| !i.declared && i.ret == Types::ANY)
    );
}

#[test]
fn optional_capabilities_are_named_for_the_machine() {
    let hir = accepted(
        "optional log, kv\nfn main() { log.write(\"a\")\nif log.available { println(kv.get(\"x\"), kv.list()) } }",
    );
    assert_eq!(hir.optional, ["log", "kv"]);
    let available = |kind: &ExprKind| matches!(kind, ExprKind::Available(_));
    assert_eq!(hir.exprs.iter().filter(|e| available(&e.kind)).count(), 1);
}

#[test]
fn requires() {
    let hir = accepted("requires fs, http\nfn main() { println(fs.read(\"a\")) }");
    assert_eq!(hir.requires, ["fs", "http"]);
    assert_eq!(only("requires fs\noptional fs\nfn main() {}").code, "required-and-optional");
}

#[test]
fn wrong_arguments_of_a_declared_capability() {
    rejected_main("log.write(⟦1⟧)", "type-mismatch", "expected `string`");
    rejected_main("kv.⟦set⟧(\"a\")", "missing-argument", "value: string");
}

#[test]
fn likely_typing_errors_are_warned_about() {
    let found = only("fn main() { lgo.write(\"x\") }");
    assert_eq!((found.severity, found.code), (Severity::Warning, "unknown-capability"));
    let found = only("fn main() { log.wrte(\"x\") }");
    assert_eq!((found.severity, found.code), (Severity::Warning, "unknown-function"));
    let found = only("fn main() { items := [1]\nitms.push(2)\nprintln(items) }");
    assert_eq!(found.fix.map(|fix| fix.replacement), Some("items".to_owned()));
}

#[test]
fn host_declarations() {
    let host = "capability db {\n    struct Row { id: int, name: string }\n    fn rows(query: string, limit: int = 10) -> [Row]\n}\ncapability log { fn write(message: string, level: int) }";
    let options = CheckOptions { declarations: &[("the host", host)], ..CheckOptions::default() };
    let hir = accepted_with(
        "fn first(rows: [Row]) -> string { rows[0].name }\nfn main() { r: db.Row = db.rows(\"x\")[0]\nprintln(first(db.rows(\"q\", limit: 1)), r.id)\nlog.write(\"a\", 1)\nlog.info(\"b\") }",
        &options,
    );
    assert_eq!(import(&hir, "log.write").params.len(), 2, "the host's declaration wins");
    assert!(import(&hir, "log.info").declared);
    let options = CheckOptions {
        declarations: &[("the host", "capability db { fn f(x: Nope) }")],
        ..CheckOptions::default()
    };
    let found = only_with("fn main() { db.f(1) }", &options);
    assert!(found.message.contains("the host, line 1"), "{found:?}");
}

fn with_modules<'m>(modules: &'m [(&'m str, &'m str)]) -> impl Fn(&str) -> Option<String> + 'm {
    |name| modules.iter().find(|(known, _)| *known == name).map(|(_, source)| (*source).to_owned())
}

#[test]
fn modules() {
    let geometry = "import (scale)\nconst UNIT = 2\ncalls := 0\npub struct Point { x: int, y: int }\npub enum Kind { Flat, Round(int) }\npub fn area(p: Point, by: int = UNIT) -> int { calls += 1\np.x * p.y * scale.factor(by) }";
    let sources = [("geometry", geometry), ("scale", "pub fn factor(x: int) -> int { x + 1 }")];
    let imports = with_modules(&sources);
    let options = CheckOptions { imports: &imports, ..CheckOptions::default() };
    let main = "import geometry\nfn f(p: geometry.Point) -> int { geometry.area(p) }\nfn main() { println(f(geometry.Point { x: 1, y: geometry.UNIT }), geometry.calls)\nk := geometry.Kind.Round(1)\nmatch k { geometry.Kind.Round(geometry.UNIT) => {}, geometry.Kind.Round(n) => println(n), Flat => {} } }";
    let hir = accepted_with(main, &options);
    let names: Vec<&str> = hir.modules.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["geometry", "scale"]);
    let files: Vec<(&str, u32)> = hir
        .funcs
        .iter()
        .zip(&hir.func_files)
        .map(|(f, file)| (f.name.as_str(), *file))
        .filter(|f| f.0 != "init")
        .collect();
    assert_eq!(files, [("factor", 2), ("area", 1), ("f", 0), ("main", 0)]);
    let exports: Vec<&str> = hir.exports.iter().map(|e| e.0.as_str()).collect();
    assert_eq!(exports, ["main"], "a module's functions are not the host's to call");
}

#[test]
fn modules_that_cannot_be_imported() {
    let imports = with_modules(&[("a", "import b"), ("b", "import a"), ("c", "fn f() -> int { \"x\" }")]);
    let options = CheckOptions { imports: &imports, ..CheckOptions::default() };
    assert_eq!(only_with("import a\nfn main() {}", &options).code, "import-cycle");
    assert_eq!(only_with("import zzz\nfn main() { zzz.f() }", &options).code, "unknown-module");
    let found = only_with("import c\nfn main() { println(c.f()) }", &options);
    assert_eq!((found.code, found.file.0), ("type-mismatch", 1), "an error names the module's file");
    let found = only_with(
        "import c\nfn main() { println(c.g()) }",
        &CheckOptions { imports: &with_modules(&[("c", "fn gg() {}")]), ..CheckOptions::default() },
    );
    assert_eq!(found.code, "unknown-name");
}

#[test]
fn imports_never_leave_the_directory() {
    let asked = std::cell::RefCell::new(Vec::new());
    let imports = |name: &str| {
        asked.borrow_mut().push(name.to_owned());
        None
    };
    let options = CheckOptions { imports: &imports, ..CheckOptions::default() };
    for path in ["../secret", "/etc/passwd", "a/../../b", "a\\\\b", ".hidden", "a//b", "C:x"] {
        let parsed = mog_compiler::parser::parse(&format!("import \"{path}\"\nfn main() {{}}"));
        let (_, found) = mog_compiler::check::check("", &parsed.ast, &options);
        assert!(parsed.diagnostics.has_errors() || found.has_errors(), "{path}");
    }
    assert!(asked.borrow().is_empty(), "{asked:?}");
}

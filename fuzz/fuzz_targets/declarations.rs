//! Any text as declarations of capabilities, and a program that uses them: errors at worst, each with its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mog::Compiler;

const PROGRAM: &str = r#"
fn main() {
    first := host.read("name", 1)
    second := await host.later([1.5], {"a": true})
    host.call(|x| x)
    println(first, second)
}"#;

fuzz_target!(|declarations: &str| {
    if let Err(error) = Compiler::new().declare(declarations).compile(PROGRAM) {
        let report = error.report();
        assert!(!report.render(false).is_empty());
        assert!(report.diagnostics().iter().all(|found| found.code != "internal-error"), "{report}");
    }
});

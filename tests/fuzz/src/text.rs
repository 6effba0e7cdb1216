//! Targets whose input is text: sources, declarations, policies, JSON; and bytes that choose a program.

use mog::policy::Policy;
use mog::{CapabilitySet, Compiler, Program, Runtime, Value};
use mog_tests::{differential, generate};

use crate::input;

/// Any text given to the compiler: what compiles must load again from its bytes and run in 64 KB.
pub(crate) fn source(bytes: &[u8]) {
    let Some(source) = input::<&str>(bytes) else { return };
    let mut capabilities = CapabilitySet::new();
    for name in ["log", "trace", "kv", "random"] {
        capabilities.grant_standard(name).expect("a standard capability");
    }
    let program = match Compiler::with(&capabilities).compile(source) {
        Ok(program) => program,
        Err(error) => {
            let report = error.report();
            assert!(!report.render(false).is_empty() && !report.to_json_lines().is_empty());
            assert!(report.diagnostics().iter().all(|found| found.code != "internal-error"), "{report}");
            return;
        }
    };
    let _ = program.warnings().render(false);
    let program = Program::load(&program.to_bytes()).expect("what the compiler makes can be loaded");
    let limits =
        Runtime::builder().memory(64 << 10).steps(10_000).output(std::io::sink()).log(std::io::sink());
    if let Ok(mut runtime) = limits.build(program, capabilities) {
        let first = runtime.execute().map_err(|error| error.to_string());
        let _ = (first, runtime.resume(), runtime.execute());
    }
}

const DECLARED: &str = r#"
fn main() {
    first := host.read("name", 1)
    second := await host.later([1.5], {"a": true})
    host.call(|x| x)
    println(first, second)
}"#;

/// Any text as declarations of capabilities, and a program that uses them: errors at worst, each with its place.
pub(crate) fn declarations(bytes: &[u8]) {
    let Some(declarations) = input::<&str>(bytes) else { return };
    if let Err(error) = Compiler::new().declare(declarations).compile(DECLARED) {
        let report = error.report();
        assert!(!report.render(false).is_empty());
        assert!(report.diagnostics().iter().all(|found| found.code != "internal-error"), "{report}");
    }
}

const AGAIN: &str = r#"
pub fn again(text: string) -> Result<string> {
    value := json_parse(text)?
    ok(json_str(value))
}
"#;

/// Any text given to `json_parse`: what it accepts is JSON, and what it reads back is the same value.
pub(crate) fn json(bytes: &[u8]) {
    let Some(text) = input::<&str>(bytes) else { return };
    let program = mog::compile_mog_source(AGAIN).expect("the program compiles");
    let mut runtime = Runtime::builder()
        .memory(256 << 10)
        .steps(1_000_000)
        .build(program, CapabilitySet::new())
        .expect("the program starts");
    let mut again = |text: &str| match runtime.call("again", (text.to_owned(),)) {
        Ok(Value::Str(text)) => Some(text),
        _ => None,
    };
    if let Some(once) = again(text) {
        assert!(serde_json::from_str::<serde_json::Value>(&once).is_ok(), "{once}");
        assert_eq!(again(&once).as_ref(), Some(&once));
    }
}

/// Any text as a policy: what is accepted is the same after it was written and read again, and grants nothing that it
/// denies.
pub(crate) fn policy(bytes: &[u8]) {
    let Some(Ok(policy)) = input::<&str>(bytes).map(Policy::parse) else { return };
    let written = policy.to_toml().expect("what was read can be written");
    let again = Policy::parse(&written).expect("what was written can be read");
    assert_eq!(again, policy, "{written}");
    // Sections that name folders would open them.
    if policy.fs.is_none() && policy.kv.is_none() {
        let _ = policy.capabilities();
    }
}

/// Well-typed programs from any bytes: all ways to run one agree with the evaluator.
pub(crate) fn programs(bytes: &[u8]) {
    let source = generate::program(bytes);
    if let Err(difference) = differential::check(&source, &mut differential::Counts::default()) {
        panic!("{difference}\n{source}");
    }
}

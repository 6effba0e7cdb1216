//! Any text given to the compiler; what compiles must load again from its bytes and run in 64 KB.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mog::{CapabilitySet, Compiler, Program, Runtime};

fuzz_target!(|source: &str| {
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
});

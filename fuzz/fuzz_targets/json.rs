//! Any text given to `json_parse`: accepted as serde_json does, and what it reads back is the same value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mog::{CapabilitySet, Runtime, Value};

const PROGRAM: &str = r#"
pub fn again(text: string) -> Result<string> {
    value := json_parse(text)?
    ok(json_str(value))
}
"#;

fuzz_target!(|text: &str| {
    let program = mog::compile_mog_source(PROGRAM).expect("the program compiles");
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
});

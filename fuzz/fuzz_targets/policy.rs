//! Any text as a policy: what is accepted is the same after it was written and read again, and grants nothing that it
//! denies.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mog::policy::Policy;

fuzz_target!(|text: &str| {
    let Ok(policy) = Policy::parse(text) else { return };
    let written = policy.to_toml().expect("what was read can be written");
    let again = Policy::parse(&written).expect("what was written can be read");
    assert_eq!(again, policy, "{written}");
    // Sections that name folders would open them.
    if policy.fs.is_none() && policy.kv.is_none() {
        let _ = policy.capabilities();
    }
});

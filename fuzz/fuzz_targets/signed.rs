//! Changed signed modules: only the one that was signed is opened.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mog_signature::{Limits, SecretKey, Trust, is_signed, open, sign};

static SIGNED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let program = mog::compile_mog_source("fn main() { println(1) }").expect("the program compiles");
    let key = SecretKey::new(&[7; 32]);
    sign(&key, "fuzzed", 3, Limits::default(), &program.to_bytes()).expect("it can be signed")
});

fuzz_target!(|input: (Vec<(u16, u8)>, Option<u16>, Vec<u8>)| {
    let (changes, cut, any) = input;
    let keys = [SecretKey::new(&[7; 32]).public()];
    let trust = Trust::new(&keys);
    let mut changed = SIGNED.clone();
    for (at, byte) in changes {
        let len = changed.len();
        changed[usize::from(at) % len] = byte;
    }
    changed.truncate(cut.map_or(changed.len(), usize::from));
    assert_eq!(open(&changed, &trust).is_ok(), changed == *SIGNED);
    let _ = is_signed(&any);
    assert!(open(&any, &trust).is_err() || any == *SIGNED);
});

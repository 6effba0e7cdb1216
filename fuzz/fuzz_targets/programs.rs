//! Well-typed programs from random bytes: the independent evaluator, both dispatchers and forced collection agree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mog_tests::{differential, generate};

fuzz_target!(|bytes: &[u8]| {
    let source = generate::program(bytes);
    if let Err(difference) = differential::check(&source, &mut differential::Counts::default()) {
        panic!("{difference}\n{source}");
    }
});

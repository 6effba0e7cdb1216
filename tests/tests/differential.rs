//! Generated programs: the machine does what the evaluator says, on both dispatchers, with a collection at every
//! allocation, and saved and restored on the way; dispatchers and saved runs take the same steps.
//!
//! `PROPTEST_CASES` says how many programs, `PROPTEST_RNG_SEED` which; by default always the same ones. What it finds
//! becomes a case below `conformance/`.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use mog::Compiler;
use mog_tests::differential::{Counts, check, disassembles};
use mog_tests::{case, generate};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

/// Programs by default: a few seconds.
const CASES: u32 = 400;

/// The bytes of a program, shown as its source.
#[derive(Clone)]
struct Bytes(Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", generate::program(&self.0))
    }
}

/// The listing of every stored program's code says all that is in it.
#[test]
fn code_is_what_the_disassembler_says() {
    for case in
        case::read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")).expect("stored cases")
    {
        let source = fs::read_to_string(&case.path).unwrap_or_default();
        // What needs more than its own text is not compiled here.
        let Ok(program) = Compiler::new().compile(&source) else { continue };
        disassembles(&program).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
}

#[test]
fn the_machine_does_what_the_evaluator_says() {
    let mut config = Config { failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    let cases = config.cases;
    let counts = Mutex::new(Counts::default());
    let bytes = prop::collection::vec(any::<u8>(), 0..2500).prop_map(Bytes);
    let outcome = TestRunner::new(config).run(&bytes, |bytes| {
        let source = generate::program(&bytes.0);
        let mut counts = counts.lock().expect("counts");
        check(&source, &mut counts).map_err(TestCaseError::fail)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let counts = counts.into_inner().expect("counts");
    eprintln!("{counts:#?}");
    assert!(counts.compared * 2 > cases, "too few programs are compared: {counts:?}");
}

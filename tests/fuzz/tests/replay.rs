//! The fuzz targets without libFuzzer: each with its stored inputs, `fuzz/regressions/<target>/`, which were findings or
//! reach what others do not, and with bytes by chance, always the same.

use std::fs;
use std::path::{Path, PathBuf};

use mog_fuzz_harness::{TARGETS, run};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Inputs by chance for each target.
const CASES: u32 = 64;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/regressions")
}

/// A panic of a target is printed behind the name of the file that shows it.
#[test]
fn stored_inputs_are_no_findings() {
    for (name, target) in TARGETS {
        let entries = fs::read_dir(folder().join(name)).expect("each target has stored inputs");
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
        files.sort();
        assert!(!files.is_empty(), "{name} has no stored inputs");
        for file in files {
            eprintln!("{}", file.display());
            target(&fs::read(&file).expect("it can be read"));
        }
    }
}

#[test]
fn each_folder_of_stored_inputs_belongs_to_a_target() {
    for entry in fs::read_dir(folder()).expect("stored inputs") {
        let name = entry.expect("a folder").file_name();
        // That one is replayed in `targets/c-abi`.
        let known = TARGETS.iter().any(|(target, _)| name == *target) || name == "c_abi";
        assert!(known, "{} is no target", name.display());
    }
}

#[test]
fn bytes_by_chance_are_no_findings() {
    for (name, _) in TARGETS {
        let config = Config {
            cases: CASES,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(7),
            ..Config::default()
        };
        let bytes = prop::collection::vec(any::<u8>(), 0..1000);
        let outcome = TestRunner::new(config).run(&bytes, |bytes| {
            run(name, &bytes);
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

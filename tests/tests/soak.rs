//! An hour's worth of programs in one process: its memory stays flat. `tests/run.sh soak` runs it; `SOAK_SECONDS` says for
//! how long.

#![allow(clippy::expect_used, clippy::print_stderr, reason = "tests")]

use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use mog::{AuditLog, CapabilitySet, Compiler, Runtime};
use mog_tests::case;
use mog_tests::generate;

/// What the process may have grown by since it had run every kind of program.
const GROWTH: u64 = 8 << 20;

/// Bytes of memory that are in use, as Linux counts them.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

fn capabilities() -> CapabilitySet {
    let mut capabilities = CapabilitySet::new();
    for name in ["log", "trace", "kv", "random"] {
        capabilities.grant_standard(name).expect("a standard capability");
    }
    capabilities
}

/// Compiles a program, runs it twice, saves it and goes on with what was saved.
fn run(source: &str) {
    let Ok(program) = Compiler::with(&capabilities()).compile(source) else { return };
    let limits = || {
        let limits = Runtime::builder().memory(256 << 10).steps(200_000).output_limit(1 << 20);
        limits.output(io::sink()).log(io::sink()).audit(AuditLog::new(io::sink()))
    };
    let Ok(mut runtime) = limits().build(program.clone(), capabilities()) else { return };
    let ended = (runtime.execute().is_ok(), runtime.resume().is_ok(), runtime.execute().is_ok());
    if let Ok(snapshot) = runtime.snapshot()
        && let Ok(mut restored) = limits().restore(program, capabilities(), &snapshot)
    {
        let _ = (ended, restored.resume().is_ok(), restored.execute().is_ok());
    }
}

#[test]
#[ignore = "takes as long as it is told to"]
fn memory_stays_flat() {
    let seconds = env::var("SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3600);
    let end = Instant::now() + Duration::from_secs(seconds);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stored: Vec<String> = ["conformance", "attacks"]
        .iter()
        .flat_map(|folder| case::read_all(&root.join(folder)).expect("stored programs"))
        .filter_map(|case| fs::read_to_string(case.path).ok())
        .collect();
    let (mut before, mut highest, mut rounds, mut programs) = (None, 0, 0u64, 0u64);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    while rounds < 2 || Instant::now() < end {
        for source in &stored {
            run(source);
        }
        for _ in 0..500 {
            let bytes: Vec<u8> = (0..400)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    state as u8
                })
                .collect();
            run(&generate::program(&bytes));
        }
        rounds += 1;
        programs += stored.len() as u64 + 500;
        let Some(now) = resident() else {
            eprintln!("this system does not tell how much memory a process has");
            return;
        };
        // The first round fills what is kept for later.
        let due = *before.get_or_insert(now) + GROWTH;
        highest = highest.max(now);
        assert!(now <= due, "{now} bytes after {rounds} rounds, {due} are allowed");
    }
    eprintln!("{programs} programs; at most {highest} bytes, {} after the first round", before.unwrap_or(0));
}

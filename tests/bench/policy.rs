//! What policies cost: a call under one beside the same work by a plain function of the host's, and a call that has none.
//!
//! ```text
//! cargo bench -p mog-tests --bench policy
//! ```
//! Each figure is the median of many batches on one thread.

#![allow(clippy::print_stdout, reason = "a program for people")]

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use mog::policy::{Env, Fs, Kv, Policy};
use mog::{CapabilitySet, Runtime, compile_mog_source};
use mog_tests::process::Scratch;

type Outcome<T> = Result<T, Box<dyn Error>>;

const BATCHES: usize = 25;

/// The median time of one round of a loop with this statement.
fn time(capabilities: &CapabilitySet, statement: &str, rounds: u32) -> Outcome<Duration> {
    let source = format!("pub fn rounds(n: int) {{\n    for i in 0..n {{\n        {statement}\n    }}\n}}\n");
    let program = compile_mog_source(source)?;
    let mut runtime = Runtime::builder().memory(1 << 20).build(program, capabilities.clone())?;
    let mut batches = Vec::new();
    for _ in 0..BATCHES {
        let start = Instant::now();
        black_box(runtime.call("rounds", (i64::from(rounds),))?);
        batches.push(start.elapsed() / rounds);
    }
    batches.sort();
    batches.get(BATCHES / 2).copied().ok_or_else(|| "no batches".into())
}

fn micros(time: Duration) -> String {
    format!("{:.2} µs", time.as_secs_f64() * 1e6)
}

/// A row: with the policy, without, and what it adds.
fn compare(what: &str, with: Duration, without: Duration) {
    let added = (with.as_secs_f64() - without.as_secs_f64()) * 1e6;
    println!("| {what} | {} | {} | {added:+.2} µs |", micros(with), micros(without));
}

fn main() -> Outcome<()> {
    let scratch = Scratch::new()?;
    let work = scratch.path().join("work");
    fs::create_dir_all(work.join("a/b"))?;
    fs::write(work.join("a/b/note"), "a note of some length")?;
    fs::write(work.join("log"), "")?;
    let mut with = CapabilitySet::new();
    with.grant_group(Fs::new(&work).open()?);
    with.grant_group(Kv::new(scratch.path().join("kv")).name("bench").open()?);
    with.grant_group(Env::new(["HOME"]));
    let mut without = CapabilitySet::new();
    let folder = work.clone();
    without.grant("fs.read", move |path: String| fs::read_to_string(folder.join(path)));
    let folder = work.clone();
    without.grant("fs.size", move |path: String| {
        fs::metadata(folder.join(path)).map(|found| found.len() as i64)
    });
    let folder = work.clone();
    // As durable as the policy's.
    without.grant("fs.append", move |path: String, text: String| {
        let mut file = fs::OpenOptions::new().append(true).open(folder.join(path))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    without.grant_standard("env")?.grant_standard("kv")?;

    println!("| call | under a policy | without | added |\n|---|---|---|---|");
    let row = |what: &str, statement: &str, rounds: u32| -> Outcome<()> {
        compare(what, time(&with, statement, rounds)?, time(&without, statement, rounds)?);
        Ok(())
    };
    row("`fs.read`, 21 bytes", "fs.read(\"a/b/note\")", 2000)?;
    row("`fs.size`", "fs.size(\"a/b/note\")", 2000)?;
    row("`fs.append`, synced", "fs.append(\"log\", \"a line\")", 20)?;
    row("`env.get`", "env.get(\"HOME\")", 20_000)?;
    println!(
        "| `kv.get`, on disk and in memory | {} | {} | |",
        micros(time(&with, "kv.get(\"k\")", 2000)?),
        micros(time(&without, "kv.get(\"k\")", 20_000)?)
    );
    println!(
        "| `kv.set`, on disk and in memory | {} | {} | |",
        micros(time(&with, "kv.set(\"k\", \"v\")", 20)?),
        micros(time(&without, "kv.set(\"k\", \"v\")", 20_000)?)
    );

    // A function that no section narrows, in a set that a policy made, and in one that it did not.
    let mut policed =
        Policy::parse("grant = [\"env\", \"time\"]\ndeny = [\"env.get\"]\n[env]\nnames = []\n")?
            .capabilities()?;
    let mut plain = CapabilitySet::new();
    for set in [&mut policed, &mut plain] {
        set.grant("bench.nop", |n: i64| n);
    }
    compare(
        "a function without one",
        time(&policed, "bench.nop(i)", 200_000)?,
        time(&plain, "bench.nop(i)", 200_000)?,
    );
    Ok(())
}

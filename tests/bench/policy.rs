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

#[cfg(target_os = "linux")]
use mog::policy::Shell;
use mog::policy::{Env, Fs, Http, Kv, Policy};
use mog::{CapabilitySet, Compiler, Runtime};
use mog_tests::process::Scratch;

type Outcome<T> = Result<T, Box<dyn Error>>;

const BATCHES: usize = 25;

/// The median time of one round of a loop with this statement, with each of these grants. Batches take turns, so that what
/// else the machine does meets them alike.
fn times<const N: usize>(
    grants: [&CapabilitySet; N],
    statement: &str,
    rounds: u32,
) -> Outcome<[Duration; N]> {
    let keyword = if statement.contains("await") { "async fn" } else { "fn" };
    let source =
        format!("pub {keyword} rounds(n: int) {{\n    for i in 0..n {{\n        {statement}\n    }}\n}}\n");
    let mut runs = Vec::new();
    for grants in grants {
        let program = Compiler::with(grants).compile(&source)?;
        runs.push((Runtime::builder().memory(1 << 20).build(program, grants.clone())?, Vec::new()));
    }
    for _ in 0..BATCHES {
        for (runtime, batches) in &mut runs {
            let start = Instant::now();
            black_box(runtime.call("rounds", (i64::from(rounds),))?);
            batches.push(start.elapsed() / rounds);
        }
    }
    let mut medians = [Duration::ZERO; N];
    for (median, (_, batches)) in medians.iter_mut().zip(&mut runs) {
        batches.sort();
        *median = batches.get(BATCHES / 2).copied().ok_or("no batches")?;
    }
    Ok(medians)
}

fn micros(time: Duration) -> String {
    format!("{:.2} µs", time.as_secs_f64() * 1e6)
}

/// A row: with the policy, without, and what it adds.
fn compare(what: &str, [with, without]: [Duration; 2]) {
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
        compare(what, times([&with, &without], statement, rounds)?);
        Ok(())
    };
    row("`fs.read`, 21 bytes", "fs.read(\"a/b/note\")", 2000)?;
    row("`fs.size`", "fs.size(\"a/b/note\")", 2000)?;
    row("`fs.append`, synced", "fs.append(\"log\", \"a line\")", 20)?;
    row("`env.get`", "env.get(\"HOME\")", 20_000)?;
    for (what, statement, rounds) in
        [("`kv.get`", "kv.get(\"k\")", 2000), ("`kv.set`", "kv.set(\"k\", \"v\")", 20)]
    {
        let [with, without] = times([&with, &without], statement, rounds)?;
        println!("| {what}, on disk and in memory | {} | {} | |", micros(with), micros(without));
    }

    // Of a request or a command only the refusal can be told from its work: that is all checks, and an error.
    let mut policy = Policy::default();
    policy.grant = vec!["http".to_owned()];
    policy.http = Some(Http::new(["example.com", "*.example.org"]));
    #[cfg(target_os = "linux")]
    {
        let mut shell = Shell::new(&work);
        shell.allow.insert("git".to_owned(), vec!["status".to_owned(), "log --oneline **".to_owned()]);
        policy.grant.push("shell".to_owned());
        policy.shell = Some(shell);
    }
    let refusing = policy.capabilities()?;
    let refused = |what: &str, call: &str| -> Outcome<()> {
        let [time] = times([&refusing], &format!("try {{ await {call} }} catch(e) {{ }}"), 20_000)?;
        println!("| {what}, refused | {} | | |", micros(time));
        Ok(())
    };
    refused("`http.get`", "http.get(\"https://example.net/some/path?with=query\")")?;
    #[cfg(target_os = "linux")]
    refused("`shell.exec`", "shell.exec(\"git\", [\"push\", \"origin\"])")?;

    // A function that no section narrows, in a set that a policy made, and in one that it did not.
    let mut policed =
        Policy::parse("grant = [\"env\", \"time\"]\ndeny = [\"env.get\"]\n[env]\nnames = []\n")?
            .capabilities()?;
    let mut plain = CapabilitySet::new();
    for set in [&mut policed, &mut plain] {
        set.grant("bench.nop", |n: i64| n);
    }
    compare("a function without one", times([&policed, &plain], "bench.nop(i)", 200_000)?);
    Ok(())
}

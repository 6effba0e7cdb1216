//! What it costs to embed Mog, in one process: compiling, starting, calling in and calling out.
//!
//! ```text
//! cargo bench -p mog-tests --bench embed
//! ```
//! Each figure is the median of many batches on one thread. Run it with `taskset -c 1` on a machine that is busy.

#![allow(clippy::print_stdout, reason = "a program for people")]

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use mog::{CapabilitySet, Compiler, Program, PubFn, Runtime, compile_mog_source};
use mog_tests::shapes::program_of;

const RISK: &str = include_str!("../../examples/risk.mog");
const BATCHES: usize = 15;
const BATCH: Duration = Duration::from_millis(20);

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The median time of one call of `work`, which is done in batches that are long enough to time.
fn time(mut work: impl FnMut() -> Outcome<()>) -> Outcome<Duration> {
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < BATCH {
        work()?;
        count += 1;
    }
    let mut batches = Vec::new();
    for _ in 0..BATCHES {
        let start = Instant::now();
        for _ in 0..count {
            work()?;
        }
        batches.push(start.elapsed() / count);
    }
    batches.sort();
    batches.get(BATCHES / 2).copied().ok_or_else(|| "no batches".into())
}

fn micros(time: Duration) -> String {
    format!("{:.2} µs", time.as_secs_f64() * 1e6)
}

fn nanos_each(time: Duration, count: u32) -> String {
    format!("{:.1} ns", time.as_secs_f64() * 1e9 / f64::from(count))
}

fn with_log() -> CapabilitySet {
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("log.write", |message: String| drop(black_box(message)));
    capabilities
}

/// The least memory in which a program runs.
fn floor(program: &Program, capabilities: &CapabilitySet) -> Option<usize> {
    (0..1 << 16).step_by(8).find(|&bytes| {
        let runtime = Runtime::builder()
            .memory(bytes)
            .output(std::io::sink())
            .build(program.clone(), capabilities.clone());
        runtime.is_ok_and(|mut runtime| runtime.execute().is_ok())
    })
}

/// Memory of the process, in bytes; 0 where nobody says.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

/// 100,000 instances at the same time, each run twice; how much more memory the process has then, in MB.
fn crowd(program: &Program, capabilities: &CapabilitySet, memory: usize) -> Outcome<(usize, usize)> {
    let before = resident();
    let build = || Runtime::builder().memory(memory).build(program.clone(), capabilities.clone());
    let mut crowd: Vec<Runtime> = (0..100_000).map(|_| build()).collect::<Result<_, _>>()?;
    for _ in 0..2 {
        crowd.iter_mut().try_for_each(|runtime| runtime.execute().map(drop))?;
    }
    Ok((crowd.len(), (resident() - before) / 1_000_000))
}

fn main() -> Outcome<()> {
    println!("| what | figure |\n|---|---|");
    let row = |what: &str, figure: String| println!("| {what} | {figure} |");

    let capabilities = with_log();
    let whole = time(|| {
        let program = Compiler::with(&capabilities).compile(RISK)?;
        Runtime::builder().memory(4 << 10).steps(100_000).build(program, capabilities.clone())?.execute()?;
        Ok(())
    })?;
    row("compile and run `examples/risk.mog`", micros(whole));
    let plain = time(|| {
        black_box(compile_mog_source(RISK)?);
        Ok(())
    })?;
    row("compile `examples/risk.mog`", micros(plain));
    for lines in [100, 1000, 10_000] {
        let source = program_of(lines);
        let compiled = time(|| {
            black_box(compile_mog_source(&source)?);
            Ok(())
        })?;
        let written = source.lines().count();
        row(
            &format!("compile {written} lines ({} bytes)", source.len()),
            format!("{}, {} a line", micros(compiled), nanos_each(compiled, u32::try_from(written)?)),
        );
    }

    let hundred = program_of(100);
    let program = compile_mog_source(&hundred)?;
    let bytes = program.to_bytes();
    row("module of the 100 lines", format!("{} bytes, source {}", bytes.len(), hundred.len()));
    let loaded = time(|| {
        black_box(Program::load(&bytes)?);
        Ok(())
    })?;
    row("load and verify the 100 lines", micros(loaded));
    let fresh = time(|| {
        let mut runtime = Runtime::builder().memory(4 << 10).build(program.clone(), CapabilitySet::new())?;
        black_box(runtime.call("first", (1,))?);
        Ok(())
    })?;
    row("new instance of the loaded 100 lines and one call", micros(fresh));
    let mut runtime = Runtime::builder().memory(4 << 10).build(program, CapabilitySet::new())?;
    let again = time(|| {
        black_box(runtime.call("first", (1,))?);
        Ok(())
    })?;
    row("one more call", micros(again));

    let program = compile_mog_source("pub fn add(a: int, b: int) -> int { a + b }")?;
    let add: PubFn<(i64, i64), i64> = program.pub_fn("add")?;
    let mut runtime =
        Runtime::builder().memory(4 << 10).steps(100_000).build(program, CapabilitySet::new())?;
    let named = time(|| {
        for n in 0..1000i64 {
            black_box(runtime.call("add", (black_box(n), 2))?);
        }
        Ok(())
    })?;
    row("a call of `add(int, int)` by name, with a limit on steps", nanos_each(named, 1000));
    let looked_up = time(|| {
        for n in 0..1000i64 {
            black_box(add.call(&mut runtime, (black_box(n), 2))?);
        }
        Ok(())
    })?;
    row("the same, looked up once", nanos_each(looked_up, 1000));

    const CALLS: u32 = 100_000;
    let mut nop = CapabilitySet::new();
    nop.grant("bench.nop", |n: i64| n);
    nop.grant("bench.length", |text: String| text.len() as i64);
    let calls = |what: &str, call: &str| -> Outcome<()> {
        let source = format!(
            "pub fn calls(n: int) -> int {{\n    sum := 0\n    for i in 0..n {{ sum += {call} }}\n    return sum\n}}\n"
        );
        let program = Compiler::with(&nop).compile(&source)?;
        let mut runtime = Runtime::builder().memory(64 << 10).build(program, nop.clone())?;
        let took = time(|| {
            black_box(runtime.call("calls", (i64::from(CALLS),))?);
            Ok(())
        })?;
        row(what, nanos_each(took, CALLS));
        Ok(())
    };
    calls("one round of the loop without a call", "i & 7")?;
    calls("the same with a call of a host function, an int to an int", "bench.nop(i)")?;
    calls("the same with a string as the argument", "bench.length(\"a name of 20 bytes..\")")?;

    let risk = compile_mog_source(RISK)?;
    let floor = floor(&risk, &capabilities).ok_or("it needs more than 64 KB")?;
    row("least arena of `examples/risk.mog`", format!("{floor} bytes"));
    let (alive, megabytes) = crowd(&risk, &capabilities, floor)?;
    row("live instances of it, each of which answered", format!("{alive}, {megabytes} MB in all"));
    row("the host's own struct for an instance", format!("{} bytes", size_of::<Runtime>()));
    Ok(())
}

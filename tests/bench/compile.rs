//! What compiling costs: CPU time of the compiler alone, beside Lua 5.4's for the same program, and how it grows
//! with sources of many shapes.
//!
//! ```text
//! cargo bench -p mog-tests --bench compile [-- NAME…]
//! ```
//! With names, only the shapes whose names contain one of them. Lua's column needs `lua5.4` (or what `LUA` names).

#![allow(clippy::print_stdout, reason = "a program for people")]

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use mog_compiler::{Options, compile};
use mog_tests::clock::cpu_time;
use mog_tests::shapes::{SHAPES, program_of};

const HELLO: &str = "fn main() {\n    println(\"hello\")\n}\n";
const RISK: &str = include_str!("../../examples/risk.mog");
const BATCHES: usize = 15;
const BATCH: Duration = Duration::from_millis(20);
/// Sizes of the shapes.
const SMALL: usize = 20_000;
const LARGE: usize = 100_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Compiles a source; gives what became of it, in a few words.
fn outcome(source: &str) -> String {
    match compile(source, &Options::new("bench.mog")) {
        Ok(compiled) => format!("{} bytes", 4 * compiled.module.len()),
        Err(rejected) => rejected.diagnostics.iter().next().map_or("", |first| first.code).to_owned(),
    }
}

fn once(source: &str) -> Outcome<Duration> {
    let start = cpu_time();
    black_box(outcome(source));
    Ok(cpu_time() - start)
}

/// The median time of compiling a source, in batches that are long enough to time.
fn time(source: &str) -> Outcome<Duration> {
    let count = (BATCH.as_nanos() / once(source)?.as_nanos().max(1)).clamp(1, 10_000) as u32;
    let mut batches = Vec::new();
    for _ in 0..BATCHES {
        let start = cpu_time();
        for _ in 0..count {
            black_box(outcome(source));
        }
        batches.push((cpu_time() - start) / count);
    }
    batches.sort();
    batches.get(BATCHES / 2).copied().ok_or_else(|| "no batches".into())
}

/// What Lua takes for its version of [`program_of`], in microseconds; none if it is not installed.
fn lua(lines: usize) -> Option<f64> {
    let lua = env::var("LUA").unwrap_or_else(|_| "lua5.4".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/lua/compile.lua");
    let output = Command::new(lua).args([script, &lines.to_string()]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn programs() -> Outcome<()> {
    println!("| program | lines | CPU time | a line | Lua 5.4 | Mog / Lua |\n|---|---|---|---|---|---|");
    let row = |name: &str, source: &str, lua: Option<f64>| -> Outcome<()> {
        let (took, lines) = (time(source)?.as_secs_f64() * 1e6, source.lines().count());
        let (lua, ratio) =
            lua.map_or_else(Default::default, |lua| (format!("{lua:.1} µs"), format!("{:.2}", took / lua)));
        println!("| {name} | {lines} | {took:.1} µs | {:.2} µs | {lua} | {ratio} |", took / lines as f64);
        Ok(())
    };
    row("hello", HELLO, None)?;
    row("`examples/risk.mog`", RISK, None)?;
    for lines in [100, 1000, 10_000, 50_000] {
        row("functions of ten lines", &program_of(lines), lua(lines))?;
    }
    Ok(())
}

fn shapes(names: &[String]) -> Outcome<()> {
    println!("\n| n … | {SMALL} | each | {LARGE} | each | gives |\n|---|---|---|---|---|---|");
    for (name, shape) in SHAPES {
        if !names.is_empty() && !names.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let [small, large] = [SMALL, LARGE].map(|n| -> Outcome<String> {
            let took = once(&shape(n))?.as_secs_f64();
            Ok(format!("{:.1} ms | {:.0} ns", took * 1e3, took * 1e9 / n as f64))
        });
        println!("| {name} | {} | {} | {} |", small?, large?, outcome(&shape(LARGE)));
    }
    Ok(())
}

fn main() -> Outcome<()> {
    let names: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if names.is_empty() {
        programs()?;
    }
    shapes(&names)
}

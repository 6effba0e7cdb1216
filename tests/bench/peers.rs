//! Mog against Lua on the programs beside this file: whole process, user and system CPU time, limits on, runs of
//! the two interleaved on one pinned CPU, median of five.
//!
//! ```text
//! cargo bench -p mog-tests --bench peers [-- PROGRAM…]
//! ```
//! Needs `lua5.4` (or what `LUA` names) and `taskset`. Prints a table; it is an error if the results differ.

#![allow(clippy::print_stdout, reason = "a program for people")]

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mog::{CapabilitySet, Compiler, Runtime};
use wait4::Wait4;

/// Name and size of each program. The size is a constant at the top of the Mog source, and Lua's argument.
const PROGRAMS: [(&str, u64); 12] = [
    ("fib", 35),
    ("mix", 100_000_000),
    ("sieve", 5_000_000),
    ("nbody", 500_000),
    ("mandel", 400),
    ("fannkuch", 9),
    ("matmul", 200),
    ("qsort", 500_000),
    ("host", 10_000_000),
    ("bintrees", 14),
    ("strs", 1_000_000),
    ("map", 1_000_000),
];
/// Runs of each program by each peer, unless `RUNS` says otherwise.
const RUNS: usize = 5;
/// High enough not to matter, but counted and checked.
const STEPS: u64 = 100_000_000_000;
const MEMORY: &str = "64M";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A command that prints one number.
struct Peer {
    command: Vec<OsString>,
    times: Vec<Duration>,
    printed: Option<String>,
}

impl Peer {
    fn new(program: impl Into<OsString>, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(OsString::from);
        Self {
            command: iter::once(program.into()).chain(arguments).collect(),
            times: Vec::new(),
            printed: None,
        }
    }

    /// Runs it once on the CPU of that number.
    fn run(&mut self, cpu: &str) -> Outcome<()> {
        let mut child = Command::new("taskset")
            .args(["-c", cpu])
            .args(&self.command)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("taskset (Debian: util-linux): {error}"))?;
        let printed = std::io::read_to_string(child.stdout.take().ok_or("no output")?)?;
        let used = child.wait4()?;
        if !used.status.success() {
            return Err(format!("{:?}: {}", self.command, used.status).into());
        }
        self.times.push(used.rusage.utime + used.rusage.stime);
        self.printed = Some(printed);
        Ok(())
    }

    fn median(&mut self) -> f64 {
        self.times.sort();
        self.times.get(self.times.len() / 2).map_or(f64::NAN, Duration::as_secs_f64)
    }
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [option, program] = arguments.as_slice()
        && option == "--granting-nop"
    {
        return run_granting_nop(program);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench");
    let lua = env::var("LUA").unwrap_or_else(|_| "lua5.4".to_owned());
    if Command::new(&lua).arg("-v").stdout(Stdio::null()).status().is_err() {
        return Err(format!("{lua} is not installed (Debian: lua5.4)").into());
    }
    let mog = command()?;
    let cpu = last_cpu()?;
    let runs = env::var("RUNS").map_or(Ok(RUNS), |runs| runs.parse())?;

    println!("| program | size | Mog | Lua 5.4 | Mog / Lua |\n|---|---|---|---|---|");
    let mut logarithms = Vec::new();
    for (name, size) in PROGRAMS {
        if !arguments.is_empty() && !arguments.iter().any(|argument| argument == name) {
            continue;
        }
        let source = format!("{}/mog/{name}.mog", folder.display());
        let mut ours = match name {
            "host" => Peer::new(env::current_exe()?, &["--granting-nop", &source]),
            _ => Peer::new(&mog, &["run", "--steps", &STEPS.to_string(), "--memory", MEMORY, &source]),
        };
        let mut lua = Peer::new(&lua, &[&format!("{}/lua/{name}.lua", folder.display()), &size.to_string()]);
        for _ in 0..runs {
            ours.run(&cpu)?;
            lua.run(&cpu)?;
        }
        if ours.printed != lua.printed {
            return Err(format!("{name}: Mog gives {:?}, Lua {:?}", ours.printed, lua.printed).into());
        }
        let (ours, lua) = (ours.median(), lua.median());
        println!("| {name} | {size} | {ours:.3} | {lua:.3} | {:.2} |", ours / lua);
        logarithms.push((ours / lua).ln());
    }
    let mean = (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp();
    println!("| geometric mean | | | | {mean:.2} |");
    Ok(())
}

/// A program given what no standard capability is: a function that does nothing.
fn run_granting_nop(program: &str) -> Outcome<()> {
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("bench.nop", |n: i64| n);
    let program = Compiler::with(&capabilities).compile(&fs::read_to_string(program)?)?;
    Runtime::builder().memory(64 << 20).steps(STEPS).build(program, capabilities)?.execute()?;
    Ok(())
}

/// The `mog` command of the same build as this program, built now if need be.
fn command() -> Outcome<PathBuf> {
    if let Some(path) = env::var_os("MOG_BIN") {
        return Ok(path.into());
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "--release", "--quiet", "--package", "mog"]).status()?;
    if !built.success() {
        return Err("cannot build the command".into());
    }
    // This program is in `<target>/release/deps`.
    let executable = env::current_exe()?;
    let folder = executable.ancestors().nth(2).ok_or("no folder above this program")?;
    Ok(folder.join(format!("mog{}", env::consts::EXE_SUFFIX)))
}

/// The last CPU that this process may run on: the first one gets most of the interrupts.
fn last_cpu() -> Outcome<String> {
    let status = fs::read_to_string("/proc/self/status")?;
    let list =
        status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).ok_or("no list of CPUs")?;
    Ok(list.rsplit([',', '-']).next().unwrap_or("0").trim().to_owned())
}

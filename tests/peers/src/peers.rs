//! The first command: runs, medians, results.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use wait4::Wait4;

use crate::engines::{self, MEMORY, STEPS};
use crate::table::Table;
use crate::{Outcome, PROGRAMS, Program, folder, plot};

/// Runs of each program by each peer, unless `RUNS` says otherwise.
const RUNS: usize = 5;

/// Something that runs programs, each as a process.
struct Peer {
    name: &'static str,
    /// The command for a program; none where the peer cannot run it.
    command: fn(&Program) -> Outcome<Option<Vec<String>>>,
}

const PEERS: [Peer; 8] = [
    Peer { name: "Mog", command: |program| mog(program, "tail") },
    Peer { name: "Mog, match", command: |program| mog(program, "match") },
    Peer { name: "native Rust", command: |program| own("native", program) },
    Peer { name: "wasmi", command: |program| own("wasmi", program) },
    Peer { name: "wasmi, fuel", command: |program| own("wasmi-fuel", program) },
    Peer { name: "LuaJIT -joff", command: |program| lua(&["luajit", "-joff"], program) },
    Peer { name: "Lua 5.4", command: |program| lua(&["lua5.4"], program) },
    Peer { name: "Rhai", command: |program| own("rhai", program) },
];

fn words(words: impl IntoIterator<Item = impl ToString>) -> Vec<String> {
    words.into_iter().map(|word| word.to_string()).collect()
}

fn source(language: &str, name: &str) -> String {
    folder().join(language).join(name).display().to_string()
}

fn mog(program: &Program, dispatch: &str) -> Outcome<Option<Vec<String>>> {
    if program.name == "host" {
        return if dispatch == "tail" { own("mog-nop", program) } else { Ok(None) };
    }
    let mut command = vec![mog_command()?.display().to_string()];
    command.extend(words(["run", "--dispatch", dispatch, "--steps"]));
    command.extend([STEPS.to_string(), "--memory".to_owned(), MEMORY.to_string()]);
    command.push(source("mog", &format!("{}.mog", program.name)));
    Ok(Some(command))
}

fn own(engine: &str, program: &Program) -> Outcome<Option<Vec<String>>> {
    if engine == "rhai" && !Path::new(&source("rhai", &format!("{}.rhai", program.name))).exists() {
        return Ok(None);
    }
    let executable = env::current_exe()?.display().to_string();
    Ok(Some(words([&executable, "--run", engine, program.name, &program.size.to_string()])))
}

fn lua(command: &[&str], program: &Program) -> Outcome<Option<Vec<String>>> {
    let own = source("lua", &format!("{}.jit.lua", program.name));
    let file = if command.contains(&"luajit") && Path::new(&own).exists() {
        own
    } else {
        source("lua", &format!("{}.lua", program.name))
    };
    let mut command = words(command);
    command.extend([file, program.size.to_string()]);
    Ok(Some(command))
}

/// The `mog` command, built now if `MOG_BIN` names none.
pub(crate) fn mog_command() -> Outcome<PathBuf> {
    if let Some(path) = env::var_os("MOG_BIN") {
        return Ok(path.into());
    }
    let executable = env::current_exe()?;
    let target = executable.ancestors().nth(2).ok_or("no folder above this program")?;
    let path = target.join(format!("release/mog{}", env::consts::EXE_SUFFIX));
    static BUILT: std::sync::Once = std::sync::Once::new();
    let mut built = Ok(());
    BUILT.call_once(|| built = build_mog(target));
    built.map(|()| path)
}

fn build_mog(target: &Path) -> Outcome<()> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--quiet", "--package", "mog", "--manifest-path"])
        .arg(manifest)
        .env("CARGO_TARGET_DIR", target)
        .status()?;
    if built.success() { Ok(()) } else { Err("cannot build the command".into()) }
}

/// Runs a command once on a CPU: its CPU time, and what it printed.
fn run(command: &[String], cpu: &str) -> Outcome<(Duration, String)> {
    let mut child = Command::new("taskset")
        .args(["-c", cpu])
        .args(command)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("taskset (Debian: util-linux): {error}"))?;
    let printed = std::io::read_to_string(child.stdout.take().ok_or("no output")?)?;
    let used = child.wait4()?;
    if !used.status.success() {
        return Err(format!("{command:?}: {}", used.status).into());
    }
    Ok((used.rusage.utime + used.rusage.stime, printed))
}

/// The last CPU that this process may run on: the first one gets most of the interrupts.
fn last_cpu() -> Outcome<String> {
    let status = fs::read_to_string("/proc/self/status")?;
    let list =
        status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).ok_or("no list of CPUs")?;
    Ok(list.rsplit([',', '-']).next().unwrap_or("0").trim().to_owned())
}

fn is_installed(command: &str) -> bool {
    Command::new(command).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Names of the peers that take part.
fn available() -> Vec<&'static str> {
    let mut missing = Vec::new();
    if let Err(error) = engines::build_wasm() {
        missing.extend([("wasmi", error.to_string()), ("wasmi, fuel", error.to_string())]);
    }
    for (name, command) in [("LuaJIT -joff", "luajit"), ("Lua 5.4", "lua5.4")] {
        if !is_installed(command) {
            missing.push((name, format!("apt-get install {command}")));
        }
    }
    for (name, how) in &missing {
        eprintln!("left out: {name}; to install it: {how}");
    }
    let is_there = |name: &&str| !missing.iter().any(|(other, _)| other == name);
    PEERS.iter().map(|peer| peer.name).filter(is_there).collect()
}

/// Measures the programs that are named, or all; prints the table.
pub(crate) fn measure(arguments: &[&str]) -> Outcome<()> {
    let (mut names, mut csv, mut svg) = (Vec::new(), None, None);
    let mut rest = arguments.iter();
    while let Some(&argument) = rest.next() {
        match argument {
            "--csv" => csv = rest.next(),
            "--svg" => svg = rest.next(),
            name if PROGRAMS.iter().any(|program| program.name == name) => names.push(name),
            other => return Err(format!("neither a program nor an option: {other}").into()),
        }
    }
    let runs: usize = env::var("RUNS").map_or(Ok(RUNS), |runs| runs.parse())?;
    let (cpu, peers) = (last_cpu()?, available());
    let only = env::var("PEERS").unwrap_or_default();
    let takes_part =
        |name: &str| peers.contains(&name) && (only.is_empty() || only.split(';').any(|part| part == name));
    let mut table = Table::new(PEERS.iter().map(|peer| peer.name).filter(|name| takes_part(name)).collect());
    for program in &PROGRAMS {
        if !names.is_empty() && !names.contains(&program.name) {
            continue;
        }
        let mut times: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
        let mut result: Option<(&str, String)> = None;
        for _ in 0..runs {
            for peer in PEERS.iter().filter(|peer| takes_part(peer.name)) {
                let Some(command) = (peer.command)(program)? else { continue };
                let (time, printed) = run(&command, &cpu)?;
                times.entry(peer.name).or_default().push(time);
                match &result {
                    None => result = Some((peer.name, printed)),
                    Some((other, expected)) if *expected != printed => {
                        let (name, peer) = (program.name, peer.name);
                        return Err(format!("{name}: {other} gives {expected:?}, {peer} {printed:?}").into());
                    }
                    Some(_) => {}
                }
            }
        }
        let median = |mut times: Vec<Duration>| {
            times.sort();
            times.get(times.len() / 2).map_or(f64::NAN, Duration::as_secs_f64)
        };
        table.add(program, times.into_iter().map(|(name, times)| (name, median(times))).collect());
        eprintln!("{}", program.name);
    }
    print!("{}", table.markdown());
    if let Some(path) = csv {
        fs::write(path, table.csv())?;
    }
    if let Some(path) = svg {
        plot::draw(&table, Path::new(path))?;
    }
    Ok(())
}

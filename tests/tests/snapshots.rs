//! Snapshots: every stored program, paused over and over, saved and restored each time in another arena, ends as it
//! does undisturbed, after the same steps. And no change to a snapshot's bytes does more than fail.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use mog_compiler::{Options, compile};
use mog_core::heap::Data;
use mog_core::module::{Import, TypeRecord};
use mog_core::{Binding, Call, Config, Host, Instance, Module, Outcome, Reply, SnapshotError, StartError};
use mog_tests::case;

/// Words of the arenas.
const ARENA: usize = 1 << 13;
/// Programs that take longer are left out.
const MOST_STEPS: u64 = 2_000_000;
/// How often a program is saved and restored, if it has so many places for it.
const SNAPSHOTS: u64 = 200;
/// How many bytes of a snapshot are changed, one after the other.
const CHANGES: usize = 60;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    let cases = match case::read_all(&root) {
        Ok(cases) => cases,
        Err(message) => {
            eprintln!("snapshots: {message}");
            return ExitCode::FAILURE;
        }
    };
    let trials = cases.into_iter().filter_map(|case| {
        let source = fs::read_to_string(&case.path).ok()?;
        let module = compile(&source, &Options::new("case.mog")).ok()?.module;
        Some(Trial::test(case.name, move || check(&module).map_err(Into::into)))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// A host that prints, and lets sleepers go on in the order in which they fell asleep.
#[derive(Clone, Default)]
struct Recorder {
    printed: String,
    asleep: Vec<u32>,
    tokens: u32,
    failed_spawns: usize,
}

impl Host for Recorder {
    fn bind(&mut self, import: &Import<'_>, _: TypeRecord<'_>, _: &Module<'_>) -> Binding {
        match (import.capability, import.function) {
            ("out", "print") => Binding::Granted(0),
            ("out", "println") => Binding::Granted(1),
            ("time", "sleep") => Binding::Granted(2),
            _ => Binding::Refused,
        }
    }

    fn grants(&self, capability: &str) -> bool {
        matches!(capability, "out" | "time")
    }

    fn call(&mut self, function: u16, call: &mut Call<'_, '_>) -> Reply {
        if function == 2 {
            self.tokens += 1;
            self.asleep.push(self.tokens);
            return Reply::Pending(self.tokens);
        }
        if let Some(Data::Str(text)) = call.arg(0).map(|value| value.data()) {
            self.printed.push_str(text);
        }
        if function == 1 {
            self.printed.push('\n');
        }
        Reply::Done
    }

    fn resume(&mut self, _: u16, token: u32, _: &mut Call<'_, '_>) -> Reply {
        self.asleep.retain(|&other| other != token);
        Reply::Done
    }

    fn cancelled(&mut self, token: u32) {
        self.asleep.retain(|&other| other != token);
    }

    fn spawn_failed(&mut self, _: mog_core::Failure, _: &str) {
        self.failed_spawns += 1;
    }
}

/// What came of a program.
#[derive(PartialEq, Eq, Debug)]
struct End {
    outcome: Outcome,
    message: String,
    printed: String,
    steps: u64,
    collections: u64,
    failed_spawns: usize,
}

fn check(words: &[u32]) -> Result<(), String> {
    let module = Module::load_words(words).map_err(|e| e.to_string())?;
    let Some(undisturbed) = run(module, u64::MAX)? else { return Ok(()) };
    if undisturbed.steps > MOST_STEPS || undisturbed.outcome == Outcome::Paused {
        return Ok(());
    }
    let disturbed = run(module, (undisturbed.steps / SNAPSHOTS).max(1))?;
    if disturbed.as_ref() != Some(&undisturbed) {
        return Err(format!("undisturbed {undisturbed:#?}\nwith snapshots {disturbed:#?}"));
    }
    Ok(())
}

/// Runs a program; saves and restores it whenever it stops after so many steps or waits.
fn run(module: Module<'_>, slice: u64) -> Result<Option<End>, String> {
    let mut host = Recorder::default();
    let (mut arena, mut other) = (vec![0; ARENA + module.slack()], vec![0; ARENA * 65 / 64 + module.slack()]);
    let mut snapshot = vec![0; 64 << 10];
    let mut instance = match Instance::new(module, &mut arena, &mut host, Config::default()) {
        Err(StartError::MissingCapability { .. }) => return Ok(None),
        instance => instance.map_err(|e| format!("{e:?}"))?,
    };
    let main = module.metadata().export("main");
    let entries = module.metadata().init().into_iter().chain(main);
    let mut outcome = Outcome::Idle;
    let (mut changes, mut rounds) = (0, 0u64);
    for function in entries {
        instance.enter(function, 0, |_, _| Some(())).map_err(|e| format!("{e:?}"))?;
        loop {
            let budget = if slice == u64::MAX { MOST_STEPS + 1 } else { slice };
            outcome = instance.run(&mut host, budget);
            if !matches!(outcome, Outcome::Paused | Outcome::Pending(_) | Outcome::Waiting) {
                break;
            }
            if slice != u64::MAX {
                snapshot.resize(instance.snapshot_len(), 0);
                let len = instance.snapshot(&mut snapshot).map_err(|e| e.to_string())?;
                let saved = snapshot.get(..len).unwrap_or(&[]);
                rounds += 1;
                if rounds % 40 == 1 && changes < CHANGES {
                    changes += change(module, saved, &host)?;
                }
                other.fill(u64::MAX);
                std::mem::swap(&mut arena, &mut other);
                arena.resize(ARENA * 65 / 64 + module.slack(), 0);
                instance = Instance::restore(module, &mut arena, &mut host, Config::default(), saved)
                    .map_err(|e| e.to_string())?;
            } else if outcome == Outcome::Paused {
                break;
            }
            if outcome == Outcome::Waiting
                && let Some(&token) = host.asleep.first()
                && !instance.complete(token)
            {
                return Err(format!("no call waits under the token {token}"));
            }
        }
        if outcome != Outcome::Returned {
            break;
        }
    }
    let (_, message) = instance.failure();
    let counters = instance.counters();
    let message = message.to_owned();
    Ok(Some(End {
        outcome,
        message,
        printed: host.printed,
        steps: counters.steps,
        collections: counters.collections,
        failed_spawns: host.failed_spawns,
    }))
}

/// Changes a snapshot in several places, each alone: it is refused, or runs on as some program does.
fn change(module: Module<'_>, saved: &[u8], host: &Recorder) -> Result<usize, String> {
    let mut arena = vec![0; ARENA * 65 / 64 + module.slack()];
    let mut older = saved.to_vec();
    if let Some(version) = older.get_mut(4) {
        *version = 2;
    }
    let refused = Instance::restore(module, &mut arena, &mut host.clone(), Config::default(), &older).err();
    if refused != Some(SnapshotError::Version { found: 2 }) {
        return Err(format!("a snapshot of an earlier version: {refused:?}"));
    }
    let mut done = 0;
    for (round, at) in (0..saved.len()).step_by(saved.len() / 12 + 1).enumerate() {
        let mut bytes = saved.to_vec();
        match bytes.get_mut(at) {
            Some(byte) if round % 2 == 0 => *byte ^= 1 << (at % 8),
            Some(byte) => *byte = byte.wrapping_add(at as u8 | 1),
            None => {}
        }
        done += 1;
        for bytes in [&bytes, saved.get(..at).unwrap_or(&[])] {
            let mut host = host.clone();
            match Instance::restore(module, &mut arena, &mut host, Config::default(), bytes) {
                Ok(mut instance) => {
                    for _ in 0..20 {
                        instance.run(&mut host, 200);
                    }
                }
                Err(SnapshotError::Link(error)) => return Err(format!("{error:?}")),
                Err(_) => {}
            }
        }
    }
    Ok(done)
}

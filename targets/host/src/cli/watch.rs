//! `mog watch`.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use mog::{Error, Interrupt, Runtime};
use notify::{Event, RecursiveMode, Watcher, recommended_watcher};

use super::{RunArgs, SandboxArg, exit, fail, run, sandbox, say};

/// How long files must have been left alone before they are read.
const QUIET: Duration = Duration::from_millis(100);

/// Runs a program again whenever its file or one beside it changes, until the process is ended.
pub(crate) fn watch(args: &RunArgs) -> u8 {
    if args.sandbox.is_some_and(|walls| walls != SandboxArg::None) {
        return sandbox::run(args);
    }
    let folder = match Path::new(&args.file).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let interrupt = Interrupt::default();
    let (sender, changes) = channel();
    let noticed = interrupt.clone();
    let on_change = move |event: notify::Result<Event>| {
        let is_program = |path: &PathBuf| {
            path.extension().is_some_and(|kind| kind == "mog" || kind == "mogb" || kind == "mogs")
        };
        // That a file was read, as we do ourselves, is no change.
        if event.is_ok_and(|event| !event.kind.is_access() && event.paths.iter().any(is_program)) {
            noticed.set();
            // Whoever waited has ended.
            let _ = sender.send(());
        }
    };
    let watching = recommended_watcher(on_change).and_then(|mut watcher| {
        watcher.watch(&folder, RecursiveMode::Recursive)?;
        Ok(watcher)
    });
    // Dropped, it would watch no more.
    let _watcher = match watching {
        Ok(watcher) => watcher,
        Err(error) => return fail(exit::FILE, format_args!("{}: {error}", folder.display())),
    };
    let mut running: Option<Runtime> = None;
    loop {
        match start(args, &interrupt, running.as_mut()) {
            Ok(mut fresh) => {
                let entry = args.runtime.entry.as_deref().unwrap_or("main");
                let arguments = run::arguments(fresh.program(), entry, &args.runtime);
                let result = fresh.call(entry, arguments);
                tell(&mut fresh, result, args, &interrupt);
                running = Some(fresh);
            }
            // The older version goes on.
            Err(_) => {
                if let Some(old) = running.as_mut().filter(|old| old.is_paused()) {
                    let result = old.resume();
                    tell(old, result, args, &interrupt);
                }
            }
        }
        if !next_change(&changes, &interrupt) {
            return fail(exit::FILE, "nobody watches the files any more");
        }
    }
}

/// Waits for a change. False if there can be none.
fn next_change(changes: &Receiver<()>, interrupt: &Interrupt) -> bool {
    if !interrupt.is_set() && changes.recv().is_err() {
        return false;
    }
    // A file that is being written changes several times.
    while changes.recv_timeout(QUIET).is_ok() {}
    // In this order no change is missed: one that comes now ends the next run at once.
    interrupt.clear();
    while changes.try_recv().is_ok() {}
    true
}

/// The program as it is in the file now, with what the one before remembers. Errors were shown.
fn start(args: &RunArgs, interrupt: &Interrupt, old: Option<&mut Runtime>) -> Result<Runtime, u8> {
    let (capabilities, policy) =
        run::grants(&args.runtime.grants, &args.file, args.runtime.audit.as_deref())?;
    let program = run::program(args, &policy.limits)?;
    let builder = run::builder(&args.runtime, &policy)?.interrupt(interrupt).line_buffered(true);
    let mut fresh =
        builder.build(program, capabilities).map_err(|error| run::report(&error, &args.runtime.grants))?;
    if let Some(old) = old {
        match fresh.take_over(old) {
            Ok(true) => say("watch: a new version, with the state of the old one\n"),
            Ok(false) => say("watch: a new version\n"),
            Err(error) => {
                run::report(&error, &args.runtime.grants);
                say("watch: a new version; the state of the old one is lost\n");
            }
        }
    }
    Ok(fresh)
}

/// Says how a run ended, if it was not for a change.
fn tell(runtime: &mut Runtime, result: Result<mog::Value, Error>, args: &RunArgs, interrupt: &Interrupt) {
    if interrupt.is_set() && matches!(result, Err(Error::TimedOut { .. })) {
        return;
    }
    let code = run::finish(runtime, result, &args.runtime);
    say(&format!("watch: ended with exit code {code}; waiting for a change of {}\n", args.file));
}

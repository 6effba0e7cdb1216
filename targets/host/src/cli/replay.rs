//! `mog replay`.

use std::fs;

use mog::policy::Limits;
use mog::{CapabilitySet, Error, Replay};

use super::files::{self, CompileOptions};
use super::{ReplayArgs, exit, fail, say};

/// Repeats a run from its log. 0 if it is the same, however it ended.
pub(crate) fn replay(args: &ReplayArgs) -> u8 {
    let name = args.log.display();
    let log = match fs::read_to_string(&args.log) {
        Ok(log) => log,
        Err(error) => return fail(exit::FILE, format_args!("{name}: {error}")),
    };
    let replay = match Replay::read(&log) {
        Ok(replay) => replay,
        Err(error) => return fail(exit::REJECTED, format_args!("{name}: {error}")),
    };
    let program = match files::program(&args.file, CompileOptions::default()) {
        Ok(program) => program,
        Err(code) => return code,
    };
    let lines = replay.len();
    let builder = replay.builder();
    let mut limits = Limits::default();
    (limits.steps, limits.memory, limits.timeout) = (args.steps, args.memory, args.timeout);
    let mut runtime = match builder.limits(&limits).build(program, CapabilitySet::empty()) {
        Ok(runtime) => runtime,
        Err(error) => return fail(error.exit_code(), error),
    };
    let result = runtime.replay();
    let how = match result {
        Ok(value) if value.is_null() => String::new(),
        Ok(value) => format!(", which ended with {value}"),
        Err(error @ (Error::Diverged { .. } | Error::NoFunction { .. } | Error::Arguments { .. })) => {
            return fail(exit::DIVERGED, error);
        }
        Err(error) => format!(", which ended so: {error}"),
    };
    let steps = runtime.counters().steps;
    say(&format!("the run is the same as in the log: {lines} lines, {steps} steps{how}\n"));
    0
}

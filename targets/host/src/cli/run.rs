//! `mog run`.

use std::fs::File;
use std::io::{self, IsTerminal};

use mog::{AuditLog, CapabilitySet, Counters, Dispatch, Error, Program, Runtime, Value};
use mog_core::TypeId;

use super::files::{self, CompileOptions};
use super::{DispatchArg, GrantArgs, RunArgs, exit, fail, say};

/// Runs a program and gives the exit code.
pub(crate) fn run(args: RunArgs) -> u8 {
    let capabilities = match grants(&args.grants) {
        Ok(capabilities) => capabilities,
        Err(code) => return code,
    };
    let options = CompileOptions { deny_warnings: args.deny_warnings, ..CompileOptions::default() };
    let program = match files::program(&args.file, options) {
        Ok(program) => program,
        Err(code) => return code,
    };
    let entry = args.entry.as_deref().unwrap_or("main");
    let arguments = arguments(&program, entry, &args);
    let mut builder = Runtime::builder()
        .memory(args.memory)
        .steps(args.steps)
        .host_calls(args.host_calls)
        .line_buffered(io::stdout().is_terminal())
        .collect_always(args.gc_stress);
    if let Some(stack) = args.stack {
        builder = builder.stack(stack);
    }
    if let Some(timeout) = args.timeout {
        builder = builder.timeout(timeout);
    }
    if let Some(seed) = args.seed {
        builder = builder.seed(seed);
    }
    if let Some(dispatch) = args.dispatch {
        builder = builder.dispatch(match dispatch {
            DispatchArg::Match => Dispatch::Match,
            DispatchArg::Tail => Dispatch::Tail,
        });
    }
    if let Some(path) = &args.audit {
        match File::create(path) {
            Ok(file) => builder = builder.audit(AuditLog::new(file)),
            Err(error) => return fail(exit::FILE, format_args!("{}: {error}", path.display())),
        }
    }
    let (result, counters) = match builder.build(program, capabilities) {
        Ok(mut runtime) => (runtime.call(entry, arguments), runtime.counters()),
        Err(error) => (Err(error), Counters::default()),
    };
    let code = match result {
        Ok(value) => exit_code(&value),
        // Nobody asked for a function or gave arguments: the program is at fault.
        Err(error) if error.exit_code() == exit::USAGE && args.entry.is_none() && args.json.is_empty() => {
            fail(exit::REJECTED, error)
        }
        Err(error) => report(&error),
    };
    if args.stats {
        say(&format!(
            "steps={} calls={} collections={} peak={}\n",
            counters.steps,
            counters.host_calls,
            counters.collections,
            counters.peak_words * 8
        ));
    }
    code
}

/// What the options grant. An error was shown.
pub(super) fn grants(args: &GrantArgs) -> Result<CapabilitySet, u8> {
    let mut capabilities = CapabilitySet::new();
    for name in &args.grant {
        if let Err(error) = capabilities.grant_standard(name) {
            return Err(fail(exit::USAGE, format_args!("--grant {name}: {error}")));
        }
    }
    for name in &args.deny {
        capabilities.deny(name);
    }
    Ok(capabilities)
}

/// The entry's arguments: those in JSON, then those in plain text as far as the entry takes them.
fn arguments(program: &Program, entry: &str, args: &RunArgs) -> Vec<Value> {
    let mut values = args.json.clone();
    let params = program.parameters(entry);
    let rest = params.iter().skip(values.len());
    let texts: Vec<Value> = args
        .args
        .iter()
        .zip(rest)
        .map(|(text, ty)| match serde_json::from_str(text) {
            Ok(value) if *ty != TypeId::STR => value,
            _ => Value::from(text.as_str()),
        })
        .collect();
    values.extend(texts);
    values
}

/// What `main` returned, modulo 64.
const fn exit_code(value: &Value) -> u8 {
    match value {
        Value::Int(code) => code.rem_euclid(64) as u8,
        Value::Uint(code) => (*code % 64) as u8,
        _ => 0,
    }
}

/// Shows an error with what can be done about it, and gives the exit code.
fn report(error: &Error) -> u8 {
    let help = match error {
        Error::Requires { capability } if CapabilitySet::new().grant_standard(capability).is_ok() => {
            format!("grant it with --grant {capability}")
        }
        Error::Denied { message, .. } => match message.strip_prefix("capability denied: ") {
            Some(name) if CapabilitySet::new().grant_standard(name).is_ok() => {
                format!("grant it with --grant {name}, or catch the failure with try")
            }
            _ => String::new(),
        },
        Error::OutOfMemory { .. } => "allow more with --memory, such as --memory 256M".to_owned(),
        Error::OutOfSteps { .. } => "allow more with --steps".to_owned(),
        Error::OutOfHostCalls { .. } => "allow more with --host-calls".to_owned(),
        Error::OutOfStack { .. } => "allow more with --stack, such as --stack 1M".to_owned(),
        Error::TimedOut { .. } => "allow more with --timeout".to_owned(),
        _ => String::new(),
    };
    let code = fail(error.exit_code(), error);
    if !help.is_empty() {
        say(&format!("help: {help}\n"));
    }
    code
}

//! `mog run`.

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::Path;

use mog::policy::{Limits, Policy, PolicyError, Size};
use mog::signed::{self, Trust};
use mog::{AuditLog, CapabilitySet, Counters, Dispatch, Error, Program, Runtime, RuntimeBuilder, Value};
use mog_core::TypeId;

use super::files::{self, CompileOptions};
use super::{
    DispatchArg, GrantArgs, LimitArgs, RunArgs, RuntimeArgs, SandboxArg, exit, fail, grants, resume, sandbox,
    say, sign,
};

/// Memory of a program if nobody says how much.
const DEFAULT_MEMORY: Size = Size(64 << 20);

/// Runs a program and gives the exit code.
pub(crate) fn run(args: RunArgs) -> u8 {
    if args.sandbox.is_some_and(|walls| walls != SandboxArg::None) {
        return sandbox::run(&args);
    }
    let runtime = &args.runtime;
    let (capabilities, policy) = match grants(&runtime.grants, &args.file, runtime.audit.as_deref()) {
        Ok(granted) => granted,
        Err(code) => return code,
    };
    let program = match program(&args, &policy.limits) {
        Ok(program) => program,
        Err(code) => return code,
    };
    let args = args.runtime;
    let builder = match builder(&args, &policy) {
        Ok(builder) => builder,
        Err(code) => return code,
    };
    let entry = args.entry.as_deref().unwrap_or("main");
    match builder.build(program, capabilities) {
        Ok(mut runtime) => {
            let arguments = arguments(runtime.program(), entry, &args);
            let result = runtime.call(entry, arguments);
            finish(&mut runtime, result, &args)
        }
        Err(error) => {
            let code = report(&error, &args.grants);
            stats(Counters::default(), &args);
            code
        }
    }
}

/// The program to run: compiled, loaded, or with its signature verified. An error was shown.
pub(super) fn program(args: &RunArgs, policy: &Limits) -> Result<Program, u8> {
    let RunArgs {
        file,
        deny_warnings,
        without,
        require_signature,
        program_name,
        minimum_version,
        runtime,
        ..
    } = args;
    if require_signature.is_empty() {
        let options = CompileOptions { deny_warnings: *deny_warnings, without, ..CompileOptions::default() };
        return files::program(file, options);
    }
    let keys = sign::public_keys(require_signature)?;
    let allowed = limits(&runtime.limits, policy);
    let trust = Trust {
        keys: &keys,
        name: program_name.as_deref(),
        minimum_version: *minimum_version,
        limits: signed::Limits {
            memory: allowed.memory.map(|size| size.0),
            steps: allowed.steps,
            host_calls: allowed.host_calls,
        },
    };
    let versions = if runtime.grants.inside { None } else { grants::versions(&runtime.grants)? };
    files::signed_program(file, &trust, versions.as_ref())
}

/// The limits of the options and of a policy; of each the lower one.
pub(super) fn limits(args: &LimitArgs, policy: &Limits) -> Limits {
    let mut limits = Limits::default();
    limits.memory = args.memory;
    limits.stack = args.stack;
    limits.steps = args.steps;
    limits.timeout = args.timeout;
    limits.host_calls = args.host_calls;
    limits = limits.lower(policy);
    limits.memory = limits.memory.or(Some(DEFAULT_MEMORY));
    limits
}

/// A runtime as the options want it, within the limits of its policy. An error was shown.
pub(super) fn builder(args: &RuntimeArgs, policy: &Policy) -> Result<RuntimeBuilder, u8> {
    let mut builder = Runtime::builder()
        .policy(policy)
        .limits(&limits(&args.limits, &policy.limits))
        .profile(args.profile)
        .line_buffered(io::stdout().is_terminal())
        .collect_always(args.gc_stress);
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
        let file = File::create(path)
            .map_err(|error| fail(exit::FILE, format_args!("{}: {error}", path.display())))?;
        builder = builder.audit(args.redact.iter().fold(AuditLog::new(file), |log, name| log.redact(name)));
    }
    Ok(builder)
}

/// Says how it ended, saves it if that was asked for, and gives the exit code.
pub(super) fn finish(runtime: &mut Runtime, result: Result<Value, Error>, args: &RuntimeArgs) -> u8 {
    let mut code = match result {
        Ok(value) => exit_code(&value),
        // Nobody asked for a function or gave arguments: the program is at fault.
        Err(error) if error.exit_code() == exit::USAGE && args.entry.is_none() && args.json.is_empty() => {
            fail(exit::REJECTED, error)
        }
        Err(error) => report(&error, &args.grants),
    };
    if let Some(path) = &args.snapshot_on_exit
        && let Err(failed) = resume::save(runtime, path)
    {
        code = failed;
    }
    if let Some(profile) = runtime.profile() {
        say(&profile.to_string());
    }
    stats(runtime.counters(), args);
    code
}

/// Says what the machine did, if that was asked for.
fn stats(counters: Counters, args: &RuntimeArgs) {
    if args.stats {
        say(&format!(
            "steps={} calls={} collections={} peak={}\n",
            counters.steps,
            counters.host_calls,
            counters.collections,
            counters.peak_words * 8
        ));
    }
}

/// What the options grant a program, and the policy behind it. No program may write the audit log. An error was
/// shown.
pub(super) fn grants(
    args: &GrantArgs,
    file: &str,
    audit: Option<&Path>,
) -> Result<(CapabilitySet, Policy), u8> {
    let granted = policy(args, file, audit).and_then(|policy| Ok((policy.capabilities()?, policy)));
    granted.map_err(|error| fail(exit::USAGE, error))
}

/// What the options grant a program, not opened yet.
pub(super) fn policy(args: &GrantArgs, file: &str, audit: Option<&Path>) -> Result<Policy, PolicyError> {
    let mut policy = match (&args.policy, &args.agent) {
        (Some(file), _) => Policy::read(file)?,
        (None, Some(agent)) => grants::policy(&args.store, agent)?,
        (None, None) => Policy::default(),
    };
    policy.grant.extend(args.grant.iter().cloned());
    policy.deny.extend(args.deny.iter().cloned());
    let around = &mut policy.surroundings;
    if args.agent.is_none() {
        around.program = grants::name_of(file);
    }
    around.protected.extend(audit.map(Path::to_path_buf));
    around.hidden.extend(grants::folder(&args.store));
    around.forwarder = env::current_exe().ok();
    if args.inside {
        around.proxy = sandbox::proxy();
    }
    Ok(policy)
}

/// The entry's arguments: those in JSON, then those in plain text as far as the entry takes them.
pub(super) fn arguments(program: &Program, entry: &str, args: &RuntimeArgs) -> Vec<Value> {
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

/// How a function or group is granted that was not, where the grants come from.
fn remedy(name: &str, args: &GrantArgs) -> Option<String> {
    let group = name.split('.').next().unwrap_or(name);
    let names = |list: &[String]| list.iter().any(|denied| denied == name || denied == group);
    if names(&args.deny) {
        return Some("leave it out of --deny".to_owned());
    }
    if !mog_compiler::standard_declarations().any(|(known, _)| known == group) {
        // Only a host of its own can grant that.
        return None;
    }
    if let Some(agent) = &args.agent {
        let policy = grants::policy(&args.store, agent).unwrap_or_default();
        let denied = policy.deny.iter().find(|denied| *denied == name || *denied == group);
        return Some(match denied {
            Some(denied) => format!("take the denial back with mog undeny {agent} {denied}"),
            None => format!("grant it with mog grant {agent} {name}"),
        });
    }
    if let Some(file) = &args.policy {
        let denied = Policy::read(file).is_ok_and(|policy| names(&policy.deny));
        let what = if denied { "take it out of `deny`" } else { "add it to `grant`" };
        return Some(format!("{what} in {}", file.display()));
    }
    let known = CapabilitySet::new().grant_standard(name).is_ok();
    known.then(|| format!("grant it with --grant {name}"))
}

/// Shows an error with what can be done about it, and gives the exit code.
pub(super) fn report(error: &Error, args: &GrantArgs) -> u8 {
    let help = match error {
        Error::Requires { capability } => remedy(capability, args).unwrap_or_default(),
        Error::Denied { message, .. } => message
            .strip_prefix("capability denied: ")
            .and_then(|name| remedy(name, args))
            .map_or_else(String::new, |remedy| format!("{remedy}, or catch the failure with try")),
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

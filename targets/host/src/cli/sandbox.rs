//! `mog run --sandbox`: the whole command once more, inside walls of the system's.

use super::{ForwardArgs, RunArgs, exit, fail};

/// Runs this command again in a sandbox, and gives the exit code.
#[cfg(target_os = "linux")]
pub(crate) fn run(args: &RunArgs) -> u8 {
    use std::path::{Path, PathBuf};

    use mog::policy::Sandbox;

    use super::{SandboxArg, run};

    let walls = match args.sandbox {
        Some(SandboxArg::Standard) => Sandbox::Standard,
        Some(SandboxArg::None) => Sandbox::None,
        Some(SandboxArg::Strict) | None => Sandbox::Strict,
    };
    let own = match std::env::current_exe() {
        Ok(own) => own,
        Err(error) => return fail(exit::NO_SANDBOX, format_args!("Failed to initialize sandbox: {error}")),
    };
    let options = &args.runtime;
    let policy = match run::policy(&options.grants, &args.file, options.audit.as_deref()) {
        Ok(policy) => policy,
        Err(error) => return fail(exit::USAGE, error),
    };
    let added = match remembered(args, &policy.limits) {
        Ok(added) => added,
        Err(code) => return code,
    };
    // What the program imports is beside it.
    let program = Path::new(&args.file);
    let folder = program.parent().filter(|folder| !folder.as_os_str().is_empty());
    let grants = &args.runtime.grants;
    let named = folder.into_iter().map(Path::to_path_buf).chain(grants.policy.clone());
    let keys = args.require_signature.iter().map(PathBuf::from);
    let readable = named.chain(keys).filter_map(|path| path.canonicalize().ok()).collect();
    match walls.run(&own, inner_arguments(std::env::args_os().skip(1), &added), readable, &policy) {
        Ok(code) => code,
        Err(message) => fail(exit::NO_SANDBOX, message),
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn run(_: &RunArgs) -> u8 {
    fail(exit::NO_SANDBOX, "Failed to initialize sandbox: there is none on this system")
}

/// Does what `mog forward` is asked for inside of a sandbox, and gives the command's exit code.
#[cfg(target_os = "linux")]
pub(crate) fn forward(args: ForwardArgs) -> u8 {
    let forwarded = mog::policy::forward(&args.socket, args.command);
    forwarded
        .unwrap_or_else(|error| fail(exit::NO_SANDBOX, format_args!("Failed to initialize sandbox: {error}")))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn forward(_: ForwardArgs) -> u8 {
    fail(exit::NO_SANDBOX, "Failed to initialize sandbox: there is none on this system")
}

/// The proxy of the sandbox that this process is in, if that has one.
pub(super) fn proxy() -> Option<std::net::SocketAddr> {
    std::env::var("http_proxy").ok()?.strip_prefix("http://")?.parse().ok()
}

/// Versions are remembered out here, where they can be written: the program is looked at, and within the walls only that one
/// is run, in no older version. An error was shown; it is the exit code.
#[cfg(target_os = "linux")]
fn remembered(args: &RunArgs, limits: &mog::policy::Limits) -> Result<Vec<String>, u8> {
    use super::{grants, run};

    if args.require_signature.is_empty() || !grants::remembers(&args.runtime.grants) {
        return Ok(Vec::new());
    }
    if args.file == "-" {
        let message = "a signed program from standard input has no sandbox where versions are remembered";
        return Err(fail(exit::USAGE, message));
    }
    let program = run::program(args, limits)?;
    let Some(manifest) = program.manifest() else { return Ok(Vec::new()) };
    Ok(vec![format!("--program-name={}", manifest.name), format!("--minimum-version={}", manifest.version)])
}

/// The same arguments without the sandbox, and what is added instead of what they say of it; those behind `--` are the
/// program's.
#[cfg(target_os = "linux")]
fn inner_arguments(
    args: impl Iterator<Item = std::ffi::OsString>,
    added: &[String],
) -> Vec<std::ffi::OsString> {
    let name = |option: &str| option.split('=').next().unwrap_or_default().to_owned();
    let replaced: Vec<String> =
        added.iter().map(|option| name(option)).chain(["--sandbox".to_owned()]).collect();
    let mut args = args;
    // The command comes first.
    let mut kept: Vec<std::ffi::OsString> = args.next().into_iter().collect();
    kept.push("--inside".into());
    kept.extend(added.iter().map(Into::into));
    while let Some(arg) = args.next() {
        if arg == "--" {
            kept.push(arg);
            kept.extend(args);
            break;
        }
        let text = arg.to_string_lossy();
        if !replaced.contains(&name(&text)) {
            kept.push(arg);
        } else if !text.contains('=') {
            // Its value.
            args.next();
        }
    }
    kept
}

//! `mog run --sandbox`: the whole command once more, inside walls of the system's.

use super::{RunArgs, exit, fail};

/// Runs this command again in a sandbox, and gives the exit code.
#[cfg(target_os = "linux")]
pub(crate) fn run(args: &RunArgs) -> u8 {
    use std::path::{Path, PathBuf};

    use mog::policy::Sandbox;

    use super::SandboxArg;

    let walls = match args.sandbox {
        Some(SandboxArg::Standard) => Sandbox::Standard,
        Some(SandboxArg::None) => Sandbox::None,
        Some(SandboxArg::Strict) | None => Sandbox::Strict,
    };
    let own = match std::env::current_exe() {
        Ok(own) => own,
        Err(error) => return fail(exit::NO_SANDBOX, format_args!("Failed to initialize sandbox: {error}")),
    };
    // What the program imports is beside it.
    let program = Path::new(&args.file);
    let folder = program.parent().filter(|folder| !folder.as_os_str().is_empty());
    let grants = &args.runtime.grants;
    let named = folder.into_iter().map(Path::to_path_buf).chain(grants.policy.clone());
    let keys = args.require_signature.iter().map(PathBuf::from);
    let readable = named.chain(keys).filter_map(|path| path.canonicalize().ok()).collect();
    match walls.run(&own, inner_arguments(std::env::args_os().skip(1)), readable) {
        Ok(code) => code,
        Err(message) => fail(exit::NO_SANDBOX, message),
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn run(_: &RunArgs) -> u8 {
    fail(exit::NO_SANDBOX, "Failed to initialize sandbox: there is none on this system")
}

/// The same arguments without the sandbox; those behind `--` are the program's.
#[cfg(target_os = "linux")]
fn inner_arguments(args: impl Iterator<Item = std::ffi::OsString>) -> Vec<std::ffi::OsString> {
    let (mut kept, mut args) = (Vec::new(), args);
    while let Some(arg) = args.next() {
        if arg == "--" {
            kept.push(arg);
            kept.extend(args);
            break;
        }
        let text = arg.to_string_lossy();
        if text == "--sandbox" {
            // Its value.
            args.next();
        } else if !text.starts_with("--sandbox=") {
            kept.push(arg);
        }
    }
    kept
}

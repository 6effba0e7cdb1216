//! `mog resume`, and the files that it reads.
//!
//! ```text
//! MOGR, version 1, length of the module as u32 (little-endian), module, snapshot
//! ```

use std::fs;
use std::path::Path;

use mog::{Program, Runtime};

use super::run::{arguments, builder, finish, grants, report};
use super::{ResumeArgs, exit, fail, files};

const MAGIC: [u8; 5] = *b"MOGR\x01";

/// Saves a program with its memory. An error was shown; it is the exit code.
pub(super) fn save(runtime: &mut Runtime, path: &Path) -> Result<(), u8> {
    let failed =
        |error: &dyn std::fmt::Display| fail(exit::FILE, format_args!("{}: {error}", path.display()));
    let snapshot = runtime.snapshot().map_err(|error| failed(&error))?;
    let module = runtime.program().to_bytes();
    let len = u32::try_from(module.len()).map_err(|error| failed(&error))?;
    let saved = [&MAGIC[..], &len.to_le_bytes(), &module, &snapshot].concat();
    if path == Path::new("-") {
        return files::write(path, &saved);
    }
    // Perhaps over the file that this run came from.
    files::replace(path, &saved).map_err(|error| failed(&error))
}

/// Goes on with a program that was saved, or calls a function of it, and gives the exit code.
pub(crate) fn resume(args: ResumeArgs) -> u8 {
    let ResumeArgs { file, runtime: args } = args;
    let bytes = match fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) => return fail(exit::FILE, format_args!("{}: {error}", file.display())),
    };
    let rejected =
        |message: &dyn std::fmt::Display| fail(exit::REJECTED, format_args!("{}: {message}", file.display()));
    let Some((module, snapshot)) = parts(&bytes) else {
        return rejected(&"not a file that --snapshot-on-exit of this version wrote, or not all of one");
    };
    let program = match Program::load(module) {
        Ok(program) => program,
        Err(error) => return rejected(&error),
    };
    // The file that it was saved to does not say which program it is.
    let (capabilities, policy) = match grants(&args.grants, "-", args.audit.as_deref()) {
        Ok(granted) => granted,
        Err(code) => return code,
    };
    let restored = builder(&args, &policy).map(|builder| builder.restore(program, capabilities, snapshot));
    let mut runtime = match restored {
        Ok(Ok(runtime)) => runtime,
        Ok(Err(error)) => return report(&error, &args.grants),
        Err(code) => return code,
    };
    let result = match &args.entry {
        Some(entry) => {
            let arguments = arguments(runtime.program(), entry, &args);
            runtime.call(entry, arguments)
        }
        None if !runtime.is_paused() => {
            return fail(
                exit::USAGE,
                "the program had ended; call one of its functions on what it left with --entry",
            );
        }
        None => runtime.resume(),
    };
    finish(&mut runtime, result, &args)
}

fn parts(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.strip_prefix(&MAGIC)?.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*len)).ok()?)
}

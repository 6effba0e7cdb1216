//! Files that the command reads and writes.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use mog::policy::Versions;
use mog::signed::{Refused, Trust, is_signed};
use mog::{Compiler, Error, Optimization, Optimizations, Program};
use mog_core::module::MAGIC;

use super::{color, exit, fail, say};

/// What a file holds.
pub(crate) enum Loaded {
    Source(String),
    Module(Vec<u8>),
}

/// Reads source or bytecode, from standard input if the name is `-`. An error was shown; it is the exit code.
pub(crate) fn read(name: &str) -> Result<Loaded, u8> {
    let bytes = if name == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(name)
    };
    let bytes = bytes.map_err(|error| fail(exit::FILE, format_args!("{name}: {error}")))?;
    // Any version of the format is bytecode.
    let is_module =
        bytes.starts_with(&MAGIC.to_le_bytes()[..3]) && bytes.get(3).is_some_and(|byte| *byte < b' ');
    if is_module || is_signed(&bytes) || name.ends_with(".mogb") {
        return Ok(Loaded::Module(bytes));
    }
    String::from_utf8(bytes).map(Loaded::Source).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        fail(exit::REJECTED, format_args!("{name}:{line}: the source is not UTF-8 (byte {at})"))
    })
}

/// How a source is compiled.
#[derive(Clone, Copy, Default)]
pub(crate) struct CompileOptions<'o> {
    /// Files that declare what the host offers.
    pub(crate) declare: &'o [PathBuf],
    pub(crate) deny_warnings: bool,
    pub(crate) strip: bool,
    pub(crate) window: Option<u16>,
    /// Names of improvements of the code that are not made, or `all`.
    pub(crate) without: &'o [String],
}

/// A program from source or bytecode. Errors and warnings were shown; an error is the exit code.
pub(crate) fn program(name: &str, options: CompileOptions<'_>) -> Result<Program, u8> {
    match read(name)? {
        Loaded::Module(bytes) => module(name, &bytes),
        Loaded::Source(source) => match compiler(name, options)?.compile(&source) {
            Ok(program) => {
                if !program.warnings().is_empty() {
                    say(&program.warnings().render(color()));
                }
                Ok(program)
            }
            Err(error) => {
                say(&error.report().render(color()));
                Err(exit::REJECTED)
            }
        },
    }
}

/// A program from bytecode. An error was shown; it is the exit code.
pub(crate) fn module(name: &str, bytes: &[u8]) -> Result<Program, u8> {
    if is_signed(bytes) {
        let message = "a signed program; run it with --require-signature KEY, look at it with mog verify";
        return Err(fail(exit::REJECTED, format_args!("{name}: {message}")));
    }
    Program::load(bytes).map_err(|error| fail(exit::REJECTED, format_args!("{name}: {error}")))
}

/// A program that one of these keys signed, and no older one than was run before, if that is remembered. An error was shown;
/// it is the exit code.
pub(crate) fn signed_program(
    name: &str,
    trust: &Trust<'_>,
    versions: Option<&Versions>,
) -> Result<Program, u8> {
    let loaded = match (read(name)?, versions) {
        (Loaded::Module(bytes), Some(versions)) => versions.load(&bytes, trust),
        (Loaded::Module(bytes), None) => Program::load_signed(&bytes, trust).map_err(Error::Untrusted),
        (Loaded::Source(_), _) => Err(Error::Untrusted(Refused::Unsigned)),
    };
    loaded.map_err(|error| fail(error.exit_code(), format_args!("{name}: {error}")))
}

/// A compiler for a file: modules that it imports come from beside it. An error was shown; it is the exit code.
pub(crate) fn compiler(name: &str, options: CompileOptions<'_>) -> Result<Compiler<'static>, u8> {
    let from_stdin = name == "-";
    let folder = Path::new(name).parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let mut compiler = Compiler::new()
        .file(if from_stdin { "<stdin>" } else { name })
        .imports(move |module| if from_stdin { None } else { imported(&folder, module) })
        .deny_warnings(options.deny_warnings)
        .strip(options.strip)
        .optimizations(optimizations(options.without)?);
    for file in options.declare {
        let text = fs::read_to_string(file)
            .map_err(|error| fail(exit::FILE, format_args!("{}: {error}", file.display())))?;
        compiler = compiler.declare(text);
    }
    Ok(match options.window {
        Some(window) => compiler.window(usize::from(window)),
        None => compiler,
    })
}

/// All improvements but for those that are named. An error was shown; it is the exit code.
fn optimizations(without: &[String]) -> Result<Optimizations, u8> {
    without.iter().try_fold(Optimizations::ALL, |made, name| match Optimization::from_name(name) {
        _ if name == "all" => Ok(Optimizations::NONE),
        Some(optimization) => Ok(made.without(optimization)),
        None => {
            let known = Optimization::names();
            Err(fail(exit::USAGE, format_args!("no optimization `{name}`; there are {known}, and all")))
        }
    })
}

/// The source of a module `name` or `folder/name` below the importing file's folder, and of nothing else: no way
/// up, and no link that leads out.
pub(crate) fn imported(folder: &Path, module: &str) -> Option<String> {
    let plain =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if !module.split('/').all(plain) {
        return None;
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let root = folder.canonicalize().ok()?;
    let path = root.join(format!("{module}.mog")).canonicalize().ok()?;
    if !path.starts_with(&root) {
        return None;
    }
    fs::read_to_string(path).ok()
}

/// Writes a file whole, or standard output if the name is `-`. An error was shown; it is the exit code.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), u8> {
    let written = if path == Path::new("-") { io::stdout().write_all(bytes) } else { fs::write(path, bytes) };
    written.map_err(|error| fail(exit::FILE, format_args!("{}: {error}", path.display())))
}

/// Gives a file new content, all at once: whoever reads it finds the old content or the new, also when the disk is full or
/// the process is killed. A link stays a link, and the permissions stay what they are. What is no file, such as a pipe,
/// is written to.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let existing = match path.canonicalize() {
        Ok(path) => Some(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let permissions = match &existing {
        Some(path) => {
            let metadata = fs::metadata(path)?;
            if !metadata.is_file() {
                return fs::write(path, content);
            }
            if metadata.permissions().readonly() {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            Some(metadata.permissions())
        }
        None => None,
    };
    let path = existing.as_deref().unwrap_or(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    // As for any new file: what the process's mask leaves of it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(content)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::expect_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn imports_stay_beside_the_file() {
        let root = std::env::temp_dir().join(format!("mog-imports-{}", std::process::id()));
        let folder = root.join("inside");
        fs::create_dir_all(folder.join("lib")).expect("a folder for the test");
        fs::write(root.join("secret.mog"), "s").expect("a file for the test");
        fs::write(folder.join("geometry.mog"), "g").expect("a file for the test");
        fs::write(folder.join("lib/deep.mog"), "d").expect("a file for the test");
        #[cfg(unix)]
        std::os::unix::fs::symlink(root.join("secret.mog"), folder.join("link.mog"))
            .expect("a link for the test");
        assert_eq!(imported(&folder, "geometry").as_deref(), Some("g"));
        assert_eq!(imported(&folder, "lib/deep").as_deref(), Some("d"));
        for outside in ["../secret", "lib/../../secret", "/etc/passwd", "", "link", "missing", "geometry.mog"]
        {
            assert_eq!(imported(&folder, outside), None, "{outside}");
        }
        fs::remove_dir_all(&root).expect("the test's own folder");
    }
}

//! Ways to run a case. [`CommandRunner`] uses the `mog` command; another runner may stay in this process.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mog::Optimization;

use crate::case::Case;
use crate::process::{self, Exit, Finished, Scratch};

/// The two interpreters that one instruction table gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dispatch {
    /// One loop around a `match`.
    Match,
    /// Tail calls between small functions.
    Tail,
}

/// How a case is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Variant {
    /// Source given to `mog run`.
    Source,
    /// `mog build`, then `mog run` on the module.
    Bytecode(Dispatch),
    /// Source, with a collection at every allocation. Its steps differ.
    GcStress,
    /// Source, compiled without an optimization, or without any. Its steps differ.
    Without(Option<Optimization>),
}

impl Variant {
    /// All of them; the first is what the others are compared with.
    pub const ALL: [Self; 4] =
        [Self::Source, Self::Bytecode(Dispatch::Match), Self::Bytecode(Dispatch::Tail), Self::GcStress];

    /// Those without forced collection, which makes large programs too slow.
    pub const PLAIN: [Self; 3] =
        [Self::Source, Self::Bytecode(Dispatch::Match), Self::Bytecode(Dispatch::Tail)];

    /// The name in reports and in `without:` directives.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Bytecode(Dispatch::Match) => "match",
            Self::Bytecode(Dispatch::Tail) => "tail",
            Self::GcStress => "gc-stress",
            Self::Without(None) => "optimizations",
            Self::Without(Some(optimization)) => optimization.name(),
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub exit: Exit,
    /// What the program printed.
    pub stdout: Vec<u8>,
    /// Diagnostics and messages, without the line of statistics.
    pub stderr: String,
    /// Steps taken, if the machine ran and said so.
    pub steps: Option<u64>,
}

/// Something that can run a case.
pub trait Runner: Send + Sync {
    /// Runs `case` in the way of `variant`.
    ///
    /// # Errors
    ///
    /// The run could not be made at all; what the program does wrong is an [`Outcome`].
    fn run(&self, case: &Case, variant: Variant) -> io::Result<Outcome>;
}

/// Runs cases with the `mog` command, each in a process and a folder of its own.
#[derive(Clone, Debug)]
pub struct CommandRunner {
    mog: PathBuf,
    /// The command that runs modules.
    machine: PathBuf,
    limit: Duration,
    address_space: Option<u32>,
}

impl CommandRunner {
    /// Uses the command that `MOG_BIN` names, or else the one built beside the running test. Modules are run by the
    /// command that `MOG_MACHINE_BIN` names, if it names one.
    ///
    /// # Errors
    ///
    /// A message saying how to build the command, if there is none.
    pub fn find(limit: Duration) -> Result<Self, String> {
        let mog = match env::var_os("MOG_BIN") {
            Some(path) => PathBuf::from(path),
            None => built_command().map_err(|e| format!("where is this test? {e}"))?,
        };
        let machine = env::var_os("MOG_MACHINE_BIN").map_or_else(|| mog.clone(), PathBuf::from);
        // Runs happen in other folders, so a relative path would not do.
        let absolute = |path: PathBuf| {
            path.canonicalize().map_err(|e| {
                format!("{}: {e}; run `cargo build -p mog` first, or set MOG_BIN", path.display())
            })
        };
        Ok(Self { mog: absolute(mog)?, machine: absolute(machine)?, limit, address_space: None })
    }

    /// The command.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.mog
    }

    /// The same, with a bound on the whole process, so that no limit can be checked only after the memory is taken.
    #[must_use]
    pub fn with_address_space(self, mebibytes: u32) -> Self {
        Self { address_space: Some(mebibytes), ..self }
    }

    /// Runs `mog` with these arguments in `folder`.
    ///
    /// # Errors
    ///
    /// The command could not be started.
    pub fn mog(
        &self,
        args: impl IntoIterator<Item = impl Into<OsString>>,
        stdin: &[u8],
        folder: &Path,
    ) -> io::Result<Finished> {
        self.command(&self.mog, args, stdin, folder)
    }

    fn command(
        &self,
        command: &Path,
        args: impl IntoIterator<Item = impl Into<OsString>>,
        stdin: &[u8],
        folder: &Path,
    ) -> io::Result<Finished> {
        let args = args.into_iter().map(Into::into);
        match self.address_space {
            // The shell is the one that can set a limit without unsafe code; it then becomes the command.
            Some(mebibytes) if cfg!(unix) => {
                let script = format!("ulimit -v {} && exec \"$0\" \"$@\"", u64::from(mebibytes) * 1024);
                let shell: [OsString; 3] = ["-c".into(), script.into(), command.into()];
                let args: Vec<OsString> = shell.into_iter().chain(args).collect();
                process::run(Path::new("/bin/sh"), &args, stdin, folder, self.limit)
            }
            _ => process::run(command, &args.collect::<Vec<_>>(), stdin, folder, self.limit),
        }
    }

    fn run_file(
        &self,
        command: &Path,
        file: &Path,
        case: &Case,
        more: &[&str],
        scratch: &Scratch,
    ) -> io::Result<Outcome> {
        let mut args: Vec<OsString> = vec!["run".into(), "--stats".into()];
        args.extend(more.iter().map(Into::into));
        args.extend(case.args.iter().map(Into::into));
        args.push(file.into());
        self.command(command, args, &[], scratch.path()).map(Outcome::from)
    }

    fn build_and_run(&self, case: &Case, more: &[&str], scratch: &Scratch) -> io::Result<Outcome> {
        let module = scratch.path().join("case.mogb");
        let args: [OsString; 4] =
            ["build".into(), case.path.clone().into(), "-o".into(), module.clone().into()];
        let build = self.mog(args, &[], scratch.path())?;
        if build.exit != Exit::Code(0) {
            return Ok(build.into());
        }
        let mut outcome = self.run_file(&self.machine, &module, case, more, scratch)?;
        outcome.stderr.insert_str(0, &build.stderr);
        Ok(outcome)
    }
}

/// A test's executable is in `<target>/<profile>/deps`, the command one folder up.
fn built_command() -> io::Result<PathBuf> {
    let mut path = env::current_exe()?;
    path.pop();
    path.pop();
    path.push(format!("mog{}", env::consts::EXE_SUFFIX));
    Ok(path)
}

impl Runner for CommandRunner {
    fn run(&self, case: &Case, variant: Variant) -> io::Result<Outcome> {
        let scratch = Scratch::new()?;
        match variant {
            Variant::Source => self.run_file(&self.mog, &case.path, case, &[], &scratch),
            Variant::Bytecode(Dispatch::Match) => {
                self.build_and_run(case, &["--dispatch", "match"], &scratch)
            }
            Variant::Bytecode(Dispatch::Tail) => self.build_and_run(case, &["--dispatch", "tail"], &scratch),
            Variant::GcStress => self.run_file(&self.mog, &case.path, case, &["--gc-stress"], &scratch),
            Variant::Without(which) => {
                let name = which.map_or("all", Optimization::name);
                self.run_file(&self.mog, &case.path, case, &["--without", name], &scratch)
            }
        }
    }
}

impl From<Finished> for Outcome {
    /// Takes the line that `--stats` adds off the end of stderr: `steps=N calls=N collections=N peak=N`.
    fn from(finished: Finished) -> Self {
        let Finished { exit, stdout, mut stderr } = finished;
        let start = stderr.trim_end().rfind('\n').map_or(0, |newline| newline + 1);
        let steps = stderr.get(start..).and_then(|line| {
            let (steps, _) = line.strip_prefix("steps=")?.split_once(' ')?;
            steps.parse().ok()
        });
        if steps.is_some() {
            stderr.truncate(start);
        }
        Self { exit, stdout, stderr, steps }
    }
}

//! A folder with files and the command to run there, for tests of the command line.

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::process::{Exit, Finished, Scratch};
use crate::runner::CommandRunner;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The longest that one run of the command may take.
const LIMIT: Duration = Duration::from_secs(20);

/// A folder with files, and the command to run there.
#[derive(Debug)]
pub struct Place {
    runner: CommandRunner,
    scratch: Scratch,
}

impl Place {
    /// An empty folder.
    ///
    /// # Errors
    /// If there is no command to run, or no place for the folder.
    pub fn new() -> Outcome<Self> {
        Ok(Self { runner: CommandRunner::find(LIMIT)?, scratch: Scratch::new()? })
    }

    /// A folder with one program, `p.mog`.
    ///
    /// # Errors
    /// As for [`Place::new`].
    pub fn with(source: &str) -> Outcome<Self> {
        let place = Self::new()?;
        place.write("p.mog", source)?;
        Ok(place)
    }

    /// The command.
    #[must_use]
    pub fn command(&self) -> &Path {
        self.runner.path()
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// Writes a file.
    ///
    /// # Errors
    /// If that is not possible.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Outcome<()> {
        self.scratch.write(name, content)?;
        Ok(())
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If that is not possible.
    pub fn read(&self, name: &str) -> Outcome<Vec<u8>> {
        Ok(fs::read(self.path().join(name))?)
    }

    /// Reads a file of text.
    ///
    /// # Errors
    /// If that is not possible.
    pub fn read_text(&self, name: &str) -> Outcome<String> {
        Ok(String::from_utf8(self.read(name)?)?)
    }

    /// Runs `mog` with arguments split at spaces.
    ///
    /// # Errors
    /// If the command cannot be run.
    pub fn mog(&self, args: &str) -> Outcome<Finished> {
        self.mog_with(args.split_whitespace(), "")
    }

    /// Runs `mog` with arguments and standard input.
    ///
    /// # Errors
    /// As for [`Place::mog`].
    pub fn mog_with(
        &self,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
        stdin: &str,
    ) -> Outcome<Finished> {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        Ok(self.runner.mog(args, stdin.as_bytes(), self.path())?)
    }

    /// Runs `mog` and checks how it ended.
    ///
    /// # Errors
    /// If it ended otherwise; also as for [`Place::mog`].
    pub fn exits(&self, args: &str, code: i32) -> Outcome<Finished> {
        let finished = self.mog(args)?;
        if finished.exit == Exit::Code(code) {
            return Ok(finished);
        }
        Err(format!("mog {args}: expected exit {code}, came {finished:?}").into())
    }

    /// Runs `mog`, which must end well and print this.
    ///
    /// # Errors
    /// If it did something else; also as for [`Place::mog`].
    pub fn prints(&self, args: &str, expected: &str) -> Outcome<()> {
        let finished = self.exits(args, 0)?;
        same(args, expected, &text(&finished))
    }
}

/// What a run printed.
#[must_use]
pub fn text(finished: &Finished) -> String {
    String::from_utf8_lossy(&finished.stdout).into_owned()
}

/// Checks that two texts are the same.
///
/// # Errors
/// If they are not.
pub fn same(what: &str, expected: &str, actual: &str) -> Outcome<()> {
    if expected == actual {
        return Ok(());
    }
    Err(format!("{what}: expected {expected:?}, came {actual:?}").into())
}

/// Checks that a run said something on standard error.
///
/// # Errors
/// If it did not.
pub fn has(finished: &Finished, text: &str) -> Outcome<()> {
    if finished.stderr.contains(text) {
        return Ok(());
    }
    Err(format!("stderr lacks {text:?}: {}", finished.stderr).into())
}

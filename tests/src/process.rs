//! One command, run with a deadline, away from the caller's environment and folder.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes kept of each stream; the rest is read and dropped, so that the child never blocks.
const KEPT: usize = 64 << 20;

/// The variable that a program under test finds in its environment, for `env.get`.
pub const ENVIRONMENT: (&str, &str) = ("MOG_TEST", "from the environment");

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// Killed by this signal: a crash, if the harness did not send it.
    Signal(i32),
    /// It ran past the deadline and was killed by the harness.
    TimedOut,
}

/// What a process left behind.
#[derive(Clone, Debug)]
pub struct Finished {
    /// How it ended.
    pub exit: Exit,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr; invalid UTF-8 is replaced.
    pub stderr: String,
}

/// Runs `program` in `folder`, with an environment that holds only what a program under test may see.
///
/// # Errors
///
/// The program could not be started or waited for.
pub fn run(
    program: &Path,
    args: &[OsString],
    stdin: &[u8],
    folder: &Path,
    limit: Duration,
) -> io::Result<Finished> {
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env(ENVIRONMENT.0, ENVIRONMENT.1);
    // Where a command that is built for `tests/run.sh coverage` adds up which lines it reached.
    if let Some(profile) = env::var_os("LLVM_PROFILE_FILE") {
        command.env("LLVM_PROFILE_FILE", profile);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (input, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        scope.spawn(move || input.map(|mut pipe| pipe.write_all(stdin)));
        let stdout = scope.spawn(move || drain(stdout));
        let stderr = scope.spawn(move || drain(stderr));
        let exit = wait(&mut child, limit)?;
        let stdout = stdout.join().unwrap_or_default();
        let stderr = String::from_utf8_lossy(&stderr.join().unwrap_or_default()).into_owned();
        Ok(Finished { exit, stdout, stderr })
    })
}

fn drain(pipe: Option<impl Read>) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else { return kept };
    let mut chunk = vec![0; 1 << 16];
    while let Ok(count @ 1..) = pipe.read(&mut chunk) {
        let room = KEPT.saturating_sub(kept.len()).min(count);
        kept.extend(chunk.iter().take(room));
    }
    kept
}

fn wait(child: &mut Child, limit: Duration) -> io::Result<Exit> {
    let start = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(exit_of(status));
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(Exit::TimedOut);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

fn exit_of(status: ExitStatus) -> Exit {
    match status.code() {
        Some(code) => Exit::Code(code),
        #[cfg(unix)]
        None => Exit::Signal(std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or(0)),
        #[cfg(not(unix))]
        None => Exit::Signal(0),
    }
}

/// A folder of its own for one run, removed when dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new empty folder.
    ///
    /// # Errors
    ///
    /// The folder could not be made.
    pub fn new() -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("mog-tests-{}-{number}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it and says where.
    ///
    /// # Errors
    ///
    /// The file could not be written.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        fs::write(&path, bytes)?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder left behind in the temporary directory harms nothing.
        let _ = fs::remove_dir_all(&self.0);
    }
}

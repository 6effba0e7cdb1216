//! The walls around a command: bubblewrap's, a seccomp filter's, and those of resource limits.

use std::ffi::{OsStr, OsString};
use std::fs::read_link;
use std::io::{Write, pipe};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use command_fds::{CommandFdExt, FdMapping};
use serde::{Deserialize, Serialize};

use super::FOLDERS;
use super::child::{self, Limits, Output};
use super::filter;
use crate::CallError;

/// What is between a command and the rest of the system.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Sandbox {
    /// Namespaces of its own, no network, no capabilities, a filter of system calls; the workspace can be read.
    #[default]
    Strict,
    /// The same, and the workspace can be written.
    Standard,
    /// Nothing but limits on time and resources: the command may do what the host's user may.
    None,
}

/// Where the workspace is in a sandbox.
const WORKSPACE: &str = "/workspace";
/// Room for temporary files in a sandbox, in bytes: it is memory.
const TEMPORARY: &str = "67108864";
/// Numbers of the sandbox's own files, for bubblewrap alone.
const STATUS_FD: i32 = 3;
const FILTER_FDS: [i32; 2] = [4, 5];

/// The walls that commands run in.
#[derive(Debug)]
pub(super) struct Walls {
    sandbox: Sandbox,
    workspace: PathBuf,
    program: PathBuf,
}

fn unavailable(why: impl std::fmt::Display) -> CallError {
    CallError::denied(format_args!("Failed to initialize sandbox: {why}"))
}

impl Walls {
    pub(super) fn new(sandbox: Sandbox, workspace: PathBuf, program: Option<PathBuf>) -> Self {
        Self { sandbox, workspace, program: program.unwrap_or_else(|| "/usr/bin/bwrap".into()) }
    }

    /// Runs a file with arguments to its end, or until a limit or the caller ends it.
    pub(super) async fn run(
        &self,
        file: &Path,
        args: &[String],
        limits: &Limits,
    ) -> Result<Output, CallError> {
        // It sets limits on itself, and becomes the command.
        let limit = FOLDERS.iter().map(|folder| Path::new(folder).join("prlimit"));
        let limit = limit.into_iter().find(|file| file.is_file());
        let limit = limit.ok_or_else(|| unavailable("there is no prlimit"))?;
        let in_sandbox = self.sandbox != Sandbox::None;
        let mut inner = vec![limit.into_os_string()];
        inner.extend(limits.options(in_sandbox).map(OsString::from));
        inner.extend([OsString::from("--"), file.into()]);
        inner.extend(args.iter().map(OsString::from));
        if !in_sandbox {
            let mut command = Command::new(inner.remove(0));
            command.args(inner).current_dir(&self.workspace);
            return child::run(bare(command), None, limits).await;
        }
        let (command, status) = self.command(&inner)?;
        let output = child::run(command, Some(status), limits).await?;
        // It says so when the command has ended, and only if the walls stood.
        if !output.timed_out && !output.status.contains("\"exit-code\"") {
            let why = output.stderr.lines().last().unwrap_or_default();
            return Err(unavailable(why.strip_prefix("bwrap: ").unwrap_or(why)));
        }
        Ok(output)
    }

    /// Bubblewrap with the command, and where it says how that went.
    fn command(&self, inner: &[OsString]) -> Result<(Command, OwnedFd), CallError> {
        if !self.program.is_file() {
            return Err(unavailable(format_args!("there is no {}", self.program.display())));
        }
        let (status, status_writer) = pipe().map_err(unavailable)?;
        let mut mappings = vec![FdMapping { parent_fd: status_writer.into(), child_fd: STATUS_FD }];
        for (filter, child_fd) in filter::programs().map_err(unavailable)?.iter().zip(FILTER_FDS) {
            let (reader, mut writer) = pipe().map_err(unavailable)?;
            // It is far smaller than a pipe has room for.
            writer.write_all(filter).map_err(unavailable)?;
            mappings.push(FdMapping { parent_fd: reader.into(), child_fd });
        }
        let mut command = Command::new(&self.program);
        command.args(self.options()).arg("--").args(inner);
        command.fd_mappings(mappings).map_err(unavailable)?;
        Ok((bare(command), status.into()))
    }

    fn options(&self) -> Vec<OsString> {
        let mut options: Vec<OsString> = Vec::new();
        let mut add = |words: &[&dyn AsRef<OsStr>]| {
            options.extend(words.iter().map(|word| word.as_ref().to_os_string()));
        };
        add(&[
            &"--unshare-all",
            &"--unshare-user",
            &"--disable-userns",
            &"--die-with-parent",
            &"--new-session",
        ]);
        add(&[&"--cap-drop", &"ALL", &"--uid", &"1000", &"--gid", &"1000", &"--hostname", &"sandbox"]);
        add(&[&"--clearenv", &"--setenv", &"PATH", &FOLDERS.join(":"), &"--setenv", &"HOME", &"/tmp"]);
        add(&[&"--setenv", &"LANG", &"C.UTF-8"]);
        add(&[&"--ro-bind", &"/usr", &"/usr"]);
        // Links into /usr on most systems, folders on older ones.
        for folder in ["/bin", "/sbin", "/lib", "/lib32", "/lib64"] {
            match read_link(folder) {
                Ok(link) => add(&[&"--symlink", &link, &folder]),
                Err(_) => add(&[&"--ro-bind-try", &folder, &folder]),
            }
        }
        for file in ["/etc/ld.so.cache", "/etc/alternatives"] {
            add(&[&"--ro-bind-try", &file, &file]);
        }
        add(&[&"--proc", &"/proc", &"--dev", &"/dev"]);
        add(&[&"--size", &TEMPORARY, &"--tmpfs", &"/tmp"]);
        let bind = if self.sandbox == Sandbox::Standard { "--bind" } else { "--ro-bind" };
        add(&[&bind, &self.workspace, &WORKSPACE, &"--chdir", &WORKSPACE]);
        // What is left of the root can be seen and not be written.
        add(&[&"--remount-ro", &"/", &"--remount-ro", &"/dev"]);
        for number in FILTER_FDS {
            add(&[&"--add-seccomp-fd", &number.to_string()]);
        }
        add(&[&"--json-status-fd", &STATUS_FD.to_string()]);
        options
    }
}

/// A command with nothing of the host's: no environment, no input.
fn bare(mut command: Command) -> Command {
    command.env_clear().env("PATH", FOLDERS.join(":")).env("LANG", "C.UTF-8");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

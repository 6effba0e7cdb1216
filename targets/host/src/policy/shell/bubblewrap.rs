//! The walls around a command: bubblewrap's, a seccomp filter's, and those of resource limits.

use std::ffi::{OsStr, OsString};
use std::fs::{File, read_link};
use std::io::{Read, Write, pipe};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use command_fds::{CommandFdExt, FdMapping};
use serde::{Deserialize, Serialize};

use super::FOLDERS;
use super::child::{self, Limits, Output};
use super::filter;
use super::network::{Network, WayOut};
use crate::policy::Policy;
use crate::{CallError, Notes};

/// What is between a command and the rest of the system.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Sandbox {
    /// Namespaces of its own, no network, no capabilities, a filter of system calls; the workspace can be read.
    #[default]
    Strict,
    /// The same, and the workspace can be written. Of the network, commands reach the hosts that the program may send requests
    /// to, if it is granted all of `http`: through a proxy that `http_proxy` and its like name.
    Standard,
    /// Nothing but limits on time and resources: the command may do what the host's user may.
    None,
}

/// Where the workspace is in a sandbox.
const WORKSPACE: &str = "/workspace";
/// Room for temporary files in a sandbox, in bytes: it is memory.
const TEMPORARY: &str = "67108864";
/// What is in bubblewrap's report if a command ended, and only if the walls stood.
const ENDED: &str = "\"exit-code\"";
/// Numbers of the sandbox's own files, for bubblewrap alone.
const STATUS_FD: i32 = 3;
const FILTER_FDS: [i32; 2] = [4, 5];

/// Where the way out is in a sandbox that has one: who takes connections, and the socket that they go to.
const FORWARDER: &str = "/run/mog/forwarder";
const SOCKET: &str = "/run/mog/proxy";
/// Whom clients in such a sandbox trust.
const CERTIFICATES: [&str; 4] =
    ["/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted"];

/// The walls that commands run in.
#[derive(Debug)]
pub(super) struct Walls {
    sandbox: Sandbox,
    workspace: PathBuf,
    /// Where the workspace is inside.
    place: PathBuf,
    /// What else can be read, where it is.
    readable: Vec<PathBuf>,
    program: PathBuf,
}

impl Sandbox {
    /// Runs one of the host's own programs in these walls to its end, with the host's environment, input and output, in the
    /// working folder; and gives its exit code. Beside that folder it can read what is named, and its own file. In
    /// [`Sandbox::Standard`] it has the way out that a policy gives commands.
    ///
    /// # Errors
    /// Why the walls do not stand. Nothing ran then.
    pub fn run(
        self,
        file: &Path,
        args: impl IntoIterator<Item = OsString>,
        readable: Vec<PathBuf>,
        policy: &Policy,
    ) -> Result<u8, String> {
        let told = |error: CallError| match error {
            CallError::Denied(message) | CallError::Failed(message) => message,
            _ => "Failed to initialize sandbox".to_owned(),
        };
        let failed = |error: std::io::Error| told(unavailable(error));
        let args: Vec<OsString> = args.into_iter().collect();
        let inner: Vec<OsString> = [file.into()].into_iter().chain(args).collect();
        if self == Self::None {
            let mut command = Command::new(file);
            let status = command.args(inner.iter().skip(1)).status().map_err(failed)?;
            return Ok(exit_code(status));
        }
        let folder = std::env::current_dir().and_then(|folder| folder.canonicalize()).map_err(failed)?;
        if folder.parent().is_none() {
            return Err(told(unavailable("not in the root folder")));
        }
        let mut walls = Walls::new(self, folder.clone(), None);
        // What is in the folder can be read there.
        let others = readable.into_iter().chain([file.to_path_buf()]);
        walls.readable = others.filter(|path| !path.starts_with(&folder)).collect();
        walls.place = folder;
        let network = Network::new(self, &policy.all_surroundings())?;
        let way = network.as_ref().map(|network| network.open(Notes::default())).transpose().map_err(told)?;
        let (mut command, reader) = walls.command(&inner, way.as_ref()).map_err(told)?;
        let mut child = command.spawn().map_err(failed)?;
        // With its end of the report, which would keep it open.
        drop(command);
        let exit = child.wait().map_err(failed)?;
        let mut report = String::new();
        File::from(reader).read_to_string(&mut report).map_err(failed)?;
        if report.contains(ENDED) { Ok(exit_code(exit)) } else { Err(told(unavailable("see above"))) }
    }
}

/// The exit code of a process; as for shells, 128 and the number of a signal that ended it.
pub(super) fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

pub(super) fn unavailable(why: impl std::fmt::Display) -> CallError {
    CallError::denied(format_args!("Failed to initialize sandbox: {why}"))
}

impl Walls {
    pub(super) fn new(sandbox: Sandbox, workspace: PathBuf, program: Option<PathBuf>) -> Self {
        let program = program.unwrap_or_else(|| "/usr/bin/bwrap".into());
        Self { sandbox, workspace, place: WORKSPACE.into(), readable: Vec::new(), program }
    }

    /// Runs a file with arguments to its end, or until a limit or the caller ends it.
    pub(super) async fn run(
        &self,
        file: &Path,
        args: &[String],
        limits: &Limits,
        way: Option<&WayOut<'_>>,
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
        let (command, status) = self.command(&inner, way)?;
        let output = child::run(bare(command), Some(status), limits).await?;
        if !output.timed_out && !output.status.contains(ENDED) {
            let why = output.stderr.lines().last().unwrap_or_default();
            return Err(unavailable(why.strip_prefix("bwrap: ").unwrap_or(why)));
        }
        Ok(output)
    }

    /// Bubblewrap with the command, and where it says how that went.
    fn command(&self, inner: &[OsString], way: Option<&WayOut<'_>>) -> Result<(Command, OwnedFd), CallError> {
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
        command.args(self.options(way)).arg("--");
        if way.is_some() {
            command.args([FORWARDER, "forward", SOCKET]);
        }
        command.args(inner);
        command.fd_mappings(mappings).map_err(unavailable)?;
        Ok((command, status.into()))
    }

    fn options(&self, way: Option<&WayOut<'_>>) -> Vec<OsString> {
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
        add(&[&"--setenv", &"HOME", &"/tmp"]);
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
        add(&[&bind, &self.workspace, &self.place, &"--chdir", &self.place]);
        for path in &self.readable {
            add(&[&"--ro-bind", path, path]);
        }
        if let Some(WayOut { proxy, forwarder }) = way {
            add(&[&"--ro-bind", forwarder, &FORWARDER, &"--ro-bind", &proxy.socket(), &SOCKET]);
            for path in CERTIFICATES {
                add(&[&"--ro-bind-try", &path, &path]);
            }
        }
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

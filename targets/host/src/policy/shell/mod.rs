//! `[shell]`: which commands a program may run, with which arguments, and in which sandbox.

mod bubblewrap;
mod child;
mod filter;
mod forward;
mod network;
mod pattern;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Section, Size, Surroundings, Time};
use crate::{CallError, Function, Notes, Value};

use child::Limits;
use network::Network;
use pattern::Pattern;

pub use bubblewrap::Sandbox;
pub use forward::forward;

/// Where commands are, inside the sandbox and outside.
const FOLDERS: [&str; 4] = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/// The commands that `shell.exec` runs: those that are allowed, with arguments that are, without a shell, with an empty
/// environment, in a workspace, inside a [`Sandbox`]. What a command prints is the result; that of a command that fails is a
/// failure.
///
/// ```toml
/// [shell]
/// workspace = "work"
/// deny = ["git push **"]                                # wins
/// [shell.allow]
/// ls = ["", "-l *"]                                     # alone, or with -l and one argument
/// git = ["status", "log --oneline **"]
/// ```
/// A pattern is matched against the arguments, word by word: `*` stands for any characters of one argument, `**` for any number
/// of arguments. A command that is started gets no file that the host has open: all of the process's files beyond the first three
/// are marked to be closed then. An argument that begins with `-` is matched only by a word that says so, or by `**`, so that `*` lets no option in.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Shell {
    /// The folder that commands run in, and may see: as `/workspace`.
    pub workspace: PathBuf,
    /// Patterns of arguments for each command; none are allowed by default.
    #[serde(default)]
    pub allow: BTreeMap<String, Vec<String>>,
    /// Commands, perhaps with a pattern of arguments, that are refused whatever is allowed. In these, `*` matches options
    /// too.
    #[serde(default)]
    pub deny: Vec<String>,
    /// Walls around the commands.
    #[serde(default)]
    pub sandbox: Sandbox,
    /// The longest that one may take: 30 seconds if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Time>,
    /// The most of what it prints that is kept; the rest is lost. 1 MiB if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Size>,
    /// Address space of each process: 2 GiB if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Size>,
    /// The most processes and threads at once: 64 if not given. The system counts them for no host that is root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<u32>,
    /// The largest file that may be written: 64 MiB if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Size>,
    /// Where bubblewrap is; `/usr/bin/bwrap` if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bubblewrap: Option<PathBuf>,
}

impl Shell {
    /// Commands that run in a folder, none of which is allowed yet.
    pub fn new(workspace: impl Into<PathBuf>) -> Self {
        Self {
            workspace: workspace.into(),
            allow: BTreeMap::new(),
            deny: Vec::new(),
            sandbox: Sandbox::default(),
            timeout: None,
            output: None,
            memory: None,
            processes: None,
            file: None,
            bubblewrap: None,
        }
    }

    fn limits(&self) -> Limits {
        let bytes = |size: Option<Size>, default: u64| size.map_or(default, |size| size.0);
        Limits {
            timeout: self.timeout.map_or(Duration::from_secs(30), |time| time.0),
            output: usize::try_from(bytes(self.output, 1 << 20)).unwrap_or(usize::MAX),
            memory: bytes(self.memory, 2 << 30),
            processes: self.processes.unwrap_or(64),
            file: bytes(self.file, 64 << 20),
        }
    }

    /// The workspace, as it is now.
    fn workspace(&self, surroundings: &Surroundings) -> Result<PathBuf, String> {
        let shown = self.workspace.display();
        let folder = self.workspace.canonicalize().map_err(|error| format!("workspace {shown}: {error}"))?;
        if !folder.is_dir() || folder.parent().is_none() {
            return Err(format!("workspace {shown}: not a folder that commands may have"));
        }
        let writes = self.sandbox != Sandbox::Strict;
        let protected = surroundings.protected.iter().filter(|_| writes);
        // A command could put another folder in the place of the one that such a file is in.
        let inside = |path: &&PathBuf| {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
            let mut known = path.ancestors().filter_map(|path| path.canonicalize().ok());
            known.next().is_none_or(|known| known.starts_with(&folder) || folder.starts_with(path))
        };
        match protected.chain(&surroundings.hidden).find(inside) {
            Some(path) => Err(format!(
                "workspace {shown}: {} is in it, which no command may reach; keep it elsewhere",
                path.display()
            )),
            None => Ok(folder),
        }
    }
}

impl Section for Shell {
    fn resolve(&mut self, folder: &Path) {
        self.workspace = folder.join(&self.workspace);
        if let Some(program) = &mut self.bubblewrap {
            *program = folder.join(&program);
        }
    }

    fn functions(&self, surroundings: &Surroundings) -> Result<Vec<(&'static str, Function)>, String> {
        let runner = Arc::new(Runner {
            commands: Commands::read(self)?,
            walls: bubblewrap::Walls::new(
                self.sandbox,
                self.workspace(surroundings)?,
                self.bubblewrap.clone(),
            ),
            network: Network::new(self.sandbox, surroundings)?,
            limits: self.limits(),
        });
        let exec = Function::dynamic_async_noting(move |args, notes| {
            let runner = Arc::clone(&runner);
            async move { runner.exec(args, notes).await }
        });
        Ok(vec![("exec", exec.named(["command", "args"]))])
    }
}

/// What is allowed and denied.
struct Commands {
    allow: BTreeMap<String, Vec<Pattern>>,
    deny: Vec<(String, Pattern)>,
}

impl Commands {
    fn read(section: &Shell) -> Result<Self, String> {
        let mut allow = BTreeMap::new();
        for (name, patterns) in &section.allow {
            if name.is_empty() || name.contains(['/', '\0']) || name.starts_with('.') {
                return Err(format!("allow: {name:?} is no name of a command"));
            }
            if patterns.is_empty() {
                return Err(format!(
                    "allow: {name} is allowed with no arguments and not without: write [\"\"] for none, [\"**\"] for any"
                ));
            }
            allow.insert(name.clone(), patterns.iter().map(|text| Pattern::new(text)).collect());
        }
        let deny = section.deny.iter().map(|text| match text.trim().split_once(char::is_whitespace) {
            Some((name, pattern)) => (name.to_owned(), Pattern::new(pattern)),
            None => (text.trim().to_owned(), Pattern::new("**")),
        });
        let deny: Vec<_> = deny.collect();
        if deny.iter().any(|(name, _)| name.is_empty()) {
            return Err("deny: an empty name denies nothing".to_owned());
        }
        Ok(Self { allow, deny })
    }

    fn check(&self, command: &str, args: &[String]) -> Result<(), CallError> {
        if self.deny.iter().any(|(name, pattern)| name == command && pattern.matches(args, true)) {
            return Err(CallError::denied(format_args!("Command '{command}' is denied")));
        }
        let Some(patterns) = self.allow.get(command) else {
            return Err(CallError::denied(format_args!("Command '{command}' not in allowlist")));
        };
        if args.iter().any(|arg| arg.contains('\0'))
            || !patterns.iter().any(|known| known.matches(args, false))
        {
            return Err(CallError::denied(format_args!("Arguments of command '{command}' not in allowlist")));
        }
        Ok(())
    }
}

struct Runner {
    commands: Commands,
    walls: bubblewrap::Walls,
    network: Option<Network>,
    limits: Limits,
}

impl Runner {
    async fn exec(&self, args: Vec<Value>, notes: Notes) -> Result<Value, CallError> {
        let (command, args) = arguments(args)?;
        self.commands.check(&command, &args)?;
        let file = FOLDERS.iter().map(|folder| Path::new(folder).join(&command)).find(|file| file.is_file());
        let file =
            file.ok_or_else(|| CallError::failed(format_args!("Command '{command}' is not installed")))?;
        let way = self.network.as_ref().map(|network| network.open(notes)).transpose()?;
        let output = self.walls.run(&file, &args, &self.limits, way.as_ref()).await;
        if let Some(way) = way {
            // All that it did is noted then.
            way.proxy.close().await;
        }
        output?.into_result(&command).map(Value::from)
    }
}

fn arguments(args: Vec<Value>) -> Result<(String, Vec<String>), CallError> {
    let text = |value: Value| match value {
        Value::Str(text) => Ok(text.to_string()),
        _ => Err(CallError::failed("shell.exec takes a command and an array of texts")),
    };
    let mut args = args.into_iter();
    let command = text(args.next().unwrap_or(Value::Null))?;
    let rest = match args.next() {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.into_iter().map(text).collect::<Result<_, _>>()?,
        Some(other) => vec![text(other)?],
    };
    Ok((command, rest))
}

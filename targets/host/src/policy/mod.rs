//! Policies: what narrows a grant, and the file that says so.
//!
//! Each capability that can be narrowed has a type here, which is a [`Capability`](crate::Capability) like any group of a host's own: the
//! gate, the audit log, replay and denials know nothing of policies. A [`Policy`] reads them from TOML:
//!
//! ```
//! # use mog::policy::Policy;
//! let policy = Policy::parse(r#"
//!     grant = ["log", "env.get"]
//!     deny = ["log.debug"]          # wins over all grants
//!
//!     [limits]
//!     memory = "1M"
//!     timeout = "2s"
//!
//!     [env]
//!     names = ["LANG"]
//! "#)?;
//! let capabilities = policy.capabilities()?;
//! # Ok::<(), mog::policy::PolicyError>(())
//! ```
//! A section says how its capability may be used; only `grant` grants it.

#[cfg(any(feature = "kv", feature = "grants"))]
mod database;
mod env;
#[cfg(feature = "fs")]
mod fs;
#[cfg(feature = "grants")]
mod grants;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "kv")]
mod kv;
mod limits;
mod random;
#[cfg(all(feature = "shell", target_os = "linux"))]
mod shell;
mod units;
#[cfg(all(feature = "grants", feature = "sign"))]
mod versions;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::capabilities::standard_functions;
use crate::{CapabilitySet, Function};

pub use env::Env;
#[cfg(feature = "fs")]
pub use fs::{Fs, Workspace};
#[cfg(feature = "grants")]
pub use grants::Grants;
#[cfg(feature = "http")]
pub use http::{Http, Resolver};
#[cfg(feature = "kv")]
pub use kv::{Kv, Store};
pub use limits::Limits;
pub use random::Random;
#[cfg(all(feature = "shell", target_os = "linux"))]
pub use shell::{Sandbox, Shell, forward};
pub use units::{Size, Time};
#[cfg(all(feature = "grants", feature = "sign"))]
pub use versions::Versions;

/// Declares [`Policy`] with its sections: a new one is a file with a type that is a [`Section`], and a line below.
macro_rules! policy {
    ($($(#[doc = $doc:literal])* $(#[cfg($when:meta)])? $name:ident: $section:ty;)*) => {
        /// What a program is granted, how it may use it, and its limits.
        #[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        #[non_exhaustive]
        pub struct Policy {
            /// Functions (`fs.read`) and groups (`fs`) that are granted.
            pub grant: Vec<String>,
            /// Functions and groups that are denied, whatever is granted.
            pub deny: Vec<String>,
            /// What the program may use up.
            #[serde(skip_serializing_if = "Limits::is_empty")]
            pub limits: Limits,
            /// Whether chance is the same in each run.
            #[serde(skip_serializing_if = "Random::is_empty")]
            pub random: Random,
            $(
                $(#[doc = $doc])*
                $(#[cfg($when)])?
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<$section>,
            )*
            /// What the sections have to know beside what they say.
            #[serde(skip)]
            pub surroundings: Surroundings,
        }

        impl Policy {
            /// The section that narrows a capability.
            fn section(&self, capability: &str) -> Option<&dyn Section> {
                $($(#[cfg($when)])? if capability == stringify!($name) {
                    return self.$name.as_ref().map(|section| section as &dyn Section);
                })*
                None
            }

            /// Makes all paths absolute that were written relative to a folder.
            fn resolve(&mut self, folder: &Path) {
                $($(#[cfg($when)])? if let Some(section) = &mut self.$name {
                    section.resolve(folder);
                })*
            }

            /// What the sections know of each other.
            fn all_surroundings(&self) -> Surroundings {
                let mut all = self.surroundings.clone();
                $($(#[cfg($when)])? if let Some(section) = &self.$name {
                    all.hidden.extend(section.hides().map(Path::to_path_buf));
                })*
                #[cfg(all(feature = "shell", target_os = "linux"))]
                {
                    all.network = self.network().cloned();
                }
                all
            }
        }
    };
}

policy! {
    /// Which variables of the environment it may know.
    env: Env;
    /// Which files it may read and write, and how many.
    #[cfg(feature = "fs")]
    fs: Fs;
    /// Where it stores texts by key, and how much.
    #[cfg(feature = "kv")]
    kv: Kv;
    /// Which hosts it may send requests to.
    #[cfg(feature = "http")]
    http: Http;
    /// Which commands it may run.
    #[cfg(all(feature = "shell", target_os = "linux"))]
    shell: Shell;
}

/// A part of a policy that narrows one capability.
trait Section {
    /// Makes paths absolute that were written relative to a folder.
    fn resolve(&mut self, folder: &Path);

    /// A file that no other section may reach.
    fn hides(&self) -> Option<&Path> {
        None
    }

    /// Opens what it names, and gives all functions of the capability. An error says what is wrong with it.
    fn functions(&self, surroundings: &Surroundings) -> Result<Vec<(&'static str, Function)>, String>;
}

/// What sections have to know beside what they say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Surroundings {
    /// The name of the program or agent, by which it is told from others.
    pub program: String,
    /// Files that say what programs may do: no program may write where they are.
    pub protected: Vec<PathBuf>,
    /// Files that hold what is others': no program may reach them.
    pub hidden: Vec<PathBuf>,
    /// What requests are sent through, where this process itself is in a sandbox without a network: the proxy for it, which
    /// has the last word on addresses.
    pub proxy: Option<SocketAddr>,
    /// An executable that does [`forward`] when it is started with `forward SOCKET COMMAND ARGUMENTS…`: the `mog` command, or
    /// one of the host's own. Commands in a sandbox with a network need it.
    pub forwarder: Option<PathBuf>,
    /// Where such commands may send requests to.
    #[cfg(all(feature = "shell", target_os = "linux"))]
    network: Option<Http>,
}

/// Why a policy grants nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PolicyError {
    /// Its file cannot be read.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why not.
        message: String,
    },
    /// It is not a policy in TOML.
    Malformed {
        /// Its file, if it is from one.
        file: Option<PathBuf>,
        /// What is wrong and in which line.
        message: String,
    },
    /// It names what there is not, or what it does not say enough about.
    Grant(String),
    /// A section cannot be carried out.
    Section {
        /// The section, such as `fs`.
        name: String,
        /// Why not.
        message: String,
    },
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, message } => write!(f, "{}: {message}", file.display()),
            Self::Malformed { file: Some(file), message } => write!(f, "{}: {message}", file.display()),
            Self::Malformed { file: None, message } | Self::Grant(message) => f.write_str(message),
            Self::Section { name, message } => write!(f, "[{name}]: {message}"),
        }
    }
}

impl std::error::Error for PolicyError {}

impl Policy {
    /// Reads a policy from a file. Paths in it are relative to the file's folder, and no program may write the file.
    ///
    /// # Errors
    /// If it cannot be read or is not a policy: nothing is granted then.
    pub fn read(file: &Path) -> Result<Self, PolicyError> {
        let unreadable = |error: std::io::Error| PolicyError::Unreadable {
            file: file.to_path_buf(),
            message: error.to_string(),
        };
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        let mut policy = Self::parse(&text).map_err(|error| match error {
            PolicyError::Malformed { message, .. } => {
                PolicyError::Malformed { file: Some(file.to_path_buf()), message }
            }
            other => other,
        })?;
        let path = std::path::absolute(file).map_err(unreadable)?;
        policy.resolve(path.parent().unwrap_or(&path));
        policy.surroundings.protected.push(path);
        Ok(policy)
    }

    /// Reads a policy from text. Paths in it are relative to the working directory.
    ///
    /// # Errors
    /// If it is not a policy.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let malformed =
            |error: toml::de::Error| PolicyError::Malformed { file: None, message: error.to_string() };
        toml::from_str(text).map_err(malformed)
    }

    /// The policy as text, which [`Policy::parse`] reads.
    ///
    /// # Errors
    /// If a path in it is not Unicode, or a number is above [`i64::MAX`].
    pub fn to_toml(&self) -> Result<String, PolicyError> {
        toml::to_string(self).map_err(|error| PolicyError::Grant(error.to_string()))
    }

    /// Where commands may send requests to: where the program may, if it has all of `http`.
    #[cfg(all(feature = "shell", target_os = "linux"))]
    fn network(&self) -> Option<&Http> {
        let is_whole = self.grant.iter().any(|name| name == "http");
        let is_cut = self.deny.iter().any(|name| name.split('.').next() == Some("http"));
        self.http.as_ref().filter(|_| is_whole && !is_cut)
    }

    /// What a program is granted: its output, and what the policy grants.
    ///
    /// # Errors
    /// As for [`Policy::grant_to`].
    pub fn capabilities(&self) -> Result<CapabilitySet, PolicyError> {
        let mut set = CapabilitySet::new();
        self.grant_to(&mut set)?;
        Ok(set)
    }

    /// Grants and denies in a set, beside the host's own functions.
    ///
    /// # Errors
    /// If it grants or denies what there is not, or a section cannot be carried out; the set is as it was then.
    pub fn grant_to(&self, set: &mut CapabilitySet) -> Result<(), PolicyError> {
        self.check_grants()?;
        let mut all = set.clone();
        let surroundings = self.all_surroundings();
        let mut opened = BTreeMap::new();
        for name in &self.grant {
            let group = name.split('.').next().unwrap_or_default();
            let Some(section) = self.section(group) else {
                all.grant_standard(name).map_err(|error| PolicyError::Grant(format!("grant: {error}")))?;
                continue;
            };
            if !opened.contains_key(group) {
                let functions = section.functions(&surroundings);
                let failed = |message| PolicyError::Section { name: group.to_owned(), message };
                opened.insert(group, functions.map_err(failed)?);
            }
            for (function, body) in opened.get(group).into_iter().flatten() {
                let whole = format!("{group}.{function}");
                if name == group || *name == whole {
                    all.grant(&whole, body.clone());
                }
            }
        }
        for name in &self.deny {
            check_denial(name, &all)?;
            all.deny(name);
        }
        *set = all;
        Ok(())
    }

    /// Whether it names what there is, without opening anything.
    #[cfg(feature = "grants")]
    fn check(&self) -> Result<(), PolicyError> {
        self.check_grants()?;
        self.deny.iter().try_for_each(|name| check_denial(name, &CapabilitySet::new()))
    }

    fn check_grants(&self) -> Result<(), PolicyError> {
        for name in &self.grant {
            let group = name.split('.').next().unwrap_or_default();
            let Err(error) = CapabilitySet::empty().grant_standard(name).map(drop) else { continue };
            match standard_functions(group) {
                None => return Err(PolicyError::Grant(format!("grant: {error}"))),
                Some(functions) if !is_known(name, &functions) => {
                    return Err(unknown("grant", name, group, &functions));
                }
                Some(_) if self.section(group).is_none() => {
                    return Err(PolicyError::Grant(format!(
                        "`{name}` is granted only by a policy with a section [{group}] that says how it may be used"
                    )));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

/// A denial that is misspelt would deny nothing.
fn check_denial(name: &str, set: &CapabilitySet) -> Result<(), PolicyError> {
    let group = name.split('.').next().unwrap_or_default();
    let of_group = |known: &String| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    if set.names().iter().any(|known| known == name || of_group(known)) {
        return Ok(());
    }
    match standard_functions(group) {
        Some(functions) if is_known(name, &functions) => Ok(()),
        Some(functions) => Err(unknown("deny", name, group, &functions)),
        None => Err(PolicyError::Grant(format!("deny: there is no capability `{name}`"))),
    }
}

/// Whether a name is that of a group or of one of its functions.
fn is_known(name: &str, functions: &[&str]) -> bool {
    name.split_once('.').is_none_or(|(_, function)| functions.contains(&function))
}

fn unknown(what: &str, name: &str, group: &str, functions: &[&str]) -> PolicyError {
    let names: Vec<_> = functions.iter().map(|function| format!("{group}.{function}")).collect();
    PolicyError::Grant(format!("{what}: there is no `{name}`; there are {}", names.join(", ")))
}

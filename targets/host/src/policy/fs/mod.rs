//! `[fs]`: files in a workspace, and in other folders that are named.
//!
//! Nothing is decided on the text of a path: each folder is held open, and `cap-std` resolves paths below it, by
//! `openat2` where the system has that. What a path was found to be is asked of the open file, not of the path again.

mod quota;
mod root;
mod workspace;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{PolicyError, Section, Size, Surroundings};
use crate::{Capability, Function};

pub use workspace::Workspace;

/// The folders that `fs` reaches, and how much it may store there.
///
/// ```no_run
/// # use mog::{CapabilitySet, policy::{Fs, Size}};
/// let fs = Fs::new("agents/ann").root("docs", "/srv/docs").total_size(Size(10 << 20));
/// CapabilitySet::new().grant_group(fs.open()?);
/// # Ok::<(), mog::policy::PolicyError>(())
/// ```
/// A path of the program's is relative to the workspace; one that begins with the name of another root leads there:
/// `docs/index.md`. Refused, as denied calls, are: ways out, by `..`, as absolute paths or by links; files that have
/// other hard links, as those may be outside; what is no regular file; what is mounted inside a root; writes through
/// symbolic links.
///
/// `write` replaces a file all at once, and it and `append` have stored their text on the disk when they return.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fs {
    workspace: PathBuf,
    #[serde(default = "total_size")]
    total_size: Size,
    #[serde(default = "file_size")]
    file_size: Size,
    #[serde(default = "files")]
    files: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    roots: BTreeMap<String, Root>,
}

/// A folder beside the workspace.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Root {
    path: PathBuf,
    /// Whether programs may write there.
    #[serde(default)]
    write: bool,
}

const fn total_size() -> Size {
    Size(256 << 20)
}

const fn file_size() -> Size {
    Size(16 << 20)
}

const fn files() -> u64 {
    10_000
}

impl Fs {
    /// A folder where programs may read and write, with quotas of 256 MiB in all, 16 MiB a file, and 10,000 files and
    /// folders.
    pub fn new(workspace: impl Into<PathBuf>) -> Self {
        let (total_size, file_size, files) = (total_size(), file_size(), files());
        Self { workspace: workspace.into(), total_size, file_size, files, roots: BTreeMap::new() }
    }

    /// One more folder, to read from.
    #[must_use]
    pub fn root(self, name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.add(name.into(), path.into(), false)
    }

    /// One more folder, to read from and write to.
    #[must_use]
    pub fn writable_root(self, name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.add(name.into(), path.into(), true)
    }

    fn add(mut self, name: String, path: PathBuf, write: bool) -> Self {
        self.roots.insert(name, Root { path, write });
        self
    }

    /// The most bytes of all files in the folders that it may write to.
    #[must_use]
    pub const fn total_size(mut self, size: Size) -> Self {
        self.total_size = size;
        self
    }

    /// The most bytes of a file that it writes, and of one that it reads.
    #[must_use]
    pub const fn file_size(mut self, size: Size) -> Self {
        self.file_size = size;
        self
    }

    /// The most files and folders in the folders that it may write to.
    #[must_use]
    pub const fn files(mut self, count: u64) -> Self {
        self.files = count;
        self
    }

    /// The workspace's path.
    #[must_use]
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Opens the folders. Grants of the result share its quotas.
    ///
    /// # Errors
    /// If one cannot be opened, or is none that may be granted: one of the system's own such as `/proc`, or a folder that
    /// can only be read inside one that can be written.
    pub fn open(&self) -> Result<Workspace, PolicyError> {
        self.open_within(&Surroundings::default())
            .map_err(|message| PolicyError::Section { name: Workspace::NAME.to_owned(), message })
    }

    fn open_within(&self, surroundings: &Surroundings) -> Result<Workspace, String> {
        let mut roots = vec![root::Root::open(None, &self.workspace, true)?];
        for (name, Root { path, write }) in &self.roots {
            if name.is_empty() || name.contains(['/', '\\', '\0']) || matches!(name.as_str(), "." | "..") {
                return Err(format!("a root cannot be called {name:?}"));
            }
            roots.push(root::Root::open(Some(name), path, *write)?);
        }
        for root in &roots {
            for path in &surroundings.hidden {
                root.must_not_hold(path)?;
            }
            if root.writable {
                let read_only = self.roots.values().filter(|other| !other.write).map(|other| &other.path);
                for path in surroundings.protected.iter().chain(read_only) {
                    root.must_not_hold(path)?;
                }
            }
        }
        let limits = quota::Quota { total: self.total_size.0, file: self.file_size.0, files: self.files };
        Ok(Workspace::new(roots, limits))
    }
}

impl Section for Fs {
    fn resolve(&mut self, folder: &Path) {
        self.workspace = folder.join(&self.workspace);
        self.roots.values_mut().for_each(|root| root.path = folder.join(&root.path));
    }

    fn functions(&self, surroundings: &Surroundings) -> Result<Vec<(&'static str, Function)>, String> {
        self.open_within(surroundings).map(Capability::functions)
    }
}

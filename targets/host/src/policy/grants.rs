//! What each of several agents is granted, in one store.

use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::database::{self, Failed, guarded};
use super::{Policy, PolicyError};

/// An agent's name, its policy in TOML.
const POLICIES: TableDefinition<'_, &str, &str> = TableDefinition::new("policies");
const FILE: &str = "grants.redb";

/// The policies of agents, by name. An agent that is not in the store is granted nothing.
///
/// Programs cannot reach it: no policy that it gives has a root which holds it.
pub struct Grants {
    database: Database,
    folder: PathBuf,
}

impl std::fmt::Debug for Grants {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grants").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Grants {
    /// Opens the store in a folder.
    ///
    /// # Errors
    /// If there is none, or it cannot be read: then nobody is granted anything.
    pub fn open(folder: &Path) -> Result<Self, PolicyError> {
        let file = folder.join(FILE);
        match file.try_exists() {
            Ok(true) => Self::open_or_make(folder),
            Ok(false) => Err(unreadable(&file, "there is no store of grants here; `mog grant` makes one")),
            Err(error) => Err(unreadable(&file, error)),
        }
    }

    /// Opens the store in a folder, and makes both if they are not there.
    ///
    /// # Errors
    /// If it cannot be made, or what is there cannot be read.
    pub fn open_or_make(folder: &Path) -> Result<Self, PolicyError> {
        let file = folder.join(FILE);
        let made =
            std::path::absolute(folder).and_then(|folder| std::fs::create_dir_all(&folder).map(|()| folder));
        let folder = made.map_err(|error| unreadable(&file, error))?;
        let database = database::open(&file, true);
        let database =
            database.map_err(|message| PolicyError::Grant(format!("the store of grants: {message}")))?;
        Ok(Self { database, folder })
    }

    /// An agent's policy.
    ///
    /// # Errors
    /// If it cannot be read: nothing is granted then.
    pub fn agent(&self, agent: &str) -> Result<Policy, PolicyError> {
        let read = || {
            let transaction = self.database.begin_read()?;
            match transaction.open_table(POLICIES) {
                Ok(policies) => Ok(policies.get(agent)?.map(|policy| policy.value().to_owned())),
                Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
                Err(error) => Err(error.into()),
            }
        };
        let text = guarded(read).map_err(|error| self.failed(&error))?;
        let mut policy = Policy::parse(text.as_deref().unwrap_or_default())?;
        policy.surroundings.program = format!("agent {agent}");
        policy.surroundings.hidden.push(self.folder.clone());
        Ok(policy)
    }

    /// The names of the agents.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn agents(&self) -> Result<Vec<String>, PolicyError> {
        let read = || {
            let transaction = self.database.begin_read()?;
            let policies = match transaction.open_table(POLICIES) {
                Ok(policies) => policies,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                Err(error) => return Err(error.into()),
            };
            let mut names = Vec::new();
            for entry in policies.iter()? {
                names.push(entry?.0.value().to_owned());
            }
            Ok(names)
        };
        guarded(read).map_err(|error| self.failed(&error))
    }

    /// Changes an agent's policy, which an agent has from then on. Paths in it are relative to the working directory.
    ///
    /// # Errors
    /// If the change gives an error, or a policy that names what there is not; nothing is changed then.
    pub fn change(
        &self,
        agent: &str,
        change: impl FnOnce(&mut Policy) -> Result<(), PolicyError>,
    ) -> Result<(), PolicyError> {
        if agent.is_empty() || agent.chars().any(char::is_control) {
            return Err(PolicyError::Grant(format!("no agent can be called {agent:?}")));
        }
        // Between reading and writing nobody else may write.
        let transaction =
            guarded(|| Ok(self.database.begin_write()?)).map_err(|error| self.failed(&error))?;
        let read =
            || Ok(transaction.open_table(POLICIES)?.get(agent)?.map(|policy| policy.value().to_owned()));
        let old = guarded(read).map_err(|error| self.failed(&error))?;
        let mut policy = Policy::parse(old.as_deref().unwrap_or_default())?;
        change(&mut policy)?;
        policy.check()?;
        let here = std::env::current_dir().map_err(|error| PolicyError::Grant(error.to_string()))?;
        policy.resolve(&here);
        let text = policy.to_toml()?;
        let write = || {
            transaction.open_table(POLICIES)?.insert(agent, &*text)?;
            Ok(transaction.commit()?)
        };
        guarded(write).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &Failed) -> PolicyError {
        unreadable(&self.folder.join(FILE), error)
    }
}

fn unreadable(file: &Path, error: impl std::fmt::Display) -> PolicyError {
    PolicyError::Unreadable { file: file.to_path_buf(), message: error.to_string() }
}

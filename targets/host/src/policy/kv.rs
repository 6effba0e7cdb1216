//! `[kv]`: texts by key that survive the program.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

use super::database::{self, Failed, guarded};
use super::{PolicyError, Section, Size, Surroundings};
use crate::function::Args;
use crate::{CallError, Capability, Function, ToMog, Value};

/// Whose a text is, its key, the text.
const ENTRIES: TableDefinition<'_, (&str, &str), &str> = TableDefinition::new("entries");
/// How much somebody stores.
const SIZES: TableDefinition<'_, &str, u64> = TableDefinition::new("sizes");
/// What an entry counts for beside its key and text, in bytes.
const ENTRY: u64 = 32;

/// Where `kv` stores, and how much.
///
/// ```no_run
/// # use mog::{CapabilitySet, policy::{Kv, Size}};
/// CapabilitySet::new().grant_group(Kv::new("kv.redb").name("notes").size(Size(1 << 20)).open()?);
/// # Ok::<(), mog::policy::PolicyError>(())
/// ```
/// Programs, told apart by their files, and agents have a store each, in one file; those that are given a common `name` share
/// one, and one from standard input or a snapshot has to be given one. Each call is a
/// transaction, which is on the disk when `set` or `delete` returns. Several processes may use the file at the same time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kv {
    store: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default = "size")]
    size: Size,
}

const fn size() -> Size {
    Size(16 << 20)
}

impl Kv {
    /// A store in a file, which is made if it is not there, with a quota of 16 MiB.
    pub fn new(store: impl Into<PathBuf>) -> Self {
        Self { store: store.into(), name: None, size: size() }
    }

    /// The name of a store that programs share. Without it, each has its own.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The most bytes of keys and texts together, and 32 for each pair.
    #[must_use]
    pub const fn size(mut self, size: Size) -> Self {
        self.size = size;
        self
    }

    /// Opens the store.
    ///
    /// # Errors
    /// If the file cannot be opened or made, is no store, or is damaged; or without a [name](Self::name).
    pub fn open(&self) -> Result<Store, PolicyError> {
        self.open_for(&Surroundings::default())
            .map_err(|message| PolicyError::Section { name: Store::NAME.to_owned(), message })
    }

    fn open_for(&self, surroundings: &Surroundings) -> Result<Store, String> {
        let owner = match &self.name {
            Some(name) => format!("shared {name}"),
            None if surroundings.program.is_empty() => {
                return Err("a program that has no name of its own needs a `name`".to_owned());
            }
            None => format!("own {}", surroundings.program),
        };
        let database = Arc::new(database::open(&self.store, false)?);
        Ok(Store { database, owner: owner.into(), quota: self.size.0 })
    }
}

impl Section for Kv {
    fn resolve(&mut self, folder: &Path) {
        self.store = folder.join(&self.store);
    }

    fn hides(&self) -> Option<&Path> {
        Some(&self.store)
    }

    fn functions(&self, surroundings: &Surroundings) -> Result<Vec<(&'static str, Function)>, String> {
        self.open_for(surroundings).map(Capability::functions)
    }
}

/// A store that was opened as [`Kv`] says, to be granted.
#[derive(Clone)]
pub struct Store {
    database: Arc<Database>,
    owner: Arc<str>,
    quota: u64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("owner", &self.owner).finish_non_exhaustive()
    }
}

type Body = fn(&Store, &Args<'_, '_, '_>) -> Result<Value, CallError>;

const FUNCTIONS: &[(&str, Body)] = &[
    ("get", |store, args| store.get(args.text(0)?)),
    ("set", |store, args| store.set(args.text(0)?, args.text(1)?)),
    ("delete", |store, args| store.delete(args.text(0)?)),
    ("list", |store, args| store.list(if args.is_empty() { "" } else { args.text(0)? })),
];

impl Capability for Store {
    const NAME: &'static str = "kv";

    fn functions(self) -> Vec<(&'static str, Function)> {
        let function = |(name, body): &(&'static str, Body)| {
            let (store, body) = (self.clone(), *body);
            (*name, Function::dynamic(move |args| body(&store, args)))
        };
        FUNCTIONS.iter().map(function).collect()
    }
}

fn cost(key: &str, text: &str) -> u64 {
    (key.len() as u64).saturating_add(text.len() as u64).saturating_add(ENTRY)
}

fn failed(failed: Failed) -> CallError {
    CallError::failed(format_args!("kv: {failed}"))
}

impl Store {
    fn get(&self, key: &str) -> Result<Value, CallError> {
        let read = || {
            let transaction = self.database.begin_read()?;
            let entries = match transaction.open_table(ENTRIES) {
                Ok(entries) => entries,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            Ok(entries.get((&*self.owner, key))?.map(|text| text.value().to_owned()))
        };
        guarded(read).map(ToMog::to_mog).map_err(failed)
    }

    fn list(&self, prefix: &str) -> Result<Value, CallError> {
        let read = || {
            let transaction = self.database.begin_read()?;
            let entries = match transaction.open_table(ENTRIES) {
                Ok(entries) => entries,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                Err(error) => return Err(error.into()),
            };
            let mut keys = Vec::new();
            for entry in entries.range((&*self.owner, prefix)..)? {
                let (key, _) = entry?;
                let (owner, key) = key.value();
                if owner != &*self.owner || !key.starts_with(prefix) {
                    break;
                }
                keys.push(Value::from(key));
            }
            Ok(keys)
        };
        guarded(read).map(Value::array).map_err(failed)
    }

    fn set(&self, key: &str, text: &str) -> Result<Value, CallError> {
        let quota = self.quota;
        let fits = self.change(|entries, size| {
            let old = entries.get((&*self.owner, key))?.map_or(0, |old| cost(key, old.value()));
            let after = size.saturating_sub(old).saturating_add(cost(key, text));
            if after > quota && after > size {
                return Ok(None);
            }
            entries.insert((&*self.owner, key), text)?;
            Ok(Some(after))
        })?;
        if fits.is_some() {
            return Ok(Value::Null);
        }
        Err(CallError::denied(format_args!("quota exceeded: the store holds at most {quota} bytes")))
    }

    fn delete(&self, key: &str) -> Result<Value, CallError> {
        let deleted = self.change(|entries, size| {
            let old = entries.remove((&*self.owner, key))?.map(|old| cost(key, old.value()));
            Ok(old.map(|old| size.saturating_sub(old)))
        })?;
        Ok(Value::Bool(deleted.is_some()))
    }

    /// Changes entries, and stores what they take up then. If that is nothing, nothing was changed.
    fn change(
        &self,
        change: impl FnOnce(
            &mut redb::Table<'_, (&'static str, &'static str), &'static str>,
            u64,
        ) -> Result<Option<u64>, Failed>,
    ) -> Result<Option<u64>, CallError> {
        let write = || {
            let transaction = self.database.begin_write()?;
            let after = {
                let mut sizes = transaction.open_table(SIZES)?;
                let size = sizes.get(&*self.owner)?.map_or(0, |size| size.value());
                let after = change(&mut transaction.open_table(ENTRIES)?, size)?;
                if let Some(after) = after {
                    sizes.insert(&*self.owner, after)?;
                }
                after
            };
            match after {
                Some(_) => transaction.commit()?,
                None => transaction.abort()?,
            }
            Ok(after)
        };
        guarded(write).map_err(failed)
    }
}

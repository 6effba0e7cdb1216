//! Which versions of signed programs have been loaded, so that none goes back.

use std::path::{Path, PathBuf};

use mog_signature::Trust;
use redb::{Database, ReadableTable, TableDefinition};

use super::PolicyError;
use super::database::{self, Failed, guarded};
use crate::{Error, Program};

/// A program's name, the newest version of it that was loaded.
const NEWEST: TableDefinition<'_, &str, u32> = TableDefinition::new("newest");
const FILE: &str = "versions.redb";

/// Remembers the newest version of each signed program that was loaded, by its name, and loads no older one: a program that
/// was correctly signed long ago does not come back.
///
/// ```
/// # use mog::{Error, compile_mog_source, policy::Versions, signed::{Limits, SecretKey, Trust, sign}};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("mog-versions-{}", std::process::id()));
/// # let secret = SecretKey::new(&[7; 32]);
/// # let module = compile_mog_source("fn main() { println(1) }")?.to_bytes();
/// # let signed = |version| sign(&secret, "rules", version, Limits::default(), &module);
/// let keys = [secret.public()];
/// let versions = Versions::open(&folder)?;
/// let program = versions.load(&signed(3)?, &Trust::new(&keys))?;
/// let older = versions.load(&signed(2)?, &Trust::new(&keys));
/// assert!(matches!(older, Err(Error::Older { version: 2, newest: 3, .. })));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
/// It forgets what is in its folder when somebody deletes that: keep it where no program and no stranger writes. The folder
/// may be that of [`Grants`](super::Grants), and several processes may use it at the same time.
pub struct Versions {
    database: Database,
    file: PathBuf,
}

impl std::fmt::Debug for Versions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Versions").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Versions {
    /// Opens what is remembered in a folder, and makes it if it is not there.
    ///
    /// # Errors
    /// If it cannot be made, or what is there cannot be read.
    pub fn open(folder: &Path) -> Result<Self, PolicyError> {
        let file = folder.join(FILE);
        std::fs::create_dir_all(folder)
            .map_err(|error| PolicyError::Unreadable { file: file.clone(), message: error.to_string() })?;
        let database = database::open(&file, true);
        let database =
            database.map_err(|message| PolicyError::Grant(format!("the store of versions: {message}")))?;
        Ok(Self { database, file })
    }

    /// Loads a signed program as [`Program::load_signed`] does, unless a newer one of its name was loaded before, and
    /// remembers its version, on the disk, before it is given.
    ///
    /// # Errors
    /// [`Error::Untrusted`] as for [`Program::load_signed`]; [`Error::Older`]; [`Error::Versions`] if what is remembered
    /// cannot be read or written. Nothing is remembered then, and of an older one nothing is decoded.
    pub fn load(&self, bytes: &[u8], trust: &Trust<'_>) -> Result<Program, Error> {
        let signed = mog_signature::open(bytes, trust).map_err(Error::Untrusted)?;
        let (name, version) = (signed.manifest.name, signed.manifest.version);
        // Between reading and writing nobody else may write.
        let transaction = self.attempt(|| Ok(self.database.begin_write()?))?;
        let newest =
            self.attempt(|| Ok(transaction.open_table(NEWEST)?.get(name)?.map(|newest| newest.value())))?;
        if let Some(newest) = newest.filter(|&newest| version < newest) {
            return Err(Error::Older { name: name.to_owned(), version, newest });
        }
        let program = Program::from_signed(&signed).map_err(Error::Untrusted)?;
        if newest != Some(version) {
            self.attempt(|| {
                transaction.open_table(NEWEST)?.insert(name, version)?;
                Ok(transaction.commit()?)
            })?;
        }
        Ok(program)
    }

    fn attempt<T>(&self, work: impl FnOnce() -> Result<T, Failed>) -> Result<T, Error> {
        let failed = |error| Error::Versions { message: format!("{}: {error}", self.file.display()) };
        guarded(work).map_err(failed)
    }
}

//! The embedded database in which stores keep what must survive.

use std::fmt;
use std::fs::OpenOptions;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Builder, ConcurrencyMode, Database};

/// Bytes that it keeps of the file in memory.
const CACHE: usize = 4 << 20;

/// Opens a database that other processes may use at the same time, and makes it if it is not there. Only the user who runs
/// this process may read it.
///
/// With `checked`, all of the file is looked through: damage is an error then and never a panic later.
pub(super) fn open(path: &Path, checked: bool) -> Result<Database, String> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    guarded(|| {
        let file = options.open(path)?;
        let mut builder = Builder::new();
        builder
            .set_cache_size(CACHE)
            .set_concurrency_mode(ConcurrencyMode::MultiWriter)
            .set_check_integrity_on_open(checked);
        Ok(builder.create_with_backend(FileBackend::new(file)?)?)
    })
    .map_err(|error| format!("{}: {error}", path.display()))
}

/// Works on a database. That the file is damaged is an error, however it shows.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, Failed>) -> Result<T, Failed> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Failed("the file is damaged".to_owned())))
}

/// Why a database did not do what it should.
#[derive(Debug)]
pub(super) struct Failed(pub(super) String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: Into<redb::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into().to_string())
    }
}

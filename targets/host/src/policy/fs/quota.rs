//! How much may be stored, and how much is.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use cap_std::fs::Dir;

use super::root::Root;
use crate::CallError;

/// What others do in the same folders is noticed after this part of a quota was used up.
const PART: u64 = 16;
/// A program that is refused makes the files be counted no more often than this.
const PAUSE: Duration = Duration::from_millis(100);

/// The most that may be stored.
#[derive(Debug)]
pub(super) struct Quota {
    /// Bytes of all files.
    pub(super) total: u64,
    /// Bytes of a file.
    pub(super) file: u64,
    /// Files and folders.
    pub(super) files: u64,
}

/// What is stored, as far as is known.
#[derive(Debug, Default)]
pub(super) struct Usage {
    bytes: u64,
    files: u64,
    /// What was added since it was counted.
    new_bytes: u64,
    new_files: u64,
    counted: Option<Instant>,
}

impl Usage {
    /// Makes sure that there is room for so many bytes in place of those, and so many files.
    pub(super) fn make_room(
        &mut self,
        quota: &Quota,
        roots: &[Root],
        (bytes, instead): (u64, u64),
        files: u64,
    ) -> Result<(), CallError> {
        let is_old = self.new_bytes > quota.total / PART || self.new_files > quota.files / PART;
        if self.counted.is_none() || is_old {
            self.count(quota, roots)?;
        }
        let full = |usage: &Self| {
            let after = usage.bytes.saturating_sub(instead).saturating_add(bytes);
            if files > 0 && usage.files.saturating_add(files) > quota.files {
                Some(format!("quota exceeded: at most {} files", quota.files))
            } else if bytes > instead && after > quota.total {
                Some(format!("quota exceeded: at most {} bytes in all", quota.total))
            } else {
                None
            }
        };
        if full(self).is_some() && self.counted.is_none_or(|when| when.elapsed() > PAUSE) {
            self.count(quota, roots)?;
        }
        full(self).map_or(Ok(()), |message| Err(CallError::Denied(message)))
    }

    /// Notes what was stored.
    pub(super) const fn add(&mut self, (bytes, instead): (u64, u64), files: u64) {
        self.bytes = self.bytes.saturating_sub(instead).saturating_add(bytes);
        self.files = self.files.saturating_add(files);
        self.new_bytes = self.new_bytes.saturating_add(bytes);
        self.new_files = self.new_files.saturating_add(files);
    }

    /// Notes what was removed.
    pub(super) const fn remove(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.files = self.files.saturating_sub(1);
    }

    /// Counts what is stored, and stops where it is more than is allowed.
    fn count(&mut self, quota: &Quota, roots: &[Root]) -> Result<(), CallError> {
        *self = Self { counted: Some(Instant::now()), ..Self::default() };
        for root in roots.iter().filter(|root| root.writable) {
            let mut folders = vec![PathBuf::from(".")];
            while let Some(folder) = folders.pop() {
                match root.dir.open_dir(&folder).and_then(|dir| self.count_folder(root, &dir)) {
                    Ok(names) => folders.extend(names.into_iter().map(|name| folder.join(name))),
                    // It was removed meanwhile.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => {
                        self.counted = None;
                        return Err(CallError::failed(format_args!(
                            "the workspace cannot be read: {}",
                            error.kind()
                        )));
                    }
                }
                if self.files > quota.files {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Counts what is in a folder, and gives the folders among it.
    fn count_folder(&mut self, root: &Root, dir: &Dir) -> io::Result<Vec<PathBuf>> {
        let mut folders = Vec::new();
        for entry in dir.entries()? {
            let entry = entry?;
            let found = match entry.metadata() {
                Ok(found) => found,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            self.files += 1;
            if found.is_dir() && root.holds(&found) {
                folders.push(PathBuf::from(entry.file_name()));
            } else if found.is_file() {
                self.bytes = self.bytes.saturating_add(found.len());
            }
        }
        Ok(folders)
    }
}

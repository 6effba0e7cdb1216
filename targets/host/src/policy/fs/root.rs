//! A folder that is held open, and what is found below it.

use std::io;
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirEntry, File, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;

use crate::CallError;

/// Magic numbers of file systems that are views of the system itself: proc and sysfs.
const OF_THE_SYSTEM: [u64; 2] = [0x9fa0, 0x6265_6572];

/// Opening a pipe does not wait for its other end, and a terminal does not become the process's own.
const WITHOUT_WAITING: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);

/// Which file or folder, on which device.
type Identity = (u64, u64);

/// A folder that paths lead to.
#[derive(Debug)]
pub(super) struct Root {
    /// What paths to it begin with; nothing for the workspace.
    pub(super) name: Option<String>,
    pub(super) writable: bool,
    pub(super) dir: Dir,
    identity: Identity,
}

/// The folder that a path's last part is in.
pub(super) struct Parent<'r> {
    /// None if it is the root itself.
    inner: Option<Dir>,
    root: &'r Dir,
    pub(super) name: PathBuf,
}

impl Root {
    pub(super) fn open(name: Option<&str>, path: &Path, writable: bool) -> Result<Self, String> {
        let open = || {
            let dir = Dir::open_ambient_dir(path, ambient_authority())?;
            let identity = identity(&dir.dir_metadata()?);
            let kind = rustix::fs::fstatfs(&dir)?.f_type;
            Ok((dir, identity, kind))
        };
        let (dir, identity, kind) =
            open().map_err(|error: io::Error| format!("{}: {error}", path.display()))?;
        if u64::try_from(kind).is_ok_and(|kind| OF_THE_SYSTEM.contains(&kind)) {
            return Err(format!("{}: the system's own files cannot be granted", path.display()));
        }
        Ok(Self { name: name.map(str::to_owned), writable, dir, identity })
    }

    /// Refuses a root that has a path below it. The path need not exist yet.
    pub(super) fn must_not_hold(&self, path: &Path) -> Result<(), String> {
        use std::os::unix::fs::MetadataExt;
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let path = std::path::absolute(path).map_err(failed)?;
        // Where a link leads is what counts, and where the link is, as it could be replaced.
        let real = path.ancestors().find_map(|known| known.canonicalize().ok());
        let written = path.ancestors().take_while(|known| known.file_name().is_some());
        for folder in written.chain(real.iter().flat_map(|real| real.ancestors())) {
            if std::fs::metadata(folder).is_ok_and(|known| (known.dev(), known.ino()) == self.identity) {
                let name =
                    self.name.as_ref().map_or_else(|| "the workspace".to_owned(), |n| format!("root {n}"));
                return Err(format!("{name} holds {}, which no program may reach", path.display()));
            }
        }
        Ok(())
    }

    /// Whether something is in this root and not mounted into it.
    pub(super) fn holds(&self, metadata: &Metadata) -> bool {
        metadata.dev() == self.identity.0
    }

    /// A file, open for reading.
    pub(super) fn file(&self, inner: &Path, path: &str) -> Result<(File, Metadata), CallError> {
        // What must not be opened, such as a device that does something then, is found before; what took its place since,
        // after.
        let found = self.dir.metadata(inner).map_err(|error| refusal(path, &error))?;
        self.must_be_file(&found, path)?;
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(flags(WITHOUT_WAITING));
        let file = self.dir.open_with(inner, &options).map_err(|error| refusal(path, &error))?;
        let found = file.metadata().map_err(|error| refusal(path, &error))?;
        self.must_be_file(&found, path)?;
        Ok((file, found))
    }

    /// A folder.
    pub(super) fn folder(&self, inner: &Path, path: &str) -> Result<Dir, CallError> {
        let dir = self.dir.open_dir(inner).map_err(|error| refusal(path, &error))?;
        let found = dir.dir_metadata().map_err(|error| refusal(path, &error))?;
        if self.holds(&found) { Ok(dir) } else { Err(outside(path)) }
    }

    /// The folder in which a path's last part is to be changed.
    pub(super) fn parent(&self, inner: &Path, path: &str) -> Result<Parent<'_>, CallError> {
        let Some(name) = inner.file_name() else {
            // It ends in `..`, or is the root.
            self.folder(inner, path)?;
            return Err(CallError::failed(format_args!("'{path}' is a directory")));
        };
        let folder = inner.parent().filter(|folder| !folder.as_os_str().is_empty());
        let opened = folder.map(|folder| self.folder(folder, path)).transpose()?;
        Ok(Parent { inner: opened, root: &self.dir, name: PathBuf::from(name) })
    }

    /// What a write would replace, which must be a file of the root's own, or nothing.
    pub(super) fn old_file(
        &self,
        parent: &Parent<'_>,
        inner: &Path,
        path: &str,
    ) -> Result<Option<Metadata>, CallError> {
        match parent.dir().symlink_metadata(&parent.name) {
            Ok(found) if found.is_symlink() => Err(match self.dir.metadata(inner) {
                Err(error) if is_escape(&error) => refusal(path, &error),
                _ => CallError::denied(format_args!(
                    "'{path}' is a symbolic link, which is not written through"
                )),
            }),
            Ok(found) => self.must_be_file(&found, path).map(|()| Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refusal(path, &error)),
        }
    }

    /// A file to append to, which is made if it is not there.
    pub(super) fn append(&self, parent: &Parent<'_>, path: &str) -> Result<(File, Metadata), CallError> {
        let mut options = OpenOptions::new();
        options.append(true).create(true).custom_flags(flags(WITHOUT_WAITING | OFlags::NOFOLLOW));
        let file = parent.dir().open_with(&parent.name, &options).map_err(|error| refusal(path, &error))?;
        let found = file.metadata().map_err(|error| refusal(path, &error))?;
        self.must_be_file(&found, path)?;
        Ok((file, found))
    }

    /// Whether a file is of a kind that programs may have, and of no other place too.
    pub(super) fn must_be_file(&self, found: &Metadata, path: &str) -> Result<(), CallError> {
        if !self.holds(found) {
            return Err(outside(path));
        }
        if found.is_dir() {
            return Err(CallError::failed(format_args!("'{path}' is a directory")));
        }
        if !found.is_file() {
            return Err(CallError::denied(format_args!("outside workspace: '{path}' is no regular file")));
        }
        if found.nlink() > 1 {
            return Err(CallError::denied(format_args!("outside workspace: '{path}' has other hard links")));
        }
        Ok(())
    }
}

impl Parent<'_> {
    pub(super) fn dir(&self) -> &Dir {
        self.inner.as_ref().unwrap_or(self.root)
    }

    /// Stores the folder's own entries on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        // The handle itself may be one that only names the folder.
        rustix::fs::fsync(rustix::fs::openat(
            self.dir(),
            ".",
            OFlags::DIRECTORY | OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        )?)?;
        Ok(())
    }
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

const fn flags(flags: OFlags) -> i32 {
    flags.bits().cast_signed()
}

/// The name of an entry, as far as it is text.
pub(super) fn name(entry: &DirEntry) -> String {
    entry.file_name().to_string_lossy().into_owned()
}

/// Whether a path led out of its root: `cap-std` found that, not the system.
pub(super) fn is_escape(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

pub(super) fn outside(path: &str) -> CallError {
    CallError::denied(format_args!("outside workspace: '{path}'"))
}

/// Why something was not done, with the path as the program wrote it and nothing of the host's.
pub(super) fn refusal(path: &str, error: &io::Error) -> CallError {
    if is_escape(error) {
        let upward = Path::new(path).components().any(|part| part == Component::ParentDir);
        return if upward {
            CallError::denied(format_args!("path traversal detected: '{path}'"))
        } else {
            outside(path)
        };
    }
    if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        return CallError::denied(format_args!(
            "outside workspace: '{path}' leads through too many links, or one of the system's own"
        ));
    }
    let what = match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        kind => kind.to_string(),
    };
    CallError::failed(format_args!("'{path}': {what}"))
}

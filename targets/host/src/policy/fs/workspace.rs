//! The functions of `fs`.

use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cap_std::fs::{Permissions, PermissionsExt};
use cap_tempfile::TempFile;

use super::quota::{Quota, Usage};
use super::root::{Root, name, outside, refusal};
use crate::function::Args;
use crate::{CallError, Capability, Function, Value};

/// The most names that a list has.
const MAX_LIST: usize = 100_000;

/// Folders that were opened as [`Fs`](super::Fs) says, to be granted.
#[derive(Clone, Debug)]
pub struct Workspace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The workspace is the first.
    roots: Vec<Root>,
    quota: Quota,
    /// Held while something is changed, so that what is counted is what is there.
    usage: Mutex<Usage>,
}

type Body = fn(&Inner, &Args<'_, '_, '_>) -> Result<Value, CallError>;

const FUNCTIONS: &[(&str, Body)] = &[
    ("read", |inner, args| inner.read(args.text(0)?)),
    ("write", |inner, args| inner.write(args.text(0)?, args.text(1)?)),
    ("append", |inner, args| inner.append(args.text(0)?, args.text(1)?)),
    ("list", |inner, args| inner.list(if args.is_empty() { "." } else { args.text(0)? })),
    ("exists", |inner, args| inner.exists(args.text(0)?)),
    ("remove", |inner, args| inner.remove(args.text(0)?)),
    ("size", |inner, args| inner.size(args.text(0)?)),
    ("mkdir", |inner, args| inner.mkdir(args.text(0)?)),
];

impl Workspace {
    pub(super) fn new(roots: Vec<Root>, quota: Quota) -> Self {
        Self(Arc::new(Inner { roots, quota, usage: Mutex::default() }))
    }
}

impl Capability for Workspace {
    const NAME: &'static str = "fs";

    fn functions(self) -> Vec<(&'static str, Function)> {
        let function = |(name, body): &(&'static str, Body)| {
            let (inner, body) = (Arc::clone(&self.0), *body);
            (*name, Function::dynamic(move |args| body(&inner, args)))
        };
        FUNCTIONS.iter().map(function).collect()
    }
}

impl Inner {
    /// The root that a path leads to, and the rest of the path.
    fn find(&self, path: &str) -> Result<(&Root, PathBuf), CallError> {
        let workspace = self.roots.first().ok_or_else(|| CallError::denied("there is no workspace"))?;
        if path.is_empty() {
            return Err(CallError::failed("the path is empty"));
        }
        let mut parts = Path::new(path).components().skip_while(|part| *part == Component::CurDir);
        let named = match parts.next() {
            Some(Component::Normal(first)) => {
                self.roots.iter().find(|root| root.name.as_deref().is_some_and(|name| name == first))
            }
            _ => None,
        };
        let (root, inner) = match named {
            Some(root) => (root, parts.collect()),
            None => (workspace, PathBuf::from(path)),
        };
        let is_root = inner.components().all(|part| part == Component::CurDir);
        Ok((root, if is_root { PathBuf::from(".") } else { inner }))
    }

    fn find_writable(&self, path: &str) -> Result<(&Root, PathBuf), CallError> {
        let (root, inner) = self.find(path)?;
        if root.writable {
            return Ok((root, inner));
        }
        Err(CallError::denied(format_args!("'{path}' can only be read")))
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        // A panic left at worst a count that is too low until the next.
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, path: &str) -> Result<Value, CallError> {
        let (root, inner) = self.find(path)?;
        let (file, found) = root.file(&inner, path)?;
        let mut bytes =
            Vec::with_capacity(usize::try_from(found.len().min(self.quota.file)).unwrap_or_default());
        let read = file.take(self.quota.file.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| refusal(path, &error))?;
        self.must_fit(bytes.len() as u64, path)?;
        let text = String::from_utf8(bytes);
        text.map(Value::Str).map_err(|_| CallError::failed(format_args!("'{path}' is not text in UTF-8")))
    }

    fn must_fit(&self, bytes: u64, path: &str) -> Result<(), CallError> {
        if bytes <= self.quota.file {
            return Ok(());
        }
        let limit = self.quota.file;
        Err(CallError::denied(format_args!("quota exceeded: '{path}' may have at most {limit} bytes")))
    }

    fn write(&self, path: &str, text: &str) -> Result<Value, CallError> {
        let (root, inner) = self.find_writable(path)?;
        let parent = root.parent(&inner, path)?;
        let mut usage = self.usage();
        let old = root.old_file(&parent, &inner, path)?;
        let bytes = text.len() as u64;
        self.must_fit(bytes, path)?;
        let change = (bytes, old.as_ref().map_or(0, cap_std::fs::Metadata::len));
        usage.make_room(&self.quota, &self.roots, change, u64::from(old.is_none()))?;
        let store = || -> io::Result<()> {
            let mut fresh = TempFile::new(parent.dir())?;
            fresh.write_all(text.as_bytes())?;
            if let Some(old) = &old {
                // Without the bits that would make it run as somebody else.
                let mode = old.permissions().mode() & 0o777;
                fresh.as_file().set_permissions(Permissions::from_mode(mode))?;
            }
            fresh.as_file().sync_all()?;
            fresh.replace(&parent.name)?;
            parent.sync()
        };
        store().map_err(|error| refusal(path, &error))?;
        usage.add(change, u64::from(old.is_none()));
        Ok(Value::Null)
    }

    fn append(&self, path: &str, text: &str) -> Result<Value, CallError> {
        let (root, inner) = self.find_writable(path)?;
        let parent = root.parent(&inner, path)?;
        let mut usage = self.usage();
        let old = root.old_file(&parent, &inner, path)?;
        let (bytes, new) = (text.len() as u64, u64::from(old.is_none()));
        let len = old.as_ref().map_or(0, cap_std::fs::Metadata::len);
        self.must_fit(len.saturating_add(bytes), path)?;
        usage.make_room(&self.quota, &self.roots, (bytes, 0), new)?;
        let (mut file, _) = root.append(&parent, path)?;
        usage.add((bytes, 0), new);
        let mut store = || {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            if old.is_none() { parent.sync() } else { Ok(()) }
        };
        store().map_err(|error| refusal(path, &error))?;
        Ok(Value::Null)
    }

    fn list(&self, path: &str) -> Result<Value, CallError> {
        let (root, inner) = self.find(path)?;
        let entries = root.folder(&inner, path)?.entries().map_err(|error| refusal(path, &error))?;
        let mut names = Vec::new();
        for entry in entries {
            names.push(name(&entry.map_err(|error| refusal(path, &error))?));
            if names.len() > MAX_LIST {
                return Err(CallError::failed(format_args!("'{path}' holds more than {MAX_LIST} files")));
            }
        }
        if root.name.is_none() && inner == Path::new(".") {
            names.extend(self.roots.iter().filter_map(|root| root.name.clone()));
        }
        names.sort_unstable();
        names.dedup();
        Ok(Value::array(names.into_iter().map(Value::Str)))
    }

    fn exists(&self, path: &str) -> Result<Value, CallError> {
        let (root, inner) = self.find(path)?;
        match root.dir.metadata(&inner) {
            Ok(found) if !root.holds(&found) => Err(outside(path)),
            Ok(_) => Ok(Value::Bool(true)),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(Value::Bool(false)),
                _ => Err(refusal(path, &error)),
            },
        }
    }

    fn size(&self, path: &str) -> Result<Value, CallError> {
        let (root, inner) = self.find(path)?;
        let found = root.dir.metadata(&inner).map_err(|error| refusal(path, &error))?;
        root.must_be_file(&found, path)?;
        Ok(Value::Int(i64::try_from(found.len()).unwrap_or(i64::MAX)))
    }

    /// Removes a file, a link or an empty folder.
    fn remove(&self, path: &str) -> Result<Value, CallError> {
        let (root, inner) = self.find_writable(path)?;
        let parent = root.parent(&inner, path)?;
        let mut usage = self.usage();
        let remove = || {
            let found = parent.dir().symlink_metadata(&parent.name)?;
            if found.is_dir() {
                parent.dir().remove_dir(&parent.name)?;
            } else {
                parent.dir().remove_file(&parent.name)?;
            }
            parent.sync()?;
            Ok(if found.is_file() { found.len() } else { 0 })
        };
        let bytes = remove().map_err(|error| refusal(path, &error))?;
        usage.remove(bytes);
        Ok(Value::Null)
    }

    /// Makes a folder, and those that it is in.
    fn mkdir(&self, path: &str) -> Result<Value, CallError> {
        let (root, inner) = self.find_writable(path)?;
        match root.folder(&inner, path) {
            Ok(_) => return Ok(Value::Null),
            Err(CallError::Failed(_)) => {}
            Err(refused) => return Err(refused),
        }
        let mut usage = self.usage();
        let mut folder = PathBuf::new();
        for part in inner.components() {
            let parent = folder.clone();
            folder.push(part);
            if part == Component::ParentDir || root.dir.is_dir(&folder) {
                continue;
            }
            let parent = if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent };
            let dir = root.folder(&parent, path)?;
            usage.make_room(&self.quota, &self.roots, (0, 0), 1)?;
            dir.create_dir(Path::new(part.as_os_str())).map_err(|error| refusal(path, &error))?;
            usage.add((0, 0), 1);
        }
        // What is there now may be a link that somebody else made.
        root.folder(&inner, path).map(|_| Value::Null)
    }
}

//! Values of the host's that a program holds and passes, but can neither make nor look into.
//!
//! What the program has is a number that nobody can guess; what it stands for is looked up in the table of the runtime.
//! So a number from another runtime, or from before a snapshot, stands for nothing.

use std::any::{Any, type_name};
use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::{FromMog, Mismatch, ToMog, Type, Value};

/// The most handles that a runtime knows at once.
const MAX_HANDLES: usize = 10_000;

/// A value of the host's for a program to hold, such as a connection: what [`FromMog`] and [`ToMog`] do not take apart. In
/// the language it is a type of its own, named like `T`; programs can pass it, keep it and compare it.
///
/// It lives until the host [closes](Self::close) it and has dropped it itself, or the runtime is gone, whatever the
/// program does with it.
///
/// ```
/// # use mog::{CapabilitySet, Compiler, Handle, Runtime};
/// # fn main() -> Result<(), mog::Error> {
/// struct Connection { server: String }
///
/// let mut capabilities = CapabilitySet::new();
/// capabilities.grant("db.open", |server: String| Handle::new(Connection { server }));
/// capabilities.grant("db.server", |connection: Handle<Connection>| connection.server.clone());
/// capabilities.grant("db.close", |connection: Handle<Connection>| connection.close());
///
/// let source = r#"
///     fn shown(c: Connection) -> string { db.server(c) }
///     fn main() -> int {
///         c := db.open("north")
///         name := shown(c)
///         db.close(c)
///         name.len
///     }"#;
/// let program = Compiler::with(&capabilities).compile(source)?;
/// assert_eq!(Runtime::new(program, capabilities)?.execute()?, 5i64.into());
/// # Ok(())
/// # }
/// ```
pub struct Handle<T> {
    any: AnyHandle,
    value: Arc<T>,
}

impl<T: Any + Send + Sync> Handle<T> {
    /// A handle of a value.
    pub fn new(value: T) -> Self {
        static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        static MADE: AtomicU64 = AtomicU64::new(0);
        Self::with_id(KEYS.hash_one(MADE.fetch_add(1, Ordering::Relaxed)), value)
    }

    /// A handle with the number of another one, to be bound in its place by
    /// [`Runtime::bind_handle`](crate::Runtime::bind_handle).
    pub fn with_id(id: u64, value: T) -> Self {
        let value = Arc::new(value);
        let held: Arc<dyn Any + Send + Sync> = Arc::clone(&value) as _;
        Self { any: AnyHandle { id, slot: Some(Arc::new(Mutex::new(Some(held)))) }, value }
    }
}

impl<T> Handle<T> {
    /// Its number, which is the same in the program and in a snapshot. It is secret: whoever knows it could make the handle
    /// in bytecode of their own.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.any.id
    }

    pub(crate) const fn any(&self) -> &AnyHandle {
        &self.any
    }

    /// Nobody gets the value by this handle any more: from now on a call that is passed it fails.
    pub fn close(&self) {
        self.any.close();
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self { any: self.any.clone(), value: Arc::clone(&self.value) }
    }
}

impl<T> Deref for Handle<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle<{}>", short_name::<T>())
    }
}

impl<T: Any + Send + Sync> FromMog for Handle<T> {
    fn mog_type() -> Type {
        Type::Handle(short_name::<T>().into())
    }

    fn from_mog(value: Value) -> Result<Self, Mismatch> {
        let Value::Handle(any) = &value else { return Err(Mismatch::new(short_name::<T>(), &value)) };
        match any.value().and_then(|held| held.downcast().ok()) {
            Some(value) => Ok(Self { any: any.clone(), value }),
            None => Err(Mismatch::new(short_name::<T>(), &value)),
        }
    }
}

impl<T: Any + Send + Sync> ToMog for Handle<T> {
    fn mog_type() -> Type {
        Type::Handle(short_name::<T>().into())
    }

    fn to_mog(self) -> Value {
        Value::Handle(self.any)
    }
}

/// The name of a type without its path and parameters.
fn short_name<T>() -> &'static str {
    let name = type_name::<T>();
    let name = name.split_once('<').map_or(name, |(name, _)| name);
    name.rsplit("::").next().unwrap_or(name)
}

type Slot = Mutex<Option<Arc<dyn Any + Send + Sync>>>;

/// A [`Handle`] of whatever type.
#[derive(Clone)]
pub struct AnyHandle {
    id: u64,
    /// None if it is void: the host has not bound it.
    slot: Option<Arc<Slot>>,
}

impl AnyHandle {
    pub(crate) const fn void(id: u64) -> Self {
        Self { id, slot: None }
    }

    /// Its number, as of [`Handle::id`].
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// As [`Handle::close`].
    pub fn close(&self) {
        // What it held is dropped when nothing is locked any more.
        let held = self.slot.as_ref().map(|slot| lock(slot).take());
        drop(held);
    }

    fn value(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        lock(self.slot.as_ref()?).clone()
    }

    /// What it is, for messages.
    pub(crate) fn describe(&self) -> &'static str {
        match (&self.slot, self.value()) {
            (None, _) => "a handle that stands for nothing",
            (_, None) => "a closed handle",
            _ => "a handle of another type",
        }
    }

    /// What [`AnyHandle`] prints as, read back.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        u64::from_str_radix(text.strip_prefix("handle:")?, 16).ok().map(Self::void)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PartialEq for AnyHandle {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl fmt::Display for AnyHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "handle:{:x}", self.id)
    }
}

impl fmt::Debug for AnyHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The handles that a runtime knows; nothing for a program that has none. A clone is the same table.
#[derive(Clone, Default, Debug)]
pub(crate) struct Handles(Option<Arc<Mutex<BTreeMap<u64, AnyHandle>>>>);

impl Handles {
    /// For a program that has handles.
    pub(crate) fn table() -> Self {
        Self(Some(Arc::default()))
    }

    /// The handle of a number, void if it is not known.
    pub(crate) fn find(&self, id: u64) -> AnyHandle {
        let known = self.0.as_ref().and_then(|table| lock(table).get(&id).cloned());
        known.unwrap_or(AnyHandle::void(id))
    }

    /// All that are known.
    pub(crate) fn all(&self) -> Vec<AnyHandle> {
        self.0.as_ref().map_or_else(Vec::new, |table| lock(table).values().cloned().collect())
    }

    /// Notes the handles in a value that the program is given.
    pub(crate) fn admit(&self, value: &Value) -> Result<(), String> {
        if self.0.is_none() {
            return Ok(());
        }
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            match value {
                Value::Handle(handle) => self.insert(handle)?,
                Value::Array(elements) => open.extend(elements),
                Value::Map(entries) => open.extend(entries.iter().map(|(_, value)| value)),
                Value::Struct { fields, .. } => open.extend(fields.iter().map(|(_, value)| value)),
                Value::Enum { payload, .. } => open.extend(payload),
                Value::Ok(value) => open.push(value),
                _ => {}
            }
        }
        Ok(())
    }

    /// Notes a handle. A void one is nothing to note.
    pub(crate) fn insert(&self, handle: &AnyHandle) -> Result<(), String> {
        let Some(table) = self.0.as_ref().filter(|_| handle.slot.is_some()) else { return Ok(()) };
        let mut table = lock(table);
        if table.len() >= MAX_HANDLES && !table.contains_key(&handle.id) {
            table.retain(|_, handle| handle.value().is_some());
            if table.len() >= MAX_HANDLES {
                return Err(format!("at most {MAX_HANDLES} handles can be open"));
            }
        }
        table.insert(handle.id, handle.clone());
        Ok(())
    }

    /// Forgets all of them.
    pub(crate) fn clear(&self) {
        if let Some(table) = &self.0 {
            let known = std::mem::take(&mut *lock(table));
            drop(known);
        }
    }
}

//! `kv`: texts by key. This store lives in memory, as long as the runtime.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Standard, State};
use crate::function::Args;
use crate::{CallError, ToMog, Type, Value};

/// The most bytes of keys and values together.
const QUOTA: usize = 64 << 20;

/// The store of one runtime.
#[derive(Debug, Default)]
pub(crate) struct Store {
    entries: BTreeMap<String, String>,
    bytes: usize,
}

impl Store {
    /// Keys and values.
    pub(crate) const fn entries(&self) -> &BTreeMap<String, String> {
        &self.entries
    }

    /// Holds these instead.
    pub(crate) fn replace(&mut self, entries: BTreeMap<String, String>) {
        self.bytes = entries.iter().map(|(key, value)| key.len() + value.len()).sum();
        self.entries = entries;
    }
}

pub(super) const FUNCTIONS: &[Standard] = &[
    Standard { function: "get", params: &[Type::Str], result: Type::Any, body: get },
    Standard { function: "set", params: &[Type::Str, Type::Str], result: Type::Unit, body: set },
    Standard { function: "delete", params: &[Type::Str], result: Type::Bool, body: delete },
    Standard { function: "list", params: &[Type::Str], result: Type::Any, body: list },
];

fn get(args: &Args<'_, '_, '_>, state: &mut State) -> Result<Value, CallError> {
    Ok(state.store.entries.get(args.text(0)?).cloned().to_mog())
}

fn set(args: &Args<'_, '_, '_>, state: &mut State) -> Result<Value, CallError> {
    let (key, value) = (args.text(0)?, args.text(1)?);
    let store = &mut state.store;
    let before = store.entries.get(key).map_or(0, |old| key.len() + old.len());
    let after = store.bytes - before + key.len() + value.len();
    if after > QUOTA {
        return Err(CallError::failed(format_args!("kv: the store holds at most {} MiB", QUOTA >> 20)));
    }
    store.bytes = after;
    store.entries.insert(key.to_owned(), value.to_owned());
    Ok(Value::Null)
}

fn delete(args: &Args<'_, '_, '_>, state: &mut State) -> Result<Value, CallError> {
    let key = args.text(0)?;
    let removed = state.store.entries.remove(key);
    if let Some(value) = &removed {
        state.store.bytes -= key.len() + value.len();
    }
    Ok(Value::Bool(removed.is_some()))
}

fn list(args: &Args<'_, '_, '_>, state: &mut State) -> Result<Value, CallError> {
    let prefix = args.text(0)?;
    let keys =
        state.store.entries.range::<str, _>((Bound::Included(prefix), Bound::Unbounded)).map(|(key, _)| key);
    Ok(Value::array(keys.take_while(|key| key.starts_with(prefix)).map(|key| key.as_str().into())))
}

//! `time`: the clock, in milliseconds.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Standard, State};
use crate::function::Args;
use crate::{CallError, Type, Value};

pub(super) const FUNCTIONS: &[Standard] = &[
    Standard { function: "now", params: &[], result: Type::Int, body: now },
    Standard { function: "sleep", params: &[Type::Int], result: Type::Unit, body: sleep },
];

fn now(_: &Args<'_, '_, '_>, _: &mut State) -> Result<Value, CallError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Value::Int(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

fn sleep(args: &Args<'_, '_, '_>, _: &mut State) -> Result<Value, CallError> {
    let ms: i64 = args.get(0)?;
    u64::try_from(ms).ok().filter(|ms| *ms > 0).map_or(Ok(Value::Null), |ms| Err(CallError::Sleep(ms)))
}

//! `env`: environment variables of the host.

use super::{Standard, State};
use crate::function::Args;
use crate::{CallError, ToMog, Type, Value};

pub(super) const FUNCTIONS: &[Standard] =
    &[Standard { function: "get", params: &[Type::Str], result: Type::Any, body: get }];

fn get(args: &Args<'_, '_, '_>, _: &mut State) -> Result<Value, CallError> {
    let name = args.text(0)?;
    // Such a name would be a mistake of the caller's, and some systems panic at it.
    if name.is_empty() || name.contains(['=', '\0']) {
        return Ok(Value::Null);
    }
    Ok(std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).to_mog())
}

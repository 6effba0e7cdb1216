//! `trace`: events for whoever follows what a program does. The audit log has them, as it has every call; they
//! are lines of the host's log too.

use super::{Standard, State, log};
use crate::function::Args;
use crate::{CallError, Type, Value};

pub(super) const FUNCTIONS: &[Standard] =
    &[Standard { function: "event", params: &[Type::Str, Type::Any], result: Type::Unit, body: event }];

fn event(args: &Args<'_, '_, '_>, state: &mut State) -> Result<Value, CallError> {
    let name = args.text(0)?;
    match args.value(1)? {
        Value::Null => log::line("trace", name, state),
        data => log::line("trace", &format!("{name} {data}"), state),
    }
}

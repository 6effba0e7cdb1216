//! `log`: `log.write` is a line of the program's output; the levels are lines for whoever watches the host.

use super::{Standard, State, out};
use crate::function::Args;
use crate::{CallError, Type, Value};

macro_rules! level {
    ($name:literal) => {
        Standard {
            function: $name,
            params: &[Type::Str],
            result: Type::Unit,
            body: |args, state| line($name, args.text(0)?, state),
        }
    };
}

pub(super) const FUNCTIONS: &[Standard] = &[
    Standard { function: "write", params: &[Type::Str], result: Type::Unit, body: write },
    level!("debug"),
    level!("info"),
    level!("warn"),
    level!("error"),
];

fn write(args: &Args<'_, '_, '_>, state: &mut State) -> Result<Value, CallError> {
    out::write(args.text(0)?, true, state)
}

/// Writes `[level] text` to the host's log, after the output so far.
pub(crate) fn line(level: &str, text: &str, state: &mut State) -> Result<Value, CallError> {
    if !state.output.admit(text.len()) {
        return Err(CallError::OutputLimit);
    }
    let written = state.output.flush().and_then(|()| {
        let line = format!("[{level}] {text}\n");
        state.log.0.write_all(line.as_bytes())
    });
    match written {
        Ok(()) => Ok(Value::Null),
        Err(error) => Err(CallError::failed(format_args!("log: {error}"))),
    }
}

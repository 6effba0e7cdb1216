//! `out`: what the print family writes to.

use super::{Standard, State};
use crate::function::Args;
use crate::{CallError, Type, Value};

pub(super) const FUNCTIONS: &[Standard] = &[
    Standard { function: "print", params: &[Type::Str], result: Type::Unit, body: print },
    Standard { function: "println", params: &[Type::Str], result: Type::Unit, body: println },
];

fn print(args: &Args<'_, '_, '_>, state: &mut State) -> Result<Value, CallError> {
    write(args.text(0)?, false, state)
}

fn println(args: &Args<'_, '_, '_>, state: &mut State) -> Result<Value, CallError> {
    write(args.text(0)?, true, state)
}

/// Writes to the program's output, within its bound.
pub(super) fn write(text: &str, line_end: bool, state: &mut State) -> Result<Value, CallError> {
    if !state.output.admit(text.len() + usize::from(line_end)) {
        return Err(CallError::OutputLimit);
    }
    match state.output.write(text, line_end) {
        Ok(()) => Ok(Value::Null),
        Err(error) => Err(CallError::failed(format_args!("output: {error}"))),
    }
}

//! How values print: as literals, strings quoted only inside others.

use std::fmt::Write as _;

use super::number::float_text;
use super::value::{Failure, Value};
use super::{Interpreter, Res, Stop};

/// A value nested deeper than this is taken for cyclic.
const DEEPEST: u32 = 100;

impl Interpreter<'_> {
    /// The text of a value as `print` shows it.
    pub(super) fn display(&self, value: &Value) -> Res<String> {
        match value.text() {
            Some(text) => Ok(text.as_ref().to_owned()),
            None => match value {
                Value::Any(inner) => self.display(inner),
                _ => {
                    let mut text = String::new();
                    self.literal(value, &mut text, 0)?;
                    Ok(text)
                }
            },
        }
    }

    fn literal(&self, value: &Value, out: &mut String, depth: u32) -> Res<()> {
        if depth > DEEPEST {
            return Err(Stop::unsupported("printing a very deep or cyclic value"));
        }
        match value {
            Value::Unit => out.push_str("()"),
            // Writing to a string cannot fail.
            Value::Bool(value) => write!(out, "{value}").unwrap_or_default(),
            Value::Int(_, value) => write!(out, "{value}").unwrap_or_default(),
            Value::Float(kind, value) => out.push_str(&float_text(*kind, *value)),
            Value::Str(text) | Value::Failure(Failure(Some(text))) => quote(text, out)?,
            Value::Failure(Failure(None)) | Value::Result(_, Err(Failure(None))) => {
                return Err(Stop::unsupported("the message of a built-in function"));
            }
            Value::Any(inner) => self.literal(inner, out, depth)?,
            Value::Array(array) => {
                out.push('[');
                self.list(&array.items.borrow(), out, depth)?;
                out.push(']');
            }
            Value::Map(map) => {
                out.push('{');
                for (number, (key, value)) in map.entries.borrow().iter().enumerate() {
                    out.push_str(if number == 0 { "" } else { ", " });
                    self.literal(key, out, depth + 1)?;
                    out.push_str(": ");
                    self.literal(value, out, depth + 1)?;
                }
                out.push('}');
            }
            Value::Struct(object) => {
                write!(out, "{} {{ ", self.ast.text(object.name)).unwrap_or_default();
                let fields = self.struct_fields(object.name)?;
                if fields.is_empty() {
                    return Err(Stop::unsupported("printing a struct without fields"));
                }
                for (number, (field, value)) in fields.iter().zip(object.fields.borrow().iter()).enumerate() {
                    out.push_str(if number == 0 { "" } else { ", " });
                    write!(out, "{}: ", self.ast.text(field.name.symbol)).unwrap_or_default();
                    self.literal(value, out, depth + 1)?;
                }
                out.push_str(" }");
            }
            Value::Enum(object) => {
                write!(out, "{}.{}", self.ast.text(object.name), self.ast.text(object.variant))
                    .unwrap_or_default();
                if !object.payload.is_empty() {
                    out.push('(');
                    self.list(&object.payload, out, depth)?;
                    out.push(')');
                }
            }
            Value::Optional(_, None) => out.push_str("none"),
            Value::Optional(_, Some(value)) => self.wrapped("some(", value, out, depth)?,
            Value::Result(_, Ok(value)) => self.wrapped("ok(", value, out, depth)?,
            Value::Result(_, Err(Failure(Some(message)))) => {
                out.push_str("err(");
                quote(message, out)?;
                out.push(')');
            }
            Value::Closure(_) => return Err(Stop::unsupported("printing a function")),
        }
        Ok(())
    }

    fn wrapped(&self, open: &str, value: &Value, out: &mut String, depth: u32) -> Res<()> {
        out.push_str(open);
        self.literal(value, out, depth + 1)?;
        out.push(')');
        Ok(())
    }

    fn list(&self, values: &[Value], out: &mut String, depth: u32) -> Res<()> {
        for (number, value) in values.iter().enumerate() {
            out.push_str(if number == 0 { "" } else { ", " });
            self.literal(value, out, depth + 1)?;
        }
        Ok(())
    }
}

fn quote(text: &str, out: &mut String) -> Res<()> {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => return Err(Stop::unsupported("quoting a control character")),
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(())
}

//! Methods of strings.

use std::rc::Rc;

use mog_compiler::ast::ExprId;

use super::number::{IntKind, LONGEST};
use super::partial::{Open, slice};
use super::types::Type;
use super::value::Value;
use super::{Env, Interpreter, Res, Stop};

impl Interpreter<'_> {
    /// A method of a string; positions and lengths are in bytes.
    pub(super) fn string_method(
        &mut self,
        env: &Env,
        text: &Rc<str>,
        name: &str,
        args: &[ExprId],
    ) -> Res<Open> {
        let value = match (name, args) {
            ("len", []) => Value::int(text.len() as i128),
            ("upper", []) => Value::str(text.to_uppercase()),
            ("lower", []) => Value::str(text.to_lowercase()),
            ("trim", []) => Value::str(text.trim()),
            ("chars", []) => strings(text.chars().map(|c| c.to_string())),
            ("lines", []) => strings(text.lines().map(str::to_owned)),
            ("bytes", []) => {
                let bytes = text.bytes().map(|byte| Value::Int(IntKind::U8, byte.into())).collect();
                Value::array(Type::Int(IntKind::U8), bytes)
            }
            ("split", &[separator]) => {
                let separator = self.text_of(env, separator)?;
                if separator.is_empty() {
                    return Err(Stop::unsupported("a split at nothing"));
                }
                strings(text.split(separator.as_ref()).map(str::to_owned))
            }
            ("contains", &[part]) => Value::Bool(text.contains(self.text_of(env, part)?.as_ref())),
            ("starts_with", &[part]) => Value::Bool(text.starts_with(self.text_of(env, part)?.as_ref())),
            ("ends_with", &[part]) => Value::Bool(text.ends_with(self.text_of(env, part)?.as_ref())),
            ("index_of", &[part]) => {
                let found = text.find(self.text_of(env, part)?.as_ref());
                Value::int(found.map_or(-1, |at| at as i128))
            }
            ("replace", &[from, to]) => {
                let (from, to) = (self.text_of(env, from)?, self.text_of(env, to)?);
                if from.is_empty() {
                    return Err(Stop::unsupported("a replacement of nothing"));
                }
                Value::str(text.replace(from.as_ref(), &to))
            }
            ("repeat", &[count]) => {
                let count = self.eval(env, count, &Type::Unknown)?.index()?;
                let count = usize::try_from(count).map_err(|_| Stop::trap("negative"))?;
                if text.len().saturating_mul(count) > LONGEST {
                    return Err(Stop::unsupported("a large string"));
                }
                Value::str(text.repeat(count))
            }
            ("slice", &[start, end]) => {
                let start = self.eval(env, start, &Type::Unknown)?.index()?;
                let end = self.eval(env, end, &Type::Unknown)?.index()?;
                return slice(&Value::Str(text.clone()), Some(start), Some(end));
            }
            ("pad_left" | "pad_right", &[width, with]) => {
                let width = self.eval(env, width, &Type::Unknown)?.index()?;
                let with = self.text_of(env, with)?;
                if with.len() != 1 {
                    return Err(Stop::unsupported("padding with anything but one byte"));
                }
                // The width counts characters: padding is for columns.
                let missing = usize::try_from(width - text.chars().count() as i128).unwrap_or(0);
                if missing > LONGEST {
                    return Err(Stop::unsupported("a large string"));
                }
                let padding = with.repeat(missing);
                Value::str(if name == "pad_left" {
                    padding + text
                } else {
                    text.as_ref().to_owned() + &padding
                })
            }
            _ => return Err(Stop::unsupported(format!("the method {name} of a string"))),
        };
        if value.text().is_some_and(|text| text.len() > LONGEST) {
            return Err(Stop::unsupported("a large string"));
        }
        Ok(Open::Plain(value))
    }
}

fn strings(parts: impl Iterator<Item = String>) -> Value {
    Value::array(Type::Str, parts.map(Value::str).collect())
}

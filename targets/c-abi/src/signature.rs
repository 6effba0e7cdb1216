//! Signatures of host functions, as the language writes them: `(pin: int, on: bool) -> ?string`.

use core::fmt::{self, Write};

use mog_core::heap::{self, Data as Held};
use mog_core::module::{TypeKind, TypeRecord};
use mog_core::{Module, TypeId};

use crate::host::MOG_MAX_ARGS;
use crate::value::{Value, in_range, is_packed};

/// A type that C has a form for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shape {
    /// `?T`.
    optional: bool,
    /// `[T]`.
    array: bool,
    base: TypeId,
}

const NAMES: [(&str, TypeId); 16] = [
    ("any", TypeId::ANY),
    ("bool", TypeId::BOOL),
    ("int", TypeId::INT),
    ("float", TypeId::FLOAT),
    ("string", TypeId::STR),
    ("i8", TypeId::I8),
    ("i16", TypeId::I16),
    ("i32", TypeId::I32),
    ("i64", TypeId::INT),
    ("u8", TypeId::U8),
    ("u16", TypeId::U16),
    ("u32", TypeId::U32),
    ("u64", TypeId::U64),
    ("f32", TypeId::F32),
    ("f64", TypeId::FLOAT),
    ("str", TypeId::STR),
];

/// What a host function takes and gives.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) params: heapless::Vec<Shape, MOG_MAX_ARGS>,
    pub(crate) result: Shape,
}

impl Signature {
    /// Reads a signature; `None` if it is not written as one, or has types that C has no form for.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rest = Rest(text);
        let mut params = heapless::Vec::new();
        rest.sign("(")?;
        if rest.sign(")").is_none() {
            loop {
                params.push(rest.param()?).ok()?;
                if rest.sign(")").is_some() {
                    break;
                }
                rest.sign(",")?;
            }
        }
        let result = match rest.sign("->") {
            Some(()) => rest.ty()?,
            None => Shape { optional: false, array: false, base: TypeId::UNIT },
        };
        rest.0.trim_start().is_empty().then_some(Self { params, result })
    }

    /// Whether a program was compiled for these types.
    pub(crate) fn matches(&self, signature: TypeRecord<'_>, module: &Module<'_>) -> bool {
        let Some((&result, params)) = signature.components.split_last() else { return false };
        params.len() == self.params.len()
            && self.params.iter().zip(params).all(|(own, &ty)| own.matches(TypeId(ty), module))
            && self.result.matches(TypeId(result), module)
    }
}

/// What is left of a signature to read.
struct Rest<'t>(&'t str);

impl<'t> Rest<'t> {
    fn sign(&mut self, sign: &str) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(sign)?;
        Some(())
    }

    fn word(&mut self) -> &'t str {
        let text = self.0.trim_start();
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.0 = rest;
        word
    }

    /// A type, perhaps with a name before it.
    fn param(&mut self) -> Option<Shape> {
        let before = self.0;
        if self.word().is_empty() || self.sign(":").is_none() {
            self.0 = before;
        }
        self.ty()
    }

    fn ty(&mut self) -> Option<Shape> {
        let optional = self.sign("?").is_some();
        let array = self.sign("[").is_some();
        if !optional && !array && self.sign("(").is_some() {
            self.sign(")")?;
            return Some(Shape { optional, array, base: TypeId::UNIT });
        }
        let word = self.word();
        let (_, base) = NAMES.into_iter().find(|(name, _)| *name == word)?;
        if array {
            self.sign("]")?;
        }
        (!array || is_packed(base)).then_some(Shape { optional, array, base })
    }
}

impl Shape {
    fn matches(self, ty: TypeId, module: &Module<'_>) -> bool {
        // What may be anything is looked at when it is called.
        if ty == TypeId::ANY || self.base == TypeId::ANY {
            return true;
        }
        let component = |kind: TypeKind| {
            let record = module.types.record(ty).filter(|record| record.kind == kind)?;
            record.components.first().map(|&ty| TypeId(ty))
        };
        if self.optional {
            let payload = Self { optional: false, ..self };
            return component(TypeKind::Option)
                .is_some_and(|ty| ty != TypeId::ANY && payload.matches(ty, module));
        }
        if self.array { component(TypeKind::Array) == Some(self.base) } else { ty == self.base }
    }

    /// An argument as the host function sees it; `None` if it is of another type.
    pub(crate) fn read(self, value: &heap::Value<'_>) -> Option<Value> {
        let data = match value.data() {
            Held::Some(payload) => payload.data(),
            other => other,
        };
        let fits = match (&data, self.base) {
            (_, TypeId::ANY) => true,
            (Held::None, _) => self.optional,
            (Held::Array(array), _) if self.array => array.packed_bytes().is_some(),
            _ if self.array => false,
            (Held::Bool(_), TypeId::BOOL) | (Held::Str(_), TypeId::STR) | (Held::Uint(_), TypeId::U64) => {
                true
            }
            (Held::Int(value), base) if (TypeId::INT.0..=TypeId::U64.0).contains(&base.0) => {
                in_range(*value, base)
            }
            (Held::Float(_), TypeId::FLOAT | TypeId::F32) => true,
            (Held::Unit, TypeId::UNIT) => true,
            _ => false,
        };
        fits.then(|| Value::read(value))
    }

    pub(crate) const fn is_unit(self) -> bool {
        self.base.0 == TypeId::UNIT.0
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.into_iter().find(|(_, ty)| *ty == self.base).map_or("()", |(name, _)| name);
        let (open, close) = if self.array { ("[", "]") } else { ("", "") };
        write!(f, "{}{open}{name}{close}", if self.optional { "?" } else { "" })
    }
}

/// A module's signature, as far as C has a form for its types.
pub(crate) struct SignatureText<'m, 'a>(pub(crate) &'m Module<'a>, pub(crate) TypeRecord<'a>);

impl fmt::Display for SignatureText<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((&result, params)) = self.1.components.split_last() else { return Ok(()) };
        f.write_char('(')?;
        for (n, &ty) in params.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { ", " })?;
            self.ty(TypeId(ty), f)?;
        }
        f.write_char(')')?;
        if TypeId(result) == TypeId::UNIT {
            return Ok(());
        }
        f.write_str(" -> ")?;
        self.ty(TypeId(result), f)
    }
}

impl SignatureText<'_, '_> {
    fn ty(&self, mut ty: TypeId, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut closing = 0;
        // Types nest no deeper than this in anything that is worth a message.
        for _ in 0..8 {
            let Some(record) = self.0.types.record(ty) else { break };
            let inner = record.components.first().map_or(TypeId::UNIT, |&ty| TypeId(ty));
            match record.kind {
                TypeKind::Option => f.write_char('?')?,
                TypeKind::Array => {
                    f.write_char('[')?;
                    closing += 1;
                }
                TypeKind::Struct | TypeKind::Enum | TypeKind::BoxedEnum => {
                    f.write_str(self.0.string(record.extra))?;
                    return (0..closing).try_for_each(|_| f.write_char(']'));
                }
                _ => break,
            }
            ty = inner;
        }
        f.write_str(NAMES.into_iter().find(|(_, known)| *known == ty).map_or("…", |(name, _)| name))?;
        (0..closing).try_for_each(|_| f.write_char(']'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read() {
        let signature = Signature::parse("(pin: int, on: bool) -> ?string").unwrap();
        let texts: std::vec::Vec<_> = signature.params.iter().map(std::string::ToString::to_string).collect();
        assert_eq!(texts, ["int", "bool"]);
        assert_eq!(std::string::ToString::to_string(&signature.result), "?string");
        for good in ["()", " ( ) ", "(int)", "([f32], ?[u8])", "() -> ()", "(a:u64)->any", "( string ,any)"] {
            assert!(Signature::parse(good).is_some(), "{good}");
        }
    }

    #[test]
    fn what_cannot() {
        for bad in [
            "",
            "int",
            "(",
            ")",
            "(int",
            "(int,)",
            "(,)",
            "(int) ->",
            "(int) - > int",
            "(int) int",
            "(Point)",
            "([any])",
            "([[int]])",
            "([string])",
            "(??int)",
            "(int) -> int x",
            "(a b: int)",
            "({string: int})",
            "([])",
            "(a:)",
            "(int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int)",
            "((int))",
            "(ä)",
        ] {
            assert!(Signature::parse(bad).is_none(), "{bad}");
        }
    }
}

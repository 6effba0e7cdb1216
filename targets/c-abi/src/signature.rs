//! Signatures of host functions, as the language writes them: `(pin: int, on: bool) -> ?string`.

use core::fmt::{self, Write};

use mog_core::heap::{self, Data as Held};
use mog_core::module::{TypeKind, TypeRecord};
use mog_core::{Module, TypeId};

use crate::host::MOG_MAX_ARGS;
use crate::make::{in_range, is_packed};
use crate::types::{NAMES, Rest, Scope, Types, named};

/// A type that C has a form for, as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'t>(&'t str);

/// What a host function takes and gives.
#[derive(Debug)]
pub(crate) struct Signature<'t> {
    pub(crate) params: heapless::Vec<Shape<'t>, MOG_MAX_ARGS>,
    result: Shape<'t>,
    types: Types<'t>,
}

impl<'t> Signature<'t> {
    /// Reads a signature; `None` if it is not written as one, or names types that are not declared.
    pub(crate) fn parse(text: &'t str, types: Types<'t>) -> Option<Self> {
        let mut rest = Rest(text);
        let mut params = heapless::Vec::new();
        rest.sign("(")?;
        if rest.sign(")").is_none() {
            loop {
                rest.param_name();
                params.push(Shape::read(&mut rest, types)?).ok()?;
                if rest.sign(")").is_some() {
                    break;
                }
                rest.sign(",")?;
            }
        }
        let result = match rest.sign("->") {
            Some(()) => Shape::read(&mut rest, types)?,
            None => Shape("()"),
        };
        rest.is_empty().then_some(Self { params, result, types })
    }

    /// Whether a program was compiled for these types. What says whether the declared ones are the program's is asked if one
    /// of them is named.
    pub(crate) fn matches(
        &self,
        signature: TypeRecord<'_>,
        module: &Module<'_>,
        types_match: impl FnOnce() -> bool,
    ) -> bool {
        let Some((&result, params)) = signature.components.split_last() else { return false };
        let scope = Scope::of(self.types, module);
        // What may be anything is looked at when it is called.
        let fits = |own: &Shape<'_>, ty: u16| {
            TypeId(ty) == TypeId::ANY
                || own.0 == "any"
                || Rest(own.0).ty(Some(TypeId(ty)), &scope, 0) == Some(true)
        };
        params.len() == self.params.len()
            && self.params.iter().zip(params).all(|(own, &ty)| fits(own, ty))
            && fits(&self.result, result)
            && (!scope.names.get() || types_match())
    }

    pub(crate) fn has_result(&self) -> bool {
        named(self.result.0).is_some() || !self.result.0.starts_with('(')
    }
}

impl<'t> Shape<'t> {
    fn read(rest: &mut Rest<'t>, types: Types<'t>) -> Option<Self> {
        let text = rest.0.trim_start();
        rest.ty(None, &Scope::text(types), 0)?;
        text.get(..text.len() - rest.0.len()).map(Self)
    }

    /// Whether a value that may be anything is of this type.
    pub(crate) fn fits(self, value: &heap::Value<'_>) -> bool {
        let data = match value.data() {
            Held::Some(payload) => payload.data(),
            other => other,
        };
        let (name, optional) = match self.0.strip_prefix('?') {
            Some(name) => (name.trim_start(), true),
            None => (self.0, false),
        };
        let element = name.strip_prefix('[').and_then(|name| named(name.trim_end_matches(']').trim()));
        match (&data, named(name)) {
            (_, Some(TypeId::ANY)) => true,
            (Held::None, _) => optional,
            (Held::Bool(_), Some(TypeId::BOOL)) | (Held::Str(_), Some(TypeId::STR)) => true,
            (Held::Uint(_), Some(TypeId::U64)) => true,
            (Held::Int(value), Some(base)) if (TypeId::INT.0..=TypeId::U64.0).contains(&base.0) => {
                in_range(*value, base)
            }
            (Held::Float(_), Some(TypeId::FLOAT | TypeId::F32)) => true,
            (Held::Array(array), None) => match element {
                Some(TypeId::ANY) => true,
                Some(element) => is_packed(element) && array.packed_bytes().is_some(),
                None => false,
            },
            // Of other maps, and of structs, the types are known.
            (Held::Map(_), None) => value.ty() == TypeId::ANY && is_map_of_any(name),
            (Held::Unit, None) => name.starts_with('('),
            _ => false,
        }
    }
}

fn is_map_of_any(name: &str) -> bool {
    let mut rest = Rest(name);
    rest.sign("{").is_some()
        && named(rest.word()) == Some(TypeId::STR)
        && rest.sign(":").is_some()
        && named(rest.word()) == Some(TypeId::ANY)
}

impl fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.trim_end())
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
    fn ty(&self, ty: TypeId, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.nested(ty, f, 0)
    }

    fn nested(&self, ty: TypeId, f: &mut fmt::Formatter<'_>, depth: u32) -> fmt::Result {
        let known = NAMES.into_iter().find(|(_, known)| *known == ty);
        // Types nest no deeper than this in anything that is worth a message.
        let record = self.0.types.record(ty).filter(|_| depth < 8);
        let part = |index: usize| {
            let ty = record.and_then(|record| record.components.get(index));
            ty.map_or(TypeId::UNIT, |&ty| TypeId(ty))
        };
        match (known, record.map(|record| record.kind)) {
            (Some((name, _)), _) => f.write_str(name),
            (_, Some(TypeKind::Option)) => {
                f.write_char('?')?;
                self.nested(part(0), f, depth + 1)
            }
            (_, Some(TypeKind::Array)) => {
                f.write_char('[')?;
                self.nested(part(0), f, depth + 1)?;
                f.write_char(']')
            }
            (_, Some(TypeKind::Map)) => {
                f.write_char('{')?;
                self.nested(part(0), f, depth + 1)?;
                f.write_str(": ")?;
                self.nested(part(1), f, depth + 1)?;
                f.write_char('}')
            }
            (_, Some(TypeKind::Struct | TypeKind::Enum | TypeKind::BoxedEnum)) => {
                f.write_str(record.map_or("", |record| self.0.string(record.extra)))
            }
            (_, Some(TypeKind::Fn)) => {
                let types = record.and_then(|record| record.components.split_last());
                let Some((&result, params)) = types else { return Ok(()) };
                f.write_str("fn(")?;
                for (n, &ty) in params.iter().enumerate() {
                    f.write_str(if n == 0 { "" } else { ", " })?;
                    self.nested(TypeId(ty), f, depth + 1)?;
                }
                f.write_char(')')?;
                if TypeId(result) == TypeId::UNIT {
                    return Ok(());
                }
                f.write_str(" -> ")?;
                self.nested(TypeId(result), f, depth + 1)
            }
            _ => f.write_char('…'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read() {
        let parse = |text| Signature::parse(text, Types("struct Point { x: int, y: int }"));
        let signature = parse("(pin: int, on: bool) -> ?string").unwrap();
        let texts: std::vec::Vec<_> = signature.params.iter().map(std::string::ToString::to_string).collect();
        assert_eq!(texts, ["int", "bool"]);
        assert_eq!(std::string::ToString::to_string(&signature.result), "?string");
        for good in ["()", " ( ) ", "(int)", "([f32], ?[u8])", "() -> ()", "(a:u64)->any", "( string ,any)"] {
            assert!(parse(good).is_some(), "{good}");
        }
        for good in [
            "(Point)",
            "([any])",
            "([[int]])",
            "({string: [Point]}) -> ?Point",
            "(each: fn(p: Point, int) -> bool)",
        ] {
            assert!(parse(good).is_some(), "{good}");
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
            "(??int)",
            "(int) -> int x",
            "(a b: int)",
            "([])",
            "({int})",
            "({string: int)",
            "(fn)",
            "(fn(int)",
            "(fn(int) ->)",
            "([[[[[[[[[[int]]]]]]]]]])",
            "(a:)",
            "(int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int)",
            "((int))",
            "(ä)",
        ] {
            assert!(Signature::parse(bad, Types("")).is_none(), "{bad}");
        }
    }
}

//! Types as the language writes them, read and compared with a module's in one walk, and the declarations of structs and
//! enums that a host gives with its functions.

use core::cell::Cell;

use mog_core::heap::Variants;
use mog_core::module::{TypeKind, TypeRecord};
use mog_core::{Module, TypeId};

use crate::PARTS;

/// How deep types nest in a text.
const MAX_DEPTH: u32 = 8;

/// Types with a name of the language's.
pub(crate) const NAMES: [(&str, TypeId); 16] = [
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

/// The type of the language's that has this name.
pub(crate) fn named(name: &str) -> Option<TypeId> {
    NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, ty)| ty)
}

/// Declarations of structs and enums, as `struct Point { x: int, y: int }`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Types<'t>(pub(crate) &'t str);

impl<'t> Types<'t> {
    /// Whether all of it is declarations.
    pub(crate) fn is_written_well(self) -> bool {
        if !PARTS {
            return true;
        }
        let scope = Scope::text(self);
        let mut rest = Rest(self.0);
        while !rest.is_empty() {
            if rest.declaration(&scope).is_none() {
                return false;
            }
        }
        true
    }

    /// Whether the structs and enums of a module that have a name from here are what is declared here. Each is compared by
    /// the names of its parts' types, which are compared in their turn.
    pub(crate) fn match_those_of(self, module: &Module<'_>) -> bool {
        if !PARTS {
            return true;
        }
        let scope = Scope::of(self, module);
        let mut rest = Rest(self.0);
        while !rest.is_empty() {
            let Some((is_enum, name, body)) = rest.declaration(&scope) else { return false };
            let own = (TypeId::FIRST_OWN.0..=u16::MAX).take(module.types.len());
            let mut namesakes = own
                .filter_map(|ty| module.types.record(TypeId(ty)))
                .filter(|&record| is_nominal(record) && module.string(record.extra) == name);
            let is_declared = |record: TypeRecord<'_>| {
                is_enum == (record.kind != TypeKind::Struct) && { body }.parts(is_enum, Some(record), &scope)
                    == Some(true)
            };
            if !namesakes.all(is_declared) {
                return false;
            }
        }
        true
    }

    /// Whether a struct or enum of this name is declared.
    fn declare(self, name: &str) -> bool {
        let mut rest = Rest(self.0);
        while !rest.is_empty() {
            // Nothing but white space stands between the two; a field can be called so, too.
            if matches!(rest.word(), "struct" | "enum") && { rest }.word() == name {
                return true;
            }
            rest.0 = rest.0.trim_start_matches(|c| !is_of_word(c));
        }
        false
    }
}

const fn is_nominal(record: TypeRecord<'_>) -> bool {
    matches!(record.kind, TypeKind::Struct | TypeKind::Enum | TypeKind::BoxedEnum)
}

/// What a text is read with.
pub(crate) struct Scope<'s, 'm> {
    types: Types<'s>,
    /// Whose types it is compared with.
    module: Option<&'s Module<'m>>,
    /// Whether a declared type was met.
    pub(crate) names: Cell<bool>,
}

impl<'s, 'm> Scope<'s, 'm> {
    /// To read it only.
    pub(crate) const fn text(types: Types<'s>) -> Self {
        Self { types, module: None, names: Cell::new(false) }
    }

    /// To compare it.
    pub(crate) const fn of(types: Types<'s>, module: &'s Module<'m>) -> Self {
        Self { types, module: Some(module), names: Cell::new(false) }
    }
}

/// What is left of a text to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest<'t>(pub(crate) &'t str);

const fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl<'t> Rest<'t> {
    pub(crate) fn is_empty(self) -> bool {
        self.0.trim_start().is_empty()
    }

    pub(crate) fn sign(&mut self, sign: &str) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(sign)?;
        Some(())
    }

    pub(crate) fn word(&mut self) -> &'t str {
        let text = self.0.trim_start();
        let (word, rest) = text.split_at(text.find(|c| !is_of_word(c)).unwrap_or(text.len()));
        self.0 = rest;
        word
    }

    /// Reads a type; whether it is the one that is due. `None` if no type stands here.
    pub(crate) fn ty(&mut self, due: Option<TypeId>, scope: &Scope<'_, '_>, depth: u32) -> Option<bool> {
        if depth > MAX_DEPTH {
            return None;
        }
        let record = due.and_then(|ty| scope.module?.types.record(ty));
        // A part of the type that is due, if that is of this kind.
        let part = |kind: TypeKind, index: usize| {
            let record = record.filter(|record| record.kind == kind)?;
            record.components.get(index).map(|&ty| TypeId(ty))
        };
        if self.sign("?").is_some() {
            // `?T` in `?T` has no form in C.
            let payload = part(TypeKind::Option, 0);
            if self.0.trim_start().starts_with('?') {
                return None;
            }
            return self.ty(payload, scope, depth + 1);
        }
        if self.sign("[").is_some() {
            let fits = self.ty(part(TypeKind::Array, 0), scope, depth + 1)?;
            self.sign("]")?;
            return Some(fits);
        }
        if PARTS && self.sign("{").is_some() {
            let key = self.ty(part(TypeKind::Map, 0), scope, depth + 1)?;
            self.sign(":")?;
            let value = self.ty(part(TypeKind::Map, 1), scope, depth + 1)?;
            self.sign("}")?;
            return Some(key && value);
        }
        if self.sign("(").is_some() {
            self.sign(")")?;
            return Some(due == Some(TypeId::UNIT));
        }
        let word = self.word();
        if PARTS && word == "fn" {
            self.sign("(")?;
            let due = record.filter(|record| record.kind == TypeKind::Fn).map(|record| record.components);
            return self.signature(due, scope, depth + 1);
        }
        if let Some(ty) = named(word) {
            return Some(due == Some(ty) || (due.is_some() && ty == TypeId::ANY));
        }
        if !PARTS || word.is_empty() || !scope.types.declare(word) {
            return None;
        }
        scope.names.set(true);
        let name =
            record.filter(|&record| is_nominal(record)).and_then(|record| Some((record, scope.module?)));
        Some(name.is_some_and(|(record, module)| module.string(record.extra) == word))
    }

    /// Reads the types of a function from behind the open parenthesis; whether they are those that are due: the parameters',
    /// then the result's.
    fn signature(&mut self, due: Option<&[u16]>, scope: &Scope<'_, '_>, depth: u32) -> Option<bool> {
        let (result, params) = due.and_then(|due| due.split_last()).unzip();
        let mut fits = self.list(params, scope, depth)?;
        let result = result.map(|&ty| TypeId(ty));
        fits &= match self.sign("->") {
            Some(()) => self.ty(result, scope, depth)?,
            None => result == Some(TypeId::UNIT),
        };
        Some(fits)
    }

    /// Reads types up to the parenthesis that closes.
    fn list(&mut self, due: Option<&[u16]>, scope: &Scope<'_, '_>, depth: u32) -> Option<bool> {
        let (mut fits, mut count) = (due.is_some(), 0);
        while self.sign(")").is_none() {
            if count > 0 {
                self.sign(",")?;
            }
            self.param_name();
            fits &= self.ty(due.and_then(|due| due.get(count)).map(|&ty| TypeId(ty)), scope, depth)?;
            count += 1;
        }
        Some(fits && due.is_some_and(|due| due.len() == count))
    }

    /// The name that may stand before a parameter's type.
    pub(crate) fn param_name(&mut self) {
        let before = self.0;
        if self.word().is_empty() || self.sign(":").is_none() {
            self.0 = before;
        }
    }

    /// Reads a declaration: whether it is an enum, its name, and the text from its brace on.
    fn declaration(&mut self, scope: &Scope<'_, '_>) -> Option<(bool, &'t str, Self)> {
        let is_enum = match self.word() {
            "struct" => false,
            "enum" => true,
            _ => return None,
        };
        let name = self.word();
        let body = *self;
        let text = Scope::text(scope.types);
        self.parts(is_enum, None, &text)?;
        (!name.is_empty() && named(name).is_none()).then_some((is_enum, name, body))
    }

    /// Reads the fields or variants between braces; whether they are those of this type.
    fn parts(&mut self, is_enum: bool, due: Option<TypeRecord<'_>>, scope: &Scope<'_, '_>) -> Option<bool> {
        self.sign("{")?;
        let components = due.map_or(&[][..], |record| record.components);
        let (mut fields, mut variants) = (components.as_chunks::<2>().0.iter(), due.map(Variants::of));
        let is_named =
            |number: u16, name: &str| scope.module.is_some_and(|module| module.string(number) == name);
        let mut fits = due.is_some();
        while self.sign("}").is_none() {
            let name = self.word();
            if name.is_empty() {
                return None;
            }
            if is_enum {
                let variant = variants.as_mut().and_then(Iterator::next);
                fits &= variant.is_some_and(|(number, _)| is_named(number, name));
                let payload = variant.map(|(_, payload)| payload);
                fits &= match self.sign("(") {
                    Some(()) => self.list(payload, scope, 1)?,
                    None => payload.is_some_and(<[u16]>::is_empty),
                };
            } else {
                self.sign(":")?;
                let field = fields.next();
                fits &= field.is_some_and(|&[number, _]| is_named(number, name));
                fits &= self.ty(field.map(|&[_, ty]| TypeId(ty)), scope, 1)?;
            }
            // A comma separates them, or a new line.
            let _ = self.sign(",");
        }
        let is_all = match (is_enum, variants) {
            (true, Some(mut variants)) => variants.next().is_none(),
            _ => fields.next().is_none(),
        };
        Some(fits && is_all)
    }
}

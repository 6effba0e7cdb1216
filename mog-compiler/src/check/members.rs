//! What can follow a dot, which editors offer.

use std::cmp::Reverse;

use super::Checker;
use super::index::{Index, NameKind};
use super::method::{ASKING, Limit, Row, Sig, TENSOR, tables};
use super::scope::Def;
use super::typename::{Alias, built_in};
use crate::diagnostic::FileId;
use crate::hir::{Builtin, Hir};
use crate::types::{EnumId, StructId, Ty, TyKind, Types};

/// What can be written after a dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: NameKind,
    /// What it stands for, as a declaration would say it: `len: int`, `fn push(int)`.
    pub text: String,
}

/// Whose members a name has that is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// An enum: its variants.
    Enum(EnumId),
    /// A module, by its number in [`Checker::units`]: its declarations.
    Module(u32),
    /// A caught failure: its parts, and what its message has.
    Caught,
}

impl Checker<'_> {
    /// Whose members a dot behind a name asks for, if it stands for no value.
    pub(super) fn owner_of(&self, def: Def) -> Option<Owner> {
        match def {
            Def::Enum(id) => Some(Owner::Enum(id)),
            Def::Module(unit) => Some(Owner::Module(unit)),
            Def::Caught(..) => Some(Owner::Caught),
            Def::Alias(number) => match self.aliases.get(number as usize)? {
                Alias::Done(ty) => match *self.kind(*ty) {
                    TyKind::Enum(id) => Some(Owner::Enum(id)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// What each unit declares.
    pub(super) fn declarations_of_units(&self) -> Vec<Vec<Member>> {
        let of_unit = |unit: &super::units::Unit<'_>| {
            let own = unit.names.stack.iter().filter(|entry| !matches!(entry.def, Def::Module(_)));
            let member = own.filter_map(|entry| {
                let name = unit.ast.text(entry.symbol);
                let text = self.describe(name, entry.def, None)?;
                Some(Member { name: name.to_owned(), kind: NameKind::of(entry.def), text })
            });
            member.collect()
        };
        self.units.iter().map(of_unit).collect()
    }
}

impl Index {
    /// What can follow a dot after this text, which the program begins with: fields and methods of a value, variants of an
    /// enum, declarations of a module. What follows in the source that was indexed should be a dot and a name, any name.
    #[must_use]
    pub fn members_after(&self, before: &str) -> Vec<Member> {
        let before = before.trim_end();
        let end = before.len() as u32;
        let name = self.name_at(FileId(0), end).filter(|name| name.place.span.end == end);
        match name.and_then(|name| name.owner) {
            Some(Owner::Enum(id)) => variants(&self.hir, id),
            Some(Owner::Module(unit)) => self.declared.get(unit as usize).cloned().unwrap_or_default(),
            Some(Owner::Caught) => {
                let parts = ["kind", "message"].map(|part| field(part, "string"));
                parts.into_iter().chain(of_value(&self.hir.types, Types::STR)).collect()
            }
            None => self.of_value_before(before),
        }
    }

    fn of_value_before(&self, before: &str) -> Vec<Member> {
        let types = &self.hir.types;
        if let Some(&(_, row)) = self.rows.iter().find(|(end, _)| *end as usize == before.len()) {
            return of_struct(types, row);
        }
        if let Some(ty) = self.value_before(before) {
            return of_value(types, ty);
        }
        let ty = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
        let limits: &[&str] = match built_in(ty) {
            Some(TyKind::Float) => &["MAX", "MIN", "INF", "NAN", "EPSILON"],
            Some(TyKind::F32 | TyKind::Int(_)) => &["MAX", "MIN"],
            _ => &[],
        };
        let constant = |name: &&str| Member {
            name: (*name).to_owned(),
            kind: NameKind::Constant,
            text: format!("const {name}: {ty}"),
        };
        limits.iter().map(constant).collect()
    }

    /// The type of the value that ends where a text ends, or in parentheses there.
    fn value_before(&self, before: &str) -> Option<Ty> {
        let inside = before.trim_end_matches(|c: char| c == ')' || c.is_whitespace());
        let ends = inside.len() as u32..=before.len() as u32;
        let ending = self.exprs().iter().filter(|expr| ends.contains(&expr.span.end));
        // The whole of it, not its last part.
        let whole = ending.max_by_key(|expr| (expr.span.end, Reverse(expr.span.start)))?;
        Some(whole.ty)
    }
}

fn variants(hir: &Hir, id: EnumId) -> Vec<Member> {
    let Some(def) = hir.types.enums.get(id.0 as usize) else { return Vec::new() };
    let variant = |(name, payload): &(String, Vec<Ty>)| {
        let text = variant_text(&hir.types, name, payload);
        Member { name: name.clone(), kind: NameKind::Variant, text }
    };
    def.variants.iter().map(variant).collect()
}

/// A variant as its declaration says it.
pub(super) fn variant_text(types: &Types, name: &str, payload: &[Ty]) -> String {
    let payload: Vec<_> = payload.iter().map(|&ty| types.display(ty)).collect();
    if payload.is_empty() { name.to_owned() } else { format!("{name}({})", payload.join(", ")) }
}

/// The fields and methods of a value.
fn of_value(types: &Types, ty: Ty) -> Vec<Member> {
    let kind = types.kind(ty);
    match kind {
        TyKind::Struct(id) => of_struct(types, *id),
        TyKind::Option(inside) | TyKind::Result(inside) => {
            let inside = types.display(*inside);
            let is_option = matches!(kind, TyKind::Option(_));
            let asking = ASKING.iter().filter_map(|&name| {
                let text = match name {
                    "unwrap_or" => format!("fn unwrap_or({inside}) -> {inside}"),
                    "is_some" | "is_none" if is_option => format!("fn {name}() -> bool"),
                    "is_ok" | "is_err" if !is_option => format!("fn {name}() -> bool"),
                    _ => return None,
                };
                Some(Member { name: name.to_owned(), kind: NameKind::Method, text })
            });
            asking.collect()
        }
        kind => {
            let rows = tables(kind).iter().copied().flatten();
            let mut found: Vec<_> = rows.filter_map(|row| of_row(types, row, ty)).collect();
            if matches!(kind, TyKind::Str | TyKind::Array(_)) {
                let text = format!("fn slice(int, int) -> {}", types.display(ty));
                found.push(Member { name: "slice".to_owned(), kind: NameKind::Method, text });
            }
            found
        }
    }
}

fn of_struct(types: &Types, id: StructId) -> Vec<Member> {
    let Some(def) = types.structs.get(id.0 as usize) else { return Vec::new() };
    if def.rows.is_some() {
        return vec![field("len", "int")];
    }
    def.fields.iter().map(|(name, ty)| field(name, &types.display(*ty))).collect()
}

fn field(name: &str, ty: &str) -> Member {
    Member { name: name.to_owned(), kind: NameKind::Field, text: format!("{name}: {ty}") }
}

/// A built-in method as a value of this type has it, if it has; those that are also fields as such.
fn of_row(types: &Types, row: &Row, receiver: Ty) -> Option<Member> {
    let element = match types.kind(receiver) {
        TyKind::Array(element) => types.kind(*element),
        kind => kind,
    };
    let is_number = matches!(element, TyKind::Int(_) | TyKind::Float | TyKind::F32);
    let fits = match row.limit {
        Limit::Integer => matches!(element, TyKind::Int(_)),
        Limit::Numbers => is_number,
        // A comparison would make up for it.
        Limit::Sortable if row.builtin == Builtin::ArraySort => true,
        Limit::Sortable => is_number || matches!(element, TyKind::Str | TyKind::Bool),
        Limit::None | Limit::Comparison => true,
    };
    if !fits {
        return None;
    }
    let result = shown(types, row.result, receiver);
    let of_tensor = TENSOR.iter().any(|of_tensor| of_tensor.name == row.name);
    let is_field = row.params.is_empty() && row.builtin != Builtin::TensorTranspose && of_tensor;
    if row.name == "len" || is_field {
        return Some(field(row.name, &result));
    }
    let params: Vec<_> = row.params.iter().map(|&param| shown(types, param, receiver)).collect();
    let result = if matches!(row.result, Sig::Unit) { String::new() } else { format!(" -> {result}") };
    let text = format!("fn {}({}){result}", row.name, params.join(", "));
    Some(Member { name: row.name.to_owned(), kind: NameKind::Method, text })
}

/// A type in a signature, for this receiver.
fn shown(types: &Types, sig: Sig, receiver: Ty) -> String {
    let inside = |sig: Sig| shown(types, sig, receiver);
    match (sig, types.kind(receiver)) {
        (Sig::Unit, _) => "()".to_owned(),
        (Sig::Int, _) => "int".to_owned(),
        (Sig::Float, _) => "float".to_owned(),
        (Sig::Bool, _) => "bool".to_owned(),
        (Sig::Str, _) => "string".to_owned(),
        (Sig::Bytes, _) => "[u8]".to_owned(),
        (Sig::Elem, TyKind::Array(part))
        | (Sig::Key, TyKind::Map(part, _))
        | (Sig::Value, TyKind::Map(_, part)) => types.display(*part),
        (Sig::This | Sig::Elem | Sig::Key | Sig::Value, _) => types.display(receiver),
        (Sig::Own, _) => "T".to_owned(),
        (Sig::Array(element), _) => format!("[{}]", inside(*element)),
        (Sig::Option(value), _) => format!("?{}", inside(*value)),
        (Sig::Fn(params, result), _) => {
            let params: Vec<_> = params.iter().map(|&param| inside(param)).collect();
            let result =
                if matches!(result, Sig::Unit) { String::new() } else { format!(" -> {}", inside(*result)) };
            format!("fn({}){result}", params.join(", "))
        }
    }
}

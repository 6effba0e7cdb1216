//! Where names are declared, and what they stand for: what editors ask. It is noted while a program is checked, and only if
//! somebody asked: whoever compiles pays for that question at each name, and no more.

use std::rc::Rc;

use hashbrown::HashMap;

use super::members::{Member, Owner, variant_text};
use super::scope::Def;
use super::typename::Alias;
use super::{Checker, Parameter};
use crate::ast::{Name, Span};
use crate::diagnostic::FileId;
use crate::hir::{Expr, FuncId, Hir, Module};
use crate::types::{StructId, Ty, Types};

/// A place in one of the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The source.
    pub file: FileId,
    /// Where in it.
    pub span: Span,
}

/// A name where it stands.
#[derive(Clone, Debug)]
pub struct NameUse {
    /// Where.
    pub place: Place,
    /// Where it was declared, which can be the same place; `None` for what no source of the program declares.
    pub declared: Option<Place>,
    /// What it stands for, as a declaration would say it: `total: int`, `fn area(w: float, h: float) -> float`.
    pub text: Rc<str>,
    /// What that is.
    pub kind: NameKind,
    /// Whether it is also the name of the field that it gives or takes: `x` in `Point { x }`.
    pub is_field: bool,
    pub(super) owner: Option<Owner>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameKind {
    /// A variable of a function or of the module, or a parameter.
    Variable,
    /// A constant.
    Constant,
    /// A function of the program or of a capability.
    Function,
    /// A struct.
    Struct,
    /// An enum.
    Enum,
    /// A type by another name.
    Type,
    /// An imported module.
    Module,
    /// A field of a value.
    Field,
    /// A method that the language has.
    Method,
    /// A variant of an enum.
    Variant,
}

impl NameKind {
    pub(super) fn of(def: Def) -> Self {
        match def {
            Def::Local(_) | Def::Caught(..) | Def::Global(_) | Def::Broken => Self::Variable,
            Def::Const(_) => Self::Constant,
            Def::Func(_) => Self::Function,
            Def::Struct(_) => Self::Struct,
            Def::Enum(_) => Self::Enum,
            Def::Alias(_) => Self::Type,
            Def::Module(_) => Self::Module,
        }
    }
}

/// The names of a program and the types of its expressions.
#[derive(Debug)]
pub struct Index {
    names: Vec<NameUse>,
    /// What each unit declares.
    pub(super) declared: Vec<Vec<Member>>,
    pub(super) hir: Hir,
    /// Rows of `soa`, which are no values: where each ends, and what it is.
    pub(super) rows: Vec<(u32, StructId)>,
    /// The first expression of the program itself; those before are of its modules.
    first_expr: usize,
}

impl Index {
    pub(super) fn new(hir: Hir, recorder: Recorder) -> Self {
        let Recorder { mut names, declared, rows, first_expr, .. } = recorder;
        let order = |name: &NameUse| (name.place.file, name.place.span.start, name.place.span.end);
        names.sort_by_key(order);
        names.dedup_by_key(|name| order(name));
        Self { names, declared, hir, rows, first_expr }
    }

    /// The name at an offset, or just before it.
    #[must_use]
    pub fn name_at(&self, file: FileId, offset: u32) -> Option<&NameUse> {
        let after =
            self.names.partition_point(|name| (name.place.file, name.place.span.start) <= (file, offset));
        let name = self.names.get(after.checked_sub(1)?)?;
        (name.place.file == file && offset <= name.place.span.end).then_some(name)
    }

    /// All places where the name stands that was declared here, the declaration among them.
    pub fn places_of(&self, declared: Place) -> impl Iterator<Item = Place> {
        self.names.iter().filter(move |name| name.declared == Some(declared)).map(|name| name.place)
    }

    /// All names in the order of the sources.
    #[must_use]
    pub fn names(&self) -> &[NameUse] {
        &self.names
    }

    /// The expressions of the program itself.
    pub(super) fn exprs(&self) -> &[Expr] {
        self.hir.exprs.get(self.first_expr..).unwrap_or(&[])
    }

    /// The smallest expression of the program itself that an offset lies in, and its type.
    #[must_use]
    pub fn type_at(&self, offset: u32) -> Option<(Span, String)> {
        let around = self.exprs().iter().filter(|expr| expr.span.start <= offset && offset < expr.span.end);
        let has_value = |ty: Ty| ![Types::UNIT, Types::ERROR, Types::NEVER].contains(&ty);
        let smallest =
            around.filter(|expr| has_value(expr.ty)).min_by_key(|expr| expr.span.end - expr.span.start)?;
        Some((smallest.span, self.hir.types.display(smallest.ty)))
    }

    /// The imported modules: file 1, 2 and so on.
    #[must_use]
    pub fn modules(&self) -> &[Module] {
        &self.hir.modules
    }
}

/// What has been noted so far.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    noted: Vec<Noted>,
    names: Vec<NameUse>,
    declared: Vec<Vec<Member>>,
    /// Names that are also those of fields.
    short: Vec<Place>,
    rows: Vec<(u32, StructId)>,
    first_expr: usize,
}

#[derive(Debug)]
struct Noted {
    place: Place,
    declared: Option<Place>,
    name: String,
    what: What,
}

/// What a name stands for.
#[derive(Debug)]
pub(super) enum What {
    /// A definition; of a local variable with the function that it belongs to.
    Def(Def, Option<FuncId>),
    /// This.
    Text(String, NameKind),
}

impl Checker<'_> {
    /// Notes that the expressions from here on are of the next unit.
    pub(super) fn note_unit(&mut self, first_expr: usize) {
        if let Some(recorder) = &mut self.recorder {
            recorder.first_expr = first_expr;
            recorder.rows.clear();
        }
    }

    /// Notes a name that is in scope.
    #[inline]
    pub(super) fn note_use(&mut self, name: Name) {
        if self.recorder.is_some() {
            self.note_name(name);
        }
    }

    #[cold]
    fn note_name(&mut self, name: Name) {
        let Some((_, entry)) = self.find_entry(name.symbol) else { return };
        let owner = (entry.depth as usize).checked_sub(1).and_then(|at| self.frames.get(at));
        let what = What::Def(entry.def, owner.map(|frame| frame.func));
        let file = self.diagnostics.file();
        self.note(name, Some(Place { file, span: entry.span }), what);
    }

    /// Notes a name that stands for what another one in this place declares, which is not yet in scope.
    pub(super) fn note_again(&mut self, name: Name, declared: Name, def: Def) {
        if self.recorder.is_some() {
            let place = Place { file: self.diagnostics.file(), span: declared.span };
            let owner = self.frames.last().map(|frame| frame.func);
            self.note(name, Some(place), What::Def(def, owner));
        }
    }

    /// Notes what a name stands for that is in no scope.
    pub(super) fn note(&mut self, name: Name, declared: Option<Place>, what: What) {
        let place = Place { file: self.diagnostics.file(), span: name.span };
        let text = self.text(name.symbol);
        if let Some(recorder) = &mut self.recorder {
            recorder.noted.push(Noted { place, declared, name: text.to_owned(), what });
        }
    }

    /// Notes the name of an argument.
    pub(super) fn note_label(&mut self, label: Name, param: &Parameter<'_>) {
        if self.recorder.is_some() && param.place.is_some() {
            let text = format!("{}: {}", param.name, self.show(param.ty));
            self.note(label, param.place, What::Text(text, NameKind::Variable));
        }
    }

    /// Notes that a name is also that of a field.
    pub(super) fn note_short(&mut self, name: Name) {
        let place = Place { file: self.diagnostics.file(), span: name.span };
        if let Some(recorder) = &mut self.recorder {
            recorder.short.push(place);
        }
    }

    /// Notes a row of `soa`.
    pub(super) fn note_row(&mut self, span: Span, rows: StructId) {
        if let Some(recorder) = &mut self.recorder {
            recorder.rows.push((span.end, rows));
        }
    }

    /// Says what the noted names stand for, when all types are known.
    pub(super) fn describe_names(&mut self) {
        let Some(mut recorder) = self.recorder.take() else { return };
        let order = |place: &Place| (place.file, place.span.start);
        recorder.short.sort_by_key(order);
        // What is long to say is said once for all uses.
        let mut described = HashMap::new();
        for Noted { place, mut declared, name, what } in std::mem::take(&mut recorder.noted) {
            if let What::Def(Def::Module(unit), _) = what {
                let unit = self.units.get(unit as usize);
                declared = unit.map(|unit| Place { file: unit.file, span: Span::default() });
            }
            let (text, kind, owner) = match what {
                What::Text(text, kind) => (Some(Rc::from(text)), kind, None),
                What::Def(def, func) => {
                    let text = described
                        .entry((def, func, name))
                        .or_insert_with_key(|(_, _, name)| self.describe(name, def, func).map(Rc::from));
                    (text.clone(), NameKind::of(def), self.owner_of(def))
                }
            };
            let is_field = recorder.short.binary_search_by_key(&order(&place), order).is_ok();
            if let Some(text) = text {
                recorder.names.push(NameUse { place, declared, text, kind, is_field, owner });
            }
        }
        recorder.declared = self.declarations_of_units();
        self.recorder = Some(recorder);
    }

    pub(super) fn describe(&self, name: &str, def: Def, owner: Option<FuncId>) -> Option<String> {
        Some(match def {
            Def::Local(local) | Def::Caught(local, _) => {
                let func = self.hir.funcs.get(owner?.0 as usize)?;
                format!("{name}: {}", self.show(func.locals.get(local.0 as usize)?.ty))
            }
            Def::Global(global) => {
                format!("{name}: {}", self.show(self.hir.globals.get(global.0 as usize)?.ty))
            }
            Def::Const(number) => match self.consts.get(number as usize)?.ty() {
                Some(ty) => format!("const {name}: {}", self.show(ty)),
                None => format!("const {name}"),
            },
            Def::Func(func) => {
                let signature = self.signatures.get(func.0 as usize)?;
                let params = signature.params.iter().map(|param| (param.name, param.ty));
                let shown = self.declaration(name, params, signature.ret);
                if signature.future.is_some() { format!("async {shown}") } else { shown }
            }
            Def::Struct(id) => {
                let fields = &self.hir.types.structs.get(id.0 as usize)?.fields;
                let fields: Vec<_> =
                    fields.iter().map(|(field, ty)| format!("{field}: {}", self.show(*ty))).collect();
                format!("struct {name} {{ {} }}", fields.join(", "))
            }
            Def::Enum(id) => {
                let variants = &self.hir.types.enums.get(id.0 as usize)?.variants;
                let variant =
                    |(variant, payload): &(String, Vec<Ty>)| variant_text(&self.hir.types, variant, payload);
                format!("enum {name} {{ {} }}", variants.iter().map(variant).collect::<Vec<_>>().join(", "))
            }
            Def::Alias(number) => match self.aliases.get(number as usize)? {
                Alias::Done(ty) => format!("type {name} = {}", self.show(*ty)),
                _ => format!("type {name}"),
            },
            Def::Module(unit) => format!("import {}", self.units.get(unit as usize)?.path),
            Def::Broken => return None,
        })
    }

    /// A function as its declaration says it.
    pub(super) fn declaration<'p>(
        &self,
        name: &str,
        params: impl Iterator<Item = (&'p str, Ty)>,
        ret: Ty,
    ) -> String {
        let params: Vec<_> = params.map(|(param, ty)| format!("{param}: {}", self.show(ty))).collect();
        let result = if ret == Types::UNIT { String::new() } else { format!(" -> {}", self.show(ret)) };
        format!("fn {name}({}){result}", params.join(", "))
    }
}

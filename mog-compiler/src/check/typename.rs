//! Types as written, resolved.

use super::Checker;
use super::foreign;
use super::index::{Place, What};
use super::scope::Def;
use crate::ast::{Name, Span, TypeExprId, TypeKind, sym};
use crate::types::{IntKind, Ty, TyKind, Types};

/// How deep aliases may refer to aliases that are declared after them.
pub(super) const MAX_NESTING: u32 = 60;

/// `type Name = T`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Alias {
    /// Not looked at yet.
    Pending(TypeExprId),
    /// Being resolved: meeting it again means that it contains itself.
    Open,
    /// What it stands for.
    Done(Ty),
}

const BUILT_IN: &[&str] =
    &["int", "float", "bool", "string", "any", "Map", "i8", "i16", "i32", "u8", "u16", "u32", "u64", "f32"];

/// The built-in type of a name.
pub(super) fn built_in(name: &str) -> Option<TyKind> {
    Some(match name {
        "int" | "i64" => TyKind::Int(IntKind::I64),
        "float" | "f64" => TyKind::Float,
        "bool" => TyKind::Bool,
        "string" | "str" => TyKind::Str,
        "any" => TyKind::Any,
        "Map" => TyKind::Map(Types::STR, Types::ANY),
        "i8" => TyKind::Int(IntKind::I8),
        "i16" => TyKind::Int(IntKind::I16),
        "i32" => TyKind::Int(IntKind::I32),
        "u8" => TyKind::Int(IntKind::U8),
        "u16" => TyKind::Int(IntKind::U16),
        "u32" => TyKind::Int(IntKind::U32),
        "u64" => TyKind::Int(IntKind::U64),
        "f32" => TyKind::F32,
        _ => return None,
    })
}

impl Checker<'_> {
    /// The type that a type expression stands for.
    pub(super) fn resolve_type(&mut self, id: TypeExprId) -> Ty {
        let crate::ast::TypeExpr { kind, span } = self.ast[id];
        match kind {
            TypeKind::Error => Types::ERROR,
            TypeKind::Unit => Types::UNIT,
            TypeKind::Named(path) => self.type_of_path(self.ast.list(path)),
            TypeKind::Array(inner) => {
                let inner = self.resolve_type(inner);
                self.array_of(inner, span)
            }
            TypeKind::Optional(inner) => {
                let inner = self.resolve_type(inner);
                self.option_of(inner, span)
            }
            TypeKind::Result(inner) => {
                let inner = self.resolve_type(inner);
                self.result_of(inner, span)
            }
            TypeKind::Map { key, value } => self.map_type(key, value, span),
            TypeKind::Fn { params, result } => {
                let params = self.ast.list(params).iter().map(|&param| self.resolve_type(param)).collect();
                let result = result.map_or(Types::UNIT, |result| self.resolve_type(result));
                self.make(TyKind::Fn(params, result), span)
            }
            TypeKind::Future(inner) => {
                let inner = self.resolve_type(inner);
                self.future_of(inner, span)
            }
            TypeKind::Tensor(element) => self.tensor_type(element),
            TypeKind::Soa(path) => self.soa_type(self.ast.list(path)),
        }
    }

    fn map_type(&mut self, key: TypeExprId, value: TypeExprId, span: Span) -> Ty {
        let key_ty = self.resolve_type(key);
        let value = self.resolve_type(value);
        self.check_key(key_ty, self.ast[key].span);
        self.make(TyKind::Map(key_ty, value), span)
    }

    /// Reports a type that cannot be the key of a map.
    pub(super) fn check_key(&mut self, key: Ty, span: Span) {
        if !matches!(
            self.kind(key),
            TyKind::Int(_) | TyKind::Bool | TyKind::Str | TyKind::Error | TyKind::Var(_)
        ) {
            let name = self.show(key);
            self.error(span, "bad-key", format!("`{name}` cannot be the key of a map"))
                .help("keys are int, bool, string or sized integers; str(x) makes a string of anything");
        }
    }

    /// The type that a path names.
    pub(super) fn type_of_path(&mut self, path: &[Name]) -> Ty {
        let span = path
            .first()
            .map_or(Span::default(), |first| path.last().map_or(first.span, |last| first.span.to(last.span)));
        let [name] = path else { return self.module_type(path, span) };
        match name.symbol {
            sym::INT => return Types::INT,
            sym::FLOAT => return Types::FLOAT,
            sym::BOOL => return Types::BOOL,
            sym::STRING => return Types::STR,
            _ => {}
        }
        let text = self.text(name.symbol);
        if let Some(kind) = built_in(text) {
            return self.hir.types.intern(kind);
        }
        self.note_use(*name);
        if let Some(ty) = self.peek(name.symbol).and_then(|def| self.type_of_def(def, span)) {
            return ty;
        }
        match self.declared_type(text) {
            Some(ty) => ty,
            None => self.unknown_type(*name),
        }
    }

    /// The type that a definition is, if it is one.
    pub(super) fn type_of_def(&mut self, def: Def, span: Span) -> Option<Ty> {
        Some(match def {
            Def::Struct(id) => self.hir.types.intern(TyKind::Struct(id)),
            Def::Enum(id) => self.hir.types.intern(TyKind::Enum(id)),
            Def::Alias(number) => self.alias(number, span),
            Def::Broken => Types::ERROR,
            _ => return None,
        })
    }

    /// What an alias stands for.
    pub(super) fn alias(&mut self, number: u32, span: Span) -> Ty {
        let at = number as usize;
        let ty = match self.aliases.get(at) {
            Some(&Alias::Done(ty)) => return ty,
            Some(&Alias::Pending(ty)) if self.nesting < MAX_NESTING => ty,
            Some(_) => {
                self.error(span, "type-cycle", "this type alias contains itself, or refers too far ahead");
                return Types::ERROR;
            }
            None => return Types::ERROR,
        };
        self.set_alias(at, Alias::Open);
        self.nesting += 1;
        let ty = self.resolve_type(ty);
        self.nesting -= 1;
        self.set_alias(at, Alias::Done(ty));
        ty
    }

    fn set_alias(&mut self, at: usize, alias: Alias) {
        if let Some(place) = self.aliases.get_mut(at) {
            *place = alias;
        }
    }

    /// `module.Point`, `http.Response`.
    fn module_type(&mut self, path: &[Name], span: Span) -> Ty {
        let [module, name] = path else {
            self.error(span, "unknown-type", "a type is one name, or two with a dot between");
            return Types::ERROR;
        };
        let text = self.text(name.symbol);
        let def = match self.peek(module.symbol) {
            Some(Def::Module(unit)) => {
                self.note_use(*module);
                self.module_member(unit, *name)
            }
            Some(Def::Broken) => return Types::ERROR,
            _ => {
                if let Some(ty) = self.declared_type(text) {
                    return ty;
                }
                None
            }
        };
        match def.and_then(|def| self.type_of_def(def, span)) {
            Some(ty) => ty,
            None => {
                let module = self.text(module.symbol);
                self.error(span, "unknown-type", format!("there is no type `{text}` in `{module}`"));
                Types::ERROR
            }
        }
    }

    /// A top-level name of a module.
    pub(super) fn module_member(&mut self, unit: u32, name: Name) -> Option<Def> {
        let unit = self.units.get(unit as usize)?;
        let entry = unit.names.top_level(unit.ast.names.find(self.ast.text(name.symbol))?)?;
        let file = unit.file;
        self.note(name, Some(Place { file, span: entry.span }), What::Def(entry.def, None));
        Some(entry.def)
    }

    #[cold]
    #[inline(never)]
    fn unknown_type(&mut self, name: Name) -> Ty {
        if self.is_lost(name.symbol) {
            return Types::ERROR;
        }
        let text = self.text(name.symbol);
        let (message, suggestion) = match foreign::type_name(text) {
            Some(ours) => (format!("there is no type `{text}`"), Some(ours)),
            None => {
                let is_type = |def: &Def| matches!(def, Def::Struct(_) | Def::Enum(_) | Def::Alias(_));
                let ours = self.visible().filter(|(_, def)| is_type(def)).map(|(text, _)| text);
                let near = self.nearest(text, ours.chain(BUILT_IN.iter().copied()));
                (format!("there is no type `{text}`"), near)
            }
        };
        if super::tensor::half(text).is_some() {
            self.error(name.span, "unknown-type", format!("`{text}` is only the element type of a tensor"))
                .help(format!("tensor<{text}>; its elements are read and written as float"));
            return Types::ERROR;
        }
        let report = self.error(name.span, "unknown-type", message);
        match suggestion {
            Some(suggestion) => {
                report.help(format!("did you mean `{suggestion}`?")).fix(name.span, suggestion)
            }
            None if text == "tensor" => report.help("write its element type").fix(name.span.after(), "<f64>"),
            None => report.help(format!("a type is declared as `struct {text} {{ x: int }}` or `enum`")),
        };
        Types::ERROR
    }
}

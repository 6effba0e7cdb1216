//! Declarations: the names of a file or block, their types, and the bodies of functions.

use hashbrown::HashSet;

use super::consts::Value;
use super::index::Place;
use super::infer::Want;
use super::scope::{Def, Frame};
use super::typename::{self, Alias};
use super::{Checker, Parameter, Parameters, Signature, units};
use crate::ast::{
    Ast, FieldDecl, FnId, Import, ItemId, ItemKind, List, Name, Span, StmtKind, VariantDecl, sym,
};
use crate::diagnostic::FileId;
use crate::hir::{ExprId, ExprKind, FuncId, Params};
use crate::types::{EnumDef, EnumId, Members, StructDef, StructId, Ty, TyKind, Types};

/// The default value of a parameter.
#[derive(Clone, Copy, Debug)]
pub(super) enum DefaultValue {
    /// None: the argument must be given.
    Required,
    /// Not checked yet.
    Pending,
    /// A constant.
    Constant(Value, Ty),
    /// A new empty array; for capabilities, which have no functions to compute anything.
    EmptyArray(Ty),
    /// Whatever this function returns.
    Computed(FuncId),
}

impl<'a> Checker<'a> {
    /// Brings the declarations among `items` into scope, so that they may refer to each other in any order, and works
    /// out the types that they declare.
    #[inline(never)]
    pub(super) fn declare_items(&mut self, items: &[ItemId]) {
        let mark = self.mark();
        for &item in items {
            self.declare_name(item, mark);
        }
        for &item in items {
            self.complete_type(item);
        }
        for &item in items {
            if let ItemKind::Fn(id) = self.ast[item].kind {
                self.declare_signature(id);
            }
        }
    }

    fn declare_name(&mut self, item: ItemId, mark: usize) {
        match self.ast[item].kind {
            ItemKind::Fn(id) => {
                let Some(name) = self.ast[id].name else { return };
                let func = self.new_func(self.text(name.symbol).to_owned(), Types::UNIT, self.ast[id].span);
                if let Some(place) = self.declared_funcs.get_mut(id.index()) {
                    *place = Some(func);
                }
                self.declare_new(name, Def::Func(func), mark);
            }
            ItemKind::Struct { name, .. } => {
                let id = StructId(self.hir.types.structs.len() as u32);
                let def = StructDef {
                    name: self.text(name.symbol).to_owned(),
                    fields: Members::default(),
                    rows: None,
                };
                self.hir.types.structs.push(def);
                self.declare_new(name, Def::Struct(id), mark);
            }
            ItemKind::Enum { name, .. } => {
                let id = EnumId(self.hir.types.enums.len() as u32);
                let def = EnumDef { name: self.text(name.symbol).to_owned(), variants: Members::default() };
                self.hir.types.enums.push(def);
                self.declare_new(name, Def::Enum(id), mark);
            }
            ItemKind::Type { name, ty } => {
                self.aliases.push(Alias::Pending(ty));
                self.declare_new(name, Def::Alias(self.aliases.len() as u32 - 1), mark);
            }
            ItemKind::Handle(name) => {
                let ty = self.hir.types.handle(self.text(name.symbol));
                self.aliases.push(Alias::Done(ty));
                self.declare_new(name, Def::Alias(self.aliases.len() as u32 - 1), mark);
            }
            ItemKind::Stmt(id) => {
                if let StmtKind::Const { name, ty, value } = self.ast[id].kind {
                    let number = self.new_const(ty, value);
                    self.declare_new(name, Def::Const(number), mark);
                }
            }
            ItemKind::Import(list) => self.declare_imports(list, mark),
            // What a file says about capabilities was noted before, for all files together.
            ItemKind::Requires(_) | ItemKind::Optional(_) | ItemKind::Package(_) => {}
            ItemKind::Capability { name, .. } => {
                self.error(
                    name.span,
                    "misplaced-capability",
                    "capabilities are declared in .mogdecl files, not in programs",
                )
                .help("a program may call any capability without declaring it");
            }
        }
    }

    /// Brings a declared name into scope, once.
    fn declare_new(&mut self, name: Name, def: Def, mark: usize) {
        let text = self.text(name.symbol);
        if let Some((at, _)) = self.find_entry(name.symbol)
            && at >= mark
        {
            self.error(name.span, "declared-twice", format!("`{text}` is declared twice"))
                .help("give one of them another name");
            return;
        }
        let is_type = matches!(def, Def::Struct(_) | Def::Enum(_) | Def::Alias(_));
        if is_type && typename::built_in(text).is_some() {
            self.error(name.span, "declared-twice", format!("`{text}` is a built-in type"))
                .help("give this one another name");
        }
        self.declare(name, def);
    }

    fn declare_imports(&mut self, list: List<Import>, mark: usize) {
        for import in self.ast.list(list) {
            let unit = units::candidates(&self.path, self.text(import.path.symbol))
                .find_map(|path| self.units.iter().position(|unit| unit.path == path));
            // A module that is not there was reported when it was looked for.
            let def = unit.map_or(Def::Broken, |unit| Def::Module(unit as u32));
            self.declare_new(import.name, def, mark);
        }
    }

    /// What a file says about the capabilities of the program.
    pub(super) fn note_requirements(&mut self, ast: &'a Ast, file: FileId) {
        self.ast = ast;
        self.diagnostics.set_file(file);
        for &item in ast.list(ast.root) {
            match ast[item].kind {
                ItemKind::Requires(list) => self.note_capabilities(list, false),
                ItemKind::Optional(list) => self.note_capabilities(list, true),
                _ => {}
            }
        }
    }

    fn note_capabilities(&mut self, list: List<Name>, optional: bool) {
        for name in self.ast.list(list) {
            let text = self.text(name.symbol);
            let known = if optional { &mut self.hir.optional } else { &mut self.hir.requires };
            if !known.iter().any(|known| known == text) {
                known.push(text.to_owned());
            }
            if self.hir.optional.iter().any(|o| o == text) && self.hir.requires.iter().any(|r| r == text) {
                self.error(
                    name.span,
                    "required-and-optional",
                    format!("`{text}` is both required and optional"),
                )
                .help("keep one of the two declarations");
            }
        }
    }

    fn complete_type(&mut self, item: ItemId) {
        match self.ast[item].kind {
            ItemKind::Struct { name, fields } => self.complete_struct(name, fields),
            ItemKind::Enum { name, variants } => self.complete_enum(name, variants),
            ItemKind::Type { name, .. } => {
                if let Some(Def::Alias(number)) = self.peek(name.symbol) {
                    self.alias(number, name.span);
                }
            }
            _ => {}
        }
    }

    fn complete_struct(&mut self, name: Name, fields: List<FieldDecl>) {
        let Some(Def::Struct(id)) = self.peek(name.symbol) else { return };
        let mut list: Vec<(String, Ty)> = Vec::with_capacity(fields.len());
        let mut seen = HashSet::with_capacity(fields.len());
        for field in self.ast.list(fields) {
            let text = self.text(field.name.symbol);
            if !seen.insert(field.name.symbol) {
                self.error(
                    field.name.span,
                    "declared-twice",
                    format!("the field `{text}` is declared twice"),
                );
                continue;
            }
            let ty = self.resolve_type(field.ty);
            self.no_unit(ty, self.ast[field.ty].span);
            list.push((text.to_owned(), ty));
        }
        if let Some(place) = self.hir.types.structs.get_mut(id.0 as usize) {
            place.fields = Members::new(list);
        }
    }

    fn complete_enum(&mut self, name: Name, variants: List<VariantDecl>) {
        let Some(Def::Enum(id)) = self.peek(name.symbol) else { return };
        let mut list: Vec<(String, Vec<Ty>)> = Vec::with_capacity(variants.len());
        let mut seen = HashSet::with_capacity(variants.len());
        for variant in self.ast.list(variants) {
            let text = self.text(variant.name.symbol);
            if !seen.insert(variant.name.symbol) {
                self.error(
                    variant.name.span,
                    "declared-twice",
                    format!("the variant `{text}` is declared twice"),
                );
                continue;
            }
            let payload = self.ast.list(variant.payload).iter();
            let payload = payload.map(|&ty| self.resolve_type(ty)).collect();
            list.push((text.to_owned(), payload));
        }
        if let Some(place) = self.hir.types.enums.get_mut(id.0 as usize) {
            place.variants = Members::new(list);
        }
    }

    /// Reports a place that must hold a value but has the type of nothing.
    fn no_unit(&mut self, ty: Ty, span: Span) {
        if self.shallow(ty) == Types::UNIT {
            self.error(span, "no-value", "`()` holds nothing").help("write the type of the value");
        }
    }

    /// The number of a declared function.
    pub(super) fn func_of(&self, id: FnId) -> Option<FuncId> {
        self.declared_funcs.get(id.index()).copied().flatten()
    }

    fn declare_signature(&mut self, id: FnId) {
        let function = self.ast[id];
        let (Some(name), Some(func)) = (function.name, self.func_of(id)) else { return };
        let ast = self.ast;
        let params = ast.list(function.params).iter().map(|param| {
            let ty = param.ty.map_or(Types::ERROR, |ty| self.resolve_type(ty));
            if let Some(written) = param.ty {
                self.no_unit(ty, self.ast[written].span);
            }
            let default =
                if param.default.is_some() { DefaultValue::Pending } else { DefaultValue::Required };
            let place = Some(Place { file: self.diagnostics.file(), span: param.name.span });
            Parameter { name: self.text(param.name.symbol), ty, default, place }
        });
        let params = params.collect();
        let mut ret = function.result.map_or(Types::UNIT, |ty| self.resolve_type(ty));
        if let (true, Some(written), &TyKind::Future(inner)) =
            (function.is_async, function.result, self.kind(ret))
        {
            let (span, value) = (self.ast[written].span, self.show(inner));
            self.error(span, "async-returns-future", "an `async fn` makes a future of what it returns")
                .help("write the type of the value")
                .fix(span, value);
            ret = inner;
        }
        let future = function.is_async.then(|| self.future_of(ret, name.span));
        if let Some(place) = self.hir.funcs.get_mut(func.0 as usize) {
            (place.ret, place.future) = (ret, future);
        }
        if let Some(place) = self.signatures.get_mut(func.0 as usize) {
            *place = Signature { params, ret, future };
        }
    }

    /// Checks the default values of parameters; constants must be known by now.
    pub(super) fn check_defaults(&mut self, items: &[ItemId]) {
        for &item in items {
            let ItemKind::Fn(id) = self.ast[item].kind else { continue };
            let params = self.ast.list(self.ast[id].params);
            if params.iter().all(|param| param.default.is_none()) {
                continue;
            }
            let (Some(name), Some(func)) = (self.ast[id].name, self.func_of(id)) else { continue };
            for (number, param) in params.iter().enumerate() {
                let Some(value) = param.default else { continue };
                let Some(ty) = self.parameter(func, number).map(|param| param.ty) else { continue };
                let label = format!("{}.{}", self.text(name.symbol), self.text(param.name.symbol));
                let default = self.check_default(label, value, ty);
                if let Some(param) = self.parameter(func, number) {
                    param.default = default;
                }
            }
        }
    }

    fn parameter(&mut self, func: FuncId, number: usize) -> Option<&mut Parameter<'a>> {
        self.signatures.get_mut(func.0 as usize)?.params.get_mut(number)
    }

    /// A default value becomes a constant, or a function that computes it at every call.
    fn check_default(&mut self, label: String, value: crate::ast::ExprId, ty: Ty) -> DefaultValue {
        let func = self.new_func(label, ty, self.ast[value].span);
        let floor = self.mark();
        self.enter(Frame::new(func, ty, floor));
        let body = self.expr(value, Want::Type(ty));
        self.leave(floor);
        let folded = self.fold(body);
        self.finish_frame(Params::new(), body);
        let Some(constant) = folded else { return DefaultValue::Computed(func) };
        // What folds contains no functions, so this is still the last one.
        self.hir.funcs.pop();
        self.func_variables.pop();
        self.signatures.pop();
        DefaultValue::Constant(constant, ty)
    }

    /// The body of a declared function.
    #[inline(never)]
    pub(super) fn check_declared(&mut self, id: FnId) {
        let function = self.ast[id];
        let (Some(body), Some(func)) = (function.body, self.func_of(id)) else { return };
        let Some(signature) = self.signatures.get(func.0 as usize) else { return };
        let (declared, ret) = (Parameters::from_slice(&signature.params), signature.ret);
        let mark = self.mark();
        let mut frame = Frame::new(func, ret, mark);
        frame.declared = Some(id);
        self.enter(frame);
        let params = self.ast.list(function.params).iter().zip(&declared);
        let params = params.map(|(param, declared)| self.declare_parameter(param.name, declared.ty, mark));
        let params = params.collect();
        let body = self.function_body(body, ret);
        self.leave(mark);
        self.finish_frame(params, body);
    }

    /// Brings a parameter into scope.
    pub(super) fn declare_parameter(&mut self, name: Name, ty: Ty, mark: usize) -> crate::hir::LocalId {
        if name.symbol != sym::UNDERSCORE
            && let Some((at, _)) = self.find_entry(name.symbol)
            && at >= mark
        {
            let text = self.text(name.symbol);
            self.error(name.span, "declared-twice", format!("the parameter `{text}` is declared twice"));
        }
        self.declare_local(name, ty)
    }

    /// A function's body, whose value is what the function returns.
    pub(super) fn function_body(&mut self, body: crate::ast::BlockId, ret: Ty) -> ExprId {
        let want = if self.shallow(ret) == Types::UNIT { Want::Dropped } else { Want::Type(ret) };
        let body = self.block(body, want);
        match want {
            Want::Type(ty) => self.coerce(body, ty),
            _ => body,
        }
    }

    /// `main` takes nothing and returns nothing, an exit code or a `Result<()>`.
    pub(super) fn check_main(&mut self, id: FnId, func: FuncId) {
        let Some(signature) = self.signatures.get(func.0 as usize) else { return };
        let (ret, has_params) = (signature.ret, !signature.params.is_empty());
        let span = self.ast[id].name.map_or(self.ast[id].span, |name| name.span);
        if has_params {
            self.error(span, "bad-main", "`main` takes no parameters")
                .help("a `pub fn` can be called by the host with arguments");
        }
        let fine = match self.kind(ret) {
            TyKind::Result(inner) => matches!(self.kind(*inner), TyKind::Unit | TyKind::Error),
            TyKind::Unit | TyKind::Error => true,
            _ => self.shallow(ret) == Types::INT,
        };
        if !fine {
            let found = self.show(ret);
            self.error(span, "bad-main", format!("`main` cannot return `{found}`"))
                .help("it returns nothing, an int (the exit code) or Result<()>");
        }
    }

    /// The value of a constant as an expression.
    pub(super) fn constant(&mut self, value: Value, ty: Ty, span: Span) -> ExprId {
        let kind = match value {
            Value::Bool(value) => ExprKind::Bool(value),
            Value::Int(value) => ExprKind::Int(value),
            Value::Float(value) => ExprKind::Float(value),
            Value::Str(value) => ExprKind::Str(value),
            Value::None => ExprKind::None,
        };
        self.emit(kind, ty, span)
    }
}

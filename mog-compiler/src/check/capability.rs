//! Capabilities: their declarations, and calls of their functions.

use std::rc::Rc;

use smallvec::smallvec;

use super::index::{NameKind, What};
use super::infer::Want;
use super::items::DefaultValue;
use super::scope::{Def, Frame, Names};
use super::units::Module;
use super::{Checker, Parameter, builtin, foreign};
use crate::ast::{Arg, Ast, FnId, ItemId, ItemKind, Name, Span};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, SourceFile};
use crate::hir::{Asked, Builtin, ExprId, ExprKind, Exprs, FuncId, Import, ImportId};
use crate::parser;
use crate::types::{Ty, Types};

/// The declarations that come with the compiler, by capability. They are read only for programs that name them.
const STANDARD: &[(&str, &str)] = &[
    ("log", include_str!("../declarations/log.mogdecl")),
    ("trace", include_str!("../declarations/trace.mogdecl")),
    ("kv", include_str!("../declarations/kv.mogdecl")),
    ("time", include_str!("../declarations/time.mogdecl")),
    ("env", include_str!("../declarations/env.mogdecl")),
    ("random", include_str!("../declarations/random.mogdecl")),
    ("fs", include_str!("../declarations/fs.mogdecl")),
    ("http", include_str!("../declarations/http.mogdecl")),
    ("shell", include_str!("../declarations/shell.mogdecl")),
];

/// The standard capabilities, each with its name and its declaration in the language.
pub fn standard_declarations() -> impl Iterator<Item = (&'static str, &'static str)> {
    STANDARD.iter().copied()
}

/// A parsed file of declarations.
#[derive(Debug)]
pub(super) struct Declaration<'o> {
    origin: &'o str,
    source: &'o str,
    ast: Ast,
}

/// What the declarations in use say.
#[derive(Debug, Default)]
pub(super) struct Declared<'a> {
    capabilities: Vec<Capability<'a>>,
    /// Types, by name.
    types: Vec<(String, Def)>,
}

#[derive(Debug)]
struct Capability<'a> {
    name: String,
    functions: Vec<Rc<Function<'a>>>,
}

/// A declared function of a capability.
#[derive(Debug)]
struct Function<'a> {
    name: String,
    params: Vec<Parameter<'a>>,
    ret: Ty,
    is_async: bool,
}

/// Parses the declarations that a program can need: those of the host first, so that they win.
pub(super) fn parse_declarations<'o>(
    root: &Ast,
    modules: &[Module],
    supplied: &'o [(&'o str, &'o str)],
    diagnostics: &mut Diagnostics,
) -> Vec<Declaration<'o>> {
    let uses = |name: &str| {
        let named = |ast: &Ast| ast.names.find(name).is_some();
        named(root) || modules.iter().any(|module| named(&module.ast))
    };
    let mut list = Vec::new();
    // Types that belong to no capability may be those of arguments that the host passes.
    let supplied = supplied.iter().filter(|(_, source)| {
        let mut capabilities = capabilities_of(source).peekable();
        capabilities.peek().is_none() || capabilities.any(uses)
    });
    let standard = STANDARD.iter().filter(|(name, _)| uses(name) || (*name == "time" && uses("sleep")));
    for &(origin, source) in supplied.chain(standard) {
        let parsed = parser::parse_declarations(source);
        complain(origin, source, &parsed.diagnostics, diagnostics);
        list.push(Declaration { origin, source, ast: parsed.ast });
    }
    list
}

/// The names after the word `capability` in a source.
fn capabilities_of(source: &str) -> impl Iterator<Item = &str> {
    source.split("capability").skip(1).filter_map(|rest| {
        let rest = rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        rest.get(..end).filter(|name| !name.is_empty())
    })
}

/// Errors in declarations, which are in no file of the program, are shown at its start.
fn complain(origin: &str, source: &str, found: &Diagnostics, to: &mut Diagnostics) {
    for problem in found {
        let (line, _) = SourceFile::new(origin, source).position(problem.span.start);
        let message = format!("in the capability declarations of {origin}, line {line}: {}", problem.message);
        to.set_file(FileId(0));
        to.push(Diagnostic::error(problem.code, Span::default(), message));
    }
}

impl<'a> Checker<'a> {
    /// Works out the types of a file of declarations.
    pub(super) fn read_declaration(&mut self, declaration: &'a Declaration<'_>) {
        let ast = &declaration.ast;
        (self.ast, self.source) = (ast, declaration.source);
        self.names = Names::new(ast.names.len());
        self.declared_funcs.clear();
        let outer = std::mem::take(&mut self.diagnostics);
        let is_type = |&item: &ItemId| {
            use ItemKind::{Enum, Handle, Struct, Type};
            matches!(ast[item].kind, Struct { .. } | Enum { .. } | Type { .. } | Handle(_))
        };
        let members = ast.list(ast.root).iter().flat_map(|&item| match ast[item].kind {
            ItemKind::Capability { members, .. } => ast.list(members),
            _ => &[],
        });
        let types: Vec<ItemId> = ast.list(ast.root).iter().chain(members).copied().filter(is_type).collect();
        self.declare_items(&types);
        for entry in &self.names.stack {
            let name = ast.text(entry.symbol);
            if !self.declared.types.iter().any(|(known, _)| known == name) {
                self.declared.types.push((name.to_owned(), entry.def));
            }
        }
        for &item in ast.list(ast.root) {
            if let ItemKind::Capability { name, members } = ast[item].kind {
                let functions = ast.list(members).iter().filter_map(|&member| match ast[member].kind {
                    ItemKind::Fn(id) => self.declared_function(id),
                    _ => None,
                });
                let functions = functions.collect();
                self.declared
                    .capabilities
                    .push(Capability { name: ast.text(name.symbol).to_owned(), functions });
            }
        }
        let found = std::mem::replace(&mut self.diagnostics, outer);
        complain(declaration.origin, declaration.source, &found, &mut self.diagnostics);
    }

    fn declared_function(&mut self, id: FnId) -> Option<Rc<Function<'a>>> {
        let function = self.ast[id];
        let mut params = Vec::with_capacity(function.params.len());
        for param in self.ast.list(function.params) {
            let ty = param.ty.map_or(Types::ANY, |ty| self.resolve_type(ty));
            let default =
                param.default.map_or(DefaultValue::Required, |value| self.declared_default(value, ty));
            params.push(Parameter { name: self.text(param.name.symbol), ty, default, place: None });
        }
        let ret = function.result.map_or(Types::UNIT, |ty| self.resolve_type(ty));
        let name = self.text(function.name?.symbol).to_owned();
        Some(Rc::new(Function { name, params, ret, is_async: function.is_async }))
    }

    fn declared_default(&mut self, value: crate::ast::ExprId, ty: Ty) -> DefaultValue {
        self.enter(Frame::new(FuncId(0), Types::UNIT, 0));
        let node = self.expr(value, Want::Type(ty));
        self.frames.pop();
        match self.fold(node) {
            Some(value) => DefaultValue::Constant(value, ty),
            None if matches!(&self.hir.expr(node).kind, ExprKind::ArrayLit(list) if list.is_empty()) => {
                DefaultValue::EmptyArray(ty)
            }
            None => {
                let span = self.ast[value].span;
                self.error(
                    span,
                    "not-constant",
                    "the default of a capability's parameter must be a constant",
                );
                DefaultValue::Required
            }
        }
    }

    /// A type that a declaration in use declares.
    pub(super) fn declared_type(&mut self, name: &str) -> Option<Ty> {
        let def = self.declared.types.iter().find(|(known, _)| known == name)?.1;
        self.type_of_def(def, Span::default())
    }

    /// An enum that a declaration in use declares.
    pub(super) fn declared_enum(&self, name: &str) -> Option<Def> {
        let def = self.declared.types.iter().find(|(known, _)| known == name)?.1;
        matches!(def, Def::Enum(_)).then_some(def)
    }

    /// `capability.function(args)`.
    #[inline(never)]
    pub(super) fn call_capability(
        &mut self,
        of: Name,
        name: Name,
        args: &'a [Arg],
        span: Span,
        asked: Asked,
    ) -> ExprId {
        let (capability, function) = (self.text(of.symbol), self.text(name.symbol));
        let mut known = self.declared.capabilities.iter().filter(|known| known.name == capability).peekable();
        let is_declared = known.peek().is_some();
        let declared = known.find_map(|known| known.functions.iter().find(|f| f.name == function).cloned());
        if let Some(declared) = declared {
            self.note_function(capability, name, &declared);
            return self.call_declared(capability, &declared, name, args, span, asked);
        }
        if !is_declared && !self.is_named(capability) {
            if let Some(node) = self.call_json(capability, function, args, span, asked) {
                return node;
            }
            if self.foreign_call(of, name, args, span) {
                return self.arguments_of_broken(args, span);
            }
        }
        self.suspect_name(of, name, is_declared);
        let mut nodes = Exprs::with_capacity(args.len());
        for arg in args {
            self.no_name(arg);
            nodes.push(self.expr(arg.value, Want::Type(Types::ANY)));
        }
        let import = self.import(capability, function, nodes.len() as u32, || Import {
            capability: capability.to_owned(),
            function: function.to_owned(),
            params: vec![(String::new(), Types::ANY); args.len()],
            ret: Types::ANY,
            declared: false,
            is_async: false,
        });
        self.emit_import(import, nodes, Types::ANY, span, asked)
    }

    /// Notes which function a name stands for, for editors.
    fn note_function(&mut self, capability: &str, name: Name, function: &Function<'_>) {
        if self.recorder.is_none() {
            return;
        }
        let params = function.params.iter().map(|param| (param.name, param.ty));
        let shown = self.declaration(&format!("{capability}.{}", function.name), params, function.ret);
        let shown = if function.is_async { format!("async {shown}") } else { shown };
        self.note(name, None, What::Text(shown, NameKind::Function));
    }

    /// Whether the program itself names a capability in `requires` or `optional`.
    fn is_named(&self, capability: &str) -> bool {
        self.hir.requires.iter().chain(&self.hir.optional).any(|name| name == capability)
    }

    /// `json.parse(s)` and `json.str(x)`, which need no host.
    fn call_json(
        &mut self,
        of: &str,
        function: &str,
        args: &'a [Arg],
        span: Span,
        asked: Asked,
    ) -> Option<ExprId> {
        let [arg] = args else { return None };
        if of != "json" {
            return None;
        }
        let node = self.expr(arg.value, Want::Any);
        match function {
            "parse" => {
                let node = self.coerce(node, Types::STR);
                let (ty, asked) = self.asked_result(Types::ANY, asked, span);
                Some(self.emit(ExprKind::Builtin(Builtin::JsonParse, smallvec![node], asked), ty, span))
            }
            "str" | "stringify" => Some(self.emit(
                ExprKind::Builtin(Builtin::JsonStr, smallvec![node], Asked::No),
                Types::STR,
                span,
            )),
            _ => None,
        }
    }

    /// `console.log(x)` and other calls of modules that Mog does not have.
    #[cold]
    #[inline(never)]
    fn foreign_call(&mut self, of: Name, name: Name, args: &[Arg], span: Span) -> bool {
        let (module, function) = (self.text(of.symbol), self.text(name.symbol));
        let numeric = matches!(module, "Math" | "math") && builtin::is_function(function);
        let inside: Vec<&str> = args.iter().map(|arg| self.source(self.ast[arg.value].span)).collect();
        let (help, write) = if let Some(ours) = foreign::member_call(module, function) {
            (ours.help.to_owned(), ours.rewrite(&inside))
        } else if let ("fmt" | "String" | "string", Some(text)) = (module, self.formatted(function, &inside))
        {
            ("values are put into an f-string".to_owned(), Some(text))
        } else {
            let ours = if numeric { Some(function) } else { foreign::function_of(module, function) };
            let Some(ours) = ours else { return false };
            (format!("write `{ours}(…)`"), Some(format!("{ours}({})", inside.join(", "))))
        };
        self.error(span, "unknown-function", format!("there is no `{module}.{function}`"))
            .help(help)
            .fix_with(span, write);
        true
    }

    /// Warns about a capability or function that looks like a typing error.
    fn suspect_name(&mut self, of: Name, name: Name, is_declared: bool) {
        let (capability, function) = (self.text(of.symbol), self.text(name.symbol));
        if is_declared {
            let known = self.declared.capabilities.iter().filter(|known| known.name == capability);
            let functions = known.flat_map(|known| known.functions.iter().map(|f| f.name.as_str()));
            if let Some(near) = self.nearest(function, functions).map(str::to_owned) {
                self.warning(
                    name.span,
                    "unknown-function",
                    format!("`{capability}` declares no function `{function}`"),
                )
                .help(format!("did you mean `{near}`?"))
                .fix(name.span, near);
            }
        } else if !self.is_named(capability) {
            let variable =
                |def: &Def| matches!(def, Def::Local(_) | Def::Global(_) | Def::Module(_) | Def::Enum(_));
            let ours = self.visible().filter(|(_, def)| variable(def)).map(|(name, _)| name);
            let standard = STANDARD.iter().map(|(name, _)| *name);
            if let Some(near) = self.nearest(capability, ours.chain(standard)) {
                self.warning(
                    of.span,
                    "unknown-capability",
                    format!("`{capability}` is no variable, so this calls a capability"),
                )
                .help(format!("did you mean `{near}`?"))
                .fix(of.span, near);
            }
        }
    }

    fn call_declared(
        &mut self,
        capability: &str,
        declared: &Function,
        name: Name,
        args: &'a [Arg],
        span: Span,
        asked: Asked,
    ) -> ExprId {
        let params = &declared.params;
        let Some((before, nodes)) = self.arguments(params, name, args, span) else {
            return self.emit(ExprKind::Unit, declared.ret, span);
        };
        let import = self.import(capability, &declared.name, u32::MAX, || Import {
            capability: capability.to_owned(),
            function: declared.name.clone(),
            params: params.iter().map(|param| (param.name.to_owned(), param.ty)).collect(),
            ret: declared.ret,
            declared: true,
            is_async: declared.is_async,
        });
        let node = if declared.is_async && self.makes_future(span) {
            let future = self.future_of(declared.ret, span);
            self.emit(ExprKind::StartImport(import, nodes), future, span)
        } else {
            self.emit_import(import, nodes, declared.ret, span, asked)
        };
        self.after(before, node)
    }

    /// The number of a capability function, noted on first use.
    fn import(
        &mut self,
        capability: &str,
        function: &str,
        shape: u32,
        make: impl FnOnce() -> Import,
    ) -> ImportId {
        let key = (self.string(capability), self.string(function), shape);
        if let Some(&known) = self.import_index.get(&key) {
            return known;
        }
        let id = ImportId(self.hir.imports.len() as u32);
        self.hir.imports.push(make());
        self.import_index.insert(key, id);
        id
    }

    /// A call of a capability function.
    fn emit_import(&mut self, import: ImportId, args: Exprs, ret: Ty, span: Span, asked: Asked) -> ExprId {
        let (ty, asked) = self.asked_result(ret, asked, span);
        self.emit(ExprKind::CallImport(import, args, asked), ty, span)
    }

    /// Output of the print family.
    pub(super) fn out(&mut self, function: &'static str, text: ExprId, span: Span) -> ExprId {
        let import = self.import("out", function, u32::MAX, || Import {
            capability: "out".to_owned(),
            function: function.to_owned(),
            params: vec![("text".to_owned(), Types::STR)],
            ret: Types::UNIT,
            declared: true,
            is_async: false,
        });
        self.emit_import(import, smallvec![text], Types::UNIT, span, Asked::No)
    }

    /// `sleep(ms)` is `time.sleep`.
    pub(super) fn sleep(&mut self, name: Name, args: &'a [Arg], span: Span, asked: Asked) -> ExprId {
        let known = self.declared.capabilities.iter().find(|known| known.name == "time");
        match known.and_then(|known| known.functions.iter().find(|f| f.name == "sleep").cloned()) {
            Some(declared) => self.call_declared("time", &declared, name, args, span, asked),
            None => self.arguments_of_broken(args, span),
        }
    }
}

//! Units: the file and the modules that it imports, each found, parsed and checked once.

use hashbrown::{HashMap, HashSet};

use super::Checker;
use super::scope::{Frame, Names, Numbers};
use crate::ast::{Ast, Interner, ItemId, ItemKind, Span, StmtKind, sym};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId};
use crate::hir::{ExprId, ExprKind, Exprs, Func, FuncId, Locals, Params};
use crate::parser;
use crate::types::Types;

/// How deep modules may import each other.
const MAX_IMPORTS: usize = 100;

/// A parsed module.
#[derive(Debug)]
pub(super) struct Module {
    /// The name that it is imported by.
    pub(super) path: String,
    pub(super) source: String,
    pub(super) ast: Ast,
    pub(super) file: FileId,
    /// The file that it is loaded for.
    pub(super) root: FileId,
}

/// A unit that was checked: what others may name.
#[derive(Debug)]
pub(super) struct Unit<'a> {
    pub(super) path: String,
    pub(super) ast: &'a Ast,
    pub(super) file: FileId,
    pub(super) names: Names,
}

/// All modules that files need, in the order in which they are checked.
pub(super) fn load(
    roots: &[(FileId, &str, &Ast)],
    imports: &dyn Fn(&str) -> Option<String>,
    diagnostics: &mut Diagnostics,
) -> Vec<Module> {
    let is_import = |ast: &Ast, &item: &ItemId| matches!(ast[item].kind, ItemKind::Import(_));
    if !roots.iter().any(|(.., ast)| ast.list(ast.root).iter().any(|item| is_import(ast, item))) {
        return Vec::new();
    }
    let mut loader = Loader {
        imports,
        diagnostics,
        done: Vec::new(),
        states: HashMap::new(),
        reported: HashSet::new(),
        open: Vec::new(),
        files: roots.len() as u32 - 1,
        root: FileId(0),
    };
    for &(file, _, ast) in roots {
        loader.root = file;
        loader.load_imports(ast, file);
    }
    loader.done
}

/// How far a module is.
enum State {
    Open,
    Done,
    Missing,
}

struct Loader<'l> {
    imports: &'l dyn Fn(&str) -> Option<String>,
    diagnostics: &'l mut Diagnostics,
    done: Vec<Module>,
    /// By path.
    states: HashMap<String, State>,
    /// Imports that were reported, as they are written.
    reported: HashSet<String>,
    open: Vec<String>,
    /// The highest number of a file: the program itself is number 0.
    files: u32,
    /// What modules are loaded for.
    root: FileId,
}

impl Loader<'_> {
    fn load_imports(&mut self, ast: &Ast, file: FileId) {
        for &item in ast.list(ast.root) {
            let ItemKind::Import(list) = ast[item].kind else { continue };
            let imports = ast.list(list);
            let statement = (imports.len() == 1).then_some(ast[item].span);
            for import in imports {
                self.load_one(ast.text(import.path.symbol), import.path.span, statement, file);
                self.diagnostics.set_file(file);
            }
        }
    }

    fn unknown_module(&mut self, path: &str, span: Span, statement: Option<Span>) {
        let error = Diagnostic::error("unknown-module", span, format!("there is no module `{path}`"));
        let known =
            ["math", "fmt", "json", "strings", "strconv", "os", "sys", "typing", "std", "stdio", "string"];
        self.diagnostics.push(match statement {
            Some(statement) if known.contains(&path) => error
                .help("mathematics, strings and JSON are built in, the host's functions need no import")
                .fix(statement, ""),
            _ => error.help(format!("it would be read from `{path}.mog` beside this file")),
        });
    }

    fn load_one(&mut self, path: &str, span: Span, statement: Option<Span>, file: FileId) {
        self.diagnostics.set_file(file);
        if !is_plain(path) {
            let help = "a module is a file beside this one: import geometry";
            let message = "an import is a name, not a path that leaves the directory";
            self.complain(span, "bad-import", message, Some(help));
            return;
        }
        let importer = self.open.last().map_or("", String::as_str);
        let mut found = None;
        for path in candidates(importer, path) {
            match self.states.get(&path) {
                Some(State::Missing) => {}
                Some(State::Done) => return,
                Some(State::Open) => {
                    let cycle = format!("{} -> {path}", self.open.join(" -> "));
                    self.complain(span, "import-cycle", format!("modules import each other: {cycle}"), None);
                    return;
                }
                None if self.open.len() >= MAX_IMPORTS => {
                    self.complain(span, "import-too-deep", "modules import each other too deeply", None);
                    return;
                }
                None => match (self.imports)(&path) {
                    Some(source) => {
                        found = Some((path, source));
                        break;
                    }
                    None => {
                        self.states.insert(path, State::Missing);
                    }
                },
            }
        }
        let Some((path, source)) = found else {
            if self.reported.insert(path.to_owned()) {
                self.unknown_module(path, span, statement);
            }
            return;
        };
        self.states.insert(path.clone(), State::Open);
        self.open.push(path.clone());
        self.files += 1;
        let file = FileId(self.files);
        let parsed = parser::parse_file(&source, file, parser::Dialect::Program, Interner::new());
        self.diagnostics.append(parsed.diagnostics);
        let ast = parsed.ast;
        self.load_imports(&ast, file);
        self.open.pop();
        self.states.insert(path.clone(), State::Done);
        self.done.push(Module { path, source, ast, file, root: self.root });
    }

    fn complain(&mut self, span: Span, code: &'static str, message: impl Into<String>, help: Option<&str>) {
        let diagnostic = Diagnostic::error(code, span, message);
        self.diagnostics.push(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }
}

/// Where a module looks for one that it imports: in its own folder, then in the program's.
pub(super) fn candidates(importer: &str, path: &str) -> impl Iterator<Item = String> + use<> {
    let beside = importer.rsplit_once('/').map(|(folder, _)| format!("{folder}/{path}"));
    beside.into_iter().chain([path.to_owned()])
}

/// What the host calls to run an entry of a session, by its number from 1. No program can name a function so.
#[must_use]
pub fn entry_name(number: u32) -> String {
    format!("entry {number}")
}

/// Whether an import names a file in this directory or below it.
fn is_plain(path: &str) -> bool {
    !path.is_empty()
        && path.split('/').all(|part| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        })
}

impl<'a> Checker<'a> {
    /// Checks one unit from its declarations to its function bodies.
    pub(super) fn check_unit(&mut self, source: &'a str, ast: &'a Ast, path: &str, file: FileId) {
        (self.ast, self.source) = (ast, source);
        path.clone_into(&mut self.path);
        // Modules see nothing of a session.
        let earlier = if self.session && path.is_empty() {
            self.units.iter().rfind(|unit| unit.path.is_empty())
        } else {
            None
        };
        self.names =
            earlier.map_or_else(|| Names::new(ast.names.len()), |unit| unit.names.followed(ast.names.len()));
        self.declared_funcs.clear();
        self.declared_funcs.resize(ast.functions.len(), None);
        self.hir.funcs.reserve(ast.functions.len());
        self.func_variables.reserve(ast.functions.len());
        self.signatures.reserve(ast.functions.len());
        self.diagnostics.set_file(file);
        let (first_expr, first_pat) = (self.hir.exprs.len(), self.hir.pats.len());
        let first_statement = self.init_body.len();
        self.note_unit(first_expr);
        let root = ast.list(ast.root);
        self.declare_items(root);
        self.check_consts(root);
        self.check_defaults(root);
        self.check_init(root);
        self.names.top = self.names.stack.len();
        for &item in root {
            if let ItemKind::Fn(id) = ast[item].kind {
                self.check_declared(id);
            }
        }
        if path.is_empty() && !self.session {
            self.export(root);
        }
        self.finish_unit(first_expr, first_pat);
        self.warn_early_use(first_statement);
        let names = std::mem::take(&mut self.names);
        self.hir.func_files.resize(self.hir.funcs.len(), file.0);
        self.units.push(Unit { path: path.to_owned(), ast, file, names });
    }

    /// Top-level statements, which all units' initialiser runs in order.
    fn check_init(&mut self, root: &[ItemId]) {
        let is_statement = |&item: &ItemId| match self.ast[item].kind {
            ItemKind::Stmt(id) => !matches!(self.ast[id].kind, StmtKind::Const { .. }),
            _ => false,
        };
        if !root.iter().any(is_statement) {
            return;
        }
        let mut frame = self.take_init();
        frame.floor = 0;
        self.enter(frame);
        for &item in root {
            if let ItemKind::Stmt(id) = self.ast[item].kind
                && let Some(node) = self.top_level_stmt(id)
            {
                self.init_body.push(node);
            }
        }
        self.init = self.frames.pop();
    }

    /// Completes an entry of a session: what it runs is a function that the host calls.
    pub(super) fn finish_entry(&mut self, number: u32, file: FileId) {
        let frame = self.take_init();
        if let Some(place) = self.hir.func_files.get_mut(frame.func.0 as usize) {
            *place = file.0;
        }
        self.init = Some(frame);
        self.finish_init();
        if let Some(func) = self.hir.init.take() {
            let future =
                std::mem::take(&mut self.awaits).then(|| self.future_of(Types::UNIT, Span::default()));
            if let Some(place) = self.hir.funcs.get_mut(func.0 as usize) {
                place.future = future;
            }
            self.hir.exports.push((entry_name(number), func));
        }
    }

    /// The initialiser's frame, made on first use.
    pub(super) fn take_init(&mut self) -> Frame {
        match self.init.take() {
            Some(frame) => frame,
            None => {
                let func = self.new_func("init".to_owned(), Types::UNIT, Span::default());
                let mut frame = Frame::new(func, Types::UNIT, 0);
                frame.init = true;
                frame
            }
        }
    }

    /// Completes the initialiser after all units.
    pub(super) fn finish_init(&mut self) {
        let Some(frame) = self.init.take() else { return };
        let func = frame.func;
        self.enter(frame);
        let body = std::mem::take(&mut self.init_body);
        let ends = body.iter().all(|&node| self.ty_of(node) != Types::NEVER);
        let ty = if ends { Types::UNIT } else { Types::NEVER };
        let body = self.emit(ExprKind::Block(body, None), ty, Span::default());
        self.finish_frame(Params::new(), body);
        self.hir.init = Some(func);
    }

    /// `main` and the public functions.
    fn export(&mut self, root: &[ItemId]) {
        let (mut has_main, mut has_function, mut has_code) = (false, false, false);
        for &item in root {
            match self.ast[item].kind {
                ItemKind::Fn(id) => {
                    has_function = true;
                    let (Some(name), Some(func)) = (self.ast[id].name, self.func_of(id)) else { continue };
                    let is_main = name.symbol == sym::MAIN;
                    if is_main {
                        has_main = true;
                        self.check_main(id, func);
                    }
                    if is_main || self.ast[item].public {
                        let name = self.text(name.symbol).to_owned();
                        self.hir.exports.push((name, func));
                    }
                }
                ItemKind::Stmt(id) => {
                    has_code |= !matches!(self.ast[id].kind, StmtKind::Const { .. } | StmtKind::Let { .. });
                }
                _ => {}
            }
        }
        if !has_main && (has_code || !has_function) {
            let func = self.new_func("main".to_owned(), Types::UNIT, Span::default());
            let body = self.emit(ExprKind::Block(Exprs::new(), None), Types::UNIT, Span::default());
            if let Some(place) = self.hir.funcs.get_mut(func.0 as usize) {
                place.body = body;
            }
            self.hir.exports.push(("main".to_owned(), func));
        }
    }

    /// A place for a function that is checked later.
    pub(super) fn new_func(&mut self, name: String, ret: crate::types::Ty, span: Span) -> FuncId {
        let id = FuncId(self.hir.funcs.len() as u32);
        self.hir.funcs.push(Func {
            name,
            params: Params::new(),
            ret,
            future: None,
            locals: Locals::new(),
            captures: Vec::new(),
            body: ExprId(0),
            span,
        });
        self.func_variables.push(Numbers::new());
        self.signatures.push(super::Signature { params: super::Parameters::new(), ret, future: None });
        id
    }
}

//! The type checker: from the syntax tree to the checked program of [`crate::hir`].
//!
//! A compilation is a list of *units*: the imported modules, those first that others need, then the file itself. Each
//! unit is checked in the same order: names of declarations, their types, constants, top-level statements, function
//! bodies; then whatever had to wait until all types were known (`finish`).
//!
//! Expressions are checked in one pass. What the place of an expression wants (`infer::Want`) goes down, the type
//! comes up, and `infer` fits the one to the other. Types that are not known yet are variables that unification
//! binds.

mod assign;
mod builtin;
mod call;
mod capability;
mod cast;
mod closure;
mod consts;
mod early_use;
mod exhaustive;
mod expr;
mod field;
mod finish;
mod foreign;
mod foreign_format;
mod index;
mod infer;
mod items;
mod literal;
mod members;
mod method;
mod operator;
mod partial;
mod pattern;
mod report;
mod scope;
mod soa;
mod stmt;
mod suggest;
mod task;
mod tensor;
mod typename;
mod units;

pub use builtin::built_in_functions;
pub use capability::standard_declarations;
pub use index::{Index, NameKind, NameUse, Place};
pub use members::Member;
pub use units::entry_name;

use hashbrown::{HashMap, HashTable};
use smallvec::SmallVec;

use crate::ast::{Ast, Span};
use crate::diagnostic::{Diagnostics, FileId};
use crate::hir::{self, FuncId, Hir, StrId};
use crate::types::{StructId, Ty};

/// What the checker takes from its surroundings.
pub struct CheckOptions<'a> {
    /// Capability declarations beyond the built-in ones: where each comes from, and its text. They win over the
    /// built-in declarations of the same functions.
    pub declarations: &'a [(&'a str, &'a str)],
    /// The source of an imported module by its name, `geometry` or `lib/geometry`.
    pub imports: &'a dyn Fn(&str) -> Option<String>,
    /// Where the source is the newest entry of an interactive session: those before it, which are files 1, 2 and so on.
    /// All have been parsed with one interner, handed on from each to the next.
    pub session: Option<&'a [Earlier<'a>]>,
}

/// An earlier entry of an interactive session.
#[derive(Clone, Copy, Debug)]
pub struct Earlier<'a> {
    /// Its text.
    pub source: &'a str,
    /// Its syntax tree.
    pub ast: &'a Ast,
}

impl Default for CheckOptions<'_> {
    fn default() -> Self {
        Self { declarations: &[], imports: &|_| None, session: None }
    }
}

/// Checks a program. The checked program is complete only if no error was reported; syntax errors are the parser's to
/// report and do not stop the check of the rest.
#[must_use]
pub fn check(source: &str, ast: &Ast, options: &CheckOptions<'_>) -> (Hir, Diagnostics) {
    let (hir, diagnostics, _) = check_noting(source, ast, options, None);
    (hir, diagnostics)
}

/// Finds out where the names of a program are declared, what they stand for, and the types of its expressions, as far as there
/// are no errors in the way.
#[must_use]
pub fn index(source: &str, ast: &Ast, options: &CheckOptions<'_>) -> Index {
    let (hir, _, recorder) = check_noting(source, ast, options, Some(index::Recorder::default()));
    Index::new(hir, recorder.unwrap_or_default())
}

fn check_noting(
    source: &str,
    ast: &Ast,
    options: &CheckOptions<'_>,
    recorder: Option<index::Recorder>,
) -> (Hir, Diagnostics, Option<index::Recorder>) {
    let mut diagnostics = Diagnostics::default();
    let earlier = options.session.unwrap_or_default();
    let numbers = (1..).map(FileId);
    let mut entries: Vec<_> =
        numbers.zip(earlier).map(|(file, entry)| (file, entry.source, entry.ast)).collect();
    entries.push((FileId(0), source, ast));
    let mut modules = units::load(&entries, options.imports, &mut diagnostics);
    let declarations = capability::parse_declarations(ast, &modules, options.declarations, &mut diagnostics);
    let mut checker = Checker::new(source, ast, diagnostics);
    checker.session = options.session.is_some();
    checker.recorder = recorder;
    for declaration in &declarations {
        checker.read_declaration(declaration);
    }
    for module in &modules {
        checker.note_requirements(&module.ast, module.file);
    }
    for &(file, _, ast) in &entries {
        checker.note_requirements(ast, file);
    }
    for (number, &(file, source, ast)) in (1..).zip(&entries) {
        for module in modules.iter().filter(|module| module.root == file) {
            checker.check_unit(&module.source, &module.ast, &module.path, module.file);
        }
        checker.check_unit(source, ast, "", file);
        if checker.session {
            checker.finish_entry(number, file);
        }
    }
    checker.finish_program();
    let (mut hir, mut diagnostics, recorder) = checker.into_results();
    modules.sort_by_key(|module| module.file);
    let module = |module: units::Module| hir::Module {
        name: module.path,
        text: module.source,
        lines: module.ast.lines,
    };
    hir.modules = modules.into_iter().map(module).collect();
    diagnostics.sort();
    (hir, diagnostics, recorder)
}

/// A function's signature, as calls see it.
#[derive(Clone, Debug)]
struct Signature<'a> {
    params: Parameters<'a>,
    ret: Ty,
    /// What a call gives if it is an `async fn`.
    future: Option<Ty>,
}

/// The parameters of a declared function: mostly few.
type Parameters<'a> = SmallVec<[Parameter<'a>; 4]>;

/// A parameter of a declared function.
#[derive(Clone, Copy, Debug)]
struct Parameter<'a> {
    name: &'a str,
    ty: Ty,
    default: items::DefaultValue,
    /// Where it is declared, if a source of the program does so.
    place: Option<Place>,
}

/// The state of a check.
struct Checker<'a> {
    ast: &'a Ast,
    source: &'a str,
    /// Whether the program is a session: its units without a path are entries, each of which sees the names of those
    /// before it and shows the values of its expressions.
    session: bool,
    /// Whether the entry being checked waits for something, which makes it a task.
    awaits: bool,
    hir: Hir,
    diagnostics: Diagnostics,
    names: scope::Names,
    units: Vec<units::Unit<'a>>,
    frames: Vec<scope::Frame>,
    variables: Vec<scope::Variable>,
    /// The variable numbers of every finished function's locals.
    func_variables: Vec<scope::Numbers>,
    globals: Vec<scope::Variable>,
    signatures: Vec<Signature<'a>>,
    /// By the number of a function in the tree of the unit.
    declared_funcs: Vec<Option<FuncId>>,
    /// The path of the unit that is being checked; empty for the file itself.
    path: String,
    consts: Vec<consts::Const>,
    aliases: Vec<typename::Alias>,
    /// How deep each type nests.
    depths: Vec<u8>,
    /// Whether a type that nests too deeply was reported.
    too_deep: bool,
    any_holds: HashMap<Ty, bool>,
    /// The columns of each struct that is stored in them.
    columns: HashMap<StructId, StructId>,
    string_index: HashTable<u32>,
    string_hasher: hashbrown::DefaultHashBuilder,
    import_index: HashMap<(StrId, StrId, u32), hir::ImportId>,
    /// The call that the `await` being checked waits for.
    awaited_call: Option<Span>,
    /// The call that the `spawn` being checked starts.
    spawned_call: Option<Span>,
    declared: capability::Declared<'a>,
    later: Vec<finish::Later>,
    resolved: finish::Resolved,
    /// Where each module variable is defined.
    definitions: Vec<(hir::GlobalId, hir::ExprId)>,
    /// The initialiser, between units, and its statements so far.
    init: Option<scope::Frame>,
    init_body: hir::Exprs,
    /// How deep declarations refer to each other right now.
    nesting: u32,
    /// What is noted of names, if anybody asked.
    recorder: Option<index::Recorder>,
}

impl<'a> Checker<'a> {
    fn new(source: &'a str, ast: &'a Ast, diagnostics: Diagnostics) -> Self {
        let mut hir = Hir::default();
        hir.exprs.reserve(ast.exprs.len() + ast.stmts.len());
        Self {
            ast,
            source,
            session: false,
            awaits: false,
            hir,
            diagnostics,
            names: scope::Names::default(),
            units: Vec::new(),
            frames: Vec::new(),
            variables: Vec::with_capacity(ast.stmts.len()),
            func_variables: Vec::new(),
            globals: Vec::new(),
            signatures: Vec::new(),
            declared_funcs: Vec::new(),
            path: String::new(),
            consts: Vec::new(),
            aliases: Vec::new(),
            depths: Vec::new(),
            too_deep: false,
            any_holds: HashMap::new(),
            columns: HashMap::new(),
            string_index: HashTable::new(),
            string_hasher: hashbrown::DefaultHashBuilder::default(),
            import_index: HashMap::new(),
            awaited_call: None,
            spawned_call: None,
            declared: capability::Declared::default(),
            later: Vec::new(),
            resolved: finish::Resolved::default(),
            definitions: Vec::new(),
            init: None,
            init_body: hir::Exprs::new(),
            nesting: 0,
            recorder: None,
        }
    }

    fn into_results(self) -> (Hir, Diagnostics, Option<index::Recorder>) {
        (self.hir, self.diagnostics, self.recorder)
    }
}

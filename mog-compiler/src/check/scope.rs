//! Names in scope, and the functions being checked.
//!
//! One stack holds every name of a unit, innermost last. `heads` gives each symbol's topmost entry and every entry
//! remembers the one that it hides, so looking a name up takes the same time however many names there are.

use hashbrown::HashMap;
use smallvec::SmallVec;

use super::Checker;
use crate::ast::{self, FnId, Name, Span, Symbol, sym};
use crate::hir::{Capture, ExprId, FuncId, GlobalId, Local, LocalId, Locals, Params};
use crate::types::{EnumId, StructId, Ty, Types};

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Def {
    /// A local variable of the function at the entry's depth.
    Local(LocalId),
    /// The name after `catch`: its message and its kind.
    Caught(LocalId, LocalId),
    /// A module variable.
    Global(GlobalId),
    /// A constant, by its number in [`Checker::consts`].
    Const(u32),
    /// A function.
    Func(FuncId),
    /// A struct.
    Struct(StructId),
    /// An enum.
    Enum(EnumId),
    /// A type alias, by its number in [`Checker::aliases`].
    Alias(u32),
    /// An imported module, by its number in [`Checker::units`].
    Module(u32),
    /// Declared, but wrongly; already reported.
    Broken,
}

/// One name in scope.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) symbol: Symbol,
    /// One more than the position of the entry that this one hides; 0 for none.
    hides: u32,
    /// The function it belongs to, for locals.
    pub(super) depth: u32,
    pub(super) def: Def,
    /// Where it was declared.
    pub(super) span: Span,
}

/// The names of one source.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) stack: Vec<Entry>,
    /// By symbol: one more than the position of its innermost entry.
    heads: Vec<u32>,
    /// Where the top level ends: entries before it are visible everywhere.
    pub(super) top: usize,
    /// Where the names of this source begin; before them are those of earlier entries of a session.
    pub(super) own: usize,
}

impl Names {
    /// Room for the symbols of a tree.
    pub(super) fn new(symbols: usize) -> Self {
        Self { stack: Vec::with_capacity(64), heads: vec![0; symbols], top: 0, own: 0 }
    }

    /// The names of the next entry of a session, whose symbols are more than those of this one.
    pub(super) fn followed(&self, symbols: usize) -> Self {
        let mut heads = self.heads.clone();
        heads.resize(symbols.max(heads.len()), 0);
        Self { stack: self.stack.clone(), heads, top: self.top, own: self.stack.len() }
    }

    fn push(&mut self, name: Name, depth: u32, def: Def) {
        let position = self.stack.len() as u32 + 1;
        if let Some(head) = self.heads.get_mut(name.symbol.index()) {
            self.stack.push(Entry { symbol: name.symbol, hides: *head, depth, def, span: name.span });
            *head = position;
        }
    }

    fn truncate(&mut self, mark: usize) {
        while self.stack.len() > mark {
            if let Some(entry) = self.stack.pop()
                && let Some(head) = self.heads.get_mut(entry.symbol.index())
            {
                *head = entry.hides;
            }
        }
    }

    /// What a symbol means at the top level.
    pub(super) fn top_level(&self, symbol: Symbol) -> Option<Entry> {
        self.entries(symbol).find(|(at, _)| *at < self.top).map(|(_, entry)| *entry)
    }

    /// The entries of a symbol from the innermost, with their positions.
    fn entries(&self, symbol: Symbol) -> impl Iterator<Item = (usize, &Entry)> {
        let mut next = self.heads.get(symbol.index()).copied().unwrap_or(0);
        std::iter::from_fn(move || {
            let at = (next as usize).checked_sub(1)?;
            let entry = self.stack.get(at)?;
            next = entry.hides;
            Some((at, entry))
        })
    }
}

/// What is known about a variable beyond its type; shared by its copies in closures.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Variable {
    /// Captured by a closure.
    pub(super) captured: bool,
    /// Assigned after its initialisation.
    pub(super) assigned: bool,
    /// A constant: may not be assigned.
    pub(super) fixed: bool,
}

/// A loop being checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loop {
    /// Whether a `break` leaves it.
    pub(super) left: bool,
    /// Where the names of its body begin.
    pub(super) mark: usize,
}

/// Numbers of variables: mostly few.
pub(super) type Numbers = SmallVec<[u32; 8]>;

/// A function being checked.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) func: FuncId,
    pub(super) locals: Locals,
    /// For each local, its number in [`Checker::variables`].
    pub(super) variables: Numbers,
    pub(super) captures: Vec<Capture>,
    captured: HashMap<LocalId, LocalId>,
    pub(super) ret: Ty,
    pub(super) loops: SmallVec<[Loop; 2]>,
    /// How many `try` bodies enclose the place being checked.
    pub(super) tries: u32,
    /// Variables below this position belong to other functions and are out of reach.
    pub(super) floor: usize,
    /// Whether it is the initialiser.
    pub(super) init: bool,
    /// The declared function that it is, if it is no closure and not the initialiser.
    pub(super) declared: Option<FnId>,
}

impl Frame {
    /// A function about to be checked.
    pub(super) fn new(func: FuncId, ret: Ty, floor: usize) -> Self {
        Self {
            func,
            locals: Locals::new(),
            variables: Numbers::new(),
            captures: Vec::new(),
            captured: HashMap::new(),
            ret,
            loops: SmallVec::new(),
            tries: 0,
            floor,
            init: false,
            declared: None,
        }
    }
}

impl<'a> Checker<'a> {
    /// The current position in the stack of names, for [`Checker::leave`].
    pub(super) fn mark(&self) -> usize {
        self.names.stack.len()
    }

    /// Forgets the names that came after a mark.
    pub(super) fn leave(&mut self, mark: usize) {
        self.names.truncate(mark);
    }

    /// Brings a name into scope.
    pub(super) fn declare(&mut self, name: Name, def: Def) {
        if name.symbol != sym::UNDERSCORE {
            let depth = self.frames.len() as u32;
            self.names.push(name, depth, def);
            self.note_use(name);
        }
    }

    /// What a name stands for here; captures it if it belongs to an enclosing function.
    #[inline]
    pub(super) fn lookup(&mut self, name: Name) -> Option<Def> {
        self.note_use(name);
        let symbol = name.symbol;
        // The innermost is in reach if it belongs to the function being checked.
        let (_, entry) = self.names.entries(symbol).next()?;
        if entry.depth as usize == self.frames.len() {
            return Some(entry.def);
        }
        self.lookup_outside(symbol)
    }

    /// What a name stands for that another function or none declares.
    #[inline(never)]
    fn lookup_outside(&mut self, symbol: Symbol) -> Option<Def> {
        let (_, entry) = self.find_entry(symbol)?;
        let level = entry.depth as usize;
        Some(match entry.def {
            def @ (Def::Local(_) | Def::Caught(..)) if level == self.frames.len() => def,
            Def::Local(local) => Def::Local(self.capture(level, local)),
            Def::Caught(message, kind) => {
                Def::Caught(self.capture(level, message), self.capture(level, kind))
            }
            def => def,
        })
    }

    /// What a name stands for, without capturing.
    pub(super) fn peek(&self, symbol: Symbol) -> Option<Def> {
        self.find_entry(symbol).map(|(_, entry)| entry.def)
    }

    /// What a name stands for that this source declares, and no earlier entry of a session.
    pub(super) fn peek_own(&self, symbol: Symbol) -> Option<Def> {
        self.find_entry(symbol).filter(|(at, _)| *at >= self.names.own).map(|(_, entry)| entry.def)
    }

    /// The innermost visible entry of a name and its position.
    pub(super) fn find_entry(&self, symbol: Symbol) -> Option<(usize, Entry)> {
        let floor = self.frames.last().map_or(0, |frame| frame.floor);
        let mut entries = self.names.entries(symbol);
        entries.find(|(at, entry)| self.reachable(*at, entry, floor)).map(|(at, entry)| (at, *entry))
    }

    /// Whether a name is a variable of an enclosing function that a nested `fn` cannot use.
    pub(super) fn is_out_of_reach(&self, symbol: Symbol) -> bool {
        self.names.entries(symbol).next().is_some() && self.find_entry(symbol).is_none()
    }

    /// All names in reach, for suggestions.
    pub(super) fn visible(&self) -> impl Iterator<Item = (&'a str, Def)> {
        let floor = self.frames.last().map_or(0, |frame| frame.floor);
        let ast = self.ast;
        let entries = self.names.stack.iter().enumerate();
        entries
            .filter(move |(at, entry)| self.reachable(*at, entry, floor))
            .map(move |(_, entry)| (ast.text(entry.symbol), entry.def))
    }

    fn reachable(&self, at: usize, entry: &Entry, floor: usize) -> bool {
        at >= floor || at < self.names.top || !matches!(entry.def, Def::Local(_) | Def::Caught(..))
    }

    /// The local of the current function that stands for a local of the function at `level`.
    fn capture(&mut self, level: usize, local: LocalId) -> LocalId {
        let mut outer = local;
        for at in level..self.frames.len() {
            outer = self.capture_once(at, outer);
        }
        outer
    }

    /// Makes a local of the function at `at - 1` available in the one at `at`.
    fn capture_once(&mut self, at: usize, outer: LocalId) -> LocalId {
        let Some((from, to)) =
            at.checked_sub(1).and_then(|from| Some((self.frames.get(from)?, self.frames.get(at)?)))
        else {
            return outer;
        };
        if let Some(&inner) = to.captured.get(&outer) {
            return inner;
        }
        let (Some(local), Some(&variable)) =
            (from.locals.get(outer.0 as usize).copied(), from.variables.get(outer.0 as usize))
        else {
            return outer;
        };
        if let Some(variable) = self.variables.get_mut(variable as usize) {
            variable.captured = true;
        }
        let Some(to) = self.frames.get_mut(at) else { return outer };
        let inner = LocalId(to.locals.len() as u32);
        to.locals.push(local);
        to.variables.push(variable);
        to.captured.insert(outer, inner);
        to.captures.push(Capture { outer, inner });
        inner
    }

    /// A new local variable of the current function, not yet in scope.
    pub(super) fn new_local(&mut self, ty: Ty) -> LocalId {
        let variable = self.variables.len() as u32;
        self.variables.push(Variable::default());
        let Some(frame) = self.frames.last_mut() else { return LocalId(0) };
        let id = LocalId(frame.locals.len() as u32);
        frame.locals.push(Local { ty, boxed: false, assigned: false });
        frame.variables.push(variable);
        id
    }

    /// A new local variable of the current function, in scope from here.
    pub(super) fn declare_local(&mut self, name: Name, ty: Ty) -> LocalId {
        let local = self.new_local(ty);
        self.declare(name, Def::Local(local));
        local
    }

    /// The type of a local variable of the current function.
    pub(super) fn local_ty(&self, local: LocalId) -> Ty {
        let local = self.frames.last().and_then(|frame| frame.locals.get(local.0 as usize));
        local.map_or(Types::ERROR, |local| local.ty)
    }

    /// What is known about a local variable of the current function.
    pub(super) fn variable(&mut self, local: LocalId) -> Option<&mut Variable> {
        let &number = self.frames.last()?.variables.get(local.0 as usize)?;
        self.variables.get_mut(number as usize)
    }

    /// Begins a function.
    pub(super) fn enter(&mut self, frame: Frame) {
        self.frames.push(frame);
    }

    /// Ends a function: its parts go into its place among the functions of the program.
    pub(super) fn finish_frame(&mut self, params: Params, body: ExprId) {
        let Some(frame) = self.frames.pop() else { return };
        let at = frame.func.0 as usize;
        if let Some(func) = self.hir.funcs.get_mut(at) {
            func.params = params;
            func.locals = frame.locals;
            func.captures = frame.captures;
            func.ret = frame.ret;
            func.body = body;
        }
        if let Some(variables) = self.func_variables.get_mut(at) {
            *variables = frame.variables;
        }
    }

    /// The function being checked; there always is one while expressions are.
    pub(super) fn frame(&mut self) -> Option<&mut Frame> {
        self.frames.last_mut()
    }

    /// The text of a name of the current source.
    pub(super) fn text(&self, symbol: Symbol) -> &'a str {
        let ast: &'a ast::Ast = self.ast;
        ast.text(symbol)
    }
}

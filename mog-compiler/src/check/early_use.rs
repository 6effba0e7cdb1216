//! Module variables that are used before they have their value: by a function that the initialiser calls too early. The
//! machine finds out when it runs, where such a variable refers to nothing; here it can be said why.
//!
//! Only what is sure to happen counts: nothing in branches, in loops, or behind what may leave a function early. A variable that
//! is assigned elsewhere too is left out, for it may have got a value there.

use hashbrown::{HashMap, HashSet};

use super::Checker;
use crate::ast::Span;
use crate::diagnostic::MAX_DIAGNOSTICS;
use crate::hir::{Builtin, ExprId, ExprKind, FuncId, GlobalId, Hir};

impl Checker<'_> {
    /// Warns about calls in a unit's top-level statements, which begin here, of functions that use what a later one defines.
    pub(super) fn warn_early_use(&mut self, first_statement: usize) {
        let used_by_functions = self.globals.iter().any(|known| known.captured);
        let statements = self.init_body.get(first_statement..).unwrap_or(&[]);
        if !used_by_functions || statements.is_empty() {
            return;
        }
        let hir = &self.hir;
        let definitions: HashMap<ExprId, GlobalId> =
            self.definitions.iter().map(|&(global, node)| (node, global)).collect();
        let defined = |node: &ExprId| Some((*definitions.get(node)?, *node));
        // What is set elsewhere too may have got a value there.
        let is_set_once = |global: GlobalId| {
            self.globals.get(global.0 as usize).is_some_and(|known| known.captured && !known.assigned)
        };
        let mut search = Search {
            hir,
            open: statements.iter().filter_map(defined).filter(|(global, _)| is_set_once(*global)).collect(),
            bodies: HashMap::new(),
            clean: HashSet::new(),
        };
        let mut found = Vec::new();
        for statement in statements {
            for event in Events::of(hir, *statement).list {
                let Event::Call(callee, span) = event else { continue };
                if found.len() < MAX_DIAGNOSTICS
                    && let Some((global, definition)) = search.early_use(callee)
                {
                    search.open.remove(&global);
                    found.push((callee, span, global, hir.expr(definition).span));
                }
            }
            if let Some((global, _)) = defined(statement) {
                search.open.remove(&global);
            }
        }
        for (callee, span, global, definition) in found {
            let name = self.hir.globals.get(global.0 as usize).map_or("", |global| global.name.as_str());
            let function = self.hir.funcs.get(callee.0 as usize).map_or("", |func| func.name.as_str());
            let function =
                if function.ends_with('}') { "this closure".to_owned() } else { format!("`{function}`") };
            let message = format!("{function} uses `{name}`, which has no value yet");
            let (help, name) = (format!("define `{name}` above this line"), name.to_owned());
            self.warning(span, "used-too-early", message)
                .note(definition, format!("`{name}` gets its value here"))
                .help(help);
        }
    }
}

/// Looks for what functions use, and those that they call.
struct Search<'h> {
    hir: &'h Hir,
    /// Those that have no value yet, each with its definition.
    open: HashMap<GlobalId, ExprId>,
    bodies: HashMap<FuncId, Events>,
    /// Functions that use none of those that are open, neither by themselves nor by what they call. They stay so, for there
    /// are ever fewer of those.
    clean: HashSet<FuncId>,
}

impl Search<'_> {
    /// A module variable without a value that a function uses, or one that it calls; and its definition.
    fn early_use(&mut self, callee: FuncId) -> Option<(GlobalId, ExprId)> {
        let mut left = vec![callee];
        let mut seen: HashSet<FuncId> = left.iter().copied().collect();
        while let Some(next) = left.pop() {
            let Some(func) = self.hir.funcs.get(next.0 as usize) else { continue };
            // A call of an async function starts nothing.
            if func.future.is_some() || self.clean.contains(&next) {
                continue;
            }
            let events = self.bodies.entry(next).or_insert_with(|| Events::of(self.hir, func.body));
            for event in &events.list {
                match *event {
                    Event::Use(global) => {
                        if let Some(definition) = self.open.get(&global) {
                            return Some((global, *definition));
                        }
                    }
                    Event::Call(callee, _) if seen.insert(callee) => left.push(callee),
                    Event::Call(..) => {}
                }
            }
        }
        self.clean.extend(seen);
        None
    }
}

/// What carrying out an expression does.
#[derive(Clone, Copy)]
enum Event {
    /// A module variable is used.
    Use(GlobalId),
    /// A function is called, here.
    Call(FuncId, Span),
}

/// What is sure to happen, each of it once, in the order in which it first does.
#[derive(Default)]
struct Events {
    list: Vec<Event>,
    globals: HashSet<GlobalId>,
    functions: HashSet<FuncId>,
}

impl Events {
    fn of(hir: &Hir, root: ExprId) -> Self {
        let mut events = Self::default();
        events.walk(hir, root);
        events
    }

    fn note_use(&mut self, global: GlobalId) {
        if self.globals.insert(global) {
            self.list.push(Event::Use(global));
        }
    }

    fn note_call(&mut self, callee: FuncId, span: Span) {
        if self.functions.insert(callee) {
            self.list.push(Event::Call(callee, span));
        }
    }

    /// Notes what an expression is sure to do. Gives whether it may leave before its end, so that what follows is not sure.
    fn walk(&mut self, hir: &Hir, id: ExprId) -> bool {
        let expr = hir.expr(id);
        // What is only carried out under some condition: it can leave, but nothing else of it is sure.
        let perhaps = |part: ExprId| may_leave(hir, part);
        match &expr.kind {
            ExprKind::If(condition, yes, no) => {
                self.walk(hir, *condition) || perhaps(*yes) || no.is_some_and(perhaps)
            }
            ExprKind::While(condition, body) => self.walk(hir, *condition) || perhaps(*body),
            ExprKind::ForRange(_, from, to, _, body) => {
                self.walk(hir, *from) || self.walk(hir, *to) || perhaps(*body)
            }
            ExprKind::ForArray(_, _, over, body)
            | ExprKind::ForMap(_, _, over, body)
            | ExprKind::ForStr(_, _, over, body)
            | ExprKind::ForAny(_, _, over, body) => self.walk(hir, *over) || perhaps(*body),
            ExprKind::Match(subject, arms) => {
                let part = |part: ExprId| may_leave(hir, part);
                self.walk(hir, *subject)
                    || arms.iter().any(|arm| arm.guard.is_some_and(part) || part(arm.body))
            }
            ExprKind::Logic(first, rest) => {
                self.walk(hir, *first) || rest.iter().any(|&(_, operand)| perhaps(operand))
            }
            ExprKind::UnwrapOr(value, other) => self.walk(hir, *value) || perhaps(*other),
            ExprKind::TryCatch(..) => may_leave(hir, id),
            kind => {
                let mut left = false;
                kind.children(&mut |child| {
                    left = left || self.walk(hir, child);
                });
                if !left {
                    self.note(hir, kind, expr.span);
                }
                left || leaves(kind)
            }
        }
    }

    /// Notes what an expression does beside what its parts do.
    fn note(&mut self, hir: &Hir, kind: &ExprKind, span: Span) {
        match kind {
            ExprKind::Global(global) => self.note_use(*global),
            ExprKind::Call(callee, _) => self.note_call(*callee, span),
            ExprKind::Builtin(builtin, list, _) if calls_its_argument(*builtin) => {
                for &argument in list {
                    if let ExprKind::Closure(callee) | ExprKind::FuncValue(callee) = hir.expr(argument).kind {
                        self.note_call(callee, span);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a built-in function calls the functions that it is given.
const fn calls_its_argument(builtin: Builtin) -> bool {
    matches!(
        builtin,
        Builtin::ArraySortBy
            | Builtin::ArrayMap
            | Builtin::ArrayFilter
            | Builtin::ArrayReduce
            | Builtin::ArrayFind
            | Builtin::ArrayAny
            | Builtin::ArrayAll
            | Builtin::ArrayForEach
    )
}

/// Whether an expression itself goes elsewhere. That anything can fail does not count: a program that fails so early has ended.
const fn leaves(kind: &ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::Return(_) | ExprKind::Break | ExprKind::Continue | ExprKind::Try(..) | ExprKind::Panic(_)
    )
}

fn may_leave(hir: &Hir, id: ExprId) -> bool {
    let mut left = vec![id];
    while let Some(next) = left.pop() {
        let kind = &hir.expr(next).kind;
        if leaves(kind) {
            return true;
        }
        kind.children(&mut |child| left.push(child));
    }
    false
}

//! Module variables that are used before they have their value: by a function that the initialiser calls too early. The
//! machine finds out when it runs, where such a variable refers to nothing; here it can be said why.

use hashbrown::{HashMap, HashSet};

use super::Checker;
use crate::ast::Span;
use crate::hir::{ExprId, ExprKind, FuncId, GlobalId, Hir};

/// What carrying out an expression uses, but not what the functions use that it calls.
#[derive(Default)]
struct Uses {
    globals: Vec<GlobalId>,
    /// Functions that are called, or handed to something that may call them, and where.
    calls: Vec<(FuncId, Span)>,
}

impl Checker<'_> {
    /// Warns about calls in a unit's top-level statements, which begin here, of functions that use what a later one defines.
    pub(super) fn warn_early_use(&mut self, first_statement: usize) {
        let used_by_functions = self.globals.iter().any(|known| known.captured);
        let statements = self.init_body.get(first_statement..).unwrap_or(&[]);
        if !used_by_functions || statements.is_empty() {
            return;
        }
        let defines = |node: ExprId| match self.hir.expr(node).kind {
            ExprKind::SetGlobal(global, _) => Some(global),
            _ => None,
        };
        // Those that have no value yet, each with its definition.
        let mut open: HashMap<GlobalId, ExprId> = HashMap::new();
        for &(global, node) in self.definitions.iter().filter(|(_, node)| statements.contains(node)) {
            open.insert(global, node);
        }
        let mut bodies: HashMap<FuncId, Uses> = HashMap::new();
        let mut found = Vec::new();
        for &statement in statements {
            for &(callee, span) in &uses(&self.hir, statement).calls {
                let early = early_use(&self.hir, callee, &open, &mut bodies);
                if let Some((global, definition)) =
                    early.and_then(|global| Some((global, open.remove(&global)?)))
                {
                    found.push((callee, span, global, definition));
                }
            }
            if let Some(global) = defines(statement) {
                open.remove(&global);
            }
        }
        for (callee, span, global, definition) in found {
            let name = self.hir.globals.get(global.0 as usize).map_or("", |global| global.name.as_str());
            let function = self.hir.funcs.get(callee.0 as usize).map_or("", |func| func.name.as_str());
            let function =
                if function.ends_with('}') { "this closure".to_owned() } else { format!("`{function}`") };
            let message = format!("{function} uses `{name}`, which has no value yet");
            let (help, name) = (format!("define `{name}` above this line"), name.to_owned());
            let definition = self.hir.expr(definition).span;
            self.warning(span, "used-too-early", message)
                .note(definition, format!("`{name}` gets its value here"))
                .help(help);
        }
    }
}

/// A module variable without a value that a function uses, or one that it calls.
fn early_use(
    hir: &Hir,
    callee: FuncId,
    open: &HashMap<GlobalId, ExprId>,
    bodies: &mut HashMap<FuncId, Uses>,
) -> Option<GlobalId> {
    let mut left = vec![callee];
    let mut seen: HashSet<FuncId> = left.iter().copied().collect();
    while let Some(next) = left.pop() {
        let func = hir.funcs.get(next.0 as usize)?;
        // A call of an async function starts nothing.
        if func.future.is_some() {
            continue;
        }
        let uses = bodies.entry(next).or_insert_with(|| uses(hir, func.body));
        if let Some(global) = uses.globals.iter().find(|global| open.contains_key(*global)) {
            return Some(*global);
        }
        left.extend(uses.calls.iter().map(|(callee, _)| *callee).filter(|callee| seen.insert(*callee)));
    }
    None
}

fn uses(hir: &Hir, root: ExprId) -> Uses {
    let (mut uses, mut left) = (Uses::default(), vec![root]);
    while let Some(next) = left.pop() {
        let expr = hir.expr(next);
        let calls = match expr.kind {
            ExprKind::Global(global) => {
                uses.globals.push(global);
                false
            }
            ExprKind::Call(callee, _) => {
                uses.calls.push((callee, expr.span));
                true
            }
            ExprKind::CallValue(..) | ExprKind::CallImport(..) | ExprKind::Builtin(..) => true,
            _ => false,
        };
        expr.kind.children(&mut |child| {
            left.push(child);
            if let (true, ExprKind::Closure(callee) | ExprKind::FuncValue(callee)) =
                (calls, &hir.expr(child).kind)
            {
                uses.calls.push((*callee, expr.span));
            }
        });
    }
    uses.calls.sort_by_key(|(_, span)| span.start);
    uses
}

//! What had to wait until all types of a unit were known.

use super::Checker;
use crate::ast::Span;
use crate::hir::{ArithOp, ExprId, ExprKind, FailTo, GlobalId, Local, LocalId};
use crate::types::{Ty, TyKind, Types};

/// A question that is answered at the end of a unit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Later {
    /// Where the failure of a `?` goes, by the result type of its function.
    Try(ExprId, Ty),
    /// Operators between operands whose type was open: numbers, or strings to join?
    Arith(ExprId),
    /// A type that must turn out to be something.
    Needs(Need, Ty, Span, &'static str),
    /// A match to judge.
    Match(ExprId),
}

/// What an open type must turn out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Need {
    Number,
    Order,
}

/// Types nested deeper than this are refused.
const MAX_DEPTH: u32 = 150;

/// The memory of [`Checker::resolve`]: types that were resolved before, by number.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    known: Vec<Option<Ty>>,
    /// Whether a type that was never determined, or is too deep, was met.
    open: bool,
}

impl Checker<'_> {
    /// Answers the questions of a unit and resolves the types of its expressions.
    pub(super) fn finish_unit(&mut self, first_expr: usize, first_pat: usize) {
        let later = std::mem::take(&mut self.later);
        for question in &later {
            match *question {
                Later::Try(node, ret) => self.finish_try(node, ret),
                Later::Arith(node) => self.finish_arith(node),
                Later::Needs(need, ty, span, what) => self.finish_need(need, ty, span, what),
                Later::Match(_) => {}
            }
        }
        let mut resolved = std::mem::take(&mut self.resolved);
        for at in first_expr..self.hir.exprs.len() {
            let Some(ty) = self.hir.exprs.get(at).map(|expr| expr.ty) else { break };
            if ty <= Types::ARRAY_INT {
                continue; // a well-known type: the commonest case
            }
            let ty = self.resolve(ty, &mut resolved, 0);
            if std::mem::take(&mut resolved.open) {
                self.undetermined(ExprId(at as u32));
            }
            if let Some(expr) = self.hir.exprs.get_mut(at) {
                expr.ty = ty;
            }
        }
        for at in first_pat..self.hir.pats.len() {
            let Some(ty) = self.hir.pats.get(at).map(|pat| pat.ty) else { break };
            let ty = self.resolve(ty, &mut resolved, 0);
            if let Some(pat) = self.hir.pats.get_mut(at) {
                pat.ty = ty;
            }
        }
        self.resolved = resolved;
        for question in later {
            if let Later::Match(node) = question {
                self.check_match(node);
            }
        }
    }

    /// What is left when all units are done: the initialiser, and everything that belongs to no unit.
    pub(super) fn finish_program(&mut self) {
        self.finish_init();
        let mut resolved = std::mem::take(&mut self.resolved);
        for at in 0..self.hir.funcs.len() {
            self.finish_func(at, &mut resolved);
        }
        for at in 0..self.hir.globals.len() {
            let Some(ty) = self.hir.globals.get(at).map(|global| global.ty) else { break };
            let ty = self.resolve(ty, &mut resolved, 0);
            if let Some(global) = self.hir.globals.get_mut(at) {
                global.ty = ty;
            }
        }
        self.finish_columns();
        self.describe_names();
        self.localise_globals();
        let last = self.hir.func_files.last().copied().unwrap_or(0);
        self.hir.func_files.resize(self.hir.funcs.len(), last);
    }

    fn finish_func(&mut self, at: usize, resolved: &mut Resolved) {
        let Some(func) = self.hir.funcs.get_mut(at) else { return };
        let (mut locals, ret) = (std::mem::take(&mut func.locals), func.ret);
        let ret = self.resolve(ret, resolved, 0);
        for local in &mut locals {
            local.ty = self.resolve(local.ty, resolved, 0);
        }
        let variables = self.func_variables.get(at).map_or(&[][..], |numbers| numbers.as_slice());
        for (local, &variable) in locals.iter_mut().zip(variables) {
            if let Some(known) = self.variables.get(variable as usize) {
                local.assigned = known.assigned;
                local.boxed = known.captured && known.assigned;
            }
        }
        if let Some(func) = self.hir.funcs.get_mut(at) {
            (func.locals, func.ret) = (locals, ret);
        }
    }

    fn finish_try(&mut self, node: ExprId, ret: Ty) {
        let expr = self.hir.expr(node);
        let ExprKind::Try(value, _) = expr.kind else { return };
        let span = expr.span;
        match (self.kind(ret), self.kind(self.ty_of(value))) {
            (TyKind::Option(_), TyKind::Result(_)) => {
                self.error(span, "unclear-result", "this function returns `?T`, but `?` is on a `Result`")
                    .help("write the function's result type, as in fn(x) -> ?int { … }");
            }
            (TyKind::Option(_) | TyKind::Result(_), _) => {
                if let Some(expr) = self.hir.exprs.get_mut(node.0 as usize) {
                    expr.kind = ExprKind::Try(value, FailTo::Return);
                }
            }
            _ => {}
        }
    }

    fn finish_arith(&mut self, node: ExprId) {
        let expr = self.hir.expr(node);
        let ExprKind::Arith(head, operands) = &expr.kind else { return };
        let (span, ty, head) = (expr.span, self.ty_of(node), *head);
        if self.is_open(ty) {
            // Nothing says otherwise: numbers are ints.
            self.unify(ty, Types::INT);
            return;
        }
        if let Some((op, _)) = operands.iter().find(|(op, _)| !self.has_operator(ty, *op)) {
            let op = *op;
            let name = self.show(ty);
            self.error(span, "no-such-operator", format!("there is no `{}` for `{name}`", symbol(op)));
            return;
        }
        if ty == Types::STR {
            let parts = std::iter::once(head).chain(operands.iter().map(|(_, id)| *id)).collect();
            if let Some(expr) = self.hir.exprs.get_mut(node.0 as usize) {
                expr.kind = ExprKind::Concat(parts);
            }
        }
    }

    fn finish_need(&mut self, need: Need, ty: Ty, span: Span, what: &'static str) {
        let ty = self.shallow(ty);
        if self.is_open(ty) {
            self.unify(ty, Types::INT);
        } else if need == Need::Number {
            self.number_or_report(ty, span, what);
        } else if !self.is_sortable(ty) || ty == Types::BOOL {
            self.no_order(ty, span, what);
        }
    }

    /// A type with all its variables replaced; those that were never determined become errors.
    #[inline]
    fn resolve(&mut self, ty: Ty, resolved: &mut Resolved, depth: u32) -> Ty {
        match resolved.known.get(ty.0 as usize) {
            Some(Some(known)) => *known,
            _ => self.resolve_first(ty, resolved, depth),
        }
    }

    fn resolve_first(&mut self, ty: Ty, resolved: &mut Resolved, depth: u32) -> Ty {
        if depth > MAX_DEPTH {
            resolved.open = true;
            return Types::ERROR;
        }
        let part = |checker: &mut Self, ty, resolved: &mut Resolved| checker.resolve(ty, resolved, depth + 1);
        let result = match self.kind_at(ty) {
            TyKind::Var(_) => {
                let bound = self.shallow(ty);
                if self.is_open(bound) {
                    resolved.open = true;
                    self.hir.types.bind(bound, Types::ERROR);
                    Types::ERROR
                } else {
                    part(self, bound, resolved)
                }
            }
            TyKind::Array(inner) => {
                let inner = part(self, inner, resolved);
                self.hir.types.intern(TyKind::Array(inner))
            }
            TyKind::Option(inner) => {
                let inner = part(self, inner, resolved);
                self.hir.types.intern(TyKind::Option(inner))
            }
            TyKind::Result(inner) => {
                let inner = part(self, inner, resolved);
                self.hir.types.intern(TyKind::Result(inner))
            }
            TyKind::Future(inner) => {
                let inner = part(self, inner, resolved);
                self.hir.types.intern(TyKind::Future(inner))
            }
            TyKind::Map(key, value) => {
                let (key, value) = (part(self, key, resolved), part(self, value, resolved));
                self.hir.types.intern(TyKind::Map(key, value))
            }
            TyKind::Fn(params, ret) => {
                let params = params.into_iter().map(|param| part(self, param, resolved)).collect();
                let ret = part(self, ret, resolved);
                self.hir.types.intern(TyKind::Fn(params, ret))
            }
            _ => ty,
        };
        let at = ty.0 as usize;
        if at >= resolved.known.len() {
            resolved.known.resize(at + 1, None);
        }
        if let Some(place) = resolved.known.get_mut(at) {
            *place = Some(result);
        }
        result
    }

    /// What a type is made of; a bound variable is still a variable here.
    fn kind_at(&self, ty: Ty) -> TyKind {
        let bound = self.shallow(ty);
        if bound == ty { self.kind(ty).clone() } else { TyKind::Var(0) }
    }

    /// Reports an expression whose type nothing determined. After other errors it is likely one of their effects.
    #[cold]
    #[inline(never)]
    fn undetermined(&mut self, id: ExprId) {
        if self.diagnostics.has_errors() {
            return;
        }
        let expr = self.hir.expr(id);
        let span = expr.span;
        let (message, help) = match &expr.kind {
            ExprKind::ArrayLit(_) => {
                ("nothing says what the elements of this array are", "write its type, as in xs: [int] = []")
            }
            ExprKind::MapLit(_) => (
                "nothing says what the keys and values of this map are",
                "write its type, as in m: {string: int} = {}",
            ),
            ExprKind::None => {
                ("nothing says what this `none` could be", "write its type, as in x: ?int = none")
            }
            ExprKind::Closure(_) | ExprKind::Local(_) | ExprKind::CallValue(..) => {
                ("the types of this function are not known", "write them, as in fn(x: int) -> int { … }")
            }
            _ => ("the type of this is not known", "write the type where the value gets its name"),
        };
        self.error(span, "unknown-inference", message).help(help);
    }

    /// Module variables that only the initialiser uses become its locals.
    fn localise_globals(&mut self) {
        let Some(init) = self.hir.init else { return };
        let mut locals: Vec<Option<LocalId>> = vec![None; self.hir.globals.len()];
        let mut numbers: Vec<GlobalId> = Vec::with_capacity(locals.len());
        let mut kept = 0;
        for (at, known) in self.globals.iter().enumerate() {
            numbers.push(GlobalId(kept));
            if known.captured || known.fixed {
                kept += 1;
                continue;
            }
            let Some(global) = self.hir.globals.get(at) else { continue };
            let local = Local { ty: global.ty, boxed: false, assigned: true };
            if let Some(func) = self.hir.funcs.get_mut(init.0 as usize) {
                if let Some(place) = locals.get_mut(at) {
                    *place = Some(LocalId(func.locals.len() as u32));
                }
                func.locals.push(local);
            }
        }
        if kept as usize == self.hir.globals.len() {
            return;
        }
        let local = |global: GlobalId| locals.get(global.0 as usize).copied().flatten();
        let number = |global: GlobalId| numbers.get(global.0 as usize).copied().unwrap_or(global);
        for &(global, node) in &self.definitions {
            if let (Some(local), Some(expr)) = (local(global), self.hir.exprs.get_mut(node.0 as usize))
                && let ExprKind::SetGlobal(_, value) = expr.kind
            {
                expr.kind = ExprKind::Let(local, Some(value));
            }
        }
        for expr in &mut self.hir.exprs {
            match expr.kind {
                ExprKind::Global(global) => {
                    expr.kind = local(global).map_or(ExprKind::Global(number(global)), ExprKind::Local);
                }
                ExprKind::SetGlobal(global, value) => {
                    expr.kind = match local(global) {
                        Some(local) => ExprKind::SetLocal(local, value),
                        None => ExprKind::SetGlobal(number(global), value),
                    };
                }
                _ => {}
            }
        }
        let mut at = 0;
        self.hir.globals.retain(|_| {
            at += 1;
            locals.get(at - 1).is_none_or(Option::is_none)
        });
    }
}

fn symbol(op: ArithOp) -> &'static str {
    match op {
        ArithOp::Add => "+",
        ArithOp::Sub => "-",
        ArithOp::Mul => "*",
        ArithOp::Div => "/",
        ArithOp::Rem => "%",
        ArithOp::And => "&",
        ArithOp::Or => "|",
        ArithOp::Xor => "^",
        ArithOp::Shl => "<<",
        ArithOp::Shr => ">>",
    }
}

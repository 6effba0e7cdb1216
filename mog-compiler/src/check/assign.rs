//! Assignment.

use smallvec::smallvec;

use super::Checker;
use super::infer::Want;
use super::operator::arith_op;
use super::scope::Def;
use crate::ast::{self, BinaryOp, List, Name, Span, Term};
use crate::hir::{Asked, ExprId, ExprKind, Exprs, GlobalId, LocalId};
use crate::types::{Ty, TyKind, Types};

/// What is assigned: `= value` or `op= value`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assigned {
    pub(super) op: Option<BinaryOp>,
    pub(super) value: ast::ExprId,
    pub(super) span: Span,
}

impl<'a> Checker<'a> {
    /// `target = value`, `target += value`.
    #[inline(never)]
    pub(super) fn assign(
        &mut self,
        target: ast::ExprId,
        op: Option<BinaryOp>,
        value: ast::ExprId,
        span: Span,
    ) -> ExprId {
        let assigned = Assigned { op, value, span };
        let target = self.ast.without_parens(target);
        if let Some(write) = self.appended(target, assigned) {
            self.error(self.ast[value].span, "unknown-function", "there is no function `append`")
                .help("xs.push(x) adds to the array itself")
                .fix(span, write);
            return self.broken(span);
        }
        match self.ast[target].kind {
            ast::ExprKind::Name(symbol) => {
                let name = Name { symbol, span: self.ast[target].span };
                self.assign_name(name, assigned)
            }
            ast::ExprKind::Field { base, name } => self.assign_field(base, name, assigned),
            ast::ExprKind::Index { base, indices } => self.assign_index(base, indices, assigned),
            _ => {
                // The parser said that this cannot be assigned.
                self.infer(target, Want::Any);
                self.broken_value(assigned)
            }
        }
    }

    /// `xs = append(xs, x)` as a method call.
    fn appended(&self, target: ast::ExprId, assigned: Assigned) -> Option<String> {
        let ast::ExprKind::Call { callee, args } = self.ast[assigned.value].kind else { return None };
        let name = self.as_name(callee)?;
        let [array, element] = *self.ast.list(args) else { return None };
        let array = self.source(self.ast[array.value].span);
        let element = self.source(self.ast[element.value].span);
        let to_itself = assigned.op.is_none() && array == self.source(self.ast[target].span);
        let foreign = self.text(name.symbol) == "append" && self.peek(name.symbol).is_none();
        (to_itself && foreign).then(|| format!("{array}.push({element})"))
    }

    /// `n += 1.5` where `n` is an int.
    fn needs_float(&mut self, current: ExprId, value: ExprId, op: BinaryOp) -> bool {
        let (ty, found) = (self.ty_of(current), self.ty_of(value));
        if !matches!(self.kind(ty), TyKind::Int(_)) || !matches!(self.kind(found), TyKind::Float) {
            return false;
        }
        let text = self.source(self.hir.expr(current).span);
        let message = format!("`{text}` is an `int`, so `{}=` takes no `float`", op.text());
        let help = format!("begin with a float, as in `{text} := 0.0`, or convert with `as int`");
        self.error(self.hir.expr(value).span, "type-mismatch", message).help(help);
        true
    }

    /// The value of an assignment that is wrong anyway.
    pub(super) fn broken_value(&mut self, assigned: Assigned) -> ExprId {
        self.expr(assigned.value, Want::Any);
        self.broken(assigned.span)
    }

    fn assign_name(&mut self, name: Name, assigned: Assigned) -> ExprId {
        match self.lookup(name) {
            Some(Def::Local(local)) => self.assign_local(local, name, assigned),
            Some(Def::Global(global)) => self.assign_global(global, name, assigned),
            Some(Def::Broken) => self.broken_value(assigned),
            Some(def) => self.not_assignable(def, name, assigned),
            None => self.assign_unknown(name, assigned),
        }
    }

    fn assign_local(&mut self, local: LocalId, name: Name, assigned: Assigned) -> ExprId {
        let fixed = match self.variable(local) {
            Some(variable) => {
                variable.assigned = true;
                variable.fixed
            }
            None => false,
        };
        if fixed {
            return self.not_assignable(Def::Const(0), name, assigned);
        }
        let ty = self.local_ty(local);
        let value = match assigned.op {
            None => self.expr(assigned.value, Want::Type(ty)),
            Some(op) => {
                let current = self.emit(ExprKind::Local(local), ty, name.span);
                self.combined(current, op, assigned)
            }
        };
        self.emit(ExprKind::SetLocal(local, value), Types::UNIT, assigned.span)
    }

    fn assign_global(&mut self, global: GlobalId, name: Name, assigned: Assigned) -> ExprId {
        if self.globals.get(global.0 as usize).is_some_and(|known| known.fixed) {
            return self.not_assignable(Def::Const(0), name, assigned);
        }
        self.note_global_use(global);
        if let Some(known) = self.globals.get_mut(global.0 as usize) {
            known.assigned = true;
        }
        let ty = self.hir.globals.get(global.0 as usize).map_or(Types::ERROR, |global| global.ty);
        let value = match assigned.op {
            None => self.expr(assigned.value, Want::Type(ty)),
            Some(op) => {
                let current = self.emit(ExprKind::Global(global), ty, name.span);
                self.combined(current, op, assigned)
            }
        };
        self.emit(ExprKind::SetGlobal(global, value), Types::UNIT, assigned.span)
    }

    /// `current op value`, of the type of `current`.
    pub(super) fn combined(&mut self, current: ExprId, op: BinaryOp, assigned: Assigned) -> ExprId {
        let ty = self.ty_of(current);
        let term = Term { op, op_span: assigned.span, operand: assigned.value };
        let value = if self.is_literal(assigned.value) {
            self.literal_operand(assigned.value, Some(ty))
        } else {
            let hint = if matches!(self.kind(ty), TyKind::Option(_) | TyKind::Result(_)) {
                Want::Any
            } else {
                Want::Type(ty)
            };
            self.infer(assigned.value, hint)
        };
        let span = assigned.span;
        if self.needs_float(current, value, op) {
            return self.broken(span);
        }
        let result = self.joined_by_operators(current, smallvec![(arith_op(op), value)], &[term], ty, span);
        self.coerce(result, ty)
    }

    #[cold]
    #[inline(never)]
    fn not_assignable(&mut self, def: Def, name: Name, assigned: Assigned) -> ExprId {
        let text = self.text(name.symbol);
        let (what, help) = match def {
            Def::Const(_) => ("a constant", "make it a variable with `:=` if it has to change"),
            Def::Caught(..) => ("the failure that was caught", "give the new value another name"),
            Def::Func(_) => ("a function", "give the variable another name"),
            _ => ("not a variable", "give the variable another name"),
        };
        self.error(name.span, "not-assignable", format!("`{text}` is {what} and cannot be assigned"))
            .help(help);
        self.broken_value(assigned)
    }

    #[cold]
    #[inline(never)]
    fn assign_unknown(&mut self, name: Name, assigned: Assigned) -> ExprId {
        if self.is_lost(name.symbol) {
            return self.broken_value(assigned);
        }
        let text = self.text(name.symbol);
        let variable = |def: &Def| matches!(def, Def::Local(_) | Def::Global(_));
        let near = self.nearest(text, self.visible().filter(|(_, def)| variable(def)).map(|(name, _)| name));
        let between = Span::new(name.span.end, self.ast[assigned.value].span.start);
        let (out_of_reach, compound) = (self.is_out_of_reach(name.symbol), assigned.op.is_some());
        let report = self.error(name.span, "unknown-name", format!("there is no variable `{text}`"));
        match near {
            _ if out_of_reach => {
                report.help("a nested `fn` cannot use the variables around it; a closure can")
            }
            Some(near) => report
                .help(format!("did you mean `{near}`? a new variable is made with `:=`"))
                .fix(name.span, near),
            None if compound => report.help(format!("make it first: {text} := …")),
            None => report.help("a new variable is made with `:=`").fix(between, " := "),
        };
        // From here on the name is known, so that its uses are not reported one by one.
        let value = self.expr(assigned.value, Want::Any);
        let ty = self.ty_of(value);
        let ty = if ty == Types::NEVER || compound { Types::ERROR } else { ty };
        if !out_of_reach && near.is_none() {
            self.declare_local(name, ty);
        }
        self.broken(assigned.span)
    }

    /// `base.name = value`.
    fn assign_field(&mut self, base: ast::ExprId, name: Name, assigned: Assigned) -> ExprId {
        if let Some(of) = self.as_name(base)
            && let Some(Def::Module(unit)) = self.peek(of.symbol)
        {
            return match self.module_member(unit, name) {
                Some(Def::Global(global)) => self.assign_global(global, name, assigned),
                Some(def) => self.not_assignable(def, name, assigned),
                None => {
                    self.unknown_member(unit, name);
                    self.broken_value(assigned)
                }
            };
        }
        if let ast::ExprKind::Index { base: whole, indices } = self.ast[self.ast.without_parens(base)].kind {
            let node = self.infer(whole, Want::Any);
            if let Some(rows) = self.rows_of(self.ty_of(node)) {
                return self.assign_soa_field(node, rows, self.ast.list(indices), name, assigned);
            }
            let node = self.index_of_node(node, indices, self.ast[base].span, Asked::No);
            return self.assign_field_of(node, name, assigned);
        }
        let node = self.infer(base, Want::Any);
        self.assign_field_of(node, name, assigned)
    }

    fn assign_field_of(&mut self, node: ExprId, name: Name, assigned: Assigned) -> ExprId {
        let ty = self.ty_of(node);
        if self.rows_of(ty).is_some() {
            self.field_of_soa(node, name, name.span);
            return self.broken_value(assigned);
        }
        match *self.kind(ty) {
            TyKind::Struct(id) => match self.field_of(id, self.text(name.symbol)) {
                Some((slot, ty)) => self.assign_slot(node, slot as u32, ty, assigned),
                None => {
                    self.unknown_field(id, name);
                    self.broken_value(assigned)
                }
            },
            TyKind::Map(key, value) => {
                let index = self.field_key(key, name);
                self.assign_element(node, index, value, assigned)
            }
            TyKind::Error => self.broken_value(assigned),
            _ => self.no_place(node, assigned),
        }
    }

    fn assign_slot(&mut self, node: ExprId, slot: u32, ty: Ty, assigned: Assigned) -> ExprId {
        let span = assigned.span;
        let Some(op) = assigned.op else {
            let value = self.expr(assigned.value, Want::Type(ty));
            return self.emit(ExprKind::SetField(node, slot, value), Types::UNIT, span);
        };
        let mut before = Exprs::new();
        let quiet = self.is_quiet(assigned.value);
        let (object, again) = self.twice(node, quiet, &mut before);
        let current = self.emit(ExprKind::Field(again, slot), ty, span);
        let value = self.combined(current, op, assigned);
        let set = self.emit(ExprKind::SetField(object, slot, value), Types::UNIT, span);
        self.after_statements(before, set)
    }

    /// `base[index] = value`.
    fn assign_index(&mut self, base: ast::ExprId, indices: List<ast::ExprId>, assigned: Assigned) -> ExprId {
        let node = self.infer(base, Want::Any);
        let ty = self.ty_of(node);
        let indices = self.ast.list(indices);
        if matches!(self.kind(ty), TyKind::Tensor(_)) {
            return self.assign_tensor_element(node, indices, assigned);
        }
        if let (Some(rows), &[index]) = (self.rows_of(ty), indices) {
            return self.assign_soa_row(node, rows, index, assigned);
        }
        let (&[index], Some((key, value))) = (indices, self.elements(ty)) else {
            for &index in indices {
                self.expr(index, Want::Any);
            }
            if ty == Types::ERROR {
                return self.broken_value(assigned);
            }
            return self.no_place(node, assigned);
        };
        let index = self.expr(index, Want::Type(key));
        self.assign_element(node, index, value, assigned)
    }

    /// The index and element types of what has assignable elements.
    fn elements(&self, ty: Ty) -> Option<(Ty, Ty)> {
        match *self.kind(ty) {
            TyKind::Array(element) => Some((Types::INT, element)),
            TyKind::Map(key, value) => Some((key, value)),
            _ => None,
        }
    }

    pub(super) fn assign_element(
        &mut self,
        node: ExprId,
        index: ExprId,
        ty: Ty,
        assigned: Assigned,
    ) -> ExprId {
        let span = assigned.span;
        let Some(op) = assigned.op else {
            let value = self.expr(assigned.value, Want::Type(ty));
            return self.emit(ExprKind::SetIndex(node, index, value), Types::UNIT, span);
        };
        let mut before = Exprs::new();
        let quiet = self.is_quiet(assigned.value);
        let (base, base_again) = self.twice(node, quiet, &mut before);
        let (index, index_again) = self.twice(index, quiet, &mut before);
        let current = self.emit(ExprKind::Index(base_again, index_again, Asked::No), ty, span);
        let value = self.combined(current, op, assigned);
        let set = self.emit(ExprKind::SetIndex(base, index, value), Types::UNIT, span);
        self.after_statements(before, set)
    }

    /// Whether computing an expression assigns nothing, judged by its form.
    pub(super) fn is_quiet(&self, id: ast::ExprId) -> bool {
        use ast::ExprKind as K;
        match self.ast[id].kind {
            K::Int(_) | K::Float(_) | K::Bool(_) | K::Str(_) | K::Name(_) | K::None => true,
            K::Paren(inner) | K::Unary { operand: inner, .. } | K::Field { base: inner, .. } => {
                self.is_quiet(inner)
            }
            K::Chain { first, rest, .. } => {
                self.is_quiet(first) && self.ast.list(rest).iter().all(|term| self.is_quiet(term.operand))
            }
            K::Index { base, indices } => {
                self.is_quiet(base) && self.ast.list(indices).iter().all(|&index| self.is_quiet(index))
            }
            _ => false,
        }
    }

    /// An expression for two uses, computed once. A variable that nothing assigns in between is its own copy.
    pub(super) fn twice(&mut self, node: ExprId, quiet: bool, before: &mut Exprs) -> (ExprId, ExprId) {
        let expr = self.hir.expr(node).clone();
        if self.is_simple(node) && (quiet || !matches!(expr.kind, ExprKind::Local(_))) {
            return (node, self.emit(expr.kind, expr.ty, expr.span));
        }
        let local = self.new_local(expr.ty);
        before.push(self.emit(ExprKind::Let(local, Some(node)), Types::UNIT, expr.span));
        let first = self.emit(ExprKind::Local(local), expr.ty, expr.span);
        (first, self.emit(ExprKind::Local(local), expr.ty, expr.span))
    }

    pub(super) fn after_statements(&mut self, mut before: Exprs, last: ExprId) -> ExprId {
        if before.is_empty() {
            return last;
        }
        let span = self.hir.expr(last).span;
        before.push(last);
        self.emit(ExprKind::Block(before, None), Types::UNIT, span)
    }

    #[cold]
    #[inline(never)]
    pub(super) fn no_place(&mut self, node: ExprId, assigned: Assigned) -> ExprId {
        let (ty, span) = (self.ty_of(node), self.hir.expr(node).span);
        let found = self.show(ty);
        let help = match self.kind(ty) {
            _ if self.is_tensor_element(node) => "a tensor takes all its indices at once: t[i, j]".to_owned(),
            TyKind::Str => "strings never change; build a new one".to_owned(),
            TyKind::Any => "what an `any` holds is a copy; take it out first, as in m := x as Map".to_owned(),
            _ => self.receiver_help(ty, ""),
        };
        self.error(span, "not-assignable", format!("nothing inside a `{found}` can be assigned like this"))
            .help(help);
        self.broken_value(assigned)
    }
}

//! Control flow: if, loops, match, try.

use mog_core::TrapCode;
use mog_core::isa::{Lib, Op};

use super::{Arg, Lowering, Val};
use crate::hir::{Arm, Builtin, CompareOp, ExprId, ExprKind, FailTo, LocalId};
use crate::ir::{Code, Ext, Label, Protected};
use crate::types::{Ty, TyKind, Types};

impl Lowering<'_, '_> {
    /// Whether an expression never ends normally.
    fn diverges(&self, id: ExprId) -> bool {
        matches!(self.hir().types.kind(self.hir().expr(id).ty), TyKind::Never)
    }

    /// The value of a branch, in the destination that all branches share.
    fn branch_value(&mut self, id: ExprId, dst: Option<Val>) {
        let value = self.expr(id, dst);
        if let Some(dst) = dst
            && value.ty != Types::NEVER
        {
            self.copy(dst, value);
        }
    }

    /// A destination for the value of branches: none if there is no value.
    fn shared(&mut self, dst: Option<Val>, ty: Ty) -> Option<Val> {
        if self.size(ty) == 0 { None } else { Some(self.target(dst, ty)) }
    }

    /// Where an expression jumps that is nothing but `break` or `continue`.
    fn loop_jump(&self, id: ExprId) -> Option<Label> {
        match &self.hir().expr(id).kind {
            ExprKind::Break => self.scope.loops.last().map(|target| target.on_break),
            ExprKind::Continue => self.scope.loops.last().map(|target| target.on_continue),
            ExprKind::Block(statements, value) => match (statements.as_slice(), value) {
                (&[only], None) => self.loop_jump(only),
                ([], Some(only)) => self.loop_jump(*only),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn if_(
        &mut self,
        condition: ExprId,
        then: ExprId,
        otherwise: Option<ExprId>,
        ty: Ty,
        dst: Option<Val>,
    ) -> Val {
        if otherwise.is_none()
            && let Some(target) = self.loop_jump(then)
        {
            self.branch(condition, true, target);
            return self.unit_value();
        }
        let dst = self.shared(dst, ty);
        let no = self.label();
        self.branch(condition, false, no);
        self.branch_value(then, dst);
        match otherwise {
            Some(otherwise) => {
                let end = self.label();
                if !self.diverges(then) {
                    self.jump(end);
                }
                self.place(no);
                self.branch_value(otherwise, dst);
                self.place(end);
            }
            None => self.place(no),
        }
        dst.unwrap_or_else(|| self.unit_value())
    }

    pub(super) fn while_(&mut self, condition: ExprId, body: ExprId) -> Val {
        let (head, again, end) = (self.label(), self.label(), self.label());
        let forever = matches!(self.hir().expr(condition).kind, ExprKind::Bool(true));
        let effects = {
            let hir = self.hir();
            self.unit.purity.of(hir, condition)
        };
        self.enter_loop(end, again);
        if forever {
            self.place_ahead(head);
            self.place_ahead(again);
            self.expr(body, None);
            self.jump(head);
        } else if effects.assigns {
            // The condition binds variables, so it has to come before the body that uses them.
            self.place_ahead(again);
            self.place_ahead(head);
            self.branch(condition, false, end);
            self.expr(body, None);
            self.jump(head);
        } else {
            // The test stands at the end: one jump a round. A short one also stands before the loop.
            let entered = self.reachable;
            if self.is_short(condition) {
                self.branch(condition, false, end);
                self.has_round();
            } else {
                self.jump(again);
                // From the test at the end, unless that never is true.
                self.reachable = entered && !matches!(self.hir().expr(condition).kind, ExprKind::Bool(false));
            }
            self.place_ahead(head);
            self.expr(body, None);
            self.place(again);
            self.branch(condition, true, head);
        }
        self.leave_loop();
        self.place(end);
        self.unit_value()
    }

    /// Whether a condition compares variables, numbers, elements of arrays, fields and lengths: a few instructions.
    fn is_short(&self, condition: ExprId) -> bool {
        let hir = self.hir();
        let is_leaf = |id: ExprId| {
            matches!(hir.expr(id).kind, ExprKind::Local(_) | ExprKind::Global(_) | ExprKind::Int(_))
        };
        let is_short = |id: ExprId| match hir.expr(id).kind {
            ExprKind::Index(array, index, _) => is_leaf(array) && is_leaf(index),
            ExprKind::Field(object, _) => is_leaf(object),
            ExprKind::Builtin(Builtin::ArrayLen | Builtin::StrLen, ref of, _) => {
                of.iter().copied().all(is_leaf)
            }
            _ => is_leaf(id),
        };
        matches!(hir.expr(condition).kind, ExprKind::Compare(_, left, right) if is_short(left) && is_short(right))
    }

    /// The variable of a loop: the counter itself if nobody changes it, otherwise a fresh copy each time.
    fn loop_variable(&mut self, local: LocalId, counter: Val) {
        self.bind(local, counter);
    }

    pub(super) fn for_range(
        &mut self,
        local: LocalId,
        from: ExprId,
        to: ExprId,
        inclusive: bool,
        body: ExprId,
    ) -> Val {
        let (ty, _) = self.local_info(local);
        let assigned = self.is_assigned(local);
        let counter = if assigned { self.fresh(ty) } else { Val::whole(self.local(local), ty) };
        let from_value = self.operand(from, core::iter::once(to));
        self.copy_slot(counter, from_value);
        self.note_sign(local, from);
        // The end is evaluated once; a variable that changes meanwhile must not move it.
        let limit = {
            let is_constant = matches!(self.hir().expr(to).kind, ExprKind::Int(_));
            let value = self.expr(to, None);
            if is_constant {
                value
            } else {
                let limit = self.fresh(ty);
                self.copy_slot(limit, value);
                limit
            }
        };
        let unsigned = self.int_kind(ty) == Some(crate::types::IntKind::U64);
        let (head, again, end) = (self.label(), self.label(), self.label());
        self.enter_loop(end, again);
        // Nothing to do at all?
        let (leave, left, right) = match (inclusive, unsigned) {
            (false, false) => (Op::JLe, limit, counter),
            (true, false) => (Op::JLt, limit, counter),
            (false, true) => (Op::JLeU, limit, counter),
            (true, true) => (Op::JLtU, limit, counter),
        };
        self.op(leave, &[left.arg(), right.arg(), Arg::To(end)]);
        self.has_round();
        self.place_ahead(head);
        if assigned {
            self.loop_variable(local, counter);
        }
        self.expr(body, None);
        self.place(again);
        if unsigned {
            self.op(Op::JEq, &[counter.arg(), limit.arg(), Arg::To(end)]);
            self.op(Op::AddI, &[counter.arg(), counter.arg(), Arg::Num(1)]);
            let op = if inclusive { Op::JLeU } else { Op::JLtU };
            self.op(op, &[counter.arg(), limit.arg(), Arg::To(head)]);
        } else {
            let op = if inclusive { Op::ForLe } else { Op::ForLt };
            self.op(op, &[counter.arg(), limit.arg(), Arg::To(head)]);
        }
        self.leave_loop();
        self.place(end);
        self.unit_value()
    }

    /// Whether a local variable is assigned after it was bound.
    pub(super) fn is_assigned(&self, local: LocalId) -> bool {
        let local = self.scope.function.and_then(|function| function.locals.get(local.0 as usize));
        local.is_some_and(|local| local.assigned)
    }

    pub(super) fn for_array(
        &mut self,
        index: Option<LocalId>,
        element: LocalId,
        array: ExprId,
        body: ExprId,
    ) -> Val {
        let hir = self.hir();
        let changes = self.unit.purity.of(hir, body).mutates;
        let value = self.expr(array, None);
        // A variable that is assigned in the body must not change what is iterated over.
        let array = if matches!(hir.expr(array).kind, ExprKind::Local(_)) {
            let copy = self.fresh(value.ty);
            self.copy(copy, value);
            copy
        } else {
            value
        };
        let element_ty = self.element_of(array.ty);
        self.each_element(array, changes, |this, position, length_check| {
            length_check(this);
            let (ty, boxed) = this.local_info(element);
            if boxed {
                let value = this.get_element(array, position, element_ty, None);
                this.make_cell(element, value);
            } else {
                let place = Val::whole(this.local(element), ty);
                this.get_element(array, position, element_ty, Some(place));
            }
            if let Some(index) = index {
                this.bind(index, position);
            }
            this.expr(body, None);
        });
        self.unit_value()
    }

    /// A loop over the positions of an array. With `changes`, a length that is no longer the one at the
    /// beginning is a trap.
    pub(super) fn each_element(
        &mut self,
        array: Val,
        changes: bool,
        body: impl FnOnce(&mut Self, Val, &dyn Fn(&mut Self)),
    ) {
        let length = self.length(array, None);
        let position = self.fresh(Types::INT);
        self.int(0, Some(position));
        let (head, again, end) = (self.label(), self.label(), self.label());
        self.enter_loop(end, again);
        self.op(Op::JLe, &[length.arg(), position.arg(), Arg::To(end)]);
        self.has_round();
        self.place_ahead(head);
        let check = |this: &mut Self| {
            if changes {
                let now = this.length(array, None);
                let same = this.label();
                this.op(Op::JEq, &[now.arg(), length.arg(), Arg::To(same)]);
                this.trap(TrapCode::ChangedDuringIteration);
                this.place(same);
            }
        };
        body(self, position, &check);
        self.place(again);
        self.op(Op::ForLt, &[position.arg(), length.arg(), Arg::To(head)]);
        if changes {
            check(self);
        }
        self.leave_loop();
        self.place(end);
    }

    pub(super) fn for_map(&mut self, key: LocalId, value: Option<LocalId>, map: ExprId, body: ExprId) -> Val {
        let map_value = self.expr(map, None);
        let map = self.fresh(map_value.ty);
        self.copy(map, map_value);
        let TyKind::Map(key_ty, value_ty) = *self.hir().types.kind(map.ty) else { return self.unit_value() };
        let state = self.fresh(Types::INT);
        self.lib(Lib::MapState, state, &[Ext::Reg(map.slot)]);
        let mut slots = vec![mog_core::TypeId::INT.0];
        slots.extend(self.unit.layouts.slots(self.unit.hir, key_ty));
        slots.extend(self.unit.layouts.slots(self.unit.hir, value_ty));
        let position = self.fresh(Types::INT);
        self.int(0, Some(position));
        let (head, end) = (self.label(), self.label());
        self.enter_loop(end, head);
        self.place_ahead(head);
        let entry = self.fresh_slots(&slots, Types::INT);
        let operands = [Ext::Reg(map.slot), Ext::Reg(position.slot), Ext::Reg(state.slot)];
        self.lib(Lib::MapNext, entry, &operands);
        self.jump_if_negative(entry, end);
        self.copy_slot(position, entry);
        self.bind(key, entry.part(1, key_ty));
        if let Some(value) = value {
            let at = 1 + self.size(key_ty);
            self.bind(value, entry.part(at, value_ty));
        }
        self.expr(body, None);
        self.jump(head);
        self.leave_loop();
        self.place(end);
        self.unit_value()
    }

    pub(super) fn for_str(
        &mut self,
        index: Option<LocalId>,
        character: LocalId,
        text: ExprId,
        body: ExprId,
    ) -> Val {
        let text_value = self.expr(text, None);
        let text = self.fresh(Types::STR);
        self.copy(text, text_value);
        let slots = [mog_core::TypeId::INT.0, mog_core::TypeId::STR.0];
        let position = self.fresh(Types::INT);
        self.int(0, Some(position));
        let (head, end) = (self.label(), self.label());
        self.enter_loop(end, head);
        self.place_ahead(head);
        let next = self.fresh_slots(&slots, Types::INT);
        self.lib(Lib::StrNext, next, &[Ext::Reg(text.slot), Ext::Reg(position.slot)]);
        self.jump_if_negative(next, end);
        if let Some(index) = index {
            self.bind(index, position);
        }
        self.copy_slot(position, next);
        self.bind(character, next.part(1, Types::STR));
        self.expr(body, None);
        self.jump(head);
        self.leave_loop();
        self.place(end);
        self.unit_value()
    }

    pub(super) fn for_any(
        &mut self,
        key: Option<LocalId>,
        element: LocalId,
        value: ExprId,
        body: ExprId,
    ) -> Val {
        let given = self.expr(value, None);
        let value = self.fresh(Types::ANY);
        self.copy(value, given);
        let any = [mog_core::TypeId::ANY.0, mog_core::TypeId::ANY_PAYLOAD.0];
        let slots = [mog_core::TypeId::INT.0, any[0], any[1], any[0], any[1]];
        let position = self.fresh(Types::INT);
        self.int(0, Some(position));
        let (head, end) = (self.label(), self.label());
        self.enter_loop(end, head);
        self.place_ahead(head);
        let next = self.fresh_slots(&slots, Types::INT);
        self.lib(Lib::AnyNext, next, &[Ext::Reg(value.slot), Ext::Reg(position.slot)]);
        self.jump_if_negative(next, end);
        self.copy_slot(position, next);
        if let Some(key) = key {
            self.bind(key, next.part(1, Types::ANY));
        }
        self.bind(element, next.part(3, Types::ANY));
        self.expr(body, None);
        self.jump(head);
        self.leave_loop();
        self.place(end);
        self.unit_value()
    }

    pub(super) fn match_(&mut self, value: ExprId, arms: &[Arm], ty: Ty, dst: Option<Val>) -> Val {
        let given = self.expr(value, None);
        // Guards and arms may assign the variable that is matched.
        let value = if matches!(self.hir().expr(value).kind, ExprKind::Local(_)) && self.size(given.ty) > 0 {
            let copy = self.fresh(given.ty);
            self.copy(copy, given);
            copy
        } else {
            given
        };
        let dst = self.shared(dst, ty);
        let end = self.label();
        for arm in arms {
            let next = self.label();
            self.pattern(arm.pat, value, next);
            if let Some(guard) = arm.guard {
                self.branch(guard, false, next);
            }
            self.branch_value(arm.body, dst);
            if !self.diverges(arm.body) {
                self.jump(end);
            }
            self.place(next);
        }
        self.trap(TrapCode::NoMatch);
        self.place(end);
        dst.unwrap_or_else(|| self.unit_value())
    }

    /// `value?`.
    pub(super) fn try_(&mut self, value: ExprId, to: FailTo, ty: Ty, dst: Option<Val>) -> Val {
        let value = self.expr(value, None);
        let fine = self.label();
        let is_result = matches!(self.hir().types.kind(value.ty), TyKind::Result(_));
        let op = if is_result { CompareOp::Eq } else { CompareOp::Ne };
        self.jump_on_number(op, value, 0, fine);
        let payload = match *self.hir().types.kind(value.ty) {
            TyKind::Result(payload) | TyKind::Option(payload) => payload,
            _ => Types::UNIT,
        };
        let (kind, message) = if is_result {
            let at = 1 + self.size(payload);
            (value, value.part(at, Types::STR))
        } else {
            let kind = self.fresh(Types::INT);
            self.int(mog_core::Failure::Failed as i64, Some(kind));
            (kind, self.string("none", None))
        };
        match to {
            FailTo::Raise => self.raise(kind, message),
            FailTo::Return => {
                let returned = self.scope_result();
                let result = self.fresh(returned);
                if matches!(self.hir().types.kind(returned), TyKind::Result(_)) {
                    self.failure(result, Some(kind), message);
                } else {
                    self.load_bits(0, true, result);
                }
                self.return_value(result);
            }
        }
        self.place(fine);
        let _ = dst;
        value.part(1, ty)
    }

    /// The type of the result of the function (or inlined closure) that is being lowered.
    fn scope_result(&self) -> Ty {
        self.scope.function.map_or(Types::UNIT, |function| self.hir().types.shallow(function.ret))
    }

    pub(super) fn unwrap_or(&mut self, value: ExprId, default: ExprId, ty: Ty, dst: Option<Val>) -> Val {
        let value = self.expr(value, None);
        let is_result = matches!(self.hir().types.kind(value.ty), TyKind::Result(_));
        let dst = self.shared(dst, ty);
        let (absent, end) = (self.label(), self.label());
        let op = if is_result { CompareOp::Ne } else { CompareOp::Eq };
        self.jump_on_number(op, value, 0, absent);
        if let Some(dst) = dst {
            self.copy(dst, value.part(1, ty));
        }
        self.jump(end);
        self.place(absent);
        self.branch_value(default, dst);
        self.place(end);
        dst.unwrap_or_else(|| self.unit_value())
    }

    pub(super) fn try_catch(
        &mut self,
        body: ExprId,
        message: LocalId,
        kind: LocalId,
        handler: ExprId,
        ty: Ty,
        dst: Option<Val>,
    ) -> Val {
        // The body may fail after it wrote part of the value: so it gets a place of its own.
        let result = if self.size(ty) == 0 { None } else { Some(self.fresh(ty)) };
        let (start, stop, catch, end) = (self.label(), self.label(), self.label(), self.label());
        let error = self.fresh_slots(&[mog_core::TypeId::INT.0, mog_core::TypeId::STR.0], Types::UNIT);
        let entered = self.reachable;
        self.mark(start);
        self.branch_value(body, result);
        self.mark(stop);
        if !self.diverges(body) {
            self.jump(end);
        }
        self.reachable = entered;
        self.push(Code::Handler, [Arg::To(catch), error.arg(), Arg::None]);
        self.body.protected.push(Protected { start, end: stop, handler: catch, error: error.slot.v });
        self.bind(message, error.part(1, Types::STR));
        let text = self.fresh(Types::STR);
        let named = self.label();
        self.string("denied", Some(text));
        self.jump_on_number(CompareOp::Eq, error, mog_core::Failure::Denied as i32, named);
        self.string("failed", Some(text));
        self.place(named);
        self.bind(kind, text);
        self.branch_value(handler, result);
        self.place(end);
        match result {
            Some(result) => self.into(result, dst),
            None => self.unit_value(),
        }
    }
}

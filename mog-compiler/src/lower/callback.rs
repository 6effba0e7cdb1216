//! Methods that take a function: loops in the program's own code. A closure that is written in place is inlined
//! into the loop, so it is neither made nor called; no instruction ever calls back.

use mog_core::TrapCode;
use mog_core::isa::{Lib, Op};

use super::{Arg, Lowering, Val};
use crate::hir::{Builtin, CompareOp, ExprId, ExprKind, FuncId};
use crate::ir::{Ext, Label};
use crate::types::{Ty, TyKind, Types};

/// What a method calls for each element.
#[derive(Clone, Copy)]
enum Callee {
    /// A closure that is written in place.
    Inline(FuncId),
    /// A declared function.
    Direct(FuncId),
    /// A closure from elsewhere.
    Closure(Val),
}

impl Lowering<'_, '_> {
    fn callee(&mut self, id: ExprId) -> (Callee, Ty) {
        let hir = self.hir();
        let ret = match hir.types.kind(hir.expr(id).ty) {
            TyKind::Fn(_, ret) => hir.types.shallow(*ret),
            _ => Types::UNIT,
        };
        let callee = match hir.expr(id).kind {
            ExprKind::Closure(function) => Callee::Inline(function),
            ExprKind::FuncValue(function) => Callee::Direct(function),
            _ => Callee::Closure(self.expr(id, None)),
        };
        (callee, ret)
    }

    fn call(&mut self, (callee, ret): (Callee, Ty), args: &[Val], dst: Option<Val>) -> Val {
        match callee {
            Callee::Inline(function) => self.inline_body(function, args, dst),
            Callee::Direct(function) => self.call_function(function, args, ret, dst),
            Callee::Closure(closure) => self.call_closure(closure, args, ret, dst),
        }
    }

    /// The methods that take a function; `None` for all other built-ins.
    pub(super) fn with_callback(
        &mut self,
        builtin: Builtin,
        args: &[ExprId],
        ty: Ty,
        dst: Option<Val>,
    ) -> Option<Val> {
        let &[array, function] = args else {
            return match (builtin, args) {
                (Builtin::ArrayReduce, &[array, initial, function]) => {
                    Some(self.reduce(array, initial, function, ty, dst))
                }
                _ => None,
            };
        };
        let is_callback = matches!(
            builtin,
            Builtin::ArrayMap
                | Builtin::ArrayFilter
                | Builtin::ArrayFind
                | Builtin::ArrayAny
                | Builtin::ArrayAll
                | Builtin::ArrayForEach
                | Builtin::ArraySortBy
        );
        if !is_callback {
            return None;
        }
        let array = self.collection(array, function);
        let callee = self.callee(function);
        let element = self.element_of(array.ty);
        match builtin {
            Builtin::ArraySortBy => {
                self.sort_by(array, callee, element);
                return Some(self.into(array, dst));
            }
            Builtin::ArrayForEach => {
                self.each_element(array, true, |this, position, check| {
                    check(this);
                    let value = this.get_element(array, position, element, None);
                    this.call(callee, &[value], None);
                });
                return Some(self.unit_value());
            }
            _ => {}
        }
        // The result is finished before the destination, which the callback may read, is written.
        let result = self.fresh(ty);
        let end = self.label();
        match builtin {
            Builtin::ArrayMap | Builtin::ArrayFilter => {
                let [low, high] = self.type_id(ty).0.to_le_bytes();
                let room =
                    if builtin == Builtin::ArrayMap { self.length(array, None) } else { self.int(0, None) };
                self.lib(Lib::ArrayNew, result, &[Ext::Byte(low), Ext::Byte(high), Ext::Reg(room.slot)]);
            }
            Builtin::ArrayAll => {
                self.int(1, Some(result));
            }
            _ => {
                self.load_bits(0, true, result);
            }
        }
        self.each_element(array, true, |this, position, check| {
            check(this);
            let value = this.get_element(array, position, element, None);
            let given = this.call(callee, &[value], None);
            match builtin {
                Builtin::ArrayMap => this.append(result, given),
                Builtin::ArrayFilter => {
                    let skip = this.label();
                    this.op(Op::JumpIfNot, &[given.arg(), Arg::To(skip)]);
                    this.append(result, value);
                    this.place(skip);
                }
                Builtin::ArrayFind => {
                    let skip = this.label();
                    this.op(Op::JumpIfNot, &[given.arg(), Arg::To(skip)]);
                    this.copy(result.part(1, element), value);
                    this.load_bits(1, true, result);
                    this.jump(end);
                    this.place(skip);
                }
                _ => {
                    let found = builtin == Builtin::ArrayAny;
                    let skip = this.label();
                    let op = if found { Op::JumpIfNot } else { Op::JumpIf };
                    this.op(op, &[given.arg(), Arg::To(skip)]);
                    this.int(i64::from(found), Some(result));
                    this.jump(end);
                    this.place(skip);
                }
            }
        });
        self.place(end);
        Some(self.into(result, dst))
    }

    /// The array that a method with a callback works on, in a register that the callback does not assign.
    fn collection(&mut self, array: ExprId, function: ExprId) -> Val {
        self.operand(array, core::iter::once(function))
    }

    fn reduce(&mut self, array: ExprId, initial: ExprId, function: ExprId, ty: Ty, dst: Option<Val>) -> Val {
        let array = self.operand(array, [initial, function].into_iter());
        let initial = self.expr(initial, None);
        let result = self.fresh(ty);
        self.copy(result, initial);
        let callee = self.callee(function);
        let element = self.element_of(array.ty);
        self.each_element(array, true, |this, position, check| {
            check(this);
            let value = this.get_element(array, position, element, None);
            let next = this.call(callee, &[result, value], None);
            this.copy(result, next);
        });
        self.into(result, dst)
    }

    /// A stable merge sort, bottom up, between two copies of the array; the result is written back at the end,
    /// which traps if the callback changed the array's length.
    fn sort_by(&mut self, array: Val, callee: (Callee, Ty), element: Ty) {
        let length = self.length(array, None);
        let zero = self.fresh(Types::INT);
        self.int(0, Some(zero));
        let [source, target, spare] = [self.fresh(array.ty), self.fresh(array.ty), self.fresh(array.ty)];
        for copy in [source, target] {
            let array_type = self.type_id(array.ty).0;
            let sliced = self.fresh_slots(&[mog_core::TypeId::INT.0, array_type], array.ty);
            let operands = [Ext::Reg(array.slot), Ext::Reg(zero.slot), Ext::Reg(length.slot)];
            self.lib(Lib::ArraySlice, sliced, &operands);
            self.copy(copy, sliced.part(1, array.ty));
        }
        let [width, low, middle, high] = [(); 4].map(|()| self.fresh(Types::INT));
        let [left, right, at] = [(); 3].map(|()| self.fresh(Types::INT));
        let (widths, all_done) = (self.label(), self.label());
        self.int(1, Some(width));
        self.enter_loop(all_done, widths);
        self.place_ahead(widths);
        self.jump_unless_below(width, length, all_done);
        self.copy_slot(low, zero);
        let (runs, merged) = (self.label(), self.label());
        self.enter_loop(merged, runs);
        self.place_ahead(runs);
        self.jump_unless_below(low, length, merged);
        self.bounded_sum(middle, low, width, length);
        self.bounded_sum(high, middle, width, length);
        self.copy_slot(left, low);
        self.copy_slot(right, middle);
        self.copy_slot(at, low);
        let (elements, run_done) = (self.label(), self.label());
        self.enter_loop(run_done, elements);
        self.place_ahead(elements);
        self.jump_unless_below(at, high, run_done);
        let (take_left, take_right, next) = (self.label(), self.label(), self.label());
        self.jump_unless_below(left, middle, take_right);
        self.jump_unless_below(right, high, take_left);
        let x = self.get_element(source, left, element, None);
        let y = self.get_element(source, right, element, None);
        self.right_comes_first(callee, x, y, take_right);
        self.place(take_left);
        self.move_element(source, target, left, at, element);
        self.jump(next);
        self.place(take_right);
        self.move_element(source, target, right, at, element);
        self.place(next);
        self.op(Op::AddI, &[at.arg(), at.arg(), Arg::Num(1)]);
        self.jump(elements);
        self.leave_loop();
        self.place(run_done);
        self.copy_slot(low, high);
        self.jump(runs);
        self.leave_loop();
        self.place(merged);
        self.copy(spare, source);
        self.copy(source, target);
        self.copy(target, spare);
        self.op(Op::Add, &[width.arg(), width.arg(), width.arg()]);
        self.jump(widths);
        self.leave_loop();
        self.place(all_done);
        let now = self.length(array, None);
        let same = self.label();
        self.op(Op::JEq, &[now.arg(), length.arg(), Arg::To(same)]);
        self.trap(TrapCode::ChangedDuringIteration);
        self.place(same);
        let nothing = self.unit_value();
        self.lib(Lib::ArrayAssign, nothing, &[Ext::Reg(array.slot), Ext::Reg(source.slot)]);
    }

    /// The smaller of a sum and a limit.
    fn bounded_sum(&mut self, dst: Val, x: Val, y: Val, limit: Val) {
        let fine = self.label();
        self.op(Op::Add, &[dst.arg(), x.arg(), y.arg()]);
        self.op(Op::JLe, &[dst.arg(), limit.arg(), Arg::To(fine)]);
        self.copy_slot(dst, limit);
        self.place(fine);
    }

    fn move_element(&mut self, from: Val, to: Val, position: Val, at: Val, element: Ty) {
        let value = self.get_element(from, position, element, None);
        self.set_element(to, at, value);
        self.op(Op::AddI, &[position.arg(), position.arg(), Arg::Num(1)]);
    }

    /// Jumps if the right one of two elements comes strictly before the left one.
    fn right_comes_first(&mut self, callee: (Callee, Ty), left: Val, right: Val, target: Label) {
        if matches!(self.hir().types.kind(callee.1), TyKind::Bool) {
            let before = self.call(callee, &[right, left], None);
            self.op(Op::JumpIf, &[before.arg(), Arg::To(target)]);
        } else {
            let order = self.call(callee, &[left, right], None);
            self.jump_on_number(CompareOp::Gt, order, 0, target);
        }
    }
}

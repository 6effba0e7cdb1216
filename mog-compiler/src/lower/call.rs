//! Calls of functions, closures and capabilities.

use mog_core::isa::Op;

use super::{Arg, Lowering, Val, Wanted};
use crate::hir::{Asked, ExprId, FuncId, ImportId};
use crate::ir::{Code, Ext};
use crate::optimizations::Optimization;
use crate::types::{Ty, TyKind, Types};

impl Lowering<'_, '_> {
    /// A destination for a call's result; none if there is no result.
    pub(super) fn result(&mut self, dst: Option<Val>, ty: Ty) -> Val {
        if self.size(ty) == 0 { self.unit_value() } else { self.target(dst, ty) }
    }

    /// Calls a declared function.
    pub(super) fn call_function(&mut self, function: FuncId, args: &[Val], ty: Ty, dst: Option<Val>) -> Val {
        let future = self.hir().funcs.get(function.0 as usize).and_then(|function| function.future);
        if let Some(future) = future {
            return self.start(Wanted::Function(function), args, future, dst);
        }
        // More than one level only in the function itself: elsewhere they would run once.
        let most = if self.function == Some(function) { u32::MAX } else { 1 };
        if self.makes(Optimization::Inline) && self.inlined < self.unit.inline_levels(function).min(most) {
            self.inlined += 1;
            let value = self.inline_body(function, args, dst);
            self.inlined -= 1;
            return value;
        }
        let number = self.unit.number(Wanted::Function(function));
        let dst = self.result(dst, ty);
        let operands = self.ext_slots(Some(Ext::FrameEnd), args);
        self.op_since(Op::Call, &[dst.arg(), Arg::Num(i32::from(number))], operands);
        dst
    }

    pub(super) fn call_value(&mut self, callee: ExprId, args: &[ExprId], ty: Ty, dst: Option<Val>) -> Val {
        let callee = self.operand(callee, args.iter().copied());
        let args = self.operands(args);
        self.call_closure(callee, &args, ty, dst)
    }

    /// Calls a closure.
    pub(super) fn call_closure(&mut self, callee: Val, args: &[Val], ty: Ty, dst: Option<Val>) -> Val {
        let dst = self.result(dst, ty);
        let count = args.iter().map(|arg| i32::from(self.size(arg.ty))).sum();
        let operands = self.ext_slots(Some(Ext::FrameEnd), args);
        self.op_since(Op::CallClosure, &[dst.arg(), callee.arg(), Arg::Num(count)], operands);
        dst
    }

    /// Calls a capability's function.
    pub(super) fn call_import(
        &mut self,
        import: ImportId,
        args: &[ExprId],
        asked: Asked,
        ty: Ty,
        dst: Option<Val>,
    ) -> Val {
        let values = self.operands(args);
        let op = if asked == Asked::Yes { Op::HostTry } else { Op::HostCall };
        let dst = self.result(dst, ty);
        self.call_host(op, import, &values, dst);
        dst
    }

    /// Makes a host call. One that takes functions is made again after each of their calls that the host asks for.
    pub(super) fn call_host(&mut self, op: Op, import: ImportId, args: &[Val], dst: Val) {
        let callbacks = self.callbacks(import, args);
        let number = Arg::Num(import.0 as i32);
        if callbacks.is_empty() {
            let operands = self.ext_slots(None, args);
            return self.op_since(op, &[dst.arg(), number], operands);
        }
        let [which, token] = [self.int(0, None), self.int(0, None)].map(|zero| {
            let variable = self.fresh(Types::INT);
            self.copy(variable, zero);
            variable
        });
        for val in callbacks.iter().flat_map(|callback| callback.args.iter().chain([&callback.result])) {
            if self.size(val.ty) > 0 {
                self.push(Code::Declare, [val.arg(), Arg::None, Arg::None]);
            }
        }
        let (again, done) = (self.label(), self.label());
        self.enter_loop(done, done);
        self.place_ahead(again);
        let operands = self.ext_slots(None, args);
        let changed = self.body.ext.len();
        self.ext_slots(None, &[which, token]);
        for callback in &callbacks {
            self.ext_slots(None, &callback.args);
            self.ext_slots(None, &[callback.result]);
        }
        for ext in self.body.ext.get_mut(changed..).unwrap_or(&mut []) {
            if let Ext::Reg(slot) = *ext {
                *ext = Ext::Mod(slot);
            }
        }
        self.op_since(op, &[dst.arg(), number], operands);
        self.op(Op::JEqI, &[which.arg(), Arg::Num(0), Arg::To(done)]);
        for (n, callback) in callbacks.iter().enumerate() {
            let other = self.label();
            if n + 1 < callbacks.len() {
                self.op(Op::JNeI, &[which.arg(), Arg::Num(callback.number), Arg::To(other)]);
            }
            self.call_closure(callback.callee, &callback.args, callback.result.ty, Some(callback.result));
            self.jump(again);
            self.place(other);
        }
        self.leave_loop();
        self.place(done);
    }

    /// The functions among the arguments of a host call.
    fn callbacks(&mut self, import: ImportId, args: &[Val]) -> Vec<Callback> {
        let hir = self.hir();
        let params = hir.imports.get(import.0 as usize).map_or(&[][..], |import| &import.params);
        let mut found = Vec::new();
        for ((number, &(_, ty)), &callee) in (1..).zip(params).zip(args) {
            if let TyKind::Fn(params, ret) = hir.types.kind(hir.types.shallow(ty)) {
                let args = params.iter().map(|&ty| self.fresh(hir.types.shallow(ty))).collect();
                let result = self.result(None, hir.types.shallow(*ret));
                found.push(Callback { number, callee, args, result });
            }
        }
        found
    }
}

/// A function that a host call takes as an argument.
struct Callback {
    /// The number of its parameter, from 1.
    number: i32,
    callee: Val,
    /// Where the host puts the arguments.
    args: Vec<Val>,
    /// Where the host finds the result.
    result: Val,
}

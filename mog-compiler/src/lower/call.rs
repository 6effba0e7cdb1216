//! Calls of functions, closures and capabilities.

use mog_core::isa::Op;

use super::{Arg, Lowering, Val, Wanted};
use crate::hir::{Asked, ExprId, FuncId, ImportId};
use crate::ir::Ext;
use crate::types::Ty;

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
        if self.inlined < super::MAX_INLINED && self.unit.is_inlinable(function) {
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
        let operands = self.ext_slots(None, &values);
        self.op_since(op, &[dst.arg(), Arg::Num(import.0 as i32)], operands);
        dst
    }
}

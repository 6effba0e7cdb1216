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
        let mut operands = vec![Ext::FrameEnd];
        for &arg in args {
            operands.extend(self.slots_of(arg));
        }
        let dst = self.result(dst, ty);
        self.op_ext(Op::Call, &[dst.arg(), Arg::Num(i32::from(number))], &operands);
        dst
    }

    pub(super) fn call_value(&mut self, callee: ExprId, args: &[ExprId], ty: Ty, dst: Option<Val>) -> Val {
        let callee = self.operand(callee, args.iter().copied());
        let args = self.operands(args);
        self.call_closure(callee, &args, ty, dst)
    }

    /// Calls a closure.
    pub(super) fn call_closure(&mut self, callee: Val, args: &[Val], ty: Ty, dst: Option<Val>) -> Val {
        let mut operands = vec![Ext::FrameEnd];
        for &arg in args {
            operands.extend(self.slots_of(arg));
        }
        let count = Arg::Num(operands.len() as i32 - 1);
        let dst = self.result(dst, ty);
        self.op_ext(Op::CallClosure, &[dst.arg(), callee.arg(), count], &operands);
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
        let mut operands = Vec::new();
        for value in values {
            operands.extend(self.slots_of(value));
        }
        let op = if asked == Asked::Yes { Op::HostTry } else { Op::HostCall };
        let dst = self.result(dst, ty);
        self.op_ext(op, &[dst.arg(), Arg::Num(import.0 as i32)], &operands);
        dst
    }
}

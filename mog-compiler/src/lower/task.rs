//! Async functions: their calls make tasks, and `await` waits for them.

use mog_core::isa::{Lib, Op};

use super::function::{local_type, start};
use super::{Arg, Lowering, Unit, Val, Wanted};
use crate::hir::{ExprId, ExprKind, FuncId, Group, Hir, ImportId};
use crate::ir::{Body, Ext};
use crate::types::{Ty, TyKind, Types};

/// Whether a program makes tasks at all.
pub(super) fn are_made(hir: &Hir) -> bool {
    hir.funcs.iter().any(|function| function.future.is_some())
        || hir.imports.iter().any(|import| import.is_async)
            && hir.exprs.iter().any(|expr| matches!(expr.kind, ExprKind::StartImport(..)))
}

/// What the host calls for an exported function or the initialiser: the call, then the tasks that are left.
pub(super) fn lower_entry(unit: &mut Unit<'_>, id: FuncId) -> Body {
    let hir = unit.hir;
    let Some(function) = hir.funcs.get(id.0 as usize) else { return Body::default() };
    let params: Vec<Ty> = function.params.iter().map(|&local| local_type(hir, id, local)).collect();
    let mut lowering = start(unit, id, &function.name);
    lowering.signature(&params, function.ret, function.span.start);
    let args = lowering.plain_params(&params);
    let value = lowering.call_function(id, &args, function.future.unwrap_or(function.ret), None);
    let value = if function.future.is_some() { lowering.wait(value, function.ret, None) } else { value };
    lowering.op(Op::Drain, &[]);
    lowering.return_value(Val { ty: hir.types.shallow(function.ret), ..value });
    lowering.body
}

/// The task of a capability call.
pub(super) fn lower_import_task(unit: &mut Unit<'_>, id: ImportId) -> Body {
    let hir = unit.hir;
    let Some(import) = hir.imports.get(id.0 as usize) else { return Body::default() };
    let params: Vec<Ty> = import.params.iter().map(|&(_, ty)| hir.types.shallow(ty)).collect();
    let name = format!("{}.{}", import.capability, import.function);
    let mut lowering = start(unit, FuncId(u32::MAX), &name);
    lowering.signature(&params, import.ret, 0);
    let args = lowering.plain_params(&params);
    let dst = lowering.result(None, hir.types.shallow(import.ret));
    lowering.call_host(Op::HostCall, id, &args, dst);
    lowering.return_value(Val { ty: hir.types.shallow(import.ret), ..dst });
    lowering.body
}

/// The task of `all` or `race` over an array of futures.
pub(super) fn lower_group_task(unit: &mut Unit<'_>, group: Group, futures: Ty, results: Ty) -> Body {
    let hir = unit.hir;
    let future = match hir.types.kind(futures) {
        TyKind::Array(future) => hir.types.shallow(*future),
        _ => return Body::default(),
    };
    let TyKind::Future(value) = *hir.types.kind(future) else { return Body::default() };
    let value = hir.types.shallow(value);
    let name = match group {
        Group::All => "all",
        Group::Race => "race",
    };
    let mut lowering = start(unit, FuncId(u32::MAX), name);
    lowering.signature(&[futures], results, 0);
    let args = lowering.plain_params(&[futures]);
    let Some(&futures) = args.first() else { return lowering.body };
    if group == Group::Race {
        let index = lowering.fresh(Types::INT);
        lowering.op(Op::Race, &[index.arg(), futures.arg()]);
        let first = lowering.get_element(futures, index, future, None);
        let given = lowering.wait(first, value, None);
        lowering.return_value(given);
        return lowering.body;
    }
    lowering.op(Op::Gather, &[futures.arg()]);
    let gathered = lowering.fresh(results);
    let [low, high] = lowering.type_id(results).0.to_le_bytes();
    let room = lowering.length(futures, None);
    lowering.lib(Lib::ArrayNew, gathered, &[Ext::Byte(low), Ext::Byte(high), Ext::Reg(room.slot)]);
    lowering.each_element(futures, false, |this, position, _| {
        let next = this.get_element(futures, position, future, None);
        let given = this.wait(next, value, None);
        this.append(gathered, given);
    });
    lowering.return_value(gathered);
    lowering.body
}

impl Lowering<'_, '_> {
    fn plain_params(&mut self, params: &[Ty]) -> Vec<Val> {
        let args: Vec<Val> = params.iter().map(|&ty| self.fresh(ty)).collect();
        self.body.params.extend(args.iter().map(|val| val.slot.v));
        args
    }

    /// Makes a task of a machine function.
    pub(super) fn start(&mut self, wanted: Wanted, args: &[Val], future: Ty, dst: Option<Val>) -> Val {
        let number = self.unit.number(wanted);
        let future_id = self.type_id(future);
        let task = self.unit.layouts.task(future_id, number);
        let dst = self.target(dst, future);
        let operands = self.ext_slots(None, args);
        self.op_since(Op::NewTask, &[dst.arg(), Arg::Num(i32::from(task.0))], operands);
        dst
    }

    pub(super) fn start_import(&mut self, id: ImportId, args: &[ExprId], ty: Ty, dst: Option<Val>) -> Val {
        let args = self.operands(args);
        self.start(Wanted::ImportTask(id), &args, ty, dst)
    }

    pub(super) fn group(&mut self, group: Group, futures: ExprId, ty: Ty, dst: Option<Val>) -> Val {
        let futures = self.expr(futures, None);
        let of = self.hir().types.shallow(futures.ty);
        let results = match *self.hir().types.kind(ty) {
            TyKind::Future(results) => self.hir().types.shallow(results),
            _ => ty,
        };
        self.start(Wanted::GroupTask(group, of, results), &[futures], ty, dst)
    }

    pub(super) fn await_(&mut self, future: ExprId, ty: Ty, dst: Option<Val>) -> Val {
        let future = self.expr(future, None);
        self.wait(future, ty, dst)
    }

    fn wait(&mut self, future: Val, ty: Ty, dst: Option<Val>) -> Val {
        let dst = self.result(dst, ty);
        self.op(Op::Await, &[dst.arg(), future.arg()]);
        dst
    }

    pub(super) fn spawn(&mut self, future: ExprId, dst: Option<Val>) -> Val {
        let future = self.expr(future, dst);
        self.op(Op::Spawn, &[future.arg()]);
        future
    }
}

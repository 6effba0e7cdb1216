//! Functions: from the whole program down to parameters, captures and results.

use mog_core::TypeId;
use mog_core::isa::Op;

use super::{Arg, Body, List, Lowered, Lowering, Returns, Scope, SmallVec, Unit, Val, Wanted, smallvec};
use crate::hir::{Capture, FuncId, Hir, LocalId};
use crate::ir::{Ext, Label, Layouts, Slot};
use crate::optimizations::Optimizations;
use crate::types::{Ty, TyKind, Types};

/// Lowers a checked program: the functions that its exports and its initialiser reach, in the order of their numbers,
/// with these improvements. Each is finished before the next one begins.
///
/// # Errors
/// Those of `finish`.
pub fn lower<E>(
    hir: &Hir,
    optimizations: Optimizations,
    mut finish: impl FnMut(&mut Body, &mut Layouts) -> Result<(), E>,
) -> Result<Lowered, E> {
    let mut unit = Unit {
        hir,
        optimizations,
        layouts: Layouts::default(),
        constants: Vec::new(),
        constant_index: hashbrown::HashMap::new(),
        globals: Vec::new(),
        purity: super::purity::Purity::default(),
        wanted: Vec::with_capacity(hir.funcs.len()),
        strings: vec![None; hir.strings.len()],
        numbers: hashbrown::HashMap::with_capacity(hir.funcs.len()),
        captures: hashbrown::HashMap::new(),
        inline_levels: vec![None; hir.funcs.len()],
        finished: Body::with_room(),
        hoisted: hashbrown::HashMap::new(),
        exceeded: None,
    };
    // String constants of the program come first: their numbers are those of the checker.
    let mut at = 0u16;
    for global in &hir.globals {
        unit.globals.push(at);
        at = at.saturating_add(u16::try_from(unit.layouts.slots(hir, global.ty).len()).unwrap_or(u16::MAX));
    }
    let state_type = unit.layouts.state(hir).0;
    let imports = hir.imports.iter().map(|import| {
        let params: List<Ty> = import.params.iter().map(|&(_, ty)| ty).collect();
        unit.function_type(&params, import.ret).0
    });
    let imports = imports.collect();
    let has_tasks = super::task::are_made(hir);
    let entry = |function| if has_tasks { Wanted::Entry(function) } else { Wanted::Function(function) };
    let init = hir.init.map(|function| unit.number(entry(function)));
    let exports = hir.exports.iter().map(|&(_, function)| unit.number(entry(function))).collect();
    let mut number = 0;
    while unit.exceeded.is_none()
        && let Some(&wanted) = unit.wanted.get(number)
    {
        let mut body = match wanted {
            Wanted::Function(function) => lower_function(&mut unit, function, false),
            Wanted::Closure(function) => lower_function(&mut unit, function, true),
            Wanted::Wrapper(function) => lower_wrapper(&mut unit, function),
            Wanted::Entry(function) => super::task::lower_entry(&mut unit, function),
            Wanted::ImportTask(import) => super::task::lower_import_task(&mut unit, import),
            Wanted::GroupTask(group, futures, results) => {
                super::task::lower_group_task(&mut unit, group, futures, results)
            }
        };
        finish(&mut body, &mut unit.layouts)?;
        unit.finished = body;
        number += 1;
    }
    let Unit { layouts, constants, exceeded, .. } = unit;
    Ok(Lowered { layouts, constants, state_type, imports, exports, init, exceeded })
}

impl Unit<'_> {
    /// The number of a function type.
    pub(super) fn function_type(&mut self, params: &[Ty], ret: Ty) -> TypeId {
        self.layouts.function(self.hir, params, ret)
    }

    /// The type of a closure's object.
    pub(super) fn captures_type(&mut self, function: FuncId) -> TypeId {
        if let Some(&id) = self.captures.get(&function) {
            return id;
        }
        let hir = self.hir;
        let (mut types, mut slots) = (Vec::new(), Vec::new());
        if let Some(definition) = hir.funcs.get(function.0 as usize) {
            for capture in &definition.captures {
                let Some(local) = definition.locals.get(capture.inner.0 as usize) else { continue };
                if local.boxed {
                    let cell = self.layouts.cell(hir, local.ty).0;
                    types.push(cell);
                    slots.push(cell);
                } else {
                    types.push(self.layouts.id(hir, local.ty).0);
                    slots.extend(self.layouts.slots(hir, local.ty));
                }
            }
        }
        let id = self.layouts.captures(&types, &slots);
        self.captures.insert(function, id);
        id
    }
}

pub(super) fn start<'u, 'h>(unit: &'u mut Unit<'h>, function: FuncId, name: &str) -> Lowering<'u, 'h> {
    let definition = unit.hir.funcs.get(function.0 as usize);
    let locals = definition.map_or(0, |definition| definition.locals.len());
    let scope = Scope {
        function: definition,
        locals: smallvec![None; locals],
        returns: Returns::Frame,
        loops: SmallVec::new(),
        never_negative: SmallVec::new(),
    };
    unit.hoisted.clear();
    let mut body = core::mem::take(&mut unit.finished).renew(name);
    body.file = unit.hir.func_files.get(function.0 as usize).copied().unwrap_or(0);
    Lowering { unit, function: None, body, scope, loop_depth: 0, inlined: 0, at: 0, reachable: true }
}

fn lower_function(unit: &mut Unit<'_>, id: FuncId, is_closure: bool) -> Body {
    let hir = unit.hir;
    let Some(function) = hir.funcs.get(id.0 as usize) else { return Body::default() };
    let captures = if is_closure { unit.captures_type(id) } else { TypeId::UNIT };
    let params: List<Ty> = function.params.iter().map(|&local| local_type(hir, id, local)).collect();
    let mut lowering = start(unit, id, &function.name);
    lowering.function = Some(id);
    lowering.signature(&params, function.ret, function.span.start);
    lowering.body.captures = captures.0;
    if is_closure {
        let closure = lowering.fresh_slot(captures, Types::UNIT);
        lowering.body.params.push(closure.slot.v);
        lowering.params(&function.params);
        lowering.load_captures(closure, &function.captures);
    } else {
        lowering.params(&function.params);
    }
    let value = lowering.expr(function.body, None);
    lowering.at = function.span.end.saturating_sub(1);
    if matches!(hir.types.kind(function.ret), TyKind::Unit) {
        lowering.op(Op::Ret, &[]);
    } else {
        lowering.return_value(value);
    }
    lowering.body
}

/// A closure without captures that calls a named function.
fn lower_wrapper(unit: &mut Unit<'_>, id: FuncId) -> Body {
    let hir = unit.hir;
    let Some(function) = hir.funcs.get(id.0 as usize) else { return Body::default() };
    let captures = unit.layouts.captures(&[], &[]);
    let params: List<Ty> = function.params.iter().map(|&local| local_type(hir, id, local)).collect();
    let ret = function.future.unwrap_or(function.ret);
    let mut lowering = start(unit, id, &function.name);
    lowering.signature(&params, ret, function.span.start);
    lowering.body.captures = captures.0;
    let closure = lowering.fresh_slot(captures, Types::UNIT);
    lowering.body.params.push(closure.slot.v);
    let args: List<Val> = params.iter().map(|&ty| lowering.fresh(ty)).collect();
    lowering.body.params.extend(args.iter().map(|val| val.slot.v));
    let value = lowering.call_function(id, &args, ret, None);
    lowering.return_value(value);
    lowering.body
}

pub(super) fn local_type(hir: &Hir, function: FuncId, local: LocalId) -> Ty {
    let function = hir.funcs.get(function.0 as usize);
    let local = function.and_then(|function| function.locals.get(local.0 as usize));
    local.map_or(Types::UNIT, |local| hir.types.shallow(local.ty))
}

impl Lowering<'_, '_> {
    /// Says what the function takes and gives, and where it stands in the source.
    pub(super) fn signature(&mut self, params: &[Ty], ret: Ty, at: u32) {
        self.at = at;
        self.body.signature = self.unit.function_type(params, ret).0;
        self.body.results = self.size(ret);
    }

    /// Parameters arrive in registers; one that closures change moves to a cell.
    fn params(&mut self, params: &[LocalId]) {
        let mut boxed = Vec::new();
        for &param in params {
            let (ty, is_boxed) = self.local_info(param);
            let val = self.fresh(ty);
            self.body.params.push(val.slot.v);
            if is_boxed {
                boxed.push((param, val));
            } else {
                self.bind_local(param, val.slot.v);
            }
        }
        for (param, val) in boxed {
            self.make_cell(param, val);
        }
    }

    fn load_captures(&mut self, closure: Val, captures: &[Capture]) {
        let mut field = 1u8;
        for capture in captures {
            let (ty, boxed) = self.local_info(capture.inner);
            let v = self.local(capture.inner);
            let size = if boxed { 1 } else { self.size(ty) };
            let dst = Val::whole(v, ty);
            self.load_slots(dst, closure, field, size);
            field = match field.checked_add(size) {
                Some(next) => next,
                None => {
                    self.unit.exceeded = Some("variables in one closure");
                    return;
                }
            };
        }
    }

    /// Reads so many slots of an object.
    pub(super) fn load_slots(&mut self, dst: Val, object: Val, field: u8, size: u8) {
        let args = [dst.arg(), object.arg(), Arg::Num(i32::from(field))];
        match size {
            0 => {}
            1 if self.holds_float(dst.slot) => self.op(Op::LoadFieldF, &args),
            1 => self.op(Op::LoadField, &args),
            _ => self.op_ext(Op::LoadFieldN, &args, &[Ext::Byte(size)]),
        }
    }

    /// Whether a slot is a float's, whatever type it goes under.
    fn holds_float(&self, slot: Slot) -> bool {
        let class = self.body.classes.get(slot.v.0 as usize);
        let slots = class.map_or(&[][..], |&class| self.unit.layouts.classes.slots(class));
        slots.get(usize::from(slot.sub)) == Some(&TypeId::FLOAT.0)
    }

    /// Writes so many slots of an object.
    pub(super) fn store_slots(&mut self, object: Val, field: u8, src: Val, size: u8) {
        let args = [object.arg(), Arg::Num(i32::from(field)), src.arg()];
        match size {
            0 => {}
            1 => self.op(Op::StoreField, &args),
            _ => self.op_ext(Op::StoreFieldN, &args, &[Ext::Byte(size)]),
        }
    }

    /// Makes a new cell for a variable that closures share.
    pub(super) fn make_cell(&mut self, local: LocalId, value: Val) {
        let (ty, _) = self.local_info(local);
        let v = self.local(local);
        let cell = self.unit.layouts.cell(self.unit.hir, ty);
        let operands = self.ext_slots(None, &[value]);
        self.op_since(Op::New, &[Arg::Reg(Slot { v, sub: 0 }), Arg::Num(i32::from(cell.0))], operands);
    }

    /// Returns a value from the function, or from the closure that is being inlined.
    pub(super) fn return_value(&mut self, value: Val) {
        match self.scope.returns {
            Returns::Frame => match self.size(value.ty) {
                0 => self.op(Op::Ret, &[]),
                1 => self.op(Op::Ret1, &[value.arg()]),
                n => self.op(Op::RetN, &[value.arg(), Arg::Num(i32::from(n))]),
            },
            Returns::Inline(dst, end) => {
                if let Some(dst) = dst {
                    self.copy(dst, value);
                }
                self.jump(end);
            }
        }
    }

    /// The body of a function or closure in place of a call of it: its parameters are given, its captures are the
    /// enclosing function's own variables.
    pub(super) fn inline_body(&mut self, function: FuncId, args: &[Val], dst: Option<Val>) -> Val {
        let hir = self.hir();
        let Some(definition) = hir.funcs.get(function.0 as usize) else { return self.fresh(Types::UNIT) };
        let ret = hir.types.shallow(definition.ret);
        let size = self.size(ret);
        let dst = if size == 0 { None } else { Some(self.target(dst, ret)) };
        let end: Label = self.label();
        let captured: Vec<(LocalId, crate::ir::V)> =
            definition.captures.iter().map(|capture| (capture.inner, self.local(capture.outer))).collect();
        let scope = Scope {
            function: Some(definition),
            locals: smallvec![None; definition.locals.len()],
            returns: Returns::Inline(dst, end),
            loops: SmallVec::new(),
            never_negative: SmallVec::new(),
        };
        let outer = core::mem::replace(&mut self.scope, scope);
        for (inner, v) in captured {
            self.bind_local(inner, v);
        }
        for (&param, &arg) in definition.params.iter().zip(args) {
            let (ty, boxed) = self.local_info(param);
            if boxed {
                self.make_cell(param, arg);
            } else {
                let v = self.local(param);
                self.copy(Val::whole(v, ty), arg);
            }
        }
        let value = self.expr(definition.body, dst);
        if let Some(dst) = dst
            && value.ty != Types::NEVER
        {
            self.copy(dst, value);
        }
        self.place(end);
        self.scope = outer;
        dst.unwrap_or(Val { ty: Types::UNIT, ..value })
    }
}

//! Expressions: one function that tells the kinds apart, and the simple ones.

use mog_core::isa::{Lib, Op};
use smallvec::smallvec;

use super::{Arg, List, Lowering, Val, Wanted};
use crate::hir::{Expr, ExprId, ExprKind, FuncId, StrId};
use crate::ir::{Ext, Layouts, Slot};
use crate::types::{EnumId, Ty, TyKind, Types};

impl<'h> Lowering<'_, 'h> {
    /// Lowers an expression. With a destination the value is there afterwards; without one it is wherever it is
    /// cheapest, which may be a variable's own register.
    pub(super) fn expr(&mut self, id: ExprId, dst: Option<Val>) -> Val {
        let expr = self.hir().expr(id);
        // The commonest, and no code at all.
        if dst.is_none()
            && let ExprKind::Local(local) = expr.kind
            && let (ty, false) = self.local_info(local)
        {
            return Val::whole(self.local(local), ty);
        }
        self.any_expr(id, expr, dst)
    }

    #[inline(never)]
    fn any_expr(&mut self, id: ExprId, expr: &'h Expr, dst: Option<Val>) -> Val {
        let hir = self.hir();
        let ty = hir.types.shallow(expr.ty);
        let before = self.at;
        self.at = expr.span.start;
        let value = match &expr.kind {
            ExprKind::Unit => self.unit_value(),
            ExprKind::Bool(value) => self.int_constant(i64::from(*value), ty, dst),
            ExprKind::Int(value) => self.int_constant(*value, ty, dst),
            ExprKind::Float(value) => match dst {
                Some(_) => self.float(*value, dst),
                None => Val { ty, ..self.float(*value, None) },
            },
            ExprKind::Str(text) => self.string_constant(*text, dst),
            ExprKind::None => self.none(ty, dst),
            ExprKind::Local(local) => {
                let value = self.read_local(*local, dst);
                self.into(value, dst)
            }
            ExprKind::Global(global) => self.read_global(*global, ty, dst),
            ExprKind::FuncValue(function) => self.function_value(*function, ty, dst),
            ExprKind::Closure(function) => self.closure(*function, ty, dst),
            ExprKind::Block(statements, value) => {
                for &statement in statements {
                    self.expr(statement, None);
                }
                match value {
                    Some(value) => self.expr(*value, dst),
                    None => self.unit_value(),
                }
            }
            ExprKind::Let(local, value) => self.let_(*local, *value),
            ExprKind::SetLocal(local, value) => self.set_local(*local, *value),
            ExprKind::SetGlobal(global, value) => self.set_global(*global, *value),
            ExprKind::SetField(object, field, value) => self.set_field(*object, *field, *value),
            ExprKind::SetIndex(base, index, value) => self.set_index(*base, *index, *value),
            ExprKind::Unary(op, operand) => self.unary(*op, *operand, ty, dst),
            ExprKind::Arith(first, rest) => {
                let value = self.arith(*first, rest, ty, dst);
                self.into(value, dst)
            }
            ExprKind::Concat(parts) => self.concat(parts, dst),
            ExprKind::Compare(..) | ExprKind::Logic(..) | ExprKind::Is(..) => self.boolean(id, dst),
            ExprKind::Cast(operand) => self.cast(*operand, ty, dst),
            ExprKind::ToAny(operand) => self.any_of(*operand, dst),
            ExprKind::FromAny(operand) => self.out_of_any(*operand, ty, dst),
            ExprKind::If(condition, then, otherwise) => self.if_(*condition, *then, *otherwise, ty, dst),
            ExprKind::Match(value, arms) => self.match_(*value, arms, ty, dst),
            ExprKind::While(condition, body) => self.while_(*condition, *body),
            ExprKind::ForRange(local, from, to, inclusive, body) => {
                self.for_range(*local, *from, *to, *inclusive, *body)
            }
            ExprKind::ForArray(index, element, array, body) => {
                self.for_array(*index, *element, *array, *body)
            }
            ExprKind::ForMap(key, value, map, body) => self.for_map(*key, *value, *map, *body),
            ExprKind::ForStr(position, character, text, body) => {
                self.for_str(*position, *character, *text, *body)
            }
            ExprKind::ForAny(key, element, value, body) => self.for_any(*key, *element, *value, *body),
            ExprKind::Break | ExprKind::Continue => {
                if let Some(&target) = self.scope.loops.last() {
                    let leaves = matches!(expr.kind, ExprKind::Break);
                    self.jump(if leaves { target.on_break } else { target.on_continue });
                }
                self.unit_value()
            }
            ExprKind::Return(value) => {
                let value = match value {
                    Some(value) => self.expr(*value, None),
                    None => self.unit_value(),
                };
                self.return_value(value);
                self.unit_value()
            }
            ExprKind::Call(function, args) => {
                let args = self.operands(args);
                self.call_function(*function, &args, ty, dst)
            }
            ExprKind::CallValue(callee, args) => self.call_value(*callee, args, ty, dst),
            ExprKind::CallImport(import, args, asked) => self.call_import(*import, args, *asked, ty, dst),
            ExprKind::StartImport(import, args) => self.start_import(*import, args, ty, dst),
            ExprKind::Await(future) => self.await_(*future, ty, dst),
            ExprKind::Spawn(future) => self.spawn(*future, dst),
            ExprKind::Group(group, futures) => self.group(*group, *futures, ty, dst),
            ExprKind::Available(name) => {
                let name = self.string_constant(*name, None);
                let dst = self.target(dst, ty);
                self.lib(Lib::Available, dst, &[Ext::Reg(name.slot)]);
                dst
            }
            ExprKind::Builtin(builtin, args, asked) => self.builtin(*builtin, args, *asked, ty, dst),
            ExprKind::Index(base, index, asked) => self.index(*base, *index, *asked, ty, dst),
            ExprKind::Slice(base, from, to, asked) => self.slice(*base, *from, *to, *asked, ty, dst),
            ExprKind::Field(object, field) => self.field(*object, *field, ty, dst),
            ExprKind::AnyField(base, key, asked) => self.any_field(*base, *key, *asked, ty, dst),
            ExprKind::Some(value) => self.tagged(1, *value, ty, dst),
            ExprKind::Ok(value) => self.tagged(0, *value, ty, dst),
            ExprKind::Err(message) => {
                let message = self.expr(*message, None);
                let dst = self.target(dst, ty);
                self.failure(dst, None, message);
                dst
            }
            ExprKind::Try(value, to) => {
                let value = self.try_(*value, *to, ty, dst);
                self.into(value, dst)
            }
            ExprKind::UnwrapOr(value, default) => self.unwrap_or(*value, *default, ty, dst),
            ExprKind::IsPresent(value) => {
                let value = self.expr(*value, None);
                let dst = self.target(dst, ty);
                if matches!(hir.types.kind(value.ty), TyKind::Result(_)) {
                    self.op(Op::EqI, &[dst.arg(), value.arg(), Arg::Num(0)]);
                } else {
                    self.op(Op::NeI, &[dst.arg(), value.arg(), Arg::Num(0)]);
                }
                dst
            }
            ExprKind::TryCatch(body, message, kind, handler) => {
                self.try_catch(*body, *message, *kind, *handler, ty, dst)
            }
            ExprKind::StructLit(_, fields) => {
                let id = self.type_id(ty);
                self.new_object(id, fields, ty, dst)
            }
            ExprKind::EnumLit(id, variant, payload) => self.enum_literal(*id, *variant, payload, ty, dst),
            ExprKind::ArrayLit(elements) => self.array_literal(elements, ty, dst),
            ExprKind::ArrayFill(value, count) => self.array_fill(*value, *count, ty, dst),
            ExprKind::MapLit(entries) => self.map_literal(entries, ty, dst),
            ExprKind::Display(value) => {
                let value = self.expr(*value, None);
                self.display(value, dst)
            }
            ExprKind::Fixed(value, decimals) => {
                let mut value = self.expr(*value, None);
                if !self.is_float(value.ty) {
                    let float = self.fresh(Types::FLOAT);
                    let kind = self.int_kind(value.ty).unwrap_or(crate::types::IntKind::I64);
                    let code = Arg::Num(super::numeric::int_code(kind) as i32);
                    self.op(Op::IntToFloat, &[float.arg(), value.arg(), code]);
                    value = float;
                }
                let decimals = self.int(i64::from(*decimals), None);
                let dst = self.target(dst, ty);
                self.lib(Lib::FloatFixed, dst, &[Ext::Reg(value.slot), Ext::Reg(decimals.slot)]);
                dst
            }
            ExprKind::Panic(message) => {
                let message = self.expr(*message, None);
                self.op(Op::Panic, &[message.arg()]);
                self.unit_value()
            }
        };
        self.at = before;
        // What never ends normally has no value; whoever asked for one will not miss it.
        if ty == Types::NEVER { Val { ty, ..value } } else { value }
    }

    /// A value that has no slots.
    pub(super) fn unit_value(&mut self) -> Val {
        Val::whole(super::NOWHERE, Types::UNIT)
    }

    /// A value in the destination, if there is one.
    pub(super) fn into(&mut self, value: Val, dst: Option<Val>) -> Val {
        match dst {
            Some(dst) => {
                self.copy(dst, value);
                dst
            }
            None => value,
        }
    }

    pub(super) fn text(&self, id: StrId) -> &'h str {
        self.hir().strings.get(id.0 as usize).map_or("", String::as_str)
    }

    fn int_constant(&mut self, value: i64, ty: Ty, dst: Option<Val>) -> Val {
        match dst {
            Some(_) => self.int(value, dst),
            None => Val { ty, ..self.int(value, None) },
        }
    }

    fn none(&mut self, ty: Ty, dst: Option<Val>) -> Val {
        if matches!(self.hir().types.kind(ty), TyKind::Any) {
            let dst = self.target(dst, ty);
            let operands = self.typed(Types::UNIT, &[dst]);
            self.lib(Lib::ToAny, dst, &operands);
            return dst;
        }
        let dst = self.target(dst, ty);
        self.load_bits(0, true, dst);
        dst
    }

    /// An operand of an instruction that has more of them. A variable's own register will do, unless one of the
    /// later operands assigns variables.
    pub(super) fn operand(&mut self, id: ExprId, later: impl Iterator<Item = ExprId>) -> Val {
        let value = self.expr(id, None);
        let is_local = matches!(self.hir().expr(id).kind, ExprKind::Local(_));
        if !is_local {
            return value;
        }
        let hir = self.hir();
        for later in later {
            if self.unit.purity.of(hir, later).assigns {
                return self.copied(value);
            }
        }
        value
    }

    fn copied(&mut self, value: Val) -> Val {
        let copy = self.fresh(value.ty);
        self.copy(copy, value);
        copy
    }

    pub(super) fn operands(&mut self, ids: &[ExprId]) -> List<Val> {
        let hir = self.hir();
        let is_local = |&id: &ExprId| matches!(hir.expr(id).kind, ExprKind::Local(_));
        let mut values = List::with_capacity(ids.len());
        // Up to here, variables may change before the operands are used.
        let mut changing = 0;
        if ids.iter().any(is_local) {
            let last = ids.iter().rposition(|&id| self.unit.purity.of(hir, id).assigns);
            changing = last.unwrap_or(0);
        }
        for (n, id) in ids.iter().enumerate() {
            let value = self.expr(*id, None);
            values.push(if n < changing && is_local(id) { self.copied(value) } else { value });
        }
        values
    }

    pub(super) fn two(&mut self, left: ExprId, right: ExprId) -> [Val; 2] {
        let x = self.operand(left, core::iter::once(right));
        [x, self.expr(right, None)]
    }

    fn concat(&mut self, parts: &[ExprId], dst: Option<Val>) -> Val {
        let mut joined: Option<Val> = None;
        // The count is a byte: longer chains join what they have so far.
        for chunk in parts.chunks(200) {
            let mut values: List<Val> = joined.into_iter().collect();
            values.extend(self.operands(chunk));
            let last = chunk.last() == parts.last() && chunk.len() < 200;
            let target = if last { self.target(dst, Types::STR) } else { self.fresh(Types::STR) };
            let mut operands: List<Ext> = smallvec![Ext::Byte(values.len() as u8)];
            operands.extend(values.iter().map(|value| Ext::Reg(value.slot)));
            self.lib(Lib::StrConcat, target, &operands);
            joined = Some(target);
        }
        match joined {
            Some(joined) => self.into(joined, dst),
            None => self.string("", dst),
        }
    }

    /// The text of a value.
    pub(super) fn display(&mut self, value: Val, dst: Option<Val>) -> Val {
        let lib = match self.hir().types.kind(value.ty) {
            TyKind::Str => return self.into(value, dst),
            TyKind::Int(crate::types::IntKind::U64) => Lib::UintText,
            TyKind::Int(_) => Lib::IntText,
            TyKind::Float => Lib::FloatText,
            TyKind::F32 => Lib::F32Text,
            TyKind::Bool => Lib::BoolText,
            TyKind::Unit => return self.string("()", dst),
            _ => {
                let operands = self.typed(value.ty, &[value]);
                let dst = self.target(dst, Types::STR);
                self.lib(Lib::Display, dst, &operands);
                return dst;
            }
        };
        let dst = self.target(dst, Types::STR);
        self.lib(lib, dst, &[Ext::Reg(value.slot)]);
        dst
    }

    fn any_of(&mut self, operand: ExprId, dst: Option<Val>) -> Val {
        let value = self.expr(operand, None);
        let value = self.convert_to_any(value, dst);
        self.into(value, dst)
    }

    /// A value as `any`.
    pub(super) fn as_any(&mut self, value: Val) -> Val {
        self.convert_to_any(value, None)
    }

    fn convert_to_any(&mut self, value: Val, dst: Option<Val>) -> Val {
        if matches!(self.hir().types.kind(value.ty), TyKind::Any) {
            return value;
        }
        let dst = self.target(dst, Types::ANY);
        let operand = if self.size(value.ty) == 0 { dst } else { value };
        let operands = self.typed(value.ty, &[operand]);
        self.lib(Lib::ToAny, dst, &operands);
        dst
    }

    fn out_of_any(&mut self, operand: ExprId, ty: Ty, dst: Option<Val>) -> Val {
        let value = self.expr(operand, None);
        // Asked, the result is a Result of the type; bare, the type itself.
        if let TyKind::Result(payload) = *self.hir().types.kind(ty) {
            let operands = self.typed(payload, &[value]);
            let result = self.target(dst, ty);
            self.lib(Lib::FromAny, result, &operands);
            return result;
        }
        let operands = self.typed(ty, &[value]);
        self.raising(Lib::FromAny, &operands, ty, dst)
    }

    /// A library function that gives a `Result`; its failure is raised, its value given.
    pub(super) fn raising(&mut self, lib: Lib, operands: &[Ext], ty: Ty, dst: Option<Val>) -> Val {
        let mut slots = vec![mog_core::TypeId::INT.0];
        slots.extend(self.unit.layouts.slots(self.unit.hir, ty));
        slots.push(mog_core::TypeId::STR.0);
        let result = self.fresh_slots(&slots, ty);
        self.lib(lib, result, operands);
        self.raise_unless_ok(result, ty);
        let value = result.part(1, ty);
        self.into(value, dst)
    }

    /// Raises the failure of a `Result` of a payload type, if it is one.
    pub(super) fn raise_unless_ok(&mut self, result: Val, payload: Ty) {
        let fine = self.label();
        self.op(Op::JEqI, &[result.arg(), Arg::Num(0), Arg::To(fine)]);
        let message = result.part(1 + self.size(payload), Types::STR);
        self.raise(result, message);
        self.place(fine);
    }

    pub(super) fn raise(&mut self, kind: Val, message: Val) {
        let error = self.fresh_slots(&[mog_core::TypeId::INT.0, mog_core::TypeId::STR.0], Types::UNIT);
        self.copy_slot(error, kind);
        self.copy_slot(error.part(1, Types::STR), message);
        self.op(Op::Raise, &[error.arg()]);
    }

    /// `some(value)` or `ok(value)`.
    fn tagged(&mut self, tag: i64, value: ExprId, ty: Ty, dst: Option<Val>) -> Val {
        let value = self.expr(value, None);
        let dst = self.target(dst, ty);
        self.copy(dst.part(1, value.ty), value);
        self.load_bits(tag.cast_unsigned(), true, dst);
        dst
    }

    /// Makes a `Result` a failure of a kind (default: failed) with a message.
    pub(super) fn failure(&mut self, dst: Val, kind: Option<Val>, message: Val) {
        let TyKind::Result(payload) = *self.hir().types.kind(dst.ty) else { return };
        let at = 1 + self.size(payload);
        self.copy_slot(dst.part(at, Types::STR), message);
        match kind {
            Some(kind) => self.copy_slot(dst, kind),
            None => self.load_bits(mog_core::Failure::Failed as u64, true, dst),
        }
    }

    fn new_object(&mut self, id: mog_core::TypeId, fields: &[ExprId], ty: Ty, dst: Option<Val>) -> Val {
        let values = self.operands(fields);
        let dst = self.target(dst, ty);
        let operands = self.ext_slots(None, &values);
        self.op_since(Op::New, &[dst.arg(), Arg::Num(i32::from(id.0))], operands);
        dst
    }

    fn enum_literal(
        &mut self,
        id: EnumId,
        variant: u32,
        payload: &[ExprId],
        ty: Ty,
        dst: Option<Val>,
    ) -> Val {
        let hir = self.hir();
        if self.unit.layouts.is_boxed_enum(hir, id) {
            let object = Layouts::variant(self.type_id(ty), variant);
            return self.new_object(object, payload, ty, dst);
        }
        let values = self.operands(payload);
        let dst = self.target(dst, ty);
        let mut at = self.payload_offset(id, variant);
        for value in values {
            self.copy(dst.part(at, value.ty), value);
            at += self.size(value.ty);
        }
        self.load_bits(u64::from(variant), true, dst);
        dst
    }

    /// The first payload slot of a variant of an enum whose values are flat.
    pub(super) fn payload_offset(&mut self, id: EnumId, variant: u32) -> u8 {
        self.unit.layouts.payload_offset(self.unit.hir, id, variant)
    }

    fn function_value(&mut self, function: FuncId, ty: Ty, dst: Option<Val>) -> Val {
        let number = self.unit.number(Wanted::Wrapper(function));
        let dst = self.target(dst, ty);
        self.op(Op::NewClosure, &[dst.arg(), Arg::Num(i32::from(number))]);
        dst
    }

    fn closure(&mut self, function: FuncId, ty: Ty, dst: Option<Val>) -> Val {
        let hir = self.hir();
        let number = self.unit.number(Wanted::Closure(function));
        let captures = hir.funcs.get(function.0 as usize).map_or(&[][..], |f| &f.captures);
        let mut operands = Vec::new();
        for capture in captures {
            let v = self.local(capture.outer);
            let (ty, boxed) = self.local_info(capture.outer);
            let size = if boxed { 1 } else { self.size(ty) };
            operands.extend((0..size).map(|sub| Ext::Reg(Slot { v, sub })));
        }
        let dst = self.target(dst, ty);
        self.op_ext(Op::NewClosure, &[dst.arg(), Arg::Num(i32::from(number))], &operands);
        dst
    }
}

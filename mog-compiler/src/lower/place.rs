//! Variables, fields, elements: reading and assigning.

use mog_core::TrapCode;
use mog_core::heap::MAX_VALUE_SLOTS;
use mog_core::isa::{Lib, Op};
use mog_core::module::Packing;

use super::{Arg, Lowering, Val};
use crate::hir::{Asked, CompareOp, ExprId, GlobalId, LocalId, StrId};
use crate::ir::{Code, Ext, dtype_id};
use crate::types::{Ty, TyKind, Types};

impl Lowering<'_, '_> {
    /// A local variable's value: its own register, or a copy out of its cell.
    pub(super) fn read_local(&mut self, local: LocalId, dst: Option<Val>) -> Val {
        let (ty, boxed) = self.local_info(local);
        let v = self.local(local);
        let place = Val::whole(v, ty);
        if !boxed {
            return place;
        }
        let dst = self.target(dst, ty);
        let size = self.size(ty);
        self.load_slots(dst, place, 0, size);
        dst
    }

    /// Stores a value that was computed elsewhere in a fresh variable.
    pub(super) fn bind(&mut self, local: LocalId, value: Val) {
        let (ty, boxed) = self.local_info(local);
        if boxed {
            self.make_cell(local, value);
        } else {
            let v = self.local(local);
            self.copy(Val::whole(v, ty), value);
        }
    }

    pub(super) fn let_(&mut self, local: LocalId, value: Option<ExprId>) -> Val {
        let (ty, boxed) = self.local_info(local);
        if let Some(value) = value {
            self.note_sign(local, value);
        }
        match value {
            Some(value) if boxed => {
                let value = self.expr(value, None);
                self.make_cell(local, value);
            }
            Some(value) => {
                let v = self.local(local);
                self.expr_into_variable(value, Val::whole(v, ty));
            }
            None if boxed => {
                let value = self.fresh(ty);
                self.push(Code::Declare, [value.arg(), Arg::None, Arg::None]);
                self.make_cell(local, value);
            }
            None => {
                let place = Val::whole(self.local(local), ty);
                self.push(Code::Declare, [place.arg(), Arg::None, Arg::None]);
            }
        }
        self.unit_value()
    }

    /// Lowers an expression into a variable's register. Values of several slots that are built in parts could
    /// read the variable meanwhile, so those go by a register of their own.
    fn expr_into_variable(&mut self, value: ExprId, place: Val) {
        match self.size(place.ty) {
            0 => {
                self.expr(value, None);
            }
            1 => {
                self.expr(value, Some(place));
            }
            _ => {
                let value = self.expr(value, None);
                if value.ty != Types::NEVER {
                    self.copy(place, Val { ty: place.ty, ..value });
                }
            }
        }
    }

    pub(super) fn set_local(&mut self, local: LocalId, value: ExprId) -> Val {
        let (ty, boxed) = self.local_info(local);
        let place = Val::whole(self.local(local), ty);
        if boxed {
            let value = self.expr(value, None);
            let size = self.size(ty);
            self.store_slots(place, 0, value, size);
        } else {
            self.expr_into_variable(value, place);
        }
        self.unit_value()
    }

    fn global_slot(&self, global: GlobalId) -> i32 {
        self.unit.globals.get(global.0 as usize).map_or(0, |&slot| i32::from(slot))
    }

    pub(super) fn read_global(&mut self, global: GlobalId, ty: Ty, dst: Option<Val>) -> Val {
        let dst = self.target(dst, ty);
        let slot = Arg::Num(self.global_slot(global));
        match self.size(ty) {
            0 => {}
            1 => self.op(Op::LoadGlobal, &[dst.arg(), slot]),
            n => self.op_ext(Op::LoadGlobalN, &[dst.arg(), slot], &[Ext::Byte(n)]),
        }
        dst
    }

    pub(super) fn set_global(&mut self, global: GlobalId, value: ExprId) -> Val {
        let value = self.expr(value, None);
        let slot = Arg::Num(self.global_slot(global));
        match self.size(value.ty) {
            0 => {}
            1 => self.op(Op::StoreGlobal, &[value.arg(), slot]),
            n => self.op_ext(Op::StoreGlobalN, &[value.arg(), slot], &[Ext::Byte(n)]),
        }
        self.unit_value()
    }

    /// First slot of a struct's field.
    fn field_offset(&mut self, ty: Ty, field: u32) -> u8 {
        let hir = self.hir();
        let TyKind::Struct(id) = hir.types.kind(ty) else { return 0 };
        let fields = hir.types.structs.get(id.0 as usize).map_or(&[][..], |definition| &definition.fields);
        // Ends at the first slot that is out of range, so that this takes no longer for more fields.
        let mut before = fields.iter().take(field as usize);
        before.try_fold(0u8, |offset, &(_, ty)| offset.checked_add(self.size(ty))).unwrap_or_else(|| {
            self.unit.exceeded = Some("fields in one struct");
            0
        })
    }

    pub(super) fn field(&mut self, object: ExprId, field: u32, ty: Ty, dst: Option<Val>) -> Val {
        let object = self.expr(object, None);
        self.read_field(object, field, ty, dst)
    }

    pub(super) fn read_field(&mut self, object: Val, field: u32, ty: Ty, dst: Option<Val>) -> Val {
        let offset = self.field_offset(object.ty, field);
        let dst = self.target(dst, ty);
        let size = self.size(ty);
        self.load_slots(dst, object, offset, size);
        dst
    }

    pub(super) fn set_field(&mut self, object: ExprId, field: u32, value: ExprId) -> Val {
        let [object, value] = self.two(object, value);
        let offset = self.field_offset(object.ty, field);
        let size = self.size(value.ty);
        self.store_slots(object, offset, value, size);
        self.unit_value()
    }

    /// The element type of an array.
    pub(super) fn element_of(&self, array: Ty) -> Ty {
        match self.hir().types.kind(array) {
            TyKind::Array(element) => self.hir().types.shallow(*element),
            _ => Types::UNIT,
        }
    }

    /// How an array, or the data of a tensor, stores elements of a type.
    fn packing(&mut self, array: Val, element: Ty) -> Packing {
        match *self.hir().types.kind(array.ty) {
            TyKind::Tensor(dtype) => Packing::of(dtype_id(dtype)),
            _ => Packing::of(self.type_id(element)),
        }
    }

    /// Reads an element whose index is in range, or traps.
    pub(super) fn get_element(&mut self, array: Val, index: Val, ty: Ty, dst: Option<Val>) -> Val {
        let dst = self.target(dst, ty);
        let args = [dst.arg(), array.arg(), index.arg()];
        let packing = self.packing(array, ty);
        let op = match (packing, self.size(ty)) {
            (_, 0) => {
                // Nothing to read, but the index must be in range.
                let length = self.fresh(Types::INT);
                self.op(Op::ALen, &[length.arg(), array.arg()]);
                let fine = self.label();
                self.op(Op::JLtU, &[index.arg(), length.arg(), Arg::To(fine)]);
                self.trap(TrapCode::IndexOutOfRange);
                self.place(fine);
                return dst;
            }
            (Packing::U8, _) => Op::AGetU8,
            (Packing::Words, 1) if self.is_float(ty) => Op::AGetF,
            (Packing::Words, 1) => Op::AGet,
            (Packing::Words, _) => Op::AGetN,
            _ => Op::AGetP,
        };
        self.op(op, &args);
        dst
    }

    /// Reads an element as `?T`: none if the index is out of range.
    pub(super) fn find_element(&mut self, array: Val, index: Val, element: Ty, dst: Val) {
        let (absent, end) = (self.label(), self.label());
        let length = self.fresh(Types::INT);
        self.op(Op::ALen, &[length.arg(), array.arg()]);
        self.op(Op::JLeU, &[length.arg(), index.arg(), Arg::To(absent)]);
        self.get_element(array, index, element, Some(dst.part(1, element)));
        self.load_bits(1, true, dst);
        self.jump(end);
        self.place(absent);
        self.load_bits(0, true, dst);
        self.place(end);
    }

    pub(super) fn set_element(&mut self, array: Val, index: Val, value: Val) {
        let args = [array.arg(), index.arg(), value.arg()];
        let packing = self.packing(array, value.ty);
        let op = match (packing, self.size(value.ty)) {
            (_, 0) => return,
            (Packing::U8, _) => Op::ASetU8,
            (Packing::Words, 1) => Op::ASet,
            (Packing::Words, _) => Op::ASetN,
            _ => Op::ASetP,
        };
        self.op(op, &args);
    }

    pub(super) fn set_index(&mut self, base: ExprId, index: ExprId, value: ExprId) -> Val {
        let values = self.operands(&[base, index, value]);
        let &[base, mut index, mut value] = values.as_slice() else { return self.unit_value() };
        if matches!(self.hir().types.kind(base.ty), TyKind::Any) {
            index = self.as_any(index);
            value = self.as_any(value);
        }
        match self.hir().types.kind(base.ty) {
            TyKind::Array(_) => self.set_element(base, index, value),
            TyKind::Any => {
                let operands = [Ext::Reg(base.slot), Ext::Reg(index.slot), Ext::Reg(value.slot)];
                self.raising(Lib::AnySetIndex, &operands, Types::UNIT, None);
            }
            _ => {
                let dst = self.unit_value();
                let operands = [Ext::Reg(base.slot), Ext::Reg(index.slot), Ext::Reg(value.slot)];
                self.lib(Lib::MapSet, dst, &operands);
            }
        }
        self.unit_value()
    }

    /// `base[index]`. Bare it traps (on `any`: raises); asked it gives `?T` (on `any`: a `Result`).
    pub(super) fn index(
        &mut self,
        base: ExprId,
        index: ExprId,
        asked: Asked,
        ty: Ty,
        dst: Option<Val>,
    ) -> Val {
        let [base, mut index] = self.two(base, index);
        if matches!(self.hir().types.kind(base.ty), TyKind::Any) {
            index = self.as_any(index);
        }
        let operands = [Ext::Reg(base.slot), Ext::Reg(index.slot)];
        match self.hir().types.kind(base.ty).clone() {
            TyKind::Array(element) if asked == Asked::No => self.get_element(base, index, element, dst),
            TyKind::Array(element) => {
                let dst = self.target(dst, ty);
                self.find_element(base, index, element, dst);
                dst
            }
            TyKind::Str => self.optional(Lib::StrAt, &operands, asked, TrapCode::SliceOutOfRange, ty, dst),
            TyKind::Map(..) => self.optional(Lib::MapGet, &operands, asked, TrapCode::MissingKey, ty, dst),
            _ if asked == Asked::Yes => {
                let dst = self.target(dst, ty);
                self.lib(Lib::AnyIndex, dst, &operands);
                dst
            }
            _ => self.raising(Lib::AnyIndex, &operands, ty, dst),
        }
    }

    /// A library function that gives an optional; bare, its absence is a trap.
    pub(super) fn optional(
        &mut self,
        lib: Lib,
        operands: &[Ext],
        asked: Asked,
        code: TrapCode,
        ty: Ty,
        dst: Option<Val>,
    ) -> Val {
        if asked == Asked::Yes {
            let dst = self.target(dst, ty);
            self.lib(lib, dst, operands);
            return dst;
        }
        let mut slots = vec![mog_core::TypeId::INT.0];
        slots.extend(self.unit.layouts.slots(self.unit.hir, ty));
        debug_assert!(slots.len() <= MAX_VALUE_SLOTS + 1, "wider values are objects");
        let result = self.fresh_slots(&slots, ty);
        self.lib(lib, result, operands);
        self.require(result, code);
        self.into(result.part(1, ty), dst)
    }

    pub(super) fn slice(
        &mut self,
        base: ExprId,
        from: Option<ExprId>,
        to: Option<ExprId>,
        asked: Asked,
        ty: Ty,
        dst: Option<Val>,
    ) -> Val {
        let base = self.operand(base, from.into_iter().chain(to));
        let from = match from {
            Some(from) => self.operand(from, to.into_iter()),
            None => self.int(0, None),
        };
        let to = match to {
            Some(to) => self.expr(to, None),
            None => self.length(base, None),
        };
        let operands = [Ext::Reg(base.slot), Ext::Reg(from.slot), Ext::Reg(to.slot)];
        let is_string = matches!(self.hir().types.kind(base.ty), TyKind::Str);
        let lib = if is_string { Lib::StrSlice } else { Lib::ArraySlice };
        self.optional(lib, &operands, asked, TrapCode::SliceOutOfRange, ty, dst)
    }

    /// Bytes of a string, elements of an array.
    pub(super) fn length(&mut self, value: Val, dst: Option<Val>) -> Val {
        let dst = self.target(dst, Types::INT);
        let is_string = matches!(self.hir().types.kind(value.ty), TyKind::Str);
        self.op(if is_string { Op::SLen } else { Op::ALen }, &[dst.arg(), value.arg()]);
        dst
    }

    pub(super) fn any_field(
        &mut self,
        base: ExprId,
        key: StrId,
        asked: Asked,
        ty: Ty,
        dst: Option<Val>,
    ) -> Val {
        let base = self.expr(base, None);
        let key = self.string_constant(key, None);
        let operands = [Ext::Reg(base.slot), Ext::Reg(key.slot)];
        if asked == Asked::Yes {
            let dst = self.target(dst, ty);
            self.lib(Lib::AnyField, dst, &operands);
            return dst;
        }
        self.raising(Lib::AnyField, &operands, ty, dst)
    }

    pub(super) fn array_literal(&mut self, elements: &[ExprId], ty: Ty, dst: Option<Val>) -> Val {
        let id = self.type_id(ty);
        let element = self.element_of(ty);
        let words = Packing::of(self.type_id(element)) == Packing::Words && self.size(element) == 1;
        // A few elements come in registers; the rest is appended.
        let first = if words { elements.len().min(32) } else { 0 };
        let (head, tail) = elements.split_at(first);
        let values = self.operands(head);
        let mut operands = vec![Ext::Byte(values.len() as u8)];
        operands.extend(values.iter().map(|value| Ext::Reg(value.slot)));
        // What is appended could see the destination half full.
        let array = if tail.is_empty() { self.target(dst, ty) } else { self.fresh(ty) };
        if words || elements.is_empty() {
            self.op_ext(Op::NewArray, &[array.arg(), Arg::Num(i32::from(id.0))], &operands);
        } else {
            let [low, high] = id.0.to_le_bytes();
            let count = self.int(elements.len() as i64, None);
            self.lib(Lib::ArrayNew, array, &[Ext::Byte(low), Ext::Byte(high), Ext::Reg(count.slot)]);
        }
        for &value in tail {
            let value = self.expr(value, None);
            self.append(array, value);
        }
        self.into(array, dst)
    }

    /// Appends an element.
    pub(super) fn append(&mut self, array: Val, value: Val) {
        let words = Packing::of(self.type_id(value.ty)) == Packing::Words && self.size(value.ty) == 1;
        if words {
            self.op(Op::APush, &[array.arg(), value.arg()]);
        } else {
            let dst = self.unit_value();
            self.lib(Lib::ArrayPush, dst, &[Ext::Reg(array.slot), Ext::Reg(value.slot)]);
        }
    }

    pub(super) fn array_fill(&mut self, value: ExprId, count: ExprId, ty: Ty, dst: Option<Val>) -> Val {
        let [value, count] = self.two(value, count);
        let [low, high] = self.type_id(ty).0.to_le_bytes();
        let dst = self.target(dst, ty);
        let operands = [Ext::Byte(low), Ext::Byte(high), Ext::Reg(count.slot), Ext::Reg(value.slot)];
        self.lib(Lib::ArrayFill, dst, &operands);
        dst
    }

    pub(super) fn map_literal(&mut self, entries: &[(ExprId, ExprId)], ty: Ty, dst: Option<Val>) -> Val {
        let [low, high] = self.type_id(ty).0.to_le_bytes();
        let map = if entries.is_empty() { self.target(dst, ty) } else { self.fresh(ty) };
        self.lib(Lib::MapNew, map, &[Ext::Byte(low), Ext::Byte(high)]);
        for &(key, value) in entries {
            let [key, value] = self.two(key, value);
            let nothing = self.unit_value();
            let operands = [Ext::Reg(map.slot), Ext::Reg(key.slot), Ext::Reg(value.slot)];
            self.lib(Lib::MapSet, nothing, &operands);
        }
        self.into(map, dst)
    }

    /// Whether an index lies below a length, as a jump if it does not.
    pub(super) fn jump_unless_below(&mut self, index: Val, length: Val, target: crate::ir::Label) {
        self.op(Op::JLe, &[length.arg(), index.arg(), Arg::To(target)]);
    }

    /// Jumps if an int is negative.
    pub(super) fn jump_if_negative(&mut self, value: Val, target: crate::ir::Label) {
        self.jump_on_number(CompareOp::Lt, value, 0, target);
    }
}

//! Patterns: tests that jump away when they fail, and bindings.

use mog_core::isa::{Lib, Op};

use super::{Arg, Lowering, Val};
use crate::hir::{CompareOp, PatId, PatKind};
use crate::ir::{Ext, Label, Layouts};
use crate::types::{EnumId, IntKind, TyKind, Types};

impl Lowering<'_, '_> {
    /// Goes on if the value matches, with the pattern's variables bound; otherwise jumps.
    pub(super) fn pattern(&mut self, id: PatId, value: Val, fails: Label) {
        let hir = self.hir();
        let pat = hir.pat(id);
        match &pat.kind {
            PatKind::Wild => {}
            PatKind::Bind(local) => self.bind(*local, value),
            PatKind::Bool(wanted) => {
                let op = if *wanted { CompareOp::Eq } else { CompareOp::Ne };
                self.jump_on_number(op, value, 0, fails);
            }
            PatKind::Int(number) => match i8::try_from(*number) {
                Ok(small) => self.jump_on_number(CompareOp::Ne, value, i32::from(small), fails),
                Err(_) => {
                    let number = self.int(*number, None);
                    self.op(Op::JNe, &[value.arg(), number.arg(), Arg::To(fails)]);
                }
            },
            PatKind::Float(number) => {
                let number = self.float(*number, None);
                self.op(Op::JFNe, &[value.arg(), number.arg(), Arg::To(fails)]);
            }
            PatKind::Str(text) => {
                let text = self.string_constant(*text, None);
                let equal = self.fresh(Types::BOOL);
                self.lib(Lib::StrEq, equal, &[Ext::Reg(value.slot), Ext::Reg(text.slot)]);
                self.op(Op::JumpIfNot, &[equal.arg(), Arg::To(fails)]);
            }
            PatKind::Range(first, last) => {
                let unsigned = self.int_kind(value.ty) == Some(IntKind::U64);
                let op = if unsigned { Op::JLtU } else { Op::JLt };
                let first = self.int(*first, None);
                self.op(op, &[value.arg(), first.arg(), Arg::To(fails)]);
                let last = self.int(*last, None);
                self.op(op, &[last.arg(), value.arg(), Arg::To(fails)]);
            }
            PatKind::Or(alternatives) => {
                let matched = self.label();
                for (n, &alternative) in alternatives.iter().enumerate() {
                    if n + 1 == alternatives.len() {
                        self.pattern(alternative, value, fails);
                    } else {
                        let next = self.label();
                        self.pattern(alternative, value, next);
                        self.jump(matched);
                        self.place(next);
                    }
                }
                self.place(matched);
            }
            PatKind::Some(inner) => {
                self.jump_on_number(CompareOp::Eq, value, 0, fails);
                self.pattern(*inner, value.part(1, self.payload(value)), fails);
            }
            PatKind::None => match self.hir().types.kind(value.ty) {
                TyKind::Any => {
                    let tag = self.none_test(value);
                    self.op(Op::JumpIfNot, &[tag.arg(), Arg::To(fails)]);
                }
                _ => self.jump_on_number(CompareOp::Ne, value, 0, fails),
            },
            PatKind::Ok(inner) => {
                self.jump_on_number(CompareOp::Ne, value, 0, fails);
                self.pattern(*inner, value.part(1, self.payload(value)), fails);
            }
            PatKind::Err(inner) => {
                self.jump_on_number(CompareOp::Eq, value, 0, fails);
                let payload = self.payload(value);
                let at = 1 + self.size(payload);
                self.pattern(*inner, value.part(at, Types::STR), fails);
            }
            PatKind::Variant(id, variant, payload) => self.variant(*id, *variant, payload, value, fails),
            PatKind::Struct(_, fields) => {
                for &(field, inner) in fields {
                    let ty = hir.types.shallow(hir.pat(inner).ty);
                    if matches!(hir.pat(inner).kind, PatKind::Wild) {
                        continue;
                    }
                    let value = self.read_field(value, field, ty, None);
                    self.pattern(inner, value, fails);
                }
            }
        }
    }

    /// The payload type of an optional or a result.
    fn payload(&self, value: Val) -> crate::types::Ty {
        match *self.hir().types.kind(value.ty) {
            TyKind::Option(payload) | TyKind::Result(payload) => self.hir().types.shallow(payload),
            _ => Types::UNIT,
        }
    }

    /// Whether an `any` holds none, as an int.
    fn none_test(&mut self, value: Val) -> Val {
        let none = self.fresh(Types::ANY);
        let operands = self.typed(Types::UNIT, &[none]);
        self.lib(Lib::ToAny, none, &operands);
        self.equal(value, none, Types::ANY)
    }

    fn variant(&mut self, id: EnumId, variant: u32, payload: &[PatId], value: Val, fails: Label) {
        let hir = self.hir();
        let boxed = self.unit.layouts.is_boxed_enum(hir, id);
        let tag = if boxed {
            let tag = self.fresh(Types::INT);
            self.op(Op::EnumTag, &[tag.arg(), value.arg()]);
            tag
        } else {
            value
        };
        match i8::try_from(variant) {
            Ok(small) => self.jump_on_number(CompareOp::Ne, tag, i32::from(small), fails),
            Err(_) => {
                let number = self.int(i64::from(variant), None);
                self.op(Op::JNe, &[tag.arg(), number.arg(), Arg::To(fails)]);
            }
        }
        if payload.iter().all(|&inner| matches!(hir.pat(inner).kind, PatKind::Wild)) {
            return;
        }
        if !boxed {
            let mut at = self.payload_offset(id, variant);
            for &inner in payload {
                let ty = hir.types.shallow(hir.pat(inner).ty);
                self.pattern(inner, value.part(at, ty), fails);
                at += self.size(ty);
            }
            return;
        }
        let object = Layouts::variant(self.type_id(value.ty), variant);
        let seen = self.fresh_slot(object, value.ty);
        let [low, high] = object.0.to_le_bytes();
        self.op_ext(Op::AsVariant, &[seen.arg(), value.arg()], &[Ext::Byte(low), Ext::Byte(high)]);
        let mut at = 0;
        for &inner in payload {
            let ty = hir.types.shallow(hir.pat(inner).ty);
            let size = self.size(ty);
            if !matches!(hir.pat(inner).kind, PatKind::Wild) {
                let part = self.fresh(ty);
                self.load_slots(part, seen, at, size);
                self.pattern(inner, part, fails);
            }
            at += size;
        }
    }
}

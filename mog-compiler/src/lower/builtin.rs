//! Built-in functions and methods that are one library function or instruction.

use mog_core::TrapCode;
use mog_core::isa::{Lib, Op};

use super::{Arg, Lowering, Val};
use crate::hir::{Asked, Builtin, ExprId};
use crate::ir::Ext;
use crate::types::{Ty, TyKind, Types};

/// How a built-in becomes a library function.
enum Shape {
    /// Its arguments are the operands, its result the result.
    Plain(Lib),
    /// The result is optional; bare, absence is this trap.
    Partial(Lib, TrapCode),
    /// The result is a `Result`; bare, failure is raised.
    Raising(Lib),
    /// Works in place and gives its first argument.
    InPlace(Lib),
}

const fn shape(builtin: Builtin) -> Option<Shape> {
    Some(match builtin {
        Builtin::StrUpper => Shape::Plain(Lib::StrUpper),
        Builtin::StrLower => Shape::Plain(Lib::StrLower),
        Builtin::StrTrim => Shape::Plain(Lib::StrTrim),
        Builtin::StrSplit => Shape::Plain(Lib::StrSplit),
        Builtin::StrContains => Shape::Plain(Lib::StrContains),
        Builtin::StrStartsWith => Shape::Plain(Lib::StrStartsWith),
        Builtin::StrEndsWith => Shape::Plain(Lib::StrEndsWith),
        Builtin::StrReplace => Shape::Plain(Lib::StrReplace),
        Builtin::StrIndexOf => Shape::Plain(Lib::StrIndexOf),
        Builtin::StrRepeat => Shape::Plain(Lib::StrRepeat),
        Builtin::StrChars => Shape::Plain(Lib::StrChars),
        Builtin::StrLines => Shape::Plain(Lib::StrLines),
        Builtin::StrBytes => Shape::Plain(Lib::StrBytes),
        Builtin::StrPadLeft => Shape::Plain(Lib::StrPadLeft),
        Builtin::StrPadRight => Shape::Plain(Lib::StrPadRight),
        Builtin::ArrayClear => Shape::Plain(Lib::ArrayClear),
        Builtin::ArrayInsert => Shape::Plain(Lib::ArrayInsert),
        Builtin::ArrayIndexOf => Shape::Plain(Lib::ArrayIndexOf),
        Builtin::ArrayConcat => Shape::Plain(Lib::ArrayConcat),
        Builtin::ArraySum => Shape::Plain(Lib::ArraySum),
        Builtin::MapLen => Shape::Plain(Lib::MapLen),
        Builtin::MapGet => Shape::Plain(Lib::MapGet),
        Builtin::MapHas => Shape::Plain(Lib::MapHas),
        Builtin::MapDelete => Shape::Plain(Lib::MapDelete),
        Builtin::MapClear => Shape::Plain(Lib::MapClear),
        Builtin::ArrayPop => Shape::Partial(Lib::ArrayPop, TrapCode::EmptyArray),
        Builtin::ArrayRemove => Shape::Partial(Lib::ArrayRemove, TrapCode::IndexOutOfRange),
        Builtin::ArrayMin => Shape::Partial(Lib::ArrayMin, TrapCode::EmptyArray),
        Builtin::ArrayMax => Shape::Partial(Lib::ArrayMax, TrapCode::EmptyArray),
        Builtin::ParseInt => Shape::Raising(Lib::ParseInt),
        Builtin::ParseFloat => Shape::Raising(Lib::ParseFloat),
        Builtin::JsonParse => Shape::Raising(Lib::JsonParse),
        Builtin::AnyLen => Shape::Raising(Lib::AnyLen),
        Builtin::ArrayReverse => Shape::InPlace(Lib::ArrayReverse),
        Builtin::ArraySort => Shape::InPlace(Lib::ArraySort),
        _ => return None,
    })
}

impl Lowering<'_, '_> {
    pub(super) fn builtin(
        &mut self,
        builtin: Builtin,
        args: &[ExprId],
        asked: Asked,
        ty: Ty,
        dst: Option<Val>,
    ) -> Val {
        if let Some(value) = self.numeric(builtin, args, ty, dst) {
            return value;
        }
        if let Some(value) = self.with_callback(builtin, args, ty, dst) {
            return value;
        }
        let values = self.operands(args);
        if let Some(value) = self.tensor(builtin, &values, asked, ty, dst) {
            return value;
        }
        let operands: super::List<Ext> = values.iter().map(|value| Ext::Reg(value.slot)).collect();
        match shape(builtin) {
            Some(Shape::Plain(lib)) => {
                let dst = if self.size(ty) == 0 { self.unit_value() } else { self.target(dst, ty) };
                self.lib(lib, dst, &operands);
                dst
            }
            Some(Shape::Partial(lib, code)) => self.optional(lib, &operands, asked, code, ty, dst),
            Some(Shape::Raising(lib)) if asked == Asked::Yes => {
                let dst = self.target(dst, ty);
                self.lib(lib, dst, &operands);
                dst
            }
            Some(Shape::Raising(lib)) => self.raising(lib, &operands, ty, dst),
            Some(Shape::InPlace(lib)) => {
                let nothing = self.unit_value();
                self.lib(lib, nothing, &operands);
                match values.first() {
                    Some(&array) => self.into(array, dst),
                    None => self.unit_value(),
                }
            }
            None => self.other_builtin(builtin, &values, asked, ty, dst),
        }
    }

    fn other_builtin(
        &mut self,
        builtin: Builtin,
        values: &[Val],
        asked: Asked,
        ty: Ty,
        dst: Option<Val>,
    ) -> Val {
        let Some(&first) = values.first() else { return self.unit_value() };
        match (builtin, values.get(1)) {
            (Builtin::StrLen | Builtin::ArrayLen, _) => self.length(first, dst),
            (Builtin::ArrayPush, Some(&value)) => {
                self.append(first, value);
                self.unit_value()
            }
            (Builtin::ArrayFirst | Builtin::ArrayLast, _) => {
                self.end_element(first, builtin == Builtin::ArrayFirst, asked, ty, dst)
            }
            (Builtin::ArrayContains, Some(&value)) => {
                let at = self.fresh(Types::INT);
                self.lib(Lib::ArrayIndexOf, at, &[Ext::Reg(first.slot), Ext::Reg(value.slot)]);
                let dst = self.target(dst, ty);
                self.op(Op::NeI, &[dst.arg(), at.arg(), Arg::Num(-1)]);
                dst
            }
            (Builtin::ArrayJoin, Some(&separator)) => self.join(first, separator, dst),
            (Builtin::MapKeys | Builtin::MapValues, _) => {
                let [low, high] = self.type_id(ty).0.to_le_bytes();
                let lib = if builtin == Builtin::MapKeys { Lib::MapKeys } else { Lib::MapValues };
                let dst = self.target(dst, ty);
                self.lib(lib, dst, &[Ext::Byte(low), Ext::Byte(high), Ext::Reg(first.slot)]);
                dst
            }
            (Builtin::JsonStr, _) => {
                let operands = self.typed(first.ty, &[first]);
                self.raising(Lib::JsonText, &operands, Types::STR, dst)
            }
            _ => self.unit_value(),
        }
    }

    /// The first or last element.
    fn end_element(&mut self, array: Val, first: bool, asked: Asked, ty: Ty, dst: Option<Val>) -> Val {
        let length = self.length(array, None);
        let element = self.element_of(array.ty);
        let (empty, end) = (self.label(), self.label());
        self.jump_on_number(crate::hir::CompareOp::Eq, length, 0, empty);
        let position = self.fresh(Types::INT);
        if first {
            self.int(0, Some(position));
        } else {
            self.op(Op::AddI, &[position.arg(), length.arg(), Arg::Num(-1)]);
        }
        let dst = self.target(dst, ty);
        if asked == Asked::Yes {
            self.get_element(array, position, element, Some(dst.part(1, element)));
            self.load_bits(1, true, dst);
        } else {
            self.get_element(array, position, element, Some(dst));
        }
        self.jump(end);
        self.place(empty);
        if asked == Asked::Yes {
            self.load_bits(0, true, dst);
        } else {
            self.trap(TrapCode::EmptyArray);
        }
        self.place(end);
        dst
    }

    /// The elements' texts with a separator between them.
    fn join(&mut self, array: Val, separator: Val, dst: Option<Val>) -> Val {
        let element = self.element_of(array.ty);
        let strings = if matches!(self.hir().types.kind(element), TyKind::Str) {
            array
        } else {
            let strings = self.fresh(Types::ARRAY_STR);
            let [low, high] = mog_core::TypeId::ARRAY_STR.0.to_le_bytes();
            let length = self.length(array, None);
            self.lib(Lib::ArrayNew, strings, &[Ext::Byte(low), Ext::Byte(high), Ext::Reg(length.slot)]);
            self.each_element(array, false, |this, position, _| {
                let value = this.get_element(array, position, element, None);
                let text = this.display(value, None);
                this.append(strings, text);
            });
            strings
        };
        let dst = self.target(dst, Types::STR);
        self.lib(Lib::StrJoin, dst, &[Ext::Reg(strings.slot), Ext::Reg(separator.slot)]);
        dst
    }
}

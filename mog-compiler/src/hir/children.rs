//! What expressions are made of.

use super::{ExprId, ExprKind};

impl ExprKind {
    /// Calls the function for each expression directly within.
    pub(crate) fn children(&self, each: &mut impl FnMut(ExprId)) {
        match self {
            ExprKind::Unit
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::None
            | ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::FuncValue(_)
            | ExprKind::Closure(_)
            | ExprKind::Break
            | ExprKind::Continue
            | ExprKind::Available(_) => {}
            ExprKind::Block(list, value) => {
                list.iter().copied().for_each(&mut *each);
                value.iter().copied().for_each(each);
            }
            ExprKind::Let(_, value) | ExprKind::Return(value) => value.iter().copied().for_each(each),
            ExprKind::SetLocal(_, a)
            | ExprKind::SetGlobal(_, a)
            | ExprKind::Unary(_, a)
            | ExprKind::Cast(a)
            | ExprKind::ToAny(a)
            | ExprKind::FromAny(a)
            | ExprKind::Is(a, _)
            | ExprKind::Field(a, _)
            | ExprKind::AnyField(a, ..)
            | ExprKind::Some(a)
            | ExprKind::Ok(a)
            | ExprKind::Err(a)
            | ExprKind::Try(a, _)
            | ExprKind::IsPresent(a)
            | ExprKind::Display(a)
            | ExprKind::Fixed(a, _)
            | ExprKind::Await(a)
            | ExprKind::Spawn(a)
            | ExprKind::Group(_, a)
            | ExprKind::Panic(a) => each(*a),
            ExprKind::SetField(a, _, b)
            | ExprKind::Compare(_, a, b)
            | ExprKind::While(a, b)
            | ExprKind::ForArray(_, _, a, b)
            | ExprKind::ForMap(_, _, a, b)
            | ExprKind::ForStr(_, _, a, b)
            | ExprKind::ForAny(_, _, a, b)
            | ExprKind::Index(a, b, _)
            | ExprKind::UnwrapOr(a, b)
            | ExprKind::TryCatch(a, _, _, b)
            | ExprKind::ArrayFill(a, b) => [*a, *b].into_iter().for_each(each),
            ExprKind::SetIndex(a, b, c) | ExprKind::ForRange(_, a, b, _, c) => {
                [*a, *b, *c].into_iter().for_each(each)
            }
            ExprKind::Arith(first, rest) => {
                each(*first);
                rest.iter().for_each(|&(_, operand)| each(operand));
            }
            ExprKind::Logic(first, rest) => {
                each(*first);
                rest.iter().for_each(|&(_, operand)| each(operand));
            }
            ExprKind::If(a, b, c) => [*a, *b].into_iter().chain(*c).for_each(each),
            ExprKind::Match(value, arms) => {
                each(*value);
                arms.iter().for_each(|arm| arm.guard.into_iter().chain([arm.body]).for_each(&mut *each));
            }
            ExprKind::Concat(list)
            | ExprKind::Call(_, list)
            | ExprKind::CallImport(_, list, _)
            | ExprKind::StartImport(_, list)
            | ExprKind::Builtin(_, list, _)
            | ExprKind::StructLit(_, list)
            | ExprKind::EnumLit(_, _, list)
            | ExprKind::ArrayLit(list) => list.iter().copied().for_each(each),
            ExprKind::CallValue(callee, list) => {
                [*callee].into_iter().chain(list.iter().copied()).for_each(each)
            }
            ExprKind::Slice(a, b, c, _) => [*a].into_iter().chain(*b).chain(*c).for_each(each),
            ExprKind::MapLit(pairs) => {
                pairs.iter().for_each(|&(k, v)| [k, v].into_iter().for_each(&mut *each))
            }
        }
    }
}

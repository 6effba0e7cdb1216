//! Which parts of the machine an instruction or a library function needs. The compiler uses these to fill in the
//! header, the verifier to check it.

use crate::features::{ARRAYS, FLOAT_TEXT, FLOATS, JSON, MAPS, MATH, STRINGS, TASKS, TENSORS, VALUES};
use crate::isa::{Flags, Insn, Lib, MathFn, Op};
use crate::module::{TypeId, TypeKind};

/// The parts that an instruction needs, apart from those of the library function or float function that it names.
#[must_use]
pub const fn features_of_op(op: Op) -> u16 {
    let needs = if op.info().flags.has(Flags::FLOATS) { FLOATS } else { 0 };
    match op {
        Op::FPow | Op::FAtan2 => needs | MATH,
        Op::NewTask | Op::Spawn | Op::Await | Op::Gather | Op::Race | Op::Drain => needs | TASKS,
        _ => needs,
    }
}

/// The parts that a function of `f_math` needs besides floats.
#[must_use]
pub const fn features_of_math(code: u8) -> u16 {
    if code < MathFn::Sin as u8 { 0 } else { MATH }
}

/// The parts that a library function needs.
#[must_use]
pub const fn features_of_lib(lib: Lib) -> u16 {
    match lib {
        Lib::StrUpper
        | Lib::StrLower
        | Lib::StrTrim
        | Lib::StrSplit
        | Lib::StrContains
        | Lib::StrStartsWith
        | Lib::StrEndsWith
        | Lib::StrReplace
        | Lib::StrIndexOf
        | Lib::StrRepeat
        | Lib::StrChars
        | Lib::StrLines
        | Lib::StrBytes
        | Lib::StrPadLeft
        | Lib::StrPadRight
        | Lib::ParseInt => STRINGS,
        Lib::ParseFloat | Lib::FloatText | Lib::F32Text | Lib::FloatFixed => FLOAT_TEXT,
        Lib::JsonText | Lib::JsonParse => JSON,
        Lib::Display
        | Lib::Equal
        | Lib::ToAny
        | Lib::FromAny
        | Lib::AnyField
        | Lib::AnyIndex
        | Lib::AnySetIndex
        | Lib::AnyLen
        | Lib::AnyNext => VALUES,
        Lib::ArrayIndexOf => VALUES | ARRAYS,
        Lib::ArrayInsert
        | Lib::ArrayRemove
        | Lib::ArraySlice
        | Lib::ArrayConcat
        | Lib::ArrayReverse
        | Lib::ArraySort
        | Lib::ArraySum
        | Lib::ArrayMin
        | Lib::ArrayMax
        | Lib::ArrayAssign
        | Lib::StrJoin => ARRAYS,
        Lib::MapNew
        | Lib::MapLen
        | Lib::MapGet
        | Lib::MapSet
        | Lib::MapHas
        | Lib::MapDelete
        | Lib::MapClear
        | Lib::MapKeys
        | Lib::MapValues
        | Lib::MapState
        | Lib::MapNext => MAPS,
        Lib::TensorNew
        | Lib::TensorFill
        | Lib::TensorReshape
        | Lib::TensorTranspose
        | Lib::TensorOffset
        | Lib::TensorFind => TENSORS,
        Lib::TensorRandn => TENSORS | FLOATS | MATH,
        _ => 0,
    }
}

/// The parts that a type of the module's own needs, for there are values of it that no instruction shows: a host can make
/// them, and elements of small float types are converted where they are read and written.
#[must_use]
pub fn features_of_type(kind: TypeKind, components: &[u16]) -> u16 {
    match kind {
        TypeKind::Array => match components.first().map(|&ty| TypeId(ty)) {
            Some(TypeId::F32 | TypeId::F16 | TypeId::BF16) => FLOATS,
            _ => 0,
        },
        TypeKind::Map => MAPS,
        TypeKind::Tensor => TENSORS,
        TypeKind::Future | TypeKind::Task => TASKS,
        _ => 0,
    }
}

/// The parts that an instruction word needs; none if it is no instruction.
pub(super) fn features_of_insn(op: Op, insn: Insn) -> u16 {
    features_of_op(op)
        | match op {
            Op::FMath => features_of_math(insn.c()),
            Op::Lib => Lib::from_number(insn.b16()).map_or(0, features_of_lib),
            _ => 0,
        }
}

/// The parts that all of this code needs: what belongs into the header.
#[must_use]
pub fn features_of_code(code: &[u32]) -> u16 {
    let mut occurs = [false; 256];
    let mut named = 0;
    for &word in code {
        let number = word as u8;
        occurs[usize::from(number)] = true;
        if number == Op::FMath as u8 || number == Op::Lib as u8 {
            named |= Insn(word).op().map_or(0, |op| features_of_insn(op, Insn(word)));
        }
    }
    (0..=u8::MAX)
        .filter(|&number| occurs[usize::from(number)])
        .filter_map(Op::from_byte)
        .fold(named, |bits, op| bits | features_of_op(op))
}

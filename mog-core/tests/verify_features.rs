//! The parts of the machine that code needs: what the compiler puts into the header, and the verifier asks for.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::world::small;
use common::*;
use mog_core::error::{Invalid, LoadError};
use mog_core::features::{ARRAYS, FLOAT_TEXT, FLOATS, JSON, MAPS, MATH, STRINGS, TASKS, TENSORS, VALUES};
use mog_core::isa::{Insn, Lib, MathFn, Op, Sequence};
use mog_core::module::{Module, TypeId, TypeKind};
use mog_core::verify::{features_of_code, features_of_type};

fn needs(code: &[Insn]) -> u16 {
    let words: Vec<u32> = code.iter().map(|insn| insn.0).collect();
    features_of_code(&words)
}

#[test]
fn instructions_need_parts() {
    for (parts, ops) in [
        (0, &[Op::Add, Op::Ret, Op::Call, Op::New, Op::APush, Op::Ext][..]),
        (FLOATS, &[Op::FAdd, Op::JFLt, Op::FloatToInt, Op::IntToFloat, Op::FAddA, Op::AGetF]),
        (FLOATS | MATH, &[Op::FPow, Op::FAtan2]),
        (TASKS, &[Op::NewTask, Op::Spawn, Op::Await, Op::Gather, Op::Race, Op::Drain]),
    ] {
        for &of in ops {
            assert_eq!(needs(&[op(of, 0, 0, 0)]), parts, "{of:?}");
        }
    }
    for (code, function) in MathFn::ALL.iter().enumerate() {
        let needed = needs(&[op(Op::FMath, 0, 0, code as u8)]);
        let parts = if code < MathFn::Sin as usize { FLOATS } else { FLOATS | MATH };
        assert_eq!(needed, parts, "{function:?}");
    }
}

/// What strings, arrays and arithmetic cannot do without is always there; the rest is in the part that its name says.
#[test]
fn library_functions_need_parts() {
    use Lib::*;
    let always = [
        StrConcat, StrEq, StrCmp, StrSlice, StrAt, StrNext, IntText, UintText, BoolText, ArrayNew, ArrayFill,
        ArrayPush, ArrayPop, ArrayClear, CheckedAdd, CheckedSub, CheckedMul, CheckedDiv, PowInt, Available,
    ];
    let by_name = [
        ("Str", STRINGS),
        ("Array", ARRAYS),
        ("Map", MAPS),
        ("Tensor", TENSORS),
        ("Json", JSON),
        ("Any", VALUES),
        ("F", FLOAT_TEXT),
    ];
    for &function in Lib::ALL {
        let name = format!("{function:?}");
        let parts = match function {
            ParseInt => STRINGS,
            ParseFloat => FLOAT_TEXT,
            Display | Equal | ToAny | FromAny => VALUES,
            StrJoin => ARRAYS,
            ArrayIndexOf => ARRAYS | VALUES,
            TensorRandn => TENSORS | FLOATS | MATH,
            _ if always.contains(&function) => 0,
            _ => by_name.iter().find(|(prefix, _)| name.starts_with(prefix)).unwrap().1,
        };
        assert_eq!(needs(&lib(function, 0, &[])), parts, "{name}");
    }
}

#[test]
fn code_needs_what_its_instructions_need() {
    let float = op(Op::FAdd, 0, 0, 0);
    let math = op(Op::FMath, 0, 0, MathFn::Sin as u8);
    assert_eq!(needs(&[]), 0);
    assert_eq!(needs(&[float, float]), FLOATS);
    assert_eq!(needs(&[math, ret(), float]), FLOATS | MATH);
    assert_eq!(needs(&[lib(Lib::MapLen, 0, &[0]), vec![float, ret()]].concat()), MAPS | FLOATS);
    assert_eq!(needs(&[Insn(Op::ALL.len() as u32)]), 0, "no instruction");
    // What names a sequence needs what its instruction does.
    let product = op(Op::FMul, 0, 0, 0);
    let mut code = [product.0, product.0];
    Sequence::name_all(&mut code);
    assert_ne!(code[0], product.0);
    assert_eq!(needs(&[Insn(code[0])]), FLOATS);
}

/// No instruction shows that their elements are converted.
#[test]
fn arrays_of_small_floats_need_floats() {
    for small in [TypeId::F32, TypeId::F16, TypeId::BF16] {
        assert_eq!(features_of_type(TypeKind::Array, &[small.0]), FLOATS);
        assert_eq!(features_of_type(TypeKind::Option, &[small.0]), 0);
    }
    for other in [TypeId::FLOAT, TypeId::INT, TypeId::U8, TypeId::STR] {
        assert_eq!(features_of_type(TypeKind::Array, &[other.0]), 0);
    }
    assert_eq!(features_of_type(TypeKind::Array, &[]), 0);
}

/// Nor that a host can make them.
#[test]
fn types_of_a_part_need_it() {
    for (kind, part) in [
        (TypeKind::Map, MAPS),
        (TypeKind::Tensor, TENSORS),
        (TypeKind::Future, TASKS),
        (TypeKind::Task, TASKS),
        (TypeKind::Struct, 0),
        (TypeKind::Result, 0),
        (TypeKind::BoxedEnum, 0),
    ] {
        assert_eq!(features_of_type(kind, &[INT, INT]), part, "{kind:?}");
    }
}

/// A program of these instructions whose header names these parts.
fn load(code: &[Insn], named: u16) -> Result<(), LoadError> {
    let mut asm = small();
    asm.functions[0].registers = vec![FLOAT, INT, STR];
    asm.functions[0].code = [code, &[ret()]].concat();
    let mut words = asm.build();
    words[1] = words[1] & 0xffff_0000 | u32::from(named);
    Module::load_words(&words).map(|_| ())
}

#[test]
fn the_header_names_what_code_needs() {
    let refused = Err(LoadError::Invalid { what: Invalid::Operand, at: 0 });
    for (code, needed) in [
        (vec![op(Op::FMath, 0, 0, MathFn::ALL[0] as u8)], FLOATS),
        (vec![op(Op::FMath, 0, 0, MathFn::Sin as u8)], FLOATS | MATH),
        (lib(Lib::StrTrim, 2, &[2]), STRINGS),
        (vec![op(Op::FAdd, 0, 0, 0)], FLOATS),
    ] {
        assert_eq!(load(&code, needed), Ok(()));
        assert_eq!(load(&code, needed | TASKS), Ok(()));
        assert_eq!(load(&code, 0), refused);
        assert_eq!(load(&code, needed & FLOATS), if needed & !FLOATS == 0 { Ok(()) } else { refused });
        assert_eq!(load(&code, STRINGS & !needed), refused);
    }
}

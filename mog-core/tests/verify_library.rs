//! The verifier on calls of library functions: each accepted as the table describes it, and refused with any operand wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::verdict::*;
use common::world::*;
use common::*;
use mog_core::error::Invalid;
use mog_core::isa::{Insn, Lib, LibOperand, LibResult, Op};
use mog_core::module::TypeId;

/// A call of a library function with a frame made for it: operands first, then results.
struct LibCase {
    registers: Vec<u16>,
    bytes: Vec<u8>,
    /// Places of operand registers among the bytes.
    operands: Vec<usize>,
    result: u8,
}

fn library(lib: Lib) -> LibCase {
    let named = match lib {
        Lib::ArrayNew | Lib::ArrayFill => ARRAY_OPTION,
        Lib::MapNew => MAP,
        Lib::MapKeys => ARRAY_STR,
        Lib::MapValues => ARRAY_INT,
        Lib::TensorNew | Lib::TensorFill | Lib::TensorRandn => TENSOR,
        _ => RESULT,
    };
    let slots = |ty: u16| match ty {
        RESULT => vec![INT, STR, STR],
        OPTION => vec![INT, INT],
        ANY => vec![ANY, PAYLOAD],
        one => vec![one],
    };
    let is_map = lib.info().operands.contains(&LibOperand::Map);
    let element = if is_map { INT } else { OPTION };
    let array = match lib {
        Lib::TensorNew => ARRAY_FLOAT,
        Lib::TensorReshape | Lib::TensorTranspose => TENSOR,
        _ => ARRAY_OPTION,
    };
    let mut case = LibCase { registers: vec![], bytes: vec![], operands: vec![], result: 0 };
    for operand in lib.info().operands.iter() {
        let ty = match operand {
            LibOperand::Type => {
                case.bytes.extend(named.to_le_bytes());
                continue;
            }
            LibOperand::ListStr | LibOperand::ListInt => {
                case.bytes.extend([2, case.registers.len() as u8]);
                case.operands.push(case.bytes.len() - 1);
                if *operand == LibOperand::ListStr { STR } else { INT }
            }
            LibOperand::Tensor => TENSOR,
            LibOperand::Shape => ARRAY_INT,
            LibOperand::Int => INT,
            LibOperand::Float => FLOAT,
            LibOperand::Str | LibOperand::Key => STR,
            LibOperand::Any => ANY,
            LibOperand::Value => named,
            LibOperand::TypeElem => OPTION,
            LibOperand::Array | LibOperand::SameArray => array,
            LibOperand::ArrayStr => ARRAY_STR,
            LibOperand::Elem => element,
            LibOperand::Map => MAP,
        };
        case.operands.push(case.bytes.len());
        case.bytes.push(case.registers.len() as u8);
        case.registers.extend(slots(ty));
    }
    case.result = case.registers.len() as u8;
    for result in lib.info().results.iter() {
        let ty = match result {
            LibResult::Tag | LibResult::Int => INT,
            LibResult::Float => FLOAT,
            LibResult::Str | LibResult::Key => STR,
            LibResult::Any => ANY,
            LibResult::ArrayStr => ARRAY_STR,
            LibResult::ArrayU8 => ARRAY_U8,
            LibResult::Value | LibResult::SameType => named,
            LibResult::SameArray => array,
            LibResult::Elem => element,
        };
        case.registers.extend(slots(ty));
    }
    case
}

#[test]
fn library_calls_take_and_give_what_the_table_says() {
    for &function in Lib::ALL {
        let case = library(function);
        // A register of a type that nothing asks for.
        let (mut registers, odd) = (case.registers.clone(), case.registers.len() as u8);
        registers.push(BOXED);
        assert_eq!(check(&registers, &lib(function, case.result, &case.bytes)), Ok(()), "{function:?}");
        for &at in &case.operands {
            for wrong in [odd, 200] {
                let mut bytes = case.bytes.clone();
                bytes[at] = wrong;
                bad(Invalid::Register, &registers, &lib(function, case.result, &bytes));
            }
        }
        if !function.info().results.is_empty() {
            bad(Invalid::Register, &registers, &lib(function, odd, &case.bytes));
            bad(Invalid::Register, &registers, &lib(function, 255, &case.bytes));
            let last = usize::from(odd) - 1;
            registers[last] = if registers[last] == FLOAT { INT } else { FLOAT };
            if registers.iter().zip(registers.iter().skip(1)).all(|(&a, &b)| a != ANY || b == PAYLOAD) {
                bad(Invalid::Register, &registers, &lib(function, case.result, &case.bytes));
            }
        }
    }
}

#[test]
fn type_operands_fit_their_function() {
    let with = |function: Lib, ty: u16| {
        let case = library(function);
        let mut bytes = case.bytes;
        bytes[..2].copy_from_slice(&ty.to_le_bytes());
        (case.registers, lib(function, case.result, &bytes))
    };
    for &function in Lib::ALL.iter().filter(|lib| lib.info().operands.first() == Some(&LibOperand::Type)) {
        for wrong in [PAYLOAD, CAPTURES, LEAF, 23, OWN + 100, u16::MAX] {
            let (registers, code) = with(function, wrong);
            bad(Invalid::Operand, &registers, &code);
        }
    }
    for (function, wrong) in [
        (Lib::ArrayNew, MAP),
        (Lib::ArrayNew, INT),
        (Lib::ArrayFill, MAP),
        (Lib::ArrayFill, OPTION),
        (Lib::MapNew, ARRAY_INT),
        (Lib::MapKeys, ARRAY_INT),
        (Lib::MapKeys, MAP),
        (Lib::MapValues, ARRAY_STR),
        (Lib::MapValues, ARRAY_BOOL),
        (Lib::TensorFill, ARRAY_INT),
        (Lib::TensorNew, STRUCT),
        (Lib::TensorRandn, ARRAY_FLOAT),
    ] {
        let (registers, code) = with(function, wrong);
        bad(Invalid::Operand, &registers, &code);
    }
    // A value without slots needs no register.
    ok(&[STR], &lib(Lib::Display, 0, &[UNIT as u8, 0, 255]));
}

#[test]
fn tensors_are_made_of_numbers_like_theirs() {
    let [low, high] = TENSOR.to_le_bytes();
    let make = |data: u16| ([ARRAY_INT, data, TENSOR], lib(Lib::TensorNew, 2, &[low, high, 0, 1]));
    for fine in [ARRAY_FLOAT, ARRAY_F32] {
        let (registers, code) = make(fine);
        ok(&registers, &code);
    }
    for wrong in [ARRAY_INT, ARRAY_I16, ARRAY_BOOL, ARRAY_STR, ARRAY_OPTION, TENSOR] {
        let (registers, code) = make(wrong);
        bad(Invalid::Register, &registers, &code);
    }
    // A shape is ints; a variant is no array.
    for (shape, fits) in [(ARRAY_INT, true), (ARRAY_BOOL, false), (ARRAY_FLOAT, false), (LEAF, false)] {
        let code = lib(Lib::TensorFill, 2, &[low, high, 0, 1]);
        assert_eq!(check(&[shape, INT, TENSOR], &code).is_ok(), fits, "{shape}");
    }
    // The parts can be read; only the library makes a tensor.
    ok(&[TENSOR, ARRAY_INT, ARRAY_F32], &[op(Op::LoadField, 1, 0, 0), op(Op::LoadField, 2, 0, 1)]);
    bad(
        Invalid::Operand,
        &[ARRAY_INT, ARRAY_F32, TENSOR],
        &[Insn::ab16(Op::New, 2, TENSOR), Insn::abc(Op::Ext, 0, 1, 0)],
    );
    bad(Invalid::Register, &[TENSOR, INT, STR, INT], &lib(Lib::TensorOffset, 3, &[0, 2, 1, 2]));
}

#[test]
fn arrays_of_one_call_agree() {
    bad(Invalid::Register, &[ARRAY_INT, ARRAY_FLOAT, ARRAY_INT], &lib(Lib::ArrayConcat, 2, &[0, 1]));
    bad(Invalid::Register, &[ARRAY_INT, ARRAY_INT, ARRAY_FLOAT], &lib(Lib::ArrayConcat, 2, &[0, 1]));
    ok(&[ARRAY_INT, ARRAY_INT, ARRAY_INT], &lib(Lib::ArrayConcat, 2, &[0, 1]));
    ok(&[MAP_ANY, STR, ANY, PAYLOAD], &lib(Lib::MapSet, 0, &[0, 1, 2]));
    bad(Invalid::Register, &[MAP_ANY, STR, ANY, PAYLOAD], &lib(Lib::MapSet, 0, &[0, 1, 3]));
    bad(Invalid::Register, &[ARRAY_INT, STR, INT], &lib(Lib::MapSet, 0, &[0, 1, 2]));
    bad(Invalid::Register, &[MAP, INT], &lib(Lib::ArrayPush, 0, &[0, 1]));
}

#[test]
fn every_slot_type_can_be_passed() {
    for ty in [TypeId::INT, TypeId::FLOAT, TypeId::STR, TypeId::ARRAY_ANY, TypeId(STRUCT), TypeId(BOXED)] {
        let code = lib(Lib::Display, 1, &[ty.0 as u8, (ty.0 >> 8) as u8, 0]);
        ok(&[ty.0, STR], &code);
    }
}

//! The verifier on instructions: each accepted as the table describes it, and refused with any operand wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::verdict::*;
use common::world::*;
use common::*;
use mog_core::error::{Invalid, LoadError};
use mog_core::isa::{Flags, Insn, Kind, Lib, Op, Operand};
use mog_core::module::{Module, TypeKind};

/// A slot type of this kind.
fn example(kind: Kind) -> u16 {
    match kind {
        Kind::Int | Kind::Scalar | Kind::One | Kind::Elem | Kind::Error => INT,
        Kind::Float => FLOAT,
        Kind::Str | Kind::Ref => STR,
        Kind::Struct => STRUCT,
        Kind::Closure => FN,
        Kind::Future => FUTURE,
        Kind::Futures => ARRAY_FUTURE,
        Kind::Array => ARRAY_INT,
        Kind::Boxed => BOXED,
        Kind::Variant => LEAF,
    }
}

/// Slot types that are not of this kind.
fn counterexamples(kind: Kind) -> Vec<u16> {
    let all = [
        INT,
        FLOAT,
        STR,
        STRUCT,
        FN,
        ARRAY_INT,
        ARRAY_ANY,
        MAP,
        MAP_ANY,
        BOXED,
        LEAF,
        CAPTURES,
        FUTURE,
        ARRAY_FUTURE,
    ];
    let of_kind: &[u16] = match kind {
        Kind::Int => &[INT],
        Kind::Float => &[FLOAT],
        Kind::Scalar => &[INT, FLOAT],
        Kind::Str => &[STR],
        Kind::Struct => &[STRUCT, LEAF, CAPTURES],
        Kind::Closure => &[FN],
        Kind::Future => &[FUTURE],
        Kind::Futures => &[ARRAY_FUTURE],
        Kind::Array => &[ARRAY_INT, ARRAY_ANY, ARRAY_FUTURE],
        Kind::Boxed => &[BOXED],
        Kind::Variant => &[LEAF],
        Kind::Ref => return vec![INT, FLOAT],
        // Depend on other operands.
        Kind::One | Kind::Elem | Kind::Error => return Vec::new(),
    };
    all.into_iter().filter(|ty| !of_kind.contains(ty)).collect()
}

/// Instructions that need nothing but the kinds of their operands.
fn is_plain(op: Op) -> bool {
    !op.info().flags.has(Flags::EXT)
        && op.info().operands.iter().all(|operand| match operand {
            Operand::Def(kind) | Operand::Use(kind) | Operand::Mod(kind) => {
                !matches!(kind, Kind::Elem | Kind::Error | Kind::Variant)
            }
            Operand::AccInt
            | Operand::AccFloat
            | Operand::Imm8
            | Operand::Imm16
            | Operand::Jump8
            | Operand::Jump16
            | Operand::Jump24
            | Operand::Const16
            | Operand::Str16 => true,
            _ => false,
        })
        && !matches!(op, Op::Ext | Op::Ret | Op::Ret1)
}

/// The instruction with registers 0, 1, 2 where it has registers, and the types of those.
fn plain(op: Op) -> (Vec<u16>, Insn) {
    let (mut bytes, mut registers) = ([0; 3], vec![INT; 3]);
    for (at, operand) in op.info().operands.iter().enumerate() {
        if let Operand::Def(kind) | Operand::Use(kind) | Operand::Mod(kind) = *operand {
            bytes[at] = at as u8;
            registers[at] = example(kind);
        }
    }
    (registers, Insn::abc(op, bytes[0], bytes[1], bytes[2]))
}

fn replace(insn: Insn, at: usize, byte: u8) -> Insn {
    let mut bytes = insn.0.to_le_bytes();
    bytes[at + 1] = byte;
    Insn(u32::from_le_bytes(bytes))
}

#[test]
fn plain_instructions_take_registers_of_their_kinds() {
    let mut count = 0;
    for &op in Op::ALL.iter().filter(|&&op| is_plain(op)) {
        let (registers, insn) = plain(op);
        assert_eq!(check(&registers, &[insn, ret()]), Ok(()), "{op:?}");
        for (at, operand) in op.info().operands.iter().enumerate() {
            let (Operand::Def(kind) | Operand::Use(kind) | Operand::Mod(kind)) = *operand else { continue };
            for wrong in counterexamples(kind) {
                let mut registers = registers.clone();
                registers[at] = wrong;
                bad(Invalid::Register, &registers, &[insn, ret()]);
            }
            for outside in [3, 200, 255] {
                bad(Invalid::Register, &registers, &[replace(insn, at, outside)]);
            }
        }
        count += 1;
    }
    assert!(count > 90, "only {count} instructions were tried");
}

#[test]
fn one_slot_operands_agree() {
    for ty in [INT, FLOAT, STR, STRUCT, FN, BOXED, CAPTURES] {
        ok(&[ty, ty], &[op(Op::Move, 0, 1, 0)]);
    }
    bad(Invalid::Register, &[INT, FLOAT], &[op(Op::Move, 0, 1, 0)]);
    bad(Invalid::Register, &[STR, STRUCT], &[op(Op::Move, 0, 1, 0)]);
    bad(Invalid::Register, &[ANY, PAYLOAD, ANY, PAYLOAD], &[op(Op::Move, 0, 2, 0)]);
    bad(Invalid::Register, &[ANY, PAYLOAD, ANY, PAYLOAD], &[op(Op::Move, 1, 3, 0)]);
    bad(Invalid::Register, &[ANY, PAYLOAD], &[op(Op::Clear, 0, 0, 0)]);
}

#[test]
fn several_registers_are_moved_with_their_types() {
    let registers = [INT, ANY, PAYLOAD, STR, INT, ANY, PAYLOAD, STR];
    ok(&registers, &[op(Op::MoveN, 0, 4, 4)]);
    ok(&registers, &[op(Op::MoveN, 5, 1, 2)]);
    bad(Invalid::Register, &registers, &[op(Op::MoveN, 0, 4, 2)]);
    bad(Invalid::Register, &registers, &[op(Op::MoveN, 2, 6, 2)]);
    bad(Invalid::Register, &registers, &[op(Op::MoveN, 0, 3, 4)]);
    bad(Invalid::Register, &registers, &[op(Op::MoveN, 0, 4, 5)]);
    bad(Invalid::Register, &registers, &[op(Op::MoveN, 4, 4, 5)]);
    bad(Invalid::Register, &registers, &[op(Op::MoveN, 255, 255, 255)]);
}

#[test]
fn constants_exist() {
    let insn = |op, number| [Insn::ab16(op, 0, number)];
    ok(&[INT], &insn(Op::LoadK, 1));
    ok(&[FLOAT], &insn(Op::LoadK, 1));
    bad(Invalid::Operand, &[INT], &insn(Op::LoadK, 2));
    ok(&[STR], &insn(Op::LoadStr, 1));
    bad(Invalid::Operand, &[STR], &insn(Op::LoadStr, 2));
    bad(Invalid::Operand, &[STR], &insn(Op::LoadStr, u16::MAX));
}

#[test]
fn tasks_fit_their_function() {
    // The callee takes an int and an any, and gives an any.
    let make = |ty: u16| ext(Insn::ab16(Op::NewTask, 3, ty), &[0, 1, 2]);
    ok(&[INT, ANY, PAYLOAD, FUTURE], &make(TASK));
    bad(Invalid::Register, &[FLOAT, ANY, PAYLOAD, FUTURE], &make(TASK));
    bad(Invalid::Register, &[INT, ANY, PAYLOAD, ARRAY_FUTURE], &make(TASK));
    bad(Invalid::Operand, &[INT, ANY, PAYLOAD, FUTURE], &make(FUTURE));
    bad(Invalid::Operand, &[INT, ANY, PAYLOAD, FUTURE], &make(STRUCT));
    bad(Invalid::Register, &[INT, ANY, PAYLOAD, TASK], &make(TASK));
    ok(&[ANY, PAYLOAD, FUTURE], &[op(Op::Await, 0, 2, 0)]);
    bad(Invalid::Register, &[INT, INT, FUTURE], &[op(Op::Await, 0, 2, 0)]);
    bad(Invalid::Register, &[ANY, PAYLOAD, STRUCT], &[op(Op::Await, 0, 2, 0)]);
}

#[test]
fn codes_are_in_range() {
    for (op, kinds, last) in [
        (Op::Narrow, [INT, INT], 7),
        (Op::IntToFloat, [FLOAT, INT], 7),
        (Op::FloatToInt, [INT, FLOAT], 7),
        (Op::IntFn, [INT, INT], 3),
        (Op::FMath, [FLOAT, FLOAT], 15),
    ] {
        ok(&kinds, &[Insn::abc(op, 0, 1, last)]);
        bad(Invalid::Operand, &kinds, &[Insn::abc(op, 0, 1, last + 1)]);
        bad(Invalid::Operand, &kinds, &[Insn::abc(op, 0, 1, 255)]);
    }
    ok(&[INT], &[op(Op::NarrowA, 0, 0, 7)]);
    bad(Invalid::Operand, &[INT], &[op(Op::NarrowA, 0, 0, 8)]);
    ok(&[INT], &[op(Op::ShiftCheck, 0, 64, 0)]);
    bad(Invalid::Operand, &[INT], &[op(Op::ShiftCheck, 0, 0, 0)]);
    bad(Invalid::Operand, &[INT], &[op(Op::ShiftCheck, 0, 65, 0)]);
    ok(&[], &[op(Op::Trap, 15, 0, 0)]);
    bad(Invalid::Operand, &[], &[op(Op::Trap, 16, 0, 0)]);
}

#[test]
fn jumps_stay_in_the_function() {
    let code = |offset: i32| {
        let mut code = vec![op(Op::Charge, 0, 0, 0), Insn::a24(Op::Jump, offset)];
        code.extend(lib(Lib::StrUpper, 1, &[1]));
        code.push(ret());
        code
    };
    for offset in [-2, -1, 0, 2] {
        ok(&[INT, STR], &code(offset));
    }
    for offset in [-3, 1, 3, 4, 100, -100, 0x7f_ffff, -0x80_0000] {
        bad(Invalid::Jump, &[INT, STR], &code(offset));
    }
    ok(&[INT], &[Insn::ab16(Op::JumpIf, 0, 0xffff)]);
    bad(Invalid::Jump, &[INT], &[Insn::ab16(Op::JumpIf, 0, 0xfffe)]);
    bad(Invalid::Jump, &[INT], &[Insn::ab16(Op::JumpIf, 0, 1)]);
    ok(&[INT], &[op(Op::JEq, 0, 0, 0xff)]);
    bad(Invalid::Jump, &[INT], &[op(Op::JEq, 0, 0, 0xfe)]);
    bad(Invalid::Jump, &[INT], &[op(Op::ForLt, 0, 0, 1)]);
}

#[test]
fn last_instruction_ends() {
    let fall = |code: &[Insn]| Module::load_words(&asm(&[INT], code).build()).map(|_| ());
    for last in [op(Op::Move, 0, 0, 0), op(Op::JEq, 0, 0, 0xff), op(Op::Charge, 0, 0, 0)] {
        let found = fall(&[last]);
        assert!(matches!(found, Err(LoadError::Invalid { what: Invalid::FallsThrough, at: 1 })), "{found:?}");
    }
    for last in [op(Op::Trap, 0, 0, 0), Insn::a24(Op::Jump, -1), ret()] {
        assert_eq!(fall(&[last]), Ok(()));
    }
}

#[test]
fn straight_code_is_short() {
    let straight = |count: usize, then: Insn, more: usize| {
        let mut code = vec![op(Op::Move, 0, 0, 0); count];
        code.push(then);
        code.extend(vec![op(Op::Move, 0, 0, 0); more]);
        code
    };
    let charge = op(Op::Charge, 0, 0, 0);
    ok(&[INT], &straight(256, charge, 256));
    bad(Invalid::LongSegment, &[INT], &straight(257, charge, 0));
    bad(Invalid::LongSegment, &[INT], &straight(256, charge, 257));
    // A jump that may not be taken is no charge point, one that always is is one, and so is an end.
    bad(Invalid::LongSegment, &[INT], &straight(200, op(Op::JEq, 0, 0, 0), 200));
    ok(&[INT], &straight(200, Insn::a24(Op::Jump, -1), 200));
    ok(&[INT], &straight(200, op(Op::Trap, 0, 0, 0), 200));
    ok(
        &[INT, STR],
        &[straight(256, charge, 0), lib(Lib::StrUpper, 1, &[1]), straight(256, charge, 0)].concat(),
    );
    // Operand words count.
    let array = ext(Insn::ab16(Op::NewArray, 1, ARRAY_INT), &[&[200][..], &[0; 200]].concat());
    ok(&[INT, ARRAY_INT], &array.repeat(3));
    bad(Invalid::LongSegment, &[INT, ARRAY_INT], &array.repeat(4));
}

#[test]
fn words_are_instructions_or_due_operands() {
    bad(Invalid::Opcode, &[INT], &[Insn(0xff)]);
    bad(Invalid::Opcode, &[INT], &[Insn(Op::ALL.len() as u32)]);
    bad(Invalid::Opcode, &[INT], &[op(Op::Ext, 0, 0, 0)]);
    bad(Invalid::Opcode, &[STR], &[lib(Lib::StrUpper, 0, &[0]), vec![op(Op::Ext, 0, 0, 0)]].concat());
    bad(Invalid::Operand, &[STR], &lib(Lib::StrUpper, 0, &[]));
    bad(Invalid::Operand, &[STR], &lib(Lib::StrConcat, 0, &[3, 0, 0]));
    ok(&[STR], &lib(Lib::StrConcat, 0, &[3, 0, 0, 0]));
    bad(Invalid::Opcode, &[STR], &lib(Lib::StrConcat, 0, &[2, 0, 0, 0]));
    bad(Invalid::Operand, &[STR], &[Insn::ab16(Op::Lib, 0, u16::MAX)]);
    bad(Invalid::Operand, &[STR], &[Insn::ab16(Op::Lib, 0, Lib::ALL.len() as u16)]);
}

const CALLER: [u16; 11] = [INT, ANY, PAYLOAD, FN, ANY, PAYLOAD, STR, INT, ANY, PAYLOAD, STR];
const FRAME: u8 = CALLER.len() as u8;

#[test]
fn calls_match_the_signature() {
    let call = |callee: u16, result: u8, bytes: &[u8]| ext(Insn::ab16(Op::Call, result, callee), bytes);
    ok(&CALLER, &call(CALLEE, 4, &[FRAME + 1, 0, 1, 2]));
    ok(&CALLER, &call(CALLEE, 4, &[FRAME + 1, 7, 8, 9]));
    bad(Invalid::Operand, &CALLER, &call(CALLEE, 4, &[FRAME, 0, 1, 2]));
    bad(Invalid::Operand, &CALLER, &call(CALLEE, 4, &[FRAME + 2, 0, 1, 2]));
    bad(Invalid::Operand, &CALLER, &call(CALLEE, 4, &[FRAME + 1, 0, 1]));
    bad(Invalid::Opcode, &CALLER, &call(CALLEE, 4, &[FRAME + 1, 0, 1, 2, 0, 0, 0]));
    bad(Invalid::Register, &CALLER, &call(CALLEE, 4, &[FRAME + 1, 3, 1, 2]));
    bad(Invalid::Register, &CALLER, &call(CALLEE, 4, &[FRAME + 1, 0, 0, 2]));
    // Halves of two different any.
    bad(Invalid::Register, &CALLER, &call(CALLEE, 4, &[FRAME + 1, 0, 1, 5]));
    bad(Invalid::Register, &CALLER, &call(CALLEE, 5, &[FRAME + 1, 0, 1, 2]));
    bad(Invalid::Register, &CALLER, &call(CALLEE, FRAME - 1, &[FRAME + 1, 0, 1, 2]));
    bad(Invalid::Register, &CALLER, &call(CALLEE, 255, &[FRAME + 1, 0, 1, 2]));
    bad(Invalid::Operand, &CALLER, &call(CLOSURE, 4, &[FRAME + 1, 0, 1, 2]));
    bad(Invalid::Operand, &CALLER, &call(3, 4, &[FRAME + 1, 0, 1, 2]));
    // A result without slots goes nowhere.
    ok(&CALLER, &call(SUBJECT, 255, &[FRAME + 1]));
}

#[test]
fn closures_are_called_by_their_register_type() {
    let call = |closure: u8, count: u8, bytes: &[u8]| ext(op(Op::CallClosure, 4, closure, count), bytes);
    ok(&CALLER, &call(3, 3, &[FRAME + 1, 0, 1, 2]));
    bad(Invalid::Operand, &CALLER, &call(3, 2, &[FRAME + 1, 0, 1]));
    bad(Invalid::Operand, &CALLER, &call(3, 4, &[FRAME + 1, 0, 1, 2, 0]));
    bad(Invalid::Operand, &CALLER, &call(3, 3, &[FRAME, 0, 1, 2]));
    bad(Invalid::Register, &CALLER, &call(3, 3, &[FRAME + 1, 6, 1, 2]));
    bad(Invalid::Register, &CALLER, &call(6, 3, &[FRAME + 1, 0, 1, 2]));
}

#[test]
fn large_frames_cannot_call() {
    if mog_core::machine::WINDOW == 256 {
        ok(&[INT; 254], &ext(Insn::ab16(Op::Call, 0, SUBJECT), &[255]));
        bad(Invalid::Operand, &[INT; 255], &ext(Insn::ab16(Op::Call, 0, SUBJECT), &[0]));
    }
}

#[test]
fn host_calls_match_the_import() {
    let call = |op, import: u16, result: u8, bytes: &[u8]| ext(Insn::ab16(op, result, import), bytes);
    ok(&CALLER, &call(Op::HostCall, 0, 4, &[0, 1, 2]));
    ok(&CALLER, &call(Op::HostTry, 0, 7, &[0, 1, 2]));
    ok(&CALLER, &call(Op::HostTry, 0, 7, &[7, 8, 9]));
    for op in [Op::HostCall, Op::HostTry] {
        bad(Invalid::Operand, &CALLER, &call(op, 2, 7, &[0, 1, 2]));
        bad(Invalid::Register, &CALLER, &call(op, 0, 7, &[0, 1, 5]));
        bad(Invalid::Operand, &CALLER, &call(op, 0, 7, &[]));
        bad(Invalid::Register, &CALLER, &call(op, 0, 3, &[0, 1, 2]));
        bad(Invalid::Register, &CALLER, &call(op, 0, 255, &[0, 1, 2]));
    }
    bad(Invalid::Register, &CALLER[..10], &call(Op::HostTry, 0, 7, &[0, 1, 2]));
    bad(Invalid::Register, &CALLER, &call(Op::HostTry, 0, 0, &[0, 1, 2]));
}

#[test]
fn host_calls_that_take_functions_have_registers_for_their_calls() {
    const REGISTERS: [u16; 10] = [FN, INT, INT, INT, INT, ANY, PAYLOAD, ANY, PAYLOAD, STR];
    let call = |bytes: &[u8]| ext(Insn::ab16(Op::HostCall, 0, 1), bytes);
    let operands = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    ok(&REGISTERS, &call(&operands));
    for missing in 0..operands.len() {
        bad(Invalid::Operand, &REGISTERS, &call(&operands[..missing / 3 * 3]));
    }
    for at in 0..operands.len() {
        let mut wrong = operands;
        wrong[at] = 9;
        bad(Invalid::Register, &REGISTERS, &call(&wrong));
    }
    // The halves of an `any` stay together.
    bad(Invalid::Register, &REGISTERS, &call(&[0, 1, 2, 3, 4, 5, 8, 7, 6]));
}

#[test]
fn returns_match_the_signature() {
    let function = |insn: Insn, results: &[u16], components: &[u16], registers: &[u16]| {
        let mut asm = small();
        let signature = asm.add_type(ty(TypeKind::Fn, 0, components, results));
        asm.functions[0] = Func::new(signature, registers, &[insn]).with(0, results.len() as u8);
        Module::load_words(&asm.build()).map(|_| ())
    };
    let refused = |found: Result<(), LoadError>| matches!(found, Err(LoadError::Invalid { .. }));
    assert_eq!(function(op(Op::Ret1, 0, 0, 0), &[INT], &[U8], &[INT]), Ok(()));
    assert_eq!(function(op(Op::RetN, 0, 1, 0), &[INT], &[INT], &[INT]), Ok(()));
    assert!(refused(function(op(Op::Ret1, 0, 0, 0), &[INT], &[INT], &[STR])));
    assert!(refused(function(op(Op::Ret1, 1, 0, 0), &[INT], &[INT], &[INT])));
    assert!(refused(function(ret(), &[INT], &[INT], &[INT])));
    assert_eq!(function(op(Op::RetN, 0, 2, 0), &[ANY, PAYLOAD], &[ANY], &[ANY, PAYLOAD]), Ok(()));
    assert!(refused(function(op(Op::RetN, 0, 1, 0), &[ANY, PAYLOAD], &[ANY], &[ANY, PAYLOAD])));
    assert!(refused(function(op(Op::RetN, 1, 2, 0), &[ANY, PAYLOAD], &[ANY], &[ANY, PAYLOAD])));
    assert!(refused(function(op(Op::Ret1, 0, 0, 0), &[ANY, PAYLOAD], &[ANY], &[ANY, PAYLOAD])));
    bad(Invalid::Operand, &[INT], &[op(Op::Ret1, 0, 0, 0)]);
    bad(Invalid::Operand, &[INT], &[op(Op::RetN, 0, 1, 0)]);
}

#[test]
fn failures_have_kind_and_message() {
    ok(&[INT, STR], &[op(Op::Raise, 0, 0, 0)]);
    bad(Invalid::Register, &[INT, INT], &[op(Op::Raise, 0, 0, 0)]);
    bad(Invalid::Register, &[STR, STR], &[op(Op::Raise, 0, 0, 0)]);
    bad(Invalid::Register, &[INT, STR, INT], &[op(Op::Raise, 2, 0, 0)]);
    bad(Invalid::Register, &[INT], &[op(Op::Raise, 255, 0, 0)]);
    ok(&[STR], &[op(Op::Panic, 0, 0, 0)]);
    bad(Invalid::Register, &[INT], &[op(Op::Panic, 0, 0, 0)]);
}

#[test]
fn module_variables_match_the_state() {
    let insn = |op, a, slot| Insn::ab16(op, a, slot);
    let registers = [INT, STR, ANY, PAYLOAD, FLOAT];
    for op in [Op::LoadGlobal, Op::StoreGlobal] {
        ok(&registers, &[insn(op, 1, 1)]);
        bad(Invalid::Register, &registers, &[insn(op, 0, 1)]);
        bad(Invalid::Register, &registers, &[insn(op, 2, 2)]);
        bad(Invalid::Register, &registers, &[insn(op, 3, 3)]);
        bad(Invalid::Operand, &registers, &[insn(op, 0, 5)]);
        bad(Invalid::Operand, &registers, &[insn(op, 0, u16::MAX)]);
        let mut asm = asm(&registers, &[insn(op, 0, 0), ret()]);
        assert!(Module::load_words(&asm.build()).is_ok());
        asm.state = UNIT;
        assert!(Module::load_words(&asm.build()).is_err());
    }
    for op in [Op::LoadGlobalN, Op::StoreGlobalN] {
        ok(&registers, &ext(insn(op, 0, 0), &[5]));
        ok(&registers, &ext(insn(op, 2, 2), &[2]));
        bad(Invalid::Register, &registers, &ext(insn(op, 1, 1), &[2]));
        bad(Invalid::Register, &registers, &ext(insn(op, 3, 3), &[2]));
        bad(Invalid::Register, &registers, &ext(insn(op, 1, 0), &[2]));
        bad(Invalid::Operand, &registers[..], &ext(insn(op, 0, 1), &[5]));
        bad(Invalid::Register, &registers, &ext(insn(op, 0, 0), &[6]));
        bad(Invalid::Operand, &registers, &[insn(op, 0, 0)]);
    }
}

#[test]
fn fields_match_the_object() {
    let registers = [INT, STR, ANY, PAYLOAD, FLOAT, STRUCT, LEAF, CAPTURES, BOXED];
    for (load, object, field, value) in [
        (true, 5u8, 0u8, 0u8),
        (true, 5, 1, 1),
        (true, 5, 4, 4),
        (true, 6, 0, 0),
        (true, 7, 1, 0),
        (false, 5, 0, 0),
        (false, 5, 1, 1),
        (false, 6, 0, 0),
        (false, 7, 1, 0),
    ] {
        let insn = |object, field, value| {
            if load {
                op(Op::LoadField, value, object, field)
            } else {
                op(Op::StoreField, object, field, value)
            }
        };
        ok(&registers, &[insn(object, field, value)]);
        bad(Invalid::Register, &registers, &[insn(object, field, if value == 4 { 0 } else { 4 })]);
        bad(Invalid::Operand, &registers, &[insn(object, 200, value)]);
        bad(Invalid::Register, &registers, &[insn(5, 2, 2)]);
        bad(Invalid::Register, &registers, &[insn(5, 3, 3)]);
        bad(Invalid::Operand, &registers, &[insn(7, 0, 0)]);
        bad(Invalid::Register, &registers, &[insn(8, 0, 0)]);
        bad(Invalid::Register, &registers, &[insn(1, 0, 0)]);
    }
    for load in [true, false] {
        let insn = |object, field, value, count| {
            let insn = if load {
                op(Op::LoadFieldN, value, object, field)
            } else {
                op(Op::StoreFieldN, object, field, value)
            };
            ext(insn, &[count])
        };
        ok(&registers, &insn(5, 0, 0, 5));
        ok(&registers, &insn(5, 2, 2, 2));
        ok(&registers, &insn(7, 2, 2, 2));
        bad(Invalid::Register, &registers, &insn(5, 1, 1, 2));
        bad(Invalid::Register, &registers, &insn(5, 3, 3, 2));
        bad(Invalid::Register, &registers, &insn(5, 0, 1, 2));
        bad(Invalid::Operand, &registers, &insn(5, 4, 4, 2));
        bad(Invalid::Register, &registers, &insn(5, 0, 8, 2));
        bad(Invalid::Operand, &registers, &insn(7, 0, 0, 1));
    }
}

#[test]
fn fields_as_operands_match_the_object() {
    // Fields of the struct: int, string, `any` in two slots, float.
    let registers = [INT, STR, ANY, PAYLOAD, FLOAT, STRUCT, CAPTURES, FLOAT];
    for load in [Op::LoadFieldF, Op::FAddFieldA, Op::FSubFieldA, Op::FMulFieldA] {
        ok(&registers, &[op(load, 4, 5, 4)]);
        ok(&registers, &[op(load, 7, 5, 4)]);
        for wrong in [op(load, 4, 5, 0), op(load, 0, 5, 0), op(load, 0, 5, 4), op(load, 4, 0, 4)] {
            bad(Invalid::Register, &registers, &[wrong]);
        }
        bad(Invalid::Operand, &registers, &[op(load, 4, 5, 5)]);
        bad(Invalid::Operand, &registers, &[op(load, 4, 6, 0)]);
    }
    for (update, field, value) in [
        (Op::FieldAdd, 0, 0),
        (Op::FieldSub, 0, 0),
        (Op::FieldAddI, 0, 100),
        (Op::FieldFAdd, 4, 4),
        (Op::FieldFSub, 4, 7),
    ] {
        ok(&registers, &[op(update, 5, field, value)]);
        for other in (0..5).filter(|&other| other != field) {
            bad(Invalid::Register, &registers, &[op(update, 5, other, value)]);
            if update != Op::FieldAddI {
                bad(Invalid::Register, &registers, &[op(update, 5, field, other)]);
                bad(Invalid::Register, &registers, &[op(update, 5, other, other)]);
            }
        }
        bad(Invalid::Operand, &registers, &[op(update, 5, 5, value)]);
        bad(Invalid::Register, &registers, &[op(update, 0, field, value)]);
        // The number of a closure's function is no field.
        bad(Invalid::Operand, &registers, &[op(update, 6, 0, value)]);
    }
}

#[test]
fn objects_are_made_from_their_slots() {
    let registers = [INT, STR, ANY, PAYLOAD, FLOAT, STRUCT, LEAF, BOXED, CAPTURES, FN, NODE];
    let new = |a, ty: u16, bytes: &[u8]| ext(Insn::ab16(Op::New, a, ty), bytes);
    ok(&registers, &new(5, STRUCT, &[0, 1, 2, 3, 4]));
    bad(Invalid::Register, &registers, &new(5, STRUCT, &[0, 1, 2, 2, 4]));
    bad(Invalid::Register, &registers, &new(5, STRUCT, &[0, 1, 2, 3, 0]));
    bad(Invalid::Register, &registers, &new(5, STRUCT, &[0, 1, 2, 3, 99]));
    bad(Invalid::Operand, &registers, &new(5, STRUCT, &[0, 1, 2]));
    bad(Invalid::Register, &registers, &new(6, STRUCT, &[0, 1, 2, 3, 4]));
    bad(Invalid::Register, &registers, &new(99, STRUCT, &[0, 1, 2, 3, 4]));
    ok(&registers, &new(6, LEAF, &[0]));
    ok(&registers, &new(7, LEAF, &[0]));
    ok(&registers, &new(7, NODE, &[7, 7]));
    bad(Invalid::Register, &registers, &new(7, NODE, &[6, 7]));
    bad(Invalid::Register, &registers, &new(6, NODE, &[7, 7]));
    bad(Invalid::Register, &registers, &new(10, LEAF, &[0]));
    for wrong in [CAPTURES, ARRAY_INT, MAP, FN, BOXED, OPTION, ENUM, INT, OWN + 100] {
        bad(Invalid::Operand, &registers, &new(5, wrong, &[0, 0, 2, 3, 0, 0]));
    }

    let closure = |a, function: u16, bytes: &[u8]| ext(Insn::ab16(Op::NewClosure, a, function), bytes);
    ok(&registers, &closure(9, CLOSURE, &[0, 2, 3]));
    bad(Invalid::Register, &registers, &closure(9, CLOSURE, &[1, 2, 3]));
    bad(Invalid::Register, &registers, &closure(9, CLOSURE, &[0, 2, 2]));
    bad(Invalid::Operand, &registers, &closure(9, CLOSURE, &[]));
    bad(Invalid::Register, &registers, &closure(8, CLOSURE, &[0, 2, 3]));
    bad(Invalid::Operand, &registers, &closure(9, CALLEE, &[0, 2, 3]));
    bad(Invalid::Operand, &registers, &closure(9, 3, &[0, 2, 3]));
    let mut other = registers;
    other[9] = PROC;
    bad(Invalid::Register, &other, &closure(9, CLOSURE, &[0, 2, 3]));
}

#[test]
fn variants_are_seen_through_their_enum() {
    let mut asm = small();
    let other = asm.add_type(ty(TypeKind::BoxedEnum, 0, &[0, 0], &[UNIT]));
    asm.add_type(ty(TypeKind::Variant, 0, &[], &[]));
    let registers = [INT, BOXED, LEAF, NODE, other, other + 1, STRUCT];
    let mut check = |code: Vec<Insn>| {
        let code = [code, vec![ret()]].concat();
        asm.functions[0] = Func::new(PROC, &registers, &code);
        asm.types[usize::from(other - OWN)].slots = vec![other];
        match Module::load_words(&asm.build()).map(|_| ()) {
            Err(LoadError::Invalid { what, .. }) => Err(what),
            other => {
                assert_eq!(other, Ok(()));
                Ok(())
            }
        }
    };
    let wrong = Err(Invalid::Register);
    assert_eq!(check(vec![op(Op::EnumTag, 0, 1, 0), op(Op::EnumTag, 0, 4, 0)]), Ok(()));
    for register in [0, 2, 6] {
        assert_eq!(check(vec![op(Op::EnumTag, 0, register, 0)]), wrong);
    }
    for (boxed, variant, fits) in [
        (1, 2, true),
        (1, 3, true),
        (4, 5, true),
        (1, 5, false),
        (4, 2, false),
        (1, 1, false),
        (2, 2, false),
        (1, 6, false),
    ] {
        let expected = if fits { Ok(()) } else { wrong };
        let named = registers[usize::from(variant)].to_le_bytes();
        assert_eq!(check(ext(op(Op::AsVariant, variant, boxed, 0), &named)), expected, "{boxed} {variant}");
    }
    assert_eq!(check(ext(op(Op::AsVariant, 2, 1, 0), &NODE.to_le_bytes())), wrong);
    assert_eq!(check(ext(op(Op::AsVariant, 2, 1, 0), &STRUCT.to_le_bytes())), wrong);
    assert_eq!(check(vec![op(Op::AsVariant, 2, 1, 0)]), Err(Invalid::Operand));
    // The object of a variant is also made in a register of its enum.
    assert_eq!(check(ext(Insn::ab16(Op::New, 4, other + 1), &[])), Ok(()));
    assert_eq!(check(ext(Insn::ab16(Op::New, 1, other + 1), &[])), wrong);
}

#[test]
fn operand_bytes_are_bounded() {
    let with = |fields: usize| {
        let mut asm = small();
        let big = asm.add_type(ty(TypeKind::Struct, 0, &[0, INT].repeat(fields), &vec![INT; fields]));
        let mut code = ext(Insn::ab16(Op::New, 1, big), &vec![0; fields]);
        code.push(ret());
        asm.functions[0] = Func::new(PROC, &[INT, big], &code);
        Module::load_words(&asm.build()).map(|_| ())
    };
    assert_eq!(with(256), Ok(()));
    assert!(matches!(with(257), Err(LoadError::Invalid { what: Invalid::Operand, .. })));
}

#[test]
fn elements_match_the_array() {
    let registers = [
        INT,
        FLOAT,
        STR,
        ANY,
        PAYLOAD,
        INT,
        INT,
        ARRAY_INT,
        ARRAY_FLOAT,
        ARRAY_BOOL,
        ARRAY_F32,
        ARRAY_I16,
        ARRAY_OPTION,
        ARRAY_ANY,
        ARRAY_STR,
        ARRAY_U8,
        ARRAY_SELF,
    ];
    // Array, register of an element, and the instructions that take it.
    let table: [(u8, u8, &[Op], &[Op]); 10] = [
        (7, 0, &[Op::AGet, Op::AGetNext, Op::AGetPrev, Op::AGetN], &[Op::ASet, Op::ASetN, Op::APush]),
        (
            8,
            1,
            &[Op::AGet, Op::AGetNext, Op::AGetPrev, Op::AGetF, Op::AGetN],
            &[Op::ASet, Op::ASetN, Op::APush],
        ),
        (9, 0, &[Op::AGetU8, Op::AGetP], &[Op::ASetU8, Op::ASetP]),
        (10, 1, &[Op::AGetP], &[Op::ASetP]),
        (11, 0, &[Op::AGetP], &[Op::ASetP]),
        (12, 5, &[Op::AGetN], &[Op::ASetN]),
        (13, 3, &[Op::AGetN], &[Op::ASetN]),
        (14, 2, &[Op::AGet, Op::AGetNext, Op::AGetPrev, Op::AGetN], &[Op::ASet, Op::ASetN, Op::APush]),
        (15, 0, &[Op::AGetU8, Op::AGetP], &[Op::ASetU8, Op::ASetP]),
        (16, 16, &[Op::AGet, Op::AGetNext, Op::AGetPrev, Op::AGetN], &[Op::ASet, Op::ASetN, Op::APush]),
    ];
    for (array, element, gets, sets) in table {
        for get in [Op::AGet, Op::AGetNext, Op::AGetPrev, Op::AGetF, Op::AGetU8, Op::AGetP, Op::AGetN] {
            let insn = |a, b, c| [Insn::abc(get, a, b, c)];
            if !gets.contains(&get) {
                bad(Invalid::Operand, &registers, &insn(element, array, 0));
                continue;
            }
            ok(&registers, &insn(element, array, 0));
            bad(Invalid::Register, &registers, &insn(element, array, 1));
            bad(Invalid::Register, &registers, &insn(if element == 2 { 0 } else { 2 }, array, 0));
            bad(Invalid::Register, &registers, &insn(4, array, 0));
            bad(Invalid::Register, &registers, &insn(99, array, 0));
            bad(Invalid::Register, &registers, &insn(element, 2, 0));
        }
        let exchange = |first, second| [Insn::abc(Op::ASwap, array, first, second)];
        if sets.contains(&Op::APush) {
            ok(&registers, &exchange(0, 0));
            bad(Invalid::Register, &registers, &exchange(1, 0));
            bad(Invalid::Register, &registers, &exchange(0, 99));
        } else {
            bad(Invalid::Operand, &registers, &exchange(0, 0));
        }
        for set in [Op::ASet, Op::ASetU8, Op::ASetP, Op::ASetN, Op::APush] {
            let insn = |array, element| {
                [if set == Op::APush { op(set, array, element, 0) } else { op(set, array, 0, element) }]
            };
            if !sets.contains(&set) {
                bad(Invalid::Operand, &registers, &insn(array, element));
                continue;
            }
            ok(&registers, &insn(array, element));
            bad(Invalid::Register, &registers, &insn(array, if element == 2 { 0 } else { 2 }));
            bad(Invalid::Register, &registers, &insn(array, 4));
            bad(Invalid::Register, &registers, &insn(array, 99));
            bad(Invalid::Register, &registers, &insn(2, element));
        }
    }
}

#[test]
fn array_literals_have_one_slot_elements() {
    let registers =
        [INT, FLOAT, STR, ANY, PAYLOAD, ARRAY_INT, ARRAY_FLOAT, ARRAY_BOOL, ARRAY_OPTION, ARRAY_ANY];
    let new = |a, ty: u16, bytes: &[u8]| ext(Insn::ab16(Op::NewArray, a, ty), bytes);
    ok(&registers, &new(5, ARRAY_INT, &[3, 0, 0, 0]));
    ok(&registers, &new(5, ARRAY_INT, &[0]));
    ok(&registers, &new(6, ARRAY_FLOAT, &[1, 1]));
    bad(Invalid::Register, &registers, &new(5, ARRAY_INT, &[1, 1]));
    bad(Invalid::Register, &registers, &new(5, ARRAY_INT, &[3, 0, 0, 99]));
    bad(Invalid::Operand, &registers, &new(5, ARRAY_INT, &[3, 0, 0]));
    bad(Invalid::Register, &registers, &new(6, ARRAY_INT, &[1, 0]));
    bad(Invalid::Register, &registers, &new(5, STRUCT, &[1, 0]));
    bad(Invalid::Operand, &registers, &new(7, ARRAY_BOOL, &[1, 0]));
    // An empty one may be of any kind.
    ok(&registers, &[new(7, ARRAY_BOOL, &[0]), new(8, ARRAY_OPTION, &[0]), new(9, ARRAY_ANY, &[0])].concat());
    bad(Invalid::Operand, &registers, &new(8, ARRAY_OPTION, &[2, 0, 0]));
    bad(Invalid::Operand, &registers, &new(9, ARRAY_ANY, &[2, 3, 4]));
}

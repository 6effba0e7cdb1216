//! Sequences: what names one runs as what does not, wherever it pauses, and only what they are may follow.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::verdict::*;
use common::world::{ARRAY_INT, SUBJECT, asm};
use common::*;
use mog_core::error::{Invalid, TrapCode};
use mog_core::isa::{Insn, Lib, Op, Sequence};
use mog_core::module::Module;
use mog_core::{Config, Dispatch, Instance, Outcome};

/// The same with its sequences named.
fn named(code: &[Insn]) -> Vec<Insn> {
    let mut words: Vec<u32> = code.iter().map(|insn| insn.0).collect();
    Sequence::name_all(&mut words);
    words.into_iter().map(Insn).collect()
}

#[test]
fn only_what_a_sequence_is_may_follow_its_first() {
    let registers = [INT; 4];
    let [add, add_i, sub] = [op(Op::Add, 0, 1, 2), op(Op::AddI, 1, 2, 3), op(Op::Sub, 0, 1, 2)];
    for code in [vec![add, add_i], vec![add, add], vec![add, add_i, add], vec![add_i, add_i, add]] {
        let code = named(&code);
        assert!(code[0].sequence().is_some());
        ok(&registers, &code);
        for at in 1..code.len() {
            if let Some(first) = code.get(at - 1)
                && first.sequence().is_some()
            {
                let mut other = code.clone();
                other[at] = sub;
                bad(Invalid::Opcode, &registers, &other);
            }
        }
        // Here another instruction ends the function.
        bad(Invalid::Opcode, &registers, &code[..1]);
    }
    // An operand word is not the instruction that follows.
    let jump = named(&[op(Op::Move, 0, 1, 0), Insn::a24(Op::Jump, -2)]);
    ok(&registers, &jump);
    bad(Invalid::Opcode, &registers, &[jump[0], op(Op::Ext, 0, 0, 0)]);
    bad(Invalid::Opcode, &registers, &jump[..1]);
    // Jumps may lead to what is not first.
    ok(&registers, &named(&[Insn::a24(Op::Jump, 1), add, add_i, add]));
}

#[test]
fn the_last_of_a_loop_jumps_to_its_first() {
    let registers = [INT, INT, INT, ARRAY_INT];
    let set = op(Op::ASet, 3, 1, 0);
    let back = |words: i8| op(Op::ForLt, 1, 2, words.cast_unsigned());
    let code = named(&[set, back(-2), ret()]);
    assert!(code[0].sequence().is_some_and(Sequence::is_loop));
    ok(&registers, &code);
    for words in [-1, 0] {
        bad(Invalid::Opcode, &registers, &[code[0], back(words), ret()]);
        let other = named(&[set, back(words), ret()]);
        assert!(!other[0].sequence().is_some_and(Sequence::is_loop));
        ok(&registers, &other);
    }
    bad(Invalid::Opcode, &registers, &[code[0], op(Op::ForLe, 1, 2, -2i8 as u8), ret()]);
    bad(Invalid::Opcode, &registers, &code[..1]);
}

#[test]
fn all_of_the_longest_are_found() {
    let code = [
        op(Op::AGet, 0, 3, 1),
        op(Op::ASet, 3, 1, 0),
        op(Op::ForLt, 1, 2, 0),
        op(Op::AGet, 0, 3, 1),
        op(Op::ASet, 3, 1, 0),
        ret(),
    ];
    let lengths: Vec<usize> =
        named(&code).iter().map(|insn| insn.sequence().map_or(1, |sequence| sequence.ops().len())).collect();
    assert_eq!(lengths, [3, 2, 1, 2, 1, 1]);
    let again = named(&named(&code));
    assert_eq!(again, named(&code));
}

/// Fills an array, goes through it, counts, and takes a remainder by this register.
fn program(divisor: u8) -> Vec<Insn> {
    let fill = lib(Lib::ArrayFill, 3, &[ARRAY_INT as u8, 0, 2, 1]);
    let mut code: Vec<_> =
        [(1, 0), (2, 9), (5, 0)].map(|(r, value)| Insn::ab16(Op::LoadInt, r, value)).into();
    code.extend(fill);
    code.extend([
        // Each element becomes what it is.
        op(Op::AGet, 0, 3, 1),
        op(Op::ASet, 3, 1, 0),
        op(Op::ForLt, 1, 2, -3i8 as u8),
        Insn::ab16(Op::LoadInt, 1, 0),
        Insn::ab16(Op::LoadInt, 0, 5),
        op(Op::AddI, 0, 0, 3),
        op(Op::AddI, 1, 1, 1),
        op(Op::JLe, 1, 2, -3i8 as u8),
        op(Op::Move, 4, 1, 0),
        op(Op::Mul, 4, 0, 1),
        op(Op::Rem, 4, 4, divisor),
        op(Op::ASet, 3, 5, 4),
        op(Op::Add, 4, 4, 1),
        op(Op::Add, 4, 4, 4),
        ret(),
    ]);
    code
}

/// How it ends, with its steps and pauses, when it gets so many steps at a time.
fn run(code: &[Insn], dispatch: Dispatch, at_a_time: u64) -> (Outcome, u64, u32) {
    let words = asm(&[INT, INT, INT, ARRAY_INT, INT, INT], code).build();
    let module = Module::load_words(&words).unwrap();
    let mut arena = [0; 1024];
    let mut instance =
        Instance::new(module, &mut arena, &mut Nobody, Config { dispatch, ..Config::default() }).unwrap();
    instance.enter(SUBJECT, 0, |_, _| Some(())).unwrap();
    let mut pauses = 0;
    loop {
        match instance.run(&mut Nobody, at_a_time) {
            Outcome::Paused => pauses += 1,
            end => return (end, instance.counters().steps, pauses),
        }
    }
}

#[test]
fn they_run_as_their_instructions_do() {
    for divisor in [2, 5] {
        let code = program(divisor);
        assert!(named(&code).iter().filter(|insn| insn.sequence().is_some()).count() > 6);
        for at_a_time in 1..90 {
            let (end, steps, pauses) = run(&code, Dispatch::Match, at_a_time);
            match divisor {
                // By zero: the second of two.
                5 => assert!(matches!(end, Outcome::Trap { code: TrapCode::DivisionByZero, .. }), "{end:?}"),
                _ => assert_eq!(end, Outcome::Returned),
            }
            for dispatch in [Dispatch::Match, Dispatch::Tail] {
                assert_eq!(
                    run(&named(&code), dispatch, at_a_time),
                    (end, steps, pauses),
                    "{at_a_time} {dispatch:?}"
                );
            }
        }
    }
}

/// Loops that end, and loops that leave the array, after rounds that number their bound.
#[test]
fn loops_run_as_their_instructions_do() {
    let bodies = [
        vec![op(Op::ASet, 3, 1, 2), op(Op::ForLt, 1, 2, 0)],
        vec![op(Op::AGet, 0, 3, 1), op(Op::ASet, 3, 1, 0), op(Op::ForLt, 1, 2, 0)],
        vec![op(Op::AGet, 0, 3, 1), op(Op::Add, 4, 4, 0), op(Op::ForLt, 1, 2, 0)],
        vec![op(Op::ASwap, 3, 1, 2), op(Op::ForMeet, 1, 2, 0)],
        vec![op(Op::AGetNext, 0, 3, 1), op(Op::JLt, 1, 2, 0)],
        vec![op(Op::AGetPrev, 0, 3, 2), op(Op::JLt, 1, 2, 0)],
    ];
    for (mut body, (from, to)) in
        bodies.iter().flat_map(|body| [(0, 8), (0, 12), (-2, 3), (9, 4)].map(|r| (body.clone(), r)))
    {
        let len = body.len() as i8;
        let last = body.last_mut().unwrap();
        *last = Insn(last.0 | u32::from((-len).cast_unsigned()) << 24);
        let mut code: Vec<_> =
            [(0, 7), (1, 0), (2, 9), (4, 0)].map(|(r, value)| Insn::ab16(Op::LoadInt, r, value)).into();
        code.extend(lib(Lib::ArrayFill, 3, &[ARRAY_INT as u8, 0, 2, 0]));
        code.extend([
            Insn::ab16(Op::LoadInt, 1, i16::cast_unsigned(from)),
            Insn::ab16(Op::LoadInt, 2, i16::cast_unsigned(to)),
        ]);
        code.extend(body);
        code.push(ret());
        assert!(named(&code).iter().any(|insn| insn.sequence().is_some_and(Sequence::is_loop)));
        for at_a_time in (1..60).chain([1000]) {
            let plain = run(&code, Dispatch::Match, at_a_time);
            for dispatch in [Dispatch::Match, Dispatch::Tail] {
                assert_eq!(
                    run(&named(&code), dispatch, at_a_time),
                    plain,
                    "{from}..{to} {at_a_time} {dispatch:?} {code:?}"
                );
            }
        }
    }
}

/// Modules in flash have these opcodes: new sequences go to the end, whose numbers are lower.
#[test]
fn their_opcodes_stay() {
    let known = Sequence::ALL.iter().take(85);
    let end = |sequence: &Sequence| 0xff - u8::from(sequence.is_loop());
    let bytes = known.flat_map(|sequence| sequence.ops().iter().map(|&op| op as u8).chain([end(sequence)]));
    // FNV-1a, 64 bits.
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    assert_eq!(hash, 0xb2ee_8b46_1f84_03fc);
}

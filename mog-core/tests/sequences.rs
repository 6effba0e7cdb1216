//! Sequences: what names one runs as what does not, wherever it pauses, and only what they are may follow.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::verdict::*;
use common::world::{ARRAY_FLOAT, ARRAY_INT, ARRAY_SELF, SUBJECT, asm};
use common::*;
use mog_core::error::{Invalid, TrapCode};
use mog_core::isa::{Insn, Lib, Op, Sequence};
use mog_core::module::{Import, Module, TypeKind, TypeRecord};
use mog_core::{Binding, Call, Config, DirectCall, Dispatch, Host, Instance, Outcome, Reply};
use proptest::collection::vec;
use proptest::prelude::*;

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
    let [before, set] = [op(Op::Add, 0, 1, 2), op(Op::ASet, 3, 1, 0)];
    let back = |words: i8| op(Op::ForLt, 1, 2, words.cast_unsigned());
    let code = named(&[before, set, back(-2), ret()]);
    assert!(code[1].sequence().is_some_and(Sequence::is_loop));
    ok(&registers, &code);
    for words in [-3, -1, 0] {
        bad(Invalid::Opcode, &registers, &[before, code[1], back(words), ret()]);
        let other = named(&[before, set, back(words), ret()]);
        assert!(!other[1].sequence().is_some_and(Sequence::is_loop));
        ok(&registers, &other);
    }
    bad(Invalid::Opcode, &registers, &[before, code[1], op(Op::ForLe, 1, 2, -2i8 as u8), ret()]);
    bad(Invalid::Opcode, &registers, &code[..2]);
}

#[test]
fn the_preferred_ones_are_found() {
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

/// Registers of the programs with loops: numbers, arrays of them, floats, and those of bytes and floats.
const REGISTERS: [u16; 10] = [INT, INT, INT, INT, ARRAY_INT, ARRAY_INT, ARRAY_U8, ARRAY_FLOAT, FLOAT, FLOAT];

/// An instruction of a loop, with registers that fit it.
fn of_loop(what: Op, back: i64, mut pick: impl FnMut(u8) -> u8) -> Insn {
    let back = (back as i8).cast_unsigned();
    let (a, b, c) = (pick(4), pick(4), pick(4));
    match what {
        Op::AGet | Op::AGetNext | Op::AGetPrev => op(what, a, 4 + pick(2), c),
        Op::AGetF => op(what, 8 + pick(2), 7, c),
        Op::ASet | Op::ASwap => op(what, 4 + pick(2), b, c),
        Op::ASetU8 => op(what, 6, b, c),
        Op::FMulAddA => op(what, 8 + pick(2), 8 + pick(2), 8 + pick(2)),
        Op::HostCall => Insn::ab16(what, a, u16::from(pick(2))),
        Op::ForLt | Op::ForLe | Op::ForMeet | Op::JLt | Op::JLe => op(what, a, b, back),
        _ => op(what, a, b, c),
    }
}

/// A loop, whose registers can be the same ones, behind what fills the arrays; what it leaves at hand is used.
fn program_of_loop(sequence: &Sequence, choices: &[u8]) -> Vec<Insn> {
    let mut choices = choices.iter().copied().cycle();
    let mut pick = |below: u8| choices.next().unwrap() % below;
    let mut code = vec![Insn::ab16(Op::LoadK, 8, 0), Insn::ab16(Op::LoadK, 9, 1)];
    for (array, (ty, element)) in (4..).zip([(ARRAY_INT, 1), (ARRAY_INT, 2), (ARRAY_U8, 1), (ARRAY_FLOAT, 8)])
    {
        code.extend([0, 1, 2].map(|r| Insn::ab16(Op::LoadInt, r, u16::from(pick(12)))));
        code.extend(lib(Lib::ArrayFill, array, &[ty as u8, (ty >> 8) as u8, 0, element]));
    }
    let values = [0, 0, 1, 2, 5, 9, 12, 300, u16::MAX, i16::MIN.cast_unsigned()];
    code.extend((0..4).map(|r| match usize::from(pick(13)) {
        n @ 10.. => Insn::ab16(Op::LoadK, r, n as u16 - 8),
        n => Insn::ab16(Op::LoadInt, r, values[n]),
    }));
    if pick(3) == 0 {
        // Into its middle, but to no operands.
        let to = pick(sequence.ops().len() as u8);
        let is_operand = sequence.ops()[usize::from(to)] == Op::Ext;
        code.push(Insn::a24(Op::Jump, i32::from(to + u8::from(is_operand))));
    }
    code.extend(sequence.ops().iter().map(|&what| of_loop(what, sequence.back(), &mut pick)));
    code.extend([op(Op::AddA, 0, 0, 1), op(Op::FAddA, 8, 0, 9), ret()]);
    code
}

/// A host that makes most calls directly, and charges for some; or none of them directly.
struct Counting {
    direct: bool,
    calls: u64,
}

impl Counting {
    /// What a call gives and costs.
    fn answer(&mut self, arguments: u64) -> (u64, u32) {
        self.calls += 1;
        (
            arguments.wrapping_mul(3) ^ self.calls,
            if self.calls % 5 == 4 { 1 + arguments as u32 % 60 } else { 0 },
        )
    }
}

impl Host for Counting {
    fn bind(&mut self, _: &Import<'_>, _: TypeRecord<'_>, _: &Module<'_>) -> Binding {
        Binding::Granted(0)
    }

    fn grants(&self, _: &str) -> bool {
        true
    }

    fn call(&mut self, _: u16, call: &mut Call<'_, '_>) -> Reply {
        let arguments = (0..call.len()).map(|n| call.int_arg(n)).fold(0, i64::wrapping_add);
        let (result, cost) = self.answer(arguments.cast_unsigned());
        call.charge(cost.into());
        if call.len() == 2 { call.return_int(result.cast_signed()) } else { Reply::Done }
    }

    fn call_direct(&mut self, _: u16, call: DirectCall<'_, '_>) -> u64 {
        if !self.direct || self.calls % 7 == 3 {
            return call.leave();
        }
        let (result, cost) = self.answer((0..call.len()).map(|n| call.slot(n)).fold(0, u64::wrapping_add));
        if cost > 0 {
            call.charge(cost);
        }
        result
    }
}

/// How it ends, and with what steps, pauses and arena, if it does so soon.
fn run_loop(
    code: &[Insn],
    dispatch: Dispatch,
    at_a_time: u64,
    direct: bool,
) -> (Outcome, u64, u32, Vec<u64>) {
    let mut asm = asm(&REGISTERS, code);
    let of_two = asm.add_type(ty(TypeKind::Fn, 2, &[INT, INT, INT], &[INT, INT, INT]));
    let of_three = asm.add_type(ty(TypeKind::Fn, 3, &[INT, INT, INT, UNIT], &[INT, INT, INT]));
    asm.imports = vec![of_two, of_three];
    asm.constants = vec![1.5f64.to_bits(), (-0.25f64).to_bits(), i64::MAX as u64, i64::MIN as u64, 1 << 32];
    let words = asm.build();
    let module = Module::load_words(&words).unwrap();
    let mut arena = vec![0; 1024];
    let mut host = Counting { direct, calls: 0 };
    let mut instance =
        Instance::new(module, &mut arena, &mut host, Config { dispatch, ..Config::default() }).unwrap();
    instance.enter(SUBJECT, 0, |_, _| Some(())).unwrap();
    let mut pauses = 0;
    let end = loop {
        match instance.run(&mut host, at_a_time) {
            Outcome::Paused if instance.counters().steps < 10_000 => pauses += 1,
            end => break end,
        }
    };
    let steps = instance.counters().steps;
    (end, steps, pauses, arena)
}

/// An array is looked up once for a loop, but not if the loop gets another one into its register.
#[test]
fn a_loop_may_go_from_one_array_to_the_next() {
    let registers = [INT, INT, INT, ARRAY_SELF, ARRAY_SELF, ARRAY_SELF];
    let empty = |to| [Insn::ab16(Op::NewArray, to, ARRAY_SELF), op(Op::Ext, 0, 0, 0)];
    let around = [Insn::ab16(Op::NewArray, 3, ARRAY_SELF), op(Op::Ext, 3, 3, 3), op(Op::Ext, 3, 0, 0)];
    let mut code: Vec<Insn> = [(1, 0), (2, 4)].map(|(r, value)| Insn::ab16(Op::LoadInt, r, value)).into();
    code.extend([empty(3), empty(5)].into_iter().flatten());
    code.extend([around; 6].into_iter().flatten());
    let first = code.len();
    let [get, set] = [op(Op::AGet, 3, 3, 1), op(Op::ASet, 3, 1, 5)];
    code.extend([get, set, op(Op::ForLt, 1, 2, -3i8 as u8), ret()]);
    let name = named(&code)[first].sequence().unwrap();
    assert_eq!((name.ops().len(), name.is_loop()), (3, false), "not made a loop of");
    let number =
        Sequence::ALL.iter().position(|of| of.is_loop() && of.ops() == [Op::AGet, Op::ASet, Op::ForLt]);
    let mut as_loop = code.clone();
    as_loop[first] = get.with_opcode(u8::MAX - number.unwrap() as u8);
    let run = |code: &[Insn], dispatch| {
        let words = asm(&registers, code).build();
        let module = Module::load_words(&words).unwrap();
        let mut arena = vec![0; 1024];
        let config = Config { dispatch, ..Config::default() };
        let mut instance = Instance::new(module, &mut arena, &mut Nobody, config).unwrap();
        instance.enter(SUBJECT, 0, |_, _| Some(())).unwrap();
        let end = instance.run(&mut Nobody, 1000);
        assert!(matches!(end, Outcome::Trap { code: TrapCode::IndexOutOfRange, .. }), "{end:?}");
        (end, instance.counters().steps, arena)
    };
    let plain = run(&code, Dispatch::Match);
    for dispatch in [Dispatch::Match, Dispatch::Tail] {
        assert_eq!(run(&as_loop, dispatch), plain, "{dispatch:?}");
        assert_eq!(run(&named(&code), dispatch), plain, "{dispatch:?}");
    }
}

proptest! {
    #[test]
    fn loops_run_as_their_instructions_do(choices in vec(any::<u8>(), 60), at_a_time in 1u64..200) {
        for sequence in Sequence::ALL.iter().filter(|sequence| sequence.is_loop()) {
            let code = program_of_loop(sequence, &choices);
            let first = named(&code)[code.len() - 3 - sequence.ops().len()];
            prop_assert_eq!(first.sequence().map(Sequence::ops), Some(sequence.ops()));
            prop_assert!(first.sequence().is_some_and(Sequence::is_loop));
            for at_a_time in [at_a_time, 5000] {
                let plain = run_loop(&code, Dispatch::Match, at_a_time, false);
                prop_assert_eq!(&run_loop(&code, Dispatch::Match, at_a_time, true), &plain);
                for dispatch in [Dispatch::Match, Dispatch::Tail] {
                    let named = run_loop(&named(&code), dispatch, at_a_time, true);
                    prop_assert_eq!(&named, &plain, "{:?} {:?}", dispatch, code);
                }
            }
        }
    }
}

#[test]
fn a_loop_that_was_not_verified_is_corrupt() {
    let code = named(&[op(Op::ASet, 3, 1, 2), op(Op::ForLt, 1, 2, -2i8 as u8), ret()]);
    let mut elsewhere = code.clone();
    elsewhere[1] = op(Op::ForLt, 1, 2, -1i8 as u8);
    for code in [&elsewhere[..], &code[..1]] {
        let words = asm(&[INT, INT, INT, ARRAY_INT], code).build();
        let module = Module::from_words(&words).unwrap();
        for dispatch in [Dispatch::Match, Dispatch::Tail] {
            let mut arena = [0; 1024];
            let config = Config { dispatch, ..Config::default() };
            let mut instance = Instance::new(module, &mut arena, &mut Nobody, config).unwrap();
            instance.enter(SUBJECT, 0, |_, _| Some(())).unwrap();
            let end = instance.run(&mut Nobody, 100);
            assert!(matches!(end, Outcome::Trap { code: TrapCode::Corrupt, .. }), "{end:?}");
        }
    }
}

/// Modules in flash have these opcodes: new sequences go to the end, whose numbers are lower.
#[test]
fn their_opcodes_stay() {
    let known = Sequence::ALL.iter().take(86);
    let end = |sequence: &Sequence| 0xff - u8::from(sequence.is_loop());
    let bytes = known.flat_map(|sequence| sequence.ops().iter().map(|&op| op as u8).chain([end(sequence)]));
    // FNV-1a, 64 bits.
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    assert_eq!(hash, 0xab7f_0dfb_4132_a2d4);
}

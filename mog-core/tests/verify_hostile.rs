//! Forged bytes: whatever is changed in a module, loading it ends with an answer.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::world::*;
use common::*;
use mog_core::isa::{Insn, Lib, Op};
use mog_core::module::{HEADER_WORDS, Handler, Module};
use proptest::prelude::*;

/// A module with something of everything.
fn rich() -> Vec<u32> {
    let registers = [
        INT,
        FLOAT,
        STR,
        ANY,
        PAYLOAD,
        STRUCT,
        ARRAY_INT,
        ARRAY_BOOL,
        MAP,
        FN,
        INT,
        ANY,
        PAYLOAD,
        STR,
        BOXED,
        ARRAY_OPTION,
        INT,
        INT,
        ARRAY_FLOAT,
    ];
    let frame = registers.len() as u8;
    let code = [
        vec![Insn::ab16(Op::LoadInt, 0, 5), Insn::ab16(Op::LoadK, 1, 1), Insn::ab16(Op::LoadStr, 2, 0)],
        vec![
            op(Op::AddI, 0, 0, 1),
            op(Op::FMath, 1, 1, 6),
            op(Op::JLtI, 0, 10, 0xfd),
            op(Op::NarrowA, 0, 0, 1),
        ],
        ext(Insn::ab16(Op::New, 5, STRUCT), &[0, 2, 3, 4, 1]),
        ext(op(Op::LoadFieldN, 3, 5, 2), &[2]),
        vec![op(Op::StoreField, 5, 0, 0), Insn::ab16(Op::LoadGlobal, 2, 1)],
        ext(Insn::ab16(Op::NewArray, 6, ARRAY_INT), &[2, 0, 0]),
        vec![
            op(Op::AGet, 0, 6, 0),
            op(Op::AGetU8, 0, 7, 0),
            op(Op::AGetN, 16, 15, 0),
            op(Op::AGetF, 1, 18, 0),
        ],
        ext(Insn::ab16(Op::NewClosure, 9, CLOSURE), &[0, 3, 4]),
        ext(op(Op::CallClosure, 11, 9, 3), &[frame + 1, 0, 3, 4]),
        ext(Insn::ab16(Op::Call, 11, CALLEE), &[frame + 1, 0, 3, 4]),
        ext(Insn::ab16(Op::HostTry, 10, 0), &[0, 3, 4]),
        ext(Insn::ab16(Op::HostCall, 3, 0), &[0, 3, 4]),
        ext(Insn::ab16(Op::New, 14, LEAF), &[0]),
        lib(Lib::MapSet, 0, &[8, 2, 0]),
        lib(Lib::Display, 2, &[STRUCT as u8, 0, 5]),
        lib(Lib::StrConcat, 2, &[2, 2, 2]),
        lib(Lib::ArrayPush, 0, &[15, 16]),
        vec![op(Op::MoveN, 3, 11, 2), op(Op::Clear, 5, 0, 0), op(Op::Raise, 10, 0, 0)],
        vec![ret()],
    ]
    .concat();
    let mut asm = asm(&registers, &code);
    // Kind and message of a failure: registers 10 and 11 do not fit, so the pair comes last.
    asm.functions[0].registers.extend([INT, STR]);
    let frame = frame + 2;
    for insn in &mut asm.functions[0].code {
        if insn.op() == Some(Op::Ext) && insn.a() == frame - 1 {
            *insn = op(Op::Ext, frame + 1, insn.b(), insn.c());
        }
        if insn.op() == Some(Op::Raise) {
            *insn = op(Op::Raise, frame - 2, 0, 0);
        }
    }
    let end = asm.functions[0].code.len() as u32;
    asm.handlers = vec![Handler { start: 2, end: end - 2, target: end - 1, register: frame - 2 }];
    asm.init = Some(SUBJECT);
    asm.exports = vec![SUBJECT, CALLEE];
    asm.build()
}

fn try_load(words: &[u32]) -> bool {
    Module::load_words(words).is_ok()
}

#[test]
fn rich_module_is_accepted() {
    assert_eq!(Module::load_words(&rich()).map(|_| ()), Ok(()));
}

#[test]
fn every_truncation_is_refused() {
    let words = rich();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    for len in 0..words.len() {
        assert!(!try_load(&words[..len]), "{len} words");
    }
    let mut padded = bytes.clone();
    padded.extend([0; 8]);
    let start = padded.as_ptr().align_offset(4);
    padded.rotate_right(start);
    padded[start..start + bytes.len()].copy_from_slice(&bytes);
    if padded[start..].as_ptr().align_offset(4) == 0 {
        for len in 0..bytes.len() {
            assert!(Module::load(&padded[start..start + len]).is_err(), "{len} bytes");
        }
        assert!(Module::load(&padded[start..start + bytes.len()]).is_ok());
    }
    assert!(!try_load(&[&words[..], &[0]].concat()));
}

#[test]
fn every_single_bit_flip_is_answered() {
    let mut words = rich();
    let mut accepted = 0;
    for at in 0..words.len() {
        for bit in 0..32 {
            words[at] ^= 1 << bit;
            accepted += usize::from(try_load(&words));
            words[at] ^= 1 << bit;
        }
    }
    // Immediates, constants, text, names, lines, unused bytes: those may change.
    assert!(accepted > 0 && accepted < words.len() * 20, "{accepted} of {}", words.len() * 32);
}

#[test]
fn every_byte_at_its_limits_is_answered() {
    let words = rich();
    for at in 0..words.len() {
        for half in [0, 16] {
            for value in [0, 1, 31, 32, 0x7fff, 0x8000, 0xfffe, 0xffff] {
                let mut words = words.clone();
                words[at] = words[at] & !(0xffff << half) | value << half;
                try_load(&words);
            }
        }
        for value in [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
            let mut words = words.clone();
            words[at] = value;
            try_load(&words);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_changes_never_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0u32..32), 1..40),
        copies in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut words = rich();
        for (from, to) in copies {
            let (from, to) = (from.index(words.len()), to.index(words.len()));
            words[to] = words[from];
        }
        for (at, bit) in flips {
            let at = at.index(words.len());
            words[at] ^= 1 << bit;
        }
        if let Some(cut) = cut {
            words.truncate(cut.index(words.len()));
        }
        try_load(&words);
    }

    #[test]
    fn changes_behind_the_header_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u32>()), 1..8),
    ) {
        let mut words = rich();
        for (at, value) in changes {
            let at = HEADER_WORDS + at.index(words.len() - HEADER_WORDS);
            words[at] = value;
        }
        try_load(&words);
    }

    #[test]
    fn random_words_never_panic(mut words in prop::collection::vec(any::<u32>(), 0..200)) {
        try_load(&words);
        if let Some(first) = words.first_mut() {
            *first = mog_core::module::MAGIC;
        }
        try_load(&words);
    }
}

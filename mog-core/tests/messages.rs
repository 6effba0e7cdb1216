//! What errors say, and the numbers that firmware has of them; what listings say.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::world::small;
use common::*;
use mog_core::error::{Failure, Invalid, LoadError, TrapCode, TrapMessage};
use mog_core::features;
use mog_core::isa::Disassembly;
use mog_core::isa::{Insn, Lib, Op, Sequence};
use mog_core::module::Module;
use mog_core::{SnapshotError, StartError};

#[test]
fn errors_of_loading_keep_their_numbers_and_say_what_to_do() {
    let errors = [
        (LoadError::Misaligned, 1, "multiple of four bytes"),
        (LoadError::NotAModule, 2, "not a Mog module"),
        (LoadError::Version { found: 9 }, 3, "format version 9"),
        (LoadError::Truncated, 4, "cut short"),
        (LoadError::TrailingBytes, 5, "longer than its header says"),
        (LoadError::MissingFeatures(features::MAPS | features::JSON), 6, "leaves out: maps json"),
        (LoadError::FrameTooLarge { needs: 40, window: 32 }, 7, "--window 32"),
        (LoadError::Invalid { what: Invalid::Jump, at: 7 }, 8, "jump at instruction 7"),
    ];
    for (error, number, text) in errors {
        assert_eq!(error.code(), number);
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn errors_of_snapshots_say_what_is_wrong() {
    for (error, text) in [
        (SnapshotError::NoRoom, "no room for the snapshot"),
        (SnapshotError::NotASnapshot, "not a Mog snapshot"),
        (SnapshotError::Version { found: 7 }, "format version 7"),
        (SnapshotError::OtherModule, "another module"),
        (SnapshotError::ArenaTooSmall { needs: 500 }, "an arena of 4000 bytes"),
        (SnapshotError::Invalid("a frame's link"), "not valid: a frame's link"),
        (SnapshotError::Link(StartError::SignatureMismatch { import: 0 }), "does not grant what"),
    ] {
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn what_is_invalid_is_named() {
    use Invalid::*;
    let all = [
        Type,
        Function,
        Handler,
        String,
        Import,
        Metadata,
        Debug,
        Opcode,
        Register,
        Operand,
        Jump,
        FallsThrough,
        LongSegment,
    ];
    let mut texts: Vec<std::string::String> =
        all.iter().map(|&what| LoadError::Invalid { what, at: 3 }.to_string()).collect();
    assert!(texts.iter().all(|text| text.starts_with("the module is not valid: ") && text.ends_with(" 3")));
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), all.len());
}

#[test]
fn traps_keep_their_numbers_and_have_texts_of_their_own() {
    let mut texts: Vec<&str> = (0..=19)
        .map(|number| {
            let code = TrapCode::from_byte(number);
            assert_eq!(code as u8, number);
            code.describe()
        })
        .collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), 20);
    for unknown in [20, 100, 255] {
        assert_eq!(TrapCode::from_byte(unknown), TrapCode::Corrupt);
    }
}

#[test]
fn traps_say_their_numbers() {
    let message = |code, detail, text| TrapMessage { code, detail, text }.to_string();
    for (code, detail, expected) in [
        (TrapCode::DivisionByZero, [1, 2], "division by zero"),
        (TrapCode::IndexOutOfRange, [-1, 3], "index out of range: index -1, length 3"),
        (TrapCode::ShiftOutOfRange, [9, 8], "shift out of range: by 9, the type has 8 bits"),
        (TrapCode::SliceOutOfRange, [2, 9], "slice out of range, or through a character: from 2 to 9"),
        (TrapCode::SliceOutOfRange, [0, 0], "slice out of range, or through a character"),
        (TrapCode::WrongIndexCount, [1, 2], "wrong number of indices: 1, the tensor has 2 dimensions"),
        (
            TrapCode::ShapeMismatch,
            [6, 5],
            "the shape does not fit the elements: the shape has 6, there are 5",
        ),
        (TrapCode::NegativeDimension, [-2, 0], "negative size in a shape: -2"),
        (TrapCode::TooManyDimensions, [9, 8], "too many dimensions: 9, at most 8"),
        (TrapCode::NegativeCount, [-4, 0], "negative count: -4"),
        (TrapCode::NegativeCount, [0, 0], "negative count"),
        (TrapCode::Panic, [0, 0], "panic"),
    ] {
        assert_eq!(message(code, detail, ""), expected);
    }
    assert_eq!(message(TrapCode::Panic, [0, 0], "no more sheep"), "panic: no more sheep");
}

#[test]
fn unknown_kinds_of_failure_are_failures() {
    let kinds = [0, 1, 2, 3, 4, u64::MAX].map(Failure::from_kind);
    let expected = [
        Failure::Failed,
        Failure::Failed,
        Failure::Denied,
        Failure::Unavailable,
        Failure::Failed,
        Failure::Failed,
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn listings_say_all_that_words_hold() {
    let mut code = vec![
        Insn::ab16(Op::LoadInt, 3, 0xffff),
        op(Op::AddI, 1, 2, 0xfe),
        Insn::a24(Op::Jump, -3),
        Insn::ab16(Op::Lib, 1, u16::MAX),
        Insn(0xffff_ff00 | Op::ALL.len() as u32),
        ret(),
    ];
    code.extend(lib(Lib::StrUpper, 1, &[1]));
    let code: Vec<u32> = code.iter().map(|insn| insn.0).collect();
    let listing = Disassembly { code: &code, start: 10 }.to_string();
    let words: Vec<Vec<&str>> = listing.lines().map(|line| line.split_whitespace().collect()).collect();
    let word = format!("{:#010x}", code[4]);
    let name = |op: Op| op.name().trim_end_matches('_');
    let expected: [&[&str]; 8] = [
        &["10", name(Op::LoadInt), "r3,", "-1"],
        &["11", name(Op::AddI), "r1,", "r2,", "-2"],
        &["12", name(Op::Jump), "->", "10"],
        &["13", name(Op::Lib), "r1..,", "lib", "65535"],
        &["14", ".word", &word],
        &["15", name(Op::Ret)],
        &["16", name(Op::Lib), "r1..,", Lib::StrUpper.name()],
        &["17", "..", "1", "0", "0"],
    ];
    assert_eq!(words, expected);

    // One that names a sequence, of which another word is what follows.
    let mut code = [op(Op::Add, 1, 2, 3).0, op(Op::AddI, 1, 1, 7).0, ret().0];
    Sequence::name_all(&mut code);
    let listing = Disassembly { code: &code, start: 0 }.to_string();
    assert_eq!(
        listing.split_whitespace().collect::<Vec<_>>().join(" "),
        "0 add+ r1, r2, r3 1 add_i r1, r1, 7 2 ret"
    );
}

#[test]
fn sections_add_up_to_the_module() {
    let words = small().build();
    let module = Module::load_words(&words).unwrap();
    let sizes = module.section_sizes();
    let total: usize = sizes.iter().map(|section| section.1).sum();
    // Besides these there are the header, and bytes that fill up words.
    let header = mog_core::module::HEADER_WORDS * 4;
    assert!((total + header..total + header + 16).contains(&(words.len() * 4)), "{sizes:?}");
    assert!(!module.types.is_empty() && module.types.len() * 12 == sizes[2].1);
    assert_eq!(sizes[0], ("code", module.header.code as usize * 4));
}

//! Sequences: what instructions are often followed by. The rows of the instruction table name them.

use core::iter;

use super::{Flags, Insn, Kind, Op, Operand, ShortList};

/// Instructions of which the first may say that the others follow it.
#[derive(Clone, Copy, Debug)]
pub struct Sequence {
    ops: ShortList<Op, 7>,
    is_loop: bool,
}

impl Sequence {
    /// What is carried out, each unless the one before jumps; one for each word, so that operand words are named too.
    #[must_use]
    pub const fn ops(&self) -> &[Op] {
        self.ops.as_slice()
    }

    /// Whether the last one jumps to the first.
    #[must_use]
    pub const fn is_loop(&self) -> bool {
        self.is_loop
    }

    /// The sequence with this opcode.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<&'static Self> {
        Self::ALL.get(usize::from(u8::MAX - byte))
    }

    /// Whether these words, which stand behind its first one, begin with what follows that; in a loop, whether the last one also
    /// jumps to the first.
    #[must_use]
    pub fn goes_on(&self, words: &[u32]) -> bool {
        let others = self.ops().get(1..).unwrap_or(&[]);
        let Some(words) = words.get(..others.len()) else { return false };
        let last = words.last().map(|&word| Insn(word).c_signed());
        others.iter().zip(words).all(|(&op, &word)| Insn(word).op() == Some(op))
            && (!self.is_loop || last == Some(self.back()))
    }

    /// How far the last one of a loop jumps.
    #[must_use]
    pub const fn back(&self) -> i64 {
        -(self.ops.len as i64)
    }

    /// Gives each instruction of code the opcode of the sequence that it begins: of a loop, or else of the longest. The code is
    /// as it was made: what ends a function is only the last of one.
    pub fn name_all(code: &mut [u32]) {
        let mut code = code;
        while let Some((word, rest)) = code.split_first_mut() {
            let insn = Insn(*word);
            if let Some(opcode) = insn.op().and_then(|op| Self::preferred(op, insn, rest)) {
                *word = insn.with_opcode(opcode).0;
            }
            code = rest;
        }
    }

    /// Whether one of its instructions gets another array into a register whose array it accesses: then a loop would have to
    /// look arrays up in each round, and none is made of it.
    fn replaces_array(&self, first: Insn, rest: &[u32]) -> bool {
        let insns = || self.ops().iter().zip(iter::once(first).chain(rest.iter().copied().map(Insn)));
        let got = || insns().filter(|&(&op, _)| gets_reference(op)).map(|(_, insn)| insn.a());
        insns().any(|(op, insn)| {
            let is_array = |operand: &Operand| matches!(operand, Operand::Use(Kind::Array));
            let array = op.info().operands.iter().position(is_array);
            array.is_some_and(|array| got().any(|got| insn.0.to_le_bytes().get(1 + array) == Some(&got)))
        })
    }

    /// What is preferred: loops, then what is longer.
    fn rank(&self) -> (bool, usize) {
        (self.is_loop, self.ops.len())
    }

    /// The opcode of the preferred sequence of this instruction and of what these words begin with.
    fn preferred(first: Op, insn: Insn, rest: &[u32]) -> Option<u8> {
        /// By instruction, one more than the number of its first sequence; by sequence, of the next one of that instruction.
        const CHAINS: ([u8; Op::ALL.len()], [u8; Sequence::ALL.len()]) = {
            let (mut firsts, mut nexts) = ([0; Op::ALL.len()], [0; Sequence::ALL.len()]);
            let mut n = Sequence::ALL.len();
            while n > 0 {
                let first = Sequence::ALL[n - 1].ops()[0] as usize;
                (nexts[n - 1], firsts[first]) = (firsts[first], n as u8);
                n -= 1;
            }
            (firsts, nexts)
        };
        let (firsts, nexts) = &CHAINS;
        let (mut rank, mut opcode) = ((false, 0), None);
        let mut next = firsts.get(first as usize);
        while let Some(n) = next.and_then(|n| n.checked_sub(1)) {
            if let Some(sequence) = Self::ALL.get(usize::from(n))
                && sequence.rank() > rank
                && sequence.goes_on(rest)
                && !(sequence.is_loop && sequence.replaces_array(insn, rest))
            {
                (rank, opcode) = (sequence.rank(), Some(u8::MAX - n));
            }
            next = nexts.get(usize::from(n));
        }
        opcode
    }
}

/// Whether an instruction may write a reference: its result is neither an integer nor a float.
pub(crate) const fn gets_reference(op: Op) -> bool {
    match op.info().operands.as_slice().first() {
        Some(Operand::Def(kind)) => !matches!(kind, Kind::Int | Kind::Float),
        _ => false,
    }
}

macro_rules! define_sequences {
    ($(
        $op:ident = $func:ident $operands:tt $flags:tt $meaning:literal
        $(then { $($opcode:literal $sequence:ident = $($step:ident $step_func:ident),*;)* })?
        $(loop { $($loop_opcode:literal $loop:ident = $($loop_step:ident $loop_func:ident),*;)* })?;
    )*) => {
        impl Sequence {
            /// All sequences, by opcode, from 255 down.
            pub const ALL: &'static [Self] = &{
                const COUNT: usize = [$($($($opcode,)*)? $($($loop_opcode,)*)?)*].len();
                let mut all = [Self { ops: ShortList::new(&[], Op::Ext), is_loop: false }; COUNT];
                // A number below all of these, or two of one, and it does not compile.
                $(
                    $($(all[255 - $opcode] = all[255 - $opcode].or(&[Op::$op, $(Op::$step),*], false);)*)?
                    $($(all[255 - $loop_opcode] = all[255 - $loop_opcode].or(&[Op::$op, $(Op::$loop_step),*], true);)*)?
                )*
                all
            };
        }
    };
}
crate::instructions!(define_sequences);

impl Sequence {
    /// That of these instructions, where there is none yet.
    const fn or(self, ops: &[Op], is_loop: bool) -> Self {
        assert!(self.ops().is_empty(), "an opcode of two sequences");
        Self { ops: ShortList::new(ops, Op::Ext), is_loop }
    }
}

/// Sequences and instructions have opcodes of their own, and what is not last goes on behind its words.
const _: () = {
    assert!(Op::ALL.len() + Sequence::ALL.len() <= 256, "too many opcodes");
    let mut n = 0;
    while n < Sequence::ALL.len() {
        let ops = Sequence::ALL[n].ops();
        assert!(ops.len() > 1, "a sequence is of several instructions");
        let mut at = 0;
        while at < ops.len() - 1 {
            let flags = ops[at].info().flags;
            assert!(!flags.has(Flags::ENDS), "only the last goes elsewhere");
            let has_operand_words = Sequence::ALL[n].is_loop && matches!(ops[at + 1], Op::Ext);
            assert!(flags.has(Flags::EXT) == has_operand_words, "operand words are named, and only in loops");
            at += 1;
        }
        if Sequence::ALL[n].is_loop {
            let operands = ops[at].info().operands.as_slice();
            assert!(matches!(operands, [_, _, Operand::Jump8]), "the last of a loop jumps by its operand c");
        }
        n += 1;
    }
};

//! Code as text: one line an instruction, generated from the tables.

use core::fmt;

use super::{Insn, Lib, Op, Operand};

/// Prints code words as assembler text.
#[derive(Clone, Copy, Debug)]
pub struct Disassembly<'a> {
    /// The words to print.
    pub code: &'a [u32],
    /// Number of the first word, for the addresses on the left.
    pub start: u32,
}

impl fmt::Display for Disassembly<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, &word) in (self.start..).zip(self.code) {
            let insn = Insn(word);
            let Some(op) = insn.op() else {
                writeln!(f, "{at:5}  .word {word:#010x}")?;
                continue;
            };
            if op == Op::Ext {
                writeln!(f, "{at:5}    .. {} {} {}", insn.a(), insn.b(), insn.c())?;
                continue;
            }
            write!(f, "{at:5}  {}", op.name().trim_end_matches('_'))?;
            // A plus for each of those that it says follow it, a star if the last jumps back to it.
            if let Some(sequence) = insn.sequence() {
                sequence.ops().iter().skip(1).try_for_each(|_| f.write_str("+"))?;
                f.write_str(if sequence.is_loop() { "*" } else { "" })?;
            }
            write_operands(f, insn, op, at)?;
            writeln!(f)?;
        }
        Ok(())
    }
}

fn write_operands(f: &mut fmt::Formatter<'_>, insn: Insn, op: Op, at: u32) -> fmt::Result {
    for (position, operand) in op.info().operands.iter().enumerate() {
        let byte = [insn.a(), insn.b(), insn.c()].get(position).copied().unwrap_or(0);
        let target = |offset: i64| i64::from(at) + 1 + offset;
        f.write_str(if position == 0 { " " } else { ", " })?;
        match operand {
            Operand::Def(_) | Operand::Use(_) | Operand::Mod(_) => write!(f, "r{byte}")?,
            Operand::DefN | Operand::UseN | Operand::ElemN | Operand::Result => write!(f, "r{byte}..")?,
            Operand::AccInt => f.write_str("acc")?,
            Operand::AccFloat => f.write_str("facc")?,
            Operand::Imm8 => write!(f, "{}", byte.cast_signed())?,
            Operand::Imm16 => write!(f, "{}", insn.b16_signed())?,
            Operand::Jump8 => write!(f, "-> {}", target(insn.c_signed()))?,
            Operand::Jump16 => write!(f, "-> {}", target(insn.b16_signed()))?,
            Operand::Jump24 => write!(f, "-> {}", target(insn.a24_signed()))?,
            Operand::Const16 => write!(f, "const {}", insn.b16())?,
            Operand::Str16 => write!(f, "str {}", insn.b16())?,
            Operand::Type16 => write!(f, "type {}", insn.b16())?,
            Operand::Func16 => write!(f, "func {}", insn.b16())?,
            Operand::Import16 => write!(f, "import {}", insn.b16())?,
            Operand::Global16 => write!(f, "global {}", insn.b16())?,
            Operand::Lib16 => match Lib::from_number(insn.b16()) {
                Some(lib) => f.write_str(lib.name())?,
                None => write!(f, "lib {}", insn.b16())?,
            },
            Operand::Field8 => write!(f, ".{byte}")?,
            Operand::Code8 | Operand::Count8 => write!(f, "{byte}")?,
        }
    }
    Ok(())
}

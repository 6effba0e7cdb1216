//! Code words from what the disassembler prints: the way back, to see that a listing says all that there is.

use mog_core::isa::{Insn, Lib, Op, Operand, Sequence};

/// The words of a listing.
///
/// # Errors
/// The first line that is not understood.
pub fn assemble(listing: &str) -> Result<Vec<u32>, String> {
    let not_understood = |line: &str| format!("not understood: {line}");
    let words = listing.lines().map(|line| word(line).ok_or_else(|| not_understood(line)));
    let mut words = words.collect::<Result<Vec<_>, _>>()?;
    let plain = words.clone();
    for (at, line) in listing.lines().enumerate() {
        let others = line.matches('+').count();
        if others > 0 {
            let ops: Vec<_> =
                plain[at..].iter().take(1 + others).filter_map(|&word| Insn(word).op()).collect();
            let is_loop = line.contains('*');
            let mut all = Sequence::ALL.iter();
            let number = all.position(|sequence| sequence.ops() == ops && sequence.is_loop() == is_loop);
            let number =
                number.and_then(|number| u8::try_from(number).ok()).ok_or_else(|| not_understood(line))?;
            words[at] = Insn(words[at]).with_opcode(u8::MAX - number).0;
        }
    }
    Ok(words)
}

fn word(line: &str) -> Option<u32> {
    let (at, rest) = line.trim_start().split_once(' ')?;
    let at: i64 = at.parse().ok()?;
    let (name, operands) = rest.trim_start().split_once(' ').unwrap_or((rest.trim(), ""));
    if name == ".word" {
        return u32::from_str_radix(operands.strip_prefix("0x")?, 16).ok();
    }
    if name == ".." {
        let bytes: Vec<u8> = operands.split(' ').map(|byte| byte.parse().ok()).collect::<Option<_>>()?;
        let &[a, b, c] = bytes.as_slice() else { return None };
        return Some(Insn::abc(Op::Ext, a, b, c).0);
    }
    let op =
        *Op::ALL.iter().find(|op| op.name().trim_end_matches('_') == name.trim_end_matches(['+', '*']))?;
    let kinds = op.info().operands;
    let mut texts = operands.split(", ").filter(|text| !text.is_empty());
    let mut insn = Insn::abc(op, 0, 0, 0).0;
    for (position, &kind) in kinds.iter().enumerate() {
        // Operands of several fields are the last ones, and take what is left.
        insn |= field(kind, texts.next()?, at)? << (8 * (position + 1));
    }
    texts.next().is_none().then_some(insn)
}

/// The bits of an operand, from bit 0 on.
fn field(operand: Operand, text: &str, at: i64) -> Option<u32> {
    let signed = |text: &str, bits: u32| -> Option<u32> {
        let number: i32 = text.parse().ok()?;
        let mask = u32::MAX >> (32 - bits);
        let fits = number >= -(1 << (bits - 1)) && number < 1 << (bits - 1);
        fits.then_some(number.cast_unsigned() & mask)
    };
    let jump = |bits: u32| {
        let target: i64 = text.strip_prefix("-> ")?.parse().ok()?;
        signed(&(target - at - 1).to_string(), bits)
    };
    let after = |prefix: &str| text.strip_prefix(prefix)?.parse::<u16>().ok().map(u32::from);
    let register = |text: &str| text.strip_prefix('r')?.parse::<u8>().ok().map(u32::from);
    match operand {
        Operand::Def(_) | Operand::Use(_) | Operand::Mod(_) => register(text),
        Operand::DefN | Operand::UseN | Operand::ElemN | Operand::Result => {
            register(text.strip_suffix("..")?)
        }
        Operand::AccInt => (text == "acc").then_some(0),
        Operand::AccFloat => (text == "facc").then_some(0),
        Operand::Imm8 => signed(text, 8),
        Operand::Imm16 => signed(text, 16),
        Operand::Jump8 => jump(8),
        Operand::Jump16 => jump(16),
        Operand::Jump24 => jump(24),
        Operand::Const16 => after("const "),
        Operand::Str16 => after("str "),
        Operand::Type16 => after("type "),
        Operand::Func16 => after("func "),
        Operand::Import16 => after("import "),
        Operand::Global16 => after("global "),
        Operand::Lib16 => {
            let known = || Lib::ALL.iter().position(|lib| lib.name() == text);
            after("lib ").or_else(|| u32::try_from(known()?).ok())
        }
        Operand::Field8 => after(".").filter(|&number| number < 256),
        Operand::Code8 | Operand::Count8 => text.parse::<u8>().ok().map(u32::from),
    }
}

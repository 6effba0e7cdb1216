//! A function's machine code: registers filled in, jumps resolved, long jumps taken apart.

use mog_core::isa::{Flags, Insn, Op, Operand, ext_words};
use mog_core::module::Handler;

use crate::ir::{Allocation, Arg, Body, Code as Ir, Ext, Inst, Label, Slot};

/// Straight code is interrupted by a charge point at the latest after this many words; the verifier allows 256.
const SEGMENT: usize = 240;

/// The code of all functions so far.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// Its words.
    pub(super) words: Vec<u32>,
    /// Of the latest function: source offset of the instruction at a word, where it changes.
    pub(super) positions: Vec<Position>,
    /// Ranges with handlers.
    pub(super) handlers: Vec<Handler>,
}

impl Code {
    /// Room for about so many instructions.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self {
            words: Vec::with_capacity(count + count / 4),
            positions: Vec::with_capacity(64),
            handlers: Vec::new(),
        }
    }
}

/// Where in the source an instruction comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// The instruction's word in its function.
    pub(super) word: u32,
    /// The byte offset in the source.
    pub(super) at: u32,
}

/// A jump that is too far even for its long form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TooFar;

/// The condition of a short jump turned around: opcode, whether its operands change places.
const fn inverted(op: Op) -> Option<(Op, bool)> {
    Some(match op {
        Op::JEq => (Op::JNe, false),
        Op::JNe => (Op::JEq, false),
        Op::JLt => (Op::JLe, true),
        Op::JLe => (Op::JLt, true),
        Op::JLtU => (Op::JLeU, true),
        Op::JLeU => (Op::JLtU, true),
        Op::JEqI => (Op::JNeI, false),
        Op::JNeI => (Op::JEqI, false),
        Op::JLtI => (Op::JGeI, false),
        Op::JGeI => (Op::JLtI, false),
        Op::JLeI => (Op::JGtI, false),
        Op::JGtI => (Op::JLeI, false),
        Op::JFEq => (Op::JFNe, false),
        Op::JFNe => (Op::JFEq, false),
        Op::JFLt => (Op::JFNlt, false),
        Op::JFNlt => (Op::JFLt, false),
        Op::JFLe => (Op::JFNle, false),
        Op::JFNle => (Op::JFLe, false),
        _ => return None,
    })
}

/// Encodes functions, one after the other; keeps its tables in between.
#[derive(Default)]
pub(super) struct Encoder {
    /// Word at which each label stands.
    labels: Vec<u32>,
    /// By instruction: the word after it. Only of functions in which an instruction may have an unusual form.
    ends: Vec<u32>,
    /// By instruction, if any may have an unusual form.
    forms: Vec<Form>,
}

/// How an instruction is written.
#[derive(Clone, Copy, Default)]
struct Form {
    /// A jump in its long form.
    long: bool,
    /// After a charge point.
    charged: bool,
}

impl Encoder {
    /// Appends a function's code, with its positions in place of the last one's.
    pub(super) fn encode(
        &mut self,
        body: &Body,
        registers: &Allocation,
        code: &mut Code,
    ) -> Result<(), TooFar> {
        self.labels.clear();
        self.labels.resize(body.labels.len(), 0);
        self.forms.clear();
        // A jump may take two words more than it does now. In shorter code every jump reaches.
        if 3 * self.measure(body) > SEGMENT {
            self.forms.resize(body.insts.len(), Form::default());
            self.place_charges(body);
            self.measure(body);
            while self.lengthen(body) {
                self.measure(body);
            }
        }
        Measured { encoder: self, body, registers }.write(code)
    }

    /// Decides where straight code needs a charge point, as if all jumps were long.
    fn place_charges(&mut self, body: &Body) {
        let mut run = 0;
        for (inst, form) in body.insts.iter().zip(&mut self.forms) {
            let Ir::Op(op) = inst.code else { continue };
            let size = size(op, inst, jump(inst).is_some());
            if run + size > SEGMENT {
                form.charged = true;
                run = 0;
            }
            run = if op.info().flags.has(Flags::CHARGES) { 0 } else { run + size };
        }
    }

    /// Finds out where instructions and labels stand. The words in all.
    fn measure(&mut self, body: &Body) -> usize {
        let mut at = 0usize;
        self.ends.clear();
        for (n, inst) in body.insts.iter().enumerate() {
            if let Ir::Op(op) = inst.code {
                let form = self.form(n);
                at += usize::from(form.charged) + size(op, inst, form.long);
            } else if let (Ir::Label | Ir::Handler, Arg::To(label)) = (inst.code, inst.args[0])
                && let Some(slot) = self.labels.get_mut(label.0 as usize)
            {
                *slot = at as u32;
            }
            if !self.forms.is_empty() {
                self.ends.push(at as u32);
            }
        }
        at
    }

    /// How the nth instruction is written.
    #[inline]
    fn form(&self, n: usize) -> Form {
        self.forms.get(n).copied().unwrap_or_default()
    }

    fn target(&self, label: Label) -> i64 {
        self.labels.get(label.0 as usize).map_or(0, |&at| i64::from(at))
    }

    /// Marks short jumps that do not reach. Whether there were any.
    fn lengthen(&mut self, body: &Body) -> bool {
        let mut changed = false;
        for (n, inst) in body.insts.iter().enumerate() {
            let Ir::Op(op) = inst.code else { continue };
            let Some(label) = jump(inst) else { continue };
            if self.forms[n].long || op == Op::Jump {
                continue;
            }
            let offset = self.target(label) - i64::from(self.ends[n]);
            let short = op.info().operands.contains(&Operand::Jump8);
            let reaches = if short { i8::try_from(offset).is_ok() } else { i16::try_from(offset).is_ok() };
            if !reaches {
                self.forms[n].long = true;
                changed = true;
            }
        }
        changed
    }
}

/// Words of an instruction, without a charge before it.
fn size(op: Op, inst: &Inst, long: bool) -> usize {
    match op {
        Op::ForMeet if long => 4,
        Op::ForLt | Op::ForLtI | Op::ForLe if long => 3,
        _ if long => 2,
        _ if op.info().flags.has(Flags::EXT) => 1 + ext_words((inst.ext.1 - inst.ext.0) as usize),
        _ => 1,
    }
}

/// Where an instruction may jump to.
fn jump(inst: &Inst) -> Option<Label> {
    inst.args.iter().find_map(|arg| match arg {
        Arg::To(label) => Some(*label),
        _ => None,
    })
}

/// The bits of an operand's number that are written.
const fn field_mask(operand: Operand) -> u32 {
    match operand {
        Operand::Jump24 => 0xff_ffff,
        Operand::Imm16
        | Operand::Jump16
        | Operand::Const16
        | Operand::Str16
        | Operand::Type16
        | Operand::Func16
        | Operand::Import16
        | Operand::Global16
        | Operand::Lib16 => 0xffff,
        _ => 0xff,
    }
}

/// By opcode: the bits of the numbers of its operands a, b, c that are written.
const FIELD_MASKS: [[u32; 3]; Op::ALL.len()] = {
    let mut all = [[0; 3]; Op::ALL.len()];
    let mut number = 0;
    while number < all.len() {
        let operands = Op::ALL[number].info().operands.as_slice();
        let mut n = 0;
        while n < operands.len() {
            all[number][n] = field_mask(operands[n]);
            n += 1;
        }
        number += 1;
    }
    all
};

/// A function that has been measured.
struct Measured<'f> {
    encoder: &'f Encoder,
    body: &'f Body,
    registers: &'f Allocation,
}

impl Measured<'_> {
    fn write(&self, code: &mut Code) -> Result<(), TooFar> {
        let start = code.words.len();
        code.positions.clear();
        let mut position = u32::MAX;
        for (n, inst) in self.body.insts.iter().enumerate() {
            let Ir::Op(op) = inst.code else { continue };
            let form = self.encoder.form(n);
            if inst.at != position {
                position = inst.at;
                code.positions.push(Position { word: (code.words.len() - start) as u32, at: position });
            }
            if form.charged {
                code.words.push(Insn::abc(Op::Charge, 0, 0, 0).0);
            }
            if form.long {
                self.write_long(op, inst, start, &mut code.words)?;
            } else {
                self.write_one(op, inst, start, &mut code.words)?;
            }
        }
        for range in &self.body.protected {
            let at = |label: Label| start as u32 + self.encoder.target(label) as u32;
            let (start, end, target) = (at(range.start), at(range.end), at(range.handler));
            if start < end {
                let register = self.register(Slot { v: range.error, sub: 0 });
                code.handlers.push(Handler { start, end, target, register });
            }
        }
        Ok(())
    }

    #[inline]
    fn register(&self, slot: Slot) -> u8 {
        let base = self.registers.registers.get(slot.v.0 as usize).copied().unwrap_or(0);
        base.wrapping_add(slot.sub)
    }

    fn byte(&self, arg: Arg) -> u8 {
        match arg {
            Arg::Reg(slot) => self.register(slot),
            Arg::Num(number) => number as u8,
            Arg::None | Arg::To(_) => 0,
        }
    }

    /// The way to a label from the word after the next one.
    fn offset(&self, label: Label, start: usize, words: &[u32]) -> Result<i32, TooFar> {
        let offset = self.encoder.target(label) - ((words.len() - start) as i64 + 1);
        if (-(1 << 23)..1 << 23).contains(&offset) { Ok(offset as i32) } else { Err(TooFar) }
    }

    /// An operand as a number.
    #[inline]
    fn number(&self, arg: Arg, start: usize, words: &[u32]) -> Result<u32, TooFar> {
        Ok(match arg {
            Arg::None => 0,
            Arg::Reg(slot) => u32::from(self.register(slot)),
            Arg::Num(number) => number.cast_unsigned(),
            Arg::To(label) => self.offset(label, start, words)?.cast_unsigned(),
        })
    }

    fn write_one(&self, op: Op, inst: &Inst, start: usize, words: &mut Vec<u32>) -> Result<(), TooFar> {
        let [a, b, c] = inst.args;
        let masks = &FIELD_MASKS[op as usize];
        let mut word = Insn::abc(op, 0, 0, 0).0;
        word |= (self.number(a, start, words)? & masks[0]) << 8;
        word |= (self.number(b, start, words)? & masks[1]) << 16;
        word |= (self.number(c, start, words)? & masks[2]) << 24;
        words.push(word);
        if op.info().flags.has(Flags::EXT) {
            let range = inst.ext.0 as usize..inst.ext.1 as usize;
            for chunk in self.body.ext.get(range).unwrap_or(&[]).chunks(3) {
                let byte = |n: usize| chunk.get(n).map_or(0, |&ext| self.ext(ext));
                words.push(Insn::abc(Op::Ext, byte(0), byte(1), byte(2)).0);
            }
        }
        Ok(())
    }

    fn ext(&self, ext: Ext) -> u8 {
        match ext {
            Ext::Reg(slot) | Ext::Mod(slot) => self.register(slot),
            Ext::Byte(byte) => byte,
            Ext::FrameEnd => self.registers.frame.saturating_add(1),
        }
    }

    /// A jump that does not reach: the opposite condition skips a long jump.
    fn write_long(&self, op: Op, inst: &Inst, start: usize, words: &mut Vec<u32>) -> Result<(), TooFar> {
        let label = jump(inst).ok_or(TooFar)?;
        let (a, b) = (self.byte(inst.args[0]), self.byte(inst.args[1]));
        match op {
            Op::JumpIf => words.push(Insn::ab16(Op::JumpIfNot, a, 1).0),
            Op::JumpIfNot => words.push(Insn::ab16(Op::JumpIf, a, 1).0),
            Op::ForLt => {
                words.push(Insn::abc(Op::AddI, a, a, 1).0);
                words.push(Insn::abc(Op::JLe, b, a, 1).0);
            }
            Op::ForLtI => {
                words.push(Insn::abc(Op::AddI, a, a, 1).0);
                words.push(Insn::abc(Op::JGeI, a, b, 1).0);
            }
            Op::ForMeet => {
                words.push(Insn::abc(Op::AddI, a, a, 1).0);
                words.push(Insn::abc(Op::AddI, b, b, u8::MAX).0);
                words.push(Insn::abc(Op::JLe, b, a, 1).0);
            }
            Op::ForLe => {
                words.push(Insn::abc(Op::JLe, b, a, 2).0);
                words.push(Insn::abc(Op::AddI, a, a, 1).0);
            }
            _ => {
                let (op, swap) = inverted(op).ok_or(TooFar)?;
                let (a, b) = if swap { (b, a) } else { (a, b) };
                words.push(Insn::abc(op, a, b, 1).0);
            }
        }
        let offset = self.offset(label, start, words)?;
        words.push(Insn::a24(Op::Jump, offset).0);
        Ok(())
    }
}

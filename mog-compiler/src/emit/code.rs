//! A function's machine code: registers filled in, jumps resolved, long jumps taken apart.

use mog_core::isa::{Flags, Insn, Op, Operand, ext_words};

use crate::ir::{Allocation, Arg, Body, Code, Ext, Inst, Label, Slot};

/// Straight code is interrupted by a charge point at the latest after this many words; the verifier allows 256.
const SEGMENT: usize = 240;

/// The code of one function.
#[derive(Debug, Default)]
pub(super) struct Machine {
    /// Its words.
    pub(super) words: Vec<u32>,
    /// Source offset of the instruction at a word, where it changes.
    pub(super) positions: Vec<(u32, u32)>,
    /// Ranges with handlers: start, end, target, register.
    pub(super) handlers: Vec<(u32, u32, u32, u8)>,
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

struct Encoder<'b> {
    body: &'b Body,
    registers: &'b Allocation,
    /// Word at which each instruction begins, and after the last one.
    starts: Vec<u32>,
    labels: Vec<u32>,
    long: Vec<bool>,
    charged: Vec<bool>,
}

/// Encodes a function.
pub(super) fn encode(body: &Body, registers: &Allocation) -> Result<Machine, TooFar> {
    let mut encoder = Encoder {
        body,
        registers,
        starts: Vec::new(),
        labels: vec![0; body.labels as usize],
        long: vec![false; body.insts.len()],
        charged: vec![false; body.insts.len()],
    };
    encoder.place_charges();
    loop {
        encoder.measure();
        if !encoder.lengthen() {
            break;
        }
    }
    encoder.write()
}

impl Encoder<'_> {
    fn register(&self, slot: Slot) -> u8 {
        let base = self.registers.registers.get(slot.v.0 as usize).copied().unwrap_or(0);
        base.wrapping_add(slot.sub)
    }

    /// Words of an instruction, without a charge before it.
    fn size(&self, index: usize, inst: &Inst) -> usize {
        let Code::Op(op) = inst.code else { return 0 };
        let long = self.long.get(index).copied().unwrap_or(false);
        match op {
            Op::ForLt | Op::ForLe if long => 3,
            _ if long => 2,
            _ if op.info().flags.has(Flags::EXT) => 1 + ext_words((inst.ext.1 - inst.ext.0) as usize),
            _ => 1,
        }
    }

    /// Decides where straight code needs a charge point, as if all jumps were long.
    fn place_charges(&mut self) {
        let mut run = 0;
        for (index, inst) in self.body.insts.iter().enumerate() {
            let Code::Op(op) = inst.code else { continue };
            let jumps = inst.args.iter().any(|arg| matches!(arg, Arg::To(_)));
            let size = self.size(index, inst) + if jumps { 2 } else { 0 };
            if run + size > SEGMENT {
                if let Some(slot) = self.charged.get_mut(index) {
                    *slot = true;
                }
                run = 0;
            }
            run = if op.info().flags.has(Flags::CHARGES) { 0 } else { run + size };
        }
    }

    fn measure(&mut self) {
        let mut at = 0usize;
        let mut starts = Vec::with_capacity(self.body.insts.len() + 1);
        for (index, inst) in self.body.insts.iter().enumerate() {
            starts.push(at as u32);
            if let (Code::Label | Code::Handler, Arg::To(label)) = (inst.code, inst.args[0])
                && let Some(slot) = self.labels.get_mut(label.0 as usize)
            {
                *slot = at as u32;
            }
            at += usize::from(self.charged.get(index).copied().unwrap_or(false)) + self.size(index, inst);
        }
        starts.push(at as u32);
        self.starts = starts;
    }

    fn target(&self, label: Label) -> i64 {
        self.labels.get(label.0 as usize).map_or(0, |&at| i64::from(at))
    }

    /// Marks short jumps that do not reach. Whether there were any.
    fn lengthen(&mut self) -> bool {
        let mut changed = false;
        for (index, inst) in self.body.insts.iter().enumerate() {
            let Code::Op(op) = inst.code else { continue };
            if self.long.get(index).copied().unwrap_or(true) || op == Op::Jump {
                continue;
            }
            let Some(label) = inst.args.iter().find_map(|arg| match arg {
                Arg::To(label) => Some(*label),
                _ => None,
            }) else {
                continue;
            };
            let next = self.starts.get(index + 1).map_or(0, |&at| i64::from(at));
            let offset = self.target(label) - next;
            let short = op.info().operands.contains(&Operand::Jump8);
            let reaches = if short { i8::try_from(offset).is_ok() } else { i16::try_from(offset).is_ok() };
            if !reaches && let Some(slot) = self.long.get_mut(index) {
                *slot = true;
                changed = true;
            }
        }
        changed
    }

    fn write(&self) -> Result<Machine, TooFar> {
        let mut machine = Machine::default();
        let mut position = u32::MAX;
        for (index, inst) in self.body.insts.iter().enumerate() {
            let Code::Op(op) = inst.code else { continue };
            if inst.at != position {
                position = inst.at;
                machine.positions.push((machine.words.len() as u32, position));
            }
            if self.charged.get(index).copied().unwrap_or(false) {
                machine.words.push(Insn::abc(Op::Charge, 0, 0, 0).0);
            }
            if self.long.get(index).copied().unwrap_or(false) {
                self.write_long(op, inst, &mut machine.words)?;
            } else {
                self.write_one(op, inst, &mut machine.words)?;
            }
        }
        for range in &self.body.protected {
            let at = |label: Label| self.target(label) as u32;
            let (start, end) = (at(range.start), at(range.end));
            if start < end {
                let register = self.register(Slot { v: range.error, sub: 0 });
                machine.handlers.push((start, end, at(range.handler), register));
            }
        }
        Ok(machine)
    }

    fn byte(&self, arg: Arg) -> u8 {
        match arg {
            Arg::Reg(slot) => self.register(slot),
            Arg::Num(number) => number as u8,
            Arg::None | Arg::To(_) => 0,
        }
    }

    fn write_one(&self, op: Op, inst: &Inst, words: &mut Vec<u32>) -> Result<(), TooFar> {
        let next = words.len() as i64 + 1;
        let mut bytes = [0u8; 3];
        let operands = op.info().operands;
        for (position, (&operand, &arg)) in operands.iter().zip(&inst.args).enumerate() {
            let number = match arg {
                Arg::To(label) => self.target(label) - next,
                Arg::Num(number) => i64::from(number),
                _ => i64::from(self.byte(arg)),
            };
            let width = match operand {
                Operand::Jump24 => 3,
                Operand::Imm16
                | Operand::Jump16
                | Operand::Const16
                | Operand::Str16
                | Operand::Type16
                | Operand::Func16
                | Operand::Import16
                | Operand::Global16
                | Operand::Lib16 => 2,
                _ => 1,
            };
            if operand == Operand::Jump24 && !(-(1 << 23)..1 << 23).contains(&number) {
                return Err(TooFar);
            }
            for (slot, byte) in bytes.iter_mut().skip(position).take(width).zip(number.to_le_bytes()) {
                *slot = byte;
            }
        }
        words.push(Insn::abc(op, bytes[0], bytes[1], bytes[2]).0);
        if op.info().flags.has(Flags::EXT) {
            let range = inst.ext.0 as usize..inst.ext.1 as usize;
            let ext: Vec<u8> =
                self.body.ext.get(range).unwrap_or(&[]).iter().map(|ext| self.ext(*ext)).collect();
            for chunk in ext.chunks(3) {
                let byte = |n: usize| chunk.get(n).copied().unwrap_or(0);
                words.push(Insn::abc(Op::Ext, byte(0), byte(1), byte(2)).0);
            }
        }
        Ok(())
    }

    fn ext(&self, ext: Ext) -> u8 {
        match ext {
            Ext::Reg(slot) => self.register(slot),
            Ext::Byte(byte) => byte,
            Ext::FrameEnd => self.registers.frame.saturating_add(1),
        }
    }

    fn jump_far(&self, label: Label, words: &mut Vec<u32>) -> Result<(), TooFar> {
        let offset = self.target(label) - (words.len() as i64 + 1);
        if !(-(1 << 23)..1 << 23).contains(&offset) {
            return Err(TooFar);
        }
        words.push(Insn::a24(Op::Jump, offset as i32).0);
        Ok(())
    }

    /// A jump that does not reach: the opposite condition skips a long jump.
    fn write_long(&self, op: Op, inst: &Inst, words: &mut Vec<u32>) -> Result<(), TooFar> {
        let Some(label) = inst.args.iter().find_map(|arg| match arg {
            Arg::To(label) => Some(*label),
            _ => None,
        }) else {
            return Err(TooFar);
        };
        let (a, b) = (self.byte(inst.args[0]), self.byte(inst.args[1]));
        match op {
            Op::JumpIf => words.push(Insn::ab16(Op::JumpIfNot, a, 1).0),
            Op::JumpIfNot => words.push(Insn::ab16(Op::JumpIf, a, 1).0),
            Op::ForLt => {
                words.push(Insn::abc(Op::AddI, a, a, 1).0);
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
        self.jump_far(label, words)
    }
}

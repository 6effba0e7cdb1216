//! Instructions that touch stack and heap at once: allocation, accesses of several slots, the library, failures.

use super::vm::{Stop, Vm};
use crate::error::TrapCode;
use crate::features::{FLOATS, lacks};
use crate::half;
use crate::heap::{NULL, ObjectHeader, halves, join, place};
use crate::isa::{Insn, Lib, Op, Operands, ext_words};
use crate::library;
use crate::module::{Packing, TypeId};
use crate::verify::MAX_OPERAND_BYTES;

impl<'a> Vm<'a> {
    /// The operand bytes of the instruction at `state.pc`: so many, or all that its ext words hold.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) fn operands(&self, limit: usize) -> Operands<'a> {
        Operands::new(self.module.code.get(self.state.pc + 1..).unwrap_or(&[]), limit)
    }

    /// Goes on behind the instruction at `state.pc` and its operand words, each of which costs a step.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) fn advance(&mut self, operand_words: usize) {
        self.state.pc += 1 + operand_words;
        self.charge(1 + operand_words as u64);
    }

    /// The slot of an object, so many words past its header.
    fn slot(&self, object: u64, offset: usize) -> Result<u64, Stop> {
        self.heap().get(place(object, offset)).copied().ok_or(Stop::from(TrapCode::Corrupt))
    }

    fn set_slot(&mut self, object: u64, offset: usize, value: u64) -> Result<(), Stop> {
        *self.heap_mut().get_mut(place(object, offset)).ok_or(Stop::from(TrapCode::Corrupt))? = value;
        Ok(())
    }

    /// Copies registers to words of the heap.
    fn store_slots(&mut self, first: u8, object: u64, offset: usize, count: u8) -> Result<(), Stop> {
        for n in 0..count {
            self.set_slot(object, offset + usize::from(n), self.reg(first.wrapping_add(n)))?;
        }
        Ok(())
    }

    /// Copies words of the heap to registers.
    fn load_slots(&mut self, first: u8, object: u64, offset: usize, count: u8) -> Result<(), Stop> {
        for n in 0..count {
            let value = self.slot(object, offset + usize::from(n))?;
            self.set_reg(first.wrapping_add(n), value);
        }
        Ok(())
    }

    /// An array's buffer and an index that is below its length.
    fn element(&mut self, array: u64, index: u64) -> Result<(usize, usize), Stop> {
        let (len, buffer) = halves(self.slot(array, 1)?);
        if index < u64::from(len) {
            Ok((buffer as usize, index as usize))
        } else {
            Err(self.trap(TrapCode::IndexOutOfRange, [index.cast_signed(), i64::from(len)]))
        }
    }

    /// How an array's elements are stored: the element's type, and its slots.
    fn element_type(&self, array: u64) -> Result<(TypeId, usize), Stop> {
        let ty = ObjectHeader(self.slot(array, 0)?).ty();
        let record = self.module.types.record(ty).ok_or(Stop::from(TrapCode::Corrupt))?;
        let element = record.components.first().copied().unwrap_or(0);
        Ok((TypeId(element), record.slots.len()))
    }

    /// Makes an object of these words, and of registers behind them.
    fn new_object(&mut self, words: &[u64], registers: Operands<'_>) -> Result<u64, Stop> {
        self.reserve(words.len() + registers.len())?;
        self.new_words(words, registers)
    }

    /// The same in room that was reserved.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn new_words(&mut self, words: &[u64], registers: Operands<'_>) -> Result<u64, Stop> {
        let object = self.alloc(words.len() + registers.len())?;
        let place = self.state.split.saturating_add(object);
        for (place, &word) in (place..).zip(words) {
            self.set_place(place, word);
        }
        for (place, register) in (place + words.len()..).zip(registers.iter()) {
            self.set_place(place, self.reg(register));
        }
        Ok(object as u64)
    }

    /// Carries out one of the instructions of this file, the one at `state.pc`, and goes on behind it.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) fn run_slow(&mut self, insn: Insn, op: Op) -> Result<(), Stop> {
        let (a, b, c) = (insn.a(), insn.b(), insn.c());
        // Instructions with one ext word that holds a count.
        let count = if matches!(op, Op::LoadGlobalN | Op::StoreGlobalN | Op::LoadFieldN | Op::StoreFieldN) {
            self.operands(1).get(0).unwrap_or(0)
        } else {
            0
        };
        let ext = match op {
            Op::LoadGlobalN => {
                self.load_slots(a, 0, 1 + usize::from(insn.b16()), count)?;
                1
            }
            Op::StoreGlobalN => {
                self.store_slots(a, 0, 1 + usize::from(insn.b16()), count)?;
                1
            }
            Op::LoadFieldN => {
                self.load_slots(a, self.reg(b), 1 + usize::from(c), count)?;
                1
            }
            Op::StoreFieldN => {
                self.store_slots(c, self.reg(a), 1 + usize::from(b), count)?;
                1
            }
            Op::AGetN => {
                let array = self.reg(b);
                let (buffer, index) = self.element(array, self.reg(c))?;
                let (_, slots) = self.element_type(array)?;
                self.load_slots(a, buffer as u64, index * slots, slots as u8)?;
                0
            }
            Op::ASetN => {
                let array = self.reg(a);
                let (buffer, index) = self.element(array, self.reg(b))?;
                let (_, slots) = self.element_type(array)?;
                self.store_slots(c, buffer as u64, index * slots, slots as u8)?;
                0
            }
            Op::AGetP => {
                let array = self.reg(b);
                let (buffer, index) = self.element(array, self.reg(c))?;
                let packing = Packing::of(self.element_type(array)?.0);
                let value =
                    load_packed(self.heap(), buffer, index, packing).ok_or(Stop::from(TrapCode::Corrupt))?;
                self.set_reg(a, value);
                0
            }
            Op::ASetP => {
                let array = self.reg(a);
                let (buffer, index) = self.element(array, self.reg(b))?;
                let packing = Packing::of(self.element_type(array)?.0);
                let value = self.reg(c);
                store_packed(self.heap_mut(), buffer, index, packing, value)
                    .ok_or(Stop::from(TrapCode::Corrupt))?;
                0
            }
            Op::New => {
                let ty = TypeId(insn.b16());
                let slots = self.module.types.record(ty).map_or(0, |record| record.slots.len());
                let operands = self.operands(slots);
                let object = self.new_object(&[ObjectHeader::new(ty, 0).0], operands)?;
                self.set_reg(a, object);
                ext_words(slots)
            }
            Op::NewClosure => {
                let function = self.module.function(insn.b16()).ok_or(Stop::from(TrapCode::Corrupt))?;
                let record = self.module.types.record(function.captures);
                let slots = record.map_or(0, |record| record.slots.len().saturating_sub(1));
                let operands = self.operands(slots);
                let words = [ObjectHeader::new(function.captures, 0).0, u64::from(insn.b16())];
                let object = self.new_object(&words, operands)?;
                self.set_reg(a, object);
                ext_words(slots)
            }
            Op::NewArray => {
                let operands = self.operands(MAX_OPERAND_BYTES);
                let count = operands.get(0).unwrap_or(0);
                let registers =
                    operands.skip(1).split_at(usize::from(count)).map_or(Operands::NONE, |(all, _)| all);
                let object = self.new_array(TypeId(insn.b16()), registers)?;
                self.set_reg(a, object);
                ext_words(1 + usize::from(count))
            }
            _ => return Err(Stop::from(TrapCode::Corrupt)),
        };
        self.advance(ext);
        Ok(())
    }

    /// Appends to an array. Apart from the others, for growing it may collect.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) fn append(&mut self, insn: Insn) -> Result<(), Stop> {
        library::array_push(self, 0, usize::from(insn.a()), usize::from(insn.b()))?;
        self.advance(0);
        Ok(())
    }

    /// Makes an array of one-slot elements that are in registers.
    fn new_array(&mut self, ty: TypeId, registers: Operands<'_>) -> Result<u64, Stop> {
        let (header, len) = (ObjectHeader::new(ty, 0).0, registers.len() as u32);
        if len == 0 {
            return self.new_object(&[header, join(0, NULL as u32)], registers);
        }
        self.reserve(4 + registers.len())?;
        let buffer = (self.state.top + 4) as u32;
        let buffer_header = ObjectHeader::new(ty, ObjectHeader::BUFFER).0;
        self.new_words(&[header, join(len, buffer), buffer_header, u64::from(len)], registers)
    }

    /// Carries out a library function, and goes on behind it.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) fn run_library(&mut self, insn: Insn) -> Result<(), Stop> {
        let lib = Lib::from_number(insn.b16()).ok_or(Stop::from(TrapCode::Corrupt))?;
        let operands = self.operands(MAX_OPERAND_BYTES);
        library::call(self, lib, operands, insn.a())?;
        self.advance(ext_words(operands.len()));
        Ok(())
    }
}

/// An element of a packed buffer, as a register holds it.
pub(crate) fn load_packed(heap: &[u64], buffer: usize, index: usize, packing: Packing) -> Option<u64> {
    let width = packing.bytes();
    let bytes: &[u8] = bytemuck::cast_slice(heap);
    let start = buffer.checked_mul(8)?.checked_add(index.checked_mul(width)?)?;
    let bytes = bytes.get(start..start.checked_add(width)?)?;
    let mut word = [0; 8];
    word.get_mut(..width)?.copy_from_slice(bytes);
    let raw = u64::from_le_bytes(word);
    Some(match packing {
        // A module with such arrays was refused.
        Packing::F32 | Packing::F16 | Packing::BF16 if lacks(FLOATS) => return None,
        Packing::I8 => i64::from(raw as i8).cast_unsigned(),
        Packing::I16 => i64::from(raw as i16).cast_unsigned(),
        Packing::I32 => i64::from(raw as i32).cast_unsigned(),
        Packing::F32 => f64::from(f32::from_bits(raw as u32)).to_bits(),
        Packing::F16 => half::f16_to_f64(raw as u16).to_bits(),
        Packing::BF16 => half::bf16_to_f64(raw as u16).to_bits(),
        Packing::U8 | Packing::U16 | Packing::U32 | Packing::Words => raw,
    })
}

/// Stores a register in an element of a packed buffer.
pub(crate) fn store_packed(
    heap: &mut [u64],
    buffer: usize,
    index: usize,
    packing: Packing,
    value: u64,
) -> Option<()> {
    let width = packing.bytes();
    let raw = match packing {
        Packing::F32 | Packing::F16 | Packing::BF16 if lacks(FLOATS) => return None,
        Packing::F32 => u64::from((f64::from_bits(value) as f32).to_bits()),
        Packing::F16 => u64::from(half::f16_from_f64(f64::from_bits(value))),
        Packing::BF16 => u64::from(half::bf16_from_f64(f64::from_bits(value))),
        _ => value,
    };
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(heap);
    let start = buffer.checked_mul(8)?.checked_add(index.checked_mul(width)?)?;
    bytes.get_mut(start..start.checked_add(width)?)?.copy_from_slice(raw.to_le_bytes().get(..width)?);
    Some(())
}

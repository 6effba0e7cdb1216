//! The instructions of one function.
//!
//! What the table says about an operand is checked for all instructions alike, in [`Body::operand`]. What it
//! cannot say (two operands that belong together, counts, ext operands) is in [`Body::rules`]; an instruction
//! with such operands and without a rule is refused, so a new row of the table fails safe.

use super::features::features_of_insn;
use super::functions::signature;
use super::types::enum_of;
use super::{MAX_OPERAND_BYTES, MAX_SEGMENT};
use crate::error::{Invalid, TrapCode};
use crate::features::{TASKS, lacks};
use crate::host::operand_types;
use crate::isa::{Flags, Insn, IntCode, Kind, Lib, MathFn, Op, Operand, ext_words};
use crate::module::{Module, Packing, Slots, TypeId, TypeKind, TypeRecord};

/// Whether a check holds.
pub(super) type Check = Result<(), Invalid>;

/// Turns a condition into a check.
pub(super) fn require(condition: bool, what: Invalid) -> Check {
    if condition { Ok(()) } else { Err(what) }
}

/// A function's code and what its instructions are checked against.
pub(super) struct Body<'m, 'a> {
    pub(super) module: &'m Module<'a>,
    /// Types of the registers.
    pub(super) registers: &'m [u16],
    /// Slots of the result.
    pub(super) results: &'a [u16],
    pub(super) code: &'a [u32],
    /// Where that begins in the module's.
    pub(super) start: usize,
}

/// The operand bytes after an instruction, of which as many are taken as it needs.
pub(super) struct Ext<'a> {
    words: &'a [u32],
    taken: usize,
}

impl Ext<'_> {
    pub(super) fn byte(&mut self) -> Result<u8, Invalid> {
        require(self.taken < MAX_OPERAND_BYTES, Invalid::Operand)?;
        let word = self.words.get(self.taken / 3).map(|&word| Insn(word));
        let word = word.filter(|word| word.op() == Some(Op::Ext)).ok_or(Invalid::Operand)?;
        let byte = match self.taken % 3 {
            0 => word.a(),
            1 => word.b(),
            _ => word.c(),
        };
        self.taken += 1;
        Ok(byte)
    }
}

impl<'a> Body<'_, 'a> {
    /// Checks all instructions. An error comes with the offset of the word.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) fn check(&self) -> Result<(), (Invalid, usize)> {
        let (mut at, mut segment, mut ends) = (0, 0, false);
        while at < self.code.len() {
            let (words, flags) = self.instruction(at).map_err(|what| (what, at))?;
            ends = flags.has(Flags::ENDS);
            if ends || flags.has(Flags::CHARGES) {
                segment = at + words;
            } else if at + words - segment > MAX_SEGMENT {
                return Err((Invalid::LongSegment, at));
            }
            at += words;
        }
        if ends { Ok(()) } else { Err((Invalid::FallsThrough, at)) }
    }

    /// Checks an instruction; gives its length in words and its properties.
    fn instruction(&self, at: usize) -> Result<(usize, Flags), Invalid> {
        let (&word, rest) = self.code.get(at..).and_then(<[u32]>::split_first).ok_or(Invalid::Opcode)?;
        let insn = Insn(word);
        let op = insn.op().filter(|&op| op != Op::Ext).ok_or(Invalid::Opcode)?;
        if let Some(sequence) = insn.sequence() {
            require(sequence.goes_on(rest), Invalid::Opcode)?;
        }
        let info = op.info();
        let (mut same, mut bytes) = (None, word);
        for &operand in info.operands.iter() {
            bytes >>= 8;
            self.operand(operand, bytes as u8, insn, at, &mut same)?;
        }
        let mut ext = Ext { words: rest, taken: 0 };
        if op == Op::Lib {
            let lib = Lib::from_number(insn.b16()).ok_or(Invalid::Operand)?;
            // One after the other: the stack that each takes is free again.
            let types = self.library_operands(lib, &mut ext)?;
            self.library_results(lib, insn.a(), types)?;
        } else if let Some((register, array)) = element_operands(op, insn) {
            self.element(op, register, array)?;
        } else if info.flags.has(Flags::RULE) {
            self.rules(op, insn, &mut ext)?;
        }
        require(features_of_insn(op, insn) & !self.module.header.features == 0, Invalid::Operand)?;
        Ok((1 + ext_words(ext.taken), info.flags))
    }

    /// `same` is the type of the `One` operands so far.
    fn operand(&self, operand: Operand, byte: u8, insn: Insn, at: usize, same: &mut Option<TypeId>) -> Check {
        let header = &self.module.header;
        match operand {
            Operand::Def(kind) | Operand::Use(kind) | Operand::Mod(kind) => self.kind(kind, byte, same),
            Operand::Jump8 => self.target(at, insn.c_signed()),
            Operand::Jump16 => self.target(at, insn.b16_signed()),
            Operand::Jump24 => self.target(at, insn.a24_signed()),
            Operand::Const16 => require(insn.b16() < header.constants, Invalid::Operand),
            Operand::Str16 => require(insn.b16() < header.strings, Invalid::Operand),
            Operand::AccInt | Operand::AccFloat | Operand::Imm8 | Operand::Imm16 => Ok(()),
            Operand::DefN
            | Operand::UseN
            | Operand::ElemN
            | Operand::Result
            | Operand::Type16
            | Operand::Func16
            | Operand::Import16
            | Operand::Global16
            | Operand::Lib16
            | Operand::Field8
            | Operand::Code8
            | Operand::Count8 => Ok(()),
        }
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn kind(&self, kind: Kind, register: u8, same: &mut Option<TypeId>) -> Check {
        let ty = self.register(register)?;
        let holds = match kind {
            Kind::Int => ty == TypeId::INT,
            Kind::Float => ty == TypeId::FLOAT,
            Kind::Scalar => ty == TypeId::INT || ty == TypeId::FLOAT,
            Kind::Str => ty == TypeId::STR,
            Kind::One => ty != TypeId::ANY && ty != TypeId::ANY_PAYLOAD && *same.get_or_insert(ty) == ty,
            Kind::Ref => ty.is_reference(),
            Kind::Struct => {
                matches!(
                    self.object(ty)?.kind,
                    TypeKind::Struct | TypeKind::Captures | TypeKind::Variant | TypeKind::Tensor
                )
            }
            Kind::Closure => self.object(ty)?.kind == TypeKind::Fn,
            Kind::Boxed => self.object(ty)?.kind == TypeKind::BoxedEnum,
            Kind::Variant => self.object(ty)?.kind == TypeKind::Variant,
            Kind::Array => self.object(ty)?.kind == TypeKind::Array,
            Kind::Future => self.object(ty)?.kind == TypeKind::Future,
            Kind::Futures => {
                let (element, _) = self.element_of(register)?;
                self.object(ty)?.kind == TypeKind::Array && self.object(element)?.kind == TypeKind::Future
            }
            Kind::Elem => true,
            Kind::Error => {
                return self.run(register, &[TypeId::INT.0, TypeId::STR.0]);
            }
        };
        require(holds, Invalid::Register)
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn target(&self, at: usize, offset: i64) -> Check {
        let target = i64::try_from(at).ok().and_then(|at| at.checked_add(1)?.checked_add(offset));
        let word = target.and_then(|target| self.code.get(usize::try_from(target).ok()?));
        require(word.is_some_and(|&word| Insn(word).op() != Some(Op::Ext)), Invalid::Jump)
    }

    /// What instructions ask for beyond what the table says of each operand: those that need a rule.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn rules(&self, op: Op, insn: Insn, ext: &mut Ext<'a>) -> Check {
        let (a, b, c) = (insn.a(), insn.b(), insn.c());
        match op {
            Op::Trap => require(a <= TrapCode::Deadlock as u8, Invalid::Operand),
            Op::Narrow | Op::NarrowA | Op::IntToFloat | Op::FloatToInt => {
                require(IntCode::from_byte(c).is_some(), Invalid::Operand)
            }
            Op::ShiftCheck => require((1..=64).contains(&b), Invalid::Operand),
            Op::IntFn => require(c <= 3, Invalid::Operand),
            Op::FMath => require(usize::from(c) < MathFn::ALL.len(), Invalid::Operand),

            Op::Call => {
                let callee = self.module.function(insn.b16()).ok_or(Invalid::Operand)?;
                require(callee.captures == TypeId::UNIT, Invalid::Operand)?;
                let (params, results) = self.signature(callee.signature)?;
                self.link(ext)?;
                self.list(ext, params)?;
                self.run(a, results)
            }
            Op::CallClosure => {
                let (params, results) = self.signature(self.register(b)?)?;
                require(usize::from(c) == params.len(), Invalid::Operand)?;
                self.link(ext)?;
                self.list(ext, params)?;
                self.run(a, results)
            }
            Op::HostCall | Op::HostTry => {
                let ty = self.module.import_type(insn.b16()).ok_or(Invalid::Operand)?;
                let (params, results) = self.signature(ty)?;
                self.list(ext, params)?;
                let types = self.module.types;
                let signature = types.record(ty).ok_or(Invalid::Operand)?;
                operand_types(types, signature, |slots| self.list(ext, slots))?;
                if op == Op::HostCall {
                    return self.run(a, results);
                }
                let mut out = Results::new(self, a);
                out.one(TypeId::INT)?;
                out.take(Slots::Many(results))?;
                out.one(TypeId::STR)
            }
            // Refused already, with the header.
            Op::NewTask | Op::Await if lacks(TASKS) => Err(Invalid::Operand),
            Op::NewTask => {
                let record = self.module.types.record(TypeId(insn.b16())).ok_or(Invalid::Operand)?;
                require(record.kind == TypeKind::Task, Invalid::Operand)?;
                let future = *record.components.first().ok_or(Invalid::Operand)?;
                let function = self.module.function(record.extra).ok_or(Invalid::Operand)?;
                self.is(a, TypeId(future))?;
                self.list(ext, self.signature(function.signature)?.0)
            }
            Op::Await => {
                let record = self.object(self.register(b)?)?;
                let value = TypeId(*record.components.first().ok_or(Invalid::Register)?);
                let slots = self.module.types.value_slots(value).ok_or(Invalid::Register)?;
                Results::new(self, a).take(slots)
            }

            Op::Ret => require(self.results.is_empty(), Invalid::Operand),
            Op::Ret1 => {
                require(self.results.len() == 1, Invalid::Operand)?;
                self.run(a, self.results)
            }
            Op::RetN => {
                require(usize::from(b) == self.results.len(), Invalid::Operand)?;
                self.run(a, self.results)
            }

            Op::MoveN => {
                let from = self.group(b, c)?;
                self.run(a, from)
            }
            Op::LoadGlobal | Op::StoreGlobal => self.run(a, self.globals(insn.b16(), 1)?),
            Op::LoadGlobalN | Op::StoreGlobalN => {
                let count = ext.byte()?;
                self.group(a, count)?;
                self.run(a, self.globals(insn.b16(), count)?)
            }
            Op::LoadField | Op::LoadFieldF | Op::FAddFieldA | Op::FSubFieldA | Op::FMulFieldA => {
                self.run(a, self.fields(b, c, 1)?)
            }
            Op::StoreField | Op::FieldAdd | Op::FieldSub | Op::FieldFAdd | Op::FieldFSub => {
                self.run(c, self.fields(a, b, 1)?)
            }
            Op::FieldAddI => require(self.fields(a, b, 1)? == [TypeId::INT.0], Invalid::Register),
            Op::LoadFieldN => {
                let count = ext.byte()?;
                self.group(a, count)?;
                self.run(a, self.fields(b, c, count)?)
            }
            Op::StoreFieldN => {
                let count = ext.byte()?;
                self.group(c, count)?;
                self.run(c, self.fields(a, b, count)?)
            }
            Op::New => {
                let made = TypeId(insn.b16());
                let record = self.module.types.record(made).ok_or(Invalid::Operand)?;
                let ty = self.register(a)?;
                let fits = match record.kind {
                    TypeKind::Struct => ty == made,
                    TypeKind::Variant => ty == made || enum_of(&self.module.types, made) == Some(ty),
                    _ => return Err(Invalid::Operand),
                };
                require(fits, Invalid::Register)?;
                self.list(ext, record.slots)
            }
            Op::AsVariant => {
                let named = TypeId(u16::from_le_bytes([ext.byte()?, ext.byte()?]));
                self.is(a, named)?;
                self.is_variant(a, b)
            }
            Op::NewClosure => {
                let function = self.module.function(insn.b16()).ok_or(Invalid::Operand)?;
                require(self.register(a)? == function.signature, Invalid::Register)?;
                let record = self.module.types.record(function.captures);
                let record = record.filter(|record| record.kind == TypeKind::Captures);
                let captures = record.and_then(|record| record.slots.get(1..)).ok_or(Invalid::Operand)?;
                self.list(ext, captures)
            }

            Op::ASwap => {
                let (element, slots) = self.element_of(a)?;
                let one_word = Packing::of(element) == Packing::Words && slots.len() == 1;
                require(one_word, Invalid::Operand)
            }
            Op::NewArray => {
                require(self.register(a)? == TypeId(insn.b16()), Invalid::Register)?;
                let (element, slots) = self.element_of(a)?;
                let count = ext.byte()?;
                if count == 0 {
                    return Ok(());
                }
                let slot = single(slots).filter(|_| Packing::of(element) == Packing::Words);
                let slot = slot.ok_or(Invalid::Operand)?;
                (0..count).try_for_each(|_| self.is(ext.byte()?, slot))
            }
            _ => Err(Invalid::Opcode),
        }
    }

    /// Which kind of element each of the element instructions is for.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn element(&self, op: Op, register: u8, array: u8) -> Check {
        let (element, slots) = self.element_of(array)?;
        let packing = Packing::of(element);
        let fits = match op {
            Op::AGet | Op::AGetNext | Op::AGetPrev | Op::ASet | Op::APush => {
                packing == Packing::Words && slots.len() == 1
            }
            Op::AGetF => element == TypeId::FLOAT,
            Op::AGetU8 | Op::ASetU8 => packing == Packing::U8,
            Op::AGetP | Op::ASetP => packing != Packing::Words,
            _ => packing == Packing::Words,
        };
        require(fits, Invalid::Operand)?;
        self.slots(register, slots)
    }

    /// The element type of the array in a register.
    pub(super) fn element_of(&self, array: u8) -> Result<(TypeId, Slots<'a>), Invalid> {
        let record = self.object(self.register(array)?)?;
        let element = TypeId(*record.components.first().ok_or(Invalid::Register)?);
        let slots = self.module.types.value_slots(element).ok_or(Invalid::Register)?;
        Ok((element, slots))
    }

    /// The first ext byte of a call: where the callee's registers begin, above the link word.
    fn link(&self, ext: &mut Ext<'a>) -> Check {
        require(usize::from(ext.byte()?) == self.registers.len() + 1, Invalid::Operand)
    }

    fn signature(&self, ty: TypeId) -> Result<(&'a [u16], &'a [u16]), Invalid> {
        signature(self.module, ty).ok_or(Invalid::Operand)
    }

    fn globals(&self, first: u16, count: u8) -> Result<&'a [u16], Invalid> {
        let state = self.module.types.record(TypeId(self.module.header.state_type));
        cut(state.map_or(&[], |record| record.slots), first, count)
    }

    /// Slots of the object in a register. The first slot of captures is not for code.
    fn fields(&self, object: u8, first: u8, count: u8) -> Result<&'a [u16], Invalid> {
        let record = self.object(self.register(object)?)?;
        require(record.kind != TypeKind::Captures || first != 0, Invalid::Operand)?;
        cut(record.slots, u16::from(first), count)
    }

    /// The type of a register.
    pub(super) fn register(&self, register: u8) -> Result<TypeId, Invalid> {
        self.registers.get(usize::from(register)).map(|&ty| TypeId(ty)).ok_or(Invalid::Register)
    }

    /// The record of a register's type, which must have one.
    pub(super) fn object(&self, ty: TypeId) -> Result<TypeRecord<'a>, Invalid> {
        self.module.types.record(ty).ok_or(Invalid::Register)
    }

    /// A register with a variant of the boxed enum in another.
    fn is_variant(&self, variant: u8, boxed: u8) -> Check {
        let owner = enum_of(&self.module.types, self.register(variant)?);
        self.is(boxed, owner.ok_or(Invalid::Register)?)
    }

    /// A register of exactly this type.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) fn is(&self, register: u8, ty: TypeId) -> Check {
        require(self.register(register)? == ty, Invalid::Register)
    }

    /// Consecutive registers of exactly these types. If there are none, the first one is not looked at.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) fn run(&self, first: u8, types: &[u16]) -> Check {
        let registers = self.registers.get(usize::from(first)..).and_then(|rest| rest.get(..types.len()));
        require(types.is_empty() || registers == Some(types), Invalid::Register)
    }

    /// Consecutive registers for a value of these slots.
    pub(super) fn slots(&self, first: u8, slots: Slots<'_>) -> Check {
        match slots {
            Slots::One(ty) => self.is(first, ty),
            Slots::Many(list) => self.run(first, list),
        }
    }

    /// So many consecutive registers, without half an `any`.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn group(&self, first: u8, count: u8) -> Result<&[u16], Invalid> {
        let registers =
            self.registers.get(usize::from(first)..).and_then(|rest| rest.get(..usize::from(count)));
        let registers = registers.ok_or(Invalid::Register)?;
        let halved =
            registers.first() == Some(&TypeId::ANY_PAYLOAD.0) || registers.last() == Some(&TypeId::ANY.0);
        require(!halved, Invalid::Register)?;
        Ok(registers)
    }

    /// Ext registers for these slots, one each. The halves of an `any` come from neighbours.
    fn list(&self, ext: &mut Ext<'a>, slots: &[u16]) -> Check {
        let mut previous = None;
        slots.iter().try_for_each(|&slot| {
            let register = ext.byte()?;
            self.is(register, TypeId(slot))?;
            let neighbour = previous.replace(register).and_then(|previous: u8| previous.checked_add(1));
            require(TypeId(slot) != TypeId::ANY_PAYLOAD || neighbour == Some(register), Invalid::Register)
        })
    }
}

/// The registers of an instruction that reads or writes an element: the element's first, and the array's.
const fn element_operands(op: Op, insn: Insn) -> Option<(u8, u8)> {
    match op {
        Op::AGet | Op::AGetNext | Op::AGetPrev | Op::AGetF | Op::AGetU8 | Op::AGetP | Op::AGetN => {
            Some((insn.a(), insn.b()))
        }
        Op::ASet | Op::ASetU8 | Op::ASetP | Op::ASetN => Some((insn.c(), insn.a())),
        Op::APush => Some((insn.b(), insn.a())),
        _ => None,
    }
}

/// Registers from a first one on, for results that follow each other.
pub(super) struct Results<'b, 'm, 'a> {
    body: &'b Body<'m, 'a>,
    next: usize,
}

impl<'b, 'm, 'a> Results<'b, 'm, 'a> {
    pub(super) fn new(body: &'b Body<'m, 'a>, first: u8) -> Self {
        Self { body, next: usize::from(first) }
    }

    pub(super) fn one(&mut self, ty: TypeId) -> Check {
        self.take(Slots::One(ty))
    }

    pub(super) fn take(&mut self, slots: Slots<'_>) -> Check {
        if !slots.is_empty() {
            let first = u8::try_from(self.next).map_err(|_| Invalid::Register)?;
            self.body.slots(first, slots)?;
            self.next += slots.len();
        }
        Ok(())
    }
}

/// The only slot of these.
fn single(slots: Slots<'_>) -> Option<TypeId> {
    if slots.len() == 1 { slots.get(0) } else { None }
}

fn cut(slots: &[u16], first: u16, count: u8) -> Result<&[u16], Invalid> {
    slots.get(usize::from(first)..).and_then(|rest| rest.get(..usize::from(count))).ok_or(Invalid::Operand)
}

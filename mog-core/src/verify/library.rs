//! Calls of library functions.

use super::code::{Body, Check, Ext, Results, require};
use super::types::is_value_type;
use crate::error::Invalid;
use crate::isa::{Lib, LibOperand, LibResult};
use crate::module::{Slots, TypeId, TypeKind, TypeRecord};

impl<'a> Body<'_, 'a> {
    /// Checks operands in ext bytes and results from a register on.
    pub(super) fn library(&self, lib: Lib, result: u8, ext: &mut Ext<'a>) -> Check {
        let info = lib.info();
        let (mut named, mut collection) = (None, None);
        for operand in info.operands.iter() {
            match operand {
                LibOperand::Type => {
                    let ty = TypeId(u16::from_le_bytes([ext.byte()?, ext.byte()?]));
                    require(is_value_type(&self.module.types, ty), Invalid::Operand)?;
                    named = Some(ty);
                }
                LibOperand::ListStr => self.each(ext, TypeId::STR)?,
                LibOperand::ListInt => self.each(ext, TypeId::INT)?,
                LibOperand::Int => self.is(ext.byte()?, TypeId::INT)?,
                LibOperand::Float => self.is(ext.byte()?, TypeId::FLOAT)?,
                LibOperand::Str => self.is(ext.byte()?, TypeId::STR)?,
                LibOperand::ArrayStr => self.is(ext.byte()?, TypeId::ARRAY_STR)?,
                LibOperand::Any => self.slots(ext.byte()?, self.value(Some(TypeId::ANY))?)?,
                LibOperand::Value => self.slots(ext.byte()?, self.value(named)?)?,
                LibOperand::TypeElem => {
                    let record = self.collection(named, TypeKind::Array)?;
                    self.slots(ext.byte()?, self.component(&record, 0)?)?;
                }
                LibOperand::Array => collection = Some(self.of_kind(ext.byte()?, TypeKind::Array)?),
                LibOperand::Map => collection = Some(self.of_kind(ext.byte()?, TypeKind::Map)?),
                LibOperand::Tensor => collection = Some(self.of_kind(ext.byte()?, TypeKind::Tensor)?),
                LibOperand::SameArray => self.is(ext.byte()?, collection.ok_or(Invalid::Opcode)?)?,
                LibOperand::Key => self.slots(ext.byte()?, self.key(collection)?)?,
                LibOperand::Elem => self.slots(ext.byte()?, self.elem(collection)?)?,
                LibOperand::Shape => {
                    let record = self.object(self.register(ext.byte()?)?)?;
                    let ints = record.kind == TypeKind::Array && record.components == [TypeId::INT.0];
                    require(ints, Invalid::Register)?;
                }
            }
        }
        self.named_type(lib, named, collection)?;

        let mut out = Results::new(self, result);
        info.results.iter().try_for_each(|kind| match kind {
            LibResult::Tag | LibResult::Int => out.one(TypeId::INT),
            LibResult::Float => out.one(TypeId::FLOAT),
            LibResult::Str => out.one(TypeId::STR),
            LibResult::Any => out.take(self.value(Some(TypeId::ANY))?),
            LibResult::ArrayStr => out.one(TypeId::ARRAY_STR),
            LibResult::ArrayU8 => out.one(TypeId::ARRAY_U8),
            LibResult::Value => out.take(self.value(named)?),
            LibResult::SameType => out.one(named.ok_or(Invalid::Opcode)?),
            LibResult::SameArray => out.one(collection.ok_or(Invalid::Opcode)?),
            LibResult::Key => out.take(self.key(collection)?),
            LibResult::Elem => out.take(self.elem(collection)?),
        })
    }

    /// As many registers of this type as the next byte says.
    fn each(&self, ext: &mut Ext<'a>, ty: TypeId) -> Check {
        (0..ext.byte()?).try_for_each(|_| self.is(ext.byte()?, ty))
    }

    /// The type of a register that holds an object of this kind.
    fn of_kind(&self, register: u8, kind: TypeKind) -> Result<TypeId, Invalid> {
        let ty = self.register(register)?;
        require(self.object(ty)?.kind == kind, Invalid::Register)?;
        Ok(ty)
    }

    /// What the type operand must be, where not every type will do.
    fn named_type(&self, lib: Lib, named: Option<TypeId>, collection: Option<TypeId>) -> Check {
        match lib {
            Lib::ArrayNew | Lib::ArrayFill => self.collection(named, TypeKind::Array).map(drop),
            Lib::MapNew => self.collection(named, TypeKind::Map).map(drop),
            Lib::MapKeys | Lib::MapValues => {
                let array = self.collection(named, TypeKind::Array)?;
                let map = self.collection(collection, TypeKind::Map)?;
                let part = if lib == Lib::MapKeys { map.components.first() } else { map.components.last() };
                require(array.components.first() == part, Invalid::Operand)
            }
            Lib::TensorFill => self.tensor_element(named).map(drop),
            Lib::TensorRandn => require(self.tensor_element(named)?.is_float(), Invalid::Operand),
            Lib::TensorNew => {
                let element = self.tensor_element(named)?;
                let source = self.collection(collection, TypeKind::Array)?;
                let source = source.components.first().map(|&element| TypeId(element));
                let source = source.filter(|source| source.dtype().is_some()).ok_or(Invalid::Register)?;
                require(source.is_float() == element.is_float(), Invalid::Register)
            }
            _ => require(!needs_rule(lib), Invalid::Opcode),
        }
    }

    fn tensor_element(&self, ty: Option<TypeId>) -> Result<TypeId, Invalid> {
        ty.and_then(|ty| self.module.types.tensor_element(ty)).ok_or(Invalid::Operand)
    }

    fn value(&self, ty: Option<TypeId>) -> Result<Slots<'a>, Invalid> {
        ty.and_then(|ty| self.module.types.value_slots(ty)).ok_or(Invalid::Opcode)
    }

    fn collection(&self, ty: Option<TypeId>, kind: TypeKind) -> Result<TypeRecord<'a>, Invalid> {
        let record = ty.and_then(|ty| self.module.types.record(ty));
        record.filter(|record| record.kind == kind).ok_or(Invalid::Operand)
    }

    fn component(&self, record: &TypeRecord<'a>, index: usize) -> Result<Slots<'a>, Invalid> {
        self.value(record.components.get(index).map(|&ty| TypeId(ty)))
    }

    fn key(&self, map: Option<TypeId>) -> Result<Slots<'a>, Invalid> {
        self.component(&self.collection(map, TypeKind::Map)?, 0)
    }

    /// The element of an array, the value of a map.
    fn elem(&self, collection: Option<TypeId>) -> Result<Slots<'a>, Invalid> {
        let record = self.object(collection.ok_or(Invalid::Opcode)?)?;
        self.component(&record, if record.kind == TypeKind::Map { 1 } else { 0 })
    }
}

/// Whether a function makes an object of its type operand, so that only a rule can say which types will do.
fn needs_rule(lib: Lib) -> bool {
    lib.info().results.contains(&LibResult::SameType)
}

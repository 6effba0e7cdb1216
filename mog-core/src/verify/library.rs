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
        for operand in info.operands {
            if *operand == LibOperand::Type {
                let ty = TypeId(u16::from_le_bytes([ext.byte()?, ext.byte()?]));
                require(is_value_type(&self.module.types, ty), Invalid::Operand)?;
                named = Some(ty);
                continue;
            }
            if let LibOperand::ListStr | LibOperand::ListInt = operand {
                let ty = if *operand == LibOperand::ListStr { TypeId::STR } else { TypeId::INT };
                (0..ext.byte()?).try_for_each(|_| self.is(ext.byte()?, ty))?;
                continue;
            }
            let register = ext.byte()?;
            match operand {
                LibOperand::Int => self.is(register, TypeId::INT)?,
                LibOperand::Float => self.is(register, TypeId::FLOAT)?,
                LibOperand::Str => self.is(register, TypeId::STR)?,
                LibOperand::ArrayStr => self.is(register, TypeId::ARRAY_STR)?,
                LibOperand::Any => self.slots(register, self.value(Some(TypeId::ANY))?)?,
                LibOperand::Value => self.slots(register, self.value(named)?)?,
                LibOperand::TypeElem => {
                    let record = self.collection(named, TypeKind::Array)?;
                    self.slots(register, self.component(&record, 0)?)?;
                }
                LibOperand::Array | LibOperand::Map | LibOperand::Tensor => {
                    let kind = match operand {
                        LibOperand::Map => TypeKind::Map,
                        LibOperand::Tensor => TypeKind::Tensor,
                        _ => TypeKind::Array,
                    };
                    let ty = self.register(register)?;
                    require(self.object(ty)?.kind == kind, Invalid::Register)?;
                    collection = Some(ty);
                }
                LibOperand::SameArray => self.is(register, collection.ok_or(Invalid::Opcode)?)?,
                LibOperand::Key => self.slots(register, self.key(collection)?)?,
                LibOperand::Elem => self.slots(register, self.elem(collection)?)?,
                LibOperand::Shape => {
                    let record = self.object(self.register(register)?)?;
                    let ints = record.kind == TypeKind::Array && record.components == [TypeId::INT.0];
                    require(ints, Invalid::Register)?;
                }
                LibOperand::Type | LibOperand::ListStr | LibOperand::ListInt => {}
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

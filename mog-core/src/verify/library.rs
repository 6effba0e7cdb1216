//! Calls of library functions.

use super::code::{Body, Check, Ext, Results, require};
use super::types::is_value_type;
use crate::error::Invalid;
use crate::features::{MAPS, TENSORS, lacks};
use crate::isa::{Lib, LibOperand, LibResult};
use crate::module::{Slots, TypeId, TypeKind, TypeRecord};

impl<'a> Body<'_, 'a> {
    /// Checks operands in ext bytes; gives the type that was named, and that of the collection, [`TypeId::UNIT`] where there
    /// is none.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) fn library_operands(&self, lib: Lib, ext: &mut Ext<'a>) -> Result<[TypeId; 2], Invalid> {
        let (mut named, mut collection) = (TypeId::UNIT, TypeId::UNIT);
        for operand in lib.info().operands.iter() {
            let slots = match operand {
                LibOperand::Type => {
                    let ty = TypeId(u16::from_le_bytes([ext.byte()?, ext.byte()?]));
                    require(is_value_type(&self.module.types, ty), Invalid::Operand)?;
                    named = ty;
                    continue;
                }
                LibOperand::ListStr | LibOperand::ListInt => {
                    let ty = if matches!(operand, LibOperand::ListStr) { TypeId::STR } else { TypeId::INT };
                    self.each(ext, ty)?;
                    continue;
                }
                // Refused already, with the header.
                LibOperand::Map if lacks(MAPS) => return Err(Invalid::Operand),
                LibOperand::Tensor if lacks(TENSORS) => return Err(Invalid::Operand),
                LibOperand::Array | LibOperand::Map | LibOperand::Tensor => {
                    let kind = match operand {
                        LibOperand::Array => TypeKind::Array,
                        LibOperand::Map => TypeKind::Map,
                        _ => TypeKind::Tensor,
                    };
                    collection = self.of_kind(ext.byte()?, kind)?;
                    continue;
                }
                LibOperand::Shape if lacks(TENSORS) => return Err(Invalid::Operand),
                LibOperand::Shape => {
                    let record = self.object(self.register(ext.byte()?)?)?;
                    let ints = record.kind == TypeKind::Array && record.components == [TypeId::INT.0];
                    require(ints, Invalid::Register)?;
                    continue;
                }
                LibOperand::Int => Slots::One(TypeId::INT),
                LibOperand::Float => Slots::One(TypeId::FLOAT),
                LibOperand::Str => Slots::One(TypeId::STR),
                LibOperand::ArrayStr => Slots::One(TypeId::ARRAY_STR),
                LibOperand::Any => self.value(TypeId::ANY)?,
                LibOperand::Value => self.value(named)?,
                LibOperand::TypeElem => self.part(named, false)?,
                LibOperand::SameArray => self.same(collection)?,
                LibOperand::Key => self.part(collection, true)?,
                LibOperand::Elem => self.part(collection, false)?,
            };
            self.slots(ext.byte()?, slots)?;
        }
        self.named_type(lib, named, collection)?;
        Ok([named, collection])
    }

    /// Checks results from a register on.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) fn library_results(&self, lib: Lib, first: u8, [named, collection]: [TypeId; 2]) -> Check {
        let mut out = Results::new(self, first);
        for kind in lib.info().results.iter() {
            out.take(match kind {
                LibResult::Tag | LibResult::Int => Slots::One(TypeId::INT),
                LibResult::Float => Slots::One(TypeId::FLOAT),
                LibResult::Str => Slots::One(TypeId::STR),
                LibResult::Any => self.value(TypeId::ANY)?,
                LibResult::ArrayStr => Slots::One(TypeId::ARRAY_STR),
                LibResult::ArrayU8 => Slots::One(TypeId::ARRAY_U8),
                LibResult::Value => self.value(named)?,
                LibResult::SameType => self.same(named)?,
                LibResult::SameArray => self.same(collection)?,
                LibResult::Key => self.part(collection, true)?,
                LibResult::Elem => self.part(collection, false)?,
            })?;
        }
        Ok(())
    }

    /// One slot of this type, which was named before.
    fn same(&self, ty: TypeId) -> Result<Slots<'a>, Invalid> {
        if ty == TypeId::UNIT { Err(Invalid::Opcode) } else { Ok(Slots::One(ty)) }
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
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn named_type(&self, lib: Lib, named: TypeId, collection: TypeId) -> Check {
        match lib {
            Lib::ArrayNew | Lib::ArrayFill => self.collection(named, TypeKind::Array).map(drop),
            Lib::MapNew | Lib::MapKeys | Lib::MapValues if lacks(MAPS) => Err(Invalid::Operand),
            Lib::TensorFill | Lib::TensorRandn | Lib::TensorNew if lacks(TENSORS) => Err(Invalid::Operand),
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

    fn tensor_element(&self, ty: TypeId) -> Result<TypeId, Invalid> {
        self.module.types.tensor_element(ty).ok_or(Invalid::Operand)
    }

    fn value(&self, ty: TypeId) -> Result<Slots<'a>, Invalid> {
        self.module.types.value_slots(ty).ok_or(Invalid::Opcode)
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn collection(&self, ty: TypeId, kind: TypeKind) -> Result<TypeRecord<'a>, Invalid> {
        let record = self.module.types.record(ty);
        record.filter(|record| record.kind == kind).ok_or(Invalid::Operand)
    }

    /// The key of a map, or else its value; the element of an array.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn part(&self, collection: TypeId, key: bool) -> Result<Slots<'a>, Invalid> {
        let record = self.object(collection)?;
        let index = usize::from(record.kind == TypeKind::Map && !key);
        self.value(record.components.get(index).map_or(TypeId::UNIT, |&ty| TypeId(ty)))
    }
}

/// Whether a function makes an object of its type operand, so that only a rule can say which types will do.
fn needs_rule(lib: Lib) -> bool {
    lib.info().results.contains(&LibResult::SameType)
}

//! The type table: components are types, slots are what they make.

use super::features::features_of_type;
use super::invalid;
use crate::error::{Invalid, LoadError};
use crate::features::{MAPS, PRESENT, TASKS, TENSORS, lacks};
use crate::heap::MAX_VALUE_SLOTS;
use crate::module::{Module, Slots, TASK_SLOTS, TypeId, TypeKind, TypeRecord, TypeTable};

/// How many times over the records may list the pool's entries, all together.
const SHARING: usize = 8;
/// Own types that there are numbers for.
const MAX_TYPES: usize = 0x1_0000 - TypeId::FIRST_OWN.0 as usize;

/// Checks the type table and the type of the module state.
#[cfg_attr(target_pointer_width = "32", inline(never))]
pub(super) fn check(module: &Module<'_>) -> Result<(), LoadError> {
    let table = &module.types;
    if table.len() > MAX_TYPES {
        return Err(invalid(Invalid::Type, MAX_TYPES));
    }
    let mut work = table.pool.len() * SHARING;
    let mut variants = Variants { rest: &[], number: 0 };
    let mut missing = 0;
    for number in (TypeId::FIRST_OWN.0..=u16::MAX).take(table.len()) {
        let ty = TypeId(number);
        let record = table.record(ty);
        let size = record.map_or(0, |record| record.components.len() + record.slots.len());
        let needs = record.map_or(0, |record| features_of_type(record.kind, record.components));
        missing |= needs & !PRESENT;
        let checker = Checker { table, strings: module.header.strings, ty };
        record
            .filter(|_| work >= size)
            .and_then(|record| if lacks(needs) { Some(()) } else { checker.record(&record, &mut variants) })
            .ok_or(invalid(Invalid::Type, usize::from(number)))?;
        work -= size;
    }
    let state = module.header.state_type;
    let stateless = TypeId(state) == TypeId::UNIT;
    let is_struct = || table.record(TypeId(state)).is_some_and(|record| record.kind == TypeKind::Struct);
    if !variants.rest.is_empty() || !(stateless || is_struct()) {
        return Err(invalid(Invalid::Type, usize::from(state)));
    }
    if missing == 0 { Ok(()) } else { Err(LoadError::MissingFeatures(missing)) }
}

/// Whether a value, a field or an element can have this type: it exists and is not only a slot or object layout.
pub(super) fn is_value_type(table: &TypeTable<'_>, ty: TypeId) -> bool {
    table.value_slots(ty).is_some()
        && !table.record(ty).is_some_and(|record| {
            matches!(record.kind, TypeKind::Captures | TypeKind::Variant | TypeKind::Task)
        })
}

/// Whether a register can have this type.
pub(super) fn is_slot_type(table: &TypeTable<'_>, ty: TypeId) -> bool {
    match ty {
        TypeId::INT | TypeId::FLOAT | TypeId::STR | TypeId::ANY | TypeId::ANY_PAYLOAD => true,
        _ => table.record(ty).is_some_and(|record| record.kind.is_reference()),
    }
}

/// The boxed enum of which this type is a variant.
pub(super) fn enum_of(table: &TypeTable<'_>, variant: TypeId) -> Option<TypeId> {
    let record = table.record(variant).filter(|record| record.kind == TypeKind::Variant)?;
    Some(TypeId(variant.0.checked_sub(record.extra)?.checked_sub(1)?))
}

/// The variants of an enum: its components, cut up.
struct Variants<'a> {
    rest: &'a [u16],
    /// How many came before.
    number: u16,
}

impl<'a> Variants<'a> {
    /// Name and payload types of the next variant.
    fn next(&mut self) -> Option<(u16, &'a [u16])> {
        let (&[name, count], rest) = self.rest.split_first_chunk()?;
        let (payload, rest) = rest.split_at_checked(usize::from(count))?;
        self.rest = rest;
        self.number = self.number.wrapping_add(1);
        Some((name, payload))
    }
}

/// Checks one record. A check that fails gives `None`.
struct Checker<'m, 'a> {
    table: &'m TypeTable<'a>,
    strings: u16,
    ty: TypeId,
}

impl<'a> Checker<'_, 'a> {
    /// `variants` are those of the boxed enum before that have not come yet.
    fn record(&self, record: &TypeRecord<'a>, variants: &mut Variants<'a>) -> Option<()> {
        require(record.kind == TypeKind::Variant || variants.rest.is_empty())?;
        require(record.kind.is_reference() || record.slots.len() <= MAX_VALUE_SLOTS)?;
        let rest = self.slots(record, variants)?;
        require(rest.is_empty())
    }

    /// Compares slots with components; gives the slots that are left over.
    fn slots(&self, record: &TypeRecord<'a>, variants: &mut Variants<'a>) -> Option<&'a [u16]> {
        let &TypeRecord { kind, extra, components, slots } = record;
        match kind {
            TypeKind::Struct => {
                self.name(extra)?;
                let (fields, []) = components.as_chunks() else { return None };
                fields.iter().try_fold(slots, |slots, &[name, ty]| {
                    self.name(name)?;
                    self.one(TypeId(ty), slots)
                })
            }
            // Refused already.
            TypeKind::Map if lacks(MAPS) => None,
            TypeKind::Tensor if lacks(TENSORS) => None,
            TypeKind::Future | TypeKind::Task if lacks(TASKS) => None,
            TypeKind::Tensor => {
                let &[shape, _] = components else { return None };
                let shape = self.table.record(TypeId(shape))?;
                require(shape.kind == TypeKind::Array && shape.components == [TypeId::INT.0])?;
                let data = self.table.record(TypeId(*components.get(1)?))?;
                require(data.kind == TypeKind::Array)?;
                self.table.tensor_element(self.ty)?.dtype()?;
                self.all(components, slots)
            }
            TypeKind::Array => {
                require(components.len() == 1)?;
                self.all(components, slots)
            }
            TypeKind::Map => {
                let &[key, value] = components else { return None };
                require(
                    matches!(TypeId(key), TypeId::STR) || (TypeId::BOOL.0..=TypeId::U64.0).contains(&key),
                )?;
                self.all(&[key, value], slots)
            }
            TypeKind::Fn => {
                let (&result, params) = components.split_last()?;
                let rest = self.all(params, slots)?;
                require(slots.len() - rest.len() == usize::from(extra))?;
                self.one(TypeId(result), rest)
            }
            TypeKind::Captures => self.all(components, self.one(TypeId::INT, slots)?),
            TypeKind::Option | TypeKind::Result => {
                require(components.len() == 1)?;
                let rest = self.all(components, self.one(TypeId::INT, slots)?)?;
                if kind == TypeKind::Result { self.one(TypeId::STR, rest) } else { Some(rest) }
            }
            TypeKind::Enum => {
                self.name(extra)?;
                let mut rest = self.one(TypeId::INT, slots)?;
                let mut variants = Variants { rest: components, number: 0 };
                while !variants.rest.is_empty() {
                    let (name, payload) = variants.next()?;
                    self.name(name)?;
                    rest = self.all(payload, rest)?;
                }
                Some(rest)
            }
            TypeKind::BoxedEnum => {
                self.name(extra)?;
                *variants = Variants { rest: components, number: 0 };
                let mut names = Variants { rest: components, number: 0 };
                while !names.rest.is_empty() {
                    self.name(names.next()?.0)?;
                }
                slots.strip_prefix(&[self.ty.0])
            }
            TypeKind::Future => {
                require(components.len() == 1)?;
                let rest = self.all(components, slots.strip_prefix(&TASK_SLOTS)?)?;
                self.one(TypeId::STR, rest)
            }
            TypeKind::Task => {
                let &[future] = components else { return None };
                let future =
                    self.table.record(TypeId(future)).filter(|record| record.kind == TypeKind::Future)?;
                // Whether its function exists and fits is seen to in `functions.rs`.
                slots.strip_prefix(future.slots)
            }
            TypeKind::Variant => {
                let number = variants.number;
                let (_, payload) = variants.next()?;
                require(payload == components && number == extra)?;
                self.all(payload, slots)
            }
        }
    }

    /// Takes the slots of all these components off the front.
    fn all<'s>(&self, components: &[u16], slots: &'s [u16]) -> Option<&'s [u16]> {
        components.iter().try_fold(slots, |slots, &ty| self.one(TypeId(ty), slots))
    }

    /// Takes the slots of a component off the front.
    fn one<'s>(&self, component: TypeId, slots: &'s [u16]) -> Option<&'s [u16]> {
        require(is_value_type(self.table, component))?;
        match self.table.value_slots(component)? {
            Slots::One(ty) => slots.strip_prefix(&[ty.0]),
            // The slots of a later type are as its record says, which will be checked in its turn.
            Slots::Many(list) => slots.strip_prefix(list),
        }
    }

    fn name(&self, string: u16) -> Option<()> {
        require(string < self.strings)
    }
}

#[cfg_attr(target_pointer_width = "32", inline(never))]
fn require(condition: bool) -> Option<()> {
    condition.then_some(())
}

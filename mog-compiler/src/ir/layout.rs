//! How the language's types lie in registers and objects: the module's type table, made on demand.

use core::ops::Range;

use hashbrown::HashMap;
use mog_core::TypeId;
use mog_core::heap::MAX_VALUE_SLOTS;
use mog_core::module::{TASK_SLOTS, TYPE_WORDS, TypeKind};
use mog_core::verify::features_of_type;
use smallvec::{SmallVec, smallvec};

use super::{ClassId, Classes};
use crate::hir::Hir;
use crate::types::{Dtype, EnumId, IntKind, StructId, Ty, TyKind, Types};

/// Slots beyond which an enum's values become objects.
const MAX_FLAT_ENUM: usize = 4;

/// What is known of a type so far.
#[derive(Clone, Debug, Default)]
struct Known {
    id: Option<TypeId>,
    /// Its values' slots, in [`Layouts::slots`].
    slots: Option<Range<usize>>,
    class: Option<ClassId>,
}

/// Types and names in a record: mostly few.
type Parts = SmallVec<[u16; 8]>;

/// A record of the type table under construction.
#[derive(Clone, Debug, Default)]
struct Record {
    kind: u8,
    extra: u16,
    components: Parts,
    slots: Parts,
}

/// The type table under construction, the string constants (types have names), and what each type is.
#[derive(Debug, Default)]
pub struct Layouts {
    records: Vec<Record>,
    /// By type.
    known: Vec<Known>,
    /// The slots of all types, each a range.
    slots: Vec<u16>,
    cells: HashMap<Parts, TypeId>,
    functions: HashMap<(SmallVec<[Ty; 4]>, Ty), TypeId>,
    tasks: HashMap<u16, TypeId>,
    numbers: HashMap<TypeId, TypeId>,
    boxed_enums: HashMap<u32, bool>,
    /// Of enums whose values are flat, by variant.
    payload_offsets: HashMap<EnumId, Vec<u8>>,
    /// Whether a type has more slots than a value may.
    too_wide: bool,
    /// Enums that are just being looked at and count as boxed meanwhile.
    undecided: u32,
    /// Classes of virtual registers.
    pub classes: Classes,
    /// String constants in the order of their numbers.
    pub strings: Vec<String>,
    string_index: HashMap<String, u16>,
}

impl Layouts {
    /// The number of a string constant.
    pub fn string(&mut self, text: &str) -> u16 {
        if let Some(&index) = self.string_index.get(text) {
            return index;
        }
        let index = u16::try_from(self.strings.len()).unwrap_or(u16::MAX);
        self.strings.push(text.to_owned());
        self.string_index.insert(text.to_owned(), index);
        index
    }

    fn known(&mut self, ty: Ty) -> &mut Known {
        let index = ty.0 as usize;
        if index >= self.known.len() {
            self.known.resize(index + 1, Known::default());
        }
        &mut self.known[index]
    }

    fn reserve(&mut self) -> (usize, TypeId) {
        let index = self.records.len();
        self.records.push(Record::default());
        let number = u16::try_from(index).unwrap_or(u16::MAX).saturating_add(TypeId::FIRST_OWN.0);
        (index, TypeId(number))
    }

    fn set(&mut self, index: usize, kind: TypeKind, extra: u16, components: Parts, slots: Parts) {
        if let Some(record) = self.records.get_mut(index) {
            *record = Record { kind: kind as u8, extra, components, slots };
        }
    }

    /// The number of a type in the module's table, made on first use.
    pub fn id(&mut self, hir: &Hir, ty: Ty) -> TypeId {
        let ty = hir.types.shallow(ty);
        let kind = hir.types.kind(ty);
        match *kind {
            TyKind::Unit | TyKind::Never | TyKind::Error | TyKind::Var(_) => TypeId::UNIT,
            TyKind::Bool => TypeId::BOOL,
            TyKind::Int(kind) => int_type(kind),
            TyKind::Float => TypeId::FLOAT,
            TyKind::F32 => TypeId::F32,
            TyKind::Str => TypeId::STR,
            TyKind::Any => TypeId::ANY,
            TyKind::Handle(_) => TypeId::HANDLE,
            _ => match self.known(ty).id {
                Some(id) => id,
                None => self.make(hir, ty, kind),
            },
        }
    }

    fn make(&mut self, hir: &Hir, ty: Ty, kind: &TyKind) -> TypeId {
        let built_in = match ty {
            Types::ARRAY_STR => Some(TypeId::ARRAY_STR),
            Types::ARRAY_ANY => Some(TypeId::ARRAY_ANY),
            Types::ARRAY_U8 => Some(TypeId::ARRAY_U8),
            Types::MAP_ANY => Some(TypeId::MAP_ANY),
            _ => None,
        };
        if let Some(id) = built_in {
            self.known(ty).id = Some(id);
            return id;
        }
        match kind {
            // The payload's record comes first: flat types may only contain earlier ones.
            TyKind::Option(payload) | TyKind::Result(payload) => {
                let component = self.id(hir, *payload);
                let slots = self.slots(hir, ty).into();
                let (index, id) = self.reserve();
                let kind =
                    if matches!(kind, TyKind::Option(_)) { TypeKind::Option } else { TypeKind::Result };
                self.set(index, kind, u16::MAX, smallvec![component.0], slots);
                self.known(ty).id = Some(id);
                id
            }
            TyKind::Enum(enum_id) => self.make_enum(hir, ty, *enum_id),
            TyKind::Fn(params, ret) => {
                let id = self.function(hir, params, *ret);
                self.known(ty).id = Some(id);
                id
            }
            _ => {
                let (index, id) = self.reserve();
                self.known(ty).id = Some(id);
                self.make_reference(hir, index, kind);
                id
            }
        }
    }

    /// Types whose values are one reference; they may refer to themselves.
    fn make_reference(&mut self, hir: &Hir, index: usize, kind: &TyKind) {
        match kind {
            TyKind::Array(element) => {
                let components = smallvec![self.id(hir, *element).0];
                let slots = self.slots(hir, *element).into();
                self.set(index, TypeKind::Array, u16::MAX, components, slots);
            }
            TyKind::Map(key, value) => {
                let components = smallvec![self.id(hir, *key).0, self.id(hir, *value).0];
                let mut slots = Parts::from_slice(self.slots(hir, *key));
                slots.extend_from_slice(self.slots(hir, *value));
                self.set(index, TypeKind::Map, u16::MAX, components, slots);
            }
            TyKind::Fn(params, result) => {
                let mut components: Parts = params.iter().map(|&param| self.id(hir, param).0).collect();
                components.push(self.id(hir, *result).0);
                let mut slots = self.slots_of_all(hir, params);
                let extra = u16::try_from(slots.len()).unwrap_or(u16::MAX);
                slots.extend_from_slice(self.slots(hir, *result));
                self.set(index, TypeKind::Fn, extra, components, slots);
            }
            TyKind::Future(value) => {
                let components = smallvec![self.id(hir, *value).0];
                let mut slots = Parts::from_slice(&TASK_SLOTS);
                slots.extend_from_slice(self.slots(hir, *value));
                slots.push(TypeId::STR.0);
                self.set(index, TypeKind::Future, u16::MAX, components, slots);
            }
            TyKind::Tensor(dtype) => {
                let parts = [self.id(hir, Types::ARRAY_INT).0, self.numbers(dtype_id(*dtype)).0];
                self.set(
                    index,
                    TypeKind::Tensor,
                    u16::MAX,
                    Parts::from_slice(&parts),
                    Parts::from_slice(&parts),
                );
            }
            TyKind::Struct(struct_id) => {
                let definition = struct_definition(hir, *struct_id);
                let name = self.string(definition.0);
                let mut components = Parts::new();
                let mut slots = Parts::new();
                for (field, ty) in definition.1 {
                    components.push(self.string(field));
                    components.push(self.id(hir, *ty).0);
                    slots.extend_from_slice(self.slots(hir, *ty));
                }
                self.set(index, TypeKind::Struct, name, components, slots);
            }
            _ => {}
        }
    }

    /// The type of the array of a tensor's elements.
    pub fn numbers(&mut self, element: TypeId) -> TypeId {
        if let Some(&id) = self.numbers.get(&element) {
            return id;
        }
        let (index, id) = self.reserve();
        let slot = if element.is_float() { TypeId::FLOAT } else { TypeId::INT };
        self.set(index, TypeKind::Array, u16::MAX, smallvec![element.0], smallvec![slot.0]);
        self.numbers.insert(element, id);
        id
    }

    fn make_enum(&mut self, hir: &Hir, ty: Ty, id: EnumId) -> TypeId {
        let Some(definition) = hir.types.enums.get(id.0 as usize) else { return TypeId::UNIT };
        let boxed = self.is_boxed_enum(hir, id);
        if !boxed {
            let mut components = Parts::new();
            for (name, payload) in &definition.variants {
                components.push(self.string(name));
                components.push(u16::try_from(payload.len()).unwrap_or(u16::MAX));
                for &ty in payload {
                    components.push(self.id(hir, ty).0);
                }
            }
            let slots = self.slots(hir, ty).into();
            let name = self.string(&definition.name);
            let (index, number) = self.reserve();
            self.set(index, TypeKind::Enum, name, components, slots);
            self.known(ty).id = Some(number);
            return number;
        }
        let (index, number) = self.reserve();
        let first = self.records.len();
        for _ in &definition.variants {
            self.reserve();
        }
        self.known(ty).id = Some(number);
        let mut components = Parts::new();
        for (n, (name, payload)) in definition.variants.iter().enumerate() {
            components.push(self.string(name));
            components.push(u16::try_from(payload.len()).unwrap_or(u16::MAX));
            let types: Parts = payload.iter().map(|&ty| self.id(hir, ty).0).collect();
            components.extend_from_slice(&types);
            let slots = self.slots_of_all(hir, payload);
            let number = u16::try_from(n).unwrap_or(u16::MAX);
            self.set(first + n, TypeKind::Variant, number, types, slots);
        }
        let name = self.string(&definition.name);
        self.set(index, TypeKind::BoxedEnum, name, components, smallvec![number.0]);
        number
    }

    /// The first payload slot of a variant of an enum whose values are flat.
    pub fn payload_offset(&mut self, hir: &Hir, id: EnumId, variant: u32) -> u8 {
        if !self.payload_offsets.contains_key(&id) {
            let variants = hir.types.enums.get(id.0 as usize).into_iter().flat_map(|it| &it.variants);
            let mut offsets = Vec::new();
            let mut at = 1;
            for (_, payload) in variants {
                offsets.push(at);
                at += payload.iter().map(|&ty| self.slots(hir, ty).len() as u8).sum::<u8>();
            }
            self.payload_offsets.insert(id, offsets);
        }
        self.payload_offsets.get(&id).and_then(|offsets| offsets.get(variant as usize)).copied().unwrap_or(1)
    }

    /// Whether an enum's values are objects: it contains itself, or has too many slots.
    pub fn is_boxed_enum(&mut self, hir: &Hir, id: EnumId) -> bool {
        if let Some(&boxed) = self.boxed_enums.get(&id.0) {
            return boxed;
        }
        // While it is being looked at it counts as boxed: so one that contains itself is.
        self.boxed_enums.insert(id.0, true);
        self.undecided += 1;
        let mut size = 1;
        let mut recursive = false;
        if let Some(definition) = hir.types.enums.get(id.0 as usize) {
            for &ty in definition.variants.iter().flat_map(|(_, payload)| payload) {
                size += self.flat_size(hir, ty, id, &mut recursive);
            }
        }
        let boxed = recursive || size > MAX_FLAT_ENUM;
        self.boxed_enums.insert(id.0, boxed);
        self.undecided -= 1;
        boxed
    }

    fn flat_size(&mut self, hir: &Hir, ty: Ty, within: EnumId, recursive: &mut bool) -> usize {
        match hir.types.kind(ty).clone() {
            TyKind::Option(payload) => 1 + self.flat_size(hir, payload, within, recursive),
            TyKind::Result(payload) => 2 + self.flat_size(hir, payload, within, recursive),
            TyKind::Any => 2,
            TyKind::Unit => 0,
            TyKind::Enum(id) if id == within => {
                *recursive = true;
                1
            }
            TyKind::Enum(id) => {
                let known = self.boxed_enums.get(&id.0).copied();
                if known == Some(true) || self.is_boxed_enum(hir, id) {
                    return 1;
                }
                self.slots(hir, ty).len()
            }
            _ => 1,
        }
    }

    /// The slots of a value of a type.
    pub fn slots(&mut self, hir: &Hir, ty: Ty) -> &[u16] {
        let range = self.slot_range(hir, ty);
        &self.slots[range]
    }

    /// How many slots a value of a type has.
    #[inline]
    pub fn size(&mut self, hir: &Hir, ty: Ty) -> usize {
        match self.known.get(ty.0 as usize) {
            Some(Known { slots: Some(range), .. }) => range.end - range.start,
            _ => self.make_slots(hir, ty).len(),
        }
    }

    fn slots_of_all(&mut self, hir: &Hir, types: &[Ty]) -> Parts {
        let mut slots = Parts::new();
        for &ty in types {
            slots.extend_from_slice(self.slots(hir, ty));
        }
        slots
    }

    #[inline]
    fn slot_range(&mut self, hir: &Hir, ty: Ty) -> Range<usize> {
        match self.known.get(ty.0 as usize) {
            Some(Known { slots: Some(range), .. }) => range.clone(),
            _ => self.make_slots(hir, ty),
        }
    }

    fn make_slots(&mut self, hir: &Hir, ty: Ty) -> Range<usize> {
        let ty = hir.types.shallow(ty);
        if let Some(range) = &self.known(ty).slots {
            return range.clone();
        }
        let parts: &[u16] = match hir.types.kind(ty) {
            TyKind::Unit | TyKind::Never | TyKind::Error | TyKind::Var(_) => &[],
            TyKind::Bool | TyKind::Int(_) | TyKind::Handle(_) => &[TypeId::INT.0],
            TyKind::Float | TyKind::F32 => &[TypeId::FLOAT.0],
            TyKind::Str => &[TypeId::STR.0],
            TyKind::Any => &[TypeId::ANY.0, TypeId::ANY_PAYLOAD.0],
            TyKind::Option(payload) => &self.tagged(hir, &[*payload], &[]),
            TyKind::Result(payload) => &self.tagged(hir, &[*payload], &[TypeId::STR.0]),
            TyKind::Enum(id) if !self.is_boxed_enum(hir, *id) => {
                let definition = hir.types.enums.get(id.0 as usize);
                let payloads = definition.into_iter().flat_map(|definition| &definition.variants);
                let payloads: Vec<Ty> = payloads.flat_map(|(_, payload)| payload).copied().collect();
                &self.tagged(hir, &payloads, &[])
            }
            _ => &[self.id(hir, ty).0],
        };
        let start = self.slots.len();
        self.too_wide |= parts.len() > MAX_VALUE_SLOTS;
        self.slots.extend_from_slice(parts);
        let range = start..self.slots.len();
        // While an enum counts as boxed only for the moment, so do the slots of what contains it.
        if self.undecided == 0 {
            self.known(ty).slots = Some(range.clone());
        }
        range
    }

    /// A tag, payloads, and what comes after them.
    fn tagged(&mut self, hir: &Hir, payloads: &[Ty], after: &[u16]) -> Parts {
        let mut slots: Parts = smallvec![TypeId::INT.0];
        for &ty in payloads {
            slots.extend_from_slice(self.slots(hir, ty));
        }
        slots.extend_from_slice(after);
        slots
    }

    /// The number of the type of functions with these parameters and this result.
    pub fn function(&mut self, hir: &Hir, params: &[Ty], ret: Ty) -> TypeId {
        let key = (params.iter().map(|&ty| hir.types.shallow(ty)).collect(), hir.types.shallow(ret));
        if let Some(&id) = self.functions.get(&key) {
            return id;
        }
        let (index, id) = self.reserve();
        self.functions.insert(key, id);
        self.make_reference(hir, index, &TyKind::Fn(params.to_vec(), ret));
        id
    }

    /// Whether values of some type have more slots than the machine handles at once.
    pub const fn is_too_wide(&self) -> bool {
        self.too_wide
    }

    /// The class of registers that hold a value of a type.
    #[inline]
    pub fn class(&mut self, hir: &Hir, ty: Ty) -> ClassId {
        match self.known.get(ty.0 as usize) {
            Some(Known { class: Some(class), .. }) => *class,
            _ => self.make_class(hir, ty),
        }
    }

    fn make_class(&mut self, hir: &Hir, ty: Ty) -> ClassId {
        let ty = hir.types.shallow(ty);
        if let Some(class) = self.known(ty).class {
            return class;
        }
        let range = self.slot_range(hir, ty);
        let class = self.classes.intern(&self.slots[range]);
        if self.undecided == 0 {
            self.known(ty).class = Some(class);
        }
        class
    }

    /// The type of an object that holds a captured variable of these slots.
    pub fn cell(&mut self, hir: &Hir, ty: Ty) -> TypeId {
        let slots = Parts::from_slice(self.slots(hir, ty));
        if let Some(&id) = self.cells.get(&slots) {
            return id;
        }
        let component = self.id(hir, ty);
        let name = self.string("");
        let (index, id) = self.reserve();
        self.set(index, TypeKind::Struct, name, smallvec![name, component.0], slots.clone());
        self.cells.insert(slots, id);
        id
    }

    /// The struct type of the module's state: one component for each variable.
    pub fn state(&mut self, hir: &Hir) -> TypeId {
        if hir.globals.is_empty() {
            return TypeId::UNIT;
        }
        let (mut components, mut slots) = (Parts::new(), Parts::new());
        for global in &hir.globals {
            components.push(self.string(&global.name));
            components.push(self.id(hir, global.ty).0);
            slots.extend_from_slice(self.slots(hir, global.ty));
        }
        let name = self.string("");
        let (index, id) = self.reserve();
        self.set(index, TypeKind::Struct, name, components, slots);
        id
    }

    /// The type of an object that holds registers of these slot types.
    pub fn spilled(&mut self, slots: &[u16]) -> TypeId {
        let name = self.string("");
        let (index, id) = self.reserve();
        let components = slots.iter().flat_map(|&slot| [name, slot]).collect();
        self.set(index, TypeKind::Struct, name, components, Parts::from_slice(slots));
        id
    }

    /// Whether a slot type is also the type of a value, not just of an object seen from inside.
    #[must_use]
    pub fn is_value_slot(&self, slot: u16) -> bool {
        let Some(index) = slot.checked_sub(TypeId::FIRST_OWN.0) else {
            return slot != TypeId::ANY.0 && slot != TypeId::ANY_PAYLOAD.0;
        };
        let kind = self.records.get(usize::from(index)).map(|record| record.kind);
        kind.is_some_and(|kind| kind != TypeKind::Captures as u8 && kind != TypeKind::Variant as u8)
    }

    /// The type of a closure's object: captures of these types, of which `cells` are references to cells.
    pub fn captures(&mut self, types: &[u16], slots: &[u16]) -> TypeId {
        let (index, id) = self.reserve();
        let mut all: Parts = smallvec![TypeId::INT.0];
        all.extend_from_slice(slots);
        self.set(index, TypeKind::Captures, u16::MAX, Parts::from_slice(types), all);
        id
    }

    /// The type of the task of a machine function that gives what a future holds.
    pub fn task(&mut self, future: TypeId, function: u16) -> TypeId {
        if let Some(&id) = self.tasks.get(&function) {
            return id;
        }
        let record =
            future.0.checked_sub(TypeId::FIRST_OWN.0).and_then(|at| self.records.get(usize::from(at)));
        let slots = record.map(|record| record.slots.clone()).unwrap_or_default();
        let (index, id) = self.reserve();
        self.set(index, TypeKind::Task, function, smallvec![future.0], slots);
        self.tasks.insert(function, id);
        id
    }

    /// The type of a variant's object.
    #[must_use]
    pub const fn variant(boxed: TypeId, number: u32) -> TypeId {
        TypeId(boxed.0.saturating_add(1).saturating_add(number as u16))
    }

    /// Writes the records: words of the type table, numbers of the pool. `None` if there are too many.
    #[must_use]
    pub fn write(&self, pool: &mut Vec<u16>) -> Option<Vec<u32>> {
        let mut words = Vec::with_capacity(self.records.len() * TYPE_WORDS);
        for record in &self.records {
            let [name_low, name_high] = record.extra.to_le_bytes();
            words.push(u32::from_le_bytes([record.kind, 0, name_low, name_high]));
            let components = u16::try_from(record.components.len()).ok()?;
            let slots = u16::try_from(record.slots.len()).ok()?;
            words.push(u32::from(components) | u32::from(slots) << 16);
            words.push(u32::try_from(pool.len()).ok()?);
            pool.extend_from_slice(&record.components);
            pool.extend_from_slice(&record.slots);
        }
        Some(words)
    }

    /// The parts of the machine that the types need.
    #[must_use]
    pub fn features(&self) -> u16 {
        let of =
            |record: &Record| Some(features_of_type(TypeKind::from_byte(record.kind)?, &record.components));
        self.records.iter().filter_map(of).fold(0, |all, needs| all | needs)
    }

    /// How many types of its own the module has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

/// The type of a tensor's elements.
pub fn dtype_id(dtype: Dtype) -> TypeId {
    match dtype {
        Dtype::F16 => TypeId::F16,
        Dtype::Bf16 => TypeId::BF16,
        Dtype::F32 => TypeId::F32,
        Dtype::F64 => TypeId::FLOAT,
        Dtype::Int(kind) => int_type(kind),
    }
}

fn int_type(kind: IntKind) -> TypeId {
    match kind {
        IntKind::I8 => TypeId::I8,
        IntKind::I16 => TypeId::I16,
        IntKind::I32 => TypeId::I32,
        IntKind::I64 => TypeId::INT,
        IntKind::U8 => TypeId::U8,
        IntKind::U16 => TypeId::U16,
        IntKind::U32 => TypeId::U32,
        IntKind::U64 => TypeId::U64,
    }
}

fn struct_definition(hir: &Hir, id: StructId) -> (&str, &[(String, Ty)]) {
    match hir.types.structs.get(id.0 as usize) {
        Some(definition) => (&definition.name, &definition.fields),
        None => ("", &[]),
    }
}

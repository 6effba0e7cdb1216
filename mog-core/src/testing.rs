//! For unit tests: a module with types and strings, one frame of registers, and the arena around it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::string::{String, ToString};
use std::vec::Vec;

use crate::error::TrapCode;
use crate::heap::{NULL, Value};
use crate::host::{Binding, Call, Host, Reply};
use crate::isa::{Insn, Lib, Op, Operands};
use crate::library;
use crate::machine::{Config, Instance, Outcome, State, Stop, Vm};
use crate::module::{Function, Header, Import, Module, TASK_SLOTS, TypeId, TypeKind, TypeRecord, TypeTable};

/// A host that grants nothing.
pub(crate) struct Nobody;

impl Host for Nobody {
    fn bind(&mut self, _: &Import<'_>, _: TypeRecord<'_>, _: &Module<'_>) -> Binding {
        Binding::Refused
    }

    fn grants(&self, _: &str) -> bool {
        false
    }

    fn call(&mut self, _: u16, _: &mut Call<'_, '_>) -> Reply {
        Reply::Denied
    }
}

/// Types and strings of a module in the making.
#[derive(Default)]
pub(crate) struct Types {
    records: Vec<[u32; 3]>,
    pool: Vec<u16>,
    strings: Vec<String>,
}

impl Types {
    /// The number of a string constant.
    pub(crate) fn string(&mut self, text: &str) -> u16 {
        let found = self.strings.iter().position(|other| other == text);
        let number = found.unwrap_or_else(|| {
            self.strings.push(text.to_string());
            self.strings.len() - 1
        });
        number as u16
    }

    fn slots(&self, ty: TypeId) -> Vec<u16> {
        let records = self.records.as_flattened();
        let table = TypeTable { records, pool: &self.pool };
        table.value_slots(ty).unwrap().iter().map(|slot| slot.0).collect()
    }

    /// The number that the next type will have.
    pub(crate) fn next(&self) -> TypeId {
        TypeId(TypeId::FIRST_OWN.0 + self.records.len() as u16)
    }

    fn add(&mut self, kind: TypeKind, extra: u16, components: &[u16], slots: &[u16]) -> TypeId {
        let ty = self.next();
        let counts = components.len() as u32 | (slots.len() as u32) << 16;
        self.records.push([kind as u32 | u32::from(extra) << 16, counts, self.pool.len() as u32]);
        self.pool.extend_from_slice(components);
        self.pool.extend_from_slice(slots);
        ty
    }

    /// `own` stands for the type itself, whose values are references.
    fn slots_of(&self, own: TypeId, types: &[TypeId]) -> Vec<u16> {
        let one = |&ty: &TypeId| if ty == own { vec![own.0] } else { self.slots(ty) };
        types.iter().flat_map(one).collect()
    }

    pub(crate) fn structure(&mut self, name: &str, fields: &[(&str, TypeId)]) -> TypeId {
        let own = self.next();
        let types: Vec<TypeId> = fields.iter().map(|field| field.1).collect();
        let slots = self.slots_of(own, &types);
        let components: Vec<u16> = fields.iter().flat_map(|(name, ty)| [self.string(name), ty.0]).collect();
        let name = self.string(name);
        self.add(TypeKind::Struct, name, &components, &slots)
    }

    pub(crate) fn array(&mut self, element: TypeId) -> TypeId {
        let slots = self.slots(element);
        self.add(TypeKind::Array, 0, &[element.0], &slots)
    }

    /// An array of a type that comes later, whose values are references.
    pub(crate) fn array_of_later(&mut self, element: TypeId) -> TypeId {
        self.add(TypeKind::Array, 0, &[element.0], &[element.0])
    }

    pub(crate) fn map(&mut self, key: TypeId, value: TypeId) -> TypeId {
        let slots = self.slots_of(self.next(), &[key, value]);
        self.add(TypeKind::Map, 0, &[key.0, value.0], &slots)
    }

    /// A map to a type that comes later, whose values are references.
    pub(crate) fn map_to_later(&mut self, key: TypeId, value: TypeId) -> TypeId {
        self.add(TypeKind::Map, 0, &[key.0, value.0], &[key.0, value.0])
    }

    pub(crate) fn option(&mut self, payload: TypeId) -> TypeId {
        let slots = [vec![TypeId::INT.0], self.slots(payload)].concat();
        self.add(TypeKind::Option, 0, &[payload.0], &slots)
    }

    /// The same of a type that comes later, whose values are references.
    pub(crate) fn option_of_later(&mut self, payload: TypeId) -> TypeId {
        self.add(TypeKind::Option, 0, &[payload.0], &[TypeId::INT.0, payload.0])
    }

    pub(crate) fn result(&mut self, payload: TypeId) -> TypeId {
        let slots = [vec![TypeId::INT.0], self.slots(payload), vec![TypeId::STR.0]].concat();
        self.add(TypeKind::Result, 0, &[payload.0], &slots)
    }

    fn variants(&mut self, variants: &[(&str, &[TypeId])]) -> Vec<u16> {
        let mut components = Vec::new();
        for (name, types) in variants {
            components.extend([self.string(name), types.len() as u16]);
            components.extend(types.iter().map(|ty| ty.0));
        }
        components
    }

    pub(crate) fn enumeration(&mut self, name: &str, variants: &[(&str, &[TypeId])]) -> TypeId {
        let components = self.variants(variants);
        let payloads = variants.iter().flat_map(|(_, types)| types.iter()).flat_map(|&ty| self.slots(ty));
        let slots: Vec<u16> = core::iter::once(TypeId::INT.0).chain(payloads).collect();
        let name = self.string(name);
        self.add(TypeKind::Enum, name, &components, &slots)
    }

    /// The types of its variants' objects follow it.
    pub(crate) fn boxed(&mut self, name: &str, variants: &[(&str, &[TypeId])]) -> TypeId {
        let own = self.next();
        let components = self.variants(variants);
        let name = self.string(name);
        self.add(TypeKind::BoxedEnum, name, &components, &[]);
        for (number, (_, types)) in variants.iter().enumerate() {
            let slots = self.slots_of(own, types);
            let components: Vec<u16> = types.iter().map(|ty| ty.0).collect();
            self.add(TypeKind::Variant, number as u16, &components, &slots);
        }
        own
    }

    pub(crate) fn captures(&mut self) -> TypeId {
        self.add(TypeKind::Captures, 0, &[], &[TypeId::INT.0])
    }

    /// The type of the tasks of the module's only function, whose futures hold such a value.
    pub(crate) fn task(&mut self, value: TypeId) -> TypeId {
        let slots = [&TASK_SLOTS[..], &self.slots(value), &[TypeId::STR.0]].concat();
        let future = self.add(TypeKind::Future, 0, &[value.0], &slots);
        self.add(TypeKind::Task, 0, &[future.0], &slots)
    }

    /// The module's words, with one function of these registers.
    fn words(mut self, registers: &[TypeId]) -> Vec<u32> {
        let runs = self.pool.len() as u32;
        self.pool.push(registers.chunk_by(TypeId::eq).count() as u16);
        for run in registers.chunk_by(TypeId::eq) {
            self.pool.extend([run[0].0, run.len() as u16]);
        }
        let state = self.add(TypeKind::Struct, 0, &[], &[]);
        let bytes: Vec<u8> = self.strings.iter().flat_map(|text| text.bytes()).collect();
        let header = Header {
            max_frame: registers.len() as u16,
            state_type: state.0,
            code: 1,
            bytes: bytes.len() as u32,
            types: self.records.len() as u16,
            functions: 1,
            strings: self.strings.len() as u16,
            pool: self.pool.len() as u16,
            ..Header::default()
        };
        let function = Function {
            start: 0,
            params: 0,
            results: 0,
            frame: registers.len() as u8,
            first_ref: 0,
            signature: TypeId::UNIT,
            captures: TypeId::UNIT,
            registers: runs,
        };
        let mut words = header.to_words().to_vec();
        words.push(0);
        words.extend(self.records.iter().flatten());
        words.extend(function.to_words());
        let mut start = 0;
        for text in &self.strings {
            words.extend([start, text.len() as u32]);
            start += text.len() as u32;
        }
        let mut tail: Vec<u8> = Vec::new();
        for number in &self.pool {
            tail.extend(number.to_le_bytes());
        }
        tail.resize(tail.len().next_multiple_of(4), 0);
        tail.extend(&bytes);
        tail.resize(tail.len().next_multiple_of(4), 0);
        words.extend(tail.as_chunks().0.iter().map(|chunk| u32::from_le_bytes(*chunk)));
        words
    }

    /// A machine with an arena of so many words, whose only frame has these registers.
    pub(crate) fn machine(self, words: usize, registers: &[TypeId]) -> Machine {
        let module = self.words(registers).leak();
        let module = Module::from_words(module).unwrap();
        let mut arena = vec![0xdead_beef_dead_beef; words];
        let state = Instance::new(module, &mut arena, &mut Nobody, Config::default()).ok().unwrap().detach();
        let mut machine = Machine { module, arena, state, pauses: 0 };
        machine.state.fuel = i64::MAX / 2;
        let base = machine.state.base;
        machine.arena[base - 1] = u64::MAX;
        machine.arena[base..base + registers.len()].fill(NULL);
        machine
    }
}

/// A machine whose registers a test sets and whose library it calls.
pub(crate) struct Machine {
    pub(crate) module: Module<'static>,
    pub(crate) arena: Vec<u64>,
    pub(crate) state: State,
    /// How often a call paused.
    pub(crate) pauses: u64,
}

impl Machine {
    pub(crate) fn vm(&mut self) -> Vm<'_> {
        Vm { module: &self.module, arena: &mut self.arena, state: &mut self.state }
    }

    pub(crate) fn get(&self, register: u8) -> u64 {
        self.arena[self.state.base + usize::from(register)]
    }

    pub(crate) fn set(&mut self, register: u8, value: u64) {
        let base = self.state.base;
        self.arena[base + usize::from(register)] = value;
    }

    pub(crate) fn set_int(&mut self, register: u8, value: i64) {
        self.set(register, value.cast_unsigned());
    }

    pub(crate) fn set_str(&mut self, register: u8, text: &str) {
        let string = self.vm().new_string(text).unwrap();
        self.set(register, string);
    }

    /// The string in a register.
    pub(crate) fn str(&self, register: u8) -> String {
        let memory = crate::heap::Memory { module: &self.module, heap: &self.arena[self.state.split..] };
        memory.string(self.get(register)).unwrap().to_string()
    }

    /// A value in registers, as a host sees it.
    pub(crate) fn value(&self, ty: TypeId, register: u8) -> Value<'_> {
        let memory = crate::heap::Memory { module: &self.module, heap: &self.arena[self.state.split..] };
        let start = self.state.base + usize::from(register);
        memory.value(ty, &self.arena[start..start + self.module.types.value_size(ty)])
    }

    /// The word of the heap where the elements of the array in a register begin.
    pub(crate) fn array_data(&mut self, register: u8) -> usize {
        let reference = self.get(register);
        self.vm().view().array(reference).unwrap().data
    }

    /// Calls a library function, until steps run out.
    pub(crate) fn call_once(&mut self, lib: Lib, operands: &[u8], dst: u8) -> Result<(), Stop> {
        let operand = |bytes: &[u8], n: usize| bytes.get(n).copied().unwrap_or(0);
        let word =
            |bytes: &[u8]| Insn::abc(Op::Ext, operand(bytes, 0), operand(bytes, 1), operand(bytes, 2)).0;
        let words: Vec<u32> = operands.chunks(3).map(word).collect();
        library::call(&mut self.vm(), lib, Operands::new(&words, operands.len()), dst)
    }

    /// Calls a library function; out of steps, it gets a few and goes on.
    pub(crate) fn call(&mut self, lib: Lib, operands: &[u8], dst: u8) -> Result<(), Stop> {
        loop {
            match self.call_once(lib, operands, dst) {
                Err(Stop::Pause) => {
                    self.pauses += 1;
                    self.state.fuel = self.state.fuel.min(0) + 100;
                }
                other => return other,
            }
        }
    }

    /// The trap that a call ended with, and its numbers.
    pub(crate) fn trap(&mut self, done: Result<(), Stop>) -> Option<(TrapCode, [i64; 2])> {
        match self.vm().outcome(done.err()?) {
            Outcome::Trap { code, detail } => Some((code, detail)),
            _ => None,
        }
    }

    /// The text that printing gives for a value in registers.
    pub(crate) fn display(&mut self, ty: TypeId, register: u8, dst: u8) -> String {
        let [low, high] = ty.0.to_le_bytes();
        self.call(Lib::Display, &[low, high, register], dst).unwrap();
        self.str(dst)
    }
}

/// The operand bytes of a type and registers.
pub(crate) fn typed(ty: TypeId, registers: &[u8]) -> Vec<u8> {
    [&ty.0.to_le_bytes()[..], registers].concat()
}

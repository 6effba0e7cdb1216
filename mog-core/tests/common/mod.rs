//! A tiny assembler: modules from descriptions that say everything outright, also what is wrong.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use mog_core::features::PRESENT;
use mog_core::isa::{Insn, Lib, Op};
use mog_core::module::{
    Counts, Export, Function, FunctionDebug, Handler, Header, Import, Module, Requirement, TypeId, TypeKind,
    TypeRecord,
};
use mog_core::{Binding, Call, Host, Reply};

pub const UNIT: u16 = TypeId::UNIT.0;
pub const BOOL: u16 = TypeId::BOOL.0;
pub const INT: u16 = TypeId::INT.0;
pub const I16: u16 = TypeId::I16.0;
pub const U8: u16 = TypeId::U8.0;
pub const FLOAT: u16 = TypeId::FLOAT.0;
pub const F32: u16 = TypeId::F32.0;
pub const STR: u16 = TypeId::STR.0;
pub const ANY: u16 = TypeId::ANY.0;
pub const PAYLOAD: u16 = TypeId::ANY_PAYLOAD.0;
pub const ARRAY_ANY: u16 = TypeId::ARRAY_ANY.0;
pub const MAP_ANY: u16 = TypeId::MAP_ANY.0;
pub const ARRAY_STR: u16 = TypeId::ARRAY_STR.0;
pub const ARRAY_U8: u16 = TypeId::ARRAY_U8.0;
pub const HANDLE: u16 = TypeId::HANDLE.0;
/// Number of the first own type.
pub const OWN: u16 = TypeId::FIRST_OWN.0;

/// Refuses every call.
pub struct Nobody;

impl Host for Nobody {
    fn bind(&mut self, _: &Import<'_>, _: TypeRecord<'_>, _: &Module<'_>) -> Binding {
        Binding::Refused
    }

    fn grants(&self, _: &str) -> bool {
        true
    }

    fn call(&mut self, _: u16, _: &mut Call<'_, '_>) -> Reply {
        Reply::Denied
    }
}

/// A type record.
#[derive(Clone, Debug)]
pub struct Type {
    pub kind: u8,
    pub extra: u16,
    pub components: Vec<u16>,
    pub slots: Vec<u16>,
}

pub fn ty(kind: TypeKind, extra: u16, components: &[u16], slots: &[u16]) -> Type {
    Type { kind: kind as u8, extra, components: components.to_vec(), slots: slots.to_vec() }
}

/// A function: record, register types, code.
#[derive(Clone, Debug)]
pub struct Func {
    pub signature: u16,
    pub captures: u16,
    pub params: u8,
    pub results: u8,
    /// Registers that the record says; by default as many as there are.
    pub frame: Option<u8>,
    pub first_ref: u8,
    /// Slot type of each register.
    pub registers: Vec<u16>,
    /// Runs instead of those that `registers` make.
    pub runs: Option<Vec<(u16, u16)>>,
    pub code: Vec<Insn>,
    /// Start of the code, relative to where it is.
    pub shift: i32,
}

impl Func {
    /// A function without parameters and results.
    pub fn new(signature: u16, registers: &[u16], code: &[Insn]) -> Self {
        Self {
            signature,
            captures: UNIT,
            params: 0,
            results: 0,
            frame: None,
            first_ref: 0,
            registers: registers.to_vec(),
            runs: None,
            code: code.to_vec(),
            shift: 0,
        }
    }

    pub fn with(mut self, params: u8, results: u8) -> Self {
        (self.params, self.results, self.first_ref) = (params, results, params);
        self
    }

    pub fn closure(mut self, captures: u16) -> Self {
        self.captures = captures;
        self
    }

    fn runs(&self) -> Vec<(u16, u16)> {
        if let Some(runs) = &self.runs {
            return runs.clone();
        }
        let mut runs: Vec<(u16, u16)> = Vec::new();
        for &ty in &self.registers {
            match runs.last_mut() {
                Some((last, len)) if *last == ty => *len += 1,
                _ => runs.push((ty, 1)),
            }
        }
        runs
    }
}

/// A module.
#[derive(Clone, Debug, Default)]
pub struct Asm {
    pub types: Vec<Type>,
    pub functions: Vec<Func>,
    pub handlers: Vec<Handler>,
    pub constants: Vec<u64>,
    pub text: Vec<u8>,
    pub strings: Vec<(u32, u32)>,
    /// Function type of each import.
    pub imports: Vec<u16>,
    /// Number and function of each export.
    pub exports: Vec<u16>,
    pub init: Option<u16>,
    pub debug: Option<Vec<u8>>,
    pub metadata: Option<Vec<u8>>,
    pub state: u16,
    /// Last changes to the header.
    pub header: Option<fn(&mut Header)>,
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes
        .chunks(4)
        .map(|chunk| {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            u32::from_le_bytes(word)
        })
        .collect()
}

fn postcard<T: serde::Serialize>(record: &T) -> Vec<u8> {
    let mut buffer = [0; 256];
    postcard::to_slice(record, &mut buffer).expect("a small record").to_vec()
}

impl Asm {
    pub fn string(&mut self, text: &str) -> u16 {
        self.strings.push((self.text.len() as u32, text.len() as u32));
        self.text.extend_from_slice(text.as_bytes());
        self.strings.len() as u16 - 1
    }

    pub fn add_type(&mut self, ty: Type) -> u16 {
        self.types.push(ty);
        OWN + self.types.len() as u16 - 1
    }

    /// One debug record a function.
    pub fn debug_records(&self) -> Vec<u8> {
        let record = FunctionDebug { name: "f", file: "", lines: &[0, 2, 1] };
        self.functions.iter().flat_map(|_| postcard(&record)).collect()
    }

    pub fn metadata_bytes(&self) -> Vec<u8> {
        let import = Import { capability: "log", function: "write", declared: true, params: "a,b" };
        let counts = Counts { exports: self.exports.len() as u16, requirements: 1, init: self.init };
        let mut bytes = postcard(&counts);
        bytes.extend(self.imports.iter().flat_map(|_| postcard(&import)));
        let exports = self.exports.iter().map(|&function| Export { name: "f", function });
        bytes.extend(exports.flat_map(|export| postcard(&export)));
        bytes.extend(postcard(&Requirement { capability: "log", required: true }));
        bytes
    }

    pub fn build(&self) -> Vec<u32> {
        let mut pool = self.imports.clone();
        let mut types = Vec::new();
        for ty in &self.types {
            let head = u32::from(ty.kind) | u32::from(ty.extra) << 16;
            types.extend([
                head,
                ty.components.len() as u32 | (ty.slots.len() as u32) << 16,
                pool.len() as u32,
            ]);
            pool.extend(&ty.components);
            pool.extend(&ty.slots);
        }
        let (mut code, mut functions) = (Vec::new(), Vec::new());
        for function in &self.functions {
            let record = Function {
                start: (code.len() as u32).wrapping_add_signed(function.shift),
                params: function.params,
                results: function.results,
                frame: function.frame.unwrap_or(function.registers.len() as u8),
                first_ref: function.first_ref,
                signature: TypeId(function.signature),
                captures: TypeId(function.captures),
                registers: pool.len() as u32,
            };
            functions.extend(record.to_words());
            code.extend(function.code.iter().map(|insn| insn.0));
            let runs = function.runs();
            pool.push(runs.len() as u16);
            pool.extend(runs.iter().flat_map(|&(ty, len)| [ty, len]));
        }
        let metadata = self.metadata.clone().unwrap_or_else(|| self.metadata_bytes());
        let debug = self.debug.clone().unwrap_or_default();
        let mut header = Header {
            features: PRESENT,
            max_frame: self.functions.iter().map(|function| function.registers.len()).max().unwrap_or(0)
                as u16,
            state_type: self.state,
            imports: self.imports.len() as u16,
            code: code.len() as u32,
            bytes: self.text.len() as u32,
            metadata: metadata.len() as u32,
            debug: debug.len() as u32,
            constants: self.constants.len() as u16,
            types: self.types.len() as u16,
            functions: self.functions.len() as u16,
            handlers: self.handlers.len() as u16,
            strings: self.strings.len() as u16,
            pool: pool.len() as u16,
        };
        if let Some(change) = self.header {
            change(&mut header);
        }
        let mut all = header.to_words().to_vec();
        all.extend(code);
        all.extend(self.constants.iter().flat_map(|&k| [k as u32, (k >> 32) as u32]));
        all.extend(types);
        all.extend(functions);
        all.extend(self.handlers.iter().flat_map(Handler::to_words));
        all.extend(self.strings.iter().flat_map(|&(start, len)| [start, len]));
        all.extend(pool.chunks(2).map(|two| u32::from(two[0]) | u32::from(*two.get(1).unwrap_or(&0)) << 16));
        all.extend(words(&self.text));
        all.extend(words(&metadata));
        all.extend(words(&debug));
        all
    }
}

/// An instruction with its ext bytes.
pub fn ext(insn: Insn, bytes: &[u8]) -> Vec<Insn> {
    let mut code = vec![insn];
    code.extend(bytes.chunks(3).map(|three| {
        let byte = |n: usize| three.get(n).copied().unwrap_or(0);
        Insn::abc(Op::Ext, byte(0), byte(1), byte(2))
    }));
    code
}

pub fn lib(lib: Lib, a: u8, bytes: &[u8]) -> Vec<Insn> {
    ext(Insn::ab16(Op::Lib, a, lib as u16), bytes)
}

pub fn op(op: Op, a: u8, b: u8, c: u8) -> Insn {
    Insn::abc(op, a, b, c)
}

pub fn ret() -> Insn {
    Insn::abc(Op::Ret, 0, 0, 0)
}

/// Types, functions and imports that the tests' code can refer to. Function 0 is the code under test.
pub mod world {
    use super::{ANY, Asm, BOOL, F32, FLOAT, Func, I16, INT, OWN, PAYLOAD, STR, UNIT, op, ret, ty};
    use mog_core::isa::{Insn, Op};
    use mog_core::module::TypeKind;

    /// `fn()`.
    pub const PROC: u16 = OWN;
    /// `struct { a: int, b: string, c: any, d: float }`.
    pub const STRUCT: u16 = OWN + 1;
    pub const ARRAY_INT: u16 = OWN + 2;
    pub const ARRAY_FLOAT: u16 = OWN + 3;
    pub const ARRAY_BOOL: u16 = OWN + 4;
    pub const ARRAY_F32: u16 = OWN + 5;
    pub const ARRAY_I16: u16 = OWN + 6;
    /// `?int`.
    pub const OPTION: u16 = OWN + 7;
    pub const ARRAY_OPTION: u16 = OWN + 8;
    /// `{string: int}`.
    pub const MAP: u16 = OWN + 9;
    /// `fn(int, any) -> any`.
    pub const FN: u16 = OWN + 10;
    /// Captures int, any.
    pub const CAPTURES: u16 = OWN + 11;
    /// `enum { Leaf(int), Node(Tree, Tree) }`.
    pub const BOXED: u16 = OWN + 12;
    pub const LEAF: u16 = OWN + 13;
    pub const NODE: u16 = OWN + 14;
    /// `enum { A, B(int), C(any) }`.
    pub const ENUM: u16 = OWN + 15;
    /// `Result<string>`.
    pub const RESULT: u16 = OWN + 16;
    /// An array of itself.
    pub const ARRAY_SELF: u16 = OWN + 17;
    /// `Future<any>`, the same in an array, and the task of the callee.
    pub const FUTURE: u16 = OWN + 18;
    pub const ARRAY_FUTURE: u16 = OWN + 19;
    pub const TASK: u16 = OWN + 20;

    const OBJECT: u16 = mog_core::TypeId::OBJECT.0;
    const FUTURE_SLOTS: [u16; 9] = [INT, INT, OBJECT, OBJECT, OBJECT, OBJECT, ANY, PAYLOAD, STR];
    /// `tensor<f32>`.
    pub const TENSOR: u16 = OWN + 21;

    /// `fn(fn(int, any) -> any, int)`.
    pub const CALLS: u16 = OWN + 22;

    pub const SUBJECT: u16 = 0;
    /// `fn(int, any) -> any`.
    pub const CALLEE: u16 = 1;
    /// The same, a closure.
    pub const CLOSURE: u16 = 2;

    pub fn asm(registers: &[u16], code: &[Insn]) -> Asm {
        let mut asm = Asm::default();
        let name = asm.string("name");
        asm.string("ünï");
        let types = [
            ty(TypeKind::Fn, 0, &[UNIT], &[]),
            ty(
                TypeKind::Struct,
                name,
                &[name, INT, name, STR, name, ANY, name, FLOAT],
                &[INT, STR, ANY, PAYLOAD, FLOAT],
            ),
            ty(TypeKind::Array, 0, &[INT], &[INT]),
            ty(TypeKind::Array, 0, &[FLOAT], &[FLOAT]),
            ty(TypeKind::Array, 0, &[BOOL], &[INT]),
            ty(TypeKind::Array, 0, &[F32], &[FLOAT]),
            ty(TypeKind::Array, 0, &[I16], &[INT]),
            ty(TypeKind::Option, 0, &[INT], &[INT, INT]),
            ty(TypeKind::Array, 0, &[OPTION], &[INT, INT]),
            ty(TypeKind::Map, 0, &[STR, INT], &[STR, INT]),
            ty(TypeKind::Fn, 3, &[INT, ANY, ANY], &[INT, ANY, PAYLOAD, ANY, PAYLOAD]),
            ty(TypeKind::Captures, 0, &[INT, ANY], &[INT, INT, ANY, PAYLOAD]),
            ty(TypeKind::BoxedEnum, name, &[name, 1, INT, name, 2, BOXED, BOXED], &[BOXED]),
            ty(TypeKind::Variant, 0, &[INT], &[INT]),
            ty(TypeKind::Variant, 1, &[BOXED, BOXED], &[BOXED, BOXED]),
            ty(TypeKind::Enum, name, &[name, 0, name, 1, INT, name, 1, ANY], &[INT, INT, ANY, PAYLOAD]),
            ty(TypeKind::Result, 0, &[STR], &[INT, STR, STR]),
            ty(TypeKind::Array, 0, &[ARRAY_SELF], &[ARRAY_SELF]),
            ty(TypeKind::Future, 0, &[ANY], &FUTURE_SLOTS),
            ty(TypeKind::Array, 0, &[FUTURE], &[FUTURE]),
            ty(TypeKind::Task, CALLEE, &[FUTURE], &FUTURE_SLOTS),
            ty(TypeKind::Tensor, 0, &[ARRAY_INT, ARRAY_F32], &[ARRAY_INT, ARRAY_F32]),
            ty(TypeKind::Fn, 2, &[FN, INT, UNIT], &[FN, INT]),
        ];
        for record in types {
            asm.add_type(record);
        }
        asm.constants = vec![1 << 40, 1.5f64.to_bits()];
        asm.state = STRUCT;
        asm.imports = vec![FN, CALLS];
        let body = [op(Op::RetN, 1, 2, 0)];
        asm.functions = vec![
            Func::new(PROC, registers, code),
            Func::new(FN, &[INT, ANY, PAYLOAD], &body).with(3, 2),
            Func::new(FN, &[CAPTURES, INT, ANY, PAYLOAD], &[op(Op::RetN, 2, 2, 0)])
                .with(4, 2)
                .closure(CAPTURES),
        ];
        asm.exports = vec![CALLEE];
        asm.debug = Some(asm.debug_records());
        asm
    }

    /// A module that does nothing, to be broken.
    pub fn small() -> Asm {
        asm(&[INT, STR], &[ret()])
    }
}

/// The verifier's verdict on code.
pub mod verdict {
    use mog_core::error::{Invalid, LoadError};
    use mog_core::isa::{Flags, Insn};
    use mog_core::module::Module;

    use super::ret;
    use super::world::asm;

    /// Code of a function with these registers that ends by returning nothing.
    pub fn check(registers: &[u16], code: &[Insn]) -> Result<(), LoadError> {
        let ends =
            matches!(code.last().and_then(|insn| insn.op()), Some(op) if op.info().flags.has(Flags::ENDS));
        let mut code = code.to_vec();
        if !ends {
            code.push(ret());
        }
        Module::load_words(&asm(registers, &code).build()).map(|_| ())
    }

    #[track_caller]
    pub fn ok(registers: &[u16], code: &[Insn]) {
        assert_eq!(check(registers, code), Ok(()));
    }

    #[track_caller]
    pub fn bad(what: Invalid, registers: &[u16], code: &[Insn]) {
        match check(registers, code) {
            Err(LoadError::Invalid { what: found, .. }) if found == what => {}
            other => panic!("expected {what:?}, got {other:?}"),
        }
    }
}

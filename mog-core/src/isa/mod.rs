//! The instruction set: opcodes, operands, encoding. The rows themselves are in `table.rs`.

mod disasm;
mod operands;
mod sequence;
#[macro_use]
mod table;

use core::ops::Deref;

pub use disasm::Disassembly;
pub(crate) use operands::Operands;
pub use sequence::Sequence;
pub(crate) use sequence::gets_reference;

/// What a register operand must hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An integer slot: every integer type, booleans, tags.
    Int,
    /// A float slot.
    Float,
    /// An integer or a float slot.
    Scalar,
    /// A string.
    Str,
    /// Any slot but the halves of `any`; all `One` operands of an instruction have the same type.
    One,
    /// Any reference.
    Ref,
    /// A struct (or a closure's captures, seen from inside).
    Struct,
    /// A closure.
    Closure,
    /// A value of an enum whose values are objects.
    Boxed,
    /// The object of such an enum's variant.
    Variant,
    /// An array.
    Array,
    /// A future.
    Future,
    /// An array of futures.
    Futures,
    /// The one slot of the element of the instruction's array.
    Elem,
    /// A failure: kind (int) and message (string) in two registers.
    Error,
}

/// What one of the operands a, b, c of an instruction is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// A register that is written.
    Def(Kind),
    /// A register that is read.
    Use(Kind),
    /// A register that is read and written.
    Mod(Kind),
    /// The first of several registers that are written; the instruction says how many.
    DefN,
    /// The first of several registers that are read.
    UseN,
    /// The first of the registers of an array's element.
    ElemN,
    /// The first register of a call's result.
    Result,
    /// The latest integer result; the field is not used.
    AccInt,
    /// The latest float result; the field is not used.
    AccFloat,
    /// A signed number.
    Imm8,
    /// A signed number in two fields.
    Imm16,
    /// Words from the next instruction, signed, in one, two, three fields.
    Jump8,
    /// See `Jump8`.
    Jump16,
    /// See `Jump8`.
    Jump24,
    /// Number of a constant.
    Const16,
    /// Number of a string constant.
    Str16,
    /// A type.
    Type16,
    /// Number of a function.
    Func16,
    /// Number of an import.
    Import16,
    /// Number of a slot of the module state.
    Global16,
    /// Number of a library function.
    Lib16,
    /// Number of a slot of a struct.
    Field8,
    /// A number that selects a variant of the instruction.
    Code8,
    /// A number of registers.
    Count8,
}

impl Operand {
    const fn is_float(self) -> bool {
        matches!(
            self,
            Self::Def(Kind::Float) | Self::Use(Kind::Float) | Self::Mod(Kind::Float) | Self::AccFloat
        )
    }

    /// Whether what it is says too little for the verifier to check it by that alone.
    const fn needs_rule(self) -> bool {
        matches!(
            self,
            Self::DefN
                | Self::UseN
                | Self::ElemN
                | Self::Result
                | Self::Type16
                | Self::Func16
                | Self::Import16
                | Self::Global16
                | Self::Lib16
                | Self::Field8
                | Self::Code8
                | Self::Count8
                | Self::Def(Kind::Elem | Kind::Variant)
                | Self::Use(Kind::Elem | Kind::Variant)
                | Self::Mod(Kind::Elem | Kind::Variant)
        )
    }
}

/// What an operand of a library function is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LibOperand {
    /// An int register.
    Int,
    /// A float register.
    Float,
    /// A string register.
    Str,
    /// The first of two registers with an `any`.
    Any,
    /// Two ext bytes: a type, which `Value` and the results refer to.
    Type,
    /// The first register of a value of that type.
    Value,
    /// The first register of an element of that array type.
    TypeElem,
    /// A register with an array of any type, which `Elem` and the results refer to.
    Array,
    /// A register with an array of the same type.
    SameArray,
    /// An array of strings.
    ArrayStr,
    /// The first register of an element of the array (or a value of the map) before.
    Elem,
    /// A register with a map of any type, which `Key`, `Elem` and the results refer to.
    Map,
    /// A register with a key of the map before.
    Key,
    /// A register with a tensor of any type, which the results refer to.
    Tensor,
    /// A register with an array of ints.
    Shape,
    /// A count byte and that many string registers.
    ListStr,
    /// A count byte and that many int registers.
    ListInt,
}

/// What a result of a library function is; results take consecutive registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LibResult {
    /// An int that tells which outcome it was.
    Tag,
    /// An int.
    Int,
    /// A float.
    Float,
    /// A string.
    Str,
    /// The two registers of an `any`.
    Any,
    /// `[string]`.
    ArrayStr,
    /// `[u8]`.
    ArrayU8,
    /// The registers of a value of the type operand.
    Value,
    /// A reference of the type operand.
    SameType,
    /// A reference of the type of the array or tensor operand.
    SameArray,
    /// The key of the map operand.
    Key,
    /// The registers of an element of the array operand or a value of the map operand.
    Elem,
}

/// Properties of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flags(u8);

impl Flags {
    /// Its result is also the latest integer result.
    pub const INT: Self = Self(1);
    /// Its result is also the latest float result.
    pub const FLOAT: Self = Self(2);
    /// Always a charge point.
    pub const CHARGES: Self = Self(4);
    /// Never goes on to the next instruction.
    pub const ENDS: Self = Self(8);
    /// Does nothing but write its result, so that it can go when nobody reads that.
    pub const PURE: Self = Self(16);
    /// Followed by ext words.
    pub const EXT: Self = Self(32);
    /// The verifier has a rule of its own for it: its operands need one, or the table says so.
    pub const RULE: Self = Self(64);
    /// Works on floats.
    pub const FLOATS: Self = Self(128);

    /// Both sets together.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of the other's properties are among these.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A short list in place: a row of a table is a few bytes, and needs no address of another place in flash.
#[derive(Clone, Copy, Debug)]
pub struct ShortList<T, const N: usize> {
    len: u8,
    items: [T; N],
}

impl<T: Copy, const N: usize> ShortList<T, N> {
    /// What the list holds, of which there are no more than N; what stands behind them is never seen.
    const fn new(list: &[T], rest: T) -> Self {
        let mut items = [rest; N];
        let (slots, _) = items.split_at_mut(list.len());
        slots.copy_from_slice(list);
        Self { len: list.len() as u8, items }
    }

    /// The list.
    #[must_use]
    pub const fn as_slice(&self) -> &[T] {
        match self.items.split_at_checked(self.len as usize) {
            Some((list, _)) => list,
            None => &[],
        }
    }
}

impl<T: Copy, const N: usize> Deref for ShortList<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

/// A row of the instruction table, as far as machines need it.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// The operands a, b, c; a 16-bit or 24-bit operand is the last one.
    pub operands: ShortList<Operand, 3>,
    /// Properties.
    pub flags: Flags,
}

impl OpInfo {
    const fn new(operands: &[Operand], mut flags: Flags) -> Self {
        let mut at = 0;
        if flags.has(Flags::EXT) {
            flags = flags.or(Flags::RULE);
        }
        if flags.has(Flags::FLOAT) {
            flags = flags.or(Flags::FLOATS);
        }
        while at < operands.len() {
            if operands[at].needs_rule() {
                flags = flags.or(Flags::RULE);
            }
            if operands[at].is_float() {
                flags = flags.or(Flags::FLOATS);
            }
            at += 1;
        }
        Self { operands: ShortList::new(operands, Operand::Imm8), flags }
    }
}

/// A row of the library table, as far as machines need it.
#[derive(Clone, Copy, Debug)]
pub struct LibInfo {
    /// The operands, in the order of the ext bytes.
    pub operands: ShortList<LibOperand, 6>,
    /// The results, in consecutive registers.
    pub results: ShortList<LibResult, 3>,
}

macro_rules! define_ops {
    ($(
        $op:ident = $func:ident [$($operand:ident $(($kind:ident))?),*] {$($flag:ident)*} $meaning:literal
        $(then $sequences:tt)? $(loop $loops:tt)?;
    )*) => {
        /// An opcode.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Op { $(#[doc = concat!("`", $meaning, "`")] $op),* }

        #[allow(non_upper_case_globals, reason = "they are the variants' names")]
        mod op_numbers {
            $(pub(super) const $op: u8 = super::Op::$op as u8;)*
        }

        impl Op {
            /// All opcodes, by number.
            pub const ALL: &'static [Self] = &[$(Self::$op),*];

            /// The instruction with this number. No table: it is the number, if it is one.
            #[inline]
            fn plain(number: u8) -> Option<Self> {
                match number {
                    $(op_numbers::$op => Some(Self::$op),)*
                    _ => None,
                }
            }

            /// Its row of the table.
            #[must_use]
            pub const fn info(self) -> &'static OpInfo {
                const ROWS: &[OpInfo] = &[$(OpInfo::new(
                    &[$(Operand::$operand $((Kind::$kind))?),*],
                    Flags(0)$(.or(Flags::$flag))*,
                )),*];
                &ROWS[self as usize]
            }

            /// The name that the disassembler prints.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$op => stringify!($func)),* }
            }

            /// What it does, in a line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$op => $meaning),* }
            }
        }
    };
}
instructions!(define_ops);

macro_rules! define_library {
    ($($lib:ident = $func:ident ($($operand:ident),*) -> ($($result:ident),*) $meaning:literal;)*) => {
        /// A library function.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u16)]
        pub enum Lib { $(#[doc = concat!("`", $meaning, "`")] $lib),* }

        #[allow(non_upper_case_globals, reason = "they are the variants' names")]
        mod lib_numbers {
            $(pub(super) const $lib: u16 = super::Lib::$lib as u16;)*
        }

        impl Lib {
            /// All library functions, by number.
            pub const ALL: &'static [Self] = &[$(Self::$lib),*];

            /// The library function with this number.
            #[must_use]
            #[inline]
            pub fn from_number(number: u16) -> Option<Self> {
                match number {
                    $(lib_numbers::$lib => Some(Self::$lib),)*
                    _ => None,
                }
            }

            /// Its row of the table.
            #[must_use]
            pub const fn info(self) -> &'static LibInfo {
                const ROWS: &[LibInfo] = &[$(LibInfo {
                    operands: ShortList::new(&[$(LibOperand::$operand),*], LibOperand::Int),
                    results: ShortList::new(&[$(LibResult::$result),*], LibResult::Int),
                }),*];
                &ROWS[self as usize]
            }

            /// The name that the disassembler prints.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$lib => stringify!($func)),* }
            }

            /// What it does, in a line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$lib => $meaning),* }
            }
        }
    };
}
library!(define_library);

impl Op {
    /// What an instruction with this opcode does: the first of a sequence, too, does what it does by itself.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::plain(byte).or_else(|| Sequence::from_byte(byte)?.ops().first().copied())
    }
}

/// One word of code: an instruction, or operand bytes of the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Insn(pub u32);

impl Insn {
    /// An instruction with three 8-bit operands.
    #[must_use]
    pub const fn abc(op: Op, a: u8, b: u8, c: u8) -> Self {
        Self(u32::from_le_bytes([op as u8, a, b, c]))
    }

    /// An instruction with an 8-bit and a 16-bit operand.
    #[must_use]
    pub const fn ab16(op: Op, a: u8, b: u16) -> Self {
        let [lo, hi] = b.to_le_bytes();
        Self::abc(op, a, lo, hi)
    }

    /// An instruction with one signed 24-bit operand; higher bits are dropped.
    #[must_use]
    pub const fn a24(op: Op, a: i32) -> Self {
        let [x, y, z, _] = a.to_le_bytes();
        Self::abc(op, x, y, z)
    }

    /// The opcode's number.
    #[must_use]
    #[inline(always)]
    pub const fn op_byte(self) -> u8 {
        self.0 as u8
    }

    /// What it does, if there is an instruction with its opcode.
    #[must_use]
    pub fn op(self) -> Option<Op> {
        Op::from_byte(self.op_byte())
    }

    /// The sequence of which it is the first, if it says so.
    #[must_use]
    pub fn sequence(self) -> Option<&'static Sequence> {
        Sequence::from_byte(self.op_byte())
    }

    /// The same with another opcode.
    #[must_use]
    pub const fn with_opcode(self, opcode: u8) -> Self {
        Self(self.0 & !0xff | opcode as u32)
    }

    /// The first operand.
    #[must_use]
    #[inline(always)]
    pub const fn a(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// The second operand.
    #[must_use]
    #[inline(always)]
    pub const fn b(self) -> u8 {
        (self.0 >> 16) as u8
    }

    /// The third operand.
    #[must_use]
    #[inline(always)]
    pub const fn c(self) -> u8 {
        (self.0 >> 24) as u8
    }

    /// The second operand, sign-extended.
    #[must_use]
    #[inline(always)]
    pub const fn b_signed(self) -> i64 {
        (self.0 as i32 >> 16) as i8 as i64
    }

    /// The third operand, sign-extended.
    #[must_use]
    #[inline(always)]
    pub const fn c_signed(self) -> i64 {
        (self.0 as i32 >> 24) as i64
    }

    /// Second and third operand as one number.
    #[must_use]
    #[inline(always)]
    pub const fn b16(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// Second and third operand as one number, sign-extended.
    #[must_use]
    #[inline(always)]
    pub const fn b16_signed(self) -> i64 {
        (self.0 as i32 >> 16) as i64
    }

    /// All three operands as one number, sign-extended.
    #[must_use]
    #[inline(always)]
    pub const fn a24_signed(self) -> i64 {
        (self.0 as i32 >> 8) as i64
    }
}

/// Ext words that hold this many operand bytes.
#[must_use]
pub const fn ext_words(bytes: usize) -> usize {
    bytes.wrapping_add(2) / 3
}

/// Functions of a float, selected by the operand of `f_math`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the variants are the functions' names")]
pub enum MathFn {
    Abs,
    Sign,
    Floor,
    Ceil,
    Round,
    Trunc,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Exp,
    Log,
    Log2,
    Log10,
}

impl MathFn {
    /// All functions, by number.
    pub const ALL: &'static [Self] = &[
        Self::Abs,
        Self::Sign,
        Self::Floor,
        Self::Ceil,
        Self::Round,
        Self::Trunc,
        Self::Sin,
        Self::Cos,
        Self::Tan,
        Self::Asin,
        Self::Acos,
        Self::Atan,
        Self::Exp,
        Self::Log,
        Self::Log2,
        Self::Log10,
    ];
}

/// Integer kinds, as `narrow`, the conversions and checked arithmetic number them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the variants are the types' names")]
pub enum IntCode {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
}

impl IntCode {
    /// The kind with this number.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::I8,
            1 => Self::I16,
            2 => Self::I32,
            3 => Self::I64,
            4 => Self::U8,
            5 => Self::U16,
            6 => Self::U32,
            7 => Self::U64,
            _ => return None,
        })
    }
}

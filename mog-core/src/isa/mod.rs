//! The instruction set: opcodes, operands, encoding. The rows themselves are in `table.rs`.

mod disasm;
mod operands;
mod row;
mod sequence;
#[macro_use]
mod table;

pub use disasm::Disassembly;
pub(crate) use operands::Operands;
pub use row::{Flags, Kind, LibInfo, LibOperand, LibResult, OpInfo, Operand, ShortList};
pub use sequence::Sequence;
pub(crate) use sequence::gets_reference;

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

//! What a row of the instruction table or of the library's is made of.

use core::ops::Deref;

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
pub struct Flags(pub(super) u8);

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
    pub(super) len: u8,
    items: [T; N],
}

impl<T: Copy, const N: usize> ShortList<T, N> {
    /// What the list holds, of which there are no more than N; what stands behind them is never seen.
    pub(super) const fn new(list: &[T], rest: T) -> Self {
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
    pub(super) const fn new(operands: &[Operand], mut flags: Flags) -> Self {
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

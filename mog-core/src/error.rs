//! Why a module was not loaded, why a program ended.

use core::fmt;

/// Why bytes are not a module that this machine can run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes do not lie on a multiple of four; copy them to where they do.
    Misaligned,
    /// The bytes do not begin as a module does.
    NotAModule,
    /// A version of the format that this machine does not read.
    Version {
        /// The module's version.
        found: u8,
    },
    /// Shorter than the header says.
    Truncated,
    /// Longer than the header says.
    TrailingBytes,
    /// It needs parts of the machine that were left out of this build; the bits are those of
    /// [`features`](crate::features).
    MissingFeatures(u16),
    /// Its largest frame has more registers than this build's window.
    FrameTooLarge {
        /// Registers that the module needs.
        needs: u16,
        /// Registers of this build's window.
        window: u16,
    },
    /// Something in it is wrong.
    Invalid {
        /// What.
        what: Invalid,
        /// Where: number of the instruction, type, function, … as `what` implies.
        at: u32,
    },
}

/// What is wrong in a module; see the verifier for the rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Invalid {
    /// A type record, its components or slots.
    Type,
    /// A function record, its registers or its signature.
    Function,
    /// A handler's range, target or register.
    Handler,
    /// A string constant: outside the bytes, or not UTF-8.
    String,
    /// An import's type.
    Import,
    /// The metadata records.
    Metadata,
    /// The debug records.
    Debug,
    /// An unknown opcode, or operand words where an instruction is due.
    Opcode,
    /// A register outside the frame, or of the wrong type.
    Register,
    /// A constant, type, field, function or import that does not exist or does not fit.
    Operand,
    /// A jump that leaves its function or lands on operand words.
    Jump,
    /// Code that runs past its function's end.
    FallsThrough,
    /// More than 256 words without a charge point.
    LongSegment,
}

impl LoadError {
    /// A number for it, from 1, that stays the same in later versions: for firmware that formats nothing.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Misaligned => 1,
            Self::NotAModule => 2,
            Self::Version { .. } => 3,
            Self::Truncated => 4,
            Self::TrailingBytes => 5,
            Self::MissingFeatures(_) => 6,
            Self::FrameTooLarge { .. } => 7,
            Self::Invalid { .. } => 8,
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misaligned => {
                f.write_str("the module does not lie on a multiple of four bytes; copy it to where it does")
            }
            Self::NotAModule => f.write_str("these bytes are not a Mog module"),
            Self::Version { found } => {
                write!(f, "the module has format version {found}, this machine reads version 1")
            }
            Self::Truncated => f.write_str("the module is cut short"),
            Self::TrailingBytes => f.write_str("the module is longer than its header says"),
            Self::MissingFeatures(bits) => {
                f.write_str("the module needs parts that this build leaves out:")?;
                crate::features::names(*bits).try_for_each(|name| write!(f, " {name}"))
            }
            Self::FrameTooLarge { needs, window } => write!(
                f,
                "the module has frames of {needs} registers, this build has a window of {window}; compile it with --window {window}"
            ),
            Self::Invalid { what, at } => write!(f, "the module is not valid: {} {at}", what.describe()),
        }
    }
}

impl core::error::Error for LoadError {}

impl Invalid {
    const fn describe(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Function => "function",
            Self::Handler => "handler",
            Self::String => "string constant",
            Self::Import => "import",
            Self::Metadata => "metadata, byte",
            Self::Debug => "debug record",
            Self::Opcode => "opcode at instruction",
            Self::Register => "register at instruction",
            Self::Operand => "operand at instruction",
            Self::Jump => "jump at instruction",
            Self::FallsThrough => "end of the function before instruction",
            Self::LongSegment => "long straight code before instruction",
        }
    }
}

/// Why the program ended by a fault of its own. Not catchable by the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[repr(u8)]
pub enum TrapCode {
    /// Division or remainder by zero.
    DivisionByZero = 0,
    /// An array index out of range; detail: index and length.
    IndexOutOfRange = 1,
    /// A slice out of range or through a character.
    SliceOutOfRange = 2,
    /// A map has no such key.
    MissingKey = 3,
    /// A shift by a negative number or by the type's width or more; detail: the shift and the width.
    ShiftOutOfRange = 4,
    /// `pop`, `first`, `last`, `min` or `max` of an empty array.
    EmptyArray = 5,
    /// A collection changed inside its own loop or callback.
    ChangedDuringIteration = 6,
    /// `panic` or a failed `assert`; the message says more.
    Panic = 7,
    /// A negative count for `repeat` or `[v; n]`, or a negative exponent.
    NegativeCount = 8,
    /// A value that contains itself cannot be copied to `any`.
    CyclicValue = 9,
    /// A text or array would be larger than any arena.
    TooLarge = 10,
    /// An operation that the value's type does not have, such as sorting structs.
    Unsupported = 11,
    /// Nesting deeper than the machine follows.
    TooDeep = 12,
    /// A match without a matching arm, which the compiler rules out.
    NoMatch = 13,
    /// An access that only code not made by the compiler can attempt.
    Corrupt = 14,
    /// Every task waits for another one.
    Deadlock = 15,
    /// More or fewer indices than the tensor has dimensions; detail: indices and dimensions.
    WrongIndexCount = 16,
    /// A tensor's shape has more or fewer elements than there are; detail: both.
    ShapeMismatch = 17,
    /// A shape with a size below 0; detail: the size, and the number of its dimension.
    NegativeDimension = 18,
    /// A shape with more dimensions than a tensor can have; detail: how many, and the most.
    TooManyDimensions = 19,
}

impl TrapCode {
    /// The code with this number; unknown numbers count as corrupt code.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::DivisionByZero,
            1 => Self::IndexOutOfRange,
            2 => Self::SliceOutOfRange,
            3 => Self::MissingKey,
            4 => Self::ShiftOutOfRange,
            5 => Self::EmptyArray,
            6 => Self::ChangedDuringIteration,
            7 => Self::Panic,
            8 => Self::NegativeCount,
            9 => Self::CyclicValue,
            10 => Self::TooLarge,
            11 => Self::Unsupported,
            12 => Self::TooDeep,
            13 => Self::NoMatch,
            15 => Self::Deadlock,
            16 => Self::WrongIndexCount,
            17 => Self::ShapeMismatch,
            18 => Self::NegativeDimension,
            19 => Self::TooManyDimensions,
            _ => Self::Corrupt,
        }
    }

    /// What happened, without the details.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::DivisionByZero => "division by zero",
            Self::IndexOutOfRange => "index out of range",
            Self::SliceOutOfRange => "slice out of range, or through a character",
            Self::MissingKey => "the map has no such key",
            Self::ShiftOutOfRange => "shift out of range",
            Self::EmptyArray => "the array is empty",
            Self::ChangedDuringIteration => "collection changed during iteration",
            Self::Panic => "panic",
            Self::NegativeCount => "negative count",
            Self::CyclicValue => "a value that contains itself cannot be copied",
            Self::TooLarge => "too large",
            Self::Unsupported => "operation not supported for this type",
            Self::TooDeep => "nested too deeply",
            Self::NoMatch => "no arm matches",
            Self::Corrupt => "corrupt code",
            Self::Deadlock => "every task waits for another one",
            Self::WrongIndexCount => "wrong number of indices",
            Self::ShapeMismatch => "the shape does not fit the elements",
            Self::NegativeDimension => "negative size in a shape",
            Self::TooManyDimensions => "too many dimensions",
        }
    }
}

/// What a trap says: its code's description with the numbers, and a panic's own message.
#[derive(Clone, Copy, Debug)]
pub struct TrapMessage<'t> {
    /// How the program faulted.
    pub code: TrapCode,
    /// Numbers that the code's description explains.
    pub detail: [i64; 2],
    /// The message of a panic.
    pub text: &'t str,
}

impl fmt::Display for TrapMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, [first, second]) = (self.code.describe(), self.detail);
        match self.code {
            TrapCode::Panic if !self.text.is_empty() => write!(f, "{what}: {}", self.text),
            TrapCode::IndexOutOfRange => write!(f, "{what}: index {first}, length {second}"),
            TrapCode::ShiftOutOfRange => write!(f, "{what}: by {first}, the type has {second} bits"),
            TrapCode::SliceOutOfRange if self.detail != [0; 2] => {
                write!(f, "{what}: from {first} to {second}")
            }
            TrapCode::WrongIndexCount => write!(f, "{what}: {first}, the tensor has {second} dimensions"),
            TrapCode::ShapeMismatch => write!(f, "{what}: the shape has {first}, there are {second}"),
            TrapCode::NegativeDimension => write!(f, "{what}: {first}"),
            TrapCode::TooManyDimensions => write!(f, "{what}: {first}, at most {second}"),
            TrapCode::NegativeCount if first < 0 => write!(f, "{what}: {first}"),
            _ => f.write_str(what),
        }
    }
}

/// Why an operation failed that a program can catch; the kind slot of a `Result`, where 0 is ok.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum Failure {
    /// It was tried and did not work.
    Failed = 1,
    /// The host did not grant it.
    Denied = 2,
    /// An optional capability is absent and the result has no neutral value.
    Unavailable = 3,
}

impl Failure {
    /// The failure with this kind number; unknown ones count as failed.
    #[must_use]
    pub const fn from_kind(kind: u64) -> Self {
        match kind {
            2 => Self::Denied,
            3 => Self::Unavailable,
            _ => Self::Failed,
        }
    }
}

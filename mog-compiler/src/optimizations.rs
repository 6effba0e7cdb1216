//! Which improvements of the code are made. All of them, unless somebody looks for a mistake in one, or wants to know what it
//! is worth: the program does the same without.

/// An improvement that can be left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Optimization {
    /// Bodies of small functions in place of their calls.
    Inline,
    /// Constants that loops use are loaded before them.
    LoopConstants,
    /// Small numbers within instructions.
    Immediates,
    /// Divisions by powers of two are shifts and masks, where that is the same.
    Divisions,
    /// Values are computed where they would be moved to.
    Moves,
    /// Computations of what nobody reads go.
    Unread,
    /// Two elements of an array are exchanged by one instruction.
    Exchanges,
    /// Computations that a loop does not change are made before it.
    Hoist,
    /// Fields, lengths and module variables that a loop does not change are read before it.
    Loads,
    /// Operands that come from the instruction before are not read from registers.
    Accumulators,
    /// Two or three instructions that belong together are one.
    Fusion,
    /// Instructions say which ones follow, where a machine can carry them out at once.
    Sequences,
}

impl Optimization {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Inline,
        Self::LoopConstants,
        Self::Immediates,
        Self::Divisions,
        Self::Moves,
        Self::Unread,
        Self::Exchanges,
        Self::Hoist,
        Self::Loads,
        Self::Accumulators,
        Self::Fusion,
        Self::Sequences,
    ];

    /// What it is called on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::LoopConstants => "loop-constants",
            Self::Immediates => "immediates",
            Self::Divisions => "divisions",
            Self::Moves => "moves",
            Self::Unread => "unread",
            Self::Exchanges => "exchanges",
            Self::Hoist => "hoist",
            Self::Loads => "loads",
            Self::Accumulators => "accumulators",
            Self::Fusion => "fusion",
            Self::Sequences => "sequences",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|optimization| optimization.name() == name)
    }

    /// All names, to be shown.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// A set of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Optimizations(u16);

impl Optimizations {
    /// All of them.
    pub const ALL: Self = Self((1 << Optimization::ALL.len()) - 1);
    /// None of them.
    pub const NONE: Self = Self(0);

    /// These but for one.
    #[must_use]
    pub const fn without(self, optimization: Optimization) -> Self {
        Self(self.0 & !(1 << optimization as u16))
    }

    /// Whether one of them is made.
    #[must_use]
    pub const fn has(self, optimization: Optimization) -> bool {
        self.0 & 1 << optimization as u16 != 0
    }
}

impl Default for Optimizations {
    fn default() -> Self {
        Self::ALL
    }
}

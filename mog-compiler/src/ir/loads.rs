//! What reads of fields, lengths and module variables find: whether it is still the same a round of a loop later.

use mog_core::isa::{Flags, Lib, LibOperand, Op};

use super::{Arg, Code, Inst};

/// Whether an operation reads a field, a length or a module variable, and cannot fail where its object exists.
pub(super) const fn is_load(op: Op) -> bool {
    matches!(op, Op::LoadField | Op::LoadFieldF | Op::LoadGlobal | Op::ALen | Op::SLen)
}

/// What code may change.
#[derive(Clone, Copy, Default)]
pub(super) struct Changes {
    /// A bit for each field, whatever the type; those from the 64th on share one.
    fields: u64,
    /// A bit for each slot of module variables, likewise.
    globals: u64,
    /// Numbers of elements of arrays.
    lengths: bool,
}

impl Changes {
    const EVERYTHING: Self = Self { fields: u64::MAX, globals: u64::MAX, lengths: true };

    /// What these and those change together.
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            fields: self.fields | other.fields,
            globals: self.globals | other.globals,
            lengths: self.lengths || other.lengths,
        }
    }

    /// What an instruction may change.
    pub(super) fn of(inst: &Inst) -> Self {
        let none = Self::default();
        let Code::Op(op) = inst.code else { return none };
        match op {
            Op::StoreField | Op::FieldAdd | Op::FieldAddI | Op::FieldSub | Op::FieldFAdd | Op::FieldFSub => {
                Self { fields: bit(inst.args[1]), ..none }
            }
            Op::StoreFieldN => Self { fields: u64::MAX, ..none },
            Op::StoreGlobal => Self { globals: bit(inst.args[1]), ..none },
            Op::StoreGlobalN => Self { globals: u64::MAX, ..none },
            Op::APush => Self { lengths: true, ..none },
            Op::Lib => Self { lengths: resizes(inst.args[1]), ..none },
            _ if op.info().flags.has(Flags::ENDS) => none,
            // Calls, and whatever else lets other code run.
            _ if op.info().flags.has(Flags::CHARGES) => Self::EVERYTHING,
            _ => none,
        }
    }

    /// Whether these change what a load finds. Texts never change.
    pub(super) fn reach(self, op: Op, args: &[Arg; 3]) -> bool {
        match op {
            Op::LoadField | Op::LoadFieldF => self.fields & bit(args[2]) != 0,
            Op::LoadGlobal => self.globals & bit(args[1]) != 0,
            Op::ALen => self.lengths,
            _ => false,
        }
    }
}

fn bit(number: Arg) -> u64 {
    match number {
        Arg::Num(number) => 1 << number.clamp(0, 63),
        _ => u64::MAX,
    }
}

/// Whether a library function may change how many elements an array has: those that get one, but for some.
fn resizes(function: Arg) -> bool {
    let Arg::Num(number) = function else { return true };
    let Some(function) = u16::try_from(number).ok().and_then(Lib::from_number) else { return true };
    let gets_one =
        function.info().operands.iter().any(|operand| matches!(operand, LibOperand::Array | LibOperand::Any));
    let only_reads = matches!(
        function,
        Lib::ArraySlice
            | Lib::ArrayConcat
            | Lib::ArrayIndexOf
            | Lib::ArraySum
            | Lib::ArrayMin
            | Lib::ArrayMax
            | Lib::ArrayReverse
            | Lib::ArraySort
    );
    gets_one && !only_reads
}

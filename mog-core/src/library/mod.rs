//! The library: what instruction `lib` calls, one function for each row of the table.
//!
//! Each function first pays for what it is going to do where that follows from sizes, then reserves memory, then
//! reads its operands' registers and works. Walks over data use the free words above the heap for their lists, so
//! that no nesting of data can exhaust the native stack.

mod any;
mod array;
mod copy;
mod display;
mod entries;
mod equal;
mod from_any;
mod json;
mod map;
mod number;
mod parse;
mod sort;
mod string;
mod tensor;
mod text;

pub(crate) use array::{POP_STEPS, array_push};
pub(crate) use entries::{APPEND_STEPS, LOOKUP_STEPS, Map, hash_word};

use any::*;
use array::*;
use copy::*;
use display::*;
use equal::*;
use from_any::*;
use json::*;
use map::*;
use number::*;
use parse::*;
use sort::*;
use string::*;
use tensor::*;
use text::*;

#[cfg(test)]
mod tests;

use crate::error::TrapCode;
use crate::features::lacks;
use crate::heap::NULL;
use crate::heap::access::CORRUPT;
use crate::isa::{Lib, Operands};
use crate::machine::{Stop, Vm};
use crate::module::TypeId;
use crate::verify::features_of_lib;

/// Reads operands one after the other. Verified code has them all; what is missing reads as 0.
struct Reader<'o>(Operands<'o>);

impl<'o> Reader<'o> {
    fn byte(&mut self) -> u8 {
        let byte = self.0.get(0).unwrap_or(0);
        self.0 = self.0.skip(1);
        byte
    }

    /// The number of a register.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn register(&mut self) -> usize {
        usize::from(self.byte())
    }

    fn ty(&mut self) -> TypeId {
        TypeId(u16::from_le_bytes([self.byte(), self.byte()]))
    }

    /// A count and that many registers.
    fn list(&mut self) -> Operands<'o> {
        let count = self.register();
        let (list, rest) = self.0.split_at(count).unwrap_or((Operands::NONE, Operands::NONE));
        self.0 = rest;
        list
    }
}

macro_rules! operand {
    ($from:ident Type) => {
        $from.ty()
    };
    ($from:ident ListStr) => {
        $from.list()
    };
    ($from:ident ListInt) => {
        $from.list()
    };
    ($from:ident $other:ident) => {
        $from.register()
    };
}

macro_rules! define_call {
    ($($lib:ident = $func:ident ($($operand:ident),*) -> ($($result:ident),*) $meaning:literal;)*) => {
        /// Carries out a library function of the running frame. The operands are its ext bytes, the results go
        /// to `dst` and the registers after it.
        pub(crate) fn call(vm: &mut Vm<'_>, lib: Lib, operands: Operands<'_>, dst: u8) -> Result<(), Stop> {
            let mut from = Reader(operands);
            let dst = usize::from(dst);
            match lib {
                $(Lib::$lib => {
                    if const { lacks(features_of_lib(Lib::$lib)) } {
                        return Err(CORRUPT);
                    }
                    $func(vm, dst, $(operand!(from $operand)),*)
                })*
            }
        }
    };
}
crate::library!(define_call);

/// The caller answers this one: it knows the host.
fn available(_: &mut Vm<'_>, _: usize, _: usize) -> Result<(), Stop> {
    Err(CORRUPT)
}

impl Vm<'_> {
    /// Writes results to registers.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn give<const N: usize>(&mut self, dst: usize, values: [u64; N]) -> Result<(), Stop> {
        for (offset, value) in values.into_iter().enumerate() {
            self.set_place(self.state.base.saturating_add(dst + offset), value);
        }
        Ok(())
    }

    /// Writes the registers of a value that is absent: a tag and slots that refer to nothing.
    fn give_none(&mut self, dst: usize, slots: usize) -> Result<(), Stop> {
        self.give(dst, [0])?;
        self.give_blank(dst + 1, slots)
    }

    /// Writes registers that are to hold nothing.
    fn give_blank(&mut self, dst: usize, slots: usize) -> Result<(), Stop> {
        (0..slots).try_for_each(|slot| self.give(dst + slot, [NULL]))
    }

    /// The value of a register.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn get(&self, register: usize) -> u64 {
        self.view().reg(register)
    }

    /// The value of an int register.
    fn int(&self, register: usize) -> i64 {
        self.get(register).cast_signed()
    }

    /// The count in an int register.
    fn count(&mut self, register: usize) -> Result<usize, Stop> {
        let count = self.int(register);
        unsigned(count).ok_or_else(|| self.trap(TrapCode::NegativeCount, [count, 0]))
    }

    /// The bytes of the string in a register.
    fn bytes(&self, register: usize) -> Result<&[u8], Stop> {
        let view = self.view();
        view.string(view.reg(register))
    }

    /// The text of the string in a register.
    fn str(&self, register: usize) -> Result<&str, Stop> {
        let view = self.view();
        view.text(view.reg(register))
    }
}

/// Steps for copying or comparing so many bytes.
const fn byte_steps(bytes: usize) -> u64 {
    1 + bytes as u64 / 32
}

/// An index or count as the program gave it, if it is not negative. One that is larger than any memory is too large on each
/// target alike.
fn unsigned(value: i64) -> Option<usize> {
    let value = u64::try_from(value).ok()?;
    Some(usize::try_from(value).unwrap_or(usize::MAX))
}

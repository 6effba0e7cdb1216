//! Closures of the program that a host function calls. The host never runs program code on its own stack frame: it says
//! which closure is to be called with what, and returns. The program's own code makes that call, and then the host call
//! again, with the result.
//!
//! A call of an import that takes functions has operands for that behind its arguments:
//!
//! ```text
//! arguments | which | token | for each parameter that is a function: its arguments, its result
//! ```
//! `which` is 0 in a new call, and after the last; n asks for the closure that is the nth parameter, from 1.

use super::{Call, Reply};
use crate::heap::{SlotValues, Value};
use crate::isa::Operands;
use crate::machine::Vm;
use crate::module::{TypeId, TypeKind, TypeRecord, TypeTable};

/// The closure whose result a call comes back with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    /// The parameter's number, from 1.
    which: u64,
    /// What the host called it by.
    pub(crate) token: u32,
}

/// The function types among the parameters of an import, each with its parameter's number.
fn functions<'a>(
    types: TypeTable<'a>,
    signature: TypeRecord<'a>,
) -> impl Iterator<Item = (usize, TypeRecord<'a>)> {
    let params = signature.components.split_last().map_or(&[][..], |(_, params)| params);
    let record = move |&ty: &u16| types.record(TypeId(ty)).filter(|record| record.kind == TypeKind::Fn);
    params.iter().enumerate().filter_map(move |(index, ty)| Some((index, record(ty)?)))
}

/// Calls `each` with the types of the operands behind the arguments of a call, list by list, as long as it gives `Ok`.
pub(crate) fn operand_types<'a, E>(
    types: TypeTable<'a>,
    signature: TypeRecord<'a>,
    mut each: impl FnMut(&'a [u16]) -> Result<(), E>,
) -> Result<(), E> {
    // Without the iterator above: it takes native stack, of which loading has little left.
    let params = signature.components.split_last().map_or(&[][..], |(_, params)| params);
    let mut has_control = false;
    for &ty in params {
        let Some(function) = types.record(TypeId(ty)).filter(|record| record.kind == TypeKind::Fn) else {
            continue;
        };
        if !has_control {
            has_control = true;
            each(&[TypeId::INT.0, TypeId::INT.0])?;
        }
        each(function.slots)?;
    }
    Ok(())
}

/// How many operands stand behind the arguments of a call.
#[cfg_attr(target_pointer_width = "32", inline(never))]
pub(crate) fn operand_count(types: TypeTable<'_>, signature: TypeRecord<'_>) -> usize {
    let mut count = 0;
    let _ = operand_types(types, signature, |slots| {
        count += slots.len();
        Ok::<(), ()>(())
    });
    count
}

impl Answer {
    /// The answer that a call brings, if it is not a new one. From now on it is new.
    pub(crate) fn take(vm: &mut Vm<'_>, control: Operands<'_>) -> Option<Self> {
        let (which, token) = (control.get(0)?, control.get(1)?);
        let answer = Self { which: vm.reg(which), token: vm.reg(token) as u32 };
        vm.set_reg(which, 0);
        (answer.which != 0).then_some(answer)
    }

    /// Brings it back: the call is made again later.
    pub(crate) fn restore(self, vm: &mut Vm<'_>, control: Operands<'_>) {
        if let Some(which) = control.get(0) {
            vm.set_reg(which, self.which);
        }
    }
}

impl<'a> Call<'_, 'a> {
    /// Where the operands of an argument's function begin, behind `which` and `token`.
    fn callback(&self, index: usize) -> Option<(usize, TypeRecord<'a>)> {
        let mut start = usize::from(self.site.signature.extra) + 2;
        for (param, function) in functions(self.vm.module.types, self.site.signature) {
            if param == index {
                return Some((start, function));
            }
            start += function.slots.len();
        }
        None
    }

    /// The types of an argument that is a function: its parameters', then its result's.
    #[must_use]
    pub fn callback_types(&self, index: usize) -> Option<&'a [u16]> {
        self.callback(index).map(|(_, function)| function.components)
    }

    /// Which argument's function the program has called for the host, and what it gave. None if this is a new call, or one
    /// that was pending.
    #[must_use]
    pub fn answer(&self) -> Option<(usize, Value<'_>)> {
        let index = usize::try_from(self.answer?.which.checked_sub(1)?).ok()?;
        let (start, function) = self.callback(index)?;
        let ty = TypeId(*function.components.last()?);
        let params = usize::from(function.extra);
        let (registers, _) =
            self.site.operands.skip(start + params).split_at(function.slots.len().checked_sub(params)?)?;
        let slots: SlotValues = registers.iter().map(|register| self.vm.reg(register)).collect();
        Some((index, self.memory().value(ty, &slots)))
    }

    /// Has the program call the function that is this argument, with these slots as its arguments. The machine then asks
    /// the host again, by [`Host::resume`](super::Host::resume) with this token; [`Call::answer`] has the result.
    /// What the function raises goes past the host, who is not asked again.
    pub fn call_back(&mut self, index: usize, token: u32, slots: &[u64]) -> Reply {
        let Some((start, function)) = self.callback(index) else {
            return self.fail("the host calls an argument that is no function");
        };
        let params = usize::from(function.extra);
        let control = usize::from(self.site.signature.extra);
        if slots.len() != params {
            return self.fail("the host calls a function with a wrong number of arguments");
        }
        let operands = self.site.operands;
        let mut set = |operand: usize, value: u64| {
            if let Some(register) = operands.get(operand) {
                self.vm.set_reg(register, value);
            }
        };
        set(control, index as u64 + 1);
        set(control + 1, u64::from(token));
        slots.iter().enumerate().for_each(|(n, &slot)| set(start + n, slot));
        Reply::CallBack
    }

    /// The stack words below the frame that makes the call: of two calls that the same task makes one within the other, the
    /// inner one has more.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.vm.state.base
    }
}

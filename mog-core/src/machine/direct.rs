//! Host calls that need nothing of the machine but their arguments: made from within the fast loop.

use super::binding::{ABSENT, ImportBinding};
use super::ops::Context;
use super::run::HOST_CALL_STEPS;
use crate::heap::{Memory, Value};
use crate::host::Host;
use crate::isa::{Insn, Op, ext_words};
use crate::module::{Module, TypeId};

/// A call as [`Host::call_direct`] sees it.
#[derive(Clone, Copy)]
pub struct DirectCall<'v, 'a> {
    stack: &'v [u64],
    context: &'v Context<'a>,
    import: u16,
    params: u8,
}

impl<'v> DirectCall<'v, '_> {
    /// Slots of the arguments.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.params)
    }

    /// Whether there are no arguments.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.params == 0
    }

    /// A slot of the arguments; 0 beyond the last.
    #[must_use]
    #[inline]
    pub fn slot(&self, index: usize) -> u64 {
        if index >= self.len() {
            return 0;
        }
        let word = self.context.code.get(self.context.step.pc + index / 3).copied().unwrap_or(0);
        // The operation's number, then three operands.
        let register = (word >> (8 * (1 + index % 3))) as u8;
        self.stack.get(self.context.base + usize::from(register)).copied().unwrap_or(0)
    }

    /// An argument of a function whose parameters are one slot each.
    #[must_use]
    pub fn arg(&self, index: usize) -> Option<Value<'v>> {
        let module = self.context.module;
        let signature = module.types.record(module.import_type(self.import)?)?;
        let ty = TypeId(*signature.components.get(index)?);
        Some(self.memory().value(ty, &[self.slot(index)]))
    }

    /// Heap and module.
    #[must_use]
    pub const fn memory(&self) -> Memory<'v> {
        Memory { module: self.context.module, heap: self.context.heap }
    }

    /// The module that makes the call.
    #[must_use]
    pub const fn module(&self) -> &'v Module<'v> {
        self.context.module
    }

    /// Steps of the program so far.
    #[must_use]
    pub fn step(&self) -> u64 {
        // The instruction itself is charged when it is done.
        let left = self.context.step.fuel.wrapping_sub_unsigned(self.context.step.pc).wrapping_add(1);
        self.context.steps.wrapping_add_signed((left as i64).wrapping_neg()).wrapping_add(self.cost())
    }

    /// Steps of the call beyond its instruction.
    const fn cost(&self) -> u64 {
        HOST_CALL_STEPS + self.params as u64
    }
}

impl core::fmt::Debug for DirectCall<'_, '_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DirectCall").field("import", &self.import).field("params", &self.params).finish()
    }
}

/// What a direct call gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Direct {
    /// The slot of the result; none for `()`.
    pub result: Option<u64>,
    /// Steps to charge on top of those of the call itself.
    pub steps: u64,
}

/// Makes the host call that the loop was left for, if there is one and the host makes it directly: with the same steps as
/// in `run.rs`. None if nothing has happened.
#[inline(never)]
pub(super) fn host_call(stack: &mut [u64], context: &mut Context<'_>, host: &mut dyn Host) -> Option<()> {
    let insn = Insn(*context.code.get(context.step.pc.checked_sub(1)?)?);
    if insn.op_byte() != Op::HostCall as u8 || context.host_calls == 0 {
        return None;
    }
    let import = insn.b16();
    let ImportBinding { number, params } = ImportBinding::load(stack, import)?;
    if number >= ABSENT || params == u8::MAX {
        return None;
    }
    let call = DirectCall { stack, context, import, params };
    let direct = host.call_direct(number, &call)?;
    let steps = isize::try_from(direct.steps.saturating_add(call.cost())).unwrap_or(isize::MAX);
    if let (Some(result), Some(slot)) = (direct.result, stack.get_mut(context.base + usize::from(insn.a()))) {
        *slot = result;
    }
    context.host_calls -= 1;
    context.step.pc += ext_words(usize::from(params));
    context.step.fuel = context.step.fuel.saturating_sub(steps);
    Some(())
}

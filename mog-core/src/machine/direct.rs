//! Host calls that need nothing of the machine but their arguments, as the host sees them.

use super::binding::ImportBinding;
use super::ops::{Machine, Regs, at};
use super::run::HOST_CALL_STEPS;
use crate::heap::{Memory, Value};
use crate::module::{Module, TypeId};

/// In place of steps to charge: the call was left.
pub(super) const LEFT: u32 = u32::MAX;

/// A call as [`Host::call_direct`](crate::Host::call_direct) sees it. Two pointers, so that it is handed over in registers.
#[derive(Clone, Copy)]
pub struct DirectCall<'v, 'a> {
    pub(super) registers: &'v Regs,
    pub(super) machine: &'v Machine<'a>,
}

impl<'v, 'a> DirectCall<'v, 'a> {
    /// Slots of the arguments.
    #[must_use]
    pub fn len(&self) -> usize {
        let binding = ImportBinding::load(self.machine.bindings, self.machine.insn.b16());
        usize::from(binding.filter(|binding| binding.is_direct()).map_or(0, ImportBinding::params))
    }

    /// Whether there are no arguments.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A slot of the arguments. Beyond the last it means nothing.
    #[must_use]
    #[inline]
    pub fn slot(&self, index: usize) -> u64 {
        // An operation's number, then three operands.
        let word = self.machine.code.get(self.machine.step.pc.wrapping_add(index / 3)).copied().unwrap_or(0);
        self.registers[at((word >> (8 * (1 + index % 3))) as u8)]
    }

    /// An argument of a function whose parameters are one slot each.
    #[must_use]
    pub fn arg(&self, index: usize) -> Option<Value<'v>> {
        let module = self.machine.module;
        let signature = module.types.record(module.import_type(self.machine.insn.b16())?)?;
        let (_, params) = signature.components.split_last()?;
        let ty = TypeId(*params.get(index)?);
        Some(self.memory().value(ty, &[self.slot(index)]))
    }

    /// Steps to charge on top of those of the call itself, once it is done; they take the place of what was said before. The
    /// most is `u32::MAX - 1`.
    #[inline]
    pub fn charge(&self, steps: u32) {
        self.machine.charged.set(steps.min(LEFT - 1));
    }

    /// Leaves the call to [`Host::call`](crate::Host::call), which follows right away. It gives what stands for a result then,
    /// which nobody looks at. The last thing to be said: steps that are charged after it take its place.
    #[must_use = "in place of a result"]
    pub fn leave(self) -> u64 {
        self.machine.charged.set(LEFT);
        0
    }

    /// Steps to charge on top, as was said before it was left, if it was.
    #[must_use]
    pub const fn charged(&self) -> u32 {
        self.machine.charged.get()
    }

    /// Heap and module.
    #[must_use]
    pub const fn memory(&self) -> Memory<'v> {
        Memory { module: self.machine.module, heap: self.machine.heap }
    }

    /// The module that makes the call.
    #[must_use]
    pub const fn module(&self) -> &'v Module<'a> {
        self.machine.module
    }

    /// Steps of the program so far.
    #[must_use]
    pub fn step(&self) -> u64 {
        let step = self.machine.step;
        // The instruction itself is charged when it is done.
        let left = step.fuel.wrapping_sub_unsigned(step.pc).wrapping_add(1);
        let used = self.machine.slice.wrapping_sub(left as i64);
        let steps = self.machine.state.counters.steps.wrapping_add_signed(used);
        steps.wrapping_add(HOST_CALL_STEPS + self.len() as u64)
    }
}

impl core::fmt::Debug for DirectCall<'_, '_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let import = self.machine.insn.b16();
        f.debug_struct("DirectCall").field("import", &import).field("params", &self.len()).finish()
    }
}

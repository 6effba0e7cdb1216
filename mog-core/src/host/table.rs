//! A host that is a table of functions: what firmware uses. Lives in flash, allocates nothing.

use super::{Binding, Call, Host, Reply};
use crate::module::{Import, Module, TypeId, TypeRecord};

/// A granted function of a [`StaticHost`].
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    /// The capability's name, such as `log`.
    pub name: &'static str,
    /// The function's name, such as `write`.
    pub function: &'static str,
    /// Types of the parameters: built-in ones.
    pub params: &'static [TypeId],
    /// Type of the result: a built-in one.
    pub result: TypeId,
    /// The most heap words that the result takes; reserved before the call.
    pub result_words: usize,
    /// Carries out a call.
    pub call: fn(&mut Call<'_, '_>) -> Reply,
}

/// Grants the functions of a table, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct StaticHost {
    /// The granted functions.
    pub table: &'static [Capability],
}

impl Host for StaticHost {
    fn bind(&mut self, import: &Import<'_>, signature: TypeRecord<'_>, _: &Module<'_>) -> Binding {
        let entry =
            (0..).zip(self.table).find(|(_, c)| c.name == import.capability && c.function == import.function);
        let Some((number, capability)) = entry else { return Binding::Refused };
        let expected = capability.params.iter().chain(core::iter::once(&capability.result)).map(|ty| ty.0);
        if signature.components.iter().copied().eq(expected) {
            Binding::Granted(number)
        } else {
            Binding::Mismatch
        }
    }

    fn grants(&self, capability: &str) -> bool {
        self.table.iter().any(|entry| entry.name == capability)
    }

    fn call(&mut self, function: u16, call: &mut Call<'_, '_>) -> Reply {
        let Some(capability) = self.table.get(usize::from(function)) else { return Reply::Denied };
        if capability.result_words > 0 && call.build(capability.result_words).is_err() {
            return Reply::OutOfMemory;
        }
        (capability.call)(call)
    }
}

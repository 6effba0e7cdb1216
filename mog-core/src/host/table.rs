//! A host that is a table of functions: what firmware uses. Lives in flash, allocates nothing.

use super::{Binding, Call, DirectCall, Host, Reply};
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
    /// Carries out a call in a fraction of the time, if it can, as [`Host::call_direct`] does; otherwise `call` does.
    pub direct: Option<DirectFunction>,
}

/// As [`Host::call_direct`].
pub type DirectFunction = fn(DirectCall<'_, '_>) -> u64;

/// A table of [`Capability`], made when it is compiled, so that it lies in flash. Types are named as programs name them; a
/// function whose result lies on the heap says how many words that takes at most. After `direct` comes a quicker way to make
/// the same call.
///
/// ```
/// use mog_core::host::DirectCall;
/// use mog_core::{Builder, Call, Capability, Reply, StaticHost, capabilities};
///
/// fn read(call: &mut Call<'_, '_>) -> Reply {
///     call.return_int(21 + call.int_arg(0))
/// }
///
/// fn read_now(call: DirectCall<'_, '_>) -> u64 {
///     21 + call.slot(0)
/// }
///
/// fn name(call: &mut Call<'_, '_>) -> Reply {
///     call.return_str("thermometer")
/// }
///
/// static GRANTED: &[Capability] = capabilities! {
///     sensor.read(int) -> int = read, direct read_now;
///     sensor.name() -> string [Builder::string_words(11)] = name;
/// };
/// let host = StaticHost { table: GRANTED };
/// assert_eq!(host.table[1].function, "name");
/// ```
#[macro_export]
macro_rules! capabilities {
    ($($name:ident.$function:ident($($param:ident),*) $(-> $result:ident)? $([$words:expr])? = $call:expr $(, direct $direct:expr)?;)*) => {
        &[$($crate::Capability {
            name: stringify!($name),
            function: stringify!($function),
            params: &[$($crate::capabilities!(@type $param)),*],
            result: $crate::capabilities!(@type $($result)?),
            result_words: 0 $(+ $words)?,
            call: $call,
            direct: $crate::capabilities!(@direct $($direct)?),
        }),*]
    };
    (@direct) => { None };
    (@direct $direct:expr) => { Some($direct) };
    (@type) => { $crate::TypeId::UNIT };
    (@type int) => { $crate::TypeId::INT };
    (@type float) => { $crate::TypeId::FLOAT };
    (@type bool) => { $crate::TypeId::BOOL };
    (@type string) => { $crate::TypeId::STR };
    (@type any) => { $crate::TypeId::ANY };
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

    fn call_direct(&mut self, function: u16, call: DirectCall<'_, '_>) -> u64 {
        match self.table.get(usize::from(function)) {
            Some(Capability { direct: Some(direct), .. }) => direct(call),
            _ => call.leave(),
        }
    }

    fn call(&mut self, function: u16, call: &mut Call<'_, '_>) -> Reply {
        let Some(capability) = self.table.get(usize::from(function)) else { return Reply::Denied };
        if capability.result_words > 0 && call.build(capability.result_words).is_err() {
            return Reply::OutOfMemory;
        }
        (capability.call)(call)
    }
}

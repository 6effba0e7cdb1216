//! What both firmwares here have in common: programs in flash, and how one is run.
#![no_std]

pub mod builtins;

use mog_small_builtins as _;

use mog_core::{Config, Instance, LoadError, Module, State, StaticHost};

unsafe extern "C" {
    /// What `cortex-m-rt` has for interrupts that nobody handles.
    fn DefaultHandler();
}

/// The board's 32 interrupts. Without it `cortex-m-rt` takes flash for 240, the most that any has.
// SAFETY: the section and the name that `cortex-m-rt` asks for; all entries are functions of the kind that it calls.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
pub static __INTERRUPTS: [unsafe extern "C" fn(); 32] = [DefaultHandler; 32];

/// Bytes that lie where a module must.
#[repr(C, align(4))]
pub struct Aligned<T: ?Sized>(pub T);

/// The module of a program here.
#[macro_export]
macro_rules! program {
    ($name:literal) => {{
        static MODULE: &$crate::Aligned<[u8]> =
            &$crate::Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".mogb")));
        &MODULE.0
    }};
}

/// An instance whose state and module lie in static memory.
pub type Started<'a> = Instance<'a, &'a mut State, &'a Module<'a>>;

/// Where a module and the state of its instance are kept: in static memory, so that they take no stack.
pub struct Place {
    module: Option<Module<'static>>,
    state: State,
}

impl Place {
    /// One with nothing in it.
    pub const EMPTY: Self = Self { module: None, state: State::new() };

    /// Verifies a module.
    ///
    /// # Errors
    /// Why it is none that this firmware runs.
    pub fn load(&mut self, bytes: &'static [u8]) -> Result<(), LoadError> {
        Module::load_into(&mut self.module, bytes)
    }

    /// An instance of the module, about to run `main`.
    pub fn start<'a>(&'a mut self, arena: &'a mut [u64], host: &mut StaticHost) -> Option<Started<'a>> {
        let module: &'a Module<'a> = self.module.as_ref()?;
        let main = module.metadata().export("main")?;
        let mut instance = Instance::new_in(&mut self.state, module, arena, host, Config::default()).ok()?;
        instance.enter(main, 0, |_, _| Some(())).ok()?;
        Some(instance)
    }
}

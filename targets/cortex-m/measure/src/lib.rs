//! What both firmwares here have in common: programs in flash, and how one is run.
#![no_std]

use mog_core::{Capability, Config, Instance, LoadError, Module, Outcome, StaticHost};

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

/// Verifies a module.
///
/// # Errors
/// Why it is none that this firmware runs.
#[inline(never)]
pub fn load(bytes: &'static [u8]) -> Result<Module<'static>, LoadError> {
    Module::load(bytes)
}

/// Runs `main` of a module to its end.
#[inline(never)]
pub fn run(module: Module<'static>, arena: &mut [u64], table: &'static [Capability]) -> Option<Outcome> {
    let mut host = StaticHost { table };
    let mut instance = Instance::new(module, arena, &mut host, Config::default()).ok()?;
    let main = module.metadata().exports().find(|export| export.name == "main")?;
    instance.enter(main.function, 0, |_, _| Some(())).ok()?;
    Some(instance.run(&mut host, u64::MAX))
}

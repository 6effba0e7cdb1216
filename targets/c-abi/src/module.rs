//! Modules: verified once, used where they lie.

use core::ffi::c_void;
use core::mem::{align_of, size_of};

use mog_core::host::StaticHost;
use mog_core::{Config, Instance, StartError};

use crate::pointer::{self, Span};
use crate::status::{MOG_END, MOG_NOT_A_MODULE, MOG_NOT_PREPARED, MOG_OK, Status, refused};
use crate::value::Text;

/// Words of a `mog_module`.
pub const MOG_MODULE_WORDS: usize = 32;

/// A module that `mog_load` verified: views into its bytes. Any number of instances can share it, in any number of
/// threads. It must stay where it is, and its bytes too, as long as there are instances of it.
#[repr(C)]
pub struct Module {
    /// Not for use.
    pub opaque: [u64; MOG_MODULE_WORDS],
}

/// A function of its host's that a program calls.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Import {
    /// The capability, such as `log`.
    pub capability: Text,
    /// The function, such as `write`.
    pub function: Text,
}

/// What is in the storage.
#[repr(C)]
struct Prepared {
    magic: u64,
    module: mog_core::Module<'static>,
}

const MAGIC: u64 = u64::from_le_bytes(*b"mogmodul");

const _: () =
    assert!(size_of::<Prepared>() <= size_of::<Module>() && align_of::<Prepared>() <= align_of::<Module>());

/// The module in its storage. Its lifetime is the one that the caller promises.
///
/// # Safety
/// If the pointer is neither null nor misaligned, there is a `mog_module`.
pub(crate) unsafe fn prepared(module: *const Module) -> Result<mog_core::Module<'static>, Status> {
    pointer::check(module)?;
    let prepared = module.cast::<Prepared>();
    // SAFETY: the caller's promise; any bits are a number.
    let magic = unsafe { (&raw const (*prepared).magic).read() };
    if magic != MAGIC {
        return Err(MOG_NOT_PREPARED);
    }
    // SAFETY: the mark says that `mog_load` wrote this.
    Ok(unsafe { (&raw const (*prepared).module).read() })
}

/// The memory that a module lies in: its storage and its bytes.
pub(crate) fn spans(storage: *const Module, module: &mog_core::Module<'static>) -> [Span; 2] {
    let code = module.code.as_ptr();
    let header = mog_core::module::HEADER_WORDS * 4;
    let sections: usize = module.section_sizes().iter().map(|(_, size)| size.next_multiple_of(4)).sum();
    [
        Span::new(storage, size_of::<Module>()),
        Span::new(code.cast::<u8>().wrapping_sub(header), header + sections),
    ]
}

/// Decodes and verifies a module where its bytes lie, which may be in flash. They must lie on a multiple of 4, stay there,
/// and not change: as `mog build --emit c` writes them.
///
/// # Safety
/// There are `size` bytes at `bytes`, and a `mog_module` at `module`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_load(module: *mut Module, bytes: *const c_void, size: usize) -> Status {
    let open = |bytes| mog_core::Module::load(bytes).map_err(|error| refused(&error));
    // SAFETY: what this function's caller promises.
    unsafe { load(module, bytes.cast(), size, open) }.err().unwrap_or(MOG_OK)
}

/// # Safety
/// As for [`mog_load`].
pub(crate) unsafe fn load(
    storage: *mut Module,
    data: *const u8,
    size: usize,
    open: impl FnOnce(&'static [u8]) -> Result<mog_core::Module<'static>, Status>,
) -> Result<(), Status> {
    pointer::check(storage)?;
    // SAFETY: not null, aligned, and the caller promises a `mog_module`. Should something fail, it is none.
    unsafe { storage.cast::<u64>().write(0) };
    pointer::check(data)?;
    if size == 0 {
        return Err(MOG_NOT_A_MODULE);
    }
    Span::new(storage, size_of::<Module>()).is_apart(&[Span::new(data, size)])?;
    // SAFETY: the caller's promise; the bytes stay as they are as long as the module is used.
    let bytes: &'static [u8] = unsafe { pointer::bytes(data, size)? };
    let module = open(bytes)?;
    // SAFETY: as above; the assertion beside `Prepared` says that it fits.
    unsafe { storage.cast::<Prepared>().write(Prepared { magic: MAGIC, module }) };
    Ok(())
}

/// How many bytes of arena the module needs at least to be started. What it needs to run is more, as its calls and its
/// data are.
///
/// # Safety
/// There is a `mog_module` at `module`, and room for a `size_t` at `size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_memory_floor(module: *const Module, size: *mut usize) -> Status {
    // SAFETY: the caller's promise.
    let module = match unsafe { prepared(module) } {
        Ok(module) => module,
        Err(status) => return status,
    };
    let words = match Instance::new(module, &mut [], &mut StaticHost { table: &[] }, Config::default()) {
        Err(StartError::ArenaTooSmall { needs }) => needs,
        _ => 0,
    };
    // SAFETY: the caller's promise.
    unsafe { pointer::give(size, words.saturating_mul(8)) }
}

/// The function of the host's that the module calls under this number: they count from 0, and `MOG_END` comes after the
/// last. The texts lie in the module.
///
/// # Safety
/// There is a `mog_module` at `module`, and room for a `mog_import` at `import`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_import_at(module: *const Module, index: usize, import: *mut Import) -> Status {
    // SAFETY: the caller's promise.
    match unsafe { prepared(module) } {
        Ok(module) => match module.metadata().imports().nth(index) {
            Some(found) => {
                let found =
                    Import { capability: Text::new(found.capability), function: Text::new(found.function) };
                // SAFETY: the caller's promise.
                unsafe { pointer::give(import, found) }
            }
            None => MOG_END,
        },
        Err(status) => status,
    }
}

/// The name of the function that the host can call under this number, as `mog_import_at`.
///
/// # Safety
/// There is a `mog_module` at `module`, and room for a `mog_text` at `name`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_export_at(module: *const Module, index: usize, name: *mut Text) -> Status {
    // SAFETY: the caller's promise.
    match unsafe { prepared(module) } {
        Ok(module) => match module.metadata().exports().nth(index) {
            // SAFETY: the caller's promise.
            Some(export) => unsafe { pointer::give(name, Text::new(export.name)) },
            None => MOG_END,
        },
        Err(status) => status,
    }
}

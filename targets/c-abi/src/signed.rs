//! Signed modules.

use core::ffi::{c_char, c_void};

use mog_signature::{Limits, PublicKey, Refused, Signed, open};

use crate::module::{Module, load};
use crate::pointer;
use crate::status::{
    MOG_BAD_KEY, MOG_FORGED, MOG_OK, MOG_OTHER_CAPABILITIES, MOG_OTHER_PROGRAM, MOG_OVER_LIMIT, MOG_TOO_OLD,
    MOG_UNSIGNED, MOG_WRONG_SIZE, Status, refused,
};
use crate::value::Text;

/// Bytes of a public key.
pub const MOG_KEY_BYTES: usize = 32;

/// Whom a host trusts, and with what.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Trust {
    /// The public key, `MOG_KEY_BYTES` long: as `mog keygen` writes it, in hex.
    pub key: *const u8,
    /// The name that the program must have; null for any.
    pub name: *const c_char,
    /// The oldest version that is accepted: at least that of what ran here before, or an old program that was rightly
    /// signed could take its place.
    pub minimum_version: u32,
    /// The most memory that the manifest may ask for, in bytes: the size of the arena; 0 for any.
    pub max_memory: u64,
    /// The most steps, alike.
    pub max_steps: u64,
    /// The most calls of host functions, alike.
    pub max_host_calls: u64,
}

/// What a signed module says about itself. Keeping to its limits is up to you: give `mog_new` so much of the arena, and
/// `mog_call` so many steps. 0 where nothing is said.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Manifest {
    /// Which program it is. It lies in the module's bytes.
    pub name: Text,
    /// Which version of it.
    pub version: u32,
    /// The most memory, in bytes.
    pub memory: u64,
    /// The most steps of one run.
    pub steps: u64,
    /// The most calls of host functions of one run.
    pub host_calls: u64,
}

/// `mog_load` of a module in the file that `mog sign` wrote, if the trusted key signed it: that is looked at before anything
/// of the module is decoded. The manifest may be null if nobody wants it; it is written if the answer is `MOG_OK`.
///
/// # Safety
/// There are `size` bytes at `bytes`, a `mog_module` at `module`, a `mog_trust` at `trust` with a key of `MOG_KEY_BYTES`
/// and a name that a zero closes or none, and room for a `mog_manifest` at `manifest` if that is not null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_load_signed(
    module: *mut Module,
    bytes: *const c_void,
    size: usize,
    trust: *const Trust,
    manifest: *mut Manifest,
) -> Status {
    // SAFETY: what this function's caller promises.
    match unsafe { load_signed(module, bytes.cast(), size, trust, manifest) } {
        Ok(()) => MOG_OK,
        Err(status) => status,
    }
}

/// # Safety
/// As for [`mog_load_signed`].
unsafe fn load_signed(
    module: *mut Module,
    data: *const u8,
    size: usize,
    trust: *const Trust,
    manifest: *mut Manifest,
) -> Result<(), Status> {
    pointer::check(module)?;
    // SAFETY: not null, aligned, and the caller promises a `mog_module`. Should something fail, it is none.
    unsafe { module.cast::<u64>().write(0) };
    pointer::check(trust)?;
    if !manifest.is_null() {
        pointer::check(manifest)?;
    }
    // SAFETY: neither null nor misaligned; the caller promises that it is there.
    let trust = unsafe { trust.read() };
    pointer::check(trust.key)?;
    // SAFETY: as above.
    let key = PublicKey::new(unsafe { pointer::bytes(trust.key, MOG_KEY_BYTES)? }).map_err(untrusted)?;
    // SAFETY: as above.
    let name = if trust.name.is_null() { None } else { Some(unsafe { pointer::text(trust.name)? }) };
    let limit = |limit: u64| Some(limit).filter(|&limit| limit > 0);
    let limits = Limits {
        memory: limit(trust.max_memory),
        steps: limit(trust.max_steps),
        host_calls: limit(trust.max_host_calls),
    };
    let keys = [key];
    let trust = mog_signature::Trust { keys: &keys, name, minimum_version: trust.minimum_version, limits };
    let mut said = None;
    let opened = |bytes: &'static [u8]| {
        let signed = open(bytes, &trust).map_err(untrusted)?;
        said = Some(described(&signed));
        signed.load().map_err(untrusted)
    };
    // SAFETY: the caller's promise.
    unsafe { load(module, data, size, opened) }?;
    if let Some(said) = said.filter(|_| !manifest.is_null()) {
        // SAFETY: neither null nor misaligned; the caller promises room.
        unsafe { manifest.write(said) };
    }
    Ok(())
}

fn described(signed: &Signed<'static>) -> Manifest {
    let Limits { memory, steps, host_calls } = signed.manifest.limits;
    Manifest {
        name: Text::new(signed.manifest.name),
        version: signed.manifest.version,
        memory: memory.unwrap_or(0),
        steps: steps.unwrap_or(0),
        host_calls: host_calls.unwrap_or(0),
    }
}

fn untrusted(error: Refused) -> Status {
    match error {
        Refused::Malformed => MOG_WRONG_SIZE,
        Refused::Forged => MOG_FORGED,
        Refused::Key => MOG_BAD_KEY,
        Refused::Name => MOG_OTHER_PROGRAM,
        Refused::Old { .. } => MOG_TOO_OLD,
        Refused::Limit(_) => MOG_OVER_LIMIT,
        Refused::Capabilities => MOG_OTHER_CAPABILITIES,
        Refused::Load(error) => refused(&error),
        _ => MOG_UNSIGNED,
    }
}

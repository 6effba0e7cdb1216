//! Snapshots: a paused instance as bytes, and back.
//!
//! ```text
//! MOGC, version, phase, flags, 0, token    12 bytes: what this side knows of the run
//! the machine's own snapshot
//! ```

use core::ffi::c_void;

use mog_core::{Instance as Machine, SnapshotError};

use crate::host::Config;
use crate::instance::{Instance, Phase, Storage, link_error, prepare, storage_of};
use crate::module::Module;
use crate::pointer;
use crate::status::{MOG_BAD_SNAPSHOT, MOG_NULL, MOG_OK, MOG_TOO_SMALL, Status};

const MAGIC: [u8; 5] = *b"MOGC\x01";
const HEAD: usize = 12;

const PAUSED: u8 = 1;
const WAITING: u8 = 2;
const COMPLETED: u8 = 4;

fn head(storage: &Storage) -> [u8; HEAD] {
    let phase = match storage.phase {
        Phase::New => 0,
        Phase::Starting => 1,
        Phase::Started => 2,
    };
    let (token, waiting) = match storage.waiting {
        Some((token, completed)) => (token, if completed { WAITING | COMPLETED } else { WAITING }),
        None => (0, 0),
    };
    let flags = waiting | if storage.paused { PAUSED } else { 0 };
    let ([a, b, c, d, e], [f, g, h, i]) = (MAGIC, token.to_le_bytes());
    [a, b, c, d, e, phase, flags, 0, f, g, h, i]
}

/// How many bytes `mog_snapshot` will write.
///
/// # Safety
/// There is a `mog_instance` at `vm`, and room for a `size_t` at `size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_snapshot_size(vm: *const Instance, size: *mut usize) -> Status {
    // SAFETY: the caller's promise.
    let len = unsafe { storage_of(vm) }.and_then(|storage| storage.with(|machine| machine.snapshot_len()));
    match len {
        // SAFETY: the caller's promise.
        Ok(len) => unsafe { pointer::give(size, HEAD.saturating_add(len)) },
        Err(status) => status,
    }
}

/// Saves an instance: its memory, and where it stands if it is paused. The same on every processor. What it was granted, and
/// the module, are not part of it.
///
/// # Safety
/// There is a `mog_instance` at `vm`, room for `size` bytes at `bytes`, and for a `size_t` at `written`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_snapshot(
    vm: *const Instance,
    bytes: *mut c_void,
    size: usize,
    written: *mut usize,
) -> Status {
    // SAFETY: the caller's promise.
    let storage = match unsafe { storage_of(vm) } {
        Ok(storage) => storage,
        Err(status) => return status,
    };
    if bytes.is_null() {
        return MOG_NULL;
    }
    let head = head(storage);
    if storage.arena.span().overlaps(pointer::Span::new(bytes, size)) {
        return crate::status::MOG_OVERLAP;
    }
    // SAFETY: the caller's promise; it overlaps nothing that is read here.
    let Ok(out) = (unsafe { pointer::bytes_mut(bytes.cast(), size) }) else { return MOG_TOO_SMALL };
    let Some((place, rest)) = out.split_first_chunk_mut::<HEAD>() else { return MOG_TOO_SMALL };
    match storage.with(|machine| machine.snapshot(rest)) {
        Ok(Ok(len)) => {
            *place = head;
            // SAFETY: the caller's promise.
            unsafe { pointer::give(written, HEAD.saturating_add(len)) }
        }
        Ok(Err(_)) => MOG_TOO_SMALL,
        Err(status) => status,
    }
}

/// Makes an instance from a snapshot of the same module; otherwise as `mog_new`. The arena has to be as large as the one that
/// was saved, within the difference that register windows make. What was pending still is, under its tokens. The bytes
/// are checked: those that are damaged or made up are refused, or give a state that the program might have had.
///
/// # Safety
/// As for `mog_new`; and there are `size` bytes at `bytes`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_restore(
    vm: *mut Instance,
    module: *const Module,
    arena: *mut c_void,
    arena_size: usize,
    config: *const Config,
    bytes: *const c_void,
    size: usize,
) -> Status {
    if bytes.is_null() {
        return MOG_NULL;
    }
    if pointer::Span::new(arena, arena_size).overlaps(pointer::Span::new(bytes, size)) {
        return crate::status::MOG_OVERLAP;
    }
    // SAFETY: the caller's promise; the arena, which alone is written to, lies elsewhere.
    let Ok(saved) = (unsafe { pointer::bytes(bytes.cast(), size) }) else { return MOG_BAD_SNAPSHOT };
    let Some((&[magic @ .., phase, flags, _, f, g, h, i], rest)) = saved.split_first_chunk::<HEAD>() else {
        return MOG_BAD_SNAPSHOT;
    };
    let phase = match phase {
        0 => Phase::New,
        1 => Phase::Starting,
        2 => Phase::Started,
        _ => return MOG_BAD_SNAPSHOT,
    };
    if magic != MAGIC || flags > PAUSED | WAITING | COMPLETED {
        return MOG_BAD_SNAPSHOT;
    }
    // SAFETY: the caller's promise.
    let restored = unsafe {
        prepare(vm, module, (arena, arena_size), config, |module, words, table, config| {
            let machine =
                Machine::restore(module, words, table, config, rest).map_err(|error| match error {
                    SnapshotError::Link(error) => link_error(error),
                    SnapshotError::ArenaTooSmall { needs } => (MOG_TOO_SMALL, needs.saturating_mul(8)),
                    _ => (MOG_BAD_SNAPSHOT, 0),
                })?;
            Ok(machine.detach())
        })
    };
    if let Err(status) = restored {
        return status;
    }
    // SAFETY: it was prepared just now.
    if let Ok(storage) = unsafe { storage_of(vm) } {
        storage.phase = phase;
        storage.paused = flags & PAUSED != 0;
        let token = u32::from_le_bytes([f, g, h, i]);
        storage.waiting = (flags & WAITING != 0).then_some((token, flags & COMPLETED != 0));
    }
    MOG_OK
}

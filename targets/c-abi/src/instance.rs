//! Instances: one module in one arena, from linking to the result.

use core::ffi::{c_char, c_void};
use core::mem::{align_of, size_of};
use core::ptr;
use core::slice;

use mog_core::heap::Data;
use mog_core::{Instance as Machine, Outcome, StartError, State, TrapCode, TypeId};

use crate::host::{Capability, Config, Frame, Table};
use crate::make::{Room, make, values_at};
use crate::module::{Module, prepared, spans};
use crate::pointer::{self, Span};
use crate::read::{Location, Root};
use crate::status::{
    MOG_BUSY, MOG_IDLE, MOG_MISALIGNED, MOG_MISSING_CAPABILITY, MOG_NO_FUNCTION, MOG_NO_TOKEN,
    MOG_NOT_PREPARED, MOG_NOT_STARTED, MOG_NULL, MOG_OK, MOG_OUT_OF_MEMORY, MOG_OUT_OF_STACK, MOG_PAUSED,
    MOG_SIGNATURE_MISMATCH, MOG_TOO_SMALL, MOG_TRAP, MOG_WAITING, MOG_WRONG_ARGUMENTS, MOG_WRONG_TYPE,
    Status, failed,
};
use crate::value::Value;

/// Words of a `mog_instance`.
pub const MOG_INSTANCE_WORDS: usize = 64;

/// A program in its arena: a module, what it was granted, and where it stands. It lives where the caller puts it, in storage
/// that was zero before `mog_new`, and stays there; nothing has to be freed. One thread at a time may use it.
#[repr(C)]
pub struct Instance {
    /// Not for use.
    pub opaque: [u64; MOG_INSTANCE_WORDS],
}

/// What an instance has done so far.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Counters {
    /// Steps of the program; the same on every machine.
    pub steps: u64,
    /// Steps of the collector, which count against the same budget.
    pub collector_steps: u64,
    /// Collections.
    pub collections: u64,
    /// Calls of host functions, denied ones included.
    pub host_calls: u64,
    /// The most bytes of stack and heap that were in use at once.
    pub peak_memory: usize,
}

/// The arena, between uses.
#[derive(Clone, Copy)]
pub(crate) struct Arena {
    start: *mut u64,
    words: usize,
}

impl Arena {
    /// # Errors
    /// As `mog_new` for its arena.
    fn new(start: *mut c_void, size: usize) -> Result<Self, Status> {
        let start = start.cast::<u64>();
        if start.is_null() {
            return Err(MOG_NULL);
        }
        if start.addr() % 8 != 0 {
            return Err(MOG_MISALIGNED);
        }
        // No object is larger than this.
        Ok(Self { start, words: size.min(isize::MAX.unsigned_abs()) / 8 })
    }

    pub(crate) fn span(self) -> Span {
        Span::new(self.start, self.words * 8)
    }

    /// The words.
    ///
    /// # Safety
    /// Nobody else uses them during `'w`.
    unsafe fn words<'w>(self) -> &'w mut [u64] {
        // SAFETY: `new` saw what can be seen, C promises that it is memory, and the caller that nobody else uses it.
        unsafe { slice::from_raw_parts_mut(self.start, self.words) }
    }
}

/// How far a program's top-level statements are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    New,
    Starting,
    Started,
}

/// What is in the storage.
#[repr(C)]
pub(crate) struct Storage {
    /// Says that this is an instance, and that it was not moved.
    magic: u64,
    /// While it runs, everything but `frame`, `stamp`, `arena` and `config` is out of bounds.
    busy: bool,
    /// The call that a host function is carrying out.
    pub(crate) frame: *mut Frame,
    /// What handles of values have to have that are good now. Goes on counting when the storage is used anew, unless it was
    /// set to zero.
    pub(crate) stamp: u32,
    pub(crate) module: *const Module,
    pub(crate) arena: Arena,
    pub(crate) config: Config,
    /// None if it could not be linked, and while it runs.
    pub(crate) state: Option<State>,
    pub(crate) phase: Phase,
    /// Whether there is something to go on with.
    pub(crate) paused: bool,
    /// Whether there is a result.
    pub(crate) returned: bool,
    /// A call outside of all tasks that is pending: its token, and whether it was completed.
    pub(crate) waiting: Option<(u32, bool)>,
    /// How the last run or the linking ended.
    pub(crate) last: Status,
    pub(crate) trap: (TrapCode, [i64; 2]),
    /// Which import, requirement or entry of the table a failed linking is about; how many bytes it wants.
    pub(crate) detail: usize,
}

const MAGIC: u64 = u64::from_le_bytes(*b"moginsta");

const _: () =
    assert!(size_of::<Storage>() <= size_of::<Instance>() && align_of::<Storage>() <= align_of::<Instance>());

fn magic_at(vm: *const Instance) -> u64 {
    MAGIC ^ vm.addr() as u64
}

/// The storage of an instance that was prepared and does not run.
///
/// # Safety
/// If the pointer is neither null nor misaligned, there is a `mog_instance`, and only this thread uses it. What this gives is
/// dropped before C code goes on.
pub(crate) unsafe fn storage_of<'s>(vm: *const Instance) -> Result<&'s mut Storage, Status> {
    pointer::check(vm)?;
    let storage = vm.cast::<Storage>().cast_mut();
    // SAFETY: the caller's promise; any bits are a number.
    let magic = unsafe { (&raw const (*storage).magic).read() };
    if magic != magic_at(vm) {
        return Err(MOG_NOT_PREPARED);
    }
    // SAFETY: the mark says that we wrote this.
    let busy = unsafe { (&raw const (*storage).busy).read() };
    if busy {
        return Err(MOG_BUSY);
    }
    // SAFETY: written by us, and nobody else looks at it until C code goes on.
    Ok(unsafe { &mut *storage })
}

/// The stamp of the handles that are good now.
///
/// # Safety
/// There is a prepared `mog_instance` at `vm`, and only this thread uses it.
pub(crate) unsafe fn stamp_of(vm: *const Instance) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { (&raw const (*vm.cast::<Storage>()).stamp).read() }
}

/// From now on, no handle is good that C has.
///
/// # Safety
/// As for [`stamp_of`].
pub(crate) unsafe fn outdate(vm: *const Instance) {
    // SAFETY: the caller's promise.
    let stamp = unsafe { &raw mut (*vm.cast::<Storage>().cast_mut()).stamp };
    // SAFETY: the caller's promise.
    unsafe { stamp.write(stamp.read().wrapping_add(1)) };
}

/// Where the arena lies.
///
/// # Safety
/// As for [`stamp_of`].
pub(crate) unsafe fn arena_of(vm: *const Instance) -> Span {
    // SAFETY: the caller's promise.
    unsafe { (&raw const (*vm.cast::<Storage>()).arena).read() }.span()
}

impl Storage {
    /// Puts the machine together, to look at it or to do something short.
    pub(crate) fn with<R>(&mut self, work: impl FnOnce(&mut Machine<'_>) -> R) -> Result<R, Status> {
        // SAFETY: C promises that the module stays.
        let module = unsafe { prepared(self.module)? };
        let state = self.state.take().ok_or(MOG_NOT_PREPARED)?;
        // SAFETY: C promises that the arena is for this instance alone.
        let arena = unsafe { self.arena.words() };
        let mut machine = Machine::attach(module, arena, state);
        let result = work(&mut machine);
        self.state = Some(machine.detach());
        Ok(result)
    }

    /// Forgets what an earlier call left.
    fn clear(&mut self) {
        self.stamp = self.stamp.wrapping_add(1);
        (self.paused, self.returned, self.waiting) = (false, false, None);
    }
}

/// Prepares storage and links; what `link` does is `Machine::new` or `Machine::restore`.
///
/// # Safety
/// As for [`mog_new`].
pub(crate) unsafe fn prepare(
    vm: *mut Instance,
    module: *const Module,
    (arena, size): (*mut c_void, usize),
    config: *const Config,
    link: impl FnOnce(
        mog_core::Module<'static>,
        &'static mut [u64],
        &mut Table,
        mog_core::Config,
    ) -> Result<State, (Status, usize)>,
) -> Result<(), Status> {
    // SAFETY: the caller's promise.
    let stamp = match unsafe { storage_of(vm) } {
        Ok(before) => before.stamp.wrapping_add(1),
        // Others than those of another instance, and of what was here before.
        Err(MOG_NOT_PREPARED) => {
            // SAFETY: the caller's promise; any bits are a number.
            unsafe { stamp_of(vm) }.wrapping_add((magic_at(vm).wrapping_mul(MAGIC) >> 32) as u32)
        }
        Err(status) => return Err(status),
    };
    // SAFETY: the check above saw that there is a `mog_instance`. Should something fail, it is none.
    unsafe { vm.cast::<u64>().write(0) };
    // SAFETY: the caller's promise.
    let loaded = unsafe { prepared(module)? };
    let arena = Arena::new(arena, size)?;
    let config = match pointer::check(config) {
        // SAFETY: neither null nor misaligned; the rest is the caller's promise.
        Ok(()) => unsafe { config.read() },
        Err(MOG_NULL) => Config::NOTHING,
        Err(status) => return Err(status),
    };
    let own = Span::new(vm, size_of::<Instance>());
    let [storage, bytes] = spans(module, &loaded);
    let table_size = config.capability_count.saturating_mul(size_of::<Capability>());
    arena.span().is_apart(&[own, storage, bytes, Span::new(config.capabilities, table_size)])?;
    own.is_apart(&[storage, bytes])?;
    let mut table = Table::new(ptr::null_mut(), config);
    let linked = table.check().and_then(|()| {
        // SAFETY: the caller's promise. The arena overlaps nothing that is ours.
        let words = unsafe { arena.words() };
        link(loaded, words, &mut table, config.machine())
    });
    let (state, last, detail) = match linked {
        Ok(state) => (Some(state), MOG_OK, 0),
        Err((status, detail)) => (None, status, detail),
    };
    let storage = Storage {
        magic: magic_at(vm),
        busy: false,
        frame: ptr::null_mut(),
        stamp,
        module,
        arena,
        config,
        state,
        phase: Phase::New,
        paused: false,
        returned: false,
        waiting: None,
        last,
        trap: (TrapCode::Corrupt, [0; 2]),
        detail,
    };
    // SAFETY: the caller's promise; the assertion beside `Storage` says that it fits.
    unsafe { vm.cast::<Storage>().write(storage) };
    if last == MOG_OK { Ok(()) } else { Err(last) }
}

/// The status of a failed linking, and what it is about.
pub(crate) const fn link_error(error: StartError) -> (Status, usize) {
    match error {
        StartError::ArenaTooSmall { needs } => (MOG_TOO_SMALL, needs.saturating_mul(8)),
        StartError::SignatureMismatch { import } => (MOG_SIGNATURE_MISMATCH, import as usize),
        StartError::MissingCapability { requirement } => (MOG_MISSING_CAPABILITY, requirement),
        StartError::NoFunction => (MOG_NO_FUNCTION, 0),
        StartError::Arguments => (MOG_WRONG_ARGUMENTS, 0),
        _ => (MOG_OUT_OF_MEMORY, 0),
    }
}

/// Makes an instance of a module: lays out its arena and links what it calls to what the configuration grants; null grants
/// nothing. What is not granted fails as denied when the program calls it. No code runs yet.
///
/// The arena is all the memory that the program will ever have, stack and heap together. It lies on a multiple of 8, is for
/// this instance alone, and overlaps neither the instance nor the module. The module must stay where it is, the
/// configuration need not, apart from its table. If this fails, `mog_message` says more.
///
/// # Safety
/// There is a `mog_instance` at `vm`, zero or used before, a `mog_module` at `module`, `arena_size` bytes at `arena`, and a
/// `mog_config` at `config` if it is not null, whose table is as long as it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_new(
    vm: *mut Instance,
    module: *const Module,
    arena: *mut c_void,
    arena_size: usize,
    config: *const Config,
) -> Status {
    // SAFETY: the caller's promise.
    let prepared = unsafe {
        prepare(vm, module, (arena, arena_size), config, |module, words, table, config| {
            let machine = Machine::new(module, words, table, config).map_err(link_error)?;
            Ok(machine.detach())
        })
    };
    prepared.err().unwrap_or(MOG_OK)
}

/// Runs the program's top-level statements, which give its module-wide variables their first values, for at most so many
/// steps. Once for each instance, before the first `mog_call`, even if there are none. Answers as `mog_resume`, which
/// also goes on with it.
///
/// # Safety
/// There is a `mog_instance` at `vm`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_start(vm: *mut Instance, steps: u64) -> Status {
    // SAFETY: the caller's promise.
    let storage = match unsafe { storage_of(vm) } {
        Ok(storage) => storage,
        Err(status) => return status,
    };
    match storage.phase {
        Phase::Started => return MOG_OK,
        Phase::Starting if storage.paused => {}
        Phase::New | Phase::Starting => {
            storage.clear();
            let entered = storage.with(|machine| {
                let init = machine.module().metadata().init();
                init.map(|init| machine.enter(init, 0, |_, _| Some(())).map_err(link_error))
            });
            match entered {
                Err(status) | Ok(Some(Err((status, _)))) => return status,
                Ok(None) => {
                    storage.phase = Phase::Started;
                    return MOG_OK;
                }
                Ok(Some(Ok(()))) => (storage.phase, storage.paused) = (Phase::Starting, true),
            }
        }
    }
    // SAFETY: the caller's promise; `storage` is not used any more.
    unsafe { run(vm, steps) }
}

/// Calls `main` or a `pub fn` of the program, for at most so many steps. What a call before it left unfinished is dropped,
/// and its tokens with it. Answers as `mog_resume`; after `MOG_OK`, `mog_result` has the result. A function whose `Result` is an `err` answers
/// `MOG_FAILED` or `MOG_DENIED`.
///
/// The texts, numbers and items of arguments are copied. They must not lie in the instance's own arena, as those of
/// `mog_result` do.
///
/// # Safety
/// There is a `mog_instance` at `vm`, a text closed by a zero at `function`, and `count` values at `args`, whose texts,
/// numbers and items are there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_call(
    vm: *mut Instance,
    function: *const c_char,
    args: *const Value,
    count: usize,
    steps: u64,
) -> Status {
    // SAFETY: the caller's promise.
    match unsafe { enter(vm, function, args, count) } {
        // SAFETY: the caller's promise.
        Ok(()) => unsafe { run(vm, steps) },
        Err(status) => status,
    }
}

/// # Safety
/// As for [`mog_call`].
unsafe fn enter(
    vm: *mut Instance,
    function: *const c_char,
    args: *const Value,
    count: usize,
) -> Result<(), Status> {
    // SAFETY: the caller's promise.
    let storage = unsafe { storage_of(vm)? };
    // SAFETY: the caller's promise.
    let name = unsafe { pointer::text(function)? };
    if storage.state.is_none() {
        return Err(MOG_NOT_PREPARED);
    }
    if storage.phase != Phase::Started {
        return Err(MOG_NOT_STARTED);
    }
    // SAFETY: C promises that the module stays.
    let module = unsafe { prepared(storage.module)? };
    let number = module.metadata().export(name).ok_or(MOG_NO_FUNCTION)?;
    let signature = module.function(number).and_then(|found| module.types.record(found.signature));
    let params = signature.and_then(|record| record.components.split_last()).ok_or(MOG_NO_FUNCTION)?.1;
    if params.len() != count {
        return Err(MOG_WRONG_ARGUMENTS);
    }
    // SAFETY: no more than a function has parameters; the rest is the caller's promise.
    let args = unsafe { values_at(args, count, storage.arena.span())? };
    let arena = storage.arena.span();
    let mut room = Room::new(arena, module.types, None);
    for (value, &ty) in args.iter().zip(params) {
        // SAFETY: the caller's promise.
        unsafe { room.add(value, TypeId(ty), 0) }.map_err(|status| match status {
            MOG_WRONG_TYPE => MOG_WRONG_ARGUMENTS,
            other => other,
        })?;
    }
    let words = room.words;
    storage.clear();
    let entered = storage.with(|machine| {
        machine.enter(number, words, |builder, slots| {
            for (value, &ty) in args.iter().zip(params) {
                // SAFETY: as above; what is written to is the arena, which they do not lie in.
                let made = unsafe { make(value, TypeId(ty), builder, arena)? };
                slots.extend_from_slice(&made).ok()?;
            }
            Some(())
        })
    })?;
    entered.map_err(|error| link_error(error).0)?;
    storage.paused = true;
    Ok(())
}

/// Goes on for at most so many steps: after `MOG_PAUSED`, or after `MOG_WAITING` and `mog_complete`.
///
/// - `MOG_OK`: the function returned.
/// - `MOG_PAUSED`: out of steps. What one run leaves over is not added to the next; what it overdrew, is taken from it.
/// - `MOG_WAITING`: nothing can go on before `mog_complete`.
/// - `MOG_TRAP`, `MOG_FAILED`, `MOG_DENIED`, `MOG_OUT_OF_MEMORY`, `MOG_OUT_OF_STACK`: the call ended badly. The instance can
///   be called again; its module-wide variables are as they were left.
/// - `MOG_IDLE`: there is nothing to go on with.
///
/// # Safety
/// There is a `mog_instance` at `vm`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_resume(vm: *mut Instance, steps: u64) -> Status {
    // SAFETY: the caller's promise.
    match unsafe { storage_of(vm) } {
        // SAFETY: the caller's promise; the storage is not used any more.
        Ok(_) => unsafe { run(vm, steps) },
        Err(status) => status,
    }
}

/// Runs what was entered.
///
/// # Safety
/// There is a prepared `mog_instance` at `vm`, nobody else uses it, and no reference to its storage is used after this.
unsafe fn run(vm: *mut Instance, steps: u64) -> Status {
    // SAFETY: the caller's promise.
    let storage = match unsafe { storage_of(vm) } {
        Ok(storage) => storage,
        Err(status) => return status,
    };
    if !storage.paused {
        return if storage.state.is_some() { MOG_IDLE } else { MOG_NOT_PREPARED };
    }
    if let Some((_, false)) = storage.waiting {
        return MOG_WAITING;
    }
    storage.waiting = None;
    // SAFETY: C promises that the module stays.
    let module = match unsafe { prepared(storage.module) } {
        Ok(module) => module,
        Err(status) => return status,
    };
    let Some(state) = storage.state.take() else { return MOG_NOT_PREPARED };
    // SAFETY: C promises that the arena is for this instance alone.
    let mut machine = Machine::attach(module, unsafe { storage.arena.words() }, state);
    storage.busy = true;
    storage.stamp = storage.stamp.wrapping_add(1);
    let mut table = Table::new(vm.cast(), storage.config);
    // From here to its end, the storage is touched through raw pointers only.
    let outcome = machine.run(&mut table, steps);
    let result = (outcome == Outcome::Returned).then(|| machine.result()).flatten();
    let status = match outcome {
        Outcome::Returned => match result.map(|value| value.data()) {
            Some(Data::Err(kind, _)) => failed(kind),
            _ => MOG_OK,
        },
        Outcome::Paused | Outcome::Halted | Outcome::OutOfHostCalls => MOG_PAUSED,
        Outcome::Pending(_) | Outcome::Waiting => MOG_WAITING,
        Outcome::Trap { .. } => MOG_TRAP,
        Outcome::OutOfMemory => MOG_OUT_OF_MEMORY,
        Outcome::OutOfStack => MOG_OUT_OF_STACK,
        Outcome::Failed(kind) => failed(kind),
        Outcome::Idle => MOG_IDLE,
    };
    let state = machine.detach();
    // SAFETY: no C code runs from here on, and no other reference to the storage is used.
    let storage = unsafe { &mut *vm.cast::<Storage>() };
    storage.busy = false;
    storage.stamp = storage.stamp.wrapping_add(1);
    storage.state = Some(state);
    storage.last = status;
    storage.paused = matches!(status, MOG_PAUSED | MOG_WAITING);
    storage.returned = status == MOG_OK;
    if let Outcome::Pending(token) = outcome {
        storage.waiting = Some((token, false));
    }
    if let Outcome::Trap { code, detail } = outcome {
        storage.trap = (code, detail);
    }
    if storage.phase == Phase::Starting && status == MOG_OK {
        storage.phase = Phase::Started;
        storage.returned = false;
    }
    status
}

/// The host has what a pending call waited for: the next run calls its function again. Each token can be completed once;
/// the order of completions is the order in which tasks go on. Not from an interrupt, while the instance may be running.
///
/// # Safety
/// There is a `mog_instance` at `vm`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_complete(vm: *mut Instance, token: u32) -> Status {
    // SAFETY: the caller's promise.
    let storage = match unsafe { storage_of(vm) } {
        Ok(storage) => storage,
        Err(status) => return status,
    };
    if let Some((known, completed)) = &mut storage.waiting
        && *known == token
    {
        return if core::mem::replace(completed, true) { MOG_NO_TOKEN } else { MOG_OK };
    }
    if !storage.paused {
        return if storage.state.is_some() { MOG_NO_TOKEN } else { MOG_NOT_PREPARED };
    }
    match storage.with(|machine| machine.complete(token)) {
        Ok(true) => MOG_OK,
        Ok(false) => MOG_NO_TOKEN,
        Err(status) => status,
    }
}

/// The result of the call that returned last; the value of an `ok`. Its text or numbers lie in the arena or the module, and
/// are there until the instance is used again to run.
///
/// # Safety
/// There is a `mog_instance` at `vm`, and room for a `mog_value` at `result`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_result(vm: *const Instance, result: *mut Value) -> Status {
    // SAFETY: the caller's promise.
    let storage = match unsafe { storage_of(vm) } {
        Ok(storage) => storage,
        Err(status) => return status,
    };
    if !storage.returned {
        return if storage.state.is_some() { MOG_IDLE } else { MOG_NOT_PREPARED };
    }
    let stamp = storage.stamp;
    let read = storage.with(|machine| {
        let place = Location::of(Root::Result);
        machine.result().map_or(Value::NONE, |value| match value.data() {
            Data::Ok(value) => place.behind(1).show(&value, stamp),
            _ => place.show(&value, stamp),
        })
    });
    match read {
        // SAFETY: the caller's promise.
        Ok(value) => unsafe { pointer::give(result, value) },
        Err(status) => status,
    }
}

/// What the instance has done so far.
///
/// # Safety
/// There is a `mog_instance` at `vm`, and room for a `mog_counts` at `counters`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_counters(vm: *const Instance, counters: *mut Counters) -> Status {
    // SAFETY: the caller's promise.
    let found = unsafe { storage_of(vm) }.and_then(|storage| storage.with(|machine| machine.counters()));
    match found {
        Ok(found) => {
            let found = Counters {
                steps: found.steps,
                collector_steps: found.collector_steps,
                collections: found.collections,
                host_calls: found.host_calls,
                peak_memory: found.peak_words.saturating_mul(8),
            };
            // SAFETY: the caller's promise.
            unsafe { pointer::give(counters, found) }
        }
        Err(status) => status,
    }
}

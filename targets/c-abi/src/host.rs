//! The host: a table of C functions behind the machine's one interface to the outside, [`mog_core::Host`].

use core::cell::Cell;
use core::ffi::{c_char, c_void};
use core::fmt::Write as _;
use core::ops::Range;
use core::{ptr, slice};

use mog_core::heap::AnyTag;
use mog_core::module::{Import, TypeKind, TypeRecord};
use mog_core::{Binding, Builder, Call, Failure, Host, Module, Reply, TypeId};

use crate::give::{MAX_SLOTS, make_all};
use crate::instance::{Instance, Storage, outdate, stamp_of, storage_of};
use crate::pointer::{self, Span};
use crate::read::Location;
use crate::signature::Signature;
use crate::status::{
    MOG_BAD_CAPABILITY, MOG_BUSY, MOG_CALLING, MOG_DENIED, MOG_FAILED, MOG_NOT_IN_CALL, MOG_OK,
    MOG_OUT_OF_MEMORY, MOG_OVERLAP, MOG_PAUSED, MOG_STALE, MOG_WAITING, MOG_WRONG_TYPE, Status, describe,
    failed, replied,
};
use crate::types::Types;
use crate::value::{MOG_STRING, Text, Value};

/// Most arguments of a host function; `args` always has so many elements, `MOG_NONE` behind those that were passed.
pub const MOG_MAX_ARGS: usize = 16;

/// Longest message of a failure, in bytes; what is longer is cut.
const MAX_MESSAGE: usize = 240;

/// Longest message about arguments that do not fit.
const MISMATCH: usize = 64;

/// A host function. Its arguments have the types of its signature; their texts and numbers lie in the program's memory,
/// and can be read until a value is returned by `mog_return`.
///
/// It answers what `mog_return`, `mog_fail`, `mog_deny`, `mog_pending` or `mog_call_back` gave, `MOG_OK` alone if its
/// signature has no result, or `MOG_PAUSED` to end the run; the next one then makes the call again. It must not leave by
/// `longjmp` or a C++ exception. Of its own instance it can call those, `mog_resumed`, `mog_answer`, `mog_reserve`, and what
/// reads values; other functions answer `MOG_BUSY`.
pub type Function =
    Option<unsafe extern "C" fn(vm: *mut Instance, args: *const Value, user: *mut c_void) -> Status>;

/// A function that the host grants.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Capability {
    /// Capability and function, such as `log.write`.
    pub name: *const c_char,
    /// Types as the language writes them, such as `(pin: int, on: bool) -> ?string`: `int` and the sized integers,
    /// `float`, `f32`, `bool`, `string`, `any`, the structs and enums that `types` of the configuration declares, arrays
    /// `[T]`, maps `{K: V}`, functions `fn(T) -> T` among the parameters, and each of these as `?T`. A program
    /// that was compiled for other types is refused; one that was compiled without a declaration has its arguments
    /// looked at in each call.
    pub signature: *const c_char,
    /// The function.
    pub function: Function,
    /// Handed to it. If null, the `user` of the configuration is.
    pub user: *mut c_void,
}

/// What an instance is given. All zero grants nothing and is a good default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Config {
    /// The granted functions. The table and its texts must stay as long as the instance is used.
    pub capabilities: *const Capability,
    /// How many there are.
    pub capability_count: usize,
    /// Handed to functions that have no `user` of their own, and to those below.
    pub user: *mut c_void,
    /// If not null, told that nobody waits any more for a pending call.
    pub cancelled: Option<unsafe extern "C" fn(user: *mut c_void, token: u32)>,
    /// If not null, told of a task that failed (`MOG_FAILED`, `MOG_DENIED`) while nobody waited for it.
    pub task_failed: Option<unsafe extern "C" fn(user: *mut c_void, status: Status, message: Text)>,
    /// Mixed into the hashes of map keys; the same seed gives the same steps.
    pub seed: u64,
    /// The most bytes of its arena that nested calls may take; 0 for no limit of their own.
    pub max_stack: usize,
    /// If not null, declarations of the structs and enums that signatures name, as in
    /// `struct Point { x: int, y: int } enum Shape { Dot, Circle(Point, float) }`: in a program, they are the same. It is
    /// closed by a zero, and must stay as long as the instance is used.
    pub types: *const c_char,
}

impl Config {
    pub(crate) const NOTHING: Self = Self {
        capabilities: ptr::null(),
        capability_count: 0,
        user: ptr::null_mut(),
        cancelled: None,
        task_failed: None,
        seed: 0,
        max_stack: 0,
        types: ptr::null(),
    };

    /// The declared types; `None` if the text cannot be read.
    ///
    /// # Safety
    /// The text is closed by a zero, and stays during `'t`.
    unsafe fn types<'t>(&self) -> Option<Types<'t>> {
        match pointer::check(self.types) {
            Ok(()) => {
                // SAFETY: the caller's promise.
                unsafe { pointer::text(self.types) }.ok().map(Types)
            }
            Err(_) => Some(Types("")),
        }
    }

    pub(crate) fn machine(&self) -> mog_core::Config {
        let max_stack = (self.max_stack > 0).then_some(self.max_stack / 8);
        mog_core::Config { seed: self.seed, max_stack, ..mog_core::Config::default() }
    }
}

/// Instead of the number of an entry: the declared types are wrong.
pub(crate) const IN_TYPES: usize = usize::MAX;

/// The table behind [`Host`].
pub(crate) struct Table {
    /// Where the instance lives; null while it is linked.
    pub(crate) storage: *mut Storage,
    pub(crate) config: Config,
    /// Whether the declared types are those of the module that is linked, once that is known.
    types_match: Cell<Option<bool>>,
}

impl Table {
    pub(crate) const fn new(storage: *mut Storage, config: Config) -> Self {
        Self { storage, config, types_match: Cell::new(None) }
    }

    /// The granted functions.
    fn entries(&self) -> &[Capability] {
        let Config { capabilities, capability_count, .. } = self.config;
        if self.config.capability_count == 0 {
            return &[];
        }
        // SAFETY: `check` saw that it is neither null nor misaligned, and C promises that the table stays.
        unsafe { slice::from_raw_parts(capabilities, capability_count) }
    }

    /// Looks at the whole table once; an error is the number of the entry that is wrong.
    pub(crate) fn check(&self) -> Result<(), (Status, usize)> {
        // SAFETY: C promises that it is closed by a zero.
        let types = unsafe { self.config.types() }.filter(|types| types.is_written_well());
        types.ok_or((MOG_BAD_CAPABILITY, IN_TYPES))?;
        if self.config.capability_count == 0 {
            return Ok(());
        }
        pointer::check(self.config.capabilities).map_err(|status| (status, 0))?;
        if self.config.capability_count >= usize::from(u16::MAX) - 1 {
            return Err((MOG_BAD_CAPABILITY, usize::from(u16::MAX)));
        }
        let wrong = |index: &usize| {
            let function = self.entries().get(*index).and_then(|entry| entry.function);
            function.is_none() || self.names(*index).is_none() || self.signature(*index).is_none()
        };
        match (0..self.entries().len()).find(wrong) {
            Some(index) => Err((MOG_BAD_CAPABILITY, index)),
            None => Ok(()),
        }
    }

    /// The name of an entry, if it can be read, for a message.
    pub(crate) fn name(&self, index: usize) -> &str {
        // SAFETY: C promises that names are closed by a zero, and stay.
        self.entries().get(index).and_then(|entry| unsafe { pointer::text(entry.name) }.ok()).unwrap_or("?")
    }

    /// Capability and function of an entry.
    fn names(&self, index: usize) -> Option<(&str, &str)> {
        self.name(index)
            .split_once('.')
            .filter(|(capability, function)| !capability.is_empty() && !function.is_empty())
    }

    fn signature(&self, index: usize) -> Option<Signature<'_>> {
        let entry = self.entries().get(index)?;
        // SAFETY: C promises that the types are closed by a zero, and stay.
        let types = unsafe { self.config.types()? };
        // SAFETY: the same of signatures.
        Signature::parse(unsafe { pointer::text(entry.signature) }.ok()?, types)
    }

    /// The table of an instance that runs.
    ///
    /// # Safety
    /// There is a prepared `mog_instance` at `vm`, and only this thread uses it.
    pub(crate) unsafe fn of(vm: *const Instance) -> Self {
        let storage = vm.cast::<Storage>().cast_mut();
        // SAFETY: the caller's promise.
        Self::new(storage, unsafe { (&raw const (*storage).config).read() })
    }

    /// Lets the C function carry out a call.
    fn perform(&mut self, function: u16, token: Option<u32>, call: &mut Call<'_, '_>) -> Reply {
        let index = usize::from(function);
        let Some(&Capability { function: Some(body), user, .. }) = self.entries().get(index) else {
            return Reply::Denied;
        };
        let vm = self.storage.cast::<Instance>();
        // SAFETY: the storage stays while it runs. Handles of an earlier call are stale.
        unsafe { outdate(vm) };
        // SAFETY: as above.
        let (mut args, cost) = match self.arguments(function, call, unsafe { stamp_of(vm) }) {
            Ok(read) => read,
            Err(message) => return call.fail(&message),
        };
        call.charge(cost);
        let user = if user.is_null() { self.config.user } else { user };
        let args = &raw mut args;
        let mut frame = Frame {
            call: ptr::from_mut(call).cast(),
            args: args.cast(),
            function,
            token,
            returned: false,
            failed: false,
            pending: None,
            calling: None,
            reserved: 0,
        };
        // SAFETY: the storage stays while it runs, and is touched through raw pointers only.
        unsafe { (&raw mut (*self.storage).frame).write(&raw mut frame) };
        // SAFETY: C promises a function of this type. What it is handed is there until it returns.
        let status = unsafe { body(vm, args.cast_const().cast(), user) };
        // SAFETY: as above.
        unsafe { (&raw mut (*self.storage).frame).write(ptr::null_mut()) };
        // SAFETY: as above.
        unsafe { outdate(vm) };
        match status {
            MOG_OK if frame.returned || call.result_type() == TypeId::UNIT => Reply::Done,
            MOG_OK if self.signature(index).is_some_and(|signature| !signature.has_result()) => {
                call.set_result(Builder::any(AnyTag::None, 0).as_slice());
                Reply::Done
            }
            MOG_OK => call.fail("the host's function gave no value"),
            MOG_WAITING if frame.pending.is_some() => frame.pending.map_or(Reply::Halt, Reply::Pending),
            MOG_CALLING if frame.calling.is_some() => match &frame.calling {
                Some(calling) => call.call_back(calling.argument, calling.token, &calling.slots),
                None => Reply::Halt,
            },
            // Otherwise its arguments may be gone.
            MOG_PAUSED if !frame.returned => Reply::Halt,
            MOG_OUT_OF_MEMORY => Reply::OutOfMemory,
            MOG_FAILED if frame.failed => Reply::Failed,
            MOG_DENIED => Reply::Denied,
            status => {
                let mut message = heapless::String::<MAX_MESSAGE>::new();
                // What does not fit is cut.
                let _ = write!(message, "the host's function failed: {}", describe(status));
                call.fail(&message)
            }
        }
    }

    /// The arguments of a call as C sees them, and the steps for checking their texts. What the program was compiled for
    /// was compared when it was linked; only what it calls without a declaration is looked at here.
    pub(crate) fn arguments(
        &self,
        function: u16,
        call: &Call<'_, '_>,
        stamp: u32,
    ) -> Result<([Value; MOG_MAX_ARGS], u64), heapless::String<MISMATCH>> {
        let index = usize::from(function);
        let mut message = heapless::String::new();
        let dynamic = call.result_type() == TypeId::ANY
            || (0..call.len()).any(|index| call.arg(index).is_some_and(|value| value.ty() == TypeId::ANY));
        let signature = if dynamic { self.signature(index) } else { None };
        if let Some(expected) = signature.as_ref().map(|signature| signature.params.len())
            && expected != call.len()
        {
            let plural = if expected == 1 { "" } else { "s" };
            // It fits.
            let _ = write!(message, "expected {expected} argument{plural}, found {}", call.len());
            return Err(message);
        }
        let mut args = [Value::NONE; MOG_MAX_ARGS];
        let mut cost = 0;
        for (index, place) in args.iter_mut().enumerate().take(call.len()) {
            let Some(value) = call.arg(index) else { break };
            if let Some(ty) = signature.as_ref().and_then(|signature| signature.params.get(index))
                && value.ty() == TypeId::ANY
                && !ty.fits(&value)
            {
                let _ = write!(message, "argument {}: expected {ty}", index + 1);
                return Err(message);
            }
            *place = Location::argument(index).show(&value, stamp);
            if place.r#type == MOG_STRING {
                cost += place.memory().1 as u64 / 8;
            }
        }
        Ok((args, cost))
    }
}

impl Host for Table {
    fn bind(&mut self, import: &Import<'_>, signature: TypeRecord<'_>, module: &Module<'_>) -> Binding {
        let wanted = Some((import.capability, import.function));
        let Some(index) = (0..self.entries().len()).find(|&index| self.names(index) == wanted) else {
            return Binding::Refused;
        };
        // SAFETY: C promises that the types are closed by a zero, and stay.
        let types = unsafe { self.config.types() };
        let (Some(granted), Some(types), Ok(number)) = (self.signature(index), types, u16::try_from(index))
        else {
            return Binding::Refused;
        };
        let matched = &self.types_match;
        let types_match = || {
            let known = matched.get().unwrap_or_else(|| types.match_those_of(module));
            matched.set(Some(known));
            known
        };
        // Without a declaration the program cannot know better; each call finds out.
        if !import.declared || granted.matches(signature, module, types_match) {
            Binding::Granted(number)
        } else {
            Binding::Mismatch
        }
    }

    fn grants(&self, capability: &str) -> bool {
        (0..self.entries().len()).any(|index| self.names(index).is_some_and(|(name, _)| name == capability))
    }

    fn call(&mut self, function: u16, call: &mut Call<'_, '_>) -> Reply {
        self.perform(function, None, call)
    }

    fn resume(&mut self, function: u16, token: u32, call: &mut Call<'_, '_>) -> Reply {
        self.perform(function, Some(token), call)
    }

    fn cancelled(&mut self, token: u32) {
        if let Some(cancelled) = self.config.cancelled {
            // SAFETY: C promises a function of this type.
            unsafe { cancelled(self.config.user, token) };
        }
    }

    fn spawn_failed(&mut self, failure: Failure, message: &str) {
        if let Some(task_failed) = self.config.task_failed {
            // SAFETY: C promises a function of this type; the message is there until it returns.
            unsafe { task_failed(self.config.user, failed(failure), Text::new(message)) };
        }
    }
}

/// A call that a C function is carrying out.
pub(crate) struct Frame {
    pub(crate) call: *mut Call<'static, 'static>,
    /// As many as [`MOG_MAX_ARGS`].
    pub(crate) args: *mut Value,
    pub(crate) function: u16,
    token: Option<u32>,
    /// Whether the result is there; it may lie where an argument was.
    pub(crate) returned: bool,
    failed: bool,
    pending: Option<u32>,
    pub(crate) calling: Option<Calling>,
    /// Words of heap that are free for sure.
    pub(crate) reserved: usize,
}

/// A function that the program is to call for it.
pub(crate) struct Calling {
    pub(crate) argument: usize,
    pub(crate) token: u32,
    /// Its arguments.
    pub(crate) slots: heapless::Vec<u64, MAX_SLOTS>,
}

/// The call that the instance's host function is carrying out.
///
/// # Safety
/// If the pointer is neither null nor misaligned, there is a `mog_instance`, and only this thread uses it. What this gives is
/// dropped before C code goes on.
pub(crate) unsafe fn frame_of<'f>(vm: *const Instance) -> Result<&'f mut Frame, Status> {
    // SAFETY: the caller's promise.
    let storage = match unsafe { storage_of(vm) } {
        Err(MOG_BUSY) => vm.cast::<Storage>(),
        Ok(_) => return Err(MOG_NOT_IN_CALL),
        Err(other) => return Err(other),
    };
    // SAFETY: it is busy, so it was prepared, and is read through raw pointers only.
    let frame = unsafe { (&raw const (*storage).frame).read() };
    // SAFETY: not null only while `perform` waits for the C function that asks here, and does not look at it meanwhile.
    unsafe { frame.as_mut() }.ok_or(MOG_NOT_IN_CALL)
}

/// In a host function: its result. A text, an array or items are copied; of a value of the program's, a struct, an array or a
/// map is the same one. After that the arguments are stale, for the result may lie where one of them did.
///
/// # Safety
/// There is a `mog_instance` at `vm`. The text, the numbers or the items of the value are there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_return(vm: *mut Instance, value: Value) -> Status {
    // SAFETY: the caller's promise; the frame is not used after this function.
    let frame = match unsafe { frame_of(vm) } {
        Ok(frame) => frame,
        Err(status) => return status,
    };
    // SAFETY: the caller's promise.
    match unsafe { set_result(frame, &value, vm) } {
        Ok(()) => {
            frame.returned = true;
            MOG_OK
        }
        Err(status) => status,
    }
}

/// # Safety
/// As for [`mog_return`], which is in a call of this frame.
unsafe fn set_result(frame: &mut Frame, value: &Value, vm: *const Instance) -> Result<(), Status> {
    frame.calling = None;
    // SAFETY: `perform` holds the call, and does not use it before the C function returns.
    let call = unsafe { &mut *frame.call };
    // SAFETY: `perform` holds the arguments as long, and C code does not run.
    let args: &[Value] = unsafe { slice::from_raw_parts(frame.args, MOG_MAX_ARGS) };
    if let Some((index, part)) = piece_of(args, value) {
        if frame.returned {
            return Err(MOG_STALE);
        }
        // To make room may move everything.
        frame.reserved = 0;
        // SAFETY: it carries out a call, so it was prepared.
        unsafe { outdate(vm) };
        return return_part(call, index, part);
    }
    let ty = call.result_type();
    // SAFETY: the caller's promise.
    let slots = unsafe { make_all(vm, frame, slice::from_ref(value), &[ty.0])? };
    call.set_result(&slots);
    Ok(())
}

/// Which piece of which argument a text is.
fn piece_of(args: &[Value], value: &Value) -> Option<(usize, Range<usize>)> {
    let (data, size) = value.memory();
    let source = Span::new(data, size);
    if value.r#type != MOG_STRING || size == 0 {
        return None;
    }
    args.iter().enumerate().filter(|(_, arg)| arg.r#type == MOG_STRING).find_map(|(index, arg)| {
        let (data, size) = arg.memory();
        let start = Span::new(data, size).offset_of(source)?;
        Some((index, start..start + source.len()))
    })
}

/// Returns a piece of an argument, which lies in the arena: the machine copies it there by itself.
fn return_part(call: &mut Call<'_, '_>, index: usize, part: Range<usize>) -> Result<(), Status> {
    let (ty, module) = (call.result_type(), *call.module());
    let payload = module.types.record(ty).filter(|record| record.kind == TypeKind::Option);
    let text = payload.and_then(|record| record.components.first()).map_or(ty, |&ty| TypeId(ty));
    if text != TypeId::STR && ty != TypeId::ANY {
        return Err(MOG_WRONG_TYPE);
    }
    call.charge(part.len() as u64 / 8);
    let string = call.copy_part(index, part).map_err(replied)?.ok_or(MOG_OVERLAP)?;
    match ty {
        TypeId::STR => call.set_result(&[string]),
        TypeId::ANY => call.set_result(&Builder::any(AnyTag::Str, string)),
        _ => call.set_result(&[1, string]),
    }
    Ok(())
}

/// In a host function: it did not work, and why. The program can catch it. Gives `MOG_FAILED`.
///
/// # Safety
/// There is a `mog_instance` at `vm`, and a text closed by a zero at `message`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_fail(vm: *mut Instance, message: *const c_char) -> Status {
    // SAFETY: the caller's promise.
    unsafe { fail(vm, message, MOG_FAILED) }
}

/// In a host function: it is not allowed, and why. The program can catch it. Gives `MOG_DENIED`.
///
/// # Safety
/// As for `mog_fail`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_deny(vm: *mut Instance, message: *const c_char) -> Status {
    // SAFETY: the caller's promise.
    unsafe { fail(vm, message, MOG_DENIED) }
}

/// # Safety
/// As for [`mog_fail`].
unsafe fn fail(vm: *mut Instance, message: *const c_char, status: Status) -> Status {
    // A copy, in case that the text lies in the arena.
    let mut copy = heapless::String::<MAX_MESSAGE>::new();
    {
        // SAFETY: the caller's promise; nothing writes before the block's end.
        match unsafe { pointer::text(message) } {
            Ok(text) => {
                // Cut after the last character that fits.
                let _ = text.chars().try_for_each(|c| copy.push(c));
            }
            Err(status) => return status,
        }
    }
    // SAFETY: the caller's promise; the frame is not used after this function.
    match unsafe { frame_of(vm) } {
        Ok(frame) => {
            // SAFETY: `perform` holds the call, and does not use it before the C function returns.
            let call = unsafe { &mut *frame.call };
            // To make room for the message may move everything.
            (frame.reserved, frame.calling) = (0, None);
            // SAFETY: it carries out a call, so it was prepared.
            unsafe { outdate(vm) };
            match call.fail(&copy) {
                Reply::Failed => {
                    frame.failed = true;
                    status
                }
                other => replied(other),
            }
        }
        Err(status) => status,
    }
}

/// In a host function: it is not done yet. The task that made the call waits, and others go on, until `mog_complete` names
/// this token; then the function is called again with the same arguments, and `mog_resumed` tells the token. Which
/// token stands for what is up to the host. Gives `MOG_WAITING`.
///
/// # Safety
/// There is a `mog_instance` at `vm`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_pending(vm: *mut Instance, token: u32) -> Status {
    // SAFETY: the caller's promise; the frame is not used after this function.
    match unsafe { frame_of(vm) } {
        // It could not be called again with its arguments.
        Ok(frame) if frame.returned => MOG_STALE,
        Ok(frame) => {
            frame.pending = Some(token);
            frame.calling = None;
            MOG_WAITING
        }
        Err(status) => status,
    }
}

/// In a host function: `MOG_OK` and the token if this is the rest of a call that was pending, or that had the
/// program call a function; `MOG_END` if the call is new.
///
/// # Safety
/// There is a `mog_instance` at `vm`, and room for a token at `token`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mog_resumed(vm: *const Instance, token: *mut u32) -> Status {
    // SAFETY: the caller's promise; the frame is not used after this function.
    match unsafe { frame_of(vm) }.map(|frame| frame.token) {
        // SAFETY: the caller's promise.
        Ok(Some(known)) => unsafe { pointer::give(token, known) },
        Ok(None) => crate::status::MOG_END,
        Err(status) => status,
    }
}

//! What functions answer.

use core::ffi::{CStr, c_char};

use mog_core::{Failure, LoadError, Reply};

/// What a function answers; also what a host function answers to the machine.
pub type Status = i32;

/// It worked. Of a run: it returned.
pub const MOG_OK: Status = 0;
/// Its steps are used up, or a host function asked for a pause; `mog_resume` goes on.
pub const MOG_PAUSED: Status = 1;
/// All that it could do waits for `mog_complete`.
pub const MOG_WAITING: Status = 2;
/// The program faulted; see `mog_trap`, `mog_message` and `mog_place_at`.
pub const MOG_TRAP: Status = 3;
/// A failure that the program did not catch.
pub const MOG_FAILED: Status = 4;
/// A call that was not granted, which the program did not catch.
pub const MOG_DENIED: Status = 5;
/// What the program can reach does not fit its arena.
pub const MOG_OUT_OF_MEMORY: Status = 6;
/// Its calls nest deeper than `max_stack` allows.
pub const MOG_OUT_OF_STACK: Status = 7;
/// In a host function: the program calls its function first; see `mog_call_back`.
pub const MOG_CALLING: Status = 8;
/// The bytes are no Mog module.
pub const MOG_NOT_A_MODULE: Status = 16;
/// The module is of a version of the format that this library does not read.
pub const MOG_WRONG_VERSION: Status = 17;
/// The module is shorter or longer than it says itself.
pub const MOG_WRONG_SIZE: Status = 18;
/// The module breaks a rule of the verifier's.
pub const MOG_INVALID_MODULE: Status = 19;
/// The module needs a part that this build of the library leaves out, or the value does: `parts`, or maps.
pub const MOG_MISSING_FEATURE: Status = 20;
/// The module needs a larger register window; compile it with `mog build --window`.
pub const MOG_FRAME_TOO_LARGE: Status = 21;
/// The bytes are no signed module, perhaps an unsigned one.
pub const MOG_UNSIGNED: Status = 22;
/// The signature is not that of the trusted key over these bytes.
pub const MOG_FORGED: Status = 23;
/// The key is none that signatures can be verified with.
pub const MOG_BAD_KEY: Status = 24;
/// The signature is good, but for a program of another name.
pub const MOG_OTHER_PROGRAM: Status = 25;
/// The signature is good, but the version is older than the oldest that is accepted.
pub const MOG_TOO_OLD: Status = 26;
/// The manifest asks for more than is allowed.
pub const MOG_OVER_LIMIT: Status = 27;
/// The module calls other host functions than its manifest names.
pub const MOG_OTHER_CAPABILITIES: Status = 28;
/// An entry of the host's table has no name of the form `a.b`, no function, or a signature that cannot be read.
pub const MOG_BAD_CAPABILITY: Status = 32;
/// A granted function has other types than the program was compiled for.
pub const MOG_SIGNATURE_MISMATCH: Status = 33;
/// The program requires a capability of which nothing is granted.
pub const MOG_MISSING_CAPABILITY: Status = 34;
/// A pointer is null.
pub const MOG_NULL: Status = 48;
/// A pointer is not aligned as it has to be: modules to 4 bytes, everything else to 8, or as its C type.
pub const MOG_MISALIGNED: Status = 49;
/// The arena or the buffer is too small.
pub const MOG_TOO_SMALL: Status = 50;
/// Two pieces of memory overlap that must not; a value from the program's memory has to be copied first.
pub const MOG_OVERLAP: Status = 51;
/// The storage was not prepared by `mog_load`, `mog_new` or `mog_restore`, or those failed, or it was moved.
pub const MOG_NOT_PREPARED: Status = 52;
/// The instance is running: a host function of its own asks.
pub const MOG_BUSY: Status = 53;
/// The program's top-level statements have not run; see `mog_start`.
pub const MOG_NOT_STARTED: Status = 54;
/// There is nothing to go on with, or no result or trap to ask for.
pub const MOG_IDLE: Status = 55;
/// The program has no such function for the host to call.
pub const MOG_NO_FUNCTION: Status = 56;
/// The arguments do not fit the function.
pub const MOG_WRONG_ARGUMENTS: Status = 57;
/// The value does not fit the type that it is for.
pub const MOG_WRONG_TYPE: Status = 58;
/// A text is not UTF-8.
pub const MOG_NOT_UTF8: Status = 59;
/// No call is pending under this token.
pub const MOG_NO_TOKEN: Status = 60;
/// No host function of the instance is running.
pub const MOG_NOT_IN_CALL: Status = 61;
/// There is nothing of this number.
pub const MOG_END: Status = 62;
/// The bytes are no snapshot of this module, or not all of one.
pub const MOG_BAD_SNAPSHOT: Status = 63;
/// The value lay in the program's memory, and is not there any more.
pub const MOG_STALE: Status = 64;
/// Values of the program's are to be part of a new one, for which `mog_reserve` made no room, or not enough.
pub const MOG_NO_ROOM: Status = 65;
/// The values nest deeper than `MOG_MAX_DEPTH`.
pub const MOG_TOO_DEEP: Status = 66;

/// What a status means, in a few words. Never null, valid forever.
#[unsafe(no_mangle)]
pub extern "C" fn mog_describe(status: Status) -> *const c_char {
    text(status).as_ptr()
}

/// The same for our own messages.
pub(crate) fn describe(status: Status) -> &'static str {
    text(status).to_str().unwrap_or("")
}

const fn text(status: Status) -> &'static CStr {
    match status {
        MOG_OK => c"it worked",
        MOG_PAUSED => c"paused: its steps are used up",
        MOG_WAITING => c"waiting for a call that is pending",
        MOG_TRAP => c"trap",
        MOG_FAILED => c"the program failed",
        MOG_DENIED => c"capability denied",
        MOG_OUT_OF_MEMORY => c"out of memory",
        MOG_OUT_OF_STACK => c"out of stack",
        MOG_NOT_A_MODULE => c"these bytes are not a Mog module",
        MOG_WRONG_VERSION => c"the module is of another version of the format",
        MOG_WRONG_SIZE => c"the module is cut short, or too long",
        MOG_INVALID_MODULE => c"the module is not valid",
        MOG_MISSING_FEATURE => c"the module needs a part that this build leaves out",
        MOG_FRAME_TOO_LARGE => c"the module needs a larger register window",
        MOG_UNSIGNED => c"the module is not signed",
        MOG_FORGED => c"the signature is not that of the trusted key over these bytes",
        MOG_BAD_KEY => c"the key is none to verify signatures with",
        MOG_OTHER_PROGRAM => c"the signed module is another program",
        MOG_TOO_OLD => c"the signed module is older than is accepted",
        MOG_OVER_LIMIT => c"the manifest asks for more than is allowed",
        MOG_OTHER_CAPABILITIES => c"the module calls other functions than its manifest names",
        MOG_BAD_CAPABILITY => c"an entry of the capability table is wrong",
        MOG_SIGNATURE_MISMATCH => c"a granted function has other types than the program was compiled for",
        MOG_MISSING_CAPABILITY => c"the program requires a capability of which nothing is granted",
        MOG_NULL => c"a pointer is null",
        MOG_MISALIGNED => c"a pointer is not aligned as it has to be",
        MOG_TOO_SMALL => c"the arena or the buffer is too small",
        MOG_OVERLAP => c"pieces of memory overlap",
        MOG_NOT_PREPARED => c"the storage holds no module or instance",
        MOG_BUSY => c"the instance is running",
        MOG_NOT_STARTED => c"the program was not started",
        MOG_IDLE => c"there is nothing to go on with or to ask for",
        MOG_NO_FUNCTION => c"the program has no such function",
        MOG_WRONG_ARGUMENTS => c"the arguments do not fit the function",
        MOG_WRONG_TYPE => c"the value does not fit the type that it is for",
        MOG_NOT_UTF8 => c"a text is not UTF-8",
        MOG_NO_TOKEN => c"no call is pending under this token",
        MOG_NOT_IN_CALL => c"no host function of the instance is running",
        MOG_END => c"there is nothing of this number",
        MOG_BAD_SNAPSHOT => c"the bytes are not a snapshot of this module",
        MOG_CALLING => c"the program calls a function first",
        MOG_STALE => c"the value is not in the program's memory any more",
        MOG_NO_ROOM => c"no room was reserved for a value with values of the program's",
        MOG_TOO_DEEP => c"the values nest too deeply",
        _ => c"unknown status",
    }
}

/// What failed, as a status.
pub(crate) const fn failed(kind: Failure) -> Status {
    match kind {
        Failure::Denied => MOG_DENIED,
        Failure::Failed | Failure::Unavailable => MOG_FAILED,
    }
}

pub(crate) const fn refused(error: &LoadError) -> Status {
    match error {
        LoadError::Misaligned => MOG_MISALIGNED,
        LoadError::NotAModule => MOG_NOT_A_MODULE,
        LoadError::Version { .. } => MOG_WRONG_VERSION,
        LoadError::Truncated | LoadError::TrailingBytes => MOG_WRONG_SIZE,
        LoadError::MissingFeatures(_) => MOG_MISSING_FEATURE,
        LoadError::FrameTooLarge { .. } => MOG_FRAME_TOO_LARGE,
        _ => MOG_INVALID_MODULE,
    }
}

/// How a reply that is no success is told to the C code that asked for the value.
pub(crate) const fn replied(reply: Reply) -> Status {
    match reply {
        Reply::OutOfMemory => MOG_OUT_OF_MEMORY,
        Reply::Failed => MOG_FAILED,
        Reply::Denied => MOG_DENIED,
        Reply::Pending(_) => MOG_WAITING,
        Reply::Halt => MOG_PAUSED,
        Reply::CallBack => MOG_CALLING,
        Reply::Done => MOG_OK,
    }
}

//! Everything that can keep a program from ending well, for people and for the exit code.

use std::fmt;

use mog_core::{Failure, LoadError, TrapCode};

use crate::program::CompileError;
use crate::replay::Divergence;

/// One function on the call stack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// The function's name; its number if the module was stripped.
    pub function: String,
    /// The source file; empty if the module was stripped.
    pub file: String,
    /// Line and column, from 1, if the module has them.
    pub position: Option<(u32, u32)>,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.function)?;
        match self.position {
            Some((line, column)) => write!(f, " ({}:{line}:{column})", self.file),
            None => Ok(()),
        }
    }
}

/// Where a program was when it ended.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CallStack {
    /// The functions, innermost first; of a very deep stack only some.
    pub frames: Vec<Frame>,
    /// How many functions are left out before the last of `frames`.
    pub omitted: usize,
}

impl fmt::Display for CallStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, frame) in self.frames.iter().enumerate() {
            if self.omitted > 0 && number + 1 == self.frames.len() {
                write!(f, "\n  … {} more", self.omitted)?;
            }
            let word = if number == 0 { "at" } else { "called from" };
            write!(f, "\n  {word} {frame}")?;
        }
        Ok(())
    }
}

/// Why a program did not start, or did not end by itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The compiler rejects the source.
    Compile(CompileError),
    /// The bytes are no module that this machine runs.
    Load(LoadError),
    /// The module is not what a trusted key signed, or asks for more than this host allows.
    #[cfg(feature = "sign")]
    Untrusted(mog_signature::Refused),
    /// A newer version of the signed program was loaded before.
    #[cfg(all(feature = "grants", feature = "sign"))]
    Older {
        /// The program.
        name: String,
        /// The version of this one.
        version: u32,
        /// The newest one.
        newest: u32,
    },
    /// Which versions were loaded before is not known, or cannot be written down.
    #[cfg(all(feature = "grants", feature = "sign"))]
    Versions {
        /// The file, and why not.
        message: String,
    },
    /// The program requires a capability of which nothing is granted.
    Requires {
        /// The capability.
        capability: String,
    },
    /// A granted function has other types than the program was compiled for.
    Signature {
        /// The function, such as `kv.get`.
        function: String,
        /// What the program was compiled for.
        expected: String,
    },
    /// The program has no function of that name for the host to call.
    NoFunction {
        /// The name.
        name: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// A function of the program has other types than the host takes it for; see [`Program::pub_fn`](crate::Program::pub_fn).
    Types {
        /// The function with its types, as the language writes them.
        function: String,
        /// What the host takes it for.
        taken_for: String,
    },
    /// The arguments do not fit the function.
    Arguments {
        /// The function.
        name: String,
        /// What does not fit.
        message: String,
    },
    /// The program faulted.
    Trap {
        /// How.
        code: TrapCode,
        /// How, in words and with its numbers.
        message: String,
        /// Where.
        stack: CallStack,
    },
    /// A failure that the program did not catch.
    Failed {
        /// Its message.
        message: String,
        /// Where it was raised; empty if `main` returned it.
        stack: CallStack,
    },
    /// A denied call that the program did not catch.
    Denied {
        /// Which call.
        message: String,
        /// Where it was made; empty if `main` returned the failure.
        stack: CallStack,
    },
    /// What the program can reach does not fit its memory.
    OutOfMemory {
        /// The size of the memory, in bytes.
        memory: usize,
        /// Where.
        stack: CallStack,
    },
    /// It took all its steps.
    OutOfSteps {
        /// Steps of the limit.
        limit: u64,
        /// Where.
        stack: CallStack,
    },
    /// It was about to make one call of a host function more than it may.
    OutOfHostCalls {
        /// Calls of the limit.
        limit: u64,
        /// Where.
        stack: CallStack,
    },
    /// Its calls nest deeper than its stack may grow.
    OutOfStack {
        /// Where.
        stack: CallStack,
    },
    /// It took all its time.
    TimedOut {
        /// Where.
        stack: CallStack,
    },
    /// It printed more than it may.
    OutputLimit {
        /// Where.
        stack: CallStack,
    },
    /// A call could not be logged, so the program was stopped.
    Audit {
        /// Why not.
        message: String,
    },
    /// A runtime could not be saved, or not be restored from these bytes.
    Snapshot {
        /// Why not.
        message: String,
    },
    /// A replayed run differs from its log.
    Diverged {
        /// How.
        divergence: Divergence,
        /// Where; empty if the program had ended or was not entered.
        stack: CallStack,
    },
    /// There is nothing to resume.
    Idle,
}

impl Error {
    /// The exit code of the `mog` command.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NoFunction { .. } | Self::Types { .. } | Self::Arguments { .. } | Self::Idle => 64,
            Self::Compile(_) | Self::Load(_) | Self::Signature { .. } | Self::Snapshot { .. } => 65,
            #[cfg(feature = "sign")]
            Self::Untrusted(_) => 65,
            #[cfg(all(feature = "grants", feature = "sign"))]
            Self::Older { .. } => 65,
            #[cfg(all(feature = "grants", feature = "sign"))]
            Self::Versions { .. } => 64,
            Self::Trap { .. } | Self::Failed { .. } | Self::Audit { .. } | Self::Diverged { .. } => 70,
            Self::OutOfMemory { .. } | Self::OutOfStack { .. } => 71,
            Self::Requires { .. } | Self::Denied { .. } => 77,
            Self::OutOfSteps { .. }
            | Self::OutOfHostCalls { .. }
            | Self::TimedOut { .. }
            | Self::OutputLimit { .. } => 124,
        }
    }

    /// Where the program was, if it ran.
    #[must_use]
    pub const fn stack(&self) -> Option<&CallStack> {
        match self {
            Self::Trap { stack, .. }
            | Self::Failed { stack, .. }
            | Self::Denied { stack, .. }
            | Self::OutOfMemory { stack, .. }
            | Self::OutOfSteps { stack, .. }
            | Self::OutOfHostCalls { stack, .. }
            | Self::OutOfStack { stack }
            | Self::Diverged { stack, .. }
            | Self::TimedOut { stack }
            | Self::OutputLimit { stack } => Some(stack),
            _ => None,
        }
    }

    pub(crate) fn failed(kind: Failure, message: String, stack: CallStack) -> Self {
        match kind {
            Failure::Denied => Self::Denied { message, stack },
            _ => Self::Failed { message, stack },
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compile(error) => return error.fmt(f),
            Self::Load(error) => return error.fmt(f),
            #[cfg(feature = "sign")]
            Self::Untrusted(refused) => return refused.fmt(f),
            #[cfg(all(feature = "grants", feature = "sign"))]
            Self::Older { name, version, newest } => {
                write!(f, "version {version} of {name:?} is older than version {newest} that already ran")
            }
            #[cfg(all(feature = "grants", feature = "sign"))]
            Self::Versions { message } => write!(f, "the store of versions: {message}"),
            Self::Requires { capability } => {
                write!(f, "the program requires `{capability}`, of which nothing is granted")
            }
            Self::Signature { function, expected } => write!(
                f,
                "the host's {function} has other types than the program was compiled for, which are: {expected}"
            ),
            Self::NoFunction { name, known } if known.is_empty() => {
                write!(f, "the program has no function `{name}` for the host to call, and no other")
            }
            Self::NoFunction { name, known } => write!(
                f,
                "the program has no function `{name}` for the host to call (only `main` and `pub` functions); it has {}",
                known.join(", ")
            ),
            Self::Types { function, taken_for } => {
                write!(
                    f,
                    "the program's `{function}` has other types than the host takes it for: `{taken_for}`; \
                     name its own where it is looked up"
                )
            }
            Self::Arguments { name, message } => write!(f, "the arguments do not fit `{name}`: {message}"),
            Self::Trap { message, .. } => write!(f, "trap: {message}"),
            Self::Failed { message, .. } => write!(f, "uncaught failure: {message}"),
            Self::Denied { message, .. } if message.contains("denied") => f.write_str(message),
            Self::Denied { message, .. } => write!(f, "capability denied: {message}"),
            Self::OutOfMemory { memory, .. } => write!(
                f,
                "out of memory: what the program can reach does not fit its {}",
                if *memory < 10 << 10 { format!("{memory} bytes") } else { format!("{} KiB", memory >> 10) }
            ),
            Self::OutOfSteps { limit, .. } => write!(f, "out of steps: all {limit} were taken"),
            Self::OutOfHostCalls { limit, .. } => {
                write!(f, "out of host calls: all {limit} were made")
            }
            Self::OutOfStack { .. } => f.write_str("out of stack: calls nest deeper than it may grow"),
            Self::TimedOut { .. } => f.write_str("out of time"),
            Self::OutputLimit { .. } => f.write_str("the program printed more than it may"),
            Self::Audit { message } => write!(f, "a call could not be logged: {message}"),
            Self::Snapshot { message } => write!(f, "snapshot: {message}"),
            Self::Diverged { divergence, .. } => divergence.fmt(f),
            Self::Idle => f.write_str("there is nothing to resume"),
        }?;
        self.stack().map_or(Ok(()), |stack| stack.fmt(f))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Compile(error) => Some(error),
            Self::Load(error) => Some(error),
            #[cfg(feature = "sign")]
            Self::Untrusted(refused) => Some(refused),
            _ => None,
        }
    }
}

impl From<Divergence> for Error {
    fn from(divergence: Divergence) -> Self {
        Self::Diverged { divergence, stack: CallStack::default() }
    }
}

impl From<CompileError> for Error {
    fn from(error: CompileError) -> Self {
        Self::Compile(error)
    }
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

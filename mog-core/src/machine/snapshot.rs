//! Snapshots: a paused instance as bytes, and back.
//!
//! The arena holds no pointer, so what is in use of it is the snapshot, beside the numbers of the state:
//!
//! ```text
//! magic     MOGS, version
//! saved     postcard: the module's hash, the state
//! words     postcard, each a variable-length number: the stack in use, then the heap
//! ```
//! It restores on any target whose arena gives the program as much room, whatever its register window. The bindings of
//! imports are not part of it: the host links them anew. What it restores is checked against the module: each
//! object, each reference, each frame. See `restore.rs`.

use postcard::ser_flavors::Size;
use serde::{Deserialize, Serialize};

use super::instance::Instance;
use super::tasks::Tasks;
use super::vm::{Counters, NO_DETAIL, State};
use crate::module::Module;

/// The version of the format, which what objects on the heap look like is part of: 2 has marks in the buckets of maps, 3
/// has strings that grow.
const VERSION: u8 = 3;

/// First bytes of a snapshot: its kind, and the version of its format.
pub(super) const MAGIC: [u8; 5] = [b'M', b'O', b'G', b'S', VERSION];

/// Why an instance could not be saved, or a snapshot not be restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SnapshotError {
    /// The bytes for the snapshot are too few.
    NoRoom,
    /// The bytes do not begin as a snapshot does, or end too early or too late.
    NotASnapshot,
    /// A version of the format that this machine does not read.
    Version {
        /// The snapshot's version.
        found: u8,
    },
    /// The snapshot is of another module.
    OtherModule,
    /// The arena is not as large as the one that was saved, or has no words to check with.
    ArenaTooSmall {
        /// Words that it needs.
        needs: usize,
    },
    /// Something in it does not fit the module.
    Invalid(&'static str),
    /// The host does not link the module; see [`StartError`](crate::StartError).
    Link(super::StartError),
}

impl core::fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoRoom => f.write_str("there is no room for the snapshot"),
            Self::NotASnapshot => f.write_str("these bytes are not a Mog snapshot, or not all of one"),
            Self::Version { found } => {
                write!(
                    f,
                    "the snapshot has format version {found}, this machine reads version {VERSION}: \
                     go on with the machine that saved it, or run the program anew"
                )
            }
            Self::OtherModule => f.write_str("the snapshot is of another module"),
            Self::ArenaTooSmall { needs } => {
                write!(f, "the snapshot needs an arena of {} bytes", needs.saturating_mul(8))
            }
            Self::Invalid(what) => write!(f, "the snapshot is not valid: {what}"),
            Self::Link(_) => f.write_str("the host does not grant what the snapshot's program needs"),
        }
    }
}

impl core::error::Error for SnapshotError {}

/// The state as it is saved. Places of the arena count from the end of the bindings, and without slack.
#[derive(Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) module: u64,
    /// Words of the arena, without bindings and slack.
    pub(super) arena: u32,
    pub(super) split: u32,
    /// Words of the stack that are saved.
    pub(super) stack: u32,
    pub(super) top: u32,
    pub(super) base: u32,
    pub(super) pc: u32,
    pub(super) acc: u64,
    pub(super) facc: u64,
    pub(super) debt: u64,
    pub(super) paid: u64,
    pub(super) seed: u64,
    pub(super) waiting: Option<u32>,
    pub(super) failure: (u64, u64),
    pub(super) entry: Option<u16>,
    pub(super) tasks: [u64; 4],
    pub(super) entry_pc: u32,
    pub(super) ended: u32,
    pub(super) steps: u64,
    pub(super) collector_steps: u64,
    pub(super) collections: u64,
    pub(super) host_calls: u64,
    pub(super) peak: u64,
}

/// A number that tells modules apart by their words (FNV-1a). It finds mistakes, not forgery: whatever the number says,
/// what is restored is checked against the module.
pub(super) fn hash(module: &Module<'_>) -> u64 {
    let words = module.code.iter().chain(module.types.records).copied();
    let pool = module.types.pool.iter().map(|&number| u32::from(number));
    words
        .chain(pool)
        .fold(0xcbf2_9ce4_8422_2325, |hash, word| (hash ^ u64::from(word)).wrapping_mul(0x100_0000_01b3))
}

/// Writes into bytes that may run out, or only counts.
struct Writer<'o> {
    out: Option<&'o mut [u8]>,
    len: usize,
}

impl Writer<'_> {
    fn put<T: Serialize>(&mut self, value: &T) -> Result<(), SnapshotError> {
        let used = match &mut self.out {
            Some(out) => {
                let rest = out.get_mut(self.len..).unwrap_or(&mut []);
                postcard::to_slice(value, rest).map(|written| written.len())
            }
            None => postcard::serialize_with_flavor(value, Size::default()),
        };
        self.len += used.map_err(|_| SnapshotError::NoRoom)?;
        Ok(())
    }
}

impl Instance<'_> {
    /// Bytes of the snapshot that [`Instance::snapshot`] writes.
    #[must_use]
    pub fn snapshot_len(&self) -> usize {
        self.write(Writer { out: None, len: 0 }).unwrap_or(usize::MAX)
    }

    /// Saves the instance; gives the snapshot's length. Of one that has ended, the module's state is saved.
    ///
    /// # Errors
    /// If the bytes are too few.
    pub fn snapshot(&self, out: &mut [u8]) -> Result<usize, SnapshotError> {
        self.write(Writer { out: Some(out), len: 0 })
    }

    fn write(&self, mut writer: Writer<'_>) -> Result<usize, SnapshotError> {
        let mut state = self.state.clone();
        if state.ended {
            state.clear_stack();
        }
        let State { split, top, base, bindings, .. } = state;
        let (module, slack) = (self.module(), self.module().slack());
        let frame = module.function_at(state.pc).and_then(|number| module.function(number));
        let stack_end = match state.entry {
            Some(_) => base + frame.map_or(0, |frame| usize::from(frame.frame)),
            None => bindings,
        };
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let Tasks { running, ready, last_ready, pending, entry_pc, ended } = state.tasks;
        let counters = state.counters;
        let saved = Saved {
            module: hash(module),
            arena: small(self.arena.len().saturating_sub(bindings + slack)),
            split: small(split.saturating_sub(bindings + slack)),
            stack: small(stack_end.saturating_sub(bindings)),
            top: small(top),
            base: small(base.saturating_sub(bindings)),
            pc: small(state.pc),
            acc: state.acc,
            facc: state.facc.to_bits(),
            debt: state.overdraft(),
            paid: state.paid,
            seed: state.seed,
            waiting: state.waiting,
            failure: state.failure,
            entry: state.entry,
            tasks: [running, ready, last_ready, pending],
            entry_pc: small(entry_pc),
            ended,
            steps: counters.steps,
            collector_steps: counters.collector_steps,
            collections: counters.collections,
            host_calls: counters.host_calls,
            peak: counters.peak_words as u64,
        };
        writer.put(&MAGIC)?;
        writer.put(&saved)?;
        let stack = self.arena.get(bindings..stack_end).unwrap_or(&[]);
        let heap = self.arena.get(split..).and_then(|heap| heap.get(..top)).unwrap_or(&[]);
        stack.iter().chain(heap).try_for_each(|word| writer.put(word))?;
        Ok(writer.len)
    }
}

impl Saved {
    /// The state on this target.
    pub(super) fn state(&self, module: &Module<'_>, bindings: usize) -> State {
        let place = |number: u32| number as usize;
        let [running, ready, last_ready, pending] = self.tasks;
        State {
            split: place(self.split).saturating_add(bindings).saturating_add(module.slack()),
            top: place(self.top),
            base: place(self.base).saturating_add(bindings),
            pc: place(self.pc),
            acc: self.acc,
            facc: f64::from_bits(self.facc),
            fuel: 0i64.saturating_sub_unsigned(self.debt),
            paid: self.paid,
            collection: super::vm::Collection::Here,
            seed: self.seed,
            collect_always: false,
            bindings,
            max_stack: None,
            host_calls_left: u64::MAX,
            waiting: self.waiting,
            failure: self.failure,
            detail: NO_DETAIL,
            entry: self.entry,
            ended: false,
            quick: false,
            tasks: Tasks {
                running,
                ready,
                last_ready,
                pending,
                entry_pc: place(self.entry_pc),
                ended: self.ended,
            },
            dispatch: super::Dispatch::Fastest,
            noted: 0,
            counters: Counters {
                steps: self.steps,
                collector_steps: self.collector_steps,
                collections: self.collections,
                host_calls: self.host_calls,
                peak_words: usize::try_from(self.peak).unwrap_or(usize::MAX),
            },
        }
    }
}

//! Snapshots of a runtime: the machine's own, and beside it what the host side knows of the run.
//!
//! ```text
//! SHA-256 of the rest, postcard of `Saved`, the machine's snapshot
//! ```
//! The checksum finds damage. Whoever wants to find forgery signs the bytes; what is forged can at worst be a state that
//! the program could not have reached by itself, which the machine checks to be sound.

use std::collections::BTreeMap;

use mog_core::{Instance, SnapshotError, State};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::builder::allocate;
use crate::run::Budget;
use crate::{CallStack, CapabilitySet, Error, Program, Runtime, RuntimeBuilder, Value};

/// Bytes of the checksum.
const CHECKSUM: usize = 32;

/// What a runtime knows beside the machine.
#[derive(Serialize, Deserialize)]
struct Saved {
    /// Its memory, in bytes.
    memory: u64,
    initialised: bool,
    paused: bool,
    /// Steps that the machine overdrew, as its own snapshot says too.
    debt: u64,
    /// What to enter after the initialiser; the arguments as JSON.
    next: Option<(u16, String)>,
    /// The calls that are pending, and after how many microseconds they go on; none for those that have futures.
    pending: Vec<(u32, Option<u64>)>,
    next_token: u32,
    /// Bytes that it may still print.
    output_left: u64,
    random: Option<u64>,
    store: BTreeMap<String, String>,
}

fn invalid(message: impl std::fmt::Display) -> Error {
    Error::Snapshot { message: message.to_string() }
}

impl Runtime {
    /// The runtime as bytes, from which [`Runtime::restore`] makes it again, in this or another process: its memory, and
    /// where the program stands if a limit ended the last run. Grants, limits and whoever watches are not part of it,
    /// nor is the program. Calls of async functions that are under way have failed in the runtime that it becomes, and
    /// [handles](crate::Handle) stand for nothing until [`Runtime::bind_handle`] binds them again.
    ///
    /// # Errors
    /// [`Error::Snapshot`] if arguments that wait for the initialiser to end cannot be written as JSON.
    pub fn snapshot(&mut self) -> Result<Vec<u8>, Error> {
        let next = match &self.next {
            Some((function, arguments)) => {
                let text = serde_json::to_string(arguments).map_err(invalid)?;
                if serde_json::from_str::<Vec<Value>>(&text).ok().as_ref() != Some(arguments) {
                    return Err(invalid("the arguments of the call that begins cannot be saved"));
                }
                Some((*function, text))
            }
            None => None,
        };
        let gate = &self.gate;
        let saved = Saved {
            memory: self.memory as u64,
            initialised: self.initialised,
            paused: self.paused,
            debt: self.state.as_ref().map_or(0, State::overdraft),
            next,
            pending: gate.pending.save(),
            next_token: gate.pending.next_token,
            output_left: gate.state.output.left,
            random: gate.state.random.state(),
            store: gate.state.store.entries().clone(),
        };
        let mut bytes = postcard::to_extend(&saved, vec![0; CHECKSUM]).map_err(invalid)?;
        let state = self.state.clone().ok_or(Error::Idle)?;
        let start = bytes.len();
        let instance = Instance::attach(self.program.module()?, &mut self.arena, state);
        bytes.resize(start + instance.snapshot_len(), 0);
        instance.snapshot(bytes.get_mut(start..).unwrap_or_default()).map_err(invalid)?;
        let checksum = Sha256::digest(bytes.get(CHECKSUM..).unwrap_or_default());
        if let Some(place) = bytes.get_mut(..CHECKSUM) {
            place.copy_from_slice(&checksum);
        }
        Ok(bytes)
    }

    /// A runtime as it was when it was saved, linked to what is granted now. If a limit had ended its run,
    /// [`Runtime::resume`] goes on.
    ///
    /// # Errors
    /// [`Error::Snapshot`] if the bytes are not a whole snapshot of this program; otherwise as for [`Runtime::new`].
    pub fn restore(program: Program, capabilities: CapabilitySet, snapshot: &[u8]) -> Result<Self, Error> {
        Self::builder().restore(program, capabilities, snapshot)
    }
}

impl RuntimeBuilder {
    /// The same with other limits, grants and observers than the runtime had that was saved. Its memory stays what it
    /// was, which must not be more than is allowed here.
    ///
    /// # Errors
    /// As for [`Runtime::restore`].
    pub fn restore(
        self,
        program: Program,
        capabilities: CapabilitySet,
        snapshot: &[u8],
    ) -> Result<Runtime, Error> {
        let not_whole = || invalid("these bytes are not a snapshot, or not all of one");
        let (checksum, rest) = snapshot.split_at_checked(CHECKSUM).ok_or_else(not_whole)?;
        if Sha256::digest(rest).as_slice() != checksum {
            return Err(not_whole());
        }
        let (saved, rest): (Saved, _) = postcard::take_from_bytes(rest).map_err(|_| not_whole())?;
        let this = self.within_manifest(&program)?;
        let memory = usize::try_from(saved.memory).unwrap_or(usize::MAX);
        if memory > this.memory {
            let allowed = this.memory;
            let message = format_args!(
                "it needs the {memory} bytes of memory that it had, and {allowed} are allowed: allow as many"
            );
            return Err(invalid(message));
        }
        let module = program.module()?;
        // Restoring checks with one word more for 64.
        let words = (memory / 8 + module.slack()).min(mog_core::heap::MAX_WORDS);
        let no_memory = || Error::OutOfMemory { memory, stack: CallStack::default() };
        let arena = allocate(words + words.div_ceil(64)).ok_or_else(no_memory)?;
        let (steps, host_calls) = (this.steps, this.host_calls);
        let mut runtime = this.assemble(program, capabilities, arena);
        runtime.memory = memory;
        let (module, config) = (runtime.program.module()?, runtime.config);
        let restored = Instance::restore(module, &mut runtime.arena, &mut runtime.gate, config, rest);
        let restored = restored.map(Instance::detach);
        match restored {
            Ok(state) => runtime.state = Some(state),
            Err(SnapshotError::Link(error)) => return Err(runtime.start_error(error)),
            Err(error) => return Err(invalid(error)),
        }
        runtime.arena.truncate(words);
        runtime.budget = Budget::new(steps, host_calls);
        (runtime.initialised, runtime.paused) = (saved.initialised, saved.paused);
        if let Some((function, text)) = saved.next {
            let known = runtime.program.exports().any(|name| runtime.program.export(name) == Some(function));
            let arguments = serde_json::from_str(&text).ok().filter(|_| known).ok_or_else(not_whole)?;
            runtime.next = Some((function, arguments));
        }
        let gate = &mut runtime.gate;
        gate.pending.restore(saved.pending, saved.next_token);
        gate.state.output.left = gate.state.output.left.min(saved.output_left);
        gate.state.random.set_state(saved.random);
        gate.state.store.replace(saved.store);
        Ok(runtime)
    }
}

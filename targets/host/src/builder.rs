//! How a runtime is set up.

use std::fmt;
use std::io::Write;
use std::time::Duration;

use mog_core::{Config, Dispatch};

use crate::audit::{Observer, Setup};
use crate::capabilities::{Generator, LogSink, State};
use crate::gate::Gate;
use crate::handle::Handles;
use crate::profile::Profiler;
use crate::replay::Replay;
use crate::run::Budget;
use crate::{CallStack, CapabilitySet, Error, Interrupt, Program, Runtime};

/// Memory of a runtime whose host did not say how much.
const DEFAULT_MEMORY: usize = 1 << 20;
/// Allocations from this size on are tried before they are made.
const LARGE: usize = 32 << 20;

/// How a runtime is set up: its limits, where its output goes, who watches.
pub struct RuntimeBuilder {
    pub(crate) memory: usize,
    pub(crate) steps: u64,
    pub(crate) host_calls: u64,
    pending: Option<usize>,
    timeout: Option<Duration>,
    interrupt: Option<Interrupt>,
    config: Config,
    state: State,
    observer: Option<Box<dyn Observer>>,
    replay: Option<Replay>,
    profile: bool,
}

impl Default for RuntimeBuilder {
    fn default() -> Self {
        Self {
            memory: DEFAULT_MEMORY,
            steps: u64::MAX,
            host_calls: u64::MAX,
            pending: None,
            timeout: None,
            interrupt: None,
            config: Config::default(),
            state: State::default(),
            observer: None,
            replay: None,
            profile: false,
        }
    }
}

impl RuntimeBuilder {
    /// Its memory, in bytes: stack and heap together. The default is 1 MiB. It is not touched before it is used.
    #[must_use]
    pub const fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// The most steps of each [`Runtime::execute`] and [`Runtime::call`]. There is no limit by default.
    #[must_use]
    pub const fn steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    /// The most calls of host functions, denied ones and those that print included, of each [`Runtime::execute`] and
    /// [`Runtime::call`]. There is no limit by default.
    #[must_use]
    pub const fn host_calls(mut self, calls: u64) -> Self {
        self.host_calls = calls;
        self
    }

    /// The most calls of [async functions](CapabilitySet::grant_async) that can be under way at once: one more fails. The
    /// default is 1000.
    #[must_use]
    pub const fn pending_calls(mut self, calls: usize) -> Self {
        self.pending = Some(calls);
        self
    }

    /// How much of its memory nested calls may take up, in bytes: what the frames around the running one hold, 8 for
    /// each register and 8 for the link. By default calls nest until the memory is full.
    #[must_use]
    pub const fn stack(mut self, bytes: usize) -> Self {
        self.config.max_stack = Some(bytes / 8);
        self
    }

    /// The longest that each [`Runtime::execute`] and [`Runtime::call`] may take. A host function that is at work
    /// is not interrupted.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// What ends its runs from outside.
    #[must_use]
    pub fn interrupt(mut self, interrupt: &Interrupt) -> Self {
        self.interrupt = Some(interrupt.clone());
        self
    }

    /// Seeds chance: the same seed gives the same `random` and the same steps.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self.state.random = Generator::seeded(seed);
        self
    }

    /// Where `out` and `log.write` go; by default, to the process's standard output.
    #[must_use]
    pub fn output(mut self, sink: impl Write + Send + 'static) -> Self {
        self.state.output.redirect(Box::new(sink));
        self
    }

    /// The most bytes that it may print and log in its life.
    #[must_use]
    pub const fn output_limit(mut self, bytes: u64) -> Self {
        self.state.output.left = bytes;
        self
    }

    /// Hands on output at each line end, for somebody who watches.
    #[must_use]
    pub const fn line_buffered(mut self, by_line: bool) -> Self {
        self.state.output.by_line = by_line;
        self
    }

    /// Where the other lines of `log` and `trace` go; by default, to the process's standard error.
    #[must_use]
    pub fn log(mut self, sink: impl Write + Send + 'static) -> Self {
        self.state.log = LogSink(Box::new(sink));
        self
    }

    /// Who sees every call of a host function, such as an [`AuditLog`](crate::AuditLog).
    #[must_use]
    pub fn audit(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Counts the steps of each source line, for [`Runtime::profile`]. The run takes the same steps, but each
    /// instruction by itself, which is slower by far; a limit on steps may end it a few steps earlier.
    #[must_use]
    pub const fn profile(mut self, profile: bool) -> Self {
        self.profile = profile;
        self
    }

    /// Takes the results of all calls from a log.
    pub(crate) fn replay(mut self, replay: Replay) -> Self {
        self.replay = Some(replay);
        self
    }

    /// What a repeated run must know.
    fn setup(&self, capabilities: &CapabilitySet) -> Setup {
        let limit = |n: u64| Some(n).filter(|&n| n < u64::MAX);
        Setup {
            memory: self.memory,
            stack: self.config.max_stack,
            steps: limit(self.steps),
            host_calls: limit(self.host_calls),
            seed: self.config.seed,
            granted: capabilities.names(),
            denied: capabilities.denied(),
        }
    }

    /// Which dispatcher runs it; they give the same results. For tests.
    #[must_use]
    pub const fn dispatch(mut self, dispatch: Dispatch) -> Self {
        self.config.dispatch = dispatch;
        self
    }

    /// Collects before every allocation. For tests.
    #[must_use]
    pub const fn collect_always(mut self, always: bool) -> Self {
        self.config.collect_always = always;
        self
    }

    /// Links a program to what is granted.
    ///
    /// # Errors
    /// As for [`Runtime::new`].
    pub fn build(self, program: Program, capabilities: CapabilitySet) -> Result<Runtime, Error> {
        let this = self.within_manifest(&program)?;
        let memory = this.memory;
        let words = (memory / 8 + program.module()?.slack()).min(mog_core::heap::MAX_WORDS);
        let arena = allocate(words).ok_or(Error::OutOfMemory { memory, stack: CallStack::default() })?;
        let mut runtime = this.assemble(program, capabilities, arena);
        runtime.link()?;
        Ok(runtime)
    }

    /// No program is signed where signatures are left out.
    #[cfg(not(feature = "sign"))]
    pub(crate) const fn within_manifest(self, _: &Program) -> Result<Self, Error> {
        Ok(self)
    }

    /// A runtime that is not linked.
    pub(crate) fn assemble(self, program: Program, capabilities: CapabilitySet, arena: Vec<u64>) -> Runtime {
        let capabilities = match self.replay.as_ref().map(Replay::setup) {
            None => capabilities,
            Some(Some(setup)) => CapabilitySet::recorded(&setup.granted, &setup.denied),
            Some(None) => CapabilitySet::new(),
        };
        let setup = self.observer.is_some().then(|| self.setup(&capabilities));
        let Self {
            memory,
            steps,
            host_calls,
            pending,
            timeout,
            interrupt,
            config,
            state,
            observer,
            replay,
            profile,
        } = self;
        let mut gate = Gate::new(capabilities, state, observer);
        (gate.setup, gate.replay, gate.interrupt) = (setup.map(Box::new), replay.map(Box::new), interrupt);
        gate.handles = if program.has_handles() { Handles::table() } else { Handles::default() };
        gate.pending.limit = pending.unwrap_or(gate.pending.limit);
        Runtime {
            program,
            memory,
            arena,
            state: None,
            gate,
            config,
            timeout,
            budget: Budget::new(steps, host_calls),
            ready: None,
            fresh: false,
            initialised: false,
            paused: false,
            next: None,
            profiler: profile.then(Profiler::default),
        }
    }
}

impl fmt::Debug for RuntimeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeBuilder")
            .field("memory", &self.memory)
            .field("steps", &self.steps)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Zeroed words that the system hands out when they are touched; `None` if there are not so many.
pub(crate) fn allocate(words: usize) -> Option<Vec<u64>> {
    if words * 8 >= LARGE {
        Vec::<u64>::new().try_reserve_exact(words).ok()?;
    }
    Some(vec![0; words])
}

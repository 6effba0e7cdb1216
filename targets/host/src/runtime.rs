//! A program at work: one instance with its memory, its grants and its limits.

use std::fmt;
use std::mem;
use std::num::NonZeroU64;
use std::task::Poll;
use std::time::{Duration, Instant};

use mog_core::heap::SlotValues;
use mog_core::{
    ArgumentSlots, Callee, Config, Counters, Instance, Module, Outcome, StartError, State, TypeId,
};

use crate::audit::OUT_OF_TIME;
use crate::drive::Patience;
use crate::error::CallStack;
use crate::gate::Gate;
use crate::make::{make, words};
use crate::profile::{Profile, Profiler};
use crate::replay::{Replay, restore};
use crate::run::{Budget, End, Running, result_of, run};
use crate::types::function_text;
use crate::{AnyHandle, Arguments, CapabilitySet, Divergence, Error, Handle, Program, RuntimeBuilder, Value};

/// A program with its memory, its grants and its limits. What its functions leave in module state stays from one
/// call to the next. After any error it can be used again.
///
/// ```
/// # use mog::{CapabilitySet, Runtime, compile_mog_source};
/// # fn main() -> Result<(), mog::Error> {
/// let program = compile_mog_source("pub fn double(n: int) -> int { n * 2 }")?;
/// let mut runtime = Runtime::builder().memory(64 << 10).steps(100_000).build(program, CapabilitySet::new())?;
/// assert_eq!(runtime.call("double", (21,))?, 42i64.into());
/// # Ok(())
/// # }
/// ```
pub struct Runtime {
    pub(crate) program: Program,
    /// The limit, in bytes. The arena has the machine's slack beside it.
    pub(crate) memory: usize,
    pub(crate) arena: Vec<u64>,
    /// The machine's state between runs; none while it has to be linked again.
    pub(crate) state: Option<State>,
    pub(crate) gate: Gate,
    pub(crate) config: Config,
    pub(crate) timeout: Option<Duration>,
    pub(crate) budget: Budget,
    /// What [`Runtime::readiness`] found when it was linked, or the last run had ended.
    pub(crate) ready: Option<NonZeroU64>,
    /// Whether it was linked and nothing has run since.
    pub(crate) fresh: bool,
    /// Whether module state has its first values.
    pub(crate) initialised: bool,
    /// Whether a limit ended the last run, so that it can go on.
    pub(crate) paused: bool,
    /// What to enter when the initialiser has ended.
    pub(crate) next: Option<(u16, Vec<Value>)>,
    pub(crate) profiler: Option<Profiler>,
}

/// A function to enter, with its arguments.
pub(crate) struct Entry {
    function: u16,
    arguments: Vec<Value>,
}

/// The machine's state while a run works on it. If a panic ends the run it is gone, and the program is linked again.
struct Lent<'r>(&'r mut Option<State>);

impl Lent<'_> {
    /// The run has ended as it should.
    fn give_back(self) {
        mem::forget(self);
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        *self.0 = None;
    }
}

impl Runtime {
    /// Links a program to what is granted, with the default limits.
    ///
    /// # Errors
    /// If the program requires a capability of which nothing is granted, was compiled for other types than a
    /// granted function has, or does not fit its memory.
    pub fn new(program: Program, capabilities: CapabilitySet) -> Result<Self, Error> {
        Self::builder().build(program, capabilities)
    }

    /// The same for a precompiled program.
    ///
    /// # Errors
    /// As for [`Program::load`] and [`Runtime::new`].
    pub fn load(bytes: &[u8], capabilities: CapabilitySet) -> Result<Self, Error> {
        Self::new(Program::load(bytes)?, capabilities)
    }

    /// A runtime with limits of the host's choice.
    #[must_use]
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::default()
    }

    pub(crate) fn link(&mut self) -> Result<(), Error> {
        self.ready = None;
        self.gate.unlink();
        match Instance::new(self.program.view(), &mut self.arena, &mut self.gate, self.config) {
            Ok(instance) => {
                self.state = Some(instance.detach());
                self.profiler = self.profiler.take().map(|_| Profiler::default());
                self.fresh = true;
                self.initialised = self.program.init().is_none();
                self.ready = self.readiness();
                Ok(())
            }
            Err(error) => Err(self.start_error(error)),
        }
    }

    #[cold]
    pub(crate) fn start_error(&self, error: StartError) -> Error {
        let module = self.program.view();
        match error {
            StartError::SignatureMismatch { import } => {
                let record = module.metadata().imports().nth(usize::from(import));
                let (function, params) = record.map_or((String::new(), ""), |record| {
                    (format!("{}.{}", record.capability, record.function), record.params)
                });
                let signature = module.import_type(import).unwrap_or(TypeId::UNIT);
                let expected = function_text(&module, &function, signature, params);
                Error::Signature { function, expected }
            }
            StartError::MissingCapability { requirement } => {
                let record = module.metadata().requirements().nth(requirement);
                Error::Requires { capability: record.map_or(String::new(), |r| r.capability.to_owned()) }
            }
            StartError::NoFunction => self.program.no_function(""),
            StartError::Arguments => self.wrong_arguments("", &[]),
            _ => Error::OutOfMemory { memory: self.memory, stack: CallStack::default() },
        }
    }

    /// Why arguments do not fit: too many, too few, or one of another type.
    fn wrong_arguments(&self, name: &str, arguments: &[Value]) -> Error {
        let message = self.argument_words(name, arguments).err().unwrap_or_default();
        Error::Arguments { name: name.to_owned(), message }
    }

    fn argument_words(&self, name: &str, arguments: &[Value]) -> Result<usize, String> {
        let module = self.program.view();
        let params = self.program.find_export(name).map_or(&[][..], |export| &export.params);
        if params.len() != arguments.len() {
            let plural = if params.len() == 1 { "" } else { "s" };
            return Err(format!("it takes {} argument{plural}, {} given", params.len(), arguments.len()));
        }
        let sizes = arguments.iter().zip(params).enumerate().map(|(n, (value, &ty))| {
            words(value, TypeId(ty), &module).map_err(|mismatch| format!("argument {}: {mismatch}", n + 1))
        });
        sizes.sum()
    }

    /// Runs `main` and gives what it returns, `Null` if that is nothing. Top-level statements and bindings run
    /// before, once in the runtime's life. A `main` that returns `err` fails.
    ///
    /// # Errors
    /// If the program has no `main`, faults, fails, or reaches a limit.
    pub fn execute(&mut self) -> Result<Value, Error> {
        self.call("main", ())
    }

    /// Calls a `pub fn` of the program, or `main`, with a tuple of arguments; as for [`Runtime::execute`].
    ///
    /// # Errors
    /// If there is no such function or the arguments do not fit it; otherwise as for [`Runtime::execute`].
    pub fn call(&mut self, name: &str, arguments: impl Arguments) -> Result<Value, Error> {
        if self.ready.is_some()
            && let Some(export) = self.program.find_export(name)
            && let Some(slots) = arguments.slots(&export.types)
        {
            let callee = export.callee;
            if let Some(called) = self.call_slots(callee, &slots) {
                return called.map_err(|error| *error).and_then(|_| self.result());
            }
        }
        let entry = self.begin(name, arguments.into_values())?;
        self.drive(Some(entry))
    }

    /// Calls a function whose arguments are these slots, and gives its result's first slot; none if it has to be looked at
    /// what else is due. A run that returns in its first slice and leaves nothing has no more to it than is here.
    pub(crate) fn call_slots(
        &mut self,
        callee: Callee,
        slots: &ArgumentSlots,
    ) -> Option<Result<u64, Box<Error>>> {
        let slice = self.ready?.get();
        self.start_clock();
        let lent = Lent(&mut self.state);
        let state = lent.0.as_mut()?;
        let mut instance = Instance::attach(self.program.view(), &mut self.arena, state);
        instance.limit_host_calls(self.budget.calls());
        let called = instance.call(callee, slots, &mut self.gate, slice);
        lent.give_back();
        match called {
            Ok(Ok(result)) if self.gate.is_untouched() => Some(Ok(result)),
            called => {
                Some(self.call_on(slice, called.map(|result| result.err().unwrap_or(Outcome::Returned))))
            }
        }
    }

    /// The rest of a call that did not return in its first slice, or left something.
    #[cold]
    fn call_on(&mut self, slice: u64, outcome: Result<Outcome, StartError>) -> Result<u64, Box<Error>> {
        let outcome = outcome.map_err(|error| self.start_error(error))?;
        self.budget.renew();
        match self.run(None, Some((slice, outcome)), &mut Patience::Blocks) {
            Poll::Ready(result) => result.map(|()| self.result_slot()),
            // Whoever blocks is not told to come back.
            Poll::Pending => Err(Error::Idle.into()),
        }
    }

    /// The result of the function that returned; an `err` is an error.
    pub(crate) fn result(&mut self) -> Result<Value, Error> {
        let Some(state) = &mut self.state else { return Err(Error::Idle) };
        result_of(&Instance::attach(self.program.view(), &mut self.arena, state), &self.gate.handles)
    }

    /// The first slot of that result.
    #[inline]
    pub(crate) fn result_slot(&mut self) -> u64 {
        let Some(state) = &mut self.state else { return 0 };
        Instance::attach(self.program.view(), &mut self.arena, state).result_slot()
    }

    /// What is entered when the host calls a function: it, or what comes before it.
    pub(crate) fn begin(&mut self, name: &str, arguments: Vec<Value>) -> Result<Entry, Error> {
        let Some(function) = self.program.export(name) else { return Err(self.program.no_function(name)) };
        if self.argument_words(name, &arguments).is_err() {
            return Err(self.wrong_arguments(name, &arguments));
        }
        // What an initialiser left that did not end is not gone on with.
        if self.state.is_none() || !(self.initialised || self.fresh) {
            self.link()?;
        }
        for value in &arguments {
            let admitted = self.gate.handles.admit(value);
            admitted.map_err(|message| Error::Arguments { name: name.to_owned(), message })?;
        }
        self.gate.enter(Some(name), &arguments)?;
        self.forget();
        self.budget.renew();
        match self.program.init() {
            Some(init) if !self.initialised => {
                self.next = Some((function, arguments));
                Ok(Entry { function: init, arguments: Vec::new() })
            }
            _ => Ok(Entry { function, arguments }),
        }
    }

    /// Forgets a run that has not ended.
    #[cold]
    fn forget(&mut self) {
        self.gate.stop = None;
        self.gate.forget_calls();
        self.next = None;
    }

    /// Goes on where a limit on steps, time or host calls ended the last run, with new limits of the same size.
    ///
    /// # Errors
    /// If no such limit ended it; otherwise as for [`Runtime::execute`].
    pub fn resume(&mut self) -> Result<Value, Error> {
        self.begin_again()?;
        self.drive(None)
    }

    pub(crate) fn begin_again(&mut self) -> Result<(), Error> {
        if !self.paused {
            return Err(Error::Idle);
        }
        self.budget.renew();
        self.gate.stop = None;
        self.gate.enter(None, &[])?;
        Ok(())
    }

    /// Whether a limit ended the last run, so that [`Runtime::resume`] can go on.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.paused
    }

    /// Repeats a recorded run, if [`Replay::builder`] made this runtime: calls what the host called then, and gives what
    /// the last of these calls gives. A log without lines stands for a `main` that makes no calls.
    ///
    /// # Errors
    /// [`Error::Diverged`] at the first step that differs from the log; otherwise as for the recorded run.
    pub fn replay(&mut self) -> Result<Value, Error> {
        loop {
            let entry = self.gate.replay.as_deref().and_then(Replay::entry).cloned();
            let result = match entry {
                Some(entry) => match entry.function {
                    Some(function) => {
                        let arguments = self.restored(&function, entry.args);
                        self.call(&function, arguments)
                    }
                    None => self.resume(),
                },
                None => self.execute(),
            };
            let more = self.gate.replay.as_ref().is_some_and(|replay| replay.entry().is_some());
            if !more || matches!(result, Err(Error::Diverged { .. })) {
                return result;
            }
        }
    }

    /// Arguments from a log as values of the types that a function takes.
    fn restored(&self, function: &str, arguments: Vec<Value>) -> Vec<Value> {
        let module = self.program.view();
        let types = self.program.parameters(function);
        let typed = |(n, value)| match types.get(n) {
            Some(&ty) => restore(value, ty, &module),
            None => value,
        };
        arguments.into_iter().enumerate().map(typed).collect()
    }

    /// What the machine has done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.state.as_ref().map_or_else(Counters::default, State::counters)
    }

    /// Where its steps went, if [`RuntimeBuilder::profile`] asked for that. They add up to those of
    /// [`Runtime::counters`], unless it was restored from a snapshot.
    #[must_use]
    pub fn profile(&self) -> Option<Profile> {
        let (profiler, state) = (self.profiler.as_ref()?, self.state.clone()?);
        Some(profiler.profile(&Instance::attach(self.program.view(), &mut [], state)))
    }

    /// Lets a handle of a snapshot's mean something again: the program's handles with the number of this one, which
    /// [`Handle::with_id`] makes, stand for its value.
    ///
    /// # Errors
    /// [`Error::Arguments`] if it has too many handles.
    pub fn bind_handle<T>(&mut self, handle: &Handle<T>) -> Result<(), Error> {
        let bound = self.gate.handles.insert(handle.any());
        bound.map_err(|message| Error::Arguments { name: "bind_handle".to_owned(), message })
    }

    /// The handles that the host gave the program, those that it has dropped among them, but none of a snapshot's that
    /// were not bound again.
    #[must_use]
    pub fn handles(&self) -> Vec<AnyHandle> {
        self.gate.handles.all()
    }

    /// The program that it runs.
    #[must_use]
    pub const fn program(&self) -> &Program {
        &self.program
    }

    /// Enters a function if one is given, runs what was entered, and what is due after it.
    fn drive(&mut self, mut entry: Option<Entry>) -> Result<Value, Error> {
        self.start_clock();
        match self.poll_drive(&mut entry, &mut Patience::Blocks) {
            Poll::Ready(result) => result,
            // Whoever blocks is not told to come back.
            Poll::Pending => Err(Error::Idle),
        }
    }

    #[inline]
    pub(crate) fn start_clock(&mut self) {
        if let Some(timeout) = self.timeout {
            self.gate.deadline = Instant::now().checked_add(timeout);
        }
    }

    /// Goes on with what was entered, and what is due after it, as far as it can without waiting.
    pub(crate) fn poll_drive(
        &mut self,
        entry: &mut Option<Entry>,
        patience: &mut Patience<'_, '_>,
    ) -> Poll<Result<Value, Error>> {
        loop {
            let Poll::Ready(result) = self.run(entry.take(), None, patience) else { return Poll::Pending };
            let result = result.map_err(|error| *error).and_then(|()| self.result());
            let ended = result.is_err() || self.next.is_none();
            if let Some(divergence) = self.divergence(&result).filter(|_| ended) {
                return Poll::Ready(Err(divergence.into()));
            }
            let value = result?;
            match self.next.take() {
                Some((function, arguments)) => {
                    self.initialised = true;
                    *entry = Some(Entry { function, arguments });
                }
                None => return Poll::Ready(Ok(value)),
            }
        }
    }

    /// What a log still has when the program has ended, if it is not the log that ended it.
    fn divergence(&self, result: &Result<Value, Error>) -> Option<Divergence> {
        let replay = self.gate.replay.as_ref().filter(|_| !matches!(result, Err(Error::Diverged { .. })))?;
        replay.ended(self.counters().steps, || match result {
            Ok(value) => format!("the program ended with {value}"),
            Err(error) => format!("the program ended: {error}"),
        })
    }

    /// One run: enters a function or leaves what was entered, runs it, and says what came of it. Its first slice may be over,
    /// with this outcome.
    fn run(
        &mut self,
        entry: Option<Entry>,
        first: Option<(u64, Outcome)>,
        patience: &mut Patience<'_, '_>,
    ) -> Poll<Result<(), Box<Error>>> {
        let Self { program, arena, state, gate, budget, profiler, ready, fresh, paused, .. } = self;
        (*ready, *paused) = (None, false);
        let lent = Lent(state);
        let Some(state) = lent.0 else { return Poll::Ready(Err(Error::Idle.into())) };
        *fresh = false;
        let mut instance = Instance::attach(program.view(), arena, state);
        if let Some(entry) = entry
            && let Err(error) = enter(&mut instance, &entry)
        {
            lent.give_back();
            return Poll::Ready(Err(self.start_error(error).into()));
        }
        gate.begin();
        let end = run(&mut instance, gate, budget, profiler.as_mut(), patience, first);
        lent.give_back();
        let result = match end {
            Poll::Ready(End::Returned) if self.gate.is_done() => Poll::Ready(Ok(())),
            Poll::Ready(end) => Poll::Ready(self.wind_up(end)),
            Poll::Pending => {
                self.paused = true;
                Poll::Pending
            }
        };
        self.ready = self.readiness();
        result
    }

    /// The steps of the next call's first slice, if there is nothing else to it: module state has its first values, nothing
    /// is left of any run, and nobody has to be told of the arguments, now or later.
    fn readiness(&mut self) -> Option<NonZeroU64> {
        let rests = self.initialised && !self.paused && self.next.is_none() && self.gate.is_done();
        // How long a slice is, is known once there is a clock.
        let no_clock = self.timeout.is_some() && self.gate.deadline.is_none();
        if !rests || no_clock || self.gate.is_recorded() || self.profiler.is_some() {
            return None;
        }
        self.gate.begin();
        self.budget.first_slice(&self.gate)
    }

    /// What is due when a run has ended and has left something.
    #[cold]
    fn wind_up(&mut self, end: End) -> Result<(), Box<Error>> {
        let result = match (end, &mut self.state) {
            (End::Returned, _) => Ok(()),
            (end, Some(state)) => {
                let instance = Instance::attach(self.program.view(), &mut self.arena, state);
                Err(end.into_error(&instance, &self.budget, self.memory))
            }
            (_, None) => Err(Error::Idle),
        };
        // Whoever reads the error reads the output first. If nothing else went wrong, a sink that does not take it is
        // what did.
        let flushed = self.gate.state.output.flush().map_err(|error| Error::Failed {
            message: format!("output: {error}"),
            stack: CallStack::default(),
        });
        let limit = match &result {
            Err(Error::TimedOut { .. }) => Some(OUT_OF_TIME),
            Err(Error::OutOfSteps { .. }) => Some("out of steps"),
            Err(Error::OutOfHostCalls { .. }) => Some("out of host calls"),
            _ => None,
        };
        self.paused = limit.is_some();
        if let Some(limit) = limit {
            let told = self.gate.limited(self.counters().steps, limit);
            told.map_err(|message| Error::Audit { message })?;
        }
        let result = result.and(flushed);
        if !self.paused && (result.is_err() || self.next.is_none()) {
            self.gate.forget_calls();
        }
        result.map_err(Box::new)
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("program", &self.program)
            .field("memory", &self.memory)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

/// The types of a function's parameters.
fn parameters<'a>(module: &Module<'a>, function: u16) -> &'a [u16] {
    let signature = module.function(function).and_then(|function| module.types.record(function.signature));
    signature.and_then(|record| record.components.split_last()).map_or(&[], |(_, params)| params)
}

fn enter(instance: &mut Running<'_>, entry: &Entry) -> Result<(), StartError> {
    let Entry { function, arguments } = entry;
    let module = *instance.module();
    let params = parameters(&module, *function);
    let sizes = arguments.iter().zip(params).map(|(value, &ty)| words(value, TypeId(ty), &module));
    let room = sizes.sum::<Result<usize, _>>().unwrap_or(0);
    instance.enter(*function, room, |builder, slots| {
        for (value, &ty) in arguments.iter().zip(params) {
            let mut made = SlotValues::new();
            make(value, TypeId(ty), builder, &mut made)?;
            slots.extend_from_slice(&made).ok()?;
        }
        Some(())
    })
}

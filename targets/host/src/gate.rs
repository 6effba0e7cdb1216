//! The gate between a program and the functions that it was granted: this is the crate's one implementation of
//! [`mog_core::Host`]. It links, calls, converts, contains panics, and tells the observer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use std::{fmt, thread};

use mog_core::error::Failure;
use mog_core::heap::SlotValues;
use mog_core::module::{Import, TypeRecord};
use mog_core::{Binding, Call, DirectCall, Host, Module, Reply, TypeId};

use crate::asking::Asking;
use crate::audit::{Entry, Event, OUTPUT_LIMIT, Observer, Outcome, Setup};
use crate::capabilities::{Body, Standard, State, log};
use crate::direct::{Came, DirectBody};
use crate::function::{Args, Work};
use crate::handle::Handles;
use crate::interrupt::NOTICE;
use crate::make::{make, words};
use crate::notes::Notes;
use crate::pending::{Pending, Progress, contained, panicked};
use crate::read::{MAX_BYTES, Reader};
use crate::replay::{Divergence, Happening, Recorded, Replay};
use crate::types::is_plain;
use crate::{CallError, CapabilitySet, Function, Interrupt, Type, Value};

/// Longest message of a failure that a program gets to see, in bytes.
const MAX_MESSAGE: usize = 4096;

/// Why a program may not go on, whatever it catches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    /// It has printed more than it may.
    OutputLimit,
    /// Its time is up.
    Timeout,
    /// A call could not be logged; why.
    Observer(String),
    /// It does not do what the log says.
    Diverged(Divergence),
}

/// What an import was linked to.
struct Bound {
    /// The number of the granted function.
    granted: u32,
    /// The types were found to agree, and each argument is in one register: no need to look again at each call.
    direct: bool,
    /// What a direct call calls.
    body: Option<Arc<DirectBody>>,
}

pub(crate) struct Gate {
    pub(crate) set: CapabilitySet,
    pub(crate) state: State,
    pub(crate) observer: Option<Box<dyn Observer>>,
    /// For the observer: how the runtime was set up.
    pub(crate) setup: Option<Box<Setup>>,
    /// Where results come from instead of the host's functions.
    pub(crate) replay: Option<Box<Replay>>,
    /// Whether somebody wants it to end.
    pub(crate) interrupt: Option<Interrupt>,
    /// When the program must have ended.
    pub(crate) deadline: Option<Instant>,
    /// Calls that are under way.
    pub(crate) pending: Pending,
    /// What they did by themselves.
    pub(crate) notes: Notes,
    pub(crate) handles: Handles,
    /// Why the program was stopped.
    pub(crate) stop: Option<Stop>,
    /// What each import was linked to.
    bound: Vec<Bound>,
    /// The calls that wait for a function of the program, one within the other.
    pub(crate) asking: Vec<Asking>,
    /// Whether calls may be made directly: nobody looks on, and the clock does not matter.
    direct: bool,
    /// Whether something may be left of a run: since nothing was, a call was made other than directly.
    touched: bool,
    /// Why a direct call failed, for the machine to settle, and its cost in steps.
    unsettled: Option<Box<(CallError, u64)>>,
}

impl Gate {
    pub(crate) fn new(set: CapabilitySet, state: State, observer: Option<Box<dyn Observer>>) -> Self {
        let notes = observer.as_ref().map_or_else(Notes::default, |_| Notes::kept());
        Self {
            set,
            state,
            observer,
            notes,
            setup: None,
            replay: None,
            interrupt: None,
            deadline: None,
            pending: Pending::default(),
            handles: Handles::default(),
            stop: None,
            bound: Vec::new(),
            asking: Vec::new(),
            direct: false,
            touched: false,
            unsettled: None,
        }
    }

    /// Forgets what was linked, before a program is linked anew.
    pub(crate) fn unlink(&mut self) {
        self.bound.clear();
        self.handles.clear();
    }

    /// Whether the host's function and the program agree on the types.
    fn agree(&self, number: usize, signature: TypeRecord<'_>, module: &Module<'_>) -> bool {
        let Some((result, params)) = signature.components.split_last() else { return false };
        let fits = |own: &[Type], result_type: &Type| {
            own.len() == params.len()
                && own.iter().zip(params).all(|(own, &ty)| own.accepts(TypeId(ty), module))
                && result_type.delivered().gives(TypeId(*result), module)
        };
        match self.set.granted(number).map(|granted| &granted.body) {
            Some(Body::Host(host)) => host.params.as_ref().is_none_or(|own| fits(own, &host.result)),
            Some(Body::Standard(Standard { params, result, .. })) => fits(params, result),
            Some(Body::Recorded) => true,
            None => false,
        }
    }

    /// Whether the host's function says how many parameters it has, so that agreement means something.
    fn is_typed(&self, number: usize) -> bool {
        match self.set.granted(number).map(|granted| &granted.body) {
            Some(Body::Host(host)) => host.params.is_some(),
            Some(Body::Standard(_)) => true,
            Some(Body::Recorded) | None => false,
        }
    }

    /// Carries out a call. What it converts is charged.
    fn invoke(&mut self, function: u16, call: &mut Call<'_, '_>) -> Progress {
        if let Some((error, steps)) = self.unsettled.take().map(|unsettled| *unsettled) {
            call.charge(steps);
            return Progress::Done(Err(error));
        }
        let Some(&Bound { granted, direct, .. }) = self.bound.get(usize::from(function)) else {
            return denied();
        };
        let args = Args::new(call, direct, self.handles.clone());
        let progress = self.carry_out(granted as usize, &args);
        let steps = args.steps();
        call.charge(steps);
        progress
    }

    /// Calls a granted function.
    #[inline]
    fn carry_out(&mut self, number: usize, args: &Args<'_, '_, '_>) -> Progress {
        match self.set.granted(number).map(|granted| &granted.body) {
            Some(Body::Standard(row)) => Progress::Done((row.body)(args, &mut self.state)),
            Some(Body::Host(host)) => {
                // The function may print too. Should that fail, the next print says so.
                let _ = self.state.output.flush();
                match &host.work {
                    Work::Now { body, .. } => Progress::Done(contained(|| body(args))),
                    Work::Later(body) => self.pending.begin(|| {
                        args.let_call(&self.notes);
                        let future = body(args)?;
                        Ok((future, args.channel()))
                    }),
                }
            }
            Some(Body::Recorded) | None => denied(),
        }
    }

    /// Turns an outcome into the machine's terms. A result that does not fit becomes a failure.
    fn settle(&mut self, function: u16, call: &mut Call<'_, '_>, progress: &mut Progress) -> Reply {
        if let Progress::Done(Ok(value)) = progress {
            match self.handles.admit(value).and_then(|()| deliver(call, value)) {
                Ok(reply) => return reply,
                Err(message) => *progress = Progress::Done(Err(CallError::Failed(message))),
            }
        }
        if let Progress::Done(Err(CallError::Sleep(ms))) = progress {
            *progress = self.pending.sleep(*ms);
        }
        if let Progress::Asks(token, question) = progress {
            match self.ask(function, call, *token, question) {
                Ok(reply) => return reply,
                Err(message) => {
                    self.pending.cancel(*token);
                    *progress = Progress::Done(Err(CallError::Failed(message)));
                }
            }
        }
        match progress {
            Progress::Pending(token) | Progress::Asks(token, _) => Reply::Pending(*token),
            Progress::Done(Err(CallError::Failed(message))) => call.fail(shortened(message)),
            Progress::Done(Err(CallError::Denied(message))) => call.deny(shortened(message)),
            Progress::Done(Err(CallError::OutputLimit)) => self.halt(Stop::OutputLimit),
            Progress::Done(Ok(_) | Err(CallError::Sleep(_))) => Reply::Done,
        }
    }

    /// Whether nothing is left of a run: no output, no call that is under way, and no reason to stop.
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        let is_quiet = self.state.output.is_empty() && self.stop.is_none();
        is_quiet && self.asking.is_empty() && self.pending.is_clear()
    }

    /// Whether it is done for certain, as quickly as can be said.
    #[inline]
    pub(crate) fn is_untouched(&self) -> bool {
        debug_assert!(self.touched || self.is_done());
        !self.touched
    }

    /// Nobody waits for any call any more.
    pub(crate) fn forget_calls(&mut self) {
        self.pending.clear();
        self.asking.clear();
    }

    /// Tells the observer what calls did by themselves.
    fn report_notes(&mut self, step: u64) {
        if let Some(observer) = &mut self.observer
            && let Err(error) = self.notes.tell(step, observer.as_mut())
        {
            self.stop.get_or_insert(Stop::Observer(error.to_string()));
        }
    }

    /// Whether calls are recorded, or come from a record.
    pub(crate) fn is_recorded(&self) -> bool {
        self.observer.is_some() || self.replay.is_some()
    }

    /// A run begins.
    pub(crate) fn begin(&mut self) {
        self.touched = !self.is_done();
        self.direct = !self.is_recorded() && self.deadline.is_none() && self.stop.is_none();
    }

    /// Leaves the failure of a direct call to the machine.
    #[cold]
    #[inline(never)]
    fn not_done(&mut self, came: thread::Result<Came>, call: DirectCall<'_, '_>) -> u64 {
        let error = match came {
            Ok(Came::Failed(error)) => *error,
            Ok(_) => return call.leave(),
            Err(panic) => panicked(panic),
        };
        self.unsettled = Some(Box::new((error, u64::from(call.charged()))));
        call.leave()
    }

    /// Ends the program where it stands.
    fn halt(&mut self, stop: Stop) -> Reply {
        self.stop.get_or_insert(stop);
        Reply::Halt
    }

    /// The host calls the program.
    pub(crate) fn enter(&mut self, function: Option<&str>, args: &[Value]) -> Result<(), Divergence> {
        if let (Some(observer), Some(setup)) = (&mut self.observer, &self.setup) {
            observer.entered(&Entry { function, args, setup });
        }
        self.replay.as_mut().map_or(Ok(()), |replay| replay.enter(function, args))
    }

    /// Looks whether a pending call can go on, or time is up: this call, or whichever can be the first. Gives that one
    /// where no call is named. One at a time, so that the order of their ends is all that there is to record. If there
    /// is none, the context is woken when a future may have ended, and nobody is at [`Gate::wakes_at`].
    pub(crate) fn poll_wait(
        &mut self,
        asked: Option<u32>,
        step: u64,
        context: &Context<'_>,
    ) -> Poll<Option<u32>> {
        if let Some(replay) = self.replay.as_mut().filter(|replay| !replay.is_live()) {
            if asked.is_some() {
                return Poll::Ready(None);
            }
            return Poll::Ready(replay.completed(step).map_err(|stop| self.stop.get_or_insert(stop)).ok());
        }
        self.pending.poll(context);
        match self.pending.first(asked) {
            Some(token) => Poll::Ready(asked.is_none().then_some(token)),
            None if self.is_late(step) || self.pending.is_empty() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// When whoever waits is to look again, though no future woke it: when a sleep ends, or its time, or when somebody may
    /// have interrupted it.
    pub(crate) fn wakes_at(&self, asked: Option<u32>) -> Option<Instant> {
        let notice = self.interrupt.as_ref().map(|_| Instant::now() + NOTICE);
        self.pending.first_sleep(asked).into_iter().chain(self.deadline).chain(notice).min()
    }

    /// Whether time is up.
    pub(crate) fn is_late(&self, step: u64) -> bool {
        self.replay.as_ref().is_some_and(|replay| replay.timed_out(step))
            || self.is_past_deadline()
            || self.is_interrupted()
    }

    fn is_past_deadline(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn is_interrupted(&self) -> bool {
        self.interrupt.as_ref().is_some_and(Interrupt::is_set)
    }

    /// Whether a run has to look up now and then: at the clock, the log, or whether somebody wants it to end.
    pub(crate) fn is_sliced(&self) -> bool {
        self.deadline.is_some() || self.replay.is_some() || self.interrupt.is_some()
    }

    /// A limit ended the run, so that it can go on.
    pub(crate) fn limited(&mut self, step: u64, limit: &str) -> Result<(), String> {
        if let Some(replay) = &mut self.replay {
            replay.limited(step, limit);
        }
        self.report_notes(step);
        let told = self.observer.as_mut().map_or(Ok(()), |observer| observer.limited(step, limit));
        told.map_err(|error| error.to_string())
    }

    fn report(
        &mut self,
        call: &Call<'_, '_>,
        args: &[Value],
        (outcome, result): (Outcome, &Value),
        (cost, token): (u64, Option<u32>),
        (resumed, answer): (bool, Option<&Value>),
        took: Duration,
    ) {
        let Some(import) = call.import() else { return };
        let (capability, function, params) = (import.capability, import.function, import.params);
        let step = call.step();
        self.report_notes(step);
        let event = Event {
            step,
            cost,
            capability,
            function,
            args,
            params,
            token,
            resumed,
            nested: false,
            answer,
            outcome,
            result,
            took,
        };
        if let Some(observer) = &mut self.observer
            && let Err(error) = observer.observe(&event)
        {
            self.stop.get_or_insert(Stop::Observer(error.to_string()));
        }
    }

    /// Carries out and settles a call, or the rest of one that was pending, and reports it.
    fn perform(
        &mut self,
        function: u16,
        call: &mut Call<'_, '_>,
        resumed: Option<u32>,
        work: impl FnOnce(&mut Self, &mut Call<'_, '_>) -> Progress,
    ) -> Reply {
        if self.stop.is_some() {
            return Reply::Halt;
        }
        if self.is_past_deadline() || self.is_interrupted() {
            return self.halt(Stop::Timeout);
        }
        if !self.is_recorded() {
            let mut progress = work(self, call);
            return self.settle(function, call, &mut progress);
        }
        let args = arguments(call, &self.handles);
        let (start, before) = (Instant::now(), call.step());
        let answer = call.answer().map(|(_, value)| {
            let reader = Reader::new(MAX_BYTES, self.handles.clone());
            reader.read(&value).unwrap_or_else(|mismatch| Value::from(mismatch.to_string()))
        });
        let recorded = match self.recorded(call, &args, resumed, answer.as_ref()) {
            Ok(recorded) => recorded,
            Err(stop) => return self.halt(stop),
        };
        resumed.filter(|_| recorded.is_some()).into_iter().for_each(|token| self.pending.cancel(token));
        let mut progress = match &recorded {
            Some(Recorded { outcome: Outcome::Pending, token: Some(token), .. }) => {
                self.pending.repeat(*token)
            }
            Some(recorded) => match recorded.question(call) {
                Some((token, question)) => Progress::Asks(token, question),
                None => Progress::Done(self.repeat(call, recorded, &args)),
            },
            None => work(self, call),
        };
        let reply = self.settle(function, call, &mut progress);
        if let Some(recorded) = &recorded {
            // What the host's function read of its arguments then.
            call.charge(recorded.cost.saturating_sub(call.step() - before));
        }
        let token = match progress {
            Progress::Asks(token, _) => Some(token),
            _ if let Reply::Pending(token) = reply => Some(token),
            _ => resumed,
        };
        let (outcome, result) = match &progress {
            Progress::Done(Ok(value)) => (Outcome::Ok, value),
            Progress::Done(Err(CallError::Failed(message))) => {
                (Outcome::Error, &Value::from(message.as_str()))
            }
            Progress::Done(Err(CallError::Denied(message))) => {
                (Outcome::Denied, &Value::from(message.as_str()))
            }
            Progress::Done(Err(CallError::OutputLimit)) => (Outcome::Error, &Value::from(OUTPUT_LIMIT)),
            Progress::Done(Err(CallError::Sleep(_))) | Progress::Pending(_) => {
                (Outcome::Pending, &Value::Null)
            }
            Progress::Asks(_, question) => (Outcome::Calls, &question.to_value()),
        };
        let cost = call.step() - before;
        let went_on = (resumed.is_some(), answer.as_ref());
        self.report(call, &args, (outcome, result), (cost, token), went_on, start.elapsed());
        if self.stop.is_some() { Reply::Halt } else { reply }
    }

    /// What the log has for a call; nothing if there is no log to repeat.
    fn recorded(
        &mut self,
        call: &Call<'_, '_>,
        args: &[Value],
        token: Option<u32>,
        answer: Option<&Value>,
    ) -> Result<Option<Recorded>, Stop> {
        let replay = self.replay.as_mut().filter(|replay| !replay.is_live());
        let (Some(replay), Some(import)) = (replay, call.import()) else { return Ok(None) };
        let (capability, function, step) = (import.capability, import.function, call.step());
        replay.next(&Happening { capability, function, args, step, token, answer }).map(Some)
    }

    /// What a call gave when it was recorded. What it printed is printed again, unless that was for somebody who still sees
    /// it.
    fn repeat(
        &mut self,
        call: &Call<'_, '_>,
        recorded: &Recorded,
        args: &[Value],
    ) -> Result<Value, CallError> {
        let prints = self.replay.as_ref().is_some_and(|replay| replay.prints());
        let import = call.import().filter(|_| prints).map(|import| (import.capability, import.function));
        let line_end = match import {
            Some(("out", "print")) => Some(false),
            Some(("out", "println") | ("log", "write")) => Some(true),
            _ => None,
        };
        if let (Some(line_end), Outcome::Ok, [Value::Str(text)]) = (line_end, recorded.outcome, args) {
            // Whether somebody still reads it does not change the run.
            let _ = self.state.output.write(text, line_end);
        }
        recorded.result(call.result_type(), call.module())
    }

    /// Notes a call that the machine answered itself.
    fn unperformed(&mut self, call: &Call<'_, '_>, outcome: Outcome, result: &Value) {
        if self.stop.is_some() || !self.is_recorded() {
            return;
        }
        let args = arguments(call, &self.handles);
        match self.recorded(call, &args, None, None) {
            Ok(_) => self.report(call, &args, (outcome, result), (0, None), (false, None), Duration::ZERO),
            Err(stop) => self.stop = Some(stop),
        }
    }
}

impl Host for Gate {
    fn bind(&mut self, import: &Import<'_>, signature: TypeRecord<'_>, module: &Module<'_>) -> Binding {
        let Ok(number) = u16::try_from(self.bound.len()) else { return Binding::Refused };
        let Some(granted) = self.set.find(import.capability, import.function) else {
            return Binding::Refused;
        };
        let agree = self.agree(granted, signature, module);
        if !agree && import.declared {
            return Binding::Mismatch;
        }
        // Without a declaration the program cannot know better; each call finds out.
        let direct = agree && self.is_typed(granted) && is_plain(signature);
        let body = match self.set.granted(granted).map(|granted| &granted.body) {
            Some(Body::Host(Function { work: Work::Now { body: _, direct: body }, .. })) if direct => {
                body.clone()
            }
            _ => None,
        };
        // Half a word, for each instance has these.
        let granted = granted as u32;
        self.bound.push(Bound { granted, direct, body });
        Binding::Granted(number)
    }

    fn grants(&self, capability: &str) -> bool {
        self.set.grants(capability)
    }

    fn call(&mut self, function: u16, call: &mut Call<'_, '_>) -> Reply {
        self.touched = true;
        self.perform(function, call, None, |gate, call| gate.invoke(function, call))
    }

    fn call_direct(&mut self, function: u16, call: DirectCall<'_, '_>) -> u64 {
        // What was printed is to be handed on before a function of the host's is called.
        if !self.direct || self.is_interrupted() || !self.state.output.is_empty() {
            return call.leave();
        }
        let Some(Bound { body: Some(body), .. }) = self.bound.get(usize::from(function)) else {
            return call.leave();
        };
        // As `contained` does, whose result has no room in registers, which takes more instructions.
        match catch_unwind(AssertUnwindSafe(|| body.call(call))) {
            Ok(Came::Slot(result)) => result,
            other => self.not_done(other, call),
        }
    }

    fn resume(&mut self, function: u16, token: u32, call: &mut Call<'_, '_>) -> Reply {
        self.touched = true;
        if call.answer().is_some() {
            return self
                .perform(function, call, Some(token), |gate, call| gate.answered(function, token, call));
        }
        if !self.pending.is_over(token, Instant::now()) {
            return Reply::Pending(token);
        }
        self.perform(function, call, Some(token), |gate, _| gate.pending.finish(token))
    }

    fn cancelled(&mut self, token: u32) {
        self.pending.cancel(token);
    }

    fn spawn_failed(&mut self, failure: Failure, message: &str) {
        self.touched = true;
        let kind = if failure == Failure::Denied { " (denied)" } else { "" };
        // A log that cannot be written stops no program.
        let _ = log::line("error", &format!("a spawned task failed{kind}: {message}"), &mut self.state);
    }

    fn denies(&self, capability: &str, function: &str) -> bool {
        self.set.denies(capability, function)
    }

    fn skipped(&mut self, call: &mut Call<'_, '_>) {
        self.unperformed(call, Outcome::Skipped, &Value::Null);
    }

    fn refused(&mut self, call: &mut Call<'_, '_>) {
        let name = call.import().map_or(String::new(), |i| format!("{}.{}", i.capability, i.function));
        self.unperformed(call, Outcome::Denied, &Value::from(format!("capability denied: {name}")));
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("set", &self.set).field("stop", &self.stop).finish_non_exhaustive()
    }
}

fn denied() -> Progress {
    Progress::Done(Err(CallError::Denied("capability denied".to_owned())))
}

/// The arguments as the observer sees them; what cannot be copied is described instead.
fn arguments(call: &Call<'_, '_>, handles: &Handles) -> Vec<Value> {
    let args = Args::new(call, false, handles.clone());
    // So that they are named.
    args.let_call(&Notes::default());
    let described = |error| match error {
        CallError::Failed(message) => Value::Str(message),
        _ => Value::Null,
    };
    (0..args.len()).map(|index| args.value(index).unwrap_or_else(described)).collect()
}

/// Sets a call's result. An error says why the value does not fit.
fn deliver(call: &mut Call<'_, '_>, value: &Value) -> Result<Reply, String> {
    let ty = call.result_type();
    match (value, ty) {
        (Value::Null, TypeId::UNIT) => return Ok(Reply::Done),
        (Value::Int(value), TypeId::INT) => return Ok(call.return_int(*value)),
        (Value::Float(value), TypeId::FLOAT) => return Ok(call.return_float(*value)),
        (Value::Bool(value), TypeId::BOOL) => return Ok(call.return_int(i64::from(*value))),
        _ => {}
    }
    let wrong = |call: &Call<'_, '_>, what: &dyn fmt::Display| match call.import() {
        Some(import) => format!("{}.{} gave a wrong result: {what}", import.capability, import.function),
        None => format!("a wrong result: {what}"),
    };
    let room = words(value, ty, call.module()).map_err(|mismatch| wrong(call, &mismatch))?;
    call.charge(room as u64);
    let mut slots = SlotValues::new();
    let made = match call.build(room) {
        Ok(mut builder) => make(value, ty, &mut builder, &mut slots),
        Err(reply) => return Ok(reply),
    };
    match made {
        Some(()) => call.set_result(&slots),
        None => return Err(wrong(call, &"it cannot be made")),
    }
    Ok(Reply::Done)
}

fn shortened(message: &str) -> &str {
    message.get(..message.floor_char_boundary(MAX_MESSAGE)).unwrap_or(message)
}

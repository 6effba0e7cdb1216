//! Replay: a run again from its audit log, without the host's functions. The gate asks here for what each call gave;
//! the first step at which the run differs from the log ends it.

use std::collections::VecDeque;
use std::fmt;

use mog_core::error::Failure;
use mog_core::heap::Variants;
use mog_core::module::TypeKind;
use mog_core::{Call, Module, TypeId};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::audit::{Entered, OUT_OF_TIME, OUTPUT_LIMIT, Outcome, REDACTED, Setup, Tampered, verify};
use crate::callback::Question;
use crate::gate::Stop;
use crate::{AnyHandle, CallError, Runtime, RuntimeBuilder, Value};

/// Why a log cannot be replayed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LogError {
    /// It is not as it was written.
    Tampered(Tampered),
    /// A line is not one of an audit log.
    Unreadable {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tampered(tampered) => tampered.fmt(f),
            Self::Unreadable { line, message } => write!(f, "line {line} of the audit log: {message}"),
        }
    }
}

impl std::error::Error for LogError {}

/// Where a run differs from the log first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Divergence {
    /// The number of the log's line; one beyond the last if the log ends before the run does.
    pub seq: u64,
    /// Steps that the program had taken.
    pub step: u64,
    /// What the log says.
    pub recorded: String,
    /// What came instead.
    pub happened: String,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, step, recorded, happened } = self;
        writeln!(f, "the run differs from the log at seq {seq}, step {step}")?;
        write!(f, "  recorded: {recorded}\n  happened: {happened}")
    }
}

/// A line of the log.
#[derive(Debug, Deserialize)]
pub(crate) struct Recorded {
    seq: u64,
    step: u64,
    capability: String,
    function: String,
    args: Vec<Box<RawValue>>,
    pub(crate) outcome: Outcome,
    result: Box<RawValue>,
    #[serde(default)]
    pub(crate) cost: u64,
    #[serde(default)]
    pub(crate) token: Option<u32>,
    #[serde(default)]
    resumed: bool,
    #[serde(default)]
    nested: bool,
    #[serde(default)]
    answer: Option<Box<RawValue>>,
    #[serde(default)]
    run: Option<Setup>,
    #[serde(default)]
    entered: Vec<Entered>,
    /// How often the host had called the program by then.
    #[serde(skip)]
    entries: usize,
    /// The result as it was, if it was kept.
    #[serde(skip)]
    kept: Option<Value>,
}

/// A call that the program makes now.
pub(crate) struct Happening<'h> {
    pub(crate) capability: &'h str,
    pub(crate) function: &'h str,
    pub(crate) args: &'h [Value],
    /// Steps before what the call converts is charged.
    pub(crate) step: u64,
    /// Which pending call goes on.
    pub(crate) token: Option<u32>,
    /// What a function of the program gave it.
    pub(crate) answer: Option<&'h Value>,
}

/// A recorded run, to be repeated: every call of a host function gives what it gave then, at once; what it printed
/// (`out`, `log.write`) is printed again.
///
/// ```
/// # use mog::{AuditLog, CapabilitySet, Replay, Runtime, compile_mog_source};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("mog-replay-{}", std::process::id()));
/// let program = compile_mog_source("fn main() -> int { random.int(1, 6) }")?;
/// let mut capabilities = CapabilitySet::new();
/// capabilities.grant_standard("random")?;
/// let log = AuditLog::new(std::fs::File::create(&path)?);
/// let thrown = Runtime::builder().audit(log).build(program.clone(), capabilities)?.execute()?;
///
/// let replay = Replay::read(&std::fs::read_to_string(&path)?)?;
/// let mut runtime = replay.builder().build(program, CapabilitySet::empty())?;
/// assert_eq!(runtime.replay()?, thrown);
/// # std::fs::remove_file(&path)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Replay {
    lines: VecDeque<Recorded>,
    entries: VecDeque<Entered>,
    setup: Option<Setup>,
    /// How often the host has called the program.
    entered: usize,
    /// Lines of the whole log.
    total: usize,
    /// After how many calls of the program the host's functions are called again; never if it is none.
    live_after: Option<usize>,
}

impl Replay {
    /// Reads a log that an [`AuditLog`](crate::AuditLog) wrote, of a runtime that began anew: one that was restored from a
    /// snapshot cannot be repeated.
    ///
    /// # Errors
    /// If it was changed, or is no such log. That it was cut at its end shows only when it is replayed.
    pub fn read(log: &str) -> Result<Self, LogError> {
        let total = verify(log).map_err(LogError::Tampered)?;
        let mut replay = Self {
            lines: VecDeque::new(),
            entries: VecDeque::new(),
            setup: None,
            entered: 0,
            total,
            live_after: None,
        };
        let mut entries = 0;
        for (number, text) in log.lines().enumerate() {
            let mut line: Recorded = serde_json::from_str(text)
                .map_err(|error| LogError::Unreadable { line: number + 1, message: error.to_string() })?;
            if let Some(setup) = line.run.take() {
                replay.setup.get_or_insert(setup);
            }
            entries += line.entered.len();
            line.entries = entries;
            replay.entries.extend(line.entered.drain(..));
            if !line.nested {
                replay.lines.push_back(line);
            }
        }
        match replay.entries.front() {
            Some(Entered { function: None, .. }) => {
                let message = "the run goes on from a snapshot, which is not in the log".to_owned();
                Err(LogError::Unreadable { line: 1, message })
            }
            _ => Ok(replay),
        }
    }

    /// The same for a program that goes on: of so many calls by the host everything is repeated but what they printed, from
    /// then on the host's functions are called. The program may take other steps than it did then. The results of all lines
    /// are as they were, which JSON does not show of all.
    pub(crate) fn live_after(mut self, entries: usize, results: &[Value]) -> Self {
        self.live_after = Some(entries);
        for line in &mut self.lines {
            let number = usize::try_from(line.seq).ok().and_then(|seq| seq.checked_sub(1));
            line.kept = number.and_then(|number| results.get(number)).cloned();
        }
        self
    }

    /// Whether the host's functions are called, for all that is recorded was repeated.
    pub(crate) fn is_live(&self) -> bool {
        self.live_after.is_some_and(|entries| self.entered > entries)
    }

    /// Whether what was printed is printed again.
    pub(crate) const fn prints(&self) -> bool {
        self.live_after.is_none()
    }

    /// A runtime that repeats the run, with the limits that it had; they can be changed. The functions that the program
    /// was granted come from the log, whatever is given to [`RuntimeBuilder::build`].
    #[must_use]
    pub fn builder(self) -> RuntimeBuilder {
        let mut builder = Runtime::builder();
        if let Some(setup) = &self.setup {
            let Setup { memory, stack, steps, host_calls, seed, .. } = *setup;
            builder = builder.memory(memory).seed(seed);
            builder = builder.steps(steps.unwrap_or(u64::MAX)).host_calls(host_calls.unwrap_or(u64::MAX));
            if let Some(words) = stack {
                builder = builder.stack(words.saturating_mul(8));
            }
        }
        builder.replay(self)
    }

    /// How many lines the log has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.total
    }

    /// Whether the log has no lines: the program made no calls.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    pub(crate) const fn setup(&self) -> Option<&Setup> {
        self.setup.as_ref()
    }

    /// The next call of the program by its host, if the log has one.
    pub(crate) fn entry(&self) -> Option<&Entered> {
        self.entries.front()
    }

    /// The host calls the program.
    pub(crate) fn enter(&mut self, function: Option<&str>, args: &[Value]) -> Result<(), Divergence> {
        let happened = Entered { function: function.map(str::to_owned), args: args.to_vec() };
        self.entered += 1;
        match self.entries.pop_front() {
            // Calls after the last line are not recorded.
            None => Ok(()),
            Some(recorded) if entry_text(&recorded) == entry_text(&happened) => Ok(()),
            Some(recorded) => Err(self.differs(0, entry_text(&recorded), entry_text(&happened))),
        }
    }

    fn differs(&self, step: u64, recorded: String, happened: String) -> Divergence {
        let seq = self.lines.front().map_or(self.total as u64 + 1, |line| line.seq);
        Divergence { seq, step, recorded, happened }
    }

    /// What a call gave, if the log has it next.
    pub(crate) fn next(&mut self, call: &Happening<'_>) -> Result<Recorded, Stop> {
        let Some(line) = self.lines.front() else {
            let ends = format!("nothing: the log ends here, after {} lines; the program went on", self.total);
            return Err(Stop::Diverged(self.differs(call.step, ends, call_text(call))));
        };
        if self.timed_out(call.step) {
            return Err(Stop::Timeout);
        }
        let before = line.step.saturating_sub(line.cost);
        let goes_on = line.goes_on();
        let same = line.capability == call.capability
            && line.function == call.function
            && line.args.len() == call.args.len()
            && line.args.iter().zip(call.args).all(|(recorded, value)| same_value(recorded, value));
        if let (true, Some(recorded), Some(answer)) = (same, &line.answer, call.answer)
            && !same_value(recorded, answer)
        {
            let gave =
                |what: &dyn fmt::Display| format!("{}: the program's function gave {what}", line.text());
            return Err(Stop::Diverged(self.differs(call.step, gave(&recorded), gave(answer))));
        }
        let in_time = before == call.step || self.live_after.is_some();
        if same && in_time && goes_on == call.token {
            return self.lines.pop_front().ok_or(Stop::Timeout);
        }
        let (mut recorded, mut happened) = (line.text(), call_text(call));
        if same {
            recorded = format!("{recorded} at step {before}");
            happened = format!("{happened} at step {}", call.step);
        }
        Err(Stop::Diverged(self.differs(call.step, recorded, happened)))
    }

    /// Whether time ended the recorded run at this step or before.
    pub(crate) fn timed_out(&self, step: u64) -> bool {
        self.lines
            .front()
            .is_some_and(|line| line.limit().as_deref() == Some(OUT_OF_TIME) && step >= line.step)
    }

    /// A limit ended the run.
    pub(crate) fn limited(&mut self, step: u64, limit: &str) {
        self.lines.pop_front_if(|line| line.limit().as_deref() == Some(limit) && step >= line.step);
    }

    /// The pending call that goes on next, while every task waits.
    pub(crate) fn completed(&self, step: u64) -> Result<u32, Stop> {
        if self.timed_out(step) {
            return Err(Stop::Timeout);
        }
        let line = self.lines.front();
        if let Some(token) = line.and_then(Recorded::goes_on) {
            return Ok(token);
        }
        let recorded = line.map_or_else(|| "nothing: the log ends here".to_owned(), Recorded::text);
        Err(Stop::Diverged(self.differs(step, recorded, "every task waits".to_owned())))
    }

    /// The program has ended; what the log still has of this run.
    pub(crate) fn ended(&self, step: u64, how: impl FnOnce() -> String) -> Option<Divergence> {
        let line = self.lines.front().filter(|line| line.entries <= self.entered)?;
        Some(self.differs(step, line.text(), how()))
    }
}

impl Recorded {
    /// Which limit ended the run here, if this is no call.
    fn limit(&self) -> Option<String> {
        self.capability.is_empty().then(|| serde_json::from_str(self.result.get()).unwrap_or_default())
    }

    /// Which call goes on here.
    fn goes_on(&self) -> Option<u32> {
        let is_first = matches!(self.outcome, Outcome::Pending | Outcome::Calls) && !self.resumed;
        self.token.filter(|_| !is_first)
    }

    /// The function that the call had the program call, with the token under which it went on.
    pub(crate) fn question(&self, call: &Call<'_, '_>) -> Option<(u32, Question)> {
        if self.outcome != Outcome::Calls {
            return None;
        }
        let mut value = self.value().ok()?;
        let index = value.take("function").to::<i64>().ok().and_then(|index| usize::try_from(index).ok())?;
        let Value::Array(args) = value.take("args") else { return None };
        let types = call.callback_types(index)?;
        let args = args.into_iter().zip(types).map(|(arg, &ty)| restore(arg, TypeId(ty), call.module()));
        Some((self.token?, Question { index, args: args.collect() }))
    }

    fn text(&self) -> String {
        if let Some(limit) = self.limit() {
            return limit;
        }
        let args: Vec<&str> = self.args.iter().map(|arg| arg.get()).collect();
        name_and_arguments(&self.capability, &self.function, &args)
    }

    /// What the call gave, as a value of the type that is due.
    pub(crate) fn result(&self, ty: TypeId, module: &Module<'_>) -> Result<Value, CallError> {
        let value = self.value().map_err(|error| {
            CallError::failed(format_args!("the recorded result cannot be read: {error}"))
        })?;
        let message = |value: Value| value.as_str().map(str::to_owned).unwrap_or_default();
        match self.outcome {
            Outcome::Denied => Err(CallError::Denied(message(value))),
            Outcome::Error if value.as_str() == Some(OUTPUT_LIMIT) => Err(CallError::OutputLimit),
            Outcome::Error => Err(CallError::Failed(message(value))),
            _ if self.kept.is_some() => Ok(value),
            Outcome::Ok | Outcome::Skipped | Outcome::Pending | Outcome::Calls => {
                Ok(restore(value, ty, module))
            }
        }
    }

    /// The result, as far as JSON tells.
    fn value(&self) -> serde_json::Result<Value> {
        match &self.kept {
            Some(value) => Ok(value.clone()),
            None => serde_json::from_str(self.result.get()),
        }
    }
}

fn same_value(recorded: &RawValue, value: &Value) -> bool {
    let text = serde_json::to_string(value).unwrap_or_default();
    recorded.get() == text
        || serde_json::from_str::<String>(recorded.get()).is_ok_and(|text| text == REDACTED)
}

fn entry_text(entry: &Entered) -> String {
    let args: Vec<String> = entry.args.iter().map(Value::to_string).collect();
    match &entry.function {
        Some(function) => format!("the host called {function}({})", args.join(", ")),
        None => "the host went on after a limit".to_owned(),
    }
}

fn call_text(call: &Happening<'_>) -> String {
    let args: Vec<String> = call.args.iter().map(Value::to_string).collect();
    name_and_arguments(call.capability, call.function, &args)
}

fn name_and_arguments<T: AsRef<str>>(capability: &str, function: &str, args: &[T]) -> String {
    /// Longest argument that is shown whole, in characters.
    const SHOWN: usize = 200;
    let shown = args.iter().map(|arg| match arg.as_ref().char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", arg.as_ref().get(..end).unwrap_or_default()),
        None => arg.as_ref().to_owned(),
    });
    format!("{capability}.{function}({})", shown.collect::<Vec<_>>().join(", "))
}

/// A value that was read from JSON as what it was: JSON has one form for several of our values, the type says which it
/// is. Nests no deeper than the JSON, whose reader has a limit.
pub(crate) fn restore(value: Value, ty: TypeId, module: &Module<'_>) -> Value {
    if matches!(ty, TypeId::FLOAT | TypeId::F32 | TypeId::F16 | TypeId::BF16) {
        return match value.as_str().and_then(|text| text.parse().ok()) {
            Some(number) => Value::Float(number),
            None => value,
        };
    }
    if ty == TypeId::HANDLE {
        return value.as_str().and_then(AnyHandle::parse).map_or(value, Value::Handle);
    }
    let Some(record) = module.types.record(ty) else { return value };
    let component = |n: usize| TypeId(record.components.get(n).copied().unwrap_or(TypeId::ANY.0));
    match (record.kind, value) {
        (TypeKind::Array, Value::Array(elements)) => {
            Value::Array(elements.into_iter().map(|part| restore(part, component(0), module)).collect())
        }
        (TypeKind::Map, Value::Map(entries)) => {
            let entries = entries.into_iter();
            let entry = |(key, part)| (restore_key(key, component(0)), restore(part, component(1), module));
            Value::Map(entries.map(entry).collect())
        }
        (TypeKind::Struct, Value::Map(entries)) => {
            let fields = record.components.as_chunks::<2>().0;
            let field = |(key, part): (Value, Value)| {
                let known = fields.iter().find(|[name, _]| key.as_str() == Some(module.string(*name)));
                let ty = known.map_or(TypeId::ANY, |[_, ty]| TypeId(*ty));
                (key, restore(part, ty, module))
            };
            Value::Map(entries.into_iter().map(field).collect())
        }
        (TypeKind::Tensor, Value::Map(entries)) => {
            let part = |(key, part): (Value, Value)| match key.as_str() {
                Some("data") => (key, restore(part, component(1), module)),
                _ => (key, part),
            };
            Value::Map(entries.into_iter().map(part).collect())
        }
        (TypeKind::Enum | TypeKind::BoxedEnum, Value::Map(mut entries)) if entries.len() == 1 => {
            let Some((Value::Str(variant), Value::Array(payload))) = entries.pop() else {
                return Value::Null;
            };
            let types = Variants::of(record).find(|(name, _)| module.string(*name) == variant);
            let types = types.map_or(&[][..], |(_, types)| types);
            let payload = payload.into_iter().zip(types).map(|(part, &ty)| restore(part, TypeId(ty), module));
            Value::Enum { name: "".into(), variant: variant.into(), payload: payload.collect() }
        }
        (TypeKind::Option, Value::Null) => Value::Null,
        (TypeKind::Option, value) => restore(value, component(0), module),
        (TypeKind::Result, value) => match value {
            Value::Map(mut entries) if entries.len() == 1 => match entries.pop() {
                Some((Value::Str(key), part)) if key == "ok" => {
                    Value::Ok(Box::new(restore(part, component(0), module)))
                }
                Some((Value::Str(key), Value::Str(message))) if key == "err" => {
                    Value::Err(Failure::Failed, message)
                }
                entry => restore(Value::Map(entry.into_iter().collect()), component(0), module),
            },
            value => restore(value, component(0), module),
        },
        (_, value) => value,
    }
}

/// A key, which JSON writes as a string whatever it is.
fn restore_key(key: Value, ty: TypeId) -> Value {
    let Value::Str(text) = &key else { return key };
    let number = || text.parse().map(Value::Int).or_else(|_| text.parse().map(Value::Uint)).ok();
    match ty {
        TypeId::STR | TypeId::ANY => None,
        TypeId::BOOL => text.parse().map(Value::Bool).ok(),
        _ => number(),
    }
    .unwrap_or(key)
}

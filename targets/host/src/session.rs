//! Sessions: a program that somebody writes entry by entry, and that runs as far as it has come.

use std::fmt;
use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use mog_compiler::check::entry_name;
use mog_compiler::diagnostic::Diagnostic;
use mog_compiler::parser::parse;

use crate::audit::{Entry, Event, Observer, Setup};
use crate::builder::allocate;
use crate::notes::Notes;
use crate::{
    AuditLog, CallStack, CapabilitySet, Compiler, Error, Program, Replay, Report, Runtime, RuntimeBuilder,
    Value,
};

/// An interactive session. Each entry is declarations, statements and expressions, as they could stand at the top of a
/// file; it sees what those before it declared, and may declare the same names again. What its expressions give is printed.
/// `await` stands in it as in an `async fn`.
///
/// With each entry all of them are one program, which runs from its beginning: but those before are repeated from a record
/// of what the host's functions gave them, so that nothing happens or is printed twice. Limits hold for each entry. One that
/// does not end well is forgotten, though not what it did outside of the program. [Handles](crate::Handle) stand for nothing
/// in the entries after the one that got them.
///
/// ```
/// # use mog::{CapabilitySet, Compiler, Runtime, Session};
/// # fn main() -> Result<(), mog::Error> {
/// let mut session = Session::new(Compiler::new(), Runtime::builder(), CapabilitySet::new())?;
/// session.enter("n := 20")?;
/// session.enter("fn double(x: int) -> int { x * 2 }")?;
/// assert!(session.enter("double(n) / 0").is_err());
/// session.enter("double(n) + 2")?; // prints 42
/// # Ok(())
/// # }
/// ```
pub struct Session {
    compiler: Compiler<'static>,
    runtime: Runtime,
    entries: Vec<String>,
    /// What the entries called.
    log: String,
    /// What those calls gave.
    results: Vec<Value>,
    /// Whoever observes the calls.
    observer: Shared<Option<Box<dyn Observer>>>,
}

impl Session {
    /// A session without entries.
    ///
    /// # Errors
    /// If its memory is too small.
    pub fn new(
        compiler: Compiler<'static>,
        builder: RuntimeBuilder,
        capabilities: CapabilitySet,
    ) -> Result<Self, Error> {
        let mut runtime = builder.build(compiler.compile_entry(&[], "")?, capabilities)?;
        let observer = Shared::new(runtime.gate.observer.take());
        Ok(Self { compiler, runtime, entries: Vec::new(), log: String::new(), results: Vec::new(), observer })
    }

    /// Compiles and runs an entry. Gives what the compiler warned of.
    ///
    /// # Errors
    /// If it is rejected, faults, fails, or reaches a limit. The session is as it was before then.
    pub fn enter(&mut self, source: &str) -> Result<Report, Error> {
        let earlier: Vec<&str> = self.entries.iter().map(String::as_str).collect();
        let program = self.compiler.compile_entry(&earlier, source)?;
        let warnings = program.warnings().clone();
        let (log, results) = (Shared::default(), Shared::default());
        let recorder = Recorder {
            log: AuditLog::new(Text(log.clone())),
            results: results.clone(),
            observer: self.observer.clone(),
            repeated: earlier.len() + 1,
        };
        let replay = Replay::read(&self.log).map_err(|error| Error::Audit { message: error.to_string() })?;
        self.runtime.go_on_as(program, replay.live_after(earlier.len(), &self.results), recorder)?;
        for number in (1..).take(self.entries.len() + 1) {
            self.runtime.call(&entry_name(number), ())?;
        }
        self.log = String::from_utf8_lossy(&log.with(mem::take)).into_owned();
        self.results = results.with(mem::take);
        self.entries.push(source.to_owned());
        Ok(warnings)
    }

    /// The entries that ended well, in order.
    #[must_use]
    pub fn entries(&self) -> &[String] {
        &self.entries
    }

    /// Forgets all entries.
    pub fn reset(&mut self) {
        self.entries.clear();
        self.log.clear();
        self.results.clear();
    }

    /// Whether an entry lacks something that further lines may bring: what closes a bracket or comment.
    #[must_use]
    pub fn is_unfinished(source: &str) -> bool {
        let end = source.trim_end().len();
        let lacks_more = |found: &Diagnostic| match found.code {
            "unclosed-comment" => true,
            // Before another bracket that closes, nothing can be put in later lines.
            "unclosed-bracket" => {
                found.span.text(source) == "{" || found.notes.iter().all(|note| note.span.end as usize >= end)
            }
            _ => false,
        };
        parse(source).diagnostics.iter().any(lacks_more)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("entries", &self.entries).finish_non_exhaustive()
    }
}

impl Runtime {
    /// Becomes another program, of which a part is repeated from a record, with the same grants and what is left of them.
    fn go_on_as(&mut self, program: Program, replay: Replay, recorder: Recorder) -> Result<(), Error> {
        let words = (self.memory / 8 + program.module()?.slack()).min(mog_core::heap::MAX_WORDS);
        if words != self.arena.len() {
            let (memory, stack) = (self.memory, CallStack::default());
            self.arena = allocate(words).ok_or(Error::OutOfMemory { memory, stack })?;
        }
        self.program = program;
        let gate = &mut self.gate;
        gate.observer = Some(Box::new(recorder));
        gate.notes = Notes::kept();
        gate.replay = Some(Box::new(replay));
        gate.setup.get_or_insert_with(|| Box::new(Setup::of_memory(self.memory)));
        self.link()
    }
}

/// Writes down what entries call, and tells the host's observer of what happens for the first time.
struct Recorder {
    log: AuditLog<Text>,
    results: Shared<Vec<Value>>,
    observer: Shared<Option<Box<dyn Observer>>>,
    /// Calls of the program that are repeated before the new one; none once that has begun.
    repeated: usize,
}

impl Recorder {
    /// Lets the host's observer see what is new.
    fn tell<R: Default>(&self, what: impl FnOnce(&mut dyn Observer) -> R) -> R {
        if self.repeated > 0 {
            return R::default();
        }
        self.observer
            .with(|observer| observer.as_mut().map_or_else(R::default, |observer| what(observer.as_mut())))
    }
}

impl Observer for Recorder {
    fn entered(&mut self, entry: &Entry<'_>) {
        self.repeated = self.repeated.saturating_sub(1);
        self.log.entered(entry);
        self.tell(|observer| observer.entered(entry));
    }

    fn limited(&mut self, step: u64, limit: &str) -> io::Result<()> {
        self.results.with(|results| results.push(Value::from(limit)));
        self.log.limited(step, limit)?;
        self.tell(|observer| Some(observer.limited(step, limit))).unwrap_or(Ok(()))
    }

    fn observe(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.results.with(|results| results.push(event.result.clone()));
        self.log.observe(event)?;
        self.tell(|observer| Some(observer.observe(event))).unwrap_or(Ok(()))
    }
}

/// What a session and the runtime's recorder both have.
#[derive(Default)]
struct Shared<T>(Arc<Mutex<T>>);

impl<T> Shared<T> {
    fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Where the log is written.
struct Text(Shared<Vec<u8>>);

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.with(|text| text.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

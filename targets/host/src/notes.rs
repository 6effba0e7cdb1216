//! What goes on for a call beside its result, for whoever observes the calls.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::audit::{Event, Observer, Outcome};
use crate::{CallError, Value};

/// Takes notes of what a host function does on behalf of what it started, such as the requests of a command: each is an
/// [`Event`](crate::Event) that is [nested](crate::Event::nested), and is told before the call has ended.
#[derive(Clone, Debug, Default)]
pub struct Notes(Option<Arc<Mutex<Vec<Note>>>>);

/// Something that was done.
#[derive(Debug)]
struct Note {
    capability: &'static str,
    function: &'static str,
    args: Vec<Value>,
    outcome: Outcome,
    result: Value,
    took: Duration,
}

impl Notes {
    /// For a runtime that somebody observes.
    pub(crate) fn kept() -> Self {
        Self(Some(Arc::default()))
    }

    /// Notes something like a call of this function, with these arguments, and how it ended. Costs nothing where nobody
    /// observes the calls.
    pub fn add(
        &self,
        (capability, function): (&'static str, &'static str),
        args: Vec<Value>,
        ended: &Result<(), CallError>,
        took: Duration,
    ) {
        let Some(notes) = &self.0 else { return };
        let (outcome, result) = match ended {
            Ok(()) => (Outcome::Ok, Value::Null),
            Err(error @ CallError::Denied(_)) => (Outcome::Denied, Value::from(error.to_string())),
            Err(error) => (Outcome::Error, Value::from(error.to_string())),
        };
        let note = Note { capability, function, args, outcome, result, took };
        notes.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }

    /// Tells an observer what was noted since the last time.
    pub(crate) fn tell(&self, step: u64, observer: &mut dyn Observer) -> io::Result<()> {
        let Some(notes) = &self.0 else { return Ok(()) };
        let taken = std::mem::take(&mut *notes.lock().unwrap_or_else(PoisonError::into_inner));
        taken.iter().try_for_each(|note| {
            observer.observe(&Event {
                step,
                cost: 0,
                capability: note.capability,
                function: note.function,
                args: &note.args,
                params: "",
                token: None,
                resumed: false,
                nested: true,
                answer: None,
                outcome: note.outcome,
                result: &note.result,
                took: note.took,
            })
        })
    }
}

//! What a program does with its capabilities, call by call: observers, and the log that shows tampering.

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Value;

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It gave its result.
    Ok,
    /// It did not work; the result is the message.
    Error,
    /// It was not allowed; the result is the message.
    Denied,
    /// It did nothing: its capability is optional and absent.
    Skipped,
    /// It goes on later; another event tells how it ended.
    Pending,
    /// It has the program call a function that it was passed, and goes on with what that gives. The result says which: the
    /// argument's number, from 0, and what it is passed.
    Calls,
}

/// One call of a host function.
#[derive(Clone, Copy, Debug)]
pub struct Event<'e> {
    /// Steps that the program had taken, those of the call included.
    pub step: u64,
    /// Of them, those for what the call converted.
    pub cost: u64,
    /// The capability, such as `log`.
    pub capability: &'e str,
    /// The function, such as `write`.
    pub function: &'e str,
    /// The arguments.
    pub args: &'e [Value],
    /// Their names, separated by commas; empty if the function is not declared.
    pub params: &'e str,
    /// Tells calls that are pending apart: the event in which one goes on has the same number.
    pub token: Option<u32>,
    /// Whether this event is such a going on.
    pub resumed: bool,
    /// Whether the program did not make this call itself: what it started did, such as a request of a command. It is told
    /// before that call ends, and a replay does without it.
    pub nested: bool,
    /// What the function gave that the call had the program call, where it goes on with that.
    pub answer: Option<&'e Value>,
    /// How it ended.
    pub outcome: Outcome,
    /// The result, or the message of a failure.
    pub result: &'e Value,
    /// How long the host took.
    pub took: Duration,
}

/// How a runtime was set up, as far as a run depends on it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Setup {
    /// Its memory, in bytes.
    pub memory: usize,
    /// The most words of stack, if there is a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<usize>,
    /// The most steps, if there is a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// The most host calls, if there is a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_calls: Option<u64>,
    /// The seed of hashing.
    pub seed: u64,
    /// The functions that are granted.
    pub granted: Vec<String>,
    /// The functions and groups that are denied by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<String>,
}

impl Setup {
    /// That of a runtime with this memory, as far as it is known.
    pub(crate) fn of_memory(memory: usize) -> Self {
        let (granted, denied) = (Vec::new(), Vec::new());
        Self { memory, stack: None, steps: None, host_calls: None, seed: 0, granted, denied }
    }
}

/// A call of the program by its host.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'e> {
    /// The function; none where the host goes on after a limit.
    pub function: Option<&'e str>,
    /// The arguments.
    pub args: &'e [Value],
    /// How the runtime was set up.
    pub setup: &'e Setup,
}

/// Sees every call of a host function, denied ones included, right after it.
pub trait Observer: Send {
    /// Learns that the host calls the program.
    fn entered(&mut self, entry: &Entry<'_>) {
        let _ = entry;
    }

    /// Learns that a limit ended the run, so that it can go on, when the program had taken so many steps: `out of time`,
    /// `out of steps` or `out of host calls`.
    ///
    /// # Errors
    /// If that cannot be recorded.
    fn limited(&mut self, step: u64, limit: &str) -> io::Result<()> {
        let _ = (step, limit);
        Ok(())
    }

    /// Learns of a call.
    ///
    /// # Errors
    /// If the call cannot be recorded: the program is then stopped.
    fn observe(&mut self, event: &Event<'_>) -> io::Result<()>;
}

impl<F: FnMut(&Event<'_>) -> io::Result<()> + Send> Observer for F {
    fn observe(&mut self, event: &Event<'_>) -> io::Result<()> {
        self(event)
    }
}

/// Writes each call as a line of JSON, chained to the line before.
///
/// ```text
/// {"seq","step","capability","function","args","outcome","result","micros","hash"}
/// ```
/// Some lines have more, before `micros`, so that [`Replay`](crate::Replay) can repeat the run: `cost`, the steps for what
/// the call converted; `token`, which tells pending calls apart; `resumed`, where one goes on and is not over; `nested`, where what
/// the program called made this call;
/// `answer`, what the program's function gave that the call goes on with; `run`, on the first line, how the runtime was [set
/// up](Setup); `entered`, the calls of the program by its host since the line before. A run that a limit
/// on time, steps or host calls ended has a line for that, with an empty capability.
///
/// `hash` is the SHA-256, in hex, of the hash of the line before (64 zeros before the first), a line feed, and
/// this line up to and without `,"micros"`. So a line that was changed, moved, added or taken out shows, and the
/// time that a call took does not matter.
pub struct AuditLog<W> {
    writer: W,
    chain: Chain,
    seq: u64,
    redactions: Vec<(String, Option<String>)>,
    /// What the next line says beside its call.
    run: Option<Setup>,
    entered: Vec<Entered>,
}

impl<W: Write> AuditLog<W> {
    /// A log that begins here. Each line is handed to the writer at once.
    pub fn new(writer: W) -> Self {
        let (chain, redactions, entered) = (Chain::default(), Vec::new(), Vec::new());
        Self { writer, chain, seq: 0, redactions, run: None, entered }
    }

    /// Writes `[redacted]` for an argument, given as `kv.set:value`: by the parameter's name, or by its number from 1
    /// where a function is not declared. `kv.set` means all arguments; so does a name that the function does not have.
    /// Nothing about the value is kept, not even a hash, by which short secrets could be guessed: a replay takes any
    /// value in its place. Results are not redacted, as a replay needs them.
    #[must_use]
    pub fn redact(mut self, argument: &str) -> Self {
        self.redactions.push(match argument.split_once(':') {
            Some((function, name)) => (function.to_owned(), Some(name.to_owned())),
            None => (argument.to_owned(), None),
        });
        self
    }

    /// Whether an argument of a call is kept out of the log, by its number.
    fn is_redacted(&self, event: &Event<'_>, index: usize) -> bool {
        let names: Vec<&str> = event.params.split(',').map(str::trim).collect();
        self.redactions.iter().any(|(function, argument)| {
            let names_function = function
                .split_once('.')
                .is_some_and(|(group, name)| group == event.capability && name == event.function);
            names_function
                && argument.as_deref().is_none_or(|wanted| {
                    let number = wanted.parse().ok().filter(|n| (1..=event.args.len()).contains(n));
                    let place = names.iter().position(|name| *name == wanted).or(number.map(|n| n - 1));
                    place.is_none_or(|place| place == index)
                })
        })
    }
}

/// What stands in the log for an argument that is kept out of it.
pub(crate) const REDACTED: &str = "[redacted]";

/// What is recorded where time ended a run.
pub(crate) const OUT_OF_TIME: &str = "out of time";

/// What is recorded as the result of a call that printed more than the program may, which ends the program.
pub(crate) const OUTPUT_LIMIT: &str = "output limit reached";

/// A call of the program by its host, as it is recorded.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Entered {
    pub(crate) function: Option<String>,
    pub(crate) args: Vec<Value>,
}

impl<W: Write + Send> Observer for AuditLog<W> {
    fn entered(&mut self, entry: &Entry<'_>) {
        if self.seq == 0 {
            self.run = Some(entry.setup.clone());
        }
        let (function, args) = (entry.function.map(str::to_owned), entry.args.to_vec());
        self.entered.push(Entered { function, args });
    }

    fn limited(&mut self, step: u64, limit: &str) -> io::Result<()> {
        self.observe(&Event {
            step,
            cost: 0,
            capability: "",
            function: "",
            args: &[],
            params: "",
            token: None,
            resumed: false,
            nested: false,
            answer: None,
            outcome: Outcome::Error,
            result: &Value::from(limit),
            took: Duration::ZERO,
        })
    }

    fn observe(&mut self, event: &Event<'_>) -> io::Result<()> {
        #[derive(Serialize)]
        struct Line<'l> {
            seq: u64,
            step: u64,
            capability: &'l str,
            function: &'l str,
            args: Vec<&'l Value>,
            outcome: Outcome,
            result: &'l Value,
            #[serde(skip_serializing_if = "Option::is_none")]
            cost: Option<u64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            token: Option<u32>,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            resumed: bool,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            nested: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            answer: Option<&'l Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            run: Option<Setup>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            entered: Vec<Entered>,
        }
        self.seq += 1;
        let redacted = Value::from(REDACTED);
        let shown = |(index, value)| if self.is_redacted(event, index) { &redacted } else { value };
        let args = event.args.iter().enumerate().map(shown).collect();
        let Event {
            step, capability, function, outcome, result, token, resumed, nested, answer, took, ..
        } = *event;
        let mut line = serde_json::to_string(&Line {
            seq: self.seq,
            step,
            capability,
            function,
            args,
            outcome,
            result,
            cost: Some(event.cost).filter(|&cost| cost > 0),
            token,
            resumed: resumed && matches!(outcome, Outcome::Pending | Outcome::Calls),
            nested,
            answer,
            run: self.run.take(),
            entered: std::mem::take(&mut self.entered),
        })?;
        line.pop();
        let hash = self.chain.next(&line);
        line.push_str(&format!(",\"micros\":{},\"hash\":\"{hash}\"}}\n", took.as_micros()));
        self.writer.write_all(line.as_bytes())?;
        self.writer.flush()
    }
}

impl<W> fmt::Debug for AuditLog<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLog").field("seq", &self.seq).finish_non_exhaustive()
    }
}

/// The chain of hashes through a log.
struct Chain {
    last: String,
}

impl Default for Chain {
    fn default() -> Self {
        Self { last: "0".repeat(64) }
    }
}

impl Chain {
    fn next(&mut self, text: &str) -> &str {
        let mut hasher = Sha256::new();
        hasher.update(&self.last);
        hasher.update("\n");
        hasher.update(text);
        self.last = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        &self.last
    }
}

/// A log that is not as it was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tampered {
    /// The first line, from 1, that does not follow from those before it.
    pub line: usize,
}

impl fmt::Display for Tampered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the audit log was changed: line {} does not follow from those before it", self.line)
    }
}

impl std::error::Error for Tampered {}

/// Checks the chain of a log, and gives the number of its lines. That lines are missing at its end shows only when
/// it is compared with a run.
///
/// # Errors
/// The first line that is not as it was written.
pub fn verify(log: &str) -> Result<usize, Tampered> {
    let mut chain = Chain::default();
    for (number, line) in log.lines().enumerate() {
        let intact = line.rsplit_once(",\"micros\":").is_some_and(|(text, rest)| {
            let hash = rest.split_once(",\"hash\":\"").and_then(|(micros, hash)| {
                micros.parse::<u128>().ok()?;
                hash.strip_suffix("\"}")
            });
            hash.is_some_and(|hash| hash == chain.next(text))
        });
        if !intact {
            return Err(Tampered { line: number + 1 });
        }
    }
    Ok(log.lines().count())
}

#[cfg(test)]
#[allow(clippy::expect_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    fn sample() -> String {
        let mut bytes = Vec::new();
        let mut log = AuditLog::new(&mut bytes);
        for n in 0..3i64 {
            let event = Event {
                step: 10,
                cost: 0,
                capability: "kv",
                function: "get",
                params: "key",
                token: None,
                resumed: false,
                nested: false,
                answer: None,
                args: &[Value::from("a\"b"), Value::Float(1.0)],
                outcome: Outcome::Ok,
                result: &Value::Int(n),
                took: Duration::from_micros(7),
            };
            log.observe(&event).expect("writing to memory works");
        }
        String::from_utf8(bytes).expect("JSON is UTF-8")
    }

    #[test]
    fn lines_have_the_agreed_keys() {
        let log = sample();
        let line = log.lines().next().expect("three lines");
        let expected = "{\"seq\":1,\"step\":10,\"capability\":\"kv\",\"function\":\"get\",\"args\":[\"a\\\"b\",1.0],\
                        \"outcome\":\"ok\",\"result\":0,\"micros\":7,\"hash\":\"";
        assert!(line.starts_with(expected), "{line}");
        serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    }

    #[test]
    fn tampering_shows_and_time_does_not_matter() {
        let log = sample();
        assert_eq!(verify(&log), Ok(3));
        assert_eq!(verify(&log.replace("\"micros\":7", "\"micros\":123")), Ok(3));
        assert_eq!(verify(&log.replacen("\"result\":1", "\"result\":2", 1)), Err(Tampered { line: 2 }));
        let lines: Vec<&str> = log.lines().collect();
        let [first, second, third] = lines[..] else { panic!("three lines") };
        for (cut, line) in [([first, third].join("\n"), 2), ([second, third].join("\n"), 1)] {
            assert_eq!(verify(&cut), Err(Tampered { line }));
        }
        assert_eq!(verify(&[second, first, third].join("\n")), Err(Tampered { line: 1 }));
    }
}

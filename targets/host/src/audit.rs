//! What a program does with its capabilities, call by call: observers, and the log that shows tampering.

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Value;

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
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
}

/// One call of a host function.
#[derive(Clone, Copy, Debug)]
pub struct Event<'e> {
    /// Steps that the program had taken.
    pub step: u64,
    /// The capability, such as `log`.
    pub capability: &'e str,
    /// The function, such as `write`.
    pub function: &'e str,
    /// The arguments.
    pub args: &'e [Value],
    /// How it ended.
    pub outcome: Outcome,
    /// The result, or the message of a failure.
    pub result: &'e Value,
    /// How long the host took.
    pub took: Duration,
}

/// Sees every call of a host function, denied ones included, right after it.
pub trait Observer: Send {
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
/// `hash` is the SHA-256, in hex, of the hash of the line before (64 zeros before the first), a line feed, and
/// this line up to and without `,"micros"`. So a line that was changed, moved, added or taken out shows, and the
/// time that a call took does not matter.
pub struct AuditLog<W> {
    writer: W,
    chain: Chain,
    seq: u64,
}

impl<W: Write> AuditLog<W> {
    /// A log that begins here. Each line is handed to the writer at once.
    pub fn new(writer: W) -> Self {
        Self { writer, chain: Chain::default(), seq: 0 }
    }
}

impl<W: Write + Send> Observer for AuditLog<W> {
    fn observe(&mut self, event: &Event<'_>) -> io::Result<()> {
        #[derive(Serialize)]
        struct Line<'l> {
            seq: u64,
            step: u64,
            capability: &'l str,
            function: &'l str,
            args: &'l [Value],
            outcome: Outcome,
            result: &'l Value,
        }
        self.seq += 1;
        let Event { step, capability, function, args, outcome, result, took } = *event;
        let mut line = serde_json::to_string(&Line {
            seq: self.seq,
            step,
            capability,
            function,
            args,
            outcome,
            result,
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
                capability: "kv",
                function: "get",
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

//! A host whose functions, sinks and observers do all that they should not: each time there is a clear error, and the
//! runtime can be used again, with the state that it had.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use common::Test;
use mog::{
    CallError, CapabilitySet, Compiler, Error, Event, Failure, Function, Interrupt, Program, Runtime,
    RuntimeBuilder, Value,
};

const DECLARATIONS: &str = "capability host {
    fn number() -> int
    fn text() -> string
    fn numbers() -> [int]
    fn lookup() -> {string: int}
    fn maybe() -> ?float
    fn anything() -> any
    fn small() -> u8
    async fn later() -> int
}";

const SOURCE: &str = "
calls := 0
pub fn alive(n: int) -> int {
    calls += 1
    n * 2 + calls
}
pub fn number() -> int { host.number() }
pub fn on_and_on() {
    host.number()
    loop { }
}
pub fn text() -> int { host.text().len }
pub fn numbers() -> int { host.numbers().len }
pub fn lookup() -> int { host.lookup().len }
pub fn maybe() -> bool { host.maybe() is some(x) }
pub fn anything() -> string { str(host.anything()) }
pub fn small() -> int { host.small() as int }
pub async fn later() -> int { await host.later() }
pub fn caught() -> string { try { host.number()\n\"no failure\" } catch(e) { e } }
pub fn prints(n: int) { for i in 0..n { println(\"some text\") } }
";

fn program() -> Program {
    Compiler::new().declare(DECLARATIONS).compile(SOURCE).expect("the program compiles")
}

fn builder() -> RuntimeBuilder {
    Runtime::builder().memory(64 << 10).steps(10_000_000)
}

/// A runtime, and how often it was found to be alive.
struct Patient {
    runtime: Runtime,
    visits: i64,
}

impl Patient {
    fn new(builder: RuntimeBuilder, set: CapabilitySet) -> Result<Self, Error> {
        Ok(Self { runtime: builder.build(program(), set)?, visits: 0 })
    }

    /// It still computes, and has its state.
    fn is_alive(&mut self) {
        self.visits += 1;
        let came = self.runtime.call("alive", (20,)).expect("it can be called");
        assert_eq!(came, Value::Int(40 + self.visits));
    }

    /// A function of the program's ends in an error that says this, and then again.
    fn fails(&mut self, function: &str, says: &str) {
        for _ in 0..2 {
            let error = self.runtime.call(function, ()).expect_err(function).to_string();
            assert!(error.contains(says), "{function}: {says:?} is not in {error:?}");
            self.is_alive();
        }
    }
}

/// Grants all that is declared; `name` with this body, the others well.
fn granting(
    name: &str,
    body: impl Fn() -> Result<Value, CallError> + Send + Sync + 'static,
) -> CapabilitySet {
    let mut set = CapabilitySet::new();
    for (function, well) in [
        ("number", Value::Int(1)),
        ("text", Value::Str("x".into())),
        ("numbers", Value::Array(vec![])),
        ("lookup", Value::Map(vec![])),
        ("maybe", Value::Null),
        ("anything", Value::Int(1)),
        ("small", Value::Int(1)),
    ] {
        if function != name {
            let well = well.clone();
            set.grant(&format!("host.{function}"), Function::dynamic(move |_| Ok(well.clone())));
        }
    }
    set.grant_async("host.later", || async { 1 });
    set.grant(&format!("host.{name}"), Function::dynamic(move |_| body()));
    set
}

#[test]
fn functions_that_fail() -> Test {
    let mut patient = Patient::new(builder(), granting("number", || Err(CallError::failed("no\0 luck\n"))))?;
    patient.fails("number", "no\0 luck");
    assert_eq!(patient.runtime.call("caught", ())?, Value::Str("no\0 luck\n".into()));
    let mut patient = Patient::new(builder(), granting("number", || Err(CallError::denied(""))))?;
    patient.fails("number", "");
    // A message that is larger than all of the program's memory.
    let long = "é".repeat(1 << 20);
    let mut patient = Patient::new(builder(), granting("number", move || Err(CallError::failed(&long))))?;
    assert!(patient.runtime.call("number", ()).is_err());
    patient.is_alive();
    // What the program gets of it fits.
    if let Ok(Value::Str(text)) = patient.runtime.call("caught", ()) {
        assert!(text.len() < 64 << 10, "{}", text.len());
    }
    patient.is_alive();
    Ok(())
}

#[test]
fn functions_that_panic() -> Test {
    let mut patient = Patient::new(builder(), granting("number", || panic!("on {}", "purpose")))?;
    patient.fails("number", "the host's function panicked: on purpose");
    let mut patient = Patient::new(builder(), granting("number", || std::panic::panic_any(7)))?;
    patient.fails("number", "the host's function panicked");
    // While they hold a lock that they take again the next time.
    let lock = Mutex::new(0);
    let body = move || {
        let mut held = lock.lock().map_err(|_| CallError::failed("the lock is poisoned"))?;
        *held += 1;
        assert!(*held > 1, "the first time");
        Ok(Value::Int(*held))
    };
    let mut patient = Patient::new(builder(), granting("number", body))?;
    assert!(patient.runtime.call("number", ()).unwrap_err().to_string().contains("the first time"));
    patient.fails("number", "the lock is poisoned");
    Ok(())
}

/// Nothing that a function gives is taken for another type than it was declared with.
#[test]
fn functions_that_lie_about_their_type() -> Test {
    let lies = [
        Value::Null,
        Value::Bool(true),
        Value::Int(-1),
        Value::Uint(u64::MAX),
        Value::Float(f64::NAN),
        Value::Str("text".into()),
        Value::Bytes(vec![0xff; 9]),
        Value::Array(vec![Value::Int(1), Value::Str("2".into())]),
        Value::Map(vec![(Value::Float(0.5), Value::Int(1)), (Value::Null, Value::Null)]),
        Value::record("Nobody", [("x", Value::Int(1))]),
        Value::Enum { name: "None".into(), variant: "Such".into(), payload: vec![Value::Null; 300] },
        Value::Ok(Box::new(Value::Err(Failure::Denied, "inside".into()))),
        Value::Err(Failure::Failed, "a failure as a value".into()),
    ];
    for function in ["number", "text", "numbers", "lookup", "maybe", "anything", "small", "later"] {
        for lie in &lies {
            let given = lie.clone();
            let mut set = granting(function, move || Ok(given.clone()));
            if function == "later" {
                let given = lie.clone();
                let body = move |_| {
                    let given = given.clone();
                    async move { Ok(given) }
                };
                set.grant("host.later", Function::dynamic_async(body));
            }
            let mut patient = Patient::new(builder(), set)?;
            for _ in 0..2 {
                let came = patient.runtime.call(function, ());
                let honest = match (function, lie) {
                    ("number" | "later", Value::Int(_)) | ("text", Value::Str(_)) => true,
                    ("maybe", Value::Null | Value::Float(_)) => true,
                    ("numbers", Value::Bytes(_)) | ("lookup", Value::Struct { .. }) => true,
                    ("maybe", Value::Int(_) | Value::Uint(_)) | ("anything", _) => came.is_ok(),
                    _ => false,
                };
                match came {
                    Err(Error::Failed { message, .. }) => assert!(!honest && !message.is_empty()),
                    came => assert!(honest, "{function} gave {lie:?}, and there came {came:?}"),
                }
                patient.is_alive();
            }
        }
    }
    Ok(())
}

#[test]
fn functions_that_give_too_much() -> Test {
    let large = [
        ("text", Value::Str("x".repeat(100 << 20))),
        ("numbers", Value::Array(vec![Value::Int(1); 1 << 20])),
        ("lookup", Value::Map((0..100_000).map(|n| (Value::Str(n.to_string()), Value::Int(n))).collect())),
        ("anything", Value::Bytes(vec![0; 1 << 20])),
    ];
    for (function, value) in large {
        let mut patient = Patient::new(builder(), granting(function, move || Ok(value.clone())))?;
        for _ in 0..2 {
            let error = patient.runtime.call(function, ()).expect_err(function);
            assert!(
                matches!(error, Error::OutOfMemory { .. } | Error::OutOfSteps { .. } | Error::Failed { .. }),
                "{function}: {error:?}"
            );
            patient.is_alive();
        }
    }
    Ok(())
}

#[test]
fn functions_that_hang() -> Test {
    let naps = || {
        thread::sleep(Duration::from_millis(60));
        Ok(Value::Int(1))
    };
    // Nobody can stop one that does not come back; when it does, time is over.
    let limited = || builder().timeout(Duration::from_millis(20));
    let mut patient = Patient::new(limited(), granting("number", naps))?;
    for _ in 0..2 {
        let error = patient.runtime.call("on_and_on", ()).expect_err("it took too long");
        assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
        patient.is_alive();
    }
    // A future that is never ready is dropped.
    let never = || {
        let mut set = granting("number", || Ok(Value::Int(1)));
        set.grant_async("host.later", std::future::pending::<i64>);
        set
    };
    let mut patient = Patient::new(limited(), never())?;
    for _ in 0..2 {
        let start = Instant::now();
        let error = patient.runtime.call("later", ()).expect_err("it never ends");
        assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        patient.is_alive();
    }
    // Without a limit, another thread can end it.
    let interrupt = Interrupt::default();
    let mut patient = Patient::new(builder().interrupt(&interrupt), granting("number", naps))?;
    interrupt.set();
    assert!(patient.runtime.call("on_and_on", ()).is_err());
    interrupt.clear();
    patient.is_alive();
    Ok(())
}

#[test]
fn functions_that_come_back_in() -> Test {
    // The runtime that runs is not there to be called: whoever tries sees that it is taken.
    let shared: Arc<Mutex<Option<Runtime>>> = Arc::default();
    let inside = Arc::clone(&shared);
    let body = move || match inside.try_lock() {
        Err(TryLockError::WouldBlock) => Err(CallError::failed("it runs already")),
        _ => panic!("a runtime that runs can be reached"),
    };
    *shared.lock().unwrap() = Some(builder().build(program(), granting("number", body))?);
    for _ in 0..2 {
        let mut held = shared.lock().unwrap();
        let runtime = held.as_mut().unwrap();
        assert!(runtime.call("number", ()).unwrap_err().to_string().contains("it runs already"));
        assert!(runtime.call("alive", (20,)).is_ok());
    }
    // It and its function own each other.
    drop(shared.lock().unwrap().take());

    // Another one of the same program is a runtime like any other, also inside of a call; so deep as the host lets it.
    fn nested(depth: usize, deepest: Arc<AtomicUsize>) -> CapabilitySet {
        granting("number", move || {
            deepest.fetch_max(depth, Ordering::SeqCst);
            if depth == 30 {
                return Err(CallError::failed("deep enough"));
            }
            let inner = builder().build(program(), nested(depth + 1, Arc::clone(&deepest)));
            let mut inner = inner.map_err(CallError::failed)?;
            inner.call("number", ()).map_err(CallError::failed)
        })
    }
    let deepest = Arc::new(AtomicUsize::new(0));
    let mut patient = Patient::new(builder(), nested(0, Arc::clone(&deepest)))?;
    patient.fails("number", "deep enough");
    assert_eq!(deepest.load(Ordering::SeqCst), 30);
    Ok(())
}

type Body = dyn Fn(&[u8]) -> io::Result<usize> + Send + Sync;

/// A sink that does what it is told.
#[derive(Clone)]
struct Sink(Arc<Body>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.0)(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn sinks_that_are_full() -> Test {
    for full in [io::ErrorKind::StorageFull, io::ErrorKind::BrokenPipe, io::ErrorKind::WriteZero] {
        let sink = Sink(Arc::new(move |_| Err(full.into())));
        let mut patient = Patient::new(builder().output(sink), granting("number", || Ok(Value::Int(1))))?;
        for lines in [1, 10_000] {
            let error = patient.runtime.call("prints", (lines,)).expect_err("nothing can be printed");
            assert!(!error.to_string().is_empty());
            patient.is_alive();
        }
    }
    // One that takes a byte at a time, and is interrupted in between, gets everything.
    let got = Arc::new(Mutex::new((0, Vec::<u8>::new())));
    let inside = Arc::clone(&got);
    let sink = Sink(Arc::new(move |bytes| {
        let mut got = inside.lock().unwrap();
        got.0 += 1;
        if got.0 % 3 == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        got.1.extend(bytes.first());
        Ok(1)
    }));
    let mut patient = Patient::new(builder().output(sink), granting("number", || Ok(Value::Int(1))))?;
    patient.runtime.call("prints", (100,))?;
    assert_eq!(got.lock().unwrap().1, b"some text\n".repeat(100));
    patient.is_alive();
    Ok(())
}

#[test]
fn logs_that_are_full() -> Test {
    let left = Arc::new(AtomicUsize::new(3));
    let inside = Arc::clone(&left);
    let observer = move |_: &Event<'_>| match inside
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
    {
        Ok(_) => Ok(()),
        Err(_) => Err(io::ErrorKind::StorageFull.into()),
    };
    let mut patient = Patient::new(builder().audit(observer), granting("number", || Ok(Value::Int(1))))?;
    for _ in 0..3 {
        patient.runtime.call("number", ())?;
    }
    for function in ["number", "caught"] {
        let error = patient.runtime.call(function, ()).expect_err("it cannot be logged");
        assert!(matches!(error, Error::Audit { .. }), "{error:?}");
        patient.is_alive();
    }
    // There is room again.
    left.store(1, Ordering::SeqCst);
    assert_eq!(patient.runtime.call("number", ())?, Value::Int(1));
    patient.is_alive();
    Ok(())
}

//! Sessions, as a host has them.

use std::error::Error;
use std::sync::Arc;
use std::sync::Mutex;

use mog::{CapabilitySet, Compiler, Event, Function, Runtime, RuntimeBuilder, Session, Value};

type Test = Result<(), Box<dyn Error>>;

/// A session whose `h.get()` gives this.
fn session(builder: RuntimeBuilder, value: Value) -> Result<Session, mog::Error> {
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("h.get", Function::dynamic(move |_| Ok(value.clone())));
    Session::new(Compiler::with(&capabilities), builder, capabilities)
}

#[test]
fn an_observer_sees_each_call_once() -> Test {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let builder = Runtime::builder().audit(move |event: &Event<'_>| {
        if let Ok(mut seen) = told.lock() {
            seen.push(format!("{}.{} {}", event.capability, event.function, event.result));
        }
        Ok(())
    });
    let mut session = session(builder, Value::Int(7))?;
    session.enter("x: any := h.get()")?;
    session.enter("println(x)")?;
    assert!(session.enter("y: any := h.get()\npanic(\"no\")").is_err());
    session.enter("x")?;
    let seen = seen.lock().map_err(|error| error.to_string())?;
    assert_eq!(*seen, ["h.get 7", "out.println null", "h.get 7", "out.println null"]);
    Ok(())
}

#[test]
fn what_a_call_gave_stays_what_it_was() -> Test {
    let mut deep = Value::Int(1);
    for _ in 0..200 {
        deep = Value::Array(vec![deep]);
    }
    let odd = Value::Array(vec![Value::Float(f64::NAN), Value::Float(f64::INFINITY), Value::Float(2.0)]);
    for value in [deep, odd] {
        let mut session = session(Runtime::builder(), value)?;
        session.enter("v: any := h.get()\nprintln(v)")?;
        for _ in 0..3 {
            session.enter("println(v)")?;
        }
        assert_eq!(session.entries().len(), 4);
    }
    Ok(())
}

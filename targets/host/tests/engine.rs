//! Programs that are compiled once for many threads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use common::Test;
use mog::{CapabilitySet, Engine, Error};

fn source(n: i64) -> String {
    format!("fn main() -> int {{ t.add({n})\n{n} }}")
}

#[test]
fn threads_share_what_was_compiled() -> Test {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    let total = Arc::new(AtomicI64::new(0));
    let sum = Arc::clone(&total);
    let mut set = CapabilitySet::new();
    set.grant("t.add", move |n: i64| {
        sum.fetch_add(n, Ordering::Relaxed);
    });
    let engine = Engine::new(set);
    shared(&engine);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let engine = engine.clone();
            thread::spawn(move || {
                for n in 0..60 {
                    assert_eq!(engine.runtime(&source(n % 6))?.execute()?, (n % 6).into());
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap()?;
    }
    assert_eq!(engine.len(), 6);
    assert_eq!(total.load(Ordering::Relaxed), 4 * 10 * (1 + 2 + 3 + 4 + 5));
    Ok(())
}

#[test]
fn what_is_not_used_makes_room() -> Test {
    let engine = Engine::new(CapabilitySet::new()).capacity(2);
    // Two programs are the same if their bytes lie in the same place.
    let place = |n: i64| engine.compile(&source(n)).map(|program| program.module().unwrap().code.as_ptr());
    let (first, second) = (place(1)?, place(2)?);
    assert_eq!(place(1)?, first);
    place(3)?;
    assert_eq!(engine.len(), 2);
    assert_eq!(place(1)?, first, "it was used after the second");
    assert_ne!(place(3)?, second);
    let none = engine.clone().capacity(0);
    assert!(none.is_empty() && engine.is_empty());
    none.compile(&source(1))?;
    assert!(none.is_empty());
    Ok(())
}

#[test]
fn errors_are_not_kept() {
    let engine = Engine::new(CapabilitySet::new());
    for _ in 0..2 {
        let error = engine.runtime("fn main() { x }").unwrap_err();
        assert!(matches!(error, Error::Compile(_)), "{error}");
    }
    assert!(engine.is_empty());
}

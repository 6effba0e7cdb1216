//! Values of the host's that programs hold without looking into them.
#![cfg(feature = "derive")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::{Test, buffer, output_of, runtime};
use mog::{
    AuditLog, CapabilitySet, Compiler, Error, FromMog, Handle, Replay, Runtime, ToMog, Value,
    compile_mog_source,
};

/// Counts how many of its kind live.
struct Connection {
    server: String,
    sent: AtomicI64,
    alive: Arc<AtomicUsize>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Session;

#[derive(FromMog, ToMog)]
struct Pair {
    first: Handle<Connection>,
    second: Option<Handle<Connection>>,
}

fn database() -> (CapabilitySet, Arc<AtomicUsize>) {
    let alive = Arc::new(AtomicUsize::new(0));
    let mut set = CapabilitySet::new();
    let count = Arc::clone(&alive);
    set.grant("db.open", move |server: String| {
        if server.is_empty() {
            return Err("no server");
        }
        count.fetch_add(1, Ordering::SeqCst);
        Ok(Handle::new(Connection { server, sent: AtomicI64::new(0), alive: Arc::clone(&count) }))
    });
    set.grant("db.send", |connection: Handle<Connection>, n: i64| {
        connection.sent.fetch_add(n, Ordering::SeqCst) + n
    });
    set.grant_async("db.server", |connection: Handle<Connection>| async move { connection.server.clone() });
    set.grant("db.close", |connection: Handle<Connection>| connection.close());
    set.grant("db.same", |connection: Handle<Connection>| connection);
    set.grant("db.pair", |pair: Pair| Pair { second: Some(pair.first.clone()), first: pair.first });
    set.grant("db.session", || Handle::new(Session));
    set.grant("db.log_in", |_: Handle<Session>| true);
    (set, alive)
}

#[test]
fn programs_hold_pass_and_compare_handles() -> Test {
    let (set, alive) = database();
    let source = r#"
struct Client { link: Connection, name: string }

fn used(all: [Connection]) -> int { all.map(fn(c) { db.send(c, 1) }).sum() }

async fn main() {
    a := db.open("north")
    b := db.open("south")
    println(a == a, a == b, a != b, db.same(a) == a, [a, b].contains(db.same(b)))
    clients := {"a": Client { link: a, name: "a" }}
    println(db.send(clients["a"].link, 5), db.send(a, 2), used([a, b, a]))
    maybe: ?Connection = some(b)
    if maybe is some(c) { println(await db.server(c)) }
    p := db.pair(Pair { first: a, second: none })
    println(p.first == a, p.second == some(a))
    println(a, clients)
    db.close(a)
    try { db.send(a, 1) } catch(e) { println(e) }
    println(db.send(b, 0), db.log_in(db.session()))
    match db.open("") { ok(c) => println(c), err(e) => println(e) }
}"#;
    let printed = output_of(source, set)?;
    let expected = "true false true true true\n5 7 18\nsouth\ntrue true\n\
                    handle {\"a\": Client { link: handle, name: \"a\" }}\n\
                    argument 1: expected Connection, found a closed handle\n1 true\nno server\n";
    assert_eq!(printed, expected);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    Ok(())
}

#[test]
fn programs_cannot_make_or_open_handles() -> Test {
    let (set, _) = database();
    for (wrong, says) in [
        ("c: Connection = 5", "Connection"),
        ("c: Connection = none", "Connection"),
        ("db.send(5, 1)", "Connection"),
        ("db.log_in(db.open(\"a\"))", "expected `Session`, found `Connection`"),
        ("c := Connection {}", "Connection"),
        ("c := Connection(5)", "Connection"),
        ("n := db.open(\"a\") as int", "cannot become `int`"),
        ("n := db.open(\"a\") as any", "cannot become `any`"),
        ("n := 5 as Connection", "cannot become `Connection`"),
        ("n := db.open(\"a\") + 1", "Connection"),
        ("n := db.open(\"a\") < db.open(\"b\")", "Connection"),
        ("m := {db.open(\"a\"): 1}", "cannot be the key of a map"),
        ("c := db.open(\"a\")\nprintln(c.server)", "server"),
        ("xs := [db.open(\"a\")]\nxs.sort()", "Connection"),
    ] {
        let source = format!("fn main() {{ {wrong} }}");
        let error = Compiler::with(&set).compile(&source).expect_err(wrong).to_string();
        assert!(error.contains(says), "{wrong}: {error}");
    }
    // Nor as JSON, which would give away its number.
    let error = output_of("fn main() { println(json_str([db.open(\"a\")])) }", set).unwrap_err();
    assert!(error.to_string().contains("`[Connection]` has no JSON form"), "{error}");
    Ok(())
}

#[test]
fn a_program_that_was_not_compiled_for_handles_gets_none() -> Test {
    let (set, alive) = database();
    let program = compile_mog_source("fn main() { c := db.open(\"a\")\nprintln(c) }")?;
    let error = Runtime::new(program, set.clone())?.execute().unwrap_err();
    assert!(error.to_string().contains("db.open gave a wrong result: expected any"), "{error}");
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    let program = compile_mog_source("fn main() { db.send(1, 2) }")?;
    let error = Runtime::new(program, set)?.execute().unwrap_err();
    assert!(error.to_string().contains("argument 1: expected Connection, found int 1"), "{error}");
    Ok(())
}

#[test]
fn a_declared_handle_of_another_type_is_found_out() -> Test {
    let (mut set, _) = database();
    set.declare(
        "capability db { type Thing  fn open(server: string) -> Thing  fn log_in(t: Thing) -> bool }",
    );
    let error = runtime("fn main() { db.log_in(db.open(\"a\")) }", set)?.execute().unwrap_err();
    assert!(
        error.to_string().contains("argument 1: expected Session, found a handle of another type"),
        "{error}"
    );
    Ok(())
}

#[test]
fn the_host_gives_and_takes_handles() -> Test {
    let (set, alive) = database();
    let source = "
        kept: ?Connection = none
        pub fn keep(c: Connection) -> Connection { kept = some(c)\nc }
        pub fn send(n: int) -> int { if kept is some(c) { db.send(c, n) } else { -1 } }
        pub fn fail() { panic(\"over\") }";
    let mut runtime = runtime(source, set)?;
    alive.fetch_add(1, Ordering::SeqCst);
    let connection = Handle::new(Connection {
        server: "x".to_owned(),
        sent: AtomicI64::new(0),
        alive: Arc::clone(&alive),
    });
    let same: Handle<Connection> = runtime.call("keep", (connection.clone(),))?.to()?;
    assert_eq!(same.id(), connection.id());
    assert_eq!(runtime.call("send", (3i64,))?, 3i64.into());
    assert_eq!(connection.sent.load(Ordering::SeqCst), 3);
    assert_eq!(runtime.handles().len(), 1);
    assert!(runtime.call("fail", ()).is_err());
    assert_eq!(runtime.call("send", (3i64,))?, 6i64.into());
    connection.close();
    assert!(matches!(runtime.call("send", (3i64,)), Err(Error::Failed { .. })));
    drop((connection, same));
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    assert!(matches!(runtime.call("keep", (Value::Int(5),)), Err(Error::Arguments { .. })));
    assert!(matches!(runtime.call("keep", ("x",)), Err(Error::Arguments { .. })));
    Ok(())
}

#[test]
fn handles_of_another_runtime_or_a_snapshot_stand_for_nothing() -> Test {
    let (set, _) = database();
    let source = "
        kept: ?Connection = none
        pub fn open() -> Connection { c := db.open(\"a\")\nkept = some(c)\nc }
        pub fn send(c: Connection) -> int { db.send(c, 1) }
        pub fn again() -> int { if kept is some(c) { db.send(c, 10) } else { -1 } }";
    let program = Compiler::with(&set).compile(source)?;
    let mut first = Runtime::new(program.clone(), set.clone())?;
    let connection: Handle<Connection> = first.call("open", ())?.to()?;
    let saved = first.snapshot()?;
    let mut second = Runtime::restore(program, set, &saved)?;
    assert!(second.handles().is_empty());
    let error = second.call("again", ()).unwrap_err();
    assert!(error.to_string().contains("found a handle that stands for nothing"), "{error}");
    // The host that gives it to the other runtime means it; a bound one is what it was.
    let alive = Arc::clone(&connection.alive);
    alive.fetch_add(1, Ordering::SeqCst);
    let anew = Connection { server: "b".to_owned(), sent: AtomicI64::new(100), alive };
    second.bind_handle(&Handle::with_id(connection.id(), anew))?;
    assert_eq!(second.call("again", ())?, 110i64.into());
    assert_eq!(first.call("again", ())?, 10i64.into());
    Ok(())
}

#[test]
fn logs_and_replays_have_handles() -> Test {
    let (set, alive) = database();
    let source = "
        fn main() -> int {
            a := db.open(\"a\")
            b := db.same(a)
            assert(a == b, \"the same\")
            try { db.open(\"\") } catch(e) { println(e) }
            db.send(b, 7)
        }";
    let ((log, sink), (_, nowhere)) = (buffer(), buffer());
    let program = Compiler::with(&set).compile(source)?;
    let audit = AuditLog::new(sink);
    let mut recorded = Runtime::builder().audit(audit).output(nowhere).build(program.clone(), set)?;
    assert_eq!(recorded.execute()?, 7i64.into());
    assert!(log.text().contains("\"result\":\"handle:"), "{}", log.text());
    drop(recorded);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    let (_, nowhere) = buffer();
    let mut again =
        Replay::read(&log.text())?.builder().output(nowhere).build(program, CapabilitySet::empty())?;
    assert_eq!(again.replay()?, 7i64.into());
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    Ok(())
}

#[test]
fn there_is_a_bound_on_open_handles() -> Test {
    let mut set = CapabilitySet::new();
    let last: Arc<Mutex<Option<Handle<Session>>>> = Arc::default();
    let kept = Arc::clone(&last);
    set.grant("s.open", move |close: bool| {
        let session = Handle::new(Session);
        let before = kept.lock().unwrap().replace(session.clone());
        before.filter(|_| close).into_iter().for_each(|before| before.close());
        session
    });
    let source = "
        pub fn open(n: int, close: bool) { for i in 0..n { s.open(close) } }";
    let mut runtime = runtime(source, set)?;
    runtime.call("open", (25_000i64, true))?;
    let error = runtime.call("open", (25_000i64, false)).unwrap_err();
    assert!(error.to_string().contains("at most 10000 handles can be open"), "{error}");
    Ok(())
}

#[test]
fn an_absent_optional_capability_has_no_handles() -> Test {
    let (set, _) = database();
    let program = Compiler::with(&set).compile(
        "optional db
         fn main() -> int { try { c := db.open(\"a\")\nreturn 1 } catch(e) { println(e)\nreturn 2 } }",
    )?;
    let (out, sink) = buffer();
    let mut none = Runtime::builder().output(sink).build(program, CapabilitySet::new())?;
    assert_eq!(none.execute()?, 2i64.into());
    assert_eq!(out.text(), "the capability is not available\n");
    Ok(())
}

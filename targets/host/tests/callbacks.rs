//! Host functions that call functions of the program.

#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use mog::{AuditLog, CallError, Callback, CapabilitySet, Compiler, Error, Replay, Runtime, Value};

/// How many futures of `list.each` are alive.
static ALIVE: AtomicUsize = AtomicUsize::new(0);

struct Alive;

impl Alive {
    fn new() -> Self {
        ALIVE.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

fn capabilities() -> CapabilitySet {
    let mut set = CapabilitySet::new();
    set.grant_calling("list.map", |items: Vec<i64>, f: Callback<(i64,), i64>| async move {
        let mut mapped = Vec::new();
        for item in items {
            mapped.push(f.call((item,)).await?);
        }
        Ok::<_, CallError>(mapped)
    });
    set.grant_calling("list.fold", |words: Vec<String>, f: Callback<(String, String), String>| async move {
        let mut all = String::new();
        for word in words {
            all = f.call((all, word)).await?;
        }
        Ok::<_, CallError>(all)
    });
    set.grant_calling(
        "list.choose",
        |test: Callback<(i64,), bool>, yes: Callback<(), f64>, no: Callback<(f64,), ()>| async move {
            if test.call((7,)).await? {
                return yes.call(()).await;
            }
            no.call((0.5,)).await?;
            Ok(-1.0)
        },
    );
    set.grant_async("list.each", |count: i64, f: Callback<(i64, Option<String>), ()>| async move {
        let _alive = Alive::new();
        for n in 0..count {
            f.call((n, (n % 2 == 1).then(|| format!("odd {n}")))).await?;
        }
        Ok::<_, CallError>(count)
    });
    set.grant_calling("list.both", |f: Callback<(i64,), i64>| async move {
        let (first, second) = (f.call((1,)), f.call((2,)));
        let second = second.await?;
        Ok::<_, CallError>(second * 100 + first.await?)
    });
    set
}

fn runtime(source: &str) -> Runtime {
    let set = capabilities();
    let program = Compiler::with(&set).compile(source).unwrap_or_else(|error| panic!("{error}"));
    let builder = Runtime::builder().steps(1_000_000).memory(16 << 10);
    builder.build(program, set).expect("it is granted what it needs")
}

fn ints(values: impl IntoIterator<Item = i64>) -> Value {
    values.into_iter().map(Value::Int).collect::<Vec<_>>().into()
}

#[test]
fn functions_are_called_with_values_of_any_type() {
    let mut run = runtime(
        r#"
        fn double(x: int) -> int { 2 * x }
        pub fn named() -> [int] { list.map([1, 2, 3], double) }
        pub fn captured() -> int {
            sum := 0
            list.map([4, 5, 6], fn(x) { sum += x; x })
            sum
        }
        pub fn strings() -> string { list.fold(["a", "b", "c"], |all, word| f"{all}<{word}>") }
        pub fn several(limit: int) -> float {
            seen := 0.0
            given := list.choose(|x| x < limit, fn() -> float { 2.5 }, |y| { seen = y })
            given + seen
        }
        pub fn both() -> int { list.both(|x| x + 5) }
        "#,
    );
    assert_eq!(run.call("named", ()).expect("named"), ints([2, 4, 6]));
    assert_eq!(run.call("captured", ()).expect("captured"), Value::Int(15));
    assert_eq!(run.call("strings", ()).expect("strings"), Value::from("<a><b><c>"));
    assert_eq!(run.call("several", (10,)).expect("yes"), Value::Float(2.5));
    assert_eq!(run.call("several", (5,)).expect("no"), Value::Float(-0.5));
    // Asked for at once, they are called one after the other.
    assert_eq!(run.call("both", ()).expect("both"), Value::Int(706));
}

#[test]
fn calls_nest_and_collect() {
    let mut run = runtime(
        r#"
        pub fn nested(depth: int) -> int {
            if depth == 0 { return 1 }
            list.map([1, 2], |x| x * nested(depth - 1)).sum()
        }
        pub fn garbage() -> int {
            kept := list.fold(["x", "y", "z"], fn(all, word) {
                waste := [all, word].join("-")
                for i in 0..2000 { waste = f"{waste.len} {i} of some length that fills memory" }
                all + word
            })
            kept.len
        }
        "#,
    );
    assert_eq!(run.call("nested", (6,)).expect("nested"), Value::Int(729));
    assert_eq!(run.call("garbage", ()).expect("garbage"), Value::Int(3));
    assert!(run.counters().collections > 0);
}

#[test]
fn failures_go_past_the_host() {
    let mut run = runtime(
        r#"
        fn fails(x: int) -> int {
            if x == 2 { return int(f"no number {x}")? }
            x
        }
        pub fn caught() -> string {
            try { list.map([1, 2, 3], |x| fails(x)); "nothing" } catch e { e.message }
        }
        pub fn uncaught() { list.map([1, 2, 3], |x| [1, 2][x + 5]) }
        pub fn many() -> int {
            count := 0
            for i in 0..3000 {
                try { list.map([2], |x| fails(x)) } catch e { count += 1 }
            }
            count
        }
        pub async fn tasks() -> int {
            count := 0
            for i in 0..3000 {
                try { await list.each(3, |n, text| { fails(n) }) } catch e { count += 1 }
            }
            count
        }
        "#,
    );
    let message = run.call("caught", ()).expect("caught");
    assert!(message.as_str().is_some_and(|text| text.contains("no number 2")), "{message}");
    assert!(matches!(run.call("uncaught", ()), Err(Error::Trap { .. })));
    // A call that a failure went past is forgotten, however many there are.
    assert_eq!(run.call("many", ()).expect("many"), Value::Int(3000));
    assert_eq!(run.call("tasks", ()).expect("tasks"), Value::Int(3000));
    drop(run);
    assert_eq!(ALIVE.load(Ordering::SeqCst), 0);
}

#[test]
fn tasks_go_on_meanwhile() {
    let mut run = runtime(
        r#"
        pub async fn total() -> int {
            seen := []
            counts := await all([
                list.each(3, |n, text| { seen.push(match text { some(t) => t.len, none => n }) }),
                list.each(2, |n, text| { seen.push(10 + n) }),
            ])
            counts.sum() * 1000 + seen.sum()
        }
        "#,
    );
    assert_eq!(run.call("total", ()).expect("total"), Value::Int(5000 + 5 + 2 + 10 + 11));
}

#[test]
fn limits_end_what_is_called_and_it_goes_on_after_them() {
    let source = "pub fn slow() -> int { list.map([1, 2, 3], fn(x) { s := 0; for i in 0..1000 { s += i * x }; s }).sum() }";
    let due = runtime(source).call("slow", ()).expect("slow");
    let set = capabilities();
    let program = Compiler::with(&set).compile(source).expect("it compiles");
    let mut run = Runtime::builder().steps(100).build(program, set).expect("it starts");
    let mut outcome = run.call("slow", ());
    let mut rounds = 0;
    while matches!(outcome, Err(Error::OutOfSteps { .. })) {
        rounds += 1;
        outcome = run.resume();
    }
    assert_eq!(outcome.expect("in the end"), due);
    assert!(rounds > 50, "{rounds}");
}

#[test]
fn a_saved_program_learns_that_the_host_has_forgotten_the_call() {
    let source = r#"
        pub fn saved() -> string {
            try { f"{list.map([1, 2, 3], fn(x) { for i in 0..1000 { x += i }; x })}" } catch e { e.message }
        }"#;
    let set = capabilities();
    let program = Compiler::with(&set).compile(source).expect("it compiles");
    let mut run = Runtime::builder().steps(1500).build(program.clone(), set).expect("it starts");
    assert!(matches!(run.call("saved", ()), Err(Error::OutOfSteps { .. })));
    let snapshot = run.snapshot().expect("it can be saved");
    let builder = Runtime::builder().steps(1_000_000);
    let mut restored = builder.restore(program, capabilities(), &snapshot).expect("it can be restored");
    let message = restored.resume().expect("it catches that");
    assert!(message.as_str().is_some_and(|text| text.contains("saved meanwhile")), "{message}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn runs_replay() {
    let source = r#"
        pub async fn told() -> string {
            mapped := list.map([3, 4], fn(x) { list.map([x], |y| y + 1)[0] * 10 })
            words := list.fold(["a", "b"], |all, word| all + word)
            count := await list.each(2, |n, text| { log.write(f"{n}") })
            f"{mapped} {words} {count}"
        }"#;
    let mut set = capabilities();
    set.grant_standard("log").expect("it is known");
    let program = Compiler::with(&set).compile(source).expect("it compiles");
    let log = Log::default();
    let mut run = Runtime::builder()
        .output(std::io::sink())
        .audit(AuditLog::new(log.clone()))
        .build(program.clone(), set)
        .expect("it starts");
    let given = run.call("told", ()).expect("it runs");
    assert_eq!(given, Value::from("[40, 50] ab 2"));
    let text = String::from_utf8(log.0.lock().expect("no panics").clone()).expect("JSON");
    let asked = text.lines().find(|line| line.contains("\"outcome\":\"calls\"")).expect("a call");
    assert!(asked.contains("\"args\":[[3,4],\"a function\"]"), "{asked}");
    assert!(asked.contains("\"result\":{\"function\":1,\"args\":[3]}"), "{asked}");

    let replay = Replay::read(&text).expect("an unchanged log");
    let mut again =
        replay.builder().output(std::io::sink()).build(program, CapabilitySet::empty()).expect("it starts");
    assert_eq!(again.replay().expect("the same"), given);

    // A program that computes something else is found out where it does.
    let other = Compiler::with(&capabilities()).compile(&source.replace("y + 1", "y + 2"));
    let other = other.expect("it compiles");
    let replay = Replay::read(&text).expect("an unchanged log");
    let mut again =
        replay.builder().output(std::io::sink()).build(other, CapabilitySet::empty()).expect("it starts");
    assert!(matches!(again.replay(), Err(Error::Diverged { .. })));
}

#[test]
fn wrong_calls_are_errors() {
    let mut set = CapabilitySet::new();
    set.grant("f.now", |_: Callback<(i64,), i64>| 1i64);
    type Kept = Mutex<Option<Callback<(i64,), i64>>>;
    let kept: Arc<Kept> = Arc::default();
    let keeper = Arc::clone(&kept);
    set.grant_calling("f.keep", move |f: Callback<(i64,), i64>| {
        *keeper.lock().expect("no panics") = Some(f);
        async { 0i64 }
    });
    set.grant_calling("f.late", move |_: Callback<(i64,), i64>| {
        let f = kept.lock().expect("no panics").clone();
        async move { f.expect("one was kept").call((1,)).await }
    });
    let source = r#"
        pub fn now() -> string { try { f.now(|x| x); "nothing" } catch e { e.message } }
        pub fn late() -> string { try { f.keep(|x| x); f.late(|x| x); "nothing" } catch e { e.message } }"#;
    let program = Compiler::with(&set).compile(source).unwrap_or_else(|error| panic!("{error}"));
    let mut run = Runtime::new(program, set).expect("it starts");
    let now = run.call("now", ()).expect("caught");
    assert!(now.as_str().is_some_and(|text| text.contains("argument 1 is a function") && text.contains("`grant_calling`")), "{now}");
    let late = run.call("late", ()).expect("caught");
    assert!(late.as_str().is_some_and(|text| text.contains("during the call")), "{late}");
}

#[test]
fn types_are_checked_when_it_is_linked() {
    let set = capabilities();
    let error = Compiler::with(&set).compile("fn main() { list.map([1], |x| \"text\") }");
    assert!(error.is_err());
    let mut other = CapabilitySet::new();
    other.grant_calling("list.map", |_: Vec<i64>, _: Callback<(String,), i64>| async { 0i64 });
    let program = Compiler::with(&set).compile("fn main() { list.map([1], |x| x) }").expect("it compiles");
    assert!(Runtime::new(program, other).is_err());
}

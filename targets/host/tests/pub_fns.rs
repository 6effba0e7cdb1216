//! Functions of a program that are looked up once: the same results, steps, limits and errors as calls by name, in whichever
//! runtime.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::time::Duration;

use common::{Test, buffer, runtime};
use mog::{
    CapabilitySet, Compiler, Error, Event, Interrupt, Mismatch, Observer, PubFn, Runtime, Serde, Value,
    compile_mog_source,
};

const PROGRAM: &str = r#"
    struct Point { x: int, y: int }
    calls := 0
    pub fn add(a: int, b: int) -> int { calls += 1
        a + b }
    pub fn counted() -> int { calls }
    pub fn half(x: float, up: bool) -> float { if up { x / 2.0 + 0.5 } else { x / 2.0 } }
    pub fn is_odd(n: int) -> bool { n % 2 == 1 }
    pub fn nothing() { calls += 1 }
    pub fn big(n: u64) -> u64 { n + 1 }
    pub fn greet(name: string) -> string { "Hello " + name }
    pub fn sum(numbers: [int]) -> int { numbers.sum() }
    pub fn maybe(n: int) -> ?int { if n > 0 { some(n) } else { none } }
    pub fn checked(n: int) -> Result<int> { if n > 0 { ok(n) } else { err("not positive") } }
    pub fn swapped(p: Point) -> Point { Point { x: p.y, y: p.x } }
    pub fn anything(x: any) -> any { x }
    pub fn divided(a: int, b: int) -> int { calls += 1
        a / b }
    pub fn rounds(n: int) -> int { total := 0
        for i in 0..n { total += i }
        total }
    pub fn forever() { while true { } }
    pub fn says(n: int) { println(n) }
    pub fn seven(a: int, b: int, c: int, d: int, e: int, f: int, g: int) -> int { a + b + c + d + e + f + g }
    pub fn deep(n: int) -> int { if n == 0 { 0 } else { 1 + deep(n - 1) } }
"#;

fn set_up() -> Result<Runtime, Error> {
    runtime(PROGRAM, CapabilitySet::new())
}

#[test]
fn values() -> Test {
    let mut runtime = set_up()?;
    let program = runtime.program().clone();
    // The first call of a runtime runs what comes before it, the second does not.
    for round in 1..=2 {
        let add: PubFn<(i64, i64), i64> = program.pub_fn("add")?;
        assert_eq!(add.call(&mut runtime, (i64::MAX, -1))?, i64::MAX - 1);
        assert_eq!(program.pub_fn::<(), i64>("counted")?.call(&mut runtime, ())?, 2 * round - 1);
        program.pub_fn::<(), ()>("nothing")?.call(&mut runtime, ())?;
        let half = program.pub_fn::<(f64, bool), f64>("half")?;
        assert_eq!(
            [half.call(&mut runtime, (3.0, true))?, half.call(&mut runtime, (-0.5, false))?],
            [2.0, -0.25]
        );
        let half = program.pub_fn::<(f32, bool), f32>("half")?;
        assert_eq!(half.call(&mut runtime, (3.0, true))?, 2.0);
        let is_odd = program.pub_fn::<(u8,), bool>("is_odd")?;
        assert!(is_odd.call(&mut runtime, (255,))? && !is_odd.call(&mut runtime, (0,))?);
        let big = program.pub_fn::<(u64,), u64>("big")?;
        assert_eq!(big.call(&mut runtime, (u64::MAX - 1,))?, u64::MAX);
        let greet = program.pub_fn::<(&str,), String>("greet")?;
        assert_eq!(greet.call(&mut runtime, ("Mog",))?, "Hello Mog");
        let sum = program.pub_fn::<(Vec<i64>,), i64>("sum")?;
        assert_eq!(sum.call(&mut runtime, (vec![1, 2, 3],))?, 6);
        let maybe = program.pub_fn::<(i64,), Option<i64>>("maybe")?;
        assert_eq!([maybe.call(&mut runtime, (7,))?, maybe.call(&mut runtime, (0,))?], [Some(7), None]);
        let swapped = program.pub_fn::<(Value,), Value>("swapped")?;
        let point = Value::record("Point", [("x", 1i64.into()), ("y", 2i64.into())]);
        assert_eq!(swapped.call(&mut runtime, (point,))?.take("x"), 2i64.into());
        let anything = program.pub_fn::<(bool,), Value>("anything")?;
        assert_eq!(anything.call(&mut runtime, (true,))?, Value::Bool(true));
        let pair = program.pub_fn::<(Serde<(i64, bool)>,), Serde<(i64, bool)>>("anything")?;
        assert_eq!(pair.call(&mut runtime, (Serde((1, true)),))?.0, (1, true));
    }
    Ok(())
}

#[test]
fn errors_are_those_of_the_call() -> Test {
    let mut runtime = set_up()?;
    let program = runtime.program().clone();
    let checked = program.pub_fn::<(i64,), i64>("checked")?;
    let divided = program.pub_fn::<(i64, i64), i64>("divided")?;
    let add = program.pub_fn::<(i64, i64), i64>("add")?;
    let small = program.pub_fn::<(i64, i64), u8>("add")?;
    for round in 1..=2 {
        assert_eq!(checked.call(&mut runtime, (3,))?, 3);
        let error = checked.call(&mut runtime, (0,)).unwrap_err();
        assert_eq!(error.to_string(), "uncaught failure: not positive");
        let by_name = runtime.call("divided", (1, 0)).unwrap_err().to_string();
        let error = divided.call(&mut runtime, (1, 0)).unwrap_err();
        assert!(
            matches!(error, Error::Trap { .. }) && error.stack().unwrap().frames[0].function == "divided"
        );
        assert_eq!(error.to_string(), by_name);
        // What it did before stays, and it can be called again.
        assert_eq!(runtime.call("counted", ())?, Value::Int(5 * round - 3));
        assert_eq!([add.call(&mut runtime, (1, 2))?, divided.call(&mut runtime, (9, 3))?], [3, 3]);
        let error = small.call(&mut runtime, (255, 1)).unwrap_err().to_string();
        assert!(error.ends_with("expected u8, found int 256") || error.contains("u8"), "{error}");
    }
    Ok(())
}

#[test]
fn other_types_are_refused_when_it_is_looked_up() -> Test {
    let runtime = set_up()?;
    let program = runtime.program();
    let refused = |error: Error| match error {
        Error::Types { ref function, ref taken_for } => {
            assert!(error.to_string().contains(function.as_str()) && error.exit_code() == 64);
            format!("{function} / {taken_for}")
        }
        other => panic!("{other}"),
    };
    let error = refused(program.pub_fn::<(i64,), i64>("add").unwrap_err());
    assert_eq!(error, "fn add(int, int) -> int / fn(int) -> int");
    let error = refused(program.pub_fn::<(i64, String), i64>("add").unwrap_err());
    assert_eq!(error, "fn add(int, int) -> int / fn(int, string) -> int");
    let error = refused(program.pub_fn::<(i64, i64), f64>("add").unwrap_err());
    assert_eq!(error, "fn add(int, int) -> int / fn(int, int) -> float");
    refused(program.pub_fn::<(i64, i64), ()>("add").unwrap_err());
    refused(program.pub_fn::<(), i64>("nothing").unwrap_err());
    refused(program.pub_fn::<(Vec<String>,), i64>("sum").unwrap_err());
    refused(program.pub_fn::<(i64,), i64>("maybe").unwrap_err());
    refused(program.pub_fn::<(i64,), String>("checked").unwrap_err());
    refused(program.pub_fn::<(bool, bool), bool>("half").unwrap_err());
    let error = program.pub_fn::<(), ()>("missing").unwrap_err();
    assert!(
        matches!(&error, Error::NoFunction { name, known } if name == "missing" && known.contains(&"add".to_owned()))
    );
    Ok(())
}

#[test]
fn limits_hold_and_steps_are_counted() -> Test {
    let (mut named, program) = {
        let runtime =
            Runtime::builder().steps(1000).build(compile_mog_source(PROGRAM)?, CapabilitySet::new())?;
        let program = runtime.program().clone();
        (runtime, program)
    };
    let mut typed = Runtime::builder().steps(1000).build(program.clone(), CapabilitySet::new())?;
    let rounds = program.pub_fn::<(i64,), i64>("rounds")?;
    let deep = program.pub_fn::<(i64,), i64>("deep")?;
    let forever = program.pub_fn::<(), ()>("forever")?;
    for n in [0, 1, 10, 100, 150] {
        let steps = named.counters().steps;
        let by_name = named.call("rounds", (n,));
        let used = named.counters().steps - steps;
        let direct = rounds.call(&mut typed, (n,));
        assert_eq!(direct.ok().map(Value::Int), by_name.ok());
        assert!(used <= 1000, "{used}");
        assert_eq!(typed.counters(), named.counters());
        assert_eq!(deep.call(&mut typed, (3,))?, 3);
        named.call("deep", (3,))?;
    }
    for _ in 0..3 {
        let before = typed.counters().steps;
        assert!(matches!(forever.call(&mut typed, ()), Err(Error::OutOfSteps { limit: 1000, .. })));
        assert_eq!(typed.counters().steps - before, 1000);
        assert!(typed.is_paused());
        assert!(matches!(typed.resume(), Err(Error::OutOfSteps { .. })));
        assert_eq!(rounds.call(&mut typed, (4,))?, 6);
        assert!(!typed.is_paused());
    }
    // A paused run goes on with what it was called with.
    let mut small = Runtime::builder().steps(100).build(program.clone(), CapabilitySet::new())?;
    small.call("nothing", ())?;
    let mut result = rounds.call(&mut small, (200,)).map(Value::Int);
    for _ in 0..100 {
        if result.is_ok() {
            break;
        }
        result = small.resume();
    }
    assert_eq!(result?, Value::Int(19900));
    assert!(matches!(deep.call(&mut typed, (1 << 40,)), Err(Error::OutOfSteps { .. })));
    Ok(())
}

#[test]
fn time_memory_and_interrupts_end_it_too() -> Test {
    let program = compile_mog_source(PROGRAM)?;
    let forever = program.pub_fn::<(), ()>("forever")?;
    let add = program.pub_fn::<(i64, i64), i64>("add")?;
    let deep = program.pub_fn::<(i64,), i64>("deep")?;
    let timeout = Duration::from_millis(30);
    let mut timed =
        Runtime::builder().timeout(timeout).memory(16 << 10).build(program.clone(), CapabilitySet::new())?;
    let interrupt = Interrupt::default();
    let mut stopped = Runtime::builder().interrupt(&interrupt).build(program, CapabilitySet::new())?;
    for _ in 0..2 {
        assert_eq!(add.call(&mut timed, (1, 2))?, 3);
        assert!(matches!(forever.call(&mut timed, ()), Err(Error::TimedOut { .. })));
        assert!(matches!(deep.call(&mut timed, (100_000,)), Err(Error::OutOfMemory { .. })));
        interrupt.clear();
        assert_eq!(add.call(&mut stopped, (1, 2))?, 3);
        interrupt.set();
        assert!(matches!(forever.call(&mut stopped, ()), Err(Error::TimedOut { .. })));
    }
    Ok(())
}

/// Counts the calls of the host that it is told of.
#[derive(Clone, Default)]
struct Told(std::sync::Arc<std::sync::atomic::AtomicUsize>);

impl Observer for Told {
    fn entered(&mut self, _: &mog::Entry<'_>) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    fn observe(&mut self, _: &Event<'_>) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn whoever_looks_on_is_told_and_output_is_handed_on() -> Test {
    let program = compile_mog_source(PROGRAM)?;
    let says = program.pub_fn::<(i64,), ()>("says")?;
    let (text, sink) = buffer();
    let told = Told::default();
    let watched = Runtime::builder().output(sink.clone()).audit(told.clone());
    let mut watched = watched.build(program.clone(), CapabilitySet::new())?;
    let mut plain = Runtime::builder().output(sink).build(program, CapabilitySet::new())?;
    for n in 1..=3 {
        says.call(&mut watched, (n,))?;
        says.call(&mut plain, (n,))?;
        assert_eq!(text.text().lines().count(), 2 * n as usize);
    }
    assert_eq!(told.0.load(std::sync::atomic::Ordering::Relaxed), 3);
    Ok(())
}

#[test]
fn it_belongs_to_no_runtime() -> Test {
    let first = compile_mog_source(PROGRAM)?;
    let counted = first.pub_fn::<(), i64>("counted")?;
    let add = first.pub_fn::<(i64, i64), i64>("add")?.clone();
    let build = |program| Runtime::new(program, CapabilitySet::new());
    let mut runtimes = [build(first.clone())?, build(first.clone())?];
    for _ in 0..3 {
        add.call(&mut runtimes[0], (1, 2))?;
    }
    add.call(&mut runtimes[1], (1, 2))?;
    let [mut one, mut other] = runtimes;
    assert_eq!([counted.call(&mut one, ())?, counted.call(&mut other, ())?], [3, 1]);

    // A newer version has it elsewhere; it is found by its name.
    let newer = format!("pub fn before() -> int {{ 0 }}\n{}", PROGRAM.replace("a + b }", "a + b + 100 }"));
    let mut newer = build(compile_mog_source(newer)?)?;
    for n in 1..=2 {
        assert_eq!([add.call(&mut newer, (1, 2))?, counted.call(&mut newer, ())?], [103, n]);
        assert_eq!(add.call(&mut one, (1, 2))?, 3);
    }
    // One that has other types, or has it no more, says so.
    let mut third = build(compile_mog_source("pub fn add(a: string, b: string) -> string { a + b }")?)?;
    assert!(matches!(add.call(&mut third, (1, 2)), Err(Error::Arguments { .. })));
    assert!(matches!(counted.call(&mut third, ()), Err(Error::NoFunction { .. })));
    let mut fourth = build(compile_mog_source("pub fn add(a: int, b: int) -> string { \"none\" }")?)?;
    assert!(matches!(add.call(&mut fourth, (1, 2)), Err(Error::Failed { .. })));
    Ok(())
}

#[test]
fn after_a_snapshot_it_goes_on() -> Test {
    let mut runtime = set_up()?;
    let program = runtime.program().clone();
    let add = program.pub_fn::<(i64, i64), i64>("add")?;
    add.call(&mut runtime, (1, 2))?;
    let saved = runtime.snapshot()?;
    let mut restored = Runtime::restore(program.clone(), CapabilitySet::new(), &saved)?;
    assert_eq!(add.call(&mut restored, (3, 4))?, 7);
    assert_eq!(program.pub_fn::<(), i64>("counted")?.call(&mut restored, ())?, 2);
    Ok(())
}

#[test]
fn host_functions_can_be_called_from_it() -> Test {
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("host.twice", |n: i64| if n < 0 { Err("below zero") } else { Ok(2 * n) });
    capabilities.grant("host.panics", || -> i64 { panic!("no") });
    capabilities.grant_async("host.later", |n: i64| async move { n + 1 });
    let source = "pub fn twice(n: int) -> int { host.twice(n) }
        pub fn panics() -> int { host.panics() }
        pub async fn later(n: int) -> int { await host.later(n) }";
    let program = Compiler::with(&capabilities).compile(source)?;
    let mut runtime = Runtime::builder().host_calls(1).build(program.clone(), capabilities)?;
    let twice = program.pub_fn::<(i64,), i64>("twice")?;
    let panics = program.pub_fn::<(), i64>("panics")?;
    let later = program.pub_fn::<(i64,), i64>("later")?;
    for n in 0..3 {
        assert_eq!(twice.call(&mut runtime, (n,))?, 2 * n);
        assert!(matches!(twice.call(&mut runtime, (-1,)), Err(Error::Failed { .. })));
        assert!(matches!(panics.call(&mut runtime, ()), Err(Error::Failed { .. })));
        assert_eq!(later.call(&mut runtime, (n,))?, n + 1);
    }
    assert_eq!(runtime.counters().host_calls, 12);
    Ok(())
}

/// A result that panics when it is made, as a host's own code may.
struct Panics;

impl mog::FromMog for Panics {
    fn from_mog(_: Value) -> Result<Self, Mismatch> {
        panic!("the host's mistake")
    }
}

#[test]
fn a_panic_of_the_hosts_own_leaves_the_runtime_whole() -> Test {
    let mut runtime = set_up()?;
    let program = runtime.program().clone();
    let panics = program.pub_fn::<(i64, i64), Panics>("add")?;
    let call = std::panic::AssertUnwindSafe(|| panics.call(&mut runtime, (1, 2)).is_ok());
    assert!(std::panic::catch_unwind(call).is_err());
    assert_eq!(program.pub_fn::<(), i64>("counted")?.call(&mut runtime, ())?, 1);
    Ok(())
}

//! Host calls that are made from within the fast loop: the same results, steps, pauses and failures as those that are not,
//! because somebody watches.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use common::{Test, buffer};
use mog::{
    CapabilitySet, Compiler, Dispatch, Error, Event, Observer, Optimization, Optimizations, Runtime,
    RuntimeBuilder,
};

const PROGRAM: &str = r#"
    pub fn calls(n: int) -> int {
        sum := 0
        for i in 0..n {
            sum += host.int(i)
            host.unit(i)
            if host.bool(i) { sum += 1 }
            if host.float(2.5) > 2.6 { sum += 2 }
            sum += host.length("some text of i") + host.many(1, 2.0, true, "four", 5, i)
            sum += host.seven() + host.text(i).len
            println(i)
        }
        return sum
    }
    pub fn failing(n: int) -> int {
        caught := 0
        for i in 0..n {
            try { caught += host.odd(i) } catch(e) { println(e)
                caught += 100 }
            try { host.panics(i) } catch(e) { println(e) }
            if host.odd(i) is err(e) { println(e) }
        }
        return caught
    }
    pub fn loops(n: int) -> int {
        sum := 0
        text := "a text that takes some steps to read"
        for i in 0..n { sum += host.int(i) }
        for i in 0..n { sum += host.length(text) }
        for i in 0..n { sum += host.seven() }
        try {
            for i in 1..n { sum += host.odd(i) }
        } catch(e) { println(e) }
        for i in 0..n { sum += host.many(i, 1.0, true, "", 5, i) }
        return sum
    }"#;

fn capabilities() -> CapabilitySet {
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("host.int", |n: i64| n * 3);
    capabilities.grant("host.unit", |_: i64| ());
    capabilities.grant("host.bool", |n: i64| n % 2 == 0);
    capabilities.grant("host.float", |x: f64| x + 0.5);
    capabilities.grant("host.length", |text: String| text.len() as i64);
    capabilities.grant("host.many", |a: i64, b: f64, c: bool, d: String, e: u8, f: i64| {
        a + b as i64 + i64::from(c) + d.len() as i64 + i64::from(e) + f
    });
    capabilities.grant("host.seven", || 7i64);
    capabilities.grant("host.text", |n: i64| "x".repeat(n as usize));
    capabilities.grant("host.odd", |n: i64| if n % 2 == 1 { Ok(n) } else { Err(format!("{n} is even")) });
    capabilities.grant("host.panics", |n: i64| assert!(n % 3 != 0, "{n} is a multiple of three"));
    capabilities
}

/// Looks, so that no call is direct.
struct Watcher;

impl Observer for Watcher {
    fn observe(&mut self, _: &Event<'_>) -> std::io::Result<()> {
        Ok(())
    }
}

/// Output, result, and the counters at each pause.
fn run(
    function: &str,
    watched: bool,
    limit: impl Fn(RuntimeBuilder) -> RuntimeBuilder,
) -> Result<String, Error> {
    run_compiled(function, watched, Optimizations::ALL, limit)
}

fn run_compiled(
    function: &str,
    watched: bool,
    optimizations: Optimizations,
    limit: impl Fn(RuntimeBuilder) -> RuntimeBuilder,
) -> Result<String, Error> {
    let (out, sink) = buffer();
    let capabilities = capabilities();
    let program = Compiler::with(&capabilities).optimizations(optimizations).compile(PROGRAM)?;
    let builder = limit(Runtime::builder().output(sink).memory(16 << 10));
    let builder = if watched { builder.audit(Watcher) } else { builder };
    let mut runtime = builder.build(program, capabilities)?;
    let mut result = runtime.call(function, (12i64,));
    let mut told = String::new();
    while let Err(Error::OutOfSteps { .. } | Error::OutOfHostCalls { .. }) = &result {
        let stack = result.as_ref().map_or_else(ToString::to_string, ToString::to_string);
        told += &format!("{:?} {stack}\n", runtime.counters());
        result = runtime.resume();
    }
    Ok(format!("{told}{}{:?} {:?}", out.text(), result?, runtime.counters()))
}

#[test]
fn nobody_can_tell_a_direct_call() -> Test {
    std::panic::set_hook(Box::new(|_| {}));
    for function in ["calls", "failing", "loops"] {
        for dispatch in [Dispatch::Match, Dispatch::Tail] {
            for steps in (1..80).chain([997, 4095, 4096, 1 << 20]) {
                let limit = |builder: RuntimeBuilder| builder.steps(steps).dispatch(dispatch);
                assert_eq!(
                    run(function, false, limit)?,
                    run(function, true, limit)?,
                    "{function}, {steps} steps"
                );
            }
            for calls in [1, 2, 3, 7, 50] {
                let limit = |builder: RuntimeBuilder| builder.host_calls(calls).dispatch(dispatch);
                assert_eq!(
                    run(function, false, limit)?,
                    run(function, true, limit)?,
                    "{function}, {calls} calls"
                );
            }
        }
    }
    let plain = Optimizations::ALL.without(Optimization::Sequences);
    for steps in (1..300).chain([4096]) {
        let limit = |builder: RuntimeBuilder| builder.steps(steps).host_calls(7);
        assert_eq!(run("loops", false, limit)?, run_compiled("loops", false, plain, limit)?, "{steps} steps");
    }
    let whole = run("failing", false, |builder| builder)?;
    assert!(whole.contains("4 is even") && whole.contains("9 is a multiple of three"), "{whole}");
    Ok(())
}

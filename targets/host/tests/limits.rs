//! Limits on host calls and on the stack, and what the runtime is good for after each limit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::thread;
use std::time::Duration;

use common::{Test, buffer};
use mog::{CapabilitySet, Compiler, Dispatch, Error, Interrupt, Runtime, Value, compile_mog_source};

const CALLS: &str = "
    pub fn print(n: int) { for i in 0..n { println(i) } }
    pub fn denied(n: int) { for i in 0..n { try { robot.move(i) } catch(e) { } } }
    pub fn two() -> int { print(1)\n2 }";

#[test]
fn host_calls_are_counted_denied_ones_too() -> Test {
    for name in ["print", "denied"] {
        let (out, sink) = buffer();
        let program = compile_mog_source(CALLS)?;
        let mut runtime =
            Runtime::builder().host_calls(10).output(sink).build(program, CapabilitySet::new())?;
        assert_eq!(runtime.call(name, (10i64,))?, Value::Null);
        let error = runtime.call(name, (25i64,)).expect_err(name);
        let Error::OutOfHostCalls { limit: 10, stack } = &error else { panic!("{error:?}") };
        assert!(stack.to_string().contains(&format!("at {name} (program.mog:")), "{stack}");
        assert_eq!(error.exit_code(), 124);
        assert!(matches!(runtime.resume(), Err(Error::OutOfHostCalls { .. })), "20 of 25");
        assert_eq!(runtime.resume()?, Value::Null, "all 25");
        assert_eq!(runtime.counters().host_calls, 35);
        assert_eq!(runtime.call("two", ())?, Value::Int(2));
        let lines = if name == "print" { 10 + 25 + 1 } else { 1 };
        assert_eq!(out.text().lines().count(), lines);
    }
    Ok(())
}

#[test]
fn a_limit_of_calls_costs_no_steps() -> Test {
    let steps = |limit: u64| -> Result<u64, Error> {
        let (_, sink) = buffer();
        let program = compile_mog_source(CALLS)?;
        let mut runtime =
            Runtime::builder().host_calls(limit).output(sink).build(program, CapabilitySet::new())?;
        let mut result = runtime.call("print", (30i64,));
        while matches!(result, Err(Error::OutOfHostCalls { .. })) {
            result = runtime.resume();
        }
        result.map(|_| runtime.counters().steps)
    };
    assert_eq!(steps(1)?, steps(u64::MAX)?);
    Ok(())
}

/// Types that share their parts are exponentially long when they are written out.
#[test]
fn a_huge_type_is_cut_in_messages() -> Test {
    let doubled: String =
        (1..40).map(|n| format!("type T{n} = fn(T{m}, T{m}) -> int\n", m = n - 1)).collect();
    let types = format!("type T0 = fn(int) -> int\n{doubled}");
    let program = compile_mog_source(format!("{types}pub fn take(f: T39) {{}}"))?;
    let mut runtime = Runtime::new(program, CapabilitySet::new())?;
    let message = runtime.call("take", (1i64,)).expect_err("an int is no function").to_string();
    assert!(message.len() < 1000 && message.contains('…'), "{message}");
    Ok(())
}

const DEEP: &str = "
    pub fn depth(n: int) -> int { if n == 0 { 0 } else { 1 + depth(n - 1) } }
    pub fn callbacks(n: int) -> int { [n].map(|m| if m == 0 { 0 } else { callbacks(m - 1) + 1 })[0] }
    pub async fn later(n: int) -> int { depth(n) }
    pub async fn awaited(n: int) -> int { await later(n) }";

/// The deepest recursion that works.
fn deepest(runtime: &mut Runtime, name: &str) -> i64 {
    let (mut works, mut fails) = (0i64, 1i64 << 20);
    while works + 1 < fails {
        let middle = i64::midpoint(works, fails);
        match runtime.call(name, (middle,)) {
            Ok(value) => {
                assert_eq!(value, Value::Int(middle));
                works = middle;
            }
            Err(error) => {
                assert!(matches!(error, Error::OutOfStack { .. }), "{error:?}");
                assert!(error.to_string().contains("depth") || error.to_string().contains(name), "{error}");
                assert_eq!(error.exit_code(), 71);
                fails = middle;
            }
        }
    }
    works
}

#[test]
fn nesting_is_bounded_exactly() -> Test {
    for dispatch in [Dispatch::Match, Dispatch::Tail] {
        let build = |bytes: usize| -> Result<Runtime, Error> {
            let program = compile_mog_source(DEEP)?;
            let builder = Runtime::builder().memory(8 << 20).stack(bytes).dispatch(dispatch);
            builder.build(program, CapabilitySet::new())
        };
        for name in ["depth", "callbacks", "awaited"] {
            let small = deepest(&mut build(8 << 10)?, name);
            let large = deepest(&mut build(80 << 10)?, name);
            assert!(small > 50, "{name}: {small}");
            // The same number of bytes for each level, whatever the stack grew by.
            assert!((small * 10 - 20..=small * 10 + 20).contains(&large), "{name}: {small}, {large}");
        }
        let mut none = build(0)?;
        assert_eq!(none.call("depth", (0i64,))?, Value::Int(0), "the first frame needs nothing below it");
        assert!(matches!(none.call("depth", (1i64,)), Err(Error::OutOfStack { .. })));
    }
    Ok(())
}

/// Calls take time that no step counts, so that each is a place to stop at.
#[test]
fn no_call_follows_an_interrupt_or_the_end_of_its_time() -> Test {
    const MOST: i64 = 1000;
    let source =
        format!("fn main() -> int {{ last := 0\nfor i in 0..{MOST} {{ last = host.work(i) }}\nlast }}");
    for timed in [false, true] {
        let interrupt = Interrupt::default();
        let set = interrupt.clone();
        let mut capabilities = CapabilitySet::new();
        capabilities.grant("host.work", move |n: i64| {
            if timed {
                thread::sleep(Duration::from_millis(2));
            } else if n == 3 {
                set.set();
            }
            n
        });
        let program = Compiler::with(&capabilities).compile(&source)?;
        let builder = Runtime::builder().interrupt(&interrupt);
        let builder = if timed { builder.timeout(Duration::from_millis(20)) } else { builder };
        let mut runtime = builder.build(program, capabilities)?;
        let ended = runtime.execute();
        assert!(matches!(ended, Err(Error::TimedOut { .. })), "{ended:?}");
        let calls = runtime.counters().host_calls;
        // The one that is not made is counted when it is tried.
        assert!(if timed { calls < 100 } else { calls == 5 }, "{calls} calls");
        interrupt.clear();
        if !timed {
            assert_eq!(runtime.resume()?, Value::Int(MOST - 1), "it goes on where it stood");
        }
    }
    Ok(())
}

/// Also where an instruction was paid in part: what is left is paid later, once.
#[test]
fn pauses_cost_nothing() -> Test {
    let source = "
names: {bool: Result<string>} = {true: ok(\"x\"), false: err(\"y\")}
fn main() -> int {
    counts := {1: 1}
    list := [1, 2, 3]
    for i in 0..20 {
        counts[i % 7] = i
        match counts.get(i % 9) { some(n) => list.push(n), none => {} }
        if counts.has(i) { list.pop() }
    }
    list.len + counts.len + names.len
}";
    let program = compile_mog_source(source)?;
    let in_slices = |steps: u64| -> Result<(Value, u64), Error> {
        let mut runtime = Runtime::builder().steps(steps).build(program.clone(), CapabilitySet::new())?;
        let mut result = runtime.execute();
        while let Err(Error::OutOfSteps { .. }) = result {
            result = runtime.resume();
        }
        Ok((result?, runtime.counters().steps))
    };
    let due = in_slices(1_000_000)?;
    for slice in 1..40 {
        assert_eq!(in_slices(slice)?, due, "{slice} steps at a time");
    }
    Ok(())
}

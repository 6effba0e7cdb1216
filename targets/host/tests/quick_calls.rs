//! Calls that are one go of the fast loop, and those that turn out not to be: whatever comes before and after, the same
//! results, errors, steps and snapshots as calls by name in a machine that knows no short way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::time::Duration;

use common::{Buffer, Test, buffer};
use mog::{
    Arguments, CapabilitySet, Compiler, Dispatch, Error, FromMog, Interrupt, Program, PubFn, Runtime,
    RuntimeBuilder, ToMog, Value,
};

const PROGRAM: &str = r#"
    total := 0
    kept := ["one"]
    pub fn add(a: int, b: int) -> int { a + b }
    pub fn adds(n: int) -> int { total += n
        total }
    pub fn seven() -> int { 7 }
    pub fn six(a: int, b: float, c: bool, d: int, e: int, f: int) -> int {
        x := (a * d) + e
        y := x - f
        z := y * 3
        w := x + y + z
        if c { w + (b as int) } else { w - (x * y) }
    }
    pub fn divided(a: int, b: int) -> int { total += 1
        a / b }
    pub fn rounds(n: int) -> int { sum := 0
        for i in 0..n { sum += i }
        sum }
    pub fn deep(n: int) -> int { if n == 0 { 0 } else { 1 + deep(n - 1) } }
    pub fn forever() { while true { total += 1 } }
    pub fn keeps(n: int) -> int { kept.push("number " + str(n))
        kept.len }
    pub fn text(n: int) -> string { "n is " + str(n) }
    pub fn maybe(n: int) -> ?int { if n > 0 { some(n) } else { none } }
    pub fn checked(n: int) -> Result<int> { if n > 0 { ok(n) } else { err("not positive") } }
    pub fn function(n: int) -> fn(int) -> int { fn(m: int) -> int { m + n } }
    pub fn says(n: int) { println(n) }
    pub fn twice(n: int) -> int { host.twice(n) }
    pub fn odd(n: int) -> int { host.odd(n) }
    pub fn length(n: int) -> int { host.text(n).len }
    async fn slowly(n: int) -> int { await host.later(n) }
    pub async fn waits(n: int) -> int { await slowly(n) }
    pub async fn spawns(n: int) -> int { spawn slowly(n)
        n }
"#;

fn capabilities() -> CapabilitySet {
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("host.twice", |n: i64| 2 * n);
    capabilities.grant("host.odd", |n: i64| if n % 2 == 1 { Ok(n) } else { Err(format!("{n} is even")) });
    capabilities.grant("host.text", |n: i64| "x".repeat(n as usize));
    capabilities.grant_async("host.later", |n: i64| async move { n + 1 });
    capabilities
}

fn program() -> Result<Program, Error> {
    Ok(Compiler::with(&capabilities()).compile(PROGRAM)?)
}

/// One program in two runtimes: one is called by name, with values, in the portable loop; the other as quickly as can be.
struct Both {
    program: Program,
    named: (Runtime, Buffer),
    quick: (Runtime, Buffer),
}

impl Both {
    fn new(limits: impl Fn(RuntimeBuilder) -> RuntimeBuilder) -> Result<Self, Error> {
        let program = program()?;
        let build = |dispatch| -> Result<_, Error> {
            let (text, sink) = buffer();
            let builder = limits(Runtime::builder().memory(64 << 10).dispatch(dispatch).output(sink));
            Ok((builder.build(program.clone(), capabilities())?, text))
        };
        Ok(Self { named: build(Dispatch::Match)?, quick: build(Dispatch::Tail)?, program })
    }

    /// Calls a function in both, resumes as often as given, and compares.
    fn call<A: Arguments + Clone, R: FromMog + ToMog>(&mut self, name: &str, arguments: A, resumes: usize) {
        let by_name = self.named.0.call(name, arguments.clone().into_values());
        let function: PubFn<A, R> = self.program.pub_fn(name).unwrap();
        let direct = function.call(&mut self.quick.0, arguments).map(R::to_mog);
        self.compare(name, &by_name, &direct);
        for _ in 0..resumes {
            if !self.named.0.is_paused() {
                break;
            }
            let (by_name, direct) = (self.named.0.resume(), self.quick.0.resume());
            self.compare(name, &by_name, &direct);
        }
    }

    fn compare(&mut self, name: &str, by_name: &Result<Value, Error>, direct: &Result<Value, Error>) {
        let said = |result: &Result<Value, Error>| match result {
            Ok(value) => format!("{value:?}"),
            Err(error) => format!("{error:?}: {error}"),
        };
        assert_eq!(said(direct), said(by_name), "{name}");
        let ((named, text), (quick, other)) = (&mut self.named, &mut self.quick);
        assert_eq!(quick.counters(), named.counters(), "{name}");
        assert_eq!(quick.is_paused(), named.is_paused(), "{name}");
        assert_eq!(other.text(), text.text(), "{name}");
        assert_eq!(quick.snapshot().unwrap(), named.snapshot().unwrap(), "{name}");
    }

    /// Every function, in an order in which each comes after each kind of end.
    fn all(&mut self, resumes: usize) {
        for n in [3, 0, 1] {
            self.call::<(i64, i64), i64>("add", (n, 2), resumes);
            self.call::<(i64,), i64>("adds", (n,), resumes);
            self.call::<(), i64>("seven", (), resumes);
            self.call::<(i64, i64), i64>("divided", (9, n), resumes);
            self.call::<_, i64>("six", (n, 2.5, n > 0, 4i64, 5i64, 6i64), resumes);
            self.call::<(i64,), i64>("rounds", (200 * n,), resumes);
            self.call::<(i64,), i64>("adds", (n,), resumes);
            self.call::<(i64,), i64>("deep", (n,), resumes);
            self.call::<(i64,), i64>("deep", (200 * n,), resumes);
            self.call::<(), ()>("forever", (), 2);
            self.call::<(i64,), i64>("keeps", (n,), resumes);
            self.call::<(i64,), i64>("adds", (n,), resumes);
            self.call::<(i64,), String>("text", (n,), resumes);
            self.call::<(i64,), Option<i64>>("maybe", (n,), resumes);
            self.call::<(i64,), i64>("checked", (n,), resumes);
            self.call::<(i64,), i64>("adds", (n,), resumes);
            self.call::<(i64,), ()>("says", (n,), resumes);
            self.call::<(i64,), i64>("twice", (n,), resumes);
            self.call::<(i64,), i64>("odd", (n,), resumes);
            self.call::<(i64,), i64>("length", (n,), resumes);
            self.call::<(i64,), i64>("adds", (n,), resumes);
            self.call::<(i64,), i64>("waits", (n,), resumes);
            self.call::<(i64,), i64>("spawns", (n,), resumes);
            self.call::<(i64,), i64>("adds", (n,), resumes);
        }
    }
}

#[test]
fn each_kind_of_call_after_each() -> Test {
    let mut both = Both::new(|builder| builder.steps(20_000))?;
    both.all(2);
    both.all(2);
    Ok(())
}

#[test]
fn every_limit_ends_it_at_the_same_place() -> Test {
    for steps in (0..60).chain([255, 256, 257, 300, 511, 512, 1000]) {
        Both::new(|builder| builder.steps(steps))?.all(40);
    }
    for host_calls in 0..3 {
        Both::new(|builder| builder.steps(20_000).host_calls(host_calls))?.all(2);
    }
    for memory in [2 << 10, 3 << 10, 4 << 10, 8 << 10] {
        Both::new(|builder| builder.steps(20_000).memory(memory))?.all(2);
        Both::new(|builder| builder.steps(20_000).stack(memory / 4))?.all(2);
    }
    for bytes in 0..6 {
        Both::new(|builder| builder.steps(20_000).output_limit(bytes))?.all(2);
    }
    Ok(())
}

#[test]
fn a_clock_or_an_interrupt_does_not_change_it() -> Test {
    let interrupt = Interrupt::default();
    Both::new(|builder| builder.steps(20_000).timeout(Duration::from_secs(3600)))?.all(2);
    Both::new(|builder| builder.steps(20_000).interrupt(&interrupt))?.all(2);
    // One that is already there ends what does not return by itself, and nothing before.
    let program = program()?;
    let builder = || Runtime::builder().dispatch(Dispatch::Tail);
    let add = program.pub_fn::<(i64, i64), i64>("add")?;
    let forever = program.pub_fn::<(), ()>("forever")?;
    let mut stopped = builder().interrupt(&interrupt).build(program.clone(), capabilities())?;
    let mut timed = builder().timeout(Duration::from_millis(20)).build(program, capabilities())?;
    interrupt.set();
    for _ in 0..3 {
        for runtime in [&mut stopped, &mut timed] {
            assert_eq!(add.call(runtime, (1, 2))?, 3);
            assert!(matches!(forever.call(runtime, ()), Err(Error::TimedOut { .. })));
        }
    }
    Ok(())
}

#[test]
fn instances_by_turns_and_a_program_of_another() -> Test {
    let program = program()?;
    let builder = || Runtime::builder().steps(1000).dispatch(Dispatch::Tail);
    let mut runtimes = [
        builder().build(program.clone(), capabilities())?,
        builder().build(program.clone(), capabilities())?,
    ];
    let (adds, rounds) = (program.pub_fn::<(i64,), i64>("adds")?, program.pub_fn::<(i64,), i64>("rounds")?);
    for n in 1..=5 {
        for (runtime, each) in runtimes.iter_mut().zip([1, 10]) {
            assert_eq!(adds.call(runtime, (each,))?, n * each);
        }
        // What is paused in one is not disturbed by the other.
        assert!(matches!(rounds.call(&mut runtimes[0], (500,)), Err(Error::OutOfSteps { .. })));
        assert_eq!(rounds.call(&mut runtimes[1], (4,))?, 6);
        let mut result = runtimes[0].resume();
        while let Err(Error::OutOfSteps { .. }) = result {
            result = runtimes[0].resume();
        }
        assert_eq!(result?, Value::Int(500 * 499 / 2));
    }
    // What looks the same is another program: its function is found by name.
    let other = Compiler::with(&capabilities()).compile(&PROGRAM.replace("total += n", "total += 2 * n"))?;
    let mut other = builder().build(other, capabilities())?;
    for n in 1..=3 {
        assert_eq!(adds.call(&mut other, (5,))?, 10 * n);
        assert_eq!(adds.call(&mut runtimes[0], (0,))?, 5);
    }
    Ok(())
}

#[test]
fn a_function_as_result_is_refused_each_time() -> Test {
    let program = program()?;
    let mut runtime = Runtime::builder().dispatch(Dispatch::Tail).build(program.clone(), capabilities())?;
    let function = program.pub_fn::<(i64,), Value>("function")?;
    let adds = program.pub_fn::<(i64,), i64>("adds")?;
    for n in 1..=3 {
        assert!(matches!(function.call(&mut runtime, (n,)), Err(Error::Failed { .. })));
        assert_eq!(adds.call(&mut runtime, (1,))?, n);
    }
    Ok(())
}

/// A program without state has nothing to run before its first call.
#[test]
fn the_first_call_of_all() -> Test {
    let source = "pub fn add(a: int, b: int) -> int { a + b }
        pub fn forever(n: int) -> int { while n > 0 { }
            n }";
    let program = Compiler::new().compile(source)?;
    let add = program.pub_fn::<(i64, i64), i64>("add")?;
    let forever = program.pub_fn::<(i64,), i64>("forever")?;
    let interrupt = Interrupt::default();
    interrupt.set();
    let build = |limits: &dyn Fn(RuntimeBuilder) -> RuntimeBuilder| {
        let builder = limits(Runtime::builder().dispatch(Dispatch::Tail));
        builder.build(program.clone(), CapabilitySet::new())
    };
    let timed = |builder: RuntimeBuilder| builder.timeout(Duration::from_millis(20));
    let stopped = |builder: RuntimeBuilder| builder.interrupt(&interrupt);
    for limits in [&timed as &dyn Fn(RuntimeBuilder) -> RuntimeBuilder, &stopped] {
        assert!(matches!(forever.call(&mut build(limits)?, (1,)), Err(Error::TimedOut { .. })));
        assert_eq!(add.call(&mut build(limits)?, (1, 2))?, 3);
    }
    for steps in 0..8 {
        let mut runtimes = [build(&|builder| builder.steps(steps))?, build(&|builder| builder.steps(steps))?];
        let [named, quick] = &mut runtimes;
        let by_name = named.call("add", vec![1i64.into(), 2i64.into()]);
        let direct = add.call(quick, (1, 2)).map(Value::Int);
        assert_eq!(format!("{direct:?}"), format!("{by_name:?}"));
        assert_eq!(quick.counters(), named.counters());
        assert_eq!(quick.snapshot()?, named.snapshot()?);
    }
    Ok(())
}

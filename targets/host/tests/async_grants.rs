//! Host functions that are futures, on tokio and without it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::future::{Future, pending, poll_fn, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use common::{Test, buffer, runtime};
use mog::{
    AuditLog, CallError, CapabilitySet, Compiler, Error, Function, Replay, Runtime, RuntimeBuilder, Value,
    compile_mog_source,
};
use tokio::time::{sleep, timeout};

/// Counts those of its kind that live.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// `net.wait(ms)` gives `ms` after that time, `net.never()` nothing. Counts the futures that live.
fn network() -> (CapabilitySet, Arc<AtomicUsize>) {
    let alive = Arc::new(AtomicUsize::new(0));
    let mut set = CapabilitySet::new();
    let count = Arc::clone(&alive);
    set.grant_async("net.wait", move |ms: i64| {
        let alive = Alive::new(&count);
        async move {
            sleep(Duration::from_millis(ms.unsigned_abs())).await;
            drop(alive);
            ms
        }
    });
    let count = Arc::clone(&alive);
    set.grant_async("net.never", move || {
        let alive = Alive::new(&count);
        async move {
            let _alive = alive;
            pending::<()>().await;
        }
    });
    set.grant_async("net.now", |n: i64| ready(n * 2));
    set.grant_async("net.fails", |why: String| async move {
        sleep(Duration::from_millis(1)).await;
        Err::<i64, _>(why)
    });
    set.grant_async("net.panics", |late: bool| async move {
        if late {
            sleep(Duration::from_millis(1)).await;
        }
        boom()
    });
    (set, alive)
}

fn boom() -> i64 {
    panic!("boom")
}

fn text(result: Result<Value, Error>) -> String {
    result.map_or_else(|error| error.to_string(), |value| value.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_under_way_at_once() -> Test {
    let (set, alive) = network();
    let source = "
        async fn main() -> int {
            xs := await all([net.wait(220), net.wait(180), net.wait(200)])
            assert(xs[0] == 220 and (xs[1] == 180) and (xs[2] == 200), \"in order\")
            (await net.wait(50)) + (await net.wait(40))
        }";
    let mut runtime = runtime(source, set)?;
    let start = Instant::now();
    // It goes where tokio likes.
    let result = tokio::spawn(async move { runtime.execute_async().await }).await?;
    assert_eq!(text(result), "90");
    let took = start.elapsed();
    assert!((Duration::from_millis(309)..Duration::from_millis(600)).contains(&took), "{took:?}");
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_programs_share_the_threads() -> Test {
    let (set, alive) = network();
    let source = "
        pub async fn work(n: int) -> int {
            spawn net.wait(5)
            s := 0
            for i in 0..20000 { s += i % 7 }
            xs := await all([net.wait(n % 5), net.wait(7)])
            s - s + n + xs.sum() + (await net.now(n))
        }";
    let program = Compiler::with(&set).compile(source)?;
    let tasks: Vec<_> = (0..300i64)
        .map(|n| {
            let runtime =
                Runtime::builder().memory(32 << 10).steps(1_000_000).build(program.clone(), set.clone());
            tokio::spawn(async move {
                let mut runtime = runtime?;
                let first = runtime.call_async("work", (n,)).await?;
                Ok::<_, Error>((n, first == runtime.call_async("work", (n,)).await?, first))
            })
        })
        .collect();
    for task in tasks {
        let (n, same, value) = task.await??;
        assert!(same);
        assert_eq!(value, Value::Int(n * 3 + n % 5 + 7));
    }
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    Ok(())
}

#[tokio::test]
async fn the_future_of_a_cancelled_task_is_dropped() -> Test {
    let (mut set, alive) = network();
    let count = Arc::clone(&alive);
    set.grant("net.alive", move || count.load(Ordering::SeqCst) as i64);
    let source = "
        async fn slow() -> int { await net.never()\n1 }
        async fn fast() -> int { await net.wait(5) }
        async fn main() {
            println(await race([slow(), fast(), slow()]), net.alive())
            try { await all([slow(), broken()]) } catch(e) { println(e, net.alive()) }
        }
        async fn broken() -> int { await net.fails(\"broken\") }";
    let (out, sink) = buffer();
    let program = Compiler::with(&set).compile(source)?;
    Runtime::builder().output(sink).build(program, set)?.execute_async().await?;
    assert_eq!(out.text(), "5 0\nbroken 0\n");
    Ok(())
}

#[tokio::test]
async fn failures_are_those_of_the_call() -> Test {
    let (mut set, _) = network();
    set.grant(
        "t.dynamic",
        Function::dynamic_async(|args| async move {
            sleep(Duration::from_millis(1)).await;
            match args.first().and_then(Value::as_str) {
                Some("denied") => Err(CallError::denied("capability denied: by policy")),
                _ => Ok(Value::Array(args)),
            }
        }),
    );
    let source = "
        async fn main() {
            try { await net.fails(\"no route\") } catch(e) { println(e, e.kind) }
            for late in [false, true] { try { await net.panics(late) } catch(e) { println(e) } }
            match await net.fails(\"asked\") { ok(n) => println(n), err(e) => println(e) }
            println(t.dynamic(1, \"a\"))
            try { t.dynamic(\"denied\") } catch(e) { println(e, e.kind) }
            await net.fails(\"the end\")
        }";
    let (out, sink) = buffer();
    let program = Compiler::with(&set).compile(source)?;
    let error = Runtime::builder().output(sink).build(program, set)?.execute_async().await.unwrap_err();
    assert_eq!(
        out.text(),
        "no route failed\nthe host's function panicked: boom\nthe host's function panicked: boom\nasked\n\
         [1, \"a\"]\ncapability denied: by policy denied\n"
    );
    assert!(matches!(&error, Error::Failed { message, .. } if message == "the end"), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn what_was_not_declared_waits_all_the_same() -> Test {
    let (set, _) = network();
    // Neither does the compiler know the types, nor can `later`, which is not async, be suspended.
    let source = "
        fn later(ms: int) -> int { net.wait(ms) as int }
        fn main() -> int { later(3) + later(4) }";
    let mut runtime = Runtime::new(compile_mog_source(source)?, set.clone())?;
    assert_eq!(text(runtime.execute_async().await), "7");
    assert_eq!(text(runtime.execute_async().await), "7");
    let mut wrong = Runtime::new(compile_mog_source("fn main() { net.wait(\"long\") }")?, set.clone())?;
    assert!(text(wrong.execute_async().await).contains("argument 1: expected int, found string \"long\""));
    let mut many = Runtime::new(compile_mog_source("fn main() { net.wait(1, 2) }")?, set)?;
    assert!(text(many.execute_async().await).contains("expected 1 argument, found 2"));
    Ok(())
}

#[tokio::test]
async fn a_timeout_ends_what_waits_and_what_computes() -> Test {
    let (set, alive) = network();
    let compiled = |source: &str| Compiler::with(&set).compile(source);
    let limited = || Runtime::builder().timeout(Duration::from_millis(50));
    for source in [
        "async fn main() { await net.never() }",
        "async fn main() { await race([net.never(), net.never()]) }",
        "async fn main() { await all([net.never(), net.never()]) }",
        "fn main() { loop {} }",
        "async fn main() { spawn net.never()\nloop { net.now(1) } }",
    ] {
        let mut runtime = limited().build(compiled(source)?, set.clone())?;
        let start = Instant::now();
        let error = runtime.execute_async().await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{source}: {error:?}");
        assert!(start.elapsed() < Duration::from_millis(500), "{source}: {:?}", start.elapsed());
        assert!(runtime.is_paused());
        let error = runtime.resume_async().await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{source}: {error:?}");
        drop(runtime);
        assert_eq!(alive.load(Ordering::SeqCst), 0, "{source}");
    }
    // What is under way when time is up goes on afterwards.
    let mut runtime =
        limited().build(compiled("async fn main() -> int { await net.wait(80) }")?, set.clone())?;
    assert!(matches!(runtime.execute_async().await, Err(Error::TimedOut { .. })));
    assert_eq!(text(runtime.resume_async().await), "80");
    assert!(matches!(runtime.resume_async().await, Err(Error::Idle)));
    Ok(())
}

#[tokio::test(flavor = "current_thread")]
async fn a_program_that_computes_gives_way() -> Test {
    let mut runtime = Runtime::builder()
        .steps(100_000_000)
        .build(compile_mog_source("fn main() { loop {} }")?, CapabilitySet::new())?;
    let turns = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&turns);
    let other = tokio::spawn(async move {
        loop {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let error = runtime.execute_async().await.unwrap_err();
    other.abort();
    assert!(matches!(error, Error::OutOfSteps { limit: 100_000_000, .. }), "{error:?}");
    assert!(turns.load(Ordering::Relaxed) > 1000, "{turns:?}");
    let steps = runtime.counters().steps;
    assert!((100_000_000..100_001_000).contains(&steps), "{steps}");
    Ok(())
}

#[tokio::test]
async fn limits_on_steps_and_calls_hold_beside_futures() -> Test {
    let (set, _) = network();
    let source = "async fn main() { loop { await net.wait(1) } }";
    let program = Compiler::with(&set).compile(source)?;
    let mut few = Runtime::builder().host_calls(3).build(program.clone(), set.clone())?;
    assert!(matches!(few.execute_async().await, Err(Error::OutOfHostCalls { limit: 3, .. })));
    let mut short = Runtime::builder().steps(2000).build(program, set)?;
    for _ in 0..3 {
        let result = if short.is_paused() { short.resume_async().await } else { short.execute_async().await };
        assert!(matches!(result, Err(Error::OutOfSteps { limit: 2000, .. })), "{result:?}");
    }
    Ok(())
}

#[tokio::test]
async fn so_many_calls_can_be_under_way() -> Test {
    let (set, alive) = network();
    let source = "
        async fn main() -> int {
            fs := [net.wait(20); 0]
            for i in 0..8 { fs.push(net.wait(20)) }
            try { await all(fs) } catch(e) { println(e) }
            await net.wait(1)
        }";
    let program = Compiler::with(&set).compile(source)?;
    for (limit, expected) in [(7, "at most 7 calls can be under way at once\n"), (8, "")] {
        let (out, sink) = buffer();
        let builder = Runtime::builder().output(sink).pending_calls(limit);
        assert_eq!(text(builder.build(program.clone(), set.clone())?.execute_async().await), "1");
        assert_eq!(out.text(), expected);
        assert_eq!(alive.load(Ordering::SeqCst), 0);
    }
    Ok(())
}

#[tokio::test]
async fn a_run_that_is_dropped_can_go_on() -> Test {
    let (set, alive) = network();
    let source = "
        n := 0
        async fn main() -> int { n += 1\nawait net.wait(60) }
        pub fn count() -> int { n }";
    let mut runtime = runtime(source, set)?;
    assert!(timeout(Duration::from_millis(10), runtime.execute_async()).await.is_err());
    assert!(runtime.is_paused());
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    assert_eq!(text(runtime.resume_async().await), "60");
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    // Or another call begins, and what was under way is dropped.
    assert!(timeout(Duration::from_millis(10), runtime.execute_async()).await.is_err());
    assert_eq!(text(runtime.call_async("count", ()).await), "2");
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    // A future that is not polled does nothing.
    drop(runtime.execute_async());
    assert_eq!(text(runtime.call_async("count", ()).await), "2");
    assert!(timeout(Duration::from_millis(10), runtime.execute_async()).await.is_err());
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    drop(runtime);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    Ok(())
}

#[tokio::test]
async fn nothing_is_under_way_when_the_program_has_ended() -> Test {
    let (set, alive) = network();
    let source = "
        async fn stay() { await net.never() }
        async fn end(how: int) {
            await net.wait(1)
            if how == 0 { panic(\"over\") }
            if how == 1 { await net.fails(\"over\") }
            loop {}
        }
        pub async fn run(how: int) { await all([stay(), end(how)]) }";
    let program = Compiler::with(&set).compile(source)?;
    let mut runtime = Runtime::builder().steps(100_000).build(program, set)?;
    for (how, left) in [(0i64, 0), (1, 0), (2, 1)] {
        let error = runtime.call_async("run", (how,)).await.unwrap_err();
        assert_eq!(alive.load(Ordering::SeqCst), left, "{error}");
        assert_eq!(runtime.is_paused(), left == 1, "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn sleep_needs_no_timer_of_the_executor() -> Test {
    let mut set = CapabilitySet::new();
    set.grant_standard("time")?;
    let source = "
        async fn nap(ms: int) -> int { await time.sleep(ms)\nms }
        async fn main() -> int { xs := await all([nap(30), nap(20)])\nawait sleep(10)\nxs.sum() }";
    let mut runtime = runtime(source, set)?;
    let start = Instant::now();
    assert_eq!(text(runtime.execute_async().await), "50");
    let took = start.elapsed();
    assert!((Duration::from_millis(39)..Duration::from_millis(200)).contains(&took), "{took:?}");
    Ok(())
}

/// Ends when another thread says so.
fn by_a_thread(ms: i64) -> impl Future<Output = i64> + Send {
    let state = Arc::new(Mutex::new((false, None::<Waker>)));
    let shared = Arc::clone(&state);
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(ms.unsigned_abs()));
        let mut state = shared.lock().unwrap();
        state.0 = true;
        state.1.take().into_iter().for_each(Waker::wake);
    });
    poll_fn(move |context: &mut Context<'_>| {
        let mut state = state.lock().unwrap();
        state.1 = Some(context.waker().clone());
        if state.0 { Poll::Ready(ms) } else { Poll::Pending }
    })
}

#[test]
fn without_an_executor_the_thread_waits() -> Test {
    let mut set = CapabilitySet::new();
    set.grant_async("net.wait", by_a_thread).grant_async("net.never", pending::<()>);
    set.grant_standard("time")?;
    let source = "
        async fn nap(ms: int) -> int { await time.sleep(ms)\n1 }
        async fn main() -> int {
            xs := await all([net.wait(40), nap(20), net.wait(30)])
            n := await race([nap(1000), net.wait(5)])
            xs.sum() + n + (await net.wait(2))
        }";
    let mut first = runtime(source, set.clone())?;
    let start = Instant::now();
    assert_eq!(text(first.execute()), "78");
    let took = start.elapsed();
    assert!((Duration::from_millis(47)..Duration::from_millis(900)).contains(&took), "{took:?}");
    let program = Compiler::with(&set).compile("async fn main() { await net.never() }")?;
    let mut limited = Runtime::builder().timeout(Duration::from_millis(20)).build(program, set)?;
    assert!(matches!(limited.execute(), Err(Error::TimedOut { .. })));
    // Tokio's timers are at home on tokio only; that is a failure, not a panic of the host.
    let (set, _) = network();
    let mut lost = runtime("async fn main() { await net.wait(1) }", set)?;
    let error = lost.execute().unwrap_err();
    assert!(
        error.to_string().contains("the host's function panicked: there is no reactor running"),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn panics_while_a_future_is_dropped_hurt_nobody() -> Test {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(thread::panicking(), "while dropped");
        }
    }
    let mut set = network().0;
    set.grant_async("net.bomb", |ms: u64| {
        let bomb = Bomb;
        async move {
            let _bomb = bomb;
            sleep(Duration::from_millis(ms)).await;
        }
    });
    let source = "
        async fn bomb() -> int { await net.bomb(10000)\n1 }
        async fn wait() -> int { await net.wait(1)\n2 }
        async fn main() -> int { await race([bomb(), wait()]) }
        pub async fn stay() { await net.bomb(10000) }";
    let mut runtime = runtime(source, set)?;
    assert_eq!(text(runtime.execute_async().await), "2");
    assert!(timeout(Duration::from_millis(5), runtime.call_async("stay", ())).await.is_err());
    assert_eq!(text(runtime.execute_async().await), "2");
    assert!(timeout(Duration::from_millis(5), runtime.call_async("stay", ())).await.is_err());
    drop(runtime);
    Ok(())
}

/// A run with its log.
async fn record(
    source: &str,
    set: &CapabilitySet,
    builder: RuntimeBuilder,
) -> Result<(String, String, u64), Error> {
    let ((log, sink), (_, nowhere)) = (buffer(), buffer());
    let program = Compiler::with(set).compile(source)?;
    let mut runtime = builder.output(nowhere).audit(AuditLog::new(sink)).build(program, set.clone())?;
    let result = text(runtime.execute_async().await);
    Ok((log.text(), result, runtime.counters().steps))
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_repeat_runs_with_futures() -> Test {
    let (set, _) = network();
    let source = "
        async fn one(n: int) -> int {
            x := await net.wait(n * 7 % 5)
            y := await net.now(n)
            try { await net.fails(\"f\") } catch(e) { println(e) }
            try { await net.panics(n % 2 == 0) } catch(e) { println(e) }
            x * 100 + y
        }
        async fn main() -> int {
            xs := await all([one(1), one(2), one(3), one(4)])
            first := await race([one(5), one(6)])
            spawn one(9)
            println(xs, first)
            xs.sum() - (await net.wait(1))
        }";
    for _ in 0..3 {
        let (log, result, steps) = record(source, &set, Runtime::builder()).await?;
        assert!(log.contains("\"outcome\":\"pending\"") && log.contains("\"token\":"), "{log}");
        let program = Compiler::with(&set).compile(source)?;
        for async_too in [false, true] {
            let (_, nowhere) = buffer();
            let builder = Replay::read(&log)?.builder().output(nowhere);
            let mut again = builder.build(program.clone(), CapabilitySet::empty())?;
            let repeated = if async_too { again.execute_async().await } else { again.replay() };
            assert_eq!((text(repeated), again.counters().steps), (result.clone(), steps), "{log}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_dropped_run_is_repeated_from_its_log() -> Test {
    let (set, _) = network();
    let source = "
        async fn main() -> int { a := await net.wait(1)\nb := await net.wait(50)\na + b }";
    let (log, sink) = buffer();
    let program = Compiler::with(&set).compile(source)?;
    let mut runtime = Runtime::builder().audit(AuditLog::new(sink)).build(program.clone(), set)?;
    assert!(timeout(Duration::from_millis(15), runtime.execute_async()).await.is_err());
    assert_eq!(text(runtime.resume_async().await), "51");
    assert!(log.text().contains("\"out of time\""), "{}", log.text());
    let mut again = Replay::read(&log.text())?.builder().build(program, CapabilitySet::empty())?;
    assert_eq!(text(again.replay()), "51");
    assert_eq!(again.counters().steps, runtime.counters().steps);
    Ok(())
}

#[tokio::test]
async fn a_call_that_is_under_way_does_not_survive_a_snapshot() -> Test {
    let mut set = network().0;
    set.grant_standard("time")?;
    let source = "
        async fn sleeper() -> int { await time.sleep(30)\n7 }
        async fn caller() -> int { match await net.wait(10000) { ok(n) => n, err(e) => { println(e)\n1 } } }
        async fn main() -> int { xs := await all([sleeper(), caller()])\nxs.sum() }";
    let program = Compiler::with(&set).compile(source)?;
    let mut runtime = Runtime::new(program.clone(), set.clone())?;
    assert!(timeout(Duration::from_millis(5), runtime.execute_async()).await.is_err());
    let saved = runtime.snapshot()?;
    drop(runtime);
    let (out, sink) = buffer();
    let mut restored = Runtime::builder().output(sink).restore(program, set, &saved)?;
    assert_eq!(text(restored.resume_async().await), "8");
    assert_eq!(out.text(), "the call was under way when the program was saved\n");
    Ok(())
}

#[test]
fn it_is_granted_denied_and_declared_like_any_other() -> Test {
    let (mut set, _) = network();
    assert!(set.reference().contains("async fn wait(a: int) -> int\n"), "{}", set.reference());
    assert!(set.reference().contains("async fn fails(a: string) -> int\n"), "{}", set.reference());
    set.grant("http.get", Function::dynamic_async(|_| ready(Ok(Value::Null))).named(["url"]));
    set.grant_async("http.post", |_: String, _: i64, _: i64| ready(()));
    assert!(set.reference().contains("async fn post(a: string, b: int, c: int)\n"), "{}", set.reference());
    set.deny("net.wait");
    let error = runtime("async fn main() { await net.wait(1) }", set)?.execute().unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
    Ok(())
}

#[test]
fn the_runs_may_move_between_threads() {
    fn send<T: Send>(_: &T) {}
    let mut runtime = runtime("fn main() {}", CapabilitySet::new()).unwrap();
    send(&runtime.execute_async());
    send(&runtime.call_async("main", ()));
    send(&runtime.resume_async());
    let mut future: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(runtime.execute_async());
    let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Ok(Value::Null))));
}

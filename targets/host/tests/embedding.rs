//! A runtime in a host: what is granted, what is kept between calls, and that nothing gets out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{Test, buffer, output_of, runtime};
use mog::{
    CallError, CapabilitySet, Compiler, Error, Function, Program, Runtime, TrapCode, Value,
    compile_mog_source,
};

#[test]
fn everything_that_moves_between_threads_may() {
    fn send<T: Send>() {}
    fn shared<T: Send + Sync>() {}
    send::<Runtime>();
    shared::<Program>();
    shared::<CapabilitySet>();
    shared::<Error>();
}

#[test]
fn a_grant_is_one_closure() -> Test {
    let total = Arc::new(AtomicU64::new(0));
    let seen = total.clone();
    let mut set = CapabilitySet::new();
    set.grant("meter.add", move |n: u64| seen.fetch_add(n, Ordering::Relaxed));
    let mut runtime = runtime("fn main() { for i in 1 to 4 { meter.add(i as u64) } }", set)?;
    runtime.execute()?;
    assert_eq!(total.load(Ordering::Relaxed), 10);
    Ok(())
}

#[test]
fn nothing_is_granted_but_output() -> Test {
    let mut runtime = runtime("fn main() { kv.set(\"a\", \"b\") }", CapabilitySet::new())?;
    let error = runtime.execute().expect_err("kv is not granted");
    assert!(
        matches!(&error, Error::Denied { message, .. } if message == "capability denied: kv.set"),
        "{error:?}"
    );
    assert_eq!(error.exit_code(), 77);
    assert_eq!(output_of("fn main() { println(\"out\") }", CapabilitySet::new())?, "out\n");
    let error =
        output_of("fn main() { println(\"out\") }", CapabilitySet::empty()).expect_err("nothing is granted");
    assert_eq!(error.exit_code(), 77);
    Ok(())
}

#[test]
fn a_denial_wins_whatever_the_order() -> Test {
    let source = "fn main() { println(t.a()) }";
    for deny in ["t.a", "t"] {
        let mut before = CapabilitySet::new();
        before.deny(deny).grant("t.a", || 1i64);
        let mut after = CapabilitySet::new();
        after.grant("t.a", || 1i64).deny(deny);
        for set in [before, after] {
            assert!(!set.grants("t"));
            let error = output_of(source, set).expect_err("it is denied");
            assert!(matches!(error, Error::Denied { .. }), "{error:?}");
        }
    }
    let mut other = CapabilitySet::new();
    other.grant("t.a", || 1i64).deny("t.b").deny("ta").deny("t.");
    assert_eq!(output_of(source, other)?, "1\n");
    Ok(())
}

#[test]
fn a_host_function_can_deny() -> Test {
    let mut set = CapabilitySet::new();
    set.grant(
        "fs.read",
        Function::dynamic(|args| match args.text(0)? {
            "allowed" => Ok("text".into()),
            other => Err(CallError::denied(format_args!("capability denied: fs.read of {other}"))),
        }),
    );
    let source = "fn main() {
        println(fs.read(\"allowed\"))
        try { fs.read(\"a\") } catch(e) { println(e.kind) }
        fs.read(\"b\")
    }";
    let (out, sink) = buffer();
    let program = compile_mog_source(source)?;
    let error =
        Runtime::builder().output(sink).build(program, set)?.execute().expect_err("the last is not caught");
    assert_eq!(out.text(), "text\ndenied\n");
    assert_eq!(error.exit_code(), 77);
    assert!(
        error.to_string().starts_with("capability denied: fs.read of b\n  at main (program.mog:4:"),
        "{error}"
    );
    Ok(())
}

#[test]
fn requirements_are_checked_before_anything_runs() -> Test {
    let program = compile_mog_source("requires kv\nprintln(\"must not start\")\n")?;
    let error = Runtime::new(program.clone(), CapabilitySet::new()).expect_err("kv is missing");
    assert!(matches!(&error, Error::Requires { capability } if capability == "kv"), "{error:?}");
    assert_eq!(error.exit_code(), 77);
    let mut set = CapabilitySet::new();
    set.grant_standard("kv.get")?;
    let (out, sink) = buffer();
    Runtime::builder().output(sink).build(program.clone(), set.clone())?.execute()?;
    assert_eq!(out.text(), "must not start\n");
    set.deny("kv");
    assert!(Runtime::new(program, set).is_err());
    Ok(())
}

#[test]
fn unknown_standard_names_are_errors() {
    let mut set = CapabilitySet::new();
    for name in ["kvs", "kv.size", "kv.", "", ".", "kv.get.x"] {
        assert!(set.grant_standard(name).is_err(), "{name}");
    }
}

#[test]
fn types_come_from_the_grants() -> Test {
    let mut set = CapabilitySet::new();
    set.grant("shop.price", |name: String, count: u8| (name.len() as f64) * f64::from(count));
    let compiler = Compiler::with(&set);
    compiler.compile("fn main() { x: float = shop.price(\"desk\", 3) }")?;
    for wrong in [
        "shop.price(1, 2)",
        "shop.price(\"desk\")",
        "shop.price(\"desk\", 256)",
        "x: int = shop.price(\"a\", 1)",
    ] {
        let error = compiler.compile(&format!("fn main() {{ {wrong} }}")).expect_err(wrong);
        assert!(error.to_string().contains("program.mog:1:"), "{error}");
    }
    Ok(())
}

#[test]
fn a_panic_in_a_host_function_is_a_failed_call() -> Test {
    let mut set = CapabilitySet::new();
    set.grant("t.panics", |message: String| -> i64 { panic!("{message}") });
    let source = "fn main() { match t.panics(\"boom\") { ok(n) => println(n), err(e) => println(e) }\nt.panics(\"again\") }";
    let (out, sink) = buffer();
    let program = Compiler::with(&set).compile(source)?;
    let mut runtime = Runtime::builder().output(sink).build(program, set)?;
    for _ in 0..2 {
        let error = runtime.execute().expect_err("the second is not caught");
        assert!(error.to_string().contains("the host's function panicked: again"), "{error}");
    }
    assert_eq!(out.text(), "the host's function panicked: boom\n".repeat(2));
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------------
// State and reuse

const ACCOUNT: &str = "
balance := 0
log: [string] = []
pub fn deposit(n: int) -> int {
    balance += n
    log.push(f\"+{n}\")
    balance
}
pub fn fault(n: int) -> int { 100 / n }
pub fn deep(n: int) -> int { 1 + deep(n + 1) }
pub fn spin() { loop { } }
pub fn grow() { s := \"x\"\n loop { s = s + s } }
pub fn forbidden() { kv.set(\"a\", \"b\") }
pub fn failing() -> int { parse_int(\"x\") }
pub fn history() -> [string] { log }
fn main() { println(balance) }
";

#[test]
fn module_state_is_kept_and_any_end_leaves_the_runtime_usable() -> Test {
    let program = compile_mog_source(ACCOUNT)?;
    let mut runtime =
        Runtime::builder().memory(32 << 10).steps(3_000_000).build(program, CapabilitySet::new())?;
    let mut due = 0;
    for round in 0..3 {
        for (name, code) in [
            ("deep", 71),
            ("spin", 124),
            ("grow", 71),
            ("forbidden", 77),
            ("failing", 70),
            ("fault", 70),
            ("none", 64),
        ] {
            due += 1;
            assert_eq!(runtime.call("deposit", (1i64,))?, Value::Int(due), "round {round}, before {name}");
            let error = match name {
                "deep" | "fault" => runtime.call(name, (0i64,)),
                _ => runtime.call(name, ()),
            };
            let error = error.expect_err(name);
            assert_eq!(error.exit_code(), code, "{name}: {error}");
        }
    }
    let history = runtime.call("history", ())?;
    assert_eq!(history, Value::array((0..due).map(|_| "+1".into())));
    Ok(())
}

#[test]
fn a_failing_initialiser_begins_anew() -> Test {
    let tries = Arc::new(AtomicU64::new(0));
    let counter = tries.clone();
    let mut set = CapabilitySet::new();
    set.grant(
        "t.ready",
        move || if counter.fetch_add(1, Ordering::Relaxed) > 0 { Ok(5i64) } else { Err("not yet") },
    );
    let mut runtime = runtime("a := [1]\nb := t.ready()\npub fn sum() -> int { a.push(1); a.len + b }", set)?;
    assert!(matches!(runtime.call("sum", ()), Err(Error::Failed { .. })));
    assert_eq!(runtime.call("sum", ())?, Value::Int(7));
    assert_eq!(runtime.call("sum", ())?, Value::Int(8));
    assert_eq!(tries.load(Ordering::Relaxed), 2);
    Ok(())
}

#[test]
fn only_public_functions_can_be_called() -> Test {
    let mut runtime = runtime("fn hidden() {}\npub fn shown() {}", CapabilitySet::new())?;
    runtime.call("shown", ())?;
    for name in ["hidden", "init", "", "main"] {
        let error = runtime.call(name, ()).expect_err(name);
        assert!(matches!(&error, Error::NoFunction { known, .. } if known == &["shown"]), "{error:?}");
    }
    Ok(())
}

#[test]
fn runtimes_share_nothing() -> Test {
    let mut set = CapabilitySet::new();
    set.grant_standard("kv")?;
    let source = "
        count := 0
        pub fn step(name: string) -> string {
            count += 1
            before := kv.get(\"name\").unwrap_or(\"nobody\")
            kv.set(\"name\", name)
            f\"{before} {count}\"
        }";
    let program = Compiler::with(&set).compile(source)?;
    let mut one = Runtime::new(program.clone(), set.clone())?;
    let mut two = Runtime::new(program, set)?;
    assert_eq!(one.call("step", ("a",))?, "nobody 1".into());
    assert_eq!(two.call("step", ("b",))?, "nobody 1".into());
    assert_eq!(one.call("step", ("c",))?, "a 2".into());
    assert_eq!(two.call("step", ("d",))?, "b 2".into());
    Ok(())
}

#[test]
fn many_runtimes_on_many_threads() -> Test {
    let mut set = CapabilitySet::new();
    set.grant("t.double", |n: i64| n * 2);
    let program = Compiler::with(&set).compile("pub fn f(n: int) -> int { t.double(n) + 1 }")?;
    let threads: Vec<_> = (0..8i64)
        .map(|thread| {
            let (program, set) = (program.clone(), set.clone());
            thread::spawn(move || -> Result<(), Error> {
                for n in 0..50i64 {
                    let mut runtime = Runtime::builder().memory(4096).build(program.clone(), set.clone())?;
                    assert_eq!(runtime.call("f", (n * thread,))?, Value::Int(n * thread * 2 + 1));
                }
                Ok(())
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no thread panics")?;
    }
    Ok(())
}

#[test]
fn a_runtime_moves_to_another_thread_between_calls() -> Test {
    let mut runtime = runtime(ACCOUNT, CapabilitySet::new())?;
    runtime.call("deposit", (5i64,))?;
    let result = thread::spawn(move || runtime.call("deposit", (6i64,))).join().expect("no panic")?;
    assert_eq!(result, Value::Int(11));
    Ok(())
}

#[test]
fn modules_load_from_bytes_and_only_whole() -> Test {
    let bytes = compile_mog_source(ACCOUNT)?.to_bytes();
    let mut runtime = Runtime::load(&bytes, CapabilitySet::new())?;
    assert_eq!(runtime.call("deposit", (5i64,))?, Value::Int(5));
    for cut in [0, 3, 4, 40, bytes.len() / 2, bytes.len() - 4, bytes.len() - 1] {
        let part = bytes.get(..cut).unwrap_or_default();
        let error = Runtime::load(part, CapabilitySet::new()).expect_err("a part of a module");
        assert_eq!(error.exit_code(), 65, "{cut}: {error}");
    }
    for more in 1..5 {
        let longer = [&bytes[..], &[0; 4][..more.min(4)]].concat();
        assert!(Runtime::load(&longer, CapabilitySet::new()).is_err(), "{more} more bytes");
    }
    Ok(())
}

#[test]
fn errors_of_the_source_come_all_at_once() {
    let error = compile_mog_source("fn main() {\n    println(nothing)\n    x: int = \"s\"\n}\n")
        .expect_err("two mistakes");
    let text = error.to_string();
    assert!(text.contains("program.mog:2:13") && text.contains("program.mog:3:14"), "{text}");
    assert_eq!(error.report().diagnostics().errors(), 2);
    assert_eq!(error.report().to_json_lines().lines().count(), 2);
    assert_eq!(Error::from(error).exit_code(), 65);
}

#[test]
fn imports_come_from_the_host() -> Test {
    let source = "import geometry\nfn main() { println(geometry.double(4)) }";
    let compiler = Compiler::new()
        .imports(|name| (name == "geometry").then(|| "pub fn double(n: int) -> int { n * 2 }".into()));
    let (out, sink) = buffer();
    Runtime::builder().output(sink).build(compiler.compile(source)?, CapabilitySet::new())?.execute()?;
    assert_eq!(out.text(), "8\n");
    let error = compiler.compile("import other").expect_err("there is none");
    assert!(error.to_string().contains("other"), "{error}");
    let broken = Compiler::new().imports(|_| Some("pub fn f() -> int { nothing }".into()));
    let error = broken.compile("import broken\nfn main() { broken.f() }").expect_err("the module is wrong");
    assert!(error.to_string().contains("broken.mog:1:"), "{error}");
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------------
// Limits

#[test]
fn steps_run_out_and_can_be_topped_up() -> Test {
    let source = "pub fn count(n: int) -> int { s := 0\nfor i in 0..n { s += i }\ns }";
    let program = compile_mog_source(source)?;
    let whole = {
        let mut runtime = Runtime::new(program.clone(), CapabilitySet::new())?;
        assert_eq!(runtime.call("count", (10_000i64,))?, Value::Int(49_995_000));
        runtime.counters().steps
    };
    let mut runtime = Runtime::builder().steps(1000).build(program, CapabilitySet::new())?;
    let mut result = runtime.call("count", (10_000i64,));
    let mut rounds = 0;
    while let Err(Error::OutOfSteps { limit, stack }) = &result {
        assert_eq!(*limit, 1000);
        assert!(stack.to_string().contains("at count (program.mog:"), "{stack}");
        rounds += 1;
        result = runtime.resume();
    }
    assert_eq!(result?, Value::Int(49_995_000));
    assert_eq!(runtime.counters().steps, whole, "pauses cost nothing");
    assert_eq!(rounds, (whole - 1) / 1000);
    assert!(matches!(runtime.resume(), Err(Error::Idle)));
    Ok(())
}

#[test]
fn a_sleep_that_took_too_long_goes_on() -> Test {
    let mut set = CapabilitySet::new();
    set.grant_standard("time")?;
    let program = compile_mog_source("fn main() -> int { time.sleep(150)\n7 }")?;
    let mut runtime = Runtime::builder().timeout(Duration::from_millis(60)).build(program, set)?;
    let start = Instant::now();
    let mut result = runtime.execute();
    while matches!(result, Err(Error::TimedOut { .. })) {
        result = runtime.resume();
    }
    assert_eq!(result?, Value::Int(7));
    assert!(start.elapsed() >= Duration::from_millis(150));
    Ok(())
}

#[test]
fn the_initialiser_can_be_resumed_too() -> Test {
    let source = "total := 0\nfor i in 0..1000 { total += i }\npub fn twice(n: int) -> int { total * n }";
    let mut runtime =
        Runtime::builder().steps(700).build(compile_mog_source(source)?, CapabilitySet::new())?;
    let mut result = runtime.call("twice", (2i64,));
    let mut rounds = 0;
    while matches!(result, Err(Error::OutOfSteps { .. })) {
        rounds += 1;
        result = runtime.resume();
    }
    assert_eq!(result?, Value::Int(999_000));
    assert!(rounds > 1);
    assert_eq!(runtime.call("twice", (1i64,))?, Value::Int(499_500));
    Ok(())
}

#[test]
fn time_runs_out_in_a_loop_in_a_sleep_and_between_calls() -> Test {
    let mut set = CapabilitySet::new();
    set.grant_standard("time")?;
    set.grant("t.slow", || thread::sleep(Duration::from_millis(20)));
    let source = "
        pub fn spin() { loop { } }
        pub fn wait() { try { time.sleep(60000) } catch(e) { }\nprintln(\"never\") }
        pub fn work() { loop { t.slow() } }
        pub fn nap() -> int { a := time.now()\ntime.sleep(30)\ntime.now() - a }
        pub fn forever() { time.sleep(int.MAX) }";
    let (out, sink) = buffer();
    let program = Compiler::with(&set).compile(source)?;
    let mut runtime =
        Runtime::builder().timeout(Duration::from_millis(100)).output(sink).build(program, set)?;
    for name in ["spin", "wait", "work", "forever"] {
        let start = Instant::now();
        let error = runtime.call(name, ()).expect_err(name);
        assert!(matches!(error, Error::TimedOut { .. }), "{name}: {error:?}");
        assert_eq!(error.exit_code(), 124);
        let took = start.elapsed();
        assert!((Duration::from_millis(100)..Duration::from_secs(5)).contains(&took), "{name}: {took:?}");
    }
    let Value::Int(slept) = runtime.call("nap", ())? else { return Err("no int".into()) };
    assert!((30..2000).contains(&slept), "{slept} ms");
    assert_eq!(out.text(), "");
    Ok(())
}

#[test]
fn memory_is_bounded_also_for_what_the_host_gives() -> Test {
    let mut set = CapabilitySet::new();
    set.grant("t.text", |n: usize| "x".repeat(n));
    set.grant("t.list", |n: usize| vec![7i64; n]);
    set.grant("t.error", |n: usize| -> Result<i64, String> { Err("e".repeat(n)) });
    let source = "
        pub fn text(n: int) -> int { s := t.text(n) as string\ns.len }
        pub fn list(n: int) -> int { xs := t.list(n) as [int]\nxs.len }
        pub fn error(n: int) -> int { match t.error(n) { ok(_) => 0, err(e) => e.len } }";
    let program = compile_mog_source(source)?;
    let mut runtime = Runtime::builder().memory(64 << 10).build(program, set)?;
    for _ in 0..3 {
        assert_eq!(runtime.call("text", (10_000i64,))?, Value::Int(10_000));
        assert_eq!(runtime.call("list", (500i64,))?, Value::Int(500));
        for name in ["text", "list"] {
            let error = runtime.call(name, (100_000i64,)).expect_err(name);
            assert!(matches!(error, Error::OutOfMemory { memory: 65536, .. }), "{name}: {error:?}");
        }
        // Nobody reads a message of that length.
        assert_eq!(runtime.call("error", (100_000i64,))?, Value::Int(4096));
    }
    Ok(())
}

#[test]
fn memory_that_nothing_fits_is_an_error() -> Test {
    let program = compile_mog_source(ACCOUNT)?;
    for memory in [0, 8, 64] {
        let error = Runtime::builder()
            .memory(memory)
            .build(program.clone(), CapabilitySet::new())
            .expect_err("too small");
        assert_eq!(error.exit_code(), 71, "{memory}: {error}");
    }
    // And what no machine has is an error too, not an abort.
    if let Err(error) = Runtime::builder().memory(usize::MAX).build(program, CapabilitySet::new()) {
        assert_eq!(error.exit_code(), 71);
    }
    Ok(())
}

#[test]
fn output_is_bounded_and_the_bound_cannot_be_caught() -> Test {
    let (out, sink) = buffer();
    let program = compile_mog_source("fn main() { loop { try { println(\"1234567\") } catch(e) { } } }")?;
    let mut runtime =
        Runtime::builder().output(sink).output_limit(100).build(program, CapabilitySet::new())?;
    let error = runtime.execute().expect_err("it prints without end");
    assert!(matches!(error, Error::OutputLimit { .. }), "{error:?}");
    assert_eq!(error.exit_code(), 124);
    assert_eq!(out.text().len(), 96);
    Ok(())
}

#[test]
fn what_a_call_copies_costs_steps() -> Test {
    let mut set = CapabilitySet::new();
    set.grant("t.text", |_: &str| {});
    set.grant("t.list", |_: Vec<i64>| {});
    set.grant("t.give", || "x".repeat(80_000));
    let source = "
        text := \"x\".repeat(80000)
        list := [1; 10000]
        pub fn nothing() { }
        pub fn text_() { t.text(text) }
        pub fn list_() { t.list(list) }
        pub fn give() { t.give() }";
    let mut runtime = runtime(source, set)?;
    runtime.call("nothing", ())?;
    for (name, least) in [("text_", 10_000), ("list_", 10_000), ("give", 10_000)] {
        let before = runtime.counters().steps;
        runtime.call(name, ())?;
        let took = runtime.counters().steps - before;
        assert!(took >= least, "{name}: {took} steps");
    }
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_run() -> Test {
    let mut set = CapabilitySet::new();
    set.grant_standard("random")?;
    let source = "pub fn draw() -> [any] { [random.int(1, 1000000) as any, random.float() as any, random.bytes(3) as any] }";
    let program = Compiler::with(&set).compile(source)?;
    let draw = |seed: Option<u64>| -> Result<Value, Error> {
        let builder = Runtime::builder();
        let builder = match seed {
            Some(seed) => builder.seed(seed),
            None => builder,
        };
        builder.build(program.clone(), set.clone())?.call("draw", ())
    };
    assert_eq!(draw(Some(7))?, draw(Some(7))?);
    assert_ne!(draw(Some(7))?, draw(Some(8))?);
    assert_ne!(draw(None)?, draw(None)?);
    Ok(())
}

#[test]
fn faults_say_what_where_and_how_it_came_there() -> Test {
    let source = "fn inner(xs: [int], i: int) -> int {\n    xs[i]\n}\nfn main() {\n    println(inner([1, 2, 3], 5))\n}\n";
    let error = runtime(source, CapabilitySet::new())?.execute().expect_err("out of range");
    assert!(matches!(error, Error::Trap { code: TrapCode::IndexOutOfRange, .. }), "{error:?}");
    let expected = "trap: index out of range: index 5, length 3\n  at inner (program.mog:2:5)\n  called from main (program.mog:5:";
    assert!(error.to_string().starts_with(expected), "{error}");
    let deep =
        "fn f(n: int) -> int { if n == 0 { 1 / n } else { 1 + f(n - 1) } }\nfn main() { println(f(500)) }";
    let text = runtime(deep, CapabilitySet::new())?.execute().expect_err("a division by zero").to_string();
    assert_eq!(text.lines().count(), 23, "{text}");
    assert!(text.contains("division by zero") && text.contains("more\n  called from main"), "{text}");
    Ok(())
}

#[test]
fn a_program_gives_the_bytes_that_it_was_loaded_from() -> Test {
    for (n, name) in ["a", "bc", "def", "ghij", "klmno"].into_iter().enumerate() {
        let params: String = (0..n).map(|n| format!("p{n}: float, ")).collect();
        let text = name.repeat(n + 1);
        let source = format!(
            "pub fn {name}({params}last: int) -> string {{ f\"{{last}} {text}\" }}\npub fn text() -> string {{ \"{text}\" }}"
        );
        let program = compile_mog_source(source)?;
        let loaded = Program::load(&program.to_bytes())?;
        assert_eq!(loaded.to_bytes(), program.to_bytes());
        let module = loaded.module()?;
        assert_eq!(mog_core::Module::decode(&program.to_bytes())?.section_sizes(), module.section_sizes());
        assert_eq!(Runtime::new(loaded, CapabilitySet::new())?.call("text", ())?, Value::Str(text));
    }
    Ok(())
}

//! Runs that are repeated from their logs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use common::{Test, buffer};
use mog::{
    AuditLog, CallError, CapabilitySet, Compiler, Error, Function, LogError, Replay, Runtime, RuntimeBuilder,
    Tampered, Value, compile_mog_source,
};

/// A run: its log, what it printed, its steps, how it ended.
struct Run {
    log: String,
    output: String,
    steps: u64,
    result: Result<Value, Error>,
}

fn record(source: &str, set: CapabilitySet, builder: RuntimeBuilder) -> Result<Run, Error> {
    let ((log, log_sink), (output, sink)) = (buffer(), buffer());
    let program = Compiler::with(&set).compile(source)?;
    let (_, nowhere) = buffer();
    let builder = builder.audit(AuditLog::new(log_sink)).output(sink).log(nowhere);
    let mut runtime = builder.build(program, set)?;
    let result = runtime.execute();
    Ok(Run { log: log.text(), output: output.text(), steps: runtime.counters().steps, result })
}

/// Repeats a log, and records that as well.
fn repeat(source: &str, declarations: &CapabilitySet, log: &str) -> Result<Run, Box<dyn std::error::Error>> {
    let ((again, log_sink), (output, sink)) = (buffer(), buffer());
    let program = Compiler::with(declarations).compile(source)?;
    let builder = Replay::read(log)?.builder().audit(AuditLog::new(log_sink)).output(sink);
    let mut runtime = builder.build(program, CapabilitySet::empty())?;
    let result = runtime.replay();
    Ok(Run { log: again.text(), output: output.text(), steps: runtime.counters().steps, result })
}

/// The log without the times that calls took.
fn timeless(log: &str) -> String {
    let line =
        |line: &str| line.split_once(",\"micros\"").map_or(String::new(), |(text, _)| format!("{text}\n"));
    log.lines().map(line).collect()
}

fn assert_repeats(
    source: &str,
    set: &CapabilitySet,
    builder: RuntimeBuilder,
) -> Result<Run, Box<dyn std::error::Error>> {
    let first = record(source, set.clone(), builder)?;
    let second = repeat(source, set, &first.log)?;
    assert_eq!(timeless(&second.log), timeless(&first.log));
    assert_eq!(format!("{:?}", second.result), format!("{:?}", first.result));
    assert_eq!((second.steps, second.output), (first.steps, first.output.clone()));
    Ok(first)
}

fn standard() -> Result<CapabilitySet, Box<dyn std::error::Error>> {
    let mut set = CapabilitySet::new();
    for name in ["log", "trace", "kv", "time", "env", "random"] {
        set.grant_standard(name)?;
    }
    Ok(set)
}

fn divergence(result: &Result<Value, Error>) -> (u64, String) {
    match result {
        Err(Error::Diverged { divergence, .. }) => (divergence.seq, divergence.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn chance_time_and_state_come_from_the_log() -> Test {
    let source = "
        optional metrics
        fn main() -> int {
            kv.set(\"a\", \"1\")
            println(kv.get(\"a\").unwrap_or(\"?\"), random.int(1, 1000000), random.float(), random.bytes(20))
            start := time.now()
            time.sleep(300)
            log.write(f\"slept {time.now() - start >= 300}\")
            log.info(\"info\")
            metrics.count(\"runs\", 1)
            println(metrics.available, env.get(\"HOME\").unwrap_or(\"-\"))
            trace.event(\"done\", {\"x\": [1.5, -0.0]})
            try { robot.move(1) } catch(e) { println(e) }
            random.int(0, 63)
        }";
    let run = assert_repeats(source, &standard()?, Runtime::builder())?;
    let start = Instant::now();
    repeat(source, &standard()?, &run.log)?.result?;
    assert!(start.elapsed() < Duration::from_millis(250), "a sleep does not sleep");
    Ok(())
}

#[test]
fn tasks_go_on_in_the_recorded_order() -> Test {
    let source = "
        async fn nap(name: string, ms: int) -> int {
            for i in 0..3 { time.sleep(ms)\nlog.write(f\"{name} {i}\") }
            ms
        }
        async fn main() -> int {
            a := nap(\"a\", 7)\nb := nap(\"b\", 5)\nc := nap(\"c\", 5)
            spawn nap(\"d\", 4)
            xs := await all([a, b, c])
            first := await race([nap(\"e\", 3), nap(\"f\", 60)])
            println(xs, first)
            first
        }";
    for _ in 0..5 {
        assert_repeats(source, &standard()?, Runtime::builder())?;
    }
    Ok(())
}

#[test]
fn every_kind_of_result_comes_back() -> Test {
    let mut set = CapabilitySet::new();
    set.declare(
        "capability t {
            enum Shape { Circle(float), Box(int, string), Empty }
            struct Item { name: string, price: float, tags: [string], shape: Shape, next: ?int }
            fn items() -> [Item]
            fn counts() -> {int: float}
            fn bytes() -> [u8]
            fn huge() -> u64
            fn maybe(n: int) -> ?string
            fn anything() -> any
            fn floats() -> [float]
            fn fails(why: string) -> int
            fn denies() -> int
            fn wrong() -> int
            fn panics() -> int
            fn later() -> tensor<f32>
        }",
    );
    let shape = |variant: &str, payload: Vec<Value>| Value::Enum {
        name: "Shape".into(),
        variant: variant.to_owned().into(),
        payload,
    };
    let item = move |name: &str, shape: Value, next: Value| {
        Value::record(
            "Item",
            [
                ("name", Value::from(name)),
                ("price", Value::Float(0.1 + 0.2)),
                ("tags", Value::array(["x".into()])),
                ("shape", shape),
                ("next", next),
            ],
        )
    };
    set.grant(
        "t.items",
        Function::dynamic(move |_| {
            Ok(Value::array([
                item("a\"ü", shape("Circle", vec![Value::Float(f64::INFINITY)]), Value::Null),
                item("b", shape("Box", vec![Value::Int(3), "s".into()]), Value::Int(4)),
                item("c", shape("Empty", vec![]), Value::Null),
            ]))
        }),
    );
    set.grant(
        "t.counts",
        Function::dynamic(|_| {
            Ok(Value::Map(vec![
                (Value::Int(-3), Value::Float(1e300)),
                (Value::Int(4), Value::Float(f64::NAN)),
            ]))
        }),
    );
    set.grant("t.bytes", Function::dynamic(|_| Ok(Value::Bytes((0..=255).collect()))));
    set.grant("t.huge", Function::dynamic(|_| Ok(Value::Uint(u64::MAX))));
    set.grant("t.maybe", |n: i64| if n > 0 { Some("yes".to_owned()) } else { None });
    set.grant(
        "t.anything",
        Function::dynamic(|_| {
            Ok(Value::record(
                "R",
                [("a", Value::array([Value::Null, Value::Bool(true), Value::Int(i64::MIN)]))],
            ))
        }),
    );
    set.grant("t.floats", || vec![f64::NEG_INFINITY, 5e-324, -0.0, 1.0, 123_456_789.123_456_78]);
    set.grant("t.fails", |why: String| -> Result<i64, String> { Err(format!("{why} {}", "x".repeat(5000))) });
    set.grant("t.denies", Function::dynamic(|_| Err(CallError::denied("not you"))));
    set.grant("t.wrong", Function::dynamic(|_| Ok(Value::from("no int"))));
    set.grant("t.panics", || -> i64 { panic!("oh") });
    set.grant(
        "t.later",
        Function::dynamic(|_| {
            Ok(Value::map([
                ("shape", Value::array([Value::Int(2)])),
                ("data", Value::array([Value::Float(0.5), Value::Float(f64::INFINITY)])),
            ]))
        }),
    );
    let source = "
        fn main() {
            for i in t.items() { println(i) }
            println(t.counts(), t.bytes(), t.huge(), t.maybe(1), t.maybe(0), t.anything(), t.floats())
            try { t.fails(\"why\") } catch(e) { println(e) }
            try { t.denies() } catch(e) { println(e.kind, e) }
            try { t.wrong() } catch(e) { println(e) }
            try { t.panics() } catch(e) { println(e) }
            println(t.later())
        }";
    let run = assert_repeats(source, &set, Runtime::builder())?;
    run.result?;
    for text in ["inf", "NaN", "18446744073709551615", "not you", "oh"] {
        assert!(run.output.contains(text), "{text}: {}", run.output);
    }
    Ok(())
}

#[test]
fn limits_end_a_repeated_run_where_they_ended_the_recorded_one() -> Test {
    let spin = "fn main() { for i in 0..1000000 { println(i) } }";
    for builder in [
        Runtime::builder().steps(5000),
        Runtime::builder().host_calls(17),
        Runtime::builder().output_limit(100),
        Runtime::builder().timeout(Duration::from_millis(30)),
    ] {
        let run = assert_repeats(spin, &CapabilitySet::new(), builder)?;
        assert_eq!(run.result.expect_err("a limit").exit_code(), 124);
    }
    let deep = "fn f(n: int) -> int { 1 + f(n) }\nfn main() { println(1)\nf(0) }";
    for builder in [Runtime::builder().stack(5000), Runtime::builder().memory(20_000)] {
        let run = assert_repeats(deep, &CapabilitySet::new(), builder)?;
        assert_eq!(run.result.expect_err("a limit").exit_code(), 71);
    }
    for waits in ["loop { time.sleep(10) }", "time.sleep(100000)", "println(1)\nloop { }"] {
        let source = format!("fn main() {{ {waits} }}");
        let builder = Runtime::builder().timeout(Duration::from_millis(35));
        let run = assert_repeats(&source, &standard()?, builder)?;
        assert!(matches!(run.result, Err(Error::TimedOut { .. })), "{waits}");
    }
    Ok(())
}

#[test]
fn other_limits_can_be_tried() -> Test {
    let source = "fn main() { for i in 0..100 { println(i) } }";
    let run = record(source, CapabilitySet::new(), Runtime::builder().memory(1 << 20))?;
    let build = |builder: RuntimeBuilder| {
        let (_, sink) = buffer();
        builder.output(sink).build(compile_mog_source(source)?, CapabilitySet::empty())
    };
    build(Replay::read(&run.log)?.builder().memory(64 << 10))?.replay()?;
    let (seq, text) = divergence(&build(Replay::read(&run.log)?.builder().steps(300))?.replay());
    assert!(seq > 1 && text.contains("out of steps: all 300 were taken"), "{text}");
    Ok(())
}

const SHOP: &str = "
    fn main() {
        values := [\"v0\", \"v1\", \"v2\", \"v3\", \"v4\"]
        for i in 0..5 { kv.set(f\"key {i}\", values[i]) }
        println(kv.list(\"key\").len)
    }";

#[test]
fn a_changed_program_shows_its_first_difference() -> Test {
    let run = record(SHOP, standard()?, Runtime::builder())?;
    let cases = [
        // One changed argument.
        ("v3", "w3", 4, "happened: kv.set(\"key 3\", \"w3\")"),
        // Another function.
        (
            "kv.list(\"key\").len",
            "kv.get(\"key\")",
            6,
            "recorded: kv.list(\"key\")\n  happened: kv.get(\"key\")",
        ),
        // Only other work in between.
        (
            "println(",
            "for v in [\"a\", \"b\"] { values.push(v) }\nprintln(",
            6,
            "recorded: kv.list(\"key\") at step ",
        ),
        // It ends too early, or not early enough.
        ("println(kv.list(\"key\").len)", "", 6, "happened: the program ended with null"),
        (
            "println(kv.list(\"key\").len)",
            "println((kv.list(\"key\") as [string])[9])",
            7,
            "the program ended: trap",
        ),
        ("key\").len)", "key\").len)\nprintln(2)", 8, "nothing: the log ends here, after 7 lines"),
        // A call that it may not make.
        ("kv.set(f", "robot.move(1)\nkv.set(f", 1, "happened: robot.move(1)"),
    ];
    for (old, new, seq, text) in cases {
        let changed = SHOP.replace(old, new);
        let again = repeat(&changed, &standard()?, &run.log)?;
        assert!(again.result.is_err(), "{new}");
        let (at, message) = divergence(&again.result);
        assert_eq!(at, seq, "{new}: {message}");
        assert!(message.contains(text), "{new}: {message}");
        assert_eq!(again.result.expect_err("it differs").exit_code(), 70);
    }
    Ok(())
}

#[test]
fn a_cut_log_and_a_changed_one() -> Test {
    let run = record(SHOP, standard()?, Runtime::builder())?;
    let lines: Vec<&str> = run.log.lines().collect();
    for count in 1..lines.len() {
        let cut = format!("{}\n", lines[..count].join("\n"));
        let (seq, text) = divergence(&repeat(SHOP, &standard()?, &cut)?.result);
        assert_eq!(seq, count as u64 + 1);
        assert!(text.contains("the log ends here"), "{text}");
    }
    let tampered = run.log.replacen("key 2", "key 9", 1);
    assert_eq!(Replay::read(&tampered).err(), Some(LogError::Tampered(Tampered { line: 3 })));
    for text in ["nonsense", "{}\n", "\n"] {
        assert!(matches!(Replay::read(text), Err(LogError::Tampered(_))), "{text:?}");
    }
    // Nothing was logged, so nothing may be called.
    let quiet = repeat("fn main() -> int { 7 }", &standard()?, "")?;
    assert_eq!(quiet.result?, Value::Int(7));
    let (seq, _) = divergence(&repeat(SHOP, &standard()?, "")?.result);
    assert_eq!(seq, 1);
    Ok(())
}

#[test]
fn redacted_arguments_are_not_in_the_log_and_repeat_with_any_value() -> Test {
    let source = |secret: &str| {
        format!(
            "fn main() {{ kv.set(\"name\", \"{secret}\")\nkv.get(\"other\")\nrobot.move(1, \"{secret}\") }}"
        )
    };
    let (log, sink) = buffer();
    let audit = AuditLog::new(sink).redact("kv.set:value").redact("robot.move:2").redact("kv.get:misspelt");
    let program = compile_mog_source(source("hunter2"))?;
    let mut runtime = Runtime::builder().audit(audit).build(program, standard()?)?;
    assert!(matches!(runtime.execute(), Err(Error::Denied { .. })));
    let text = log.text();
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("\"args\":[\"name\",\"[redacted]\"]"), "{text}");
    assert!(text.contains("\"args\":[1,\"[redacted]\"]"), "{text}");
    assert!(
        text.contains("\"function\":\"get\",\"args\":[\"[redacted]\"]"),
        "an unknown name hides all: {text}"
    );
    for secret in ["hunter2", "hunter3", "x"] {
        let again = repeat(&source(secret), &standard()?, &text)?;
        assert!(matches!(again.result, Err(Error::Denied { .. })), "{:?}", again.result);
    }
    Ok(())
}

#[test]
fn several_calls_by_the_host_are_repeated() -> Test {
    let source = "
        count := 0
        println(\"start\")
        struct P { x: float }
        pub fn add(n: int, p: P) { count += n }
        pub fn show() -> int { println(count)\ncount }
        pub fn spin() { for i in 0..1000 { }\nprintln(\"end\") }";
    let ((log, log_sink), (_, sink)) = (buffer(), buffer());
    let program = compile_mog_source(source)?;
    let builder = Runtime::builder().steps(1500).audit(AuditLog::new(log_sink)).output(sink);
    let mut runtime = builder.build(program.clone(), CapabilitySet::new())?;
    let p = || Value::record("P", [("x", Value::Float(f64::NAN))]);
    runtime.call("add", (5i64, p()))?;
    runtime.call("add", (6i64, p()))?;
    assert_eq!(runtime.call("show", ())?, Value::Int(11));
    let mut result = runtime.call("spin", ());
    while result.is_err() {
        result = runtime.resume();
    }
    let (output, sink) = buffer();
    let mut again =
        Replay::read(&log.text())?.builder().output(sink).build(program.clone(), CapabilitySet::empty())?;
    again.replay()?;
    assert_eq!(output.text(), "start\n11\nend\n");
    assert_eq!(again.counters().steps, runtime.counters().steps);
    // The host makes the calls itself, and one of them another one.
    let (_, sink) = buffer();
    let mut other =
        Replay::read(&log.text())?.builder().output(sink).build(program, CapabilitySet::empty())?;
    other.call("add", (5i64, p()))?;
    let (_, text) = divergence(&other.call("add", (7i64, p())));
    assert!(text.contains("happened: the host called add(7, "), "{text}");
    Ok(())
}

#[test]
fn a_replay_needs_no_functions_of_the_host() -> Test {
    static CALLS: AtomicI64 = AtomicI64::new(0);
    let mut set = CapabilitySet::new();
    set.grant("t.next", || CALLS.fetch_add(1, Ordering::Relaxed));
    let source = "fn main() { for i in 0..3 { println(t.next()) } }";
    let run = assert_repeats(source, &set, Runtime::builder())?;
    assert_eq!(run.output, "0\n1\n2\n");
    assert_eq!(CALLS.load(Ordering::Relaxed), 3);
    Ok(())
}

#[test]
fn the_example_with_a_host_of_its_own_repeats() -> Test {
    let mut set = CapabilitySet::new();
    set.declare("capability shop { struct Product { name: string, price: float, in_stock: bool }\nfn products() -> [Product] }");
    set.grant("shop.products", || -> Value {
        let product = |name: &str, price: f64, in_stock: bool| {
            Value::record(
                "Product",
                [("name", name.into()), ("price", price.into()), ("in_stock", in_stock.into())],
            )
        };
        Value::array([
            product("Chair", 49.5, true),
            product("Desk", 199.9, false),
            product("Lamp", 12.1, true),
        ])
    });
    let run = assert_repeats(include_str!("../../../examples/products.mog"), &set, Runtime::builder())?;
    run.result?;
    assert!(run.output.ends_with("2 of 3 in stock, together 61.60\n"), "{}", run.output);
    Ok(())
}

//! Snapshots of a runtime: it goes on elsewhere as it would have here, and damaged bytes are refused.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mog::{CapabilitySet, Error, Program, Runtime, RuntimeBuilder, Value, compile_mog_source};

type Test = Result<(), Box<dyn std::error::Error>>;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("nobody panics")).into_owned()
    }
}

fn standard() -> Result<CapabilitySet, Box<dyn std::error::Error>> {
    let mut capabilities = CapabilitySet::new();
    for name in ["random", "kv", "time"] {
        capabilities.grant_standard(name)?;
    }
    Ok(capabilities)
}

const PROGRAM: &str = r#"
total := 0
names: {string: int} = {}
fn main() -> int {
    for i in 0..200 {
        n := random.int(1, 6)
        total += n
        kv.set(f"roll{i % 7}", f"{n}")
        names[f"n{i % 13}"] = total
        if i % 50 == 0 { println(i, total, kv.get("roll3"), names.len) }
    }
    println(names)
    total
}
pub fn sum() -> int { total }
"#;

fn builder(sink: &Sink) -> RuntimeBuilder {
    Runtime::builder().memory(64 << 10).seed(7).output(sink.clone())
}

/// Runs on, saved and restored whenever so many steps were taken.
fn disturbed(program: &Program, steps: u64) -> Result<(Value, String, u64, u32), Box<dyn std::error::Error>> {
    let sink = Sink::default();
    let mut runtime = builder(&sink).steps(steps).build(program.clone(), standard()?)?;
    let mut result = runtime.execute();
    let mut saved = 0;
    while let Err(Error::OutOfSteps { .. }) = result {
        let bytes = runtime.snapshot()?;
        saved += 1;
        runtime = builder(&sink).steps(steps).restore(program.clone(), standard()?, &bytes)?;
        result = runtime.resume();
    }
    let steps = runtime.counters().steps + runtime.counters().collector_steps;
    Ok((result?, sink.text(), steps, saved))
}

#[test]
fn it_goes_on_elsewhere_with_the_same_results_and_steps() -> Test {
    let program = compile_mog_source(PROGRAM)?;
    let (value, text, steps, saved) = disturbed(&program, u64::MAX)?;
    assert_eq!(saved, 0);
    for slice in [7, 100, 1001] {
        let (other_value, other_text, other_steps, saved) = disturbed(&program, slice)?;
        assert!(saved > 3, "{saved}");
        assert_eq!((&value, &text, steps), (&other_value, &other_text, other_steps), "{slice} steps");
    }
    Ok(())
}

#[test]
fn a_program_that_sleeps_in_tasks_goes_on() -> Test {
    let program = compile_mog_source(
        "async fn nap(n: int) -> int { await time.sleep(n)\n n }\n\
         async fn main() -> int { xs := await all([nap(30), nap(60), nap(10)])\n xs.sum() }",
    )?;
    let quick = || Runtime::builder().timeout(Duration::from_millis(5));
    let mut runtime = quick().build(program.clone(), standard()?)?;
    let mut result = runtime.execute();
    let mut saved = 0;
    while let Err(Error::TimedOut { .. }) = result {
        let bytes = runtime.snapshot()?;
        saved += 1;
        runtime = quick().restore(program.clone(), standard()?, &bytes)?;
        result = runtime.resume();
    }
    assert!(saved > 1);
    assert_eq!(result?, Value::Int(100));
    Ok(())
}

#[test]
fn what_has_ended_leaves_its_state() -> Test {
    let program = compile_mog_source(PROGRAM)?;
    let sink = Sink::default();
    let mut runtime = builder(&sink).build(program.clone(), standard()?)?;
    let total = runtime.execute()?;
    let bytes = runtime.snapshot()?;
    let mut restored = Runtime::restore(program, standard()?, &bytes)?;
    assert!(matches!(restored.resume(), Err(Error::Idle)));
    assert_eq!(restored.call("sum", ())?, total);
    Ok(())
}

#[test]
fn damaged_and_foreign_snapshots_are_refused() -> Test {
    let program = compile_mog_source(PROGRAM)?;
    let mut runtime = builder(&Sink::default()).steps(500).build(program.clone(), standard()?)?;
    assert!(matches!(runtime.execute(), Err(Error::OutOfSteps { .. })));
    let bytes = runtime.snapshot()?;
    let refused =
        |program: &Program, bytes: &[u8]| match Runtime::restore(program.clone(), standard()?, bytes) {
            Err(error @ Error::Snapshot { .. }) => {
                assert_eq!(error.exit_code(), 65);
                Ok::<_, Box<dyn std::error::Error>>(())
            }
            other => Err(format!("{other:?}").into()),
        };
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        refused(&program, &damaged)?;
        refused(&program, &bytes[..at])?;
    }
    refused(&program, b"")?;
    refused(&compile_mog_source("fn main() -> int { 3 }")?, &bytes)?;
    // It had more memory than is allowed here.
    let small = Runtime::builder().memory(32 << 10).restore(program.clone(), standard()?, &bytes);
    assert!(matches!(small, Err(Error::Snapshot { .. })), "{small:?}");
    // Capabilities are linked anew: what is no longer granted is denied.
    let mut restored = Runtime::restore(program, CapabilitySet::new(), &bytes)?;
    assert!(matches!(restored.resume(), Err(Error::Denied { .. })));
    Ok(())
}

#[test]
fn the_arguments_wait_for_the_initialiser() -> Test {
    let program = compile_mog_source(
        "table: [int] = []\nfor n in 0..100 { table.push(n * n) }\n\
         pub fn at(n: int, name: string) -> string { f\"{name} {table[n]}\" }",
    )?;
    let mut runtime = Runtime::builder().steps(50).build(program.clone(), CapabilitySet::new())?;
    let mut result = runtime.call("at", (9, "nine"));
    let mut saved = 0;
    while let Err(Error::OutOfSteps { .. }) = result {
        let bytes = runtime.snapshot()?;
        saved += 1;
        runtime = Runtime::builder().steps(50).restore(program.clone(), CapabilitySet::new(), &bytes)?;
        result = runtime.resume();
    }
    assert!(saved > 2);
    assert_eq!(result?, Value::from("nine 81"));
    Ok(())
}

//! The profile: steps by source line, exactly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;
use std::path::Path;

use common::{Buffer, Test, buffer};
use mog::{CapabilitySet, Compiler, Error, Profile, Runtime, RuntimeBuilder, Value};

fn build(source: &str, builder: RuntimeBuilder) -> Result<(Runtime, Buffer), Error> {
    let (out, sink) = buffer();
    let (_, nowhere) = buffer();
    let mut set = CapabilitySet::new();
    for name in ["log", "kv", "time", "env", "random", "trace"] {
        set.grant_standard(name).expect("a standard capability");
    }
    let program = Compiler::new().compile(source)?;
    Ok((builder.seed(1).output(sink).log(nowhere).build(program, set)?, out))
}

fn steps_of(profile: &Profile, line: u32) -> u64 {
    profile.lines().iter().filter(|entry| entry.line == Some(line)).map(|entry| entry.steps).sum()
}

#[test]
fn each_line_has_its_own_steps() -> Test {
    let source = "fn work(n: int) -> int {
    total := 0
    for i in 0..n {
        total += i
        total ^= i * 3 + total
    }
    total
}
fn main() -> int {
    a := work(10)
    b := work(1000)
    text := \"x\".repeat(80000)
    (a + b + text.len) % 64
}
";
    let (mut runtime, _) = build(source, Runtime::builder().profile(true))?;
    let result = runtime.execute()?;
    let profile = runtime.profile().ok_or("a profile")?;
    let (mut plain, _) = build(source, Runtime::builder())?;
    assert_eq!(plain.execute()?, result);
    assert!(plain.profile().is_none());
    assert_eq!(runtime.counters(), plain.counters(), "the same run");
    assert_eq!(profile.steps(), plain.counters().steps);
    assert_eq!(profile.functions().iter().map(|(_, steps)| steps).sum::<u64>(), profile.steps());
    // A multiplication, additions, an exclusive or: three steps or more in each of 1010 rounds.
    let (adds, mixes, text) = (steps_of(&profile, 4), steps_of(&profile, 5), steps_of(&profile, 12));
    assert!((1010..3 * 1010).contains(&adds), "{profile}");
    assert!((3 * 1010..6 * 1010).contains(&mixes), "{profile}");
    assert!(text >= 2_500, "{profile}");
    assert!(profile.lines().is_sorted_by(|a, b| a.steps >= b.steps), "{profile}");
    let table = profile.to_string();
    assert!(table.contains("program.mog:5  work"), "{table}");
    assert!(table.lines().any(|line| line.ends_with("  main")), "{table}");
    Ok(())
}

#[test]
fn it_goes_on_over_limits_calls_and_failures() -> Test {
    let source = "
        total := 0
        pub fn spin(n: int) -> int { for i in 0..n { total += i }\ntotal }
        pub fn fail() { xs := [1]\nprintln(xs[5]) }";
    let (mut runtime, _) = build(source, Runtime::builder().profile(true).steps(500))?;
    let mut result = runtime.call("spin", (1000i64,));
    while matches!(result, Err(Error::OutOfSteps { .. })) {
        result = runtime.resume();
    }
    assert_eq!(result?, Value::Int(499_500));
    assert!(matches!(runtime.call("fail", ()), Err(Error::Trap { .. })));
    assert_eq!(runtime.call("spin", (1i64,))?, Value::Int(499_500));
    let profile = runtime.profile().ok_or("a profile")?;
    assert_eq!(profile.steps(), runtime.counters().steps);
    assert_eq!(profile.collection(), runtime.counters().collector_steps);
    Ok(())
}

/// Whatever a program does, a profile changes nothing of it.
#[test]
fn the_stored_programs_run_the_same() -> Test {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance");
    let mut programs = 0;
    for folder in
        ["async", "control", "closures", "maps", "try", "tensors", "capabilities", "functions", "traps"]
    {
        for entry in fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            let source = fs::read_to_string(&path)?;
            let limits = || Runtime::builder().memory(256 << 10).steps(300_000);
            let Ok((mut plain, expected)) = build(&source, limits()) else { continue };
            let result = plain.execute();
            let counters = plain.counters();
            // Chance, time, and where exactly steps run out are not to be compared.
            let differs = ["time.", "random", "sleep"].iter().any(|word| source.contains(word));
            if differs || matches!(result, Err(Error::OutOfSteps { .. })) {
                continue;
            }
            let (mut profiled, output) = build(&source, limits().profile(true))?;
            let name = path.display();
            assert_eq!(format!("{:?}", profiled.execute()), format!("{result:?}"), "{name}");
            assert_eq!(output.text(), expected.text(), "{name}");
            assert_eq!(profiled.counters(), counters, "{name}");
            assert_eq!(profiled.profile().map(|profile| profile.steps()), Some(counters.steps), "{name}");
            programs += 1;
        }
    }
    assert!(programs > 100, "{programs}");
    Ok(())
}

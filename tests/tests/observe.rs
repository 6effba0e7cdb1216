//! Observation and its limits on the command line: counters, host calls, stack.

use std::fs;
use std::path::Path;

use mog_tests::place::{Place, has};

type Test = Result<(), Box<dyn std::error::Error>>;

#[test]
fn limits_say_where_the_program_stood() -> Test {
    let place = Place::with(
        "fn down(n: int) -> int { if n == 0 { 0 } else { 1 + down(n - 1) } }\n\
         fn main() { println(1)\nprintln(2)\nprintln(down(5000)) }\n",
    )?;
    let calls = place.exits("run --host-calls 2 p.mog", 124)?;
    assert_eq!(calls.stdout, b"1\n2\n");
    has(&calls, "out of host calls: all 2 were made\n  at main (p.mog:4:1)")?;
    has(&calls, "help: allow more with --host-calls")?;
    let stack = place.exits("run --stack 4K p.mog", 71)?;
    assert_eq!(stack.stdout, b"1\n2\n");
    has(&stack, "out of stack")?;
    has(&stack, "at down (p.mog:1:")?;
    has(&stack, "help: allow more with --stack")?;
    place.exits("run --stack 1M --host-calls 3 p.mog", 0)?;
    Ok(())
}

#[test]
fn counters_are_shown_at_the_end() -> Test {
    let place = Place::with("fn main() { println([1, 2, 3].map(|x| x * 2)) }\n")?;
    let finished = place.exits("run --stats p.mog", 0)?;
    let line = finished.stderr.lines().last().unwrap_or_default();
    let names: Vec<&str> = line.split_whitespace().filter_map(|part| part.split('=').next()).collect();
    assert_eq!(names, ["steps", "calls", "collections", "peak"], "{line}");
    let help = place.exits("run --help", 0)?;
    assert!(String::from_utf8_lossy(&help.stdout).contains("--stats"));
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------------
// Replay

#[test]
fn every_example_repeats() -> Test {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let cases = [
        ("risk.mog", "--grant log.write", 0),
        ("denied.mog", "--grant log.write", 77),
        ("order.mog", "--grant log.write,trace", 0),
        ("forever.mog", "--steps 100000", 124),
    ];
    for (name, options, code) in cases {
        let place = Place::with(&fs::read_to_string(examples.join(name))?)?;
        let first = place.exits(&format!("run {options} --audit a.jsonl p.mog"), code)?;
        let second = place.exits("replay a.jsonl p.mog", 0)?;
        assert_eq!(second.stdout, first.stdout, "{name}");
        has(&second, "the run is the same as in the log")?;
    }
    Ok(())
}

const SHOP: &str = "fn main() {\n    kv.set(\"pin\", \"1234\")\n    if random.int(1, 9) > 0 { println(kv.get(\"pin\")) }\n}\n";

#[test]
fn replay_reports_the_first_difference() -> Test {
    let place = Place::with(SHOP)?;
    let first = place.exits("run --grant kv,random --audit a.jsonl p.mog", 0)?;
    assert_eq!(place.exits("replay a.jsonl p.mog", 0)?.stdout, first.stdout);
    place.write("changed.mog", SHOP.replace("1234", "1235"))?;
    let differs = place.exits("replay a.jsonl changed.mog", 70)?;
    has(&differs, "error: the run differs from the log at seq 1, step ")?;
    has(
        &differs,
        "  recorded: kv.set(\"pin\", \"1234\")\n  happened: kv.set(\"pin\", \"1235\")\n  at main (changed.mog:2:",
    )?;
    // A log that ends too early, one that was changed, and what is no log.
    let log = fs::read_to_string(place.path().join("a.jsonl"))?;
    let cut: String = log.split_inclusive('\n').take(2).collect();
    place.write("cut.jsonl", cut)?;
    has(
        &place.exits("replay cut.jsonl p.mog", 70)?,
        "the log ends here, after 2 lines; the program went on",
    )?;
    place.write("bad.jsonl", log.replace("1234", "4321"))?;
    has(&place.exits("replay bad.jsonl p.mog", 65)?, "the audit log was changed: line 1")?;
    place.exits("replay p.mog p.mog", 65)?;
    place.exits("replay none.jsonl p.mog", 66)?;
    place.exits("replay a.jsonl none.mog", 66)?;
    place.exits("replay a.jsonl", 64)?;
    Ok(())
}

#[test]
fn a_log_that_begins_in_a_snapshot_is_refused() -> Test {
    let place = Place::with("fn main() {\n    for i in 0..100 { println(i) }\n}\n")?;
    place.exits("run --steps 500 --audit a.jsonl --snapshot-on-exit s p.mog", 124)?;
    place.exits("resume --audit b.jsonl s", 0)?;
    place.exits("replay a.jsonl p.mog", 0)?;
    has(&place.exits("replay b.jsonl p.mog", 65)?, "goes on from a snapshot")
}

#[test]
fn redacted_arguments_stay_out_of_the_log() -> Test {
    let place = Place::with(SHOP)?;
    place.exits("run --grant kv,random --audit a.jsonl --redact kv.set:value,out.println p.mog", 0)?;
    let log = fs::read_to_string(place.path().join("a.jsonl"))?;
    assert!(log.contains("\"args\":[\"pin\",\"[redacted]\"]"), "{log}");
    assert!(log.contains("\"function\":\"println\",\"args\":[\"[redacted]\"]"), "{log}");
    place.exits("replay a.jsonl p.mog", 0)?;
    place.exits("run --redact kv.set p.mog", 64)?;
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------------
// Profile

#[test]
fn a_profile_adds_up_to_the_steps() -> Test {
    let place =
        Place::with("fn main() {\n    n := 0\n    for i in 0..5000 { n += i * i }\n    println(n)\n}\n")?;
    let plain = place.exits("run --stats p.mog", 0)?;
    let finished = place.exits("run --profile --stats p.mog", 0)?;
    assert_eq!(finished.stdout, plain.stdout);
    assert!(finished.stderr.ends_with(&plain.stderr), "the same counters: {}", finished.stderr);
    let steps =
        plain.stderr.strip_prefix("steps=").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    has(&finished, &format!("{steps:>14}         in all, and 0 for collections\n"))?;
    let first = finished.stderr.lines().nth(1).unwrap_or_default();
    assert!(first.ends_with("p.mog:3  main"), "the line with most steps is the first: {first}");
    Ok(())
}

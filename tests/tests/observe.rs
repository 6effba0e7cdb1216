//! Observation and its limits on the command line: counters, host calls, stack.

use std::time::Duration;

use mog_tests::process::{Exit, Finished, Scratch};
use mog_tests::runner::CommandRunner;

type Test = Result<(), Box<dyn std::error::Error>>;

/// A folder with a program, and the command to run there.
struct Place {
    runner: CommandRunner,
    scratch: Scratch,
}

impl Place {
    fn with(source: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let place = Self { runner: CommandRunner::find(Duration::from_secs(20))?, scratch: Scratch::new()? };
        place.scratch.write("p.mog", source)?;
        Ok(place)
    }

    /// Runs `mog` with arguments split at spaces, and checks how it ended.
    fn exits(&self, args: &str, code: i32) -> Result<Finished, Box<dyn std::error::Error>> {
        let finished = self.runner.mog(args.split_whitespace(), &[], self.scratch.path())?;
        if finished.exit == Exit::Code(code) {
            return Ok(finished);
        }
        Err(format!("mog {args}: expected exit {code}, came {finished:?}").into())
    }
}

fn has(finished: &Finished, text: &str) -> Test {
    if finished.stderr.contains(text) {
        Ok(())
    } else {
        Err(format!("stderr lacks {text:?}: {}", finished.stderr).into())
    }
}

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

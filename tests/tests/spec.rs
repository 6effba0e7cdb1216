//! The language reference that `mog spec` prints: every example in it runs and prints what it says, and it stays
//! small enough for a prompt.
//!
//! An example is a fence marked `mog`, a whole program. Each comment that begins with `//>` is one line of output.

use std::time::Duration;

use mog_compiler::REFERENCE;
use mog_tests::process::{Exit, Scratch};
use mog_tests::runner::CommandRunner;

type Test = Result<(), Box<dyn std::error::Error>>;

/// The most tokens that the reference may have.
const TOKENS: usize = 3200;

/// What the examples use.
const GRANTS: &str = "log,kv,time";

/// The examples, each with the number of its first line.
fn examples() -> Vec<(usize, String)> {
    let mut examples = Vec::new();
    let mut current: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(REFERENCE.lines()) {
        match (&mut current, line) {
            (None, "```mog") => current = Some((number + 1, String::new())),
            (Some(_), "```") => examples.extend(current.take()),
            (Some((_, text)), line) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, _) => {}
        }
    }
    examples
}

/// What an example says that it prints.
fn promised(example: &str) -> String {
    let lines = example.lines().filter_map(|line| line.split_once("//>"));
    lines.map(|(_, text)| format!("{}\n", text.trim())).collect()
}

#[test]
fn every_fence_is_an_example() {
    let fences = REFERENCE.lines().filter(|line| line.starts_with("```")).count();
    assert_eq!(fences, 2 * examples().len());
}

#[test]
fn every_example_prints_what_it_says() -> Test {
    let runner = CommandRunner::find(Duration::from_secs(10))?;
    let mut wrong = Vec::new();
    for (line, example) in examples() {
        let scratch = Scratch::new()?;
        scratch.write("example.mog", &example)?;
        let args = ["run", "--grant", GRANTS, "--deny-warnings", "example.mog"];
        let finished = runner.mog(args, b"", scratch.path())?;
        let printed = String::from_utf8_lossy(&finished.stdout);
        let printed: String = printed.lines().map(|line| format!("{}\n", line.trim())).collect();
        let due = promised(&example);
        if finished.exit != Exit::Code(0) || printed != due {
            let (exit, stderr) = (finished.exit, finished.stderr);
            wrong.push(format!("line {line}: {exit:?}\n{stderr}\ndue:\n{due}printed:\n{printed}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

#[test]
fn it_fits_a_prompt() -> Test {
    let tokens =
        tiktoken_rs::o200k_base().map_err(|error| error.to_string())?.encode_ordinary(REFERENCE).len();
    if tokens <= TOKENS { Ok(()) } else { Err(format!("{tokens} tokens, {TOKENS} at most").into()) }
}

#[test]
fn the_command_prints_it() -> Test {
    let runner = CommandRunner::find(Duration::from_secs(10))?;
    let finished = runner.mog(["spec"], b"", Scratch::new()?.path())?;
    assert_eq!((finished.exit, &*String::from_utf8_lossy(&finished.stdout)), (Exit::Code(0), REFERENCE));
    Ok(())
}

#[test]
fn capabilities_are_declared() -> Test {
    let runner = CommandRunner::find(Duration::from_secs(10))?;
    let declared = |args: &[&str]| -> Result<String, Box<dyn std::error::Error>> {
        let finished = runner.mog(args, b"", Scratch::new()?.path())?;
        assert_eq!(finished.exit, Exit::Code(0), "{args:?}: {}", finished.stderr);
        let text = String::from_utf8(finished.stdout)?;
        Ok(text.strip_prefix(REFERENCE).ok_or("the reference comes first")?.to_owned())
    };
    let all = declared(&["spec", "--capabilities"])?;
    for line in ["capability fs {", "    fn write(message: string)", "    async fn sleep(ms: int)"] {
        assert!(all.lines().any(|found| found == line), "{all}");
    }
    let granted = declared(&["spec", "--capabilities", "--grant", "kv,time.now", "--deny", "kv.set"])?;
    assert!(granted.contains("    fn get(key: string) -> ?string\n"), "{granted}");
    assert!(granted.contains("capability time {\n    fn now() -> int\n}\n"), "{granted}");
    assert!(!granted.contains("fn set(") && !granted.contains("capability log"), "{granted}");
    for args in [&["spec", "--grant", "kv"][..], &["spec", "--capabilities", "--deny", "kv"]] {
        let finished = runner.mog(args, b"", Scratch::new()?.path())?;
        assert_eq!(finished.exit, Exit::Code(64), "{args:?}");
    }
    Ok(())
}

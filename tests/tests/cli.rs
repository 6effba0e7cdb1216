//! The command line as `host.md` describes it: commands, options, exit codes, formats. And the compiler and loader
//! against random bytes: an answer, never a crash.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use mog_tests::case;
use mog_tests::place::{Place, has, same};
use mog_tests::process::{Exit, Finished};
use serde_json::Value;

type Test = Result<(), Box<dyn std::error::Error>>;

const HELLO: &str = "fn main() { println(\"hello\") }\n";

/// A program with a bit of everything, to be damaged.
const SAMPLE: &str = r#"
struct Point { x: float, y: float }
enum Shape { Circle(Point, float), Empty }
total := 0
fn area(s: Shape) -> float {
    match s { Shape.Circle(_, r) => 3.0 * r * r, Shape.Empty => 0.0 }
}
fn read(key: string) -> Result<int> { ok(parse_int(key)? + 1) }
fn main() {
    xs := [3, 1, 2].map(|x| x * 2).sort()
    m := {"a": 1, "b": 2}
    for k, v in m { total += v + k.len }
    println(xs, total, area(Shape.Circle(Point { x: 1.0, y: 2.0 }, 2.0)))
    try { println(read("12")?, read("x")?) } catch(e) { println("caught") }
    if kv.list("k") is err(e) { println("denied") }
}
"#;

/// A program of the size that microcontrollers run.
const RULE: &str = r#"
struct Reading { sensor: string, value: float }
fn is_high(r: Reading, limit: float) -> bool { r.value > limit }
fn main() {
    readings := [Reading { sensor: "boiler", value: 71.5 }, Reading { sensor: "room", value: 20.0 }]
    for r in readings {
        if is_high(r, 60.0) { println(f"{r.sensor} is at {r.value:.1}") }
    }
}
"#;

/// The JSON objects among the lines of both streams.
fn json_lines(finished: &Finished) -> Result<Vec<Value>, serde_json::Error> {
    let stdout = String::from_utf8_lossy(&finished.stdout).into_owned();
    stdout
        .lines()
        .chain(finished.stderr.lines())
        .filter(|l| l.starts_with('{'))
        .map(serde_json::from_str)
        .collect()
}

// ---------------------------------------------------------------------------------------------------------------------
// Usage and files

#[test]
fn bad_usage_is_64() -> Test {
    let place = Place::with(HELLO)?;
    for args in [
        "",
        "frobnicate",
        "run",
        "run --no-such-option p.mog",
        "run --steps many p.mog",
        "run --steps -1 p.mog",
        "run --memory lots p.mog",
        "run --memory -5 p.mog",
        "run --timeout soon p.mog",
        "run p.mog --steps",
        "run --arg {not-json p.mog",
        "check",
        "check --format yaml p.mog",
        "build",
        "build --emit pascal p.mog -o p.pas",
        "inspect",
    ] {
        let finished = place.exits(args, 64)?;
        if finished.stderr.is_empty() || !finished.stdout.is_empty() {
            return Err(format!("mog {args}: usage belongs to stderr: {finished:?}").into());
        }
    }
    Ok(())
}

#[test]
fn missing_files_are_66() -> Test {
    let place = Place::with(HELLO)?;
    for args in [
        "run none.mog",
        "run none.mogb",
        "run .",
        "check none.mog",
        "check p.mog none.mog",
        "build none.mog -o x.mogb",
        "inspect none.mogb",
    ] {
        let finished = place.exits(args, 66)?;
        if args.contains("none") {
            has(&finished, "none.mog")?;
        }
    }
    Ok(())
}

#[test]
fn help_and_version_end_well() -> Test {
    let place = Place::new()?;
    for args in ["--help", "--version"] {
        let finished = place.exits(args, 0)?;
        assert!(!finished.stdout.is_empty(), "mog {args} says nothing");
    }
    Ok(())
}

#[test]
fn unwritable_output_is_no_crash() -> Test {
    let place = Place::with(HELLO)?;
    let finished = place.mog("build p.mog -o no/such/folder/p.mogb")?;
    assert!(matches!(finished.exit, Exit::Code(1..=99)), "{finished:?}");
    has(&finished, "no/such/folder")
}

// ---------------------------------------------------------------------------------------------------------------------
// run

#[test]
fn call_stacks_name_the_files_of_modules() -> Test {
    let place = Place::with("import shapes\nprintln(shapes.area(0))\n")?;
    place.write("shapes.mog", "\n\nfn area(a: int) -> int {\n    assert(a > 0)\n    a * a\n}\n")?;
    let finished = place.exits("run p.mog", 70)?;
    has(&finished, "at area (shapes.mog:4:")?;
    has(&finished, "called from init (p.mog:2:")
}

#[test]
fn runs_source_bytecode_and_stdin() -> Test {
    let place = Place::with(HELLO)?;
    place.prints("run p.mog", "hello\n")?;
    place.exits("build p.mog -o p.mogb", 0)?;
    place.prints("run p.mogb", "hello\n")?;
    let finished = place.mog_with(["run", "-"], "println(\"from stdin\")\n")?;
    assert_eq!(finished.exit, Exit::Code(0), "{finished:?}");
    same("stdin", "from stdin\n", &String::from_utf8_lossy(&finished.stdout))
}

#[test]
fn stdin_errors_are_reported_too() -> Test {
    let place = Place::new()?;
    let finished = place.mog_with(["run", "-"], "println(nothing_of_this_name)\n")?;
    assert_eq!(finished.exit, Exit::Code(65), "{finished:?}");
    has(&finished, "nothing_of_this_name")
}

#[test]
fn arguments_after_two_dashes_belong_to_the_program() -> Test {
    let place = Place::with(HELLO)?;
    place.prints("run p.mog -- --steps nonsense --no-such-option", "hello\n")
}

#[test]
fn options_stand_before_or_after_the_file() -> Test {
    let place = Place::with("fn main() { kv.set(\"a\", \"1\")\nprintln(\"set\") }\n")?;
    place.prints("run --grant kv p.mog", "set\n")?;
    place.prints("run p.mog --grant kv", "set\n")?;
    place.prints("run --grant kv.set,log p.mog", "set\n")?;
    place.prints("run --grant log --grant kv.set p.mog", "set\n")
}

#[test]
fn every_exit_code() -> Test {
    let place = Place::new()?;
    for (source, args, code) in [
        ("fn main() -> int { 0 }", "", 0),
        ("fn main() -> int { 63 }", "", 63),
        ("fn main() -> int { 65 }", "", 1),
        ("fn main() -> int { 640 }", "", 0),
        ("fn main() { println(1 +) }", "", 65),
        ("fn main() { x := [1]\nprintln(x[5]) }", "", 70),
        ("fn main() { panic(\"p\") }", "", 70),
        ("fn main() -> Result<()> { err(\"e\") }", "", 70),
        ("fn main() { s := \"x\"\nloop { s = s + s } }", "--memory 64K", 71),
        ("requires kv\nfn main() { }", "", 77),
        ("fn main() { kv.set(\"a\", \"b\") }", "", 77),
        ("fn main() { loop { } }", "--steps 1000", 124),
        ("fn main() { loop { } }", "--timeout 300ms", 124),
    ] {
        place.write("e.mog", source)?;
        let finished = place.exits(&format!("run {args} e.mog"), code)?;
        assert!(finished.stdout.is_empty(), "{source}: {finished:?}");
        if code >= 64 {
            assert!(!finished.stderr.is_empty(), "{source}: exit {code} without a word");
        }
    }
    Ok(())
}

#[test]
fn diagnostics_and_traps_go_to_stderr() -> Test {
    let place =
        Place::with("fn main() {\n    println(\"out\")\n    xs := [1]\n    println(xs[1 + 1 * 1])\n}\n")?;
    let finished = place.exits("run p.mog", 70)?;
    same("stdout", "out\n", &String::from_utf8_lossy(&finished.stdout))?;
    for text in ["warning", "p.mog:4:", "out of range", "main"] {
        has(&finished, text)?;
    }
    Ok(())
}

#[test]
fn warnings_can_be_denied() -> Test {
    let place = Place::with("fn main() { println(1 + 2 * 3) }\n")?;
    place.prints("run p.mog", "9\n")?;
    let finished = place.exits("run --deny-warnings p.mog", 65)?;
    assert!(finished.stdout.is_empty(), "it ran: {finished:?}");
    place.write("p.mog", HELLO)?;
    place.prints("run --deny-warnings p.mog", "hello\n")
}

#[test]
fn memory_sizes() -> Test {
    let place = Place::with("fn main() { println([7; 10000].len) }\n")?;
    for size in ["1M", "512K", "1048576"] {
        place.prints(&format!("run --memory {size} p.mog"), "10000\n")?;
    }
    place.exits("run --memory 16K p.mog", 71)?;
    place.exits("run --memory 16384 p.mog", 71)?;
    Ok(())
}

#[test]
fn entries_take_json() -> Test {
    let place = Place::with(
        r#"
struct Item { name: string, count: int, tags: [string] }
pub fn show(item: Item, factor: float) {
    println(item.name, item.count, item.tags, factor)
}
pub fn greet(name: string, times: int) {
    for _ in 0..times { println("hi " + name) }
}
pub fn free(value: Map) { println(value.a, value.b) }
fn hidden() { println("hidden") }
fn main() { println("main") }
"#,
    )?;
    let run = |args: &[&str]| place.mog_with(["run", "p.mog"].iter().chain(args), "");
    for (args, expected) in [
        (&["--entry", "greet", "--arg", "\"Ann\"", "--arg", "2"][..], "hi Ann\nhi Ann\n"),
        (
            &["--entry", "show", "--arg", r#"{"name": "n", "count": 3, "tags": ["a"]}"#, "--arg", "1.5"],
            "n 3 [\"a\"] 1.5\n",
        ),
        (&["--entry", "free", "--arg", r#"{"a": 1, "b": [true, null]}"#], "1 [true, none]\n"),
        (&["--entry", "main"], "main\n"),
    ] {
        let finished = run(args)?;
        assert_eq!(finished.exit, Exit::Code(0), "{args:?}: {finished:?}");
        same(&format!("{args:?}"), expected, &String::from_utf8_lossy(&finished.stdout))?;
    }
    for args in [
        &["--entry", "nothing"][..],
        &["--entry", "hidden"],
        &["--entry", "greet", "--arg", "\"Ann\""],
        &["--entry", "greet", "--arg", "1", "--arg", "2"],
        &["--entry", "greet", "--arg", "\"Ann\"", "--arg", "2", "--arg", "3"],
    ] {
        let finished = run(args)?;
        assert!(matches!(finished.exit, Exit::Code(64..=70)), "{args:?}: {finished:?}");
        assert!(finished.stdout.is_empty(), "{args:?}: {finished:?}");
    }
    Ok(())
}

#[test]
fn grants_are_narrow() -> Test {
    let place = Place::with("fn main() { kv.set(\"a\", \"1\")\nprintln(kv.get(\"a\").unwrap_or(\"?\")) }\n")?;
    place.prints("run --grant kv p.mog", "1\n")?;
    place.prints("run --grant kv.set,kv.get p.mog", "1\n")?;
    for args in [
        "",
        "--grant log",
        "--grant kv.get",
        "--grant kv --deny kv",
        "--grant kv --deny kv.set",
        "--deny kv.set --grant kv.set",
    ] {
        let finished = place.exits(&format!("run {args} p.mog"), 77)?;
        has(&finished, "capability denied: kv.set")?;
    }
    Ok(())
}

#[test]
fn policy_that_cannot_be_read_grants_nothing() -> Test {
    let place = Place::with("fn main() { kv.set(\"a\", \"1\") }\n")?;
    let finished = place.mog("run --grant kv --policy none.toml p.mog")?;
    assert!(matches!(finished.exit, Exit::Code(64..=66)), "{finished:?}");
    place.write("broken.toml", "[kv\ngrant = ")?;
    let finished = place.mog("run --grant kv --policy broken.toml p.mog")?;
    assert!(matches!(finished.exit, Exit::Code(64..=66)), "{finished:?}");
    Ok(())
}

#[test]
fn audit_lines() -> Test {
    let place = Place::with(
        "optional metrics\n\
         fn main() {\n\
             kv.set(\"a\", \"1\")\n\
             println(kv.get(\"a\").unwrap_or(\"?\"))\n\
             metrics.count(\"runs\", 1)\n\
             try { kv.delete(\"a\") } catch(e) { println(e.kind) }\n\
         }\n",
    )?;
    place.prints("run --grant kv.set,kv.get --audit audit.jsonl p.mog", "1\ndenied\n")?;
    let mut calls = Vec::new();
    for (number, line) in place.read_text("audit.jsonl")?.lines().enumerate() {
        let line: Value = serde_json::from_str(line).map_err(|e| format!("line {number}: {e}: {line}"))?;
        for key in ["seq", "step", "capability", "function", "args", "outcome", "result", "micros"] {
            if line.get(key).is_none() {
                return Err(format!("line {number} lacks {key}: {line}").into());
            }
        }
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        calls.push((
            line["seq"].as_u64(),
            format!("{}.{}", text("capability"), text("function")),
            text("outcome"),
        ));
    }
    // Printing goes through `out`; whether that is logged is the host's choice.
    calls.retain(|(_, name, _)| !name.starts_with("out."));
    let names: Vec<(&str, &str)> =
        calls.iter().map(|(_, name, outcome)| (name.as_str(), outcome.as_str())).collect();
    let expected =
        [("kv.set", "ok"), ("kv.get", "ok"), ("metrics.count", "skipped"), ("kv.delete", "denied")];
    assert_eq!(names, expected);
    assert!(calls.windows(2).all(|pair| pair[0].0 < pair[1].0), "seq must grow: {calls:?}");
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------------
// check

#[test]
fn check_accepts_and_rejects() -> Test {
    let place = Place::with(HELLO)?;
    let finished = place.exits("check p.mog", 0)?;
    assert!(finished.stdout.is_empty(), "nothing runs: {finished:?}");
    place.write("bad.mog", "fn main() {\n    count := 1\n    println(coutn)\n}\n")?;
    place.write("worse.mog", "fn main() { x: int = \"s\" }\n")?;
    let finished = place.exits("check p.mog bad.mog worse.mog", 65)?;
    for text in ["bad.mog:3:13", "println(coutn)", "count", "worse.mog:1:"] {
        has(&finished, text)?;
    }
    place.write("warn.mog", "fn main() { println(1 + 2 * 3) }\n")?;
    let finished = place.exits("check warn.mog", 0)?;
    has(&finished, "warning")
}

#[test]
fn check_needs_no_grants() -> Test {
    let place = Place::with("requires kv\nfn main() { kv.set(\"a\", \"1\")\nrobot.move(1) }\n")?;
    place.exits("check p.mog", 0)?;
    Ok(())
}

#[test]
fn check_as_json() -> Test {
    let source =
        "fn main() {\n    count := 1\n    println(coutn)\n    x: int = \"s\"\n    println(1 + 2 * x)\n}\n";
    let place = Place::with(source)?;
    let finished = place.exits("check --format json p.mog", 65)?;
    let lines = json_lines(&finished)?;
    for line in &lines {
        for key in
            ["severity", "code", "message", "file", "line", "column", "end_line", "end_column", "help", "fix"]
        {
            if line.get(key).is_none() {
                return Err(format!("lacks {key}: {line}").into());
            }
        }
        let fix = &line["fix"];
        assert!(fix.is_null() || (fix["replace"].is_string() && fix["with"].is_string()), "{line}");
        assert!(line["file"].as_str().is_some_and(|file| file.ends_with("p.mog")), "{line}");
    }
    let at = |number: u64, severity: &str| {
        lines
            .iter()
            .find(|line| line["line"] == number && line["severity"] == severity)
            .ok_or_else(|| format!("no {severity} for line {number}: {lines:?}"))
    };
    let unknown = at(3, "error")?;
    assert_eq!(
        (&unknown["column"], &unknown["end_line"], &unknown["end_column"]),
        (&13.into(), &3.into(), &18.into())
    );
    assert_eq!(unknown["fix"]["with"], "count", "{unknown}");
    at(4, "error")?;
    let warned = at(5, "warning")?;
    assert!(warned["fix"]["with"].as_str().is_some_and(|with| with.contains("(1 + 2)")), "{warned}");
    Ok(())
}

#[test]
fn check_as_json_says_nothing_of_a_good_file() -> Test {
    let place = Place::with(HELLO)?;
    let finished = place.exits("check --format json p.mog", 0)?;
    assert_eq!(json_lines(&finished)?, Vec::<Value>::new());
    Ok(())
}

/// `check` and `run` are of one mind about every conformance case.
#[test]
fn check_agrees_with_the_conformance_cases() -> Test {
    let place = Place::new()?;
    let mut wrong = Vec::new();
    for case in case::read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance"))? {
        if case.args.iter().any(|arg| arg == "--deny-warnings") {
            continue;
        }
        let due = if case.is_rejected() { 65 } else { 0 };
        let finished = place.mog_with([OsStr::new("check"), case.path.as_os_str()], "")?;
        if finished.exit != Exit::Code(due) {
            wrong.push(format!("{}: {:?}", case.name, finished.exit));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------------
// build and inspect

#[test]
fn build_strips_names() -> Test {
    let place = Place::with(
        "fn a_rather_long_function_name(n: int) -> int { 10 / n }\nfn main() { println(a_rather_long_function_name(0)) }\n",
    )?;
    place.exits("build p.mog -o full.mogb", 0)?;
    place.exits("build p.mog --strip -o stripped.mogb", 0)?;
    let (full, stripped) = (place.read("full.mogb")?, place.read("stripped.mogb")?);
    assert!(stripped.len() < full.len(), "{} and {} bytes", stripped.len(), full.len());
    has(&place.exits("run full.mogb", 70)?, "a_rather_long_function_name")?;
    has(&place.exits("run stripped.mogb", 70)?, "by zero")
}

#[test]
fn build_is_reproducible() -> Test {
    let place = Place::with(SAMPLE)?;
    place.exits("build p.mog -o a.mogb", 0)?;
    place.exits("build p.mog -o b.mogb", 0)?;
    assert!(place.read("a.mogb")? == place.read("b.mogb")?, "two builds of one source differ");
    Ok(())
}

#[test]
fn build_rejects_with_65() -> Test {
    let place = Place::with("fn main() { println(nothing) }\n")?;
    has(&place.exits("build p.mog -o p.mogb", 65)?, "nothing")?;
    assert!(place.read("p.mogb").is_err(), "a rejected source must leave no module behind");
    Ok(())
}

#[test]
fn build_for_a_smaller_window() -> Test {
    let place = Place::with(RULE)?;
    let whole = place.exits("run p.mog", 0)?;
    place.exits("build --window 32 p.mog -o small.mogb", 0)?;
    let small = place.exits("run small.mogb", 0)?;
    assert_eq!(whole.stdout, small.stdout);
    Ok(())
}

#[test]
fn build_emits_arrays_for_firmware() -> Test {
    let place = Place::with(HELLO)?;
    place.exits("build p.mog -o p.mogb", 0)?;
    let module = place.read("p.mogb")?;
    for (language, file) in [("c", "p.h"), ("rust", "p.rs")] {
        place.exits(&format!("build p.mog --emit {language} -o {file}"), 0)?;
        let text = place.read_text(file)?;
        assert!(text.to_lowercase().contains("align"), "{language}: an array without alignment");
        assert!(text.len() > module.len(), "{language}: too short to hold the module");
    }
    Ok(())
}

#[test]
fn build_reports() -> Test {
    let place = Place::with("fn main() { kv.set(\"a\", \"1\") }\n")?;
    let finished = place.exits("build --report p.mog -o p.mogb", 0)?;
    let text = format!("{}{}", String::from_utf8_lossy(&finished.stdout), finished.stderr);
    assert!(text.contains("kv.set"), "the report must name the imports: {text}");
    Ok(())
}

#[test]
fn inspect_names_imports_and_exports() -> Test {
    let place = Place::with(
        "pub fn on_event(n: int) -> bool { n > 0 }\nfn main() { kv.set(\"a\", \"1\")\nrobot.move(1) }\n",
    )?;
    place.exits("build p.mog -o p.mogb", 0)?;
    let finished = place.exits("inspect p.mogb", 0)?;
    let text = String::from_utf8(finished.stdout)?;
    for name in ["kv.set", "robot.move", "on_event", "main"] {
        assert!(text.contains(name), "inspect must name {name}: {text}");
    }
    let listing = place.exits("inspect --disasm p.mogb", 0)?;
    assert!(listing.stdout.len() > text.len(), "--disasm shows no code");
    Ok(())
}

#[test]
fn what_is_no_module_is_65() -> Test {
    let place = Place::new()?;
    place.write("empty.mogb", "")?;
    place.write("text.mogb", HELLO)?;
    place.write("zeros.mogb", [0; 4096])?;
    for file in ["empty", "text", "zeros"] {
        for command in ["run", "inspect"] {
            let finished = place.exits(&format!("{command} {file}.mogb"), 65)?;
            assert!(!finished.stderr.is_empty(), "{command} {file}: exit 65 without a word");
        }
    }
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------------
// spec

// ---------------------------------------------------------------------------------------------------------------------
// Random bytes

/// A small generator of its own, so that a failure can be run again.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }

    fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }
}

/// Whether a run of hostile input ended as a run may: with a code of the table, not by a crash or a panic.
fn is_orderly(exit: Exit) -> bool {
    matches!(exit, Exit::Code(0..=63 | 65 | 70 | 71 | 77 | 124))
}

/// Runs a file with these bytes; it may do anything but crash or hang.
fn survives(place: &Place, name: &str, bytes: &[u8], what: &str) -> Test {
    place.write(name, bytes)?;
    let finished = place.mog(&format!("run --memory 256K --steps 200000 {name}"))?;
    if is_orderly(finished.exit) && !finished.stderr.contains("panicked") {
        return Ok(());
    }
    let stderr: String = finished.stderr.chars().take(2000).collect();
    let shown = String::from_utf8_lossy(bytes);
    Err(format!("{what}: {:?}\n{stderr}\ninput: {shown:?}", finished.exit).into())
}

#[test]
fn random_bytes_as_source() -> Test {
    let place = Place::new()?;
    let mut random = Random(0x5eed);
    for round in 0..200 {
        let length = random.below(300);
        let bytes: Vec<u8> = (0..length).map(|_| random.byte()).collect();
        survives(&place, "f.mog", &bytes, &format!("round {round}"))?;
    }
    Ok(())
}

#[test]
fn random_words_as_source() -> Test {
    let words: Vec<&str> = "fn main ( ) { } [ ] := = == + - * / % & | ^ << >> < > ! ? . , ; : -> => .. ..= \n \n if else while \
        for in to match return break continue try catch let const struct enum type pub async await spawn import requires \
        optional is as and or not true false none ok err some int float string [int] {string:int} ?int Result<int> any x y \
        1 2.5 \"s\" f\"{x}\" f\"{ \" 'a /* */ // xs.push m[k] Point { x: 1 } |x| x println all race soa tensor _ 0x 1e9 ~"
        .split(' ')
        .collect();
    let place = Place::new()?;
    let mut random = Random(0xf00d);
    for round in 0..300 {
        let mut source = String::from(if round % 2 == 0 { "fn main() {\n" } else { "" });
        for _ in 0..random.below(60) {
            source.push_str(words.get(random.below(words.len())).copied().unwrap_or_default());
            source.push(' ');
        }
        survives(&place, "f.mog", source.as_bytes(), &format!("round {round}"))?;
    }
    Ok(())
}

#[test]
fn damaged_programs_as_source() -> Test {
    let place = Place::new()?;
    let mut random = Random(0xdead);
    for case in case::read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance"))? {
        let mut bytes = fs::read(&case.path)?;
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            let until = (at + random.below(20)).min(bytes.len());
            match random.below(4) {
                0 => drop(bytes.drain(at..until)),
                1 => {
                    let copied: Vec<u8> = bytes.get(at..until).unwrap_or_default().to_vec();
                    let to = random.below(bytes.len());
                    bytes.splice(to..to, copied);
                }
                2 => bytes.insert(at, random.byte()),
                _ => bytes.truncate(at),
            }
        }
        survives(&place, "f.mog", &bytes, &case.name)?;
    }
    Ok(())
}

/// The bytes of a module with names and line tables, to be damaged.
fn sample_module(place: &Place) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    place.write("sample.mog", SAMPLE)?;
    place.exits("build sample.mog -o sample.mogb", 0)?;
    place.read("sample.mogb")
}

#[test]
fn truncated_modules() -> Test {
    let place = Place::new()?;
    let module = sample_module(&place)?;
    for length in 0..module.len() {
        survives(
            &place,
            "t.mogb",
            module.get(..length).unwrap_or_default(),
            &format!("first {length} bytes"),
        )?;
    }
    Ok(())
}

#[test]
fn modules_with_a_bit_flipped() -> Test {
    let place = Place::new()?;
    let module = sample_module(&place)?;
    let mut random = Random(0xb17);
    for at in 0..module.len() {
        // All bits of the header, one of each byte after it.
        let bits: Vec<usize> = if at < 64 { (0..8).collect() } else { vec![random.below(8)] };
        for bit in bits {
            let mut damaged = module.clone();
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 1 << bit;
            }
            survives(&place, "b.mogb", &damaged, &format!("bit {bit} of byte {at}"))?;
        }
    }
    Ok(())
}

#[test]
fn modules_with_bytes_replaced() -> Test {
    let place = Place::new()?;
    let module = sample_module(&place)?;
    let mut random = Random(0xca5e);
    for round in 0..500 {
        let mut damaged = module.clone();
        for _ in 0..=random.below(6) {
            let at = random.below(damaged.len());
            let value = [0, 1, 0x7f, 0x80, 0xff, random.byte()][random.below(6)];
            if let Some(byte) = damaged.get_mut(at) {
                *byte = value;
            }
        }
        survives(&place, "r.mogb", &damaged, &format!("round {round}"))?;
    }
    Ok(())
}

//! Programs in a slot for WebAssembly plugins: they do what they do elsewhere, reach what the host grants, and end at its limits
//! or the engine's, with the host alive.

use std::fs;
use std::path::Path;

use mog_wasm_tests::{Answer, FUEL, MEMORY, Running};
use wasmtime::{Error, Result, Trap};

fn nothing(_: &str, _: &str) -> Answer {
    (1, "nothing is here".to_owned())
}

fn compiled(source: &str) -> Result<Vec<u8>> {
    match Running::compiler()?.ask("compile", source)? {
        (0, module) => Ok(module),
        (code, output) => Err(Error::msg(format!("{code}: {}", String::from_utf8_lossy(&output)))),
    }
}

/// A machine with a program and what it is granted.
fn loaded(source: &str, settings: &str, answers: fn(&str, &str) -> Answer) -> Result<Running> {
    let mut machine = Running::machine(FUEL, MEMORY, answers)?;
    load(&mut machine, source, settings)?;
    Ok(machine)
}

fn load(machine: &mut Running, source: &str, settings: &str) -> Result<()> {
    assert_eq!(machine.ask_text("settings", settings)?, (0, String::new()));
    assert_eq!(machine.ask_text("load", compiled(source)?)?, (0, String::new()));
    Ok(())
}

/// With the output and the steps of every other machine.
#[test]
fn stored_programs() -> Result<()> {
    const MEMORY: &str = r#"{"memory":16777216}"#;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/conformance");
    let steps = fs::read_to_string(folder.join("steps.txt"))?;
    let mut machine = Running::machine(FUEL, mog_wasm_tests::MEMORY, nothing)?;
    for name in [
        "any/deep_equality",
        "async/deep_chain_of_tasks",
        "async/empty_all_and_race",
        "closures/capture_by_reference",
        "enums/expression_tree",
        "functions/arguments_are_references",
        "maps/basics",
        "numbers/bit_operations",
        "numbers/casts",
        "soa/every_field_type",
        "strings/caesar",
        "tensors/attributes",
        "try/across_calls",
    ] {
        load(&mut machine, &fs::read_to_string(folder.join(format!("{name}.mog")))?, MEMORY)?;
        machine.store.data_mut().printed.clear();
        let (code, output) = machine.ask_text("call", "")?;
        assert_eq!(code, 0, "{name}: {output}");
        let expected = fs::read_to_string(folder.join(format!("{name}.out")))?;
        assert_eq!(String::from_utf8_lossy(&machine.store.data().printed), expected, "{name}");
        let line = steps.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let taken: u64 = machine.export("steps", ())?;
        assert_eq!(line, Some(taken.to_string().as_str()), "{name}");
    }
    Ok(())
}

#[test]
fn calls_are_imports() -> Result<()> {
    let source = r#"
pub fn sum(a: int, b: int) -> int { a + b }
pub fn go() -> string {
  log.write("hello")
  let found := kv.get("key").unwrap_or("nothing")
  try { kv.set("key", "full") } catch(e) { println("failed: " + e) }
  try { kv.delete("key") } catch(e) { println("refused: " + e) }
  try { env.get("HOME") } catch(e) { println("denied: " + e) }
  found
}
"#;
    let settings = r#"{"grant":["log.write","kv.get","kv.set","kv.delete"]}"#;
    let mut machine = loaded(source, settings, |name, _| match name {
        "log.write" => (0, "null".to_owned()),
        "kv.get" => (0, "\"found\"".to_owned()),
        "kv.set" => (1, "the disk is full".to_owned()),
        _ => (2, "not today".to_owned()),
    })?;
    assert_eq!(machine.ask_text("call", r#"{"function":"go"}"#)?, (0, "\"found\"".to_owned()));
    let state = machine.store.data();
    let printed = String::from_utf8_lossy(&state.printed);
    assert_eq!(printed, "failed: the disk is full\nrefused: not today\ndenied: capability denied: env.get\n");
    let calls: Vec<_> = state.calls.iter().map(|(name, args)| format!("{name}{args}")).collect();
    assert_eq!(
        calls,
        ["log.write[\"hello\"]", "kv.get[\"key\"]", "kv.set[\"key\",\"full\"]", "kv.delete[\"key\"]"]
    );
    // The host calls any function that is public.
    assert_eq!(machine.ask_text("call", r#"{"function":"sum","args":[40,2]}"#)?, (0, "42".to_owned()));
    for (call, says) in [
        (r#"{"function":"missing"}"#, "missing"),
        (r#"{"function":"sum","args":["a"]}"#, "sum"),
        (r#"{"fn":"sum"}"#, "unknown field"),
        ("[", "EOF"),
    ] {
        let (code, message) = machine.ask_text("call", call)?;
        assert!(code == 64 && message.contains(says), "{call}: {code} {message}");
    }
    Ok(())
}

#[test]
fn a_denied_capability() -> Result<()> {
    let granted = |_: &str, _: &str| (0, "null".to_owned());
    let mut machine = loaded("fn main() { log.write(\"x\") }", "", granted)?;
    let (code, message) = machine.ask_text("call", "")?;
    assert!(code == 77 && message.contains("log.write"), "{code} {message}");
    load(&mut machine, "fn main() { log.write(\"x\") }", r#"{"grant":["log.write"],"deny":["log"]}"#)?;
    assert_eq!(machine.ask("call", "")?.0, 77);
    assert_eq!(machine.store.data().calls, [], "the host was asked");
    // What a program requires it has, or it is not loaded.
    machine.ask("settings", "")?;
    let (code, message) = machine.ask_text("load", compiled("requires kv\nfn main() { kv.get(\"x\") }")?)?;
    assert!(code == 77 && message.contains("kv"), "{code} {message}");
    Ok(())
}

#[test]
fn answers_that_make_no_sense() -> Result<()> {
    let source = "fn main() -> int { kv.get(\"x\").unwrap_or(\"\").len }";
    let grant = r#"{"grant":["kv.get"]}"#;
    for (answers, says) in [
        ((|_, _| (0, "{".to_owned())) as fn(&str, &str) -> Answer, "not JSON"),
        (|_, _| (0, String::new()), "not JSON"),
        (|_, _| (0, "[1]".to_owned()), "wrong result"),
        (|_, _| (7, "seven".to_owned()), "seven"),
    ] {
        let (code, message) = loaded(source, grant, answers)?.ask_text("call", "")?;
        assert!(code == 70 && message.contains(says), "{code} {message}");
    }
    Ok(())
}

#[test]
fn limits_of_programs() -> Result<()> {
    let mut machine = Running::machine(FUEL, MEMORY, nothing)?;
    for (source, settings, expected) in [
        ("fn main() { loop { } }", r#"{"steps":100000}"#, 124),
        ("fn main() { let a := [0]\n loop { a.push(1) } }", r#"{"memory":65536,"steps":10000000}"#, 71),
        ("fn f(n: int) -> int { f(n + 1) + 1 }\nfn main() { f(0) }", r#"{"memory":65536}"#, 71),
        ("fn main() { loop { println(\"x\") } }", r#"{"host_calls":10}"#, 124),
        ("fn main() { loop { println(\"x\") } }", r#"{"output":100}"#, 124),
        ("fn main() { let n := [1].len - 1\n println(1 / n) }", "", 70),
        ("fn main() { println([1][5]) }", "", 70),
    ] {
        load(&mut machine, source, settings)?;
        let (code, message) = machine.ask_text("call", "")?;
        assert_eq!(code, expected, "{source}: {message}");
        // And then the next.
        load(&mut machine, "fn main() -> int { 42 }", "")?;
        assert_eq!(machine.ask_text("call", "")?, (0, "42".to_owned()), "after {source}");
    }
    for settings in [r#"{"memory":"much"}"#, r#"{"grants":[]}"#, "null", "\u{0}"] {
        assert_eq!(machine.ask("settings", settings)?.0, 64, "{settings}");
    }
    assert_eq!(Running::machine(FUEL, MEMORY, nothing)?.ask("call", "")?.0, 64, "there is no program");
    Ok(())
}

#[test]
fn limits_of_the_engine() -> Result<()> {
    // No limit on steps: the fuel ends it, and with it the instance.
    let mut machine = Running::machine(200_000_000, MEMORY, nothing)?;
    load(&mut machine, "fn main() { loop { } }", "")?;
    let ended = machine.ask("call", "").map(drop);
    let error = ended.err().ok_or_else(|| Error::msg("it ended by itself"))?;
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::OutOfFuel), "{error:?}");
    // A program that wants more than the instance may have.
    let mut machine = Running::machine(FUEL, 8 << 20, nothing)?;
    machine.ask("settings", r#"{"memory":67108864}"#)?;
    let ended = machine.ask("load", compiled("fn main() { }")?).map(|(code, _)| code);
    assert!(!matches!(ended, Ok(0)), "{ended:?}");
    // The host is fine, and so is the next.
    let mut machine = loaded("fn main() -> int { 6 * 7 }", r#"{"memory":65536}"#, nothing)?;
    assert_eq!(machine.ask_text("call", "")?, (0, "42".to_owned()));
    Ok(())
}

#[test]
fn hostile_bytes() -> Result<()> {
    let mut machine = Running::machine(FUEL, MEMORY, nothing)?;
    machine.ask("settings", r#"{"memory":65536,"steps":10000,"host_calls":10}"#)?;
    let module = compiled("fn main() { let a := [1, 2]\n println(a.len) }")?;
    let mut refused = 0;
    for at in 0..module.len() {
        for bit in [0, 3, 7] {
            let mut forged = module.clone();
            forged.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << bit);
            match machine.ask("load", &forged)?.0 {
                0 => drop(machine.ask("call", "")?),
                code => {
                    assert!([65, 71, 77].contains(&code), "byte {at}, bit {bit}: {code}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > module.len(), "only {refused} were refused");
    for len in 0..module.len() {
        assert_eq!(machine.ask("load", module.get(..len).unwrap_or_default())?.0, 65, "{len} bytes");
    }
    assert_eq!(machine.ask("load", module)?.0, 0);
    assert_eq!(machine.ask_text("call", "")?, (0, "null".to_owned()));
    Ok(())
}

/// A host that calls the machine while that waits for its answer.
#[test]
fn calls_within_calls() -> Result<()> {
    let mut compiler = Running::compiler()?;
    assert_eq!(compiler.ask("declare", "capability test { fn reenter() }")?.0, 0);
    let (code, module) = compiler.ask("compile", "fn main() -> int {\n  test.reenter()\n  7\n}")?;
    assert_eq!(code, 0, "{}", String::from_utf8_lossy(&module));
    let mut machine = Running::machine(FUEL, MEMORY, |_, _| (0, "null".to_owned()))?;
    machine.ask("settings", r#"{"grant":["test.reenter"]}"#)?;
    assert_eq!(machine.ask("load", module)?.0, 0);
    assert_eq!(machine.ask_text("call", "")?, (0, "7".to_owned()));
    assert_eq!(machine.store.data().reentered, Some(64));
    Ok(())
}

#[test]
fn the_compiler_says_what_is_wrong() -> Result<()> {
    let mut compiler = Running::compiler()?;
    let (code, output) = compiler.ask_text("compile", "fn main() {\n  let a := 1 +\n  prinln(b)\n}\n")?;
    assert_eq!(code, 65);
    for line in output.lines() {
        let line: serde_json::Value = serde_json::from_str(line)?;
        let field = |name: &str| line.get(name).cloned().unwrap_or_default();
        assert_eq!((field("severity"), field("file")), ("error".into(), "program.mog".into()));
        assert!(field("line").as_u64().is_some_and(|line| line >= 2), "{line}");
    }
    assert!(!output.is_empty());
    let (code, module) = compiler.ask("compile", "fn main() { println(1 + 2 * 3) }")?;
    assert!(code == 0 && module.starts_with(b"MOG"), "{code} {module:?}");
    compiler.export::<(), ()>("warnings", ())?;
    let warnings = String::from_utf8(compiler.output()?)?;
    assert!(warnings.contains("\"severity\":\"warning\""), "{warnings}");
    // Types of what the host offers.
    assert_eq!(compiler.ask("declare", "capability led { fn set(pin: int, on: bool) }")?.0, 0);
    assert_eq!(compiler.ask("compile", "fn main() { led.set(1, true) }")?.0, 0);
    assert_eq!(compiler.ask("compile", "fn main() { led.set(true, 1) }")?.0, 65);
    Ok(())
}

/// Sources that ended other compilers end in an error or a module, within the stack that WebAssembly has.
#[test]
fn hostile_sources() -> Result<()> {
    let mut compiler = Running::compiler()?;
    let deep = |open: &str, close: &str| {
        format!("fn main() {{ let a := {}1{} }}", open.repeat(20_000), close.repeat(20_000))
    };
    for source in [
        deep("(", ")").into_bytes(),
        deep("[", "]").into_bytes(),
        deep("-", "").into_bytes(),
        format!("fn main() {{ {}{} }}", "if true { ".repeat(20_000), "}".repeat(20_000)).into_bytes(),
        format!("fn main() {{ let a := 1{} }}", " + 1".repeat(50_000)).into_bytes(),
        b"fn main() { \xff\xfe }".to_vec(),
        b"\0".repeat(1000),
        Vec::new(),
    ] {
        let (code, _) = compiler.ask("compile", &source)?;
        let begins =
            String::from_utf8_lossy(source.get(..40.min(source.len())).unwrap_or_default()).into_owned();
        assert!(code == 0 || code == 65, "{begins}: {code}");
    }
    let (code, _) = compiler.ask("compile", "fn main() { println(1) }")?;
    assert_eq!(code, 0);
    Ok(())
}

//! `kv` in a file: what was acknowledged survives, quotas hold, programs do not see each other's, damage is an error.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mog::policy::{Kv, Size, Store};
use mog::{CapabilitySet, Runtime, Value, compile_mog_source};
use mog_tests::place::{Place, has, text};
use mog_tests::process::{Exit, Scratch};

type Test = Result<(), Box<dyn std::error::Error>>;

const POLICY: &str = "grant = [\"kv\"]\n[kv]\nstore = \"kv.redb\"\n";

#[test]
fn it_survives_the_program() -> Test {
    let place = Place::with(
        "fn main() {\n    if !(kv.get(\"a\") is some(v)) {\n        kv.set(\"a\", \"1\")\n        kv.set(\"a b\", \"two\")\n        kv.set(\"\", \"empty\")\n        kv.set(\"gone\", \"x\")\n        println(kv.delete(\"gone\"), kv.delete(\"gone\"))\n    }\n    println(kv.get(\"a\"), kv.get(\"none\"), kv.list(), kv.list(\"a\"), kv.get(\"\"))\n}\n",
    )?;
    place.write("p.toml", POLICY)?;
    let line = r#"some("1") none ["", "a", "a b"] ["a", "a b"] some("empty")"#;
    place.prints("run --policy p.toml --audit audit p.mog", &format!("true false\n{line}\n"))?;
    place.prints("replay audit p.mog", &format!("true false\n{line}\n"))?;
    place.prints("run --policy p.toml p.mog", &format!("{line}\n"))?;
    // Without a policy, it is in memory.
    place.prints("run --grant kv p.mog", &format!("true false\n{line}\n"))
}

/// Each program has its own, by its file; those that a policy gives a common name share one.
#[test]
fn whose_it_is() -> Test {
    let place = Place::new()?;
    fs::create_dir(place.path().join("other"))?;
    place.write("p.mog", "fn main() { kv.set(\"k\", \"of p\") }\n")?;
    place.write("other/p.mog", "fn main() { println(kv.get(\"k\"), kv.list()) }\n")?;
    for (section, printed) in [
        ("", "none []\n"),
        ("name = \"team\"\n", "some(\"of p\") [\"k\"]\n"),
        ("name = \"file\"\n", "some(\"of p\") [\"k\"]\n"),
    ] {
        place.write("p.toml", format!("{POLICY}{section}"))?;
        place.exits("run --policy p.toml p.mog", 0)?;
        place.prints("run --policy p.toml other/p.mog", printed)?;
    }
    // A program from standard input is nobody.
    place.write("p.toml", POLICY)?;
    let finished =
        place.mog_with(["run", "--policy", "p.toml", "-"], "fn main() { kv.set(\"k\", \"\") }\n")?;
    assert_eq!(finished.exit, Exit::Code(64));
    has(&finished, "needs a `name`")
}

#[test]
fn quota() -> Test {
    let scratch = Scratch::new()?;
    let kv = Kv::new(scratch.path().join("kv")).name("n").size(Size(1000)).open()?;
    let run = |source: &str| -> Result<Value, Box<dyn std::error::Error>> {
        let mut capabilities = CapabilitySet::new();
        capabilities.grant_group(kv.clone());
        Ok(Runtime::new(compile_mog_source(source)?, capabilities)?.execute()?)
    };
    let count = "fn main() -> int {
        n := 0
        for i in 0..1000 { try { kv.set(f\"{i}\", \"x\".repeat(50)); n += 1 } catch(e) { if e.kind != \"denied\" { return 0 } } }
        n
    }";
    // 50 and 32 bytes each, and the key.
    assert_eq!(run(count)?, Value::Int(12));
    // The same keys again take nothing more; a longer text does not fit; a shorter one does.
    assert_eq!(run(count)?, Value::Int(12));
    let refused = run("fn main() { kv.set(\"0\", \"x\".repeat(500)) }").map_err(|error| error.to_string());
    assert!(
        refused.as_ref().is_err_and(|e| e.contains("quota exceeded: the store holds at most 1000 bytes")),
        "{refused:?}"
    );
    run("fn main() { kv.set(\"0\", \"\"); kv.set(\"new\", \"\") }")?;
    run("fn main() { for key in kv.list() { kv.delete(key) } }")?;
    assert_eq!(run(count)?, Value::Int(12));
    Ok(())
}

/// One process may open a file several times, and use it on several threads.
#[test]
fn opened_several_times() -> Test {
    let scratch = Scratch::new()?;
    let settings = Kv::new(scratch.path().join("kv")).name("n");
    let stores = [settings.open()?, settings.open()?, settings.open()?];
    let ended = thread::scope(|scope| {
        let run = |(number, store): (usize, &Store)| {
            let mut capabilities = CapabilitySet::new();
            capabilities.grant_group(store.clone());
            let source = format!("fn main() {{ for i in 0..20 {{ kv.set(f\"{number} {{i}}\", \"x\") }} }}");
            scope.spawn(move || {
                let program = compile_mog_source(source).map_err(|error| error.to_string())?;
                Runtime::new(program, capabilities)
                    .and_then(|mut r| r.execute())
                    .map_err(|error| error.to_string())
            })
        };
        let threads: Vec<_> = stores.iter().enumerate().map(run).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a panic".to_owned())))
            .collect::<Result<Vec<_>, _>>()
    });
    ended?;
    for store in stores {
        let mut capabilities = CapabilitySet::new();
        capabilities.grant_group(store);
        let program = compile_mog_source("fn main() -> int { kv.list().len }")?;
        assert_eq!(Runtime::new(program, capabilities)?.execute()?, Value::Int(60));
    }
    Ok(())
}

fn start(place: &Place, program: &str, printed: &str) -> Result<Child, Box<dyn std::error::Error>> {
    Ok(Command::new(place.command())
        .args(["run", "--policy", "p.toml", program])
        .current_dir(place.path())
        .stdout(fs::File::create(place.path().join(printed))?)
        .stderr(Stdio::inherit())
        .spawn()?)
}

/// Two programs write to one file until they are killed, again and again. What they said they stored is there.
#[test]
fn killed_while_it_stores() -> Test {
    let place = Place::new()?;
    place.write("p.toml", format!("{POLICY}name = \"both\"\n"))?;
    for name in ["a", "b"] {
        let source = format!(
            "fn main() {{\n    from := 0\n    match kv.get(\"{name}\") {{ some(n) => {{ from = parse_int(n).unwrap_or(0) }}, none => {{ }} }}\n    for i in from + 1..1000000 {{\n        kv.set(f\"{name}{{i}}\", f\"text {{i}}\")\n        kv.set(\"{name}\", f\"{{i}}\")\n        println(i)\n    }}\n}}\n"
        );
        place.write(&format!("{name}.mog"), source)?;
    }
    place.write("count.mog", "fn main() {\n    for name in [\"a\", \"b\"] {\n        n := parse_int(kv.get(name).unwrap_or(\"0\")).unwrap_or(-1)\n        for i in 1..=n { if kv.get(f\"{name}{i}\").unwrap_or(\"\") != f\"text {i}\" { println(\"lost\", name, i) } }\n        println(n)\n    }\n}\n")?;
    let mut reached = [0; 2];
    for round in 0..10_u64 {
        let mut children = [start(&place, "a.mog", "printed-a")?, start(&place, "b.mog", "printed-b")?];
        // Once both store, at any moment.
        let begun = |printed: &str| place.read(printed).is_ok_and(|text| !text.is_empty());
        let start = Instant::now();
        while !(begun("printed-a") && begun("printed-b")) && start.elapsed() < Duration::from_secs(15) {
            thread::sleep(Duration::from_millis(1));
        }
        for (child, more) in children.iter_mut().zip([5, round * 7]) {
            thread::sleep(Duration::from_millis(more));
            child.kill()?;
            child.wait()?;
        }
        for (reached, printed) in reached.iter_mut().zip(["printed-a", "printed-b"]) {
            let last = place.read_text(printed)?.lines().filter_map(|line| line.parse::<i64>().ok()).max();
            *reached = last.unwrap_or(0).max(*reached);
        }
        let counted = text(&place.exits("run --policy p.toml count.mog", 0)?);
        let kept: Vec<i64> =
            counted.lines().map(str::parse).collect::<Result<_, _>>().map_err(|_| counted.clone())?;
        for (kept, said) in kept.iter().zip(reached) {
            assert!(*kept >= said, "it said {said}, and {kept} are there");
        }
    }
    assert!(reached.iter().all(|&n| n > 0), "they never got to store: {reached:?}");
    Ok(())
}

/// Damage to the file gives an error, or does no harm. It is never a crash, and never somebody else's text.
#[test]
fn damaged_files() -> Test {
    let place = Place::with(
        "fn main() {\n    println(kv.get(\"key\"))\n    kv.set(\"other\", \"x\")\n    println(kv.list().len)\n}\n",
    )?;
    place.write("p.toml", format!("{POLICY}name = \"n\"\n"))?;
    place.write(
        "fill.mog",
        "fn main() { kv.set(\"key\", \"text\"); for i in 0..20 { kv.set(f\"{i}\", \"x\".repeat(300)) } }\n",
    )?;
    place.exits("run --policy p.toml fill.mog", 0)?;
    let whole = place.read("kv.redb")?;
    let mut damaged: Vec<Vec<u8>> =
        vec![b"no database".to_vec(), whole[..whole.len() / 2].to_vec(), vec![0; whole.len()]];
    // The header closely, the rest here and there.
    for at in (0..512).step_by(16).chain((512..whole.len()).step_by(whole.len() / 40)) {
        let mut bytes = whole.clone();
        bytes[at..][..8].iter_mut().for_each(|byte| *byte ^= 0x5a);
        damaged.push(bytes);
    }
    for (number, bytes) in damaged.iter().enumerate() {
        place.write("kv.redb", bytes)?;
        let finished = place.mog("run --policy p.toml p.mog")?;
        let printed = text(&finished);
        match finished.exit {
            Exit::Code(0) => assert!(
                printed.starts_with("some(\"text\")\n") || printed.starts_with("none\n"),
                "{number}: {printed}"
            ),
            Exit::Code(64 | 70) => {}
            _ => panic!("{number}: {finished:?}"),
        }
    }
    Ok(())
}

#[test]
fn stores_that_cannot_be_opened() -> Test {
    let place = Place::with("fn main() { kv.set(\"a\", \"1\") }\n")?;
    fs::create_dir(place.path().join("folder"))?;
    for (section, says) in [
        ("store = \"none/kv\"\n", "No such file"),
        ("store = \"folder\"\n", "folder"),
        ("size = 5\n", "missing field `store`"),
        ("store = \"kv\"\nsize = \"much\"\n", "write a size"),
    ] {
        place.write("p.toml", format!("grant = [\"kv\"]\n[kv]\n{section}"))?;
        has(&place.exits("run --policy p.toml p.mog", 64)?, says)?;
    }
    // Files of the program's workspace are not where the store is.
    fs::create_dir(place.path().join("work"))?;
    place.write(
        "p.toml",
        "grant = [\"kv\", \"fs\"]\n[kv]\nstore = \"work/kv\"\n[fs]\nworkspace = \"work\"\n",
    )?;
    has(&place.exits("run --policy p.toml p.mog", 64)?, "the workspace holds")
}

//! The store of agents' grants: who may do what, that nothing is the default, and that a store which cannot be read, or
//! which a program could reach, grants nothing.

use std::fs;

use mog_tests::place::{Place, has, text};
use mog_tests::process::Exit;

type Test = Result<(), Box<dyn std::error::Error>>;

const LOGS: &str = "fn main() { log.write(\"logged\") }\n";

#[test]
fn grants_and_denials() -> Test {
    let place = Place::with(LOGS)?;
    place.exits("grant ann log,time.now --store store", 0)?;
    place.prints("run --agent ann --store store p.mog", "logged\n")?;
    // Nobody else has it.
    has(&place.exits("run --agent bob --store store p.mog", 77)?, "mog grant bob log.write")?;
    place.exits("deny ann log.write --store store", 0)?;
    has(&place.exits("run --agent ann --store store p.mog", 77)?, "mog undeny ann log.write")?;
    // Granted again, it stays denied.
    place.exits("grant ann log.write --store store", 0)?;
    place.exits("run --agent ann --store store p.mog", 77)?;
    place.prints("list --store store", "ann\n")?;
    place.exits("undeny ann log.write --store store", 0)?;
    place.prints("run --agent ann --store store p.mog", "logged\n")?;
    has(&place.exits("run --agent ann --store store --deny log p.mog", 77)?, "out of --deny")?;
    has(&place.exits("undeny ann log.write --store store", 64)?, "not denied")?;
    for args in [
        "grant ann lgo --store store",
        "grant ann log.wirte --store store",
        "deny ann log.wirte --store store",
        "grant ann fs --store store",
        "grant ann --store store",
        "deny ann --store store",
        "run --agent ann --grant kv --store store p.mog",
        "run --agent ann --policy p.toml --store store p.mog",
    ] {
        place.exits(args, 64)?;
    }
    Ok(())
}

/// Where the store is: an option, a variable, the user's data.
#[test]
fn the_store_of_the_user() -> Test {
    let place = Place::with(LOGS)?;
    // The home of a command under test is its folder.
    place.exits("grant ann log", 0)?;
    assert!(place.path().join(".local/share/mog/grants.redb").exists());
    place.prints("run --agent ann p.mog", "logged\n")?;
    place.exits("run --agent ann --store elsewhere p.mog", 64)?;
    Ok(())
}

#[test]
fn policies_in_and_out() -> Test {
    let place = Place::with(
        "fn main() {\n    fs.write(\"note\", \"x\")\n    kv.set(\"k\", \"v\")\n    try { fs.read(\"../p.mog\") } catch(e) { println(e) }\n    println(kv.list())\n}\n",
    )?;
    fs::create_dir_all(place.path().join("agents/ann"))?;
    let policy = "grant = [\"fs\", \"kv\"]\ndeny = [\"fs.remove\"]\n[limits]\nmemory = \"2M\"\n[fs]\nworkspace = \"agents/ann\"\n[kv]\nstore = \"kv.redb\"\n";
    place.write("in.toml", policy)?;
    place.exits("grant ann --policy in.toml --store store", 0)?;
    let printed = "path traversal detected: '../p.mog'\n[\"k\"]\n";
    place.prints("run --agent ann --store store p.mog", printed)?;
    assert_eq!(place.read_text("agents/ann/note")?, "x");
    // What comes out is as narrow, wherever it is read.
    let out = text(&place.exits("list ann --store store", 0)?);
    place.exits("list ann --policy agents/out.toml --store store", 0)?;
    assert_eq!(place.read_text("agents/out.toml")?, out);
    assert!(out.contains("\"fs.remove\"") && out.contains("2M"), "{out}");
    place.exits("grant bob --policy agents/out.toml --store store", 0)?;
    place.prints("list bob --store store", &out)?;
    // Another agent with the same policy has a store of its own.
    place.write("count.mog", "fn main() { println(kv.list()) }\n")?;
    place.prints("run --agent ann --store store count.mog", "[\"k\"]\n")?;
    place.prints("run --agent bob --store store count.mog", "[]\n")?;
    // A policy that is not understood changes nothing.
    place.write("in.toml", "grant = [\"log\"]\ndenny = []\n")?;
    place.exits("grant ann --policy in.toml --store store", 64)?;
    place.prints("list ann --store store", &out)
}

/// A root that holds the store, whoever names it and by whatever way, is refused.
#[test]
fn programs_cannot_reach_the_store() -> Test {
    let place = Place::with("fn main() { println(fs.list()) }\n")?;
    fs::create_dir_all(place.path().join("data/agents"))?;
    place.exits("grant ann log --store data/store", 0)?;
    for (number, section) in [
        "workspace = \"data\"",
        "workspace = \"data/store\"",
        "workspace = \".\"",
        "workspace = \"data/agents\"\n[fs.roots.all]\npath = \"data\"",
        "workspace = \"data/agents\"\n[fs.roots.all]\npath = \"/\"",
    ]
    .iter()
    .enumerate()
    {
        place.write("p.toml", format!("grant = [\"fs\"]\n[fs]\n{section}\n"))?;
        // As an agent, and as a program beside.
        place.exits(&format!("grant a{number} --policy p.toml --store data/store"), 0)?;
        has(
            &place.exits(&format!("run --agent a{number} --store data/store p.mog"), 64)?,
            "which no program may reach",
        )?;
        has(&place.exits("run --policy p.toml --store data/store p.mog", 64)?, "which no program may reach")?;
    }
    // A hard link into a workspace is no way either.
    let store = place.path().join("data/store/grants.redb");
    fs::hard_link(&store, place.path().join("data/agents/link"))?;
    place.write("p.toml", "grant = [\"fs\"]\n[fs]\nworkspace = \"data/agents\"\n")?;
    place.write("read.mog", "fn main() { fs.write(\"link\", \"\") }\n")?;
    let before = fs::read(&store)?;
    has(&place.exits("run --policy p.toml --store data/store read.mog", 77)?, "other hard links")?;
    assert!(fs::read(&store)? == before, "the store was written");
    Ok(())
}

/// Whatever of the store is damaged, an agent has what it was granted, or nothing; and no denial is lost.
#[test]
fn damaged_stores() -> Test {
    let place = Place::with(
        "fn main() {\n    try { log.write(\"allowed\") } catch(e) { println(\"not allowed\") }\n    log.info(\"x\")\n}\n",
    )?;
    place.exits("grant ann log --store store", 0)?;
    place.exits("deny ann log.info --store store", 0)?;
    place.write("filler.toml", format!("grant = [\"env\"]\n[env]\nnames = [\"{}\"]\n", "A".repeat(5000)))?;
    place.exits("grant bob --policy filler.toml --store store", 0)?;
    let whole = place.read("store/grants.redb")?;
    let mut damaged: Vec<Vec<u8>> =
        vec![b"no database".to_vec(), whole[..whole.len() / 2].to_vec(), vec![0xff; whole.len()]];
    for at in (0..512).step_by(32).chain((512..whole.len()).step_by(whole.len() / 40)) {
        let mut bytes = whole.clone();
        bytes[at..][..8].iter_mut().for_each(|byte| *byte ^= 0x5a);
        damaged.push(bytes);
    }
    let name = whole.windows(8).position(|w| w == b"log.info").ok_or("the denial is not in the file")?;
    let mut bytes = whole.clone();
    bytes[name..][..8].copy_from_slice(b"log.warn");
    damaged.push(bytes);
    let mut refused = 0;
    for (number, bytes) in damaged.iter().enumerate() {
        place.write("store/grants.redb", bytes)?;
        let finished = place.mog("run --agent ann --store store p.mog")?;
        match finished.exit {
            Exit::Code(64) => refused += 1,
            Exit::Code(77) => {}
            _ => panic!("{number}: {finished:?}"),
        }
        assert!(!finished.stderr.contains("panicked"), "{number}: {finished:?}");
    }
    assert!(refused > 3, "damage was not noticed");
    // An empty file is a store in which nobody is granted anything.
    place.write("store/grants.redb", "")?;
    assert!(matches!(place.mog("run --agent ann --store store p.mog")?.exit, Exit::Code(64 | 77)));
    Ok(())
}

#[test]
fn stores_that_cannot_be_read() -> Test {
    let place = Place::with(LOGS)?;
    has(&place.exits("run --agent ann --store none p.mog", 64)?, "there is no store of grants here")?;
    has(&place.exits("list --store none", 64)?, "there is no store of grants here")?;
    place.write("file", "")?;
    place.exits("grant ann log --store file", 64)?;
    place.exits("run --agent ann --store file p.mog", 64)?;
    fs::create_dir_all(place.path().join("store/grants.redb"))?;
    place.exits("run --agent ann --store store p.mog", 64)?;
    place.exits("grant ann log --store store", 64)?;
    Ok(())
}

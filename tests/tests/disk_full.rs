//! Full disks: what cannot be stored is an error that says so, what was stored is still there, and with room again all goes
//! on. The disk is a small file system in memory, which bubblewrap makes.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use mog_tests::place::{Place, text};
use mog_tests::process::{self, Exit};

type Test = Result<(), Box<dyn std::error::Error>>;

const LIMIT: Duration = Duration::from_secs(60);

/// What the scripts use: `mog ARGS` prints its exit code and what it says; `fill` leaves no room; `room` makes some.
const PRELUDE: &str = r#"
mog() { "$MOG" "$@" 2>said; echo "exit $?"; grep -oE 'No space left on device|panicked|disk is full' said | sort -u; }
fill() { cat /dev/zero >disk/filler 2>/dev/null; cat /dev/zero >disk/filler2 2>/dev/null; }
room() { rm -f disk/filler disk/filler2; }
"#;

/// Runs a script in the place, where `disk` has so many bytes, and compares what it prints.
fn prints(place: &Place, bytes: u32, script: &str, expected: &str) -> Test {
    fs::create_dir_all(place.path().join("disk"))?;
    let script = format!("MOG={}\n{PRELUDE}{script}", place.command().display());
    let size = bytes.to_string();
    let args = ["--dev-bind", "/", "/", "--size", &size, "--tmpfs"].map(OsString::from);
    let disk = place.path().join("disk").into_os_string();
    let shell = ["/bin/sh", "-c", &script].map(OsString::from);
    let args: Vec<OsString> = args.into_iter().chain([disk]).chain(shell).collect();
    let came = process::run(Path::new("bwrap"), &args, b"", place.path(), LIMIT)?;
    assert_eq!(came.exit, Exit::Code(0), "{came:?}");
    assert_eq!(text(&came), expected, "{}", came.stderr);
    Ok(())
}

/// What a run is saved over stays as it was if the new one does not fit, and nothing is left beside it.
#[test]
fn saved_runs() -> Test {
    let place = Place::with("n := 0\nfn main() { n = 20 }\npub fn add(m: int) -> int { n += m\n n }\n")?;
    prints(
        &place,
        16 << 10,
        "mog run p.mog --snapshot-on-exit disk/s
         fill
         mog resume disk/s --entry add --arg 3 --snapshot-on-exit disk/s
         mog run p.mog --snapshot-on-exit disk/new
         ls disk
         mog resume disk/s --entry add --arg 4
         room
         mog resume disk/s --entry add --arg 5 --snapshot-on-exit disk/s
         mog resume disk/s --entry add --arg 6",
        "exit 0\nexit 66\nNo space left on device\nexit 66\nNo space left on device\nfiller\nfiller2\ns\nexit 24\nexit 25\nexit 31\n",
    )
}

/// What cannot be logged is the last that is done.
#[test]
fn audit_logs() -> Test {
    let place = Place::with("fn main() {\n    log.write(\"one\")\n    println(\"never\")\n}\n")?;
    prints(
        &place,
        16 << 10,
        ": >disk/log
         fill
         mog run p.mog --grant log --audit disk/log
         room
         mog run p.mog --grant log --audit disk/log
         grep -c . disk/log",
        "one\nexit 70\nNo space left on device\none\nnever\nexit 0\n2\n",
    )
}

/// A text that does not fit is a failure that the program can catch; those before it are there.
#[test]
fn stores_of_texts() -> Test {
    let place = Place::with(
        r#"fn main() {
    kept := kv.list().len
    set := 0
    try {
        for i in 0..2000 {
            kv.set(f"{kept} {i}", "x".repeat(5000))
            set += 1
        }
        println("all are kept")
    } catch(e) {
        println("caught", set > 0)
    }
}
"#,
    )?;
    place.write(
        "count.mog",
        "fn main() { println(kv.list().len > 0, kv.get(\"0 0\").unwrap_or(\"\").len) }\n",
    )?;
    place
        .write("p.toml", "grant = [\"kv\"]\n[kv]\nstore = \"disk/kv.redb\"\nname = \"n\"\nsize = \"1G\"\n")?;
    prints(
        &place,
        4 << 20,
        "mog run --policy p.toml p.mog
         mog run --policy p.toml count.mog",
        "caught true\nexit 0\ntrue 5000\nexit 0\n",
    )
}

/// A file that does not fit is a failure that the program can catch, and the old one is still there.
#[test]
fn files() -> Test {
    let place = Place::with(
        r#"fn main() {
    try { fs.write("a", "new".repeat(10000)) } catch(e) { println("caught") }
    println(fs.read("a").len)
}
"#,
    )?;
    place.write("p.toml", "grant = [\"fs\"]\n[fs]\nworkspace = \"disk/work\"\n")?;
    prints(
        &place,
        64 << 10,
        "mkdir disk/work
         printf old >disk/work/a
         fill
         mog run --policy p.toml p.mog
         ls -A disk/work
         room
         mog run --policy p.toml p.mog",
        "caught\n3\nexit 0\na\n30000\nexit 0\n",
    )
}

/// Grants and denials stay what they were.
#[test]
fn stores_of_grants() -> Test {
    let place = Place::with(
        "fn main() {\n    try { log.info(\"x\") } catch(e) { println(\"denied\") }\n    log.write(\"y\")\n}\n",
    )?;
    let long = "A".repeat(200_000);
    place.write("long.toml", format!("grant = [\"env\"]\n[env]\nnames = [\"{long}\"]\n"))?;
    prints(
        &place,
        4 << 20,
        "mog grant ann log --store disk
         mog deny ann log.info --store disk
         fill
         for i in 1 2 3 4 5 6 7 8; do \"$MOG\" grant agent$i --policy long.toml --store disk 2>>all || echo refused; done | sort -u
         ! grep -q panicked all || echo panicked
         mog run --agent ann --store disk p.mog
         room
         mog grant ann time --store disk
         mog run --agent ann --store disk p.mog",
        "exit 0\nexit 0\nrefused\ndenied\ny\nexit 0\nexit 0\ndenied\ny\nexit 0\n",
    )
}

/// The command's own output.
#[test]
fn output() -> Test {
    let place = Place::with("fn main() { for i in 0..20000 { println(\"some text\") } }\n")?;
    place.write("one.mog", "fn main() { println(\"some text\") }\n")?;
    prints(
        &place,
        16 << 10,
        "fill
         mog build p.mog -o disk/p.mogb
         for p in p one; do { \"$MOG\" run $p.mog 2>said; echo \"exit $?\" >code; } >/dev/full; cat code; grep -c panicked said; done
         room
         mog build p.mog -o disk/p.mogb
         mog run disk/p.mogb | tail -1",
        "exit 66\nNo space left on device\nexit 70\n0\nexit 70\n0\nexit 0\nexit 0\n",
    )
}

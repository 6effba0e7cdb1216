//! Files under a policy: each way out of a workspace is tried for real, on the disk. What is refused is one denied call
//! with the path as the program wrote it, and nothing outside was read or changed.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use mog::policy::{Fs, Size, Workspace};
use mog::{CapabilitySet, Event, Outcome, Runtime, Value, compile_mog_source};
use mog_tests::place::{Place, has};
use mog_tests::process::Scratch;

type Test = Result<(), Box<dyn std::error::Error>>;
type Anything<T> = Result<T, Box<dyn std::error::Error>>;

const SECRET: &str = "the secret";

/// Every function, for a path.
const EVERY: [&str; 8] = ["read", "write", "append", "list", "exists", "remove", "size", "mkdir"];

/// A workspace `work`, beside it the folder `outside` with a secret.
struct Ground {
    scratch: Scratch,
    fs: Workspace,
}

impl Ground {
    fn new() -> Anything<Self> {
        Self::with(|fs| fs)
    }

    fn with(settings: impl FnOnce(Fs) -> Fs) -> Anything<Self> {
        let scratch = Scratch::new()?;
        for folder in ["work/inner", "outside", "work-not", "docs"] {
            fs::create_dir_all(scratch.path().join(folder))?;
        }
        for (file, text) in [
            ("outside/secret", SECRET),
            ("work-not/secret", SECRET),
            ("docs/page", "a page"),
            ("work/plain", "plain"),
            ("work/inner/deep", "deep"),
        ] {
            scratch.write(file, text)?;
        }
        let fs = settings(Fs::new(scratch.path().join("work")).root("docs", scratch.path().join("docs")))
            .open()?;
        Ok(Self { scratch, fs })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Runs one statement. Gives how its calls ended, and with what.
    fn run(&self, statement: &str) -> Anything<Vec<(Outcome, Value)>> {
        let mut capabilities = CapabilitySet::new();
        capabilities.grant_group(self.fs.clone());
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        let observer = move |event: &Event<'_>| {
            if let Ok(mut seen) = seen.lock() {
                seen.push((event.outcome, event.result.clone()));
            }
            Ok(())
        };
        let program = compile_mog_source(format!("fn main() {{ {statement} }}"))?;
        let mut runtime = Runtime::builder().memory(64 << 20).audit(observer).build(program, capabilities)?;
        let ended = runtime.execute();
        drop(runtime);
        let events = Arc::into_inner(events).ok_or("the observer is still there")?.into_inner()?;
        if ended.is_err() && events.iter().all(|(outcome, _)| *outcome == Outcome::Ok) {
            return Err(format!("{statement}: {ended:?}").into());
        }
        Ok(events)
    }

    /// The one call of a statement.
    fn call(&self, statement: &str) -> Anything<(Outcome, Value)> {
        let mut events = self.run(statement)?;
        match (events.pop(), events.is_empty()) {
            (Some(event), true) => Ok(event),
            _ => Err(format!("{statement}: not one event").into()),
        }
    }

    fn gives(&self, statement: &str, value: impl Into<Value>) -> Test {
        let came = self.call(statement)?;
        let due = (Outcome::Ok, value.into());
        if came == due { Ok(()) } else { Err(format!("{statement}: {came:?} instead of {due:?}").into()) }
    }

    /// A call ends so, with a message that has all these parts and nothing of where the workspace is.
    fn ends(&self, statement: &str, outcome: Outcome, parts: &[&str]) -> Test {
        let (came, value) = self.call(statement)?;
        let text = value.to_string();
        let tells = text.contains(&*self.scratch.path().to_string_lossy());
        if came != outcome || tells || parts.iter().any(|part| !text.contains(part)) {
            return Err(format!("{statement}: {came:?} {text}, instead of {outcome:?} with {parts:?}").into());
        }
        Ok(())
    }

    fn denied(&self, statement: &str, parts: &[&str]) -> Test {
        self.ends(statement, Outcome::Denied, parts)
    }

    /// Every function refuses a path.
    fn all_denied(&self, path: &str, says: &str) -> Test {
        for function in EVERY {
            self.denied(&call(function, path), &[says, path])?;
        }
        self.untouched()
    }

    /// Outside, everything is as it was.
    fn untouched(&self) -> Test {
        for folder in ["outside", "work-not"] {
            let names: Vec<_> = fs::read_dir(self.path(folder))?
                .map(|e| e.map(|e| e.file_name()))
                .collect::<Result<_, _>>()?;
            if names != ["secret"] || fs::read_to_string(self.path(folder).join("secret"))? != SECRET {
                return Err(format!("{folder} was touched: {names:?}").into());
            }
        }
        Ok(())
    }

    /// The names in the workspace.
    fn names(&self) -> Anything<Vec<String>> {
        let mut names: Vec<_> = fs::read_dir(self.path("work"))?
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_, _>>()?;
        names.sort();
        Ok(names)
    }
}

fn call(function: &str, path: &str) -> String {
    match function {
        "write" | "append" => format!("fs.{function}(\"{path}\", \"overwritten\")"),
        _ => format!("fs.{function}(\"{path}\")"),
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// What it is for

#[test]
fn files_in_the_workspace() -> Test {
    let ground = Ground::new()?;
    ground.gives("fs.read(\"plain\")", "plain")?;
    ground.gives("fs.read(\"./inner/../inner/deep\")", "deep")?;
    ground.gives("fs.write(\"new\", \"text\")", Value::Null)?;
    ground.gives("fs.append(\"new\", \" and more\")", Value::Null)?;
    ground.gives("fs.append(\"other\", \"made\")", Value::Null)?;
    ground.gives("fs.size(\"new\")", 13_i64)?;
    ground.gives("fs.exists(\"new\")", true)?;
    ground.gives("fs.exists(\"none\")", false)?;
    ground.gives("fs.exists(\"plain/none\")", false)?;
    ground.gives("fs.mkdir(\"a/b/c\")", Value::Null)?;
    ground.gives("fs.mkdir(\"a/b/c\")", Value::Null)?;
    ground.gives("fs.write(\"a/b/c/file\", \"x\")", Value::Null)?;
    ground.gives("fs.list(\"a/b/c\")", Value::array([Value::from("file")]))?;
    let names = ["a", "docs", "inner", "new", "other", "plain"];
    ground.gives("fs.list()", Value::array(names.map(Value::from)))?;
    ground.ends("fs.remove(\"a/b/c\")", Outcome::Error, &["'a/b/c'", "not empty"])?;
    ground.gives("fs.remove(\"a/b/c/file\")", Value::Null)?;
    ground.gives("fs.remove(\"a/b/c\")", Value::Null)?;
    ground.ends("fs.read(\"none\")", Outcome::Error, &["'none': no such file or directory"])?;
    ground.ends("fs.read(\"inner\")", Outcome::Error, &["'inner' is a directory"])?;
    ground.ends("fs.write(\"inner\", \"\")", Outcome::Error, &["'inner' is a directory"])?;
    ground.ends("fs.write(\".\", \"\")", Outcome::Error, &["'.' is a directory"])?;
    ground.ends("fs.write(\"no/file\", \"\")", Outcome::Error, &["'no/file': no such file or directory"])?;
    ground.ends("fs.read(\"\")", Outcome::Error, &["empty"])?;
    ground.ends("fs.read(\"a\\0b\")", Outcome::Error, &["'a"])?;
    fs::write(ground.path("work/binary"), b"\xff\xfe")?;
    ground.ends("fs.read(\"binary\")", Outcome::Error, &["'binary' is not text in UTF-8"])?;
    assert_eq!(fs::read_to_string(ground.path("work/new"))?, "text and more");
    Ok(())
}

#[test]
fn other_roots() -> Test {
    let ground = Ground::with(|fs| {
        let drafts = fs.workspace().join("../work-not");
        fs.writable_root("drafts", drafts)
    })?;
    ground.gives("fs.read(\"docs/page\")", "a page")?;
    ground.gives("fs.list(\"./docs\")", Value::array([Value::from("page")]))?;
    ground.gives("fs.exists(\"docs\")", true)?;
    for function in ["write", "append", "remove", "mkdir"] {
        ground.denied(&call(function, "docs/page"), &["'docs/page' can only be read"])?;
    }
    ground.all_denied("docs/../outside/secret", "'docs/../outside/secret'")?;
    ground.gives("fs.write(\"drafts/one\", \"1\")", Value::Null)?;
    assert_eq!(fs::read_to_string(ground.path("work-not/one"))?, "1");
    assert_eq!(fs::read_to_string(ground.path("docs/page"))?, "a page");
    Ok(())
}

/// A file that is replaced keeps its mode, but not what would make it run as somebody else.
#[test]
fn modes() -> Test {
    let ground = Ground::new()?;
    let file = ground.path("work/script");
    fs::write(&file, "old")?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o4750))?;
    ground.gives("fs.write(\"script\", \"new\")", Value::Null)?;
    assert_eq!(fs::metadata(&file)?.mode() & 0o7777, 0o750);
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------------
// Ways out

#[test]
fn traversal() -> Test {
    let ground = Ground::new()?;
    for path in [
        "../outside/secret",
        "inner/../../outside/secret",
        "./.././work/../outside/secret",
        "../work/plain",
        "../work-not/secret",
        "inner/../inner/../../outside/secret",
        "..",
        "../new",
    ] {
        ground.all_denied(path, "path traversal detected")?;
    }
    Ok(())
}

#[test]
fn absolute_paths() -> Test {
    let ground = Ground::new()?;
    let tests = [
        "/etc/passwd",
        "/",
        "//etc/passwd",
        "/proc/self/environ",
        "/proc/self/root/etc/passwd",
        "/dev/null",
        "/tmp",
    ];
    for path in tests {
        ground.all_denied(path, "outside workspace")?;
    }
    // Also the workspace's own.
    let own = ground.path("work/plain");
    let (outcome, _) = ground.call(&format!("fs.read(\"{}\")", own.display()))?;
    assert_eq!(outcome, Outcome::Denied);
    Ok(())
}

#[test]
fn links_that_lead_out() -> Test {
    let ground = Ground::new()?;
    let outside = ground.path("outside");
    symlink(outside.join("secret"), ground.path("work/absolute"))?;
    symlink("../outside/secret", ground.path("work/relative"))?;
    symlink("../work-not", ground.path("work/folder"))?;
    symlink("relative", ground.path("work/chain"))?;
    symlink("/proc/self/environ", ground.path("work/environ"))?;
    symlink("/dev/zero", ground.path("work/zero"))?;
    let links = ["absolute", "relative", "chain", "environ", "zero", "folder"];
    for path in links.into_iter().chain(["folder/secret", "folder/new", "folder/../outside/secret"]) {
        for function in EVERY {
            let statement = call(function, path);
            // Writing to or making what is a link, and removing it, changes the workspace alone.
            let events = ground.run(&statement)?;
            let refused = events.first().is_some_and(|(outcome, _)| *outcome == Outcome::Denied);
            let harmless = links.contains(&path) && function == "remove";
            assert!(refused || harmless, "{statement}: {events:?}");
            ground.untouched()?;
            if harmless {
                assert!(fs::symlink_metadata(ground.path("work").join(path)).is_err());
                symlink("../work-not", ground.path("work").join(path))?;
            }
        }
    }
    Ok(())
}

/// A write through a link that leads nowhere would make a file outside.
#[test]
fn dangling_links() -> Test {
    let ground = Ground::new()?;
    symlink(ground.path("outside/made"), ground.path("work/absolute"))?;
    symlink("../outside/made", ground.path("work/relative"))?;
    symlink("inner/made", ground.path("work/inside"))?;
    for path in ["absolute", "relative"] {
        for function in ["write", "append", "mkdir", "read"] {
            ground.denied(&call(function, path), &["outside workspace", path])?;
        }
        ground.denied(&call("write", &format!("{path}/below")), &[path])?;
    }
    for function in ["write", "append"] {
        ground.denied(&call(function, "inside"), &["'inside' is a symbolic link"])?;
    }
    assert!(!ground.path("work/inner/made").exists());
    ground.untouched()
}

#[test]
fn links_that_stay_inside() -> Test {
    let ground = Ground::new()?;
    symlink("inner/deep", ground.path("work/link"))?;
    symlink("inner", ground.path("work/folder"))?;
    symlink("loop", ground.path("work/loop"))?;
    ground.gives("fs.read(\"link\")", "deep")?;
    ground.gives("fs.read(\"folder/deep\")", "deep")?;
    ground.gives("fs.write(\"folder/new\", \"x\")", Value::Null)?;
    ground.denied("fs.write(\"link\", \"x\")", &["'link' is a symbolic link"])?;
    ground.denied("fs.read(\"loop\")", &["'loop'"])?;
    assert_eq!(fs::read_to_string(ground.path("work/inner/deep"))?, "deep");
    Ok(())
}

#[test]
fn hard_links() -> Test {
    let ground = Ground::new()?;
    fs::hard_link(ground.path("outside/secret"), ground.path("work/hard"))?;
    for function in ["read", "write", "append", "size"] {
        ground.denied(&call(function, "hard"), &["outside workspace: 'hard' has other hard links"])?;
    }
    ground.untouched()?;
    ground.gives("fs.remove(\"hard\")", Value::Null)?;
    ground.untouched()
}

/// What is no file is refused, without waiting for somebody at its other end.
#[test]
fn pipes_sockets_and_devices() -> Test {
    let ground = Ground::new()?;
    let start = Instant::now();
    let made = Command::new("mkfifo").arg(ground.path("work/pipe")).status()?;
    assert!(made.success());
    let _listener = std::os::unix::net::UnixListener::bind(ground.path("work/socket"))?;
    // Only root can make a device.
    let zero = Command::new("mknod")
        .arg(ground.path("work/zero"))
        .args(["c", "1", "5"])
        .stderr(Stdio::null())
        .status();
    let paths = ["pipe", "socket", "zero"];
    let count = if zero.is_ok_and(|made| made.success()) { 3 } else { 2 };
    for path in paths.into_iter().take(count) {
        for function in ["read", "write", "append", "size"] {
            ground.denied(&call(function, path), &["outside workspace", path, "no regular file"])?;
        }
        assert_eq!(ground.call(&call("list", path))?.0, Outcome::Error);
        assert_eq!(ground.call(&call("mkdir", path))?.0, Outcome::Error);
    }
    assert!(start.elapsed() < Duration::from_secs(10), "something waited");
    Ok(())
}

/// A root that is all of the system still does not give what is mounted into it, such as `/proc` and `/dev`.
#[test]
fn file_systems_of_the_system() -> Test {
    for path in ["/proc", "/proc/self", "/sys"] {
        assert!(Fs::new(path).open().is_err(), "{path} was opened");
    }
    let scratch = Scratch::new()?;
    fs::create_dir(scratch.path().join("work"))?;
    let fs = Fs::new(scratch.path().join("work")).root("all", "/").open()?;
    let ground = Ground { scratch, fs };
    for path in
        ["all/proc/self/environ", "all/proc/self/root/etc/passwd", "all/proc/self/fd/0", "all/proc/cpuinfo"]
    {
        let (outcome, value) = ground.call(&call("read", path))?;
        assert!(outcome == Outcome::Denied, "{path}: {outcome:?} {value:?}");
        assert_eq!(ground.call(&call("size", path))?.0, Outcome::Denied, "{path}");
    }
    for function in ["list", "exists"] {
        ground.denied(&call(function, "all/proc/self"), &["outside workspace"])?;
    }
    Ok(())
}

/// While the program runs, another thread changes what a name in its workspace is: a folder, a file, and links that lead
/// out. Whatever it finds, it gets nothing from outside, and nothing appears there.
#[test]
fn links_that_race() -> Test {
    let ground = Ground::new()?;
    let (work, outside) = (ground.path("work"), ground.path("outside"));
    fs::create_dir(work.join("real"))?;
    fs::write(work.join("real/secret"), "harmless")?;
    symlink(&outside, work.join("bad"))?;
    symlink("../outside", work.join("bad2"))?;
    symlink(outside.join("secret"), work.join("badfile"))?;
    fs::write(work.join("goodfile"), "harmless")?;
    let done = AtomicBool::new(false);
    let program = "for i in 0..150 {
        for p in [\"target/secret\", \"file\", \"target/new\"] {
            try { fs.read(p) } catch(e) { }
            try { fs.write(p, \"harmless\") } catch(e) { }
            try { fs.append(p, \"\") } catch(e) { }
            try { fs.mkdir(p + \"-made\") } catch(e) { }
            try { fs.remove(p + \"-made\") } catch(e) { }
        }
    }";
    let events = thread::scope(|scope| {
        scope.spawn(|| {
            let mut turn = 0_usize;
            while !done.load(Ordering::Relaxed) {
                for (name, choices) in
                    [("target", ["real", "bad", "bad2"]), ("file", ["goodfile", "badfile", "goodfile"])]
                {
                    let from = choices[turn % 3];
                    let (from, to) = (work.join(from), work.join(name));
                    // Whether it works does not matter: the program may be there at the same time.
                    let _ = fs::rename(&from, &to);
                    thread::yield_now();
                    let _ = fs::rename(&to, &from);
                }
                turn += 1;
            }
        });
        let events = ground.run(program).map_err(|error| error.to_string());
        done.store(true, Ordering::Relaxed);
        events
    })?;
    let read: Vec<_> = events
        .iter()
        .filter(|(outcome, value)| *outcome == Outcome::Ok && value.to_string().contains(SECRET))
        .collect();
    assert!(read.is_empty(), "it read the secret");
    let of = |wanted: Outcome| events.iter().filter(|(outcome, _)| *outcome == wanted).count();
    assert!(of(Outcome::Ok) > 0, "no call met a moment in which it is allowed");
    ground.untouched()
}

// ---------------------------------------------------------------------------------------------------------------------
// Quotas

#[test]
fn quota_of_a_file() -> Test {
    let ground = Ground::with(|fs| fs.file_size(Size(10)))?;
    ground.gives("fs.write(\"f\", \"0123456789\")", Value::Null)?;
    ground.denied("fs.write(\"f\", \"0123456789a\")", &["quota exceeded", "'f'", "10 bytes"])?;
    ground.denied("fs.append(\"f\", \"a\")", &["quota exceeded"])?;
    ground.denied("fs.write(\"g\", \"x\".repeat(1000000))", &["quota exceeded"])?;
    fs::write(ground.path("work/large"), "x".repeat(11))?;
    ground.denied("fs.read(\"large\")", &["quota exceeded"])?;
    assert_eq!(fs::read_to_string(ground.path("work/f"))?, "0123456789");
    assert!(!ground.path("work/g").exists());
    Ok(())
}

#[test]
fn quota_in_all() -> Test {
    // `plain` and `deep` have 9 bytes.
    let ground = Ground::with(|fs| fs.total_size(Size(100)))?;
    ground.gives("fs.write(\"f\", \"x\".repeat(90))", Value::Null)?;
    ground.denied("fs.write(\"g\", \"xx\")", &["quota exceeded", "100 bytes"])?;
    ground.denied("fs.append(\"f\", \"xx\")", &["quota exceeded"])?;
    ground.gives("fs.append(\"f\", \"x\")", Value::Null)?;
    ground.gives("fs.write(\"f\", \"y\".repeat(91))", Value::Null)?;
    // What was removed, also by somebody else, can be used again.
    ground.gives("fs.remove(\"f\")", Value::Null)?;
    ground.gives("fs.write(\"g\", \"x\".repeat(91))", Value::Null)?;
    ground.denied("fs.write(\"h\", \"x\")", &["quota exceeded"])?;
    fs::remove_file(ground.path("work/g"))?;
    thread::sleep(Duration::from_millis(150));
    ground.gives("fs.write(\"h\", \"x\")", Value::Null)?;
    assert_eq!(ground.names()?, ["h", "inner", "plain"]);
    Ok(())
}

/// Runs on several threads that share a workspace share its quota, to the byte.
#[test]
fn quota_of_several_threads() -> Test {
    let ground = Ground::with(|fs| fs.total_size(Size(500)))?;
    let outcomes = thread::scope(|scope| {
        let ground = &ground;
        let run = |name: usize| {
            let statement = format!(
                "for i in 0..20 {{ try {{ fs.append(\"f{name}\", \"ten bytes!\") }} catch(e) {{ }} }}"
            );
            scope.spawn(move || ground.run(&statement).map_err(|error| error.to_string()))
        };
        let threads: Vec<_> = (0..4).map(run).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a panic".to_owned())))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let stored = outcomes.iter().flatten().filter(|(outcome, _)| *outcome == Outcome::Ok).count();
    // `plain` and `deep` have 9 bytes.
    assert_eq!(stored, 49);
    let bytes = (0..4)
        .filter_map(|name| fs::metadata(ground.path(&format!("work/f{name}"))).ok())
        .map(|found| found.len());
    assert_eq!(bytes.sum::<u64>(), 490);
    Ok(())
}

#[test]
fn quota_of_files() -> Test {
    // `plain`, `inner` and `inner/deep` are there.
    let ground = Ground::with(|fs| fs.files(6))?;
    let events = ground.run("for i in 0..20 { try { fs.write(f\"file{i}\", \"\") } catch(e) { } }")?;
    let stored = events.iter().filter(|(outcome, _)| *outcome == Outcome::Ok).count();
    assert_eq!((stored, ground.names()?.len()), (3, 5));
    for statement in ["fs.mkdir(\"x\")", "fs.append(\"x\", \"\")", "fs.write(\"inner/x\", \"\")"] {
        ground.denied(statement, &["quota exceeded: at most 6 files"])?;
    }
    ground.gives("fs.write(\"file0\", \"it is there\")", Value::Null)?;
    ground.gives("fs.remove(\"file0\")", Value::Null)?;
    ground.denied("fs.mkdir(\"a/b/c\")", &["quota exceeded"])?;
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------------
// Policies

#[test]
fn what_a_root_must_not_hold() -> Test {
    let place = Place::with("fn main() { fs.write(\"p.toml\", \"grant = [\\\"shell\\\"]\") }\n")?;
    let cases = [
        ("workspace = \".\"", "the workspace holds"),
        ("workspace = \"../\"", "the workspace holds"),
        ("workspace = \"missing\"", "missing"),
        ("workspace = \"p.mog\"", "p.mog"),
        ("workspace = \"/proc\"", "the system's own files"),
        ("workspace = \"work\"\n[fs.roots.a]\npath = \".\"\nwrite = true", "root a holds"),
        ("workspace = \"work\"\n[fs.roots.a]\npath = \"work/inner\"", "the workspace holds"),
        ("workspace = \"work\"\n[fs.roots.\"a/b\"]\npath = \"work\"", "a root cannot be called \"a/b\""),
        ("workspace = \"work\"\n[fs.roots.\"..\"]\npath = \"work\"", "a root cannot be called \"..\""),
        ("workspace = \"work\"\nquota = 5", "unknown field `quota`"),
        ("total_size = 5", "missing field `workspace`"),
    ];
    fs::create_dir_all(place.path().join("work/inner"))?;
    symlink(".", place.path().join("link"))?;
    for (section, says) in cases.into_iter().chain([("workspace = \"link\"", "the workspace holds")]) {
        place.write("p.toml", format!("grant = [\"fs\"]\n[fs]\n{section}\n"))?;
        has(&place.exits("run --policy p.toml p.mog", 64)?, says)?;
    }
    place.write("p.toml", "grant = [\"fs\"]\n[fs]\nworkspace = \"work\"\n")?;
    has(&place.exits("run --policy p.toml --audit work/log p.mog", 64)?, "the workspace holds")?;
    place.exits("run --policy p.toml p.mog", 0)?;
    place.exits("run --policy work/../p.toml p.mog", 0)?;
    symlink("../p.toml", place.path().join("work/link.toml"))?;
    has(&place.exits("run --policy work/link.toml p.mog", 64)?, "work/work")?;
    has(&place.exits("run --grant fs p.mog", 64)?, "[fs]")
}

#[test]
fn by_policy_and_audited() -> Test {
    let place = Place::with(
        "fn main() {\n    fs.write(\"note\", \"kept\")\n    println(fs.read(\"note\"))\n    try { fs.read(\"../p.toml\") } catch(e) { println(e) }\n    try { fs.remove(\"note\") } catch(e) { println(e) }\n}\n",
    )?;
    fs::create_dir(place.path().join("work"))?;
    place.write("p.toml", "grant = [\"fs\"]\ndeny = [\"fs.remove\"]\n[fs]\nworkspace = \"work\"\n")?;
    let printed = "kept\npath traversal detected: '../p.toml'\ncapability denied: fs.remove\n";
    place.prints("run --policy p.toml --audit audit p.mog", printed)?;
    place.prints("replay audit p.mog", printed)?;
    let lines = place.read_text("audit")?;
    let outcomes: Vec<serde_json::Value> = lines
        .lines()
        .map(serde_json::from_str::<serde_json::Value>)
        .filter_map(|line| line.ok().filter(|l| l["capability"] == "fs").map(|l| l["outcome"].clone()))
        .collect();
    assert_eq!(outcomes, ["ok", "ok", "denied", "denied"]);
    assert_eq!(place.read_text("work/note")?, "kept");
    has(&place.exits("run --policy p.toml --audit audit none.mog", 66)?, "none.mog")
}

/// A program that is killed at any moment has lost nothing that it said it wrote, and no file is there in part.
#[test]
fn killed_while_it_writes() -> Test {
    let place = Place::with(
        "fn main() {\n    for i in 0..1000000 {\n        fs.write(\"whole\", f\"{i} \".repeat(2000))\n        fs.append(\"log\", f\"{i}\\n\")\n        println(i)\n    }\n}\n",
    )?;
    fs::create_dir(place.path().join("work"))?;
    place.write("p.toml", "grant = [\"fs\"]\n[fs]\nworkspace = \"work\"\n")?;
    for round in 0..12_u64 {
        let _ = fs::remove_file(place.path().join("work/log"));
        let mut child = Command::new(place.command())
            .args(["run", "--policy", "p.toml", "p.mog"])
            .current_dir(place.path())
            .stdout(fs::File::create(place.path().join("printed"))?)
            .spawn()?;
        // Once it writes, at any moment.
        let start = Instant::now();
        while place.read("printed")?.is_empty() && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_millis(round * 5));
        child.kill()?;
        child.wait()?;
        let said = place.read_text("printed")?.lines().filter_map(|line| line.parse::<usize>().ok()).max();
        let said = said.ok_or("it never got to write")?;
        let log = place.read_text("work/log")?;
        let kept: Vec<usize> = log.lines().filter_map(|line| line.parse().ok()).collect();
        assert!(
            kept.len() > said && kept.iter().enumerate().all(|(at, n)| at == *n),
            "lost: {said} of {}",
            kept.len()
        );
        let whole = place.read_text("work/whole")?;
        let first = whole.split(' ').next().unwrap_or_default();
        assert!(first.parse::<usize>()? >= said, "an older file");
        assert_eq!(whole, format!("{first} ").repeat(2000), "a file in part");
    }
    Ok(())
}

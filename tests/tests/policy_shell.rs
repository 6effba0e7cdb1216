//! Commands under a policy, in bubblewrap: what is refused is one denied call and starts nothing, and what runs gets no
//! further than its walls, and not beyond its time.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use mog::policy::{Policy, Sandbox, Shell, Size, Time};
use mog::{Error, Event, Outcome, Runtime, compile_mog_source};
use mog_tests::place::{Place, has};
use mog_tests::process::Scratch;

type Test = Result<(), Box<dyn std::error::Error>>;
type Anything<T> = Result<T, Box<dyn std::error::Error>>;

/// A workspace `work` with a file, beside it a secret.
struct Ground {
    scratch: Scratch,
    shell: Shell,
}

/// How a call ended: its outcome and its result or message.
type Ended = (Outcome, String);

impl Ground {
    /// Commands with any arguments.
    fn with(commands: &[&str]) -> Anything<Self> {
        let scratch = Scratch::new()?;
        fs::create_dir(scratch.path().join("work"))?;
        scratch.write("work/file", "in the workspace")?;
        scratch.write("secret", "outside")?;
        let mut shell = Shell::new(scratch.path().join("work"));
        shell.allow = commands.iter().map(|name| ((*name).to_owned(), vec!["**".to_owned()])).collect();
        Ok(Self { scratch, shell })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Runs one command. There is one call, whatever becomes of it.
    fn exec(&self, command: &str, args: &[&str]) -> Anything<Ended> {
        let mut policy = Policy::default();
        policy.grant = vec!["shell".to_owned()];
        policy.shell = Some(self.shell.clone());
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        let observer = move |event: &Event<'_>| {
            if let Ok(mut seen) = seen.lock()
                && event.outcome != Outcome::Pending
            {
                seen.push((event.outcome, event.result.to_string()));
            }
            Ok(())
        };
        let program = compile_mog_source(format!(
            "pub async fn run() -> string {{ await shell.exec({command:?}, {args:?}) }}"
        ))?;
        let mut runtime = Runtime::builder().audit(observer).build(program, policy.capabilities()?)?;
        let result = runtime.call("run", ());
        drop(runtime);
        let events = Arc::into_inner(events).ok_or("the observer is still there")?.into_inner()?;
        let [(outcome, _)] = events.as_slice() else {
            return Err(format!("not one call: {events:?}").into());
        };
        Ok((
            *outcome,
            match result {
                Ok(value) => value.as_str().unwrap_or_default().to_owned(),
                Err(Error::Failed { message, .. } | Error::Denied { message, .. }) => message,
                Err(error) => return Err(error.into()),
            },
        ))
    }

    /// A script of the shell's, for what is tested from inside.
    fn script(&self, script: &str) -> Anything<Ended> {
        self.exec("sh", &["-c", script])
    }
}

fn ok(ended: Ended) -> Anything<String> {
    if ended.0 == Outcome::Ok { Ok(ended.1) } else { Err(format!("{ended:?}").into()) }
}

fn denied(ended: Ended, message: &str) -> Test {
    if ended == (Outcome::Denied, message.to_owned()) { Ok(()) } else { Err(format!("{ended:?}").into()) }
}

#[test]
fn what_is_allowed_runs_in_the_workspace() -> Test {
    let ground = Ground::with(&["cat", "pwd"])?;
    assert_eq!(ok(ground.exec("cat", &["file"])?)?, "in the workspace");
    assert_eq!(ok(ground.exec("pwd", &[])?)?, "/workspace\n");
    let (outcome, message) = ground.exec("cat", &["missing"])?;
    assert_eq!(outcome, Outcome::Error);
    assert!(
        message.starts_with("Command 'cat' failed with exit code 1: ")
            && message.contains("missing: No such file"),
        "{message}"
    );
    Ok(())
}

#[test]
fn what_is_not_allowed_is_not_started() -> Test {
    let mut ground = Ground::with(&["cat", "git", "touch"])?;
    ground.shell.sandbox = Sandbox::Standard;
    for name in ["ls", "sh", "env", "/bin/cat", "../bin/cat", "./cat", "cat ", "CAT", ""] {
        denied(ground.exec(name, &["file"])?, &format!("Command '{name}' not in allowlist"))?;
    }
    // Nothing between the program and the command takes these for anything but text.
    let (outcome, message) = ground.exec("cat", &["file; touch evil", "$(touch evil)", "`touch evil`"])?;
    assert!(outcome == Outcome::Error && message.contains("$(touch evil)"), "{message}");
    denied(ground.exec("cat", &["file\0x"])?, "Arguments of command 'cat' not in allowlist")?;
    // What is denied is so whatever is allowed.
    ground.shell.deny = vec!["touch".to_owned(), "git -c **".to_owned(), "git push **".to_owned()];
    denied(ground.exec("touch", &["evil"])?, "Command 'touch' is denied")?;
    denied(ground.exec("git", &["-c", "core.pager=touch evil", "log"])?, "Command 'git' is denied")?;
    assert!(!ground.path("work/evil").exists());
    // Nothing at all is allowed by default.
    ground.shell = Shell::new(ground.path("work"));
    denied(ground.exec("cat", &["file"])?, "Command 'cat' not in allowlist")
}

#[test]
fn arguments_are_as_the_patterns_say() -> Test {
    let mut ground = Ground::with(&["find"])?;
    ground.shell.allow.insert("find".to_owned(), vec![String::new(), ". -name *".to_owned()]);
    assert_eq!(ok(ground.exec("find", &[".", "-name", "fi*"])?)?, "./file\n");
    for args in [
        &[".", "-name", "x", "-exec", "cat", "file", ";"][..],
        &[".", "-exec", "cat"],
        &[".", "-name", "-exec"],
        &["/", "-name", "x"],
        &["."],
    ] {
        denied(ground.exec("find", args)?, "Arguments of command 'find' not in allowlist")?;
    }
    Ok(())
}

#[test]
fn nothing_of_the_host_is_inherited() -> Test {
    let ground = Ground::with(&["env", "sh", "id"])?;
    let environment = ok(ground.exec("env", &[])?)?;
    let mut names: Vec<_> = environment.lines().filter_map(|line| line.split('=').next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "LANG", "PATH", "PWD"], "{environment}");
    // Neither files that are open, nor its input, nor who it is.
    assert_eq!(
        ok(ground.script("ls -1 /proc/self/fd | wc -l; cat; id -u; hostname")?)?,
        "4\n1000\nsandbox\n"
    );
    Ok(())
}

#[test]
fn a_sandbox_keeps_commands_in() -> Test {
    let ground = Ground::with(&["sh", "ls"])?;
    let secret = ground.path("secret");
    for script in [
        format!("cat {}", secret.display()),
        "cat ../secret".to_owned(),
        "cat /etc/passwd".to_owned(),
        "ls /home /root /work".to_owned(),
        "touch file2".to_owned(),
        "echo x > file".to_owned(),
        "echo x > /usr/x".to_owned(),
        "echo x > /x".to_owned(),
        "echo x > /dev/x".to_owned(),
        "rm -f file || false".to_owned(),
        "mount -t tmpfs tmpfs /tmp".to_owned(),
        "unshare -U true".to_owned(),
        "unshare -r true".to_owned(),
        "chroot / true".to_owned(),
        "nice -n -5 true 2>&1 | grep . && false".to_owned(),
        "hostname other".to_owned(),
        "exec 3<>/dev/tcp/127.0.0.1/22".to_owned(),
        "ls /sys/class".to_owned(),
        "cat /proc/1/environ | grep -q MOG_ || false".to_owned(),
    ] {
        let (outcome, message) = ground.script(&script)?;
        assert_eq!(outcome, Outcome::Error, "{script}: {message}");
    }
    assert_eq!(fs::read_to_string(&secret)?, "outside");
    assert_eq!(fs::read_to_string(ground.path("work/file"))?, "in the workspace");
    // It has no network but its own, and no process but its own.
    let seen =
        ok(ground.script("cat /proc/net/dev | tail -n +3 | cut -d: -f1; ls -d /proc/[0-9]* | wc -l")?)?;
    let mut lines = seen.lines().map(str::trim);
    assert_eq!(lines.next(), Some("lo"), "{seen}");
    assert!(
        lines.next().and_then(|count| count.parse::<u32>().ok()).is_some_and(|count| count < 8),
        "{seen}"
    );
    // No capabilities, no new ones, and a filter of system calls.
    let status = ok(ground.script("grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status")?)?;
    let expected = "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n";
    assert_eq!(status, expected);
    Ok(())
}

#[test]
fn a_workspace_is_written_where_that_is_asked_for() -> Test {
    let mut ground = Ground::with(&["sh"])?;
    ground.shell.sandbox = Sandbox::Standard;
    ok(ground.script("echo new > made; ln -s ../secret link; cat link 2>/dev/null || true")?)?;
    assert_eq!(fs::read_to_string(ground.path("work/made"))?, "new\n");
    let (outcome, _) = ground.script("cat link")?;
    assert_eq!(outcome, Outcome::Error, "a link led out");
    // Larger files than are allowed are not.
    ground.shell.file = Some(Size(1000));
    let (outcome, _) = ground.script("head -c 2000 /dev/zero > large")?;
    assert_eq!(outcome, Outcome::Error);
    assert!(fs::metadata(ground.path("work/large"))?.len() <= 1000);
    Ok(())
}

/// Processes that run with this in their command line.
fn running(marker: &str) -> Anything<usize> {
    let mut count = 0;
    for entry in fs::read_dir("/proc")? {
        let cmdline = fs::read(entry?.path().join("cmdline")).unwrap_or_default();
        count += usize::from(String::from_utf8_lossy(&cmdline).contains(marker));
    }
    Ok(count)
}

fn nothing_runs(marker: &str) -> Test {
    let start = Instant::now();
    while running(marker)? > 0 {
        if start.elapsed() > Duration::from_secs(20) {
            return Err(format!("processes of {marker} live on").into());
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// A number of seconds to sleep that nobody else sleeps.
fn marker(n: u32) -> String {
    format!("{}.{n}", 86_400 + std::process::id() % 10_000)
}

#[test]
fn nothing_outlives_its_time() -> Test {
    let mut ground = Ground::with(&["sh"])?;
    ground.shell.timeout = Some(Time(Duration::from_secs(1)));
    for (n, sandbox) in [(1, Sandbox::Strict), (2, Sandbox::None)] {
        ground.shell.sandbox = sandbox;
        let marker = marker(n);
        // Children and grandchildren, some of which ignore what they can.
        let script = format!(
            "trap '' TERM INT HUP; for i in 1 2 3; do (trap '' TERM HUP; (sleep {marker}) & sleep {marker}) & done; sleep {marker}"
        );
        let start = Instant::now();
        let (outcome, message) = ground.script(&script)?;
        assert_eq!((outcome, message.as_str()), (Outcome::Error, "Command 'sh' took more than 1 s"));
        assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
        nothing_runs(&marker)?;
    }
    // In a sandbox, not even what has left the group and the session, whether or not its parent has ended.
    ground.shell.sandbox = Sandbox::Strict;
    let marker = marker(3);
    ground.script(&format!("setsid -f sleep {marker}; setsid sleep {marker}"))?;
    nothing_runs(&marker)?;
    ok(ground.script(&format!(
        "setsid -f sleep {marker} >/dev/null 2>&1; (sleep {marker} >/dev/null 2>&1 &); echo done"
    ))?)?;
    nothing_runs(&marker)
}

/// A program that is stopped takes its commands with it.
#[test]
fn nothing_outlives_its_program() -> Test {
    let ground = Ground::with(&["sleep"])?;
    let marker = marker(4);
    let mut policy = Policy::default();
    policy.grant = vec!["shell".to_owned()];
    policy.shell = Some(ground.shell.clone());
    let source = format!("async fn main() {{ await shell.exec(\"sleep\", [\"{marker}\"]) }}");
    let program = compile_mog_source(source)?;
    let builder = Runtime::builder().timeout(Duration::from_millis(700));
    let mut runtime = builder.build(program, policy.capabilities()?)?;
    let ended = runtime.execute();
    assert!(matches!(ended, Err(Error::TimedOut { .. })), "{ended:?}");
    assert!(running(&marker)? > 0, "it never ran");
    drop(runtime);
    nothing_runs(&marker)
}

#[test]
fn resources_are_bounded() -> Test {
    let mut ground = Ground::with(&["sh", "yes"])?;
    ground.shell.timeout = Some(Time(Duration::from_secs(3)));
    // The system counts the processes of everybody but root.
    if fs::metadata("/proc/self")?.uid() != 0 {
        ground.shell.processes = Some(20);
        let (outcome, message) = ground.script("for i in $(seq 60); do sleep 1 & done; wait")?;
        assert_eq!(outcome, Outcome::Error, "{message}");
    }
    ground.shell.memory = Some(Size(64 << 20));
    let (outcome, _) =
        ground.script("head -c 500000000 /dev/zero | tail -c 400000000 | wc -c | grep -q 400000000")?;
    assert_eq!(outcome, Outcome::Error);
    // What is printed without an end is lost, and characters are whole.
    ground.shell.output = Some(Size(1000));
    let (_, message) = ground.exec("yes", &[])?;
    assert_eq!(message, "Command 'yes' took more than 3 s");
    let text = ok(ground.script("for i in $(seq 1000); do printf 'a\\303\\251\\342\\202\\254'; done")?)?;
    assert!(text.len() <= 1000 && text.len() > 996 && "aé€".repeat(200).starts_with(&text), "{}", text.len());
    Ok(())
}

#[test]
fn without_walls_nothing_runs() -> Test {
    let mut ground = Ground::with(&["touch"])?;
    ground.shell.sandbox = Sandbox::Standard;
    for missing in ["/nowhere/bwrap", "/usr/bin/false", "/usr/bin/true", "/"] {
        ground.shell.bubblewrap = Some(missing.into());
        let (outcome, message) = ground.exec("touch", &["made"])?;
        assert_eq!(outcome, Outcome::Denied, "{missing}: {message}");
        assert!(message.starts_with("Failed to initialize sandbox"), "{missing}: {message}");
    }
    assert!(!ground.path("work/made").exists());
    Ok(())
}

#[test]
fn from_a_file() -> Test {
    let place = Place::with(
        "async fn main() {\n  println(await shell.exec(\"cat\", [\"note\"]))\n  try { await shell.exec(\"rm\", [\"note\"]) } catch(e) { println(e) }\n}\n",
    )?;
    fs::create_dir(place.path().join("work"))?;
    place.write("work/note", "noted")?;
    place.write("p.toml", "grant = [\"shell\"]\n[shell]\nworkspace = \"work\"\nallow.cat = [\"*\"]\n")?;
    place.prints("run --policy p.toml p.mog", "noted\nCommand 'rm' not in allowlist\n")?;
    for (policy, says) in [
        ("workspace = \"missing\"", "missing"),
        ("workspace = \"/\"", "not a folder"),
        ("workspace = \"work\"\nallow.cat = []", "no arguments"),
        ("workspace = \"work\"\nallow.\"/bin/cat\" = [\"**\"]", "no name of a command"),
        ("workspace = \"work\"\nsandbox = \"off\"", "sandbox"),
        // The policy itself could be changed.
        ("workspace = \".\"\nsandbox = \"standard\"", "no command may reach"),
        ("allow.cat = [\"*\"]", "workspace"),
    ] {
        place.write("bad.toml", format!("grant = [\"shell\"]\n[shell]\n{policy}\n"))?;
        has(&place.exits("run --policy bad.toml p.mog", 64)?, says)?;
    }
    Ok(())
}

#[test]
fn the_whole_runner_in_a_sandbox() -> Test {
    let place = Place::new()?;
    for folder in ["in/work", "out"] {
        fs::create_dir_all(place.path().join(folder))?;
    }
    place.write("out/secret", "outside")?;
    place.write("in/work/file", "inside")?;
    let source = |statement: &str| format!("fn main() -> int {{\n  {statement}\n  7\n}}\n");
    place.write("in/read.mog", source("println(fs.read(\"file\"))"))?;
    place.write("in/write.mog", source("fs.write(\"made\", \"x\")"))?;
    place.write("in/p.toml", "grant = [\"fs\"]\n[fs]\nworkspace = \"work\"\n")?;
    place.write("in/out.toml", "grant = [\"fs\"]\n[fs]\nworkspace = \"../out\"\n")?;
    let run = |args: &str| -> Anything<mog_tests::process::Finished> {
        let args = args.split_whitespace().map(Into::into).collect::<Vec<_>>();
        let limit = Duration::from_secs(20);
        Ok(mog_tests::process::run(place.command(), &args, b"", &place.path().join("in"), limit)?)
    };
    let ended = |args: &str, code: i32| -> Anything<mog_tests::process::Finished> {
        let finished = run(args)?;
        if finished.exit == mog_tests::process::Exit::Code(code) {
            Ok(finished)
        } else {
            Err(format!("{args}: {finished:?}").into())
        }
    };
    let read = ended("run --sandbox strict --policy p.toml read.mog", 7)?;
    assert_eq!(read.stdout, b"inside\n");
    ended("run --sandbox=strict --policy p.toml write.mog", 70)?;
    assert!(!place.path().join("in/work/made").exists());
    ended("run --sandbox standard --policy p.toml write.mog -- --sandbox none", 7)?;
    assert!(place.path().join("in/work/made").exists());
    // A policy that allows more than the walls opens nothing behind them.
    ended("run --sandbox none --policy out.toml write.mog", 7)?;
    assert!(place.path().join("out/made").exists());
    has(&ended("run --sandbox standard --policy out.toml write.mog", 64)?, "out")?;
    // There is no second sandbox in the first, so no command runs.
    place.write("in/shell.mog", "async fn main() { println(await shell.exec(\"cat\", [\"file\"])) }\n")?;
    place.write(
        "in/shell.toml",
        "grant = [\"shell\"]\n[shell]\nworkspace = \"work\"\nallow.cat = [\"*\"]\n",
    )?;
    has(&ended("run --sandbox strict --policy shell.toml shell.mog", 77)?, "Failed to initialize sandbox")
}

//! Signed programs: what was signed runs, within its manifest; what was not, was changed, was put together from parts,
//! is too old, or asks for too much is refused before it is decoded.

use mog::policy::Versions;
use mog::signed::{Limits, PublicKey, Refused, SecretKey, Trust, sign};
use mog::{CapabilitySet, Error, Program, Runtime, Value, compile_mog_source};
use mog_tests::place::{Place, has};
use mog_tests::process::Scratch;
use std::sync::atomic::{AtomicU32, Ordering};

type Test = Result<(), Box<dyn std::error::Error>>;

const PROGRAM: &str = "fn main() -> int {\n  log.write(\"signed\")\n  6 * 7\n}\n";

fn secret() -> SecretKey {
    SecretKey::new(&[42; 32])
}

fn limits() -> Limits {
    Limits { memory: Some(64 << 10), steps: Some(10_000), host_calls: Some(10) }
}

fn signed(source: &str, name: &str, version: u32, limits: Limits) -> Result<Vec<u8>, Error> {
    let module = compile_mog_source(source)?.to_bytes();
    sign(&secret(), name, version, limits, &module).map_err(|_| Error::Idle)
}

fn refused(bytes: &[u8], trust: &Trust<'_>) -> Option<Refused> {
    Program::load_signed(bytes, trust).err()
}

#[test]
fn what_a_trusted_key_signed_runs_within_its_manifest() -> Test {
    let keys = [SecretKey::new(&[1; 32]).public(), secret().public()];
    let bytes = signed(PROGRAM, "rules", 3, limits())?;
    let trust = Trust { name: Some("rules"), minimum_version: 3, limits: limits(), ..Trust::new(&keys) };
    let program = Program::load_signed(&bytes, &trust)?;
    let manifest = program.manifest().ok_or("no manifest")?;
    assert_eq!((manifest.name.as_str(), manifest.version, manifest.limits), ("rules", 3, limits()));
    assert_eq!(manifest.capabilities, ["log.write"]);
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("log.write", |_: &str| {});
    let mut runtime = Runtime::new(program, capabilities.clone())?;
    assert_eq!(runtime.execute()?, Value::from(42));

    let endless = signed("fn main() { loop { } }", "endless", 1, limits())?;
    let mut runtime = Runtime::new(Program::load_signed(&endless, &Trust::new(&keys))?, capabilities)?;
    assert!(matches!(runtime.execute(), Err(Error::OutOfSteps { limit: 10_000, .. })));
    Ok(())
}

/// Not one byte can be another, and none be missing or too many.
#[test]
fn forged_at_every_byte() -> Test {
    let keys = [secret().public()];
    let trust = Trust::new(&keys);
    let bytes = signed(PROGRAM, "rules", 3, limits())?;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut forged = bytes.clone();
            forged[at] ^= 1 << bit;
            match refused(&forged, &trust) {
                Some(Refused::Unsigned | Refused::Malformed | Refused::Forged) => {}
                other => return Err(format!("byte {at}, bit {bit}: {other:?}").into()),
            }
        }
    }
    for len in 0..bytes.len() {
        let refused = refused(&bytes[..len], &trust);
        assert!(matches!(refused, Some(Refused::Unsigned | Refused::Malformed)), "{len}: {refused:?}");
    }
    for more in 1..9 {
        assert!(refused(&[&bytes[..], &vec![0; more]].concat(), &trust).is_some(), "{more} more");
    }
    assert_eq!(refused(&bytes, &trust), None);
    Ok(())
}

#[test]
fn parts_of_several_signed_programs_are_no_signed_program() -> Test {
    const MANIFEST: std::ops::Range<usize> = 68..160;
    let keys = [secret().public()];
    let trust = Trust::new(&keys);
    let small = signed(PROGRAM, "rules", 3, limits())?;
    let large = signed(PROGRAM, "rules", 4, Limits::default())?;
    let other = signed(&PROGRAM.replace("42", "43").replace('7', "8"), "rules", 3, limits())?;
    assert_eq!((small.len(), small.len()), (large.len(), other.len()));
    // The limits of one, the code of another, the signature of a third.
    let mut mixed = small.clone();
    mixed[MANIFEST].copy_from_slice(&large[MANIFEST]);
    assert_eq!(refused(&mixed, &trust), Some(Refused::Forged));
    mixed[4..68].copy_from_slice(&large[4..68]);
    assert_eq!(refused(&mixed, &trust), None, "this is the other one whole");
    let mut mixed = small.clone();
    mixed[160..].copy_from_slice(&other[160..]);
    assert_eq!(refused(&mixed, &trust), Some(Refused::Forged));
    mixed[4..68].copy_from_slice(&large[4..68]);
    assert_eq!(refused(&mixed, &trust), Some(Refused::Forged));
    Ok(())
}

#[test]
fn other_keys_unsigned_modules_and_older_versions() -> Test {
    let others = [SecretKey::new(&[43; 32]).public()];
    let keys = [secret().public()];
    let bytes = signed(PROGRAM, "rules", 3, limits())?;
    assert_eq!(refused(&bytes, &Trust::new(&others)), Some(Refused::Forged));
    assert_eq!(refused(&bytes, &Trust::new(&[])), Some(Refused::Forged));
    let module = compile_mog_source(PROGRAM)?.to_bytes();
    assert_eq!(refused(&module, &Trust::new(&keys)), Some(Refused::Unsigned));
    assert_eq!(refused(b"", &Trust::new(&keys)), Some(Refused::Unsigned));
    let newer = Trust { minimum_version: 4, ..Trust::new(&keys) };
    assert_eq!(refused(&bytes, &newer), Some(Refused::Old { version: 3, minimum: 4 }));
    let named = Trust { name: Some("rule"), ..Trust::new(&keys) };
    assert_eq!(refused(&bytes, &named), Some(Refused::Name));
    // And without a key that is asked for, a signed module is not run as if nobody had signed it.
    assert!(Program::load(&bytes).is_err());
    Ok(())
}

/// A host that remembers takes no older version than it had, whatever happens in between.
#[test]
fn versions_are_remembered() -> Test {
    let scratch = Scratch::new()?;
    let keys = [secret().public()];
    let trust = Trust::new(&keys);
    let rules = |version| signed(PROGRAM, "rules", version, limits());
    let versions = Versions::open(scratch.path())?;
    versions.load(&rules(2)?, &trust)?;
    versions.load(&rules(3)?, &trust)?;
    versions.load(&rules(3)?, &trust)?;
    let older = |version| match Versions::open(scratch.path())?.load(&rules(version)?, &trust) {
        Err(error @ Error::Older { .. }) => {
            assert_eq!(error.exit_code(), 65);
            Ok::<_, Box<dyn std::error::Error>>(error.to_string())
        }
        other => Err(format!("{other:?}").into()),
    };
    assert_eq!(older(2)?, "version 2 of \"rules\" is older than version 3 that already ran");
    // What was refused is not remembered: neither another's signature, nor what asks for too much or is no module.
    let forged =
        sign(&SecretKey::new(&[43; 32]), "rules", 9, limits(), &compile_mog_source(PROGRAM)?.to_bytes());
    let forged = forged.map_err(|error| error.to_string())?;
    assert!(matches!(versions.load(&forged, &trust), Err(Error::Untrusted(Refused::Forged))));
    let little = Trust { limits: Limits { steps: Some(1), ..limits() }, ..trust };
    assert!(matches!(versions.load(&rules(9)?, &little), Err(Error::Untrusted(Refused::Limit("steps")))));
    versions.load(&rules(3)?, &trust)?;
    // Each program has its own.
    versions.load(&signed(PROGRAM, "other", 1, limits())?, &trust)?;
    // What is damaged remembers nothing, and so nothing runs.
    drop(versions);
    let file = scratch.path().join("versions.redb");
    let mut bytes = std::fs::read(&file)?;
    let middle = bytes.len() / 2;
    bytes.iter_mut().skip(middle).for_each(|byte| *byte ^= 0x55);
    bytes.iter_mut().take(64).for_each(|byte| *byte = 0);
    std::fs::write(&file, &bytes)?;
    assert!(Versions::open(scratch.path()).is_err());
    Ok(())
}

/// Two at once: once the newer one was given, the older one is not.
#[test]
fn versions_that_race() -> Test {
    let scratch = Scratch::new()?;
    let keys = [secret().public()];
    let modules: Vec<_> =
        (1..=16).map(|version| signed(PROGRAM, "rules", version, limits())).collect::<Result<_, _>>()?;
    let newest = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for start in 0..2 {
            let (modules, newest, keys, folder) = (&modules, &newest, &keys, scratch.path());
            scope.spawn(move || {
                let versions = Versions::open(folder).expect("a store");
                for module in
                    modules.iter().skip(start).step_by(2).rev().chain(modules.iter().skip(start).step_by(2))
                {
                    let before = newest.load(Ordering::SeqCst);
                    if let Ok(program) = versions.load(module, &Trust::new(keys)) {
                        let version = program.manifest().map_or(0, |manifest| manifest.version);
                        assert!(version >= before, "version {version} after {before}");
                        newest.fetch_max(version, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    assert_eq!(newest.into_inner(), 16);
    Ok(())
}

#[test]
fn keys_that_verify_anything_are_none() {
    // The eight points of small order, as they are usually written, and what is no key at all.
    let mut small = vec![[0u8; 32], [0xff; 32]];
    let mut one = [0; 32];
    one[0] = 1;
    small.push(one);
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    small.push(minus_one);
    let mut four = [0; 32];
    four[31] = 0x80;
    small.push(four);
    for text in [
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ] {
        let digit = |at: usize| u8::from_str_radix(text.get(at..at + 2).unwrap_or("?"), 16);
        small.push(std::array::from_fn(|n| digit(2 * n).unwrap_or(0)));
    }
    for key in small {
        assert_eq!(PublicKey::new(&key), Err(Refused::Key), "{key:?}");
    }
    for length in [0, 1, 31, 33, 64] {
        assert_eq!(PublicKey::new(&vec![7; length]), Err(Refused::Key), "{length} bytes");
    }
}

#[test]
fn more_than_the_host_allows() -> Test {
    let keys = [secret().public()];
    let bytes = signed(PROGRAM, "rules", 3, limits())?;
    let half = |limit: Option<u64>| limit.map(|limit| limit / 2);
    let asked = limits();
    for (limits, what) in [
        (Limits { memory: half(asked.memory), ..asked }, "memory"),
        (Limits { steps: half(asked.steps), ..asked }, "steps"),
        (Limits { host_calls: half(asked.host_calls), ..asked }, "host calls"),
    ] {
        assert_eq!(refused(&bytes, &Trust { limits, ..Trust::new(&keys) }), Some(Refused::Limit(what)));
    }
    // A runtime looks again: it may allow less than whoever loaded the program said.
    let program = Program::load_signed(&bytes, &Trust::new(&keys))?;
    let set = CapabilitySet::new;
    for (builder, what) in [
        (Runtime::builder().memory(1 << 10), "memory"),
        (Runtime::builder().steps(100), "steps"),
        (Runtime::builder().host_calls(1), "host calls"),
    ] {
        match builder.build(program.clone(), set()) {
            Err(error @ Error::Untrusted(Refused::Limit(found))) => {
                assert_eq!((found, error.exit_code()), (what, 65));
            }
            other => return Err(format!("{what}: {other:?}").into()),
        }
    }
    Ok(())
}

#[test]
fn what_cannot_be_signed() -> Test {
    let module = compile_mog_source(PROGRAM)?.to_bytes();
    for name in ["", "a name that is longer than the room for it", "a\0b"] {
        assert!(sign(&secret(), name, 1, limits(), &module).is_err(), "{name:?}");
    }
    assert!(sign(&secret(), "p", 1, Limits { steps: Some(0), ..limits() }, &module).is_err());
    assert!(sign(&secret(), "p", 1, limits(), b"no module").is_err());
    assert!(sign(&secret(), "p", 1, limits(), &[&module[..], &[0]].concat()).is_err());
    Ok(())
}

#[test]
fn the_command_line_remembers_versions() -> Test {
    let place = Place::with(PROGRAM)?;
    place.exits("keygen mine", 0)?;
    for version in [2, 3, 4] {
        place.exits(&format!("sign p.mog --key mine.key --version {version} -o p{version}.mogs"), 0)?;
    }
    let run = "run --grant log.write --require-signature mine.pub";
    // Nobody remembers anything who does not say where.
    place.exits(&format!("{run} p3.mogs"), 42)?;
    place.exits(&format!("{run} p2.mogs"), 42)?;
    let run = format!("{run} --store store");
    for (version, code) in [(2, 42), (3, 42), (2, 65), (3, 42)] {
        let finished = place.exits(&format!("{run} p{version}.mogs"), code)?;
        if code == 65 {
            has(&finished, "version 2 of \"p\" is older than version 3 that already ran")?;
            assert!(finished.stdout.is_empty(), "it ran");
        }
    }
    has(&place.exits(&format!("{run} --minimum-version 4 p3.mogs"), 65)?, "the oldest accepted one is 4")?;
    // The program itself cannot make the host forget.
    place.write("open.toml", "grant = [\"fs\"]\n[fs]\nworkspace = \".\"\n")?;
    has(&place.exits(&format!("{run} --policy open.toml p3.mogs"), 64)?, "store")?;
    // In a sandbox too, in which nothing can be written.
    #[cfg(target_os = "linux")]
    {
        place.exits(&format!("{run} --sandbox strict --program-name p p4.mogs --minimum-version=1"), 42)?;
        for sandbox in ["strict", "standard"] {
            let finished = place.exits(&format!("{run} --sandbox {sandbox} p3.mogs"), 65)?;
            has(&finished, "is older than version 4")?;
        }
        has(&place.exits(&format!("{run} p3.mogs"), 65)?, "is older than version 4")?;
    }
    // What cannot be read remembers nothing, and nothing runs.
    place.write("store/versions.redb", "x".repeat(5000))?;
    let finished = place.exits(&format!("{run} p4.mogs"), 64)?;
    has(&finished, "versions.redb")?;
    assert!(finished.stdout.is_empty(), "it ran");
    Ok(())
}

#[test]
fn the_command_line_signs_and_verifies() -> Test {
    let place = Place::with(PROGRAM)?;
    place.exits("keygen mine", 0)?;
    place.exits("keygen theirs", 0)?;
    place.exits("build p.mog -o p.mogb", 0)?;
    place.exits("sign p.mogb --key mine.key --version 3 --steps 10000 -o p.mogs", 0)?;
    place.exits("sign p.mog --key theirs.key --version 3 -o theirs.mogs", 0)?;
    let shown = place.exits("verify p.mogs --key mine.pub", 0)?;
    let shown = String::from_utf8(shown.stdout)?;
    assert!(shown.contains("name: \"p\"\nversion: 3\ncapabilities: log.write\n"), "{shown}");
    assert!(shown.contains("memory: not stated\nsteps: 10000\n"), "{shown}");

    let run = "run --grant log.write --require-signature";
    let ran = place.exits(&format!("{run} mine.pub p.mogs"), 42)?;
    assert_eq!(String::from_utf8(ran.stdout)?, "signed\n");
    place.exits(&format!("{run} theirs.pub --require-signature mine.pub p.mogs"), 42)?;
    let key = place.read_text("mine.pub")?;
    let key = key.trim();
    let hex = key.strip_prefix("mog-public-key:").ok_or("no public key")?;
    place.exits(&format!("{run} {key} p.mogs"), 42)?;
    place.exits(&format!("{run} {hex} p.mogs"), 42)?;

    for (args, reason) in [
        ("mine.pub p.mog", "not signed"),
        ("mine.pub p.mogb", "not signed"),
        ("mine.pub theirs.mogs", "not that of a trusted key"),
        ("mine.pub --minimum-version 4 p.mogs", "the oldest accepted one is 4"),
        ("mine.pub --program-name q p.mogs", "another program"),
        ("mine.pub --steps 9999 p.mogs", "more steps than the host allows"),
        ("mine.key p.mogs", "not a public key"),
        ("0000000000000000000000000000000000000000000000000000000000000000 p.mogs", "not a public key"),
        ("missing.pub p.mogs", "not a public key"),
    ] {
        let finished = place.exits(&format!("{run} {args}"), 65)?;
        has(&finished, reason)?;
        assert!(finished.stdout.is_empty(), "{args}: something ran");
    }
    let empty = ["run", "--require-signature", "", "p.mogs"];
    has(&place.mog_with(empty, "")?, "not a public key")?;
    // A signed module is nothing else, and says what to do.
    has(&place.exits("run p.mogs", 65)?, "--require-signature")?;
    has(&place.exits("inspect p.mogs", 65)?, "mog verify")?;
    has(&place.exits("verify theirs.mogs --key mine.pub", 65)?, "not that of a trusted key")?;
    // Keys are not written over, nor secrets left for all to read, nor one kind taken for the other.
    has(&place.exits("keygen mine", 66)?, "mine.key")?;
    has(&place.exits("sign p.mogb --key mine.pub --version 3 -o q.mogs", 65)?, "not a secret key")?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(place.path().join("mine.key"))?.permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    Ok(())
}

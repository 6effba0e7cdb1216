//! Policies as `mog run --policy` reads them: what a section narrows, what wins, and that a file which is not understood
//! grants nothing.

use mog_tests::place::{Place, has};

type Test = Result<(), Box<dyn std::error::Error>>;

/// The lines of an audit log.
fn audit(place: &Place) -> Result<Vec<serde_json::Value>, Box<dyn std::error::Error>> {
    place.read_text("audit")?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

#[test]
fn names_of_the_environment() -> Test {
    let place = Place::with(
        "fn main() {\n    match env.get(\"MOG_TEST\") { some(v) => println(v), none => println(\"none\") }\n    try { env.get(\"HOME\") } catch(e) { println(e) }\n}\n",
    )?;
    place.write("p.toml", "grant = [\"env\"]\n[env]\nnames = [\"MOG_TEST\"]\n")?;
    place.prints(
        "run --policy p.toml --audit audit p.mog",
        "from the environment\nvariable 'HOME' not in allowlist\n",
    )?;
    let outcomes: Vec<_> =
        audit(&place)?.iter().filter(|l| l["capability"] == "env").map(|l| l["outcome"].clone()).collect();
    assert_eq!(outcomes, ["ok", "denied"]);
    // Without the policy the same grant is of all variables; with it, what the command line grants is narrowed too.
    place.write("narrow.toml", "[env]\nnames = [\"MOG_TEST\"]\n")?;
    place.prints(
        "run --policy narrow.toml --grant env p.mog",
        "from the environment\nvariable 'HOME' not in allowlist\n",
    )?;
    // A section grants nothing by itself.
    has(&place.exits("run --policy narrow.toml p.mog", 77)?, "env.get")
}

#[test]
fn an_uncaught_refusal_is_77() -> Test {
    let place = Place::with("fn main() { env.get(\"HOME\") }\n")?;
    place.write("p.toml", "grant = [\"env\"]\n[env]\nnames = []\n")?;
    has(&place.exits("run --policy p.toml p.mog", 77)?, "variable 'HOME' not in allowlist")
}

#[test]
fn a_denial_wins() -> Test {
    let place = Place::with("fn main() { log.write(\"written\") }\n")?;
    place.write("p.toml", "grant = [\"log\"]\ndeny = [\"log.write\"]\n")?;
    has(&place.exits("run --policy p.toml p.mog", 77)?, "take it out of `deny` in p.toml")?;
    place.exits("run --policy p.toml --grant log p.mog", 77)?;
    place.write("empty.toml", "")?;
    has(&place.exits("run --policy empty.toml p.mog", 77)?, "add it to `grant` in empty.toml")?;
    place.write("open.toml", "grant = [\"log\"]\n")?;
    place.prints("run --policy open.toml p.mog", "written\n")?;
    place.exits("run --policy open.toml --deny log p.mog", 77)?;
    Ok(())
}

/// Nothing runs, and the error says where the mistake is.
#[test]
fn a_policy_that_is_not_understood_grants_nothing() -> Test {
    let place = Place::with("fn main() { println(\"ran\") }\n")?;
    for (policy, says) in [
        ("grant = [\"log\"\ndeny = [\"log.write\"]\n", "line 2"),
        ("grant = \"log\"\n", "line 1"),
        ("grants = [\"log\"]\n", "unknown field `grants`"),
        ("deny = [\"log.wirte\"]\ngrant = [\"log\"]\n", "no `log.wirte`"),
        ("deny = [\"lgo\"]\n", "no capability `lgo`"),
        ("grant = [\"lgo\"]\n", "no capability `lgo`"),
        ("grant = [\"env.put\"]\n[env]\nnames = []\n", "no `env.put`"),
        ("grant = [\"env\"]\n[env]\nname = [\"HOME\"]\n", "line 3"),
        ("grant = [\"env\"]\n[env]\n", "line 2"),
        ("grant = [\"env\"]\n[env]\nnames = [\"A=B\"]\n", "[env]: no variable can be called"),
        ("[limits]\nmemory = \"lots\"\n", "write a size such as"),
        ("[limits]\nmemory = -5\n", "line 2"),
        ("[limits]\nstep = 5\n", "unknown field `step`"),
        ("grant = [\"shell\"]\n", "[shell]"),
        ("\u{0}", "line 1"),
    ] {
        place.write("p.toml", policy)?;
        let finished = place.exits("run --policy p.toml p.mog", 64)?;
        has(&finished, says)?;
        assert!(finished.stdout.is_empty(), "{policy}: it ran");
    }
    place.write("p.toml", [b'\xff', b'\xfe'])?;
    place.exits("run --policy p.toml p.mog", 64)?;
    for file in ["none.toml", "."] {
        has(&place.exits(&format!("run --policy {file} p.mog"), 64)?, file)?;
    }
    Ok(())
}

/// Options may lower the limits of a policy and not raise them.
#[test]
fn limits() -> Test {
    let place =
        Place::with("fn main() {\n    n := 0\n    for i in 0..100000 { n += i }\n    println(n)\n}\n")?;
    place.write("p.toml", "[limits]\nsteps = 1000\nmemory = \"64K\"\n")?;
    for steps in ["", "--steps 500", "--steps 100000000"] {
        place.exits(&format!("run --policy p.toml {steps} p.mog"), 124)?;
    }
    place.write("p.toml", "[limits]\ntimeout = \"10s\"\nhost_calls = 0\n")?;
    has(&place.exits("run --policy p.toml p.mog", 124)?, "out of host calls")?;
    place.write("p.toml", "[limits]\nmemory = \"1K\"\n")?;
    place.write("m.mog", "fn main() { println(\"x\".repeat(4000).len) }\n")?;
    place.exits("run --policy p.toml --memory 64M m.mog", 71)?;
    Ok(())
}

#[test]
fn seeds_of_chance() -> Test {
    let place = Place::with("fn main() {\n    for i in 0..3 { println(random.int(0, 1_000_000_000)) }\n}\n")?;
    let numbers = |policy: &str, options: &str| -> Result<String, Box<dyn std::error::Error>> {
        place.write("p.toml", policy)?;
        let finished = place.exits(&format!("run --policy p.toml {options} p.mog"), 0)?;
        Ok(String::from_utf8(finished.stdout)?)
    };
    const GRANT: &str = "grant = [\"random\"]\n";
    let seven = format!("{GRANT}[random]\nseed = 7\n");
    let first = numbers(&seven, "")?;
    assert_eq!(first.lines().count(), 3);
    assert_eq!(first, numbers(&seven, "")?);
    assert_eq!(first, numbers(GRANT, "--seed 7")?);
    assert_ne!(first, numbers(&seven.replace('7', "8"), "")?);
    assert_ne!(numbers(GRANT, "")?, numbers(GRANT, "")?, "without a seed each run has its own");
    // The section grants nothing by itself.
    place.write("p.toml", "[random]\nseed = 7\n")?;
    has(&place.exits("run --policy p.toml p.mog", 77)?, "random.int")?;
    place.write("p.toml", "[random]\nseed = -1\n")?;
    has(&place.exits("run --policy p.toml p.mog", 64)?, "line 2")
}

/// What programs are told about a capability does not depend on how narrowly it is granted.
#[test]
fn declarations_of_what_a_policy_grants() -> Test {
    let place = Place::with("")?;
    place.write("p.toml", "grant = [\"env\", \"log.write\"]\n[env]\nnames = []\n")?;
    let finished = place.exits("spec --capabilities --policy p.toml", 0)?;
    let text = String::from_utf8_lossy(&finished.stdout).into_owned();
    let (_, granted) = text.split_once("What this host grants").ok_or("no section of grants")?;
    assert!(granted.contains("fn get(name: string) -> ?string"), "{granted}");
    assert!(granted.contains("fn write(message: string)") && !granted.contains("fn debug"), "{granted}");
    Ok(())
}

/// A run under a policy is repeated without it.
#[test]
fn replay() -> Test {
    let place = Place::with("fn main() { try { env.get(\"HOME\") } catch(e) { println(e) } }\n")?;
    place.write("p.toml", "grant = [\"env\"]\n[env]\nnames = []\n")?;
    place.exits("run --policy p.toml --audit audit p.mog", 0)?;
    place.prints("replay audit p.mog", "variable 'HOME' not in allowlist\n")
}

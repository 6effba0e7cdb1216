//! Thousands of instances on two threads: whatever ends some of them, the others give the right results, and those that
//! ended badly can be used again.

#![allow(clippy::expect_used, reason = "tests")]

use std::thread;

use mog::{CapabilitySet, Compiler, Error, Program, Runtime, Value};

type Test = Result<(), Box<dyn std::error::Error>>;

/// Instances that are alive at the same time on each thread.
const ALIVE: usize = 500;
/// Instances of each thread in all.
const INSTANCES: usize = 5_000;

const SOURCE: &str = r#"
total := 0
seen: [string] = []
pub fn add(n: int) -> int {
    total += host.twice(n)
    if seen.len < 20 { seen.push(f"{n}") }
    total
}
pub fn names() -> string { seen.join(",") }
pub fn spin() { loop { total += 0 } }
pub fn hog() { xs := [0]; loop { xs.push(xs.len) } }
pub fn deep(n: int) -> int { 1 + deep(n + 1) }
pub fn fault(n: int) -> int { [1, 2, 3][n] }
pub fn burst() -> int { host.panics(1) }
pub fn refused() -> int { host.refuses(1) }
pub fn denied() { kv.set("a", "b") }
"#;

fn capabilities() -> CapabilitySet {
    let mut set = CapabilitySet::new();
    set.grant("host.twice", |n: i64| n * 2);
    #[allow(clippy::panic, reason = "this is what is tested")]
    set.grant("host.panics", |_: i64| -> i64 { panic!("a host function's own mistake") });
    set.grant("host.refuses", |n: i64| -> Result<i64, String> { Err(format!("not {n}")) });
    set
}

/// The same numbers in every run, other ones on each thread (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound
    }
}

/// An instance and what it must have come to.
struct Member {
    runtime: Runtime,
    total: i64,
    names: Vec<String>,
}

impl Member {
    fn new(program: &Program) -> Result<Self, Error> {
        let runtime =
            Runtime::builder().memory(8 << 10).steps(3_000).build(program.clone(), capabilities())?;
        Ok(Self { runtime, total: 0, names: Vec::new() })
    }

    fn add(&mut self, n: i64) -> Result<(), String> {
        self.total += 2 * n;
        if self.names.len() < 20 {
            self.names.push(n.to_string());
        }
        match self.runtime.call("add", (n,)) {
            Ok(Value::Int(total)) if total == self.total => Ok(()),
            other => Err(format!("add gave {other:?}, not {}", self.total)),
        }
    }

    fn check(&mut self) -> Result<(), String> {
        match self.runtime.call("names", ()) {
            Ok(Value::Str(names)) if names == self.names.join(",") => Ok(()),
            other => Err(format!("names gave {other:?}, not {:?}", self.names)),
        }
    }

    /// Ends a call in some bad way; it must be this way.
    fn suffer(&mut self, way: usize) -> Result<(), String> {
        let (function, arguments): (_, Vec<Value>) = match way {
            0 => ("spin", vec![]),
            1 => ("hog", vec![]),
            2 => ("deep", vec![Value::Int(0)]),
            3 => ("fault", vec![Value::Int(7)]),
            4 => ("burst", vec![]),
            5 => ("refused", vec![]),
            _ => ("denied", vec![]),
        };
        let error = self.runtime.call(function, arguments).err();
        let due = match &error {
            Some(Error::OutOfSteps { .. }) => way <= 2,
            Some(Error::OutOfMemory { .. } | Error::OutOfStack { .. }) => way == 1 || way == 2,
            Some(Error::Trap { .. }) => way == 3,
            Some(Error::Failed { .. }) => way == 4 || way == 5,
            Some(Error::Denied { .. }) => way == 6,
            _ => false,
        };
        if due { Ok(()) } else { Err(format!("{function} ended with {error:?}")) }
    }
}

fn live(program: &Program, seed: u64) -> Result<usize, String> {
    let mut random = Random(seed);
    let mut crowd: Vec<Member> = Vec::new();
    let mut made = 0;
    let mut sufferings = 0;
    while made < INSTANCES || !crowd.is_empty() {
        if made < INSTANCES && crowd.len() < ALIVE {
            crowd.push(Member::new(program).map_err(|error| error.to_string())?);
            made += 1;
        }
        let at = random.below(crowd.len());
        let crowded = made == INSTANCES || crowd.len() == ALIVE;
        let Some(member) = crowd.get_mut(at) else { continue };
        match random.below(6) {
            0 => {
                member.suffer(random.below(7))?;
                sufferings += 1;
            }
            1 if crowded => {
                // A last look, or none: some are dropped in the middle of a run.
                let mut gone = crowd.swap_remove(at);
                if random.below(3) == 0 {
                    gone.suffer(0)?;
                } else {
                    gone.check()?;
                }
            }
            _ => member.add(random.below(1000) as i64)?,
        }
    }
    Ok(sufferings)
}

#[test]
fn the_healthy_never_notice_the_others() -> Test {
    let program = Compiler::with(&capabilities()).compile(SOURCE)?;
    // Thousands of reports of the panics that are meant to happen help nobody.
    std::panic::set_hook(Box::new(|_| {}));
    let threads = [1u64, 2].map(|seed| {
        let program = program.clone();
        thread::spawn(move || live(&program, seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    });
    for thread in threads {
        let sufferings = thread.join().expect("no thread panics")?;
        assert!(sufferings > INSTANCES / 2, "{sufferings}");
    }
    Ok(())
}

//! Functions that share a value of the host's.
#![cfg(feature = "derive")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use common::{Test, output_of, runtime};
use mog::{AuditLog, Capability, CapabilitySet, Compiler, Error, FromMog, Runtime, ToMog};

#[derive(FromMog, ToMog, Clone)]
struct Reading {
    channel: u8,
    value: f64,
}

struct Sensor {
    readings: Vec<Reading>,
    name: String,
}

#[mog::capability("sensor")]
impl Sensor {
    const LIMIT: usize = 3;

    /// Not a granted function.
    fn new(name: &str) -> Self {
        Self { readings: Vec::new(), name: name.to_owned() }
    }

    fn add(&mut self, mut reading: Reading) -> Result<usize, String> {
        if self.readings.len() >= Self::LIMIT {
            return Err(format!("{} is full", self.name));
        }
        reading.value += 0.5;
        self.readings.push(reading);
        Ok(self.readings.len())
    }

    pub(crate) fn all(&self) -> Vec<Reading> {
        self.readings.clone()
    }

    fn r#final(&self, text: &str, n: i64) -> bool {
        self.name == text && n > 0
    }

    fn long(&self, a: &str, b: &str, c: &str, d: &str, e: i64, f: &str) -> String {
        format!("{a}{b}{c}{d}{e}{f}")
    }

    fn breaks(&mut self) {
        self.name.push('!');
        panic!("{} is broken", self.name);
    }

    #[cfg(any())]
    fn gone(&self) -> Nowhere {}
}

struct Store<T> {
    total: AtomicI64,
    unit: T,
}

#[mog::capability("store")]
impl<T: std::fmt::Display + Send + Sync + 'static> Store<T> {
    async fn add(&self, n: i64, text: &str) -> String {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let total = self.total.fetch_add(n, Ordering::Relaxed) + n;
        format!("{text}: {total} {}", self.unit)
    }

    fn total(&self) -> i64 {
        self.total.load(Ordering::Relaxed)
    }
}

const SOURCE: &str = r#"
fn main() {
    println(sensor.add(Reading { channel: 1, value: 2.0 }), sensor.all())
    println(sensor.final("north", n: 1), sensor.final(text: "south", n: 1))
    println(sensor.long("a", "b", "c", "d", 5, "f"))
    try { sensor.breaks() } catch(e) { println(e) }
    for i in 0..3 { try { println(sensor.add(Reading { channel: 2, value: 0.0 })) } catch(e) { println(e) } }
}"#;

#[test]
fn functions_of_a_group_share_a_value() -> Test {
    let mut set = CapabilitySet::new();
    set.grant_group(Sensor::new("north"));
    let expected = "1 [Reading { channel: 1, value: 2.5 }]\ntrue false\nabcd5f\n\
                    the host's function panicked: north! is broken\n2\n3\nnorth! is full\n";
    assert_eq!(output_of(SOURCE, set.clone())?, expected);
    // The value belongs to the grant, not to the program.
    assert!(output_of(SOURCE, set).is_err_and(|error| error.to_string().contains("north! is full")));
    Ok(())
}

#[test]
fn each_function_can_be_denied_and_granted_by_itself() -> Test {
    for deny in ["sensor.add", "sensor"] {
        let mut set = CapabilitySet::new();
        set.grant_group(Sensor::new("north")).deny(deny);
        let error = output_of(SOURCE, set).unwrap_err();
        assert!(
            matches!(&error, Error::Denied { message, .. } if message.contains("sensor.add")),
            "{error:?}"
        );
    }
    let mut some = CapabilitySet::new();
    for (name, function) in Sensor::new("north").functions() {
        if name == "all" {
            some.grant("left.all", function);
        }
    }
    assert_eq!(output_of("fn main() { println(left.all()) }", some.clone())?, "[]\n");
    let error = output_of("fn main() { left.add(1) }", some).unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
    Ok(())
}

#[test]
fn programs_see_names_and_types() -> Test {
    let mut set = CapabilitySet::new();
    set.grant_group(Sensor::new("north")).grant_group(Store { total: AtomicI64::new(0), unit: "kg" });
    let reference = set.reference();
    for line in [
        "struct Reading { channel: u8, value: float }\n",
        "    fn final(text: string, n: int) -> bool\n",
        "    fn long(a: string, b: string, c: string, d: string, e: int, f: string) -> string\n",
        "    fn breaks()\n",
        "    async fn add(n: int, text: string) -> string\n",
    ] {
        assert!(reference.contains(line), "{line}\n{reference}");
    }
    assert!(!reference.contains("new") && !reference.contains("gone"), "{reference}");
    for wrong in ["sensor.add(1)", "sensor.final(1, 2)", "sensor.final(text: \"a\", m: 2)"] {
        Compiler::with(&set).compile(&format!("fn main() {{ {wrong} }}")).expect_err(wrong);
    }
    Ok(())
}

#[test]
fn parameters_are_kept_out_of_the_log_by_name() -> Test {
    let (log, sink) = common::buffer();
    let mut set = CapabilitySet::new();
    set.grant_group(Sensor::new("north"));
    let program = Compiler::with(&set).compile("fn main() { sensor.final(\"secret\", 1) }")?;
    let audit = AuditLog::new(sink).redact("sensor.final:text");
    Runtime::builder().audit(audit).build(program, set)?.execute()?;
    assert!(log.text().contains("\"args\":[\"[redacted]\",1]"), "{}", log.text());
    Ok(())
}

#[tokio::test]
async fn async_functions_of_a_group_run_beside_each_other() -> Test {
    let mut set = CapabilitySet::new();
    set.grant_group(Store { total: AtomicI64::new(0), unit: "kg" });
    let source = "async fn main() -> int {
        xs := await all([store.add(1, \"a\"), store.add(2, text: \"b\")])
        println(xs)
        store.total()
    }";
    let mut runtime = runtime(source, set)?;
    assert_eq!(runtime.execute_async().await?, 3i64.into());
    Ok(())
}

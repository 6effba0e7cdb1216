//! What observers and the audit log see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::io;
use std::sync::{Arc, Mutex};

use common::{Test, buffer};
use mog::{AuditLog, CapabilitySet, Compiler, Error, Event, Outcome, Runtime, verify_audit};
use serde_json::{Value, json};

const SOURCE: &str = "
optional metrics
fn main() {
    t.add(1, 2.5, [\"a\"], none)
    metrics.count(1)
    match t.fail(\"x\") { ok(_) => println(\"never\"), err(e) => println(e) }
    time.sleep(1)
    kv.get(\"secret\")
}
";

fn granted() -> Result<CapabilitySet, Box<dyn std::error::Error>> {
    let mut set = CapabilitySet::new();
    set.grant("t.add", mog::Function::dynamic(|args| Ok(mog::Value::from(args.len() as i64))));
    set.grant("t.fail", |text: String| -> Result<(), String> { Err(format!("no {text}")) });
    set.grant_standard("time")?;
    Ok(set)
}

#[test]
fn every_call_is_a_line() -> Test {
    let set = granted()?;
    let program = Compiler::new().compile(SOURCE)?;
    let (log, sink) = buffer();
    let (_, output) = buffer();
    let mut runtime = Runtime::builder().audit(AuditLog::new(sink)).output(output).build(program, set)?;
    assert!(matches!(runtime.execute(), Err(Error::Denied { .. })));
    let text = log.text();
    let lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let seen: Vec<Value> = lines
        .iter()
        .map(|line| {
            json!([line["capability"], line["function"], line["args"], line["outcome"], line["result"]])
        })
        .collect();
    let expected = [
        json!(["t", "add", [1, 2.5, ["a"], null], "ok", 4]),
        json!(["metrics", "count", [1], "skipped", null]),
        json!(["t", "fail", ["x"], "error", "no x"]),
        json!(["out", "println", ["no x"], "ok", null]),
        json!(["time", "sleep", [1], "pending", null]),
        json!(["time", "sleep", [1], "ok", null]),
        json!(["kv", "get", ["secret"], "denied", "capability denied: kv.get"]),
    ];
    // A call of an absent capability that the compiler leaves out is not seen.
    let seen: Vec<_> = seen.into_iter().filter(|line| line[0] != "metrics").collect();
    let expected: Vec<_> = expected.into_iter().filter(|line| line[0] != "metrics").collect();
    assert_eq!(seen, expected);
    for (number, line) in lines.iter().enumerate() {
        assert_eq!(line["seq"], number + 1);
        assert!(line["micros"].is_u64() && line["step"].is_u64(), "{line}");
    }
    assert_eq!(verify_audit(&text), Ok(lines.len()));
    Ok(())
}

#[test]
fn two_runs_differ_only_in_time() -> Test {
    let run = || -> Result<String, Box<dyn std::error::Error>> {
        let (log, sink) = buffer();
        let (_, output) = buffer();
        let program = Compiler::new().compile(SOURCE)?;
        let mut runtime =
            Runtime::builder().audit(AuditLog::new(sink)).output(output).build(program, granted()?)?;
        assert!(runtime.execute().is_err());
        Ok(log.text())
    };
    let hash = |log: &str| -> Result<Value, serde_json::Error> {
        Ok(serde_json::from_str::<Value>(log.lines().last().unwrap_or_default())?["hash"].clone())
    };
    assert_eq!(hash(&run()?)?, hash(&run()?)?);
    Ok(())
}

#[test]
fn a_closure_can_observe() -> Test {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let list = seen.clone();
    let observer = move |event: &Event<'_>| -> io::Result<()> {
        list.lock().map_err(|_| io::ErrorKind::Other)?.push((event.function.to_owned(), event.outcome));
        Ok(())
    };
    let program = Compiler::new().compile("fn main() { t.add(1)\nrobot.move(1) }")?;
    let mut runtime = Runtime::builder().audit(observer).build(program, granted()?)?;
    assert!(runtime.execute().is_err());
    let expected = vec![("add".to_owned(), Outcome::Ok), ("move".to_owned(), Outcome::Denied)];
    assert_eq!(*seen.lock().map_err(|_| "poisoned")?, expected);
    Ok(())
}

#[test]
fn what_cannot_be_logged_is_not_done() -> Test {
    let observer = |_: &Event<'_>| Err(io::Error::other("the disk is full"));
    let (out, sink) = buffer();
    let source = "fn main() { try { t.add(1) } catch(e) { }\nprintln(\"never\") }";
    let program = Compiler::new().compile(source)?;
    let mut runtime = Runtime::builder().audit(observer).output(sink).build(program, granted()?)?;
    let error = runtime.execute().expect_err("the log is broken");
    assert!(matches!(&error, Error::Audit { message } if message == "the disk is full"), "{error:?}");
    assert_eq!(out.text(), "");
    Ok(())
}

#[test]
fn arguments_that_cannot_be_copied_are_described() -> Test {
    let (log, sink) = buffer();
    let mut set = CapabilitySet::new();
    set.declare("capability t { struct Node { next: [Node] }  fn take(node: Node) }");
    set.grant("t.take", |_: mog::Value| {});
    let source = "fn main() { a := Node { next: [] }\na.next.push(a)\nt.take(a) }";
    let program = Compiler::with(&set).compile(source)?;
    let mut runtime = Runtime::builder().audit(AuditLog::new(sink)).build(program, set)?;
    assert!(runtime.execute().is_err());
    let line: Value = serde_json::from_str(&log.text())?;
    assert_eq!(line["outcome"], "error");
    assert!(line["args"][0].as_str().is_some_and(|text| text.contains("200 levels")), "{line}");
    Ok(())
}

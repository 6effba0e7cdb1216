//! Values of types that serde knows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::BTreeMap;

use common::{Test, output_of, runtime};
use mog::{AuditLog, CapabilitySet, Error, Serde, Value, from_value, to_value};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Order {
    item: String,
    count: u32,
    #[serde(default)]
    note: Option<String>,
    status: Status,
    #[serde(default)]
    sizes: BTreeMap<i64, (f64, bool)>,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
enum Status {
    Open,
    Shipped(String),
    Returned(u8, Vec<u8>),
    Lost { at: String, loss: f64 },
}

fn order(status: Status) -> Order {
    let sizes = BTreeMap::from([(1, (1.5, true)), (-2, (0.0, false))]);
    Order { item: "desk".to_owned(), count: 2, note: None, status, sizes }
}

fn statuses() -> Vec<Status> {
    vec![
        Status::Open,
        Status::Shipped("monday".to_owned()),
        Status::Returned(3, vec![4]),
        Status::Lost { at: "sea".to_owned(), loss: 0.5 },
    ]
}

#[test]
fn everything_comes_back() {
    fn same<T: Serialize + for<'d> Deserialize<'d> + PartialEq + std::fmt::Debug>(value: &T) {
        let converted = to_value(value).unwrap();
        assert_eq!(&from_value::<T>(converted.clone()).unwrap(), value, "{converted:?}");
    }
    for status in statuses() {
        same(&status);
        same(&order(status));
    }
    same(&(1u8, -1i8, u64::MAX, i64::MIN, 1.5f32, 'é', "text".to_owned(), true));
    same(&(Some(Some(1)), None::<i64>, (), [1u16; 4]));
    same(&BTreeMap::from([("a".to_owned(), vec![1i64]), (String::new(), vec![])]));
    same(&BTreeMap::from([(true, 1i128), (false, i128::from(i64::MAX))]));
    same(&BTreeMap::from([('a', Status::Open)]));
    let any: Value = from_value(Value::map([("a", Value::array([Value::Null, 1i64.into()]))])).unwrap();
    assert_eq!(any, Value::map([("a", Value::array([Value::Null, 1i64.into()]))]));
}

#[test]
fn a_program_sees_what_json_would_be() -> Test {
    let mut set = CapabilitySet::new();
    set.grant("shop.orders", || Serde(statuses().into_iter().map(order).collect::<Vec<_>>()));
    set.grant("shop.same", |Serde(orders): Serde<Vec<Order>>| {
        orders.into_iter().zip(statuses()).all(|(given, status)| given == order(status))
    });
    set.grant("shop.find", |Serde(Order { count, .. }): Serde<Order>| -> Result<Serde<Status>, String> {
        if count > 9 { Err(format!("no {count}")) } else { Ok(Serde(Status::Open)) }
    });
    let source = r#"
fn main() {
    orders := shop.orders()
    println(orders[0].item, orders[0].count, orders[0].note, orders[0].status, orders[0].sizes["-2"])
    println(orders[1].status, orders[2].status, orders[3].status.Lost.at)
    println(shop.same(orders))
    println(shop.find({"item": "a", "count": 1, "status": "Open"}))
    try { shop.find({"item": "a", "count": 10, "status": "Open"}) } catch(e) { println(e) }
}"#;
    let printed = output_of(source, set)?;
    let expected = "desk 2 none Open [0.0, false]\n\
                    {\"Shipped\": \"monday\"} {\"Returned\": [3, [4]]} sea\n\
                    true\nOpen\nno 10\n";
    assert_eq!(printed, expected);
    Ok(())
}

#[test]
fn a_declared_type_is_made_from_it() -> Test {
    #[derive(Serialize, Deserialize)]
    struct Item {
        name: String,
        tags: Vec<String>,
    }
    let mut set = CapabilitySet::new();
    set.declare(
        "capability shop { struct Item { name: string, tags: [string] }  fn item(of: Item) -> Item }",
    );
    set.grant("shop.item", |Serde(mut item): Serde<Item>| {
        item.tags.push(item.name.clone());
        Serde(item)
    });
    let source = "fn main() { i: Item = shop.item(Item { name: \"a\", tags: [] })\nprintln(i.tags, i) }";
    assert_eq!(output_of(source, set)?, "[\"a\"] Item { name: \"a\", tags: [\"a\"] }\n");
    Ok(())
}

#[test]
fn what_does_not_fit_says_where() {
    type Change = fn(&mut Value);
    let given = |change: Change| {
        let mut value = Value::map([
            ("item", "desk".into()),
            ("count", 1i64.into()),
            ("status", "Open".into()),
            ("sizes", Value::map([("7", Value::array([1.5.into(), true.into()]))])),
        ]);
        change(&mut value);
        match from_value::<Vec<Order>>(Value::array([value])) {
            Ok(orders) => format!("{orders:?}"),
            Err(mismatch) => mismatch.to_string(),
        }
    };
    fn set(value: &mut Value, name: &str, to: Value) {
        let Value::Map(entries) = value else { panic!() };
        entries.iter_mut().find(|(key, _)| key.as_str() == Some(name)).unwrap().1 = to;
    }
    fn sizes(value: &mut Value, key: Value, size: Vec<Value>) {
        set(value, "sizes", Value::Map(vec![(key, Value::Array(size))]));
    }
    assert!(given(|_| {}).contains("sizes: {7: (1.5, true)}"));
    let cases: [(Change, &str); 11] = [
        (|v| set(v, "item", 3i64.into()), "expected a string, found integer `3` at [0].item"),
        (|v| set(v, "count", (-1i64).into()), "expected u32, found integer `-1` at [0].count"),
        (|v| drop(v.take("item")), "expected a string, found unit value at [0].item"),
        (|v| *v = Value::map([("item", "a".into())]), "expected a field `count`, found none at [0]"),
        (
            |v| set(v, "status", "Closed".into()),
            "expected Open or Shipped or Returned or Lost, found \"Closed\" at [0].status",
        ),
        (|v| set(v, "status", 1i64.into()), "expected Status, found int 1 at [0].status"),
        (|v| set(v, "status", "Shipped".into()), "expected a string, found sequence at [0].status.Shipped"),
        (
            |v| set(v, "status", Value::map([("Lost", Value::map([("at", 1i64.into())]))])),
            "expected a string, found integer `1` at [0].status.Lost.at",
        ),
        (
            |v| set(v, "status", Value::map([("Open", 1i64.into())])),
            "expected Open alone, found a value with it at [0].status",
        ),
        (|v| sizes(v, "x".into(), vec![]), "expected i64, found string \"x\" at [0].sizes"),
        (
            |v| sizes(v, "7".into(), vec![1.5.into(), true.into(), false.into()]),
            "expected an array of length 2, found one of length 3 at [0].sizes[\"7\"]",
        ),
    ];
    for (change, says) in cases {
        assert_eq!(given(change), says);
    }
    let error = from_value::<std::net::IpAddr>("not an address".into()).unwrap_err();
    assert!(error.to_string().starts_with("expected a valid value, found one that is not: "), "{error}");
}

#[test]
fn what_cannot_be_serialized_is_a_failed_call() -> Test {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("it is broken"))
        }
    }
    let mut set = CapabilitySet::new();
    set.grant("t.broken", || Serde(Broken));
    set.grant("t.inner", || vec![Serde(Broken)]);
    set.grant("t.key", || Serde(BTreeMap::from([(vec![1], 1)])));
    set.grant("t.huge", || Serde(u128::MAX));
    for (function, says) in [
        ("broken", "it is broken"),
        ("inner", "t.inner gave a wrong result: expected any, found err at [0]"),
        ("key", "the key of a map is a string, an integer or a boolean, found an array of length 1"),
        ("huge", "340282366920938463463374607431768211455 is beyond 64 bits"),
    ] {
        let error = runtime(&format!("fn main() {{ t.{function}() }}"), set.clone())?.execute();
        assert!(
            matches!(&error, Err(Error::Failed { message, .. }) if message == says),
            "{function}: {error:?}"
        );
    }
    Ok(())
}

#[test]
fn the_log_has_it_as_json() -> Test {
    let (log, sink) = common::buffer();
    let mut set = CapabilitySet::new();
    set.grant("shop.swap", |Serde(order): Serde<Order>| Serde(order.status));
    let program = mog::Compiler::with(&set).compile(
        "fn main() { shop.swap({\"item\": \"a\", \"count\": 1, \"status\": {\"Shipped\": \"b\"}}) }",
    )?;
    mog::Runtime::builder().audit(AuditLog::new(sink)).build(program, set)?.execute()?;
    let expected = "\"args\":[{\"item\":\"a\",\"count\":1,\"status\":{\"Shipped\":\"b\"}}],\"outcome\":\"ok\",\"result\":{\"Shipped\":\"b\"}";
    assert!(log.text().contains(expected), "{}", log.text());
    Ok(())
}

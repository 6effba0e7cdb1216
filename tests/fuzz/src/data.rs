//! Targets whose input is data of the host's: values of all types, and what is signed.

use std::sync::{Arc, LazyLock};

use arbitrary::Arbitrary;
use mog::{AnyCallback, CallError, CapabilitySet, Compiler, Failure, Function, Program, Runtime, Value};
use mog_signature::{Limits, SecretKey, Trust, is_signed, open, sign};

use crate::input;

static SIGNED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let program = mog::compile_mog_source("fn main() { println(1) }").expect("the program compiles");
    let key = SecretKey::new(&[7; 32]);
    sign(&key, "fuzzed", 3, Limits::default(), &program.to_bytes()).expect("it can be signed")
});

/// Changed signed modules: only the one that was signed is opened.
pub(crate) fn signed(bytes: &[u8]) {
    let Some(input) = input::<(Vec<(u16, u8)>, Option<u16>, Vec<u8>)>(bytes) else { return };
    let (changes, cut, any) = input;
    let keys = [SecretKey::new(&[7; 32]).public()];
    let trust = Trust::new(&keys);
    let mut changed = SIGNED.clone();
    for (at, byte) in changes {
        let len = changed.len();
        changed[usize::from(at) % len] = byte;
    }
    changed.truncate(cut.map_or(changed.len(), usize::from));
    assert_eq!(open(&changed, &trust).is_ok(), changed == *SIGNED);
    let _ = is_signed(&any);
    assert!(open(&any, &trust).is_err() || any == *SIGNED);
}

#[derive(Arbitrary, Debug)]
enum Given {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Str(String),
    Bytes(Vec<u8>),
    Array(Vec<Given>),
    Map(Vec<(Given, Given)>),
    Struct(String, Vec<(String, Given)>),
    Product(Box<Given>, Box<Given>),
    Enum(String, String, Vec<Given>),
    Shape(Vec<Given>),
    Ok(Box<Given>),
    Err(String),
}

impl Given {
    fn value(&self) -> Value {
        let all = |values: &[Self]| values.iter().map(Self::value).collect();
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Uint(value) => Value::Uint(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Str(text) => Value::Str(text.clone()),
            Self::Bytes(bytes) => Value::Bytes(bytes.clone()),
            Self::Array(values) => Value::Array(all(values)),
            Self::Map(entries) => {
                Value::Map(entries.iter().map(|(key, value)| (key.value(), value.value())).collect())
            }
            Self::Struct(name, fields) => {
                Value::record(name.clone(), fields.iter().map(|(name, value)| (name.clone(), value.value())))
            }
            Self::Product(name, price) => {
                Value::record("Product", [("name", name.value()), ("price", price.value())])
            }
            Self::Enum(name, variant, payload) => Value::Enum {
                name: name.clone().into(),
                variant: variant.clone().into(),
                payload: all(payload),
            },
            Self::Shape(payload) => {
                let variant = if payload.is_empty() { "Empty" } else { "Circle" };
                Value::Enum { name: "Shape".into(), variant: variant.into(), payload: all(payload) }
            }
            Self::Ok(value) => Value::Ok(Box::new(value.value())),
            Self::Err(message) => Value::Err(Failure::Failed, message.clone()),
        }
    }
}

const SOURCE: &str = r#"
struct Product { name: string, price: ?float }
enum Shape { Empty, Circle(float) }
pub fn any_(x: any) -> any { host.echo(x)? }
pub fn ints(x: [int]) -> [int] { host.ints(x) }
pub fn bytes(x: [u8]) -> [u8] { x }
pub fn small(x: i8) -> i8 { x }
pub fn large(x: u64) -> u64 { x }
pub fn maps(x: {string: ?float}) -> {string: ?float} { x }
pub fn keys(x: {int: [bool]}) -> {int: [bool]} { x }
pub fn product(x: Product) -> Product { x }
pub fn products(x: [Product]) -> int { x.len }
pub fn shape(x: Shape) -> Shape { x }
pub fn maybe(x: ?string) -> ?string { x }
pub fn asked(x: any) -> any { host.ask(x, |y| y) }
"#;

const DECLARATIONS: &str = "capability host {
    fn echo(x: any) -> any
    fn ints(x: [int]) -> [int]
    fn ask(x: any, f: fn(any) -> any) -> any
}";

const FUNCTIONS: [&str; 12] = [
    "any_", "ints", "bytes", "small", "large", "maps", "keys", "product", "products", "shape", "maybe",
    "asked",
];

static PROGRAM: LazyLock<Program> = LazyLock::new(|| {
    Compiler::new().declare(DECLARATIONS).compile(SOURCE).unwrap_or_else(|error| panic!("{error}"))
});

fn first(args: &[Value]) -> Value {
    args.first().cloned().unwrap_or_default()
}

/// Any data of the host's given to a program and back, as arguments of all types, as results of host functions and as
/// what a host passes to functions of the program: it arrives, or there is an error that says why not.
pub(crate) fn values(bytes: &[u8]) {
    let Some(input) = input::<(u8, Given, Given)>(bytes) else { return };
    let (function, argument, answer) = input;
    let answer = Arc::new(answer.value());
    let mut set = CapabilitySet::new();
    set.grant("host.echo", Function::dynamic(|args| args.value(0)));
    let ints = Arc::clone(&answer);
    set.grant("host.ints", Function::dynamic(move |_| Ok((*ints).clone())));
    set.grant(
        "host.ask",
        Function::dynamic_async(move |args: Vec<Value>| {
            let answer = Arc::clone(&answer);
            async move {
                let callback: Option<AnyCallback> = match args.get(1) {
                    Some(Value::Function(callback)) => Some(callback.clone()),
                    _ => None,
                };
                let callback = callback.ok_or_else(|| CallError::failed("no function"))?;
                callback.call(vec![first(&args)]).await?;
                callback.call(vec![(*answer).clone()]).await
            }
        }),
    );
    let builder = Runtime::builder().memory(64 << 10).steps(1_000_000);
    let mut runtime = builder.build(PROGRAM.clone(), set).expect("the program starts");
    let name = FUNCTIONS[usize::from(function) % FUNCTIONS.len()];
    let value = argument.value();
    let given = runtime.call(name, vec![value.clone()]);
    let again = runtime.call(name, vec![value]);
    match (given, again) {
        (Ok(given), Ok(again)) => assert_eq!(given.to_string(), again.to_string()),
        (Err(given), Err(again)) => assert_eq!(given.to_string(), again.to_string()),
        (given, again) => panic!("{given:?}, then {again:?}"),
    }
}

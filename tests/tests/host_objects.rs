//! What a host without an allocator makes and reads: objects filled where they lie, texts of the program's copied, maps from any
//! position.

#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use mog_compiler::{Options, compile};
use mog_core::heap::Data;
use mog_core::host::Binding;
use mog_core::module::{Import, TypeRecord};
use mog_core::{Builder, Call, Config, Host, Instance, Module, Outcome, Reply};

const DECLARATION: &str = "struct Named { name: string, count: ?int, whole: string }
capability host {
    fn cut(text: string) -> Named
    fn squares(n: int) -> {int: int}
    fn keys(of: {string: int}) -> string
}";

const PROGRAM: &str = r#"
pub fn made() -> string {
    many := {"a": 1, "b": 2, "c": 3, "d": 4}
    many.delete("a")
    many.delete("c")
    text := "a text" + f"{many.len}"
    made := host.cut(text)
    for n in 0..40 { assert(host.squares(n).len == n) }
    f"{made} {host.keys(many)}{host.squares(3)}"
}"#;

struct Making;

impl Host for Making {
    fn bind(&mut self, import: &Import<'_>, _: TypeRecord<'_>, _: &Module<'_>) -> Binding {
        Binding::Granted(match import.function {
            "cut" => 0,
            "keys" => 1,
            _ => 2,
        })
    }

    fn grants(&self, _: &str) -> bool {
        true
    }

    fn call(&mut self, function: u16, call: &mut Call<'_, '_>) -> Reply {
        match function {
            0 => cut(call),
            1 => keys(call),
            _ => squares(call),
        }
    }
}

/// The middle of the text, which lies in the arena.
fn cut(call: &mut Call<'_, '_>) -> Reply {
    let ty = call.result_type();
    // What lies there now may move only before it is read.
    call.build(64).expect("room");
    let Some(Data::Str(text)) = call.arg(0).map(|value| value.data()) else { panic!("a text") };
    let (start, len) = (text.as_ptr().addr(), text.len());
    let mut builder = call.build(64).expect("room");
    let object = builder.blank(ty).expect("a struct");
    let part = builder.copy_text(start + 2, 4).expect("a part");
    let whole = builder.copy_text(start, len).expect("all of it");
    assert_eq!(builder.memory().string(part), Some("text"));
    assert_eq!(builder.copy_text(start, usize::MAX), None, "longer than the heap");
    assert_eq!(builder.copy_text(8, 1), None, "not in the heap");
    builder.set_slots(object, 1, &[1, 7, whole]).expect("slots");
    builder.set_slots(object, 0, &[part]).expect("a slot");
    assert_eq!(builder.set_slots(object, usize::MAX, &[0]), None, "beyond the heap");
    call.set_result(&[object]);
    Reply::Done
}

/// A map in no more room than it needs.
fn squares(call: &mut Call<'_, '_>) -> Reply {
    let ty = call.result_type();
    let count = usize::try_from(call.int_arg(0)).expect("a small number");
    let words = Builder::sized_map_words(count, 1);
    let mut builder = call.build(words + 8).expect("room");
    let before = builder.string("").expect("a mark");
    let map = builder.sized_map(ty, count).expect("a map");
    for n in 0..count as u64 {
        builder.insert(map, n, &[n * n]).expect("an entry");
    }
    let after = builder.string("").expect("a mark");
    assert!(after - before - 2 <= words as u64, "{count} entries took {} words", after - before - 2);
    call.set_result(&[map]);
    Reply::Done
}

/// The keys, each with its position.
fn keys(call: &mut Call<'_, '_>) -> Reply {
    let Some(Data::Map(map)) = call.arg(0).map(|value| value.data()) else { panic!("a map") };
    let mut text = String::new();
    let mut position = 0;
    while let Some((at, key, value)) = map.entry_from(position) {
        let (Data::Str(key), Data::Int(value)) = (key.data(), value.data()) else { panic!("an entry") };
        text.push_str(&format!("{at}{key}{value} "));
        position = at + 1;
    }
    assert_eq!(map.iter().count(), map.len());
    assert!(map.entry_from(usize::MAX).is_none());
    call.return_str(&text)
}

#[test]
fn objects_are_made_in_place_and_maps_read_from_any_position() {
    let options = Options { declarations: &[("the test", DECLARATION)], ..Options::new("host_objects.mog") };
    let words =
        compile(PROGRAM, &options).unwrap_or_else(|rejected| panic!("{:?}", rejected.diagnostics)).module;
    let module = Module::load_words(&words).expect("what the compiler makes is valid");
    let made = module.metadata().export("made").expect("made");
    let mut arena = vec![0; 600 + module.slack()];
    let mut instance = Instance::new(module, &mut arena, &mut Making, Config::default()).expect("it links");
    instance.enter(made, 0, |_, _| Some(())).expect("it takes nothing");
    assert_eq!(instance.run(&mut Making, 100_000), Outcome::Returned);
    let Some(Data::Str(text)) = instance.result().map(|value| value.data()) else { panic!("a text") };
    assert_eq!(
        text,
        r#"Named { name: "text", count: some(7), whole: "a text2" } 1b2 3d4 {0: 0, 1: 1, 2: 4}"#
    );
}

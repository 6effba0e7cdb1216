//! Host functions that have the program call its functions, seen from the machine: the host is a state machine, and the
//! program may be stopped, saved and restored anywhere in between.

#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use mog_compiler::{Options, compile};
use mog_core::heap::Data;
use mog_core::host::Binding;
use mog_core::module::{Import, TypeRecord};
use mog_core::{Call, Config, Dispatch, Host, Instance, Module, Outcome, Reply};

const DECLARATION: &str = "capability list {
    fn sum(count: int, of: fn(int, string) -> int, shown: fn(int) -> string) -> int
}";

/// Calls the first function with 0, 1, …, each time with what the second made of the sum so far.
const PROGRAM: &str = r#"
fn nested(n: int) -> int { if n < 2 { n } else { list.sum(n - 1, |i, text| i + nested(n - 2), |sum| f"<{sum}>") } }
pub fn main() -> int {
    words := ["a"]
    total := list.sum(4, fn(i, text) {
        words.push(f"{text}{i}")
        words.join(",").len
    }, fn(sum) -> string {
        if sum > 20 { f"{sum}" } else { "small" }
    })
    total + (nested(5) * 1000)
}"#;

/// What each call of `list.sum` has come to: its count, sum, and how many it has added.
#[derive(Clone, Default)]
struct Summing {
    calls: Vec<(i64, i64, i64)>,
    /// Every so many times the run is stopped instead.
    halt: Option<u32>,
    asked: u32,
}

impl Summing {
    fn go_on(&mut self, token: u32, call: &mut Call<'_, '_>) -> Reply {
        self.asked += 1;
        if self.halt.is_some_and(|every| self.asked.is_multiple_of(every)) {
            return Reply::Halt;
        }
        let Some(state) = self.calls.get_mut(token as usize) else { return call.fail("no such call") };
        let answer = call.answer().map(|(index, value)| match value.data() {
            Data::Int(added) => (index, added, String::new()),
            Data::Str(text) => (index, 0, text.to_owned()),
            other => panic!("{other:?}"),
        });
        match answer {
            // What the sum looks like: the next number is added.
            Some((2, _, text)) => {
                let made = call.build(64).map(|mut builder| builder.string(&text));
                match made {
                    Ok(Some(text)) => call.call_back(1, token, &[state.2.cast_unsigned(), text]),
                    _ => Reply::OutOfMemory,
                }
            }
            Some((_, added, _)) => {
                state.1 += added;
                state.2 += 1;
                self.next(token, call)
            }
            None => self.next(token, call),
        }
    }

    fn next(&mut self, token: u32, call: &mut Call<'_, '_>) -> Reply {
        match self.calls.get(token as usize) {
            Some(&(count, sum, done)) if done < count => call.call_back(2, token, &[sum.cast_unsigned()]),
            Some(&(_, sum, _)) => call.return_int(sum),
            None => call.fail("no such call"),
        }
    }
}

impl Host for Summing {
    fn bind(&mut self, _: &Import<'_>, _: TypeRecord<'_>, _: &Module<'_>) -> Binding {
        Binding::Granted(0)
    }

    fn grants(&self, _: &str) -> bool {
        true
    }

    fn call(&mut self, _: u16, call: &mut Call<'_, '_>) -> Reply {
        let token = u32::try_from(self.calls.len()).expect("few calls");
        self.calls.push((call.int_arg(0), 0, 0));
        let reply = self.go_on(token, call);
        if reply == Reply::Halt {
            self.calls.pop();
        }
        reply
    }

    fn resume(&mut self, _: u16, token: u32, call: &mut Call<'_, '_>) -> Reply {
        self.go_on(token, call)
    }
}

fn module() -> Vec<u32> {
    let options = Options { declarations: &[("the test", DECLARATION)], ..Options::new("callbacks.mog") };
    compile(PROGRAM, &options).unwrap_or_else(|rejected| panic!("{:?}", rejected.diagnostics)).module
}

/// Runs the program in slices of so many steps; after each it is saved and restored, if it is to be.
fn run(words: &[u32], config: Config, slice: u64, host: &mut Summing, saved: bool) -> (i64, u64) {
    let module = Module::load_words(words).expect("what the compiler makes is valid");
    let main = module.metadata().export("main").expect("main");
    let size = 600 + module.slack();
    let mut arenas = [vec![0u64; size], vec![0u64; size]];
    let [first, second] = &mut arenas;
    let mut instance = Instance::new(module, first, host, config).expect("it is granted what it needs");
    instance.enter(main, 0, |_, _| Some(())).expect("main takes nothing");
    let mut state = instance.detach();
    let mut here = &mut first[..];
    let mut there = &mut second[..];
    loop {
        let mut instance = Instance::attach(module, here, state);
        match instance.run(host, slice) {
            Outcome::Returned => {
                let (_, slots) = instance.result_slots().expect("it returned");
                return (slots[0].cast_signed(), instance.counters().steps);
            }
            Outcome::Paused | Outcome::Halted => {}
            other => panic!("{other:?}"),
        }
        if saved {
            let mut bytes = vec![0; instance.snapshot_len()];
            instance.snapshot(&mut bytes).expect("it fits");
            let restored = Instance::restore(module, there, host, config, &bytes).expect("it is unchanged");
            state = restored.detach();
            (here, there) = (there, here);
        } else {
            state = instance.detach();
        }
    }
}

#[test]
fn the_program_calls_its_functions_for_the_host_wherever_it_is_stopped() {
    let words = module();
    let config = Config::default();
    let due = run(&words, config, u64::MAX, &mut Summing::default(), false);
    assert_eq!(due.0, 18_065);
    for dispatch in [Dispatch::Match, Dispatch::Tail] {
        for collect_always in [false, true] {
            let config = Config { dispatch, collect_always, ..config };
            for slice in [u64::MAX, 1, 7, 100] {
                for saved in [false, true] {
                    let given = run(&words, config, slice, &mut Summing::default(), saved);
                    assert_eq!(given, due, "{config:?}, {slice} steps, saved: {saved}");
                }
            }
        }
    }
    for every in 2..9 {
        let mut host = Summing { halt: Some(every), ..Summing::default() };
        assert_eq!(run(&words, config, u64::MAX, &mut host, true).0, due.0, "stopped every {every} times");
    }
}

#[test]
fn all_sizes_of_the_window_agree() {
    let options = Options { declarations: &[("the test", DECLARATION)], ..Options::new("callbacks.mog") };
    let small = compile(PROGRAM, &Options { window: 24, ..options }).expect("it spills").module;
    let due = run(&module(), Config::default(), u64::MAX, &mut Summing::default(), false);
    assert_eq!(run(&small, Config::default(), 3, &mut Summing::default(), true).0, due.0);
}

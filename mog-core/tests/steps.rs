//! Single steps: without any there is a pause, and one after the other they come to what a run comes to.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::world::{SUBJECT, asm};
use common::*;
use mog_core::isa::{Insn, Op};
use mog_core::module::{Import, Module, TypeRecord};
use mog_core::{ArgumentSlots, Binding, Call, Config, Dispatch, Host, Instance, Outcome, Reply, StartError};

/// Calls back with what it is told to, where a call takes a function.
struct Caller {
    argument: usize,
    slots: &'static [u64],
}

impl Host for Caller {
    fn bind(&mut self, _: &Import<'_>, _: TypeRecord<'_>, _: &Module<'_>) -> Binding {
        Binding::Granted(0)
    }

    fn grants(&self, _: &str) -> bool {
        true
    }

    fn call(&mut self, _: u16, call: &mut Call<'_, '_>) -> Reply {
        call.call_back(self.argument, 7, self.slots)
    }

    fn resume(&mut self, _: u16, token: u32, _: &mut Call<'_, '_>) -> Reply {
        assert_eq!(token, 7);
        Reply::Done
    }
}

#[test]
fn single_steps_are_those_of_a_run() {
    let code = [Insn::ab16(Op::LoadInt, 0, 3), op(Op::AddI, 0, 0, 0xff), op(Op::JLtI, 0, 0, 0), ret()];
    let words = asm(&[INT], &code).build();
    let mut host = Caller { argument: 0, slots: &[] };
    let mut arenas = [[0; 1024]; 2];
    let mut instances = arenas.each_mut().map(|arena| {
        let module = Module::load_words(&words).unwrap();
        let mut instance = Instance::new(module, arena, &mut host, Config::default()).unwrap();
        instance.enter(SUBJECT, 0, |_, _| Some(())).unwrap();
        instance
    });
    let [whole, single] = &mut instances;
    assert_eq!(whole.run(&mut host, 1000), Outcome::Returned);
    assert_eq!(single.step(&mut host, 0), Outcome::Paused);
    assert_eq!(single.counters().steps, 0);
    let mut count = 1;
    while single.step(&mut host, 1000) == Outcome::Paused {
        count += 1;
    }
    assert_eq!(count, code.len());
    assert_eq!(single.counters().steps, whole.counters().steps);
    assert_eq!(single.step(&mut host, 1000), Outcome::Idle);
}

#[test]
fn a_call_is_what_entering_and_running_come_to() {
    let code = [Insn::ab16(Op::LoadInt, 0, 9), op(Op::AddI, 0, 0, 0xff), op(Op::JLtI, 0, 0, 0), ret()];
    let words = asm(&[INT], &code).build();
    let module = Module::load_words(&words).unwrap();
    let mut host = Caller { argument: 0, slots: &[] };
    let subject = module.callee(SUBJECT).unwrap();
    assert_eq!((subject.number(), module.callee(world::CLOSURE), module.callee(99)), (SUBJECT, None, None));
    for dispatch in [Dispatch::Match, Dispatch::Tail] {
        let config = Config { dispatch, ..Config::default() };
        let mut arenas = [[0; 1024]; 2];
        let [mut entered, mut called] =
            arenas.each_mut().map(|arena| Instance::new(module, arena, &mut host, config).unwrap());
        // Enough steps, too few, none, and enough again: what is left undone is dropped by the next call.
        for steps in [1000, 1000, 3, 1000, 0, 2, 1, 1000] {
            entered.enter(SUBJECT, 0, |_, _| Some(())).unwrap();
            let outcome = entered.run(&mut host, steps);
            let call = called.call(subject, &ArgumentSlots::NONE, &mut host, steps).unwrap();
            let returned = outcome == Outcome::Returned;
            assert_eq!(call, if returned { Ok(called.result_slot()) } else { Err(outcome) });
            assert_eq!(called.counters(), entered.counters());
            assert_eq!(called.steps_left(), entered.steps_left());
            assert_eq!(called.result_slots(), entered.result_slots());
            if !returned {
                assert!(called.call_stack().eq(entered.call_stack()));
            } else if dispatch == Dispatch::Tail && cfg!(target_pointer_width = "64") {
                // Where it stood is not known, and nothing else is told.
                assert_eq!(called.call_stack().next(), None);
            }
            if returned {
                assert_eq!(called.run(&mut host, 1000), Outcome::Idle);
            }
        }
        assert_eq!(called.run(&mut host, 1000), Outcome::Idle);
        assert_eq!(called.call(subject, &ArgumentSlots::NONE, &mut host, 1), Ok(Err(Outcome::Paused)));
        assert_eq!(called.run(&mut host, u64::MAX), Outcome::Returned);
        // A wrong number of arguments is refused, and nothing is left to run.
        let callee = module.callee(world::CALLEE).unwrap();
        let wrong = called.call(callee, &ArgumentSlots::new([1, 2]), &mut host, 1000);
        assert_eq!(wrong, Err(StartError::Arguments));
        assert_eq!(called.run(&mut host, 1000), Outcome::Idle);
        let right = called.call(callee, &ArgumentSlots::new([1, 0, 2]), &mut host, 1000);
        assert_eq!(right, Ok(Ok(called.result_slot())));
    }
}

#[test]
fn a_host_calls_only_functions_and_with_all_their_arguments() {
    // `fn(fn(int, any) -> any, int)`: its operands, then registers for the call that it makes.
    let registers = [world::FN, INT, INT, INT, INT, ANY, PAYLOAD, ANY, PAYLOAD, STR];
    // Register 2 says which call of the program's is answered: none yet.
    let mut code = vec![Insn::ab16(Op::LoadInt, 2, 0)];
    code.extend(ext(Insn::ab16(Op::NewClosure, 0, world::CLOSURE), &[1, 5, 6]));
    code.extend(ext(Insn::ab16(Op::HostCall, 0, 1), &[0, 1, 2, 3, 4, 5, 6, 7, 8]));
    code.push(ret());
    let words = asm(&registers, &code).build();
    for (argument, slots, message) in [
        (0, &[4, 2, 9][..], ""),
        (1, &[][..], "the host calls an argument that is no function"),
        (2, &[][..], "the host calls an argument that is no function"),
        (0, &[4, 2][..], "the host calls a function with a wrong number of arguments"),
    ] {
        let mut host = Caller { argument, slots };
        let mut arena = [0; 1024];
        let module = Module::load_words(&words).unwrap();
        let mut instance = Instance::new(module, &mut arena, &mut host, Config::default()).unwrap();
        instance.enter(SUBJECT, 0, |_, _| Some(())).unwrap();
        let outcome = instance.run(&mut host, 1000);
        assert_eq!(outcome == Outcome::Returned, message.is_empty(), "{outcome:?}");
        assert_eq!(instance.failure().1, message);
    }
}

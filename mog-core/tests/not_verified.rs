//! Code that was never verified computes nonsense or traps, and what is asked about it has an end.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::world::asm;
use common::*;
use mog_core::isa::{Insn, Op};
use mog_core::module::Module;
use mog_core::{Config, Dispatch, Instance, Outcome};

/// Runs code in registers that hold numbers, and gives the depth of the call stack that it ends with.
fn run(code: &[Insn], dispatch: Dispatch) -> (Outcome, usize) {
    let words = asm(&[INT, INT], code).build();
    assert!(Module::load_words(&words).is_err());
    let mut arena = [0; 1024];
    let config = Config { dispatch, ..Config::default() };
    let module = Module::from_words(&words).unwrap();
    let mut instance = Instance::new(module, &mut arena, &mut Nobody, config).unwrap();
    instance.enter(0, 0, |_, _| Some(())).unwrap();
    let outcome = instance.run(&mut Nobody, 20);
    (outcome, instance.call_stack().take(1000).count())
}

#[test]
fn a_call_stack_ends_where_a_call_has_no_frame() {
    let mut code = ext(Insn::ab16(Op::Call, 0, 0), &[0]);
    code.push(ret());
    for dispatch in [Dispatch::Match, Dispatch::Tail] {
        assert!(run(&code, dispatch).1 < 1000);
    }
}

#[test]
fn what_is_no_array_is_not_pushed_to() {
    for number in [-1, -2, 0, i16::MAX] {
        let number = Insn::ab16(Op::LoadInt, 0, number.cast_unsigned());
        for dispatch in [Dispatch::Match, Dispatch::Tail] {
            let (outcome, _) = run(&[number, op(Op::APush, 0, 1, 0), ret()], dispatch);
            assert!(matches!(outcome, Outcome::Trap { .. }), "{outcome:?}");
        }
    }
}

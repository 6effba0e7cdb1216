//! Verified code may use a register before anything was put there: what it refers to is then nothing, and no work is done.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::world::*;
use common::*;
use mog_core::isa::Op;
use mog_core::module::Module;
use mog_core::{Config, Instance, Outcome, TrapCode};

#[test]
fn futures_of_no_array_are_not_waited_for() {
    // The array is register 2.
    for wait in [op(Op::Gather, 2, 0, 0), op(Op::Race, 1, 2, 0)] {
        let words = asm(&[INT, INT, ARRAY_FUTURE], &[wait, ret()]).build();
        let module = Module::load_words(&words).unwrap();
        let mut arena = [0; 1024];
        let mut instance = Instance::new(module, &mut arena, &mut Nobody, Config::default()).unwrap();
        instance.enter(SUBJECT, 0, |_, _| Some(())).unwrap();
        let outcome = instance.run(&mut Nobody, 1000);
        assert_eq!(outcome, Outcome::Trap { code: TrapCode::Corrupt, detail: [0; 2] });
        assert!(instance.counters().steps < 100);
    }
}

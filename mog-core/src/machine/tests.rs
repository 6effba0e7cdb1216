//! What is paid, and when: each number by itself.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::vec;
use std::vec::Vec;

use super::Stop;
use crate::error::TrapCode;
use crate::isa::{Insn, Op};
use crate::module::TypeId;
use crate::testing::{Machine, Nobody, Types};

fn machine(words: usize, registers: usize) -> Machine {
    Types::default().machine(words, &vec![TypeId::STR; registers])
}

/// Steps left, steps taken, and what is paid of an instruction, after each payment.
fn payments(m: &mut Machine, of: &[(i64, u64)]) -> Vec<(bool, i64, u64, u64)> {
    let mut seen = Vec::new();
    for &(topped_up, cost) in of {
        m.state.fuel += topped_up;
        let done = m.vm().pay(cost).is_ok();
        seen.push((done, m.state.fuel, m.state.counters.steps, m.state.paid));
    }
    seen
}

#[test]
fn what_an_instruction_costs_is_paid_once() {
    let mut m = machine(2000, 4);
    m.state.fuel = 0;
    m.state.counters.steps = 0;
    let seen = payments(&mut m, &[(4, 10), (3, 10), (5, 10), (0, 2), (0, 0), (0, 1), (1, 1)]);
    let due = [
        (false, 0, 4, 4),
        (false, 0, 7, 7),
        (true, 2, 10, 0),
        (true, 0, 12, 0),
        (true, 0, 12, 0),
        (false, 0, 12, 0),
        (true, 0, 13, 0),
    ];
    assert_eq!(seen, due);
    // An overdraft is paid first.
    m.vm().charge(5);
    assert_eq!((m.state.fuel, m.state.counters.steps), (-5, 18));
    assert_eq!(
        payments(&mut m, &[(0, 1), (5, 1), (1, 1)]),
        [(false, -5, 18, 0), (false, 0, 18, 0), (true, 0, 19, 0)]
    );
    // What costs more than there can be steps is never done.
    m.state.fuel = 1000;
    assert_eq!(payments(&mut m, &[(0, u64::MAX)]), [(false, 0, 1019, 1000)]);
    m.state.fuel = i64::MIN + 1;
    m.vm().charge(5);
    assert_eq!(m.state.fuel, i64::MIN);
}

#[test]
fn registers_are_those_of_the_frame() {
    let mut m = machine(2000, 4);
    for register in 0..4 {
        m.vm().set_reg(register, 100 + u64::from(register));
        assert_eq!(m.get(register), 100 + u64::from(register));
        assert_eq!(m.vm().reg(register), m.get(register));
    }
    let words = m.arena.clone();
    m.state.base = 1999;
    m.vm().set_reg(1, 7);
    assert_eq!((m.vm().reg(1), m.arena.clone()), (0, words));
}

/// Half a step for each word of the frame, of what was marked and of the heap.
#[test]
fn collections_are_paid_by_what_they_look_at() {
    let steps = |registers: usize, texts: usize| {
        let mut m = machine(20_000, registers);
        let top = m.state.top;
        for _ in 0..texts {
            m.set_str(0, "some text");
        }
        let (fuel, taken, used) = (m.state.fuel, m.state.counters.collector_steps, m.state.top - top);
        m.vm().collect().unwrap();
        let paid = m.state.counters.collector_steps - taken;
        assert_eq!(fuel - m.state.fuel, paid.cast_signed());
        (paid as usize, used)
    };
    let (least, _) = steps(2, 0);
    assert!(least > 32);
    assert_eq!(steps(42, 0).0 - least, 20);
    let (some, used) = steps(2, 50);
    // The one text that is left is looked at, too.
    assert!((used / 2..used / 2 + 8).contains(&(some - least)), "{some} {least} {used}");
}

#[test]
fn the_stack_grows_into_what_is_free() {
    let mut m = machine(2000, 4);
    m.set_str(0, "kept");
    let (split, base) = (m.state.split, m.state.base);
    for _ in 0..20 {
        m.set_str(1, "garbage");
    }
    m.set(1, crate::heap::NULL);
    // All that is free, to the word, needs no collection.
    let free = m.arena.len() - split - m.state.top;
    m.vm().grow_stack(free).unwrap();
    assert_eq!((m.state.counters.collections, m.state.split), (0, split + free));
    assert_eq!(m.str(0), "kept");
    // What no collection frees is too much, and nothing has moved.
    assert_eq!(m.vm().grow_stack(1000), Err(Stop::OutOfMemory));
    assert_eq!((m.state.counters.collections, m.state.split), (1, split + free));
    // One word more than is free, but for garbage.
    m.vm().shrink_stack();
    assert_eq!(m.state.split, base + crate::machine::WINDOW);
    for _ in 0..20 {
        m.set_str(1, "garbage");
    }
    m.set(1, crate::heap::NULL);
    let free = m.arena.len() - m.state.split - m.state.top;
    m.vm().grow_stack(free + 1).unwrap();
    assert_eq!(m.state.counters.collections, 2);
    assert_eq!(m.str(0), "kept");
}

#[test]
fn what_runs_is_dropped_whole() {
    let mut m = machine(2000, 4);
    let base = m.state.base;
    m.state.base += 40;
    (m.state.paid, m.state.waiting, m.state.entry, m.state.ended) = (5, Some(3), Some(0), true);
    m.state.failure = (1, 2);
    (m.state.pc, m.state.acc, m.state.facc, m.state.quick) = (6, 7, 8.0, true);
    m.state.clear_stack();
    assert_eq!((m.state.base, m.state.paid, m.state.waiting), (base, 0, None));
    assert_eq!((m.state.entry, m.state.ended, m.state.failure), (None, false, (0, crate::heap::NULL)));
    assert_eq!((m.state.pc, m.state.acc, m.state.facc, m.state.quick), (0, 0, 0.0, false));
}

/// As a host may cause that hands out a number where a reference is due.
#[test]
fn what_is_no_array_of_futures_is_not_walked_through() {
    for (len, buffer) in [(u32::MAX, 0), (u32::MAX, u32::MAX), (1, 1990), (2000, 1)] {
        let mut m = machine(2000, 4);
        let at = m.state.split + 11;
        m.arena[at] = crate::heap::join(len, buffer);
        m.set(0, 10);
        let steps = m.state.counters.steps;
        let end = m.vm().gather(Insn::abc(Op::Gather, 0, 0, 0), &mut Nobody);
        assert_eq!(end.err(), Some(Stop::from(TrapCode::Corrupt)), "{len} {buffer}");
        assert_eq!(m.state.counters.steps, steps);
    }
}

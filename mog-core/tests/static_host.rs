//! A host that is a table of functions, as firmware has it: what it grants, what its functions can give, and no room for it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use bytemuck::cast_slice;
use common::world::asm;
use common::*;
use mog_core::error::{Failure, LoadError};
use mog_core::heap::Data;
use mog_core::isa::{Insn, Op};
use mog_core::module::{Module, TypeKind};
use mog_core::{
    Builder, Call, Capability, Config, DirectCall, Instance, Outcome, Reply, StartError, State, StaticHost,
    capabilities,
};

/// The second half of its argument, without a copy through the host.
fn second_half(call: &mut Call<'_, '_>) -> Reply {
    assert_eq!((call.import_index(), call.len(), call.is_empty()), (0, 1, false));
    let import = call.import().unwrap();
    assert_eq!((import.capability, import.function), ("log", "write"));
    let Some(Data::Str(text)) = call.arg(0).map(|value| value.data()) else { return Reply::Denied };
    let part = text.len() / 2..text.len();
    match call.copy_part(0, part) {
        Ok(Some(copy)) => {
            call.set_result(&[copy]);
            Reply::Done
        }
        Ok(None) => call.fail("no such part"),
        Err(reply) => reply,
    }
}

/// The argument twice.
fn twice(call: &mut Call<'_, '_>) -> Reply {
    let Some(Data::Str(text)) = call.arg(0).map(|value| value.data()) else { return Reply::Denied };
    let text = text.repeat(2);
    call.return_str(&text)
}

fn explain(call: &mut Call<'_, '_>) -> Reply {
    call.fail(&"why ".repeat(2000))
}

fn half_of(call: &mut Call<'_, '_>) -> Reply {
    call.return_float(call.int_arg(0) as f64 / 2.0)
}

fn next(call: &mut Call<'_, '_>) -> Reply {
    call.charge(10);
    call.return_int(call.int_arg(0) + 1)
}

/// What is below 10 at once, the rest by `next`.
fn next_of_few(call: DirectCall<'_, '_>) -> u64 {
    assert_eq!((call.len(), call.is_empty()), (1, false));
    assert_eq!(call.arg(0).map(|value| value.slots().to_vec()), Some(vec![call.slot(0)]));
    assert!(call.arg(1).is_none() && call.step() > 0 && call.module().header.imports == 1);
    if call.slot(0) >= 10 {
        return call.leave();
    }
    call.charge(10);
    assert_eq!(call.charged(), 10);
    call.slot(0) + 101
}

/// Takes as many steps as it is asked to.
fn costly(call: &mut Call<'_, '_>) -> Reply {
    call.charge(call.int_arg(0).unsigned_abs());
    call.return_int(0)
}

fn costly_now(call: DirectCall<'_, '_>) -> u64 {
    call.charge(call.slot(0) as u32);
    0
}

static SECOND_HALF: &[Capability] = capabilities! { log.write(string) -> string = second_half; };
static TWICE: &[Capability] = capabilities! { log.write(string) -> string = twice; };
static ROOMY: &[Capability] = capabilities! { log.write(string) -> string [100_000] = twice; };
static EXPLAIN: &[Capability] = capabilities! { log.write(string) -> string = explain; };
static HALF_OF: &[Capability] = capabilities! { log.write(int) -> float = half_of; };
static NEXT: &[Capability] = capabilities! { log.write(int) -> int = next, direct next_of_few; };
static COSTLY: &[Capability] = capabilities! { log.write(int) -> int = costly, direct costly_now; };
static COSTLY_LATER: &[Capability] = capabilities! { log.write(int) -> int = costly; };
static OTHER: &[Capability] = capabilities! { log.read(string) -> string = twice; };

/// A module whose only function passes its argument on to `log.write` and gives what that gives.
fn module(param: u16, result: u16) -> Vec<u32> {
    let mut code = ext(Insn::ab16(Op::HostCall, 1, 0), &[0]);
    code.push(op(Op::Ret1, 1, 0, 0));
    let mut asm = asm(&[param, result], &code);
    let signature = asm.add_type(ty(TypeKind::Fn, 1, &[param, result], &[param, result]));
    asm.functions[0] = Func::new(signature, &[param, result], &code).with(1, 1);
    asm.functions[0].first_ref = if result == STR { 1 } else { 2 };
    asm.imports = vec![signature];
    asm.build()
}

/// Calls it with a text, in an arena of so many words.
fn call(words: usize, table: &'static [Capability], text: &str) -> (Outcome, Option<String>, String) {
    let module = module(STR, STR);
    let module = Module::load_words(&module).unwrap();
    let mut arena = vec![0; words];
    let mut host = StaticHost { table };
    let mut instance = Instance::new(module, &mut arena, &mut host, Config::default()).unwrap();
    let room = Builder::string_words(text.len());
    instance.enter(0, room, |builder, slots| slots.push(builder.string(text)?).ok()).unwrap();
    let outcome = instance.run(&mut host, 10_000);
    let result = instance.result().map(|value| value.data()).and_then(|data| match data {
        Data::Str(text) if outcome == Outcome::Returned => Some(text.to_owned()),
        _ => None,
    });
    (outcome, result, instance.failure().1.to_owned())
}

/// The same with an int, whose result is one slot; gives the steps too.
fn call_int(table: &'static [Capability], result: u16, int: u64) -> (Outcome, u64, u64) {
    let module = module(INT, result);
    let module = Module::load_words(&module).unwrap();
    let mut arena = [0; 1024];
    let mut host = StaticHost { table };
    let mut instance = Instance::new(module, &mut arena, &mut host, Config::default()).unwrap();
    instance.enter(0, 0, |_, slots| slots.push(int).ok()).unwrap();
    let outcome = instance.run(&mut host, 10_000);
    let steps = instance.counters().steps;
    (outcome, instance.result_slots().unwrap().1[0], steps)
}

#[test]
fn results_are_of_every_kind() {
    let returned = |text: &str| (Outcome::Returned, Some(text.to_owned()), String::new());
    assert_eq!(call(1024, SECOND_HALF, "firmware"), returned("ware"));
    assert_eq!(call(1024, TWICE, "ab"), returned("abab"));
    assert_eq!(call_int(HALF_OF, FLOAT, 5).1, 2.5f64.to_bits());
    assert_eq!(call_int(NEXT, INT, 50).1, 51);
}

#[test]
fn a_call_made_directly_takes_the_same_steps() {
    let (direct, slow) = (call_int(NEXT, INT, 5), call_int(NEXT, INT, 50));
    assert_eq!((direct.0, direct.1), (Outcome::Returned, 106));
    assert_eq!(direct.2, slow.2);
}

#[test]
fn all_that_a_direct_call_charges_counts() {
    for cost in [0, 1, 5000, 1 << 30, (1 << 30) + 1, 1 << 31, u32::MAX - 1] {
        let (direct, slow) = (call_int(COSTLY, INT, cost.into()), call_int(COSTLY_LATER, INT, cost.into()));
        assert_eq!(direct, slow);
        assert!(direct.2 > u64::from(cost));
    }
    // The largest number is not taken for that of a call that was left: it costs one less.
    let (direct, slow) =
        (call_int(COSTLY, INT, u32::MAX.into()), call_int(COSTLY_LATER, INT, u32::MAX.into()));
    assert_eq!((direct.0, direct.2 + 1), (slow.0, slow.2));
}

#[test]
fn a_part_through_a_character_is_none() {
    let (outcome, _, message) = call(1024, SECOND_HALF, "üa");
    assert_eq!((outcome, message.as_str()), (Outcome::Failed(Failure::Failed), "no such part"));
}

#[test]
fn results_and_messages_without_room_end_the_program() {
    let long = "x".repeat(5000);
    for (table, text) in [(SECOND_HALF, long.as_str()), (TWICE, &long), (ROOMY, "x"), (EXPLAIN, "x")] {
        let (outcome, result, message) = call(1024, table, text);
        assert_eq!((outcome, result, message.as_str()), (Outcome::OutOfMemory, None, ""));
    }
    // A larger arena has it.
    assert_eq!(call(4096, SECOND_HALF, &long).1.unwrap().len(), 2500);
    assert_eq!(call(4096, EXPLAIN, "x").0, Outcome::Failed(Failure::Failed));
}

#[test]
fn what_the_table_lacks_is_refused_and_what_differs_is_not_linked() {
    let link = |table| {
        let module = module(STR, STR);
        let module = Module::load_words(&module).unwrap();
        Instance::new(module, &mut [0; 1024], &mut StaticHost { table }, Config::default()).map(|_| ()).err()
    };
    assert_eq!(link(TWICE), None);
    assert_eq!(link(NEXT), Some(StartError::SignatureMismatch { import: 0 }));
    // The module requires `log`.
    assert_eq!(link(&[]), Some(StartError::MissingCapability { requirement: 0 }));
    assert_eq!(call(1024, OTHER, "x").0, Outcome::Failed(Failure::Denied));
}

/// As firmware keeps them: module and state lie in places of the host's own, which serve one module after the other.
#[test]
fn module_and_state_are_kept_by_the_host() {
    let (mut place, mut state, mut arena) = (None, State::new(), [0; 1024]);
    let mut host = StaticHost { table: NEXT };
    let (good, other) = (module(INT, INT), module(STR, STR));
    for int in [5, 50, 7] {
        Module::load_into(&mut place, cast_slice(&good)).unwrap();
        let module = place.as_ref().unwrap();
        let mut instance =
            Instance::new_in(&mut state, module, &mut arena, &mut host, Config::default()).unwrap();
        instance.enter(0, 0, |_, slots| slots.push(int).ok()).unwrap();
        let outcome = instance.run(&mut host, 10_000);
        // Nothing is left of the run before.
        let steps = instance.counters().steps;
        let result = instance.result_slots().unwrap().1[0];
        assert_eq!((outcome, result, steps), call_int(NEXT, INT, int));
    }
    // Of another signature: the state is no instance's then, and running it does nothing.
    Module::load_into(&mut place, cast_slice(&other)).unwrap();
    let module = place.as_ref().unwrap();
    let started = Instance::new_in(&mut state, module, &mut arena, &mut host, Config::default());
    assert_eq!(started.err(), Some(StartError::SignatureMismatch { import: 0 }));
    let mut none = Instance::attach(module, &mut arena, &mut state);
    assert_eq!(none.run(&mut host, 100), Outcome::Idle);
    assert!(!none.complete(0) && !none.complete(1) && none.result().is_none());
    // What is refused leaves the place empty, also of what it held.
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 0xff;
    damaged.push(0);
    assert!(Module::load_into(&mut place, cast_slice(&damaged)).is_err());
    assert!(place.is_none());
    assert_eq!(Module::load_into(&mut place, cast_slice(&[1u32])).err(), Some(LoadError::NotAModule));
}

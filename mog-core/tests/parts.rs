//! Builds without a part have what the parts that are there make. In run.sh's tier `no_std` also without maps.
#![cfg(feature = "json")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::*;
use mog_core::heap::Data;
use mog_core::isa::{Insn, Lib, Op};
use mog_core::module::{Module, TypeKind};
use mog_core::{Config, Instance, Outcome};
#[cfg(not(feature = "maps"))]
use mog_core::{error::LoadError, features::MAPS};

/// What the build lacks is named, also where no instruction needs it: only the type of what a host could give.
#[test]
#[cfg(not(feature = "maps"))]
fn types_of_a_missing_part_are_refused_by_its_name() {
    let mut asm = Asm::default();
    asm.add_type(ty(TypeKind::Fn, 0, &[UNIT], &[]));
    asm.functions = vec![Func::new(OWN, &[], &[op(Op::Ret, 0, 0, 0)])];
    assert!(Module::load_words(&asm.build()).is_ok());
    asm.add_type(ty(TypeKind::Map, 0, &[STR, INT], &[STR, INT]));
    assert_eq!(Module::load_words(&asm.build()).err(), Some(LoadError::MissingFeatures(MAPS)));
}

/// JSON has maps of its own: the collector knows them also where programs cannot make others.
#[test]
fn maps_from_json_survive_a_collection() {
    let mut asm = Asm::default();
    asm.add_type(ty(TypeKind::Fn, 0, &[ANY], &[ANY, PAYLOAD]));
    let text = asm.string("{\"a\": [1, \"b\"]}");
    let mut code = vec![Insn::ab16(Op::LoadStr, 0, text)];
    code.extend(lib(Lib::JsonParse, 1, &[0]));
    code.extend(lib(Lib::StrConcat, 5, &[0, 0]));
    code.push(op(Op::RetN, 2, 2, 0));
    let function = Func::new(OWN, &[STR, INT, ANY, PAYLOAD, STR, STR], &code);
    asm.functions = vec![function.with(0, 2)];
    asm.exports = vec![0];
    let words = asm.build();
    let module = Module::load_words(&words).unwrap();
    let mut arena = [0; 2048];
    let config = Config { collect_always: true, ..Config::default() };
    let mut instance = Instance::new(module, &mut arena, &mut Nobody, config).unwrap();
    instance.enter(0, 0, |_, _| Some(())).unwrap();
    assert_eq!(instance.run(&mut Nobody, 100_000), Outcome::Returned);
    assert!(instance.counters().collections > 1);
    assert!(matches!(instance.result().unwrap().data(), Data::Map(map) if map.len() == 1));
}

//! The verifier on everything but instructions: a small module, broken in one place a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use common::world::*;
use common::*;
use mog_core::error::{Invalid, LoadError};
use mog_core::heap::MAX_VALUE_SLOTS;
use mog_core::isa::Op;
use mog_core::machine::WINDOW;
use mog_core::module::{Handler, Module, TypeId, TypeKind};

fn load(asm: &Asm) -> Result<(), LoadError> {
    Module::load_words(&asm.build()).map(|_| ())
}

/// What is wrong with the small module after a change.
#[track_caller]
fn broken(change: impl FnOnce(&mut Asm)) -> LoadError {
    let mut asm = small();
    change(&mut asm);
    load(&asm).expect_err("the verifier must refuse this")
}

#[track_caller]
fn rejects(what: Invalid, change: impl FnOnce(&mut Asm)) {
    match broken(change) {
        LoadError::Invalid { what: found, .. } if found == what => {}
        other => panic!("expected {what:?}, got {other:?}"),
    }
}

#[track_caller]
fn accepts(change: impl FnOnce(&mut Asm)) {
    let mut asm = small();
    change(&mut asm);
    assert_eq!(load(&asm), Ok(()));
}

#[test]
fn small_module_is_accepted() {
    accepts(|_| {});
    assert_eq!(load(&Asm::default()), Ok(()), "an empty module");
}

#[test]
fn bytes_are_decoded_first() {
    let words = small().build();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut room = vec![0u8; bytes.len() + 8];
    let aligned = room.as_ptr().align_offset(4);
    for shift in 0..4 {
        let place = &mut room[aligned + shift..aligned + shift + bytes.len()];
        place.copy_from_slice(&bytes);
        let found = Module::load(place).map(|_| ());
        assert_eq!(found, if shift == 0 { Ok(()) } else { Err(LoadError::Misaligned) });
    }
}

#[test]
fn header_is_checked() {
    assert_eq!(
        broken(|asm| asm.header = Some(|header| header.features |= 1 << 15)),
        LoadError::MissingFeatures(1 << 15)
    );
    assert_eq!(
        broken(|asm| asm.header = Some(|header| header.max_frame = 256)),
        LoadError::FrameTooLarge { needs: 256, window: WINDOW as u16 }
    );
    rejects(Invalid::Function, |asm| asm.header = Some(|header| header.max_frame = 3));
    accepts(|asm| asm.header = Some(|header| header.max_frame = 20));
    rejects(Invalid::Type, |asm| asm.state = ARRAY_INT);
    rejects(Invalid::Type, |asm| asm.state = INT);
    rejects(Invalid::Type, |asm| asm.state = OWN + 100);
    accepts(|asm| asm.state = UNIT);
}

#[test]
fn strings_are_checked() {
    rejects(Invalid::String, |asm| asm.strings[0] = (0, 100));
    rejects(Invalid::String, |asm| asm.strings[0] = (u32::MAX, 2));
    rejects(Invalid::String, |asm| asm.strings[0] = (100, 0));
    rejects(Invalid::String, |asm| asm.strings[1] = (5, 2));
    rejects(Invalid::String, |asm| asm.strings[1] = (4, 1));
    rejects(Invalid::String, |asm| asm.text[5] = 0xff);
    accepts(|asm| asm.strings[1] = (1, 5));
}

#[test]
fn components_are_checked() {
    let component = |index: u16, at: usize, ty: u16| {
        rejects(Invalid::Type, |asm| asm.types[usize::from(index - OWN)].components[at] = ty);
    };
    for wrong in [PAYLOAD, 20, 31, OWN + 100, u16::MAX, CAPTURES, LEAF, FLOAT] {
        component(ARRAY_INT, 0, wrong);
        component(STRUCT, 1, wrong);
        component(MAP, 1, wrong);
        component(FN, 0, wrong);
        component(FN, 2, wrong);
        component(CAPTURES, 0, wrong);
        component(OPTION, 0, wrong);
        component(RESULT, 0, wrong);
        component(ENUM, 4, wrong);
        component(LEAF, 0, wrong);
        component(BOXED, 2, wrong);
    }
    // Also where the slots agree.
    for (index, components, slots) in [
        (ARRAY_INT, vec![CAPTURES], vec![CAPTURES]),
        (ARRAY_INT, vec![LEAF], vec![LEAF]),
        (MAP, vec![FLOAT, INT], vec![FLOAT, INT]),
        (MAP, vec![UNIT, INT], vec![INT]),
        (MAP, vec![HANDLE, INT], vec![INT, INT]),
        (MAP, vec![ANY, INT], vec![ANY, PAYLOAD, INT]),
        (MAP, vec![ARRAY_STR, INT], vec![ARRAY_STR, INT]),
        (MAP, vec![STR, INT, UNIT], vec![STR, INT]),
        (ARRAY_INT, vec![INT, UNIT], vec![INT]),
        (OPTION, vec![INT, UNIT], vec![INT, INT]),
        (RESULT, vec![UNIT, STR], vec![INT, STR, STR]),
        (ARRAY_INT, vec![], vec![]),
    ] {
        rejects(Invalid::Type, |asm| {
            let record = &mut asm.types[usize::from(index - OWN)];
            (record.components, record.slots) = (components, slots);
        });
    }
    for key in [FLOAT, F32, ANY, UNIT, HANDLE, ARRAY_STR, STRUCT, OPTION] {
        component(MAP, 0, key);
    }
    accepts(|asm| {
        let map = &mut asm.types[usize::from(MAP - OWN)];
        (map.components[0], map.slots[0]) = (U8, INT);
    });
    for (index, at) in [(STRUCT, 0), (STRUCT, 2), (ENUM, 0), (ENUM, 2), (BOXED, 0), (BOXED, 3)] {
        component(index, at, 2);
    }
    for index in [STRUCT, ENUM, BOXED] {
        rejects(Invalid::Type, |asm| asm.types[usize::from(index - OWN)].extra = 2);
    }
    rejects(Invalid::Type, |asm| asm.types[usize::from(FN - OWN)].extra = 2);
    rejects(Invalid::Type, |asm| asm.types[usize::from(FN - OWN)].extra = 5);
    rejects(Invalid::Type, |asm| asm.types[0].kind = 10);
}

#[test]
fn number_of_components_is_checked() {
    for index in [PROC, STRUCT, ARRAY_INT, OPTION, MAP, BOXED, ENUM, RESULT, LEAF] {
        rejects(Invalid::Type, |asm| {
            asm.types[usize::from(index - OWN)].components.pop();
        });
        // An empty variant is a variant.
        rejects(Invalid::Type, |asm| asm.types[usize::from(index - OWN)].components.extend([0, 9]));
    }
}

#[test]
fn slots_are_recomputed() {
    for index in OWN..=ARRAY_SELF {
        rejects(Invalid::Type, |asm| asm.types[usize::from(index - OWN)].slots.push(INT));
        if index != PROC {
            rejects(Invalid::Type, |asm| {
                asm.types[usize::from(index - OWN)].slots.pop();
            });
            rejects(Invalid::Type, |asm| {
                let slot = asm.types[usize::from(index - OWN)].slots.last_mut().unwrap();
                *slot = if *slot == INT { STR } else { INT };
            });
        }
    }
    // The first half of an any without the second, and the other way round.
    rejects(Invalid::Type, |asm| asm.types[1].slots[3] = ANY);
    rejects(Invalid::Type, |asm| asm.types[1].slots[2] = PAYLOAD);
}

#[test]
fn flat_types_are_finite() {
    // In itself, and in each other: no slots satisfy that.
    for slots in 1..5 {
        let option = |of: u16, slots: usize| ty(TypeKind::Option, 0, &[of], &vec![INT; slots]);
        rejects(Invalid::Type, |asm| {
            let same = OWN + asm.types.len() as u16;
            asm.add_type(option(same, slots));
        });
        for others in 1..5 {
            rejects(Invalid::Type, |asm| {
                let first = OWN + asm.types.len() as u16;
                asm.add_type(option(first + 1, slots));
                asm.add_type(option(first, others));
            });
        }
    }
    // A later type, a later type whose record lies, a reference to the whole.
    accepts(|asm| {
        let first = OWN + asm.types.len() as u16;
        asm.add_type(ty(TypeKind::Struct, 0, &[0, first + 1], &[INT, first + 2]));
        asm.add_type(ty(TypeKind::Option, 0, &[first + 2], &[INT, first + 2]));
        asm.add_type(ty(TypeKind::Array, 0, &[first + 1], &[INT, first + 2]));
    });
    rejects(Invalid::Type, |asm| {
        let first = OWN + asm.types.len() as u16;
        asm.add_type(ty(TypeKind::Struct, 0, &[0, first + 1], &[INT, INT]));
        asm.add_type(ty(TypeKind::Option, 0, &[STR], &[INT, INT]));
    });
    accepts(|asm| {
        asm.add_type(ty(TypeKind::Option, 0, &[OPTION], &[INT, INT, INT]));
        asm.add_type(ty(TypeKind::Array, 0, &[UNIT], &[]));
    });
}

#[test]
fn tensors_are_a_shape_and_numbers() {
    let tensor = |components: &[u16], slots: &[u16]| ty(TypeKind::Tensor, 0, components, slots);
    for element in [INT, F32, TypeId::F16.0, TypeId::BF16.0] {
        accepts(move |asm| {
            let slot = if element == INT { INT } else { FLOAT };
            let data = asm.add_type(ty(TypeKind::Array, 0, &[element], &[slot]));
            asm.add_type(tensor(&[ARRAY_INT, data], &[ARRAY_INT, data]));
        });
    }
    let broken = [
        tensor(&[ARRAY_INT], &[ARRAY_INT]),
        tensor(&[ARRAY_INT, ARRAY_INT, ARRAY_INT], &[ARRAY_INT, ARRAY_INT, ARRAY_INT]),
        tensor(&[ARRAY_FLOAT, ARRAY_FLOAT], &[ARRAY_FLOAT, ARRAY_FLOAT]),
        tensor(&[ARRAY_INT, ARRAY_BOOL], &[ARRAY_INT, ARRAY_BOOL]),
        tensor(&[ARRAY_INT, ARRAY_STR], &[ARRAY_INT, ARRAY_STR]),
        tensor(&[ARRAY_INT, MAP], &[ARRAY_INT, MAP]),
        tensor(&[ARRAY_INT, FLOAT], &[ARRAY_INT, FLOAT]),
        tensor(&[ARRAY_INT, ARRAY_F32], &[ARRAY_INT, ARRAY_FLOAT]),
        tensor(&[ARRAY_INT, ARRAY_F32], &[ARRAY_INT]),
    ];
    for record in broken {
        rejects(Invalid::Type, |asm| {
            asm.add_type(record.clone());
        });
    }
}

#[test]
fn values_are_small() {
    let nested = |count: usize| {
        move |asm: &mut Asm| {
            let mut last = UNIT;
            for depth in 1..=count {
                last = asm.add_type(ty(TypeKind::Option, 0, &[last], &vec![INT; depth]));
            }
        }
    };
    accepts(nested(MAX_VALUE_SLOTS));
    rejects(Invalid::Type, nested(MAX_VALUE_SLOTS + 1));
    // Objects may be larger.
    accepts(|asm| {
        asm.add_type(ty(TypeKind::Struct, 0, &[0, INT].repeat(300), &[INT; 300]));
    });
}

#[test]
fn variants_follow_their_enum() {
    let with = |components: &[u16], rest: &[Type]| {
        let rest = rest.to_vec();
        let components = components.to_vec();
        move |asm: &mut Asm| {
            let boxed = OWN + asm.types.len() as u16;
            asm.add_type(ty(TypeKind::BoxedEnum, 0, &components, &[boxed]));
            asm.types.extend(rest);
        }
    };
    let variant = |number: u16, payload: &[u16]| ty(TypeKind::Variant, number, payload, payload);
    let array = ty(TypeKind::Array, 0, &[INT], &[INT]);
    accepts(with(&[0, 1, INT], &[variant(0, &[INT])]));
    accepts(with(&[0, 1, INT, 0, 0], &[variant(0, &[INT]), variant(1, &[])]));
    accepts(with(&[], &[]));
    // One missing, one late, one too many, one without payload, one of another payload, numbers mixed up.
    rejects(Invalid::Type, with(&[0, 1, INT], &[]));
    rejects(Invalid::Type, with(&[0, 1, INT], std::slice::from_ref(&array)));
    rejects(Invalid::Type, with(&[0, 1, INT], &[array, variant(0, &[INT])]));
    rejects(Invalid::Type, with(&[0, 0], &[variant(0, &[]), variant(1, &[])]));
    rejects(Invalid::Type, with(&[0, 1, INT], &[variant(0, &[])]));
    rejects(Invalid::Type, with(&[0, 1, INT], &[variant(0, &[STR])]));
    rejects(Invalid::Type, with(&[0, 1, INT], &[variant(1, &[INT])]));
    rejects(Invalid::Type, with(&[0, 0, 0, 0], &[variant(1, &[]), variant(0, &[])]));
    // From nowhere.
    rejects(Invalid::Type, |asm| asm.types.push(variant(0, &[INT])));
    // Payload slots are those of the payload.
    rejects(Invalid::Type, with(&[0, 1, INT], &[ty(TypeKind::Variant, 0, &[INT], &[])]));
    rejects(Invalid::Type, with(&[0, 1, INT], &[ty(TypeKind::Variant, 0, &[INT], &[INT, INT])]));
}

#[test]
fn tasks_give_what_their_future_holds() {
    let object = TypeId::OBJECT.0;
    let slots = |value: &[u16]| [&[INT, INT, object, object, object, object], value, &[STR]].concat();
    let with = |future: &[u16], future_slots: &[u16], function: u16, task_slots: &[u16]| {
        let of_future = ty(TypeKind::Future, 0, future, future_slots);
        let task_slots = task_slots.to_vec();
        move |asm: &mut Asm| {
            let number = OWN + asm.types.len() as u16;
            asm.add_type(of_future.clone());
            asm.add_type(ty(TypeKind::Task, function, &[number], &task_slots));
        }
    };
    let any = slots(&[ANY, PAYLOAD]);
    accepts(with(&[ANY], &any, CALLEE, &any));
    // Slots that are not the future's, another value, no value, a function that gives another one, a closure's, none.
    rejects(Invalid::Type, with(&[ANY], &any, CALLEE, &slots(&[INT])));
    rejects(Invalid::Type, with(&[INT], &any, CALLEE, &any));
    rejects(Invalid::Type, with(&[], &any, CALLEE, &any));
    rejects(Invalid::Type, with(&[INT], &slots(&[INT]), CALLEE, &slots(&[INT])));
    rejects(Invalid::Type, with(&[ANY], &any, CLOSURE, &any));
    rejects(Invalid::Type, with(&[ANY], &any, 99, &any));
    // A task is an object's layout, not a value's type.
    rejects(Invalid::Type, |asm| asm.types.push(ty(TypeKind::Array, 0, &[TASK], &[TASK])));
}

#[test]
fn records_cannot_share_without_end() {
    // Each record alone is fine: the pool's entries are only listed over and over.
    let mut asm = small();
    let components: Vec<u16> = [0, INT].repeat(500);
    let slots = vec![INT; 500];
    let first = asm.add_type(ty(TypeKind::Struct, 0, &components, &slots));
    let base = usize::from(first - OWN);
    for _ in 0..20 {
        asm.add_type(ty(TypeKind::Struct, 0, &[], &[]));
    }
    let mut words = asm.build();
    let types = 10 + asm.functions.iter().map(|function| function.code.len()).sum::<usize>() + 4;
    let record: [u32; 3] = words[types + base * 3..][..3].try_into().unwrap();
    for copy in 1..=20 {
        words[types + (base + copy) * 3..][..3].copy_from_slice(&record);
    }
    assert!(matches!(Module::load_words(&words), Err(LoadError::Invalid { what: Invalid::Type, .. })));
    for copy in 4..=20 {
        words[types + (base + copy) * 3..][..3].copy_from_slice(&[u32::from(TypeKind::Struct as u8), 0, 0]);
    }
    assert!(Module::load_words(&words).is_ok());
}

#[test]
fn types_have_numbers() {
    let with = |count: usize| {
        let types = vec![ty(TypeKind::Fn, 0, &[UNIT], &[]); count];
        load(&Asm { types, ..Asm::default() })
    };
    assert_eq!(with(0x1_0000 - 32), Ok(()));
    assert!(matches!(with(0x1_0000 - 31), Err(LoadError::Invalid { what: Invalid::Type, .. })));
}

#[test]
fn record_outside_the_pool_is_refused() {
    let mut words = small().build();
    let types = 10 + 3 + 4;
    words[types + 2] = u32::MAX;
    assert!(matches!(Module::load_words(&words), Err(LoadError::Invalid { what: Invalid::Type, .. })));
}

#[test]
fn imports_have_function_types() {
    rejects(Invalid::Import, |asm| asm.imports[0] = STRUCT);
    rejects(Invalid::Import, |asm| asm.imports[0] = INT);
    rejects(Invalid::Import, |asm| asm.imports[0] = OWN + 100);
}

#[test]
fn functions_cover_the_code() {
    rejects(Invalid::Function, |asm| asm.functions[0].shift = 1);
    rejects(Invalid::Function, |asm| asm.functions[1].shift = -1);
    // The function before runs on into code that is not its own.
    rejects(Invalid::Operand, |asm| asm.functions[1].shift = 1);
    rejects(Invalid::Register, |asm| asm.functions[2].shift = 1);
    rejects(Invalid::Function, |asm| asm.functions[2].shift = 100);
    rejects(Invalid::Function, |asm| asm.functions[1].code.clear());
    // Code that belongs to no function.
    rejects(Invalid::Function, |asm| {
        *asm = Asm { text: vec![0; 4], ..Asm::default() };
        asm.header = Some(|header| (header.code, header.bytes) = (1, 0));
    });
}

#[test]
fn signatures_are_checked() {
    for wrong in [STRUCT, INT, UNIT, ARRAY_ANY, OWN + 100] {
        rejects(Invalid::Function, |asm| asm.functions[0].signature = wrong);
        rejects(Invalid::Function, |asm| asm.functions[2].captures = if wrong == UNIT { INT } else { wrong });
    }
    rejects(Invalid::Function, |asm| {
        // A struct with the slots of a function type.
        asm.functions[0].signature = asm.add_type(ty(TypeKind::Struct, 0, &[], &[]));
    });
    // Counts, types of parameters, captures in the first register.
    rejects(Invalid::Function, |asm| asm.functions[1].params = 2);
    rejects(Invalid::Function, |asm| asm.functions[1].params = 4);
    rejects(Invalid::Function, |asm| asm.functions[1].params = 255);
    rejects(Invalid::Function, |asm| asm.functions[1].results = 1);
    rejects(Invalid::Function, |asm| asm.functions[1].registers[0] = STR);
    rejects(Invalid::Function, |asm| asm.functions[2].captures = UNIT);
    rejects(Invalid::Function, |asm| asm.functions[1].captures = CAPTURES);
    rejects(Invalid::Function, |asm| asm.functions[2].registers[0] = STRUCT);
    rejects(Invalid::Function, |asm| asm.functions[2].params = 3);
}

#[test]
fn registers_are_checked() {
    let runs = |runs: &[(u16, u16)]| {
        let runs = runs.to_vec();
        move |asm: &mut Asm| asm.functions[0].runs = Some(runs)
    };
    accepts(runs(&[(INT, 1), (STR, 1)]));
    rejects(Invalid::Function, runs(&[(INT, 1)]));
    rejects(Invalid::Function, runs(&[(INT, 2), (STR, 1)]));
    rejects(Invalid::Function, runs(&[(INT, 1), (STR, u16::MAX)]));
    rejects(Invalid::Function, runs(&[(INT, 1), (FLOAT, 0), (STR, 1)]));
    rejects(Invalid::Function, runs(&[]));
    for wrong in [UNIT, BOOL, U8, F32, HANDLE, 20, OPTION, ENUM, RESULT, OWN + 100] {
        rejects(Invalid::Function, runs(&[(INT, 1), (wrong, 1)]));
    }
    accepts(runs(&[(ANY, 1), (PAYLOAD, 1)]));
    for wrong in [
        &[(PAYLOAD, 1), (ANY, 1)][..],
        &[(INT, 1), (ANY, 1)],
        &[(INT, 1), (PAYLOAD, 1)],
        &[(ANY, 2)],
        &[(ANY, 1), (INT, 1)],
    ] {
        rejects(Invalid::Function, runs(wrong));
    }
    rejects(Invalid::Function, |asm| {
        asm.functions[0].registers = vec![ANY, PAYLOAD, PAYLOAD];
        asm.functions[0].runs = Some(vec![(ANY, 1), (PAYLOAD, 2)]);
    });
    // A list that begins outside the pool, or goes on behind it.
    let words = small().build();
    let pool = words[9] >> 16;
    for start in [pool - 1, pool, u32::MAX] {
        let mut words = words.clone();
        let functions = 10 + 3 + 4 + small().types.len() * 3;
        words[functions + 3] = start;
        let found = Module::load_words(&words).map(|_| ());
        assert_eq!(found, Err(LoadError::Invalid { what: Invalid::Function, at: 0 }));
    }
}

#[test]
fn references_are_null_on_entry() {
    accepts(|asm| asm.functions[0].first_ref = 1);
    rejects(Invalid::Function, |asm| asm.functions[0].first_ref = 2);
    rejects(Invalid::Function, |asm| asm.functions[0].first_ref = 3);
    rejects(Invalid::Function, |asm| asm.functions[1].first_ref = 2);
    rejects(Invalid::Function, |asm| {
        asm.functions[0].registers = vec![ANY, PAYLOAD];
        asm.functions[0].first_ref = 1;
    });
    accepts(|asm| {
        asm.functions[0].registers = vec![INT, FLOAT];
        asm.functions[0].first_ref = 2;
    });
}

#[test]
fn frames_fit_window() {
    let frame = |len: usize| {
        move |asm: &mut Asm| {
            asm.functions[0].registers = vec![INT; len];
            asm.header = Some(|header| header.max_frame = (WINDOW - 1) as u16);
        }
    };
    accepts(frame(WINDOW - 1));
    if WINDOW < 256 {
        rejects(Invalid::Function, frame(WINDOW));
    }
}

#[test]
fn handlers_are_checked() {
    let handler = Handler { start: 0, end: 2, target: 4, register: 0 };
    let with = |change: fn(&mut Handler)| {
        move |asm: &mut Asm| {
            let mut code = vec![op(Op::Charge, 0, 0, 0), op(Op::Charge, 0, 0, 0)];
            code.extend(lib(mog_core::isa::Lib::StrUpper, 1, &[1]));
            code.push(ret());
            asm.functions[0].code = code;
            let mut handler = handler;
            change(&mut handler);
            asm.handlers = vec![handler];
        }
    };
    accepts(with(|_| {}));
    accepts(with(|handler| handler.end = 5));
    rejects(Invalid::Handler, with(|handler| handler.end = 0));
    rejects(Invalid::Handler, with(|handler| handler.end = 6));
    rejects(Invalid::Handler, with(|handler| handler.start = 2));
    rejects(Invalid::Handler, with(|handler| (handler.start, handler.end) = (5, 6)));
    rejects(Invalid::Handler, with(|handler| (handler.start, handler.end) = (100, 101)));
    rejects(Invalid::Handler, with(|handler| handler.target = 5));
    rejects(Invalid::Handler, with(|handler| handler.target = 3));
    rejects(Invalid::Handler, with(|handler| handler.target = u32::MAX));
    rejects(Invalid::Handler, with(|handler| handler.register = 1));
    rejects(Invalid::Handler, with(|handler| handler.register = 254));
    rejects(Invalid::Handler, with(|handler| handler.register = 255));
}

#[test]
fn metadata_is_checked() {
    rejects(Invalid::Metadata, |asm| asm.exports = vec![3]);
    rejects(Invalid::Metadata, |asm| asm.exports = vec![CLOSURE]);
    rejects(Invalid::Metadata, |asm| asm.init = Some(3));
    rejects(Invalid::Metadata, |asm| asm.init = Some(CALLEE));
    rejects(Invalid::Metadata, |asm| asm.init = Some(CLOSURE));
    accepts(|asm| asm.init = Some(SUBJECT));
    let init = |asm: &mut Asm, captures: u16, components: &[u16], params: &[u16], results: &[u16]| {
        let slots = [params, results].concat();
        let signature = asm.add_type(ty(TypeKind::Fn, params.len() as u16, components, &slots));
        let registers = if captures == UNIT { params.to_vec() } else { [&[captures], params].concat() };
        let function = Func::new(signature, &registers, &[op(Op::Trap, 0, 0, 0)]);
        let mut function = function.with(registers.len() as u8, results.len() as u8);
        function.captures = captures;
        asm.functions.push(function);
        asm.debug = None;
        asm.init = Some(3);
    };
    accepts(|asm| init(asm, UNIT, &[UNIT], &[], &[]));
    rejects(Invalid::Metadata, |asm| init(asm, UNIT, &[INT, UNIT], &[INT], &[]));
    rejects(Invalid::Metadata, |asm| init(asm, UNIT, &[INT], &[], &[INT]));
    rejects(Invalid::Metadata, |asm| init(asm, CAPTURES, &[UNIT], &[], &[]));
    rejects(Invalid::Metadata, |asm| asm.metadata = Some(Vec::new()));
    let bytes = small().metadata_bytes();
    for len in 0..bytes.len() {
        rejects(Invalid::Metadata, |asm| asm.metadata = Some(bytes[..len].to_vec()));
    }
    rejects(Invalid::Metadata, |asm| asm.metadata = Some([&bytes[..], &[0]].concat()));
    rejects(Invalid::Metadata, |asm| {
        // Not UTF-8.
        let mut bytes = bytes.clone();
        let at = bytes.windows(3).position(|three| three == b"log").unwrap();
        bytes[at] = 0xff;
        asm.metadata = Some(bytes);
    });
}

#[test]
fn debug_records_are_one_a_function_or_none() {
    accepts(|asm| asm.debug = None);
    let bytes = small().debug_records();
    rejects(Invalid::Debug, |asm| asm.debug = Some(bytes[..bytes.len() - 1].to_vec()));
    rejects(Invalid::Debug, |asm| asm.debug = Some([&bytes[..], &[0]].concat()));
    rejects(Invalid::Debug, |asm| asm.debug = Some(bytes[..bytes.len() / 3].to_vec()));
}

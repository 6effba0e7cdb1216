//! Every program below `conformance/` does without each optimization, and without any, what it does
//! with all of them.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use mog::{Compiler, Optimization, Optimizations};
use mog_core::features::FLOATS;
use mog_core::isa::{Insn, Op, Sequence};
use mog_tests::case;
use mog_tests::runner::{CommandRunner, Variant};
use mog_tests::suite;

/// The longest that one run of a case may take.
const LIMIT: Duration = Duration::from_secs(30);
/// What ends a program elsewhere when it takes other steps or registers.
const LIMITS: [&str; 3] = ["--steps", "--memory", "--profile"];

fn main() -> ExitCode {
    match trials() {
        Ok(trials) => libtest_mimic::run(&Arguments::from_args(), trials).exit_code(),
        Err(message) => {
            eprintln!("optimizations: {message}");
            ExitCode::FAILURE
        }
    }
}

fn trials() -> Result<Vec<Trial>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    let runner = Arc::new(CommandRunner::find(LIMIT)?);
    let mut cases = case::read_all(&root)?;
    cases.retain(|case| !case.is_rejected() && !case.args.iter().any(|arg| LIMITS.contains(&arg.as_str())));
    let trial = |case: case::Case| {
        let runner = Arc::clone(&runner);
        Trial::test(case.name.clone(), move || {
            let each = Optimization::ALL.map(|left_out| Variant::Without(Some(left_out)));
            let variants: Vec<_> =
                [Variant::Source, Variant::Without(None)].into_iter().chain(each).collect();
            suite::check(&case, runner.as_ref(), &variants)?;
            Ok(())
        })
    };
    let sources = cases.iter().map(|case| fs::read_to_string(&case.path));
    let sources = sources.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    let mut trials: Vec<_> = cases.into_iter().map(trial).collect();
    let programs = sources.clone();
    trials.push(Trial::test("each_makes_other_code", move || each_makes_other_code(&sources)));
    trials.push(Trial::test(
        "floats_that_are_passed_on_need_no_floats",
        floats_that_are_passed_on_need_no_floats,
    ));
    trials.push(Trial::test("inlining_keeps_registers_free", inlining_keeps_registers_free));
    trials.push(Trial::test("reads_before_loops_leave_registers", reads_before_loops_leave_registers));
    trials.push(Trial::test("what_a_loop_leaves_alone_is_read_once", what_a_loop_leaves_alone_is_read_once));
    let others = programs.clone();
    trials.push(Trial::test("every_fused_instruction_occurs", move || {
        every_fused_instruction_occurs(&programs)
    }));
    trials.push(Trial::test("every_sequence_occurs", move || every_sequence_occurs(&others)));
    Ok(trials)
}

/// Else machines without floats would refuse what only hands them to the host.
fn floats_that_are_passed_on_need_no_floats() -> Result<(), Failed> {
    let program = |computes: &str| {
        format!(
            "struct Lamp {{ level: float }}
            fn main() {{
                lamp := Lamp {{ level: 0.5 }}
                levels := [lamp.level{computes}]
                levels.push(levels[0])
            }}"
        )
    };
    for (computes, needs) in [("", 0), (" * 2.0", FLOATS)] {
        let program = Compiler::new().compile(&program(computes)).map_err(|error| error.to_string())?;
        let module = program.module().map_err(|error| error.to_string())?;
        if module.header.features & FLOATS != needs {
            return Err(format!("`{computes}` needs {:#x}", module.header.features).into());
        }
    }
    Ok(())
}

/// What fits a small window without reads before its loops fits it with them.
fn reads_before_loops_leave_registers() -> Result<(), Failed> {
    let types = 0..20;
    let each = |text: fn(i32) -> String| types.clone().map(text).collect::<Vec<_>>().join("\n");
    let source = format!(
        "{}
        struct All {{ {} }}
        pub fn f(all: All, other: All) -> int {{
            sum := 0
            {}
            sum
        }}",
        each(|n| format!("struct T{n} {{ v: int }}")),
        each(|n| format!("t{n}: T{n},")),
        each(|n| format!("for i in 0..2 {{ t := all.t{n}\n t.v += 1\n u := other.t{n}\n sum += u.v }}")),
    );
    let compile = |optimizations| {
        let program = Compiler::new().window(32).optimizations(optimizations).compile(&source);
        program.map(|program| program.to_bytes()).map_err(|error| error.to_string())
    };
    let without = compile(Optimizations::ALL.without(Optimization::Loads))?;
    if compile(Optimizations::ALL)? != without {
        return Err("these reads need registers of a class each, so that there are too few".into());
    }
    Ok(())
}

/// Each of these is read where a loop begins, however often it stands there: by one instruction.
fn what_a_loop_leaves_alone_is_read_once() -> Result<(), Failed> {
    let cases = [
        (Op::ALen, "while i < xs.len { i += xs[i] + xs.len }"),
        (Op::SLen, "while i < text.len { i += 1 }"),
        (Op::LoadField, "while i < p.limit { i += p.limit }"),
        (
            Op::LoadField,
            "while i < 9 { p.count += p.limit * 2\n if i > p.limit { i += p.limit } else { i += 1 } }",
        ),
        (Op::LoadGlobal, "while i < least { i += least }"),
        (Op::ALen, "for k in 0..n { j := 0\n while j < xs.len { j += 1 } }"),
    ];
    for (op, code) in cases {
        let source = format!(
            "struct P {{ limit: int, count: int }}
            least := 7
            pub fn f(xs: [int], text: string, p: P, n: int) -> int {{
                i := 0
                {code}
                i
            }}"
        );
        let program = Compiler::new().compile(&source).map_err(|error| error.to_string())?;
        let module = program.module().map_err(|error| error.to_string())?;
        let times = module.code.iter().filter(|&&word| Insn(word).op() == Some(op)).count();
        if times != 1 {
            return Err(format!("`{code}` has {} {times} times", op.name()).into());
        }
    }
    Ok(())
}

/// Functions with many or large parameters fit a small window as they did, and nothing of theirs goes to the heap.
fn inlining_keeps_registers_free() -> Result<(), Failed> {
    for (ty, value) in [("?int", "1"), ("int", "1"), ("string", "\"\""), ("?string", "none")] {
        let program = format!(
            "fn f(n: int, a: {ty}, b: {ty}, c: {ty}, d: {ty}) -> int {{
                if n < 2 {{ return n }}
                f(n - 1, b, c, d, a) + f(n - 2, d, c, b, a)
            }}
            fn main() {{ println(f(20, {value}, {value}, {value}, {value})) }}"
        );
        let compile = |optimizations| {
            Compiler::new()
                .window(32)
                .optimizations(optimizations)
                .compile(&program)
                .map_err(|e| e.to_string())
        };
        let program = compile(Optimizations::ALL)?;
        let module = program.module().map_err(|error| error.to_string())?;
        if module.code.iter().any(|&word| Insn(word).op() == Some(Op::New)) {
            return Err(format!("registers of {ty} are kept in an object").into());
        }
    }
    Ok(())
}

/// Otherwise nothing would run those that do not.
fn every_fused_instruction_occurs(sources: &[String]) -> Result<(), Failed> {
    let mut missing: Vec<Op> = Op::ALL.iter().copied().filter(|&op| op as u8 > Op::Ext as u8).collect();
    for source in sources {
        let Ok(program) = Compiler::new().compile(source) else { continue };
        let module = program.module().map_err(|error| error.to_string())?;
        for &word in module.code {
            missing.retain(|&op| Insn(word).op() != Some(op));
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("in no stored program: {missing:?}").into()) }
}

/// Otherwise nothing would run it.
fn every_sequence_occurs(sources: &[String]) -> Result<(), Failed> {
    let mut occurs = vec![false; Sequence::ALL.len()];
    for source in sources {
        let Ok(program) = Compiler::new().compile(source) else { continue };
        let module = program.module().map_err(|error| error.to_string())?;
        for &word in module.code {
            if let Some(occurs) = occurs.get_mut(usize::from(u8::MAX - Insn(word).op_byte())) {
                *occurs = true;
            }
        }
    }
    let missing = occurs.iter().zip(Sequence::ALL).filter(|&(occurs, _)| !occurs);
    let missing: Vec<_> = missing.map(|(_, sequence)| (sequence.ops(), sequence.is_loop())).collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("in no stored program, as a loop or not: {missing:?}").into())
    }
}

/// Otherwise the other trials would compare nothing.
fn each_makes_other_code(sources: &[String]) -> Result<(), Failed> {
    let module = |source: &String, optimizations| {
        Compiler::new().optimizations(optimizations).compile(source).map(|program| program.to_bytes()).ok()
    };
    for left_out in Optimization::ALL {
        let without = Optimizations::ALL.without(left_out);
        let differs = |source: &&String| module(source, without) != module(source, Optimizations::ALL);
        if !sources.iter().any(|source| differs(&source)) {
            return Err(format!("no program is other without {}", left_out.name()).into());
        }
    }
    Ok(())
}

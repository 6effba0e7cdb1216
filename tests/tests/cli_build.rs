//! `mog build` for those who embed programs: declarations of the host's functions, reports, what a target lacks.

use mog_tests::place::Place;

type Test = Result<(), Box<dyn std::error::Error>>;

#[test]
fn build_reports_sizes_and_stack() -> Test {
    let place = Place::with(
        "fn leaf(n: int) -> int { if n > 3 { return n * 2 }\n  s := str(n)\n  s.len }\n\
         pub fn rule(n: int) -> int { xs := [1, 2]\n  xs.map(|x| leaf(x) + n).sum() }\nfn main() { println(rule(2)) }\n",
    )?;
    let report = place.exits("build --report p.mog -o p.mogb", 0)?.stderr;
    let size = place.read("p.mogb")?.len();
    for part in ["code ", "functions ", "metadata ", "debug ", "memory: at least ", "stack: at most "] {
        assert!(report.contains(part), "no {part:?} in {report}");
    }
    assert!(report.contains(&format!("size: {size} bytes")), "{report}");
    let inspected = String::from_utf8(place.exits("inspect p.mogb", 0)?.stdout)?;
    assert_eq!(report, inspected);
    Ok(())
}

#[test]
fn build_reports_what_has_no_bound() -> Test {
    for (program, function) in [
        (
            "fn fib(n: int) -> int { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }\nfn main() { println(fib(5)) }\n",
            "fib",
        ),
        (
            "fn even(n: int) -> bool { n == 0 || odd(n - 1) }\nfn odd(n: int) -> bool { n != 0 && even(n - 1) }\n\
             fn start() -> bool { even(10) }\nfn main() { println(start()) }\n",
            "even",
        ),
    ] {
        let report = Place::with(program)?.exits("build --report p.mog -o p.mogb", 0)?.stderr;
        assert!(report.contains(&format!("stack: no bound, {function} can call itself")), "{report}");
    }
    Ok(())
}

/// A limit on the stack that the report allows is enough, whichever way the frames nest.
#[test]
fn the_reported_stack_is_enough() -> Test {
    let program = "fn a(n: int) -> int { x := n + 1\n  b(x) + b(n) }\n\
         fn b(n: int) -> int { f := |k| c(k) + n\n  f(n) * 2 }\n\
         fn c(n: int) -> int { if n > 100 { panic(\"deep\") }\n  n }\n\
         async fn t(n: int) -> int { a(n) }\n\
         async fn main() { println(await t(3), a(2)) }\n";
    let place = Place::with(program)?;
    let report = place.exits("build --report p.mog -o p.mogb", 0)?.stderr;
    let bytes = report.split("stack: at most ").nth(1).and_then(|rest| rest.split(' ').next());
    let bytes: usize = bytes.ok_or("no bound is reported")?.parse()?;
    place.exits(&format!("run --stack {bytes} p.mogb"), 0)?;
    Ok(())
}

#[test]
fn build_knows_what_the_host_declares() -> Test {
    let place = Place::with("fn main() { led.set(1, true) }\n")?;
    place.write("host.mogdecl", "capability led { fn set(pin: int, on: bool) }\n")?;
    let report = place.exits("build --declare host.mogdecl --report p.mog -o p.mogb", 0)?.stderr;
    assert!(report.contains("fn led.set(pin: int, on: bool)\n"), "{report}");
    place.write("wrong.mog", "fn main() { led.set(\"one\", true) }\n")?;
    for command in
        ["build --declare host.mogdecl wrong.mog -o w.mogb", "check --declare host.mogdecl wrong.mog"]
    {
        let finished = place.exits(command, 65)?;
        assert!(
            finished.stderr.contains("led.set") || finished.stderr.contains("pin"),
            "{}",
            finished.stderr
        );
    }
    place.exits("check wrong.mog", 0)?;
    place.exits("build --declare missing.mogdecl p.mog -o p.mogb", 66)?;
    place.write("bad.mogdecl", "capability led { fn set( }\n")?;
    place.exits("build --declare bad.mogdecl p.mog -o p.mogb", 65)?;
    Ok(())
}

#[test]
fn build_warns_of_parts_that_the_target_lacks() -> Test {
    let place = Place::with("fn show(x: float) {\n  println(f\"{x:.1}\")\n}\nfn main() {\n  show(1.5)\n}\n")?;
    let finished = place.exits("build --target-features strings,values,floats p.mog -o p.mogb", 0)?;
    let warning = "the program needs `float-text`, which the target leaves out, first for `show` (p.mog:2)";
    assert!(finished.stderr.contains(warning), "{}", finished.stderr);
    assert!(!finished.stderr.contains("`floats`"), "{}", finished.stderr);
    place.exits("build --deny-warnings --target-features strings,values,floats p.mog -o p.mogb", 65)?;
    let finished = place.exits("build --target-features float-text,values,floats p.mog -o p.mogb", 0)?;
    assert!(!finished.stderr.contains("float"), "{}", finished.stderr);
    let finished = place.exits("build --target-features floating p.mog -o p.mogb", 64)?;
    assert!(finished.stderr.contains("float-text"), "the parts that there are: {}", finished.stderr);
    // A type can need a part where no instruction does.
    place.write("array.mog", "fn main() -> int {\n  xs: [f32] := []\n  xs.len\n}\n")?;
    let finished = place.exits("build --target-features strings array.mog -o p.mogb", 0)?;
    assert!(finished.stderr.contains("the program needs `floats`, which the target"), "{}", finished.stderr);
    Ok(())
}

//! `mog repl`: entries that see what came before them, and do nothing twice.

use mog_tests::place::{Place, has, same, text};
use mog_tests::process::{Exit, Finished};

type Test = Result<(), Box<dyn std::error::Error>>;

/// Types lines into a session; it must end with this code.
fn typed(place: &Place, args: &str, lines: &str, code: i32) -> Result<Finished, Box<dyn std::error::Error>> {
    let args = ["repl"].into_iter().chain(args.split_whitespace());
    let finished = place.mog_with(args, lines)?;
    if finished.exit == Exit::Code(code) {
        return Ok(finished);
    }
    Err(format!("{lines}: expected exit {code}, came {finished:?}").into())
}

/// Types lines into a session without grants, which must print this.
fn shows(lines: &str, expected: &str) -> Test {
    let finished = typed(&Place::new()?, "", lines, 0)?;
    same(lines, expected, &text(&finished))
}

#[test]
fn values_of_expressions_are_printed() -> Test {
    shows("1 + 2\n\"a\" + \"b\"\n[1, 2].map(|x| x * 2)\n", "3\nab\n[2, 4]\n")?;
    shows("fn f() -> Result<int> { err(\"no\") }\nf()\nprintln(7)\n", "err(\"no\")\n7\n")?;
    shows("if true { 1 } else { 2 }\nif true { println(3) }\nxs := [3, 1]\nxs.sort()\n", "1\n3\n[1, 3]\n")?;
    shows(
        "match 4 { 4 => println(\"four\"), _ => println(\"other\") }\n_ = 5\nx := 6\nx = 7\nx\n",
        "four\n7\n",
    )
}

#[test]
fn what_is_declared_stays() -> Test {
    shows(
        "n := 1\nstruct Point { x: int }\np := Point { x: 4 }\nfn add(a: int) -> int { n += a\n n }\nadd(2)\nadd(3)\np.x = n\np\n",
        "3\n6\nPoint { x: 6 }\n",
    )?;
    shows(
        "const LIMIT = 3\nenum E { A, B(int) }\ne := E.B(LIMIT)\nc := fn() -> E { e }\ne = E.A\nc()\n",
        "E.A\n",
    )
}

#[test]
fn names_can_be_declared_again() -> Test {
    shows(
        "x := 1\nfn f() -> int { x }\nx := \"text\"\nx\nf()\nfn g() -> int { f() + 1 }\nfn f() -> string { \"new\" }\nf()\ng()\n",
        "text\n1\nnew\n2\n",
    )?;
    shows("struct S { a: int }\ns := S { a: 1 }\nstruct S { b: int }\nS { b: 2 }\ns.a\n", "S { b: 2 }\n1\n")?;
    shows(
        "f := fn(n: int) -> int { 0 }\nf := fn(n: int) -> int { if n == 0 { 1 } else { f(n - 1) + 1 } }\nf(3)\nfn f() -> int { 9 }\nf()\nf := 5\nf\n",
        "4\n9\n5\n",
    )
}

#[test]
fn nothing_is_printed_twice() -> Test {
    shows(
        "println(\"once\")\nfn twice(s: string) { println(s)\n println(s) }\ntwice(\"a\")\n1\n",
        "once\na\na\n1\n",
    )
}

#[test]
fn effects_happen_once() -> Test {
    let place = Place::new()?;
    place.write(
        "policy.toml",
        "grant = [\"fs\", \"log\", \"random\", \"time\"]\n[fs]\nworkspace = \"work\"\n",
    )?;
    std::fs::create_dir(place.path().join("work"))?;
    let lines = "fs.append(\"a\", \"x\")\nlog.info(\"told\")\nr := random.int(1, 1000000)\nold := r\nt := time.now()\n\
                 fs.append(\"a\", \"y\")\nr == old\nfs.read(\"a\")\n";
    let finished = typed(&place, "--policy policy.toml", lines, 0)?;
    let printed = text(&finished);
    if !printed.ends_with("true\nxy\n") {
        return Err(format!("{printed:?}").into());
    }
    same("the file", "xy", &place.read_text("work/a")?)?;
    same("log lines", "1", &finished.stderr.matches("told").count().to_string())
}

#[test]
fn chance_goes_on() -> Test {
    let place = Place::new()?;
    place.write("policy.toml", "grant = [\"random\"]\n[random]\nseed = 7\n")?;
    let printed = |lines: &str| {
        Ok::<_, Box<dyn std::error::Error>>(text(&typed(&place, "--policy policy.toml", lines, 0)?))
    };
    let call = "random.int(1, 1000000000)\n";
    same(
        "one entry or three",
        &printed(&format!("{{ println({0}); println({0}); println({0}) }}\n", call.trim()))?,
        &printed(&call.repeat(3))?,
    )
}

#[test]
fn tasks_and_waiting() -> Test {
    let place = Place::new()?;
    let lines = "async fn f(n: int) -> int { await time.sleep(n)\n println(n)\n n * 2 }\nawait f(3)\nspawn f(4)\nprintln(\"then\")\n\
                 await all([f(20), f(1)])\ntime.sleep(1)\nprintln(\"end\")\n";
    let finished = typed(&place, "--grant time", lines, 0)?;
    same("tasks", "3\n6\n4\nthen\n1\n20\n[40, 2]\nend\n", &text(&finished))
}

#[test]
fn entries_of_several_lines() -> Test {
    shows("fn f(\n  a: int,\n) -> int {\n\n  a + 1 // }\n}\n/* a\n comment */ f(\n  2)\n", "3\n")?;
    let finished = typed(&Place::new()?, "", "println(1\n", 65)?;
    has(&finished, "unclosed-bracket")?;
    // What no further line mends is shown at once.
    let finished = typed(&Place::new()?, "", "println(1]\nprintln(\"a)\n2\n", 0)?;
    same("after mistakes", "2\n", &text(&finished))
}

#[test]
fn what_does_not_compile_is_forgotten() -> Test {
    let place = Place::new()?;
    let finished = typed(&place, "", "x := 1\n\ny := x +\\\nfn f() {\n  y2 := x2\n}\nx\n", 0)?;
    same("after mistakes", "1\n", &text(&finished))?;
    has(&finished, "entry 2:2:9")?;
    has(&finished, "y2 := x2")?;
    let finished = typed(&place, "", "x := 1\ny := \"a\" + x\n", 65)?;
    has(&finished, "entry 2:1:")
}

#[test]
fn warnings_come_once() -> Test {
    let finished = typed(&Place::new()?, "", "1 + 2 * 3\nno\n4\n", 0)?;
    same("values", "9\n4\n", &text(&finished))?;
    same("warnings", "1", &finished.stderr.matches("warning[").count().to_string())
}

#[test]
fn what_traps_is_forgotten() -> Test {
    let place = Place::new()?;
    let lines = "x := [1]\nfn at(i: int) -> int {\n  x[i]\n}\n{ println(\"happened\")\n x.push(2)\n at(9) }\nx\nat(0)\n";
    let finished = typed(&place, "", lines, 0)?;
    same("what is left", "happened\n[1]\n1\n", &text(&finished))?;
    for place in ["trap: ", "at at (entry 2:2:", "called from init (entry 3:3:"] {
        has(&finished, place)?;
    }
    typed(&place, "", "1 / 0\n", 70)?;
    Ok(())
}

#[test]
fn what_is_denied_is_forgotten() -> Test {
    let place = Place::new()?;
    let finished =
        typed(&place, "--grant log --deny log.debug", "a := 1\nlog.debug(\"x\")\nkv.get(\"k\")\na\n", 0)?;
    same("what is left", "1\n", &text(&finished))?;
    has(&finished, "capability denied: log.debug")?;
    has(&finished, "grant it with --grant kv.get")?;
    typed(&place, "", "kv.get(\"k\")\n", 77)?;
    let finished = typed(&place, "", "requires fs\n1\n", 0)?;
    same("what is left", "1\n", &text(&finished))?;
    has(&finished, "requires `fs`")
}

#[test]
fn limits_hold_for_each_entry() -> Test {
    let place = Place::new()?;
    let work = "for i in 0..2000 { n += 1 }\n";
    let lines = format!("n := 0\n{}n\nwhile true {{ n += 1 }}\nn\n", work.repeat(5));
    let finished = typed(&place, "--steps 20000", &lines, 0)?;
    same("steps", "10000\n10000\n", &text(&finished))?;
    has(&finished, "out of steps: all 20000")?;
    let finished = typed(&place, "--timeout 200ms", "n := 1\nwhile true { }\nn\n", 0)?;
    has(&finished, "out of time")?;
    let finished = typed(&place, "--memory 64K", "xs := [0]\nloop { xs.push(1) }\nxs\n", 0)?;
    same("memory", "[0]\n", &text(&finished))?;
    has(&finished, "out of memory")?;
    typed(&place, "--host-calls 2", "1\n2\n3\n", 0)?;
    typed(&place, "--host-calls 2", "{ println(1)\n println(2)\n println(3) }\n", 124)?;
    Ok(())
}

#[test]
fn modules_and_main() -> Test {
    let place = Place::new()?;
    place.write("shapes.mog", "println(\"loaded\")\nfn area(a: int) -> int { assert(a > 0)\n a * a }\n")?;
    let finished = typed(
        &place,
        "",
        "println(1)\nimport shapes\nshapes.area(3)\nfn main() { println(\"main\") }\n2\nmain()\nshapes.area(0)\n",
        70,
    )?;
    same("modules", "1\nloaded\n9\n2\nmain\n", &text(&finished))?;
    has(&finished, "shapes.mog:2:")
}

#[test]
fn commands() -> Test {
    let place = Place::new()?;
    let finished =
        typed(&place, "", "x := 1\n:list\n:reset\nx\n:nonsense\n:help\ny := 2\n:quit\nprintln(3)\n", 0)?;
    same("printed", "", &text(&finished))?;
    for said in
        ["// entry 1\nx := 1\n", "entry 1:1:1", "there is no :nonsense", ":reset   forget all entries"]
    {
        has(&finished, said)?;
    }
    typed(&place, "--no-such-option", "", 64)?;
    typed(&place, "", "", 0)?;
    Ok(())
}

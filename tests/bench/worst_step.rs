//! The most expensive step: looks among programs that were made to be expensive for the one that takes most time for
//! its steps, and compares it with the benchmark programs.
//!
//! ```text
//! cargo bench -p mog-tests --bench worst_step
//! ```
//! Each operation runs for ever on values of several sizes, in an arena that fits the second-level cache, until it has
//! taken a number of steps, those of the collector among them. Figures are CPU time of the thread.

#![allow(clippy::print_stdout, reason = "a program for people")]

use std::error::Error;

use mog::{CapabilitySet, Compiler, Error as RunError, Program, Runtime};
use mog_tests::clock::cpu_time;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Steps after which a program is measured.
const STEPS: u64 = 3_000_000;
const MEMORY: usize = 512 << 10;
const SIZES: [usize; 4] = [1, 12, 150, 1000];
/// Rows that are shown.
const SHOWN: usize = 25;

const SUITE: [(&str, &str); 11] = [
    ("fib", include_str!("mog/fib.mog")),
    ("mix", include_str!("mog/mix.mog")),
    ("sieve", include_str!("mog/sieve.mog")),
    ("nbody", include_str!("mog/nbody.mog")),
    ("mandel", include_str!("mog/mandel.mog")),
    ("fannkuch", include_str!("mog/fannkuch.mog")),
    ("matmul", include_str!("mog/matmul.mog")),
    ("qsort", include_str!("mog/qsort.mog")),
    ("bintrees", include_str!("mog/bintrees.mog")),
    ("strs", include_str!("mog/strs.mog")),
    ("map", include_str!("mog/map.mog")),
];

/// What every operation may use, for a size `SIZE`.
const VALUES: &str = r#"
struct P { x: float, y: int, s: string }
struct Node { v: int, next: ?Node }
enum E { A(int, string), B }
fn deep(n: int) -> int { if n == 0 { raise() } else { deep(n - 1) + 1 } }
fn raise() -> int { parse_int("x") }
fn down(n: int) -> int { if n == 0 { 0 } else { down(n - 1) + 1 } }
fn many(a: int, b: int, c: int, d: int, e: int, f: int, g: int) -> int { a }
async fn task(n: int) -> int { n }
async fn main() {
    size := SIZE
    s := "abc,é-x;".repeat(size)
    t := s + "y"
    ints := [int.MAX / 3; SIZE]
    for i in 0..size { ints[i] = (i * 7919) % 1009 }
    copy := ints.slice(0, size)
    floats := ints.map(|n| n as float * 0.1 + 1.0e100)
    words := ints.map(|n| f"w{n} and more")
    bytes: [u8] = [7; SIZE]
    points := ints.map(|n| P { x: n as float, y: n, s: "text" })
    same := ints.map(|n| P { x: n as float, y: n, s: "text" })
    m: {int: int} = {}
    for n in ints { m[n * 1000003] = n }
    by_text: {string: int} = {}
    for w in words { by_text[w] = 1 }
    list: ?Node = none
    for i in 0..size { list = some(Node { v: i, next: list }) }
    data: any = points as any
    text := json_str(data)
    grid := tensor<f32>.zeros([size, 4])
    rows := soa P[SIZE]
    e := E.A(1, s)
    f := fn(n: int) -> int { n + size }
    x := 1.2345e-300
    n := 0
    while true {
        n += 1
        OPERATION
    }
}
"#;

const OPERATIONS: &[&str] = &[
    // Scalars.
    "n = n * 3 / 7 % 1000 + (n >> 3)",
    "x = x.sin() + 1.0e300.cos().tan() + 7.5.pow(x)",
    "x = (x + 2.0).log() + x.exp() + x.atan2(3.0) + x.asin() + x.acos()",
    "x = (x * 1.0e10).sqrt().floor() + x.round()",
    "n = 3.pow(13) + n.count_ones()",
    // Text.
    "str(x)",
    "str(n * 1234567891234567)",
    "str(1.7976931348623157e308)",
    "_ = f\"{x} {n} {x:.3} {s}\"",
    "_ = s + t",
    "_ = s == t",
    "_ = s < t",
    "s.upper()",
    "s.trim()",
    "s.split(\",\")",
    "s.split(\"\")",
    "s.replace(\"a\", \"bb\")",
    "s.replace(\"zz\", \"b\")",
    "s.index_of(\"c;c\")",
    "s.contains(t)",
    "(\"a\".repeat(size) + \"b\").repeat(3).index_of(\"a\".repeat(size) + \"c\")",
    "\"a\".repeat(size).contains(\"a\".repeat(size / 2) + \"b\")",
    "s.chars()",
    "s.lines()",
    "s.bytes()",
    "s.pad_left(size * 9, \"é\")",
    "for c in s { n += c.len }",
    "_ = s[0]",
    "parse_float(\"1.7976931348623157e308\")",
    "parse_float(\"0.\" + (\"1234567\".repeat(size)) + \"e-7\")",
    "parse_int(\"123456789012345678\")",
    "words.join(s)",
    // Arrays.
    "copy = ints.slice(0, size)",
    "copy = ints.concat(ints)",
    "ints.reverse()",
    "ints.sort()",
    "copy = ints.slice(0, size)\n copy.sort()",
    "words.sort()",
    "words.reverse()\n words.sort()",
    "floats.reverse()\n floats.sort()",
    "ints.sort(|a, b| (b * 31 % 17) < (a * 31 % 17))",
    "ints.sum()",
    "floats.max()",
    "words.index_of(t)",
    "points.contains(P { x: -1.0, y: 0, s: t })",
    "_ = points == same",
    "ints.insert(0, n)\n ints.remove(0)",
    "bytes.insert(0, 1)\n bytes.remove(0)",
    "copy = [n; SIZE]",
    "copy.clear()\n for i in 0..size { copy.push(i) }",
    "bytes = bytes.slice(0, size)",
    "copy = ints.map(f)",
    "copy = ints.filter(|n| n % 2 == 0)",
    "n = ints.reduce(0, |a, b| a + b)",
    // Maps.
    "m[n * 7919 % 4001] = n",
    "m[n] = n\n m.delete(n)",
    "n += m.get(n).unwrap_or(1)",
    "by_text.has(t)",
    "by_text[s] = n",
    "for k, v in m { n += v }",
    "words = by_text.keys()",
    "copy = m.values()",
    "m.clear()\n for i in 0..size { m[i] = i }",
    // Values of any kind.
    "if data == (same as any) { n += 1 }",
    "data = points as any",
    "same = data as [P]",
    "json_str(data)",
    "json_parse(text)",
    "println(points)",
    "print(\"\")",
    "println(list)",
    "println(x, n, e, bytes)",
    // Objects and collection.
    "points.push(P { x: x, y: n, s: s })\n points.pop()",
    "points[0] = P { x: x, y: n, s: s }",
    "list = some(Node { v: n, next: none })",
    "words[0] = f\"{n}\"",
    "words.push(f\"{n}\")\n if words.len > 3000 { words.clear() }",
    "if e is A(k, w) { n += k + w.len }",
    "g := fn(k: int) -> int { k + n }\n n = g(n) % 100",
    "rows = soa P[SIZE]",
    "rows[0].x = rows[size - 1].x + 1.0",
    "grid = grid.transpose().reshape([size * 4])\n grid = grid.reshape([size, 4])",
    "grid = tensor<f32>.randn([size, 2], n)\n grid = tensor<f32>.zeros([size, 4])",
    // Calls, failures, tasks, the host.
    "down(size % 1000)",
    "many(1, 2, 3, 4, 5, 6, 7)",
    "try { deep(size % 1000) } catch(e) { n += 1 }",
    "if parse_int(\"x\") is err(e) { n += e.len }",
    "await task(n)",
    "await all([task(1), task(2), task(3)])",
    "await all(ints.map(|k| task(k)))",
    "await race([task(1), task(2)])",
    "spawn task(n)",
    "bench.nop(n)",
    "bench.text(s)",
    "bench.words(words)",
    "bench.long(size)",
    "try { bench.fails(s) } catch(e) { n += 1 }",
    "try { nobody.there(n) } catch(e) { n += 1 }",
    "log.write(s)",
    "random.int(0, 1000000)",
];

fn capabilities() -> Outcome<CapabilitySet> {
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("bench.nop", |n: i64| n);
    capabilities.grant("bench.text", |text: String| text.len() as i64);
    capabilities.grant("bench.words", |words: Vec<String>| words);
    capabilities.grant("bench.long", |n: i64| "x".repeat(usize::try_from(n).unwrap_or(0)));
    capabilities.grant("bench.fails", |text: String| -> Result<i64, String> { Err(text) });
    for group in ["log", "random"] {
        capabilities.grant_standard(group)?;
    }
    Ok(capabilities)
}

/// Nanoseconds for a step; none if the program does not get anywhere in this memory.
fn cost(program: &Program, capabilities: &CapabilitySet, steps: u64, memory: usize) -> Outcome<Option<f64>> {
    let mut runtime = Runtime::builder()
        .memory(memory)
        .steps(steps)
        .output(std::io::sink())
        .build(program.clone(), capabilities.clone())?;
    let start = cpu_time();
    let result = runtime.execute();
    let took = cpu_time().saturating_sub(start);
    let counters = runtime.counters();
    let taken = counters.steps + counters.collector_steps;
    match result {
        Ok(_) | Err(RunError::OutOfSteps { .. }) => Ok(Some(took.as_secs_f64() * 1e9 / taken as f64)),
        Err(RunError::OutOfMemory { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The least of three: what else the machine does only adds.
fn least(program: &Program, capabilities: &CapabilitySet, steps: u64, memory: usize) -> Outcome<Option<f64>> {
    let mut best: Option<f64> = None;
    for _ in 0..3 {
        if let Some(cost) = cost(program, capabilities, steps, memory)? {
            best = Some(best.map_or(cost, |best| best.min(cost)));
        }
    }
    Ok(best)
}

fn main() -> Outcome<()> {
    let capabilities = capabilities()?;
    let compiler = Compiler::with(&capabilities);
    let mut suite = Vec::new();
    for (name, source) in SUITE {
        let program = compiler.compile(source).map_err(|error| format!("{name}: {error}"))?;
        let cost = least(&program, &capabilities, 10 * STEPS, 256 << 20)?;
        suite.push(cost.ok_or_else(|| format!("{name} does not run"))?);
    }
    let average = suite.iter().sum::<f64>() / suite.len() as f64;
    println!("average of the benchmark programs: {average:.2} ns a step\n");

    let mut rows = Vec::new();
    let mut tight = 0;
    for operation in OPERATIONS {
        for size in SIZES {
            let source = VALUES.replace("OPERATION", operation).replace("SIZE", &size.to_string());
            let program = compiler.compile(&source).map_err(|error| format!("{operation}: {error}"))?;
            match least(&program, &capabilities, STEPS, MEMORY)
                .map_err(|e| format!("{operation} ({size}): {e}"))?
            {
                Some(cost) => rows.push((cost, *operation, size)),
                None => tight += 1,
            }
        }
    }
    rows.sort_by(|one, other| other.0.total_cmp(&one.0));
    println!("| ns a step | × average | size | operation |\n|---|---|---|---|");
    for (cost, operation, size) in rows.iter().take(SHOWN) {
        println!("| {cost:.2} | {:.1} | {size} | `{}` |", cost / average, operation.replace('\n', ";"));
    }
    println!("\n{} programs, {tight} of them did not fit their memory.", rows.len() + tight);
    if let Some((worst, ..)) = rows.first() {
        println!("The most expensive step costs {:.1} times the average one.", worst / average);
    }
    Ok(())
}

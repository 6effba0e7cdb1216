//! No source of any shape takes more than linear time to compile.

use std::error::Error;
use std::hint::black_box;
use std::time::Duration;

use mog_compiler::{Options, compile};
use mog_tests::shapes::SHAPES;

/// So many of something, and twice as many.
const SIZE: usize = 10_000;
/// What doubling the size may at most do. Linear time is 2, quadratic time 4; caches and allocators take their share.
const MOST: f64 = 3.0;
/// Below this nobody would notice.
const SHORT: Duration = Duration::from_millis(60);
/// Times of which the shortest counts.
const ATTEMPTS: usize = 5;

fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    Ok(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).try_into()?)
}

fn time(source: &str) -> Result<Duration, Box<dyn Error>> {
    let start = cpu_time()?;
    drop(black_box(compile(source, &Options::new("linear.mog"))));
    Ok(cpu_time()? - start)
}

#[test]
fn compiling_takes_linear_time() -> Result<(), Box<dyn Error>> {
    let mut slow = Vec::new();
    for (name, shape) in SHAPES {
        let (source, double) = (shape(SIZE), shape(2 * SIZE));
        let (mut least, mut least_double) = (Duration::MAX, Duration::MAX);
        let is_linear =
            |one: Duration, two: Duration| two < SHORT || two.as_secs_f64() < MOST * one.as_secs_f64();
        for _ in 0..ATTEMPTS {
            least = least.min(time(&source)?);
            least_double = least_double.min(time(&double)?);
            if is_linear(least, least_double) {
                break;
            }
        }
        if !is_linear(least, least_double) {
            slow.push(format!("{name}: {least:?} for {SIZE}, {least_double:?} for twice as many"));
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
    Ok(())
}

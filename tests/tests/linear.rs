//! No source of any shape takes more than linear time to compile.

use std::hint::black_box;
use std::time::Duration;

use mog_compiler::{Options, compile};
use mog_tests::clock::cpu_time;
use mog_tests::shapes::SHAPES;

/// So many of something, and then this many times as many.
const SIZE: usize = 2_500;
const TIMES: usize = 8;
/// By what the time may at most grow. Linear time is 8, quadratic time 64; caches and whoever else is on the machine take
/// their share.
const MOST: f64 = 24.0;
/// Below this nobody would notice.
const SHORT: Duration = Duration::from_millis(60);
/// Times of which the shortest counts.
const ATTEMPTS: usize = 5;

fn time(source: &str) -> Duration {
    let start = cpu_time();
    drop(black_box(compile(source, &Options::new("linear.mog"))));
    cpu_time() - start
}

#[test]
fn compiling_takes_linear_time() {
    let mut slow = Vec::new();
    for (name, shape) in SHAPES {
        let (source, many) = (shape(SIZE), shape(TIMES * SIZE));
        let (mut least, mut least_many) = (Duration::MAX, Duration::MAX);
        let is_linear =
            |one: Duration, many: Duration| many < SHORT || many.as_secs_f64() < MOST * one.as_secs_f64();
        for _ in 0..ATTEMPTS {
            least = least.min(time(&source));
            least_many = least_many.min(time(&many));
            if is_linear(least, least_many) {
                break;
            }
        }
        if !is_linear(least, least_many) {
            slow.push(format!("{name}: {least:?} for {SIZE}, {least_many:?} for {TIMES} times as many"));
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

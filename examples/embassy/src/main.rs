//! Two programs as tasks of embassy's executor: each waits for its timers while the other runs. Nothing but the compiler
//! allocates; the rest is as firmware would have it.
#![allow(clippy::print_stdout, reason = "the lamps of this board are lines")]

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use embassy_executor::Spawner;
use embassy_time::{Duration, Timer};
use mog_compiler::{Options, compile};
use mog_core::module::{Import, TypeRecord};
use mog_core::{AsyncHost, Binding, Call, Config, Host, Instance, Module, Outcome, Reply};

/// Blinks, and looks after something else meanwhile.
const BLINKER: &str = r"
async fn watch(samples: int) -> int {
    for i in 0..samples { await time.sleep(15) }
    samples
}

async fn blink(times: int, ms: int) -> int {
    for i in 0..times {
        lamp.set(i % 2 == 0)
        await time.sleep(ms)
    }
    times
}

pub async fn run(times: int, ms: int) -> int {
    done := await all([watch(3), blink(times, ms)])
    done.sum()
}
";

/// Bytes of a program's memory: stack and heap.
const MEMORY: usize = 4096;
/// Steps until others have their turn.
const SLICE: u64 = 1000;
/// Steps that a program may take in all.
const STEPS: u64 = 1_000_000;
/// Timers that a program may have at once.
const TIMERS: usize = 4;

const LAMP: u16 = 0;
const SLEEP: u16 = 1;

/// What a program is granted: `lamp.set` and `time.sleep`.
struct Board {
    lamp: &'static str,
    timers: heapless::Vec<(u32, Timer), TIMERS>,
    next_token: u32,
}

impl Host for Board {
    fn bind(&mut self, import: &Import<'_>, _: TypeRecord<'_>, _: &Module<'_>) -> Binding {
        match (import.capability, import.function) {
            ("lamp", "set") => Binding::Granted(LAMP),
            ("time", "sleep") => Binding::Granted(SLEEP),
            _ => Binding::Refused,
        }
    }

    fn grants(&self, capability: &str) -> bool {
        matches!(capability, "lamp" | "time")
    }

    fn call(&mut self, function: u16, call: &mut Call<'_, '_>) -> Reply {
        if function == LAMP {
            println!("{} {}", self.lamp, if call.int_arg(0) != 0 { "on" } else { "off" });
            return Reply::Done;
        }
        let timer = Timer::after(Duration::from_millis(call.int_arg(0).unsigned_abs()));
        let token = self.next_token;
        self.next_token = token.wrapping_add(1);
        match self.timers.push((token, timer)) {
            Ok(()) => Reply::Pending(token),
            Err(_) => call.fail("all timers are in use"),
        }
    }

    fn resume(&mut self, _: u16, token: u32, _: &mut Call<'_, '_>) -> Reply {
        if self.timers.iter().any(|(known, _)| *known == token) { Reply::Pending(token) } else { Reply::Done }
    }

    fn cancelled(&mut self, token: u32) {
        self.timers.retain(|(known, _)| *known != token);
    }
}

impl AsyncHost for Board {
    fn poll_complete(&mut self, context: &mut Context<'_>) -> Poll<u32> {
        let over = self.timers.iter_mut().position(|(_, timer)| Pin::new(timer).poll(context).is_ready());
        over.map_or(Poll::Pending, |index| Poll::Ready(self.timers.remove(index).0))
    }
}

/// How many programs are at work.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

#[embassy_executor::task(pool_size = 2)]
async fn program(lamp: &'static str, module: Module<'static>, times: i64, ms: i64) {
    let mut arena = [0; MEMORY / 8];
    let mut board = Board { lamp, timers: heapless::Vec::new(), next_token: 0 };
    println!("{lamp}: {}", run(&mut board, module, &mut arena, [times, ms]).await);
    if RUNNING.fetch_sub(1, Ordering::Relaxed) == 1 {
        // This executor never ends by itself.
        std::process::exit(0);
    }
}

/// Runs a program to its end; says how it ended.
async fn run(board: &mut Board, module: Module<'static>, arena: &mut [u64], arguments: [i64; 2]) -> String {
    let mut instance = match Instance::new(module, arena, board, Config::default()) {
        Ok(instance) => instance,
        Err(error) => return format!("{error:?}"),
    };
    let function = module.metadata().export("run");
    let entered = instance.enter(function.unwrap_or(u16::MAX), 0, |_, slots| {
        arguments.iter().try_for_each(|argument| slots.push(argument.cast_unsigned()).ok())
    });
    if let Err(error) = entered {
        return format!("{error:?}");
    }
    match instance.run_async(board, STEPS, SLICE).await {
        Outcome::Returned => format!("{:?}", instance.result().map(|value| value.data())),
        other => format!("{other:?}: {}", instance.failure().1),
    }
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    if let Err(message) = start(spawner) {
        eprintln!("{message}");
        std::process::exit(1);
    }
}

/// Starts the programs.
fn start(spawner: Spawner) -> Result<(), String> {
    let compiled = compile(BLINKER, &Options::new("blinker.mog"));
    let words = compiled.map_err(|rejected| format!("{:?}", rejected.diagnostics))?.module;
    // Firmware has it in flash.
    let module = Module::load_words(Vec::leak(words)).map_err(|error| error.to_string())?;
    for (lamp, times, ms) in [("red", 4, 10), ("green", 2, 25)] {
        RUNNING.fetch_add(1, Ordering::Relaxed);
        spawner.spawn(program(lamp, module, times, ms).map_err(|error| format!("{error:?}"))?);
    }
    Ok(())
}

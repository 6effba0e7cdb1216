//! Instructions and native stack of programs, under an emulator that counts instructions: `-icount shift=0` lets each take
//! a nanosecond, and the board's timer ticks every 40.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use cortex_m_rt::entry;
use mog_core::host::DirectCall;
use mog_core::{Call, Capability, Outcome, Reply, StaticHost, capabilities};
use mog_measure::{Place, builtins, program};
use semihosting::println;

static GRANTED: &[Capability] = capabilities! {
    out.println(string) = nothing;
    sensor.read(int) -> int = read, direct read_now;
};

fn nothing(_: &mut Call<'_, '_>) -> Reply {
    Reply::Done
}

fn read(call: &mut Call<'_, '_>) -> Reply {
    call.return_int(call.int_arg(0) + 1)
}

fn read_now(call: DirectCall<'_, '_>) -> u64 {
    call.slot(0).wrapping_add(1)
}

/// The board's first CMSDK timer: control, value, reload. It counts down.
const TIMER: *mut u32 = 0x4000_0000 as *mut u32;

fn start_timer() {
    // SAFETY: the registers of a timer that nothing else uses.
    unsafe {
        TIMER.add(2).write_volatile(u32::MAX);
        TIMER.add(1).write_volatile(u32::MAX);
        TIMER.write_volatile(1);
    }
}

/// Instructions since the timer was started, to 40.
fn instructions() -> u64 {
    // SAFETY: as above; reading it changes nothing.
    let left = unsafe { TIMER.add(1).read_volatile() };
    u64::from(u32::MAX - left) * 40
}

/// Words of native stack that are painted.
const PAINTED: usize = 4096;
const PAINT: u32 = 0x5aa5_5aa5;

/// Bytes of native stack that work takes.
#[inline(never)]
fn stack_of<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let here = cortex_m::register::msp::read();
    // What is next to this frame belongs to the loop that paints.
    let lowest = (here as usize - 64 - PAINTED * 4) as *mut u32;
    // SAFETY: the stack grows down from the end of 16 MiB of memory, at whose start the little that is static lies; nothing
    // lives below the stack pointer.
    unsafe { (0..PAINTED).for_each(|at| lowest.add(at).write_volatile(PAINT)) };
    let result = work();
    // SAFETY: as above.
    let clean = unsafe { (0..PAINTED).take_while(|&at| lowest.add(at).read_volatile() == PAINT).count() };
    (result, (PAINTED - clean) * 4 + 64)
}

fn measure(name: &str, bytes: &'static [u8], place: &mut Place, arena: &mut [u64]) {
    let (loaded, load_stack) = stack_of(|| place.load(bytes));
    if let Err(error) = loaded {
        println!("{name} was refused: {error:?}");
        return;
    }
    let before = instructions();
    let _ = place.load(bytes);
    let loaded = instructions();
    let mut host = StaticHost { table: GRANTED };
    let (instance, start_stack) = stack_of(|| place.start(arena, &mut host));
    let Some(mut instance) = instance else {
        println!("{name} was not started");
        return;
    };
    let (ended, run_stack) = stack_of(|| instance.run(&mut host, u64::MAX));
    let started = instructions();
    let again = place.start(arena, &mut host).map(|mut instance| instance.run(&mut host, u64::MAX));
    let end = instructions();
    if ended != Outcome::Returned || again != Some(ended) {
        println!("{name} ended otherwise: {ended:?}");
    }
    println!("{name}_bytes {}", bytes.len());
    println!("{name}_load {}", loaded - before);
    println!("{name}_run {}", end - started);
    println!("{name}_load_stack {load_stack}");
    println!("{name}_run_stack {}", run_stack.max(start_stack));
}

#[entry]
fn main() -> ! {
    static mut ARENA: [u64; 2048] = [0; 2048];
    static mut PLACE: Place = Place::EMPTY;
    if !builtins::are_right() {
        println!("copying, filling, comparing or dividing went wrong");
        semihosting::process::exit(102);
    }
    start_timer();
    measure("hello", program!("hello"), PLACE, ARENA);
    measure("fib", program!("fib"), PLACE, ARENA);
    measure("sieve", program!("sieve"), PLACE, ARENA);
    measure("integers", program!("integers"), PLACE, ARENA);
    measure("calls", program!("calls"), PLACE, ARENA);
    measure("rules", program!("rules"), PLACE, ARENA);
    measure("churn", program!("churn"), PLACE, ARENA);
    semihosting::process::exit(0)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    println!("{info}");
    semihosting::process::exit(101)
}

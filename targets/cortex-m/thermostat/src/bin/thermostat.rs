//! The thermostat without an allocator: slots and the program's memory are static.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use mog_cortex_m::{Ticks, exit};
use mog_thermostat::{ARENA_WORDS, demonstration};

#[entry]
fn main() -> ! {
    static mut ARENA: [u64; ARENA_WORDS] = [0; ARENA_WORDS];
    Ticks::start();
    demonstration(ARENA);
    exit(0)
}

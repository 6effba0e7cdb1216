//! The thermostat with an allocator: for hosts that have a heap anyway. The program's memory is a vector, as large as
//! the host likes; the machine itself still allocates nothing.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec;

use cortex_m_rt::entry;
use embedded_alloc::LlffHeap;
use mog_cortex_m::{Ticks, exit};
use mog_thermostat::{ARENA_WORDS, demonstration};

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

/// Bytes of the heap.
const HEAP_BYTES: usize = 8 << 10;

#[entry]
fn main() -> ! {
    static mut MEMORY: [u64; HEAP_BYTES / 8] = [0; HEAP_BYTES / 8];
    // SAFETY: this runs once, before the first allocation, and nothing else uses that memory.
    unsafe { HEAP.init(MEMORY.as_mut_ptr().addr(), HEAP_BYTES) };
    Ticks::start();
    demonstration(&mut vec![0; ARENA_WORDS]);
    exit(0)
}

//! Runs the stored programs of the pack that lies behind this firmware in flash.
#![no_std]
#![no_main]

use core::slice;

use cortex_m_rt::entry;
use mog_cortex_m::{MEMORY, exit};
use mog_firmware::{Terminal, arena_words, run_pack};

unsafe extern "C" {
    static _pack: [u32; 0];
    static _pack_end: [u32; 0];
}

#[entry]
fn main() -> ! {
    static mut ARENA: [u64; arena_words(MEMORY)] = [0; arena_words(MEMORY)];
    let (start, end) = (&raw const _pack, &raw const _pack_end);
    // SAFETY: the memory map sets this range aside; nothing else is placed there, and nothing writes it.
    let pack = unsafe { slice::from_raw_parts(start.cast::<u8>(), end.addr() - start.addr()) };
    run_pack(pack, ARENA, &mut Terminal::open());
    exit(0)
}

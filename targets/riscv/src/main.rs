//! Runs the stored programs of the pack that lies behind this firmware.
#![no_std]
#![no_main]

use core::panic::PanicInfo;
use core::slice;

use mog_firmware::{Console, Terminal, arena_words, run_pack};
use riscv_rt::entry;

/// Bytes of memory that a program may ask for.
const MEMORY: usize = 4 << 20;

unsafe extern "C" {
    static _pack: [u32; 0];
    static _pack_end: [u32; 0];
}

#[entry]
fn main() -> ! {
    static mut ARENA: [u64; arena_words(MEMORY)] = [0; arena_words(MEMORY)];
    // SAFETY: nothing else can name it, and this function is entered once.
    let arena = unsafe { (&raw mut ARENA).as_mut_unchecked() };
    let (start, end) = (&raw const _pack, &raw const _pack_end);
    // SAFETY: the memory map sets this range aside; nothing else is placed there, and nothing writes it.
    let pack = unsafe { slice::from_raw_parts(start.cast::<u8>(), end.addr() - start.addr()) };
    run_pack(pack, arena, &mut Terminal::open());
    semihosting::process::exit(0)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    Terminal::open().remark(format_args!("{info}"));
    semihosting::process::exit(101)
}

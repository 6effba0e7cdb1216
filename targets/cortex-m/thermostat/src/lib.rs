//! A thermostat whose rules are Mog programs: a host without an operating system and without an allocator.
//!
//! - [`devices`] is what a program can reach: a table of functions in flash.
//! - [`slots`] is where programs lie: two places in flash, so that a new one can be checked while the old one runs.
//! - [`supervise`] runs the program in a slot, so many steps a tick of the timer, until a better one has arrived.
//!
//! The emulated board has no flash controller and no thermometer. What stands for them is marked.
#![no_std]

pub mod devices;
pub mod slots;
pub mod supervise;

use mog_firmware::{Console, Terminal};

use slots::{Slots, receive};
use supervise::{Arrival, supervise};

/// Bytes that lie where a module must.
#[repr(C, align(4))]
struct Aligned<T: ?Sized>(T);

static DAY: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/day.mogb")));
static NIGHT: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/night.mogb")));

/// Words of a slot.
pub const SLOT_WORDS: usize = 512;
/// Words of a program's memory: 4 KiB.
pub const ARENA_WORDS: usize = 512;

/// Runs the rules for the day, while images arrive: three that are damaged, which leave the program that runs alone, and
/// the rules for the night.
pub fn demonstration(arena: &mut [u64]) {
    let Some(mut slots) = Slots::take() else { return };
    let (day, night) = (&DAY.0, &NIGHT.0);
    let damaged = |after, name| Arrival { after, name, image: night, offset: 0, damaged: None };
    let arrivals = [
        Arrival { offset: 1, ..damaged(4, "misaligned") },
        Arrival { image: night.get(..night.len() - 8).unwrap_or_default(), ..damaged(8, "truncated") },
        // The opcode of the first instruction.
        Arrival { damaged: Some(40), ..damaged(12, "corrupted") },
        damaged(16, "night"),
    ];
    let (_, flash) = slots.split();
    match receive(flash, day, 0) {
        Ok(()) => {
            slots.switch();
            supervise(&mut slots, arena, &arrivals, 60);
        }
        Err(error) => Terminal::open().remark(format_args!("day: error {}: {error}", error.code())),
    }
}

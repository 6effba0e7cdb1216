//! A thermostat whose rules are Mog programs: a host without an operating system and without an allocator.
//!
//! - [`devices`] is what a program can reach: a table of functions in flash.
//! - [`slots`] is where programs lie: two places in flash, so that a new one can be checked while the old one runs. None is
//!   run that the owner of the firmware's key has not signed.
//! - [`events`] is what it tells of, as text or in defmt's frames.
//! - [`supervise`] runs the program in a slot, so many steps a tick of the timer, until a better one has arrived.
//!
//! The emulated board has no flash controller and no thermometer. What stands for them is marked.
#![no_std]

pub mod devices;
pub mod events;
pub mod slots;
pub mod supervise;

use events::Event;
use slots::{Slots, receive};
use supervise::{Arrival, supervise};

static DAY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/day.mogs"));
static NIGHT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/night.mogs"));
/// Nobody signed it.
static UNSIGNED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/night.mogb"));

/// Words of a slot.
pub const SLOT_WORDS: usize = 512;
/// Words of a program's memory: 4 KiB.
pub const ARENA_WORDS: usize = 512;

/// Runs the rules for the day, while images arrive: damaged ones, one that nobody signed, the rules for the night, and then
/// again those for the day, which are older. What is refused leaves the program alone that runs.
pub fn demonstration(arena: &mut [u64]) {
    let Some(mut slots) = Slots::take() else { return };
    let arrival = |after, name, image| Arrival { after, name, image, offset: 0, damaged: None };
    let arrivals = [
        Arrival { offset: 1, ..arrival(4, "misaligned", NIGHT) },
        arrival(8, "truncated", NIGHT.get(..NIGHT.len() - 8).unwrap_or_default()),
        // A byte of the code.
        Arrival { damaged: Some(NIGHT.len() / 2), ..arrival(12, "corrupted", NIGHT) },
        // The most memory that it may have, in the manifest.
        Arrival { damaged: Some(105), ..arrival(13, "greedy", NIGHT) },
        arrival(14, "unsigned", UNSIGNED),
        arrival(16, "night", NIGHT),
        arrival(4, "day", DAY),
    ];
    let (_, flash) = slots.split();
    match receive(flash, DAY, 0, 0) {
        Ok(()) => {
            slots.switch();
            supervise(&mut slots, arena, &arrivals, 60);
        }
        Err(error) => Event::Refused("day", error).log(),
    }
}

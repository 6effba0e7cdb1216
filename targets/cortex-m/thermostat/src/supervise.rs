//! Runs the program of a slot, and changes it for another one that has arrived.

use cortex_m::asm;
use mog_core::{Config, Instance, Outcome, StartError, StaticHost};
use mog_signature::Refused;

use crate::devices::{self, CONVERSION};
use crate::events::{Event, Failed};
use crate::slots::{Slots, receive, trusted};

/// Steps that a program may take in a tick of the timer. Nothing that it does keeps the main loop away for longer.
const STEPS_PER_TICK: u64 = 2_000;

/// An image that arrives: stands for the radio.
pub struct Arrival {
    /// After how many readings.
    pub after: u32,
    /// What it is, for the log.
    pub name: &'static str,
    /// Its bytes.
    pub image: &'static [u8],
    /// How many bytes behind its place the sender put it.
    pub offset: usize,
    /// A byte of it that another one replaces on the way.
    pub damaged: Option<usize>,
}

/// How the program in a slot came to its end.
enum End {
    /// A module has arrived.
    Replaced,
    /// Everything has arrived, and so many readings were made.
    Done,
}

/// Runs the active slot's program and those that replace it, until so many readings were made.
pub fn supervise(slots: &mut Slots<'_>, arena: &mut [u64], mut arrivals: &[Arrival], readings: u32) {
    loop {
        let (image, _) = slots.split();
        Event::Running(image.len()).log();
        match run(slots, arena, &mut arrivals, readings) {
            Ok(End::Replaced) => slots.switch(),
            Ok(End::Done) => return,
            Err(error) => {
                Event::NotStarted(error).log();
                return;
            }
        }
    }
}

fn run(
    slots: &mut Slots<'_>,
    arena: &mut [u64],
    arrivals: &mut &[Arrival],
    readings: u32,
) -> Result<End, Failed> {
    let (image, spare) = slots.split();
    // At every start: flash can be written in more ways than one.
    let signed = trusted(image, 0)?;
    let module = signed.load()?;
    let words = signed.manifest.limits.memory.map_or(arena.len(), |bytes| (bytes / 8) as usize);
    let arena = arena.get_mut(..words).ok_or(StartError::ArenaTooSmall { needs: words })?;
    let mut host = StaticHost { table: devices::GRANTED };
    devices::reset();
    let mut instance = Instance::new(module, arena, &mut host, Config::default())?;
    let main = module.metadata().export("main");
    instance.enter(main.unwrap_or(0), 0, |_, _| Some(()))?;
    let mut over_budget = false;
    loop {
        wait_for_tick();
        if devices::is_ready() {
            instance.complete(CONVERSION);
        }
        match instance.run(&mut host, STEPS_PER_TICK) {
            Outcome::Pending(_) | Outcome::Waiting => {}
            Outcome::Paused => {
                if !over_budget {
                    Event::OverBudget.log();
                }
                over_budget = true;
            }
            ended => {
                Event::Ended(ended).log();
                return Ok(End::Done);
            }
        }
        if let Some((arrival, rest)) = arrivals.split_first()
            && devices::readings() >= arrival.after
        {
            *arrivals = rest;
            match take(spare, arrival, signed.manifest.version) {
                Ok(()) => {
                    Event::Verified(arrival.name).log();
                    return Ok(End::Replaced);
                }
                Err(error) => Event::Refused(arrival.name, error).log(),
            }
        }
        if arrivals.is_empty() && devices::readings() >= readings {
            return Ok(End::Done);
        }
    }
}

/// Writes what arrived to the spare slot.
fn take(spare: &mut crate::slots::Flash, arrival: &Arrival, minimum_version: u32) -> Result<(), Refused> {
    let mut image = [0; crate::SLOT_WORDS * 4];
    let bytes = image.get_mut(..arrival.image.len()).ok_or(Refused::Malformed)?;
    bytes.copy_from_slice(arrival.image);
    if let Some(byte) = arrival.damaged.and_then(|at| bytes.get_mut(at)) {
        *byte ^= 0xff;
    }
    receive(spare, bytes, arrival.offset, minimum_version)
}

/// Sleeps until the timer's next interrupt.
fn wait_for_tick() {
    let now = devices::ticks();
    while devices::ticks() == now {
        asm::wfi();
    }
}

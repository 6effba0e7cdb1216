//! What a program can reach: the thermometer, the heater, a log.

use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};

use cortex_m_rt::exception;
use mog_core::{Call, Capability, Reply, capabilities};

use crate::events::Event;

/// What programs are granted. It lies in flash; a call is an index into it.
pub static GRANTED: &[Capability] = capabilities! {
    sensor.read() -> int = read;
    heater.set(bool) = heat;
    log.write(string) = write;
};

/// Names the call that waits for the thermometer: there is one thermometer.
pub const CONVERSION: u32 = 1;
/// Ticks that the thermometer takes for a reading.
const CONVERSION_TICKS: u32 = 3;

/// Ticks since the timer was started.
static TICKS: AtomicU32 = AtomicU32::new(0);
/// Ticks until the reading is there; 0 if none was asked for.
static CONVERTING: AtomicU32 = AtomicU32::new(0);
static READY: AtomicBool = AtomicBool::new(false);
/// Readings that a program got.
static READINGS: AtomicU32 = AtomicU32::new(0);
/// Stands for the room: its temperature, in tenths of a degree.
static ROOM: AtomicI32 = AtomicI32::new(190);
static HEATING: AtomicBool = AtomicBool::new(false);

/// The timer's interrupt. It completes the reading that a program waits for, without touching the program: that is for
/// the main loop to do.
#[exception]
fn SysTick() {
    // One core, and this is the only interrupt: nothing comes between reading and writing.
    TICKS.store(TICKS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    match CONVERTING.load(Ordering::Relaxed) {
        0 => {}
        1 => {
            CONVERTING.store(0, Ordering::Relaxed);
            READY.store(true, Ordering::Release);
        }
        left => CONVERTING.store(left - 1, Ordering::Relaxed),
    }
}

/// Ticks since the timer was started.
#[must_use]
pub fn ticks() -> u32 {
    TICKS.load(Ordering::Relaxed)
}

/// Readings that programs got so far.
#[must_use]
pub fn readings() -> u32 {
    READINGS.load(Ordering::Relaxed)
}

/// Whether the reading is there that a program waits for.
#[must_use]
pub fn is_ready() -> bool {
    READY.load(Ordering::Acquire)
}

/// Forgets what an earlier program asked for.
pub fn reset() {
    CONVERTING.store(0, Ordering::Relaxed);
    READY.store(false, Ordering::Release);
}

/// Begins a reading, and gives it when the timer's interrupt has ended it.
fn read(call: &mut Call<'_, '_>) -> Reply {
    if !is_ready() {
        if CONVERTING.load(Ordering::Relaxed) == 0 {
            CONVERTING.store(CONVERSION_TICKS, Ordering::Relaxed);
        }
        return Reply::Pending(CONVERSION);
    }
    READY.store(false, Ordering::Release);
    READINGS.store(readings().wrapping_add(1), Ordering::Relaxed);
    let change = if HEATING.load(Ordering::Relaxed) { 9 } else { -7 };
    let temperature = ROOM.load(Ordering::Relaxed) + change;
    ROOM.store(temperature, Ordering::Relaxed);
    call.return_int(i64::from(temperature))
}

fn heat(call: &mut Call<'_, '_>) -> Reply {
    HEATING.store(call.int_arg(0) != 0, Ordering::Relaxed);
    Reply::Done
}

fn write(call: &mut Call<'_, '_>) -> Reply {
    let text = call.memory().string(call.int_arg(0).cast_unsigned()).unwrap_or_default();
    Event::Said(text).log();
    Reply::Done
}

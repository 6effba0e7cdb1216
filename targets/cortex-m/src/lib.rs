//! What all Cortex-M firmware here has in common.
#![no_std]

use core::panic::PanicInfo;

use cortex_m::Peripherals;
use cortex_m::peripheral::syst::SystClkSource;
use mog_firmware::{Console, Terminal};
use mog_small_builtins as _;

include!(concat!(env!("OUT_DIR"), "/board.rs"));

/// The core's timer.
pub struct Ticks;

impl Ticks {
    /// Starts it: an interrupt every millisecond at 25 MHz. Does nothing if it was started before.
    pub fn start() {
        let Some(mut core) = Peripherals::take() else { return };
        core.SYST.set_clock_source(SystClkSource::Core);
        core.SYST.set_reload(25_000 - 1);
        core.SYST.clear_current();
        core.SYST.enable_counter();
        core.SYST.enable_interrupt();
    }
}

/// Ends the emulation.
pub fn exit(code: i32) -> ! {
    semihosting::process::exit(code)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    Terminal::open().remark(format_args!("{info}"));
    exit(101)
}

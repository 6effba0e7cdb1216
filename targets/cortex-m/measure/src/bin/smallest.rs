//! The smallest useful firmware: loader, verifier, machine, collector, strings and arrays, and a program that prints to the
//! serial line. For its size.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use cortex_m::asm;
use cortex_m_rt::entry;
use mog_core::{Call, Capability, Reply, StaticHost, capabilities};
use mog_measure::{Place, program};

static GRANTED: &[Capability] = capabilities! {
    out.print(string) = print;
    out.println(string) = println;
};

fn print(call: &mut Call<'_, '_>) -> Reply {
    let text = call.memory().string(call.int_arg(0).cast_unsigned()).unwrap_or_default();
    text.bytes().for_each(send);
    Reply::Done
}

fn println(call: &mut Call<'_, '_>) -> Reply {
    print(call);
    send(b'\n');
    Reply::Done
}

/// Writes to the board's serial line.
fn send(byte: u8) {
    const UART: *mut u32 = 0x4000_4000 as *mut u32;
    // SAFETY: the data register of the board's first CMSDK UART, which nothing else uses.
    unsafe { UART.write_volatile(u32::from(byte)) };
}

#[entry]
fn main() -> ! {
    static mut ARENA: [u64; 128] = [0; 128];
    static mut PLACE: Place = Place::EMPTY;
    const UART_CONTROL: *mut u32 = 0x4000_4008 as *mut u32;
    // SAFETY: the control register of the same UART; bit 0 lets it transmit.
    unsafe { UART_CONTROL.write_volatile(1) };
    if PLACE.load(program!("hello")).is_ok() {
        let mut host = StaticHost { table: GRANTED };
        if let Some(mut instance) = PLACE.start(ARENA, &mut host) {
            instance.run(&mut host, u64::MAX);
        }
    }
    loop {
        asm::wfi();
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    asm::udf()
}

//! Emulated boards: what each is, and what it writes for a pack of stored programs.

use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use mog_core::features::{ARRAYS, FLOATS, MAPS, PRESENT, STRINGS, TASKS};
use mog_firmware::{Case, Console, encode};

use crate::process::{self, Exit, Scratch};

/// The longest that one start of an emulator may take.
const LIMIT: Duration = Duration::from_secs(240);
/// What emulates a board.
#[derive(Clone, Copy, Debug)]
pub enum Emulator {
    /// A program for Linux, which is told the pack's file.
    User(&'static [&'static str]),
    /// A whole machine, in whose memory the pack lies at this address.
    System(&'static [&'static str], u32),
}

/// A board, or what stands for one.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    /// Its name.
    pub name: &'static str,
    /// What emulates it.
    pub emulator: Emulator,
    /// Registers of the window that its firmware is built with.
    pub window: usize,
    /// The most memory that it has for a program, in bytes.
    pub memory: u32,
    /// Parts of the machine that its firmware has.
    pub parts: u16,
    /// Room for a pack, in bytes.
    pub pack: usize,
    /// How many programs must fit it.
    pub at_least: usize,
    /// How many attacks must fit it.
    pub attacks: usize,
}

/// All boards.
pub const BOARDS: [Board; 6] = [
    Board {
        name: "aarch64",
        emulator: Emulator::User(&["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]),
        window: 256,
        memory: 4 << 20,
        parts: PRESENT,
        pack: 4 << 20,
        at_least: 400,
        attacks: 70,
    },
    Board {
        name: "riscv32",
        emulator: Emulator::System(
            &["qemu-system-riscv32", "-machine", "virt", "-bios", "none"],
            0x8400_0000,
        ),
        window: 256,
        memory: 4 << 20,
        parts: PRESENT,
        pack: 2 << 20,
        at_least: 400,
        attacks: 70,
    },
    Board {
        name: "mps2-an385",
        emulator: Emulator::System(&["qemu-system-arm", "-machine", "mps2-an385"], 0x20_0000),
        window: 256,
        memory: 4 << 20,
        parts: PRESENT,
        pack: 2 << 20,
        at_least: 400,
        attacks: 70,
    },
    Board {
        name: "mps2-an386",
        emulator: Emulator::System(&["qemu-system-arm", "-machine", "mps2-an386"], 0x20_0000),
        window: 256,
        memory: 4 << 20,
        parts: PRESENT,
        pack: 2 << 20,
        at_least: 400,
        attacks: 70,
    },
    Board {
        name: "lm3s6965evb",
        emulator: Emulator::System(&["qemu-system-arm", "-machine", "lm3s6965evb"], 0x3_c000),
        window: 64,
        memory: 32 << 10,
        parts: FLOATS | MAPS | STRINGS | TASKS | ARRAYS,
        pack: 16 << 10,
        at_least: 250,
        attacks: 35,
    },
    Board {
        name: "microbit",
        emulator: Emulator::System(&["qemu-system-arm", "-machine", "microbit"], 0x3_c000),
        window: 32,
        memory: 8 << 10,
        parts: FLOATS | MAPS | STRINGS | TASKS | ARRAYS,
        pack: 16 << 10,
        at_least: 100,
        attacks: 35,
    },
];

impl Board {
    /// What it writes for a pack, when it runs this image.
    ///
    /// # Errors
    /// If the emulator does not end as it should.
    pub fn run(&self, image: &Path, mut pack: Vec<u8>) -> Result<String, String> {
        let scratch = Scratch::new().map_err(|error| error.to_string())?;
        pack.resize(self.pack, 0);
        let file = scratch.write("pack", pack).map_err(|error| error.to_string())?;
        let (command, args) = self.emulator.command(image, &file);
        let came = process::run(Path::new(command), &args, &[], scratch.path(), LIMIT)
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&came.stdout).into_owned();
        if came.exit == Exit::Code(0) { Ok(text) } else { Err(format!("{came:?}")) }
    }
}

impl Emulator {
    /// Program and arguments that run an image with a pack.
    fn command(self, image: &Path, pack: &Path) -> (&'static str, Vec<OsString>) {
        let (Self::User(command) | Self::System(command, _)) = self;
        let mut args: Vec<OsString> = command.iter().skip(1).map(Into::into).collect();
        match self {
            Self::User(_) => args.extend([image.into(), pack.into()]),
            Self::System(_, at) => {
                let fixed = ["-display", "none", "-serial", "none", "-monitor", "none"];
                args.extend(fixed.map(Into::into));
                args.extend(["-semihosting-config", "enable=on,target=native", "-kernel"].map(Into::into));
                let loader = format!("loader,file={},addr={at:#x},force-raw=on", pack.display());
                args.extend([image.into(), "-device".into(), loader.into()]);
            }
        }
        (command.first().copied().unwrap_or_default(), args)
    }
}

/// Adds a case to a pack that may have so many bytes, the end of it included. False if it does not fit.
pub fn append(case: &Case<'_>, pack: &mut Vec<u8>, room: usize) -> bool {
    let start = pack.len();
    pack.resize(room - 4, 0);
    let written = pack.get_mut(start..).and_then(|rest| encode(case, rest));
    pack.truncate(start + written.unwrap_or(0));
    written.is_some()
}

/// What a case wrote on the host.
#[derive(Debug, Default)]
pub struct Written {
    /// The program's output.
    pub output: String,
    /// That and the remarks, as boards write it.
    pub all: String,
    /// How much of the output was there at each remark.
    pub remarks: Vec<usize>,
}

impl Written {
    /// The last line: how it ended.
    #[must_use]
    pub fn ending(&self) -> &str {
        self.all.lines().last().unwrap_or_default()
    }
}

impl fmt::Write for Written {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.output.push_str(text);
        self.all.push_str(text);
        Ok(())
    }
}

impl Console for Written {
    fn remark(&mut self, line: fmt::Arguments<'_>) {
        self.remarks.push(self.output.len());
        // Writing to a string cannot fail.
        let _ = writeln!(self.all, "{line}");
    }
}

//! Runs the stored programs of a pack and writes what boards write. For 64-bit ARM Linux, where the machine dispatches by
//! tail calls; it builds for any system.

use std::env;
use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;

use mog_firmware::{Console, arena_words, run_pack};

/// Bytes of memory that a program may ask for.
const MEMORY: usize = 4 << 20;

/// Standard output.
struct Terminal(io::StdoutLock<'static>);

impl fmt::Write for Terminal {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write_all(text.as_bytes()).map_err(|_| fmt::Error)
    }
}

impl Console for Terminal {
    fn remark(&mut self, line: fmt::Arguments<'_>) {
        // Nobody is left to tell if this fails.
        let _ = writeln!(self.0, "{line}");
    }
}

fn main() -> ExitCode {
    let Some(path) = env::args_os().nth(1) else {
        eprintln!("usage: mog-aarch64 PACK");
        return ExitCode::from(64);
    };
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            return ExitCode::from(66);
        }
    };
    // Words, because modules are used where they lie.
    let (words, _) = bytes.as_chunks::<8>();
    let words: Vec<u64> = words.iter().map(|&bytes| u64::from_le_bytes(bytes)).collect();
    run_pack(
        bytemuck::cast_slice(&words),
        &mut vec![0; arena_words(MEMORY)],
        &mut Terminal(io::stdout().lock()),
    );
    ExitCode::SUCCESS
}

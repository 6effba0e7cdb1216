//! A console that the debugger shows, or QEMU: semihosting.

use core::fmt;

use semihosting::io::{Stdout, Write as _};

use crate::Console;

/// The debugger's console. Each write to it stops the core, so text is gathered.
#[derive(Debug)]
pub struct Terminal {
    out: Option<Stdout>,
    gathered: heapless::String<256>,
}

impl Terminal {
    /// Opens the console. Without a debugger, what is written is dropped.
    #[must_use]
    pub fn open() -> Self {
        Self { out: semihosting::io::stdout().ok(), gathered: heapless::String::new() }
    }

    /// Hands on what was gathered.
    pub fn flush(&mut self) {
        let gathered = core::mem::take(&mut self.gathered);
        // Nobody is left to tell if this fails.
        let _ = self.send(&gathered);
    }

    fn send(&mut self, text: &str) -> fmt::Result {
        self.out.as_mut().map_or(Ok(()), |out| out.write_all(text.as_bytes())).map_err(|_| fmt::Error)
    }
}

impl fmt::Write for Terminal {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.gathered.push_str(text).is_ok() {
            return Ok(());
        }
        self.flush();
        if self.gathered.push_str(text).is_ok() { Ok(()) } else { self.send(text) }
    }
}

impl Console for Terminal {
    fn remark(&mut self, line: fmt::Arguments<'_>) {
        // Nobody is left to tell if this fails.
        let _ = fmt::write(self, line).and_then(|()| fmt::Write::write_str(self, "\n"));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.flush();
    }
}

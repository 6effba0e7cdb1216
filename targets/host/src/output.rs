//! Where a program's output goes: buffered, flushed when the program ends or something else may be seen, and
//! bounded if the host says so.

use std::fmt;
use std::io::{self, Write};

/// Output is handed on when this much has gathered.
const BUFFER: usize = 32 << 10;

/// The program's output.
pub(crate) struct Output {
    sink: Box<dyn Write + Send>,
    buffer: Vec<u8>,
    /// Flush at every line end: somebody is watching.
    pub(crate) by_line: bool,
    /// Bytes that may still be written.
    pub(crate) left: u64,
}

impl Output {
    pub(crate) fn new(sink: Box<dyn Write + Send>) -> Self {
        Self { sink, buffer: Vec::new(), by_line: false, left: u64::MAX }
    }

    /// From now on output goes there.
    pub(crate) fn redirect(&mut self, sink: Box<dyn Write + Send>) {
        self.sink = sink;
    }

    /// Whether so many bytes more are within the bound; if so they are counted.
    pub(crate) const fn admit(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes as u64) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    /// Writes text, and a line end if asked.
    pub(crate) fn write(&mut self, text: &str, line_end: bool) -> io::Result<()> {
        if self.buffer.len() + text.len() >= BUFFER {
            self.flush_buffer()?;
        }
        if text.len() >= BUFFER {
            self.sink.write_all(text.as_bytes())?;
        } else {
            self.buffer.extend_from_slice(text.as_bytes());
        }
        if line_end {
            self.buffer.push(b'\n');
        }
        if self.by_line && (line_end || text.contains('\n')) { self.flush() } else { Ok(()) }
    }

    fn flush_buffer(&mut self) -> io::Result<()> {
        let result = self.sink.write_all(&self.buffer);
        // What could not be written now cannot be written later either.
        self.buffer.clear();
        result
    }

    /// Whether there is nothing to hand on.
    pub(crate) const fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Hands on what has gathered.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        self.flush_buffer()?;
        self.sink.flush()
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("left", &self.left).finish_non_exhaustive()
    }
}

//! What the tests of the library share.
#![allow(dead_code, reason = "no test uses all of it")]
#![allow(unreachable_pub, reason = "each test has this module as its own")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use mog::{CapabilitySet, Compiler, Error, Runtime};

pub type Test = Result<(), Box<dyn std::error::Error>>;

/// A program with what it is granted, and room enough.
pub fn runtime(source: &str, capabilities: CapabilitySet) -> Result<Runtime, Error> {
    let program = Compiler::with(&capabilities).compile(source)?;
    Runtime::new(program, capabilities)
}

/// What a program prints.
pub fn output_of(source: &str, capabilities: CapabilitySet) -> Result<String, Error> {
    let (buffer, sink) = buffer();
    let program = Compiler::with(&capabilities).compile(source)?;
    Runtime::builder().output(sink).build(program, capabilities)?.execute()?;
    Ok(buffer.text())
}

/// A sink that the test can look into.
pub fn buffer() -> (Buffer, Buffer) {
    let buffer = Buffer::default();
    (buffer.clone(), buffer)
}

#[derive(Clone, Default)]
pub struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

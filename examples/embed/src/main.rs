//! The smallest useful host: a granted function, a program that somebody else wrote, limits.
#![allow(clippy::print_stdout, reason = "printing is what this host's log does")]

use mog::{CapabilitySet, Runtime, compile_mog_source};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("log.write", |message: String| println!("[LOG] {message}"));

    let program = compile_mog_source(include_str!("../../risk.mog"))?;
    let mut runtime = Runtime::builder().memory(64 << 10).steps(100_000).build(program, capabilities)?;
    runtime.execute()?;
    Ok(())
}

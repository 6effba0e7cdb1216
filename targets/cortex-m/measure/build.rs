//! Compiles the programs for the smallest window, and gives the linker the memory of the board that they are measured on.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use mog::{CapabilitySet, Compiler};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("sensor.read", |channel: i64| channel);
    println!("cargo:rerun-if-changed=programs");
    for name in ["hello", "fib", "sieve", "integers", "calls", "rules", "churn"] {
        let path = format!("programs/{name}.mog");
        let compiler = Compiler::with(&capabilities).file(&path).window(32).strip(true);
        let program = compiler.compile(&fs::read_to_string(&path)?)?;
        fs::write(out.join(format!("{name}.mogb")), program.to_bytes())?;
    }
    fs::copy("../memory/mps2-an385.x", out.join("memory.x"))?;
    // What a board's own crate would give: the names of its interrupts, of which none is used here.
    fs::write(out.join("device.x"), "")?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg=-Tlink.x");
    Ok(())
}

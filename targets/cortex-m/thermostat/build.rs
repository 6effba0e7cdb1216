//! Compiles the rules, for the functions that the firmware grants and for its window.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use mog::{CapabilitySet, Compiler};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("sensor.read", || 0i64);
    capabilities.grant("heater.set", |_: bool| {});
    capabilities.grant_standard("log.write")?;
    println!("cargo:rustc-link-arg=-Tlink.x");
    for name in ["day", "night"] {
        let path = format!("rules/{name}.mog");
        println!("cargo:rerun-if-changed={path}");
        let compiler = Compiler::with(&capabilities).file(&path).window(32).strip(true);
        let program = compiler.compile(&fs::read_to_string(&path)?)?;
        fs::write(out.join(format!("{name}.mogb")), program.to_bytes())?;
    }
    Ok(())
}

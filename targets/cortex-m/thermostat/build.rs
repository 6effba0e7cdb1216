//! Compiles the rules, for the functions that the firmware grants and for its window, and signs them.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use mog::signed::{Limits, SecretKey, sign};
use mog::{CapabilitySet, Compiler};

/// Stands for a key that is kept where releases are made, and nowhere else.
const SECRET: [u8; 32] = *b"an example: no secret to anybody";

/// What the rules may have, in bytes: the memory that the firmware has for them.
const MEMORY: u64 = 4 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("sensor.read", || 0i64);
    capabilities.grant("heater.set", |_: bool| {});
    capabilities.grant_standard("log.write")?;
    println!("cargo:rustc-link-arg=-Tlink.x");
    if env::var_os("CARGO_FEATURE_DEFMT").is_some() {
        println!("cargo:rustc-link-arg=-Tdefmt.x");
        // Without it only errors are told of.
        println!("cargo:rustc-env=DEFMT_LOG=info");
    }
    let key = SecretKey::new(&SECRET);
    fs::write(out.join("key.pub"), key.public().as_bytes())?;
    let limits = Limits { memory: Some(MEMORY), ..Limits::default() };
    for (version, name) in [(1, "day"), (2, "night")] {
        let path = format!("rules/{name}.mog");
        println!("cargo:rerun-if-changed={path}");
        let compiler = Compiler::with(&capabilities).file(&path).window(32).strip(true);
        let program = compiler.compile(&fs::read_to_string(&path)?)?;
        let module = program.to_bytes();
        fs::write(out.join(format!("{name}.mogs")), sign(&key, "thermostat", version, limits, &module)?)?;
        fs::write(out.join(format!("{name}.mogb")), module)?;
    }
    Ok(())
}

//! Gives the linker the memory of the board that `BOARD` names.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

/// Where programs can be written while the firmware runs: where packs lie otherwise. Not part of the image.
const SLOTS: &str = "
_pack = ORIGIN(PACK);
_pack_end = ORIGIN(PACK) + LENGTH(PACK);
SECTIONS { .slots (NOLOAD) : ALIGN(8) { *(.slots) } > PACK } INSERT AFTER .gnu.sgstubs;
";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=BOARD");
    println!("cargo:rerun-if-changed=memory");
    let board = env::var("BOARD").unwrap_or_else(|_| "mps2-an385".to_owned());
    let map = fs::read_to_string(format!("memory/{board}.x")).map_err(|e| format!("BOARD={board}: {e}"))?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("memory.x"), map + SLOTS)?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg=-Tlink.x");
    // The arena: what a board has beside its stack and the little that is static.
    let memory: usize = match board.as_str() {
        "microbit" => 8 << 10,
        "lm3s6965evb" => 32 << 10,
        _ => 4 << 20,
    };
    fs::write(
        out.join("board.rs"),
        format!("/// Bytes of memory of a stored program.\npub const MEMORY: usize = {memory};\n"),
    )?;
    Ok(())
}

//! The Mog compiler as a WebAssembly module, which imports nothing.
//!
//! ```text
//! input(len) -> address     room for what the next function takes
//! declare() -> code         takes declarations of what the host offers, beside the standard capabilities
//! compile() -> code         takes a source
//! output() -> address       what came out: of 0 a module; of 65 errors and warnings, one JSON object a line
//! output_len() -> bytes
//! warnings()                what comes out from then on: warnings about what was compiled, one JSON object a line
//! ```
#![allow(unsafe_code, reason = "the names of exports are promised to be nobody else's")]

use std::cell::RefCell;

use mog::Compiler;
use mog_wasm_exchange as exchange;

/// The compiler rejected the source.
const REJECTED: u32 = 65;

thread_local! {
    static DECLARATIONS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static WARNINGS: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Room for so many bytes.
#[unsafe(no_mangle)]
pub extern "C" fn input(len: u32) -> *mut u8 {
    exchange::input(len)
}

/// Where the output is.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    exchange::output()
}

/// How many bytes it has.
#[unsafe(no_mangle)]
pub extern "C" fn output_len() -> u32 {
    exchange::output_len()
}

/// Takes declarations.
#[unsafe(no_mangle)]
pub extern "C" fn declare() -> u32 {
    match exchange::take_text() {
        Ok(text) => {
            DECLARATIONS.with_borrow_mut(|declarations| declarations.push(text));
            0
        }
        Err(message) => {
            exchange::give(message);
            REJECTED
        }
    }
}

/// Compiles a source.
#[unsafe(no_mangle)]
pub extern "C" fn compile() -> u32 {
    WARNINGS.take();
    // Bytes that are no text are the compiler's to name.
    let source = String::from_utf8_lossy(&exchange::take()).into_owned();
    let compiler = DECLARATIONS.with_borrow(|declarations| {
        declarations.iter().fold(Compiler::new().file("program.mog"), |compiler, text| compiler.declare(text))
    });
    match compiler.compile(&source) {
        Ok(program) => {
            WARNINGS.set(program.warnings().to_json_lines());
            exchange::give(program.to_bytes());
            0
        }
        Err(error) => {
            exchange::give(error.report().to_json_lines());
            REJECTED
        }
    }
}

/// Gives the warnings.
#[unsafe(no_mangle)]
pub extern "C" fn warnings() {
    exchange::give(WARNINGS.take());
}

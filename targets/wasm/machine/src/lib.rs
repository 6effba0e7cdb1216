//! The Mog machine as a WebAssembly module, for hosts whose plugins are such modules. Whatever a program calls beyond its
//! output is a function that this module imports, and of those only what the host grants.
//!
//! ```text
//! input(len) -> address     room for what the next function takes
//! settings() -> code        takes JSON: {"grant":["log.write"],"deny":[],"memory":65536,"steps":100000,"host_calls":10,
//!                           "output":4096}, all of it optional; for programs that are loaded from then on
//! load() -> code            takes a module, as `mog build` writes it, and verifies it
//! call() -> code            takes JSON: {"function":"main","args":[1,"two"]}, both optional
//! output() -> address       what came out: of 0 the result of `call` as JSON; of any other code a message
//! output_len() -> bytes
//! steps() -> count          what the program that is loaded has taken
//! ```
//! Codes are those of `mog run`: 64 wrong use, 65 no module, 70 a trap or failure, 71 out of memory, 77 a capability is
//! missing, 124 out of steps, host calls or output. Of `mog` the host provides:
//!
//! ```text
//! print(address, len)                       what the program prints
//! call(name, len, args, len) -> len         calls `log.write` or another granted function with a JSON array; how long the
//!                                           answer is
//! answer(address) -> 0, 1 or 2              writes the answer there: a result as JSON; the message of a failure; of a denial
//! ```
//! A host that limits fuel, time or memory of this module ends the program with it, and nothing else.
#![allow(
    unsafe_code,
    reason = "imports are what their host says they are, and the names of exports nobody else's"
)]

use std::cell::RefCell;
use std::io::{self, Write};

use mog::{Args, CallError, CapabilitySet, Error, Function, Program, Runtime, Value};
use mog_wasm_exchange as exchange;
use serde::Deserialize;

// The host can read and write all memory of this module anyway, so that no call of it can do harm here that it could not do by
// itself.
#[link(wasm_import_module = "mog")]
unsafe extern "C" {
    safe fn print(text: *const u8, len: usize);
    #[link_name = "call"]
    safe fn call_host(name: *const u8, name_len: usize, args: *const u8, args_len: usize) -> usize;
    safe fn answer(room: *mut u8) -> u32;
}

/// Wrong use.
const USAGE: u32 = 64;

/// What the host allows.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    grant: Vec<String>,
    deny: Vec<String>,
    memory: Option<usize>,
    steps: Option<u64>,
    host_calls: Option<u64>,
    output: Option<u64>,
}

/// What is to be called.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Call {
    function: String,
    args: Vec<Value>,
}

impl Default for Call {
    fn default() -> Self {
        Self { function: "main".to_owned(), args: Vec::new() }
    }
}

thread_local! {
    static SETTINGS: RefCell<Settings> = RefCell::default();
    static RUNTIME: RefCell<Option<Runtime>> = const { RefCell::new(None) };
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

/// Takes what is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn settings() -> u32 {
    ended(json().map(|settings| {
        SETTINGS.set(settings);
        String::new()
    }))
}

/// Takes a program.
#[unsafe(no_mangle)]
pub extern "C" fn load() -> u32 {
    ended(loaded(&exchange::take()).and_then(|runtime| {
        with_runtime(|slot| {
            *slot = Some(runtime);
            Ok(String::new())
        })
    }))
}

/// Calls a function of the program.
#[unsafe(no_mangle)]
pub extern "C" fn call() -> u32 {
    ended(json().and_then(|Call { function, args }| {
        with_runtime(|slot| {
            let runtime = slot.as_mut().ok_or((USAGE, "no program was loaded".to_owned()))?;
            let result = runtime.call(&function, args).map_err(failed)?;
            serde_json::to_string(&result).map_err(|error| (USAGE, error.to_string()))
        })
    }))
}

/// What the program has taken.
#[unsafe(no_mangle)]
pub extern "C" fn steps() -> u64 {
    RUNTIME
        .try_with(|slot| slot.try_borrow().ok()?.as_ref().map(|runtime| runtime.counters().steps))
        .ok()
        .flatten()
        .unwrap_or(0)
}

/// A code and a message.
type Failed = (u32, String);

fn failed(error: impl Into<Error>) -> Failed {
    let error = error.into();
    (u32::from(error.exit_code()), error.to_string())
}

/// Leaves what came out, and gives the code.
fn ended(result: Result<String, Failed>) -> u32 {
    let (code, output) = result.map_or_else(|failed| failed, |output| (0, output));
    exchange::give(output);
    code
}

/// The input, as JSON; nothing is an empty object.
fn json<T: for<'de> Deserialize<'de> + Default>() -> Result<T, Failed> {
    let text = exchange::take_text().map_err(|message| (USAGE, message))?;
    if text.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_str(&text).map_err(|error| (USAGE, error.to_string()))
}

/// What a host calls while it answers a program waits for that program.
fn with_runtime<T>(work: impl FnOnce(&mut Option<Runtime>) -> Result<T, Failed>) -> Result<T, Failed> {
    RUNTIME.with(|slot| match slot.try_borrow_mut() {
        Ok(mut slot) => work(&mut slot),
        Err(_) => Err((USAGE, "the program runs".to_owned())),
    })
}

fn loaded(module: &[u8]) -> Result<Runtime, Failed> {
    let program = Program::load(module).map_err(failed)?;
    SETTINGS.with_borrow(|settings| {
        let mut builder = Runtime::builder().output(Printed);
        if let Some(memory) = settings.memory {
            builder = builder.memory(memory);
        }
        if let Some(steps) = settings.steps {
            builder = builder.steps(steps);
        }
        if let Some(calls) = settings.host_calls {
            builder = builder.host_calls(calls);
        }
        if let Some(bytes) = settings.output {
            builder = builder.output_limit(bytes);
        }
        let mut capabilities = CapabilitySet::new();
        for name in &settings.grant {
            let function = name.clone();
            capabilities.grant(name, Function::dynamic(move |args| asked(&function, args)));
        }
        for name in &settings.deny {
            capabilities.deny(name);
        }
        builder.build(program, capabilities).map_err(failed)
    })
}

/// Has the host carry out a call.
fn asked(name: &str, args: &Args<'_, '_, '_>) -> Result<Value, CallError> {
    let args = serde_json::to_string(&args.values()?).map_err(CallError::failed)?;
    let len = call_host(name.as_ptr(), name.len(), args.as_ptr(), args.len());
    let mut text = vec![0; len];
    let outcome = answer(text.as_mut_ptr());
    let text = String::from_utf8(text).map_err(|_| CallError::failed("the host's answer is not UTF-8"))?;
    match outcome {
        0 => serde_json::from_str(&text)
            .map_err(|error| CallError::failed(format_args!("the host's answer is not JSON: {error}"))),
        2 => Err(CallError::denied(text)),
        _ => Err(CallError::failed(text)),
    }
}

/// What the program prints.
struct Printed;

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        print(bytes.as_ptr(), bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

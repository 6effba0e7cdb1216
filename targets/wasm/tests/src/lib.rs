//! The machine and the compiler in WebAssembly, as a host of plugins has them: each instance with its fuel and its memory.

use std::path::PathBuf;
use std::sync::OnceLock;

use wasmtime::{
    Caller, Config, Engine, Error, Extern, Instance, Linker, Memory, Module, Result, Store, StoreLimits,
    StoreLimitsBuilder, WasmParams, WasmResults,
};

/// How a host answers a call: 0 and JSON, 1 and why it failed, 2 and why it is not allowed.
pub type Answer = (u32, String);

/// Fuel of an instance, unless a test says otherwise.
pub const FUEL: u64 = 100_000_000_000;
/// Memory of an instance, in bytes, unless a test says otherwise.
pub const MEMORY: usize = 128 << 20;

/// What the host has beside an instance.
#[derive(Debug)]
pub struct State {
    /// What the program printed.
    pub printed: Vec<u8>,
    /// The calls that it made: function and arguments.
    pub calls: Vec<(String, String)>,
    /// What came of calling the instance while it waited for an answer.
    pub reentered: Option<u32>,
    answers: fn(&str, &str) -> Answer,
    answer: Answer,
    limits: StoreLimits,
}

/// One of the two modules, running.
#[derive(Debug)]
pub struct Running {
    /// What the host has beside it.
    pub store: Store<State>,
    instance: Instance,
    memory: Memory,
}

fn engine() -> Result<&'static Engine> {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    if ENGINE.get().is_none() {
        let engine = Engine::new(Config::new().consume_fuel(true))?;
        return Ok(ENGINE.get_or_init(|| engine));
    }
    ENGINE.get().ok_or_else(|| Error::msg("no engine"))
}

/// A module that was built for WebAssembly, compiled once.
fn module(name: &str) -> Result<Module> {
    static MODULES: [OnceLock<Module>; 2] = [OnceLock::new(), OnceLock::new()];
    let slot = if name == "mog_machine.wasm" { &MODULES[0] } else { &MODULES[1] };
    if let Some(module) = slot.get() {
        return Ok(module.clone());
    }
    let folder = std::env::var_os("MOG_WASM");
    let folder = folder.ok_or_else(|| Error::msg("MOG_WASM does not name the folder with the modules"))?;
    let module = Module::from_file(engine()?, PathBuf::from(folder).join(name))?;
    Ok(slot.get_or_init(|| module).clone())
}

fn memory(caller: &mut Caller<'_, State>) -> Result<Memory> {
    caller.get_export("memory").and_then(Extern::into_memory).ok_or_else(|| Error::msg("no memory"))
}

/// Text that lies in the memory of the module.
fn text(caller: &mut Caller<'_, State>, at: u32, len: u32) -> Result<String> {
    let mut bytes = vec![0; len as usize];
    memory(caller)?.read(&*caller, at as usize, &mut bytes)?;
    Ok(String::from_utf8(bytes)?)
}

fn linker() -> Result<Linker<State>> {
    let mut linker = Linker::new(engine()?);
    linker.func_wrap("mog", "print", |mut caller: Caller<'_, State>, at: u32, len: u32| {
        let text = text(&mut caller, at, len)?;
        caller.data_mut().printed.extend(text.into_bytes());
        Ok(())
    })?;
    linker.func_wrap(
        "mog",
        "call",
        |mut caller: Caller<'_, State>, name: u32, name_len: u32, args: u32, args_len: u32| {
            let (name, args) = (text(&mut caller, name, name_len)?, text(&mut caller, args, args_len)?);
            if name == "test.reenter"
                && let Some(call) = caller.get_export("call").and_then(Extern::into_func)
            {
                let code = call.typed::<(), u32>(&caller)?.call(&mut caller, ())?;
                caller.data_mut().reentered = Some(code);
            }
            let state = caller.data_mut();
            state.answer = (state.answers)(&name, &args);
            state.calls.push((name, args));
            Ok(u32::try_from(state.answer.1.len())?)
        },
    )?;
    linker.func_wrap("mog", "answer", |mut caller: Caller<'_, State>, at: u32| {
        let (outcome, text) = std::mem::take(&mut caller.data_mut().answer);
        memory(&mut caller)?.write(&mut caller, at as usize, text.as_bytes())?;
        Ok(outcome)
    })?;
    Ok(linker)
}

impl Running {
    /// The machine, in an instance of its own.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn machine(fuel: u64, memory: usize, answers: fn(&str, &str) -> Answer) -> Result<Self> {
        Self::new("mog_machine.wasm", fuel, memory, answers)
    }

    /// The compiler, in an instance of its own.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn compiler() -> Result<Self> {
        Self::new("mog_compiler.wasm", FUEL, MEMORY, |_, _| (1, String::new()))
    }

    fn new(name: &str, fuel: u64, memory: usize, answers: fn(&str, &str) -> Answer) -> Result<Self> {
        let state = State {
            printed: Vec::new(),
            calls: Vec::new(),
            reentered: None,
            answers,
            answer: Answer::default(),
            limits: StoreLimitsBuilder::new().memory_size(memory).build(),
        };
        let mut store = Store::new(engine()?, state);
        store.limiter(|state| &mut state.limits);
        store.set_fuel(fuel)?;
        let instance = linker()?.instantiate(&mut store, &module(name)?)?;
        let memory = instance.get_memory(&mut store, "memory").ok_or_else(|| Error::msg("no memory"))?;
        Ok(Self { store, instance, memory })
    }

    /// Calls an export.
    ///
    /// # Errors
    /// If the instance ends there, for want of fuel or by a trap of WebAssembly's.
    pub fn export<P: WasmParams, R: WasmResults>(&mut self, name: &str, params: P) -> Result<R> {
        self.instance.get_typed_func::<P, R>(&mut self.store, name)?.call(&mut self.store, params)
    }

    /// Calls an export that takes bytes and leaves some, and gives its code with them.
    ///
    /// # Errors
    /// As for [`Running::export`].
    pub fn ask(&mut self, name: &str, input: impl AsRef<[u8]>) -> Result<(u32, Vec<u8>)> {
        let input = input.as_ref();
        let at: u32 = self.export("input", u32::try_from(input.len())?)?;
        self.memory.write(&mut self.store, at as usize, input)?;
        let code = self.export(name, ())?;
        Ok((code, self.output()?))
    }

    /// What the last call left.
    ///
    /// # Errors
    /// As for [`Running::export`].
    pub fn output(&mut self) -> Result<Vec<u8>> {
        let (at, len): (u32, u32) = (self.export("output", ())?, self.export("output_len", ())?);
        let mut bytes = vec![0; len as usize];
        self.memory.read(&self.store, at as usize, &mut bytes)?;
        Ok(bytes)
    }

    /// The same as text.
    ///
    /// # Errors
    /// As for [`Running::ask`].
    pub fn ask_text(&mut self, name: &str, input: impl AsRef<[u8]>) -> Result<(u32, String)> {
        let (code, output) = self.ask(name, input)?;
        Ok((code, String::from_utf8(output)?))
    }
}

//! Peers that are libraries: this program runs itself with `--run ENGINE PROGRAM SIZE`, so that each run is a process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use mog_peer_programs as native;

use crate::{Outcome, folder};

/// High enough not to matter, but counted and checked.
pub(crate) const STEPS: u64 = 100_000_000_000;
/// Bytes of Mog's memory.
pub(crate) const MEMORY: usize = 64 << 20;

/// Runs a program once; prints its result as the others do.
pub(crate) fn run(engine: &str, name: &str, size: i64) -> Outcome<()> {
    match engine {
        "native" => run_native(name, size),
        "wasmi" => run_wasmi(name, size, false),
        "wasmi-fuel" => run_wasmi(name, size, true),
        "rhai" => run_rhai(name, size),
        "mog-nop" => run_mog(name),
        _ => Err(format!("no engine {engine}").into()),
    }
}

fn run_native(name: &str, size: i64) -> Outcome<()> {
    let size = std::hint::black_box(size);
    match name {
        "fib" => println!("{}", native::fib(size)),
        "mix" => println!("{}", native::mix(size)),
        "sieve" => println!("{}", native::sieve(size)),
        "nbody" => println!("{:.9}", native::nbody(size)),
        "mandel" => println!("{}", native::mandel(size)),
        "fannkuch" => println!("{}", native::fannkuch(size)),
        "matmul" => println!("{:.9}", native::matmul(size)),
        "qsort" => println!("{}", native::qsort(size)),
        "host" => println!("{}", native::host(size, std::hint::black_box)),
        "bintrees" => println!("{}", native::bintrees(size)),
        "strs" => println!("{}", native::strs(size)),
        "map" => println!("{}", native::map(size)),
        "append" => println!("{}", native::append(size)),
        _ => return Err(format!("no program {name}").into()),
    }
    Ok(())
}

/// Where the programs lie as WebAssembly.
fn module() -> Outcome<PathBuf> {
    let executable = env::current_exe()?;
    let target = executable.ancestors().nth(2).ok_or("no folder above this program")?;
    Ok(target.join("wasm32-unknown-unknown/release/mog_peer_programs.wasm"))
}

/// Builds the programs as WebAssembly.
///
/// # Errors
/// If Rust cannot compile for that target.
pub(crate) fn build_wasm() -> Outcome<()> {
    let target = module()?;
    let target = target.ancestors().nth(3).unwrap_or(Path::new("target"));
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs/Cargo.toml");
    let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--release", "--target", "wasm32-unknown-unknown", "--manifest-path"])
        .arg(manifest)
        .env("CARGO_TARGET_DIR", target)
        .status()?;
    if built.success() { Ok(()) } else { Err("rustup target add wasm32-unknown-unknown".into()) }
}

fn run_wasmi(name: &str, size: i64, fuel: bool) -> Outcome<()> {
    use wasmi::{Config, Engine, Linker, Module, Store, Val, ValType};
    let mut config = Config::default();
    config.consume_fuel(fuel);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, &fs::read(module()?)?)?;
    let mut store = Store::new(&engine, ());
    if fuel {
        store.set_fuel(u64::MAX / 2)?;
    }
    let mut linker = Linker::new(&engine);
    linker.func_wrap("bench", "nop", |n: i64| n)?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let function = instance.get_func(&store, name).ok_or("no such program")?;
    let mut result = match function.ty(&store).results() {
        [ValType::F64] => [Val::F64(0.0.into())],
        _ => [Val::I64(0)],
    };
    function.call(&mut store, &[Val::I64(size)], &mut result)?;
    match &result {
        [Val::F64(value)] => println!("{:.9}", value.to_float()),
        [Val::I64(value)] => println!("{value}"),
        _ => return Err("another result than expected".into()),
    }
    Ok(())
}

fn run_rhai(name: &str, size: i64) -> Outcome<()> {
    let mut engine = rhai::Engine::new();
    engine.set_max_call_levels(1000);
    engine.set_max_expr_depths(0, 0);
    engine.register_fn("nop", |n: i64| n);
    let mut scope = rhai::Scope::new();
    scope.push_constant("N", size);
    let source = folder().join(format!("rhai/{name}.rhai"));
    let value: rhai::Dynamic =
        engine.eval_file_with_scope(&mut scope, source).map_err(|error| error.to_string())?;
    match value.as_float() {
        Ok(value) => println!("{value:.9}"),
        Err(_) => println!("{value}"),
    }
    Ok(())
}

/// A program given what no standard capability is: a function that does nothing.
fn run_mog(name: &str) -> Outcome<()> {
    let mut capabilities = mog::CapabilitySet::new();
    capabilities.grant("bench.nop", |n: i64| n);
    let source = fs::read_to_string(folder().join(format!("mog/{name}.mog")))?;
    let program = mog::Compiler::with(&capabilities).compile(&source)?;
    mog::Runtime::builder().memory(MEMORY).steps(STEPS).build(program, capabilities)?.execute()?;
    Ok(())
}

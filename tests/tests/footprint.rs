//! What an instance costs its host: counted by an allocator that counts.

use std::error::Error;

use mog::{CapabilitySet, Runtime, compile_mog_source};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const RISK: &str = include_str!("../../examples/risk.mog");

/// One more instance of a loaded module, its grants and its arena of 1 KiB included, and after it ran.
#[test]
fn an_instance_of_the_first_program_takes_less_than_4_kb() -> Result<(), Box<dyn Error>> {
    let _profiler = dhat::Profiler::builder().testing().build();
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("log.write", drop::<String>);
    let program = compile_mog_source(RISK)?;
    let build = || Runtime::builder().memory(1 << 10).build(program.clone(), capabilities.clone());
    let mut first = build()?;
    first.execute()?;

    let before = dhat::HeapStats::get().curr_bytes;
    let mut second = Box::new(build()?);
    second.execute()?;
    let taken = dhat::HeapStats::get().curr_bytes - before;
    assert!(taken < 4000, "{taken} bytes");
    Ok(())
}

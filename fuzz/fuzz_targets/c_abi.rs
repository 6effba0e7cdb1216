//! A C host that does everything wrong, in an order that the bytes choose: an answer to every call, and nothing written
//! beside arenas and instances.
#![no_main]

use std::ffi::c_void;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mog::Compiler;
// It has the functions that the C host calls.
use mog_c_hosted as _;

unsafe extern "C" {
    fn hostile_fuzz(module: *const c_void, module_bytes: usize, bytes: *const u8, size: usize);
}

static MODULE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let compiler = Compiler::new().declare(include_str!("../../targets/c-abi/tests/hostile.mogdecl"));
    let program = compiler.compile(include_str!("../../targets/c-abi/tests/hostile.mog"));
    program.expect("the program compiles").to_bytes()
});

fuzz_target!(|bytes: &[u8]| {
    // SAFETY: so many bytes are there, and it keeps neither pointer.
    unsafe { hostile_fuzz(MODULE.as_ptr().cast(), MODULE.len(), bytes.as_ptr(), bytes.len()) }
});

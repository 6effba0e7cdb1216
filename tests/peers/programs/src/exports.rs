//! What a WebAssembly machine calls.

#[link(wasm_import_module = "bench")]
unsafe extern "C" {
    safe fn nop(n: i64) -> i64;
}

macro_rules! exports {
    ($($name:ident: $result:ty;)*) => {$(
        /// The program of that name.
        #[unsafe(no_mangle)]
        pub extern "C" fn $name(n: i64) -> $result {
            crate::$name(n)
        }
    )*};
}

exports! {
    fib: i64;
    mix: i64;
    sieve: i64;
    nbody: f64;
    mandel: i64;
    fannkuch: i64;
    matmul: f64;
    qsort: i64;
    bintrees: i64;
    strs: i64;
    map: i64;
    append: i64;
}

/// Calls of the machine's function.
#[unsafe(no_mangle)]
pub extern "C" fn host(n: i64) -> i64 {
    crate::host(n, |n| nop(n))
}

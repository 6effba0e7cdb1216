//! Compiles the C host of `targets/c-abi/tests/`, whose choices the fuzz target makes.

fn main() {
    let crate_folder = "../../targets/c-abi";
    println!("cargo:rerun-if-changed={crate_folder}");
    cc::Build::new()
        .file(format!("{crate_folder}/tests/hostile.c"))
        .include(format!("{crate_folder}/include"))
        .define("HOSTILE_FUZZED", None)
        .flag("-std=c99")
        .compile("hostile");
}

//! `mog.h` is what this crate says.

use std::path::Path;
use std::string::String;
use std::vec::Vec;
use std::{env, fs};

/// Functions that are C alone: they make values.
const CONSTRUCTORS: &str = include_str!("constructors.h");

/// Where they belong: behind the types, before the functions.
const FUNCTIONS: &str = "#ifdef __cplusplus\nextern \"C\" {\n";

#[test]
fn the_header_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    let bindings =
        cbindgen::Builder::new().with_crate(root).with_config(config).generate().expect("bindings");
    let mut made = Vec::new();
    bindings.write(&mut made);
    let made = String::from_utf8(made).expect("text");
    let (types, functions) = made.split_once(FUNCTIONS).expect("functions");
    let text = [types, CONSTRUCTORS, FUNCTIONS, functions].concat();
    // What Rust calls safety is what C promises.
    let text = text
        .replace("// # Safety\n// There", "// You promise: there")
        .replace("// # Safety\n// As", "// You promise: as");
    let lines: Vec<_> = text.lines().map(|line| [line.trim_end(), "\n"].concat()).collect();
    let file = root.join("include/mog.h");
    if env::var_os("BLESS_HEADER").is_some() {
        fs::write(&file, lines.concat()).expect("mog.h to write");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        lines.concat() == kept,
        "include/mog.h is not up to date; to make it: BLESS_HEADER=1 cargo test header"
    );
}

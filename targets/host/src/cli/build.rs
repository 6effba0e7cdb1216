//! `mog build`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::files::{self, CompileOptions};
use super::{BuildArgs, Emit, exit, fail, inspect, say};

/// Compiles a file and writes the module, and gives the exit code.
pub(crate) fn build(args: &BuildArgs) -> u8 {
    let output = match (&args.output, args.file.as_str()) {
        (Some(output), _) => output.clone(),
        (None, "-") => return fail(exit::USAGE, "say where to write with -o"),
        (None, file) => Path::new(file).with_extension(match args.emit {
            None => "mogb",
            Some(Emit::C) => "h",
            Some(Emit::Rust) => "rs",
        }),
    };
    if output == Path::new(&args.file) && args.file != "-" {
        return fail(
            exit::USAGE,
            format_args!("{} would overwrite itself; say where to write with -o", args.file),
        );
    }
    let options =
        CompileOptions { deny_warnings: args.deny_warnings, strip: args.strip, window: args.window };
    let program = match files::program(&args.file, options) {
        Ok(program) => program,
        Err(code) => return code,
    };
    let bytes = program.to_bytes();
    let written = match args.emit {
        None => files::write(&output, &bytes),
        Some(Emit::C) => files::write(&output, c_array(&bytes, &args.file, &output).as_bytes()),
        Some(Emit::Rust) => files::write(&output, rust_array(&bytes, &args.file).as_bytes()),
    };
    if let Err(code) = written {
        return code;
    }
    if args.report {
        match program.module() {
            Ok(module) => say(&inspect::summary(&module)),
            Err(error) => return fail(exit::REJECTED, error),
        }
    }
    0
}

fn rows(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 5);
    for row in bytes.chunks(20) {
        text.push_str("    ");
        for byte in row {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte},");
        }
        text.push('\n');
    }
    text
}

/// A name for the array, from that of the file.
fn identifier(output: &Path) -> String {
    let stem =
        output.file_stem().map_or_else(|| "program".into(), |stem| PathBuf::from(stem).display().to_string());
    let plain: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("mog_{plain}")
}

/// A comment cannot be ended from inside a file's name.
fn harmless(name: &str) -> String {
    name.chars().map(|c| if c.is_control() || c == '*' { '_' } else { c }).collect()
}

fn c_array(bytes: &[u8], source: &str, output: &Path) -> String {
    let (name, source, len) = (identifier(output), harmless(source), bytes.len());
    format!(
        "/* The module of {source}, made by `mog build --emit c`. */\n\
         #pragma once\n\
         #ifdef __cplusplus\n\
         #define MOG_ALIGNED alignas(8)\n\
         #else\n\
         #define MOG_ALIGNED _Alignas(8)\n\
         #endif\n\
         #define {name}_len {len}u\n\
         static const MOG_ALIGNED unsigned char {name}[{len}] = {{\n{}}};\n\
         #undef MOG_ALIGNED\n",
        rows(bytes)
    )
}

fn rust_array(bytes: &[u8], source: &str) -> String {
    let (source, len) = (harmless(source), bytes.len());
    format!(
        "// The module of {source}, made by `mog build --emit rust`.\n\n\
         /// Bytes that lie where a module has to.\n\
         #[repr(C, align(8))]\n\
         pub struct Aligned<const N: usize>(pub [u8; N]);\n\n\
         /// The module.\n\
         #[rustfmt::skip]\n\
         pub static MODULE: Aligned<{len}> = Aligned([\n{}]);\n",
        rows(bytes)
    )
}

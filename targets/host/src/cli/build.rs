//! `mog build`.

use std::path::{Path, PathBuf};

use mog_core::{Module, features, verify};

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
    let options = CompileOptions {
        declare: &args.declare,
        deny_warnings: args.deny_warnings,
        strip: args.strip,
        window: args.window,
        without: &args.without,
    };
    let program = match files::program(&args.file, options) {
        Ok(program) => program,
        Err(code) => return code,
    };
    let module = match program.module() {
        Ok(module) => module,
        Err(error) => return fail(exit::REJECTED, error),
    };
    if let Some(parts) = &args.target_features {
        match warn_of_missing_parts(&module, parts) {
            Ok(true) if args.deny_warnings => return exit::REJECTED,
            Ok(_) => {}
            Err(code) => return code,
        }
    }
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
        say(&inspect::summary(&module));
    }
    0
}

/// Says which parts of the machine the module needs and the target lacks; gives whether there are any.
fn warn_of_missing_parts(module: &Module<'_>, parts: &[String]) -> Result<bool, u8> {
    let known: Vec<_> = features::names(u16::MAX).collect();
    let given: Vec<_> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    if let Some(part) = given.iter().find(|part| !known.contains(part)) {
        let known = known.join(", ");
        return Err(fail(exit::USAGE, format_args!("there is no part `{part}`; there are: {known}")));
    }
    let missing = (0..u16::BITS).map(|bit| 1 << bit).filter(|bit| {
        module.header.features & bit != 0 && !features::names(*bit).any(|name| given.contains(&name))
    });
    let mut any = false;
    for bit in missing {
        let name: String = features::names(bit).collect();
        let place = first_use(module, bit).map_or(String::new(), |place| format!(", first for {place}"));
        say(&format!(
            "warning[missing-part]: the program needs `{name}`, which the target leaves out{place}\n"
        ));
        any = true;
    }
    Ok(any)
}

/// The function that needs a part first, and the line.
fn first_use(module: &Module<'_>, bit: u16) -> Option<String> {
    let mut file = "";
    for (number, debug) in (0..).zip(module.debug()) {
        file = if debug.file.is_empty() { file } else { debug.file };
        let start = module.function(number)?.start as usize;
        let code = module.code.get(start..module.function_end(number) as usize)?;
        let needs = |words: usize| verify::features_of_code(code.get(..words).unwrap_or(code)) & bit != 0;
        if needs(code.len()) {
            // As many words as do not need it yet.
            let (mut low, mut high) = (0, code.len());
            while low + 1 < high {
                let middle = usize::midpoint(low, high);
                if needs(middle) { high = middle } else { low = middle }
            }
            let line = debug.position(u32::try_from(low).ok()?).map_or(0, |(line, _)| line);
            return Some(format!("`{}` ({file}:{line})", debug.name));
        }
    }
    None
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

/// Words, because they are aligned by themselves in every version of C.
fn c_array(bytes: &[u8], source: &str, output: &Path) -> String {
    let (name, source) = (identifier(output), harmless(source));
    let (words, _) = bytes.as_chunks::<4>();
    let guard = name.to_ascii_uppercase();
    let words = words.iter().map(|word| format!("0x{:08x},", u32::from_le_bytes(*word)));
    format!(
        "/* The module of {source}, made by `mog build --emit c`: `sizeof {name}` bytes, aligned to four, for little-endian\n   \
         processors. */\n\
         #ifndef {guard}_H\n\
         #define {guard}_H\n\n\
         #include <stdint.h>\n\n\
         static const uint32_t {name}[{count}] = {{\n{rows}}};\n\n\
         #endif\n",
        count = bytes.len() / 4,
        rows = rows(words, 8)
    )
}

fn rust_array(bytes: &[u8], source: &str) -> String {
    let (source, len) = (harmless(source), bytes.len());
    let bytes = bytes.iter().map(|byte| format!("{byte},"));
    format!(
        "// The module of {source}, made by `mog build --emit rust`.\n\n\
         /// Bytes that lie where a module has to.\n\
         #[repr(C, align(8))]\n\
         pub struct Aligned<const N: usize>(pub [u8; N]);\n\n\
         /// The module.\n\
         #[rustfmt::skip]\n\
         pub static MODULE: Aligned<{len}> = Aligned([\n{}]);\n",
        rows(bytes, 20)
    )
}

/// Items, so many to a line.
fn rows(items: impl Iterator<Item = String>, count: usize) -> String {
    let mut text = String::new();
    for (n, item) in items.enumerate() {
        text.push_str(if n % count == 0 { "\n    " } else { "" });
        text.push_str(&item);
    }
    text.push('\n');
    text.split_off(1)
}

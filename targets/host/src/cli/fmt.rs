//! `mog fmt`.

use std::path::Path;

use mog_compiler::diagnostic::SourceFile;

use super::files::{self, Loaded};
use super::{FmtArgs, color, exit, fail, print, say};

/// Formats all files, or with `--check` names those that are not formatted, and gives the exit code.
pub(crate) fn fmt(args: &FmtArgs) -> u8 {
    args.files.iter().map(|name| fmt_file(name, args.check)).max().unwrap_or(0)
}

fn fmt_file(name: &str, check: bool) -> u8 {
    let source = match files::read(name) {
        Ok(Loaded::Source(source)) => source,
        Ok(Loaded::Module(_)) => {
            return fail(exit::REJECTED, format_args!("{name}: bytecode has no layout"));
        }
        Err(code) => return code,
    };
    let shown = if name == "-" { "<stdin>" } else { name };
    let formatted = match mog_compiler::format(&source) {
        Ok(formatted) => formatted,
        Err(errors) => {
            say(&errors.render(&[SourceFile::new(shown, &source)], color()));
            return exit::REJECTED;
        }
    };
    if check {
        if formatted == source {
            return 0;
        }
        say(&format!("{shown}: not formatted\n"));
        return exit::NOT_FORMATTED;
    }
    if name == "-" {
        print(&formatted);
    } else if formatted != source
        && let Err(error) = files::replace(Path::new(name), formatted.as_bytes())
    {
        return fail(exit::FILE, format_args!("{name}: {error}"));
    }
    0
}

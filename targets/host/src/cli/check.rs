//! `mog check`.

use mog::{Program, Report};

use super::files::{self, CompileOptions, Loaded};
use super::{CheckArgs, Format, color, exit, fail, print, say};

/// Compiles all files, shows what there is to say about each, and gives the exit code.
pub(crate) fn check(args: &CheckArgs) -> u8 {
    args.files.iter().map(|name| check_file(name, args)).max().unwrap_or(0)
}

fn check_file(name: &str, args: &CheckArgs) -> u8 {
    let options = CompileOptions {
        declare: &args.declare,
        deny_warnings: args.deny_warnings,
        ..CompileOptions::default()
    };
    let source = match files::read(name) {
        Ok(Loaded::Source(source)) => source,
        Ok(Loaded::Module(bytes)) => {
            return match Program::load(&bytes) {
                Ok(_) => 0,
                Err(error) => fail(exit::REJECTED, format_args!("{name}: {error}")),
            };
        }
        Err(code) => return code,
    };
    let compiler = match files::compiler(name, options) {
        Ok(compiler) => compiler,
        Err(code) => return code,
    };
    match compiler.compile(&source) {
        Ok(program) => {
            show(program.warnings(), args.format);
            0
        }
        Err(error) => {
            show(error.report(), args.format);
            exit::REJECTED
        }
    }
}

fn show(report: &Report, format: Format) {
    if report.is_empty() {
        return;
    }
    match format {
        Format::Json => print(&report.to_json_lines()),
        Format::Text => say(&report.render(color())),
    }
}

//! `mog inspect`: what a module wants, offers and costs.

use std::fmt::Write as _;

use mog::function_text;
use mog_core::host::StaticHost;
use mog_core::isa::Disassembly;
use mog_core::{Config, Instance, Module, StartError, TypeId, WINDOW, features};

use super::depth::{self, Stack};
use super::files::{self, Loaded};
use super::{InspectArgs, exit, fail, print};

/// Functions of the deepest chain of calls that are named.
const MAX_CHAIN: usize = 8;

/// Shows a module, and gives the exit code.
pub(crate) fn inspect(args: &InspectArgs) -> u8 {
    let bytes = match files::read(&args.file) {
        Ok(Loaded::Module(bytes)) => bytes,
        Ok(Loaded::Source(_)) => {
            return fail(
                exit::REJECTED,
                format_args!("{}: not bytecode; compile it with mog build", args.file),
            );
        }
        Err(code) => return code,
    };
    let program = match files::module(&args.file, &bytes) {
        Ok(program) => program,
        Err(code) => return code,
    };
    match program.module() {
        Ok(module) => {
            print(&summary(&module));
            if args.disasm {
                print(&disassembly(&module));
            }
            0
        }
        Err(error) => fail(exit::REJECTED, error),
    }
}

/// Imports, exports, sizes and the least memory, for people.
pub(crate) fn summary(module: &Module<'_>) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_summary(module, &mut text);
    text
}

fn write_summary(module: &Module<'_>, text: &mut String) -> std::fmt::Result {
    let metadata = module.metadata();
    writeln!(text, "imports:")?;
    for (index, import) in (0..).zip(metadata.imports()) {
        let signature = module.import_type(index).unwrap_or(TypeId::UNIT);
        let name = format!("{}.{}", import.capability, import.function);
        let note = if import.declared { "" } else { "   (no declaration)" };
        writeln!(text, "  {}{note}", function_text(module, &name, signature, import.params))?;
    }
    for requirement in metadata.requirements() {
        let word = if requirement.required { "requires" } else { "optional" };
        writeln!(text, "  {word} {}", requirement.capability)?;
    }
    writeln!(text, "exports:")?;
    for export in metadata.exports() {
        let signature = module.function(export.function).map_or(TypeId::UNIT, |function| function.signature);
        writeln!(text, "  {}", function_text(module, export.name, signature, ""))?;
    }
    let sections = module.section_sizes();
    let header = mog_core::module::HEADER_WORDS * 4;
    let total: usize = header + sections.iter().map(|(_, size)| size.next_multiple_of(4)).sum::<usize>();
    writeln!(text, "size: {total} bytes (header {header}")?;
    text.pop();
    for (name, size) in sections.iter().filter(|(_, size)| *size > 0) {
        write!(text, ", {name} {size}")?;
    }
    writeln!(text, ")")?;
    let needed: Vec<_> = features::names(module.header.features).collect();
    writeln!(
        text,
        "needs: {}",
        if needed.is_empty() { "nothing optional".to_owned() } else { needed.join(", ") }
    )?;
    writeln!(text, "registers: {} in the largest frame", module.header.max_frame)?;
    let floor = floor(module) - module.slack();
    write!(text, "memory: at least {} bytes, and beside them {} of slack", floor * 8, module.slack() * 8)?;
    for window in [32, 64] {
        let frame = usize::from(module.header.max_frame);
        if frame < window && window < WINDOW {
            write!(text, "; {} with a window of {window}", (window - frame) * 8)?;
        }
    }
    writeln!(text)?;
    match depth::stack(module) {
        Stack::AtMost(words, chain) => {
            let more = chain.len().saturating_sub(MAX_CHAIN);
            let names: Vec<_> =
                chain.iter().take(MAX_CHAIN).map(|&number| function_name(module, number)).collect();
            write!(text, "stack: at most {} bytes of the memory, in {}", words * 8, names.join(" > "))?;
            writeln!(text, "{}", if more > 0 { format!(" > {more} more") } else { String::new() })
        }
        Stack::NoBound(number) => {
            writeln!(text, "stack: no bound, {} can call itself", function_name(module, number))
        }
    }
}

/// The name of a function, or its number.
pub(crate) fn function_name(module: &Module<'_>, number: u16) -> String {
    let name = module.debug().nth(usize::from(number)).map(|function| function.name.to_owned());
    name.unwrap_or_else(|| format!("function_{number}"))
}

/// The fewest words of memory in which the module starts.
fn floor(module: &Module<'_>) -> usize {
    let mut host = StaticHost { table: &[] };
    match Instance::new(*module, &mut [], &mut host, Config::default()) {
        Err(StartError::ArenaTooSmall { needs }) => needs,
        _ => 0,
    }
}

fn disassembly(module: &Module<'_>) -> String {
    let mut text = String::new();
    let mut names = module.debug().map(|function| function.name.to_owned());
    for index in 0..module.header.functions {
        let Some(function) = module.function(index) else { break };
        let name = names.next().unwrap_or_else(|| format!("function_{index}"));
        let (start, end) = (function.start, module.function_end(index));
        let code = module.code.get(start as usize..end as usize).unwrap_or(&[]);
        let _ = writeln!(
            text,
            "\n{index}: {}   frame {}",
            function_text(module, &name, function.signature, ""),
            function.frame
        );
        let _ = write!(text, "{}", Disassembly { code, start });
    }
    text
}

//! From source to module: the stages in order.

use std::iter;

use mog_core::heap::MAX_VALUE_SLOTS;

use crate::ast::{Interner, Span};
use crate::check::{self, CheckOptions, Earlier, Index, check, entry_name};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId};
use crate::emit::{EmitError, EmitOptions, Lines, emit};
use crate::optimizations::Optimizations;
use crate::parser::{Dialect, parse, parse_file};

/// What a compilation takes from its surroundings.
pub struct Options<'a> {
    /// The source's name in messages.
    pub file: &'a str,
    /// Capability declarations beyond the built-in ones: where each comes from, and its text.
    pub declarations: &'a [(&'a str, &'a str)],
    /// The source of an imported module, by name.
    pub imports: &'a dyn Fn(&str) -> Option<String>,
    /// Where the source is the newest entry of an interactive session: those before it. A later one may declare names of an
    /// earlier one again, which goes on with what it had. Each is a function that the host calls, in their order; there is no
    /// `main`.
    pub session: Option<&'a [&'a str]>,
    /// Registers of the target's window: 256 unless the target was built with a smaller one.
    pub window: usize,
    /// Leave out names and lines, so that traps have no positions.
    pub strip: bool,
    /// Which improvements of the code are made: all of them, unless somebody looks for a mistake.
    pub optimizations: Optimizations,
}

impl<'a> Options<'a> {
    /// The usual options for a source of this name.
    #[must_use]
    pub fn new(file: &'a str) -> Self {
        let optimizations = Optimizations::ALL;
        Self {
            file,
            declarations: &[],
            imports: &|_| None,
            session: None,
            window: mog_core::WINDOW,
            strip: false,
            optimizations,
        }
    }
}

/// A program that compiled.
#[derive(Debug)]
pub struct Compiled {
    /// The module, as words so that it is aligned.
    pub module: Vec<u32>,
    /// What could be better.
    pub warnings: Diagnostics,
    /// Names and texts of the sources that diagnostics refer to, by file number.
    pub sources: Vec<(String, String)>,
}

/// A program that did not compile.
#[derive(Debug)]
pub struct Rejected {
    /// What is wrong, and what could be better.
    pub diagnostics: Diagnostics,
    /// Names and texts of the sources that diagnostics refer to, by file number.
    pub sources: Vec<(String, String)>,
}

/// Compiles a program.
///
/// # Errors
/// If the source is not a correct program; every error in it, with its place.
pub fn compile(source: &str, options: &Options<'_>) -> Result<Compiled, Rejected> {
    let mut names = Interner::new();
    let mut earlier = Vec::new();
    for (number, &source) in (1..).zip(options.session.unwrap_or_default()) {
        let parsed = parse_file(source, FileId(number), Dialect::Program, names);
        names = parsed.ast.names.clone();
        earlier.push((entry_name(number), source, parsed));
    }
    let parsed = parse_file(source, FileId(0), Dialect::Program, names);
    let mut diagnostics = parsed.diagnostics;
    earlier.iter().for_each(|(.., parsed)| diagnostics.append(parsed.diagnostics.clone()));
    let session: Vec<_> =
        earlier.iter().map(|(_, source, parsed)| Earlier { source, ast: &parsed.ast }).collect();
    let check_options = CheckOptions {
        declarations: options.declarations,
        imports: options.imports,
        session: options.session.map(|_| session.as_slice()),
    };
    let (hir, found) = check(source, &parsed.ast, &check_options);
    diagnostics.append(found);
    diagnostics.sort();
    if options.session.is_some() {
        diagnostics.forget_older_warnings();
    }
    let mut sources = vec![(options.file.to_owned(), source.to_owned())];
    sources.extend(earlier.iter().map(|(name, source, _)| (name.clone(), (*source).to_owned())));
    sources.extend(hir.modules.iter().map(|module| (format!("{}.mog", module.name), module.text.clone())));
    if diagnostics.has_errors() {
        return Err(Rejected { diagnostics, sources });
    }
    let trees = iter::once(&parsed.ast).chain(earlier.iter().map(|(.., parsed)| &parsed.ast));
    let starts = trees.map(|ast| &ast.lines).chain(hir.modules.iter().map(|module| &module.lines));
    let files: Vec<_> =
        sources.iter().zip(starts).map(|((file, _), starts)| Lines { file, starts }).collect();
    let emit_options = EmitOptions {
        window: options.window,
        strip: options.strip,
        optimizations: options.optimizations,
        files: &files,
    };
    match emit(&hir, &emit_options) {
        Ok(module) => Ok(Compiled { module, warnings: diagnostics, sources }),
        Err(error) => {
            diagnostics.push(limit_exceeded(&error));
            Err(Rejected { diagnostics, sources })
        }
    }
}

/// Finds out what the names of a program stand for, where they are declared, and the types of its expressions, as far as its
/// errors leave that open: what an editor asks.
#[must_use]
pub fn index(source: &str, options: &Options<'_>) -> Index {
    let parsed = parse(source);
    let check_options =
        CheckOptions { declarations: options.declarations, imports: options.imports, session: None };
    check::index(source, &parsed.ast, &check_options)
}

fn limit_exceeded(error: &EmitError) -> Diagnostic {
    match error {
        EmitError::TooManyRegisters { function, at, needs, limit } => Diagnostic::error(
            "too-many-variables",
            Span { start: *at, end: *at },
            format!(
                "function `{function}` needs {needs} registers for its variables, the target has {limit}"
            ),
        )
        .help("move part of the function into functions of its own"),
        EmitError::TooWide { at } => Diagnostic::error(
            "too-large",
            Span { start: *at, end: *at },
            format!(
                "a type that is used here holds too many optionals and results within each other: a value has \
                 {MAX_VALUE_SLOTS} parts at most"
            ),
        )
        .help("put what they hold into a struct"),
        EmitError::TooMany(what) => Diagnostic::error(
            "too-large",
            Span { start: 0, end: 0 },
            format!("the program has more {what} than a module can hold"),
        )
        .help("split the program"),
    }
}

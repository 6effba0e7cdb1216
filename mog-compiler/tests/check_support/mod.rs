//! What the checker's tests share.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::panic,
    reason = "each test file uses a part; tests may fail loudly"
)]

pub mod hir_verify;

use mog_compiler::check::{CheckOptions, check};
use mog_compiler::diagnostic::{Diagnostic, Severity};
use mog_compiler::hir::Hir;
use mog_compiler::parser::parse;

/// Checks a program; syntax errors fail the test.
pub fn run(source: &str, options: &CheckOptions<'_>) -> (Hir, Vec<Diagnostic>) {
    let parsed = parse(source);
    let errors: Vec<&Diagnostic> =
        parsed.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "syntax: {errors:?}\n{source}");
    let (hir, diagnostics) = check(source, &parsed.ast, options);
    (hir, diagnostics.iter().cloned().collect())
}

/// A program that must be accepted without a warning, its checked form verified.
pub fn accepted(source: &str) -> Hir {
    accepted_with(source, &CheckOptions::default())
}

/// The same with options.
pub fn accepted_with(source: &str, options: &CheckOptions<'_>) -> Hir {
    let (hir, diagnostics) = run(source, options);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}\n{source}");
    let problems = hir_verify::problems(&hir);
    assert!(problems.is_empty(), "{problems:#?}\n{source}");
    hir
}

/// The body of a `main` that must be accepted.
pub fn accepted_main(body: &str) -> Hir {
    accepted(&format!("fn main() {{\n{body}\n}}"))
}

/// The only diagnostic of a program.
pub fn only(source: &str) -> Diagnostic {
    only_with(source, &CheckOptions::default())
}

/// The same with options.
pub fn only_with(source: &str, options: &CheckOptions<'_>) -> Diagnostic {
    let (_, diagnostics) = run(source, options);
    match diagnostics.as_slice() {
        [one] => one.clone(),
        all => panic!("{} diagnostics: {all:#?}\n{source}", all.len()),
    }
}

/// Demands that a program has exactly one error, with this code, saying this at the text in `⟦ ⟧`.
pub fn rejected(marked: &str, code: &str, message: &str) -> Diagnostic {
    let (source, start, end) = unmark(marked);
    let found = only(&source);
    assert_eq!(found.severity, Severity::Error, "{found:?}");
    assert_eq!(found.code, code, "{found:?}");
    assert!(found.message.contains(message), "{found:?}");
    let place = &source[found.span.start as usize..found.span.end as usize];
    assert_eq!(
        (found.span.start as usize, found.span.end as usize),
        (start, end),
        "marked `{place}`: {found:?}"
    );
    found
}

/// The same for the body of `main`.
pub fn rejected_main(body: &str, code: &str, message: &str) -> Diagnostic {
    rejected(&format!("fn main() {{\n{body}\n}}"), code, message)
}

/// Demands that applying the error's fix gives a program that is accepted, and that it contains this text.
pub fn fixed(marked: &str, code: &str, message: &str, with: &str) {
    let (source, _, _) = unmark(marked);
    let found = rejected(marked, code, message);
    let fix = found.fix.as_ref().unwrap_or_else(|| panic!("no fix: {found:?}"));
    let (before, after) = (&source[..fix.span.start as usize], &source[fix.span.end as usize..]);
    let repaired = format!("{before}{}{after}", fix.replacement);
    assert!(repaired.contains(with), "{repaired}");
    let (_, diagnostics) = run(&repaired, &CheckOptions::default());
    assert!(diagnostics.iter().all(|d| d.severity != Severity::Error), "{diagnostics:#?}\n{repaired}");
}

/// The same for the body of `main`.
pub fn fixed_main(body: &str, code: &str, message: &str, with: &str) {
    fixed(&format!("fn main() {{\n{body}\n}}"), code, message, with);
}

fn unmark(marked: &str) -> (String, usize, usize) {
    let start = marked.find('⟦').unwrap_or_else(|| panic!("no mark in {marked}"));
    let source = marked.replacen('⟦', "", 1);
    let end = source.find('⟧').unwrap_or_else(|| panic!("no mark in {marked}"));
    (source.replacen('⟧', "", 1), start, end)
}

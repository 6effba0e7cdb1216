//! The Mog compiler: from source text to the bytes of a module.
//!
//! ```text
//! source ─lexer, parser─▶ ast ─check─▶ hir ─lower─▶ ir ─emit─▶ module
//! ```
//! Each arrow is a folder of this crate. Everything that a user reads about a program goes through
//! [`diagnostic`].

pub mod ast;
pub mod check;
mod compile;
pub mod diagnostic;
pub mod emit;
mod format;
pub mod hir;
pub mod ir;
mod lexer;
pub mod lower;
mod optimizations;
pub mod parser;
mod pieces;
pub mod symbol;
pub mod types;

pub use check::{Index, Member, NameKind, NameUse, Place, built_in_functions, standard_declarations};
pub use compile::{Compiled, Options, Rejected, compile, index};
pub use format::format;
pub use lexer::keywords;
pub use optimizations::{Optimization, Optimizations};

/// The language reference that authors of programs read, in Markdown.
pub const REFERENCE: &str = include_str!("../spec.md");

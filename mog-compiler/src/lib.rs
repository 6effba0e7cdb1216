//! The Mog compiler.

pub mod ast;
pub mod symbol;

//! The Mog compiler.

pub mod ast;
pub mod diagnostic;
pub mod symbol;

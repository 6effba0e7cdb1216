//! The Mog compiler.

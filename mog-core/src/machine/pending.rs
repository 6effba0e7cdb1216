//! Where the library is, until `slow.rs` names it itself.
pub(crate) use crate::library;

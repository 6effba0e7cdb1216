//! The Mog host library.

//! The Mog virtual machine.
#![no_std]
#![forbid(unsafe_code)]

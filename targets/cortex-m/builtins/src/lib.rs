//! What compiled code calls to copy, fill, compare and divide, in a tenth of the flash that `compiler_builtins` takes for it: that
//! has copies for every alignment, unrolled, and divides by several methods. A firmware takes these by naming the crate:
//!
//! ```
//! use mog_small_builtins as _;
//! ```
//!
//! Words are copied and filled one by one where both sides are aligned, otherwise bytes. Dividing takes a step for each bit,
//! unless both numbers have 32 bits and the processor divides those. Nobody divides by zero: Rust looks first.
//!
//! Assembly, because a function of Rust that copies may be compiled to a call of itself. The names are those of the Arm
//! run-time ABI (ARM IHI 0043, sections 4.2 and 4.3.4) and of C; the instructions are those that the smallest core, v6-M, has.
#![no_std]
#![cfg(all(target_arch = "arm", target_os = "none"))]

use core::arch::global_asm;

global_asm!(include_str!("memory.s"), options(raw));
// What tells the cores that divide from those that do not: they came with the instructions for atomic access.
#[cfg(target_has_atomic = "ptr")]
global_asm!(".equ MOG_DIVIDES, 1", include_str!("divide.s"), options(raw));
#[cfg(not(target_has_atomic = "ptr"))]
global_asm!(".equ MOG_DIVIDES, 0", include_str!("divide.s"), options(raw));

//! What each instruction does: one small function an instruction, from which both dispatchers are made.
//!
//! A function takes the instruction, the running [`Step`], the register window and the [`Context`], and gives the
//! next step, or an [`Exit`] that leaves the step *as it came in*. So an instruction that ran out of steps, or
//! that the trampoline has to carry out, is simply met again. Calls and returns set the step themselves, and the
//! trampoline derives the new window. Instructions that touch stack and heap at once (allocation, library) leave
//! by [`Exit::Slow`] and are carried out in `run.rs`.
//!
//! Metering costs straight code nothing: `fuel - pc` is what is left. A taken jump moves both by its distance.

pub(super) mod call;
pub(super) mod control;
pub(super) mod element;
pub(super) mod float;
pub(super) mod host;
pub(super) mod int;
pub(super) mod library;
pub(super) mod object;
pub(super) mod table;

use core::cell::Cell;
use core::ops::{Deref, DerefMut};

use super::vm::{State, Stop};
use super::window::WINDOW;
use crate::error::TrapCode;
use crate::host::Host;
use crate::isa::Insn;
use crate::module::Module;

/// Whether steps are counted. Only who measures what that costs builds without it, by `RUSTFLAGS="--cfg mog_unmetered"`: no
/// feature and no profile does.
pub(super) const METERED: bool = !cfg!(mog_unmetered);

/// The frame's link, then the registers that instructions can name.
pub(super) type Regs = [u64; WINDOW + 1];

/// What is handed from instruction to instruction in machine registers.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// The next instruction: one past the running one.
    pub(super) pc: usize,
    /// Steps left, plus `pc`.
    pub(super) fuel: isize,
    /// The latest integer result.
    pub(super) acc: u64,
    /// The latest float result.
    pub(super) facc: f64,
}

impl Step {
    /// Whether a charge point has to wait for more steps.
    #[inline(always)]
    pub(super) const fn is_out_of_fuel(self) -> bool {
        METERED && self.fuel < self.pc.cast_signed()
    }
}

/// Why the fast loop is left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Out of steps at a charge point.
    Fuel,
    /// A function was entered: its window is to be derived. The step is already the callee's.
    Enter,
    /// A function is to be entered, which the trampoline does.
    Frame,
    /// The running function returned: the caller's window is to be derived, and the value in `returned` stored.
    /// The step is already the caller's.
    Return,
    /// The outermost function returned; its value is in its first register.
    Finished,
    /// One instruction was carried out, where no more were asked for or can be paid for. The step is already the next one's.
    Done,
    /// Anything else that needs stack and heap at once.
    Slow,
    /// So does a host call that was not made directly.
    Host,
    /// The context's exit and step say already why and where, and are to stay as they are. Never the context's exit.
    Noted,
    /// A trap, described in the state.
    Trap,
    /// What was not verified.
    Corrupt,
    /// A trap: an array has no such element. The trampoline describes it.
    Element,
}

pub(super) type Flow = Result<Step, Exit>;

/// What instructions reach besides registers.
pub(super) struct Context<'a> {
    /// Makes host calls. Beside the rest, which it looks at.
    pub(super) host: &'a mut dyn Host,
    pub(super) machine: Machine<'a>,
}

impl<'a> Deref for Context<'a> {
    type Target = Machine<'a>;

    #[inline(always)]
    fn deref(&self) -> &Machine<'a> {
        &self.machine
    }
}

impl DerefMut for Context<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.machine
    }
}

/// What instructions reach besides registers and the host.
pub(super) struct Machine<'a> {
    pub(super) code: &'a [u32],
    pub(super) heap: &'a mut [u64],
    pub(super) module: &'a Module<'a>,
    /// What imports were linked to.
    pub(super) bindings: &'a [u32],
    /// Words of the heap in use.
    pub(super) top: usize,
    /// Words of the heap that may be in use before something must be collected.
    pub(super) limit: usize,
    /// Word of the stack that is the running frame's register 0.
    pub(super) base: usize,
    /// The largest such word for which the window still lies on the stack.
    pub(super) max_base: usize,
    /// As it was when the loop was entered; what it comes to is noted when that is left.
    pub(super) state: &'a mut State,
    /// Host calls that it may still make here; where that is fewer than it may make, the machine makes the next one.
    pub(super) host_calls: usize,
    /// Steps that there were when the loop was entered.
    pub(super) slice: i64,
    /// The value of a return.
    pub(super) returned: u64,
    /// The register that it is for.
    pub(super) returned_to: u8,
    /// The step with which the loop is entered and left.
    pub(super) step: Step,
    /// The host call that is being made.
    pub(super) insn: Insn,
    /// What it costs beyond what each costs.
    pub(super) charged: Cell<u32>,
    pub(super) exit: Exit,
}

impl Machine<'_> {
    /// Notes why the program ends. Inlined: a call here would make every handler that can trap save registers.
    #[inline(always)]
    pub(super) fn trap(&mut self, code: TrapCode, first: i64, second: i64) -> Exit {
        self.state.detail = (Stop::Trap(code), [first, second]);
        Exit::Trap
    }
}

/// A register's place in the window.
#[inline(always)]
pub(super) const fn at(register: u8) -> usize {
    1 + (register as usize & (WINDOW - 1))
}

/// Stores the value of a return in the caller's register.
#[inline(always)]
pub(super) fn store_result(r: &mut Regs, register: u8, value: u64) {
    r[at(register)] = value;
}

#[inline(always)]
pub(super) fn int(r: &Regs, register: u8) -> i64 {
    r[at(register)].cast_signed()
}

#[inline(always)]
pub(super) fn float(r: &Regs, register: u8) -> f64 {
    f64::from_bits(r[at(register)])
}

/// Stores an integer result in register a and hands it on.
#[inline(always)]
pub(super) fn set_int(i: Insn, s: Step, r: &mut Regs, value: i64) -> Flow {
    let acc = value.cast_unsigned();
    r[at(i.a())] = acc;
    Ok(Step { acc, ..s })
}

/// Stores a float result in register a and hands it on.
#[inline(always)]
pub(super) fn set_float(i: Insn, s: Step, r: &mut Regs, facc: f64) -> Flow {
    r[at(i.a())] = facc.to_bits();
    Ok(Step { facc, ..s })
}

/// A jump by that many words if the condition holds. A charge point.
#[inline(always)]
pub(super) fn jump(s: Step, condition: bool, offset: i64) -> Flow {
    if !condition {
        return Ok(s);
    }
    if s.is_out_of_fuel() {
        return Err(Exit::Fuel);
    }
    let offset = offset as isize;
    let fuel = if METERED { s.fuel.wrapping_add(offset) } else { s.fuel };
    Ok(Step { pc: s.pc.wrapping_add_signed(offset), fuel, ..s })
}

//! Host calls that the host carries out on the spot, with the same steps as those in `run.rs`, to which all others are left.

use super::{Context, Exit, Flow, Regs, Step, at};
use crate::host::Direct;
use crate::isa::Insn;
use crate::machine::binding::ImportBinding;
use crate::machine::direct::DirectCall;
use crate::machine::fast::TAIL;
use crate::machine::run::HOST_CALL_STEPS;

/// The step goes by way of the context: what lives on during the call is saved in a function's own frame, and the less that
/// is, the cheaper the call.
#[inline(always)]
pub(in super::super) fn host_call(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    if TAIL {
        return host_call_in_line(i, s, r, c);
    }
    // Where the results at hand lie in memory in any case, they stay where they are.
    (c.step.pc, c.step.fuel) = (s.pc, s.fuel);
    if call_apart(i, r, c) {
        return Ok(Step { pc: c.step.pc, fuel: c.step.fuel, ..s });
    }
    (c.step.acc, c.step.facc) = (s.acc, s.facc);
    Err(Exit::Noted)
}

/// The same where it has registers of its own.
#[inline(always)]
pub(in super::super) fn host_call_in_line(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    c.step = s;
    match call(i, r, c) {
        Some((pc, fuel)) => Ok(Step { pc, fuel, ..c.step }),
        None => Err(Exit::Noted),
    }
}

/// The same, with what is next and left in the context's step; whether it was carried out. In the loop around a `match`, code in
/// line would take registers from all other instructions; small processors have few.
#[inline(never)]
fn call_apart(i: Insn, r: &mut Regs, c: &mut Context<'_>) -> bool {
    let next = call(i, r, c);
    if let Some(next) = next {
        (c.step.pc, c.step.fuel) = next;
    }
    next.is_some()
}

/// Carries out a call and says what is next and left behind it. None if the loop is to be left: why, and with which step, is
/// noted then.
#[inline(always)]
fn call(i: Insn, r: &mut Regs, c: &mut Context<'_>) -> Option<(usize, isize)> {
    let done = direct(i, c).and_then(|binding| {
        c.insn = i;
        c.charged.set(0);
        let call = DirectCall { registers: r, machine: &c.machine };
        match c.host.call_direct(binding.number(), call) {
            Direct::Done(result) => Some((binding, result)),
            Direct::Left => None,
        }
    });
    let Some((binding, result)) = done else {
        leave(c);
        return None;
    };
    if binding.has_result() {
        r[at(c.insn.a())] = result;
    }
    c.host_calls -= 1;
    let pc = c.step.pc + usize::from(binding.operand_words());
    let mut fuel = c.step.fuel - HOST_CALL_STEPS as isize - isize::from(binding.params());
    let charged = c.charged.get();
    if charged > 0 {
        // A register of 32 bits may not hold all of it; this much ends any slice.
        let here = charged.min(1 << 30);
        fuel -= here as isize;
        c.slice += i64::from(charged - here);
    }
    // As after any other host call, it pauses here if it must.
    if fuel <= pc.cast_signed() {
        pause(c, pc, fuel);
        return None;
    }
    Some((pc, fuel))
}

/// What the import was linked to, if it can be called directly, and a call more is allowed.
#[inline(always)]
fn direct(i: Insn, c: &Context<'_>) -> Option<ImportBinding> {
    if c.host_calls == 0 {
        return None;
    }
    let binding = ImportBinding::load(c.bindings, i.b16())?;
    binding.is_direct().then_some(binding)
}

/// Leaves the call to the machine.
#[cold]
#[inline(never)]
fn leave(c: &mut Context<'_>) {
    c.exit = Exit::Host;
}

/// Leaves behind the call, with nothing left to go on with.
#[cold]
#[inline(never)]
fn pause(c: &mut Context<'_>, pc: usize, fuel: isize) {
    (c.step.pc, c.step.fuel) = (pc, fuel);
    c.exit = Exit::Done;
}

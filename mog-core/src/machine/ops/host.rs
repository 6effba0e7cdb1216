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
        c.step = s;
        return match call(i, r, c) {
            None => Ok(c.step),
            Some(exit) => Err(exit),
        };
    }
    // Where the results at hand lie in memory in any case, they stay where they are.
    (c.step.pc, c.step.fuel) = (s.pc, s.fuel);
    match call(i, r, c) {
        None => Ok(Step { pc: c.step.pc, fuel: c.step.fuel, ..s }),
        Some(exit) => {
            (c.step.acc, c.step.facc) = (s.acc, s.facc);
            Err(exit)
        }
    }
}

/// Carries out a call and moves the context's step behind it, or says why not. In the loop around a `match`, code in line
/// would take registers from all other instructions; small processors have few.
#[cfg_attr(target_pointer_width = "64", inline(always))]
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn call(i: Insn, r: &mut Regs, c: &mut Context<'_>) -> Option<Exit> {
    let Some(binding) = ImportBinding::load(c.bindings, i.b16()) else { return Some(Exit::Host) };
    let Some(params) = binding.direct_params() else { return Some(Exit::Host) };
    if c.host_calls == 0 {
        return Some(Exit::Host);
    }
    c.insn = i;
    c.charged.set(0);
    let call = DirectCall { registers: r, machine: &c.machine };
    let Direct::Done(result) = c.host.call_direct(binding.number(), call) else { return Some(Exit::Host) };
    if binding.has_result() {
        r[at(c.insn.a())] = result;
    }
    c.host_calls -= 1;
    c.step.pc += usize::from(binding.operand_words());
    c.step.fuel -= HOST_CALL_STEPS as isize + isize::from(params);
    if c.charged.get() > 0 {
        // The host's number may be larger than the steps of any slice.
        c.step.fuel = c.step.fuel.saturating_sub_unsigned(c.charged.get() as usize);
    }
    // As after any other host call, it pauses here if it must.
    if c.step.fuel <= c.step.pc.cast_signed() { Some(Exit::Done) } else { None }
}

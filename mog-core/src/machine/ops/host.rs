//! Host calls that the host carries out on the spot, with the same steps as those in `run.rs`, to which all others are left.

use super::{Context, Exit, Flow, METERED, Regs, Step, at};
use crate::isa::Insn;
use crate::machine::binding::ImportBinding;
use crate::machine::direct::{DirectCall, LEFT};
use crate::machine::fast::TAIL;
use crate::machine::loops::{is_counted_by, sure_rounds};
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
fn host_call_in_line(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    c.step = s;
    match call(i, r, c) {
        Some((pc, fuel)) => Ok(Step { pc, fuel, ..c.step }),
        None => Err(Exit::Noted),
    }
}

/// A loop of a host call with one word of operands, an addition and a count: makes all rounds that are sure to be followed by
/// another, and the host call of the next one. Gives the step in which that was met, and what came of it.
#[inline(always)]
pub(in super::super) fn host_rounds(
    call: Insn,
    others: &[u32],
    met: Step,
    r: &mut Regs,
    c: &mut Context<'_>,
) -> (Step, Flow) {
    let mut next = met;
    if let &[_, add, count] = others
        && let Some(binding) = direct(call, c)
    {
        let (add, count) = (Insn(add), Insn(count));
        let call_steps = HOST_CALL_STEPS as usize + usize::from(binding.params());
        // What comes behind the call, and what all of a round costs.
        let left = met.fuel - met.pc.cast_signed() - (others.len() + call_steps).cast_signed();
        let cost = 1 + others.len() + call_steps;
        let keeps = binding.operand_words() == 1
            && at(count.a()) != at(count.b())
            && !is_counted_by(count, add.a())
            && !(binding.has_result() && is_counted_by(count, call.a()));
        let rounds = if keeps { sure_rounds(count, true, left, cost, r).min(c.host_calls) } else { 0 };
        (c.step, c.insn) = (met, call);
        c.charged.set(0);
        for _ in 0..rounds {
            let result =
                c.host.call_direct(binding.number(), DirectCall { registers: r, machine: &c.machine });
            let charged = c.charged.get();
            if charged != 0 {
                let flow = match charged_or_left(binding, result, charged, r, c) {
                    Some((pc, fuel)) => Ok(Step { pc, fuel, ..c.step }),
                    None => Err(Exit::Noted),
                };
                return (c.step, flow);
            }
            if binding.has_result() {
                r[at(call.a())] = result;
            }
            let sum = r[at(add.b())].wrapping_add(r[at(add.c())]);
            r[at(add.a())] = sum;
            c.step.acc = sum;
            r[at(count.a())] = r[at(count.a())].wrapping_add(1);
            c.host_calls -= 1;
            if METERED {
                c.step.fuel -= cost.cast_signed();
            }
        }
        next = c.step;
    }
    (next, host_call(call, next, r, c))
}

/// The same as for one call, with what is next and left in the context's step; whether it was carried out. In the loop around
/// a `match`, code in line would take registers from all other instructions; small processors have few.
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
    let Some(binding) = direct(i, c) else {
        leave(c);
        return None;
    };
    c.insn = i;
    c.charged.set(0);
    let call = DirectCall { registers: r, machine: &c.machine };
    let result = c.host.call_direct(binding.number(), call);
    match c.charged.get() {
        0 => go_on(binding, result, 0, r, c),
        charged => charged_or_left(binding, result, charged, r, c),
    }
}

/// What is next and left behind a call with this result, and with these steps on top.
#[inline(always)]
fn go_on(
    binding: ImportBinding,
    result: u64,
    charged: u32,
    r: &mut Regs,
    c: &mut Context<'_>,
) -> Option<(usize, isize)> {
    if binding.has_result() {
        r[at(c.insn.a())] = result;
    }
    c.host_calls -= 1;
    let pc = c.step.pc + usize::from(binding.operand_words());
    // A register of 32 bits may not hold all of it; this much ends any slice.
    let here = charged.min(1 << 30);
    c.slice += i64::from(charged - here);
    let fuel = c.step.fuel - HOST_CALL_STEPS as isize - isize::from(binding.params()) - here as isize;
    // As after any other host call, it pauses here if it must.
    if fuel <= pc.cast_signed() {
        pause(c, pc, fuel);
        return None;
    }
    Some((pc, fuel))
}

/// The same, where the call said that it has steps on top or was left.
#[cold]
#[inline(never)]
fn charged_or_left(
    binding: ImportBinding,
    result: u64,
    charged: u32,
    r: &mut Regs,
    c: &mut Context<'_>,
) -> Option<(usize, isize)> {
    if charged == LEFT {
        leave(c);
        return None;
    }
    go_on(binding, result, charged, r, c)
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

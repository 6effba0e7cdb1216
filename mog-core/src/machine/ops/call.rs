//! Calls and returns. The callee's frame begins inside the caller's window, so that link, arguments and null
//! references are written without looking at the stack; then the trampoline derives the new window.

use super::{Context, Exit, Flow, METERED, Regs, Step, at};
use crate::heap::{NULL, ObjectHeader};
use crate::isa::{Insn, Op, ext_words};
use crate::machine::frames::Link;
use crate::module::NO_FUNCTION;

/// Steps of a call beyond its instruction, besides one for every four registers set to null.
pub(in super::super) const CALL_STEPS: isize = 4;
/// Steps of a return beyond its instruction.
const RETURN_STEPS: isize = 3;

/// Moves on to an instruction elsewhere, at a price.
#[inline(always)]
const fn go_to(s: Step, pc: usize, cost: isize) -> Step {
    let fuel = if METERED { s.fuel + pc.cast_signed() - s.pc.cast_signed() - cost } else { s.fuel };
    Step { pc, fuel, ..s }
}

/// Calls a function that most calls are of: it has no references to set to null, and its arguments are named in the first
/// operand word. Other calls leave to the trampoline, which has to derive the new window in any case.
#[inline(always)]
pub(in super::super) fn call(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    if s.is_out_of_fuel() {
        return Err(Exit::Fuel);
    }
    let (start, shape) = c.module.entry(i.b16());
    let [params, _, frame, first_ref] = shape.to_le_bytes();
    // That of no function has more, too.
    if params > 2 || first_ref < frame {
        return Err(Exit::Frame);
    }
    let Some(&first) = c.code.get(s.pc) else { return Err(Exit::Frame) };
    let first = Insn(first);
    let base = c.base + usize::from(first.a());
    if base > c.max_base {
        return Err(Exit::Frame);
    }
    // Two are copied whether or not they are there: what is not an argument is overwritten or never read.
    let (x, y) = (r[at(first.b())], r[at(first.c())]);
    let Some([link, register0, register1, ..]) = r.get_mut(usize::from(first.a())..) else {
        return Err(Exit::Frame);
    };
    *link = Link { pc: s.pc + 1, delta: first.a(), dst: i.a() }.to_word();
    *register0 = x;
    *register1 = y;
    c.base = base;
    c.step = go_to(s, start as usize, CALL_STEPS);
    Err(Exit::Enter)
}

#[inline(always)]
pub(in super::super) fn call_closure(_: Insn, s: Step, _: &mut Regs, _: &mut Context<'_>) -> Flow {
    if s.is_out_of_fuel() { Err(Exit::Fuel) } else { Err(Exit::Frame) }
}

/// Enters the function that the instruction before the context's step calls. Gives [`Exit::Slow`], with nothing changed,
/// when the stack is too small or the callee's frame does not begin inside the window.
#[cfg_attr(target_pointer_width = "32", inline(never))]
pub(in super::super) fn enter(r: &mut Regs, c: &mut Context<'_>) -> Exit {
    try_enter(r, c).map_or(Exit::Slow, |()| Exit::Enter)
}

fn try_enter(r: &mut Regs, c: &mut Context<'_>) -> Option<()> {
    let s = c.step;
    let i = Insn(*c.code.get(s.pc.checked_sub(1)?)?);
    let (number, closure) = if i.op_byte() == Op::Call as u8 {
        (i.b16(), None)
    } else {
        // A function value: the closure is the first parameter.
        let closure = r[at(i.b())];
        let &[header, number] = c.heap.get(closure as usize..)?.first_chunk()?;
        let number = u16::try_from(number).ok()?;
        if c.module.captures(number) != ObjectHeader(header).ty() {
            return None;
        }
        (number, Some(closure))
    };
    let (start, shape) = c.module.entry(number);
    if shape == NO_FUNCTION {
        return None;
    }
    let [params, _, frame, first_ref] = shape.to_le_bytes();
    if closure.is_some() && u16::from(params) != u16::from(i.c()) + 1 {
        return None;
    }
    let delta = Insn(*c.code.get(s.pc)?).a();
    let base = c.base + usize::from(delta);
    if base > c.max_base {
        return None;
    }
    let arguments = usize::from(params) - usize::from(closure.is_some());
    let words = ext_words(1 + arguments);
    let operands = c.code.get(s.pc..s.pc + words)?;
    let references = usize::from(first_ref)..usize::from(frame);
    let (caller, callee) = r.split_at_mut_checked(usize::from(delta))?;
    let (link, registers) = callee.split_first_mut()?;
    // Nothing is changed unless all of it fits.
    if registers.len() < references.end || registers.len() < usize::from(params) {
        return None;
    }
    let (mut n, mut slots) = (1, registers.iter_mut());
    if let (Some(closure), Some(slot)) = (closure, if closure.is_some() { slots.next() } else { None }) {
        *slot = closure;
    }
    for slot in slots.take(arguments) {
        // The operation's number, then three operands.
        let word = operands.get(n / 3).copied().unwrap_or(0);
        let register = (word >> (8 * (1 + n % 3))) as u8;
        *slot = caller.get(at(register)).copied().unwrap_or(0);
        n += 1;
    }
    let mut cost = CALL_STEPS;
    if let Some(references) = registers.get_mut(references) {
        cost += (references.len() / 4).cast_signed();
        references.fill(NULL);
    }
    *link = Link { pc: s.pc + words, delta, dst: i.a() }.to_word();
    c.base = base;
    c.step = go_to(s, start as usize, cost);
    Some(())
}

#[inline(always)]
fn leave(s: Step, r: &mut Regs, c: &mut Context<'_>, value: Option<u64>) -> Flow {
    if s.is_out_of_fuel() {
        return Err(Exit::Fuel);
    }
    let Some(link) = Link::from_word(r[0]) else {
        if let Some(value) = value {
            r[1] = value;
        }
        return Err(Exit::Finished);
    };
    c.base = c.base.wrapping_sub(usize::from(link.delta));
    c.step = go_to(s, link.pc, RETURN_STEPS);
    match value {
        Some(value) => {
            (c.returned, c.returned_to) = (value, link.dst);
            Err(Exit::Return)
        }
        None => Err(Exit::Enter),
    }
}

#[inline(always)]
pub(in super::super) fn ret(_: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    leave(s, r, c, None)
}

#[inline(always)]
pub(in super::super) fn ret1(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    let value = r[at(i.a())];
    leave(s, r, c, Some(value))
}

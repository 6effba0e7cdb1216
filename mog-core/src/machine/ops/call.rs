//! Calls and returns. The callee's frame begins inside the caller's window, so that link, arguments and null
//! references are written without looking at the stack; then the trampoline derives the new window.

use super::{Context, Exit, Flow, Regs, Step, at};
use crate::heap::NULL;
use crate::isa::{Insn, ext_words};
use crate::machine::frames::Link;

/// Steps of a call beyond its instruction, besides one for every four registers set to null.
pub(in super::super) const CALL_STEPS: isize = 4;
/// Steps of a return beyond its instruction.
const RETURN_STEPS: isize = 3;

/// Moves on to an instruction elsewhere, at a price.
#[inline(always)]
const fn go_to(s: Step, pc: usize, cost: isize) -> Step {
    let fuel = s.fuel + pc.cast_signed() - s.pc.cast_signed() - cost;
    Step { pc, fuel, ..s }
}

/// Leaves to the trampoline when the stack is too small or the callee's frame does not begin inside the window.
#[inline(always)]
pub(in super::super) fn call(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    if s.fuel < s.pc.cast_signed() {
        return Err(Exit::Fuel);
    }
    let Some(&first) = c.code.get(s.pc) else { return Err(Exit::Slow) };
    let Some((start, [params, _, frame, first_ref])) = c.module.entry(i.b16()) else {
        return Err(Exit::Slow);
    };
    let first = Insn(first);
    let delta = usize::from(first.a());
    let base = c.base + delta;
    if base > c.max_base {
        return Err(Exit::Slow);
    }
    let words = ext_words(1 + usize::from(params));
    // Two are copied whether or not they are there: what is not an argument is overwritten or never read.
    let (x, y) = (r[at(first.b())], r[at(first.c())]);
    let (caller, callee) = r.split_at_mut(delta);
    let [link, register0, register1, rest @ ..] = callee else { return Err(Exit::Slow) };
    *link = Link { pc: s.pc + words, delta: first.a(), dst: i.a() }.to_word();
    *register0 = x;
    *register1 = y;
    if params > 2 {
        let operands = c.code.get(s.pc + 1..s.pc + words).unwrap_or(&[]);
        let mut slots = rest.iter_mut();
        for &word in operands {
            let word = Insn(word);
            for register in [word.a(), word.b(), word.c()] {
                match (slots.next(), caller.get(at(register))) {
                    (Some(slot), Some(&value)) => *slot = value,
                    _ => return Err(Exit::Slow),
                }
            }
        }
    }
    let mut cost = CALL_STEPS;
    if first_ref < frame {
        let references = usize::from(first_ref)..usize::from(frame);
        cost += (references.len() / 4).cast_signed();
        match callee.get_mut(1 + references.start..1 + references.end) {
            Some(references) => references.fill(NULL),
            None => return Err(Exit::Slow),
        }
    }
    c.base = base;
    c.step = go_to(s, start as usize, cost);
    Err(Exit::Enter)
}

#[inline(always)]
fn leave(s: Step, r: &mut Regs, c: &mut Context<'_>, value: Option<u64>) -> Flow {
    if s.fuel < s.pc.cast_signed() {
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
            c.returned = (link.dst, value);
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

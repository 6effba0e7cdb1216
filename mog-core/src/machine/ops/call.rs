//! Calls and returns. The callee's frame begins inside the caller's window, so that link, arguments and null
//! references are written without looking at the stack; then the trampoline derives the new window.

use super::{Context, Exit, Flow, Regs, Step, at};
use crate::heap::{NULL, ObjectHeader};
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
    let Some(entry) = c.module.entry(i.b16()) else { return Err(Exit::Slow) };
    enter(i, s, r, c, entry, None)
}

/// The same for a function value: the closure is the first parameter.
#[inline(always)]
pub(in super::super) fn call_closure(i: Insn, s: Step, r: &mut Regs, c: &mut Context<'_>) -> Flow {
    if s.fuel < s.pc.cast_signed() {
        return Err(Exit::Fuel);
    }
    let closure = r[at(i.b())];
    let Some(&[header, number]) = c.heap.get(closure as usize..).and_then(<[u64]>::first_chunk) else {
        return Err(Exit::Slow);
    };
    let Ok(number) = u16::try_from(number) else { return Err(Exit::Slow) };
    let Some(entry) = c.module.entry(number) else { return Err(Exit::Slow) };
    if c.module.captures(number) != ObjectHeader(header).ty() || u16::from(entry.1[0]) != u16::from(i.c()) + 1
    {
        return Err(Exit::Slow);
    }
    enter(i, s, r, c, entry, Some(closure))
}

/// Enters a function. With a closure, that comes before the arguments.
#[inline(always)]
fn enter(
    i: Insn,
    s: Step,
    r: &mut Regs,
    c: &mut Context<'_>,
    (start, [params, _, frame, first_ref]): (u32, [u8; 4]),
    closure: Option<u64>,
) -> Flow {
    let Some(&first) = c.code.get(s.pc) else { return Err(Exit::Slow) };
    let first = Insn(first);
    let delta = usize::from(first.a());
    let base = c.base + delta;
    if base > c.max_base {
        return Err(Exit::Slow);
    }
    let arguments = usize::from(params) - usize::from(closure.is_some() && params > 0);
    let words = ext_words(1 + arguments);
    // Two are copied whether or not they are there: what is not an argument is overwritten or never read.
    let (x, y) = (r[at(first.b())], r[at(first.c())]);
    let (caller, callee) = r.split_at_mut(delta);
    let [link, registers @ ..] = &mut *callee else { return Err(Exit::Slow) };
    *link = Link { pc: s.pc + words, delta: first.a(), dst: i.a() }.to_word();
    let registers = match (closure, registers) {
        (Some(closure), [register0, rest @ ..]) => {
            *register0 = closure;
            rest
        }
        (_, registers) => registers,
    };
    let [register0, register1, rest @ ..] = registers else { return Err(Exit::Slow) };
    *register0 = x;
    *register1 = y;
    if arguments > 2 {
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

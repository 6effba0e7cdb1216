//! Frames on the stack, and the way from one to the next.
//!
//! ```text
//! arena   [ bindings of imports | link | frame | link | frame | … | slack of the window ][ heap
//! link    bits 0..32 where to go on, 32..40 distance between the frames' first registers,
//!         40..48 register for the result, 63 a task's first frame, above that of the entry;
//!         all bits set: the outermost frame
//! ```

use super::arguments::MAX_SLOTS;
use super::vm::{Stop, Vm};
use super::window::WINDOW;
use crate::heap::NULL;
use crate::module::Callee;

/// The link word of the outermost frame.
pub(crate) const OUTERMOST: u64 = u64::MAX;

/// In the link word of a task's first frame, and of the outermost frame.
const TASK: u64 = 1 << 63;

/// Where to go on after a return.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// The instruction to go on with.
    pub(crate) pc: usize,
    /// Words from the caller's first register to the callee's.
    pub(crate) delta: u8,
    /// The caller's first register for the result.
    pub(crate) dst: u8,
}

impl Link {
    /// The link in a stack word; none in the outermost frame's and in the first of a task.
    #[inline(always)]
    pub(crate) const fn from_word(word: u64) -> Option<Self> {
        if word & TASK != 0 {
            return None;
        }
        Some(Self { pc: word as u32 as usize, delta: (word >> 32) as u8, dst: (word >> 40) as u8 })
    }

    /// The stack word.
    #[inline(always)]
    pub(crate) const fn to_word(self) -> u64 {
        self.pc as u32 as u64 | (self.delta as u64) << 32 | (self.dst as u64) << 40
    }

    /// The stack word of a task's first frame.
    pub(crate) const fn to_task_word(self) -> u64 {
        self.to_word() | TASK
    }

    /// Whether this is the link of a task's first frame.
    pub(crate) const fn is_task(word: u64) -> bool {
        word & TASK != 0 && word != OUTERMOST
    }
}

/// Makes the outermost frame at the start of these words: these are its first registers, and all others are null.
#[inline(always)]
pub(super) fn make_outermost(stack: &mut [u64], callee: Callee, first: &[u64; MAX_SLOTS]) {
    let Some((link, registers)) = stack.split_first_mut() else { return };
    *link = OUTERMOST;
    // What a small frame has not, the window still has.
    if let Some(registers) = registers.first_chunk_mut() {
        *registers = *first;
    }
    if let Some(others) = registers.get_mut(MAX_SLOTS..usize::from(callee.frame)) {
        others.fill(NULL);
    }
}

impl Vm<'_> {
    /// The running frame's link.
    pub(crate) fn link(&self) -> Option<Link> {
        let at = self.state.base.checked_sub(1)?;
        Link::from_word(self.arena.get(at).copied().unwrap_or(OUTERMOST))
    }

    /// Leaves the running frame. False if it was the outermost.
    pub(crate) fn pop_frame(&mut self) -> bool {
        let Some(link) = self.link() else { return false };
        self.state.base = self.state.base.saturating_sub(usize::from(link.delta));
        self.state.pc = link.pc;
        true
    }

    /// Makes sure that a frame fits whose first register is at this word of the arena.
    #[inline]
    pub(crate) fn make_room(&mut self, base: usize) -> Result<(), Stop> {
        let needs = base + WINDOW;
        if needs <= self.state.split { Ok(()) } else { self.grow_to(needs) }
    }

    #[cold]
    fn grow_to(&mut self, needs: usize) -> Result<(), Stop> {
        let most = self
            .state
            .max_stack
            .map_or(usize::MAX, |words| words.saturating_add(self.state.bindings + 1 + WINDOW));
        if needs > most {
            return Err(Stop::OutOfStack);
        }
        // Half as much again, so that deep recursion does not move the heap at every call; half of what is left
        // if that does not fit, so that it does not collect at every call either.
        let missing = needs - self.state.split;
        let used = self.state.split - self.module.slack().min(self.state.split);
        // Never beyond the limit: a frame that fits is entered without looking.
        let most = most - self.state.split;
        let generous = (missing + (used / 2).min(4096)).min(most);
        match self.grow_stack(generous) {
            Err(Stop::OutOfMemory) => self.grow_stack(missing.max(self.free() / 2).min(most)),
            other => other,
        }
    }

    /// Enters a function from outside: the outermost frame. These are its first registers, and all others are null.
    pub(crate) fn push_outermost(&mut self, callee: Callee, first: &[u64; MAX_SLOTS]) -> Result<(), Stop> {
        let link = self.state.bindings;
        self.state.base = link + 1;
        self.make_room(link + 1)?;
        if let Some(stack) = self.arena.get_mut(link..) {
            make_outermost(stack, callee, first);
        }
        self.state.pc = callee.start as usize;
        Ok(())
    }
}

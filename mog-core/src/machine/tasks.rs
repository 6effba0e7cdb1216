//! Tasks: async functions at work.
//!
//! A call of an async function makes a task, an object of the heap: what the future says, then the function's registers.
//! It runs on the stack, above the frame of the function that was entered from outside, and is back in its object
//! whenever it waits. An instruction that waits is executed again when there may be something new: so a waiting task
//! needs no state beyond its registers.
//!
//! ```text
//! stack   [ … entry's frame | link | task's frame | link | frame | … ]
//! object  [ header | status | number | next | waiters | group | awaited | value … | message | registers … ]
//! ```
//! Ready tasks run in the order in which they became ready. The entry itself goes on when no task is ready.

mod groups;

use super::frames::Link;
use super::vm::{Stop, Vm};
use crate::error::{Failure, TrapCode};
use crate::features::{TASKS, lacks};
use crate::heap::{NULL, ObjectHeader, halves, join};
use crate::host::Host;
use crate::isa::{Insn, ext_words};
use crate::module::{Function, Module, TypeId, TypeKind};

// Words of a task's object.
const STATUS: usize = 1;
/// Low half: the next instruction. High half: while a host call is pending its token, while a group waits the number of
/// futures that it still waits for, when done the number of this completion.
const NUMBER: usize = 2;
/// The next task in the list that this one is in: ready, pending, or waiting for the same future.
const NEXT: usize = 3;
/// The first of those that wait for this one alone.
const WAITERS: usize = 4;
/// The task that waits for this one among others.
const GROUP: usize = 5;
/// The future, or the array of futures, that this one waits for.
const AWAITED: usize = 6;
const VALUE: usize = 7;

// Status: the state, and flags above it.
const STATE: u64 = 0xff;
const NEW: u64 = 0;
const READY: u64 = 1;
const RUNNING: u64 = 2;
const WAITING: u64 = 3;
const PENDING: u64 = 4;
const DONE: u64 = 5;
const FAILED: u64 = 6;
const CANCELLED: u64 = 7;
/// Nobody has to wait for it.
const SPAWNED: u64 = 1 << 8;
/// Goes on with a host call, whose token the number has.
const RESUMES: u64 = 1 << 9;
/// Where the kind of a failure is.
const KIND: u32 = 16;

/// Steps of making, suspending or resuming a task, besides one for every four words.
const TASK_STEPS: u64 = 4;

/// What a task's object says, for whoever checks it: words by their offsets.
pub(super) fn parts(word: impl Fn(usize) -> u64) -> (Option<usize>, [u64; 3]) {
    let stands = matches!(word(STATUS) & STATE, NEW | READY | WAITING | PENDING);
    let pc = stands.then(|| halves(word(NUMBER)).0 as usize);
    (pc, [word(NEXT), word(WAITERS), word(GROUP)])
}

/// The next task in the list that a task is in.
pub(super) fn next(word: impl Fn(usize) -> u64) -> u64 {
    word(NEXT)
}

/// The first task that waits for a task.
pub(super) fn waiters(word: impl Fn(usize) -> u64) -> u64 {
    word(WAITERS)
}

/// What a task waits for.
pub(super) fn awaited(word: impl Fn(usize) -> u64) -> u64 {
    word(AWAITED)
}

/// The function of a task with this header.
pub(super) fn function(module: &Module<'_>, header: u64) -> Option<u16> {
    let record = module.types.record(ObjectHeader(header).ty())?;
    (record.kind == TypeKind::Task).then_some(record.extra)
}

/// References to tasks that the machine holds between instructions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tasks {
    /// The one that runs.
    pub(crate) running: u64,
    /// The first and the last that are ready.
    pub(crate) ready: u64,
    pub(crate) last_ready: u64,
    /// The first of those whose host call is pending.
    pub(crate) pending: u64,
    /// Where the entry stands while tasks run.
    pub(crate) entry_pc: usize,
    /// How many tasks have ended.
    pub(crate) ended: u32,
}

impl Tasks {
    pub(crate) const NONE: Self =
        Self { running: NULL, ready: NULL, last_ready: NULL, pending: NULL, entry_pc: 0, ended: 0 };

    /// The references, for the collector.
    pub(crate) const fn roots(&mut self) -> [&mut u64; 4] {
        [&mut self.running, &mut self.ready, &mut self.last_ready, &mut self.pending]
    }
}

type Next = Result<(), Stop>;

impl Vm<'_> {
    fn task_word(&self, object: u64, offset: usize) -> u64 {
        usize::try_from(object)
            .ok()
            .and_then(|at| self.heap().get(at.checked_add(offset)?))
            .copied()
            .unwrap_or(NULL)
    }

    fn set_task_word(&mut self, object: u64, offset: usize, value: u64) {
        let at = usize::try_from(object).ok().and_then(|at| at.checked_add(offset));
        if let Some(word) = at.and_then(|at| self.heap_mut().get_mut(at)) {
            *word = value;
        }
    }

    fn state(&self, task: u64) -> u64 {
        self.task_word(task, STATUS) & STATE
    }

    fn set_state(&mut self, task: u64, state: u64) {
        let flags = self.task_word(task, STATUS) & !STATE;
        self.set_task_word(task, STATUS, flags | state);
    }

    /// The function of a task, and where in the object its registers begin.
    fn task_function(&self, task: u64) -> Result<(Function, usize), Stop> {
        let ty = ObjectHeader(self.task_word(task, 0)).ty();
        let record = self.module.types.record(ty).filter(|record| record.kind == TypeKind::Task);
        let record = record.ok_or(Stop::from(TrapCode::Corrupt))?;
        let function = self.module.function(record.extra).ok_or(Stop::from(TrapCode::Corrupt))?;
        Ok((function, 1 + record.slots.len()))
    }

    /// Carries out `new_task`.
    pub(super) fn new_task(&mut self, insn: Insn) -> Result<(), Stop> {
        let corrupt = Stop::from(TrapCode::Corrupt);
        let ty = TypeId(insn.b16());
        let record =
            self.module.types.record(ty).filter(|record| record.kind == TypeKind::Task).ok_or(corrupt)?;
        let function = self.module.function(record.extra).ok_or(corrupt)?;
        let params = usize::from(function.params);
        let operands = self.operands(params);
        let registers = 1 + record.slots.len();
        let size = registers + usize::from(function.frame);
        self.pay(TASK_STEPS + size as u64 / 4)?;
        self.reserve(size)?;
        let task = self.state.top as u64;
        self.state.top += size;
        for offset in 1..size {
            self.set_task_word(task, offset, NULL);
        }
        self.set_task_word(task, 0, ObjectHeader::new(ty, 0).0);
        self.set_task_word(task, STATUS, NEW);
        self.set_task_word(task, NUMBER, u64::from(function.start));
        for (n, register) in operands.iter().enumerate() {
            self.set_task_word(task, registers + n, self.reg(register));
        }
        self.set_reg(insn.a(), task);
        self.advance(ext_words(params));
        Ok(())
    }

    /// Carries out `spawn`: the task starts, and nobody has to wait for it.
    pub(super) fn spawn(&mut self, insn: Insn) {
        let task = self.reg(insn.a());
        self.start(task);
        self.set_task_word(task, STATUS, self.task_word(task, STATUS) | SPAWNED);
        self.advance(0);
    }

    fn start(&mut self, task: u64) {
        if self.state(task) == NEW {
            self.make_ready(task);
        }
    }

    fn make_ready(&mut self, task: u64) {
        self.set_state(task, READY);
        self.set_task_word(task, NEXT, NULL);
        match self.state.tasks.last_ready {
            NULL => self.state.tasks.ready = task,
            last => self.set_task_word(last, NEXT, task),
        }
        self.state.tasks.last_ready = task;
    }

    /// Carries out `await`.
    pub(super) fn await_future(&mut self, insn: Insn, host: &mut dyn Host) -> Next {
        let future = self.reg(insn.b());
        match self.state(future) {
            DONE => {
                let (_, registers) = self.task_function(future)?;
                for n in 0..registers.saturating_sub(VALUE + 1) {
                    self.set_reg(insn.a().wrapping_add(n as u8), self.task_word(future, VALUE + n));
                }
                self.advance(0);
                Ok(())
            }
            FAILED => {
                let (_, registers) = self.task_function(future)?;
                let kind = self.task_word(future, STATUS) >> KIND;
                let message = self.task_word(future, registers - 1);
                self.raise(kind, message, host)
            }
            CANCELLED => self.fail("the task was cancelled", host),
            _ => {
                self.start(future);
                if let Some(task) = self.wait()? {
                    self.set_task_word(task, AWAITED, future);
                    self.append_waiter(future, task);
                }
                self.next_task()
            }
        }
    }

    fn append_waiter(&mut self, future: u64, task: u64) {
        self.set_task_word(task, NEXT, NULL);
        let mut last = self.task_word(future, WAITERS);
        if last == NULL {
            self.set_task_word(future, WAITERS, task);
            return;
        }
        loop {
            self.charge(1);
            match self.task_word(last, NEXT) {
                NULL => break,
                next => last = next,
            }
        }
        self.set_task_word(last, NEXT, task);
    }

    /// Carries out `drain`: goes on when no task can.
    pub(super) fn drain(&mut self) -> Next {
        if self.state.tasks.ready == NULL && self.state.tasks.pending == NULL {
            self.advance(0);
            return Ok(());
        }
        self.next_task()
    }

    /// The running task, if the running frame is its own.
    fn running_task(&self) -> Option<u64> {
        let link = self.state.base.checked_sub(1).and_then(|at| self.arena.get(at)).copied()?;
        (Link::is_task(link) && self.state.tasks.running != NULL).then_some(self.state.tasks.running)
    }

    /// Suspends the running task until others make it ready; none if it is the entry that waits.
    fn wait(&mut self) -> Result<Option<u64>, Stop> {
        match self.running_task() {
            Some(_) => self.suspend(WAITING).map(Some),
            None if self.above_entry() => Err(Stop::from(TrapCode::Corrupt)),
            None => Ok(None),
        }
    }

    /// Puts the running task back into its object, to go on with the instruction at which it stands.
    fn suspend(&mut self, state: u64) -> Result<u64, Stop> {
        let task = self.state.tasks.running;
        let (function, registers) = self.task_function(task)?;
        self.charge(TASK_STEPS + u64::from(function.frame) / 4);
        for n in 0..function.frame {
            self.set_task_word(task, registers + usize::from(n), self.reg(n));
        }
        self.set_task_word(task, NUMBER, self.state.pc as u32 as u64);
        self.set_state(task, state);
        self.state.tasks.running = NULL;
        Ok(task)
    }

    /// A host call of the running task is pending: the task waits, others go on. `None` if the call was made from a
    /// function that cannot wait.
    pub(super) fn suspend_call(&mut self, token: u32) -> Option<Next> {
        if lacks(TASKS) {
            return None;
        }
        self.running_task()?;
        Some(self.suspend(PENDING).and_then(|task| {
            let pc = halves(self.task_word(task, NUMBER)).0;
            self.set_task_word(task, NUMBER, join(pc, token));
            self.set_task_word(task, NEXT, self.state.tasks.pending);
            self.state.tasks.pending = task;
            self.next_task()
        }))
    }

    /// Goes on with the next task that is ready, or else with the entry.
    fn next_task(&mut self) -> Next {
        if self.state.tasks.running == NULL && !self.above_entry() {
            // The entry waits.
            self.state.tasks.entry_pc = self.state.pc;
            if self.state.tasks.ready == NULL {
                return match self.state.tasks.pending {
                    NULL => Err(Stop::from(TrapCode::Deadlock)),
                    _ => Err(Stop::Waiting),
                };
            }
        }
        self.state.base = self.state.bindings + 1;
        self.state.pc = self.state.tasks.entry_pc;
        while self.state.tasks.ready != NULL {
            let task = self.state.tasks.ready;
            let next = self.task_word(task, NEXT);
            self.state.tasks.ready = next;
            if next == NULL {
                self.state.tasks.last_ready = NULL;
            }
            if self.state(task) == READY {
                return self.resume_task(task);
            }
        }
        Ok(())
    }

    /// Whether the running frame is not the entry's.
    const fn above_entry(&self) -> bool {
        self.state.base > self.state.bindings + 1
    }

    fn resume_task(&mut self, task: u64) -> Result<(), Stop> {
        let entry = self.state.entry.and_then(|entry| self.module.function(entry));
        let entry = entry.ok_or(Stop::from(TrapCode::Corrupt))?;
        let delta = entry.frame.checked_add(1).ok_or(Stop::from(TrapCode::Corrupt))?;
        let base = self.state.base + usize::from(delta);
        // Collection may move it.
        self.state.tasks.running = task;
        self.make_room(base)?;
        let task = self.state.tasks.running;
        let (function, registers) = self.task_function(task)?;
        self.charge(TASK_STEPS + u64::from(function.frame) / 4);
        if let Some(link) = self.arena.get_mut(base - 1) {
            *link = Link { pc: self.state.pc, delta, dst: 0 }.to_task_word();
        }
        self.state.base = base;
        for n in 0..function.frame {
            self.set_reg(n, self.task_word(task, registers + usize::from(n)));
        }
        let (pc, token) = halves(self.task_word(task, NUMBER));
        self.state.pc = pc as usize;
        let status = self.task_word(task, STATUS);
        self.state.waiting = (status & RESUMES != 0).then_some(token);
        self.set_task_word(task, STATUS, status & !(STATE | RESUMES) | RUNNING);
        self.set_task_word(task, AWAITED, NULL);
        Ok(())
    }

    /// The running task returned: its value is in its first registers.
    pub(super) fn task_returned(&mut self) -> Next {
        let task = self.state.tasks.running;
        let (_, registers) = self.task_function(task)?;
        for n in 0..registers.saturating_sub(VALUE + 1) {
            self.set_task_word(task, VALUE + n, self.reg(n as u8));
        }
        self.end_task(task, DONE)?;
        self.state.tasks.running = NULL;
        self.next_task()
    }

    /// The running task failed, and nothing in it caught that.
    pub(super) fn task_failed(&mut self, kind: u64, message: u64, host: &mut dyn Host) -> Next {
        let task = self.state.tasks.running;
        let (_, registers) = self.task_function(task)?;
        self.set_task_word(task, registers - 1, message);
        let status = self.task_word(task, STATUS) & SPAWNED | kind << KIND;
        self.set_task_word(task, STATUS, status);
        let group = self.task_word(task, GROUP);
        let awaited = self.task_word(task, WAITERS) != NULL || group != NULL && self.state(group) == WAITING;
        if status & SPAWNED != 0 && !awaited {
            host.spawn_failed(Failure::from_kind(kind), self.memory().string(message).unwrap_or(""));
        }
        self.end_task(task, FAILED)?;
        self.state.tasks.running = NULL;
        self.next_task()
    }

    /// Notes that a task ended, and wakes those that wait for it.
    fn end_task(&mut self, task: u64, state: u64) -> Result<(), Stop> {
        let (function, registers) = self.task_function(task)?;
        self.charge(TASK_STEPS + u64::from(function.frame) / 4);
        self.set_state(task, state);
        self.state.tasks.ended = self.state.tasks.ended.wrapping_add(1);
        self.set_task_word(task, NUMBER, join(0, self.state.tasks.ended));
        // Nothing that it used stays alive with its result.
        for n in 0..usize::from(function.frame) {
            self.set_task_word(task, registers + n, NULL);
        }
        let mut waiter = self.task_word(task, WAITERS);
        self.set_task_word(task, WAITERS, NULL);
        while waiter != NULL {
            let next = self.task_word(waiter, NEXT);
            self.charge(1);
            self.make_ready(waiter);
            waiter = next;
        }
        let group = self.task_word(task, GROUP);
        self.set_task_word(task, GROUP, NULL);
        if group != NULL && self.state(group) == WAITING {
            let (pc, count) = halves(self.task_word(group, NUMBER));
            let left = if state == DONE { count.saturating_sub(1) } else { 0 };
            self.set_task_word(group, NUMBER, join(pc, left));
            if left == 0 {
                self.make_ready(group);
            }
        }
        Ok(())
    }

    /// Takes a task out of a list; gives the list's first.
    fn unlink(&mut self, first: u64, task: u64) -> u64 {
        let after = self.task_word(task, NEXT);
        self.set_task_word(task, NEXT, NULL);
        if first == task {
            return after;
        }
        let mut at = first;
        while at != NULL {
            self.charge(1);
            let next = self.task_word(at, NEXT);
            if next == task {
                self.set_task_word(at, NEXT, after);
                break;
            }
            at = next;
        }
        first
    }

    /// The host has what a pending call waited for: its task is ready. False if no call waits under this token.
    pub(super) fn complete(&mut self, token: u32) -> bool {
        // Without an entry there is no list of tasks.
        if lacks(TASKS) || self.state.entry.is_none() {
            return self.state.waiting == Some(token);
        }
        let mut at = self.state.tasks.pending;
        while at != NULL && halves(self.task_word(at, NUMBER)).1 != token {
            at = self.task_word(at, NEXT);
        }
        if at == NULL {
            return self.state.waiting == Some(token);
        }
        let first = self.unlink(self.state.tasks.pending, at);
        self.state.tasks.pending = first;
        self.make_ready(at);
        self.set_task_word(at, STATUS, self.task_word(at, STATUS) | RESUMES);
        true
    }

    /// Raises a failure with a message.
    fn fail(&mut self, message: &str, host: &mut dyn Host) -> Next {
        let message = self.new_string(message)?;
        self.raise(Failure::Failed as u64, message, host)
    }
}

//! The outer loop: fast instructions, slow ones, host calls, failures, until the program ends or pauses.

use super::arguments::ArgumentSlots;
use super::binding::{ABSENT, ImportBinding, REFUSED};
use super::fast::Fast;
use super::instance::StartError;
use super::ops::call::CALL_STEPS;
use super::vm::{Collection, State, Stop, Vm};
use crate::error::{Failure, TrapCode};
use crate::features::{TASKS, lacks};
use crate::heap::{NULL, place};
use crate::host::{Answer, Builder, Call, CallSite, Host, Reply, operand_count};
use crate::isa::{Insn, Op, Operands, ext_words};
use crate::module::{Callee, Function};

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Outcome {
    /// The function returned; see [`Instance::result`](crate::Instance::result).
    Returned,
    /// Out of steps. Another run goes on.
    Paused,
    /// A host function is not done; its token. Nothing else can go on; another run asks the host again.
    Pending(u32),
    /// A host function ended the run.
    Halted,
    /// Every task waits, at least one of them for a host function that is not done. A run after
    /// [`Instance::complete`](crate::Instance::complete) goes on.
    Waiting,
    /// The program faulted.
    Trap {
        /// How.
        code: TrapCode,
        /// Numbers that the code's description explains.
        detail: [i64; 2],
    },
    /// What the program can reach does not fit the arena.
    OutOfMemory,
    /// Its calls nest deeper than [`Config::max_stack`](crate::Config::max_stack) allows.
    OutOfStack,
    /// It is about to make one host call more than it may. Another run makes it, if more are allowed by then.
    OutOfHostCalls,
    /// A failure that the program did not catch; see [`Instance::failure`](crate::Instance::failure).
    Failed(Failure),
    /// No function was entered.
    Idle,
}

impl Outcome {
    /// Whether another run does not go on.
    #[cold]
    pub(super) const fn is_end(self) -> bool {
        !matches!(self, Self::Paused | Self::Pending(_) | Self::Waiting | Self::Halted | Self::OutOfHostCalls)
    }
}

/// Steps of a host call beyond its instruction.
pub(super) const HOST_CALL_STEPS: u64 = 8;
/// Steps for each frame that a failure unwinds.
const UNWIND_STEPS: u64 = 8;

impl<'a> Vm<'a> {
    /// Makes the frame of a function, which is not yet entered.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) fn open(&mut self, callee: Callee, arguments: &ArgumentSlots) -> Result<(), StartError> {
        self.state.clear_stack();
        self.push_outermost(callee, &arguments.slots).map_err(|_| StartError::OutOfMemory)
    }

    /// Runs what was entered, if anything was and has not ended.
    pub(super) fn run_entered(&mut self, steps: u64, run: impl FnOnce(&mut Vm<'_>) -> Outcome) -> Outcome {
        if self.state.entry.is_none() || self.state.ended {
            return Outcome::Idle;
        }
        let steps = i64::try_from(steps).unwrap_or(i64::MAX);
        self.state.fuel = self.state.fuel.min(0).saturating_add(steps);
        self.state.quick = false;
        let outcome = run(self);
        self.ended(outcome)
    }

    /// Enters a function and runs it.
    #[cold]
    #[inline(never)]
    pub(super) fn enter_and_run(
        mut self,
        callee: Callee,
        arguments: &ArgumentSlots,
        host: &mut dyn Host,
        steps: u64,
    ) -> Result<Result<u64, Outcome>, StartError> {
        self.open(callee, arguments)?;
        if callee.params != arguments.count {
            return Err(StartError::Arguments);
        }
        self.state.entry = Some(callee.number);
        let outcome = self.run_entered(steps, |vm| vm.run(host));
        Ok(self.result_of(outcome))
    }

    /// Runs what was entered and has left the fast loop, or been through a slice of it.
    #[cold]
    #[inline(never)]
    pub(super) fn run_rest(mut self, end: Fast, host: &mut dyn Host) -> Result<u64, Outcome> {
        (self.state.ended, self.state.quick) = (false, false);
        let outcome = match self.go_on(end, host) {
            Ok(()) => self.run(host),
            Err(stop) => self.outcome(stop),
        };
        self.ended(outcome);
        self.result_of(outcome)
    }

    /// The first slot of the result, if the function returned.
    fn result_of(&self, outcome: Outcome) -> Result<u64, Outcome> {
        if outcome == Outcome::Returned { Ok(self.result_slot()) } else { Err(outcome) }
    }

    /// The first slot of the result of the function that returned.
    #[inline]
    pub(super) fn result_slot(&self) -> u64 {
        self.arena.get(self.state.bindings + 1).copied().unwrap_or(0)
    }

    /// Notes how a run ended.
    #[inline(always)]
    pub(super) fn ended(&mut self, outcome: Outcome) -> Outcome {
        self.note_use(0);
        self.state.ended = outcome == Outcome::Returned || outcome.is_end();
        outcome
    }

    /// Runs until the program ends, pauses, or waits for the host.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn run(&mut self, host: &mut dyn Host) -> Outcome {
        loop {
            let end = self.run_fast(host);
            if let Err(stop) = self.go_on(end, host) {
                return self.outcome(stop);
            }
        }
    }

    /// Carries out one instruction.
    pub(crate) fn step(&mut self, host: &mut dyn Host) -> Outcome {
        let end = self.run_single(host);
        match self.go_on(end, host) {
            Ok(()) => Outcome::Paused,
            Err(stop) => self.outcome(stop),
        }
    }

    /// Does what the fast loop was left for.
    fn go_on(&mut self, end: Fast, host: &mut dyn Host) -> Result<(), Stop> {
        match end {
            Fast::Quick => Ok(()),
            Fast::Slow => self.run_one(host),
            Fast::Stopped(Stop::Returned) => self.returned(),
            Fast::Stopped(stop) => Err(stop),
        }
    }

    /// A frame without a caller returned: that of a task, or of the entry.
    fn returned(&mut self) -> Result<(), Stop> {
        if self.in_task() { self.task_returned() } else { Err(Stop::Returned) }
    }

    /// Whether what runs is a task, and not the entry.
    #[inline]
    fn in_task(&self) -> bool {
        !lacks(TASKS) && self.state.tasks.running != NULL
    }

    /// Carries out the instruction at `state.pc`.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn run_one(&mut self, host: &mut dyn Host) -> Result<(), Stop> {
        let insn = Insn(self.module.code.get(self.state.pc).copied().unwrap_or(0));
        let op = insn.op().ok_or(Stop::from(TrapCode::Corrupt))?;
        match op {
            Op::NewTask | Op::Spawn | Op::Await | Op::Gather | Op::Race | Op::Drain if lacks(TASKS) => {
                return Err(Stop::from(TrapCode::Corrupt));
            }
            Op::Call | Op::CallClosure => {
                self.room_for_call()?;
                if op == Op::Call { self.call(insn)? } else { self.call_closure(insn)? }
            }
            Op::RetN => return self.return_many(insn),
            Op::NewTask => self.new_task(insn)?,
            Op::Spawn => self.spawn(insn),
            Op::Await => return self.await_future(insn, host),
            Op::Gather => return self.gather(insn, host),
            Op::Race => return self.race(insn, host),
            Op::Drain => return self.drain(),
            Op::HostCall => return self.host_call(insn, false, host),
            Op::HostTry => return self.host_call(insn, true, host),
            Op::Raise => {
                let (kind, message) = (self.reg(insn.a()), self.reg(insn.a().wrapping_add(1)));
                return self.raise(kind, message, host);
            }
            Op::Panic => {
                self.state.failure = (Failure::Failed as u64, self.reg(insn.a()));
                return Err(Stop::from(TrapCode::Panic));
            }
            Op::Lib if insn.b16() == crate::isa::Lib::Available as u16 => {
                self.available(insn.a(), host);
            }
            _ => return self.run_with_room(insn, op),
        }
        Ok(())
    }

    /// Carries out an instruction that may need memory. What it does before it asks for that can be done again: where something
    /// must be collected, it is left as if it had not been met, and met again afterwards. So the native stack never holds an
    /// instruction and the collector at once.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn run_with_room(&mut self, insn: Insn, op: Op) -> Result<(), Stop> {
        let State { fuel, paid, .. } = *self.state;
        let steps = self.state.counters.steps;
        self.state.collection = Collection::Apart;
        let mut done = self.carry_out(insn, op);
        if done == Err(Stop::Room) {
            (self.state.fuel, self.state.paid, self.state.counters.steps) = (fuel, paid, steps);
            done = self.collect();
            if done.is_ok() {
                // What it could pay for it still can: the collector takes its steps afterwards.
                let cost = fuel.saturating_sub(self.state.fuel);
                self.state.fuel = fuel;
                self.state.collection = Collection::Done(self.state.top);
                done = self.carry_out(insn, op);
                self.state.fuel = self.state.fuel.saturating_sub(cost);
            }
        }
        self.state.collection = Collection::Here;
        done
    }

    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn carry_out(&mut self, insn: Insn, op: Op) -> Result<(), Stop> {
        match op {
            Op::Lib => self.run_library(insn),
            Op::APush => self.append(insn),
            _ => self.run_slow(insn, op),
        }
    }

    /// Whether a capability is granted, to this register.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn available(&mut self, dst: u8, host: &dyn Host) {
        let register = self.operands(1).get(0).unwrap_or(0);
        let granted = {
            let memory = self.memory();
            memory.string(self.reg(register)).is_some_and(|name| host.grants(name))
        };
        self.set_reg(dst, u64::from(granted));
        self.advance(1);
    }

    /// Makes room for the frame of the function that the instruction at `state.pc` calls. Apart from the call, whose own stack
    /// would lie below that of the collector.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn room_for_call(&mut self) -> Result<(), Stop> {
        let delta = self.operands(1).get(0).ok_or(Stop::from(TrapCode::Corrupt))?;
        self.make_room(self.state.base + usize::from(delta))
    }

    /// A call that the fast loop could not do: the stack is too small, or the frame begins at the window's end.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn call(&mut self, insn: Insn) -> Result<(), Stop> {
        let function = self.module.function(insn.b16()).ok_or(Stop::from(TrapCode::Corrupt))?;
        let operands = self.operands(1 + usize::from(function.params));
        let delta = operands.get(0).ok_or(Stop::from(TrapCode::Corrupt))?;
        let arguments = operands.skip(1);
        self.enter(&function, insn.a(), delta, None, arguments)
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn call_closure(&mut self, insn: Insn) -> Result<(), Stop> {
        let closure = self.reg(insn.b());
        let count = usize::from(insn.c());
        let operands = self.operands(1 + count);
        let delta = operands.get(0).ok_or(Stop::from(TrapCode::Corrupt))?;
        let arguments = operands.skip(1);
        let word = |offset: usize| self.heap().get(place(closure, offset)).copied();
        let (Some(header), Some(number)) = (word(0), word(1)) else {
            return Err(Stop::from(TrapCode::Corrupt));
        };
        let function =
            u16::try_from(number).ok().and_then(|number| self.module.function(number)).filter(|function| {
                function.captures.0 == header as u16 && usize::from(function.params) == arguments.len() + 1
            });
        let function = function.ok_or(Stop::from(TrapCode::Corrupt))?;
        self.enter(&function, insn.a(), delta, Some(insn.b()), arguments)
    }

    /// Enters a function from the instruction at `state.pc`: the closure's register, if there is one, and the
    /// arguments' become its parameters.
    fn enter(
        &mut self,
        function: &Function,
        dst: u8,
        delta: u8,
        closure: Option<u8>,
        arguments: Operands<'_>,
    ) -> Result<(), Stop> {
        let callee = self.state.base + usize::from(delta);
        let words = ext_words(1 + arguments.len());
        let link = super::frames::Link { pc: self.state.pc + 1 + words, delta, dst };
        let references = usize::from(function.first_ref)..usize::from(function.frame);
        // As the fast loop charges it, wherever the window ends.
        self.charge(1 + CALL_STEPS.unsigned_abs() as u64 + references.len() as u64 / 4);
        let base = self.state.base;
        let (frame, above) = self.arena.split_at_mut_checked(callee).ok_or(Stop::from(TrapCode::Corrupt))?;
        if let Some(slot) = frame.last_mut() {
            *slot = link.to_word();
        }
        let registers = closure.into_iter().chain(arguments.iter());
        let values = registers.map(|register| frame.get(base + usize::from(register)).copied().unwrap_or(0));
        for (slot, value) in above.iter_mut().zip(values) {
            *slot = value;
        }
        if let Some(references) = above.get_mut(references) {
            references.fill(NULL);
        }
        self.state.base = callee;
        self.state.pc = function.start as usize;
        Ok(())
    }

    /// Returns several registers.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn return_many(&mut self, insn: Insn) -> Result<(), Stop> {
        let (first, count) = (usize::from(insn.a()), usize::from(insn.b()));
        let from = self.state.base + first;
        self.charge(4 + count as u64);
        match self.link() {
            None => {
                self.copy_words(from, self.state.base, count);
                self.returned()
            }
            Some(link) => {
                self.pop_frame();
                self.copy_words(from, self.state.base + usize::from(link.dst), count);
                Ok(())
            }
        }
    }

    fn copy_words(&mut self, from: usize, to: usize, count: usize) {
        if from + count <= self.arena.len() && to + count <= self.arena.len() {
            self.arena.copy_within(from..from + count, to);
        }
    }

    /// Unwinds to the nearest handler. Without one the task has failed, or else the program.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) fn raise(&mut self, kind: u64, message: u64, host: &mut dyn Host) -> Result<(), Stop> {
        self.state.failure = (kind, message);
        let origin = (self.state.base, self.state.pc);
        let mut at = self.state.pc;
        loop {
            self.charge(UNWIND_STEPS + u64::from(self.module.header.handlers) / 4);
            if let Some(handler) = self.module.handler_at(at) {
                self.set_reg(handler.register, kind);
                self.set_reg(handler.register.wrapping_add(1), message);
                self.state.pc = handler.target as usize;
                return Ok(());
            }
            if !self.pop_frame() {
                if self.in_task() {
                    return self.task_failed(kind, message, host);
                }
                // Nobody catches it: back to where it was raised, for the report.
                (self.state.base, self.state.pc) = origin;
                return Err(Stop::Failed);
            }
            // The call lies before the instruction to go on with.
            at = self.state.pc.saturating_sub(1);
        }
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn host_call(&mut self, insn: Insn, asked: bool, host: &mut dyn Host) -> Result<(), Stop> {
        let binding = ImportBinding::load(bytemuck::cast_slice(self.arena), insn.b16());
        // That of a granted call with nothing but its arguments says so.
        let site = self.call_site(insn, asked, binding.is_some_and(ImportBinding::is_direct));
        let Some(site) = &site else { return Err(Stop::from(TrapCode::Corrupt)) };
        if self.state.waiting.is_none() {
            match self.state.host_calls_left.checked_sub(1) {
                Some(left) => self.state.host_calls_left = left,
                None => return Err(Stop::OutOfHostCalls),
            }
            self.charge(HOST_CALL_STEPS + u64::from(site.signature.extra));
            self.state.counters.host_calls += 1;
        }
        let (binding, absent) = match binding.map(ImportBinding::number) {
            Some(REFUSED) | None => (None, false),
            Some(ABSENT) => (None, true),
            Some(number) => (Some(number), false),
        };
        let (reply, message) = self.ask(site, binding, absent, host);
        let kind = match reply {
            Reply::Done | Reply::CallBack => {
                self.advance(ext_words(site.operands.len()));
                return Ok(());
            }
            Reply::Pending(token) => {
                if let Some(next) = self.suspend_call(token) {
                    return next;
                }
                self.state.waiting = Some(token);
                return Err(Stop::Pending);
            }
            Reply::OutOfMemory => return Err(Stop::OutOfMemory),
            Reply::Halt => return Err(Stop::Halted),
            Reply::Denied => Failure::Denied,
            Reply::Failed if absent => Failure::Unavailable,
            Reply::Failed => Failure::Failed,
        };
        let message = match message {
            Some(message) => message,
            None => self.refusal(site.import)?,
        };
        if !asked {
            return self.raise(kind as u64, message, host);
        }
        let payload = site.signature.slots.len() - usize::from(site.signature.extra);
        self.set_result_failure(site.dst, payload, kind as u64, message);
        self.advance(ext_words(site.operands.len()));
        Ok(())
    }

    /// What the program says of a call.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn call_site(&self, insn: Insn, asked: bool, is_plain: bool) -> Option<CallSite<'a>> {
        let import = insn.b16();
        let signature = self.module.types.record(self.module.import_type(import)?)?;
        let further = if is_plain { 0 } else { operand_count(self.module.types, signature) };
        let operands = self.operands(usize::from(signature.extra) + further);
        Some(CallSite { import, signature, operands, dst: insn.a(), asked })
    }

    /// Asks the host for a call, or for the rest of one; gives its reply, and its message if that is a failure. Apart, so that
    /// what it takes of the stack is free again when the reply is acted on.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn ask(
        &mut self,
        site: &CallSite<'a>,
        binding: Option<u16>,
        absent: bool,
        host: &mut dyn Host,
    ) -> (Reply, Option<u64>) {
        let control = site.operands.skip(usize::from(site.signature.extra));
        let waiting = self.state.waiting.take();
        let answer = if waiting.is_none() { Answer::take(self, control) } else { None };
        let resumed = waiting.or(answer.map(|answer| answer.token));
        let mut call = Call::new(self, site, answer);
        let reply = match (binding, resumed) {
            (Some(function), None) => host.call(function, &mut call),
            (Some(function), Some(token)) => host.resume(function, token, &mut call),
            (None, _) if absent => {
                host.skipped(&mut call);
                match call.set_neutral_result() {
                    Ok(()) => Reply::Done,
                    Err(reply) => reply,
                }
            }
            (None, _) => {
                host.refused(&mut call);
                Reply::Denied
            }
        };
        let failure = call.failure();
        if matches!(reply, Reply::Halt) {
            self.state.waiting = waiting;
            answer.into_iter().for_each(|answer| answer.restore(self, control));
        }
        (reply, failure)
    }

    /// Fills the registers of a `Result` with a failure: kind, null payload, message.
    fn set_result_failure(&mut self, dst: u8, payload: usize, kind: u64, message: u64) {
        self.set_reg(dst, kind);
        for n in 0..payload {
            self.set_reg(dst.wrapping_add(1 + n as u8), NULL);
        }
        self.set_reg(dst.wrapping_add(1 + payload as u8), message);
    }

    /// The message of a denied call, as a new string. Apart, so that other calls need no room for the text.
    #[cold]
    #[inline(never)]
    fn refusal(&mut self, import: u16) -> Result<u64, Stop> {
        let Some(record) = self.module.metadata().imports().nth(usize::from(import)) else {
            return Err(Stop::from(TrapCode::Corrupt));
        };
        let parts = ["capability denied: ", record.capability, ".", record.function];
        self.reserve(Builder::string_words(parts.iter().map(|part| part.len()).sum()))?;
        self.fresh(|_, fresh| {
            parts.iter().try_for_each(|part| fresh.put(part.as_bytes()))?;
            fresh.finish_text()
        })
    }
}

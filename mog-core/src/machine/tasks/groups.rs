//! Several futures at once: `all` and `race`, and the cancellation of tasks that nobody waits for any more.

use super::super::vm::{Stop, Vm};
use super::{
    AWAITED, CANCELLED, DONE, FAILED, GROUP, KIND, NEXT, NUMBER, Next, PENDING, READY, RESUMES, RUNNING,
    SPAWNED, STATUS, TASK_STEPS, WAITERS, WAITING,
};
use crate::error::TrapCode;
use crate::heap::{NULL, ObjectHeader, halves, join};
use crate::host::Host;
use crate::isa::Insn;
use crate::module::TypeKind;

impl Vm<'_> {
    /// The futures of an array: how many, and where the first one's reference is. There may be no array: nothing obliges
    /// verified code to make one before it waits for it.
    fn futures(&self, array: u64) -> Result<(usize, usize), Stop> {
        if array == NULL {
            return Err(Stop::from(TrapCode::Corrupt));
        }
        let (len, buffer) = halves(self.task_word(array, 1));
        let (len, buffer) = (len as usize, buffer as usize);
        // A host may have given something else for an array, so its length could be any. An empty one has no buffer.
        if len > 0 && buffer.checked_add(len).is_none_or(|end| end > self.state.top) {
            return Err(Stop::from(TrapCode::Corrupt));
        }
        Ok((len, buffer))
    }

    /// Carries out `gather`: goes on when all futures of an array are done. The first that fails cancels the others.
    pub(in crate::machine) fn gather(&mut self, insn: Insn, host: &mut dyn Host) -> Next {
        let array = self.reg(insn.a());
        match self.survey(array)? {
            Survey { failed: Some((_, future)), .. } => {
                self.cancel_all(array, host)?;
                match self.state(future) {
                    CANCELLED => self.fail("the task was cancelled", host),
                    _ => {
                        let (_, registers) = self.task_function(future)?;
                        let kind = self.task_word(future, STATUS) >> KIND;
                        let message = self.task_word(future, registers - 1);
                        self.raise(kind, message, host)
                    }
                }
            }
            Survey { open: 0, foreign: false, .. } => {
                self.advance(0);
                Ok(())
            }
            Survey { open, foreign, .. } => self.wait_for_group(array, open, foreign, host),
        }
    }

    /// Carries out `race`: goes on when one future of an array has ended, with its index. The others are cancelled.
    pub(in crate::machine) fn race(&mut self, insn: Insn, host: &mut dyn Host) -> Next {
        let array = self.reg(insn.b());
        match self.survey(array)? {
            Survey { ended: Some((_, index)), .. } => {
                self.cancel_all(array, host)?;
                self.set_reg(insn.a(), index as u64);
                self.advance(0);
                Ok(())
            }
            Survey { open: 0, foreign: false, .. } => self.fail("race of no futures", host),
            Survey { foreign, .. } => self.wait_for_group(array, 1, foreign, host),
        }
    }

    /// How the futures of an array stand. Starts those that are new.
    fn survey(&mut self, array: u64) -> Result<Survey, Stop> {
        let (len, buffer) = self.futures(array)?;
        self.charge(2 * len as u64);
        let me = self.state.tasks.running;
        let mut survey = Survey::default();
        for index in 0..len {
            let future = self.task_word(buffer as u64, index);
            self.start(future);
            let ended = halves(self.task_word(future, NUMBER)).1;
            let earlier = |best: Option<(u32, u64)>| best.is_none_or(|(first, _)| ended < first);
            match self.state(future) {
                DONE => {}
                FAILED | CANCELLED => {
                    if earlier(survey.failed) {
                        survey.failed = Some((ended, future));
                    }
                }
                _ => {
                    match self.task_word(future, GROUP) {
                        // One that stands in the array twice ends once.
                        group if group == me => {}
                        group if group != NULL && self.state(group) == WAITING => survey.foreign = true,
                        _ => {
                            self.set_task_word(future, GROUP, me);
                            survey.open += 1;
                        }
                    }
                    continue;
                }
            }
            if survey.ended.is_none_or(|(first, _)| ended < first) {
                survey.ended = Some((ended, index));
            }
        }
        Ok(survey)
    }

    fn wait_for_group(&mut self, array: u64, count: u32, foreign: bool, host: &mut dyn Host) -> Next {
        if foreign {
            return self.fail("a future can be in one `all` or `race` at a time", host);
        }
        if let Some(task) = self.wait()? {
            self.set_task_word(task, AWAITED, array);
            let pc = halves(self.task_word(task, NUMBER)).0;
            self.set_task_word(task, NUMBER, join(pc, count));
        }
        self.next_task()
    }

    /// Cancels the futures of an array that have not ended.
    fn cancel_all(&mut self, array: u64, host: &mut dyn Host) -> Result<(), Stop> {
        let (len, buffer) = self.futures(array)?;
        // Those whose own awaited futures are still to be looked at, linked like any list.
        let mut todo = NULL;
        for index in 0..len {
            self.cancel(self.task_word(buffer as u64, index), &mut todo, host)?;
        }
        while todo != NULL {
            let task = todo;
            todo = self.task_word(task, NEXT);
            let awaited = self.task_word(task, AWAITED);
            self.set_task_word(task, AWAITED, NULL);
            let ty = ObjectHeader(self.task_word(awaited, 0)).ty();
            match self.module.types.record(ty).map(|record| record.kind) {
                Some(TypeKind::Task)
                    if self.task_word(awaited, WAITERS) == NULL
                        && self.task_word(awaited, STATUS) & SPAWNED == 0 =>
                {
                    self.cancel(awaited, &mut todo, host)?;
                }
                Some(TypeKind::Array) => {
                    let (len, buffer) = self.futures(awaited)?;
                    for index in 0..len {
                        let future = self.task_word(buffer as u64, index);
                        if self.task_word(future, STATUS) & SPAWNED == 0 {
                            self.cancel(future, &mut todo, host)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Cancels a task that has not ended. One that waited for others is put on the list of those to look at.
    fn cancel(&mut self, task: u64, todo: &mut u64, host: &mut dyn Host) -> Result<(), Stop> {
        self.charge(TASK_STEPS);
        let state = self.state(task);
        if matches!(state, DONE | FAILED | CANCELLED | RUNNING) {
            return Ok(());
        }
        let token = halves(self.task_word(task, NUMBER)).1;
        match state {
            PENDING => {
                let first = self.unlink(self.state.tasks.pending, task);
                self.state.tasks.pending = first;
                host.cancelled(token);
            }
            READY if self.task_word(task, STATUS) & RESUMES != 0 => host.cancelled(token),
            WAITING => {
                let awaited = self.task_word(task, AWAITED);
                let ty = ObjectHeader(self.task_word(awaited, 0)).ty();
                if self.module.types.record(ty).is_some_and(|record| record.kind == TypeKind::Task) {
                    let first = self.unlink(self.task_word(awaited, WAITERS), task);
                    self.set_task_word(awaited, WAITERS, first);
                }
            }
            _ => {}
        }
        // A ready one stays in its list, and is passed over.
        let next = self.task_word(task, NEXT);
        self.end_task(task, CANCELLED)?;
        if state == WAITING {
            self.set_task_word(task, NEXT, *todo);
            *todo = task;
        } else {
            self.set_task_word(task, NEXT, next);
        }
        Ok(())
    }
}

/// How the futures of an array stand.
#[derive(Default)]
struct Survey {
    /// How many have not ended.
    open: u32,
    /// The first that ended: the number of its completion, and its index.
    ended: Option<(u32, usize)>,
    /// The first that failed: the number of its completion, and the future.
    failed: Option<(u32, u64)>,
    /// One belongs to another group.
    foreign: bool,
}

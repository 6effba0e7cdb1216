//! Calls that have the program call one of its functions: the question on its way to the machine, and the answer back.

use std::fmt;

use mog_core::heap::SlotValues;
use mog_core::{Call, Reply, TypeId};

use crate::callback::Question;
use crate::gate::Gate;
use crate::make::{make, words};
use crate::pending::Progress;
use crate::read::{MAX_BYTES, Reader};
use crate::{CallError, Value};

/// A call that has the program call a function.
#[derive(Clone, Copy)]
pub(crate) struct Asking {
    token: u32,
    /// The function that was called.
    function: u16,
    /// How deep in the program's own calls it was made.
    depth: usize,
}

impl Gate {
    /// Has the program call one of its functions for a call that is under way. An error says why it cannot be called so.
    pub(crate) fn ask(
        &mut self,
        function: u16,
        call: &mut Call<'_, '_>,
        token: u32,
        question: &Question,
    ) -> Result<Reply, String> {
        let Question { index, args } = question;
        let types = call.callback_types(*index).and_then(|types| types.split_last());
        let (_, params) = types.ok_or("the host called an argument that is no function")?;
        if params.len() != args.len() {
            let (due, given) = (params.len(), args.len());
            return Err(format!("the host called a function of {due} arguments with {given}"));
        }
        let typed = || args.iter().zip(params.iter().map(|&ty| TypeId(ty)));
        let wrong = |what: &dyn fmt::Display| format!("the host called a function wrongly: {what}");
        let mut room = 0;
        for (value, ty) in typed() {
            self.handles.admit(value)?;
            room += words(value, ty, call.module()).map_err(|mismatch| wrong(&mismatch))?;
        }
        call.charge(room as u64);
        let mut slots = Vec::new();
        match call.build(room) {
            Ok(mut builder) => {
                for (value, ty) in typed() {
                    let mut part = SlotValues::new();
                    make(value, ty, &mut builder, &mut part).ok_or("an argument cannot be made")?;
                    slots.extend_from_slice(&part);
                }
            }
            Err(reply) => {
                self.pending.cancel(token);
                return Ok(reply);
            }
        }
        let depth = call.depth();
        self.forget_asking(|asking| asking.depth < depth);
        self.asking.push(Asking { token, function, depth });
        Ok(call.call_back(*index, token, &slots))
    }

    /// Goes on with a call that had the program call a function.
    pub(crate) fn answered(&mut self, function: u16, token: u32, call: &mut Call<'_, '_>) -> Progress {
        let depth = call.depth();
        let is_own =
            |asking: &Asking| (asking.token, asking.function, asking.depth) == (token, function, depth);
        if !self.asking.iter().any(is_own) {
            let message = "the host no longer waits for this function: the program was saved meanwhile";
            return Progress::Done(Err(CallError::failed(message)));
        }
        self.forget_asking(|asking| asking.depth < depth || is_own(asking));
        self.asking.pop();
        let reader = Reader::new(MAX_BYTES, self.handles.clone());
        let answer = call.answer().map_or(Ok(Value::Null), |(_, value)| reader.read(&value));
        call.charge(reader.steps());
        self.pending.answer(token, answer.map_err(CallError::from))
    }

    /// Drops the innermost calls that wait for a function up to one that is to be kept: a failure went past them.
    fn forget_asking(&mut self, is_kept: impl Fn(&Asking) -> bool) {
        while let Some(asking) = self.asking.pop_if(|asking| !is_kept(asking)) {
            self.pending.cancel(asking.token);
        }
    }
}

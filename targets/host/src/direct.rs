//! Arguments of calls that are made from within the machine's fast loop: each in one register, and of the type that the
//! host's function takes, as was found when the program was linked. What cannot be taken so is `None`: then the call is made
//! like any other, which also finds the words for what is wrong.

use std::cell::Cell;
use std::sync::Arc;

use mog_core::DirectCall;

use crate::read::MAX_BYTES;
use crate::{CallError, FromMog};

type Body = dyn Fn(DirectCall<'_, '_>) -> Came + Send + Sync;

/// How such a call is carried out. Behind a thin pointer, which is found quicker than a shared one to something of any size.
pub(crate) struct DirectBody(Box<Body>);

impl DirectBody {
    pub(crate) fn new(body: impl Fn(DirectCall<'_, '_>) -> Came + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self(Box::new(body)))
    }

    #[inline]
    pub(crate) fn call(&self, call: DirectCall<'_, '_>) -> Came {
        (self.0)(call)
    }
}

/// What came of it. Two words, so that they come back in registers.
pub(crate) enum Came {
    /// A result; 0 where there is none.
    Slot(u64),
    /// A failure.
    Failed(Box<CallError>),
    /// Nothing was done.
    Left,
}

impl From<Result<Option<u64>, String>> for Came {
    #[inline]
    fn from(result: Result<Option<u64>, String>) -> Self {
        match result {
            Ok(slot) => Self::Slot(slot.unwrap_or(0)),
            Err(message) => Self::Failed(Box::new(CallError::Failed(message))),
        }
    }
}

/// The arguments of one such call.
pub(crate) struct DirectArgs<'v, 'a> {
    call: DirectCall<'v, 'a>,
    /// Bytes of text that were taken.
    taken: Cell<usize>,
}

impl<'v, 'a> DirectArgs<'v, 'a> {
    pub(crate) const fn new(call: DirectCall<'v, 'a>) -> Self {
        Self { call, taken: Cell::new(0) }
    }

    /// An argument as a type of the host's.
    #[inline]
    pub(crate) fn get<T: FromMog>(&self, index: usize) -> Option<T> {
        match T::from_text() {
            Some(copy) => self.text(index).map(copy),
            None => T::from_register(self.call.slot(index).cast_signed()),
        }
    }

    /// A string argument, where it lies; a step is charged for eight bytes of text, as for any call.
    pub(crate) fn text(&self, index: usize) -> Option<&'v str> {
        let text = self.call.memory().string(self.call.slot(index))?;
        let taken = self.taken.get() + text.len();
        self.taken.set(taken);
        self.call.charge((taken / 8) as u32);
        (taken <= MAX_BYTES).then_some(text)
    }
}

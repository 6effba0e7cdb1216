//! Functions of a program that a host's function calls: [`Callback`].
//!
//! The host's function is a future. When it asks for a call it waits; the gate sees the question, has the machine make the
//! call, brings the answer here and polls the future again. So program code never runs on a stack frame of the host's.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::{Arguments, CallError, FromMog, Mismatch, Type, Value};

/// A function of the program that the host's function was passed: `A` is a tuple of what it takes, `R` what it gives.
///
/// It can be called, any number of times, until the call that it was passed to is over. What it raises ends that call too:
/// the host's future is dropped.
///
/// ```
/// # use mog::{Callback, CallError, CapabilitySet, Compiler, Runtime};
/// # fn main() -> Result<(), mog::Error> {
/// let mut capabilities = CapabilitySet::new();
/// capabilities.grant_calling("table.scan", |name: String, visit: Callback<(i64, String), bool>| async move {
///     for row in 0..10 {
///         if !visit.call((row, format!("{name} {row}"))).await? {
///             return Ok(row);
///         }
///     }
///     Err(CallError::failed("nobody was content"))
/// });
///
/// let source = r#"pub fn find(limit: int) -> int {
///     table.scan("row", |n, text| { n < limit or text.len > 5 })
/// }"#;
/// let program = Compiler::with(&capabilities).compile(source)?;
/// assert_eq!(Runtime::new(program, capabilities)?.call("find", (3,))?, 3i64.into());
/// # Ok(())
/// # }
/// ```
pub struct Callback<A, R> {
    any: AnyCallback,
    types: PhantomData<fn(A) -> R>,
}

impl<A: Arguments, R: FromMog> Callback<A, R> {
    /// Calls the function. Of several calls that are asked for at once, one is made after the other.
    ///
    /// # Errors
    /// If the result is not an `R`, or the call that the function was passed to is over.
    pub fn call(&self, arguments: A) -> impl Future<Output = Result<R, CallError>> + Send + use<A, R> {
        let called = self.any.call(arguments.into_values());
        async move { Ok(R::from_mog(called.await?)?) }
    }
}

impl<A, R> Clone for Callback<A, R> {
    fn clone(&self) -> Self {
        Self { any: self.any.clone(), types: PhantomData }
    }
}

impl<A, R> fmt::Debug for Callback<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}

impl<A: Arguments, R: FromMog> FromMog for Callback<A, R> {
    fn mog_type() -> Type {
        Type::Function(A::mog_types(), Box::new(R::mog_type()))
    }

    fn from_mog(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Function(any) => Ok(Self { any, types: PhantomData }),
            other => Err(Mismatch::new("a function", &other)),
        }
    }
}

/// A [`Callback`] of whatever type.
#[derive(Clone)]
pub struct AnyCallback {
    /// The argument's number, from 0.
    index: usize,
    channel: Arc<Channel>,
}

impl AnyCallback {
    pub(crate) const fn new(index: usize, channel: Arc<Channel>) -> Self {
        Self { index, channel }
    }

    /// Calls the function, as [`Callback::call`] does.
    ///
    /// # Errors
    /// If the arguments are not those that it takes, its result cannot be copied, or the call that the function was passed
    /// to is over.
    pub fn call(
        &self,
        arguments: Vec<Value>,
    ) -> impl Future<Output = Result<Value, CallError>> + Send + use<> {
        Calling { question: Some((self.index, arguments)), number: 0, channel: Arc::clone(&self.channel) }
    }
}

impl PartialEq for AnyCallback {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && Arc::ptr_eq(&self.channel, &other.channel)
    }
}

impl fmt::Debug for AnyCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnyCallback").field(&self.index).finish()
    }
}

/// A call that the host's function asks for: the number of the argument that is called, and what it is given.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Question {
    pub(crate) index: usize,
    pub(crate) args: Vec<Value>,
}

impl Question {
    /// As it is recorded.
    pub(crate) fn to_value(&self) -> Value {
        let index = i64::try_from(self.index).unwrap_or(i64::MAX);
        Value::map([("function", Value::Int(index)), ("args", Value::Array(self.args.clone()))])
    }
}

/// Between the future of one call and the gate.
#[derive(Default)]
pub(crate) struct Channel(Mutex<Exchange>);

#[derive(Default)]
struct Exchange {
    questions: VecDeque<(u64, Question)>,
    /// The question that the program works on.
    asked: Option<u64>,
    answers: Vec<(u64, Result<Value, CallError>)>,
    wakers: Vec<(u64, Waker)>,
    count: u64,
    /// Nobody answers any more.
    over: bool,
}

impl Channel {
    fn lock(&self) -> MutexGuard<'_, Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the future asks for a call.
    pub(crate) fn has_question(&self) -> bool {
        let exchange = self.lock();
        exchange.asked.is_none() && !exchange.questions.is_empty()
    }

    /// The call that the future asks for next. The answer is then due.
    pub(crate) fn question(&self) -> Option<Question> {
        let mut exchange = self.lock();
        if exchange.asked.is_some() {
            return None;
        }
        let (number, question) = exchange.questions.pop_front()?;
        exchange.asked = Some(number);
        Some(question)
    }

    /// What the call gave, or why it could not be made.
    pub(crate) fn answer(&self, answer: Result<Value, CallError>) {
        let waker = {
            let mut exchange = self.lock();
            let Some(number) = exchange.asked.take() else { return };
            exchange.answers.push((number, answer));
            exchange.waker(number)
        };
        waker.into_iter().for_each(Waker::wake);
    }

    /// The call that the functions were passed to is over.
    pub(crate) fn close(&self) {
        let wakers = {
            let mut exchange = self.lock();
            exchange.over = true;
            exchange.questions.clear();
            std::mem::take(&mut exchange.wakers)
        };
        wakers.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

impl Exchange {
    fn waker(&mut self, number: u64) -> Option<Waker> {
        let at = self.wakers.iter().position(|(known, _)| *known == number)?;
        Some(self.wakers.swap_remove(at).1)
    }
}

/// A call that was asked for.
struct Calling {
    question: Option<(usize, Vec<Value>)>,
    number: u64,
    channel: Arc<Channel>,
}

impl Future for Calling {
    type Output = Result<Value, CallError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let waker = context.waker().clone();
        let this = &mut *self;
        let mut exchange = this.channel.lock();
        if let Some((index, args)) = this.question.take() {
            this.number = exchange.count;
            exchange.count += 1;
            exchange.questions.push_back((this.number, Question { index, args }));
        }
        let number = this.number;
        if let Some(at) = exchange.answers.iter().position(|(known, _)| *known == number) {
            return Poll::Ready(exchange.answers.swap_remove(at).1);
        }
        if exchange.over {
            let message = "a program's function can only be called during the call that it was passed to";
            return Poll::Ready(Err(CallError::failed(message)));
        }
        let before = exchange.waker(number);
        exchange.wakers.push((number, waker));
        drop(exchange);
        drop(before);
        Poll::Pending
    }
}

impl Drop for Calling {
    /// What nobody waits for is not asked, or its answer not kept.
    fn drop(&mut self) {
        if self.question.is_some() {
            return;
        }
        let number = self.number;
        let waker = {
            let mut exchange = self.channel.lock();
            exchange.questions.retain(|(known, _)| *known != number);
            exchange.answers.retain(|(known, _)| *known != number);
            exchange.waker(number)
        };
        drop(waker);
    }
}

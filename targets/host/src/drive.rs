//! Who drives a program, and what happens while it waits: a thread that blocks, or an executor that polls.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

use crate::audit::OUT_OF_TIME;
use crate::gate::Gate;
use crate::runtime::Entry;
use crate::{Arguments, Error, Runtime, Value};

impl Runtime {
    /// [`Runtime::execute`] for an executor such as tokio's, of which it needs nothing in particular.
    ///
    /// The program gives way to others every few hundred microseconds, and while all its tasks wait. Granted
    /// [async functions](crate::CapabilitySet::grant_async) are polled along with it.
    ///
    /// If the future is dropped before it is done, the program stands where it was, as after
    /// [`Error::TimedOut`]: [`Runtime::resume_async`] goes on with it. Until then, or until another call begins, the
    /// calls that it waits for stay as they are.
    ///
    /// # Errors
    /// As for [`Runtime::execute`].
    pub async fn execute_async(&mut self) -> Result<Value, Error> {
        self.call_async("main", ()).await
    }

    /// [`Runtime::call`] for an executor; as for [`Runtime::execute_async`].
    ///
    /// ```
    /// # use mog::{CapabilitySet, Compiler, Runtime};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mog::Error> {
    /// let mut capabilities = CapabilitySet::new();
    /// capabilities.grant_async("shop.price", |item: String| async move { item.len() as f64 });
    /// let source = "pub async fn total(first: string, second: string) -> float {
    ///     prices := await all([shop.price(first), shop.price(second)])
    ///     prices.sum()
    /// }";
    /// let program = Compiler::with(&capabilities).compile(source)?;
    /// let mut runtime = Runtime::new(program, capabilities)?;
    /// let total = runtime.call_async("total", ("desk", "chair")).await?;
    /// assert_eq!(total, 9.0.into());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`Runtime::call`].
    pub fn call_async(
        &mut self,
        name: &str,
        arguments: impl Arguments,
    ) -> impl Future<Output = Result<Value, Error>> + Send {
        let arguments = arguments.into_values();
        async move {
            let entry = self.begin(name, arguments)?;
            Drive::new(self, Some(entry)).await
        }
    }

    /// [`Runtime::resume`] for an executor; also goes on where the future of a run was dropped.
    ///
    /// # Errors
    /// As for [`Runtime::resume`].
    pub async fn resume_async(&mut self) -> Result<Value, Error> {
        self.begin_again()?;
        Drive::new(self, None).await
    }
}

/// A run that an executor polls.
struct Drive<'r> {
    runtime: &'r mut Runtime,
    /// What is to be entered first.
    entry: Option<Entry>,
    ended: bool,
}

impl<'r> Drive<'r> {
    fn new(runtime: &'r mut Runtime, entry: Option<Entry>) -> Self {
        runtime.start_clock();
        Self { runtime, entry, ended: false }
    }
}

impl Future for Drive<'_> {
    type Output = Result<Value, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { runtime, entry, ended } = &mut *self;
        let polled = runtime.poll_drive(entry, &mut Patience::Polls(context));
        *ended = polled.is_ready();
        polled
    }
}

impl Drop for Drive<'_> {
    /// A run that nobody waits for any more has no time left, for the log as well.
    fn drop(&mut self) {
        let Some(step) = self.runtime.state.as_ref().map(|_| self.runtime.counters().steps) else { return };
        if !self.ended && self.runtime.gate.limited(step, OUT_OF_TIME).is_err() {
            self.runtime.paused = false;
        }
    }
}

/// What to do while a program waits.
pub(crate) enum Patience<'c, 'w> {
    /// Block the thread.
    Blocks,
    /// Come back when this context is woken.
    Polls(&'c mut Context<'w>),
}

impl Patience<'_, '_> {
    /// Lets others have their turn, if there are any: whether to come back later.
    pub(crate) fn gives_way(&mut self, gate: &mut Gate) -> bool {
        let Self::Polls(context) = self else { return false };
        gate.pending.poll(context);
        context.waker().wake_by_ref();
        true
    }

    /// Waits until a pending call can go on, or time is up; as for [`Gate::poll_wait`].
    pub(crate) fn wait(&mut self, gate: &mut Gate, asked: Option<u32>, step: u64) -> Poll<Option<u32>> {
        match self {
            Self::Blocks => {
                let waker = Waker::from(Arc::new(Unpark(thread::current())));
                let context = Context::from_waker(&waker);
                loop {
                    if let Poll::Ready(token) = gate.poll_wait(asked, step, &context) {
                        return Poll::Ready(token);
                    }
                    match gate.wakes_at(asked) {
                        Some(time) => thread::park_timeout(time.saturating_duration_since(Instant::now())),
                        None => thread::park(),
                    }
                }
            }
            Self::Polls(context) => {
                let polled = gate.poll_wait(asked, step, context);
                if let Some(time) = gate.wakes_at(asked).filter(|_| polled.is_pending()) {
                    gate.pending.wake_at(time, context);
                }
                polled
            }
        }
    }
}

/// Wakes a thread that blocks.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

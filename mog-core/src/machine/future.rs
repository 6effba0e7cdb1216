//! A run as a [`Future`]: it gives way between slices of steps, and while all it could do is wait for the host.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::instance::Instance;
use super::run::Outcome;
use crate::host::Host;

/// A host whose pending calls end by themselves: by timers, interrupts, or futures of its own.
pub trait AsyncHost: Host {
    /// The token of a pending call that can go on now, each once. If there is none, the waker is to be woken when there is;
    /// a host that has nothing pending any more may as well never wake it.
    fn poll_complete(&mut self, context: &mut Context<'_>) -> Poll<u32>;
}

/// A run; see [`Instance::run_async`].
#[must_use = "a future does nothing unless it is polled"]
pub struct Running<'r, 'a, H> {
    instance: &'r mut Instance<'a>,
    host: &'r mut H,
    left: u64,
    slice: u64,
}

impl<H> fmt::Debug for Running<'_, '_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("left", &self.left)
            .field("slice", &self.slice)
            .finish_non_exhaustive()
    }
}

impl<'a> Instance<'a> {
    /// Runs what was entered, for at most so many steps, in an executor: after every `slice` of steps other futures have
    /// their turn, and while all tasks wait for the host nothing is done until it wakes the executor. The output is as of
    /// [`Instance::run`], but never [`Outcome::Pending`] or [`Outcome::Waiting`]. A future that is dropped leaves the
    /// instance paused.
    pub fn run_async<'r, H: AsyncHost>(
        &'r mut self,
        host: &'r mut H,
        steps: u64,
        slice: u64,
    ) -> Running<'r, 'a, H> {
        Running { instance: self, host, left: steps, slice: slice.max(1) }
    }
}

impl<H: AsyncHost> Future for Running<'_, '_, H> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let Self { instance, host, left, slice } = &mut *self;
        loop {
            let steps = (*slice).min(*left);
            let outcome = instance.run(*host, steps);
            *left = left.saturating_sub(steps.saturating_sub(instance.steps_left()));
            match outcome {
                Outcome::Paused if *left > 0 => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Outcome::Pending(_) | Outcome::Waiting => match host.poll_complete(context) {
                    Poll::Ready(token) => {
                        // A call outside of all tasks is asked again by the next run.
                        instance.complete(token);
                    }
                    Poll::Pending => return Poll::Pending,
                },
                other => return Poll::Ready(other),
            }
        }
    }
}

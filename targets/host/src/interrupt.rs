//! Ending a run from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a program that waits may take to notice.
pub(crate) const NOTICE: Duration = Duration::from_millis(20);

/// Ends runs from another thread or a signal handler, with [`Error::TimedOut`](crate::Error::TimedOut);
/// [`Runtime::resume`](crate::Runtime::resume) goes on. A program that runs looks every million steps and before each
/// host call, one that waits every 20 milliseconds. A host function that is at work is not interrupted.
///
/// ```
/// # use mog::{CapabilitySet, Error, Interrupt, Runtime, compile_mog_source};
/// # fn main() -> Result<(), mog::Error> {
/// let interrupt = Interrupt::default();
/// let program = compile_mog_source("fn main() { while true { } }")?;
/// let mut runtime = Runtime::builder().interrupt(&interrupt).build(program, CapabilitySet::new())?;
/// std::thread::spawn(move || interrupt.set());
/// assert!(matches!(runtime.execute(), Err(Error::TimedOut { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, Debug)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Ends the runs of all runtimes that were built with this, and those to come.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Lets them run again.
    pub fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether runs are to end.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

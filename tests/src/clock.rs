//! Time that nobody else on the machine can stretch.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Processor time that this thread has had.
#[must_use]
pub fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

//! Where this binary reads the clock and waits.

use std::time::{Duration, Instant};

/// The monotonic clock.
#[expect(clippy::disallowed_methods, reason = "to measure time is what a benchmark is for")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits on the calling thread, for cleaning up outside of the runtime.
#[expect(clippy::disallowed_methods, reason = "a process that was killed takes a moment to be gone")]
pub(crate) fn wait(duration: Duration) {
    std::thread::sleep(duration);
}

/// A duration in milliseconds.
pub(crate) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

//! Where this binary reads the clock and waits.

use std::time::{Duration, Instant};

use crate::machine;

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

/// How long something took on the clock, and how much of a processor's time that was: on a shared machine the two differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    /// On the clock.
    pub(crate) wall: Duration,
    /// On the processor, by the thread that did it. Nothing if the kernel does not tell.
    pub(crate) cpu: Option<Duration>,
}

/// Does something on this thread and measures it.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Took) {
    let (start, before) = (now(), machine::thread_cpu_time());
    let done = work();
    let after = machine::thread_cpu_time();
    let cpu = before.zip(after).map(|(before, after)| after.saturating_sub(before));
    (done, Took { wall: start.elapsed(), cpu })
}

//! The time of one drill.

use ids::Timestamp;
use tokio::time::Instant;

/// The wall clock read once, then the monotonic clock: a wall clock that is set in the middle of a drill must not
/// bend its recovery time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    wall: Timestamp,
    start: Instant,
}

impl Clock {
    /// A clock that says `wall` now.
    pub(crate) fn starting_at(wall: Timestamp) -> Self {
        Self { wall, start: Instant::now() }
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        let elapsed_ns = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Timestamp(self.wall.0.saturating_add(elapsed_ns))
    }
}

//! Where this binary reads clocks and randomness; everything below is handed the values.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ids::{Id, Timestamp};

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "the binary is where clocks are read")]
pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// The monotonic clock.
#[expect(clippy::disallowed_methods, reason = "the binary is where clocks are read")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// A fresh id that sorts by time.
pub(crate) fn fresh_id() -> Result<Id, rustix::io::Errno> {
    let mut random = [0; 16];
    let mut filled = 0;
    while filled < random.len() {
        filled += rustix::rand::getrandom(&mut random[filled..], rustix::rand::GetRandomFlags::empty())?;
    }
    Ok(Id::time_ordered(wall().unix_ms(), u128::from_le_bytes(random)))
}

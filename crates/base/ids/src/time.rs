//! Points in time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Nanoseconds since 1970-01-01T00:00:00Z. In a ledger it is also unique: no two events share one.
///
/// Text form: RFC 3339 in UTC with nine fractional digits, `2026-11-22T13:08:23.000000001Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

/// The text is not an RFC 3339 time between 1970 and 2262.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a timestamp is an RFC 3339 time between 1970 and 2262, e.g. 2026-11-22T13:08:23Z")]
pub struct TimestampError;

impl Timestamp {
    /// 1970-01-01T00:00:00Z; in records, "not stamped yet".
    pub const ZERO: Self = Self(0);

    /// Nanoseconds in a second.
    pub const NS_PER_S: u64 = 1_000_000_000;

    /// Whole milliseconds since 1970.
    pub fn unix_ms(self) -> u64 {
        self.0 / 1_000_000
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every u64 of nanoseconds lies before the year 2555 and so inside jiff's range.
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(time) => write!(f, "{time:.9}"),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let time: jiff::Timestamp = text.parse().map_err(|_| TimestampError)?;
        u64::try_from(time.as_nanosecond()).map(Self).map_err(|_| TimestampError)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_every_nanosecond() {
        for ns in [0, 1, 1_700_000_000_123_456_789, u64::MAX] {
            let text = Timestamp(ns).to_string();
            assert_eq!(text.parse(), Ok(Timestamp(ns)), "{text}");
        }
        assert_eq!(Timestamp(1).to_string(), "1970-01-01T00:00:00.000000001Z");
    }

    #[test]
    fn other_texts_are_errors() {
        for bad in ["", "yesterday", "1969-12-31T23:59:59Z", "2026-11-22", "9999-12-31T23:59:59Z"] {
            assert_eq!(bad.parse::<Timestamp>(), Err(TimestampError), "{bad}");
        }
    }
}

//! What can be wrong with a date or the name of a day count.

/// Why something is not a date or not a day count. Each has a page under its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not four digits, a hyphen, two digits, a hyphen and two digits.
    #[error("a date is written as year, month and day, like 2026-11-22")]
    Malformed,
    /// The calendar has no such month, or the month has no such day.
    #[error("there is no day {year:04}-{month:02}-{day:02} in the calendar")]
    NoSuchDay {
        /// The year asked for.
        year: u16,
        /// The month asked for.
        month: u8,
        /// The day asked for.
        day: u8,
    },
    /// Before 1970-01-01 or after 9999-12-31, as text or as the result of counting days.
    #[error("dates go from 1970-01-01 to 9999-12-31")]
    OutOfRange,
    /// Not one of the names of [`DayCount`](crate::DayCount).
    #[error("the day count is none of ACT/365.FIXED, ACT/360, 30/360, 30E/360 and ACT/ACT.ISDA")]
    UnknownDayCount,
}

impl stdx::Coded for CalendarError {
    fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "CAL-0001",
            Self::NoSuchDay { .. } => "CAL-0002",
            Self::OutOfRange => "CAL-0003",
            Self::UnknownDayCount => "CAL-0004",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Malformed => "write the date with all its digits and hyphens, like 2026-11-22",
            Self::NoSuchDay { .. } => "check the length of the month; only leap years have a 29 February",
            Self::OutOfRange => "use a date from 1970-01-01 to 9999-12-31",
            Self::UnknownDayCount => "write the day count as FpML does, like ACT/365.FIXED",
        }
    }
}

//! A day, its text, and counting with days.

use std::fmt;
use std::str::FromStr;

use ids::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::CalendarError;

/// A day from 1970-01-01 to 9999-12-31 of the proleptic Gregorian calendar (ISO 8601), in four bytes.
///
/// Text form: ISO 8601's extended calendar date, `2026-11-22`, and no other. Later days are larger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(u32);

/// Days of four hundred years, after which the calendar repeats.
const DAYS_OF_400_YEARS: u32 = 146_097;

/// From 0000-03-01 to 1970-01-01. Years are counted from March, so that the day a leap year has more is the last.
const DAYS_FROM_MARCH_0000: u32 = 719_468;

impl Date {
    /// 1970-01-01.
    pub const MIN: Self = Self(0);

    /// 9999-12-31.
    pub const MAX: Self = Self(2_932_896);

    /// The day with this year, month (1 to 12) and day of the month (from 1).
    ///
    /// # Errors
    /// [`CalendarError::NoSuchDay`] and [`CalendarError::OutOfRange`].
    pub const fn new(year: u16, month: u8, day: u8) -> Result<Self, CalendarError> {
        if day == 0 || day > Self::days_in_month(year, month) {
            return Err(CalendarError::NoSuchDay { year, month, day });
        }
        if year < 1970 || year > 9999 {
            return Err(CalendarError::OutOfRange);
        }
        Ok(Self(days_to(year, month, day)))
    }

    /// The day that is so many days after 1970-01-01.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] after 9999-12-31.
    pub const fn from_days(days: u32) -> Result<Self, CalendarError> {
        if days > Self::MAX.0 { Err(CalendarError::OutOfRange) } else { Ok(Self(days)) }
    }

    /// The day of a point in time, in UTC. Every timestamp has one.
    pub const fn of_timestamp(time: Timestamp) -> Self {
        Self((time.0 / (86_400 * Timestamp::NS_PER_S)) as u32)
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> u32 {
        self.0
    }

    /// The year, 1970 to 9999.
    pub const fn year(self) -> u16 {
        self.civil().0
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.civil().1
    }

    /// The day of the month, from 1.
    pub const fn day(self) -> u8 {
        self.civil().2
    }

    /// The day of the year, 1 to 366.
    #[expect(clippy::cast_possible_truncation, reason = "at most 366")]
    pub const fn day_of_year(self) -> u16 {
        (self.0 - days_to(self.year(), 1, 1) + 1) as u16
    }

    /// Year, month and day of the month at once.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a year up to 9999, a month up to 12, a day up to 31"
    )]
    pub const fn civil(self) -> (u16, u8, u8) {
        let since_march_0000 = self.0 + DAYS_FROM_MARCH_0000;
        let of_400_years = since_march_0000 % DAYS_OF_400_YEARS;
        // Take the leap days of 4, 100 and 400 years out, and what is left divides by 365.
        let without_leap_days =
            of_400_years - of_400_years / 1_460 + of_400_years / 36_524 - of_400_years / 146_096;
        let year_of_400 = without_leap_days / 365;
        let of_march_year = of_400_years - (365 * year_of_400 + year_of_400 / 4 - year_of_400 / 100);
        let march_month = (5 * of_march_year + 2) / 153;
        let day = of_march_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = since_march_0000 / DAYS_OF_400_YEARS * 400 + year_of_400 + (month <= 2) as u32;
        (year as u16, month as u8, day as u8)
    }

    /// The day so many days later, or earlier when `days` is negative.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] when that leaves 1970-01-01 to 9999-12-31.
    pub const fn add_days(self, days: i32) -> Result<Self, CalendarError> {
        match self.0.checked_add_signed(days) {
            Some(sum) => Self::from_days(sum),
            None => Err(CalendarError::OutOfRange),
        }
    }

    /// Days from `earlier` to this day; negative when `earlier` is in fact later.
    pub const fn days_since(self, earlier: Self) -> i32 {
        self.0.cast_signed() - earlier.0.cast_signed()
    }

    /// Whether the calendar's year has a 29 February.
    pub const fn is_leap_year(year: u16) -> bool {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    }

    /// Days of the month in that year, 0 when there is no such month.
    pub const fn days_in_month(year: u16, month: u8) -> u8 {
        match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if Self::is_leap_year(year) => 29,
            2 => 28,
            _ => 0,
        }
    }
}

/// Days from 1970-01-01 to a day that exists, in or after 1970.
const fn days_to(year: u16, month: u8, day: u8) -> u32 {
    let march_year = year as u32 - (month <= 2) as u32;
    let march_month = (month as u32 + 9) % 12;
    let of_march_year = (153 * march_month + 2) / 5 + day as u32 - 1;
    let leap_days = march_year / 4 - march_year / 100 + march_year / 400;
    march_year * 365 + leap_days + of_march_year - DAYS_FROM_MARCH_0000
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Date {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
            return Err(CalendarError::Malformed);
        };
        if ![y1, y2, y3, y4, m1, m2, d1, d2].iter().all(u8::is_ascii_digit) {
            return Err(CalendarError::Malformed);
        }
        let two = |tens: u8, ones: u8| (tens - b'0') * 10 + (ones - b'0');
        let year = u16::from(two(y1, y2)) * 100 + u16::from(two(y3, y4));
        Self::new(year, two(m1, m2), two(d1, d2))
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Date;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date as a string, like 2026-11-22")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Date, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

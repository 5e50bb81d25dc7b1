//! Which part of a year lies between two days.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{CalendarError, Date};

/// The parts that a year is cut into: the least common multiple of 360, 365 and 366, so that a day of every
/// [`DayCount`] is a whole number of them.
pub const PARTS_PER_YEAR: i64 = 1_603_080;

/// A day count fraction of the 2006 ISDA Definitions, section 4.16: which part of a year lies between two days.
///
/// Text form: the name in FpML's coding scheme `day-count-fraction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DayCount {
    /// `ACT/365.FIXED`, 4.16(d): the days there are, over 365, in leap years as well.
    Actual365Fixed,
    /// `ACT/360`, 4.16(e): the days there are, over 360. A year brings more than a year's interest.
    Actual360,
    /// `30/360`, 4.16(f), bond basis: months of 30 days over 360. A first day on the 31st counts as the 30th; a last
    /// day on the 31st does so only when the first is the 30th or 31st.
    Thirty360,
    /// `30E/360`, 4.16(g), Eurobond basis: months of 30 days over 360, every 31st counts as the 30th.
    ThirtyE360,
    /// `ACT/ACT.ISDA`, 4.16(b): the days that lie in leap years over 366, the others over 365.
    ActualActualIsda,
}

impl DayCount {
    /// Every day count there is.
    pub const ALL: [Self; 5] =
        [Self::Actual365Fixed, Self::Actual360, Self::Thirty360, Self::ThirtyE360, Self::ActualActualIsda];

    /// The name in FpML.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Actual365Fixed => "ACT/365.FIXED",
            Self::Actual360 => "ACT/360",
            Self::Thirty360 => "30/360",
            Self::ThirtyE360 => "30E/360",
            Self::ActualActualIsda => "ACT/ACT.ISDA",
        }
    }

    /// The part of a year from `first`, included, to `last`, excluded, in [`PARTS_PER_YEAR`]ths and exact. Negative
    /// when `last` is the earlier one.
    ///
    /// Parts of adjacent periods add up to the part of both, except for `30/360`, whose rule for the last day looks
    /// at the first: from 15 to 31 January it has 16 days and from 31 January to 1 February one, but from 15
    /// January to 1 February 16.
    pub const fn parts(self, first: Date, last: Date) -> i64 {
        match self {
            Self::Actual365Fixed => last.days_since(first) as i64 * (PARTS_PER_YEAR / 365),
            Self::Actual360 => last.days_since(first) as i64 * (PARTS_PER_YEAR / 360),
            Self::Thirty360 if last.days() < first.days() => -thirty_360(last, first),
            Self::Thirty360 => thirty_360(first, last),
            Self::ThirtyE360 => months_of_30(last, at_most_30(last)) - months_of_30(first, at_most_30(first)),
            Self::ActualActualIsda => years_as_they_are(last) - years_as_they_are(first),
        }
    }
}

const fn thirty_360(first: Date, last: Date) -> i64 {
    let first_day = at_most_30(first);
    let last_day = if first_day == 30 { at_most_30(last) } else { last.day() };
    months_of_30(last, last_day) - months_of_30(first, first_day)
}

const fn at_most_30(date: Date) -> u8 {
    let day = date.day();
    if day > 30 { 30 } else { day }
}

/// From 0000-01-00 to the month of `date` and `day` in it, with months of 30 days.
const fn months_of_30(date: Date, day: u8) -> i64 {
    let (year, month, _) = date.civil();
    (year as i64 * 360 + month as i64 * 30 + day as i64) * (PARTS_PER_YEAR / 360)
}

/// From 0000-01-01 to `date`, each year being one, however many days it has.
const fn years_as_they_are(date: Date) -> i64 {
    let year = date.year();
    let parts_per_day = PARTS_PER_YEAR / if Date::is_leap_year(year) { 366 } else { 365 };
    year as i64 * PARTS_PER_YEAR + (date.day_of_year() as i64 - 1) * parts_per_day
}

impl fmt::Display for DayCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DayCount {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let named = Self::ALL.into_iter().find(|day_count| day_count.name() == text);
        named.ok_or(CalendarError::UnknownDayCount)
    }
}

impl Serialize for DayCount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for DayCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = DayCount;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a day count as a string, like ACT/365.FIXED")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<DayCount, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

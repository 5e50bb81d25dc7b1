//! Days of the calendar, as books date by them: the day a payment is booked, the day its value counts from.
//!
//! [`Date`] is a day of the proleptic Gregorian calendar without a time and without a time zone; [`DayCount`] says
//! which part of a year lies between two of them. Nothing here knows what day it is; a shell says so.

mod date;
mod day_count;
mod error;

pub use date::Date;
pub use day_count::{DayCount, PARTS_PER_YEAR};
pub use error::CalendarError;

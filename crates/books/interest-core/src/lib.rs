//! Interest on value-dated balances: accrued exactly, rounded only when it is posted.
//!
//! A [`Product`] says how a balance earns: which side of it, by which day count, at which rates from which day on, and
//! how amounts are rounded. An [`Accrual`] is one account's interest under a product. [`Accrual::book`] tells it what
//! moved on which value date, [`Accrual::accrue`] says at the end of a business day what to post, and
//! [`Accrual::capitalise`] what to pay at the end of an interest period.
//!
//! # What is counted
//!
//! A day earns on the balance at its end: of everything with that value date or an earlier one. The interest from the
//! first day on is kept as a whole number of [`PARTS_PER_UNIT`]ths of a minor unit, so it is exact under every day
//! count and every rate, and it depends only on what was booked with which value date: not on the order of the
//! bookings, and not on when it was accrued. What is posted is the difference between this number, rounded, and what
//! was posted before. So nothing is lost to rounding day by day, accruing a day again posts nothing, and an entry that
//! arrives with an earlier value date comes out as one correction, which may be negative.
//!
//! Value dates reach back at most [`BACK_DAYS`] and ahead at most [`AHEAD_DAYS`] from the business day. Days that no
//! booking can reach any more are folded into the number, so an accrual stays small however long it lives.
//!
//! Interest that is paid earns interest itself once the ledger books it with a value date, like any other payment; a
//! correction of days before that does not count the payment again.
//!
//! Everything is integers in checked arithmetic, and every refusal leaves an accrual as it was.

mod accrual;
mod bytes;
mod error;
mod product;
mod rounding;

pub use accrual::Accrual;
pub use error::InterestError;
pub use product::{BalanceSide, Product, RATE_PPM_MAX, RATES_MAX, Rate, Remainder, Terms};
pub use rounding::Rounding;

/// How many days before the business day a value date may lie.
pub const BACK_DAYS: i32 = 35;

/// How many days after the business day a value date may lie.
pub const AHEAD_DAYS: i32 = 366;

/// The parts a minor unit is cut into: a part per million of a rate times a part of a year. Interest is a whole number
/// of them under every day count.
pub const PARTS_PER_UNIT: i128 = 1_000_000 * calendar::PARTS_PER_YEAR as i128;

/// The largest balance, on either side, that interest is counted on: 2^64 − 1 minor units. At the highest rate and
/// from the first day of the calendar to its last, its interest fits into 128 bits.
pub const BALANCE_MAX: i128 = u64::MAX as i128;

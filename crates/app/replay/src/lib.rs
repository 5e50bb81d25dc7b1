//! CSV files replayed as payments, judged by the source's own balances.
//!
//! A [`Mapping`] (YAML) says what the columns of a file mean. [`Plan::read`] turns the file into payments without
//! sending any: it finds the order in which each account's rows were posted, and names every row it cannot use.
//! [`send`] makes the payments over HTTP, many accounts at once, strictly in order within each. [`judge`] then reads
//! every statement back and compares each running balance with the file's own.
//!
//! All ids are derived from the mapping's name and the file's keys, so a second replay changes nothing.

mod derive;
mod error;
mod judge;
mod mapping;
mod options;
mod order;
mod plan;
mod row;
mod send;
mod summary;
mod table;
mod trail;

pub use error::{MappingError, RunError, SourceError};
pub use judge::{Judgement, Reason, Unexplained, judge, write_unexplained};
pub use mapping::Mapping;
pub use options::{
    AmountOptions, ColumnOptions, CounterAccountOptions, CustomerOptions, DateOptions, DirectionOptions,
    FileOptions, LimitOptions, MappingOptions, RoundingOptions, RuleOptions, Side, TargetOptions,
    UserDataOptions, ValueDate, ZeroAmounts,
};
pub use order::DAY_ROWS_EXACT_MAX;
pub use plan::{Chain, Forecast, Plan, Posting};
pub use row::{BadRow, Row};
pub use send::{Progress, SendOptions, Sent, Stage, send};
pub use summary::Summary;

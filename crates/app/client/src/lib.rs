//! A typed HTTP client of the bank API and the platform API, for everything that speaks to a running bank: the
//! command line, the replay, drills and benchmarks.
//!
//! [`Client`] keeps HTTP/1.1 connections open and shares them between its clones. Every call ends within its
//! timeout, as a value or as a [`ClientError`]; a problem the server describes (RFC 9457) comes through whole.
//! Nothing is retried here unless [`retried`] is asked to.

mod bank;
mod changes;
mod chart;
mod error;
mod http;
mod ledger;
mod platform;
mod retry;

pub use bank::Created;
pub use changes::{Changes, FeedMessage};
pub use error::ClientError;
pub use http::{Client, ClientOptions};
pub use retry::{RetryPolicy, retried};

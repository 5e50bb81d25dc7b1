//! The ledger as a shard: the state machine that the shard's runtime drives, and the bank API in front of it.
//!
//! [`LedgerMachine`] adapts [`ledger_core::Ledger`] to [`shard::StateMachine`]. [`Api`] is version 1 of the bank API on one
//! site, whatever it is served in, and [`router`] serves it over HTTP; only the leading site answers, the others say who
//! they are and nothing else. [`openapi`] is its description, made from the same types.

mod cold_files;
mod cold_writer;
mod convert;
mod error;
mod feed;
mod http;
mod journal_desk;
mod machine;
mod outlet;
mod rebuild;
mod storage;

pub use cold_files::ColdFiles;
pub use error::ApiError;
pub use feed::{Feed, FeedCounts, FeedError, FeedEvent, FeedFilter, FeedLimits, FeedReader, FeedStep};
pub use http::{Api, Prepared, SiteInfo, Written, accounts_shown, openapi, router};
pub use journal_desk::JournalReadError;
pub use machine::LedgerMachine;
pub use outlet::Outlet;
pub use rebuild::Rebuild;
pub use storage::{ColdKeeper, Levels, Storage};

//! The ledger: accounts, and transfers between two of them, applied in order by a deterministic state
//! machine.
//!
//! Start at [`Ledger::apply`]: one request is a batch of 128-byte events, and every event gets one 16-byte
//! [`Outcome`]. Records, flags, statuses and their precedence follow TigerBeetle's public data model (release
//! 0.17), so its reference pages describe this ledger as well.
//!
//! Nothing here reads a clock, a file, a socket or a random source: time enters as the timestamp of a
//! request. Equal requests from an equal start give equal outcomes and an equal [state
//! hash](Ledger::state_hash), on any machine.
//!
//! Money is `u128` minor units in checked arithmetic. A refusal is a status; a broken invariant is a bug, and
//! the ledger panics rather than book it.

mod account_rules;
mod accounts;
mod ahead;
mod answer;
mod apply;
mod bank;
mod block_cache;
mod bulk;
mod change_events;
mod changes;
mod closing;
mod cold;
#[cfg(test)]
mod cold_memory;
mod columns;
mod error;
mod expiry;
mod filter;
mod groups;
mod guide;
mod history;
mod id_index;
mod imports;
mod invariants;
mod keys;
mod ledger;
mod ledgers;
mod operation;
mod pages;
mod postings;
mod prefetch;
mod query;
mod restore;
mod rows;
mod scan;
mod search;
mod snapshot;
mod spill;
mod state_hash;
mod status;
mod transfer_rules;
mod transfers;
mod trial_balance;
mod walk;
mod wire;

pub use answer::{QueryOperation, REPLY_CHANGE_EVENTS_MAX, REPLY_RECORDS_MAX};
pub use bank::{
    AccountInterest, Booked, Booking, ClosedDay, ControlAccount, DayCut, InterestAssignment, InterestProduct,
    InterestRate, InterestRun, InterestRunKind, PURPOSES_MAX, Placement, PurposeRole, PurposeRule,
    UnitDeclaration, VALUE_DAYS_AFTER_MAX, VALUE_DAYS_BEFORE_MAX,
};
pub use bulk::Both;
pub use changes::{Change, Extent};
pub use cold::{ColdError, ColdOptions, ColdSegment, ColdStore};
pub use error::{InvariantBroken, QueryError, RequestError, SnapshotError, StatementError};
pub use filter::{
    AccountBalance, AccountFilter, ChangeEvent, ChangeEventType, ChangeEventsFilter, QueryFilter,
};
pub use ledger::{Counts, Ledger};
pub use ledgers::Ledgers;
pub use operation::{BOOKINGS_MAX, EVENT_BYTES, EVENTS_MAX, OUTCOME_BYTES, Operation};
pub use query::{Cursor, Side, Statement, StatementEntry, TransferView};
pub use search::{Found, PendingFilter, SEARCH_RECORDS_MAX};
pub use snapshot::FrozenLedger;
pub use spill::{Spill, WrittenSegment};
pub use status::{CreateAccountStatus, CreateTransferStatus, DeclarationStatus};
pub use transfers::TransferState;
pub use trial_balance::{Total, TrialBalance, TrialBalanceLine};
pub use wire::{Account, AccountFlags, Outcome, Transfer, TransferFlags};

//! Who may do what in which ledgers, without a socket or a clock.
//!
//! A [`Policy`] is read from YAML and says for every [`Identity`] its [`Permits`]: the ledgers it may read, post to and
//! approve in. What it does not say is refused. [`Review`] applies the permits to the events of a write, so that every
//! event that reaches the ledger names a ledger its sender has the right for; the ledger itself refuses whatever does not
//! belong to the ledger it names. Reads need no review: [`ledger_core::Ledger::answer_within`] takes the set of ledgers.
//!
//! # What a client sees
//!
//! Published clients of TigerBeetle know the statuses of TigerBeetle and no others. An event that was refused for want of
//! a right has the status `ledger_must_not_be_zero`: to who may not use it, a ledger is none. The ledger itself gives that
//! status only to events whose ledger is zero and that post or void nothing, so it is never mistaken. The other events of a
//! linked chain have `linked_event_failed`, as for every other reason.

mod error;
mod identity;
mod policy;
mod review;

pub use error::{IdentityError, PolicyError};
pub use identity::{Identity, Names};
pub use policy::{GRANTS_MAX, Grant, POLICY_BYTES_MAX, Permits, Policy, Right};
pub use review::{Review, Write};

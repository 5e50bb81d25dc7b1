//! The bank API over a real node on a real folder: requests as text in, answers as text out.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod accounts;
mod bad_input;
mod bank;
mod changes;
mod flags;
mod idempotency;
mod journal;
mod limits;
mod payments;
mod search;
mod site;
mod two_phase;

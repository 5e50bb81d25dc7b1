//! The bank API over a real node on a real folder: requests as text in, answers as text out.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod accounts;
mod bad_input;
mod bank;
mod bookings;
mod changes;
mod days;
mod flags;
mod idempotency;
mod interest;
mod journal;
mod limits;
mod payments;
mod purposes;
mod search;
mod site;
mod tree;
mod two_phase;
mod units;

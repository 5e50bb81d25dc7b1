//! Publishing to librdkafka's mock cluster: what consumers read, whatever dies.
//!
//! The mock cluster keeps what an aborted transaction wrote, and shows it. That is no hindrance: a publisher goes on after the
//! last event that a consumer sees, so what consumers read has no gap and no repetition with and without such events.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod publishing;
mod site;
mod trouble;

//! The policy and the review from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod identities;
mod policies;
mod reviews;

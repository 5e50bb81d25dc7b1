//! The ledger from outside: scripts in and text out, a model beside it, and bad bytes.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod against_model;
mod bad_input;
mod balancing;
mod bank;
mod bank_model;
mod chains;
mod changes;
mod closing;
mod cold;
mod import;
mod interest;
mod ledgers;
mod model;
mod model_queries;
mod model_rules;
mod precedence;
mod queries;
mod rules;
mod script;
mod searches;
mod statements;
mod statuses;
mod two_phase;

//! The front door between clients and sites that the tests control: what is held, what is sent again, what is
//! refused, and what hostile clients cannot do.
//!
//! Short limits make the tests quick. No assertion depends on how long something took, only on what came of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod clients;
mod forwarding;
mod idle;
mod limits;
mod metrics;
mod site;
mod streams;

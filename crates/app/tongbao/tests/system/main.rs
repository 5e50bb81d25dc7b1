//! The real binary: a supervisor and three sites, on a folder and ports of its own for each test.
//!
//! The tests wait for what must come, with patience for slow machines; no assertion depends on how long it took.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
#![expect(
    clippy::disallowed_methods,
    reason = "the tests stand outside: they read files and environment, and wait"
)]

mod access;
mod bank;
mod berka;
mod books;
mod changes;
mod cli;
mod console;
mod consumers;
mod damage;
mod failover;
mod grpc;
mod guide;
mod http;
mod kafka;
mod ledger;
mod ledger_clients;
mod life;
mod load;
mod postgres;

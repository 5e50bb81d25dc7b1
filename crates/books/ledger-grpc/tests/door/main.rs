//! The door, from outside: through the gateway, with clients of two implementations.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::disallowed_methods,
    reason = "the tests stand outside: they read files and environment, and wait"
)]

mod bad_input;
mod bank;
mod failover;
mod generated;
mod lists;
mod python;
mod twins;
mod writes;

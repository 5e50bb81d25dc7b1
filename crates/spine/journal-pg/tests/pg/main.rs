//! The journal on a real PostgreSQL with a real synchronous standby, and everything that may happen to them.
//!
//! What `on_both!` names runs a second time, behind the [face](gauss) of openGauss. That is a mock; the first time is real.
//!
//! Without PostgreSQL these tests say so and do nothing; in CI that is a failure.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "helpers of tests are tests, though they lack the attribute; tests wait for other programs"
)]

mod archive;
mod cluster;
mod damage;
mod faults;
mod gauss;
mod leading;
mod site;
mod tls;

//! The journal as its users see it: on the simulated disk, where everything can be broken, and on a real one.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests are tests, though they lack the attribute"
)]

mod crash;
mod damage;
mod fencing;
mod format;
mod import;
mod limits;
mod real_disk;
mod support;
mod tailing;

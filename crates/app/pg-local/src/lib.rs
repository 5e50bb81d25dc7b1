//! PostgreSQL servers as processes of this machine: for a bank on one laptop, for tests, for benchmarks.
//!
//! [`Installation`] finds the programs, [`Server`] is one data directory with its process, [`tuning`] says how a server that
//! keeps a journal is set. [`plan`] decides what becomes of a primary and its standbys when one of them is lost; it is pure.

mod error;
mod installation;
pub mod plan;
mod process;
mod server;
pub mod tuning;

pub use error::LocalError;
pub use installation::Installation;
pub use server::{Server, Spec, Wal};

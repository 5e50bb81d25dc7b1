//! A whole bank in one thread: several sites over one simulated disk, clients, a gateway, clocks that jump, and every crash
//! the disk can have, all of it decided by one seed.
//!
//! The real `journal`, `shard` and `ledger` run in it; what is not real is the shell around them (`shard::Node`'s threads,
//! files and clock), which is replaced by steps drawn from the seed. Nothing reads a clock, a file, a socket or the
//! system's randomness, so a seed that fails fails again.
//!
//! - [`run`] runs one seed, [`campaign`] many, [`tell`] repeats one and tells what happened.
//! - [`Invariant`] lists what is checked, all the time and at the end.
//! - [`Mutant`] lists deliberate bugs: a check that none of them trips is no check.
//!
//! Chance is SplitMix64 ([`journal::sim::Dice`]): the scenario has one stream, and draws from it the seeds of the disks'
//! and the workload's streams.

mod audit;
mod book;
mod campaign;
mod chance;
mod clients;
mod depot;
mod faults;
mod machine;
mod monitor;
mod mutant;
mod probe;
mod rot;
mod run;
mod scenario;
mod shelf;
mod site;
mod spy;
mod stats;
mod trace;
mod violation;
mod weather;
mod witness;
mod workload;

pub use campaign::{Campaign, Failure, campaign};
pub use monitor::{Coverage, FileKind, Hits, Op, Phase, Stage};
pub use mutant::Mutant;
pub use run::{Told, Totals, run, tell};
pub use stats::Stats;
pub use violation::{Invariant, Violation};

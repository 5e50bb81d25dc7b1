//! A whole bank in one thread: several sites over one simulated disk, clients and a gateway behind lines that lose, double
//! and delay, clocks that jump, processes that stand still, bits that flip, and every crash the disk can have, all of it
//! decided by one seed.
//!
//! The real `journal`, `shard` and `ledger` run in it; what is not real is the shell around them (`shard::Node`'s threads,
//! files and clock), which is replaced by steps drawn from the seed. Nothing reads a clock, a file, a socket or the
//! system's randomness, so a seed that fails fails again.
//!
//! - [`run`] runs one seed, [`campaign`] many, [`tell`] repeats one and tells what happened.
//! - [`Invariant`] lists what is checked, all the time and at the end.
//! - [`Fault`] lists what goes wrong. A campaign may leave kinds out ([`Twist`]), to prove what they are good for.
//! - [`Mutant`] lists deliberate bugs: a check that none of them trips is no check. For every kind of fault that is not a
//!   mere crash there is a bug that stays hidden without it (`tests/seeds.rs`).
//!
//! Chance is SplitMix64 ([`journal::sim::Dice`]): the scenario has one stream, and draws from it the seeds of the disks'
//! and the workload's streams.

mod audit;
mod bank_workload;
mod book;
mod campaign;
mod chance;
mod clients;
mod depot;
mod fault;
mod faults;
mod gateway;
mod machine;
mod monitor;
mod mutant;
mod network;
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
pub use fault::Fault;
pub use monitor::{Coverage, FileKind, Hits, Op, Phase, Stage};
pub use mutant::Mutant;
pub use run::{Told, Totals, Twist, run, tell};
pub use stats::Stats;
pub use violation::{Invariant, Violation};

//! The command line.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Parser, Subcommand};

/// Measures the platform: the real binary, the real journal, the real disk.
#[derive(Parser, Debug)]
#[command(name = "bench", max_term_width = 110)]
pub(crate) struct Cli {
    /// Also writes the figures as one JSON object.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Where temporary folders go: the disk that is measured. Default: beside this binary.
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Name the benchmarks.
    List,
    #[command(flatten)]
    Measure(Benchmark),
}

#[derive(Subcommand, Debug)]
pub(crate) enum Benchmark {
    /// Durable payments over HTTP through the gateway of a whole bank: one by one, and in batches.
    Payments(PaymentsArgs),
    /// Appends to the journal against what the disk itself can do.
    Journal(JournalArgs),
    /// The ledger on a journal in PostgreSQL with a synchronous standby, and the loss of the primary.
    JournalPg(JournalPgArgs),
    /// Applies a journal from the disk to an empty ledger.
    ReplayJournal(ReplayArgs),
    /// The books over TigerBeetle's client protocol, beside TigerBeetle; and the ledger alone on one core.
    Ledger(LedgerArgs),
    /// A ledger of 100 million transfers, most of them on the disk: memory, lookups, restarts. Takes minutes and 15 GB.
    LedgerLarge(LedgerLargeArgs),
    /// Kills the leader again and again under load: what is lost, and how long service is away.
    Failover(FailoverArgs),
}

/// One line for each benchmark.
pub(crate) fn list() -> &'static str {
    "payments        single_per_s, batch_transfers_per_s: durable, over HTTP, gateway included\n\
     journal         ratio: 128 KiB appends against O_DSYNC writes of the same size\n\
     journal-pg      commands_per_s, rto_ms, lost: PostgreSQL with a synchronous standby, ledger in the loop\n\
     replay-journal  commands_per_s: from the disk into an empty ledger, all checks on\n\
     ledger          transfers_per_s, ratio to TigerBeetle: its client protocol, one replica each\n\
     ledger-large    rss_mb, lookup_p99_ms, restore_s: 100 million transfers, most of them on the disk\n\
     failover        kills, lost, duplicated, rto_ms_median, rto_ms_max: the leader killed in a row\n"
}

/// Which binary to measure.
#[derive(Args, Clone, Debug)]
pub(crate) struct BinaryArgs {
    /// The `tongbao` binary. Default: the one beside this binary.
    #[arg(long, value_name = "PATH")]
    tongbao: Option<PathBuf>,
}

/// `payments`.
#[derive(Args, Clone, Debug)]
pub(crate) struct PaymentsArgs {
    #[command(flatten)]
    pub(crate) binary: BinaryArgs,
    /// Connections that each pay one after the other.
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) connections: u16,
    /// Batches under way at once.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) batches: u16,
    /// How long each of the two loads is measured, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
    /// How long each load runs before it is measured, in seconds.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub(crate) warm_up: u64,
}

/// `journal`.
#[derive(Args, Clone, Debug)]
pub(crate) struct JournalArgs {
    /// Rounds; in each, journal and disk take turns.
    #[arg(long, default_value_t = 151, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) rounds: u32,
    /// Writes of 128 KiB in each turn. Short turns: a moment in which the machine does something else spoils one of them.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) writes: u32,
}

/// `journal-pg`.
#[derive(Args, Clone, Debug)]
pub(crate) struct JournalPgArgs {
    /// Batches under way at once.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) in_flight: u16,
    /// How long the load is measured, in seconds.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
    /// How long it runs before, in seconds.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub(crate) warm_up: u64,
    /// How often the primary is killed.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) kills: u32,
}

/// `replay-journal`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReplayArgs {
    /// Batches of 8,190 transfers to write and replay.
    #[arg(long, default_value_t = 245, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) batches: u32,
    /// How often each pass is made; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
}

/// `ledger`.
#[derive(Args, Clone, Debug)]
pub(crate) struct LedgerArgs {
    #[command(flatten)]
    pub(crate) binary: BinaryArgs,
    /// The `tigerbeetle` binary to measure beside ours, with the same client and the same requests, as a client of its
    /// release. `cargo xtask bench ledger --tigerbeetle build` builds it.
    #[arg(long, value_name = "PATH")]
    pub(crate) tigerbeetle: Option<PathBuf>,
    /// Batches of 8,190 transfers in each load.
    #[arg(long, default_value_t = 245, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) batches: u32,
    /// Sessions that send batches, each with one request under way.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) sessions: u32,
    /// How long each load of single transfers runs, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
    /// Rounds of the plain workload in the ledger alone; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// Accounts of the largest workload.
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(10_000..=50_000_000))]
    pub(crate) accounts: u32,
}

/// `ledger-large`.
#[derive(Args, Clone, Debug)]
pub(crate) struct LedgerLargeArgs {
    /// Transfers in the ledger.
    #[arg(long, default_value_t = 100_000_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    pub(crate) transfers: u32,
    /// Accounts they go between.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(2..=100_000_000))]
    pub(crate) accounts: u32,
    /// The newest transfers that stay in memory.
    #[arg(long, default_value_t = ledger_core::ColdOptions::DEFAULT.keep_rows)]
    pub(crate) memory_transfers: u32,
    /// Questions of each kind.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=100_000_000))]
    pub(crate) lookups: u32,
}

/// `failover`.
#[derive(Args, Clone, Debug)]
pub(crate) struct FailoverArgs {
    #[command(flatten)]
    pub(crate) binary: BinaryArgs,
    /// How often the leader is killed.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) kills: u32,
    /// Connections that each pay one after the other.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) connections: u16,
    /// Pause of a connection between two payments, in milliseconds: a load to be felt, not the most there can be.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=1_000))]
    pub(crate) pause_ms: u64,
}

impl Cli {
    /// The folder in which temporary folders are made.
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        match &self.dir {
            Some(dir) => Ok(dir.clone()),
            None => beside_this_binary(),
        }
    }
}

impl BinaryArgs {
    /// The binary to measure.
    pub(crate) fn tongbao(&self) -> Result<PathBuf> {
        let path = match &self.tongbao {
            Some(path) => path.clone(),
            None => beside_this_binary()?.join("tongbao"),
        };
        ensure!(
            path.is_file(),
            "`{}` is missing: build it with `cargo build --release -p tongbao`, or name it with --tongbao",
            path.display()
        );
        Ok(path)
    }
}

fn beside_this_binary() -> Result<PathBuf> {
    let program = std::env::current_exe().context("the path of this binary is unknown")?;
    let folder = program.parent().context("this binary lies in no folder")?;
    Ok(folder.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_benchmark_is_listed() {
        let mut command = Cli::command();
        command.build();
        for name in command.get_subcommands().map(clap::Command::get_name).filter(|name| *name != "help") {
            let listed = list().lines().any(|line| line.split(' ').next() == Some(name));
            assert_eq!(listed, name != "list", "{name}");
        }
    }

    #[test]
    fn options_may_follow_the_name() {
        let cli = Cli::try_parse_from(["bench", "journal", "--json", "out.json", "--rounds", "3"]).unwrap();
        assert_eq!(cli.json, Some(PathBuf::from("out.json")));
        assert!(Cli::try_parse_from(["bench", "journal", "--rounds", "0"]).is_err());
        assert!(Cli::try_parse_from(["bench", "nothing"]).is_err());
    }
}

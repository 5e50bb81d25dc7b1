//! Benchmarks of the whole system: the real binary, the real journal, the real disk.
//!
//! `bench list` names them. Each prints a table, writes its figures as one JSON object on request, and fails if what it
//! measured was wrong: a payment lost or booked twice, a state that a replay does not repeat. A figure below its target
//! is printed as such and is no failure. docs/guide/benchmarks.md tells what each figure means.

mod audit;
mod bank;
mod cli;
mod clock;
mod cpu;
mod failover;
mod feed;
mod grpc_line;
mod journal_append;
mod journal_pg;
mod lag;
mod ledger;
mod ledger_large;
mod machine;
mod meter;
mod payments;
mod replay;
mod report;
mod scratch;
mod stop;
mod transfers;
mod wire;
mod workload;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use tokio::runtime;

use cli::{Benchmark, Cli, Command};
use report::Report;
use stop::Stop;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => code,
        Err(error) => {
            // Nobody is left to hear that standard error is closed.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode> {
    let benchmark = match &cli.command {
        Command::List => return say(cli::list()).map(|()| ExitCode::SUCCESS),
        Command::Measure(benchmark) => benchmark,
    };
    let folder = cli.folder()?;
    // One thread: the clients share the machine with what they measure, and one core's worth is more than they need.
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().context("the runtime cannot start")?;
    let report = runtime.block_on(measure(benchmark, folder))?;
    say(&report.table())?;
    if let Some(path) = &cli.json {
        write(path, &report.json()).with_context(|| format!("`{}` cannot be written", path.display()))?;
    }
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the benchmark until it is done or a signal arrives. Either way everything it started is gone afterwards.
async fn measure(benchmark: &Benchmark, folder: PathBuf) -> Result<Report> {
    let stop = Stop::on_signals()?;
    match benchmark {
        Benchmark::Payments(args) => tokio::select! {
            report = payments::run(args, &folder) => report,
            error = stop.asked() => Err(error),
        },
        Benchmark::Failover(args) => tokio::select! {
            report = failover::run(args, &folder) => report,
            error = stop.asked() => Err(error),
        },
        Benchmark::JournalPg(args) => tokio::select! {
            report = journal_pg::run(args, &folder) => report,
            error = stop.asked() => Err(error),
        },
        Benchmark::Journal(args) => {
            let (args, stop) = (args.clone(), stop.clone());
            tokio::task::spawn_blocking(move || journal_append::run(&args, &folder, &stop)).await?
        }
        Benchmark::Ledger(args) => tokio::select! {
            report = ledger::run(args, &folder, &stop) => report,
            error = stop.asked() => Err(error),
        },
        Benchmark::LedgerLarge(args) => {
            let (args, stop) = (args.clone(), stop.clone());
            tokio::task::spawn_blocking(move || ledger_large::run(&args, &folder, &stop)).await?
        }
        Benchmark::ReplayJournal(args) => {
            let (args, stop) = (args.clone(), stop.clone());
            tokio::task::spawn_blocking(move || replay::run(&args, &folder, &stop)).await?
        }
    }
}

fn say(text: &str) -> Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("standard output is closed")
}

#[expect(clippy::disallowed_methods, reason = "the binary is where files are written")]
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::write(path, text)
}

//! The one binary: command line, supervisor, sites.
//!
//! `tongbao up` starts a whole bank; every other command talks to the one that runs on the same data folder.

mod access;
mod cli;
mod clock;
mod commands;
mod door;
mod error;
mod institution;
mod kafka;
mod layout;
mod ledger_tls;
mod lines;
mod output;
mod site;
mod up;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use output::Output;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.output);
    start_log(&cli);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads(&cli))
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return output.failure(&error.into()),
    };
    let done = runtime.block_on(commands::run(cli, output));
    // Threads that wait for a terminal's input would keep the process from ending.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output.failure(&error),
    }
}

/// A site's work is done on the shard's own threads; its HTTP side is light.
fn threads(cli: &Cli) -> usize {
    match cli.command {
        Command::Site(_) => 1,
        _ => 2,
    }
}

/// Logs go to standard error, so that standard output stays for results.
fn start_log(cli: &Cli) {
    let level = match (&cli.command, cli.verbose) {
        (Command::Site(_), 0) => tracing::Level::INFO,
        (_, 0) => tracing::Level::WARN,
        (_, 1) => tracing::Level::INFO,
        (_, _) => tracing::Level::DEBUG,
    };
    tracing_subscriber::fmt()
        .compact()
        .with_max_level(level)
        .with_target(cli.verbose > 1)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

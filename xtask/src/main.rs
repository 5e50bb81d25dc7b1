//! `cargo xtask`: the one developer tool. Builds and starts the platform, runs everything that CI runs, and keeps the
//! house tidy.
//!
//! It stays small and quick to compile: it starts other programs and reads text files, and links none of the
//! platform's own crates, so that it works while any of them does not compile.
#![expect(clippy::disallowed_methods, reason = "a developer tool is all edge: clocks, files and environment")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks to its terminal")]

mod commands;
mod console;
mod fuzz;
mod process;
mod server;
mod stamp;
mod steps;
mod suite;
mod test;
mod tidy;
mod tigerbeetle;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::commands::{Cli, run};

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

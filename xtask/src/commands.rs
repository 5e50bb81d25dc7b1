//! The command line and what each verb does.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};

use crate::console::Console;
use crate::process::Cmd;
use crate::test::TestArgs;
use crate::tools::{Installer, Node, ensure_compilers};
use crate::workspace::Workspace;
use crate::{fuzz, suite, test, tidy, tigerbeetle};

/// Builds, starts, tests and checks the platform.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Builds the console and the release binary, and starts a whole bank: `tongbao up`.
    Up(UpArgs),
    /// Runs everything that CI runs, goes on after a failure, and ends with a summary.
    Test(TestArgs),
    /// `test` with CI's settings: locked dependencies, and a missing tool is a failure.
    Ci(TestArgs),
    /// Runs a benchmark, release build: `bench list` names them.
    Bench(BenchArgs),
    /// Runs an outside conformance suite over a directory of its layout.
    Suite(suite::SuiteArgs),
    /// Runs the seeded simulator, release build.
    Sim(SimArgs),
    /// Tries arbitrary bytes at every door, or at one, with libFuzzer.
    Fuzz(fuzz::FuzzArgs),
    /// Builds TigerBeetle, once, and prints where its binary is.
    Tigerbeetle,
    /// Checks what the compiler cannot see: directions, purity, dead files, documents.
    Tidy(tidy::TidyArgs),
}

#[derive(Args)]
struct UpArgs {
    /// Builds without the web console, so that Node.js is not needed.
    #[arg(long)]
    no_console: bool,
    /// Builds and stops there.
    #[arg(long)]
    build_only: bool,
    /// Handed to `tongbao up`.
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

#[derive(Args)]
struct BenchArgs {
    /// Which one; `list` names them.
    name: String,
    /// Also writes the figures as one JSON object.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Handed to the benchmark. With `--tigerbeetle build`, TigerBeetle is built and its path takes the word's place.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

#[derive(Args)]
struct SimArgs {
    /// How many seeds to run.
    #[arg(long, default_value_t = test::SIMULATOR_SEEDS)]
    seeds: u64,
    /// Handed to the simulator, e.g. the seed to replay.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

/// Carries out one command line. The exit code is that of the program it stood for.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match cli.verb {
        Verb::Up(args) => up(&workspace, &args),
        Verb::Test(args) => {
            test::run(&workspace, &args, std::env::var_os("CI").is_some_and(|ci| ci == "true"))
        }
        Verb::Ci(args) => test::run(&workspace, &args, true),
        Verb::Bench(args) => bench(&workspace, &args),
        Verb::Suite(args) => suite::run(&args),
        Verb::Sim(args) => simulate(&args),
        Verb::Fuzz(args) => fuzz::run(&workspace, &args),
        Verb::Tigerbeetle => {
            println!("{}", tigerbeetle::find_or_build(&workspace, &Installer::detect())?.display());
            Ok(ExitCode::SUCCESS)
        }
        Verb::Tidy(args) => tidy::run(&workspace, &args),
    }
}

/// Builds what `tongbao up` needs, says what it does meanwhile, and becomes it.
fn up(workspace: &Workspace, args: &UpArgs) -> Result<ExitCode> {
    let console = Console::new(workspace);
    if args.no_console {
        if !console.is_built() {
            eprintln!(
                "The console is left out. To add it later: cargo xtask up (needs Node.js {}).",
                Node::WANTED
            );
        }
    } else {
        let node = Node::find_or_install(workspace, &Installer::detect()).with_context(|| {
            "the web console needs Node.js; to go on without it: cargo xtask up --no-console".to_owned()
        })?;
        console.ensure_built(&node)?;
    }
    ensure_compilers(&Installer::detect())?;
    eprintln!("Building the release binary (the first time takes some minutes).");
    Cmd::cargo().args(["build", "--release", "--package", "tongbao"]).run()?;
    if args.build_only {
        return Ok(ExitCode::SUCCESS);
    }
    Cmd::new(workspace.release_binary("tongbao")).arg("up").args(&args.args).exec()
}

/// Builds the platform and the benchmarks, then becomes the benchmark.
fn bench(workspace: &Workspace, args: &BenchArgs) -> Result<ExitCode> {
    if !workspace.root.join("crates/app/bench/Cargo.toml").is_file() {
        bail!("there are no benchmarks in this checkout: crates/app/bench is missing");
    }
    ensure_compilers(&Installer::detect())?;
    let own = tigerbeetle::named(&args.args, || tigerbeetle::find_or_build(workspace, &Installer::detect()))?;
    Cmd::cargo().args(["build", "--release", "--package", "tongbao", "--package", "bench"]).run()?;
    let mut bench = Cmd::new(workspace.release_binary("bench")).arg(&args.name);
    if let Some(json) = &args.json {
        bench = bench.arg("--json").arg(json);
    }
    bench.args(&own).exec()
}

/// Builds and becomes the simulator.
fn simulate(args: &SimArgs) -> Result<ExitCode> {
    test::simulator(args.seeds).args(&args.args).exec()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}

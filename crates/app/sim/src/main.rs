//! The simulator's command line.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser;
use sim::{Campaign, Failure, Fault, Mutant, Totals, Twist, campaign, tell};

/// Runs the bank in a simulator: every seed is a whole history of work, crashes and recoveries.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// How many seeds to run.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    start: u64,
    /// Runs only this seed.
    #[arg(long, conflicts_with_all = ["seeds", "start"])]
    seed: Option<u64>,
    /// How many threads; as many as there are cores if not given.
    #[arg(long)]
    jobs: Option<usize>,
    /// Prints everything that happens in the one seed.
    #[arg(long, requires = "seed")]
    verbose: bool,
    /// Injects a deliberate bug, which the checks must find.
    #[arg(long, value_enum)]
    mutant: Option<Mutant>,
    /// Leaves out a kind of fault, to see what it is good for. May be repeated.
    #[arg(long, value_enum, value_name = "FAULT")]
    without: Vec<Fault>,
}

fn main() -> io::Result<ExitCode> {
    let args = Args::parse();
    let twist = Twist { mutant: args.mutant, without: args.without };
    // A panic inside a run is caught and told with its seed; the default message would come in between.
    std::panic::set_hook(Box::new(|_| {}));
    if args.verbose
        && let Some(seed) = args.seed
    {
        return verbose(seed, &twist);
    }
    let seeds = match args.seed {
        Some(seed) => seed..seed + 1,
        None => args.start..args.start + args.seeds,
    };
    let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let total = seeds.end - seeds.start;
    let every = (total / 10).max(1);
    let result = campaign(&Campaign { seeds: seeds.clone(), jobs, twist: twist.clone() }, |done| {
        if done % every == 0 && done < total {
            // Who does not read the progress still wants the result.
            let _ = writeln!(io::stderr(), "{done} of {total} seeds");
        }
    });
    match result {
        Ok(totals) => {
            report(&totals)?;
            writeln!(io::stdout(), "\n{total} seeds from {}: clean", seeds.start)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(failure) => {
            report_failure(&failure, &twist)?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn verbose(seed: u64, twist: &Twist) -> io::Result<ExitCode> {
    let told = tell(seed, twist, true);
    write!(io::stdout(), "{}", told.events)?;
    match told.result {
        Ok(totals) => {
            report(&totals)?;
            writeln!(io::stdout(), "\nseed {seed}: clean")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(violation) => {
            writeln!(io::stdout(), "\nseed {seed} fails in step {}:\n{violation}", told.step)?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// What happened, and which stages were hit by which faults.
fn report(totals: &Totals) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (name, count) in totals.stats.named() {
        writeln!(out, "{count:>12}  {name}")?;
    }
    let [stage, reached, killed, power, failed] = ["stage", "reached", "killed", "power lost", "failed"];
    writeln!(out, "\n{stage:32}{reached:>12}{killed:>12}{power:>12}{failed:>12}")?;
    for (stage, hits) in &totals.coverage.0 {
        let sim::Hits { reached, killed, power_lost, failed } = hits;
        writeln!(out, "{stage:32}{reached:>12}{killed:>12}{power_lost:>12}{failed:>12}")?;
    }
    let gaps: Vec<String> = totals.coverage.gaps().map(|stage| stage.to_string()).collect();
    if !gaps.is_empty() {
        writeln!(out, "not hit by every kind of fault: {}", gaps.join("; "))?;
    }
    Ok(())
}

fn report_failure(failure: &Failure, twist: &Twist) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let Failure { seed, step, violation, events } = failure;
    writeln!(out, "seed {seed} fails in step {step}:\n{violation}\n\nthe last events:\n{events}")?;
    let mut options = String::new();
    if let Some(mutant) = twist.mutant {
        options.push_str(&format!(" --mutant {}", name_of(&mutant)));
    }
    for fault in &twist.without {
        options.push_str(&format!(" --without {}", name_of(fault)));
    }
    writeln!(out, "to replay it: cargo run --release -p sim -- --seed {seed}{options} --verbose")
}

/// A value as it is written on the command line.
fn name_of(value: &impl clap::ValueEnum) -> String {
    value.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
}

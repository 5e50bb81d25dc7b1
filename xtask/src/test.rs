//! `test` and `ci`: everything that must hold before a change lands, in order.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use crate::console::Console;
use crate::process::Cmd;
use crate::server::Server;
use crate::steps::{Outcome, Steps};
use crate::tools::{
    Installer, Node, ensure_cargo_fuzz, ensure_compilers, ensure_postgres, find_or_install_chromium,
    has_cargo_command,
};
use crate::workspace::Workspace;
use crate::{fuzz, tidy, tigerbeetle};

/// How many seeds the simulator runs when nothing else is said.
pub(crate) const SIMULATOR_SEEDS: u64 = 10_000;

/// What to run.
#[derive(Args)]
pub(crate) struct TestArgs {
    /// Leaves out the release build and what needs it: simulator and browser tests.
    #[arg(long)]
    fast: bool,
    /// Adds the steps that are for the night: five minutes of libFuzzer at every door.
    #[arg(long)]
    nightly: bool,
    /// Names the steps and runs none.
    #[arg(long)]
    list: bool,
    /// Runs only the steps whose name contains this.
    filter: Option<String>,
}

/// When a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,
    /// `--fast` leaves it out.
    Slow,
    /// Only with `--nightly`, or asked for by its whole name.
    Nightly,
}

/// One step. The order of [`STEPS`] is the order they run in.
struct Step {
    name: &'static str,
    /// What it runs, for its header.
    shows: &'static str,
    when: When,
    action: fn(&Session<'_>, &Steps) -> Result<Outcome>,
}

const fn step(
    name: &'static str,
    shows: &'static str,
    action: fn(&Session<'_>, &Steps) -> Result<Outcome>,
) -> Step {
    Step { name, shows, when: When::Always, action }
}

const fn slow(
    name: &'static str,
    shows: &'static str,
    action: fn(&Session<'_>, &Steps) -> Result<Outcome>,
) -> Step {
    Step { name, shows, when: When::Slow, action }
}

const fn nightly(
    name: &'static str,
    shows: &'static str,
    action: fn(&Session<'_>, &Steps) -> Result<Outcome>,
) -> Step {
    Step { name, shows, when: When::Nightly, action }
}

/// The console comes before the Rust steps that embed it: built later, it would make them compile twice.
const STEPS: [Step; 15] = [
    step("format", "cargo fmt --check", |session, _| session.format()),
    step("tidy", "cargo xtask tidy", |session, _| session.tidy()),
    step("console-packages", "npm install, as locked", |session, _| {
        session.console(|console, node| console.ensure_packages(node))
    }),
    step("console-lint", "npm run lint", |session, _| session.script("lint")),
    step("console-client", "npm run generate changes nothing", |session, _| {
        session.console(Console::check_client)
    }),
    step("console-unit", "npm run test", |session, _| session.script("test")),
    step("console-build", "npm run build", |session, _| session.console(Console::ensure_built)),
    step("clippy", "cargo clippy --all-targets, warnings are errors", |session, _| session.clippy()),
    step("tigerbeetle", "built once, for the tests beside it", |session, _| session.tigerbeetle()),
    step("rust", "cargo nextest run, or cargo test", |session, _| session.rust()),
    step("doc", "cargo test --doc, cargo doc without warnings", |session, _| session.doc()),
    slow("release", "cargo build --release", |session, _| session.release()),
    slow("simulator", "10,000 seeds", |session, _| session.simulator()),
    slow("console-e2e", "Chromium against the release binary", |session, steps| session.end_to_end(steps)),
    nightly("fuzz", "libFuzzer, five minutes at every door", |session, _| session.fuzz()),
];

/// Runs the steps and prints the summary; the exit code says whether all is well.
///
/// With `strict`, dependencies must be as locked, and what could not run for want of a tool has failed.
pub(crate) fn run(workspace: &Workspace, args: &TestArgs, strict: bool) -> Result<ExitCode> {
    let chosen: Vec<&Step> =
        STEPS.iter().filter(|step| is_chosen(step, args.filter.as_deref(), args.nightly)).collect();
    if args.list {
        chosen.iter().for_each(|step| println!("{:17} {}", step.name, step.shows));
        return Ok(ExitCode::SUCCESS);
    }
    if chosen.is_empty() {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        bail!("no step is called like that; there are: {}", names.join(", "));
    }
    let installer = Installer::detect();
    let session =
        Session { workspace, strict, installer, node: OnceCell::new(), tigerbeetle: OnceCell::new() };
    ensure_compilers(&session.installer)?;
    let mut steps = Steps::new(chosen.len());
    for step in chosen {
        steps.run(step.name, step.shows, |before| {
            if args.fast && step.when == When::Slow {
                return Ok(Outcome::Skipped("left out by --fast".to_owned()));
            }
            (step.action)(&session, before)
        });
    }
    println!("{}", steps.summary());
    Ok(if steps.good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The simulator over `seeds` seeds, release build.
pub(crate) fn simulator(seeds: u64) -> Cmd {
    Cmd::cargo().args(["run", "--release", "--package", "sim", "--", "--seeds"]).arg(seeds.to_string())
}

fn is_chosen(step: &Step, filter: Option<&str>, nightly: bool) -> bool {
    let is_tonight = step.when != When::Nightly || nightly || filter == Some(step.name);
    is_tonight && filter.is_none_or(|filter| step.name.contains(filter))
}

/// One run of the steps: its settings, and the tools found so far.
struct Session<'w> {
    workspace: &'w Workspace,
    strict: bool,
    installer: Installer,
    node: OnceCell<Result<Node, String>>,
    tigerbeetle: OnceCell<Result<PathBuf, String>>,
}

impl Session<'_> {
    fn format(&self) -> Result<Outcome> {
        if !has_cargo_command("fmt") {
            return Ok(self.missing("rustfmt is missing; to install it: rustup component add rustfmt"));
        }
        passed(&Cmd::cargo().args(["fmt", "--all", "--check"]))
    }

    fn tidy(&self) -> Result<Outcome> {
        match tidy::check(self.workspace)? {
            0 => Ok(Outcome::Passed),
            findings => Ok(Outcome::Failed(format!("{findings} findings"))),
        }
    }

    fn clippy(&self) -> Result<Outcome> {
        if !has_cargo_command("clippy") {
            return Ok(self.missing("clippy is missing; to install it: rustup component add clippy"));
        }
        passed(&self.cargo("clippy").args(["--workspace", "--all-targets", "--", "--deny", "warnings"]))
    }

    fn tigerbeetle(&self) -> Result<Outcome> {
        match self.rival() {
            Ok(_) => Ok(Outcome::Passed),
            Err(reason) => Ok(self.missing(reason)),
        }
    }

    fn rust(&self) -> Result<Outcome> {
        if let Err(reason) = ensure_postgres(&self.installer) {
            if self.strict {
                return Ok(Outcome::Failed(format!("{reason:#}")));
            }
            println!("The tests of journals in PostgreSQL do nothing: {reason:#}");
        }
        let command = if has_cargo_command("nextest") {
            self.cargo("nextest run").args(["--workspace", "--no-fail-fast", "--no-tests", "fail"])
        } else {
            println!("cargo-nextest is not installed: the slower cargo test does the same.");
            self.cargo("test").args(["--workspace", "--all-targets", "--no-fail-fast"])
        };
        // Without it the tests that need it say so themselves, and fail where that is a failure.
        passed(&match self.rival() {
            Ok(binary) => command.env(tigerbeetle::VARIABLE, binary),
            Err(_) => command,
        })
    }

    fn doc(&self) -> Result<Outcome> {
        self.cargo("test").args(["--workspace", "--doc", "--no-fail-fast"]).run()?;
        passed(
            &self
                .cargo("doc")
                .args(["--workspace", "--no-deps", "--lib"])
                .env("RUSTDOCFLAGS", "--deny warnings"),
        )
    }

    fn release(&self) -> Result<Outcome> {
        passed(&self.cargo("build").args(["--release", "--workspace", "--exclude", "xtask", "--bins"]))
    }

    fn simulator(&self) -> Result<Outcome> {
        passed(&simulator(SIMULATOR_SEEDS))
    }

    fn fuzz(&self) -> Result<Outcome> {
        if let Err(reason) = ensure_cargo_fuzz() {
            return Ok(self.missing(&format!("{reason:#}")));
        }
        fuzz::nightly(self.workspace)?;
        Ok(Outcome::Passed)
    }

    fn script(&self, name: &str) -> Result<Outcome> {
        self.console(|console, node| console.script(node, name).run())
    }

    /// One action on the console with its packages in place.
    fn console(&self, action: impl FnOnce(&Console, &Node) -> Result<()>) -> Result<Outcome> {
        let node = match self.node() {
            Ok(node) => node,
            Err(reason) => return Ok(self.missing(reason)),
        };
        let console = Console::new(self.workspace);
        console.ensure_packages(node)?;
        action(&console, node)?;
        Ok(Outcome::Passed)
    }

    /// The console in a browser, served by the real binary. The binary must come from this run, with the console in it.
    fn end_to_end(&self, before: &Steps) -> Result<Outcome> {
        for needed in ["console-build", "release"] {
            if before.failed(needed) {
                return Ok(Outcome::Skipped(format!("`{needed}` failed before")));
            }
        }
        let chromium = match find_or_install_chromium(&self.installer) {
            Ok(chromium) => chromium,
            Err(reason) => return Ok(self.missing(&format!("{reason:#}"))),
        };
        // By itself, as `cargo xtask test e2e`, the step makes what it tests; after the others this is a no-op.
        self.console(Console::ensure_built)?;
        self.release()?;
        let server = Server::start(self.workspace)?;
        let outcome = self.console(|console, node| {
            console
                .script(node, "e2e")
                .env("TONGBAO_CONSOLE_URL", server.console_url())
                .env("TONGBAO_GATEWAY_URL", server.gateway_url())
                .env("TONGBAO_CHROMIUM", &chromium)
                .run()
        });
        if outcome.is_err() {
            println!("The platform's last lines:\n{}", server.log_tail());
        }
        let stopped = server.stop();
        let outcome = outcome?;
        stopped?;
        Ok(outcome)
    }

    /// Node.js, looked for once.
    fn node(&self) -> Result<&Node, &String> {
        let find =
            || Node::find_or_install(self.workspace, &self.installer).map_err(|error| format!("{error:#}"));
        self.node.get_or_init(find).as_ref()
    }

    /// TigerBeetle's binary, looked for once.
    fn rival(&self) -> Result<&PathBuf, &String> {
        let find = || {
            tigerbeetle::find_or_build(self.workspace, &self.installer).map_err(|error| format!("{error:#}"))
        };
        self.tigerbeetle.get_or_init(find).as_ref()
    }

    /// A tool is not here and cannot be installed: on a person's machine the step is left out and says so, for CI
    /// that is a failure, since nobody would look.
    fn missing(&self, reason: &str) -> Outcome {
        if self.strict { Outcome::Failed(reason.to_owned()) } else { Outcome::Skipped(reason.to_owned()) }
    }

    /// With `strict`, a Cargo.lock that does not fit the manifests is an error instead of being rewritten.
    fn cargo(&self, verb: &str) -> Cmd {
        let command = Cmd::cargo().args(verb.split(' '));
        if self.strict { command.arg("--locked") } else { command }
    }
}

fn passed(command: &Cmd) -> Result<Outcome> {
    command.run()?;
    Ok(Outcome::Passed)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{STEPS, When, is_chosen};

    #[test]
    fn steps_have_one_name_each_and_a_filter_finds_them() {
        let names: BTreeSet<&str> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
        let found = |filter| STEPS.iter().filter(|step| is_chosen(step, filter, true)).count();
        assert_eq!(found(None), STEPS.len());
        assert_eq!(found(Some("console-")), 6);
        assert_eq!(found(Some("tidy")), 1);
        assert_eq!(found(Some("no such step")), 0);
    }

    #[test]
    fn what_is_for_the_night_waits_for_it_or_for_its_name() {
        let found = |filter, nightly| STEPS.iter().filter(|step| is_chosen(step, filter, nightly)).count();
        let for_the_night = STEPS.iter().filter(|step| step.when == When::Nightly).count();
        assert_eq!(found(None, true) - found(None, false), for_the_night);
        assert_eq!(
            [found(Some("fuzz"), false), found(Some("fuz"), false), found(Some("fuz"), true)],
            [1, 0, 1]
        );
    }
}

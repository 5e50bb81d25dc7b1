//! What each command does.

mod access;
mod account;
mod certs;
mod changes;
mod day;
mod drill;
mod events;
mod interest;
mod journal;
mod ledger;
mod pay;
mod replay;
mod status;
mod table;
mod tree;
mod tunnel;
mod unit;

use ::client::{Client, ClientOptions};

use crate::cli::{Cli, Command};
use crate::layout::{Layout, Running};
use crate::output::Output;

/// Runs one command.
pub(crate) async fn run(cli: Cli, output: Output) -> anyhow::Result<()> {
    let bank = Bank { layout: Layout::new(&cli.data), gateway: cli.gateway };
    match cli.command {
        Command::Up(args) => crate::up::run(&args, cli.data, output).await,
        Command::Site(args) => crate::site::run(args, &bank.layout).await,
        Command::Status => status::run(&bank, output).await,
        Command::Account(command) => account::run(&bank, command, output).await,
        Command::Ledger(command) => ledger::run(&bank, command, output).await,
        Command::Pay(args) => pay::run(&bank, args, output).await,
        Command::Reverse(args) => pay::reverse(&bank, args, output).await,
        Command::Hold(command) => pay::hold(&bank, command, output).await,
        Command::Unit(command) => unit::run(&bank, command, output).await,
        Command::Day(command) => day::run(&bank, command, output).await,
        Command::Interest(command) => interest::run(&bank, command, output).await,
        Command::Replay(args) => replay::run(&bank, &args, output).await,
        Command::Drill(command) => drill::run(&bank, command, output).await,
        Command::Access(args) => access::run(&bank, args, output).await,
        Command::Certs(command) => certs::run(&bank, command, output),
        Command::Tunnel(args) => tunnel::run(&bank, args, output).await,
        Command::Journal(command) => journal::run(&bank.layout, command, output).await,
    }
}

/// The bank that the commands talk to.
struct Bank {
    layout: Layout,
    gateway: Option<String>,
}

impl Bank {
    /// A client of the bank API.
    fn client(&self) -> anyhow::Result<Client> {
        let base = match &self.gateway {
            Some(base) => base.clone(),
            None => format!("http://{}", self.layout.find_running()?.gateway),
        };
        Ok(Client::new(&base, ClientOptions::default())?)
    }

    /// A client of the platform API, which only the `up` on the data folder has.
    fn platform(&self) -> anyhow::Result<(Client, Running)> {
        let running = self.layout.find_running()?;
        Ok((Client::new(&format!("http://{}", running.console), ClientOptions::default())?, running))
    }
}

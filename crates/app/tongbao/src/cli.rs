//! The command line.

mod ledger;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use console_api::DrillTarget;
use ids::{AccountId, TransferId};
use ledger_api::{AccountFlag, AmountText, Cursor};
use money::Currency;

pub(crate) use ledger::{ChangesArgs, LedgerCommand, TransfersArgs};

use crate::site::SiteArgs;
use crate::up::UpArgs;

/// The financial cloud-native platform that a team of ten can run.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 110, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// The data folder: journal, snapshots, logs and drill reports.
    #[arg(long, global = true, default_value = "tongbao-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// How to print results.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
    /// The bank's address, if it does not run on the data folder.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) gateway: Option<String>,
    /// Log more; twice for everything.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: one JSON document on one line of standard output.
    Json,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Start a whole bank: three sites in two cities, the gateway and the console.
    Up(UpArgs),
    /// Show the sites and who leads.
    Status,
    /// Open, show and list accounts.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Search the ledger: accounts, transfers, holds, sums over time, the trial balance.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Make a payment.
    Pay(PayArgs),
    /// Replay CSV files as payments and let their own balances be the judge.
    Replay(ReplayArgs),
    /// Practise the loss of a site and collect the evidence.
    #[command(subcommand)]
    Drill(DrillCommand),
    /// Check and read the journal's files.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// One site's process; `up` starts these.
    #[command(hide = true)]
    Site(SiteArgs),
}

#[derive(Subcommand, Debug)]
pub(crate) enum AccountCommand {
    /// Open an account.
    Open {
        /// The account's id: a decimal number or a UUID.
        id: AccountId,
        /// Its currency (ISO 4217).
        #[arg(long)]
        currency: Currency,
        /// Its kind in the bank's chart of accounts; not 0.
        #[arg(long, default_value_t = 1)]
        code: u16,
        /// A rule it is held to; may be given more than once.
        #[arg(long = "flag", value_parser = parse_account_flag, value_name = "FLAG")]
        flags: Vec<AccountFlag>,
    },
    /// Show an account and its sums.
    Show {
        /// The account's id.
        id: AccountId,
    },
    /// Show what happened to an account, newest first.
    Statement {
        /// The account's id.
        id: AccountId,
        /// Entries to show, 1 to 1,000.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Where to go on: the `next` of the page before.
        #[arg(long, value_parser = parse_cursor)]
        before: Option<Cursor>,
    },
    /// List accounts by id.
    List {
        /// Accounts to show, 1 to 1,000.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Where to go on: the last id of the page before.
        #[arg(long)]
        after: Option<AccountId>,
    },
}

fn parse_account_flag(text: &str) -> Result<AccountFlag, String> {
    let value = serde_json::Value::String(text.to_owned());
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn parse_cursor(text: &str) -> Result<Cursor, String> {
    Cursor::new(text).ok_or_else(|| "this is not a cursor".to_owned())
}

/// Money from one account to another.
#[derive(Args, Debug)]
pub(crate) struct PayArgs {
    /// The account that gives.
    #[arg(long, value_name = "ID")]
    pub(crate) from: AccountId,
    /// The account that receives.
    #[arg(long, value_name = "ID")]
    pub(crate) to: AccountId,
    /// How much, in major units: 12.50.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) amount: AmountText,
    /// The currency of both accounts (ISO 4217).
    #[arg(long)]
    pub(crate) currency: Currency,
    /// The kind of payment in the bank's own list; not 0.
    #[arg(long, default_value_t = 1)]
    pub(crate) code: u16,
    /// The payment's id, so that sending it twice is doing it once. Default: a fresh one.
    #[arg(long)]
    pub(crate) id: Option<TransferId>,
    /// Only reserve the amount; a later payment posts or voids it.
    #[arg(long)]
    pub(crate) pending: bool,
    /// With --pending: seconds after which the reservation expires; 0 for never.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, requires = "pending")]
    pub(crate) timeout: u32,
    /// Post this pending payment, in full or up to the amount given.
    #[arg(long, value_name = "ID", conflicts_with_all = ["pending", "void"])]
    pub(crate) post: Option<TransferId>,
    /// Void this pending payment.
    #[arg(long, value_name = "ID", conflicts_with = "pending")]
    pub(crate) void: Option<TransferId>,
}

/// CSV files as payments.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReplayArgs {
    /// What the columns mean.
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: PathBuf,
    /// The folder of the CSV files.
    pub(crate) dir: PathBuf,
    /// Payments under way at once.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(crate) in_flight: u16,
    /// Where to write the rows that no posting order explains.
    #[arg(long, value_name = "FILE", default_value = "unexplained.csv")]
    pub(crate) unexplained: PathBuf,
}

#[derive(Subcommand, Debug)]
pub(crate) enum DrillCommand {
    /// Kill every process of a site under load, and prove that nothing was lost.
    KillSite {
        /// The site's name, or `leader`.
        site: DrillTarget,
        /// What shall go on meanwhile, besides the drill's own payments.
        #[arg(long = "while", value_enum, requires = "mapping", requires = "dir")]
        meanwhile: Option<Meanwhile>,
        /// With `--while replay`: what the columns mean.
        #[arg(long, value_name = "FILE")]
        mapping: Option<PathBuf>,
        /// With `--while replay`: the folder of the CSV files.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// List the drills so far.
    List,
}

/// What goes on during a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Meanwhile {
    /// A replay of CSV files.
    Replay,
}

#[derive(Subcommand, Debug)]
pub(crate) enum JournalCommand {
    /// Check every byte: checksums, hashes, links between records, order of epochs.
    #[command(after_help = "Examples:\n  tongbao journal verify\n  tongbao journal verify --from-empty")]
    Verify {
        #[command(flatten)]
        journal: JournalArgs,
        /// Also apply every record to an empty ledger, compare its state with every state hash in the journal, and check
        /// the books. Takes as much memory as a site.
        #[arg(long)]
        from_empty: bool,
    },
    /// Print records.
    Dump {
        #[command(flatten)]
        journal: JournalArgs,
        /// The first record to print.
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// How many records to print.
        #[arg(long, default_value_t = 20)]
        limit: u64,
        /// Print the commands in each batch, too.
        #[arg(long)]
        commands: bool,
    },
    /// Copy the journal's files into PostgreSQL, or what it lacks of them. Nobody may lead there meanwhile.
    Copy {
        #[command(flatten)]
        journal: JournalArgs,
        /// Where to: postgres://user@host,host/database.
        #[arg(long, value_name = "URL")]
        to: String,
    },
    /// Copy old days from PostgreSQL into files, check all of the files, and only then drop those days.
    Archive {
        #[command(flatten)]
        journal: JournalArgs,
        /// The first day that stays, as YYYY-MM-DD, in UTC.
        #[arg(long, value_name = "DAY")]
        before: jiff::civil::Date,
    },
}

/// Which journal.
#[derive(Args, Clone, Debug)]
pub(crate) struct JournalArgs {
    /// The shard whose journal it is.
    #[arg(long, default_value = crate::institution::SHARD)]
    pub(crate) shard: String,
    /// The folder of the files. Default: that of the shard in the data folder; for an archive, one beside it.
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// The books in PostgreSQL: postgres://user@host,host/database. Default: where the data folder has them.
    #[arg(long, value_name = "URL")]
    pub(crate) journal: Option<String>,
}

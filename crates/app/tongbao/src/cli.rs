//! The command line.

mod access;
mod books;
mod interest;
mod ledger;

use std::num::NonZeroU16;
use std::path::PathBuf;

use calendar::Date;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use console_api::DrillTarget;
use ids::{AccountId, TransferId};
use ledger_api::{AccountFlag, AmountText, Cursor, Unit};

pub(crate) use access::{AccessArgs, AccessCommand, CertsCommand, CertsFolder, TunnelArgs};
pub(crate) use books::{DayCommand, HoldCommand, ReverseArgs, UnitCommand};
pub(crate) use interest::{InterestCommand, RateArgs, percent};
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
    /// Take a payment back by a counter-entry.
    #[command(after_help = "Example:\n  tongbao reverse 5")]
    Reverse(ReverseArgs),
    /// Spend what is held.
    #[command(subcommand)]
    Hold(HoldCommand),
    /// Declare and list what ledgers are counted in, beyond currencies.
    #[command(subcommand)]
    Unit(UnitCommand),
    /// End business days, and show their trial balances.
    #[command(subcommand)]
    Day(DayCommand),
    /// Interest: products, the accounts that bear it, and the runs that post and pay it.
    #[command(subcommand)]
    Interest(InterestCommand),
    /// Replay CSV files as payments and let their own balances be the judge.
    Replay(ReplayArgs),
    /// Practise the loss of a site and collect the evidence.
    #[command(subcommand)]
    Drill(DrillCommand),
    /// Check and read the journal's files.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Show who may do what over TLS: doors, rules, certificates and their ends.
    Access(AccessArgs),
    /// Make certificates for sites and clients, for a laptop or a test.
    #[command(subcommand)]
    Certs(CertsCommand),
    /// Carry TigerBeetle's clients, which speak no TLS, to a bank that asks for certificates.
    Tunnel(TunnelArgs),
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
        /// Its currency (ISO 4217), or a declared unit.
        #[arg(long)]
        currency: Unit,
        /// Its kind in the bank's chart of accounts; not 0.
        #[arg(long, default_value_t = 1)]
        code: u16,
        /// A rule it is held to; may be given more than once.
        #[arg(long = "flag", value_parser = parse_account_flag, value_name = "FLAG")]
        flags: Vec<AccountFlag>,
        /// The control account above it.
        #[arg(long, value_name = "ID")]
        above: Option<AccountId>,
    },
    /// Put an account below a control account, which shows the sum of the accounts below it.
    Place {
        /// The account to put.
        id: AccountId,
        /// The account above it; without it the account is taken away from where it stands.
        #[arg(long, value_name = "ID")]
        above: Option<AccountId>,
    },
    /// Show the control accounts as a tree, with the sums below them.
    Tree {
        /// Only this control account and those below it.
        #[arg(long, value_name = "ID")]
        root: Option<AccountId>,
        /// Only control accounts in this unit.
        #[arg(long)]
        currency: Option<Unit>,
    },
    /// Show or say what an account's money may be spent on, and what it may be paid for.
    #[command(
        after_help = "Examples:\n  tongbao account purposes 3 --paid-for 5261\n  tongbao account purposes 2 --spent-on 5261 --paid-for 5261"
    )]
    Purposes {
        /// The account's id.
        id: AccountId,
        /// What its money may be spent on only; nothing after it means anything.
        #[arg(long, value_name = "N", value_delimiter = ',', num_args = 0..)]
        spent_on: Option<Vec<NonZeroU16>>,
        /// What it may be paid for.
        #[arg(long, value_name = "N", value_delimiter = ',', num_args = 0..)]
        paid_for: Option<Vec<NonZeroU16>>,
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
    /// The currency of both accounts (ISO 4217), or their declared unit.
    #[arg(long)]
    pub(crate) currency: Unit,
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
    /// The day from which the amount counts for interest. Default: the day it is booked on.
    #[arg(long, value_name = "DATE")]
    pub(crate) value_date: Option<Date>,
    /// What the amount is for: the account that receives must be paid for it.
    #[arg(long, value_name = "N")]
    pub(crate) purpose: Option<NonZeroU16>,
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
        /// Where to: postgres://user@host,host/database. Default: what TONGBAO_JOURNAL says.
        #[arg(long, value_name = "URL")]
        to: Option<String>,
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
    /// The books in PostgreSQL: postgres://user@host,host/database. Default: what TONGBAO_JOURNAL says, or where the data
    /// folder has them.
    #[arg(long, value_name = "URL")]
    pub(crate) journal: Option<String>,
}

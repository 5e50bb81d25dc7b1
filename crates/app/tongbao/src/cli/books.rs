//! The command line of how the books are set up and closed: units, days, holds, reversals.

use std::num::NonZeroU16;

use calendar::Date;
use clap::{Args, Subcommand};
use ids::{AccountId, TransferId};
use ledger_api::{AmountText, Unit, UnitCode};

/// Units.
#[derive(Subcommand, Debug)]
pub(crate) enum UnitCommand {
    /// Declare what the amounts of a ledger are counted in, once and for good.
    #[command(after_help = "Example:\n  tongbao unit declare XAU-G --ledger 1000 --digits 3")]
    Declare {
        /// The unit's code: two to twelve of A–Z, 0–9, point and hyphen, but not three letters.
        #[arg(value_parser = parse_unit_code)]
        code: UnitCode,
        /// The number of the ledger, from 1000 on.
        #[arg(long, value_name = "N")]
        ledger: u32,
        /// How many digits follow the point, at most 18.
        #[arg(long, value_name = "N")]
        digits: u8,
    },
    /// List the declared units.
    List,
}

fn parse_unit_code(text: &str) -> Result<UnitCode, String> {
    UnitCode::new(text).ok_or_else(|| {
        "a code is two to twelve of A–Z, 0–9, point and hyphen with a letter among them; three letters are a currency's"
            .to_owned()
    })
}

/// Business days.
#[derive(Subcommand, Debug)]
pub(crate) enum DayCommand {
    /// Begin the first business day. Until then, payments are booked on the day they are made, in UTC.
    #[command(after_help = "Example:\n  tongbao day open 2026-11-23")]
    Open {
        /// The day, as YYYY-MM-DD.
        date: Date,
    },
    /// End the open business day with a trial balance, and begin the next.
    #[command(after_help = "Example:\n  tongbao day close 2026-11-23 --next 2026-11-24")]
    Close {
        /// The day that ends: the one that is open.
        date: Date,
        /// The day that begins.
        #[arg(long, value_name = "DATE")]
        next: Date,
    },
    /// List the business days that have ended, newest first, and tell which one is open.
    List {
        /// Days to show, 1 to 1,000.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Where to go on: the `next` of the page before.
        #[arg(long, value_name = "DATE")]
        before: Option<Date>,
    },
    /// Show the trial balance at the end of a business day.
    TrialBalance {
        /// The day.
        date: Date,
    },
}

/// Holds.
#[derive(Subcommand, Debug)]
pub(crate) enum HoldCommand {
    /// Spend a hold: pay its amount, or a part, onward to somebody who may be paid for its purpose, all or nothing.
    #[command(
        after_help = "Example:\n  tongbao hold spend 10 --to 3 --amount 300 --currency CZK --keep-rest"
    )]
    Spend(SpendArgs),
}

/// What is spent of a hold.
#[derive(Args, Debug)]
pub(crate) struct SpendArgs {
    /// The hold: the pending payment's id.
    pub(crate) hold: TransferId,
    /// The account that receives.
    #[arg(long, value_name = "ID")]
    pub(crate) to: AccountId,
    /// How much, in major units.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) amount: AmountText,
    /// The unit of the hold: a currency, or a declared unit.
    #[arg(long)]
    pub(crate) currency: Unit,
    /// What it is for. Default: what the hold is for.
    #[arg(long, value_name = "N")]
    pub(crate) purpose: Option<NonZeroU16>,
    /// The kind of payment. Default: that of the hold.
    #[arg(long)]
    pub(crate) code: Option<u16>,
    /// Hold again what is left; otherwise it is free again.
    #[arg(long)]
    pub(crate) keep_rest: bool,
    /// With --keep-rest: seconds after which the new hold expires; 0 for never. Default: as the first hold.
    #[arg(long, value_name = "SECONDS", requires = "keep_rest")]
    pub(crate) rest_timeout: Option<u32>,
    /// The payment's id, so that sending it twice is doing it once. Default: a fresh one.
    #[arg(long)]
    pub(crate) id: Option<TransferId>,
}

/// A payment that is taken back.
#[derive(Args, Debug)]
pub(crate) struct ReverseArgs {
    /// The payment to take back.
    pub(crate) payment: TransferId,
    /// The id of the counter-entry, so that sending it twice is doing it once. Default: a fresh one.
    #[arg(long)]
    pub(crate) id: Option<TransferId>,
    /// The kind of the counter-entry. Default: that of the payment.
    #[arg(long)]
    pub(crate) code: Option<u16>,
    /// The day from which it counts for interest. Default: that of the payment.
    #[arg(long, value_name = "DATE")]
    pub(crate) value_date: Option<Date>,
}

//! The command line of `tongbao ledger …`.

use clap::{Args, Subcommand, ValueEnum};
use ids::{AccountId, Id, Timestamp};
use ledger_api::{
    AccountTransfersQuery, AccountsQuery, ChangesQuery, Cursor, Direction, FeedPlace, Order, PendingQuery,
    TransfersQuery, U64Text, U128Text, Unit,
};

use super::parse_cursor;

/// Looks into the ledger.
#[derive(Subcommand, Debug)]
pub(crate) enum LedgerCommand {
    /// List accounts by their fields.
    #[command(after_help = "Examples:\n  tongbao ledger accounts --currency CZK --code 1010\n  \
                            tongbao ledger accounts --from 2026-11-01 --to 2026-12-01 --output json")]
    Accounts(AccountsArgs),
    /// Search for transfers by their fields, newest first.
    #[command(after_help = "Examples:\n  tongbao ledger transfers --user-data-64 930101\n  \
                            tongbao ledger transfers --currency CZK --from 2026-11-22 --order oldest --limit 100\n  \
                            tongbao ledger transfers --account 2378 --side debit")]
    Transfers(TransfersArgs),
    /// List open holds, oldest first, with the time they have left.
    #[command(after_help = "Examples:\n  tongbao ledger pending --account 2378\n  \
                            tongbao ledger pending --expires-before 2026-11-23T00:00:00Z")]
    Pending(PendingArgs),
    /// Show the sums of an account after each of its transfers.
    #[command(after_help = "Example:\n  tongbao ledger balances 2378 --from 2026-11-01 --order oldest")]
    Balances {
        /// The account's id.
        account: AccountId,
        #[command(flatten)]
        filter: TransferFilter,
    },
    /// Add up all accounts by currency and code; fails if debits and credits differ.
    #[command(after_help = "Example:\n  tongbao ledger trial-balance --currency CZK")]
    TrialBalance {
        /// Only accounts in this currency (ISO 4217), or with this ledger number.
        #[arg(long)]
        currency: Option<Unit>,
    },
    /// Print what every batch changed, oldest first, as one CloudEvent a line with `--output json`.
    #[command(after_help = "Examples:\n  tongbao ledger changes --from 120 --follow --output json\n  \
                            tongbao ledger changes --after 119 --account 2378")]
    Changes(ChangesArgs),
    /// Show the account and the transfer that have this id.
    #[command(after_help = "Example:\n  tongbao ledger lookup 2378")]
    Lookup {
        /// The id: a decimal number or a UUID.
        id: Id,
    },
}

/// Which end of a list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrderArg {
    /// The oldest first.
    Oldest,
    /// The newest first.
    Newest,
}

impl From<OrderArg> for Order {
    fn from(order: OrderArg) -> Self {
        match order {
            OrderArg::Oldest => Self::Oldest,
            OrderArg::Newest => Self::Newest,
        }
    }
}

/// The side of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SideArg {
    /// The account gave.
    Debit,
    /// The account received.
    Credit,
}

impl From<SideArg> for Direction {
    fn from(side: SideArg) -> Self {
        match side {
            SideArg::Debit => Self::Debit,
            SideArg::Credit => Self::Credit,
        }
    }
}

/// Which accounts.
#[derive(Args, Clone, Debug)]
pub(crate) struct AccountsArgs {
    /// Only accounts with these 128 bits of the client's own.
    #[arg(long, value_name = "N")]
    user_data_128: Option<u128>,
    /// Only accounts with these 64 bits of the client's own.
    #[arg(long, value_name = "N")]
    user_data_64: Option<u64>,
    /// Only accounts with these 32 bits of the client's own.
    #[arg(long, value_name = "N")]
    user_data_32: Option<u32>,
    /// Only accounts of this kind.
    #[arg(long)]
    code: Option<u16>,
    /// Only accounts in this currency (ISO 4217), or with this ledger number.
    #[arg(long)]
    currency: Option<Unit>,
    /// Only accounts opened at this time or later: a date or an RFC 3339 time.
    #[arg(long, value_parser = parse_time, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Only accounts opened before this time.
    #[arg(long, value_parser = parse_time, value_name = "TIME")]
    to: Option<Timestamp>,
    /// Which end comes first.
    #[arg(long, value_enum, default_value_t = OrderArg::Oldest)]
    order: OrderArg,
    /// Where to go on: the `next` of the page before.
    #[arg(long, value_name = "ID")]
    after: Option<AccountId>,
    /// Accounts to show, 1 to 1,000.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) limit: u16,
}

impl AccountsArgs {
    pub(crate) fn query(&self) -> AccountsQuery {
        AccountsQuery {
            user_data_128: self.user_data_128.map(U128Text),
            user_data_64: self.user_data_64.map(U64Text),
            user_data_32: self.user_data_32,
            code: self.code,
            currency: self.currency,
            from: self.from,
            to: self.to,
            order: Some(self.order.into()),
            after: self.after,
            limit: Some(self.limit),
        }
    }
}

/// What transfers are asked for by their own fields.
#[derive(Args, Clone, Debug)]
pub(crate) struct TransferFilter {
    /// Only transfers with these 128 bits of the client's own.
    #[arg(long, value_name = "N")]
    user_data_128: Option<u128>,
    /// Only transfers with these 64 bits of the client's own.
    #[arg(long, value_name = "N")]
    user_data_64: Option<u64>,
    /// Only transfers with these 32 bits of the client's own.
    #[arg(long, value_name = "N")]
    user_data_32: Option<u32>,
    /// Only transfers of this kind.
    #[arg(long)]
    code: Option<u16>,
    /// Only transfers made at this time or later: a date or an RFC 3339 time.
    #[arg(long, value_parser = parse_time, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Only transfers made before this time.
    #[arg(long, value_parser = parse_time, value_name = "TIME")]
    to: Option<Timestamp>,
    /// Which end comes first.
    #[arg(long, value_enum, default_value_t = OrderArg::Newest)]
    order: OrderArg,
    /// Where to go on: the `next` of the page before.
    #[arg(long, value_parser = parse_cursor)]
    pub(crate) after: Option<Cursor>,
    /// Entries to show, 1 to 1,000.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) limit: u16,
}

impl TransferFilter {
    pub(crate) fn query(&self, currency: Option<Unit>) -> TransfersQuery {
        TransfersQuery {
            user_data_128: self.user_data_128.map(U128Text),
            user_data_64: self.user_data_64.map(U64Text),
            user_data_32: self.user_data_32,
            code: self.code,
            currency,
            from: self.from,
            to: self.to,
            order: Some(self.order.into()),
            after: self.after.clone(),
            limit: Some(self.limit),
        }
    }

    pub(crate) fn account_query(&self, side: Option<Direction>) -> AccountTransfersQuery {
        AccountTransfersQuery {
            side,
            user_data_128: self.user_data_128.map(U128Text),
            user_data_64: self.user_data_64.map(U64Text),
            user_data_32: self.user_data_32,
            code: self.code,
            from: self.from,
            to: self.to,
            order: Some(self.order.into()),
            after: self.after.clone(),
            limit: Some(self.limit),
        }
    }
}

/// Which transfers.
#[derive(Args, Clone, Debug)]
pub(crate) struct TransfersArgs {
    /// Only transfers of this account.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountId>,
    /// With --account: only transfers in which it stands on this side.
    #[arg(long, value_enum, requires = "account")]
    pub(crate) side: Option<SideArg>,
    /// Only transfers in this currency (ISO 4217), or of this ledger number.
    #[arg(long, conflicts_with = "account")]
    pub(crate) currency: Option<Unit>,
    #[command(flatten)]
    pub(crate) filter: TransferFilter,
}

/// Which changes.
#[derive(Args, Clone, Debug)]
pub(crate) struct ChangesArgs {
    /// The first batch.
    #[arg(long, value_name = "SEQ", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    from: u64,
    /// Go on after this place, which stands before each event: 17, or 17.2 inside a batch that is told in parts.
    #[arg(long, value_name = "PLACE", conflicts_with = "from")]
    pub(crate) after: Option<FeedPlace>,
    /// Go on with changes as they happen, also when another site takes the lead.
    #[arg(long)]
    pub(crate) follow: bool,
    /// Only changes of this account.
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// Only changes in this currency (ISO 4217), or with this ledger number.
    #[arg(long)]
    currency: Option<Unit>,
}

impl ChangesArgs {
    pub(crate) fn query(&self) -> ChangesQuery {
        ChangesQuery {
            from: Some(self.from),
            follow: Some(self.follow),
            account: self.account,
            currency: self.currency,
        }
    }
}

/// Which holds.
#[derive(Args, Clone, Debug)]
pub(crate) struct PendingArgs {
    /// Only holds that debit or credit this account.
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// Only holds that expire before this time: a date or an RFC 3339 time.
    #[arg(long, value_parser = parse_time, value_name = "TIME")]
    expires_before: Option<Timestamp>,
    /// Where to go on: the `next` of the page before.
    #[arg(long, value_parser = parse_cursor)]
    after: Option<Cursor>,
    /// Holds to show, 1 to 1,000.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) limit: u16,
}

impl PendingArgs {
    pub(crate) fn query(&self) -> PendingQuery {
        PendingQuery {
            account: self.account,
            expires_before: self.expires_before,
            after: self.after.clone(),
            limit: Some(self.limit),
        }
    }
}

/// A time in RFC 3339, or a date for its first moment in UTC.
fn parse_time(text: &str) -> Result<Timestamp, String> {
    let midnight = format!("{text}T00:00:00Z");
    text.parse().or_else(|error: ids::TimestampError| midnight.parse().map_err(|_| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::parse_time;

    #[test]
    fn a_time_is_a_date_or_a_moment() {
        assert_eq!(parse_time("2026-11-22"), parse_time("2026-11-22T00:00:00Z"));
        assert!(parse_time("2026-11-22T13:08:23.5+01:00").is_ok());
        for bad in ["", "yesterday", "2026-13-01", "1969-12-31", "2026-11-22 "] {
            assert!(parse_time(bad).is_err(), "{bad}");
        }
    }
}

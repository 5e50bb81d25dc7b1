//! Accounts, their balances, and batches of them.

use ids::{AccountId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::payment::{at_most_a_batch, is_zero};
use crate::{
    AccountFlags, AmountText, IdText, Refused, SignedAmountText, TimestampText, U64Text, U128Text, Unit,
    flags::AccountFlag,
};

/// An account to be created. The same id with the same content again changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The account's id, chosen by the client.
    #[schema(value_type = IdText)]
    pub id: AccountId,
    /// The unit of everything in the account.
    pub currency: Unit,
    /// What kind of account this is, from the bank's own chart of accounts; not zero.
    pub code: u16,
    /// The rules the account is held to.
    #[serde(default, skip_serializing_if = "AccountFlags::is_empty")]
    #[schema(value_type = Vec<AccountFlag>)]
    pub flags: AccountFlags,
    /// The client's own 128 bits.
    #[serde(default, skip_serializing_if = "U128Text::is_zero")]
    pub user_data_128: U128Text,
    /// The client's own 64 bits.
    #[serde(default, skip_serializing_if = "U64Text::is_zero")]
    pub user_data_64: U64Text,
    /// The client's own 32 bits.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub user_data_32: u32,
    /// When it was opened, for an imported account; otherwise the ledger says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TimestampText>)]
    pub timestamp: Option<Timestamp>,
}

/// An account as the ledger has it. A control account shows the sums of all accounts below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// The account's id.
    #[schema(value_type = IdText)]
    pub id: AccountId,
    /// The currency of everything in the account.
    pub currency: Unit,
    /// What kind of account this is.
    pub code: u16,
    /// The rules the account is held to.
    #[schema(value_type = Vec<AccountFlag>)]
    pub flags: AccountFlags,
    /// The client's own 128 bits.
    pub user_data_128: U128Text,
    /// The client's own 64 bits.
    pub user_data_64: U64Text,
    /// The client's own 32 bits.
    pub user_data_32: u32,
    /// Sum of debits reserved and neither posted nor voided.
    pub debits_pending: AmountText,
    /// Sum of posted debits.
    pub debits_posted: AmountText,
    /// Sum of credits reserved and neither posted nor voided.
    pub credits_pending: AmountText,
    /// Sum of posted credits.
    pub credits_posted: AmountText,
    /// `credits_posted` − `debits_posted`.
    pub balance: SignedAmountText,
    /// `balance` − `debits_pending`.
    pub available: SignedAmountText,
    /// When the account was created.
    #[schema(value_type = TimestampText)]
    pub timestamp: Timestamp,
    /// Whether it is a control account: others stand below it, and it takes no postings of its own.
    #[serde(default)]
    pub is_control: bool,
    /// The control account above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<IdText>)]
    pub above: Option<AccountId>,
}

/// Accounts to be created in one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountBatch {
    /// At most 8,190 accounts.
    #[serde(deserialize_with = "accounts")]
    #[schema(max_items = 8190)]
    pub accounts: Vec<NewAccount>,
}

fn accounts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NewAccount>, D::Error> {
    at_most_a_batch(deserializer)
}

/// What became of an [`AccountBatch`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountBatchOutcome {
    /// Accounts that are new.
    pub created: u32,
    /// Accounts that were there before, with the same content.
    pub existing: u32,
    /// Accounts that were refused, in the order of the request.
    pub refused: Vec<Refused>,
}

/// A page of accounts, the oldest first unless asked otherwise. With filters it may be short of its limit, even empty, and
/// still have a next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountPage {
    /// The accounts of this page.
    pub accounts: Vec<Account>,
    /// The `after` of the next page; nothing on the last.
    #[schema(value_type = Option<IdText>)]
    pub next: Option<AccountId>,
}

/// The sums of one account at one point of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Balance {
    /// The account.
    #[schema(value_type = IdText)]
    pub account: AccountId,
    /// Its currency.
    pub currency: Unit,
    /// Sum of debits reserved and neither posted nor voided.
    pub debits_pending: AmountText,
    /// Sum of posted debits.
    pub debits_posted: AmountText,
    /// Sum of credits reserved and neither posted nor voided.
    pub credits_pending: AmountText,
    /// Sum of posted credits.
    pub credits_posted: AmountText,
    /// `credits_posted` − `debits_posted`.
    pub balance: SignedAmountText,
    /// `balance` − `debits_pending`.
    pub available: SignedAmountText,
    /// The last journal batch that these sums contain.
    pub seq: u64,
}

//! Searches for transfers, and the history of an account's sums.

use ids::{AccountId, Timestamp, TransferId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    AmountText, Cursor, Direction, IdText, Payment, SignedAmountText, TimestampText, U64Text, U128Text, Unit,
};

/// Which end of a list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The oldest first.
    Oldest,
    /// The newest first.
    Newest,
}

/// The query of `GET /v1/transfers`. What is left out, or zero, asks for any value.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TransfersQuery {
    /// Only transfers with these 128 bits of the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data_128: Option<U128Text>,
    /// Only transfers with these 64 bits of the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data_64: Option<U64Text>,
    /// Only transfers with these 32 bits of the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data_32: Option<u32>,
    /// Only transfers of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Only transfers in this currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Unit>,
    /// Only transfers made at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<TimestampText>)]
    pub from: Option<Timestamp>,
    /// Only transfers made before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<TimestampText>)]
    pub to: Option<Timestamp>,
    /// Which end comes first. Default: newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub order: Option<Order>,
    /// Go on after this cursor: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Cursor>,
    /// Entries on a page, 1 to 1,000. Default: 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u16>,
}

/// The query of `GET /v1/accounts/{id}/transfers` and `GET /v1/accounts/{id}/balances`. What is left out, or zero, asks
/// for any value.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountTransfersQuery {
    /// Only transfers in which the account stands on this side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub side: Option<Direction>,
    /// Only transfers with these 128 bits of the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data_128: Option<U128Text>,
    /// Only transfers with these 64 bits of the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data_64: Option<U64Text>,
    /// Only transfers with these 32 bits of the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data_32: Option<u32>,
    /// Only transfers of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Only transfers made at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<TimestampText>)]
    pub from: Option<Timestamp>,
    /// Only transfers made before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<TimestampText>)]
    pub to: Option<Timestamp>,
    /// Which end comes first. Default: newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub order: Option<Order>,
    /// Go on after this cursor: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Cursor>,
    /// Entries on a page, 1 to 1,000. Default: 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u16>,
}

/// A page of transfers. A page may be short of its limit, even empty, and still have a next one: a search looks at so many
/// transfers and no more before it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransferPage {
    /// The transfers of this page.
    pub transfers: Vec<Payment>,
    /// The `after` of the next page; nothing on the last.
    pub next: Option<Cursor>,
}

/// A page of an account's sums over time. It may be short of its limit and still have a next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BalancePage {
    /// The account.
    #[schema(value_type = IdText)]
    pub account: AccountId,
    /// Its currency.
    pub currency: Unit,
    /// The sums after each transfer of this page.
    pub balances: Vec<BalanceAfter>,
    /// The `after` of the next page; nothing on the last.
    pub next: Option<Cursor>,
}

/// The sums of an account right after one of its transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BalanceAfter {
    /// The transfer.
    #[schema(value_type = IdText)]
    pub transfer: TransferId,
    /// When it was made.
    #[schema(value_type = TimestampText)]
    pub timestamp: Timestamp,
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
}

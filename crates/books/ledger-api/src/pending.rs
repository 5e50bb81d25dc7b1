//! Amounts that are reserved and neither posted nor voided.

use std::num::NonZeroU16;

use ids::{AccountId, Timestamp, TransferId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{AmountText, Cursor, IdText, TimestampText, U64Text, U128Text, Unit};

/// The query of `GET /v1/pending`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PendingQuery {
    /// Only holds that debit or credit this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<IdText>)]
    pub account: Option<AccountId>,
    /// Only holds that expire before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<TimestampText>)]
    pub expires_before: Option<Timestamp>,
    /// Go on after this cursor: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Cursor>,
    /// Entries on a page, 1 to 1,000. Default: 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u16>,
}

/// A page of open holds, the oldest first. It may be short of its limit, even empty, and still have a next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PendingPage {
    /// The holds of this page.
    pub pending: Vec<Hold>,
    /// The time by the ledger's own clock: that of its last request. Holds expire by it.
    #[schema(value_type = TimestampText)]
    pub now: Timestamp,
    /// The `after` of the next page; nothing on the last.
    pub next: Option<Cursor>,
}

/// An amount that is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hold {
    /// The pending payment's id.
    #[schema(value_type = IdText)]
    pub id: TransferId,
    /// The account that will give.
    #[schema(value_type = IdText)]
    pub debit_account: AccountId,
    /// The account that will receive.
    #[schema(value_type = IdText)]
    pub credit_account: AccountId,
    /// How much is reserved.
    pub amount: AmountText,
    /// The currency of `amount`.
    pub currency: Unit,
    /// What kind of payment this is.
    pub code: u16,
    /// The client's own 128 bits.
    pub user_data_128: U128Text,
    /// The client's own 64 bits.
    pub user_data_64: U64Text,
    /// The client's own 32 bits.
    pub user_data_32: u32,
    /// When it was made.
    #[schema(value_type = TimestampText)]
    pub timestamp: Timestamp,
    /// When it expires; nothing if never.
    #[schema(value_type = Option<TimestampText>)]
    pub expires_at: Option<Timestamp>,
    /// What it is for, if that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u16>, minimum = 1)]
    pub purpose: Option<NonZeroU16>,
}

//! The change feed: what each journal batch changed, as CloudEvents.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use ids::{AccountId, Timestamp, TransferId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::schema::text_schema;
use crate::{
    AccountFlags, AmountText, IdText, Payment, TimestampText, U64Text, U128Text, Unit, flags::AccountFlag,
};

/// The most changes in one event. A batch with more of them is told in several.
pub const EVENT_CHANGES_MAX: usize = 1_000;

/// The `type` of every event of the feed. A change that old consumers would misread gets another one.
pub const BATCH_EVENT_TYPE: &str = "cn.tongbao.ledger.batch.v1";

/// The query of `GET /v1/changes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// The first batch to tell of. Default: 1. The header `Last-Event-ID` goes before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1)]
    pub from: Option<u64>,
    /// Whether to go on with batches as they happen; otherwise the stream ends with the newest. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow: Option<bool>,
    /// Only changes of this account: the account itself, and transfers that debit or credit it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<IdText>)]
    pub account: Option<AccountId>,
    /// Only changes in this currency, unit or ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Unit>,
}

/// How far the feed was told: after a whole batch, or after one of the first parts of a batch.
///
/// Text form: the batch's sequence number, `17`, or with the part, counted from 1, `17.2`. It is the `id` of a server-sent
/// event; sent back as `Last-Event-ID` the feed goes on after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedPlace {
    /// The batch.
    pub seq: u64,
    /// The part of it that was told last; `None` after the last one.
    pub part: Option<NonZeroU32>,
}

impl fmt::Display for FeedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            None => write!(f, "{}", self.seq),
            Some(part) => write!(f, "{}.{part}", self.seq),
        }
    }
}

/// The text is not a place in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a place in the change feed is a batch's number like 17, or with a part of it, 17.2")]
pub struct FeedPlaceError;

impl FromStr for FeedPlace {
    type Err = FeedPlaceError;

    fn from_str(text: &str) -> Result<Self, FeedPlaceError> {
        // `parse` alone would also take a plus sign.
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (seq, part) = match text.split_once('.') {
            None => (text, None),
            Some((seq, part)) => (seq, Some(part)),
        };
        if !digits(seq) || !part.is_none_or(digits) {
            return Err(FeedPlaceError);
        }
        let part = part.map(str::parse).transpose().map_err(|_| FeedPlaceError)?;
        Ok(Self { seq: seq.parse().map_err(|_| FeedPlaceError)?, part })
    }
}

text_schema!(
    FeedPlace,
    "FeedPlace",
    r"^[0-9]+(\.[1-9][0-9]*)?$",
    "17",
    "How far the change feed was told: a batch's number, or with a part of it."
);

/// What one batch changed, or a part of it. Standard: CloudEvents 1.0, JSON event format, with the extension
/// `partitionkey`.
///
/// The same batch gives the same bytes on every site and at any time; `source` and `id` together name an event for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchEvent {
    /// `1.0`.
    #[schema(value_type = String)]
    pub specversion: Cow<'static, str>,
    /// The shard and the place in its feed after this event, `bank/17`; for all parts of a batch but the last `bank/17.1`.
    pub id: String,
    /// The shard: `/shards/bank`.
    pub source: String,
    /// `cn.tongbao.ledger.batch.v1`.
    #[schema(value_type = String)]
    pub r#type: Cow<'static, str>,
    /// The stamp of the batch.
    #[schema(value_type = TimestampText)]
    pub time: Timestamp,
    /// `application/json`.
    #[schema(value_type = String)]
    pub datacontenttype: Cow<'static, str>,
    /// The shard: events of one shard stay in order.
    pub partitionkey: String,
    /// The changes.
    pub data: BatchChanges,
}

/// The changes of a batch, or of a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchChanges {
    /// The shard.
    pub shard: String,
    /// The batch.
    pub seq: u64,
    /// The reign of the leader that wrote it.
    pub epoch: u64,
    /// Which part of the batch this is, from 1.
    pub part: u32,
    /// How many parts there are.
    pub parts: u32,
    /// The stamp of the batch.
    #[schema(value_type = TimestampText)]
    pub timestamp: Timestamp,
    /// What changed, in the order in which it happened; at most 1,000 changes.
    pub changes: Vec<Change>,
}

/// A change of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Change {
    /// An account was created.
    AccountCreated(CreatedAccount),
    /// A transfer was created. Its `status` is that of this moment: `posted`, `pending`, or `voided` for a transfer that voids
    /// one. A transfer with a `pending_id` has also changed that one, to `posted_pending` or `voided`.
    TransferCreated(Payment),
    /// The timeout of a pending transfer passed: its reserve was taken back.
    TransferExpired(ExpiredTransfer),
}

/// An account as it was created, without sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedAccount {
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
    /// When the account was created; for an imported account, when it says it was.
    #[schema(value_type = TimestampText)]
    pub timestamp: Timestamp,
}

/// A pending transfer whose timeout passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExpiredTransfer {
    /// The pending transfer's id.
    #[schema(value_type = IdText)]
    pub id: TransferId,
    /// The account that would have given.
    #[schema(value_type = IdText)]
    pub debit_account: AccountId,
    /// The account that would have received.
    #[schema(value_type = IdText)]
    pub credit_account: AccountId,
    /// What was reserved.
    pub amount: AmountText,
    /// The currency of `amount`.
    pub currency: Unit,
    /// When it expired.
    #[schema(value_type = TimestampText)]
    pub timestamp: Timestamp,
}

impl Change {
    /// Whether the change concerns this account.
    pub fn is_of_account(&self, id: AccountId) -> bool {
        match self {
            Self::AccountCreated(account) => account.id == id,
            Self::TransferCreated(transfer) => transfer.debit_account == id || transfer.credit_account == id,
            Self::TransferExpired(expired) => expired.debit_account == id || expired.credit_account == id,
        }
    }

    /// The number of the ledger it happened in; `None` for a unit that only a ledger knows, in which none is told.
    pub fn ledger(&self) -> Option<u32> {
        let unit = match self {
            Self::AccountCreated(account) => account.currency,
            Self::TransferCreated(transfer) => transfer.currency,
            Self::TransferExpired(expired) => expired.currency,
        };
        match unit {
            Unit::Currency(currency) => Some(currency.ledger()),
            Unit::Ledger(ledger) => Some(ledger),
            Unit::Declared(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_and_write_the_same() {
        for text in ["0", "17", "17.2", "18446744073709551615.4294967295"] {
            assert_eq!(text.parse::<FeedPlace>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            ".",
            "17.",
            ".2",
            "17.0",
            "+17",
            "17.+2",
            "17.2.3",
            "-1",
            "1e3",
            " 17",
            "18446744073709551616",
        ] {
            assert_eq!(bad.parse::<FeedPlace>(), Err(FeedPlaceError), "{bad}");
        }
    }

    #[test]
    fn changes_are_told_apart_by_their_type() {
        let json = r#"{"type":"transfer_expired","id":"7","debit_account":"1","credit_account":"2","amount":"5.00","currency":"CZK","timestamp":"2026-11-22T13:08:23.000000001Z"}"#;
        let change: Change = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&change).unwrap(), json);
        assert!(serde_json::from_str::<Change>(&json.replace("transfer_expired", "other")).is_err());
    }
}

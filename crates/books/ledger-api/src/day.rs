//! Business days.

use calendar::Date;
use ids::Timestamp;
use serde::{Deserialize, Serialize};
use stdx::Digest;
use utoipa::{IntoParams, ToSchema};

use crate::{DateText, TimestampText, TrialBalanceCurrency};

/// Ends a business day and begins the next one: whatever is booked afterwards belongs to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDayCut {
    /// The business day that ends; nothing, to begin the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DateText>)]
    pub closes: Option<Date>,
    /// The business day that begins.
    #[schema(value_type = DateText)]
    pub opens: Date,
}

/// The answer to a [`NewDayCut`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DayCut {
    /// The business day that is open now.
    #[schema(value_type = DateText)]
    pub open: Date,
    /// The business day that has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<BusinessDay>,
}

/// The query of `GET /v1/days`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DaysQuery {
    /// Only days before this one: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<DateText>)]
    pub before: Option<Date>,
    /// Entries on a page, 1 to 1,000. Default: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u16>,
}

/// A page of business days that have ended, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DayPage {
    /// The business day that is open; nothing, if the bank keeps no business days.
    #[schema(value_type = Option<DateText>)]
    pub open: Option<Date>,
    /// The days of this page.
    pub days: Vec<BusinessDay>,
    /// The `before` of the next page; nothing on the last.
    #[schema(value_type = Option<DateText>)]
    pub next: Option<Date>,
}

/// A business day that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BusinessDay {
    /// The day.
    #[schema(value_type = DateText)]
    pub date: Date,
    /// The business day after it.
    #[schema(value_type = DateText)]
    pub next_date: Date,
    /// When it ended.
    #[schema(value_type = TimestampText)]
    pub ended_at: Timestamp,
    /// How many payments there were in the books when it ended, those of all days before included.
    pub transfers: u32,
    /// The SHA-256 of its trial balance.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// Whether its trial balance is kept; of days very long ago only the digest is.
    pub is_kept: bool,
}

/// The trial balance at the end of a business day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DayTrialBalance {
    /// The day.
    pub day: BusinessDay,
    /// Whether debits equal credits in every currency, posted and pending.
    pub balanced: bool,
    /// Each currency, by its ledger's number.
    pub currencies: Vec<TrialBalanceCurrency>,
}

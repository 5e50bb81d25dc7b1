//! The tree of accounts: control accounts, and what stands below them.

use ids::AccountId;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::payment::at_most_a_batch;
use crate::{AmountText, IdText, Refused, SignedAmountText, Unit};

/// Accounts to be put below control accounts. What is there already stays; so sending it twice changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacementBatch {
    /// At most 8,190 placements, done in their order.
    #[serde(deserialize_with = "placements")]
    #[schema(max_items = 8190)]
    pub placements: Vec<Placement>,
}

fn placements<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Placement>, D::Error> {
    at_most_a_batch(deserializer)
}

/// Puts an account below another one of the same unit, which becomes a control account: it shows the sum of the accounts
/// below it, and takes no postings of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// The account to be put.
    #[schema(value_type = IdText)]
    pub account: AccountId,
    /// The account above it; nothing, to take it away from below the one it is at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<IdText>)]
    pub above: Option<AccountId>,
}

/// What became of a [`PlacementBatch`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlacementBatchOutcome {
    /// Accounts that stand in a new place.
    pub placed: u32,
    /// Accounts that were there already.
    pub unchanged: u32,
    /// Placements that were refused, in the order of the request; the id is that of the account.
    pub refused: Vec<Refused>,
}

/// The query of `GET /v1/accounts/tree`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TreeQuery {
    /// Only this control account and those below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<IdText>)]
    pub root: Option<AccountId>,
    /// Only control accounts in this unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Unit>,
    /// Go on after this control account: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<IdText>)]
    pub after: Option<AccountId>,
    /// Entries on a page, 1 to 1,000. Default: 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u16>,
}

/// A page of the tree's control accounts, each right before those below it, side by side in order of creation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountTree {
    /// The last journal batch that the sums contain.
    pub seq: u64,
    /// The control accounts of this page.
    pub controls: Vec<ControlAccount>,
    /// The `after` of the next page; nothing on the last.
    #[schema(value_type = Option<IdText>)]
    pub next: Option<AccountId>,
}

/// A control account with the sums of all accounts below it, at any depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ControlAccount {
    /// The account.
    #[schema(value_type = IdText)]
    pub id: AccountId,
    /// The unit of all the sums.
    pub currency: Unit,
    /// What kind of account this is.
    pub code: u16,
    /// How many accounts stand above it: 0 at the root of a tree.
    pub depth: u8,
    /// The control account above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<IdText>)]
    pub above: Option<AccountId>,
    /// How many accounts stand directly below it, control accounts included.
    pub below: u32,
    /// How many of all accounts below it are no control accounts.
    pub accounts: u32,
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
}

/// The query of `GET /v1/accounts/{id}/below`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BelowQuery {
    /// Go on after this account: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<IdText>)]
    pub after: Option<AccountId>,
    /// Entries on a page, 1 to 1,000. Default: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u16>,
}

//! What all accounts add up to.

use ids::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{AmountText, SignedAmountText, TimestampText, Unit};

/// The query of `GET /v1/trial-balance`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrialBalanceQuery {
    /// Only accounts in this currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Unit>,
}

/// The sums of all accounts at one point of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrialBalance {
    /// The last journal batch that these sums contain.
    pub seq: u64,
    /// The stamp of that batch.
    #[schema(value_type = TimestampText)]
    pub timestamp: Timestamp,
    /// Whether debits equal credits in every currency, posted and pending.
    pub balanced: bool,
    /// Each currency, by its ledger's number.
    pub currencies: Vec<TrialBalanceCurrency>,
}

/// The sums of one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrialBalanceCurrency {
    /// The currency.
    pub currency: Unit,
    /// Whether debits equal credits, posted and pending.
    pub balanced: bool,
    /// The sums of all accounts.
    pub total: TrialBalanceSums,
    /// The sums by kind of account.
    pub codes: Vec<TrialBalanceCode>,
}

/// The sums of one kind of account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrialBalanceCode {
    /// The kind, from the bank's own chart of accounts.
    pub code: u16,
    /// The sums.
    pub sums: TrialBalanceSums,
}

/// Sums over accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrialBalanceSums {
    /// How many accounts.
    pub accounts: u64,
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

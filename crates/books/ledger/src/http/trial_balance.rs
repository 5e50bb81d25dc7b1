//! The trial balance.

use axum::Json;
use axum::extract::State;
use ids::Timestamp;
use ledger_api::{
    TrialBalance, TrialBalanceCode, TrialBalanceCurrency, TrialBalanceQuery, TrialBalanceSums, Unit,
};
use ledger_core::{TrialBalance as Taken, TrialBalanceLine};
use problem::Problem;

use super::accounts::ledger;
use super::{Api, Query};
use crate::convert;
use crate::error::ApiError;

/// Accounts that are counted before the shard's thread goes on with other work: about a millisecond's.
const ACCOUNTS_PER_SLICE: u32 = 16_384;
/// The most lines of a trial balance.
const LINES_MAX: usize = 10_000;

/// Adds up all accounts by currency and code, at one point of the journal.
#[utoipa::path(
    get, path = "/v1/trial-balance", operation_id = "getTrialBalance", tag = "bank", params(TrialBalanceQuery),
    responses(
        (status = 200, description = "The sums", body = TrialBalance),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn trial_balance(
    State(api): State<Api>,
    Query(query): Query<TrialBalanceQuery>,
) -> Result<Json<TrialBalance>, ApiError> {
    Ok(Json(api.take_trial_balance(&query).await?))
}

impl Api {
    /// The sums of all accounts at one point of the journal.
    ///
    /// Errors: [`ApiError::TooManyLines`], [`ApiError::SumTooLarge`], [`ApiError::Shard`].
    pub async fn take_trial_balance(&self, query: &TrialBalanceQuery) -> Result<TrialBalance, ApiError> {
        let _turn = self.turn().await;
        let asked = query.currency.map(Unit::ledger);
        let mut taken = Taken::default();
        loop {
            let slice = move |replica: &mut shard::Replica<_>| {
                let done = ledger(replica).trial_balance_slice(&mut taken, ACCOUNTS_PER_SLICE);
                (taken, done, replica.seq().0, replica.timestamp())
            };
            let (so_far, done, seq, timestamp) = self.handle.read(slice).await?;
            taken = so_far;
            if lines(&taken, asked).count() > LINES_MAX {
                return Err(ApiError::TooManyLines { max: LINES_MAX });
            }
            if done {
                return shown(&taken, asked, seq, timestamp);
            }
        }
    }
}

fn lines(taken: &Taken, asked: Option<u32>) -> impl Iterator<Item = ((u32, u16), &TrialBalanceLine)> {
    let (first, last) = asked.map_or((0, u32::MAX), |ledger| (ledger, ledger));
    taken.lines().range((first, 0)..=(last, u16::MAX)).map(|(kind, line)| (*kind, line))
}

fn shown(
    taken: &Taken,
    asked: Option<u32>,
    seq: u64,
    timestamp: Timestamp,
) -> Result<TrialBalance, ApiError> {
    let mut currencies: Vec<(Unit, TrialBalanceLine, Vec<TrialBalanceCode>)> = Vec::new();
    for ((ledger, code), line) in lines(taken, asked) {
        let unit = Unit::of_ledger(ledger);
        if currencies.last().is_none_or(|(last, ..)| *last != unit) {
            currencies.push((unit, TrialBalanceLine::default(), Vec::new()));
        }
        if let Some((_, total, codes)) = currencies.last_mut() {
            total.merge(line);
            codes.push(TrialBalanceCode { code, sums: sums(line, unit)? });
        }
    }
    let currencies = currencies.into_iter().map(|(currency, total, codes)| {
        let balanced = total.is_balanced();
        Ok(TrialBalanceCurrency { currency, balanced, total: sums(&total, currency)?, codes })
    });
    let currencies = currencies.collect::<Result<Vec<_>, ApiError>>()?;
    let balanced = currencies.iter().all(|currency| currency.balanced);
    Ok(TrialBalance { seq, timestamp, balanced, currencies })
}

fn sums(line: &TrialBalanceLine, unit: Unit) -> Result<TrialBalanceSums, ApiError> {
    convert::sums(line, unit).ok_or(ApiError::SumTooLarge { unit })
}

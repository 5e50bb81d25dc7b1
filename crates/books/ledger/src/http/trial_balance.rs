//! The trial balance.

use axum::Json;
use axum::extract::State;
use ledger_api::{
    Denomination, TrialBalance, TrialBalanceCode, TrialBalanceCurrency, TrialBalanceQuery, TrialBalanceSums,
    Units,
};
use ledger_core::{TrialBalance as Taken, TrialBalanceLine};
use problem::Problem;

use super::accounts::ledger;
use super::{Api, Query};
use crate::convert;
use crate::error::ApiError;

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
    /// Errors: [`ApiError::TooManyLines`], [`ApiError::SumTooLarge`], [`ApiError::Unit`], [`ApiError::Shard`].
    pub async fn take_trial_balance(&self, query: &TrialBalanceQuery) -> Result<TrialBalance, ApiError> {
        let asked = self.with_units(|units| convert::ledger_asked(query.currency, units)).await?;
        let asked = Some(asked).filter(|ledger| *ledger != 0);
        let read = |replica: &mut shard::Replica<_>| {
            (ledger(replica).trial_balance(), replica.seq().0, replica.timestamp())
        };
        let ((taken, seq, timestamp), units) = self.look(read).await?;
        let currencies = shown(&taken, asked, &units)?;
        let balanced = currencies.iter().all(|currency| currency.balanced);
        Ok(TrialBalance { seq, timestamp, balanced, currencies })
    }
}

fn lines(taken: &Taken, asked: Option<u32>) -> impl Iterator<Item = ((u32, u16), &TrialBalanceLine)> {
    let (first, last) = asked.map_or((0, u32::MAX), |ledger| (ledger, ledger));
    taken.range((first, 0)..=(last, u16::MAX)).map(|(kind, line)| (*kind, line))
}

/// The lines of a trial balance by currency, those of the ledger `asked` for or of all.
///
/// Errors: [`ApiError::TooManyLines`], [`ApiError::SumTooLarge`].
pub(super) fn shown(
    taken: &Taken,
    asked: Option<u32>,
    units: &Units,
) -> Result<Vec<TrialBalanceCurrency>, ApiError> {
    if lines(taken, asked).count() > LINES_MAX {
        return Err(ApiError::TooManyLines { max: LINES_MAX });
    }
    let mut currencies: Vec<(Denomination, TrialBalanceLine, Vec<TrialBalanceCode>)> = Vec::new();
    for ((ledger, code), line) in lines(taken, asked) {
        let of = units.of_ledger(ledger);
        if currencies.last().is_none_or(|(last, ..)| *last != of) {
            currencies.push((of, TrialBalanceLine::default(), Vec::new()));
        }
        if let Some((_, total, codes)) = currencies.last_mut() {
            total.merge(line);
            codes.push(TrialBalanceCode { code, sums: sums(line, &of)? });
        }
    }
    let currencies = currencies.into_iter().map(|(of, total, codes)| {
        let balanced = total.is_balanced();
        Ok(TrialBalanceCurrency { currency: of.unit, balanced, total: sums(&total, &of)?, codes })
    });
    currencies.collect()
}

fn sums(line: &TrialBalanceLine, of: &Denomination) -> Result<TrialBalanceSums, ApiError> {
    convert::sums(line, of).ok_or(ApiError::SumTooLarge { unit: of.unit })
}

//! Searches: transfers by their fields, an account's transfers and sums over time, open holds.

use axum::Json;
use axum::extract::State;
use ids::{AccountId, Timestamp};
use ledger_api::{
    AccountTransfersQuery, AccountsQuery, BalancePage, Cursor, Direction, Order, PendingPage, PendingQuery,
    TransferPage, TransfersQuery, Units,
};
use ledger_core::{AccountFilter, Found, PendingFilter, QueryFilter, StatementError, TransferView};
use problem::Problem;

use super::accounts::ledger;
use super::{Api, PathId, Query, page_limit};
use crate::convert;
use crate::error::ApiError;

const ENTRIES_PER_PAGE: u16 = 50;
/// Stamps lie below 2^63 ns.
const STAMP_END: u64 = 1 << 63;

/// The first and the last nanosecond of `from` to before `to`, after the cursor `after`; `None` if nothing lies between.
fn window(
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    after: Option<u64>,
    order: Order,
) -> Option<(u64, u64)> {
    let mut first = from.map_or(1, |from| from.0.max(1));
    let mut end = to.map_or(STAMP_END, |to| to.0.min(STAMP_END));
    match (order, after) {
        (_, None) => {}
        (Order::Oldest, Some(after)) => first = first.max(after.saturating_add(1)),
        (Order::Newest, Some(after)) => end = end.min(after),
    }
    (first < end).then(|| (first, end - 1))
}

fn stamp(cursor: Option<&Cursor>) -> Result<Option<u64>, ApiError> {
    let read = |cursor: &Cursor| cursor.as_str().parse().map_err(|_| StatementError::BadCursor.into());
    cursor.map(read).transpose()
}

fn cursor(next: Option<u64>) -> Option<Cursor> {
    next.and_then(|stamp| Cursor::new(stamp.to_string()))
}

/// What `query` asks for, but for the cursor; `None` if nothing can match.
pub(super) fn accounts_filter(
    query: &AccountsQuery,
    limit: usize,
    units: &Units,
) -> Result<Option<QueryFilter>, ApiError> {
    let order = query.order.unwrap_or(Order::Oldest);
    let ledger = convert::ledger_asked(query.currency, units)?;
    let window = window(query.from, query.to, None, order);
    Ok(window.map(|(timestamp_min, timestamp_max)| QueryFilter {
        user_data_128: query.user_data_128.map_or(0, |data| data.0),
        user_data_64: query.user_data_64.map_or(0, |data| data.0),
        user_data_32: query.user_data_32.unwrap_or_default(),
        ledger,
        code: query.code.unwrap_or_default(),
        timestamp_min,
        timestamp_max,
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
        flags: if order == Order::Newest { QueryFilter::REVERSED } else { 0 },
        ..QueryFilter::default()
    }))
}

fn transfers_filter(query: &TransfersQuery, units: &Units) -> Result<Option<QueryFilter>, ApiError> {
    let ledger = convert::ledger_asked(query.currency, units)?;
    let limit = page_limit(query.limit, ENTRIES_PER_PAGE)?;
    let order = query.order.unwrap_or(Order::Newest);
    let window = window(query.from, query.to, stamp(query.after.as_ref())?, order);
    Ok(window.map(|(timestamp_min, timestamp_max)| QueryFilter {
        user_data_128: query.user_data_128.map_or(0, |data| data.0),
        user_data_64: query.user_data_64.map_or(0, |data| data.0),
        user_data_32: query.user_data_32.unwrap_or_default(),
        ledger,
        code: query.code.unwrap_or_default(),
        timestamp_min,
        timestamp_max,
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
        flags: if order == Order::Newest { QueryFilter::REVERSED } else { 0 },
        ..QueryFilter::default()
    }))
}

fn account_filter(account: AccountId, query: &AccountTransfersQuery) -> Result<AccountFilter, ApiError> {
    let limit = page_limit(query.limit, ENTRIES_PER_PAGE)?;
    let order = query.order.unwrap_or(Order::Newest);
    let sides = match query.side {
        None => AccountFilter::DEBITS | AccountFilter::CREDITS,
        Some(Direction::Debit) => AccountFilter::DEBITS,
        Some(Direction::Credit) => AccountFilter::CREDITS,
    };
    let window = window(query.from, query.to, stamp(query.after.as_ref())?, order);
    // An empty window is asked for all the same, to tell whether the account exists: nothing was made in nanosecond 1.
    let (timestamp_min, timestamp_max) = window.unwrap_or((1, 1));
    Ok(AccountFilter {
        account_id: account.get(),
        user_data_128: query.user_data_128.map_or(0, |data| data.0),
        user_data_64: query.user_data_64.map_or(0, |data| data.0),
        user_data_32: query.user_data_32.unwrap_or_default(),
        code: query.code.unwrap_or_default(),
        timestamp_min,
        timestamp_max,
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
        flags: sides | if order == Order::Newest { AccountFilter::REVERSED } else { 0 },
        ..AccountFilter::default()
    })
}

fn transfer_page(found: &Found<TransferView>, units: &Units) -> TransferPage {
    let transfers = found.records.iter().map(|view| convert::payment(view, units));
    TransferPage { transfers: transfers.collect(), next: cursor(found.next) }
}

fn no_account(error: StatementError, account: AccountId) -> ApiError {
    match error {
        StatementError::AccountNotFound { .. } => ApiError::NoAccount(account),
        bad_cursor @ StatementError::BadCursor => bad_cursor.into(),
    }
}

/// Searches for transfers by their fields.
#[utoipa::path(
    get, path = "/v1/transfers", operation_id = "searchTransfers", tag = "bank", params(TransfersQuery),
    responses(
        (status = 200, description = "A page of transfers", body = TransferPage),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn transfers(
    State(api): State<Api>,
    Query(query): Query<TransfersQuery>,
) -> Result<Json<TransferPage>, ApiError> {
    Ok(Json(api.transfers(&query).await?))
}

impl Api {
    /// A page of transfers.
    ///
    /// Errors: [`ApiError::Query`], [`ApiError::Unit`], [`ApiError::Statement`] for a cursor, [`ApiError::Shard`].
    pub async fn transfers(&self, query: &TransfersQuery) -> Result<TransferPage, ApiError> {
        let filter = self.with_units(|units| transfers_filter(query, units)).await?;
        let look = move |replica: &mut shard::Replica<_>| {
            filter.map(|filter| ledger(replica).search_transfers(&filter))
        };
        let (found, units) = self.look(look).await?;
        let empty = TransferPage { transfers: Vec::new(), next: None };
        Ok(found.as_ref().map_or(empty, |found| transfer_page(found, &units)))
    }

    /// A page of an account's transfers.
    ///
    /// Errors: [`ApiError::NoAccount`], [`ApiError::Query`], [`ApiError::Statement`] for a cursor, [`ApiError::Shard`].
    pub async fn account_transfers(
        &self,
        account: AccountId,
        query: &AccountTransfersQuery,
    ) -> Result<TransferPage, ApiError> {
        let filter = account_filter(account, query)?;
        let look = move |replica: &mut shard::Replica<_>| ledger(replica).search_account_transfers(&filter);
        let (found, units) = self.look(look).await?;
        Ok(transfer_page(&found.map_err(|error| no_account(error, account))?, &units))
    }

    /// A page of an account's sums over time.
    ///
    /// Errors: as those of [`Api::account_transfers`].
    pub async fn account_balances(
        &self,
        account: AccountId,
        query: &AccountTransfersQuery,
    ) -> Result<BalancePage, ApiError> {
        let filter = account_filter(account, query)?;
        let look = move |replica: &mut shard::Replica<_>| {
            let ledger = ledger(replica);
            let found = ledger.search_account_balances(&filter)?;
            Ok((found, ledger.account(filter.account_id)))
        };
        let (found, units) = self.look(look).await?;
        let (found, Some(record)) = found.map_err(|error| no_account(error, account))? else {
            return Err(ApiError::NoAccount(account));
        };
        let after = |(view, after): &_| convert::balance_after(view, after, &units);
        Ok(BalancePage {
            account,
            currency: units.of_ledger(record.ledger).unit,
            balances: found.records.iter().map(after).collect(),
            next: cursor(found.next),
        })
    }
}

/// Searches for transfers of one account.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/transfers", operation_id = "listAccountTransfers", tag = "bank",
    params(("id" = ledger_api::IdText, Path), AccountTransfersQuery),
    responses(
        (status = 200, description = "A page of transfers", body = TransferPage),
        (status = 404, description = "No such account", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn account_transfers(
    State(api): State<Api>,
    PathId(id): PathId<AccountId>,
    Query(query): Query<AccountTransfersQuery>,
) -> Result<Json<TransferPage>, ApiError> {
    Ok(Json(api.account_transfers(id, &query).await?))
}

/// Shows the sums of an account after each of its transfers. The expiry of a hold is no transfer and has no entry of its
/// own; the next one contains it.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/balances", operation_id = "listAccountBalances", tag = "bank",
    params(("id" = ledger_api::IdText, Path), AccountTransfersQuery),
    responses(
        (status = 200, description = "A page of sums", body = BalancePage),
        (status = 404, description = "No such account", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn balances(
    State(api): State<Api>,
    PathId(id): PathId<AccountId>,
    Query(query): Query<AccountTransfersQuery>,
) -> Result<Json<BalancePage>, ApiError> {
    Ok(Json(api.account_balances(id, &query).await?))
}

/// Lists open holds, the oldest first.
#[utoipa::path(
    get, path = "/v1/pending", operation_id = "listPending", tag = "bank", params(PendingQuery),
    responses(
        (status = 200, description = "A page of holds", body = PendingPage),
        (status = 404, description = "No such account", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn pending(
    State(api): State<Api>,
    Query(query): Query<PendingQuery>,
) -> Result<Json<PendingPage>, ApiError> {
    let filter = PendingFilter {
        account: query.account.map(AccountId::get),
        due_before: query.expires_before.map(|time| time.0),
        after: stamp(query.after.as_ref())?.unwrap_or_default(),
        limit: page_limit(query.limit, ENTRIES_PER_PAGE)?,
    };
    let look = move |replica: &mut shard::Replica<_>| {
        let ledger = ledger(replica);
        ledger.search_pending(&filter).map(|found| (found, ledger.clock()))
    };
    let (found, units) = api.look(look).await?;
    let (found, now) = match (found, query.account) {
        (Ok(found), _) => found,
        (Err(error), Some(account)) => return Err(no_account(error, account)),
        (Err(error), None) => return Err(error.into()),
    };
    Ok(Json(PendingPage {
        pending: found.records.iter().map(|view| convert::hold(view, &units)).collect(),
        now,
        next: cursor(found.next),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_both_its_ends_inside() {
        let at = |ns| Some(Timestamp(ns));
        assert_eq!(window(None, None, None, Order::Newest), Some((1, STAMP_END - 1)));
        assert_eq!(window(at(5), at(9), None, Order::Oldest), Some((5, 8)));
        assert_eq!(window(at(5), at(9), Some(6), Order::Oldest), Some((7, 8)));
        assert_eq!(window(at(5), at(9), Some(6), Order::Newest), Some((5, 5)));
        assert_eq!(window(at(5), at(9), Some(5), Order::Newest), None);
        for (from, to) in [(9, 9), (9, 5), (0, 0), (0, 1), (STAMP_END, u64::MAX), (u64::MAX, u64::MAX)] {
            assert_eq!(window(at(from), at(to), None, Order::Oldest), None, "{from} {to}");
        }
        assert_eq!(window(None, None, Some(u64::MAX), Order::Oldest), None);
    }
}

//! Accounts, balances and statements.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use ids::AccountId;
use ledger_api::{
    Account, AccountBatch, AccountBatchOutcome, AccountPage, AccountsQuery, Balance, NewAccount, Refused,
    Statement, StatementQuery, Units,
};
use ledger_core::{CreateAccountStatus, Operation, Outcome};
use problem::Problem;
use shard::Request as ShardRequest;

use super::search::accounts_filter;
use super::{Api, PathId, Prepared, Query, Written, json, page_limit, tree, written};
use crate::convert::{self, PlacedAccount};
use crate::error::ApiError;
use crate::machine::LedgerMachine;

const ACCOUNTS_PER_PAGE: u16 = 100;
const ENTRIES_PER_PAGE: u16 = 100;

/// Opens an account.
#[utoipa::path(
    post, path = "/v1/accounts", operation_id = "createAccount", tag = "bank", request_body = NewAccount,
    responses(
        (status = 201, description = "The account is open; repeating the request repeats the answer", body = Account),
        (status = 409, description = "The id stands for another account", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn create(State(api): State<Api>, request: Request) -> Result<Response, ApiError> {
    let account: NewAccount = json(request).await?;
    let record = api.with_units(|units| convert::account_record(&account, units)).await?;
    let body = record.as_bytes().to_vec();
    let request = ShardRequest::by_content(Operation::CreateAccounts as u16, body);
    let reply = api.handle.submit(request).await?;
    let outcome = Outcome::from_bytes(&reply.bytes).ok_or(ledger_core::RequestError::Full)?;
    let status = account_status(&outcome);
    if !status.is_done() {
        return Err(ApiError::Account(status));
    }
    let replayed = reply.replayed || status == CreateAccountStatus::Exists;
    // The answer is the account as it was opened, so that repeating the request repeats it whatever came since.
    let opened = ledger_core::Account { timestamp: outcome.timestamp, ..record };
    let opened = PlacedAccount { record: opened, is_control: false, above: None };
    let shown = api.with_units(|units| Ok(convert::account(&opened, units))).await?;
    Ok(written(replayed, StatusCode::CREATED, Json(shown)))
}

fn account_status(outcome: &Outcome) -> CreateAccountStatus {
    CreateAccountStatus::from_u32(outcome.status)
        .expect("LED-INV-7: the ledger answers with its own statuses")
}

/// Opens up to 8,190 accounts, in order.
#[utoipa::path(
    post, path = "/v1/accounts/batch", operation_id = "createAccounts", tag = "bank", request_body = AccountBatch,
    responses(
        (status = 200, description = "What became of each account", body = AccountBatchOutcome),
        (status = "default", description = "Nothing was done", body = Problem),
    )
)]
pub(super) async fn create_batch(State(api): State<Api>, request: Request) -> Result<Response, ApiError> {
    let batch: AccountBatch = json(request).await?;
    let prepared = api.prepare_accounts(batch.accounts).await?;
    let Written { outcome, replayed } = api.create_accounts(prepared).await?;
    Ok(written(replayed, StatusCode::OK, Json(outcome)))
}

impl Api {
    /// Makes a batch of accounts ready for the shard, at most [`ledger_api::BATCH_ITEMS_MAX`].
    ///
    /// Errors: [`ApiError::Unit`]; [`ApiError::Shard`] if a unit had to be asked for.
    pub async fn prepare_accounts(
        &self,
        accounts: Vec<NewAccount>,
    ) -> Result<Prepared<NewAccount>, ApiError> {
        let body = self.with_units(|units| records(&accounts, units)).await?;
        let request = ShardRequest::by_content(Operation::CreateAccounts as u16, body);
        Ok(Prepared { request, items: accounts })
    }

    /// Opens accounts, in order and durable together. The shard has the batch once the future was polled, so batches are
    /// done in the order in which their futures were polled first.
    ///
    /// Errors: [`ApiError::Ledger`] and [`ApiError::Shard`]; nothing was done, unless the outcome is unknown.
    pub async fn create_accounts(
        &self,
        prepared: Prepared<NewAccount>,
    ) -> Result<Written<AccountBatchOutcome>, ApiError> {
        let reply = self.handle.submit(prepared.request).await?;
        if reply.bytes.is_empty() {
            return Err(ledger_core::RequestError::Full.into());
        }
        let mut outcome = AccountBatchOutcome::default();
        for (index, (account, result)) in (0..).zip(prepared.items.iter().zip(outcomes(&reply.bytes))) {
            match account_status(&result) {
                CreateAccountStatus::Created => outcome.created += 1,
                CreateAccountStatus::Exists => outcome.existing += 1,
                status => outcome.refused.push(Refused {
                    index,
                    id: account.id.into(),
                    status: status.name().into(),
                    code: status.code().unwrap_or_default().into(),
                }),
            }
        }
        Ok(Written { outcome, replayed: reply.replayed })
    }

    /// The accounts with these ids, in this order; ids without an account have no entry.
    ///
    /// Errors: [`ApiError::SumTooLarge`], [`ApiError::Shard`].
    pub async fn lookup_accounts(&self, ids: Vec<AccountId>) -> Result<Vec<Account>, ApiError> {
        let asked: BTreeSet<u128> = ids.iter().map(|id| id.get()).collect();
        let look = move |replica: &mut shard::Replica<_>| {
            let ledger = ledger(replica);
            let found: Vec<_> = asked.iter().filter_map(|id| ledger.account(*id)).collect();
            tree::seen(ledger, &found)
        };
        let (found, units) = self.look(look).await?;
        let shown = tree::shown(&found, &units)?;
        let shown: BTreeMap<AccountId, Account> =
            shown.into_iter().map(|account| (account.id, account)).collect();
        Ok(ids.iter().filter_map(|id| shown.get(id).copied()).collect())
    }

    /// A page of accounts.
    ///
    /// Errors: [`ApiError::Query`], [`ApiError::Unit`], [`ApiError::SumTooLarge`], [`ApiError::Shard`].
    pub async fn accounts(&self, query: &AccountsQuery) -> Result<AccountPage, ApiError> {
        let limit = page_limit(query.limit, ACCOUNTS_PER_PAGE)?;
        let filter = self.with_units(|units| accounts_filter(query, limit, units)).await?;
        let after = query.after.map(AccountId::get);
        let look = move |replica: &mut shard::Replica<_>| {
            let ledger = ledger(replica);
            let found = ledger.search_accounts(&filter?, after);
            Some((tree::seen(ledger, &found.records), found.next))
        };
        let (found, units) = self.look(look).await?;
        let (accounts, next) = found.unwrap_or_default();
        let next = next.and_then(|id| AccountId::new(id).ok());
        Ok(AccountPage { accounts: tree::shown(&accounts, &units)?, next })
    }
}

fn records(accounts: &[NewAccount], units: &Units) -> Result<Vec<u8>, ApiError> {
    let mut body = Vec::with_capacity(accounts.len() * ledger_core::EVENT_BYTES);
    for account in accounts {
        body.extend_from_slice(convert::account_record(account, units)?.as_bytes());
    }
    Ok(body)
}

/// The outcomes in a reply.
pub(super) fn outcomes(reply: &[u8]) -> impl Iterator<Item = Outcome> {
    reply.chunks_exact(ledger_core::OUTCOME_BYTES).filter_map(Outcome::from_bytes)
}

/// Lists accounts, the oldest first unless asked otherwise, and only those that the filters leave.
#[utoipa::path(
    get, path = "/v1/accounts", operation_id = "listAccounts", tag = "bank", params(AccountsQuery),
    responses(
        (status = 200, description = "A page of accounts", body = AccountPage),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    Query(query): Query<AccountsQuery>,
) -> Result<Json<AccountPage>, ApiError> {
    Ok(Json(api.accounts(&query).await?))
}

/// The ledger inside a replica.
pub(super) fn ledger(replica: &shard::Replica<LedgerMachine>) -> &ledger_core::Ledger {
    replica.machine().ledger()
}

async fn find(api: &Api, id: AccountId) -> Result<(PlacedAccount, u64, Arc<Units>), ApiError> {
    let look = move |replica: &mut shard::Replica<_>| {
        let ledger = ledger(replica);
        let account = ledger.account(id.get()).map(|record| tree::seen(ledger, &[record]));
        (account, replica.seq().0)
    };
    let ((account, seq), units) = api.look(look).await?;
    let account = account.and_then(|mut seen| seen.pop()).ok_or(ApiError::NoAccount(id))?;
    Ok((account.placed(&units)?, seq, units))
}

/// Shows an account.
#[utoipa::path(
    get, path = "/v1/accounts/{id}", operation_id = "getAccount", tag = "bank", params(("id" = ledger_api::IdText, Path)),
    responses(
        (status = 200, description = "The account", body = Account),
        (status = 404, description = "No such account", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn one(
    State(api): State<Api>,
    PathId(id): PathId<AccountId>,
) -> Result<Json<Account>, ApiError> {
    let (account, _, units) = find(&api, id).await?;
    Ok(Json(convert::account(&account, &units)))
}

/// Shows the sums of an account.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/balance", operation_id = "getBalance", tag = "bank",
    params(("id" = ledger_api::IdText, Path)),
    responses(
        (status = 200, description = "The sums", body = Balance),
        (status = 404, description = "No such account", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn balance(
    State(api): State<Api>,
    PathId(id): PathId<AccountId>,
) -> Result<Json<Balance>, ApiError> {
    let (account, seq, units) = find(&api, id).await?;
    Ok(Json(convert::balance(&account.record, seq, &units)))
}

/// Shows what happened to an account, newest first.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/statement", operation_id = "getStatement", tag = "bank",
    params(("id" = ledger_api::IdText, Path), StatementQuery),
    responses(
        (status = 200, description = "A page of the statement", body = Statement),
        (status = 404, description = "No such account", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn statement(
    State(api): State<Api>,
    PathId(id): PathId<AccountId>,
    Query(query): Query<StatementQuery>,
) -> Result<Json<Statement>, ApiError> {
    let limit = page_limit(query.limit, ENTRIES_PER_PAGE)?;
    let cursor = query.before.map(|cursor| cursor.as_str().parse()).transpose()?;
    let (page, units) =
        api.look(move |replica| ledger(replica).account_transfers(id.get(), cursor, limit)).await?;
    let page = page.map_err(|error| match error {
        ledger_core::StatementError::AccountNotFound { .. } => ApiError::NoAccount(id),
        bad_cursor @ ledger_core::StatementError::BadCursor => bad_cursor.into(),
    })?;
    Ok(Json(convert::statement(&page, &units)))
}

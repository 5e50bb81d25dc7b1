//! Accounts, balances and statements.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use ids::AccountId;
use ledger_api::{
    Account, AccountBatch, AccountBatchOutcome, AccountPage, AccountsQuery, Balance, NewAccount, Refused,
    Statement, StatementQuery,
};
use ledger_core::{CreateAccountStatus, Operation, Outcome};
use problem::Problem;
use shard::Request as ShardRequest;

use super::search::accounts_filter;
use super::{Api, PathId, Query, Written, json, page_limit, written};
use crate::convert;
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
    let record = convert::account_record(&account);
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
    Ok(written(replayed, StatusCode::CREATED, Json(convert::account(&opened))))
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
    let Written { outcome, replayed } = api.create_accounts(&batch.accounts).await?;
    Ok(written(replayed, StatusCode::OK, Json(outcome)))
}

impl Api {
    /// Opens accounts, at most [`ledger_api::BATCH_ITEMS_MAX`], in order and durable together. The shard has the request
    /// once the future was polled, so requests are done in the order in which their futures were polled first.
    ///
    /// Errors: [`ApiError::Ledger`] and [`ApiError::Shard`]; nothing was done, unless the outcome is unknown.
    pub async fn create_accounts(
        &self,
        accounts: &[NewAccount],
    ) -> Result<Written<AccountBatchOutcome>, ApiError> {
        let mut body = Vec::with_capacity(accounts.len() * ledger_core::EVENT_BYTES);
        for account in accounts {
            body.extend_from_slice(convert::account_record(account).as_bytes());
        }
        let request = ShardRequest::by_content(Operation::CreateAccounts as u16, body);
        let reply = self.handle.submit(request).await?;
        if reply.bytes.is_empty() {
            return Err(ledger_core::RequestError::Full.into());
        }
        let mut outcome = AccountBatchOutcome::default();
        for (index, (account, result)) in (0..).zip(accounts.iter().zip(outcomes(&reply.bytes))) {
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
    /// Errors: [`ApiError::Shard`].
    pub async fn lookup_accounts(&self, ids: Vec<AccountId>) -> Result<Vec<Account>, ApiError> {
        let look = move |replica: &mut shard::Replica<_>| {
            let ledger = ledger(replica);
            ids.iter().filter_map(|id| ledger.account(id.get())).collect::<Vec<_>>()
        };
        Ok(self.handle.read(look).await?.iter().map(convert::account).collect())
    }

    /// A page of accounts.
    ///
    /// Errors: [`ApiError::Query`], [`ApiError::Shard`].
    pub async fn accounts(&self, query: &AccountsQuery) -> Result<AccountPage, ApiError> {
        let limit = page_limit(query.limit, ACCOUNTS_PER_PAGE)?;
        let filter = accounts_filter(query, limit);
        let after = query.after.map(AccountId::get);
        let look = move |replica: &mut shard::Replica<_>| {
            filter.map(|filter| ledger(replica).search_accounts(&filter, after))
        };
        let Some(found) = self.handle.read(look).await? else {
            return Ok(AccountPage { accounts: Vec::new(), next: None });
        };
        let accounts = found.records.iter().map(convert::account).collect();
        Ok(AccountPage { accounts, next: found.next.and_then(|id| AccountId::new(id).ok()) })
    }
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

async fn find(api: &Api, id: AccountId) -> Result<(ledger_core::Account, u64), ApiError> {
    let found = api.handle.read(move |replica| (ledger(replica).account(id.get()), replica.seq().0)).await?;
    let (account, seq) = found;
    Ok((account.ok_or(ApiError::NoAccount(id))?, seq))
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
    let (account, _) = find(&api, id).await?;
    Ok(Json(convert::account(&account)))
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
    let (account, seq) = find(&api, id).await?;
    Ok(Json(convert::balance(&account, seq)))
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
    let page = api
        .handle
        .read(move |replica| ledger(replica).account_transfers(id.get(), cursor, limit))
        .await?
        .map_err(|error| match error {
            ledger_core::StatementError::AccountNotFound { .. } => ApiError::NoAccount(id),
            bad_cursor @ ledger_core::StatementError::BadCursor => bad_cursor.into(),
        })?;
    Ok(Json(convert::statement(&page)))
}

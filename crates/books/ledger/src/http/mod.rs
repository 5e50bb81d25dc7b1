//! The bank API on one site.

mod accounts;
mod bookings;
mod changes;
mod days;
mod declarations;
mod holds;
mod interest;
mod journal;
mod payments;
mod purposes;
mod search;
mod site;
mod tree;
mod trial_balance;
mod units;

use std::str::FromStr;
use std::sync::Arc;

use ::journal::Store;
use axum::Router;
use axum::extract::{FromRequestParts, Request};
use axum::http::{StatusCode, header, request::Parts};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use ids::IdError;
use ledger_api::{IDEMPOTENT_REPLAYED, PAGE_LIMIT_MAX};
use serde_json::from_slice;
use shard::{Handle, Request as ShardRequest};
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::OpenApi;

use crate::error::ApiError;
use crate::feed::Feed;
use crate::journal_desk::JournalDesk;
use crate::machine::LedgerMachine;
use crate::storage::Storage;
use units::UnitDesk;

/// The largest body: a batch of 8,190 payments with room to spare.
const BODY_BYTES_MAX: usize = 4 << 20;

/// What a site says about itself.
#[derive(Clone, Debug)]
pub struct SiteInfo {
    /// The site's name.
    pub site: String,
    /// The shard's name.
    pub shard: String,
    /// Where its ledger keeps transfers: what the site was started with.
    pub storage: Storage,
}

/// The bank API on one site, for every protocol it is served in: each of its doors asks here, so that they give the same
/// answers. Cheap to clone; clones share their limits.
#[derive(Clone)]
pub struct Api {
    handle: Handle<LedgerMachine>,
    info: Arc<SiteInfo>,
    journal: Arc<JournalDesk>,
    feed: Arc<Feed>,
    units: Arc<UnitDesk>,
    /// One long reading at a time: the others wait, so that payments do not.
    long_readings: Arc<Semaphore>,
}

/// A batch that is ready for the shard.
pub struct Prepared<T> {
    request: ShardRequest,
    items: Vec<T>,
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T> {
    /// The outcome.
    pub outcome: T,
    /// Whether it repeats that of an earlier request.
    pub replayed: bool,
}

impl Api {
    /// The bank API on the site of `feed`, which others read as well.
    pub fn new(feed: Arc<Feed>, info: SiteInfo) -> Self {
        let (handle, journal) = (feed.handle().clone(), Arc::clone(feed.desk()));
        let long_readings = Arc::new(Semaphore::new(1));
        Self { handle, info: Arc::new(info), journal, feed, units: Arc::default(), long_readings }
    }

    /// Version 1 of the API over HTTP.
    pub fn router(self) -> Router {
        routes(self)
    }

    /// What the site is doing.
    pub fn status(&self) -> shard::Status {
        self.handle.status()
    }

    /// Waits for the turn of a long reading, which ends when the value is dropped. Nobody closes the semaphore, and
    /// without it the reading would still be right.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.long_readings.acquire().await.ok()
    }
}

/// The bank API, version 1, over HTTP, on the site that `handle` belongs to. `journal` is that of its shard.
pub fn router(handle: Handle<LedgerMachine>, info: SiteInfo, journal: Arc<dyn Store>) -> Router {
    Api::new(Feed::new(handle, journal, &info.site), info).router()
}

fn routes(api: Api) -> Router {
    Router::new()
        .route("/v1/accounts", post(accounts::create).get(accounts::list))
        .route("/v1/accounts/batch", post(accounts::create_batch))
        .route("/v1/accounts/placements", post(tree::place))
        .route("/v1/accounts/tree", get(tree::tree))
        .route("/v1/accounts/{id}", get(accounts::one))
        .route("/v1/accounts/{id}/below", get(tree::below))
        .route("/v1/accounts/{id}/purposes", get(purposes::show).put(purposes::set))
        .route("/v1/accounts/{id}/balance", get(accounts::balance))
        .route("/v1/accounts/{id}/statement", get(accounts::statement))
        .route("/v1/accounts/{id}/transfers", get(search::account_transfers))
        .route("/v1/accounts/{id}/balances", get(search::balances))
        .route("/v1/transfers", get(search::transfers))
        .route("/v1/pending", get(search::pending))
        .route("/v1/trial-balance", get(trial_balance::trial_balance))
        .route("/v1/units", post(units::declare).get(units::list))
        .route("/v1/days", get(days::list))
        .route("/v1/days/cut", post(days::cut))
        .route("/v1/days/{date}/trial-balance", get(days::trial_balance))
        .route("/v1/accounts/{id}/interest", get(interest::show).put(interest::assign))
        .route("/v1/interest/rates", post(interest::declare_rate))
        .route("/v1/interest/products", get(interest::products))
        .route("/v1/interest/accounts", get(interest::accounts))
        .route("/v1/interest/accrue", post(interest::accrue))
        .route("/v1/interest/capitalise", post(interest::capitalise))
        .route("/v1/journal", get(journal::list))
        .route("/v1/journal/verify", post(journal::verify).get(journal::verification))
        .route("/v1/changes", get(changes::changes))
        .route("/v1/payments", post(payments::create).get(payments::list))
        .route("/v1/payments/batch", post(payments::create_batch))
        .route("/v1/payments/{id}", get(payments::one))
        .route("/v1/payments/{id}/reversal", post(bookings::reverse))
        .route("/v1/holds/{id}/spend", post(holds::spend))
        .route("/v1/totals", get(site::totals))
        .route("/v1/state-hash", get(site::state_hash))
        .route("/v1/health", get(site::health))
        .route("/v1/progress", get(site::progress))
        .route("/metrics", get(site::metrics))
        .fallback(|| async { ApiError::NoSuchPath })
        .method_not_allowed_fallback(|| async { ApiError::NoSuchMethod })
        .with_state(api)
}

/// Accounts as the API of a bank with this ledger shows them.
///
/// Errors: [`ApiError::SumTooLarge`].
pub fn accounts_shown(
    ledger: &ledger_core::Ledger,
    records: &[ledger_core::Account],
) -> Result<Vec<ledger_api::Account>, ApiError> {
    tree::shown(&tree::seen(ledger, records), &crate::convert::units_of(ledger))
}

/// The bank API as an OpenAPI 3.1 document.
#[derive(OpenApi)]
#[openapi(
    info(title = "Tongbao", version = "1", description = "Accounts, payments, balances and statements of a bank; and the platform it runs on."),
    paths(
        accounts::create, accounts::create_batch, accounts::list, accounts::one, accounts::balance, accounts::statement,
        tree::place, tree::tree, tree::below, purposes::show, purposes::set, units::declare, units::list,
        search::account_transfers, search::balances, search::transfers, search::pending, trial_balance::trial_balance,
        days::list, days::cut, days::trial_balance,
        interest::declare_rate, interest::products, interest::accounts, interest::show, interest::assign,
        interest::accrue, interest::capitalise,
        journal::list, journal::verify, journal::verification, changes::changes,
        payments::create, payments::create_batch, payments::list, payments::one, bookings::reverse, holds::spend,
        site::totals, site::state_hash, site::health, site::progress,
    ),
    components(schemas(problem::Problem, ledger_api::FeedPlace)),
    tags((name = "bank", description = "Served by the leading site, through the gateway."))
)]
struct BankApi;

/// The OpenAPI description of what [`router`] serves.
pub fn openapi() -> utoipa::openapi::OpenApi {
    BankApi::openapi()
}

/// A JSON body of type `T`, within the limits.
async fn json<T: serde::de::DeserializeOwned>(request: Request) -> Result<T, ApiError> {
    let declared = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.and_then(|value| value.split(';').next()).unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case("application/json") {
        return Err(ApiError::MediaType);
    }
    let body: Bytes = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX)
        .await
        .map_err(|_| ApiError::BodyTooLarge { max: BODY_BYTES_MAX })?;
    from_slice(&body).map_err(ApiError::Json)
}

/// The query string as `T`; everything else is an [`ApiError::Query`].
struct Query<T>(T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|query| Self(query.0)).map_err(|error| ApiError::Query(error.body_text()))
    }
}

/// The id in the path; everything else is an [`ApiError::PathId`].
struct PathId<T>(T);

impl<T: FromStr<Err = IdError>, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // Bytes that are not even text are no id either.
        let text = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(text.map_err(|_| IdError::Malformed)?.parse()?))
    }
}

/// The entries of a page: what was asked for, within 1 to [`PAGE_LIMIT_MAX`].
fn page_limit(asked: Option<u16>, default: u16) -> Result<usize, ApiError> {
    match asked.unwrap_or(default) {
        limit @ 1..=PAGE_LIMIT_MAX => Ok(usize::from(limit)),
        limit => Err(ApiError::Query(format!("limit is {limit}, but must be 1 to {PAGE_LIMIT_MAX}"))),
    }
}

/// An answer to a write. Repeating the same write repeats the answer; a header tells which one it is.
fn written(replayed: bool, status: StatusCode, body: impl IntoResponse) -> Response {
    let mut response = (status, body).into_response();
    if replayed {
        response.headers_mut().insert(IDEMPOTENT_REPLAYED, axum::http::HeaderValue::from_static("true"));
    }
    response
}

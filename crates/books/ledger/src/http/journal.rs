//! The journal behind the books: its records, and a check of all of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ids::{Seq, Timestamp};
use ledger_api::{JOURNAL_LIMIT_MAX, JournalPage, JournalQuery, JournalVerification};
use problem::Problem;
use shard::RequestError;

use super::{Api, Query};
use crate::error::ApiError;

const RECORDS_PER_PAGE: u16 = 50;

/// What the leader knows to be durable, and since when it leads.
struct Durable {
    seq: Seq,
    timestamp: Timestamp,
    epoch: u64,
}

/// The newest batch that anybody can have heard of. Only the leader answers.
async fn durable(api: &Api) -> Result<Durable, ApiError> {
    let (seq, timestamp) = api.handle.read(|replica| (replica.seq(), replica.timestamp())).await?;
    Ok(Durable { seq, timestamp, epoch: api.handle.status().epoch.0 })
}

/// Lists records of the journal with their hashes, the oldest first.
#[utoipa::path(
    get, path = "/v1/journal", operation_id = "listJournal", tag = "bank", params(JournalQuery),
    responses(
        (status = 200, description = "A page of records", body = JournalPage),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    Query(query): Query<JournalQuery>,
) -> Result<Json<JournalPage>, ApiError> {
    let limit = match query.limit.unwrap_or(RECORDS_PER_PAGE) {
        limit @ 1..=JOURNAL_LIMIT_MAX => u64::from(limit),
        limit => {
            return Err(ApiError::Query(format!("limit is {limit}, but must be 1 to {JOURNAL_LIMIT_MAX}")));
        }
    };
    let durable = durable(&api).await?;
    let last = durable.seq;
    let first = match query.from {
        Some(0) => return Err(ApiError::Query("from is 0, but the first record is 1".to_owned())),
        Some(from) => from,
        None => last.0.saturating_sub(limit - 1).max(1),
    };
    let _turn = api.turn().await;
    let desk = Arc::clone(&api.journal);
    let read = move || desk.page(Seq(first), usize::try_from(limit).unwrap_or_default(), last);
    let mut records = tokio::task::spawn_blocking(read).await.map_err(|_| RequestError::NotLeader)??;
    for record in &mut records {
        if record.epoch == durable.epoch {
            record.leader = Some(api.info.site.clone());
        }
    }
    let next = records.last().map(|record| record.seq + 1).filter(|next| *next <= last.0);
    Ok(Json(JournalPage { records, last_seq: last.0, next }))
}

/// Begins to check every record of the journal, on the leading site, beside its work. Only one check goes on at a time: a
/// second request gets the one that does.
#[utoipa::path(
    post, path = "/v1/journal/verify", operation_id = "verifyJournal", tag = "bank",
    responses(
        (status = 202, description = "The check that goes on", body = JournalVerification),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn verify(
    State(api): State<Api>,
) -> Result<(StatusCode, Json<JournalVerification>), ApiError> {
    let durable = durable(&api).await?;
    let started = api.journal.start_verification(durable.seq, durable.timestamp);
    let started = started.map_err(|_| RequestError::Busy)?;
    Ok((StatusCode::ACCEPTED, Json(started)))
}

/// Shows how the last check of the journal stands that the leading site began.
#[utoipa::path(
    get, path = "/v1/journal/verify", operation_id = "getJournalVerification", tag = "bank",
    responses(
        (status = 200, description = "Its progress or its verdict", body = JournalVerification),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn verification(State(api): State<Api>) -> Result<Json<JournalVerification>, ApiError> {
    durable(&api).await?;
    Ok(Json(api.journal.verification()))
}

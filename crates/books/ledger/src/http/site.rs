//! How the site and its ledger are doing.

use std::fmt::Write as _;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use ids::Seq;
use ledger_api::{
    Health, OutletState, Progress, ProgressQuery, ProgressStep, StateHash, StorageLevels, Totals,
};
use problem::Problem;
use shard::{Handle, Status, Step};

use super::accounts::ledger;
use super::{Api, Query};
use crate::error::ApiError;
use crate::feed::FeedCounts;
use crate::machine::LedgerMachine;
use crate::storage::{Levels, Storage};

fn role(status: &Status) -> ledger_api::Role {
    match status.role {
        shard::Role::Starting => ledger_api::Role::Starting,
        shard::Role::Follower => ledger_api::Role::Follower,
        shard::Role::Leader => ledger_api::Role::Leader,
        shard::Role::Diverged => ledger_api::Role::Diverged,
        shard::Role::Failed => ledger_api::Role::Failed,
    }
}

fn levels(storage: &Storage) -> StorageLevels {
    let Levels { hot, cold, segments, bytes, .. } = storage.levels();
    StorageLevels {
        hot_transfers: hot,
        cold_transfers: cold,
        cold_segments: segments,
        cold_bytes: bytes,
        cold_failure: storage.failure(),
    }
}

/// Shows how the site that answers is doing. Through the gateway that is the leader.
#[utoipa::path(
    get, path = "/v1/health", operation_id = "getHealth", tag = "bank",
    responses((status = 200, description = "The site's state", body = Health))
)]
pub(super) async fn health(State(api): State<Api>) -> Json<Health> {
    let status = api.handle.status();
    Json(Health {
        site: api.info.site.clone(),
        shard: api.info.shard.clone(),
        role: role(&status),
        epoch: status.epoch.0,
        leader: status.leader.as_deref().map(str::to_owned),
        seq: status.seq.0,
        timestamp: status.timestamp,
        silent_ms: u64::try_from(status.silent_for.as_millis()).unwrap_or(u64::MAX),
        stopped_by: status.stopped_by.map(str::to_owned),
        storage: levels(&api.info.storage),
        outlet: api.feed.outlet_health(),
    })
}

/// Tells when the site that answers got how far, batch by batch: durable where it leads, applied where it follows.
#[utoipa::path(
    get, path = "/v1/progress", operation_id = "getProgress", tag = "bank", params(ProgressQuery),
    responses(
        (status = 200, description = "The newest steps", body = Progress),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn progress(
    State(api): State<Api>,
    Query(query): Query<ProgressQuery>,
) -> Result<Json<Progress>, ApiError> {
    let steps = api.handle.steps(Seq(query.after));
    Ok(Json(Progress {
        site: api.info.site.clone(),
        shard: api.info.shard.clone(),
        role: role(&api.handle.status()),
        steps: steps.into_iter().map(|Step { seq, at }| ProgressStep { seq: seq.0, at }).collect(),
    }))
}

/// Counts what the ledger holds.
#[utoipa::path(
    get, path = "/v1/totals", operation_id = "getTotals", tag = "bank",
    responses(
        (status = 200, description = "The numbers", body = Totals),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn totals(State(api): State<Api>) -> Result<Json<Totals>, ApiError> {
    let (counts, seq) = api.handle.read(|replica| (ledger(replica).counts(), replica.seq().0)).await?;
    Ok(Json(Totals {
        seq,
        accounts: counts.accounts.into(),
        transfers: counts.transfers.into(),
        pending: counts.pending.into(),
    }))
}

/// Takes the digest of everything the ledger holds, to be compared with a replay of the journal.
#[utoipa::path(
    get, path = "/v1/state-hash", operation_id = "getStateHash", tag = "bank",
    responses(
        (status = 200, description = "The digest and where it was taken", body = StateHash),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn state_hash(State(api): State<Api>) -> Result<Json<StateHash>, ApiError> {
    let taken =
        api.handle.read(|replica| StateHash { seq: replica.seq().0, state_hash: replica.state_hash() });
    Ok(Json(taken.await?))
}

/// How long the last batch took from its stamp until this site had got so far; 0 before the first.
fn delay_micros(handle: &Handle<LedgerMachine>, status: &Status) -> u64 {
    let last = handle.steps(Seq(status.seq.0.saturating_sub(1))).pop();
    last.map_or(0, |step| step.at.0.saturating_sub(status.timestamp.0) / 1_000)
}

/// The site's numbers in the Prometheus text format, version 0.0.4.
pub(super) async fn metrics(State(api): State<Api>) -> impl IntoResponse {
    let status = api.handle.status();
    let leads = u8::from(status.role == shard::Role::Leader);
    let mut text = String::new();
    let storage = levels(&api.info.storage);
    let gauges = [
        ("shard_leader", "Whether this site leads the shard.", u64::from(leads)),
        ("shard_epoch", "The highest epoch seen in the journal.", status.epoch.0),
        ("shard_seq", "The last durable batch applied.", status.seq.0),
        (
            "shard_silent_milliseconds",
            "Time since the shard's thread showed itself.",
            u64::try_from(status.silent_for.as_millis()).unwrap_or(u64::MAX),
        ),
        (
            "shard_delay_microseconds",
            "From the stamp of the last batch until it was durable (leader) or applied (follower).",
            delay_micros(&api.handle, &status),
        ),
        (
            "ledger_business_day",
            "The business day that is open, in days since 1970-01-01; 0 if there is none.",
            api.info.storage.levels().business_day.into(),
        ),
        ("ledger_hot_transfers", "Transfers in memory.", storage.hot_transfers),
        ("ledger_cold_transfers", "Transfers in cold segments.", storage.cold_transfers),
        ("ledger_cold_segments", "Cold segments.", storage.cold_segments),
        ("ledger_cold_bytes", "Bytes of all cold segments.", storage.cold_bytes),
        (
            "ledger_cold_failing",
            "Whether cold segments cannot be written.",
            storage.cold_failure.is_some().into(),
        ),
    ];
    for (name, help, value) in gauges {
        metric(&mut text, &api, name, "gauge", help, value);
    }
    if let Some(leader) = &status.leader {
        let (site, shard) = (&api.info.site, &api.info.shard);
        let _ = write!(
            text,
            "# HELP tongbao_shard_led_by The site that began the epoch, by the journal.\n# TYPE tongbao_shard_led_by gauge\n\
             tongbao_shard_led_by{{site=\"{site}\",shard=\"{shard}\",leader=\"{leader}\"}} 1\n"
        );
    }
    feed_metrics(&mut text, &api);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

fn metric(text: &mut String, api: &Api, name: &str, kind: &str, help: &str, value: u64) {
    let (site, shard) = (&api.info.site, &api.info.shard);
    let _ = write!(
        text,
        "# HELP tongbao_{name} {help}\n# TYPE tongbao_{name} {kind}\ntongbao_{name}{{site=\"{site}\",shard=\"{shard}\"}} {value}\n"
    );
}

fn feed_metrics(text: &mut String, api: &Api) {
    let FeedCounts { readers, events, slow } = api.feed.counts();
    metric(text, api, "feed_readers", "gauge", "Streams of the change feed that are open.", readers);
    metric(text, api, "feed_events_total", "counter", "Events sent over such streams.", events);
    metric(text, api, "feed_slow_total", "counter", "Such streams ended for slow readers.", slow);
    let Some(outlet) = api.feed.outlet() else { return };
    let health = outlet.health(api.handle.status().seq.0);
    let [events, failures] = outlet.counts();
    let failing = u64::from(health.state == OutletState::Failing);
    let published = health.published_seq;
    metric(text, api, "outlet_published_seq", "gauge", "The last batch published.", published);
    metric(text, api, "outlet_lag_batches", "gauge", "Durable batches after that one.", health.lag_batches);
    metric(text, api, "outlet_failing", "gauge", "Whether publishing fails now.", failing);
    metric(text, api, "outlet_events_total", "counter", "Events published.", events);
    metric(text, api, "outlet_failures_total", "counter", "Failures of publishing.", failures);
}

//! The platform and its sites.

use std::net::SocketAddr;

use ids::Timestamp;
use ledger_api::{OutletHealth, Role, TimestampText};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::SiteName;

/// One site: a data centre, and on one machine a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Site {
    /// The site's name.
    pub name: SiteName,
    /// The city it stands in.
    pub city: String,
    /// Its number within the city, from 1.
    pub centre: u8,
    /// Where it listens; nothing while it is down.
    #[schema(value_type = Option<String>, example = "127.11.0.1:41234")]
    pub address: Option<SocketAddr>,
    /// Its process; nothing while it is down.
    pub pid: Option<u32>,
    /// Whether it runs.
    pub state: SiteState,
    /// What it is in the shard; nothing while it does not answer.
    pub role: Option<Role>,
    /// The reign it knows of.
    pub epoch: u64,
    /// The site that began that reign, by the journal; nothing while it does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader: Option<String>,
    /// The last journal batch it has applied.
    pub seq: u64,
    /// How many batches it is behind the leader.
    pub lag: u64,
    /// How often it was started again.
    pub restarts: u32,
    /// Since when it has been in this state.
    #[schema(value_type = TimestampText)]
    pub since: Timestamp,
}

/// Whether a site runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SiteState {
    /// It answers.
    Up,
    /// It was started and does not answer yet.
    Starting,
    /// It does not run.
    Down,
}

/// The whole platform at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Platform {
    /// The version of the program.
    pub version: String,
    /// When the platform was started.
    #[schema(value_type = TimestampText)]
    pub started_at: Timestamp,
    /// The shard that the sites keep.
    pub shard: String,
    /// The site that leads it; nothing between two leaders.
    pub leader: Option<SiteName>,
    /// The leader's reign.
    pub epoch: u64,
    /// The last durable journal batch.
    pub seq: u64,
    /// Where the gateway listens.
    #[schema(value_type = String, example = "127.0.0.1:8080")]
    pub gateway: SocketAddr,
    /// How the leader publishes its change feed, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlet: Option<OutletHealth>,
    /// Every site, in the order of the institution's plan.
    pub sites: Vec<Site>,
}

/// What the platform does right now: the event `live` of `GET /v1/platform/live`, every 500 ms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Live {
    /// When this was so.
    #[schema(value_type = TimestampText)]
    pub at: Timestamp,
    /// Requests answered per second, over the last event's span.
    pub requests_per_s: f64,
    /// Transfers made per second.
    pub transfers_per_s: f64,
    /// Half of the requests took at most this long, in milliseconds; nothing if there were none.
    pub p50_ms: Option<f64>,
    /// 99 of 100 requests took at most this long, in milliseconds; nothing if there were none.
    pub p99_ms: Option<f64>,
    /// Requests held by the gateway because no leader serves.
    pub held: u64,
    /// Requests answered with a status of 500 and above, per second.
    pub errors_per_s: f64,
    /// Accounts in the ledger.
    pub accounts: u64,
    /// Transfers in the ledger.
    pub transfers: u64,
    /// The platform, as `GET /v1/platform` gives it.
    pub platform: Platform,
}

//! How a site of the bank is doing.

use ids::Timestamp;
use serde::{Deserialize, Serialize};
use stdx::Digest;
use utoipa::{IntoParams, ToSchema};

use crate::TimestampText;

/// The answer to `GET /v1/health`: the state of the site that answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// The site's name.
    pub site: String,
    /// The shard it speaks of.
    pub shard: String,
    /// What the site is in that shard.
    pub role: Role,
    /// The leader's reign, counted up with every take-over.
    pub epoch: u64,
    /// The site that began this reign, by the journal; nothing while this site has not read so far. It may have ended since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader: Option<String>,
    /// The last journal batch this site has applied.
    pub seq: u64,
    /// The stamp of that batch.
    #[schema(value_type = TimestampText)]
    pub timestamp: Timestamp,
    /// How long the shard's thread has not shown itself, in milliseconds: a leader that is silent for seconds hangs.
    pub silent_ms: u64,
    /// The code of the error that stopped the shard on this site, if it has stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<String>,
    /// Where the site keeps its transfers.
    pub storage: StorageLevels,
    /// What the site publishes its change feed to, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlet: Option<OutletHealth>,
}

/// What `GET /v1/progress` takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ProgressQuery {
    /// Tell only of batches after this one.
    #[serde(default)]
    pub after: u64,
}

/// The answer to `GET /v1/progress`: when the site that answers got how far. Compared with the leader's, a follower's tells how
/// far it was behind at any time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// The site's name.
    pub site: String,
    /// The shard it speaks of.
    pub shard: String,
    /// What the site is in that shard now.
    pub role: Role,
    /// The newest 4,096 steps at most, oldest first.
    pub steps: Vec<ProgressStep>,
}

/// A journal batch, and when a site had got so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProgressStep {
    /// The batch. Where the site leads, it and all before it are durable; where it follows, they are applied.
    pub seq: u64,
    /// When, by the site's own clock.
    #[schema(value_type = TimestampText)]
    pub at: Timestamp,
}

/// How publishing the change feed goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutletHealth {
    /// Where to: `kafka://host:9092/topic`.
    pub target: String,
    /// What this site does about it.
    pub state: OutletState,
    /// The last batch of which everything is known to be published. 0 while nothing is known.
    pub published_seq: u64,
    /// Durable batches of the journal after that one.
    pub lag_batches: u64,
    /// Why publishing does not go on, if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<OutletFailure>,
}

/// What a site does about publishing its change feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutletState {
    /// It does not lead, and leaves it to the leader.
    #[default]
    Waiting,
    /// It finds out how far the leader before has come.
    Resuming,
    /// It publishes.
    Publishing,
    /// It cannot publish now, and tries again.
    Failing,
}

/// Why publishing does not go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutletFailure {
    /// The error's code.
    pub code: String,
    /// What is wrong.
    pub detail: String,
}

/// How many transfers a site keeps where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StorageLevels {
    /// Transfers in memory.
    pub hot_transfers: u64,
    /// Older transfers, in cold segments on the site's disk.
    pub cold_transfers: u64,
    /// Cold segments.
    pub cold_segments: u64,
    /// Bytes of all cold segments together.
    pub cold_bytes: u64,
    /// Why no cold segment can be written now, so that all newer transfers stay in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cold_failure: Option<String>,
}

/// The answer to `GET /v1/totals`: how much the ledger holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Totals {
    /// The last journal batch that these numbers contain.
    pub seq: u64,
    /// Accounts.
    pub accounts: u64,
    /// Transfers that were made.
    pub transfers: u64,
    /// Transfers that are pending now.
    pub pending: u64,
}

/// The answer to `GET /v1/state-hash`: the digest of everything the ledger holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateHash {
    /// The last journal batch that the state contains. A replay of the journal up to here has the same digest.
    pub seq: u64,
    /// SHA-256.
    #[schema(value_type = String, example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub state_hash: Digest,
}

/// What a site is in a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It orders and answers.
    Leader,
    /// It applies what the leader wrote and stands ready.
    Follower,
    /// It reads the journal and knows nothing yet.
    Starting,
    /// Its state differs from the leader's: it has stopped.
    Diverged,
    /// The journal failed under it: it has stopped and will start again.
    Failed,
}

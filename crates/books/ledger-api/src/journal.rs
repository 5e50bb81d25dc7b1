//! The journal behind the books.

use ids::Timestamp;
use serde::{Deserialize, Serialize};
use stdx::Digest;
use utoipa::{IntoParams, ToSchema};

use crate::TimestampText;

/// The most records on one page of the journal.
pub const JOURNAL_LIMIT_MAX: u16 = 200;

/// The query of `GET /v1/journal`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JournalQuery {
    /// The first record to show. Default: so that the page ends with the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1)]
    pub from: Option<u64>,
    /// Records on a page, 1 to 200. Default: 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
}

/// A page of the journal, the oldest record first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JournalPage {
    /// The records of this page.
    pub records: Vec<JournalRecord>,
    /// The newest record that is durable.
    pub last_seq: u64,
    /// The `from` of the next page; nothing on the last.
    pub next: Option<u64>,
}

/// A record of the journal without its payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JournalRecord {
    /// Its place in the journal.
    pub seq: u64,
    /// The reign of the leader that wrote it.
    pub epoch: u64,
    /// What it is for.
    pub kind: JournalKind,
    /// The time of its last command.
    #[schema(value_type = TimestampText)]
    pub timestamp: Timestamp,
    /// How many commands it holds.
    pub commands: u32,
    /// The length of its payload.
    pub bytes: u64,
    /// SHA-256 of everything in it and, through `prev_hash`, of everything before it.
    #[schema(value_type = String)]
    pub hash: Digest,
    /// The hash of the record before.
    #[schema(value_type = String)]
    pub prev_hash: Digest,
    /// The state's hash after an earlier batch, if the leader wrote it down here.
    pub state: Option<JournalState>,
    /// The site that wrote it; nothing if this site has not read that far back since it started.
    pub leader: Option<String>,
}

/// A state's hash in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JournalState {
    /// After which batch.
    pub seq: u64,
    /// The digest of everything the ledger held then.
    #[schema(value_type = String)]
    pub hash: Digest,
}

/// What a record is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JournalKind {
    /// A batch of commands.
    Commands,
    /// A new leader's first record.
    Epoch,
}

/// How a check of the whole journal stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JournalVerification {
    /// The site that checks.
    pub site: String,
    /// What has come of it.
    pub state: VerificationState,
    /// Records that were read, and whose checksums, hashes and links are right.
    pub records: u64,
    /// Commands in those records.
    pub commands: u64,
    /// Bytes of payload in those records.
    pub bytes: u64,
    /// Leaders in those records.
    pub epochs: u64,
    /// The first record that was checked; later than 1 if the journal's beginning is archived.
    pub first_seq: u64,
    /// The record at which the check ends: the newest one when it began.
    pub last_seq: u64,
    /// The hash of the last record that was checked, and so of everything.
    #[schema(value_type = String)]
    pub head: Digest,
    /// When it began, by the site's clock of that moment's last batch.
    #[schema(value_type = TimestampText)]
    pub started_at: Timestamp,
    /// What is wrong, if anything is.
    pub fault: Option<VerificationFault>,
}

/// What has come of a check of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerificationState {
    /// None was started on this site.
    None,
    /// It goes on.
    Running,
    /// Every record is right.
    Sound,
    /// A record is wrong, or could not be read.
    Failed,
}

/// What is wrong with a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerificationFault {
    /// The error's code.
    pub code: String,
    /// What is wrong and where.
    pub detail: String,
    /// What to do.
    pub hint: String,
}

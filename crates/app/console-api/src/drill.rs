//! Drills: losing a site on purpose, and the evidence that nothing else was lost.

use std::fmt;
use std::str::FromStr;

use ids::{Id, Timestamp};
use ledger_api::{IdText, TimestampText};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use stdx::Digest;
use utoipa::ToSchema;

use crate::{SiteName, SiteNameError};

/// A drill to be started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrillRequest {
    /// What to practise.
    pub kind: DrillKind,
    /// The site to lose.
    #[schema(value_type = String, example = "leader")]
    pub site: DrillTarget,
}

/// What is practised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DrillKind {
    /// Every process of one site is killed at once.
    KillSite,
}

/// Which site a drill loses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrillTarget {
    /// Whichever leads when the moment comes; written `leader`.
    Leader,
    /// This site.
    Site(SiteName),
}

impl FromStr for DrillTarget {
    type Err = SiteNameError;

    fn from_str(text: &str) -> Result<Self, SiteNameError> {
        if text == "leader" { Ok(Self::Leader) } else { text.parse().map(Self::Site) }
    }
}

impl fmt::Display for DrillTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leader => f.write_str("leader"),
            Self::Site(site) => site.fmt(f),
        }
    }
}

impl Serialize for DrillTarget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DrillTarget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A drill, running or done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Drill {
    /// The drill's id.
    #[schema(value_type = IdText)]
    pub id: Id,
    /// What is practised.
    pub kind: DrillKind,
    /// The site that is lost.
    pub site: SiteName,
    /// Whether it runs, or how it ended.
    pub state: DrillState,
    /// What it is doing.
    pub phase: DrillPhase,
    /// When it began.
    #[schema(value_type = TimestampText)]
    pub started_at: Timestamp,
    /// How far the check of the journal has come, while it runs.
    pub progress: Option<DrillProgress>,
    /// Why it could not be finished.
    pub error: Option<String>,
    /// The evidence, once it is done.
    pub report: Option<DrillReport>,
}

/// How far the check of the journal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DrillProgress {
    /// Batches replayed.
    pub batches_done: u64,
    /// Batches to replay, as far as is known.
    pub batches_total: u64,
}

/// Whether a drill runs, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrillState {
    /// Not done yet.
    Running,
    /// Nothing was lost or duplicated, and service came back.
    Passed,
    /// Something was lost or duplicated, or the drill could not be finished.
    Failed,
}

/// The steps of a drill, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrillPhase {
    /// Payments flow.
    Load,
    /// The site is killed.
    Kill,
    /// The drill waits for the first payment that is acknowledged again.
    Recover,
    /// Journal, balances and state are checked.
    Verify,
    /// The report is written.
    Done,
}

/// Drills, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DrillPage {
    /// The drills.
    pub drills: Vec<Drill>,
}

/// The evidence of one drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DrillReport {
    /// The drill's id.
    #[schema(value_type = IdText)]
    pub id: Id,
    /// What was practised.
    pub kind: DrillKind,
    /// The site that was lost.
    pub site: SiteName,
    /// When the drill began.
    #[schema(value_type = TimestampText)]
    pub started_at: Timestamp,
    /// When the site was killed.
    #[schema(value_type = TimestampText)]
    pub killed_at: Timestamp,
    /// The last acknowledgement before the pause.
    #[schema(value_type = TimestampText)]
    pub last_ack_before: Timestamp,
    /// The first acknowledgement after it.
    #[schema(value_type = TimestampText)]
    pub first_ack_after: Timestamp,
    /// Recovery time: from the kill to the first acknowledgement after it, in milliseconds.
    pub rto_ms: f64,
    /// Payments sent.
    pub offered: u64,
    /// Payments acknowledged.
    pub acknowledged: u64,
    /// Acknowledged payments that are not in the journal.
    pub lost: u64,
    /// Acknowledged payments that are in the journal more than once.
    pub duplicated: u64,
    /// Who led before.
    pub leader_before: SiteName,
    /// Who leads now.
    pub leader_after: SiteName,
    /// The reign before.
    pub epoch_before: u64,
    /// The reign now.
    pub epoch_after: u64,
    /// The last journal batch that was checked.
    pub verified_seq: u64,
    /// The state hash of the running leader at that batch.
    #[schema(value_type = String)]
    pub state_hash_live: Digest,
    /// The state hash of a replay of the journal from empty, at the same batch.
    #[schema(value_type = String)]
    pub state_hash_replay: Digest,
    /// Accounts whose balances were compared between the two.
    pub balances_compared: u64,
    /// Accounts whose balances differ.
    pub balances_different: u64,
    /// What else was measured.
    pub measurements: DrillMeasurements,
    /// What follows from all this.
    pub verdict: Verdict,
}

/// What a drill measured beside what its verdict rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DrillMeasurements {
    /// Whether another site took the lead after the kill.
    pub took_over: bool,
    /// The longest time without any acknowledgement from the kill on, in milliseconds.
    pub longest_pause_ms: f64,
    /// Acknowledged payments: half took at most this long, in milliseconds.
    pub ack_p50_ms: f64,
    /// Acknowledged payments: 99 of 100 took at most this long, in milliseconds.
    pub ack_p99_ms: f64,
    /// Acknowledged payments: none took longer than this, in milliseconds.
    pub ack_max_ms: f64,
    /// Attempts that failed and were made again with the same id.
    pub retried: u64,
    /// Payments the bank refused. A drill sends none that it should refuse.
    pub refused: u64,
    /// Payments whose outcome was still unknown when the drill stopped waiting.
    pub unanswered: u64,
    /// Points of the journal at which the running leader's state hash was compared with the replay's.
    pub hashes_compared: u64,
    /// Payments found in the journal, all of its history.
    pub journal_payments: u64,
    /// How long each step took, in their order.
    pub phases: Vec<PhaseTime>,
    /// Acknowledgements over time, around the kill.
    pub timeline: AckTimeline,
}

/// How long one step of a drill took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PhaseTime {
    /// The step.
    pub phase: DrillPhase,
    /// When it began.
    #[schema(value_type = TimestampText)]
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
}

/// Acknowledgements counted in intervals of equal length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AckTimeline {
    /// Where the first interval begins.
    #[schema(value_type = TimestampText)]
    pub from: Timestamp,
    /// The length of an interval, in milliseconds.
    pub interval_ms: u32,
    /// Acknowledgements in each interval.
    pub acks: Vec<u32>,
}

/// How a drill ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was lost or duplicated, the states are equal, and service came back.
    Passed,
    /// Anything else.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_names_its_site_or_the_leader() {
        let read = |json: &str| serde_json::from_str::<DrillRequest>(json);
        assert_eq!(read(r#"{"kind":"kill-site","site":"leader"}"#).unwrap().site, DrillTarget::Leader);
        let site = DrillTarget::Site("east-1".parse().unwrap());
        assert_eq!(read(r#"{"kind":"kill-site","site":"east-1"}"#).unwrap().site, site);
        for bad in [
            r#"{"kind":"burn-site","site":"leader"}"#,
            r#"{"kind":"kill-site","site":"/etc"}"#,
            r#"{"kind":"kill-site"}"#,
            r#"{"kind":"kill-site","site":"leader","force":true}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}

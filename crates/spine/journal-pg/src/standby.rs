//! What the server says of its standbys, and what the policy makes of it.

use serde::{Deserialize, Serialize};

use crate::error::PgError;
use crate::session::Session;
use crate::settings::Policy;

/// What is known of the journal's durability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "reason")]
pub enum Condition {
    /// Nobody has looked yet, or the primary does not answer.
    #[default]
    Unknown,
    /// Every acknowledgement has been flushed by a synchronous standby.
    Synchronous,
    /// The primary alone decides: what it acknowledges now may be lost with it. Only under [`Policy::AllowDegraded`].
    Degraded(String),
    /// Nothing is acknowledged before a synchronous standby is back.
    Blocked(String),
}

/// One standby as the primary sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standby {
    /// Its `application_name`.
    pub name: String,
    /// What it does: `streaming` when all is well.
    pub state: String,
    /// `sync`, `quorum`, `potential` or `async`.
    pub sync: String,
    /// How many bytes of the primary's log it has not flushed yet; nothing if the server does not say.
    pub lag_bytes: Option<i64>,
}

/// The primary's replication at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replication {
    /// `synchronous_standby_names`.
    pub synchronous_standby_names: String,
    /// The server waits for nobody when its standbys are gone (openGauss's `most_available_sync`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub goes_on_alone: bool,
    /// All standbys that are connected.
    pub standbys: Vec<Standby>,
}

impl Replication {
    /// Asks the server.
    pub(crate) async fn ask(session: &Session) -> Result<Self, PgError> {
        let failed = || PgError::of("list the standbys");
        let row = session.client.query_one(session.dialect.synchronous(), &[]).await.map_err(failed())?;
        let rows = session.client.query(session.dialect.standbys(), &[]).await.map_err(failed())?;
        let text = |row: &tokio_postgres::Row, column: usize| {
            row.get::<_, Option<String>>(column).unwrap_or_default()
        };
        let standbys = rows
            .iter()
            .map(|row| Standby {
                name: text(row, 0),
                state: text(row, 1),
                sync: text(row, 2),
                lag_bytes: row.get(3),
            })
            .collect();
        Ok(Self { synchronous_standby_names: text(&row, 0), goes_on_alone: row.get(1), standbys })
    }

    /// Why what the server acknowledges may be on the primary alone; nothing if it waits for a standby, come what may.
    pub(crate) fn weakness(&self) -> Option<&'static str> {
        if self.synchronous_standby_names.trim().is_empty() {
            return Some("`synchronous_standby_names` is empty");
        }
        self.goes_on_alone
            .then_some("`most_available_sync` is on: the server goes on alone when its standbys are gone")
    }

    /// What this means under `policy`.
    pub fn condition(&self, policy: Policy) -> Condition {
        let is_sync =
            |standby: &Standby| standby.state == "streaming" && ["sync", "quorum"].contains(&&*standby.sync);
        let has_sync = self.standbys.iter().any(is_sync);
        match (self.weakness(), has_sync, policy) {
            (None, true, _) => Condition::Synchronous,
            // The server itself waits, whatever the policy here says.
            (None, false, _) => Condition::Blocked(
                "`synchronous_standby_names` is set, but no such standby is streaming".to_owned(),
            ),
            (Some(weakness), _, Policy::RequireStandby) => Condition::Blocked(weakness.to_owned()),
            (Some(weakness), _, Policy::AllowDegraded) => Condition::Degraded(weakness.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replication(names: &str, standbys: &[(&str, &str)]) -> Replication {
        let standby = |(state, sync): &(&str, &str)| Standby {
            name: "s".to_owned(),
            state: (*state).to_owned(),
            sync: (*sync).to_owned(),
            lag_bytes: None,
        };
        Replication {
            synchronous_standby_names: names.to_owned(),
            goes_on_alone: false,
            standbys: standbys.iter().map(standby).collect(),
        }
    }

    #[test]
    fn only_a_streaming_synchronous_standby_counts() {
        let strict = |names, standbys: &[_]| replication(names, standbys).condition(Policy::RequireStandby);
        assert_eq!(strict("ANY 1 (s)", &[("streaming", "quorum")]), Condition::Synchronous);
        assert_eq!(strict("s", &[("catchup", "sync"), ("streaming", "sync")]), Condition::Synchronous);
        for standbys in [
            &[][..],
            &[("catchup", "sync")],
            &[("streaming", "async")],
            &[("streaming", "potential")],
            &[("", "")],
        ] {
            assert!(matches!(strict("s", standbys), Condition::Blocked(_)), "{standbys:?}");
        }
        assert!(matches!(strict("", &[("streaming", "async")]), Condition::Blocked(_)));
    }

    #[test]
    fn less_is_allowed_only_when_the_server_does_not_wait_either() {
        let lax = |names, standbys: &[_]| replication(names, standbys).condition(Policy::AllowDegraded);
        assert!(matches!(lax("", &[]), Condition::Degraded(_)));
        assert!(matches!(lax("s", &[]), Condition::Blocked(_)));
        assert_eq!(lax("s", &[("streaming", "sync")]), Condition::Synchronous);
    }

    #[test]
    fn a_server_that_may_stop_waiting_is_as_good_as_one_that_waits_for_nobody() {
        let alone = Replication { goes_on_alone: true, ..replication("s", &[("streaming", "sync")]) };
        assert!(
            matches!(alone.condition(Policy::RequireStandby), Condition::Blocked(why) if why.contains("most"))
        );
        assert!(
            matches!(alone.condition(Policy::AllowDegraded), Condition::Degraded(why) if why.contains("most"))
        );
    }
}

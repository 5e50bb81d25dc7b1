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
    /// All standbys that are connected.
    pub standbys: Vec<Standby>,
}

impl Replication {
    /// Asks the server.
    pub(crate) async fn ask(session: &Session) -> Result<Self, PgError> {
        let failed = || PgError::of("list the standbys");
        let names = "SELECT current_setting('synchronous_standby_names')";
        let names: String = session.client.query_one(names, &[]).await.map_err(failed())?.get(0);
        // Without the right to see it (`pg_monitor`), the state is null; then no standby is known.
        let rows = "SELECT coalesce(application_name, ''), lower(coalesce(state, '')), lower(coalesce(sync_state, '')), \
                    pg_wal_lsn_diff(pg_current_wal_flush_lsn(), flush_lsn)::bigint FROM pg_stat_replication ORDER BY 1";
        let rows = match session.client.query(rows, &[]).await {
            // openGauss names its columns and functions otherwise.
            Err(error) if error.code().is_some_and(|code| code.code().starts_with("42")) => {
                let rows = "SELECT coalesce(application_name, ''), lower(coalesce(state, '')), \
                            lower(coalesce(sync_state, '')), NULL::bigint FROM pg_stat_replication ORDER BY 1";
                session.client.query(rows, &[]).await
            }
            other => other,
        }
        .map_err(failed())?;
        let standbys = rows
            .iter()
            .map(|row| Standby {
                name: row.get(0),
                state: row.get(1),
                sync: row.get(2),
                lag_bytes: row.get(3),
            })
            .collect();
        Ok(Self { synchronous_standby_names: names, standbys })
    }

    /// What this means under `policy`.
    pub fn condition(&self, policy: Policy) -> Condition {
        let is_set = !self.synchronous_standby_names.trim().is_empty();
        let is_sync =
            |standby: &Standby| standby.state == "streaming" && ["sync", "quorum"].contains(&&*standby.sync);
        let has_sync = self.standbys.iter().any(is_sync);
        match (is_set, has_sync, policy) {
            (true, true, _) => Condition::Synchronous,
            // The server itself waits, whatever the policy here says.
            (true, false, _) => Condition::Blocked(
                "`synchronous_standby_names` is set, but no such standby is streaming".to_owned(),
            ),
            (false, _, Policy::RequireStandby) => {
                Condition::Blocked("`synchronous_standby_names` is empty".to_owned())
            }
            (false, _, Policy::AllowDegraded) => {
                Condition::Degraded("`synchronous_standby_names` is empty".to_owned())
            }
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
}

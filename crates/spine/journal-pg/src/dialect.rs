//! What differs between PostgreSQL and openGauss: all of it is here.
//!
//! Statements are written once, with words in braces where the two differ; [`Dialect::sql`] fills them in. What cannot be
//! said with a word (settings, standbys, partitions) is a method.
//!
//! openGauss began as PostgreSQL 9.2. What matters here, by its source:
//!
//! - In a database of compatibility `A`, the default, `''` is NULL and `date` is a timestamp. So a day is a number there,
//!   no statement says `''`, and columns that may be empty may be NULL.
//! - Range partitions are listed when the table is made; another one is added above the last, and one can be dropped. A
//!   day without a partition of its own lies in the next one above. Days that partition themselves (`INTERVAL`) need a date.
//! - A primary key that contains the partition's key has an index in each partition, so that dropping one breaks nothing.
//! - Rows are locked and partitions dropped within a transaction in its row store `astore`; the other one, `ustore`, which
//!   a setting can make the default, refuses the latter.
//! - Unused sessions end after ten minutes unless `session_timeout` is 0.
//! - With `most_available_sync` the primary goes on alone, silently, when its standbys are gone.
//! - A server that was started alone (its role is `Normal`) waits for nobody, whatever `synchronous_standby_names` says,
//!   and by default that says `*`.

use std::fmt::Write as _;

use calendar::Date;
use tokio_postgres::error::SqlState;

use crate::error::PgError;
use crate::session::Session;

/// Whose SQL a server understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    PostgreSql,
    OpenGauss,
}

use Dialect::{OpenGauss, PostgreSql};

/// The compatibility modes of openGauss in which the statements mean what they should.
const MODES: [&str; 2] = ["A", "PG"];

impl Dialect {
    /// Asks a fresh session whether rows can be written, who the server is, and how it is compatible.
    pub(crate) const ASK: &str = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on', version(), \
         (SELECT setting FROM pg_settings WHERE name = 'sql_compatibility')";

    /// Who answered [`Self::ASK`] with this version and this compatibility, a setting that PostgreSQL does not have.
    pub(crate) fn of(version: &str, compatibility: Option<&str>) -> Result<Self, PgError> {
        match compatibility {
            None if !version.contains("openGauss") => Ok(PostgreSql),
            Some(mode) if MODES.contains(&mode) => Ok(OpenGauss),
            mode => Err(PgError::Compatibility { mode: mode.unwrap_or("unknown").to_owned() }),
        }
    }

    /// A statement in this dialect.
    pub(crate) fn sql(self, template: &str) -> String {
        let mut statement = String::with_capacity(template.len() + 64);
        let mut rest = template;
        while let Some((before, (word, after))) =
            rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        {
            statement.push_str(before);
            match word.strip_prefix("day $") {
                Some(parameter) if self == PostgreSql => {
                    let _ = write!(statement, "date '1970-01-01' + ${parameter}::int4");
                }
                Some(parameter) => {
                    let _ = write!(statement, "${parameter}::int4");
                }
                None => statement.push_str(self.word(word)),
            }
            rest = after;
        }
        statement.push_str(rest);
        statement
    }

    fn word(self, word: &str) -> &'static str {
        let [postgresql, opengauss] = match word {
            // A `BEGIN` may also begin a block of code there.
            "begin" => ["BEGIN", "START TRANSACTION"],
            "waits" => [
                "current_setting('synchronous_standby_names') <> ''",
                "(length(current_setting('synchronous_standby_names')) > 0 \
                 AND current_setting('most_available_sync') = 'off')",
            ],
            "day type" => ["date", "integer"],
            "first day" => ["'1970-01-01'", "0"],
            "day's number" => ["day - date '1970-01-01'", "day"],
            "nobody" => ["''", "NULL"],
            "text" => ["text NOT NULL", "text"],
            "bytes" => ["bytea NOT NULL", "bytea"],
            "as it is" => ["ALTER TABLE tongbao.journal ALTER COLUMN payload SET STORAGE EXTERNAL;", ""],
            "schema" => ["CREATE SCHEMA IF NOT EXISTS tongbao;", ""],
            "rows" => ["", " WITH (storage_type = astore)"],
            "by day" => [
                " PARTITION BY RANGE (day)",
                " WITH (storage_type = astore) \
                 PARTITION BY RANGE (day) (PARTITION journal_19700101 VALUES LESS THAN (1))",
            ],
            other => unreachable!("no dialect knows {other}"),
        };
        match self {
            PostgreSql => postgresql,
            OpenGauss => opengauss,
        }
    }

    /// Turns off the settings of the server that could end a statement or a session by themselves. Asked for by name,
    /// because no two versions have the same ones.
    pub(crate) fn no_timeouts(self) -> &'static str {
        match self {
            PostgreSql => {
                "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('statement_timeout', \
                 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout', \
                 'client_connection_check_interval')"
            }
            // Those for locks are the administrator's. A wait that they end has done nothing.
            OpenGauss => {
                "SELECT set_config(name, '0', false) FROM pg_settings WHERE context = 'user' AND name IN \
                 ('statement_timeout', 'session_timeout', 'idle_in_transaction_session_timeout', 'lockwait_timeout', \
                 'update_lockwait_timeout')"
            }
        }
    }

    /// Asks whom the server waits for (NULL: nobody), and whether it would go on without them.
    pub(crate) fn synchronous(self) -> &'static str {
        match self {
            PostgreSql => "SELECT current_setting('synchronous_standby_names'), false",
            OpenGauss => {
                "SELECT CASE WHEN (SELECT count(*) FROM pg_stat_get_stream_replications() WHERE local_role = 'Normal') = 0 \
                 THEN current_setting('synchronous_standby_names') END, current_setting('most_available_sync') = 'on'"
            }
        }
    }

    /// Lists the standbys: name, state, part in the waiting, and the bytes not yet flushed. Without the right to see them
    /// (`pg_monitor`, `MONADMIN`) they are NULL; then no standby is known.
    pub(crate) fn standbys(self) -> &'static str {
        match self {
            PostgreSql => {
                "SELECT application_name, lower(state), lower(sync_state), \
                 pg_wal_lsn_diff(pg_current_wal_flush_lsn(), flush_lsn)::bigint FROM pg_stat_replication ORDER BY 1"
            }
            OpenGauss => {
                "SELECT application_name, lower(state), lower(sync_state), \
                 pg_xlog_location_diff(pg_current_xlog_location(), receiver_flush_location)::bigint \
                 FROM pg_stat_replication ORDER BY 1"
            }
        }
    }

    /// Makes the schema, where the statement that makes the tables cannot say "if not exists".
    pub(crate) async fn ensure_schema(self, session: &Session) -> Result<(), PgError> {
        if self == PostgreSql {
            return Ok(());
        }
        let failed = || PgError::of("make the schema");
        let there = "SELECT count(*) FROM pg_namespace WHERE nspname = 'tongbao'";
        if session.client.query_one(there, &[]).await.map_err(failed())?.get::<_, i64>(0) > 0 {
            return Ok(());
        }
        // Like the tables, it waits for no standby.
        let make = "START TRANSACTION; SET LOCAL synchronous_commit = local; CREATE SCHEMA tongbao; COMMIT";
        let Err(error) = session.client.batch_execute(make).await else { return Ok(()) };
        session.client.batch_execute("ROLLBACK").await.map_err(failed())?;
        // Another site was faster.
        let is_there = [&SqlState::DUPLICATE_SCHEMA, &SqlState::UNIQUE_VIOLATION];
        if error.code().is_some_and(|code| is_there.contains(&code)) {
            return Ok(());
        }
        Err(failed()(error))
    }

    /// Saves the work of compressing payloads, where that may be refused (of a table with partitions).
    pub(crate) async fn store_as_it_is(self, session: &Session) -> Result<(), PgError> {
        if self == PostgreSql {
            return Ok(());
        }
        let failed = || PgError::of("create the tables");
        let set = "ALTER TABLE tongbao.journal ALTER COLUMN payload SET STORAGE EXTERNAL";
        session.client.batch_execute("SET synchronous_commit = local").await.map_err(failed())?;
        if let Err(error) = session.client.batch_execute(set).await {
            tracing::info!(%error, "openGauss compresses payloads");
        }
        session.client.batch_execute("SET synchronous_commit = on").await.map_err(failed())
    }

    /// Checks that the tables are those that this release makes: an earlier one asked for a table made by hand.
    pub(crate) async fn check_tables(self, session: &Session) -> Result<(), PgError> {
        if self == PostgreSql {
            return Ok(());
        }
        let ask = "SELECT count(*) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
                   WHERE a.attrelid = 'tongbao.journal'::regclass AND a.attname = 'day' AND t.typname = 'int4'";
        let row = session.client.query_one(ask, &[]).await.map_err(PgError::of("look at the tables"))?;
        if row.get::<_, i64>(0) == 1 { Ok(()) } else { Err(PgError::HandMade) }
    }

    /// Makes the partition for a day, unless its rows have a place already.
    pub(crate) async fn ensure_day(self, session: &Session, day: i32) -> Result<(), PgError> {
        let failed = || PgError::of("make a day's partition");
        let name = suffix(day);
        if self == OpenGauss {
            let covers = |partitions: &[Partition]| partitions.iter().any(|one| one.below > day);
            if covers(&partitions(session).await?) {
                return Ok(());
            }
            let below = day.saturating_add(1);
            let add = format!(
                "ALTER TABLE tongbao.journal ADD PARTITION journal_{name} VALUES LESS THAN ({below})"
            );
            let added = session.client.batch_execute(&add).await;
            // Whatever it warned of: the commits that count come later, and are waited for.
            session.take_warned();
            return match added {
                // Two at once: the other one made it.
                Err(_) if covers(&partitions(session).await?) => Ok(()),
                other => other.map_err(failed()),
            };
        }
        if !is_partitioned(session).await.map_err(failed())? {
            return Ok(());
        }
        let (from, to) = (day_name(day), day_name(day.saturating_add(1)));
        let make = format!(
            "CREATE TABLE IF NOT EXISTS tongbao.journal_{name} PARTITION OF tongbao.journal \
             FOR VALUES FROM ('{from}') TO ('{to}')"
        );
        match session.client.batch_execute(&make).await {
            // Two at once: the other one made it.
            Err(error)
                if error.code().is_some_and(|code| code.code() == "23505" || code.code() == "42P07") =>
            {
                Ok(())
            }
            other => other.map_err(failed()),
        }
    }

    /// The statement that drops a day's partition, if that holds nothing but this shard's records of this day.
    pub(crate) async fn drop_partition(
        self,
        session: &Session,
        shard: &str,
        day: i32,
    ) -> Result<Option<String>, PgError> {
        let failed = || PgError::of("drop an archived day");
        let name = format!("journal_{}", suffix(day));
        let others = match self {
            PostgreSql => {
                "SELECT count(*) FROM tongbao.journal WHERE shard <> $1 AND day = date '1970-01-01' + $2::int4"
            }
            // The partition reaches down to the one below.
            OpenGauss => {
                "SELECT count(*) FROM tongbao.journal WHERE day < $2::int4 OR (day = $2::int4 AND shard <> $1)"
            }
        };
        let row = session.client.query_one(others, &[&shard, &day]).await.map_err(failed())?;
        if row.get::<_, i64>(0) > 0 {
            return Ok(None);
        }
        match self {
            PostgreSql => Ok(is_partitioned(session)
                .await
                .map_err(failed())?
                .then(|| format!("DROP TABLE tongbao.{name}"))),
            OpenGauss => {
                let all = partitions(session).await?;
                let is_there = all.iter().any(|one| one.name == name && one.below == day.saturating_add(1));
                // The only partition of a table cannot be dropped.
                Ok((is_there && all.len() > 1)
                    .then(|| format!("ALTER TABLE tongbao.journal DROP PARTITION {name}")))
            }
        }
    }
}

/// A day of the calendar, from its number since 1970-01-01: `YYYY-MM-DD`.
pub(crate) fn day_name(day: i32) -> String {
    let date = u32::try_from(day).ok().and_then(|days| Date::from_days(days).ok());
    date.map_or_else(|| day.to_string(), |date| date.to_string())
}

/// The same as the end of a partition's name: `YYYYMMDD`.
fn suffix(day: i32) -> String {
    day_name(day).replace('-', "")
}

async fn is_partitioned(session: &Session) -> Result<bool, tokio_postgres::Error> {
    let ask = "SELECT relkind = 'p' FROM pg_class WHERE oid = 'tongbao.journal'::regclass";
    Ok(session.client.query_one(ask, &[]).await?.get(0))
}

/// A partition of openGauss: the rows of days below this one and not below that of the partition before.
struct Partition {
    name: String,
    below: i32,
}

async fn partitions(session: &Session) -> Result<Vec<Partition>, PgError> {
    let ask = "SELECT relname, boundaries[1] FROM pg_partition WHERE parentid = 'tongbao.journal'::regclass AND parttype = 'p'";
    let rows = session.client.query(ask, &[]).await.map_err(PgError::of("list the partitions"))?;
    // One without a boundary takes every day.
    let below = |text: Option<&str>| text.and_then(|text| text.parse().ok()).unwrap_or(i32::MAX);
    Ok(rows.iter().map(|row| Partition { name: row.get(0), below: below(row.get(1)) }).collect())
}

#[cfg(test)]
mod tests {
    use stdx::Coded as _;

    use super::*;

    #[test]
    fn a_server_is_known_by_its_compatibility() {
        let postgresql = "PostgreSQL 15.14 (Debian 15.14-0+deb12u1) on x86_64-pc-linux-gnu";
        let opengauss = "(openGauss 5.0.0 build a07d57c3) compiled at 2023-03-29 03:09:38";
        assert_eq!(Dialect::of(postgresql, None).unwrap(), PostgreSql);
        for mode in ["A", "PG"] {
            assert_eq!(Dialect::of(opengauss, Some(mode)).unwrap(), OpenGauss);
            // Its descendants have other names, and the same setting.
            assert_eq!(Dialect::of("(MogDB 3.0.3 build 23ba838d)", Some(mode)).unwrap(), OpenGauss);
        }
        for mode in [Some("B"), Some("C"), Some("D"), Some("ORA"), None] {
            assert_eq!(Dialect::of(opengauss, mode).unwrap_err().code(), "JPG-0017");
        }
    }

    #[test]
    fn a_statement_says_the_same_in_both_dialects() {
        let template = "SELECT {day's number} FROM j WHERE day < {day $2} AND {waits}";
        assert_eq!(
            PostgreSql.sql(template),
            "SELECT day - date '1970-01-01' FROM j WHERE day < date '1970-01-01' + $2::int4 \
             AND current_setting('synchronous_standby_names') <> ''"
        );
        assert_eq!(
            OpenGauss.sql(template),
            "SELECT day FROM j WHERE day < $2::int4 AND (length(current_setting('synchronous_standby_names')) > 0 \
             AND current_setting('most_available_sync') = 'off')"
        );
    }

    #[test]
    fn a_day_has_a_name() {
        assert_eq!((day_name(0).as_str(), suffix(20_779).as_str()), ("1970-01-01", "20261122"));
        // Beyond the calendar it is still a name that no other day has.
        assert_eq!(day_name(i32::MAX), "2147483647");
    }
}

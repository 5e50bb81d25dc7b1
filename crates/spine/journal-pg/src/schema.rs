//! The tables. Creating them is idempotent; a newer release's are refused.

use ids::Timestamp;
use tokio_postgres::error::SqlState;

use crate::error::PgError;
use crate::session::Session;

/// The version of the tables that this release makes and knows.
const VERSION: i32 = 2;
const NANOS_PER_DAY: u64 = 86_400_000_000_000;

/// Made in one transaction under a lock, so that sites that start together do not collide. It does not wait for a standby:
/// the first takeover does, and proves that all of this is there, too.
const CREATE: &str = "
{begin};
SET LOCAL synchronous_commit = local;
SELECT pg_advisory_xact_lock(8317974201);
{schema}
CREATE TABLE IF NOT EXISTS tongbao.schema_version (version integer NOT NULL){rows};
INSERT INTO tongbao.schema_version SELECT 2 WHERE NOT EXISTS (SELECT 1 FROM tongbao.schema_version);
CREATE TABLE IF NOT EXISTS tongbao.lease (
  shard text PRIMARY KEY,
  epoch bigint NOT NULL,
  holder {text},
  taken_at timestamptz NOT NULL,
  day {day type} NOT NULL DEFAULT {first day},
  day_seq bigint NOT NULL DEFAULT 0
){rows};
CREATE TABLE IF NOT EXISTS tongbao.heartbeat (
  shard text PRIMARY KEY,
  beat bigint NOT NULL,
  renewed_at timestamptz NOT NULL
){rows};
CREATE TABLE IF NOT EXISTS tongbao.archive (
  shard text NOT NULL,
  day {day type} NOT NULL,
  through_seq bigint NOT NULL,
  through_hash bytea NOT NULL,
  through_epoch bigint NOT NULL,
  through_stamp bigint NOT NULL,
  archived_at timestamptz NOT NULL,
  PRIMARY KEY (shard, day)
){rows};
CREATE TABLE IF NOT EXISTS tongbao.journal (
  shard text NOT NULL,
  day {day type} NOT NULL,
  seq bigint NOT NULL,
  epoch bigint NOT NULL,
  kind smallint NOT NULL,
  stamp bigint NOT NULL,
  commands integer NOT NULL,
  state_seq bigint,
  state_hash bytea,
  prev_hash bytea NOT NULL,
  hash bytea NOT NULL,
  durable bigint NOT NULL,
  payload {bytes},
  PRIMARY KEY (shard, seq, day)
){by day};
{as it is}
COMMIT;
";

/// From version 1, whose lease did not say which day is being written. Whoever leads meanwhile with an earlier release goes on;
/// the next takeover fills the columns.
const FROM_1_TO_2: &str = "
{begin};
SET LOCAL synchronous_commit = local;
SELECT pg_advisory_xact_lock(8317974201);
ALTER TABLE tongbao.lease ADD COLUMN day {day type} NOT NULL DEFAULT {first day};
ALTER TABLE tongbao.lease ADD COLUMN day_seq bigint NOT NULL DEFAULT 0;
UPDATE tongbao.schema_version SET version = 2;
COMMIT;
";

/// Makes the tables if they are not there, brings older ones up to date, and checks their version.
pub(crate) async fn ensure(session: &Session) -> Result<(), PgError> {
    let failed = || PgError::of("look at the tables");
    let there =
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'tongbao' AND tablename = 'schema_version'";
    let count: i64 = session.client.query_one(there, &[]).await.map_err(failed())?.get(0);
    if count == 0 {
        session.dialect.ensure_schema(session).await?;
        let create = session.sql(CREATE);
        session.client.batch_execute(&create).await.map_err(PgError::of("create the tables"))?;
        session.dialect.store_as_it_is(session).await?;
    }
    session.dialect.check_tables(session).await?;
    let version = "SELECT coalesce(max(version), 0) FROM tongbao.schema_version";
    let mut found: i32 = session.client.query_one(version, &[]).await.map_err(failed())?.get(0);
    if found == 1 {
        if let Err(error) = session.client.batch_execute(&session.sql(FROM_1_TO_2)).await {
            session.client.batch_execute("ROLLBACK").await.map_err(failed())?;
            // Another site was faster.
            if error.code() != Some(&SqlState::DUPLICATE_COLUMN) {
                return Err(PgError::of("bring the tables up to date")(error));
            }
        }
        found = session.client.query_one(version, &[]).await.map_err(failed())?.get(0);
    }
    if found > VERSION {
        return Err(PgError::NewerSchema { found, known: VERSION });
    }
    Ok(())
}

/// Gives a shard its rows in the small tables.
pub(crate) async fn ensure_shard(session: &Session, shard: &str) -> Result<(), PgError> {
    let rows = [
        "INSERT INTO tongbao.lease (shard, epoch, holder, taken_at) SELECT $1::text, 0, {nobody}, now() \
         WHERE NOT EXISTS (SELECT 1 FROM tongbao.lease WHERE shard = $1)",
        "INSERT INTO tongbao.heartbeat SELECT $1::text, 0, now() \
         WHERE NOT EXISTS (SELECT 1 FROM tongbao.heartbeat WHERE shard = $1)",
    ];
    session
        .client
        .batch_execute("SET synchronous_commit = local")
        .await
        .map_err(PgError::of("add a shard"))?;
    for row in rows {
        match session.client.execute(&session.sql(row), &[&shard]).await {
            // Another site was faster.
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {}
            other => _ = other.map_err(PgError::of("add a shard"))?,
        }
    }
    session.client.batch_execute("SET synchronous_commit = on").await.map_err(PgError::of("add a shard"))
}

/// The day of a record, counted from 1970-01-01 in UTC: its partition.
pub(crate) fn day(stamp: Timestamp) -> i32 {
    i32::try_from(stamp.0 / NANOS_PER_DAY).unwrap_or(i32::MAX)
}

/// Makes the partition for a day, if partitions are made by hand.
pub(crate) async fn ensure_day(session: &Session, day: i32) -> Result<(), PgError> {
    session.dialect.ensure_day(session, day).await
}

//! Old days go into files, are checked there, and leave the database.

use ids::{Epoch, Seq, Timestamp};
use journal::{Disk, Import, JournalError, Options, Position};
use serde::Serialize;
use std::sync::Arc;
use stdx::Digest;

use crate::copy::copy_some;
use crate::dialect::day_name;
use crate::error::PgError;
use crate::schema;
use crate::session::Session;
use crate::settings::Settings;
use crate::tail::open_ready;

/// What an archive did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Archived {
    /// Records that were copied into the files now.
    pub records: u64,
    /// The last record in the files.
    pub through_seq: Seq,
    /// Days that left the database, as `YYYY-MM-DD`.
    pub days_dropped: Vec<String>,
}

/// Copies every record of `shard` from before `before` (a time; its whole day stays) to the end of the files on `disk`,
/// checks all of the files, and only then drops those days from the database.
///
/// `snapshots` is the oldest of the sites' newest snapshots: nothing that a site would still have to read is dropped. If it
/// lies before the end of the old days, the copy is made and nothing is dropped.
pub async fn archive(
    settings: &Settings,
    shard: &str,
    disk: Arc<dyn Disk>,
    before: Timestamp,
    snapshots: Seq,
) -> Result<Archived, JournalError> {
    let session = open_ready(settings, shard).await?;
    let mut import = Import::begin(Arc::clone(&disk), shard, Options::default())?;
    let day = schema::day(before);
    let copied =
        copy_some(&session, shard, &mut import, |record| schema::day(record.timestamp) < day).await?;
    let end = import.finish()?;
    // Read again from the disk, by the same code as `tongbao journal verify`.
    let report = journal::verify(&disk, shard, |_| ())?;
    if (report.last_seq, report.head) != (end.seq, end.hash) {
        return Err(PgError::Archive { what: "the files do not end where they should".to_owned() }.into());
    }
    let mut archived = Archived { records: copied.records, through_seq: end.seq, days_dropped: Vec::new() };
    for (day, last) in days_through(&session, shard, day, end.seq).await? {
        if last > snapshots {
            let needed = snapshots.0;
            tracing::warn!(%last, needed, "a day stays: a site's newest snapshot is older than its end");
            break;
        }
        archived.days_dropped.push(drop_day(&session, shard, day, end, last).await?);
    }
    Ok(archived)
}

/// The days before `day` that lie wholly in the files, oldest first, each with its last record.
async fn days_through(
    session: &Session,
    shard: &str,
    day: i32,
    end: Seq,
) -> Result<Vec<(i32, Seq)>, PgError> {
    let ask = "SELECT {day's number}, max(seq) FROM tongbao.journal \
               WHERE shard = $1 AND day < {day $2} GROUP BY day HAVING max(seq) <= $3 ORDER BY day";
    let end = i64::try_from(end.0).unwrap_or(i64::MAX);
    let rows = session
        .client
        .query(&session.sql(ask), &[&shard, &day, &end])
        .await
        .map_err(PgError::of("list the days"))?;
    Ok(rows
        .iter()
        .map(|row| (row.get(0), Seq(u64::try_from(row.get::<_, i64>(1)).unwrap_or_default())))
        .collect())
}

/// Drops one day of a shard and remembers where the rest begins, in one transaction. The day's name.
async fn drop_day(
    session: &Session,
    shard: &str,
    day: i32,
    end: Position,
    last: Seq,
) -> Result<String, PgError> {
    let failed = || PgError::of("drop an archived day");
    let last = i64::try_from(last.0).map_err(|_| PgError::Time { seq: end.seq })?;
    let ask =
        "SELECT hash, epoch, stamp FROM tongbao.journal WHERE shard = $1 AND day = {day $2} AND seq = $3";
    let row = session.client.query_one(&session.sql(ask), &[&shard, &day, &last]).await.map_err(failed())?;
    let hash: Vec<u8> = row.get(0);
    let (epoch, stamp): (i64, i64) = (row.get(1), row.get(2));
    let partition = session.dialect.drop_partition(session, shard, day).await?;
    session.client.batch_execute(&session.sql("{begin}")).await.map_err(failed())?;
    let note = "INSERT INTO tongbao.archive (shard, day, through_seq, through_hash, through_epoch, through_stamp, archived_at) \
                VALUES ($1, {day $2}, $3, $4, $5, $6, now())";
    session
        .client
        .execute(&session.sql(note), &[&shard, &day, &last, &hash, &epoch, &stamp])
        .await
        .map_err(failed())?;
    match partition {
        Some(drop) => session.client.batch_execute(&drop).await.map_err(failed())?,
        None => {
            let delete = "DELETE FROM tongbao.journal WHERE shard = $1 AND day = {day $2}";
            session.client.execute(&session.sql(delete), &[&shard, &day]).await.map_err(failed())?;
        }
    }
    session.client.batch_execute("COMMIT").await.map_err(failed())?;
    session.check_warned("drop an archived day")?;
    Ok(day_name(day))
}

/// Where the database's part of a shard's journal begins: after the last archive.
pub(crate) async fn start(session: &Session, shard: &str) -> Result<Position, PgError> {
    let ask = "SELECT through_seq, through_hash, through_epoch, through_stamp FROM tongbao.archive \
               WHERE shard = $1 ORDER BY through_seq DESC LIMIT 1";
    let row = session.client.query_opt(ask, &[&shard]).await.map_err(PgError::of("look at the archive"))?;
    let Some(row) = row else { return Ok(Position::genesis()) };
    let number = |column| u64::try_from(row.get::<_, i64>(column)).unwrap_or_default();
    let hash = row
        .get::<_, &[u8]>(1)
        .try_into()
        .map_err(|_| PgError::Archive { what: "the archive's hash is damaged".to_owned() })?;
    Ok(Position {
        seq: Seq(number(0)),
        hash: Digest(hash),
        epoch: Epoch(number(2)),
        timestamp: Timestamp(number(3)),
        ..Position::genesis()
    })
}

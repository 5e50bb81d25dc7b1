//! Carrying a journal from files to PostgreSQL and back, hash for hash, and checking all of it.

use ids::Seq;
use journal::{Import, JournalError, Position, Report, Tail, Verifier};
use serde::Serialize;

use crate::error::PgError;
use crate::row::Stored;
use crate::schema;
use crate::session::Session;
use crate::settings::Settings;
use crate::tail::{Place, check, open_ready};
use crate::watch::lock_key;

/// What was carried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Records carried now.
    pub records: u64,
    /// The last record that is there now.
    pub last_seq: Seq,
}

/// Bytes of payloads that one transaction carries, at least.
const GROUP_BYTES: usize = 4 << 20;

/// Copies a journal of files into an empty shard, or continues a copy that was cut short.
///
/// Errors: [`JournalError::Locked`] while somebody leads there; [`PgError::Archive`] if what is there already is not the
/// beginning of the same journal.
pub async fn copy_in(from: &mut dyn Tail, settings: &Settings, shard: &str) -> Result<Copied, JournalError> {
    let session = open_ready(settings, shard).await?;
    let there = read_all(shard, &session, |_| ()).await?;
    lock_out_leaders(&session, shard, there.position()).await?;
    let mut checked = Verifier::new(shard, Position::genesis())?;
    let mut copied = Copied::default();
    let mut group = Group::default();
    while let Some(record) = from.next_record()? {
        check(&mut checked, shard, &record)?;
        let position = checked.position();
        if position.seq <= there.position().seq {
            let is_end = position.seq == there.position().seq;
            if is_end && position.hash != there.position().hash {
                let what = format!("record {} of the shard is another journal's", position.seq);
                return Err(PgError::Archive { what }.into());
            }
            continue;
        }
        copied.records += 1;
        group.bytes += record.payload.len();
        group.records.push(Stored { record, durable: from.durable() });
        if group.bytes >= GROUP_BYTES {
            group.write(&session, shard).await?;
        }
    }
    group.write(&session, shard).await?;
    copied.last_seq = checked.position().seq;
    if copied.last_seq < there.position().seq {
        return Err(
            PgError::Archive { what: "the shard holds more records than the files".to_owned() }.into()
        );
    }
    let epoch = i64::try_from(checked.position().epoch.0).unwrap_or(i64::MAX);
    let lease = "UPDATE tongbao.lease SET epoch = greatest(epoch, $2::bigint), holder = 'copy', taken_at = now() WHERE shard = $1";
    session.client.execute(lease, &[&shard, &epoch]).await.map_err(PgError::of("set the epoch"))?;
    session.check_warned("set the epoch")?;
    Ok(copied)
}

/// Holds the locks that a leader of this epoch or the next would need.
async fn lock_out_leaders(session: &Session, shard: &str, at: Position) -> Result<(), JournalError> {
    let current = crate::heartbeat::current_epoch(session, shard).await?.max(at.epoch);
    for epoch in [current, current.next()] {
        let lock = "SELECT pg_try_advisory_lock($1)";
        let row = session.client.query_one(lock, &[&lock_key(shard, epoch)]).await;
        if !row.map_err(PgError::of("lock the shard"))?.get::<_, bool>(0) {
            return Err(JournalError::Locked);
        }
    }
    Ok(())
}

/// Records that share a transaction.
#[derive(Default)]
struct Group {
    records: Vec<Stored>,
    bytes: usize,
}

impl Group {
    async fn write(&mut self, session: &Session, shard: &str) -> Result<(), PgError> {
        let failed = || PgError::of("copy records");
        self.bytes = 0;
        let records = std::mem::take(&mut self.records);
        for stored in &records {
            schema::ensure_day(session, schema::day(stored.record.timestamp)).await?;
        }
        let append = session.client.prepare(&session.sql(COPY)).await.map_err(failed())?;
        session.client.batch_execute(&session.sql("{begin}")).await.map_err(failed())?;
        for Stored { record, durable } in &records {
            let params = crate::appender::params_of_record(shard, record, *durable)?;
            session.client.execute(&append, &params.columns()).await.map_err(failed())?;
        }
        session.client.batch_execute("COMMIT").await.map_err(failed())?;
        session.check_warned("copy records")
    }
}

/// Inserts a record as it is; nobody can lead meanwhile.
const COPY: &str = "INSERT INTO tongbao.journal (shard, epoch, seq, day, kind, stamp, commands, state_seq, state_hash, \
     prev_hash, hash, durable, payload) \
     SELECT $1::text, $2::bigint, $3::bigint, {day $4}, $5::smallint, $6::bigint, $7::integer, \
            $8::bigint, $9::bytea, $10::bytea, $11::bytea, $12::bigint, $13::bytea";

/// Copies a journal in PostgreSQL to the end of a journal of files: all of it, or what the files lack.
///
/// May run while a leader appends; it ends at the end it meets. Nothing counts before [`Import::finish`], which is the
/// caller's.
pub async fn copy_out(settings: &Settings, shard: &str, to: &mut Import) -> Result<Copied, JournalError> {
    let session = open_ready(settings, shard).await?;
    copy_some(&session, shard, to, |_| true).await
}

/// Copies for as long as `wanted` says so of the next record.
pub(crate) async fn copy_some(
    session: &Session,
    shard: &str,
    to: &mut Import,
    mut wanted: impl FnMut(&journal::Record) -> bool,
) -> Result<Copied, JournalError> {
    let mut place = Place::at(shard, to.position());
    place.check_anchor(session).await?;
    let mut copied = Copied { records: 0, last_seq: to.position().seq };
    loop {
        let (page, is_full) = place.page(session).await?;
        for Stored { record, durable } in page {
            if !wanted(&record) {
                return Ok(copied);
            }
            to.put(&record, durable.next() == record.seq)?;
            copied = Copied { records: copied.records + 1, last_seq: record.seq };
        }
        if !is_full {
            return Ok(copied);
        }
    }
}

/// Reads every record that the database holds and checks every hash and link; after an archive it starts behind that.
///
/// Errors: whatever is wrong first, by sequence number.
pub async fn verify(
    settings: &Settings,
    shard: &str,
    mut progress: impl FnMut(&Report),
) -> Result<Report, JournalError> {
    let session = Session::open(settings).await?;
    schema::ensure(&session).await?;
    let mut report = Report::default();
    read_all(shard, &session, |stored| {
        report.bytes += stored.record.payload.len() as u64;
        report.add(&stored.record);
        progress(&report);
    })
    .await?;
    Ok(report)
}

/// Reads and checks everything, from the start or from where the last archive ended.
async fn read_all(
    shard: &str,
    session: &Session,
    mut each: impl FnMut(&Stored),
) -> Result<Verifier, JournalError> {
    let start = crate::archive::start(session, shard).await?;
    let mut verifier = Verifier::new(shard, start)?;
    let mut place = Place::at(shard, start);
    loop {
        let (page, is_full) = place.page(session).await?;
        for stored in &page {
            check(&mut verifier, shard, &stored.record)?;
            each(stored);
        }
        if !is_full {
            return Ok(verifier);
        }
    }
}

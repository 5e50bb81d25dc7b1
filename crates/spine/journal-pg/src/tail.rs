//! Following: rows are fetched on the engine's thread, checked on the follower's.

use std::time::Duration;

use ids::{Epoch, Seq, Timestamp};
use journal::{JournalError, Position, Record, Tail, Verifier};
use stdx::Digest;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::engine::Engine;
use crate::error::PgError;
use crate::row::{PAGE, PAGE_ROWS, Stored};
use crate::schema;
use crate::session::Session;
use crate::settings::Settings;

/// How long to rest when there is nothing new.
const POLL: Duration = Duration::from_millis(5);
/// How long a page may take before another host is tried. Nothing is lost with a read.
const PAGE_TIMEOUT: Duration = Duration::from_secs(3);
/// Pauses between two tries to connect.
const RECONNECT_MIN: Duration = Duration::from_millis(25);
const RECONNECT_MAX: Duration = Duration::from_millis(400);
/// Rows that are fetched ahead.
const AHEAD: usize = 16;

/// A follower's end of a journal.
#[derive(Debug)]
pub(crate) struct PgTail {
    shard: String,
    rows: mpsc::Receiver<Result<Stored, PgError>>,
    verifier: Verifier,
    durable: Seq,
    fetching: tokio::task::JoinHandle<()>,
    /// What the fetching runs on; it may outlive the store.
    _engine: Engine,
}

impl PgTail {
    pub(crate) fn start(
        engine: &Engine,
        settings: Settings,
        shard: &str,
        from: Position,
    ) -> Result<Self, JournalError> {
        let verifier = Verifier::new(shard, from)?;
        let (sender, rows) = mpsc::channel(AHEAD);
        let fetch = Fetch { settings, place: Place::at(shard, from) };
        let fetching = engine.handle().spawn(fetch.run(sender));
        let (shard, _engine) = (shard.to_owned(), engine.clone());
        Ok(Self { shard, rows, verifier, durable: Seq::ZERO, fetching, _engine })
    }
}

impl Drop for PgTail {
    fn drop(&mut self) {
        self.fetching.abort();
    }
}

impl Tail for PgTail {
    fn next_record(&mut self) -> Result<Option<Record>, JournalError> {
        let Ok(row) = self.rows.try_recv() else { return Ok(None) };
        let Stored { record, durable } = row?;
        check(&mut self.verifier, &self.shard, &record)?;
        self.durable = self.durable.max(durable);
        Ok(Some(record))
    }

    fn position(&self) -> Position {
        self.verifier.position()
    }

    /// What a leader knew to be durable when it sent a row that was read. That a row can be seen is no proof: after a crash
    /// of the primary, or when somebody cancelled the wait, it may be on the primary alone.
    fn durable(&self) -> Seq {
        self.durable
    }
}

/// Checks a record and names what is wrong with it.
pub(crate) fn check(verifier: &mut Verifier, shard: &str, record: &Record) -> Result<(), PgError> {
    let due = verifier.position().seq.next();
    verifier.check(record).map_err(|fault| PgError::Damaged { shard: shard.to_owned(), seq: due, fault })
}

/// A place in a shard's rows.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) shard: String,
    pub(crate) seq: Seq,
    hash: Digest,
    day: i32,
}

impl Place {
    pub(crate) fn at(shard: &str, position: Position) -> Self {
        let Position { seq, hash, timestamp, .. } = position;
        Self { shard: shard.to_owned(), seq, hash, day: schema::day(timestamp) }
    }

    fn pass(&mut self, record: &Record) {
        self.seq = record.seq;
        self.hash = record.hash;
        self.day = schema::day(record.timestamp);
    }

    pub(crate) fn seq_column(&self) -> i64 {
        i64::try_from(self.seq.0).unwrap_or(i64::MAX)
    }

    /// Checks that the journal contains this place: a database that was restored, or that lost what no standby had, does not.
    pub(crate) async fn check_anchor(&self, session: &Session) -> Result<(), PgError> {
        if self.seq == Seq::ZERO {
            return Ok(());
        }
        let ask = "SELECT (SELECT hash FROM tongbao.journal WHERE shard = $1 AND seq = $2 AND day = {day $3}), \
                   (SELECT through_hash FROM tongbao.archive WHERE shard = $1 AND through_seq = $2), \
                   (SELECT count(*) FROM tongbao.journal WHERE shard = $1 AND seq = $2 + 1 AND day >= {day $3})";
        let row = session
            .client
            .query_one(&session.sql(ask), &[&self.shard, &self.seq_column(), &self.day])
            .await
            .map_err(PgError::of("find the position"))?;
        let known: Option<&[u8]> = row.get::<_, Option<&[u8]>>(0).or(row.get(1));
        let is_followed = row.get::<_, i64>(2) > 0;
        match known {
            Some(hash) if hash == self.hash.0 => Ok(()),
            // The record itself was archived; the next one says what it followed.
            None if is_followed => Ok(()),
            _ => Err(PgError::PositionNotFound { seq: self.seq, hash: self.hash }),
        }
    }

    /// The rows that follow here without a gap, and whether there may be more of them.
    pub(crate) async fn page(&mut self, session: &Session) -> Result<(Vec<Stored>, bool), PgError> {
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&self.shard, &self.seq_column(), &self.day];
        let rows = session
            .client
            .query(&session.sql(PAGE), &params)
            .await
            .map_err(PgError::of("read the journal"))?;
        let is_full = rows.len() == PAGE_ROWS;
        let mut page = Vec::with_capacity(rows.len());
        for row in &rows {
            let stored = Stored::from_row(&self.shard, row)?;
            let due = self.seq.next();
            if stored.record.seq != due {
                if stored.durable >= due || stored.record.seq < due {
                    return Err(self.missing(session, stored.record.seq).await);
                }
                // A leader has several appends on their way, and a later one was faster.
                return Ok((page, false));
            }
            self.pass(&stored.record);
            page.push(stored);
        }
        Ok((page, is_full))
    }

    /// Why the next row is not there though `witness` says that it was.
    pub(crate) async fn missing(&self, session: &Session, witness: Seq) -> PgError {
        let (shard, seq) = (self.shard.clone(), self.seq.next());
        let ask = "SELECT coalesce(max(through_seq), 0) FROM tongbao.archive WHERE shard = $1";
        let through = match session.client.query_one(ask, &[&self.shard]).await {
            Ok(row) => Seq(u64::try_from(row.get::<_, i64>(0)).unwrap_or_default()),
            Err(error) => return PgError::of("look at the archive")(error),
        };
        if seq <= through {
            return PgError::Archived { shard, seq, through };
        }
        PgError::Missing { shard, seq, witness }
    }
}

/// The place before record `seq`, or the last one before it that the database knows; the beginning if there is none.
pub(crate) async fn place_before(settings: &Settings, shard: &str, seq: Seq) -> Result<Position, PgError> {
    let session = open_ready(settings, shard).await?;
    let ask = "SELECT seq, epoch, hash, stamp FROM tongbao.journal WHERE shard = $1 AND seq < $2 ORDER BY seq DESC LIMIT 1";
    let before = i64::try_from(seq.0).unwrap_or(i64::MAX);
    let row =
        session.client.query_opt(ask, &[&shard, &before]).await.map_err(PgError::of("find the position"))?;
    let Some(row) = row else {
        let start = crate::archive::start(&session, shard).await?;
        return Ok(if start.seq < seq { start } else { Position::genesis() });
    };
    let read = || -> Option<Position> {
        let number = |column| u64::try_from(row.get::<_, i64>(column)).ok();
        Some(Position {
            seq: Seq(number(0)?),
            epoch: Epoch(number(1)?),
            hash: Digest(row.get::<_, &[u8]>(2).try_into().ok()?),
            timestamp: Timestamp(number(3)?),
            ..Position::genesis()
        })
    };
    // A row that is no record is named by whoever reads it in order.
    Ok(read().unwrap_or_else(Position::genesis))
}

/// Opens a session and makes sure that tables and the shard's rows are there.
pub(crate) async fn open_ready(settings: &Settings, shard: &str) -> Result<Session, PgError> {
    let session = Session::open(settings).await?;
    schema::ensure(&session).await?;
    schema::ensure_shard(&session, shard).await?;
    Ok(session)
}

struct Fetch {
    settings: Settings,
    place: Place,
}

impl Fetch {
    /// Fetches until something is wrong that time does not heal, or nobody reads any more.
    async fn run(mut self, rows: mpsc::Sender<Result<Stored, PgError>>) {
        let mut session = None;
        let mut pause = RECONNECT_MIN;
        loop {
            let before = self.place.clone();
            match timeout(PAGE_TIMEOUT, self.fetch(&mut session)).await {
                Ok(Ok((page, is_full))) => {
                    pause = RECONNECT_MIN;
                    let rest = page.is_empty() || !is_full;
                    for row in page {
                        if rows.send(Ok(row)).await.is_err() {
                            return;
                        }
                    }
                    if rest {
                        sleep(POLL).await;
                    }
                }
                Ok(Err(error)) if !error.is_passing() => {
                    let _ = rows.send(Err(error)).await;
                    return;
                }
                Ok(Err(_)) | Err(_) => {
                    self.place = before;
                    session = None;
                    sleep(pause).await;
                    pause = (pause * 2).min(RECONNECT_MAX);
                }
            }
        }
    }

    async fn fetch(&mut self, slot: &mut Option<Session>) -> Result<(Vec<Stored>, bool), PgError> {
        let session = match slot.take() {
            Some(session) => session,
            None => {
                let session = open_ready(&self.settings, &self.place.shard).await?;
                self.place.check_anchor(&session).await?;
                session
            }
        };
        let page = self.place.page(&session).await;
        *slot = Some(session);
        page
    }
}

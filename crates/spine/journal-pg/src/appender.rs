//! Appending: several statements on their way at once, each on a session of its own.
//!
//! One session would do one commit after the other, each with its wait for the standby. With several, the waits overlap,
//! and later batches may commit first; a batch counts as durable only when every one before it does, too.

use std::collections::BTreeSet;
use std::sync::Arc;

use ids::{Epoch, Seq};
use journal::{Appender, Batch, Chain, JournalError, Position, Record, Sealed, Told};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use crate::day;
use crate::engine::Engine;
use crate::error::PgError;
use crate::heartbeat::{self, Heart};
use crate::row::Columns;
use crate::schema;
use crate::session::Session;
use crate::settings::Settings;
use crate::standby::Replication;
use crate::store::Shared;

/// Sessions that append: as many as a shard's leader has batches on their way.
const SESSIONS: usize = 4;

/// Appends one batch if the epoch is still the lease's, and so is the day. `FOR SHARE` makes a takeover wait for the
/// statement's commit, and the statement look again at the lease if a takeover was first.
const APPEND: &str = "WITH l AS (SELECT 1 FROM tongbao.lease WHERE shard = $1 AND epoch = $2 \
                         AND day = {day $4} AND day_seq <= $3::bigint FOR SHARE) \
     INSERT INTO tongbao.journal (shard, day, seq, epoch, kind, stamp, commands, state_seq, state_hash, prev_hash, \
                                  hash, durable, payload) \
     SELECT $1::text, {day $4}, $3::bigint, $2::bigint, $5::smallint, $6::bigint, $7::integer, \
            $8::bigint, $9::bytea, $10::bytea, $11::bytea, $12::bigint, $13::bytea \
     FROM l WHERE $14::boolean OR {waits}";

/// What the statements that append are given.
pub(crate) struct Params<'a> {
    shard: &'a str,
    columns: Columns,
    state_hash: Option<Vec<u8>>,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
    durable: i64,
    payload: &'a [u8],
    allow_degraded: bool,
}

impl Params<'_> {
    /// The record's own, for a statement that checks nothing.
    pub(crate) fn columns(&self) -> [&(dyn ToSql + Sync); 13] {
        let [columns @ .., _] = self.all();
        columns
    }

    /// In the order of the statements' numbers.
    pub(crate) fn all(&self) -> [&(dyn ToSql + Sync); 14] {
        let Columns { day, seq, epoch, kind, stamp, commands, state_seq } = &self.columns;
        [
            &self.shard,
            epoch,
            seq,
            day,
            kind,
            stamp,
            commands,
            state_seq,
            &self.state_hash,
            &self.prev_hash,
            &self.hash,
            &self.durable,
            &self.payload,
            &self.allow_degraded,
        ]
    }
}

/// The parameters that append `sealed`, sent when everything up to `durable` was known to be durable.
pub(crate) fn params<'a>(
    shard: &'a str,
    sealed: &'a Sealed,
    durable: Seq,
    allow_degraded: bool,
) -> Result<Params<'a>, PgError> {
    Ok(Params {
        shard,
        columns: Columns::of(sealed)?,
        state_hash: sealed.state().map(|(_, hash)| hash.0.to_vec()),
        prev_hash: sealed.prev_hash().0.to_vec(),
        hash: sealed.hash().0.to_vec(),
        durable: i64::try_from(durable.0).map_err(|_| PgError::Time { seq: sealed.seq() })?,
        payload: sealed.payload(),
        allow_degraded,
    })
}

/// The parameters that copy a record from elsewhere.
pub(crate) fn params_of_record<'a>(
    shard: &'a str,
    record: &'a Record,
    durable: Seq,
) -> Result<Params<'a>, PgError> {
    Ok(Params {
        shard,
        columns: Columns::of_record(record)?,
        state_hash: record.state.map(|(_, hash)| hash.0.to_vec()),
        prev_hash: record.prev_hash.0.to_vec(),
        hash: record.hash.0.to_vec(),
        durable: i64::try_from(durable.0).map_err(|_| PgError::Time { seq: record.seq })?,
        payload: &record.payload,
        allow_degraded: true,
    })
}

/// What a new leader brings along.
pub(crate) struct Reign {
    pub(crate) shared: Shared,
    pub(crate) epoch: Epoch,
    pub(crate) heart: Heart,
    pub(crate) lines: Vec<Line>,
    /// The day whose partition is there.
    pub(crate) day: i32,
    pub(crate) told: Told,
}

/// The leader's end of a journal.
pub(crate) struct PgAppender {
    engine: Engine,
    chain: Chain,
    epoch: Epoch,
    position: Position,
    batches: mpsc::UnboundedSender<Sealed>,
    pipeline: Pipelining,
}

/// The pipeline's task. Dropped before its end it gives the lead back, whatever is still on its way.
struct Pipelining(JoinHandle<bool>);

impl Drop for Pipelining {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl std::fmt::Debug for PgAppender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PgAppender").field("chain", &self.chain).finish_non_exhaustive()
    }
}

impl PgAppender {
    pub(crate) fn start(reign: Reign, chain: Chain, position: Position) -> Self {
        let Reign { shared, epoch, heart, lines, day, told } = reign;
        let (batches, queue) = mpsc::unbounded_channel();
        let engine = shared.engine.clone();
        let pipeline = Pipeline {
            shared,
            epoch,
            heart,
            idle: lines,
            flying: JoinSet::new(),
            durable: position.seq,
            early: BTreeSet::new(),
            day,
            told,
        };
        let pipeline = Pipelining(engine.handle().spawn(pipeline.run(queue)));
        Self { engine, chain, epoch, position, batches, pipeline }
    }
}

impl Appender for PgAppender {
    fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Every batch is a statement of its own, so that several can be on their way.
    fn group_max(&self) -> usize {
        1
    }

    fn append(&mut self, batches: &[Batch<'_>]) -> Result<(), JournalError> {
        let mut chain = self.chain.clone();
        let sealed: Vec<Sealed> = batches.iter().map(|batch| chain.seal(batch)).collect::<Result<_, _>>()?;
        self.chain = chain;
        for batch in sealed {
            self.position = batch.position(&self.position);
            self.batches.send(batch).map_err(|_| JournalError::Poisoned)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Position, JournalError> {
        let Self { engine, position, batches, mut pipeline, .. } = *self;
        drop(batches);
        match engine.handle().block_on(&mut pipeline.0) {
            Ok(true) => Ok(position),
            Ok(false) | Err(_) => Err(JournalError::Poisoned),
        }
    }
}

/// A session that is ready to append.
pub(crate) struct Line {
    pub(crate) session: Session,
    append: Statement,
}

impl Line {
    /// As many as a leader needs, all with one host.
    pub(crate) async fn open_all(settings: &Settings, host: usize) -> Result<Vec<Self>, PgError> {
        let mut opening = JoinSet::new();
        for _ in 0..SESSIONS {
            let settings = settings.clone();
            opening.spawn(async move {
                let session = Session::open_host(&settings, host).await?;
                let append = session
                    .client
                    .prepare(&session.sql(APPEND))
                    .await
                    .map_err(PgError::of("prepare to append"))?;
                Ok(Self { session, append })
            });
        }
        opening.join_all().await.into_iter().collect()
    }
}

/// What became of one statement: its line, its batch, and how many rows it wrote.
type Landed = (Line, Seq, Result<u64, PgError>);

/// The appends on their way.
struct Pipeline {
    shared: Shared,
    epoch: Epoch,
    heart: Heart,
    idle: Vec<Line>,
    flying: JoinSet<Landed>,
    /// Every batch up to here is durable.
    durable: Seq,
    /// Batches that are, though one before them is still on its way.
    early: BTreeSet<Seq>,
    /// The last day whose partition is known to be there.
    day: i32,
    told: Told,
}

impl Pipeline {
    /// Appends until the queue closes or something fails. Whether all went well.
    async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Sealed>) -> bool {
        let mut is_open = true;
        while is_open || !self.flying.is_empty() {
            let step = tokio::select! {
                Some(landed) = self.flying.join_next(), if !self.flying.is_empty() => self.land(landed).await,
                alarm = self.heart.alarm() => Err(alarm),
                batch = queue.recv(), if is_open && !self.idle.is_empty() => match batch {
                    Some(batch) => self.launch(batch).await,
                    None => {
                        is_open = false;
                        Ok(())
                    }
                },
            };
            if let Err(error) = step {
                // Nothing is cancelled: what is on its way may still happen, and only a successor can tell.
                (self.told)(Err(error));
                return false;
            }
        }
        true
    }

    async fn launch(&mut self, batch: Sealed) -> Result<(), JournalError> {
        let day = schema::day(batch.timestamp());
        if day > self.day {
            while let Some(landed) = self.flying.join_next().await {
                self.land(landed).await?;
            }
            if let Some(line) = self.idle.first() {
                schema::ensure_day(&line.session, day).await?;
                day::begin(&line.session, &self.shared.shard, self.epoch, day, batch.seq()).await?;
            }
            self.day = day;
        }
        let Some(line) = self.idle.pop() else { return Err(JournalError::Poisoned) };
        let (shard, durable, allow) =
            (Arc::clone(&self.shared.shard), self.durable, self.shared.allows_degraded());
        self.flying.spawn(async move {
            let seq = batch.seq();
            let written = write(&line, &shard, &batch, durable, allow).await;
            (line, seq, written)
        });
        Ok(())
    }

    async fn land(&mut self, landed: Result<Landed, tokio::task::JoinError>) -> Result<(), JournalError> {
        let (line, seq, written) = landed.map_err(|_| JournalError::Poisoned)?;
        match written? {
            1 => {}
            _ => {
                let Shared { shard, .. } = &self.shared;
                let allow = self.shared.allows_degraded();
                return Err(why_not(&line.session, shard, self.epoch, seq, allow).await);
            }
        }
        self.idle.push(line);
        self.early.insert(seq);
        let before = self.durable;
        while self.early.remove(&self.durable.next()) {
            self.durable = self.durable.next();
        }
        if self.durable > before {
            (self.told)(Ok(self.durable));
        }
        Ok(())
    }
}

/// Why a statement of the leader of `own` wrote nothing.
async fn why_not(session: &Session, shard: &str, own: Epoch, seq: Seq, allow_degraded: bool) -> JournalError {
    match heartbeat::current_epoch(session, shard).await {
        Ok(current) if current == own => match Replication::ask(session).await {
            Ok(replication) => match replication.weakness() {
                Some(what) if !allow_degraded => PgError::NoStandby { what: what.to_owned() }.into(),
                _ => PgError::Day { seq }.into(),
            },
            Err(error) => error.into(),
        },
        Ok(current) => JournalError::Fenced { own, current },
        Err(error) => error.into(),
    }
}

pub(crate) async fn write(
    line: &Line,
    shard: &str,
    batch: &Sealed,
    durable: Seq,
    allow: bool,
) -> Result<u64, PgError> {
    let params = params(shard, batch, durable, allow)?;
    let written = line
        .session
        .client
        .execute(&line.append, &params.all())
        .await
        .map_err(PgError::of("append a batch"))?;
    line.session.check_warned("append a batch")?;
    Ok(written)
}

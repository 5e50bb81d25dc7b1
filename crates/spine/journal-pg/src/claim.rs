//! Taking the lead.
//!
//! 1. Wait until the policy on standbys is kept.
//! 2. Take the next epoch's lock, so that two do not try at once.
//! 3. Raise the epoch, in a transaction of its own. From here on no append of the old epoch can succeed. And when a
//!    synchronous standby has acknowledged this commit, it has everything that was written before it, because the log is
//!    one sequence: rows whose own wait for the standby was cut short are now as good as all others.
//! 4. Read what is left, up to the first gap. Rows beyond a gap were sent while an earlier one was on its way and never
//!    acknowledged.
//! 5. Remove those and append the epoch's record, in one statement that checks the epoch like every append.

use std::time::Duration;

use ids::{Epoch, Seq};
use journal::{Appender, Chain, Claim, JournalError, Left, Position, Recovery, Told, Verifier};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_postgres::types::ToSql;

use crate::appender::{Line, PgAppender, Reign, params};
use crate::engine::Engine;
use crate::error::PgError;
use crate::heartbeat::Heart;
use crate::row::{Columns, Stored};
use crate::session::Session;
use crate::settings::Settings;
use crate::standby::{Condition, Replication};
use crate::store::Shared;
use crate::tail::{Place, check, open_ready};
use crate::watch::lock_key;

/// How often to look whether the standby is back.
const STANDBY_POLL: Duration = Duration::from_millis(100);
/// Rows that are read ahead.
const AHEAD: usize = 16;

/// The epoch's first record; its day goes on from there. Whatever lies behind it was never acknowledged, and goes.
const FIRST: &str = "WITH l AS (UPDATE tongbao.lease SET day = {day $4}, day_seq = $3::bigint \
                       WHERE shard = $1 AND epoch = $2 RETURNING 1), \
     gone AS (DELETE FROM tongbao.journal WHERE shard = $1 AND seq >= $3 \
              AND day >= {day $4} AND EXISTS (SELECT 1 FROM l)) \
     INSERT INTO tongbao.journal (shard, day, seq, epoch, kind, stamp, commands, state_seq, state_hash, prev_hash, \
                                  hash, durable, payload) \
     SELECT $1::text, {day $4}, $3::bigint, $2::bigint, $5::smallint, $6::bigint, $7::integer, \
            $8::bigint, $9::bytea, $10::bytea, $11::bytea, $12::bigint, $13::bytea \
     FROM l WHERE $14::boolean OR {waits}";

/// What a takeover tells the claim.
enum Item {
    Row(Stored),
    Rest(Box<Rest>),
    Lost,
    Failed(PgError),
}

/// Everything has been read, and nobody else can append.
struct Rest {
    heart: Heart,
    lines: Vec<Line>,
    epoch: Epoch,
    /// Rows behind a gap.
    beyond: i64,
}

/// The lead, within reach: what [`Watch`](crate::watch::Watch) has seen free.
pub(crate) struct PgClaim {
    shared: Shared,
    holder: String,
    seen: Epoch,
    verifier: Verifier,
    items: Option<mpsc::Receiver<Item>>,
    rest: Option<Box<Rest>>,
}

impl std::fmt::Debug for PgClaim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PgClaim")
            .field("holder", &self.holder)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

impl PgClaim {
    pub(crate) fn new(
        shared: Shared,
        holder: &str,
        seen: Epoch,
        from: Position,
    ) -> Result<Self, JournalError> {
        let verifier = Verifier::new(&shared.shard, from)?;
        Ok(Self { shared, holder: holder.to_owned(), seen, verifier, items: None, rest: None })
    }

    fn begin(&self) -> mpsc::Receiver<Item> {
        let (sender, items) = mpsc::channel(AHEAD);
        let takeover = Takeover {
            shared: self.shared.clone(),
            holder: self.holder.clone(),
            seen: self.seen,
            place: Place::at(&self.shared.shard, self.verifier.position()),
        };
        self.shared.engine.handle().spawn(takeover.run(sender));
        items
    }
}

impl Claim for PgClaim {
    fn next_left(&mut self) -> Result<Left, JournalError> {
        if self.rest.is_some() {
            return Ok(Left::Nothing);
        }
        if self.items.is_none() {
            self.items = Some(self.begin());
        }
        let items = self.items.as_mut().expect("begun above");
        match items.try_recv() {
            Ok(Item::Row(Stored { record, .. })) => {
                check(&mut self.verifier, &self.shared.shard, &record)?;
                Ok(Left::Record(record))
            }
            Ok(Item::Rest(rest)) => {
                self.rest = Some(rest);
                Ok(Left::Nothing)
            }
            Ok(Item::Lost) | Err(mpsc::error::TryRecvError::Disconnected) => Ok(Left::Lost),
            Ok(Item::Failed(error)) => Err(error.into()),
            Err(mpsc::error::TryRecvError::Empty) => Ok(Left::NotYet),
        }
    }

    fn lead(self: Box<Self>, told: Told) -> Result<(Box<dyn Appender>, Recovery), JournalError> {
        let Self { shared, holder, verifier, rest, .. } = *self;
        let rest = rest.expect("JRN-INV-1: a leader has applied every record");
        let engine: Engine = shared.engine.clone();
        let (appender, recovery) =
            engine.handle().block_on(begin_reign(shared, holder, verifier.position(), *rest, told))?;
        Ok((Box::new(appender), recovery))
    }
}

/// Appends the epoch's record and starts what a leader needs.
async fn begin_reign(
    shared: Shared,
    holder: String,
    head: Position,
    rest: Rest,
    told: Told,
) -> Result<(PgAppender, Recovery), PgError> {
    let Rest { heart, lines, epoch, beyond } = rest;
    let session = &lines.first().expect("a leader has several").session;
    let mut chain = Chain::at(&shared.shard, &head, epoch);
    let sealed = chain.seal_epoch(&holder);
    let position = sealed.position(&head);
    let Columns { day, .. } = Columns::of(&sealed)?;
    crate::schema::ensure_day(session, day).await?;
    let allow = shared.allows_degraded();
    let first = params(&shared.shard, &sealed, head.seq, allow)?;
    let written = session
        .client
        .execute(&session.sql(FIRST), &first.all())
        .await
        .map_err(PgError::of("begin an epoch"))?;
    session.check_warned("begin an epoch")?;
    if written != 1 {
        let why = "another site has taken the lead, or the standby is gone".to_owned();
        return Err(PgError::Unknown { operation: "begin an epoch", why });
    }
    if beyond > 0 {
        tracing::warn!(beyond, after = %head.seq, "rows behind a gap, never acknowledged, were removed");
    }
    let reign = Reign { shared, epoch, heart, lines, day, told };
    let appender = PgAppender::start(reign, chain, position);
    Ok((appender, Recovery { position, epoch, torn: None }))
}

struct Takeover {
    shared: Shared,
    holder: String,
    seen: Epoch,
    place: Place,
}

impl Takeover {
    async fn run(mut self, items: mpsc::Sender<Item>) {
        let last = match self.take(&items).await {
            Ok(Some(rest)) => Item::Rest(Box::new(rest)),
            Ok(None) => Item::Lost,
            Err(error) if error.is_passing() => {
                tracing::info!(%error, "this site did not take the lead");
                Item::Lost
            }
            Err(error) => Item::Failed(error),
        };
        // Nobody listens any more if the node was stopped; the session ends and the lead is free again.
        let _ = items.send(last).await;
    }

    async fn take(&mut self, items: &mpsc::Sender<Item>) -> Result<Option<Rest>, PgError> {
        let settings: &Settings = &self.shared.settings;
        let keeper = open_ready(settings, &self.place.shard).await?;
        self.await_standby(&keeper, items).await?;
        // Everything a leader needs is there before the old one is ended.
        let lines = Line::open_all(settings, keeper.host).await?;
        let session = &lines.first().expect("a leader has several").session;
        let Some(epoch) = self.raise_epoch(&keeper, session).await? else { return Ok(None) };
        let heart = Heart::start(keeper, self.shared.clone(), epoch);
        self.place.check_anchor(session).await?;
        loop {
            let (page, is_full) = self.place.page(session).await?;
            for stored in page {
                if items.send(Item::Row(stored)).await.is_err() {
                    return Ok(None);
                }
            }
            if !is_full {
                break;
            }
        }
        let beyond = self.count_beyond(session).await?;
        Ok(Some(Rest { heart, lines, epoch, beyond }))
    }

    async fn await_standby(&self, session: &Session, items: &mpsc::Sender<Item>) -> Result<(), PgError> {
        loop {
            let condition = Replication::ask(session).await?.condition(self.shared.settings.policy);
            self.shared.post(condition.clone());
            if !matches!(condition, Condition::Blocked(_)) {
                return Ok(());
            }
            if items.is_closed() {
                return Err(PgError::NoStandby { what: "nobody waits any more".to_owned() });
            }
            sleep(STANDBY_POLL).await;
        }
    }

    /// The barrier, on `session`, while `keeper` holds the lock and from then on the heartbeat. `None` if another site was
    /// faster.
    async fn raise_epoch(&self, keeper: &Session, session: &Session) -> Result<Option<Epoch>, PgError> {
        let failed = || PgError::of("raise the epoch");
        // The journal's own word counts, too, in case somebody restored the lease from an older copy.
        let ask = "SELECT l.epoch, greatest(l.epoch, coalesce((SELECT j.epoch FROM tongbao.journal j \
                   WHERE j.shard = $1 ORDER BY j.seq DESC LIMIT 1), 0)) FROM tongbao.lease l WHERE l.shard = $1";
        let row = session.client.query_one(ask, &[&self.place.shard]).await.map_err(failed())?;
        let (lease, highest): (i64, i64) = (row.get(0), row.get(1));
        if u64::try_from(lease).ok() != Some(self.seen.0) {
            return Ok(None);
        }
        let epoch = Epoch(u64::try_from(highest).unwrap_or_default()).next();
        let key = lock_key(&self.place.shard, epoch);
        let locked =
            keeper.client.query_one("SELECT pg_try_advisory_lock($1)", &[&key]).await.map_err(failed())?;
        if !locked.get::<_, bool>(0) {
            return Ok(None);
        }
        // A heartbeat proves nothing and need not survive anything, so it waits for no disk and no standby.
        keeper.client.batch_execute("SET synchronous_commit = off").await.map_err(failed())?;
        let raise = "UPDATE tongbao.lease SET epoch = $3, holder = $4, taken_at = now() WHERE shard = $1 AND epoch = $2";
        let next = i64::try_from(epoch.0).unwrap_or(i64::MAX);
        let params: [&(dyn ToSql + Sync); 4] = [&self.place.shard, &lease, &next, &self.holder];
        let raised = session.client.execute(raise, &params).await.map_err(failed())?;
        if raised == 0 {
            return Ok(None);
        }
        // A cancelled wait proves nothing about the standby. Only a commit that was waited for does.
        while session.take_warned() {
            let again = "UPDATE tongbao.lease SET taken_at = now() WHERE shard = $1 AND epoch = $2";
            if session.client.execute(again, &[&self.place.shard, &next]).await.map_err(failed())? == 0 {
                return Ok(None);
            }
        }
        Ok(Some(epoch))
    }

    /// How many rows lie behind the gap at the end, which none of them may know to have been durable.
    async fn count_beyond(&self, session: &Session) -> Result<i64, PgError> {
        let ask =
            "SELECT count(*), coalesce(max(durable), 0) FROM tongbao.journal WHERE shard = $1 AND seq > $2";
        let row = session
            .client
            .query_one(ask, &[&self.place.shard, &self.place.seq_column()])
            .await
            .map_err(PgError::of("look behind the journal's end"))?;
        let (count, durable): (i64, i64) = (row.get(0), row.get(1));
        let durable = Seq(u64::try_from(durable).unwrap_or_default());
        if count > 0 && durable > self.place.seq {
            return Err(self.place.missing(session, durable.next()).await);
        }
        Ok(count)
    }
}

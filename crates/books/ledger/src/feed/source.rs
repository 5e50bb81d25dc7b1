//! Telling the feed from journal and books, batch by batch.

use std::collections::VecDeque;
use std::sync::Arc;

use ids::{Epoch, Seq, Timestamp};
use journal::Tail;
use ledger_api::{BatchChanges, EVENT_CHANGES_MAX};
use ledger_core::{Change, Extent};
use shard::Role;

use super::event::FeedEvent;
use super::{Feed, FeedError, Place};
use crate::convert;
use crate::journal_desk::JournalReadError;

/// Records that are read at once, and bytes of them.
const RECORDS_AT_ONCE: usize = 64;
const BYTES_AT_ONCE: usize = 4 << 20;
/// Records that may wait to become known as durable.
const AHEAD_MAX: usize = 4_096;
/// Changes that are collected in one visit to the shard's thread, so that payments wait for a fraction of a millisecond.
const CHANGES_AT_ONCE: usize = 256;
/// Changes that are worth another thread for turning them into wire types and JSON.
const CHANGES_ASIDE: usize = 64;

/// What a batch, or a part of it, comes to.
#[derive(Debug)]
pub(super) enum Told {
    /// It changed something.
    Event(Arc<FeedEvent>),
    /// It changed nothing: all its requests were refused, or it only names a new leader.
    Unchanged(Seq),
    /// There is no durable batch yet.
    Nothing,
}

/// A batch in the journal, before anybody looks at what it did.
#[derive(Clone, Copy, Debug)]
struct Header {
    seq: Seq,
    epoch: Epoch,
    /// The stamp of the batch before.
    after: Timestamp,
    /// Its own stamp.
    through: Timestamp,
}

/// A batch that is being told.
#[derive(Debug)]
struct Batch {
    header: Header,
    told: Extent,
    end: Extent,
    part: u32,
    parts: u32,
}

/// The feed from some place on.
#[derive(Debug)]
pub(super) struct Source {
    /// Away only while another thread reads it.
    tail: Option<Box<dyn Tail>>,
    read: Seq,
    durable: Seq,
    ahead: VecDeque<Header>,
    batch: Option<Batch>,
    /// Parts of the first batch that are not wanted.
    skip: u32,
}

impl Source {
    /// Starts at `from`, which the journal must have reached.
    pub(super) async fn open(feed: &Feed, from: Place) -> Result<Self, FeedError> {
        let applied = feed.working()?.seq;
        let before = Seq(from.seq.0.saturating_sub(1));
        if before > applied {
            return Err(FeedError::Beyond { from: from.seq.0, last: applied.0 });
        }
        let desk = Arc::clone(feed.desk());
        let tail = aside(move || desk.tail_after(before)).await??;
        Ok(Self {
            read: before,
            durable: tail.durable(),
            tail: Some(tail),
            ahead: VecDeque::new(),
            batch: None,
            skip: from.part,
        })
    }

    /// Tells the next part of what is durable.
    pub(super) async fn step(&mut self, feed: &Feed) -> Result<Told, FeedError> {
        if self.batch.is_none() {
            let Some(header) = self.next_header(feed).await? else { return Ok(Told::Nothing) };
            let batch = Batch::open(feed, header, &mut self.skip).await?;
            if batch.part == batch.parts {
                return Ok(Told::Unchanged(header.seq));
            }
            self.batch = Some(batch);
        }
        let Some(batch) = &mut self.batch else { return Ok(Told::Nothing) };
        let event = batch.tell(feed).await?;
        if batch.part == batch.parts {
            self.batch = None;
        }
        Ok(Told::Event(Arc::new(event)))
    }

    /// The next batch, once it is durable and this site has applied it.
    async fn next_header(&mut self, feed: &Feed) -> Result<Option<Header>, FeedError> {
        let status = feed.working()?;
        if self.read < status.seq && self.ahead.len() < AHEAD_MAX {
            self.read_on(status.seq).await?;
        }
        // A leader knows what is durable; a follower learns it from later records.
        let durable = if status.role == Role::Leader { status.seq } else { self.durable };
        let is_known = self.ahead.front().is_some_and(|header| header.seq <= durable.min(status.seq));
        Ok(if is_known { self.ahead.pop_front() } else { None })
    }

    async fn read_on(&mut self, last: Seq) -> Result<(), FeedError> {
        let Some(mut tail) = self.tail.take() else { return Err(FeedError::Stopped) };
        let (tail, headers) = aside(move || {
            let (mut headers, mut bytes) = (Vec::new(), 0);
            while headers.len() < RECORDS_AT_ONCE && bytes < BYTES_AT_ONCE && tail.position().seq < last {
                let after = tail.position().timestamp;
                let Some(record) = tail.next_record().map_err(JournalReadError::Journal)? else { break };
                bytes += record.payload.len();
                headers.push(Header {
                    seq: record.seq,
                    epoch: record.epoch,
                    after,
                    through: record.timestamp,
                });
            }
            Ok::<_, FeedError>((tail, headers))
        })
        .await??;
        self.read = tail.position().seq;
        self.durable = tail.durable();
        self.tail = Some(tail);
        self.ahead.extend(headers);
        Ok(())
    }
}

impl Batch {
    /// Finds out how much a batch changed, and passes over the parts in `skip`.
    async fn open(feed: &Feed, header: Header, skip: &mut u32) -> Result<Self, FeedError> {
        let Header { after, through, .. } = header;
        let look = move |replica: &shard::Replica<crate::LedgerMachine>| {
            let ledger = replica.machine().ledger();
            (ledger.extent(after), ledger.extent(through))
        };
        let (told, end) = feed.handle().glance(look).await?;
        let parts = told.changes_until(end).div_ceil(EVENT_CHANGES_MAX as u64);
        // A batch of 8,190 requests that each let 8,190 transfers expire has 67,093 parts.
        let parts = u32::try_from(parts).unwrap_or(u32::MAX);
        let mut batch = Self { header, told, end, part: 0, parts };
        for _ in 0..std::mem::take(skip).min(parts) {
            batch.collect(feed).await?;
        }
        Ok(batch)
    }

    async fn tell(&mut self, feed: &Feed) -> Result<FeedEvent, FeedError> {
        let changes = self.collect(feed).await?;
        let many = changes.len() > CHANGES_ASIDE;
        let shard = feed.shard().to_owned();
        let (Header { seq, epoch, through, .. }, part, parts) = (self.header, self.part, self.parts);
        let make = move || {
            let changes: Vec<_> = changes.iter().map(convert::change).collect();
            let (seq, epoch) = (seq.0, epoch.0);
            let event =
                FeedEvent::new(BatchChanges { shard, seq, epoch, part, parts, timestamp: through, changes });
            event.data();
            event
        };
        if many { aside(make).await } else { Ok(make()) }
    }

    /// The changes of the next part.
    async fn collect(&mut self, feed: &Feed) -> Result<Vec<Change>, FeedError> {
        let mut changes = Vec::new();
        while changes.len() < EVENT_CHANGES_MAX && self.told != self.end {
            let limit = CHANGES_AT_ONCE.min(EVENT_CHANGES_MAX - changes.len());
            let (from, end) = (self.told, self.end);
            let (some, told) = feed
                .handle()
                .glance(move |replica| replica.machine().ledger().changes(from, end, limit))
                .await?;
            if some.is_empty() {
                // The books of this site do not have what they had a moment ago.
                return Err(FeedError::Stopped);
            }
            changes.extend(some);
            self.told = told;
        }
        self.part += 1;
        Ok(changes)
    }
}

/// Runs what blocks on files or takes long where it holds up nobody.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, FeedError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| FeedError::Stopped)
}

//! The change feed: what each durable batch changed, told on any site, again and again with the same bytes.
//!
//! The journal holds requests, not what became of them. So an event is made of two things that never change: the stamps of
//! a batch, from the journal, and the records that were created at these stamps, from the books. Both are the same on
//! every site, before and after a restart, in memory and in cold segments.
//!
//! The newest events are kept, so that any number of readers at the feed's end cost as much as one. A reader who is
//! further behind reads by itself.

mod error;
mod event;
mod recent;
mod source;

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use ids::Seq;
use journal::Store;
use ledger_api::{FeedPlace, OutletHealth};
use shard::{Handle, Role, Status};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

pub use error::FeedError;
pub use event::{FeedEvent, FeedFilter};

use crate::journal_desk::JournalDesk;
use crate::machine::LedgerMachine;
use crate::outlet::Outlet;
use recent::{Known, Recent};
use source::{Source, Told};

/// How often the end of the feed is looked at. A look is a glance at the shard's status.
const POLL: Duration = Duration::from_millis(5);

/// How much a feed puts up with.
#[derive(Clone, Copy, Debug)]
pub struct FeedLimits {
    /// Streams over HTTP at once. Default: 64.
    pub readers_max: usize,
    /// How long a stream waits for its reader to take an event before it ends. Default: 30 s.
    pub patience: Duration,
    /// How long a stream is silent before it shows that it lives. Default: 10 s.
    pub heartbeat: Duration,
}

impl Default for FeedLimits {
    fn default() -> Self {
        Self { readers_max: 64, patience: Duration::from_secs(30), heartbeat: Duration::from_secs(10) }
    }
}

/// Where a reader is: the batch and the part, counted from 0, that it is told next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    seq: Seq,
    part: u32,
}

impl Place {
    /// Before the first part of batch `seq`.
    fn before(seq: Seq) -> Self {
        Self { seq, part: 0 }
    }

    fn after(place: FeedPlace) -> Self {
        match place.part {
            None => Self::before(Seq(place.seq.saturating_add(1))),
            Some(part) => Self { seq: Seq(place.seq), part: part.get() },
        }
    }

    /// What was told last.
    fn told(self) -> FeedPlace {
        match NonZeroU32::new(self.part) {
            None => FeedPlace { seq: self.seq.0.saturating_sub(1), part: None },
            part => FeedPlace { seq: self.seq.0, part },
        }
    }
}

/// The change feed of one site.
pub struct Feed {
    handle: Handle<LedgerMachine>,
    desk: Arc<JournalDesk>,
    shard: Arc<str>,
    limits: FeedLimits,
    recent: Mutex<Recent>,
    /// Tells what `recent` does not know yet. Whoever comes first to the end goes on for all.
    head: tokio::sync::Mutex<Option<Source>>,
    readers: Arc<Semaphore>,
    closed: watch::Sender<bool>,
    outlet: OnceLock<Arc<Outlet>>,
    streamed: AtomicU64,
    slow: AtomicU64,
}

/// How much a feed has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedCounts {
    /// Streams that are open.
    pub readers: u64,
    /// Events sent over them.
    pub events: u64,
    /// Streams that were ended because their readers were too slow.
    pub slow: u64,
}

/// What comes next for a reader.
#[derive(Debug)]
pub enum FeedStep {
    /// An event.
    Event(Arc<FeedEvent>),
    /// A batch without changes was passed.
    Passed,
    /// Nothing is left to tell now.
    CaughtUp,
}

impl Feed {
    /// The feed of the site that `handle` belongs to. `journal` is that of its shard.
    pub fn new(handle: Handle<LedgerMachine>, journal: Arc<dyn Store>, site: &str) -> Arc<Self> {
        Self::with_limits(handle, journal, site, FeedLimits::default())
    }

    /// The same with limits of one's own.
    pub fn with_limits(
        handle: Handle<LedgerMachine>,
        journal: Arc<dyn Store>,
        site: &str,
        limits: FeedLimits,
    ) -> Arc<Self> {
        let shard = Arc::from(journal.shard());
        let desk = Arc::new(JournalDesk::new(journal, site));
        Arc::new(Self {
            handle,
            desk,
            shard,
            limits,
            recent: Mutex::default(),
            head: tokio::sync::Mutex::new(None),
            readers: Arc::new(Semaphore::new(limits.readers_max)),
            closed: watch::Sender::new(false),
            outlet: OnceLock::new(),
            streamed: AtomicU64::new(0),
            slow: AtomicU64::new(0),
        })
    }

    /// A reader who is told everything after `place`.
    pub fn reader(self: &Arc<Self>, place: FeedPlace) -> FeedReader {
        FeedReader { feed: Arc::clone(self), at: Place::after(place), own: None }
    }

    /// The shard whose feed this is.
    pub fn shard(&self) -> &str {
        &self.shard
    }

    /// What the site is doing.
    pub fn status(&self) -> Status {
        self.handle.status()
    }

    /// Names where this feed is published, for health and metrics. The first word stands.
    pub fn attach(&self, outlet: Arc<Outlet>) {
        self.outlet.get_or_init(|| outlet);
    }

    /// How publishing goes, if the feed is published.
    pub fn outlet_health(&self) -> Option<OutletHealth> {
        self.outlet().map(|outlet| outlet.health(self.status().seq.0))
    }

    pub(crate) fn outlet(&self) -> Option<&Outlet> {
        self.outlet.get().map(Arc::as_ref)
    }

    /// Ends all streams, now and to come.
    pub fn close(&self) {
        self.closed.send_replace(true);
    }

    /// How much it has done.
    pub fn counts(&self) -> FeedCounts {
        let readers = self.limits.readers_max.saturating_sub(self.readers.available_permits());
        FeedCounts {
            readers: readers as u64,
            events: self.streamed.load(Ordering::Relaxed),
            slow: self.slow.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn handle(&self) -> &Handle<LedgerMachine> {
        &self.handle
    }

    pub(crate) fn desk(&self) -> &Arc<JournalDesk> {
        &self.desk
    }

    pub(crate) fn limits(&self) -> FeedLimits {
        self.limits
    }

    /// Room for one more stream.
    pub(crate) fn enter(&self) -> Result<OwnedSemaphorePermit, FeedError> {
        let max = self.limits.readers_max;
        Arc::clone(&self.readers).try_acquire_owned().map_err(|_| FeedError::TooManyReaders { max })
    }

    pub(crate) fn count_event(&self) {
        self.streamed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_slow(&self) {
        self.slow.fetch_add(1, Ordering::Relaxed);
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The status of a site that has something to tell.
    fn working(&self) -> Result<Status, FeedError> {
        let status = self.handle.status();
        let stopped = matches!(status.role, Role::Failed | Role::Diverged) || *self.closed.borrow();
        if stopped { Err(FeedError::Stopped) } else { Ok(status) }
    }

    /// Tells what follows at the end of what is known, for all readers.
    async fn go_on(&self, at: Place) -> Result<Option<Told>, FeedError> {
        let mut head = self.head.lock().await;
        match self.recent().known(at) {
            Known::End => {}
            Known::Nothing => *head = None,
            // Somebody else went on meanwhile.
            Known::Event(_) | Known::Unchanged | Known::Older => return Ok(None),
        }
        // Taken, so that a reader who goes away in the middle leaves nothing half done.
        let mut source = match head.take() {
            Some(source) => source,
            None => {
                let source = Source::open(self, at).await?;
                self.recent().begin(at);
                source
            }
        };
        let told = source.step(self).await?;
        self.recent().push(&told);
        *head = Some(source);
        Ok(Some(told))
    }
}

/// Reads a feed, from wherever it began.
pub struct FeedReader {
    feed: Arc<Feed>,
    at: Place,
    /// For a reader who is behind what the feed has kept.
    own: Option<Source>,
}

impl FeedReader {
    /// What comes next. Only durable batches are told. A reader whose future is dropped loses nothing.
    ///
    /// Errors: all of [`FeedError`] but those of streams.
    pub async fn next(&mut self) -> Result<FeedStep, FeedError> {
        self.feed.working()?;
        let known = self.feed.recent().known(self.at);
        match known {
            Known::Event(event) => Ok(self.take(Told::Event(event))),
            Known::Unchanged => Ok(self.take(Told::Unchanged(self.at.seq))),
            Known::Older => {
                let mut source = match self.own.take() {
                    Some(source) => source,
                    None => Source::open(&self.feed, self.at).await?,
                };
                let told = source.step(&self.feed).await?;
                let step = self.take(told);
                self.own = Some(source);
                Ok(step)
            }
            Known::End | Known::Nothing => match self.feed.go_on(self.at).await? {
                Some(told) => Ok(self.take(told)),
                None => Ok(FeedStep::Passed),
            },
        }
    }

    fn take(&mut self, told: Told) -> FeedStep {
        match told {
            Told::Event(event) => {
                self.own = None;
                self.at = Place::after(event.place());
                FeedStep::Event(event)
            }
            Told::Unchanged(seq) => {
                self.at = Place::before(seq.next());
                FeedStep::Passed
            }
            Told::Nothing => FeedStep::CaughtUp,
        }
    }

    /// How far it has been told.
    pub fn place(&self) -> FeedPlace {
        self.at.told()
    }

    /// Waits until there may be more to tell.
    pub async fn changed(&mut self) {
        let mut closed = self.feed.closed.subscribe();
        let _ = tokio::time::timeout(POLL, closed.wait_for(|closed| *closed)).await;
    }
}

//! Publishing while this site leads.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ids::Epoch;
use ledger::{Feed, FeedError, FeedEvent, FeedReader, FeedStep, Outlet};
use ledger_api::{BatchChanges, FeedPlace, OutletState};
use shard::Role;
use stdx::Coded as _;
use tokio::sync::watch;

use crate::end::{LastEvent, last_event};
use crate::error::KafkaFeedError;
use crate::producer::Producer;
use crate::settings::KafkaSettings;

/// How often a site looks whether it leads.
const LOOK: Duration = Duration::from_millis(50);
/// The rest after a failure.
const REST: Duration = Duration::from_secs(1);
/// Events, and bytes of their data, that share a transaction.
const EVENTS_AT_ONCE: usize = 256;
const BYTES_AT_ONCE: usize = 4 << 20;

/// Publishes one site's change feed to Kafka for as long as the site leads.
pub struct Publisher {
    feed: Arc<Feed>,
    settings: KafkaSettings,
    outlet: Arc<Outlet>,
}

impl Publisher {
    /// A publisher of `feed`. Health and metrics of the site tell about it.
    pub fn new(feed: Arc<Feed>, settings: KafkaSettings) -> Self {
        let outlet = Arc::new(Outlet::new(settings.target()));
        feed.attach(Arc::clone(&outlet));
        Self { feed, settings, outlet }
    }

    /// Publishes until `stop` turns true. What fails is tried again for ever: the bank goes on without it, and nothing is lost.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let stopping = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stopping);
        let work = self.work(stopping);
        tokio::pin!(work);
        tokio::select! {
            () = &mut work => return,
            _ = stop.wait_for(|stop| *stop) => flag.store(true, Ordering::Relaxed),
        }
        // A transaction on its way is let go of, not cut off: its thread must not outlive this.
        work.await;
    }

    async fn work(&self, stopping: Arc<AtomicBool>) {
        while !stopping.load(Ordering::Relaxed) {
            let status = self.feed.status();
            if status.role != Role::Leader {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            self.outlet.turn(OutletState::Resuming);
            match self.publish(status.epoch, &stopping).await {
                Ok(()) | Err(KafkaFeedError::Stopping | KafkaFeedError::Feed(FeedError::Stopped)) => {
                    self.outlet.turn(OutletState::Waiting);
                }
                Err(error) => {
                    self.outlet.failed(&error);
                    tracing::warn!(code = error.code(), %error, hint = error.hint(), "the change feed is not published");
                    rest(&stopping).await;
                }
            }
        }
    }

    /// Takes over and publishes for as long as this site leads in `epoch`.
    async fn publish(&self, epoch: Epoch, stopping: &Arc<AtomicBool>) -> Result<(), KafkaFeedError> {
        let (settings, shard, stop) =
            (self.settings.clone(), self.feed.shard().to_owned(), Arc::clone(stopping));
        let opened = aside(move || {
            let producer = Producer::open(&settings, &shard, &stop)?;
            Ok::<_, KafkaFeedError>((producer, last_event(&settings, &shard, &stop)?))
        });
        let (mut producer, last) = opened.await??;
        let mut reader = self.resume(last).await?;
        self.outlet.published(whole(reader.place()), 0);
        self.outlet.turn(OutletState::Publishing);
        while self.leads(epoch) && !stopping.load(Ordering::Relaxed) {
            let events = page(&mut reader).await?;
            let published = events.len() as u64;
            if events.is_empty() {
                reader.changed().await;
            } else {
                let stop = Arc::clone(stopping);
                producer = aside(move || producer.publish(&events, &stop).map(|()| producer)).await??;
            }
            self.outlet.published(whole(reader.place()), published);
        }
        Ok(())
    }

    fn leads(&self, epoch: Epoch) -> bool {
        let status = self.feed.status();
        status.role == Role::Leader && status.epoch == epoch
    }

    /// A reader of what follows `last`, which must be an event of these books.
    async fn resume(&self, last: Option<LastEvent>) -> Result<FeedReader, KafkaFeedError> {
        let Some(LastEvent { place, changes }) = last else {
            return Ok(self.feed.reader(FeedPlace { seq: 0, part: None }));
        };
        let mut reader = self.feed.reader(before(&changes));
        let told = loop {
            match reader.next().await? {
                FeedStep::Event(event) => break Some(event),
                FeedStep::Passed => {}
                FeedStep::CaughtUp if self.feed.status().seq.0 >= changes.seq => reader.changed().await,
                FeedStep::CaughtUp => break None,
            }
            if reader.place().seq > changes.seq {
                break None;
            }
        };
        match told {
            Some(event) if is_same(event.changes(), &changes) && event.place() == place => Ok(reader),
            _ => Err(KafkaFeedError::OtherBooks { shard: self.feed.shard().to_owned(), place }),
        }
    }
}

/// Where the feed stood before an event with these changes.
fn before(changes: &BatchChanges) -> FeedPlace {
    match NonZeroU32::new(changes.part.saturating_sub(1)) {
        None => FeedPlace { seq: changes.seq.saturating_sub(1), part: None },
        part => FeedPlace { seq: changes.seq, part },
    }
}

/// Whether two tellings are of the same batch: no two batches of any books share a stamp of nanoseconds.
fn is_same(ours: &BatchChanges, theirs: &BatchChanges) -> bool {
    let name =
        |changes: &BatchChanges| (changes.seq, changes.epoch, changes.part, changes.parts, changes.timestamp);
    name(ours) == name(theirs) && ours.changes.len() == theirs.changes.len()
}

/// The last batch of which everything was told.
fn whole(place: FeedPlace) -> u64 {
    place.seq - u64::from(place.part.is_some())
}

/// What is ready to be published.
async fn page(reader: &mut FeedReader) -> Result<Vec<Arc<FeedEvent>>, KafkaFeedError> {
    let (mut events, mut bytes) = (Vec::new(), 0);
    while events.len() < EVENTS_AT_ONCE && bytes < BYTES_AT_ONCE {
        match reader.next().await? {
            FeedStep::Event(event) => {
                bytes += event.data().len();
                events.push(event);
            }
            FeedStep::Passed => {}
            FeedStep::CaughtUp => break,
        }
    }
    Ok(events)
}

async fn rest(stopping: &AtomicBool) {
    let looks = REST.as_millis() / LOOK.as_millis();
    for _ in 0..looks {
        if stopping.load(Ordering::Relaxed) {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Runs what blocks on brokers.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, KafkaFeedError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| KafkaFeedError::Stopping)
}

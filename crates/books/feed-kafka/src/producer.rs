//! The one producer of a shard, and patience with brokers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ledger::FeedEvent;
use ledger_api::BATCH_EVENT_TYPE;
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use crate::error::KafkaFeedError;
use crate::settings::KafkaSettings;

/// How long a call may block before it is looked whether the site stops.
const SLICE: Duration = Duration::from_millis(500);
/// How often it is looked whether everything is delivered.
const DELIVERY_LOOK: Duration = Duration::from_millis(1);
/// How long brokers may take for one step before everything begins anew.
const STEP: Duration = Duration::from_secs(30);

/// Waits for brokers, for a while and while the site goes on.
pub(crate) struct Patience<'a> {
    end: Instant,
    stop: &'a AtomicBool,
}

impl<'a> Patience<'a> {
    pub(crate) fn new(whole: Duration, stop: &'a AtomicBool) -> Self {
        Self { end: now() + whole, stop }
    }

    /// Errors: the site stops, or the time is over.
    pub(crate) fn check(&self) -> Result<(), KafkaFeedError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(KafkaFeedError::Stopping);
        }
        if now() < self.end {
            return Ok(());
        }
        let source = KafkaError::Global(RDKafkaErrorCode::OperationTimedOut);
        Err(KafkaFeedError::Brokers { what: "get an answer in time", source })
    }

    /// A short rest between two questions.
    #[expect(clippy::disallowed_methods, reason = "brokers cannot wake who waits for them to settle")]
    pub(crate) fn rest(&self) -> Result<(), KafkaFeedError> {
        std::thread::sleep(Duration::from_millis(200));
        self.check()
    }

    /// Calls `step` again while it only needs more time.
    fn until_done(
        &self,
        what: &'static str,
        step: impl Fn(Duration) -> Result<(), KafkaError>,
    ) -> Result<(), KafkaFeedError> {
        loop {
            let error = match step(SLICE) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let passes = match &error {
                KafkaError::Transaction(error) => error.is_retriable(),
                KafkaError::Flush(code) => *code == RDKafkaErrorCode::OperationTimedOut,
                _ => false,
            };
            if !passes {
                return Err(KafkaFeedError::of(what)(error));
            }
            tracing::debug!(what, %error, "the brokers need more time");
            self.check()?;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "patience is measured with the monotonic clock")]
fn now() -> Instant {
    Instant::now()
}

/// The first message that the brokers refused, and why.
#[derive(Clone, Default)]
struct Refusals(Arc<Mutex<Option<RDKafkaErrorCode>>>);

impl ClientContext for Refusals {}

impl ProducerContext for Refusals {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *first = first.or(error.rdkafka_error_code());
        }
    }
}

/// A producer that has fenced out the one before. Calls block.
pub(crate) struct Producer {
    inner: BaseProducer<Refusals>,
    refusals: Refusals,
    topic: String,
}

impl Producer {
    /// Makes the producer of a shard. From here on the one before cannot commit any more, and its transaction has ended.
    pub(crate) fn open(
        settings: &KafkaSettings,
        shard: &str,
        stop: &AtomicBool,
    ) -> Result<Self, KafkaFeedError> {
        let refusals = Refusals::default();
        let inner: BaseProducer<Refusals> = settings
            .producer(shard)
            .create_with_context(refusals.clone())
            .map_err(KafkaFeedError::of("make a producer"))?;
        let patience = Patience::new(STEP, stop);
        patience.until_done("begin to publish", |slice| inner.init_transactions(slice))?;
        Ok(Self { inner, refusals, topic: settings.topic().to_owned() })
    }

    /// Publishes events, all or none. After an error what became of them is unknown and this producer is of no more use.
    pub(crate) fn publish(&self, events: &[Arc<FeedEvent>], stop: &AtomicBool) -> Result<(), KafkaFeedError> {
        self.inner.begin_transaction().map_err(KafkaFeedError::of("begin a transaction"))?;
        let patience = Patience::new(STEP, stop);
        let done = events
            .iter()
            .try_for_each(|event| self.send(event, &patience))
            .and_then(|()| self.deliver(&patience))
            .and_then(|()| {
                patience.until_done("commit a transaction", |slice| self.inner.commit_transaction(slice))
            });
        done.map_err(|error| {
            // The next producer would do it, too, but consumers need not wait for it.
            let _ = self.inner.abort_transaction(SLICE);
            self.explain(error, events)
        })
    }

    /// Waits until the brokers have everything. Committing would do so itself, but looks at the clock ten times a second only.
    fn deliver(&self, patience: &Patience<'_>) -> Result<(), KafkaFeedError> {
        while self.inner.in_flight_count() > 0 {
            self.inner.poll(DELIVERY_LOOK);
            patience.check()?;
        }
        Ok(())
    }

    fn send(&self, event: &FeedEvent, patience: &Patience<'_>) -> Result<(), KafkaFeedError> {
        let (id, source) = (event.id(), event.source());
        let time = event.changes().timestamp;
        let time_text = time.to_string();
        let shard = event.changes().shard.as_str();
        let attributes = [
            ("ce_specversion", "1.0"),
            ("ce_id", &id),
            ("ce_source", &source),
            ("ce_type", BATCH_EVENT_TYPE),
            ("ce_time", &time_text),
            ("ce_partitionkey", shard),
            ("content-type", "application/json"),
        ];
        let mut headers = OwnedHeaders::new_with_capacity(attributes.len());
        for (key, value) in attributes {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        let mut record = BaseRecord::to(&self.topic)
            .key(shard)
            .payload(&event.data()[..])
            .headers(headers)
            .timestamp(i64::try_from(time.unix_ms()).unwrap_or(i64::MAX));
        loop {
            match self.inner.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    self.inner.poll(SLICE);
                    patience.check()?;
                    record = back;
                }
                Err((error, _)) => return Err(KafkaFeedError::of("publish an event")(error)),
            }
        }
    }

    /// Says it more exactly, if the brokers did.
    fn explain(&self, error: KafkaFeedError, events: &[Arc<FeedEvent>]) -> KafkaFeedError {
        let refused = *self.refusals.0.lock().unwrap_or_else(PoisonError::into_inner);
        let too_large =
            [Some(RDKafkaErrorCode::MessageSizeTooLarge), Some(RDKafkaErrorCode::InvalidMessageSize)];
        let told = match &error {
            KafkaFeedError::Brokers { source, .. } => source.rdkafka_error_code(),
            _ => None,
        };
        let largest = events.iter().max_by_key(|event| event.data().len());
        match largest {
            Some(event) if too_large.contains(&refused) || too_large.contains(&told) => {
                KafkaFeedError::TooLarge { id: event.id(), bytes: event.data().len() }
            }
            _ => match refused {
                Some(RDKafkaErrorCode::Fenced | RDKafkaErrorCode::InvalidProducerEpoch) => {
                    KafkaFeedError::Fenced
                }
                _ => error,
            },
        }
    }
}

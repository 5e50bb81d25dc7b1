//! The end of a topic: which event of a shard was published last.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ledger_api::{BatchChanges, FeedPlace};
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::error::KafkaFeedError;
use crate::producer::Patience;
use crate::settings::KafkaSettings;

/// Offsets that are looked through first; eight times as many each time nothing is found.
const WINDOW_FIRST: i64 = 64;
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(2);
/// How long finding the end may take.
const WHOLE: Duration = Duration::from_secs(60);

/// The last event of a shard in a topic.
#[derive(Debug)]
pub(crate) struct LastEvent {
    pub(crate) place: FeedPlace,
    /// What it said.
    pub(crate) changes: BatchChanges,
}

/// Reads the end of every partition of a topic, as consumers see it. To be called when no transaction of the shard is open.
pub(crate) fn last_event(
    settings: &KafkaSettings,
    shard: &str,
    stop: &AtomicBool,
) -> Result<Option<LastEvent>, KafkaFeedError> {
    let consumer: BaseConsumer =
        settings.consumer(false).create().map_err(KafkaFeedError::of("make a consumer"))?;
    let all: BaseConsumer =
        settings.consumer(true).create().map_err(KafkaFeedError::of("make a consumer"))?;
    let patience = Patience::new(WHOLE, stop);
    let mut last: Option<LastEvent> = None;
    for partition in 0..partitions(&consumer, settings.topic(), &patience)? {
        let end = End { settings, shard, consumer: &consumer, all: &all, partition, patience: &patience };
        let found = end.last_event()?;
        let is_later =
            |found: &LastEvent| last.as_ref().is_none_or(|last| order(last.place) < order(found.place));
        last = found.filter(is_later).or(last);
    }
    Ok(last)
}

/// The last part of a batch has no number of its own.
fn order(place: FeedPlace) -> (u64, u32) {
    (place.seq, place.part.map_or(u32::MAX, Into::into))
}

/// How many partitions there are. Asking for a topic may create it, if the brokers do that.
fn partitions(consumer: &BaseConsumer, topic: &str, patience: &Patience<'_>) -> Result<i32, KafkaFeedError> {
    for _ in 0..5 {
        let metadata =
            consumer.fetch_metadata(Some(topic), ANSWER).map_err(KafkaFeedError::of("look at the topic"))?;
        let found = metadata.topics().iter().find(|known| known.name() == topic);
        let count = found.map_or(0, |known| known.partitions().len());
        if count > 0 {
            return Ok(i32::try_from(count).unwrap_or(i32::MAX));
        }
        patience.rest()?;
    }
    Err(KafkaFeedError::NoTopic { topic: topic.to_owned() })
}

/// The end of one partition.
struct End<'a> {
    settings: &'a KafkaSettings,
    shard: &'a str,
    consumer: &'a BaseConsumer,
    /// Sees uncommitted events as well.
    all: &'a BaseConsumer,
    partition: i32,
    patience: &'a Patience<'a>,
}

impl End<'_> {
    fn last_event(&self) -> Result<Option<LastEvent>, KafkaFeedError> {
        let (low, high) = self.stable_end()?;
        let mut window = WINDOW_FIRST;
        loop {
            let start = high.saturating_sub(window).max(low);
            let found = if start < high { self.read(start)? } else { None };
            if found.is_some() || start == low {
                return Ok(found);
            }
            window = window.saturating_mul(8);
        }
    }

    /// Where the partition begins and ends. What an open transaction hides would be published again, so nobody else's may be
    /// open.
    fn stable_end(&self) -> Result<(i64, i64), KafkaFeedError> {
        let topic = self.settings.topic();
        let failed = KafkaFeedError::of("ask for the end of the topic");
        for _ in 0..5 {
            let (low, stable) =
                self.consumer.fetch_watermarks(topic, self.partition, ANSWER).map_err(&failed)?;
            let (_, high) = self.all.fetch_watermarks(topic, self.partition, ANSWER).map_err(&failed)?;
            if stable >= high {
                return Ok((low, stable));
            }
            self.patience.rest()?;
        }
        Err(KafkaFeedError::OpenTransaction { topic: topic.to_owned() })
    }

    /// The last event of the shard from offset `start` on.
    fn read(&self, start: i64) -> Result<Option<LastEvent>, KafkaFeedError> {
        let mut list = TopicPartitionList::new();
        let failed = KafkaFeedError::of("read the end of the topic");
        list.add_partition_offset(self.settings.topic(), self.partition, Offset::Offset(start))
            .map_err(&failed)?;
        self.consumer.assign(&list).map_err(&failed)?;
        let mut last = None;
        loop {
            self.patience.check()?;
            match self.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => last = self.event(&message).or(last),
                Some(Err(KafkaError::PartitionEOF(partition))) if partition == self.partition => {
                    return Ok(last);
                }
                Some(Err(KafkaError::PartitionEOF(_))) | None => {}
                Some(Err(error)) => return Err(failed(error)),
            }
        }
    }

    /// The event in a message, if it is one of this shard.
    fn event(&self, message: &BorrowedMessage<'_>) -> Option<LastEvent> {
        let headers = message.headers()?;
        let header = |name: &str| headers.iter().find(|header| header.key == name)?.value;
        let source = format!("/shards/{}", self.shard);
        if header("ce_source")? != source.as_bytes() {
            return None;
        }
        let id = std::str::from_utf8(header("ce_id")?).ok()?;
        let place = id.strip_prefix(self.shard)?.strip_prefix('/')?.parse().ok()?;
        let changes = serde_json::from_slice(message.payload()?).ok()?;
        Some(LastEvent { place, changes })
    }
}

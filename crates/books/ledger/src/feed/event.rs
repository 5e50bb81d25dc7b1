//! One event of the feed and its JSON.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use ids::{AccountId, Timestamp};
use ledger_api::{BATCH_EVENT_TYPE, BatchChanges, Change, FeedPlace};
use serde::Serialize;

/// What one batch changed, or a part of it.
#[derive(Debug)]
pub struct FeedEvent {
    changes: BatchChanges,
    data: OnceLock<Bytes>,
}

/// Which changes a reader asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct FeedFilter {
    /// Only those of this account.
    pub account: Option<AccountId>,
    /// Only those in the ledger with this number.
    pub ledger: Option<u32>,
}

impl FeedFilter {
    fn takes(&self, change: &Change) -> bool {
        self.account.is_none_or(|account| change.is_of_account(account))
            && self.ledger.is_none_or(|ledger| change.ledger() == Some(ledger))
    }

    fn takes_all(&self) -> bool {
        self.account.is_none() && self.ledger.is_none()
    }
}

/// All attributes of the event but its data, in the order of [`ledger_api::BatchEvent`].
#[derive(Serialize)]
struct Head<'a> {
    specversion: &'static str,
    id: Cow<'a, str>,
    source: Cow<'a, str>,
    r#type: &'static str,
    time: Timestamp,
    datacontenttype: &'static str,
    partitionkey: &'a str,
}

impl FeedEvent {
    pub(super) fn new(changes: BatchChanges) -> Self {
        Self { changes, data: OnceLock::new() }
    }

    /// The changes.
    pub fn changes(&self) -> &BatchChanges {
        &self.changes
    }

    /// Where the feed stands after this event.
    pub fn place(&self) -> FeedPlace {
        let BatchChanges { seq, part, parts, .. } = self.changes;
        FeedPlace { seq, part: NonZeroU32::new(part).filter(|_| part < parts) }
    }

    /// The attribute `id`: `bank/17`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.changes.shard, self.place())
    }

    /// The attribute `source`: `/shards/bank`.
    pub fn source(&self) -> String {
        format!("/shards/{}", self.changes.shard)
    }

    /// The attribute `data` as JSON, made once.
    pub fn data(&self) -> &Bytes {
        self.data.get_or_init(|| json(&self.changes))
    }

    /// The whole event in the JSON event format of CloudEvents 1.0.
    pub fn structured(&self) -> Vec<u8> {
        let head = json(&Head {
            specversion: "1.0",
            id: self.id().into(),
            source: self.source().into(),
            r#type: BATCH_EVENT_TYPE,
            time: self.changes.timestamp,
            datacontenttype: "application/json",
            partitionkey: &self.changes.shard,
        });
        let data = self.data();
        let mut event = Vec::with_capacity(head.len() + data.len() + 16);
        // The head is an object that is not empty: its brace makes room for one more attribute.
        event.extend_from_slice(&head[..head.len() - 1]);
        event.extend_from_slice(b",\"data\":");
        event.extend_from_slice(data);
        event.push(b'}');
        event
    }

    /// The event with only what `filter` takes; `None` if that is nothing.
    pub fn filtered(self: &Arc<Self>, filter: FeedFilter) -> Option<Arc<Self>> {
        if filter.takes_all() {
            return Some(Arc::clone(self));
        }
        let changes: Vec<Change> =
            self.changes.changes.iter().filter(|change| filter.takes(change)).copied().collect();
        let shard = self.changes.shard.clone();
        (!changes.is_empty()).then(|| Arc::new(Self::new(BatchChanges { shard, changes, ..self.changes })))
    }
}

/// The wire types are structs of texts, numbers and lists: they always serialise.
fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

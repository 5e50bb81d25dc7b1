//! Where requests are done.

mod shard;

use std::future::Future;
use std::ops::Range;

use ledger_core::Ledgers;
use vsr_core::{Kind, Operation};

pub use shard::ShardBackend;

/// Who leads, as far as this site knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lead {
    /// The view of the leader; from another site, who does not know it, any view below that which does not name the
    /// site itself.
    pub view: u32,
    /// Whether this site leads.
    pub leads: bool,
}

/// A place in the journal, durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its number.
    pub seq: u64,
    /// The stamp of the last command before it, nanoseconds since 1970.
    pub timestamp: u64,
}

/// Results of the batches of a read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The records, one batch's after the other's.
    pub results: Vec<u8>,
    /// Where each batch's results end.
    pub ends: Vec<usize>,
    /// The stamp of the last command that the answers have seen.
    pub timestamp: u64,
}

/// Why a request was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This site cannot say: it does not lead, is too busy, or stopped before the outcome was known. The client hears
    /// nothing, sends the request again, and gets the one reply that there is.
    Unanswered,
    /// It cannot be done, here or elsewhere: the client is evicted.
    Impossible(vsr_core::EvictionReason),
}

/// What stands behind the door.
pub trait Backend: Clone + Send + Sync + 'static {
    /// Who leads, without waiting.
    fn lead(&self) -> Lead;

    /// The end of the journal, as the leader sees it.
    fn position(&self) -> impl Future<Output = Result<Position, Refusal>> + Send;

    /// Applies `events`, whole 128-byte records, and gives one 16-byte outcome for each when they are durable. The
    /// same `key` and `digest` again give the same outcomes again.
    fn write(
        &self,
        key: u128,
        digest: u128,
        kind: Kind,
        events: Vec<u8>,
    ) -> impl Future<Output = Result<Vec<u8>, Refusal>> + Send;

    /// Answers a read as if there were no ledgers but `within`; `batches` are ranges of `events`. What it tells is
    /// durable.
    fn read(
        &self,
        operation: Operation,
        events: Vec<u8>,
        batches: Vec<Range<usize>>,
        within: Ledgers,
    ) -> impl Future<Output = Result<Answers, Refusal>> + Send;

    /// The ledgers of these pending transfers, nothing for an id that is none.
    fn ledgers_of_pending(
        &self,
        ids: Vec<u128>,
    ) -> impl Future<Output = Result<Vec<Option<u32>>, Refusal>> + Send;

    /// The outcomes that the write of this `key` and `digest` got, if it was done; nothing if it was not, and nobody who
    /// has sent it before now will do it any more.
    fn reply_to(
        &self,
        key: u128,
        digest: u128,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, Refusal>> + Send;
}

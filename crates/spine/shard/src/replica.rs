//! A copy of the state, moved forward batch by batch.

use std::sync::Arc;

use ids::{Seq, Timestamp};
use stdx::Digest;

use crate::error::ShardError;
use crate::machine::StateMachine;
use crate::request::frames;
use crate::window::{Seen, Window};

/// Every how many batches the state's digest is taken and written into the journal. The same for all replicas.
pub const STATE_HASH_EVERY_BATCHES: u64 = 64;

/// The state machine, the window of recent requests, and how far they have come.
pub struct Replica<M> {
    pub(crate) machine: M,
    pub(crate) window: Window,
    pub(crate) seq: Seq,
    pub(crate) timestamp: Timestamp,
    /// The last digest taken, and after which batch.
    pub(crate) hashed: Option<(Seq, Digest)>,
    /// Who began the epoch that the journal is in here.
    pub(crate) leader: Option<Arc<str>>,
    scratch: Vec<u8>,
}

/// A batch as the journal holds it, borrowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchIn<'a> {
    pub(crate) seq: Seq,
    pub(crate) timestamp: Timestamp,
    pub(crate) commands: u32,
    pub(crate) payload: &'a [u8],
    pub(crate) state: Option<(Seq, Digest)>,
}

impl<M: StateMachine> Replica<M> {
    /// The state before the first batch.
    pub fn genesis(context: &M::Context) -> Self {
        Self::from_parts(M::genesis(context), Window::default(), Seq::ZERO, Timestamp::ZERO, None)
    }

    pub(crate) fn from_parts(
        machine: M,
        window: Window,
        seq: Seq,
        timestamp: Timestamp,
        hashed: Option<(Seq, Digest)>,
    ) -> Self {
        Self { machine, window, seq, timestamp, hashed, leader: None, scratch: Vec::new() }
    }

    /// The machine, for reading.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The last batch applied.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The stamp of the last command applied.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The site that leads in the epoch of the last batch applied, if a record of that epoch's beginning was applied.
    pub fn leader(&self) -> Option<&Arc<str>> {
        self.leader.as_ref()
    }

    /// From here on the journal is of an epoch that `leader` leads.
    pub(crate) fn begin_epoch(&mut self, leader: &str) {
        self.leader = Some(leader.into());
    }

    /// The digest of the state as it is now. Cheap enough for a question now and then, too dear for every batch.
    pub fn state_hash(&self) -> Digest {
        self.machine.state_hash()
    }

    /// The reply that the request of this name got, if it was done and is not forgotten; see [`Request::named`].
    ///
    /// [`Request::named`]: crate::Request::named
    pub fn reply_to(&self, key: u128, digest: u128) -> Option<&[u8]> {
        match self.window.seen(key.max(1), digest) {
            Seen::Before(reply) => Some(reply),
            Seen::New | Seen::Clash => None,
        }
    }

    /// Lets the machine take care of itself. To be called between batches by who keeps this replica for long.
    pub fn maintain(&mut self) {
        self.machine.maintain();
    }

    /// Applies the next record of the journal, and compares digests where the leader wrote one.
    pub fn apply(&mut self, record: &journal::Record) -> Result<(), ShardError> {
        let payload = match record.kind {
            journal::Kind::Commands => record.payload.as_slice(),
            // A change of leader moves the sequence on and the state not at all.
            journal::Kind::Epoch => &[],
        };
        if record.kind == journal::Kind::Epoch {
            self.begin_epoch(&String::from_utf8_lossy(&record.payload));
        }
        self.apply_batch(BatchIn {
            seq: record.seq,
            timestamp: record.timestamp,
            commands: record.commands,
            payload,
            state: record.state,
        })
    }

    pub(crate) fn apply_batch(&mut self, batch: BatchIn<'_>) -> Result<(), ShardError> {
        if batch.seq != self.seq.next() {
            return Err(ShardError::OutOfOrder { expected: self.seq.next(), found: batch.seq });
        }
        self.compare(batch.state)?;
        let miscounted =
            || ShardError::Malformed { what: "a batch that does not hold as many commands as it counts" };
        let mut stamp = batch.timestamp.0.checked_sub(u64::from(batch.commands)).ok_or_else(miscounted)?;
        for frame in frames(batch.payload) {
            let frame = frame?;
            let commands = M::check(frame.operation, frame.body)
                .map_err(|_| ShardError::Malformed { what: "a request" })?;
            stamp += u64::from(commands);
            if stamp > batch.timestamp.0 {
                return Err(miscounted());
            }
            let mut reply = std::mem::take(&mut self.scratch);
            reply.clear();
            self.machine.apply(frame.operation, Timestamp(stamp), frame.body, &mut reply);
            if frame.key.0 != 0 {
                // The leader answers repetitions itself; one in the journal would be a payment booked twice.
                if self.window.seen(frame.key.0, frame.digest) != Seen::New {
                    return Err(ShardError::Malformed { what: "the same request twice" });
                }
                self.window.remember(frame.key.0, frame.digest, &reply);
            }
            self.scratch = reply;
        }
        if stamp != batch.timestamp.0 {
            return Err(miscounted());
        }
        self.finish(batch.seq, batch.timestamp);
        Ok(())
    }

    /// Moves on to `seq`, and takes the state's digest when it is time.
    pub(crate) fn finish(&mut self, seq: Seq, timestamp: Timestamp) {
        self.seq = seq;
        self.timestamp = self.timestamp.max(timestamp);
        if seq.0.is_multiple_of(STATE_HASH_EVERY_BATCHES) {
            self.hashed = Some((seq, self.machine.checkpoint()));
        }
    }

    fn compare(&self, journal: Option<(Seq, Digest)>) -> Result<(), ShardError> {
        match (journal, self.hashed) {
            (Some((seq, theirs)), Some((at, ours))) if seq == at && theirs != ours => {
                Err(ShardError::Diverged { seq, ours, journal: theirs })
            }
            _ => Ok(()),
        }
    }
}

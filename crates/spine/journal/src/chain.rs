//! What a journal holds, and the hash chain that binds it. Pure: nothing here touches a file.

use ids::{Epoch, Seq, Timestamp};
use serde::{Deserialize, Serialize};
use stdx::Digest;

use crate::error::{JournalError, Refusal};
use crate::format::{
    COMMANDS_MAX, HEADER_BYTES, Hasher, Header, PAYLOAD_BYTES_MAX, TRAILER_BYTES, record_bytes, trailer,
};
use crate::segment::SEGMENT_HEADER_BYTES;

/// A place between two records: everything up to `seq` lies before it. Belongs into a snapshot, to continue from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The last record before this place; zero at the start.
    pub seq: Seq,
    /// The epoch of that record.
    pub epoch: Epoch,
    /// The hash of that record, and so of everything before it.
    pub hash: Digest,
    /// The time of that record.
    pub timestamp: Timestamp,
    /// The first sequence number of the segment in which the record lies, or in which the next one starts.
    pub segment_first: Seq,
    /// Where the next record starts in that segment, unless a new segment follows.
    pub offset: u64,
}

impl Position {
    /// Before the first record of any journal.
    pub fn genesis() -> Self {
        Self {
            seq: Seq::ZERO,
            epoch: Epoch::ZERO,
            hash: Digest::ZERO,
            timestamp: Timestamp::ZERO,
            segment_first: Seq(1),
            offset: SEGMENT_HEADER_BYTES as u64,
        }
    }

    /// The place after a record that follows this place in a store without segments.
    pub(crate) fn after_record(&self, seq: Seq, epoch: Epoch, hash: Digest, timestamp: Timestamp) -> Self {
        Self { seq, epoch, hash, timestamp, ..*self }
    }

    /// The place after a record that starts here.
    pub(crate) fn after(&self, header: &Header) -> Self {
        Self {
            seq: header.seq,
            epoch: header.epoch,
            hash: header.hash,
            timestamp: header.timestamp,
            segment_first: self.segment_first,
            offset: self.offset + header.record_bytes() as u64,
        }
    }
}

/// What a record is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A batch of commands.
    Commands,
    /// A new leader's first record. Its payload is the holder's name.
    Epoch,
}

impl Kind {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Commands => 1,
            Self::Epoch => 2,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        [Self::Commands, Self::Epoch].into_iter().find(|kind| kind.code() == code)
    }
}

/// A batch of commands to append.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The next sequence number of the journal. A new leader's epoch record takes one, too.
    pub seq: Seq,
    /// The time of the last command in the batch. May equal the time of the batch before, but not lie before it.
    pub timestamp: Timestamp,
    /// How many commands the payload holds, at most [`COMMANDS_MAX`].
    pub commands: u32,
    /// The commands, in whatever encoding the state machine has; at most [`PAYLOAD_BYTES_MAX`].
    pub payload: &'a [u8],
    /// The hash of the state after an earlier batch, so that followers and replays can compare theirs.
    pub state: Option<(Seq, Digest)>,
}

/// A record that was read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the journal.
    pub seq: Seq,
    /// The leader that wrote it.
    pub epoch: Epoch,
    /// What it is for.
    pub kind: Kind,
    /// The time of its last command.
    pub timestamp: Timestamp,
    /// How many commands its payload holds.
    pub commands: u32,
    /// The hash of the state after an earlier batch, if the leader put one in.
    pub state: Option<(Seq, Digest)>,
    /// Its hash: of everything in it and, through `prev_hash`, of everything before it.
    pub hash: Digest,
    /// The hash of the record before.
    pub prev_hash: Digest,
    /// The commands; for [`Kind::Epoch`] the holder's name.
    pub payload: Vec<u8>,
}

/// The end of a hash chain. Seals batches so that they can be appended.
///
/// [`Writer::append`](crate::Writer::append) does it by itself. A leader that wants to hash the next batches while the last
/// ones become durable takes [`Writer::chain`](crate::Writer::chain), seals on one thread, and hands the results to
/// [`Writer::append_sealed`](crate::Writer::append_sealed) on another.
#[derive(Clone)]
pub struct Chain {
    hasher: Hasher,
    seq: Seq,
    epoch: Epoch,
    hash: Digest,
    timestamp: Timestamp,
}

impl Chain {
    /// The chain of `shard` at `position`, under a leader of `epoch`, for a store that keeps records its own way.
    pub fn at(shard: &str, position: &Position, epoch: Epoch) -> Self {
        Self::new(Hasher::new(shard), position, epoch)
    }

    /// The chain at `position`, under a leader of `epoch`.
    pub(crate) fn new(hasher: Hasher, position: &Position, epoch: Epoch) -> Self {
        Self { hasher, seq: position.seq, epoch, hash: position.hash, timestamp: position.timestamp }
    }

    /// The sequence number of the last sealed batch.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The hash of the last sealed batch.
    pub fn hash(&self) -> Digest {
        self.hash
    }

    /// Checks a batch, hashes it and moves the chain on. A refused batch leaves the chain as it was.
    pub fn seal(&mut self, batch: &Batch<'_>) -> Result<Sealed, JournalError> {
        self.check(batch)?;
        Ok(self.link(Kind::Commands, batch))
    }

    /// Seals the first record of a leader, which names its holder.
    pub fn seal_epoch(&mut self, holder: &str) -> Sealed {
        let batch = Batch {
            seq: self.seq.next(),
            timestamp: self.timestamp,
            commands: 0,
            payload: holder.as_bytes(),
            state: None,
        };
        self.link(Kind::Epoch, &batch)
    }

    fn check(&self, batch: &Batch<'_>) -> Result<(), Refusal> {
        if batch.commands > COMMANDS_MAX {
            return Err(Refusal::Commands { commands: batch.commands, max: COMMANDS_MAX });
        }
        if batch.payload.len() > PAYLOAD_BYTES_MAX {
            return Err(Refusal::Payload { bytes: batch.payload.len(), max: PAYLOAD_BYTES_MAX });
        }
        if batch.seq != self.seq.next() {
            return Err(Refusal::Order { expected: self.seq.next(), found: batch.seq });
        }
        if batch.timestamp < self.timestamp {
            return Err(Refusal::Time { last: self.timestamp, found: batch.timestamp });
        }
        match batch.state {
            Some((of, _)) if of == Seq::ZERO || of >= batch.seq => {
                Err(Refusal::State { seq: batch.seq, found: of })
            }
            _ => Ok(()),
        }
    }

    fn link(&mut self, kind: Kind, batch: &Batch<'_>) -> Sealed {
        let length = batch.payload.len();
        let mut header = Header {
            kind,
            first_of_group: false,
            mask: 0,
            seq: batch.seq,
            epoch: self.epoch,
            timestamp: batch.timestamp,
            commands: batch.commands,
            payload_len: u32::try_from(length).expect("the payload's limit lies far below 2^32"),
            prev_hash: self.hash,
            state: batch.state,
            hash: Digest::ZERO,
            payload_crc: 0,
        };
        header.hash = self.hasher.hash(&header, batch.payload);
        self.seq = header.seq;
        self.hash = header.hash;
        self.timestamp = header.timestamp;
        Sealed::new(header, batch.payload)
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain")
            .field("seq", &self.seq)
            .field("epoch", &self.epoch)
            .field("hash", &self.hash)
            .finish()
    }
}

/// A batch with its place in the chain, ready to be appended. Only [`Chain::seal`] makes one.
#[derive(Debug)]
pub struct Sealed {
    /// Complete but for the mask, the group flag and the checksums, which depend on where it is stored.
    pub(crate) header: Header,
    /// The record as it will be stored, with room for the header and the payload not masked yet.
    pub(crate) bytes: Vec<u8>,
}

impl Sealed {
    pub(crate) fn new(header: Header, payload: &[u8]) -> Self {
        let total = record_bytes(payload.len());
        let mut bytes = Vec::with_capacity(total);
        bytes.resize(HEADER_BYTES, 0);
        bytes.extend_from_slice(payload);
        bytes.resize(total - TRAILER_BYTES, 0);
        bytes.extend_from_slice(&trailer(total));
        Self { header, bytes }
    }

    /// The place after the batch, where `before` is the place before it and a place has no segments.
    pub fn position(&self, before: &Position) -> Position {
        before.after_record(self.seq(), self.epoch(), self.hash(), self.timestamp())
    }

    /// What the record is for.
    pub fn kind(&self) -> Kind {
        self.header.kind
    }

    /// The leader that sealed it.
    pub fn epoch(&self) -> Epoch {
        self.header.epoch
    }

    /// The time of its last command.
    pub fn timestamp(&self) -> Timestamp {
        self.header.timestamp
    }

    /// How many commands it holds.
    pub fn commands(&self) -> u32 {
        self.header.commands
    }

    /// The state's hash after an earlier batch.
    pub fn state(&self) -> Option<(Seq, Digest)> {
        self.header.state
    }

    /// The hash of the record before.
    pub fn prev_hash(&self) -> Digest {
        self.header.prev_hash
    }

    /// The payload as the caller gave it.
    pub fn payload(&self) -> &[u8] {
        &self.bytes[HEADER_BYTES..][..self.header.payload_len as usize]
    }

    /// The batch's sequence number.
    pub fn seq(&self) -> Seq {
        self.header.seq
    }

    /// The batch's hash.
    pub fn hash(&self) -> Digest {
        self.header.hash
    }
}

//! What can go wrong with a journal. Every code has a page in `docs/errors/`.

use std::io;

use ids::{Epoch, Seq, Timestamp};
use stdx::{Coded, Digest, Retry};

/// Why a journal operation failed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused a file operation.
    #[error("could not {operation} `{file}`")]
    Io {
        /// What was attempted, as a verb.
        operation: &'static str,
        /// The file's name inside the journal's folder; `.` is the folder itself.
        file: String,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// No space, no quota, or the file size limit is reached.
    #[error("the disk is full: could not {operation} `{file}`")]
    DiskFull {
        /// What was attempted, as a verb.
        operation: &'static str,
        /// The file's name inside the journal's folder.
        file: String,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// Another process holds the writer's lock.
    #[error("another process leads this journal")]
    Locked,
    /// A later leader has taken over.
    #[error("this leader is of epoch {own}, but the journal's epoch is {current}")]
    Fenced {
        /// The epoch of the writer that tried to append.
        own: Epoch,
        /// The epoch that fences it out.
        current: Epoch,
    },
    /// An earlier append failed half-way; only a new takeover can tell what became of it.
    #[error("an earlier append failed, so this writer must not append again")]
    Poisoned,
    /// Bytes that were once right are wrong now.
    #[error(transparent)]
    Corrupt(#[from] Corruption),
    /// A segment between two others, or before the first, is not there.
    #[error("the segment that starts with sequence number {expected} is missing")]
    MissingSegment {
        /// The sequence number the missing segment starts with.
        expected: Seq,
    },
    /// A segment starts inside the range of the one before it.
    #[error("segment `{file}` repeats sequence numbers that the segment before it holds")]
    OverlappingSegment {
        /// The later of the two files.
        file: String,
    },
    /// A segment's name and content disagree.
    #[error("segment `{file}` starts with sequence number {found}, not with the one in its name")]
    MisnamedSegment {
        /// The file.
        file: String,
        /// The first sequence number its header states.
        found: Seq,
    },
    /// The folder holds a file that is not the journal's.
    #[error("`{file}` does not belong in a journal's folder")]
    ForeignFile {
        /// The file.
        file: String,
    },
    /// The segment belongs to another shard.
    #[error("segment `{file}` belongs to shard `{found}`, not to `{expected}`")]
    WrongShard {
        /// The file.
        file: String,
        /// The shard the caller asked for.
        expected: String,
        /// The shard in the segment's header.
        found: String,
    },
    /// A newer release wrote the segment.
    #[error("segment `{file}` has format version {found}; this release reads up to {known}")]
    NewerFormat {
        /// The file.
        file: String,
        /// Its format version.
        found: u32,
        /// The newest version this release reads.
        known: u32,
    },
    /// The journal does not hold the caller's position: its tail was lost, or it is another journal.
    #[error("the journal does not contain sequence number {seq} with hash {} at byte {offset} of `{file}`", .hash.short())]
    PositionNotFound {
        /// The sequence number of the position.
        seq: Seq,
        /// The chain's hash at the position.
        hash: Digest,
        /// The segment it should lie in.
        file: String,
        /// The offset it should lie at.
        offset: u64,
    },
    /// The batch cannot be appended as it is. Nothing was written.
    #[error("the batch was refused")]
    Refused(#[from] Refusal),
    /// The `epoch` file is damaged, or a leader's was removed.
    #[error("the epoch file is missing or damaged")]
    EpochFile,
    /// A shard's or holder's name is empty, too long, or holds spaces or control characters.
    #[error("`{name}` is not a name: 1 to 63 visible ASCII characters are")]
    Name {
        /// The name, escaped and cut.
        name: String,
    },
    /// What only another kind of store can say, with a code of its own.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An error of a [`Store`](crate::Store) that does not keep its journal in files.
#[derive(Debug)]
pub struct StoreError(Box<dyn Coded + Send + Sync>);

impl StoreError {
    /// Wraps the store's own error.
    pub fn new(error: impl Coded + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// Damage, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("segment `{file}` is damaged at byte {offset}")]
pub struct Corruption {
    /// The segment's file name.
    pub file: String,
    /// Where the damaged record (or header) starts, in bytes from the start of the file.
    pub offset: u64,
    /// What is wrong with it.
    #[source]
    pub fault: Fault,
}

/// What is wrong with a record or a segment header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The segment header does not start with the journal's mark.
    #[error("the segment header's mark is wrong")]
    SegmentMark,
    /// The segment header's checksum differs.
    #[error("the segment header's checksum is {stored:08x}, its bytes give {computed:08x}")]
    SegmentChecksum {
        /// The checksum in the file.
        stored: u32,
        /// The checksum of the bytes in the file.
        computed: u32,
    },
    /// The segment header's checksum is right but its fields make no sense.
    #[error("the segment header's fields make no sense")]
    SegmentFields,
    /// The segment does not continue the chain of the segment before it.
    #[error("the segment starts from hash {} in epoch {found_epoch}, the chain is at {} in epoch {epoch}", .found.short(), .expected.short())]
    SegmentChain {
        /// The chain's hash before the segment.
        expected: Digest,
        /// The hash in the segment header.
        found: Digest,
        /// The epoch before the segment.
        epoch: Epoch,
        /// The epoch in the segment header.
        found_epoch: Epoch,
    },
    /// No record starts here.
    #[error("the record's mark is wrong")]
    RecordMark,
    /// The record header's checksum differs.
    #[error("the record header's checksum is {stored:08x}, its bytes give {computed:08x}")]
    HeaderChecksum {
        /// The checksum in the file.
        stored: u32,
        /// The checksum of the bytes in the file.
        computed: u32,
    },
    /// The kind or a flag is one this format version does not have, or a limit is exceeded.
    #[error("the record header's fields make no sense")]
    HeaderFields,
    /// The record is not the next in sequence.
    #[error("the record has sequence number {found}, expected {expected}")]
    Order {
        /// The next sequence number.
        expected: Seq,
        /// The one in the record.
        found: Seq,
    },
    /// The record does not follow from the one before it.
    #[error("the record follows from hash {}, the chain is at {}", .found.short(), .expected.short())]
    Chain {
        /// The hash of the record before.
        expected: Digest,
        /// The previous hash in the record.
        found: Digest,
    },
    /// An epoch goes back, or changes without a takeover.
    #[error("the record is of epoch {found}, the journal is at epoch {current}")]
    Reign {
        /// The epoch before the record.
        current: Epoch,
        /// The epoch in the record.
        found: Epoch,
    },
    /// Time goes back.
    #[error("the record's time lies before the one before it")]
    Time,
    /// The record goes on beyond the end of the file, where only the last record may.
    #[error("the record is incomplete: {missing} bytes are missing")]
    Incomplete {
        /// How many bytes are missing.
        missing: u64,
    },
    /// The payload's checksum differs.
    #[error("the payload's checksum is {stored:08x}, its bytes give {computed:08x}")]
    PayloadChecksum {
        /// The checksum in the header.
        stored: u32,
        /// The checksum of the bytes in the file.
        computed: u32,
    },
    /// The padding or the trailer after the payload differs.
    #[error("the record's end is wrong")]
    Trailer,
    /// The record's hash differs from its content.
    #[error("the record's hash is {}, its content gives {}", .stored.short(), .computed.short())]
    Hash {
        /// The hash in the header.
        stored: Digest,
        /// The hash of the content.
        computed: Digest,
    },
}

/// Why a batch was refused before anything was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// More commands than a batch may hold.
    #[error("it holds {commands} commands, the limit is {max}")]
    Commands {
        /// How many it holds.
        commands: u32,
        /// How many it may hold.
        max: u32,
    },
    /// A larger payload than a batch may have.
    #[error("its payload has {bytes} bytes, the limit is {max}")]
    Payload {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// Not the next batch of this journal, or sealed on another chain.
    #[error("it is number {found} of its chain, the journal continues with {expected}")]
    Order {
        /// The next sequence number.
        expected: Seq,
        /// The one in the batch.
        found: Seq,
    },
    /// Time may stand still but not go back.
    #[error("its time {found} lies before {last}")]
    Time {
        /// The time of the batch before.
        last: Timestamp,
        /// The time of this batch.
        found: Timestamp,
    },
    /// The state hash is not of an earlier batch.
    #[error("its state hash is of batch {found}, which is not before batch {seq}")]
    State {
        /// The sequence number of the batch that carries the state hash.
        seq: Seq,
        /// The sequence number the state hash is said to be of.
        found: Seq,
    },
}

impl JournalError {
    /// Gives a failed file operation its place in the enum.
    pub(crate) fn io(operation: &'static str, file: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| {
            let file = file.to_owned();
            match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                    Self::DiskFull { operation, file, source }
                }
                _ => Self::Io { operation, file, source },
            }
        }
    }
}

impl Coded for JournalError {
    fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "JRN-0001",
            Self::DiskFull { .. } => "JRN-0002",
            Self::Locked => "JRN-0003",
            Self::Fenced { .. } => "JRN-0004",
            Self::Poisoned => "JRN-0005",
            Self::Corrupt(_) => "JRN-0006",
            Self::MissingSegment { .. } => "JRN-0007",
            Self::OverlappingSegment { .. } => "JRN-0008",
            Self::MisnamedSegment { .. } => "JRN-0009",
            Self::ForeignFile { .. } => "JRN-0010",
            Self::WrongShard { .. } => "JRN-0011",
            Self::NewerFormat { .. } => "JRN-0012",
            Self::PositionNotFound { .. } => "JRN-0013",
            Self::Refused(Refusal::Commands { .. } | Refusal::Payload { .. }) => "JRN-0014",
            Self::Refused(Refusal::Order { .. } | Refusal::State { .. }) => "JRN-0015",
            Self::Refused(Refusal::Time { .. }) => "JRN-0016",
            Self::EpochFile => "JRN-0017",
            Self::Name { .. } => "JRN-0018",
            Self::Store(error) => error.0.code(),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "check the disk and the permissions of the journal's folder, then start again",
            Self::DiskFull { .. } => {
                "free space on the journal's disk, then start again: nothing acknowledged is lost"
            }
            Self::Locked => "wait until the leader ends, or stop the other instance that uses this folder",
            Self::Fenced { .. } => "follow the new leader",
            Self::Poisoned => "end this process; its successor reads what became durable",
            Self::Corrupt(_) => "restore the named segment from a copy; do not edit or cut it",
            Self::MissingSegment { .. } => "restore the missing segment from a copy",
            Self::OverlappingSegment { .. } => "move the copied segment out of the folder",
            Self::MisnamedSegment { .. } => "give the file its own name back",
            Self::ForeignFile { .. } => "move the file out of the journal's folder",
            Self::WrongShard { .. } => "point the shard at its own folder",
            Self::NewerFormat { .. } => "run the release that wrote the journal, or a newer one",
            Self::PositionNotFound { .. } => {
                "restore the journal's lost tail from a copy, or start from a snapshot the journal still reaches"
            }
            Self::Refused(Refusal::Commands { .. } | Refusal::Payload { .. }) => "split the batch",
            Self::Refused(_) => "report this as a defect: the sequencer stamps batches in order",
            Self::EpochFile => {
                "with every site stopped, remove the `epoch` file: the journal itself records every epoch"
            }
            Self::Name { .. } => "choose a name of 1 to 63 visible ASCII characters",
            Self::Store(error) => error.0.hint(),
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Locked => Retry::Later,
            Self::Store(error) => error.0.retry(),
            _ => Retry::Never,
        }
    }
}

//! What can go wrong in a shard.

use ids::Seq;
use journal::JournalError;
use stdx::{Coded, Digest, Retry};

use crate::machine::Failure;

/// Why a request was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The body is not a request of this machine.
    #[error("the request is malformed: {what}")]
    Malformed {
        /// What is wrong with it.
        what: String,
    },
    /// This site does not lead the shard.
    #[error("this site does not lead the shard")]
    NotLeader,
    /// The same id came before with another body.
    #[error("the same request id was used before with other content")]
    Clash,
    /// Too many requests wait for the journal.
    #[error("too many requests are waiting")]
    Busy,
    /// The shard stopped before the outcome was known.
    #[error("the shard stopped before the outcome was known")]
    Unknown,
}

impl Coded for RequestError {
    fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "SHD-0001",
            Self::NotLeader => "SHD-0002",
            Self::Clash => "SHD-0003",
            Self::Busy => "SHD-0004",
            Self::Unknown => "SHD-0005",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "correct the request; sending it again unchanged cannot help",
            Self::NotLeader => "send it to the gateway, which knows the leader",
            Self::Clash => "use a fresh id for a new request, or repeat the first content exactly",
            Self::Busy => "send it again later with the same id; slow down if this persists",
            Self::Unknown => "send it again with the same id: it will be done once",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Malformed { .. } | Self::Clash => Retry::Never,
            Self::NotLeader | Self::Busy | Self::Unknown => Retry::Later,
        }
    }
}

/// Why a shard stopped. All of these are final for the process: nothing is guessed and nothing is repaired.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// The journal failed.
    #[error("the journal failed")]
    Journal(#[from] JournalError),
    /// The state after a batch is not what the leader wrote down.
    #[error("the state after batch {seq} has digest {ours}, but the journal says {journal}")]
    Diverged {
        /// The batch after which the states were compared.
        seq: Seq,
        /// This replica's digest.
        ours: Digest,
        /// The digest the leader wrote into the journal.
        journal: Digest,
    },
    /// A batch does not follow the one before.
    #[error("batch {found} came where {expected} was due")]
    OutOfOrder {
        /// The sequence number that was due.
        expected: Seq,
        /// The sequence number that came.
        found: Seq,
    },
    /// A batch passed the journal's digests but cannot be read.
    #[error("the journal holds {what} that cannot be read")]
    Malformed {
        /// What could not be read.
        what: &'static str,
    },
    /// The machine cannot go on: what it keeps outside of memory is gone or damaged.
    #[error("the state machine cannot go on")]
    Machine(#[source] Failure),
    /// The shard's thread panicked: a bug, or an invariant that no longer holds.
    #[error("the shard's thread panicked: {what}")]
    Panicked {
        /// What the panic says.
        what: String,
    },
    /// A folder could not be created or a thread could not be started.
    #[error("the shard could not start")]
    Start(#[source] std::io::Error),
    /// A snapshot could not be written or read.
    #[error("a snapshot could not be stored")]
    Snapshot(#[source] std::io::Error),
}

impl Coded for ShardError {
    fn code(&self) -> &'static str {
        match self {
            Self::Journal(error) => error.code(),
            Self::Machine(failure) => failure.code(),
            Self::Diverged { .. } => "SHD-0010",
            Self::OutOfOrder { .. } => "SHD-0011",
            Self::Malformed { .. } => "SHD-0012",
            Self::Snapshot(_) => "SHD-0013",
            Self::Start(_) => "SHD-0014",
            Self::Panicked { .. } => "SHD-0015",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Journal(error) => error.hint(),
            Self::Machine(failure) => failure.hint(),
            Self::Diverged { .. } => {
                "keep this site's folder for the post-mortem, run `tongbao journal verify`, then start the site with an empty folder"
            }
            Self::Panicked { .. } => "keep this site's log and the journal, and report what they say",
            Self::OutOfOrder { .. } | Self::Malformed { .. } => {
                "run `tongbao journal verify` and keep the journal as it is"
            }
            Self::Snapshot(_) | Self::Start(_) => {
                "check the free space and the permissions of the site's folder"
            }
        }
    }
}

//! Snapshots: the whole state as bytes, tied to a place in the journal.
//!
//! A snapshot file is a length-prefixed JSON head, the window of recent requests, the machine's own bytes, and the
//! SHA-256 of everything before it. The head can be read with a pager; the rest is the machine's business.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;

use ids::{Seq, Timestamp};
use journal::Position;
use serde::{Deserialize, Serialize};
use stdx::{Digest, Sha256};

use crate::machine::{Frozen, StateMachine};
use crate::replica::Replica;
use crate::window::Window;

const MAGIC: &[u8; 8] = b"TBSNAP\x00\x01";
const HEAD_BYTES_MAX: usize = 4 << 10;

/// Where a snapshot belongs and what state it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    shard: String,
    position: Position,
    timestamp: Timestamp,
    hashed: Option<(Seq, Digest)>,
    /// Not in snapshots of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leader: Option<String>,
    state_hash: Digest,
}

/// A state and its place in the journal.
pub struct Snapshot<M> {
    /// Everything before this place is in the state.
    pub position: Position,
    /// The state.
    pub replica: Replica<M>,
}

/// Why bytes are not a snapshot that can be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Too short, not a snapshot, or of another format.
    #[error("the file is not a snapshot of this format")]
    Format,
    /// The digest at the end does not match.
    #[error("the file's digest does not match its content")]
    Digest,
    /// It was taken of another shard.
    #[error("the snapshot is of shard `{found}`")]
    Shard {
        /// The shard in the head.
        found: String,
    },
    /// The machine does not accept its own part.
    #[error("the state cannot be restored: {reason}")]
    Machine {
        /// The machine's words.
        reason: String,
    },
    /// The restored state has another digest than the one that was stored.
    #[error("the restored state has digest {found}, but {expected} was stored")]
    State {
        /// The digest in the head.
        expected: Digest,
        /// The digest of what was restored.
        found: Digest,
    },
}

/// A snapshot that is still to be written.
pub struct FrozenSnapshot {
    /// Everything before the machine's own bytes.
    before: Vec<u8>,
    machine: Frozen,
}

impl FrozenSnapshot {
    /// How many bytes [`write`](Self::write) will give.
    pub fn bytes(&self) -> usize {
        self.before.len() + self.machine.bytes() + size_of::<Digest>()
    }

    /// Gives the bytes to `out`, piece by piece. They take their time, whoever writes them. Errors: those of `out`.
    pub fn write(self, out: &mut dyn Write) -> io::Result<()> {
        let mut hashing = Hashing { out, digest: Sha256::default() };
        hashing.write_all(&self.before)?;
        self.machine.write(&mut hashing)?;
        let Hashing { out, digest } = hashing;
        out.write_all(&digest.finish().0)
    }

    /// The bytes, all in memory.
    pub fn encode(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes());
        self.write(&mut out).expect("memory takes every byte");
        out
    }
}

/// Takes the digest of what passes through.
struct Hashing<'a> {
    out: &'a mut dyn Write,
    digest: Sha256,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<M: StateMachine> Snapshot<M> {
    /// The state of `replica` at `position`, which must be the place after the last record it applied.
    pub fn freeze(shard: &str, position: Position, replica: &mut Replica<M>) -> FrozenSnapshot {
        assert_eq!(position.seq, replica.seq, "a snapshot is taken where the replica stands");
        let head = Head {
            shard: shard.to_owned(),
            position,
            timestamp: replica.timestamp,
            hashed: replica.hashed,
            leader: replica.leader().map(ToString::to_string),
            state_hash: replica.machine.state_hash(),
        };
        // A struct of numbers and digests always serialises.
        let head = serde_json::to_vec(&head).unwrap_or_default();
        let mut before = MAGIC.to_vec();
        before.extend_from_slice(&(head.len() as u64).to_le_bytes());
        before.extend_from_slice(&head);
        replica.window.encode(&mut before);
        FrozenSnapshot { before, machine: replica.machine.freeze() }
    }

    /// The state in `bytes`; nothing of it is believed before every digest holds. The digest of the whole takes its time:
    /// a second thread makes it while the state is built.
    pub fn decode(shard: &str, bytes: &[u8], context: &M::Context) -> Result<Self, SnapshotError> {
        let (content, digest) = bytes.split_last_chunk::<32>().ok_or(SnapshotError::Format)?;
        let rest = content.strip_prefix(MAGIC.as_slice()).ok_or(SnapshotError::Format)?;
        let (found, decoded) = thread::scope(|scope| {
            let digest = thread::Builder::new().spawn_scoped(scope, || Digest::of(content));
            let decoded = Self::decode_content(shard, rest, context);
            let found = digest.ok().and_then(|thread| thread.join().ok());
            (found.unwrap_or_else(|| Digest::of(content)), decoded)
        });
        if found.0 == *digest { decoded } else { Err(SnapshotError::Digest) }
    }

    fn decode_content(shard: &str, rest: &[u8], context: &M::Context) -> Result<Self, SnapshotError> {
        let (len, rest) = rest.split_first_chunk::<8>().ok_or(SnapshotError::Format)?;
        let len = usize::try_from(u64::from_le_bytes(*len)).map_err(|_| SnapshotError::Format)?;
        if len > HEAD_BYTES_MAX {
            return Err(SnapshotError::Format);
        }
        let (head, rest) = rest.split_at_checked(len).ok_or(SnapshotError::Format)?;
        let head: Head = serde_json::from_slice(head).map_err(|_| SnapshotError::Format)?;
        if head.shard != shard {
            return Err(SnapshotError::Shard { found: head.shard });
        }
        let (window, rest) = Window::decode(rest).ok_or(SnapshotError::Format)?;
        let machine = M::restore(rest, context).map_err(|reason| SnapshotError::Machine { reason })?;
        let found = machine.state_hash();
        if found != head.state_hash {
            return Err(SnapshotError::State { expected: head.state_hash, found });
        }
        let Head { position, timestamp, hashed, leader, .. } = head;
        let mut replica = Replica::from_parts(machine, window, position.seq, timestamp, hashed);
        replica.leader = leader.map(Arc::from);
        Ok(Self { position, replica })
    }
}

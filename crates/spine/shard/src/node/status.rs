//! What a node tells about itself without being asked on its own thread.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ids::{Epoch, Seq, Timestamp};

use crate::machine::StateMachine;
use crate::replica::Replica;

/// What a node is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// It restores its state and has not reached the journal's end yet.
    #[default]
    Starting,
    /// It applies what the leader appends.
    Follower,
    /// It takes requests.
    Leader,
    /// Its state differs from the leader's: it has stopped.
    Diverged,
    /// The journal, the disk or the machine itself failed under it: it has stopped.
    Failed,
}

/// A node at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// What it is doing.
    pub role: Role,
    /// The highest epoch it has seen in the journal.
    pub epoch: Epoch,
    /// The site that leads in that epoch, by the epoch's own record; nothing while no such record has been read. It may have
    /// ended since: who leads now, only the leader itself can say.
    pub leader: Option<Arc<str>>,
    /// The last batch that it has applied and that is durable.
    pub seq: Seq,
    /// The stamp of that batch.
    pub timestamp: Timestamp,
    /// How long ago the shard's thread last showed itself.
    pub silent_for: Duration,
    /// The code of the error that stopped it.
    pub stopped_by: Option<&'static str>,
}

#[derive(Default)]
pub(crate) struct Board(Mutex<(Status, Option<Instant>)>);

impl Board {
    pub(crate) fn status(&self) -> Status {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut status, seen) = held.clone();
        status.silent_for = seen.map_or(Duration::ZERO, |seen| super::now().duration_since(seen));
        status
    }

    pub(crate) fn fail(&self, role: Role, code: &'static str) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (held.0.role, held.0.stopped_by) = (role, Some(code));
    }

    /// The shard's thread shows itself; nothing else has changed.
    pub(crate) fn touch(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(super::now());
    }

    /// What the node does with `replica`, of which everything up to `seq` may be told.
    pub(crate) fn post<M: StateMachine>(&self, role: Role, epoch: Epoch, seq: Seq, replica: &Replica<M>) {
        let status = Status {
            role,
            epoch,
            leader: replica.leader().cloned(),
            seq,
            timestamp: replica.timestamp(),
            silent_for: Duration::ZERO,
            stopped_by: None,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (status, Some(super::now()));
    }
}

//! What a node tells about itself without being asked on its own thread.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// A batch, and when this node had got so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The batch: where the node leads, it and all before it are durable; where it follows, they are applied.
    pub seq: Seq,
    /// When, by this machine's clock.
    pub at: Timestamp,
}

/// Steps that are remembered: some seconds of single payments, minutes of full batches.
const STEPS_MAX: usize = 4_096;

#[derive(Default)]
pub(crate) struct Board(Mutex<Notes>);

#[derive(Default)]
struct Notes {
    status: Status,
    seen: Option<Instant>,
    steps: VecDeque<Step>,
}

impl Board {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn status(&self) -> Status {
        let notes = self.notes();
        let silent_for = notes.seen.map_or(Duration::ZERO, |seen| super::now().duration_since(seen));
        Status { silent_for, ..notes.status.clone() }
    }

    pub(crate) fn steps(&self, after: Seq) -> Vec<Step> {
        let notes = self.notes();
        let first = notes.steps.partition_point(|step| step.seq <= after);
        notes.steps.range(first..).copied().collect()
    }

    pub(crate) fn fail(&self, role: Role, code: &'static str) {
        let mut notes = self.notes();
        (notes.status.role, notes.status.stopped_by) = (role, Some(code));
    }

    /// The shard's thread shows itself; nothing else has changed.
    pub(crate) fn touch(&self) {
        self.notes().seen = Some(super::now());
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
        let mut notes = self.notes();
        if notes.steps.back().is_none_or(|last| last.seq < seq) {
            if notes.steps.len() == STEPS_MAX {
                notes.steps.pop_front();
            }
            notes.steps.push_back(Step { seq, at: super::wall_clock() });
        }
        (notes.status, notes.seen) = (status, Some(super::now()));
    }
}
